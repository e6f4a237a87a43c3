"""Full disks, and what reaches a disk, as functions with a count and a seed; see `tests.crash` for the style.

The tests call them small, ``tools.disaster_parts`` calls them large.  What needs a disk of its own runs as a program
(``python -m tests.disasters``) in a mount namespace that ends with it.  See also `tests.contention`, `tests.torn` and
`tests.upgrades`.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import psycopg

from runstate.errors import NotFound, StoreBusy, StoreUnavailable
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Store
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import payload_for
from tests import unmeasured
from tests.crash import EVENTS, ROOT, Tally, check_journals, opened
from tests.postgres import Server, new_server

Acknowledged = list[tuple[str, int, str]]

SERVERS = Path("/dev/shm")
"""Where `tests.postgres` puts the data of a server."""

# -- requests that are told apart, so that each can be repeated --------------------------------------------------------


@attrs.frozen
class Request:
    """One change that is asked for, with a key: it can be asked for again."""

    run_id: str
    seq: int
    act: Callable[[], Run]


class Writer:
    """Drives one run after the other, and remembers what was acknowledged."""

    def __init__(self, store: Store, chance: random.Random, name: str) -> None:
        self.runs: Runs[Run] = Runs(store)
        self.chance = chance
        self.name = name
        self.acknowledged: Acknowledged = []
        self._number = 0
        self._seq = len(EVENTS) + 1

    def request(self) -> Request:
        """The next change of the present run, or a new run where that has ended."""
        if self._seq > len(EVENTS):
            run_id = f"run_{self.name}_{self._number + 1}"
            padding = self.chance.randbytes(self.chance.randrange(6000)).hex()  # nothing that can be compressed

            def create() -> Run:
                return self.runs.create(id=run_id, thread_id="t", assistant_id="a", instructions=padding, key=run_id)

            return Request(run_id, 1, create)
        run_id, seq, event = f"run_{self.name}_{self._number}", self._seq + 1, EVENTS[self._seq - 1]
        return Request(run_id, seq, lambda: self.runs.fire(run_id, event, key=f"{seq}", **payload_for(event)))

    def done(self, request: Request, run: Run) -> None:
        """The request was answered."""
        self.acknowledged.append((request.run_id, request.seq, run.status))
        self._number += request.seq == 1
        self._seq = request.seq

    def rev(self, run_id: str) -> int:
        """How many changes of the run are there; 0 for no run."""
        try:
            return self.runs.row(run_id).rev
        except NotFound:
            return 0


# -- T8: a full disk ---------------------------------------------------------------------------------------------------


def write_until_full(writer: Writer, tally: Tally, room: Callable[[], object], most: int = 100) -> None:
    """Write until there is no room, look at what is there, make room, and ask for the same again."""
    error: StoreUnavailable | StoreBusy | None = None
    for _ in range(most):
        request = writer.request()
        error = _refusal(writer, request)
        if error is not None:
            break
    else:
        tally.counts["never full"] += 1
        room()
        return
    tally.counts["full"] += 1
    outcome = error.outcome if isinstance(error, StoreUnavailable) else "none"
    tally.counts[f"outcome {outcome}"] += 1
    there = _attempt(lambda: writer.rev(request.run_id))
    if outcome == "none" and there not in (request.seq - 1, None):
        tally.counts["FAULT something of it was done"] += 1
    tally.counts["not readable while full"] += there is None
    room()
    end = time.monotonic() + 60
    while (again := _refusal(writer, request)) is not None:
        if isinstance(writer.runs.store, SqliteStore) or time.monotonic() > end:
            tally.counts["FAULT does not go on"] += 1
            tally.notes.append(f"{again!r} {again.__cause__!r}")
            return
    if writer.rev(request.run_id) != request.seq:
        tally.counts["FAULT not applied once"] += 1


def _refusal(writer: Writer, request: Request) -> StoreUnavailable | StoreBusy | None:
    """Ask; the error where there is no room, or no server any more.  Any other error is a fault of the store and passes."""
    try:
        writer.done(request, request.act())
    except (StoreUnavailable, StoreBusy) as error:
        return error
    return None


def _attempt(act: Callable[[], int]) -> int | None:
    try:
        return act()
    except (StoreUnavailable, StoreBusy):
        return None


class CappedStore(SqliteStore):
    """A file that may have so many pages and no more."""

    pages = 2**31 - 2

    def _take(self) -> sqlite3.Connection:
        conn = super()._take()
        conn.execute(f"PRAGMA max_page_count = {self.pages}").close()
        return conn

    def size(self) -> int:
        """Pages of the file."""
        conn = super()._take()
        try:
            return int(conn.execute("PRAGMA page_count").fetchone()[0])
        finally:
            self._give(conn)


def full_by_pages(mode: str, folder: Path, count: int, seed: int) -> Tally:
    """Let the file grow by k pages and no more, for k from 0 to 7."""
    tally = Tally(f"full pages {mode}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    with CappedStore(folder / f"pages-{mode}-{seed}.db", journal_mode=mode) as store:  # type: ignore[arg-type]
        writer = Writer(store, chance, f"{seed}")

        def room() -> None:
            store.pages = CappedStore.pages

        for turn in range(count):
            store.pages = store.size() + turn % 8
            write_until_full(writer, tally, room)
        check_journals(store, tally, writer.acknowledged)
    tally.seconds = time.monotonic() - began
    return tally


class Ballast:
    """A file that takes the room of a small disk away, but for some blocks."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ballast"

    def leave(self, blocks: int) -> None:
        """Take everything but so many blocks of 4,096 bytes."""
        self.remove()
        disk = os.statvfs(self._file.parent)
        size = max(0, disk.f_bavail * disk.f_frsize - blocks * 4096)
        with self._file.open("wb") as out:
            os.posix_fallocate(out.fileno(), 0, size) if size else None

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


def full_disk(mode: str, disk: Path, count: int, seed: int) -> Tally:
    """The same with a disk that is full: the room is left block by block.  Every 40 rounds begin with a new file."""
    tally = Tally(f"full disk {mode}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    ballast = Ballast(disk)
    for first in range(0, count, 40):
        path = disk / f"{first}.db"
        ballast.leave(chance.randrange(30))
        try:
            SqliteStore(path, journal_mode=mode).close()  # type: ignore[arg-type]
            tally.counts["opened while full"] += 1
        except StoreUnavailable:
            tally.counts["not opened while full"] += 1
        ballast.remove()
        with SqliteStore(path, journal_mode=mode) as store:  # type: ignore[arg-type]
            writer = Writer(store, chance, f"{seed}")
            for turn in range(first, min(count, first + 40)):
                ballast.leave(turn % 12)
                write_until_full(writer, tally, ballast.remove)
            check_journals(store, tally, writer.acknowledged)
        for file in disk.glob(f"{first}.db*"):
            file.unlink()
    tally.seconds = time.monotonic() - began
    return tally


def full_server(disk: Path, count: int, seed: int) -> Tally:
    """PostgreSQL with its data on a disk that is full: tables cannot grow, and every fifth time neither can its log."""
    tally = Tally("full disk postgres", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    ballast = Ballast(disk)
    server = new_server()
    assert server.folder.parent == disk, "the server is on another disk"
    try:
        url = server.new_database()
        with PostgresStore(url, max_connections=2, timeout=1.0) as store:
            writer = Writer(store, chance, f"{seed}")

            def room() -> None:
                ballast.remove()
                _revive(server)

            for turn in range(count):
                ballast.leave(turn % 12)
                if turn % 5 == 4:
                    _end_the_log(server)
                    tally.counts["logs full"] += 1
                write_until_full(writer, tally, room)
            check_journals(store, tally, writer.acknowledged)
    finally:
        ballast.remove()
        server.remove()
    tally.seconds = time.monotonic() - began
    return tally


def _end_the_log(server: Server) -> None:
    """Ask for new files of the write-ahead log until there is no room for one: the server panics."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(server.url, autocommit=True) as admin:
        for _ in range(40):
            admin.execute("SELECT pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()")


def _revive(server: Server, seconds: float = 60.0) -> None:
    """Wait until the server answers; start it where it has ended."""
    end = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(server.url).close()
        except psycopg.Error:
            if time.monotonic() > end:
                raise
            if not _is_alive(server):
                with contextlib.suppress(subprocess.CalledProcessError):
                    server.start()
            time.sleep(0.05)
        else:
            return


def _is_alive(server: Server) -> bool:
    try:
        os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), 0)
    except (OSError, IndexError, ValueError):
        return False
    return True


def private_mount() -> list[str] | None:
    """The command that gives a program mounts of its own, or None where that is not allowed."""
    tool = shutil.which("unshare")
    if tool is None:
        return None
    for options in ([] if os.geteuid() else ["--mount"], ["--map-root-user", "--mount"]):
        command = [tool, *options]
        probe = [*command, "sh", "-c", "mount -t tmpfs -o size=64k none /tmp"]
        if options and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return command
    return None


def on_small_disk(act: str, folder: Path, size: str, count: int, seed: int) -> Tally:
    """Run one of the functions above as a program whose `folder` is a small disk of its own.

    :param act: ``delete`` or ``wal``: `full_disk` in that mode; ``postgres``: `full_server`.
    """
    command = private_mount()
    assert command is not None, "no right to mount"
    program = [sys.executable, "-m", "tests.disasters", act, str(folder), str(count), str(seed)]
    script = f'mount -t tmpfs -o size={size},mode=1777 none "$0" && exec "$@"'
    answer = subprocess.run(
        [*command, "sh", "-c", script, str(folder), *program],
        cwd=ROOT,
        env=unmeasured.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Any] = json.loads(answer.stdout)
    tally = Tally(told.pop("part"), notes=told["notes"], seconds=told["seconds"], seed=seed)
    tally.counts.update(told["counts"])
    return tally


# -- T22: what is acknowledged was synced ------------------------------------------------------------------------------

_SYNC = re.compile(r"\bf(?:data)?sync\(\d+\)\s+= 0")


def syncs(mode: str, folder: Path, count: int) -> Tally:
    """Let ``strace`` see what a writer asks of the disk: between two acknowledgements stands at least one sync."""
    tally = Tally(f"syncs {mode}")
    began = time.monotonic()
    trace = folder / "trace"
    program = [sys.executable, "-m", "tests.disasters", "write", f"{mode}:{folder / 'runs.db'}", str(count)]
    answer = subprocess.run(
        ["strace", "-f", "-e", "trace=fsync,fdatasync,write", "-s", "64", "-o", str(trace), *program],
        cwd=ROOT,
        env=unmeasured.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    since = 0
    for line in trace.read_text().split("\n"):
        if _SYNC.search(line):
            tally.counts["syncs"] += 1
            since += 1
        elif re.search(r'\bwrite\(1, "run_', line):
            tally.counts["acknowledged"] += 1
            tally.counts["FAULT acknowledged before it was synced"] += since == 0
            since = 0
    tally.seconds = time.monotonic() - began
    return tally


def write_some(target: str, count: int) -> None:
    """A program of `syncs`: one line for each acknowledged change."""
    with opened(target) as store:  # type: ignore[attr-defined]
        writer = Writer(store, random.Random(0), "s")
        for _ in range(count):
            request = writer.request()
            writer.done(request, request.act())
            os.write(1, f"{request.run_id} {request.seq}\n".encode())


def _main(act: str, *arguments: str) -> None:
    if act == "write":
        write_some(arguments[0], int(arguments[1]))
        return
    disk, count, seed = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    tally = full_server(disk, count, seed) if act == "postgres" else full_disk(act, disk, count, seed)
    sys.stdout.write(json.dumps(attrs.asdict(tally)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
