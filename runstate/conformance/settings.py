"""Defaults of the command line from ``[tool.runstate]`` of a pyproject.toml, checked key by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast, get_args

import attrs

from runstate.conformance.findings import CODES
from runstate.conformance.monitor import Mode
from runstate.conformance.watch import Assume
from runstate.errors import DecodeError
from runstate.frozen import EMPTY, FrozenDict

__all__ = ["KEYS", "Settings", "parse_assume", "parse_codes", "settings_of"]


@attrs.frozen(kw_only=True)
class Settings:
    """What the commands do unless the command line says otherwise."""

    lifecycle: str | None = None
    mode: Mode = "auto"
    strict: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    assume: Assume = attrs.field(factory=Assume)
    per_path_ignores: Mapping[str, tuple[str, ...]] = EMPTY
    """Pattern of a path (``*`` matches any characters, ``/`` too) -> codes that are not reported there."""
    baseline: str | None = None
    """File with the findings that are known; only new ones are reported."""
    store: str | None = None
    """Of ``runstate runs``: URL of the store."""

    def ignored_in(self, path: str) -> tuple[str, ...]:
        """The codes that are not reported for this path."""
        here = (codes for pattern, codes in self.per_path_ignores.items() if fnmatchcase(path, pattern))
        return (*self.ignore, *(code for codes in here for code in codes))


def _refuse(key: str, seen: object, allowed: str) -> DecodeError:
    return DecodeError(
        path=f"[tool.runstate] {key}",
        problem="settings",
        reason="the setting is not what it should be",
        seen=seen,
        allowed=allowed,
    )


def parse_codes(value: object, where: str = "codes") -> tuple[str, ...]:
    """Codes or beginnings of codes, from a list or from words between commas.

    :raises DecodeError: for what no code begins with.
    """
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise _refuse(where, value, "a list of codes or beginnings of codes, as in ['RS2', 'RS301']")
    codes = tuple(word.strip().upper() for word in words if word.strip())
    for code in codes:
        if not any(known.startswith(code) for known in CODES):
            raise _refuse(where, code, f"a beginning of one of {', '.join(CODES)}")
    return codes


def parse_assume(value: object, where: str = "assume") -> Assume:
    """``lost,duplicates,window=3,skew=2`` or the same as a list.

    :raises DecodeError: for an assumption that there is not.
    """
    words = [word for word in value.split(",") if word.strip()] if isinstance(value, str) else value
    allowed = "lost, duplicates, window=N (a whole number), skew=SECONDS"
    if not isinstance(words, list | tuple):
        raise _refuse(where, value, allowed)
    found: dict[str, Any] = {}
    for word in words:
        name, _, number = str(word).strip().partition("=")
        try:
            if name in {"lost", "duplicates"} and not number:
                found[name] = True
            elif name == "window":
                found[name] = int(number)
            elif name == "skew":
                found[name] = float(number)
            else:
                raise _refuse(where, word, allowed)
        except ValueError:
            raise _refuse(where, word, allowed) from None
    try:
        return Assume(**found)
    except ValueError:
        raise _refuse(where, value, f"{allowed}, none of them negative") from None


def _word(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _refuse(key, value, "a non-empty string")
    return value


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _refuse(key, value, "true or false")
    return value


def _mode(key: str, value: object) -> Mode:
    for mode in get_args(Mode):
        if value == mode:
            return cast("Mode", mode)
    raise _refuse(key, value, "auto, stream or poll")


def _per_path(key: str, value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise _refuse(key, value, "a table of path patterns and lists of codes")
    return FrozenDict({str(path): parse_codes(codes, f"{key}.{path}") for path, codes in value.items()})


KEYS: Mapping[str, tuple[str, Callable[[str, Any], Any]]] = FrozenDict(
    {
        "lifecycle": ("lifecycle", _word),
        "mode": ("mode", _mode),
        "strict": ("strict", _flag),
        "select": ("select", lambda key, value: parse_codes(value, key)),
        "ignore": ("ignore", lambda key, value: parse_codes(value, key)),
        "assume": ("assume", lambda key, value: parse_assume(value, key)),
        "per-path-ignores": ("per_path_ignores", _per_path),
        "baseline": ("baseline", _word),
        "store": ("store", _word),
    }
)
"""Key in ``[tool.runstate]`` -> the field of `Settings` and how its value is read."""


def settings_of(table: Mapping[str, Any]) -> Settings:
    """The settings of a ``[tool.runstate]`` table.

    :raises DecodeError: for a key or value that there is not; the path names it.
    """
    for key in table:
        if key not in KEYS:
            raise _refuse(key, table[key], f"one of the keys {', '.join(KEYS)}")
    return Settings(**{KEYS[key][0]: KEYS[key][1](key, value) for key, value in table.items()})
