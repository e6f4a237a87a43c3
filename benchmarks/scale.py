"""How judging grows with the log: the bulk judge, the same rules as a query in DuckDB, and as one in Spark on this machine.

Each of them has threads or processes of its own, so seconds are those of the processor, of all of them together, beside
seconds on the wall.  ``docs/scale.md`` reckons with the former: a cluster is paid by it, and others on the machine do not
change it much.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import attrs
import duckdb

from benchmarks.interleaved import write_log
from benchmarks.side_by_side import machine
from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.sql import Log, queries

__all__ = ["KEPT", "run"]

SIZES: Mapping[int, int] = {10**5: 5, 10**6: 3, 10**7: 1, 10**8: 1}
"""How many events, and how often each is measured."""
KEPT = Path(__file__).resolve().parents[1] / "docs" / "scale.json"
"""The results, of which `make gen` makes the figures of ``docs/scale.md``."""
COLUMNS = Columns(run_id="run", status="status", time="time")
MEMORY = "2GB"
SPARK: Mapping[str, str] = {
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@attrs.frozen
class Way:
    """One way to judge a file."""

    name: str
    judge: Callable[[Path], object]
    worked: Callable[[], float]
    """Seconds of processor time so far of all that work on it."""
    most: int
    """The largest log that it is given."""


def run() -> None:
    """Print a line for each size and way, and write what was found to `KEPT`."""
    rows: list[dict[str, Any]] = []
    print(f"{'events':>8}  {'way':10}{'bytes/event':>12}{'processor s':>13}{'wall s':>9}{'events/processor s':>20}")
    with TemporaryDirectory() as folder, _ways() as ways:
        for events, times in SIZES.items():
            file = Path(folder) / "log.parquet"
            write_log(file, events)
            asked = [way for way in ways if events <= way.most]
            if events == min(SIZES):  # the first query of an engine pays for its start
                for way in asked:
                    way.judge(file)
            found = {way.name: [_measured(way, file) for _ in range(times)] for way in asked}
            for name, seconds in found.items():
                work, wall = (median(one[index] for one in seconds) for index in (0, 1))
                size = file.stat().st_size
                rows.append({"events": events, "way": name, "bytes": size, "processor": work, "wall": wall})
                shown = f"{size / events:12.1f}{work:13.2f}{wall:9.2f}{events / work:20,.0f}"
                print(f"{events:8.0e}  {name:10}{shown}", flush=True)
    KEPT.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


def _measured(way: Way, file: Path) -> tuple[float, float]:
    begun, worked = perf_counter(), way.worked()
    way.judge(file)
    return way.worked() - worked, perf_counter() - begun


@contextmanager
def _ways() -> Generator[list[Way]]:
    ways = [Way("table", _table, process_time, 10**8), Way("duckdb", _duckdb, process_time, 10**7)]
    if find_spec("pyspark") is None:
        print("without Spark: pip install '.[engines]'")
        yield ways
        return
    builder: Any = import_module("pyspark.sql").SparkSession.builder.master(f"local[{os.cpu_count()}]")
    for key, value in SPARK.items():
        builder = builder.config(key, value)
    spark: Any = builder.getOrCreate()
    virtual = spark.sparkContext._jvm.java.lang.ProcessHandle.current().pid()  # noqa: SLF001 - it tells this nowhere else

    def ask(file: Path) -> None:
        text = queries(_log(f"parquet.`{file}`"), dialect="spark").suspects
        assert spark.sql(text).collect() == []

    try:
        yield [*ways, Way("spark", ask, lambda: _seconds_of(virtual), 10**7)]
    finally:
        spark.stop()


def _seconds_of(process: int) -> float:
    """Processor time of another process, of which Linux tells."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _log(table: str) -> Log:
    return Log(table=table, run_id="run", status="status", time="time")


def _table(file: Path) -> None:
    (judged,) = check_table(file, columns=COLUMNS, memory=MEMORY)
    assert judged.clean.complete
    assert not judged.loose


def _duckdb(file: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute(f"SET temp_directory = '{file.parent}'")
        assert connection.execute(queries(_log(f"'{file}'"), dialect="duckdb").suspects).fetchall() == []
