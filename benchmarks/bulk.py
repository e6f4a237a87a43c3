"""Tables against the limit: the bulk judge beside plain scans and plain parsing of the same columns of the same file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from benchmarks.interleaved import write_log
from benchmarks.judging import token_replay
from benchmarks.side_by_side import Target, report
from runstate.conformance.bulk import Columns, check_table
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.simulate import simulate

__all__ = ["run", "run_long"]

ROUNDS: Final[Mapping[int, int]] = {10**6: 7, 10**7: 5, 10**8: 2}
"""How many events, and how often each way is measured."""
SCAN: Final = Target("judge", "the fastest scan", "<=", 3.0)
PARSE: Final = Target("judge", "duckdb parses", "<=", 1.5)
PM4PY: Final = Target("judge", "pm4py's token replay of as many", ">=", 60)
TARGETS: Final[Mapping[tuple[str, int], tuple[Target, ...]]] = {
    ("parquet", 10**7): (SCAN,),
    ("parquet", 10**8): (SCAN,),
    ("jsonl", 10**7): (PARSE,),
}
COLUMNS: Final = Columns(run_id="run", status="status", time="time")
TEXTS: Final = "columns = {run: 'VARCHAR', status: 'VARCHAR', time: 'VARCHAR'}"
MEMORY: Final = "1GB"
"""What the judge may take where its memory is measured."""

Ways = Mapping[str, Callable[[], object]]


def run() -> None:
    """Measure tables of a million and of ten million events in the order of time."""
    with TemporaryDirectory() as folder:
        for events in (10**6, 10**7):
            for form, file in _copies(Path(folder), events):
                _compare(form, file, events)
                file.unlink()


def run_long() -> None:
    """Measure a hundred million events of ten million runs, in the order of time and in no order, in little memory."""
    with TemporaryDirectory() as folder:
        for order in ("time", "none"):
            file = Path(folder) / "log.parquet"
            _waves(file, 10**8, scattered=order == "none")
            if order == "time":
                _compare("parquet", file, 10**8)
            else:
                print("  100,000,000 events of a parquet in no order", flush=True)
                _peak(file)
            file.unlink()


def _copies(folder: Path, events: int) -> Iterator[tuple[str, Path]]:
    parquet = folder / "log.parquet"
    write_log(parquet, events)
    with duckdb.connect() as connection:
        for form in ("csv", "json"):
            connection.execute(f"COPY (FROM '{parquet}') TO '{folder}/log.{form}' (FORMAT {form})")
    yield "parquet", parquet
    yield "csv", folder / "log.csv"
    yield "jsonl", folder / "log.json"


def _waves(file: Path, events: int, *, scattered: bool) -> None:
    """Waves of a hundred thousand runs of ten events; nothing has to be sorted for it, not even where rows are scattered."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for row in simulate(ASSISTANTS_RUN, 5_000, 1).rows():
        paths[row.run].append(str(row.status))
    path = next(path for path in paths.values() if len(path) == 10 and path[-1] in ASSISTANTS_RUN.terminal)
    # a factor that has nothing in common with powers of ten
    place = f"place * 7_368_787 % {events}" if scattered else "place"
    query = (
        f"SELECT 'run_' || substr(md5((event // 1_000_000 * 100_000 + event % 100_000)::VARCHAR), 1, 24) AS run, "
        f"{path}[event // 100_000 % 10 + 1] AS status, make_timestamp(1_760_000_000_000_000 + event) AS time "
        f"FROM (SELECT {place} AS event FROM range({events}) places(place))"
    )
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{file}'")


def _ways(form: str, file: Path) -> Ways:
    judge: dict[str, Callable[[], object]] = {"judge": lambda: _judged(file)}
    if form != "parquet":
        reader = "read_json" if form == "jsonl" else "read_csv"
        more = "format = 'newline_delimited'" if form == "jsonl" else "auto_detect = false, header = true"
        lengths = "sum(strlen(run)), sum(strlen(status)), sum(strlen(time))"
        query = f"SELECT {lengths} FROM {reader}('{file}', {more}, {TEXTS})"
        return judge | {"duckdb parses": lambda: _asked(query)}
    query = f"SELECT sum(strlen(run)), sum(strlen(status)), max(epoch_us(time)) FROM '{file}'"
    scans: dict[str, Callable[[], object]] = {"duckdb scans": lambda: _asked(query)}
    if find_spec("polars") is not None:
        import polars as pl

        # max of every column: what is only counted need not be read
        scans["polars scans"] = lambda: pl.scan_parquet(file).select(pl.col("run", "status", "time").max()).collect()
    return judge | scans


def _judged(file: Path) -> None:
    (judged,) = check_table(file, columns=COLUMNS)
    assert judged.clean.complete
    assert not judged.loose


def _asked(query: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(query).fetchall()


def _compare(form: str, file: Path, events: int) -> None:
    """Measure all ways in turn, on the wall and in processor time, and the memory of the judge."""
    ways = _ways(form, file)
    clocks: Mapping[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}
    found: dict[str, dict[str, list[float]]] = {clock: {name: [] for name in ways} for clock in clocks}
    ways["judge"]()  # what is compiled is compiled
    for _ in range(ROUNDS[events]):
        for name, way in ways.items():
            begun = {clock: read() for clock, read in clocks.items()}
            way()
            for clock, read in clocks.items():
                found[clock][name].append(read() - begun[clock])
    replayed = _replayed(file, events) if (form, events) == ("parquet", 10**7) else None
    for clock, seconds in found.items():
        limit = min((name for name in ways if name != "judge"), key=lambda name: median(seconds[name]))
        targets = TARGETS.get((form, events), ())
        print(f"  {events:,} events of a {form}, {clock}; the quickest of the others: {limit}")
        shown = {**seconds, "the fastest scan": seconds[limit]} if form == "parquet" else seconds
        fixed = {}
        if replayed is not None:
            fixed[PM4PY.theirs] = replayed
            targets = (*targets, PM4PY)
        report(f"bulk {form} {events:.0e} {clock}", shown, targets, fixed=fixed)
        print(
            f"  {events / median(seconds['judge']):,.0f} events a second, {median(seconds['judge']) / median(seconds[limit]):.1f} x"
        )
    if events >= 10**7:
        _peak(file)


def _replayed(file: Path, events: int) -> float | None:
    """Seconds that pm4py would take for all, by its rate for the first of them; None where it is not installed."""
    with duckdb.connect() as connection:
        rows = connection.execute(f"SELECT run, status FROM '{file}' LIMIT 1_000_000").fetchall()
    each = token_replay(rows)
    return None if each is None else each * events


def _peak(file: Path) -> None:
    """Judge it once in a process of its own, with little memory, and print what it took."""
    command = [sys.executable, "-c", _ALONE, str(file), MEMORY]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    took = json.loads(answer.stdout)
    print(
        f"  with memory={MEMORY}, alone: {took['seconds']:.1f} s, of processor {took['processor']:.1f} s, at most {took['MiB']:.0f} MiB",
        flush=True,
    )


_ALONE: Final = """
import json, sys, time
begun = time.perf_counter()
from runstate.conformance.bulk import Columns, check_table
(judged,) = check_table(sys.argv[1], columns=Columns(run_id="run", status="status", time="time"), memory=sys.argv[2])
assert judged.clean.complete and not judged.runs
# what the process itself had at most: the figure of getrusage begins with that of the process that started it
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
most = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({"seconds": time.perf_counter() - begun, "processor": time.process_time(), "MiB": most}))
"""
