"""`migrate`: bring stored runs from one version of their lifecycle to another, by a checked plan.

Each run moves in one guarded write, with an entry in its journal: event ``§migrate``, from the old status to the new one,
the whole record as payload.  Its version is that of the move, as in ``1->2``, and so are the rows of legality that it
rests on: what either version allows stays what it was.  Time stands in the entry and touches no stamp of the record.

**Beside writers.**  The row is locked and looked at again before it moves, so no change of anybody is lost.  A run that a
worker holds is left alone until its lease is over.  A program that still has the old version goes on making and moving
such runs: call `migrate` again once the last one is gone.  Programs with the new version cannot read a run whose status
is gone before it was moved; they are told so by `SchemaMismatch`.

**Killed in the middle** it leaves whole batches behind, and the next call goes on with what is still of the old version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import attrs

from runstate.edge import loads
from runstate.errors import BadMigration, BadPayload, BadRecord, DecodeError
from runstate.frozen import EMPTY, FrozenDict, freeze
from runstate.lifecycle import Lifecycle
from runstate.modelling.migration import MigrationPlan
from runstate.record import keep_rules
from runstate.runs import bodies
from runstate.runs.steps import Steps
from runstate.runs.values import Plan, Roles
from runstate.stores.base import Clock, Edge, Entry, Find, Row, Store

__all__ = ["Migrated", "migrate"]

R = TypeVar("R")


@attrs.frozen(kw_only=True)
class Migrated:
    """What a migration did, or would do."""

    moved: Mapping[str, int] = EMPTY
    """Old status -> how many runs were moved out of it."""
    held: tuple[str, ...] = ()
    """Runs that a worker holds: they were left alone."""
    faults: Mapping[str, str] = EMPTY
    """Runs that stay as they are because their record would break a rule, and why."""
    dry_run: bool = False

    def __len__(self) -> int:
        return sum(self.moved.values())

    @property
    def complete(self) -> bool:
        """Whether no run of the old version was seen that was not moved."""
        return not (self.held or self.faults)

    def lines(self) -> Iterator[str]:
        """The report for reading."""
        would = "would move" if self.dry_run else "moved"
        yield f"{would} {len(self)} runs; {len(self.held)} are held by workers, {len(self.faults)} stay with a fault"
        yield from (f"  {status}: {count}" for status, count in self.moved.items())
        yield from (f"  fault in {run_id}: {why}" for run_id, why in self.faults.items())


def migrate(
    store: Store,
    plan: MigrationPlan,
    *,
    record: type[R],
    tenant: str = "",
    batch: int = 100,
    dry_run: bool = False,
    clock: Clock | None = None,
    actor: str | None = None,
    roles: Roles | None = None,
) -> Migrated:
    """Bring every run of the old version to the new one.

    :param record: the class of the new version's records; each run must be one before it moves.
    :param batch: runs that one transaction moves.
    :param dry_run: change nothing, and say what would be done.
    :param clock: microseconds since the epoch; the store's own where None.
    :param actor: who migrates; kept in the journal.
    :param roles: as of `Runs`.
    :raises BadMigration: where the record class is not of the new version (``other_record``).
    :raises SchemaMismatch: where the store knows one of the versions otherwise, or another plan between them.
    :raises ValueError: where `batch` is not 1 or more.
    """
    if batch < 1:
        raise ValueError(f"a batch is 1 run or more, not {batch}")
    steps = _steps(store, plan, record, tenant, clock, actor, roles)
    if not dry_run:
        store.register(plan.new)
        store.admit(edges_of(plan))
    tally = _Tally()
    after: tuple[int, str] | None = None
    while True:
        # a batch that is made again must not be counted twice
        found, rows = steps.repeated(lambda place=after: _batch(steps, plan, place, batch, dry_run=dry_run))  # type: ignore[misc]
        tally.add(found)
        if len(rows) < batch:
            return tally.answer(dry_run=dry_run)
        after = rows[-1].created, rows[-1].id


def edges_of(plan: MigrationPlan) -> tuple[Edge, ...]:
    """The changes that the journal may have of this migration.

    None of them ends a run: what has ended did so in a change of its own, and stores let a run end once.
    """
    name = plan.new.name
    return tuple(
        Edge(name, plan.version, bodies.MIGRATE, old, new, 0) for old, new in dict.fromkeys(plan.statuses.items())
    )


@attrs.define
class _Tally:
    moved: dict[str, int] = attrs.field(factory=dict)
    held: list[str] = attrs.field(factory=list)
    faults: dict[str, str] = attrs.field(factory=dict)

    def add(self, other: _Tally) -> None:
        for status, count in other.moved.items():
            self.moved[status] = self.moved.get(status, 0) + count
        self.held += other.held
        self.faults |= other.faults

    def answer(self, *, dry_run: bool) -> Migrated:
        return Migrated(
            moved=FrozenDict(self.moved), held=tuple(self.held), faults=FrozenDict(self.faults), dry_run=dry_run
        )


def _steps(
    store: Store,
    plan: MigrationPlan,
    record: type[R],
    tenant: str,
    clock: Clock | None,
    actor: str | None,
    roles: Roles | None,
) -> Steps[R]:
    lifecycle: object = getattr(record, "__lifecycle__", None)
    same = isinstance(lifecycle, Lifecycle) and (lifecycle.name, lifecycle.version) == (plan.new.name, plan.new.version)
    if not same:
        raise BadMigration(
            lifecycle=plan.old.name,
            problem="other_record",
            reason=f"{record.__name__} has {lifecycle!r}",
            allowed=(repr(plan.new),),
        )
    roles = Roles.of(plan.new) if roles is None else roles
    return Steps(
        store=store,
        kind=record,
        lifecycle=plan.new,
        tenant=tenant,
        plan=Plan(plan.new, roles),
        roles=roles,
        clock=clock,
        actor=actor,
        strict=False,
        earlier=FrozenDict(),
        listeners=(),
    )


def _batch(
    steps: Steps[Any], plan: MigrationPlan, after: tuple[int, str] | None, batch: int, *, dry_run: bool
) -> tuple[_Tally, list[Row]]:
    """Move some runs, in one transaction."""
    tally = _Tally()
    wanted = Find(
        tenant=steps.tenant,
        lifecycle=plan.old.name,
        version=plan.old.version,
        order="oldest",
        after=after,
        limit=batch,
    )
    with steps.store.transaction(write=not dry_run) as tx:
        rows = list(tx.find(wanted))
        for seen in rows:
            row = tx.get(steps.tenant, seen.id, lock=not dry_run)
            if row is None or row.version != plan.old.version:
                continue  # somebody has pruned it, or moved it on under the new version
            at = max(steps.time(tx), row.at)
            if row.lease_until is not None and row.lease_until > at:
                tally.held.append(row.id)
                continue
            try:
                moved, entry = _moved(steps, plan, row, at)
            except (BadRecord, BadPayload, DecodeError) as fault:
                tally.faults[row.id] = str(fault)
                continue
            if not dry_run:
                steps.put(tx, row, moved, entry)
            tally.moved[row.status] = tally.moved.get(row.status, 0) + 1
    return tally, rows


def _moved(steps: Steps[Any], plan: MigrationPlan, row: Row, at: int) -> tuple[Row, Entry]:
    """The row as it will be, and the entry that says so.

    :raises BadRecord: where the record would break a rule; so does DecodeError.
    """
    old, new = plan.old, plan.new
    before: dict[str, Any] = loads(row.body, bodies.LIMITS)  # type: ignore[assignment]
    seen = freeze(before)
    after = {name: value for name, value in before.items() if name != old.status_field}
    after[new.status_field] = plan.statuses[row.status]
    after |= {field: edit(seen) for field, edit in plan.edits.items()}
    record = bodies.record_of(steps.kind, after, row.metadata)
    keep_rules(record)
    body, _ = bodies.body_of(record)
    entry = Entry(
        tenant=row.tenant,
        run_id=row.id,
        seq=row.rev + 1,
        lifecycle=new.name,
        version=plan.version,
        event=bodies.MIGRATE,
        source=row.status,
        target=plan.statuses[row.status],
        ends=False,
        at=at,
        actor=steps.actor,
        payload=f'{{"record":{body}}}',
        metadata=row.metadata,
    )
    there = attrs.evolve(row, version=new.version, status=entry.target, rev=entry.seq, at=at, body=body)
    placed = steps.placed(there, record, came_from=entry.target)
    if placed.ready_at is not None and row.ready_at is not None:
        # it has waited since then, and may be waiting for a time of its own
        placed = attrs.evolve(placed, ready_at=row.ready_at)
    return steps.woken(placed), entry
