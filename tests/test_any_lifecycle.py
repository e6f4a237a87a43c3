"""The judge on logs of other protocols: where id, status, event and times stand is data of the lifecycle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runstate import CATALOGUE, Monitor
from runstate.conformance.check import check_bytes


def status_update(state: str, second: int) -> dict[str, Any]:
    status = {"state": f"TASK_STATE_{state}", "timestamp": f"2026-01-01T00:00:{second:02}Z"}
    return {"statusUpdate": {"taskId": "task_1", "contextId": "ctx_1", "status": status}}


def codes(name: str, *seen: dict[str, Any]) -> list[str]:
    monitor = Monitor(CATALOGUE[name])
    return [finding.code for one in seen for finding in monitor.feed(one)]


def test_a_status_within_an_object_within_a_wrapper_is_found() -> None:
    assert (
        codes("a2a.task", status_update("SUBMITTED", 0), status_update("WORKING", 1), status_update("COMPLETED", 2))
        == []
    )


def test_a_restart_is_found_there_too() -> None:
    seen = codes(
        "a2a.task", status_update("WORKING", 1), status_update("REJECTED", 2), status_update("INPUT_REQUIRED", 3)
    )
    assert seen == ["RS102"]


def test_a_status_that_only_the_event_tells_is_judged_without_the_rules_on_fields() -> None:
    history = [
        {"eventType": f"EVENT_TYPE_WORKFLOW_EXECUTION_{word}", "eventId": n}
        for n, word in enumerate(("STARTED", "COMPLETED", "FAILED"), 1)
    ]
    assert codes("temporal.workflow", *history) == ["RS102"]


def test_what_says_nothing_of_a_run_is_said_so() -> None:
    assert codes("a2a.task", {"level": "info"}) == ["RS502"]


@pytest.mark.parametrize(
    ("file", "name", "verdicts"),
    [
        (
            "openai_responses_stream__test_background_mode_streaming_vcr_1.jsonl",
            "openai.responses.response",
            ["complete"],
        ),
        ("temporal_history__tools-workflow-history.jsonl", "temporal.workflow", ["complete"]),
        ("a2a_sdk__input_required_then_complete.jsonl", "a2a.task", ["complete"]),
        ("a2a_sdk__rejected.jsonl", "a2a.task", ["complete"]),
    ],
)
def test_recorded_logs_of_other_protocols_are_read_as_they_are(
    recordings: Path, file: str, name: str, verdicts: list[str]
) -> None:
    _, _, log = (recordings / "protocols" / file).read_bytes().partition(b"\n")  # without the line about the recording
    judged = check_bytes(log, monitor=Monitor(CATALOGUE[name]))
    assert [run.verdict.value for run in judged.runs] == verdicts
    assert [finding.code for run in judged.runs for finding in run.findings if finding.severity.value == "error"] == []


def test_an_asynchronous_stream_is_watched_as_it_passes() -> None:
    seen = [status_update("WORKING", 1), status_update("REJECTED", 2), status_update("WORKING", 3)]

    async def stream() -> AsyncIterator[dict[str, Any]]:
        for one in seen:
            await asyncio.sleep(0)
            yield one

    async def watched(monitor: Monitor) -> list[dict[str, Any]]:
        return [one async for one in monitor.awatch(stream())]

    told: list[str] = []
    monitor = Monitor(CATALOGUE["a2a.task"], on_finding=lambda finding: told.append(finding.code))
    assert asyncio.run(watched(monitor)) == seen
    assert told == ["RS102", "RS413"]  # and the stream ends while the task is at work
    assert json.dumps(seen)  # passed through as they were
