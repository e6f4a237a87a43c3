"""What keeping a journal costs on PostgreSQL: bytes a row, loading, and removing what is old, row by row or by the partition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import psycopg

from benchmarks.store_load import EACH, ended, load
from benchmarks.store_reads import database
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import open_store

__all__ = ["run"]

SIZES: Final = (10**6, 10**7)
"""Journal rows."""
SHARE: Final = 10
"""One run in so many is removed."""

SIZE: Final = b"""SELECT c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid) FROM pg_class c
    WHERE c.relname IN ('runstate_journal', 'runstate_runs') ORDER BY 1"""
INDEXES: Final = b"""SELECT i.indexrelid::regclass::text, pg_relation_size(i.indexrelid) FROM pg_index i
    WHERE i.indrelid IN ('runstate_journal'::regclass, 'runstate_runs'::regclass) ORDER BY 2 DESC"""
PARTITIONS: Final = (
    "CREATE TABLE parts (LIKE runstate_journal) PARTITION BY RANGE (run_id)",
    *(f"CREATE TABLE part_{n} PARTITION OF parts FOR VALUES FROM ('run_{n}') TO ('run_{n}~')" for n in range(1, 10)),
    "CREATE TABLE part_0 PARTITION OF parts DEFAULT",
    "INSERT INTO parts SELECT * FROM runstate_journal WHERE run_id >= 'run_1' AND run_id < 'run_3'",
    "CREATE UNIQUE INDEX ON parts (tenant, run_id, seq)",
    "CREATE UNIQUE INDEX ON parts (tenant, run_id, seq, target, lifecycle)",
    "CREATE INDEX ON parts (tenant, xact, pos)",
    "CHECKPOINT",
)
"""The journal by its runs' ids, which are in the order of time where they are made so: two parts of it are filled."""


def run() -> None:
    """With the library's durability, on a disk."""
    for rows in SIZES:
        with database("PostgreSQL", on_disk=True) as new:
            _measure(new(), rows)


def _timed(what: str, act: Callable[[], int]) -> None:
    began = time.perf_counter()
    rows = act()
    took = time.perf_counter() - began
    print(f"  {what:52} {took:9.2f} s {rows / took:12.0f} journal rows/s", flush=True)


def _measure(url: str, rows: int) -> None:
    runs = rows // EACH

    def loaded() -> int:
        load(url, "run", runs, ended())
        return rows

    _timed(f"{rows:.0e}: load, with all indexes", loaded)
    with psycopg.connect(url, autocommit=True) as conn:
        for name, table, indexes in conn.execute(SIZE).fetchall():
            each = rows if name == "runstate_journal" else runs
            print(f"  {name:32} {table / each:7.0f} bytes a row, and {indexes / each:7.0f} of indexes")
        for name, size in conn.execute(INDEXES).fetchall():
            print(f"    {name:56} {size / 2**20:9.1f} MiB")
        driver: Runs[Run] = Runs(open_store(url))

        def pruned() -> int:
            return EACH * len(driver.prune(older_than=0, limit=runs // SHARE).run_ids)

        _timed("prune, 500 runs a transaction", pruned)
        driver.store.close()
        _timed("VACUUM of what they left", lambda: _done(conn, "VACUUM runstate_journal, runstate_runs", rows // SHARE))
        for text in PARTITIONS:
            conn.execute(text.encode())
        (held,) = conn.execute(b"SELECT count(*) FROM part_1").fetchone() or (0,)
        _timed(f"DROP of a partition of {held} rows", lambda: _done(conn, "DROP TABLE part_1", held))


def _done(conn: psycopg.Connection, text: str, rows: int) -> int:
    conn.execute(text.encode())
    return rows
