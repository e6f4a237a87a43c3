"""`AguiJudge`: judges a stream of AG-UI events one by one, as the reference verifier does, and goes on after a fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import attrs

from runstate.conformance.agui.chunks import BadChunk, Expander
from runstate.conformance.agui.entities import ENTITY_TYPES, Entities, wires
from runstate.conformance.agui.fields import broken_fields
from runstate.conformance.agui.rules import RULES, Broken, Fault
from runstate.conformance.agui.shapes import EVENT_TYPES, Malformed, clean
from runstate.conformance.agui.values import Fields, get, identity, is_object, items, of_string, printable, shown
from runstate.conformance.codes import Severity
from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycles.agui import AGUI_RUN, AguiRunEvent, AguiRunStatus

__all__ = ["AguiJudge", "Stage"]

Stage = Literal["verify", "stream", "client"]
"""How much of the reference client stands before its verifier.

``verify``: nothing; it is ``verifyEvents`` alone, to which a chunk is an event like any other.  ``stream``: chunks are
written out first; what the schema refuses is a warning.  ``client``: the schema refuses malformed events and takes
out what it does not know, then chunks are written out: what the client does with what it receives.
"""

_NOT_NOW: Mapping[str | None, str] = FrozenDict(
    {
        None: "run_not_started",
        AguiRunStatus.ACTIVE: "run_active",
        AguiRunStatus.CLOSED: "run_finished",
        AguiRunStatus.FAILED: "run_failed",
    }
)
"""Status of the run -> the rule that an event breaks which no transition allows there."""

_OF_RUN: Mapping[str, str] = FrozenDict({wire: verb.event for verb in AGUI_RUN.verbs for wire in verb.wire})

_LEADS_TO: Mapping[str, AguiRunStatus] = FrozenDict({e.event: AguiRunStatus(e.target) for e in AGUI_RUN.transitions})

_KNOWN = frozenset(EVENT_TYPES)


@attrs.define(eq=False)
class AguiJudge:
    """Judges the events of one stream, in their order.

    :param stage: how much of the client stands before the verifier, see `Stage`.
    :param draft: the rules that only the draft of the specification has are errors, not warnings.
    """

    stage: Stage = attrs.field(default="stream", kw_only=True)
    draft: bool = attrs.field(default=False, kw_only=True)
    status: AguiRunStatus | None = attrs.field(init=False, default=None)
    """Of the run that is open or ended last; None before the first."""
    run_id: str | None = attrs.field(init=False, default=None)
    thread_id: str | None = attrs.field(init=False, default=None)
    outcome: str | None = attrs.field(init=False, default=None)
    """``outcome.type`` of the run that finished last: success (also where absent), interrupt, cancelled."""
    events: int = attrs.field(init=False, default=0)
    """How many were fed."""
    runs: int = attrs.field(init=False, default=0)
    """How many were begun, be it by their failure."""
    refusal: Fault | None = attrs.field(init=False, default=None)
    """The first error: where the reference verifier stops."""
    _thread: str | None = attrs.field(init=False, default=None)
    """``threadId`` of the first run."""
    _interrupts: tuple[str, ...] = attrs.field(init=False, default=())
    """Ids that the next run must answer."""
    _entities: Entities = attrs.field(init=False, factory=Entities)
    _expander: Expander = attrs.field(init=False, factory=Expander)

    # -- what is known --------------------------------------------------------------------------------------------

    @property
    def open(self) -> tuple[tuple[str, str], ...]:
        """What is open: (lifecycle, id) each, in the order in which the end of the run asks for it."""
        return self._entities.open

    @property
    def allowed(self) -> tuple[str, ...]:
        """Types of the events that may come next."""
        found: list[str] = []
        for edge in AGUI_RUN.legal(self.status):
            if edge.event == AguiRunEvent.EMIT:
                found += self._entities.next()
                found += (kind for kind in EVENT_TYPES if kind not in ENTITY_TYPES and kind not in _OF_RUN)
            elif edge.event != AguiRunEvent.FINISH or not self.open:
                found += edge.wire
        return tuple(found)

    # -- the stream -----------------------------------------------------------------------------------------------

    def feed(self, event: object) -> tuple[Fault, ...]:
        """Judge the next event: a decoded JSON object.

        :returns: its faults; the first error among them is the one that the reference verifier refuses it for.
        """
        found = tuple(self._feed(event))
        self.events += 1
        self._note(found)
        return found

    def close(self) -> tuple[Fault, ...]:
        """The stream is over: whether a run was cut off, or none was ever begun."""
        message = ""
        if self.status is None:
            message = "the stream ends without an event of a run"
        elif self.status not in AGUI_RUN.terminal:
            left = ", ".join(name for _, name in self.open)
            message = f"the stream ends while run {shown(self.run_id)} is {self.status}{left and f', {left} open'}"
        if not message:
            return ()
        allowed = wires(edge for edge in AGUI_RUN.legal(self.status) if edge.event != AguiRunEvent.EMIT)
        broken = Broken("run_left_open", f"{message}; allowed: {' or '.join(allowed)} before it ends", None, allowed)
        found = (self._fault(None, broken),)
        self._note(found)
        return found

    def _note(self, found: tuple[Fault, ...]) -> None:
        if self.refusal is None:
            self.refusal = next((fault for fault in found if fault.severity is Severity.ERROR), None)

    def _fault(self, kind: str | None, broken: Broken, *, error: bool = False) -> Fault:
        rule = RULES[broken.rule]
        return Fault(
            rule=rule.name,
            code=rule.code,
            severity=Severity.ERROR if error or (rule.draft and self.draft) else rule.severity,
            message=broken.message,
            index=self.events,
            event_type=kind,
            run=self.run_id,
            field=broken.field,
            allowed=broken.allowed,
        )

    def _feed(self, event: object) -> Iterator[Fault]:
        if event is None:
            yield self._fault(None, Broken("not_an_event", "null stands where an event should; allowed: an object"))
            return
        fields: Fields = event if is_object(event) else EMPTY
        kind = of_string(fields.get("type"))
        strict = self.stage == "client"
        if kind is None or kind not in _KNOWN:
            taken = "it is left out" if strict else "it is taken for any event of a run"
            message = f"the type {shown(get(fields, 'type'))} is none of AG-UI's; {taken}"
            if strict and not printable(get(fields, "type")):
                # the client stumbles over its own warning
                yield self._fault(kind, Broken("malformed", f"{message}; allowed: a string", "type"), error=True)
                return
            yield self._fault(kind, Broken("unknown_event", message, "type"))
            if strict:
                return
        elif self.stage != "verify":
            cleaned, malformed = clean(kind, fields)
            faults = tuple(self._fault(kind, _refused(kind, one), error=strict) for one in malformed)
            if strict:
                yield from faults
                yield from self._written_out(kind, fields if faults else cleaned)
            else:
                told = tuple(self._written_out(kind, fields))
                yield from told
                # what the verifier itself refuses needs no second word from the schema
                named = tuple(fault.field for fault in told if fault.field is not None)
                yield from (fault for fault in faults if not (fault.field or "").endswith(named))
            return
        yield from self._written_out(kind, fields)

    def _written_out(self, kind: str | None, fields: Fields) -> Iterator[Fault]:
        """The event, or what the chunk stands for."""
        try:
            written = [fields] if self.stage == "verify" else self._expander.feed(fields)
        except BadChunk as bad:
            yield self._fault(kind, bad.broken)
            return
        for one in written:
            name = of_string(one.get("type"))
            for broken in self._judge(name, one):
                yield self._fault(name, broken)

    # -- one event, in the order of the reference's checks ----------------------------------------------------------

    def _judge(self, kind: str | None, fields: Fields) -> Iterator[Broken]:
        event = _OF_RUN.get(kind or "", AguiRunEvent.EMIT)
        if AGUI_RUN.transition(self.status, event) is None:
            yield self._not_now(kind, event)
            if self.status in AGUI_RUN.terminal:
                return  # it belongs to no run; judged within one that is over, it would only give more of the same
        if event == AguiRunEvent.START or self.status is None:
            self._begin(fields)
        yield from broken_fields(kind, fields)
        if kind is not None:
            yield from self._entities.feed(kind, fields)
            if event == AguiRunEvent.START:
                yield from self._started(kind, fields)
            elif event == AguiRunEvent.FINISH:
                yield from self._entities.left_open(kind)
                yield from self._finished(kind, fields)
        self.status = _LEADS_TO[event]
        if self.status in AGUI_RUN.terminal:
            self._entities = Entities()  # nothing of it counts any more

    def _not_now(self, kind: str | None, event: str) -> Broken:
        """No transition of the run allows the event."""
        allowed = wires(AGUI_RUN.legal(self.status))
        now = "no run was started" if self.status is None else f"run {shown(self.run_id)} is {self.status}"
        before = f" before another {kind}" if event == AguiRunEvent.START else ""
        message = f"{kind or 'an event without a type'} came while {now}; allowed: {' or '.join(allowed)}{before}"
        return Broken(_NOT_NOW[self.status], message, "type", allowed)

    def _begin(self, fields: Fields) -> None:
        self._entities = Entities()
        self.runs += 1
        self.outcome = None
        self.run_id = of_string(fields.get("runId"))
        self.thread_id = of_string(fields.get("threadId"))

    def _started(self, kind: str, fields: Fields) -> Iterator[Broken]:
        """What a run says of its thread and of the interrupts before it; beyond what the verifier checks."""
        thread, first = self.thread_id, self._thread
        if first is None:
            self._thread = thread
        elif thread is not None and thread != first:
            message = f"{kind} has the threadId {thread!r} on a stream that began with {first!r}; allowed: {first!r}"
            yield Broken("thread_changed", message, "threadId", (first,))
        given = get(fields, "input")
        if is_object(given):
            answered = {identity(get(one, "interruptId")) for one in items(get(given, "resume")) or ()}
            waiting = tuple(one for one in self._interrupts if one not in answered)
            if waiting:
                message = f"{kind} does not answer the interrupts {', '.join(waiting)}; allowed: each in input.resume"
                yield Broken("resume_incomplete", message, "input.resume", waiting)
        self._interrupts = ()

    def _finished(self, kind: str, fields: Fields) -> Iterator[Broken]:
        """What a run says of itself at its end; beyond what the verifier checks."""
        outcome = get(fields, "outcome")
        if self.stage == "stream" and items(outcome) is not None:
            yield Broken("outcome_no_object", f"{kind} has the outcome {shown(outcome)}; allowed: an object", "outcome")
        self.outcome = of_string(get(outcome, "type")) or "success"
        listed = items(get(outcome, "interrupts")) or [] if self.outcome == "interrupt" else []
        ids = [one["id"] for one in listed if isinstance(get(one, "id"), str)]
        self._interrupts = tuple(dict.fromkeys(ids))
        for one in self._interrupts:
            if ids.count(one) > 1:
                message = f"{kind} has {ids.count(one)} interrupts with the id {one!r}; allowed: one"
                yield Broken("interrupt_repeated", message, "outcome.interrupts.id")
        for name, started, rule in (
            ("runId", self.run_id, "run_id_differs"),
            ("threadId", self.thread_id, "thread_differs"),
        ):
            said = of_string(fields.get(name))
            if said is not None and started is not None and said != started:
                message = f"{kind} has the {name} {said!r}, its RUN_STARTED {started!r}; allowed: {started!r}"
                yield Broken(rule, message, name, (started,))


def _refused(kind: str, one: Malformed) -> Broken:
    return Broken("malformed", f"{kind} has {shown(one.seen)} in {one.path}; allowed: {one.allowed}", one.path)
