from __future__ import annotations

from pathlib import Path

import pytest

from tools.gen import ROOT, TARGETS, Target, TargetError, main, render_all, replace_block, stale

TABLE = Target("docs/table.md", lambda: "a table")
BLOCK = Target("README.md", lambda: "new", block="status")
PAGE = "# By hand\n<!-- gen:status -->\nold\n<!-- /gen:status -->\nmore by hand\n"


def test_check_passes_without_targets(tmp_path: Path) -> None:
    assert main(["--check"], targets=(), root=tmp_path) == 0


def test_check_names_missing_files_and_the_command_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], targets=(TABLE,), root=tmp_path) == 1
    assert capsys.readouterr().err == "docs/table.md: stale\nrefresh with: make gen\n"
    assert list(tmp_path.iterdir()) == []


def test_check_names_every_stale_file_and_no_fresh_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fresh").write_text("x\n")
    (tmp_path / "stale").write_text("y\n")
    targets = (Target("stale", lambda: "x"), Target("fresh", lambda: "x"), Target("missing", lambda: "x"))
    assert main(["--check"], targets=targets, root=tmp_path) == 1
    assert capsys.readouterr().err.splitlines()[:-1] == ["missing: stale", "stale: stale"]


def test_line_ends_count(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"a\r\n")
    assert stale({"page": "a\n"}, tmp_path) == ["page"]


def test_writing_makes_everything_fresh_and_touches_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text(PAGE)
    assert main([], targets=(TABLE, BLOCK), root=tmp_path) == 0
    assert capsys.readouterr().out == "README.md: written\ndocs/table.md: written\n"
    assert (tmp_path / "docs/table.md").read_text() == "a table\n"
    assert (tmp_path / "README.md").read_text() == PAGE.replace("old", "new")
    assert main(["--check"], targets=(TABLE, BLOCK), root=tmp_path) == 0
    assert main([], targets=(TABLE, BLOCK), root=tmp_path) == 0
    assert capsys.readouterr().out == ""


def test_two_blocks_of_one_file_are_both_replaced(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(PAGE + PAGE.replace("gen:status", "gen:events"))
    other = Target("README.md", lambda: "events", block="events")
    text = render_all((BLOCK, other), tmp_path)["README.md"]
    assert text == PAGE.replace("old", "new") + PAGE.replace("gen:status", "gen:events").replace("old", "events")


@pytest.mark.parametrize(
    "text",
    [
        "no markers",
        "<!-- gen:a -->",
        "<!-- /gen:a -->\n<!-- gen:a -->",
        "<!-- gen:a -->\n<!-- gen:a -->\n<!-- /gen:a -->",
        "<!-- gen:a -->\n<!-- /gen:a -->\n<!-- /gen:a -->",
    ],
)
def test_a_block_without_its_two_markers_is_refused(text: str) -> None:
    with pytest.raises(TargetError, match=r"page\.md: wants one"):
        replace_block(text, "a", "body", where="page.md")


def test_a_target_that_cannot_be_placed_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], targets=(BLOCK,), root=tmp_path) == 2
    assert capsys.readouterr().err == "README.md: missing, it should hold the block status\n"
    assert main(["--check"], targets=(TABLE, TABLE), root=tmp_path) == 2


def test_targets_of_this_project_render_the_same_twice() -> None:
    assert render_all(TARGETS, ROOT) == render_all(TARGETS, ROOT)
