"""The rules of a lifecycle as SQL over columns: statuses as small numbers, and which of them may follow which.

Nothing is decided here.  The judge itself is asked about every pair of statuses, one after the other, so that the SQL
says of a run exactly whether the judge would have anything to say about it.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from runstate.conformance.monitor import Monitor
from runstate.errors import DecodeError
from runstate.lifecycle import Lifecycle
from runstate.observations import Observation

__all__ = ["Rules", "literal", "name"]

UNKNOWN = 0
"""Number of what is no status of the lifecycle."""


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """The name of a column or table as SQL writes it."""
    return '"' + text.replace('"', '""') + '"'


@attrs.frozen
class Rules:
    """What the judge says of statuses in a row, for SQL."""

    lifecycle: Lifecycle
    faulty: frozenset[tuple[str, str]]
    """Pairs of statuses, one after the other in one run, of which the judge reports anything, if only a note."""
    ends: bool
    """Whether the judge reports anything when the log ends, and so must see where it does."""
    ends_whole: bool
    """The same of a log of which every row can be read."""

    @classmethod
    def of(cls, lifecycle: Lifecycle, monitor: Monitor) -> Rules:
        """The rules by which a monitor judges statuses; what it does not report is a fault here all the same."""

        def fresh() -> Monitor:
            return Monitor(lifecycle, mode=monitor.mode, strict=monitor.strict, assume=monitor.assume)

        faulty: set[tuple[str, str]] = set()
        for before in lifecycle.statuses:
            for after in lifecycle.statuses:
                asked = fresh()
                asked.feed_status("run", before)
                if asked.feed_status("run", after):
                    faulty.add((before, after))
        whole, broken = (any(_broken_off(fresh(), one, torn) for one in lifecycle.statuses) for torn in (False, True))
        return cls(lifecycle, frozenset(faulty), whole or broken, whole)

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return len(self.lifecycle.statuses) + 1

    def number(self, status: str) -> int:
        """The number of a status, from 1 on."""
        return self.lifecycle.statuses.index(status) + 1

    def code(self, column: str) -> str:
        """SQL: the number of the status that a column of texts holds."""
        cases = " ".join(f"WHEN {literal(word)} THEN {self.number(status)}" for word, status in self._words())
        missing = "" if self.missing is None else f"WHEN {column} IS NULL THEN {self.missing} "
        # the searched form only where it is needed: the other one is the quicker one
        code = f"CASE {column} {cases} ELSE {UNKNOWN} END"
        return f"CASE {missing}ELSE {code} END" if missing else code

    def _words(self) -> Iterator[tuple[str, str]]:
        for status in self.lifecycle.statuses:
            for word in (status, *self.lifecycle.spellings.get(status, ())):
                if self.lifecycle.status_of(word) == status:
                    yield word, status

    @property
    def missing(self) -> int | None:
        """The number of the status that is taken where none is given, if there is one."""
        status = self.lifecycle.status_of(None)
        return None if status is None else self.number(status)

    @property
    def pairs(self) -> tuple[tuple[bool, ...], ...]:
        """By the numbers of two statuses, whether the judge has anything to say where one comes after the other."""
        words = (None, *self.lifecycle.statuses)
        return tuple(
            tuple(before is None or after is None or (before, after) in self.faulty for after in words)
            for before in words
        )

    @property
    def doubtful(self) -> tuple[bool, ...]:
        """By the number of a status, whether the judge may have something to say where it is the last one."""
        lifecycle = self.lifecycle
        work = [self.ends and s in lifecycle.live and s not in lifecycle.stops for s in lifecycle.statuses]
        return (True, *work)

    @property
    def ended(self) -> tuple[bool, ...]:
        """By the number of a status, whether it is terminal."""
        return (False, *(status in self.lifecycle.terminal for status in self.lifecycle.statuses))

    def suspect(self, path: str) -> str:
        """SQL: whether the judge has anything to say of the numbers of a run's statuses, a list in their order."""
        pairs = sorted(self.number(before) * self.count + self.number(after) for before, after in self.faulty)
        steps = f"list_transform(range(1, len({path})), lambda i: {path}[i] * {self.count} + {path}[i + 1])"
        doubts = [f"list_contains({path}, {UNKNOWN})", f"list_has_any({steps}, {pairs}::BIGINT[])"]
        if self.ends:
            work = [number for number, doubt in enumerate(self.doubtful) if doubt]
            doubts.append(f"list_contains({work}, {path}[-1])")
        return f"({' OR '.join(doubts)})"

    def complete(self, path: str) -> str:
        """SQL: whether the last of them is terminal."""
        return f"list_contains({[number for number, ended in enumerate(self.ended) if ended]}, {path}[-1])"


def _broken_off(monitor: Monitor, status: str, broken: bool) -> bool:
    """Whether the judge reports anything at the end, after a row, and perhaps one that cannot be read."""
    if broken:
        monitor.feed(Observation(fault=DecodeError(problem="malformed", reason="")))
    monitor.feed_status("run", status)
    return bool(monitor.close())
