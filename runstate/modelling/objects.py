"""Made-up objects of any lifecycle: records of a class of their own, what events are given, and logs as text.

Pure: every choice is made by a chooser that is given (a ``random.Random``, or one that draws through hypothesis).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast

import attrs

from runstate.codec import encode
from runstate.frozen import thaw
from runstate.lifecycle import FieldKind, Layout, Lifecycle, Transition
from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP
from runstate.record import (
    FunctionCall,
    IncompleteDetails,
    LastError,
    Message,
    RequiredAction,
    Run,
    RunStep,
    ToolCall,
    ToolOutput,
    Usage,
)

__all__ = [
    "ASSISTANTS_PAYLOADS",
    "DONE",
    "EPOCH",
    "Chooser",
    "Item",
    "Payload",
    "encoded",
    "flat",
    "names_for",
    "payload_for",
    "record_class",
    "to_jsonl",
    "to_sse",
]

T = TypeVar("T")

Item = dict[str, Any]
"""One thing in a log: ``{"event": name, "data": object}``, or the bare object of a poll."""


class Chooser(Protocol):
    """What makes the choices.  ``random.Random`` is one; a strategy's draws through hypothesis."""

    def randint(self, a: int, b: int, /) -> int:
        """A whole number from a to b, both included."""
        ...

    def choice(self, seq: Sequence[T], /) -> T:
        """One of a sequence that is not empty."""
        ...


Payload = Callable[[Any, Chooser], Any]
"""(record, chooser) -> what an event is given under one name; None leaves it out where that is allowed."""

DONE: Item = {"event": "done", "data": "[DONE]"}
"""The event that ends a stream."""

EPOCH = 1_760_000_000
"""About when the made-up histories begin, in seconds since the epoch."""


# -- logs --------------------------------------------------------------------------------------------------------------


def to_sse(items: Iterable[Item | bytes]) -> bytes:
    """A log as server-sent events; bytes stand for the text of a broken one."""
    return b"".join(map(_block, items))


def _block(item: Item | bytes) -> bytes:
    if isinstance(item, bytes):
        return b"data: " + item.strip() + b"\n\n"
    if "event" not in item:
        return b"data: " + _json(item) + b"\n\n"
    data = item["data"].encode() if isinstance(item["data"], str) else _json(item["data"])
    return b"event: " + str(item["event"]).encode() + b"\ndata: " + data + b"\n\n"


def to_jsonl(items: Iterable[Item | bytes]) -> bytes:
    """A log as JSON lines; bytes stand for the text of a broken one."""
    return b"".join(item.strip() + b"\n" if isinstance(item, bytes) else _json(item) + b"\n" for item in items)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


# -- records -----------------------------------------------------------------------------------------------------------

_RECORDS: Mapping[Lifecycle, type[Any]] = {
    ASSISTANTS_RUN: Run,
    ASSISTANTS_RUN_STEP: RunStep,
    ASSISTANTS_MESSAGE: Message,
}


@lru_cache(maxsize=256)
def record_class(lifecycle: Lifecycle) -> type[Any]:
    """The class of a lifecycle's records: its own, or a frozen attrs class of its names.

    A guard that the lifecycle has no function for is taken to hold.
    """
    if lifecycle in _RECORDS:
        return _RECORDS[lifecycle]
    names = dict.fromkeys((lifecycle.id_field, *lifecycle.constant, lifecycle.status_field))
    fields: dict[str, Any] = {name: attrs.field() for name in names if name not in lifecycle.fields}
    fields |= {name: attrs.field(default=None) for name in lifecycle.fields}
    body = {"__lifecycle__": _drivable(lifecycle), "__doc__": f"A record of {lifecycle.name}."}
    return cast("type[Any]", attrs.make_class("Record", fields, frozen=True, kw_only=True, class_body=body))


def _drivable(lifecycle: Lifecycle) -> Lifecycle:
    """The lifecycle with a function for each of its guards."""
    guards = {g.argument for edge in lifecycle.transitions for g in edge.guards if g.kind == "named"}
    missing = sorted(guards - set(lifecycle.guard_functions))
    if not missing:
        return lifecycle
    return attrs.evolve(lifecycle, guard_functions={**dict.fromkeys(missing, _holds), **lifecycle.guard_functions})


def _holds(_record: Any, _payload: Mapping[str, Any], _at: float) -> object:
    return None


@lru_cache(maxsize=256)
def flat(lifecycle: Lifecycle) -> Lifecycle:
    """The lifecycle as simulated logs are laid out: every field at the top of the object, under its own name.

    A judge of such logs must be given this one; most lifecycles are their own.
    """
    return lifecycle if lifecycle.layout == Layout() else attrs.evolve(lifecycle, layout=Layout())


def names_for(lifecycle: Lifecycle, edge: Transition, number: int) -> dict[str, Any]:
    """The fields that creation by this transition must be given; ids end in the number."""
    cls = record_class(lifecycle)
    written = {*edge.does.fields(), *lifecycle.presence[edge.target], lifecycle.status_field}
    needed = [f.name for f in attrs.fields(cls) if f.init and f.default is attrs.NOTHING and f.name not in written]
    names: dict[str, Any] = {name: f"{name.removesuffix('_id')}_{number}" for name in needed}
    names[lifecycle.id_field] = f"{lifecycle.name.rpartition('.')[2]}_{number}"
    says = next((name for name in ("object", "type", "kind") if name in names), None)
    if says is not None and lifecycle.objects:
        names[says] = lifecycle.objects[0]
    if lifecycle is ASSISTANTS_RUN_STEP:
        names["type"] = "tool_calls"
    if lifecycle is ASSISTANTS_RUN:
        names["model"] = "gpt-4o"
    return names


def encoded(record: Any) -> dict[str, Any]:
    """A record as decoded JSON."""
    if isinstance(record, Run | RunStep | Message):
        return encode(record)
    return {field.name: _plain(getattr(record, field.name)) for field in attrs.fields(type(record))}


def _plain(value: object) -> Any:
    if isinstance(value, str):
        return str.__str__(value)  # an enumeration is written as its value
    return encode(cast("Any", value)) if attrs.has(type(value)) else thaw(value)


# -- what events are given ---------------------------------------------------------------------------------------------


def _required_action(_record: Any, chooser: Chooser) -> RequiredAction:
    base = chooser.randint(0, 9999)
    harbours = ("Kiel", "Husum", "Emden")[: chooser.randint(1, 3)]
    return RequiredAction.calls(
        *(
            ToolCall(f"call_{base:04}_{index}", FunctionCall("next_high_water", json.dumps({"harbour": harbour})))
            for index, harbour in enumerate(harbours)
        )
    )


def _tool_outputs(record: Any, _chooser: Chooser) -> tuple[ToolOutput, ...]:
    return tuple(ToolOutput(call.id, "14:20") for call in record.required_action.submit_tool_outputs.tool_calls)


def _last_error(_record: Any, chooser: Chooser) -> LastError:
    return LastError(chooser.choice(("server_error", "rate_limit_exceeded", "invalid_prompt")), "It did not go well.")


def _usage(_record: Any, chooser: Chooser) -> Usage | None:
    return None if chooser.randint(0, 5) == 0 else Usage(chooser.randint(0, 500), chooser.randint(0, 100))


def _incomplete_details(_record: Any, chooser: Chooser) -> IncompleteDetails:
    return IncompleteDetails(chooser.choice(("max_completion_tokens", "max_prompt_tokens", "content_filter")))


ASSISTANTS_PAYLOADS: Mapping[str, Payload] = {
    "required_action": _required_action,
    "tool_outputs": _tool_outputs,
    "last_error": _last_error,
    "usage": _usage,
    "incomplete_details": _incomplete_details,
}
"""How what the events of an assistant's run are given is made, by name."""


def payload_for(
    edge: Transition, record: Any, chooser: Chooser, at: float, own: Mapping[str, Payload] | None = None
) -> dict[str, Any]:
    """What an event may be given here, by name.

    :param own: how values are made, by name; where it has none, those of an assistant's run, or any value that fits.
    """
    lifecycle: Lifecycle = record.__lifecycle__
    found: dict[str, Any] = {}
    for name, field in (*edge.does.takes.items(), *edge.does.may_take.items()):
        make = (own or {}).get(name) or (ASSISTANTS_PAYLOADS.get(name) if lifecycle in _RECORDS else None)
        if make is not None:
            value = make(record, chooser)
        elif name in edge.does.may_take and chooser.randint(0, 1):
            value = None
        else:
            value = _any_value(lifecycle, edge, name, field or "", at, chooser)
        if value is not None:
            found[name] = value
    return found


def _any_value(lifecycle: Lifecycle, edge: Transition, name: str, field: str, at: float, chooser: Chooser) -> object:
    axis = next((axis for axis in lifecycle.axes if axis.field == field), None)
    if axis is not None:
        return chooser.choice([value for value in axis.values if axis.allows(edge.target, value)])
    kind = lifecycle.fields.get(field, FieldKind.VALUE)
    if kind is FieldKind.STAMP:
        return int(at)
    if kind is FieldKind.DEADLINE:
        return int(at) + chooser.randint(60, 600)
    return f"{name} {chooser.randint(0, 9)}"
