"""`Lifecycle`: the whole definition of how something may move from status to status, as one frozen value.

A lifecycle is written as a literal that can be read aloud: every status a `Row`, terminal rows empty, every event a
`Verb` with one target.  What it does to a record (stamps, deadlines, clearing, payload) is data on the verbs.  All the
rest is *derived* here and nowhere else: which events are legal, what is reachable, which fields are set, null or free
in which status, which stamps are ordered.  An inconsistent definition does not come into being: `BadLifecycle`.

Sources: the needs listed in §15 of the lifecycle survey that the catalogue is built from (several initial statuses, no
status at the start, reopened terminal ones, silent transitions, quirks apart from the table, certainty of each edge).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

import attrs

from runstate.errors import BadLifecycle
from runstate.frozen import EMPTY, FrozenDict

__all__ = [
    "PROBLEMS",
    "Basis",
    "Effects",
    "FieldKind",
    "Guard",
    "GuardFunction",
    "Lifecycle",
    "Presence",
    "Quirk",
    "Row",
    "To",
    "Transition",
    "Verb",
    "is_set",
    "named",
    "reached",
]

PROBLEMS: Mapping[str, str] = FrozenDict(
    {
        "unknown_status": "a transition, an initial or terminal set, or a quirk names a status that has no row",
        "unreachable_status": "no path of transitions leads to a status from creation",
        "undeclared_exit": "a transition leaves a terminal status without being declared to reopen it",
        "terminal_mismatch": "the declared terminal set differs from the rows that only reopen or are empty",
        "initial_mismatch": "the declared initial set differs from the targets of the row of absence",
        "two_targets": "an event leads to different statuses, or a status has two transitions for one event",
        "repeated_key": "a row or an event is written twice, or one transition writes a field in two ways",
        "unknown_event": "a row uses an event that has no verb",
        "unused_event": "a verb is used in no row",
        "unknown_field": "a stamp, deadline, payload, guard, constant or quirk names a field that is not declared",
        "no_basis": "a transition does not say what it rests on",
        "bad_name": "a name is empty or not a string",
        "unknown_guard": "a guard is named that no function is given for; such a lifecycle judges but does not drive",
        "bad_deadline": "a deadline's default is not a positive number of seconds",
    }
)
"""The closed set of problems that `BadLifecycle` names."""


class Basis(StrEnum):
    """What a transition rests on; a transition may rest on several."""

    DOCUMENTED = "documented"
    """A specification or a documentation page says it."""
    OBSERVED = "observed"
    """Real data shows it."""
    ENFORCED = "enforced"
    """Code accepts it and refuses others."""
    IMPLEMENTED = "implemented"
    """Code makes it and refuses nothing."""
    INFERRED = "inferred"
    """No source states it; strict readings refuse it."""


class FieldKind(StrEnum):
    """What a field of the record is to the lifecycle."""

    STAMP = "stamp"
    """The time of a transition, in seconds since the epoch."""
    DEADLINE = "deadline"
    """A time at which something becomes due, in seconds since the epoch."""
    VALUE = "value"
    """Anything else that transitions set or clear."""


class Presence(StrEnum):
    """Whether a field is set in a status."""

    SET = "set"
    """Every path sets it."""
    NULL = "null"
    """No path leaves it set."""
    FREE = "free"
    """It depends on the path, or on the payload."""


GuardFunction = Callable[[Any, Mapping[str, Any], float], object]
"""``(record, payload, at) -> None`` where the condition holds, else what was seen instead (any other value)."""


@attrs.frozen
class Guard:
    """A condition on a transition, by name.  Two kinds are data; a ``named`` one is a function of the lifecycle."""

    kind: Literal["set", "reached", "named"]
    argument: str
    """The field (``set``, ``reached``) or the name of the function (``named``)."""

    @property
    def name(self) -> str:
        """The name that `runstate.errors.GuardFailed` carries."""
        return {"set": f"{self.argument} is set", "reached": f"now >= {self.argument}"}.get(self.kind, self.argument)


def is_set(field: str) -> Guard:
    """The field must not be null."""
    return Guard("set", field)


def reached(field: str) -> Guard:
    """The time of the event must be at or after the deadline in the field."""
    return Guard("reached", field)


def named(function: str) -> Guard:
    """The function of this name in `Lifecycle.guard_functions` must answer None."""
    return Guard("named", function)


# Converters: attrs infers the type of an argument from its converter, so each has a type of its own.


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _statuses(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


def _guards(values: Iterable[Guard]) -> tuple[Guard, ...]:
    return tuple(values)


def _seconds(values: Mapping[str, float]) -> FrozenDict[str, float]:
    return FrozenDict(values)


def _payload(values: Mapping[str, str | None] | Mapping[str, str] | Mapping[str, None]) -> FrozenDict[str, str | None]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True)
class Effects:
    """What a transition does to the record.  Fields that are not named are kept."""

    stamps: tuple[str, ...] = attrs.field(default=(), converter=_names)
    """Set to the time of the event, again each time."""
    stamps_once: tuple[str, ...] = attrs.field(default=(), converter=_names)
    """Set to the time of the event where null, else kept."""
    clears: tuple[str, ...] = attrs.field(default=(), converter=_names)
    """Set to null."""
    deadlines: Mapping[str, float] = attrs.field(default=EMPTY, converter=_seconds)
    """Field -> default time to live in seconds; the field becomes the time of the event plus it."""
    takes: Mapping[str, str | None] = attrs.field(default=EMPTY, converter=_payload)
    """Payload name -> field that it is put in (None: only guards read it); must be given."""
    may_take: Mapping[str, str | None] = attrs.field(default=EMPTY, converter=_payload)
    """The same for payload that may be left out; then the field is kept."""

    def fields(self) -> Iterator[str]:
        """Every field named, in the order stamps, deadlines, payload, clears; in a `Lifecycle` each once."""
        yield from self.stamps
        yield from self.stamps_once
        yield from self.deadlines
        yield from (field for field in (*self.takes.values(), *self.may_take.values()) if field is not None)
        yield from self.clears

    def presence(self, field: str, before: Presence) -> Presence:
        """Whether the field is set afterwards, given whether it was set before."""
        if field in self.clears:
            return Presence.NULL
        if field in (*self.stamps, *self.stamps_once, *self.deadlines, *self.takes.values()):
            return Presence.SET
        if field in self.may_take.values() and before is not Presence.SET:
            return Presence.FREE
        return before

    def writes(self, field: str) -> bool:
        """Whether the field may hold another value afterwards."""
        return field in self.fields()


@attrs.frozen
class Verb:
    """An event: a verb that asks for a transition, with its one target given by the rows that use it."""

    event: str
    wire: tuple[str, ...] = attrs.field(default=(), converter=_names, kw_only=True)
    """Names under which a stream announces it; several: one after the other, the first one first."""
    does: Effects = attrs.field(factory=Effects, kw_only=True)
    guards: tuple[Guard, ...] = attrs.field(default=(), converter=_guards, kw_only=True)
    """Conditions on every transition of the event."""
    doc: str = attrs.field(default="", kw_only=True)


class To:
    """One entry of a row: ``To(event, target, *basis, why=…)``."""

    __slots__ = ("basis", "does", "event", "guards", "reopens", "silent", "target", "why")

    def __init__(
        self,
        event: str,
        target: str,
        *basis: Basis,
        why: str = "",
        guards: Iterable[Guard] = (),
        does: Effects | None = None,
        silent: bool = False,
        reopens: bool = False,
    ) -> None:
        self.event = event
        self.target = target
        self.basis = frozenset(basis)
        self.why = why
        self.guards = tuple(guards)
        self.does = does
        self.silent = silent
        self.reopens = reopens


class Row:
    """All transitions that leave one status; ``Row(None, …)`` leaves the absence of one, ``Row(status)`` is an end."""

    __slots__ = ("source", "transitions")

    def __init__(self, source: str | None, *transitions: To) -> None:
        self.source = source
        self.transitions = transitions


@attrs.frozen(kw_only=True)
class Transition:
    """An edge of the table, with everything that holds for it."""

    event: str
    source: str | None
    """None is the absence of a status: creation."""
    target: str
    basis: frozenset[Basis]
    why: str = ""
    """Where the edge is stated or seen."""
    guards: tuple[Guard, ...] = ()
    does: Effects = attrs.field(factory=Effects)
    wire: tuple[str, ...] = ()
    silent: bool = False
    """No event announces it: a stream may skip it."""
    reopens: bool = False
    """It leaves a terminal status, and the definition says so."""

    @property
    def inferred_only(self) -> bool:
        """Whether no source states or shows it; strict readings refuse such a transition."""
        return self.basis == {Basis.INFERRED}

    def __str__(self) -> str:
        return f"{self.source or '(none)'} --{self.event}--> {self.target}"


@attrs.frozen(kw_only=True)
class Quirk:
    """A known departure of real data from the table: never drivable, reported by the judge with a code of its own.

    Exactly one of ``transition``, ``field`` and ``announcement`` is given.
    """

    name: str
    why: str
    profile: str | None = None
    """Only in objects of this profile; None in all."""
    transition: tuple[str, str] | None = None
    """(source, target) that was seen though it is not in the table."""
    field: tuple[str, str] | None = None
    """(status, field) that was seen set though it must be null there."""
    announcement: tuple[str, str] | None = None
    """(wire name, status) that was seen though the event leads elsewhere."""


def _rows(values: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(values)


def _verbs(values: Iterable[Verb]) -> tuple[Verb, ...]:
    return tuple(values)


def _kinds(values: Mapping[str, FieldKind]) -> FrozenDict[str, FieldKind]:
    return FrozenDict(values)


def _quirks(values: Iterable[Quirk]) -> tuple[Quirk, ...]:
    return tuple(values)


def _marks(values: Mapping[str, str]) -> FrozenDict[str, str]:
    return FrozenDict(values)


def _functions(values: Mapping[str, GuardFunction]) -> FrozenDict[str, GuardFunction]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True, eq=False)
class Lifecycle:
    """A lifecycle: statuses, events, transitions, what they do, and what is known beside them.

    :raises BadLifecycle: where the definition contradicts itself; nothing is built then.
    """

    name: str
    """Dotted, as in ``openai.assistants.run``."""
    version: str = "1"
    doc: str = ""
    initial: frozenset[str] = attrs.field(converter=_statuses)
    """Must equal the targets of ``Row(None, …)``: written twice on purpose."""
    terminal: frozenset[str] = attrs.field(converter=_statuses)
    """Must equal the rows that are empty or only reopen: written twice on purpose."""
    rows: tuple[Row, ...] = attrs.field(converter=_rows, repr=False)
    verbs: tuple[Verb, ...] = attrs.field(converter=_verbs, repr=False)
    fields: Mapping[str, FieldKind] = attrs.field(default=EMPTY, converter=_kinds, repr=False)
    """The fields of a record that transitions write or rules speak of."""
    stops: frozenset[str] = attrs.field(default=frozenset(), converter=_statuses, repr=False)
    """Live statuses in which somebody else must act: streams and polls end there, the run does not."""
    constant: tuple[str, ...] = attrs.field(default=(), converter=_names, repr=False)
    """Fields that no event changes."""
    quirks: tuple[Quirk, ...] = attrs.field(default=(), converter=_quirks, repr=False)
    profiles: Mapping[str, str] = attrs.field(default=EMPTY, converter=_marks, repr=False)
    """Version of the wire format -> the field whose presence tells it."""
    objects: tuple[str, ...] = attrs.field(default=(), converter=_names, repr=False)
    """Values of ``object``, ``type`` or ``kind`` by which such an object is recognised."""
    id_field: str = attrs.field(default="id", repr=False)
    status_field: str = attrs.field(default="status", repr=False)
    guard_functions: Mapping[str, GuardFunction] = attrs.field(default=EMPTY, converter=_functions, repr=False)
    """Functions of the ``named`` guards.  A definition that only judges may lack them; driving one is refused."""

    statuses: tuple[str, ...] = attrs.field(init=False, repr=False)
    """In the order of the rows."""
    events: tuple[str, ...] = attrs.field(init=False, repr=False)
    """In the order of the verbs."""
    transitions: tuple[Transition, ...] = attrs.field(init=False, repr=False)
    """Every edge, in the order of the rows, creation included."""
    presence: Mapping[str, Mapping[str, Presence]] = attrs.field(init=False, repr=False)
    """status -> field -> whether it is set there; fields that no transition writes are not listed."""
    order: tuple[tuple[str, str], ...] = attrs.field(init=False, repr=False)
    """Pairs of stamps (a, b) with a <= b wherever both are set."""
    _edges: Mapping[tuple[str | None, str], Transition] = attrs.field(init=False, repr=False)
    _from: Mapping[str | None, tuple[Transition, ...]] = attrs.field(init=False, repr=False)
    _reach: Mapping[str | None, frozenset[str]] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Derive, and refuse what does not fit."""
        put = object.__setattr__
        _check_names(self)
        verbs = {verb.event: verb for verb in self.verbs}
        put(self, "statuses", tuple(row.source for row in self.rows if row.source is not None))
        put(self, "events", tuple(verbs))
        put(self, "transitions", tuple(_edges_of(self.rows, verbs)))
        put(self, "_edges", FrozenDict({(edge.source, edge.event): edge for edge in self.transitions}))
        sources = (None, *self.statuses)
        put(self, "_from", FrozenDict({s: tuple(e for e in self.transitions if e.source == s) for s in sources}))
        put(self, "_reach", FrozenDict({s: frozenset(_walk(self._from, s)) for s in sources}))
        _check_shape(self)
        _check_fields(self)
        put(self, "presence", _presence_of(self))
        put(self, "order", tuple(_order_of(self)))

    def __repr__(self) -> str:
        return f"<Lifecycle {self.name} v{self.version}: {len(self.statuses)} statuses, {len(self.events)} events>"

    @property
    def live(self) -> tuple[str, ...]:
        """The statuses that are not terminal, in the order of the rows."""
        return tuple(status for status in self.statuses if status not in self.terminal)

    def transition(self, source: str | None, event: str) -> Transition | None:
        """The edge that the event takes from the status, or None where there is none."""
        return self._edges.get((source, event))

    def legal(self, source: str | None, *, strict: bool = False) -> tuple[Transition, ...]:
        """Every edge that leaves the status; with ``strict`` without those that are only inferred.

        :raises KeyError: for a status that the lifecycle does not have.
        """
        edges = self._from[source]
        return tuple(edge for edge in edges if not edge.inferred_only) if strict else edges

    def reachable(self, source: str | None, *, strict: bool = False) -> frozenset[str]:
        """Every status that one or more transitions lead to; the status itself only where a cycle leads back."""
        if not strict:
            return self._reach[source]
        return frozenset(_walk({status: self.legal(status, strict=True) for status in (None, *self.statuses)}, source))

    def path(self, source: str | None, target: str, *, strict: bool = False) -> tuple[Transition, ...] | None:
        """A shortest path of at least one transition from one status to another; None where there is none.

        Of several shortest ones the first in the order of the rows, so that the answer never changes.
        """
        queue: deque[tuple[str | None, tuple[Transition, ...]]] = deque([(source, ())])
        seen: set[str] = set()
        while queue:
            status, taken = queue.popleft()
            for edge in self.legal(status, strict=strict):
                if edge.target == target:
                    return (*taken, edge)
                if edge.target not in seen:
                    seen.add(edge.target)
                    queue.append((edge.target, (*taken, edge)))
        return None

    def verb(self, event: str) -> Verb | None:
        """The verb of an event, or None."""
        return next((verb for verb in self.verbs if verb.event == event), None)

    def target(self, event: str) -> str | None:
        """The one status that the event leads to, or None where there is no such event."""
        return next((edge.target for edge in self.transitions if edge.event == event), None)

    def announced(self, wire: str) -> tuple[str, ...]:
        """Events that a stream announces under this name, in the order of the verbs."""
        return tuple(verb.event for verb in self.verbs if wire in verb.wire)

    def profile(self, fields: Mapping[str, object]) -> str | None:
        """The profile that the fields tell, or None: a profile is told by one field being set."""
        return next((name for name, mark in self.profiles.items() if fields.get(mark) is not None), None)


def _refuse(lifecycle: Lifecycle, problem: str, reason: str, seen: object, allowed: Iterable[str] = ()) -> BadLifecycle:
    return BadLifecycle(lifecycle=lifecycle.name, problem=problem, reason=reason, seen=seen, allowed=tuple(allowed))


def _check_names(lc: Lifecycle) -> None:
    rows = [row.source for row in lc.rows]
    verbs = [verb.event for verb in lc.verbs]
    unchecked: tuple[object, ...] = (lc.name, *(row for row in rows if row is not None), *verbs, *lc.fields)
    for unknown in unchecked:
        if not isinstance(unknown, str) or not unknown:
            raise _refuse(lc, "bad_name", "a name must be a non-empty string", unknown)
    named_twice: tuple[tuple[str, Sequence[str | None]], ...] = (("row", rows), ("event", verbs))
    for what, names in named_twice:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise _refuse(lc, "repeated_key", f"the {what} {name!r} is written twice", name)
    for row in lc.rows:
        events = [to.event for to in row.transitions]
        for index, event in enumerate(events):
            if event in events[:index]:
                raise _refuse(lc, "two_targets", f"status {row.source!r} has two transitions for {event!r}", event)
            if event not in verbs:
                raise _refuse(lc, "unknown_event", f"row {row.source!r} uses an event that has no verb", event, verbs)


def _edges_of(rows: Iterable[Row], verbs: Mapping[str, Verb]) -> Iterator[Transition]:
    for row in rows:
        for to in row.transitions:
            verb = verbs[to.event]
            yield Transition(
                event=to.event,
                source=row.source,
                target=to.target,
                basis=to.basis,
                why=to.why,
                guards=(*verb.guards, *to.guards),
                does=verb.does if to.does is None else to.does,
                wire=verb.wire,
                silent=to.silent,
                reopens=to.reopens,
            )


def _walk(edges: Mapping[str | None, tuple[Transition, ...]], source: str | None) -> set[str]:
    seen: set[str] = set()
    stack: list[str | None] = [source]
    while stack:
        for edge in edges.get(stack.pop(), ()):
            if edge.target not in seen:
                seen.add(edge.target)
                stack.append(edge.target)
    return seen


def _check_shape(lc: Lifecycle) -> None:
    known = lc.statuses
    targets: dict[str, str] = {}
    for edge in lc.transitions:
        if edge.target not in known:
            raise _refuse(lc, "unknown_status", f"{edge} leads to a status without a row", edge.target, known)
        if targets.setdefault(edge.event, edge.target) != edge.target:
            both = (targets[edge.event], edge.target)
            raise _refuse(lc, "two_targets", f"the event {edge.event!r} leads to two statuses; name two events", both)
        if not edge.basis:
            raise _refuse(lc, "no_basis", f"{edge} does not say what it rests on", str(edge), list(Basis))
        if edge.source in lc.terminal and not edge.reopens:
            reason = f"{edge} leaves a terminal status and is not declared to reopen it"
            raise _refuse(lc, "undeclared_exit", reason, str(edge))
    for status in sorted(lc.initial | lc.terminal | lc.stops):
        if status not in known:
            raise _refuse(lc, "unknown_status", f"status {status!r} has no row", status, known)
    ends = {s for s in known if all(edge.reopens for edge in lc.legal(s))}
    if ends != lc.terminal:
        reason = "the terminal set differs from the rows that are empty or only reopen"
        raise _refuse(lc, "terminal_mismatch", reason, sorted(lc.terminal ^ ends), sorted(ends))
    starts = {edge.target for edge in lc.legal(None)}
    if not starts or starts != lc.initial:
        reason = "the initial set differs from the targets of the row of absence"
        raise _refuse(lc, "initial_mismatch", reason, sorted(lc.initial ^ starts), sorted(starts))
    for status in known:
        if status not in lc.reachable(None):
            raise _refuse(lc, "unreachable_status", f"no path leads to {status!r}", status, sorted(lc.reachable(None)))
    for event in lc.events:
        if event not in targets:
            raise _refuse(lc, "unused_event", f"no row uses the event {event!r}", event, sorted(targets))
    for quirk in lc.quirks:
        for status in (*(quirk.transition or ()), *(quirk.field or ())[:1], *(quirk.announcement or ())[1:]):
            if status not in known:
                raise _refuse(lc, "unknown_status", f"quirk {quirk.name!r} names no status", status, known)


def _check_fields(lc: Lifecycle) -> None:
    def known(field: str, where: str) -> None:
        if field not in lc.fields and field != lc.status_field:
            raise _refuse(lc, "unknown_field", f"{where} names a field that is not declared", field, lc.fields)

    for edge in lc.transitions:
        written = list(edge.does.fields())
        for index, field in enumerate(written):
            known(field, f"an effect of {edge}")
            if field in written[:index]:
                raise _refuse(lc, "repeated_key", f"{edge} writes the field {field!r} in two ways", field)
        for guard in edge.guards:
            if guard.kind != "named":
                known(guard.argument, f"a guard of {edge}")
        for field, seconds in edge.does.deadlines.items():
            if not 0 < seconds < float("inf"):
                reason = f"the default of {field!r} on {edge} is not a positive number of seconds"
                raise _refuse(lc, "bad_deadline", reason, seconds)
    for quirk in lc.quirks:
        for field in (quirk.field or ())[1:]:
            known(field, f"quirk {quirk.name!r}")


def _presence_of(lc: Lifecycle) -> Mapping[str, Mapping[str, Presence]]:
    """Follow every field along every path until nothing changes: set, null, or (paths disagree) free.

    A field starts as null.  A guard that a field is set, or that the deadline in it is reached, holds after it, so such
    an edge carries the field as set.
    """
    written = [field for field in lc.fields if any(edge.does.writes(field) for edge in lc.transitions)]
    found: dict[str, dict[str, Presence]] = {status: {} for status in lc.statuses}
    queue: deque[str | None] = deque([None])
    while queue:
        source = queue.popleft()
        for edge in lc.legal(source):
            changed = False
            for field in written:
                before = Presence.NULL if source is None else found[source][field]
                if is_set(field) in edge.guards or reached(field) in edge.guards:
                    before = Presence.SET
                after = edge.does.presence(field, before)
                old = found[edge.target].get(field)
                new = after if old in (None, after) else Presence.FREE
                if new is not old:
                    found[edge.target][field] = new
                    changed = True
            if changed:
                queue.append(edge.target)
    return FrozenDict({status: FrozenDict(fields) for status, fields in found.items()})


def _order_of(lc: Lifecycle) -> Iterator[tuple[str, str]]:
    """(a, b) with a <= b: once b is stamped, no path stamps a again while b stands; a deadline follows its stamp."""
    stamps = [field for field, kind in lc.fields.items() if kind is FieldKind.STAMP]
    written = [f for f in stamps if any(f in (*e.does.stamps, *e.does.stamps_once) for e in lc.transitions)]
    for first in written:
        for second in written:
            if first != second and not _stamped_after(lc, first, second) and _stamped_after(lc, second, first):
                yield first, second
    created = [(stamp, end) for edge in lc.legal(None) for end in edge.does.deadlines for stamp in edge.does.stamps]
    yield from (pair for pair in dict.fromkeys(created) if not _stamped_after(lc, *pair))


def _stamped_after(lc: Lifecycle, field: str, other: str) -> bool:
    """Whether some path stamps ``field`` after ``other`` was stamped (or set as a deadline) and while it still stands."""
    queue = [e.target for e in lc.transitions if other in (*e.does.stamps, *e.does.stamps_once, *e.does.deadlines)]
    seen = set(queue)
    while queue:
        for edge in lc.legal(queue.pop()):
            if field in (*edge.does.stamps, *edge.does.stamps_once):
                return True
            if not edge.does.writes(other) and edge.target not in seen:
                seen.add(edge.target)
                queue.append(edge.target)
    return False
