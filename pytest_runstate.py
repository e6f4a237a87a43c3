"""The pytest plugin: ``runstate_monitor`` watches a client under test, ``--runstate-coverage`` says what was exercised.

pytest loads this module at every start of every project that has runstate installed, so it stands outside the package,
and everything of runstate is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from runstate.conformance.monitor import Monitor
    from runstate.lifecycle import Lifecycle
    from runstate.testing.coverage import TransitionCoverage

__all__: list[str] = []

MARKER = (
    "runstate(lifecycle=None, mode='auto', strict=False, complete=False, ignore=()): how `runstate_monitor` judges in "
    "this test; lifecycle is one of the catalogue by name, 'module:NAME', or a Lifecycle"
)
COVERAGE = pytest.StashKey["TransitionCoverage"]()
OUTPUT = "runstate_coverage"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, each also as an ini value."""
    group = parser.getgroup("runstate", "lifecycles of runs")
    group.addoption(
        "--runstate-coverage",
        metavar="LIFECYCLE",
        default=None,
        help="print which transitions of a lifecycle the tests exercised: its name, or module:NAME of your own",
    )
    group.addoption(
        "--runstate-coverage-min",
        metavar="PERCENT",
        type=float,
        default=None,
        help="fail if fewer transitions were exercised, of a hundred",
    )
    parser.addini("runstate_coverage", "default of --runstate-coverage", default="")
    parser.addini("runstate_coverage_min", "default of --runstate-coverage-min", default="")
    parser.addini("runstate_lifecycle", "the lifecycle that runstate_monitor judges by", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and begin to count if that is asked for."""
    config.addinivalue_line("markers", MARKER)
    name = _coverage_of(config)
    least = _least(config)
    if least is not None and not name:
        raise pytest.UsageError("--runstate-coverage-min needs --runstate-coverage LIFECYCLE")
    if least is not None and not 0 <= least <= 100:
        raise pytest.UsageError(f"--runstate-coverage-min is a percentage from 0 to 100, not {least:g}")
    if name:
        from runstate.testing.coverage import TransitionCoverage

        config.stash[COVERAGE] = TransitionCoverage(_lifecycle(name))


def _coverage_of(config: pytest.Config) -> str:
    return str(config.getoption("--runstate-coverage") or config.getini("runstate_coverage"))


def _least(config: pytest.Config) -> float | None:
    value: Any = config.getoption("--runstate-coverage-min")
    if value is None:
        value = config.getini("runstate_coverage_min")
    try:
        return None if value == "" else float(value)
    except ValueError:
        raise pytest.UsageError(f"runstate_coverage_min is a number, not {value!r}") from None


def _lifecycle(name: object) -> Lifecycle:
    """A lifecycle itself, by its name in the catalogue, or as ``module:NAME``."""
    from importlib import import_module

    from runstate.errors import BadLifecycle
    from runstate.lifecycle import Lifecycle
    from runstate.testing.asserts import lifecycle_named

    if isinstance(name, Lifecycle):
        return name
    module, colon, attribute = str(name).partition(":")
    try:
        found = getattr(import_module(module), attribute) if colon else lifecycle_named(module)
    except (ImportError, AttributeError, BadLifecycle) as refusal:
        raise pytest.UsageError(f"runstate: {refusal}") from None
    if not isinstance(found, Lifecycle):
        raise pytest.UsageError(f"runstate: {name} is no Lifecycle")
    return found


@pytest.fixture
def runstate_monitor(request: pytest.FixtureRequest) -> Iterator[Monitor]:
    """A `runstate.Monitor` for what a client sees in this test; the test fails with its report if it finds an error."""
    from runstate.conformance.monitor import Monitor
    from runstate.testing.asserts import errors_of, report_of

    asked: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("runstate"))):
        asked |= mark.kwargs
    name = asked.pop("lifecycle", None) or request.config.getini("runstate_lifecycle") or None
    complete = asked.pop("complete", False)
    monitor = Monitor(None if name is None else _lifecycle(name), **asked)
    yield monitor
    monitor.close()
    runs = list(monitor.runs.values())
    if COVERAGE in request.config.stash:
        for run in runs:
            request.config.stash[COVERAGE].add(run)
    problems = [f"run {r.id} has not ended: it is {r.status or 'unknown'}" for r in runs if complete and not r.ended]
    if problems or errors_of(monitor):
        pytest.fail("\n".join(["runstate_monitor:", *problems, report_of(monitor)]), pytrace=False)


@pytest.fixture(scope="session")
def runstate_coverage(request: pytest.FixtureRequest) -> TransitionCoverage:
    """The coverage that is reported at the end, to add what tests see without ``runstate_monitor``."""
    from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
    from runstate.testing.coverage import TransitionCoverage

    # without the option there is no report, and what is added goes nowhere
    return request.config.stash.get(COVERAGE, None) or TransitionCoverage(ASSISTANTS_RUN)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts of a worker to its controller; in the controller, or without workers, weigh them."""
    config = session.config
    if COVERAGE not in config.stash:
        return
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output[OUTPUT] = config.stash[COVERAGE].plain()
    elif _too_little(config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _too_little(config: pytest.Config) -> bool:
    least = _least(config)
    return least is not None and config.stash[COVERAGE].percent < least


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the counts of a worker of pytest-xdist."""
    counts = getattr(node, "workeroutput", {}).get(OUTPUT)
    if counts is not None and COVERAGE in node.config.stash:
        node.config.stash[COVERAGE].merge(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report."""
    if COVERAGE not in config.stash:
        return
    terminalreporter.section("runstate coverage")
    for line in config.stash[COVERAGE].lines():
        terminalreporter.line(line)
    if _too_little(config):
        percent = config.stash[COVERAGE].percent
        terminalreporter.line(f"FAILED: {percent:.1f} % is less than the {_least(config):g} % asked for", red=True)
