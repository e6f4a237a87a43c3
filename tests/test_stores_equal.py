"""The same commands on every store give the same answers, rows and journals."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runstate.errors import RunstateError
from runstate.record import Run
from runstate.runs import Claim, Runs
from runstate.stores import MemoryStore, Store
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.clock import FakeClock
from runstate.testing.stores import assert_sound, payload_for
from tests.postgres import shared_server

DATA = Path(__file__).parent / "data"

RUN = st.integers(0, 2)
EVENT = st.sampled_from(
    ["start", "require_action", "submit_tool_outputs", "complete", "end_incomplete", "fail", "cancel", "confirm_cancel",
     "expire", "create", "unknown"]
)  # fmt: skip
COMMAND = st.one_of(
    st.tuples(st.just("create"), RUN, st.sampled_from([None, "k"])),
    st.tuples(st.just("fire"), RUN, EVENT, st.sampled_from([None, "k1", "k2"]), st.booleans()),
    st.tuples(st.just("claim"), st.sampled_from(["w1", "w2"])),
    st.tuples(st.just("heartbeat"), RUN),
    st.tuples(st.just("release"), RUN, st.booleans()),
    st.tuples(st.just("cancel"), RUN, st.sampled_from([None, True, False])),
    st.tuples(st.just("metadata"), RUN, st.sampled_from([{}, {"a": "b"}])),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("prune")),
    st.tuples(st.just("advance"), st.sampled_from([-700, -1, 1, 15, 40, 601])),
)


class Player:
    """Plays commands on one store."""

    def __init__(self, store: Store, tenant: str) -> None:
        self.clock = FakeClock()
        self.runs: Runs[Run] = Runs(store, self.clock, tenant=tenant, max_attempts=2, one_per_thread=True)
        self.claims: dict[str, Claim[Run]] = {}

    def play(self, name: str, *arguments: Any) -> object:
        try:
            answer = getattr(self, name)(*arguments)
        except RunstateError as error:
            winner: Any = getattr(error, "winner", None)
            return type(error).__name__, winner and (winner.seq, winner.event)
        return answer

    def create(self, n: int, key: str | None) -> object:
        return self.runs.create(id=f"run_{n}", thread_id=f"thread_{n}", assistant_id="a", key=key)

    def fire(self, n: int, event: str, key: str | None, claimed: bool) -> object:
        claim = self.claims.get(f"run_{n}") if claimed else None
        return self.runs.fire(f"run_{n}", event, key=key, claim=claim, **payload_for(event))

    def claim(self, worker: str) -> object:
        claim = self.runs.claim(worker, lease=30)
        if claim is not None:
            self.claims[claim.run_id] = claim
        return claim

    def heartbeat(self, n: int) -> object:
        claim = self.claims.get(f"run_{n}")
        return None if claim is None else self.runs.heartbeat(claim)

    def release(self, n: int, counts: bool) -> object:
        claim = self.claims.get(f"run_{n}")
        if claim is not None:
            self.runs.release(claim, counts=counts, delay=5)
        return None

    def cancel(self, n: int, confirm: bool | None) -> object:
        return self.runs.cancel(f"run_{n}", confirm=confirm)

    def metadata(self, n: int, metadata: dict[str, str]) -> object:
        return self.runs.update_metadata(f"run_{n}", metadata)

    def sweep(self) -> object:
        return self.runs.sweep()

    def prune(self) -> object:
        return self.runs.prune(older_than=300)

    def advance(self, seconds: float) -> object:
        self.clock.advance(seconds)
        return None

    def state(self) -> object:
        runs = self.runs.list(limit=10).runs
        for run in runs:
            assert_sound(self.runs, run.id)
        return sorted(
            (
                run.id,
                attrs_without_tenant(self.runs.row(run.id)),
                [(e.seq, e.event, e.at) for e in self.runs.history(run.id)],
            )
            for run in runs
        ), [(e.run_id, e.seq) for e in self.runs.events()]


def attrs_without_tenant(row: Any) -> str:
    return str(row).replace(f"tenant={row.tenant!r}", "")


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
    @given(st.lists(COMMAND, min_size=5, max_size=30))
    def check(commands: list[tuple[Any, ...]]) -> None:
        Stores.examples += 1
        players = [Player(store, f"tenant {Stores.examples}") for store in Stores.all(lambda: folder)]
        for command in commands:
            first, *others = [player.play(*command) for player in players]
            for other in others:
                assert other == first, command
        first, *others = [player.state() for player in players]
        for other in others:
            assert other == first

    try:
        check()
    finally:
        for store in Stores.opened or ():
            store.close()
        Stores.opened = None
        shutil.rmtree(folder)


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
