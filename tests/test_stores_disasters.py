"""The small part of what ``make test-long`` does at length to disks, locks and files.  See ``tests/disasters.py``, ``contention.py``, ``torn.py``."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from runstate.stores.sqlite import SqliteStore, wal_is_sound
from tests import contention, disasters, torn
from tests.places import fast_folder
from tests.postgres import shared_server
from tests.test_stores_crash import SEED, assert_clean

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

MODES = ("delete", "wal")

mounting = pytest.mark.skipif(
    disasters.private_mount() is None,
    reason="a small disk of its own needs the right to mount: root, or user namespaces for everybody",
)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    return fast_folder(request)


# -- T8: a full disk


@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_may_not_grow_refuses_the_write_and_goes_on_when_it_may(mode: str, folder: Path) -> None:
    tally = disasters.full_by_pages(mode, folder, 40, SEED)
    assert_clean(tally, full=38, acknowledged=40)
    assert tally.counts["outcome none"] == tally.counts["full"]


@mounting
@pytest.mark.parametrize("mode", MODES)
def test_a_full_disk_takes_nothing_that_was_acknowledged(mode: str, tmp_path: Path) -> None:
    tally = disasters.on_small_disk(mode, tmp_path, "4m", 110, SEED)
    assert_clean(tally, full=100, acknowledged=100)
    assert tally.counts["outcome none"] == tally.counts["full"]


@mounting
@pytest.mark.skipif(os.geteuid() != 0, reason="the server runs as another user, which only root can arrange")
def test_a_server_whose_disk_is_full_loses_nothing_and_goes_on() -> None:
    tally = disasters.on_small_disk("postgres", disasters.SERVERS, "300m", 5, SEED)
    assert_clean(tally, full=5, logs_full=1, acknowledged=5)


# -- T9: locks that are held too long


@pytest.mark.parametrize("mode", MODES)
def test_who_waits_too_long_is_told_and_nothing_of_the_write_is_there(mode: str, folder: Path) -> None:
    tally = contention.busy(mode, folder, 100, SEED)
    assert_clean(tally, busy=100, writer=20, reader=10, upgrades_refused=20)
    assert bool(tally.counts["went through"]) is (mode == "wal")  # only there a reader is in nobody's way


def test_a_locked_row_and_an_empty_pool_are_told_by_the_server() -> None:
    tally = contention.busy_server(shared_server().new_database(), 24, SEED)
    assert_clean(tally, busy=24, rows_locked=5, pools_empty=5)


# -- T10: torn files


def test_a_damaged_wal_gives_a_prefix_of_what_was_committed(folder: Path) -> None:
    tally = torn.torn("wal", folder, 250, SEED)
    assert_clean(tally, copies=250)
    assert all(tally.counts[f"{name}: prefix"] for name in ("all in the WAL", "checkpointed", "begun anew"))


def test_a_damaged_rollback_journal_gives_what_was_committed_or_is_noticed(folder: Path) -> None:
    tally = torn.torn("delete", folder, 250, SEED)
    assert_clean(tally, copies=250)
    assert tally.counts["not yet written: whole"] + sum(
        count for name, count in tally.counts.items() if name.startswith("partly written: ")
    ) == 250  # fmt: skip


# -- T19: the journal mode of the engine at hand


@pytest.mark.parametrize("version", [
    (3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 44, 6), (3, 44, 9), (3, 45, 0), (3, 49, 9), (3, 50, 6), (3, 50, 7), (3, 50, 99),
    (3, 51, 0), (3, 51, 2), (3, 51, 3), (3, 52, 0), (4, 0, 0),
])  # fmt: skip
def test_a_new_file_gets_the_mode_that_is_sound_with_the_engine(
    version: tuple[int, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine says another version of itself; what is asked of it is what the store then does with a file."""
    defect = (3, 7, 0) <= version <= (3, 51, 2) and not (
        (version[:2] == (3, 50) and version[2] >= 7) or (version[:2] == (3, 44) and version[2] >= 6)
    )
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    with SqliteStore(folder / "runs.db") as store:
        assert store.info()["journal_mode"] == ("delete" if defect else "wal")
        assert store.info()["wal_is_sound"] is not defect


def test_the_chosen_mode_loses_nothing_under_eager_checkpoints(folder: Path) -> None:
    tally = contention.stress(f"auto:{folder / 'runs.db'}", folder, 400, SEED)
    mode = "wal" if wal_is_sound(sqlite3.sqlite_version_info) else "delete"
    assert_clean(tally, acknowledged=400, **{f"in_mode_{mode}": 400})


# -- T22: what is acknowledged was synced


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed: it counts what reaches the disk")
@pytest.mark.parametrize("mode", MODES)
def test_each_acknowledgement_stands_after_a_sync(mode: str, folder: Path) -> None:
    tally = disasters.syncs(mode, folder, 30)
    assert_clean(tally, acknowledged=30, syncs=30)
