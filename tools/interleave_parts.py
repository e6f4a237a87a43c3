"""Long tests that walk or play much: schedules of statements, clocks that step, commands on all stores, mutants.

They go on where they were stopped, and count in the same file as `tools.store_parts`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tools import mutation
from tools.store_parts import RESULTS, load, run


def _interleavings() -> bool:
    """All schedules of the statements of two actors, on SQLite in both journal modes and on PostgreSQL."""
    from tests.interleave_scenarios import SCENARIOS
    from tests.postgres import shared_server

    targets: Mapping[str, Callable[[Path], str]] = {
        "delete": lambda folder: f"delete:{folder / 'runs.db'}",
        "wal": lambda folder: f"wal:{folder / 'runs.db'}",
        "postgres": lambda _: shared_server().new_database(),
    }

    def walked(part: str, target: Callable[[Path], str]) -> bool:
        def batch(folder: Path, _seed: int) -> Any:
            done = load(RESULTS).get(part, {"counts": {}})["counts"].get("scenarios", 0)
            return walk(part, target(folder), list(SCENARIOS)[done])

        return run(part, "scenarios", len(SCENARIOS), batch)

    passed = [
        walked(f"interleavings-{name}", target) for name, target in targets.items()
    ]  # each, whatever the others say
    return all(passed)


def walk(part: str, target: str, name: str) -> Any:
    """All schedules of one scenario, as a tally."""
    from runstate.stores import sqlite
    from tests.crash import Tally
    from tests.interleave import Bench, Depth, Fault, explore
    from tests.interleave_scenarios import SCENARIOS

    sqlite._FIRST_PAUSE = 0.0  # type: ignore[misc]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the scheduler says when to look again
    tally = Tally(part)
    began = time.monotonic()
    bench = Bench(target, Depth.FULL)
    try:
        for counts, _ in explore(bench, SCENARIOS[name]):
            tally.counts["schedules"] = counts.schedules
            tally.counts["schedules in which somebody waited"] = counts.waited
    except Fault as fault:
        tally.counts["FAULT " + name] += 1
        tally.notes.append(str(fault))
    finally:
        bench.close()
    tally.counts["scenarios"] += 1
    tally.seconds = time.monotonic() - began
    return tally


def _clocks() -> bool:
    """200,000 steps of the clock on each store, and 20,000 claims by hosts whose clocks are ten minutes apart."""
    from runstate.stores import MemoryStore
    from runstate.stores.sqlite import SqliteStore
    from tests import clock_steps

    def on_disk(folder: Path, seed: int) -> Any:
        with SqliteStore(folder / "runs.db") as store:
            return clock_steps.clock_steps(store, 2000, seed)

    def hosts(folder: Path, seed: int) -> Any:
        with SqliteStore(folder / "runs.db") as first, SqliteStore(folder / "runs.db") as second:
            return clock_steps.two_hosts((first, second), 500, seed)

    passed = [
        run("clocks-memory", "steps", 200_000, lambda _, seed: clock_steps.clock_steps(MemoryStore(), 2000, seed)),
        run("clocks-sqlite", "steps", 200_000, on_disk),
        run("clocks-hosts", "claims", 20_000, hosts),
    ]
    return all(passed)


def _equal() -> bool:
    """20,000 examples of a hundred commands, played on every store."""
    return run("equal", "examples", 20_000, equal_stores)


def equal_stores(folder: Path, seed: int, examples: int = 50) -> Any:
    """Some examples from a seed, as a tally."""
    import hypothesis
    from hypothesis import strategies as st

    from runstate.stores import MemoryStore
    from runstate.stores.postgres import PostgresStore
    from runstate.stores.sqlite import SqliteStore
    from tests.crash import Tally
    from tests.player import COMMAND, Command, play_on
    from tests.postgres import shared_server

    tally = Tally("equal", seed=seed)
    began = time.monotonic()
    stores = MemoryStore(), SqliteStore(folder / "runs.db"), PostgresStore(shared_server().new_database())

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=[
            hypothesis.HealthCheck.too_slow,
            hypothesis.HealthCheck.data_too_large,
            hypothesis.HealthCheck.large_base_example,
        ],
    )
    @hypothesis.given(st.lists(COMMAND, min_size=100, max_size=100))
    def play(commands: list[Command]) -> None:
        tally.counts["examples"] += 1
        tally.counts["commands"] += len(commands)
        play_on(stores, f"tenant {tally.counts['examples']}", commands)

    try:
        play()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, and the next seed is tried
        tally.counts["FAULT stores differ"] += 1
        tally.notes.append(f"{error!r} {getattr(error, '__notes__', '')}"[:20_000])
    finally:
        for store in stores:
            store.close()
    tally.seconds = time.monotonic() - began
    return tally


INTERLEAVE_PARTS: Mapping[str, Callable[[], bool]] = {
    "interleavings": _interleavings,
    "clocks": _clocks,
    "equal": _equal,
    "mutation": mutation.part,
}
"""For `tools.long`, which runs them by name."""
