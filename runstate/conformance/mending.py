"""What would make an illegal run or log legal: least repairs of its path, and the one rule without which it passes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runstate.conformance.findings import Finding, Severity
from runstate.conformance.repair import Edit, EditKind, Repair, counterfactual, least_repairs
from runstate.conformance.watch import Watched

__all__ = ["LIMIT", "edit_words", "passes_without", "repairs_of"]

LIMIT: Final = 3
"""Repairs that a report lists at most."""

_PATH_CODES = ("RS101", "RS102", "RS103", "RS105", "RS108")
"""Faults of the sequence of statuses; the others are mended where they are."""


def repairs_of(run: Watched, limit: int = LIMIT) -> tuple[tuple[Repair, ...], bool]:
    """The least repairs of a run's path, where that is at fault, and whether there are more of the same cost."""
    if not any(finding.severity is Severity.ERROR and finding.code in _PATH_CODES for finding in run.findings):
        return (), False
    history = [seen.status for seen in run.path]
    repairs, more = least_repairs(
        run.lifecycle, history, limit=limit, sampled=not run.streamed, fresh=run.whole, quirks=True
    )
    return tuple(repair for repair in repairs if repair.cost), more


def edit_words(run: Watched, edit: Edit) -> str:
    """An edit as words, with lines in place of indices."""
    at = run.path[edit.index] if edit.index < len(run.path) else None
    event = f" ({edit.event})" if edit.event else ""
    where = f" of line {at.line}" if at is not None and at.line is not None else ""
    if edit.kind is EditKind.DELETE:
        return f"drop {edit.seen}{where}"
    if edit.kind is EditKind.SUBSTITUTE:
        return f"put {edit.status}{event} in place of {edit.seen}{where}"
    return f"insert {edit.status}{event} {'at the end' if at is None else f'before {at.status}{where}'}"


def passes_without(findings: Iterable[Finding]) -> str | None:
    """The code of the one rule without which the log has no error; None where there is none or no error."""
    return next(iter(counterfactual(findings)), None)
