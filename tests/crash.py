"""Crashes and races, as functions with a count and a seed: the tests call them small, ``tools.store_parts`` call them large.

Each supervises processes that write, hurts them, and then checks that nothing acknowledged is missing and that every
journal is a walk of the table whose fold is its row; the judge, which shares no code with the driver, has the last word.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs
import psycopg

from runstate.conformance.findings import Finding, Severity
from runstate.conformance.monitor import Monitor
from runstate.errors import Conflict, GuardFailed, IllegalTransition, RunstateError, StoreBusy, StoreUnavailable
from runstate.observations import read
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import MemoryStore, Store
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.stores import assert_sound, payload_for, together
from tests import unmeasured
from tests.postgres import Server

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]


@attrs.define
class Tally:
    """What a part did; the numbers add up over any number of calls."""

    part: str
    counts: Counter[str] = attrs.field(factory=Counter)
    seconds: float = 0.0
    seed: int = 0
    notes: list[str] = attrs.field(factory=list)
    """What explains a fault."""

    @property
    def faults(self) -> int:
        return sum(count for name, count in self.counts.items() if name.startswith("FAULT"))


def opened(target: str, **options: Any) -> Store:
    """A store by URL or path: ``wal:/path`` and ``delete:/path`` say the journal mode of a new file."""
    if target.startswith("postgresql:"):
        return PostgresStore(target, max_connections=4, **options)
    mode, _, path = target.partition(":")
    return SqliteStore(path, journal_mode=mode, **options)  # type: ignore[arg-type]


def findings_of(runs: Runs[Any], run_id: str) -> list[str]:
    """What the judge has to say against the journal of a run, read as the stream that a server would send."""
    found: list[Finding] = []
    monitor = Monitor(mode="stream", on_finding=found.append)
    for observation in read(b"".join(runs.wire_events(run_id=run_id, limit=1000))):
        monitor.feed(observation)
    return [str(finding) for finding in found if finding.severity is Severity.ERROR]


def check_journals(store: Store, tally: Tally, acknowledged: Iterable[tuple[str, int, str]]) -> None:
    """Every acknowledged change is in its journal, and every journal is sound."""
    runs: Runs[Run] = Runs(store)
    by_run: dict[str, dict[int, str]] = {}
    for run_id, seq, status in acknowledged:
        tally.counts["acknowledged"] += 1
        by_run.setdefault(run_id, {})[seq] = status
    ids: set[str] = set()
    after: str | None = None
    while True:
        page = runs.list(limit=500, after=after)
        ids |= {run.id for run in page.runs}
        if (after := page.after) is None:
            break
    for run_id, changes in by_run.items():
        if run_id not in ids:
            tally.counts["FAULT lost run"] += 1
            continue
        there = {entry.seq: entry.target for entry in runs.history(run_id)}
        for seq, status in changes.items():
            if there.get(seq) != status:
                tally.counts["FAULT lost change"] += 1
    for run_id in ids:
        tally.counts["journals checked"] += 1
        try:
            assert_sound(runs, run_id)
        except AssertionError:
            tally.counts["FAULT illegal journal"] += 1
        if tally.counts["journals checked"] <= 200 and findings_of(runs, run_id):
            tally.counts["FAULT the judge objects"] += 1


# -- T1, T2: SIGKILL of writers ----------------------------------------------------------------------------------------

EVENTS = ("start", "require_action", "submit_tool_outputs", "start", "complete")


def write_for_ever(target: str) -> None:
    """A writer: drives runs as fast as it can, saying so on standard output after each acknowledgement."""
    runs: Runs[Run] = Runs(opened(target))
    out = sys.stdout
    while True:
        run = runs.create(thread_id="t", assistant_id="a")
        out.write(f"{run.id} 1 {run.status}\n")
        out.flush()
        for seq, event in enumerate(EVENTS, 2):
            run = runs.fire(run.id, event, **payload_for(event))
            out.write(f"{run.id} {seq} {run.status}\n")
            out.flush()


def warm() -> None:
    """Let one run live in memory: what is compiled at first use is compiled once, not in every forked writer."""
    runs: Runs[Run] = Runs(MemoryStore())
    run = runs.create(thread_id="t", assistant_id="a")
    for event in EVENTS:
        runs.fire(run.id, event, **payload_for(event))


def fork_writer(target: str, log: Path) -> int:
    """A writer as a process of its own: forked, for it must be quick; nothing of the parent's is used in it."""
    pid = os.fork()
    if pid:
        return pid
    try:
        fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(fd, 1)
        sys.stdout = os.fdopen(1, "w", buffering=1)
        write_for_ever(target)
    except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
        with contextlib.suppress(OSError):
            log.with_suffix(".error").write_text(f"{error!r} {error.__cause__!r}", encoding="utf-8")
    finally:
        os._exit(1)


def kill_writers(target: str, folder: Path, kills: int, seed: int, writers: int = 3) -> Tally:
    """SIGKILL writers at random moments, `kills` times; then look at what is left."""
    tally = Tally(f"kill {'postgres' if target.startswith('postgresql') else target.partition(':')[0]}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    opened(target).close()  # the schema stands before anybody is killed
    warm()
    alive: dict[int, Path] = {}
    logs = folder / f"acknowledged-{seed}"
    logs.mkdir()
    killed = 0
    try:
        while killed < kills:
            while len(alive) < writers:
                log = logs / f"{killed}-{len(alive)}"
                alive[fork_writer(target, log)] = log
            pid = next(iter(alive))  # the one that has lived longest; two of three have begun to write
            if chance.random() < 0.67:
                patience = time.monotonic() + 5
                while not alive[pid].exists() or not alive[pid].stat().st_size:
                    if time.monotonic() > patience:
                        break
                    time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.01))
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            del alive[pid]
            killed += 1
            if not os.WIFSIGNALED(status):
                tally.counts["FAULT writer failed"] += 1
                tally.notes += [file.read_text() for file in logs.glob("*.error")]
    finally:
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    tally.counts["kills"] += killed
    with opened(target) as store:  # type: ignore[attr-defined]
        if isinstance(store, SqliteStore):
            with store.transaction(write=False) as tx:
                if [row[0] for row in tx._run("PRAGMA integrity_check", {}).rows] != ["ok"]:
                    tally.counts["FAULT integrity"] += 1
        lines = (line for log in logs.iterdir() for line in log.read_text().split("\n"))
        words = (line.split(" ") for line in lines)
        acknowledged = [
            (w[0], int(w[1]), w[2]) for w in words if len(w) == 3 and w[2] in Runs(store).lifecycle.statuses
        ]
        check_journals(store, tally, acknowledged)
    tally.seconds = time.monotonic() - began
    return tally


# -- T3: backends terminated, the request repeated with its key --------------------------------------------------------


def end_backends(url: str, count: int, seed: int, writers: int = 3) -> Tally:
    """End backends under writers who repeat each request with its key until it is answered."""
    tally = Tally("end backends", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    over = threading.Event()
    acknowledged: list[tuple[str, int, str]] = []
    retries = Counter[str]()
    keys: list[str] = []

    def insist(act: Callable[[], T]) -> T:
        while True:
            try:
                return act()
            except (StoreUnavailable, StoreBusy) as error:
                retries[getattr(error, "outcome", "busy")] += 1

    def write(number: int) -> None:
        with insist(lambda: PostgresStore(url, max_connections=2)) as store:
            runs: Runs[Run] = insist(lambda: Runs(store))
            turn = 0
            while not over.is_set():
                turn += 1
                key = f"{seed}-{number}-{turn}"
                keys.append(key)
                run = insist(lambda key=key: runs.create(thread_id="t", assistant_id="a", key=key))  # type: ignore[misc]
                acknowledged.append((run.id, 1, run.status))
                for seq, event in enumerate(EVENTS, 2):
                    again = insist(
                        lambda run=run, event=event, seq=seq: runs.fire(  # type: ignore[misc]
                            run.id, event, key=f"{seq}", **payload_for(event)
                        )
                    )
                    acknowledged.append((run.id, seq, again.status))

    def guarded(number: int) -> None:
        try:
            write(number)
        except BaseException as error:  # noqa: BLE001 - a writer that is gone must be seen, not waited for
            tally.counts["FAULT writer failed"] += 1
            tally.notes.append(f"{error!r} {error.__cause__!r}")
            over.set()

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(writers)]
    PostgresStore(url).close()
    for thread in threads:
        thread.start()
    with psycopg.connect(url, autocommit=True) as admin:
        while tally.counts["ended"] < count and not over.is_set():
            before, patience = len(acknowledged), time.monotonic() + 0.2
            while chance.random() < 0.9 and len(acknowledged) == before and time.monotonic() < patience:
                time.sleep(0.002)  # most backends are ended at work, some before anything is done
            rows = admin.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            ).fetchall()
            if rows:
                admin.execute("SELECT pg_terminate_backend(%s)", (chance.choice(rows)[0],))
                tally.counts["ended"] += 1
            time.sleep(chance.uniform(0.0, 0.01))
    over.set()
    for thread in threads:
        thread.join()
    tally.counts["repeated"] += sum(retries.values())
    tally.counts["repeated, outcome unknown"] += retries["unknown"]
    with PostgresStore(url) as store:
        check_journals(store, tally, acknowledged)
        runs: Runs[Run] = Runs(store)
        total = 0
        after: str | None = None
        while True:
            page = runs.list(limit=500, after=after)
            total += len(page.runs)
            if (after := page.after) is None:
                break
        if total != len(keys):
            tally.counts["FAULT applied twice"] += abs(total - len(keys))
    tally.seconds = time.monotonic() - began
    return tally


# -- T4: the whole server killed ---------------------------------------------------------------------------------------


def kill_server(server: Server, folder: Path, times: int, seed: int) -> Tally:
    """SIGKILL the server under writers, start it again, and look."""
    tally = Tally("kill server", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    url = server.new_database()
    PostgresStore(url).close()
    warm()
    for turn in range(times):
        logs = [folder / f"server-{seed}-{turn}-{n}" for n in range(2)]
        pids = [fork_writer(url, log) for log in logs]
        time.sleep(chance.uniform(0.2, 0.6))
        server.kill()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        server.restart_after_kill()
        tally.counts["server kills"] += 1
        words = [line.split(" ") for log in logs if log.exists() for line in log.read_text().split("\n")]
        with PostgresStore(url) as store:
            statuses = Runs(store).lifecycle.statuses
            check_journals(store, tally, [(w[0], int(w[1]), w[2]) for w in words if len(w) == 3 and w[2] in statuses])
    tally.seconds = time.monotonic() - began
    return tally


# -- T5: races ---------------------------------------------------------------------------------------------------------

RACERS = (
    "cancel", "complete", "fail", "expire", "require_action", "submit_tool_outputs", "confirm_cancel", "end_incomplete",
)  # fmt: skip
PAIRS = [(a, b) for i, a in enumerate(RACERS) for b in RACERS[i:]]
STARTS = ("in_progress", "requires_action", "cancelling", "queued")


def races(stores: Sequence[Store], count: int, seed: int) -> Tally:
    """All pairs of events at the same time, from a status where one of them is legal; now and then four at once."""
    tally = Tally(f"races {stores[0].info()['engine']}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    drivers: list[Runs[Run]] = [Runs(store) for store in stores]
    for turn in range(count):
        events = PAIRS[turn % len(PAIRS)] if turn % 5 else tuple(chance.choices(RACERS, k=4))
        starts = [s for s in STARTS if any(drivers[0].lifecycle.transition(s, e) for e in events)]
        run_id = _run_in(drivers[0], chance.choice(starts))
        before = drivers[0].row(run_id).rev
        acts = [
            partial(drivers[n % len(drivers)].fire, run_id, event, rev=before, **payload_for(event))
            for n, event in enumerate(events)
        ]
        outcomes = together(acts)
        won = [o for o in outcomes if isinstance(o, Run)]
        tally.counts["races"] += 1
        legal = any(isinstance(o, Run) for o in outcomes)
        if len(won) > 1:
            tally.counts["FAULT two winners"] += 1
        if not won and not any(isinstance(o, GuardFailed) for o in outcomes):  # of a run whose time is not over yet
            tally.counts["FAULT nobody won"] += 1
        for outcome in outcomes:
            if not isinstance(outcome, Run):
                tally.counts[f"lost as {type(outcome).__name__}"] += 1
                if not isinstance(outcome, Conflict | IllegalTransition | GuardFailed):
                    tally.counts["FAULT untyped loser"] += 1
                elif not isinstance(outcome, GuardFailed) and outcome.winner is None:
                    tally.counts["FAULT unnamed winner"] += 1
        moved = drivers[0].row(run_id).rev - before
        if moved != int(legal):
            tally.counts["FAULT moved otherwise than acknowledged"] += 1
        try:
            assert_sound(drivers[0], run_id)
        except AssertionError:
            tally.counts["FAULT illegal journal"] += 1
    tally.seconds = time.monotonic() - began
    return tally


def _run_in(runs: Runs[Run], status: str) -> str:
    """A run in a status, started before if the status lets it be, with its time to live over or nearly so."""
    run_id = runs.create(thread_id="t", assistant_id="a", ttl=1).id
    path = {
        "queued": (),
        "in_progress": ("start",),
        "requires_action": ("start", "require_action"),
        "cancelling": ("start", "cancel"),
    }[status]
    for event in path:
        runs.fire(run_id, event, **payload_for(event))
    return run_id


# -- T6: claims by processes -------------------------------------------------------------------------------------------


def claims_by_processes(target: str, folder: Path, count: int, processes: int, seed: int) -> Tally:
    """Processes claim and complete until nothing is left: each run once, and none of them goes without."""
    tally = Tally(f"claims {'postgres' if target.startswith('postgresql') else 'sqlite'}", seed=seed)
    with opened(target) as store:  # type: ignore[attr-defined]
        runs: Runs[Run] = Runs(store)
        ids = {runs.create(thread_id="t", assistant_id="a", ttl=86400).id for _ in range(count)}
    gate = folder / f"gate-{seed}"
    logs = [folder / f"claims-{seed}-{n}" for n in range(processes)]
    command = [sys.executable, "-m", "tests.crash", "claim", target, str(gate)]
    workers = [subprocess.Popen([*command, str(log)], cwd=ROOT, env=unmeasured.environment()) for log in logs]
    while not all(log.exists() for log in logs):
        time.sleep(0.01)
    began = time.monotonic()
    gate.touch()
    for worker in workers:
        if worker.wait() != 0:
            tally.counts["FAULT worker failed"] += 1
    tally.seconds = time.monotonic() - began
    taken = [log.read_text().split() for log in logs]
    every = [run_id for some in taken for run_id in some]
    tally.counts["claims"] += len(every)
    tally.counts["FAULT double claims"] += len(every) - len(set(every))
    tally.counts["FAULT missing"] += len(ids - set(every))
    tally.counts["smallest share"] = min(map(len, taken))
    if tally.counts["smallest share"] < count / (4 * processes):
        tally.counts["FAULT unfair"] += 1
    with opened(target) as store:  # type: ignore[attr-defined]
        runs = Runs(store)
        left = runs.list(status=[s for s in runs.lifecycle.statuses if s not in runs.lifecycle.terminal]).runs
        tally.counts["FAULT not completed"] += len(left)
    return tally


def claim_until_empty(target: str, gate: Path, log: Path) -> None:
    """A process of `claims_by_processes`."""
    runs: Runs[Run] = Runs(opened(target))
    with log.open("w") as out:
        while not gate.exists():
            time.sleep(0.005)
        while (claim := runs.claim(f"process {os.getpid()}")) is not None:
            out.write(claim.run_id + "\n")
            runs.complete(claim.run_id, claim=claim)


# -- T7: a holder that is stopped and comes back -----------------------------------------------------------------------


def zombies(target: str, count: int, seed: int) -> Tally:
    """SIGSTOP a holder past its lease, let another one take the run, SIGCONT: whatever it does then is refused."""
    tally = Tally(f"zombies {'postgres' if target.startswith('postgresql') else 'sqlite'}", seed=seed)
    began = time.monotonic()
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.crash", "zombie", target]
    lease = 0.02
    with opened(target) as store:  # type: ignore[attr-defined]
        runs: Runs[Run] = Runs(store, max_attempts=None)
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=unmeasured.environment(),
        ) as holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            for _ in range(count):
                runs.create(thread_id="t", assistant_id="a")
                act = chance.choice(("complete", "heartbeat", "require_action", "release"))
                holder.stdin.write(f"claim {lease}\n")
                holder.stdin.flush()
                run_id = holder.stdout.readline().strip()
                holder.send_signal(signal.SIGSTOP)
                time.sleep(lease)
                while run_id not in runs.sweep().freed:
                    time.sleep(0.002)
                taken = runs.claim("another", lease=60)
                before = runs.row(run_id)
                holder.send_signal(signal.SIGCONT)
                holder.stdin.write(f"{act}\n")
                holder.stdin.flush()
                said = holder.stdout.readline().strip()
                tally.counts["zombies"] += 1
                if said != "LeaseLost" or runs.row(run_id) != before:
                    tally.counts["FAULT stale write"] += 1
                assert taken is not None
                if taken.run_id != run_id:
                    tally.counts["FAULT wrong claim"] += 1
                runs.complete(run_id, claim=taken)
            holder.stdin.close()
            holder.wait(30)
    tally.seconds = time.monotonic() - began
    return tally


def be_a_zombie(target: str) -> None:
    """A process of `zombies`: obeys lines from standard input."""
    runs: Runs[Run] = Runs(opened(target), max_attempts=None)
    claim: Any = None
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "claim":
            claim = runs.claim("zombie", lease=float(rest[0]))
            said = str(claim.run_id)
        else:
            said = _attempt(runs, claim, word)
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


def _attempt(runs: Runs[Run], claim: Any, word: str) -> str:
    try:
        if word in ("heartbeat", "release"):
            getattr(runs, word)(claim)
        else:
            runs.fire(claim.run_id, word, claim=claim, **payload_for(word))
    except RunstateError as error:
        return type(error).__name__
    return "done"


if __name__ == "__main__":
    if sys.argv[1] == "claim":
        claim_until_empty(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    elif sys.argv[1] == "zombie":
        be_a_zombie(sys.argv[2])
