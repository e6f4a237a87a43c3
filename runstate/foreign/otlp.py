"""OTLP as JSON: spans of OpenTelemetry, as the file exporter of its collector writes them.

Of a span those events count that tell a status or an event of a run; else the span itself, at its end.  What tells
neither is passed over: most spans of a trace are about other things.  So is a span that failed: what it was to do did
not happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from runstate.errors import DecodeError
from runstate.foreign.told import LIFECYCLE, RUN, Piece, Places, fault, known_time, tell, text_of

__all__ = ["read_spans"]

Json = Mapping[str, Any]

_FAILED: Final = (2, "STATUS_CODE_ERROR")
"""How the ``Status`` of a span says so, as a number or by name."""
_REPLAYED: Final = ("runstate.outcome", "replayed")
"""Of a span of `runstate.telemetry`: the request was answered before, and nothing happened again."""

_EVENT_NAME: Final = "event:name"
"""The place that is the name of a span's event; ``name`` is that of the span."""


def read_spans(value: Json, places: Places, path: str = "$") -> Iterator[Piece]:
    """What the spans of one ``{"resourceSpans": […]}`` tell, in their order.

    :param path: where the object stands.
    """
    for resource, where in _each([value], ("resourceSpans",), path):
        if isinstance(resource, DecodeError):
            yield Piece(fault=resource, path=where)
            continue
        outer = _attributes(_object(resource.get("resource")))
        for span, place in _each([resource], ("scopeSpans", "spans"), where):
            if isinstance(span, DecodeError):
                yield Piece(fault=span, path=place)
            else:
                yield from _of_span(span, outer, places, place)


def _each(outer: list[Json], names: tuple[str, ...], path: str) -> Iterator[tuple[Json | DecodeError, str]]:
    """The objects of lists within lists, each with its place; what is none as its fault."""
    name, *more = names
    for one in outer:
        items = one.get(name, [])
        if not isinstance(items, list):
            yield fault("type", f"{name} is a list", path=f"{path}.{name}", seen=items), path
            continue
        for index, item in enumerate(items):
            place = f"{path}.{name}[{index}]"
            if not isinstance(item, Mapping):
                yield fault("type", "an object should stand here", path=place, seen=item), place
            elif more:
                yield from _each([item], tuple(more), place)
            else:
                yield item, place


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _attributes(one: Json) -> dict[str, Any]:
    """Attributes by their keys, of those values that are a text or a whole number."""
    held = one.get("attributes")
    named = [item for item in held if isinstance(item, Mapping)] if isinstance(held, list) else []
    values = {item["key"]: _object(item.get("value")) for item in named if isinstance(item.get("key"), str)}
    # a whole number is written as a string, as JSON's numbers are not wide enough
    return {key: value.get("stringValue", value.get("intValue")) for key, value in values.items()}


def _of_span(span: Json, resource: Json, places: Places, path: str) -> Iterator[Piece]:
    attributes = _attributes(span)
    failed = _object(span.get("status")).get("code") in _FAILED
    if failed or attributes.get(_REPLAYED[0]) == _REPLAYED[1]:
        return
    around = {**resource, **attributes}
    found = False
    for event, place in _each([span], ("events",), path):
        if isinstance(event, DecodeError):
            yield Piece(fault=event, path=place)
            continue
        own = {**_attributes(event), _EVENT_NAME: event.get("name")}
        for piece in _told(own, around, _time(event, own, "timeUnixNano", places), places, place):
            found = True
            yield piece
    if not found:
        own = {"name": span.get("name"), **attributes}
        yield from _told(own, around, _time(span, own, "endTimeUnixNano", places), places, path)


def _time(one: Json, own: Json, usual: str, places: Places) -> object:
    """When it was, as it is written: of the member or attribute that is asked for, where it has it."""
    named = None if places.time is None else one.get(places.time, own.get(places.time))
    return one.get(usual) if named is None else named


def _told(own: Json, around: Json, written: object, places: Places, path: str) -> Iterator[Piece]:
    """What one span or span event tells; its run and its lifecycle may be said further out."""
    name = places.run or RUN
    run = text_of(own.get(name, around.get(name)))
    told = tell(
        lambda place: own.get(place, around.get(place) if place == LIFECYCLE else None),
        places,
        run=run,
        at=None,
        usual=None,
    )
    if told is None or run is None:
        return
    try:
        at = _seconds(written, path)
    except DecodeError as error:
        yield Piece(fault=error, path=path)
        at = None
    yield Piece(told=attrs.evolve(told, at=at), path=path)


def _seconds(written: object, path: str) -> float | None:
    if written is None:
        return None
    text = text_of(written) or ""
    # in whole microseconds, as everywhere; 20 digits are more than any clock has
    at = int(text) // 1000 / 1e6 if text.isascii() and text.isdecimal() and len(text) <= 20 else None
    return known_time(at, written, path, "nanoseconds since the epoch")
