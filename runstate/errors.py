"""Every refusal of runstate, as data.

Each error says who erred, what was seen, what was allowed, why, and what to do about it.  The message is derived from
those fields; code should read the fields and never parse the message::

    RunstateError
    ├── CallerError                  the caller asked for something that the table or the record does not allow
    │   ├── UnknownEvent             no such event in the lifecycle
    │   ├── IllegalTransition        the event is known but not legal in this status
    │   │   └── AlreadyTerminal      ... because the run has ended
    │   ├── GuardFailed              the transition is legal, a condition on it does not hold
    │   └── BadPayload               an argument of the event is missing, superfluous or of the wrong kind
    ├── BadRecord                    a record would break a rule that its lifecycle states
    ├── BadLifecycle                 a lifecycle definition contradicts itself
    ├── BadMigration                 stored runs cannot be brought from one version of a lifecycle to another
    ├── BadMapping                   a mapping between two lifecycles says what cannot be
    ├── Untranslatable               a history that a mapping has no counterpart for
    ├── BadSimulation                a simulation is asked for that cannot be run
    ├── BadQuestion                  a question about a lifecycle that cannot be read, or names what it does not have
    ├── Unwritable                   steps of a history that a format of logs cannot hold
    ├── BadTable                     a table of columns that cannot be judged as it was asked
    ├── DecodeError                  bytes or JSON values that are not what they should be
    └── StoreError                   a store cannot do what it was asked; nothing of it was done unless told otherwise
        ├── NotFound                 no such run in this tenant and lifecycle
        ├── Conflict                 another writer was first; the winner is named
        ├── LeaseLost                the claim is no longer this worker's
        ├── IdempotencyMismatch      the key was used before, for another request
        ├── WaitTimeout              the run did not get there in time
        ├── StoreBusy                the lock or a connection was not to be had in time; try again
        ├── StoreUnavailable         the database is gone or full; whether the change was kept may be unknown
        └── SchemaMismatch           the tables are newer than this version, damaged, or of another definition
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import attrs

__all__ = [
    "AlreadyTerminal",
    "BadLifecycle",
    "BadMapping",
    "BadMigration",
    "BadPayload",
    "BadQuestion",
    "BadRecord",
    "BadSimulation",
    "BadTable",
    "CallerError",
    "Conflict",
    "DecodeError",
    "GuardFailed",
    "IdempotencyMismatch",
    "IllegalTransition",
    "LeaseLost",
    "NotFound",
    "RunstateError",
    "SchemaMismatch",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "UnknownEvent",
    "Untranslatable",
    "Unwritable",
    "WaitTimeout",
    "Winner",
]


def _shown(value: object, limit: int = 120) -> str:
    """``repr`` of a value that came from outside, cut so that no input can make a message unreadable."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a foreign __repr__ must not hide the refusal
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _seen(value: object) -> str:
    """What stood there, as a sentence of a message; empty for nothing."""
    return "" if value is None else f" Seen: {_shown(value)}."


def _allowed(names: tuple[str, ...]) -> str:
    """What could have stood there, as a sentence of a message; empty for nothing."""
    return f" Allowed: {', '.join(map(str, names))}." if names else ""


def _rebuild(cls: type[RunstateError], fields: dict[str, Any]) -> RunstateError:
    return cls(**fields)


@attrs.frozen(kw_only=True)
class Winner:
    """The change that was first, as the journal has it."""

    run_id: str
    seq: int
    """Number of the change in the run's journal, from 1."""
    event: str
    source: str | None
    """None at creation."""
    target: str
    at: int
    """Microseconds since the epoch."""
    actor: str | None = None
    """Who asked for it, where that was said."""

    def __str__(self) -> str:
        by = f" by {self.actor!r}" if self.actor else ""
        return f"{str(self.event)!r} -> {str(self.target)!r}{by} (change {self.seq} of run {self.run_id!r})"


@attrs.define(eq=False, kw_only=True, str=False)
class RunstateError(Exception):
    """Base of every error that runstate raises on purpose."""

    who: ClassVar[str] = "unknown"
    """Who erred: ``caller``, ``designer`` or ``sender``."""

    reason: str
    """One clause that says why, without a full stop."""
    advice: str = ""
    """What to do about it, one sentence, or empty."""

    def __str__(self) -> str:
        return f"{self.reason}. {self.advice}" if self.advice else self.reason

    def __reduce__(self) -> tuple[Any, ...]:
        # BaseException would call the class with positional arguments; every field here is keyword-only
        return _rebuild, (type(self), {a.name: getattr(self, a.name) for a in attrs.fields(type(self))})


@attrs.define(eq=False, kw_only=True, str=False)
class CallerError(RunstateError):
    """The caller asked for a transition that is not to be had; the record is as it was before."""

    who = "caller"

    lifecycle: str
    """Name of the lifecycle, as in ``openai.assistants.run``."""
    event: str
    """The event that was asked for."""
    status: str | None
    """Status of the record at the time; None where no record exists yet."""
    allowed: tuple[str, ...]
    """Events that are legal in that status, in the table's order."""

    def __str__(self) -> str:
        where = "before creation" if self.status is None else f"in status {str(self.status)!r}"
        allowed = ", ".join(str(e) for e in self.allowed) or "nothing"
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.lifecycle}: {str(self.event)!r} {where}: {self.reason}. Allowed: {allowed}.{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class UnknownEvent(CallerError):
    """The lifecycle has no event of this name; ``known`` lists those it has."""

    known: tuple[str, ...] = ()
    """The events that the lifecycle has."""


@attrs.define(eq=False, kw_only=True, str=False)
class IllegalTransition(CallerError):
    """The table has no such transition from this status (or, in strict mode, only an inferred one)."""

    winner: Winner | None = None
    """The change that brought the run into this status, where a store knows it: who was first."""


@attrs.define(eq=False, kw_only=True, str=False)
class AlreadyTerminal(IllegalTransition):
    """The run has ended; nothing moves it any more."""


@attrs.define(eq=False, kw_only=True, str=False)
class GuardFailed(CallerError):
    """The transition is legal, but the named guard on it does not hold."""

    guard: str
    """Name of the guard, as in the lifecycle."""
    seen: object
    """What the guard looked at."""

    def __str__(self) -> str:
        return f"{super().__str__()} Guard {self.guard!r} saw {_shown(self.seen)}."


@attrs.define(eq=False, kw_only=True, str=False)
class BadPayload(CallerError):
    """An argument of the event is missing, superfluous or of the wrong kind."""

    key: str
    """Name of the argument."""
    seen: object = None
    """Its value, or None where it is missing."""
    takes: tuple[str, ...] = ()
    """Arguments that the event takes."""

    def __str__(self) -> str:
        takes = ", ".join(self.takes) or "no arguments"
        return f"{super().__str__()} Argument {self.key!r} was {_shown(self.seen)}; {str(self.event)!r} takes {takes}."


@attrs.define(eq=False, kw_only=True, str=False)
class BadRecord(RunstateError):
    """A record would break a rule; the first broken one is named, and no record is built."""

    who = "caller"

    record: str
    """Name of the record class."""
    field: str
    """Name of the field at fault."""
    rule: str
    """Finding code of the rule, as in ``RS202``; ``runstate explain RS202`` describes it."""
    value: object
    """The value that broke it."""
    status: str | None = None
    """Status of the record, where the rule depends on it."""
    allowed: str = ""
    """What the field may hold instead."""

    def __str__(self) -> str:
        where = "" if self.status is None else f" in status {str(self.status)!r}"
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.record}.{self.field} = {_shown(self.value)}{where}: {self.reason} ({self.rule}).{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class BadLifecycle(RunstateError):
    """A lifecycle definition contradicts itself; it does not come into being."""

    who = "designer"

    lifecycle: str
    """Name of the lifecycle."""
    problem: str
    """Which check failed, one word of a closed set (see ``runstate.lifecycle.PROBLEMS``)."""
    seen: object = None
    """The part of the definition that is at fault."""
    allowed: tuple[str, ...] = ()
    """What could have stood there."""

    def __str__(self) -> str:
        seen = _seen(self.seen)
        allowed = _allowed(self.allowed)
        tail = f" {self.advice}" if self.advice else ""
        return f"lifecycle {self.lifecycle!r}: {self.reason} ({self.problem}).{seen}{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class BadMigration(RunstateError):
    """Stored runs cannot be brought from one version of a lifecycle to another; nothing was changed."""

    who = "designer"

    lifecycle: str
    """Name of the lifecycle."""
    problem: str
    """Which check failed, one word of a closed set (see ``runstate.modelling.migration.PROBLEMS``)."""
    status: str | None = None
    """The status, or other name, at fault."""
    events: tuple[str, ...] = ()
    """A shortest history of the old version that leads to a run which could not go on: the counter-example."""
    allowed: tuple[str, ...] = ()
    """What could have stood there."""

    def __str__(self) -> str:
        status = "" if self.status is None else f" {str(self.status)!r}:"
        after = f" Seen after: {', '.join(map(str, self.events))}." if self.events else ""
        allowed = _allowed(self.allowed)
        tail = f" {self.advice}" if self.advice else ""
        return f"migration of {self.lifecycle!r}:{status} {self.reason} ({self.problem}).{after}{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class BadMapping(RunstateError):
    """A mapping between two lifecycles says what cannot be; nothing is translated by it."""

    who = "designer"

    mapping: str
    """Names of both lifecycles, as in ``a2a.task -> openai.assistants.run``."""
    problem: str
    """Which check failed, one word of a closed set (see ``runstate.modelling.mapping.PROBLEMS``)."""
    seen: object = None
    """The part of the mapping that is at fault."""
    allowed: tuple[str, ...] = ()
    """What could have stood there."""
    history: tuple[str, ...] = ()
    """The shortest legal history of the source that goes wrong, as statuses; empty where no history is needed."""

    def __str__(self) -> str:
        seen = _seen(self.seen)
        allowed = _allowed(self.allowed)
        history = f" For instance: {', '.join(str(status) for status in self.history)}." if self.history else ""
        tail = f" {self.advice}" if self.advice else ""
        return f"mapping {self.mapping!r}: {self.reason} ({self.problem}).{seen}{allowed}{history}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class Untranslatable(RunstateError):
    """A history that is not one of the source lifecycle, or that the target lifecycle cannot express."""

    who = "caller"

    mapping: str
    """Names of both lifecycles, as in ``a2a.task -> openai.assistants.run``."""
    problem: str
    """Which check failed, one word of a closed set (see ``runstate.modelling.translate.PROBLEMS``)."""
    index: int
    """Where in the history, from 0."""
    seen: object = None
    """What stood there."""
    allowed: tuple[str, ...] = ()
    """What could have stood there."""

    def __str__(self) -> str:
        seen = _seen(self.seen)
        allowed = _allowed(self.allowed)
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.mapping}, step {self.index}: {self.reason} ({self.problem}).{seen}{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class BadSimulation(RunstateError):
    """A simulation, a rate or a distribution that makes no sense; nothing was simulated."""

    who = "designer"

    parameter: str
    """What was given wrongly, as in ``runs`` or ``Uniform.high``."""
    seen: object = None
    """What was given."""
    allowed: str = ""
    """What may be given."""

    def __str__(self) -> str:
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.parameter}: {self.reason}. Seen: {_shown(self.seen)}.{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class BadQuestion(RunstateError):
    """A question about a lifecycle that cannot be read, or that names what the lifecycle does not have."""

    who = "caller"

    question: str
    """The text of the question."""
    position: int | None = None
    """Index of the character at which it goes wrong; None where the text is well formed."""
    seen: object = None
    """What stood there."""
    allowed: tuple[str, ...] = ()
    """What could have stood there."""

    def __str__(self) -> str:
        where = "" if self.position is None else f" at character {self.position + 1}"
        seen = "" if not self.seen else f" Seen: {_shown(self.seen)}."
        allowed = _allowed(self.allowed)
        tail = f" {self.advice}" if self.advice else ""
        return f"{_shown(self.question)}{where}: {self.reason}.{seen}{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class Unwritable(RunstateError):
    """Steps of a history that a format of logs cannot hold; what was written of it is no whole log."""

    who = "caller"

    form: str
    """Name of the format."""
    seen: object = None
    """What it cannot hold."""
    allowed: str = ""
    """What it can."""

    def __str__(self) -> str:
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.form}: {self.reason}. Seen: {_shown(self.seen)}.{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class BadTable(RunstateError):
    """A table that cannot be judged as it was asked; nothing of it was judged."""

    who = "caller"

    table: str
    """Name of the file or frame; empty where the question itself makes no sense."""
    problem: str
    """One word: ``settings`` that exclude each other, a file that is ``unreadable``, a ``column`` that is not there, a
    column that holds no ``time``, too little ``memory`` for one run."""
    seen: object = None
    """What stood there, or was asked for."""
    allowed: tuple[str, ...] = ()
    """What could have stood there: the names of the columns, as a rule."""

    def __str__(self) -> str:
        where = f"{self.table}: " if self.table else ""
        seen = _seen(self.seen)
        allowed = f" Allowed: {', '.join(self.allowed)}." if self.allowed else ""
        tail = f" {self.advice}" if self.advice else ""
        return f"{where}{self.reason} ({self.problem}).{seen}{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class DecodeError(RunstateError):
    """Bytes or a JSON value that cannot be read as what they should be.  The only error that decoding raises."""

    who = "sender"

    path: str = "$"
    """Where, as a JSON path: ``$.usage.total_tokens``; ``$`` is the whole document."""
    problem: str
    """Which check failed, one word of a closed set (``PROBLEMS`` of ``runstate.edge``, ``runstate.codec``, ``runstate.foreign.told``)."""
    seen: object = None
    """What stood there, or None where it is missing."""
    allowed: str = ""
    """What may stand there."""

    def __str__(self) -> str:
        seen = _seen(self.seen)
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.path}: {self.reason} ({self.problem}).{seen}{allowed}{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class StoreError(RunstateError):
    """A store cannot do what it was asked.  Nothing was done, unless the error says that this is unknown."""

    who = "caller"

    run_id: str | None = None
    """The run in question, where there is one."""

    def __str__(self) -> str:
        where = "" if self.run_id is None else f"run {self.run_id!r}: "
        tail = f" {self.advice}" if self.advice else ""
        return f"{where}{self.reason}.{tail}"


@attrs.define(eq=False, kw_only=True, str=False)
class NotFound(StoreError):
    """No such run in this tenant and lifecycle; whether another tenant has it is not told."""


@attrs.define(eq=False, kw_only=True, str=False)
class Conflict(StoreError):
    """Another writer was first, and the request no longer fits what stands in the store."""

    winner: Winner | None = None
    """The change that was first; None where it was pruned since."""
    expected: int | None = None
    """The revision that the request was made for."""
    seen: int | None = None
    """The revision that stands in the store."""

    def __str__(self) -> str:
        first = f" First was {self.winner}." if self.winner else ""
        return f"{super().__str__()}{first}"


@attrs.define(eq=False, kw_only=True, str=False)
class LeaseLost(StoreError):
    """The claim is no longer this worker's: its lease ended, or somebody else holds the run.  Stop working on it."""

    worker: str
    """Who held the claim."""
    fence: int
    """Fencing token of the claim."""
    seen_fence: int
    """Fencing token that stands in the store."""
    seen_worker: str | None = None
    """Who holds the run now, if anybody."""


@attrs.define(eq=False, kw_only=True, str=False)
class IdempotencyMismatch(StoreError):
    """The idempotency key was used before, for another request; neither is applied again."""

    key: str
    fingerprint: str
    """Of this request."""
    seen_fingerprint: str
    """Of the request that the key was first used for."""


@attrs.define(eq=False, kw_only=True, str=False)
class WaitTimeout(StoreError):
    """The run did not get where it was waited for in time.  It goes on."""

    status: str
    """Its status at the end of the wait."""
    seconds: float
    """How long was waited."""


@attrs.define(eq=False, kw_only=True, str=False)
class StoreBusy(StoreError):
    """A lock or a connection was not to be had in time.  Nothing was done; try again."""

    who = "store"

    seconds: float = 0.0
    """How long was waited."""


@attrs.define(eq=False, kw_only=True, str=False)
class StoreUnavailable(StoreError):
    """The database is gone, full or broken."""

    who = "store"

    outcome: Literal["none", "unknown"] = "none"
    """``none``: nothing was done.  ``unknown``: the connection broke while committing; ask again with the same key."""


@attrs.define(eq=False, kw_only=True, str=False)
class SchemaMismatch(StoreError):
    """The tables in the database are not those that this version of runstate works with."""

    who = "store"

    seen: object = None
    """What stands in the database: a schema version, or the names of what is missing or different."""
    known: object = None
    """What this version of runstate knows."""

    def __str__(self) -> str:
        return f"{super().__str__()} Seen: {_shown(self.seen)}. Known: {_shown(self.known)}."
