"""Processes whose coverage is not wanted: they are killed, or run the same lines many times over."""

from __future__ import annotations

import os


def environment() -> dict[str, str]:
    """The environment for one of them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
