"""Which objects say nothing but which run it is and its status, as far as any rule goes: many such can be judged at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from runstate.conformance.fields import VALUE_FIELDS
from runstate.conformance.spelling import camel
from runstate.lifecycle import Lifecycle

__all__ = ["KINDS", "small_rows"]

KINDS = ("object", "type", "kind")
"""Keys by which an object says what it is."""


def small_rows(lifecycle: Lifecycle, values: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]] | None:
    """Id and status of each object; None where one lacks them, or has anything else that a rule looks at.

    :param values: one at least.
    """
    first = tuple(values[0])
    if not _is_small(lifecycle, first):
        return None
    others = [name for name in first if name not in (lifecycle.id_field, lifecycle.status_field)]
    try:
        # as many keys as the first one, and each of its keys: a third of the time of comparing the keys
        if set(map(len, values)) == {len(first)}:
            if others:
                deque(map(itemgetter(*others), values), maxlen=0)
            return list(map(itemgetter(lifecycle.id_field, lifecycle.status_field), values))
    except KeyError:
        pass
    if not all(_is_small(lifecycle, shape) for shape in set(map(tuple, values))):
        return None
    return list(map(itemgetter(lifecycle.id_field, lifecycle.status_field), values))


@lru_cache(maxsize=1024)
def _is_small(lifecycle: Lifecycle, shape: tuple[str, ...]) -> bool:
    told = {lifecycle.id_field, lifecycle.status_field}
    names = {*lifecycle.fields, *lifecycle.constant, *lifecycle.profiles.values(), *VALUE_FIELDS}
    looked_at = {*names, *map(camel, names), *KINDS, "event"} - told
    return told <= set(shape) and looked_at.isdisjoint(shape)
