"""Every lifecycle that differs from one in a single place of its table: what a good suite must notice.

A table has a cell for each status and each event that some status allows: the target, or none.  A mutant has one cell
changed to another value.  An event has one target in a lifecycle, so a cell can be emptied, or filled with the event's
target; any other value is refused by `Lifecycle` itself, unless the cell is the event's only one.  For the others all
cells of an event are changed together (``moved``).  Creation is not mutated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from runstate.errors import BadLifecycle
from runstate.lifecycle import Basis, Lifecycle, Row, To
from runstate.modelling.walks import Walks

__all__ = ["Mutant", "mutants"]


@attrs.frozen(kw_only=True)
class Mutant:
    """A lifecycle with one place of its table changed."""

    kind: Literal["removed", "retargeted", "added", "moved"]
    """A legal cell emptied or led elsewhere, an illegal one filled, or all cells of an event led elsewhere."""
    source: str | None
    """Status of the cell; None where all cells of the event are changed."""
    event: str
    was: str | None
    """Target in the lifecycle; None where the cell is illegal."""
    now: str | None
    """Target in the mutant."""
    lifecycle: Lifecycle | None = attrs.field(eq=False, repr=False)
    """None where it does not come into being."""
    problem: str | None = None
    """Why it does not: a word of `runstate.lifecycle.PROBLEMS`."""
    equivalent: bool = False
    """It comes into being and nobody can tell it by what it accepts: guards never let a run take what was changed."""

    def __str__(self) -> str:
        return f"{self.event} in {self.source or 'every status'}: {self.was or 'illegal'} → {self.now or 'illegal'}"


def mutants(lifecycle: Lifecycle) -> Iterator[Mutant]:
    """Every mutant, those that do not come into being included; by status, event and target."""
    asked = [event for event in lifecycle.events if any(e.event == event and e.source for e in lifecycle.transitions)]
    for source in lifecycle.statuses:
        for event in asked:
            edge = lifecycle.transition(source, event)
            was = None if edge is None else edge.target
            yield from (
                _mutant(lifecycle, source, event, was, now) for now in (None, *lifecycle.statuses) if now != was
            )
    for event in asked:
        if sum(edge.event == event for edge in lifecycle.transitions) > 1:
            was = lifecycle.target(event)
            yield from (_mutant(lifecycle, None, event, was, now) for now in lifecycle.statuses if now != was)


def _mutant(lifecycle: Lifecycle, source: str | None, event: str, was: str | None, now: str | None) -> Mutant:
    kind: Literal["removed", "retargeted", "added", "moved"]
    kind = "moved" if source is None else "removed" if now is None else "added" if was is None else "retargeted"
    made: Lifecycle | None = None
    problem: str | None = None
    try:
        made = attrs.evolve(lifecycle, rows=_rows(lifecycle, source, event, now))
    except BadLifecycle as refused:
        problem = refused.problem
    return Mutant(
        kind=kind,
        source=None if source is None else str(source),
        event=str(event),
        was=None if was is None else str(was),
        now=None if now is None else str(now),
        lifecycle=made,
        problem=problem,
        equivalent=made is not None and not (_taken(lifecycle, source, event) or _taken(made, source, event)),
    )


def _rows(lifecycle: Lifecycle, source: str | None, event: str, now: str | None) -> Iterator[Row]:
    for row in lifecycle.rows:
        entries: list[To] = []
        for to in row.transitions:
            changed = to.event == event and source in (None, row.source)
            if not changed:
                entries.append(to)
            elif now is not None:
                entries.append(_led(to, now))
        illegal = source is not None and lifecycle.transition(source, event) is None
        if illegal and row.source == source and now is not None:
            # declared to reopen, so that a new exit of an ended run is not refused at once
            entries.append(To(event, now, Basis.INFERRED, reopens=source in lifecycle.terminal))
        yield Row(row.source, *entries)


def _led(to: To, target: str) -> To:
    """The entry with another target."""
    return To(
        to.event, target, *to.basis, why=to.why, guards=to.guards, does=to.does, silent=to.silent, reopens=to.reopens
    )


def _taken(lifecycle: Lifecycle, source: str | None, event: str) -> bool:
    """Whether some run can take the event, from the status or from any."""
    walks = Walks(lifecycle)
    places = (place for place in walks.found() if place.status is not None and source in (None, place.status))
    return any(edge.event == event for place in places for edge in walks.ways(place))
