"""Settings, ignores by path, baselines, live logs and the hook: the judge in somebody's daily work."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runstate import Assume, DecodeError, Monitor
from runstate.cli.commands import runstate
from runstate.conformance.baseline import Baseline, fingerprint
from runstate.conformance.check import check_bytes
from runstate.conformance.settings import KEYS, Settings, parse_assume, settings_of

ROOT = Path(__file__).resolve().parents[1]
BROKEN = ROOT / "examples" / "broken.jsonl"
BAD: tuple[tuple[str, Any], ...] = (
    ("lifecycle", ""),
    ("lifecycle", 3),
    ("mode", "live"),
    ("strict", "yes"),
    ("select", ["XX1"]),
    ("select", "RS1,RS9"),
    ("ignore", 7),
    ("assume", ["late"]),
    ("assume", ["window=x"]),
    ("assume", ["window=-1"]),
    ("assume", ["lost=1"]),
    ("assume", 1),
    ("per-path-ignores", ["RS2"]),
    ("per-path-ignores", {"*": ["RS9"]}),
    ("baseline", True),
    ("colour", "red"),
)


def run(*arguments: str | Path, cwd: Path | None = None) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        if cwd is not None:
            patch.chdir(cwd)
        return CliRunner().invoke(runstate, ["check", *map(str, arguments)])


# --- settings ---------------------------------------------------------------------------------------------------------


def test_every_key_is_read_into_its_field() -> None:
    table = {
        "lifecycle": "openai.assistants.run",
        "mode": "poll",
        "strict": True,
        "select": ["rs2", "RS301"],
        "ignore": "RS205",
        "assume": "lost,duplicates,window=3,skew=1.5",
        "per-path-ignores": {"old/*": ["RS1"]},
        "baseline": "known.json",
        "store": "sqlite:///runs.db",
    }
    assert set(table) == set(KEYS)
    assert settings_of(table) == Settings(
        lifecycle="openai.assistants.run",
        mode="poll",
        strict=True,
        select=("RS2", "RS301"),
        ignore=("RS205",),
        assume=Assume(lost=True, duplicates=True, window=3, skew=1.5),
        per_path_ignores={"old/*": ("RS1",)},
        baseline="known.json",
        store="sqlite:///runs.db",
    )


@pytest.mark.parametrize(("key", "value"), BAD, ids=[f"{key}-{i}" for i, (key, _) in enumerate(BAD)])
def test_a_wrong_setting_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(DecodeError) as caught:
        settings_of({key: value})
    assert (caught.value.problem, key in caught.value.path) == ("settings", True)


def test_no_assumption_is_made_unless_it_is_said() -> None:
    assert parse_assume("") == Assume()


def test_settings_stand_in_the_nearest_pyproject_and_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.runstate]\nignore = ["RS1", "RS3"]\n', encoding="utf-8")
    inner = tmp_path / "logs"
    inner.mkdir()
    shutil.copy(BROKEN, inner)
    codes = [
        re.findall(r"error (RS\d+)", run("broken.jsonl", *more, cwd=inner).output)
        for more in ((), ("--ignore", "RS2"), ("--no-config",))
    ]
    assert codes == [["RS203"], ["RS102", "RS302"], ["RS203", "RS102", "RS302"]]


def test_a_wrong_configuration_is_wrong_usage_and_says_where(tmp_path: Path) -> None:
    for text, words in (("[tool.runstate]\ncolour = 1", "colour"), ("[tool", "pyproject.toml"), ("tool = 1", "")):
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        done = run(BROKEN, cwd=tmp_path)
        assert (done.exit_code, words in done.output) == (2 if words else 1, True)


def test_ignores_hold_for_the_paths_that_match(tmp_path: Path) -> None:
    text = '[tool.runstate.per-path-ignores]\n"old/*" = ["RS"]\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        shutil.copy(BROKEN, tmp_path / folder)
    assert [run(f"{folder}/broken.jsonl", cwd=tmp_path).exit_code for folder in ("old", "new")] == [0, 1]


# --- baseline ---------------------------------------------------------------------------------------------------------


def test_only_findings_that_are_new_are_reported(tmp_path: Path) -> None:
    log, known = tmp_path / "log.jsonl", tmp_path / "known.json"
    log.write_bytes(BROKEN.read_bytes())
    assert run(log, "--write-baseline", known).exit_code == 0
    assert run(log, "--baseline", known).exit_code == 0
    first, *rest = BROKEN.read_text(encoding="utf-8").splitlines()
    moved = ["", "", first, *rest]
    log.write_text("\n".join(moved), encoding="utf-8")
    assert run(log, "--baseline", known).exit_code == 0  # the same findings on other lines
    worse = json.loads(rest[-1])
    worse["thread_id"] = "thread_other"
    log.write_text("\n".join([*moved, json.dumps(worse)]), encoding="utf-8")
    done = run(log, "--baseline", known)
    assert (done.exit_code, re.findall(r"error (RS\d+)", done.output)) == (1, ["RS601"])


def test_a_baseline_knows_each_finding_as_often_as_it_was_written() -> None:
    finding = check_bytes(BROKEN.read_bytes()).runs[0].findings[0]
    once = Baseline.read(Baseline.of([finding]).dump())
    assert [once.knows(finding), once.knows(finding), once.passed] == [True, False, 1]
    assert json.loads(fingerprint(finding))[1] == finding.code


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 2, "findings": {}}', b'{"version": 1}'])
def test_what_is_no_baseline_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DecodeError):
        Baseline.read(data)
    (tmp_path / "b").write_bytes(data)
    assert run(BROKEN, "--baseline", tmp_path / "b").exit_code == 2


# --- live logs --------------------------------------------------------------------------------------------------------


def follow(data: bytes, *more: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "runstate.cli", "check", "--follow", "-", *more]
    return subprocess.run(command, input=data, capture_output=True, check=False, cwd=ROOT)


def test_a_log_on_standard_input_is_judged_as_it_comes() -> None:
    done = follow(BROKEN.read_bytes())
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, [re.findall(r"RS\d+|complete", line) for line in lines][:2]) == (1, [["RS203"], []])
    assert lines[-1].endswith("3 errors, 0 warnings, 0 notes")


def test_a_finding_is_told_before_the_log_goes_on() -> None:
    first, _, third, *_ = BROKEN.read_bytes().splitlines(keepends=True)
    command = [sys.executable, "-m", "runstate.cli", "check", "--follow", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(first + third)
        process.stdin.flush()
        told = process.stdout.readline()  # while standard input is still open
        process.stdin.close()
        process.wait()
    assert b"RS203" in told


def test_following_as_json_ends_with_the_summary() -> None:
    done = follow((ROOT / "examples" / "completed.sse").read_bytes(), "--format", "json")
    *runs, last = map(json.loads, done.stdout.splitlines())
    assert ([record["verdict"] for record in runs], last["summary"]["complete"]) == (["complete"], 1)


@pytest.mark.parametrize("more", [("-o", "x"), ("--as-one-log",), ("--format", "html"), ("--write-baseline", "x")])
def test_following_takes_no_option_that_needs_the_end(more: tuple[str, ...]) -> None:
    assert run("--follow", "-", *more).exit_code == 2


# --- watching a client ------------------------------------------------------------------------------------------------


def test_a_watched_stream_passes_through_unchanged() -> None:
    seen = [json.loads(line) for line in BROKEN.read_text(encoding="utf-8").splitlines()]
    monitor = Monitor()
    passed = list(monitor.watch(iter(seen)))
    assert all(mine is theirs for mine, theirs in zip(passed, seen, strict=True))
    assert [f.code for run in monitor.runs.values() for f in run.findings] == ["RS203", "RS102", "RS302"]


def test_ended_runs_are_given_up_and_their_restart_is_noticed_all_the_same() -> None:
    def poll(run_id: str, status: str) -> dict[str, Any]:
        ended = {"completed_at": 3, "expires_at": None} if status == "completed" else {"expires_at": 601}
        return {"id": run_id, "status": status, "created_at": 1, "started_at": 2, **ended}

    gone: list[str] = []
    monitor = Monitor(release=lambda run: gone.append(run.id), remember=2)
    for number in range(5):
        monitor.feed(poll(f"run_{number}", "in_progress"))
        monitor.feed(poll(f"run_{number}", "completed"))
    assert (gone, len(monitor.runs)) == ([f"run_{number}" for number in range(5)], 0)
    assert [f.code for f in monitor.feed(poll("run_4", "in_progress"))] == ["RS102"]
    assert [f.code for f in monitor.feed(poll("run_0", "in_progress"))] == []  # forgotten by now


def test_the_hook_definition_names_what_is_there() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^[- ] (\w+): (.+)$", text, flags=re.MULTILINE))
    assert (fields["id"], fields["entry"], fields["language"]) == ("runstate-check", "runstate check", "python")
    assert re.search(fields["files"], "logs/a.sse")
