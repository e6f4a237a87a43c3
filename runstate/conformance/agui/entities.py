"""What streams within a run: what is open, and who owns it.

Which event is legal when comes from the literals in `runstate.lifecycles.agui`; their guards, which look beyond one
entity, are the functions in `Entities.GUARDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import attrs

from runstate.conformance.agui.fields import missing_fields
from runstate.conformance.agui.rules import Broken
from runstate.conformance.agui.values import ABSENT, OWNER, Fields, get, identity, items, of_string, owner_name, shown
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle, Transition
from runstate.lifecycles.agui import (
    AGUI_ENTITIES,
    AGUI_REASONING_MESSAGE,
    AGUI_REASONING_SPAN,
    AGUI_STEP,
    AGUI_SUBAGENT,
    AGUI_TEXT_MESSAGE,
    AGUI_TOOL_CALL,
)

__all__ = ["ENTITY_TYPES", "Entities", "wires"]


@attrs.frozen
class _Kind:
    """A kind of entity: its lifecycle, and what the rules about it are called."""

    lifecycle: Lifecycle
    prefix: str
    owned: str | None = None
    """Where its owners are kept: an id is unique within one of these."""

    @property
    def label(self) -> str:
        return self.prefix.replace("_", " ")

    @property
    def id_field(self) -> str:
        return self.lifecycle.id_field

    def opens(self, event: str) -> bool:
        """Whether an event brings the entity into being."""
        return self.lifecycle.transition(None, event) is not None


_KINDS: Mapping[str, _Kind] = FrozenDict(
    {
        kind.lifecycle.name: kind
        for kind in (
            _Kind(AGUI_STEP, "step"),
            _Kind(AGUI_TEXT_MESSAGE, "text_message", "message"),
            _Kind(AGUI_REASONING_MESSAGE, "reasoning_message", "reasoning"),
            _Kind(AGUI_REASONING_SPAN, "reasoning_span", "reasoning"),
            _Kind(AGUI_TOOL_CALL, "tool_call", "tool_call"),
            _Kind(AGUI_SUBAGENT, "subagent"),
        )
    }
)

_BUCKETS = ("message", "tool_call", "activity", "reasoning")
"""An id is unique within each: a span and a reasoning message share one, so that two producers cannot claim them."""

_BUCKET_OF_ROLE: Mapping[str, str] = FrozenDict({"reasoning": "reasoning", "activity": "activity"})

_BUCKETS_OF_SUBTYPE: Mapping[str, tuple[str, ...]] = FrozenDict(
    {"tool-call": ("tool_call",), "message": ("message", "reasoning")}
)

_ENTITY: Mapping[str, tuple[_Kind, str]] = FrozenDict(
    {wire: (kind, verb.event) for kind in _KINDS.values() for verb in kind.lifecycle.verbs for wire in verb.wire}
)

ENTITY_TYPES: frozenset[str] = frozenset(_ENTITY)
"""Types of the events that open, continue or close something."""


def wires(edges: Iterable[Transition]) -> tuple[str, ...]:
    """The event types that announce transitions."""
    return tuple(wire for edge in edges for wire in edge.wire)


class _Nobody:
    """Nobody is known to own it: neither the parent agent nor a subagent."""


_NOBODY = _Nobody()


def _tag(fields: Fields) -> Any:
    """The owner that an event names; null was refused and counts as absent."""
    owner = get(fields, OWNER)
    return ABSENT if owner is None else owner


def _key(of: _Kind, fields: Fields) -> Hashable:
    """What tells one entity of a kind from another: its id; of a step its owner too."""
    given = identity(get(fields, of.id_field))
    return (identity(_tag(fields)), given) if of.lifecycle is AGUI_STEP else given


@attrs.define(eq=False)
class Entities:
    """The entities of one run."""

    _status: dict[str, dict[Hashable, str]] = attrs.field(
        init=False, factory=lambda: {lifecycle.name: {} for lifecycle in AGUI_ENTITIES}
    )
    """Name of a lifecycle -> key -> status; no key is no status."""
    _names: dict[tuple[str, Hashable], str] = attrs.field(init=False, factory=dict)
    """What is open, in words."""
    _owners: dict[str, dict[Hashable, Any]] = attrs.field(
        init=False, factory=lambda: {bucket: {} for bucket in _BUCKETS}
    )
    """Kind of id -> id -> owner, kept for the whole run, also when what it names is closed."""

    @property
    def open(self) -> tuple[tuple[str, str], ...]:
        """What is open: (lifecycle, id) each, in the order in which the end of the run asks for it."""
        return tuple(
            (lifecycle.name, self._names[lifecycle.name, key])
            for lifecycle in AGUI_ENTITIES
            for key, status in self._status[lifecycle.name].items()
            if status not in lifecycle.terminal
        )

    def next(self) -> Iterator[str]:
        """Types of the events that may come next for one entity or another."""
        for lifecycle in AGUI_ENTITIES:
            yield from wires(lifecycle.legal(None))
            for status in sorted(set(self._status[lifecycle.name].values()) - lifecycle.terminal):
                yield from wires(lifecycle.legal(status))

    def left_open(self, kind: str) -> Iterator[Broken]:
        """The guard ``everything_is_closed`` of the end of a run."""
        still = self.open
        for name, of in _KINDS.items():
            left = [one for lifecycle, one in still if lifecycle == name]
            if left:
                closes = wires(edge for edge in of.lifecycle.transitions if edge.target in of.lifecycle.terminal)
                message = (
                    f"{kind} came while {of.label} {', '.join(left)} is open; allowed: after {' or '.join(closes)}"
                )
                yield Broken(f"{of.prefix}_left_open", message, None, closes)

    def feed(self, kind: str, fields: Fields) -> Iterator[Broken]:
        """What an event breaks that comes within a run; afterwards it is taken into account."""
        if kind in _ENTITY:
            yield from self._step(*_ENTITY[kind], fields, kind)
        elif kind in self.OTHERS:
            yield from self.OTHERS[kind](self, fields, kind)

    # -- entities -------------------------------------------------------------------------------------------------

    def _step(self, of: _Kind, event: str, fields: Fields, kind: str) -> Iterator[Broken]:
        if of.lifecycle is AGUI_SUBAGENT:
            yield from missing_fields(kind, fields)
            if not isinstance(get(fields, OWNER), str):
                return  # there is no entity to speak of
        statuses, key = self._status[of.lifecycle.name], _key(of, fields)
        edge = of.lifecycle.transition(statuses.get(key), event)
        if edge is None:
            yield self._out_of_order(of, key, event, fields, kind)
            return
        for guard in edge.guards:
            yield from self.GUARDS[guard.argument](self, of, key, event, fields, kind)
        self._put(of, key, edge.target, fields)

    def _put(self, of: _Kind, key: Hashable, status: str, fields: Fields) -> None:
        name = of.lifecycle.name
        self._status[name][key] = status
        if status in of.lifecycle.terminal:
            self._names.pop((name, key), None)
        elif (name, key) not in self._names:
            given, owner = get(fields, of.id_field), _tag(fields)
            of_whom = f" of {owner_name(owner)}" if of.lifecycle is AGUI_STEP and owner is not ABSENT else ""
            self._names[name, key] = f"{given if isinstance(given, str) else shown(given)}{of_whom}"

    def _out_of_order(self, of: _Kind, key: Hashable, event: str, fields: Fields, kind: str) -> Broken:
        """No transition of the entity allows the event; afterwards it is taken for what its sender meant."""
        lifecycle, given = of.lifecycle, get(fields, of.id_field)
        status, target = self._status[lifecycle.name].get(key), lifecycle.target(event) or ""
        what = f"{of.label} {shown(given)}"
        if of.opens(event):
            if status in lifecycle.terminal:
                message = f"{kind} starts {what}, which has ended in this run; allowed: an id of its own"
                return Broken(f"{of.prefix}_reused", message, of.id_field)
            closes = wires(edge for edge in lifecycle.legal(status) if edge.target in lifecycle.terminal)
            message = f"{kind} opens {what}, which is open; allowed: {' or '.join(closes)} before it, or another id"
            return Broken(f"{of.prefix}_already_open", message, of.id_field, closes)
        other = self._of_another(of, given)
        if other is not None:
            self._put(of, other, target, fields)
            who, whose = owner_name(_tag(fields)), owner_name(other[0])
            message = f"{kind} of {who} names {what}, which is open under {whose}; allowed: from {whose}"
            return Broken(f"{of.prefix}_of_another", message, OWNER, (whose,))
        if target not in lifecycle.terminal:  # once reported, it counts as open from here
            self._put(of, key, target, fields)
            if of.owned is not None:
                self._own(of.owned, key, _tag(fields), anew=False)
        opens = wires(lifecycle.legal(None))
        message = f"{kind} names {what}, which is not open; allowed: after {' or '.join(opens)}"
        return Broken(f"{of.prefix}_not_open", message, of.id_field, opens)

    def _of_another(self, of: _Kind, given: object) -> tuple[Hashable, Hashable] | None:
        """The key of a step of this name that somebody else has open."""
        if of.lifecycle is not AGUI_STEP:
            return None
        for key, status in self._status[AGUI_STEP.name].items():
            if isinstance(key, tuple) and key[1] == identity(given) and status not in AGUI_STEP.terminal:
                return key[0], key[1]
        return None

    # -- owners ---------------------------------------------------------------------------------------------------

    def _own(self, bucket: str, key: Hashable, owner: Any, *, anew: bool) -> None:
        if anew or key not in self._owners[bucket]:
            self._owners[bucket][key] = owner

    def _disagrees(self, owner: Any, fields: Fields, kind: str, rule: str, label: str) -> Iterator[Broken]:
        """Whether an event that names its owner names another than the one that is known."""
        tag = _tag(fields)
        if tag is ABSENT or owner is _NOBODY or identity(owner) == identity(tag):
            return
        whose = owner_name(owner)
        message = f"{kind} of {shown(tag)} goes to a {label} of {whose}; allowed: from {whose}, or without {OWNER}"
        yield Broken(rule, message, OWNER, (whose,))

    def _same_owner(self, of: _Kind, key: Hashable, event: str, fields: Fields, kind: str) -> Iterator[Broken]:
        """Who opened it first owns it; whoever goes on with it, closes it or opens it again must not be another."""
        bucket = of.owned or ""
        owner = self._owners[bucket].get(key, _NOBODY)
        yield from self._disagrees(owner, fields, kind, f"{of.prefix}_owner", of.label)
        if of.opens(event):
            inherits = _tag(fields) is ABSENT and of.lifecycle is AGUI_TOOL_CALL
            self._own(bucket, key, self._owner_of_parent(fields, ABSENT) if inherits else _tag(fields), anew=False)

    def _owner_of_parent(self, fields: Fields, default: Any) -> Any:
        parent = get(fields, "parentMessageId")
        return default if parent is ABSENT else self._owners["message"].get(identity(parent), default)

    def _owner_of_parent_message(
        self, of: _Kind, key: Hashable, _event: str, fields: Fields, kind: str
    ) -> Iterator[Broken]:
        """A tool call belongs to the message that it names, so it cannot be another's."""
        owner, tag = self._owner_of_parent(fields, _NOBODY), _tag(fields)
        if owner is _NOBODY:
            return
        parent, whose = shown(get(fields, "parentMessageId")), owner_name(owner)
        if tag is not ABSENT:
            if identity(tag) != identity(owner):
                message = f"{kind} of {shown(tag)} belongs to message {parent} of {whose}; allowed: from {whose}"
                yield Broken("tool_call_parent_owner", message, OWNER, (whose,))
            return
        known = self._owners[of.owned or ""].get(key, _NOBODY)
        if known is not _NOBODY and identity(known) != identity(owner):
            message = (
                f"{kind} opens a tool call of {owner_name(known)} again in message {parent} of {whose}; "
                f"allowed: a message of {owner_name(known)}"
            )
            yield Broken("tool_call_inherited_owner", message, "parentMessageId")

    def _parent_was_started(
        self, of: _Kind, _key: Hashable, _event: str, fields: Fields, kind: str
    ) -> Iterator[Broken]:
        parent, started = get(fields, "parentSubagentRunId"), self._status[of.lifecycle.name]
        if parent is ABSENT or parent is None or identity(parent) in started:
            return
        allowed = tuple(map(shown, started))
        message = (
            f"{kind} names the parent {shown(parent)}, which was not started in this run; "
            f"allowed: {', '.join(allowed) or 'no parentSubagentRunId'}"
        )
        yield Broken("subagent_parent_unknown", message, "parentSubagentRunId", allowed)

    GUARDS: ClassVar[Mapping[str, Callable[[Entities, _Kind, Hashable, str, Fields, str], Iterator[Broken]]]] = (
        FrozenDict(
            {
                "same_owner": _same_owner,
                "owner_of_parent_message": _owner_of_parent_message,
                "parent_was_started": _parent_was_started,
            }
        )
    )
    """The guards that the literals name."""

    # -- other events ---------------------------------------------------------------------------------------------

    def _started(self, fields: Fields, kind: str) -> Iterator[Broken]:
        """The input of a run is plain history: it says who owns what nobody owns yet."""
        yield from self._history(get(get(fields, "input"), "messages"), kind, "input.messages", anew=False)

    def _snapshot(self, fields: Fields, kind: str) -> Iterator[Broken]:
        """A snapshot states the conversation anew, owners included."""
        yield from self._history(get(fields, "messages"), kind, "messages", anew=True)

    def _history(self, messages: object, kind: str, path: str, *, anew: bool) -> Iterator[Broken]:
        for index, one in enumerate(items(messages) or ()):
            place = f"{path}[{index}]"
            known, owner, calls = get(one, "id"), get(one, OWNER), get(one, "toolCalls")
            if not isinstance(known, str):
                continue
            if owner is None:
                message = f"{kind} has a message {known!r} with {OWNER} null; allowed: a string, or no {OWNER}"
                yield Broken("message_owner_null", message, f"{place}.{OWNER}")
                owner = ABSENT
            self._own(_BUCKET_OF_ROLE.get(of_string(get(one, "role")) or "", "message"), known, owner, anew=anew)
            if not (calls is ABSENT or calls is None or isinstance(calls, str | list | tuple)):
                message = f"{kind} has a message {known!r} with toolCalls {shown(calls)}; allowed: an array"
                yield Broken("messages_unreadable", message, f"{place}.toolCalls")
            for call in items(calls) or ():
                if isinstance(get(call, "id"), str):
                    self._own("tool_call", get(call, "id"), owner, anew=anew)

    def _result(self, fields: Fields, _kind: str) -> Iterator[Broken]:
        """The result of a tool call makes a message, whose owner is the one who ran the tool."""
        made = get(fields, "messageId")
        if isinstance(made, str):
            self._own("message", made, _tag(fields), anew=True)
        yield from ()

    def _activity(self, fields: Fields, _kind: str) -> Iterator[Broken]:
        """A snapshot that replaces an activity hands it over; one that does not leaves it with its owner."""
        anew = get(fields, "replace") is not False
        self._own("activity", identity(get(fields, "messageId")), _tag(fields), anew=anew)
        yield from ()

    def _activity_delta(self, fields: Fields, kind: str) -> Iterator[Broken]:
        owner = self._owners["activity"].get(identity(get(fields, "messageId")), _NOBODY)
        yield from self._disagrees(owner, fields, kind, "activity_owner", "activity")

    def _encrypted(self, fields: Fields, kind: str) -> Iterator[Broken]:
        """An encrypted value goes to a tool call or to a message of either kind, as its subtype says."""
        key = identity(get(fields, "entityId"))
        buckets = _BUCKETS_OF_SUBTYPE.get(of_string(get(fields, "subtype")) or "", ("reasoning",))
        owner = next((self._owners[name][key] for name in buckets if key in self._owners[name]), _NOBODY)
        yield from self._disagrees(owner, fields, kind, "encrypted_value_owner", "message or tool call")

    OTHERS: ClassVar[Mapping[str, Callable[[Entities, Fields, str], Iterator[Broken]]]] = FrozenDict(
        {
            "RUN_STARTED": _started,
            "MESSAGES_SNAPSHOT": _snapshot,
            "TOOL_CALL_RESULT": _result,
            "ACTIVITY_SNAPSHOT": _activity,
            "ACTIVITY_DELTA": _activity_delta,
            "REASONING_ENCRYPTED_VALUE": _encrypted,
        }
    )
    """Events that neither open nor close anything and still say who owns what."""
