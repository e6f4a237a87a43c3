"""A response of OpenAI's Responses API, the successor of the assistant's run.

No event of a stream announces a cancelled response (only the webhook ``response.cancelled`` does), so that edge is
silent.  ``response.created`` carries queued for a background response and in_progress for any other.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Quirk, Row, To, Verb

__all__ = ["OPENAI_RESPONSE", "ResponseEvent", "ResponseStatus"]


class ResponseStatus(StrEnum):
    """The statuses of a response."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INCOMPLETE = "incomplete"


class ResponseEvent(StrEnum):
    """The verbs that ask for a transition of a response."""

    CREATE_IN_BACKGROUND = "create_in_background"
    CREATE = "create"
    START = "start"
    COMPLETE = "complete"
    FAIL = "fail"
    END_INCOMPLETE = "end_incomplete"
    CANCEL = "cancel"


S, E = ResponseStatus, ResponseEvent
D, O, I = Basis.DOCUMENTED, Basis.OBSERVED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_TYPES = "openai-python 3.54.0 types"
_CANCEL = "openai-openapi@f85dbe2 cancelResponse (background only); webhook response.cancelled, no stream event"

OPENAI_RESPONSE = Lifecycle(
    name="openai.responses.response",
    version="2026-08",
    doc="One response of a model, made at once or in the background.",
    objects=("response",),
    initial={S.QUEUED, S.IN_PROGRESS},
    terminal={S.COMPLETED, S.FAILED, S.CANCELLED, S.INCOMPLETE},
    rows=(
        Row(
            None,
            To(E.CREATE_IN_BACKGROUND, S.QUEUED, D, O, why="background=true; one stream and one poll recorded"),
            To(E.CREATE, S.IN_PROGRESS, D, O, why="one stream recorded"),
        ),
        Row(
            S.QUEUED,
            To(E.START, S.IN_PROGRESS, D, O, why="guide to background mode; recorded in a stream and a poll"),
            To(E.COMPLETE, S.COMPLETED, I, why="polls that skipped in_progress; no source states it"),
            To(E.FAIL, S.FAILED, I, why="no source states it: an error before the start"),
            To(E.CANCEL, S.CANCELLED, D, silent=True, why=_CANCEL),
        ),
        Row(
            S.IN_PROGRESS,
            To(E.COMPLETE, S.COMPLETED, D, O, why=f"{_TYPES}; two streams and one poll recorded"),
            To(E.FAIL, S.FAILED, D, why=_TYPES),
            To(E.END_INCOMPLETE, S.INCOMPLETE, D, why=_TYPES),
            To(E.CANCEL, S.CANCELLED, D, silent=True, why=_CANCEL),
        ),
        Row(S.COMPLETED),
        Row(S.FAILED),
        Row(S.CANCELLED),
        Row(S.INCOMPLETE),
    ),
    verbs=(
        Verb(
            E.CREATE_IN_BACKGROUND,
            wire=("response.created", "response.queued"),
            does=Effects(stamps=["created_at"]),
            doc="Asked for in the background; it waits.",
        ),
        Verb(
            E.CREATE,
            wire=("response.created", "response.in_progress"),
            does=Effects(stamps=["created_at"]),
            doc="Asked for and begun at once.",
        ),
        Verb(E.START, wire="response.in_progress", doc="Work on a background response begins."),
        Verb(
            E.COMPLETE,
            wire="response.completed",
            # null in the response recorded in 2025, before the field came
            does=Effects(may_take={"usage": "usage", "completed_at": "completed_at"}),
            doc="The response is whole.",
        ),
        Verb(E.FAIL, wire="response.failed", does=Effects(takes={"error": "error"}, may_take={"usage": "usage"})),
        Verb(
            E.END_INCOMPLETE,
            wire="response.incomplete",
            does=Effects(takes={"incomplete_details": "incomplete_details"}, may_take={"usage": "usage"}),
        ),
        Verb(E.CANCEL, does=Effects(may_take={"usage": "usage"}), doc="A background response is given up."),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "completed_at": FieldKind.STAMP,
        "error": FieldKind.VALUE,
        "incomplete_details": FieldKind.VALUE,
        "usage": FieldKind.VALUE,
    },
    constant=("id", "object", "created_at", "background"),
    passing=(
        "response.output_*",
        "response.content_part.*",
        "response.function_call_arguments.*",
        "response.refusal.*",
        "response.reasoning*",
        "response.file_search_call.*",
        "response.web_search_call.*",
        "response.code_interpreter_call*",
        "response.image_generation_call.*",
        "response.mcp_*",
        "response.custom_tool_call_input.*",
        "response.audio.*",
        "response.compaction.*",
        "response.shell_call*",
        "response.steer*",
        "error",
    ),
    quirks=(
        Quirk(
            name="completed_after_cancel",
            transition=(S.CANCELLED, S.COMPLETED),
            why="Azure: a background response read cancelled, later completed (learn.microsoft.com answers 2339607)",
        ),
    ),
    layout=Layout(inside={"response": None}, event="type"),
)
"""The lifecycle ``openai.responses.response``."""
