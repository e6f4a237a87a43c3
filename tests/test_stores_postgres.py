from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing

import psycopg
import pytest

from runstate.errors import SchemaMismatch, StoreError, StoreUnavailable
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Store, open_store
from runstate.stores.postgres import PostgresStore
from runstate.testing.stores import Stage, StoreSuite, assert_sound, new, together
from tests.postgres import shared_server


class TestPostgresStore(StoreSuite):
    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        url = shared_server().new_database()
        return lambda: PostgresStore(url)


@pytest.fixture
def url() -> str:
    return shared_server().new_database()


@pytest.fixture
def stage(url: str) -> Generator[Stage, None, None]:
    stage = Stage(lambda: PostgresStore(url))
    yield stage
    stage.close()


def test_a_backend_that_was_ended_is_replaced_in_silence(stage: Stage, url: str) -> None:
    runs = stage.runs()
    run_id = new(runs)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert runs.start(run_id).status == "in_progress"


def test_a_server_that_is_not_there_is_an_error_of_the_store(tmp_path: object) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot be reached: .*No such file"):
        PostgresStore(f"postgresql://postgres@/postgres?host={tmp_path}", timeout=0.5)


def test_a_host_with_psycopg_commits_both_or_none(stage: Stage, url: str) -> None:
    runs = stage.runs()
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE orders (id INTEGER)")
        conn.commit()
        for end in ("rollback", "commit"):
            conn.execute("INSERT INTO orders VALUES (1)")
            run = runs.create(thread_id="t", assistant_id="a", connection=conn)
            with pytest.raises(StoreError):
                runs.create(id=run.id, thread_id="t", assistant_id="a", connection=conn)
            runs.cancel(run.id, connection=conn)
            getattr(conn, end)()
            assert len(runs.list().runs) == (end == "commit")
    with psycopg.connect(url, autocommit=True) as bare:
        with pytest.raises(StoreError, match="no transaction"):
            runs.create(thread_id="t", assistant_id="a", connection=bare)
        with bare.transaction():
            runs.create(thread_id="t", assistant_id="a", connection=bare)
    assert len(runs.list().runs) == 2


def test_a_connection_of_sqlalchemy_is_taken(stage: Stage, url: str) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    runs = stage.runs()
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    for end in ("rollback", "commit"):
        with engine.connect() as conn:
            runs.cancel(runs.create(thread_id="t", assistant_id="a", connection=conn).id, connection=conn)
            getattr(conn, end)()
        assert len(runs.list().runs) == (end == "commit")
    engine.dispose()


def test_a_newer_schema_is_refused(url: str) -> None:
    PostgresStore(url).close()
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO runstate_schema VALUES (99)")
    with pytest.raises(SchemaMismatch):
        PostgresStore(url)


@pytest.mark.parametrize(
    "damage",
    [
        "DROP INDEX runstate_journal_ends_once",
        "ALTER TABLE runstate_journal DISABLE TRIGGER runstate_journal_no_update",
        "ALTER TABLE runstate_runs DROP CONSTRAINT runstate_runs_shows_entry",
    ],
)
def test_a_guarantee_that_is_missing_is_noticed(url: str, damage: str) -> None:
    PostgresStore(url).close()
    with psycopg.connect(url) as conn:
        conn.execute(damage.encode())
    with pytest.raises(SchemaMismatch):
        PostgresStore(url)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runstate_runs SET status = 'completed'",
        "UPDATE runstate_runs SET rev = 1",
        "UPDATE runstate_runs SET rev = 1, status = 'queued'",
        "DELETE FROM runstate_runs",
        "UPDATE runstate_journal SET target = 'completed'",
        "DELETE FROM runstate_journal",
        "TRUNCATE runstate_journal CASCADE",
        "DELETE FROM runstate_legality",
        *(
            "INSERT INTO runstate_journal (tenant, run_id, seq, prev, event, source, target, ends, lifecycle, version, "
            f"at, payload) VALUES ('', 'run_1', {values}, 'openai.assistants.run', '2', 1800000000000000, '{{}}')"
            for values in (
                "3, 2, 'complete', 'in_progress', 'completed', 0",
                "3, 2, 'start', 'in_progress', 'completed', 1",
                "3, 2, 'complete', 'queued', 'completed', 1",
                "4, 3, 'complete', 'in_progress', 'completed', 1",
                "4, 2, 'complete', 'in_progress', 'completed', 1",
                "2, 1, 'cancel', 'queued', 'cancelling', 0",
                "3, NULL, 'create', '', 'queued', 0",
            )
        ),
    ],
)
def test_raw_statements_that_break_the_rules_are_refused(stage: Stage, url: str, statement: str) -> None:
    runs = stage.runs()
    run_id = new(runs, id="run_1")
    runs.start(run_id)
    before = runs.row(run_id), runs.history(run_id)

    def attempt() -> None:
        with closing(psycopg.connect(url)) as conn:
            conn.execute(statement.encode())
            conn.commit()

    with pytest.raises(psycopg.IntegrityError):
        attempt()
    assert (runs.row(run_id), runs.history(run_id)) == before
    assert_sound(runs, run_id)


def test_many_openers_of_a_new_database_migrate_once() -> None:
    for _ in range(3):
        url = shared_server().new_database()
        for store in together([lambda url=url: PostgresStore(url)] * 8):  # type: ignore[misc]
            assert store.info()["schema"] == 2
            store.close()


def test_a_notification_wakes_who_waits(url: str) -> None:
    with PostgresStore(url, notify=True) as store, PostgresStore(url, notify=True) as other:
        runs: Runs[Run] = Runs(store)
        others: Runs[Run] = Runs(other)
        run_id = new(runs)
        store.pause(0.01)  # it listens from now on
        timer = threading.Timer(0.05, lambda: others.cancel(run_id))
        timer.start()
        assert runs.wait(run_id, timeout=10).status == "cancelled"
        timer.join()


def test_a_url_opens_it(url: str) -> None:
    store = open_store(url)
    assert store.info()["engine"] == "postgresql"
    store.close()
    with pytest.raises(StoreError, match="no kind of store 'mysql'") as refused:
        open_store("mysql://ann:secret@host/x")
    assert "secret" not in str(refused.value)
