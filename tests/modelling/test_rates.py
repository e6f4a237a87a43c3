"""What is taken by default is certain and leads to an end; what is given counts; a log gives back its rates."""

from __future__ import annotations

import pytest

from runstate.errors import BadSimulation
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Event, Status
from runstate.modelling.distributions import Distribution, Empirical, Exponential, Fixed, Uniform
from runstate.modelling.rates import MEAN, Durations, Rates, is_deadline, moves_by_default
from runstate.modelling.simulate import simulate
from runstate.modelling.simulated import texts
from runstate.modelling.timed import Timed, sojourns
from runstate.observations import read
from tests.testing.judging import JOB


@pytest.mark.parametrize("name", CATALOGUE)
def test_by_default_every_run_goes_to_an_end_on_certain_ways(name: str) -> None:
    lifecycle = CATALOGUE[name]
    moves = moves_by_default(lifecycle)
    due = [edge for edge in lifecycle.transitions if is_deadline(edge)]
    assert not any(edge.reopens or edge.source == edge.target or is_deadline(edge) for edge in moves)
    for status in lifecycle.live:
        seen, waiting = {status}, [status]
        while waiting:
            source = waiting.pop()
            new = {edge.target for edge in (*moves, *due) if edge.source == source} - seen
            seen |= new
            waiting += new
        assert seen & lifecycle.terminal or not lifecycle.terminal, status
        leaving = [edge for edge in moves if edge.source == status]
        assert leaving or any(edge.source == status for edge in due), status


def test_what_is_only_inferred_is_taken_where_nothing_certain_leads_on() -> None:
    moves = {(edge.source, edge.event) for edge in moves_by_default(ASSISTANTS_RUN)}
    assert (Status.QUEUED, Event.CANCEL) not in moves
    assert (Status.IN_PROGRESS, Event.CANCEL) in moves
    inferred = CATALOGUE["dbt.node"]
    assert all(edge.inferred_only for edge in inferred.transitions if edge.source is not None)
    assert len(moves_by_default(inferred)) > 2
    assert [edge.source for edge in moves_by_default(inferred, strict=True)] in ([], [None])


def test_the_default_is_ten_seconds_a_status_and_even_shares() -> None:
    clocks = Rates.default(ASSISTANTS_RUN).clocks
    rates = [
        clock.rate
        for (source, _), clock in clocks.items()
        if source is Status.IN_PROGRESS and isinstance(clock, Exponential)
    ]
    assert len(rates) == 5
    assert sum(rates) == pytest.approx(1 / MEAN)
    assert len(set(rates)) == 1


def test_an_event_stands_for_what_is_taken_anyway_and_a_source_for_anything() -> None:
    rates = Rates.default(ASSISTANTS_RUN, {"cancel": 2.0, "fail": 0})
    assert rates.clocks[Status.IN_PROGRESS, Event.CANCEL] == Exponential(2.0)
    assert (Status.QUEUED, Event.CANCEL) not in rates.clocks
    assert (Status.IN_PROGRESS, Event.FAIL) not in rates.clocks
    assert rates.having({(Status.QUEUED, Event.CANCEL): Fixed(1)}).clocks[Status.QUEUED, Event.CANCEL] == Fixed(1)
    assert rates.having({"queued:cancel": Fixed(1)}).clocks[Status.QUEUED, Event.CANCEL] == Fixed(1)


def test_one_transition_counts_before_its_event_whatever_the_order() -> None:
    job = {"working:drop": 3.0, "drop": 1.0}
    for given in (job, dict(reversed(job.items()))):
        clocks = Rates.default(JOB, given).clocks
        assert (clocks["working", "drop"], clocks["waiting", "drop"]) == (Exponential(3.0), Exponential(1.0))


@pytest.mark.parametrize("key", ["nap", "queued:complete", ("queued", "complete"), ("nowhere", "start"), ""])
def test_a_rate_for_nothing_is_refused(key: str) -> None:
    with pytest.raises(BadSimulation) as refused:
        Rates.default(ASSISTANTS_RUN, {key: 1.0})
    assert refused.value.seen == key


def test_a_clock_that_is_none_is_refused() -> None:
    with pytest.raises(BadSimulation) as refused:
        Rates.default(ASSISTANTS_RUN, {"start": "soon"})
    assert refused.value.seen == "soon"


def test_durations_of_nothing_are_refused() -> None:
    with pytest.raises(BadSimulation):
        Durations.default(ASSISTANTS_RUN, {"nowhere": Fixed(1)})
    with pytest.raises(BadSimulation):
        Durations.default(ASSISTANTS_RUN, {}, {"nap": 1})
    with pytest.raises(BadSimulation):
        Durations.default(ASSISTANTS_RUN, {}, {"fail": -1})


def test_durations_choose_by_weight_and_stay_as_they_are_told() -> None:
    timing = Durations.default(
        ASSISTANTS_RUN,
        {"in_progress": Uniform(2, 4)},
        {"complete": 7, "fail": 3, "cancel": 0, "require_action": 0, "end_incomplete": 0},
    )
    simulation = simulate(ASSISTANTS_RUN, 4000, 3, durations=timing)
    summary = simulation.summary()
    shares = summary.outcomes
    assert set(shares) == {"completed", "failed"}
    assert shares["completed"].low < 0.7 < shares["completed"].high
    stay = summary.stays["in_progress"]
    assert (stay.mean.low < 3 < stay.mean.high, stay.p50.low < 3 < stay.p50.high) == (True, True)


def test_the_stay_does_not_hang_on_the_choice() -> None:
    timing = Durations.default(
        ASSISTANTS_RUN,
        {"in_progress": Uniform(0, 1)},
        {"complete": 1, "fail": 1, "cancel": 0, "require_action": 0, "end_incomplete": 0},
    )
    since: dict[int, float] = {}
    stays: dict[str, list[float]] = {"completed": [], "failed": []}
    for moved in simulate(ASSISTANTS_RUN, 3000, 1, durations=timing).changes():
        if moved.last:
            stays[str(moved.edge.target)].append(moved.at - since[moved.run])
        since[moved.run] = moved.at
    for seen in stays.values():
        assert sum(seen) / len(seen) == pytest.approx(0.5, abs=0.03)


GIVEN = {
    "start": 0.5,
    "complete": 0.2,
    "fail": 0.05,
    "require_action": 0.1,
    "cancel": 0,
    "end_incomplete": 0,
    "submit_tool_outputs": 0.01,
}


def test_a_log_gives_back_its_rates() -> None:
    simulation = simulate(ASSISTANTS_RUN, 4000, 5, rates=GIVEN, ttl=1e6)
    found = Rates.from_log(
        ASSISTANTS_RUN, (Timed(row.run, row.status, row.time, row.event) for row in simulation.rows())
    )
    for event, rate in GIVEN.items():
        clocks = [clock for (_, other), clock in found.clocks.items() if other == event]
        assert [clock.rate for clock in clocks if isinstance(clock, Exponential)] == (
            [pytest.approx(rate, rel=0.08)] if rate else []
        ), event


@pytest.mark.parametrize("form", ["sse", "jsonl", "rows"])
def test_a_log_can_be_read_in_every_form(form: str) -> None:
    simulation = simulate(ASSISTANTS_RUN, 400, 5, rates=GIVEN | {"require_action": 0}, ttl=1e6)
    found = Rates.from_log(ASSISTANTS_RUN, read(b"".join(texts(simulation, form))))
    clock = found.clocks[Status.IN_PROGRESS, Event.COMPLETE]
    assert clock.mean == pytest.approx(5, rel=0.15)
    assert found.clocks[Status.QUEUED, Event.START].mean == pytest.approx(2, rel=0.3)  # stamps are whole seconds


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_log_of_any_lifecycle_tells_which_transitions_were_taken(name: str) -> None:
    lifecycle = CATALOGUE[name]
    simulation = simulate(lifecycle, 60, 2, most=20)
    taken: dict[tuple[str | None, str], int] = {}
    for moved in simulation.changes():
        key = (moved.edge.source, moved.edge.event)
        taken[key] = taken.get(key, 0) + 1
    rows = (Timed(row.run, row.status, row.time, row.event) for row in simulation.rows())
    assert sojourns(lifecycle, rows).taken == taken
    again = simulate(
        lifecycle, 20, 2, rates=Rates.from_log(lifecycle, read(b"".join(texts(simulation, "rows")))), most=20
    )
    assert sum(moved.last for moved in again.changes()) == 20


def test_a_missed_status_is_a_step_of_unknown_length() -> None:
    log = [
        Timed("a", "queued", 0),
        Timed("a", "completed", 9),
        Timed("b", "queued", 0),
        Timed("b", "in_progress", 4),
        Timed("b", "in_progress", 6),
    ]
    found = sojourns(ASSISTANTS_RUN, log)
    assert found.taken == {(None, "create"): 2, ("queued", "start"): 2, ("in_progress", "complete"): 1}
    assert found.stays == {"queued": (4.0,)}
    assert found.runs == 2
    durations = Durations.from_log(ASSISTANTS_RUN, log)
    assert durations.stays["queued"] == Empirical([4])
    assert durations.stays["in_progress"] == Exponential(1 / MEAN)
    assert {edge for edge in durations.weights if edge[0] == "in_progress"} == {("in_progress", "complete")}


def test_a_log_without_times_gives_shares_only() -> None:
    log = [
        Timed(str(run), status, None)
        for run in range(4)
        for status in ("queued", "in_progress", "failed" if run else "completed")
    ]
    clocks: dict[str, Distribution] = {
        str(event): clock
        for (source, event), clock in Rates.from_log(ASSISTANTS_RUN, log).clocks.items()
        if source is Status.IN_PROGRESS
    }
    assert clocks == {"fail": Exponential(0.75 / MEAN), "complete": Exponential(0.25 / MEAN)}


def test_other_lifecycles_have_no_part_in_it() -> None:
    with pytest.raises(BadSimulation):
        simulate(CATALOGUE["a2a.task"], 1, 1, rates=Rates.default(ASSISTANTS_RUN))
