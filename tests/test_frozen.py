"""Read-only containers: no way to change one, and no way to tell one from the dict it is."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.frozen import EMPTY, FrozenDict, freeze, freeze_arguments, freeze_json, thaw
from runstate.record import Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def item(found: dict[Any, Any]) -> None:
    found["b"] = 2


def removal(found: dict[Any, Any]) -> None:
    del found["a"]


def union(found: dict[Any, Any]) -> None:
    found |= {"b": 2}


CHANGES: dict[str, Callable[[dict[Any, Any]], object]] = {
    "setting": item,
    "deleting": removal,
    "union in place": union,
    "clear": lambda found: found.clear(),
    "pop": lambda found: found.pop("a"),
    "popitem": lambda found: found.popitem(),
    "setdefault": lambda found: found.setdefault("b", 2),
    "update": lambda found: found.update(b=2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_change_goes_through_and_the_refusal_says_what_to_do(change: Callable[[dict[Any, Any]], object]) -> None:
    found = FrozenDict({"a": 1})
    with pytest.raises(TypeError, match="read-only; build a new one"):
        change(found)
    assert found == {"a": 1}


def test_every_method_of_dict_that_changes_it_is_tried() -> None:
    reading = {"copy", "fromkeys", "get", "items", "keys", "values"}
    assert {name for name in vars(dict) if not name.startswith("_")} - reading == {
        name for name in CHANGES if hasattr(dict, name)
    }


def test_it_compares_prints_and_encodes_as_the_dict_it_is() -> None:
    found = FrozenDict({"a": 1, "b": None})
    assert found == {"a": 1, "b": None}
    assert repr(found) == "{'a': 1, 'b': None}"
    assert json.dumps(found) == '{"a": 1, "b": null}'


def test_equal_ones_have_one_hash_whatever_the_order() -> None:
    assert hash(FrozenDict({"a": 1, "b": 2})) == hash(FrozenDict({"b": 2, "a": 1}))
    assert len({FrozenDict({"a": 1}), FrozenDict({"a": 1}), FrozenDict({"a": 2})}) == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda found: pickle.loads(pickle.dumps(found))])
def test_copies_are_equal_and_read_only(copied: Callable[[Any], Any]) -> None:
    found = FrozenDict({"a": FrozenDict({"b": (1, 2)})})
    assert (found, FrozenDict, FrozenDict) == (copied(found), type(copied(found)), type(copied(found)["a"]))


def test_a_shallow_copy_is_the_thing_itself() -> None:
    found = FrozenDict({"a": 1})
    assert copy.copy(found) is found


def test_a_union_is_a_new_one() -> None:
    old = FrozenDict({"a": 1, "b": 1})
    new = old | {"b": 2}
    assert (type(new), new, old) == (FrozenDict, {"a": 1, "b": 2}, {"a": 1, "b": 1})


def test_it_has_no_attributes_of_its_own() -> None:
    found: Any = FrozenDict()
    with pytest.raises(AttributeError):
        found.extra = 1
    assert not hasattr(found, "__dict__")


def test_the_empty_one_is_empty() -> None:
    assert (EMPTY, type(EMPTY)) == ({}, FrozenDict)


def test_freezing_goes_all_the_way_down() -> None:
    frozen = freeze({"a": [1, {"b": []}], "c": ({},)})
    assert frozen == {"a": (1, {"b": ()}), "c": ({},)}
    assert [type(frozen), type(frozen["a"]), type(frozen["a"][1]), type(frozen["c"][0])] == [
        FrozenDict,
        tuple,
        FrozenDict,
        FrozenDict,
    ]


def test_a_frozen_value_shares_nothing_with_what_it_was_made_of() -> None:
    source: dict[str, Any] = {"a": [1]}
    frozen = freeze(source)
    source["a"].append(2)
    source["b"] = 3
    assert frozen == {"a": (1,)}


@given(JSON)
def test_thaw_is_the_inverse_of_freeze_and_gives_plain_containers(value: Any) -> None:
    assert value == thaw(freeze(value))
    assert json.dumps(value) == json.dumps(thaw(freeze(value)))
    assert {dict, list, type(None), bool, int, str} >= types_in(thaw(freeze(value)))


@given(JSON)
def test_a_frozen_value_can_be_hashed(value: Any) -> None:
    assert hash(freeze(value)) == hash(freeze(copy.deepcopy(value)))


def types_in(value: Any) -> set[type]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*(types_in(item) for item in inner))


def told(value: Any) -> Any:
    """The value with the type of everything in it."""
    if isinstance(value, dict):
        return type(value), [(name, told(item)) for name, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [told(item) for item in value]
    return type(value), value


@given(st.dictionaries(st.text(), JSON))
def test_json_is_frozen_the_same_in_both_ways(value: dict[str, Any]) -> None:
    before = told(value)
    assert told(freeze_json(value, 64)) == told(freeze(value))
    assert told(value) == before


PARTS = st.builds(Usage, st.just(1), st.just(2))


@given(st.dictionaries(st.text(), JSON | PARTS | st.tuples(PARTS) | st.tuples(PARTS, JSON) | st.lists(PARTS)))
def test_arguments_are_frozen_the_same_in_both_ways(arguments: dict[str, Any]) -> None:
    assert told(freeze_arguments(arguments)) == told(freeze(arguments))
    assert freeze_arguments(arguments) is not arguments


@pytest.mark.parametrize("nest", [lambda inner: {"a": inner}, lambda inner: [inner]])
def test_json_that_nests_deeper_than_there_is_room_is_left(nest: Callable[[Any], Any]) -> None:
    value: Any = 1
    for _ in range(4):
        value = nest(value)
    assert freeze_json({"a": value}, 5)
    with pytest.raises(RecursionError):
        freeze_json({"a": value}, 4)
