"""Distributions of a duration: frozen values that refuse to exist if they make no sense.

A distribution is known here by its quantile function: seconds for a number between 0 and 1.  So one uniform number
makes one duration, a larger one a longer duration, and two simulations that are given the same numbers can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from statistics import NormalDist, fmean
from typing import TypeAlias

import attrs

from runstate.errors import BadSimulation
from runstate.frozen import FrozenDict

__all__ = ["Distribution", "Empirical", "Exponential", "Fixed", "LogNormal", "Uniform", "parse_distribution"]

_NORMAL = NormalDist()


def _at_least(least: float, *, above: bool = False) -> Callable[[object, attrs.Attribute[float], float], None]:
    """A validator: a finite number, no less than the least (or above it)."""

    def check(holder: object, attribute: attrs.Attribute[float], value: object) -> None:
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        if not (math.isfinite(number) and number >= least) or (above and number == least):
            raise BadSimulation(
                parameter=f"{type(holder).__name__}.{attribute.name}",
                reason="the number makes no distribution",
                seen=value,
                allowed=f"a finite number {'above' if above else 'of at least'} {least:g}",
            )

    return check


@attrs.frozen
class Exponential:
    """No memory: in every moment as likely to end as in any other.

    :raises BadSimulation: where the rate is not above 0.
    """

    rate: float = attrs.field(validator=_at_least(0, above=True))
    """How often a second; 1 / mean."""

    def quantile(self, u: float) -> float:
        """Seconds that a share ``u`` (above 0, below 1) of all durations stays below."""
        return -math.log1p(-u) / self.rate

    @property
    def mean(self) -> float:
        """Seconds."""
        return 1 / self.rate


@attrs.frozen
class Fixed:
    """Always the same.

    :raises BadSimulation: where the seconds are negative.
    """

    seconds: float = attrs.field(validator=_at_least(0))

    def quantile(self, _u: float) -> float:
        """The seconds."""
        return self.seconds

    @property
    def mean(self) -> float:
        """Seconds."""
        return self.seconds


@attrs.frozen
class Uniform:
    """Anything between two bounds, equally likely.

    :raises BadSimulation: where a bound is negative, or the upper one below the lower one.
    """

    low: float = attrs.field(validator=_at_least(0))
    """Seconds."""
    high: float = attrs.field(validator=_at_least(0))
    """Seconds."""

    def __attrs_post_init__(self) -> None:
        """Refuse bounds in the wrong order."""
        if self.high < self.low:
            raise BadSimulation(
                parameter="Uniform.high",
                reason="the upper bound is below the lower one",
                seen=self.high,
                allowed=f"at least {self.low:g}",
            )

    def quantile(self, u: float) -> float:
        """Seconds that a share ``u`` (above 0, below 1) of all durations stays below."""
        return self.low + u * (self.high - self.low)

    @property
    def mean(self) -> float:
        """Seconds."""
        return (self.low + self.high) / 2


@attrs.frozen
class LogNormal:
    """Skewed, as the durations of most work are: the logarithm is normal.

    :raises BadSimulation: where the median is not above 0, or the spread is negative.
    """

    median: float = attrs.field(validator=_at_least(0, above=True))
    """Seconds."""
    sigma: float = attrs.field(validator=_at_least(0))
    """Standard deviation of the logarithm; with 1 the 95th percentile is 5.2 medians."""

    def quantile(self, u: float) -> float:
        """Seconds that a share ``u`` (above 0, below 1) of all durations stays below."""
        return self.median * math.exp(self.sigma * _NORMAL.inv_cdf(u))

    @property
    def mean(self) -> float:
        """Seconds."""
        return self.median * math.exp(self.sigma**2 / 2)


def _sorted(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted(values))


@attrs.frozen
class Empirical:
    """What was seen: each duration of a log is as likely as any other.

    :raises BadSimulation: where there is none, or one that is negative.
    """

    seconds: tuple[float, ...] = attrs.field(converter=_sorted, repr=lambda seen: f"<{len(seen)} durations>")
    """The durations seen, sorted."""

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be drawn from."""
        wrong = [one for one in self.seconds if not math.isfinite(one) or one < 0]
        if not self.seconds or wrong:
            raise BadSimulation(
                parameter="Empirical.seconds",
                reason="one of the durations is none" if wrong else "there is no duration to draw from",
                seen=wrong[0] if wrong else (),
                allowed="one finite number of seconds at least, none below 0",
            )

    def quantile(self, u: float) -> float:
        """The duration that a share ``u`` (above 0, below 1) of those seen stays below."""
        return self.seconds[int(u * len(self.seconds))]

    @property
    def mean(self) -> float:
        """Seconds."""
        return fmean(self.seconds)


Distribution: TypeAlias = Exponential | Fixed | Uniform | LogNormal | Empirical
"""Any of them."""

_WORDS: Mapping[str, tuple[Callable[..., Distribution], tuple[str, ...]]] = FrozenDict(
    {
        "exp": (Exponential, ("RATE",)),
        "fixed": (Fixed, ("SECONDS",)),
        "uniform": (Uniform, ("LOW", "HIGH")),
        "lognormal": (LogNormal, ("MEDIAN", "SIGMA")),
    }
)


def parse_distribution(text: str) -> Distribution | None:
    """A distribution as the command line writes it: ``0.5`` or ``exp:0.5`` (a rate), ``fixed:3``, ``uniform:1:4``,
    ``lognormal:30:0.8``; None for ``0``, a rate that means never.

    :raises BadSimulation: where it is none of these, or a number is out of bounds.
    """
    word, *numbers = text.split(":") if ":" in text else ("exp", text)
    try:
        make, names = _WORDS[word]
        values = [float(number) for number in numbers]
        if len(values) != len(names):
            raise ValueError  # noqa: TRY301 - one refusal for every way not to be a distribution
    except (KeyError, ValueError):
        forms = [":".join((other, *needs)) for other, (_, needs) in _WORDS.items()]
        raise BadSimulation(
            parameter="distribution",
            reason="the text is no distribution",
            seen=text,
            allowed=f"RATE, {', '.join(forms)}",
        ) from None
    return None if make is Exponential and values == [0] else make(*values)
