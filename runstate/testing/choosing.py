"""What simulated histories are chosen by, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

__all__ = ["Chooser", "Item"]

T = TypeVar("T")

Item = dict[str, Any]
"""One thing in a log: ``{"event": name, "data": object}``, or the bare object of a poll."""


class Chooser(Protocol):
    """What makes the choices.  ``random.Random`` is one; a strategy's draws through hypothesis."""

    def randint(self, a: int, b: int, /) -> int:
        """A whole number from a to b, both included."""
        ...

    def choice(self, seq: Sequence[T], /) -> T:
        """One of a sequence that is not empty."""
        ...
