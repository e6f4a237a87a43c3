from __future__ import annotations

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP
from runstate.record import Run, RunStep, keep_rules
from runstate.testing.edits import EDITS, Edit
from runstate.testing.histories import History
from runstate.testing.strategies import histories, illegal_edits, polls, records, streams
from tests.testing.judging import BY_NAME, JOB, errors, noticed

few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@given(st.data(), st.sampled_from(list(BY_NAME)))
@few
def test_streams_and_polls_of_any_lifecycle_are_legal(data: st.DataObject, name: str) -> None:
    lifecycle = BY_NAME[name]
    assert errors(data.draw(streams(lifecycle)), lifecycle) == []
    seen = data.draw(polls(lifecycle))
    assert seen
    assert errors(seen, lifecycle) == []


@given(illegal_edits())
@few
def test_illegal_edits_are_noticed(edit: Edit) -> None:
    assert noticed(edit, None)


@given(illegal_edits(JOB, events=streams(JOB, complete=True), kinds=["restart after end"]))
@few
def test_the_kind_of_an_edit_can_be_asked_for(edit: Edit) -> None:
    assert edit.name == "restart after end"
    assert noticed(edit, JOB)


@given(records())
@few
def test_records_keep_their_rules(run: Run) -> None:
    keep_rules(run)


@given(records(ASSISTANTS_RUN_STEP), records(statuses=[Status.REQUIRES_ACTION]))
@few
def test_records_of_other_lifecycles_and_in_some_statuses(step: RunStep, run: Run) -> None:
    assert isinstance(step, RunStep)
    assert run.status is Status.REQUIRES_ACTION


@given(histories(complete=True, strict=True, most=3))
@few
def test_histories_take_their_parameters(one: History) -> None:
    assert one.complete
    assert len(one.steps) <= 6


@pytest.mark.parametrize(
    ("status", "length"),
    [(Status.COMPLETED, 3), (Status.REQUIRES_ACTION, 3), (Status.CANCELLED, 3), (Status.EXPIRED, 2)],
)
def test_what_is_found_shrinks_to_a_short_history(status: Status, length: int) -> None:
    """To the shortest, or to one that goes by way of one status more: the shrinker takes no step twice at once."""
    quick = settings(max_examples=2000, database=None, derandomize=True)
    one = find(histories(parts=False), lambda one: status in one.statuses, settings=quick)
    assert length <= len(one.statuses) <= length + 1
    assert one.statuses[-1] == status


def test_an_edit_shrinks_to_the_shortest_log() -> None:
    quick = settings(max_examples=2000, database=None, derandomize=True)
    edit = find(illegal_edits(events=streams(parts=False)), lambda edit: "RS105" in edit.codes, settings=quick)
    assert len(edit.events) == 3  # created, queued, and queued again
    assert set(EDITS) >= {edit.name}
    assert ASSISTANTS_RUN.name == "openai.assistants.run"
