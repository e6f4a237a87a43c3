"""``runstate check`` with columns: the bulk judge on the command line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runstate.cli import columns
from runstate.cli.commands import runstate

COLUMNS = ("--run-id", "run", "--status", "status", "--time", "time")
GIVEN = {"run_id": "run", "status": "status", "time": None, "order": None}
GOOD = "run,status,time\na,completed,3\na,in_progress,2\na,queued,1\n"
BAD = "run,status,time\nb,queued,1\nb,completed,2\nb,queued,3\nc,queued,1\n"


def check(*arguments: object) -> Result:
    return CliRunner().invoke(runstate, ["check", "--no-config", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_text(GOOD)
    return tmp_path / "good.csv"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.csv").write_text(BAD)
    return tmp_path / "bad.csv"


def test_only_runs_with_findings_are_listed_and_all_are_counted(good: Path, bad: Path) -> None:
    result = check(good, bad, *COLUMNS, "--format", "json")
    *runs, last = map(json.loads, result.stdout.splitlines())
    assert [(run["run"], run["verdict"], [(f["code"], f["line"]) for f in run["findings"]]) for run in runs] == [
        ("b", "illegal", [("RS102", 3)])
    ]
    assert (result.exit_code, result.stderr) == (1, "")
    assert last["summary"] == {
        "files": 2, "observations": 7, "runs": 3, "complete": 1, "open": 1, "illegal": 1, "unknown": 0,
        "errors": 1, "warnings": 0, "notes": 0,
    }  # fmt: skip


def test_rows_may_be_taken_as_they_stand(good: Path) -> None:
    assert check(good, *COLUMNS).exit_code == 0
    assert check(good, *COLUMNS, "--order", "row").exit_code == 1
    assert check(good, *COLUMNS[:4]).exit_code == 1


def test_a_stream_needs_every_transition_and_an_end(good: Path) -> None:
    assert check(good, *COLUMNS, "--mode", "stream", "--memory", "200MB").exit_code == 0


def test_legs_in_two_tables_are_one_log_where_it_is_said(tmp_path: Path) -> None:
    head, *rows = GOOD.splitlines()
    files = [tmp_path / f"{number}.csv" for number in range(3)]
    for file, row in zip(files, reversed(rows), strict=True):
        file.write_text(f"{head}\n{row}\n")
    apart = check(*files, *COLUMNS).stdout
    joined = check("--as-one-log", *files, *COLUMNS).stdout
    assert ("3 observations, 3 runs" in apart, "3 observations, 1 run: 1 complete" in joined) == (True, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (COLUMNS[:2], "both --run-id COL and --status COL"),
        (("--memory", "1GB"), "both --run-id COL and --status COL"),
        ((*COLUMNS[:4], "--order", "time"), "no column holds times"),
        ((*COLUMNS, "--memory", "lots"), "no size of memory"),
        ((*COLUMNS, "--assume", "window=3"), "none is taken to be late"),
        ((*COLUMNS, "--memory", "1GB", "--follow"), "--memory"),
        ((*COLUMNS, "--follow"), "cannot be followed"),
        ((*COLUMNS, "--memory", "1GB", "-"), "nor read from standard input"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(good: Path, options: tuple[str, ...], says: str) -> None:
    result = check(good, *options)
    assert (result.exit_code, says in result.stderr) == (2, True), result.stderr


def test_lines_of_json_are_followed_whatever_their_columns_are_called(tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"run": "a", "status": "queued"}\n')
    assert columns.columns_of([str(lines)], GIVEN, memory=None, follow=True) is None
    assert columns.columns_of([str(lines)], GIVEN, memory=None) is not None


def test_what_cannot_be_read_is_said_and_the_others_are_judged(good: Path, tmp_path: Path) -> None:
    result = check(tmp_path / "none.parquet", good, *COLUMNS)
    assert (result.exit_code, "1 run: 1 complete" in result.stdout) == (2, True)
    assert result.stderr == f"runstate: {tmp_path / 'none.parquet'}: No such file or directory (unreadable).\n"
    missing = check(good, "--run-id", "id", "--status", "status")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "there is no such column (column). Seen: 'id'. Allowed: run, status, time." in missing.stderr


def test_a_table_that_is_not_called_one_gets_a_hint(good: Path) -> None:
    result = check(good)
    assert (result.exit_code, "a table needs --run-id COL" in result.stderr) == (2, True)


def test_progress_is_shown_on_a_terminal_only(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with columns._progress("day.parquet") as shown:
        assert shown is not None
        shown("grouping", 1, 4)
    assert "day.parquet: grouping" in screen.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with columns._progress("day.parquet") as shown:
        assert shown is None
