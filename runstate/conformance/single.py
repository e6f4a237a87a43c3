"""One observation of one object, judged by its lifecycle alone: all broken rules, whatever else is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runstate.conformance.fields import identity, kinds, movement, presence, remember
from runstate.conformance.findings import Finding, Severity
from runstate.conformance.transitions import announcement, creates, transition
from runstate.conformance.watch import Assume, Watched, finding_at, shown
from runstate.observations import Observation

__all__ = ["judge_single"]

_BY_NO_PATH = ("RS303", "RS304")
"""Changes that no path explains: said of a step that no path explains either, they would only say it again."""


def judge_single(
    seen: Observation,
    run: Watched,
    fields: Mapping[str, Any],
    *,
    stream: bool,
    strict: bool,
    assume: Assume,
    whole: bool = True,
) -> Iterator[Finding]:
    """Every finding on the observation; afterwards ``run`` has gone on to it.

    :param fields: the object, schema keys in snake_case.
    :param stream: whether every transition must be seen.
    :param whole: whether the object is a snapshot; else only its status is judged, which its event told.
    """
    lifecycle = run.lifecycle
    status = fields.get(lifecycle.status_field)
    yield from identity(seen, run, fields)
    yield from kinds(seen, lifecycle, status, fields)
    if not isinstance(status, str) or status not in lifecycle.statuses:
        message = f"status {shown(status)} is none of {lifecycle.name}'s; allowed: {', '.join(lifecycle.statuses)}"
        yield finding_at("RS106", seen, message, field=lifecycle.status_field, allowed=lifecycle.statuses)
        return
    if run.status is None:
        run.whole = creates(lifecycle, seen.event)
    profile = lifecycle.profile(fields)
    faults = list(transition(seen, run, status, profile=profile, stream=stream, strict=strict, lost=assume.lost))
    yield from faults
    if not any(fault.code == "RS108" for fault in faults):  # which says the same of the event that creates
        yield from announcement(seen, lifecycle, status, profile)
    illegal = any(fault.severity is Severity.ERROR for fault in faults)
    if whole:
        yield from presence(seen, lifecycle, status, fields, assume.skew)
        for finding in movement(seen, run, status, fields, stream=stream and not assume.lost, skew=assume.skew):
            if not (illegal and finding.code in _BY_NO_PATH):
                yield finding
    remember(seen, run, status, fields, stream=stream, illegal=illegal)
