"""Long tests of the judge: what is quick beside what is plain, on as many histories as `GOAL`."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final
from unittest import mock

from runstate import observations
from runstate.conformance.check import Judged, judge, summarise
from runstate.conformance.findings import Finding
from runstate.conformance.monitor import Mode, Monitor
from runstate.lifecycle import Layout, Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.modelling.simulate import simulate

__all__ = ["JUDGE_PARTS", "differences", "histories"]

GOAL: Final = 1_000_000
BATCH: Final = 2000
DAMAGED: Final = 0.1
"""Share of the histories in which one status is lost, doubled, moved or made up."""
Rows = list[tuple[str, str]]


def histories(lifecycle: Lifecycle, runs: int, seed: int) -> Rows:
    """Statuses of simulated runs in the order of time, some of them damaged."""
    chooser = random.Random(seed)  # noqa: S311 - made-up data, not secrets
    rows = [(row.run, row.status) for row in simulate(lifecycle, runs, seed, arrivals=50.0).rows()]
    damaged: Rows = []
    for run, status in rows:
        if chooser.random() < DAMAGED / 4:
            instead = chooser.choice((*lifecycle.statuses, "no status"))
            damaged += chooser.choice(([], [(run, status)] * 2, [(run, instead)], [(run, status), (run, instead)]))
        else:
            damaged.append((run, status))
    return damaged


def differences(lifecycle: Lifecycle, rows: Rows, mode: Mode, line: int | None) -> Iterator[str]:
    """Where the quick way and the plain one differ, in words."""
    quick, plain = Monitor(lifecycle, mode=mode), Monitor(lifecycle, mode=mode)
    found = quick.feed_statuses(rows, line=line)
    expected: list[Finding] = []
    for number, (run, status) in enumerate(rows):
        at = None if line is None else line + number
        expected += plain._status_in_full(run, status, "-", at)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    yield from _compared(f"{lifecycle.name}, {mode}, line {line}", (quick, found), (plain, expected))
    if lifecycle.layout == Layout() and line is not None and lifecycle.name != "agui.run":
        names = (lifecycle.id_field, lifecycle.status_field)
        text = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows).encode()
        quick, found = _checked(lifecycle, text, mode)
        with mock.patch.object(observations, "objects_of", return_value=None):
            plain, expected = _checked(lifecycle, text, mode)
        yield from _compared(f"{lifecycle.name}, {mode}, lines of objects", (quick, found), (plain, expected))


def _checked(lifecycle: Lifecycle, text: bytes, mode: Mode) -> tuple[Monitor, list[Finding]]:
    found: list[Finding] = []
    monitor = Monitor(lifecycle, mode=mode, on_finding=found.append)
    judge((text,), monitor, close=False)
    return monitor, found


def _compared(what: str, ours: tuple[Monitor, list[Finding]], theirs: tuple[Monitor, list[Finding]]) -> Iterator[str]:
    questions: dict[str, Callable[[Monitor], Any]] = {
        "runs": lambda monitor: list(monitor.runs.items()),
        "loose findings": lambda monitor: monitor.loose,
        "observations": lambda monitor: monitor.observations,
        "summaries": lambda monitor: summarise([Judged(file="-", monitor=monitor, size=1)]),
        "ends": lambda monitor: monitor.close(),
    }
    if ours[1] != theirs[1]:
        yield f"{what}: findings differ"
    yield from (f"{what}: {name} differ" for name, ask in questions.items() if ask(ours[0]) != ask(theirs[0]))


def part_quick_judge(goal: int = GOAL, batch: int = BATCH) -> bool:
    """1,000,000 simulated histories, some of them damaged: judged quickly and one by one, with the same outcome."""
    modes: tuple[Mode, ...] = ("auto", "stream", "poll")
    faults: list[str] = []
    done = events = 0
    while done < goal:
        turn = done // batch
        again, place = divmod(turn, len(CATALOGUE))  # every lifecycle in one mode, then in the next
        lifecycle = list(CATALOGUE.values())[place]
        rows = histories(lifecycle, batch, turn)
        mode, line = modes[again % 3], (None, 1)[again // 3 % 2]
        faults += differences(lifecycle, rows, mode, line)
        done, events = done + batch, events + len(rows)
        if turn % 50 == 0:
            print(f"{done} histories, {events} events, {len(faults)} differences", flush=True)
    print(f"{done} histories, {events} events, {len(faults)} differences", *faults[:20], sep="\n")
    return not faults


JUDGE_PARTS: dict[str, Callable[[], bool]] = {"quick-judge": part_quick_judge}
"""Name of each part and the function that runs it."""
