"""The suite for stores is tested itself: each known fault, seeded, must turn the named test red."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import attrs
import pytest

from runstate.errors import RunstateError
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.runs import Cancelled, Runs, bodies, claims, steps
from runstate.runs.steps import Steps
from runstate.runs.values import Swept
from runstate.stores import MemoryStore, Store, sql
from runstate.stores.base import Entry, Find, Row
from runstate.stores.memory import MemoryTx
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import Stage, StoreSuite
from tests import test_stores_sqlite
from tests.postgres import shared_server

RED = (AssertionError, AttributeError, RunstateError, pytest.fail.Exception)

CAS = " AND rev = :was_rev AND edits = :was_edits"
FENCE = " AND fence = :was_fence"
LEASE = " AND lease_until > :held_at"

Patch = pytest.MonkeyPatch


def no_rev_in_the_guard(patch: Patch) -> None:
    """As in prefect #9590."""
    patch.setattr(sql, "MOVE", sql.MOVE.replace(CAS, ""))


def settled_by_id(patch: Patch) -> None:
    """As in oban #1496, and many others."""
    patch.setattr(sql, "MOVE", sql.MOVE.replace(CAS, "").replace(FENCE, ""))
    patch.setattr(sql, "MOVE_HELD", sql.MOVE)
    patch.setattr(Steps, "check", lambda *_: None)


def sweep_from_a_stale_list(patch: Patch) -> None:
    """As in river #1302, dagster #8729, DBOS #742."""

    def stale(self: Steps[Any], *, limit: int) -> Swept:
        with self.store.transaction(write=False) as tx:
            find = Find(tenant=self.tenant, lifecycle=self.lifecycle.name, wake_by=self.time(tx), limit=limit)
            listed = tx.find(find)
        for row in listed:
            with self.store.transaction() as tx:
                there = tx.get(row.tenant, row.id)
                assert there is not None
                as_listed = attrs.evolve(row, rev=there.rev, edits=there.edits, fence=there.fence)
                claims.treated(self, tx, as_listed, max(self.time(tx), row.at))
        return Swept()

    patch.setattr(claims, "sweep", stale)


def no_fence(patch: Patch) -> None:
    """As in aegra #502: the lease is a worker's name."""
    for module in (steps, claims):
        patch.setattr(module, "holds", lambda row, claim, at: row.owner == claim.worker and row.lease_until > at)
    patch.setattr(sql, "MOVE", sql.MOVE.replace(FENCE, ""))
    patch.setattr(sql, "MOVE_HELD", sql.MOVE_HELD.replace(FENCE, ""))


def heartbeat_prolongs_what_has_ended(patch: Patch) -> None:
    """A worker that slept past its lease goes on as if it had not."""
    patch.setattr(claims, "holds", lambda row, claim, _at: row.owner == claim.worker and row.fence == claim.fence)
    patch.setattr(sql, "MOVE_HELD", sql.MOVE_HELD.replace(LEASE, ""))


def cancel_says_nothing(patch: Patch) -> None:
    """DBOS #767."""
    cancel = Runs.cancel

    def silent(self: Runs[Any], run_id: str, **how: Any) -> Cancelled[Any] | None:
        said = cancel(self, run_id, **how)
        return said if said.accepted else None

    patch.setattr(Runs, "cancel", silent)


def sweep_ignores_cancelling_without_a_lease(patch: Patch) -> None:
    """As in prefect #12582, dagster #13155."""
    woken = Steps.woken

    def asleep(self: Steps[Any], row: Row) -> Row:
        row = woken(self, row)
        return attrs.evolve(row, wake_at=row.due_at) if row.lease_until is None else row

    patch.setattr(Steps, "woken", asleep)


def journal_outside_the_transaction(patch: Patch) -> None:
    append = MemoryTx._append

    def kept(self: MemoryTx, entry: Entry) -> None:
        undo = len(self._undo)
        append(self, entry)
        del self._undo[undo:]

    patch.setattr(MemoryTx, "_append", kept)


def acknowledged_before_commit(patch: Patch) -> None:
    patch.setattr(SqliteStore, "_commit", lambda self, conn: None)


def disk_not_awaited(patch: Patch) -> None:
    connect = SqliteStore._connect

    def hasty(self: SqliteStore) -> Any:
        conn = connect(self)
        conn.execute("PRAGMA synchronous = OFF")
        return conn

    patch.setattr(SqliteStore, "_connect", hasty)


def begin_deferred(patch: Patch) -> None:
    """jentic-one #529."""
    wait = SqliteStore._wait
    patch.setattr(
        SqliteStore, "_wait", lambda self, conn, text: wait(self, conn, text.replace("BEGIN IMMEDIATE", "BEGIN"))
    )


def clock_of_the_transactions_begin(patch: Patch) -> None:
    patch.setattr(sql, "CLOCK", sql.CLOCK.replace("clock_timestamp()", "now()"))


def told_before_commit(patch: Patch) -> None:
    """As in prefect #22654."""
    advance = Steps.advance

    def early(self: Steps[Any], *args: Any, **options: Any) -> Any:
        done = advance(self, *args, **options)
        for entry in done.entries:
            for listener in self.listeners:
                listener(entry, done.record)
        return done._replace(entries=())

    patch.setattr(Steps, "advance", early)


def key_without_fingerprint(patch: Patch) -> None:
    """As in dify #39685."""
    patch.setattr(bodies, "fingerprint", lambda *_: "always the same")


def retry_reopens_the_run(patch: Patch) -> None:
    def reopened(self: Runs[Any], run_id: str, **_: Any) -> Any:
        store: Any = self.store
        row = store.rows["", run_id]
        store.rows["", run_id] = attrs.evolve(row, status=next(iter(ASSISTANTS_RUN.initial)))
        return self.get(run_id)

    patch.setattr(Runs, "retry", reopened)


SUITE: dict[str, tuple[Callable[[Patch], None], str]] = {
    "1": (no_rev_in_the_guard, "test_a_row_that_was_read_too_early_is_not_put"),
    "2": (settled_by_id, "test_a_worker_whose_claim_is_over_changes_nothing"),
    "3": (sweep_from_a_stale_list, "test_a_sweep_goes_by_what_is_there_and_not_by_its_list"),
    "4": (no_fence, "test_a_worker_whose_claim_is_over_changes_nothing"),
    "5": (heartbeat_prolongs_what_has_ended, "test_a_lease_that_has_ended_is_not_prolonged"),
    "6": (cancel_says_nothing, "test_cancel_says_what_became_of_it"),
    "7": (sweep_ignores_cancelling_without_a_lease, "test_a_sweep_ends_a_cancellation_that_nobody_confirms"),
    "8": (journal_outside_the_transaction, "test_row_and_journal_are_written_together_or_not_at_all"),
    "9": (acknowledged_before_commit, "test_what_is_acknowledged_is_there_for_others"),
    "9 on disk": (disk_not_awaited, "test_commits_wait_for_the_disk"),
    "10": (begin_deferred, "test_a_writer_waits_before_it_reads"),
    "11": (clock_of_the_transactions_begin, "test_the_clock_is_read_when_it_is_asked"),
    "12": (told_before_commit, "test_nobody_is_told_before_others_can_read_it"),
    "13": (key_without_fingerprint, "test_the_same_key_for_another_request_is_refused"),
    "14": (retry_reopens_the_run, "test_an_ended_run_stays_ended_and_a_retry_is_a_new_one"),
}
"""Number of the fault -> the fault, and the test that must catch it."""

IN_MEMORY = {"8", "14"}
ON_POSTGRES = {"11"}


@pytest.fixture
def stage(fault: str) -> Generator[Stage, None, None]:
    folder = Path(tempfile.mkdtemp(prefix="faults"))
    shared = MemoryStore()
    opened: Callable[[], Store] = lambda: shared  # noqa: E731
    mode: Any = "wal" if fault == "12" else "delete"  # where a reader sees what a writer has not committed
    if fault in ON_POSTGRES:
        url = shared_server().new_database()
        opened = lambda: PostgresStore(url)  # noqa: E731
    elif fault not in IN_MEMORY:
        opened = lambda: SqliteStore(folder / "runs.db", journal_mode=mode, busy_timeout=5)  # noqa: E731
    stage = Stage(opened)
    yield stage
    stage.close()
    shutil.rmtree(folder)


@pytest.mark.parametrize("fault", SUITE)
def test_the_fault_turns_its_test_red(fault: str, stage: Stage) -> None:
    seed, name = SUITE[fault]
    suite: Any = StoreSuite() if hasattr(StoreSuite, name) else test_stores_sqlite.TestSqliteAlone()
    getattr(suite, name)(stage)  # green without the fault
    with pytest.MonkeyPatch.context() as patch:
        seed(patch)
        fresh = Stage(stage.another) if fault in IN_MEMORY else stage
        if fault == "9 on disk":
            fresh = Stage(lambda: SqliteStore(stage.store._path))  # type: ignore[attr-defined]
        with pytest.raises(RED):
            getattr(suite, name)(fresh)
        if fresh is not stage:
            fresh.close()


def test_every_fault_of_the_list_is_seeded() -> None:
    assert {fault.partition(" ")[0] for fault in SUITE} == {str(n) for n in range(1, 15)}
