"""`unwrap`: objects of every protocol, out of what wraps them."""

from __future__ import annotations

from typing import Any

import pytest

from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.unwrap import Unwrapped, get, seconds, unwrap

RUN = "aws.sfn.execution"


def seen(name: str, value: dict[str, Any], **more: Any) -> tuple[Any, ...] | None:
    """(event, id, status, time, moves)."""
    lifecycle = CATALOGUE[name]
    found = unwrap(lifecycle, value, **more)
    if found is None:
        return None
    return (
        found.event,
        found.fields.get(lifecycle.id_field),
        found.fields.get(lifecycle.status_field) if found.moves else None,
        found.at,
        found.moves,
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "a2a.task",
            {"task": {"id": "t", "status": {"state": "TASK_STATE_WORKING", "timestamp": "1970-01-01T00:00:09Z"}}},
            (None, "t", "TASK_STATE_WORKING", 9.0, True),
        ),
        (
            "a2a.task",
            {"result": {"statusUpdate": {"taskId": "t", "status": {"state": "TASK_STATE_FAILED"}}}},
            ("statusUpdate", "t", "TASK_STATE_FAILED", None, True),
        ),
        (
            "a2a.task.v0.3",
            {"result": {"kind": "status-update", "taskId": "t", "status": {"state": "input-required"}, "final": False}},
            ("status-update", "t", "input-required", None, True),
        ),
        (
            "a2a.task.v0.3",
            {"kind": "task", "id": "t", "status": {"state": "working"}},
            (None, "t", "working", None, True),
        ),
        (
            "mcp.tasks.2025-11-25",
            {"jsonrpc": "2.0", "method": "notifications/tasks/status", "params": {"taskId": "t", "status": "working"}},
            ("notifications/tasks/status", "t", "working", None, True),
        ),
        (
            "mcp.tasks.2025-11-25",
            {"jsonrpc": "2.0", "id": 1, "result": {"task": {"taskId": "t", "status": "failed"}}},
            (None, "t", "failed", None, True),
        ),
        (
            "openai.responses.response",
            {"type": "response.failed", "response": {"id": "r", "status": "failed"}},
            ("response.failed", "r", "failed", None, True),
        ),
        (
            "openai.responses.response",
            {"type": "response.output_text.delta", "item_id": "m", "delta": "a"},
            ("response.output_text.delta", None, None, None, False),
        ),
        (
            "openresponses.item",
            {"type": "response.output_item.done", "item": {"id": "m", "type": "message", "status": "completed"}},
            ("response.output_item.done", "m", "completed", None, True),
        ),
        (
            "temporal.workflow",
            {"workflowExecutionInfo": {"execution": {"runId": "r"}, "status": "WORKFLOW_EXECUTION_STATUS_PAUSED"}},
            (None, "r", "PAUSED", None, True),
        ),
        ("temporal.workflow", {"run_id": "r", "status": 7}, (None, "r", "TIMED_OUT", None, True)),
        (
            "temporal.workflow",
            {"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT", "eventTime": "1970-01-01T00:00:01Z"},
            ("WorkflowExecutionTimedOut", None, "TIMED_OUT", 1.0, True),
        ),
        (
            "prefect.flow_run",
            {"id": "f", "state": {"type": "RUNNING", "timestamp": "1970-01-01T00:00:02+00:00"}},
            (None, "f", "RUNNING", 2.0, True),
        ),
        (
            "openlineage.run",
            {"eventType": "START", "eventTime": "1970-01-01T00:00:03Z", "run": {"runId": "u"}},
            ("START", "u", "START", 3.0, True),
        ),
        (
            "anthropic.managed_agents.session",
            {"type": "session.status_idle", "session_id": "s", "stop_reason": {"type": "end_turn"}},
            ("session.status_idle", "s", "idle", None, True),
        ),
        (
            "anthropic.message_batch",
            {"id": "b", "type": "message_batch", "processing_status": "ended"},
            (None, "b", "ended", None, True),
        ),
        ("airflow.task_instance", {"id": "t", "state": None}, (None, "t", "none", None, True)),
        ("mlflow.run", {"info": {"run_id": "m", "status": 3}}, (None, "m", "FINISHED", None, True)),
        ("langgraph.run", {"run_id": "l", "status": "timeout"}, (None, "l", "timeout", None, True)),
        (
            "k8s.pod",
            {"metadata": {"uid": "p"}, "status": {"phase": "Pending"}},
            (None, "p", "Pending", None, True),
        ),
        ("openai.batch", {"object": "batch", "id": "b", "status": "late"}, (None, "b", "late", None, True)),
        ("openai.batch", {"object": "list"}, None),
    ],
)
def test_the_object_inside_is_found(name: str, value: dict[str, Any], expected: tuple[Any, ...] | None) -> None:
    assert seen(name, value) == expected


def test_times_are_seconds_wherever_they_stand() -> None:
    prefect = unwrap(
        CATALOGUE["prefect.flow_run"],
        {
            "id": "f",
            "state": {"type": "RUNNING", "timestamp": "1970-01-01T00:00:02Z"},
            "start_time": "1970-01-01T00:00:05",
        },
    )
    assert isinstance(prefect, Unwrapped)
    assert (prefect.fields["timestamp"], prefect.fields["start_time"]) == (2, 5)
    job = unwrap(CATALOGUE["aws.batch.job"], {"jobId": "j", "status": "RUNNING", "startedAt": 1500})
    assert job is not None
    assert job.fields["startedAt"] == 1


def test_what_is_no_time_stays_for_the_judge() -> None:
    assert seconds("soon", "iso8601") == "soon"
    assert seconds(7, "iso8601") == 7
    assert seconds(True, "milliseconds") is True
    assert seconds(7, "seconds") == 7


def test_a_name_and_an_id_from_outside_count() -> None:
    assert seen(RUN, {"type": "ExecutionFailed"}, run_id="x") == ("ExecutionFailed", "x", "FAILED", None, True)
    assert seen(RUN, {"id": 3}, event="ExecutionFailed", run_id="x") == ("ExecutionFailed", "x", "FAILED", None, True)
    assert seen(RUN, {"type": "LambdaFunctionFailed"}, run_id="x") == ("LambdaFunctionFailed", None, None, None, False)
    assert seen(RUN, {"type": "SomethingElse"}) is None


def test_a_place_may_be_a_name_with_dots_in_it() -> None:
    assert get({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert get({"a": {"b": 2}}, "a.b") == 2
    assert get({"a": 3}, "a.b", "none") == "none"
