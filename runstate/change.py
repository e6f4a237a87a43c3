"""What one step of a record was: `Change`, and `Applied`, which is the record after it together with the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import attrs

from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis

__all__ = ["Applied", "Change"]

R = TypeVar("R")


@attrs.frozen(kw_only=True, weakref_slot=False)
class Change:
    """One occurrence of a transition."""

    lifecycle: str
    """Name of the lifecycle."""
    event: str
    """The verb."""
    source: str | None
    """None at creation."""
    target: str
    """The status that the record has now."""
    at: float
    """Seconds since the epoch: the time that counts, never before a stamp of the record."""
    clamped_from: float | None = None
    """The time that was given, where it lay before the record's latest stamp: a clock stepped back."""
    basis: frozenset[Basis]
    """What the transition rests on."""
    payload: Mapping[str, Any] = attrs.field(factory=FrozenDict)
    """What was given with the event, read-only."""

    @property
    def inferred(self) -> bool:
        """Whether no source states or shows the transition; ``strict`` would have refused it."""
        return self.basis == {Basis.INFERRED}


class Applied(NamedTuple, Generic[R]):
    """The record after the event, and what happened."""

    run: R
    change: Change
