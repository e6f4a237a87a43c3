"""An execution of AWS Step Functions: only success is final, a redrive leads back from any other end."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["AWS_STEP_FUNCTIONS", "ExecutionEvent", "ExecutionStatus"]


class ExecutionStatus(StrEnum):
    """The statuses of an execution."""

    RUNNING = "RUNNING"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


class ExecutionEvent(StrEnum):
    """The verbs that ask for a transition of an execution."""

    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    TIME_OUT = "time_out"
    ABORT = "abort"
    REDRIVE = "redrive"
    AWAIT_REDRIVE = "await_redrive"


S, E = ExecutionStatus, ExecutionEvent
D, O, I = Basis.DOCUMENTED, Basis.OBSERVED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_MODEL = "botocore 1.44.5 stepfunctions"
_REDRIVE = f"{_MODEL} RedriveExecution: the same ARN, within 14 days, standard workflows only"
_CHILD = "no source states it: children of a distributed map"
_END = Effects(stamps=["stopDate"])

AWS_STEP_FUNCTIONS = Lifecycle(
    name="aws.sfn.execution",
    version="2016-11-23",
    doc="One execution of a state machine.",
    id_field="executionArn",
    initial={S.RUNNING},
    terminal={S.SUCCEEDED, S.FAILED, S.TIMED_OUT, S.ABORTED},
    rows=(
        Row(None, To(E.START, S.RUNNING, D, O, why=f"{_MODEL}; 17 recorded histories")),
        Row(
            S.RUNNING,
            To(E.SUCCEED, S.SUCCEEDED, D, O, why=f"{_MODEL}; 7 recorded histories"),
            To(E.FAIL, S.FAILED, D, O, why=f"{_MODEL}; 7 recorded histories"),
            To(E.TIME_OUT, S.TIMED_OUT, D, why=_MODEL),
            To(E.ABORT, S.ABORTED, D, O, why=f"{_MODEL} StopExecution; one recorded history"),
        ),
        Row(S.SUCCEEDED),
        *(
            Row(
                end,
                To(E.REDRIVE, S.RUNNING, D, reopens=True, why=_REDRIVE),
                To(E.AWAIT_REDRIVE, S.PENDING_REDRIVE, I, reopens=True, silent=True, why=_CHILD),
            )
            for end in (S.FAILED, S.TIMED_OUT, S.ABORTED)
        ),
        Row(S.PENDING_REDRIVE, To(E.REDRIVE, S.RUNNING, I, why="no source states it")),
    ),
    verbs=(
        Verb(E.START, wire="ExecutionStarted", does=Effects(stamps=["startDate"])),
        Verb(E.SUCCEED, wire="ExecutionSucceeded", does=_END),
        Verb(E.FAIL, wire="ExecutionFailed", does=_END),
        Verb(E.TIME_OUT, wire="ExecutionTimedOut", does=_END),
        Verb(E.ABORT, wire="ExecutionAborted", does=_END),
        Verb(E.REDRIVE, wire="ExecutionRedriven", does=Effects(stamps=["redriveDate"], clears=["stopDate"])),
        Verb(E.AWAIT_REDRIVE),
    ),
    fields={"startDate": FieldKind.STAMP, "stopDate": FieldKind.STAMP, "redriveDate": FieldKind.STAMP},
    constant=("executionArn", "stateMachineArn", "startDate"),
    passing=(
        "Task*",
        "Pass*",
        "Choice*",
        "Wait*",
        "Succeed*",
        "Fail*",
        "Parallel*",
        "Map*",
        "Activity*",
        "Lambda*",
        "EvaluationFailed",
    ),
    layout=Layout(event="type", at="timestamp", times="iso8601"),
)
"""The lifecycle ``aws.sfn.execution``."""
