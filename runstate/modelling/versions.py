"""Two versions of a lifecycle: what differs, and for whom that breaks something.

Four kinds of people notice a new version.  *Drivers* call events: what they do under the old version is refused, or does
something else, under the new one.  *Judges* that have the new version read logs that were written under the old one.
*Readers* still have the old version and meet logs of the new one.  *Stored* runs were brought where they are under the old
one, and their journals say how.

Names that are gone and names that are new may be the same thing renamed.  Renames are given, or guessed by structure
(`runstate.modelling.renames`).  A guess is marked as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycle import Effects, Lifecycle, Presence, Transition
from runstate.modelling.renames import Names, Rename

__all__ = ["AUDIENCES", "KINDS", "Audience", "Comparison", "Difference", "Rename", "compare"]

Audience = Literal["drivers", "judges", "readers", "stored"]
AUDIENCES: Mapping[Audience, str] = FrozenDict(
    {
        "drivers": "programs that fire events",
        "judges": "judges with the new version, on logs of the old one",
        "readers": "judges and programs with the old version, on logs of the new one",
        "stored": "stored runs and their journals",
    }
)
"""Whom a difference can break something for."""

_D: tuple[Audience, ...] = ("drivers",)
_J: tuple[Audience, ...] = ("judges",)
_R: tuple[Audience, ...] = ("readers",)
_S: tuple[Audience, ...] = ("stored",)

KINDS: Mapping[str, tuple[str, tuple[Audience, ...]]] = FrozenDict(
    {
        "same_version": ("the table differs and the version does not", _S),
        "status_added": ("status added", _R),
        "status_removed": ("status removed", _D + _J + _S),
        "status_renamed": ("status renamed", _D + _J + _R + _S),
        "became_terminal": ("a live status is an end now", _D + _R + _S),
        "became_live": ("an end is live now", _R + _S),
        "stop_added": ("streams end in this status now", _R),
        "stop_removed": ("streams do not end in this status any more", _R),
        "event_added": ("event added", ()),
        "event_removed": ("event removed", _D + _S),
        "event_renamed": ("event renamed", _D + _S),
        "became_legal": ("became legal", _R),
        "became_illegal": ("became illegal", _D + _J + _S),
        "retargeted": ("leads elsewhere", _D + _J + _R + _S),
        "less_certain": ("only inferred now, so strict readings refuse it", _D + _J),
        "more_certain": ("more than inferred now", ()),
        "guard_added": ("needs a condition", _D),
        "guard_removed": ("needs a condition no more", ()),
        "payload_needed": ("needs an argument", _D),
        "payload_offered": ("may be given an argument", ()),
        "payload_dropped": ("takes an argument no more", _D),
        "effects_changed": ("does something else to the record", _S),
        "wire_dropped": ("is not announced by this name any more", _J),
        "wire_added": ("is announced by a new name", _R),
        "field_added": ("field added", ()),
        "field_removed": ("field removed", _D + _R),
        "field_kind": ("the field is of another kind", _D + _J + _R + _S),
        "rule_narrowed": ("a rule on a field forbids what was allowed", _J + _S),
        "rule_widened": ("a rule on a field allows what was forbidden", _R),
        "rule_changed": ("a rule on a field says the opposite", _J + _R + _S),
        "order_added": ("two stamps must be in order", _J + _S),
        "order_removed": ("two stamps need not be in order any more", _R),
        "spelling_added": ("another spelling of a status", _R),
        "spelling_removed": ("a spelling of a status is not read any more", _J),
    }
)
"""Kind of a difference -> what it says, and for whom it breaks something."""


@attrs.frozen(kw_only=True)
class Difference:
    """One thing that differs."""

    kind: str
    """One of `KINDS`."""
    where: str
    """The transition, status, event or field, by its name in the new version where it has one."""
    old: str | None = None
    new: str | None = None
    breaks: tuple[Audience, ...] = ()

    def __str__(self) -> str:
        change = " → ".join(part for part in (self.old, self.new) if part is not None)
        said = f"{self.where}: {KINDS[self.kind][0]}" + (f" ({change})" if change else "")
        return said + (f"; breaks {', '.join(self.breaks)}" if self.breaks else "")


@attrs.frozen(kw_only=True)
class Comparison:
    """All that differs between two versions of a lifecycle."""

    old: Lifecycle
    new: Lifecycle
    renames: tuple[Rename, ...]
    differences: tuple[Difference, ...]
    audiences: tuple[Audience, ...] = tuple(AUDIENCES)
    """Whom it is about."""

    def of(self, *kinds: str) -> tuple[Difference, ...]:
        """The differences of some kinds."""
        return tuple(one for one in self.differences if one.kind in kinds)

    def breaking(self, audience: Audience | None = None) -> tuple[Difference, ...]:
        """The differences that break something, for anybody or for some."""
        return tuple(one for one in self.differences if (one.breaks if audience is None else audience in one.breaks))

    def limited(self, audiences: Iterable[Audience]) -> Comparison:
        """The same with only what breaks something for one of these; of the others it says nothing."""
        asked = tuple(audiences)
        kept = tuple(one for one in self.differences if set(one.breaks) & set(asked))
        return attrs.evolve(self, differences=kept, audiences=tuple(one for one in AUDIENCES if one in asked))

    def lines(self) -> Iterator[str]:
        """The comparison for reading."""
        count = len(self.differences)
        whom = "" if self.audiences == tuple(AUDIENCES) else f" for {' or '.join(self.audiences)}"
        yield f"{_title(self.old)} → {_title(self.new)}: {count} difference{'' if count == 1 else 's'}{whom}"
        for what in ("status", "event"):
            names = [str(one) for one in self.renames if one.what == what]
            if names:
                yield f"  renamed {what}: {', '.join(names)}"
        renamed = ("status_renamed", "event_renamed")
        yield from (f"  {one}" for one in self.differences if one.kind not in renamed)
        for audience in self.audiences:
            count = len(self.breaking(audience))
            yield f"for {audience} ({AUDIENCES[audience]}): " + (f"{count} breaking" if count else "nothing breaks")

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON can hold it."""
        return {
            "old": {"name": self.old.name, "version": self.old.version},
            "new": {"name": self.new.name, "version": self.new.version},
            "renames": [attrs.asdict(one) for one in self.renames],
            "differences": [attrs.asdict(one) | {"breaks": list(one.breaks)} for one in self.differences],
            "breaking": {audience: len(self.breaking(audience)) for audience in self.audiences},
        }


def _title(lifecycle: Lifecycle) -> str:
    return f"{lifecycle.name} {lifecycle.version}"


def compare(
    old: Lifecycle, new: Lifecycle, *, statuses: Mapping[str, str] = EMPTY, events: Mapping[str, str] = EMPTY
) -> Comparison:
    """What differs between two versions.

    :param statuses: old name -> new name of statuses that were renamed; others are guessed.
    :param events: the same of events.
    :raises BadMigration: where one of these names is none of its version (``unknown_name``), or two become one
        (``merged``).
    """
    known = Names(old, new, dict(statuses), dict(events))
    renames = tuple(known.renames())
    found = dict.fromkeys(
        [
            *_version_differences(old, new),
            *_status_differences(known, renames),
            *_event_differences(known),
            *_transition_differences(known),
            *_field_differences(known),
        ]
    )
    return Comparison(old=old, new=new, renames=renames, differences=tuple(found))


def _differs(kind: str, where: str, old: str | None = None, new: str | None = None) -> Difference:
    return Difference(kind=kind, where=where, old=old, new=new, breaks=KINDS[kind][1])


# -- differences -------------------------------------------------------------------------------------------------------


def _version_differences(old: Lifecycle, new: Lifecycle) -> Iterator[Difference]:
    table = [{(e.source, str(e.event), str(e.target)) for e in one.transitions} for one in (old, new)]
    if old.version == new.version and table[0] != table[1]:
        yield _differs("same_version", new.name, old.version)


def _status_differences(names: Names, renames: Sequence[Rename]) -> Iterator[Difference]:
    old, new = names.old, names.new
    come = set(names.statuses.values())
    for rename in renames:
        if rename.what == "status":
            read = rename.old in new.spellings.get(rename.new, ())
            found = _differs("status_renamed", rename.new, rename.old, rename.new)
            # a judge that reads the old name as a spelling does not mind
            yield attrs.evolve(found, breaks=tuple(one for one in found.breaks if not (read and one == "judges")))
    yield from (_differs("status_added", str(status)) for status in new.statuses if status not in come)
    for status in old.statuses:
        now = names.statuses.get(status)
        if now is None:
            yield _differs("status_removed", str(status))
            continue
        if (status in old.terminal) is not (now in new.terminal):
            yield _differs("became_terminal" if now in new.terminal else "became_live", str(now))
        if (status in old.stops) is not (now in new.stops):
            yield _differs("stop_added" if now in new.stops else "stop_removed", str(now))
        before, after = set(old.spellings.get(status, ())), set(new.spellings.get(now, ()))
        yield from (_differs("spelling_removed", str(now), one) for one in sorted(before - after))
        yield from (_differs("spelling_added", str(now), None, one) for one in sorted(after - before - {status}))


def _event_differences(names: Names) -> Iterator[Difference]:
    come = set(names.events.values())
    for event in names.old.events:
        now = names.events.get(event)
        if now is None:
            yield _differs("event_removed", str(event))
        elif now != event:
            yield _differs("event_renamed", str(now), str(event), str(now))
    yield from (_differs("event_added", str(event)) for event in names.new.events if event not in come)


def _transition_differences(names: Names) -> Iterator[Difference]:
    before = {names.edge(edge)[:2]: (edge, names.edge(edge)[2]) for edge in names.old.transitions}
    after = {(edge.source, edge.event): edge for edge in names.new.transitions}
    for place, (edge, target) in before.items():
        now = after.get(place)
        where = _where(*place, target)
        if now is None:
            yield _differs("became_illegal", where)
        elif now.target != target:
            yield _differs("retargeted", f"{place[1]} in {place[0] or '(none)'}", str(target), str(now.target))
        else:
            yield from _edge_differences(edge, now, where)
    for place, edge in after.items():
        if place not in before:
            yield _differs("became_legal", _where(*place, edge.target))


def _where(source: str | None, event: str, target: str) -> str:
    return f"{source or '(none)'} --{event}--> {target}"


def _edge_differences(old: Transition, new: Transition, where: str) -> Iterator[Difference]:
    if old.inferred_only is not new.inferred_only:
        yield _differs("less_certain" if new.inferred_only else "more_certain", where)
    guards = [{guard.name for guard in edge.guards} for edge in (old, new)]
    yield from (_differs("guard_added", where, None, name) for name in sorted(guards[1] - guards[0]))
    yield from (_differs("guard_removed", where, name) for name in sorted(guards[0] - guards[1]))
    event = str(new.event)
    yield from (_differs("wire_dropped", event, name) for name in old.wire if name not in new.wire)
    yield from (_differs("wire_added", event, None, name) for name in new.wire if name not in old.wire)
    before, after = old.does, new.does
    for name in after.takes:
        if name not in before.takes:
            yield _differs("payload_needed", event, None, name)
    for name in (*before.takes, *before.may_take):
        if name not in (*after.takes, *after.may_take):
            yield _differs("payload_dropped", event, name)
    for name in after.may_take:
        if name not in (*before.takes, *before.may_take):
            yield _differs("payload_offered", event, None, name)
    if _written(before) != _written(after):
        yield _differs("effects_changed", event, _effects_words(before), _effects_words(after))


def _written(does: Effects) -> tuple[object, ...]:
    """What an event does to fields, whatever the order it is written in."""
    given = {name: field for name, field in (*does.takes.items(), *does.may_take.items()) if field is not None}
    return set(does.stamps), set(does.stamps_once), set(does.clears), dict(does.deadlines), given


def _effects_words(does: Effects) -> str:
    parts = [
        *(f"stamps {field}" for field in does.stamps),
        *(f"stamps {field} once" for field in does.stamps_once),
        *(f"{field} in {seconds:g} s" for field, seconds in does.deadlines.items()),
        *(f"sets {field}" for field in (*does.takes.values(), *does.may_take.values()) if field is not None),
        *(f"clears {field}" for field in does.clears),
    ]
    return ", ".join(parts) or "nothing"


def _field_differences(names: Names) -> Iterator[Difference]:
    old, new = names.old, names.new
    for field, kind in old.fields.items():
        if field not in new.fields:
            yield _differs("field_removed", field)
        elif new.fields[field] is not kind:
            yield _differs("field_kind", field, kind.value, new.fields[field].value)
    yield from (_differs("field_added", field) for field in new.fields if field not in old.fields)
    for status, now in names.statuses.items():
        before, after = old.presence[status], new.presence[now]
        for field in new.fields:
            # what nothing writes is free of rules, and what was not known was not there
            was = before.get(field, Presence.FREE) if field in old.fields else Presence.NULL
            is_now = after.get(field, Presence.FREE)
            if was is not is_now:
                word = "changed" if Presence.FREE not in (was, is_now) else "widened"
                narrowed = was is Presence.FREE or field not in old.fields
                word = "narrowed" if narrowed and is_now is not Presence.FREE else word
                yield _differs(f"rule_{word}", f"{field} in {now}", was.value, is_now.value)
    yield from (_differs("order_added", f"{a} ≤ {b}") for a, b in new.order if (a, b) not in old.order)
    yield from (_differs("order_removed", f"{a} ≤ {b}") for a, b in old.order if (a, b) not in new.order)
