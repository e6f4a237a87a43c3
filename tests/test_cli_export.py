"""``runstate export``: the judge's rules as SQL on the command line."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runstate.cli.commands import runstate
from runstate.conformance.monitor import Monitor
from runstate.conformance.sql import Log, queries
from runstate.conformance.watch import Assume
from runstate.lifecycles import CATALOGUE

WHERE = ("--table", "log", "--run-id", "run", "--status", "status", "--time", "at")
LOG = Log(table="log", run_id="run", status="status", time="at")


def export(*arguments: object) -> Result:
    command = ["export", "openai.batch", "--to", "sql", "--dialect", "sqlite", *WHERE, *map(str, arguments)]
    return CliRunner().invoke(runstate, command, catch_exceptions=False)


@pytest.mark.parametrize("query", ["suspects", "rows", "last"])
def test_each_query_is_the_one_that_python_gives(query: str) -> None:
    settings = ("--query", query, "--mode", "stream", "--strict", "--assume", "lost")
    judge = Monitor(CATALOGUE["openai.batch"], mode="stream", strict=True, assume=Assume(lost=True))
    assert export(*settings).stdout == getattr(queries(LOG, dialect="sqlite", monitor=judge), query) + "\n"


def test_the_query_finds_the_suspects() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE log (run TEXT, status TEXT, at TEXT, seq INTEGER)")
    rows = [("a", "completed", "12:00", 1), ("a", "in_progress", "12:01", 1), ("b", "validating", "12:00", 1)]
    tied = [("c", "completed", "12:00", 2), ("c", "finalizing", "12:00", 1)]
    connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", [*rows, *tied])
    assert connection.execute(export().stdout).fetchall() == [
        ("a", 0, 0, 0, 0, 1, 0),
        ("c", 0, 0, 0, 1, None, None),
    ]
    assert connection.execute(export("--tie", "seq").stdout).fetchall() == [("a", 0, 0, 0, 0, 1, 0)]
    connection.close()


def test_the_settings_of_the_project_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = export().stdout
    (tmp_path / "pyproject.toml").write_text('[tool.runstate]\nmode = "stream"\n')
    monkeypatch.chdir(tmp_path)
    assert export().stdout == export("--mode", "stream").stdout != plain
    assert export("--mode", "poll").stdout == plain


def test_it_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "suspects.sql"
    assert export("-o", file).stdout == ""
    assert file.read_text() == export().stdout
    refused = export("-o", tmp_path)
    assert (refused.exit_code, "cannot write" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--dialect", "mysql"), "bigquery"),
        (("--table", "a, b"), "names no table"),
        (("--assume", "window=3"), "window"),
        (("--assume", "much"), "much"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    result = export(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_its_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "runstate.conformance.sql", None)
    result = export()
    assert result.exit_code == 2
    assert "runstate[sql]" in result.stderr
