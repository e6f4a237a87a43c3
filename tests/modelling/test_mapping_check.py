"""`check_mapping`: each fault with a shortest history that shows it, each loss, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from runstate.conformance.findings import Severity
from runstate.errors import BadMapping
from runstate.lifecycle import Count, Lifecycle
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.openai_batch import OPENAI_BATCH
from runstate.lifecycles.temporal_workflow import TEMPORAL_WORKFLOW
from runstate.modelling.mapping import PROBLEMS, LifecycleMapping
from runstate.modelling.mapping_check import Loss, MappingProblem, check_mapping, round_trip, sound
from runstate.modelling.mapping_draft import draft_mapping
from runstate.modelling.mappings import MAPPINGS
from tests.modelling.mapped import JOB, ONCE, PLAIN, mapped, random_mappings, table
from tests.modelling.test_mapping import RIGHT


def shown(problems: tuple[MappingProblem, ...]) -> list[tuple[str, str, str]]:
    return [(one.code, " ".join(one.statuses), " ".join(one.history)) for one in problems]


def test_a_right_mapping_has_losses_only() -> None:
    report = check_mapping(mapped(JOB, PLAIN, RIGHT))
    assert report.errors == ()
    assert report.translates_all
    assert not report.total
    assert shown(report.problems) == [
        ("untold", "rest", ""),
        ("merged", "new busy", ""),
        ("vanishes", "new busy", ""),
        ("vanishes", "rest new", ""),
    ]
    assert [image.kind for image in report.images] == [
        "kept", "vanishes", "untold", "kept", "kept", "vanishes", "kept",
    ]  # fmt: skip
    assert sound(report.mapping) is report


SWITCH = table("test.switch", {None: "off", "off": "on", "on": "off end", "end": "off!"})

CASES: dict[str, tuple[LifecycleMapping, tuple[str, str, str]]] = {
    "live_ends": (mapped(JOB, PLAIN, RIGHT | {"rest": "gone"}), ("live_ends", "rest", "new busy rest")),
    "end_lives": (mapped(JOB, PLAIN, RIGHT | {"done": "open"}), ("end_lives", "done", "new busy done")),
    "otherwise": (mapped(JOB, PLAIN, RIGHT | {"new": "open|gone"}), ("live_ends", "new", "new")),
    "permuted": (
        mapped(JOB, JOB, {"new": "rest", "busy": "new", "rest": "busy", "done": "done", "lost": "lost"}),
        ("", "", ""),
    ),
    "reopening": (mapped(SWITCH, PLAIN, {"off": "open", "on": "open", "end": "shut"}), ("no_path", "end off", "off on end off")),
    "count": (mapped(JOB, ONCE, {"new": "made", "busy": "going", "rest": None, "done": "over", "lost": "over"}), (
        "no_path", "rest new", "new busy rest new busy rest new")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_fault_comes_with_a_shortest_history(name: str) -> None:
    mapping, wanted = CASES[name]
    report = check_mapping(mapping)
    if not wanted[0]:
        assert report.errors == ()
        return
    assert wanted in shown(report.errors)
    with pytest.raises(BadMapping) as caught:
        sound(mapping)
    first = report.errors[0]
    assert (caught.value.problem, caught.value.history, caught.value.seen) == (
        first.code,
        first.history,
        list(first.statuses),
    )


def test_of_two_ways_the_shorter_one_is_shown() -> None:
    fork = table("test.fork", {None: "a", "a": "b c", "b": "d", "c": "x", "x": "d", "d": "end", "end": ""})
    live: dict[str, str | None] = dict.fromkeys("abcx", "open")
    report = check_mapping(mapped(fork, PLAIN, live | {"d": "gone", "end": "gone"}))
    assert shown(report.errors) == [("live_ends", "d", "a b d")]


def test_a_run_that_ends_before_a_count_is_met_is_a_fault() -> None:
    target = table("test.signed", {None: "a", "a": "b z", "b": "z", "z": ""}, counts=[Count(events="to_b", least=1)])
    report = check_mapping(mapped(PLAIN, target, {"open": "a", "shut": "z", "gone": "z"}))
    assert shown(report.errors) == [("count", "shut", "open shut"), ("count", "gone", "open gone")]
    assert check_mapping(mapped(PLAIN, target, {"open": "b", "shut": "z", "gone": "z"})).errors == ()


def test_a_guard_of_the_target_is_asked() -> None:
    """A batch that is cancelled while it is validated may complete; a run that never started may not."""
    names = {"validating": "queued", "finalizing": "in_progress"}
    statuses = {str(s): names.get(str(s), str(s)) for s in OPENAI_BATCH.statuses}
    report = check_mapping(mapped(OPENAI_BATCH, ASSISTANTS_RUN, dict(statuses)))
    assert ("no_path", "cancelling completed", "validating cancelling completed") in shown(report.errors)


def test_outcomes_are_kept_or_say_less_never_other_or_more() -> None:
    def told(end: str, reading: str) -> list[tuple[str, str]]:
        draft = draft_mapping(ASSISTANTS_RUN, TEMPORAL_WORKFLOW)
        statuses = {str(s): draft.image(s) for s in ASSISTANTS_RUN.statuses} | {end: reading}
        problems = check_mapping(mapped(ASSISTANTS_RUN, TEMPORAL_WORKFLOW, statuses)).problems
        return [
            (p.code, p.severity.value) for p in problems if p.code in {"outcome", "coarser"} and p.statuses == (end,)
        ]

    assert told("failed", "FAILED") == []
    assert told("cancelled", "TERMINATED") == []
    assert told("incomplete", "FAILED") == [("coarser", "note")]
    assert told("expired", "FAILED") == [("outcome", "error")]  # TIMED_OUT would say it
    assert told("failed", "COMPLETED") == [("outcome", "error")]
    assert told("completed", "CONTINUED_AS_NEW") == [("outcome", "error")]


def test_every_code_of_a_report_is_provoked() -> None:
    """By the mappings that ship, by the wrong ones above, or when one is built (see test_mapping)."""
    reports = [check_mapping(one) for one in (*MAPPINGS.values(), *(mapping for mapping, _ in CASES.values()))]
    codes = {problem.code for report in reports for problem in report.problems}
    assert set(PROBLEMS) - codes == {"unknown_status", "missing_status", "no_basis", "outcome", "count"}


def test_round_trips_list_what_does_not_come_home() -> None:
    there = mapped(JOB, PLAIN, RIGHT)
    back = mapped(PLAIN, JOB, {"open": "busy", "shut": "done", "gone": None})
    assert round_trip(there, back) == (
        Loss("new", "open", "busy"),
        Loss("rest", None, None),
        Loss("lost", "gone", None),
    )
    with pytest.raises(BadMapping, match="does not lead back"):
        round_trip(there, there)


def test_of_finds_problems_by_their_code() -> None:
    report = check_mapping(mapped(JOB, PLAIN, RIGHT))
    assert [one.code for code in PROBLEMS for one in report.of(code)] == ["untold", "merged", "vanishes", "vanishes"]


# --- against an independent reading: every walk of the source, one after the other ------------------------------------


def walks(lifecycle: Lifecycle, most: int, *, reopens: bool) -> Iterator[tuple[str, ...]]:
    """Every legal history of up to so many statuses, shorter ones first."""
    layer: list[tuple[str, ...]] = [()]
    for _ in range(most):
        layer = [
            (*walk, edge.target)
            for walk in layer
            for edge in lifecycle.legal(walk[-1] if walk else None)
            if reopens or not edge.reopens
        ]
        yield from dict.fromkeys(layer)


def leads(lifecycle: Lifecycle, source: str | None, goal: str) -> bool:
    """Whether some path leads there that passes no end."""
    seen: set[str] = set()
    waiting: list[str | None] = [source]
    while waiting:
        for edge in lifecycle.legal(waiting.pop()):
            if edge.target == goal:
                return True
            if edge.target not in seen and edge.target not in lifecycle.terminal:
                seen.add(edge.target)
                waiting.append(edge.target)
    return False


def reads(mapping: LifecycleMapping, walk: tuple[str, ...]) -> bool:
    """Whether a history has an image, judged by statuses alone."""
    at: str | None = None
    for status in walk:
        readings = mapping.statuses[status].readings
        if readings:
            found = next((one for one in readings if one == at or leads(mapping.target, at, one)), None)
            if found is None:
                return False
            at = found
    return True


@given(random_mappings())
def test_the_check_agrees_with_walking_every_history(mapping: LifecycleMapping) -> None:
    report = check_mapping(mapping)
    faults = report.of("no_path")
    first = min((len(fault.history) for fault in faults), default=None)
    for fault in faults:
        assert not reads(mapping, fault.history)
    for walk in walks(mapping.source, 4, reopens=mapping.reopens):
        if not reads(mapping, walk):
            assert first is not None
            assert first <= len(walk)
            break
    else:
        assert first is None or first > 4


@given(random_mappings())
def test_ends_stay_ends_or_the_mapping_is_wrong(mapping: LifecycleMapping) -> None:
    report = check_mapping(mapping)
    wrong = {one.statuses[0] for one in report.errors if one.code in {"live_ends", "end_lives"}}
    reached = {status for walk in walks(mapping.source, 5, reopens=mapping.reopens) for status in walk}
    for status in reached:
        readings = mapping.statuses[status].readings
        kinds = {reading in mapping.target.terminal for reading in readings}
        assert (status in wrong) == bool(kinds - {status in mapping.source.terminal})
    assert [one.severity for one in report.problems] == sorted(
        (one.severity for one in report.problems), key=list(Severity).index
    )
