"""Simulated histories go the same way compiled and plain; a million of them are ``make test-long PART=fast-ways``."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from runstate import compiled, edge
from runstate.frozen import FrozenDict
from runstate.record import Run, Tool
from tests import fast_ways
from tests.test_engine import run


def test_histories_go_the_same_way_compiled_and_plain() -> None:
    counts: Counter[str] = Counter()
    assert [fault for seed in range(700) for fault in fast_ways.history(Random(seed), counts)] == []
    assert counts["steps compiled"] > counts["steps refused"] > 100
    assert counts["documents read"] > counts["documents refused"] > 100


def test_a_step_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = compiled.steps_of[Run]

    def late(record: Any, event: str, at: Any, *rest: Any) -> Any:
        return steps(record, event, at + 1 if event == "start" else at, *rest)

    monkeypatch.setitem(compiled.steps_of, Run, late)
    assert any("start of" in fault for seed in range(50) for fault in fast_ways.history(Random(seed), Counter()))


def test_bytes_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = edge.dumps_plainly
    monkeypatch.setattr(
        "runstate.codec.dumps_plainly", lambda value: (plainly(value) or b"").replace(b"queued", b"qeued")
    )
    assert any("written as" in fault for seed in range(50) for fault in fast_ways.history(Random(seed), Counter()))


def test_alike_looks_at_types_and_at_what_takes_no_part_in_equality() -> None:
    made = run("queued")
    assert fast_ways.alike(made, run("queued"))
    assert not fast_ways.alike(1, 1.0)
    assert not fast_ways.alike(FrozenDict({"a": 1, "b": 2}), FrozenDict({"b": 2, "a": 1}))
    assert not fast_ways.alike((Tool("a"),), (Tool("a"), Tool("a")))
