"""`LifecycleMapping`: what it refuses to be."""

from __future__ import annotations

from typing import Any

import pytest

from runstate.conformance.findings import Severity
from runstate.errors import BadMapping
from runstate.lifecycle import Basis
from runstate.modelling.mapping import PROBLEMS, As, LifecycleMapping
from tests.modelling.mapped import JOB, PLAIN, mapped

RIGHT: dict[str, str | None] = {"new": "open", "busy": "open", "rest": None, "done": "shut", "lost": "gone"}


def test_a_mapping_says_how_each_status_reads() -> None:
    mapping = mapped(JOB, PLAIN, RIGHT | {"busy": "open|shut"})
    assert mapping.name == "test.job -> test.plain"
    assert {status: mapping.image(status) for status in JOB.statuses} == RIGHT
    assert mapping.statuses["busy"].readings == ("open", "shut")
    assert mapping.statuses["rest"].readings == ()
    with pytest.raises(KeyError):
        mapping.image("nowhere")
    with pytest.raises(TypeError, match="read-only"):
        mapping.statuses["new"] = As(None, Basis.INFERRED, why="x")  # type: ignore[index]


@pytest.mark.parametrize(
    ("changed", "problem", "seen"),
    [
        ({"nwe": "open"}, "unknown_status", "nwe"),
        ({"new": "opne"}, "unknown_status", "opne"),
        ({"new": "open|opne"}, "unknown_status", "opne"),
    ],
)
def test_a_name_that_does_not_exist_is_refused(changed: dict[str, Any], problem: str, seen: str) -> None:
    with pytest.raises(BadMapping) as caught:
        mapped(JOB, PLAIN, RIGHT | changed)
    error = caught.value
    assert (error.mapping, error.problem, error.seen) == ("test.job -> test.plain", problem, seen)
    assert error.allowed == (JOB if seen == "nwe" else PLAIN).statuses
    assert error.who == "designer"


@pytest.mark.parametrize("status", RIGHT)
def test_a_status_that_nothing_is_said_of_is_refused(status: str) -> None:
    with pytest.raises(BadMapping, match="missing_status") as caught:
        mapped(JOB, PLAIN, {other: reading for other, reading in RIGHT.items() if other != status})
    assert caught.value.seen == status


@pytest.mark.parametrize("entry", [As("open", why="no basis"), As("open", Basis.INFERRED, why="")])
def test_an_entry_says_what_it_rests_on_and_why(entry: As) -> None:
    entries = dict(mapped(JOB, PLAIN, RIGHT).statuses) | {"new": entry}
    with pytest.raises(BadMapping, match="no_basis") as caught:
        LifecycleMapping(source=JOB, target=PLAIN, statuses=entries)
    assert caught.value.allowed == tuple(Basis)


def test_errors_come_first_in_the_table_of_problems() -> None:
    order = [list(Severity).index(severity) for severity, _ in PROBLEMS.values()]
    assert order == sorted(order)
