"""The facts of 302 recorded run objects and of the streams around them, and plausible objects rebuilt from them.

`tests/data/recordings.jsonl` holds one line per observation: a polled run object, or a stream event. It says what was
recorded about status, times and null-ness; everything in a rebuilt object beyond that (texts, names, arguments) is
written anew here. `tools/facts.py` makes the file. Keys of a line, those marked * only where they apply:

- `file`, `line`, `kind` (poll, stream), `event` (wire name; null for polls), `object` (null for `error` and `done`)
- *`run`, *`thread`, *`assistant`, *`step`, *`message`: renamed ids, the same thing having one name in all files.
  A delta bears the id of its step or message alone, as on the wire. A step that creates a message names it.
- *`status`, *`version` (v1 if the object has `file_ids`; null for steps, whose shape never changed), *`type` of a step
- the six time stamps (and *`incomplete_at` of a message): an integer, null, or "absent" when the key is missing
- six fields by their state: "set", "null", "absent"; an empty list is set
- *`usage_numbers` as recorded, *`tool_calls` (how many a run waits for), *`call_types` of a step, *`error_code`,
  *`incomplete_reason`
- *`layout`: index into `tests/data/layouts.json`, the object's keys in their order
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs

DATA = Path(__file__).resolve().parent / "data"

Json = dict[str, Any]
Stamp = int | Literal["absent"] | None
State = Literal["set", "null", "absent"]


@attrs.frozen
class Fact:
    """One observation. What a line leaves out has the default here."""

    file: str
    line: int
    kind: Literal["poll", "stream"]
    event: str | None
    object: str | None
    run: str = ""
    thread: str = ""
    assistant: str = ""
    step: str = ""
    message: str = ""
    status: str = ""
    version: Literal["v1", "v2"] | None = None
    type: str = ""
    created_at: Stamp = "absent"
    started_at: Stamp = "absent"
    expires_at: Stamp = "absent"
    completed_at: Stamp = "absent"
    cancelled_at: Stamp = "absent"
    failed_at: Stamp = "absent"
    incomplete_at: Stamp = "absent"
    required_action: State = "absent"
    last_error: State = "absent"
    usage: State = "absent"
    incomplete_details: State = "absent"
    file_ids: State = "absent"
    instructions: State = "absent"
    usage_numbers: Json | None = None
    tool_calls: int = 0
    call_types: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    error_code: str | None = None
    incomplete_reason: str | None = None
    layout: int = -1

    def stamp(self, name: str) -> Stamp:
        """The time stamp of this name."""
        value: Stamp = getattr(self, name)
        return value

    def has(self, name: str) -> bool:
        """Whether the field's key is there and its value is not null."""
        return getattr(self, name) not in (None, "null", "absent")


STAMPS = ("created_at", "started_at", "expires_at", "completed_at", "cancelled_at", "failed_at")
STATES = ("required_action", "last_error", "usage", "incomplete_details", "file_ids", "instructions")

# Our own texts: nothing below was recorded.
INSTRUCTIONS = "You answer questions about the tides, in one sentence."
REPLY = "High water at the harbour is at 14:20."
ARGUMENTS = '{"harbour":"Kiel"}'
OUTPUT = "14:20"
FUNCTION: Json = {
    "type": "function",
    "function": {
        "name": "next_high_water",
        "description": "The next high water at a harbour",
        "parameters": {"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]},
    },
}
ERROR: Json = {"error": {"message": "The server had an error.", "type": "server_error", "param": None, "code": None}}


@cache
def observations() -> tuple[Fact, ...]:
    """All of them: files in alphabetical order, each in recorded order."""
    lines = (DATA / "recordings.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Fact(**json.loads(line)) for line in lines)


def runs() -> tuple[Fact, ...]:
    """The run objects alone, polled or streamed."""
    return tuple(fact for fact in observations() if fact.object == "thread.run")


@cache
def by_file() -> dict[str, tuple[Fact, ...]]:
    files: dict[str, list[Fact]] = {}
    for fact in observations():
        files.setdefault(fact.file, []).append(fact)
    return {name: tuple(facts) for name, facts in files.items()}


@cache
def by_run() -> dict[str, tuple[Fact, ...]]:
    """The run objects of each run, in recorded order; one run may be in several files (two legs of a stream)."""
    found: dict[str, list[Fact]] = {}
    for fact in runs():
        found.setdefault(fact.run, []).append(fact)
    return {name: tuple(facts) for name, facts in found.items()}


@cache
def layouts() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(keys) for keys in json.loads((DATA / "layouts.json").read_text(encoding="utf-8")))


@cache
def _calling_runs() -> frozenset[str]:
    """Runs that wait for a function at any time: their tool list must be the same in every observation."""
    waiting = {fact.run for fact in runs() if fact.required_action == "set"}
    stepping = {fact.run for fact in observations() if "function" in fact.call_types}
    return frozenset(waiting | stepping)


def call_id(run: str, index: int) -> str:
    """The same call has one id in the run's required_action, in the step and in the step's deltas."""
    return f"call_{run.removeprefix('run_')}_{index}"


def _run_and_call_type(step: str) -> tuple[str, str]:
    """A delta names its step alone, and a step names the kind of its calls when it ends (it may end in another file)."""
    whole = [fact for fact in observations() if fact.step == step and fact.run]
    return whole[0].run, next((fact.call_types[0] for fact in whole if fact.call_types), "function")


def _call(run: str, index: int) -> Json:
    name = FUNCTION["function"]["name"]
    return {"id": call_id(run, index), "type": "function", "function": {"name": name, "arguments": ARGUMENTS}}


def _step_call(fact: Fact, index: int, kind: str) -> Json:
    if kind == "function":
        call = _call(fact.run, index)
        call["function"]["output"] = OUTPUT if fact.status == "completed" else None
        return call
    body: Json = {"input": "14 + 6", "outputs": []} if kind == "code_interpreter" else {}
    return {"id": call_id(fact.run, index), "type": kind, kind: body}


def _delta(fact: Fact, text: str) -> Json:
    if fact.object == "thread.message.delta":
        content = [{"index": 0, "type": "text", "text": {"value": text}}]
        return {"id": fact.message, "object": fact.object, "delta": {"content": content}}
    run, kind = _run_and_call_type(fact.step)
    if kind == "function":
        call: Json = {"index": 0, "type": "function", "function": {"arguments": text}}
        if text == "":
            # The first delta of a call carries its id and name and no arguments yet.
            call = {"index": 0, **_call(run, 0)}
            call["function"] |= {"arguments": "", "output": None}
    else:
        body: Json = {"input": text} if kind == "code_interpreter" else {}
        call = {"index": 0, "id": call_id(run, 0), "type": kind, kind: body}
    details = {"type": "tool_calls", "tool_calls": [call]}
    return {"id": fact.step, "object": fact.object, "delta": {"step_details": details}}


def as_object(fact: Fact, text: str | None = None) -> Json:
    """A full, plausible JSON object with the recorded keys in the recorded order, and the recorded null-ness and times.

    `text` is what a message says or what a delta adds, our own words unless given.
    """
    kind = fact.object
    if kind is None:
        if fact.event == "error":
            return ERROR
        raise ValueError(f"{fact.file}:{fact.line}: {fact.event} has no object")
    if kind == "thread":
        return {"id": fact.thread, "object": kind, "created_at": fact.created_at, "metadata": {}}
    if kind.endswith(".delta"):
        default = " tide" if kind == "thread.message.delta" else ""
        return _delta(fact, default if text is None else text)

    content: list[Json] = []
    if kind == "thread.message" and fact.status != "in_progress":
        value = REPLY if text is None else text
        content = [{"type": "text", "text": {"value": value, "annotations": []}}]
    details: Json = {"type": fact.type}
    if fact.type == "tool_calls":
        details["tool_calls"] = [_step_call(fact, index, kind) for index, kind in enumerate(fact.call_types)]
    elif fact.message:
        details["message_creation"] = {"message_id": fact.message}

    whole: Json = {
        # identity
        "id": fact.run if kind == "thread.run" else fact.step or fact.message,
        "object": kind,
        "thread_id": fact.thread,
        "assistant_id": fact.assistant,
        "run_id": fact.run,
        "status": fact.status,
        "type": fact.type,
        "incomplete_at": fact.incomplete_at,
        # what a run is asked to do, and with what
        "model": "gpt-4-1106-preview" if fact.version == "v1" else "gpt-4o",
        "tools": [FUNCTION] if fact.run in _calling_runs() else [],
        "tool_resources": {},
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "reasoning_effort": None,
        "max_prompt_tokens": None,
        "max_completion_tokens": None,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "response_format": "auto",
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        # what a step or a message holds
        "step_details": details,
        "role": "assistant",
        "content": content,
        "attachments": [],
        # the fields whose state was recorded
        "instructions": INSTRUCTIONS,
        "file_ids": [],
        "usage": fact.usage_numbers,
        "last_error": {"code": fact.error_code, "message": "Something went wrong at high water."},
        "incomplete_details": {"reason": fact.incomplete_reason},
        "required_action": {
            "type": "submit_tool_outputs",
            "submit_tool_outputs": {"tool_calls": [_call(fact.run, index) for index in range(fact.tool_calls)]},
        },
    }
    whole |= {stamp: fact.stamp(stamp) for stamp in STAMPS}
    whole |= {key: None for key in STATES if getattr(fact, key) == "null"}
    return {key: whole[key] for key in layouts()[fact.layout]}


def as_sse(fact: Fact, text: str | None = None) -> str:
    """One event block of a stream."""
    data = "[DONE]" if fact.event == "done" else json.dumps(as_object(fact, text))
    return f"event: {fact.event}\ndata: {data}\n\n"


def as_bytes(facts: tuple[Fact, ...] | list[Fact]) -> bytes:
    """A whole log, as JSON lines if it was polled and as server-sent events if it was streamed."""
    polled = (json.dumps(as_object(fact)) + "\n" if fact.kind == "poll" else as_sse(fact) for fact in facts)
    return "".join(polled).encode()
