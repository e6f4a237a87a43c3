"""A store that is full already: runs and journals put there by the database itself, as the library would have written them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg

from benchmarks.store_clients import FIELDS, literal, plain_literal
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Entry, Row, open_store, sql
from runstate.testing.clock import FakeClock
from runstate.testing.stores import payload_for

__all__ = ["EACH", "due", "ended", "load", "queued"]

AGAIN: Final = ("require_action", "submit_tool_outputs", "start")
PATH: Final = ("start", *AGAIN, *AGAIN, "cancel", "confirm_cancel")
EACH: Final = 1 + len(PATH)
"""Journal entries of a run that has ended."""
BATCH: Final = 50_000
"""Runs that one statement puts."""
STEP: Final = 1000
"""Microseconds between the creation of two runs."""

Model = tuple[Row, list[Entry]]


def _model(*events: str, ttl: float = 1e8) -> Model:
    """One run, written by the library."""
    clock = FakeClock()
    with TemporaryDirectory() as folder, closing(open_store(f"sqlite:///{folder}/runs.db")) as store:
        runs: Runs[Run] = Runs(store, clock)
        fields: dict[str, Any] = {**FIELDS, "ttl": ttl}
        run_id = runs.create(**fields).id
        for event in events:
            clock.advance(1)
            runs.fire(run_id, event, **payload_for(event))
        return runs.row(run_id), list(runs.history(run_id))


def ended() -> Model:
    """A run with `EACH` entries."""
    return _model(*PATH)


def queued() -> Model:
    """A run that waits for a worker; of many such all may be claimed at the same time."""
    return _model()


def due() -> Model:
    """A run whose time is over."""
    return _model(ttl=1)


def load(url: str, name: str, count: int, model: Model) -> None:
    """Put so many runs like the model, by the names ``{name}_0`` and so on; ten of them share a thread."""
    row, entries = model
    on_postgres = url.startswith("postgresql:")
    texts = _texts(name, row, entries, max(1, count // 10), on_postgres=on_postgres)
    store = open_store(url)
    Runs(store)
    store.close()
    run, finish = (_on_postgres if on_postgres else _on_sqlite)(url)
    for first in range(0, count, BATCH):
        for text in texts:
            run(text, {"first": first, "last": min(first + BATCH, count) - 1})
    finish()


def _texts(name: str, row: Row, entries: list[Entry], threads: int, *, on_postgres: bool) -> list[str]:
    numbers = _SERIES[on_postgres]
    told: Callable[[object], str] = literal if on_postgres else plain_literal
    later = f"n * {STEP}"

    def selected(values: Mapping[str, Any], **apart: str) -> str:
        return ", ".join(f"{apart.get(column) or told(value)} AS {column}" for column, value in values.items())

    run_id = f"'{name}_' || n"
    run_values = sql.row_values(row)
    thread = f"'thread_' || (n % {threads})"
    run = selected(run_values, id=run_id, thread=thread, created=f"{row.created} + {later}", at=f"{row.at} + {later}")
    parts = [
        f"SELECT n, {selected(values, run_id=run_id, at=f'{at} + {later}', prev=f'CAST({told(prev)} AS BIGINT)')} "
        f"FROM {numbers}"
        for values in map(sql.entry_values, entries)
        for at, prev in [(values["at"], values["prev"])]
    ]
    columns = ", ".join(sql.entry_values(entries[0]))
    found = f"({' UNION ALL '.join(parts)}) AS entries ORDER BY n, seq"
    return [
        f"INSERT INTO runstate_runs ({', '.join(run_values)}) SELECT {run} FROM {numbers}",
        f"INSERT INTO runstate_journal ({columns}) SELECT {columns} FROM {found}",
    ]


_SERIES: Final = {
    True: "generate_series((:first)::bigint, (:last)::bigint) AS numbers (n)",
    False: "(WITH RECURSIVE series (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM series WHERE n < :last) "
    "SELECT n FROM series)",
}


Loader = tuple[Callable[[str, Mapping[str, Any]], object], Callable[[], object]]


def _on_postgres(url: str) -> Loader:
    conn = psycopg.connect(url, autocommit=True)
    conn.execute("SET session_replication_role = replica")  # foreign keys hold by the way in which the rows are made

    def finish() -> None:
        conn.execute("VACUUM ANALYZE")
        conn.close()

    return lambda text, values: conn.execute(sql.respelled(text.replace("%", "%%")), values), finish


def _on_sqlite(url: str) -> Loader:
    conn = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -500000"):
        conn.execute(f"PRAGMA {pragma}")
    return conn.execute, conn.close
