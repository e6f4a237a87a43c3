"""Locks that are held for too long, and checkpoints that are too eager.  See `tests.disasters`."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psycopg

from runstate.errors import RunstateError, StoreBusy
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from tests.crash import Tally, check_journals, fork_writer, opened
from tests.disasters import Acknowledged, Request, Writer
from tests.torn import noticed

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
        if noticed(store) is not None:
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
