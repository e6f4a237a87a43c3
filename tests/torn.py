"""Torn and flipped files of a live SQLite database.  See `tests.disasters`."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from runstate.errors import RunstateError
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Store
from runstate.stores.base import Entry, Row
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import assert_sound
from tests.crash import Tally, findings_of
from tests.disasters import Writer


@attrs.frozen
class Snapshot:
    """The files of a database as they were at one moment of its use, and what had been committed by then."""

    name: str
    files: Mapping[str, bytes]
    """By what is appended to the path of the database."""
    damaged: str
    """Which of them is to be damaged."""
    entries: Sequence[Entry]
    states: Sequence[frozenset[Row]]
    """All rows as they were after so many entries."""
    touched: bool | None
    """Of a rollback journal: whether the database itself was touched, so that only an undamaged journal brings it back;
    where it was not, nothing at all may be missing.  None of a WAL."""


class _UnevenStore(SqliteStore):
    """Nothing is moved from the WAL to the database but on demand; a transaction spills soon where it shall."""

    spills = False

    def _connect(self) -> sqlite3.Connection:
        conn = super()._connect()
        conn.execute("PRAGMA wal_autocheckpoint = 0").close()
        if self.spills:
            conn.execute("PRAGMA cache_size = 1").close()
        return conn


class _Told(Writer):
    """A writer that remembers what the database held after each change, and has the judge look at the whole."""

    def __init__(self, store: Store, seed: int) -> None:
        super().__init__(store, random.Random(seed), f"{seed}")
        self.states: list[frozenset[Row]] = [frozenset()]

    def write(self, count: int) -> None:
        for _ in range(count):
            request = self.request()
            self.done(request, request.act())
            self.states.append(_rows(self.runs))

    def copied(self, path: Path, name: str, damaged: str, *, touched: bool | None = None) -> Snapshot:
        """The files as they are now."""
        entries = self.runs.events(limit=1000)
        for run_id in {entry.run_id for entry in entries}:
            assert_sound(self.runs, run_id)
            assert not findings_of(self.runs, run_id)
        files = {end: path.with_name(path.name + end).read_bytes() for end in ("", damaged)}
        return Snapshot(name, files, damaged, entries, self.states, touched)


def _rows(runs: Runs[Run]) -> frozenset[Row]:
    return frozenset(runs.row(run.id) for run in runs.list(limit=1000).runs)


def snapshots_of_wal(folder: Path, seed: int) -> list[Snapshot]:
    """A WAL that holds everything; one after a checkpoint; one that was begun anew over older frames."""
    path = folder / f"wal-{seed}.db"
    found: list[Snapshot] = []
    with _UnevenStore(path, journal_mode="wal") as store:
        writer = _Told(store, seed)
        for name, mode in (("all in the WAL", None), ("checkpointed", "PASSIVE"), ("begun anew", "RESTART")):
            if mode is not None:
                with contextlib.closing(sqlite3.connect(path)) as conn:
                    conn.execute(f"PRAGMA wal_checkpoint({mode})")
            writer.write(9)
            found.append(writer.copied(path, name, "-wal"))
    return found


def snapshots_of_journal(folder: Path, seed: int) -> list[Snapshot]:
    """A transaction half way: its rollback journal begun, and the database untouched, or partly written already."""
    path = folder / f"journal-{seed}.db"
    found: list[Snapshot] = []
    with _UnevenStore(path, journal_mode="delete") as store:
        writer = _Told(store, seed)
        writer.write(15)
        committed = path.read_bytes()
        for name, touched in (("not yet written", False), ("partly written", True)):
            store.spills = touched
            with contextlib.closing(store._connect()) as conn:
                conn.execute("BEGIN IMMEDIATE")
                for _ in range(12):
                    conn.execute("UPDATE runstate_runs SET queue = hex(randomblob(400)), edits = edits + 1")
                files = {end: path.with_name(path.name + end).read_bytes() for end in ("", "-journal")}
                conn.execute("ROLLBACK")
            assert (files[""] != committed) is touched, "the moment was missed"
            found.append(attrs.evolve(writer.copied(path, name, ""), files=files, damaged="-journal", touched=touched))
    return found


def _damage(data: bytes, chance: random.Random) -> bytes:
    """Cut the file off, turn some of its bits, or blank one of its sectors."""
    where = chance.randrange(len(data))
    act = chance.choice(("cut", "bits", "sector"))
    if act == "cut":
        return data[:where]
    changed = bytearray(data)
    if act == "sector":
        start = where // 512 * 512
        changed[start : start + 512] = bytes(len(changed[start : start + 512]))
    else:
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def torn(mode: str, folder: Path, count: int, seed: int) -> Tally:
    """Open copies of a live database whose WAL or rollback journal is damaged: a prefix, or refused, nothing else."""
    tally = Tally(f"torn {mode}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    snapshots = (snapshots_of_wal if mode == "wal" else snapshots_of_journal)(folder, seed)
    for turn in range(count):
        snapshot = chance.choice(snapshots)
        path = folder / f"torn-{mode}-{seed}-{turn}.db"
        for end, data in snapshot.files.items():
            damaged = _damage(data, chance) if end == snapshot.damaged else data
            path.with_name(path.name + end).write_bytes(damaged)
        tally.counts["copies"] += 1
        try:
            verdict = _verdict(path, mode, snapshot)
        except RunstateError as error:
            verdict = f"refused as {type(error).__name__}"
        except Exception as error:  # noqa: BLE001 - that is the fault which is looked for
            verdict = "FAULT an error that is none of runstate's"
            tally.notes.append(f"{snapshot.name}, copy {turn}: {error!r}")
        tally.counts[f"{snapshot.name}: {verdict}" if not verdict.startswith("FAULT") else verdict] += 1
        if verdict.startswith("FAULT"):
            tally.notes.append(f"{snapshot.name}, copy {turn}: {verdict}")
        for file in folder.glob(f"{path.name}*"):
            file.unlink()
    tally.seconds = time.monotonic() - began
    return tally


def _verdict(path: Path, mode: str, snapshot: Snapshot) -> str:
    with SqliteStore(path, journal_mode=mode) as store:  # type: ignore[arg-type]
        runs: Runs[Run] = Runs(store)
        entries = runs.events(limit=1000)
        many = len(entries)
        if list(entries) == list(snapshot.entries[:many]) and _rows(runs) == snapshot.states[many]:
            if snapshot.touched is False and many != len(snapshot.entries):
                return "FAULT an acknowledged change is gone"
            runs.create(id="one more", thread_id="t", assistant_id="a")
            assert_sound(runs, "one more")
            return "whole" if many == len(snapshot.entries) else "prefix"
        if snapshot.touched:
            return f"noticed by {noticed(store) or _fold_notices(runs) or 'nobody'}"
        return "FAULT neither a prefix nor refused"


def _fold_notices(runs: Runs[Run]) -> str | None:
    try:
        for run_id in {entry.run_id for entry in runs.events(limit=1000)}:
            assert_sound(runs, run_id)
    except AssertionError:
        return "the fold"
    return None


def noticed(store: SqliteStore) -> str | None:
    """Which of SQLite's own checks finds the damage."""
    with store.transaction(write=False) as tx:
        if [row[0] for row in tx._run("PRAGMA integrity_check", {}).rows] != ["ok"]:
            return "integrity_check"
        return "foreign_key_check" if tx._run("PRAGMA foreign_key_check", {}).rows else None
