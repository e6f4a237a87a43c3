"""Databases and journals of earlier versions: brought up to date once, refused when newer, replayed as they were written."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Callable, Generator
from typing import Any, ClassVar

import attrs
import psycopg
import pytest

from runstate.codec import encode
from runstate.errors import RunstateError, SchemaMismatch
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Verb
from runstate.record import Run, keep_rules
from runstate.runs import Runs
from runstate.stores import MemoryStore, Store
from runstate.testing.clock import FakeClock
from runstate.testing.stores import assert_sound
from tests import crash, upgrades
from tests.places import fast_folder
from tests.postgres import shared_server
from tests.test_stores_crash import SEED, assert_clean

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

TARGETS = ("delete", "wal", "postgres")


@pytest.fixture
def places(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Answers a new, empty database each time."""
    if request.param == "postgres":
        return lambda: shared_server().new_database()
    folder, numbers = fast_folder(request), itertools.count()
    return lambda: f"{request.param}:{folder / f'{next(numbers)}.db'}"


# -- T18: schema versions


@pytest.mark.parametrize(
    ("places", "count", "openers"), [("delete", 21, 8), ("wal", 21, 8), ("postgres", 8, 8)], indirect=["places"]
)
def test_openers_that_are_killed_migrate_a_database_once(places: Callable[[], str], count: int, openers: int) -> None:
    tally = upgrades.migrations(places, count, SEED, openers)
    assert_clean(tally, migrations=count, of_version_1=count // 2, killed=count)


@pytest.mark.parametrize("places", TARGETS, indirect=True)
def test_a_newer_schema_is_refused_and_not_damaged(places: Callable[[], str]) -> None:
    place = places()
    upgrades.restore(place)
    with upgrades.scripts(upgrades.NEXT), contextlib.closing(crash.opened(place)) as store:
        before = contents(place)
        assert store.info()["schema"] == 2
    with upgrades.scripts():
        with pytest.raises(SchemaMismatch) as refused:
            crash.opened(place)
        assert (refused.value.seen, refused.value.known) == (2, 1)
    assert contents(place) == before
    with upgrades.scripts(upgrades.NEXT), contextlib.closing(crash.opened(place)) as store:
        for run_id in upgrades.everything(store):
            assert_sound(Runs(store), run_id)


def contents(place: str) -> object:
    """Everything that stands in a database."""
    if not place.startswith("postgresql:"):
        with contextlib.closing(sqlite3.connect(place.partition(":")[2])) as conn:
            return list(conn.iterdump())
    with psycopg.connect(place) as conn:
        tables = [row[0] for row in conn.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'runstate%'")]
        return {table: conn.execute(f"SELECT * FROM {table}".encode()).fetchall() for table in sorted(tables)}


# -- T20: histories written under every schema version


@pytest.mark.parametrize("version", upgrades.VERSIONS)
@pytest.mark.parametrize("places", TARGETS, indirect=True)
def test_histories_of_every_schema_version_fold_to_what_was_stored_then(
    places: Callable[[], str], version: int
) -> None:
    """``runs_v<n>_folds.json`` says what each run was after each change when the fixtures were made."""
    place = places()
    upgrades.restore(place, version=version)
    name = "postgres" if place.startswith("postgresql:") else "sqlite"
    expected = json.loads((upgrades.DATA / f"runs_v{version}_folds.json").read_text(encoding="utf-8"))[name]
    with contextlib.closing(crash.opened(place)) as store:
        runs: Runs[Run] = Runs(store)
        assert {run_id: len(entries) for run_id, entries in upgrades.everything(store).items()} == {
            run_id: len(states) for run_id, states in expected.items()
        }
        for run_id, states in expected.items():
            assert [encode(runs.at(run_id, seq)) for seq in range(1, len(states) + 1)] == states
            assert_sound(runs, run_id)
            assert crash.findings_of(runs, run_id) == []
        assert len(runs.events(limit=1000)) == sum(map(len, expected.values()))


@pytest.mark.parametrize("places", ["postgres"], indirect=True)
def test_a_dump_of_another_cluster_is_read_from_its_beginning_and_then_on(places: Callable[[], str]) -> None:
    """The transaction numbers of the dump are far beyond those of this cluster."""
    place = places()
    upgrades.restore(place, as_of_cluster=10**9)
    with contextlib.closing(crash.opened(place)) as store:
        runs: Runs[Run] = Runs(store)
        old = runs.events(limit=1000)
        assert len(old) == sum(map(len, upgrades.everything(store).values()))
        new = runs.create(thread_id="t", assistant_id="a").id
        assert [entry.run_id for entry in runs.events(after=old[-1].cursor)] == [new]


# -- T20: journals of earlier versions of a lifecycle


def letters(version: str, *, detour: bool) -> Lifecycle:
    """Version 1 knows a status and an event that version 2 has given up, and stamps what version 2 does not."""
    posted = To("post", "posted", Basis.DOCUMENTED)
    rows = [
        Row(None, To("write", "draft", Basis.DOCUMENTED)),
        Row("draft", *([To("check", "checked", Basis.DOCUMENTED)] if detour else [posted])),
        *([Row("checked", posted)] if detour else []),
        Row("posted", To("read", "read", Basis.DOCUMENTED)),
        Row("read"),
    ]
    return Lifecycle(
        name="example.letter",
        version=version,
        initial={"draft"},
        terminal={"read"},
        rows=tuple(rows),
        verbs=(
            Verb("write"),
            Verb("read"),
            *([Verb("check", does=Effects(takes={"by": "by"}))] if detour else []),
            Verb("post", does=Effects(stamps=["posted_at"]) if detour else Effects()),
        ),
        fields={"posted_at": FieldKind.STAMP, "by": FieldKind.VALUE},
    )


@attrs.frozen(kw_only=True)
class Letter:
    __lifecycle__: ClassVar[Lifecycle] = letters("2", detour=False)

    id: str
    status: str
    text: str = ""
    posted_at: int | None = None
    by: str | None = None

    def __attrs_post_init__(self) -> None:
        keep_rules(self)


@attrs.frozen(kw_only=True)
class OldLetter(Letter):
    __lifecycle__: ClassVar[Lifecycle] = letters("1", detour=True)


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Generator[Store, None, None]:
    if request.param == "memory":
        yield MemoryStore()
        return
    place = shared_server().new_database() if request.param == "postgres" else f"delete:{fast_folder(request) / 'r.db'}"
    with contextlib.closing(crash.opened(place)) as store:
        yield store


def written_under_both(store: Store, clock: FakeClock, **options: Any) -> tuple[Runs[Letter], list[Any]]:
    """A letter that was checked and posted under version 1 and read under version 2; and what it was in between."""
    old: Runs[OldLetter] = Runs(store, clock, record=OldLetter)
    seen: list[Any] = [old.create(id="l", text="hello", key="k")]
    payloads: dict[str, dict[str, Any]] = {"check": {"by": "ann"}, "post": {}}
    for event, payload in payloads.items():
        clock.advance(60)
        seen.append(old.fire("l", event, key=event, **payload))
    clock.advance(60)
    new: Runs[Letter] = Runs(store, clock, record=Letter, **options)
    seen.append(new.fire("l", "read", key="read"))
    return new, seen


@pytest.mark.parametrize("stores", ["memory", "delete", "postgres"], indirect=True)
def test_each_change_is_replayed_by_the_version_that_it_was_written_under(stores: Store) -> None:
    clock = FakeClock()
    runs, seen = written_under_both(stores, clock, earlier=[OldLetter])
    assert [entry.version for entry in runs.history("l")] == ["1", "1", "1", "2"]
    assert set(runs.versions) == {"1", "2"}
    posted = runs.at("l", 3)
    assert type(posted) is Letter
    assert attrs.asdict(posted) == attrs.asdict(seen[2])
    assert posted.posted_at is not None  # version 2 stamps nothing
    assert runs.at("l", 4) == runs.get("l") == seen[3]
    assert_sound(runs, "l")
    assert runs.create(id="l", text="hello", key="k") == runs.at("l", 1)  # the first answer to the same key
    frames = b"".join(runs.wire_events(run_id="l")).decode()
    told = [json.loads(line.removeprefix("data: ")) for line in frames.split("\n") if line.startswith("data: ")]
    assert told == [attrs.asdict(each) for each in seen]  # the status that was given up included


@pytest.mark.parametrize("stores", ["memory", "delete", "postgres"], indirect=True)
def test_a_version_that_was_not_given_is_refused_by_name_where_the_present_table_differs(stores: Store) -> None:
    runs, _ = written_under_both(stores, FakeClock())
    assert runs.get("l").by == "ann"  # the row needs no replay
    assert runs.at("l", 1).text == "hello"  # this change both versions know
    with pytest.raises(SchemaMismatch, match="earlier") as refused:
        runs.at("l", 2)
    assert (refused.value.seen, refused.value.known, refused.value.run_id) == ("1", "2", "l")


def test_a_change_that_its_own_version_refuses_is_no_matter_of_versions() -> None:
    store = MemoryStore()
    runs, _ = written_under_both(store, FakeClock(), earlier=[OldLetter])
    entries = store.journals["", "l"]
    store.journals["", "l"] = (entries[0], attrs.evolve(entries[2], seq=2))
    with pytest.raises(RunstateError) as refused:
        runs.at("l", 2)
    assert not isinstance(refused.value, SchemaMismatch)


def test_what_the_store_knows_of_a_version_must_be_what_the_class_says() -> None:
    store = MemoryStore()
    written_under_both(store, FakeClock())

    @attrs.frozen(kw_only=True)
    class Forged(Letter):
        __lifecycle__: ClassVar[Lifecycle] = letters("1", detour=False)

    with pytest.raises(SchemaMismatch):
        Runs(store, record=Letter, earlier=[Forged])
    for wrong in ([Letter], [OldLetter, OldLetter], [Run]):
        with pytest.raises(ValueError, match="versions other than"):
            Runs(store, record=Letter, earlier=wrong)
