"""Clocks that are set: back and forth by up to a year between any two calls, and two hosts ten minutes apart.

What must hold whatever clocks do: journals are sound, and their times do not decrease; at most one claim is live by its
fence, and one that was taken over writes nothing.  What may happen, and is documented: a host whose clock is ahead takes
over a claim before its time is over by the holder's clock, by at most the difference.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from runstate.errors import LeaseLost, RunstateError
from runstate.record import Run
from runstate.runs import Claim, Runs
from runstate.stores import Store
from runstate.testing.clock import FakeClock
from runstate.testing.stores import assert_sound, payload_for
from tests.crash import Tally

__all__ = ["clock_steps", "two_hosts"]

YEAR = 365 * 86_400.0
EVENTS = ("start", "require_action", "submit_tool_outputs") * 3 + (
    "complete", "fail", "end_incomplete", "confirm_cancel", "expire",
)  # fmt: skip
CALLS = 12
"""Steps of the clock in the life of one run at most."""


def clock_steps(store: Store, count: int, seed: int) -> Tally:
    """So many steps of the clock, each followed by a call."""
    tally = Tally("clock steps", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    while tally.counts["steps"] < count:
        clock = FakeClock()
        runs: Runs[Run] = Runs(store, clock, tenant=f"{seed} {tally.counts['steps']}")
        run_id = runs.create(thread_id="t", assistant_id="a", ttl=chance.choice((600, 50 * YEAR, 50 * YEAR))).id
        held: Claim[Run] | None = None
        for _ in range(CALLS):
            clock.advance(chance.choice((-YEAR, YEAR, chance.uniform(-YEAR, YEAR), chance.uniform(-60, 60))))
            tally.counts["steps"] += 1
            before = runs.row(run_id)
            name, call = chance.choice(_calls(runs, run_id, held, chance))
            try:
                answer = call()
            except LeaseLost:
                tally.counts["leases lost"] += 1
                held = None
            except RunstateError:
                tally.counts["refused"] += 1
            else:
                tally.counts["accepted"] += 1
                if isinstance(answer, Claim):
                    held = answer
                    tally.counts["claims"] += 1
                    _check_taken(name, before, answer, clock, tally)
            after = runs.row(run_id)
            if after.at < before.at or after.rev < before.rev or after.fence < before.fence:
                tally.counts["FAULT went back"] += 1
            if before.status in runs.lifecycle.terminal:
                break
        _check(runs, run_id, tally)
    tally.seconds = time.monotonic() - began
    return tally


def _calls(
    runs: Runs[Run], run_id: str, held: Claim[Run] | None, chance: random.Random
) -> list[tuple[str, Callable[[], object]]]:
    event = chance.choice(EVENTS)
    found: list[tuple[str, Callable[[], object]]] = [
        ("fire", lambda: runs.fire(run_id, event, **payload_for(event))),
        ("claim", lambda: runs.claim("w", lease=chance.choice((1.0, 3600.0, YEAR)))),
        ("sweep", runs.sweep),
    ]
    found += found
    found.append(("cancel", lambda: runs.cancel(run_id)))
    if held is not None:
        claim = held
        found += [
            ("heartbeat", lambda: runs.heartbeat(claim)),
            ("release", lambda: runs.release(claim)),
            ("write", lambda: runs.fire(run_id, event, claim=claim, **payload_for(event))),
        ]
    return found


def _check_taken(name: str, before: Any, claim: Claim[Run], clock: FakeClock, tally: Tally) -> None:
    """A claim that somebody has is taken over only when it is over, by the clock that is asked."""
    if name == "heartbeat":
        return
    if claim.fence != before.fence + 1:
        tally.counts["FAULT fence"] += 1
    if before.lease_until is not None and before.lease_until > clock.microseconds:
        tally.counts["FAULT taken while live"] += 1


def _check(runs: Runs[Run], run_id: str, tally: Tally) -> None:
    tally.counts["journals checked"] += 1
    try:
        assert_sound(runs, run_id)
    except AssertionError as error:
        tally.counts["FAULT illegal journal"] += 1
        tally.notes.append(repr(error))


def two_hosts(stores: tuple[Store, Store], count: int, seed: int, apart: float = 600.0) -> Tally:
    """Two hosts with clocks that far apart, one after the other on the same runs."""
    tally = Tally("two hosts", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    for turn in range(count):
        clocks = FakeClock(), FakeClock()
        clocks[1].advance(apart)
        hosts: list[Runs[Run]] = [
            Runs(store, clock, tenant=f"hosts {seed} {turn}", max_attempts=None)
            for store, clock in zip(stores, clocks, strict=True)
        ]
        run_id = hosts[0].create(thread_id="t", assistant_id="a", ttl=YEAR).id
        ahead = chance.random() < 0.5  # whether the clock of who comes second is ahead
        holder, other = (hosts[0], hosts[1]) if ahead else (hosts[1], hosts[0])
        of_holder, of_other = (clocks[0], clocks[1]) if ahead else (clocks[1], clocks[0])
        lease = chance.choice((30.0, apart - 1, apart, apart + 1, 3600.0))
        claim = holder.claim("holder", lease=lease)
        tally.counts["claims"] += 1
        if claim is None:
            tally.counts["FAULT no claim"] += 1
            continue
        passed = chance.choice((0.0, lease / 2, max(lease - apart, 0.0), lease))
        of_holder.advance(passed)
        of_other.advance(passed)
        taken = other.claim("other", lease=lease)
        over = of_other.microseconds >= claim.lease_until
        if (taken is not None) is not over:
            tally.counts["FAULT taken otherwise than by the clock of who takes"] += 1
        by_holder = claim.lease_until - of_holder.microseconds
        if taken is not None and by_holder > apart * 1_000_000:
            tally.counts["FAULT taken earlier than the clocks differ"] += 1
        if taken is not None:
            tally.counts["taken early"] += by_holder > 0
            _check_fenced(holder, claim, run_id, tally)
        other.sweep()
        for host in hosts:
            _check(host, run_id, tally)
    tally.seconds = time.monotonic() - began
    return tally


def _check_fenced(holder: Runs[Run], claim: Claim[Run], run_id: str, tally: Tally) -> None:
    before = holder.row(run_id)
    calls: tuple[Callable[[], object], ...] = (
        lambda: holder.complete(run_id, claim=claim),
        lambda: holder.heartbeat(claim),
        lambda: holder.release(claim),
    )
    for call in calls:
        try:
            call()
        except LeaseLost:
            tally.counts["stale writes refused"] += 1
        else:
            tally.counts["FAULT stale write"] += 1
    if holder.row(run_id) != before:
        tally.counts["FAULT stale write"] += 1
