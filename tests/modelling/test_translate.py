"""`translate`: whatever is legal in the source is legal in the target, or refused as data."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.engine import Change, apply, create
from runstate.errors import BadMapping, Untranslatable
from runstate.lifecycle import Basis
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Event
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mapping_check import check_mapping
from runstate.modelling.mappings import MAPPINGS
from runstate.modelling.translate import PROBLEMS, Seen, Translated, translate
from runstate.observations import Observation, read
from runstate.testing.histories import history
from tests.modelling.mapped import JOB, ONCE, PLAIN, judged, mapped, random_mappings
from tests.modelling.test_mapping import RIGHT

BY_NAME = {mapping.name: mapping for mapping in MAPPINGS.values()}
SAME: dict[str, str | None] = {status: status for status in JOB.statuses}
A2A = MAPPINGS["openai.assistants.run", "a2a.task"]
HOME = MAPPINGS["a2a.task", "openai.assistants.run"]


def legal(mapping: LifecycleMapping, statuses: tuple[str, ...]) -> bool:
    return all(
        any(edge.target == after for edge in mapping.target.legal(before))
        for before, after in pairwise((None, *statuses))
    )


# --- every declared mapping, any legal history ------------------------------------------------------------------------


def attempt(seen: Iterable[Any], mapping: LifecycleMapping) -> Translated | None:
    """The translation; None where it is refused for what the check has warned of."""
    try:
        return translate(seen, mapping)
    except Untranslatable as error:
        if error.problem not in {"reopened", "untold_end"} or check_mapping(mapping).translates_all:
            raise
        return None


def becomes_legal(mapping: LifecycleMapping, seed: int) -> None:
    chooser = random.Random(seed)
    one = history(mapping.source, chooser, complete=chooser.random() < 0.5)
    events = [step.event for step in one.steps]
    for count in mapping.source.counts:  # histories are made from the table alone, and may break a count
        if count.most is not None and sum(event in count.events for event in events) > count.most:
            return
    found = attempt([Seen(step.target, step.at, step.event) for step in one.steps], mapping)
    if found is None:
        return
    times = [change.at for change in found.changes]
    assert times == sorted(times)
    assert set(times) <= {step.at for step in one.steps}
    assert sorted({*found.origins, *found.dropped}) == list(range(len(one.steps)))
    assert legal(mapping, found.statuses)
    if found.changes:
        assert judged(found, chooser) == []
        assert (found.statuses[-1] in mapping.target.terminal) == one.complete


@pytest.mark.parametrize("name", BY_NAME)
def test_a_legal_history_becomes_one_that_drives_a_record_and_passes_the_judge(name: str) -> None:
    for seed in range(10):
        becomes_legal(BY_NAME[name], seed)


@pytest.mark.long
@pytest.mark.parametrize("name", BY_NAME)
def test_thousands_of_legal_histories_become_legal_ones(name: str) -> None:
    for seed in range(10, 2_000):
        becomes_legal(BY_NAME[name], seed)


@pytest.mark.parametrize("name", BY_NAME)
def test_what_was_seen_of_a_history_becomes_legal_too(name: str) -> None:
    """Statuses at random, some of them missed, some of them twice."""
    mapping = BY_NAME[name]
    for seed in range(15):
        chooser = random.Random(seed)
        one = history(mapping.source, chooser)
        seen = [(step.target, step.at) for step in one.steps for _ in range(chooser.randint(0, 2))]
        found = attempt(seen, mapping)
        if found is not None:
            assert legal(mapping, found.statuses)


@given(random_mappings(), st.randoms(use_true_random=False))
def test_a_mapping_of_any_lifecycles_translates_all_that_its_check_says(
    mapping: LifecycleMapping, chooser: random.Random
) -> None:
    walk: list[Seen] = []
    status: str | None = None
    while len(walk) < 8 and (edges := mapping.source.legal(status)):
        edge = chooser.choice(edges)
        walk.append(Seen(edge.target, float(len(walk)), edge.event))
        status = edge.target
    report = check_mapping(mapping)
    if report.errors:
        with pytest.raises(BadMapping) as caught:
            translate(walk, mapping)
        assert caught.value.problem == report.errors[0].code
        return
    found = attempt(walk, mapping)
    if found is not None:
        assert legal(mapping, found.statuses)


# --- what becomes of a history ----------------------------------------------------------------------------------------


def test_one_transition_becomes_several_at_its_time() -> None:
    found = translate([("TASK_STATE_SUBMITTED", 10.0), ("TASK_STATE_CANCELED", 12.5)], HOME)
    assert [(change.event, change.target, change.at) for change in found.changes] == [
        ("create", "queued", 10.0),
        ("cancel", "cancelling", 12.5),
        ("confirm_cancel", "cancelled", 12.5),
    ]
    assert (found.origins, found.dropped) == ((0, 1, 1), ())
    assert [change.basis == {Basis.INFERRED} for change in found.changes] == [False, True, False]


def test_what_has_no_counterpart_is_dropped_and_said_so() -> None:
    run = create(id="r", assistant_id="a", thread_id="t", at=100)
    cancelling = apply(run.run, Event.CANCEL, at=101)
    cancelled = apply(cancelling.run, Event.CONFIRM_CANCEL, at=102)
    found = translate([run.change, cancelling.change, cancelled.change], A2A)
    assert found.statuses == ("TASK_STATE_SUBMITTED", "TASK_STATE_CANCELED")
    assert (found.origins, found.dropped) == ((0, 2), (1,))
    assert {change.lifecycle for change in found.changes} == {"a2a.task"}


def test_a_status_that_comes_again_may_read_otherwise() -> None:
    seen = ["queued", "in_progress", "requires_action", "queued", "in_progress", "completed"]
    assert [status.removeprefix("TASK_STATE_") for status in translate(seen, A2A).statuses] == [
        "SUBMITTED", "WORKING", "INPUT_REQUIRED", "WORKING", "COMPLETED",
    ]  # fmt: skip


def test_what_was_missed_went_the_best_way() -> None:
    found = translate(["queued", "queued", "completed"], A2A)
    assert found.statuses == ("TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED")
    assert (found.origins, found.dropped) == ((0, 2, 2), (1,))
    assert translate(["new", "busy", "rest", "done"], mapped(JOB, JOB, SAME)).statuses[3:] == ("new", "busy", "done")


def test_no_way_passes_an_end_or_what_is_only_inferred_where_another_does_not() -> None:
    asked = MAPPINGS["mcp.tasks.ext", "openai.assistants.run"]
    found = translate(["working", "input_required", "completed"], asked)
    assert found.statuses == ("queued", "in_progress", "requires_action", "queued", "in_progress", "completed")


def test_times_never_decrease_and_unknown_ones_are_those_before() -> None:
    found = translate([Seen("queued"), Seen("in_progress", 7.0), Seen("requires_action", 5.0), Seen("completed")], A2A)
    assert [change.at for change in found.changes] == [0.0, 7.0, 7.0, 7.0, 7.0]


def test_observations_are_read_by_the_layout_of_their_lifecycle() -> None:
    log = b"".join(
        b'{"statusUpdate": {"taskId": "t1", "status": {"state": "TASK_STATE_%s", "timestamp": "1970-01-01T00:01:%dZ"}}}\n'
        % (state, second)
        for state, second in ((b"SUBMITTED", 10), (b"WORKING", 11), (b"WORKING", 12), (b"COMPLETED", 13))
    )
    found = translate(read(log + b'{"artifactUpdate": {"taskId": "t1"}}\n'), HOME)
    assert [(change.target, change.at) for change in found.changes] == [
        ("queued", 70.0),
        ("in_progress", 71.0),
        ("completed", 73.0),
    ]


def test_what_a_guard_forbids_is_no_history_but_more_may_have_been_missed() -> None:
    """A run that never started cannot complete while it is cancelled; polls may have missed the start."""
    same = mapped(ASSISTANTS_RUN, ASSISTANTS_RUN, {str(s): str(s) for s in ASSISTANTS_RUN.statuses})
    assert check_mapping(same).errors == ()
    steps = [Seen("queued", 1, "create"), Seen("cancelling", 2, "cancel"), Seen("completed", 3, "complete")]
    with pytest.raises(Untranslatable, match="illegal") as caught:
        translate(steps, same)
    assert (caught.value.index, len(caught.value.allowed)) == (2, 3)
    with pytest.raises(Untranslatable, match="illegal"):
        translate(["queued", "cancelling", "completed"], same)  # the target is at a place from which it cannot
    assert translate(["queued", "cancelling", "completed"], A2A).statuses[1:] == ("TASK_STATE_COMPLETED",)


def test_nothing_becomes_nothing() -> None:
    found = translate([], A2A)
    assert (found.changes, found.origins, found.dropped) == ((), (), ())


# --- refusals ---------------------------------------------------------------------------------------------------------

SILENT = MAPPINGS["temporal.workflow", "openai.assistants.run"]
FINAL = MAPPINGS["airflow.dagrun", "openai.assistants.run"]
TWO = [Observation(value={"id": run, "status": "queued", "object": "thread.run"}) for run in ("a", "b")]

REFUSED = [
    (["queued", "asleep"], A2A, "unknown_status", 1, "asleep"),
    (["completed", "queued"], A2A, "illegal", 1, "queued"),
    ([Seen("in_progress", 1.0, "start")], A2A, "illegal", 0, "--start--> in_progress"),
    ([Seen("queued", 1.0, "create"), Seen("completed", 2.0, "complete")], A2A, "illegal", 1, "--complete--> completed"),
    ([Seen("queued", 1.0, "start")], A2A, "illegal", 0, "--start--> queued"),
    (["RUNNING", "CONTINUED_AS_NEW"], SILENT, "untold_end", 1, "CONTINUED_AS_NEW"),
    (["queued", "failed", "running"], FINAL, "reopened", 2, "running"),
    (TWO, A2A, "several_runs", 1, "b"),
]


@pytest.mark.parametrize(("seen", "mapping", "problem", "index", "shown"), REFUSED)
def test_a_refusal_says_where_and_why(
    seen: list[Seen | str], mapping: LifecycleMapping, problem: str, index: int, shown: str
) -> None:
    with pytest.raises(Untranslatable) as caught:
        translate(seen, mapping)
    error = caught.value
    assert (error.problem, error.index, error.seen) == (problem, index, shown)
    assert problem in str(error)
    assert error.reason
    if problem == "unknown_status":
        assert error.allowed == tuple(map(str, mapping.source.statuses))


def test_every_problem_is_provoked() -> None:
    assert {problem for _, _, problem, _, _ in REFUSED} == set(PROBLEMS)


def test_a_change_of_another_lifecycle_is_none_of_the_source() -> None:
    change = Change(lifecycle="x", event="to_new", source=None, target="new", at=1.0, basis=frozenset(Basis))
    with pytest.raises(Untranslatable, match="unknown_status"):
        translate([change], A2A)


def test_a_wrong_mapping_translates_nothing() -> None:
    with pytest.raises(BadMapping, match="For instance: new, busy, done") as caught:
        translate([], mapped(JOB, PLAIN, RIGHT | {"done": "open"}))
    assert caught.value.history == ("new", "busy", "done")


def test_a_count_of_the_target_is_kept() -> None:
    mapping = mapped(JOB, ONCE, {"new": "made|going", "busy": "going", "rest": None, "done": "over", "lost": "over"})
    found = translate(["new", "busy", "rest", "new", "busy", "rest", "new", "busy", "done"], mapping)
    assert found.statuses == ("made", "going", "made", "going", "over")
