"""`LifecycleMachine`: drive somebody else's implementation through all events, and compare it with the lifecycle.

A rule-based state machine of hypothesis.  It asks for every event in every status, legal or not, and holds the answers
against `runstate.engine`: the implementation must accept what the lifecycle accepts, refuse what it refuses, and show
the record that it makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from runstate.codec import encode
from runstate.engine import apply, create
from runstate.errors import BadRecord, CallerError
from runstate.lifecycle import FieldKind, Lifecycle, Transition
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.testing.histories import EPOCH, Payload, encoded, names_for, payload_for, record_class
from runstate.testing.strategies import DrawingChooser

__all__ = ["LifecycleMachine"]


class LifecycleMachine(RuleBasedStateMachine):
    """Derive from it, give `create`, `send` and `read`, and run its ``TestCase``.

    The time is ``self.at``, in seconds since the epoch: let the implementation take it for its clock, as in
    ``Service(clock=lambda: self.at)``, or say ``timed = False``, and only whether times are set is compared.
    """

    lifecycle: ClassVar[Lifecycle] = ASSISTANTS_RUN
    timed: ClassVar[bool] = True
    """Whether the implementation goes by ``self.at``.  Else events that wait for a deadline are left out."""
    ttl: ClassVar[float | None] = None
    """Seconds from creation to its deadlines, where they differ from the lifecycle's."""
    strict: ClassVar[bool] = False
    """Whether transitions that are only inferred must be refused."""
    refusals: ClassVar[tuple[type[Exception], ...]] = (Exception,)
    """What the implementation raises to refuse an event; anything else is an error of it."""
    hidden: ClassVar[tuple[str, ...]] = ()
    """Fields that the implementation does not show."""
    payloads: ClassVar[Mapping[str, Payload]] = {}
    """How what events are given is made, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.at = float(EPOCH)
        self.record: Any = None
        """The record as it must be."""
        self.history: list[str] = []

    # -- what a test gives --------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make a run in the implementation."""
        raise NotImplementedError

    def send(self, event: str, **payload: Any) -> None:
        """Ask it for an event, with what the event is given as decoded JSON.  It refuses by raising one of `refusals`."""
        raise NotImplementedError

    def read(self) -> Mapping[str, Any]:
        """The run as it shows it: decoded JSON."""
        raise NotImplementedError

    # -- what is done with it -----------------------------------------------------------------------------------------

    @initialize()
    def created(self) -> None:
        """Both sides begin."""
        edge = self.lifecycle.legal(None)[0]
        cls = record_class(self.lifecycle)
        ttl = self.ttl if edge.does.deadlines else None
        self.record = create(cls, at=self.at, ttl=ttl, event=edge.event, **names_for(self.lifecycle, edge, 1)).run
        self.create()
        self.history.append("create")
        self._compare()

    @rule(data=st.data())
    def sent(self, data: st.DataObject) -> None:
        """Both sides are asked for the same event."""
        chooser = DrawingChooser(data.draw)
        event = self._event(chooser)
        waits = [guard.argument for edge in self._edges(event) for guard in edge.guards if guard.kind == "reached"]
        self.at += chooser.choice((1, 0, 5))
        deadline = max((getattr(self.record, name) or 0 for name in waits), default=0)
        if deadline > self.at and chooser.randint(0, 1):
            self.at = float(deadline)
        given = self._given(event, chooser)
        self.history.append(event)
        moved, refusal = self._expected(event, given)
        answer: Exception | None = None
        try:
            self.send(event, **{name: _plain(value) for name, value in given.items()})
        except self.refusals as refused:
            answer = refused
        if refusal is None and answer is not None:
            raise AssertionError(self._says(f"{event} is legal, and was refused: {answer!r}"))
        if refusal is not None and answer is None:
            raise AssertionError(self._says(f"{event} was accepted, and is illegal: {refusal}"))
        self.record = moved
        self._compare()

    def _events(self) -> list[str]:
        """The events that can happen to a run that exists, in the order of the verbs."""
        return [
            event
            for event in map(str, self.lifecycle.events)
            if (edges := self._edges(event))
            and (self.timed or not any(guard.kind == "reached" for edge in edges for guard in edge.guards))
        ]

    def _event(self, chooser: DrawingChooser) -> str:
        """Any event, legal or not; more often one after which the run goes on, since most illegal ones lie behind it."""
        events = self._events()
        status = getattr(self.record, self.lifecycle.status_field)
        bias = chooser.randint(0, 3)
        legal = [edge for edge in self.lifecycle.legal(status) if edge.event in events and bias]
        live = [edge for edge in legal if edge.target not in self.lifecycle.terminal]
        return str(chooser.choice((live if bias > 1 else legal) or legal).event) if legal else chooser.choice(events)

    def _edges(self, event: str) -> list[Transition]:
        return [edge for edge in self.lifecycle.transitions if edge.event == event and edge.source is not None]

    def _given(self, event: str, chooser: DrawingChooser) -> dict[str, Any]:
        """What the event is given: what fits here, or anything where it does not fit anyway."""
        status = getattr(self.record, self.lifecycle.status_field)
        edge = self.lifecycle.transition(status, event) or self._edges(event)[0]
        try:
            given = payload_for(edge, self.record, chooser, self.at, self.payloads)
        except AttributeError:  # what the payload is about is not there: it is not required
            return dict.fromkeys(edge.does.takes, ())
        if chooser.randint(0, 3) == 3:  # too little of something: a guard may refuse it
            given |= {name: value[:-1] for name, value in given.items() if isinstance(value, tuple)}
        return given

    def _expected(self, event: str, given: Mapping[str, Any]) -> tuple[Any, Exception | None]:
        try:
            return apply(self.record, event, at=self.at, strict=self.strict, **given).run, None
        except (CallerError, BadRecord) as refusal:
            return self.record, refusal

    def _compare(self) -> None:
        ours, theirs = encoded(self.record), self.read()
        name = self.lifecycle.status_field
        if theirs.get(name) != ours[name]:
            raise AssertionError(self._says(f"{name} is {theirs.get(name)!r}; it must be {ours[name]!r}"))
        for name, kind in self.lifecycle.fields.items():
            if name in self.hidden:
                continue
            seen, wanted = theirs.get(name), ours[name]
            exact = kind is not FieldKind.VALUE and self.timed
            if (seen != wanted) if exact else ((seen is None) is not (wanted is None)):
                must = repr(wanted) if exact or wanted is None else "set"
                raise AssertionError(self._says(f"{name} is {seen!r}; it must be {must}"))

    def _says(self, fault: str) -> str:
        status = getattr(self.record, self.lifecycle.status_field)
        allowed = ", ".join(str(edge.event) for edge in self.lifecycle.legal(status)) or "nothing"
        return f"after {' → '.join(self.history)} ({status}): {fault}. Allowed from {status}: {allowed}."


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return encode(value) if attrs.has(type(value)) else value
