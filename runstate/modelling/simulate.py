"""`simulate`: many runs of any lifecycle on a virtual clock, and what is seen of them.

Every transition that is taken is legal, and every guard on a field and every deadline is obeyed; quirks, which no event
leads to, are never taken.  A simulation is a value: the same one gives the same changes whenever it is asked, one after
the other, so that a million runs need memory for those only that are open at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from runstate.errors import BadSimulation
from runstate.frozen import EMPTY
from runstate.lifecycle import Lifecycle
from runstate.modelling.distributions import Distribution, Exponential, Fixed
from runstate.modelling.events import Loop, Moved
from runstate.modelling.objects import EPOCH
from runstate.modelling.rates import Durations, Given, Rates, Timing

if TYPE_CHECKING:
    from runstate.modelling.objects import Item
    from runstate.modelling.simulated import Row
    from runstate.modelling.summary import Comparison, Summary

__all__ = ["Simulation", "needs_worker", "simulate"]


@attrs.frozen(kw_only=True)
class Simulation:
    """What is simulated; its methods run it."""

    lifecycle: Lifecycle
    runs: int
    seed: int
    timing: Timing
    arrivals: Distribution
    """Seconds between two arrivals."""
    start: float
    concurrency: int | None
    """How many workers there are; None: as many as are needed."""
    working: frozenset[str]
    """The statuses that a run gets into only with a worker."""
    ttl: float | None
    strict: bool
    most: int
    on_change: Callable[[Moved], object] | None = attrs.field(default=None, eq=False, repr=False)
    """Called with each change as it happens, whatever the changes are wanted for; to show progress."""

    def changes(self) -> Iterator[Moved]:
        """Every change of every run, in the order of time."""
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(Loop)}
        for moved in Loop(**fields).changes():
            if self.on_change is not None:
                self.on_change(moved)
            yield moved

    def stream(self) -> Iterator[Item]:
        """What a stream of all runs tells: ``{"event": name, "data": object}``, in the order of time."""
        from runstate.modelling.simulated import stream

        return stream(self)

    def polls(self) -> Iterator[Item]:
        """The bare object of a run after each of its changes, in the order of time."""
        from runstate.modelling.simulated import polls

        return polls(self)

    def rows(self) -> Iterator[Row]:
        """``(run, status, event, time)`` of each change, in the order of time."""
        from runstate.modelling.simulated import rows

        return rows(self)

    def summary(self) -> Summary:
        """Times, shares and throughput, with confidence."""
        from runstate.modelling.summary import summarise

        return summarise(self)

    def what_if(self, rates: Given = EMPTY, **changes: Any) -> Comparison:
        """Compare with the same runs under other rates: the same arrivals, and the same luck wherever nothing differs.

        :param rates: the clocks that change, by event or (source, event), as in `simulate`.
        :param changes: anything else that changes, as in ``concurrency=3``.
        :raises BadSimulation: where they cannot be simulated, or rates are changed of a simulation by `Durations`.
        """
        from runstate.modelling.summary import compare

        if rates:
            if not isinstance(self.timing, Rates):
                raise BadSimulation(
                    parameter="rates",
                    reason="a simulation by durations has no rates to change",
                    seen=dict(rates),
                    advice="Change timing= instead.",
                )
            changes["timing"] = self.timing.having(rates)
        return compare(self, self.having(**changes))

    def having(self, **changes: Any) -> Simulation:
        """The same with other parameters.

        :raises BadSimulation: where they cannot be simulated.
        """
        return _checked(attrs.evolve(self, **changes))


def needs_worker(lifecycle: Lifecycle) -> frozenset[str]:
    """The statuses that a run gets into only with a worker, as the structure suggests.

    They are those that a transition not only inferred leads to from an initial status, if they are live, not initial
    and no stop where others must act; where there are none, the initial statuses: work begins with creation.
    """
    begun = {
        edge.target
        for edge in lifecycle.transitions
        if edge.source in lifecycle.initial and not edge.inferred_only and edge.source not in lifecycle.terminal
    }
    found = begun - lifecycle.initial - lifecycle.terminal - lifecycle.stops
    return frozenset(found or lifecycle.initial - lifecycle.terminal)


def simulate(
    lifecycle: Lifecycle,
    runs: int,
    seed: int,
    *,
    rates: Rates | Given | None = None,
    durations: Durations | Mapping[str, Distribution] | None = None,
    arrivals: Distribution | float = 1.0,
    start: float = EPOCH,
    concurrency: int | None = None,
    working: Iterable[str] | None = None,
    ttl: float | None = None,
    strict: bool = False,
    most: int = 100,
) -> Simulation:
    """Runs of a lifecycle on a virtual clock.

    :param runs: how many arrive.
    :param seed: a whole number; the same one gives the same runs.
    :param rates: a clock for each transition, of which the first to ring wins: `Rates`, or what is known better than its
        default: event or (source, event) -> a distribution, or a number of times a second.
    :param durations: instead of rates: `Durations`, or a distribution of the time in some statuses.
    :param arrivals: the time between two arrivals; a number is how many arrive a second, at random.
    :param start: when the clock starts, in seconds since the epoch.
    :param concurrency: how many runs can be worked on at a time.  Others wait, first come, first served; meanwhile
        whatever else may happen to them happens.  A transition that only waits for a worker then takes no time of its
        own, unless a rate is given for it.
    :param working: the statuses that a run gets into only with a worker; `needs_worker` where None.  It keeps the worker
        until it gets into a terminal status, a stop, or an initial status where it waits again.
    :param ttl: seconds from a transition to each deadline that it sets; the lifecycle's default where None.
    :param strict: take no transition that is only inferred.
    :param most: a run that has made so many changes is left where it is.
    :raises BadSimulation: where that cannot be simulated.
    """
    if rates is not None and durations is not None:
        raise BadSimulation(parameter="durations", reason="rates were given too", seen=durations, allowed="one of both")
    work = needs_worker(lifecycle) if working is None else frozenset(working)
    timing: Timing
    if isinstance(rates, Rates):
        timing = rates
    elif isinstance(durations, Durations):
        timing = durations
    elif durations is not None:
        timing = Durations.default(lifecycle, durations, strict=strict)
    else:
        timing = Rates.default(lifecycle, strict=strict)
        if concurrency is not None:
            timing = timing.having(_at_once(timing, work))
        timing = timing.having(rates or EMPTY)
    return _checked(
        Simulation(
            lifecycle=lifecycle,
            runs=runs,
            seed=seed,
            timing=timing,
            arrivals=Exponential(arrivals) if isinstance(arrivals, int | float) else arrivals,
            start=start,
            concurrency=concurrency,
            working=work,
            ttl=ttl,
            strict=strict,
            most=most,
        )
    )


def _at_once(timing: Rates, working: frozenset[str]) -> dict[tuple[str | None, str], Distribution]:
    """Clocks for the transitions that take a run from where it waits to where it is worked on."""
    lifecycle = timing.lifecycle
    edges = (lifecycle.transition(source, event) for source, event in timing.clocks)
    return {
        (edge.source, edge.event): Fixed(0)
        for edge in edges
        if edge is not None and edge.source in lifecycle.initial - working and edge.target in working
    }


def _checked(simulation: Simulation) -> Simulation:
    """The simulation, if it can be run."""
    one = simulation
    live = one.lifecycle.live
    checks: tuple[tuple[str, object, bool, str], ...] = (
        ("runs", one.runs, _is_whole(one.runs, 0), "a whole number, 0 or more"),
        ("seed", one.seed, _is_whole(one.seed), "a whole number"),
        (
            "concurrency",
            one.concurrency,
            one.concurrency is None or _is_whole(one.concurrency, 1),
            "1 or more, or None",
        ),
        ("most", one.most, _is_whole(one.most, 1), "a whole number above 0"),
        ("start", one.start, _is_time(one.start), "seconds since the epoch, 0 or more"),
        ("ttl", one.ttl, one.ttl is None or (_is_time(one.ttl) and one.ttl > 0), "seconds above 0, or None"),
        ("working", sorted(one.working), one.working <= set(live), ", ".join(map(str, live))),
        ("timing", one.timing.lifecycle.name, one.timing.lifecycle is one.lifecycle, one.lifecycle.name),
    )
    for parameter, seen, right, allowed in checks:
        if not right:
            raise BadSimulation(parameter=parameter, reason="that cannot be simulated", seen=seen, allowed=allowed)
    created = [(0, edge) for edge in one.lifecycle.legal(None, strict=one.strict)]
    if not one.timing.planner(created)(_half):
        raise BadSimulation(
            parameter="timing",
            reason="no run would ever be created",
            seen=one.lifecycle.name,
            allowed=", ".join(edge.event for _, edge in created),
        )
    return one


def _half(_place: int) -> float:
    return 0.5


def _is_whole(value: object, least: float = -math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
