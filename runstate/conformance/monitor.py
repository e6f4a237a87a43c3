"""`Monitor`: feed observations one by one, get findings as they arise, ask for the verdict at any time.

An independent reading of the table: it works on decoded mappings, never builds a record, and reports *all* broken
rules.  After a fault it goes on from what was seen, so that one fault does not hide the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, TypeGuard

import attrs

from runstate.checks import metadata_fault, stamp_fault, token_sum_fault, tool_calls_fault
from runstate.conformance.findings import CODES, Finding, Severity, selected
from runstate.conformance.spelling import snake_keys
from runstate.lifecycle import FieldKind, Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.observe import Observation, observe
from runstate.rules import broken_rules

__all__ = ["Mode", "Monitor", "Seen", "Verdict", "Watched"]

Mode = Literal["auto", "stream", "poll"]


class Verdict(StrEnum):
    """What can be said of a run from what was seen of it."""

    COMPLETE = "complete"
    """It ended, legally."""
    OPEN = "open"
    """Legal so far."""
    ILLEGAL = "illegal"
    """At least one error was found."""
    UNKNOWN = "unknown"
    """No known status was seen."""


@attrs.define
class Seen:
    """One leg of a run's path: a status, and how often it was seen in a row."""

    status: str
    since: float | None
    """The stamp of the transition that led here, seconds since the epoch; None where none is known."""
    line: int | None
    times: int = 1
    faulty: bool = False
    """The step into this status was illegal."""


@attrs.define
class Watched:
    """What the monitor knows of one run."""

    id: str
    lifecycle: Lifecycle
    file: str
    status: str | None = None
    """The last known status."""
    wire: str | None = None
    """The event that announced it."""
    constant: dict[str, object] = attrs.field(factory=dict)
    times: dict[str, int | float] = attrs.field(factory=dict)
    """Last value of each stamp and deadline that was set."""
    nulls: set[str] = attrs.field(factory=set)
    """Stamps and deadlines that were null, and said so, when last seen."""
    deadline: int | float | None = None
    """The deadline that was seen last; kept when it is cleared."""
    path: list[Seen] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)
    errors: int = 0

    @property
    def verdict(self) -> Verdict:
        """Illegal with any error; else by the last known status."""
        if self.status is None:
            return Verdict.UNKNOWN
        if self.errors:
            return Verdict.ILLEGAL
        return Verdict.COMPLETE if self.status in self.lifecycle.terminal else Verdict.OPEN

    @property
    def next(self) -> tuple[str, ...]:
        """The statuses that may legally come next."""
        return () if self.status is None else _targets(self.lifecycle, self.status)


@attrs.define(eq=False)
class Monitor:
    """Judges a log or stream while it comes in; runs may be interleaved.

    :param lifecycle: of every object; None: as the object's own ``object``, ``type`` or ``kind`` says, else
        ``openai.assistants.run``.
    :param mode: ``stream`` demands every transition, ``poll`` accepts what is reachable and repeats, ``auto`` takes
        events by name as a stream and bare objects as polls.
    :param strict: a transition that is only inferred is an error.
    :param select: codes or beginnings of codes to report; empty: all.
    :param ignore: codes or beginnings of codes not to report.
    """

    lifecycle: Lifecycle | None = None
    mode: Mode = attrs.field(default="auto", kw_only=True)
    strict: bool = attrs.field(default=False, kw_only=True)
    select: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    ignore: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    runs: dict[tuple[str, str], Watched] = attrs.field(init=False, factory=dict)
    """(lifecycle, run id) -> what is known of it, in the order of their first observation."""
    loose: list[Finding] = attrs.field(init=False, factory=list)
    """Findings that belong to no run."""
    observations: int = attrs.field(init=False, default=0)
    """How many could be read."""
    recognised: Lifecycle | None = attrs.field(init=False, default=None)
    """The lifecycle of the first run that was seen."""
    followed: bool = attrs.field(init=False, default=False)
    """Whether it was recognised by what the object says of itself."""

    def feed(self, seen: object) -> list[Finding]:
        """Judge one observation: an `Observation`, a mapping, ``{"event", "data"}``, or an object of an SDK.

        :returns: the findings that it gives rise to, in the order of their codes' weight as found.
        """
        found: list[Finding] = []
        for one in (seen,) if isinstance(seen, Observation) else observe(seen):
            found += self._take(one)
        return found

    def _take(self, seen: Observation) -> list[Finding]:
        drafts = list(self._judge(seen))
        found: list[Finding] = []
        for watched, finding in drafts:
            if not selected(finding.code, self.select, self.ignore):
                continue
            found.append(finding)
            if watched is None:
                self.loose.append(finding)
                continue
            watched.findings.append(finding)
            watched.errors += finding.severity is Severity.ERROR
        return found

    # -- one observation ------------------------------------------------------------------------------------------

    def _judge(self, seen: Observation) -> Iterator[tuple[Watched | None, Finding]]:
        if seen.fault is not None:
            yield None, _finding("RS501", seen, str(seen.fault), advice="Repair the bytes at this place.")
            return
        value = seen.value
        if not seen.complete:
            yield None, _finding("RS503", seen, "the log ends within an event, before its blank line")
        if value is None:
            self.observations += 1
            return
        lifecycle = self._lifecycle_of(seen, value)
        if lifecycle is None:
            yield from ((None, finding) for finding in self._other(seen, value))
            return
        self.observations += 1
        if self.recognised is None:
            self.recognised = lifecycle
            self.followed = self.lifecycle is None and _kind(value) in lifecycle.objects
        fields = snake_keys(value, (*lifecycle.fields, *lifecycle.constant, *lifecycle.profiles.values()))
        run_id = fields.get(lifecycle.id_field)
        if not isinstance(run_id, str) or not run_id:
            message = f"{lifecycle.id_field} is {_shown(run_id)}; allowed: a non-empty string"
            yield None, _finding("RS602", seen, message, field=lifecycle.id_field, allowed=("a non-empty string",))
            return
        key = (lifecycle.name, run_id)
        watched = self.runs.get(key)
        if watched is None:
            watched = self.runs[key] = Watched(run_id, lifecycle, seen.file)
        for finding in self._judge_run(seen, watched, fields):
            yield watched, attrs.evolve(finding, run=run_id)

    def _lifecycle_of(self, seen: Observation, value: Mapping[str, Any]) -> Lifecycle | None:
        """The lifecycle that judges the object; None where none does."""
        kind = _kind(value)
        if self.lifecycle is not None:
            mine = kind in self.lifecycle.objects or kind is None or not self.lifecycle.objects
            return self.lifecycle if mine and self.lifecycle.status_field in value else None
        for lifecycle in CATALOGUE.values():
            if kind in lifecycle.objects:
                # within a stream only the run is judged by itself; its parts are judged within it
                return lifecycle if seen.event is None or lifecycle is _default() else None
        default = _default()
        return default if kind is None and default.status_field in value else None

    def _other(self, seen: Observation, value: Mapping[str, Any]) -> Iterator[Finding]:
        """An object that no lifecycle judges: fine where its event or kind is known to go with one."""
        kind = _kind(value)
        lifecycle = self.lifecycle or _default()
        if seen.event == "error":
            self.observations += 1
            yield _finding("RS505", seen, f"the stream carries an error: {_shown(value.get('error', dict(value)))}")
        elif kind is not None and any(kind in lc.objects for lc in (lifecycle, *CATALOGUE.values())):
            self.observations += 1
            if seen.event is None:
                message = f"an object of kind {kind!r} has no {lifecycle.status_field}"
                yield _finding("RS502", seen, message, field=lifecycle.status_field, allowed=lifecycle.statuses)
        elif seen.event is not None:
            self.observations += 1
        else:
            what = f"an object with the keys {', '.join(map(repr, list(value)[:6])) or 'none'}"
            message = f"{what} is no observation of {lifecycle.name}: it has no {lifecycle.status_field}"
            yield _finding("RS502", seen, message, field=lifecycle.status_field, allowed=lifecycle.statuses)

    # -- one observation of one run -------------------------------------------------------------------------------

    def _judge_run(self, seen: Observation, run: Watched, fields: Mapping[str, Any]) -> Iterator[Finding]:
        lifecycle = run.lifecycle
        status = fields.get(lifecycle.status_field)
        yield from _identity(seen, run, fields)
        yield from _kinds(seen, lifecycle, status, fields)
        if not isinstance(status, str) or status not in lifecycle.statuses:
            message = f"status {_shown(status)} is none of {lifecycle.name}'s; allowed: {', '.join(lifecycle.statuses)}"
            yield _finding("RS106", seen, message, field=lifecycle.status_field, allowed=lifecycle.statuses)
            return
        stream = self.mode == "stream" or (self.mode == "auto" and seen.event is not None)
        faults = list(self._transition(seen, run, status, stream=stream))
        yield from faults
        yield from _announcement(seen, lifecycle, status)
        yield from _record(seen, lifecycle, status, fields)
        yield from _movement(seen, run, status, fields, stream=stream)
        illegal = any(f.severity is Severity.ERROR for f in faults)
        _remember(seen, run, status, fields, illegal=illegal)

    def _transition(self, seen: Observation, run: Watched, status: str, *, stream: bool) -> Iterator[Finding]:
        lifecycle = run.lifecycle
        before = run.status
        creates = seen.event is not None and any(
            verb.wire[:1] == (seen.event,) and lifecycle.transition(None, verb.event) for verb in lifecycle.verbs
        )
        if creates and (before is not None or status not in lifecycle.initial):
            yield _created_wrongly(seen, run, status)
            return
        if before is None:
            return
        if status == before and (not stream or _second_announcement(lifecycle, run.wire, seen.event)):
            return
        edge = next((e for e in lifecycle.legal(before) if e.target == status), None)
        if edge is not None and stream:
            if edge.inferred_only:
                yield self._inferred(seen, before, status, edge.event)
        elif status in _reach(lifecycle, before, stream=stream):
            if not stream and status not in lifecycle.reachable(before, strict=True):
                yield self._inferred(seen, before, status, None)
        else:
            yield _illegal(seen, run, before, status, stream=stream)

    def _inferred(self, seen: Observation, before: str, status: str, event: str | None) -> Finding:
        message = f"{before} → {status} is only inferred: no source states or shows it"
        finding = _finding("RS104", seen, message, status=status, event=event)
        return attrs.evolve(finding, severity=Severity.ERROR) if self.strict else finding


def _default() -> Lifecycle:
    """The lifecycle that judges what does not say what it is: the first of the catalogue."""
    return next(iter(CATALOGUE.values()))


def _kind(value: Mapping[str, Any]) -> str | None:
    """What an object says it is, by the first of the three usual keys."""
    return next((value[key] for key in ("object", "type", "kind") if isinstance(value.get(key), str)), None)


def _shown(value: object, limit: int = 80) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _finding(code: str, seen: Observation, message: str, **more: Any) -> Finding:
    """A finding of this code at this observation, with the code's severity and advice unless told otherwise."""
    known = CODES[code]
    finding = Finding(
        code=code,
        severity=known.severity,
        message=message,
        file=seen.file,
        line=seen.line,
        path=seen.path,
        wire_event=seen.event,
        advice=known.mend,
    )
    return attrs.evolve(finding, **more)


def _targets(lifecycle: Lifecycle, status: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(edge.target for edge in lifecycle.legal(status)))


@lru_cache(maxsize=4096)
def _reach(lifecycle: Lifecycle, before: str, *, stream: bool) -> frozenset[str]:
    """Statuses that may be seen next: in polls all reachable ones, in a stream those behind silent transitions."""
    if not stream:
        return lifecycle.reachable(before)
    hidden, queue = {before}, [before]
    while queue:
        for edge in lifecycle.legal(queue.pop()):
            if edge.silent and edge.target not in hidden:
                hidden.add(edge.target)
                queue.append(edge.target)
    return frozenset(edge.target for status in hidden for edge in lifecycle.legal(status))


def _second_announcement(lifecycle: Lifecycle, first: str | None, second: str | None) -> bool:
    """Whether two events announce one transition, one after the other: ``created`` and the status that follows."""
    return any((first, second) == pair for verb in lifecycle.verbs for pair in pairwise(verb.wire))


def _created_wrongly(seen: Observation, run: Watched, status: str) -> Finding:
    initial = tuple(sorted(run.lifecycle.initial))
    if run.status is not None:
        message = f"{seen.event} comes after the run was seen as {run.status}; it can only come first"
        return _finding("RS108", seen, message, status=status, allowed=run.next)
    message = f"{seen.event} carries status {status}; allowed: {', '.join(initial)}"
    return _finding("RS108", seen, message, status=status, allowed=initial)


def _illegal(seen: Observation, run: Watched, before: str, status: str, *, stream: bool) -> Finding:
    lifecycle = run.lifecycle
    allowed = _targets(lifecycle, before)
    quirk = next((q for q in lifecycle.quirks if q.transition == (before, status)), None)
    if quirk is not None:
        message = f"{before} → {status}: {quirk.why}"
        return _finding("RS107", seen, message, status=status, allowed=allowed)
    event = next((edge.event for edge in lifecycle.transitions if edge.target == status), None)
    words = ", ".join(f"{edge.target} ({edge.event})" for edge in lifecycle.legal(before)) or "nothing"
    if before in lifecycle.terminal:
        message = f"{before} → {status}: the run had ended; allowed after {before}: {words}"
        return _finding("RS102", seen, message, status=status, event=event, allowed=allowed)
    if status == before:
        message = f"{status} is announced again; allowed after {before}: {words}"
        return _finding("RS105", seen, message, status=status, event=event, allowed=allowed)
    path = lifecycle.path(before, status)
    between = [edge.target for edge in path or ()][:-1]
    advice = f"Insert {', '.join(between)} before it, or drop it." if between else "Drop the observation."
    code, how = ("RS101", "no such transition") if stream else ("RS103", "not reachable")
    message = f"{before} → {status}: {how}; allowed after {before}: {words}"
    return _finding(code, seen, message, status=status, event=event, allowed=allowed, advice=advice)


def _announcement(seen: Observation, lifecycle: Lifecycle, status: str) -> Iterator[Finding]:
    """Whether the name of the event fits the status in its data; the status counts in any case."""
    if seen.event is None:
        return
    events = lifecycle.announced(seen.event)
    targets = tuple(dict.fromkeys(str(lifecycle.target(event)) for event in events))
    if not events:
        known = tuple(name for verb in lifecycle.verbs for name in verb.wire)
        yield _finding("RS504", seen, f"{seen.event!r} is no event of {lifecycle.name}", status=status, allowed=known)
    elif status not in targets:
        quirk = next((q for q in lifecycle.quirks if q.announcement == (seen.event, status)), None)
        message = f"{seen.event} carries status {status}; allowed: {', '.join(targets)}"
        if quirk is not None:
            yield _finding("RS110", seen, f"{message} (known: {quirk.why})", status=status, allowed=targets)
        else:
            yield _finding("RS109", seen, message, status=status, event=events[0], allowed=targets)


def _record(seen: Observation, lifecycle: Lifecycle, status: str, fields: Mapping[str, Any]) -> Iterator[Finding]:
    for broken in broken_rules(lifecycle, status, fields):
        code, message = broken.code, f"{broken.says}; seen: {_shown(broken.value)}; allowed: {broken.allowed}"
        advice = f"Set {broken.field} to {broken.allowed}."
        if broken.quirk is not None:
            code, message, advice = "RS205", f"{message} (known: {broken.quirk.why})", CODES["RS205"].mend
        yield _finding(code, seen, message, status=status, field=broken.field, allowed=(broken.allowed,), advice=advice)


def _kinds(seen: Observation, lifecycle: Lifecycle, status: object, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """Values of the wrong kind, whatever the status."""
    word = status if isinstance(status, str) else None
    for name, kind in lifecycle.fields.items():
        value = fields.get(name)
        fault = stamp_fault(value) if value is not None and kind is not FieldKind.VALUE else None
        if fault is not None:
            message = f"{name} is {_shown(value)}: {fault}"
            allowed = ("seconds since the epoch", "null")
            yield _finding("RS206", seen, message, status=word, field=name, allowed=allowed)
    for code, name, check in _VALUE_CHECKS:
        value = fields.get(name)
        fault = check(value) if value is not None else None
        if fault is not None:
            yield _finding(code, seen, f"{name}: {fault}", status=word, field=name)


_VALUE_CHECKS = (
    ("RS207", "usage", token_sum_fault),
    ("RS208", "required_action", tool_calls_fault),
    ("RS209", "metadata", metadata_fault),
)


def _identity(seen: Observation, run: Watched, fields: Mapping[str, Any]) -> Iterator[Finding]:
    for name in run.lifecycle.constant:
        if name not in fields:
            continue
        first = run.constant.setdefault(name, fields[name])
        if fields[name] != first:
            message = f"{name} is {_shown(fields[name])}; it was {_shown(first)}, and no event changes it"
            yield _finding("RS601", seen, message, field=name, allowed=(str(first),), advice=f"Keep {_shown(first)}.")


@lru_cache(maxsize=4096)
def _written_between(lifecycle: Lifecycle, before: str, status: str, *, stream: bool) -> frozenset[str]:
    """Fields that a transition between the two observations may write: the next one, or any on some path in polls."""
    if stream:
        edges = [edge for edge in lifecycle.legal(before) if edge.target == status or edge.silent]
    else:
        here = lifecycle.reachable(before) | {before}
        edges = [
            edge
            for source in here
            for edge in lifecycle.legal(source)
            if edge.target == status or status in lifecycle.reachable(edge.target)
        ]
    return frozenset(field for edge in edges for field in edge.does.fields())


def _movement(
    seen: Observation, run: Watched, status: str, fields: Mapping[str, Any], *, stream: bool
) -> Iterator[Finding]:
    """Stamps and deadlines against those seen before; a key that is absent says nothing."""
    if run.status is None:
        return
    lifecycle = run.lifecycle
    written = _written_between(lifecycle, run.status, status, stream=stream)
    for name, kind in lifecycle.fields.items():
        if kind is FieldKind.VALUE or name not in fields or name in lifecycle.constant:
            continue
        old, new = run.times.get(name), fields[name]
        if new is None:
            if old is not None and name not in written and _free(lifecycle, status, name):
                message = f"{name} was {old} and is null; nothing between {run.status} and {status} clears it"
                yield _finding("RS304", seen, message, status=status, field=name, allowed=(str(old),))
            continue
        if not _number(new):
            continue
        if old is not None and new < old and kind is FieldKind.STAMP:
            message = f"{name} went from {old} back to {new}; a stamp never decreases"
            yield _finding("RS302", seen, message, status=status, field=name, allowed=(f">= {old}",))
        elif name not in written and (new != old if old is not None else name in run.nulls):
            if not _free(lifecycle, status, name) and old is None:
                continue  # RS202 or RS203 has said that it must be null
            message = f"{name} went from {_shown(old)} to {new}; nothing between {run.status} and {status} writes it"
            yield _finding("RS303", seen, message, status=status, field=name, allowed=(_shown(old),))
    yield from _deadline(seen, run, status, fields)


def _deadline(seen: Observation, run: Watched, status: str, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """A stamp beyond the deadline that was seen before: legal, and mostly a wrong clock or unit."""
    if run.deadline is None:
        return
    for name, kind in run.lifecycle.fields.items():
        value = fields.get(name)
        if kind is FieldKind.STAMP and _number(value) and value > run.deadline and run.times.get(name) != value:
            message = f"{name} is {value}, {value - run.deadline} s after the deadline {run.deadline}"
            yield _finding("RS305", seen, message, status=status, field=name, allowed=(f"<= {run.deadline}",))


def _free(lifecycle: Lifecycle, status: str, field: str) -> bool:
    """Whether the presence rules leave the field alone in this status, so that nothing else reports it."""
    return lifecycle.presence[status].get(field, "free") == "free"


def _number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _remember(seen: Observation, run: Watched, status: str, fields: Mapping[str, Any], *, illegal: bool) -> None:
    for name, kind in run.lifecycle.fields.items():
        if kind is FieldKind.VALUE or name not in fields:
            continue
        value = fields[name]
        if _number(value):
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
    run.status, run.wire = status, seen.event


def _since(run: Watched, status: str) -> float | None:
    """The stamp of a transition into the status, where it has one that is set."""
    before = run.status
    edges = [edge for edge in run.lifecycle.transitions if edge.target == status]
    exact = [edge for edge in edges if edge.source == before]
    return next((run.times[name] for edge in exact or edges for name in edge.does.stamps if name in run.times), None)


def feed_all(monitor: Monitor, seen: Iterable[object]) -> Monitor:
    """Feed everything; the monitor itself is the answer."""
    for one in seen:
        monitor.feed(one)
    return monitor
