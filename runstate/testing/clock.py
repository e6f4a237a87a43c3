"""`FakeClock`: a clock that stands still until it is told to move, in either direction."""

from __future__ import annotations

from typing import Final

__all__ = ["FakeClock"]

_START: Final = 1_700_000_000


class FakeClock:
    """Answers microseconds since the epoch, as `runstate.runs.Runs` and the stores want them."""

    def __init__(self, seconds: float = _START) -> None:
        self.microseconds = round(seconds * 1_000_000)

    def __call__(self) -> int:
        return self.microseconds

    @property
    def seconds(self) -> float:
        """The time in seconds since the epoch."""
        return self.microseconds / 1_000_000

    def advance(self, seconds: float) -> None:
        """Move by so many seconds; a negative number steps back, as clocks do when they are set."""
        self.microseconds += round(seconds * 1_000_000)
