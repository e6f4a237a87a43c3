"""Fields that the verifier itself looks at, whatever the state of the run: nulls, and the outcomes of ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runstate.conformance.agui.rules import Broken
from runstate.conformance.agui.values import ABSENT, OWNER, Fields, get, items, shown
from runstate.frozen import FrozenDict
from runstate.lifecycles.agui import AGUI_RUN, AguiRunEvent

__all__ = ["broken_fields", "missing_fields"]

_OPTIONAL: Mapping[str, tuple[str, ...]] = FrozenDict(
    {
        "SUBAGENT_STARTED": ("description", "parentSubagentRunId", "parentToolCallId", "parentMessageId"),
        "SUBAGENT_FINISHED": ("outcome",),
        "SUBAGENT_ERROR": ("code",),
    }
)
"""Fields of a subagent's events that may be absent and must not be null."""

_REQUIRED: Mapping[str, Mapping[str, str]] = FrozenDict(
    {
        "SUBAGENT_STARTED": {OWNER: "subagent_id_missing", "name": "subagent_name_missing"},
        "SUBAGENT_FINISHED": {OWNER: "subagent_id_missing"},
        "SUBAGENT_ERROR": {OWNER: "subagent_id_missing", "message": "subagent_message_missing"},
    }
)
"""Fields of a subagent's events that must be strings, and the rule that says so."""

_OUTCOMES = ("success", "suspended")

_FINISHES = frozenset(wire for verb in AGUI_RUN.verbs if verb.event == AguiRunEvent.FINISH for wire in verb.wire)


def broken_fields(kind: str | None, fields: Fields) -> Iterator[Broken]:
    """Faults of an event's fields that come before any question of order."""
    if get(fields, OWNER) is None:
        yield Broken("subagent_run_id_null", f"{kind} has {OWNER} null; allowed: a string, or no {OWNER}", OWNER)
    for name in _OPTIONAL.get(kind or "", ()):
        if get(fields, name) is None:
            yield Broken("subagent_field_null", f"{kind} has {name} null; allowed: a value, or no {name}", name)
    if "outcome" not in fields:
        return
    if kind in _OPTIONAL:
        yield from _subagent_outcome(fields["outcome"], kind)
    elif kind in _FINISHES:
        yield from _run_outcome(fields["outcome"], kind)


def missing_fields(kind: str, fields: Fields) -> Iterator[Broken]:
    """Fields that an event of a subagent must have."""
    for name, rule in _REQUIRED.get(kind, {}).items():
        value = get(fields, name)
        if not isinstance(value, str):
            seen = f"no {name}" if value is ABSENT else f"{name} {shown(value)}"
            yield Broken(rule, f"{kind} has {seen}; allowed: a string", name)


def _subagent_outcome(outcome: object, kind: str | None) -> Iterator[Broken]:
    if outcome is None:
        return
    if get(outcome, "type") not in _OUTCOMES:
        message = f"{kind} has the outcome {shown(outcome)}; allowed: an object of type {' or '.join(_OUTCOMES)}"
        yield Broken("subagent_outcome_unknown", message, "outcome.type", _OUTCOMES)
    ids = get(outcome, "interruptIds")
    if ids is None:
        message = f"{kind} has outcome.interruptIds null; allowed: an array of strings, or none"
        yield Broken("interrupt_ids_null", message, "outcome.interruptIds")
    if any(not isinstance(one, str) for one in items(ids) or ()):
        message = f"{kind} has outcome.interruptIds {shown(ids)}; allowed: strings"
        yield Broken("interrupt_id_no_string", message, "outcome.interruptIds")


def _run_outcome(outcome: object, kind: str | None) -> Iterator[Broken]:
    interrupts = items(get(outcome, "interrupts")) or [] if get(outcome, "type") == "interrupt" else []
    for one in interrupts:
        if get(one, OWNER) is None:
            message = f"{kind} has an interrupt {shown(get(one, 'id'))} with {OWNER} null; allowed: no {OWNER}"
            yield Broken("interrupt_owner_null", message, f"outcome.interrupts.{OWNER}")
