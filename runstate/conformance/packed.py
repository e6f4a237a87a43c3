"""What the judge keeps of a run of which only statuses were seen, in one whole number instead of an object.

A leg of the path takes `LEG` bits: from the lowest on the number of a `Kept`, the line where it began (0 where there are
none), and how often its status was seen.  The last leg is the lowest.  A run in five statuses takes 80 bytes so, where
its `Watched` takes 1.3 KB; and what comes next of it is a look-up by the lowest bits.
"""

from __future__ import annotations

from typing import NamedTuple

from runstate.conformance.watch import Seen, Watched
from runstate.lifecycle import Lifecycle

__all__ = ["LEG", "MASK", "MOST_LINES", "ONCE", "PLACE", "ROOM", "Kept", "Packing"]

PLACE = 16
"""Bits before the line: those of the number of a `Kept`."""
MASK = (1 << PLACE) - 1
_LINE = 38
_TIMES = PLACE + _LINE
LEG = _TIMES + 36
"""Bits of a leg: three digits of a Python integer."""
ONCE = 1 << _TIMES
MOST_LINES = 1 << (_LINE - 1)
"""Line numbers from here on do not fit safely."""
ROOM = 1 << (LEG * 32)
"""A longer path is no longer packed: it is written anew with each leg, which would take time quadratic in its length."""
_LINES = (1 << _LINE) - 1
_LEGS = (1 << LEG) - 1


class Kept(NamedTuple):
    """What all runs in the same situation have in common."""

    file: str
    """Where the run was first seen."""
    status: str | None
    """The last known status; None before the first one."""
    streamed: bool = False
    held: bool = False
    """Whether the stream that somebody holds open has spoken of it since it began."""


class Packing:
    """Packs and unpacks runs of one lifecycle."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.kept: list[Kept] = []
        self._numbers: dict[Kept, int] = {}
        # of the fields that no event changes, a status alone comes with the id
        self._named = lifecycle.id_field in lifecycle.constant

    def number(self, kept: Kept) -> int | None:
        """The number of a situation; None where there are too many."""
        number = self._numbers.get(kept)
        if number is None and len(self.kept) < MASK:
            number = self._numbers[kept] = len(self.kept)
            self.kept.append(kept)
        return number

    def watched(self, run_id: str, state: int) -> Watched:
        """The run as the judge knows it."""
        kept = self.kept[state & MASK]
        path: list[Seen] = []
        while kept.status is not None and state:
            leg = state & _LEGS
            status = self.kept[leg & MASK].status
            assert status is not None  # noqa: S101 - only what was never seen has none
            path.append(Seen(status, None, (leg >> PLACE & _LINES) or None, times=leg >> _TIMES))
            state >>= LEG
        return Watched(
            run_id,
            self.lifecycle,
            kept.file,
            status=kept.status,
            streamed=kept.streamed,
            constant={self.lifecycle.id_field: run_id} if self._named and path else {},
            path=path[::-1],
        )

    def let_go(self, state: int) -> int | None:
        """The same run when the stream has ended, which then begins anew."""
        number = self.number(self.kept[state & MASK]._replace(held=False))
        return None if number is None else state - (state & MASK) + number
