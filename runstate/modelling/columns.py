"""Simulated runs as a Parquet file.  This module needs the extra ``bulk``."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory

from runstate.modelling.simulate import Simulation
from runstate.modelling.simulated import csv_lines

__all__ = ["write_parquet"]

_TYPES = {"run": "VARCHAR", "status": "VARCHAR", "event": "VARCHAR", "time": "TIMESTAMP"}


def write_parquet(simulation: Simulation, path: str | PathLike[str]) -> None:
    """Write the rows of a simulation: run, status, event, time (UTC), in the order of time.

    They pass through a temporary CSV file, so memory does not grow with their number.

    :raises ImportError: where the extra ``bulk`` is not installed.
    :raises OSError: where the file cannot be written.
    """
    import duckdb

    with TemporaryDirectory() as folder:
        text = Path(folder, "rows.csv")
        with text.open("wb") as file:
            file.writelines(csv_lines(simulation))
        with duckdb.connect() as connection:
            try:
                connection.read_csv(str(text), header=True, columns=_TYPES).write_parquet(fspath(path))
            except duckdb.IOException as wrong:
                raise OSError(str(wrong)) from wrong
