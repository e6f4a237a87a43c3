"""The one way to write: lock the row, read the clock, ask the engine, put the row and its journal entry.

Nothing here says what is legal: `runstate.engine` does.  What is decided here is *where a run stands for workers*
(`placed`): when it can be claimed, when its lease ends, when a sweep must look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import attrs

from runstate import engine, logs
from runstate.errors import (
    BadRecord,
    Conflict,
    DecodeError,
    IdempotencyMismatch,
    IllegalTransition,
    LeaseLost,
    SchemaMismatch,
    Winner,
)
from runstate.lifecycle import Lifecycle
from runstate.runs import bodies
from runstate.runs.bodies import MICROSECONDS, TTL
from runstate.runs.rows import row_in
from runstate.runs.values import Claim, How, Listener, Plan, Roles, check_text
from runstate.stores.base import Clock, Entry, Row, Store, Tx

__all__ = ["Ask", "Done", "Steps", "micros"]

R = TypeVar("R")
T = TypeVar("T")

TRIES: Final = 3
"""A step that finds itself beaten is made again from the start so often: with row locks the second try always decides."""


def micros(seconds: float) -> int:
    """Seconds as microseconds."""
    return round(seconds * MICROSECONDS)


class Ask(NamedTuple):
    """One event that is asked for."""

    event: str
    payload: Mapping[str, Any]
    ttl: float | None = None


class Done(NamedTuple, Generic[R]):
    """What a step did."""

    record: R
    row: Row
    entries: Sequence[Entry] = ()
    replayed: bool = False
    """The key had been used: nothing was done, this is the first answer."""
    earlier: Sequence[R] = ()
    """The records after each entry but the last."""
    since: int | None = None
    """When the change before the first entry happened, microseconds; None at creation."""


def winner_of(entry: Entry | None) -> Winner | None:
    """The entry as errors carry it."""
    if entry is None:
        return None
    return Winner(
        run_id=entry.run_id,
        seq=entry.seq,
        event=entry.event,
        source=entry.source,
        target=entry.target,
        at=entry.at,
        actor=entry.actor,
    )


@attrs.frozen(kw_only=True)
class Steps(Generic[R]):
    """Everything that a step needs to know, and the steps themselves."""

    store: Store
    kind: type[R]
    lifecycle: Lifecycle
    tenant: str
    plan: Plan
    roles: Roles
    clock: Clock | None
    actor: str | None
    strict: bool
    earlier: bodies.Earlier
    listeners: tuple[Listener[R], ...]
    hear: Callable[[Done[R]], object] | None = None
    """Told of every step that was committed, also of what a listener is not told: repeated requests, and claims."""

    # -- reading -------------------------------------------------------------------------------------------------------

    def row(self, tx: Tx, run_id: str, *, lock: bool = False) -> Row:
        """The row of a run of this tenant and lifecycle.

        :raises NotFound: where there is none.
        """
        return row_in(tx, self.tenant, self.lifecycle.name, run_id, lock=lock)

    def record(self, row: Row) -> R:
        """The record of a row.

        :raises SchemaMismatch: where it is of another version of the lifecycle, and this one cannot read it.
        """
        try:
            return bodies.record_of(self.kind, row.body, row.metadata)
        except (BadRecord, DecodeError) as error:
            if row.version == self.lifecycle.version:
                raise
            raise SchemaMismatch(
                reason=f"the run is of version {row.version!r}, which the record class of {self.lifecycle.version!r} cannot read",
                advice="Migrate it (runstate.runs.migration), or use the record class of that version.",
                run_id=row.id,
                seen=row.version,
                known=self.lifecycle.version,
            ) from error

    def folded(self, tx: Tx, run_id: str, seq: int) -> R:
        """The record as it was after a change, from the journal alone; as the present class reads it."""
        entries = tx.history(self.tenant, run_id, limit=seq)
        return bodies.read_as(self.kind, self.fold(entries))

    def fold(self, entries: Iterable[Entry], start: Any = None) -> Any:
        """The record that entries lead to, of the class of the last one's version."""
        return bodies.fold(self.kind, entries, start, earlier=self.earlier)

    def time(self, tx: Tx) -> int:
        """Now, from the one clock."""
        return tx.now() if self.clock is None else self.clock()

    # -- writing -------------------------------------------------------------------------------------------------------

    def repeated(self, step: Callable[[], T]) -> T:
        """Make a step again where another writer was first in a way that only the database saw."""
        for left in range(TRIES - 1, -1, -1):
            try:
                return step()
            except Beaten as beaten:
                if not left:
                    raise beaten.conflict from beaten.__cause__
        raise AssertionError  # pragma: no cover - the last round returns or raises

    def change(
        self,
        run_id: str,
        asks: Callable[[Row, R, int], Sequence[Ask]],
        how: How,
        mark: Callable[[], str],
        edit: Callable[[Row], Row] = lambda row: row,
    ) -> Done[R]:
        """Lock a run, decide by its state what to ask for, and do it: all in one transaction.

        :param asks: answers the events to fire, given row, record and time.
        :param mark: fingerprint of the request; asked only where there is a key.
        :param edit: last touch to the row, before it is put.
        """
        check_text(key=how.get("key"), actor=how.get("actor"))

        def once() -> Done[R]:
            with self.store.transaction(connection=how.get("connection")) as tx:
                row = self.row(tx, run_id, lock=True)
                key = how.get("key")
                if key is not None:
                    before = self.replay(tx, row, key, mark())
                    if before is not None:
                        return before
                at = max(self.time(tx), row.at)  # after the lock: the order of stamps is that of the journal
                self.check(tx, row, how, at)
                record = self.record(row)
                marked = None if key is None else mark()
                return self.advance(tx, row, record, asks(row, record, at), at, how=how, mark=marked, edit=edit)

        done = self.repeated(once)
        self.tell(done, how)
        return done

    def replay(self, tx: Tx, row: Row, key: str, mark: str) -> Done[R] | None:
        """The first answer to a request with this key, or None where the key is new.

        :raises IdempotencyMismatch: where it was another request.
        """
        entry = tx.entry(self.tenant, row.id, key=key)
        if entry is None:
            return None
        if entry.fingerprint != mark:
            raise mismatch(row.id, key, mark, entry.fingerprint or "")
        return Done(self.folded(tx, row.id, entry.seq), row, (entry,), replayed=True)

    def check(self, tx: Tx, row: Row, how: How, at: int) -> None:
        """Refuse what was asked for another revision, or by a claim that is over.

        :raises Conflict: the run has moved on.
        :raises LeaseLost: the claim is over.
        """
        rev, claim = how.get("rev"), how.get("claim")
        if rev is not None and rev != row.rev:
            raise self.conflict(tx, row, rev)
        if claim is not None and not holds(row, claim, at):
            raise lost(row, claim)

    def advance(
        self,
        tx: Tx,
        row: Row,
        record: R,
        asks: Sequence[Ask],
        at: int,
        *,
        how: How | None = None,
        mark: str | None = None,
        edit: Callable[[Row], Row] = lambda row: row,
    ) -> Done[R]:
        """Apply events one after the other and put what comes of them; the row is locked and was just read.

        :param edit: last touch to the row, before it is put.
        """
        how = how or {}
        held_at = at if how.get("claim") is not None else None
        entries: list[Entry] = []
        records: list[R] = []
        since = row.at
        for ask in asks:
            record, entry = self.applied(tx, row, record, ask, at, how.get("actor") or self.actor)
            if mark is not None and ask is asks[-1]:
                entry = attrs.evolve(entry, key=how.get("key"), fingerprint=mark)
            body, _ = bodies.body_of(record)
            after = edit(
                self.placed(
                    row,
                    record,
                    came_from=row.status,
                    version=self.lifecycle.version,
                    status=entry.target,
                    rev=entry.seq,
                    at=at,
                    body=body,
                )
            )
            self.put(tx, row, after, entry, held_at=held_at)
            row, held_at = after, None
            entries.append(entry)
            records.append(record)
        return Done(record, row, entries, earlier=records[:-1], since=since)

    def applied(self, tx: Tx, row: Row, record: R, ask: Ask, at: int, actor: str | None) -> tuple[R, Entry]:
        """What the engine makes of an event, and the entry that says so."""
        try:
            record, change = engine.apply(
                record, ask.event, at=at / MICROSECONDS, ttl=ask.ttl, strict=self.strict, **ask.payload
            )
        except IllegalTransition as refusal:
            # a loser learns who won
            last = winner_of(tx.entry(self.tenant, row.id, seq=row.rev))
            raise attrs.evolve(refusal, winner=last) from None
        payload = dict(ask.payload) if ask.ttl is None else {**ask.payload, TTL: ask.ttl}
        return record, Entry(
            tenant=self.tenant,
            run_id=row.id,
            seq=row.rev + 1,
            lifecycle=self.lifecycle.name,
            version=self.lifecycle.version,
            event=str(change.event),
            source=str(change.source),
            target=str(change.target),
            ends=not self.lifecycle.legal(change.target),
            at=at,
            actor=actor,
            payload=bodies.payload_of(payload),
            metadata=row.metadata,
        )

    def put(self, tx: Tx, before: Row, after: Row, entry: Entry | None, *, held_at: int | None = None) -> None:
        """The guarded write."""
        if entry is None:
            after = attrs.evolve(after, edits=before.edits + 1)
        try:
            moved = tx.move(before, after, entry, held_at=held_at)
        except Conflict as conflict:
            conflict.run_id = before.id
            raise Beaten(conflict) from conflict
        if not moved:
            raise Beaten(self.conflict(tx, self.row(tx, before.id), before.rev))

    def conflict(self, tx: Tx, row: Row, expected: int) -> Conflict:
        """Another writer was first: the change after the expected revision, else the last one."""
        entry = tx.entry(self.tenant, row.id, seq=expected + 1) or tx.entry(self.tenant, row.id, seq=row.rev)
        return Conflict(
            reason=f"the run is at revision {row.rev}, not {expected}",
            advice="Read it again.",
            run_id=row.id,
            winner=winner_of(entry),
            expected=expected,
            seen=row.rev,
        )

    def placed(self, row: Row, record: R, *, came_from: str | None, **moved: Any) -> Row:
        """Where a run stands for workers and sweeps after a change of status.

        :param moved: what else has changed in the row.
        """
        plan = self.plan
        status, at, lease_until = moved.get("status", row.status), moved.get("at", row.at), row.lease_until
        if status not in plan.held:
            moved |= {"owner": None, "lease_until": None, "attempt": 0}
            lease_until = None
        ready = row.ready_at
        if status in plan.ready and lease_until is None:
            ready = max(at, ready or 0) if came_from is None else at
        elif status not in plan.working:
            ready = None
        elif status != came_from:
            # who fires it by hand from a ready status keeps it; what workers had before, and comes back, is theirs
            comes_back = row.fence > 0 and came_from not in plan.ready
            ready = at if comes_back and lease_until is None else lease_until
        moved["ready_at"] = ready
        moved["due_at"] = plan.due_at(status, record)
        moved["cancel_at"] = row.cancel_at if status in plan.stopping else None
        moved["slot"] = None if status in self.lifecycle.terminal else row.slot
        return self.woken(attrs.evolve(row, **moved))

    def woken(self, row: Row) -> Row:
        """The row with the time from which a sweep finds something to do."""
        times: list[int | None] = [row.due_at]
        if row.status in self.plan.stopping:
            times += [row.at] if row.lease_until is None else [row.lease_until, row.cancel_at]
        elif row.lease_until is not None:
            times.append(row.lease_until)
        elif row.status in self.plan.working and exhausted(row):
            times.append(row.ready_at)
        wake_at = min((time for time in times if time is not None), default=None)
        return row if wake_at == row.wake_at else attrs.evolve(row, wake_at=wake_at)

    # -- afterwards ----------------------------------------------------------------------------------------------------

    def tell(self, done: Done[R], how: How | None = None) -> None:
        """Log, and call the listeners: the transaction is over.  In a host's transaction it is not, so nobody is told."""
        if (how or {}).get("connection") is not None:
            return
        if self.hear is not None:
            self.hear(done)
        if done.replayed:
            return
        for entry, record in zip(done.entries, (*done.earlier, done.record), strict=False):
            logs.changed(entry)
            for listener in self.listeners:
                try:
                    listener(entry, record)
                except Exception as error:  # noqa: BLE001 - whatever it is
                    # what happened has happened: a listener cannot undo it, nor keep others from hearing of it
                    logs.listener_failed(entry, error)


class Beaten(Exception):
    """Somebody was first between reading and writing: the transaction is given up."""

    def __init__(self, conflict: Conflict) -> None:
        super().__init__(str(conflict))
        self.conflict = conflict


def exhausted(row: Row) -> bool:
    """Whether no attempt is left."""
    return row.max_attempts is not None and row.attempt >= row.max_attempts


def holds(row: Row, claim: Claim[Any], at: int) -> bool:
    """Whether the claim is live."""
    same = (row.id, row.fence, row.owner) == (claim.run_id, claim.fence, claim.worker)
    return same and row.lease_until is not None and row.lease_until > at


def lost(row: Row, claim: Claim[Any]) -> LeaseLost:
    """The refusal of a claim that is over."""
    ended = row.fence == claim.fence and row.owner == claim.worker
    return LeaseLost(
        reason="the lease has ended" if ended else "the claim is over",
        advice="Stop working on the run: somebody else may.",
        run_id=claim.run_id,
        worker=claim.worker,
        fence=claim.fence,
        seen_fence=row.fence,
        seen_worker=row.owner,
    )


def mismatch(run_id: str, key: str, mark: str, seen: str) -> IdempotencyMismatch:
    """The refusal of a key that was used for another request."""
    return IdempotencyMismatch(
        reason=f"the idempotency key {key!r} was used for another request",
        advice="Use a new key for each request, and the same one only to repeat it.",
        run_id=run_id,
        key=key,
        fingerprint=mark,
        seen_fingerprint=seen,
    )
