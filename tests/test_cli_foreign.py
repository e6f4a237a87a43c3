"""The commands on logs of other kinds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runstate.cli.commands import runstate
from runstate.foreign.told import Told
from runstate.observations import read
from tests.test_foreign import OCEL, SPAN, XES, otlp

ROOT = Path(__file__).resolve().parents[1]


def invoke(*arguments: object, log: bytes | None = None) -> Result:
    return CliRunner().invoke(runstate, [*map(str, arguments)], input=log, catch_exceptions=False)


def told(data: bytes) -> list[Told | None]:
    return [one.told for one in read(data)]


@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_a_log_is_converted_and_judged_alike(form: str, tmp_path: Path) -> None:
    out = tmp_path / "log"
    source = ROOT / "examples" / "completed.sse"
    assert invoke("convert", "--format", form, "-o", out, source).exit_code == 0
    assert invoke("convert", "--format", form, source).stdout_bytes == out.read_bytes()
    line = json.loads(invoke("check", "--format", "json", out).stdout.splitlines()[0])
    assert (line["run"], line["verdict"], line["findings"]) == ("run_0040", "complete", [])


def test_what_was_converted_is_converted_to_the_other_and_back(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    invoke("simulate", "openai.batch", "--runs", "3", "--format", "xes", "-o", one)
    assert invoke("convert", "--format", "ocel", "-o", two, one).exit_code == 0
    assert invoke("convert", two).stdout_bytes == one.read_bytes()


def test_a_log_is_converted_under_another_lifecycle() -> None:
    text = invoke("convert", "--lifecycle", "openai.batch", "-", log=XES).stdout_bytes
    assert {one.lifecycle for one in told(text) if one is not None} == {"openai.batch"}


@pytest.mark.parametrize(
    ("arguments", "log", "words"),
    [
        (["convert", "-"], b"", "show no run"),
        (["convert", "no_such_file"], None, "no_such_file"),
        (["convert", "-o", "no_such_folder/x", "-"], XES, "cannot write"),
        (["convert", "--lifecycle", "x", "-"], XES, "neither a lifecycle"),
        (["convert", "--format", "ocel", "-"], XES.replace(b"date", b"list"), "has no time"),
    ],
)
def test_what_cannot_be_converted_is_wrong_usage(arguments: list[str], log: bytes | None, words: str) -> None:
    result = invoke(*arguments, log=log)
    assert result.exit_code == 2
    assert words in result.stderr


SPANS = otlp([SPAN], service="shop")


@pytest.mark.parametrize(
    ("log", "options", "told_of"),
    [
        (XES, ["--status", "state"], [("case 1", "queued")]),
        (XES, ["--run-id", "owner", "--event", "concept:name", "--order", "time"], [("someone", "in_progress")]),
        (XES, ["--time", "nothing"], [("case 1", "in_progress"), ("case 2", "completed")]),
        (json.dumps(OCEL).encode(), ["--object-type", "job"], [("j1", "in_progress"), ("j2", "queued")]),
        (SPANS, ["--run-id", "service", "--status", "state"], [("shop", "in_progress")]),
    ],
)
def test_options_say_where_it_stands(log: bytes, options: list[str], told_of: list[tuple[str, str]]) -> None:
    lifecycle = ("--lifecycle", "openai.assistants.run")
    result = invoke("check", "--mode", "poll", "--no-config", *lifecycle, *options, "-", log=log)
    lines = re.findall(r"^  (?:open|complete) +(.+?)  (.*?)(?: → \(.*\))?$", result.stdout, flags=re.MULTILINE)
    assert [(run, path.split(" → ")[-1]) for run, path in lines] == told_of


def test_a_lifecycle_is_drafted_from_each_kind() -> None:
    from_events = invoke("infer", "--format", "json", "-", log=XES)
    assert list(json.loads(from_events.stdout)["statuses"]) == ["create", "start", "complete"]
    options = ("--status", "state", "--object-type", "job", "--format", "json")
    from_objects = invoke("infer", *options, "-", log=json.dumps(OCEL).encode())
    assert list(json.loads(from_objects.stdout)["statuses"]) == ["queued", "in_progress"]
    joined = invoke("infer", "--event", "concept:name+lifecycle:transition", "--format", "json", "-", log=XES)
    assert list(json.loads(joined.stdout)["statuses"]) == ["create+complete", "start+complete"]
