"""`draft_mapping`: a first guess at a mapping, from what both tables say; somebody who knows both systems has to look."""

from __future__ import annotations

import re

from runstate.lifecycle import Basis, Lifecycle
from runstate.lifecycles.outcomes import COARSER, outcome_of
from runstate.modelling.mapping import As, LifecycleMapping

__all__ = ["draft_mapping"]


def draft_mapping(source: Lifecycle, target: Lifecycle) -> LifecycleMapping:
    """Read every status as the one of the same name, outcome or place; all of it is inferred.

    The draft exists, and may be wrong: see `runstate.modelling.mapping_check.check_mapping`.
    """
    statuses = {status: _guess(source, target, status) for status in source.statuses}
    reopens = not any(edge.reopens for edge in source.transitions)
    return LifecycleMapping(source=source, target=target, statuses=statuses, reopens=reopens, doc="A draft.")


def _folded(name: str) -> str:
    """A name without what spelling may vary, and without a prefix that all statuses of a lifecycle share."""
    plain = re.sub(r"[^a-z]", "", name.lower().rpartition("state_")[2])
    return re.sub(r"ll(?=ed|ing)", "l", plain)


def _guess(source: Lifecycle, target: Lifecycle, status: str) -> As:
    ends = status in source.terminal
    alike = [other for other in target.statuses if (other in target.terminal) == ends]
    if ends:
        return _end(source, target, status, alike)
    for other in alike:
        if _folded(other) == _folded(status):
            return As(other, Basis.INFERRED, why="it has the same name")
    if status in source.stops:
        places, why = [s for s in alike if s in target.stops], "somebody else must act in both"
    elif status in source.initial:
        places, why = [s for s in alike if s in target.initial], "both begin there"
    else:
        places, why = [s for s in alike if s not in target.stops and s not in target.initial], "both are under way"
        places = places or [s for s in alike if s in target.initial]
    if not places:
        return As(None, Basis.INFERRED, why="nothing there is like it")
    return As(places[0], Basis.INFERRED, why=why)


def _end(source: Lifecycle, target: Lifecycle, status: str, ends: list[str]) -> As:
    """The end that means the same, else one that says less; by name among several, and where no meaning is known."""
    meant = outcome_of(source.name, status)
    said = {other: outcome_of(target.name, other) for other in ends}
    ends = sorted(ends, key=lambda other: _folded(other) != _folded(status))
    for other in ends:
        if meant is not None and said[other] is meant:
            return As(other, Basis.INFERRED, why=f"both mean {meant.value}")
    for other in ends:
        means = said[other]
        if meant is not None and means is not None and means in COARSER[meant]:
            return As(other, Basis.INFERRED, why=f"it means {meant.value}, which is {means.value} there")
    for other in ends:
        if (meant is None or said[other] is None) and _folded(other) == _folded(status):
            return As(other, Basis.INFERRED, why="it has the same name")
    return As(None, Basis.INFERRED, why="no end there is like it")
