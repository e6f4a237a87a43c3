"""``runstate runs``: what it prints, what it changes and what it leaves alone, and with which status it ends."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from runstate import ASSISTANTS_RUN, LastError, Run, Runs, Usage, open_store
from runstate.cli.commands import runstate
from runstate.cli.runs import text, upkeep
from runstate.cli.runs.place import without_password
from runstate.conformance.check import check_bytes
from runstate.errors import StoreBusy, StoreUnavailable
from runstate.runs import bodies, claims
from runstate.stores import Store, sqlite
from runstate.stores.sqlite import SqliteStore
from runstate.testing.clock import FakeClock
from runstate.testing.stores import PARCEL, Carrier, Parcel, new
from tests.postgres import shared_server

ROOT = Path(__file__).resolve().parents[1]
PARCELS = ("--lifecycle", PARCEL.name)
RECORD = ("--record", "runstate.testing.stores:Parcel")

READING = {
    "list": ("list",),
    "list json": ("list", "--format", "json"),
    "show": ("show", "run_1"),
    "show json": ("show", "run_1", "--format", "json"),
    "history": ("history", "run_1"),
    "history at": ("history", "run_1", "--at", "2"),
    "history sse": ("history", "run_1", "--format", "sse"),
    "follow": ("follow", "run_1"),
    "info": ("info",),
}
WRITING = {
    "cancel": ("cancel", "run_1"),
    "sweep": ("sweep",),
    "prune": ("prune", "--older-than", "0"),
}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor a pyproject.toml says where runs are."""
    monkeypatch.delenv("RUNSTATE_STORE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with SqliteStore(path, journal_mode="delete") as store:
        yield store


def invoke(*arguments: object, store: Path | str | None = None) -> Result:
    where = () if store is None else ("--store", str(store) if "://" in str(store) else f"sqlite:///{store}")
    words = ["runs", *map(str, arguments), *where]
    return CliRunner().invoke(runstate, words, catch_exceptions=False)


def done(*arguments: object, store: Path | str) -> str:
    """What a command printed that had nothing to complain of."""
    result = invoke(*arguments, store=store)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def records(*arguments: object, store: Path | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done(*arguments, "--format", "json", store=store).splitlines()]


def refused(result: Result, code: int, *words: str) -> None:
    """It ended with the status and one line that says why."""
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.stderr
    said = [line for line in result.stderr.splitlines() if line.startswith(("runstate: ", "Error: "))]
    assert len(said) == 1
    for word in words:
        assert word in said[0]


def filled(store: Store, tenant: str = "") -> tuple[Runs[Run], FakeClock]:
    """A store with four runs: ended, cancelling with a worker, failed, queued."""
    clock = FakeClock()
    runs: Runs[Run] = Runs(store, clock, tenant=tenant)
    runs.create(id="run_1", thread_id="thread_1", assistant_id="asst_1", actor="shop", metadata={"a": "b"})
    clock.advance(2)
    claim = runs.claim("worker-1")
    clock.advance(6)
    runs.complete("run_1", usage=Usage(3, 4), claim=claim, actor="worker-1")
    runs.create(id="run_2", thread_id="thread_2", assistant_id="asst_1", queue="slow")
    clock.advance(1)
    runs.claim("worker-2", lease=10)
    runs.cancel("run_2", actor="ann")
    runs.create(id="run_3", thread_id="thread_1", assistant_id="asst_2")
    runs.start("run_3")
    runs.fail("run_3", LastError(code="server_error", message="broken"))
    clock.advance(1)
    runs.create(id="run_4", thread_id="thread_3", assistant_id="asst_1", ttl=10**9)
    return runs, clock


# -- which store -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [*READING.values(), *WRITING.values()], ids=str)
def test_a_store_that_is_not_there_is_not_made(words: tuple[str, ...], path: Path) -> None:
    refused(invoke(*words, store=path), 2, "there is no file", "runs.db")
    assert list(path.parent.iterdir()) == []


def test_a_file_without_runs_is_left_as_it_is(path: Path) -> None:
    path.touch()
    refused(invoke("list", store=path), 2, "no runs are kept in this database")
    assert path.read_bytes() == b""
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE other (x)")
    conn.close()
    before = path.read_bytes()
    for words in (*READING.values(), *WRITING.values()):
        refused(invoke(*words, store=path), 2, "no runs are kept in this database")
    assert path.read_bytes() == before
    path.write_text("this is no database, whatever its name says" * 100)
    refused(invoke("list", store=path), 2, "SQLite cannot go on")


def test_a_schema_of_another_version_is_left_as_it_is(path: Path, store: Store) -> None:
    filled(store)
    for version in (0, 99):
        with sqlite3.connect(path) as conn:
            conn.execute("DELETE FROM runstate_schema")
            conn.execute("INSERT INTO runstate_schema VALUES (?)", (version,))
        conn.close()
        before = path.read_bytes()
        refused(invoke("list", store=path), 2, f"Seen: {version}.")
        assert path.read_bytes() == before


@pytest.mark.parametrize("words", READING.values(), ids=str)
def test_reading_changes_nothing(words: tuple[str, ...], path: Path, store: Store) -> None:
    filled(store)
    before = path.read_bytes()
    assert done(*words, store=path)
    assert path.read_bytes() == before


def test_a_risk_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteStore(path, journal_mode="wal") as store:
        filled(store)
    monkeypatch.setattr(sqlite, "wal_is_sound", lambda _: False)
    result = invoke("list", store=path)
    refused(result, 0, "warning: ", "WAL mode")
    assert "run_1" in result.stdout


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://ann:secret@host/runs", "no kind of store 'mysql'"),
        ("postgresql+psycopg://ann:secret@host/runs", "no kind of store 'postgresql+psycopg'"),
        ("sqlite://runs.db", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("memory://", "of one process"),
    ],
)
def test_a_url_of_no_store_is_refused_and_its_password_not_repeated(url: str, words: str) -> None:
    result = invoke("list", store=url)
    refused(result, 2, words, "sqlite:///runs.db")
    assert "secret" not in result.output


def test_a_server_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    result = invoke("info", store=f"postgresql://ann:secret@/runs?host={tmp_path}")
    refused(result, 2, "PostgreSQL cannot be reached", str(tmp_path))
    assert "secret" not in result.output


def test_a_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "runstate.stores.postgres", None)
    refused(invoke("list", store="postgresql://host/runs"), 2, "pip install 'runstate[postgres]'")


def test_the_store_comes_from_option_variable_or_project(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(invoke("list"), 2, "which store?", "--store", "RUNSTATE_STORE", "[tool.runstate]")
    filled(store)
    (path.parent / "pyproject.toml").write_text(f'[tool.runstate]\nstore = "sqlite:///{path}"')
    assert "run_1" in invoke("list").stdout
    monkeypatch.setenv("RUNSTATE_STORE", "sqlite:///variable.db")
    refused(invoke("list"), 2, "variable.db")
    refused(invoke("list", store="option.db"), 2, "option.db")
    monkeypatch.delenv("RUNSTATE_STORE")
    (path.parent / "pyproject.toml").write_text("[tool.runstate]\nstore = 3")
    refused(invoke("list"), 2, "[tool.runstate] store")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:secret@host:5432/runs", "postgresql://ann@host:5432/runs"),
        ("postgresql://ann:se@cret@host/runs", "postgresql://ann@host/runs"),
        ("postgresql://host/runs?user=ann&password=secret&port=1", "postgresql://host/runs?user=ann&password=…&port=1"),
        ("sqlite:///runs.db", "sqlite:///runs.db"),
    ],
)
def test_a_password_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


# -- looking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ((), ["run_4", "run_3", "run_2", "run_1"]),
        (("--oldest",), ["run_1", "run_2", "run_3", "run_4"]),
        (("--status", "failed", "--status", "queued"), ["run_4", "run_3"]),
        (("--queue", "slow"), ["run_2"]),
        (("--thread", "thread_1"), ["run_3", "run_1"]),
        (("--assistant", "asst_1", "--thread", "thread_1"), ["run_1"]),
        (("--worker", "worker-2"), ["run_2"]),
        (("--queue", "nobody"), []),
    ],
)
def test_list_shows_what_fits(words: tuple[str, ...], ids: list[str], path: Path, store: Store) -> None:
    filled(store)
    *runs, last = records("list", *words, store=path)
    assert [run["run"] for run in runs] == ids
    assert last == {"page": {"runs": len(ids), "after": None}}
    assert [line.split()[0] for line in done("list", *words, store=path).splitlines()] == ["RUN", *ids]


@pytest.mark.parametrize("order", [(), ("--oldest",)])
def test_pages_join_to_the_whole(order: tuple[str, ...], path: Path, store: Store) -> None:
    filled(store)
    whole = [run["run"] for run in records("list", *order, store=path)[:-1]]
    turned: list[str] = []
    after: tuple[str, ...] = ()
    for left in (1, 0):
        *runs, last = records("list", "--limit", 2, *order, *after, store=path)
        turned += [run["run"] for run in runs]
        assert (last["page"]["after"] is not None) == bool(left)
        after = ("--after", last["page"]["after"])
    assert turned == whole
    told = invoke("list", "--limit", 2, store=path)
    assert told.stderr.startswith("runstate: there are more: --after ")
    refused(invoke("list", "--after", "!", store=path), 2, "no place in a list")


def test_an_unknown_status_is_refused_by_name(path: Path, store: Store) -> None:
    filled(store)
    refused(invoke("list", "--status", "done", store=path), 2, "'done'", *map(str, ASSISTANTS_RUN.statuses))


def test_json_holds_row_and_record(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    (shown,) = records("show", "run_1", store=path)
    row = runs.row("run_1")
    assert (shown["status"], shown["rev"], shown["at"]) == (row.status, row.rev, row.at)
    assert shown["record"] == {**json.loads(row.body), "metadata": {"a": "b"}}
    assert [(one["event"], one["lasted"], one["actor"]) for one in shown["timeline"]] == [
        ("create", 2_000_000, "shop"),
        ("start", 6_000_000, "worker-1"),
        ("complete", None, "worker-1"),
    ]
    assert shown in [one | {"timeline": shown["timeline"]} for one in records("list", store=path)[:-1]]


SHOWN = """\
run_1  completed
  lifecycle  openai.assistants.run (version 2)
  created    2023-11-14 22:13:20.000Z
  revision   3
  queue      default
  thread     thread_1
  assistant  asst_1

  1  2023-11-14 22:13:20.000Z  create    queued       2 s  ██████                    by shop
  2  2023-11-14 22:13:22.000Z  start     in_progress  6 s        ██████████████████  by worker-1
  3  2023-11-14 22:13:28.000Z  complete  completed                                   by worker-1

{
"""


def test_show_draws_where_the_time_went(path: Path, store: Store) -> None:
    filled(store)
    printed = done("show", "run_1", store=path)
    assert printed.startswith(SHOWN)
    assert json.loads(printed.removeprefix(SHOWN[:-2])) == records("show", "run_1", store=path)[0]["record"]


def test_show_names_holder_and_who_asked_for_the_cancellation(store: Store) -> None:
    runs, clock = filled(store)
    row, entries = runs.row("run_2"), runs.history("run_2")
    assert row.lease_until is not None
    lines = "\n".join(text.show_lines(row, entries, clock.microseconds))
    assert "worker     worker-2, lease ends in 9 s, fence 1" in lines
    assert "attempt    1 of 3" in lines
    assert "cancel     asked for by ann, ends by 2023-11-14 22:14:29.000Z at the latest" in lines
    assert "1 s so far" in lines
    assert "lease ended 1 s ago" in "\n".join(text.show_lines(row, entries, row.lease_until + 1_000_000))


def test_a_retry_names_what_it_retries(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    again = runs.retry("run_3").id
    assert "retry      number 1, of run_3" in done("show", again, store=path)


def test_history_prints_changes_and_what_they_were_given(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    assert done("history", "run_3", store=path).splitlines() == [
        "1  2023-11-14 22:13:29.000Z  create:  queued",
        "2  2023-11-14 22:13:29.000Z  start:  queued → in_progress",
        "3  2023-11-14 22:13:29.000Z  fail:  in_progress → failed",
        '   {"last_error":{"code":"server_error","message":"broken"}}',
    ]
    told = records("history", "run_3", store=path)
    entries = runs.history("run_3")
    assert [(one["seq"], one["event"], one["at"], one["cursor"]) for one in told] == [
        (entry.seq, entry.event, entry.at, entry.cursor) for entry in entries
    ]
    assert told[2]["arguments"] == {"last_error": {"code": "server_error", "message": "broken"}}


def test_every_past_can_be_printed(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    for seq in (1, 2, 3):
        (past,) = records("history", "run_1", "--at", seq, store=path)
        assert past == bodies.plain(runs.at("run_1", seq))
        assert json.loads(done("history", "run_1", "--at", seq, store=path)) == past
    for seq in (0, 4):
        refused(invoke("history", "run_1", "--at", seq, store=path), 2, f"no change {seq}")
    refused(invoke("history", "run_1", "--at", 1, "--format", "sse", store=path), 2, "choose one")


@pytest.mark.parametrize("run_id", ["run_1", "run_2", "run_3", "run_4"])
def test_history_is_a_stream_that_the_judge_takes(run_id: str, path: Path, store: Store) -> None:
    runs, _ = filled(store)
    printed = invoke("history", run_id, "--format", "sse", store=path).stdout_bytes
    assert printed == b"".join(runs.wire_events(run_id=run_id))
    (run,) = check_bytes(printed).runs
    assert [finding for finding in run.findings if finding.severity == "error"] == []


@pytest.mark.parametrize(
    "words", [("show",), ("history",), ("follow",), ("history", "--at", "1"), ("cancel",)], ids=str
)
def test_a_run_that_is_not_there_is_said(words: tuple[str, ...], path: Path, store: Store) -> None:
    filled(store)
    refused(invoke(*words, "run_9", store=path), 2, "'run_9'", "no such run")


def test_info_counts_by_status(path: Path, store: Store) -> None:
    filled(store)
    (told,) = records("info", store=path)
    assert (told["engine"], told["journal_mode"], told["tenant"]) == ("sqlite", "delete", "")
    assert told["lifecycles"] == {
        ASSISTANTS_RUN.name: {
            "versions": [ASSISTANTS_RUN.version],
            "runs": {"cancelling": 1, "completed": 1, "failed": 1, "queued": 1},
        }
    }
    printed = done("info", store=path)
    assert f"store         sqlite:///{path}" in printed
    assert f"{ASSISTANTS_RUN.name} (version {ASSISTANTS_RUN.version}): 4 runs\n  cancelling  1\n" in printed


# -- following ---------------------------------------------------------------------------------------------------------


def pauses(monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], object]) -> None:
    """In place of waiting, one thing after another happens, and then Ctrl-C."""
    left = list(acts)

    def pause(_store: SqliteStore, _seconds: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    monkeypatch.setattr(SqliteStore, "pause", pause)


def test_follow_prints_what_is_committed_from_now_on(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, _ = filled(store)
    pauses(monkeypatch, lambda: runs.start("run_4"), lambda: runs.complete("run_4", actor="me"))
    first, second = done("follow", store=path).splitlines()
    assert first.endswith("run_4  start:  queued → in_progress")
    assert second.endswith("run_4  complete:  in_progress → completed  by me")


def test_follow_goes_on_from_a_cursor(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, _ = filled(store)
    pauses(monkeypatch)
    told = records("follow", "--after", "0-0", store=path)
    assert [(one["run"], one["seq"]) for one in told] == [(entry.run_id, entry.seq) for entry in runs.events()]
    assert records("follow", "--after", told[4]["cursor"], store=path) == told[5:]
    refused(invoke("follow", "--after", "x", store=path), 2, "no cursor")


def test_following_a_run_ends_with_it(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, _ = filled(store)
    pauses(monkeypatch, lambda: runs.start("run_4"), lambda: runs.start(new(runs)), lambda: runs.complete("run_4"))
    lines = done("follow", "run_4", store=path).splitlines()
    assert [line.split()[4] for line in lines] == ["create:", "start:", "complete:"]


def test_following_says_how_to_go_on_when_the_store_goes_away(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, _ = filled(store)

    def gone() -> None:
        raise StoreUnavailable(reason="the disk is gone")

    pauses(monkeypatch, lambda: runs.start("run_4"), gone)
    result = invoke("follow", store=path)
    refused(result, 2, "the disk is gone", f"Go on with --after {runs.events()[-1].cursor}.")
    assert len(result.stdout.splitlines()) == 1


# -- cancel ------------------------------------------------------------------------------------------------------------


def test_cancel_says_what_became_of_it(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    new(runs, id="run_5", ttl=10**9)
    host: Runs[Run] = Runs(store)
    held = new(host, id="run_6")
    assert {host.claim("w", lease=1000).run_id for _ in range(3)} >= {held}  # type: ignore[union-attr]
    result = invoke("cancel", "run_1", "run_2", "run_6", "--actor", "bob", store=path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "run_1  already  completed",
        "run_2  already  cancelling",
        "run_6  accepted  cancelling",
    ]
    assert runs.row("run_6").cancel_by == "bob"
    assert runs.history("run_6")[-1].actor == "bob"


def test_cancel_ends_at_once_what_nobody_holds_or_what_it_is_told_to(path: Path, store: Store) -> None:
    host: Runs[Run] = Runs(store)
    free, held = new(host, id="free", queue="other"), new(host, id="held")
    assert host.claim("w", lease=1000, queue="default") is not None
    (one,) = records("cancel", free, store=path)
    (other,) = records("cancel", held, "--now", store=path)
    assert one == {"run": free, "outcome": "accepted", "status": "cancelled", "message": None}
    assert other == {"run": held, "outcome": "accepted", "status": "cancelled", "message": None}
    assert host.history(free)[-1].actor  # somebody is named, the login name


def test_the_timeout_is_the_workers_time_to_confirm(path: Path, store: Store) -> None:
    host: Runs[Run] = Runs(store)
    run_id = new(host)
    assert host.claim("w", lease=1000) is not None
    done("cancel", run_id, "--timeout", "5m", store=path)
    row = host.row(run_id)
    assert row.cancel_at is not None
    assert row.cancel_at - row.at == 300_000_000


def test_one_run_that_is_not_there_does_not_keep_the_others(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    result = invoke("cancel", "run_9", "run_4", store=path)
    refused(result, 2, "'run_9'")
    assert result.stdout == "run_4  accepted  cancelled\n"
    told = invoke("cancel", "run_9", "run_1", "--format", "json", store=path)
    assert told.exit_code == 2
    assert [json.loads(line)["outcome"] for line in told.stdout.splitlines()] == ["not_found", "already"]
    assert runs.row("run_4").status == "cancelled"


def test_what_the_table_refuses_is_status_1(path: Path, store: Store) -> None:
    parcels = Runs(store, record=Parcel)
    parcels.create(id="p")
    result = invoke("cancel", "p", *RECORD, store=path)
    refused(result, 1, PARCEL.name, "cancel")
    assert parcels.row("p").rev == 1


def test_a_body_that_nobody_can_read_is_said(path: Path, store: Store) -> None:
    filled(store)
    with sqlite3.connect(path) as conn:
        conn.execute("""UPDATE runstate_runs SET body = '{"id": 3}' WHERE id = 'run_3'""")
    conn.close()
    result = invoke("cancel", "run_3", "run_4", store=path)
    refused(result, 2, "run_3")
    assert result.stdout == "run_4  accepted  cancelled\n"
    assert "run_3" in done("list", store=path)  # which reads no record


# -- sweep -------------------------------------------------------------------------------------------------------------


def test_sweep_says_what_it_did(path: Path, store: Store) -> None:
    runs, _ = filled(store)  # long ago
    new(runs, id="run_5")
    host: Runs[Run] = Runs(store, lambda: time.time_ns() // 1000 - 2_000_000)
    new(host, id="run_6")
    host.claim("w", lease=1, queue="default")
    assert done("sweep", store=path).splitlines() == [
        "expired  run_5",
        "cancelled  run_2",
        "freed  run_4",
        "swept 3 runs: 1 expired, 1 cancelled, 0 failed, 1 freed",
    ]
    nothing: dict[str, Any] = {"expired": [], "cancelled": [], "failed": [], "freed": [], "faults": {}}
    assert records("sweep", store=path) == [nothing]


def test_a_sweep_does_no_more_than_its_limit(path: Path, store: Store) -> None:
    runs: Runs[Run] = Runs(store, FakeClock())
    for _ in range(5):
        new(runs)
    assert len(records("sweep", "--limit", 2, store=path)[0]["expired"]) == 2
    assert len(records("sweep", store=path)[0]["expired"]) == 3


def test_a_run_that_cannot_be_swept_is_said_and_the_others_are(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    new(runs, id="run_5")
    with sqlite3.connect(path) as conn:
        conn.execute("""UPDATE runstate_runs SET body = '{"id": 3}' WHERE id = 'run_5'""")
    conn.close()
    result = invoke("sweep", store=path)
    refused(result, 1, "run_5", "could not be treated")
    assert result.stdout.splitlines()[0] == "cancelled  run_2"


def test_sweep_every_so_often_until_interrupted(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: Runs[Run] = Runs(store, FakeClock())
    asked: list[float] = []
    swept = claims.sweep
    busy = [False, False, True, False]

    def pause(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 4:
            raise KeyboardInterrupt
        if len(asked) != 1:  # nothing is due in the second round
            new(runs, id=f"run_{len(asked)}")

    def sometimes(*arguments: Any, **options: Any) -> Any:
        if busy[len(asked)]:
            raise StoreBusy(reason="the database was locked", seconds=1)
        return swept(*arguments, **options)

    monkeypatch.setattr(upkeep, "_pause", pause)
    monkeypatch.setattr(claims, "sweep", sometimes)
    result = invoke("sweep", "--every", "1.5m", store=path)
    refused(result, 0, "the database was locked")
    assert asked == [90.0] * 4
    counted = "swept 2 runs: 2 expired, 0 cancelled, 0 failed, 0 freed"
    assert sorted(result.stdout.splitlines()) == ["expired  run_2", "expired  run_3", counted]


# -- prune -------------------------------------------------------------------------------------------------------------


def test_prune_removes_what_ended_and_only_says_so_in_a_dry_run(path: Path, store: Store) -> None:
    runs, _ = filled(store)
    assert done("prune", "--older-than", "1w", "--dry-run", store=path) == "run_1\nrun_3\nwould remove 2 runs\n"
    assert len(runs.list().runs) == 4
    assert done("prune", "--older-than", "5200w", store=path) == "removed 0 runs\n"
    assert records("prune", "--older-than", "1w", store=path) == [{"pruned": ["run_1", "run_3"], "dry_run": False}]
    assert [run.id for run in runs.list().runs] == ["run_4", "run_2"]


@pytest.mark.parametrize(
    ("limit", "gone"), [((), 5), (("--limit", "3"), 3), (("--limit", "4"), 4), (("--limit", "9"), 5)]
)
def test_prune_takes_as_many_batches_as_it_needs(
    limit: tuple[str, ...], gone: int, path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: Runs[Run] = Runs(store, FakeClock())
    for _ in range(5):
        runs.cancel(new(runs))
    sizes: list[int] = []
    prune = claims.prune

    def counted(*arguments: Any, **options: Any) -> Any:
        found = prune(*arguments, **options)
        sizes.append(len(found.run_ids))
        return found

    monkeypatch.setattr(claims, "prune", counted)
    assert done("prune", "--older-than", 0, "--batch", 2, *limit, store=path) == f"removed {gone} runs\n"
    assert len(runs.list().runs) == 5 - gone
    assert max(sizes) <= 2


@pytest.mark.parametrize("span", ["soon", "-1", "1y", "1 d d", "", "1e9", "inf"])
def test_a_span_of_time_is_a_number_with_a_unit(span: str, path: Path, store: Store) -> None:
    refused(invoke("prune", "--older-than", span, store=path), 2, "no span of time", "30d")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)],
)
def test_the_units_of_time(words: str, seconds: float) -> None:
    assert upkeep.span(words) == seconds


# -- tenants, lifecycles, records --------------------------------------------------------------------------------------


def test_no_command_crosses_tenants(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, _ = filled(store, "ann")
    pauses(monkeypatch)
    before = [(ann.row(run.id), ann.history(run.id)) for run in ann.list().runs]
    assert len(before) == 4
    for tenant in ((), ("--tenant", "bob")):
        for words in (*READING.values(), *WRITING.values()):
            result = invoke(*words, *tenant, store=path)
            named = any(word.startswith("run_") for word in words)
            assert result.exit_code == (2 if named else 0), words
            assert "run_1" not in result.stdout
            assert "completed" not in result.stdout
        assert done("follow", "--after", "0-0", *tenant, store=path) == ""
    assert [(ann.row(run.id), ann.history(run.id)) for run in ann.list().runs] == before
    assert "run_1" in done("list", "--tenant", "ann", store=path)
    assert done("cancel", "run_4", "--tenant", "ann", store=path) == "run_4  accepted  cancelled\n"


def mixed(store: Store) -> Runs[Parcel]:
    filled(store)
    clock = FakeClock()
    parcels = Runs(store, clock, record=Parcel)
    parcels.create(id="p_1", contents=("book",))
    parcels.fire("p_1", "send", carrier=Carrier(name="post"))
    return parcels


def test_of_several_lifecycles_the_assistant_run_is_taken_and_said(path: Path, store: Store) -> None:
    mixed(store)
    result = invoke("list", store=path)
    assert result.exit_code == 0
    assert "run_1" in result.stdout
    assert "p_1" not in result.stdout
    refused(result, 0, PARCEL.name, ASSISTANTS_RUN.name, "--lifecycle")
    assert set(records("info", store=path)[0]["lifecycles"]) == {PARCEL.name, ASSISTANTS_RUN.name}
    assert set(records("info", *PARCELS, store=path)[0]["lifecycles"]) == {PARCEL.name}
    refused(invoke("list", "--lifecycle", "no.such", store=path), 2, "'no.such'", PARCEL.name)


def test_the_only_lifecycle_is_taken_in_silence(path: Path, store: Store) -> None:
    Runs(store, record=Parcel).create(id="p_1")
    assert "p_1" in done("list", store=path)


def test_a_store_that_knows_no_lifecycle_says_so(path: Path, store: Store) -> None:
    refused(invoke("list", store=path), 2, "knows none yet")
    assert records("info", store=path)[0]["lifecycles"] == {}


def test_rows_and_journal_need_no_record_class(path: Path, store: Store) -> None:
    mixed(store)
    (row, _) = records("list", *PARCELS, "--status", "under_way", store=path)
    assert row["record"]["contents"] == ["book"]
    assert done("show", "p_1", *PARCELS, store=path).startswith("p_1  under_way\n")
    assert [one["event"] for one in records("history", "p_1", *PARCELS, store=path)] == ["pack", "send"]
    assert "send" in done("history", "p_1", *PARCELS, store=path)


@pytest.mark.parametrize(
    "words",
    [
        ("history", "p_1", "--at", "1"),
        ("history", "p_1", "--format", "sse"),
        ("cancel", "p_1"),
        WRITING["sweep"],
        WRITING["prune"],
    ],
    ids=str,
)
def test_what_needs_the_record_class_asks_for_it(words: tuple[str, ...], path: Path, store: Store) -> None:
    parcels = mixed(store)
    refused(invoke(*words, *PARCELS, store=path), 2, "--record MODULE:CLASS", PARCEL.name)
    assert parcels.row("p_1").rev == 2


def test_a_hosts_own_record_is_swept_and_pruned(path: Path, store: Store) -> None:
    parcels = mixed(store)
    (past,) = records("history", "p_1", "--at", 1, *RECORD, store=path)
    assert (past["status"], past["contents"]) == ("packed", ["book"])
    assert done("sweep", *RECORD, store=path).splitlines()[0] == "expired  p_1"
    assert parcels.row("p_1").status == "lost"
    parcels.create(id="p_2")
    assert done("prune", "--older-than", 0, *RECORD, store=path) == "removed 1 run\n"
    assert parcels.row("p_2").rev == 1
    assert "run_2" in invoke("list", store=path).stdout  # of the other lifecycle nothing was swept


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("runstate", "not MODULE:CLASS"),
        ("no.such.module:Class", "no"),
        ("runstate:NoSuch", "no attrs class"),
        ("runstate:Usage", "no attrs class"),
        ("runstate:ASSISTANTS_RUN", "no attrs class"),
        ("runstate:Run", "--lifecycle says"),
    ],
)
def test_a_record_class_that_is_none_is_refused(record: str, words: str, path: Path, store: Store) -> None:
    mixed(store)
    refused(invoke("sweep", *PARCELS, "--record", record, store=path), 2, record, words)


def test_a_record_class_is_found_in_the_working_folder(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed(store)
    (path.parent / "my_records_of_the_test.py").write_text("from runstate.testing.stores import Parcel as Mine\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert "p_1" in done("sweep", "--record", "my_records_of_the_test:Mine", store=path)


def test_reading_makes_no_definition_known(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    mixed(store)
    (path.parent / "newer_records_of_the_test.py").write_text(
        "import attrs\nfrom runstate.testing.stores import PARCEL, Parcel\n"
        "class Newer(Parcel):\n    __lifecycle__ = attrs.evolve(PARCEL, version='9')\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = path.read_bytes()
    for words in (("--at", "1"), ("--format", "sse")):
        result = invoke("history", "p_1", *words, "--record", "newer_records_of_the_test:Newer", store=path)
        refused(result, 2, "version 9", f"in version {PARCEL.version}")
    assert path.read_bytes() == before


# -- printing ----------------------------------------------------------------------------------------------------------


def test_nothing_that_is_stored_moves_the_cursor_of_a_terminal(path: Path, store: Store) -> None:
    runs: Runs[Run] = Runs(store)
    new(runs, id="\x1b[31mred", thread_id="a\x07\r\nb", instructions="\x9bc", actor="\x1b]0;x")
    for words in (("list",), ("show", "\x1b[31mred"), ("history", "\x1b[31mred"), ("cancel", "\x1b[31mred")):
        printed = done(*words, store=path)
        assert all(char.isprintable() or char == "\n" for char in printed), words


@given(st.integers(0, 2**63 - 1))
def test_every_time_and_span_can_be_printed(microseconds: int) -> None:
    assert text.moment(microseconds)
    assert text.duration(microseconds)[0].isdigit()


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0 ms"),
        (1_500, "1.5 ms"),
        (999_000, "999 ms"),
        (1_250_000, "1.25 s"),
        (60_000_000, "1 min"),
        (200_000_000, "3 min 20 s"),
        (3_660_000_000, "1 h 1 min"),
        (90_000_000_000, "1 d 1 h"),
    ],
)
def test_spans_in_words(microseconds: int, words: str) -> None:
    assert text.duration(microseconds) == words


def test_progress_is_shown_on_a_terminal_only(path: Path, store: Store) -> None:
    runs: Runs[Run] = Runs(store, FakeClock())
    new(runs, id="run_1")
    command = [sys.executable, "-m", "runstate.cli", "runs", "sweep", "--store", f"sqlite:///{path}"]
    main, terminal = os.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80"}
    swept = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, env=env, check=True, timeout=60)
    os.close(terminal)
    assert b"sweeping: 1 runs" in os.read(main, 1 << 16)
    os.close(main)
    assert swept.stdout.startswith(b"expired  run_1\n")


# -- on PostgreSQL -----------------------------------------------------------------------------------------------------


def test_the_same_on_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    url = shared_server().new_database()
    refused(invoke("info", store=url), 2, "no runs are kept in this database")
    refused(invoke("info", store=url), 2, "no runs are kept in this database")  # the first look made nothing
    store = open_store(url)
    filled(store)
    assert done("show", "run_1", store=url).startswith(SHOWN)
    assert [run["run"] for run in records("list", "--status", "queued", store=url)[:-1]] == ["run_4"]
    assert records("info", store=url)[0]["lifecycles"][ASSISTANTS_RUN.name]["runs"]["failed"] == 1
    assert len(done("follow", "run_1", store=url).splitlines()) == 3
    assert done("cancel", "run_4", "run_1", store=url) == "run_4  accepted  cancelled\nrun_1  already  completed\n"
    assert done("sweep", store=url).splitlines()[0] == "cancelled  run_2"
    assert done("prune", "--older-than", "1w", store=url) == "removed 2 runs\n"
    assert [run["run"] for run in records("list", store=url)[:-1]] == ["run_4", "run_2"]
    store.close()
