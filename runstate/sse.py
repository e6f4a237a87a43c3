"""Server-sent events: chunks of bytes become events, and an event becomes bytes.  No input or output happens here.

The rules are those of the HTML Living Standard, §9.2.5 and §9.2.6: UTF-8 whatever a header says, one leading byte order
mark is skipped, a line ends with LF, CR or CR LF (and with no other character: U+0085 and U+2028 are data), a blank line
ends an event, one space after the colon belongs to the colon, lines that start with a colon are comments, fields other
than ``data``, ``event``, ``id`` and ``retry`` are ignored, and so are an ``id`` with a NUL and a ``retry`` that is not
digits alone.  A block without any ``data`` line is no event (§9.2.6), even if it names one.

Chunks may be cut anywhere, inside a character or between CR and LF: the events are the same.

It departs from the standard in three places, because it reads the records of servers and not only live streams:

* Servers end their streams without the last blank line.  The standard drops such an event; here `Parser.close` yields it
  with ``complete=False``.
* Bytes that are not UTF-8 become U+FFFD as in the standard, but the event says so in ``fault``.
* An event larger than the limit comes without data and with a ``fault``; those after it are read as ever.

So a faulty event is a value like any other, and costs none of those after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs

from runstate.errors import DecodeError

__all__ = ["Parser", "ServerSentEvent", "encode", "parse"]

_BOM = b"\xef\xbb\xbf"
_LF = 0x0A
_LINE_END = re.compile(rb"\r\n?|\n")
_RETRY_DIGITS = 18
"""More would not fit 64 bits of milliseconds; such a ``retry`` is ignored."""


def _text_of(fault: DecodeError | None) -> str | None:
    return None if fault is None else str(fault)


@attrs.frozen
class ServerSentEvent:
    """One event.  Two are equal if all their fields are, faults by their text."""

    event: str | None
    """Its name, or None where the block gives none or an empty one (which the standard takes as ``message``)."""
    data: str
    """The ``data`` lines joined by LF; empty where the event is larger than the limit."""
    id: str | None = None
    """The ``id`` of this very block (an empty one resets the last event ID), or None where it gives none."""
    retry: int | None = None
    """Reconnection time in milliseconds, or None where the block gives none."""
    line: int = 1
    """Number of its first line in the stream, from 1; comments before it do not count as part of it."""
    complete: bool = True
    """False where the stream ended before the blank line that ends an event."""
    fault: DecodeError | None = attrs.field(default=None, eq=_text_of)
    """What was wrong with its bytes (problem ``utf8`` or ``size``), or None.  It was not raised."""


@attrs.define
class _Block:
    """The lines since the last blank one."""

    line: int
    size: int = 0
    event: str | None = None
    data: list[str] = attrs.field(factory=list)
    id: str | None = None
    retry: int | None = None
    fault: DecodeError | None = None


class Parser:
    """An incremental parser: feed it chunks as they come, close it at the end of the stream.

    It holds no more than about `max_event_bytes` and the chunk at hand.  That limit, in bytes, is on the lines of one
    event together, each with one byte for its end; comments do not count, however long.
    """

    def __init__(self, *, max_event_bytes: int = 1 << 20) -> None:
        if max_event_bytes < 1:
            raise ValueError(f"max_event_bytes = {max_event_bytes} is less than 1")
        self.max_event_bytes = max_event_bytes
        self._reset()

    def _reset(self) -> None:
        self._head: bytes | None = (
            b""  # up to two bytes that may be part of a byte order mark; None once that is settled
        )
        self._after_cr = False  # the last chunk ended with CR: an LF would belong to it
        self._number = 1  # of the line at hand
        self._line = bytearray()  # what there is of it
        self._skip = False  # nothing of the line at hand is kept: a comment, or too long
        self._block: _Block | None = None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[ServerSentEvent]:
        """The events that end in this chunk.

        Raises `DecodeError` (problem ``type``) if the chunk is not bytes, for instance text; no bytes make it raise.
        """
        chunk = _as_bytes(chunk)
        if self._head is not None:
            chunk = self._head + chunk
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._head = chunk
                return []
            self._head = None
            chunk = chunk.removeprefix(_BOM)
        return self._read(chunk)

    def close(self) -> list[ServerSentEvent]:
        """The stream has ended: the event that it left unfinished, if any.  The parser is as new afterwards."""
        # what may be left in _head, the start of a byte order mark, is no field
        if self._line:
            self._end_line()
        event = self._end_block(complete=False)
        self._reset()
        return [] if event is None else [event]

    def _read(self, chunk: bytes) -> list[ServerSentEvent]:
        if not chunk:
            return []
        events: list[ServerSentEvent] = []
        at = 1 if self._after_cr and chunk[0] == _LF else 0
        self._after_cr = chunk.endswith(b"\r")
        for end in _LINE_END.finditer(chunk, at):
            self._add(chunk[at : end.start()])
            at = end.end()
            if (event := self._end_line()) is not None:
                events.append(event)
        self._add(chunk[at:])
        return events

    def _add(self, piece: bytes) -> None:
        """More of the line at hand."""
        if self._skip or not piece:
            return
        if not self._line and piece.startswith(b":"):
            self._skip = True
            return
        if self._block is None:
            self._block = _Block(self._number)
        block = self._block
        if block.size + len(self._line) + len(piece) < self.max_event_bytes:  # the end of the line takes one byte
            self._line += piece
            return
        # Nothing that follows in the block can undo this, so it does not depend on how the stream is cut.
        self._skip = True
        self._line.clear()
        if block.size <= self.max_event_bytes:
            fault = DecodeError(
                problem="size",
                reason=f"the event that starts in line {block.line} of the stream is too large",
                allowed=f"at most {self.max_event_bytes} bytes an event",
                advice="Raise max_event_bytes if such events are expected.",
            )
            # the size leaves no room for any further line
            self._block = attrs.evolve(block, data=[], fault=fault, size=self.max_event_bytes + 1)

    def _end_line(self) -> ServerSentEvent | None:
        line = bytes(self._line)
        skipped = self._skip
        self._line.clear()
        self._skip = False
        self._number += 1
        if line and self._block is not None:
            self._block.size += len(line) + 1
            self._field(self._block, line)
        if line or skipped:
            return None
        return self._end_block(complete=True)

    def _field(self, block: _Block, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name not in (b"data", b"event", b"id", b"retry"):
            return
        value = value.removeprefix(b" ")
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            text = value.decode(errors="replace")
            seen = value[error.start : error.start + 4]
            if block.fault is None:
                block.fault = DecodeError(
                    problem="utf8",
                    reason=f"byte 0x{seen[0]:02x} in line {self._number - 1} of the stream is not UTF-8",
                    seen=seen,
                    allowed="UTF-8",
                )
        if name == b"data":
            block.data.append(text)
        elif name == b"event":
            block.event = text or None
        elif name == b"id":
            block.id = block.id if "\0" in text else text
        elif value.isdigit() and len(value) <= _RETRY_DIGITS:  # of bytes: ASCII digits only
            block.retry = int(value)

    def _end_block(self, *, complete: bool) -> ServerSentEvent | None:
        block, self._block = self._block, None
        if block is None or not (block.data or block.fault):
            return None
        data = "\n".join(block.data)
        return ServerSentEvent(block.event, data, block.id, block.retry, block.line, complete, block.fault)


def parse(
    data: bytes | bytearray | memoryview | Iterable[bytes], *, max_event_bytes: int = 1 << 20
) -> Iterator[ServerSentEvent]:
    """The events of a whole stream, given at once or in chunks; an unfinished last one included.

    Raises `DecodeError` (problem ``type``) where something is not bytes.
    """
    parser = Parser(max_event_bytes=max_event_bytes)
    chunks = (data,) if isinstance(data, bytes | bytearray | memoryview | str) else data
    for chunk in chunks:
        yield from parser.feed(_as_bytes(chunk))
    yield from parser.close()


def encode(event: str | None, data: str, id: str | None = None, retry: int | None = None) -> bytes:  # noqa: A002
    """One event as bytes; `parse` gives it back.

    Data may have several lines, separated by LF.  What a stream cannot carry raises `DecodeError`: a line break in
    `event` or `id`, a CR in `data`, a NUL in `id`, an empty `event`, half a surrogate pair, a `retry` that is not an
    integer of milliseconds from 0 to 10^18 - 1.
    """
    lines: list[str] = []
    if event is not None:
        if not event:
            raise DecodeError(
                path="$.event", problem="empty", reason="an empty name says the same as none", allowed="a name, or None"
            )
        lines.append("event: " + _checked("event", event, "\r\n"))
    if id is not None:
        lines.append("id: " + _checked("id", id, "\r\n\0"))
    if retry is not None:
        if type(retry) is not int or not 0 <= retry < 10**_RETRY_DIGITS:
            raise DecodeError(
                path="$.retry",
                problem="integer_range",
                reason="the reconnection time is out of range",
                seen=retry,
                allowed="milliseconds, an integer from 0 to 10^18 - 1",
            )
        lines.append(f"retry: {retry}")
    lines += [f"data: {line}" for line in _checked("data", data, "\r").split("\n")]
    return ("\n".join(lines) + "\n\n").encode()


def _checked(name: str, text: str, refused: str) -> str:
    at = min((at for char in refused if (at := text.find(char)) >= 0), default=-1)
    if at >= 0:
        problem, what = ("nul", "U+0000") if text[at] == "\0" else ("line_break", f"U+{ord(text[at]):04X}")
    else:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            at = error.start
        else:
            return text
        problem, what = "surrogate", "half a surrogate pair"
    raise DecodeError(
        path=f"$.{name}",
        problem=problem,
        reason=f"{what} stands at character {at}",
        seen=text[max(0, at - 20) : at + 20],
        allowed="text that a server-sent event can carry there",
    )


def _as_bytes(chunk: object) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    raise DecodeError(
        problem="type",
        reason=f"a chunk of a stream is of type {type(chunk).__name__}",
        allowed="bytes",
        advice="Text must be encoded as UTF-8 first; an HTTP client gives the bytes of a response, too.",
    )
