"""Legal histories of any lifecycle: walk the table, drive a record through the engine, write down what is seen of it.

Pure: every choice is made by a chooser that is given (a ``random.Random``, or one that draws through hypothesis), and
the same choices give the same history.  Where a chooser takes the first of what it is offered, the history is short.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import attrs

from runstate.engine import apply, create, may
from runstate.errors import CallerError
from runstate.lifecycle import FieldKind, Lifecycle, Transition
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.objects import (
    DONE,
    EPOCH,
    Chooser,
    Item,
    Payload,
    encoded,
    flat,
    names_for,
    payload_for,
    record_class,
    to_jsonl,
    to_sse,
)
from runstate.testing.inside import RunParts

__all__ = [
    "DONE",
    "EPOCH",
    "Chooser",
    "History",
    "Item",
    "Payload",
    "Step",
    "encoded",
    "flat",
    "history",
    "names_for",
    "payload_for",
    "record_class",
    "to_jsonl",
    "to_sse",
]


@attrs.frozen(kw_only=True, eq=False)
class Step:
    """One transition of a history, and what is seen of it."""

    event: str
    source: str | None
    target: str
    at: float
    wire: tuple[str, ...]
    """The names under which a stream announces it; none: the object appears without an event."""
    silent: bool
    """No stream tells of it."""
    record: Any
    """The record afterwards."""
    value: Mapping[str, Any]
    """The same as decoded JSON."""
    before: tuple[Item, ...] = ()
    """What the stream tells of steps and messages between the transition before and this one."""


@attrs.frozen(kw_only=True, eq=False)
class History:
    """A legal history of one run, as it happened; logs of it are made by its methods."""

    lifecycle: Lifecycle
    steps: tuple[Step, ...]
    after: tuple[Item, ...] = ()
    """What the stream tells of steps and messages after the last transition."""
    done: bool = False
    """Whether its streams say where they are over: at the end of the run, and where somebody else must act."""
    opening: tuple[Item, ...] = ()
    """What the stream tells before the run is created."""

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses, one after the other."""
        return tuple(step.target for step in self.steps)

    @property
    def complete(self) -> bool:
        """Whether the run has ended."""
        return self.steps[-1].target in self.lifecycle.terminal

    def stream(self) -> list[Item]:
        """Everything as a stream tells it: creation under all its names, each other transition once."""
        items = list(self.opening)
        for index, step in enumerate(self.steps):
            items += step.before
            if step.silent:
                continue
            items += [{"event": name, "data": step.value} for name in step.wire] or [dict(step.value)]
            last = index == len(self.steps) - 1
            stops = step.target in self.lifecycle.stops or (last and step.target in self.lifecycle.terminal)
            if self.done and stops and not (last and self.after):
                items.append(DONE)
        return [*items, *self.after]

    def polls(self, times: Sequence[int] = ()) -> list[Item]:
        """The bare objects that somebody sees who asks now and then.

        :param times: how often each status was seen, 0 if it was missed; once where the sequence is too short.
        """
        often = (*times, *(1 for _ in self.steps[len(times) :]))
        return [dict(step.value) for step, count in zip(self.steps, often, strict=False) for _ in range(count)]

    def sse(self) -> bytes:
        """The stream as server-sent events."""
        return to_sse(self.stream())

    def jsonl(self) -> bytes:
        """The stream as JSON lines."""
        return to_jsonl(self.stream())


# -- the walk ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _distances(lifecycle: Lifecycle, targets: frozenset[str], *, strict: bool) -> Mapping[str, int]:
    """Status -> how many transitions lead to the nearest of some; those that lead to none are left out."""
    found = dict.fromkeys(targets, 0)
    queue = deque(sorted(targets))
    while queue:
        target = queue.popleft()
        for edge in lifecycle.transitions:
            known = edge.target != target or edge.source is None or edge.source in found
            if not known and not (strict and edge.inferred_only):
                found[cast("str", edge.source)] = found[target] + 1
                queue.append(cast("str", edge.source))
    return found


def history(
    lifecycle: Lifecycle,
    chooser: Chooser,
    *,
    complete: bool = False,
    strict: bool = False,
    toward: str | None = None,
    most: int = 12,
    parts: bool = False,
    number: int = 1,
    payloads: Mapping[str, Payload] | None = None,
) -> History:
    """A legal history.

    :param complete: it ends in a terminal status, if one can be reached.
    :param strict: without transitions that are only inferred.
    :param toward: it goes to this status by a shortest way, and stops there.
    :param most: after this many transitions it goes to its end by the shortest way, or stops.
    :param parts: of an assistant's run: with the steps and messages inside it.
    :param number: stands in all ids, to tell several histories in one log apart.
    :param payloads: how the values that events take are made, by name.
    """
    walk = _Walk(lifecycle, chooser, strict, number, payloads or {}, with_parts=parts)
    if toward is not None:
        return walk.go(frozenset({toward}), most=0)
    return walk.go(lifecycle.terminal if complete else frozenset(), most=most)


class _Walk:
    """One history while it comes about."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        chooser: Chooser,
        strict: bool,
        number: int,
        payloads: Mapping[str, Payload],
        *,
        with_parts: bool,
    ) -> None:
        self.lifecycle = lifecycle
        self.chooser = chooser
        self.strict = strict
        self.number = number
        self.payloads = payloads
        self.now = float(EPOCH + number * 10_000 + chooser.randint(0, 999))
        self.steps: list[Step] = []
        self.told: list[Item] = []
        self.parts = RunParts(chooser, number) if with_parts and lifecycle is ASSISTANTS_RUN else None

    def go(self, targets: frozenset[str], *, most: int) -> History:
        record = self._create()
        opening = self.parts.opening(record) if self.parts else ()
        while (moved := self._next(record, targets, most)) is not None:
            record = moved
        return History(
            lifecycle=self.lifecycle,
            steps=tuple(self.steps),
            after=tuple(self.told),
            done=self.lifecycle is ASSISTANTS_RUN,
            opening=opening,
        )

    def _create(self) -> Any:
        cls = record_class(self.lifecycle)
        edge = self.chooser.choice(self.lifecycle.legal(None, strict=self.strict) or self.lifecycle.legal(None))
        given = payload_for(edge, _Blank(self.lifecycle), self.chooser, self.now, self.payloads)
        record = create(cls, at=self.now, event=edge.event, **names_for(self.lifecycle, edge, self.number), **given).run
        self._note(edge, record)
        return record

    def _next(self, record: Any, targets: frozenset[str], most: int) -> Any:
        """The record after one more transition; None where the history stops."""
        status: str = getattr(record, self.lifecycle.status_field)
        if self.parts:
            self.told += self.parts.work(record, self._ticks)
        edges = self._offered(status, targets, late=len(self.steps) > most)
        while edges:
            edge = self.chooser.choice(edges)
            moved = self._take(record, edge)
            if moved is not None:
                return moved
            edges = [other for other in edges if other is not edge]
        return None

    def _offered(self, status: str, targets: frozenset[str], *, late: bool) -> list[Transition]:
        """The edges among which to choose, those nearest to an end first; none where to stop."""
        lifecycle, chooser = self.lifecycle, self.chooser
        edges = list(lifecycle.legal(status, strict=self.strict))
        if late or not edges:
            far = _distances(lifecycle, targets, strict=self.strict)
            return [edge for edge in edges if far.get(edge.target, 99) < far.get(status, 99)]
        if status in lifecycle.terminal and chooser.randint(0, 3) < 3:  # most that could be reopened are not
            return []
        if status not in lifecycle.terminal and not targets and chooser.randint(0, 15) == 0:
            return []
        certain = [edge for edge in edges if not edge.inferred_only]
        if certain and chooser.randint(0, 2):  # what nobody has seen is rarer
            edges = certain
        far = _distances(lifecycle, lifecycle.terminal, strict=self.strict)
        return sorted(edges, key=lambda edge: far.get(edge.target, 99))

    def _ticks(self) -> float:
        self.now += self.chooser.randint(0, 3)
        return self.now

    def _take(self, record: Any, edge: Transition) -> Any:
        """The record after this transition; None where a condition on it does not hold."""
        lifecycle = self.lifecycle
        deadlines = [getattr(record, name) for name, kind in lifecycle.fields.items() if kind is FieldKind.DEADLINE]
        soonest = min((time for time in deadlines if time is not None), default=None)
        waits = [getattr(record, guard.argument) for guard in edge.guards if guard.kind == "reached"]
        at = self.now + self.chooser.randint(0, 5)
        if waits and None not in waits:
            at = max(at, *waits)
        elif soonest is not None:
            at = max(self.now, min(at, soonest))
        if edge.event not in may(record, at=at):
            return None
        given = payload_for(edge, record, self.chooser, at, self.payloads)
        told = self.parts.before(record, edge, given, at) if self.parts else []
        try:
            moved = apply(record, edge.event, at=at, **given).run
        except CallerError:  # a guard that looks at the payload: `payloads` would have to make one that fits
            return None
        self.told += told
        self.now = at
        self._note(edge, moved)
        return moved

    def _note(self, edge: Transition, record: Any) -> None:
        self.steps.append(
            Step(
                event=str(edge.event),
                source=None if edge.source is None else str(edge.source),
                target=str(edge.target),
                at=self.now,
                wire=edge.wire,
                silent=edge.silent,
                record=record,
                value=encoded(record),
                before=tuple(self.told),
            )
        )
        self.told = []


@attrs.frozen
class _Blank:
    """Stands for the record that is not there yet."""

    __lifecycle__: Lifecycle
