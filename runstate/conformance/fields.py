"""RS2xx, RS3xx, RS6xx: the fields of one observation, and how they moved since the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeGuard

from runstate.checks import metadata_fault, stamp_fault, token_sum_fault, tool_calls_fault
from runstate.conformance.findings import CODES, Finding
from runstate.conformance.spelling import snake_tree
from runstate.conformance.transitions import hidden_from
from runstate.conformance.watch import Seen, Watched, finding_at, shown
from runstate.lifecycle import FieldKind, Lifecycle, Presence
from runstate.observations import Observation
from runstate.rules import broken_rules

__all__ = ["VALUE_FIELDS", "identity", "kinds", "movement", "presence", "remember"]

_VALUE_CHECKS = (
    ("RS207", "usage", token_sum_fault, ("prompt_tokens", "completion_tokens", "total_tokens")),
    ("RS208", "required_action", tool_calls_fault, ("submit_tool_outputs", "tool_calls")),
    ("RS209", "metadata", metadata_fault, ()),
)
"""Code, field, check, and the schema keys inside the field that it asks for."""
VALUE_FIELDS = frozenset(name for _, name, _, _ in _VALUE_CHECKS)
"""Fields whose values are looked at in every lifecycle."""


def identity(seen: Observation, run: Watched, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """What no event changes; a key that is absent says nothing."""
    for name in run.lifecycle.constant:
        if name not in fields:
            continue
        first = run.constant.setdefault(name, fields[name])
        if fields[name] != first:
            message = f"{name} is {shown(fields[name])}; it was {shown(first)}, and no event changes it"
            yield finding_at("RS601", seen, message, field=name, allowed=(str(first),), advice=f"Keep {shown(first)}.")


def kinds(seen: Observation, lifecycle: Lifecycle, status: object, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """Values of the wrong kind, whatever the status."""
    word = status if isinstance(status, str) else None
    for name, kind in lifecycle.fields.items():
        value = fields.get(name)
        fault = stamp_fault(value) if value is not None and kind is not FieldKind.VALUE else None
        if fault is not None:
            message = f"{name} is {shown(value)}: {fault}"
            allowed = ("seconds since the epoch", "null")
            yield finding_at("RS206", seen, message, status=word, field=name, allowed=allowed)
    for code, name, check, keys in _VALUE_CHECKS:
        value = snake_tree(fields.get(name), keys)
        fault = check(value) if value is not None else None
        if fault is not None:
            yield finding_at(code, seen, f"{name}: {fault}", status=word, field=name)


def presence(
    seen: Observation, lifecycle: Lifecycle, status: str, fields: Mapping[str, Any], skew: float
) -> Iterator[Finding]:
    """The record rules: what is set, null and ordered in this status."""
    for broken in broken_rules(lifecycle, status, fields):
        if 0 < broken.by <= skew:
            continue
        code, message = broken.code, f"{broken.says}; seen: {shown(broken.value)}; allowed: {broken.allowed}"
        advice = CODES[code].mend if broken.by else f"Set {broken.field} to {broken.allowed}."
        if broken.quirk is not None:
            code, message, advice = "RS205", f"{message} (known: {broken.quirk.why})", CODES["RS205"].mend
        yield finding_at(
            code, seen, message, status=status, field=broken.field, allowed=(broken.allowed,), advice=advice
        )


def movement(
    seen: Observation, run: Watched, status: str, fields: Mapping[str, Any], *, stream: bool, skew: float
) -> Iterator[Finding]:
    """Stamps and deadlines against those seen before; a key that is absent says nothing."""
    if run.status is None:
        return
    lifecycle = run.lifecycle
    written = _written_between(lifecycle, run.status, status, stream=stream)
    cleared = _written_between(lifecycle, run.status, status, stream=stream, clears=True)
    for name, kind in lifecycle.fields.items():
        if kind is FieldKind.VALUE or name not in fields or name in lifecycle.constant:
            continue
        old, new = run.times.get(name), fields[name]
        free = lifecycle.presence[status].get(name, Presence.FREE) is Presence.FREE
        if new is None:
            if old is not None and name not in cleared and free and name in lifecycle.presence[status]:
                message = f"{name} was {old} and is null; nothing between {run.status} and {status} clears it"
                yield finding_at("RS304", seen, message, status=status, field=name, allowed=(str(old),))
        elif not is_number(new):
            continue
        elif old is not None and new < old - skew and kind is FieldKind.STAMP:
            message = f"{name} went from {old} back to {new}; a stamp never decreases"
            yield finding_at("RS302", seen, message, status=status, field=name, allowed=(f">= {old}",))
        elif name not in written and _changed(run, name, old, new, skew) and (free or old is not None):
            message = f"{name} went from {shown(old)} to {new}; nothing between {run.status} and {status} writes it"
            yield finding_at("RS303", seen, message, status=status, field=name, allowed=(shown(old),))
    yield from _deadline(seen, run, status, fields, skew)


def _changed(run: Watched, name: str, old: float | None, new: float, skew: float) -> bool:
    """Whether the value differs from the one seen before; a field that was absent before may be anything."""
    return abs(new - old) > skew if old is not None else name in run.nulls


@lru_cache(maxsize=4096)
def _written_between(
    lifecycle: Lifecycle, before: str, status: str, *, stream: bool, clears: bool = False
) -> frozenset[str]:
    """Fields that a transition between the two observations may write: the next one, or any on some path in polls.

    :param clears: only those that it sets to null.
    """
    if stream:
        hidden = hidden_from(lifecycle, before)
        edges = [e for source in hidden for e in lifecycle.legal(source) if e.target == status or e.silent]
    else:
        edges = [
            edge
            for source in (before, *lifecycle.reachable(before))
            for edge in lifecycle.legal(source)
            if edge.target == status or status in lifecycle.reachable(edge.target)
        ]
    return frozenset(field for edge in edges for field in (edge.does.clears if clears else edge.does.fields()))


def _deadline(
    seen: Observation, run: Watched, status: str, fields: Mapping[str, Any], skew: float
) -> Iterator[Finding]:
    """A stamp beyond the deadline that was seen before: legal, and mostly a wrong clock or unit."""
    if run.deadline is None:
        return
    late = _stamped_late(run.lifecycle, status)
    for name, kind in run.lifecycle.fields.items():
        value = fields.get(name)
        if (
            kind is FieldKind.STAMP
            and name not in late
            and is_number(value)
            and value > run.deadline + skew
            and run.times.get(name) != value
        ):
            message = f"{name} is {value}, {value - run.deadline} s after the deadline {run.deadline}"
            yield finding_at("RS305", seen, message, status=status, field=name, allowed=(f"<= {run.deadline}",))


@lru_cache(maxsize=1024)
def _stamped_late(lifecycle: Lifecycle, status: str) -> frozenset[str]:
    """Stamps of transitions into the status that wait for a deadline: they can only lie beyond it."""
    edges = [e for e in lifecycle.transitions if e.target == status and any(g.kind == "reached" for g in e.guards)]
    return frozenset(name for edge in edges for name in (*edge.does.stamps, *edge.does.stamps_once))


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def remember(
    seen: Observation, run: Watched, status: str, fields: Mapping[str, Any], *, stream: bool, illegal: bool
) -> None:
    """Go on from what was seen."""
    for name, kind in run.lifecycle.fields.items():
        if kind is FieldKind.VALUE or name not in fields:
            continue
        value = fields[name]
        if is_number(value):
            run.times[name] = value
            run.nulls.discard(name)
            if kind is FieldKind.DEADLINE:
                run.deadline = value
        elif value is None:
            run.times.pop(name, None)
            run.nulls.add(name)
    if run.path and run.path[-1].status == status and not illegal:
        run.path[-1].times += 1
    else:
        run.path.append(Seen(status, _since(run, status), seen.line, faulty=illegal))
    run.status, run.wire, run.streamed = status, seen.event, stream


def _since(run: Watched, status: str) -> float | None:
    """The stamp of a transition into the status, where it has one that is set."""
    return next(
        (run.times[name] for name in _stamps_into(run.lifecycle, run.status, status) if name in run.times), None
    )


@lru_cache(maxsize=4096)
def _stamps_into(lifecycle: Lifecycle, before: str | None, status: str) -> tuple[str, ...]:
    """What a transition between the two statuses stamps; where there is none, any transition into the second one."""
    edges = [edge for edge in lifecycle.transitions if edge.target == status]
    exact = [edge for edge in edges if edge.source == before]
    return tuple(name for edge in exact or edges for name in edge.does.stamps)
