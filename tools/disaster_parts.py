"""The long tests of disks, locks and files: parts as those of `tools.store_parts`.  See ``tests/disasters.py``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tools.store_parts import Batch, run

MODES: Final = ("delete", "wal")


def _both(part: str, unit: str, goal: int, act: Callable[[str, Path, int, int], Any], size: int) -> bool:
    """Batches of a function that takes a mode, a folder, a count and a seed, to the goal in each mode."""

    def batch(mode: str) -> Batch:
        return lambda folder, seed: act(mode, folder, size, seed)

    passed = [run(f"{part}-{mode}", unit, goal, batch(mode)) for mode in MODES]
    return all(passed)


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

    passed = [_both("full-pages", "full", 3_000, disasters.full_by_pages, 200)]
    passed += [run(f"full-disk-{mode}", "full", 2_000, disk(mode, "4m", 200)) for mode in MODES]
    passed.append(run("full-disk-postgres", "full", 100, disk("postgres", "300m", 20)))
    return all(passed)


def _busy() -> bool:
    """5,000 requests refused because somebody held a lock for too long; and 1,000 on PostgreSQL."""
    from tests import contention
    from tests.postgres import shared_server

    def server(_: Path, seed: int) -> Any:
        return contention.busy_server(shared_server().new_database(), 250, seed)

    passed = [_both("busy", "busy", 2_500, contention.busy, 500), run("busy-postgres", "busy", 1_000, server)]
    return all(passed)


def _torn() -> bool:
    """20,000 copies with a damaged WAL or rollback journal."""
    from tests import torn

    return _both("torn", "copies", 10_000, torn.torn, 1_000)


def _wal_reset() -> bool:
    """A million changes acknowledged under eager checkpoints, in the mode that the engine at hand is given."""
    from tests import contention

    def batch(folder: Path, seed: int) -> Any:
        return contention.stress(f"auto:{folder / 'runs.db'}", folder, 20_000, seed, writers=3)

    return run("wal-reset", "acknowledged", 1_000_000, batch)


def _migrations() -> bool:
    """2,000 databases opened by eight processes at once, some of which are killed."""
    from tests import upgrades
    from tests.postgres import shared_server

    def files(mode: str, folder: Path, count: int, seed: int) -> Any:
        numbers = itertools.count()
        return upgrades.migrations(lambda: f"{mode}:{folder / f'{next(numbers)}.db'}", count, seed)

    def server(_: Path, seed: int) -> Any:
        return upgrades.migrations(shared_server().new_database, 50, seed)

    passed = [
        _both("migrations", "migrations", 800, files, 100),
        run("migrations-postgres", "migrations", 400, server),
    ]
    return all(passed)


DISASTER_PARTS: Mapping[str, Callable[[], bool]] = {
    "full": _full,
    "busy": _busy,
    "torn": _torn,
    "wal-reset": _wal_reset,
    "migrations": _migrations,
}
"""For `tools.long`, which runs them by name."""
