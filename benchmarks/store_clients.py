"""Clients of a store, each a process of its own: the library's, those of the bare drivers, and pgbench.

All make the same changes to records of the same size, by the same three statements on the same tables with the same
indexes and constraints: a locking read of the run's row, its update, the insert of its journal entry.
"""

from __future__ import annotations

import multiprocessing
import os
import pwd
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import attrs
import psycopg

from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Entry, Row, Store, open_store, sql
from runstate.testing.stores import payload_for
from tests.postgres import Server

__all__ = [
    "CYCLE",
    "FIELDS",
    "Crowd",
    "Template",
    "claims",
    "literal",
    "ours",
    "pgbench",
    "plain_literal",
    "raw_postgres",
    "raw_sqlite",
    "templates",
]

CYCLE: Final = ("start", "require_action", "submit_tool_outputs")
"""Events that lead a queued run back to where it was, so that it can be moved for ever."""
RUNS: Final = 20
"""Runs of each client, moved in turn."""
FIELDS: Final[Mapping[str, Any]] = {
    "thread_id": "thread_abc123abc123",
    "assistant_id": "asst_abc123abc123",
    "model": "gpt-4o",
    "instructions": "You answer questions about the tides, briefly. " * 4,
    "metadata": {"user": "u_1", "purpose": "demo"},
    "ttl": 1e8,
}
Act = Callable[[], object]
"""One acknowledged change."""


def new_runs(store: Store, name: str) -> tuple[Runs[Run], list[str]]:
    """The driver, and the ids of fresh runs."""
    runs: Runs[Run] = Runs(store)
    return runs, [runs.create(id=f"{name}_{number}", **FIELDS).id for number in range(RUNS)]


def ours(url: str, client: int) -> Act:
    """Through the library."""
    store = open_store(url)
    runs, ids = new_runs(store, f"ours_{client}")
    payloads = [payload_for(event) for event in CYCLE]

    def changes() -> Iterator[object]:
        while True:
            for event, payload in zip(CYCLE, payloads, strict=True):
                for run_id in ids:
                    yield runs.fire(run_id, event, **payload)

    return changes().__next__


def claims(url: str, client: int) -> Act:
    """Take one of the runs that wait."""
    runs: Runs[Run] = Runs(open_store(url))

    def claim() -> object:
        held = runs.claim(f"worker_{client}")
        assert held is not None
        return held

    return claim


# -- the bare drivers --------------------------------------------------------------------------------------------------


@attrs.frozen
class Template:
    """One change of the cycle as the library writes it: parameters of the update and of the insert."""

    row: Mapping[str, Any]
    entry: Mapping[str, Any]


def templates(url: str) -> list[Template]:
    """The cycle, as the library has written it once."""
    store = open_store(url)
    runs: Runs[Run] = Runs(store)
    run_id = runs.create(**FIELDS).id
    found: list[Template] = []
    for event in CYCLE:
        runs.fire(run_id, event, **payload_for(event))
        row: Row = runs.row(run_id)
        entry: Entry = runs.history(run_id)[-1]
        found.append(Template(sql.row_values(row), sql.entry_values(entry)))
    store.close()
    return found


def _raw(
    url: str, name: str, run: Callable[[str, Mapping[str, Any]], object], words: tuple[str, str], read: str
) -> Act:
    """The three statements in a transaction."""
    begin, commit = words
    cycle = templates(url)
    store = open_store(url)
    _, ids = new_runs(store, name)
    store.close()

    def changes() -> Iterator[object]:
        for rev in count(1):
            template = cycle[(rev - 1) % len(cycle)]
            for run_id in ids:
                at = time.time_ns() // 1000
                run(begin, {})
                run(read, {"tenant": "", "id": run_id})
                was = {"was_rev": rev, "was_edits": 0, "was_fence": 0}
                run(sql.MOVE, {**template.row, **was, "id": run_id, "rev": rev + 1, "at": at})
                run(sql.ADD_ENTRY, {**template.entry, "run_id": run_id, "seq": rev + 1, "prev": rev, "at": at})
                yield run(commit, {})

    return changes().__next__


def raw_sqlite(url: str, client: int) -> Act:
    """By sqlite3, with the library's settings."""
    conn = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60, isolation_level=None)
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        conn.execute(f"PRAGMA {pragma}")

    def run(text: str, values: Mapping[str, Any]) -> object:
        return conn.execute(text, values).fetchall()

    return _raw(url, f"raw_{client}", run, ("BEGIN IMMEDIATE", "COMMIT"), sql.ROW)


def raw_postgres(url: str, client: int) -> Act:
    """By psycopg."""
    conn = psycopg.connect(url, autocommit=True)

    def run(text: str, values: Mapping[str, Any]) -> object:
        cursor = conn.execute(sql.respelled(text), values or None)
        return cursor.fetchall() if text.startswith("SELECT") else None

    return _raw(url, f"raw_{client}", run, ("BEGIN", "COMMIT"), sql.ROW + sql.LOCK["postgres"])


# -- many of them ------------------------------------------------------------------------------------------------------


def _serve(orders: Connection, makers: Mapping[str, Callable[[int], Act]], number: int) -> None:
    acts: dict[str, Act] = {}
    while (order := orders.recv()) is not None:
        name, seconds = order
        act = acts.get(name) or acts.setdefault(name, makers[name](number))
        done, began, worked = 0, time.perf_counter(), time.process_time()
        while (passed := time.perf_counter() - began) < seconds:
            act()
            done += 1
        orders.send((done / passed if done else 0.0, done, time.process_time() - worked))


class Crowd:
    """Processes that do what they are told to, at the same time."""

    def __init__(self, makers: Mapping[str, Callable[[int], Act]], size: int) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, makers, number), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        for name in makers:
            self.rate(name, size, 0.0)  # connections and runs are made
            self.rate(name, size, 0.3)

    def rate(self, name: str, clients: int, seconds: float) -> tuple[float, float]:
        """Acknowledged changes a second, and seconds of processor time that a client spent on one."""
        pipes = self._pipes[:clients]
        for pipe in pipes:
            pipe.send((name, seconds))
        answers: Sequence[tuple[float, int, float]] = [pipe.recv() for pipe in pipes]
        done = sum(number for _, number, _ in answers)
        return sum(rate for rate, _, _ in answers), sum(worked for *_, worked in answers) / max(done, 1)

    def close(self) -> None:
        """End them."""
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join()


# -- pgbench -----------------------------------------------------------------------------------------------------------


def plain_literal(value: object) -> str:
    """A value as it stands in SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def literal(value: object) -> str:
    """The same for PostgreSQL, where a colon before a word would be taken for a variable, inside a text too."""
    if not isinstance(value, str):
        return plain_literal(value)
    return "E'" + value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a") + "'"


def _filled(text: str, values: Mapping[str, Any], spelled: Mapping[str, str]) -> str:
    return re.sub(r"(?<!:):([a-z]\w*)", lambda found: spelled.get(found[1]) or literal(values[found[1]]), text)


def _script(url: str) -> str:
    """The cycle as a script of pgbench; ids and revisions are its variables, all else stands in the text."""
    run_id = "('pgbench_' || (:client_id)::text || '_' || (:run)::text)"
    lines = [f"\\set run random(0, {RUNS - 1})"]
    clock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now"
    for template in templates(url):
        row = {"id": run_id, "rev": "(:rev)::bigint + 1", "at": "(:now)::bigint", "was_rev": "(:rev)::bigint"}
        entry = {"run_id": run_id, "seq": "(:rev)::bigint + 1", "prev": "(:rev)::bigint", "at": "(:now)::bigint"}
        read = sql.ROW.replace(" FROM", f", {clock} FROM") + sql.LOCK["postgres"]
        lines += [
            "BEGIN;",
            _filled(read, {"tenant": ""}, {"id": run_id}) + " \\gset",
            _filled(sql.MOVE, {**template.row, "was_edits": 0, "was_fence": 0}, row) + ";",
            _filled(sql.ADD_ENTRY, template.entry, entry) + ";",
            "COMMIT;",
        ]
    return "\n".join(lines)


def pgbench(server: Server, url: str, most: int) -> Callable[[int, int], float]:
    """Answers a function of clients and seconds: acknowledged changes a second."""
    store = open_store(url)
    for client in range(most):
        new_runs(store, f"pgbench_{client}")
    store.close()
    script = _script(url)

    def rate(clients: int, seconds: int) -> float:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "script.sql"
            file.write_text(script)
            file.chmod(0o644)
            Path(folder).chmod(0o755)
            program = [str(server.binaries / "pgbench"), "-n", "-M", "prepared", "-j", "2", "-f", str(file)]
            command = [*program, "-c", str(clients), "-T", str(seconds), url]
            other: dict[str, Any] = {}
            if server.user is not None:
                other = {"user": server.user, "group": pwd.getpwnam(server.user).pw_gid, "extra_groups": []}
            answer = subprocess.run(  # noqa: S603 - our own
                command, capture_output=True, text=True, check=False, cwd="/", env={"PATH": os.defpath}, **other
            )
        assert answer.returncode == 0, answer.stderr
        found = re.search(r"^tps = ([\d.]+)", answer.stdout, re.MULTILINE)
        failed = re.search(r"number of failed transactions: (\d+)", answer.stdout)
        assert found is not None
        assert failed is None or failed[1] == "0"
        return float(found[1]) * len(CYCLE)

    return rate
