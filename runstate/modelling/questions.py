"""Questions about a lifecycle, answered exactly, with a path that shows why.

``ask(lifecycle, "AG EF terminal")`` looks at every moment that a run can come to (`runstate.modelling.moments`), so
the answer is no sample.  It is about the table: every guard by name may hold, payloads may be given or not, time
passes.  `QUESTIONS` holds the ones that are asked of every lifecycle, by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from runstate.errors import BadQuestion
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.modelling.bits import ASKED, kept_fields, moves
from runstate.modelling.formulas import (
    FALSE,
    LIVE,
    STOP,
    TERMINAL,
    TRUE,
    Formula,
    af,
    ag,
    atoms,
    au,
    ax,
    both,
    can,
    ef,
    eu,
    event,
    ex,
    fields_in,
    implies,
    not_,
    parse,
    status,
)
from runstate.modelling.moments import Checker, Fairness, Path, graph_of

__all__ = ["QUESTIONS", "Fairness", "Named", "Reply", "ask"]


@attrs.frozen(kw_only=True)
class Reply:
    """The answer to a question."""

    lifecycle: str
    question: str
    """As it was asked."""
    formula: Formula
    """What was checked."""
    fairness: Fairness
    """Which endless paths counted."""
    holds: bool
    """Whether it is true right after every creation."""
    path: Path | None
    """A witness where it holds, a counter-example where it does not; None where no single path shows it."""
    statuses: tuple[str, ...] | None = None
    """The statuses that a question by name lists, in the order of the rows."""
    listing: str = ""
    """What they are."""


@attrs.frozen(kw_only=True)
class Named:
    """A question by name."""

    says: str
    """What it asks, as a sentence."""
    formula: Callable[[Lifecycle, str], Formula]
    """Of the lifecycle and the event that asks a run to stop."""
    fairness: Fairness = Fairness.NONE
    """Which endless paths count unless told otherwise."""
    takes_event: bool = False
    """Whether it is about the event that asks a run to stop."""
    listing: str = ""
    """What the listed statuses are."""
    lists: Callable[[str, str], Formula] | None = None
    """Of the event and a status: what is true right after some creation if the status is to be listed."""


def _cancel_never_lost(lifecycle: Lifecycle, asks: str) -> Formula:
    aside = (None, lifecycle.target(asks), *lifecycle.terminal)
    work = [str(edge.source) for edge in lifecycle.transitions if edge.event == asks and edge.source not in aside]
    way = not_(status(*work)) if work else TRUE
    return ag(implies(event(asks), au(way, TERMINAL)))


def _resumes(lifecycle: Lifecycle) -> Formula:
    stopping = [move.event for move in moves(lifecycle) if move.target in lifecycle.stops and move.source is not None]
    return ex(eu(LIVE, can(*dict.fromkeys(stopping)))) if stopping else FALSE


QUESTIONS: Mapping[str, Named] = FrozenDict(
    {
        "always_reachable_terminal": Named(
            says="From wherever a run is, an end can be reached.",
            formula=lambda _lifecycle, _event: ag(ef(TERMINAL)),
            listing="no end is reachable from",
            lists=lambda _event, name: ef(both(status(name), not_(ef(TERMINAL)))),
        ),
        "ends": Named(
            says="Every run ends, if work and deadlines are not put off for ever.",
            formula=lambda _lifecycle, _event: af(TERMINAL),
            fairness=Fairness.WEAK,
        ),
        "ends_by_chance": Named(
            says="Every run ends, if what is possible again and again happens in the end.",
            formula=lambda _lifecycle, _event: af(TERMINAL),
            fairness=Fairness.STRONG,
        ),
        "terminal_is_final": Named(
            says="Nothing leaves an end.",
            formula=lambda _lifecycle, _event: ag(implies(TERMINAL, ax(FALSE))),
            listing="ends that are left again",
            lists=lambda _event, name: ef(both(both(status(name), TERMINAL), ex(not_(FALSE)))),
        ),
        "cancel_always_possible": Named(
            says="A run that has not ended can be asked to stop.",
            formula=lambda _lifecycle, asks: ag(implies(LIVE, can(asks))),
            takes_event=True,
            listing="live statuses in which it cannot",
            lists=lambda asks, name: ef(both(both(status(name), LIVE), not_(can(asks)))),
        ),
        "cancel_never_lost": Named(
            says="A run that was asked to stop ends, and does not first go back to where it was asked.",
            formula=_cancel_never_lost,
            fairness=Fairness.WEAK,
            takes_event=True,
            listing="ends that are reachable from there",
            lists=lambda asks, name: ef(both(event(asks), ef(both(status(name), TERMINAL)))),
        ),
        "resume_possible": Named(
            says="Where somebody else must act, the run can go back to work that may stop for them again.",
            formula=lambda lifecycle, _event: ag(implies(STOP, _resumes(lifecycle))),
            listing="statuses in which somebody else must act",
            lists=lambda _event, name: ef(both(status(name), STOP)),
        ),
    }
)
"""The questions that are asked by name.  Those about a wish to stop take the event that tells it."""

_WORDS: Final = frozenset({"true", "false", "terminal", "live", "stop"})
"""The formulas of one word."""


def ask(
    lifecycle: Lifecycle,
    question: str | Formula,
    *,
    fairness: Fairness | None = None,
    strict: bool = False,
    asks: str = ASKED[0],
) -> Reply:
    """Answer a question about a lifecycle.

    :param question: a name of `QUESTIONS`, a text that `runstate.modelling.formulas.parse` reads, or a formula.
    :param fairness: which endless paths count; a named question has its own, any other counts all.
    :param strict: without the transitions that are only inferred.
    :param asks: the event by which somebody outside asks the run to stop.
    :raises BadQuestion: where the text is no formula, or names a status, event or field that the lifecycle does not have.
    """
    known = QUESTIONS.get(question) if isinstance(question, str) else None
    if known is not None:
        if known.takes_event and asks not in lifecycle.events:
            raise _refused(str(question), f"{lifecycle.name} has no event {asks!r}", asks, lifecycle.events)
        formula = known.formula(lifecycle, asks)
    else:
        if isinstance(question, str) and re.fullmatch(r"\s*\w+\s*", question) and question.strip() not in _WORDS:
            allowed = (*QUESTIONS, "a formula, as in AG (stop -> EF terminal)")
            raise _refused(question, "there is no question of this name", question.strip(), allowed)
        formula = parse(question) if isinstance(question, str) else question
        _check_names(lifecycle, formula, str(question))
    chosen = fairness or (known.fairness if known else Fairness.NONE)
    graph = graph_of(lifecycle, fields_in(formula), strict=strict, asked=(asks,))
    checker = Checker(graph, lifecycle, chosen)
    true_at = checker.true_at(formula)
    failing = [start for start in graph.starts if start not in true_at]
    path = checker.evidence(formula, (failing or list(graph.starts))[0], truth=not failing) if graph.starts else None
    statuses = None
    if known is not None and known.lists is not None:
        listed = known.lists
        statuses = tuple(
            name for name in lifecycle.statuses if not checker.true_at(listed(asks, name)).isdisjoint(graph.starts)
        )
    return Reply(
        lifecycle=lifecycle.name,
        question=str(question),
        formula=formula,
        fairness=chosen,
        holds=not failing,
        path=path if path is not None and (len(path.moments) > 1 or path.rests or path.loop is not None) else None,
        statuses=statuses,
        listing=known.listing if known else "",
    )


def _check_names(lifecycle: Lifecycle, formula: Formula, question: str) -> None:
    known = {
        "status": lifecycle.statuses,
        "event": lifecycle.events,
        "can": lifecycle.events,
        "set": kept_fields(lifecycle),
    }
    for atom in atoms(formula):
        for name in atom.names:
            if name not in known[atom.kind]:
                what = {"status": "status", "set": "field that a transition writes or asks for"}.get(atom.kind, "event")
                raise _refused(question, f"{lifecycle.name} has no {what} {name!r}", name, known[atom.kind])


def _refused(question: str, reason: str, seen: str, allowed: tuple[str, ...]) -> BadQuestion:
    return BadQuestion(question=question, reason=reason, seen=seen, allowed=allowed)
