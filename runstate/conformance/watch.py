"""What the judge knows of one run (or of one step or message in it), and how it writes a finding."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs

from runstate.conformance.findings import CODES, Finding
from runstate.lifecycle import Lifecycle
from runstate.observations import Observation

__all__ = ["Assume", "Seen", "Verdict", "Watched", "finding_at", "shown", "targets"]


class Verdict(StrEnum):
    """What can be said of a run from what was seen of it."""

    COMPLETE = "complete"
    """It ended, legally."""
    OPEN = "open"
    """Legal so far."""
    ILLEGAL = "illegal"
    """At least one error was found."""
    UNKNOWN = "unknown"
    """No known status was seen."""


@attrs.frozen(kw_only=True)
class Assume:
    """What is assumed of the way a log came about; nothing, unless it is said."""

    lost: bool = False
    """Events may be missing: a stream is judged by what is reachable, as polls are."""
    duplicates: bool = False
    """The same event may arrive twice in a row: the second one is passed over."""
    window: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """Events of a run may arrive up to this many places late; they are put in an order that the table allows."""
    skew: float = attrs.field(default=0, validator=attrs.validators.ge(0))
    """Clocks of the sources may differ by this many seconds: times may be out of order by as much."""


@attrs.define
class Seen:
    """One leg of a run's path: a status, and how often it was seen in a row."""

    status: str
    since: float | None
    """The stamp of the transition that led here, seconds since the epoch; None where none is known."""
    line: int | None
    times: int = 1
    faulty: bool = False
    """The step into this status was illegal."""


@attrs.define
class Watched:
    """What the judge knows of one run.  What is needed for judging is a few values; the rest is for the report."""

    id: str
    lifecycle: Lifecycle
    file: str
    status: str | None = None
    """The last known status."""
    wire: str | None = None
    """The event that announced it."""
    streamed: bool = False
    """Whether it was seen in a stream, which announces each transition, and not in a poll."""
    whole: bool = False
    """Whether it was seen from its creation on."""
    constant: dict[str, object] = attrs.field(factory=dict)
    times: dict[str, int | float] = attrs.field(factory=dict)
    """Last value of each stamp and deadline that was set."""
    nulls: set[str] = attrs.field(factory=set)
    """Stamps and deadlines that were null, and said so, when last seen."""
    deadline: int | float | None = None
    """The deadline that was seen last; kept when it is cleared."""
    path: list[Seen] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)
    errors: int = 0

    @property
    def verdict(self) -> Verdict:
        """Unknown without a known status, illegal with any error; else by the last known status."""
        if self.status is None:
            return Verdict.UNKNOWN
        if self.errors:
            return Verdict.ILLEGAL
        return Verdict.COMPLETE if self.ended else Verdict.OPEN

    @property
    def ended(self) -> bool:
        """Whether the last known status is terminal."""
        return self.status in self.lifecycle.terminal

    @property
    def next(self) -> tuple[str, ...]:
        """The statuses that may legally come next."""
        return () if self.status is None else targets(self.lifecycle, self.status)


def targets(lifecycle: Lifecycle, status: str | None) -> tuple[str, ...]:
    """The statuses that one transition leads to, in the table's order."""
    return tuple(dict.fromkeys(edge.target for edge in lifecycle.legal(status)))


def shown(value: object, limit: int = 80) -> str:
    """A value from outside as it stands in a message: never longer than a line bears."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def finding_at(code: str, seen: Observation, message: str, **more: Any) -> Finding:
    """A finding of this code at this observation, with the code's severity and advice unless told otherwise."""
    known = CODES[code]
    finding = Finding(
        code=code,
        severity=known.severity,
        message=message,
        file=seen.file,
        line=seen.line,
        path=seen.path,
        wire_event=seen.event,
        advice=known.mend,
    )
    return attrs.evolve(finding, **more) if more else finding
