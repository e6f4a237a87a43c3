"""What a run costs as others pile up: a step by how long the run's history is and by how many runs are live, and memory.

A record does not know its past, so that a step must cost the same after a thousand others.  Among 100,000 live runs it
costs what any object costs that the processor's caches no longer hold: the same is measured of ``attrs.evolve``.
"""

from __future__ import annotations

import gc
import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import attrs
import orjson
from openai._models import construct_type
from openai.types.beta.threads import Run as SdkRun

from benchmarks.codec import DOCUMENT
from benchmarks.side_by_side import Target, measured, report, report_bytes
from benchmarks.transition import ACTION, NOW, OUTPUTS, new_run
from runstate import Run, apply, decode

MEASURED = 5_000
"""Runs in memory at once."""


def cycle(run: Run) -> Run:
    """Three steps, after which the run is where it was."""
    run = apply(run, "start", at=NOW).run
    run = apply(run, "require_action", at=NOW, required_action=ACTION).run
    return apply(run, "submit_tool_outputs", at=NOW, tool_outputs=OUTPUTS).run


def after(cycles: int) -> Callable[[], object]:
    """A cycle of a run that has so many behind it."""
    run = new_run()
    for _ in range(cycles):
        run = cycle(run)
    return lambda: cycle(run)


def among(runs: int, step: Callable[[Run], Run] = cycle) -> Callable[[], object]:
    """A cycle of one of so many live runs, each in its turn, the new record in the place of the old one."""
    live = [decode(_document(number)) for number in range(runs)]
    turns = itertools.cycle(range(runs))

    def one() -> object:
        turn = next(turns)
        live[turn] = run = step(live[turn])
        return run

    return one


def by_hand(run: Run) -> Run:
    """Three records by ``attrs.evolve``."""
    run = attrs.evolve(run, status="in_progress", started_at=NOW)
    run = attrs.evolve(run, status="requires_action", required_action=ACTION)
    return attrs.evolve(run, status="queued", required_action=None)


def _document(number: int) -> bytes:
    started = {"status": "queued", "required_action": None, "expires_at": NOW + 600}
    return orjson.dumps(DOCUMENT | {"id": f"run_{number}"} | started)


def size(make: Callable[[bytes], Any]) -> float:
    """Bytes that one more object takes, measured over `MEASURED` of them."""
    documents = [_document(number) for number in range(MEASURED)]
    make(documents[0])
    gc.collect()
    tracemalloc.start()
    kept = [make(document) for document in documents]
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / len(kept)


def size_of_a_step() -> float:
    """Bytes that each further record of a run takes, where all are kept: it shares what did not change."""
    run = decode(_document(0))
    cycle(run)
    gc.collect()
    tracemalloc.start()
    kept: list[Run] = []
    for _ in range(MEASURED):
        run = cycle(run)
        kept.append(run)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return taken / len(kept)


def run() -> None:
    """Three steps a call; then sizes."""
    histories = {f"after {events:,} events": after(events // 3) for events in (0, 10, 1_000)}
    names = list(histories)
    report("history", measured(histories), [Target(name, names[0], "<=", 1.1) for name in names[1:]])
    live = {f"among {runs:,} live runs": among(runs) for runs in (1, 1_000, 100_000)}
    live["attrs.evolve, 1 live run"] = among(1, by_hand)
    live["attrs.evolve, 100,000 live runs"] = among(100_000, by_hand)
    one, thousand, most, *_ = live
    report("live runs", measured(live), [Target(thousand, one, "<=", 1.1), Target(most, one, "<=", 1.5)])
    del live
    sizes = {
        "a run": size(decode),
        "a plain dict": size(orjson.loads),
        "the SDK's model": size(lambda data: construct_type(type_=SdkRun, value=orjson.loads(data))),
        "each further record of a run": size_of_a_step(),
    }
    report_bytes(
        "memory",
        sizes,
        [
            Target("a run", "a plain dict", "<=", 1.5),
            Target("a run", "the SDK's model", "<=", 1),
            Target("each further record of a run", "a plain dict", "<=", 0.1),
        ],
    )
