"""`LifecycleMapping`: how the statuses of one lifecycle read in another, as one value.

A mapping is a map of statuses; what becomes of transitions follows from it and from both tables.  A live status may have
no counterpart (None): the target stays where it was.  An end without one cannot be told at all.  A live status that is
come to more than once may have a second reading, for where the target cannot come to the first (any more).  Whether a mapping is
right is looked into by `runstate.modelling.mapping_check.check_mapping`; this module only refuses names that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from runstate.conformance.findings import Severity
from runstate.errors import BadMapping
from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis, Lifecycle

__all__ = ["PROBLEMS", "As", "LifecycleMapping"]

PROBLEMS: Mapping[str, tuple[Severity, str]] = FrozenDict({
    "unknown_status": (Severity.ERROR, "the mapping names a status that a lifecycle does not have"),
    "missing_status": (Severity.ERROR, "the mapping does not say what becomes of a status of the source"),
    "no_basis": (Severity.ERROR, "an entry does not say what it rests on, or why"),
    "live_ends": (Severity.ERROR, "a live status of the source reads as an end"),
    "end_lives": (Severity.ERROR, "an end of the source reads as live"),
    "outcome": (Severity.ERROR, "an end reads as one of another outcome, or as one that says more"),
    "no_path": (Severity.ERROR, "a transition of the source has no path of transitions in the target"),
    "count": (Severity.ERROR, "a whole run of the source breaks a count of the target"),
    "untold_end": (Severity.WARNING, "an end of the source has no counterpart: such runs cannot be translated"),
    "reopening": (Severity.WARNING, "transitions that reopen an end are left out: such runs cannot be translated"),
    "untold": (Severity.NOTE, "a live status has no counterpart: the target stays where it was"),
    "merged": (Severity.NOTE, "several statuses of the source read as one"),
    "coarser": (Severity.NOTE, "an end reads as one that says less"),
    "stop_hidden": (Severity.NOTE, "a status in which others must act reads as one in which nobody must"),
    "path": (Severity.NOTE, "a transition becomes several"),
    "vanishes": (Severity.NOTE, "a transition leaves the target where it was"),
    "begun": (Severity.NOTE, "what is new in the source is not new in the target"),
})  # fmt: skip
"""Word -> severity, and what is the case.  Errors refuse the mapping, warnings some histories; notes are losses."""


class As:
    """How a status reads: ``As(status, *basis, why=…)``; ``As(None, …)`` where the target has no such thing.

    ``otherwise`` is the reading where the target has no way to the first.
    """

    __slots__ = ("basis", "otherwise", "status", "why")

    def __init__(self, status: str | None, *basis: Basis, why: str, otherwise: str | None = None) -> None:
        self.status = status
        self.basis = frozenset(basis)
        self.why = why
        self.otherwise = otherwise

    @property
    def readings(self) -> tuple[str, ...]:
        """The statuses of the target that it may read as, the first one first."""
        return tuple(status for status in (self.status, self.otherwise) if status is not None)

    def __repr__(self) -> str:
        return f"As({self.status!r})"


def _entries(values: Mapping[str, As]) -> FrozenDict[str, As]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True, eq=False)
class LifecycleMapping:
    """How each status of one lifecycle reads in another.

    :raises BadMapping: where it names a status that does not exist, or leaves one of the source out.
    """

    source: Lifecycle
    target: Lifecycle
    statuses: Mapping[str, As] = attrs.field(converter=_entries, repr=False)
    """Every status of the source -> how it reads."""
    reopens: bool = True
    """Whether transitions that reopen an end are carried over; else histories with one are refused."""
    doc: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse names that do not exist."""
        for status in self.statuses:
            if status not in self.source.statuses:
                reason = f"{self.source.name} has no such status"
                raise self.refused("unknown_status", reason, str(status), self.source.statuses)
        for status in self.source.statuses:
            entry = self.statuses.get(status)
            if entry is None:
                reason = f"nothing is said of the status {str(status)!r}; write As(None, …) where it has no counterpart"
                raise self.refused("missing_status", reason, str(status))
            for reading in entry.readings:
                if reading not in self.target.statuses:
                    reason = f"{self.target.name} has no such status"
                    raise self.refused("unknown_status", reason, str(reading), self.target.statuses)
            if not entry.basis or not entry.why:
                reason = f"it is not said what {str(status)!r} rests on, and why"
                raise self.refused("no_basis", reason, str(status), list(Basis))

    @property
    def name(self) -> str:
        """Names of both lifecycles, as in ``a2a.task -> openai.assistants.run``."""
        return f"{self.source.name} -> {self.target.name}"

    def image(self, status: str) -> str | None:
        """How a status reads; None where the target has no counterpart.

        :raises KeyError: for a status that the source does not have.
        """
        return self.statuses[status].status

    def refused(
        self, problem: str, reason: str, seen: object, allowed: Iterable[str] = (), history: Iterable[str] = ()
    ) -> BadMapping:
        """A refusal of this mapping."""
        return BadMapping(
            mapping=self.name,
            problem=problem,
            reason=reason,
            seen=seen,
            allowed=tuple(map(str, allowed)),
            history=tuple(map(str, history)),
        )
