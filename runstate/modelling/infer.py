"""`infer`: a first draft of a lifecycle from histories that were observed.

The draft says what was seen, how often, and nothing else: its basis is *observed*.  What a log cannot tell is listed as
missing, so that the draft can be completed by somebody who knows: whether a status that was only ever seen last is an
end or was cut off, what leads out of it, which transitions were merely not seen yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from runstate.frozen import FrozenDict
from runstate.lifecycle import FieldKind, Lifecycle, Presence
from runstate.lifecycles.plain import build
from runstate.modelling.importers import word_of
from runstate.observations import Observation

__all__ = ["Inferred", "infer"]

Json = dict[str, Any]
Step = str | tuple[str | None, str]
"""A status, or (name of the event or None, status)."""

FEW = 3
"""A transition that was seen less often is pointed out."""


@attrs.frozen(kw_only=True)
class Inferred:
    """What histories say of the lifecycle behind them."""

    values: Json = attrs.field(repr=False)
    """The draft in the form of definitions: write it with `runstate.modelling.definition.to_json` and go on from there."""
    histories: int
    counts: Mapping[tuple[str | None, str], int]
    """(source, target) -> how often it was seen; source None is the beginning of a history."""
    ended: Mapping[str, int]
    """Status -> how many histories it was the last of."""
    presence: Mapping[str, Mapping[str, Presence]]
    """Status -> field -> set, null or both, where objects were seen; an absent field counts as null."""
    missing: tuple[str, ...]
    """What is open before the draft is a closed table, one sentence each."""

    @property
    def lifecycle(self) -> Lifecycle:
        """The draft as a lifecycle."""
        return build(self.values)


@attrs.define
class _Seen:
    """What is counted on the way."""

    edges: Counter[tuple[str | None, str]] = attrs.field(factory=Counter)
    named: dict[tuple[str | None, str], Counter[str]] = attrs.field(factory=dict)
    last: Counter[str] = attrs.field(factory=Counter)
    order: dict[str, None] = attrs.field(factory=dict)
    fields: dict[str, dict[str, Counter[bool]]] = attrs.field(factory=dict)
    objects: Counter[str] = attrs.field(factory=Counter)
    histories: int = 0


def infer(
    histories: Iterable[Iterable[Step]] | Iterable[Observation],
    *,
    name: str = "inferred",
    id_field: str = "id",
    status_field: str = "status",
) -> Inferred:
    """Draft a lifecycle from histories.

    :param histories: each a sequence of statuses, or of (event, status) with the event's name or None; or the
        observations of logs, which are sorted into runs by file and id; an event of another kind of log (XES, OCEL,
        spans) that tells no status leads to one of its own name.  A status that repeats without an event is one
        status that was looked at twice; with an event it is a transition to itself.
    :param name: of the draft.
    :param id_field: where an observed object holds its id.
    :param status_field: where it holds its status.
    :raises ValueError: where there is no history with a status in it.
    """
    seen = _Seen()
    runs: dict[tuple[str, str], list[tuple[str | None, str]]] = {}
    for one in histories:
        if isinstance(one, Observation):
            _observed(seen, runs, one, id_field, status_field)
        else:
            _count(seen, [(None, step) if isinstance(step, str) else step for step in one])
    for steps in runs.values():
        _count(seen, steps)
    if not seen.order:
        raise ValueError("there is no history with a status in it")
    values = _draft(seen, name, id_field, status_field)
    return Inferred(
        values=values,
        histories=seen.histories,
        counts=FrozenDict(seen.edges),
        ended=FrozenDict(seen.last),
        presence=_presence(seen),
        missing=tuple(_missing(seen, values)),
    )


def _observed(
    seen: _Seen,
    runs: dict[tuple[str, str], list[tuple[str | None, str]]],
    one: Observation,
    id_field: str,
    status_field: str,
) -> None:
    value = one.value
    if one.told is not None and one.told.run is not None:
        # where only events are told, each leads to a status of its own, which has its name
        status = one.told.status if one.told.status is not None else one.told.event
        runs.setdefault((one.file, one.told.run), []).append((one.told.event, str(status)))
        return
    if not isinstance(value, Mapping):
        return
    run, status = value.get(id_field), value.get(status_field)
    if not isinstance(run, str) or not isinstance(status, str):
        return
    runs.setdefault((one.file, run), []).append((one.event, status))
    seen.objects[status] += 1
    fields = seen.fields.setdefault(status, {})
    for field, item in value.items():
        if field not in (id_field, status_field, "object"):
            fields.setdefault(field, Counter())[item is not None] += 1


def _count(seen: _Seen, steps: Iterable[tuple[str | None, str]]) -> None:
    before: str | None = None
    for event, status in steps:
        if status == before and event is None:
            continue
        edge = (before, status)
        seen.order.setdefault(status)
        seen.edges[edge] += 1
        if event is not None:
            seen.named.setdefault(edge, Counter())[event] += 1
        before = status
    if before is not None:
        seen.histories += 1
        seen.last[before] += 1


def _draft(seen: _Seen, name: str, id_field: str, status_field: str) -> Json:
    statuses = list(seen.order)
    left = {source for source, _ in seen.edges}
    terminal = [status for status in statuses if status not in left]
    rows: dict[str | None, Json] = {None: {}, **{status: {} for status in statuses}}
    events: Json = {}
    for (source, target), times in seen.edges.items():
        verb = _verb(source, target, statuses, seen)
        announced = seen.named.get((source, target))
        names = "" if announced is None else f", announced as {', '.join(sorted(announced))}"
        rows[source][verb] = {"to": target, "basis": ["observed"], "why": f"seen {_times(times)}{names}"}
        wires: list[str] = events.setdefault(verb, {}).setdefault("wire", [])
        if announced is not None and not wires:
            wires.append(announced.most_common(1)[0][0])
    create = rows.pop(None)
    values: Json = {
        "name": name,
        "doc": f"Drafted from {_number(seen.histories, 'history', 'histories')}.",
        "initial": [status for status in statuses if (None, status) in seen.edges],
        "terminal": terminal,
        "fields": _fields(seen),
        "create": create,
        "statuses": rows,
        "events": {verb: {key: item for key, item in event.items() if item} for verb, event in events.items()},
    }
    if id_field != "id":
        values["id_field"] = id_field
    if status_field != "status":
        values["status_field"] = status_field
    return {key: item for key, item in values.items() if item or key not in {"fields", "doc"}}


def _times(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _verb(source: str | None, target: str, statuses: list[str], seen: _Seen) -> str:
    """An event is called after its target: what it means, nobody has said."""
    if source is not None:
        return f"to_{word_of(target)}"
    first = next(status for status in statuses if (None, status) in seen.edges)
    return "create" if target == first else f"create_{word_of(target)}"


def _fields(seen: _Seen) -> Json:
    """Fields that are set in some statuses and null in others, or are times: those that transitions are about."""
    kinds: Json = {}
    for fields in seen.fields.values():
        for field in fields:
            if field.endswith("_at") or len({_set(seen, status, field) for status in seen.fields}) > 1:
                deadline = field.startswith("expire") or "deadline" in field
                stamp = FieldKind.DEADLINE if deadline else FieldKind.STAMP
                kinds.setdefault(field, (stamp if field.endswith(("_at", "_time")) else FieldKind.VALUE).value)
    return kinds


def _set(seen: _Seen, status: str, field: str) -> Presence:
    found = seen.fields[status].get(field, Counter[bool]())
    if not found[True]:
        return Presence.NULL
    return Presence.SET if found[True] == seen.objects[status] else Presence.FREE


def _presence(seen: _Seen) -> Mapping[str, Mapping[str, Presence]]:
    names = dict.fromkeys(field for fields in seen.fields.values() for field in fields)
    return FrozenDict(
        {status: FrozenDict({field: _set(seen, status, field) for field in names}) for status in seen.fields}
    )


def _missing(seen: _Seen, values: Json) -> Iterable[str]:
    ends: list[str] = values["terminal"]
    left = {source for source, _ in seen.edges if source is not None}
    for status in ends:
        times = _times(seen.last[status])
        yield f"{status!r} was seen last {times} and never left: is it an end, or was the log cut off?"
    for status in seen.order:
        if status in left and seen.last[status]:
            yield f"{status!r} was left, and was also the last of {_number(seen.last[status], 'history', 'histories')}: cut off, or an end that is reopened?"
    for status in seen.order:
        if status in left and not _reaches(seen, status, ends):
            yield f"No history leads from {status!r} to an end: what ends it?"
    if not ends:
        yield "No status was only ever seen last: which are the ends?"
    if len(values["initial"]) > 1:
        first = ", ".join(repr(status) for status in values["initial"])
        yield f"Histories begin with {first}: are all of these beginnings, or do some start in the middle?"
    for (source, target), count in seen.edges.items():
        if count < FEW <= seen.histories:
            yield f"{source or '(new)'} → {target} was seen only {_times(count)}."
    if not seen.named:
        yield "No event was named: every verb is called after its target."
    if not seen.fields:
        yield "No object was seen: nothing is known of stamps and other fields."
    elif values.get("fields"):
        yield "Which event sets or clears each field is not drafted: see presence."


def _reaches(seen: _Seen, status: str, ends: list[str]) -> bool:
    reached, waiting = {status}, [status]
    while waiting:
        source = waiting.pop()
        for before, target in seen.edges:
            if before == source and target not in reached:
                reached.add(target)
                waiting.append(target)
    return bool(reached & set(ends))
