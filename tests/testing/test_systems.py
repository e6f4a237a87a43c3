"""A system that follows the lifecycle passes its covers; one that departs from it anywhere is found out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from runstate import ASSISTANTS_RUN, ASSISTANTS_RUN_STEP, CATALOGUE, CallerError, IllegalTransition, Lifecycle
from runstate.testing.systems import Driven, Fault, SystemReport, check_system

Table = Mapping[tuple[str | None, str], str]


class Refused(Exception):
    pass


class Rows:
    """A system that knows a table and nothing else."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.status = ""

    def create(self, event: str, /) -> None:
        self.status = self.table[None, event]

    def fire(self, event: str, /) -> None:
        if (self.status, event) not in self.table:
            raise Refused(event)
        self.status = self.table[self.status, event]


def table_of(lifecycle: Lifecycle) -> dict[tuple[str | None, str], str]:
    return {(edge.source, str(edge.event)): str(edge.target) for edge in lifecycle.transitions}


def faults_of(table: Table, lifecycle: Lifecycle = ASSISTANTS_RUN_STEP) -> tuple[Fault, ...]:
    return check_system(lambda: Rows(table), lifecycle, refused=(Refused,)).faults


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=str)
def test_the_engine_walks_every_cover_of_the_catalogue(lifecycle: Lifecycle) -> None:
    report = check_system(lambda: Driven(lifecycle), lifecycle, refused=(CallerError,))
    assert report.faults == ()
    assert report.goals["transitions"] == len(lifecycle.transitions)


@pytest.mark.parametrize("strict", [False, True])
def test_the_report_says_what_was_run(strict: bool) -> None:
    report = check_system(
        lambda: Rows({cell: t for cell, t in table_of(ASSISTANTS_RUN).items() if not strict or certain(*cell)}),
        ASSISTANTS_RUN,
        refused=(Refused,),
        strict=strict,
    )
    assert report.faults == ()
    assert report.goals == ({"transitions": 20, "pairs": 33, "refusals": 62} if not strict else
                            {"transitions": 11, "pairs": 11, "refusals": 71})  # fmt: skip
    if not strict:
        assert report.runs == 13 + 25 + 62
        assert list(report.lines()) == [
            "openai.assistants.run: 20 transitions, 33 pairs, 62 refusals in 100 runs: 0 faults"
        ]


def certain(source: str | None, event: str) -> bool:
    edge = ASSISTANTS_RUN.transition(source, event)
    return edge is not None and not edge.inferred_only


def test_every_wrong_cell_of_a_system_is_found_and_only_that() -> None:
    """Not only cells that a lifecycle could have: a system can do anything."""
    right = table_of(ASSISTANTS_RUN_STEP)
    tried = 0
    for source in ASSISTANTS_RUN_STEP.statuses:
        for event in ("complete", "fail", "cancel", "expire"):
            for wrong in {None, *map(str, ASSISTANTS_RUN_STEP.statuses)} - {right.get((source, event))}:
                table = {cell: target for cell, target in right.items() if cell != (source, event)}
                if wrong is not None:
                    table[source, event] = wrong
                faults = faults_of(table)
                assert (str(source), event) in {(fault.status, fault.event) for fault in faults}
                assert len(faults) <= 1 + (source == "in_progress") * 4
                tried += 1
    assert tried == 5 * 4 * 5


def test_a_fault_says_what_was_expected_and_what_was_seen() -> None:
    right = table_of(ASSISTANTS_RUN_STEP)
    refused = faults_of({cell: target for cell, target in right.items() if cell != ("in_progress", "fail")})
    assert [str(fault) for fault in refused if fault.kind == "refused"] == [
        "fail in in_progress is legal and was refused: Refused: fail (after create → fail)"
    ]
    (elsewhere,) = [fault for fault in faults_of(right | {("in_progress", "fail"): "expired"}) if fault.event == "fail"]
    assert (elsewhere.kind, elsewhere.expected, elsewhere.seen) == ("elsewhere", "failed", "expired")
    (accepted,) = faults_of(right | {("completed", "fail"): "failed"})
    assert str(accepted) == (
        "fail in completed is illegal and was accepted; the run is failed (after create → complete → fail)"
    )
    (ignored,) = faults_of(right | {("completed", "fail"): "completed"})
    assert (ignored.kind, ignored.seen) == ("accepted", "completed")
    (created,) = faults_of(right | {(None, "create"): "failed"})
    assert (created.status, created.event, created.kind, created.events) == (None, "create", "elsewhere", ("create",))


class Sloppy(Rows):
    """Refuses, but not without effect."""

    def fire(self, event: str, /) -> None:
        if (self.status, event) not in self.table:
            self.status = self.table["in_progress", event]
            raise Refused(event)
        super().fire(event)


def test_a_refusal_with_an_effect_is_a_fault() -> None:
    report = check_system(
        lambda: Sloppy(table_of(ASSISTANTS_RUN_STEP)), ASSISTANTS_RUN_STEP, covers=["refusals"], refused=(Refused,)
    )
    assert {fault.kind for fault in report.faults} == {"moved"}
    assert len(report.faults) == 16 - 4  # a system that goes where it is already cannot be told apart
    assert list(report.goals) == ["refusals"]


def test_what_is_no_refusal_comes_through() -> None:
    with pytest.raises(Refused):
        check_system(lambda: Rows(table_of(ASSISTANTS_RUN_STEP)), ASSISTANTS_RUN_STEP, refused=(ValueError,))


def test_each_fault_is_told_once_after_the_shortest_path() -> None:
    table = {cell: target for cell, target in table_of(ASSISTANTS_RUN).items() if cell != ("in_progress", "fail")}
    report = check_system(lambda: Rows(table), ASSISTANTS_RUN, refused=(Refused,))
    (fault,) = [fault for fault in report.faults if fault.kind == "refused"]
    assert fault.events == ("create", "start", "fail")


# --- the driven run ---------------------------------------------------------------------------------------------------


def test_a_driven_run_makes_what_events_need_and_waits_for_deadlines() -> None:
    run = Driven(ASSISTANTS_RUN)
    run.create()
    created = run.at
    for event in ("start", "require_action", "submit_tool_outputs", "start"):
        run.fire(event)
    assert run.at == created + 4
    run.fire("expire")
    assert (run.status, run.at) == ("expired", created + 600)
    with pytest.raises(IllegalTransition):
        run.fire("start")


def test_arguments_and_the_way_to_begin_can_be_given() -> None:
    run = Driven(ASSISTANTS_RUN)
    run.create("create")
    run.fire("start")
    with pytest.raises(CallerError):
        run.fire("complete", nonsense=1)
    other = run.new()
    assert other.record is None
    assert other.lifecycle is ASSISTANTS_RUN
    several = Driven(CATALOGUE["agui.run"])
    for edge in several.lifecycle.legal(None):
        one = several.new()
        one.create(str(edge.event))
        assert one.status == edge.target
    with pytest.raises(CallerError):
        several.create("nonsense")


def test_payloads_can_be_made_otherwise() -> None:
    run = Driven(CATALOGUE["openai.batch"], payloads={"errors": lambda _record, _chooser: "own"})
    made: Callable[[], SystemReport] = lambda: check_system(run.new, run.lifecycle)  # noqa: E731
    assert made().faults == ()
