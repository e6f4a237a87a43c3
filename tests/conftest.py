"""Hypothesis profiles, the folders of recorded runs and oracles, and the versions in the report's header."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

LOCAL = "_local_constants"

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "long",
    deadline=None,
    print_blob=True,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],  # thousands of examples are slow on purpose
)
settings.load_profile(os.environ.get("RUNSTATE_PROFILE", "ci"))
if settings().derandomize:
    # Hypothesis also draws constants that it finds in the modules imported so far.  Which those are depends on the tests
    # that ran before in the same process, and so would what is drawn here, and the verdict of a test with a seeded bug.
    assert hasattr(providers.HypothesisProvider, LOCAL)
    setattr(providers.HypothesisProvider, LOCAL, Constants())


def pytest_report_header() -> str:
    """The versions that explain a failure elsewhere."""
    names = ("attrs", "cattrs", "transitions", "hypothesis")
    return "with " + ", ".join(f"{name} {metadata.version(name)}" for name in names)


def folder_named_by(variable: str, environ: dict[str, str]) -> Path:
    """The folder that an environment variable names.

    Only an unset variable outside CI skips, and says so: a wrong path, and CI without the folder, fail.
    """
    value = environ.get(variable)
    if not value:
        if environ.get("CI"):
            pytest.fail(f"{variable} is not set, and CI must not skip what needs it", pytrace=False)
        pytest.skip(f"{variable} is not set: it names the folder this test reads")
    path = Path(value)
    if not path.is_dir():
        pytest.fail(f"{variable} names no folder: {value}", pytrace=False)
    return path


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of raw recorded runs, which is no part of the project."""
    return folder_named_by("RUNSTATE_RECORDINGS", dict(os.environ))


@pytest.fixture(scope="session")
def oracles() -> Path:
    """The folder of other verifiers' verdicts, which is no part of the project."""
    return folder_named_by("RUNSTATE_ORACLES", dict(os.environ))
