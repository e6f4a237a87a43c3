"""The step of a run: one message being written, or one round of tool calls."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Verb

__all__ = ["ASSISTANTS_RUN_STEP", "StepEvent", "StepStatus"]


class StepStatus(StrEnum):
    """The statuses of a run step.  There is no queued, requires_action or incomplete among them."""

    IN_PROGRESS = "in_progress"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"
    EXPIRED = "expired"


class StepEvent(StrEnum):
    """The verbs that ask for a transition of a run step."""

    CREATE = "create"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"


S, E = StepStatus, StepEvent
D, O = Basis.DOCUMENTED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

ASSISTANTS_RUN_STEP = Lifecycle(
    name="openai.assistants.run_step",
    version="2",
    doc="A step of an assistant's run.",
    objects=("thread.run.step",),
    initial={S.IN_PROGRESS},
    terminal={S.CANCELLED, S.FAILED, S.COMPLETED, S.EXPIRED},
    rows=(
        Row(None, To(E.CREATE, S.IN_PROGRESS, D, O, why="50 of 50 recorded steps of streams")),
        Row(
            S.IN_PROGRESS,
            To(E.COMPLETE, S.COMPLETED, D, O, why="q12; 49 times in streams"),
            To(E.FAIL, S.FAILED, D, why="q12"),
            To(E.CANCEL, S.CANCELLED, D, why="q12"),
            To(E.EXPIRE, S.EXPIRED, D, why="q12: a step is considered expired if the parent run is expired"),
        ),
        Row(S.CANCELLED),
        Row(S.FAILED),
        Row(S.COMPLETED),
        Row(S.EXPIRED),
    ),
    verbs=(
        Verb(
            E.CREATE,
            wire=("thread.run.step.created", "thread.run.step.in_progress"),
            does=Effects(stamps=["created_at"]),
        ),
        Verb(
            E.COMPLETE,
            wire="thread.run.step.completed",
            does=Effects(stamps=["completed_at"], may_take={"usage": "usage"}),
        ),
        Verb(
            E.FAIL,
            wire="thread.run.step.failed",
            does=Effects(stamps=["failed_at"], takes={"last_error": "last_error"}, may_take={"usage": "usage"}),
        ),
        Verb(
            E.CANCEL,
            wire="thread.run.step.cancelled",
            does=Effects(stamps=["cancelled_at"], may_take={"usage": "usage"}),
        ),
        # expired_at is in the specification and never on the wire (0 of 203), expires_at the other way round
        Verb(E.EXPIRE, wire="thread.run.step.expired", does=Effects(may_take={"usage": "usage"})),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "completed_at": FieldKind.STAMP,
        "failed_at": FieldKind.STAMP,
        "cancelled_at": FieldKind.STAMP,
        "expires_at": FieldKind.DEADLINE,  # free: kept at the end in streams (49 of 49), null over REST (42 of 45)
        "last_error": FieldKind.VALUE,
        "usage": FieldKind.VALUE,
    },
    constant=("id", "object", "created_at", "run_id", "thread_id", "assistant_id", "type"),
)
"""The lifecycle ``openai.assistants.run_step``."""
