"""The message that a run writes into its thread."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Verb

__all__ = ["ASSISTANTS_MESSAGE", "MessageEvent", "MessageStatus"]


class MessageStatus(StrEnum):
    """The statuses of a message."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


class MessageEvent(StrEnum):
    """The verbs that ask for a transition of a message."""

    CREATE = "create"
    COMPLETE = "complete"
    END_INCOMPLETE = "end_incomplete"


S, E = MessageStatus, MessageEvent
D, O = Basis.DOCUMENTED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

ASSISTANTS_MESSAGE = Lifecycle(
    name="openai.assistants.message",
    version="2",
    doc="A message of an assistant, from its first token to its last.",
    objects=("thread.message",),
    initial={S.IN_PROGRESS},
    terminal={S.COMPLETED, S.INCOMPLETE},
    rows=(
        Row(None, To(E.CREATE, S.IN_PROGRESS, D, O, why="30 of 30 recorded messages of streams")),
        Row(
            S.IN_PROGRESS,
            To(E.COMPLETE, S.COMPLETED, D, O, why="28 of 28"),
            To(E.END_INCOMPLETE, S.INCOMPLETE, D, O, why="2 of 2"),
        ),
        Row(S.COMPLETED),
        Row(S.INCOMPLETE),
    ),
    verbs=(
        Verb(
            E.CREATE,
            wire=("thread.message.created", "thread.message.in_progress"),
            does=Effects(stamps=["created_at"]),
        ),
        Verb(E.COMPLETE, wire="thread.message.completed", does=Effects(stamps=["completed_at"])),
        Verb(
            E.END_INCOMPLETE,
            wire="thread.message.incomplete",
            does=Effects(stamps=["incomplete_at"], takes={"incomplete_details": "incomplete_details"}),
        ),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "completed_at": FieldKind.STAMP,
        "incomplete_at": FieldKind.STAMP,
        "incomplete_details": FieldKind.VALUE,
    },
    constant=("id", "object", "created_at", "thread_id"),
)
"""The lifecycle ``openai.assistants.message``."""
