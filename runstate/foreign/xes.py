"""XES (IEEE 1849): a log of traces of events, read piece by piece and written.

A trace is a run, its ``concept:name`` the id; an event has ``concept:name`` and ``time:timestamp``.  The reader keeps one
event at a time, knows the line of each, and refuses document types: with them entities, outside ones and those without end.
Nested attributes, extensions, globals and classifiers are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

import attrs

from runstate.edge import Limits
from runstate.errors import DecodeError, Unwritable
from runstate.foreign.told import (
    EVENT,
    LIFECYCLE,
    STATUS,
    Piece,
    Places,
    Told,
    fault,
    iso8601,
    seconds_of,
    tell,
)

__all__ = ["read_xes", "to_xes"]

_NAME: Final = "concept:name"
_TIME: Final = "time:timestamp"
_VALUES: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})
"""Elements that are an attribute with a value."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot express (§2.2), not even escaped."""


def read_xes(chunks: Iterable[bytes], places: Places, limits: Limits) -> Iterator[Piece]:
    """Every event, in the order of the file.  What cannot be read is a piece with a fault; broken XML ends it."""
    reader = _Reader(places, limits)
    for chunk in chunks:
        ended = reader.feed(chunk)
        yield from reader.taken()
        if ended:
            return
    reader.feed(b"", last=True)
    yield from reader.taken()


@attrs.define(eq=False)
class _Reader:
    places: Places
    limits: Limits
    _parser: expat.XMLParserType = attrs.field(init=False)
    _fed: int = 0
    _stack: list[str] = attrs.field(factory=list)
    _log: dict[str, str] = attrs.field(factory=dict)
    _trace: dict[str, str] | None = None
    _event: dict[str, str] | None = None
    _line: int = 1
    _size: int = 0
    _pieces: list[Piece] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        """The parser calls back."""
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def taken(self) -> list[Piece]:
        """What was read since it was last asked."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def feed(self, chunk: bytes, *, last: bool = False) -> bool:
        """Read on; True where nothing more can be read."""
        try:
            self._parser.Parse(chunk, last)
            self._fed += len(chunk)
            # a single tag may go on for ever; the parser would keep it all
            if self._fed - max(0, self._parser.CurrentByteIndex) > self.limits.max_bytes + len(chunk):
                raise fault("size", "an element is too large", allowed=f"at most {self.limits.max_bytes} bytes")
        except DecodeError as error:
            self._pieces.append(Piece(fault=error, line=self._parser.CurrentLineNumber))
            return True
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code) or "it is not well-formed"
            broken = fault("xml", f"the log is not XML from here on: {reason}", path=f"$[{error.offset}]")
            self._pieces.append(Piece(fault=broken, line=error.lineno, complete=not last))
            return True
        except (ValueError, LookupError) as error:  # an encoding that it names and that is not known
            self._pieces.append(Piece(fault=fault("xml", f"the log cannot be read as XML: {error}"), line=1))
            return True
        return False

    def _doctype(self, name: str, *_rest: object) -> None:
        raise fault("doctype", "the log has a document type", seen=name, allowed="none")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        parent = self._stack[-1] if self._stack else None
        if parent is None and name != "log":
            raise fault("root", "the document is no log", seen=name, allowed="log")
        if len(self._stack) >= self.limits.max_depth:
            raise fault("depth", "elements are nested too deeply", allowed=f"at most {self.limits.max_depth} deep")
        self._stack.append(name)
        if name == "trace" and parent == "log":
            self._trace, self._size = {}, 0
        elif name == "event" and parent in {"trace", "log"}:
            self._event, self._line, self._size = {}, self._parser.CurrentLineNumber, 0
        elif name in _VALUES and "key" in attributes and "value" in attributes:
            held = {"log": self._log, "trace": self._trace, "event": self._event}.get(parent or "")
            self._size += len(attributes["key"]) + len(attributes["value"])
            if held is not None and self._size <= self.limits.max_bytes:
                held.setdefault(attributes["key"], attributes["value"])

    def _end(self, _tag: str) -> None:
        name = self._stack.pop()
        parent = self._stack[-1] if self._stack else None
        if name == "event" and parent in {"trace", "log"}:
            self._pieces += self._told(self._event or {})
            self._event = None
        elif name == "trace" and parent == "log":
            self._trace = None

    def _told(self, event: dict[str, str]) -> Iterator[Piece]:
        if self._size > self.limits.max_bytes:
            too_large = fault("size", "the event is too large", allowed=f"at most {self.limits.max_bytes} characters")
            yield Piece(fault=too_large, line=self._line)
            return
        trace = self._trace or {}
        at, time = None, self.places.time or _TIME
        try:
            at = seconds_of(event.get(time), time)
        except DecodeError as error:
            yield Piece(fault=error, line=self._line)

        def look(name: str) -> str | None:
            if name.startswith("case:"):
                return trace.get(name[5:])
            found = event.get(name)
            return trace.get(name, self._log.get(name)) if found is None and name != _NAME else found

        run = trace.get(_NAME) if self.places.run is None else look(self.places.run)
        told = tell(look, self.places, run=run, at=at, usual=event.get(_NAME))
        if told is not None:
            yield Piece(told=told, line=self._line)
        elif self.places.status is None and self.places.event is None:
            missing = fault("missing", "the event has no name", allowed=f"an attribute {_NAME}")
            yield Piece(fault=missing, line=self._line)


# -- writing -----------------------------------------------------------------------------------------------------------

_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
  <classifier name="Event" keys="concept:name"/>
  <classifier name="Status" keys="runstate.target"/>
"""


def to_xes(steps: Iterable[Told]) -> Iterator[bytes]:
    """The log as XES, piece by piece: a trace for each run, in the order of their first steps.

    An event has the name of the step's event, else of its status, and besides both under the names that
    `runstate.telemetry` gives them.  Takes memory for all steps, as a trace stands in one piece.

    :raises Unwritable: for a step without a run, and for characters that XML cannot express.
    """
    runs: dict[tuple[str | None, str], list[Told]] = {}
    for step in steps:
        if not step.run:
            raise Unwritable(form="XES", reason="a step belongs to no run", seen=step.run, allowed="an id")
        runs.setdefault((step.lifecycle, step.run), []).append(step)
    yield _HEAD.encode()
    for (lifecycle, run), history in runs.items():
        lines = ["  <trace>", *_attribute(4, "string", _NAME, run), *_attribute(4, "string", LIFECYCLE, lifecycle)]
        for step in history:
            lines += [
                "    <event>",
                *_attribute(6, "string", _NAME, step.event if step.event is not None else step.status),
                # each change is over at once, which is what "complete" says to miners that ask
                *_attribute(6, "string", "lifecycle:transition", "complete"),
                *_attribute(6, "date", _TIME, None if step.at is None else iso8601(step.at)),
                *_attribute(6, "string", EVENT, step.event),
                *_attribute(6, "string", STATUS, step.status),
                "    </event>",
            ]
        yield "\n".join([*lines, "  </trace>", ""]).encode()
    yield b"</log>\n"


def _attribute(indent: int, kind: str, key: str, value: str | None) -> Iterator[str]:
    if value is None:
        return
    if found := _NOT_XML.search(value):
        raise Unwritable(form="XES", reason="XML cannot express a character", seen=found[0], allowed="XML 1.0 §2.2")
    yield f"{' ' * indent}<{kind} key={quoteattr(key)} value={quoteattr(value)}/>"
