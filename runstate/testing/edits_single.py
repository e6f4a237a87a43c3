"""Illegal edits of what one object does and holds: RS1xx, RS2xx, RS3xx, RS5xx and RS6xx, of runs and of their parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from runstate.lifecycle import FieldKind, Presence
from runstate.testing.reading import Log, Sighting, announces, creates, event_and_data, is_time, step_code, written

__all__ = ["ILLEGAL", "NOTED", "Draft", "Items", "Kind", "add", "again", "drop", "put"]

Items = list[Any]


@attrs.frozen(eq=False)
class Draft:
    """An edit that could be made; the log is copied only if it is."""

    codes: tuple[str, ...]
    index: int
    make: Callable[[], Items]


Kind = Callable[[Log], Iterator[Draft]]


def put(log: Log, codes: Sequence[str], index: int, make: Callable[[], Any], *, found: int | None = None) -> Draft:
    """One item is replaced.

    :param make: gives the new one.
    :param found: where the fault is found, if not there.
    """
    return Draft(tuple(codes), index if found is None else found, partial(_splice, log, index, 1, make))


def add(log: Log, codes: Sequence[str], index: int, make: Callable[[], Any], *, found: int | None = None) -> Draft:
    """One item comes in before another."""
    return Draft(tuple(codes), index if found is None else found, partial(_splice, log, index, 0, make))


def drop(log: Log, codes: Sequence[str], index: int, found: int) -> Draft:
    """One item is missing."""
    return Draft(tuple(codes), found, partial(_splice, log, index, 1, None))


def again(log: Log, codes: Sequence[str], source: int, index: int) -> Draft:
    """One item comes once more, before another."""
    return add(log, codes, index, partial(log.items.__getitem__, source))


def _splice(log: Log, index: int, drops: int, make: Callable[[], Any] | None) -> Items:
    return [*log.items[:index], *(() if make is None else (make(),)), *log.items[index + drops :]]


def _changed(log: Log, seen: Sighting, code: str, **fields: Any) -> Draft:
    """The sighting with other values in it."""
    return put(log, (seen.subject.code(code),), seen.index, partial(seen.item, **fields))


def _without(log: Log, seen: Sighting, code: str, name: str) -> Draft:
    return put(log, (seen.subject.code(code),), seen.index, partial(seen.without, name))


# -- RS1xx -------------------------------------------------------------------------------------------------------------


def restart_after_end(log: Log) -> Iterator[Draft]:
    """After its end the run is seen in a live status."""
    for seen in log.sightings:
        if seen.ended:
            yield from _goes_on(log, seen, seen.subject.lifecycle.live)


def ends_twice(log: Log) -> Iterator[Draft]:
    """After its end the run ends in another way."""
    for seen in log.sightings:
        if seen.ended:
            yield from _goes_on(log, seen, sorted(seen.subject.lifecycle.terminal))


def _goes_on(log: Log, seen: Sighting, statuses: Sequence[str]) -> Iterator[Draft]:
    lifecycle = seen.subject.lifecycle
    for status in statuses:
        event = announces(lifecycle, status) if seen.streamed else None
        if (event is None) is seen.streamed or status == seen.status:
            continue
        if step_code(seen, lifecycle, status, event) == "RS102":
            yield add(log, (seen.subject.code("RS102"),), seen.index + 1, partial(seen.moved, status, event))


def skip_transition(log: Log) -> Iterator[Draft]:
    """One transition is missing from a stream."""
    for seen in log.sightings:
        after = seen.after
        if seen.before is None or after is None:
            continue
        code = step_code(seen.before, seen.subject.lifecycle, after.status, after.event)
        if code is not None and code != "RS107":
            yield drop(log, (seen.subject.code(code),), seen.index, after.index - 1)


def illegal_status(log: Log) -> Iterator[Draft]:
    """The run is seen in a status that it cannot have moved to."""
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        for status in lifecycle.statuses:
            event = announces(lifecycle, status, seen.before.status if seen.before else None) if seen.streamed else None
            if seen.before is None or status == seen.status or (event is None) is seen.streamed:
                continue
            code = step_code(seen.before, lifecycle, status, event)
            if code is not None and code != "RS107":
                yield put(log, (seen.subject.code(code),), seen.index, partial(seen.moved, status, event))


def repeat_event(log: Log) -> Iterator[Draft]:
    """A stream announces the same transition twice."""
    for seen in log.sightings:
        code = step_code(seen, seen.subject.lifecycle, seen.status, seen.event)
        if code == "RS105":
            yield again(log, (seen.subject.code(code),), seen.index, seen.index + 1)


def creation_twice(log: Log) -> Iterator[Draft]:
    """Creation is announced again, at once or late."""
    for seen in log.sightings:
        if not creates(seen.subject.lifecycle, seen.event):
            continue
        later: Sighting | None = seen
        while later is not None:
            yield again(log, (seen.subject.code("RS108"),), seen.index, later.index + 1)
            later = None if later.ended else later.after  # what comes after the end may be of another run


def creation_elsewhere(log: Log) -> Iterator[Draft]:
    """Creation is announced with a status in which nothing begins."""
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        if seen.before is None and creates(lifecycle, seen.event):
            for status in lifecycle.statuses:
                if status not in lifecycle.initial:
                    yield put(log, (seen.subject.code("RS108"),), seen.index, partial(seen.moved, status, seen.event))


def unknown_status(log: Log) -> Iterator[Draft]:
    """The status is none of the lifecycle's."""
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        for status in (seen.status + "d", seen.status.upper(), "", None, 7):
            if status not in lifecycle.statuses:
                yield _changed(log, seen, "RS106", **{lifecycle.status_field: status})


def event_disagrees(log: Log) -> Iterator[Draft]:
    """The event is that of another status than the object has."""
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        if not seen.streamed:
            continue
        for event in dict.fromkeys(name for verb in lifecycle.verbs for name in verb.wire):
            meant = {lifecycle.target(verb) for verb in lifecycle.announced(event)}
            known = any(quirk.announcement == (event, seen.status) for quirk in lifecycle.quirks)
            if seen.status in meant or known or event == seen.event:
                continue
            # of the event that creates it is said once, that it comes at the wrong time or with a wrong status
            code = "RS108" if step_code(seen.before, lifecycle, seen.status, event) == "RS108" else "RS109"
            yield put(log, (seen.subject.code(code),), seen.index, partial(seen.item, event))


# -- RS2xx -------------------------------------------------------------------------------------------------------------


def null_required(log: Log) -> Iterator[Draft]:
    """A field that must be set is null, or not there."""
    for seen in log.sightings:
        for name, presence in seen.subject.lifecycle.presence[seen.status].items():
            if presence is Presence.SET and seen.get(name) is not None:
                yield _changed(log, seen, "RS201", **{name: None})
                yield _without(log, seen, "RS201", name)


def _forbidden(log: Log, code: str) -> Iterator[Draft]:
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        for name, presence in lifecycle.presence[seen.status].items():
            if presence is Presence.NULL and seen.get(name) is None and _null_code(seen, name) == code:
                known = [q for q in lifecycle.quirks if q.field == (seen.status, name)]
                if not any(q.profile in (None, lifecycle.profile(seen.data)) for q in known):
                    yield _changed(log, seen, code, **{name: seen.sample(name)})


def _null_code(seen: Sighting, name: str) -> str:
    """Too early, left over, or simply out of place."""
    lifecycle = seen.subject.lifecycle

    def never(statuses: Sequence[str]) -> bool:
        return all(lifecycle.presence[status][name] is Presence.NULL for status in statuses)

    if seen.ended:
        return "RS204" if never(sorted(lifecycle.terminal)) else "RS202"
    return "RS203" if lifecycle.terminal and never(lifecycle.live) else "RS202"


def set_out_of_place(log: Log) -> Iterator[Draft]:
    """A field is set that belongs to other statuses."""
    return _forbidden(log, "RS202")


def set_too_early(log: Log) -> Iterator[Draft]:
    """A field is set that only an end sets."""
    return _forbidden(log, "RS203")


def set_left_over(log: Log) -> Iterator[Draft]:
    """A field is set that every end clears."""
    return _forbidden(log, "RS204")


def wrong_kind(log: Log) -> Iterator[Draft]:
    """A time is no whole number of seconds since the epoch."""
    for seen in log.sightings:
        for name, kind in seen.subject.lifecycle.fields.items():
            value = seen.get(name)
            if kind is not FieldKind.VALUE and is_time(value):
                wrongs: tuple[Any, ...] = (str(value), value + 0.5, True, -1, {})
                for wrong in wrongs:
                    yield _changed(log, seen, "RS206", **{name: wrong})


def _of_assistants(log: Log) -> Iterator[Sighting]:
    """The values of some fields are checked, too, in the objects that are known to have them."""
    return (seen for seen in log.sightings if seen.subject.lifecycle.name.startswith("openai.assistants."))


def wrong_sum(log: Log) -> Iterator[Draft]:
    """The total of a usage is not the sum."""
    for seen in _of_assistants(log):
        usage = seen.get("usage")
        if isinstance(usage, Mapping) and all(map(is_time, map(usage.get, _COUNTS))):
            wrong = {**usage, "total_tokens": usage["total_tokens"] + 1}
            yield put(log, ("RS207",), seen.index, partial(seen.item, usage=wrong))


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def nothing_required(log: Log) -> Iterator[Draft]:
    """A required action names no tool call, or one of them twice."""
    for seen in _of_assistants(log):
        action = seen.get("required_action")
        calls = action.get("submit_tool_outputs", {}).get("tool_calls") if isinstance(action, Mapping) else None
        if calls:
            wrongs: tuple[list[Any], ...] = ([], [*calls, calls[0]])
            for wrong in wrongs:
                other = {**action, "submit_tool_outputs": {**action["submit_tool_outputs"], "tool_calls": wrong}}
                yield _changed(log, seen, "RS208", required_action=other)


def metadata_too_large(log: Log) -> Iterator[Draft]:
    """Metadata has too many pairs, too long keys or values, or values that are no strings."""
    wrong: tuple[Any, ...] = ({str(n): "" for n in range(17)}, {"k" * 65: ""}, {"k": "v" * 513}, {"k": 1}, ["k"])
    for seen in _of_assistants(log):
        if seen.has("metadata"):
            for metadata in wrong:
                yield _changed(log, seen, "RS209", metadata=metadata)


# -- RS3xx -------------------------------------------------------------------------------------------------------------


def stamps_out_of_order(log: Log) -> Iterator[Draft]:
    """One stamp is before another that must have come first."""
    for seen in log.sightings:
        for earlier, later in seen.subject.lifecycle.order:
            first, second = seen.get(earlier), seen.get(later)
            if is_time(first) and is_time(second) and first > 0:
                yield _changed(log, seen, "RS301", **{later: first - 1})


def stamp_moved_back(log: Log) -> Iterator[Draft]:
    """A stamp is earlier than it was."""
    for seen, name, old, new in _times(log):
        if seen.subject.lifecycle.fields[name] is FieldKind.STAMP and old is not None and old > 0 and new is not None:
            yield _changed(log, seen, "RS302", **{name: old - 1})


def stamp_changed(log: Log) -> Iterator[Draft]:
    """A stamp or deadline changes though no transition writes it."""
    for seen, name, old, new in _times(log):
        if old is not None and new is not None and name not in written(seen):
            yield _changed(log, seen, "RS303", **{name: old + 1})


def stamp_appeared(log: Log) -> Iterator[Draft]:
    """A stamp or deadline that was null is set though no transition writes it."""
    for seen, name, _, new in _times(log):
        free = seen.presence(name) is Presence.FREE
        if new is None and free and name in seen.nulls and name not in written(seen):
            yield _changed(log, seen, "RS303", **{name: seen.sample(name)})


def stamp_vanished(log: Log) -> Iterator[Draft]:
    """A stamp or deadline is null though no transition clears it."""
    for seen, name, old, new in _times(log):
        free = seen.subject.lifecycle.presence[seen.status].get(name) is Presence.FREE
        if old is not None and new is not None and free and name not in written(seen, clears=True):
            yield _changed(log, seen, "RS304", **{name: None})


def _times(log: Log) -> Iterator[tuple[Sighting, str, int | float | None, int | float | None]]:
    """Each time in each sighting, as it stood before and as it stands."""
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        for name, kind in lifecycle.fields.items():
            if kind is not FieldKind.VALUE and name not in lifecycle.constant and seen.before and seen.has(name):
                new = seen.get(name)
                yield seen, name, seen.times.get(name), new if is_time(new) else None


# -- RS5xx, RS6xx ------------------------------------------------------------------------------------------------------


def broken_line(log: Log) -> Iterator[Draft]:
    """A line or the data of an event is no JSON."""
    for index, item in enumerate(log.items):
        event, data = event_and_data(item)
        if event is not None and isinstance(data, Mapping):
            yield put(log, ("RS501",), index, partial(dict, event=event, data='{"id": '))
        elif isinstance(data, Mapping):
            yield put(log, ("RS501",), index, partial(bytes, b'{"id": '))


def no_object(log: Log) -> Iterator[Draft]:
    """What should be an object is none."""
    for index, item in enumerate(log.items):
        event, data = event_and_data(item)
        if event is not None and isinstance(data, Mapping):
            yield put(log, ("RS501",), index, partial(dict, event=event, data=7))
        elif isinstance(data, Mapping):
            yield put(log, ("RS501",), index, partial(bytes, b'"text"'))


def no_status(log: Log) -> Iterator[Draft]:
    """The object of a run has no status."""
    for seen in log.runs():
        # whether it is a run without a status or no run at all depends on what else the object says of itself
        make = partial(seen.without, seen.subject.lifecycle.status_field)
        yield put(log, ("RS106", "RS502"), seen.index, make)


def missing_id(log: Log) -> Iterator[Draft]:
    """The object does not say which one it is."""
    for seen in log.sightings:
        name = seen.subject.lifecycle.id_field
        for wrong in ("", None, 7):
            yield _changed(log, seen, "RS602", **{name: wrong})
        yield _without(log, seen, "RS602", name)


def identity_changed(log: Log) -> Iterator[Draft]:
    """A field changes that no event changes."""
    for seen in log.sightings:
        lifecycle = seen.subject.lifecycle
        # the id tells the objects apart, and what they say they are decides who judges them
        own = {lifecycle.id_field, "object", "type", "kind"}
        if seen.subject.nesting is not None:
            own.add(seen.subject.nesting.parent_field)
        for name, first in seen.firsts.items():
            if name not in own and seen.has(name):
                yield _changed(log, seen, "RS601", **{name: first + 1 if isinstance(first, int) else f"{first}_other"})


ILLEGAL: Mapping[str, Kind] = {
    "restart after end": restart_after_end,
    "ends twice": ends_twice,
    "skip transition": skip_transition,
    "illegal status": illegal_status,
    "repeat event": repeat_event,
    "creation twice": creation_twice,
    "creation elsewhere": creation_elsewhere,
    "unknown status": unknown_status,
    "event disagrees": event_disagrees,
    "null required": null_required,
    "set out of place": set_out_of_place,
    "set too early": set_too_early,
    "set left over": set_left_over,
    "wrong kind": wrong_kind,
    "wrong sum": wrong_sum,
    "nothing required": nothing_required,
    "metadata too large": metadata_too_large,
    "stamps out of order": stamps_out_of_order,
    "stamp moved back": stamp_moved_back,
    "stamp changed": stamp_changed,
    "stamp appeared": stamp_appeared,
    "stamp vanished": stamp_vanished,
    "broken line": broken_line,
    "no object": no_object,
    "no status": no_status,
    "missing id": missing_id,
    "identity changed": identity_changed,
}


# -- legal, and worth a word -------------------------------------------------------------------------------------------
# Mostly the log ends with it, since what came next does not follow.


def _cut(log: Log, seen: Sighting) -> Log:
    """The log up to a sighting."""
    return attrs.evolve(log, items=log.items[: seen.index + 1])


def inferred(log: Log) -> Iterator[Draft]:
    """A transition that no source states or shows: the log ends with it."""
    for seen in log.runs():
        lifecycle = seen.subject.lifecycle
        for edge in lifecycle.legal(seen.status):
            certain = any(e.target == edge.target and not e.inferred_only for e in lifecycle.legal(seen.status))
            if seen.streamed and edge.inferred_only and edge.wire and not certain:
                make = partial(seen.moved, edge.target, edge.wire[-1])
                yield add(_cut(log, seen), ("RS104",), seen.index + 1, make)


def known_transition(log: Log) -> Iterator[Draft]:
    """A move that real servers have made though no table allows it."""
    for seen in log.runs():
        lifecycle = seen.subject.lifecycle
        for quirk in lifecycle.quirks:
            source, target = quirk.transition or (None, "")
            if seen.status == source and quirk.profile in (None, lifecycle.profile(seen.data)):
                event = announces(lifecycle, target) if seen.streamed else None
                yield add(_cut(log, seen), ("RS107",), seen.index + 1, partial(seen.moved, target, event))


def known_announcement(log: Log) -> Iterator[Draft]:
    """An event that real servers have sent with another status."""
    for seen in log.runs():
        for quirk in seen.subject.lifecycle.quirks:
            event, status = quirk.announcement or ("", None)
            fits = quirk.profile in (None, seen.subject.lifecycle.profile(seen.data))
            if fits and seen.status == status and seen.streamed and seen.event != event:
                yield put(log, ("RS110",), seen.index, partial(seen.item, event))


def known_field(log: Log) -> Iterator[Draft]:
    """A field that real servers have left set though the table clears it."""
    for seen in log.runs():
        for quirk in seen.subject.lifecycle.quirks:
            status, name = quirk.field or (None, "")
            fits = quirk.profile in (None, seen.subject.lifecycle.profile(seen.data))
            if fits and seen.status == status and seen.get(name) is None:
                yield _changed(log, seen, "RS205", **{name: seen.sample(name)})


def past_the_deadline(log: Log) -> Iterator[Draft]:
    """The run goes on after its time to live."""
    for seen in log.runs():
        lifecycle = seen.subject.lifecycle
        deadlines = [seen.times.get(name) for name, kind in lifecycle.fields.items() if kind is FieldKind.DEADLINE]
        latest = max((time for time in deadlines if time is not None), default=None)
        for edge in lifecycle.transitions if seen.before is not None and latest is not None else ():
            into = edge.target == seen.status and seen.before is not None and edge.source == seen.before.status
            for name in edge.does.stamps if into and not edge.guards else ():
                if is_time(seen.get(name)) and latest is not None:
                    yield _changed(_cut(log, seen), seen, "RS305", **{name: int(latest) + 1})


NOTED: Mapping[str, Kind] = {
    "inferred transition": inferred,
    "known transition": known_transition,
    "known announcement": known_announcement,
    "known field": known_field,
    "past the deadline": past_the_deadline,
}
"""What is legal, and noted or warned of."""
