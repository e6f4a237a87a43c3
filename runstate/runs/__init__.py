"""Durable runs: ``Runs(store)``."""

from __future__ import annotations

from runstate.runs.claims import MAX_ATTEMPTS
from runstate.runs.driver import Runs
from runstate.runs.rows import Known, Rows, known_lifecycles
from runstate.runs.values import Backoff, Cancelled, Claim, How, Listener, Page, Pruned, Roles, Swept

__all__ = [
    "MAX_ATTEMPTS",
    "Backoff",
    "Cancelled",
    "Claim",
    "How",
    "Known",
    "Listener",
    "Page",
    "Pruned",
    "Roles",
    "Rows",
    "Runs",
    "Swept",
    "known_lifecycles",
]
