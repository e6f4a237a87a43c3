"""Durable runs: ``Runs(store)``."""

from __future__ import annotations

from runstate.runs.claims import MAX_ATTEMPTS
from runstate.runs.driver import Runs
from runstate.runs.values import Backoff, Cancelled, Claim, How, Listener, Page, Pruned, Roles, Swept

__all__ = [
    "MAX_ATTEMPTS",
    "Backoff",
    "Cancelled",
    "Claim",
    "How",
    "Listener",
    "Page",
    "Pruned",
    "Roles",
    "Runs",
    "Swept",
]
