"""Illegal edits of how steps and messages go with their run: RS4xx and RS603.  Derived from `runstate.nesting` values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from runstate.lifecycle import Lifecycle
from runstate.nesting import Nesting
from runstate.testing.choosing import Item
from runstate.testing.edits_single import Draft, Items, Kind, add, again, drop, put
from runstate.testing.histories import DONE
from runstate.testing.reading import Log, Sighting, announces, creates, event_and_data, is_time, key_of

__all__ = ["ILLEGAL_PARTS", "NOTED_PARTS"]


def _renamed(seen: Sighting, nesting: Nesting) -> Item:
    """The same part under another id."""
    return seen.item(**{nesting.child.id_field: f"{seen.subject.id}_other"})


def _creations(log: Log) -> Iterator[tuple[Sighting, Nesting]]:
    """The first events of parts, where they announce the creation."""
    return ((s, n) for s, n in log.parts() if s.before is None and creates(n.child, s.event))


def _deltas(log: Log) -> Iterator[tuple[int, str]]:
    """Index, and id of the part that it adds to, of each delta."""
    names = {nesting.delta for nesting in log.nestings}
    for index, item in enumerate(log.items):
        event, data = event_and_data(item)
        if event in names and isinstance(data, Mapping) and isinstance(data.get("id"), str):
            yield index, data["id"]


def _leg_is_whole(log: Log, index: int) -> bool:
    """Whether all runs that the stream speaks of were seen from their creation on: else a delta may be of anything."""
    return bool(log.legs[index]) and all(log.whole(run, index) for run in log.legs[index])


# -- RS401 -------------------------------------------------------------------------------------------------------------


def delta_before_creation(log: Log) -> Iterator[Draft]:
    """A delta comes before the part that it adds to."""
    created = {seen.subject.id: seen for seen, _ in _creations(log)}
    for index, part in _deltas(log):
        seen = created.get(part)
        if seen is not None and _leg_is_whole(log, seen.index):
            yield again(log, ("RS401",), index, seen.index)


def delta_after_end(log: Log) -> Iterator[Draft]:
    """A delta comes after the part that it adds to has ended."""
    ended = {seen.subject.id: seen for seen, _ in log.parts() if seen.ended}
    for index, part in _deltas(log):
        if part in ended:
            yield again(log, ("RS401",), index, ended[part].index + 1)


def delta_after_run(log: Log) -> Iterator[Draft]:
    """A delta comes after the run has ended."""
    runs = {seen.subject.id: seen.subject.run for seen, _ in log.parts()}
    for index, part in _deltas(log):
        end = log.end_of(runs[part]) if part in runs else None
        if end is not None and end.streamed and index < end.index and _leg_is_whole(log, end.index + 1):
            yield again(log, ("RS401",), index, end.index + 1)


def part_not_created(log: Log) -> Iterator[Draft]:
    """The event that creates a part is missing."""
    for seen, nesting in _creations(log):
        after = seen.after
        if after is not None and not creates(nesting.child, after.event) and log.whole(seen.subject.run, seen.index):
            yield drop(log, ("RS401",), seen.index, after.index - 1)


# -- RS402, RS403 ------------------------------------------------------------------------------------------------------


def _endings(log: Log) -> Iterator[tuple[Sighting, Nesting, Sighting]]:
    """The end of a part, and the end of its run after it."""
    for seen, nesting in log.parts():
        end = log.end_of(seen.subject.run)
        if seen.ended and end is not None and end.streamed and seen.index < end.index:
            yield seen, nesting, end


def part_left_open(log: Log) -> Iterator[Draft]:
    """A part has not ended when its run does."""
    for seen, nesting, end in _endings(log):
        if seen.before is not None and not seen.before.ended and end.status in nesting.gates | nesting.soft_gates:
            yield drop(log, ("RS402",), seen.index, end.index - 1)


def part_ended_otherwise(log: Log) -> Iterator[Draft]:
    """A part ends in a way that the end of its run does not allow."""
    for seen, nesting, end in _endings(log):
        for status in sorted(nesting.child.terminal - nesting.ends.get(end.status, nesting.child.terminal)):
            make = partial(seen.moved, status, announces(nesting.child, status))
            yield put(log, ("RS403",), seen.index, make, found=end.index)


# -- RS404, RS405, RS406 -----------------------------------------------------------------------------------------------


def two_open(log: Log) -> Iterator[Draft]:
    """A step is created while another one is open."""
    for seen, nesting in _creations(log):
        if nesting.at_most_open == 1:
            yield add(log, ("RS404",), seen.index + 1, partial(_renamed, seen, nesting))


def message_outside(log: Log) -> Iterator[Draft]:
    """A message is created when no step is open for it."""
    for seen, nesting in _creations(log):
        if nesting.within is None:
            continue
        for other, outer in log.parts():
            if outer is nesting or not other.ended or other.subject.run != seen.subject.run:
                continue
            still = log.open_at(seen.subject.run, other.index + 1)
            if not any(part.get("type") == nesting.within for part in still):
                yield add(log, ("RS405",), other.index + 1, partial(_renamed, seen, nesting))


def message_not_named(log: Log) -> Iterator[Draft]:
    """The open step names another message than the one that is created."""
    for seen, nesting in _creations(log):
        around = [p for p in log.open_at(seen.subject.run, seen.index) if p.get("type") == nesting.within]
        if nesting.within is not None and around and _about(around[-1]) == seen.subject.id:
            yield put(log, ("RS405",), seen.index, partial(_renamed, seen, nesting))


def _about(seen: Sighting) -> object:
    nesting = seen.subject.nesting
    value: Any = seen.data if nesting is not None and nesting.about else None
    for name in nesting.about if nesting is not None else ():
        value = value.get(key_of(value, name)) if isinstance(value, Mapping) else None
    return value


def step_ends_first(log: Log) -> Iterator[Draft]:
    """A step ends before the message in it does."""
    ends = {seen.subject.id: seen for seen, _ in log.parts() if seen.ended and seen.before is not None}
    created = {seen.subject.id for seen, _ in _creations(log)}
    for outer in ends.values():
        inner = ends.get(str(_about(outer)))
        if inner is not None and inner.subject.id in created and inner.index < outer.index:
            yield Draft(("RS406",), inner.index, partial(_move, log, outer.index, inner.index))


def _move(log: Log, source: int, target: int) -> Items:
    items = list(log.items)
    items.insert(target, items.pop(source))
    return items


# -- RS407, RS408, RS411 -----------------------------------------------------------------------------------------------


def nothing_open(log: Log) -> Iterator[Draft]:
    """The step that the run waits for ends before it waits."""
    for run in log.runs():
        for nesting in log.nestings:
            kind = nesting.holds.get(run.status)
            here = [p for p in log.open_at(run.subject.id, run.index) if p.subject.nesting is nesting]
            if run.streamed and kind is not None and len(here) == 1 and here[0].get("type") == kind:
                status = next(s for s in nesting.child.statuses if s in nesting.ends_inside[run.status])
                make = partial(here[0].moved, status, announces(nesting.child, status))
                yield add(log, ("RS407",), run.index, make, found=run.index + 1)


def thread_late(log: Log) -> Iterator[Draft]:
    """The thread is created after the run."""
    for run in log.runs():
        if run.streamed and log.nestings:
            thread = {"id": run.get("thread_id"), "object": "thread", "created_at": run.get("created_at")}
            yield add(log, ("RS408",), run.index + 1, partial(dict, event="thread.created", data=thread))


def part_at_wrong_time(log: Log) -> Iterator[Draft]:
    """A part is created while its run is not worked on."""
    return _misplaced(log, ended=False)


def part_after_run(log: Log) -> Iterator[Draft]:
    """A part is created after its run has ended."""
    return _misplaced(log, ended=True)


def _misplaced(log: Log, *, ended: bool) -> Iterator[Draft]:
    for seen, nesting in _creations(log):
        for run in log.of(seen.subject.run):
            allowed = run.status in nesting.inside or seen.status in nesting.ends_inside.get(run.status, ())
            if run.ended is ended and not allowed:
                yield add(log, ("RS411",), run.index + 1, partial(_renamed, seen, nesting))


# -- RS412, RS413, RS414, RS603 ----------------------------------------------------------------------------------------


def _at_work(log: Log, run: Sighting) -> bool:
    """Whether a stream cannot be over after this sighting: the run has neither ended nor stopped."""
    lifecycle: Lifecycle = log.lifecycle
    stands = not run.ended and run.status not in lifecycle.stops
    return run.streamed and stands and not log.errored[run.index + 1]


def done_too_early(log: Log) -> Iterator[Draft]:
    """The stream says that it is over while the run is worked on."""
    for run in log.runs():
        if _at_work(log, run):
            yield add(log, ("RS412",), run.index + 1, partial(dict, DONE))


def wrong_usage(log: Log) -> Iterator[Draft]:
    """The usage of a run is not the sum of those of its steps."""
    for end in log.runs():
        for nesting in log.nestings:
            if nesting.adds_up is None or not (end.ended and end.streamed) or (end.before and end.before.ended):
                continue
            usage = end.get(nesting.adds_up)
            if isinstance(usage, Mapping) and _all_counted(log, end, nesting):
                wrong = {key: count + 1 if is_time(count) else count for key, count in usage.items()}
                if is_time(usage.get("total_tokens")):
                    wrong["total_tokens"] = usage["total_tokens"] + 2  # so that the run's own sum is right
                yield put(log, ("RS414",), end.index, partial(end.item, None, **{nesting.adds_up: wrong}))


def _all_counted(log: Log, end: Sighting, nesting: Nesting) -> bool:
    """Whether the usages of all parts are known, and there is one at least."""
    parts = [
        seen
        for seen, own in log.parts()
        if own is nesting and seen.subject.run == end.subject.id and seen.index < end.index
    ]
    ended = [seen for seen in parts if seen.ended]
    counted = all(isinstance(seen.get(nesting.adds_up or ""), Mapping) for seen in ended)
    still = [seen for seen in log.open_at(end.subject.id, end.index) if seen.subject.nesting is nesting]
    return log.whole(end.subject.id, end.index) and bool(ended) and counted and not still


def part_elsewhere(log: Log) -> Iterator[Draft]:
    """A part names another thread or assistant than its run."""
    for seen, nesting in log.parts():
        run = log.run_at(seen.subject.run, seen.index)
        for name in log.lifecycle.constant if run is not None else ():
            shared = name in nesting.child.constant and name not in ("object", "created_at", log.lifecycle.id_field)
            if shared and run is not None and run.get(name) is not None and seen.get(name) is not None:
                other = f"{seen.get(name)}_other"
                yield put(log, ("RS603",), seen.index, partial(seen.item, None, **{name: other}))


ILLEGAL_PARTS: Mapping[str, Kind] = {
    "delta before creation": delta_before_creation,
    "delta after end": delta_after_end,
    "delta after run": delta_after_run,
    "part not created": part_not_created,
    "part left open": part_left_open,
    "part ended otherwise": part_ended_otherwise,
    "two open": two_open,
    "message outside": message_outside,
    "message not named": message_not_named,
    "step ends first": step_ends_first,
    "nothing open": nothing_open,
    "thread late": thread_late,
    "part at wrong time": part_at_wrong_time,
    "part after run": part_after_run,
    "done too early": done_too_early,
    "wrong usage": wrong_usage,
    "part elsewhere": part_elsewhere,
}


# -- legal, and worth a word -------------------------------------------------------------------------------------------


def broken_off(log: Log) -> Iterator[Draft]:
    """The log ends while the run is worked on; found when it is closed."""
    for run in log.runs():
        if _at_work(log, run):
            yield Draft(("RS413",), run.index + 1, partial(_head, log, run.index + 1))


def _head(log: Log, length: int) -> Items:
    return list(log.items[:length])


def new_event(log: Log) -> Iterator[Draft]:
    """A stream has an event that nobody knows."""
    for run in log.runs():
        if run.streamed:
            unknown = {"event": "thread.run.something_new", "data": {"id": "new_1", "object": "something.new"}}
            yield add(log, ("RS504",), run.index + 1, partial(dict, unknown))


def error_event(log: Log) -> Iterator[Draft]:
    """A stream carries an error."""
    for run in log.runs():
        if run.streamed:
            error = {"event": "error", "data": {"error": {"message": "The server had an error."}}}
            yield add(log, ("RS505",), run.index + 1, partial(dict, error))


NOTED_PARTS: Mapping[str, Kind] = {
    "broken off": broken_off,
    "new event": new_event,
    "error event": error_event,
}
"""What is legal, and noted or warned of."""
