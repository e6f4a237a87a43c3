"""The instruments, and what is known of the call that is under way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

import attrs
from opentelemetry import metrics
from opentelemetry.trace import Link

from runstate.errors import RunstateError
from runstate.runs.steps import Done
from runstate.stores.base import Entry
from runstate.telemetry.names import METRICS

__all__ = ["CALL", "Attributes", "Call", "Instruments", "error_type"]

Attributes = dict[str, str | bool | int | float]

_CALL_BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STATUS_BOUNDS: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 14400, 86400)


def error_type(error: BaseException) -> str:
    """The name of an error's class; with its module where it is neither Python's nor runstate's."""
    kind = type(error)
    known = kind.__module__ == "builtins" or isinstance(error, RunstateError)
    return kind.__qualname__ if known else f"{kind.__module__}.{kind.__qualname__}"


@attrs.define
class Call:
    """What became of a call so far."""

    heard: list[Done[Any]] = attrs.Factory(list)
    facts: Attributes = attrs.Factory(dict)
    """Further attributes of its span."""
    outcome: str | None = None
    notable: bool = False
    """Whether a call that mostly finds nothing to do has done something."""
    link: Link | None = None

    def entries(self) -> list[Entry]:
        """The changes that it made."""
        return [entry for done in self.heard if not done.replayed for entry in done.entries]


CALL: Final[ContextVar[Call | None]] = ContextVar("runstate_telemetry_call", default=None)


class Instruments:
    """The instruments, made once for each `instrument`."""

    def __init__(self, meter: metrics.Meter) -> None:
        def counter(name: str) -> metrics.Counter:
            unit, text = METRICS[name]
            return meter.create_counter(name, unit, text)

        def histogram(name: str, bounds: tuple[float, ...]) -> metrics.Histogram:
            unit, text = METRICS[name]
            return meter.create_histogram(name, unit, text, explicit_bucket_boundaries_advisory=bounds)

        self.changes = counter("runstate.changes")
        self.refusals = counter("runstate.refusals")
        self.claims = counter("runstate.claims")
        self.lost = counter("runstate.leases.lost")
        self.swept = counter("runstate.swept")
        self.pruned = counter("runstate.pruned")
        self.in_status = histogram("runstate.status.duration", _STATUS_BOUNDS)
        self.calls = histogram("runstate.call.duration", _CALL_BOUNDS)

    def hear(self, done: Done[Any]) -> None:
        """Count what was committed, and leave it for the span of the call."""
        call = CALL.get()
        if call is not None:
            call.heard.append(done)
        if done.replayed:
            return
        since = done.since
        for entry in done.entries:
            labels: Attributes = {"runstate.lifecycle": entry.lifecycle, "runstate.event": entry.event}
            if entry.source is not None:
                labels["runstate.source"] = entry.source
            if since is not None and entry.source is not None:
                self.in_status.record((entry.at - since) / 1_000_000, labels)
            self.changes.add(1, labels | {"runstate.target": entry.target})
            since = entry.at
