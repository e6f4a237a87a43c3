"""Databases of earlier schema versions, and openers that are killed while they bring one up to date.

``tests/data/runs_v<n>.sql`` (SQLite) and ``runs_v<n>_postgres.sql`` (made by ``python -m tools.schema_fixture``) were written by
schema version n and are never made anew.  The mechanism is tried with a version 2 of this module's, which does more than
the real one.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from runstate.codec import encode
from runstate.errors import RunstateError
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Store, sql
from runstate.stores import postgres as postgres_store
from runstate.stores.base import Entry
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import assert_sound
from tests.crash import Tally, opened

DATA = Path(__file__).parent / "data"

NEXT: tuple[str, ...] = (
    "CREATE TABLE runstate_migrated (at_version INTEGER NOT NULL)",
    "ALTER TABLE runstate_runs ADD COLUMN note TEXT",
    "UPDATE runstate_runs SET note = status",
    "CREATE INDEX runstate_runs_note ON runstate_runs (tenant, note)",
    "INSERT INTO runstate_migrated (at_version) VALUES (2)",
)
"""A script that leads from version 1 to 2, with a statement of each kind; nothing in it stops it from running twice."""


@contextlib.contextmanager
def scripts(*more: Sequence[str]) -> Generator[None, None, None]:
    """The schema's scripts with further ones after those of version 1."""
    versions = {dialect: (found[0], *map(tuple, more)) for dialect, found in sql.SCRIPTS.items()}
    with patch.object(sql, "SCRIPTS", versions):
        yield


VERSIONS = range(1, len(sql.SCRIPTS["sqlite"]) + 1)
"""Schema versions that there were."""


def restore(target: str, *, version: int = 1, as_of_cluster: int = 0) -> None:
    """Put the data of a schema version into a new database.

    :param as_of_cluster: how many transactions more the cluster has seen that the dump is of.
    """
    if target.startswith("postgresql:"):
        with psycopg.connect(target, autocommit=True) as conn:
            conn.execute((DATA / f"runs_v{version}_postgres.sql").read_bytes())
            conn.execute("SET session_replication_role = replica")  # no triggers
            conn.execute("UPDATE public.runstate_journal SET xact = xact + %s", (as_of_cluster,))
        with psycopg.connect(target) as conn:
            for text in sql.RESTORED:
                conn.execute(text.encode())
        return
    mode, _, path = target.partition(":")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous = OFF")  # it is made for the test
        conn.execute(f"PRAGMA journal_mode = {mode}")
        conn.executescript((DATA / f"runs_v{version}.sql").read_text(encoding="utf-8"))


def everything(store: Store) -> Mapping[str, Sequence[Entry]]:
    """All journals, by run."""
    runs: Runs[Run] = Runs(store)
    return {run.id: runs.history(run.id) for run in runs.list(limit=1000).runs}


def folds(store: Store) -> dict[str, list[Any]]:
    """What each run was after each change."""
    runs: Runs[Run] = Runs(store)
    found = everything(store).items()
    return {run_id: [encode(runs.at(run_id, entry.seq)) for entry in entries] for run_id, entries in found}


def ask(store: Store, text: str) -> Sequence[Sequence[Any]]:
    """What a statement answers."""
    with store.transaction(write=False) as tx:
        rows: Sequence[Sequence[Any]] = tx._run(text, {}).rows  # type: ignore[attr-defined]
        return rows


def _opener(target: str, die_at: int | None) -> int:
    """A process that opens the store once, and is killed by itself before its statement number `die_at`."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        if die_at is None:
            opened(target).close()
        else:
            with _killed_at(die_at):
                opened(target).close()
        status = 0
    finally:
        os._exit(status)


@contextlib.contextmanager
def _killed_at(number: int) -> Generator[None, None, None]:
    left = number

    def one() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    connect, runner = SqliteStore._connect, postgres_store._runner

    def traced(self: SqliteStore) -> sqlite3.Connection:
        conn = connect(self)
        conn.set_trace_callback(lambda _: one())
        return conn

    def counted(conn: Any) -> Callable[..., Any]:
        run = runner(conn)

        def runs(text: str, values: Mapping[str, Any]) -> Any:
            one()
            return run(text, values)

        return runs

    with patch.object(SqliteStore, "_connect", traced), patch.object(postgres_store, "_runner", counted):
        yield


def migrations(target: Callable[[], str], count: int, seed: int, openers: int = 8) -> Tally:
    """Databases of version 1 and empty ones, opened by `openers` processes at once, some of which are killed.

    :param target: answers a new, empty database each time.
    """
    name = target()
    tally = Tally(f"migrations {'postgres' if name.startswith('postgresql:') else name.partition(':')[0]}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    for turn in range(count):
        place = target() if turn else name
        journals: Mapping[str, Sequence[Entry]] = {}
        with scripts():
            if turn % 4:
                restore(place)
                with contextlib.closing(opened(place)) as store:
                    journals = everything(store)
                tally.counts["of version 1"] += 1
            else:
                tally.counts["empty"] += 1
        with scripts(NEXT):
            _open_at_once(place, chance, openers, tally)
            _look(place, journals, tally)
        tally.counts["migrations"] += 1
    tally.seconds = time.monotonic() - began
    return tally


def _open_at_once(place: str, chance: random.Random, openers: int, tally: Tally) -> None:
    most = 12 if chance.random() < 0.7 else 60  # few statements come before a script, and many are in the first one
    victims = chance.randrange(1, openers)
    pids = {_opener(place, chance.randrange(most) if n < victims else None): n < victims for n in range(openers)}
    for pid, may_die in pids.items():
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            tally.counts["killed"] += 1
            tally.counts["FAULT killed by another"] += not may_die
        elif os.WEXITSTATUS(status):
            tally.counts["FAULT an opener failed"] += 1


def _look(place: str, journals: Mapping[str, Sequence[Entry]], tally: Tally) -> None:
    try:
        with contextlib.closing(opened(place)) as store:
            runs: Runs[Run] = Runs(store)
            if [row[0] for row in ask(store, "SELECT version FROM runstate_schema ORDER BY version")] != [1, 2]:
                tally.counts["FAULT version"] += 1
            if [row[0] for row in ask(store, "SELECT at_version FROM runstate_migrated")] != [2]:
                tally.counts["FAULT migrated otherwise than once"] += 1
            if ask(store, "SELECT id FROM runstate_runs WHERE note <> status OR note IS NULL"):
                tally.counts["FAULT half of a script"] += 1
            if everything(store) != journals:
                tally.counts["FAULT journals changed"] += 1
            for run_id in [*journals, runs.create(thread_id="t", assistant_id="a").id]:
                assert_sound(runs, run_id)
    except (RunstateError, AssertionError) as error:
        tally.counts["FAULT unusable"] += 1
        tally.notes.append(repr(error))
