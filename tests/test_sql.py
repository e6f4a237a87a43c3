"""The judge's rules as SQL against the judge itself: the same suspects in every engine that can be asked here."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from itertools import permutations
from pathlib import Path
from typing import Any

import attrs
import duckdb
import psycopg
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.findings import Finding
from runstate.conformance.monitor import Mode, Monitor
from runstate.conformance.sql import DIALECTS, FLAGS, Log, queries
from runstate.conformance.watch import Assume
from runstate.errors import BadTable
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.definition import load
from tests.postgres import shared_server
from tests.strategies import TableRow, table_rows

pa: Any = import_module("pyarrow")  # it has no types of its own

LOG = Log(table="events", run_id="run", status="status", time="time")
TIED = attrs.evolve(LOG, tie="seq")
Row = tuple[str | None, str | None, int | None, int | None]
"""Run id, status, time and tie-breaker."""
Engine = Callable[[Sequence[Row], Sequence[str]], list[list[tuple[Any, ...]]]]
"""The rows of a table and what to ask of it -> the answers."""
Flags = dict[str | None, tuple[int | None, ...]]
"""Of each suspect run, `FLAGS`."""

# -- the judge ---------------------------------------------------------------------------------------------------------


def by_the_judge(rows: Sequence[Row], make: Callable[[], Monitor], *, tie: bool = False) -> tuple[Flags, list[Finding]]:
    """What the queries must say: every run through the judge, in Python; and its findings on runs that can be judged."""
    runs: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        runs[row[0]].append(row)
    flags: Flags = {}
    findings: list[Finding] = []
    lifecycle = make().lifecycle or ASSISTANTS_RUN
    for run, seen in runs.items():
        placed = [((at, order if tie else 0), word) for _, word, at, order in seen if at is not None]
        placed = [(place, word) for place, word in placed if place[1] is not None]
        statuses: dict[object, set[str | None]] = defaultdict(set)
        for place, word in placed:
            statuses[place].add(lifecycle.status_of(word))
        tied = any(len(known) > 1 for known in statuses.values())
        judge = make()
        for _, word in sorted(placed, key=lambda one: one[0]):
            judge.feed_status(run or "nameless", word)
        judge.close()
        said = [finding for watched in judge.runs.values() for finding in watched.findings]
        codes = {finding.code for finding in said}
        unknown = any(None in known for known in statuses.values())
        here = (
            int(not run),
            int(len(placed) < len(seen)),
            int(unknown),
            int(tied),
            None if tied or unknown else int(bool(codes - {"RS413"})),
            None if tied or unknown else int("RS413" in codes),
        )
        if any(here):
            flags[run] = here
        if run and not tied:
            findings += said
    return flags, findings


# -- engines -----------------------------------------------------------------------------------------------------------


@cache
def one_duckdb() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")  # for a few rows, starting more takes longer than the query
    return connection


def ask_duckdb(rows: Sequence[Row], asked: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    kinds = pa.schema([("run", pa.string()), ("status", pa.string()), ("time", pa.int64()), ("seq", pa.int64())])
    table = pa.table([list(column) for column in zip(*rows, strict=True)] or [[]] * 4, schema=kinds)
    connection = one_duckdb()
    connection.register("events", table)
    return [connection.execute(query).fetchall() for query in asked]


MADE = "CREATE TEMP TABLE events (run TEXT, status TEXT, time BIGINT, seq BIGINT)"


def ask_sqlite(rows: Sequence[Row], asked: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(MADE)
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        return [connection.execute(query).fetchall() for query in asked]
    finally:
        connection.close()


def ask_postgres(rows: Sequence[Row], asked: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    with psycopg.connect(shared_server().url) as connection, connection.cursor() as cursor:
        cursor.execute(MADE)
        with cursor.copy("COPY events FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        answers = [cursor.execute(query.encode()).fetchall() for query in asked]
        connection.rollback()
        return answers


ENGINES: dict[str, Engine] = {"duckdb": ask_duckdb, "sqlite": ask_sqlite, "postgres": ask_postgres}


def flags_of(answer: Sequence[tuple[Any, ...]]) -> Flags:
    found = {row[0]: tuple(row[1:]) for row in answer}
    assert len(found) == len(answer)
    return found


def judged_again(rows: Sequence[tuple[Any, ...]], judge: Monitor) -> list[Finding]:
    """The rows that a query gives, through the judge, as the documentation does it."""
    for run, status, *_ in rows:
        judge.feed_status(run, status)
    judge.close()
    assert not judge.loose
    return [finding for run in judge.runs.values() for finding in run.findings]


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (str(one.run), one.code == "RS413"))


def assert_agrees(engine: str, rows: Sequence[Row], make: Callable[[], Monitor], log: Log = LOG) -> Flags:
    text = queries(log, dialect=engine, monitor=make())
    suspects, fetched = ENGINES[engine](rows, [text.suspects, text.rows])
    expected, findings = by_the_judge(rows, make, tie=log.tie is not None)
    found = flags_of(suspects)
    assert found == expected
    assert in_order(judged_again(fetched, make())) == in_order(findings)
    return found


# -- the same suspects -------------------------------------------------------------------------------------------------


def numbered(rows: Sequence[TableRow], seed: int) -> list[Row]:
    """With a tie-breaker that sometimes is none, and sometimes breaks no tie."""
    return [(*row, None if (index * 7 + seed) % 23 == 0 else index // (1 + seed % 2)) for index, row in enumerate(rows)]


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=settings().max_examples // 20)  # each of them is a table in a database
@given(
    table_rows(ASSISTANTS_RUN.statuses),
    st.integers(0, 22),
    st.sampled_from(["auto", "stream", "poll"]),
    st.booleans(),
    st.sampled_from([Assume(), Assume(lost=True), Assume(duplicates=True)]),
    st.sampled_from([LOG, TIED]),
)
def test_any_rows_have_the_suspects_of_the_judge(
    engine: str, rows: list[TableRow], seed: int, mode: Mode, strict: bool, assume: Assume, log: Log
) -> None:
    assert_agrees(engine, numbered(rows, seed), lambda: Monitor(mode=mode, strict=strict, assume=assume), log)


def enumerated(lifecycle: Lifecycle) -> list[Row]:
    """Every pair of statuses, every spelling, what is none, and each pair at one time."""
    words = [*lifecycle.statuses, *(word for words in lifecycle.spellings.values() for word in words), "none", None]
    rows: list[Row] = [(f"{word}", word, 0, 0) for word in words]
    for before in words[: len(lifecycle.statuses) + 3]:
        for after in words:
            rows += [(f"{before} {after}", before, 1, 1), (f"{before} {after}", after, 2, 1)]
    for before in lifecycle.statuses:
        rows += [("tie with none " + before, before, 3, 1), ("tie with none " + before, "none", 3, 2)]
        rows += [("tie " + before, lifecycle.statuses[0], 3, 1), ("tie " + before, before, 3, 2)]
        rows += [("no time " + before, before, None, 1), ("no time " + before, before, 4, 2)]
    return rows


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_lifecycle_has_the_suspects_of_the_judge(name: str) -> None:
    lifecycle = CATALOGUE[name]
    rows = enumerated(lifecycle)
    judge = Monitor(
        lifecycle, mode="stream"
    )  # which has more to say than one of polls, and says it of the last row too
    (suspects,) = ask_duckdb(rows, [queries(LOG, dialect="duckdb", monitor=judge).suspects])
    assert flags_of(suspects) == by_the_judge(rows, lambda: Monitor(lifecycle, mode="stream"))[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_the_suspects_of_the_judge(engine: str) -> None:
    assert_agrees(engine, enumerated(ASSISTANTS_RUN), lambda: Monitor(mode="stream"))
    task = CATALOGUE["a2a.task"]
    assert_agrees(engine, enumerated(task), lambda: Monitor(task, mode="poll"), TIED)


def by_check_table(rows: Sequence[Row], make: Callable[[], Monitor]) -> set[str]:
    columns = {name: [row[index] for row in rows] for index, name in enumerate(("run", "status", "time"))}
    names = Columns(run_id="run", status="status", time="time")
    (judged,) = check_table(pa.table(columns), columns=names, monitor=make())
    return {run.id for run in judged.runs if run.findings}


def assert_agrees_with_tables(lifecycle: Lifecycle, rows: Sequence[Row], mode: Any) -> None:
    def make() -> Monitor:
        return Monitor(lifecycle, mode=mode)

    found = assert_agrees("duckdb", rows, make)
    placed = [row for row in rows if row[2] is not None]
    tied = {run for run, flags in found.items() if flags[FLAGS.index("tied")]}
    timeless = {run for run, flags in found.items() if flags[FLAGS.index("no_time")]}
    assert timeless == {row[0] for row in rows} - {row[0] for row in placed} | {
        row[0] for row in rows if row[2] is None
    }
    (suspects,) = ask_duckdb(placed, [queries(LOG, dialect="duckdb", monitor=make()).suspects])
    assert by_check_table(placed, make) - tied == set(flags_of(suspects)) - tied


def test_the_suspects_are_those_of_tables() -> None:
    assert_agrees_with_tables(ASSISTANTS_RUN, enumerated(ASSISTANTS_RUN), "stream")


@pytest.mark.long
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_lifecycle_has_the_suspects_of_tables(name: str) -> None:
    for mode in ("poll", "stream"):
        assert_agrees_with_tables(CATALOGUE[name], enumerated(CATALOGUE[name]), mode)


# -- across midnight ---------------------------------------------------------------------------------------------------


@settings(max_examples=settings().max_examples // 20)
@given(table_rows(ASSISTANTS_RUN.statuses), st.integers(0, 22), st.sampled_from([LOG, TIED]), st.integers(1, 3))
def test_days_with_what_the_day_before_left_are_judged_as_one_log(
    rows: list[TableRow], seed: int, log: Log, midnight: int
) -> None:
    logged = numbered(rows, seed)
    text = queries(log, dialect="duckdb")
    (whole,) = ask_duckdb(logged, [text.suspects])
    first = [row for row in logged if row[2] is None or row[2] < midnight]
    before, last = ask_duckdb(first, [text.suspects, text.last])
    carried: list[Row] = [(row[0], row[1], row[2], row[3] if log.tie else 0) for row in last]
    after = [row for row in logged if row[2] is not None and row[2] >= midnight]
    (then,) = ask_duckdb(carried + after, [text.suspects])
    assert set(flags_of(before)) | set(flags_of(then)) == set(flags_of(whole))


def test_what_a_day_leaves_are_the_last_known_statuses_and_whether_they_are_ends() -> None:
    rows: list[Row] = [
        ("over", "queued", 1, 1), ("over", "completed", 2, 1), ("open", "queued", 3, 1), ("open", "no status", 4, 1),
        ("tied", "queued", 5, 1), ("tied", "in_progress", 5, 1), ("twice", "queued", 6, 1), ("twice", "queued", 6, 1),
        ("untimed", "queued", None, 1), (None, "queued", 7, 1),
    ]  # fmt: skip
    for engine, ask in ENGINES.items():
        (last,) = ask(rows, [queries(LOG, dialect=engine).last])
        assert sorted(last) == [
            ("open", "queued", 3, 0), ("over", "completed", 2, 1), ("tied", "in_progress", 5, 0),
            ("tied", "queued", 5, 0), ("twice", "queued", 6, 0),
        ]  # fmt: skip


# -- order -------------------------------------------------------------------------------------------------------------


def test_a_tie_is_reported_whatever_the_order_of_the_rows() -> None:
    rows: list[Row] = [("run_1", word, 1, number) for number, word in enumerate(ASSISTANTS_RUN.statuses[:3])]
    text = queries(LOG, dialect="sqlite")
    for order in permutations([*rows, ("run_1", "in_progress", 1, 7)]):
        suspects, fetched = ask_sqlite(order, [text.suspects, text.rows])
        assert suspects == [("run_1", 0, 0, 0, 1, None, None)]
        assert fetched == []


def test_a_tie_breaker_gives_the_order() -> None:
    rows: list[Row] = [("run_1", "completed", 1, 3), ("run_1", "queued", 1, 1), ("run_1", "in_progress", 1, 2)]
    assert ask_sqlite(rows, [queries(TIED, dialect="sqlite").suspects]) == [[]]
    backwards = [(run, status, time, -(seq or 0)) for run, status, time, seq in rows]
    assert ask_sqlite(backwards, [queries(TIED, dialect="sqlite").suspects]) == [[("run_1", 0, 0, 0, 0, 1, 0)]]


def test_equal_statuses_at_one_time_are_no_tie() -> None:
    rows: list[Row] = [("run_1", "queued", 1, 1), ("run_1", "queued", 1, 1)]
    assert ask_sqlite(rows, [queries(LOG, dialect="sqlite").suspects]) == [[]]


# -- dialects and names ------------------------------------------------------------------------------------------------

ODD = Log(table="events", run_id='the "run"', status="known", time="seen at", tie="place")


ODD_STATUSES = ("it's new", 'a "b" \\', "\\' OR 1=1 --", "end;")
ODD_LIFECYCLE = load(
    json.dumps(
        {
            "name": "odd",
            "initial": ODD_STATUSES[:1],
            "terminal": ODD_STATUSES[3:],
            "basis": ["documented"],
            "create": {"create": ODD_STATUSES[0]},
            "statuses": {
                status: {f"go_{number}": after for after in ODD_STATUSES[number + 1 : number + 2]}
                for number, status in enumerate(ODD_STATUSES)
            },
        }
    ).encode()
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_is_written_and_read_back(dialect: str) -> None:
    written = queries(ODD, dialect=dialect, monitor=Monitor(ODD_LIFECYCLE, mode="stream"))
    for text in (written.suspects, written.rows, written.last):
        read = sqlglot.parse_one(text, dialect=dialect)
        assert read.sql(dialect=dialect, pretty=True) == text
        tables = {table.name for table in read.find_all(exp.Table)}
        assert "events" in tables
        assert "log_of_runs" not in tables


@pytest.mark.parametrize("engine", ENGINES)
def test_statuses_may_have_any_letters(engine: str) -> None:
    assert_agrees(engine, enumerated(ODD_LIFECYCLE), lambda: Monitor(ODD_LIFECYCLE, mode="stream"))


def test_columns_may_have_any_name() -> None:
    rows: list[Row] = [("1", "queued", 2, 1), ("1", "completed", 1, 1), ("2", "queued", 1, 1)]
    made = 'CREATE TABLE events ("the ""run""" BIGINT, known TEXT, "seen at" BIGINT, place BIGINT)'
    for dialect, connection in (("duckdb", duckdb.connect()), ("sqlite", sqlite3.connect(":memory:"))):
        text = queries(ODD, dialect=dialect, monitor=Monitor(mode="poll"))
        connection.execute(made)
        for row in rows:
            connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", row)
        assert connection.execute(text.suspects).fetchall() == [("1", 0, 0, 0, 0, 1, 0)]
        assert sorted(connection.execute(text.last).fetchall()) == [(1, "queued", 2, 1, 0), (2, "queued", 1, 1, 0)]
        connection.close()


def test_a_table_is_named_as_the_engine_names_it(tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    one_duckdb().execute(f"COPY (SELECT 'run_1' AS run, 'none' AS status, 1 AS time) TO '{file}'")
    for table in (f"read_parquet('{file}')", f"'{file}'"):
        text = queries(attrs.evolve(LOG, table=table), dialect="duckdb")
        assert one_duckdb().execute(text.suspects).fetchall() == [("run_1", 0, 0, 1, 0, None, None)]
    text = queries(attrs.evolve(LOG, table="parquet.`/logs/2026`"), dialect="spark")
    assert "FROM parquet.`/logs/2026` AS logged" in text.suspects


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", ["", "a, b", "a JOIN b", "a WHERE 1 = 1", "a; DROP TABLE b", "a AS b", "(SELECT 1)", "1"]
)
def test_what_is_more_or_less_than_a_table_is_refused(table: str) -> None:
    with pytest.raises(BadTable) as caught:
        queries(attrs.evolve(LOG, table=table), dialect="postgres")
    assert (caught.value.problem, caught.value.table) == ("settings", table)


def test_an_unknown_dialect_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(BadTable) as caught:
        queries(LOG, dialect="mysql")
    assert (caught.value.seen, caught.value.allowed) == ("mysql", DIALECTS)


@pytest.mark.parametrize(("assume", "word"), [(Assume(window=2), "window"), (Assume(skew=1), "skew")])
def test_rows_that_may_be_late_are_refused(assume: Assume, word: str) -> None:
    with pytest.raises(BadTable) as caught:
        queries(LOG, dialect="spark", monitor=Monitor(assume=assume))
    assert caught.value.seen == word
