"""A plan comes into being only where no stored run can be stranded; each refusal has a counter-example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from runstate import ASSISTANTS_RUN, CATALOGUE, BadMigration, Lifecycle
from runstate.lifecycles.plain import build, plain
from runstate.modelling.migration import PROBLEMS, MigrationPlan, obstacles, plan_migration
from runstate.modelling.mutants import mutants
from tests.versions import EDITS, PRINT_1, PRINT_2, RENAMES

Values = dict[str, Any]


def version_2(change: Callable[[Values], None], lifecycle: Lifecycle = PRINT_1) -> Lifecycle:
    values: Values = plain(lifecycle)
    change(values)
    return build(values | {"version": "2"})


def problem_of(old: Lifecycle, new: Lifecycle, renames: dict[str, str] | None = None, **more: Any) -> BadMigration:
    with pytest.raises(BadMigration) as refused:
        plan_migration(old, new, renames or {}, **more)
    assert refused.value.problem in PROBLEMS
    return refused.value


def assert_is_a_history(old: Lifecycle, wrong: BadMigration) -> None:
    """The counter-example leads to the status by the old table."""
    status: str | None = None
    for event in wrong.events:
        edge = old.transition(status, event)
        assert edge is not None
        status = edge.target
    assert status == wrong.status


def test_a_plan_says_what_becomes_of_every_status() -> None:
    plan = plan_migration(PRINT_1, PRINT_2, RENAMES, edits=EDITS)
    assert plan.statuses == {
        "queued": "queued", "printing": "running", "held": "running", "printed": "printed", "canceled": "cancelled",
    }  # fmt: skip
    assert plan.version == "1->2"
    assert list(plan.lines()) == [
        "example.print: version 1 → 2",
        "  printing → running",
        "  held → running",
        "  canceled → cancelled",
        "  2 statuses stay as they are",
        "  fields made anew: reason",
    ]


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=str)
def test_a_version_that_only_has_another_number_needs_nothing(lifecycle: Lifecycle) -> None:
    plan = plan_migration(lifecycle, attrs.evolve(lifecycle, version="next"))
    assert plan.statuses == {str(status): str(status) for status in lifecycle.statuses}


def test_a_status_that_is_gone_must_be_said_and_the_guess_is_offered() -> None:
    wrong = problem_of(PRINT_1, PRINT_2, {"printing": "running", "held": "running"}, edits=EDITS)
    assert (wrong.problem, wrong.status, wrong.events) == ("no_target", "canceled", ("submit", "cancel"))
    assert "It may have become 'cancelled'" in wrong.advice
    assert_is_a_history(PRINT_1, wrong)
    assert str(wrong).startswith("migration of 'example.print': 'canceled': the new version has no such status")


def test_rules_on_fields_are_kept() -> None:
    wrong = problem_of(PRINT_1, PRINT_2, RENAMES)
    assert (wrong.problem, wrong.status) == ("record_rule", "printing")
    assert "'reason' must be null in 'running', and may be set or null" in wrong.reason
    assert_is_a_history(PRINT_1, wrong)


def stamped(values: Values) -> None:
    values["fields"]["seen_at"] = "stamp"
    values["events"]["submit"]["stamps"] = ["made_at", "seen_at"]


def a_word_is_a_stamp(values: Values) -> None:
    values["fields"]["reason"] = "stamp"


def no_way_out(values: Values) -> None:
    values["statuses"]["held"] = {"start": "printing"}
    values["statuses"]["printing"] = {"pause": "held"}
    values["statuses"]["queued"]["finish"] = "printed"
    values["basis"] = ["documented"]


def only_with_a_reason(values: Values) -> None:
    for row in (values["statuses"]["printing"], values["statuses"]["held"]):
        row.pop("cancel")
        row.pop("start", None)
    values["statuses"]["printing"]["finish"]["guards"] = [{"set": "begun_at"}]
    values["statuses"]["held"]["finish"] = {"to": "printed", "basis": ["documented"], "guards": [{"set": "nothing"}]}
    values["fields"]["nothing"] = "value"


def failed_can_be_retried(values: Values) -> None:
    values["statuses"]["canceled"]["start"] = {"to": "printing", "basis": ["documented"], "reopens": True}


def held_is_an_end(values: Values) -> None:
    values["statuses"]["held"] = {}
    values["terminal"].append("held")


def canceled_is_live(values: Values) -> None:
    values["statuses"]["canceled"] = {"finish": {"to": "printed", "basis": ["documented"]}}
    values["terminal"].remove("canceled")


def in_another_order(values: Values) -> None:
    values["events"]["submit"]["stamps"] = ["begun_at"]
    values["events"]["start"]["stamps"] = ["made_at"]


@pytest.mark.parametrize(
    ("change", "problem", "status"),
    [
        (stamped, "record_rule", "queued"),
        (a_word_is_a_stamp, "record_rule", "held"),
        (in_another_order, "record_rule", "printing"),
        (no_way_out, "trap", "printing"),
        (only_with_a_reason, "trap", "held"),
        (failed_can_be_retried, "ends_again", "canceled"),
        (held_is_an_end, "ended", "held"),
        (canceled_is_live, "revived", "canceled"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_what_would_strand_a_run_is_refused(change: Callable[[Values], None], problem: str, status: str) -> None:
    new = version_2(change)
    found = list(obstacles(PRINT_1, new, {one: one for one in PRINT_1.statuses}))
    assert (problem, status) in {(wrong.problem, wrong.status) for wrong in found}
    for wrong in found:
        assert_is_a_history(PRINT_1, wrong)
    with pytest.raises(BadMigration):
        plan_migration(PRINT_1, new)


def test_an_edit_answers_for_its_field() -> None:
    new = version_2(stamped)
    plan = plan_migration(PRINT_1, new, edits={"seen_at": lambda record: record["made_at"]})
    assert list(plan.edits) == ["seen_at"]
    times = version_2(a_word_is_a_stamp)
    assert plan_migration(PRINT_1, times, edits={"reason": lambda _record: 1}).edits
    assert problem_of(PRINT_1, times, edits={"nonsense": str}).problem == "unknown_name"
    turned = [str(wrong) for wrong in obstacles(PRINT_1, version_2(in_another_order), {"printing": "printing"})]
    assert any("'begun_at' must not be after 'made_at'" in wrong for wrong in turned)


@pytest.mark.parametrize(("lifecycle", "problem"), [("openai.batch", "other_lifecycle"), ("example", "same_version")])
def test_only_versions_of_one_lifecycle_can_be_migrated(lifecycle: str, problem: str) -> None:
    assert problem_of(PRINT_1, CATALOGUE.get(lifecycle, PRINT_1)).problem == problem


@pytest.mark.parametrize("renames", [{"nothing": "running"}, {"held": "nothing"}])
def test_names_that_do_not_exist_are_refused(renames: dict[str, str]) -> None:
    assert problem_of(PRINT_1, PRINT_2, renames).problem == "unknown_name"


def test_a_plan_made_by_hand_is_checked_too() -> None:
    with pytest.raises(BadMigration):
        MigrationPlan(old=PRINT_1, new=PRINT_2, statuses={"queued": "queued"})


def test_a_live_run_of_every_mutant_that_can_be_planned_for_can_still_end() -> None:
    """Each changed cell of the run's table: either the plan is refused, or all statuses fit and lead to an end."""
    refused = planned = 0
    for mutant in mutants(ASSISTANTS_RUN):
        if mutant.lifecycle is None:
            continue
        new = attrs.evolve(mutant.lifecycle, version="3")
        try:
            plan = plan_migration(ASSISTANTS_RUN, new)
        except BadMigration as wrong:
            assert_is_a_history(ASSISTANTS_RUN, wrong)
            refused += 1
            continue
        planned += 1
        for old, to in plan.statuses.items():
            assert (old in ASSISTANTS_RUN.terminal) is (to in new.terminal)
            assert old in ASSISTANTS_RUN.terminal or new.reachable(to) & new.terminal
    assert refused > 30
    assert planned > 10
