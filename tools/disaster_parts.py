"""The long tests of disks, locks and files: parts as those of `tools.store_parts`.  See ``tests/disasters.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tools.store_parts import Batch, run

MODES: Final = ("delete", "wal")


def _on(part: str, mode: str, unit: str, goal: int, size: int) -> bool:
    """Batches of a function of ``tests.disasters`` that takes a mode, a folder, a count and a seed."""
    from tests import disasters

    act = getattr(disasters, part)
    return run(f"{part}-{mode}", unit, goal, lambda folder, seed: act(mode, folder, size, seed))


def _full() -> bool:
    """10,000 times a full disk: 6,000 files that may not grow, 4,000 full disks; and 100 of a server's."""
    from tests import disasters

    if disasters.private_mount() is None:
        print("full: no right to mount a small disk (root, or user namespaces for everybody)")
        return False

    def disk(act: str, size: str, rounds: int) -> Batch:
        def batch(folder: Path, seed: int) -> Any:
            there = disasters.SERVERS if act == "postgres" else folder
            return disasters.on_small_disk(act, there, size, rounds, seed)

        return batch

    passed = [_on("full_by_pages", mode, "full", 3_000, 200) for mode in MODES]
    passed += [run(f"full_disk-{mode}", "full", 2_000, disk(mode, "4m", 200)) for mode in MODES]
    passed.append(run("full_disk-postgres", "full", 100, disk("postgres", "300m", 20)))
    return all(passed)


def _busy() -> bool:
    """5,000 requests refused because somebody held a lock for too long; and 1,000 on PostgreSQL."""
    from tests import disasters
    from tests.postgres import shared_server

    def server(_: Path, seed: int) -> Any:
        return disasters.busy_server(shared_server().new_database(), 250, seed)

    return all(
        [*(_on("busy", mode, "busy", 2_500, 500) for mode in MODES), run("busy-postgres", "busy", 1_000, server)]
    )


def _torn() -> bool:
    """20,000 copies with a damaged WAL or rollback journal."""
    passed = [_on("torn", mode, "copies", 10_000, 1_000) for mode in MODES]
    return all(passed)


def _wal_reset() -> bool:
    """A million changes acknowledged under eager checkpoints, in the mode that the engine at hand is given."""
    from tests import disasters

    def batch(folder: Path, seed: int) -> Any:
        return disasters.stress(f"auto:{folder / 'runs.db'}", folder, 20_000, seed, writers=3)

    return run("wal-reset", "acknowledged", 1_000_000, batch)


DISASTER_PARTS: Mapping[str, Callable[[], bool]] = {
    "full": _full,
    "busy": _busy,
    "torn": _torn,
    "wal-reset": _wal_reset,
}
"""For `tools.long`, which runs them by name."""
