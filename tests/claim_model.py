"""A model of claims, leases, cancellation and sweeps around one run, small enough to be explored completely.

Whatever is written is first read: between the two anybody else may write, a lease may end, a worker may die.  Which
event is legal, and where it leads, is asked of the lifecycle.  Time is whether something lies ahead or behind.  Fencing
tokens are told apart only as far as matters: the one that stands in the row, or an older one.

A `Flaw` leaves out one of the mechanisms; `explore` must then find a state or a step that breaks a promise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias

import attrs

from runstate.lifecycle import Lifecycle
from runstate.runs import Roles

__all__ = ["Explored", "Flaw", "Model", "Row", "State", "Step", "explore"]


class Flaw(Enum):
    """What a wrong driver might leave out."""

    NONE = "nothing"
    NO_CAS = "a write does not ask whether the row is still what was read"
    NO_FENCE = "a claim is the name of a worker, and names come back"
    NO_SWEEP = "nobody sweeps"
    LEASELESS_SKIPPED = "a sweep passes by a cancelling that nobody holds"
    STALE_LIST = "a sweep writes by its list"
    NO_LEASE = "a claim does not ask whether the lease is over"


# Where something in time lies.
NEVER, AHEAD, PAST = "never", "ahead", "past"
TIMERS: Final = ("lease", "cancel", "due")
# What a worker holds: nothing, the claim that stands in the row (or stood there last), one that is older.
NOTHING, CURRENT, OLDER = "nothing", "current", "older"


class Row(NamedTuple):
    """The run as it is stored."""

    status: str
    lease: str = NEVER
    attempt: int = 0
    cancel: str = NEVER
    """The deadline of a cancellation."""
    due: str = NEVER
    """The end of its time to live."""

    def over(self, names: Iterable[str]) -> Row:
        """The row, with these times behind it."""
        timers: dict[str, Any] = dict.fromkeys(names, PAST)
        return self._replace(**timers)


class Pending(NamedTuple):
    """An operation that has read, and has not yet written."""

    op: str
    seen: Row


class Worker(NamedTuple):
    """What a worker believes, and what it is about to write."""

    claim: str = NOTHING
    pending: Pending | None = None


class State(NamedTuple):
    """Everything."""

    row: Row
    workers: tuple[Worker, ...]
    client: Pending | None = None
    sweeper: Pending | None = None


class Step(NamedTuple):
    """What may happen next."""

    text: str
    state: State
    fault: str = ""
    """The promise that it breaks."""


class Write(NamedTuple):
    """What an operation wants to write."""

    row: Row
    events: tuple[str, ...] = ()


@attrs.frozen
class Model:
    """The rules."""

    lifecycle: Lifecycle
    workers: int = 2
    attempts: int = 2
    """Claims before a sweep fails the run."""
    flaw: Flaw = Flaw.NONE

    # -- what follows from the lifecycle ------------------------------------------------------------------------------

    @cached_property
    def roles(self) -> Roles:
        return Roles.of(self.lifecycle)

    @cached_property
    def table(self) -> Mapping[tuple[str, str], str]:
        """(status, event) -> where the event leads; what reopens an ended run is nobody's business here."""
        edges = (e for e in self.lifecycle.transitions if e.source is not None and not e.reopens)
        return {(str(e.source), str(e.event)): str(e.target) for e in edges}

    def after(self, status: str, event: str | None) -> str | None:
        """Where an event leads, or None where it is not legal."""
        return self.table.get((status, event or ""))

    def sources(self, event: str | None) -> frozenset[str]:
        return frozenset(source for source, name in self.table if name == event)

    def targets(self, event: str | None) -> frozenset[str]:
        return frozenset(target for (_, name), target in self.table.items() if name == event)

    @cached_property
    def ready(self) -> frozenset[str]:
        return self.sources(self.roles.start)

    @cached_property
    def working(self) -> frozenset[str]:
        return self.targets(self.roles.start)

    @cached_property
    def stopping(self) -> frozenset[str]:
        return self.targets(self.roles.cancel) & self.sources(self.roles.confirm_cancel)

    @cached_property
    def held(self) -> frozenset[str]:
        return self.working | self.stopping

    @cached_property
    def expiry(self) -> str | None:
        """The event that waits for the end of the time to live."""
        timed = (str(e.event) for e in self.lifecycle.transitions if any(g.kind == "reached" for g in e.guards))
        return next(timed, None)

    @cached_property
    def terminal(self) -> frozenset[str]:
        return frozenset(map(str, self.lifecycle.terminal))

    def pauses(self, status: str) -> Iterator[str]:
        """Events by which a worker hands a run to somebody who is not one."""
        for (source, event), target in self.table.items():
            if source == status and target not in self.held and target not in self.terminal:
                yield event

    def resumes(self, status: str) -> Iterator[str]:
        """Events by which that somebody hands it back, or leads it on; or ends it, where it leads nowhere else."""
        if status in self.held or status in self.ready:
            return
        on = [
            event for (source, event), target in self.table.items() if source == status and target not in self.terminal
        ]
        yield from on or self.endings(status)

    def endings(self, status: str) -> Iterator[str]:
        """An event by which a worker ends the run; one is as good as another."""
        ends = [event for (source, event), target in self.table.items() if source == status and target in self.terminal]
        named = [event for event in (self.roles.complete, self.roles.confirm_cancel) if event in ends]
        yield from named or ends[:1]

    # -- operations: what each would write, by what it has read --------------------------------------------------------

    def claim(self, row: Row) -> Write | None:
        free = row.lease != AHEAD or self.flaw is Flaw.NO_LEASE
        over = row.due == PAST and self.after(row.status, self.expiry) is not None
        if over or not free or row.attempt >= self.most:
            return None
        if row.status in self.working:
            return Write(row._replace(lease=AHEAD, attempt=min(row.attempt + 1, self.attempts)))
        if row.status in self.ready and self.roles.start is not None:
            return self.fired(
                row,
                self.roles.start,
                lambda moved: moved._replace(lease=AHEAD, attempt=min(row.attempt + 1, self.attempts)),
            )
        return None

    @cached_property
    def most(self) -> float:
        """Claims before a sweep fails the run: any number where it cannot."""
        failable = all(self.after(working, self.roles.fail) is not None for working in self.working)
        return self.attempts if failable else inf

    def fired(self, row: Row, event: str, edit: Callable[[Row], Row] = lambda row: row) -> Write | None:
        target = self.after(row.status, event)
        if target is None:
            return None
        moved = row._replace(status=target)
        if target not in self.held:
            moved = moved._replace(lease=NEVER, attempt=0)
        if target not in self.stopping:
            moved = moved._replace(cancel=NEVER)
        if target in self.terminal:
            moved = moved._replace(due=NEVER)
        return Write(edit(moved), (event,))

    def cancelled(self, row: Row) -> Write | None:
        if self.roles.cancel is None or row.status in self.stopping:
            return None
        asked = self.fired(row, self.roles.cancel, lambda moved: moved._replace(cancel=AHEAD))
        if asked is None or row.lease == AHEAD or self.roles.confirm_cancel is None:
            return asked
        done = self.fired(asked.row, self.roles.confirm_cancel)
        return asked if done is None else Write(done.row, (*asked.events, *done.events))

    def swept(self, row: Row) -> Write | None:
        """What a sweep does to a run by what it sees."""
        if self.flaw is Flaw.NO_SWEEP:
            return None
        unheld = row.lease != AHEAD
        if row.status in self.stopping and (unheld or row.cancel == PAST):
            if self.flaw is Flaw.LEASELESS_SKIPPED and row.lease == NEVER:
                return None
            return self.fired(row, self.roles.confirm_cancel or "")
        if row.due == PAST and self.after(row.status, self.expiry) is not None:
            return self.fired(row, self.expiry or "")
        if row.status in self.working and unheld and row.attempt:
            if row.attempt >= self.most:
                return self.fired(row, self.roles.fail or "")
            return Write(row._replace(lease=NEVER)) if row.lease == PAST else None
        return None

    def by_worker(self, op: str, row: Row) -> Write | None:
        if op == "claim":
            return self.claim(row)
        if op == "heartbeat":
            return Write(row._replace(lease=AHEAD))
        if op == "release":
            return Write(row._replace(lease=NEVER, attempt=max(row.attempt - 1, 0)))
        return self.fired(row, op)

    def worker_ops(self, status: str) -> Iterator[str]:
        """What a worker with a claim may try; what is legal when it reads may be so no more when it writes."""
        yield "heartbeat"
        yield "release"
        yield from self.endings(status)
        if status in self.working:
            yield from self.pauses(status)

    def holds(self, worker: Worker, row: Row) -> bool:
        """Whether the driver takes the worker's claim for the live one."""
        if self.flaw is Flaw.NO_FENCE:
            return worker.claim != NOTHING and row.lease == AHEAD
        return worker.claim == CURRENT and row.lease == AHEAD

    # -- steps ---------------------------------------------------------------------------------------------------------

    def first(self) -> Iterator[State]:
        """A run that was just created, with a time to live and without."""
        for status in sorted(map(str, self.lifecycle.initial)):
            for due in (NEVER, AHEAD) if self.expiry else (NEVER,):
                yield State(Row(status, due=due), (Worker(),) * self.workers)

    def steps(self, state: State) -> Iterator[Step]:
        """Everything that may happen next."""
        yield from self.time_passes(state)
        for number, worker in enumerate(state.workers):
            yield from self.worker_steps(state, number, worker)
        yield from self.client_steps(state)
        yield from self.sweeper_steps(state)

    def time_passes(self, state: State) -> Iterator[Step]:
        row = state.row
        for name in TIMERS:
            if getattr(row, name) == AHEAD:
                yield Step(f"the time of {name} is over", state._replace(row=row.over([name])))

    def worker_steps(self, state: State, number: int, worker: Worker) -> Iterator[Step]:
        name = f"worker {number + 1}"
        if worker != Worker():
            yield Step(f"{name} dies", _with_worker(state, number, Worker()))
        if worker.pending is not None:
            yield self.worker_writes(state, number, worker, worker.pending)
            return
        if worker.claim == NOTHING:
            if self.claim(state.row) is not None:
                yield Step(f"{name} reads, to claim", _with_worker(state, number, worker._replace(
                    pending=Pending("claim", state.row))))  # fmt: skip
            return
        if not self.holds(worker, state.row):
            yield Step(f"{name} hears that its claim is over", _with_worker(state, number, Worker()))
            return
        for op in self.worker_ops(state.row.status):
            pending = Pending(op, state.row)
            yield Step(f"{name} reads, to {op}", _with_worker(state, number, worker._replace(pending=pending)))

    def worker_writes(self, state: State, number: int, worker: Worker, pending: Pending) -> Step:
        name, op, row = f"worker {number + 1}", pending.op, state.row
        wanted = self.by_worker(op, pending.seen)
        idle = _with_worker(state, number, worker._replace(pending=None))
        if wanted is None or (op != "claim" and not self.holds(worker, row)):
            return Step(f"{name} cannot {op}", _with_worker(state, number, Worker()))
        fault = ""
        if op == "claim":
            others = [w for at, w in enumerate(state.workers) if at != number]
            if row.lease == AHEAD and any(w.claim == CURRENT for w in others):
                fault = "a second live claim"
            workers = tuple(
                Worker(CURRENT) if at == number else w._replace(claim=OLDER if w.claim != NOTHING else NOTHING)
                for at, w in enumerate(state.workers)
            )
            idle = idle._replace(workers=workers)
        elif worker.claim != CURRENT or row.lease != AHEAD:
            fault = "a write by a claim that is over"
        elif op == "release" or wanted.row.lease == NEVER:
            idle = _with_worker(idle, number, Worker())
        return self.written(idle, pending.seen, wanted, f"{name} writes: {op}", fault)

    def client_steps(self, state: State) -> Iterator[Step]:
        if state.client is not None:
            wanted = self.by_client(state.client)
            if wanted is not None:
                yield self.written(
                    state._replace(client=None), state.client.seen, wanted, f"a client writes: {state.client.op}"
                )
            return
        for op in ("cancel", *self.resumes(state.row.status)):
            pending = Pending(op, state.row)
            if self.by_client(pending) is not None:
                yield Step(f"a client reads, to {op}", state._replace(client=pending))

    def by_client(self, pending: Pending) -> Write | None:
        return self.cancelled(pending.seen) if pending.op == "cancel" else self.fired(pending.seen, pending.op)

    def sweeper_steps(self, state: State) -> Iterator[Step]:
        if state.sweeper is None:
            if self.swept(state.row) is not None:
                yield Step("a sweep reads", state._replace(sweeper=Pending("sweep", state.row)))
            return
        wanted = self.swept(state.sweeper.seen)
        if wanted is None:
            return
        row, fault = state.row, ""
        if row.lease == AHEAD and PAST not in {row.cancel, row.due}:
            fault = "a sweep that ends a live claim"
        yield self.written(
            state._replace(sweeper=None), state.sweeper.seen, wanted, "a sweep writes", fault, sweep=True
        )

    def written(
        self, state: State, seen: Row, wanted: Write, text: str, fault: str = "", *, sweep: bool = False
    ) -> Step:
        """The guarded write: what was read must still be there, but for the time that has passed."""
        row = state.row
        status = seen.status
        for event in wanted.events:
            if row.status in self.terminal:
                fault = "a change after the end"
            elif status != row.status and event == wanted.events[0]:
                fault = "a change from a status that the run has left"
            status = self.after(status, event) or ""
        if wanted.events and status != wanted.row.status:
            fault = "a change that the lifecycle does not have"
        if row.status in self.terminal and wanted.row != row:
            fault = fault or "a change after the end"
        # what the write does not touch has gone on
        gone = [name for name in TIMERS if getattr(row, name) == PAST and getattr(seen, name) == AHEAD]
        after = state._replace(row=wanted.row.over(name for name in gone if getattr(wanted.row, name) == AHEAD))
        guarded = self.flaw is not Flaw.NO_CAS and not (sweep and self.flaw is Flaw.STALE_LIST)
        if guarded or self.flaw is Flaw.STALE_LIST:
            after = _others_must_read_again(after, keep_sweeper=self.flaw is Flaw.STALE_LIST)
        change = f"{seen.status} → {wanted.row.status}" if wanted.events else wanted.row.status
        return Step(f"{text} ({change})", after, fault)

    # -- what must be true of every state ------------------------------------------------------------------------------

    def is_over(self, state: State) -> bool:
        return state.row.status in self.terminal

    def fault_of(self, state: State) -> str:
        """What one sweep must do once everybody is dead and every lease and deadline is over."""
        row = state.row
        if self.flaw is Flaw.NO_SWEEP:
            return ""
        row = row.over(name for name in ("lease", "cancel") if getattr(row, name) == AHEAD)
        swept = self.swept(row)
        row = row if swept is None else swept.row
        if row.status in self.stopping:
            return "a cancellation that a sweep does not end"
        if row.due == PAST and self.after(row.status, self.expiry) is not None:
            return "a time to live that a sweep does not end"
        if row.status in self.working and self.claim(row) is None:
            return "work that nobody can take up again"
        return ""


def _with_worker(state: State, number: int, worker: Worker) -> State:
    return state._replace(workers=(*state.workers[:number], worker, *state.workers[number + 1 :]))


def _others_must_read_again(state: State, *, keep_sweeper: bool) -> State:
    """A guarded write that comes too late changes nothing; so whoever has read begins anew at once."""
    workers = tuple(worker._replace(pending=None) for worker in state.workers)
    return state._replace(workers=workers, client=None, sweeper=state.sweeper if keep_sweeper else None)


Path: TypeAlias = tuple[str, ...]


@attrs.frozen
class Explored:
    """What there is."""

    states: int
    steps: int
    depth: int
    fault: str = ""
    """The first promise that was found to be broken, by a shortest path."""
    path: Path = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.fault}, after {len(self.path)} steps ({self.states} states seen):", *self.path])


def explore(model: Model) -> Explored:
    """Every reachable state, nearest first, until one breaks a promise; then whether each can still end."""
    came_from: dict[State, tuple[State, str] | None] = dict.fromkeys(model.first())
    depth = dict.fromkeys(came_from, 0)
    leads_to: dict[State, list[State]] = {}
    waiting = deque(came_from)
    steps = 0

    def result(fault: str, state: State, *more: str) -> Explored:
        return Explored(len(came_from), steps, depth[state], fault, (*_path(came_from, state), *more))

    while waiting:
        state = waiting.popleft()
        if fault := model.fault_of(state):
            return result(fault, state)
        for step in model.steps(state):
            steps += 1
            if step.fault:
                return result(step.fault, state, step.text)
            leads_to.setdefault(step.state, []).append(state)
            if step.state not in came_from:
                came_from[step.state] = state, step.text
                depth[step.state] = depth[state] + 1
                waiting.append(step.state)
    ending = {state for state in came_from if model.is_over(state)}
    waiting = deque(ending)
    while waiting:
        for before in leads_to.get(waiting.popleft(), ()):
            if before not in ending:
                ending.add(before)
                waiting.append(before)
    for state in came_from:
        if state not in ending:
            return result("a run that can never end", state)
    return Explored(len(came_from), steps, max(depth.values()))


def _path(came_from: Mapping[State, tuple[State, str] | None], state: State) -> Path:
    path: list[str] = []
    while (before := came_from[state]) is not None:
        state, text = before
        path.append(text)
    return tuple(reversed(path))


FLAWS: Final = tuple(flaw for flaw in Flaw if flaw is not Flaw.NONE)
