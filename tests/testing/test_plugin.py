"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pytest_runstate

ROOT = Path(__file__).resolve().parents[2]
# by name and not by entry point, so that it does not matter whether the checkout is installed
LOADED = ("-p", "no:runstate", "-p", "pytest_runstate", "-p", "no:cacheprovider")

OBJECTS = """
QUEUED = {"id": "run_1", "status": "queued", "created_at": 100, "expires_at": 700}
STARTED = QUEUED | {"status": "in_progress", "started_at": 101}
COMPLETED = {"id": "run_1", "status": "completed", "created_at": 100, "started_at": 101, "completed_at": 105}
"""


def run(pytester: pytest.Pytester, body: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(OBJECTS + body)
    return pytester.runpytest(*LOADED, *options)


def test_the_entry_point_names_the_plugin() -> None:
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert entry_points["pytest11"] == {"runstate": pytest_runstate.__name__}


def test_unused_it_imports_nothing() -> None:
    program = (
        "import sys\nbefore = set(sys.modules)\nimport pytest_runstate\n"
        "new = set(sys.modules) - before\n"
        "print(sorted(name for name in new if name.startswith(('runstate', 'hypothesis'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_monitor_that_finds_nothing_lets_the_test_pass(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_client(runstate_monitor):
    seen = list(runstate_monitor.watch([QUEUED, STARTED, COMPLETED]))
    assert len(seen) == 3

def test_nothing_seen(runstate_monitor):
    pass
""",
    )
    result.assert_outcomes(passed=2)


def test_an_error_fails_the_test_at_its_end_with_the_report(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_client(runstate_monitor):
    for one in (QUEUED, COMPLETED, STARTED):
        runstate_monitor.feed(one)
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["runstate_monitor:", "*illegal*run_1*", "*error RS102 completed → in_progress*"])
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_the_marker_says_how_to_judge(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import pytest
from runstate import ASSISTANTS_RUN

@pytest.mark.runstate(ignore=("RS102",))
def test_ignored(runstate_monitor):
    runstate_monitor.feed([COMPLETED, STARTED])

@pytest.mark.runstate(mode="stream")
def test_stream(runstate_monitor):
    runstate_monitor.feed([QUEUED, COMPLETED])

@pytest.mark.runstate(complete=True)
def test_not_ended(runstate_monitor):
    runstate_monitor.feed([QUEUED])

@pytest.mark.runstate(lifecycle="openai.assistants.run_step")
def test_other(runstate_monitor):
    runstate_monitor.feed([QUEUED])

@pytest.mark.runstate(lifecycle=ASSISTANTS_RUN, complete=True)
class TestBoth:
    @pytest.mark.runstate(complete=False)
    def test_nearest_wins(self, runstate_monitor):
        runstate_monitor.feed([QUEUED])
""",
        "--strict-markers",
    )
    result.assert_outcomes(passed=5, errors=3)
    result.stdout.fnmatch_lines_random(
        ["*RS101 queued → completed*", "run run_1 has not ended: it is queued", "*RS106*queued*"]
    )


def test_coverage_is_printed_and_weighed(pytester: pytest.Pytester) -> None:
    body = """
def test_client(runstate_monitor):
    runstate_monitor.feed([QUEUED, STARTED, COMPLETED])

def test_statuses(runstate_coverage):
    runstate_coverage.add(["queued", "expired"])
"""
    result = run(pytester, body, "--runstate-coverage", "openai.assistants.run", "--runstate-coverage-min=20")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([
        "*runstate coverage*",
        "openai.assistants.run: 4 of 20 transitions, 20 %",
        "  (none) --create--> queued * 2 ×",
        "* --cancel--> * never*",
    ])  # fmt: skip
    result = run(pytester, body, "--runstate-coverage=openai.assistants.run", "--runstate-coverage-min=20.5")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED: 20.0 % is less than the 20.5 % asked for"])


def test_options_can_stand_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        "[pytest]\nrunstate_coverage = openai.assistants.run\nrunstate_coverage_min = 50\n"
        "runstate_lifecycle = openai.assistants.run\n"
    )
    result = run(pytester, "\ndef test_client(runstate_monitor):\n    runstate_monitor.feed([QUEUED])\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["openai.assistants.run: 1 of 20 transitions, 5 %", "FAILED: 5.0 %*50 %*"])


def test_a_lifecycle_of_ones_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        mine="from runstate import Basis, Lifecycle, Row, To, Verb\n"
        "LIGHT = Lifecycle(name='light', initial={'on'}, terminal={'off'}, verbs=[Verb('make'), Verb('put_out')],\n"
        "    rows=[Row(None, To('make', 'on', Basis.DOCUMENTED)), Row('on', To('put_out', 'off', Basis.DOCUMENTED)),"
        " Row('off')])\n"
    )
    pytester.makeini("[pytest]\nrunstate_lifecycle = mine:LIGHT\npythonpath = .\n")
    body = """
def test_client(runstate_monitor):
    runstate_monitor.feed([{"id": "1", "status": "on"}, {"id": "1", "status": "off"}])
"""
    result = run(pytester, body, "--runstate-coverage=mine:LIGHT", "--runstate-coverage-min=100")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["light: 2 of 2 transitions, 100 %"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runstate-coverage-min=5"], "*needs --runstate-coverage LIFECYCLE*"),
        (["--runstate-coverage=openai.assistants.run", "--runstate-coverage-min=101"], "*from 0 to 100, not 101*"),
        (["--runstate-coverage=no.such"], "*the catalogue has no such lifecycle*"),
        (["--runstate-coverage=runstate:apply"], "*runstate:apply is no Lifecycle*"),
        (["--runstate-coverage=no_such_module:X"], "*no_such_module*"),
        (["-o", "runstate_coverage_min=much"], "*is a number, not 'much'*"),
    ],
)
def test_wrong_options_are_usage_errors(pytester: pytest.Pytester, options: list[str], message: str) -> None:
    result = run(pytester, "", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_workers_of_xdist_add_up(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    result = run(
        pytester,
        """
import pytest

@pytest.mark.parametrize("statuses", [["queued", "in_progress"], ["in_progress", "completed"]])
def test_statuses(runstate_coverage, statuses):
    runstate_coverage.add(statuses)
""",
        "-n2",
        "--runstate-coverage=openai.assistants.run",
        "--runstate-coverage-min=15",
    )
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["openai.assistants.run: 3 of 20 transitions, 15 %"])


def test_without_the_option_nothing_is_said(pytester: pytest.Pytester) -> None:
    result = run(pytester, "\ndef test_statuses(runstate_coverage):\n    runstate_coverage.add(['queued'])\n")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*runstate coverage*")


# --- mutants ----------------------------------------------------------------------------------------------------------

STEP = ("-o", "runstate_lifecycle=openai.assistants.run_step")
ENDS = """
import pytest
from runstate import CallerError

@pytest.mark.parametrize("event", ["complete", "fail", "cancel", "expire"])
@pytest.mark.parametrize("end", {ends})
def test_nothing_leaves_an_end(runstate_system, end, event):
    runstate_system.create()
    runstate_system.fire(end)
    with pytest.raises(CallerError):
        runstate_system.fire(event)

def test_something_else():
    pass
"""


def test_without_the_option_a_test_runs_once_on_the_lifecycle(pytester: pytest.Pytester) -> None:
    result = run(pytester, ENDS.format(ends=["complete", "fail"]), *STEP)
    result.assert_outcomes(passed=9)
    assert "mutants" not in result.stdout.str()


def test_mutants_that_tests_notice_pass_and_the_others_are_named(pytester: pytest.Pytester) -> None:
    result = run(pytester, ENDS.format(ends=["complete", "fail"]), *STEP, "--runstate-mutants")
    result.assert_outcomes(passed=8 * 17 + 1)
    assert result.ret == 0
    result.stdout.fnmatch_lines([
        "openai.assistants.run_step: the suite kills 50 % of the table's mutants, 8 of 16",
        "  survived: complete in cancelled: illegal → completed",
        "  survived: expire in expired: illegal → expired",
        "  not counted: 0 equivalent; 84 do not come into being *",
    ])  # fmt: skip


def test_a_share_can_be_demanded(pytester: pytest.Pytester) -> None:
    body = ENDS.format(ends=["complete", "fail"])
    less = run(pytester, body, *STEP, "--runstate-mutants", "--runstate-mutants-min", "60")
    assert less.ret == 1
    less.stdout.fnmatch_lines(["FAILED: 50.0 % is less than the 60 % asked for"])
    assert run(pytester, body, *STEP, "--runstate-mutants", "--runstate-mutants-min", "50").ret == 0


def test_a_test_that_fails_on_the_lifecycle_itself_fails(pytester: pytest.Pytester) -> None:
    body = "def test_wrong(runstate_system):\n    runstate_system.create()\n    assert runstate_system.status == 'x'\n"
    result = run(pytester, body, *STEP, "--runstate-mutants")
    result.assert_outcomes(failed=1, passed=16)
    assert result.ret == 1


@pytest.mark.long
def test_workers_tell_their_controller_which_mutants_died(pytester: pytest.Pytester) -> None:
    result = run(pytester, ENDS.format(ends=["complete"]), *STEP, "--runstate-mutants", "-n", "1")
    result.stdout.fnmatch_lines(["*kills 25 % of the table's mutants, 4 of 16"])


@pytest.mark.parametrize(
    "options", [("--runstate-mutants-min", "5"), ("--runstate-mutants", "--runstate-mutants-min", "101")]
)
def test_a_wrong_use_of_mutants_is_refused(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    assert run(pytester, "", *options).ret == pytest.ExitCode.USAGE_ERROR
