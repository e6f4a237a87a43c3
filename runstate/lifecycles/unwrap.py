"""`unwrap`: one object of a log, whatever its protocol wraps it in, as the flat mapping that the judge reads.

By the `runstate.lifecycle.Layout` of its lifecycle: where the object, its id, its status, the name of its event and its
times stand, and how times are written.  Statuses come out as the lifecycle spells them, times as whole
seconds since the epoch, as in every record of runstate.  Nothing is judged here: what is not there is left out, what cannot be read is left as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from runstate.lifecycle import FieldKind, Lifecycle

__all__ = ["Unwrapped", "unwrap"]


@attrs.frozen(kw_only=True)
class Unwrapped:
    """What one object says."""

    event: str | None
    """Wire name of the event, as the verbs write it; None for a snapshot."""
    fields: Mapping[str, Any]
    """The object with id, status and times where the lifecycle's own names say."""
    at: float | None = None
    """Time of the observation, seconds since the epoch, with its fraction."""
    moves: bool = True
    """False for an event that goes with such a run without moving it."""
    whole: bool = True
    """False where the event alone tells the status: the object is no snapshot, and rules on its fields say nothing."""


def unwrap(
    lifecycle: Lifecycle, value: Mapping[str, Any], *, event: str | None = None, run_id: str | None = None
) -> Unwrapped | None:
    """What an object of a log says of a run, or None where it says nothing of one.

    :param event: name of the event, where the log gives it outside of the object.
    :param run_id: id of the run, where the object holds none: the history of one run.
    """
    inside, told = _inside(lifecycle, value)
    name = event or told or _name(lifecycle, inside, value)
    wire = None if name is None else lifecycle.wire_name(name)
    status, whole = _status(lifecycle, inside, wire)
    if status is None:
        passes = wire is not None and not lifecycle.announced(wire) and lifecycle.passes(wire)
        return Unwrapped(event=wire, fields=inside, at=_at(lifecycle, inside, value), moves=False) if passes else None
    layout = lifecycle.layout
    fields = dict(inside)
    fields |= {
        field: seen for field, place in layout.fields.items() if (seen := get(inside, place, _MISSING)) is not _MISSING
    }
    found = _first(lifecycle.layout.id or (lifecycle.id_field,), (inside, value))
    fields[lifecycle.id_field] = run_id if found is None else found
    fields[lifecycle.status_field] = status
    for field, kind in lifecycle.fields.items():
        if kind is not FieldKind.VALUE and field in fields:
            fields[field] = _floored(seconds(fields[field], layout.times))
    for field in lifecycle.constant:
        if field in fields and field not in lifecycle.fields and field.endswith(("_at", "_time")):
            fields[field] = _floored(seconds(fields[field], layout.times))
    return Unwrapped(event=wire, fields=fields, at=_at(lifecycle, inside, value), whole=whole)


def _floored(value: Any) -> Any:
    return math.floor(value) if isinstance(value, float) and math.isfinite(value) else value


_MISSING: Any = object()


def get(value: object, place: str, default: Any = None) -> Any:
    """What stands at a place, names joined by dots; the whole name is tried first, as a member may have dots in it."""
    if isinstance(value, Mapping) and place in value:
        return value[place]
    for name in place.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return default
        value = value[name]
    return value


def _inside(lifecycle: Lifecycle, value: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """The object itself, and the event that its wrapping announces."""
    for place, told in lifecycle.layout.inside.items():
        found = get(value, place)
        if isinstance(found, Mapping):
            return found, told
    return value, None


def _first(places: Iterable[str], objects: Iterable[Mapping[str, Any]]) -> Any:
    objects = tuple(objects)
    found = (get(one, place) for one in objects for place in places)
    return next((item for item in found if item is not None), None)


def _name(lifecycle: Lifecycle, inside: Mapping[str, Any], value: Mapping[str, Any]) -> str | None:
    """The name of the event that stands in the object; only one that the lifecycle knows, as ``kind`` says other things."""
    for one in (value, inside):
        for place in lifecycle.layout.event:
            name = get(one, place)
            if isinstance(name, str) and (lifecycle.announced(lifecycle.wire_name(name)) or lifecycle.passes(name)):
                return name
    return None


def _status(lifecycle: Lifecycle, inside: Mapping[str, Any], wire: str | None) -> tuple[str | None, bool]:
    """The status, and whether the object itself says it; else it is the one that its event leads to."""
    for place in lifecycle.layout.status or (lifecycle.status_field,):
        spelled = get(inside, place, _MISSING)
        if spelled is not _MISSING:
            known = lifecycle.status_of(spelled)
            # what no status spells is for the judge to find fault with
            return known if known is not None else spelled if isinstance(spelled, str) else None, True
    if wire is None:
        return None, False
    targets = {lifecycle.target(name) for name in lifecycle.announced(wire)}
    return targets.pop() if len(targets) == 1 else None, False


def _at(lifecycle: Lifecycle, inside: Mapping[str, Any], value: Mapping[str, Any]) -> float | None:
    found = _first(lifecycle.layout.at, (inside, value))
    when = seconds(found, lifecycle.layout.times)
    return when if isinstance(when, int | float) and not isinstance(when, bool) else None


def seconds(value: Any, written: str) -> Any:
    """A time as seconds since the epoch; what cannot be read as one is left as it is."""
    if written == "milliseconds" and isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000
    if written != "iso8601" or not isinstance(value, str):
        return value
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
