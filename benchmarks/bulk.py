"""Tables against the limit: the bulk judge beside plain scans and plain parsing of the same columns of the same file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import duckdb

from benchmarks.interleaved import write_log
from runstate.conformance.bulk import Columns, check_table

__all__ = ["run"]

SIZES: Mapping[int, int] = {10**6: 5, 10**7: 3}
"""How many events, and how often each is measured."""
TARGETS = {"parquet": 3.0, "jsonl": 1.5}
"""How many times as long as the fastest of the others the judge may take."""
COLUMNS = Columns(run_id="run", status="status", time="time")
_TYPES = "{run: 'VARCHAR', status: 'VARCHAR', time: 'VARCHAR'}"


def run() -> None:
    """Print a table: seconds (least to most) and seconds of processor time, and the ratio to the quickest of the others."""
    print(f"{'':10}{'file':9}{'way':18}{'seconds, median (least-most)':>32}{'processor':>11}{'ratio':>8}{'target':>8}")
    with TemporaryDirectory() as folder:
        for events, times in SIZES.items():
            for form, file in _files(Path(folder), events):
                _compare(events, form, _ways(form, file), times)
                file.unlink()


def _files(folder: Path, events: int) -> Iterator[tuple[str, Path]]:
    parquet, lines = folder / "log.parquet", folder / "log.jsonl"
    write_log(parquet, events)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM '{parquet}') TO '{lines}' (FORMAT json)")
    yield "parquet", parquet
    yield "jsonl", lines


def _ways(form: str, file: Path) -> dict[str, Callable[[], object]]:
    ways: dict[str, Callable[[], object]] = {"judge": lambda: _judged(file)}
    if form == "jsonl":
        source = f"read_json('{file}', format = 'newline_delimited', columns = {_TYPES})"
        ways["duckdb parses"] = lambda: _asked(
            f"SELECT sum(strlen(run)), sum(strlen(status)), sum(strlen(time)) FROM {source}"
        )
        return ways
    ways["duckdb scans"] = lambda: _asked(
        f"SELECT sum(strlen(run)), sum(strlen(status)), max(epoch_us(time)) FROM '{file}'"
    )
    if find_spec("polars") is not None:
        import polars as pl

        # max of every column: what is only counted need not be read
        ways["polars scans"] = lambda: pl.scan_parquet(file).select(pl.col("run", "status", "time").max()).collect()
    return ways


def _judged(file: Path) -> None:
    (judged,) = check_table(file, columns=COLUMNS)
    assert judged.clean.complete
    assert not judged.loose


def _asked(query: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(query).fetchall()


def _compare(events: int, form: str, ways: Mapping[str, Callable[[], object]], times: int) -> None:
    """Measure all ways in turn, so that what disturbs one disturbs the others too."""
    walls: dict[str, list[float]] = {name: [] for name in ways}
    works: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            begun, worked = perf_counter(), process_time()
            way()
            walls[name].append(perf_counter() - begun)
            works[name].append(process_time() - worked)
    limit = min(median(seconds) for name, seconds in walls.items() if name != "judge")
    for name, seconds in walls.items():
        spread = f"{median(seconds):.2f} ({min(seconds):.2f}-{max(seconds):.2f})"
        target = f"{TARGETS[form]:8.1f}" if name == "judge" else ""
        print(
            f"{events:<10.0e}{form:9}{name:18}{spread:>32}{median(works[name]):11.2f}{median(seconds) / limit:8.1f}{target}",
            flush=True,
        )
    print(json.dumps({"events": events, "form": form, "walls": walls, "works": works}), flush=True)
