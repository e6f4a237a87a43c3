"""A million histories, half of them edited: no legal one is flagged, no edit is missed.

    RUNSTATE_HISTORIES=100000 python -m pytest -m long -s tests/long/test_judge_long.py

Each task has a seed of its own, so the result does not depend on how many workers share the tasks.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from runstate.conformance.findings import Severity
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.testing.edits import EDITS, some_edit
from runstate.testing.histories import history
from tests.testing.judging import CATALOGUED, LIFECYCLES, fed, found, observed

HISTORIES = int(os.environ.get("RUNSTATE_HISTORIES", "1000000"))
WORKERS = 2
EVERY = (*LIFECYCLES, *CATALOGUED)
TASK = 1000
"""Histories in one task: as many legal ones as edited ones."""


@attrs.frozen
class Outcome:
    """What came of one task."""

    legal: int
    edited: int
    items: int
    kinds: Counter[str]
    false_alarms: tuple[str, ...]
    missed: tuple[str, ...]


def task(number: int) -> Outcome:
    """Histories from one seed, each judged as it is and with one thing wrong in it."""
    chooser = random.Random(number)
    kinds: Counter[str] = Counter()
    legal = edited = items = 0
    false_alarms: list[str] = []
    missed: list[str] = []
    while legal + edited < TASK:
        lifecycle, log = _log(chooser, legal)
        legal += 1
        items += len(log)
        for index, findings in enumerate(fed(observed(log), lifecycle)):
            false_alarms += [
                f"task {number}, history {legal}, {lifecycle.name}, item {index}: {finding.code} {finding.message}"
                for finding in findings
                if finding.severity is Severity.ERROR
            ]
        edit = some_edit(log, chooser, lifecycle)
        if edit is None:
            continue
        edited += 1
        kinds[edit.name] += 1
        items += len(edit.events)
        codes = [finding.code for finding in found(attrs.evolve(edit, events=observed(edit.events)), lifecycle)]
        if not set(codes) & set(edit.codes):
            missed.append(f"task {number}, history {legal}, {lifecycle.name}: {edit}; found there: {codes}")
    return Outcome(legal, edited, items, kinds, tuple(false_alarms), tuple(missed))


def _log(chooser: random.Random, number: int) -> tuple[Lifecycle, Sequence[Any]]:
    """A stream or polls; two of three of the assistant's run, which has the most rules."""
    lifecycle = ASSISTANTS_RUN if chooser.randint(0, 2) else chooser.choice(EVERY)
    parts = bool(chooser.randint(0, 2))
    one = history(lifecycle, chooser, number=number + 1, parts=parts, complete=bool(chooser.randint(0, 3)))
    if parts or chooser.randint(0, 1):
        return lifecycle, one.stream() or one.polls()
    return lifecycle, one.polls([chooser.choice((1, 0, 2, 3)) for _ in one.steps]) or one.polls()


@pytest.mark.long
def test_no_history_is_misjudged() -> None:
    started = time.perf_counter()
    tasks = range(-(-HISTORIES // TASK))
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        outcomes = list(pool.imap_unordered(task, tasks))
    seconds = time.perf_counter() - started
    kinds: Counter[str] = sum((outcome.kinds for outcome in outcomes), Counter())
    false_alarms = [text for outcome in outcomes for text in outcome.false_alarms]
    missed = [text for outcome in outcomes for text in outcome.missed]
    legal, edited = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("legal", "edited"))
    print(  # noqa: T201 - the figures are what this is run for
        f"\n{legal + edited} histories ({legal} legal, {edited} edited in {len(kinds)} ways), "
        f"{sum(outcome.items for outcome in outcomes)} observations, {seconds:.0f} s with {WORKERS} workers: "
        f"{len(missed)} misses, {len(false_alarms)} false alarms; rarest edit: {min(kinds.items(), key=lambda i: i[1])}"
    )
    assert false_alarms[:5] == []
    assert missed[:5] == []
    assert set(kinds) == set(EDITS) or HISTORIES < 100_000


def test_a_task_is_the_same_whoever_does_it() -> None:
    assert attrs.evolve(task(1), items=0) == attrs.evolve(task(1), items=0)
