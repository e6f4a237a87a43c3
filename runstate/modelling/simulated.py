"""What is seen of simulated runs: streams, polls and rows, as objects and as text, lazily and in the order of time."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from runstate.engine import apply, create
from runstate.errors import BadSimulation
from runstate.foreign.ocel import to_ocel
from runstate.foreign.told import Told
from runstate.foreign.xes import to_xes
from runstate.lifecycle import Layout, Lifecycle
from runstate.lifecycles.agui import AGUI_RUN
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.wrap import wrap
from runstate.modelling.events import Moved
from runstate.modelling.objects import DONE, Item, encoded, names_for, payload_for, record_class, to_jsonl, to_sse

if TYPE_CHECKING:
    from runstate.modelling.simulate import Simulation

__all__ = [
    "COLUMNS",
    "Row",
    "csv_lines",
    "polls",
    "row_lines",
    "rows",
    "run_name",
    "sse_blocks",
    "steps",
    "stream",
    "texts",
]


class Row(NamedTuple):
    """One change, as columns hold it."""

    run: str
    status: str
    event: str
    time: float
    """Seconds since the epoch."""


COLUMNS = Row._fields
"""Names of the columns."""


@attrs.frozen
class _Seen:
    """A change and the object after it."""

    moved: Moved
    value: dict[str, Any]
    """Flat, every field under its own name."""


def _objects(simulation: Simulation) -> Iterator[_Seen]:
    """Drive a record for each open run through the engine."""
    lifecycle = simulation.lifecycle
    cls = record_class(lifecycle)
    records: dict[int, Any] = {}
    for moved in simulation.changes():
        edge, ttl = moved.edge, simulation.ttl if moved.edge.does.deadlines else None
        # by run and place in its history, so that what happens to one run never changes another
        chooser = random.Random(f"{simulation.seed}/{moved.run}/{moved.at}")  # noqa: S311 - made-up data, not secrets
        before = records.pop(moved.run, None)
        given = payload_for(edge, before if before is not None else _Blank(lifecycle), chooser, moved.at)
        if before is None:
            names = names_for(lifecycle, edge, moved.run)
            record = create(cls, at=moved.at, ttl=ttl, event=edge.event, **names, **given).run
        else:
            record = apply(before, edge.event, at=moved.at, ttl=ttl, **given).run
        if not moved.last:
            records[moved.run] = record
        yield _Seen(moved, encoded(record))


@attrs.frozen
class _Blank:
    """Stands for the record that is not there yet."""

    __lifecycle__: Lifecycle


def stream(simulation: Simulation) -> Iterator[Item]:
    """What a stream of all runs tells: creation under all its names, each other change once, silent ones not at all.

    An assistant's stream ends with a word, if no run is left open.
    """
    lifecycle = simulation.lifecycle
    left = False
    for seen in _one_by_one(simulation) if lifecycle is AGUI_RUN else _objects(simulation):
        edge = seen.moved.edge
        left = left or (seen.moved.last and edge.target not in lifecycle.terminal)
        if edge.silent:
            continue
        for wire in edge.wire:
            yield {"event": wire, "data": _laid_out(lifecycle, seen, wire)}
        if not edge.wire and lifecycle is not AGUI_RUN:
            yield _laid_out(lifecycle, seen, None)
    if simulation.runs and lifecycle is ASSISTANTS_RUN and not left:
        yield DONE


def polls(simulation: Simulation) -> Iterator[Item]:
    """The bare object after each change.

    :raises BadSimulation: for AG-UI, whose objects are events that tell no status.
    """
    if simulation.lifecycle is AGUI_RUN:
        raise BadSimulation(
            parameter="polls",
            reason="the objects of AG-UI are events and tell no status",
            seen=AGUI_RUN.name,
            allowed="a stream, or rows",
        )
    for seen in _objects(simulation):
        yield _laid_out(simulation.lifecycle, seen, None)


def rows(simulation: Simulation) -> Iterator[Row]:
    """Each change as columns hold it; no objects are made, so this is the quickest."""
    lifecycle = simulation.lifecycle
    for moved in simulation.changes():
        name = run_name(lifecycle, moved.run)
        yield Row(name, str.__str__(moved.edge.target), str.__str__(moved.edge.event), moved.at)


def steps(simulation: Simulation) -> Iterator[Told]:
    """Each change as other kinds of logs hold it: `runstate.foreign.xes.to_xes` and `runstate.foreign.ocel.to_ocel`."""
    for row in rows(simulation):
        yield Told(run=row.run, status=row.status, event=row.event, at=row.time, lifecycle=simulation.lifecycle.name)


def run_name(lifecycle: Lifecycle, number: int) -> str:
    """The id of a run."""
    return f"{lifecycle.name.rpartition('.')[2]}_{number}"


def _laid_out(lifecycle: Lifecycle, seen: _Seen, wire: str | None) -> dict[str, Any]:
    if lifecycle is AGUI_RUN:
        told = {"type": wire, "threadId": "thread_1", "runId": seen.value["runId"], **_AGUI_SAYS.get(wire or "", {})}
        return {**told, "timestamp": int(seen.moved.at * 1000)}
    if lifecycle.layout == Layout():
        return seen.value
    fields: dict[str, Any] = wrap(lifecycle, seen.value, wire=wire, at=seen.moved.at)
    return fields


_AGUI_SAYS: Mapping[str, Mapping[str, Any]] = {
    "RUN_FINISHED": {"outcome": {"type": "success"}},
    "RUN_ERROR": {"message": "It did not go well."},
}
"""What events of AG-UI say besides; all runs of a stream are of one thread."""


def _one_by_one(simulation: Simulation) -> Iterator[_Seen]:
    """What each run shows, run after run in the order of their ends: such a stream carries one at a time."""
    held: dict[int, list[_Seen]] = {}
    for seen in _objects(simulation):
        held.setdefault(seen.moved.run, []).append(seen)
        if seen.moved.last:
            yield from held.pop(seen.moved.run)


# -- text --------------------------------------------------------------------------------------------------------------


def sse_blocks(simulation: Simulation) -> Iterator[bytes]:
    """The stream as server-sent events, one after the other."""
    for item in stream(simulation):
        yield to_sse((item,))


def poll_lines(simulation: Simulation) -> Iterator[bytes]:
    """The polls as JSON lines."""
    for item in polls(simulation):
        yield to_jsonl((item,))


def row_lines(simulation: Simulation) -> Iterator[bytes]:
    """The rows as JSON lines of run, status, event and time; the time as ISO 8601."""
    for row in rows(simulation):
        yield json.dumps({**row._asdict(), "time": _iso(row.time)}, separators=(",", ":")).encode() + b"\n"


def csv_lines(simulation: Simulation) -> Iterator[bytes]:
    """The rows as CSV, names of the columns first; the time as ISO 8601."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(COLUMNS)
    for row in rows(simulation):
        write.writerow((*row[:3], _iso(row.time)))
        if out.tell() > _CHUNK:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


_CHUNK = 1 << 16


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def xes_traces(simulation: Simulation) -> Iterator[bytes]:
    """The rows as XES; takes memory for all of them, as a run stands in one piece."""
    yield from to_xes(steps(simulation))


def ocel_document(simulation: Simulation) -> Iterator[bytes]:
    """The rows as OCEL 2.0, one JSON document."""
    yield to_ocel(steps(simulation))


TEXTS = {
    "sse": sse_blocks,
    "jsonl": poll_lines,
    "rows": row_lines,
    "csv": csv_lines,
    "xes": xes_traces,
    "ocel": ocel_document,
}


def texts(simulation: Simulation, form: str) -> Iterable[bytes]:
    """A log as text, piece by piece: ``sse``, ``jsonl`` (polls), ``rows`` (JSON lines of columns), ``csv``, ``xes`` or ``ocel``.

    :raises KeyError: for any other form.
    """
    return TEXTS[form](simulation)
