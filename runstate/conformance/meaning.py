"""What the words of another kind of log mean in a lifecycle: its events by verb or wire name, its statuses as spelled."""

from __future__ import annotations

from typing import NamedTuple

from runstate.foreign.told import Told
from runstate.lifecycle import Lifecycle

__all__ = ["Meaning", "meaning"]


class Meaning(NamedTuple):
    """What a lifecycle understands of what was told."""

    wire: str | None
    """The name under which a stream would announce the event; None where none would."""
    status: str
    """One of the lifecycle's, or what stood there in its place."""


def meaning(lifecycle: Lifecycle, told: Told) -> Meaning | None:
    """The event by its verb, else by its wire name in any spelling; the status, else the one that the event leads to.

    None where no status is told and the event leads to none: it is not the lifecycle's, or goes by without moving a run.
    """
    verb = None if told.event is None else lifecycle.verb(told.event)
    if verb is not None:
        wire, targets = next(iter(verb.wire), None), {lifecycle.target(verb.event)}
    else:
        wire = None if told.event is None else lifecycle.wire_name(told.event)
        targets = {lifecycle.target(event) for event in lifecycle.announced(wire)} if wire is not None else set()
    if told.status is not None:
        known = lifecycle.status_of(told.status)
        return Meaning(wire, told.status if known is None else known)
    target = targets.pop() if len(targets) == 1 else None
    return None if target is None else Meaning(wire, target)
