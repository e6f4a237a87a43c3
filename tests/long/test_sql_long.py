"""The judge's rules as SQL against the bulk judge: on a million simulated histories in DuckDB, on a million events in Spark.

    python -m tools.long spark

Spark needs pyspark and a Java runtime (Debian: ``apt install default-jre-headless``).
"""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.monitor import Mode, Monitor
from runstate.conformance.sql import FLAGS, Log, queries
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.columns import write_parquet
from runstate.modelling.simulate import simulate
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
