"""A log of any size for the benchmarks of tables: interleaved runs with ids as the assistant's are, in the order of time."""

from __future__ import annotations

from pathlib import Path

import duckdb

from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.columns import write_parquet
from runstate.modelling.simulate import simulate

__all__ = ["write_log"]

MEMORY = "4GB"
"""What sorting the rows may take; beyond it, it works on disk."""


def write_log(file: Path, events: int) -> None:
    """Write simulated runs, each many times over under other ids, as a Parquet file of run, status and time."""
    seed = file.with_name("seed.parquet")
    write_parquet(simulate(ASSISTANTS_RUN, 5_000, 1), seed)
    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = '{file.parent}'")
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        rows = connection.execute(f"SELECT count(*) FROM '{seed}'").fetchone()
        copies = -(-events // (rows or (1,))[0])
        many = (
            "SELECT 'run_' || substr(md5(run || '_' || copy), 1, 24) AS run, status, time + to_microseconds(copy * 37) AS time "
            f"FROM '{seed}', range({copies}) copies(copy) ORDER BY time LIMIT {events}"
        )
        connection.execute(f"COPY ({many}) TO '{file}'")
    seed.unlink()
