"""Covers as pytest parameters."""

from __future__ import annotations

import pytest

from runstate import ASSISTANTS_RUN, ASSISTANTS_RUN_STEP
from runstate.modelling.covers import Path, Refusal, pair_cover, refusals, simple_paths, transition_cover
from runstate.testing.covering import parametrize_cover
from runstate.testing.systems import Driven


@parametrize_cover(ASSISTANTS_RUN, "transitions")
def test_paths_come_one_a_test(path: Path) -> None:
    run = Driven(ASSISTANTS_RUN)
    run.create(path.events[0])
    for event in path.events[1:]:
        run.fire(event)
    assert run.status == path.statuses[-1]


@parametrize_cover(ASSISTANTS_RUN_STEP, "refusals", argument="one")
def test_refusals_do_too(one: Refusal) -> None:
    run = Driven(ASSISTANTS_RUN_STEP)
    run.create()
    for event in one.path.events[1:]:
        run.fire(event)
    with pytest.raises(Exception, match=one.event):
        run.fire(one.event)


def test_each_kind_gives_its_cases_under_names_of_their_own() -> None:
    cases = {
        "transitions": transition_cover(ASSISTANTS_RUN).paths,
        "pairs": pair_cover(ASSISTANTS_RUN).paths,
        "simple": tuple(simple_paths(ASSISTANTS_RUN)),
        "refusals": refusals(ASSISTANTS_RUN),
    }
    for kind, expected in cases.items():
        mark = parametrize_cover(ASSISTANTS_RUN, kind)  # type: ignore[arg-type]
        argument, values = mark.mark.args
        assert argument == ("refusal" if kind == "refusals" else "path")
        assert tuple(values) == expected
        ids = mark.mark.kwargs["ids"]
        assert len(set(ids)) == len(expected)
        assert all(len(one) < 60 for one in ids)
    assert parametrize_cover(ASSISTANTS_RUN, "refusals").mark.kwargs["ids"][0] == "queued-require_action"
    strict = parametrize_cover(ASSISTANTS_RUN, "pairs", strict=True).mark.args[1]
    assert tuple(strict) == pair_cover(ASSISTANTS_RUN, strict=True).paths
