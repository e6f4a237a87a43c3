"""``runstate simulate``: the library on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from runstate.cli import simulate as command
from runstate.cli.commands import runstate
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.distributions import Fixed
from runstate.modelling.rates import Rates
from runstate.modelling.simulate import simulate
from runstate.modelling.simulated import texts
from runstate.observations import read


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(runstate, ["simulate", *map(str, arguments)], catch_exceptions=False)


@pytest.mark.parametrize("form", ["sse", "jsonl", "rows", "csv"])
def test_it_prints_the_log_that_the_library_makes(form: str, tmp_path: Path) -> None:
    wanted = b"".join(texts(simulate(ASSISTANTS_RUN, 4, 9), form))
    asked = ("openai.assistants.run", "--runs", 4, "--seed", 9, "--format", form)
    printed = invoke(*asked)
    assert (printed.exit_code, printed.stdout_bytes, printed.stderr) == (0, wanted, "")
    assert invoke(*asked, "-o", tmp_path / "log").stdout == ""
    assert (tmp_path / "log").read_bytes() == wanted


def test_what_it_prints_is_judged_clean() -> None:
    log = invoke("a2a.task", "--runs", 30).stdout_bytes
    result = CliRunner().invoke(runstate, ["check", "--lifecycle", "a2a.task", "-"], input=log)
    assert (result.exit_code, "30 runs: 30 complete; 0 errors, 0 warnings" in result.stdout) == (0, True)


def test_every_option_says_what_the_library_is_told() -> None:
    simulation = simulate(
        ASSISTANTS_RUN,
        50,
        3,
        rates={"complete": Fixed(3), "fail": 0},
        arrivals=0.5,
        concurrency=2,
        working=["in_progress"],
        ttl=90,
        strict=True,
    )
    options = "--runs 50 --seed 3 --rate complete=fixed:3 --rate fail=0 --arrivals 0.5 --workers 2 --ttl 90 --strict"
    found = invoke("openai.assistants.run", *options.split(), "--working", "in_progress", "--summary")
    assert found.stdout.splitlines() == [*simulation.summary().lines()]
    stays = invoke("openai.assistants.run", "--stay", "queued=fixed:2", "--summary")
    by_stays = simulate(ASSISTANTS_RUN, 10, 1, durations={"queued": Fixed(2)})
    assert stays.stdout.splitlines() == [*by_stays.summary().lines()]


def test_a_summary_goes_beside_a_log_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "log.parquet"
    result = invoke("a2a.task", "--format", "parquet", "-o", file, "--summary")
    assert result.stdout.startswith("a2a.task: 10 runs")
    assert file.read_bytes()[:4] == b"PAR1"


def test_what_if() -> None:
    simulation = simulate(ASSISTANTS_RUN, 40, 1, concurrency=1)
    result = invoke(
        "openai.assistants.run", "--runs", 40, "--workers", 1, "--what-if", "fail=0", "--what-if", "workers=3"
    )
    assert result.stdout.splitlines() == [*simulation.what_if({"fail": 0}, concurrency=3).lines()]


def test_rates_from_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log.sse"
    log.write_bytes(b"".join(texts(simulate(ASSISTANTS_RUN, 50, 2), "sse")))
    rates = Rates.from_log(ASSISTANTS_RUN, read(log.read_bytes())).having({"fail": 0})
    result = invoke("openai.assistants.run", "--from-log", log, "--rate", "fail=0", "--summary")
    assert result.stdout.splitlines() == [*simulate(ASSISTANTS_RUN, 10, 1, rates=rates).summary().lines()]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["no.such"], "is neither a lifecycle of the catalogue"),
        (["a2a.task", "--rate", "work"], "NAME=VALUE"),
        (["a2a.task", "--rate", "nap=1"], "no such transition"),
        (["a2a.task", "--rate", "work=gamma:1"], "no distribution"),
        (["a2a.task", "--stay", "nowhere=fixed:1"], "no such status"),
        (["a2a.task", "--stay", "TASK_STATE_WORKING=0"], "a duration has an end"),
        (["a2a.task", "--stay", "TASK_STATE_WORKING=1", "--rate", "work=1"], "rates were given too"),
        (["a2a.task", "--arrivals", "0"], "a duration has an end"),
        (["a2a.task", "--ttl", "0"], "ttl"),
        (["a2a.task", "--format", "parquet"], "needs -o FILE"),
        (["a2a.task", "--from-log", "no_such_file"], "no_such_file: No such file"),
        (["a2a.task", "-o", "no_such_folder/x"], "cannot write no_such_folder/x"),
        (["a2a.task", "--what-if", "workers=many"], "not a whole number"),
        (["agui.run", "--format", "jsonl"], "tell no status"),
    ],
)
def test_wrong_usage_is_said_in_words(options: list[str], words: str) -> None:
    result = invoke(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.split())


def test_parquet_without_its_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    result = invoke("a2a.task", "--format", "parquet", "-o", tmp_path / "x")
    assert (result.exit_code, "pip install 'runstate[bulk]'" in result.stderr) == (2, True)


def test_progress_is_shown_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    long = simulate(CATALOGUE["a2a.task"], command.PROGRESS_FROM, 1)
    with command._progress(long, "simulating") as shown:
        assert shown is long
    written: list[str] = []
    terminal = SimpleNamespace(isatty=lambda: True, write=written.append, flush=lambda: None, encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", terminal)
    with command._progress(long, "simulating") as shown:
        assert sum(moved.last for moved in shown.changes()) == long.runs
    assert "simulating" in "".join(written)
    with command._progress(long.having(runs=5), "simulating") as shown:
        assert shown.on_change is None
