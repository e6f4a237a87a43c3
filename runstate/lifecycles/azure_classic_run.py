"""The run of Azure's Foundry Agents (classic): the assistant's run without ``incomplete``.

Which statuses and events there are is documented (azure-ai-agents 1.1.0); from which status each is reached is not, and
is taken over from the assistant's run, so every edge is inferred.  The service retires on 2027-03-31.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Quirk, Row, To, Verb, reached

__all__ = ["AZURE_CLASSIC_RUN", "AzureEvent", "AzureStatus"]


class AzureStatus(StrEnum):
    """The statuses of a run; unlike an assistant's it cannot end incomplete."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"
    EXPIRED = "expired"


class AzureEvent(StrEnum):
    """The verbs that ask for a transition."""

    CREATE = "create"
    START = "start"
    REQUIRE_ACTION = "require_action"
    SUBMIT_TOOL_OUTPUTS = "submit_tool_outputs"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"
    CONFIRM_CANCEL = "confirm_cancel"
    EXPIRE = "expire"


S, E = AzureStatus, AzureEvent
D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_ENUMS = "azure-ai-agents 1.1.0 models/_enums.py: status and event documented, the status before by analogy"

AZURE_CLASSIC_RUN = Lifecycle(
    name="azure.foundry.classic.run",
    version="1.1.0",
    doc="The run of an agent of Azure AI Foundry (classic), which speaks as the assistant's run does.",
    initial={S.QUEUED},
    terminal={S.CANCELLED, S.FAILED, S.COMPLETED, S.EXPIRED},
    stops={S.REQUIRES_ACTION},
    rows=(
        Row(None, To(E.CREATE, S.QUEUED, D, why="azure-ai-agents 1.1.0: thread.run.created")),
        Row(S.QUEUED, To(E.START, S.IN_PROGRESS, I, why=_ENUMS)),
        Row(
            S.IN_PROGRESS,
            To(E.REQUIRE_ACTION, S.REQUIRES_ACTION, I, why=_ENUMS),
            To(E.COMPLETE, S.COMPLETED, I, why=_ENUMS),
            To(E.FAIL, S.FAILED, I, why=_ENUMS),
            To(E.CANCEL, S.CANCELLING, I, why=_ENUMS),
            To(E.EXPIRE, S.EXPIRED, I, why=_ENUMS),
        ),
        Row(
            S.REQUIRES_ACTION,
            To(E.SUBMIT_TOOL_OUTPUTS, S.QUEUED, I, why=_ENUMS),
            To(E.EXPIRE, S.EXPIRED, I, why=_ENUMS),
        ),
        Row(S.CANCELLING, To(E.CONFIRM_CANCEL, S.CANCELLED, I, why=_ENUMS)),
        Row(S.CANCELLED),
        Row(S.FAILED),
        Row(S.COMPLETED),
        Row(S.EXPIRED),
    ),
    verbs=(
        Verb(
            E.CREATE,
            wire=("thread.run.created", "thread.run.queued"),
            does=Effects(stamps=["created_at"], deadlines={"expires_at": 600}),
        ),
        Verb(E.START, wire="thread.run.in_progress", does=Effects(stamps=["started_at"])),
        Verb(
            E.REQUIRE_ACTION,
            wire="thread.run.requires_action",
            does=Effects(takes={"required_action": "required_action"}),
        ),
        Verb(E.SUBMIT_TOOL_OUTPUTS, wire="thread.run.queued", does=Effects(clears=["required_action"])),
        Verb(E.COMPLETE, wire="thread.run.completed", does=Effects(stamps=["completed_at"], clears=["expires_at"])),
        Verb(
            E.FAIL,
            wire="thread.run.failed",
            does=Effects(stamps=["failed_at"], takes={"last_error": "last_error"}, clears=["expires_at"]),
        ),
        Verb(E.CANCEL, wire="thread.run.cancelling"),
        Verb(
            E.CONFIRM_CANCEL, wire="thread.run.cancelled", does=Effects(stamps=["cancelled_at"], clears=["expires_at"])
        ),
        Verb(
            E.EXPIRE,
            wire="thread.run.expired",
            does=Effects(clears=["required_action", "expires_at"]),
            guards=(reached("expires_at"),),
        ),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "started_at": FieldKind.STAMP,
        "completed_at": FieldKind.STAMP,
        "failed_at": FieldKind.STAMP,
        "cancelled_at": FieldKind.STAMP,
        "expires_at": FieldKind.DEADLINE,
        "required_action": FieldKind.VALUE,
        "last_error": FieldKind.VALUE,
    },
    constant=("id", "object", "created_at", "thread_id"),
    passing=("thread.run.step.*", "thread.message.*", "thread.created", "done", "error"),
    quirks=(
        Quirk(
            name="event_without_status",
            announcement=("thread.run.incomplete", S.COMPLETED),
            why="the stream's enumeration has thread.run.incomplete, the statuses have no incomplete",
        ),
    ),
)
"""The lifecycle ``azure.foundry.classic.run``; ``thread.run`` objects are taken for the assistant's unless it is named."""
