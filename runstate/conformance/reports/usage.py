"""Which transitions of a lifecycle a log shows, how often, and which it never does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import attrs

from runstate.conformance.watch import Seen, Watched
from runstate.lifecycle import Lifecycle

__all__ = ["Pair", "Usage", "usage"]

Pair = tuple[str | None, str]
"""Source and target; the source of a creation is None."""


@attrs.frozen(kw_only=True)
class Usage:
    """The steps that the runs of one lifecycle took, each counted once and in one place."""

    lifecycle: Lifecycle
    runs: int
    taken: Counter[Pair]
    """Steps that are transitions of the table; one that was announced or polled, never one that is only supposed."""
    skipped: Counter[Pair]
    """Legal steps over statuses that were not seen: polls do that, and streams that lost events."""
    known: Counter[Pair]
    """Departures of real data that the lifecycle lists as quirks."""
    faulty: Counter[Pair]
    """Steps that the judge refused."""

    @property
    def never(self) -> tuple[Pair, ...]:
        """The transitions of the table that no run took, in its order."""
        return tuple(pair for pair in pairs(self.lifecycle) if not self.taken[pair])


def usage(runs: Iterable[Watched]) -> tuple[Usage, ...]:
    """One a lifecycle, in the order in which the runs bring them."""
    by_name: dict[str, list[Watched]] = {}
    for run in runs:
        by_name.setdefault(run.lifecycle.name, []).append(run)
    return tuple(_of(same[0].lifecycle, same) for same in by_name.values())


def pairs(lifecycle: Lifecycle) -> tuple[Pair, ...]:
    """Every source and target that a transition joins, in the order of the table."""
    return tuple(dict.fromkeys((edge.source, edge.target) for edge in lifecycle.transitions))


def _of(lifecycle: Lifecycle, runs: list[Watched]) -> Usage:
    table = set(pairs(lifecycle))
    quirks = {quirk.transition for quirk in lifecycle.quirks}
    taken, skipped, known, faulty = Counter[Pair](), Counter[Pair](), Counter[Pair](), Counter[Pair]()
    for run in runs:
        for seen in run.path:
            if (seen.status, seen.status) in table:  # repeats are transitions of their own
                taken[seen.status, seen.status] += seen.times - 1
        for first in run.path[:1]:
            taken[None, first.status] += _created(run, first, table)
        for before, seen in pairwise(run.path):
            pair = (before.status, seen.status)
            if seen.faulty:
                faulty[pair] += 1
            elif pair in table:
                taken[pair] += 1
            elif pair in quirks:
                known[pair] += 1
            else:
                skipped[pair] += 1
    return Usage(lifecycle=lifecycle, runs=len(runs), taken=+taken, skipped=skipped, known=known, faulty=faulty)


def _created(run: Watched, first: Seen, table: set[Pair]) -> bool:
    """Whether the run's creation was seen; a poll that finds a young run does not show it."""
    return run.whole and not first.faulty and (None, first.status) in table
