"""The same commands on every store give the same answers, rows and journals."""

from __future__ import annotations

import inspect
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import MemoryStore, Store
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import assert_sound, payload_for
from tests.player import COMMAND, ONE_OF_EACH, Command, play_on
from tests.postgres import shared_server

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

DATA = Path(__file__).parent / "data"


class Stores:
    """The stores, opened once: each example is a tenant of its own."""

    opened: list[Store] | None = None
    examples = 0

    @classmethod
    def all(cls, folder: Callable[[], Path]) -> list[Store]:
        if cls.opened is None:
            url = shared_server().new_database()
            cls.opened = [MemoryStore(), SqliteStore(folder() / "runs.db"), PostgresStore(url)]
        return cls.opened


def test_every_store_does_the_same() -> None:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="equal", dir=memory if memory.is_dir() else None))

    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @example(list(ONE_OF_EACH))
    @given(st.lists(COMMAND, min_size=5, max_size=30))
    def check(commands: list[Command]) -> None:
        Stores.examples += 1
        play_on(Stores.all(lambda: folder), f"tenant {Stores.examples}", commands)

    try:
        check()
    finally:
        for store in Stores.opened or ():
            store.close()
        Stores.opened = None
        shutil.rmtree(folder)


def test_every_public_method_is_played() -> None:
    (player,) = play_on([MemoryStore()], "t", ONE_OF_EACH)
    public = {name for name, member in vars(Runs).items() if inspect.isfunction(member) and not name.startswith("_")}
    assert public - set(player.called) == set()


@pytest.mark.parametrize("name", ["retry", "list", "events", "prune", "cancel", "update_metadata", "wait", "sweep"])
def test_a_store_on_which_a_method_differs_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = MemoryStore(), MemoryStore()
    method = getattr(Runs, name)

    def differs(self: Runs[Run], *arguments: Any, **options: Any) -> Any:
        answer = method(self, *arguments, **options)
        return answer if self.store is one else None

    monkeypatch.setattr(Runs, name, differs)
    with pytest.raises((AssertionError, AttributeError, TypeError)):
        play_on([one, other], "t", ONE_OF_EACH)


def test_a_database_of_schema_1_is_read_and_written(tmp_path: Path) -> None:
    """``tests/data/runs_v1.sql`` was written by schema version 1 and is never made anew."""
    path = tmp_path / "runs.db"
    conn = sqlite3.connect(path)
    conn.executescript((DATA / "runs_v1.sql").read_text(encoding="utf-8"))
    conn.close()
    with SqliteStore(path) as store:
        runs: Runs[Run] = Runs(store)
        found = runs.list(limit=50).runs
        assert sorted(run.status for run in found) == [
            "cancelled", "cancelling", "completed", "expired", "failed", "in_progress", "incomplete", "queued",
            "requires_action",
        ]  # fmt: skip
        for run in found:
            assert_sound(runs, run.id)
        waiting = runs.list(status="requires_action").runs[0]
        runs.submit_tool_outputs(waiting.id, payload_for("submit_tool_outputs")["tool_outputs"])
        assert_sound(runs, waiting.id)
