"""The long test of the bulk judge: a million simulated runs, judged by the compiled pass and by SQL alone."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import polars as pl

from runstate.conformance import bulk
from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.check import summarise
from runstate.conformance.monitor import Mode, Monitor
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.modelling.simulate import simulate

RUNS = 1_000_000
"""How many in all, the same number of each lifecycle."""
WRONG = 0.0005
"""Which part of the rows has another status, or another time."""
COLUMNS = Columns(run_id="run", status="status", time="time")


def _log(lifecycle: Lifecycle, runs: int, seed: int, file: Path) -> None:
    """A table of simulated runs of which some went wrong, and some rows came late."""
    chooser = random.Random(seed)  # noqa: S311 - a simulation
    words = [*lifecycle.statuses, "no status", None]

    def rows() -> Iterator[tuple[str, str | None, float]]:
        for row in simulate(lifecycle, runs, seed, most=30).rows():
            wrong, late = chooser.random() < WRONG, chooser.random() < WRONG
            yield row.run, chooser.choice(words) if wrong else row.status, row.time - 3 * late

    seen = [*rows()]
    pl.DataFrame(seen, schema={"run": pl.String, "status": pl.String, "time": pl.Float64}, orient="row").write_parquet(
        file
    )


def _found(file: Path, lifecycle: Lifecycle, mode: Mode, least: int) -> tuple[object, ...]:
    """The counts, and everything that is said."""
    with mock.patch.object(bulk, "LEAST_ROWS", least):
        judged = check_table(file, columns=COLUMNS, monitor=Monitor(lifecycle, mode=mode))
    monitor = judged[0].monitor
    return summarise(judged), [run for run in monitor.runs.values() if run.findings], monitor.loose, judged[0].clean


def part_bulk() -> bool:
    """A million simulated runs of all lifecycles, some of them wrong: the compiled pass and SQL find the same."""
    each = -(-RUNS // len(CATALOGUE))
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.parquet"
        for seed, (name, lifecycle) in enumerate(CATALOGUE.items()):
            _log(lifecycle, each, seed, file)
            mode: Mode = "poll" if seed % 2 else "stream"
            quick, plain = (_found(file, lifecycle, mode, least) for least in (0, 1 << 62))
            print(f"{name} ({mode}): {quick[0]}" if quick == plain else f"{name} ({mode}): DIFFERENT", flush=True)
            passed &= quick == plain
    return passed


BULK_PARTS: dict[str, Callable[[], bool]] = {"bulk": part_bulk}
"""Name of the part and the function that runs it and says whether it passed."""
