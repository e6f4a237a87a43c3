"""The rulebook: one ``transitions`` machine per lifecycle, built from the literal, and the table compiled from it.

This is the only module that imports ``transitions``.  The machine *is* the definition of what is legal at run time;
the table is what the built machine answers when every (status, event) pair is tried on it once.

How the library is used, and why (each point a measured trap of version 0.9.3): no model is ever added, because that
decorates the object, compares with ``==`` and resets its status; no automatic transitions, because those reopen ended
runs; no callbacks, because an error in one leaves the transition half done; status names are plain strings on both
sides, because a machine of strings and an enumeration do not meet; the answer must be True, because refusals may come
as False; every exception is translated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import attrs
from transitions import Machine, MachineError

from runstate.errors import BadLifecycle
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle

__all__ = ["ABSENT", "Rulebook", "rulebook"]

ABSENT: Final = ""
"""How the machine calls the absence of a status; no status can have this name."""


class _Draft:
    """What a transition happens to: thrown away afterwards, so that a refused one leaves nothing behind."""

    __slots__ = ("status",)

    def __init__(self, status: str) -> None:
        self.status = status


@attrs.frozen(eq=False)
class Rulebook:
    """What may happen to a record of one lifecycle."""

    lifecycle: Lifecycle
    machine: Machine = attrs.field(repr=False)
    table: Mapping[tuple[str | None, str], str] = attrs.field(repr=False)
    """(source, event) -> target, for the legal pairs only; source None is creation."""

    def fire(self, source: str | None, event: str) -> str | None:
        """The target that the machine itself answers, or None where it refuses; `table` holds the same answers."""
        return _fire(self.machine, source, event)


def _fire(machine: Machine, source: str | None, event: str) -> str | None:
    if event not in machine.events or source == ABSENT:
        return None
    draft = _Draft(ABSENT if source is None else str(source))
    try:
        done = machine.events[str(event)].trigger(draft)
    except (MachineError, ValueError):  # illegal in this status; not a status of this machine
        return None
    return draft.status if done else None


@lru_cache(maxsize=256)
def rulebook(lifecycle: Lifecycle) -> Rulebook:
    """The one rulebook of a lifecycle, built at first use.

    :raises BadLifecycle: where ``transitions`` disagrees with the literal about any pair.
    """
    machine = Machine(
        model=None,
        states=[ABSENT, *map(str, lifecycle.statuses)],
        transitions=[
            {"trigger": str(e.event), "source": ABSENT if e.source is None else str(e.source), "dest": str(e.target)}
            for e in lifecycle.transitions
        ],
        initial=None,
        auto_transitions=False,
        send_event=True,
        model_attribute="status",
    )
    table: dict[tuple[str | None, str], str] = {}
    for source in (None, *lifecycle.statuses):
        for event in lifecycle.events:
            target = _fire(machine, source, event)
            if target is not None:
                table[source, event] = target
    literal = {(edge.source, edge.event): str(edge.target) for edge in lifecycle.transitions}
    if table != literal:
        raise BadLifecycle(
            lifecycle=lifecycle.name,
            problem="two_targets",
            reason="the machine built from the definition answers otherwise than the definition",
            seen=sorted(map(str, set(table.items()) ^ set(literal.items()))),
        )
    return Rulebook(lifecycle, machine, FrozenDict(table))
