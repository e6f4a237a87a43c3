"""Claims of runs whose lifecycle is laid out otherwise than the assistant run's: nothing stuck, no two live claims."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from runstate.errors import LeaseLost
from runstate.lifecycles.catalogue import CATALOGUE
from runstate.record import Run
from runstate.runs import Roles, Runs
from runstate.runs.values import Plan
from runstate.stores import MemoryStore
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
    fields = {name: "x" for name in runs.lifecycle.constant if name not in written}
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
