"""Chunks: the shorthand for opener, content and end, written out before anything is judged.

A chunk without an id goes on with the stream that its owner has open.  Each owner (a subagent, or the parent agent)
has a lane of its own with one stream at most; whatever else the owner sends closes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import attrs

from runstate.conformance.agui.rules import Broken
from runstate.conformance.agui.values import ABSENT, OWNER, Fields, get, identity, owner_name, shown
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.agui import AGUI_REASONING_MESSAGE, AGUI_TEXT_MESSAGE, AGUI_TOOL_CALL, AguiEntityEvent

__all__ = ["BadChunk", "Expander"]


class BadChunk(Exception):
    """A chunk that cannot be written out; it never leaves the judge."""

    def __init__(self, rule: str, message: str, field: str, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.broken = Broken(rule, message, field, allowed)


@attrs.frozen(kw_only=True)
class _Kind:
    """What a chunk of one type stands for."""

    lifecycle: Lifecycle
    label: str
    agrees: Mapping[str, Any]
    """Field that a later chunk may only repeat -> what it is where the first chunk leaves it out."""
    needs: tuple[str, ...] = ()
    """Fields that the first chunk must have, beside the id."""
    described: frozenset[str]
    """Every field that the schema gives the chunk."""

    @property
    def id_field(self) -> str:
        return self.lifecycle.id_field

    def event(self, verb: AguiEntityEvent, stream: _Stream, owner: Any, **more: Any) -> dict[str, Any]:
        """The event that a chunk stands for."""
        known = self.lifecycle.verb(verb)
        fields = {"type": known.wire[0] if known else None, self.id_field: stream.id, OWNER: owner, **more}
        return {name: value for name, value in fields.items() if value is not ABSENT}


@attrs.frozen
class _Stream:
    """What a lane is putting together."""

    kind: _Kind
    id: Any
    owner: Any
    """As the first chunk has it."""
    said: Mapping[str, Any]
    """The fields that later chunks must agree with."""


_BASE = frozenset({"type", "timestamp", "rawEvent", "metadata", OWNER, "delta"})

_KINDS: Mapping[str, _Kind] = FrozenDict(
    {
        "TEXT_MESSAGE_CHUNK": _Kind(
            lifecycle=AGUI_TEXT_MESSAGE,
            label="text message",
            agrees={"role": "assistant", "name": ABSENT},
            described=_BASE | {"messageId", "role", "name"},
        ),
        "TOOL_CALL_CHUNK": _Kind(
            lifecycle=AGUI_TOOL_CALL,
            label="tool call",
            agrees={"toolCallName": ABSENT, "parentMessageId": ABSENT},
            needs=("toolCallName",),
            described=_BASE | {"toolCallId", "toolCallName", "parentMessageId"},
        ),
        "REASONING_MESSAGE_CHUNK": _Kind(
            lifecycle=AGUI_REASONING_MESSAGE,
            label="reasoning message",
            agrees={},
            described=_BASE | {"messageId"},
        ),
    }
)

_CLOSES_ALL = frozenset({"RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "MESSAGES_SNAPSHOT"})
"""They speak of the run as a whole."""
_CLOSES_NAMED = frozenset({"SUBAGENT_FINISHED", "SUBAGENT_ERROR"})
"""They close the lane of the subagent that they name, and none if they name none."""
_CLOSES_OWN = frozenset(
    {
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
        "CUSTOM",
        "STEP_STARTED",
        "STEP_FINISHED",
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
        "REASONING_END",
    }
)
"""They close the lane of their owner.  RAW, activities, encrypted values, SUBAGENT_STARTED and the unknown close none."""


@attrs.define
class Expander:
    """Writes chunks out; everything else passes, after the ends of the streams that it closes."""

    lanes: dict[Hashable, _Stream] = attrs.field(factory=dict)
    """Owner -> its open stream, in the order in which they were opened."""

    def feed(self, event: Fields) -> list[Fields]:
        """The events that stand for this one.

        :raises BadChunk: where a chunk says too little, or contradicts its beginning.
        """
        kind = event.get("type")
        if not isinstance(kind, str):
            return [event]
        if kind in _KINDS:
            return self._chunk(_KINDS[kind], kind, event)
        if not self.lanes:
            return [event]
        owner = _lane_of(event)
        if kind in _CLOSES_ALL:
            return [*(end for lane in list(self.lanes) for end in self._close(lane)), event]
        if kind in _CLOSES_OWN or (kind in _CLOSES_NAMED and owner is not ABSENT):
            return [*self._close(owner), event]
        return [event]

    def _close(self, lane: Hashable) -> list[Fields]:
        stream = self.lanes.pop(lane, None)
        return [] if stream is None else [stream.kind.event(AguiEntityEvent.CLOSE, stream, stream.owner)]

    def _chunk(self, kind: _Kind, name: str, chunk: Fields) -> list[Fields]:
        lane = self._lane(kind, name, chunk)
        stream = self.lanes.get(lane)
        written: list[Fields] = []
        goes_on = stream is not None and stream.kind is kind and _same_or_absent(chunk, kind.id_field, stream.id)
        if stream is not None and goes_on:
            _agrees(kind, stream, chunk)
        else:
            written += self._close(lane)
            stream = self.lanes[lane] = _opened(kind, name, chunk)
            parent = {"parentMessageId": get(chunk, "parentMessageId")}
            more = parent if "parentMessageId" in kind.described else {}
            written.append(kind.event(AguiEntityEvent.OPEN, stream, stream.owner, **more))
        owner = get(chunk, OWNER)
        # a chunk that only goes on, with nothing but metadata, a null owner or unknown fields, is written out as well:
        # what it carries must reach whoever judges it
        carries = "delta" in chunk or "rawEvent" in chunk
        if carries or (goes_on and ("metadata" in chunk or owner is None or not kind.described.issuperset(chunk))):
            tag = stream.owner if owner is ABSENT else owner
            written.append(kind.event(AguiEntityEvent.APPEND, stream, tag))
        return written

    def _lane(self, kind: _Kind, name: str, chunk: Fields) -> Hashable:
        """The lane that a chunk belongs to."""
        wanted, owner = get(chunk, kind.id_field), _lane_of(chunk)
        if wanted is not ABSENT:
            for lane, stream in self.lanes.items():
                if stream.kind is kind and identity(stream.id) == identity(wanted):
                    if owner not in (ABSENT, lane):
                        message = (
                            f"{name} goes on with the {kind.label} {shown(wanted)} as {shown(chunk[OWNER])}; "
                            f"allowed: {owner_name(stream.owner)}, who began it"
                        )
                        raise BadChunk("chunk_owner", message, OWNER, (owner_name(stream.owner),))
                    return lane
            return owner
        if owner is not ABSENT:
            return owner
        parent = self.lanes.get(ABSENT)
        if parent is not None and parent.kind is kind:
            return ABSENT
        lanes = [lane for lane, stream in self.lanes.items() if stream.kind is kind]
        if len(lanes) > 1:
            message = (
                f"{name} has neither {kind.id_field} nor {OWNER}, and {len(lanes)} owners have a {kind.label} open; "
                f"allowed: with one of the two"
            )
            raise BadChunk("chunk_ambiguous", message, kind.id_field)
        return lanes[0] if lanes else ABSENT


def _lane_of(event: Fields) -> Hashable:
    """The owner's lane; null reads as absent here, and is refused by who judges the event."""
    owner = get(event, OWNER)
    return ABSENT if owner is None else identity(owner)


def _same_or_absent(event: Fields, name: str, value: object) -> bool:
    said = get(event, name)
    return said is ABSENT or identity(said) == identity(value)


def _agrees(kind: _Kind, stream: _Stream, chunk: Fields) -> None:
    for name, established in stream.said.items():
        if not _same_or_absent(chunk, name, established):
            message = (
                f"a chunk goes on with the {kind.label} {shown(stream.id)} and says {name} {shown(chunk[name])}; "
                f"allowed: {shown(established)}, as it began, or no {name}"
            )
            raise BadChunk("chunk_field", message, name, (shown(established),))


def _opened(kind: _Kind, name: str, chunk: Fields) -> _Stream:
    for needed in (kind.id_field, *kind.needs):
        if needed not in chunk:
            rule = "chunk_id_missing" if needed == kind.id_field else "chunk_name_missing"
            raise BadChunk(rule, f"{name} begins a {kind.label} without {needed}; allowed: with it", needed)
    said = {field: chunk.get(field, default) for field, default in kind.agrees.items()}
    return _Stream(kind, chunk[kind.id_field], get(chunk, OWNER), said)
