"""`Told`: what one entry of another kind of log says of a run; `Places`: where such a log holds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import attrs

from runstate.errors import DecodeError

__all__ = ["EVENT", "LIFECYCLE", "PROBLEMS", "RUN", "SEQ", "STATUS", "Piece", "Places", "Told", "iso8601"]

RUN: Final = "runstate.run.id"
EVENT: Final = "runstate.event"
STATUS: Final = "runstate.target"
LIFECYCLE: Final = "runstate.lifecycle"
SEQ: Final = "runstate.seq"
"""Attributes that logs of our own have, in whichever format; the same names as in `runstate.telemetry`."""

PROBLEMS = MappingProxyType(
    {
        "xml": "The text is not XML.",
        "doctype": "The XML has a document type, which could define entities without end; no such log needs one.",
        "gzip": "The compressed bytes are damaged.",
        "root": "The document is of another kind than it should be.",
        "time": "A time cannot be read.",
        "reference": "Something is named that the document does not hold.",
        "ambiguous": "It must be said which of several is meant.",
    }
)
"""Problem words of `runstate.foreign`, with what they mean, beside those of `runstate.edge` and ``missing``."""

_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_text_or_none = attrs.validators.optional(attrs.validators.instance_of(str))


def _a_time(_told: Told, _field: attrs.Attribute[float | None], value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and _FIRST <= value < _LAST):
        raise ValueError(f"at = {value} is no time of the years 1 to 9999")


def _to_microseconds(value: float | None) -> float | None:
    return round(value * 1e6) / 1e6 if value is not None and math.isfinite(value) else value


@attrs.frozen(kw_only=True)
class Told:
    """What one entry of a log says of a run, where it holds no object of it.

    :raises TypeError: for a name that is no string.
    :raises ValueError: for a time that calendars do not have, and where neither status nor event is told.
    """

    run: str | None = attrs.field(validator=_text_or_none)
    """Id of the run; None where the entry belongs to none."""
    status: str | None = attrs.field(default=None, validator=_text_or_none)
    """The status it is in now; None: the one that the event leads to."""
    event: str | None = attrs.field(default=None, validator=_text_or_none)
    """The event of the lifecycle, or its wire name; None: only the status is known, as in a poll."""
    at: float | None = attrs.field(default=None, converter=_to_microseconds, validator=_a_time)
    """Seconds since the epoch, to the microsecond."""
    lifecycle: str | None = attrs.field(default=None, validator=_text_or_none)
    """Name of its lifecycle, where the log says it."""

    def __attrs_post_init__(self) -> None:
        """Refuse what says nothing."""
        if self.status is None and self.event is None:
            raise ValueError("neither a status nor an event is told")


@attrs.frozen(kw_only=True)
class Places:
    """Where a log holds what is asked for, by the names of its attributes; None: where the format has it by custom.

    Where a status or an event is named, nothing else tells them: entries that have neither are passed over.
    """

    run: str | None = None
    """XES: of the event, else of its trace; ``case:NAME`` of the trace alone.  OTLP: of the span event, the span, the resource."""
    status: str | None = None
    """OCEL: also an attribute of the objects that changes with time."""
    event: str | None = None
    """Several joined by ``+`` are read as one name, joined by ``+``, as classifiers of XES do.  OTLP: ``name`` is the name of
    the span, ``event:name`` that of a span's event."""
    time: str | None = None
    object_type: str | None = None
    """OCEL: the type of those objects that are runs."""
    by_time: bool = False
    """Whether entries are put in the order of their times; takes memory for all of them."""


class Piece(NamedTuple):
    """One thing read: what is told, or why it could not be read; and where it stands."""

    told: Told | None = None
    fault: DecodeError | None = None
    line: int | None = None
    path: str = "$"
    complete: bool = True
    """False where the log broke off."""


Look = Callable[[str], object]
"""Answers the attribute of this name, None where there is none."""


def tell(look: Look, places: Places, *, run: str | None, at: float | None, usual: str | None) -> Told | None:
    """What an entry tells by its attributes; None where it tells nothing.

    :param usual: the name of the event by the custom of the format: counts where nothing better is there or asked for.
    """
    status: str | None
    event: str | None
    if places.status is not None or places.event is not None:
        status = None if places.status is None else text_of(look(places.status))
        event = None if places.event is None else _joined(look, places.event)
    else:
        status, event = text_of(look(STATUS)), text_of(look(EVENT))
        if status is None and event is None:
            event = usual
    if status is None and event is None:
        return None
    return Told(run=run, status=status, event=event, at=at, lifecycle=text_of(look(LIFECYCLE)))


def _joined(look: Look, places: str) -> str | None:
    found = [text_of(look(place)) for place in places.split("+")]
    known = [word for word in found if word is not None]
    return "+".join(known) if len(known) == len(found) else None


def text_of(value: object) -> str | None:
    """A name or id as text: a string, or a whole number by its digits; anything else is none."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def fault(
    problem: str, reason: str, *, path: str = "$", seen: Any = None, allowed: str = "", advice: str = ""
) -> DecodeError:
    """Why something cannot be read."""
    return DecodeError(path=path, problem=problem, reason=reason, seen=seen, allowed=allowed, advice=advice)


# -- times -------------------------------------------------------------------------------------------------------------


def seconds_of(written: object, path: str) -> float | None:
    """Seconds since the epoch of a time in ISO 8601; without a zone it is in UTC.

    :raises DecodeError: for what is none.
    """
    if written is None:
        return None
    try:
        when = datetime.fromisoformat(written) if isinstance(written, str) else None
        at = None if when is None else (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        at = None
    return known_time(at, written, path, "ISO 8601, as in 2026-01-31T12:00:00.5Z")


def known_time(at: float | None, written: object, path: str, allowed: str) -> float:
    """The time, if calendars have it.

    :raises DecodeError: else.
    """
    if at is None or not _FIRST <= at < _LAST:
        raise fault("time", "the time cannot be read", path=path, seen=written, allowed=allowed)
    return at


def iso8601(at: float) -> str:
    """A time in ISO 8601 to the microsecond, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def by_time(pieces: Iterable[Piece]) -> list[Piece]:
    """In the order of times; what has none stays behind what it came after in its run."""
    latest: dict[str | None, float] = {}
    keyed: list[tuple[float, Piece]] = []
    for piece in pieces:
        run, at = (None, None) if piece.told is None else (piece.told.run, piece.told.at)
        if at is not None:
            latest[run] = at
        keyed.append((latest.get(run, -math.inf), piece))
    return [piece for _, piece in sorted(keyed, key=lambda pair: pair[0])]
