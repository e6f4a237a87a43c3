"""The figures of docs/scale.md: what was measured, and what follows from it for a day that no one machine judges."""

from __future__ import annotations

import json
from typing import Any, Final

from benchmarks.scale import KEPT
from tools.sources import table

__all__ = ["day", "measured"]

DAY: Final = 10**10
"""Events of the day that is reckoned with."""
SECONDS: Final = 86_400
NAMES: Final = {"table": "`check_table`", "duckdb": "the query, DuckDB", "spark": "the query, Spark in local mode"}


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(KEPT.read_text())["rows"]
    return rows


def _power(count: int) -> str:
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(str(count)) - 1))


def measured() -> str:
    """A row a size and way, and where it was measured."""
    machine = json.loads(KEPT.read_text())["machine"]
    packages = ", ".join(f"{name} {machine['packages'][name]}" for name in ("duckdb", "pyspark"))
    rows = [
        (
            _power(row["events"]),
            NAMES[row["way"]],
            f"{row['bytes'] / row['events']:.0f}",
            f"{row['processor']:,.2f}",
            f"{row['wall']:,.2f}",
            f"{row['events'] / row['processor'] / 1e6:.2f} million",
        )
        for row in _rows()
    ]
    where = f"{machine['cores']} cores of {machine['processor']}, {packages}:"
    heads = ("events", "way", "bytes of an event", "processor seconds", "wall seconds", "events per processor second")
    return f"{where}\n\n{table(heads, rows)}"


def day() -> str:
    """What a day of `DAY` events takes, by the largest measurement of each way."""
    largest = {row["way"]: row for row in _rows()}  # sizes grow from row to row
    part = largest["table"]
    size = part["bytes"] / part["events"]
    parts = DAY // part["events"]
    rows = [
        ("events in a second", f"{_power(DAY)} / {SECONDS:,}", f"{DAY / SECONDS:,.0f} on average"),
        ("Parquet in a day", f"{_power(DAY)} × {size:.1f} bytes", f"{DAY * size / 1e9:,.0f} GB"),
        ("partitions", f"{_power(DAY)} / {_power(part['events'])}", f"{parts:,}"),
        ("one partition", f"{_power(part['events'])} × {size:.1f} bytes", f"{part['events'] * size / 1e9:,.1f} GB"),
    ]
    for way, row in largest.items():
        hours = row["processor"] * DAY / row["events"] / 3600
        rows.append(
            (
                f"judging it by {NAMES[way]}",
                f"{DAY // row['events']:,} × {row['processor']:,.1f} processor seconds",
                f"{hours:,.1f} processor hours; {hours / 64 * 60:,.1f} minutes on 64 processors",
            )
        )
    return table(("what", "how it is reckoned", "result"), rows)
