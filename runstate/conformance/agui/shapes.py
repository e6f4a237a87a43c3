"""The schema of AG-UI's events, specification 1.0 and 1.1: which fields they have, and of what kind.

`clean` reads it as the client's enforcement does.  What the schema does not describe is taken out (an unknown field, an
unrecognised member of a union with everything that needs it), what it describes and the value contradicts is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from runstate.conformance.agui.values import ABSENT, Fields, get, is_object
from runstate.frozen import FrozenDict

__all__ = ["EVENT_TYPES", "Malformed", "clean"]


@attrs.frozen
class Malformed:
    """A value that the schema refuses."""

    path: str
    """As in ``outcome.interrupts[0].id``."""
    allowed: str
    seen: Any


class _Drop:
    """The whole value is not recognised, and whoever holds it leaves it out."""


_DROP: Final = _Drop()

_Faults = list[Malformed]
_Shape = Callable[[Any, str, _Faults], Any]
"""(value, path, faults) -> the value cleaned, or `_DROP`; what is malformed is added to the faults."""


def _plain(allowed: str, holds: Callable[[Any], bool]) -> _Shape:
    def shape(value: Any, path: str, faults: _Faults) -> Any:
        if not holds(value):
            faults.append(Malformed(path, allowed, value))
        return value

    return shape


_SAFE: Final = (1 << 53) - 1


def _whole(value: Any, least: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return least <= value <= _SAFE and value == int(value)


_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")

_STRING = _plain("a string", lambda value: isinstance(value, str))
_BOOLEAN = _plain("true or false", lambda value: isinstance(value, bool))
_TIME = _plain("a whole number", lambda value: _whole(value, -_SAFE))
_COUNT = _plain("a whole number from 0", lambda value: _whole(value, 0))
_OBJECT = _plain("an object", is_object)
_ANYTHING = _plain("any value", lambda _: True)
_NOT_NULL = _plain("any value but null", lambda value: value is not None)
_JSON_POINTER = _plain("a JSON pointer", lambda value: isinstance(value, str) and _POINTER.fullmatch(value) is not None)


def _one_of(*values: str) -> _Shape:
    return _plain(" or ".join(values), lambda value: isinstance(value, str) and value in values)


def _array(of: _Shape, least: int = 0) -> _Shape:
    def shape(value: Any, path: str, faults: _Faults) -> Any:
        if not isinstance(value, list | tuple):
            faults.append(Malformed(path, "an array", value))
            return value
        found: list[Any] = []
        for index, one in enumerate(value):
            mark = len(faults)
            cleaned = of(one, f"{path}[{index}]", faults)
            if cleaned is _DROP:
                del faults[mark:]  # nobody judges what is left out
            else:
                found.append(cleaned)
        if len(found) < least:
            faults.append(Malformed(path, f"an array of {least} at least", value))
        return found

    return shape


def _record(fields: Mapping[str, _Shape], *, others: bool = False) -> _Shape:
    """An object; a name that ends in ``?`` is a field that may be absent.  With ``others`` it may have more fields."""
    known = {name.removesuffix("?"): (shape, name.endswith("?")) for name, shape in fields.items()}
    required = tuple(name for name, (_, optional) in known.items() if not optional)

    def shape(value: Any, path: str, faults: _Faults) -> Any:
        if not is_object(value):
            faults.append(Malformed(path, "an object", value))
            return value
        found: dict[str, Any] = {}
        mark = len(faults)
        for name, one in value.items():
            if name not in known:
                if others:
                    found[name] = one
                continue
            of, optional = known[name]
            if of is _STRING and type(one) is str:  # most fields by far, so no call and no path for them
                found[name] = one
                continue
            before = len(faults)
            cleaned = of(one, f"{path}.{name}" if path else name, faults)
            if cleaned is not _DROP:
                found[name] = cleaned
            elif optional:
                del faults[before:]
            else:
                del faults[mark:]
                return _DROP
        for name in required:
            if name not in value:
                faults.append(Malformed(f"{path}.{name}" if path else name, "a value", ABSENT))
        return found

    return shape


def _union(tag: str, members: Mapping[str, _Shape]) -> _Shape:
    """Objects told apart by one field."""

    def shape(value: Any, path: str, faults: _Faults) -> Any:
        if not is_object(value):
            faults.append(Malformed(path, "an object", value))
            return value
        said = get(value, tag)
        return members[said](value, path, faults) if isinstance(said, str) and said in members else _DROP

    return shape


def _tagged(tag: str, members: Mapping[str, Mapping[str, _Shape]], *, others: bool = False) -> _Shape:
    """A union written as its members' fields, without the field that tells them apart."""
    return _union(tag, {name: _record({tag: _STRING, **fields}, others=others) for name, fields in members.items()})


def _string_or(array: _Shape) -> _Shape:
    def shape(value: Any, path: str, faults: _Faults) -> Any:
        if isinstance(value, list | tuple):
            return array(value, path, faults)
        if not isinstance(value, str):
            faults.append(Malformed(path, "a string or an array", value))
        return value

    return shape


_SOURCE = _tagged(
    "type",
    {
        "data": {"value": _STRING, "mimeType": _STRING},
        "url": {"value": _STRING, "mimeType?": _STRING},
        "file": {"value": _STRING, "provider?": _STRING, "mimeType?": _STRING},
    },
)
_MEDIA = {"id?": _STRING, "source": _SOURCE, "metadata?": _NOT_NULL}
_PARTS = _array(
    _tagged(
        "type",
        {
            "text": {"id?": _STRING, "text": _STRING, "metadata?": _NOT_NULL},
            "image": _MEDIA,
            "audio": _MEDIA,
            "video": _MEDIA,
            "document": _MEDIA,
        },
    )
)
_CONTENT = _string_or(_PARTS)

# Unlike the protocol's own objects, the operations of a patch may have more members (RFC 6902, section 4).
_PATCH = _array(
    _tagged(
        "op",
        {
            "add": {"path": _JSON_POINTER, "value": _ANYTHING},
            "remove": {"path": _JSON_POINTER},
            "replace": {"path": _JSON_POINTER, "value": _ANYTHING},
            "move": {"from": _JSON_POINTER, "path": _JSON_POINTER},
            "copy": {"from": _JSON_POINTER, "path": _JSON_POINTER},
            "test": {"path": _JSON_POINTER, "value": _ANYTHING},
        },
        others=True,
    )
)

_TOOL_CALL = _record(
    {
        "id": _STRING,
        "type": _one_of("function"),
        "function": _record({"name": _STRING, "arguments": _STRING}),
        "encryptedValue?": _STRING,
        "metadata?": _OBJECT,
    }
)
_SAID: Mapping[str, _Shape] = {"subagentRunId?": _STRING, "id": _STRING, "metadata?": _OBJECT}
_SPOKEN: Mapping[str, _Shape] = {**_SAID, "name?": _STRING, "encryptedValue?": _STRING}
_MESSAGES = _array(
    _tagged(
        "role",
        {
            "developer": {**_SPOKEN, "content": _STRING},
            "system": {**_SPOKEN, "content": _STRING},
            "assistant": {**_SPOKEN, "content?": _STRING, "toolCalls?": _array(_TOOL_CALL)},
            "user": {**_SPOKEN, "content": _CONTENT},
            "tool": {
                **_SAID,
                "content": _CONTENT,
                "toolCallId": _STRING,
                "error?": _STRING,
                "encryptedValue?": _STRING,
            },
            "activity": {**_SAID, "activityType": _STRING, "content": _OBJECT},
            "reasoning": {**_SAID, "content": _STRING, "encryptedValue?": _STRING},
        },
    )
)

_INPUT = _record(
    {
        "threadId": _STRING,
        "runId": _STRING,
        "protocolVersion?": _STRING,
        "parentRunId?": _STRING,
        "state?": _ANYTHING,
        "messages": _MESSAGES,
        "tools?": _array(
            _record({"name": _STRING, "description": _STRING, "parameters?": _NOT_NULL, "metadata?": _OBJECT})
        ),
        "context?": _array(_record({"description": _STRING, "value": _STRING})),
        "forwardedProps?": _NOT_NULL,
        "resume?": _array(
            _record(
                {
                    "interruptId": _STRING,
                    "status": _one_of("resolved", "cancelled"),
                    "payload?": _NOT_NULL,
                    "metadata?": _OBJECT,
                }
            )
        ),
    }
)

_INTERRUPT = _record(
    {
        "subagentRunId?": _STRING,
        "id": _STRING,
        "reason": _STRING,
        "message?": _STRING,
        "toolCallId?": _STRING,
        "responseSchema?": _OBJECT,
        "expiresAt?": _STRING,
        "metadata?": _OBJECT,
    }
)
_RUN_OUTCOME = _tagged(
    "type",
    {
        "success": {"pendingToolCallIds?": _array(_STRING)},
        "interrupt": {"interrupts": _array(_INTERRUPT, least=1)},
        "cancelled": {},
    },
)
_SUBAGENT_OUTCOME = _tagged("type", {"success": {}, "suspended": {"interruptIds?": _array(_STRING)}})

_COUNTS = ("input", "output", "total", "reasoning", "cachedInput", "cacheWriteInput")
_USAGE = _array(_record({"provider?": _STRING, "model?": _STRING, **{f"{name}Tokens?": _COUNT for name in _COUNTS}}))

_BASE: Mapping[str, _Shape] = {"type": _STRING, "timestamp?": _TIME, "rawEvent?": _NOT_NULL, "metadata?": _OBJECT}
_OWNED: Mapping[str, _Shape] = {**_BASE, "subagentRunId?": _STRING}
_MESSAGE: Mapping[str, _Shape] = {**_OWNED, "messageId": _STRING}
_CALL: Mapping[str, _Shape] = {**_OWNED, "toolCallId": _STRING}
_STEP: Mapping[str, _Shape] = {**_OWNED, "stepName": _STRING}
_RUN: Mapping[str, _Shape] = {**_BASE, "threadId": _STRING, "runId": _STRING}
_SUBAGENT: Mapping[str, _Shape] = {**_BASE, "subagentRunId": _STRING}
_ROLE = _one_of("developer", "system", "assistant", "user")


def _events() -> Iterator[tuple[str, Mapping[str, _Shape]]]:
    yield "RUN_STARTED", {**_RUN, "protocolVersion?": _STRING, "parentRunId?": _STRING, "input?": _INPUT}
    yield "RUN_FINISHED", {**_RUN, "result?": _NOT_NULL, "outcome?": _RUN_OUTCOME, "usage?": _USAGE}
    yield "RUN_ERROR", {**_BASE, "message": _STRING, "code?": _STRING, "usage?": _USAGE}
    yield "STEP_STARTED", _STEP
    yield "STEP_FINISHED", _STEP
    yield "TEXT_MESSAGE_START", {**_MESSAGE, "role?": _ROLE, "name?": _STRING}
    yield "TEXT_MESSAGE_CONTENT", {**_MESSAGE, "delta": _STRING}
    yield "TEXT_MESSAGE_END", _MESSAGE
    yield (
        "TEXT_MESSAGE_CHUNK",
        {**_OWNED, "messageId?": _STRING, "role?": _ROLE, "delta?": _STRING, "name?": _STRING},
    )
    yield "TOOL_CALL_START", {**_CALL, "toolCallName": _STRING, "parentMessageId?": _STRING}
    yield "TOOL_CALL_ARGS", {**_CALL, "delta": _STRING}
    yield "TOOL_CALL_END", _CALL
    yield (
        "TOOL_CALL_CHUNK",
        {
            **_OWNED,
            "toolCallId?": _STRING,
            "toolCallName?": _STRING,
            "parentMessageId?": _STRING,
            "delta?": _STRING,
        },
    )
    yield "TOOL_CALL_RESULT", {**_MESSAGE, "toolCallId": _STRING, "content": _CONTENT, "role?": _one_of("tool")}
    yield "STATE_SNAPSHOT", {**_OWNED, "snapshot": _ANYTHING}
    yield "STATE_DELTA", {**_OWNED, "delta": _PATCH}
    yield "MESSAGES_SNAPSHOT", {**_BASE, "messages": _MESSAGES}
    yield "ACTIVITY_SNAPSHOT", {**_MESSAGE, "activityType": _STRING, "content": _OBJECT, "replace?": _BOOLEAN}
    yield "ACTIVITY_DELTA", {**_MESSAGE, "activityType": _STRING, "patch": _PATCH}
    yield "RAW", {**_OWNED, "event": _ANYTHING, "source?": _STRING}
    yield "CUSTOM", {**_OWNED, "name": _STRING, "value": _ANYTHING}
    yield "REASONING_START", _MESSAGE
    yield "REASONING_MESSAGE_START", {**_MESSAGE, "role": _one_of("reasoning")}
    yield "REASONING_MESSAGE_CONTENT", {**_MESSAGE, "delta": _STRING}
    yield "REASONING_MESSAGE_END", _MESSAGE
    yield "REASONING_MESSAGE_CHUNK", {**_OWNED, "messageId?": _STRING, "delta?": _STRING}
    yield "REASONING_END", _MESSAGE
    yield (
        "REASONING_ENCRYPTED_VALUE",
        {**_OWNED, "subtype": _one_of("tool-call", "message"), "entityId": _STRING, "encryptedValue": _STRING},
    )
    yield (
        "SUBAGENT_STARTED",
        {
            **_SUBAGENT,
            "name": _STRING,
            "description?": _STRING,
            "parentSubagentRunId?": _STRING,
            "parentToolCallId?": _STRING,
            "parentMessageId?": _STRING,
        },
    )
    yield "SUBAGENT_FINISHED", {**_SUBAGENT, "result?": _NOT_NULL, "outcome?": _SUBAGENT_OUTCOME}
    yield "SUBAGENT_ERROR", {**_SUBAGENT, "message": _STRING, "code?": _STRING}


_EVENTS: Mapping[str, _Shape] = FrozenDict({name: _record(fields) for name, fields in _events()})

EVENT_TYPES: tuple[str, ...] = tuple(_EVENTS)
"""Every ``type`` of specification 1.1."""


def clean(kind: str, event: Fields) -> tuple[Fields, tuple[Malformed, ...]]:
    """The event without what the schema does not describe, and what the schema refuses in it.

    An event of an unknown type is left as it is.
    """
    shape = _EVENTS.get(kind)
    if shape is None:
        return event, ()
    faults: _Faults = []
    cleaned = shape(event, "", faults)
    return cleaned, tuple(faults)
