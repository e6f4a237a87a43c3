"""The model is explored completely, finds what is left out of it, and says what the driver does."""

from __future__ import annotations

import pytest

from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.catalogue import CATALOGUE
from runstate.stores import MemoryStore
from runstate.stores.sqlite import SqliteStore
from tests.claim_model import FLAWS, Flaw, Model, explore
from tests.claim_replay import replay
from tests.places import fast_folder

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

SEED = 20241


def test_no_reachable_state_breaks_a_promise() -> None:
    explored = explore(Model(ASSISTANTS_RUN))
    assert explored.fault == "", explored
    assert explored.states > 5_000
    assert explored.depth >= 15


@pytest.mark.long
@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_nor_with_three_workers(attempts: int) -> None:
    explored = explore(Model(ASSISTANTS_RUN, workers=3, attempts=attempts))
    assert explored.fault == "", explored
    assert explored.states > 10_000


@pytest.mark.parametrize(
    "lifecycle", [lifecycle for lifecycle in CATALOGUE.values() if Model(lifecycle).ready], ids=lambda one: one.name
)
def test_nor_in_any_other_lifecycle_that_is_worked_on(lifecycle: Lifecycle) -> None:
    explored = explore(Model(lifecycle, workers=1 if lifecycle is ASSISTANTS_RUN else 2))
    assert explored.fault == "", explored


LEFT_OUT = {
    Flaw.NO_CAS: ("a change from a status that the run has left", 4),
    Flaw.NO_FENCE: ("a write by a claim that is over", 7),
    Flaw.NO_SWEEP: ("a run that can never end", 5),
    Flaw.LEASELESS_SKIPPED: ("a cancellation that a sweep does not end", 6),
    Flaw.STALE_LIST: ("a change after the end", 5),
    Flaw.NO_LEASE: ("a second live claim", 4),
}
"""What breaks first without each mechanism, and after how many steps at least."""


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.long)])
@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_what_is_left_out_is_found_by_a_shortest_path(flaw: Flaw, workers: int) -> None:
    explored = explore(Model(ASSISTANTS_RUN, workers=workers, flaw=flaw))
    assert (explored.fault, len(explored.path)) == LEFT_OUT[flaw], f"Left out: {flaw.value}.\n{explored}"


def test_the_driver_does_what_the_model_says_in_memory() -> None:
    counts = replay(MemoryStore(), Model(ASSISTANTS_RUN), walks=50, length=40, seed=SEED)
    wanted = {"time: lease", "time: cancel", "time: due", "sweep: sweep", "client: cancel", "worker: claim",
              "worker: heartbeat", "worker: release", "worker: complete", "worker: confirm_cancel",
              "worker: require_action", "client: submit_tool_outputs", "worker: dies"}  # fmt: skip
    assert wanted <= set(counts)


def test_the_driver_does_what_the_model_says_on_sqlite(request: pytest.FixtureRequest) -> None:
    with SqliteStore(fast_folder(request) / "runs.db") as store:
        counts = replay(store, Model(ASSISTANTS_RUN), walks=12, length=40, seed=SEED)
    assert counts.total() > 100
