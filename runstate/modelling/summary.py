"""What simulated runs come to: times in each status, how they ended, throughput; and what one change would do."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs

from runstate.errors import BadSimulation
from runstate.modelling.estimates import Estimate, mean_of, percentile_of, share_of

if TYPE_CHECKING:
    from runstate.modelling.simulate import Simulation

__all__ = ["Comparison", "Difference", "Summary", "Times", "compare", "summarise"]


@attrs.frozen(kw_only=True)
class Times:
    """How long something took, in seconds."""

    count: int
    mean: Estimate
    p50: Estimate
    p95: Estimate


@attrs.frozen(kw_only=True)
class Summary:
    """What a simulation came to."""

    lifecycle: str
    runs: int
    changes: int
    stays: Mapping[str, Times]
    """Status -> the time from entering to leaving it, over every visit that ended."""
    whole: Times
    """From creation to the end, over the runs that ended."""
    outcomes: Mapping[str, Estimate]
    """Status that runs were in at last -> its share; one that is not terminal: they were left there."""
    span: float
    """Seconds from the first arrival to the last change."""
    throughput: float
    """Ends a second, over the span."""

    def lines(self) -> Iterator[str]:
        """The summary as a table in text."""
        yield f"{self.lifecycle}: {self.runs} runs, {self.changes} changes in {self.span:.6g} s"
        yield f"{self.throughput:.4g} ends a second"
        yield "outcome                   share (95 % confidence)"
        for status, share in self.outcomes.items():
            yield f"  {status:24}{share}"
        yield "seconds in                mean | p50 | p95 (95 % confidence)"
        for status, times in (*self.stays.items(), ("the whole", self.whole)):
            yield f"  {status:24}{times.mean} | {times.p50} | {times.p95}"


@attrs.frozen(kw_only=True)
class Difference:
    """One number in two simulations."""

    before: float
    after: float
    change: Estimate
    """After minus before, run by run."""


@attrs.frozen(kw_only=True)
class Comparison:
    """Two simulations of the same runs: the same arrivals and the same luck, so that only what differs makes a difference."""

    runs: int
    outcomes: Mapping[str, Difference]
    """Status at last -> its share."""
    stays: Mapping[str, Difference]
    """Status -> seconds in it a run, over all its visits; a run that was never there counts as 0."""
    whole: Difference
    """Seconds from creation to the last change."""

    def lines(self) -> Iterator[str]:
        """The comparison as a table in text; an asterisk marks what differs with confidence."""
        yield f"{self.runs} runs              before -> after: change (95 % confidence)"
        for title, differences in (
            ("outcome", self.outcomes),
            ("seconds in", {**self.stays, "the whole": self.whole}),
        ):
            yield title
            for status, one in differences.items():
                mark = " *" if one.change.differs else ""
                yield f"  {status:24}{one.before:.4g} -> {one.after:.4g}: {one.change}{mark}"


def summarise(simulation: Simulation) -> Summary:
    """Run a simulation and sum it up; memory: 8 bytes for each change."""
    lifecycle = simulation.lifecycle
    stays = {status: array("d") for status in lifecycle.statuses}
    whole, last = array("d"), Counter[str]()
    open_: dict[int, tuple[str, float, float]] = {}
    changes, first, now = 0, None, simulation.start
    for number, edge, now, is_last in simulation.changes():
        changes += 1
        first = now if first is None else first
        before = open_.pop(number, None)
        if before is not None:
            stays[before[0]].append(now - before[1])
        created = now if before is None else before[2]
        if not is_last:
            open_[number] = (edge.target, now, created)
            continue
        last[edge.target] += 1
        if edge.target in lifecycle.terminal:
            whole.append(now - created)
    span = now - (now if first is None else first)
    return Summary(
        lifecycle=lifecycle.name,
        runs=simulation.runs,
        changes=changes,
        stays={str(status): _times(seen) for status, seen in stays.items() if seen},
        whole=_times(whole),
        outcomes={
            str(status): share_of(last[status], simulation.runs) for status in lifecycle.statuses if last[status]
        },
        span=span,
        throughput=len(whole) / span if span else 0.0,
    )


def _times(seen: array[float]) -> Times:
    ordered = sorted(seen)
    return Times(count=len(seen), mean=mean_of(seen), p50=percentile_of(ordered, 0.5), p95=percentile_of(ordered, 0.95))


@attrs.frozen
class _ByRun:
    """A number for each run, by what it counts; memory: 8 bytes for each run and status."""

    stays: Mapping[str, array[float]]
    outcomes: Mapping[str, array[float]]
    whole: array[float]


def _by_run(simulation: Simulation) -> _ByRun:
    def nothing() -> array[float]:
        return array("d", bytes(8 * simulation.runs))

    stays = {status: nothing() for status in simulation.lifecycle.statuses}
    outcomes = {status: nothing() for status in simulation.lifecycle.statuses}
    whole = nothing()
    open_: dict[int, tuple[str, float, float]] = {}
    for number, edge, now, is_last in simulation.changes():
        before = open_.pop(number, None)
        if before is not None:
            stays[before[0]][number - 1] += now - before[1]
        created = now if before is None else before[2]
        if is_last:
            outcomes[edge.target][number - 1] = 1.0
            whole[number - 1] = now - created
        else:
            open_[number] = (edge.target, now, created)
    return _ByRun(stays, outcomes, whole)


def compare(before: Simulation, after: Simulation) -> Comparison:
    """What differs between two simulations of the same runs.

    :raises BadSimulation: where they are not of the same lifecycle, with the same seed and number of runs.
    """
    ours, theirs = ((one.lifecycle.name, one.seed, one.runs) for one in (before, after))
    if ours != theirs:
        raise BadSimulation(
            parameter="compare",
            reason="two simulations are compared run by run",
            seen=theirs,
            allowed=f"the lifecycle, seed and number of runs of the first: {ours}",
        )
    if not before.runs:
        raise BadSimulation(
            parameter="compare", reason="there is no run to compare", seen=0, allowed="one run at least"
        )
    old, new = _by_run(before), _by_run(after)
    return Comparison(
        runs=before.runs,
        outcomes=_differences(old.outcomes, new.outcomes),
        stays=_differences(old.stays, new.stays),
        whole=_difference(old.whole, new.whole),
    )


def _differences(old: Mapping[str, array[float]], new: Mapping[str, array[float]]) -> dict[str, Difference]:
    """Where there is anything to be seen before or after."""
    return {
        str(status): _difference(old[status], new[status]) for status in old if any(old[status]) or any(new[status])
    }


def _difference(old: array[float], new: array[float]) -> Difference:
    changes = array("d", (b - a for a, b in zip(old, new, strict=True)))
    return Difference(before=sum(old) / len(old), after=sum(new) / len(new), change=mean_of(changes))
