"""Schema keys in camelCase read as snake_case.  Only names that a lifecycle knows are respelled, and no values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["camel", "snake_keys", "snake_tree"]


def camel(name: str) -> str:
    """``expires_at`` -> ``expiresAt``."""
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


@lru_cache(maxsize=256)
def _respelled(names: tuple[str, ...]) -> Mapping[str, str]:
    return {camel(name): name for name in names if camel(name) != name}


def snake_keys(value: Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
    """The mapping with those of ``names`` that are spelled in camelCase spelled in snake_case.

    A key that stands there in both spellings keeps the value of the snake_case one.
    """
    respelled = _respelled(tuple(names))
    found = {respelled[key]: item for key, item in value.items() if key in respelled and respelled[key] not in value}
    return {**value, **found} if found else value


def snake_tree(value: object, names: tuple[str, ...]) -> Any:
    """The same for mappings within one another; what stands in lists is left alone."""
    if not names or not isinstance(value, Mapping):
        return value
    return {key: snake_tree(item, names) for key, item in snake_keys(value, names).items()}
