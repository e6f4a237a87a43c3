"""Long tests that walk something completely: schedules of statements, a model of claims; and clocks that step.

They go on where they were stopped, and count in the same file as `tools.store_parts`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tools.store_parts import RESULTS, load, run


def _interleavings() -> bool:
    """All schedules of the statements of two actors, on SQLite in both journal modes and on PostgreSQL."""
    from tests.interleave_scenarios import SCENARIOS
    from tests.postgres import shared_server

    targets: Mapping[str, Callable[[Path], str]] = {
        "delete": lambda folder: f"delete:{folder / 'runs.db'}",
        "wal": lambda folder: f"wal:{folder / 'runs.db'}",
        "postgres": lambda _: shared_server().new_database(),
    }

    def walked(part: str, target: Callable[[Path], str]) -> bool:
        def batch(folder: Path, _seed: int) -> Any:
            done = load(RESULTS).get(part, {"counts": {}})["counts"].get("scenarios", 0)
            return walk(part, target(folder), list(SCENARIOS)[done])

        return run(part, "scenarios", len(SCENARIOS), batch)

    passed = [
        walked(f"interleavings-{name}", target) for name, target in targets.items()
    ]  # each, whatever the others say
    return all(passed)


def walk(part: str, target: str, name: str) -> Any:
    """All schedules of one scenario, as a tally."""
    from runstate.stores import sqlite
    from tests.crash import Tally
    from tests.interleave import Bench, Depth, Fault, explore
    from tests.interleave_scenarios import SCENARIOS

    sqlite._FIRST_PAUSE = 0.0  # type: ignore[misc]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the scheduler says when to look again
    tally = Tally(part)
    began = time.monotonic()
    bench = Bench(target, Depth.FULL)
    try:
        for counts, _ in explore(bench, SCENARIOS[name]):
            tally.counts["schedules"] = counts.schedules
            tally.counts["schedules in which somebody waited"] = counts.waited
    except Fault as fault:
        tally.counts["FAULT " + name] += 1
        tally.notes.append(str(fault))
    finally:
        bench.close()
    tally.counts["scenarios"] += 1
    tally.seconds = time.monotonic() - began
    return tally


INTERLEAVE_PARTS: Mapping[str, Callable[[], bool]] = {
    "interleavings": _interleavings,
}
"""For `tools.long`, which runs them by name."""
