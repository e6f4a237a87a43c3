"""A log as the edits read it: whose object each item is, and what was seen of that object before.

A reading of its own, made from the lifecycle and not from the judge: what an edit must provoke is worked out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

import attrs

from runstate.conformance.spelling import camel
from runstate.lifecycle import FieldKind, Lifecycle, Presence, Transition
from runstate.lifecycles.assistants_parts import ASSISTANTS_PARTS
from runstate.nesting import Nesting
from runstate.testing.choosing import Item

__all__ = [
    "Log",
    "Sighting",
    "Subject",
    "announces",
    "creates",
    "is_time",
    "key_of",
    "read_log",
    "step_code",
    "written",
]

Part = tuple[str, str]
"""(name of the lifecycle, id)"""


@attrs.frozen(eq=False)
class Subject:
    """One run, step or message."""

    id: str
    lifecycle: Lifecycle
    nesting: Nesting | None = None
    """How it is bound to its run; None for a run."""
    run: str = ""
    """The id of its run; of a run its own."""

    def code(self, code: str) -> str:
        """The code under which the judge reports a fault of this object: parts have codes of their own."""
        if self.nesting is None:
            return code
        return {"RS1": "RS409", "RS2": "RS410", "RS3": "RS410"}.get(code[:3], code)


@attrs.define(eq=False)
class Sighting:
    """One object in the log, with what was known of it before."""

    index: int
    subject: Subject
    event: str | None
    data: Mapping[str, Any]
    status: str
    before: Sighting | None
    after: Sighting | None = None
    times: Mapping[str, int | float] = attrs.field(factory=dict)
    """Stamps and deadlines as they stood before."""
    nulls: frozenset[str] = frozenset()
    """Those that were null, and said so."""
    firsts: Mapping[str, object] = attrs.field(factory=dict)
    """Fields that no event changes, as they were seen first."""

    @property
    def streamed(self) -> bool:
        """Whether an event announced it."""
        return self.event is not None

    @property
    def ended(self) -> bool:
        """Whether the object has ended with it."""
        return self.status in self.subject.lifecycle.terminal

    def get(self, name: str) -> Any:
        """The value of a field, however its name is spelled."""
        return self.data.get(key_of(self.data, name))

    def has(self, name: str) -> bool:
        """Whether the object has the field."""
        return key_of(self.data, name) in self.data

    def presence(self, name: str) -> Presence:
        """What the lifecycle says of the field in this status; a field that no transition writes is free."""
        return self.subject.lifecycle.presence[self.status].get(name, Presence.FREE)

    def item(self, event: str | None = None, /, **fields: Any) -> Item:
        """The item with some fields changed, and another event where one is given."""
        data = {**self.data, **{key_of(self.data, name): value for name, value in fields.items()}}
        name = event or self.event
        return data if name is None else {"event": name, "data": data}

    def without(self, name: str) -> Item:
        """The item without a field."""
        data = {key: value for key, value in self.data.items() if key != key_of(self.data, name)}
        return data if self.event is None else {"event": self.event, "data": data}

    def moved(self, status: str, event: str | None) -> Item:
        """The item in another status, its fields as they must be there: set, null, or as they are."""
        lifecycle = self.subject.lifecycle
        fields: dict[str, Any] = {}
        for name, presence in lifecycle.presence[status].items():
            if presence is Presence.NULL and self.get(name) is not None:
                fields[name] = None
            elif presence is Presence.SET and self.get(name) is None:
                fields[name] = self.sample(name)
        return self.item(event, **fields, **{lifecycle.status_field: status})

    def sample(self, name: str) -> Any:
        """A value that the field could hold."""
        kinds = self.subject.lifecycle.fields
        kind = kinds.get(name, FieldKind.VALUE)
        if kind is FieldKind.VALUE:
            return _SAMPLES.get(name, f"{name} 1")
        stamps = [self.get(other) for other, kind in kinds.items() if kind is FieldKind.STAMP]
        latest: int = max((int(stamp) for stamp in stamps if is_time(stamp)), default=1_760_000_000)
        return latest + 600 if kind is FieldKind.DEADLINE else latest


_SAMPLES: Mapping[str, Any] = {
    "required_action": {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        },
    },
    "last_error": {"code": "server_error", "message": "It did not go well."},
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    "incomplete_details": {"reason": "max_completion_tokens"},
}


@attrs.frozen(eq=False)
class Log:
    """A log, read."""

    items: Sequence[Any]
    lifecycle: Lifecycle
    nestings: tuple[Nesting, ...]
    sightings: tuple[Sighting, ...]
    legs: tuple[tuple[str, ...], ...]
    """Before each item, and at the end: the runs that the stream spoke of since it last began."""
    errored: tuple[bool, ...]
    """The same: whether an error event came since then."""

    def of(self, run: str) -> Iterator[Sighting]:
        """The sightings of a run itself."""
        return (seen for seen in self.sightings if seen.subject.nesting is None and seen.subject.id == run)

    def runs(self) -> Iterator[Sighting]:
        """The sightings of runs."""
        return (seen for seen in self.sightings if seen.subject.nesting is None)

    def parts(self) -> Iterator[tuple[Sighting, Nesting]]:
        """The sightings of steps and messages."""
        return ((seen, seen.subject.nesting) for seen in self.sightings if seen.subject.nesting is not None)

    def whole(self, run: str, index: int) -> bool:
        """Whether the run was seen from its creation on, before this item."""
        first = next(self.of(run), None)
        return first is not None and first.index < index and creates(self.lifecycle, first.event)

    def run_at(self, run: str, index: int) -> Sighting | None:
        """The last sighting of the run before an item."""
        return max((seen for seen in self.of(run) if seen.index < index), key=lambda seen: seen.index, default=None)

    def end_of(self, run: str) -> Sighting | None:
        """The first sighting of the run in a terminal status."""
        return next((seen for seen in self.of(run) if seen.ended), None)

    def open_at(self, run: str, index: int) -> list[Sighting]:
        """The last sightings, before an item, of the parts of the run that are open then."""
        last = {seen.subject: seen for seen, _ in self.parts() if seen.subject.run == run and seen.index < index}
        return [seen for seen in last.values() if not seen.ended]


def read_log(items: Sequence[Any], lifecycle: Lifecycle) -> Log:
    """Read a log of mappings; what it does not understand it passes over."""
    nestings = tuple(nesting for nesting in ASSISTANTS_PARTS if nesting.parent is lifecycle)
    reader = _Reader(lifecycle, nestings)
    for index, item in enumerate(items):
        reader.take(index, item)
    legs, errored = (*reader.legs, tuple(reader.leg)), (*reader.errored, reader.error)
    return Log(items, lifecycle, nestings, tuple(reader.sightings), legs, errored)


class _Reader:
    def __init__(self, lifecycle: Lifecycle, nestings: tuple[Nesting, ...]) -> None:
        self.lifecycle = lifecycle
        self.nestings = nestings
        self.sightings: list[Sighting] = []
        self.last: dict[Part, Sighting] = {}
        self.leg: dict[str, None] = {}
        self.legs: list[tuple[str, ...]] = []
        self.error = False
        self.errored: list[bool] = []

    def take(self, index: int, item: Any) -> None:
        self.legs.append(tuple(self.leg))
        self.errored.append(self.error)
        event, data = event_and_data(item)
        if isinstance(data, str) and data.startswith("[DONE]"):
            self.leg, self.error = {}, False
        elif event == "error":
            self.error = True
        elif isinstance(data, Mapping):
            self._object(index, event, cast("Mapping[str, Any]", data))

    def _object(self, index: int, event: str | None, data: Mapping[str, Any]) -> None:
        kind = next((data[key] for key in ("object", "type", "kind") if isinstance(data.get(key), str)), None)
        lifecycle, nesting, run = self.lifecycle, None, ""
        if not (kind in lifecycle.objects or kind is None or not lifecycle.objects):
            nesting = next((n for n in self.nestings if kind in n.child.objects and event is not None), None)
            if nesting is None:
                return
            lifecycle = nesting.child
            run = data.get(key_of(data, nesting.parent_field)) or ""
        name, status = data.get(lifecycle.id_field), data.get(lifecycle.status_field)
        if not (isinstance(name, str) and name and status in lifecycle.statuses and isinstance(run, str)):
            return
        if nesting is not None and not run:
            return
        before = self.last.get((lifecycle.name, name))
        subject = Subject(name, lifecycle, nesting, run or name) if before is None else before.subject
        seen = Sighting(index, subject, event, data, str(status), before)
        if before is not None:
            before.after = seen
            seen.times, seen.nulls, seen.firsts = _known_after(before)
        self.last[lifecycle.name, name] = seen
        self.sightings.append(seen)
        if event is not None:
            self.leg[subject.run] = None


def event_and_data(item: Any) -> tuple[str | None, object]:
    """What an item announces and carries; a bare object announces nothing."""
    if not isinstance(item, Mapping):
        return None, None
    if isinstance(item.get("event"), str) and "data" in item and "object" not in item:
        return item["event"], item["data"]
    return None, item


def _known_after(seen: Sighting) -> tuple[dict[str, int | float], frozenset[str], dict[str, object]]:
    lifecycle = seen.subject.lifecycle
    times, nulls = dict(seen.times), set(seen.nulls)
    for name, kind in lifecycle.fields.items():
        if kind is FieldKind.VALUE or not seen.has(name):
            continue
        value = seen.get(name)
        if is_time(value):
            times[name] = value
            nulls.discard(name)
        else:
            times.pop(name, None)
            nulls.add(name)
    firsts = {name: seen.get(name) for name in lifecycle.constant if seen.has(name)}
    return times, frozenset(nulls), {**firsts, **seen.firsts}


# -- what the lifecycle says -------------------------------------------------------------------------------------------


def is_time(value: object) -> bool:
    """Whether a value is a number, as times are."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def key_of(data: Mapping[str, Any], name: str) -> str:
    """The key under which an object has, or would have, a field."""
    return camel(name) if name not in data and camel(name) in data else name


def creates(lifecycle: Lifecycle, event: str | None) -> bool:
    """Whether an event can announce nothing but creation, and is the first to do so."""
    edges = [edge for edge in lifecycle.transitions if event in edge.wire]
    return bool(edges) and all(edge.source is None and edge.wire[0] == event for edge in edges)


@lru_cache(maxsize=4096)
def announces(lifecycle: Lifecycle, status: str, source: str | None = None) -> str | None:
    """A name under which a stream announces a move to this status, which does not announce creation; None: none does."""
    edges = sorted((e for e in lifecycle.transitions if e.target == status), key=lambda e: e.source != source)
    names = [name for edge in edges for name in reversed(edge.wire) if not creates(lifecycle, name)]
    return next(iter(names), None)


@lru_cache(maxsize=4096)
def _unseen(lifecycle: Lifecycle, status: str) -> frozenset[str]:
    """The status and those that a run may have reached from it without a word."""
    found = {status}
    while new := {e.target for s in found for e in lifecycle.legal(s) if e.silent} - found:
        found |= new
    return frozenset(found)


@lru_cache(maxsize=65536)
def _code(lifecycle: Lifecycle, before: str | None, first: str | None, status: str, event: str | None) -> str | None:
    streamed = event is not None
    if creates(lifecycle, event) and (before is not None or status not in lifecycle.initial):
        return "RS108"
    if before is None:
        return None
    if not streamed:
        legal = status == before or status in lifecycle.reachable(before)
    else:
        twice = any((first, event) == pair for verb in lifecycle.verbs for pair in pairwise(verb.wire))
        told = {edge.target for hidden in _unseen(lifecycle, before) for edge in lifecycle.legal(hidden)}
        legal = status in told or (status == before and (twice or first is None))
    if legal:
        return None
    if any(quirk.transition == (before, status) for quirk in lifecycle.quirks):
        return "RS107"
    if status == before:
        return "RS105"
    if before in lifecycle.terminal:
        return "RS102"
    return "RS101" if streamed else "RS103"


def step_code(before: Sighting | None, lifecycle: Lifecycle, status: str, event: str | None) -> str | None:
    """The code of the fault in a step from one sighting to a status; None where the step is legal."""
    if before is None:
        return _code(lifecycle, None, None, status, event)
    return _code(lifecycle, before.status, before.event, status, event)


@lru_cache(maxsize=4096)
def _edges_between(lifecycle: Lifecycle, before: str, status: str, *, streamed: bool) -> tuple[Transition, ...]:
    if streamed:
        hidden = _unseen(lifecycle, before)
        return tuple(e for e in lifecycle.transitions if e.source in hidden and (e.target == status or e.silent))
    sources = {before, *lifecycle.reachable(before)}
    ways = {status, *(s for s in lifecycle.statuses if status in lifecycle.reachable(s))}
    return tuple(e for e in lifecycle.transitions if e.source in sources and e.target in ways)


def written(seen: Sighting, *, clears: bool = False) -> frozenset[str]:
    """The fields that a transition between a sighting and the one before it may write, or may set to null."""
    if seen.before is None:
        return frozenset(seen.subject.lifecycle.fields)
    edges = _edges_between(seen.subject.lifecycle, seen.before.status, seen.status, streamed=seen.streamed)
    return frozenset(name for edge in edges for name in (edge.does.clears if clears else edge.does.fields()))
