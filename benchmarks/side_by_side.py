"""Measure contestants side by side: one slice of each in turn, many rounds, so that what disturbs one disturbs all.

A figure is the median over the rounds of one round's ratio; the spread are the quartiles of the same.  Absolute times are
the least that was seen, for orientation.  What runs in one thread of this process is measured in processor time, which
leaves out what other processes take; what has threads, processes or disks of its own, in time on the wall.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import attrs

PACKAGES: Final = (
    "attrs", "automat", "cattrs", "duckdb", "msgspec", "numba", "openai", "orjson", "pm4py", "polars", "psycopg", "pyspark",
    "python-statemachine", "transitions",
)  # fmt: skip
"""Distributions that are measured or measured against."""
RESULTS: Final = Path(__file__).resolve().parents[1] / "build" / "bench.json"


@attrs.frozen
class Target:
    """What a ratio must be: ours to theirs at most (``<=``), or theirs to ours at least (``>=``)."""

    ours: str
    theirs: str
    sign: str
    bound: float

    def met(self, ratio: float) -> bool:
        """Whether the ratio, of time to time, keeps the bound."""
        return ratio <= self.bound if self.sign == "<=" else ratio >= self.bound


@attrs.frozen
class Ratio:
    """One line of the table."""

    benchmark: str
    target: Target
    median: float
    low: float
    """First quartile."""
    high: float
    """Third quartile."""

    @property
    def words(self) -> str:
        """As in the table."""
        verdict = "reached" if self.target.met(self.median) else "NOT reached"
        what = f"{self.target.ours} / {self.target.theirs}" if self.target.sign == "<=" else (
            f"{self.target.theirs} / {self.target.ours}"
        )  # fmt: skip
        return (
            f"{what:58} {self.median:7.2f}  ({self.low:.2f} to {self.high:.2f})  {self.target.sign} {self.target.bound:g}"
            f"  {verdict}"
        )


def _slice(act: Callable[[], object], times: int, clock: Callable[[], float]) -> float:
    began = clock()
    for _ in range(times):
        act()
    return (clock() - began) / times


def measured(
    contestants: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 41,
    seconds: float = 0.004,
    clock: Callable[[], float] = time.process_time,
    trial: bool = True,
) -> dict[str, list[float]]:
    """Seconds of one call, by contestant and round.

    :param seconds: how long a slice of one contestant takes in each round, about.
    :param trial: False where each call is long enough for a round, and nothing has to be tried before.
    :param clock: `time.perf_counter` where the work is done by other threads or processes too.
    """
    times: dict[str, int] = {}
    for name, act in contestants.items():
        if not trial:
            times[name] = 1
            continue
        act()
        once = min(_slice(act, 3, clock) for _ in range(5))
        times[name] = max(1, int(seconds / max(once, 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in contestants}
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            order = list(contestants)
            for name in order if number % 2 else reversed(order):
                found[name].append(_slice(contestants[name], times[name], clock))
    finally:
        gc.enable()
    return found


def report(
    benchmark: str,
    found: Mapping[str, Sequence[float]],
    targets: Sequence[Target],
    *,
    fixed: Mapping[str, float] = MappingProxyType({}),
) -> list[Ratio]:
    """Print times and ratios, and keep them in `RESULTS`.

    :param fixed: figures that targets may name as they name contestants: what is asked for in itself, as in so many seconds
        an event, or what is counted once.
    """
    ratios: list[Ratio] = []
    for name, seconds in found.items():
        print(f"  {name:44} {clock_words(min(seconds)):>12}  median {clock_words(statistics.median(seconds))}")
    for target in targets:
        rounds = max((len(found[name]) for name in (target.ours, target.theirs) if name in found), default=2)
        ours, theirs = (
            found[name] if name in found else [fixed[name]] * rounds for name in (target.ours, target.theirs)
        )
        each = [a / b if target.sign == "<=" else b / a for a, b in zip(ours, theirs, strict=True)]
        low, median, high = statistics.quantiles(each, n=4)
        ratio = Ratio(benchmark, target, median, low, high)
        print(f"  {ratio.words}")
        ratios.append(ratio)
    _keep(benchmark, found, ratios)
    return ratios


def report_bytes(benchmark: str, found: Mapping[str, float], targets: Sequence[Target]) -> None:
    """Print sizes in memory, and keep their ratios in `RESULTS`; no spread, since nothing disturbs them."""
    for name, size in found.items():
        print(f"  {name:44} {size:12,.0f} bytes")
    ratios: list[Ratio] = []
    for target in targets:
        exact = found[target.ours] / found[target.theirs]
        exact = exact if target.sign == "<=" else 1 / exact
        ratios.append(Ratio(benchmark, target, exact, exact, exact))
        print(f"  {ratios[-1].words}")
    _keep(benchmark, {}, ratios)


def _keep(benchmark: str, found: Mapping[str, Sequence[float]], ratios: Sequence[Ratio]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    everything: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    everything["machine"] = machine()
    everything[benchmark] = {
        "seconds": {name: {"least": min(s), "median": statistics.median(s)} for name, s in found.items()},
        "ratios": [attrs.asdict(ratio) | {"reached": ratio.target.met(ratio.median)} for ratio in ratios],
    }
    RESULTS.write_text(json.dumps(everything, indent=1))


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, interpreter, and the versions of what is compared."""
    model = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.+)$", model.read_text(), re.MULTILINE) if model.exists() else None
    found = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    return {
        "processor": named[1] if named else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found[name] for name in PACKAGES if name in found},
    }


def clock_words(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"
