"""`Lifecycle`: the whole definition of how something may move from status to status, as one frozen value.

A lifecycle is written as a literal that can be read aloud: every status a `Row`, terminal rows empty, every event a
`Verb` with one target.  What it does to a record (stamps, deadlines, clearing, payload) is data on the verbs.  All the
rest is *derived* here and nowhere else: which events are legal, what is reachable, which fields are set, null or free
in which status, which stamps are ordered.  An inconsistent definition does not come into being: `BadLifecycle`.

Sources: the needs listed in §15 of the lifecycle survey that the catalogue is built from (several initial statuses, no
status at the start, reopened terminal ones, silent transitions, quirks apart from the table, certainty of each edge).
What goes beyond one table of transitions stands beside it, as data of its own that is empty for most lifecycles: a
second dimension (`Axis`), a request that is answered by another status (`Answer`), deletion (`Removal`), counts over a
whole run (`Count`), an order that merges late news (``precedence``), other spellings, and where a log's objects hold
all that (`Layout`).  None of it changes what the table says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from runstate.errors import BadLifecycle
from runstate.frozen import EMPTY, FrozenDict
from runstate.vocabulary import (
    Answer,
    Axis,
    Basis,
    Count,
    Effects,
    FieldKind,
    Guard,
    GuardFunction,
    Layout,
    Presence,
    Quirk,
    Removal,
    Row,
    To,
    Transition,
    Verb,
    as_many,
    as_names,
    as_statuses,
    is_set,
    named,
    reached,
)

__all__ = [
    "PROBLEMS",
    "Answer",
    "Axis",
    "Basis",
    "Count",
    "Effects",
    "FieldKind",
    "Guard",
    "GuardFunction",
    "Layout",
    "Lifecycle",
    "Presence",
    "Quirk",
    "Removal",
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
        "written_constant": "an event other than creation writes a field that no event changes",
        "wrong_kind": "a stamp goes into a field that is no stamp, or what is set or waited for as a deadline is none",
        "reserved_name": "a payload has the name of an argument that every event has",
        "terminal_stop": "a status in which others must act is terminal",
        "needless_reopen": "a transition is declared to reopen a status that is not terminal",
        "bad_quirk": "a quirk is not exactly one departure from the table, or none at all",
        "unknown_guard": "a guard is named that no function is given for; such a lifecycle judges but does not drive",
        "bad_deadline": "a deadline's default is not a positive number of seconds",
    }
)
"""The closed set of problems that `BadLifecycle` names."""


RESERVED = ("at", "ttl", "strict", "event", "run", "record")
"""Names of arguments that `runstate.create` and `runstate.apply` have; no payload can have them."""


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


def _axes(values: Iterable[Axis]) -> tuple[Axis, ...]:
    return tuple(values)


def _answers(values: Iterable[Answer]) -> tuple[Answer, ...]:
    return tuple(values)


def _removals(values: Iterable[Removal]) -> tuple[Removal, ...]:
    return tuple(values)


def _counts(values: Iterable[Count]) -> tuple[Count, ...]:
    return tuple(values)


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
    initial: frozenset[str] = attrs.field(converter=as_statuses)
    """Must equal the targets of ``Row(None, …)``: written twice on purpose."""
    terminal: frozenset[str] = attrs.field(converter=as_statuses)
    """Must equal the rows that are empty or only reopen: written twice on purpose."""
    rows: tuple[Row, ...] = attrs.field(converter=_rows, repr=False)
    verbs: tuple[Verb, ...] = attrs.field(converter=_verbs, repr=False)
    fields: Mapping[str, FieldKind] = attrs.field(default=EMPTY, converter=_kinds, repr=False)
    """The fields of a record that transitions write or rules speak of."""
    stops: frozenset[str] = attrs.field(default=frozenset(), converter=as_statuses, repr=False)
    """Live statuses in which somebody else must act: streams and polls end there, the run does not."""
    constant: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Fields that no event changes."""
    quirks: tuple[Quirk, ...] = attrs.field(default=(), converter=_quirks, repr=False)
    profiles: Mapping[str, str] = attrs.field(default=EMPTY, converter=_marks, repr=False)
    """Version of the wire format -> the field whose presence tells it."""
    objects: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Values of ``object``, ``type`` or ``kind`` by which such an object is recognised."""
    id_field: str = attrs.field(default="id", repr=False)
    status_field: str = attrs.field(default="status", repr=False)
    guard_functions: Mapping[str, GuardFunction] = attrs.field(default=EMPTY, converter=_functions, repr=False)
    """Functions of the ``named`` guards.  A definition that only judges may lack them; driving one is refused."""
    spellings: Mapping[str, tuple[str, ...]] = attrs.field(default=EMPTY, converter=as_many, repr=False)
    """Status -> other spellings of it on the wire; an integer by its digits, ``null`` for null."""
    passing: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Wire names of events that go with such a run without moving it; one that ends in ``*`` stands for a beginning."""
    axes: tuple[Axis, ...] = attrs.field(default=(), converter=_axes, repr=False)
    answers: tuple[Answer, ...] = attrs.field(default=(), converter=_answers, repr=False)
    removals: tuple[Removal, ...] = attrs.field(default=(), converter=_removals, repr=False)
    counts: tuple[Count, ...] = attrs.field(default=(), converter=_counts, repr=False)
    precedence: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """For logs whose events arrive in any order: the statuses, strongest first; see `merged`."""
    layout: Layout = attrs.field(factory=Layout, repr=False)

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
    _spelled: Mapping[str, str] = attrs.field(init=False, repr=False)

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
        _check_beside(self)
        put(self, "_spelled", FrozenDict({other: status for status, all_ in self.spellings.items() for other in all_}))
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
        """Events that a stream announces under this name, in the order of the verbs; one without a name goes by its own."""
        named = tuple(verb.event for verb in self.verbs if wire in verb.wire)
        return named or tuple(verb.event for verb in self.verbs if wire == verb.event and not verb.wire)

    def wire_name(self, wire: str) -> str:
        """The name of an event as the verbs write it, whichever spelling it comes in."""
        return next((verb.wire[0] for verb in self.verbs if wire in verb.spelled and verb.wire), wire)

    def passes(self, wire: str) -> bool:
        """Whether an event of this name goes with such a run without moving it."""
        return any(wire.startswith(name[:-1]) if name.endswith("*") else wire == name for name in self.passing)

    def status_of(self, value: object) -> str | None:
        """The status that a value from the wire spells, or None."""
        known = next((status for status in self.statuses if status == value), None)
        if known is not None or isinstance(value, bool):
            return known
        text = "null" if value is None else str(value) if isinstance(value, int) else value
        return self._spelled.get(text) if isinstance(text, str) else None

    def answered(self, source: str | None, event: str) -> Transition | None:
        """The edge that a request takes: its own, else that of the event by which it is answered; None: it is refused."""
        instead = (answer.answered for answer in self.answers if (answer.source, answer.asked) == (source, event))
        return self._edges.get((source, event)) or self._edges.get((source, next(instead, event)))

    def merged(self, known: str, news: str) -> str:
        """The status after news that may be late: the stronger one by ``precedence``; what has no rank always wins."""
        ranks = self.precedence
        if known in ranks and news in ranks and ranks.index(known) < ranks.index(news):
            return known
        return news

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
    for status in sorted(lc.stops & lc.terminal):
        raise _refuse(lc, "terminal_stop", f"{status!r} is terminal: nobody must act there", status, lc.live)
    for edge in lc.transitions:
        if edge.reopens and edge.source not in lc.terminal:
            raise _refuse(lc, "needless_reopen", f"{edge} reopens a status that is not terminal", str(edge))
    for quirk in lc.quirks:
        given = [part for part in (quirk.transition, quirk.field, quirk.announcement) if part is not None]
        if len(given) != 1 or any(quirk.transition == (edge.source, edge.target) for edge in lc.transitions):
            reason = f"quirk {quirk.name!r} must be one transition, field or announcement that the table does not have"
            raise _refuse(lc, "bad_quirk", reason, given)
        for status in (*(quirk.transition or ()), *(quirk.field or ())[:1], *(quirk.announcement or ())[1:]):
            if status not in known:
                raise _refuse(lc, "unknown_status", f"quirk {quirk.name!r} names no status", status, known)


def _check_fields(lc: Lifecycle) -> None:
    def known(field: str, where: str) -> None:
        if field not in lc.fields:
            raise _refuse(lc, "unknown_field", f"{where} names a field that is not declared", field, lc.fields)

    for edge in lc.transitions:
        written = list(edge.does.fields())
        for index, field in enumerate(written):
            known(field, f"an effect of {edge}")
            if field in written[:index]:
                raise _refuse(lc, "repeated_key", f"{edge} writes the field {field!r} in two ways", field)
            if field in lc.constant and edge.source is not None:
                raise _refuse(lc, "written_constant", f"{edge} writes {field!r}, which no event changes", field)
        for guard in edge.guards:
            if guard.kind != "named":
                known(guard.argument, f"a guard of {edge}")
            if guard.kind == "reached" and lc.fields[guard.argument] is not FieldKind.DEADLINE:
                reason = f"{edge} waits for {guard.argument!r}, which is a {lc.fields[guard.argument].value}"
                deadlines = [name for name, kind in lc.fields.items() if kind is FieldKind.DEADLINE]
                raise _refuse(lc, "wrong_kind", reason, guard.argument, deadlines)
        for name in (*edge.does.takes, *edge.does.may_take):
            if name in RESERVED:
                raise _refuse(lc, "reserved_name", f"{edge} takes a payload that calls use otherwise", name)
        _check_kinds(lc, edge)
    for quirk in lc.quirks:
        for field in (quirk.field or ())[1:]:
            known(field, f"quirk {quirk.name!r}")


def _check_kinds(lc: Lifecycle, edge: Transition) -> None:
    """Stamps go into stamps, deadlines into deadlines."""
    for field, seconds in edge.does.deadlines.items():
        unchecked: object = seconds
        if isinstance(unchecked, bool) or not isinstance(unchecked, int | float) or not 0 < unchecked < float("inf"):
            reason = f"the default of {field!r} on {edge} is not a positive number of seconds"
            raise _refuse(lc, "bad_deadline", reason, seconds)
    stamps = (*edge.does.stamps, *edge.does.stamps_once)
    for kind, fields in ((FieldKind.STAMP, stamps), (FieldKind.DEADLINE, tuple(edge.does.deadlines))):
        for field in fields:
            if lc.fields[field] is not kind:
                reason = f"{edge} writes a {kind.value} into {field!r}, which is a {lc.fields[field].value}"
                raise _refuse(lc, "wrong_kind", reason, field, [name for name, of in lc.fields.items() if of is kind])


def _check_beside(lc: Lifecycle) -> None:
    """What stands beside the table names only what the table has."""

    def known(where: str, statuses: Iterable[str] = (), events: Iterable[str] = ()) -> None:
        for status in statuses:
            if status not in lc.statuses:
                raise _refuse(lc, "unknown_status", f"{where} names no status", status, lc.statuses)
        for event in events:
            if event not in lc.events:
                raise _refuse(lc, "unknown_event", f"{where} names no event", event, lc.events)

    known("a spelling", lc.spellings)
    known("the precedence", lc.precedence)
    spelled = [*lc.statuses, *(other for others in lc.spellings.values() for other in others)]
    lists: tuple[tuple[str, Sequence[str]], ...] = (("the spelling", spelled), ("the precedence", lc.precedence))
    for what, names in lists:
        for index, name in enumerate(names):
            if name in names[:index]:
                raise _refuse(lc, "repeated_key", f"{what} names {name!r} twice", name)
    for axis in lc.axes:
        known(f"the axis {axis.field!r}", axis.within)
        if axis.field not in lc.fields:
            raise _refuse(lc, "unknown_field", "an axis names a field that is not declared", axis.field, lc.fields)
    for answer in lc.answers:
        known("an answer", [answer.source], [answer.asked, answer.answered])
        if lc.transition(answer.source, answer.asked) is not None:
            raise _refuse(lc, "two_targets", f"{answer.asked!r} is legal in {answer.source!r}", answer.asked)
        if lc.transition(answer.source, answer.answered) is None:
            allowed = [edge.event for edge in lc.legal(answer.source)]
            raise _refuse(lc, "unknown_event", f"no such transition in {answer.source!r}", answer.answered, allowed)
    for removal in lc.removals:
        known(f"the removal {removal.event!r}", removal.sources)
        if removal.event in lc.events:
            raise _refuse(lc, "repeated_key", "an event both moves and removes", removal.event)
        if not removal.basis:
            raise _refuse(lc, "no_basis", "a removal does not say what it rests on", removal.event, list(Basis))
    for count in lc.counts:
        known("a count", (), count.events)


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
