"""Acknowledged changes a second, beside the bare drivers and pgbench with the same statements and the same durability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.side_by_side import Target, report
from benchmarks.store_clients import Crowd, ours, pgbench, raw_postgres, raw_sqlite
from runstate.stores import open_store
from tests.postgres import new_server

__all__ = ["run"]

CLIENTS: Final = {"disk": (1, 2, 4, 8, 16), "memory": (1, 4)}
ROUNDS: Final = 3
SHARE: Final = 0.6
"""Of what the same statements give without the library."""
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where nothing is waited for, so that the processor decides

Rate = Callable[[int, int], tuple[float, float]]
"""Clients and seconds -> changes a second, and a client's processor time for one (0 where it is not known)."""


def run() -> None:
    """On a disk, where each commit is waited for, and in memory, where only the processor counts."""
    for where in ("disk", "memory"):
        _sqlite(where)
        _postgres(where)


def _sqlite(where: str) -> None:
    with TemporaryDirectory(dir=MEMORY if where == "memory" else None) as folder:
        url = f"sqlite:///{folder}/runs.db"
        _say(url, where)
        crowd = Crowd({"runstate": partial(ours, url), "sqlite3": partial(raw_sqlite, url)}, max(CLIENTS[where]))
        _compare("SQLite", where, {name: partial(crowd.rate, name) for name in ("runstate", "sqlite3")})
        crowd.close()


def _postgres(where: str) -> None:
    with ExitStack() as stack:
        server = new_server(on_disk=where == "disk", settings="-c shared_buffers=256MB")
        stack.callback(server.remove)
        url = server.new_database()
        _say(url, where)
        crowd = Crowd({"runstate": partial(ours, url), "psycopg": partial(raw_postgres, url)}, max(CLIENTS[where]))
        stack.callback(crowd.close)
        bench = pgbench(server, url, max(CLIENTS[where]))
        ways: dict[str, Rate] = {name: partial(crowd.rate, name) for name in ("runstate", "psycopg")}
        ways["pgbench"] = lambda clients, seconds: (bench(clients, seconds), 0.0)
        _compare("PostgreSQL", where, ways)


def _say(url: str, where: str) -> None:
    """What is measured runs on: its durability is that of the library for all contestants."""
    store = open_store(url)
    facts = ", ".join(f"{name} {value}" for name, value in store.info().items())
    store.close()
    print(f"  in {where}: {facts}")


def _compare(engine: str, where: str, ways: Mapping[str, Rate]) -> None:
    found: dict[str, list[float]] = {}
    works: dict[str, float] = {}
    for number in range(ROUNDS):
        for clients in CLIENTS[where]:
            for name in list(ways)[:: 1 if number % 2 else -1]:
                rate, work = ways[name](clients, 1)
                found.setdefault(f"{name}, {clients} clients", []).append(1 / rate)
                works[f"{name}, {clients} clients"] = work
    for name, seconds in found.items():
        print(
            f"  {name:24} {1 / min(seconds):8.0f} changes/s at most, {works[name] * 1e6:6.0f} us of a client's processor"
        )
    targets = [
        Target(f"runstate, {clients} clients", f"{name}, {clients} clients", ">=", SHARE)
        for name in ways
        if name != "runstate"
        for clients in CLIENTS[where]
    ]
    report(f"store: {engine} in {where}", found, targets)
