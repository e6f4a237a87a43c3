from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from runstate.errors import RunstateError, SchemaMismatch, StoreBusy, StoreError, StoreUnavailable
from runstate.runs import Runs
from runstate.stores import Store, open_store, sql, sqlite
from runstate.stores.sqlite import SqliteStore, wal_is_sound
from runstate.testing.stores import Stage, StoreSuite, assert_sound, new, together
from tests.places import fast_folder


class TestSqliteStore(StoreSuite):
    @pytest.fixture(params=["delete", "wal"])
    def opened(self, request: pytest.FixtureRequest) -> Callable[[], Store]:
        path = fast_folder(request) / "runs.db"
        return lambda: SqliteStore(path, journal_mode=request.param)


class TestSqliteAlone:
    """What only a file of SQLite can get wrong."""

    @pytest.fixture
    def stage(self, request: pytest.FixtureRequest) -> Generator[Stage, None, None]:
        path = fast_folder(request) / "runs.db"
        stage = Stage(lambda: SqliteStore(path))
        yield stage
        stage.close()

    def test_commits_wait_for_the_disk(self, stage: Stage) -> None:
        assert stage.store.info()["synchronous"] == 2  # FULL

    def test_counting_what_waits_reads_nothing_of_what_has_ended(self, stage: Stage) -> None:
        stage.runs()
        conn = sqlite3.connect(stage.store._path)  # type: ignore[attr-defined]
        plan = conn.execute("EXPLAIN QUERY PLAN " + sql.DEPTH, {"tenant": "", "lifecycle": "x"}).fetchall()
        conn.close()
        used = [line for *_, line in plan if "runstate_runs" in line]
        assert [line.split("INDEX ")[1].split()[0] for line in used] == ["runstate_runs_ready", "runstate_runs_wake"]

    def test_a_writer_waits_before_it_reads(self, stage: Stage) -> None:
        """A transaction that reads first and then wants to write could be refused half way; BEGIN IMMEDIATE cannot."""
        path = stage.store._path  # type: ignore[attr-defined]
        hasty = SqliteStore(path, busy_timeout=0.05)
        entered = False
        with stage.store.transaction() as tx:
            tx.get("", "x")
            with pytest.raises(StoreBusy) as busy, hasty.transaction():
                entered = True
        assert not entered
        assert busy.value.seconds >= 0.05
        hasty.close()

    def test_readers_see_the_last_commit_while_somebody_writes(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        with stage.store.transaction() as tx:
            tx.set_cursor("", "s", "0-1")
            assert stage.runs(store=stage.another()).row(run_id).rev == 1

    def test_a_busy_database_gives_a_typed_error_and_no_part_of_the_write(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        path = stage.store._path  # type: ignore[attr-defined]
        hasty = stage.runs(store=SqliteStore(path, busy_timeout=0.02))
        for _ in range(20):
            with stage.store.transaction():
                with pytest.raises(StoreBusy):
                    hasty.start(run_id)
                with pytest.raises(StoreBusy):
                    hasty.create(thread_id="t", assistant_id="a")
        hasty.start(run_id)
        assert_sound(runs, run_id)
        hasty.store.close()

    def test_a_full_database_gives_a_typed_error_and_goes_on_when_there_is_room(self, stage: Stage) -> None:
        runs = stage.runs()
        store = stage.store
        assert isinstance(store, SqliteStore)
        acknowledged: list[str] = []
        outcomes: list[str] = []
        conn = store._take()
        pages = conn.execute("PRAGMA page_count").fetchone()[0]
        conn.execute(f"PRAGMA max_page_count = {pages + 6}")
        store._give(conn)
        for _ in range(60):
            try:
                acknowledged.append(new(runs, instructions="x" * 600))
            except StoreUnavailable as error:
                outcomes.append(error.outcome)
        assert len(outcomes) > 10
        assert set(outcomes) == {"none"}
        store._take().execute("PRAGMA max_page_count = 1000000")
        run_id = new(runs)
        for known in (*acknowledged, run_id):
            assert_sound(runs, known)
        assert len(runs.list(limit=100).runs) == len(acknowledged) + 1

    def test_what_is_not_there_is_not_made_unless_wanted(self, tmp_path: Path) -> None:
        path = tmp_path / "runs.db"
        with pytest.raises(StoreUnavailable):
            SqliteStore(path, create=False)
        with pytest.raises(StoreUnavailable):
            open_store(str(path), create=False)
        path.touch()
        with pytest.raises(SchemaMismatch):
            SqliteStore(path, create=False)
        assert path.read_bytes() == b""
        SqliteStore(path).close()
        with SqliteStore(path, create=False) as store:
            new(Runs(store))
            busy = store._take()
            path.unlink()
            with pytest.raises(StoreUnavailable):  # nor is it made where it was removed meanwhile
                store.info()
            busy.close()
        assert list(tmp_path.iterdir()) == []

    def test_a_path_is_enough_and_memory_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError):
            SqliteStore(":memory:")
        store = open_store(f"sqlite:///{tmp_path}/runs.db")
        assert isinstance(store, SqliteStore)
        store.close()
        with pytest.raises(StoreUnavailable):
            store.info()
        with pytest.raises(StoreUnavailable):
            SqliteStore(tmp_path / "missing" / "runs.db")
        (tmp_path / "text").write_text("this is no database, whatever its name says" * 100)
        with pytest.raises(StoreUnavailable):
            SqliteStore(tmp_path / "text")

    @pytest.mark.parametrize(
        ("version", "sound"),
        [
            ((3, 40, 1), False),
            ((3, 44, 5), False),
            ((3, 44, 6), True),
            ((3, 45, 0), False),
            ((3, 50, 6), False),
            ((3, 50, 7), True),
            ((3, 51, 0), False),
            ((3, 51, 2), False),
            ((3, 51, 3), True),
            ((3, 52, 0), True),
            ((4, 0, 0), True),
        ],
    )
    def test_the_journal_mode_of_a_new_file_depends_on_the_engine(
        self, version: tuple[int, ...], sound: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert wal_is_sound(version) is sound
        monkeypatch.setattr(sqlite, "wal_is_sound", lambda _: sound)
        with SqliteStore(tmp_path / "runs.db") as store:
            assert store.info()["journal_mode"] == ("wal" if sound else "delete")

    def test_a_live_file_keeps_its_mode_and_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        SqliteStore(tmp_path / "runs.db", journal_mode="wal").close()
        monkeypatch.setattr(sqlite, "wal_is_sound", lambda _: False)
        with pytest.warns(RuntimeWarning, match="can lose commits"):
            store = SqliteStore(tmp_path / "runs.db")
        assert store.info()["journal_mode"] == "wal"
        store.close()

    def test_foreign_keys_hold_on_every_connection(self, stage: Stage) -> None:
        store = stage.store
        assert isinstance(store, SqliteStore)
        conns = [store._take() for _ in range(3)]
        assert [conn.execute("PRAGMA foreign_keys").fetchone()[0] for conn in conns] == [1, 1, 1]
        for conn in conns:
            store._give(conn)


class TestEnlisting:
    """A host's own connection and transaction."""

    @pytest.fixture
    def stage(self, request: pytest.FixtureRequest) -> Generator[Stage, None, None]:
        path = fast_folder(request) / "runs.db"
        stage = Stage(lambda: SqliteStore(path))
        yield stage
        stage.close()

    def host(self, stage: Stage, **options: object) -> sqlite3.Connection:
        conn = sqlite3.connect(stage.store._path, **options)  # type: ignore[attr-defined, call-overload]
        conn.execute("PRAGMA foreign_keys = ON")
        return conn  # type: ignore[no-any-return]

    @pytest.mark.parametrize("isolation", [None, "", "IMMEDIATE"])
    def test_run_and_hosts_rows_commit_together_or_not_at_all(self, stage: Stage, isolation: str | None) -> None:
        runs = stage.runs()
        conn = self.host(stage, isolation_level=isolation)
        conn.execute("CREATE TABLE orders (id INTEGER)")
        conn.row_factory = sqlite3.Row
        for end in ("ROLLBACK", "COMMIT"):
            if isolation is None:
                conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO orders VALUES (1)")
            run = runs.create(thread_id="t", assistant_id="a", connection=conn)
            runs.start(run.id, connection=conn)
            assert runs.get(run.id, connection=conn).status == "in_progress"
            conn.execute(end)
            assert (
                len(runs.list().runs) == conn.execute("SELECT count(*) FROM orders").fetchone()[0] == (end == "COMMIT")
            )
        conn.close()

    def test_a_refused_call_leaves_the_hosts_transaction_whole(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        conn = self.host(stage)
        conn.execute("CREATE TABLE orders (id INTEGER)")
        conn.execute("INSERT INTO orders VALUES (1)")
        with pytest.raises(RunstateError):
            runs.complete(run_id, connection=conn)
        runs.start(run_id, connection=conn)
        conn.commit()
        assert runs.row(run_id).rev == 2
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        conn.close()

    def test_a_connection_that_would_break_the_promises_is_refused(self, stage: Stage) -> None:
        runs = stage.runs()
        path = stage.store._path  # type: ignore[attr-defined]
        loose = sqlite3.connect(path)
        with pytest.raises(StoreError, match="foreign keys"):
            runs.create(thread_id="t", assistant_id="a", connection=loose)
        bare = self.host(stage, isolation_level=None)
        with pytest.raises(StoreError, match="no transaction"):
            runs.create(thread_id="t", assistant_id="a", connection=bare)
        with pytest.raises(TypeError):
            runs.create(thread_id="t", assistant_id="a", connection=object())
        loose.close()
        bare.close()

    def test_a_connection_of_sqlalchemy_is_taken(self, stage: Stage) -> None:
        sqlalchemy = pytest.importorskip("sqlalchemy")
        told: list[int] = []
        runs = stage.runs(listeners=[lambda entry, _run: told.append(entry.seq)])
        engine = sqlalchemy.create_engine(f"sqlite:///{stage.store._path}")  # type: ignore[attr-defined]
        for end in ("rollback", "commit"):
            with engine.connect() as conn:
                conn.exec_driver_sql("PRAGMA foreign_keys = ON")
                run = runs.create(thread_id="t", assistant_id="a", connection=conn)
                runs.cancel(run.id, connection=conn)
                getattr(conn, end)()
            assert len(runs.list().runs) == (end == "commit")
        assert told == []  # the host's commit is not ours to see: use the outbox
        engine.dispose()


class TestRawSql:
    """The database refuses what the table refuses, whoever writes."""

    @pytest.fixture
    def stage(self, request: pytest.FixtureRequest) -> Generator[Stage, None, None]:
        path = fast_folder(request) / "runs.db"
        stage = Stage(lambda: SqliteStore(path))
        yield stage
        stage.close()

    @pytest.mark.parametrize(
        "statements",
        [
            ["UPDATE runstate_runs SET status = 'completed'"],
            ["UPDATE runstate_runs SET rev = 1"],
            ["UPDATE runstate_runs SET rev = 1, status = 'queued'"],
            ["UPDATE runstate_runs SET owner = 'w', lease_until = NULL"],
            ["DELETE FROM runstate_runs"],
            ["UPDATE runstate_journal SET target = 'completed'"],
            ["DELETE FROM runstate_journal"],
            ["DELETE FROM runstate_legality"],
            ["UPDATE runstate_legality SET target = 'completed' WHERE event = 'start'"],
            [("in_progress", 3, 2, "complete", "in_progress", "completed", 0)],  # it ends
            [("in_progress", 3, 2, "start", "in_progress", "completed", 1)],  # leads elsewhere
            [("in_progress", 3, 2, "complete", "queued", "completed", 1)],  # not from there
            [("in_progress", 4, 3, "complete", "in_progress", "completed", 1)],  # a gap
            [("in_progress", 4, 2, "complete", "in_progress", "completed", 1)],  # a gap that is denied
            [("in_progress", 2, 1, "cancel", "queued", "cancelling", 0)],  # the number is taken
            [("in_progress", 3, None, "create", "", "queued", 0)],  # a second beginning
        ],
        ids=str,
    )
    def test_raw_statements_that_break_the_rules_are_refused(self, stage: Stage, statements: list[object]) -> None:
        runs = stage.runs()
        run_id = new(runs)
        runs.start(run_id)
        before = runs.row(run_id), runs.history(run_id)
        conn = sqlite3.connect(stage.store._path, isolation_level=None)  # type: ignore[attr-defined]
        conn.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            raw(conn, run_id, statements)
        conn.execute("ROLLBACK")
        assert (runs.row(run_id), runs.history(run_id)) == before
        conn.close()

    def test_a_run_does_not_end_twice(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        runs.start(run_id)
        runs.complete(run_id)
        conn = sqlite3.connect(stage.store._path, isolation_level=None)  # type: ignore[attr-defined]
        conn.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError):
            raw(conn, run_id, [("", 4, 3, "fail", "completed", "failed", 1)])
        conn.execute("ROLLBACK")
        conn.execute("PRAGMA foreign_keys = OFF")  # even then
        with pytest.raises(sqlite3.IntegrityError):
            raw(conn, run_id, [("", 4, 3, "fail", "completed", "failed", 1)])
        conn.close()


def raw(conn: sqlite3.Connection, run_id: str, statements: list[object]) -> None:
    conn.execute("BEGIN IMMEDIATE")
    for statement in statements:
        if isinstance(statement, str):
            conn.execute(statement)
            continue
        assert isinstance(statement, tuple)
        _, *values = statement
        conn.execute(
            "INSERT INTO runstate_journal (tenant, run_id, seq, prev, event, source, target, ends, lifecycle, version, "
            "at, payload) VALUES ('', ?, ?, ?, ?, ?, ?, ?, 'openai.assistants.run', '2', 1800000000000000, '{}')",
            (run_id, *values),
        )
    conn.execute("COMMIT")


class TestSchema:
    def test_a_newer_schema_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "runs.db"
        SqliteStore(path).close()
        conn = sqlite3.connect(path)
        conn.execute("INSERT INTO runstate_schema VALUES (99)")
        conn.commit()
        conn.close()
        before = path.read_bytes()
        with pytest.raises(SchemaMismatch) as refused:
            SqliteStore(path)
        assert (refused.value.seen, refused.value.known) == (99, 2)
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        "damage",
        [
            "DROP INDEX runstate_journal_ends_once",
            "DROP TRIGGER runstate_journal_no_update",
            "DROP TABLE runstate_keys",
        ],
    )
    def test_a_guarantee_that_is_missing_is_noticed(self, tmp_path: Path, damage: str) -> None:
        path = tmp_path / "runs.db"
        SqliteStore(path).close()
        conn = sqlite3.connect(path)
        conn.execute(damage)
        conn.commit()
        conn.close()
        with pytest.raises(SchemaMismatch) as refused:
            SqliteStore(path)
        assert damage.rpartition(" ")[2] in str(refused.value.seen)

    def test_a_hosts_own_tables_are_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "host.db"
        conn = sqlite3.connect(path)
        conn.execute("CREATE TABLE orders (id INTEGER)")
        conn.execute("INSERT INTO orders VALUES (7)")
        conn.commit()
        with SqliteStore(path) as store:
            new(Runs(store))
        assert conn.execute("SELECT * FROM orders").fetchall() == [(7,)]
        conn.close()

    def test_many_openers_of_a_new_file_migrate_once(self, request: pytest.FixtureRequest) -> None:
        folder = fast_folder(request)
        for attempt in range(5):
            for store in together([lambda path=folder / f"{attempt}.db": SqliteStore(path)] * 8):  # type: ignore[misc]
                assert store.info()["schema"] == 2
                store.close()

    def test_no_warning_is_given_for_a_sound_choice(self, tmp_path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            SqliteStore(tmp_path / "runs.db").close()
