from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runstate.errors import StoreBusy, StoreError, StoreUnavailable
from runstate.record import LastError, Run, Usage
from runstate.runs import MAX_ATTEMPTS, Runs
from runstate.stores import MemoryStore, Store, Tx
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import CALLS, assert_sound, new
from runstate.worker import Job, work, work_async


@pytest.fixture
def runs(tmp_path: Path) -> Generator[Runs[Run], None, None]:
    with SqliteStore(tmp_path / "runs.db") as store:
        yield Runs(store, max_attempts=2)


def test_what_the_function_returns_completes_the_run(runs: Runs[Run]) -> None:
    ids = [new(runs) for _ in range(3)]
    assert work(runs, lambda job: Usage(1, 2), until_idle=True) == 3
    for run_id in ids:
        assert (runs.get(run_id).status, runs.get(run_id).usage) == ("completed", Usage(1, 2))
        assert_sound(runs, run_id)


def test_the_function_may_end_or_stop_the_run_itself(runs: Runs[Run]) -> None:
    ended, stopped = new(runs, model="a"), new(runs, model="b")

    def act(job: Job[Run]) -> None:
        if job.run.model == "a":
            job.fire("fail", last_error=LastError(code="mine"))
        else:
            runs.require_action(job.claim.run_id, CALLS, claim=job.claim)
            job.settled = True

    work(runs, act, until_idle=True)
    assert [runs.get(run_id).status for run_id in (ended, stopped)] == ["failed", "requires_action"]


def test_a_function_that_raises_gives_the_run_back_until_no_attempt_is_left() -> None:
    runs: Runs[Run] = Runs(MemoryStore(), max_attempts=1)
    run_id = new(runs)

    def act(job: Job[Run]) -> None:
        raise ZeroDivisionError

    assert work(runs, act, until_idle=True) == 1
    threading.Event().wait(0.01)
    assert runs.row(run_id).owner is None
    runs.store.pause(0)
    clock = runs.row(run_id).ready_at
    assert clock is not None
    later: Runs[Run] = Runs(runs.store, lambda: clock + 1)
    assert later.sweep().failed == (run_id,)
    error = runs.get(run_id).last_error
    assert error is not None
    assert error.code == MAX_ATTEMPTS


def test_a_cancellation_reaches_the_function_by_the_heartbeat(runs: Runs[Run]) -> None:
    run_id = new(runs)

    def act(job: Job[Run]) -> None:
        assert runs.cancel(run_id).status == "cancelling"
        for _ in range(1000):
            if job.cancelling:
                return
            threading.Event().wait(0.01)
        pytest.fail("never heard of it")

    work(runs, act, until_idle=True, lease=0.3)
    assert runs.get(run_id).status == "cancelled"


def test_a_long_function_keeps_its_lease(runs: Runs[Run]) -> None:
    run_id = new(runs)

    def act(job: Job[Run]) -> None:
        threading.Event().wait(0.8)
        assert runs.claim("thief") is None

    work(runs, act, until_idle=True, lease=0.3)
    assert runs.get(run_id).status == "completed"


def test_sigterm_gives_the_run_back(runs: Runs[Run]) -> None:
    run_id = new(runs)

    def act(job: Job[Run]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(5)
        pytest.fail("not stopped")

    before = signal.getsignal(signal.SIGTERM)
    assert work(runs, act) == 1
    assert signal.getsignal(signal.SIGTERM) is before
    row = runs.row(run_id)
    assert (row.owner, row.attempt, row.status) == (None, 0, "in_progress")
    assert runs.claim("other") is not None


def test_asyncio_works_on_several_at_once(runs: Runs[Run]) -> None:
    ids = [new(runs) for _ in range(4)]
    inside: list[int] = [0, 0]

    async def act(job: Job[Run]) -> Usage:
        inside[0] += 1
        inside[1] = max(inside)
        await asyncio.sleep(0.2)
        inside[0] -= 1
        return Usage(1, 1)

    assert asyncio.run(work_async(runs, act, until_idle=True, concurrency=4)) == 4
    assert inside[1] > 1
    assert [runs.get(run_id).status for run_id in ids] == ["completed"] * 4


def test_sigterm_cancels_the_coroutine_and_gives_the_run_back(runs: Runs[Run]) -> None:
    run_id = new(runs)

    async def act(job: Job[Run]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(10)

    asyncio.run(work_async(runs, act))
    assert (runs.row(run_id).owner, runs.row(run_id).attempt) == (None, 0)


class Flaky:
    """A store whose next transactions that write fail, before or (unknown outcome) after they have written."""

    def __init__(self, store: Store, *errors: StoreError) -> None:
        self._store = store
        self.errors = list(errors)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self, *, write: bool = True, connection: object = None) -> Generator[Tx, None, None]:
        error = self.errors.pop(0) if write and self.errors else None
        if error is not None and getattr(error, "outcome", "none") == "none":
            raise error
        with self._store.transaction(write=write, connection=connection) as tx:
            yield tx
        if error is not None:
            raise error


def flaky() -> tuple[Any, Runs[Run]]:
    store: Any = Flaky(MemoryStore())
    return store, Runs(store)


def busy() -> StoreBusy:
    return StoreBusy(reason="busy", seconds=0)


def test_a_store_that_is_busy_or_gone_for_a_moment_ends_no_loop() -> None:
    store, runs = flaky()
    ids = [new(runs) for _ in range(2)]
    store.errors = [busy(), StoreUnavailable(reason="gone")]  # at the claim

    def act(_job: Job[Run]) -> None:
        store.errors = [StoreUnavailable(reason="gone"), busy()]  # when the result is to be written

    assert work(runs, act, until_idle=True) == 2
    assert [runs.get(run_id).status for run_id in ids] == ["completed"] * 2

    async def act_too(job: Job[Run]) -> None:
        act(job)

    again = new(runs)
    assert asyncio.run(work_async(runs, act_too, until_idle=True)) == 1
    assert runs.get(again).status == "completed"


def test_a_store_that_is_gone_for_longer_than_a_lease_ends_the_loop() -> None:
    store, runs = flaky()
    new(runs)
    store.errors = [busy() for _ in range(100)]
    with pytest.raises(StoreBusy):
        work(runs, lambda _job: None, until_idle=True, lease=0.2)


def test_an_end_of_unknown_outcome_is_not_called_lost(caplog: pytest.LogCaptureFixture) -> None:
    store, runs = flaky()
    run_id = new(runs)
    unknown = StoreUnavailable(reason="the connection broke", outcome="unknown")

    class Here(Job[Run]):
        def heartbeat(self) -> None:
            super().heartbeat()
            store.errors = [unknown]  # the next write is the end of the run

    claim = runs.claim("w")
    assert claim is not None
    Here(runs, claim, 30).settle(None)
    assert runs.get(run_id).status == "completed"
    assert "did not say" in caplog.text
    assert "is not kept" not in caplog.text


def test_a_run_that_cannot_be_given_back_ends_no_loop() -> None:
    store, runs = flaky()
    run_id = new(runs)

    def act(_job: Job[Run]) -> None:
        store.errors = [busy()]
        raise ZeroDivisionError

    assert work(runs, act, until_idle=True) == 1
    assert runs.row(run_id).owner is not None  # until the lease ends


def test_what_ends_one_slot_ends_the_others_and_gives_their_runs_back() -> None:
    _, runs = flaky()
    first, second = new(runs), new(runs)

    async def act(job: Job[Run]) -> None:
        if job.run.id == first:
            await asyncio.sleep(0.05)
            raise SystemError  # an error of the function itself is none of the loop's
        await asyncio.sleep(30)

    async def main() -> set[Any]:
        def claim(*given: Any, **more: Any) -> Any:
            if runs.row(first).attempt and not runs.row(first).owner:
                raise StoreError(reason="broken for good")
            return real(*given, **more)

        real, runs.claim = runs.claim, claim  # type: ignore[method-assign]
        began = time.monotonic()
        with pytest.raises(StoreError, match="for good"):
            await work_async(runs, act, concurrency=2, poll=0.01)
        assert time.monotonic() - began < 10
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(main()) == set()
    assert runs.row(second).owner is None
