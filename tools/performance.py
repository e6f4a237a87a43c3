"""The figures of docs/performance.md, from the results that are kept beside it."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.table import KEPT, ratios, times

__all__ = ["machine", "ratio_rows", "time_rows"]


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(KEPT.read_text())
    return kept


def machine() -> str:
    """Where the figures come from."""
    found = _kept()["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    return f"Measured on {found['cores']} cores of {found['processor']} ({found['system']}) with Python {found['python']}; {packages}."


def ratio_rows() -> list[tuple[str, ...]]:
    """A row a ratio."""
    return ratios(_kept())


def time_rows() -> list[tuple[str, ...]]:
    """A row a contestant."""
    return times(_kept())
