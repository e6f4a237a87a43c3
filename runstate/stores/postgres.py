"""`PostgresStore`: runs in PostgreSQL 13 or later, by psycopg 3 and its pool (extra ``postgres``).

READ COMMITTED suffices: every write is an UPDATE guarded by what was read, of a row that was locked before it was read,
and the clock is read after the lock was had.  Wake-ups by NOTIFY are a hint and off unless asked for: a transaction
that notifies takes a lock of the whole cluster while it commits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final, Self

import psycopg
from psycopg import errors as pg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from runstate.errors import Conflict, StoreBusy, StoreError, StoreUnavailable
from runstate.lifecycle import Lifecycle
from runstate.stores import sql
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
    schema_version,
)

__all__ = ["PostgresStore"]

Connection = psycopg.Connection[Any]

_CHANNEL: Final = "runstate"
_BEGIN: Final = {
    True: b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    False: b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


class PostgresStore:
    """Runs in a PostgreSQL database; safe for any number of threads, processes and machines.

    :param url: as psycopg takes it: ``postgresql://user@host/database`` or ``host=… dbname=…``.
    :param max_connections: of the pool.
    :param timeout: seconds to wait for a connection before `StoreBusy`.
    :param notify: send and await NOTIFY as a wake-up hint.
    :param clock: microseconds since the epoch; the database's clock unless told otherwise.  For tests.
    :param create: False: make no schema, refuse where it is not there; and refuse at once, with the reason, where the
        server is not there, in place of waiting for it.
    :raises SchemaMismatch: where the schema is newer than this version of runstate, or has lost parts.
    :raises StoreUnavailable: where the database cannot be reached.
    """

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 10,
        timeout: float = 30.0,
        notify: bool = False,
        clock: Clock | None = None,
        create: bool = True,
    ) -> None:
        if not create:
            _check_reachable(url, timeout)
        self._url = url
        self._timeout = timeout
        self._most = max_connections
        self._notify = notify
        self._clock = clock
        self._pid = os.getpid()
        self._lock = Lock()
        self._listener: Connection | None = None
        self._pool = self._new_pool()
        try:
            self._prepare(create=create)
        except BaseException:
            self._pool.close()
            raise

    # -- Store ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, write: bool = True, connection: object = None) -> Generator[SqlTx, None, None]:
        if connection is not None:
            with self._part_of(connection) as run:
                yield self._tx(run)
            return
        with self._begun(write=write) as conn:
            run = _runner(conn)
            yield self._tx(run)
            if write and self._notify:
                run(f"NOTIFY {_CHANNEL}", {})

    def register(self, lifecycle: Lifecycle) -> None:
        self.admit(legality(lifecycle))

    def admit(self, edges: Sequence[Edge]) -> None:
        with self._begun(write=False) as conn:
            if knows(_runner(conn), edges):
                return
        with self._begun(write=True) as conn:
            run = _runner(conn)
            run(sql.SCHEMA_LOCK, {})
            add_edges(run, edges)

    def pause(self, seconds: float) -> None:
        """Sleep, or await a NOTIFY where the store was told to."""
        if not self._notify:
            time.sleep(seconds)
            return
        with self._lock:  # one listener serves one waiter at a time; the others poll
            try:
                if self._listener is None or self._listener.closed:
                    self._listener = psycopg.connect(self._url, autocommit=True)
                    self._listener.execute(f"LISTEN {_CHANNEL}".encode())
                for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                    pass
            except psycopg.Error:
                self._listener = None
                time.sleep(seconds)

    def info(self) -> Mapping[str, object]:
        with self._begun(write=False) as conn:
            run = _runner(conn)
            return {
                "engine": "postgresql",
                "version": run("SHOW server_version", {}).rows[0][0],
                "synchronous_commit": run("SHOW synchronous_commit", {}).rows[0][0],
                "schema": schema_version(run, "postgres"),
                "notify": self._notify,
            }

    def close(self) -> None:
        if self._pid == os.getpid():
            self._pool.close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- connections ---------------------------------------------------------------------------------------------------

    def _new_pool(self) -> ConnectionPool[Connection]:
        return ConnectionPool(
            self._url,
            min_size=0,
            max_size=self._most,
            open=True,
            timeout=self._timeout,
            max_idle=120.0,
            configure=_configured,
            kwargs={"autocommit": True, "row_factory": tuple_row},
            name="runstate",
        )

    def _tx(self, run: Run) -> SqlTx:
        return SqlTx("postgres", run, self._clock)

    def _prepare(self, *, create: bool) -> None:
        with self._begun(write=False) as conn:
            if not create:
                check_current(_runner(conn), "postgres")
            if is_current(_runner(conn), "postgres"):
                return
        with self._begun(write=True) as conn:
            run = _runner(conn)
            run(sql.SCHEMA_LOCK, {})
            migrate(run, "postgres")

    @contextmanager
    def _begun(self, *, write: bool) -> Generator[Connection, None, None]:
        pool = self._pool_here()
        conn = self._begin(pool, write=write)
        try:
            yield conn
            self._commit(conn)
        finally:
            if conn.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
                with suppress(psycopg.Error):
                    conn.execute(b"ROLLBACK")
            pool.putconn(conn)

    def _pool_here(self) -> ConnectionPool[Connection]:
        with self._lock:
            if self._pid != os.getpid():  # connections and threads do not cross a fork
                self._pool, self._pid, self._listener = self._new_pool(), os.getpid(), None
            return self._pool

    def _begin(self, pool: ConnectionPool[Connection], *, write: bool) -> Connection:
        """A connection with a transaction on it.  Idle ones that the server has dropped are replaced in silence."""
        for left in range(self._most, -1, -1):
            try:
                conn = pool.getconn()
            except PoolTimeout as error:
                _check_reachable(self._url, min(self._timeout, 5.0))  # the pool does not say why
                reason = "no connection was to be had"
                advice = "Try again, or raise max_connections."
                raise StoreBusy(reason=reason, seconds=self._timeout, advice=advice) from error
            except psycopg.Error as error:
                raise StoreUnavailable(reason=f"PostgreSQL cannot be reached: {error}") from error
            try:
                conn.execute(_BEGIN[write])
            except psycopg.Error as error:
                pool.putconn(conn)  # it is broken, and the pool drops it
                if not left:
                    raise _translated(error) from error
            except BaseException:
                pool.putconn(conn)
                raise
            else:
                return conn
        raise AssertionError  # pragma: no cover - the last round returns or raises

    def _commit(self, conn: Connection) -> None:
        try:
            conn.execute(b"COMMIT")
        except psycopg.Error as error:
            translated = _translated(error)
            if isinstance(translated, StoreUnavailable):
                translated.outcome = "unknown"
                translated.advice = "Ask again with the same idempotency key."
            raise translated from error

    @contextmanager
    def _part_of(self, connection: object) -> Generator[Run, None, None]:
        conn: Connection = driver_connection(connection, psycopg.Connection)
        if conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
            raise StoreError(
                reason="the connection commits by itself and no transaction was begun on it",
                advice="Call within its transaction().",
            )
        run = _runner(conn)
        run("SAVEPOINT runstate", {})
        try:
            yield run
        except BaseException:
            with suppress(StoreError):
                run("ROLLBACK TO SAVEPOINT runstate", {})
                run("RELEASE SAVEPOINT runstate", {})
            raise
        run("RELEASE SAVEPOINT runstate", {})


def _check_reachable(url: str, timeout: float) -> None:
    """Connect once: the pool would try again in silence until its time is over, and not say why it failed."""
    try:
        psycopg.connect(url, connect_timeout=max(2, int(timeout))).close()
    except psycopg.Error as error:
        raise StoreUnavailable(reason=f"PostgreSQL cannot be reached: {str(error).strip()}") from error


def _configured(conn: Connection) -> None:
    """What is acknowledged must be on disk, whatever the server's default."""
    row = conn.execute(b"SHOW synchronous_commit").fetchone()
    if row is not None and row[0] == "off":
        conn.execute(b"SET synchronous_commit = on")


def _runner(conn: Connection) -> Run:
    cursor = conn.cursor(row_factory=tuple_row)  # one for all statements: a new one each time took 30 us

    def run(text: str, values: Mapping[str, Any]) -> Answer:
        try:
            cursor.execute(sql.respelled(text), values or None)
            # not cursor.description, which describes each of 28 columns, 200 us a change
            answers = cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.TUPLES_OK
            return Answer(cursor.fetchall() if answers else [], cursor.rowcount)
        except psycopg.Error as error:
            raise _translated(error) from error

    return run


def _translated(error: psycopg.Error) -> StoreError:
    """The driver's error as one of runstate's."""
    text = str(error).strip().partition("\n")[0]
    if isinstance(error, pg.UniqueViolation):
        return Conflict(reason=f"the database has it already ({text})", advice="Look again.")
    if isinstance(error, psycopg.IntegrityError):
        return StoreError(reason=f"the database refuses the write ({text})")
    if isinstance(error, pg.SerializationFailure | pg.DeadlockDetected | pg.LockNotAvailable | pg.QueryCanceled):
        return StoreBusy(reason=f"the database could not get to it ({text})", advice="Try again.")
    if isinstance(error, psycopg.DataError):
        return StoreError(reason=f"the database cannot store a value ({text})")
    return StoreUnavailable(reason=f"PostgreSQL cannot go on: {text}", advice="Try again.")
