"""The small part of ``make test-long PART=clocks``; see ``tests/clock_steps.py``."""

from __future__ import annotations

import time

import pytest

from runstate.record import Run
from runstate.runs import Runs, steps
from runstate.stores import MemoryStore
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from tests.clock_steps import clock_steps, two_hosts
from tests.places import fast_folder
from tests.postgres import shared_server
from tests.test_stores_crash import assert_clean

SEED = 20242


def test_no_step_of_the_clock_breaks_a_journal() -> None:
    assert_clean(clock_steps(MemoryStore(), 1200, SEED), steps=1200, claims=60, accepted=300, leases_lost=10)


def test_no_step_of_the_clock_breaks_a_journal_on_disk(request: pytest.FixtureRequest) -> None:
    with SqliteStore(fast_folder(request) / "runs.db") as store:
        assert_clean(clock_steps(store, 800, SEED), steps=800, claims=30, accepted=200)


def test_hosts_whose_clocks_differ_take_over_by_no_more_than_that(request: pytest.FixtureRequest) -> None:
    path = fast_folder(request) / "runs.db"
    with SqliteStore(path) as first, SqliteStore(path) as second:
        tally = two_hosts((first, second), 60, SEED)
    assert_clean(tally, claims=60, taken_early=5, stale_writes_refused=15)


def test_a_host_whose_clock_is_set_takes_nothing_early_from_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the clock is the database's: that of the host plays no part in leases and stamps."""
    url = shared_server().new_database()
    with PostgresStore(url, max_connections=2) as store:
        runs: Runs[Run] = Runs(store)
        run_id = runs.create(thread_id="t", assistant_id="a").id
        claim = runs.claim("w", lease=60)
        assert claim is not None
        there = time.time_ns
        for years in (1, -1):
            with monkeypatch.context() as patch:
                patch.setattr(time, "time_ns", lambda years=years: there() + years * 365 * 86_400 * 10**9)
                patch.setattr(time, "time", lambda years=years: there() / 1e9 + years * 365 * 86_400)
                assert runs.claim("other", lease=60) is None
                assert len(runs.sweep()) == 0
                claim = runs.heartbeat(claim, lease=60)
        done = runs.complete(run_id, claim=claim)
        assert done.completed_at is not None
        assert abs(done.completed_at - there() / 1e9) < 3600


def test_a_driver_that_stamps_by_the_clock_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "max", lambda now, _: now, raising=False)
    assert clock_steps(MemoryStore(), 120, SEED).faults


def test_a_driver_that_forgets_the_lease_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "holds", lambda row, claim, at: row.owner is not None)
    stores = MemoryStore()
    assert two_hosts((stores, stores), 40, SEED).faults
