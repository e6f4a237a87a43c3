"""THE table: the run of an assistant.  Legality, stamps, nulling and guards of a run are written here and nowhere else.

``why`` cites the documentation (q1 … q15 are the numbered sentences of ``docs/lifecycle.md``) or counts real
observations: 577 observations of 146 recorded runs, created 2023-11 to 2026-03.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Quirk, Row, To, Verb, is_set, named, reached

__all__ = ["ASSISTANTS_RUN", "TIME_TO_LIVE", "Event", "Status"]


class Status(StrEnum):
    """The statuses of a run: four live ones and five ends."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"


class Event(StrEnum):
    """The verbs that ask for a transition of a run."""

    CREATE = "create"
    START = "start"
    REQUIRE_ACTION = "require_action"
    SUBMIT_TOOL_OUTPUTS = "submit_tool_outputs"
    COMPLETE = "complete"
    END_INCOMPLETE = "end_incomplete"
    FAIL = "fail"
    CANCEL = "cancel"
    CONFIRM_CANCEL = "confirm_cancel"
    EXPIRE = "expire"


TIME_TO_LIVE = 600
"""Seconds from creation to ``expires_at`` unless told otherwise (495 of 495 recorded deadlines)."""


def _covers_every_tool_call(run: Any, payload: Mapping[str, Any], _at: float) -> object:
    """None where the outputs name every open tool call exactly once, else what is missing, unknown or repeated.

    Source: q7, "All outputs must be submitted in a single request."
    """
    calls = run.required_action.submit_tool_outputs.tool_calls
    outputs = payload["tool_outputs"]
    if not isinstance(outputs, (list, tuple)):  # a union of them would be built anew each time
        return outputs
    # as loops, and without the counting that words for a refusal need: 0.4 us, where a Counter and comprehensions take 4
    left: dict[str | None, None] = {}
    for output in outputs:
        left[_call_id(output)] = None
    if len(left) == len(outputs):
        for call in calls:
            if call.id not in left:
                break
            del left[call.id]
        else:
            if not left:
                return None
    return _uncovered([call.id for call in calls], Counter(map(_call_id, outputs)))


def _uncovered(open_calls: list[str], given: Mapping[str | None, int]) -> object:
    missing = tuple(call for call in open_calls if call not in given)
    unknown = tuple(call for call in given if call not in open_calls)
    repeated = tuple(call for call, times in given.items() if times > 1)
    if not (missing or unknown or repeated):
        return None
    return FrozenDict({"missing": missing, "unknown": unknown, "repeated": repeated})


def _call_id(output: Any) -> str | None:
    """The call that an output answers, of a mapping or of a record; None where it names none."""
    call = getattr(output, "tool_call_id", None)
    if call is None and isinstance(output, Mapping):
        call = output.get("tool_call_id")
    return call if isinstance(call, str) else None


S, E = Status, Event
D, O, I = Basis.DOCUMENTED, Basis.OBSERVED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

ASSISTANTS_RUN = Lifecycle(
    name="openai.assistants.run",
    version="2",
    doc="The run of an assistant: queued, worked on, perhaps waiting for tool outputs, ended in one of five ways.",
    objects=("thread.run",),
    initial={S.QUEUED},
    terminal={S.CANCELLED, S.FAILED, S.COMPLETED, S.INCOMPLETE, S.EXPIRED},
    stops={S.REQUIRES_ACTION},
    rows=(
        Row(
            None,
            To(E.CREATE, S.QUEUED, D, O, why="q1; 76 of 77 answers to create"),
        ),
        Row(
            S.QUEUED,
            To(E.START, S.IN_PROGRESS, D, O, why="q1; 33 times in polls, 32 in streams"),
            To(E.FAIL, S.FAILED, I, why="no source states it; a recorded quota failure had started"),
            To(E.CANCEL, S.CANCELLING, I, why="every recorded cancel right after create succeeded (8 of 8)"),
            To(E.EXPIRE, S.EXPIRED, I, why="q4 does not say from which status"),
        ),
        Row(
            S.IN_PROGRESS,
            To(E.REQUIRE_ACTION, S.REQUIRES_ACTION, D, O, why="q3; 3 times in polls, 4 in streams"),
            To(E.COMPLETE, S.COMPLETED, D, O, why="20 times in polls, 26 in streams"),
            To(E.END_INCOMPLETE, S.INCOMPLETE, D, O, why="q9, q10; once in a stream"),
            To(E.FAIL, S.FAILED, D, O, why="q8; 3 failed runs, only their end recorded"),
            To(E.CANCEL, S.CANCELLING, D, O, why="q5, q6; 7 polled cancels of runs that had started"),
            To(E.EXPIRE, S.EXPIRED, D, why="q4"),
        ),
        Row(
            S.REQUIRES_ACTION,
            To(E.SUBMIT_TOOL_OUTPUTS, S.QUEUED, D, O, why="q1, q7; 8 times in polls, 3 in streams"),
            To(E.FAIL, S.FAILED, I, why="no source for or against"),
            To(E.CANCEL, S.CANCELLING, I, why="users report it; no refusal is known"),
            To(E.EXPIRE, S.EXPIRED, D, why="q3, q4"),
        ),
        Row(
            S.CANCELLING,
            To(E.CONFIRM_CANCEL, S.CANCELLED, D, O, why="q5; once in a poll"),
            To(E.COMPLETE, S.COMPLETED, I, guards=(is_set("started_at"),), why='q5 "not guaranteed"'),
            To(E.END_INCOMPLETE, S.INCOMPLETE, I, guards=(is_set("started_at"),), why='q5 "not guaranteed"'),
            To(E.FAIL, S.FAILED, I, why='q5 "not guaranteed"'),
            To(E.EXPIRE, S.EXPIRED, I, why='q5 "not guaranteed"; q4 does not say from which status'),
        ),
        Row(S.CANCELLED),
        Row(S.FAILED),
        Row(S.COMPLETED),
        Row(S.INCOMPLETE),
        Row(S.EXPIRED),
    ),
    verbs=(
        Verb(
            E.CREATE,
            wire=("thread.run.created", "thread.run.queued"),
            does=Effects(stamps=["created_at"], deadlines={"expires_at": TIME_TO_LIVE}),
            doc="The run comes into being; the time to live starts.",
        ),
        Verb(
            E.START,
            wire="thread.run.in_progress",
            does=Effects(stamps=["started_at"]),  # again on every resume (9 of 9 resumed runs)
            doc="Work begins, or goes on after tool outputs.",
        ),
        Verb(
            E.REQUIRE_ACTION,
            wire="thread.run.requires_action",
            does=Effects(takes={"required_action": "required_action"}),
            doc="Function calls must be answered before the run goes on.",
        ),
        Verb(
            E.SUBMIT_TOOL_OUTPUTS,
            wire="thread.run.queued",
            does=Effects(takes={"tool_outputs": None}, clears=["required_action"]),
            guards=(named("outputs_cover_every_tool_call"),),
            doc="The outputs of all open tool calls, each once, in one go.",
        ),
        Verb(
            E.COMPLETE,
            wire="thread.run.completed",
            does=Effects(stamps=["completed_at"], may_take={"usage": "usage"}, clears=["expires_at"]),
            doc="The run ended well.",
        ),
        Verb(
            E.END_INCOMPLETE,
            wire="thread.run.incomplete",
            does=Effects(
                stamps=["completed_at"],
                may_take={"incomplete_details": "incomplete_details", "usage": "usage"},
                clears=["expires_at"],
            ),
            doc="The run ended early, at a token limit or a content filter.",
        ),
        Verb(
            E.FAIL,
            wire="thread.run.failed",
            does=Effects(
                stamps=["failed_at"],
                takes={"last_error": "last_error"},
                may_take={"usage": "usage"},
                clears=["required_action", "expires_at"],
            ),
            doc="The run ended with an error.",
        ),
        Verb(
            E.CANCEL,
            wire="thread.run.cancelling",
            does=Effects(clears=["required_action"]),
            doc="Somebody asks the run to stop; it is attempted, not guaranteed.",
        ),
        Verb(
            E.CONFIRM_CANCEL,
            wire="thread.run.cancelled",
            does=Effects(stamps=["cancelled_at"], may_take={"usage": "usage"}, clears=["expires_at"]),
            doc="The run has stopped because it was asked to.",
        ),
        Verb(
            E.EXPIRE,
            wire="thread.run.expired",
            does=Effects(may_take={"usage": "usage"}, clears=["required_action", "expires_at"]),
            guards=(reached("expires_at"),),
            doc="The time to live is over; no stamp of its own.",
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
        "incomplete_details": FieldKind.VALUE,
        "usage": FieldKind.VALUE,
    },
    constant=("id", "object", "created_at", "thread_id", "assistant_id"),
    profiles={"v1": "file_ids"},
    quirks=(
        Quirk(
            name="swept_after_completion",
            profile="v1",
            transition=(S.COMPLETED, S.EXPIRED),
            why="2023: a finished run was swept at its old expiry; three unrelated runs show the outcome, one both states",
        ),
        Quirk(
            name="expired_with_completed_at",
            profile="v1",
            field=(S.EXPIRED, "completed_at"),
            why="the same sweep kept the stamp (3 of 3 recorded expired runs)",
        ),
        Quirk(
            name="cut_short_but_completed",
            profile="v1",
            field=(S.COMPLETED, "incomplete_details"),
            why="2024-04: a run cut at max_completion_tokens ended as completed, with the details set (1 recorded run)",
        ),
        Quirk(
            name="completed_event_for_incomplete",
            announcement=("thread.run.completed", S.INCOMPLETE),
            why="2024-04: the event thread.run.incomplete did not exist yet (1 recorded stream)",
        ),
    ),
    guard_functions={"outputs_cover_every_tool_call": _covers_every_tool_call},
)
"""The lifecycle ``openai.assistants.run``."""
