"""Drive a system by the covers of a lifecycle, and say where it does something else.

A system is whatever can be asked for events and shows a status: a service, a class, a database.  An adapter of three
members joins it on.  `Driven` is the system that is right by definition: the lifecycle's own engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import attrs

from runstate.engine import apply, create
from runstate.frozen import EMPTY
from runstate.lifecycle import Lifecycle, Transition
from runstate.modelling.covers import Path, Step, pair_cover, refusals, transition_cover
from runstate.testing.histories import EPOCH, Payload, names_for, payload_for, record_class

__all__ = ["COVERS", "Driven", "Fault", "System", "SystemReport", "check_system"]

CoverName = Literal["transitions", "pairs", "refusals"]
COVERS: tuple[CoverName, ...] = ("transitions", "pairs", "refusals")
"""What `check_system` runs, by name."""

T = TypeVar("T")


class System(Protocol):
    """One run in the system under test."""

    def create(self, event: str, /) -> object:
        """Bring the run into being by this event of creation."""
        ...

    def fire(self, event: str, /) -> object:
        """Ask for an event, with whatever it needs to be legal now; refuse by raising.

        An event that waits for a deadline is asked for once that is reached: the adapter moves its clock.
        """
        ...

    @property
    def status(self) -> str:
        """The status that the run shows."""
        ...


@attrs.frozen(kw_only=True)
class Fault:
    """Something that the system does and the lifecycle does not."""

    kind: Literal["refused", "elsewhere", "accepted", "moved"]
    """A legal event refused, or led to another status; an illegal one accepted, or refused but not without effect."""
    status: str | None
    """Before the event; None at creation."""
    event: str
    expected: str | None
    """Status that the run should have then; None where the event should have been refused."""
    seen: str
    """Status that it has, or the refusal."""
    events: tuple[str, ...]
    """All events up to and with this one."""

    def __str__(self) -> str:
        said = {
            "refused": f"is legal and was refused: {self.seen}",
            "elsewhere": f"leads to {self.expected}; the system went to {self.seen}",
            "accepted": f"is illegal and was accepted; the run is {self.seen}",
            "moved": f"was refused, and yet the run is {self.seen}",
        }[self.kind]
        where = "at creation" if self.status is None else f"in {self.status}"
        return f"{self.event} {where} {said} (after {' → '.join(self.events)})"


@attrs.frozen(kw_only=True)
class SystemReport:
    """What `check_system` has found."""

    lifecycle: str
    goals: Mapping[str, int]
    """Name of a cover -> how many goals it has."""
    runs: int
    """How many runs were made in the system."""
    faults: tuple[Fault, ...] = ()
    """Each (status, event) once, after the shortest path on which it was seen."""

    def lines(self) -> Iterator[str]:
        """The report for reading."""
        counts = ", ".join(f"{count} {name}" for name, count in self.goals.items())
        yield f"{self.lifecycle}: {counts} in {self.runs} runs: {len(self.faults)} faults"
        yield from (f"  {fault}" for fault in self.faults)


def check_system(
    new: Callable[[], System],
    lifecycle: Lifecycle,
    *,
    covers: Iterable[CoverName] = COVERS,
    refused: tuple[type[Exception], ...] = (Exception,),
    strict: bool = False,
) -> SystemReport:
    """Run the covers of a lifecycle on a system.

    A path is left where the system leaves it.

    :param new: makes the adapter of a run that is not there yet.
    :param refused: what the system raises to refuse; anything else is an error of it and comes through.
    :param strict: transitions that are only inferred must be refused.
    """
    told: dict[tuple[str | None, str], Fault] = {}
    goals: dict[str, int] = {}
    runs = 0
    for name in covers:
        tests = _tests(lifecycle, name, strict)
        goals[name] = _goals(lifecycle, name, strict)
        for path, event in tests:
            runs += 1
            fault = _faulty(new(), path, event, refused)
            if fault is None:
                continue
            before = told.get((fault.status, fault.event))
            if before is None or len(fault.events) < len(before.events):
                told[fault.status, fault.event] = fault
    return SystemReport(lifecycle=lifecycle.name, goals=goals, runs=runs, faults=tuple(told.values()))


def _tests(lifecycle: Lifecycle, name: CoverName, strict: bool) -> Sequence[tuple[Path, str | None]]:
    """Paths, each with the event that must be refused at its end, if any."""
    if name == "refusals":
        return [(one.path, one.event) for one in refusals(lifecycle, strict=strict)]
    cover = transition_cover if name == "transitions" else pair_cover
    return [(path, None) for path in cover(lifecycle, strict=strict).paths]


def _goals(lifecycle: Lifecycle, name: CoverName, strict: bool) -> int:
    if name == "refusals":
        return len(refusals(lifecycle, strict=strict))
    cover = transition_cover if name == "transitions" else pair_cover
    return len(cover(lifecycle, strict=strict).goals)


def _faulty(system: System, path: Path, illegal: str | None, refused: tuple[type[Exception], ...]) -> Fault | None:
    """The first thing that the system does otherwise on a path, and at its end."""
    for number, step in enumerate(path.steps, 1):
        kind: Literal["refused", "elsewhere"] = "elsewhere"
        try:
            _ask(system, step)
            seen = str(system.status)
        except refused as refusal:
            kind, seen = "refused", f"{type(refusal).__name__}: {refusal}"
        if kind == "refused" or seen != step.target:
            events = path.events[:number]
            return Fault(
                kind=kind, status=step.source, event=step.event, expected=step.target, seen=seen, events=events
            )
    if illegal is None:
        return None
    status = path.steps[-1].target
    was_refused = False
    try:
        system.fire(illegal)
    except refused:
        was_refused = True
    seen = str(system.status)
    if was_refused and seen == status:
        return None
    return Fault(
        kind="moved" if was_refused else "accepted",
        status=status,
        event=illegal,
        expected=None,
        seen=seen,
        events=(*path.events, illegal),
    )


def _ask(system: System, step: Step) -> None:
    if step.source is None:
        system.create(step.event)
    else:
        system.fire(step.event)


# -- the system that is right by definition ----------------------------------------------------------------------------


class _First:
    """A chooser that takes the first of whatever it is offered."""

    def randint(self, a: int, _b: int, /) -> int:
        return a

    def choice(self, seq: Sequence[T], /) -> T:
        return seq[0]


class Driven:
    """A run that the engine drives by a lifecycle: a `System`.

    Arguments that an event needs are made, and the clock is moved to the deadline that an event waits for.

    :param payloads: how the values that events take are made, by name, where they must fit something.
    """

    def __init__(self, lifecycle: Lifecycle, *, payloads: Mapping[str, Payload] = EMPTY) -> None:
        self.lifecycle = lifecycle
        self.payloads = payloads
        self.record: Any = None
        """The record; None before creation."""
        self.at = float(EPOCH)
        """The time of the last event, seconds since the epoch."""

    def new(self) -> Driven:
        """Another run of the same lifecycle, not created yet."""
        return Driven(self.lifecycle, payloads=self.payloads)

    def create(self, event: str | None = None, /, **payload: Any) -> None:
        """Bring the run into being.

        :raises CallerError: where the lifecycle refuses it; so does `fire`.
        """
        edges = self.lifecycle.legal(None)
        edge = next((one for one in edges if one.event == event), edges[0])
        cls = record_class(self.lifecycle)
        given = payload_for(edge, cls, _First(), self.at, self.payloads) | payload
        fields = names_for(self.lifecycle, edge, 1) | given
        self.record = create(cls, at=self.at, event=edge.event if event is None else event, **fields).run

    def fire(self, event: str, /, **payload: Any) -> None:
        """Move the run by an event."""
        edge = self.lifecycle.transition(self.status, event)
        self.at += 1
        given: Mapping[str, Any] = payload
        if edge is not None:
            self.at = self._when(edge)
            given = payload_for(edge, self.record, _First(), self.at, self.payloads) | payload
        self.record = apply(self.record, event, at=self.at, **given).run

    @property
    def status(self) -> str:
        """The status of the record."""
        status: str = getattr(self.record, self.lifecycle.status_field)
        return str(status)

    def _when(self, edge: Transition) -> float:
        waits: list[float | None] = [
            getattr(self.record, guard.argument) for guard in edge.guards if guard.kind == "reached"
        ]
        return max([self.at, *(time for time in waits if time is not None)])
