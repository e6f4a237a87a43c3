"""Where a run of a lifecycle stands as far as its table alone tells, and the best way from there to a status.

A place is more than a status: a guard may ask whether a field is set, and a count may forbid an event to happen again.
Guards on time can be waited for, guards that are functions look at what only a record holds; both are taken to hold.
Whether a field is set may depend on what an event was given.  Whoever makes a history must not rely on it; whoever reads
one must allow for it (``hopeful``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import heappop, heappush

import attrs

from runstate.lifecycle import Count, Lifecycle, Presence, Transition

__all__ = ["Place", "begin", "moves", "passed", "self_move", "short_of", "way"]


@attrs.frozen
class Place:
    """Where a run stands."""

    status: str | None
    """None: it does not exist yet."""
    filled: frozenset[str] = frozenset()
    """Fields that guards ask for and that are set for certain."""
    counted: tuple[int, ...] = ()
    """How often each count of the lifecycle was met; no further than it matters."""


def begin(lifecycle: Lifecycle) -> Place:
    """Before creation."""
    return Place(None, frozenset(), (0,) * len(lifecycle.counts))


@lru_cache(maxsize=256)
def _asked(lifecycle: Lifecycle) -> frozenset[str]:
    guards = (guard for edge in lifecycle.transitions for guard in edge.guards)
    return frozenset(guard.argument for guard in guards if guard.kind != "named")


def _counted(counts: tuple[Count, ...], before: tuple[int, ...], event: str) -> tuple[int, ...] | None:
    """The counts after the event; None where it may not happen again."""
    after: list[int] = []
    for count, met in zip(counts, before, strict=True):
        now = met + (event in count.events)
        if count.most is not None and now > count.most:
            return None
        after.append(min(now, count.least if count.most is None else count.most))
    return tuple(after)


def moves(lifecycle: Lifecycle, place: Place, *, hopeful: bool = False) -> Iterator[tuple[Transition, Place]]:
    """Every transition that is open at the place, and where it leads, in the order of the table.

    :param hopeful: what an event may have set counts as set.
    """
    for edge in lifecycle.legal(place.status):
        if any(guard.kind != "named" and guard.argument not in place.filled for guard in edge.guards):
            continue
        counted = _counted(lifecycle.counts, place.counted, edge.event)
        if counted is None:
            continue
        before = {field: Presence.SET if field in place.filled else Presence.NULL for field in _asked(lifecycle)}
        after = {field: edge.does.presence(field, was) for field, was in before.items()}
        filled = frozenset(f for f, is_ in after.items() if is_ is Presence.SET or (hopeful and is_ is Presence.FREE))
        yield edge, Place(edge.target, filled, counted)


def self_move(lifecycle: Lifecycle, place: Place) -> tuple[Transition, Place] | None:
    """The transition from a status to itself, where there is one and it is open."""
    return next((move for move in moves(lifecycle, place) if move[0].target == place.status), None)


def short_of(lifecycle: Lifecycle, place: Place) -> Count | None:
    """The first count that a run which ends here has not met often enough."""
    return next((c for c, met in zip(lifecycle.counts, place.counted, strict=True) if met < c.least), None)


@lru_cache(maxsize=4096)
def way(
    lifecycle: Lifecycle, place: Place, goal: str, *, hopeful: bool = False
) -> tuple[tuple[Transition, ...], Place] | None:
    """The best path of one or more transitions to a status, and the place it ends at; None where there is none.

    A single transition is best.  Else the least sum, where each transition counts one, one more if it is only inferred,
    and one more if it passes a status in which somebody else must act; then the shortest; then the first in the order of
    the table.  No path passes an end.
    """
    for edge, after in moves(lifecycle, place, hopeful=hopeful):
        if edge.target == goal:
            return (edge,), after
    queue: list[tuple[int, int, int, Place, tuple[Transition, ...]]] = [(0, 0, 0, place, ())]
    seen: set[Place] = set()
    number = 0
    while queue:
        cost, length, _, at, taken = heappop(queue)
        if at.status == goal and taken:
            return taken, at
        if at in seen or (taken and at.status in lifecycle.terminal):
            continue
        if taken:
            seen.add(at)
        for edge, after in moves(lifecycle, at, hopeful=hopeful):
            number += 1
            stops = edge.target in lifecycle.stops and edge.target != goal
            heappush(queue, (cost + 1 + edge.inferred_only + stops, length + 1, number, after, (*taken, edge)))
    return None


def passed(lifecycle: Lifecycle, place: Place, status: str) -> tuple[tuple[Transition, ...], Place] | None:
    """What a run must have gone through to be seen in a status, and where it stands; None where nothing leads there.

    The best path, as `way` finds it.  Where there is none, more was missed before than was thought: then guards, counts
    and ends do not stand in the way.
    """
    found = way(lifecycle, place, status, hopeful=True)
    if found is not None:
        return found
    path = lifecycle.path(place.status, status)
    return None if path is None else (path, Place(status, _asked(lifecycle), place.counted))
