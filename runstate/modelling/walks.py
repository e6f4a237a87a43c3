"""Where a run can be and how it can go on, where guards ask whether a field is set.

A status alone does not say it: a run that is being cancelled may complete only if it had started.  A `Place` is a status
with those of its fields that are set and that some guard asks for; over places every walk can be taken.  Payload that may
be left out is taken as given.  Guards by name are taken to hold: they look at the payload, which a caller chooses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

import attrs

from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle, Transition

__all__ = ["Place", "Walks"]

_NOWHERE: frozenset[str] = frozenset()


@attrs.frozen
class Place:
    """A status, and what guards can see of the record."""

    status: str | None
    """None is the absence of a status."""
    held: frozenset[str] = _NOWHERE
    """Fields that are set, of those that a guard asks for."""


@attrs.frozen(eq=False)
class Walks:
    """All walks of a lifecycle.

    :param strict: without transitions that are only inferred.
    """

    lifecycle: Lifecycle
    strict: bool = False
    _asked: frozenset[str] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Find the fields that guards ask for."""
        guards = (guard for edge in self.lifecycle.transitions for guard in edge.guards)
        object.__setattr__(self, "_asked", frozenset(guard.argument for guard in guards if guard.kind != "named"))

    def place(self, status: str | None, held: Iterable[str] = ()) -> Place:
        """The place of a record in this status with these fields set."""
        return Place(status, self._asked.intersection(held))

    def ways(self, place: Place) -> tuple[Transition, ...]:
        """The transitions that a run in this place can take, in the order of the table."""
        edges = self.lifecycle.legal(place.status, strict=self.strict)
        return tuple(
            edge
            for edge in edges
            if all(guard.kind == "named" or guard.argument in place.held for guard in edge.guards)
        )

    def after(self, place: Place, edge: Transition) -> Place:
        """Where a run is that takes the transition from this place."""
        written = self._asked.intersection(edge.does.fields())
        return Place(str(edge.target), (place.held | written).difference(edge.does.clears))

    def found(self, start: Place | None = None) -> Mapping[Place, tuple[Transition, ...]]:
        """Every place that can be reached, with a shortest way there from creation, or from another place."""
        first = self.place(None) if start is None else start
        ways: dict[Place, tuple[Transition, ...]] = {first: ()}
        queue = deque([first])
        while queue:
            place = queue.popleft()
            for edge in self.ways(place):
                there = self.after(place, edge)
                if there not in ways:
                    ways[there] = (*ways[place], edge)
                    queue.append(there)
        return FrozenDict(ways)
