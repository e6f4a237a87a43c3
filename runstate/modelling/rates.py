"""How long transitions take: a clock for each of them (`Rates`), or a stay for each status and weights (`Durations`).

Both answer one question: which transitions may be next out of a status, and when?  Of the answers the earliest wins.
What is not said is derived from the structure of the lifecycle (`moves_by_default`), never from the name of a status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, TypeAlias

import attrs

from runstate.errors import BadSimulation
from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycle import Lifecycle, Transition
from runstate.modelling.distributions import Distribution, Empirical, Exponential
from runstate.modelling.timed import Timed, sojourns
from runstate.observations import Observation

__all__ = ["MEAN", "Durations", "Edge", "Rates", "Timing", "is_deadline", "moves_by_default"]

MEAN: Final = 10.0
"""Seconds in a status, on average, where nothing else is known."""

Edge: TypeAlias = tuple[str | None, str]
"""(source, event); source None is creation."""
Given: TypeAlias = Mapping[Any, Any]
"""Event or (source, event) -> a distribution, a rate a second, or 0 or None for never."""
Uniforms: TypeAlias = Callable[[int], float]
"""Place -> a number between 0 and 1."""
Planner: TypeAlias = Callable[[Uniforms], list[tuple[float, Transition]]]
"""Numbers -> what may come next, and after how many seconds."""


def is_deadline(edge: Transition) -> bool:
    """Whether the transition waits for a deadline: then the deadline is its clock."""
    return any(guard.kind == "reached" for guard in edge.guards)


def moves_by_default(lifecycle: Lifecycle, *, strict: bool = False) -> tuple[Transition, ...]:
    """The transitions that are taken though nobody asked for them.

    Not taken are those that reopen an end, that lead a status to itself, that create a run which is over at once
    (unless nothing else creates one), or that wait for a deadline (they come when it is reached).  Those that are only
    inferred are taken where nothing certain leads on to an end, and not at all with ``strict``.
    """
    stillborn = frozenset[str]() if lifecycle.initial <= lifecycle.terminal else lifecycle.terminal
    plain = [
        edge
        for edge in lifecycle.transitions
        if edge.source != edge.target
        and not edge.reopens
        and not is_deadline(edge)
        and not (edge.source is None and edge.target in stillborn)
    ]
    certain = [edge for edge in plain if not edge.inferred_only]
    if strict:
        return tuple(certain)
    led = _leading(certain, lifecycle.terminal or frozenset(edge.source or "" for edge in certain))
    return tuple(edge for edge in plain if not edge.inferred_only or (edge.source or "") not in led)


def _leading(edges: Iterable[Transition], ends: Iterable[str]) -> frozenset[str]:
    """The statuses from which some edges lead to one of the ends; absence is the empty name."""
    found, before = frozenset(ends), frozenset[str]()
    while found != before:
        before = found
        found |= {edge.source or "" for edge in edges if edge.target in found}
    return found


def edge_of(lifecycle: Lifecycle, key: str | Edge) -> tuple[Transition, ...]:
    """The transitions that a key names.

    :param key: (source, event), or both in one word: ``in_progress:fail``; or an event, which stands for those of its
        transitions that are taken by default, and, where none is, for all but those that reopen an end.
    :raises BadSimulation: where there is none.
    """
    if isinstance(key, str):
        named = tuple(edge for edge in lifecycle.transitions if edge.event == key and not edge.reopens)
        named = tuple(edge for edge in named if edge in moves_by_default(lifecycle)) or named
        both = [edge for edge in lifecycle.transitions if f"{edge.source or ''}:{edge.event}" == key]
        found = named or tuple(both)
    else:
        one = lifecycle.transition(*key)
        found = () if one is None else (one,)
    if not found:
        raise BadSimulation(
            parameter="rates",
            reason=f"{lifecycle.name} has no such transition that a rate can be given for",
            seen=key,
            allowed=", ".join(map(str, lifecycle.events)) + ", or (source, event)",
            advice="A transition that reopens an end must be named with its source.",
        )
    return found


def _clocks(lifecycle: Lifecycle, given: Given) -> dict[Edge, Distribution | None]:
    """What is given, by edge; what names one edge comes after what names an event, and so counts."""
    found: dict[Edge, Distribution | None] = {}
    pairs: list[tuple[str | Edge, object]] = [*given.items()]
    for key, value in sorted(pairs, key=lambda pair: pair[0] not in lifecycle.events):
        for edge in edge_of(lifecycle, key):
            found[edge.source, edge.event] = _clock(value)
    return found


def _clock(value: object) -> Distribution | None:
    if value is None or isinstance(value, Distribution):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Exponential(value) if value else None
    raise BadSimulation(
        parameter="rates", reason="that is no clock", seen=value, allowed="a distribution, a rate a second, 0 or None"
    )


def _frozen(values: Mapping[Edge, Distribution]) -> FrozenDict[Edge, Distribution]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True)
class Rates:
    """A clock for each transition: all that leave a status start when it is entered, and the first to ring wins.

    With exponential clocks the shares are as the rates, and the time in the status is exponential with their sum.
    """

    lifecycle: Lifecycle
    clocks: Mapping[Edge, Distribution] = attrs.field(converter=_frozen)
    """(source, event) -> the time from entering the source.  A transition that is not listed is not taken; one that
    waits for a deadline is taken at the deadline, or as long after it as its clock says."""

    def __attrs_post_init__(self) -> None:
        """Refuse clocks of transitions that do not exist."""
        for key in self.clocks:
            edge_of(self.lifecycle, key)

    @classmethod
    def default(cls, lifecycle: Lifecycle, given: Given = EMPTY, *, strict: bool = False) -> Rates:
        """Every transition of `moves_by_default` equally likely, 10 seconds in each status on average.

        :param given: what is known better: a status without anything given keeps the default, in a status with
            something given that replaces the rates it names.
        :raises BadSimulation: where it names no transition.
        """
        moves = moves_by_default(lifecycle, strict=strict)
        leaving = [edge.source for edge in moves]
        clocks = {(edge.source, edge.event): Exponential(1 / MEAN / leaving.count(edge.source)) for edge in moves}
        return cls(lifecycle=lifecycle, clocks=clocks).having(given)

    @classmethod
    def from_log(cls, lifecycle: Lifecycle, log: Iterable[Observation | Timed], *, strict: bool = False) -> Rates:
        """Exponential clocks as a log shows them: how often a transition was taken for each second spent before it.

        That is the estimate of greatest likelihood where every time is known.  Where the log does not tell some (no
        stamp marks the status), the mean of the known stays in a status counts for all of them, and 10 seconds where
        none is known.  A status that the log never shows left keeps the default.
        """
        seen = sojourns(lifecycle, log)
        base = dict(cls.default(lifecycle, strict=strict).clocks)
        for source in (None, *lifecycle.statuses):
            taken = {edge: count for edge, count in seen.taken.items() if edge[0] == source}
            if not taken:
                continue
            known = seen.stays.get(source, ())
            mean = (sum(known) / len(known) if known else 0) or MEAN
            base = {edge: clock for edge, clock in base.items() if edge[0] != source}
            left = sum(taken.values())
            for edge in lifecycle.legal(source):
                key = (source, edge.event)
                if key in taken and not is_deadline(edge):
                    base[key] = Exponential(taken[key] / left / mean)
        return cls(lifecycle=lifecycle, clocks=base)

    def having(self, given: Given) -> Rates:
        """The same with some clocks changed.

        :raises BadSimulation: where a key names no transition, or a rate makes no sense.
        """
        changed = {**self.clocks, **_clocks(self.lifecycle, given)}
        return attrs.evolve(self, clocks={edge: clock for edge, clock in changed.items() if clock is not None})

    def planner(self, edges: Sequence[tuple[int, Transition]]) -> Planner:
        """When each of some transitions would come, in seconds from entering their source.

        :param edges: those that are open, of one source, each with its place among the transitions of the lifecycle;
            none that waits for a deadline.
        """
        clocks = [
            (place, clock.quantile, edge)
            for place, edge in edges
            if (clock := self.clocks.get((edge.source, edge.event))) is not None
        ]

        def plan(uniforms: Uniforms) -> list[tuple[float, Transition]]:
            return [(quantile(uniforms(place)), edge) for place, quantile, edge in clocks]

        return plan

    def lag(self, edge: Transition, u: float) -> float:
        """Seconds from a deadline to the transition that waits for it: what its clock says, else none."""
        clock = self.clocks.get((edge.source, edge.event))
        return 0.0 if clock is None else clock.quantile(u)


def _stays(values: Mapping[str, Distribution]) -> FrozenDict[str, Distribution]:
    return FrozenDict(values)


def _weights(values: Mapping[Edge, float]) -> FrozenDict[Edge, float]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True)
class Durations:
    """How long a run stays in each status, and, whenever it leaves, how likely it takes which transition.

    For what is known of a service as a rule: the time in a status, whatever ends it, and the shares of what comes next.

    :raises BadSimulation: for a status or transition that does not exist, and a weight that is negative.
    """

    lifecycle: Lifecycle
    stays: Mapping[str, Distribution] = attrs.field(converter=_stays)
    """Status -> the time in it.  One that is not listed is left only at a deadline."""
    weights: Mapping[Edge, float] = attrs.field(converter=_weights)
    """(source, event) -> weight among those of the source; one that is not listed is not taken."""

    def __attrs_post_init__(self) -> None:
        """Refuse what does not exist."""
        for status in self.stays:
            if status not in self.lifecycle.statuses:
                raise BadSimulation(
                    parameter="durations",
                    reason=f"{self.lifecycle.name} has no such status",
                    seen=status,
                    allowed=", ".join(map(str, self.lifecycle.statuses)),
                )
        for key, weight in self.weights.items():
            edge_of(self.lifecycle, key)
            if weight < 0:
                raise BadSimulation(
                    parameter="weights", reason="a weight is negative", seen=weight, allowed="0 or more"
                )

    @classmethod
    def default(
        cls,
        lifecycle: Lifecycle,
        stays: Mapping[str, Distribution] = EMPTY,
        weights: Mapping[str, float] | Mapping[Edge, float] = EMPTY,
        *,
        strict: bool = False,
    ) -> Durations:
        """The default of `Rates` in this form, with some stays and weights known better.

        :raises BadSimulation: where a key names nothing.
        """
        moves = moves_by_default(lifecycle, strict=strict)
        known = {edge.source: Exponential(1 / MEAN) for edge in moves if edge.source is not None}
        shares: dict[Edge, float] = {(edge.source, edge.event): 1.0 for edge in moves}
        for key, weight in weights.items():
            shares |= {(edge.source, edge.event): weight for edge in edge_of(lifecycle, key)}
        return cls(lifecycle=lifecycle, stays={**known, **stays}, weights=shares)

    @classmethod
    def from_log(cls, lifecycle: Lifecycle, log: Iterable[Observation | Timed], *, strict: bool = False) -> Durations:
        """The stays and shares that a log shows, each stay as likely as any other; the default where it shows none."""
        seen = sojourns(lifecycle, log)
        base = cls.default(lifecycle, strict=strict)
        left = {source for source, _ in seen.taken}
        weights = {edge: weight for edge, weight in base.weights.items() if edge[0] not in left}
        for (source, event), count in seen.taken.items():
            edge = lifecycle.transition(source, event)
            if edge is not None and not is_deadline(edge):
                weights[source, event] = float(count)
        stays = {source: Empirical(known) for source, known in seen.stays.items() if source is not None and known}
        return cls(lifecycle=lifecycle, stays={**base.stays, **stays}, weights=weights)

    def having(self, stays: Mapping[str, Distribution]) -> Durations:
        """The same with some stays changed."""
        return attrs.evolve(self, stays={**self.stays, **stays})

    def planner(self, edges: Sequence[tuple[int, Transition]]) -> Planner:
        """The one transition that comes, and after how many seconds; none where nothing may.

        :param edges: those that are open, of one source, each with its place among the transitions of the lifecycle;
            none that waits for a deadline.
        """
        weighed = [(place, self.weights.get((edge.source, edge.event), 0), edge) for place, edge in edges]
        weighed = [one for one in weighed if one[1]]
        source = weighed[0][2].source if weighed else None
        stay = None if source is None else self.stays.get(source)
        if not weighed or (stay is None and source is not None):
            return lambda _: []
        first, _, last = weighed[0][0], *weighed[-1][1:]
        sums = [*accumulate(weight for _, weight, _ in weighed)]

        def plan(uniforms: Uniforms) -> list[tuple[float, Transition]]:
            point = uniforms(first) * sums[-1]
            chosen = next((one[2] for one, upper in zip(weighed, sums, strict=True) if point < upper), last)
            # at a place of its own: the number that made the choice would tie the stay to it
            return [(0.0 if stay is None else stay.quantile(uniforms(first + _ANOTHER)), chosen)]

        return plan

    def lag(self, _edge: Transition, _u: float) -> float:
        """Seconds from a deadline to the transition that waits for it: none."""
        return 0.0


_ANOTHER: Final = 1 << 20
"""Places beyond those of any transition."""

Timing: TypeAlias = Rates | Durations
"""Either."""
