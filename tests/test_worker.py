from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from runstate.record import LastError, Run, Usage
from runstate.runs import MAX_ATTEMPTS, Runs
from runstate.stores import MemoryStore
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
