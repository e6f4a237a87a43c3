"""The words that a lifecycle is written in: guards, effects, verbs, rows, transitions, quirks, and what stands beside the table.

Each is a frozen value that knows nothing of the others' whole; `runstate.lifecycle.Lifecycle` puts them together and
refuses what does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

import attrs

from runstate.frozen import EMPTY, FrozenDict

__all__ = [
    "Answer",
    "Axis",
    "Basis",
    "Count",
    "Effects",
    "FieldKind",
    "Guard",
    "GuardFunction",
    "Layout",
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


def as_names(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def as_statuses(values: Iterable[str]) -> frozenset[str]:
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

    stamps: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """Set to the time of the event, again each time."""
    stamps_once: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """Set to the time of the event where null, else kept."""
    clears: tuple[str, ...] = attrs.field(default=(), converter=as_names)
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
    wire: tuple[str, ...] = attrs.field(default=(), converter=as_names, kw_only=True)
    """Names under which a stream announces it; several: one after the other, the first one first."""
    spelled: tuple[str, ...] = attrs.field(default=(), converter=as_names, kw_only=True)
    """Other spellings of the first of those names, as in another version or encoding of the protocol."""
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


def as_many(
    values: Mapping[str, str | Iterable[str]] | Mapping[str, Iterable[str]],
) -> FrozenDict[str, tuple[str, ...]]:
    return FrozenDict({str(key): as_names(item) for key, item in values.items()})


def _bases(values: Iterable[Basis]) -> frozenset[Basis]:
    return frozenset(values)


def _places(values: Mapping[str, str]) -> FrozenDict[str, str]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True)
class Axis:
    """A second dimension beside the status: a field with a closed set of values, of which a status allows some.

    :raises ValueError: where a status allows a value that is none of them.
    """

    field: str
    values: tuple[str, ...] = attrs.field(converter=as_names)
    within: Mapping[str, tuple[str, ...]] = attrs.field(default=EMPTY, converter=as_many)
    """Status -> the values that go with it; a status that is not listed allows all.  Null is a matter of presence."""
    why: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse values that do not exist."""
        for status, allowed in self.within.items():
            if unknown := [value for value in allowed if value not in self.values]:
                raise ValueError(f"{self.field} in {status} allows {unknown}, which are none of {self.values}")

    def allows(self, status: str, value: object) -> bool:
        """Whether the value goes with the status."""
        return value is None or value in self.within.get(status, self.values)


@attrs.frozen(kw_only=True)
class Answer:
    """A request that is not refused but answered by another transition than the one that was asked for."""

    source: str
    asked: str
    """The event that was asked for; the table has no transition for it here."""
    answered: str
    """The event that happens instead; the table has a transition for it here."""
    why: str = ""


@attrs.frozen(kw_only=True)
class Removal:
    """An event after which the record is gone: deletion in place of an end."""

    event: str
    sources: tuple[str, ...] = attrs.field(converter=as_names)
    basis: frozenset[Basis] = attrs.field(converter=_bases)
    why: str = ""


@attrs.frozen(kw_only=True)
class Count:
    """How often events may occur over the whole of a run: a rule that no table of transitions can hold.

    :raises ValueError: where the most is less than the least.
    """

    events: tuple[str, ...] = attrs.field(converter=as_names)
    """Counted together."""
    least: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """Over a run that is seen from its creation to its end."""
    most: int | None = None
    """None: any number."""
    why: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse what nothing could fulfil."""
        if self.most is not None and self.most < self.least:
            raise ValueError(f"{self.events}: at least {self.least} and at most {self.most}")


@attrs.frozen(kw_only=True)
class Layout:
    """Where the objects of a log hold what the judge asks for.

    A place is a path of member names joined by dots, as in ``status.state``.  Of several places the first that is there
    counts.  `runstate.lifecycles.unwrap` reads an object by it.
    """

    inside: Mapping[str, str | None] = attrs.field(default=EMPTY, converter=_payload)
    """Place that the object may be wrapped in -> the event that such a wrapping announces; None: that is told elsewhere."""
    id: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """Empty: in ``id_field``."""
    status: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """Empty: in ``status_field``.  An object without one has the status that its event leads to, where that is one."""
    event: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """Where the name of the event stands, in the object or in what it is wrapped in."""
    at: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """The time of the observation."""
    fields: Mapping[str, str] = attrs.field(default=EMPTY, converter=_places)
    """Field -> its place, where that is not its name."""
    times: Literal["seconds", "milliseconds", "iso8601"] = "seconds"
    """How stamps and deadlines are written."""
