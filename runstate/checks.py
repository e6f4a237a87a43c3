"""Checks on single values: pure functions that answer None where the value is well formed, else what is wrong with it.

They take decoded JSON values or the parts of a record alike, so that the record and the judge ask the same question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "MAX_METADATA_KEY",
    "MAX_METADATA_PAIRS",
    "MAX_METADATA_VALUE",
    "metadata_fault",
    "stamp_fault",
    "token_sum_fault",
    "tool_calls_fault",
]

MAX_METADATA_PAIRS: Final = 16
MAX_METADATA_KEY: Final = 64
"""Characters of a metadata key."""
MAX_METADATA_VALUE: Final = 512
"""Characters of a metadata value."""


_WORDS = {
    type(None): "null",
    bool: "true or false",
    str: "a string",
    float: "a fraction",
    dict: "an object",
    list: "a list",
    int: "a number",
}


def _word(value: object) -> str:
    """The kind of a JSON value, as people call it."""
    return next((word for kind, word in _WORDS.items() if isinstance(value, kind)), type(value).__name__)


def stamp_fault(value: object) -> str | None:
    """A time must be a whole number of seconds since the epoch, at or after it."""
    if isinstance(value, bool) or not isinstance(value, int):
        return f"a time is a whole number of seconds since the epoch, not {_word(value)}"
    return None if value >= 0 else "a time is not before the epoch"


def metadata_fault(value: object) -> str | None:
    """Metadata: up to 16 pairs, keys up to 64 and values up to 512 characters, all strings (API reference)."""
    if not isinstance(value, Mapping):
        return "metadata is a mapping of strings to strings"
    if len(value) > MAX_METADATA_PAIRS:
        return f"metadata has {len(value)} pairs; the limit is {MAX_METADATA_PAIRS}"
    for key, item in value.items():
        if not isinstance(key, str) or len(key) > MAX_METADATA_KEY:
            return f"the metadata key {str(key)[:20]!r}… is not a string of at most {MAX_METADATA_KEY} characters"
        if not isinstance(item, str):
            return f"the metadata value of {key!r} is {_word(item)}, not a string"
        if len(item) > MAX_METADATA_VALUE:
            return f"the metadata value of {key!r} has {len(item)} characters; the limit is {MAX_METADATA_VALUE}"
    return None


def token_sum_fault(usage: object) -> str | None:
    """``total_tokens`` is the sum of the other two (67 of 67 recorded usages)."""
    if not isinstance(usage, Mapping):
        return None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
    numbers = [count for count in counts if isinstance(count, int) and not isinstance(count, bool)]
    if len(numbers) != len(counts):
        return None
    prompt, completion, total = numbers
    return None if prompt + completion == total else f"{prompt} + {completion} is {prompt + completion}, not {total}"


def tool_calls_fault(required_action: object) -> str | None:
    """An action that is required names at least one tool call, each with an id of its own (36 of 36 recorded)."""
    outer = required_action.get("submit_tool_outputs") if isinstance(required_action, Mapping) else None
    calls = outer.get("tool_calls") if isinstance(outer, Mapping) else None
    if not isinstance(calls, list | tuple):
        return None  # another type of action: open for extension
    if not calls:
        return "no tool call is open, so nothing is required"
    ids = [call.get("id") for call in calls if isinstance(call, Mapping)]
    return None if len(set(map(str, ids))) == len(ids) else "two tool calls have the same id"
