"""Tables as DuckDB sees them: files and frames, each as one piece of SQL with the columns that are asked for."""

from __future__ import annotations

import csv
import gzip
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Literal

import attrs
import duckdb

from runstate.conformance.bulk_rules import literal, name
from runstate.edge import loads
from runstate.errors import BadTable, DecodeError

__all__ = ["Columns", "Opened", "Order", "file_of", "open_table"]

Order = Literal["time", "row"]
_HEAD = 1 << 12


@attrs.frozen(kw_only=True)
class Columns:
    """Which columns hold what.

    :raises BadTable: where rows are to be put in the order of times, and no column holds them.
    """

    run_id: str
    status: str
    time: str | None = None
    order: Order | None = None
    """By time, then by file and row; or by file and row alone.  None: by time where there is a column of times."""

    def __attrs_post_init__(self) -> None:
        """Refuse an order that nothing gives."""
        if self.order not in {"time", "row", None}:
            raise BadTable(
                table="", problem="settings", reason="no such order", seen=self.order, allowed=("time", "row")
            )
        if self.order == "time" and self.time is None:
            raise BadTable(
                table="",
                problem="settings",
                reason="rows are to be put in the order of time, and no column holds times",
                advice="Name the column of times, or take the rows as they stand.",
            )

    @property
    def instants(self) -> str | None:
        """The column by which rows are put in order; None where they come as they stand."""
        return None if self.order == "row" else self.time

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that are read."""
        return (self.run_id, self.status, *([] if self.instants is None else [self.instants]))


@attrs.frozen(kw_only=True)
class Opened:
    """A table that can be asked."""

    file: str
    size: int
    """Bytes of a file, rows of a frame."""
    stream: str
    """SQL: the columns ``run``, ``status`` and ``time``, a text or a number of 64 bits, in the order of rows."""
    unit: str
    """What times count, all since the epoch; empty where no times are asked for."""
    source: str = ""
    """SQL: the columns ``run``, ``status``, ``time``, a number, and ``pos``; rows are counted from 0.  Empty where rows
    have no numbers before the table is copied."""
    rows: int = 0
    """How many rows ``source`` has."""
    copy: Callable[[], Opened] | None = None
    """The table with a ``source``, where it has none."""
    faults: tuple[tuple[int, DecodeError], ...] = ()
    """Line that cannot be read, and why; ``source`` does not have these."""

    def numbered(self) -> Opened:
        """The table with a ``source``; copied now, where it has to be.

        :raises BadTable: where it cannot be read.
        """
        return self if self.copy is None else _readable(self.file, self.copy)


def file_of(table: object) -> str | None:
    """The path of a table that is a file, else None."""
    return str(fspath(table)) if isinstance(table, str | PathLike) else None


def open_table(connection: duckdb.DuckDBPyConnection, table: object, index: int, columns: Columns) -> Opened:
    """Make a file or frame known to DuckDB.  Parquet is read where it is, a frame is copied.

    :raises BadTable: where it cannot be read, or has no such column.
    """
    path = file_of(table)
    file = path if path is not None else f"frame {index + 1}"

    def opened() -> Opened:
        if path is None:
            return _of_frame(connection, table, file, index, columns)
        kind = _kind(Path(path))
        if kind == "parquet":
            return _of_parquet(connection, path, columns)
        return (_of_csv if kind == "csv" else _of_json)(connection, path, index, columns)

    return _readable(file, opened)


def _readable(file: str, opened: Callable[[], Opened]) -> Opened:
    """What is opened, or a refusal of the file."""
    try:
        return opened()
    except OSError as error:
        raise BadTable(table=file, problem="unreadable", reason=error.strerror or str(error)) from error
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise BadTable(table=file, problem="unreadable", reason=_first_line(error)) from error


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _kind(path: Path) -> Literal["parquet", "csv", "json"]:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        with gzip.open(path) as inside:
            head = inside.read(_HEAD)
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else "csv"


def _pattern(path: str) -> str:
    """A path as DuckDB takes it, which reads ``*?[`` as wildcards."""
    return literal("".join(f"[{char}]" if char in "*?[" else char for char in path))


def _types(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    found = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {str(row[0]): str(row[1]) for row in found}


def _known(types: Mapping[str, str], columns: Columns, file: str) -> None:
    for column in columns.wanted:
        if column not in types:
            raise BadTable(
                table=file, problem="column", reason="there is no such column", seen=column, allowed=tuple(types)
            )


_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_WIDE = frozenset({"UBIGINT", "HUGEINT", "UHUGEINT"})
# so many digits that the product cannot overflow; TRY would do, and takes a hundred times as long where it fails
_SECONDS = "(TRY_CAST({column} AS DECIMAL(32, 6)) * 1000000)::HUGEINT"


def _instant(kind: str, column: str) -> tuple[str, str] | None:
    """The unit of a column of this type, and SQL for its values as whole numbers; None where it holds no times."""
    if kind == "TIMESTAMP_NS":
        return "nanoseconds", f"epoch_ns({column})"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return "microseconds", f"epoch_us({column}::TIMESTAMP)"
    if kind in _INTEGERS:
        return "integers", f"{column}::BIGINT"
    if kind in _WIDE:
        return "integers", f"TRY_CAST({column} AS HUGEINT)"
    if kind in {"FLOAT", "DOUBLE"} or kind.startswith("DECIMAL"):
        return "microseconds", _SECONDS.format(column=column)
    if kind == "VARCHAR":
        # with a colon in it, it is no number: what fails to be read as one costs more than all the rest
        moment = f"epoch_us(TRY_CAST({column} AS TIMESTAMPTZ))"
        return (
            "microseconds",
            f"CASE WHEN contains({column}, ':') THEN {moment} ELSE coalesce({_SECONDS.format(column=column)}, {moment}) END",
        )
    return None


def _columns(columns: Columns, types: Mapping[str, str], file: str) -> tuple[str, str, str]:
    """SQL for the columns, the same as they are streamed, and the unit of the times."""
    run, status = name(columns.run_id), name(columns.status)
    unit, time, streamed = "", "NULL::BIGINT", "0::BIGINT"
    if columns.instants is not None:
        found = _instant(types[columns.instants], name(columns.instants))
        if found is None:
            raise BadTable(
                table=file,
                problem="time",
                reason=f"the column {columns.instants!r} holds no times",
                seen=types[columns.instants],
                allowed=("timestamps", "numbers", "texts of either"),
            )
        unit, time = found
        is_text = types[columns.instants] == "VARCHAR"
        streamed = name(columns.instants) if is_text else f"TRY_CAST({time} AS BIGINT)"
    texts = f"{run}::VARCHAR AS run, {status}::VARCHAR AS status"
    return f"{texts}, {time} AS time", f"{texts}, {streamed} AS time", unit


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    ((count,),) = connection.execute(f"SELECT count(*) FROM {source}").fetchall()
    return int(count)


def _of_parquet(connection: duckdb.DuckDBPyConnection, path: str, columns: Columns) -> Opened:
    source = f"read_parquet([{_pattern(path)}], file_row_number = true, hive_partitioning = false)"
    types = _types(connection, source)
    types.pop("file_row_number", None)
    _known(types, columns, path)
    selected, streamed, unit = _columns(columns, types, path)
    return Opened(
        file=path,
        size=Path(path).stat().st_size,
        stream=f"(SELECT {streamed} FROM {source})",
        source=f"(SELECT {selected}, file_row_number AS pos FROM {source})",
        rows=_count(connection, source),
        unit=unit,
    )


def _stage(connection: duckdb.DuckDBPyConnection, source: str, index: int, selected: str) -> str:
    table = f"stage_{index}"
    connection.execute(f"CREATE TEMP TABLE {table} AS SELECT {selected} FROM {source}")
    return table


def _staged(table: str, gone: str = "") -> str:
    return f"(SELECT run, status, time, rowid AS pos FROM {table}{gone})"


def _of_frame(connection: duckdb.DuckDBPyConnection, table: object, file: str, index: int, columns: Columns) -> Opened:
    view = f"frame_{index}"
    try:
        connection.register(view, table)
    except (duckdb.Error, ImportError, TypeError, ValueError) as error:
        reason = "this is no table: neither the path of a file nor a frame of Arrow, Polars or pandas"
        raise BadTable(table=file, problem="unreadable", reason=reason, seen=type(table).__name__) from error
    types = _types(connection, view)
    _known(types, columns, file)
    selected, _, unit = _columns(columns, types, file)
    stage = _stage(connection, view, index, selected)
    connection.unregister(view)
    rows = _count(connection, stage)
    time = "0::BIGINT" if columns.instants is None else "TRY_CAST(time AS BIGINT)"
    stream = f"(SELECT run, status, {time} AS time FROM {stage})"
    return Opened(file=file, size=rows, stream=stream, source=_staged(stage), rows=rows, unit=unit)


def _of_csv(connection: duckdb.DuckDBPyConnection, path: str, index: int, columns: Columns) -> Opened:
    size = Path(path).stat().st_size
    if size == 0:
        return Opened(file=path, size=0, stream=_NOTHING, source=_NOTHING, unit="")
    delimiter, header = _header(path)
    types = dict.fromkeys(header, "VARCHAR")
    _known(types, columns, path)
    selected, streamed, unit = _columns(columns, types, path)
    # nothing is guessed from the rows: a bad one must be found bad, not taken for another way of writing them
    names = ", ".join(f"{name(column)}: 'VARCHAR'" for column in header)
    read = (
        f"read_csv([{_pattern(path)}], auto_detect = false, header = true, delim = {literal(delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{names}}}"
    )

    def copied() -> Opened:
        rejects = f"store_rejects = true, rejects_scan = 'scans_{index}', rejects_table = 'errors_{index}'"
        stage = _stage(connection, f"{read}, {rejects})", index, selected)
        refused = connection.execute(
            f"SELECT line, min(error_message), min(csv_line) FROM errors_{index} GROUP BY line ORDER BY line"
        ).fetchall()
        return attrs.evolve(
            opened,
            copy=None,
            source=_staged(stage),
            rows=_count(connection, stage),
            faults=tuple(
                (int(line), DecodeError(problem="malformed", reason=_first_line(why), seen=seen))
                for line, why, seen in refused
            ),
        )

    # a bad row is an error here, upon which the table is copied
    opened = Opened(file=path, size=size, stream=f"(SELECT {streamed} FROM {read}))", unit=unit, copy=copied)
    return opened


def _header(path: str) -> tuple[str, list[str]]:
    """How the first line separates the names of the columns, and the names."""
    opener = gzip.open if _is_gzip(path) else open
    with opener(path, "rb") as file:
        line = file.readline().decode("utf-8-sig", errors="replace")
    delimiter = max(",;\t|", key=line.count)
    return delimiter, next(csv.reader([line], delimiter=delimiter), [])


def _of_json(connection: duckdb.DuckDBPyConnection, path: str, index: int, columns: Columns) -> Opened:
    texts = dict.fromkeys(columns.wanted, "VARCHAR")
    wanted = ", ".join(f"{name(column)}: 'VARCHAR'" for column in texts)
    read = f"read_json([{_pattern(path)}], format = 'newline_delimited', ignore_errors = true"
    selected, streamed, unit = _columns(columns, texts, path)
    told = f"{read}, columns = {{{wanted}}})"

    def copied() -> Opened:
        stage = _stage(connection, told, index, selected)
        _known_in_lines(connection, stage, f"{read})", columns, path)
        # what is no JSON object is read as nulls alone: those lines are looked at once more, as the reader of logs would
        empty = connection.execute(
            f"SELECT rowid FROM {stage} WHERE run IS NULL AND status IS NULL AND time IS NULL ORDER BY rowid"
        )
        faults = tuple(_faults(path, [row for (row,) in empty.fetchall()]))
        gone = ""
        if faults:
            connection.execute(
                f"CREATE TEMP TABLE gone_{index} AS SELECT unnest(?) AS pos", [[line - 1 for line, _ in faults]]
            )
            gone = f" WHERE rowid NOT IN (SELECT pos FROM gone_{index})"
        rows = _count(connection, stage) - len(faults)
        return attrs.evolve(opened, copy=None, source=_staged(stage, gone), rows=rows, faults=faults)

    size = Path(path).stat().st_size
    opened = Opened(file=path, size=size, stream=f"(SELECT {streamed} FROM {told})", unit=unit, copy=copied)
    return opened


def _known_in_lines(connection: duckdb.DuckDBPyConnection, stage: str, read: str, columns: Columns, path: str) -> None:
    """A member that no line has is a column that there is not; its name may be wrong."""
    found = connection.execute(f"SELECT count(run), count(status), count(time), count(*) FROM {stage}").fetchone()
    if found is not None and found[3] and 0 in found[: len(columns.wanted)]:
        _known(_types(connection, read), columns, path)


_NOTHING = "(SELECT NULL::VARCHAR AS run, NULL::VARCHAR AS status, NULL::BIGINT AS time, 0 AS pos WHERE false)"


def _faults(path: str, wanted: Iterable[int]) -> Iterator[tuple[int, DecodeError]]:
    """Which rows, which are the lines that are not blank, cannot be read, and why; those that can are left out."""
    rest = iter(wanted)
    target = next(rest, None)
    if target is None:
        return
    opener = gzip.open if _is_gzip(path) else open
    with opener(path, "rb") as file:
        lines = (line for line in file if line.strip())
        for position, line in zip(itertools.count(), lines, strict=False):
            if position != target:
                continue
            try:
                value = loads(line)
            except DecodeError as fault:
                yield position + 1, fault
            else:
                if not isinstance(value, dict):
                    reason = "an observation is a JSON object"
                    yield position + 1, DecodeError(problem="type", reason=reason, seen=value, allowed="an object")
            target = next(rest, None)
            if target is None:
                return


def _is_gzip(path: str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(2) == b"\x1f\x8b"
