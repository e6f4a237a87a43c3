"""Events that may arrive late: a small buffer a run, emptied in an order that the table allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from runstate.conformance.fields import is_number
from runstate.conformance.transitions import creates, second_announcement
from runstate.conformance.watch import Watched
from runstate.lifecycle import FieldKind, Lifecycle
from runstate.observations import Observation

__all__ = ["Late"]

Held = tuple[Observation, Mapping[str, Any]]
"""An observation, and its object with the schema's keys in snake_case."""


@attrs.define(eq=False)
class Late:
    """Holds up to ``window`` events of each run back, until it is known which of them comes first."""

    window: int
    held: dict[tuple[str, str], list[Held]] = attrs.field(init=False, factory=dict)

    def push(self, key: tuple[str, str], run: Watched, one: Held) -> list[Held]:
        """Take one event in; give back the one that comes first, once more than ``window`` are held."""
        held = self.held.setdefault(key, [])
        held.append(one)
        return [] if len(held) <= self.window else [held.pop(self._first(run, held))]

    def flush(self, key: tuple[str, str], run: Watched) -> list[Held]:
        """All that are held of a run, in the best order that there is."""
        held = self.held.pop(key, [])
        return [held[index] for index in _order(run, held) or range(len(held))]

    def _first(self, run: Watched, held: list[Held]) -> int:
        """The event that comes first: the oldest one, unless another order of all that are held is legal."""
        order = _order(run, held)
        return 0 if order is None else order[0]


def _order(run: Watched, held: list[Held]) -> list[int] | None:
    """The first order that the table allows, by the latest stamp and then by arrival; None where there is none.

    Every event a legal step, if that can be.  Else what lies between two of them may still be on its way, so that each
    must only be reachable; but the first one must be a legal step from what was seen last: had it to wait for another,
    that one would be later than the window.
    """
    return _search(run, held, gaps=False) or _search(run, held, gaps=True)


def _search(run: Watched, held: list[Held], *, gaps: bool) -> list[int] | None:
    """Depth first, without recursion; what was found impossible once (the events left, the last one) stays so."""
    lifecycle = run.lifecycle
    statuses = [str(fields.get(lifecycle.status_field)) for _, fields in held]
    wires = [seen.event for seen, _ in held]
    creating = [index for index, wire in enumerate(wires) if creates(lifecycle, wire)]

    def steps(last: int | None, following: int) -> bool:
        before, wire = (run.status, run.wire) if last is None else (statuses[last], wires[last])
        status = statuses[following]
        if before is None:
            return following in creating or not creating
        if following in creating or before not in lifecycle.statuses:
            return False
        if before == status and second_announcement(lifecycle, wire, wires[following]):
            return True
        if gaps and last is not None:
            return status in lifecycle.reachable(before)
        return any(edge.target == status for edge in lifecycle.legal(before))

    stamps = [_latest(lifecycle, fields) for _, fields in held]
    everything = frozenset(range(len(held)))

    def last_first(indices: Iterable[int]) -> list[int]:
        return sorted(indices, key=lambda index: (stamps[index], index), reverse=True)

    hopeless: set[tuple[frozenset[int], int | None]] = set()
    path: list[int] = []
    untried: list[list[int]] = [[i for i in last_first(everything) if steps(None, i)]]
    while untried:
        if len(path) == len(held):
            return path
        if not untried[-1]:
            hopeless.add((everything.difference(path), path[-1] if path else None))
            untried.pop()
            if path:
                path.pop()
            continue
        path.append(untried[-1].pop())
        left = everything.difference(path)
        hope = (left, path[-1]) not in hopeless
        untried.append([i for i in last_first(left) if hope and steps(path[-1], i)])
    return None


def _latest(lifecycle: Lifecycle, fields: Mapping[str, Any]) -> float:
    """The latest stamp of an object; of two events with one status the later one has the later stamp."""
    kinds = lifecycle.fields.items()
    values = (fields.get(name) for name, kind in kinds if kind is FieldKind.STAMP)
    return max((value for value in values if is_number(value)), default=0)
