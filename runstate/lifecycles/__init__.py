"""The catalogue: one literal a file.  `CATALOGUE` finds them by name."""

from __future__ import annotations

from collections.abc import Mapping

from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP

__all__ = ["ASSISTANTS_MESSAGE", "ASSISTANTS_RUN", "ASSISTANTS_RUN_STEP", "CATALOGUE"]

CATALOGUE: Mapping[str, Lifecycle] = FrozenDict(
    {lifecycle.name: lifecycle for lifecycle in (ASSISTANTS_RUN, ASSISTANTS_RUN_STEP, ASSISTANTS_MESSAGE)}
)
"""Lifecycle by name, the assistant's run first."""
