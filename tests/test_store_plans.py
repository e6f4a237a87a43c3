"""Which index a database takes for which statement: also where it has no statistics of the tables yet."""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Find, sql
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.stores.transaction import Answer, SqlTx
from runstate.testing.stores import new, payload_for
from tests import crash, upgrades
from tests.postgres import shared_server

OF: Final[dict[str, Any]] = {"tenant": "", "lifecycle": str(ASSISTANTS_RUN.name)}
FINDS: Final[dict[str, tuple[Find, str]]] = {
    "a page": (Find(**OF, limit=21), "runstate_runs_created"),
    "the next page": (Find(**OF, after=(5, "r"), limit=21), "runstate_runs_created"),
    "a page from the oldest on": (Find(**OF, order="oldest", limit=21), "runstate_runs_created"),
    "a thread": (Find(**OF, thread="t", limit=21), "runstate_runs_thread"),
    "a claim": (
        Find(**OF, statuses=("a", "b"), ready_by=9, due_after=9, attempts_left=True, order="ready", limit=1),
        "runstate_runs_ready",
    ),
    "a sweep": (Find(**OF, wake_by=9, order="wake", limit=100), "runstate_runs_wake"),
    "a prune": (
        Find(**OF, statuses=("a", "b"), changed_by=9, settled=True, order="changed", limit=500),
        "runstate_runs_settled",
    ),
}
"""What is looked for -> the index that is in the order that is wanted."""
STATEMENTS: Final = {
    "the row": (sql.ROW, "runstate_runs_pkey"),
    "the row, locked": (sql.ROW + sql.LOCK["postgres"], "runstate_runs_pkey"),
    "the journal": (sql.HISTORY, "runstate_journal_seq"),
    "the outbox": (sql.EVENTS["postgres"], "runstate_journal_outbox"),
    "the end of the outbox": (sql.LATEST["postgres"], "runstate_journal_outbox"),
    # what the server itself asks for each foreign key
    "the entry before": (
        """SELECT 1 FROM ONLY runstate_journal x
            WHERE tenant = :a AND run_id = :b AND seq = :c AND target = :d AND lifecycle = :e FOR KEY SHARE OF x""",
        r"runstate_journal_(seq|tenant_run_id_seq_target_lifecycle_key)",
    ),
    "the run of an entry": (
        "SELECT 1 FROM ONLY runstate_runs x WHERE tenant = :a AND id = :b FOR KEY SHARE OF x",
        "runstate_runs_pkey",
    ),
}


@pytest.fixture(scope="module")
def fresh() -> Any:
    """A database of some runs and changes, of which nobody has gathered statistics."""
    with PostgresStore(shared_server().new_database()) as store:
        runs: Runs[Run] = Runs(store)
        for _ in range(20):
            run_id = new(runs)
            for event in ("start", "require_action", "submit_tool_outputs"):
                runs.fire(run_id, event, **payload_for(event))
        yield store


def plan_on_postgres(store: PostgresStore, text: str) -> str:
    """The plan that stays: made once, and kept while nobody gathers statistics."""
    names = list(dict.fromkeys(re.findall(r"(?<!:):([a-z]\w*)", text)))
    for number, name in enumerate(names, 1):
        text = re.sub(rf"(?<!:):{name}\b", f"${number}", text)
    with psycopg.connect(store._url) as conn:
        conn.execute("SET plan_cache_mode = force_generic_plan")
        conn.execute(
            "SET enable_seqscan = off"
        )  # there are but a few rows, and a few are read quickest from end to end
        conn.execute(f"PREPARE asked AS {text}".encode())
        nulls = ", ".join(["NULL"] * len(names))
        return "\n".join(row[0] for row in conn.execute(f"EXPLAIN EXECUTE asked ({nulls})".encode()))


@pytest.mark.parametrize(("text", "index"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_postgres_takes_the_index_that_is_meant_without_statistics(fresh: PostgresStore, text: str, index: str) -> None:
    plan = plan_on_postgres(fresh, text)
    assert re.search(rf"using {index} ", plan), plan
    assert "Sort" not in plan


@pytest.mark.parametrize(("find", "index"), FINDS.values(), ids=FINDS.keys())
def test_postgres_finds_runs_in_the_order_of_an_index(fresh: PostgresStore, find: Find, index: str) -> None:
    plan = plan_on_postgres(fresh, sql.find(find, "postgres")[0])
    assert re.search(rf"using {index} ", plan), plan
    assert "Sort" not in plan


@pytest.mark.parametrize(("find", "index"), FINDS.values(), ids=FINDS.keys())
def test_sqlite_finds_runs_in_the_order_of_an_index(tmp_path: Path, find: Find, index: str) -> None:
    with SqliteStore(tmp_path / "runs.db"), closing(sqlite3.connect(tmp_path / "runs.db")) as conn:
        text, values = sql.find(find, "sqlite")
        plan = " ".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {text}", values))
    assert f"USING INDEX {index} " in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("text", "search"),
    [(sql.EVENTS["sqlite"], "(tenant=? AND xact=? AND pos>?)"), (sql.LATEST["sqlite"], "(tenant=?)")],
    ids=["a page", "the end"],
)
def test_sqlite_begins_to_read_the_outbox_where_it_was_left(tmp_path: Path, text: str, search: str) -> None:
    with SqliteStore(tmp_path / "runs.db"), closing(sqlite3.connect(tmp_path / "runs.db")) as conn:
        values = {"tenant": "", "xact": 0, "pos": 0, "limit": 1}
        plan = " ".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {text}", values))
    assert re.search(r"INDEX runstate_journal_outbox " + re.escape(search), plan), plan
    assert "TEMP B-TREE" not in plan


def indexes(place: str) -> list[tuple[str, str]]:
    """Names and definitions of all indexes."""
    if place.startswith("postgresql:"):
        with psycopg.connect(place) as conn:
            return conn.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
            ).fetchall()
    with closing(sqlite3.connect(place.partition(":")[2])) as conn:
        return conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY 1").fetchall()


@pytest.mark.parametrize("kind", ["delete", "postgres"])
def test_a_database_of_schema_1_gets_the_indexes_of_a_new_one_and_keeps_its_runs(kind: str, tmp_path: Path) -> None:
    def place(name: str) -> str:
        return shared_server().new_database() if kind == "postgres" else f"{kind}:{tmp_path / name}"

    old, fresh = place("old"), place("new")
    upgrades.restore(old)
    with upgrades.scripts(), closing(crash.opened(old)) as store:
        assert store.info()["schema"] == 1
        before = upgrades.everything(store)
    before_indexes = indexes(old)
    for each in (old, fresh):
        with closing(crash.opened(each)) as store:
            assert store.info()["schema"] == len(sql.SCRIPTS["sqlite"])
            if each == old:
                assert upgrades.everything(store) == before
    assert before_indexes != indexes(old) == indexes(fresh)


# -- the clock that comes with the row


def test_the_clock_that_comes_with_a_locked_row_is_read_after_the_lock_was_had() -> None:
    with PostgresStore(shared_server().new_database()) as store:
        run_id = new(Runs(store))
        seen: list[int] = []

        def second() -> None:
            with store.transaction() as tx:
                tx.get("", run_id, lock=True)
                seen.append(tx.now())

        with psycopg.connect(store._url) as holder, psycopg.connect(store._url, autocommit=True) as admin:
            holder.execute("SELECT 1 FROM runstate_runs WHERE id = %s FOR UPDATE", (run_id,))
            waiter = threading.Thread(target=second)
            waiter.start()
            waits = "SELECT 1 FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0"
            while admin.execute(waits).fetchone() is None:
                assert waiter.is_alive()
            row = admin.execute(sql.CLOCK.encode()).fetchone()
            holder.rollback()  # nothing has changed: the server has no reason to look at the row again
            waiter.join()
        assert row is not None
        assert seen[0] >= row[0]


def test_the_clock_that_comes_with_a_row_is_answered_once_and_only_at_once() -> None:
    asked: list[str] = []
    columns = [None] * sql.ROW.split(" FROM ")[0].count(",") + [None]

    def run(text: str, _values: object) -> Answer:
        asked.append(text)
        return Answer([[7]] if text == sql.CLOCK else [[*columns, 5]], 1)

    tx = SqlTx("postgres", run)
    tx.get("", "r", lock=True)
    assert (tx.now(), tx.now()) == (5, 7)
    tx.get("", "r", lock=True)
    tx.cursor("", "s")
    assert tx.now() == 7
    assert asked.count(sql.CLOCK) == 2
