"""Numbers with their confidence: what a simulation gives is a sample, and says how far it can be trusted.

All intervals are of 95 %.  Means: batch means, that is the values cut in 20 batches in their order, and the interval of
Student's t over the means of the batches; it holds where neighbours depend on one another, as runs do that wait for the
same workers (Law, *Simulation Modeling and Analysis*, 9.5.3).  Fewer than 40 values: the normal interval over them.
Percentiles: between the order statistics that the binomial distribution gives, whatever the shape.  Shares: Wilson.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, stdev
from typing import Final

import attrs

__all__ = ["Estimate", "mean_of", "percentile_of", "share_of"]

_Z: Final = 1.959964
"""Two-sided 95 % of the normal distribution."""
_BATCHES: Final = 20
_T: Final = 2.093024
"""Two-sided 95 % of Student's t with 19 degrees of freedom."""


@attrs.frozen
class Estimate:
    """A number, and the bounds between which the true one lies with a confidence of 95 %."""

    value: float
    low: float
    high: float

    @property
    def differs(self) -> bool:
        """Whether the bounds leave out 0."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean; one value alone has no bounds, none at all no mean (nan)."""
    count = len(values)
    if count < 2:
        value = values[0] if count else math.nan
        return Estimate(value, -math.inf, math.inf)
    mean = fmean(values)
    if count < 2 * _BATCHES:
        half = _Z * stdev(values) / math.sqrt(count)
    else:
        cuts = [count * index // _BATCHES for index in range(_BATCHES + 1)]
        half = _T * stdev(fmean(values[a:b]) for a, b in pairwise(cuts)) / math.sqrt(_BATCHES)
    return Estimate(mean, mean - half, mean + half)


def percentile_of(ordered: Sequence[float], share: float) -> Estimate:
    """The value that a share of all stays below.

    :param ordered: the values, sorted; none at all gives nan.
    """
    count = len(ordered)
    if not count:
        return Estimate(math.nan, -math.inf, math.inf)
    half = _Z * math.sqrt(count * share * (1 - share))
    low, high = math.floor(count * share - half), math.ceil(count * share + half)
    return Estimate(
        ordered[min(count - 1, int(count * share))],
        ordered[low] if low >= 0 else -math.inf,
        ordered[high] if high < count else math.inf,
    )


def share_of(count: int, total: int) -> Estimate:
    """The share of some among all; of none nothing is known."""
    if not total:
        return Estimate(math.nan, 0.0, 1.0)
    share, square = count / total, _Z**2
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _Z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))
