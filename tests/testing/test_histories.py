"""Simulated histories are legal, whatever the lifecycle, and varied enough to be worth judging."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from runstate.conformance.findings import Severity
from runstate.conformance.watch import Verdict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.observations import read
from runstate.testing.asserts import assert_legal
from runstate.testing.edits import items_of
from runstate.testing.histories import DONE, History, history, record_class
from tests.testing.judging import BY_NAME, JOB, REOPENED, SWITCH, errors, fed

T = TypeVar("T")


class First:
    """Takes the first of whatever it is offered."""

    def randint(self, a: int, b: int) -> int:
        return a

    def choice(self, seq: Sequence[T]) -> T:
        return seq[0]


def some(lifecycle: Lifecycle, count: int, **more: Any) -> list[History]:
    return [history(lifecycle, random.Random(seed), number=seed + 1, **more) for seed in range(count)]


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("complete", [False, True])
def test_histories_are_legal_as_streams_and_as_polls(name: str, *, complete: bool) -> None:
    lifecycle = BY_NAME[name]
    for one in some(lifecycle, 60, complete=complete, parts=True):
        chooser = random.Random(len(one.steps))
        assert errors(one.stream(), lifecycle) == []
        assert errors(one.polls([chooser.randint(0, 2) for _ in one.steps]), lifecycle) == []
        if complete and lifecycle.terminal:
            assert one.complete


@pytest.mark.parametrize("name", BY_NAME)
def test_strict_histories_pass_a_strict_judge(name: str) -> None:
    for one in some(BY_NAME[name], 40, strict=True, parts=True):
        assert errors(one.stream(), BY_NAME[name], strict=True) == []
        assert errors(one.polls(), BY_NAME[name], strict=True) == []


@pytest.mark.parametrize("name", BY_NAME)
def test_every_transition_is_taken(name: str) -> None:
    taken = {(step.source, step.event) for one in some(BY_NAME[name], 400) for step in one.steps}
    assert taken == {(edge.source, edge.event) for edge in BY_NAME[name].transitions}


def test_the_same_choices_give_the_same_history() -> None:
    for seed in range(20):
        one, other = (history(ASSISTANTS_RUN, random.Random(seed), parts=True) for _ in range(2))
        assert one.stream() == other.stream()


def test_the_first_choices_give_the_shortest_history() -> None:
    assert history(ASSISTANTS_RUN, First()).statuses == (Status.QUEUED,)
    assert len(history(ASSISTANTS_RUN, First(), complete=True).steps) == 2


def test_an_assistants_stream_says_nothing_but_what_is_inferred() -> None:
    """No warning either: histories are those of a good server."""
    codes = Counter(
        finding.code
        for one in some(ASSISTANTS_RUN, 200, parts=True, complete=True)
        for findings in fed(one.stream(), None)
        for finding in findings
    )
    assert set(codes) == {"RS104"}


def test_streams_hold_everything_that_recorded_ones_do() -> None:
    events = Counter(
        item["event"] for one in some(ASSISTANTS_RUN, 400, parts=True, complete=True) for item in one.stream()
    )
    wanted = {
        "thread.created",
        "done",
        *(f"thread.run.{status}" for status in ("created", *(str(s) for s in Status))),
        *(f"thread.run.step.{word}" for word in ("created", "in_progress", "delta", "completed", "failed", "expired")),
        *(f"thread.message.{word}" for word in ("created", "in_progress", "delta", "completed", "incomplete")),
        "thread.run.step.cancelled",
    }
    assert set(events) == wanted


def test_a_resumed_leg_begins_with_the_end_of_the_step() -> None:
    streams = [one.stream() for one in some(ASSISTANTS_RUN, 200, parts=True, complete=True)]
    legs = 0
    for stream in streams:
        for before, after in pairwise(stream):
            if before == DONE:
                legs += 1
                assert after["event"].startswith(("thread.run.step.", "thread.run.cancelling"))
    assert legs > 10


def test_creation_is_announced_under_all_its_names() -> None:
    stream = history(ASSISTANTS_RUN, First(), complete=True).stream()
    assert [item["event"] for item in stream[:2]] == ["thread.run.created", "thread.run.queued"]
    assert stream[0]["data"] == stream[1]["data"]


def test_what_a_stream_does_not_tell_is_in_the_polls() -> None:
    one = next(one for one in some(JOB, 50) if "picked" in one.statuses)
    assert "picked" not in [item["data"]["status"] for item in one.stream()]
    assert "picked" in [item["status"] for item in one.polls()]


def test_polls_may_miss_and_repeat() -> None:
    one = next(one for one in some(ASSISTANTS_RUN, 50) if len(one.steps) == 3)
    statuses = [item["status"] for item in one.polls([0, 2])]
    assert statuses == [one.statuses[1], one.statuses[1], one.statuses[2]]
    assert one.polls([0, 0, 0]) == []


def test_events_without_a_name_are_bare_objects() -> None:
    assert all("event" not in item for one in some(SWITCH, 10) for item in one.stream())
    one = next(one for one in some(REOPENED, 50) if "emit" in [step.event for step in one.steps])
    assert any("event" not in item for item in one.stream())


@pytest.mark.parametrize("seed", range(5))
def test_logs_as_bytes_are_the_logs(seed: int) -> None:
    one = history(ASSISTANTS_RUN, random.Random(seed), parts=True, complete=True)
    for data in (one.sse(), one.jsonl()):
        assert json.dumps(items_of(read(data))) == json.dumps(one.stream())
        assert {run.verdict for run in assert_legal(data)} == {Verdict.COMPLETE}


def test_several_histories_are_told_apart_by_their_number() -> None:
    one, other = some(ASSISTANTS_RUN, 2)
    assert len(assert_legal([*one.stream(), *other.stream()])) == 2


def test_a_lifecycle_without_functions_for_its_guards_is_driven_all_the_same() -> None:
    assert record_class(REOPENED).__lifecycle__.guard_functions
    assert not REOPENED.guard_functions
    assert record_class(JOB).__lifecycle__ is JOB


def test_a_payload_of_ones_own_is_used() -> None:
    one = next(
        one
        for seed in range(99)
        if "held"
        in (one := history(JOB, random.Random(seed), payloads={"reason": lambda _record, _chooser: "lunch"})).statuses
    )
    assert "lunch" in [step.record.reason for step in one.steps]


def test_only_what_a_judge_would_say_of_a_good_server_is_said() -> None:
    for name, lifecycle in BY_NAME.items():
        for one in some(lifecycle, 60):
            said = {
                f.code for findings in fed(one.stream(), lifecycle) for f in findings if f.severity != Severity.NOTE
            }
            assert said <= {"RS413", "RS305"}, name
