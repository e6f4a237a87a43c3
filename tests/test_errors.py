"""Refusals are data: every error keeps its fields on every way it may take, and says what was seen and allowed."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from runstate import errors
from runstate.errors import (
    BadLifecycle,
    BadPayload,
    BadRecord,
    BadSimulation,
    CallerError,
    DecodeError,
    GuardFailed,
    IllegalTransition,
    RunstateError,
    Unwritable,
)

# What the fields of the examples hold: by name, else by type.
BY_NAME: dict[str, str] = {
    "reason": "it cannot be",
    "advice": "Try later.",
    "lifecycle": "a.life",
    "event": "jump",
    "status": "asleep",
    "guard": "it is morning",
    "key": "height",
    "record": "Sleeper",
    "field": "bed",
    "rule": "RS201",
    "problem": "no_basis",
    "path": "$.bed",
    "parameter": "bed.size",
}
BY_TYPE: dict[str, object] = {
    "str": "a bed",
    "str | None": "a bed",
    "tuple[str, ...]": ("wake", "dream"),
    "object": "floor",
    "int": 7,
    "int | None": 7,
    "float": 1.5,
    "Literal['none', 'unknown']": "unknown",
}


def example(cls: type[Any]) -> Any:
    """An instance with every field set to something of its own."""
    values: dict[str, object] = {}
    for field in attrs.fields(cls):
        kind = str(field.type).replace('"', "'")
        part = getattr(errors, kind.removesuffix(" | None"), None)
        if part is not None:
            values[field.name] = example(part)
        else:
            values[field.name] = BY_NAME.get(field.name) if kind.startswith("str") else None
            values[field.name] = values[field.name] or BY_TYPE[kind]
    return cls(**values)


def classes() -> list[type[RunstateError]]:
    found = (cls for _, cls in inspect.getmembers(errors, inspect.isclass))
    return [cls for cls in found if issubclass(cls, RunstateError)]


ERRORS: list[RunstateError] = [example(cls) for cls in classes()]
KINDS = [type(error).__name__ for error in ERRORS]
CALLER: dict[str, Any] = {
    "reason": "it cannot be",
    "advice": "Try later.",
    "lifecycle": "a.life",
    "event": "jump",
    "status": "asleep",
    "allowed": ("wake", "dream"),
}


def fields(error: RunstateError) -> dict[str, object]:
    return {field.name: getattr(error, field.name) for field in attrs.fields(type(error))}


def test_every_error_class_is_exported() -> None:
    assert set(KINDS) <= set(errors.__all__)
    assert len(KINDS) >= 10


@pytest.mark.parametrize("error", ERRORS, ids=KINDS)
def test_the_example_sets_every_field(error: RunstateError) -> None:
    unset = [field.name for field in attrs.fields(type(error)) if getattr(error, field.name) == field.default]
    assert unset == []


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda error: pickle.loads(pickle.dumps(error, protocol))


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("error", ERRORS, ids=KINDS)
def test_a_copy_has_the_class_the_fields_and_the_text(error: RunstateError, way: Callable[[Any], Any]) -> None:
    other = way(error)
    assert other is not error
    assert (type(error), fields(error), str(error)) == (type(other), fields(other), str(other))


SAYS: dict[type[RunstateError], tuple[str, ...]] = {
    CallerError: ("a.life", "'jump'", "in status 'asleep'", "Allowed: wake, dream."),
    GuardFailed: ("'it is morning'", "'floor'"),
    BadPayload: ("'height'", "'floor'", "'jump' takes wake, dream."),
    BadRecord: ("Sleeper.bed", "'floor'", "'asleep'", "RS201", "Allowed: a bed."),
    BadLifecycle: ("'a.life'", "no_basis", "Seen: 'floor'.", "Allowed: wake, dream."),
    BadSimulation: ("bed.size", "Seen: 'floor'.", "Allowed: a bed."),
    Unwritable: ("a bed: ", "Seen: 'floor'.", "Allowed: a bed."),
    DecodeError: ("$.bed", "no_basis", "Seen: 'floor'.", "Allowed: a bed."),
}


@pytest.mark.parametrize("error", ERRORS, ids=KINDS)
def test_the_text_says_what_was_seen_what_was_allowed_and_why(error: RunstateError) -> None:
    wanted = ["it cannot be", "Try later."]
    wanted += [words for cls, says in SAYS.items() if isinstance(error, cls) for words in says]
    assert [words for words in wanted if words not in str(error)] == []


def test_the_text_of_an_error_in_full() -> None:
    assert str(IllegalTransition(**CALLER)) == (
        "a.life: 'jump' in status 'asleep': it cannot be. Allowed: wake, dream. Try later."
    )


def test_the_text_without_what_may_be_missing() -> None:
    bare: dict[str, Any] = CALLER | {"advice": "", "status": None, "allowed": ()}
    assert str(CallerError(**bare)) == "a.life: 'jump' before creation: it cannot be. Allowed: nothing."
    assert str(BadPayload(**bare, key="height")).endswith("Argument 'height' was None; 'jump' takes no arguments.")
    assert str(BadRecord(reason="no", record="R", field="f", rule="RS206", value=1)) == "R.f = 1: no (RS206)."
    assert str(BadLifecycle(reason="no", lifecycle="l", problem="p")) == "lifecycle 'l': no (p)."
    assert str(DecodeError(reason="no", problem="p")) == "$: no (p)."
    assert str(RunstateError(reason="no")) == "no"


def test_who_erred_is_told_by_the_class() -> None:
    assert {error.who for error in ERRORS if isinstance(error, CallerError | BadRecord)} == {"caller"}
    assert (RunstateError.who, BadLifecycle.who, DecodeError.who) == ("unknown", "designer", "sender")
    assert [type(error).__name__ for error in ERRORS if error.who == "unknown"] == ["RunstateError"]


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("seen", ["x" * 10_000, Hostile(), nested(100_000)], ids=["long", "hostile", "deep"])
def test_nothing_that_was_seen_can_make_a_text_unreadable(seen: object) -> None:
    for error in (
        GuardFailed(**CALLER, guard="g", seen=seen),
        BadPayload(**CALLER, key="k", seen=seen),
        BadRecord(reason="no", record="R", field="f", rule="RS206", value=seen),
        BadLifecycle(reason="no", lifecycle="l", problem="p", seen=seen),
        DecodeError(reason="no", problem="p", seen=seen),
    ):
        assert len(str(error)) < 300


def test_a_long_value_is_cut_with_a_mark_and_a_short_one_is_not() -> None:
    assert "'" + "x" * 118 + "…" in str(DecodeError(reason="no", problem="p", seen="x" * 119))
    assert "'" + "x" * 118 + "'." in str(DecodeError(reason="no", problem="p", seen="x" * 118))


def test_errors_are_compared_by_identity_and_can_be_hashed() -> None:
    one, other = CallerError(**CALLER), CallerError(**CALLER)
    assert one != other
    assert len({one, other, one}) == 2


def drawn(text: str) -> dict[str, str | None]:
    """Class -> its base, as a tree drawn with branches of four characters says."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in text.splitlines():
        found = re.match(r"^    ([│ ]*)(├── |└── )?([A-Z]\w*)", line)
        if found and (found[2] or not above):
            depth = len(found[1] + (found[2] or "")) // 4
            above[depth:] = [found[3]]
            parents[found[3]] = above[depth - 1] if depth else None
    return parents


def test_the_tree_that_the_module_draws_is_the_tree_there_is() -> None:
    real = {
        cls.__name__: cls.__base__.__name__ if cls is not RunstateError and cls.__base__ else None for cls in classes()
    }
    assert real == drawn(errors.__doc__ or "")


def test_a_wrong_tree_is_caught() -> None:
    text = "    A\n    ├── B   text\n    │   └── C\n    └── D\n"
    assert drawn(text) == {"A": None, "B": "A", "C": "B", "D": "A"}
