"""The judge's rules as SQL of other engines: for logs that no one machine holds.

One query is written once and put into the dialect of an engine by sqlglot.  It says of which runs the judge would have
anything to say; a second fetches their rows, for an ordinary `Monitor`; a third gives the last row of each run, with
which the log of the next day begins.  Which pair of statuses is a fault, `Rules` asks the judge itself.

Engines have no rows by number, so time alone, or time and one more column, gives the order.  Where neither does, the run
is reported as ``tied`` and its rows are not fetched: nothing is judged in an order that came about by chance.

This module needs the extra ``sql``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs
import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import ErrorLevel, SqlglotError

from runstate.conformance.bulk_rules import Rules, literal, name
from runstate.conformance.monitor import Monitor
from runstate.errors import BadTable
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE

__all__ = ["DIALECTS", "FLAGS", "Log", "Queries", "queries"]

DIALECTS: Final = (
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "postgres",
    "snowflake",
    "spark",
    "sqlite",
    "trino",
)
"""Engines that compare texts byte by byte and have window functions, by their names in sqlglot."""

FLAGS: Final = ("no_id", "no_time", "unknown", "tied", "faulty", "broken_off")
"""Columns of `Queries.suspects` beside ``run``, each 0 or 1: rows without an id; without a time or tie-breaker; with a status
that is none; at one time with different statuses; a pair of statuses, one after the other, that the judge reports; at work
where the log ends.  Of a run that is ``tied`` or has ``unknown`` statuses the last two are null: its order, or the status before,
is not known."""

_LOG: Final = "log_of_runs"
"""Stands for the table until its name, which is of the engine's own dialect, is put in its place."""


@attrs.frozen(kw_only=True)
class Log:
    """Which table holds the log, and which columns hold what.

    Columns are named as they are, without quotes, capital letters included: where an engine makes ``run`` into ``RUN``
    (Snowflake), that is its name.
    """

    table: str
    """As the engine's own SQL names it after FROM: ``events``, ``lake.events``, ``read_parquet('day.parquet')``."""
    run_id: str
    status: str
    time: str
    """Of a type that the engine puts in the order of time; a text is compared as a text."""
    tie: str | None = None
    """Tells rows of one run and one time apart: a sequence number, an offset in a partition."""


def queries(log: Log, *, dialect: str, monitor: Monitor | None = None) -> Queries:
    """The rules of a lifecycle as SQL.

    Of a run that is not tied and has an id and times, it is suspect exactly where a `Monitor` that is fed its rows in their order
    has anything to report.

    :param dialect: one of `DIALECTS`.
    :param monitor: says how to judge, as in `check_table`; ``auto`` judges rows as polls.  What it selects or ignores is left to
        the judge of the rows.
    :raises BadTable: for an unknown dialect, a table that is none in it, or settings that make no sense.
    """
    judge = monitor if monitor is not None else Monitor()
    if dialect not in DIALECTS:
        reason = "the rules are not written in this dialect"
        raise BadTable(table="", problem="settings", reason=reason, seen=dialect, allowed=DIALECTS)
    if judge.assume.window or judge.assume.skew:
        raise BadTable(
            table="",
            problem="settings",
            reason="rows are judged in the order of their times, so none is taken to be late",
            seen="window" if judge.assume.window else "skew",
            allowed=("lost", "duplicates"),
        )
    lifecycle = judge.lifecycle or next(iter(CATALOGUE.values()))
    source = _table(log.table, dialect)
    return Queries(dialect=dialect, source=source, text=_Text(log, Rules.of(lifecycle, judge)))


# -- names and texts ---------------------------------------------------------------------------------------------------


def _table(table: str, dialect: str) -> exp.Table:
    """What stands after FROM: one table or table function, and nothing that would make another query of it."""
    refused = BadTable(table=table, problem="settings", reason=f"this names no table in the SQL of {dialect}")
    try:
        statements = sqlglot.parse(f"SELECT * FROM {table}", dialect=dialect)
    except SqlglotError as error:
        raise refused from error
    found = None if statements[0] is None else statements[0].find(exp.Table)
    if found is None or found.alias or statements != [exp.select("*").from_(found.copy())]:
        raise refused
    return found


def _written(text: str, source: exp.Table, dialect: str) -> str:
    query = sqlglot.parse_one(text)
    for table in list(query.find_all(exp.Table)):
        if table.name == _LOG:
            table.replace(exp.alias_(source.copy(), "logged", table=True))
    return query.sql(dialect=dialect, pretty=True, unsupported_level=ErrorLevel.RAISE)


def _column(column: str) -> str:
    """A column of the log; said to be of the log, since an engine may take a name of ours for its own."""
    return f"logged.{name(column)}"


def _literals(words: Iterable[str]) -> str:
    return ", ".join(literal(word) for word in words)


@attrs.frozen
class _Text:
    """The queries in sqlglot's own dialect, which is close to the standard."""

    log: Log
    rules: Rules

    @property
    def lifecycle(self) -> Lifecycle:
        return self.rules.lifecycle

    def suspects(self) -> str:
        """Runs of which there is anything to say."""
        return (
            f"WITH {self._judged()} SELECT run, {', '.join(FLAGS)} FROM judged "
            f"WHERE no_id + no_time + unknown + tied > 0 OR faulty + broken_off > 0"
        )

    def rows(self) -> str:
        """Rows for the judge, of runs whose order is known."""
        tie = "" if self.log.tie is None else ", tiebreak"
        return (
            f"WITH {self._judged()} SELECT run, status, seen_at{tie} FROM seen WHERE NOT seen_at IS NULL AND run IN "
            f"(SELECT run FROM judged WHERE no_id + tied = 0 AND (unknown > 0 OR faulty + broken_off > 0)) "
            f"ORDER BY run, seen_at{tie}"
        )

    def last(self) -> str:
        """Where each run stands."""
        log = self.log
        ours = {"run": log.run_id, "status": log.status, "seen_at": log.time}
        if log.tie is not None:
            ours["tiebreak"] = log.tie
        places = [one for one in ours if one not in {"run", "status"}]
        columns = ", ".join(f"{_column(theirs)} AS {one}" for one, theirs in ours.items())
        wanted = " AND ".join(f"NOT {one} IS NULL" for one in ("run", "known", *places))
        return (
            f"WITH seen AS (SELECT {columns}, {self._known()} AS known FROM {_LOG}), "
            f"ranked AS (SELECT *, RANK() OVER (PARTITION BY run ORDER BY {', '.join(f'{one} DESC' for one in places)}) "
            f"AS place FROM seen WHERE {wanted}) "
            f"SELECT DISTINCT {', '.join(f'{one} AS {name(theirs)}' for one, theirs in ours.items())}, "
            f"{self._ended()} AS ended FROM ranked WHERE place = 1"
        )

    # -- parts --------------------------------------------------------------------------------------------------------

    def _judged(self) -> str:
        """``judged``: `FLAGS` of every run; rows that nobody can place stand at one end and touch no other."""
        tie = self.log.tie
        window = f"OVER (PARTITION BY run ORDER BY seen_at{', tiebreak' if tie else ''})"
        same = "seen_at = was_at AND tiebreak = was_tie" if tie else "seen_at = was_at"
        flags = {
            "no_time": "seen_at IS NULL",
            "unknown": "NOT seen_at IS NULL AND known IS NULL",
            # among rows at one time with different statuses two such stand side by side, whatever their order
            "tied": f"{same} AND (known <> was OR (known IS NULL) <> (was IS NULL))",
            "faulty": f"NOT seen_at IS NULL AND NOT was_at IS NULL AND ({' OR '.join(self._faulty()) or 'FALSE'})",
            "broken_off": self._broken_off(),
        }
        marked = ", ".join(f"CASE WHEN {when} THEN 1 ELSE 0 END AS is_{flag}" for flag, when in flags.items())
        lags = {"was": "LAG(known)", "was_at": "LAG(seen_at)", **({"was_tie": "LAG(tiebreak)"} if tie else {})}
        if self.rules.ends_whole:
            lags["next_at"] = "LEAD(seen_at)"
        # of another name than what it is the most of: ClickHouse would take the one for the other
        most = {flag: f"MAX(is_{flag})" for flag in flags}
        no_id = "CASE WHEN run IS NULL OR run = '' THEN 1 ELSE 0 END"
        for flag in ("faulty", "broken_off"):
            most[flag] = f"CASE WHEN MAX(is_tied) + MAX(is_unknown) = 0 THEN MAX(is_{flag}) END"
        return (
            f"seen AS ({self._seen()}), "
            f"steps AS (SELECT *, {', '.join(f'{what} {window} AS {column}' for column, what in lags.items())} FROM seen), "
            f"marked AS (SELECT run, {marked} FROM steps), "
            f"judged AS (SELECT run, {no_id} AS no_id, {', '.join(f'{what} AS {flag}' for flag, what in most.items())} "
            f"FROM marked GROUP BY run)"
        )

    def _seen(self) -> str:
        """``seen``: the columns by names of ours, the statuses as the lifecycle spells them."""
        log = self.log
        time = _column(log.time)
        tie = "" if log.tie is None else _column(log.tie)
        # the CASE makes a column that cannot be null into one that can: else ClickHouse has a zero before the first row
        placed = f"CASE WHEN NOT {time} IS NULL{f' AND NOT {tie} IS NULL' if tie else ''} THEN {time} END AS seen_at"
        return (
            f"SELECT CAST({_column(log.run_id)} AS TEXT) AS run, CAST({_column(log.status)} AS TEXT) AS status, "
            f"{self._known()} AS known, {placed}{f', {tie} AS tiebreak' if tie else ''} FROM {_LOG}"
        )

    def _known(self) -> str:
        """The status of the lifecycle that the column spells, else null."""
        status = f"CAST({_column(self.log.status)} AS TEXT)"
        cases = [f"WHEN {status} IN ({_literals(self.lifecycle.statuses)}) THEN {status}"]
        cases += [f"WHEN {status} = {_literals([word])} THEN {_literals([known])}" for word, known in self._spelled()]
        null = self.lifecycle.status_of(None)
        if null is not None:
            cases.append(f"WHEN {status} IS NULL THEN {_literals([null])}")
        return f"CASE {' '.join(cases)} END"

    def _spelled(self) -> Iterator[tuple[str, str]]:
        for known, words in self.lifecycle.spellings.items():
            for word in words:
                if word not in self.lifecycle.statuses and self.lifecycle.status_of(word) == known:
                    yield word, known

    def _faulty(self) -> Iterator[str]:
        for before in self.lifecycle.statuses:
            after = [status for status in self.lifecycle.statuses if (before, status) in self.rules.faulty]
            if after:
                yield f"was = {_literals([before])} AND known IN ({_literals(after)})"

    def _broken_off(self) -> str:
        lifecycle = self.lifecycle
        work = [status for status in lifecycle.live if status not in lifecycle.stops]
        if not (self.rules.ends_whole and work):
            return "FALSE"
        return f"NOT seen_at IS NULL AND next_at IS NULL AND known IN ({_literals(work)})"

    def _ended(self) -> str:
        terminal = [status for status in self.lifecycle.statuses if status in self.lifecycle.terminal]
        return f"CASE WHEN known IN ({_literals(terminal)}) THEN 1 ELSE 0 END" if terminal else "0"


@attrs.frozen(kw_only=True)
class Queries:
    """What to ask an engine, by `queries`; each is written when it is asked for."""

    dialect: str
    _source: exp.Table = attrs.field(alias="source")
    _text: _Text = attrs.field(alias="text")

    @property
    def suspects(self) -> str:
        """``run`` and `FLAGS` of every run of which there is anything to say."""
        return _written(self._text.suspects(), self._source, self.dialect)

    @property
    def rows(self) -> str:
        """``run``, ``status``, ``seen_at`` (and ``tiebreak``) of the suspect runs that can be judged, each run in its order, one
        after the other.  Runs without an id, tied ones and rows without a time are not among them.
        """
        return _written(self._text.rows(), self._source, self.dialect)

    @property
    def last(self) -> str:
        """The columns of the log, and ``ended`` (0 or 1), of the last row of each run that has a known status, all rows of that
        time: put before the log of the next day, they let a run be judged across midnight.
        """
        return _written(self._text.last(), self._source, self.dialect)
