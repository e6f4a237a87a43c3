"""Claims of runs whose lifecycle is laid out otherwise than the assistant run's: nothing stuck, no two live claims."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import attrs
import pytest

from runstate.errors import Conflict, LeaseLost, NotFound
from runstate.lifecycles.catalogue import CATALOGUE
from runstate.record import Run
from runstate.runs import Roles, Runs
from runstate.runs.values import Plan
from runstate.stores import MemoryStore
from runstate.stores.memory import MemoryTx
from runstate.testing.clock import FakeClock
from runstate.testing.histories import record_class
from runstate.testing.stores import assert_sound

LEASE = 30.0

READY = [
    (name, status) for name, lifecycle in CATALOGUE.items() for status in Plan(lifecycle, Roles.of(lifecycle)).ready
]


def driver(name: str, clock: FakeClock) -> Runs[Any]:
    return Runs(MemoryStore(), clock, record=record_class(CATALOGUE[name]), max_attempts=2, new_id=lambda: "run_1")


def made(runs: Runs[Any], status: str) -> str:
    """A run in a status, by the shortest path."""
    path = runs.lifecycle.path(None, status)
    assert path is not None
    first, *rest = path
    written = {*first.does.fields(), runs.lifecycle.id_field, runs.lifecycle.status_field}
    fields: dict[str, Any] = {name: "x" for name in runs.lifecycle.constant if name not in written}
    run_id = str(getattr(runs.create(event=first.event, **fields), runs.lifecycle.id_field))
    for edge in rest:
        runs.fire(run_id, edge.event)
    return run_id


def test_the_assistant_run_is_not_alone() -> None:
    assert {"openai.assistants.run", "github.workflow_run", "prefect.flow_run", "agno.run"} <= {
        name for name, _ in READY
    }


@pytest.mark.parametrize(("name", "status"), READY)
def test_one_claim_is_live_at_a_time_and_nothing_is_stuck(name: str, status: str) -> None:
    clock = FakeClock()
    runs = driver(name, clock)
    run_id = made(runs, status)
    for attempt in range(1, 5):
        claim = runs.claim("w", lease=LEASE)
        assert claim is not None, f"attempt {attempt} from {runs.row(run_id)}"
        assert runs.claim("other", lease=LEASE) is None
        clock.advance(LEASE)
        swept = runs.sweep()
        assert swept.failed + swept.freed == (run_id,)
        assert len(runs.sweep()) == 0
        with pytest.raises(LeaseLost):
            runs.heartbeat(claim)
        assert_sound(runs, run_id)
        if swept.failed:
            assert attempt == 2
            break
    else:  # it cannot fail, so there is no last attempt
        assert runs.row(run_id).max_attempts is None
    assert bool(runs.row(run_id).max_attempts) is Plan(runs.lifecycle, runs.roles).can_fail


def test_an_event_that_stays_in_work_does_not_free_the_run() -> None:
    """There, start leads from what is in work to what is in work."""
    clock = FakeClock()
    runs = driver("prefect.flow_run", clock)
    run_id = made(runs, "PENDING")
    claim = runs.claim("w", lease=LEASE)
    before = runs.row(run_id)
    runs.fire(run_id, "start", claim=claim)
    assert runs.claim("other", lease=LEASE) is None
    assert runs.row(run_id).ready_at == before.ready_at
    clock.advance(LEASE)
    taken = runs.claim("other", lease=LEASE)
    assert taken is not None
    assert taken.rev == before.rev + 1  # a claim of what is in work is no change of the run


def test_what_comes_back_into_work_is_for_the_next_claim() -> None:
    """There, what was paused goes on without being queued again."""
    clock = FakeClock()
    runs = driver("agno.run", clock)
    run_id = made(runs, "PENDING")
    claim = runs.claim("w", lease=LEASE)
    runs.fire(run_id, "pause", claim=claim)
    assert runs.claim("w", lease=LEASE) is None
    clock.advance(5)
    runs.fire(run_id, "continue")
    taken = runs.claim("w2", lease=LEASE)
    assert taken is not None
    assert (taken.run_id, taken.fence, taken.attempt) == (run_id, 2, 1)


def test_what_is_started_by_hand_stays_with_whoever_did_it() -> None:
    clock = FakeClock()
    runs: Runs[Run] = Runs(MemoryStore(), clock)
    by_hand = runs.create(thread_id="t", assistant_id="a", ttl=10_000).id
    runs.start(by_hand)
    assert runs.claim("w") is None
    clock.advance(5000)
    assert len(runs.sweep()) == 0
    assert runs.claim("w") is None


def test_an_id_is_made_where_none_is_given() -> None:
    runs: Runs[Run] = Runs(MemoryStore(), FakeClock(), new_id=lambda: "1")
    assert attrs.asdict(runs.create(id=None, thread_id="t", assistant_id="a"))["id"] == "run_1"


# -- what the driver tells, and what it asks of the store --------------------------------------------------------------


class Watching:
    """A store in memory that notes how it is used."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = MemoryStore()
        self.writing: list[bool] = []
        self.held_at: list[int | None] = []
        transaction, move = self.store.transaction, MemoryTx.move

        def noted(*, write: bool = True, connection: object = None) -> AbstractContextManager[MemoryTx]:
            self.writing.append(write)
            return transaction(write=write, connection=connection)

        def moved(tx: MemoryTx, *rows: Any, held_at: int | None = None) -> bool:
            self.held_at.append(held_at)
            return move(tx, *rows, held_at=held_at)

        monkeypatch.setattr(self.store, "transaction", noted)
        monkeypatch.setattr(MemoryTx, "move", moved)


def new(runs: Runs[Run], **fields: Any) -> str:
    return runs.create(thread_id="t", assistant_id="a", **fields).id


def test_who_finds_nothing_to_do_takes_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Watching(monkeypatch)
    runs: Runs[Run] = Runs(watching.store, FakeClock())
    new(runs, queue="elsewhere")
    watching.writing.clear()
    assert runs.claim("w", queue="here") is None
    assert len(runs.sweep()) == 0
    assert runs.prune(older_than=0, dry_run=True).run_ids == ()
    assert watching.writing == [False, False, False]


def test_every_write_by_a_claim_asks_the_store_for_the_lease_too(monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Watching(monkeypatch)
    clock = FakeClock()
    runs: Runs[Run] = Runs(watching.store, clock)
    run_id = new(runs)
    claim = runs.claim("w")
    assert claim is not None
    watching.held_at.clear()
    claim = runs.heartbeat(claim)
    runs.release(claim)
    claim = runs.claim("w")
    assert claim is not None
    runs.complete(run_id, claim=claim)
    now = clock.microseconds
    assert watching.held_at == [now, now, None, now]  # the third one is the claim itself


def test_a_sweep_signs_what_it_does() -> None:
    clock = FakeClock()
    for actor, signed in ((None, "sweep"), ("ann", "ann")):
        store = MemoryStore()
        runs: Runs[Run] = Runs(store, clock, max_attempts=1, actor=actor)
        expired = new(runs, ttl=5, queue="late")
        failed, cancelled = new(runs), new(runs)
        for _ in range(2):
            runs.claim("w", lease=10, queue="default")
        runs.cancel(cancelled, actor="bob")
        clock.advance(10)
        swept = runs.sweep()
        assert (swept.expired, swept.failed, swept.cancelled) == ((expired,), (failed,), (cancelled,))
        for run_id in (expired, failed, cancelled):
            assert runs.history(run_id)[-1].actor == signed


def test_a_sweep_says_why_it_could_not_treat_a_run() -> None:
    store = MemoryStore()
    runs: Runs[Run] = Runs(store, FakeClock())
    run_id = new(runs)
    with store.transaction() as tx:
        row = tx.get("", run_id)
        assert row is not None
        assert tx.move(row, attrs.evolve(row, body="{}", edits=row.edits + 1, wake_at=0))
    (reason,) = runs.sweep().faults.values()
    assert "id" in reason


def test_a_sweep_that_was_woken_for_nothing_says_when_to_come_again() -> None:
    store = MemoryStore()
    runs: Runs[Run] = Runs(store, FakeClock())
    run_id = new(runs)
    before = runs.row(run_id)
    with store.transaction() as tx:
        assert tx.move(before, attrs.evolve(before, edits=before.edits + 1, wake_at=0))
    assert len(runs.sweep()) == 0
    assert runs.row(run_id).wake_at == before.wake_at


def test_a_prune_takes_what_ended_first() -> None:
    clock = FakeClock()
    runs: Runs[Run] = Runs(MemoryStore(), clock)
    early, late = new(runs, ttl=10_000), new(runs)
    runs.cancel(late)
    clock.advance(10)
    runs.cancel(early)
    clock.advance(1000)
    assert runs.prune(older_than=100, limit=1).run_ids == (late,)
    assert runs.prune(older_than=100, limit=1).run_ids == (early,)


def test_who_expects_a_revision_to_come_hears_of_the_last_one() -> None:
    runs: Runs[Run] = Runs(MemoryStore(), FakeClock())
    run_id = new(runs)
    runs.start(run_id)
    with pytest.raises(Conflict) as beaten:
        runs.complete(run_id, rev=7)
    assert beaten.value.winner is not None
    assert (beaten.value.winner.seq, beaten.value.expected, beaten.value.seen) == (2, 7, 2)


def test_what_is_gone_is_named() -> None:
    clock = FakeClock()
    runs: Runs[Run] = Runs(MemoryStore(), clock)
    with pytest.raises(NotFound) as missing:
        runs.start("nobody")
    assert (missing.value.run_id, "no such run" in missing.value.reason) == ("nobody", True)
    run_id = new(runs)
    claim = runs.claim("w")
    assert claim is not None
    runs.complete(run_id)
    clock.advance(100)
    runs.prune(older_than=0)
    with pytest.raises(LeaseLost) as lost:
        runs.heartbeat(claim)
    assert (lost.value.run_id, lost.value.worker, lost.value.fence, lost.value.seen_fence) == (run_id, "w", 1, 0)


def test_the_worker_is_the_actor_of_what_its_claim_starts() -> None:
    runs: Runs[Run] = Runs(MemoryStore(), actor="the host")
    run_id = runs.create(thread_id="t", assistant_id="a").id
    assert runs.claim("worker 7") is not None
    assert [entry.actor for entry in runs.history(run_id)] == ["the host", "worker 7"]
