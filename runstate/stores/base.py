"""What a store is: rows, journal entries, and a small protocol of transactions over them.

A store keeps texts and numbers.  It knows neither which transition is legal nor what a record looks like; what it must
know of a lifecycle, the list of legal changes, is handed to it as data (`legality`).  Times are integer microseconds
since the epoch.

A third party's store implements `Store` and `Tx` and is ready when `runstate.testing.stores.StoreSuite` passes on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import attrs

from runstate.edge import loads
from runstate.errors import SchemaMismatch
from runstate.frozen import freeze
from runstate.lifecycle import Lifecycle

__all__ = ["ABSENT", "Clock", "Edge", "Entry", "Find", "Order", "Row", "Store", "Tx", "legality", "stored_otherwise"]

ABSENT: Final = ""
"""How a store writes the absence of a status: a foreign key says nothing about NULL."""

Clock: TypeAlias = Callable[[], int]
"""Answers the time in microseconds since the epoch."""

Order: TypeAlias = Literal["newest", "oldest", "ready", "wake", "changed"]


class Edge(NamedTuple):
    """One legal change, as the table of legality in a database has it."""

    lifecycle: str
    version: str
    event: str
    source: str
    """`ABSENT` at creation."""
    target: str
    ends: int
    """1 where no transition leaves the target, else 0."""


@lru_cache(maxsize=256)
def legality(lifecycle: Lifecycle) -> tuple[Edge, ...]:
    """Every legal change of a lifecycle, in the order of its table."""
    return tuple(
        Edge(
            lifecycle.name,
            lifecycle.version,
            str(edge.event),
            ABSENT if edge.source is None else str(edge.source),
            str(edge.target),
            int(not lifecycle.legal(edge.target)),
        )
        for edge in lifecycle.transitions
    )


def stored_otherwise(seen: AbstractSet[Edge], known: AbstractSet[Edge]) -> SchemaMismatch:
    """The refusal of a version that the store has with other changes."""
    edge = next(iter(seen))
    return SchemaMismatch(
        reason=f"version {edge.version!r} of {edge.lifecycle!r} is stored with other transitions",
        seen=sorted(seen - known),
        known=sorted(known - seen),
        advice="A lifecycle whose transitions change needs another version.",
    )


@attrs.frozen(kw_only=True)
class Row:
    """The present state of one run, as it is stored: the fold of its journal, and the claim beside it."""

    tenant: str
    id: str
    lifecycle: str
    version: str
    status: str
    rev: int
    """Number of the last change in the journal."""
    edits: int = 0
    """Raised by every write that is no change (heartbeats, metadata): with `rev` it tells any two states apart."""
    created: int
    """Time of the first change, microseconds."""
    at: int
    """Time of the last change, microseconds."""
    queue: str = "default"
    assistant: str | None = None
    thread: str | None = None
    slot: str | None = None
    """What only one run of a lifecycle may hold at a time; unique where set."""
    fence: int = 0
    """Fencing token of the last claim; it only grows."""
    owner: str | None = None
    lease_until: int | None = None
    attempt: int = 0
    """Claims since the work began, those that were given back not counted."""
    max_attempts: int | None = None
    ready_at: int | None = None
    """No claim takes the run before this; None: none at all."""
    due_at: int | None = None
    """Deadline of the record."""
    cancel_at: int | None = None
    """From then on a sweep ends the run as cancelled, whoever holds it."""
    cancel_by: str | None = None
    """Who asked for the cancellation."""
    wake_at: int | None = None
    """From then on a sweep finds something to do."""
    retry_of: str | None = None
    retry_no: int = 0
    body: str
    """The record as JSON, without its metadata."""
    metadata: str | None = None
    """The metadata as JSON; None where the record has none."""


@attrs.frozen(kw_only=True)
class Entry:
    """One change in the journal of a run."""

    tenant: str
    run_id: str
    seq: int
    """From 1, without gaps."""
    lifecycle: str
    version: str
    event: str
    source: str | None
    """None at creation."""
    target: str
    ends: bool
    at: int
    """Microseconds since the epoch; never before the entry before it."""
    actor: str | None = None
    key: str | None = None
    """Idempotency key of the request."""
    fingerprint: str | None = None
    payload: str = attrs.field(default="{}", repr=False)
    """What the event was given, as JSON; at creation the record."""
    metadata: str | None = attrs.field(default=None, repr=False)
    """The metadata at that moment, as JSON."""
    cursor: str = attrs.field(default="", eq=False)
    """Its place among all entries of the store, opaque; see `Tx.events`."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The payload as read-only values."""
        arguments: Mapping[str, Any] = freeze(loads(self.payload))
        return arguments


@attrs.frozen(kw_only=True)
class Find:
    """Which rows are wanted: all conditions that are not None hold together."""

    tenant: str
    lifecycle: str
    version: str | None = None
    """Of the lifecycle, as of the run's last change."""
    statuses: tuple[str, ...] | None = None
    queue: str | None = None
    assistant: str | None = None
    thread: str | None = None
    slot: str | None = None
    retry_of: str | None = None
    owner: str | None = None
    ready_by: int | None = None
    """``ready_at`` is set and not after this."""
    wake_by: int | None = None
    """``wake_at`` is set and not after this."""
    due_after: int | None = None
    """``due_at`` is null or after this."""
    changed_by: int | None = None
    """``at`` is not after this."""
    settled: bool | None = None
    """True: neither ``ready_at`` nor ``wake_at`` is set, as of every run that has ended."""
    attempts_left: bool | None = None
    """True: ``max_attempts`` is null or more than ``attempt``."""
    after: tuple[int, str] | None = None
    """Beyond this (``created``, ``id``), in the order ``newest`` or ``oldest``."""
    order: Order = "newest"
    limit: int = 100
    locked: bool = False
    """Lock the rows for the transaction, and leave out those that others have locked."""


class Tx(Protocol):
    """One transaction.  What it wrote is there for others when it ends well, and never was when it does not."""

    def now(self) -> int:
        """The store's clock, read now and not when the transaction began."""
        ...

    def get(self, tenant: str, run_id: str, *, lock: bool = False) -> Row | None:
        """The row; with `lock` nobody else changes it until the transaction ends."""
        ...

    def find(self, find: Find) -> Sequence[Row]:
        """Rows by conditions."""
        ...

    def add(self, row: Row, entry: Entry) -> None:
        """A new run with its first entry.

        :raises Conflict: where the id, the slot or the key is taken; the transaction must not go on.
        """
        ...

    def move(self, before: Row, after: Row, entry: Entry | None = None, *, held_at: int | None = None) -> bool:
        """Put `after` where `before` stands, with the change that explains it.

        False, and nothing written, where ``rev``, ``edits`` or ``fence`` differ by now; with `held_at` also where the
        lease that stands is not after it.

        :raises Conflict: where the entry's number or key is taken; the transaction must not go on.
        """
        ...

    def depth(self, tenant: str, lifecycle: str) -> Mapping[tuple[str, str], int]:
        """How many rows have ``ready_at`` or ``wake_at`` set, by (queue, status); must not grow dear with what has ended."""
        ...

    def entry(self, tenant: str, run_id: str, *, seq: int | None = None, key: str | None = None) -> Entry | None:
        """The entry of this number, or of this idempotency key."""
        ...

    def history(self, tenant: str, run_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[Entry]:
        """Entries of a run beyond a number, in order."""
        ...

    def events(self, tenant: str, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        """Entries of all runs of a tenant beyond a cursor, such that none appears before one that was read already."""
        ...

    def latest(self, tenant: str) -> str:
        """The cursor of the last entry that `events` could answer now; empty where there is none."""
        ...

    def counts(self, tenant: str, lifecycle: str) -> Mapping[str, int]:
        """How many runs are in each status, of those that any is in."""
        ...

    def edges(self) -> Sequence[Edge]:
        """The legal changes of every lifecycle that was made known to the store, of all versions."""
        ...

    def creation(self, tenant: str, key: str) -> tuple[str, str] | None:
        """(run id, fingerprint) of the creation with this idempotency key."""
        ...

    def cursor(self, tenant: str, subscriber: str) -> str:
        """The cursor that a subscriber left; empty where it left none."""
        ...

    def set_cursor(self, tenant: str, subscriber: str, cursor: str) -> None:
        """Leave a cursor."""
        ...

    def remove(self, tenant: str, run_ids: Iterable[str]) -> None:
        """Remove runs with their journals and keys: the only way for an entry to go."""
        ...


class Store(Protocol):
    """Where runs are kept."""

    def transaction(self, *, write: bool = True, connection: object = None) -> AbstractContextManager[Tx]:
        """A transaction of its own, or, with `connection`, a part of the host's.

        :raises StoreBusy: where a lock was not to be had in time.
        :raises StoreUnavailable: where the database is gone, full or broken.
        """
        ...

    def register(self, lifecycle: Lifecycle) -> None:
        """Make a lifecycle's legal changes known; idempotent.

        :raises SchemaMismatch: where the same version is known with other changes.
        """
        ...

    def admit(self, edges: Sequence[Edge]) -> None:
        """Make legal changes known that are of no lifecycle, all of one version; idempotent.  Migrations are such changes.

        :raises SchemaMismatch: where the same version is known with other changes.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Wait at most so long; return earlier where something was committed, if the store can tell."""
        ...

    def info(self) -> Mapping[str, object]:
        """What the store runs on: engine, version, schema, and what else explains its behaviour."""
        ...

    def close(self) -> None:
        """Release what the store holds open."""
        ...
