"""The record rules as pure predicates over (status, fields), derived from a `Lifecycle`.

Nothing here knows a status or a field by name.  The record raises the first broken rule; the judge reports them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeGuard

import attrs

from runstate.lifecycle import FieldKind, Lifecycle, Presence, Quirk

__all__ = ["Broken", "Rule", "broken_rules", "rules_of"]


@attrs.frozen
class Rule:
    """One rule on one field in one status."""

    code: str
    """Finding code."""
    field: str
    presence: Presence
    """``set`` or ``null``: what the rule demands."""
    says: str
    """The rule as a sentence without a full stop."""
    quirk: Quirk | None = None
    """A known departure from exactly this rule, with the profile it is known from."""


@attrs.frozen
class Broken:
    """A rule that a record or an observation breaks."""

    code: str
    field: str
    value: object
    says: str
    allowed: str
    quirk: Quirk | None = None
    """Set where the departure is known and tolerated in objects of this profile."""
    by: float = 0
    """Of two times out of order: how many seconds lie between them."""


@lru_cache(maxsize=256)
def rules_of(lifecycle: Lifecycle, status: str) -> tuple[Rule, ...]:
    """The presence rules that hold in a status, in the order of the lifecycle's fields.

    :raises KeyError: for a status that the lifecycle does not have.
    """
    return tuple(_rules(lifecycle, status))


def _rules(lifecycle: Lifecycle, status: str) -> Iterator[Rule]:
    for field, presence in lifecycle.presence[status].items():
        if presence is Presence.SET:
            yield Rule("RS201", field, presence, f"{field} must be set in status {status}")
        elif presence is Presence.NULL:
            code, when = _null_code(lifecycle, status, field)
            quirk = next((q for q in lifecycle.quirks if q.field == (status, field)), None)
            yield Rule(code, field, presence, f"{field} must be null {when}", quirk)


def _null_code(lifecycle: Lifecycle, status: str, field: str) -> tuple[str, str]:
    """Tell the three ways to be set too much apart: too early, left over, or simply out of place."""

    def null_in(statuses: tuple[str, ...] | frozenset[str]) -> bool:
        return all(lifecycle.presence[s][field] is Presence.NULL for s in statuses)

    if status in lifecycle.terminal:
        left_over = null_in(lifecycle.terminal)
        return ("RS204", "once the run has ended") if left_over else ("RS202", f"in status {status}")
    early = bool(lifecycle.terminal) and null_in(lifecycle.live)
    return ("RS203", "until the run has ended") if early else ("RS202", f"in status {status}")


def broken_rules(lifecycle: Lifecycle, status: str, fields: Mapping[str, Any]) -> Iterator[Broken]:
    """Every rule that the fields break in this status, presence first, then the order of stamps.

    :param fields: values by field name; a missing key counts as null.
    :raises KeyError: for a status that the lifecycle does not have.
    """
    for rule in rules_of(lifecycle, status):
        value = fields.get(rule.field)
        if (value is not None) is (rule.presence is Presence.SET):
            continue
        quirk = rule.quirk
        if quirk is not None and quirk.profile is not None and quirk.profile != lifecycle.profile(fields):
            quirk = None
        allowed = "null" if rule.presence is Presence.NULL else _kind_words(lifecycle.fields[rule.field])
        yield Broken(rule.code, rule.field, value, rule.says, allowed, quirk)
    for earlier, later in lifecycle.order:
        first, second = fields.get(earlier), fields.get(later)
        if _is_time(first) and _is_time(second) and first > second:
            says = f"{later} must not be before {earlier} ({first})"
            yield Broken("RS301", later, second, says, f">= {first}", by=first - second)


def _kind_words(kind: FieldKind) -> str:
    return {FieldKind.STAMP: "a time", FieldKind.DEADLINE: "a deadline"}.get(kind, "a value")


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
