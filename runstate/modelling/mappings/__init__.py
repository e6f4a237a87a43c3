"""`MAPPINGS`: every mapping that ships, by the names of both lifecycles."""

from __future__ import annotations

from collections.abc import Mapping

from runstate.frozen import FrozenDict
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mappings.from_assistants import FROM_ASSISTANTS
from runstate.modelling.mappings.others import OTHERS
from runstate.modelling.mappings.to_assistants import TO_ASSISTANTS

__all__ = ["MAPPINGS"]

MAPPINGS: Mapping[tuple[str, str], LifecycleMapping] = FrozenDict(
    {(one.source.name, one.target.name): one for one in (*FROM_ASSISTANTS, *TO_ASSISTANTS, *OTHERS)}
)
"""(source, target) -> the mapping."""
