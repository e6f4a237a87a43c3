"""The judge's rules as SQL in engines that `make test` does not ask, and on a million simulated histories in DuckDB.

    python -m tools.long engines

Needs the extra ``engines`` and, for Spark, a Java runtime (Debian: ``apt install default-jre-headless``).
"""

from __future__ import annotations

import json
import runpy
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import duckdb
import pytest

from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.monitor import Mode, Monitor
from runstate.conformance.sql import FLAGS, Log, queries
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.columns import write_parquet
from runstate.modelling.simulate import simulate
from tests.test_sql import LOG, ODD_LIFECYCLE, TIED, Row, by_the_judge, enumerated, flags_of, in_order, judged_again
from tools.doc_blocks import ROOT

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]  # pyspark warns of much that is its own

COLUMNS = Columns(run_id="run", status="status", time="time")


def write_log(folder: Path, histories: int) -> Path:
    """Simulated histories, each seed many times over, with faults that differ from copy to copy; in no order."""
    seed, file = folder / "seed.parquet", folder / "log.parquet"
    write_parquet(simulate(ASSISTANTS_RUN, 5_000, 1), seed)
    statuses = ", ".join(f"'{status}'" for status in (*ASSISTANTS_RUN.statuses, "no status"))
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT id AS run, "
            f"CASE WHEN chance % 701 = 0 THEN [{statuses}][(1 + chance // 701 % 10)::BIGINT] ELSE status END AS status, "
            f"CASE WHEN chance % 1009 = 0 THEN NULL "
            f"WHEN chance % 907 = 0 THEN lag(time, 1, time) OVER (PARTITION BY id ORDER BY time) "
            f"WHEN chance % 809 = 0 THEN time - to_seconds(5) ELSE time END AS time "
            f"FROM (SELECT run || '_' || copy AS id, status, time, hash(run, copy, status, time) AS chance "
            f"FROM '{seed}', range({histories // 5_000}) copies(copy)) ORDER BY chance) TO '{file}'"
        )
    return file


def expected(file: Path, mode: Mode) -> tuple[dict[str, set[str]], set[str], Monitor]:
    """The suspects of each kind that needs no judge, all that the bulk judge finds something in, and its findings."""
    with duckdb.connect() as connection:
        tied = f"SELECT run FROM '{file}' WHERE time IS NOT NULL GROUP BY run, time HAVING count(DISTINCT status) > 1"
        plain = {
            "tied": tied,
            "no_time": f"SELECT run FROM '{file}' WHERE time IS NULL",
            "unknown": f"SELECT run FROM '{file}' WHERE status = 'no status' AND time IS NOT NULL",
        }
        known = {flag: {run for (run,) in connection.execute(query).fetchall()} for flag, query in plain.items()}
    (judged,) = check_table(file, columns=COLUMNS, monitor=Monitor(mode=mode))
    return known, {run.id for run in judged.runs if run.findings}, judged.monitor


def codes_of(monitor: Monitor, without: set[str]) -> Counter[tuple[str, str]]:
    return Counter(
        (run.id, finding.code) for run in monitor.runs.values() if run.id not in without for finding in run.findings
    )


def assert_alike(suspects: list[Any], judge: Monitor, file: Path, mode: Mode) -> None:
    known, faulty, wanted = expected(file, mode)
    flagged = {flag: {row[0] for row in suspects if row[1 + FLAGS.index(flag)]} for flag in FLAGS}
    assert {flag: flagged[flag] for flag in known} == known
    certain = {row[0] for row in suspects} - known["tied"]
    assert certain - (known["no_time"] - faulty) == faulty - known["tied"]
    assert codes_of(judge, set()) == codes_of(wanted, known["tied"])
    assert all(len(runs) > 100 for runs in (*known.values(), flagged["faulty"]))  # there was something to find


@pytest.mark.parametrize("mode", ["poll", "stream"])
def test_a_million_histories_have_the_suspects_of_the_bulk_judge(mode: Mode, tmp_path: Path) -> None:
    file = write_log(tmp_path, 1_000_000)
    log = Log(table=f"'{file}'", run_id="run", status="status", time="time")
    text = queries(log, dialect="duckdb", monitor=Monitor(mode=mode))
    judge = Monitor(mode=mode)
    with duckdb.connect() as connection:
        suspects = connection.execute(text.suspects).fetchall()
        for run, status, _ in connection.execute(text.rows).fetchall():
            judge.feed_status(run, status)
    judge.close()
    assert_alike(suspects, judge, file, mode)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    session = pytest.importorskip("pyspark.sql").SparkSession
    builder = session.builder.master("local[2]").config("spark.driver.memory", "2g")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.session.timeZone": "UTC",
    }.items():
        builder = builder.config(key, value)
    opened = builder.getOrCreate()
    yield opened
    opened.stop()


@pytest.mark.parametrize("mode", ["poll", "stream"])
def test_spark_has_the_suspects_of_the_bulk_judge_on_a_million_events(mode: Mode, spark: Any, tmp_path: Path) -> None:
    file = write_log(tmp_path, 270_000)
    log = Log(table=f"parquet.`{file}`", run_id="run", status="status", time="time")
    judge = Monitor(mode=mode)
    why = runpy.run_path(str(ROOT / "examples" / "judge_in_spark.py"))["judge"](spark, log, judge)
    suspects = spark.sql(queries(log, dialect="spark", monitor=Monitor(mode=mode)).suspects).collect()
    assert why == Counter(flag for row in suspects for flag in FLAGS if row[flag])
    assert_alike([tuple(row) for row in suspects], judge, file, mode)


# -- each engine on what can be enumerated -----------------------------------------------------------------------------


def ask_spark(spark: Any, rows: Sequence[Row], asked: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    frame = spark.createDataFrame(list(rows), "run STRING, status STRING, time BIGINT, seq BIGINT")
    frame.createOrReplaceTempView("events")
    return [[tuple(row) for row in spark.sql(query).collect()] for query in asked]


def ask_clickhouse(session: Any, rows: Sequence[Row], asked: Sequence[str]) -> list[list[tuple[Any, ...]]]:
    whole = all(None not in row for row in rows)
    kinds = {"run": "String", "status": "String", "time": "Int64", "seq": "Int64"}
    columns = ", ".join(f"{name} {kind if whole else f'Nullable({kind})'}" for name, kind in kinds.items())
    for statement in ("CREATE DATABASE IF NOT EXISTS d", "DROP TABLE IF EXISTS d.events"):
        session.query(statement)
    session.query(f"CREATE TABLE d.events ({columns}) ENGINE = Memory")
    lines = "\n".join(json.dumps(dict(zip(kinds, row, strict=True))) for row in rows)
    session.query(f"INSERT INTO d.events FORMAT JSONEachRow {lines}")
    settings = "SETTINGS output_format_json_quote_64bit_integers = 0"
    answers = [str(session.query(f"{query} {settings}", "JSONCompactEachRow")) for query in asked]
    return [[tuple(json.loads(line)) for line in answer.splitlines()] for answer in answers]


def assert_agrees_there(engine: str, opened: Any, lifecycle: Lifecycle, rows: list[Row]) -> None:
    ask, table = (ask_spark, "events") if engine == "spark" else (ask_clickhouse, "d.events")
    for mode, log in (("stream", LOG), ("poll", TIED)):

        def make(mode: Any = mode) -> Monitor:
            return Monitor(lifecycle, mode=mode)

        text = queries(attrs.evolve(log, table=table), dialect=engine, monitor=make())
        suspects, fetched, last = ask(opened, rows, [text.suspects, text.rows, text.last])
        expected, findings = by_the_judge(rows, make, tie=log.tie is not None)
        assert flags_of(suspects) == expected
        assert in_order(judged_again(fetched, make())) == in_order(findings)
        assert last


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[Any]:
    with pytest.importorskip("chdb.session").Session() as opened:
        yield opened


ODD_AND_USUAL = (ASSISTANTS_RUN, CATALOGUE["a2a.task"], ODD_LIFECYCLE)


@pytest.mark.parametrize("lifecycle", ODD_AND_USUAL, ids=lambda one: one.name)
def test_spark_has_the_suspects_of_the_judge(lifecycle: Lifecycle, spark: Any) -> None:
    assert_agrees_there("spark", spark, lifecycle, enumerated(lifecycle))


@pytest.mark.parametrize("lifecycle", ODD_AND_USUAL, ids=lambda one: one.name)
def test_clickhouse_has_the_suspects_of_the_judge(lifecycle: Lifecycle, clickhouse: Any) -> None:
    rows = enumerated(lifecycle)
    assert_agrees_there("clickhouse", clickhouse, lifecycle, rows)
    assert_agrees_there("clickhouse", clickhouse, lifecycle, [row for row in rows if None not in row])
