"""What is skipped and what fails when a folder of the tests is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

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
