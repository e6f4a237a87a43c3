"""Full disks, locked and torn files, as functions with a count and a seed; see `tests.crash` for the style.

The tests call them small, ``tools.disaster_parts`` calls them large.  What needs a disk of its own runs as a program
(``python -m tests.disasters``) in a mount namespace that ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import psycopg

from runstate.errors import NotFound, RunstateError, StoreBusy, StoreUnavailable
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Store
from runstate.stores.base import Entry, Row
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import assert_sound, payload_for
from tests.crash import EVENTS, ROOT, Tally, check_journals, findings_of, fork_writer, opened
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
        env={**os.environ, "COVERAGE_PROCESS_START": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Any] = json.loads(answer.stdout)
    tally = Tally(told.pop("part"), notes=told["notes"], seconds=told["seconds"], seed=seed)
    tally.counts.update(told["counts"])
    return tally


# -- T9: somebody holds the lock for too long --------------------------------------------------------------------------


@contextlib.contextmanager
def _held(path: Path, how: str) -> Generator[None, None, None]:
    """A lock that outlasts everybody: of a writer, or of a reader, whom only a commit in rollback mode waits for."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE" if how == "writer" else "BEGIN")
        conn.execute("SELECT count(*) FROM runstate_runs")
        yield
        conn.execute("ROLLBACK")  # in rollback mode even a COMMIT of nothing waits for readers


def busy(mode: str, folder: Path, count: int, seed: int) -> Tally:
    """Ask for changes while a writer, or a reader, holds the file longer than anybody waits."""
    tally = Tally(f"busy {mode}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    path = folder / f"busy-{mode}-{seed}.db"
    timeout = 0.004
    with SqliteStore(path, journal_mode=mode, busy_timeout=timeout) as hasty:  # type: ignore[arg-type]
        writer = Writer(hasty, chance, f"{seed}")
        while tally.counts["busy"] < count:
            how = chance.choice(("writer", "reader", "upgrade"))
            request = writer.request()
            before = writer.rev(request.run_id)
            if how == "upgrade":
                _upgrade(path, writer, tally)
            else:
                with _held(path, how):
                    _refused_as_busy(writer, request, tally, timeout)
            if writer.rev(request.run_id) not in (before, request.seq):
                tally.counts["FAULT part of it was done"] += 1
            if writer.rev(request.run_id) == before:
                writer.done(request, request.act())
            tally.counts[how] += 1
        check_journals(hasty, tally, writer.acknowledged)
    tally.seconds = time.monotonic() - began
    return tally


def _refused_as_busy(writer: Writer, request: Request, tally: Tally, timeout: float) -> None:
    before = writer.rev(request.run_id)
    try:
        writer.done(request, request.act())
        tally.counts["went through"] += 1  # in WAL mode a reader is in nobody's way
    except StoreBusy as error:
        tally.counts["busy"] += 1
        tally.counts["FAULT did not wait"] += error.seconds < timeout
        tally.counts["FAULT part of it was done"] += writer.rev(request.run_id) != before
    except RunstateError as error:
        tally.counts["FAULT another error"] += 1
        tally.notes.append(f"{error!r} {error.__cause__!r}")


def _upgrade(path: Path, writer: Writer, tally: Tally) -> None:
    """A host that has read in its transaction, and lets runstate write in it while another writes: refused at once."""
    host = sqlite3.connect(path, isolation_level=None, timeout=0.0)
    try:
        host.execute("PRAGMA foreign_keys = ON")
        host.execute("BEGIN")
        seen = host.execute("SELECT count(*) FROM runstate_journal").fetchone()
        with _held(path, "writer"):
            try:
                writer.runs.create(thread_id="t", assistant_id="a", connection=host)
                tally.counts["FAULT wrote beside a writer"] += 1
            except StoreBusy:
                tally.counts["busy"] += 1
                tally.counts["upgrades refused"] += 1
            if host.execute("SELECT count(*) FROM runstate_journal").fetchone() != seen:
                tally.counts["FAULT the host's transaction is broken"] += 1
        host.execute("COMMIT")
    except RunstateError as error:
        tally.counts["FAULT another error"] += 1
        tally.notes.append(f"{error!r} {error.__cause__!r}")
    finally:
        host.close()


def busy_server(url: str, count: int, seed: int) -> Tally:
    """PostgreSQL: a row that somebody has locked, and a pool whose connections are all in use."""
    tally = Tally("busy postgres", seed=seed)
    began = time.monotonic()
    impatient = f"{url}&options=-c%20lock_timeout%3D5"
    with PostgresStore(impatient, max_connections=1) as hasty, psycopg.connect(url) as holder:
        hasty._pool.timeout = 0.01  # from now on: the first connection may take its time
        writer = Writer(hasty, random.Random(seed), f"{seed}")
        for turn in range(count):
            request = writer.request()
            before = writer.rev(request.run_id)
            if request.seq > 1 and turn % 2:
                holder.execute("SELECT 1 FROM runstate_runs WHERE id = %s FOR UPDATE", (request.run_id,))
                held: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
                tally.counts["rows locked"] += 1
            else:
                held = hasty.transaction()
                tally.counts["pools empty"] += 1
            with held:
                try:
                    request.act()
                    tally.counts["FAULT went through"] += 1
                except StoreBusy:
                    tally.counts["busy"] += 1
            holder.rollback()
            tally.counts["FAULT part of it was done"] += writer.rev(request.run_id) != before
            writer.done(request, request.act())
        check_journals(hasty, tally, writer.acknowledged)
    tally.seconds = time.monotonic() - began
    return tally


# -- T10: torn and flipped files ---------------------------------------------------------------------------------------


@attrs.frozen
class Snapshot:
    """The files of a database as they were at one moment of its use, and what had been committed by then."""

    name: str
    files: Mapping[str, bytes]
    """By what is appended to the path of the database."""
    damaged: str
    """Which of them is to be damaged."""
    entries: Sequence[Entry]
    states: Sequence[frozenset[Row]]
    """All rows as they were after so many entries."""
    touched: bool | None
    """Of a rollback journal: whether the database itself was touched, so that only an undamaged journal brings it back;
    where it was not, nothing at all may be missing.  None of a WAL."""


class _UnevenStore(SqliteStore):
    """Nothing is moved from the WAL to the database but on demand; a transaction spills soon where it shall."""

    spills = False

    def _connect(self) -> sqlite3.Connection:
        conn = super()._connect()
        conn.execute("PRAGMA wal_autocheckpoint = 0").close()
        if self.spills:
            conn.execute("PRAGMA cache_size = 1").close()
        return conn


class _Told(Writer):
    """A writer that remembers what the database held after each change, and has the judge look at the whole."""

    def __init__(self, store: Store, seed: int) -> None:
        super().__init__(store, random.Random(seed), f"{seed}")
        self.states: list[frozenset[Row]] = [frozenset()]

    def write(self, count: int) -> None:
        for _ in range(count):
            request = self.request()
            self.done(request, request.act())
            self.states.append(_rows(self.runs))

    def copied(self, path: Path, name: str, damaged: str, *, touched: bool | None = None) -> Snapshot:
        """The files as they are now."""
        entries = self.runs.events(limit=1000)
        for run_id in {entry.run_id for entry in entries}:
            assert_sound(self.runs, run_id)
            assert not findings_of(self.runs, run_id)
        files = {end: path.with_name(path.name + end).read_bytes() for end in ("", damaged)}
        return Snapshot(name, files, damaged, entries, self.states, touched)


def _rows(runs: Runs[Run]) -> frozenset[Row]:
    return frozenset(runs.row(run.id) for run in runs.list(limit=1000).runs)


def snapshots_of_wal(folder: Path, seed: int) -> list[Snapshot]:
    """A WAL that holds everything; one after a checkpoint; one that was begun anew over older frames."""
    path = folder / f"wal-{seed}.db"
    found: list[Snapshot] = []
    with _UnevenStore(path, journal_mode="wal") as store:
        writer = _Told(store, seed)
        for name, mode in (("all in the WAL", None), ("checkpointed", "PASSIVE"), ("begun anew", "RESTART")):
            if mode is not None:
                with contextlib.closing(sqlite3.connect(path)) as conn:
                    conn.execute(f"PRAGMA wal_checkpoint({mode})")
            writer.write(9)
            found.append(writer.copied(path, name, "-wal"))
    return found


def snapshots_of_journal(folder: Path, seed: int) -> list[Snapshot]:
    """A transaction half way: its rollback journal begun, and the database untouched, or partly written already."""
    path = folder / f"journal-{seed}.db"
    found: list[Snapshot] = []
    with _UnevenStore(path, journal_mode="delete") as store:
        writer = _Told(store, seed)
        writer.write(15)
        committed = path.read_bytes()
        for name, touched in (("not yet written", False), ("partly written", True)):
            store.spills = touched
            with contextlib.closing(store._connect()) as conn:
                conn.execute("BEGIN IMMEDIATE")
                for _ in range(12):
                    conn.execute("UPDATE runstate_runs SET queue = hex(randomblob(400)), edits = edits + 1")
                files = {end: path.with_name(path.name + end).read_bytes() for end in ("", "-journal")}
                conn.execute("ROLLBACK")
            assert (files[""] != committed) is touched, "the moment was missed"
            found.append(attrs.evolve(writer.copied(path, name, ""), files=files, damaged="-journal", touched=touched))
    return found


def _damage(data: bytes, chance: random.Random) -> bytes:
    """Cut the file off, turn some of its bits, or blank one of its sectors."""
    where = chance.randrange(len(data))
    act = chance.choice(("cut", "bits", "sector"))
    if act == "cut":
        return data[:where]
    changed = bytearray(data)
    if act == "sector":
        start = where // 512 * 512
        changed[start : start + 512] = bytes(len(changed[start : start + 512]))
    else:
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def torn(mode: str, folder: Path, count: int, seed: int) -> Tally:
    """Open copies of a live database whose WAL or rollback journal is damaged: a prefix, or refused, nothing else."""
    tally = Tally(f"torn {mode}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    snapshots = (snapshots_of_wal if mode == "wal" else snapshots_of_journal)(folder, seed)
    for turn in range(count):
        snapshot = chance.choice(snapshots)
        path = folder / f"torn-{mode}-{seed}-{turn}.db"
        for end, data in snapshot.files.items():
            damaged = _damage(data, chance) if end == snapshot.damaged else data
            path.with_name(path.name + end).write_bytes(damaged)
        tally.counts["copies"] += 1
        try:
            verdict = _verdict(path, mode, snapshot)
        except RunstateError as error:
            verdict = f"refused as {type(error).__name__}"
        except Exception as error:  # noqa: BLE001 - that is the fault which is looked for
            verdict = "FAULT an error that is none of runstate's"
            tally.notes.append(f"{snapshot.name}, copy {turn}: {error!r}")
        tally.counts[f"{snapshot.name}: {verdict}" if not verdict.startswith("FAULT") else verdict] += 1
        if verdict.startswith("FAULT"):
            tally.notes.append(f"{snapshot.name}, copy {turn}: {verdict}")
        for file in folder.glob(f"{path.name}*"):
            file.unlink()
    tally.seconds = time.monotonic() - began
    return tally


def _verdict(path: Path, mode: str, snapshot: Snapshot) -> str:
    with SqliteStore(path, journal_mode=mode) as store:  # type: ignore[arg-type]
        runs: Runs[Run] = Runs(store)
        entries = runs.events(limit=1000)
        many = len(entries)
        if list(entries) == list(snapshot.entries[:many]) and _rows(runs) == snapshot.states[many]:
            if snapshot.touched is False and many != len(snapshot.entries):
                return "FAULT an acknowledged change is gone"
            runs.create(id="one more", thread_id="t", assistant_id="a")
            assert_sound(runs, "one more")
            return "whole" if many == len(snapshot.entries) else "prefix"
        if snapshot.touched:
            return f"noticed by {_notices(store) or _fold_notices(runs) or 'nobody'}"
        return "FAULT neither a prefix nor refused"


def _fold_notices(runs: Runs[Run]) -> str | None:
    try:
        for run_id in {entry.run_id for entry in runs.events(limit=1000)}:
            assert_sound(runs, run_id)
    except AssertionError:
        return "the fold"
    return None


def _notices(store: SqliteStore) -> str | None:
    """Which of SQLite's own checks finds the damage."""
    with store.transaction(write=False) as tx:
        if [row[0] for row in tx._run("PRAGMA integrity_check", {}).rows] != ["ok"]:
            return "integrity_check"
        return "foreign_key_check" if tx._run("PRAGMA foreign_key_check", {}).rows else None


# -- T19: the journal mode that was chosen, under checkpoints ----------------------------------------------------------


def stress(target: str, folder: Path, count: int, seed: int, writers: int = 2) -> Tally:
    """Writers, readers and eager checkpoints in processes of their own until so many changes were acknowledged."""
    tally = Tally(f"stress {target.partition(':')[0]}", seed=seed)
    began = time.monotonic()
    opened(target).close()
    path = target.partition(":")[2]
    logs = [folder / f"{Path(path).name}-{seed}-{n}" for n in range(writers)]
    pids = {fork_writer(target, log): "writer" for log in logs}
    pids[_forked(lambda: _checkpoint_for_ever(path))] = "checkpointer"
    pids[_forked(lambda: _read_for_ever(target))] = "reader"
    acknowledged: Acknowledged = []
    try:
        while len(acknowledged) < count:
            time.sleep(0.05)
            acknowledged = [(word[0], int(word[1]), word[2]) for log in logs for word in _words(log)]
            gone = [pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0]]
            for pid in gone:
                tally.counts[f"FAULT {pids.pop(pid)} ended"] += 1
            if gone:
                tally.notes += [file.read_text() for file in folder.glob("*.error")]
                break
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    acknowledged = [(word[0], int(word[1]), word[2]) for log in logs for word in _words(log)]
    with opened(target) as store:  # type: ignore[attr-defined]
        tally.counts[f"in mode {store.info()['journal_mode']}"] += len(acknowledged)
        if _notices(store) is not None:
            tally.counts["FAULT integrity"] += 1
        check_journals(store, tally, acknowledged)
    tally.seconds = time.monotonic() - began
    return tally


def _words(log: Path) -> list[list[str]]:
    """The whole lines of a log of acknowledgements."""
    text = log.read_text() if log.exists() else ""
    return [line.split(" ") for line in text[: text.rfind("\n") + 1].splitlines()]


def _forked(act: Callable[[], None]) -> int:
    """A process that does something until it is killed; it ends by itself only where that fails."""
    pid = os.fork()
    if pid:
        return pid
    try:
        act()
    finally:
        os._exit(1)


def _checkpoint_for_ever(path: str) -> None:
    conn = sqlite3.connect(path, isolation_level=None, timeout=60.0)
    while True:
        for mode in ("PASSIVE", "PASSIVE", "RESTART", "TRUNCATE"):
            with contextlib.suppress(sqlite3.OperationalError):  # locked
                conn.execute(f"PRAGMA wal_checkpoint({mode})")
            time.sleep(0.001)


def _read_for_ever(target: str) -> None:
    """What was committed stays: the journal never grows shorter, and its numbers have no gap."""
    store = opened(target)
    most = 0
    while True:
        with store.transaction(write=False) as tx:
            (rows, last) = tx._run("SELECT count(*), coalesce(max(pos), 0) FROM runstate_journal", {}).rows[0]  # type: ignore[attr-defined]
        assert rows == last >= most
        most = rows


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
        env={**os.environ, "COVERAGE_PROCESS_START": ""},
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
