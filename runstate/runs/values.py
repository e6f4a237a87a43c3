"""What the driver answers, and how it is told to treat a lifecycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final, Generic, Literal, Protocol, TypedDict, TypeVar

import attrs

from runstate.edge import check_value
from runstate.errors import DecodeError
from runstate.frozen import FrozenDict
from runstate.lifecycle import FieldKind, Lifecycle
from runstate.record import LastError
from runstate.stores.base import Entry

__all__ = ["Backoff", "Cancelled", "Claim", "How", "Listener", "Page", "Pruned", "Roles", "Swept"]

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


def check_text(**texts: object) -> None:
    """Refuse names and keys that not every database can store and find again; None is no text and passes.

    :raises TypeError: for what is no string.
    :raises DecodeError: for NUL and halves of surrogate pairs.
    """
    for name, text in texts.items():
        if isinstance(text, str):
            if not text.isascii() or "\0" in text:
                check_value(str.__str__(text), path=f"$.{name}")
        elif text is not None:
            raise TypeError(f"{name} is {type(text).__name__}, wanted is a string")


def is_text(text: object) -> bool:
    """Whether it is a text that every database can store: what is not can be no run's id."""
    try:
        check_text(text=text)
    except (TypeError, DecodeError):
        return False
    return text is not None


def check_number(least: float = 0, **numbers: object) -> None:
    """Refuse limits and seconds that make no sense; None passes.

    :raises ValueError: for what is not finite, or less than `least`.
    """
    for name, number in numbers.items():
        if number is not None and not (isinstance(number, int | float) and isfinite(number) and number >= least):
            raise ValueError(f"{name} is {number!r}, wanted is a finite number of at least {least:g}")


class Listener(Protocol[R_contra]):
    """Called after a change was committed, once for each, in order."""

    def __call__(self, entry: Entry, record: R_contra, /) -> object:
        """The change, and the record after it."""
        ...


class How(TypedDict, total=False):
    """What every event can be told besides its own arguments."""

    key: str | None
    """Idempotency key: the same key with the same request is applied once and answered the same for ever."""
    actor: str | None
    """Who asks; kept in the journal."""
    claim: Claim[Any] | None
    """The claim by which a worker writes; without a live one it is refused with `LeaseLost`."""
    rev: int | None
    """Only if the run is at this revision, else `Conflict`."""
    connection: object
    """Take part in the host's transaction: a connection of sqlite3, psycopg or SQLAlchemy."""


@attrs.frozen(kw_only=True)
class Claim(Generic[R]):
    """A worker's right to work on a run until the lease ends."""

    run_id: str
    worker: str
    fence: int
    """Fencing token: a later claim of the run has a greater one."""
    lease_until: int
    """Microseconds since the epoch, by the store's clock."""
    attempt: int
    """1 for the first claim since the work began."""
    rev: int
    run: R = attrs.field(eq=False, repr=False)
    """The run as it was when claimed, or at the last heartbeat."""
    cancelling: bool = False
    """Somebody asked for the run to stop: confirm it, or end it another way."""
    trace: Mapping[str, str] = attrs.field(default=FrozenDict(), eq=False, repr=False)
    """W3C trace context of the run's creation, read by `runstate.telemetry` when the claim was made; else empty."""


@attrs.frozen(kw_only=True)
class Cancelled(Generic[R]):
    """What became of a wish to cancel."""

    outcome: Literal["accepted", "already"]
    """``already``: it was being cancelled or had ended before, see `status`; nothing was done."""
    status: str
    run: R = attrs.field(repr=False)

    @property
    def accepted(self) -> bool:
        """Whether this very call asked the run to stop."""
        return self.outcome == "accepted"


@attrs.frozen(kw_only=True)
class Page(Generic[R]):
    """Some runs, and where the next ones begin."""

    runs: tuple[R, ...]
    after: str | None
    """Pass it on as ``after`` for the next page; None where this is the last one."""


@attrs.frozen(kw_only=True)
class Swept:
    """What a sweep did, ids by what was done."""

    expired: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    freed: tuple[str, ...] = ()
    """Claimable again: their lease had ended."""
    faults: Mapping[str, str] = FrozenDict()
    """Runs that could not be treated, and why; the others were."""

    def __len__(self) -> int:
        return len(self.expired) + len(self.cancelled) + len(self.failed) + len(self.freed)


@attrs.frozen(kw_only=True)
class Pruned:
    """What a prune removed, or would remove."""

    run_ids: tuple[str, ...]
    dry_run: bool


@attrs.frozen(kw_only=True)
class Backoff:
    """How long a retry waits: ``base * 2 ** retries`` seconds, never more than ``cap``."""

    base: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))
    cap: float = attrs.field(default=300.0, validator=attrs.validators.ge(0))

    def delay(self, retries: int) -> float:
        """Seconds before the retry that follows so many others."""
        # the exponent is bounded before it is used: a delay of 2^31 seconds has happened elsewhere
        return min(self.cap, self.base * float(2 ** min(max(retries, 0), 40)))


_ROLES: Final = ("start", "cancel", "confirm_cancel", "fail", "complete")


def _failure(code: str, message: str) -> Mapping[str, Any]:
    return {"last_error": LastError(code=code, message=message)}


def _no_failure(_code: str, _message: str) -> Mapping[str, Any]:
    return {}


@attrs.frozen(kw_only=True)
class Roles:
    """Which events of a lifecycle the driver fires by itself, by name; None where the lifecycle has no such event."""

    start: str | None = None
    """A claim fires it; work is done in its target."""
    cancel: str | None = None
    confirm_cancel: str | None = None
    """Ends what `cancel` began, where nobody holds the run (any more)."""
    fail: str | None = None
    """Fired where the attempts are used up."""
    complete: str | None = None
    """Fired by a worker's loop where the function that did the work has not ended the run itself."""
    failure: Callable[[str, str], Mapping[str, Any]] = attrs.field(default=_no_failure, eq=False)
    """The payload of `fail` for a code and a message."""

    @classmethod
    def of(cls, lifecycle: Lifecycle) -> Roles:
        """The events that are named as those of the assistant's run.

        A failure that must be told more than the driver can say is left out: name it, with `failure`.
        """
        names: dict[str, Any] = {name: name for name in _ROLES if name in lifecycle.events}
        takes = {tuple(edge.does.takes) for edge in lifecycle.transitions if edge.event == names.get("fail")}
        if takes == {("last_error",)}:
            return cls(**names, failure=_failure)
        if takes != {()}:
            names.pop("fail", None)
        return cls(**names)


class Plan:
    """What follows from roles and lifecycle, computed once: which statuses are ready, worked on, being stopped."""

    def __init__(self, lifecycle: Lifecycle, roles: Roles) -> None:
        self.lifecycle = lifecycle
        self.roles = roles
        edges = lifecycle.transitions
        self.ready = tuple(
            str(e.source) for e in edges if e.event == roles.start and e.source is not None and not e.reopens
        )
        self.working = tuple({str(e.target) for e in edges if e.event == roles.start})
        confirmable = {e.source for e in edges if e.event == roles.confirm_cancel}
        self.stopping = tuple({str(e.target) for e in edges if e.event == roles.cancel and e.target in confirmable})
        self.failable = frozenset(str(e.source) for e in edges if e.event == roles.fail)
        self.held = frozenset((*self.working, *self.stopping))
        self.can_fail = self.failable.issuperset(self.working)
        """Whether a run whose attempts are used up can be ended for it."""
        self.claimable = (*self.ready, *self.working)
        self.terminal = tuple(sorted(map(str, lifecycle.terminal)))
        self.deadlines = {
            status: tuple(g.argument for e in lifecycle.legal(status) for g in e.guards if g.kind == "reached")
            for status in lifecycle.statuses
        }

    def due_at(self, status: str, record: object) -> int | None:
        """The first deadline that an event of this status waits for, in microseconds."""
        times = (getattr(record, field, None) for field in self.deadlines.get(status, ()))
        return min((int(time * 1_000_000) for time in times if time is not None), default=None)

    def has_deadline(self) -> bool:
        """Whether creation sets a deadline."""
        created = self.lifecycle.legal(None)
        kinds = self.lifecycle.fields
        return any(kinds.get(f) is FieldKind.DEADLINE for e in created for f in e.does.deadlines)
