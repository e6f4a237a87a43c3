"""The catalogue: one literal a file, and data.  `CATALOGUE` finds them by name and reads each when it is asked for."""

from __future__ import annotations

from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP
from runstate.lifecycles.catalogue import CATALOGUE, Catalogue

__all__ = ["ASSISTANTS_MESSAGE", "ASSISTANTS_RUN", "ASSISTANTS_RUN_STEP", "CATALOGUE", "Catalogue"]
