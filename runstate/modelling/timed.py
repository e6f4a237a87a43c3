"""What a log says of times: which transitions were taken, and how long the statuses before them lasted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import attrs

from runstate.conformance.meaning import meaning
from runstate.frozen import EMPTY
from runstate.lifecycle import Lifecycle, Transition
from runstate.lifecycles.unwrap import seconds, unwrap
from runstate.observations import Observation

__all__ = ["Sojourns", "Timed", "sojourns"]


class Timed(NamedTuple):
    """One row of a log in columns: a run got into a status."""

    run: str
    status: str
    time: float | None
    """Seconds since the epoch; None where the log does not say."""
    event: str | None = None
    """The event of the lifecycle, or its wire name; None where only the status is known."""


@attrs.frozen(kw_only=True)
class Sojourns:
    """How runs went through a lifecycle."""

    taken: Mapping[tuple[str | None, str], int]
    """(source, event) -> how often; source None is creation."""
    stays: Mapping[str | None, tuple[float, ...]]
    """Status -> seconds between entering and leaving it, wherever a log tells both."""
    runs: int


def sojourns(lifecycle: Lifecycle, log: Iterable[Observation | Timed]) -> Sojourns:
    """Count transitions and measure stays.

    A step that the table does not have is taken as the shortest path that it has, as polls miss statuses; nothing is
    known of the times within.  A status that is seen again is the same one, unless an event says that it was entered.
    """
    taken: Counter[tuple[str | None, str]] = Counter()
    stays: dict[str | None, list[float]] = {}
    last: dict[str, tuple[str, float | None]] = {}
    for one in log:
        row, fields = (one, EMPTY) if isinstance(one, Timed) else _row(lifecycle, one)
        if row is None or row.status not in lifecycle.statuses:
            continue
        source, since = last.get(row.run, (None, None))
        edges = _between(lifecycle, source, row)
        if not edges:
            continue
        time = _time(edges[-1], row, fields)
        for edge in edges:
            taken[edge.source, edge.event] += 1
        if len(edges) == 1 and since is not None and time is not None:
            stays.setdefault(source, []).append(max(0.0, time - since))
        last[row.run] = (row.status, time)
    return Sojourns(taken=dict(taken), stays={status: tuple(known) for status, known in stays.items()}, runs=len(last))


def _row(lifecycle: Lifecycle, one: Observation) -> tuple[Timed | None, Mapping[str, Any]]:
    """What an observation says, and its fields: an object as the lifecycle's layout has it, or a line of columns."""
    value = one.value
    if one.told is not None and one.told.run is not None:
        meant = meaning(lifecycle, one.told)
        return None if meant is None else Timed(one.told.run, meant.status, one.told.at, one.told.event), EMPTY
    if value is None:
        return None, EMPTY
    if {"run", "status"} <= value.keys() and lifecycle.id_field not in value:
        status, time = lifecycle.status_of(value["status"]), _number(seconds(value.get("time"), "iso8601"))
        return None if status is None else Timed(str(value["run"]), status, time, value.get("event")), EMPTY
    told = unwrap(lifecycle, value, event=one.event)
    if told is None or not told.moves:
        return None, EMPTY
    status, run = lifecycle.status_of(told.fields.get(lifecycle.status_field)), told.fields.get(lifecycle.id_field)
    row = None if status is None or run is None else Timed(str(run), status, told.at, told.event)
    return row, told.fields


def _between(lifecycle: Lifecycle, source: str | None, row: Timed) -> tuple[Transition, ...]:
    """The transitions that a row stands for; none where it says nothing new."""
    open_ = [edge for edge in lifecycle.legal(source) if edge.target == row.status]
    named = [edge for edge in open_ if row.event is not None and row.event in (edge.event, *edge.wire)]
    if source == row.status and not named:
        return ()
    return tuple(named[:1] or open_[:1] or lifecycle.path(source, row.status) or ())


def _time(edge: Transition, row: Timed, fields: Mapping[str, Any]) -> float | None:
    """When the last transition of a row happened: the time of the row, else the stamp of the transition."""
    stamps = [number for name in edge.does.stamps if (number := _number(fields.get(name))) is not None]
    return row.time if row.time is not None or not stamps else max(stamps)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
