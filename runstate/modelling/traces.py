"""What was seen of one run, in the words of the formal exports: events, statuses, and which fields were set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import attrs

from runstate.errors import BadQuestion
from runstate.lifecycle import Lifecycle
from runstate.modelling.bits import kept_fields

__all__ = ["Changed", "Seen", "Trace", "trace_of_changes", "trace_of_snapshots"]


class Changed(Protocol):
    """What a change has: `runstate.Change`, and the rows of a journal."""

    @property
    def event(self) -> str:
        """The verb."""
        ...

    @property
    def target(self) -> str:
        """The status that the record had afterwards."""
        ...


@attrs.frozen
class Seen:
    """One thing seen."""

    event: str | None
    """None where only the status was seen."""
    status: str
    fields: frozenset[str] | None = None
    """The fields that were set, of those that its transitions write or ask for; None where they were not looked at."""


@attrs.frozen
class Trace:
    """What was seen of one run, from its creation on."""

    seen: tuple[Seen, ...]
    misses: bool = False
    """Whether moves may have happened that nobody saw, as between two polls."""

    def check(self, lifecycle: Lifecycle) -> None:
        """Refuse what the lifecycle has no word for: there is nothing that could be looked for.

        :raises BadQuestion: for an empty trace, and for an unknown event, status or field.
        """
        if not self.seen:
            raise BadQuestion(question="trace", reason="nothing was seen")
        fields = kept_fields(lifecycle)
        for number, seen in enumerate(self.seen, 1):
            given = (("event", [seen.event] if seen.event else [], lifecycle.events),
                     ("status", [seen.status], lifecycle.statuses),
                     ("field", sorted(seen.fields or ()), fields))  # fmt: skip
            for what, names, known in given:
                for name in names:
                    if name not in known:
                        reason = f"{lifecycle.name} has no {what} {name!r}, seen as number {number}"
                        raise BadQuestion(question="trace", reason=reason, seen=name, allowed=known)


def trace_of_changes(changes: Iterable[Changed]) -> Trace:
    """Every change of one run, as `runstate.apply` returned them or as its journal holds them."""
    return Trace(tuple(Seen(change.event, change.target) for change in changes))


def trace_of_snapshots(lifecycle: Lifecycle, snapshots: Iterable[Mapping[str, Any]]) -> Trace:
    """Decoded polls of one run; between two of them moves may have been missed, and what repeats is seen once.

    :raises BadQuestion: for a status that the lifecycle does not have.
    """
    fields = kept_fields(lifecycle)
    found: list[Seen] = []
    for snapshot in snapshots:
        value = snapshot.get(lifecycle.status_field)
        status = lifecycle.status_of(value)
        if status is None:
            reason = f"{lifecycle.name} has no such status"
            raise BadQuestion(question="trace", reason=reason, seen=value, allowed=lifecycle.statuses)
        seen = Seen(None, status, frozenset(field for field in fields if snapshot.get(field) is not None))
        if not found or found[-1] != seen:
            found.append(seen)
    return Trace(tuple(found), misses=True)
