from __future__ import annotations

from pathlib import Path

import pytest

from tools.long import Interpreter, candidates, interpreters, main, probe


def test_all_parts_run_even_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[str] = []

    def part(name: str, *, passes: bool) -> bool:
        ran.append(name)
        return passes

    parts = {"a": lambda: part("a", passes=False), "b": lambda: part("b", passes=True)}
    assert main([], parts=parts) == 1
    assert ran == ["a", "b"]
    assert capsys.readouterr().out.splitlines()[-2:] == ["== a: FAILED", "== b: passed"]
    assert main(["b"], parts=parts) == 0
    assert ran == ["a", "b", "b"]


def test_an_unknown_part_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "typo"], parts={"a": lambda: pytest.fail("ran")}) == 2
    assert capsys.readouterr().err == "no part typo; there are: a\n"


def test_candidates_stand_on_path_and_under_pyenv(tmp_path: Path) -> None:
    names = ("bin/python3", "bin/python3.13", "bin/python3.13t", "bin/python3-config", "bin/python3.12-dbg", "bin/pip3")
    for name in (*names, "pyenv/versions/3.12.1/bin/python3", "pyenv/versions/3.12.1/bin/python3.12"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = candidates(f"{tmp_path / 'bin'}::{tmp_path / 'missing'}", tmp_path / "pyenv")
    assert [str(file.relative_to(tmp_path)) for file in found] == [
        "bin/python3",
        "bin/python3.13",
        "bin/python3.13t",
        "pyenv/versions/3.12.1/bin/python3",
    ]


def test_each_version_counts_once_and_the_first_path_to_it_wins() -> None:
    known = {
        Path("a"): Interpreter((3, 13, 0), free_threaded=False, executable="a"),
        Path("b"): Interpreter((3, 11, 7), free_threaded=False, executable="b"),
        Path("c"): Interpreter((3, 13, 0), free_threaded=False, executable="c"),
        Path("d"): Interpreter((3, 13, 0), free_threaded=True, executable="d"),
    }
    found = interpreters([*known, Path("shim")], known.get)
    assert [(each.name, each.executable) for each in found] == [("3.11.7", "b"), ("3.13.0", "a"), ("3.13.0t", "d")]


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ('{"implementation": "cpython", "version": [3, 14, 0], "free_threaded": true, "executable": "p"}', "3.14.0t"),
        ('{"implementation": "cpython", "version": [3, 10, 9], "free_threaded": false, "executable": "p"}', None),
        ('{"implementation": "pypy", "version": [3, 11, 9], "free_threaded": false, "executable": "p"}', None),
        ("not JSON", None),
    ],
)
def test_a_file_is_asked_what_it_is(tmp_path: Path, answer: str, name: str | None) -> None:
    file = tmp_path / "python3"
    file.write_text(f"#!/bin/sh\necho '{answer}'\n")
    file.chmod(0o755)
    found = probe(file)
    assert (found and found.name) == name


def test_a_file_that_does_not_run_is_no_interpreter(tmp_path: Path) -> None:
    (tmp_path / "broken").touch(mode=0o755)
    (tmp_path / "shim").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "shim").chmod(0o755)
    assert [probe(tmp_path / name) for name in ("broken", "shim", "missing")] == [None, None, None]


def test_the_part_of_engines_fails_and_says_so_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["engines"]) == 1
    assert "java (pip install '.[engines]'" in capsys.readouterr().err


def test_the_part_of_spin_fails_and_says_so_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["spin"]) == 1
    assert "not installed: spin, cc" in capsys.readouterr().err
