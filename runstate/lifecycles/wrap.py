"""`wrap`: the inverse of `runstate.lifecycles.unwrap`: flat fields as the objects of a protocol hold them.

By the `runstate.lifecycle.Layout` of the lifecycle: id, status, event and times go to their places, times are written as
the protocol writes them.  What several places could hold goes to the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from runstate.lifecycle import FieldKind, Lifecycle

__all__ = ["wrap"]

_PARAMS = "params"
"""Where JSON-RPC puts the object of a notification; its ``method`` names the event."""


def wrap(lifecycle: Lifecycle, fields: Mapping[str, Any], *, wire: str | None = None, at: float | None = None) -> Any:
    """An object of a log.

    :param fields: the object with every field under its own name, times as seconds since the epoch.
    :param wire: the event that it comes with; None for a snapshot, which is wrapped in nothing.
    :param at: when it was seen, in seconds since the epoch; written where the layout has a place for it.
    """
    layout = lifecycle.layout
    ids, statuses = layout.id or (lifecycle.id_field,), layout.status or (lifecycle.status_field,)
    places = {
        **layout.fields,
        # a snapshot goes by its own id, news of it by the name that others call it by
        lifecycle.id_field: lifecycle.id_field if wire is None and lifecycle.id_field in ids else ids[0],
        lifecycle.status_field: statuses[0],
    }
    inside: dict[str, Any] = {}
    for name, value in fields.items():
        _put(inside, places.get(name, name), _written(lifecycle, name, value))
    if at is not None and layout.at:
        _put(inside, layout.at[0], _time(at, layout.times), over=False)
    if wire is None:
        return inside
    around = _wrapping(lifecycle, wire)
    wrapped: dict[str, Any] = inside if around is None else {}
    if around is not None:
        _put(wrapped, around, inside)
    if layout.event and layout.event[0] not in statuses:
        _put(wrapped, layout.event[0], wire)
    return wrapped


def _wrapping(lifecycle: Lifecycle, wire: str) -> str | None:
    """The place that an object which comes with this event is wrapped in."""
    inside = lifecycle.layout.inside
    told = [place for place, event in inside.items() if event == wire]
    plain = [place for place, event in inside.items() if event is None] if lifecycle.layout.event else []
    return next(iter(told or [place for place in plain if place == _PARAMS] or plain), None)


def _put(value: dict[str, Any], place: str, item: Any, *, over: bool = True) -> None:
    *outer, name = place.split(".")
    for one in outer:
        if not isinstance(value.get(one), dict):
            value[one] = {}
        value = value[one]
    if over or name not in value:
        value[name] = item


def _written(lifecycle: Lifecycle, name: str, value: Any) -> Any:
    kind = lifecycle.fields.get(name, FieldKind.VALUE)
    constant = name in lifecycle.constant and name not in lifecycle.fields and name.endswith(("_at", "_time"))
    is_time = isinstance(value, int | float) and not isinstance(value, bool)
    timed = kind is not FieldKind.VALUE or constant
    return _time(value, lifecycle.layout.times) if timed and is_time else value


def _time(value: float, written: str) -> float | str:
    if written == "milliseconds":
        return int(value * 1000)
    if written != "iso8601":
        return value
    return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
