from __future__ import annotations

import random

import pytest

from runstate.conformance.monitor import Monitor
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.testing.asserts import IllegalHistory, assert_legal
from runstate.testing.coverage import TransitionCoverage
from runstate.testing.histories import history
from tests.testing.judging import BY_NAME, JOB, SWITCH, fed


def exercised(coverage: TransitionCoverage) -> set[tuple[str | None, str]]:
    return {(e.source, e.event) for e in coverage.lifecycle.transitions if coverage.count(e)}


def test_statuses_count_the_transitions_between_them() -> None:
    coverage = TransitionCoverage(ASSISTANTS_RUN)
    assert (coverage.percent, len(coverage.missing)) == (0, 20)
    coverage.add(["queued", "in_progress", "completed"])
    assert exercised(coverage) == {(None, "create"), ("queued", "start"), ("in_progress", "complete")}
    assert coverage.percent == pytest.approx(15)
    coverage.add(["in_progress", "requires_action"])
    assert (None, "create") in exercised(coverage)
    assert coverage.count(coverage.lifecycle.transitions[0]) == 1


def test_what_was_missed_or_illegal_is_not_counted() -> None:
    coverage = TransitionCoverage(ASSISTANTS_RUN)
    coverage.add(["queued", "completed"])
    assert exercised(coverage) == {(None, "create")}


def test_runs_count_as_a_monitor_knows_them() -> None:
    coverage = TransitionCoverage(ASSISTANTS_RUN)
    stream = history(ASSISTANTS_RUN, random.Random(1), complete=True).stream()
    for run in assert_legal(stream):
        coverage.add(run)
    assert exercised(coverage)
    of_jobs = TransitionCoverage(JOB)
    for run in assert_legal(stream):
        of_jobs.add(run)
    assert exercised(of_jobs) == set()


def test_a_faulty_step_is_not_counted() -> None:
    queued = {"id": "run_1", "status": "queued", "created_at": 100, "expires_at": 700}
    ended = {"id": "run_1", "status": "completed", "created_at": 100, "started_at": 101, "completed_at": 105}
    coverage = TransitionCoverage(ASSISTANTS_RUN)
    monitor = Monitor()  # assert_legal refuses such a log
    for one in (ended, queued):
        monitor.feed(one)
    for run in monitor.runs.values():
        coverage.add(run)
    assert exercised(coverage) == set()
    with pytest.raises(IllegalHistory):
        assert_legal([ended, queued])
    assert next(fed([ended], None)) == []


def test_loops_count_where_a_status_came_twice() -> None:
    coverage = TransitionCoverage(JOB)
    coverage.add(["working", "working"])
    assert exercised(coverage) == {("working", "beat")}


@pytest.mark.parametrize("name", BY_NAME)
def test_enough_histories_exercise_everything(name: str) -> None:
    coverage = TransitionCoverage(BY_NAME[name])
    for seed in range(400):
        coverage.add(history(BY_NAME[name], random.Random(seed)).statuses)
    assert (coverage.missing, coverage.percent) == ((), 100)


def test_the_report_lists_what_never_happened_last() -> None:
    coverage = TransitionCoverage(SWITCH)
    coverage.add(["off", "on"])
    assert list(coverage.lines()) == [
        "example.switch: 2 of 3 transitions, 67 %",
        "  (none) --make--> off  1 ×",
        "  off --on--> on        1 ×",
        "  on --off--> off       never",
    ]
    assert [line for line in TransitionCoverage(ASSISTANTS_RUN).lines() if line.endswith("(only inferred)")]


def test_counts_of_several_processes_are_added() -> None:
    one, other = TransitionCoverage(SWITCH), TransitionCoverage(SWITCH)
    one.add(["off", "on"])
    other.add(["on", "off"])
    other.add(["off", "on"])
    one.merge(other.plain())
    assert one.plain() == {">off": 2, "off>on": 2, "on>off": 1}
