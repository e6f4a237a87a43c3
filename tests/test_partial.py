"""Partial observation: what is assumed of a log, and the AG-UI logs that the monitor tells by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate import Assume, Monitor, Verdict
from runstate.conformance.check import check_bytes

WALKS = (
    "created queued in_progress completed",
    "created queued in_progress requires_action queued in_progress completed",
    "created queued in_progress cancelling cancelled",
    "created queued in_progress failed",
)


def event(name: str, at: int, started: int | None) -> dict[str, Any]:
    """One event of a run that is legal wherever its status is."""
    status = "queued" if name == "created" else name
    live = status in {"queued", "in_progress", "requires_action", "cancelling"}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    data: dict[str, Any] = {
        "id": "run_1",
        "object": "thread.run",
        "status": status,
        "created_at": 1,
        "started_at": started,
        "expires_at": 601 if live else None,
        "required_action": None,
    }
    if status == "requires_action":
        data["required_action"] = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    stamp = {"completed": "completed_at", "cancelled": "cancelled_at", "failed": "failed_at"}.get(status)
    if stamp is not None:
        data[stamp] = at
    if status == "failed":
        data["last_error"] = {"code": "server_error", "message": "no"}
    return {"event": f"thread.run.{name}", "data": data}


def events(walk: str) -> list[dict[str, Any]]:
    def made() -> Iterator[dict[str, Any]]:
        started = None
        for at, name in enumerate(walk.split(), 1):
            started = at if name == "in_progress" else started
            yield event(name, at, started)

    return list(made())


def codes(seen: list[dict[str, Any]], assume: Assume) -> list[str]:
    monitor = Monitor(assume=assume)
    found = [finding.code for one in seen for finding in monitor.feed(one)]
    return found + [finding.code for finding in monitor.close()]


def moved(order: tuple[int, ...]) -> int:
    """By how many places the event that moved most came late."""
    return max(place - index for place, index in enumerate(order))


@pytest.mark.parametrize("walk", WALKS)
def test_events_that_come_late_within_the_window_are_put_in_order(walk: str) -> None:
    """Every order in which no event is more than two places late."""
    seen = events(walk)
    orders = [order for order in permutations(range(len(seen))) if moved(order) <= 2]
    assert len(orders) >= 18
    kept = [order for order in orders if codes([seen[i] for i in order], Assume(window=2))]
    assert kept == []


@pytest.mark.parametrize("walk", WALKS)
def test_without_a_window_the_same_orders_are_found_out(walk: str) -> None:
    seen = events(walk)
    swapped = [*seen[:-2], seen[-1], seen[-2]]
    assert codes(swapped, Assume()) != []
    assert codes(swapped, Assume(window=1)) == []


def test_an_event_later_than_the_window_is_a_fault() -> None:
    first, *rest = events(WALKS[0])
    assert codes([*rest, first], Assume(window=2)) != []


def test_a_window_never_hides_a_restart() -> None:
    seen = [*events(WALKS[0]), event("in_progress", 9, 9)]
    assert {"RS102", "RS105"} & set(codes(seen, Assume(window=3)))  # in whichever order: it is once too often


def test_an_event_that_arrives_twice_counts_once_where_that_is_assumed() -> None:
    seen = [one for one in events(WALKS[1]) for _ in range(2)]
    assert codes(seen, Assume(duplicates=True)) == []
    assert codes(seen, Assume()) != []


@given(st.sampled_from(WALKS), st.data())
def test_lost_events_are_no_fault_where_they_are_assumed(walk: str, data: st.DataObject) -> None:
    seen = events(walk)
    kept = [one for one in seen if data.draw(st.booleans())]
    # RS413: the end may be among the lost ones; RS104: from queued only an inferred step leads to cancelling at once
    assert set(codes(kept, Assume(lost=True))) <= {"RS413", "RS104"}


def test_lost_events_do_not_excuse_what_no_path_allows() -> None:
    seen = events(WALKS[0])
    assert "RS102" in codes([*seen, seen[2]], Assume(lost=True))


def test_clocks_may_differ_by_what_is_assumed_and_no_more() -> None:
    seen = events(WALKS[0])
    seen[-1]["data"]["completed_at"] = 1  # started at 3
    assert [codes(seen, Assume(skew=skew)) for skew in (2, 1)] == [[], ["RS301"]]


def test_what_was_seen_from_the_middle_on_is_judged_from_there() -> None:
    monitor = Monitor()
    for one in events(WALKS[1])[3:]:
        assert monitor.feed(one) == []
    run = monitor.run("run_1")
    assert run is not None
    assert (run.whole, run.verdict) == (False, Verdict.COMPLETE)


def test_every_prefix_has_a_verdict_and_says_what_may_come_next() -> None:
    monitor = Monitor()
    seen: list[tuple[str, tuple[str, ...]]] = []
    for one in events(WALKS[0]):
        monitor.feed(one)
        run = monitor.run("run_1")
        assert run is not None
        seen.append((monitor.verdict("run_1").value, run.next[:2]))
    assert seen == [
        ("open", ("in_progress", "failed")),
        ("open", ("in_progress", "failed")),
        ("open", ("requires_action", "completed")),
        ("complete", ()),
    ]
    assert monitor.verdict("run_2") is Verdict.UNKNOWN


# --- AG-UI ------------------------------------------------------------------------------------------------------------

AGUI = (
    '{"type":"RUN_STARTED","threadId":"t","runId":"r","timestamp":1000}',
    '{"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"f"}',
    '{"type":"TOOL_CALL_END","toolCallId":"c"}',
    '{"type":"RUN_FINISHED","threadId":"t","runId":"r","timestamp":3500}',
)


def agui(*lines: str) -> tuple[list[tuple[int | None, str]], list[str]]:
    judged = check_bytes("\n".join(lines).encode())
    runs = judged.runs
    found = [(f.line, f.code) for run in runs for f in run.findings] + [(f.line, f.code) for f in judged.loose]
    return found, [run.verdict.value for run in runs]


def test_a_log_of_agui_events_is_recognised() -> None:
    judged = check_bytes("\n".join(AGUI).encode())
    assert judged.monitor.recognised is not None
    assert (judged.monitor.recognised.name, agui(*AGUI)) == ("agui.run", ([], ["complete"]))


def test_the_same_as_server_sent_events() -> None:
    data = "".join(f"data: {line}\n\n" for line in AGUI).encode()
    assert [run.verdict.value for run in check_bytes(data).runs] == ["complete"]


def test_faults_of_agui_stand_at_their_line() -> None:
    assert agui(*AGUI[:2], AGUI[3]) == ([(3, "RS426")], ["illegal"])
    assert agui(AGUI[1]) == ([(1, "RS121"), (1, "RS125")], ["illegal"])


def test_an_agui_stream_that_breaks_off_is_a_warning() -> None:
    assert agui(*AGUI[:2]) == ([(2, "RS125")], ["open"])


def test_one_stream_carries_runs_one_after_the_other() -> None:
    second = [line.replace('"r"', '"r2"') for line in AGUI]
    assert agui(*AGUI, *second) == ([], ["complete", "complete"])
    assert agui(*AGUI, *AGUI) == ([], ["complete", "complete"])  # the same id again
