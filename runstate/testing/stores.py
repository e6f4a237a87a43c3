"""The tests that every store passes.

Subclass `StoreSuite`, say how the store is opened, and run pytest::

    class TestMyStore(StoreSuite):
        @pytest.fixture
        def opened(self, tmp_path):
            return lambda: MyStore(tmp_path / "runs")      # each call: another handle on the same runs

Each test names one promise.  The suite is itself tested: known faults, each from an incident elsewhere, must turn a
named test red.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Final

import attrs
import pytest

from runstate import engine
from runstate.errors import (
    AlreadyTerminal,
    Conflict,
    DecodeError,
    GuardFailed,
    IdempotencyMismatch,
    IllegalTransition,
    LeaseLost,
    NotFound,
    RunstateError,
    SchemaMismatch,
    StoreError,
    WaitTimeout,
)
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Verb, reached
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.record import FunctionCall, LastError, RequiredAction, Run, ToolCall, ToolOutput, Usage, keep_rules
from runstate.runs import MAX_ATTEMPTS, Roles, Rows, Runs, known_lifecycles
from runstate.stores.base import Edge, Entry, Find, Store, Tx
from runstate.testing.clock import FakeClock

__all__ = ["Parcel", "Stage", "StoreSuite", "assert_sound", "payload_for"]

CALLS: Final = (ToolCall("call_1", FunctionCall("weather", "{}")), ToolCall("call_2", FunctionCall("time", "{}")))
OUTPUTS: Final = (ToolOutput("call_1", "sun"), ToolOutput("call_2", "noon"))


def payload_for(event: str) -> Mapping[str, Any]:
    """Arguments with which an event of a run succeeds wherever it is legal."""
    payloads: Mapping[str, Mapping[str, Any]] = {
        "require_action": {"required_action": RequiredAction.calls(*CALLS)},
        "submit_tool_outputs": {"tool_outputs": OUTPUTS},
        "fail": {"last_error": LastError(code="server_error", message="broken")},
        "complete": {"usage": Usage(prompt_tokens=3, completion_tokens=4)},
    }
    return payloads.get(str(event), {})


def assert_sound(runs: Runs[Any], run_id: str) -> None:
    """The journal is a walk of the table without gaps, no stamp decreases, and the row is its fold."""
    entries = runs.history(run_id)
    row = runs.row(run_id)
    assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
    assert [e.source for e in entries] == [None, *(e.target for e in entries[:-1])]
    for entry in entries:  # a version that the driver was not given is held to the present table
        edge = runs.versions.get(entry.version, runs.lifecycle).transition(entry.source, entry.event)
        assert edge is not None
        assert edge.target == entry.target
    assert [e.at for e in entries] == sorted(e.at for e in entries)
    assert sum(e.ends for e in entries) <= 1
    assert (row.rev, row.status, row.at) == (entries[-1].seq, entries[-1].target, entries[-1].at)
    folded, present = runs.at(run_id, row.rev), runs.get(run_id)
    if hasattr(present, "metadata"):
        present = attrs.evolve(present, metadata=folded.metadata)  # written beside the journal, not by it
    assert folded == present


PARCEL: Final = Lifecycle(
    name="example.parcel",
    initial={"packed"},
    terminal={"delivered", "lost"},
    rows=(
        Row(None, To("pack", "packed", Basis.DOCUMENTED)),
        Row("packed", To("send", "under_way", Basis.DOCUMENTED), To("lose", "lost", Basis.DOCUMENTED)),
        Row("under_way", To("deliver", "delivered", Basis.DOCUMENTED), To("lose", "lost", Basis.DOCUMENTED)),
        Row("delivered"),
        Row("lost"),
    ),
    verbs=(
        Verb("pack", does=Effects(stamps=["packed_at"], deadlines={"lost_at": 3600})),
        Verb("send", does=Effects(takes={"carrier": "carrier"})),
        Verb("deliver", does=Effects(clears=["lost_at"])),
        Verb("lose", does=Effects(clears=["lost_at"]), guards=(reached("lost_at"),)),
    ),
    fields={"packed_at": FieldKind.STAMP, "lost_at": FieldKind.DEADLINE, "carrier": FieldKind.VALUE},
)


@attrs.frozen(kw_only=True)
class Carrier:
    """A part of a host's own record."""

    name: str
    stops: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Parcel:
    """A record that a host might have, with a lifecycle of its own."""

    __lifecycle__: ClassVar[Lifecycle] = PARCEL

    id: str
    status: str
    contents: tuple[str, ...] = ()
    packed_at: int | None = None
    lost_at: int | None = None
    carrier: Carrier | None = None

    def __attrs_post_init__(self) -> None:
        """Hold the record rules of the lifecycle."""
        keep_rules(self)


class Stage:
    """What a test works with: handles on one set of runs, and a clock."""

    def __init__(self, opened: Callable[[], Store]) -> None:
        self._opened = opened
        self._open: list[Store] = []
        self.clock = FakeClock()
        self.store = self.another()

    def another(self) -> Store:
        """A further handle on the same runs, as another process would have."""
        store = self._opened()
        if store not in self._open:
            self._open.append(store)
        return store

    def runs(self, *, store: Store | None = None, **options: Any) -> Runs[Run]:
        """A driver with the stage's clock."""
        return Runs(store or self.store, options.pop("clock", self.clock), **options)

    def close(self) -> None:
        """Close every handle."""
        for store in self._open:
            store.close()


def new(runs: Runs[Run], **fields: Any) -> str:
    """A run, by its id."""
    given: dict[str, Any] = {"thread_id": "thread", "assistant_id": "assistant", **fields}
    return runs.create(**given).id


def unheld(runs: Runs[Run], status: str) -> str:
    """A run in a status, by its id, that no worker holds."""
    run_id = new(runs)
    path = runs.lifecycle.path(None, status)
    assert path is not None
    for edge in path[1:]:
        runs.fire(run_id, edge.event, **payload_for(edge.event))
    return run_id


class Interposed:
    """A store that lets something happen just before the next transaction that writes, or in place of a pause."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.before_write: Callable[[], object] | None = None
        self.instead_of_pause: Callable[[], object] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def pause(self, seconds: float) -> None:
        """See `runstate.stores.base.Store`."""
        if self.instead_of_pause is None:
            self._store.pause(seconds)
        else:
            self.instead_of_pause()

    @contextmanager
    def transaction(self, *, write: bool = True, connection: object = None) -> Generator[Tx, None, None]:
        if write and self.before_write is not None:
            act, self.before_write = self.before_write, None
            act()
        with self._store.transaction(write=write, connection=connection) as tx:
            yield tx


class StoreSuite:
    """The tests.  A subclass gives the fixture `opened`."""

    @pytest.fixture
    def opened(self) -> Callable[[], Store]:
        """Opens a handle; every call another one on the same runs."""
        raise NotImplementedError

    @pytest.fixture
    def stage(self, opened: Callable[[], Store]) -> Generator[Stage, None, None]:
        """The stage of one test."""
        stage = Stage(opened)
        yield stage
        stage.close()

    # -- one run -------------------------------------------------------------------------------------------------------

    def test_creation_is_the_first_entry_of_the_journal(self, stage: Stage) -> None:
        runs = stage.runs(actor="ann")
        run = runs.create(thread_id="t", assistant_id="a", metadata={"k": "v"}, ttl=60)
        (entry,) = runs.history(run.id)
        expected = (1, "create", None, run.status, stage.clock.microseconds, "ann")
        assert (entry.seq, entry.event, entry.source, entry.target, entry.at, entry.actor) == expected
        assert runs.get(run.id) == run
        assert run.expires_at == int(stage.clock.seconds) + 60
        assert_sound(runs, run.id)

    def test_every_transition_of_the_table_is_kept(self, stage: Stage) -> None:
        runs = stage.runs()
        for edge in ASSISTANTS_RUN.transitions:
            if edge.source is None:
                continue
            run_id = unheld(runs, edge.source)
            if edge.event == "expire":
                stage.clock.advance(600)
            try:
                moved = runs.fire(run_id, edge.event, **payload_for(edge.event))
            except GuardFailed:
                continue  # cancelling is reached on a way without start: the table says so
            assert moved.status == edge.target
            assert runs.get(run_id) == moved
            assert_sound(runs, run_id)

    def test_what_the_table_refuses_changes_nothing_and_names_who_was_first(self, stage: Stage) -> None:
        runs = stage.runs()
        for status in ASSISTANTS_RUN.statuses:
            if status == ASSISTANTS_RUN.target("expire"):
                continue
            run_id = unheld(runs, status)
            before = runs.row(run_id)
            for event in ASSISTANTS_RUN.events:
                if ASSISTANTS_RUN.transition(status, event) is not None:
                    continue
                with pytest.raises(IllegalTransition) as refused:
                    runs.fire(run_id, event, **payload_for(event))
                assert refused.value.winner is not None
                assert (refused.value.winner.seq, refused.value.winner.target) == (before.rev, status)
            assert runs.row(run_id) == before

    def test_a_run_that_is_not_there_is_not_found(self, stage: Stage) -> None:
        runs = stage.runs()
        for call in (runs.get, runs.start, runs.cancel, runs.history, runs.row, runs.retry, runs.wait):
            with pytest.raises(NotFound):
                call("nobody")

    def test_an_id_is_given_once(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs, id="run_1")
        with pytest.raises(Conflict) as taken:
            new(runs, id=run_id)
        assert taken.value.winner is not None
        assert taken.value.winner.seq == 1

    def test_text_that_not_every_database_can_store_is_refused(self, stage: Stage) -> None:
        runs = stage.runs()
        for bad in ("a\0b", "\ud800"):
            with pytest.raises(RunstateError):
                new(runs, instructions=bad)
            with pytest.raises(RunstateError):
                new(runs, metadata={"k": bad})
            for name in ("key", "queue", "actor"):
                with pytest.raises(DecodeError):
                    new(runs, **{name: bad})
            with pytest.raises(DecodeError):
                stage.runs(tenant=bad)
            with pytest.raises(DecodeError):
                runs.for_tenant(bad)
        assert runs.list().runs == ()
        run_id = new(runs)
        for bad in ("a\0b", "\ud800"):
            for read in (runs.get, runs.row, runs.history, runs.start, runs.cancel, Rows(stage.store, "x").get):
                with pytest.raises(NotFound):
                    read(bad)
            with pytest.raises(DecodeError):
                runs.start(run_id, key=bad)
            with pytest.raises(DecodeError):
                runs.claim(bad)
            with pytest.raises(DecodeError):
                runs.claim("w", queue=bad)
            with pytest.raises(DecodeError):
                runs.list(thread=bad)
            with pytest.raises(DecodeError):
                runs.acknowledge(bad, "0-1")
            with pytest.raises(DecodeError):
                runs.events(subscriber=bad)
        for number in (5, b"x"):
            with pytest.raises(TypeError):
                new(runs, key=number)
            with pytest.raises(NotFound):
                runs.get(number)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert runs.row(run_id).rev == 1

    def test_numbers_that_make_no_sense_are_refused_before_anything_is_done(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id, ended = new(runs), new(runs)
        runs.cancel(ended)
        nan, endless = float("nan"), float("inf")
        asks: Sequence[Callable[[], object]] = [
            *(partial(runs.claim, "w", lease=bad) for bad in (0, -1, nan, endless)),
            *(partial(runs.prune, older_than=bad) for bad in (-1, nan)),
            *(partial(runs.prune, older_than=0, batch=bad) for bad in (0, -1)),
            *(partial(runs.list, limit=bad) for bad in (-1, -2)),
            *(partial(runs.events, limit=bad) for bad in (0, -1)),
            partial(runs.prune, older_than=0, limit=-1),
            partial(runs.sweep, limit=-1),
            partial(runs.cancel, run_id, timeout=-1),
            partial(runs.wait, run_id, timeout=-1),
            partial(runs.wait, run_id, until="ended"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            partial(runs.claim, ""),
            partial(stage.runs, max_attempts=0),
            partial(new, runs, not_before=nan),
        ]
        for ask in asks:
            with pytest.raises(ValueError, match=r"wanted is|needs the name"):
                ask()
        claim = runs.claim("w")
        assert claim is not None
        assert (claim.run_id, claim.fence) == (run_id, 1)
        with pytest.raises(ValueError, match="wanted is"):
            runs.heartbeat(claim, lease=-1)
        with pytest.raises(ValueError, match="wanted is"):
            runs.release(claim, delay=nan)
        assert runs.get(ended).status == "cancelled"

    def test_metadata_is_written_beside_the_journal(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs, metadata={"a": "1"})
        runs.update_metadata(run_id, {"b": "2"})
        runs.start(run_id)
        assert runs.complete(run_id).metadata == {"b": "2"}
        assert runs.update_metadata(run_id, {"c": "3"}).metadata == {"c": "3"}
        assert runs.at(run_id, 1).metadata == {"a": "1"}
        assert runs.at(run_id, 2).metadata == {"b": "2"}
        assert len(runs.history(run_id)) == 3
        assert_sound(runs, run_id)

    def test_every_state_that_was_can_be_read_again(self, stage: Stage) -> None:
        runs = stage.runs()
        states = [runs.create(thread_id="t", assistant_id="a")]
        run_id = states[0].id
        for event in ("start", "require_action", "submit_tool_outputs", "start", "complete"):
            stage.clock.advance(1.5)
            states.append(runs.fire(run_id, event, **payload_for(event)))
        assert [runs.at(run_id, seq) for seq in range(1, 7)] == states
        for seq in (0, 7):
            with pytest.raises(StoreError):
                runs.at(run_id, seq)

    # -- who was first -------------------------------------------------------------------------------------------------

    def test_a_row_that_was_read_too_early_is_not_put(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        with stage.store.transaction(write=False) as tx:
            stale = tx.get("", run_id)
        assert stale is not None
        runs.update_metadata(run_id, {"changed": "yes"})
        with stage.store.transaction() as tx:
            assert not tx.move(stale, attrs.evolve(stale, queue="elsewhere", edits=stale.edits + 1))
        after = runs.start(run_id)
        entry = attrs.evolve(runs.history(run_id)[-1], event="cancel", target=str(ASSISTANTS_RUN.target("cancel")))
        with stage.store.transaction() as tx:
            assert not tx.move(stale, attrs.evolve(stale, rev=2, status=entry.target), entry)
        assert runs.get(run_id) == attrs.evolve(after)
        assert_sound(runs, run_id)

    def test_a_revision_that_is_over_is_refused_and_the_winner_named(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        runs.start(run_id, rev=1, actor="ann")
        with pytest.raises(Conflict) as beaten:
            runs.cancel(run_id, rev=1)
        assert beaten.value.winner is not None
        assert (beaten.value.winner.seq, beaten.value.winner.event, beaten.value.winner.actor) == (2, "start", "ann")
        assert (beaten.value.expected, beaten.value.seen) == (1, 2)

    def test_of_many_who_end_a_run_one_wins(self, stage: Stage) -> None:
        handles = [stage.runs(store=stage.another(), clock=None, actor=f"worker {n}") for n in range(4)]
        endings = ("complete", "fail", "end_incomplete", "complete")
        for _ in range(5):
            run_id = new(handles[0])
            handles[0].start(run_id)
            outcomes = together(
                [
                    partial(runs.fire, run_id, event, **payload_for(event))
                    for runs, event in zip(handles, endings, strict=True)
                ]
            )
            won = [outcome for outcome in outcomes if isinstance(outcome, Run)]
            assert len(won) == 1
            for loser in outcomes:
                if loser is won[0]:
                    continue
                assert isinstance(loser, AlreadyTerminal)
                assert loser.winner is not None
                assert (loser.winner.seq, loser.winner.target) == (3, won[0].status)
            assert_sound(handles[0], run_id)

    def test_an_ended_run_stays_ended_and_a_retry_is_a_new_one(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs, metadata={"k": "v"}, temperature=0.5)
        with pytest.raises(Conflict):
            runs.retry(run_id)
        runs.fail(run_id, LastError(code="x"))
        ended = runs.get(run_id)
        again = runs.retry(run_id)
        assert again.id != run_id
        assert (again.status, again.metadata, again.temperature) == ("queued", {"k": "v"}, 0.5)
        assert runs.retry_of(again.id) == run_id
        assert runs.get(run_id) == ended
        runs.fail(again.id, LastError(code="x"))
        third = runs.row(runs.retry(again.id).id)
        assert (third.retry_no, third.ready_at) == (2, stage.clock.microseconds + 2_000_000)
        for event in ASSISTANTS_RUN.events:
            with pytest.raises(AlreadyTerminal):
                runs.fire(run_id, event, **payload_for(event))

    # -- all or nothing ------------------------------------------------------------------------------------------------

    def test_row_and_journal_are_written_together_or_not_at_all(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        before, entries, events = runs.row(run_id), runs.history(run_id), runs.events()
        entry = attrs.evolve(entries[0], seq=2, event="start", source=before.status, target="in_progress", payload="{}")
        moved = attrs.evolve(before, rev=2, status="in_progress")

        def half_way() -> None:
            with stage.store.transaction() as tx:
                assert tx.move(before, moved, entry)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            half_way()
        seen = stage.runs(store=stage.another())
        assert (seen.row(run_id), seen.history(run_id), seen.events()) == (before, entries, events)
        runs.start(run_id)
        assert_sound(runs, run_id)

    def test_what_is_acknowledged_is_there_for_others(self, stage: Stage) -> None:
        runs, others = stage.runs(), stage.runs(store=stage.another())
        run_id = new(runs)
        assert others.get(run_id).id == run_id
        runs.start(run_id)
        assert others.row(run_id).rev == 2
        runs.complete(run_id)
        assert [e.seq for e in others.history(run_id)] == [1, 2, 3]

    def test_nobody_is_told_before_others_can_read_it(self, stage: Stage) -> None:
        others = stage.runs(store=stage.another())
        told: list[tuple[int, ...]] = []

        def listen(entry: Entry, record: Run) -> None:
            seen: list[int] = []
            # another thread: a store may let its own thread see what is not committed
            reader = threading.Thread(target=lambda: seen.append(others.row(record.id).rev))
            reader.start()
            reader.join(10)
            told.append((entry.seq, *seen))

        runs = stage.runs(listeners=[listen])
        run_id = new(runs)
        runs.start(run_id)
        with pytest.raises(IllegalTransition):
            runs.start(run_id)
        runs.cancel(run_id)
        assert told == [(1, 1), (2, 2), (3, 4), (4, 4)]

    def test_a_listener_that_fails_undoes_nothing(self, stage: Stage) -> None:
        def listen(_entry: Entry, _record: Run) -> None:
            raise ZeroDivisionError

        runs = stage.runs(listeners=[listen])
        run_id = new(runs)
        assert runs.row(run_id).rev == 1

    def test_the_store_refuses_what_the_table_refuses(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        row, (first,) = runs.row(run_id), runs.history(run_id)
        entry = attrs.evolve(first, seq=2, source=row.status, payload="{}")
        wrong = [
            attrs.evolve(entry, event="complete", target="completed", ends=True),  # no such edge
            attrs.evolve(entry, event="start", target="completed", ends=True),  # the event leads elsewhere
            attrs.evolve(entry, event="start", target="in_progress", ends=True),  # that is no end
            attrs.evolve(
                entry, event="complete", source="in_progress", target="completed", ends=True
            ),  # not from there
            attrs.evolve(entry, event="start", target="in_progress", seq=3),  # a gap
            attrs.evolve(entry, event="start", target="in_progress", version="none"),  # no such version
        ]
        for bad in wrong:
            moved = attrs.evolve(row, rev=bad.seq, status=bad.target)
            with pytest.raises(StoreError), stage.store.transaction() as tx:
                tx.move(row, moved, bad)
        assert runs.row(run_id) == row
        assert runs.history(run_id) == (first,)

    def test_a_lifecycle_that_changed_without_a_new_version_is_refused(self, stage: Stage) -> None:
        stage.runs()
        rows = [
            row if row.source != "cancelling" else Row(row.source, *row.transitions[:-1]) for row in ASSISTANTS_RUN.rows
        ]
        changed = attrs.evolve(ASSISTANTS_RUN, rows=tuple(rows))
        with pytest.raises(SchemaMismatch):
            stage.store.register(changed)

    def test_admitted_changes_can_be_journalled_and_no_others(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        row, (first,) = runs.row(run_id), runs.history(run_id)
        edge = Edge(row.lifecycle, "2->3", "move", row.status, row.status, 0)
        entry = attrs.evolve(first, seq=2, version="2->3", event="move", source=row.status, payload="{}")
        moved = attrs.evolve(row, rev=2, version="3")
        with pytest.raises(StoreError), stage.store.transaction() as tx:
            tx.move(row, moved, entry)
        stage.store.admit([])
        stage.store.admit([edge])
        stage.another().admit([edge])
        with pytest.raises(SchemaMismatch):
            stage.another().admit([edge, edge._replace(source="cancelling")])
        with stage.store.transaction() as tx:
            assert tx.move(row, moved, entry)
        again = attrs.evolve(entry, seq=3, event="other")
        with pytest.raises(StoreError), stage.store.transaction() as tx:
            tx.move(moved, attrs.evolve(moved, rev=3), again)
        assert runs.row(run_id) == moved

    def test_runs_are_found_by_the_version_of_their_last_change(self, stage: Stage) -> None:
        runs = stage.runs()
        ids = [new(runs) for _ in range(3)]
        row = runs.row(ids[1])
        with stage.store.transaction() as tx:
            assert tx.move(row, attrs.evolve(row, version="3", edits=row.edits + 1))
        found = Find(tenant=row.tenant, lifecycle=row.lifecycle, order="oldest")
        with stage.store.transaction(write=False) as tx:
            for version, wanted in ((row.version, {ids[0], ids[2]}), ("3", {ids[1]}), ("4", set[str]())):
                assert {one.id for one in tx.find(attrs.evolve(found, version=version))} == wanted

    # -- the same request again ----------------------------------------------------------------------------------------

    def test_the_same_key_is_applied_once_and_answered_the_same(self, stage: Stage) -> None:
        runs = stage.runs()
        created = runs.create(thread_id="t", assistant_id="a", key="k")
        run_id = created.id
        started = runs.start(run_id, key="k1")
        waiting = runs.require_action(run_id, CALLS, key="k2")
        submitted = runs.submit_tool_outputs(run_id, OUTPUTS, key="k3")
        cancelled = runs.cancel(run_id, key="k4")
        stage.clock.advance(1000)
        runs.update_metadata(run_id, {"later": "yes"})
        assert runs.create(thread_id="t", assistant_id="a", key="k") == created
        assert runs.start(run_id, key="k1") == started
        assert runs.require_action(run_id, CALLS, key="k2") == waiting
        assert runs.submit_tool_outputs(run_id, OUTPUTS, key="k3") == submitted
        assert runs.cancel(run_id, key="k4") == cancelled
        assert len(runs.history(run_id)) == 6

    def test_the_same_key_for_another_request_is_refused(self, stage: Stage) -> None:
        runs = stage.runs()
        run = runs.create(thread_id="t", assistant_id="a", key="k")
        with pytest.raises(IdempotencyMismatch) as refused:
            runs.create(thread_id="other", assistant_id="a", key="k")
        assert refused.value.key == "k"
        runs.start(run.id, key="s")
        for act in (
            lambda: runs.complete(run.id, key="s"),
            lambda: runs.cancel(run.id, key="s"),
        ):
            with pytest.raises(IdempotencyMismatch):
                act()
        runs.complete(run.id, key="c", usage=Usage(1, 2))
        with pytest.raises(IdempotencyMismatch):
            runs.complete(run.id, key="c", usage=Usage(1, 3))
        assert len(runs.list().runs) == 1
        assert len(runs.history(run.id)) == 3

    def test_the_same_key_at_the_same_time_is_applied_once(self, stage: Stage) -> None:
        handles = [stage.runs(store=stage.another(), clock=None) for _ in range(4)]
        made = together([lambda h=h: h.create(thread_id="t", assistant_id="a", key="k") for h in handles])  # type: ignore[misc]
        assert len({run.id for run in made}) == 1
        run_id = made[0].id
        started = together([lambda h=h: h.start(run_id, key="s") for h in handles])  # type: ignore[misc]
        assert all(run == started[0] for run in started)
        assert handles[0].row(run_id).rev == 2

    # -- claims --------------------------------------------------------------------------------------------------------

    def test_a_claim_starts_what_is_ready(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        claim = runs.claim("w1", lease=30)
        assert claim is not None
        assert (claim.run_id, claim.fence, claim.attempt, claim.run.status) == (run_id, 1, 1, "in_progress")
        assert claim.lease_until == stage.clock.microseconds + 30_000_000
        assert runs.claim("w2") is None
        entry = runs.history(run_id)[-1]
        assert (entry.event, entry.actor) == ("start", "w1")
        assert runs.complete(run_id, claim=claim).status == "completed"
        assert runs.row(run_id).owner is None
        assert_sound(runs, run_id)

    def test_a_claim_takes_what_lost_its_worker(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        first = runs.claim("w1", lease=30)
        before = runs.row(run_id)
        stage.clock.advance(30)
        second = runs.claim("w2", lease=30)
        assert first is not None
        assert second is not None
        assert (second.fence, second.attempt, second.rev) == (2, 2, first.rev)
        after = runs.row(run_id)
        assert (after.status, after.rev, after.at, after.body) == (before.status, before.rev, before.at, before.body)
        assert len(runs.history(run_id)) == 2

    def test_a_worker_whose_claim_is_over_changes_nothing(self, stage: Stage) -> None:
        runs = stage.runs(max_attempts=None)
        run_id = new(runs)
        stale = runs.claim("w", lease=30)
        assert stale is not None
        stage.clock.advance(31)
        live = runs.claim("w", lease=30)  # the same name: only the token tells them apart
        assert live is not None
        before = runs.row(run_id)
        acts: Sequence[Callable[[], object]] = (
            lambda: runs.complete(run_id, claim=stale),
            lambda: runs.require_action(run_id, CALLS, claim=stale),
            lambda: runs.fail(run_id, LastError(code="x"), claim=stale),
            lambda: runs.heartbeat(stale),
            lambda: runs.release(stale),
        )
        for act in acts:
            with pytest.raises(LeaseLost) as lost:
                act()
            assert (lost.value.fence, lost.value.seen_fence) == (1, 2)
            assert runs.row(run_id) == before
        with stage.store.transaction() as tx:
            row = tx.get("", run_id, lock=True)
            assert row is not None
            older = attrs.evolve(row, fence=stale.fence)
            assert not tx.move(older, attrs.evolve(row, edits=row.edits + 1), held_at=stage.clock.microseconds)
        assert runs.complete(run_id, claim=live).status == "completed"

    def test_a_lease_that_has_ended_is_not_prolonged(self, stage: Stage) -> None:
        runs = stage.runs()
        new(runs)
        claim = runs.claim("w1", lease=30)
        assert claim is not None
        stage.clock.advance(29)
        claim = runs.heartbeat(claim, lease=30)
        stage.clock.advance(29)
        claim = runs.heartbeat(claim, lease=30)
        stage.clock.advance(30)
        before = runs.row(claim.run_id)
        with pytest.raises(LeaseLost):
            runs.heartbeat(claim)
        with pytest.raises(LeaseLost):
            runs.complete(claim.run_id, claim=claim)
        with stage.store.transaction() as tx:
            row = tx.get("", claim.run_id, lock=True)
            assert row is not None
            assert not tx.move(row, attrs.evolve(row, edits=row.edits + 1), held_at=stage.clock.microseconds)
        assert runs.row(claim.run_id) == before

    def test_a_claim_that_is_given_back_is_no_attempt(self, stage: Stage) -> None:
        runs = stage.runs(max_attempts=2)
        run_id = new(runs)
        for _ in range(4):
            claim = runs.claim("w")
            assert claim is not None
            runs.release(claim)
        assert runs.row(run_id).attempt == 0
        claim = runs.claim("w")
        assert claim is not None
        runs.release(claim, counts=True, delay=10)
        assert runs.claim("w") is None
        stage.clock.advance(10)
        claim = runs.claim("w")
        assert claim is not None
        assert (claim.attempt, claim.fence) == (2, 6)

    def test_attempts_are_bounded(self, stage: Stage) -> None:
        runs = stage.runs(max_attempts=3)
        run_id = new(runs)
        for attempt in (1, 2, 3):
            claim = runs.claim("w", lease=10)
            assert claim is not None
            assert claim.attempt == attempt
            stage.clock.advance(11)
        assert runs.claim("w") is None
        assert runs.sweep().failed == (run_id,)
        run = runs.get(run_id)
        assert run.last_error is not None
        assert run.last_error.code == MAX_ATTEMPTS
        assert len(runs.sweep()) == 0
        assert_sound(runs, run_id)

    def test_claims_take_what_they_are_told_and_who_waited_longest(self, stage: Stage) -> None:
        runs = stage.runs()
        ids: list[str] = []
        for queue, assistant in (("q1", "a1"), ("q2", "a1"), ("q1", "a2"), ("q1", "a1")):
            ids.append(new(runs, queue=queue, assistant_id=assistant))
            stage.clock.advance(1)
        later = new(runs, not_before=stage.clock.seconds + 100)
        filters: Sequence[Mapping[str, str]] = (
            {"queue": "q2"},
            {"assistant": "a2"},
            {},
            {"queue": "q1", "assistant": "a1"},
        )
        taken = [runs.claim("w", lease=3600, **some) for some in filters]
        assert [claim.run_id for claim in taken if claim] == [ids[1], ids[2], ids[0], ids[3]]
        assert runs.claim("w") is None
        stage.clock.advance(100)
        claim = runs.claim("w")
        assert claim is not None
        assert claim.run_id == later
        assert claim.run.expires_at == int(stage.clock.seconds) + 600  # the time to live began with the time to begin

    def test_no_run_has_two_live_claims(self, stage: Stage) -> None:
        handles = [stage.runs(store=stage.another(), clock=None) for _ in range(3)]
        ids = {new(handles[0]) for _ in range(12)}
        taken: list[list[str]] = [[], [], []]

        def drain(n: int) -> None:
            while (claim := handles[n].claim(f"w{n}")) is not None:
                taken[n].append(claim.run_id)

        together([lambda n=n: drain(n) for n in range(3)])  # type: ignore[misc]
        together_taken = [run_id for some in taken for run_id in some]
        assert len(together_taken) == len(ids)
        assert set(together_taken) == ids

    def test_tool_outputs_bring_a_run_back_with_fresh_attempts(self, stage: Stage) -> None:
        runs = stage.runs(max_attempts=1)
        run_id = new(runs)
        claim = runs.claim("w")
        assert claim is not None
        runs.require_action(run_id, CALLS, claim=claim)
        with pytest.raises(LeaseLost):
            runs.heartbeat(claim)
        assert runs.claim("w") is None
        runs.submit_tool_outputs(run_id, OUTPUTS)
        again = runs.claim("w")
        assert again is not None
        assert (again.attempt, again.fence) == (1, 2)

    # -- cancellation --------------------------------------------------------------------------------------------------

    def test_cancel_says_what_became_of_it(self, stage: Stage) -> None:
        runs = stage.runs()
        for status in ASSISTANTS_RUN.statuses:
            if status == ASSISTANTS_RUN.target("expire"):
                continue
            run_id = unheld(runs, status)
            said = runs.cancel(run_id)
            if ASSISTANTS_RUN.transition(status, "cancel") is not None:
                assert (said.outcome, said.status, said.accepted) == ("accepted", "cancelled", True)
                assert [e.event for e in runs.history(run_id)][-2:] == ["cancel", "confirm_cancel"]
            else:
                assert (said.outcome, said.status, said.accepted) == ("already", status, False)
            assert said.run == runs.get(run_id)

    def test_the_holder_confirms_a_cancellation(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        claim = runs.claim("w")
        assert claim is not None
        said = runs.cancel(run_id, actor="bob", timeout=100)
        assert (said.outcome, said.status) == ("accepted", "cancelling")
        row = runs.row(run_id)
        assert (row.cancel_by, row.cancel_at) == ("bob", stage.clock.microseconds + 100_000_000)
        claim = runs.heartbeat(claim)
        assert claim.cancelling
        assert runs.confirm_cancel(run_id, claim=claim).status == "cancelled"
        assert_sound(runs, run_id)

    def test_a_sweep_ends_a_cancellation_that_nobody_confirms(self, stage: Stage) -> None:
        runs = stage.runs()
        leaseless = new(runs)
        assert runs.cancel(leaseless, confirm=False).status == "cancelling"
        assert runs.sweep().cancelled == (leaseless,)
        dead = new(runs)
        runs.claim("w", lease=30)
        runs.cancel(dead, timeout=1000)
        assert len(runs.sweep()) == 0
        stage.clock.advance(30)
        assert runs.sweep().cancelled == (dead,)
        deaf = new(runs)
        claim = runs.claim("w", lease=30)
        assert claim is not None
        runs.cancel(deaf, timeout=40)
        for _ in range(2):
            stage.clock.advance(20)
            claim = runs.heartbeat(claim, lease=30)
        assert runs.sweep().cancelled == (deaf,)
        for run_id in (leaseless, dead, deaf):
            assert runs.get(run_id).status == "cancelled"
            assert_sound(runs, run_id)

    # -- sweep and prune -----------------------------------------------------------------------------------------------

    def test_a_sweep_ends_what_is_expired(self, stage: Stage) -> None:
        runs = stage.runs()
        ids = [unheld(runs, status) for status in ("queued", "in_progress", "requires_action")]
        held = new(runs)
        assert len(runs.sweep()) == 0
        stage.clock.advance(599)
        claim = runs.claim("w", lease=300)
        assert claim is not None
        stage.clock.advance(1)
        # a live lease does not stop the time to live
        assert sorted(runs.sweep().expired) == sorted([*ids, held])
        with pytest.raises((LeaseLost, AlreadyTerminal)):
            runs.complete(claim.run_id, claim=claim)
        for run_id in (*ids, held):
            assert_sound(runs, run_id)

    def test_a_sweep_frees_what_lost_its_lease(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        runs.claim("w", lease=30)
        stage.clock.advance(30)
        assert runs.sweep().freed == (run_id,)
        row = runs.row(run_id)
        assert (row.owner, row.lease_until, row.status, row.rev) == (None, None, "in_progress", 2)
        assert len(runs.sweep()) == 0
        claim = runs.claim("w2")
        assert claim is not None
        assert (claim.fence, claim.attempt) == (2, 2)

    def test_a_sweep_goes_by_what_is_there_and_not_by_its_list(self, stage: Stage) -> None:
        other = stage.runs(store=stage.another())
        between = Interposed(stage.store)
        interposed: Any = between
        runs = stage.runs(store=interposed)
        lapsed = new(runs)
        assert runs.claim("w", lease=30) is not None
        stage.clock.advance(30)
        between.before_write = lambda: other.claim("w2", lease=60)
        runs.sweep()
        assert runs.row(lapsed).owner == "w2"
        assert runs.row(lapsed).fence == 2
        stage.clock.advance(600)
        other.sweep()
        due = new(runs)
        stage.clock.advance(600)
        between.before_write = lambda: other.cancel(due)
        assert len(runs.sweep()) == 0
        assert runs.get(due).status == "cancelled"
        for run_id in (lapsed, due):
            assert_sound(runs, run_id)

    def test_many_sweeps_at_once_do_everything_once(self, stage: Stage) -> None:
        handles = [stage.runs(store=stage.another()) for _ in range(3)]
        ids = {new(handles[0]) for _ in range(9)}
        stage.clock.advance(600)
        swept = together([handle.sweep for handle in handles])
        expired = [run_id for some in swept for run_id in some.expired]
        assert sorted(expired) == sorted(ids)

    def test_one_run_that_cannot_be_swept_does_not_keep_the_others(self, stage: Stage) -> None:
        runs = stage.runs()
        broken, whole = new(runs), new(runs)
        with stage.store.transaction() as tx:
            row = tx.get("", broken, lock=True)
            assert row is not None
            assert tx.move(row, attrs.evolve(row, body="{}", edits=row.edits + 1, wake_at=0))
        stage.clock.advance(600)
        swept = runs.sweep()
        assert swept.expired == (whole,)
        assert tuple(swept.faults) == (broken,)

    def test_prune_removes_what_ended_long_ago_and_nothing_else(self, stage: Stage) -> None:
        runs = stage.runs()
        live, old = new(runs, ttl=10_000), new(runs, key="k")
        runs.cancel(old)
        stage.clock.advance(1000)
        young = new(runs)
        runs.cancel(young)
        stage.clock.advance(500)
        assert runs.prune(older_than=1000, dry_run=True).run_ids == (old,)
        assert runs.get(old).id == old
        assert runs.prune(older_than=1000).run_ids == (old,)
        with pytest.raises(NotFound):
            runs.get(old)
        assert runs.prune(older_than=1000).run_ids == ()
        assert {entry.run_id for entry in runs.events()} == {live, young}
        assert new(runs, key="k") != old
        many = [new(runs) for _ in range(5)]
        for run_id in many:
            runs.cancel(run_id)
        stage.clock.advance(2000)
        assert len(runs.prune(older_than=1000, batch=2, limit=3).run_ids) == 3

    # -- lists and the outbox ------------------------------------------------------------------------------------------

    def test_lists_turn_pages_without_loss(self, stage: Stage) -> None:
        runs = stage.runs()
        ids: list[str] = []
        for n in range(7):
            stage.clock.advance(n % 3)  # some at the same time
            ids.append(new(runs, thread_id=f"t{n % 2}"))
        runs.start(ids[0])
        for order in ("newest", "oldest"):
            seen: list[str] = []
            after: str | None = None
            while True:
                page = runs.list(limit=2, after=after, order=order)
                seen += [run.id for run in page.runs]
                stage.clock.advance(1)
                new(runs, thread_id="meanwhile")
                if (after := page.after) is None or len(seen) > 20:
                    break
            wanted = [run_id for run_id in seen if run_id in ids]
            assert len(wanted) == len(set(wanted))
            assert sorted(wanted) == sorted(ids)
        assert {run.id for run in runs.list(thread="t1").runs} == {ids[1], ids[3], ids[5]}
        assert [run.id for run in runs.list(status="in_progress").runs] == [ids[0]]
        assert runs.list(status=()).runs == ()
        with pytest.raises(StoreError):
            runs.list(after="!")

    def test_what_waits_is_counted_by_queue_and_status(self, stage: Stage) -> None:
        runs, others = stage.runs(), stage.runs(tenant="other")
        assert runs.depth() == {}
        for queue in ("fast", "fast", "slow"):
            new(runs, queue=queue)
        new(others, queue="fast")
        runs.cancel(new(runs))  # has ended
        waiting = new(runs)
        runs.start(waiting)
        runs.require_action(waiting, CALLS)  # no claim takes it, but its deadline will come
        assert runs.claim("w", queue="slow") is not None
        assert runs.depth() == {("fast", "queued"): 2, ("slow", "in_progress"): 1, ("default", "requires_action"): 1}
        assert others.depth() == {("fast", "queued"): 1}

    def test_the_outbox_tells_every_change_in_order(self, stage: Stage) -> None:
        runs = stage.runs()
        first, second = new(runs), new(runs)
        runs.start(second)
        runs.start(first)
        told = [(e.run_id, e.seq) for e in runs.events()]
        assert told == [(first, 1), (second, 1), (second, 2), (first, 2)]
        assert [(e.run_id, e.seq) for e in runs.events(after=runs.events()[1].cursor)] == told[2:]
        assert [(e.run_id, e.seq) for e in runs.events(limit=3)] == told[:3]
        assert len(runs.events(subscriber="s")) == 4
        runs.acknowledge("s", runs.events()[2].cursor)
        assert [(e.run_id, e.seq) for e in runs.events(subscriber="s")] == told[3:]
        assert len(runs.events(subscriber="other")) == 4
        for bad in ("nonsense", "0-\u0661", f"0-{2**63}", "1-"):  # a client may send anything as Last-Event-ID
            with pytest.raises(StoreError):
                runs.events(after=bad)
            with pytest.raises(StoreError):
                runs.acknowledge("s", bad)

    def test_subscribers_of_two_lifecycles_pass_nothing_by(self, stage: Stage) -> None:
        runs, parcels = stage.runs(), Runs(stage.store, stage.clock, record=Parcel, roles=Roles())
        parcels.create()
        new(runs)
        assert len(parcels.events(subscriber="mailer")) == 1
        runs.acknowledge("mailer", runs.events(subscriber="mailer")[-1].cursor)
        assert runs.events(subscriber="mailer") == ()
        assert len(parcels.events(subscriber="mailer")) == 1

    def test_the_outbox_passes_nothing_by_that_is_committed_later(self, stage: Stage) -> None:
        handles = [stage.runs(store=stage.another(), clock=None) for _ in range(3)]
        reader = stage.runs(store=stage.another(), clock=None)
        seen: list[str] = []
        over = threading.Event()

        def read() -> None:
            cursor = ""
            while True:
                last = over.is_set()
                for entry in reader.events(after=cursor, limit=3):
                    seen.append(entry.run_id)
                    cursor = entry.cursor
                if last and not reader.events(after=cursor, limit=1):
                    return

        thread = threading.Thread(target=read)
        thread.start()
        made = together([lambda h=h: [new(h) for _ in range(10)] for h in handles])  # type: ignore[misc]
        over.set()
        thread.join(60)
        assert sorted(seen) == sorted(run_id for some in made for run_id in some)

    def test_the_outbox_can_be_sent_as_server_sent_events(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        runs.start(run_id)
        told = list(runs.wire_events())
        names = [event.split(b"\n")[0] for event in told]
        assert names == [b"event: thread.run.created", b"event: thread.run.queued", b"event: thread.run.in_progress"]
        cursors = [e.cursor.encode() for e in runs.events()]
        assert b"\nid: " not in told[0]
        assert b"id: " + cursors[0] in told[1]
        assert b"id: " + cursors[1] in told[2]
        assert list(runs.wire_events(after=runs.events()[0].cursor)) == told[2:]
        runs.complete(run_id)
        assert list(runs.wire_events())[:3] == told  # what was sent once is sent the same again

    def test_what_is_stored_is_read_without_its_record_class(self, stage: Stage) -> None:
        ann, parcels = stage.runs(tenant="ann"), Runs(stage.store, stage.clock, record=Parcel, tenant="ann")
        ids = [new(ann, thread_id=f"t{n % 2}") for n in range(5)]
        ann.start(ids[0])
        parcel = parcels.create(id="p")
        new(ann.for_tenant("bob"))
        known = known_lifecycles(stage.another())
        assert {name: one.statuses for name, one in known.items()} == {
            lifecycle.name: frozenset(map(str, lifecycle.statuses)) for lifecycle in (ASSISTANTS_RUN, PARCEL)
        }
        assert known[PARCEL.name].versions == (PARCEL.version,)
        rows, others = (Rows(stage.store, one, tenant="ann") for one in (ASSISTANTS_RUN.name, PARCEL.name))
        assert rows.counts() == {"queued": 4, "in_progress": 1}
        assert others.counts() == {"packed": 1}
        assert Rows(stage.store, PARCEL.name).counts() == {}
        page = rows.list(limit=3)
        assert [row.id for row in (*page.runs, *rows.list(after=page.after).runs)] == [r.id for r in ann.list().runs]
        assert {row.id for row in rows.list(thread="t1", status="queued").runs} == {ids[1], ids[3]}
        assert rows.get(ids[0]) == ann.row(ids[0])
        assert rows.history(ids[0]) == ann.history(ids[0])
        row, entries, _ = rows.snapshot(ids[0])
        assert (row, entries) == (ann.row(ids[0]), ann.history(ids[0]))
        assert [e.seq for e in rows.history(ids[0], after=1)] == [2]
        for call in (rows.get, rows.history, rows.snapshot):
            with pytest.raises(NotFound):
                call(parcel.id)

    def test_changes_are_followed_as_they_are_committed(self, stage: Stage) -> None:
        runs, parcels = stage.runs(), Runs(stage.store, stage.clock, record=Parcel)
        run_id, other = new(runs), new(runs)
        store: Any = Interposed(stage.another())
        store.instead_of_pause = lambda: runs.start(other)
        rows = Rows(store, ASSISTANTS_RUN.name)
        first = runs.events()[0].cursor
        everything, beyond, one = rows.follow(), rows.follow(after=first), rows.follow(run_id)
        assert (next(one).event, next(beyond).run_id) == ("create", other)
        assert next(everything).event == "start"  # what was there before is not told
        parcels.create()
        runs.start(run_id)
        runs.complete(run_id)
        for told in (beyond, everything):
            assert [next(told).run_id for _ in range(2)][-1] == run_id
        assert [entry.event for entry in one] == ["start", "complete"]  # and that is the end of it
        assert [entry.seq for entry in rows.follow(run_id, after=first)] == [2, 3]
        with pytest.raises(NotFound):
            next(rows.follow("nobody"))
        with pytest.raises(StoreError):
            next(rows.follow(after="nonsense"))

    def test_wait_answers_when_it_is_there(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs)
        with pytest.raises(WaitTimeout):
            runs.wait(run_id, timeout=0.01)
        runs.start(run_id)
        runs.require_action(run_id, CALLS)
        assert runs.wait(run_id, until="stop", timeout=5).status == "requires_action"
        runs.cancel(run_id)
        assert runs.wait(run_id, timeout=5).status == "cancelled"

    # -- tenants, threads, other records -------------------------------------------------------------------------------

    def test_no_tenant_sees_or_moves_what_is_anothers(self, stage: Stage) -> None:
        ann = stage.runs(tenant="ann")
        bob = ann.for_tenant("bob")
        run_id = new(ann, key="k", thread_id="t")
        claimed = new(ann)
        claim = ann.claim("w")
        assert claim is not None
        before = ann.row(run_id), ann.row(claimed)
        calls: Sequence[Callable[[], object]] = (
            lambda: bob.get(run_id),
            lambda: bob.row(run_id),
            lambda: bob.history(run_id),
            lambda: bob.at(run_id, 1),
            lambda: bob.start(run_id),
            lambda: bob.cancel(run_id),
            lambda: bob.complete(run_id, claim=claim),
            lambda: bob.update_metadata(run_id, {}),
            lambda: bob.retry(run_id),
            lambda: bob.retry_of(run_id),
            lambda: bob.wait(run_id, timeout=0),
        )
        for call in calls:
            with pytest.raises(NotFound):
                call()
        for call in (lambda: bob.heartbeat(claim), lambda: bob.release(claim)):
            with pytest.raises(LeaseLost):
                call()
        assert bob.list().runs == ()
        assert bob.events() == ()
        rows = Rows(stage.store, ann.lifecycle.name, tenant="bob")
        assert (rows.list().runs, rows.counts(), rows.events()) == ((), {}, ())
        with stage.store.transaction(write=False) as tx:
            assert tx.latest("bob") == ""
        assert bob.claim("w") is None
        stage.clock.advance(10_000)
        assert len(bob.sweep()) == 0
        assert bob.prune(older_than=0).run_ids == ()
        bob.acknowledge("s", ann.events()[-1].cursor)
        assert len(ann.events(subscriber="s")) == 3
        assert new(bob, key="k") != run_id
        assert new(bob, id=run_id) == run_id  # each tenant has its own ids
        assert (ann.row(run_id), ann.row(claimed)) == before

    def test_a_thread_has_one_live_run_where_that_is_wanted(self, stage: Stage) -> None:
        runs = stage.runs(one_per_thread=True)
        first = new(runs, thread_id="t")
        new(runs, thread_id="u")
        with pytest.raises(Conflict) as taken:
            new(runs, thread_id="t")
        assert taken.value.run_id == first
        assert taken.value.winner is not None
        runs.cancel(first)
        assert new(runs, thread_id="t") != first
        made = together([lambda: new(runs, thread_id="race")] * 4)
        assert sum(isinstance(outcome, str) for outcome in made) == 1

    def test_a_hosts_own_record_is_kept_with_the_same_promises(self, stage: Stage) -> None:
        parcels = Runs(stage.store, stage.clock, record=Parcel, roles=Roles())
        runs = stage.runs()
        run_id = new(runs)
        parcel = parcels.create(contents=("book", "pen"), ttl=100)
        sent = parcels.fire(parcel.id, "send", carrier=Carrier(name="post", stops=("a", "b")))
        assert parcels.get(parcel.id) == sent
        assert sent.carrier == Carrier(name="post", stops=("a", "b"))
        with pytest.raises(IllegalTransition):
            parcels.fire(parcel.id, "send", carrier=Carrier(name="x"))
        with pytest.raises(NotFound):
            parcels.get(run_id)
        with pytest.raises(NotFound):
            runs.get(parcel.id)
        assert [e.event for e in parcels.events()] == ["pack", "send"]
        assert parcels.claim("w") is None
        stage.clock.advance(100)
        assert parcels.sweep().expired == (parcel.id,)
        assert parcels.get(parcel.id).status == "lost"
        assert runs.get(run_id).status == "queued"
        assert_sound(parcels, parcel.id)

    # -- clocks --------------------------------------------------------------------------------------------------------

    def test_stamps_do_not_decrease_whatever_the_clock_does(self, stage: Stage) -> None:
        runs = stage.runs()
        year = 365 * 86400
        run_id = new(runs, ttl=3 * year)
        for step, event in ((-year, "start"), (year, "require_action"), (-year, "submit_tool_outputs"), (1, "start")):
            stage.clock.advance(step)
            runs.fire(run_id, event, **payload_for(event))
        assert_sound(runs, run_id)

    def test_the_clock_is_read_when_it_is_asked(self, stage: Stage) -> None:
        with stage.store.transaction() as tx:
            first = tx.now()
            threading.Event().wait(0.01)
            assert tx.now() > first

    def test_due_is_what_the_engine_says(self, stage: Stage) -> None:
        runs = stage.runs()
        run_id = new(runs, ttl=10)
        with stage.store.transaction(write=False) as tx:
            rows = tx.find(Find(tenant="", lifecycle=ASSISTANTS_RUN.name, wake_by=stage.clock.microseconds + 10**7))
        assert [row.id for row in rows] == [run_id]
        assert engine.due(runs.get(run_id), stage.clock.seconds + 10) == ("expire",)

    def test_a_run_that_has_ended_waits_for_nothing(self, stage: Stage) -> None:
        """A prune rests on it."""
        runs = stage.runs()
        for status in runs.lifecycle.statuses:
            runs.create(id=f"run_{status}", thread_id="t", assistant_id="a")
            for edge in (runs.lifecycle.path(None, status) or ())[1:]:
                stage.clock.advance(600 if edge.event == "expire" else 0)
                runs.fire(f"run_{status}", edge.event, **payload_for(edge.event))
        with stage.store.transaction(write=False) as tx:
            everyone = tx.find(Find(tenant="", lifecycle=runs.lifecycle.name))
            settled = tx.find(Find(tenant="", lifecycle=runs.lifecycle.name, settled=True))
        assert {row.id for row in settled} == {
            row.id for row in everyone if row.ready_at is None and row.wake_at is None
        }
        assert {row.status for row in settled} >= runs.lifecycle.terminal


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all at the same time, each in a thread; the answers, an error of runstate being one, in the same order."""
    ready = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)
    wrong: list[BaseException] = []

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            ready.wait(30)
            answers[place] = act()
        except RunstateError as error:
            answers[place] = error
        except BaseException as error:  # noqa: BLE001 - it is raised below, in the test's own thread
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for error in wrong:
        raise error
    return answers
