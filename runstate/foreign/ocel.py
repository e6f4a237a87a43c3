"""OCEL 2.0 as JSON: events that are related to objects, of which those of one type are runs.

Read from one document, which stands in memory.  An event has its type as name.  Where a status is asked for that objects
have as an attribute, its changes are read instead of events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from runstate.errors import DecodeError, Unwritable
from runstate.foreign.told import (
    EVENT,
    LIFECYCLE,
    SEQ,
    STATUS,
    Piece,
    Places,
    Told,
    by_time,
    fault,
    iso8601,
    seconds_of,
    tell,
    text_of,
)

__all__ = ["read_ocel", "to_ocel"]

Json = Mapping[str, Any]

_PARTS: Final = ("events", "objects")


def read_ocel(value: object, places: Places) -> Iterator[Piece]:
    """What the document tells, in the order of time; events that are numbered as `to_ocel` does, in their own.

    :param value: the decoded document.
    """
    if not isinstance(value, Mapping) or not all(isinstance(value.get(part), list) for part in _PARTS):
        yield Piece(fault=fault("root", "the document is no OCEL 2.0", allowed="an object with events and objects"))
        return
    objects = [one for one in value["objects"] if isinstance(one, Mapping)]
    kinds = {one["id"]: text_of(one.get("type")) for one in objects if isinstance(one.get("id"), str)}
    if places.status is not None and any(_history(one, places.status) for one in value["objects"]):
        yield from by_time(_of_objects(value["objects"], places, places.status))
        return
    types = set(kinds.values())
    if places.object_type is not None and places.object_type not in types:
        yield Piece(fault=_which(places.object_type, types, "reference", "no object is of this type"))
    elif places.object_type is None and len(types) > 1 and not any(_own(one) for one in value["events"]):
        yield Piece(fault=_which(None, types, "ambiguous", "objects are of several types"))
    else:
        found = list(_of_events(value["events"], kinds, places))
        pieces = [piece for piece, _ in found]
        yield from pieces if all(numbered for _, numbered in found) else by_time(pieces)


def _which(seen: str | None, types: set[str | None], problem: str, reason: str) -> DecodeError:
    allowed = ", ".join(sorted(repr(kind) for kind in types))
    return fault(problem, reason, path="$.objects", seen=seen, allowed=allowed, advice="Say which objects are runs.")


def _own(one: object) -> bool:
    """Whether an event was written by `to_ocel`, and so says of which type its run is."""
    return isinstance(one, Mapping) and LIFECYCLE in _attributes(one)


def _attributes(one: Json) -> dict[str, Any]:
    held = one.get("attributes")
    named = [item for item in held if isinstance(item, Mapping)] if isinstance(held, list) else []
    return {item["name"]: item.get("value") for item in named if isinstance(item.get("name"), str)}


def _of_events(events: list[Any], kinds: Mapping[str, str | None], places: Places) -> Iterator[tuple[Piece, bool]]:
    """Each thing told, and whether it has a number of its own."""
    for index, one in enumerate(events):
        path = f"$.events[{index}]"
        if not isinstance(one, Mapping):
            yield Piece(fault=fault("type", "an event is an object", path=path, seen=one), path=path), True
            continue
        attributes = _attributes(one)
        numbered = isinstance(attributes.get(SEQ), int)
        time = places.time or "time"
        written = attributes.get(time, one.get(time))
        at = None
        try:
            at = seconds_of(written, f"{path}.{time}")
        except DecodeError as error:
            yield Piece(fault=error, path=path), numbered
        members = {**one, **attributes}
        told = tell(members.get, places, run=None, at=at, usual=text_of(one.get("type")))
        if told is None:
            if places.status is None and places.event is None:
                yield Piece(fault=fault("missing", "the event has no type", path=path), path=path), numbered
            continue
        for piece in _of_runs(one, told, attributes, kinds, places, path):
            yield piece, numbered


def _of_runs(
    one: Json, told: Told, attributes: Json, kinds: Mapping[str, str | None], places: Places, path: str
) -> Iterator[Piece]:
    """The same for each run that the event is related to."""
    if places.run is not None:
        yield Piece(told=attrs.evolve(told, run=text_of(attributes.get(places.run))), path=path)
        return
    related = one.get("relationships")
    wanted = places.object_type if places.object_type is not None else told.lifecycle
    for number, item in enumerate(related if isinstance(related, list) else ()):
        run = item.get("objectId") if isinstance(item, Mapping) else None
        if not isinstance(run, str) or run not in kinds:
            missing = fault("reference", "there is no such object", path=f"{path}.relationships[{number}]", seen=run)
            yield Piece(fault=missing, path=path)
        elif wanted is None or kinds[run] == wanted:
            yield Piece(told=attrs.evolve(told, run=run), path=path)


def _history(one: object, name: str) -> list[tuple[int, Json]]:
    """The values that an attribute of an object has had, each with its place."""
    held = one.get("attributes") if isinstance(one, Mapping) else None
    items = enumerate(held) if isinstance(held, list) else ()
    return [(index, item) for index, item in items if isinstance(item, Mapping) and item.get("name") == name]


def _of_objects(objects: list[Any], places: Places, name: str) -> Iterator[Piece]:
    for index, one in enumerate(objects):
        for number, item in _history(one, name):
            if places.object_type is not None and one.get("type") != places.object_type:
                continue
            path = f"$.objects[{index}].attributes[{number}]"
            status = text_of(item.get("value"))
            if status is None:
                wrong = fault("type", "a status is a string", path=f"{path}.value", seen=item.get("value"))
                yield Piece(fault=wrong, path=path)
                continue
            at = None
            try:
                # the epoch itself stands for "from the beginning" in OCEL 2.0
                at = seconds_of(item.get("time"), f"{path}.time") or None
            except DecodeError as error:
                yield Piece(fault=error, path=path)
            yield Piece(told=Told(run=text_of(one.get("id")), status=status, at=at), path=path)


# -- writing -----------------------------------------------------------------------------------------------------------


def to_ocel(steps: Iterable[Told]) -> bytes:
    """The log as an OCEL 2.0 document: an object for each run, whose type is the lifecycle, an event for each step.

    Objects have the status as an attribute that changes with time.  Events have the name of the step's event, else of
    its status, and besides both, the lifecycle and the number of the step in its run under the names that
    `runstate.telemetry` gives them.  Takes memory for all of it.

    :raises Unwritable: for a step without a run or a time, and for two runs of different lifecycles with one id.
    """
    events: list[Json] = []
    objects: dict[str, dict[str, Any]] = {}
    counts: dict[str, int] = {}
    for step in steps:
        run, name = _text(step.run, "an id"), step.event if step.event is not None else step.status
        if step.at is None:
            raise Unwritable(form="OCEL", reason="a step has no time", seen=step, allowed="a time")
        time, kind = iso8601(step.at), step.lifecycle or "run"
        known = objects.setdefault(run, {"id": run, "type": kind, "attributes": [], "relationships": []})
        if known["type"] != kind:
            raise Unwritable(form="OCEL", reason="two runs have one id", seen=run, allowed="an id of its own")
        if step.status is not None:
            known["attributes"].append({"name": "status", "time": time, "value": _text(step.status, "a status")})
        counts[run] = counts.get(run, 0) + 1
        marks = {EVENT: step.event, STATUS: step.status, LIFECYCLE: step.lifecycle, SEQ: counts[run]}
        events.append(
            {
                "id": f"e{len(events) + 1}",
                "type": _text(name, "a name"),
                "time": time,
                "attributes": [{"name": key, "value": value} for key, value in marks.items() if value is not None],
                "relationships": [{"objectId": run, "qualifier": "run"}],
            }
        )
    kinds = [{"name": key, "type": "integer" if key == SEQ else "string"} for key in (EVENT, STATUS, LIFECYCLE, SEQ)]
    document = {
        "objectTypes": [
            {"name": kind, "attributes": [{"name": "status", "type": "string"}]}
            for kind in dict.fromkeys(one["type"] for one in objects.values())
        ],
        "eventTypes": [{"name": name, "attributes": kinds} for name in dict.fromkeys(one["type"] for one in events)],
        "objects": list(objects.values()),
        "events": events,
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def _text(value: str | None, allowed: str) -> str:
    if not value or "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Unwritable(form="OCEL", reason="a text is missing or no Unicode", seen=value, allowed=allowed)
    return value
