"""What simulated histories are chosen by, and what they are made of."""

from __future__ import annotations

from runstate.modelling.objects import Chooser, Item

__all__ = ["Chooser", "Item"]
