"""Which name of a new version of a lifecycle stands for which of the old one: said, or guessed by structure.

A status is guessed by the events that lead to it, which have one target each, or by where it stands among the statuses and
events that both versions have; an event by what it leads from and to.  What fits two is no guess, and an end is like no
live status.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Literal

import attrs

from runstate.errors import BadMigration
from runstate.lifecycle import Lifecycle, Transition

__all__ = ["Names", "Rename"]


@attrs.frozen(kw_only=True)
class Rename:
    """A status or an event that goes by another name in the new version."""

    what: Literal["status", "event"]
    old: str
    new: str
    guessed: bool = False
    """Nobody said so; it stands where the other stood, and nothing else does."""

    def __str__(self) -> str:
        return f"{self.old} → {self.new}" + (" (guessed)" if self.guessed else "")


class Names:
    """The names of both versions, matched."""

    """Which name of the new version stands for which of the old one."""

    def __init__(self, old: Lifecycle, new: Lifecycle, statuses: dict[str, str], events: dict[str, str]) -> None:
        self.old = old
        self.new = new
        _check_given(old, "status", statuses, old.statuses, new.statuses)
        _check_given(old, "event", events, old.events, new.events)
        self._given = {
            **{("status", name): to for name, to in statuses.items()},
            **{("event", n): t for n, t in events.items()},
        }
        self.statuses = statuses | _same(old.statuses, new.statuses, statuses)
        self.events = events | _same(old.events, new.events, events)
        while self._guess():
            pass

    def renames(self) -> Iterator[Rename]:
        """What goes by another name, statuses first."""
        lists: tuple[tuple[Literal["status", "event"], Mapping[str, str]], ...] = (
            ("status", self.statuses),
            ("event", self.events),
        )
        for what, names in lists:
            for old, new in names.items():
                if old != new:
                    yield Rename(what=what, old=str(old), new=str(new), guessed=(what, old) not in self._given)

    def edge(self, edge: Transition) -> tuple[str | None, str, str]:
        """An old transition by new names, those that are gone by their own."""
        source = None if edge.source is None else self.statuses.get(edge.source, edge.source)
        return source, self.events.get(edge.event, edge.event), self.statuses.get(edge.target, edge.target)

    def _guess(self) -> bool:
        """Match what is gone with what is new and stands in the same place; whether there was anything."""
        old, new = self.old, self.new
        shared = set(self.statuses.values()), set(self.events.values())
        gone = [status for status in old.statuses if status not in self.statuses]
        come = [status for status in new.statuses if status not in shared[0]]
        events = {name: name for name in shared[1]}
        statuses = {name: name for name in shared[0]}
        more = _matched(
            {one: _led_by(old, one, self.events) for one in gone}, {one: _led_by(new, one, events) for one in come}
        )
        more = more or _matched(
            {one: _place(old, one, self.statuses, self.events) for one in gone},
            {one: _place(new, one, statuses, events) for one in come},
        )
        self.statuses |= more
        statuses |= {name: name for name in more.values()}
        moved = _matched(
            {one: _use(old, one, self.statuses) for one in old.events if one not in self.events},
            {one: _use(new, one, statuses) for one in new.events if one not in shared[1]},
        )
        self.events |= moved
        return bool(more or moved)


def _check_given(
    old: Lifecycle, what: str, given: Mapping[str, str], before: Sequence[str], after: Sequence[str]
) -> None:
    for name, to in given.items():
        for one, known in ((name, before), (to, after)):
            if one not in known:
                raise BadMigration(
                    lifecycle=old.name,
                    problem="unknown_name",
                    reason=f"there is no such {what}",
                    status=one,
                    allowed=tuple(map(str, known)),
                )
    twice = [to for to, count in Counter(given.values()).items() if count > 1]
    if twice:
        raise BadMigration(
            lifecycle=old.name, problem="merged", reason=f"two names of a {what} become one", status=twice[0]
        )


def _same(before: Sequence[str], after: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """The names that both have, but for those that are given otherwise."""
    taken = set(given.values())
    return {name: name for name in before if name in after and name not in given and name not in taken}


def _led_by(lifecycle: Lifecycle, status: str, events: Mapping[str, str]) -> Hashable:
    """The events that lead to a status, of those that both versions have: an event has one target, so they tell it.

    An end is like no live status.
    """
    edges = [edge for edge in lifecycle.transitions if edge.target == status and edge.event in events]
    return (status in lifecycle.terminal, frozenset(events[edge.event] for edge in edges)) if edges else None


def _place(lifecycle: Lifecycle, status: str, statuses: Mapping[str, str], events: Mapping[str, str]) -> Hashable:
    """Where a status stands: what it is, and what leads in and out, itself being '=', what has no name in common '?'."""

    def known(one: str | None) -> str:
        return "" if one is None else "=" if one == status else statuses.get(one, "?")

    around = Counter(
        (edge.source == status, events.get(edge.event, "?"), known(edge.source), known(edge.target))
        for edge in lifecycle.transitions
        if status in (edge.source, edge.target)
    )
    if not any(event != "?" or "?" not in (source, target) for _, event, source, target in around):
        return None
    kind = (status in lifecycle.initial, status in lifecycle.terminal, status in lifecycle.stops)
    return (*kind, frozenset(around.items()))


def _use(lifecycle: Lifecycle, event: str, statuses: Mapping[str, str]) -> Hashable:
    """What an event does: from where to where, and what it takes; None where one of these statuses is not shared."""
    edges = [edge for edge in lifecycle.transitions if edge.event == event]
    ways = frozenset(
        ("" if edge.source is None else statuses.get(edge.source, "?"), statuses.get(edge.target, "?"))
        for edge in edges
    )
    if any("?" in way for way in ways):
        return None
    return ways, frozenset(name for edge in edges for name in edge.does.takes)


def _matched(gone: Mapping[str, Hashable], come: Mapping[str, Hashable]) -> dict[str, str]:
    """The pairs of which each is the only one like the other; what nothing is known of is like nothing."""
    before, after = Counter(gone.values()), Counter(come.values())
    by_mark = {mark: name for name, mark in come.items()}
    return {name: by_mark[mark] for name, mark in gone.items() if mark is not None and before[mark] == after[mark] == 1}
