"""A batch of messages at Anthropic: it always ends as ``ended``, the requests in it say how."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["ANTHROPIC_MESSAGE_BATCH", "MessageBatchEvent", "MessageBatchStatus"]


class MessageBatchStatus(StrEnum):
    """The statuses of a batch."""

    IN_PROGRESS = "in_progress"
    CANCELING = "canceling"
    ENDED = "ended"


class MessageBatchEvent(StrEnum):
    """The verbs that ask for a transition of a batch."""

    CREATE = "create"
    CANCEL = "cancel"
    END = "end"


S, E = MessageBatchStatus, MessageBatchEvent
D = Basis.DOCUMENTED

ANTHROPIC_MESSAGE_BATCH = Lifecycle(
    name="anthropic.message_batch",
    version="2.12.0",
    doc="Many messages at once, within a day.",
    objects=("message_batch",),
    status_field="processing_status",
    initial={S.IN_PROGRESS},
    terminal={S.ENDED},
    rows=(
        Row(None, To(E.CREATE, S.IN_PROGRESS, D, why="anthropic 2.12.0 messages/message_batch.py")),
        Row(
            S.IN_PROGRESS,
            To(E.CANCEL, S.CANCELING, D, why="anthropic 2.12.0 messages/message_batch.py cancel_initiated_at"),
            To(E.END, S.ENDED, D, why="anthropic 2.12.0"),
        ),
        Row(S.CANCELING, To(E.END, S.ENDED, D, why="anthropic 2.12.0")),
        Row(S.ENDED),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["created_at"], deadlines={"expires_at": 86_400})),
        Verb(E.CANCEL, does=Effects(stamps=["cancel_initiated_at"])),
        Verb(E.END, does=Effects(stamps=["ended_at"]), doc="All requests succeeded, failed, were canceled or expired."),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "expires_at": FieldKind.DEADLINE,
        "cancel_initiated_at": FieldKind.STAMP,
        "ended_at": FieldKind.STAMP,
        "archived_at": FieldKind.STAMP,  # after the end, by nothing that is an event
    },
    constant=("id", "type", "created_at", "expires_at"),
    layout=Layout(times="iso8601"),
)
"""The lifecycle ``anthropic.message_batch``."""
