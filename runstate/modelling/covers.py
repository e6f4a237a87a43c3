"""Tests from a lifecycle: few runs that together take every transition, or every two in a row; what must be refused.

All of it is data: a `Path` is what happens to one run from its creation on, step by step, with what each step needs.
`runstate.testing.covering` makes pytest parameters of it, `runstate.testing.systems` drives a system by it.

**How near to the least.**  A cover is made by shortest extension: a run goes on to the nearest goal that is not covered
yet, to one that ends the run only where no other can be reached, and the next run begins where none is left.  It is
guaranteed that every goal that can be reached is covered, that no path can be left out, and that the same lifecycle gives
the same cover.  It is *not* guaranteed that no other cover has fewer paths or steps; `Cover.least_paths` and
`Cover.least_steps` say below what none can go.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import attrs

from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle, Transition
from runstate.modelling.walks import Place, Walks

__all__ = [
    "Cover",
    "Goal",
    "Path",
    "Refusal",
    "Step",
    "count_simple_paths",
    "pair_cover",
    "refusals",
    "simple_paths",
    "transition_cover",
]

Goal = tuple["Step", ...]
"""What is to be covered: one step, or two in a row."""


@attrs.frozen(kw_only=True)
class Step:
    """One transition as a test takes it."""

    event: str
    source: str | None
    """None at creation."""
    target: str
    needs: tuple[str, ...] = ()
    """Payload that must be given, by name."""
    may_take: tuple[str, ...] = ()
    """Payload that may be given."""
    waits: tuple[str, ...] = ()
    """Deadlines that must be reached first, by field."""
    guards: tuple[str, ...] = ()
    """Conditions by name on record or payload, beside those deadlines."""

    def __str__(self) -> str:
        return f"{self.source or '(none)'} --{self.event}--> {self.target}"


@attrs.frozen
class Path:
    """What happens to one run, from its creation on."""

    steps: tuple[Step, ...]

    @property
    def events(self) -> tuple[str, ...]:
        """The events, creation first."""
        return tuple(step.event for step in self.steps)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses, one after the other."""
        return tuple(step.target for step in self.steps)

    def __str__(self) -> str:
        return " → ".join(self.statuses)


@attrs.frozen(kw_only=True)
class Refusal:
    """An event that must be refused, after a shortest path to the status in which it is illegal."""

    path: Path
    status: str
    event: str

    def __str__(self) -> str:
        return f"{self.event} in {self.status}"


@attrs.frozen(kw_only=True)
class Cover:
    """Paths that together reach every goal."""

    lifecycle: str
    """Name of the lifecycle."""
    kind: Literal["transitions", "pairs"]
    paths: tuple[Path, ...]
    goals: tuple[Goal, ...] = attrs.field(repr=False)
    """All that the paths cover, in the order of the table."""
    unreachable: tuple[Goal, ...] = ()
    """What the table has and no run can do, because a field that a guard asks for is never set there."""
    least_paths: int
    """No cover has fewer paths: each begins once and ends at most once, and so many goals begin a run, or end one."""
    least_steps: int
    """No cover has fewer steps: each covers one goal at most, and creation none of the pairs."""

    @property
    def steps(self) -> int:
        """Steps of all paths together."""
        return sum(len(path.steps) for path in self.paths)


@lru_cache(maxsize=256)
def transition_cover(lifecycle: Lifecycle, *, strict: bool = False) -> Cover:
    """Paths that take every transition.

    :param strict: without transitions that are only inferred.
    """
    walks = Walks(lifecycle, strict)
    known = [(edge,) for status in (None, *lifecycle.statuses) for edge in lifecycle.legal(status, strict=strict)]
    return _cover(walks, "transitions", known, lambda _last, edge: (edge,))


@lru_cache(maxsize=256)
def pair_cover(lifecycle: Lifecycle, *, strict: bool = False) -> Cover:
    """Paths that take every two transitions that can follow one another.

    :param strict: without transitions that are only inferred.
    """
    walks = Walks(lifecycle, strict)
    edges = [edge for status in (None, *lifecycle.statuses) for edge in lifecycle.legal(status, strict=strict)]
    known = [(first, then) for first in edges for then in lifecycle.legal(first.target, strict=strict)]
    return _cover(walks, "pairs", known, lambda last, edge: None if last is None else (last, edge))


@lru_cache(maxsize=256)
def refusals(lifecycle: Lifecycle, *, strict: bool = False) -> tuple[Refusal, ...]:
    """Every (status, event) that the table refuses, each with a shortest way to provoke it; by status, then by event.

    Events that only create are left out: they ask nothing of a run that exists.  So are requests that are answered by
    another transition (`Lifecycle.answers`), which are not refused.

    :param strict: transitions that are only inferred must be refused, and are not used on the way.
    """
    walks = Walks(lifecycle, strict)
    shortest: dict[str | None, tuple[Transition, ...]] = {}
    for place, way in walks.found().items():
        shortest.setdefault(place.status, way)
    asked = [
        event for event in lifecycle.events if any(edge.event == event for edge in lifecycle.transitions if edge.source)
    ]
    return tuple(
        Refusal(path=_path(shortest[status]), status=str(status), event=str(event))
        for status in lifecycle.statuses
        if status in shortest
        for event in asked
        if _refused(lifecycle, status, event, strict=strict)
    )


def _refused(lifecycle: Lifecycle, status: str, event: str, *, strict: bool) -> bool:
    edge = lifecycle.answered(status, event)
    return edge is None or (strict and edge.inferred_only)


# -- simple paths ------------------------------------------------------------------------------------------------------


def simple_paths(lifecycle: Lifecycle, *, strict: bool = False) -> Iterator[Path]:
    """Every path to a first end on which no status comes twice, one at a time: there can be very many.

    In the order of the table, depth first.  A lifecycle without an end has none.

    :param strict: without transitions that are only inferred.
    """
    walks = Walks(lifecycle, strict)
    stack: list[tuple[Place, tuple[Transition, ...]]] = [(walks.place(None), ())]
    while stack:
        place, way = stack.pop()
        if place.status in lifecycle.terminal:
            yield _path(way)
            continue
        seen = {edge.target for edge in way}
        ways = [edge for edge in walks.ways(place) if edge.target not in seen]
        stack += [(walks.after(place, edge), (*way, edge)) for edge in reversed(ways)]


def count_simple_paths(lifecycle: Lifecycle, *, strict: bool = False) -> int:
    """How many paths `simple_paths` answers, without making them.

    What was visited before matters only as far as a cycle leads back to it, so a lifecycle without cycles is counted in
    one pass; within cycles the work grows with the sets of statuses that can have been visited.
    """
    walks = Walks(lifecycle, strict)
    reach = {status: lifecycle.reachable(status, strict=strict) for status in (None, *lifecycle.statuses)}
    known: dict[tuple[Place, frozenset[str]], int] = {}

    def count(place: Place, seen: frozenset[str]) -> int:
        if place.status in lifecycle.terminal:
            return 1
        seen &= reach[place.status]
        if (place, seen) not in known:
            known[place, seen] = sum(
                count(walks.after(place, edge), seen | {str(edge.target)})
                for edge in walks.ways(place)
                if edge.target not in seen
            )
        return known[place, seen]

    return count(walks.place(None), frozenset())


# -- covers ------------------------------------------------------------------------------------------------------------

_Edges = tuple[Transition, ...]
_Asks = Callable[[Transition | None, Transition], _Edges | None]
"""(the step before, the step) -> the goal that the step covers, if any."""


@attrs.frozen
class _Node:
    """Where a search is: a place, and the step that led there where goals are pairs."""

    place: Place
    last: Transition | None = None


def _cover(walks: Walks, kind: Literal["transitions", "pairs"], known: Sequence[_Edges], asks: _Asks) -> Cover:
    start = _Node(walks.place(None))
    remember = kind == "pairs"
    ends = _ends(walks, start, asks, remember)
    goals = [goal for goal in known if _key(goal) in ends]
    left = {_key(goal) for goal in goals}
    walked: list[_Edges] = []
    while left:
        node, way = start, _nothing()
        while (more := _nearest(walks, node, asks, left, ends, remember)) is not None:
            for edge in more:
                left.discard(_key(asks(node.last, edge)))
                node = _Node(walks.after(node.place, edge), edge if remember else None)
            way += more
        walked.append(way)
    begin = sum(goal[0].source is None for goal in goals)
    least = max(sum(ends.values()), begin)
    paths = _irredundant(walked, {_key(goal) for goal in goals}, asks, remember)
    return Cover(
        lifecycle=walks.lifecycle.name,
        kind=kind,
        paths=tuple(map(_path, paths)),
        goals=tuple(tuple(map(_step, goal)) for goal in goals),
        unreachable=tuple(tuple(map(_step, goal)) for goal in known if _key(goal) not in ends),
        least_paths=least,
        least_steps=len(goals) + (least if remember else 0),
    )


def _nothing() -> _Edges:
    return ()


def _key(goal: _Edges | None) -> Hashable:
    """A goal as a set can hold it quickly."""
    return None if goal is None else tuple((edge.source, edge.event) for edge in goal)


def _ends(walks: Walks, start: _Node, asks: _Asks, remember: bool) -> Mapping[Hashable, bool]:
    """Every goal that can be reached, and whether the run is over wherever it is."""
    found: dict[Hashable, bool] = {}
    seen = {start}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for edge in walks.ways(node.place):
            there = _Node(walks.after(node.place, edge), edge if remember else None)
            goal = asks(node.last, edge)
            if goal is not None:
                found[_key(goal)] = found.get(_key(goal), True) and not walks.ways(there.place)
            if there not in seen:
                seen.add(there)
                queue.append(there)
    return FrozenDict(found)


def _nearest(
    walks: Walks, node: _Node, asks: _Asks, left: set[Hashable], ends: Mapping[Hashable, bool], remember: bool
) -> _Edges | None:
    """The way to the nearest goal that is left, to one that ends the run only where there is no other; None: there is none."""
    ending: _Edges | None = None
    seen = {node}
    queue: deque[tuple[_Node, _Edges]] = deque([(node, ())])
    while queue:
        here, way = queue.popleft()
        for edge in walks.ways(here.place):
            goal = _key(asks(here.last, edge))
            if goal in left:
                if not ends[goal]:
                    return (*way, edge)
                ending = ending or (*way, edge)
            there = _Node(walks.after(here.place, edge), edge if remember else None)
            if there not in seen:
                seen.add(there)
                queue.append((there, (*way, edge)))
    return ending


def _irredundant(walked: list[_Edges], goals: set[Hashable], asks: _Asks, remember: bool) -> list[_Edges]:
    """The paths without those whose goals others cover too."""

    def covered(way: _Edges) -> set[Hashable]:
        before = (None, *way[:-1]) if remember else (None,) * len(way)
        return {_key(asks(last, edge)) for last, edge in zip(before, way, strict=True)} & goals

    each = [covered(way) for way in walked]
    times = Counter(goal for one in each for goal in one)
    kept: list[_Edges] = []
    for way, one in zip(walked, each, strict=True):
        if all(times[goal] > 1 for goal in one):
            times.subtract(one)
        else:
            kept.append(way)
    return kept


def _path(way: Sequence[Transition]) -> Path:
    return Path(tuple(map(_step, way)))


def _step(edge: Transition) -> Step:
    return Step(
        event=str(edge.event),
        source=None if edge.source is None else str(edge.source),
        target=str(edge.target),
        needs=tuple(edge.does.takes),
        may_take=tuple(edge.does.may_take),
        waits=tuple(guard.argument for guard in edge.guards if guard.kind == "reached"),
        guards=tuple(guard.name for guard in edge.guards if guard.kind != "reached"),
    )
