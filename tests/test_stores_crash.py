"""The small part of what ``make test-long`` does at length: crashes, races, stopped processes.  See ``tests/crash.py``."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from runstate.errors import Conflict, StoreBusy
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import MemoryStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import payload_for
from tests import crash
from tests.places import fast_folder
from tests.postgres import Server, new_server, shared_server

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

SEED = 20240
TARGETS = ("delete", "wal", "postgres")


@pytest.fixture
def target(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        return shared_server().new_database()
    return f"{request.param}:{fast_folder(request) / 'runs.db'}"


def assert_clean(tally: crash.Tally, **least: int) -> None:
    assert {name: n for name, n in tally.counts.items() if name.startswith("FAULT") and n} == {}, tally.notes
    for name, count in least.items():
        assert tally.counts[name.replace("_", " ")] >= count, tally


@pytest.mark.parametrize(("target", "kills"), [("delete", 300), ("wal", 300), ("postgres", 200)], indirect=["target"])
def test_nothing_acknowledged_is_lost_to_sigkill(target: str, kills: int, request: pytest.FixtureRequest) -> None:
    assert_clean(crash.kill_writers(target, fast_folder(request), kills, SEED), kills=kills, acknowledged=kills // 2)


@pytest.mark.parametrize("target", ["postgres"], indirect=True)
def test_requests_repeated_after_broken_connections_are_applied_once(target: str) -> None:
    assert_clean(crash.end_backends(target, 300, SEED), ended=300, repeated=1)


@pytest.fixture
def server() -> Generator[Server, None, None]:
    server = new_server()
    yield server
    server.remove()


def test_nothing_acknowledged_is_lost_to_a_crash_of_the_server(server: Server, request: pytest.FixtureRequest) -> None:
    assert_clean(crash.kill_server(server, fast_folder(request), 5, SEED), server_kills=5, acknowledged=10)


def test_of_any_two_events_one_wins_in_memory() -> None:
    assert_clean(crash.races([MemoryStore()], 1000, SEED), races=1000)


def test_a_race_that_nobody_wins_and_a_loser_that_is_told_nothing_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor is tested too."""
    real = Runs.fire

    def fire(self: Runs[Run], run_id: str, event: str, **given: Any) -> Run:
        if "rev" in given:
            raise (
                Conflict(reason="not now", run_id=run_id) if event == "cancel" else StoreBusy(reason="busy", seconds=0)
            )
        return real(self, run_id, event, **given)

    monkeypatch.setattr(Runs, "fire", fire)
    tally = crash.races([MemoryStore()], 8, SEED)
    assert tally.counts["FAULT nobody won"] == 8
    assert tally.counts["FAULT untyped loser"] > 0
    assert tally.counts["FAULT unnamed winner"] > 0


@pytest.mark.parametrize("target", TARGETS, indirect=True)
def test_of_any_two_events_one_wins(target: str) -> None:
    stores = [crash.opened(target) for _ in range(2)]
    assert_clean(crash.races(stores, 500, SEED), races=500)
    for store in stores:
        store.close()


@pytest.mark.parametrize("target", ["delete", "postgres"], indirect=True)
def test_processes_share_claims_fairly_and_none_is_double(target: str, request: pytest.FixtureRequest) -> None:
    assert_clean(crash.claims_by_processes(target, fast_folder(request), 1000, 6, SEED), claims=1000)


@pytest.mark.parametrize("target", ["delete", "postgres"], indirect=True)
def test_a_holder_that_was_stopped_past_its_lease_changes_nothing(target: str) -> None:
    assert_clean(crash.zombies(target, 100, SEED), zombies=100)


def test_the_tally_of_a_store_that_loses_is_not_clean(request: pytest.FixtureRequest) -> None:
    """The supervisor is tested too: a change that was acknowledged and is not there is noticed."""
    path = fast_folder(request) / "runs.db"
    with SqliteStore(path) as store:
        runs: Runs[Run] = Runs(store)
        run = runs.create(thread_id="t", assistant_id="a")
        tally = crash.Tally("x")
        crash.check_journals(store, tally, [(run.id, 1, "queued")])
        assert tally.faults == 0
        crash.check_journals(store, tally, [(run.id, 2, "in_progress"), ("gone", 1, "queued")])
        assert tally.counts["FAULT lost change"] == 1
        assert tally.counts["FAULT lost run"] == 1


def test_the_judge_reads_the_journal_as_a_stream() -> None:
    runs: Runs[Run] = Runs(MemoryStore())
    run_id = runs.create(thread_id="t", assistant_id="a").id
    for event in crash.EVENTS:
        runs.fire(run_id, event, **payload_for(event))
    assert crash.findings_of(runs, run_id) == []
