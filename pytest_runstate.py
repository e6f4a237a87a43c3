"""The pytest plugin: ``runstate_monitor`` watches a client under test, ``--runstate-coverage`` says what was exercised,
``runstate_system`` is a run that a lifecycle drives, ``--runstate-mutants`` says which errors in its table tests notice.

pytest loads this module at every start of every project that has runstate installed, so it stands outside the package,
and everything of runstate is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from runstate.conformance.monitor import Monitor
    from runstate.lifecycle import Lifecycle
    from runstate.modelling.mutants import Mutant
    from runstate.testing.coverage import TransitionCoverage
    from runstate.testing.mutation import Score
    from runstate.testing.systems import Driven

__all__: list[str] = []

MARKER = (
    "runstate(lifecycle=None, mode='auto', strict=False, complete=False, ignore=()): how `runstate_monitor` judges in "
    "this test; lifecycle is one of the catalogue by name, 'module:NAME', or a Lifecycle"
)
COVERAGE = pytest.StashKey["TransitionCoverage"]()
OUTPUT = "runstate_coverage"
KILLED = pytest.StashKey[set[str]]()
"""Mutants that some test noticed, by id."""
TRIED = "runstate_mutant"
"""Property of a test's report: (id of the mutant, whether the test noticed it)."""


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
    group.addoption(
        "--runstate-mutants",
        action="store_true",
        default=False,
        help="run each test that uses runstate_system on every mutant of runstate_lifecycle too, and print which survive",
    )
    group.addoption(
        "--runstate-mutants-min",
        metavar="PERCENT",
        type=float,
        default=None,
        help="fail if fewer mutants were killed, of a hundred",
    )
    parser.addini("runstate_coverage", "default of --runstate-coverage", default="")
    parser.addini("runstate_coverage_min", "default of --runstate-coverage-min", default="")
    parser.addini(
        "runstate_lifecycle", "the lifecycle that runstate_monitor judges by and runstate_system follows", default=""
    )


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
    wanted = config.getoption("--runstate-mutants-min")
    if wanted is not None and not config.getoption("--runstate-mutants"):
        raise pytest.UsageError("--runstate-mutants-min needs --runstate-mutants")
    if wanted is not None and not 0 <= wanted <= 100:
        raise pytest.UsageError(f"--runstate-mutants-min is a percentage from 0 to 100, not {wanted:g}")
    if config.getoption("--runstate-mutants"):
        config.stash[KILLED] = set()
        config.pluginmanager.register(_Kills(config.stash[KILLED]), "runstate_kills")


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
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is None and KILLED in config.stash and session.exitstatus == pytest.ExitCode.OK and _too_few(config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if COVERAGE not in config.stash:
        return
    if output is not None:
        output[OUTPUT] = config.stash[COVERAGE].plain()
    elif _too_little(config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _too_few(config: pytest.Config) -> bool:
    least: float | None = config.getoption("--runstate-mutants-min")
    return least is not None and _score(config).percent < least


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
    """Print the reports."""
    if KILLED in config.stash:
        terminalreporter.section("runstate mutants")
        for line in _score(config).lines():
            terminalreporter.line(line)
        if _too_few(config):
            percent, least = _score(config).percent, config.getoption("--runstate-mutants-min")
            terminalreporter.line(f"FAILED: {percent:.1f} % is less than the {least:g} % asked for", red=True)
    if COVERAGE not in config.stash:
        return
    terminalreporter.section("runstate coverage")
    for line in config.stash[COVERAGE].lines():
        terminalreporter.line(line)
    if _too_little(config):
        percent = config.stash[COVERAGE].percent
        terminalreporter.line(f"FAILED: {percent:.1f} % is less than the {_least(config):g} % asked for", red=True)


# -- mutants -----------------------------------------------------------------------------------------------------------


@cache
def _mutants(lifecycle: Lifecycle) -> tuple[Mutant, ...]:
    from runstate.modelling.mutants import mutants

    return tuple(mutants(lifecycle))


def _followed(config: pytest.Config) -> Lifecycle:
    """The lifecycle that ``runstate_system`` follows."""
    from runstate.lifecycles.assistants_run import ASSISTANTS_RUN

    name = config.getini("runstate_lifecycle")
    return _lifecycle(name) if name else ASSISTANTS_RUN


def _score(config: pytest.Config) -> Score:
    from runstate.testing.mutation import score_of

    lifecycle = _followed(config)
    every = _mutants(lifecycle)
    return score_of(lifecycle, every, {one for one in every if str(one) in config.stash[KILLED]})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With ``--runstate-mutants``: a test that uses ``runstate_system`` runs on the lifecycle and on each mutant."""
    if "runstate_system" not in metafunc.fixturenames or not metafunc.config.getoption("--runstate-mutants"):
        return
    counted = [one for one in _mutants(_followed(metafunc.config)) if one.lifecycle is not None and not one.equivalent]
    metafunc.parametrize(
        "runstate_system", [None, *counted], indirect=True, ids=["as it is", *map(str, counted)], scope="function"
    )


@pytest.fixture
def runstate_system(request: pytest.FixtureRequest) -> Driven:
    """A run that ``runstate_lifecycle`` drives, not created yet: `runstate.testing.systems.Driven`."""
    from runstate.testing.mutation import payloads_of
    from runstate.testing.systems import Driven

    lifecycle = _followed(request.config)
    mutant: Mutant | None = getattr(request, "param", None)
    follows = lifecycle if mutant is None or mutant.lifecycle is None else mutant.lifecycle
    return Driven(follows, payloads=payloads_of(lifecycle))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails on a mutant has done its work: it passes, and the mutant counts as killed."""
    report = yield
    callspec = getattr(item, "callspec", None)
    mutant: Any = None if callspec is None else callspec.params.get("runstate_system")
    if call.when == "call" and mutant is not None and report.outcome != "skipped":
        # as a property it reaches the controller of pytest-xdist too
        report.user_properties.append((TRIED, (str(mutant), report.outcome == "failed")))
        report.outcome = "passed"
        report.longrepr = None
    return report


class _Kills:
    """Notes which mutants were killed, in the controller of pytest-xdist too."""

    def __init__(self, killed: set[str]) -> None:
        self._killed = killed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == TRIED and value[1]:  # type: ignore[index]  # what the hook above has put there
                self._killed.add(value[0])  # type: ignore[index]
