"""Bytes and objects become observations: one thing seen of a run, a stream event or a polled snapshot.

Read are server-sent events, JSON lines, one JSON document (an object, an array, a ``{"object": "list"}`` page), lines
of ``{"event": …, "data": …}``, and objects of an SDK (anything with ``model_dump``); logs of other kinds, XES, OCEL 2.0
and OTLP spans, by `runstate.foreign`; and all of these packed by gzip.  What cannot be read becomes an observation too,
with its fault, so that a bad line never hides the good ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, Literal, cast

import attrs

from runstate.edge import JSON, Limits, check_value, loads
from runstate.errors import DecodeError
from runstate.foreign.packed import is_packed, unpacked
from runstate.foreign.told import Piece, Places, Told, by_time
from runstate.lines import objects_of
from runstate.sse import Parser, ServerSentEvent

__all__ = ["DOCUMENT_BYTES", "Block", "Format", "Observation", "observe", "read", "read_blocks", "recognise"]

Format = Literal["sse", "jsonl", "json", "xes", "ocel", "otlp"]

DOCUMENT_BYTES: Final = 1 << 28
"""Size limit of one JSON document that holds many observations (an array or a page); `Limits` hold for each of them."""

_END: Final = "[DONE]"
"""Data of the event that ends a stream; it is not JSON (API reference, ``done``)."""

_SSE_LINE = re.compile(rb"(?:\A|[\r\n])(?:event|data|id|retry):", re.ASCII)
_SPANS_LINE = re.compile(rb'(?:\A|\n)\s*\{\s*"resourceSpans"\s*:\s*\[')
_OCEL_HEAD = re.compile(rb'\{\s*"(?:objectTypes|eventTypes|objects|events)"\s*:\s*\[')
_HEAD: Final = 1 << 16
_BLOCK: Final = 1 << 19
"""Bytes of lines that are parsed at once, at most; more are no quicker."""


@attrs.frozen(kw_only=True)
class Observation:
    """One thing seen in a log or stream."""

    value: Mapping[str, Any] | None = None
    """The decoded object; None where the event carries none, where something is told without one, or where it could not
    be read."""
    event: str | None = None
    """Wire name, as in ``thread.run.completed``; None for a polled snapshot."""
    told: Told | None = None
    """What a log of another kind says of a run without an object of it."""
    end: bool = False
    """The stream says here that it is over."""
    fault: DecodeError | None = None
    """Why it could not be read."""
    complete: bool = True
    """False where a stream broke off within the event."""
    file: str = "-"
    line: int | None = None
    """Number of its first line, from 1; None where the source has no lines."""
    path: str = "$"
    """Where in a document, as in ``$.data[2]``."""


@attrs.frozen(eq=False)
class Block:
    """Consecutive lines of a log, each of them one object of scalars."""

    values: list[dict[str, JSON]]
    limits: Limits
    file: str
    line: int
    """Number of the first one, from 1."""

    def observation(self, index: int) -> Iterator[Observation]:
        """What one of them shows."""
        return _of_value(self.values[index], self.limits, self.file, self.line + index, "$")

    def observations(self) -> Iterator[Observation]:
        """What they show, one after the other."""
        for index in range(len(self.values)):
            yield from self.observation(index)


def observe(
    seen: object, *, limits: Limits | None = None, file: str = "-", line: int | None = None
) -> list[Observation]:
    """What a value of any supported kind shows: a mapping, a list or page of them, or an object with ``model_dump``.

    Never raises for bad data: the fault is in the observation.
    """
    limits = limits or Limits()
    try:
        value = _json_of(seen, limits)
    except DecodeError as fault:
        return [Observation(fault=fault, file=file, line=line)]
    return list(_of_value(value, limits, file, line, "$"))


def _json_of(seen: object, limits: Limits) -> JSON:
    """The value in plain JSON types, also where objects of an SDK or read-only collections stand inside it."""
    try:
        return check_value(_plain(seen), limits)
    except DecodeError as fault:
        if fault.problem != "type":
            raise
        try:
            text = json.dumps(seen, default=_inner, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise fault from None
        return loads(text, limits)


def _inner(seen: object) -> object:
    """The same for what `json` does not know."""
    plain = dict(seen) if isinstance(seen, Mapping) else _plain(seen)
    if plain is seen:
        raise TypeError
    return plain


def _plain(seen: object) -> object:
    """The JSON value of an SDK object; anything else as it is."""
    if isinstance(seen, Mapping | list | tuple | str):
        return seen
    dump = getattr(seen, "model_dump", None)
    if callable(dump):
        return dump(mode="json", by_alias=True)
    if hasattr(type(seen), "__lifecycle__"):
        from runstate.codec import encode  # only whoever hands in records pays for the codec

        return encode(cast("Any", seen))
    return seen


def read(
    chunks: bytes | Iterable[bytes],
    *,
    form: Format | None = None,
    limits: Limits | None = None,
    file: str = "-",
    live: bool = False,
    places: Places | None = None,
) -> Iterator[Observation]:
    """Every observation of a log, in its order.

    :param chunks: the bytes of the log, cut anywhere.
    :param form: what it is; recognised from its first 64 KiB where None.
    :param limits: bounds for one event, line or object.
    :param file: name that the observations carry.
    :param live: the log is still growing: decide on its first line, and never wait for more than that.
    :param places: where XES, OCEL and OTLP hold what is asked for; by their customs where None.
    """
    for one in read_blocks(chunks, form=form, limits=limits, file=file, live=live, places=places):
        if isinstance(one, Block):
            yield from one.observations()
        else:
            yield one


def read_blocks(
    chunks: bytes | Iterable[bytes],
    *,
    form: Format | None = None,
    limits: Limits | None = None,
    file: str = "-",
    live: bool = False,
    places: Places | None = None,
) -> Iterator[Observation | Block]:
    """The same as `read`, but for lines of small objects: they come in blocks, and are no observations yet."""
    limits, places = limits or Limits(), places or Places()
    stream = iter((chunks,) if isinstance(chunks, bytes) else chunks)
    head = b""
    while not (live and _has_line(head)) and len(head) < _HEAD and (chunk := next(stream, None)) is not None:
        head += chunk
    stream = chain((head,), stream)
    if is_packed(head):
        yield from _of_packed(stream, form, limits, file, live=live, places=places)
        return
    kind = form or recognise(head[:_HEAD])
    if kind in {"xes", "ocel", "otlp"}:
        pieces = _of_other(kind, head, stream, limits, places)
        for piece in by_time(pieces) if places.by_time else pieces:
            told = None if piece.told is None else piece.told.event
            yield Observation(
                event=told,
                told=piece.told,
                fault=piece.fault,
                complete=piece.complete,
                file=file,
                line=piece.line,
                path=piece.path,
            )
    elif kind == "sse":
        yield from _of_sse(stream, limits, file)
    elif kind == "json":
        yield from _of_document(stream, limits, file, told=form is not None)
    else:
        yield from _of_lines(stream, limits, file)


def _of_packed(
    chunks: Iterable[bytes], form: Format | None, limits: Limits, file: str, *, live: bool, places: Places
) -> Iterator[Observation | Block]:
    """What was packed, and at its end why there is no more of it."""
    faults: list[DecodeError] = []

    def plain() -> Iterator[bytes]:
        try:
            yield from unpacked(chunks)
        except DecodeError as fault:
            faults.append(fault)

    yield from read_blocks(plain(), form=form, limits=limits, file=file, live=live, places=places)
    yield from (Observation(fault=fault, file=file) for fault in faults)


def _of_other(kind: Format, head: bytes, chunks: Iterator[bytes], limits: Limits, places: Places) -> Iterator[Piece]:
    """What a log of another kind holds; its reader is loaded where there is one."""
    if kind == "xes":
        from runstate.foreign.xes import read_xes

        yield from read_xes(chunks, places, limits)
        return
    first, _, rest = head.lstrip().partition(b"\n")
    lines = kind == "otlp" and not (rest.strip() and _opens_document(first))
    from runstate.foreign.ocel import read_ocel
    from runstate.foreign.otlp import read_spans

    # neither a document nor a batch of spans is one observation: what holds for those is no bound for these
    wide = attrs.evolve(limits, max_bytes=DOCUMENT_BYTES)
    for line, text in enumerate(_lines(chunks, DOCUMENT_BYTES), 1) if lines else ((None, _whole(chunks)),):
        if lines and not text.strip():
            continue
        try:
            value = loads(text, wide)
            if kind == "otlp" and not isinstance(value, dict):
                raise _not_an_object(value, "$")
        except DecodeError as fault:
            yield Piece(fault=fault, line=line)
            continue
        for piece in read_spans(cast("dict[str, JSON]", value), places) if kind == "otlp" else read_ocel(value, places):
            yield piece._replace(line=line)


def _whole(chunks: Iterator[bytes]) -> bytes:
    """The bytes of a document, and one more than the limit where they are too many."""
    data = bytearray()
    while len(data) <= DOCUMENT_BYTES and (chunk := next(chunks, None)) is not None:
        data += chunk
    return bytes(data)


def _has_line(head: bytes) -> bool:
    """Whether a whole line with something in it has arrived."""
    return b"\n" in head.lstrip(b"\xef\xbb\xbf \t\r\n")


def recognise(head: bytes) -> Format:
    """The format of a log, from its beginning: XML is XES, JSON by its first member's name OCEL or OTLP, else in one
    piece or in lines; server-sent events by their fields.
    """
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        return "xes"
    if _OCEL_HEAD.match(text):
        return "ocel"
    if _SPANS_LINE.search(text):
        return "otlp"
    if text[:1] == b"[":
        return "json"
    if text[:1] == b"{":
        first, _, rest = text.partition(b"\n")
        return "json" if rest.strip() and not _is_json(first) and _opens_document(first) else "jsonl"
    return "sse" if text[:1] == b":" or _SSE_LINE.search(text) else "jsonl"


def _is_json(line: bytes) -> bool:
    try:
        loads(line)
    except DecodeError:
        return False
    return True


def _opens_document(line: bytes) -> bool:
    """Whether a line can be the first of an object printed over many lines: it ends where JSON may go on."""
    return line.rstrip()[-1:] in (b"{", b"[", b",", b":")


def _of_sse(chunks: Iterable[bytes], limits: Limits, file: str) -> Iterator[Observation]:
    parser = Parser(max_event_bytes=limits.max_bytes)
    for chunk in chunks:
        for event in parser.feed(chunk):
            yield from _of_event(event, limits, file)
    for event in parser.close():
        yield from _of_event(event, limits, file)


def _of_event(event: ServerSentEvent, limits: Limits, file: str) -> Iterator[Observation]:
    if event.fault is not None:
        yield Observation(event=event.event, fault=event.fault, file=file, line=event.line)
    elif event.data.startswith(_END):
        yield Observation(event=event.event, end=True, file=file, line=event.line, complete=event.complete)
    else:
        for seen in _of_text(event.event, event.data, limits, file, event.line, "$"):
            yield seen if event.complete else attrs.evolve(seen, complete=False)


def _of_text(
    event: str | None, data: str, limits: Limits, file: str, line: int | None, path: str
) -> Iterator[Observation]:
    try:
        value = loads(data, limits)
    except DecodeError as fault:
        yield Observation(event=event, fault=fault, file=file, line=line, path=path)
        return
    if event is None:
        yield from _of_value(value, limits, file, line, path)
    elif isinstance(value, Mapping):
        yield Observation(event=event, value=value, file=file, line=line, path=path)
    else:
        yield Observation(event=event, fault=_not_an_object(value, "$"), file=file, line=line, path=path)


def _of_lines(chunks: Iterable[bytes], limits: Limits, file: str) -> Iterator[Observation | Block]:
    number, rest = 1, b""
    for chunk in chunks:
        text, begun = rest + chunk, 0
        while end := (text.rfind(b"\n", begun, begun + _BLOCK) + 1 or text.find(b"\n", begun) + 1):
            whole, begun = text[begun:end], end
            values = objects_of(whole) if limits.wide and len(whole) <= limits.max_bytes else None
            if values is not None:
                yield Block(values, limits, file, number)
                number += len(values)
                continue
            for line in whole.split(b"\n")[:-1]:
                yield from _of_line(line, limits, file, number)
                number += 1
        # of a line beyond the limit just enough is kept for `loads` to refuse it by size
        rest = text[begun : begun + limits.max_bytes + 1]
    yield from _of_line(rest, limits, file, number)


def _of_line(line: bytes, limits: Limits, file: str, number: int) -> Iterator[Observation]:
    if not line.strip():
        return
    try:
        value = loads(line.removesuffix(b"\r"), limits)
    except DecodeError as fault:
        yield Observation(fault=fault, file=file, line=number)
        return
    yield from _of_value(value, limits, file, number, "$")


def _lines(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Lines without their ends.  Of a line beyond the limit just enough is kept for `loads` to refuse it by size."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.removesuffix(b"\r") for line in lines)
        if len(rest) > most:
            rest = rest[: most + 1]
    if rest:
        yield rest.removesuffix(b"\r")


def _of_document(chunks: Iterator[bytes], limits: Limits, file: str, *, told: bool) -> Iterator[Observation | Block]:
    data = _whole(chunks)
    try:
        value = loads(data, attrs.evolve(limits, max_bytes=DOCUMENT_BYTES, max_depth=limits.max_depth + 2))
    except DecodeError as fault:
        if not told and _second_line_is_json(data):
            # lines after all, of which the first is broken
            yield from _of_lines(chain((data,), chunks), limits, file)
        else:
            yield Observation(fault=fault, file=file, line=1)
        return
    yield from _of_value(value, limits, file, None, "$")


def _second_line_is_json(data: bytes) -> bool:
    _, _, rest = data.lstrip().partition(b"\n")
    return _is_json(rest.lstrip().partition(b"\n")[0])


def _of_value(value: JSON, limits: Limits, file: str, line: int | None, path: str) -> Iterator[Observation]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of_value(item, limits, file, line, f"{path}[{index}]")
    elif not isinstance(value, dict):
        yield Observation(fault=_not_an_object(value, path), file=file, line=line, path=path)
    elif value.get("object") == "list" and isinstance(value.get("data"), list):
        yield from _of_value(value["data"], limits, file, line, f"{path}.data")
    elif isinstance(value.get("event"), str) and "data" in value and not {"object", "type"} & value.keys():
        yield from _of_pair(cast("str", value["event"]), value["data"], limits, file, line, path)
    else:
        yield Observation(value=value, file=file, line=line, path=path)


def _of_pair(event: str, data: JSON, limits: Limits, file: str, line: int | None, path: str) -> Iterator[Observation]:
    """One ``{"event": …, "data": …}``: data is the object, or its JSON text."""
    if isinstance(data, dict):
        yield Observation(event=event, value=data, file=file, line=line, path=path)
    elif isinstance(data, str) and data.startswith(_END):
        yield Observation(event=event, end=True, file=file, line=line, path=path)
    elif isinstance(data, str):
        yield from _of_text(event, data, limits, file, line, path)
    elif data is None:
        yield Observation(event=event, file=file, line=line, path=path)
    else:
        yield Observation(event=event, fault=_not_an_object(data, f"{path}.data"), file=file, line=line, path=path)


def _not_an_object(value: object, path: str) -> DecodeError:
    return DecodeError(
        path=path, problem="type", reason="an observation is a JSON object", seen=value, allowed="an object"
    )
