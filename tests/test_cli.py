"""The command line: exit codes, what is read, what is written where, and help that teaches."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from runstate.cli import MISSING_EXTRA
from runstate.cli.commands import runstate
from runstate.conformance.findings import CODES
from runstate.lifecycles import CATALOGUE
from tests.test_monitor import VALUES, event, run, stream

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
LEGS = ("tool_call_first_leg.sse", "tool_call_resumed_leg.sse")
ANSI = re.compile(r"\x1b\[")

LEGAL = json.dumps(run("queued")) + "\n"
ILLEGAL = json.dumps(run("queued", usage=VALUES["usage"])) + "\n"
INFERRED = "".join(json.dumps(one) + "\n" for one in stream("queued", "cancelling", "cancelled"))


def invoke(*arguments: object, data: str | bytes = b"") -> Result:
    return CliRunner().invoke(runstate, [str(one) for one in arguments], input=data, catch_exceptions=False)


def process(*arguments: object, data: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The real command, in the folder of the examples."""
    command = [sys.executable, "-m", "runstate.cli", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, input=data, capture_output=True, cwd=EXAMPLES, env=env, check=False, timeout=60)


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def file_of(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one_line(text: str, *words: str) -> None:
    assert len(text.splitlines()) == 1, text
    for word in words:
        assert word in text
    assert "Traceback" not in text


# -- exit codes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("completed.sse", 0),
        ("tool_call_first_leg.sse", 0),
        ("tool_call_resumed_leg.sse", 0),
        ("polls.jsonl", 0),
        ("quirk_incomplete.sse", 0),
        ("quirk_expired.jsonl", 0),
        ("broken.jsonl", 1),
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_examples(name: str, code: int, form: str) -> None:
    result = invoke("check", "--format", form, EXAMPLES / name)
    assert (result.exit_code, result.stderr) == (code, "")


def test_every_example_is_tested_here() -> None:
    found = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".sse", ".jsonl")}
    names = {"completed.sse", "polls.jsonl", "quirk_incomplete.sse", "quirk_expired.jsonl", "broken.jsonl"}
    assert found == {*LEGS, *names}


def test_errors_alone_decide(tmp_path: Path) -> None:
    legal, illegal = file_of(tmp_path, "legal.jsonl", LEGAL), file_of(tmp_path, "illegal.jsonl", ILLEGAL)
    assert invoke("check", legal).exit_code == 0
    assert invoke("check", illegal).exit_code == 1
    assert invoke("check", legal, illegal).exit_code == 1
    assert invoke("check", EXAMPLES / "quirk_expired.jsonl", legal).exit_code == 0  # warnings
    assert invoke("check", "-", data=INFERRED).exit_code == 0  # notes


@pytest.mark.parametrize("rest", [LEGAL, ILLEGAL])
def test_a_path_that_cannot_be_read_costs_the_others_nothing(tmp_path: Path, rest: str) -> None:
    other = file_of(tmp_path, "other.jsonl", rest)
    for bad, words in ((tmp_path / "missing.sse", "No such file"), (tmp_path, "directory")):
        for paths in ((bad, other), (other, bad)):
            result = invoke("check", "--format", "json", *paths)
            assert result.exit_code == 2
            one_line(result.stderr, str(bad), words)
            assert [one["run"] for one in records(result)[:-1]] == ["run_1"]


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = file_of(tmp_path, "secret.jsonl", LEGAL)
    path.chmod(0)
    if os.access(path, os.R_OK):  # a privileged user may read anything: let the system refuse in another way
        path = Path("/proc/self/mem")
        if not path.exists():
            pytest.skip("nothing on this system refuses to be read")
    result = invoke("check", path)
    assert result.exit_code == 2
    one_line(result.stderr, str(path))
    assert result.stdout == ""


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00\x01\x02\xff\xfe",
        b"hello\n",
        b"hello\nworld\n",
        b"<html></html>\n",
        b"5\n",
        b"{}\n",
        b"[]",
        b"[1, 2]",
        b'{"a": 1}\n{"b": 2}\n',
        b"{",
        b"[" * 100_000,
        b"\xef\xbb\xbf",
        b": comment\n\n",
        b"a,b,c\n1,2,3\n",
    ],
)
def test_junk_is_one_clear_line(tmp_path: Path, junk: bytes) -> None:
    path = file_of(tmp_path, "junk", junk)
    good = file_of(tmp_path, "good.jsonl", LEGAL)
    result = invoke("check", path)
    assert (result.exit_code, result.stdout) == (2, "")
    one_line(result.stderr, str(path), "no observation")
    assert len(result.stderr) < 600
    result = invoke("check", path, good)
    assert result.exit_code == 2
    one_line(result.stderr, str(path))
    assert "run_1" in result.stdout


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    empty, good = file_of(tmp_path, "empty", b""), file_of(tmp_path, "good.jsonl", LEGAL)
    for paths in ((empty,), (empty, good), (good, empty)):
        for options in ((), ("--as-one-log",)):
            result = invoke("check", *options, *paths)
            assert result.exit_code == 2
            one_line(result.stderr, str(empty), "empty")
            assert ("run_1" in result.stdout) is (len(paths) == 2)


def test_a_bad_line_among_good_ones_is_an_error_and_the_rest_is_judged(tmp_path: Path) -> None:
    path = file_of(tmp_path, "log.jsonl", LEGAL + '{"id": "run_1", "sta\n' + json.dumps(run("in_progress")) + "\n")
    result = invoke("check", path)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "line 2: error RS501" in result.stdout
    assert "queued → in_progress" in result.stdout
    *_, loose, last = records(invoke("check", "--format", "json", path))
    assert (loose["run"], loose["verdict"], loose["findings"][0]["line"]) == (None, None, 2)
    assert last["summary"]["runs"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "--mode", "guess", "-"),
        ("check", "--format", "xml", "-"),
        ("check", "--lifecycle", "openai.assistants.jog", "-"),
        ("check", "--select", "RS9", "-"),
        ("check", "--ignore", "E501", "-"),
        ("check", "--unknown", "-"),
        ("check", "-o"),
        ("check", "-", "-o", "/no/such/folder/report"),
        ("show",),
        ("show", "openai.assistants.jog"),
        ("show", "openai.assistants.run", "--format", "png"),
        ("show", "openai.assistants.run", "openai.assistants.message"),
        ("explain",),
        ("explain", "RS999"),
        ("explain", "E501"),
        ("judge",),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments, data=LEGAL)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error:" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "--lifecycle", "openai.assistants.jog", "-"), ["openai.assistants.jog", "openai.assistants.run"]),
        (("check", "--select", "RS9", "-"), ["RS9", "RS203"]),
        (("explain", "RS999"), ["RS999", "RS101"]),
        (("explain", "rs2"), ["RS201", "RS209"]),
        (("check", "--mode", "guess", "-"), ["guess", "stream", "poll"]),
    ],
)
def test_wrong_usage_says_what_was_allowed(arguments: tuple[str, ...], words: list[str]) -> None:
    told = " ".join(invoke(*arguments, data=LEGAL).stderr.split())
    for word in words:
        assert word in told


# -- what is read ------------------------------------------------------------------------------------------------------


def test_standard_input() -> None:
    data = (EXAMPLES / "broken.jsonl").read_bytes()
    assert invoke("check", "-", data=data).stdout.startswith("-  openai.assistants.run")
    done = process("check", "--format", "json", "-", data=data)
    assert done.returncode == 1
    assert {json.loads(line).get("file") for line in done.stdout.splitlines()[:-1]} == {"-"}


def test_standard_input_that_is_empty() -> None:
    result = invoke("check", "-")
    assert result.exit_code == 2
    one_line(result.stderr, "-", "empty")


def test_as_one_log_joins_the_legs_of_a_run() -> None:
    paths = [EXAMPLES / name for name in LEGS]
    apart, joined = (
        records(invoke("check", "--format", "json", *paths)),
        records(invoke("check", "--format", "json", "--as-one-log", *paths)),
    )
    assert [one["verdict"] for one in apart[:-1]] == ["open", "complete"]
    assert [one["verdict"] for one in joined[:-1]] == ["complete"]
    assert [one["findings"] for one in joined[:-1]] == [[]]
    assert (apart[-1]["summary"]["runs"], joined[-1]["summary"]["runs"]) == (2, 1)
    assert apart[-1]["summary"]["observations"] == joined[-1]["summary"]["observations"]


def test_as_one_log_takes_the_paths_in_the_order_given() -> None:
    result = invoke("check", "--as-one-log", *[EXAMPLES / name for name in reversed(LEGS)])
    assert result.exit_code == 1
    assert "RS108" in result.stdout


def test_findings_of_one_log_name_their_own_file_and_line(tmp_path: Path) -> None:
    first = file_of(tmp_path, "a.jsonl", json.dumps(run("completed")) + "\n")
    second = file_of(tmp_path, "b.jsonl", "\n" + json.dumps(run("in_progress")) + "\n")
    result = invoke("check", "--format", "json", "--as-one-log", first, second)
    one, _ = records(result)
    assert [(f["file"], f["line"], f["code"]) for f in one["findings"]] == [(str(second), 2, "RS102")]
    assert one["file"] == str(first)


def test_each_path_is_judged_by_itself(tmp_path: Path) -> None:
    paths = [file_of(tmp_path, status, json.dumps(run(status)) + "\n") for status in ("completed", "in_progress")]
    assert invoke("check", *paths).exit_code == 0
    assert invoke("check", "--as-one-log", *paths).exit_code == 1


def test_the_same_path_twice(tmp_path: Path) -> None:
    path = file_of(tmp_path, "a.jsonl", json.dumps(event("thread.run.queued", run("queued"))) + "\n")
    *_, last = records(invoke("check", "--format", "json", path, path))
    assert (last["summary"]["files"], last["summary"]["runs"], last["summary"]["errors"]) == (2, 2, 0)
    one, _ = records(invoke("check", "--format", "json", "--as-one-log", path, path))
    assert [f["code"] for f in one["findings"] if f["severity"] == "error"] == ["RS105"]


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "codes", "exit_code"),
    [
        ((), ["RS102", "RS203", "RS302"], 1),
        (("--select", "RS2"), ["RS203"], 1),
        (("--select", "RS2,RS302"), ["RS203", "RS302"], 1),
        (("--select", "RS2", "--select", "RS302"), ["RS203", "RS302"], 1),
        (("--select", "rs2"), ["RS203"], 1),
        (("--select", "RS4"), [], 0),
        (("--ignore", "RS1,RS2"), ["RS302"], 1),
        (("--ignore", "RS"), [], 0),
        (("--select", "RS", "--ignore", "RS102"), ["RS203", "RS302"], 1),
        (("--select", "RS203", "--ignore", "RS2"), ["RS203"], 1),
    ],
)
def test_select_and_ignore(options: tuple[str, ...], codes: list[str], exit_code: int) -> None:
    result = invoke("check", "--format", "json", *options, EXAMPLES / "broken.jsonl")
    one, last = records(result)
    assert sorted(finding["code"] for finding in one["findings"]) == codes
    assert result.exit_code == exit_code
    assert last["summary"]["errors"] == len(codes)


def test_strict() -> None:
    one, _ = records(invoke("check", "--format", "json", "-", data=INFERRED))
    assert [(f["code"], f["severity"]) for f in one["findings"]] == [("RS104", "note")]
    result = invoke("check", "--format", "json", "--strict", "-", data=INFERRED)
    one, _ = records(result)
    assert [(f["code"], f["severity"]) for f in one["findings"]] == [("RS104", "error")]
    assert (result.exit_code, one["verdict"]) == (1, "illegal")


@pytest.mark.parametrize(
    ("mode", "named", "code"),
    [
        ("auto", True, 1),
        ("auto", False, 0),
        ("stream", True, 1),
        ("stream", False, 1),
        ("poll", True, 0),
        ("poll", False, 0),
    ],
)
def test_mode(mode: str, code: int, *, named: bool) -> None:
    objects = [run("queued"), run("queued"), run("completed")]
    lines = [*stream("queued", "queued", "completed")] if named else objects
    data = "".join(json.dumps(one) + "\n" for one in lines)
    assert invoke("check", "--mode", mode, "-", data=data).exit_code == code
    if mode == "auto":
        assert invoke("check", "-", data=data).exit_code == code


def test_lifecycle() -> None:
    bare = {
        "id": "x",
        "created_at": 1,
        "status": "incomplete",
        "incomplete_at": 5,
        "incomplete_details": {"reason": "x"},
    }
    data = json.dumps(bare) + "\n"
    taken = invoke("check", "--format", "json", "-", data=data)
    assert (taken.exit_code, records(taken)[0]["lifecycle"]) == (1, "openai.assistants.run")
    told = invoke("check", "--format", "json", "--lifecycle", "openai.assistants.message", "-", data=data)
    assert (told.exit_code, records(told)[0]["lifecycle"]) == (0, "openai.assistants.message")


def test_the_choice_of_the_lifecycle_is_printed() -> None:
    bare = {key: value for key, value in run("queued").items() if key != "object"}
    head = invoke("check", "-", data=json.dumps(bare)).stdout.splitlines()[0]
    assert "openai.assistants.run (taken for granted)" in head
    assert "openai.assistants.run (recognised)" in invoke("check", "-", data=LEGAL).stdout.splitlines()[0]
    told = invoke("check", "--lifecycle", "openai.assistants.run", "-", data=LEGAL)
    assert "openai.assistants.run (as told)" in told.stdout.splitlines()[0]


@pytest.mark.parametrize("form", ["text", "json"])
def test_output_to_a_file(tmp_path: Path, form: str) -> None:
    path = EXAMPLES / "broken.jsonl"
    printed = invoke("check", "--format", form, path)
    report = tmp_path / "report"
    result = invoke("check", "--format", form, "-o", report, path)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "")
    assert report.read_text(encoding="utf-8") == printed.stdout


# -- the published JSON ------------------------------------------------------------------------------------------------

SEVERITIES = ("error", "warning", "note")
RUN_KEYS = ["run", "file", "lifecycle", "verdict", "findings"]
FINDING: dict[str, tuple[type, ...]] = {
    "code": (str,),
    "severity": (str,),
    "file": (str,),
    "line": (int, type(None)),
    "message": (str,),
    "status": (str, type(None)),
    "event": (str, type(None)),
    "wire_event": (str, type(None)),
    "allowed": (list,),
}
SUMMARY = ["files", "observations", "runs", "complete", "open", "illegal", "unknown", "errors", "warnings", "notes"]

LOGS = {path.name: path.read_bytes() for path in sorted(EXAMPLES.iterdir()) if path.suffix in (".sse", ".jsonl")} | {
    "bad_line": LEGAL.encode() + b"{\n" + LEGAL.encode(),
    "unknown_status": json.dumps({**run("queued"), "status": "paused"}).encode(),
    "no_id": json.dumps(run("queued", id=None)).encode(),
    "error_event": b'event: error\ndata: {"error": {"message": "x"}}\n\n' + b"event: done\ndata: [DONE]\n\n",
    "array": json.dumps([run("queued"), 5, run("queued", usage=VALUES["usage"])]).encode(),
    "inferred": INFERRED.encode(),
}


@pytest.mark.parametrize("name", sorted(LOGS))
def test_json_lines_are_of_the_published_shape(name: str) -> None:
    *runs, last = records(invoke("check", "--format", "json", "-", data=LOGS[name]))
    counts = dict.fromkeys(SUMMARY, 0)
    for one in runs:
        assert list(one)[: len(RUN_KEYS)] == RUN_KEYS  # published; more may follow
        assert one["file"] == "-"
        assert one["lifecycle"] in {*CATALOGUE, None}
        if one["run"] is None:
            assert one["verdict"] is None
            assert one["findings"]
        else:
            assert isinstance(one["run"], str)
            counts[one["verdict"]] += 1
            counts["runs"] += 1
        for finding in one["findings"]:
            assert list(finding)[: len(FINDING)] == list(FINDING)
            for key, types in FINDING.items():
                assert type(finding[key]) in types, (key, finding[key])
            assert finding["code"] in CODES
            assert finding["severity"] in SEVERITIES
            assert all(type(word) is str for word in finding["allowed"])
            assert finding["line"] is None or finding["line"] >= 1
            counts[finding["severity"] + "s"] += 1
    assert list(last) == ["summary"]
    assert list(last["summary"]) == SUMMARY
    assert {key: value for key, value in last["summary"].items() if key not in ("files", "observations")} == {
        key: value for key, value in counts.items() if key not in ("files", "observations")
    }
    assert last["summary"]["files"] == 1
    assert last["summary"]["observations"] >= counts["runs"]


def test_a_document_names_places_instead_of_lines() -> None:
    one, loose, _ = records(invoke("check", "--format", "json", "-", data=LOGS["array"]))
    assert [(f["line"], f["path"]) for f in one["findings"]] == [(None, "$[2]")]
    assert [(f["line"], f["path"]) for f in loose["findings"]] == [(None, "$[1]")]
    assert "$[2]: error RS203" in invoke("check", "-", data=LOGS["array"]).stdout


# -- the text ----------------------------------------------------------------------------------------------------------

BROKEN = """\
broken.jsonl  openai.assistants.run (recognised)
  illegal  run_0033  queued → in_progress 2 s ×2 → completed 12 s → ✗ in_progress ×2
    line 3: error RS203 usage must be null until the run has ended; seen: {'prompt_tokens': 1021, \
'completion_tokens': 262, 'total_tokens': 1283, 'prompt…; allowed: null
      → Set usage to null.
    line 5: error RS102 completed → in_progress: it had ended; allowed after completed: nothing
      → Drop what comes after the end, or give the new work a run of its own.
    line 6: error RS302 started_at went from 1761862112 back to 1761862111; a stamp never decreases
      → Keep the later value, or put the observations in the order in which they were made.

1 file, 6 observations, 1 run: 1 illegal; 3 errors, 0 warnings, 0 notes
"""
LEGAL_TEXT: dict[tuple[str, ...], str] = {
    ("completed.sse",): """\
completed.sse  openai.assistants.run (recognised)
  complete run_0040  queued ×2 → in_progress 1 s → completed 2 s

1 file, 23 observations, 1 run: 1 complete; 0 errors, 0 warnings, 0 notes
""",
    ("tool_call_first_leg.sse",): """\
tool_call_first_leg.sse  openai.assistants.run (recognised)
  open     run_0046  queued ×2 → in_progress 1 s → requires_action → (queued | failed | cancelling | expired)

1 file, 10 observations, 1 run: 1 open; 0 errors, 0 warnings, 0 notes
""",
    ("--as-one-log", *LEGS): """\
tool_call_first_leg.sse + tool_call_resumed_leg.sse  openai.assistants.run (recognised)
  complete run_0046  queued ×2 → in_progress 1 s → requires_action → queued → in_progress 577 s → completed 1 s

2 files, 28 observations, 1 run: 1 complete; 0 errors, 0 warnings, 0 notes
""",
    ("polls.jsonl",): """\
polls.jsonl  openai.assistants.run (recognised)
  complete run_0025  queued ×3 → in_progress 2 s → completed 1 s
  complete run_0031  queued → in_progress 1 s → requires_action ×3 → queued → in_progress 15 s → completed 1 s
  open     run_0006  queued → cancelling → (cancelled | completed | incomplete | failed | expired)

1 file, 15 observations, 3 runs: 2 complete, 1 open; 0 errors, 0 warnings, 0 notes
""",
}


@pytest.mark.parametrize("arguments", sorted(LEGAL_TEXT))
def test_the_text_of_legal_examples(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    assert invoke("check", *arguments).stdout == LEGAL_TEXT[arguments]


def test_the_text_of_the_broken_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen, where, and what was allowed.  Repairs of the whole history may follow the findings."""
    monkeypatch.chdir(EXAMPLES)
    found = invoke("check", "broken.jsonl").stdout.splitlines()
    *wanted, blank, total = BROKEN.splitlines()
    assert found[: len(wanted)] == wanted
    assert found[-2:] == [blank, total]
    assert not [line for line in found[len(wanted) : -2] if line.startswith(("  illegal", "    line"))]


def test_the_text_of_quirks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    text = invoke("check", "quirk_incomplete.sse").stdout
    assert "  complete run_0100  queued ×2 → in_progress 1 s → incomplete 3 s\n    line 52: warning RS110 " in text
    text = invoke("check", "quirk_expired.jsonl").stdout
    assert "  complete run_0094  completed → expired\n    line 2: warning RS107 completed → expired: " in text
    assert (
        "    line 2: warning RS205 completed_at must be null in status expired; seen: 1699412346; allowed: null" in text
    )


def test_no_colours_in_a_pipe_or_a_file(tmp_path: Path) -> None:
    done = process("check", "broken.jsonl", TERM="xterm-256color")
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stdout.decode().splitlines()[1].startswith("  illegal  run_0033  queued")
    process("check", "-o", tmp_path / "report", "broken.jsonl")
    assert "\x1b" not in (tmp_path / "report").read_text(encoding="utf-8")


def test_colours_on_a_terminal_change_no_column() -> None:
    result = CliRunner().invoke(runstate, ["check", str(EXAMPLES / "polls.jsonl")], color=True)
    assert ANSI.search(result.stdout)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert plain == invoke("check", EXAMPLES / "polls.jsonl").stdout


def test_ids_cannot_write_to_the_terminal_or_break_lines() -> None:
    name = "run\n  complete\x1b]0;title\x07\u202e"
    step = {"id": name, "object": "thread.run.step", "run_id": name, "created_at": 1000, "status": "completed"}
    seen = [event("thread.run.created", run("queued", id=name)), event("thread.run.step.completed", step)]
    data = "".join(json.dumps(one) + "\n" for one in seen)
    result = CliRunner().invoke(runstate, ["check", "-"], input=data, color=True)
    assert "RS401" in result.stdout
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert "\x1b" not in plain
    assert "\u202e" not in plain
    assert "\n  complete" not in plain


# -- the other commands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "mermaid", "dot", "json", "tla", "promela"])
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_show(name: str, form: str) -> None:
    result = invoke("show", name, "--format", form)
    assert (result.exit_code, result.stderr) == (0, "")
    for status in CATALOGUE[name].statuses:
        assert status in result.stdout


def test_show_prints_a_table_unless_told_otherwise() -> None:
    name = "openai.assistants.run"
    assert invoke("show", name).stdout == invoke("show", name, "--format", "table").stdout


@pytest.mark.parametrize("code", sorted(CODES))
def test_explain(code: str) -> None:
    known = CODES[code]
    result = invoke("explain", code.lower())
    assert (result.exit_code, result.stderr) == (0, "")
    for words in (code, known.severity.value, known.title, known.why, known.mend):
        assert words in result.stdout


def commands() -> list[tuple[str, click.Command]]:
    return [("", runstate), *((name, command) for name, command in sorted(runstate.commands.items()))]


@pytest.mark.parametrize(("name", "command"), commands())
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_teaches(name: str, command: click.Command, flag: str) -> None:
    result = invoke(*([name] if name else []), flag)
    assert (result.exit_code, result.stderr) == (0, "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for option in parameter.opts:
                assert option in result.stdout
            assert parameter.help, f"{name} {parameter.name} says nothing"
    if name:
        assert f"runstate {name}" in result.stdout.split("\n", 1)[1] or not command.help or "\b" not in command.help
    else:
        for other in runstate.commands:
            assert other in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_version() -> None:
    result = invoke("--version")
    assert result.exit_code == 0
    assert re.fullmatch(r"runstate \d+\.\d+\.\d+\S*\n", result.stdout)


# -- as a process ------------------------------------------------------------------------------------------------------


def test_the_command_as_a_process() -> None:
    done = process("check", "polls.jsonl", "broken.jsonl", "missing.jsonl")
    assert done.returncode == 2
    one_line(done.stderr.decode(), "missing.jsonl", "No such file")
    assert "2 files, 21 observations, 4 runs: 2 complete, 1 open, 1 illegal; 3 errors" in done.stdout.decode()


@pytest.mark.parametrize("module", ["click", "rich", "tomli_w"])
def test_without_its_extra_the_command_says_how_to_get_it(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from runstate.cli import main; main()"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, "check", "x"], capture_output=True, env=env, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == MISSING_EXTRA + "\n"
    one_line(done.stderr.decode(), "pip install 'runstate[cli]'")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl")
    Path(path).write_text(ILLEGAL)
    for form in ("text", "json"):
        for output in ((), ("-o", tmp_path / "report")):
            done = process("check", "--format", form, *output, path)
            assert b"Traceback" not in done.stderr
            assert done.returncode == 1
    done = process("check", os.fsdecode(os.fsencode(tmp_path) + b"/th\xe9.jsonl"))
    assert done.returncode == 2
    one_line(done.stderr.decode(), "No such file")


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_output_that_has_no_arrows(form: str) -> None:
    done = process("check", "--format", form, "broken.jsonl", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"run_0033" in done.stdout


def test_a_reader_that_has_gone_away() -> None:
    command = [sys.executable, "-m", "runstate.cli", "check", "--format", "json", "-"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    many = "".join(json.dumps(run("queued", id=f"run_{n}")) + "\n" for n in range(5000)).encode()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stderr
        child.stdout.close()
        child.stdin.write(many)
        child.stdin.close()
        errors = child.stderr.read()
        child.wait(timeout=30)
    assert b"Traceback" not in errors


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "runstate.cli", "check", str(pipe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as child:
        pipe.write_text(ILLEGAL)
        out, errors = child.communicate(timeout=30)
    assert (child.returncode, errors) == (1, b"")
    assert b"RS203" in out
