"""Long tests of the fast ways: that they answer as the plain ones do.  They go on where they were stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

from tools.store_parts import ROOT, run

COUNTS: Final = ROOT / "build" / "fast_ways.json"


def _fast_ways() -> bool:
    """1,000,000 simulated histories, each step and document compiled and plain."""
    from tests.crash import Tally
    from tests.fast_ways import history

    def batch(_: Path, seed: int) -> Any:
        tally = Tally("fast-ways", seed=seed)
        began, random = time.monotonic(), Random(seed)  # noqa: S311 - not for secrets
        for _history in range(20_000):
            faults = history(random, tally.counts)
            tally.counts["FAULT the two ways differ"] += len(faults)
            tally.notes += faults[:3]
        tally.seconds = time.monotonic() - began
        return tally

    return run("fast-ways", "histories", 1_000_000, batch, file=COUNTS)


SPEED_PARTS: Final[dict[str, Callable[[], bool]]] = {"fast-ways": _fast_ways}
