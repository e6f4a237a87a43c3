"""The long tests of the stores: each part goes on where it was stopped and adds its counts to one JSON.

``make test-long PART=kill-sqlite`` runs one of them to its goal; the file is
``docs/reliability.json``, and `make gen` puts it into words.
"""

from __future__ import annotations

import fcntl
import json
import operator
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
RESULTS: Final = ROOT / "docs" / "reliability.json"
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - in memory, so that no disk decides the time

Batch = Callable[[Path, int], Any]
"""A folder and a seed -> the tally of one batch."""


def load(file: Path) -> dict[str, Any]:
    """What was counted so far."""
    loaded: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return loaded


def commit() -> str:
    """The commit that is checked out."""
    git = shutil.which("git") or "git"
    answer = subprocess.run([git, "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def add(file: Path, part: str, tally: Any) -> dict[str, Any]:
    """Add one batch; parts may run side by side, and one that is stopped leaves the old file or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _add(file, part, tally)


def _add(file: Path, part: str, tally: Any) -> dict[str, Any]:
    everything = load(file)
    entry = everything.setdefault(
        part, {"counts": {}, "seconds": 0.0, "batches": 0, "seeds": [], "faulty": [], "notes": []}
    )
    for name, count in tally.counts.items():
        before = entry["counts"].get(name)
        add_up = min if name.startswith("smallest") else operator.add
        entry["counts"][name] = count if before is None else add_up(before, count)
    entry["seconds"] = round(entry["seconds"] + tally.seconds, 1)
    entry["batches"] += 1
    entry["commit"] = commit()
    entry["seeds"].append(tally.seed)
    if tally.faults:
        entry["faulty"].append(tally.seed)
        entry["notes"] += tally.notes
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(everything, sort_keys=True, indent=1) + "\n")
    fresh.replace(file)
    result: dict[str, Any] = entry
    return result


def run(part: str, unit: str, goal: int, batch: Batch, *, file: Path = RESULTS) -> bool:
    """Batches until the goal is reached; whether no fault was found, ever."""
    entry = load(file).get(part, {"counts": {}, "batches": 0})
    while entry["counts"].get(unit, 0) < goal:
        seed = zlib.crc32(f"{part} {entry['batches']}".encode())  # another one each time, and the same on each machine
        folder = Path(tempfile.mkdtemp(prefix="long", dir=MEMORY if MEMORY.is_dir() else None))
        try:
            entry = add(file, part, batch(folder, seed))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{time.strftime('%H:%M:%S')} {part}: {entry['counts'].get(unit, 0)} of {goal} {unit}", flush=True)
    faults = {name: count for name, count in entry["counts"].items() if name.startswith("FAULT") and count}
    print(f"{part}: {entry['counts']}")
    return not faults


def _kill_sqlite() -> bool:
    """100,000 SIGKILLs of writers on SQLite, half of them in each journal mode."""
    from tests import crash

    def batch(mode: str) -> Batch:
        return lambda folder, seed: crash.kill_writers(f"{mode}:{folder / 'runs.db'}", folder, 500, seed)

    passed = [run(f"kill-sqlite-{mode}", "kills", 50_000, batch(mode)) for mode in ("delete", "wal")]
    return all(passed)


def _on_postgres(part: str, unit: str, goal: int, batch: Callable[[str, Path, int], Any]) -> bool:
    from tests.postgres import shared_server

    return run(part, unit, goal, lambda folder, seed: batch(shared_server().new_database(), folder, seed))


def _kill_postgres() -> bool:
    """20,000 SIGKILLs of writers on PostgreSQL."""
    from tests import crash

    return _on_postgres("kill-postgres", "kills", 20_000, lambda url, f, seed: crash.kill_writers(url, f, 500, seed))


def _end_backends() -> bool:
    """20,000 backends of PostgreSQL ended under writers who repeat their requests."""
    from tests import crash

    return _on_postgres("end-backends", "ended", 20_000, lambda url, _, seed: crash.end_backends(url, 500, seed))


def _kill_server() -> bool:
    """300 crashes of the whole server."""
    from tests import crash
    from tests.postgres import new_server

    def batch(folder: Path, seed: int) -> Any:
        server = new_server()
        try:
            return crash.kill_server(server, folder, 10, seed)
        finally:
            server.remove()

    return run("kill-server", "server kills", 300, batch)


def _races() -> bool:
    """100,000 races on each store."""
    from runstate.stores import MemoryStore
    from tests import crash

    def on(target: Callable[[Path], str]) -> Batch:
        def batch(folder: Path, seed: int) -> Any:
            stores = [crash.opened(target(folder)) for _ in range(2)]
            try:
                return crash.races(stores, 1000, seed)
            finally:
                for store in stores:
                    store.close()

        return batch

    from tests.postgres import shared_server

    passed = [
        run("races-memory", "races", 100_000, lambda _, seed: crash.races([MemoryStore()], 1000, seed)),
        run("races-sqlite", "races", 100_000, on(lambda folder: f"delete:{folder / 'runs.db'}")),
        run("races-postgres", "races", 100_000, on(lambda _: shared_server().new_database())),
    ]
    return all(passed)


def _claims() -> bool:
    """200,000 claims by six processes on each store."""
    from tests import crash

    def sqlite(folder: Path, seed: int) -> Any:
        return crash.claims_by_processes(f"delete:{folder / 'runs.db'}", folder, 5000, 6, seed)

    return all(
        [
            run("claims-sqlite", "claims", 200_000, sqlite),
            _on_postgres(
                "claims-postgres", "claims", 200_000, lambda u, f, s: crash.claims_by_processes(u, f, 5000, 6, s)
            ),
        ]
    )


def _zombies() -> bool:
    """20,000 holders stopped past their lease, on each store."""
    from tests import crash

    def sqlite(folder: Path, seed: int) -> Any:
        return crash.zombies(f"delete:{folder / 'runs.db'}", 200, seed)

    return all(
        [
            run("zombies-sqlite", "zombies", 20_000, sqlite),
            _on_postgres("zombies-postgres", "zombies", 20_000, lambda url, _, seed: crash.zombies(url, 200, seed)),
        ]
    )


STORE_PARTS: Mapping[str, Callable[[], bool]] = {
    "kill-sqlite": _kill_sqlite,
    "kill-postgres": _kill_postgres,
    "end-backends": _end_backends,
    "kill-server": _kill_server,
    "races": _races,
    "claims": _claims,
    "zombies": _zombies,
}
"""For `tools.long`, which runs them by name."""
