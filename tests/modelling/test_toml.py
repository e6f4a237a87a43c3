"""`to_toml`: what is written is read as the same."""

from __future__ import annotations

import pytest
from hypothesis import given

from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.plain import plain
from runstate.modelling.definition import equal, load
from runstate.modelling.infer import infer
from runstate.modelling.toml import to_toml
from tests.modelling.mapped import tables


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_lifecycle_of_the_catalogue_comes_back(name: str) -> None:
    one = CATALOGUE[name]
    assert equal(load(to_toml(one).encode(), guards=one.guard_functions), one)


@given(tables("s"))
def test_any_lifecycle_comes_back(one: Lifecycle) -> None:
    assert equal(load(to_toml(plain(one)).encode()), one)


def test_what_all_transitions_rest_on_stands_once() -> None:
    text = to_toml(infer([["new", "sent"], ["new", "lost"]]).values)
    assert text.count("basis") == 1
    assert text.count("observed") == 1
    assert text.startswith("basis = ")
