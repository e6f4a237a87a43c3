"""The smallest logs that provoke each finding, and it alone: shown in `docs/findings.md`, proven by `tests/test_docs.py`.

Each is written as a person would write it to try the judge out: only the fields that matter, small round times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from runstate.conformance.check import Judged, check_bytes
from runstate.conformance.findings import Finding
from runstate.conformance.monitor import Monitor

__all__ = ["PROVOCATIONS", "Provocation", "findings_of"]

Json = dict[str, Any]


@attrs.frozen
class Provocation:
    """A log, and how it is judged."""

    log: str

    def judge(self) -> Judged:
        """What the judge makes of it."""
        return check_bytes(self.log.encode(), monitor=Monitor())


def findings_of(judged: Judged) -> tuple[Finding, ...]:
    """Every finding of a log, those that belong to no run last."""
    return (*(finding for run in judged.runs for finding in run.findings), *judged.loose)


def _log(*values: Json) -> Provocation:
    return Provocation("".join(json.dumps(value) + "\n" for value in values))


def _sent(event: str, data: Json | str) -> Json:
    return {"event": event, "data": data}


# -- runs, as polled ---------------------------------------------------------------------------------------------------

QUEUED: Json = {"id": "run_1", "status": "queued", "created_at": 100, "expires_at": 700}
STARTED: Json = {"id": "run_1", "status": "in_progress", "created_at": 100, "started_at": 101, "expires_at": 700}
WAITING: Json = STARTED | {
    "status": "requires_action",
    "required_action": {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f"}}]},
    },
}
CANCELLING: Json = STARTED | {"status": "cancelling"}
COMPLETED: Json = {"id": "run_1", "status": "completed", "created_at": 100, "started_at": 101, "completed_at": 105}
EXPIRED: Json = {"id": "run_1", "status": "expired", "created_at": 100, "started_at": 101}
FAILED: Json = {
    "id": "run_1", "status": "failed", "created_at": 100, "failed_at": 101, "last_error": {"code": "server_error"},
}  # fmt: skip
V1: Json = {"file_ids": []}

# -- the same in a stream, with steps and messages ---------------------------------------------------------------------

CREATES = _sent("thread.run.created", QUEUED)
STARTS = _sent("thread.run.in_progress", STARTED)
ASKS = _sent("thread.run.requires_action", WAITING)
ENDS = _sent("thread.run.completed", COMPLETED)
DONE = _sent("done", "[DONE]")

STEP: Json = {
    "id": "step_1", "object": "thread.run.step", "run_id": "run_1", "type": "message_creation", "status": "in_progress",
    "created_at": 102,
}  # fmt: skip
STEP_DONE: Json = STEP | {"status": "completed", "completed_at": 104}
CALLS: Json = {"type": "tool_calls"}
ABOUT: Json = {"step_details": {"message_creation": {"message_id": "msg_1"}}}
MESSAGE: Json = {
    "id": "msg_1", "object": "thread.message", "run_id": "run_1", "status": "in_progress", "created_at": 103,
}  # fmt: skip
MESSAGE_DONE: Json = MESSAGE | {"status": "completed", "completed_at": 104}
TEXT: Json = {"id": "msg_1", "object": "thread.message.delta", "delta": {}}

STEP_BEGINS = _sent("thread.run.step.created", STEP)
STEP_ENDS = _sent("thread.run.step.completed", STEP_DONE)
MESSAGE_BEGINS = _sent("thread.message.created", MESSAGE)
MESSAGE_ENDS = _sent("thread.message.completed", MESSAGE_DONE)


def _usage(prompt: int, completion: int, total: int) -> Json:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}}


# -- AG-UI -------------------------------------------------------------------------------------------------------------

RUN_BEGINS: Json = {"type": "RUN_STARTED", "threadId": "thread_1", "runId": "run_1"}
RUN_ENDS: Json = RUN_BEGINS | {"type": "RUN_FINISHED"}
RUN_FAILS: Json = {"type": "RUN_ERROR", "message": "no tide table"}
TEXT_BEGINS: Json = {"type": "TEXT_MESSAGE_START", "messageId": "msg_1", "role": "assistant"}
TEXT_GROWS: Json = {"type": "TEXT_MESSAGE_CONTENT", "messageId": "msg_1", "delta": "14:20"}
TEXT_ENDS: Json = {"type": "TEXT_MESSAGE_END", "messageId": "msg_1"}
CALL_BEGINS: Json = {
    "type": "TOOL_CALL_START",
    "toolCallId": "call_1",
    "toolCallName": "next_high_water",
    "parentMessageId": "msg_1",
}
CALL_ENDS: Json = {"type": "TOOL_CALL_END", "toolCallId": "call_1"}
AGENT: Json = {"subagentRunId": "sub_1"}
AGENT_BEGINS: Json = {"type": "SUBAGENT_STARTED", "subagentRunId": "sub_1", "name": "tides"}
AGENT_ENDS: Json = {"type": "SUBAGENT_FINISHED", "subagentRunId": "sub_1"}
STEP_OF_AGENT: Json = {"type": "STEP_STARTED", "stepName": "look up", "subagentRunId": "sub_1"}
STEP_OVER: Json = {"type": "STEP_FINISHED", "stepName": "look up"}
CHUNK: Json = {"type": "TEXT_MESSAGE_CHUNK", "messageId": "msg_1", "delta": "14:20"}
SNAPSHOT: Json = {
    "type": "MESSAGES_SNAPSHOT",
    "messages": [{"id": "msg_1", "role": "assistant", "toolCalls": 1}],
}
INTERRUPT: Json = {"id": "int_1", "reason": "confirm"}
RESUME: Json = {
    "threadId": "thread_1",
    "runId": "run_2",
    "state": {},
    "messages": [],
    "tools": [],
    "context": [],
    "forwardedProps": {},
    "resume": [],
}


PROVOCATIONS: Final[Mapping[str, Provocation]] = MappingProxyType(
    {
        "RS101": _log(CREATES, ENDS),
        "RS102": _log(COMPLETED, STARTED),
        "RS103": _log(CANCELLING, STARTED),
        "RS104": _log(CREATES, _sent("thread.run.failed", FAILED)),
        "RS105": _log(STARTS, STARTS, ENDS),
        "RS106": _log(QUEUED | {"status": "running"}),
        "RS107": _log(COMPLETED | V1, EXPIRED | V1),
        "RS108": _log(CREATES, CREATES, STARTS, ENDS),
        "RS109": _log(_sent("thread.run.failed", COMPLETED)),
        "RS110": _log(_sent("thread.run.completed", COMPLETED | {"status": "incomplete"})),
        "RS121": _log(TEXT_BEGINS, RUN_FAILS),
        "RS122": _log(RUN_BEGINS, RUN_BEGINS, RUN_ENDS),
        "RS123": _log(RUN_BEGINS, RUN_ENDS, TEXT_BEGINS),
        "RS124": _log(RUN_BEGINS, RUN_FAILS, TEXT_BEGINS),
        "RS125": _log(RUN_BEGINS, TEXT_BEGINS),
        "RS201": _log(STARTED | {"started_at": None}),
        "RS202": _log(COMPLETED | {"cancelled_at": 103}),
        "RS203": _log(QUEUED | _usage(0, 0, 0)),
        "RS204": _log(COMPLETED | {"expires_at": 700}),
        "RS205": _log(EXPIRED | V1 | {"completed_at": 105}),
        "RS206": _log(QUEUED | {"expires_at": "2024-04-29T03:55:28Z"}),
        "RS207": _log(COMPLETED | _usage(20, 8, 20)),
        "RS208": _log(
            WAITING | {"required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": []}}}
        ),
        "RS209": _log(QUEUED | {"metadata": {"attempt": 2}}),
        "RS301": _log(STARTED | {"started_at": 99}),
        "RS302": _log(STARTED | {"started_at": 103}, STARTED),
        "RS303": _log(QUEUED, QUEUED | {"expires_at": 1300}),
        "RS304": _log(ASKS, _sent("thread.run.queued", QUEUED | {"started_at": None}), STARTS, ENDS),
        "RS305": _log(QUEUED, STARTED | {"started_at": 1001}),
        "RS401": _log(CREATES, STARTS, _sent("thread.message.delta", TEXT), ENDS),
        "RS402": _log(CREATES, STARTS, STEP_BEGINS, ENDS),
        "RS403": _log(
            CREATES,
            STARTS,
            STEP_BEGINS,
            _sent("thread.run.step.cancelled", STEP | {"status": "cancelled", "cancelled_at": 104}),
            ENDS,
        ),
        "RS404": _log(
            CREATES,
            STARTS,
            STEP_BEGINS,
            _sent("thread.run.step.created", STEP | {"id": "step_2"}),
            STEP_ENDS,
            _sent("thread.run.step.completed", STEP_DONE | {"id": "step_2"}),
            ENDS,
        ),
        "RS405": _log(CREATES, STARTS, MESSAGE_BEGINS, MESSAGE_ENDS, ENDS),
        "RS406": _log(
            CREATES,
            STARTS,
            _sent("thread.run.step.created", STEP | ABOUT),
            MESSAGE_BEGINS,
            STEP_ENDS,
            MESSAGE_ENDS,
            ENDS,
        ),
        "RS407": _log(CREATES, STARTS, STEP_BEGINS, STEP_ENDS, ASKS, DONE),
        "RS408": _log(CREATES, _sent("thread.created", {"id": "thread_1", "object": "thread"}), STARTS, ENDS),
        "RS409": _log(CREATES, STARTS, STEP_BEGINS, STEP_BEGINS, STEP_ENDS, ENDS),
        "RS410": _log(
            CREATES, STARTS, STEP_BEGINS, _sent("thread.run.step.completed", STEP_DONE | {"completed_at": None}), ENDS
        ),
        "RS411": _log(CREATES, STEP_BEGINS, STARTS, STEP_ENDS, ENDS),
        "RS412": _log(CREATES, STARTS, DONE),
        "RS413": _log(CREATES, STARTS),
        "RS414": _log(
            CREATES,
            STARTS,
            STEP_BEGINS,
            _sent("thread.run.step.completed", STEP_DONE | _usage(20, 8, 28)),
            _sent("thread.run.completed", COMPLETED | _usage(30, 8, 38)),
        ),
        "RS420": _log(RUN_BEGINS, TEXT_BEGINS, TEXT_BEGINS, TEXT_ENDS, RUN_ENDS),
        "RS421": _log(RUN_BEGINS, TEXT_ENDS, RUN_ENDS),
        "RS422": _log(
            RUN_BEGINS,
            AGENT_BEGINS,
            TEXT_BEGINS | AGENT,
            TEXT_ENDS | {"subagentRunId": "sub_2"},
            AGENT_ENDS,
            RUN_ENDS,
        ),
        "RS423": _log(RUN_BEGINS, TEXT_BEGINS | {"subagentRunId": None}, TEXT_ENDS, RUN_ENDS),
        "RS424": _log(RUN_BEGINS, AGENT_BEGINS, AGENT_ENDS, AGENT_BEGINS, RUN_ENDS),
        "RS425": _log(RUN_BEGINS, AGENT_BEGINS | {"parentSubagentRunId": "sub_0"}, AGENT_ENDS, RUN_ENDS),
        "RS426": _log(RUN_BEGINS, TEXT_BEGINS, RUN_ENDS),
        "RS427": _log(RUN_BEGINS, {"type": "SUBAGENT_STARTED", "subagentRunId": "sub_1"}, AGENT_ENDS, RUN_ENDS),
        "RS428": _log(RUN_BEGINS, AGENT_BEGINS, AGENT_ENDS | {"outcome": {"type": "lost"}}, RUN_ENDS),
        "RS429": _log(
            RUN_BEGINS,
            AGENT_BEGINS,
            TEXT_BEGINS | AGENT,
            CALL_BEGINS | {"subagentRunId": "sub_2"},
            CALL_ENDS,
            TEXT_ENDS,
            AGENT_ENDS,
            RUN_ENDS,
        ),
        "RS430": _log(RUN_BEGINS, AGENT_BEGINS, STEP_OF_AGENT, STEP_OVER, AGENT_ENDS, RUN_ENDS),
        "RS431": _log(RUN_BEGINS, {"type": "TEXT_MESSAGE_CHUNK", "delta": "14:20"}, RUN_ENDS),
        "RS432": _log(RUN_BEGINS, CHUNK | {"role": "assistant"}, CHUNK | {"role": "user"}, RUN_ENDS),
        "RS433": _log(RUN_BEGINS, SNAPSHOT, RUN_ENDS),
        "RS434": _log(RUN_BEGINS, TEXT_BEGINS, TEXT_GROWS | {"delta": 14}, TEXT_ENDS, RUN_ENDS),
        "RS435": _log(RUN_BEGINS, RUN_ENDS | {"outcome": {"type": "interrupt", "interrupts": [INTERRUPT, INTERRUPT]}}),
        "RS436": _log(
            RUN_BEGINS,
            RUN_ENDS | {"outcome": {"type": "interrupt", "interrupts": [INTERRUPT]}},
            RUN_BEGINS | {"runId": "run_2", "input": RESUME},
            RUN_ENDS | {"runId": "run_2"},
        ),
        "RS501": Provocation(_log(QUEUED).log + '{"id": "run_1", "status": "in_progress", "created_at": 1\n'),
        "RS502": _log(QUEUED, {"level": "info", "text": "polling"}),
        "RS503": Provocation(f"event: thread.run.completed\ndata: {json.dumps(COMPLETED)}\n\nevent: done\ndata: [DO"),
        "RS504": _log(_sent("thread.run.approved", STARTED), ENDS),
        "RS505": _log(
            CREATES, _sent("error", {"error": {"type": "server_error", "message": "try again"}}), STARTS, ENDS
        ),
        "RS601": _log(QUEUED | {"thread_id": "thread_1"}, QUEUED | {"thread_id": "thread_2"}),
        "RS602": _log({"status": "queued", "created_at": 100, "expires_at": 700}),
        "RS603": _log(
            _sent("thread.run.created", QUEUED | {"thread_id": "thread_1"}),
            STARTS,
            _sent("thread.run.step.created", STEP | {"thread_id": "thread_2"}),
            STEP_ENDS,
            ENDS,
        ),
        "RS621": _log(RUN_BEGINS, RUN_ENDS | {"runId": "run_2"}),
        "RS622": _log(RUN_BEGINS, RUN_ENDS, RUN_BEGINS | {"threadId": "thread_2"}, RUN_ENDS | {"threadId": "thread_2"}),
    }
)
"""One log for each code."""
