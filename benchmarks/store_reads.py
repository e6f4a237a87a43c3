"""What reading, claiming and sweeping take in a store that is full, beside one that is nearly empty."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from benchmarks.side_by_side import Target, measured, report
from benchmarks.store_clients import Crowd, claims
from benchmarks.store_load import EACH, due, ended, load, queued
from runstate.record import Run
from runstate.runs import Rows, Runs
from runstate.stores import open_store
from tests.postgres import new_server

__all__ = ["Engine", "database", "run", "run_long"]

Engine = Literal["SQLite", "PostgreSQL"]
FEW: Final = 10**4
FLAT: Final = 1.5
"""How many times as long as among `FEW` journal rows a read may take."""
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - what is compared is the work, and not the disk's


@contextmanager
def database(engine: Engine, *, on_disk: bool = False, settings: str = "") -> Generator[Callable[[], str], None, None]:
    """Answers URLs of new databases."""
    if engine == "SQLite":
        with TemporaryDirectory(dir=None if on_disk else MEMORY) as folder:
            numbers = iter(range(100))
            yield lambda: f"sqlite:///{folder}/{next(numbers)}.db"
        return
    server = new_server(on_disk=on_disk, settings=f"-c shared_buffers=512MB -c max_wal_size=4GB {settings}")
    try:
        yield server.new_database
    finally:
        server.remove()


def run() -> None:
    """10^5 journal rows beside 10^4; claims where 60,000 runs wait; sweeps among 10^5."""
    for engine in ("SQLite", "PostgreSQL"):
        with database(engine) as new:
            _reads(engine, new, 10**5, FEW)
            _claims(engine, new, 60_000)
            _sweeps(engine, new, 10**5, 3000)


def run_long() -> None:
    """10^7 journal rows beside 10^4; a sweep of 10^6 runs to its end."""
    for engine in ("SQLite", "PostgreSQL"):
        with database(engine, on_disk=True, settings="-c fsync=off") as new:
            _reads(engine, new, 10**7, FEW)
            _claims(engine, new, 10**6)
            _sweeps(engine, new, 10**6, 10**6)


def _loaded(url: str, rows: int) -> Runs[Run]:
    began = time.perf_counter()
    load(url, "run", rows // EACH, ended())
    load(url, "waits", rows // EACH, queued())
    took = time.perf_counter() - began
    print(f"  {rows} journal rows of {rows // EACH} runs and as many runs that wait: loaded in {took:.1f} s")
    return Runs(open_store(url))


def _ways(runs: Runs[Run], count: int) -> dict[str, Callable[[], object]]:
    """One call of each read path, somewhere among so many runs."""
    chance = random.Random(1)
    rows = Rows(runs.store, runs.lifecycle.name)

    def somewhere() -> str:
        return f"run_{chance.randrange(count)}"

    # a quarter of the way in, and at the end
    places = [runs.history(f"run_{count // 4}")[-1].cursor, runs.history(f"run_{count - 1}")[-2].cursor]
    page = runs.list(limit=20).after
    for _ in range(20):
        page = runs.list(limit=20, after=page).after
    return {
        "get": lambda: runs.get(somewhere()),
        "history": lambda: runs.history(somewhere()),
        "list, first page": lambda: runs.list(limit=20),
        "list, a later page": lambda: runs.list(limit=20, after=page),
        "list of a thread": lambda: runs.list(thread=f"thread_{chance.randrange(max(1, count // 10))}"),
        "events, a page of the feed": lambda: runs.events(after=places[0], limit=100),
        "events, at its end": lambda: runs.events(after=places[1], limit=100),
        "follow, ten changes": lambda: list(islice(rows.follow(after=places[0]), 10)),
        "claim": lambda: runs.claim("worker"),
    }


def _reads(engine: Engine, new: Callable[[], str], many: int, few: int) -> None:
    ways: dict[str, Callable[[], object]] = {}
    names: list[str] = []
    for rows in (few, many):
        for name, act in _ways(_loaded(new(), rows), rows // EACH).items():
            names += [name] if rows == few else []
            ways[f"{name}, {rows:.0e} rows"] = act
    found = measured(ways, rounds=11, seconds=0.01, clock=time.perf_counter)
    targets = [Target(f"{name}, {many:.0e} rows", f"{name}, {few:.0e} rows", "<=", FLAT) for name in names]
    report(f"store: reading {engine}", found, targets)


def _claims(engine: Engine, new: Callable[[], str], waiting: int) -> None:
    url = new()
    load(url, "waits", waiting, queued())
    crowd = Crowd({"claim": partial(claims, url)}, 16)
    for clients in (1, 4, 16):
        rate, work = crowd.rate("claim", clients, 1.0)
        print(f"  {engine}: {rate:6.0f} claims/s of {waiting} waiting, {clients} clients ({work * 1e6:.0f} us of each)")
    crowd.close()


def _sweeps(engine: Engine, new: Callable[[], str], many: int, swept: int) -> None:
    url = new()
    load(url, "due", many, due())
    runs: Runs[Run] = Runs(open_store(url))
    began, worked = time.perf_counter(), time.process_time()
    done = len(runs.sweep(limit=swept))
    took, work = time.perf_counter() - began, time.process_time() - worked
    assert done == swept
    print(
        f"  {engine}: {done / took:6.0f} runs/s swept, {swept} of {many} that are due ({work / done * 1e6:.0f} us each)"
    )
