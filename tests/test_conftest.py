"""What is skipped and what fails when a folder of the tests is missing."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import folder_named_by


def test_a_folder_that_is_there_is_given(tmp_path: Path) -> None:
    assert folder_named_by("FOLDER", {"FOLDER": str(tmp_path), "CI": "true"}) == tmp_path


def test_an_unset_variable_skips_and_says_so() -> None:
    with pytest.raises(pytest.skip.Exception, match="FOLDER is not set"):
        folder_named_by("FOLDER", {})


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"CI": "1", "FOLDER": ""}])
def test_an_unset_variable_fails_in_ci(environ: dict[str, str]) -> None:
    with pytest.raises(pytest.fail.Exception, match="FOLDER is not set"):
        folder_named_by("FOLDER", environ)


@pytest.mark.parametrize("ci", [{}, {"CI": "true"}])
def test_a_wrong_path_fails_everywhere(tmp_path: Path, ci: dict[str, str]) -> None:
    with pytest.raises(pytest.fail.Exception, match="names no folder"):
        folder_named_by("FOLDER", {"FOLDER": str(tmp_path / "missing"), **ci})


def test_what_is_drawn_does_not_depend_on_the_modules_that_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[tuple[str, int]]] = []

    @settings(max_examples=300)
    @given(st.text(), st.integers())
    def draw(text: str, number: int) -> None:
        drawn[-1].append((text, number))

    for name in ("first", "second"):
        (tmp_path / f"{name}_local.py").write_text(
            "".join(f"x{i} = 'a constant {name} {i}', {1000 + i}\n" for i in range(200))
        )
        monkeypatch.syspath_prepend(tmp_path)
        importlib.import_module(f"{name}_local")
        drawn.append([])
        draw()
    assert drawn[0] == drawn[1]
    assert not any("a constant" in text for text, _ in drawn[0])
