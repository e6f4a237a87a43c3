"""A suite's score is the share of mutants on which it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runstate import ASSISTANTS_RUN, ASSISTANTS_RUN_STEP, CATALOGUE, CallerError
from runstate.modelling.mutants import mutants
from runstate.testing.mutation import FailingSuite, mutation_score
from runstate.testing.systems import Driven, check_system

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

New = Callable[[], Driven]


def thorough(new: New) -> object:
    return check_system(new, ASSISTANTS_RUN, covers=("transitions", "refusals"), refused=(CallerError,)).faults


def happy(new: New) -> None:
    run = new()
    run.create()
    run.fire("start")
    run.fire("complete")
    assert run.status == "completed"


def ends(new: New) -> None:
    """Nothing leaves an end."""
    for end in ("complete", "fail", "cancel", "expire"):
        for event in ("complete", "fail", "cancel", "expire"):
            run = new()
            run.create()
            run.fire(end)
            with pytest.raises(CallerError):
                run.fire(event)


def test_the_covers_kill_every_mutant_of_the_run() -> None:
    score = mutation_score(ASSISTANTS_RUN, thorough)
    assert (score.percent, score.survived, len(score.equivalent)) == (100.0, (), 4)
    every = len(list(mutants(ASSISTANTS_RUN)))
    assert len(score.killed) + len(score.equivalent) + len(score.refused) == every
    assert next(score.lines()) == "openai.assistants.run: the suite kills 100 % of the table's mutants, 80 of 80"


@pytest.mark.parametrize("name", ["openai.batch", "agui.run", "mcp.tasks.ext", "airflow.dagrun", "openlineage.run"])
def test_so_do_those_of_other_lifecycles(name: str) -> None:
    lifecycle = CATALOGUE[name]
    covers: Any = ("transitions", "refusals")
    score = mutation_score(lifecycle, lambda new: check_system(new, lifecycle, covers=covers).faults)
    assert score.survived == ()
    assert score.killed != ()


def test_the_path_that_goes_well_kills_few_and_the_rest_is_named() -> None:
    score = mutation_score(ASSISTANTS_RUN, happy)
    assert 0 < len(score.killed) < 8
    assert {one.event for one in score.killed} <= {"start", "complete"}
    assert any("cancel in completed: illegal → cancelling" in line for line in score.lines())
    assert len(list(score.lines())) == len(score.survived) + 2


def test_what_a_suite_answers_counts_as_what_it_raises() -> None:
    raised = mutation_score(ASSISTANTS_RUN_STEP, ends)
    assert raised.percent == 100.0  # pytest.raises fails by an exception that is no Exception

    def answers(new: New) -> list[str]:
        try:
            ends(new)
        except BaseException as failure:  # noqa: BLE001 - pytest's own
            return [str(failure)]
        return []

    assert mutation_score(ASSISTANTS_RUN_STEP, answers) == raised
    assert mutation_score(ASSISTANTS_RUN_STEP, lambda _new: None).percent == 0


def test_a_suite_that_fails_anyway_says_nothing() -> None:
    def wrong(new: New) -> None:
        run = new()
        run.create()
        assert run.status == "completed"

    with pytest.raises(FailingSuite) as caught:
        mutation_score(ASSISTANTS_RUN_STEP, wrong)
    assert isinstance(caught.value.failure, AssertionError)


def test_ctrl_c_is_no_kill() -> None:
    calls: list[Driven] = []

    def interrupted(new: New) -> None:
        calls.append(new())
        if len(calls) > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mutation_score(ASSISTANTS_RUN_STEP, interrupted)
