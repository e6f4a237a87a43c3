"""`check_mapping`: whether every legal history of one lifecycle reads as a legal history of another, and what is lost.

Exact: both lifecycles are walked together, the place where the source stands beside that of the target, until there is
nothing new.  As the walk goes breadth first, the history that shows a fault is a shortest one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

import attrs

from runstate.conformance.findings import Severity
from runstate.lifecycle import Lifecycle, Transition
from runstate.lifecycles.outcomes import COARSER, Outcome, outcome_of
from runstate.modelling.mapping import PROBLEMS, LifecycleMapping
from runstate.modelling.places import Place, begin, moves, self_move, short_of, way

__all__ = ["Image", "Loss", "MappingProblem", "MappingReport", "check_mapping", "moved", "round_trip", "sound"]

Kind = Literal["kept", "path", "vanishes", "untold", "refused"]


@attrs.frozen
class Image:
    """What becomes of one transition of the source, from where the target stands."""

    transition: Transition
    held: str | None
    """Status of the target before it; None: the target has not begun."""
    taken: tuple[Transition, ...] | None
    """The transitions of the target; None where there is no way."""
    told: bool = True
    """False where the status that it leads to has no counterpart."""

    @property
    def kind(self) -> Kind:
        """``kept`` one for one, a ``path`` of several, it ``vanishes``, ends in what is ``untold``, or is ``refused``."""
        if self.taken is None:
            return "refused"
        if not self.told:
            return "untold"
        return "vanishes" if not self.taken else "kept" if len(self.taken) == 1 else "path"

    def __str__(self) -> str:
        steps = "" if self.taken is None else " ".join(f"--{edge.event}--> {edge.target}" for edge in self.taken)
        return f"{self.held or '(none)'} {steps}".rstrip()


@attrs.frozen(kw_only=True)
class MappingProblem:
    """A fault of a mapping, a history it cannot translate, or something that is lost."""

    code: str
    """One of `runstate.modelling.mapping.PROBLEMS`."""
    message: str
    statuses: tuple[str, ...] = ()
    """Statuses of the source that it is about."""
    history: tuple[str, ...] = ()
    """A shortest legal history of the source in which it shows, where one is needed to see it."""

    @property
    def severity(self) -> Severity:
        """An error refuses the mapping, a warning some histories, a note is a loss."""
        return PROBLEMS[self.code][0]

    def __str__(self) -> str:
        history = f" (as in {', '.join(self.history)})" if self.history else ""
        return f"{self.severity.value} {self.code}: {self.message}{history}"


@attrs.frozen(kw_only=True, eq=False)
class MappingReport:
    """What there is to know of a mapping."""

    mapping: LifecycleMapping
    problems: tuple[MappingProblem, ...]
    """Errors first, then warnings, then notes."""
    images: tuple[Image, ...]
    """What becomes of each transition, in the order of the table; several where it depends on what went before."""

    @property
    def errors(self) -> tuple[MappingProblem, ...]:
        """The faults for which the mapping is refused."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)

    @property
    def total(self) -> bool:
        """Whether every status has a counterpart."""
        return all(entry.status is not None for entry in self.mapping.statuses.values())

    @property
    def translates_all(self) -> bool:
        """Whether every legal history can be translated."""
        return all(one.severity is Severity.NOTE for one in self.problems)

    def of(self, code: str) -> tuple[MappingProblem, ...]:
        """The problems of one code."""
        return tuple(one for one in self.problems if one.code == code)


@attrs.frozen
class Loss:
    """A status that a mapping and the one back do not bring home."""

    status: str
    there: str | None
    """How it reads in the other lifecycle; None where it has no counterpart."""
    back: str | None
    """How that reads here."""


def moved(
    mapping: LifecycleMapping, place: Place, status: str, *, repeated: bool
) -> tuple[tuple[Transition, ...], Place] | None:
    """What the target does when the source comes to a status; None where it has no way to.

    :param repeated: whether the source takes a transition from the status to itself.
    """
    readings = mapping.statuses[status].readings
    if not readings:
        return ((), place)
    for goal in readings:
        if goal == place.status:
            again = self_move(mapping.target, place) if repeated else None
            return ((), place) if again is None else ((again[0],), again[1])
        found = way(mapping.target, place, goal)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=256)
def check_mapping(mapping: LifecycleMapping) -> MappingReport:
    """Everything that is wrong with a mapping, and everything that is lost by it."""
    walked = _Walked(mapping)
    problems = [*_statuses(walked), *walked.faults(), *_notes(walked)]
    order = list(Severity)
    problems.sort(key=lambda one: order.index(one.severity))
    return MappingReport(mapping=mapping, problems=tuple(problems), images=tuple(walked.images))


def sound(mapping: LifecycleMapping) -> MappingReport:
    """The report of a mapping without faults.

    :raises BadMapping: with the first fault and a history that shows it.
    """
    report = check_mapping(mapping)
    for fault in report.errors:
        raise mapping.refused(fault.code, fault.message, list(fault.statuses), history=fault.history)
    return report


def round_trip(there: LifecycleMapping, back: LifecycleMapping) -> tuple[Loss, ...]:
    """The statuses that do not come home, in the order of the table.

    :raises BadMapping: where the second does not lead back from where the first leads to.
    """
    if (there.source.name, there.target.name) != (back.target.name, back.source.name):
        raise back.refused("unknown_status", f"it does not lead back from {there.name}", back.name)
    losses: list[Loss] = []
    for status in there.source.statuses:
        image = there.image(status)
        home = None if image is None else back.image(image)
        if home != status:
            losses.append(Loss(status, image, home))
    return tuple(losses)


State = tuple[Place, Place]
"""Where the source stands, and where the target."""


class _Walked:
    """Both lifecycles, walked together."""

    def __init__(self, mapping: LifecycleMapping) -> None:
        self.mapping = mapping
        self.images: list[Image] = []
        self.came: dict[State, State | None] = {}
        self.first: dict[str, State] = {}
        self._refused: dict[tuple[str | None, str], tuple[Transition, Place, tuple[str, ...]]] = {}
        self._short: dict[str, State] = {}
        self._walk()
        rank = {edge: index for index, edge in enumerate(mapping.source.transitions)}
        self.images.sort(key=lambda image: rank[image.transition])

    def _walk(self) -> None:
        start: State = (begin(self.mapping.source), begin(self.mapping.target))
        self.came[start] = None
        queue = deque([start])
        seen: set[Image] = set()
        while queue:
            state = queue.popleft()
            source, place = state
            for edge, onward in moves(self.mapping.source, source, hopeful=True):
                if edge.reopens and not self.mapping.reopens:
                    continue
                step = moved(self.mapping, place, edge.target, repeated=edge.target == source.status)
                told = self.mapping.image(edge.target) is not None
                image = Image(edge, place.status, None if step is None else step[0], told)
                if image not in seen:
                    seen.add(image)
                    self.images.append(image)
                if step is None:
                    history = (*self.history(state), str(edge.target))
                    self._refused.setdefault((source.status, edge.target), (edge, place, history))
                    continue
                reached: State = (onward, step[1])
                if reached not in self.came:
                    self.came[reached] = state
                    self.first.setdefault(edge.target, reached)
                    queue.append(reached)
                    if edge.target in self.mapping.source.terminal and told:
                        self._ended(edge.target, reached)

    def _ended(self, status: str, state: State) -> None:
        """Note a run that is whole in the source, and in the target has too few of something."""
        source, target = state
        if short_of(self.mapping.target, target) and not short_of(self.mapping.source, source):
            self._short.setdefault(status, state)

    def history(self, state: State) -> tuple[str, ...]:
        """The statuses of the source on the shortest way to a state."""
        statuses: list[str] = []
        at: State | None = state
        while at is not None:
            if at[0].status is not None:
                statuses.append(str(at[0].status))
            at = self.came[at]
        return tuple(reversed(statuses))

    def to(self, status: str) -> tuple[str, ...]:
        """A shortest history to a status of the source; by its table alone where the target has no way."""
        if status in self.first:
            return self.history(self.first[status])
        path = self.mapping.source.path(None, status) or ()
        return tuple(str(edge.target) for edge in path)

    def faults(self) -> Iterator[MappingProblem]:
        """Transitions without a way, and counts that do not come out."""
        target = self.mapping.target
        for edge, place, history in self._refused.values():
            goals = " or ".join(map(str, self.mapping.statuses[edge.target].readings))
            message = f"{edge}: {target.name} has no way from {place.status or 'creation'} to {goals}"
            yield MappingProblem(code="no_path", message=message, statuses=_pair(edge), history=history)
        for status, state in self._short.items():
            count = short_of(target, state[1])
            events = ", ".join(map(str, count.events)) if count else ""
            least = count.least if count else 0
            message = f"a run that ends in {status} has fewer than {least} of {events}"
            yield MappingProblem(code="count", message=message, statuses=(str(status),), history=self.history(state))


def _pair(edge: Transition) -> tuple[str, ...]:
    return tuple(str(status) for status in (edge.source, edge.target) if status is not None)


def _within(mapping: LifecycleMapping) -> Iterable[str]:
    """The statuses that histories which the mapping carries over come to."""
    edges: Mapping[str | None, list[str]] = {status: [] for status in (None, *mapping.source.statuses)}
    for edge in mapping.source.transitions:
        if mapping.reopens or not edge.reopens:
            edges[edge.source].append(edge.target)
    seen: set[str] = set()
    waiting: list[str | None] = [None]
    while waiting:
        for status in edges[waiting.pop()]:
            if status not in seen:
                seen.add(status)
                waiting.append(status)
    return [status for status in mapping.source.statuses if status in seen]


def _statuses(walked: _Walked) -> Iterator[MappingProblem]:
    """What is wrong with one entry, whatever the transitions."""
    mapping = walked.mapping
    source, target = mapping.source, mapping.target
    for status in _within(mapping):
        name = str(status)
        ends = status in source.terminal
        if ends and mapping.image(status) is None:
            message = f"{name} is an end, and {target.name} has no counterpart for it"
            yield MappingProblem(code="untold_end", message=message, statuses=(name,), history=walked.to(status))
        for image in mapping.statuses[status].readings:
            if ends and image not in target.terminal:
                message = f"{name} is an end, {image} is not"
                yield MappingProblem(code="end_lives", message=message, statuses=(name,), history=walked.to(status))
            elif not ends and image in target.terminal:
                message = f"{name} is live, {image} is an end"
                yield MappingProblem(code="live_ends", message=message, statuses=(name,), history=walked.to(status))
            elif ends:
                yield from _outcome(walked, status, image)


def _outcome(walked: _Walked, status: str, image: str) -> Iterator[MappingProblem]:
    mapping = walked.mapping
    meant, said = outcome_of(mapping.source.name, status), outcome_of(mapping.target.name, image)
    if meant is None or said is None or meant is said:
        return
    same = _ends_in(mapping.target, meant)
    if not same and said in COARSER[meant]:
        message = f"{status} means {meant.value}, {image} {said.value}"
        yield MappingProblem(code="coarser", message=message, statuses=(str(status),))
        return
    better = f"; {' or '.join(same)} means it" if same else ""
    message = f"{status} means {meant.value}, {image} {said.value}{better}"
    yield MappingProblem(code="outcome", message=message, statuses=(str(status),), history=walked.to(status))


def _ends_in(lifecycle: Lifecycle, outcome: Outcome) -> list[str]:
    return [str(s) for s in lifecycle.statuses if outcome_of(lifecycle.name, s) is outcome]


def _notes(walked: _Walked) -> Iterator[MappingProblem]:
    """What is lost."""
    mapping = walked.mapping
    within = list(_within(mapping))
    reopened = [edge for edge in mapping.source.transitions if edge.reopens]
    if reopened and not mapping.reopens:
        sources = tuple(dict.fromkeys(str(edge.source) for edge in reopened))
        edges = ", ".join(map(str, reopened))
        yield MappingProblem(code="reopening", message=f"histories with one of {edges} are refused", statuses=sources)
    for status in within:
        if mapping.image(status) is None and status not in mapping.source.terminal:
            message = f"{status} has no counterpart in {mapping.target.name}"
            yield MappingProblem(code="untold", message=message, statuses=(str(status),))
    merged: dict[str, list[str]] = {}
    for status in within:
        for image in mapping.statuses[status].readings:
            merged.setdefault(image, []).append(str(status))
    for image, statuses in merged.items():
        if len(statuses) > 1:
            message = f"{', '.join(statuses)} read as {image}"
            yield MappingProblem(code="merged", message=message, statuses=tuple(statuses))
    for status in within:
        hidden = [str(one) for one in mapping.statuses[status].readings if one not in mapping.target.stops]
        if hidden and status in mapping.source.stops:
            message = f"in {status} somebody else must act, in {' and '.join(hidden)} nobody must"
            yield MappingProblem(code="stop_hidden", message=message, statuses=(str(status),))
    for moved_to in walked.images:
        edge = moved_to.transition
        if moved_to.kind == "path":
            code = "begun" if edge.source is None else "path"
            yield MappingProblem(code=code, message=f"{edge} becomes {moved_to}", statuses=_pair(edge))
        elif moved_to.kind == "vanishes":
            message = f"{edge}: the target stays {moved_to.held or 'unborn'}"
            yield MappingProblem(code="vanishes", message=message, statuses=_pair(edge))
