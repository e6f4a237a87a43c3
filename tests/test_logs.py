"""What durable runs tell through `logging`: which records, with which attributes, and what never stands in one."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import suppress
from typing import Any

import attrs
import pytest

from runstate import logs
from runstate.errors import BadRecord, RunstateError, StoreBusy
from runstate.record import LastError, Run
from runstate.runs import Runs
from runstate.stores import MemoryStore
from runstate.testing.clock import FakeClock
from runstate.testing.stores import CALLS, new
from runstate.worker import Job, work

STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def runs(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> Runs[Run]:
    caplog.set_level(logging.DEBUG, "runstate")
    return Runs(MemoryStore(clock=clock), clock, tenant="ann", actor="web")


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a record carries besides what every record has."""
    return {name: value for name, value in vars(record).items() if name not in STANDARD}


def said(caplog: pytest.LogCaptureFixture, level: int) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno == level]


def test_each_change_is_one_record_that_says_what_the_journal_says(
    runs: Runs[Run], caplog: pytest.LogCaptureFixture
) -> None:
    run_id = new(runs)
    with suppress(RunstateError):
        runs.complete(run_id)
    runs.start(run_id, actor="bob", key="k")
    runs.start(run_id, actor="bob", key="k")
    runs.cancel(run_id)
    names = ("run_id", "tenant", "lifecycle", "event", "source", "target", "seq", "actor")
    journal = [{name: getattr(entry, name) for name in names} for entry in runs.history(run_id)]
    assert [facts(record) for record in caplog.records] == journal
    assert {(r.name, r.levelname) for r in caplog.records} == {("runstate", "INFO")}
    assert [r.getMessage() for r in caplog.records][:2] == [
        f"{run_id} create: None -> queued",
        f"{run_id} start: queued -> in_progress",
    ]


def test_a_listener_that_fails_is_logged_and_hides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[str, str]] = []

    def fails(_entry: object, _run: Run) -> None:
        raise ZeroDivisionError

    listeners = [fails, lambda entry, run: told.append((entry.event, str(run.status)))]
    runs: Runs[Run] = Runs(MemoryStore(), listeners=listeners)
    run_id = new(runs)
    assert runs.cancel(run_id).accepted
    assert told == [("create", "queued"), ("cancel", "cancelling"), ("confirm_cancel", "cancelled")]
    errors = said(caplog, logging.ERROR)
    assert [(r.event, r.seq, r.error_type) for r in errors] == [  # type: ignore[attr-defined]
        ("create", 1, "ZeroDivisionError"),
        ("cancel", 2, "ZeroDivisionError"),
        ("confirm_cancel", 3, "ZeroDivisionError"),
    ]
    assert all(record.exc_info is not None for record in errors)


def test_what_workers_and_sweeps_do_beside_the_journal(
    runs: Runs[Run], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = new(runs)
    runs.claim("a", lease=5)
    clock.advance(6)
    caplog.clear()
    runs.sweep()
    runs.claim("b")
    lapsed, taken = caplog.records
    assert (lapsed.levelname, facts(lapsed)) == ("WARNING", {"run_id": run_id, "tenant": "ann"})
    assert taken.levelname == "INFO"
    assert facts(taken) == {
        "run_id": run_id, "tenant": "ann", "lifecycle": "openai.assistants.run", "worker": "b", "attempt": 2,
    }  # fmt: skip
    runs.cancel(run_id, confirm=True)
    clock.advance(6)
    caplog.clear()
    runs.prune(older_than=1, dry_run=True)
    runs.prune(older_than=1)
    runs.prune(older_than=1)
    assert [(r.levelname, facts(r)) for r in caplog.records] == [("INFO", {"tenant": "ann", "count": 1})]


def test_a_run_that_cannot_be_swept_is_a_warning(
    runs: Runs[Run], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = new(runs)
    store = runs.store
    assert isinstance(store, MemoryStore)
    row = runs.row(run_id)
    store.rows["ann", run_id] = attrs.evolve(row, body='{"id":"SECRET"}')
    clock.advance(700)
    assert set(runs.sweep().faults) == {run_id}
    (warning,) = said(caplog, logging.WARNING)
    assert facts(warning) == {"run_id": run_id, "tenant": "ann", "error_type": "DecodeError"}
    assert "SECRET" not in warning.getMessage()


def test_an_attempt_that_fails_is_a_warning_with_its_traceback(
    runs: Runs[Run], caplog: pytest.LogCaptureFixture
) -> None:
    run_id = new(runs)

    def fails(_job: Job[Run]) -> None:
        raise ZeroDivisionError

    work(runs, fails, worker="w", until_idle=True)
    (warning,) = said(caplog, logging.WARNING)
    assert warning.name == "runstate.worker"
    assert warning.getMessage() == f"run {run_id}: the attempt failed: ZeroDivisionError"
    assert facts(warning) == {
        "run_id": run_id, "tenant": "ann", "worker": "w", "attempt": 1, "error_type": "ZeroDivisionError",
    }  # fmt: skip
    assert warning.exc_info is not None


def test_a_sweep_of_the_loop_that_fails_is_a_warning(runs: Runs[Run], caplog: pytest.LogCaptureFixture) -> None:
    def busy(**_: object) -> Any:
        raise StoreBusy(reason="locked", seconds=1)

    runs.sweep = busy  # type: ignore[method-assign]
    work(runs, lambda _job: None, until_idle=True)
    (warning,) = said(caplog, logging.WARNING)
    assert facts(warning) == {"tenant": "ann", "error_type": "StoreBusy"}
    assert warning.getMessage().startswith("the sweep failed: StoreBusy: locked")
    assert not warning.exc_info


def everything(runs: Runs[Run], clock: FakeClock) -> None:
    """Calls that make every kind of record, given a secret wherever one can be given."""
    run_id = new(runs, metadata={"note": "SECRET"}, instructions="SECRET")
    work(runs, _secretive, until_idle=True, lease=30)
    runs.fail(new(runs), LastError("c", "SECRET"), key="SECRET")
    with suppress(RunstateError):
        runs.fire(run_id, "complete", usage="SECRET")
    runs.claim("w", lease=1)
    clock.advance(2)
    runs.sweep()
    runs.claim("w", lease=1)
    clock.advance(700)
    runs.sweep()
    runs.prune(older_than=0)


def _secretive(job: Job[Run]) -> None:
    job.runs.require_action(job.claim.run_id, CALLS, claim=job.claim)
    job.fire("nonsense", argument="SECRET")


def test_the_fields_of_the_records_are_the_documented_ones(
    runs: Runs[Run], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    everything(runs, clock)
    new(runs)
    assert {name for record in caplog.records for name in facts(record)} == set(logs.FIELDS)


def test_no_record_holds_what_a_run_or_a_call_was_given(
    runs: Runs[Run], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    everything(runs, clock)
    assert "SECRET" not in caplog.text
    assert all("SECRET" not in repr(facts(record)) for record in caplog.records)


def test_an_error_that_may_quote_its_input_is_named_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    quoting = BadRecord(record="Run", field="f", rule="RS206", value="SECRET", reason="SECRET does not fit")
    logs.sweep_failed("ann", "run_1", quoting)
    logs.worker("the heartbeat failed", quoting, run_id="run_1")
    logs.worker("the sweep failed", StoreBusy(reason="locked", seconds=1))
    assert "SECRET" not in caplog.text
    assert "locked" in caplog.text


WARNS = "from runstate import logs; logs.worker('something', run_id='run_1')"


@pytest.mark.parametrize(("setup", "heard"), [("", False), ("import logging; logging.basicConfig(); ", True)])
def test_a_host_that_has_not_set_up_logging_hears_nothing(setup: str, heard: bool) -> None:
    done = subprocess.run([sys.executable, "-c", setup + WARNS], capture_output=True, text=True, check=True)
    assert ("run_1" in done.stderr) is heard
    assert heard or done.stderr == ""
