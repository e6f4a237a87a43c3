"""The event loop of a simulation: a virtual clock, a queue of what may come next, and workers that are free or not.

It keeps the open runs alone and gives each change as it happens, in the order of time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import heappop, heappush
from typing import NamedTuple

import attrs

from runstate.lifecycle import Effects, Lifecycle, Transition
from runstate.modelling.distributions import Distribution
from runstate.modelling.draws import stream_of, uniform
from runstate.modelling.rates import Planner, Timing, is_deadline

__all__ = ["Loop", "Moved"]


class Moved(NamedTuple):
    """One change of a simulated run."""

    run: int
    """Its number, from 1, in the order of arrival."""
    edge: Transition
    at: float
    """Seconds since the epoch, with their fraction."""
    last: bool
    """Whether nothing more will happen to the run: it has ended, or is left where it is."""


class _Run:
    """A run that is open."""

    __slots__ = ("fields", "moves", "number", "status", "stream", "works")

    def __init__(self, number: int, stream: int) -> None:
        self.number = number
        self.stream = stream
        self.status: str | None = None
        self.fields: dict[str, float | None] = {}
        """Those that guards ask for; a value that is no time stands as 1."""
        self.moves = 0
        """How many changes it has made; what was planned before the last one is void."""
        self.works = False
        """Whether it holds a worker."""


class _Plan(NamedTuple):
    """What may come next."""

    clocks: Planner
    due: list[tuple[int, Transition]]
    """What waits for a deadline, with its place among the transitions of the lifecycle."""


_Planned = tuple[float, int, _Run | None, int, Transition | None]
"""(time, order of planning, run, its moves at the time, transition); no run: one arrives."""


@attrs.frozen(kw_only=True)
class Loop:
    """What the loop is given; see `runstate.modelling.simulate.simulate` for the meaning of each."""

    lifecycle: Lifecycle
    runs: int
    seed: int
    timing: Timing
    arrivals: Distribution
    start: float
    concurrency: int | None
    working: frozenset[str]
    ttl: float | None
    strict: bool
    most: int

    def changes(self) -> Iterator[Moved]:
        """Every change, in the order of time."""
        return _Loop(self).changes()


class _Loop:
    """One passage."""

    def __init__(self, given: Loop) -> None:
        self.given = given
        lifecycle = given.lifecycle
        self.open: dict[str | None, list[tuple[int, Transition]]] = {None: []}
        self.due: dict[str | None, list[tuple[int, Transition]]] = {None: []}
        """Those that wait for a deadline."""
        for place, edge in enumerate(lifecycle.transitions):
            if not (given.strict and edge.inferred_only):
                (self.due if is_deadline(edge) else self.open).setdefault(edge.source, []).append((place, edge))
        asked = {guard.argument for edge in lifecycle.transitions for guard in edge.guards if guard.kind != "named"}
        self.writes = {id(edge): asked & set(edge.does.fields()) for edge in lifecycle.transitions}
        """What each transition does to the fields that guards ask for."""
        self.asks = {
            source: [(place, fields) for place, edge in edges if (fields := _asked(edge))]
            for source in lifecycle.statuses
            if (edges := self.open.get(source, []) + self.due.get(source, []))
        }
        """Which of the transitions out of a status ask for which fields."""
        self.plans: dict[tuple[str | None, tuple[int, ...]], _Plan] = {}
        self.arrival_stream = stream_of(given.seed, 0)
        self.working = frozenset[str]() if given.concurrency is None else given.working
        self.leaves = lifecycle.terminal | lifecycle.stops | (lifecycle.initial - self.working)
        """Statuses in which a worker is given back."""
        self.free = math.inf if given.concurrency is None else given.concurrency
        self.planned: list[_Planned] = []
        self.order = 0
        self.waiting: deque[tuple[_Run, int, Transition]] = deque()
        """Runs that are ready and lack a worker, first come, first served."""
        self.arrived = 0

    def changes(self) -> Iterator[Moved]:
        """Every change, in the order of time."""
        self._plan_arrival(self.given.start)
        while self.planned:
            now, _, run, moves, edge = heappop(self.planned)
            if run is None or edge is None:
                run, moves, edge = self._arrive(now)
            if run.moves != moves:
                continue
            if not run.works and edge.target in self.working and not self.free:
                self.waiting.append((run, moves, edge))
                continue
            yield self._move(run, edge, now)
            while self.free and (next_ := self._served()) is not None:
                yield self._move(*next_, now)

    def _plan_arrival(self, since: float) -> None:
        """The next run, where there is one: only one arrival is ever planned."""
        if self.arrived < self.given.runs:
            gap = self.given.arrivals.quantile(uniform(self.arrival_stream, self.arrived))
            self._plan(since + gap, None, None)

    def _plan(self, at: float, run: _Run | None, edge: Transition | None) -> None:
        self.order += 1
        heappush(self.planned, (at, self.order, run, 0 if run is None else run.moves, edge))

    def _arrive(self, now: float) -> tuple[_Run, int, Transition]:
        """A run that is to be created, and by which event: the first of their clocks, whose times say nothing else."""
        self.arrived += 1
        self._plan_arrival(now)
        run = _Run(self.arrived, stream_of(self.given.seed, self.arrived))
        ways = self._plan_of(None, ()).clocks(self._uniforms(run))
        return run, run.moves, min(ways, key=_delay)[1]

    def _uniforms(self, run: _Run) -> Callable[[int], float]:
        """Numbers for the transitions that the run may take now; others after each change."""
        return partial(_uniform, run.stream, run.moves << 32)

    def _served(self) -> tuple[_Run, Transition] | None:
        """The run that has waited longest for a worker, unless it has moved on meanwhile."""
        while self.waiting:
            run, moves, edge = self.waiting.popleft()
            if run.moves == moves:
                return run, edge
        return None

    def _move(self, run: _Run, edge: Transition, now: float) -> Moved:
        run.moves += 1
        run.status = edge.target
        if writes := self.writes[id(edge)]:
            self._write(run.fields, writes, edge.does, now)
        wanted = run.works if edge.target not in self.leaves else False
        wanted = wanted or edge.target in self.working
        self.free += run.works - wanted
        run.works = wanted
        last = run.moves >= self.given.most or not self._plan_next(run, edge.target, now)
        if last:
            run.moves = -1  # whatever is planned is void
            self.free += run.works
            run.works = False
        return Moved(run.number, edge, now, last)

    def _plan_next(self, run: _Run, status: str, now: float) -> bool:
        """Plan what may come next; whether anything may."""
        asks = self.asks.get(status)
        if asks is None:
            return False
        closed = tuple(place for place, fields in asks if any(run.fields.get(field) is None for field in fields))
        plan = self._plan_of(status, closed)
        uniforms = self._uniforms(run)
        # of those that need a worker first the earliest is planned, and of the others: a run that waits may leave
        first: dict[bool, tuple[float, Transition]] = {}
        for delay, edge in plan.clocks(uniforms):
            self._offer(first, run, now + delay, edge)
        for place, edge in plan.due:
            reached = [run.fields[guard.argument] or 0 for guard in edge.guards if guard.kind == "reached"]
            self._offer(first, run, max(now, *reached) + self.given.timing.lag(edge, uniforms(place)), edge)
        for at, edge in first.values():
            self._plan(at, run, edge)
        return bool(first)

    def _offer(self, first: dict[bool, tuple[float, Transition]], run: _Run, at: float, edge: Transition) -> None:
        needs = not run.works and edge.target in self.working
        if needs not in first or at < first[needs][0]:
            first[needs] = (at, edge)

    def _plan_of(self, status: str | None, closed: tuple[int, ...]) -> _Plan:
        """What may come next out of a status, without the transitions whose guards do not hold.

        A named guard holds: what the event is given is made to fit.
        """
        plan = self.plans.get((status, closed))
        if plan is None:
            open_, due = ([one for one in of.get(status, []) if one[0] not in closed] for of in (self.open, self.due))
            plan = self.plans[status, closed] = _Plan(self.given.timing.planner(open_), due)
        return plan

    def _write(self, fields: dict[str, float | None], writes: Iterable[str], does: Effects, now: float) -> None:
        for field in writes:
            if field in does.deadlines:
                ttl = does.deadlines[field] if self.given.ttl is None else self.given.ttl
                fields[field] = math.floor(now) + math.ceil(ttl)
            elif field in does.clears:
                fields[field] = None
            elif field not in does.may_take.values() and (field not in does.stamps_once or fields.get(field) is None):
                fields[field] = math.floor(now)


def _asked(edge: Transition) -> tuple[str, ...]:
    """The fields that must be set."""
    return tuple(guard.argument for guard in edge.guards if guard.kind != "named")


def _uniform(stream: int, base: int, place: int) -> float:
    return uniform(stream, base + place)


def _delay(way: tuple[float, Transition]) -> float:
    return way[0]
