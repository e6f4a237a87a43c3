"""Least repairs against brute force: every script of edits up to the least cost, on every short history.

The judge of legality here is another reading than the one under test: the hand-typed cells for the assistant's run, and
a search along the transitions for any other lifecycle.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.conformance.findings import CODES, Finding, Severity
from runstate.conformance.monitor import Monitor
from runstate.conformance.repair import (
    Edit,
    EditKind,
    Explanation,
    Reading,
    Repair,
    counterfactual,
    explain,
    is_legal,
    least_repairs,
    reorder,
)
from runstate.lifecycle import Basis, Lifecycle, Quirk, Row, To, Verb
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.testing.histories import flat
from tests.oracle import CELLS, INITIAL, STATUSES, TERMINAL
from tests.test_lifecycle import lifecycles

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the literals
DELETE, SUBSTITUTE, INSERT = EditKind.DELETE, EditKind.SUBSTITUTE, EditKind.INSERT
ALL = 1_000_000
"""A limit that is none."""

READINGS: tuple[Reading, ...] = (
    {},
    {"sampled": True},
    {"fresh": True},
    {"ended": True},
    {"fresh": True, "ended": True},
    {"sampled": True, "fresh": True, "ended": True},
    {"strict": True},
    {"sampled": True, "strict": True, "ended": True},
    {"quirks": True},
)

# --- another reading of legality, and brute force ---------------------------------------------------------------------


def leads(lifecycle: Lifecycle, before: str, status: str, reading: Reading) -> bool:
    """Whether one status may be seen after another, by a search along the transitions."""
    strict = reading.get("strict", False)
    if reading.get("quirks") and any(quirk.transition == (before, status) for quirk in lifecycle.quirks):
        return True
    if reading.get("sampled"):
        return before == status or lifecycle.path(before, status, strict=strict) is not None
    waiting, been = [before], set[str]()
    while waiting:
        here = waiting.pop()
        been.add(here)
        for edge in lifecycle.legal(here, strict=strict):
            if edge.target == status:
                return True
            if edge.silent and edge.target not in been:
                waiting.append(edge.target)
    return False


Legal = Callable[[Sequence[str]], bool]


def judge(lifecycle: Lifecycle, reading: Reading) -> Legal:
    """Legality as a function of the history alone."""
    both = itertools.product(lifecycle.statuses, repeat=2)
    pairs = {(before, status) for before, status in both if leads(lifecycle, before, status, reading)}
    first = set(lifecycle.statuses)
    if reading.get("fresh"):
        first = {edge.target for edge in lifecycle.legal(None, strict=reading.get("strict", False))}

    def legal(history: Sequence[str]) -> bool:
        if not history:
            return True
        if reading.get("ended") and history[-1] not in lifecycle.terminal:
            return False
        return history[0] in first and all(pair in pairs for pair in itertools.pairwise(history))

    return legal


Key = tuple[int, int, int]
"""An edit as (index, rank of its kind, place of its status in the table): scripts are ordered by these."""


def scripts(length: int, letters: int, cost: int) -> Iterator[tuple[Key, ...]]:
    """Every script of so many edits; at one index insertions come first, one after the other."""

    def further(index: int, left: int, script: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
        if not left:
            yield script
            return
        for letter in range(letters):
            yield from further(index, left - 1, (*script, (index, 2, letter)))
        if index < length:
            yield from further(index + 1, left - 1, (*script, (index, 0, -1)))
            for letter in range(letters):
                yield from further(index + 1, left - 1, (*script, (index, 1, letter)))
            yield from further(index + 1, left, script)

    return further(0, cost, ())


every_script = cache(lambda length, letters, cost: tuple(sorted(scripts(length, letters, cost))))


def result_of(history: Sequence[str], statuses: Sequence[str], script: Iterable[Key]) -> tuple[str, ...]:
    """The history with the edits made, from the end to the beginning so that the indices hold."""
    result = list(history)
    for index, rank, letter in reversed(tuple(script)):
        if rank == 0:
            del result[index]
        elif rank == 1:
            result[index] = statuses[letter]
        else:
            result.insert(index, statuses[letter])
    return tuple(result)


def brute_force(lifecycle: Lifecycle, history: Sequence[str], legal: Legal) -> list[tuple[tuple[Key, ...], list[str]]]:
    """Every result of least cost with the first script that leads to it, in the order of these scripts."""
    for cost in range(len(history) + 1):
        found: dict[tuple[str, ...], tuple[Key, ...]] = {}
        for script in every_script(len(history), len(lifecycle.statuses), cost):
            result = result_of(history, lifecycle.statuses, script)
            if result not in found and legal(result):
                found[result] = script
        if found:
            return [(script, list(result)) for result, script in found.items()]
    raise AssertionError("to delete everything is a repair")


def least_cost(lifecycle: Lifecycle, history: Sequence[str], reading: Reading) -> int:
    """The textbook dynamic program, forwards and with no ceiling: status last written -> least cost so far."""
    statuses = lifecycle.statuses
    after = {b: [s for s in statuses if leads(lifecycle, b, s, reading)] for b in statuses}
    start = ""
    begins = judge(lifecycle, {**reading, "ended": False})
    after[start] = [status for status in statuses if begins([status])]

    def inserting(costs: dict[str, int]) -> dict[str, int]:
        for _ in statuses:
            for before, cost in tuple(costs.items()):
                for status in after[before]:
                    costs[status] = min(costs.get(status, cost + 1), cost + 1)
        return costs

    costs = inserting({start: 0})
    for word in history:
        new = {before: cost + 1 for before, cost in costs.items()}
        for before, cost in costs.items():
            for status in after[before]:
                new[status] = min(new.get(status, ALL), cost + (status != word))
        costs = inserting(new)
    ends = lifecycle.terminal if reading.get("ended") else set(statuses)
    return min(cost for status, cost in costs.items() if status == start or status in ends)


def apply_edits(history: Sequence[str], edits: Sequence[Edit]) -> tuple[str, ...]:
    """What the edits make of a history, read literally from the fields' descriptions."""
    result: list[str | None] = []
    for index in range(len(history) + 1):
        here = [edit for edit in edits if edit.index == index]
        result += [edit.status for edit in here if edit.kind is INSERT]
        others = [edit for edit in here if edit.kind is not INSERT]
        assert len(others) <= 1
        assert all(edit.seen == history[index] for edit in others)
        if index < len(history):
            result += [edit.status for edit in others if edit.kind is SUBSTITUTE] if others else [history[index]]
    assert None not in result
    return tuple(word for word in result if word is not None)


def key_of(lifecycle: Lifecycle, edit: Edit) -> Key:
    rank = [DELETE, SUBSTITUTE, INSERT].index(edit.kind)
    return edit.index, rank, -1 if edit.status is None else lifecycle.statuses.index(edit.status)


def check(lifecycle: Lifecycle, history: Sequence[str], reading: Reading, legal: Legal) -> None:
    """Repairs and explanation of one history against brute force."""
    repairs, more = least_repairs(lifecycle, history, limit=ALL, **reading)
    expected = brute_force(lifecycle, history, legal)
    assert [tuple(key_of(lifecycle, edit) for edit in repair.edits) for repair in repairs] == [s for s, _ in expected]
    assert [list(repair.history) for repair in repairs] == [result for _, result in expected]
    assert not more
    for repair in repairs:
        assert apply_edits(history, repair.edits) == repair.history
        assert legal(repair.history)
    assert (repairs[0].cost == 0) == legal(history) == is_legal(lifecycle, history, **reading)
    for limit in {0, 1, len(repairs) - 1, len(repairs)}:
        assert least_repairs(lifecycle, history, limit=limit, **reading) == (repairs[:limit], limit < len(repairs))
    check_explanation(lifecycle, history, reading, explain(lifecycle, history, limit=ALL, **reading))


def check_explanation(lifecycle: Lifecycle, history: Sequence[str], reading: Reading, found: Explanation) -> None:
    """The first fault is the end of the shortest illegal beginning, and what is allowed there makes it legal."""
    beginning = judge(lifecycle, {**reading, "ended": False})
    whole = judge(lifecycle, reading)
    first = next((i for i in range(len(history)) if not beginning(history[: i + 1])), None)
    if first is None and not whole(history):
        first = len(history)
    assert found.first == first
    assert (found.repairs, found.more) == least_repairs(lifecycle, history, limit=ALL, **reading)
    if first is None:
        assert (found.seen, found.before, found.allowed) == (None, None, ())
        return
    assert found.seen == (history[first] if first < len(history) else None)
    assert found.before == (history[first - 1] if first else None)
    assert found.allowed == tuple(s for s in lifecycle.statuses if beginning([*history[:first], s]))


# --- the assistant's run, exhaustively --------------------------------------------------------------------------------


def by_hand(history: Sequence[str]) -> bool:
    """A fresh stream that ended, by the hand-typed cells alone."""
    edges = {(source, target) for (source, _), target in CELLS.items()}
    steps = all(pair in edges for pair in itertools.pairwise(history))
    return not history or (history[0] == INITIAL and history[-1] in TERMINAL and steps)


def test_every_history_of_three_statuses_by_the_hand_typed_cells() -> None:
    for length in range(4):
        for history in itertools.product(STATUSES, repeat=length):
            assert is_legal(ASSISTANTS_RUN, history, fresh=True, ended=True) == by_hand(history)
    for history in itertools.product(STATUSES, repeat=2):
        check(ASSISTANTS_RUN, history, {"fresh": True, "ended": True}, by_hand)


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: "+".join(reading) or "stream")
def test_every_history_of_two_words(reading: Reading) -> None:
    legal = judge(ASSISTANTS_RUN, reading)
    for length in range(3):
        for history in itertools.product((*STATUSES, "no_such"), repeat=length):
            check(ASSISTANTS_RUN, history, reading, legal)


@pytest.mark.parametrize("reading", READINGS[:2], ids=lambda reading: "+".join(reading) or "stream")
def test_some_histories_of_three_and_four_statuses(reading: Reading) -> None:
    legal = judge(ASSISTANTS_RUN, reading)
    choose = random.Random(4)
    for history in choose.sample(list(itertools.product(STATUSES, repeat=3)), 60):
        check(ASSISTANTS_RUN, history, reading, legal)
    for history in choose.sample(list(itertools.product(STATUSES, repeat=4)), 15):
        check(ASSISTANTS_RUN, history, reading, legal)


@pytest.mark.long
@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: "+".join(reading) or "stream")
def test_every_history_of_three_statuses_and_some_of_four(reading: Reading) -> None:
    legal = judge(ASSISTANTS_RUN, reading)
    for history in itertools.product(STATUSES, repeat=3):
        check(ASSISTANTS_RUN, history, reading, legal)
    for history in random.Random(5).sample(list(itertools.product(STATUSES, repeat=4)), 200):
        check(ASSISTANTS_RUN, history, reading, legal)


# AG-UI puts no status on the wire: it is judged by its events
BY_STATUS = [lifecycle for name, lifecycle in CATALOGUE.items() if name != "agui.run"]


@pytest.mark.parametrize("lifecycle", BY_STATUS, ids=lambda lifecycle: lifecycle.name)
@pytest.mark.parametrize("mode", ["stream", "poll"])
@pytest.mark.parametrize("strict", [False, True])
def test_legal_is_what_the_monitor_finds_no_error_in(lifecycle: Lifecycle, mode: str, strict: bool) -> None:
    marks: dict[str, object] = {field: [] for field in lifecycle.profiles.values()}  # quirks are of one profile
    length = 3 if lifecycle is ASSISTANTS_RUN else 2  # what is legal is a matter of neighbours
    for history in itertools.product(lifecycle.statuses, repeat=length):
        monitor = Monitor(flat(lifecycle), mode="poll" if mode == "poll" else "stream", strict=strict, select=("RS1",))
        seen = [{lifecycle.id_field: "r", lifecycle.status_field: str(status), **marks} for status in history]
        findings = [finding for one in seen for finding in monitor.feed(one)]
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        assert is_legal(lifecycle, history, sampled=mode == "poll", strict=strict, quirks=True) == (not errors)


# --- any lifecycle ----------------------------------------------------------------------------------------------------

readings = st.fixed_dictionaries(
    {}, optional={name: st.booleans() for name in ("sampled", "fresh", "ended", "strict", "quirks")}
).map(lambda flags: Reading(**flags))  # type: ignore[typeddict-item]


@st.composite
def cases(draw: st.DrawFn, longest: int) -> tuple[Lifecycle, list[str], Reading]:
    """A lifecycle with silent transitions, reopened ends and several initial statuses, a history, and a reading."""
    lifecycle = draw(lifecycles())
    words = st.sampled_from((*lifecycle.statuses, "no_such"))
    return lifecycle, draw(st.lists(words, max_size=longest)), draw(readings)


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@given(cases(longest=4))
def test_any_lifecycle_against_brute_force(case: tuple[Lifecycle, list[str], Reading]) -> None:
    lifecycle, history, reading = case
    check(lifecycle, history, reading, judge(lifecycle, reading))


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@given(cases(longest=40))
def test_longer_histories_against_the_textbook(case: tuple[Lifecycle, list[str], Reading]) -> None:
    lifecycle, history, reading = case
    repairs, more = least_repairs(lifecycle, history, limit=20, **reading)
    legal = judge(lifecycle, reading)
    cost = least_cost(lifecycle, history, reading)
    assert all(repair.cost == cost for repair in repairs)
    assert all(legal(repair.history) and apply_edits(history, repair.edits) == repair.history for repair in repairs)
    assert len({repair.history for repair in repairs}) == len(repairs) <= 20
    assert not more or len(repairs) == 20
    keys = [[key_of(lifecycle, edit) for edit in repair.edits] for repair in repairs]
    assert keys == sorted(keys)
    assert least_repairs(lifecycle, history, limit=3, **reading) == (repairs[:3], more or len(repairs) > 3)


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: "+".join(reading) or "stream")
@pytest.mark.parametrize("length", [70, 300, 1500])
def test_costs_above_each_ceiling(length: int, reading: Reading) -> None:
    history = random.Random(length).choices(STATUSES, k=length)
    repairs, _ = least_repairs(ASSISTANTS_RUN, history, limit=1, **reading)
    assert repairs[0].cost == least_cost(ASSISTANTS_RUN, history, reading)
    assert apply_edits(history, repairs[0].edits) == repairs[0].history


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@given(cases(longest=8))
def test_polls_need_insertions_at_their_ends_only(case: tuple[Lifecycle, list[str], Reading]) -> None:
    lifecycle, history, reading = case
    polled: Reading = {**reading, "sampled": True, "quirks": False}
    repairs, _ = least_repairs(lifecycle, history, limit=10, **polled)
    for repair in repairs:
        written = 0
        for index in range(len(history) + 1):
            for edit in (e for e in repair.edits if e.index == index):
                if edit.kind is INSERT:
                    assert (written == 0 and reading.get("fresh")) or reading.get("ended")
                    assert written in {0, len(repair.history) - 1}
                written += edit.kind is not DELETE
            kept = index < len(history) and all(e.index != index or e.kind is INSERT for e in repair.edits)
            written += kept


# --- small lifecycles, worked out by hand -----------------------------------------------------------------------------


def lifecycle_of(rows: dict[str | None, list[To]], *quirks: Quirk) -> Lifecycle:
    """A lifecycle from rows alone; its ends are the rows that are empty or only reopen."""
    events = dict.fromkeys(to.event for row in rows.values() for to in row)
    return Lifecycle(
        name="small",
        initial={to.target for to in rows[None]},
        terminal={s for s, row in rows.items() if s is not None and all(to.reopens for to in row)},
        rows=[Row(status, *row) for status, row in rows.items()],
        verbs=[Verb(event) for event in events],
        quirks=quirks,
    )


JOB = lifecycle_of(
    {
        None: [To("submit", "waiting", D), To("adopt", "running", I)],
        "waiting": [To("pick", "picked", D, silent=True), To("drop", "dropped", D)],
        "picked": [To("run", "running", D)],
        "running": [To("tick", "running", D), To("finish", "done", D), To("guess", "lost", I)],
        "done": [To("again", "waiting", D, reopens=True)],
        "lost": [],
        "dropped": [],
    },
    Quirk(name="undead", why="seen once", transition=("dropped", "running")),
)
"""Two initial statuses, a silent transition, a repeat that is a transition, an end that reopens, a quirk."""


def shown(history: Sequence[str], **reading: Unpack[Reading]) -> list[str]:
    """The repairs as sentences."""
    return [str(repair) for repair in least_repairs(JOB, history, limit=ALL, **reading)[0]]


@pytest.mark.parametrize(
    ("history", "reading", "legal"),
    [
        ("", {"fresh": True, "ended": True}, True),
        ("waiting running", {}, True),  # picked was not announced
        ("waiting picked running", {}, True),
        ("waiting done", {}, False),
        ("waiting done", {"sampled": True}, True),
        ("running running running", {}, True),
        ("waiting waiting", {}, False),
        ("waiting waiting", {"sampled": True}, True),
        ("running done waiting dropped", {"fresh": True, "ended": True}, True),
        ("running done waiting", {"ended": True}, False),
        ("running", {"fresh": True}, True),
        ("running", {"fresh": True, "strict": True}, False),
        ("running", {"strict": True}, True),
        ("picked", {"fresh": True}, False),
        ("picked", {"fresh": True, "sampled": True}, False),
        ("running lost", {}, True),
        ("running lost", {"strict": True}, False),
        ("waiting lost", {"sampled": True, "strict": True}, False),
        ("dropped running", {}, False),
        ("dropped running", {"quirks": True}, True),
        ("dropped running", {"sampled": True}, False),
        ("Running", {}, False),
    ],
)
def test_what_each_reading_allows(history: str, reading: Reading, legal: bool) -> None:
    assert is_legal(JOB, history.split(), **reading) is legal


def test_repairs_of_a_reopened_job() -> None:
    assert shown(["running", "done", "running"]) == [
        "delete done at index 1",
        "substitute running (tick) for done at index 1",
        "delete running at index 2",
        "substitute waiting (again) for running at index 2",
        "insert waiting (again) before index 2",
    ]
    assert shown(["waiting", "lost", "lost"], ended=True) == [
        "substitute running (run) for lost at index 1",
    ]


def test_an_explanation() -> None:
    found = explain(ASSISTANTS_RUN, ["queued", "completed"], fresh=True, ended=True)
    assert (found.first, found.seen, found.before) == (1, "completed", "queued")
    assert found.allowed == ("in_progress", "cancelling", "failed", "expired")
    assert [str(repair) for repair in found.repairs] == [
        "substitute failed (fail) for completed at index 1",
        "substitute expired (expire) for completed at index 1",
        "insert in_progress (start) before index 1",
        "insert cancelling (cancel) before index 1",
    ]
    assert found.repairs[2] == Repair(
        (Edit(INSERT, 1, None, "in_progress", "start"),), ("queued", "in_progress", "completed")
    )
    assert not found.more


def test_a_missing_end() -> None:
    found = explain(ASSISTANTS_RUN, ["queued", "in_progress"], limit=2, fresh=True, ended=True)
    assert (found.first, found.seen, found.before) == (2, None, "in_progress")
    assert found.allowed == (
        "requires_action", "cancelling", "failed", "completed", "incomplete", "expired",
    )  # fmt: skip
    assert found.more
    assert [str(repair) for repair in found.repairs] == [
        "substitute failed (fail) for in_progress at index 1",
        "substitute expired (expire) for in_progress at index 1",
    ]


def test_a_legal_history_needs_nothing() -> None:
    found = explain(ASSISTANTS_RUN, ["queued", "in_progress"])
    assert found == Explanation(None, None, None, (), (Repair((), ("queued", "in_progress")),), more=False)
    assert str(found.repairs[0]) == "nothing to change"


def test_words_are_plain_strings() -> None:
    status, *_ = ASSISTANTS_RUN.statuses
    repairs, _ = least_repairs(ASSISTANTS_RUN, [status, status], limit=ALL)
    words = {word for r in repairs for word in (*r.history, *(x for e in r.edits for x in (e.seen, e.status, e.event)))}
    assert {type(word) for word in words} == {str, type(None)}


@pytest.mark.parametrize(
    ("history", "index", "status", "event", "reading"),
    [
        (["queued", "completed"], 1, "in_progress", "start", {}),
        (["in_progress"], 0, "queued", "create", {"fresh": True}),  # nothing else begins a run
        (["no_such"], 0, "queued", None, {}),  # create or submit_tool_outputs
        (["no_such"], 0, "failed", "fail", {}),
        (["in_progress", "no_such"], 1, "queued", "submit_tool_outputs", {"sampled": True}),  # create lies behind it
    ],
)
def test_the_event_is_named_where_only_one_leads_there(
    history: list[str], index: int, status: str, event: str | None, reading: Reading
) -> None:
    repairs, _ = least_repairs(ASSISTANTS_RUN, history, limit=ALL, **reading)
    edits = {edit for repair in repairs for edit in repair.edits if (edit.index, edit.status) == (index, status)}
    assert {edit.event for edit in edits} == {event}


def test_every_event_leads_from_the_status_before_it() -> None:
    for history in itertools.product(STATUSES, repeat=2):
        for repair in least_repairs(ASSISTANTS_RUN, history, limit=ALL, fresh=True)[0]:
            place = 0
            for index in range(len(history) + 1):
                here = [edit for edit in repair.edits if edit.index == index]
                for edit in here:
                    if edit.status is not None:
                        before = repair.history[place - 1] if place else None
                        transition = ASSISTANTS_RUN.transition(before, str(edit.event))
                        assert transition is not None
                        assert transition.target == edit.status
                        place += 1
                place += not any(edit.kind is not INSERT for edit in here)


def test_a_quirk_has_no_event() -> None:
    repairs, _ = least_repairs(JOB, ["dropped", "no_such"], limit=ALL, quirks=True)
    assert {e.event for r in repairs for e in r.edits if e.index == 1 and e.status == "running"} == {None}


def test_a_silent_transition_names_the_event_behind_it() -> None:
    repairs, _ = least_repairs(JOB, ["waiting", "no_such"], limit=ALL)
    events = {e.status: e.event for r in repairs for e in r.edits if e.index == 1 and e.kind is SUBSTITUTE}
    assert events == {"picked": "pick", "running": "run", "dropped": "drop"}


def test_a_direct_transition_is_preferred_to_one_behind_a_silent_one() -> None:
    short = lifecycle_of(
        {
            None: [To("begin", "a", D)],
            "a": [To("hush", "b", D, silent=True), To("leap", "c", D)],
            "b": [To("step", "c", D)],
            "c": [],
        }
    )
    repairs, _ = least_repairs(short, ["a", "no_such"], limit=ALL, ended=True)
    assert [str(repair) for repair in repairs] == ["substitute c (leap) for no_such at index 1"]


@pytest.mark.parametrize("call", [least_repairs, explain])
def test_a_negative_limit_is_refused(call: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="-1"):
        call(ASSISTANTS_RUN, [], limit=-1)


def test_an_unknown_assumption_is_refused() -> None:
    with pytest.raises(TypeError, match="freshly"):
        is_legal(ASSISTANTS_RUN, [], freshly=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# --- long histories ---------------------------------------------------------------------------------------------------

ROUND = ["queued", "in_progress", "requires_action"]


@pytest.mark.parametrize("place", [0, 3, 50_000, 99_998])
def test_one_fault_in_a_long_history(place: int) -> None:
    history = ROUND * 33_333
    history[place:place] = ["no_such"]
    repairs, more = least_repairs(ASSISTANTS_RUN, history)
    assert repairs[0] == Repair((Edit(DELETE, place, "no_such", None, None),), tuple(ROUND * 33_333))
    assert all(repair.cost == 1 for repair in repairs)
    assert not more


def test_faults_far_apart_multiply() -> None:
    history = ROUND * 33_333
    for place in (99_000, 60_000, 3_000):
        history[place:place] = ["requires_action"]  # a repeat: either of the two may go, with the same result
    repairs, more = least_repairs(ASSISTANTS_RUN, history, limit=30)
    assert [edit.index for edit in repairs[0].edits] == [2_999, 60_000, 99_001]
    assert (repairs[0].history, more) == (tuple(ROUND * 33_333), False)
    assert len(repairs) == 1


def test_many_edits_in_a_long_history() -> None:
    repairs, more = least_repairs(ASSISTANTS_RUN, ROUND * 500 + ["no_such"] * 2_000 + ROUND * 500, limit=1)
    assert (repairs[0].cost, repairs[0].history, more) == (2_000, tuple(ROUND * 1_000), True)


def test_a_ceiling_that_only_the_beginning_is_above_is_raised() -> None:
    """From d on 4 edits are enough, which is the first ceiling; what leads to d must be written too."""
    chain = lifecycle_of(
        {
            None: [To("to_a", "a", D)],
            "a": [To("to_b", "b", D)],
            "b": [To("to_c", "c", D)],
            "c": [To("to_d", "d", D)],
            "d": [To("stay", "d", D)],
        }
    )
    history = ["d"] * 20 + ["no_such"] * 4
    repairs, _ = least_repairs(chain, history, limit=1, fresh=True)
    kinds = [(edit.index, edit.kind) for edit in repairs[0].edits]
    assert kinds == [*((i, SUBSTITUTE) for i in range(3)), *((i, DELETE) for i in range(20, 24))]
    assert repairs[0].history == ("a", "b", "c", *["d"] * 17)


def test_scripts_that_give_one_result_are_not_walked_one_by_one() -> None:
    """20 of 40 equal statuses go: 137,846,528,820 scripts, and one result."""
    turns = lifecycle_of({None: [To("a", "a", D)], "a": [To("b", "b", D)], "b": [To("c", "c", D)], "c": []})
    repairs, more = least_repairs(turns, ["a", *["b"] * 41, "c"], limit=ALL, fresh=True, ended=True)
    assert ([edit.index for edit in repairs[0].edits], len(repairs), more) == ([*range(1, 41)], 1, False)


# --- the counterfactual -----------------------------------------------------------------------------------------------


def finding(code: str, severity: Severity | None = None) -> Finding:
    return Finding(code=code, severity=severity or CODES[code].severity, message="")


@pytest.mark.parametrize(
    ("codes", "decisive"),
    [
        ([], ()),
        (["RS104", "RS305"], ()),  # a note and a warning: it passes with every rule
        (["RS203"], ("RS203",)),
        (["RS203", "RS203", "RS305"], ("RS203",)),
        (["RS203", "RS101"], ()),
    ],
)
def test_the_one_rule_without_which_a_log_passes(codes: list[str], decisive: tuple[str, ...]) -> None:
    assert counterfactual(map(finding, codes)) == decisive


def test_strict_makes_a_note_decisive() -> None:
    assert counterfactual([finding("RS104", Severity.ERROR), finding("RS104")]) == ("RS104",)


@pytest.mark.parametrize("history", [["queued", "completed"], ["queued", "no_such"], ["completed", "queued"]])
def test_ignoring_the_decisive_code_leaves_no_error(history: list[str]) -> None:
    def errors(*ignore: str) -> list[Finding]:
        monitor = Monitor(ASSISTANTS_RUN, mode="stream", select=("RS1",), ignore=ignore)
        found = [finding for status in history for finding in monitor.feed({"id": "r", "status": status})]
        return [finding for finding in found if finding.severity is Severity.ERROR]

    (code,) = counterfactual(errors())
    assert errors(code) == []


# --- re-ordering ------------------------------------------------------------------------------------------------------


def inversions(order: Sequence[int]) -> int:
    return sum(first > second for first, second in itertools.combinations(order, 2))


@cache
def orders(length: int, window: int) -> tuple[tuple[int, ...], ...]:
    """Every order within the window, the least first."""
    permutations = itertools.permutations(range(length))
    near = [order for order in permutations if all(abs(index - place) <= window for place, index in enumerate(order))]
    return tuple(sorted(near, key=lambda order: (inversions(order), order)))


def brute_order(history: Sequence[str], window: int, legal: Legal) -> tuple[int, ...] | None:
    within = orders(len(history), window)
    return next((order for order in within if legal([history[index] for index in order])), None)


@pytest.mark.parametrize("reading", [{}, {"ended": True}, {"fresh": True, "sampled": True}])
@pytest.mark.parametrize("window", [1, 2, 4])
def test_every_order_of_five_statuses_of_a_job(window: int, reading: Reading) -> None:
    legal = judge(JOB, reading)
    for history in itertools.product(("waiting", "picked", "running", "done"), repeat=5):
        assert reorder(JOB, history, window, **reading) == brute_order(history, window, legal)


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@given(cases(longest=6), st.integers(0, 6))
def test_any_re_ordering_against_brute_force(case: tuple[Lifecycle, list[str], Reading], window: int) -> None:
    lifecycle, history, reading = case
    legal = judge(lifecycle, reading)
    assert reorder(lifecycle, history, window, **reading) == brute_order(history, window, legal)


LEGAL = ("queued", "in_progress", "requires_action", "queued", "in_progress", "completed")


@pytest.mark.parametrize("window", range(6))
@pytest.mark.parametrize("reading", [{}, {"fresh": True, "ended": True}, {"sampled": True, "ended": True}])
def test_every_order_of_a_resumed_run(window: int, reading: Reading) -> None:
    legal = judge(ASSISTANTS_RUN, reading)
    for history in sorted(set(itertools.permutations(LEGAL))):
        assert reorder(ASSISTANTS_RUN, history, window, **reading) == brute_order(history, window, legal)


@given(st.integers(0, 3), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_what_came_late_within_a_window_can_be_put_in_order(window: int, delays: list[int]) -> None:
    history = (*LEGAL[:3] * 3, *LEGAL[3:])
    arrival = sorted(range(len(history)), key=lambda index: index + min(delays[index], window))
    shuffled = [history[index] for index in arrival]
    order = reorder(ASSISTANTS_RUN, shuffled, window, fresh=True, ended=True)
    assert order is not None
    assert is_legal(ASSISTANTS_RUN, [shuffled[index] for index in order], fresh=True, ended=True)
    assert all(abs(index - place) <= window for place, index in enumerate(order))


def test_a_long_history_is_put_in_order() -> None:
    history = ROUND * 5_000
    for place in range(100, 15_000, 500):
        history[place : place + 3] = history[place + 1 : place + 3] + history[place : place + 1]
    order = reorder(ASSISTANTS_RUN, history, 2, fresh=True)
    assert order is not None
    assert [history[index] for index in order] == ROUND * 5_000
    assert reorder(ASSISTANTS_RUN, [*history, "no_such"], 2) is None


def test_nothing_moves_in_a_legal_history() -> None:
    assert reorder(ASSISTANTS_RUN, LEGAL, 5) == (0, 1, 2, 3, 4, 5)
    assert reorder(ASSISTANTS_RUN, [], 0) == ()


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        reorder(ASSISTANTS_RUN, [], -1)
