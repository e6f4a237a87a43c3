"""`MemoryStore`: runs in this process, for tests and trials.  It keeps every promise but that of durability."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from threading import Condition, RLock
from typing import Any, Final, Self

import attrs

from runstate.errors import Conflict, StoreBusy, StoreError
from runstate.lifecycle import Lifecycle
from runstate.stores.base import ABSENT, Clock, Edge, Entry, Find, Row, legality, stored_otherwise
from runstate.stores.transaction import parse_cursor

__all__ = ["MemoryStore"]


def _host_clock() -> int:
    return time.time_ns() // 1000


_MISSING: Final[Any] = object()


class MemoryStore:
    """Runs in the memory of this process; safe for any number of its threads.

    :param clock: microseconds since the epoch; the host's clock unless told otherwise.
    :param timeout: seconds to wait for other transactions before `StoreBusy`.
    """

    def __init__(self, *, clock: Clock | None = None, timeout: float = 30.0) -> None:
        self._clock: Clock = clock or _host_clock
        self._timeout = timeout
        self._lock = RLock()
        self._committed = Condition()
        self.rows: dict[tuple[str, str], Row] = {}
        self.journals: dict[tuple[str, str], tuple[Entry, ...]] = {}
        self.outbox: dict[int, tuple[str, str, int]] = {}
        """Position -> (tenant, run id, seq)."""
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.cursors: dict[tuple[str, str], str] = {}
        self.edges: set[Edge] = set()
        self.position = 0

    @contextmanager
    def transaction(self, *, write: bool = True, connection: object = None) -> Generator[MemoryTx, None, None]:
        if connection is not None:
            raise TypeError("a store in memory has no connection of a host to take part in")
        if not self._lock.acquire(timeout=self._timeout):
            raise StoreBusy(reason="another transaction does not end", seconds=self._timeout)
        try:
            tx = MemoryTx(self, self._clock)
            try:
                yield tx
            except BaseException:
                tx.undo()
                raise
        finally:
            self._lock.release()
        if write:
            with self._committed:
                self._committed.notify_all()

    def register(self, lifecycle: Lifecycle) -> None:
        self.admit(legality(lifecycle))

    def admit(self, edges: Sequence[Edge]) -> None:
        with self._lock:
            known = set(edges)
            places = {(e.lifecycle, e.version) for e in known}
            seen = {e for e in self.edges if (e.lifecycle, e.version) in places}
            if seen and seen != known:
                raise stored_otherwise(seen, known)
            self.edges |= known

    def pause(self, seconds: float) -> None:
        with self._committed:
            self._committed.wait(seconds)

    def info(self) -> Mapping[str, object]:
        return {"engine": "memory", "runs": len(self.rows)}

    def close(self) -> None:
        """Nothing is held open; what is stored stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MemoryTx:
    """See `runstate.stores.base.Tx`.  Writes go to the store at once, and back if the transaction fails."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._store = store
        self._undo: list[Callable[[], object]] = []
        self.now = clock

    def undo(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _put(self, where: dict[Any, Any], key: Any, value: Any) -> None:
        old = where.get(key, _MISSING)
        self._undo.append(lambda: where.pop(key, None) if old is _MISSING else where.__setitem__(key, old))
        if value is _MISSING:
            where.pop(key, None)
        else:
            where[key] = value

    def get(self, tenant: str, run_id: str, *, lock: bool = False) -> Row | None:  # noqa: ARG002 - one lock there is
        return self._store.rows.get((tenant, run_id))

    def find(self, find: Find) -> Sequence[Row]:
        rows = [row for row in self._store.rows.values() if _fits(row, find)]
        rows.sort(key=_ORDERS[find.order], reverse=find.order == "newest")
        return rows[: find.limit]

    def depth(self, tenant: str, lifecycle: str) -> Mapping[tuple[str, str], int]:
        rows = (row for row in self._store.rows.values() if (row.tenant, row.lifecycle) == (tenant, lifecycle))
        waiting = (row for row in rows if row.ready_at is not None or row.wake_at is not None)
        return Counter((row.queue, row.status) for row in waiting)

    def add(self, row: Row, entry: Entry) -> None:
        if (row.tenant, row.id) in self._store.rows:
            raise Conflict(reason="the id is taken", run_id=row.id)
        if entry.key is not None:
            if (row.tenant, entry.key) in self._store.keys:
                raise Conflict(reason="the idempotency key is taken", run_id=row.id)
            self._put(self._store.keys, (row.tenant, entry.key), (row.id, entry.fingerprint))
        self._check_slot(row)
        self._put(self._store.rows, (row.tenant, row.id), row)
        self._append(entry)
        self._check_shown(row)

    def move(self, before: Row, after: Row, entry: Entry | None = None, *, held_at: int | None = None) -> bool:
        stands = self._store.rows.get((before.tenant, before.id))
        if stands is None or (stands.rev, stands.edits, stands.fence) != (before.rev, before.edits, before.fence):
            return False
        if held_at is not None and not (stands.lease_until is not None and stands.lease_until > held_at):
            return False
        self._check_slot(after)
        self._put(self._store.rows, (after.tenant, after.id), after)
        if entry is not None:
            self._append(entry)
        return True

    def entry(self, tenant: str, run_id: str, *, seq: int | None = None, key: str | None = None) -> Entry | None:
        entries = self._store.journals.get((tenant, run_id), ())
        return next((e for e in entries if (e.seq == seq if key is None else e.key == key)), None)

    def history(self, tenant: str, run_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[Entry]:
        return self._store.journals.get((tenant, run_id), ())[after:][:limit]

    def events(self, tenant: str, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        _, beyond = parse_cursor(after)
        found: list[Entry] = []
        for pos in sorted(pos for pos in self._store.outbox if pos > beyond):
            owner, run_id, seq = self._store.outbox[pos]
            if owner == tenant:
                found.append(self._store.journals[owner, run_id][seq - 1])
                if len(found) == limit:
                    break
        return found

    def latest(self, tenant: str) -> str:
        places = [pos for pos, (owner, *_) in self._store.outbox.items() if owner == tenant]
        return f"0-{max(places)}" if places else ""

    def counts(self, tenant: str, lifecycle: str) -> Mapping[str, int]:
        rows = self._store.rows.values()
        return Counter(row.status for row in rows if (row.tenant, row.lifecycle) == (tenant, lifecycle))

    def edges(self) -> Sequence[Edge]:
        return list(self._store.edges)

    def creation(self, tenant: str, key: str) -> tuple[str, str] | None:
        return self._store.keys.get((tenant, key))

    def cursor(self, tenant: str, subscriber: str) -> str:
        return self._store.cursors.get((tenant, subscriber), "")

    def set_cursor(self, tenant: str, subscriber: str, cursor: str) -> None:
        parse_cursor(cursor)
        self._put(self._store.cursors, (tenant, subscriber), cursor)

    def remove(self, tenant: str, run_ids: Iterable[str]) -> None:
        gone = set(run_ids)
        for run_id in gone:
            self._put(self._store.rows, (tenant, run_id), _MISSING)
            self._put(self._store.journals, (tenant, run_id), _MISSING)
        for key in [key for key, (run_id, _) in self._store.keys.items() if key[0] == tenant and run_id in gone]:
            self._put(self._store.keys, key, _MISSING)
        for pos in [pos for pos, (t, run_id, _) in self._store.outbox.items() if t == tenant and run_id in gone]:
            self._put(self._store.outbox, pos, _MISSING)

    def _append(self, entry: Entry) -> None:
        place = entry.tenant, entry.run_id
        entries = self._store.journals.get(place, ())
        if entry.seq <= len(entries) or (entry.key and any(e.key == entry.key for e in entries)):
            raise Conflict(reason="the number or the key is taken", run_id=entry.run_id)
        source = entries[-1].target if entries else None
        edge = Edge(entry.lifecycle, entry.version, entry.event, entry.source or ABSENT, entry.target, int(entry.ends))
        if entry.seq != len(entries) + 1 or entry.source != source or edge not in self._store.edges:
            raise StoreError(reason="the store refuses a change that the table refuses", run_id=entry.run_id)
        if entry.ends and any(e.ends for e in entries):
            raise Conflict(reason="the run has ended", run_id=entry.run_id)
        self._store.position += 1  # never used again, also where the transaction fails
        entry = attrs.evolve(entry, cursor=f"0-{self._store.position}")
        self._put(self._store.outbox, self._store.position, (*place, entry.seq))
        self._put(self._store.journals, place, (*entries, entry))

    def _check_slot(self, row: Row) -> None:
        if row.slot is None:
            return
        for other in self._store.rows.values():
            same = (other.tenant, other.lifecycle, other.slot) == (row.tenant, row.lifecycle, row.slot)
            if same and other.id != row.id:
                raise Conflict(reason="the slot is taken", run_id=row.id)

    def _check_shown(self, row: Row) -> None:
        last = self._store.journals[row.tenant, row.id][-1]
        if (last.seq, last.target) != (row.rev, row.status):
            raise StoreError(reason="the row does not show its last change", run_id=row.id)


def _oldest(row: Row) -> tuple[Any, ...]:
    return row.created, row.id


_ORDERS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "newest": _oldest,
    "oldest": _oldest,
    "ready": lambda row: (row.ready_at or 0, row.created, row.id),
    "wake": lambda row: (row.wake_at or 0, row.id),
    "changed": lambda row: (row.at, row.id),
}


def _by(value: int | None, limit: int | None) -> bool:
    return limit is None or (value is not None and value <= limit)


def _fits(row: Row, find: Find) -> bool:
    if (row.tenant, row.lifecycle) != (find.tenant, find.lifecycle):
        return False
    for name in ("version", "queue", "assistant", "thread", "slot", "retry_of", "owner"):
        wanted = getattr(find, name)
        if wanted is not None and getattr(row, name) != wanted:
            return False
    if find.statuses is not None and row.status not in find.statuses:
        return False
    if not (_by(row.ready_at, find.ready_by) and _by(row.wake_at, find.wake_by) and _by(row.at, find.changed_by)):
        return False
    if find.due_after is not None and row.due_at is not None and row.due_at <= find.due_after:
        return False
    if find.settled and not (row.ready_at is None and row.wake_at is None):
        return False
    if find.attempts_left and row.max_attempts is not None and row.attempt >= row.max_attempts:
        return False
    if find.after is not None:
        place = row.created, row.id
        return place < find.after if find.order == "newest" else place > find.after
    return True
