"""Answers about lifecycles: compared with an enumeration of paths on random ones, by hand on those that are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runstate.errors import BadQuestion
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Transition, Verb, is_set, reached
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.modelling.bits import kept_fields
from runstate.modelling.formulas import Atom, Both, Formula, Not, On, Until, af, ag, ef, eg, fields_in, has, status
from runstate.modelling.moments import Checker, Fairness, Moment, Path, graph_of
from runstate.modelling.questions import QUESTIONS, ask
from tests import strategies
from tests.test_lifecycle import lifecycles

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the literals

# --- the oracle: paths, one after the other ---------------------------------------------------------------------------


class At(NamedTuple):
    event: str
    status: str
    fields: frozenset[str]


class Step(NamedTuple):
    edge: Transition
    to: At


class Walks:
    """Answers by enumerating simple paths, and sets of moments that a path may visit for ever."""

    def __init__(self, lifecycle: Lifecycle, kept: frozenset[str], fairness: Fairness, asked: str) -> None:
        self.lifecycle, self.fairness, self.asked = lifecycle, fairness, asked
        waits = [g.argument for e in lifecycle.transitions for g in e.guards if g.kind != "named"]
        self.kept = kept.union(waits)
        self.waited = {g.argument for e in lifecycle.transitions for g in e.guards if g.kind == "reached"}
        self.starts = [step.to for step in self.leaving(None, frozenset())]
        self.ways: dict[At, list[Step]] = {}
        queue = list(self.starts)
        while queue:
            at = queue.pop()
            if at not in self.ways:
                self.ways[at] = self.leaving(at.status, at.fields)
                queue += [step.to for step in self.ways[at]]

    def leaving(self, source: str | None, before: frozenset[str]) -> list[Step]:
        found: list[Step] = []
        for edge in self.lifecycle.legal(source):
            if all(guard.kind == "named" or guard.argument in before for guard in edge.guards):
                does = edge.does
                sure = {f for f in (*does.stamps, *does.stamps_once, *does.deadlines, *does.takes.values()) if f}
                maybe = [f for f in does.may_take.values() if f]
                after = (before - {*does.clears}) | sure
                for size in range(len(maybe) + 1):
                    for given in combinations(maybe, size):
                        fields = frozenset((after | {*given}) & self.kept)
                        found.append(Step(edge, At(edge.event, edge.target, fields)))
        return found

    def party(self, edge: Transition) -> str:
        if any(guard.kind == "reached" for guard in edge.guards):
            return "time"
        return "ask" if edge.event == self.asked else "work"

    def rests(self, at: At) -> bool:
        out = self.ways[at]
        return not out or (self.fairness is Fairness.WEAK and {self.party(step.edge) for step in out} == {"ask"})

    def fair(self, visited: frozenset[At], taken: list[tuple[At, Step]]) -> bool:
        """Whether a path may visit exactly these for ever, making exactly these steps."""
        if self.fairness is Fairness.STRONG:
            return all(step.to in visited for at in visited for step in self.ways[at])
        if self.fairness is Fairness.NONE:
            return True
        for party in ("work", "time"):
            idle = any(all(self.party(step.edge) != party for step in self.ways[at]) for at in visited)
            acts = any(self.party(step.edge) == party for _, step in taken)
            anew = party == "time" and any(
                field in self.waited
                for _, step in taken
                for field in (
                    *step.edge.does.stamps,
                    *step.edge.does.stamps_once,
                    *step.edge.does.deadlines,
                    *step.edge.does.takes.values(),
                    *step.edge.does.may_take.values(),
                )
            )
            if not (idle or acts or anew):
                return False
        return True

    def endless(self, within: frozenset[At]) -> Iterator[frozenset[At]]:
        """Every set of moments that some fair path visits for ever."""
        for size in range(1, len(within) + 1):
            for some in combinations(sorted(within, key=repr), size):
                visited = frozenset(some)
                inner = [(at, step) for at in some for step in self.ways[at] if step.to in visited]
                targets = {(at, step.to) for at, step in inner}
                if all(connected(a, b, targets) for a in some for b in some) and self.fair(visited, inner):
                    yield visited

    def paths(self, at: At, within: frozenset[At], seen: tuple[At, ...] = ()) -> Iterator[tuple[At, ...]]:
        """Every simple path from here that stays within; one may end outside of it."""
        way = (*seen, at)
        yield way
        if at in within:
            for to in dict.fromkeys(step.to for step in self.ways[at]):
                if to not in way:
                    yield from self.paths(to, within, way)

    def true(self, formula: Formula) -> frozenset[At]:
        every = frozenset(self.ways)
        match formula:
            case Atom(kind, names):
                return frozenset(at for at in every if self.plainly(kind, names, at))
            case Not(inner):
                return every - self.true(inner)
            case Both("and", left, right):
                return self.true(left) & self.true(right)
            case Both("or", left, right):
                return self.true(left) | self.true(right)
            case Both(_, left, right):
                return (every - self.true(left)) | self.true(right)
            case On("EX", inner):
                good = self.true(inner)
                return frozenset(at for at in every if any(step.to in good for step in self.ways[at]))
            case On("AX", inner):
                good = self.true(inner)
                return frozenset(at for at in every if all(step.to in good for step in self.ways[at]))
            case On("EF", inner):
                return self.some_way(every, self.true(inner))
            case On("AG", inner):
                return every - self.some_way(every, every - self.true(inner))
            case On("EG", inner):
                return self.some_keeps(self.true(inner))
            case On(_, inner):
                return every - self.some_keeps(every - self.true(inner))
            case Until("E", left, right):
                return self.some_way(self.true(left), self.true(right))
            case Until(_, left, right):
                p, q = self.true(left), self.true(right)
                breaks = self.some_way(every - q, every - p - q)
                return every - breaks - self.some_keeps(every - q)

    def some_way(self, left: frozenset[At], right: frozenset[At]) -> frozenset[At]:
        return frozenset(
            at
            for at in self.ways
            if any(way[-1] in right and left.issuperset(way[:-1]) for way in self.paths(at, left))
        )

    def some_keeps(self, within: frozenset[At]) -> frozenset[At]:
        last = {at for at in within if self.rests(at)}.union(*self.endless(within))
        return self.some_way(within, frozenset(last)) & within

    def plainly(self, kind: str, names: tuple[str, ...], at: At) -> bool:
        match kind:
            case "status":
                return at.status in names
            case "event":
                return at.event in names
            case "can":
                return any(step.edge.event in names for step in self.ways[at])
            case "set":
                return at.fields.issuperset(names)
            case "stop":
                return at.status in self.lifecycle.stops
            case "true" | "false":
                return kind == "true"
            case _:
                return (at.status in self.lifecycle.terminal) is (kind == "terminal")


def connected(a: At, b: At, steps: set[tuple[At, At]]) -> bool:
    """Whether one step or more lead from the one to the other."""
    found = {to for at, to in steps if at == a}
    while more := {to for at, to in steps if at in found} - found:
        found |= more
    return b in found


@st.composite
def cases(draw: st.DrawFn) -> tuple[Lifecycle, Formula]:
    lifecycle = draw(lifecycles(guarded=draw(st.booleans()), timed=draw(st.booleans())))
    return lifecycle, draw(strategies.formulas(lifecycle, kept_fields(lifecycle)))


def moment_of(at: At) -> Moment:
    return Moment(*at)


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@given(cases(), st.sampled_from(Fairness))
def test_answers_are_those_of_an_enumeration_of_paths(case: tuple[Lifecycle, Formula], fairness: Fairness) -> None:
    lifecycle, formula = case
    walks = Walks(lifecycle, fields_in(formula), fairness, "e1")
    assume(len(walks.ways) <= 6)  # every set of them is looked at
    graph = graph_of(lifecycle, fields_in(formula), asked=("e1",))
    checker = Checker(graph, lifecycle, fairness)
    assert {graph.moments[n] for n in checker.true_at(formula)} == {moment_of(at) for at in walks.true(formula)}
    reply = ask(lifecycle, formula, fairness=fairness, asks="e1")
    assert reply.holds is walks.true(formula).issuperset(walks.starts)


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@given(lifecycles(guarded=True, timed=True), st.sampled_from(Fairness), st.data())
def test_evidence_is_a_path_that_shows_it(lifecycle: Lifecycle, fairness: Fairness, data: st.DataObject) -> None:
    wanted = status(*data.draw(st.sets(st.sampled_from(lifecycle.statuses), min_size=1)))
    walks = Walks(lifecycle, frozenset(), fairness, "e1")
    for formula, kept, reaches in (
        (ef(wanted), lambda _: True, True),
        (ag(Not(wanted)), lambda _: True, True),
        (eg(wanted), lambda at: at.status in wanted.names, False),
        (af(Not(wanted)), lambda at: at.status in wanted.names, False),
    ):
        reply = ask(lifecycle, formula, fairness=fairness, asks="e1")
        shown = reply.holds is (formula.word[0] == "E")
        if not shown:
            assert reply.path is None
        elif reply.path is not None:
            shows(walks, reply.path)
            assert all(map(kept, reply.path.moments))
            assert (reply.path.loop is None and not reply.path.rests) is reaches
            assert not reaches or reply.path.moments[-1].status in wanted.names


def shows(walks: Walks, path: Path) -> None:
    """It begins with a creation, each moment follows from the one before, and its end is fair."""
    moments = [At(moment.event, moment.status, moment.fields) for moment in path.moments]
    assert moments[0] in walks.starts
    steps = list(pairwise(moments))
    if path.rests:
        assert path.loop is None
        assert walks.rests(moments[-1])
    if path.loop is not None:
        steps.append((moments[-1], moments[path.loop]))
    taken = [(at, step) for at, to in steps for step in walks.ways[at] if step.to == to]
    assert len({(at, step.to) for at, step in taken}) == len(set(steps))
    if path.loop is not None:
        assert walks.fair(frozenset(moments[path.loop :]), taken[path.loop :] if len(taken) == len(steps) else taken)


def test_the_moments_of_a_lifecycle_are_those_of_its_records() -> None:
    graph = graph_of(ASSISTANTS_RUN, ["usage", "started_at"])
    cancelled = {moment.fields for moment in graph.moments if moment.status == "cancelled"}
    assert cancelled == {frozenset(some) for some in ((), ("usage",), ("started_at",), ("usage", "started_at"))}
    assert {m.fields for m in graph.moments if m.status == "completed"} == {
        frozenset({"started_at"}),
        frozenset({"started_at", "usage"}),
    }


# --- by hand ----------------------------------------------------------------------------------------------------------

TOLD: tuple[tuple[str, str, bool, str | None], ...] = (
    # a run that never started cannot complete: the guard on started_at, not the table alone, says so
    ("E[not status in_progress U status completed]", "none", False, None),
    ("EF (status cancelling and EF status completed)", "none", True, "create start cancel complete"),
    ("AG (status cancelling and not set started_at -> not EF status completed)", "none", True, None),
    ("AG EF terminal", "none", True, None),
    ("AG (terminal -> AX false)", "none", True, None),
    ("AF terminal", "none", False, "create start require_action submit_tool_outputs"),
    ("AF terminal", "weak", True, None),
    ("AF terminal", "strong", True, None),
    ("EF status requires_action", "none", True, "create start require_action"),
    ("AG (live -> can cancel)", "none", False, "create cancel"),
    ("AG (event cancel -> AX event confirm_cancel)", "none", False, "create cancel fail"),
    ("EG not set started_at", "weak", True, "create fail"),
    ("EX status in_progress", "none", True, "create start"),
    ("AX status in_progress", "none", False, "create fail"),
)


@pytest.mark.parametrize(("text", "fairness", "holds", "events"), TOLD)
def test_answers_about_the_assistants_run(text: str, fairness: str, holds: bool, events: str | None) -> None:
    reply = ask(ASSISTANTS_RUN, text, fairness=Fairness(fairness))
    shown = None if reply.path is None else " ".join(moment.event for moment in reply.path.moments)
    assert (reply.holds, shown) == (holds, events)


def test_strict_leaves_out_what_is_only_inferred() -> None:
    question = "AG (event cancel -> AX event confirm_cancel)"
    assert not ask(ASSISTANTS_RUN, question).holds
    assert ask(ASSISTANTS_RUN, question, strict=True).holds
    assert ask(ASSISTANTS_RUN, "cancel_never_lost", strict=True).statuses == ("cancelled",)


def test_the_questions_by_name_of_the_assistants_run() -> None:
    replies = {name: ask(ASSISTANTS_RUN, name) for name in QUESTIONS}
    assert {name for name, reply in replies.items() if not reply.holds} == {"cancel_always_possible"}
    listed = {name: set(reply.statuses) for name, reply in replies.items() if reply.statuses is not None}
    assert listed == {
        "always_reachable_terminal": set(),
        "terminal_is_final": set(),
        "cancel_always_possible": {"cancelling"},
        "cancel_never_lost": {"cancelled", "failed", "completed", "incomplete", "expired"},
        "resume_possible": {"requires_action"},
    }


def test_the_questions_by_name_across_the_catalogue() -> None:
    """Sets worked out from the tables: who has no end, who leaves one, who works on after a cancel."""

    def failing(name: str) -> set[str]:
        asked = [lc for lc in CATALOGUE.values() if not QUESTIONS[name].takes_event or "cancel" in lc.events]
        return {lc.name for lc in asked if not ask(lc, name).holds}

    endless = {lc.name for lc in CATALOGUE.values() if not lc.terminal}
    reopened = {lc.name for lc in CATALOGUE.values() if any(edge.reopens for edge in lc.transitions)}
    assert failing("always_reachable_terminal") == failing("ends_by_chance") == endless
    assert failing("terminal_is_final") == reopened
    assert failing("cancel_never_lost") == {"dbos.workflow"}
    assert failing("resume_possible") == set()
    assert {"a2a.task", "langgraph.thread"} <= failing("ends")
    assert "openai.batch" not in failing("ends")


def table(*rows: Row, terminal: tuple[str, ...], does: Mapping[str, Effects] | None = None, **more: Any) -> Lifecycle:
    events = dict.fromkeys(to.event for row in rows for to in row.transitions)
    return Lifecycle(
        name="small",
        initial={"a"},
        terminal=terminal,
        rows=rows,
        verbs=[Verb(event, does=(does or {}).get(event, Effects())) for event in events],
        **more,
    )


LOOP = table(
    Row(None, To("make", "a", D)),
    Row("a", To("go", "b", D)),
    Row("b", To("back", "a", D), To("cancel", "c", D)),
    Row("c", To("stop", "z", D), To("resume", "a", D)),
    Row("z"),
    terminal=("z",),
    stops={"b"},
)


def test_a_cancel_that_can_be_undone_is_lost() -> None:
    reply = ask(LOOP, "cancel_never_lost")
    assert not reply.holds
    assert str(reply.path) == "(none) --make--> a --go--> b --cancel--> c --resume--> a --go--> b"
    assert reply.statuses == ("z",)
    assert ask(LOOP, "AG (event cancel -> EF terminal)").holds


@pytest.mark.parametrize(
    ("fairness", "ends"),
    [(Fairness.NONE, False), (Fairness.WEAK, False), (Fairness.STRONG, True)],
)
def test_fairness_decides_whether_a_loop_is_left(fairness: Fairness, ends: bool) -> None:
    reply = ask(LOOP, "AF terminal", fairness=fairness)
    assert reply.holds is ends
    if reply.path is not None:
        assert str(reply.path) == "(none) --make--> a --go--> b --back--> a, and for ever so, from go --> b on"


TIMED = table(
    Row(None, To("make", "a", D)),
    Row("a", To("go", "b", D), To("cancel", "z", D), To("expire", "y", D, guards=[reached("until")])),
    Row("b", To("back", "a", D), To("expire", "y", D, guards=[reached("until")])),
    Row("y"),
    Row("z"),
    terminal=("y", "z"),
    fields={"until": FieldKind.DEADLINE},
    does={"make": Effects(deadlines={"until": 9})},
)


def test_a_deadline_ends_every_run_unless_it_is_set_anew() -> None:
    assert not ask(TIMED, "AF terminal").holds
    assert ask(TIMED, "ends").holds
    does = {"make": Effects(deadlines={"until": 9}), "go": Effects(deadlines={"until": 9})}
    renewing = table(*TIMED.rows, terminal=("y", "z"), fields={"until": FieldKind.DEADLINE}, does=does)
    assert not ask(renewing, "ends").holds
    never_set = table(*TIMED.rows, terminal=("y", "z"), fields={"until": FieldKind.DEADLINE}, does={})
    assert not ask(never_set, "EF event expire").holds


WAITING = table(
    Row(None, To("make", "a", D)),
    Row("a", To("cancel", "z", D)),
    Row("z"),
    terminal=("z",),
)


def test_nobody_has_to_ask() -> None:
    reply = ask(WAITING, "ends")
    assert (reply.holds, str(reply.path)) == (False, "(none) --make--> a, and rests there")
    assert ask(WAITING, "ends", asks="make").holds
    assert ask(WAITING, "ends", fairness=Fairness.NONE).holds


def test_a_guard_on_a_field_is_kept() -> None:
    rows = (
        Row(None, To("make", "a", D)),
        Row("a", To("note", "b", D), To("skip", "b2", D)),
        Row("b", To("end", "z", D, guards=[is_set("it")])),
        Row("b2", To("end", "z", D, guards=[is_set("it")])),
        Row("z"),
    )
    small = table(*rows, terminal=("z",), fields={"it": FieldKind.VALUE}, does={"note": Effects(takes={"it": "it"})})
    reply = ask(small, "always_reachable_terminal")
    assert (reply.holds, str(reply.path)) == (False, "(none) --make--> a --skip--> b2")
    assert reply.statuses == ("b2",)
    assert ask(small, ag(Both("->", status("z"), has("it")))).holds


def test_a_resume_that_leads_to_an_end_is_none() -> None:
    rows = (Row(None, To("make", "a", D)), Row("a", To("pause", "p", D)), Row("p", To("end", "z", D)), Row("z"))
    assert not ask(table(*rows, terminal=("z",), stops={"p"}), "resume_possible").holds
    assert ask(table(*rows, terminal=("z",)), "resume_possible").holds


@pytest.mark.parametrize(
    ("question", "seen", "allowed"),
    [
        ("EF status done", "done", "completed"),
        ("EF event begin", "begin", "start"),
        ("can begin", "begin", "start"),
        ("EF set colour", "colour", "usage"),
        ("EF set thread_id", "thread_id", "usage"),  # a field that no transition writes has no bit
    ],
)
def test_what_the_lifecycle_does_not_have_is_refused(question: str, seen: str, allowed: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        ask(ASSISTANTS_RUN, question)
    assert (caught.value.seen, caught.value.position) == (seen, None)
    assert allowed in caught.value.allowed


def test_a_question_about_a_wish_needs_its_event() -> None:
    mlflow = CATALOGUE["mlflow.run"]
    with pytest.raises(BadQuestion) as caught:
        ask(mlflow, "cancel_never_lost")
    assert "kill" in caught.value.allowed
    assert ask(mlflow, "cancel_never_lost", asks="kill").statuses == (
        "FINISHED",
        "FAILED",
        "KILLED",
    )  # it can be resumed


def test_a_question_that_strictness_leaves_nothing_of_holds() -> None:
    vague = table(Row(None, To("make", "a", I)), Row("a"), terminal=("a",))
    reply = ask(vague, "EF false", strict=True)
    assert (reply.holds, reply.path) == (True, None)


def test_every_named_question_says_what_it_asks() -> None:
    assert all(named.says.endswith(".") for named in QUESTIONS.values())
    assert len({named.says for named in QUESTIONS.values()}) == len(QUESTIONS)
