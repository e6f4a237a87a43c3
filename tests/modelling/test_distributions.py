"""Distributions are what they are called; the numbers behind them are the published ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runstate.errors import BadSimulation
from runstate.modelling import draws
from runstate.modelling.distributions import (
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    LogNormal,
    Uniform,
    parse_distribution,
)

ALL: list[Distribution] = [
    Exponential(0.25),
    Fixed(3),
    Uniform(1, 4),
    LogNormal(30, 0.5),
    Empirical([4, 1, 1, 10]),
]
STEPS = 4000
POINTS = [(step + 0.5) / STEPS for step in range(STEPS)]


@pytest.mark.parametrize("one", ALL, ids=str)
def test_the_mean_is_that_of_the_quantiles(one: Distribution) -> None:
    assert sum(map(one.quantile, POINTS)) / STEPS == pytest.approx(one.mean, rel=2e-3)


@pytest.mark.parametrize("one", ALL, ids=str)
def test_a_larger_number_never_makes_a_shorter_duration(one: Distribution) -> None:
    found = [one.quantile(u) for u in POINTS]
    assert found == sorted(found)
    assert found[0] >= 0


@pytest.mark.parametrize(
    ("one", "u", "seconds"),
    [
        (Exponential(0.25), 0.5, 2.7725887),
        (Fixed(3), 0.99, 3),
        (Uniform(1, 4), 0.25, 1.75),
        (LogNormal(30, 0.5), 0.5, 30),
        (LogNormal(1, 1), 0.95, 5.1802),
        (Empirical([4, 1, 2, 10]), 0.51, 4),
        (Empirical([4, 1, 2, 10]), 0.999, 10),
    ],
    ids=str,
)
def test_quantiles(one: Distribution, u: float, seconds: float) -> None:
    assert one.quantile(u) == pytest.approx(seconds, rel=1e-4)


@pytest.mark.parametrize(
    ("make", "parameter"),
    [
        (lambda: Exponential(0), "Exponential.rate"),
        (lambda: Exponential(-1), "Exponential.rate"),
        (lambda: Exponential(float("inf")), "Exponential.rate"),
        (lambda: Exponential(True), "Exponential.rate"),
        (lambda: Fixed(-0.1), "Fixed.seconds"),
        (lambda: Fixed(float("nan")), "Fixed.seconds"),
        (lambda: Uniform(3, 2), "Uniform.high"),
        (lambda: Uniform(-3, 2), "Uniform.low"),
        (lambda: LogNormal(0, 1), "LogNormal.median"),
        (lambda: LogNormal(1, -1), "LogNormal.sigma"),
        (lambda: Empirical([]), "Empirical.seconds"),
        (lambda: Empirical([1, -1]), "Empirical.seconds"),
    ],
)
def test_what_makes_no_sense_does_not_exist(make: Callable[[], Distribution], parameter: str) -> None:
    with pytest.raises(BadSimulation) as refused:
        make()
    assert refused.value.parameter == parameter
    assert refused.value.allowed


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("0.5", Exponential(0.5)),
        ("exp:2", Exponential(2)),
        ("0", None),
        ("exp:0", None),
        ("fixed:0", Fixed(0)),
        ("uniform:1:4", Uniform(1, 4)),
        ("lognormal:30:0.8", LogNormal(30, 0.8)),
    ],
)
def test_distributions_as_text(text: str, one: Distribution | None) -> None:
    assert parse_distribution(text) == one


@pytest.mark.parametrize("text", ["", "x", "exp:", "fixed:1:2", "uniform:1", "gamma:1:2", "-1", "uniform:2:1"])
def test_text_that_is_no_distribution(text: str) -> None:
    with pytest.raises(BadSimulation):
        parse_distribution(text)


def test_the_numbers_are_those_of_splitmix64() -> None:
    # the first five for the seed 1234567, as published with the reference implementation
    assert [draws.splitmix64(1234567, place) for place in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize(("number", "least", "most"), [(0, 0, 1e-15), ((1 << 64) - 1, 1 - 1e-15, 1)])
def test_a_number_is_never_0_nor_1(monkeypatch: pytest.MonkeyPatch, number: int, least: float, most: float) -> None:
    monkeypatch.setattr(draws, "splitmix64", lambda *_: number)
    assert least < draws.uniform(1, 1) < most


def test_numbers_are_spread_evenly() -> None:
    found = [
        draws.uniform(draws.stream_of(seed, run), place) for seed in (1, 2) for run in range(50) for place in range(50)
    ]
    assert len(set(found)) == len(found)
    for lower in range(10):
        assert 400 < sum(lower / 10 <= one < (lower + 1) / 10 for one in found) < 600
