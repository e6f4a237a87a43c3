"""The task of the Agent2Agent protocol, as version 1 spells it.

The specification gives no full matrix; the SDK's rule is that any live status leads to any other and an end to nothing.
Edges that only that rule allows are enforced, those that the texts name are documented.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Quirk, Row, To, Verb

__all__ = ["A2A_TASK", "TaskEvent", "TaskStatus"]


class TaskStatus(StrEnum):
    """The statuses of a task, spelled as on the wire of version 1."""

    SUBMITTED = "TASK_STATE_SUBMITTED"
    WORKING = "TASK_STATE_WORKING"
    INPUT_REQUIRED = "TASK_STATE_INPUT_REQUIRED"
    AUTH_REQUIRED = "TASK_STATE_AUTH_REQUIRED"
    COMPLETED = "TASK_STATE_COMPLETED"
    FAILED = "TASK_STATE_FAILED"
    CANCELED = "TASK_STATE_CANCELED"
    REJECTED = "TASK_STATE_REJECTED"


class TaskEvent(StrEnum):
    """The verbs that ask for a transition of a task."""

    SUBMIT = "submit"
    WORK = "work"
    REQUIRE_INPUT = "require_input"
    REQUIRE_AUTH = "require_auth"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    REJECT = "reject"


S, E = TaskStatus, TaskEvent
D, N, O = Basis.DOCUMENTED, Basis.ENFORCED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

_SPEC = "a2aproject/A2A@16ba526 docs/specification.md, specification/a2a.proto"
_SDK = "a2a-sdk 1.3.0 TaskUpdater accepts any step from a live status"
_CANCEL = "a2a-sdk 1.3.0 on_cancel_task: TaskNotCancelableError only once it has ended"
_REJECT = f'{_SPEC}: "during initial task creation or later"'

# the time of a status is optional on the wire: the SDK leaves it out of a new task, the specification of its examples
_TIMED = Effects(may_take={"timestamp": "timestamp"})

A2A_TASK = Lifecycle(
    name="a2a.task",
    version="1",
    doc="A task that one agent gives another; once it has ended, nothing restarts it.",
    initial={S.SUBMITTED},
    terminal={S.COMPLETED, S.FAILED, S.CANCELED, S.REJECTED},
    stops={S.INPUT_REQUIRED, S.AUTH_REQUIRED},
    rows=(
        Row(None, To(E.SUBMIT, S.SUBMITTED, D, O, why=f"{_SPEC}; five recorded runs of a2a-sdk 1.3.0")),
        Row(
            S.SUBMITTED,
            To(E.WORK, S.WORKING, D, O, why=f"{_SPEC}; five recorded runs of a2a-sdk 1.3.0"),
            To(E.REQUIRE_INPUT, S.INPUT_REQUIRED, N, why=_SDK),
            To(E.REQUIRE_AUTH, S.AUTH_REQUIRED, N, why=_SDK),
            To(E.COMPLETE, S.COMPLETED, N, why=_SDK),
            To(E.FAIL, S.FAILED, N, why=_SDK),
            To(E.CANCEL, S.CANCELED, D, N, why=_CANCEL),
            To(E.REJECT, S.REJECTED, D, why=_REJECT),
        ),
        Row(
            S.WORKING,
            To(E.WORK, S.WORKING, N, why=f"progress; {_SDK}"),
            To(E.REQUIRE_INPUT, S.INPUT_REQUIRED, D, O, why=f"{_SPEC} 3.4; two recorded runs"),
            To(E.REQUIRE_AUTH, S.AUTH_REQUIRED, D, why=f"{_SPEC} 7.6.1 MUST"),
            To(E.COMPLETE, S.COMPLETED, D, O, why=f"{_SPEC}; two recorded runs"),
            To(E.FAIL, S.FAILED, D, why=_SPEC),
            To(E.CANCEL, S.CANCELED, D, N, why=_CANCEL),
            To(E.REJECT, S.REJECTED, D, O, why=f"{_REJECT}; one recorded run"),
        ),
        Row(
            S.INPUT_REQUIRED,
            To(
                E.WORK,
                S.WORKING,
                D,
                O,
                why="a2a-sdk 1.3.0 agent_executor.py: a message with the taskId; one recorded run",
            ),
            To(E.REQUIRE_AUTH, S.AUTH_REQUIRED, N, why=_SDK),
            To(E.COMPLETE, S.COMPLETED, N, why=_SDK),
            To(E.FAIL, S.FAILED, N, why=_SDK),
            To(E.CANCEL, S.CANCELED, D, N, O, why=f"{_CANCEL}; one recorded run"),
            To(E.REJECT, S.REJECTED, N, why=_SDK),
        ),
        Row(
            S.AUTH_REQUIRED,
            To(E.WORK, S.WORKING, D, why=f'{_SPEC} 7.6.1 "MAY immediately continue": no message is needed'),
            To(E.REQUIRE_INPUT, S.INPUT_REQUIRED, N, why=_SDK),
            To(E.COMPLETE, S.COMPLETED, N, why=_SDK),
            To(E.FAIL, S.FAILED, N, why=_SDK),
            To(E.CANCEL, S.CANCELED, D, N, why=_CANCEL),
            To(E.REJECT, S.REJECTED, N, why=_SDK),
        ),
        Row(S.COMPLETED),
        Row(S.FAILED),
        Row(S.CANCELED),
        Row(S.REJECTED),
    ),
    verbs=(
        # the task itself begins a stream, in whatever status it is: that is a snapshot, not an announcement
        Verb(E.SUBMIT, wire="statusUpdate", does=_TIMED),
        Verb(E.WORK, wire="statusUpdate", does=_TIMED),
        Verb(E.REQUIRE_INPUT, wire="statusUpdate", does=_TIMED),
        Verb(E.REQUIRE_AUTH, wire="statusUpdate", does=_TIMED),
        Verb(E.COMPLETE, wire="statusUpdate", does=_TIMED),
        Verb(E.FAIL, wire="statusUpdate", does=_TIMED),
        Verb(E.CANCEL, wire="statusUpdate", does=_TIMED),
        Verb(E.REJECT, wire="statusUpdate", does=_TIMED),
    ),
    fields={"timestamp": FieldKind.STAMP},
    constant=("id", "contextId"),
    passing=("artifactUpdate", "message"),
    quirks=(
        Quirk(
            name="restarted",
            transition=(S.COMPLETED, S.WORKING),
            why="a2a-sdk 1.3.0 delivers and stores it where an executor enqueues events itself (a2a-python PR #1182, open)",
        ),
    ),
    layout=Layout(
        inside={
            "task": None,
            "statusUpdate": "statusUpdate",
            "artifactUpdate": "artifactUpdate",
            "result.task": None,
            "result.statusUpdate": "statusUpdate",
            "result.artifactUpdate": "artifactUpdate",
        },
        id=("taskId", "id"),
        status="status.state",
        at="status.timestamp",
        fields={"timestamp": "status.timestamp"},
        times="iso8601",
    ),
)
"""The lifecycle ``a2a.task``."""
