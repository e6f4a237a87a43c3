"""Checks on the fields of a record: attrs validators that refuse with a `BadRecord`.

Each looks at its one value and never at the record, so that a value which passed once passes in every record; a new
record made of an old one need only check what changed (`runstate.compiled`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from runstate.checks import metadata_fault, stamp_fault
from runstate.errors import BadRecord
from runstate.lifecycle import Lifecycle

__all__ = [
    "bad",
    "is_a",
    "is_count",
    "is_created",
    "is_metadata",
    "is_name",
    "is_status",
    "is_time",
    "is_tuple_of",
    "sure_types",
]

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def bad(instance: object, field: str, value: object, reason: str, allowed: str = "", rule: str = "RS206") -> BadRecord:
    """The refusal of a field's value by a rule; RS206 where it is of the wrong kind."""
    return BadRecord(
        record=type(instance).__name__,
        field=field,
        rule=rule,
        value=value,
        reason=reason,
        allowed=allowed,
        status=getattr(instance, "status", None),
    )


def is_a(*types: type, null: bool = False) -> Validator:
    """Instance of one of the types; bool does not pass for a number."""
    words = " or ".join(t.__name__ for t in types) + (" or null" if null else "")

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if (value is None and null) or (isinstance(value, types) and (bool in types or not isinstance(value, bool))):
            return
        raise bad(instance, attribute.name, value, "the value is of the wrong type", words)

    setattr(check, _SURE, frozenset(types))
    return check


_SURE: Final = "sure_types"


def sure_types(validator: object) -> frozenset[type]:
    """Types whose direct instances pass the validator, so that it need not be called; empty where none are known."""
    types: frozenset[type] = getattr(validator, _SURE, frozenset())
    return types


def is_tuple_of(inner: type, *, null: bool = False) -> Validator:
    """A tuple of instances of the type."""
    words = f"a tuple of {inner.__name__}" + (" or null" if null else "")

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is None and null:
            return
        if not isinstance(value, tuple) or not all(isinstance(item, inner) for item in value):
            raise bad(instance, attribute.name, value, "the value is of the wrong type", words)

    return check


def is_count(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise bad(instance, attribute.name, value, "a count is a whole number from 0 on", "0, 1, 2, …")


def is_time(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Whole seconds since the epoch, or null."""
    fault = None if value is None else stamp_fault(value)
    if fault is not None:
        raise bad(instance, attribute.name, value, fault, "whole seconds since the epoch, or null")


def is_created(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Whole seconds since the epoch."""
    fault = stamp_fault(value)
    if fault is not None:
        raise bad(instance, attribute.name, value, fault, "whole seconds since the epoch")


def is_name(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A string that is not empty."""
    if not isinstance(value, str) or not value:
        raise bad(instance, attribute.name, value, "the value is not a non-empty string", "a non-empty string")


def is_metadata(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Metadata within its limits, or null."""
    fault = None if value is None else metadata_fault(value)
    if fault is not None:
        raise bad(instance, attribute.name, value, fault, "16 pairs, keys up to 64, values up to 512", "RS209")


def is_status(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    """A status of the record's lifecycle."""
    lifecycle: Lifecycle = instance.__lifecycle__
    if not isinstance(value, str) or value not in lifecycle.statuses:
        known = ", ".join(str(s) for s in lifecycle.statuses)
        raise bad(instance, attribute.name, value, f"{lifecycle.name} has no such status", known, "RS106")
