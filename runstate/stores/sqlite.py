"""`SqliteStore`: runs in one SQLite file, with nothing but the standard library.  A path is enough.

**Waiting.**  Every write begins with BEGIN IMMEDIATE, so no transaction is ever refused half way for having read first.
The wait for the lock is the store's own: short random pauses that grow.  SQLite's ``busy_timeout`` sleeps in fixed
steps, and of six processes one was measured to get 1,998 of 2,000 claims.

**Journal mode.**  SQLite 3.7.0 to 3.51.2 can lose commits in WAL mode (the WAL-reset defect, https://sqlite.org/wal.html;
fixed in 3.51.3, 3.50.7 and 3.44.6).  So a *new* file gets WAL where the engine is sound, else the rollback journal; a
file that exists keeps its mode.

**Durability.**  ``synchronous=FULL``: what was acknowledged survives the process and, as far as the disk obeys, power.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal, Self

from runstate.errors import Conflict, StoreBusy, StoreError, StoreUnavailable
from runstate.lifecycle import Lifecycle
from runstate.stores.base import Clock, Edge, legality
from runstate.stores.transaction import (
    Answer,
    Run,
    SqlTx,
    add_edges,
    check_current,
    driver_connection,
    is_current,
    knows,
    migrate,
)

__all__ = ["SqliteStore", "wal_is_sound"]

JournalMode = Literal["auto", "wal", "delete"]

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.01  # not more: who has waited long must not look less often than who comes new
_IDLE: Final = 8
"""Connections that are kept open for the next transaction."""
_TAKEN: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_TRIGGER"})


def wal_is_sound(version: tuple[int, ...]) -> bool:
    """Whether this version of SQLite is free of the WAL-reset defect."""
    if version >= (3, 51, 3):
        return True
    return (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def _host_clock() -> int:
    return time.time_ns() // 1000


def _is_busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class SqliteStore:
    """Runs in one SQLite file; safe for any number of threads and processes of one machine.

    :param path: of the file; it is made where it does not exist.
    :param journal_mode: of a *new* file: ``auto`` decides by the version of SQLite.
    :param busy_timeout: seconds to wait for the lock before `StoreBusy`.
    :param clock: microseconds since the epoch; the host's clock unless told otherwise.
    :param create: False: make neither file nor schema, refuse where they are not there.
    :raises SchemaMismatch: where the file was made by a newer version of runstate, or has lost parts of its schema.
    :raises StoreUnavailable: where the file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        journal_mode: JournalMode = "auto",
        busy_timeout: float = 30.0,
        clock: Clock | None = None,
        create: bool = True,
    ) -> None:
        self._path = os.fspath(path)
        if self._path == ":memory:" or not self._path:
            raise ValueError("each connection would see a database of its own; use MemoryStore")
        self._mode: JournalMode = journal_mode
        self._timeout = busy_timeout
        self._clock: Clock = clock or _host_clock
        self._idle: list[sqlite3.Connection] = []
        self._strangers: list[sqlite3.Connection] = []
        self._pid = os.getpid()
        self._lock = Lock()
        self._closed = False
        self._create = create
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    # -- Store ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, write: bool = True, connection: object = None) -> Generator[SqlTx, None, None]:
        if connection is not None:
            with self._part_of(connection) as run:
                yield SqlTx("sqlite", run, self._clock)
            return
        with self._begun(write=write) as conn:
            yield SqlTx("sqlite", _runner(conn), self._clock)

    def register(self, lifecycle: Lifecycle) -> None:
        self.admit(legality(lifecycle))

    def admit(self, edges: Sequence[Edge]) -> None:
        with self._begun(write=False) as conn:
            if knows(_runner(conn), edges):
                return
        with self._begun(write=True) as conn:
            add_edges(_runner(conn), edges)

    def pause(self, seconds: float) -> None:
        """Look for a commit of somebody else every few milliseconds."""
        end = time.monotonic() + seconds
        conn = self._take()
        try:
            before = conn.execute("PRAGMA data_version").fetchone()
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(left, 0.01))
                if conn.execute("PRAGMA data_version").fetchone() != before:
                    return
        except sqlite3.Error:  # busy: somebody is writing
            return
        finally:
            self._give(conn)

    def info(self) -> Mapping[str, object]:
        with self._begun(write=False) as conn:
            mode = str(conn.execute("PRAGMA journal_mode").fetchone()[0])
            synchronous = int(conn.execute("PRAGMA synchronous").fetchone()[0])
            schema = conn.execute("SELECT max(version) FROM runstate_schema").fetchone()[0]
        return {
            "engine": "sqlite",
            "version": sqlite3.sqlite_version,
            "journal_mode": mode,
            "wal_is_sound": wal_is_sound(sqlite3.sqlite_version_info),
            "synchronous": synchronous,
            "schema": schema,
        }

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- connections ---------------------------------------------------------------------------------------------------

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(reason="the store was closed", advice="Make a new one.")
            if self._pid != os.getpid():
                # a connection must not cross a fork, and closing it here would touch the parent's locks: forget it
                self._strangers += self._idle
                self._idle, self._pid = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give(self, conn: sqlite3.Connection) -> None:
        with self._lock:
            keep = not (self._closed or conn.in_transaction or len(self._idle) >= _IDLE) and self._pid == os.getpid()
            if keep:
                self._idle.append(conn)
        if not keep:
            conn.close()

    def _connect(self) -> sqlite3.Connection:
        conn: sqlite3.Connection | None = None
        try:
            conn = sqlite3.connect(
                # mode=rw: SQLite itself makes no file, also where one was removed meanwhile
                self._path if self._create else f"{Path(self._path).absolute().as_uri()}?mode=rw",
                uri=not self._create,
                timeout=0.0,
                isolation_level=None,
                check_same_thread=False,
            )
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
                self._wait(conn, f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            if conn is not None:
                conn.close()
            raise _translated(error) from error
        except StoreError:
            if conn is not None:
                conn.close()
            raise
        return conn

    def _prepare(self) -> None:
        """Choose the mode of a new file, and bring the schema up to date."""
        if not self._create and not Path(self._path).exists():
            raise StoreUnavailable(reason=f"there is no file {self._path!r}", advice="Nothing was made.")
        conn = self._connect()
        run = _runner(conn)
        try:
            self._wait(conn, "BEGIN")
            self._wait(conn, "SELECT 1 FROM sqlite_master")
            new = not run("SELECT 1 FROM sqlite_master LIMIT 1", {}).rows
            if not self._create:
                check_current(run, "sqlite")
            current = not new and is_current(run, "sqlite")
            there = str(
                run("PRAGMA journal_mode", {}).rows[0][0]
            )  # within the transaction, where nobody can be in the way
            conn.execute("ROLLBACK")
            if new:
                sound = wal_is_sound(sqlite3.sqlite_version_info)
                mode = ("wal" if sound else "delete") if self._mode == "auto" else self._mode
                self._wait(conn, f"PRAGMA journal_mode = {mode}")
            elif there == "wal":
                self._warn_of_wal()
            if not current:
                self._wait(conn, "BEGIN IMMEDIATE")
                migrate(run, "sqlite")
                self._wait(conn, "COMMIT")
        except sqlite3.Error as error:
            raise _translated(error) from error
        finally:
            if conn.in_transaction:
                with suppress(sqlite3.Error):
                    conn.execute("ROLLBACK")
            self._give(conn)

    def _warn_of_wal(self) -> None:
        if self._mode == "wal" or wal_is_sound(sqlite3.sqlite_version_info):
            return  # asked for, or harmless
        warnings.warn(
            f"{self._path} is in WAL mode and SQLite {sqlite3.sqlite_version} can lose commits in it; "
            "use SQLite 3.51.3 or later, or change the mode while nobody has the file open",
            RuntimeWarning,
            stacklevel=4,
        )

    @contextmanager
    def _begun(self, *, write: bool) -> Generator[sqlite3.Connection, None, None]:
        conn = self._take()
        try:
            if write:
                self._wait(conn, "BEGIN IMMEDIATE")
            else:
                self._wait(conn, "BEGIN")
                self._wait(conn, "SELECT 1 FROM sqlite_master LIMIT 1")  # now it may read, whoever writes
            yield conn
            self._commit(conn)
        finally:
            if conn.in_transaction:
                with suppress(sqlite3.Error):
                    conn.execute("ROLLBACK")
            self._give(conn)

    def _commit(self, conn: sqlite3.Connection) -> None:
        try:
            self._wait(conn, "COMMIT")  # in rollback mode readers make it wait; the transaction stands until then
        except StoreUnavailable as error:
            # where there was no room SQLite has rolled back; any other failure may have come after the last write
            full = getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            error.outcome = "none" if full or conn.in_transaction else "unknown"
            raise

    def _wait(self, conn: sqlite3.Connection, text: str) -> None:
        """Execute a statement as soon as the lock can be had."""
        _patiently(lambda: conn.execute(text).close(), self._timeout)

    @contextmanager
    def _part_of(self, connection: object) -> Generator[Run, None, None]:
        conn = driver_connection(connection, sqlite3.Connection)
        if not conn.execute("PRAGMA foreign_keys").fetchone()[0]:
            raise StoreError(
                reason="the connection does not enforce foreign keys, on which legality in the database rests",
                advice="Execute PRAGMA foreign_keys = ON on it before its transaction begins.",
            )
        run = _runner(conn)
        if not conn.in_transaction:
            if conn.isolation_level is None:
                raise StoreError(
                    reason="the connection commits by itself and no transaction was begun on it",
                    advice="Execute BEGIN IMMEDIATE first, and COMMIT when done.",
                )
            self._wait(conn, "BEGIN IMMEDIATE")
        run("SAVEPOINT runstate", {})
        try:
            yield run
        except BaseException:
            with suppress(StoreError):
                run("ROLLBACK TO runstate", {})
                run("RELEASE runstate", {})
            raise
        run("RELEASE runstate", {})


def _runner(conn: sqlite3.Connection) -> Run:
    def run(text: str, values: Mapping[str, Any]) -> Answer:
        try:
            cursor = conn.cursor()
            cursor.row_factory = None
            cursor.execute(text, values)
            answer = Answer(cursor.fetchall(), cursor.rowcount)
            cursor.close()
        except (sqlite3.Error, OverflowError) as error:
            raise _translated(error) from error
        else:
            return answer

    return run


def _patiently(act: Callable[[], object], timeout: float) -> None:
    """Repeat what finds the database busy, with random growing pauses, so that every waiter gets its turn."""
    began = time.monotonic()
    longest = _FIRST_PAUSE
    while True:
        try:
            act()
        except sqlite3.Error as error:
            waited = time.monotonic() - began
            if not _is_busy(error):
                raise _translated(error) from error
            if waited >= timeout:
                raise _translated(error, waited) from error
        else:
            return
        time.sleep(random.uniform(0.0, longest))  # noqa: S311 - fairness, not secrecy
        longest = min(longest * 1.25, _LONGEST_PAUSE)


def _translated(error: Exception, waited: float = 0.0) -> StoreError:
    """The driver's error as one of runstate's."""
    name = getattr(error, "sqlite_errorname", "")
    if isinstance(error, sqlite3.IntegrityError):
        if name in _TAKEN:
            return Conflict(reason=f"the database has it already ({error})", advice="Look again.")
        return StoreError(reason=f"the database refuses the write ({error})")
    if isinstance(error, sqlite3.Error) and _is_busy(error):
        reason = f"the database was locked by another writer ({error})"
        return StoreBusy(reason=reason, seconds=waited, advice="Try again, or raise busy_timeout.")
    if isinstance(error, OverflowError):
        return StoreError(reason=f"a number does not fit 64 bits ({error})")
    return StoreUnavailable(reason=f"SQLite cannot go on: {error}")
