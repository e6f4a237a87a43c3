"""A batch of requests at OpenAI: one time stamp for every status."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["OPENAI_BATCH", "BatchEvent", "BatchStatus"]


class BatchStatus(StrEnum):
    """The statuses of a batch."""

    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class BatchEvent(StrEnum):
    """The verbs that ask for a transition of a batch."""

    CREATE = "create"
    START = "start"
    FINALIZE = "finalize"
    COMPLETE = "complete"
    FAIL = "fail"
    EXPIRE = "expire"
    CANCEL = "cancel"
    CONFIRM_CANCEL = "confirm_cancel"


S, E = BatchStatus, BatchEvent
D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_GUIDE = "OpenAI Batch guide, status table (as quoted in Portkey's documentation)"
_CANCEL = "openai-openapi@f85dbe2 cancelBatch; a compatible API lists these three statuses"

OPENAI_BATCH = Lifecycle(
    name="openai.batch",
    version="2026-08",
    doc="A file of requests, answered within a day.",
    objects=("batch",),
    initial={S.VALIDATING},
    terminal={S.COMPLETED, S.FAILED, S.EXPIRED, S.CANCELLED},
    rows=(
        Row(None, To(E.CREATE, S.VALIDATING, D, why=_GUIDE)),
        Row(
            S.VALIDATING,
            To(E.START, S.IN_PROGRESS, D, why=f"{_GUIDE}: the input file was validated"),
            To(E.FAIL, S.FAILED, D, why=f"{_GUIDE}: the input file failed the validation"),
            To(E.CANCEL, S.CANCELLING, D, why=_CANCEL),
            To(E.EXPIRE, S.EXPIRED, I, why="no source states it"),
        ),
        Row(
            S.IN_PROGRESS,
            To(E.FINALIZE, S.FINALIZING, D, why=f"{_GUIDE}: the results are being prepared"),
            To(E.CANCEL, S.CANCELLING, D, why=_CANCEL),
            To(E.EXPIRE, S.EXPIRED, I, why=f"{_GUIDE}: not done within 24 hours; the status before is not named"),
        ),
        Row(
            S.FINALIZING,
            To(E.COMPLETE, S.COMPLETED, D, why=f"{_GUIDE}: the results are ready"),
            To(E.CANCEL, S.CANCELLING, D, why=_CANCEL),
            To(E.EXPIRE, S.EXPIRED, I, why="no source states it"),
        ),
        Row(
            S.CANCELLING,
            To(E.CONFIRM_CANCEL, S.CANCELLED, D, why="openai-openapi@f85dbe2 cancelBatch: within 10 minutes"),
            To(E.COMPLETE, S.COMPLETED, I, why="no source states it"),
        ),
        Row(S.COMPLETED),
        Row(S.FAILED),
        Row(S.EXPIRED),
        Row(S.CANCELLED),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["created_at"], deadlines={"expires_at": 86_400})),
        Verb(E.START, does=Effects(stamps=["in_progress_at"])),
        Verb(E.FINALIZE, does=Effects(stamps=["finalizing_at"])),
        # the names of webhooks; a batch has no stream
        Verb(E.COMPLETE, wire="batch.completed", does=Effects(stamps=["completed_at"])),
        Verb(E.FAIL, wire="batch.failed", does=Effects(stamps=["failed_at"], may_take={"errors": "errors"})),
        Verb(E.EXPIRE, wire="batch.expired", does=Effects(stamps=["expired_at"])),
        Verb(E.CANCEL, does=Effects(stamps=["cancelling_at"])),
        Verb(E.CONFIRM_CANCEL, wire="batch.cancelled", does=Effects(stamps=["cancelled_at"])),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "in_progress_at": FieldKind.STAMP,
        "finalizing_at": FieldKind.STAMP,
        "cancelling_at": FieldKind.STAMP,
        "completed_at": FieldKind.STAMP,
        "failed_at": FieldKind.STAMP,
        "expired_at": FieldKind.STAMP,
        "cancelled_at": FieldKind.STAMP,
        "expires_at": FieldKind.DEADLINE,
        "errors": FieldKind.VALUE,
    },
    constant=("id", "object", "created_at", "endpoint", "input_file_id"),
    layout=Layout(inside={"data": None}, event="type"),
)
"""The lifecycle ``openai.batch``."""
