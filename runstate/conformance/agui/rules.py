"""The rules that a stream of AG-UI can break, each with its finding code; and the texts of those codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from runstate.conformance.codes import Severity
from runstate.conformance.codes_agui import AGUI_CODES as CODES
from runstate.frozen import FrozenDict

__all__ = ["CODES", "RULES", "Broken", "Fault", "Rule"]

ERR, WARN, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@attrs.frozen
class Rule:
    """One rule."""

    name: str
    """Stable, short, in words."""
    code: str
    severity: Severity = ERR
    """What breaking it weighs: the errors are what the reference verifier refuses."""
    draft: bool = False
    """Only the draft of the specification makes it an error; before, it is a warning."""


@attrs.frozen
class Broken:
    """A broken rule, before it is said of which event."""

    rule: str
    message: str
    """What was seen, and what was allowed."""
    field: str | None = None
    allowed: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Fault:
    """A rule that an event breaks."""

    rule: str
    code: str
    severity: Severity
    message: str
    """What was seen, and what was allowed."""
    index: int
    """Number of the event in the stream, from 0; at the end of the stream how many events it had."""
    event_type: str | None = None
    """The ``type`` of the event; None where it has none, and at the end of the stream."""
    run: str | None = None
    """``runId`` of the run that was open or had ended last."""
    field: str | None = None
    """The field that is at fault."""
    allowed: tuple[str, ...] = ()
    """Event types, or values of the field, that would have been legal."""


_ENTITIES = ("step", "text_message", "reasoning_message", "reasoning_span", "tool_call", "subagent")


def _rules() -> Iterable[Rule]:
    yield Rule("not_an_event", "RS502")
    yield Rule("run_failed", "RS124")
    yield Rule("run_finished", "RS123")
    yield Rule("run_not_started", "RS121")
    yield Rule("run_active", "RS122")
    yield Rule("subagent_run_id_null", "RS423")
    yield Rule("subagent_field_null", "RS423")
    yield Rule("subagent_outcome_unknown", "RS428")
    yield Rule("interrupt_ids_null", "RS423")
    yield Rule("interrupt_id_no_string", "RS428")
    yield Rule("interrupt_owner_null", "RS423")
    for entity in _ENTITIES:
        yield Rule(f"{entity}_already_open", "RS420")
        yield Rule(f"{entity}_not_open", "RS421")
    yield from (Rule(f"{name}_owner", "RS422") for name in ("text_message", "tool_call"))
    yield from (Rule(f"{name}_owner", "RS422") for name in ("reasoning_message", "reasoning_span"))
    yield from (Rule(f"{name}_owner", "RS422") for name in ("activity", "encrypted_value"))
    yield Rule("tool_call_parent_owner", "RS429")
    yield Rule("tool_call_inherited_owner", "RS429")
    yield Rule("step_of_another", "RS430")
    yield Rule("subagent_id_missing", "RS427")
    yield Rule("subagent_name_missing", "RS427")
    yield Rule("subagent_message_missing", "RS427")
    yield Rule("subagent_reused", "RS424")
    yield Rule("subagent_parent_unknown", "RS425")
    yield Rule("message_owner_null", "RS423")
    yield Rule("messages_unreadable", "RS433")
    for entity in _ENTITIES:
        yield Rule(f"{entity}_left_open", "RS426")
    yield Rule("chunk_id_missing", "RS431")
    yield Rule("chunk_name_missing", "RS431")
    yield Rule("chunk_ambiguous", "RS431")
    yield Rule("chunk_owner", "RS432")
    yield Rule("chunk_field", "RS432")
    yield Rule("outcome_no_object", "RS434")
    yield Rule("malformed", "RS434", WARN)
    yield Rule("unknown_event", "RS504", NOTE)
    yield Rule("interrupt_repeated", "RS435", WARN, draft=True)
    yield Rule("run_id_differs", "RS621", WARN, draft=True)
    yield Rule("thread_differs", "RS621", WARN, draft=True)
    yield Rule("thread_changed", "RS622", WARN, draft=True)
    yield Rule("run_left_open", "RS125", WARN, draft=True)
    yield Rule("resume_incomplete", "RS436", WARN)


RULES: Mapping[str, Rule] = FrozenDict({rule.name: rule for rule in _rules()})
"""Every rule by its name, roughly in the order in which they are checked."""
