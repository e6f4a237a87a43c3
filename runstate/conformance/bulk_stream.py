"""Rows out of DuckDB, batch by batch in the order of files, into the compiled pass."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final

import attrs
import duckdb
import numpy as np

from runstate.conformance.bulk_pass import ODD, Full, Table, Totals
from runstate.conformance.bulk_rules import Rules
from runstate.conformance.bulk_tables import Opened
from runstate.conformance.bulk_times import read_times

__all__ = ["Passed", "passed"]

BATCH: Final = 1 << 16
"""Rows of a batch: enough that what it costs by itself is nothing, and few enough to stay near the processor."""
ROWS_A_RUN: Final = 4
"""Of which there is room for the runs at once; with more runs than that it is made as they come."""
MOST_PARTS: Final = 8
"""How often all rows are read at most, where the runs do not fit into memory at once: oftener, and DuckDB is quicker."""
MOST_LATE: Final = 1 / 16
"""Which part of the runs may have rows out of order: of more, nothing is won by a pass after which they are read again."""
_UNREADABLE: Final = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException)
FEW: Final = 1000
"""Late runs that are never too many."""


@attrs.frozen
class Passed:
    """What a pass over all tables has found."""

    rows: tuple[int, ...]
    """By table, how many there are."""
    judged: int
    """How many have been judged: all but those whose time the pass could not read."""
    totals: Totals
    same: bool
    """Whether every row has the status that is taken where none is given."""

    @property
    def doubts(self) -> bool:
        """Whether anything but legal runs was seen."""
        return bool(self.totals.suspects) or self.judged != sum(self.rows) or self.same


def passed(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Opened],
    rules: Rules,
    room: int,
    rows: int,
    progress: Callable[[str, int, int], object],
) -> Passed | None:
    """Judge all rows by one pass in the order of tables and rows; None where that is not the way to do it.

    :param room: bytes that it may take.
    :param rows: about how many there are.
    """
    if sys.byteorder != "little" or rules.count >= ODD:
        return None
    parts = 1
    while parts <= MOST_PARTS:
        try:
            return _all(connection, tables, rules, room, rows // ROWS_A_RUN // parts, parts, progress)
        except Full:
            parts *= 2
        except (_Disorder, duckdb.OutOfMemoryException, *_UNREADABLE):
            return None  # the plain way puts in order, goes to disk, or says what cannot be read, and why
    return None


class _Disorder(Exception):
    """So many rows are out of order that they must be put in order first."""


def _all(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[Opened],
    rules: Rules,
    room: int,
    runs: int,
    parts: int,
    progress: Callable[[str, int, int], object],
) -> Passed:
    rows = [0] * len(tables)
    pairs, doubtful, ended = (np.array(what) for what in (rules.pairs, rules.doubtful, rules.ended))
    found: list[Totals] = []
    counts = np.zeros(256, np.int64)
    known = sum(one.rows for one in tables) * parts
    for part in range(parts):
        table = Table(pairs, room, runs_expected=runs)
        where = f" WHERE hash(run) % {parts} = {part}" if parts > 1 else ""
        for index, one in enumerate(tables):
            query = f"SELECT run, ({rules.code('status')})::UTINYINT AS code, time FROM {one.stream}{where}"
            with closing(_ahead(connection.sql(query).to_arrow_reader(BATCH))) as batches:
                for batch in batches:
                    progress("judging", sum(rows), known)
                    _feed(table, batch)
                    rows[index] += batch.num_rows
                    if table.late > max(FEW, table.runs * MOST_LATE):
                        raise _Disorder
        total = table.total(doubtful, ended, last=False)
        # what is told of runs that broke off stands at the last row
        if rules.ends and (total.suspects or table.counts[ODD] or parts > 1):
            total = table.total(doubtful, ended, last=True)
        found.append(total)
        counts += table.counts
    missing = rules.missing
    return Passed(
        rows=tuple(rows),
        judged=sum(rows) - int(counts[ODD]),
        totals=Totals(
            sum(one.complete for one in found),
            sum(one.open for one in found),
            tuple(run for one in found for run in one.suspects),
        ),
        same=missing is not None and counts[missing] == sum(rows),
    )


def _ahead(batches: Iterator[Any]) -> Generator[Any]:
    """The same, one batch ahead: DuckDB reads the next one while the pass takes this one, 1.1 s and not 1.4 for ten million rows."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _feed(table: Table, batch: Any) -> None:
    """Hand a record batch of Arrow over, as the arrays of numbers that it consists of."""
    run, status, time = batch.columns
    codes, (ends, texts) = _numbers(status, np.uint8), _texts(run)
    if str(time.type) == "string":
        times = np.empty(len(codes), np.int64)
        stops, written = _texts(time)
        read_times(written, stops, times, codes, ODD)
    else:
        times = _numbers(time, np.int64)
        if time.null_count:
            codes[time.is_null().to_numpy(zero_copy_only=False)] = ODD
    table.feed(texts, ends, codes, times)


def _numbers(column: Any, kind: type[np.generic]) -> np.ndarray[Any, Any]:
    """A copy of the values: arrays that may not be written to are of another type, for which all would be compiled again."""
    values = column.buffers()[1]
    return np.frombuffer(values, kind, len(column), column.offset * np.dtype(kind).itemsize).copy()


def _texts(column: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Where each text begins, with the end of the last one, and the bytes of all; a missing one is empty."""
    _, ends, texts = column.buffers()
    bounds = np.frombuffer(ends, np.int32, len(column) + 1, column.offset * 4).copy()
    return bounds, np.frombuffer(texts, np.uint8) if texts is not None else np.empty(0, np.uint8)
