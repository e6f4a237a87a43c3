"""The bulk judge: whole tables of runs and statuses, larger than memory, judged by rules that the lifecycle gives.

Large tables go through one compiled pass (`bulk_stream`), which finds the runs that may have something wrong.  SQL does
the same for small ones, for what the pass has found, and for what does not suit it: of each run the numbers of its statuses
are put in order, and each distinct path is judged once, by the pairs of statuses in it.  Runs of which the judge would
have nothing to say are counted and left alone; the rows of all others are fetched and fed to an ordinary `Monitor`, so that
the findings are the very same ones.  Runs are told apart by their ids and never by a hash alone: no collision can hide a fault.

This module needs the extra ``bulk``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import attrs
import duckdb

from runstate.conformance.bulk_rules import Rules, literal
from runstate.conformance.bulk_tables import Columns, Opened, open_table
from runstate.conformance.check import Clean, Judged
from runstate.conformance.monitor import Monitor
from runstate.errors import BadTable, DecodeError
from runstate.lifecycles import CATALOGUE
from runstate.observations import Observation

if TYPE_CHECKING:
    from runstate.conformance.bulk_stream import Passed

__all__ = ["Columns", "Progress", "check_table"]

Progress = Callable[[str, int, int], object]
"""(what is being done, steps done, steps in all), called at the beginning of each step."""

LEAST_ROWS: Final = 3_000_000
"""Rows for which the compiled pass is worth loading: that takes 0.7 s, then 0.19 us a row, and SQL 0.45 us a row."""
_BYTES_A_ROW: Final = 20
"""In files of texts, whose rows have not been counted: a quarter of what they are, since SQL takes 1.2 us a row there."""
MOST_PARTS: Final = 1 << 6
"""Parts that the runs are judged in at most, where memory is short."""
FETCH: Final = 10_000
"""Rows that are fetched at a time."""


def check_table(
    *tables: object,
    columns: Columns,
    monitor: Monitor | None = None,
    memory: str | None = None,
    progress: Progress | None = None,
) -> tuple[Judged, ...]:
    """Judge tables in which each row is a status of a run; several are one log, in the order given.

    Run ids and statuses are read as texts, whatever their type.  In each run rows come in the order of time, and those
    of equal times in the order of file and row.  A row without a time is an error of its own (RS501), as is one that
    cannot be read; the others are judged without it.  In a finding, ``line`` is the number of the row in its table,
    from 1 on, without the names of the columns and without blank lines.

    :param tables: paths of Parquet, CSV or JSON lines files, or frames of Arrow, Polars or pandas.
    :param monitor: a fresh one that says how to judge, and takes the runs in which something is found; ``auto`` judges
        rows as polls.
    :param memory: what DuckDB may take, as in ``"1GB"``, and the runs of a compiled pass two thirds of the same; beyond it,
        the work goes on in parts and on disk.  None: most of what the machine has.
    :returns: what was found, one a table; they share the monitor.  Runs without findings are in ``clean``, counted.
    :raises BadTable: where a table cannot be read or has no such column, or where the settings make no sense.
    """
    judge = monitor if monitor is not None else Monitor()
    if judge.assume.window or judge.assume.skew:
        raise BadTable(
            table="",
            problem="settings",
            reason="rows are judged in the order of their times, so none is taken to be late",
            seen="window" if judge.assume.window else "skew",
            allowed=("lost", "duplicates"),
        )
    lifecycle = judge.lifecycle or next(iter(CATALOGUE.values()))
    with TemporaryDirectory(prefix="runstate-") as folder, duckdb.connect() as connection:
        _set_up(connection, folder, memory)
        told = progress or (lambda _what, _done, _all: None)
        opened: list[Opened] = []
        for index, table in enumerate(tables):
            told("reading", index, len(tables))
            opened.append(open_table(connection, table, index, columns))
        work = _Work(connection, tuple(opened), Rules.of(lifecycle, judge), columns, judge, told)
        try:
            return work.judged()
        except duckdb.Error as error:
            names = " + ".join(one.file for one in opened)
            problem = "memory" if isinstance(error, duckdb.OutOfMemoryException) else "unreadable"
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise BadTable(table=names, problem=problem, reason=reason) from error


def _set_up(connection: duckdb.DuckDBPyConnection, folder: str, memory: str | None) -> None:
    connection.execute("SET temp_directory = ?", [folder])
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    if memory is None:
        return
    try:
        connection.execute("SET memory_limit = ?", [memory])
    except duckdb.Error as error:
        raise BadTable(
            table="", problem="settings", reason="this is no size of memory", seen=memory, allowed=("1GB", "800MiB")
        ) from error


def _bytes_of(size: str) -> int:
    """A size as DuckDB writes it, such as ``953.6 MiB``."""
    number, unit = size.split()
    return int(float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB").index(unit))


@attrs.define(eq=False)
class _Work:
    """One call of `check_table`."""

    connection: duckdb.DuckDBPyConnection
    opened: tuple[Opened, ...]
    rules: Rules
    columns: Columns
    monitor: Monitor
    progress: Progress
    timeless: list[int] = attrs.field(init=False, factory=list)
    """By table, how many of its rows have no time."""
    key: str = attrs.field(init=False, default="")
    """SQL: a number by which rows come in their order, with that of the status as its last digit."""

    def judged(self) -> tuple[Judged, ...]:
        """Everything, step by step."""
        found = self._passed()
        if found is None or found.doubts:
            self.opened = tuple(one.numbered() for one in self.opened)
            self._feed_faults()
        else:
            self.opened = tuple(attrs.evolve(one, rows=rows) for one, rows in zip(self.opened, found.rows, strict=True))
            self.timeless = [0] * len(self.opened)
        self._same_units()
        counts = [one.rows - less for one, less in zip(self.opened, self.timeless, strict=True)]
        # where the pass has seen other times than DuckDB, what it has seen is worth nothing
        if found is None or (self.columns.instants is not None and found.judged != sum(counts)):
            clean = self._plainly()
        else:
            before, complete, ongoing = self.monitor.observations, found.totals.complete, found.totals.open
            if found.totals.suspects:
                self._pick(found.totals.suspects)
                rest = self._plainly()
                complete, ongoing = complete + rest.complete, ongoing + rest.open
            rows = sum(counts) - (self.monitor.observations - before)
            clean = Clean(observations=rows, complete=complete, open=ongoing)
        self.monitor.close()
        if any(counts):
            self.monitor.recognised = self.rules.lifecycle
        return tuple(
            Judged(
                file=one.file,
                monitor=self.monitor,
                size=one.size,
                observations=count,
                clean=clean if index == 0 else Clean(),
            )
            for index, (one, count) in enumerate(zip(self.opened, counts, strict=True))
        )

    # -- the quick way ------------------------------------------------------------------------------------------------

    def _passed(self) -> Passed | None:
        """What a compiled pass over the tables has found; None where it does not suit them, or cannot be had."""
        rows = sum(one.rows or one.size // _BYTES_A_ROW for one in self.opened)
        if rows < LEAST_ROWS:
            return None
        if any(find_spec(module) is None for module in ("numba", "pyarrow")):
            return None
        from runstate.conformance.bulk_stream import passed  # takes half a second to import

        room = _bytes_of(self._one("SELECT current_setting('memory_limit')")[0])
        return passed(self.connection, self.opened, self.rules, room * 2 // 3, rows, self.progress)

    def _pick(self, runs: Sequence[str]) -> None:
        """Go on with the rows of some runs alone."""
        wanted: list[str | None] = [*runs]
        wanted += [None] if "" in runs else []  # the pass takes no id for an empty one
        self.connection.execute("CREATE TEMP TABLE doubtful AS SELECT unnest(?::VARCHAR[]) AS run", [wanted])
        for index, one in enumerate(self.opened):
            self.connection.execute(
                f"CREATE TEMP TABLE picked_{index} AS SELECT run, status, time, pos FROM {one.source} AS seen "
                f"SEMI JOIN doubtful ON seen.run IS NOT DISTINCT FROM doubtful.run"
            )
        self.opened = tuple(attrs.evolve(one, source=f"picked_{index}") for index, one in enumerate(self.opened))

    def _plainly(self) -> Clean:
        """Judge all rows by SQL; count the runs of which there is nothing to say."""
        self._find_key()
        clean = self._group()
        self._feed_suspects()
        return clean

    # -- what cannot be judged ----------------------------------------------------------------------------------------

    def _feed_faults(self) -> None:
        """Report the rows that cannot be read and those that have no time, table by table."""
        for one in self.opened:
            for line, fault in one.faults:
                self.monitor.feed(Observation(fault=fault, file=one.file, line=line))
            count = 0
            if one.unit:
                fault = DecodeError(
                    path=f"$.{self.columns.instants}",
                    problem="type",
                    reason="the row has no time that can be read, so nobody knows where it belongs",
                    allowed="a timestamp, or seconds since the epoch",
                )
                for (row,) in self._fetch(f"SELECT pos FROM {one.source} WHERE time IS NULL ORDER BY pos"):
                    self.monitor.feed(Observation(fault=fault, file=one.file, line=row + 1))
                    count += 1
            self.timeless.append(count)

    def _fetch(self, query: str) -> Iterator[tuple[Any, ...]]:
        result = self.connection.execute(query)
        while rows := result.fetchmany(FETCH):
            yield from rows

    def _one(self, query: str) -> tuple[Any, ...]:
        (row,) = self.connection.execute(query).fetchall()
        return tuple(row)

    # -- rows in their order ------------------------------------------------------------------------------------------

    def _rows(self, *wanted: str) -> str:
        """SQL: the rows that can be judged, of all tables, with what is asked for of them."""
        offset, parts = 0, []
        for index, (one, less) in enumerate(zip(self.opened, self.timeless, strict=True)):
            known = {
                "run": "run",
                "status": "status",
                "time": "time",
                "log": f"{index} AS log",
                "row": "pos AS row",
                "key": f"{self.key.replace('POSITION', f'(pos + {offset})')} AS key",
            }
            where = " WHERE time IS NOT NULL" if less else ""
            parts.append(f"SELECT {', '.join(known[what] for what in wanted)} FROM {one.source}{where}")
            offset += one.rows + len(one.faults)
        return f"({' UNION ALL '.join(parts)})"

    def _same_units(self) -> None:
        """Refuse tables whose times cannot be compared."""
        units = {one.unit for one in self.opened if one.rows}
        if len(units) > 1:
            raise BadTable(
                table=" + ".join(one.file for one in self.opened),
                problem="time",
                reason="the times of the tables count different things, and cannot be put in one order",
                seen=sorted(units),
            )

    def _find_key(self) -> None:
        """Time, place and status in one number, a narrow one where it can be: sorting it is most of the work."""
        places = max(sum(one.rows + len(one.faults) for one in self.opened), 1)
        count, code = self.rules.count, self.rules.code("status")
        if self.columns.instants is None:
            self.key = f"POSITION::BIGINT * {count} + {code}"
            return
        first, last = self._one(f"SELECT min(time), max(time) FROM {self._rows('time')}")
        if first is None:
            first = last = 0
        wide = (int(last) - int(first) + 1) * places * count >= 1 << 63
        kind = "HUGEINT" if wide else "BIGINT"
        self.key = f"((time::HUGEINT - {first})::{kind} * {places} + POSITION) * {count} + {code}"

    # -- runs ---------------------------------------------------------------------------------------------------------

    def _group(self) -> Clean:
        """Fill the table ``suspects`` with the ids of all runs that the judge must see; count the others."""
        parts = 1
        while True:
            self.connection.execute("CREATE OR REPLACE TEMP TABLE suspects (run VARCHAR)")
            always = ["run IS NULL", "run = ''"]
            if self.rules.ends:  # what is told of runs that broke off stands at the last row of the log
                (last,) = self._one(f"SELECT arg_max(run, key) FROM {self._rows('run', 'key')}")
                always += [] if last is None else [f"run = {literal(last)}"]
            try:
                found = [self._group_part(part, parts, " OR ".join(always)) for part in range(parts)]
            except duckdb.OutOfMemoryException:
                if parts >= MOST_PARTS:
                    raise
                parts *= 2
                continue
            return Clean(
                observations=sum(one.observations for one in found),
                complete=sum(one.complete for one in found),
                open=sum(one.open for one in found),
            )

    def _group_part(self, part: int, parts: int, always: str) -> Clean:
        """The same for one part of all runs, as many as fit into memory."""
        self.progress("grouping", part, parts)
        mine = f" WHERE hash(run) % {parts} = {part}" if parts > 1 else ""
        # the order of statuses is lost in a parallel aggregate: sort what it has gathered
        path = f"list_transform(list_sort(list(key)), lambda one: (one % {self.rules.count})::USMALLINT)"
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE paths AS "
            f"SELECT run, {path} AS path FROM {self._rows('run', 'key')}{mine} GROUP BY run"
        )
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE variants AS "
            f"SELECT path, runs, {self.rules.suspect('path')} AS suspect, {self.rules.complete('path')} AS complete "
            f"FROM (SELECT path, count(*) AS runs FROM paths WHERE NOT ({always}) GROUP BY path)"
        )
        self.connection.execute(
            f"INSERT INTO suspects SELECT run FROM paths "
            f"WHERE {always} OR path IN (SELECT path FROM variants WHERE suspect)"
        )
        rows, complete, runs = self._one(
            "SELECT coalesce(sum(runs * len(path)), 0), coalesce(sum(runs) FILTER (complete), 0), "
            "coalesce(sum(runs), 0) FROM variants WHERE NOT suspect"
        )
        return Clean(observations=int(rows), complete=int(complete), open=int(runs) - int(complete))

    def _feed_suspects(self) -> None:
        """Let the judge see every row of every suspect run, in the order of all rows."""
        (count,) = self._one("SELECT count(*) FROM suspects")
        if not count:
            return
        self.progress("judging", 0, 1)
        query = (
            f"SELECT log, row, run, status FROM {self._rows('log', 'row', 'run', 'status', 'key')} AS seen "
            f"SEMI JOIN suspects ON seen.run IS NOT DISTINCT FROM suspects.run ORDER BY key"
        )
        for log, row, run, status in self._fetch(query):
            self.monitor.feed_status(run, status, file=self.opened[log].file, line=row + 1)
