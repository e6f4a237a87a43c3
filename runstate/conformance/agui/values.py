"""Values of an event as the protocol compares them: absent is not null, and 1 is neither true nor "1"."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Final, TypeGuard

import attrs

__all__ = [
    "ABSENT",
    "OWNER",
    "Absent",
    "Fields",
    "get",
    "identity",
    "is_object",
    "items",
    "of_string",
    "owner_name",
    "printable",
    "shown",
]

Fields = Mapping[str, Any]

OWNER: Final = "subagentRunId"
"""The field that says which subagent an event belongs to; absent it is the parent agent."""


class Absent:
    """The type of `ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = Absent()
"""A field that is not there, which is something else than a field that is null."""


@attrs.frozen(eq=False)
class _Same:
    """An object or array as an id: it is equal to itself alone, whatever it holds."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def identity(value: object) -> Hashable:
    """A value as a key: two keys are equal exactly where the reference takes the values for the same."""
    if value is None or isinstance(value, str | Absent):
        return value
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | float):
        try:
            return ("number", float(value))  # JSON has one kind of number
        except OverflowError:
            return ("number", float("inf") if value > 0 else float("-inf"))
    return _Same(value)


def is_object(value: object) -> TypeGuard[Fields]:
    """Whether a value is a JSON object."""
    return type(value) is dict or isinstance(value, Mapping)  # the first is what it nearly always is, and fast


def get(value: object, name: str) -> Any:
    """A field of a JSON value; absent in whatever is no object."""
    return value.get(name, ABSENT) if is_object(value) else ABSENT


def items(value: object) -> list[Any] | None:
    """The elements of an array, None for whatever is none."""
    return list(value) if isinstance(value, list | tuple) else None


def of_string(value: object) -> str | None:
    """A string, None for whatever is none."""
    return value if isinstance(value, str) else None


def owner_name(owner: object) -> str:
    """An owner for a message."""
    return "the parent agent" if owner is ABSENT else shown(owner)


def printable(value: object) -> bool:
    """Whether the reference can print a value at all: an object that says what its ``toString`` is, it cannot."""
    if isinstance(value, list | tuple):
        return all(map(printable, value))
    return not (is_object(value) and "toString" in value)


def shown(value: object, limit: int = 60) -> str:
    """A value for a message."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
