"""Covers reach every goal, can be walked by the engine, and have no path too many."""

from __future__ import annotations

import random
from itertools import pairwise

import attrs
import pytest

from runstate import ASSISTANTS_RUN, CATALOGUE, Basis, Lifecycle
from runstate.lifecycle import Effects, FieldKind, Row, To, Verb, is_set
from runstate.modelling.covers import (
    Cover,
    Path,
    count_simple_paths,
    pair_cover,
    refusals,
    simple_paths,
    transition_cover,
)
from runstate.testing.histories import history
from tests import oracle

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key
EVERY = pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=str)

# The door opens only with a key, which only one of two ways in brings; nothing brings the crown.
DOOR = Lifecycle(
    name="example.door",
    initial={"shut"},
    terminal={"open", "crowned"},
    rows=(
        Row(None, To("build", "shut", D)),
        Row("shut", To("find", "keyed", D), To("wait", "bored", D)),
        Row("keyed", To("wait", "bored", D)),
        Row(
            "bored", To("enter", "open", D, guards=[is_set("key")]), To("crown", "crowned", D, guards=[is_set("crown")])
        ),
        Row("open"),
        Row("crowned"),
    ),
    verbs=(
        Verb("build"),
        Verb("find", does=Effects(takes={"key": "key"})),
        Verb("wait"),
        Verb("enter"),
        Verb("crown"),
    ),
    fields={"key": FieldKind.VALUE, "crown": FieldKind.VALUE},
)

Goals = set[tuple[tuple[str | None, str], ...]]


def walked(path: Path, length: int) -> Goals:
    """Every so many steps in a row of a path."""
    steps = [(step.source, step.event) for step in path.steps]
    return {tuple(steps[at : at + length]) for at in range(len(steps) - length + 1)}


def goals_of(cover: Cover) -> Goals:
    return {tuple((step.source, step.event) for step in goal) for goal in cover.goals}


def length_of(cover: Cover) -> int:
    return 1 if cover.kind == "transitions" else 2


def assert_is_a_walk(lifecycle: Lifecycle, path: Path, *, strict: bool = False) -> None:
    """By the table alone: from creation on, each step where the one before ended."""
    assert path.steps[0].source is None
    assert all(first.target == then.source for first, then in pairwise(path.steps))
    for step in path.steps:
        edge = lifecycle.transition(step.source, step.event)
        assert edge is not None
        assert edge.target == step.target
        assert not (strict and edge.inferred_only)
        assert (step.needs, step.may_take) == (tuple(edge.does.takes), tuple(edge.does.may_take))


@EVERY
@pytest.mark.parametrize("make", [transition_cover, pair_cover])
@pytest.mark.parametrize("strict", [False, True])
def test_a_cover_reaches_every_goal_and_no_path_can_be_left_out(
    lifecycle: Lifecycle, make: object, strict: bool
) -> None:
    cover: Cover = make(lifecycle, strict=strict)  # type: ignore[operator]
    each = [walked(path, length_of(cover)) for path in cover.paths]
    for path in cover.paths:
        assert_is_a_walk(lifecycle, path, strict=strict)
    assert set().union(*each) == goals_of(cover)
    for index, own in enumerate(each):
        assert own - set().union(*each[:index], *each[index + 1 :])
    assert cover.least_paths <= len(cover.paths)
    assert cover.least_steps <= cover.steps


@EVERY
def test_the_goals_are_those_of_the_table(lifecycle: Lifecycle) -> None:
    """No guard of the catalogue makes a transition or a pair impossible."""
    edges = {((edge.source, str(edge.event)),) for edge in lifecycle.transitions}
    pairs = {
        ((first.source, str(first.event)), (then.source, str(then.event)))
        for first in lifecycle.transitions
        for then in lifecycle.transitions
        if first.target == then.source
    }
    assert goals_of(transition_cover(lifecycle)) == edges
    assert goals_of(pair_cover(lifecycle)) == pairs
    assert transition_cover(lifecycle).unreachable == pair_cover(lifecycle).unreachable == ()


def test_what_histories_do_is_among_the_goals() -> None:
    goals = goals_of(pair_cover(ASSISTANTS_RUN))
    seen: Goals = set()
    for seed in range(200):
        steps = [(step.source, step.event) for step in history(ASSISTANTS_RUN, random.Random(seed)).steps]
        seen |= set(pairwise(steps))
    assert seen <= goals
    assert len(seen) > len(goals) * 0.7


def test_the_same_lifecycle_gives_the_same_cover() -> None:
    assert pair_cover(attrs.evolve(ASSISTANTS_RUN)) == pair_cover(ASSISTANTS_RUN)


def test_the_assistant_run_needs_so_many_runs_and_steps() -> None:
    transitions, pairs = transition_cover(ASSISTANTS_RUN), pair_cover(ASSISTANTS_RUN)
    assert (len(transitions.paths), transitions.least_paths, transitions.steps) == (13, 13, 45)
    assert (len(pairs.paths), pairs.least_paths, pairs.steps) == (25, 25, 103)


def test_most_covers_of_the_catalogue_have_the_fewest_paths_there_can_be() -> None:
    fewest = {
        make.__name__: sum(len(cover.paths) == cover.least_paths for cover in map(make, CATALOGUE.values()))
        for make in (transition_cover, pair_cover)
    }
    assert fewest == {"transition_cover": 49, "pair_cover": 49}


def test_a_guard_is_obeyed_on_the_way() -> None:
    cover = transition_cover(DOOR)
    assert [[str(step) for step in goal] for goal in cover.unreachable] == [["bored --crown--> crowned"]]
    (entering,) = [path for path in cover.paths if path.events[-1] == "enter"]
    assert "find" in entering.events
    pairs = {" | ".join(map(str, goal)) for goal in pair_cover(DOOR).unreachable}
    assert pairs == {
        "shut --wait--> bored | bored --enter--> open",  # nobody has found the key
        "shut --wait--> bored | bored --crown--> crowned",
        "keyed --wait--> bored | bored --crown--> crowned",
    }
    assert [path.statuses for path in simple_paths(DOOR)] == [("shut", "keyed", "bored", "open")]
    assert count_simple_paths(DOOR) == 1


def test_a_path_that_a_later_one_makes_needless_is_left_out() -> None:
    """The first way to the door is shorter, and leads nowhere without the key that the second one brings."""
    hall = Lifecycle(
        name="example.hall",
        initial={"hall"},
        terminal={"inside"},
        rows=(
            Row(None, To("arrive", "hall", D)),
            Row("hall", To("walk", "door", D), To("search", "cellar", D)),
            Row("cellar", To("return", "hall", D)),
            Row("door", To("enter", "inside", D, guards=[is_set("key")])),
            Row("inside"),
        ),
        verbs=(
            Verb("arrive"),
            Verb("walk"),
            Verb("search"),
            Verb("return", does=Effects(takes={"key": "key"})),
            Verb("enter"),
        ),
        fields={"key": FieldKind.VALUE},
    )
    (path,) = transition_cover(hall).paths
    assert path.events == ("arrive", "search", "return", "walk", "enter")


def test_a_run_that_was_cancelled_before_it_started_is_not_taken_to_completion() -> None:
    assert not any(path.events == ("create", "cancel", "complete") for path in simple_paths(ASSISTANTS_RUN))
    assert any(path.events == ("create", "start", "cancel", "complete") for path in simple_paths(ASSISTANTS_RUN))


def test_a_step_says_what_it_needs() -> None:
    steps = {step.event: step for path in transition_cover(ASSISTANTS_RUN).paths for step in path.steps}
    assert (steps["fail"].needs, steps["fail"].may_take) == (("last_error",), ("usage",))
    assert steps["expire"].waits == ("expires_at",)
    assert steps["submit_tool_outputs"].guards == ("outputs_cover_every_tool_call",)
    assert {step.guards for path in transition_cover(ASSISTANTS_RUN).paths for step in path.steps
            if (step.source, step.event) == ("cancelling", "complete")} == {("started_at is set",)}  # fmt: skip


# --- simple paths -----------------------------------------------------------------------------------------------------


def brute(lifecycle: Lifecycle, events: tuple[str, ...], statuses: tuple[str, ...]) -> set[tuple[str, ...]]:
    """All simple paths by the table, guards aside."""
    if statuses and statuses[-1] in lifecycle.terminal:
        return {events}
    found: set[tuple[str, ...]] = set()
    for edge in lifecycle.legal(statuses[-1] if statuses else None):
        if edge.target not in statuses:
            found |= brute(lifecycle, (*events, str(edge.event)), (*statuses, str(edge.target)))
    return found


@EVERY
def test_simple_paths_are_all_there_are_and_are_counted_without_being_made(lifecycle: Lifecycle) -> None:
    paths = list(simple_paths(lifecycle))
    for path in paths:
        assert_is_a_walk(lifecycle, path)
        assert len(set(path.statuses)) == len(path.statuses)
        assert [status in lifecycle.terminal for status in path.statuses].index(True) == len(path.steps) - 1
    events = {path.events for path in paths}
    assert len(events) == len(paths) == count_simple_paths(lifecycle)
    every = brute(lifecycle, (), ())
    assert events <= every
    guarded = any(guard.kind != "named" for edge in lifecycle.transitions for guard in edge.guards)
    assert guarded or events == every


def ladder(rungs: int) -> Lifecycle:
    """Two ways from each rung to the next: 2 ** rungs paths."""
    names = [f"s{number}" for number in range(rungs + 1)]
    rows = [Row(None, To("begin", "s0", D))]
    rows += [Row(f"s{n}", To(f"left{n}", f"s{n + 1}", D), To(f"right{n}", f"s{n + 1}", D)) for n in range(rungs)]
    verbs = [Verb("begin"), *(Verb(f"{side}{n}") for n in range(rungs) for side in ("left", "right"))]
    return Lifecycle(
        name="example.ladder", initial={"s0"}, terminal={names[-1]}, rows=[*rows, Row(names[-1])], verbs=verbs
    )


def test_many_paths_are_counted_at_once_and_given_one_at_a_time() -> None:
    lifecycle = ladder(60)
    assert count_simple_paths(lifecycle) == 2**60
    assert len(next(simple_paths(lifecycle)).steps) == 61
    cover = pair_cover(lifecycle)
    assert len(cover.goals) == 2 + 4 * 59
    assert len(cover.paths) == cover.least_paths == 4


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_the_refusals_are_the_empty_cells_of_the_oracle() -> None:
    found = {(one.status, one.event) for one in refusals(ASSISTANTS_RUN)}
    assert found == {cell for cell, target in oracle.CELLS.items() if target is None}
    strict = {(one.status, one.event) for one in refusals(ASSISTANTS_RUN, strict=True)}
    assert strict == found | oracle.INFERRED


@EVERY
def test_each_refusal_comes_after_a_shortest_path(lifecycle: Lifecycle) -> None:
    for one in refusals(lifecycle):
        assert_is_a_walk(lifecycle, one.path)
        assert one.path.statuses[-1] == one.status
        shortest = lifecycle.path(None, one.status)
        assert shortest is not None
        assert len(one.path.steps) == len(shortest)
        assert lifecycle.answered(one.status, one.event) is None
        assert any(edge.event == one.event and edge.source is not None for edge in lifecycle.transitions)


def test_a_request_that_is_answered_is_not_refused() -> None:
    lifecycle = CATALOGUE["prefect.flow_run"]
    (answer,) = lifecycle.answers
    assert (answer.source, answer.asked) not in {(one.status, one.event) for one in refusals(lifecycle)}
