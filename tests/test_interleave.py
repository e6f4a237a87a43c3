"""The small part of ``make test-long PART=interleavings``: schedules in which one actor interrupts the other once."""

from __future__ import annotations

from collections.abc import Callable, Generator

import attrs
import pytest

from runstate.runs import steps
from runstate.stores import sql
from runstate.stores import sqlite as sqlite_module
from tests import test_store_faults as faults
from tests.interleave import Bench, Depth, Fault, Scenario, explore
from tests.interleave_scenarios import SCENARIOS
from tests.places import fast_folder
from tests.postgres import shared_server

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: Patch) -> None:
    """Who found SQLite busy is told when to look again: it need not sleep."""
    monkeypatch.setattr(sqlite_module, "_FIRST_PAUSE", 0.0)


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Generator[Bench, None, None]:
    target = shared_server().new_database()
    if request.param != "postgres":
        target = f"{request.param}:{fast_folder(request) / 'runs.db'}"
    bench = Bench(target, Depth.SHORT)
    yield bench
    bench.close()


def explored(bench: Bench, scenario: Scenario, switches: int | None) -> tuple[int, int]:
    """How many schedules there were, and how many different outcomes."""
    *_, (counts, _) = explore(bench, scenario, switches=switches)
    return counts.schedules, counts.outcomes


@pytest.mark.parametrize("bench", ["delete", "postgres"], indirect=True)
def test_no_interruption_breaks_a_promise(bench: Bench) -> None:
    for scenario in SCENARIOS.values():
        schedules, _ = explored(bench, scenario, switches=1)
        assert schedules > 1, scenario.name


@pytest.mark.parametrize("bench", ["delete", "wal", "postgres"], indirect=True)
def test_no_order_of_two_claims_breaks_a_promise(bench: Bench) -> None:
    """All schedules of one scenario: who comes first matters, and both come first in some."""
    schedules, outcomes = explored(bench, SCENARIOS["claim x claim"], switches=None)
    assert schedules >= 20
    assert outcomes == 2


@pytest.mark.parametrize("bench", ["delete"], indirect=True)
def test_a_scenario_that_does_nothing_is_refused(bench: Bench) -> None:
    """It would hold whatever the store does."""
    idle = attrs.evolve(SCENARIOS["start x cancel"], prepare=lambda _runs, _clock: {})
    with pytest.raises(Fault, match="refused"):
        explored(bench, idle, switches=1)


@pytest.mark.parametrize("bench", ["delete"], indirect=True)
def test_a_walk_goes_on_where_it_was_stopped(bench: Bench) -> None:
    scenario = SCENARIOS["claim x cancel"]
    whole, _ = explored(bench, scenario, switches=1)
    place: list[int] = []
    done = 0
    while not done or place:
        *_, (counts, place) = explore(bench, scenario, switches=1, start=place, most=2)
        done += counts.schedules
    assert done == whole


@pytest.fixture
def fresh_statements() -> Generator[None, None, None]:
    """Statements are put together once; those of a fault must neither be kept nor missed."""
    sql._find.cache_clear()
    yield
    sql._find.cache_clear()


def unlocked_and_unguarded(patch: Patch) -> None:
    patch.setattr(sql, "SKIP_LOCKED", dict.fromkeys(sql.SKIP_LOCKED, ""))
    patch.setattr(sql, "MOVE", sql.MOVE.replace(faults.CAS, "").replace(faults.FENCE, ""))


def given_up_at_once(patch: Patch) -> None:
    patch.setattr(steps, "TRIES", 1)


def heartbeat_from_an_old_row(patch: Patch) -> None:
    """The row is read before the transaction that writes it, and written whatever it is by then."""
    patch.setattr(sql, "LOCK", dict.fromkeys(sql.LOCK, ""))
    patch.setattr(sql, "MOVE", sql.MOVE.replace(faults.CAS, ""))
    patch.setattr(sql, "MOVE_HELD", sql.MOVE)


SEEDED: dict[str, tuple[str, str, Callable[[Patch], None]]] = {
    "a transaction that reads before it may write": ("delete", "complete x fail", faults.begin_deferred),
    "a sweep that goes by its list": ("postgres", "sweep x claim, lapsed", faults.sweep_from_a_stale_list),
    "claims without lock and guard": ("postgres", "claim x claim, lapsed", unlocked_and_unguarded),
    "a lost race that is not run again": ("postgres", "create x create, same key", given_up_at_once),
    "writes without lock and guard": ("postgres", "heartbeat x cancel", heartbeat_from_an_old_row),
}
"""What is wrong -> the store, the scenario that shows it, the fault."""


@pytest.mark.parametrize(("bench", "name", "seed"), SEEDED.values(), ids=SEEDED.keys(), indirect=["bench"])
@pytest.mark.usefixtures("fresh_statements")
def test_a_seeded_fault_is_found(bench: Bench, name: str, seed: Callable[[Patch], None], monkeypatch: Patch) -> None:
    seed(monkeypatch)
    with pytest.raises(Fault) as found:
        explored(bench, SCENARIOS[name], switches=2)
    assert {"a", "b"} <= {line.partition(":")[0] for line in str(found.value).splitlines()}  # the schedule is told
