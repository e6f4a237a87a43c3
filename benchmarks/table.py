"""Every ratio beside its target: printed at the end of a run, and put on the page of the documentation from what is kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.side_by_side import RESULTS, clock_words

__all__ = ["KEPT", "keep", "printed", "ratios", "times"]

KEPT: Final = Path(__file__).resolve().parents[1] / "docs" / "performance.json"
"""The results that the documentation quotes."""
HEADS: Final = ("benchmark", "what to what", "ratio", "quartiles", "target", "")


def ratios(results: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row a ratio, of everything that was measured: benchmark, what, ratio, spread, target, whether it was reached."""
    return [
        (
            name,
            " / ".join(pair),
            f"{ratio['median']:.2f}",
            f"{ratio['low']:.2f}–{ratio['high']:.2f}",
            f"{'≤' if target['sign'] == '<=' else '≥'} {target['bound']:g}",
            "reached" if ratio["reached"] else "not reached",
        )
        for name, ratio in _every(results, "ratios")
        for target in (ratio["target"],)
        for pair in (
            (target["ours"], target["theirs"]) if target["sign"] == "<=" else (target["theirs"], target["ours"]),
        )
    ]


def times(results: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row a contestant: benchmark, contestant, least and median time of one call."""
    return [
        (name, contestant, clock_words(found["least"]), clock_words(found["median"]))
        for name, entry in results.items()
        if name != "machine"
        for contestant, found in entry["seconds"].items()
    ]


def _every(results: Mapping[str, Any], what: str) -> Iterator[tuple[str, Any]]:
    for name, entry in results.items():
        if name != "machine":
            for one in entry[what]:
                yield name, one


def printed(path: Path = RESULTS) -> str:
    """The table as text, for a terminal."""
    rows = [HEADS, *ratios(json.loads(path.read_text()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def keep() -> None:
    """Make the last results those that the documentation quotes; ``make gen`` writes them into it."""
    shutil.copyfile(RESULTS, KEPT)
