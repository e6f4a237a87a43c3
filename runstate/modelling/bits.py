"""A lifecycle as finitely many moves over bits: what can happen next, whatever the clock and the payloads say.

The record shrinks to one bit a field: set or null.  Times shrink to "the deadline has come".  What is left is small
enough to be looked at as a whole, and it is what `runstate.modelling.questions` asks about and what the Promela and
TLA+ exports print.

Left out, because no table of transitions holds it: values, axes, answers, removals, counts, precedence.  A guard by name
is a function; here it may hold whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import combinations

import attrs

from runstate.lifecycle import Lifecycle, Presence, Transition

__all__ = ["ASKED", "Move", "Party", "due_fields", "kept_fields", "moves", "presences"]

ASKED = ("cancel",)
"""Events that somebody outside may ask for, and need not: the catalogue calls the wish to stop a run so."""


class Party(StrEnum):
    """Who makes a move."""

    WORK = "work"
    """Whoever works on the run.  Creation too, and the answer that a run stops for."""
    ASK = "ask"
    """Somebody outside who may ask, or never do it."""
    TIME = "time"
    """Whoever watches the deadlines."""


@attrs.frozen(kw_only=True)
class Move:
    """One transition over bits.  Fields that are not named keep their bit."""

    event: str
    source: str | None
    """None is the absence of a status: creation."""
    target: str
    party: Party
    needs: tuple[str, ...] = ()
    """Fields that must be set before."""
    due: tuple[str, ...] = ()
    """Deadlines among them that must have come."""
    stamps: tuple[str, ...] = ()
    """Stamps set to now."""
    once: tuple[str, ...] = ()
    """Stamps set to now where null."""
    deadlines: tuple[str, ...] = ()
    """Deadlines set anew."""
    takes: tuple[str, ...] = ()
    """Fields that the payload sets."""
    may_take: tuple[str, ...] = ()
    """Fields that the payload may set."""
    clears: tuple[str, ...] = ()
    """Fields set to null."""

    @property
    def sets(self) -> tuple[str, ...]:
        """Every field that is set afterwards for certain."""
        return (*self.stamps, *self.once, *self.deadlines, *self.takes)

    def after(self, fields: frozenset[str]) -> Iterator[frozenset[str]]:
        """Every set of fields that may be set after the move, given those that were set before."""
        certain = fields.difference(self.clears).union(self.sets)
        for size in range(len(self.may_take) + 1):
            for given in combinations(self.may_take, size):
                yield certain.union(given)


def moves(lifecycle: Lifecycle, *, strict: bool = False, asked: Iterable[str] = ASKED) -> tuple[Move, ...]:
    """Every transition as a move, in the order of the rows.

    :param strict: leave out those that are only inferred.
    :param asked: events that somebody outside may ask for; one that the lifecycle does not have is nobody's.
    """
    wishes = frozenset(asked)
    return tuple(_move(edge, wishes) for edge in lifecycle.transitions if not (strict and edge.inferred_only))


def _move(edge: Transition, asked: frozenset[str]) -> Move:
    due = tuple(guard.argument for guard in edge.guards if guard.kind == "reached")
    standing = tuple(guard.argument for guard in edge.guards if guard.kind == "set")
    does = edge.does
    return Move(
        event=edge.event,
        source=edge.source,
        target=edge.target,
        party=Party.TIME if due else Party.ASK if edge.event in asked else Party.WORK,
        needs=tuple(dict.fromkeys((*standing, *due))),
        due=due,
        stamps=does.stamps,
        once=does.stamps_once,
        deadlines=tuple(does.deadlines),
        takes=tuple(field for field in does.takes.values() if field is not None),
        may_take=tuple(field for field in does.may_take.values() if field is not None),
        clears=does.clears,
    )


def kept_fields(lifecycle: Lifecycle) -> tuple[str, ...]:
    """The fields that have a bit: those that a transition writes or asks for, in the order of the lifecycle."""
    asked = {field for move in moves(lifecycle) for field in move.needs}
    edges = lifecycle.transitions
    return tuple(f for f in lifecycle.fields if f in asked or any(edge.does.writes(f) for edge in edges))


def due_fields(lifecycle: Lifecycle) -> tuple[str, ...]:
    """The fields whose time a transition waits for, in the order of the lifecycle."""
    waited = {field for move in moves(lifecycle) for field in move.due}
    return tuple(field for field in lifecycle.fields if field in waited)


def presences(lifecycle: Lifecycle, status: str, presence: Presence) -> tuple[str, ...]:
    """The fields of which the record rules demand this in the status, in the order of the lifecycle."""
    return tuple(field for field, demanded in lifecycle.presence[status].items() if demanded is presence)
