"""Every mutant differs in one place, and those that cannot be or cannot be told apart are known."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from runstate import ASSISTANTS_RUN, ASSISTANTS_RUN_STEP, CATALOGUE, Lifecycle
from runstate.lifecycle import PROBLEMS
from runstate.modelling.mutants import mutants
from tests.oracle import CELLS, STATUSES

RUN_MUTANTS = cache(lambda: tuple(mutants(ASSISTANTS_RUN)))
Cells = set[tuple[str | None, str, str]]


def cells(lifecycle: Lifecycle) -> Cells:
    return {(edge.source, str(edge.event), str(edge.target)) for edge in lifecycle.transitions}


def test_there_is_a_mutant_for_each_wrong_value_of_each_cell() -> None:
    found = [(one.source, one.event, one.now) for one in RUN_MUTANTS() if one.kind != "moved"]
    wrong = {(s, e, now) for (s, e), right in CELLS.items() for now in {None, *STATUSES} - {right}}
    assert len(found) == len(set(found)) == 729
    assert set(found) == wrong
    moved = [(one.source, one.event) for one in RUN_MUTANTS() if one.kind == "moved"]
    uses = Counter(event for (_, event), target in CELLS.items() if target is not None)
    assert Counter(moved) == {(None, event): 8 for event, count in uses.items() if count > 1}


@pytest.mark.parametrize("name", ["openai.assistants.run", "openai.batch", "example"])
def test_a_mutant_is_the_lifecycle_with_one_thing_changed(name: str) -> None:
    lifecycle = CATALOGUE.get(name, ASSISTANTS_RUN_STEP)
    before = cells(lifecycle)
    for one in mutants(lifecycle):
        if one.lifecycle is None:
            assert one.problem in PROBLEMS
            assert not one.equivalent
            continue
        after = cells(one.lifecycle)
        gone = {(source, event) for source, event, _ in before - after}
        new = {(source, event) for source, event, _ in after - before}
        if one.kind == "moved":
            assert gone == new == {(e.source, str(e.event)) for e in lifecycle.transitions if e.event == one.event}
            continue
        cell = {(one.source, one.event)}
        expected = {"removed": (cell, set()), "added": (set(), cell), "retargeted": (cell, cell)}
        assert (gone, new) == expected[one.kind]


def test_what_does_not_come_into_being_is_counted_by_its_reason() -> None:
    cell = Counter(one.problem for one in RUN_MUTANTS() if one.kind != "moved")
    assert cell[None] == 61 + 15 + 8
    assert cell.total() == 729
    assert {"two_targets", "unreachable_status", "bad_quirk", "unused_event"} == set(cell) - {None}


def test_only_what_no_run_can_take_is_equivalent() -> None:
    """Once a run has ended its deadline is null, so nothing can expire it, whatever the table says."""
    equivalent = {str(one) for one in RUN_MUTANTS() if one.equivalent}
    assert equivalent == {
        f"expire in {status}: illegal → expired" for status in ("cancelled", "failed", "incomplete", "expired")
    }
