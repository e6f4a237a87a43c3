"""Judge a log that Spark holds: ``python examples/judge_in_spark.py 'parquet.`/logs/day`' --run-id run --status status --time at``.

Spark says of which runs there is anything to say; the rows of those alone come here, to the judge.  Needs pyspark and a
Java runtime: pip install 'runstate[sql]' pyspark.
"""

from __future__ import annotations

import argparse
from collections import Counter
from importlib import import_module
from typing import Any

from runstate import CATALOGUE, Monitor
from runstate.conformance.sql import FLAGS, Log, queries


def judge(spark: Any, log: Log, monitor: Monitor) -> Counter[str]:
    """How many runs are suspect, and why; what is found in those that can be judged is left in the monitor."""
    text = queries(log, dialect="spark", monitor=monitor)
    why: Counter[str] = Counter()
    for run in spark.sql(text.suspects).toLocalIterator():
        why.update(flag for flag in FLAGS if run[flag])
    for row in spark.sql(text.rows).toLocalIterator():
        monitor.feed_status(row["run"], row["status"])
    monitor.close()
    return why


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("--lifecycle", default="openai.assistants.run")
    parser.add_argument("--tie")
    for name in ("--run-id", "--status", "--time"):
        parser.add_argument(name, required=True)
    given = parser.parse_args()
    spark: Any = import_module("pyspark.sql").SparkSession.builder.getOrCreate()
    log = Log(table=given.table, run_id=given.run_id, status=given.status, time=given.time, tie=given.tie)
    monitor = Monitor(CATALOGUE[given.lifecycle])
    for flag, runs in judge(spark, log, monitor).items():
        print(f"{runs} suspect runs: {flag}")
    codes = Counter(finding.code for run in monitor.runs.values() for finding in run.findings)
    for code, count in sorted(codes.items()):
        print(f"{count} findings {code}")


if __name__ == "__main__":
    main()
