"""The pure step: ``apply(run, event, at=…) -> Applied(run, change)``.  No clock, no I/O, no state.

The caller brings the time.  A refused event raises, and the record that was passed in is what it was: it is frozen, and
nothing is built before everything is known to hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeGuard, TypeVar, overload

import attrs

from runstate.change import Applied, Change
from runstate.compiled import steps_of
from runstate.errors import (
    AlreadyTerminal,
    BadLifecycle,
    BadPayload,
    BadRecord,
    GuardFailed,
    IllegalTransition,
    UnknownEvent,
)
from runstate.frozen import FrozenDict, freeze
from runstate.lifecycle import FieldKind, Guard, GuardFunction, Lifecycle, Transition
from runstate.machine import rulebook
from runstate.record import Run, keep_rules

__all__ = ["Applied", "Change", "apply", "create", "due", "may"]

R = TypeVar("R")


@overload  # a default for a type variable needs Python 3.13
def create(
    *, at: float, ttl: float | None = None, event: str | None = None, strict: bool = False, **fields: Any
) -> Applied[Run]: ...


@overload
def create(
    record: type[R],
    /,
    *,
    at: float,
    ttl: float | None = None,
    event: str | None = None,
    strict: bool = False,
    **fields: Any,
) -> Applied[R]: ...


def create(
    record: type[Any] = Run,
    /,
    *,
    at: float,
    ttl: float | None = None,
    event: str | None = None,
    strict: bool = False,
    **fields: Any,
) -> Applied[Any]:
    """Bring a record into being, in the initial status of its lifecycle.

    :param record: an attrs class with a ``__lifecycle__``; `Run` unless told otherwise.
    :param at: now, in seconds since the epoch.
    :param ttl: seconds from creation to each deadline, more than 0; the lifecycle's default where None (a run: 600).
    :param event: which creation, where the lifecycle knows several.
    :param strict: refuse a creation that is only inferred.
    :param fields: all other fields of the record.  Those that the lifecycle writes cannot be given.
    :raises BadPayload: for a missing, unknown or lifecycle-written field, and for a time that is none.
    :raises UnknownEvent: where ``event`` names no creation, or is needed and missing.
    :raises BadRecord: where a field is of the wrong kind.
    """
    lifecycle = _lifecycle_of(record)
    edge = _creation(lifecycle, event, strict=strict)
    _check_times(lifecycle, edge, at, ttl)
    own = {name: item for name, item in fields.items() if name in (*edge.does.takes, *edge.does.may_take)}
    _check_creation(lifecycle, edge, record, {name: item for name, item in fields.items() if name not in own})
    _check_payload(lifecycle, edge, own)
    _check_guards(lifecycle, edge, None, own, at)
    needed = (f.name for f in attrs.fields(record) if f.init and f.default is attrs.NOTHING)
    values: dict[str, Any] = dict.fromkeys(name for name in needed if name in lifecycle.presence[edge.target])
    values.update({name: item for name, item in fields.items() if name not in own})
    values.update(_written(edge, at, own, ttl, {}))
    values[lifecycle.status_field] = edge.target
    made = record(**values)
    keep_rules(made)
    return Applied(made, _change(lifecycle, edge, at, None, own))


def apply(
    run: R, event: str, *, at: float, ttl: float | None = None, strict: bool = False, **payload: Any
) -> Applied[R]:
    """Move a record by one event.

    :param run: any frozen attrs record with a ``__lifecycle__``.
    :param event: a verb of the lifecycle, as in ``Event.START`` or ``"start"``.
    :param at: now, in seconds since the epoch.  A time before the record's latest stamp counts as that stamp, and the
        change says so: stamps never decrease.
    :param ttl: seconds to each deadline that the event sets, if it sets one.
    :param strict: refuse a transition that is only inferred.
    :param payload: what the event takes, by name: ``usage=``, ``last_error=``, ``required_action=``, ``tool_outputs=`` …
    :raises UnknownEvent: where the lifecycle has no such event.
    :raises IllegalTransition: where the table does not allow it now; `AlreadyTerminal` where the record has ended.
    :raises BadPayload: for a missing or superfluous argument, and for a time that is none.
    :raises GuardFailed: where a condition on the transition does not hold.
    :raises BadRecord: where the payload would make a record that breaks a rule.
    """
    applied = steps_of[type(run)](run, event, at, ttl, strict, payload)
    return _apply(run, event, at, ttl, payload, strict=strict) if applied is None else applied


def _apply(run: R, event: str, at: float, ttl: float | None, payload: Mapping[str, Any], *, strict: bool) -> Applied[R]:
    """The plain way: what a step is, and why one is refused."""
    lifecycle = _lifecycle_of(run)
    edge = _legal(lifecycle, _status_of(lifecycle, run), event, strict=strict)
    _check_times(lifecycle, edge, at, ttl)
    _check_payload(lifecycle, edge, payload)
    now = _clamped(lifecycle, run, at)
    _check_guards(lifecycle, edge, run, payload, now)
    values = _written(edge, now, payload, ttl, {name: getattr(run, name, None) for name in lifecycle.fields})
    values[lifecycle.status_field] = edge.target
    moved: R = attrs.evolve(run, **values)  # type: ignore[misc]  # any attrs record
    keep_rules(moved)
    return Applied(moved, _change(lifecycle, edge, now, at if now > at else None, payload))


def may(run: object, *, at: float | None = None, strict: bool = False) -> tuple[str, ...]:
    """The events that are legal now, in the table's order.  Nothing is changed, nothing is raised for an ended record.

    Conditions on fields are weighed, those on deadlines only where ``at`` is given, those on payload never.
    """
    lifecycle = _lifecycle_of(run)
    now = None if at is None else _clamped(lifecycle, run, at)
    edges = lifecycle.legal(_status_of(lifecycle, run), strict=strict)
    return tuple(edge.event for edge in edges if all(_holds(guard, run, now) is not False for guard in edge.guards))


def due(run: object, at: float, *, strict: bool = False) -> tuple[str, ...]:
    """The events that time alone now demands: their deadline is reached.  At most ``expire`` for a run."""
    lifecycle = _lifecycle_of(run)
    edges = lifecycle.legal(_status_of(lifecycle, run), strict=strict)
    timed = [edge for edge in edges if any(guard.kind == "reached" for guard in edge.guards)]
    now = _clamped(lifecycle, run, at)
    return tuple(edge.event for edge in timed if all(_holds(guard, run, now) is not False for guard in edge.guards))


def _clamped(lifecycle: Lifecycle, record: object, at: float) -> float:
    """The time that counts: never before a stamp of the record, whatever the clock says."""
    stamps = (name for name, kind in lifecycle.fields.items() if kind is FieldKind.STAMP)
    standing: list[float] = [stamp for name in stamps if (stamp := getattr(record, name, None)) is not None]
    return max([at, *standing])


def _lifecycle_of(record: object) -> Lifecycle:
    lifecycle = getattr(record, "__lifecycle__", None)
    if isinstance(lifecycle, Lifecycle):
        return lifecycle
    cls = record if isinstance(record, type) else type(record)
    raise BadRecord(
        record=cls.__name__,
        field="__lifecycle__",
        rule="RS206",
        value=lifecycle,
        reason="the class names no lifecycle",
        allowed="a runstate.Lifecycle as class attribute",
        advice="Write __lifecycle__: ClassVar[Lifecycle] = … in the class.",
    )


def _status_of(lifecycle: Lifecycle, record: object) -> str:
    status: object = getattr(record, lifecycle.status_field, None)
    if isinstance(status, str) and status in lifecycle.statuses:
        return status
    raise BadRecord(
        record=type(record).__name__,
        field=lifecycle.status_field,
        rule="RS106",
        value=status,
        reason=f"{lifecycle.name} has no such status",
        allowed=", ".join(str(s) for s in lifecycle.statuses),
    )


def _allowed(lifecycle: Lifecycle, status: str | None, *, strict: bool = False) -> tuple[str, ...]:
    return tuple(edge.event for edge in lifecycle.legal(status, strict=strict))


def _creation(lifecycle: Lifecycle, event: str | None, *, strict: bool) -> Transition:
    edges = lifecycle.legal(None)
    if event is None and len(edges) == 1:
        event = edges[0].event
    if event is None:
        raise UnknownEvent(
            lifecycle=lifecycle.name,
            event="",
            status=None,
            allowed=_allowed(lifecycle, None),
            known=_allowed(lifecycle, None),
            reason="the lifecycle knows several ways to begin",
            advice="Say which with event=….",
        )
    return _legal(lifecycle, None, event, strict=strict)


def _legal(lifecycle: Lifecycle, status: str | None, event: str, *, strict: bool) -> Transition:
    """The edge, as the machine has it; what `lifecycle` adds is what the edge does."""
    book = rulebook(lifecycle)
    edge = lifecycle.transition(status, event) if (status, event) in book.table else None
    if edge is None:
        raise _refusal(lifecycle, status, event)
    if strict and edge.inferred_only:
        raise IllegalTransition(
            lifecycle=lifecycle.name,
            event=event,
            status=status,
            allowed=_allowed(lifecycle, status, strict=True),
            reason="the transition is only inferred, and strict refuses those",
            advice="No source states or shows it; leave out strict to accept it.",
        )
    return edge


def _refusal(lifecycle: Lifecycle, status: str | None, event: str) -> UnknownEvent | IllegalTransition:
    if event in lifecycle.events:
        kind, words = _illegal(lifecycle, status, event)
        return kind(event=event, status=status, **words)
    return UnknownEvent(
        lifecycle=lifecycle.name,
        event=event,
        status=status,
        allowed=_allowed(lifecycle, status),
        known=lifecycle.events,
        reason="the lifecycle has no such event",
        advice=f"Its events are {', '.join(map(str, lifecycle.events))}.",
    )


@lru_cache(maxsize=4096)  # the words for one cell of a table are always the same, and take longer than the refusal
def _illegal(lifecycle: Lifecycle, status: str | None, event: str) -> tuple[type[IllegalTransition], dict[str, Any]]:
    reason, advice = "the run has ended", "Create a new one."
    if status not in lifecycle.terminal:
        sources = [str(e.source) for e in lifecycle.transitions if e.event == event and e.source is not None]
        reason = "the table has no such transition"
        advice = f"It is legal from {', '.join(sources) or 'nowhere: it creates'}."
    kind = AlreadyTerminal if status in lifecycle.terminal else IllegalTransition
    allowed = _allowed(lifecycle, status)
    return kind, {"lifecycle": lifecycle.name, "allowed": allowed, "reason": reason, "advice": advice}


def _check_times(lifecycle: Lifecycle, edge: Transition, at: object, ttl: object) -> None:
    def refuse(key: str, seen: object, reason: str) -> BadPayload:
        return BadPayload(
            lifecycle=lifecycle.name,
            event=edge.event,
            status=edge.source,
            allowed=_allowed(lifecycle, edge.source),
            key=key,
            seen=seen,
            takes=("at", "ttl") if edge.does.deadlines else ("at",),
            reason=reason,
        )

    if not _is_number(at) or at < 0:
        raise refuse("at", at, "a time is a finite number of seconds since the epoch, at or after it")
    if ttl is not None and not edge.does.deadlines:
        raise refuse("ttl", ttl, "the event sets no deadline")
    if ttl is not None and (not _is_number(ttl) or ttl <= 0):
        raise refuse("ttl", ttl, "a time to live is a finite number of seconds above 0")


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)  # an int is finite, however large


def _check_payload(lifecycle: Lifecycle, edge: Transition, payload: Mapping[str, Any]) -> None:
    """Every argument that the event needs, none that it does not take, and no null for one it needs."""
    takes = (*edge.does.takes, *edge.does.may_take)
    wrong = [(key, "the event does not take this argument") for key in payload if key not in takes]
    wrong += [(key, "the event needs this argument") for key in edge.does.takes if payload.get(key) is None]
    for key, reason in wrong:
        raise BadPayload(
            lifecycle=lifecycle.name,
            event=edge.event,
            status=edge.source,
            allowed=_allowed(lifecycle, edge.source),
            key=key,
            seen=payload.get(key),
            takes=takes,
            reason=reason,
        )


def _check_creation(lifecycle: Lifecycle, edge: Transition, record: type, fields: Mapping[str, Any]) -> None:
    """Every field that the record needs, none that it does not have or that the lifecycle writes."""
    written = {*edge.does.fields(), lifecycle.status_field, *lifecycle.presence[edge.target]}
    known = {field.alias: field for field in attrs.fields(record) if field.init and field.name not in written}
    wrong = [(key, "the lifecycle writes this field, not the caller") for key in fields if key in written]
    wrong += [(key, "the record has no such field") for key in fields if key not in known]
    needed = [key for key, field in known.items() if field.default is attrs.NOTHING and key not in fields]
    wrong += [(key, "the record needs this field") for key in needed]
    for key, reason in wrong:
        raise BadPayload(
            lifecycle=lifecycle.name,
            event=edge.event,
            status=None,
            allowed=_allowed(lifecycle, None),
            key=key,
            seen=fields.get(key),
            takes=(*edge.does.takes, *edge.does.may_take, *known),
            reason=reason,
        )


def _holds(guard: Guard, record: object, at: float | None) -> bool | None:
    """Whether a guard on fields holds; None where that cannot be said without payload or time."""
    if guard.kind == "named":
        return None
    value = getattr(record, guard.argument, None)
    if guard.kind == "set":
        return value is not None
    return None if at is None else value is not None and at >= value


def _check_guards(
    lifecycle: Lifecycle, edge: Transition, record: object, payload: Mapping[str, Any], at: float
) -> None:
    for guard in edge.guards:
        if guard.kind == "named":
            seen: object = _guard_function(lifecycle, guard)(record, payload, at)
        elif _holds(guard, record, at):
            seen = None
        else:
            seen = FrozenDict({"now": at, guard.argument: getattr(record, guard.argument, None)})
        if seen is None:
            continue
        raise GuardFailed(
            lifecycle=lifecycle.name,
            event=edge.event,
            status=edge.source,
            allowed=_allowed(lifecycle, edge.source),
            guard=guard.name,
            seen=seen,
            reason=f"the transition needs that {guard.name}",
        )


def _guard_function(lifecycle: Lifecycle, guard: Guard) -> GuardFunction:
    try:
        return lifecycle.guard_functions[guard.argument]
    except KeyError:
        raise BadLifecycle(
            lifecycle=lifecycle.name,
            problem="unknown_guard",
            reason="a guard has no function, so the lifecycle can judge but not drive",
            seen=guard.argument,
            allowed=tuple(lifecycle.guard_functions),
            advice="Give it in guard_functions.",
        ) from None


def _written(
    edge: Transition, at: float, payload: Mapping[str, Any], ttl: float | None, before: Mapping[str, Any]
) -> dict[str, Any]:
    """What the transition does to the fields.  Stamps are floored to whole seconds, as on the wire."""
    now = math.floor(at)
    does = edge.does
    values: dict[str, Any] = dict.fromkeys(does.clears)
    values.update(dict.fromkeys(does.stamps, now))
    values.update({field: now for field in does.stamps_once if before.get(field) is None})
    for field, default in does.deadlines.items():
        values[field] = now + math.ceil(default if ttl is None else ttl)
    for name, target in (*does.takes.items(), *does.may_take.items()):
        if target is not None and name in payload:
            values[target] = payload[name]
    return values


def _change(
    lifecycle: Lifecycle, edge: Transition, at: float, clamped_from: float | None, payload: Mapping[str, Any]
) -> Change:
    return Change(
        lifecycle=lifecycle.name,
        event=edge.event,
        source=edge.source,
        target=edge.target,
        at=at,
        clamped_from=clamped_from,
        basis=edge.basis,
        payload=freeze(payload),
    )
