"""Which transitions of a lifecycle tests have exercised, and which never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from runstate.conformance.watch import Watched
from runstate.lifecycle import Lifecycle, Transition

__all__ = ["TransitionCoverage"]


class TransitionCoverage:
    """Counts transitions by what was seen of runs.

    Between two statuses it is not seen which of several events was taken, so all of them count.  Creation counts where
    the first status seen is initial, a transition from a status to itself where it was seen twice in a row; a status
    that polls have missed leaves both its transitions uncounted.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self._counts: dict[tuple[str | None, str], int] = dict.fromkeys(_pairs_of(lifecycle), 0)

    def add(self, seen: Watched | Iterable[str]) -> None:
        """Count what was seen of one run: as a monitor knows it (of another lifecycle: nothing), or its statuses."""
        if not isinstance(seen, Watched):
            self._count([str(status) for status in seen])
        elif seen.lifecycle is self.lifecycle:
            statuses: list[str] = []
            for leg in seen.path:
                if leg.faulty:
                    self._count(statuses)
                    statuses = []
                    continue
                statuses += [leg.status] * (2 if leg.times > 1 else 1)
            self._count(statuses)

    def _count(self, statuses: list[str]) -> None:
        if statuses and statuses[0] in self.lifecycle.initial:
            self._counts[None, statuses[0]] += 1
        for pair in pairwise(statuses):
            if pair in self._counts:
                self._counts[pair] += 1

    def merge(self, counts: Mapping[str, int]) -> None:
        """Add the counts of another process, as `plain` gives them."""
        for pair in self._counts:
            self._counts[pair] += counts.get(_key(pair), 0)

    def plain(self) -> dict[str, int]:
        """The counts as JSON can hold them."""
        return {_key(pair): count for pair, count in self._counts.items()}

    def count(self, edge: Transition) -> int:
        """How often a transition was exercised."""
        return self._counts[edge.source, edge.target]

    @property
    def missing(self) -> tuple[Transition, ...]:
        """The transitions that were never exercised, in the order of the table."""
        return tuple(edge for edge in self.lifecycle.transitions if not self.count(edge))

    @property
    def percent(self) -> float:
        """How many of a hundred transitions were exercised."""
        every = len(self.lifecycle.transitions)
        return 100 * (every - len(self.missing)) / every

    def lines(self) -> Iterator[str]:
        """The report: each transition with its count, those never exercised last."""
        every = self.lifecycle.transitions
        width = max(len(str(edge)) for edge in every)
        yield f"{self.lifecycle.name}: {len(every) - len(self.missing)} of {len(every)} transitions, {self.percent:.0f} %"
        for edge in sorted(every, key=lambda edge: not self.count(edge)):
            how_often = f"{self.count(edge)} ×" if self.count(edge) else "never"
            certainty = "" if not edge.inferred_only else "  (only inferred)"
            yield f"  {edge!s:<{width}}  {how_often}{certainty}"


def _pairs_of(lifecycle: Lifecycle) -> Iterator[tuple[str | None, str]]:
    return ((edge.source, edge.target) for edge in lifecycle.transitions)


def _key(pair: tuple[str | None, str]) -> str:
    return f"{pair[0] or ''}>{pair[1]}"
