"""Estimates are the known ones and cover what they should; a summary is what happened; a comparison is run by run."""

from __future__ import annotations

import math
from array import array

import pytest

from runstate.errors import BadSimulation
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.distributions import Exponential, Fixed
from runstate.modelling.draws import stream_of, uniform
from runstate.modelling.estimates import Estimate, mean_of, percentile_of, share_of
from runstate.modelling.simulate import simulate
from runstate.modelling.summary import compare

ALONE = {"require_action": 0, "cancel": 0, "end_incomplete": 0, "fail": 0}


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1), (81, 263, 0.2553, 0.3662), (1, 1, 0.2065, 1)],
)
def test_wilson_intervals(count: int, total: int, low: float, high: float) -> None:
    found = share_of(count, total)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert found.value == count / total


def test_the_mean_of_few_has_a_normal_interval() -> None:
    found = mean_of([1, 2, 3, 4])
    half = 1.959964 * math.sqrt(5 / 3) / 2
    assert (found.value, found.low, found.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half))


def test_the_mean_of_many_has_that_of_its_batches() -> None:
    found = mean_of([float(index // 10) for index in range(200)])  # 20 batches of 10 equal values, 0 to 19
    half = 2.093024 * math.sqrt(35) / math.sqrt(20)
    assert (found.value, found.low, found.high) == pytest.approx((9.5, 9.5 - half, 9.5 + half))


def test_of_nothing_nothing_is_known() -> None:
    assert math.isnan(mean_of([]).value)
    assert math.isnan(percentile_of([], 0.5).value)
    assert (share_of(0, 0).low, share_of(0, 0).high) == (0, 1)
    assert (mean_of([3]).value, mean_of([3]).high) == (3, math.inf)
    assert percentile_of([1, 2, 3], 0.95).high == math.inf


def drawn(seed: int, count: int) -> array[float]:
    return array("d", (Exponential(1).quantile(uniform(stream_of(seed, 0), place)) for place in range(count)))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    samples = [drawn(seed, 200) for seed in range(400)]
    for found, true in (
        ([mean_of(sample) for sample in samples], 1.0),
        ([percentile_of(sorted(sample), 0.5) for sample in samples], math.log(2)),
        ([percentile_of(sorted(sample), 0.95) for sample in samples], math.log(20)),
    ):
        assert 0.92 < sum(one.low <= true <= one.high for one in found) / len(found) < 0.985


def test_a_summary_is_what_happened() -> None:
    rates = {**ALONE, "start": Fixed(2), "complete": Fixed(3)}
    summary = simulate(ASSISTANTS_RUN, 4, 1, rates=rates, arrivals=Fixed(10)).summary()
    assert (summary.runs, summary.changes, summary.span) == (4, 12, 35)
    assert summary.throughput == 4 / 35
    assert {status: (one.count, one.mean.value, one.p50.value) for status, one in summary.stays.items()} == {
        "queued": (4, 2, 2),
        "in_progress": (4, 3, 3),
    }
    assert (summary.whole.count, summary.whole.mean.value, summary.whole.p95.value) == (4, 5, 5)
    assert {status: share.value for status, share in summary.outcomes.items()} == {"completed": 1}
    lines = [*summary.lines()]
    assert lines[0] == "openai.assistants.run: 4 runs, 12 changes in 35 s"
    assert any("completed" in line for line in lines)


def test_runs_that_are_left_are_outcomes_but_no_ends() -> None:
    summary = simulate(CATALOGUE["langgraph.thread"], 5, 1, most=4).summary()
    assert sum(share.value for share in summary.outcomes.values()) == pytest.approx(1)
    assert (summary.throughput, summary.whole.count) == (0, 0)


def test_nothing_changes_where_nothing_is_changed() -> None:
    simulation = simulate(ASSISTANTS_RUN, 60, 1)
    found = simulation.what_if()
    for one in (*found.outcomes.values(), *found.stays.values(), found.whole):
        assert (one.before, one.change) == (one.after, Estimate(0, 0, 0))
        assert not one.change.differs


def test_a_change_shows_and_more_sharply_than_between_other_runs() -> None:
    rates = {**ALONE, "complete": 1.0, "fail": 0.25}
    simulation = simulate(ASSISTANTS_RUN, 2000, 1, rates=rates)
    found = simulation.what_if({"fail": 0.2})
    failed = found.outcomes["failed"]
    assert (failed.before, failed.after) == pytest.approx((0.2, 1 / 6), abs=0.03)
    assert failed.change.value == pytest.approx(failed.after - failed.before)
    assert failed.change.differs
    assert failed.change.high < 0
    assert found.stays["queued"].change.value == 0
    assert found.stays["in_progress"].change.low > 0
    alone = share_of(round(failed.before * 2000), 2000)
    assert failed.change.high - failed.change.low < 0.6 * math.sqrt(2) * (alone.high - alone.low)
    assert sum("*" in line for line in found.lines()) >= 2


def test_more_workers_make_waiting_shorter() -> None:
    simulation = simulate(
        ASSISTANTS_RUN, 3000, 1, rates={**ALONE, "complete": 1.0}, arrivals=0.8, concurrency=1, ttl=1e6
    )
    found = simulation.what_if(concurrency=2)
    assert found.stays["queued"].change.high < 0
    assert found.stays["in_progress"].change.value == pytest.approx(0)
    assert found.whole.change.value == pytest.approx(found.stays["queued"].change.value)


def test_what_cannot_be_compared_is_refused() -> None:
    simulation = simulate(ASSISTANTS_RUN, 5, 1)
    for other in (simulation.having(seed=2), simulation.having(runs=6), simulate(CATALOGUE["a2a.task"], 5, 1)):
        with pytest.raises(BadSimulation):
            compare(simulation, other)
    with pytest.raises(BadSimulation):
        simulate(ASSISTANTS_RUN, 0, 1).what_if()
    with pytest.raises(BadSimulation):
        simulate(ASSISTANTS_RUN, 5, 1, durations={"queued": Fixed(1)}).what_if({"fail": 1.0})
