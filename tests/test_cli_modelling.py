"""The commands `map`, `lint` and `infer`: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runstate.modelling.definition import load
from runstate.modelling.lint import WORDS
from runstate.modelling.mapping_check import check_mapping
from runstate.modelling.mappings import MAPPINGS
from tests.test_cli import EXAMPLES, file_of, invoke, one_line

GOOD = """
name = "a"
initial = ["x"]
terminal = ["y"]
basis = ["documented"]
create = { make = "x" }
[statuses.x]
end = "y"
[statuses.y]
"""
BAD = GOOD.replace('end = "y"', 'end = "z"')
DOUBTFUL = GOOD.replace('end = "y"', 'end = "y"\nstay = "w"\n[statuses.w]\nstay = "w"')

# -- map ---------------------------------------------------------------------------------------------------------------


def test_map_alone_lists_every_mapping() -> None:
    result = invoke("map")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"{source} -> {target}" for source, target in MAPPINGS]


@pytest.mark.parametrize("pair", MAPPINGS, ids=" ".join)
def test_map_says_how_each_status_reads_and_all_that_is_lost(pair: tuple[str, str]) -> None:
    result = invoke("map", *pair)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    mapping = MAPPINGS[pair]
    for status, entry in mapping.statuses.items():
        line = next(line for line in lines if line.startswith(f"  {status} "))
        assert entry.why in line
        assert (entry.status or "(not told)") in line
    assert {f"  {problem}" for problem in check_mapping(mapping).problems} <= set(lines)
    assert any(line.startswith("There and back") for line in lines) == (pair[::-1] in MAPPINGS)


def test_map_as_json_says_the_same() -> None:
    result = invoke("map", "openai.assistants.run", "a2a.task", "--back", "--format", "json")
    there, back = map(json.loads, result.stdout.splitlines())
    assert (there["source"], back["source"]) == ("openai.assistants.run", "a2a.task")
    assert (there["total"], there["translates_all"], back["total"]) == (False, True, True)
    assert there["statuses"][0] == {
        "status": "queued",
        "readings": ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"],
        "basis": ["inferred"],
        "why": "received, not begun; a task is submitted once",
    }
    assert {"status": "expired", "there": "TASK_STATE_FAILED", "back": "failed"} in there["round_trip"]
    cancel = next(one for one in back["transitions"] if one["target"] == "TASK_STATE_CANCELED")
    assert (cancel["kind"], cancel["held"]) == ("path", "queued")
    assert [step["target"] for step in cancel["taken"]] == ["cancelling", "cancelled"]
    assert {one["severity"] for one in there["problems"]} == {"note"}


def test_back_prints_both_mappings() -> None:
    lines = invoke("map", "a2a.task", "openai.assistants.run", "--back").stdout.splitlines()
    assert lines[0] == "a2a.task -> openai.assistants.run"
    assert "openai.assistants.run -> a2a.task" in lines


def test_what_is_not_declared_is_said_so_and_drafted_on_demand() -> None:
    result = invoke("map", "temporal.workflow", "prefect.flow_run")
    assert result.exit_code == 2
    for words in ("no mapping from temporal.workflow to prefect.flow_run", "openai.assistants.run", "--draft"):
        assert words in result.stderr
    drafted = invoke("map", "temporal.workflow", "prefect.flow_run", "--draft")
    assert drafted.exit_code == 0
    assert "A draft." in drafted.stdout
    assert "untold_end" in drafted.stdout
    assert "There and back:" in drafted.stdout


def test_a_draft_with_a_fault_ends_with_1() -> None:
    wrong = invoke("map", "openai.assistants.run", "openai.batch", "--draft")
    assert wrong.exit_code == 1
    assert "no_path" in wrong.stdout
    assert "Wrong: " in wrong.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a2a.task",), "declared: openai.assistants.run, a2a.task.v0.3"),
        (("a2a.task", "nothing"), "'nothing' is neither a lifecycle of the catalogue"),
        (("celery.task",), "declared: nothing"),
        (("langgraph.run", "openai.assistants.run", "more"), "more"),
    ],
)
def test_wrong_usage_of_map(arguments: tuple[str, ...], words: str) -> None:
    result = invoke("map", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


# -- lint --------------------------------------------------------------------------------------------------------------


def test_lint_points_at_the_line_and_ends_with_1_for_errors_only(tmp_path: Path) -> None:
    good, bad, doubtful = (
        file_of(tmp_path, name, text) for name, text in (("g.toml", GOOD), ("b.toml", BAD), ("d.toml", DOUBTFUL))
    )
    clean = invoke("lint", good)
    assert (clean.exit_code, clean.stdout) == (0, "1 file: 0 errors, 0 warnings, 0 notes\n")
    wrong = invoke("lint", bad)
    assert wrong.exit_code == 1
    assert wrong.stdout.startswith(f"{bad}, line 8: error unknown_status: ")
    both = invoke("lint", doubtful, good)
    assert both.exit_code == 0
    assert f"{doubtful}, line 10: warning trap: " in both.stdout
    assert both.stdout.endswith("2 files: 0 errors, 1 warning, 0 notes\n")


def test_lint_as_json(tmp_path: Path) -> None:
    bad = file_of(tmp_path, "b.toml", BAD)
    result = invoke("lint", "--format", "json", bad)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {one["file"] for one in found} == {str(bad)}
    assert [one["code"] for one in found] == ["unknown_status", "unreachable_status", "trap"]
    assert set(found[0]) == {"file", "line", "code", "severity", "message", "advice", "path"}
    assert (found[0]["line"], found[0]["path"]) == (8, ["statuses", "x", "end"])


def test_lint_reports_what_is_selected_and_not_ignored(tmp_path: Path) -> None:
    bad = file_of(tmp_path, "b.toml", BAD)
    only = invoke("lint", "--select", "trap,unreachable_status", bad)
    assert (only.exit_code, only.stdout.count("error")) == (1, 2)
    none = invoke("lint", "--ignore", "unknown_status", "--ignore", "unreachable_status, trap", bad)
    assert (none.exit_code, none.stdout) == (0, "1 file: 0 errors, 0 warnings, 0 notes\n")
    unknown = invoke("lint", "--select", "traps", bad)
    assert unknown.exit_code == 2
    assert ", ".join(WORDS) in unknown.stderr


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [(GOOD, 0, "0 errors"), (BAD, 1, "line 8: error unknown_status"), ("{", 1, "error syntax"), ("", 1, "error form")],
)
def test_lint_reads_standard_input(text: str, code: int, words: str) -> None:
    result = invoke("lint", "-", data=text)
    assert result.exit_code == code
    assert words in result.stdout


def test_lint_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = invoke("lint", tmp_path / "none.toml", file_of(tmp_path, "b.toml", BAD))
    assert result.exit_code == 2
    one_line(result.stderr, "none.toml", "No such file")
    assert "unknown_status" in result.stdout


# -- infer -------------------------------------------------------------------------------------------------------------


def test_infer_drafts_a_definition_that_loads(tmp_path: Path) -> None:
    result = invoke("infer", "--object", "thread.run", "--name", "acme.run", EXAMPLES / "polls.jsonl")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("# Drafted from 3 runs.")
    assert "# - No event was named" in result.stdout
    lifecycle = load(result.stdout.encode())
    assert lifecycle.name == "acme.run"
    assert lifecycle.initial == {"queued"}
    assert {edge.why for edge in lifecycle.legal(None)} == {"seen 3 times"}
    file = tmp_path / "draft.toml"
    written = invoke("infer", "--object", "thread.run", "--name", "acme.run", "-o", file, EXAMPLES / "polls.jsonl")
    assert (written.exit_code, written.stdout) == (0, "")
    assert file.read_text(encoding="utf-8") == result.stdout
    assert "runstate: open: No event was named" in written.stderr


def test_infer_writes_json_too() -> None:
    result = invoke("infer", "--object", "thread.run", "--format", "json", EXAMPLES / "polls.jsonl")
    assert load(result.stdout.encode()).name == "inferred"
    assert "runstate: open: " in result.stderr


def test_infer_takes_each_file_by_itself(tmp_path: Path) -> None:
    lines = [json.dumps({"id": "a", "status": status}) + "\n" for status in ("new", "sent")]
    one, other = file_of(tmp_path, "1.jsonl", "".join(lines)), file_of(tmp_path, "2.jsonl", "".join(lines))
    lifecycle = load(invoke("infer", one, other).stdout.encode())
    assert lifecycle.terminal == {"sent"}
    assert "# Drafted from 2 runs" in invoke("infer", one, other).stdout


def test_infer_reads_other_fields_and_standard_input() -> None:
    data = "".join(json.dumps({"key": "a", "state": state, "status": "no"}) + "\n" for state in ("on", "off"))
    result = invoke("infer", "--id", "key", "--status", "state", "-", data=data)
    lifecycle = load(result.stdout.encode())
    assert (lifecycle.statuses, lifecycle.id_field, lifecycle.status_field) == (("on", "off"), "key", "state")


@pytest.mark.parametrize(
    ("arguments", "data", "words"),
    [
        ((EXAMPLES / "completed.sse",), "", "--object: thread.run, thread.run.step, thread.message"),
        (("--object", "batch", EXAMPLES / "completed.sse"), "", "of the kind batch; there are: thread.run"),
        (("-",), "{}\n", "no object with 'id' and 'status'"),
        (("nowhere.jsonl",), "", "nowhere.jsonl: No such file"),
        (("-o", "nowhere/draft.toml", "-"), '{"id": "a", "status": "b"}\n', "cannot write nowhere/draft.toml"),
    ],
)
def test_wrong_usage_of_infer(arguments: tuple[object, ...], data: str, words: str) -> None:
    result = invoke("infer", *arguments, data=data)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
