"""The mappings that ship: right, honest about what is lost, and wrong as soon as one entry changes sides."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from runstate.conformance.findings import Severity
from runstate.errors import BadMapping
from runstate.lifecycle import Basis
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.outcomes import COARSER, OUTCOMES, Outcome, outcome_of
from runstate.modelling.mapping import As, LifecycleMapping
from runstate.modelling.mapping_check import check_mapping, round_trip, sound
from runstate.modelling.mapping_draft import draft_mapping
from runstate.modelling.mappings import MAPPINGS

ALL = list(MAPPINGS.values())


def changed(mapping: LifecycleMapping, status: str, reading: str | None) -> LifecycleMapping:
    entry = As(reading, Basis.INFERRED, why="a mutant")
    return attrs.evolve(mapping, statuses={**mapping.statuses, status: entry})


@pytest.mark.parametrize("mapping", ALL, ids=lambda mapping: mapping.name)
def test_a_declared_mapping_is_right(mapping: LifecycleMapping) -> None:
    report = sound(mapping)
    assert [image for image in report.images if image.kind == "refused"] == []
    warned = {one.code for one in report.problems if one.severity is Severity.WARNING}
    assert report.translates_all == (not warned)
    if not mapping.reopens:
        assert warned >= {"reopening"}
    assert MAPPINGS[mapping.source.name, mapping.target.name] is mapping


@pytest.mark.parametrize("mapping", ALL, ids=lambda mapping: mapping.name)
def test_no_entry_may_change_sides(mapping: LifecycleMapping) -> None:
    """Every single entry, set to every status of the other kind, is refused with a history that comes to it."""
    within = {status for image in check_mapping(mapping).images for status in (image.transition.target,)}
    mutants = 0
    for status in mapping.source.statuses:
        for reading in mapping.target.statuses:
            if (status in mapping.source.terminal) == (reading in mapping.target.terminal) or status not in within:
                continue
            mutants += 1
            mutant = changed(mapping, status, reading)
            with pytest.raises(BadMapping) as caught:
                sound(mutant)
            assert caught.value.history
            code = "end_lives" if status in mapping.source.terminal else "live_ends"
            (fault,) = check_mapping(mutant).of(code)
            assert fault.statuses == (str(status),)
            assert fault.history[-1] == status
            at: str | None = None
            for seen in fault.history:
                assert any(edge.target == seen for edge in mapping.source.legal(at))
                at = seen
    assert mutants > 0


@pytest.mark.parametrize("mapping", ALL, ids=lambda mapping: mapping.name)
def test_success_and_failure_are_never_taken_for_each_other(mapping: LifecycleMapping) -> None:
    wrong = {Outcome.SUCCESS: Outcome.FAILURE, Outcome.FAILURE: Outcome.SUCCESS, Outcome.CANCELLED: Outcome.SUCCESS}
    for status in mapping.source.terminal:
        meant = outcome_of(mapping.source.name, status)
        for reading in mapping.target.terminal:
            if meant in wrong and outcome_of(mapping.target.name, reading) is wrong.get(meant or Outcome.UNTOLD):
                assert check_mapping(changed(mapping, status, reading)).of("outcome")


ASKED = [
    "a2a.task", "mcp.tasks.2025-11-25", "mcp.tasks.ext", "langgraph.run", "openai.responses.response",
    "temporal.workflow", "prefect.flow_run", "aws.sfn.execution", "airflow.dagrun", "openlineage.run",
]  # fmt: skip


@pytest.mark.parametrize("other", ASKED)
def test_the_assistants_run_has_a_mapping_there_and_back(other: str) -> None:
    there, back = MAPPINGS["openai.assistants.run", other], MAPPINGS[other, "openai.assistants.run"]
    assert there.source is back.target is CATALOGUE["openai.assistants.run"]
    lost = {loss.status for loss in round_trip(there, back)}
    assert "completed" not in lost
    assert "failed" not in lost
    # what comes back from the other side comes back as it was, or the mapping says that it is one of several
    report = check_mapping(back)
    merged = {status for one in report.of("merged") for status in one.statuses}
    untold = {status for code in ("untold", "untold_end") for one in report.of(code) for status in one.statuses}
    unreached = set(back.source.statuses) - {image.transition.target for image in report.images}
    hidden = {loss.status for loss in round_trip(back, there)}
    held = {s for s in back.source.statuses if back.image(s) is not None and there.image(str(back.image(s))) is None}
    assert hidden <= merged | untold | unreached | held


def test_two_versions_of_one_protocol_lose_nothing() -> None:
    for one, other in (("a2a.task", "a2a.task.v0.3"), ("mcp.tasks.2025-11-25", "mcp.tasks.ext")):
        for there, back in (((one, other), (other, one)), ((other, one), (one, other))):
            assert round_trip(MAPPINGS[there], MAPPINGS[back]) == ()
            assert check_mapping(MAPPINGS[there]).problems == ()
    assert MAPPINGS["a2a.task.v0.3", "a2a.task"].image("input-required") == "TASK_STATE_INPUT_REQUIRED"


# --- what an end means ------------------------------------------------------------------------------------------------


def test_every_end_of_the_catalogue_has_an_outcome_and_nothing_else_has() -> None:
    wanted: dict[str, Any] = {name: {str(s) for s in lifecycle.terminal} for name, lifecycle in CATALOGUE.items()}
    assert {name: set(ends) for name, ends in OUTCOMES.items()} == wanted


def test_what_is_coarser_is_an_order() -> None:
    assert set(COARSER) == set(Outcome)
    for outcome, coarser in COARSER.items():
        assert outcome not in coarser
        for other in coarser:
            assert COARSER[other] <= coarser


def test_a_lifecycle_of_ones_own_has_no_outcomes() -> None:
    assert outcome_of("mine", "completed") is None
    assert outcome_of("openai.assistants.run", "queued") is None


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_exists_for_any_two_lifecycles() -> None:
    names = ["openai.assistants.run", "a2a.task", "celery.task", "langgraph.thread", "k8s.job", "agui.entity"]
    for one in names:
        for other in names:
            draft = draft_mapping(CATALOGUE[one], CATALOGUE[other])
            assert {basis for entry in draft.statuses.values() for basis in entry.basis} == {Basis.INFERRED}
            assert check_mapping(draft).of("outcome") == ()
            assert check_mapping(draft).of("live_ends") == ()
            assert check_mapping(draft).of("end_lives") == ()


def test_a_draft_goes_by_name_then_by_outcome_then_by_place() -> None:
    draft = draft_mapping(CATALOGUE["openai.assistants.run"], CATALOGUE["a2a.task"])
    assert {str(status): draft.image(status) for status in draft.source.statuses} == {
        "queued": "TASK_STATE_SUBMITTED",
        "in_progress": "TASK_STATE_WORKING",
        "requires_action": "TASK_STATE_INPUT_REQUIRED",
        "cancelling": "TASK_STATE_WORKING",
        "cancelled": "TASK_STATE_CANCELED",
        "failed": "TASK_STATE_FAILED",
        "completed": "TASK_STATE_COMPLETED",
        "incomplete": "TASK_STATE_COMPLETED",
        "expired": "TASK_STATE_FAILED",
    }


def test_a_draft_of_a_lifecycle_onto_itself_changes_nothing() -> None:
    for one in CATALOGUE.values():
        draft = draft_mapping(one, one)
        report = check_mapping(draft)
        assert report.errors == ()
        assert {status: draft.image(status) for status in one.statuses} == {status: status for status in one.statuses}
        assert {image.kind for image in report.images} == {"kept"}


def test_a_draft_does_not_reopen_ends() -> None:
    assert not draft_mapping(CATALOGUE["prefect.flow_run"], CATALOGUE["a2a.task"]).reopens
    assert draft_mapping(CATALOGUE["a2a.task"], CATALOGUE["prefect.flow_run"]).reopens
