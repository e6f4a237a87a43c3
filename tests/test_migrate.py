"""Stored runs move to a new version: all of them, once, beside writers, and in spite of being killed."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from typing import Any

import attrs
import pytest

from runstate import ASSISTANTS_RUN, BadMigration, CallerError, Run, Runs, RunstateError, SchemaMismatch, StoreError
from runstate.modelling.migration import MigrationPlan, plan_migration
from runstate.runs import known_lifecycles
from runstate.runs.bodies import MIGRATE
from runstate.runs.migration import Migrated, migrate
from runstate.stores import MemoryStore, Store
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.clock import FakeClock
from tests.places import fast_folder
from tests.postgres import shared_server
from tests.versions import EDITS, PRINT_1, PRINT_2, RENAMES, Print1, Print2

PLAN = plan_migration(PRINT_1, PRINT_2, RENAMES, edits=EDITS)
BACK = plan_migration(PRINT_2, attrs.evolve(PRINT_2, version="3"))
WAYS = (("start",), ("start", "pause"), ("cancel",), ("start", "finish"), ())
Open = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def opened(request: pytest.FixtureRequest) -> Generator[Open, None, None]:
    """Another handle on the same store with each call."""
    handles: list[Store] = []
    if request.param == "memory":
        handles.append(MemoryStore())
    path = fast_folder(request) / "runs.db"
    url = shared_server().new_database() if request.param == "postgres" else ""

    def another() -> Store:
        if request.param == "memory":
            return handles[0]
        handles.append(SqliteStore(path) if request.param == "sqlite" else PostgresStore(url, max_connections=4))
        return handles[-1]

    yield another
    for handle in handles:
        handle.close()


def filled(store: Store, count: int, clock: Any = None) -> Runs[Print1]:
    """Runs of the old version in all its statuses."""
    runs: Runs[Print1] = Runs(store, clock, record=Print1)
    for number in range(count):
        run_id = f"run_{number:03}"
        runs.create(id=run_id, pages=number, metadata={"n": str(number)})
        for event in WAYS[number % len(WAYS)]:
            given: dict[str, Any] = {"reason": "no paper"} if event == "pause" else {}
            runs.fire(run_id, event, **given)
    return runs


def assert_moved(runs: Runs[Print2], run_id: str) -> None:
    """The journal is a walk over the old table, the move, and the new table, and its fold is the row."""
    entries, row = runs.history(run_id), runs.row(run_id)
    legal = {
        (life.version, e.source, str(e.event), str(e.target)) for life in (PRINT_1, PRINT_2) for e in life.transitions
    }
    legal |= {(PLAN.version, old, MIGRATE, new) for old, new in PLAN.statuses.items()}
    assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
    assert [e.source for e in entries] == [None, *(e.target for e in entries[:-1])]
    assert {(e.version, e.source, e.event, e.target) for e in entries} <= legal
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    assert sum(e.ends for e in entries) <= 1
    assert (row.rev, row.status, row.at, row.version) == (len(entries), entries[-1].target, entries[-1].at, "2")
    assert runs.at(run_id, row.rev) == runs.get(run_id)


def moved(store: Store, **more: Any) -> Migrated:
    return migrate(store, PLAN, record=Print2, **more)


def test_every_run_moves_once_and_keeps_its_journal(opened: Open) -> None:
    store = opened()
    old = filled(store, 23)
    before = {f"run_{n:03}": (old.history(f"run_{n:03}"), old.get(f"run_{n:03}")) for n in range(23)}
    found = moved(store, batch=4, actor="ops")
    assert found.moved == {"printing": 5, "held": 5, "canceled": 5, "printed": 4, "queued": 4}
    assert (len(found), found.complete, found.dry_run) == (23, True, False)
    runs: Runs[Print2] = Runs(opened(), record=Print2)
    for run_id, (entries, was) in before.items():
        assert_moved(runs, run_id)
        assert runs.history(run_id)[:-1] == entries
        move = runs.history(run_id)[-1]
        assert (move.event, move.version, move.actor, move.ends) == (MIGRATE, "1->2", "ops", False)
        now = runs.get(run_id)
        assert now.status == PLAN.statuses[was.status]
        same = {name: getattr(was, name) for name in ("id", "pages", "made_at", "begun_at", "over_at", "metadata")}
        assert {name: getattr(now, name) for name in same} == same
        assert (now.reason, now.copies) == (None, 1)
    assert len(moved(store)) == 0


def test_moved_runs_go_on_and_end(opened: Open) -> None:
    filled(opened(), 5)
    moved(opened())
    runs: Runs[Print2] = Runs(opened(), record=Print2)
    assert runs.fire("run_001", "finish", key="k").status == "printed"
    assert runs.fire("run_001", "finish", key="k").status == "printed"
    assert runs.fire("run_000", "jam", reason="jammed").status == "jammed"
    for ended in ("run_002", "run_003"):
        with pytest.raises(CallerError):
            runs.fire(ended, "cancel")
    claim = runs.claim("w")
    assert claim is not None
    assert claim.run_id == "run_004"
    for n in (0, 1, 4):
        assert_moved(runs, f"run_{n:03}")


def test_a_dry_run_says_the_same_and_changes_nothing(opened: Open) -> None:
    store = opened()
    old = filled(store, 7)
    rows = [old.row(f"run_{n:03}") for n in range(7)]
    would = moved(store, dry_run=True, batch=3)
    assert would.dry_run
    assert [old.row(f"run_{n:03}") for n in range(7)] == rows
    done = moved(store, batch=2)
    assert (would.moved, would.held, would.faults) == (done.moved, done.held, done.faults)
    assert next(would.lines()) == "would move 7 runs; 0 are held by workers, 0 stay with a fault"
    assert next(done.lines()) == "moved 7 runs; 0 are held by workers, 0 stay with a fault"


def test_a_run_that_a_worker_holds_is_left_until_its_lease_is_over(opened: Open) -> None:
    clock, store = FakeClock(), opened()
    old: Runs[Print1] = Runs(store, clock, record=Print1)
    old.create(id="a")
    old.create(id="b")
    claim = old.claim("worker", lease=30)
    assert claim is not None
    first = moved(store, clock=clock)
    assert (first.held, first.moved, first.complete) == ((claim.run_id,), {"queued": 1}, False)
    assert old.fire(claim.run_id, "pause", claim=claim, reason="lunch").status == "held"
    assert old.row(claim.run_id).version == "1"
    second = moved(store, clock=clock)
    assert (second.held, second.moved) == ((), {"held": 1})


def test_a_lease_that_is_over_holds_nobody_up(opened: Open) -> None:
    clock, store = FakeClock(), opened()
    old: Runs[Print1] = Runs(store, clock, record=Print1)
    old.create(id="a")
    old.claim("worker", lease=30)
    clock.advance(31)
    assert moved(store, clock=clock).moved == {"printing": 1}
    runs: Runs[Print2] = Runs(opened(), clock, record=Print2)
    claim = runs.claim("other")
    assert claim is not None
    assert (claim.fence, claim.run.status) == (2, "running")


def test_who_waits_keeps_its_place_and_its_delay(opened: Open) -> None:
    clock, store = FakeClock(), opened()
    old: Runs[Print1] = Runs(store, clock, record=Print1)
    old.create(id="later", not_before=clock() / 1_000_000 + 100)
    clock.advance(1)
    old.create(id="now")
    ready = [old.row(run_id).ready_at for run_id in ("later", "now")]
    clock.advance(5)
    moved(store, clock=clock)
    runs: Runs[Print2] = Runs(store, clock, record=Print2)
    assert [runs.row(run_id).ready_at for run_id in ("later", "now")] == ready


def test_a_record_that_would_break_a_rule_stays_and_is_named(opened: Open) -> None:
    store = opened()
    filled(store, 4)
    plan = plan_migration(
        PRINT_1, PRINT_2, RENAMES, edits={"reason": lambda record: "why" if record["id"] == "run_001" else None}
    )
    found = migrate(store, plan, record=Print2)
    assert (list(found.faults), len(found), found.complete) == (["run_001"], 3, False)
    assert "reason" in found.faults["run_001"]
    assert Runs(store, record=Print1).row("run_001").version == "1"
    assert any("fault in run_001" in line for line in found.lines())
    assert moved(store).moved == {"held": 1}  # the same moves, with an edit that fits


def test_only_one_tenant_and_one_lifecycle_move(opened: Open) -> None:
    store = opened()
    filled(store, 2)
    other: Runs[Print1] = Runs(store, record=Print1, tenant="other")
    other.create(id="theirs")
    assistants: Runs[Run] = Runs(store)
    assistants.create(id="run_a", thread_id="t", assistant_id="a")
    assert len(moved(store)) == 2
    assert other.row("theirs").version == "1"
    assert assistants.row("run_a").version == ASSISTANTS_RUN.version
    assert len(moved(store, tenant="other")) == 1


def test_what_is_asked_wrongly_is_refused(opened: Open) -> None:
    store = opened()
    filled(store, 1)
    with pytest.raises(BadMigration) as refused:
        migrate(store, PLAN, record=Print1)
    assert refused.value.problem == "other_record"
    with pytest.raises(ValueError, match="batch"):
        moved(store, batch=0)
    moved(store)
    other = plan_migration(
        PRINT_1, PRINT_2, RENAMES | {"held": "queued"}, edits=EDITS | {"begun_at": lambda _record: None}
    )
    with pytest.raises(SchemaMismatch):
        migrate(store, other, record=Print2)


def test_the_assistant_run_migrates_with_its_own_record(opened: Open) -> None:
    store = opened()
    runs: Runs[Run] = Runs(store)
    run = runs.create(thread_id="t", assistant_id="a", metadata={"a": "b"})
    runs.start(run.id)
    new = attrs.evolve(ASSISTANTS_RUN, version="3")
    other = type("OtherRun", (Run,), {"__lifecycle__": new, "__slots__": ()})
    found = migrate(store, plan_migration(ASSISTANTS_RUN, new), record=other)
    assert found.moved == {"in_progress": 1}
    assert runs.row(run.id).version == "3"


# --- reading across the move ------------------------------------------------------------------------------------------


def test_what_the_new_version_cannot_read_is_said_to_be_older(opened: Open) -> None:
    store = opened()
    old = filled(store, 3)
    runs: Runs[Print2] = Runs(store, record=Print2)
    assert runs.get("run_000").status == "printing"  # a record that checks nothing can still be read
    moved(store)
    with pytest.raises(SchemaMismatch) as refused:
        runs.at("run_001", 3)
    assert (refused.value.seen, refused.value.known, refused.value.run_id) == ("1", "2", "run_001")
    assert runs.at("run_001", 4) == runs.get("run_001")
    assert old.at("run_001", 3).status == "held"


def test_with_the_earlier_class_what_was_before_the_move_is_read_by_its_own_table(opened: Open) -> None:
    store = opened()
    old = filled(store, 3)
    before = [old.at("run_001", seq) for seq in (1, 2, 3)]
    moved(store)
    runs: Runs[Print2] = Runs(store, record=Print2, earlier=[Print1])
    seen = [runs.at("run_001", seq) for seq in (1, 2, 3)]
    assert [(one.status, one.reason) for one in seen] == [(one.status, one.reason) for one in before]
    assert runs.at("run_001", 4) == runs.get("run_001")
    sent = b"".join(runs.wire_events(run_id="run_001")).decode()
    names = [line for line in sent.splitlines() if line.startswith("event")]
    assert names == ["event: submit", "event: print.started", "event: pause"]
    assert known_lifecycles(store)["example.print"].versions == ("1", "2")


def test_streams_say_nothing_of_the_move(opened: Open) -> None:
    store = opened()
    plan = plan_migration(PRINT_1, attrs.evolve(PRINT_1, version="2"))
    old: Runs[Print1] = Runs(store, record=Print1)
    old.create(id="a")

    class Next(Print1):
        __lifecycle__ = plan.new

    migrate(store, plan, record=Next)
    runs: Runs[Any] = Runs(store, record=Next)
    runs.fire("a", "start")
    sent = b"".join(runs.wire_events(run_id="a")).decode()
    assert [line for line in sent.splitlines() if line.startswith("event")] == ["event: submit", "event: print.started"]
    assert json.loads(sent.split("data: ")[2].split("\n")[0])["status"] == "printing"
    assert [entry.event for entry in runs.events()] == ["submit", MIGRATE, "start"]


def test_the_database_knows_no_other_moves(opened: Open) -> None:
    """A row of legality for each move of the plan, and none for another."""
    store = opened()
    old = filled(store, 1)
    moved(store, tenant="nobody")
    row = old.row("run_000")
    last = old.history("run_000")[-1]
    wrong = attrs.evolve(
        last, seq=row.rev + 1, version=PLAN.version, event=MIGRATE, source=row.status, target="cancelled", payload="{}"
    )
    with pytest.raises(StoreError), store.transaction() as tx:
        tx.move(row, attrs.evolve(row, status="cancelled", rev=row.rev + 1), wrong)


# --- interrupted, and beside writers ----------------------------------------------------------------------------------


class Stop(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", [1, 4, 7, 11])
def test_what_is_interrupted_leaves_whole_batches_and_goes_on(opened: Open, after: int) -> None:
    store, clock = opened(), FakeClock()
    old = filled(store, 12, clock)
    asked = iter(range(1000))

    def stops() -> int:
        if next(asked) == after:
            raise Stop
        return clock()

    with pytest.raises(Stop):
        moved(store, batch=3, clock=stops)
    versions = [old.row(f"run_{n:03}").version for n in range(12)]
    assert versions == ["2"] * (after // 3 * 3) + ["1"] * (12 - after // 3 * 3)
    assert len(moved(opened(), batch=5, clock=clock)) == 12 - after // 3 * 3
    runs: Runs[Print2] = Runs(opened(), clock, record=Print2)
    for n in range(12):
        assert_moved(runs, f"run_{n:03}")


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
def test_sigkill_in_the_middle_of_a_batch_loses_nothing(target: str, request: pytest.FixtureRequest) -> None:
    path = fast_folder(request) / "runs.db"
    url = shared_server().new_database() if target == "postgres" else ""

    def another() -> Store:
        return PostgresStore(url, max_connections=2) if url else SqliteStore(path)

    with another() as store:  # type: ignore[attr-defined]
        filled(store, 10)
    for after in (2, 5):
        pid = os.fork()
        if not pid:
            asked = iter(range(1000))

            def killed(asked: Iterable[int] = asked, after: int = after) -> int:
                if next(iter(asked)) == after:
                    os.kill(os.getpid(), signal.SIGKILL)
                return 2_000_000_000_000_000

            try:
                moved(another(), batch=3, clock=killed)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    with another() as store:  # type: ignore[attr-defined]
        runs: Runs[Print2] = Runs(store, record=Print2)
        there = [runs.row(f"run_{n:03}").version for n in range(10)]
        assert there == ["2"] * 3 + ["1"] * 7  # of the first only nothing, of the second one batch
        assert len(moved(store)) == 7
        for n in range(10):
            assert_moved(runs, f"run_{n:03}")


def test_no_change_of_a_writer_is_lost(opened: Open) -> None:
    """Old writers go on while runs move under them; what each was told has happened stands in the journal."""
    filled(opened(), 20)
    told: list[tuple[str, str, str]] = []
    barrier = threading.Barrier(3)

    def write(events: tuple[str, ...], numbers: range) -> None:
        runs: Runs[Print1] = Runs(opened(), record=Print1)
        barrier.wait(30)
        for n in numbers:
            for event in events:
                try:
                    record = runs.fire(f"run_{n:03}", event)
                except RunstateError:
                    continue
                told.append((f"run_{n:03}", event, record.status))
        runs.create(id=f"late_{numbers[0]}")

    threads = [
        threading.Thread(target=write, args=(("cancel",), range(20))),
        threading.Thread(target=write, args=(("start", "finish"), range(19, -1, -1))),
    ]
    for thread in threads:
        thread.start()
    barrier.wait(30)
    moved(opened(), batch=2)
    for thread in threads:
        thread.join(60)
    assert moved(opened()).complete
    runs: Runs[Print2] = Runs(opened(), record=Print2)
    for n in range(20):
        assert_journal_across(runs, f"run_{n:03}")
    for run_id, event, status in told:
        assert (event, status) in {(entry.event, entry.target) for entry in runs.history(run_id)}
    assert {runs.row(f"late_{n}").version for n in (0, 19)} == {"2"}


def assert_journal_across(runs: Runs[Print2], run_id: str) -> None:
    """Old writers may have moved a run on after its move, so it moved again; the rest is as ever."""
    entries, row = runs.history(run_id), runs.row(run_id)
    assert [e.source for e in entries] == [None, *(e.target for e in entries[:-1])]
    assert sum(e.ends for e in entries) <= 1
    assert (row.rev, row.status, row.version) == (len(entries), entries[-1].target, "2")
    assert runs.at(run_id, row.rev) == runs.get(run_id)


def test_a_run_that_somebody_moved_on_meanwhile_is_left_as_it_is() -> None:
    """Between looking for a batch and locking a row anything may have happened to it."""
    store = MemoryStore()
    old = filled(store, 3)
    late: Runs[Print2] = Runs(store, record=Print2)
    done: list[str] = []

    def meddling(record: Any) -> None:
        if record["id"] == "run_000" and not done:
            done.append("once")
            with store.transaction() as tx:
                tx.remove("", ["run_001"])
            row = old.row("run_002")
            with store.transaction() as tx:
                assert tx.move(row, attrs.evolve(row, version="2", edits=row.edits + 1))

    plan = plan_migration(PRINT_1, PRINT_2, RENAMES, edits={"reason": meddling})
    assert migrate(store, plan, record=Print2).moved == {"printing": 1}
    assert late.row("run_002").rev == 2


def test_plans_follow_one_another(opened: Open) -> None:
    class Print3(Print2):
        __lifecycle__ = BACK.new

    store = opened()
    filled(store, 5)
    moved(store)
    assert len(migrate(store, BACK, record=Print3)) == 5
    runs: Runs[Any] = Runs(store, record=Print3)
    assert [entry.version for entry in runs.history("run_001")] == ["1", "1", "1", "1->2", "2->3"]
    assert runs.at("run_001", 5) == runs.get("run_001")
    assert isinstance(PLAN, MigrationPlan)
