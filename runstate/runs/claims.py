"""Claims, leases, and the upkeep that needs no worker: sweep and prune."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import attrs

from runstate import engine, logs
from runstate.errors import LeaseLost, NotFound, RunstateError
from runstate.frozen import FrozenDict
from runstate.runs.steps import Ask, Beaten, Done, Steps, exhausted, holds, lost, micros
from runstate.runs.values import Claim, How, Pruned, Swept, check_number, check_text
from runstate.stores.base import Find, Row, Tx

__all__ = ["MAX_ATTEMPTS", "claim", "heartbeat", "prune", "release", "sweep"]

R = TypeVar("R")

MAX_ATTEMPTS: Final = "max_attempts"
"""Error code of a run that failed because its attempts are used up."""
BATCH: Final = 100
SHORTEST: Final = 0.001
"""Seconds of a lease: one that has ended before it is told of is none."""


def as_claim(steps: Steps[R], row: Row, record: R) -> Claim[R]:
    """The claim that a row shows."""
    return Claim(
        run_id=row.id,
        worker=row.owner or "",
        fence=row.fence,
        lease_until=row.lease_until or 0,
        attempt=row.attempt,
        rev=row.rev,
        run=record,
        cancelling=row.status in steps.plan.stopping,
    )


def claim(steps: Steps[R], worker: str, *, lease: float, queue: str | None, assistant: str | None) -> Claim[R] | None:
    """See `runstate.runs.Runs.claim`."""
    check_text(worker=worker, queue=queue, assistant=assistant)
    if not worker:
        raise ValueError("a claim needs the name of the worker")
    check_number(least=SHORTEST, lease=lease)
    wanted = Find(
        tenant=steps.tenant,
        lifecycle=steps.lifecycle.name,
        statuses=steps.plan.claimable,
        queue=queue,
        assistant=assistant,
        attempts_left=True,
        order="ready",
        limit=1,
    )

    def at(now: int) -> Find:
        return attrs.evolve(wanted, ready_by=now, due_after=now)

    with steps.store.transaction(write=False) as tx:  # an idle worker takes no lock
        if not tx.find(at(steps.time(tx))):
            return None
    while True:
        try:
            with steps.store.transaction() as tx:
                now = steps.time(tx)
                rows = tx.find(attrs.evolve(at(now), locked=True))
                if not rows:
                    return None
                done = take(steps, tx, rows[0], max(now, rows[0].at), worker, micros(lease))
        except Beaten:
            continue  # somebody took it: there may be another one
        steps.tell(done)
        if not done.entries:
            logs.taken_over(done.row)
        return as_claim(steps, done.row, done.record)


def take(steps: Steps[R], tx: Tx, row: Row, at: int, worker: str, lease: int) -> Done[R]:
    """Give the run to the worker, starting it where it is not yet in work."""

    def given(row: Row) -> Row:
        return steps.woken(
            attrs.evolve(
                row,
                owner=worker,
                lease_until=at + lease,
                ready_at=at + lease,
                fence=row.fence + 1,
                attempt=row.attempt + 1,
            )
        )

    record = steps.record(row)
    begins = row.status in steps.plan.ready and row.status not in steps.plan.working
    if begins and steps.roles.start is not None:
        how = How(actor=worker)
        return steps.advance(tx, row, record, [Ask(steps.roles.start, {})], at, how=how, edit=given)
    after = given(row)
    steps.put(tx, row, after, None)
    return Done(record, attrs.evolve(after, edits=row.edits + 1))


def heartbeat(steps: Steps[R], held: Claim[R], *, lease: float) -> Claim[R]:
    """See `runstate.runs.Runs.heartbeat`."""
    check_number(least=SHORTEST, lease=lease)

    def longer(row: Row, at: int) -> Row:
        until = at + micros(lease)
        return attrs.evolve(row, lease_until=until, ready_at=until if row.status in steps.plan.working else None)

    row = edited(steps, held, longer)
    return as_claim(steps, row, steps.record(row))


def release(steps: Steps[R], held: Claim[R], *, delay: float, counts: bool) -> None:
    """See `runstate.runs.Runs.release`."""
    check_number(delay=delay)

    def free(row: Row, at: int) -> Row:
        ready = at + micros(delay) if row.status in steps.plan.working else None
        attempt = row.attempt if counts else max(row.attempt - 1, 0)
        return attrs.evolve(row, owner=None, lease_until=None, ready_at=ready, attempt=attempt)

    edited(steps, held, free)


def edited(steps: Steps[R], held: Claim[R], edit: Callable[[Row, int], Row]) -> Row:
    """Change the claim itself: no change of the run, so no journal entry."""

    def once() -> Row:
        with steps.store.transaction() as tx:
            row = tx.get(steps.tenant, held.run_id, lock=True)
            if row is None:
                raise LeaseLost(
                    reason="the run is gone",
                    run_id=held.run_id,
                    worker=held.worker,
                    fence=held.fence,
                    seen_fence=0,
                )
            at = max(steps.time(tx), row.at)
            if not holds(row, held, at):
                raise lost(row, held)
            after = steps.woken(edit(row, at))
            steps.put(tx, row, after, None, held_at=at)
            return attrs.evolve(after, edits=row.edits + 1)

    return steps.repeated(once)


# -- upkeep ------------------------------------------------------------------------------------------------------------


def sweep(steps: Steps[R], *, limit: int) -> Swept:
    """See `runstate.runs.Runs.sweep`."""
    check_number(limit=limit)
    did: dict[str, list[str]] = {"expired": [], "cancelled": [], "failed": [], "freed": []}
    faults: dict[str, str] = {}
    seen: set[str] = set()
    while len(seen) < limit:
        with steps.store.transaction(write=False) as tx:
            find = Find(
                tenant=steps.tenant,
                lifecycle=steps.lifecycle.name,
                wake_by=steps.time(tx),
                order="wake",
                # those that could not be treated stay in front: look past them
                limit=min(BATCH, limit - len(seen)) + len(faults),
            )
            found = [row.id for row in tx.find(find) if row.id not in seen]
        if not found:
            break
        for run_id in found:
            seen.add(run_id)
            try:
                what = mended(steps, run_id)
            except RunstateError as error:
                # one run that cannot be treated must not keep the others from it
                logs.sweep_failed(steps.tenant, run_id, error)
                faults[run_id] = str(error)
            else:
                if what is not None:
                    did[what].append(run_id)
                if what == "freed":
                    logs.lease_lapsed(steps.tenant, run_id)
    return Swept(**{what: tuple(ids) for what, ids in did.items()}, faults=FrozenDict(faults))


def mended(steps: Steps[R], run_id: str) -> str | None:
    """Treat one run by what stands there *now*: the list that named it is already old."""

    def once() -> tuple[str | None, Done[R] | None]:
        with steps.store.transaction() as tx:
            try:
                row = steps.row(tx, run_id, lock=True)
            except NotFound:
                return None, None  # pruned meanwhile
            now = steps.time(tx)
            if row.wake_at is None or row.wake_at > now:
                return None, None  # somebody else saw to it
            return treated(steps, tx, row, max(now, row.at))

    what, done = steps.repeated(once)
    if done is not None:
        steps.tell(done)
    return what


def treated(steps: Steps[R], tx: Tx, row: Row, at: int) -> tuple[str | None, Done[R] | None]:
    """What a sweep does to a run that is due for it."""
    plan, roles = steps.plan, steps.roles
    record = steps.record(row)
    how = How(actor=steps.actor or "sweep")
    unheld = row.lease_until is None or row.lease_until <= at
    given_up = row.cancel_at is not None and row.cancel_at <= at
    if row.status in plan.stopping and (unheld or given_up) and roles.confirm_cancel is not None:
        return "cancelled", steps.advance(tx, row, record, [Ask(roles.confirm_cancel, {})], at, how=how)
    due = engine.due(record, at / 1_000_000)
    if due:
        return "expired", steps.advance(tx, row, record, [Ask(due[0], {})], at, how=how)
    if row.status in plan.working and unheld and row.fence > 0:
        if exhausted(row) and roles.fail is not None and row.status in plan.failable:
            message = f"{row.attempt} of {row.max_attempts} attempts ended without a result"
            ask = Ask(roles.fail, roles.failure(MAX_ATTEMPTS, message))
            return "failed", steps.advance(tx, row, record, [ask], at, how=how)
        if row.lease_until is not None:
            freed = steps.woken(attrs.evolve(row, owner=None, lease_until=None, ready_at=at))
            steps.put(tx, row, freed, None)
            return "freed", None
    steps.put(tx, row, steps.woken(row), None)
    return None, None


def prune(steps: Steps[R], *, older_than: float, limit: int | None, dry_run: bool, batch: int) -> Pruned:
    """See `runstate.runs.Runs.prune`."""
    check_number(older_than=older_than, limit=limit)
    check_number(least=1, batch=batch)  # of none at a time there is no end
    gone: list[str] = []
    while limit is None or len(gone) < limit:
        size = batch if limit is None else min(batch, limit - len(gone))
        with steps.store.transaction(write=not dry_run) as tx:
            find = Find(
                tenant=steps.tenant,
                lifecycle=steps.lifecycle.name,
                statuses=steps.plan.terminal,
                changed_by=steps.time(tx) - micros(older_than),
                settled=True,  # as all of them are: with an index that says so, the others need not be read
                order="changed",
                limit=(2**31 if limit is None else limit) if dry_run else size,
                locked=not dry_run,
            )
            found = [row.id for row in tx.find(find)]
            if not dry_run:
                tx.remove(steps.tenant, found)
        gone += found
        if found and not dry_run:
            logs.pruned(steps.tenant, len(found))
        if dry_run or len(found) < size:
            break
    return Pruned(run_ids=tuple(gone), dry_run=dry_run)
