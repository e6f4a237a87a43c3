"""``runstate diff``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runstate.cli.commands import runstate
from runstate.modelling.definition import to_json
from tests.versions import PRINT_1, PRINT_2


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    paths = tmp_path / "1.json", tmp_path / "2.json"
    for path, lifecycle in zip(paths, (PRINT_1, PRINT_2), strict=True):
        path.write_text(to_json(lifecycle), encoding="utf-8")
    return str(paths[0]), str(paths[1])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(runstate, ["diff", *arguments])


def test_what_breaks_exits_with_1_and_says_for_whom(files: tuple[str, str]) -> None:
    result = run(*files)
    assert result.exit_code == 1
    assert result.output.startswith("example.print 1 → example.print 2: ")
    assert "(guessed)" in result.output
    assert "for drivers (programs that fire events): " in result.output


def test_the_same_exits_with_0(files: tuple[str, str]) -> None:
    result = run(files[0], files[0])
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "example.print 1 → example.print 1: 0 differences")


def test_only_those_who_are_asked_for_count(files: tuple[str, str]) -> None:
    judges = run("mcp.tasks.2025-11-25", "mcp.tasks.ext", "--for", "drivers", "--for", "stored")
    assert (judges.exit_code, "0 differences" in judges.output) == (0, True)
    assert run("mcp.tasks.2025-11-25", "mcp.tasks.ext", "--for", "judges").exit_code == 1
    assert "judges" not in judges.output  # for them five things break, so nothing may be said
    shown = json.loads(run(*files, "--for", "readers", "--format", "json").output)
    assert all("readers" in one["breaks"] for one in shown["differences"])
    assert shown["breaking"] == {"readers": len(shown["differences"])}


def test_renames_can_be_said(files: tuple[str, str]) -> None:
    given = ("--rename", "canceled=cancelled", "--rename", "printing=running", "--rename-event", "pause=jam")
    found = json.loads(run(*files, *given, "--format", "json").output)
    assert {(one["old"], one["guessed"]) for one in found["renames"]} == {
        ("canceled", False), ("printing", False), ("pause", False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", "openai.batch"), "neither a lifecycle of the catalogue nor a file"),
        (("openai.batch", "openai.batch", "--rename", "x"), "a rename is OLD=NEW"),
        (("openai.batch", "openai.batch", "--rename", "x=y"), "unknown_name"),
        (("openai.batch", __file__), "line"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
