"""RS1xx: from the status seen before to the one seen now, and whether the event's name says the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import attrs

from runstate.conformance.findings import Finding, Severity
from runstate.conformance.watch import Watched, finding_at, targets
from runstate.lifecycle import Lifecycle
from runstate.observations import Observation

__all__ = ["announcement", "creates", "hidden_from", "transition"]


def transition(
    seen: Observation, run: Watched, status: str, *, profile: str | None, stream: bool, strict: bool, lost: bool
) -> Iterator[Finding]:
    """The findings on this one step; the path goes on from ``status`` whatever they are."""
    lifecycle = run.lifecycle
    before = run.status
    if creates(lifecycle, seen.event) and (before is not None or status not in lifecycle.initial):
        yield _created_wrongly(seen, run, status)
        return
    if before is None:
        return
    if status == before and (not stream or not run.streamed or second_announcement(lifecycle, run.wire, seen.event)):
        return  # a stream may announce what a poll has seen before
    edges = [edge for edge in lifecycle.legal(before) if edge.target == status]
    if edges and stream:
        if all(edge.inferred_only for edge in edges):
            yield _inferred(seen, before, status, edges[0].event, strict=strict)
    elif status in _reach(lifecycle, before, stream=stream and not lost):
        if status not in _reach(lifecycle, before, stream=stream and not lost, strict=True):
            yield _inferred(seen, before, status, None, strict=strict)
    else:
        yield _illegal(seen, run, before, status, profile=profile, stream=stream)


def _inferred(seen: Observation, before: str, status: str, event: str | None, *, strict: bool) -> Finding:
    message = f"{before} → {status} is only inferred: no source states or shows it"
    finding = finding_at("RS104", seen, message, status=status, event=event)
    return attrs.evolve(finding, severity=Severity.ERROR) if strict else finding


@lru_cache(maxsize=1024)
def creates(lifecycle: Lifecycle, wire: str | None) -> bool:
    """Whether the event announces creation, and nothing else."""
    edges = [edge for edge in lifecycle.transitions if wire is not None and wire in edge.wire]
    return bool(edges) and all(edge.source is None and edge.wire[0] == wire for edge in edges)


@lru_cache(maxsize=4096)
def _reach(lifecycle: Lifecycle, before: str, *, stream: bool, strict: bool = False) -> frozenset[str]:
    """Statuses that may be seen next: in polls all reachable ones, in a stream those behind silent transitions."""
    if not stream:
        return lifecycle.reachable(before, strict=strict)
    hidden = hidden_from(lifecycle, before, strict=strict)
    return frozenset(edge.target for status in hidden for edge in lifecycle.legal(status, strict=strict))


def hidden_from(lifecycle: Lifecycle, before: str, *, strict: bool = False) -> set[str]:
    """The status and those that a stream may have gone through since without a word."""
    hidden, queue = {before}, [before]
    while queue:
        for edge in lifecycle.legal(queue.pop(), strict=strict):
            if edge.silent and edge.target not in hidden:
                hidden.add(edge.target)
                queue.append(edge.target)
    return hidden


@lru_cache(maxsize=1024)
def second_announcement(lifecycle: Lifecycle, first: str | None, second: str | None) -> bool:
    """Whether two events announce one transition, one after the other: ``created`` and the status that follows."""
    return any((first, second) == pair for verb in lifecycle.verbs for pair in pairwise(verb.wire))


def _created_wrongly(seen: Observation, run: Watched, status: str) -> Finding:
    initial = tuple(sorted(run.lifecycle.initial))
    if run.status is not None:
        message = f"{seen.event} comes after it was seen as {run.status}; it can only come first"
        return finding_at("RS108", seen, message, status=status, allowed=run.next)
    message = f"{seen.event} carries status {status}; allowed: {', '.join(initial)}"
    return finding_at("RS108", seen, message, status=status, allowed=initial)


def _illegal(
    seen: Observation, run: Watched, before: str, status: str, *, profile: str | None, stream: bool
) -> Finding:
    lifecycle = run.lifecycle
    allowed = targets(lifecycle, before)
    quirk = next((q for q in lifecycle.quirks if q.transition == (before, status)), None)
    if quirk is not None and quirk.profile in (None, profile):
        return finding_at("RS107", seen, f"{before} → {status}: {quirk.why}", status=status, allowed=allowed)
    event = next((edge.event for edge in lifecycle.transitions if edge.target == status), None)
    words = ", ".join(f"{edge.target} ({edge.event})" for edge in lifecycle.legal(before)) or "nothing"
    if status == before:
        message = f"{status} is announced again; allowed after {before}: {words}"
        return finding_at("RS105", seen, message, status=status, event=event, allowed=allowed)
    if before in lifecycle.terminal:
        message = f"{before} → {status}: it had ended; allowed after {before}: {words}"
        return finding_at("RS102", seen, message, status=status, event=event, allowed=allowed)
    path = lifecycle.path(before, status)
    between = [edge.target for edge in path or ()][:-1]
    advice = f"Insert {', '.join(between)} before it, or drop it." if between else "Drop the observation."
    code, how = ("RS101", "no such transition") if stream else ("RS103", "not reachable")
    message = f"{before} → {status}: {how}; allowed after {before}: {words}"
    return finding_at(code, seen, message, status=status, event=event, allowed=allowed, advice=advice)


def announcement(seen: Observation, lifecycle: Lifecycle, status: str, profile: str | None) -> Iterator[Finding]:
    """Whether the name of the event fits the status in its data; the status counts in any case."""
    if seen.event is None:
        return
    events = lifecycle.announced(seen.event)
    meant = tuple(dict.fromkeys(str(lifecycle.target(event)) for event in events))
    if not events:
        known = tuple(name for verb in lifecycle.verbs for name in verb.wire)
        yield finding_at("RS504", seen, f"{seen.event!r} is no event of {lifecycle.name}", status=status, allowed=known)
    elif status not in meant:
        quirk = next((q for q in lifecycle.quirks if q.announcement == (seen.event, status)), None)
        message = f"{seen.event} carries status {status}; allowed: {', '.join(meant)}"
        if quirk is not None and quirk.profile in (None, profile):
            yield finding_at("RS110", seen, f"{message} (known: {quirk.why})", status=status, allowed=meant)
        else:
            yield finding_at("RS109", seen, message, status=status, event=events[0], allowed=meant)
