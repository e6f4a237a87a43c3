"""Read-only containers: records hold tuples and `FrozenDict`, never anything that a caller can change later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Never, TypeVar, cast

__all__ = ["EMPTY", "LEAVES", "FrozenDict", "freeze", "freeze_arguments", "freeze_json", "thaw"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that refuses to change.  It compares, prints, pickles and encodes as the dict it is."""

    __slots__ = ()

    def _refuse(self, *_args: object, **_kwargs: object) -> Never:
        msg = f"{type(self).__name__} is read-only; build a new one: FrozenDict({{**old, key: value}})"
        raise TypeError(msg)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse  # pyright: ignore[reportAssignmentType]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __copy__(self) -> FrozenDict[K, V]:
        return self

    def __or__(self, other: Mapping[Any, Any]) -> FrozenDict[Any, Any]:
        return FrozenDict({**self, **other})


EMPTY: FrozenDict[Any, Any] = FrozenDict()

LEAVES: Final = frozenset({str, int, float, bool, type(None)})
"""Types of values that hold nothing."""


def freeze(value: object) -> Any:
    """A JSON-like value with every list turned into a tuple and every dict into a `FrozenDict`."""
    if type(value) in LEAVES:
        return value
    if isinstance(value, dict):
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):  # a union of them would be built anew each time, 100 ns
        return tuple([freeze(item) for item in value])
    if hasattr(value, "__attrs_attrs__") or not isinstance(value, Mapping):  # the cheap question first
        return value
    return FrozenDict({key: freeze(item) for key, item in value.items()})


def freeze_arguments(arguments: dict[str, Any]) -> FrozenDict[str, Any]:
    """`freeze` for keyword arguments, most of which are leaves, parts of records, or tuples of them: in a tenth of the time."""
    for value in arguments.values():
        if type(value) is tuple:
            for item in value:
                if not hasattr(item, "__attrs_attrs__") and type(item) not in LEAVES:
                    return cast("FrozenDict[str, Any]", freeze(arguments))
        elif not hasattr(value, "__attrs_attrs__") and type(value) not in LEAVES:
            return cast("FrozenDict[str, Any]", freeze(arguments))
    return FrozenDict(arguments)


def freeze_json(value: dict[str, Any], room: int) -> FrozenDict[str, Any]:
    """`freeze` for an object of exactly the types of JSON, as a parser gives it: in a third of the time.

    :param room: how many more objects and arrays may nest in it; asked in passing, since a count takes as long as half.
    :raises RecursionError: where more do.
    """
    if not room:
        raise RecursionError
    own = value
    for key, item in value.items():
        if type(item) is dict or type(item) is list:
            if own is value:
                own = value.copy()
            own[key] = freeze_json(item, room - 1) if type(item) is dict else _freeze_array(item, room - 1)
    return FrozenDict(own)


def _freeze_array(value: Any, room: int) -> tuple[Any, ...]:
    if not room:
        raise RecursionError
    for item in value:
        if type(item) is dict or type(item) is list:
            break
    else:
        return tuple(value)
    items: list[Any] = []
    for item in value:
        if type(item) is dict:
            items.append(freeze_json(item, room - 1))
        else:
            items.append(_freeze_array(item, room - 1) if type(item) is list else item)
    return tuple(items)


def thaw(value: object) -> Any:
    """The inverse of `freeze`: plain dicts and lists, a new copy each time."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value
