"""An execution of a Temporal workflow.

Two dimensions: the status, and beside it a state of the server (created, running, completed, zombie) that says which
statuses are possible.  The rule is one function of the server, ``setStateStatus``; `allows` is it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from runstate.lifecycle import Axis, Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb, named

__all__ = ["TEMPORAL_WORKFLOW", "WorkflowEvent", "WorkflowStatus", "allows"]


class WorkflowStatus(StrEnum):
    """The statuses of an execution; on the wire with a prefix, or as numbers."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TERMINATED = "TERMINATED"
    CONTINUED_AS_NEW = "CONTINUED_AS_NEW"
    TIMED_OUT = "TIMED_OUT"


class WorkflowEvent(StrEnum):
    """The verbs that ask for a transition of an execution."""

    START = "start"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    TERMINATE = "terminate"
    CONTINUE_AS_NEW = "continue_as_new"
    TIME_OUT = "time_out"


S, E = WorkflowStatus, WorkflowEvent
N, O = Basis.ENFORCED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

OPEN = (S.RUNNING, S.PAUSED)
CLOSED_UNSTARTED = (S.TERMINATED, S.TIMED_OUT, S.CONTINUED_AS_NEW)
"""Ends that an execution may have which no worker has begun."""

_GO = "temporalio/temporal@6805cae service/history/workflow/mutable_state_state_status.go, read and not run"
_NUMBERS = (S.RUNNING, S.COMPLETED, S.FAILED, S.CANCELED, S.TERMINATED, S.CONTINUED_AS_NEW, S.TIMED_OUT, S.PAUSED)


def allows(state: str, status: str, new_state: str, new_status: str) -> bool:
    """Whether the server lets an execution go from (state, status) to (state, status)."""
    if new_state == "CREATED":
        return state in {"CREATED", "ZOMBIE"} and new_status == S.RUNNING
    if new_state in {"RUNNING", "ZOMBIE"}:
        return state != "COMPLETED" and new_status in OPEN
    if state == "CREATED":
        return new_status in CLOSED_UNSTARTED
    return new_status == status if state == "COMPLETED" else new_status not in OPEN


def _started(record: Any, _payload: Mapping[str, Any], _at: float) -> object:
    """None unless the server still calls the execution created; a record without a state is not asked."""
    state = getattr(record, "state", None)
    return state if state == "CREATED" else None


def _end(event: WorkflowEvent, target: WorkflowStatus) -> To:
    return To(event, target, N, why=_GO)


def _history(event: WorkflowEvent, name: str, **more: Any) -> Verb:
    """A verb under its name in a history, which writes it in two ways."""
    screaming = "".join(f"_{char}" if char.isupper() else char.upper() for char in name)
    return Verb(event, wire=name, spelled=f"EVENT_TYPE{screaming}", **more)


_CLOSE = Effects(stamps=["close_time"])

TEMPORAL_WORKFLOW = Lifecycle(
    name="temporal.workflow",
    version="2026-10",
    doc="One execution (run id) of a workflow (workflow id).",
    id_field="run_id",
    initial={S.RUNNING},
    terminal={S.COMPLETED, S.FAILED, S.CANCELED, S.TERMINATED, S.CONTINUED_AS_NEW, S.TIMED_OUT},
    rows=(
        Row(None, To(E.START, S.RUNNING, N, O, why=f"{_GO}; two recorded histories")),
        Row(
            S.RUNNING,
            To(E.PAUSE, S.PAUSED, N, why=_GO),
            To(E.COMPLETE, S.COMPLETED, N, O, why=f"{_GO}; two recorded histories"),
            _end(E.FAIL, S.FAILED),
            _end(E.CANCEL, S.CANCELED),
            _end(E.TERMINATE, S.TERMINATED),
            _end(E.CONTINUE_AS_NEW, S.CONTINUED_AS_NEW),
            _end(E.TIME_OUT, S.TIMED_OUT),
        ),
        Row(
            S.PAUSED,
            To(E.UNPAUSE, S.RUNNING, N, why=_GO),
            _end(E.COMPLETE, S.COMPLETED),
            _end(E.FAIL, S.FAILED),
            _end(E.CANCEL, S.CANCELED),
            _end(E.TERMINATE, S.TERMINATED),
            _end(E.CONTINUE_AS_NEW, S.CONTINUED_AS_NEW),
            _end(E.TIME_OUT, S.TIMED_OUT),
        ),
        Row(S.COMPLETED),
        Row(S.FAILED),
        Row(S.CANCELED),
        Row(S.TERMINATED),
        Row(S.CONTINUED_AS_NEW),
        Row(S.TIMED_OUT),
    ),
    verbs=(
        _history(E.START, "WorkflowExecutionStarted", does=Effects(stamps=["start_time"])),
        _history(E.PAUSE, "WorkflowExecutionPaused"),
        _history(E.UNPAUSE, "WorkflowExecutionUnpaused"),
        _history(E.COMPLETE, "WorkflowExecutionCompleted", does=_CLOSE, guards=(named("a_worker_has_begun"),)),
        _history(E.FAIL, "WorkflowExecutionFailed", does=_CLOSE, guards=(named("a_worker_has_begun"),)),
        _history(E.CANCEL, "WorkflowExecutionCanceled", does=_CLOSE, guards=(named("a_worker_has_begun"),)),
        _history(E.TERMINATE, "WorkflowExecutionTerminated", does=_CLOSE),
        _history(E.CONTINUE_AS_NEW, "WorkflowExecutionContinuedAsNew", does=_CLOSE),
        _history(E.TIME_OUT, "WorkflowExecutionTimedOut", does=_CLOSE),
    ),
    fields={"start_time": FieldKind.STAMP, "close_time": FieldKind.STAMP, "state": FieldKind.VALUE},
    constant=("workflow_id", "run_id", "start_time"),
    guard_functions={"a_worker_has_begun": _started},
    # PAUSED is 8, and missing from the client for Python
    spellings={
        status: (f"WORKFLOW_EXECUTION_STATUS_{status}", str(number)) for number, status in enumerate(_NUMBERS, 1)
    },
    axes=(
        Axis(
            field="state",
            values=("CREATED", "RUNNING", "COMPLETED", "ZOMBIE"),
            within={
                S.RUNNING: ("CREATED", "RUNNING", "ZOMBIE"),
                S.PAUSED: ("RUNNING", "ZOMBIE"),
                **dict.fromkeys(_NUMBERS[1:7], ("COMPLETED",)),
            },
            why=_GO,
        ),
    ),
    passing=(
        "WorkflowTask*",
        "ActivityTask*",
        "Timer*",
        "Marker*",
        "ChildWorkflowExecution*",
        "StartChildWorkflowExecution*",
        "SignalExternalWorkflowExecution*",
        "RequestCancelExternalWorkflowExecution*",
        "ExternalWorkflowExecution*",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
        "WorkflowExecutionUpdate*",
        "WorkflowExecutionOptionsUpdated",
        "UpsertWorkflowSearchAttributes",
        "WorkflowPropertiesModified*",
        "NexusOperation*",
        "EVENT_TYPE_*",
    ),
    layout=Layout(
        inside={"workflowExecutionInfo": None},
        id=("execution.runId", "runId", "run_id"),
        event="eventType",
        at="eventTime",
        fields={"start_time": "startTime", "close_time": "closeTime", "workflow_id": "execution.workflowId"},
        times="iso8601",
    ),
)
"""The lifecycle ``temporal.workflow``."""
