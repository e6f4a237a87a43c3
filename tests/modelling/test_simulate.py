"""Simulated runs are legal, whatever the lifecycle; they are what theory says; the same seed gives the same runs."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstate.conformance.check import check_bytes
from runstate.conformance.findings import Severity
from runstate.conformance.monitor import Monitor
from runstate.errors import BadSimulation
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.agui import AGUI_RUN
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Event, Status
from runstate.lifecycles.unwrap import unwrap
from runstate.modelling.columns import write_parquet
from runstate.modelling.distributions import Distribution, Exponential, Fixed, Uniform
from runstate.modelling.estimates import Estimate, share_of
from runstate.modelling.events import Loop, Moved, _Loop
from runstate.modelling.objects import flat
from runstate.modelling.rates import Edge, Rates
from runstate.modelling.simulate import Simulation, needs_worker, simulate
from runstate.modelling.simulated import polls, texts
from runstate.observations import Observation
from runstate.testing.asserts import assert_legal
from tests.test_lifecycle import lifecycles
from tests.testing.judging import JOB, SWITCH

ALONE = {"require_action": 0, "cancel": 0, "end_incomplete": 0, "fail": 0}
"""Rates with which an assistant's run can do nothing but start and complete."""


def by_run(simulation: Simulation) -> dict[int, list[Moved]]:
    found: dict[int, list[Moved]] = defaultdict(list)
    for moved in simulation.changes():
        found[moved.run].append(moved)
    return found


def judged(lifecycle: Lifecycle, data: bytes) -> Counter[str]:
    """How often the judge finds what in a log, other than that no source states a transition."""
    one = check_bytes(data, monitor=Monitor(lifecycle))
    assert one.problem is None
    findings = [*one.loose, *(finding for run in one.runs for finding in run.findings)]
    return Counter(finding.code for finding in findings if finding.severity is not Severity.NOTE)


# -- legal -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("workers", [None, 2])
def test_every_run_goes_through_the_table_in_the_order_of_time(name: str, workers: int | None) -> None:
    lifecycle = CATALOGUE[name]
    simulation = simulate(lifecycle, 40, 7, concurrency=workers, most=30)
    times = [moved.at for moved in simulation.changes()]
    assert times == sorted(times)
    runs = by_run(simulation)
    assert set(runs) == set(range(1, 41))
    for moves in runs.values():
        source: str | None = None
        for moved in moves:
            assert lifecycle.transition(source, moved.edge.event) is moved.edge
            source = moved.edge.target
        assert [moved.last for moved in moves] == [False] * (len(moves) - 1) + [True]
        assert source in lifecycle.terminal or len(moves) == 30


@pytest.mark.parametrize("form", ["sse", "jsonl"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_judge_finds_no_fault_in_any_log(name: str, form: str) -> None:
    lifecycle = CATALOGUE[name]
    simulation = simulate(lifecycle, 25, 11, concurrency=3, most=30)
    if lifecycle is AGUI_RUN and form == "jsonl":
        with pytest.raises(BadSimulation):
            next(polls(simulation))
        return
    found = judged(lifecycle, b"".join(texts(simulation, form)))
    # a stream does not tell of silent transitions, and a run that never ends is open when the log is over
    left = any(moved.last and moved.edge.target not in lifecycle.terminal for moved in simulation.changes())
    quiet = left or any(edge.silent for edge in lifecycle.transitions)
    assert set(found) <= ({"RS413"} if form == "sse" and quiet else set())


@pytest.mark.parametrize("form", ["rows", "csv"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_the_judge_finds_no_fault_in_columns(name: str, form: str) -> None:
    lifecycle = flat(CATALOGUE[name])
    if lifecycle.name == AGUI_RUN.name:  # a status stands in no log that its judge reads
        return
    data = b"".join(texts(simulate(CATALOGUE[name], 25, 11, most=30), form)).decode()
    lines: list[dict[str, str]] = (
        [*csv.DictReader(data.splitlines())] if form == "csv" else [*map(json.loads, data.splitlines())]
    )
    monitor = Monitor(lifecycle, mode="stream", ignore=("RS2",))  # columns hold no fields to have rules
    for line in lines:
        monitor.feed(Observation(value={lifecycle.id_field: line["run"], lifecycle.status_field: line["status"]}))
    errors = [f for run in monitor.runs.values() for f in run.findings if f.severity is Severity.ERROR]
    assert (errors, len(monitor.runs)) == ([], 25)
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


@settings(max_examples=40)
@given(lifecycles(guarded=True), st.integers(0, 2**64), st.none() | st.integers(1, 3))
def test_any_lifecycle_can_be_simulated_and_driven(lifecycle: Lifecycle, seed: int, workers: int | None) -> None:
    simulation = simulate(lifecycle, 5, seed, concurrency=workers, most=10)
    objects = [*simulation.polls()]  # each is made by the engine, which refuses what is not legal
    assert len(objects) == sum(1 for _ in simulation.changes()) >= 5
    assert sum(moved.last for moved in simulation.changes()) == 5


@pytest.mark.parametrize("lifecycle", [JOB, SWITCH], ids=str)
def test_a_lifecycle_of_ones_own_can_be_simulated(lifecycle: Lifecycle) -> None:
    simulation = simulate(lifecycle, 50, 1, concurrency=4, most=40)
    # of a job that waits nothing says what happens when it is overdue
    assert set(judged(lifecycle, b"".join(texts(simulation, "jsonl")))) <= {"RS305"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_objects_are_laid_out_as_their_protocol_has_them(name: str) -> None:
    """What is wrapped is what `unwrap` reads, and nothing of it gets lost."""
    lifecycle = CATALOGUE[name]
    simulation = simulate(lifecycle, 10, 3, most=10)
    if lifecycle is AGUI_RUN:
        return
    told = [unwrap(lifecycle, item) for item in simulation.polls()]
    plain = [*polls(simulate(flat(lifecycle), 10, 3, most=10))]
    assert len(told) == len(plain)
    for seen, fields in zip(told, plain, strict=True):
        assert seen is not None
        wanted = {
            key: value
            for key, value in fields.items()
            if key in (*lifecycle.fields, lifecycle.id_field, lifecycle.status_field)
        }
        assert {key: seen.fields.get(key) for key in wanted} == wanted
    for item in simulation.stream():
        if "data" in item and isinstance(item["data"], dict):
            heard = unwrap(lifecycle, item["data"], event=item["event"])
            assert heard is not None
            assert heard.event == item["event"]
            if lifecycle.layout.event:
                alone = unwrap(lifecycle, item["data"])
                assert alone is not None
                assert alone.event == item["event"]


def test_strict_takes_nothing_that_is_only_inferred() -> None:
    free = simulate(ASSISTANTS_RUN, 300, 1, rates={"queued:cancel": 1.0, "start": 0.001}, ttl=30)
    assert any(moved.edge.inferred_only for moved in free.changes())
    bound = free.having(strict=True, timing=Rates.default(ASSISTANTS_RUN, {"start": 0.001}, strict=True))
    assert not any(moved.edge.inferred_only for moved in bound.changes())
    assert_legal([*simulate(ASSISTANTS_RUN, 1, 1, strict=True).stream()], strict=True)


def test_a_guard_on_a_field_is_obeyed() -> None:
    rates = {"queued:cancel": 1.0, "start": 1.0, "cancel": 1.0, "cancelling:complete": 5.0}
    ended: Counter[tuple[bool, str]] = Counter()
    for moves in by_run(simulate(ASSISTANTS_RUN, 400, 1, rates=rates)).values():
        if any(moved.edge.event is Event.CANCEL for moved in moves):
            started = any(moved.edge.event is Event.START for moved in moves)
            ended[started, str(moves[-1].edge.target)] += 1
    assert ended[True, "completed"] > 20
    assert ended[False, "cancelled"] > 20
    assert ended[False, "completed"] == 0


def test_a_deadline_is_kept_to_the_second_and_with_the_lag_that_is_asked_for() -> None:
    for lag in (None, 2.5):
        clocks: dict[Edge, Distribution] = {(None, "create"): Fixed(0)}
        if lag is not None:
            clocks["queued", "expire"] = Fixed(lag)
        rates = Rates(lifecycle=ASSISTANTS_RUN, clocks=clocks)
        for create, expire in by_run(simulate(ASSISTANTS_RUN, 5, 1, rates=rates, ttl=7)).values():
            assert expire.edge.event is Event.EXPIRE
            assert expire.at == math.floor(create.at) + 7 + (lag or 0)


def test_what_comes_before_the_deadline_wins() -> None:
    rates = {**ALONE, "start": Fixed(1), "complete": Uniform(0, 20)}
    simulation = simulate(ASSISTANTS_RUN, 2000, 1, rates=rates, ttl=11, arrivals=Fixed(1))
    assert simulation.summary().outcomes["expired"].value == pytest.approx(0.5, abs=0.03)


def test_what_reopens_or_loops_is_taken_when_asked_for() -> None:
    reopened = simulate(JOB, 50, 1, rates={"failed:retry": 1.0, "working:beat": 1.0}, most=12)
    events = Counter(str(moved.edge.event) for moved in reopened.changes())
    assert events["retry"] > 10
    assert events["beat"] > 10
    usual = Counter(str(moved.edge.event) for moved in simulate(JOB, 50, 1).changes())
    assert (usual["retry"], usual["beat"]) == (0, 0)


# -- the same runs again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["sse", "jsonl", "rows", "csv"])
def test_the_same_seed_gives_the_same_bytes(form: str) -> None:
    one, same, other = (simulate(ASSISTANTS_RUN, 20, seed, concurrency=2) for seed in (4, 4, 5))
    data = b"".join(texts(one, form))
    assert data == b"".join(texts(one, form)) == b"".join(texts(same, form))
    assert data != b"".join(texts(other, form))


def test_more_runs_begin_like_fewer() -> None:
    few, many = by_run(simulate(ASSISTANTS_RUN, 20, 4)), by_run(simulate(ASSISTANTS_RUN, 60, 4))
    assert few == {number: many[number] for number in few}


def test_one_rate_changes_only_what_it_touches() -> None:
    before = by_run(simulate(ASSISTANTS_RUN, 200, 4, rates={"fail": 0.02}))
    after = by_run(simulate(ASSISTANTS_RUN, 200, 4, rates={"fail": 0.01}))
    differing = [number for number in before if before[number] != after[number]]
    # only runs that failed: a failure that is rarer comes later, and others stay as they were
    assert 10 < len(differing) < 60
    assert all(any(moved.edge.event is Event.FAIL for moved in before[number]) for number in differing)


def test_a_billion_runs_are_begun_without_being_made() -> None:
    simulation = simulate(ASSISTANTS_RUN, 10**9, 1, arrivals=0.1)
    loop = _Loop(Loop(**{field.name: getattr(simulation, field.name) for field in attrs.fields(Loop)}))
    assert len([*islice(loop.changes(), 1000)]) == 1000
    assert loop.arrived < 400
    assert len(loop.planned) < 60  # what is planned is of runs that are open


# -- theory ------------------------------------------------------------------------------------------------------------


def near(found: Estimate, true: float) -> bool:
    """Whether a number is within four standard errors of the true one: one check in 16,000 fails by chance."""
    return abs(found.value - true) < found.high - found.low


def test_the_shares_of_a_race_are_as_the_rates_and_its_time_as_their_sum() -> None:
    rates = {"complete": 0.5, "fail": 0.3, "end_incomplete": 0.2, "require_action": 0, "cancel": 0}
    summary = simulate(ASSISTANTS_RUN, 3000, 1, rates=rates, ttl=1e6).summary()
    for status, share in (("completed", 0.5), ("failed", 0.3), ("incomplete", 0.2)):
        assert near(summary.outcomes[status], share)
    stay = summary.stays["in_progress"]
    assert near(stay.mean, 1)
    assert near(stay.p50, math.log(2))
    assert near(stay.p95, math.log(20))


def test_a_race_of_other_clocks_is_won_by_the_first() -> None:
    # uniform(0, 1) before uniform(0, 2): 3 of 4
    rates = {**ALONE, "complete": Uniform(0, 1), "fail": Uniform(0, 2)}
    outcomes = simulate(ASSISTANTS_RUN, 4000, 1, rates=rates).summary().outcomes
    assert near(outcomes["completed"], 0.75)


def erlang_c(workers: int, load: float) -> float:
    """How likely an arrival must wait for one of the workers."""
    last = load**workers / math.factorial(workers) / (1 - load / workers)
    return last / (sum(load**k / math.factorial(k) for k in range(workers)) + last)


@pytest.mark.parametrize(("workers", "arriving"), [(1, 0.6), (3, 2.1)])
def test_runs_wait_for_workers_as_queueing_theory_says(workers: int, arriving: float) -> None:
    simulation = simulate(
        ASSISTANTS_RUN, 8_000, 2, rates={**ALONE, "complete": 1.0}, arrivals=arriving, concurrency=workers, ttl=1e7
    )
    summary = simulation.summary()
    wait = erlang_c(workers, arriving) / (workers - arriving)
    stay = summary.stays["queued"].mean
    assert near(stay, wait)
    assert stay.high - stay.low < wait
    waited = sum(1 for moves in by_run(simulation).values() if moves[1].at > moves[0].at)
    bounds = share_of(waited, simulation.runs)
    assert (
        bounds.low - 0.03 < erlang_c(workers, arriving) < bounds.high + 0.03
    )  # those of independent runs are narrower


# -- workers -----------------------------------------------------------------------------------------------------------


def busy(simulation: Simulation) -> Iterator[tuple[int, int]]:
    """After each moment: how many runs are worked on, and how many are ready and wait."""
    status: dict[int, str] = {}
    moment: float | None = None
    for moved in simulation.changes():
        if moment is not None and moved.at > moment:
            yield (
                sum(one in simulation.working for one in status.values()),
                sum(one is Status.QUEUED for one in status.values()),
            )
        moment = moved.at
        status[moved.run] = moved.edge.target


def test_no_more_runs_are_worked_on_than_there_are_workers_and_none_idles_while_one_waits() -> None:
    simulation = simulate(ASSISTANTS_RUN, 300, 1, arrivals=2.0, concurrency=3, rates={"cancel": 0})
    seen = [*busy(simulation)]
    assert max(working for working, _ in seen) == 3
    assert all(working == 3 for working, waiting in seen if waiting)
    assert any(waiting > 5 for _, waiting in seen)


def test_first_come_first_served() -> None:
    simulation = simulate(
        ASSISTANTS_RUN, 100, 1, arrivals=2.0, concurrency=1, rates={**ALONE, "complete": 1.0}, ttl=1e6
    )
    started = [moved.run for moved in simulation.changes() if moved.edge.event is Event.START]
    assert started == sorted(started)


def test_a_run_that_waits_may_leave_and_a_stop_gives_the_worker_back() -> None:
    rates = {**ALONE, "complete": Fixed(100), "queued:cancel": Exponential(0.05), "confirm_cancel": Fixed(0)}
    simulation = simulate(ASSISTANTS_RUN, 50, 1, arrivals=1.0, concurrency=1, rates=rates, ttl=1e6)
    outcomes = simulation.summary().outcomes
    assert outcomes["cancelled"].value > 0.6
    rates = {**ALONE, "require_action": Fixed(1), "complete": 0, "submit_tool_outputs": Fixed(1000)}
    waiting = simulate(ASSISTANTS_RUN, 5, 1, arrivals=Fixed(1), concurrency=1, rates=rates, ttl=1e6, most=4)
    stopped = [moved.at for moved in waiting.changes() if moved.edge.event is Event.REQUIRE_ACTION]
    assert len(stopped) == 5
    assert stopped[-1] - stopped[0] == pytest.approx(4)


def test_where_work_begins_with_creation_runs_wait_to_be_created() -> None:
    lifecycle = CATALOGUE["mcp.tasks.2025-11-25"]
    assert needs_worker(lifecycle) == lifecycle.initial
    simulation = simulate(lifecycle, 40, 1, arrivals=5.0, concurrency=1, rates={"require_input": 0})
    open_ = 0
    for moved in simulation.changes():
        open_ += (moved.edge.source is None) - moved.last
        assert open_ <= 1


def test_a_worker_is_kept_on_the_way_out() -> None:
    """A run that is being cancelled still holds its worker."""
    rates = {**ALONE, "complete": 0, "cancel": Fixed(1), "confirm_cancel": Fixed(9)}
    simulation = simulate(ASSISTANTS_RUN, 4, 1, arrivals=Fixed(0), concurrency=1, rates=rates, ttl=1e6)
    started = [moved.at - simulation.start for moved in simulation.changes() if moved.edge.event is Event.START]
    assert started == [0, 10, 20, 30]


# -- the rest ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"runs": -1}, "runs"),
        ({"runs": 1.5}, "runs"),
        ({"seed": "x"}, "seed"),
        ({"concurrency": 0}, "concurrency"),
        ({"most": 0}, "most"),
        ({"start": -1}, "start"),
        ({"start": math.nan}, "start"),
        ({"ttl": 0}, "ttl"),
        ({"working": frozenset({"nowhere"})}, "working"),
        ({"working": frozenset({"completed"})}, "working"),
        ({"timing": Rates.default(JOB)}, "timing"),
        ({"timing": Rates(lifecycle=ASSISTANTS_RUN, clocks={})}, "timing"),
    ],
)
def test_what_cannot_be_simulated_is_refused(changes: Mapping[str, Any], parameter: str) -> None:
    with pytest.raises(BadSimulation) as refused:
        simulate(ASSISTANTS_RUN, 1, 1).having(**changes)
    assert refused.value.parameter == parameter


def test_rates_and_durations_exclude_one_another() -> None:
    with pytest.raises(BadSimulation):
        simulate(ASSISTANTS_RUN, 1, 1, rates={"fail": 1.0}, durations={"queued": Fixed(1)})


def test_nothing_is_simulated_for_no_run() -> None:
    simulation = simulate(ASSISTANTS_RUN, 0, 1)
    assert [*simulation.stream()] == []
    assert simulation.summary().changes == 0


def test_changes_are_told_as_they_happen() -> None:
    seen: list[Moved] = []
    simulation = simulate(ASSISTANTS_RUN, 5, 1).having(on_change=seen.append)
    assert [*simulation.changes()] == seen


def test_parquet_holds_the_rows(tmp_path: Path) -> None:
    simulation = simulate(ASSISTANTS_RUN, 50, 1)
    file = tmp_path / "it's.parquet"
    write_parquet(simulation, file)
    table = duckdb.read_parquet(str(file))
    assert table.columns == ["run", "status", "event", "time"]
    assert str(table.types[3]) == "TIMESTAMP"
    rows = table.project("run, status, event, epoch_us(time)").fetchall()
    assert rows == [(*row[:3], pytest.approx(row.time * 1e6, abs=1)) for row in simulation.rows()]
    with pytest.raises(OSError, match="nowhere"):
        write_parquet(simulation, tmp_path / "nowhere" / "x.parquet")
