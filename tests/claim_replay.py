"""Walks of `tests.claim_model` on a real store: whatever the model says comes of a call, the driver must answer too.

In the model a call reads and then writes, with anything in between; here the two follow each other at once, as they do
in one transaction.  `tests.interleave` takes care of what may come between.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import attrs

from runstate.errors import LeaseLost, RunstateError
from runstate.record import Run
from runstate.runs import Claim, Runs
from runstate.stores import Row as Stored
from runstate.stores import Store
from runstate.testing.clock import FakeClock
from runstate.testing.stores import assert_sound, payload_for
from tests.claim_model import AHEAD, NEVER, NOTHING, PAST, TIMERS, Model, Row, State, Step, Worker

__all__ = ["Replay", "replay"]

LEASES = (5.0, 50.0, 500.0, 5000.0)
PATIENCE = 20.0
"""Seconds that a holder has to confirm a cancellation."""
LIVES = (30.0, 300.0, 1e9)
"""Seconds to live; the last one is for ever."""
RARE = frozenset({"cancel", "complete", "confirm_cancel", "due", "dies", "sweep"})
"""What ends a walk, or does nothing most of the time."""


@attrs.define
class Replay:
    """One run, in the model and in a store."""

    model: Model
    runs: Runs[Run]
    clock: FakeClock
    chance: random.Random
    run_id: str
    state: State
    claims: list[Claim[Run] | None]
    said: list[str] = attrs.field(factory=list)

    @classmethod
    def begun(cls, model: Model, store: Store, tenant: str, seed: int) -> Replay:
        clock, chance = FakeClock(), random.Random(seed)
        runs: Runs[Run] = Runs(store, clock, tenant=tenant, max_attempts=model.attempts, cancel_timeout=PATIENCE)
        ttl = chance.choice(LIVES)
        run_id = runs.create(id="run_1", thread_id="t", assistant_id="a", ttl=ttl).id
        first = next(s for s in model.first() if (s.row.due == NEVER) is (ttl == LIVES[-1]))
        return cls(model, runs, clock, chance, run_id, first, [None] * model.workers)

    # -- what can be done ----------------------------------------------------------------------------------------------

    def acts(self) -> list[tuple[str, int, str]]:
        """(who, which, what): every call that makes sense, and many that are refused."""
        found = [("time", 0, name) for name in TIMERS if getattr(self.state.row, name) == AHEAD]
        found.append(("sweep", 0, "sweep"))
        found += [("client", 0, op) for op in ("cancel", *self.model.resumes(self.state.row.status))]
        for number, worker in enumerate(self.state.workers):
            if worker.claim == NOTHING:
                found.append(("worker", number, "claim"))
            else:
                found += [("worker", number, op) for op in self.model.worker_ops(self.state.row.status)]
                found.append(("worker", number, "dies"))
        return found

    def step(self) -> str:
        """One call, on both sides; answers what was done."""
        acts = self.acts()
        rare = RARE if self.model.claim(self.state.row) else {*RARE, "claim"}
        who, number, op = self.chance.choices(acts, [1 if op in rare else 6 for _, _, op in acts])[0]
        self.said.append(f"{who} {number + 1}: {op}")
        if who == "time":
            self.let_pass(op)
        elif op == "dies":
            self.claims[number] = None
            self.state = self.with_worker(number, Worker())
        elif who == "worker":
            self.by_worker(number, op)
        else:
            self.by_nobody(who, op)
        self.compare()
        return f"{who}: {op}"

    def let_pass(self, name: str) -> None:
        """Until something is over; what is over by then too is so in the model."""
        row = self.runs.row(self.run_id)
        until = {"lease": row.lease_until, "cancel": row.cancel_at, "due": row.due_at}
        self.clock.microseconds = max(self.clock.microseconds, until[name] or 0)
        for other, time in until.items():
            if time is not None and time <= self.clock.microseconds and getattr(self.state.row, other) == AHEAD:
                self.state = self.state._replace(row=self.state.row.over([other]))

    def by_worker(self, number: int, op: str) -> None:
        worker, lease = self.state.workers[number], self.chance.choice(LEASES)
        step: Step | None = None
        if op == "claim":
            if self.model.claim(self.state.row) is not None:
                step = self.written(number, op)
            claim = self.runs.claim(f"worker {number}", lease=lease)
            assert (claim is None) is (step is None), self
            self.claims[number] = claim
        else:
            holds = self.model.holds(worker, self.state.row)
            if holds:
                step = self.written(number, op)
            held: Any = self.claims[number]
            try:
                if op == "heartbeat":
                    self.claims[number] = self.runs.heartbeat(held, lease=lease)
                elif op == "release":
                    self.runs.release(held)
                else:
                    self.runs.fire(self.run_id, op, claim=held, **payload_for(op))
                lost = False
            except LeaseLost:
                lost = True
            assert lost is not holds, self
        if step is None:
            self.state = self.with_worker(number, Worker())
        else:
            self.take(step)
        if self.state.workers[number].claim == NOTHING:
            self.claims[number] = None

    def written(self, number: int, op: str) -> Step:
        """What the model makes of a worker's call that is not interrupted."""
        steps = self.model.worker_steps(self.state, number, self.state.workers[number])
        began = next(step for step in steps if step.text.endswith(f"reads, to {op}")).state
        return next(s for s in self.model.worker_steps(began, number, began.workers[number]) if "dies" not in s.text)

    def by_nobody(self, who: str, op: str) -> None:
        steps_of = self.model.client_steps if who == "client" else self.model.sweeper_steps
        began = [s.state for s in steps_of(self.state) if who != "client" or s.text.endswith(f"reads, to {op}")]
        before = self.runs.row(self.run_id)
        try:
            if who == "sweep":
                swept = self.runs.sweep()
                assert not swept.faults, self
                done = len(swept) > 0
            elif op == "cancel":
                done = self.runs.cancel(self.run_id).accepted
            else:
                self.runs.fire(self.run_id, op, **payload_for(op))
                done = True
        except RunstateError:
            done = False
        assert done is bool(began), self
        if began:
            self.take(next(iter(steps_of(began[0]))))
        else:
            assert self.runs.row(self.run_id).rev == before.rev, self

    def take(self, step: Step) -> None:
        assert not step.fault, (step.fault, self)
        self.state = step.state

    def with_worker(self, number: int, worker: Worker) -> State:
        workers = self.state.workers
        return self.state._replace(workers=(*workers[:number], worker, *workers[number + 1 :]))

    # -- what must agree -----------------------------------------------------------------------------------------------

    def compare(self) -> None:
        seen = _abstract(self.runs.row(self.run_id), self.clock.microseconds, self.state.row)
        assert seen == self.state.row, self
        assert_sound(self.runs, self.run_id)


def _abstract(row: Stored, now: int, expected: Row) -> Row:
    def lies(time: int | None) -> str:
        return NEVER if time is None else AHEAD if time > now else PAST

    due = NEVER if expected.due == NEVER else lies(row.due_at)  # a time to live for ever
    return Row(row.status, lies(row.lease_until), row.attempt, lies(row.cancel_at), due)


def replay(store: Store, model: Model, walks: int, length: int, seed: int) -> Counter[str]:
    """So many walks; how often each kind of call was made."""
    counts: Counter[str] = Counter()
    for walk in range(walks):
        one = Replay.begun(model, store, f"walk {seed} {walk}", seed + walk)
        for _ in range(length):
            counts[one.step()] += 1
            if model.is_over(one.state) and one.chance.random() < 0.5:
                break
    return counts
