"""`Run`, `RunStep`, `Message` and their parts: frozen, slotted, and impossible to build wrong.

Field names, types and nullability follow the published API in both wire versions (v1 with ``file_ids`` and retrieval,
v2) and what real servers sent.  Every time is whole seconds since the epoch.  Which fields are set in which status is
not written here: it comes from the lifecycle of the record, through `runstate.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar

import attrs

from runstate.checks import metadata_fault, stamp_fault
from runstate.errors import BadRecord
from runstate.frozen import EMPTY, FrozenDict, freeze
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE, MessageStatus
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP, StepStatus
from runstate.rules import broken_rules

__all__ = [
    "NO_WIRE",
    "FunctionCall",
    "FunctionDefinition",
    "IncompleteDetails",
    "LastError",
    "Message",
    "RequiredAction",
    "ResponseFormat",
    "Run",
    "RunStep",
    "SubmitToolOutputs",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolOutput",
    "TruncationStrategy",
    "Usage",
    "Wire",
    "keep_rules",
]


@attrs.frozen(kw_only=True, slots=True, weakref_slot=False)
class Wire:
    """What a decoded object looked like beyond its values; takes no part in equality or repr of the object."""

    keys: frozenset[str] | None = None
    """Known keys that were present; None where the object was not decoded."""
    extra: FrozenDict[str, Any] = EMPTY
    """Unknown keys with their values, spelled as they came."""
    spelling: str = "snake"
    """``snake`` or ``camel``: how the schema's keys were spelled."""


NO_WIRE = Wire()

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def _bad(instance: object, field: str, value: object, reason: str, allowed: str = "", rule: str = "RS206") -> BadRecord:
    return BadRecord(
        record=type(instance).__name__,
        field=field,
        rule=rule,
        value=value,
        reason=reason,
        allowed=allowed,
        status=getattr(instance, "status", None),
    )


def _of(*types: type, null: bool = False) -> Validator:
    """Instance of one of the types; bool does not pass for a number."""
    words = " or ".join(t.__name__ for t in types) + (" or null" if null else "")

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if (value is None and null) or (isinstance(value, types) and (bool in types or not isinstance(value, bool))):
            return
        raise _bad(instance, attribute.name, value, "the value is of the wrong type", words)

    return check


def _each(inner: type, *, null: bool = False) -> Validator:
    """A tuple of instances of the type."""
    words = f"a tuple of {inner.__name__}" + (" or null" if null else "")

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is None and null:
            return
        if not isinstance(value, tuple) or not all(isinstance(item, inner) for item in value):
            raise _bad(instance, attribute.name, value, "the value is of the wrong type", words)

    return check


def _count(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _bad(instance, attribute.name, value, "a count is a whole number from 0 on", "0, 1, 2, …")


def _time(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    fault = None if value is None else stamp_fault(value)
    if fault is not None:
        raise _bad(instance, attribute.name, value, fault, "whole seconds since the epoch, or null")


def _created(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    fault = stamp_fault(value)
    if fault is not None:
        raise _bad(instance, attribute.name, value, fault, "whole seconds since the epoch")


def _name(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value:
        raise _bad(instance, attribute.name, value, "the value is not a non-empty string", "a non-empty string")


def _metadata(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    fault = None if value is None else metadata_fault(value)
    if fault is not None:
        raise _bad(instance, attribute.name, value, fault, "16 pairs, keys up to 64, values up to 512", "RS209")


def _read_only(value: Any) -> Any:
    return freeze(value) if isinstance(value, Mapping | list | tuple) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _known(kind: type[StrEnum], value: Any) -> Any:
    """The member of the enumeration; what it does not know goes on to the validator, which names it."""
    try:
        return kind(value)
    except ValueError:
        return value


def _run_status(value: str) -> Any:
    return _known(Status, value)


def _step_status(value: str) -> Any:
    return _known(StepStatus, value)


def _message_status(value: str) -> Any:
    return _known(MessageStatus, value)


def _status(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    lifecycle: Lifecycle = instance.__lifecycle__
    if not isinstance(value, str) or value not in lifecycle.statuses:
        known = ", ".join(str(s) for s in lifecycle.statuses)
        raise _bad(instance, attribute.name, value, f"{lifecycle.name} has no such status", known, "RS106")


def keep_rules(record: Any) -> None:
    """Check a record against the rules of its ``__lifecycle__``; call it from ``__attrs_post_init__``.

    :raises BadRecord: for the first broken rule.  Known quirks pass in objects of their profile.
    """
    lifecycle: Lifecycle = record.__lifecycle__
    status: str = getattr(record, lifecycle.status_field)
    fields = {name: getattr(record, name, None) for name in (*lifecycle.fields, *lifecycle.profiles.values())}
    for broken in broken_rules(lifecycle, status, fields):
        if broken.quirk is None:
            raise _bad(record, broken.field, broken.value, broken.says, broken.allowed, broken.code)


_wire: Any = attrs.field(default=NO_WIRE, eq=False, repr=False, kw_only=True)


@attrs.frozen(slots=True, weakref_slot=False)
class LastError:
    """Why a run or step failed.  Codes are open: servers send more than the documented ones."""

    code: str = attrs.field(validator=_name)
    message: str = attrs.field(default="", validator=_of(str))
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class FunctionCall:
    """The function that a tool call names."""

    name: str = attrs.field(validator=_name)
    arguments: str = attrs.field(default="", validator=_of(str))
    """JSON text, as the model wrote it: kept, never parsed."""
    output: str | None = attrs.field(default=None, validator=_of(str, null=True), metadata={"optional": True})
    """In steps only: the output that was submitted."""
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class ToolCall:
    """A call that the model asks for."""

    id: str = attrs.field(validator=_name)
    function: FunctionCall | None = attrs.field(
        default=None, validator=_of(FunctionCall, null=True), metadata={"optional": True}
    )
    type: str = attrs.field(default="function", validator=_name)
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class SubmitToolOutputs:
    """The open tool calls, one at least."""

    tool_calls: tuple[ToolCall, ...] = attrs.field(converter=_tuple, validator=_each(ToolCall))
    wire: Wire = _wire

    def __attrs_post_init__(self) -> None:
        """Refuse an action that requires nothing, and calls that no output could tell apart."""
        ids = [call.id for call in self.tool_calls]
        if not ids or len(set(ids)) < len(ids):
            reason = "two tool calls have the same id" if ids else "no tool call is open, so nothing is required"
            raise _bad(self, "tool_calls", self.tool_calls, reason, "one tool call or more, ids distinct", "RS208")


@attrs.frozen(slots=True, weakref_slot=False)
class RequiredAction:
    """What must be done before the run goes on."""

    submit_tool_outputs: SubmitToolOutputs = attrs.field(validator=_of(SubmitToolOutputs))
    type: str = attrs.field(default="submit_tool_outputs", validator=_name)
    wire: Wire = _wire

    @classmethod
    def calls(cls, *calls: ToolCall) -> RequiredAction:
        """The action that asks for the outputs of these calls."""
        return cls(SubmitToolOutputs(calls))


@attrs.frozen(slots=True, weakref_slot=False)
class ToolOutput:
    """The answer to one tool call."""

    tool_call_id: str = attrs.field(validator=_name)
    output: str = attrs.field(default="", validator=_of(str))
    wire: Wire = _wire


def _total(usage: Any) -> int:
    """The sum of the two counts; 0 where one is none, so that its own validator says so."""
    counts = (usage.prompt_tokens, usage.completion_tokens)
    return sum(counts) if all(isinstance(count, int) for count in counts) else 0


@attrs.frozen(slots=True, weakref_slot=False)
class Usage:
    """Tokens used.  Null on a live run; zeros are allowed on an ended one."""

    prompt_tokens: int = attrs.field(validator=_count)
    completion_tokens: int = attrs.field(validator=_count)
    total_tokens: int = attrs.field(
        default=attrs.Factory(_total, takes_self=True),
        validator=_count,
    )
    prompt_token_details: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    """As real servers spell it (singular), from 2025 on."""
    completion_tokens_details: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class IncompleteDetails:
    """Why a run ended early; real servers' reasons cannot be relied on."""

    reason: str | None = attrs.field(default=None, validator=_of(str, null=True), metadata={"optional": True})
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class TruncationStrategy:
    """How the thread is cut to fit the model."""

    type: str = attrs.field(default="auto", validator=_name)
    last_messages: int | None = attrs.field(default=None, validator=_of(int, null=True))
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class FunctionDefinition:
    """A function that the model may call."""

    name: str = attrs.field(validator=_name)
    description: str | None = attrs.field(default=None, validator=_of(str, null=True), metadata={"optional": True})
    parameters: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    """JSON Schema; its keys are never respelled."""
    strict: bool | None = attrs.field(default=None, validator=_of(bool, null=True), metadata={"optional": True})
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class Tool:
    """A tool of the run: ``code_interpreter``, ``retrieval`` (v1), ``file_search`` (v2), ``function``, or another."""

    type: str = attrs.field(validator=_name)
    function: FunctionDefinition | None = attrs.field(
        default=None, validator=_of(FunctionDefinition, null=True), metadata={"optional": True}
    )
    file_search: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class ToolChoice:
    """A tool that the model must use."""

    type: str = attrs.field(validator=_name)
    function: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    """``{"name": …}`` where the type is ``function``."""
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class ResponseFormat:
    """The form that the answer must have."""

    type: str = attrs.field(validator=_name)
    json_schema: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False, kw_only=True)
class Run:
    """The run of an assistant, in one moment of its life.

    :raises BadRecord: where a field is of the wrong kind or the fields do not fit the status.
    """

    __lifecycle__: ClassVar[Lifecycle] = ASSISTANTS_RUN

    id: str = attrs.field(validator=_name)
    object: str = attrs.field(default="thread.run", validator=_name)
    created_at: int = attrs.field(validator=_created)
    assistant_id: str = attrs.field(validator=_name)
    thread_id: str = attrs.field(validator=_name)
    status: Status = attrs.field(converter=_run_status, validator=_status)
    started_at: int | None = attrs.field(default=None, validator=_time)
    """When the present leg began: a resume stamps it again."""
    expires_at: int | None = attrs.field(default=None, validator=_time)
    cancelled_at: int | None = attrs.field(default=None, validator=_time)
    failed_at: int | None = attrs.field(default=None, validator=_time)
    completed_at: int | None = attrs.field(default=None, validator=_time)
    required_action: RequiredAction | None = attrs.field(default=None, validator=_of(RequiredAction, null=True))
    last_error: LastError | None = attrs.field(default=None, validator=_of(LastError, null=True))
    model: str = attrs.field(default="", validator=_of(str))
    instructions: str | None = attrs.field(default=None, validator=_of(str, null=True))
    """Documented as not nullable; null in 129 of 577 recorded objects."""
    tools: tuple[Tool, ...] = attrs.field(default=(), converter=_tuple, validator=_each(Tool))
    file_ids: tuple[str, ...] | None = attrs.field(
        default=None, converter=_tuple, validator=_each(str, null=True), metadata={"optional": True}
    )
    """v1 only; its presence tells v1 from v2."""
    tool_resources: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=_of(FrozenDict, null=True), metadata={"optional": True}
    )
    """Undocumented; in every recorded v2 object."""
    metadata: FrozenDict[str, str] | None = attrs.field(default=EMPTY, converter=_read_only, validator=_metadata)
    temperature: float | None = attrs.field(default=None, validator=_of(int, float, null=True))
    top_p: float | None = attrs.field(default=None, validator=_of(int, float, null=True))
    reasoning_effort: str | None = attrs.field(default=None, validator=_of(str, null=True), metadata={"optional": True})
    """Undocumented; from 2025-03."""
    max_completion_tokens: int | None = attrs.field(default=None, validator=_of(int, null=True))
    max_prompt_tokens: int | None = attrs.field(default=None, validator=_of(int, null=True))
    truncation_strategy: TruncationStrategy | None = attrs.field(
        default=None, validator=_of(TruncationStrategy, null=True)
    )
    incomplete_details: IncompleteDetails | None = attrs.field(
        default=None, validator=_of(IncompleteDetails, null=True)
    )
    usage: Usage | None = attrs.field(default=None, validator=_of(Usage, null=True))
    response_format: str | ResponseFormat | None = attrs.field(
        default=None, validator=_of(str, ResponseFormat, null=True)
    )
    tool_choice: str | ToolChoice | None = attrs.field(default=None, validator=_of(str, ToolChoice, null=True))
    parallel_tool_calls: bool | None = attrs.field(
        default=None, validator=_of(bool, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire

    __attrs_post_init__ = keep_rules


@attrs.frozen(slots=True, weakref_slot=False, kw_only=True)
class RunStep:
    """A step of a run.

    :raises BadRecord: where a field is of the wrong kind or the fields do not fit the status.
    """

    __lifecycle__: ClassVar[Lifecycle] = ASSISTANTS_RUN_STEP

    id: str = attrs.field(validator=_name)
    object: str = attrs.field(default="thread.run.step", validator=_name)
    created_at: int = attrs.field(validator=_created)
    run_id: str = attrs.field(validator=_name)
    assistant_id: str = attrs.field(validator=_name)
    thread_id: str = attrs.field(validator=_name)
    type: str = attrs.field(validator=_name)
    status: StepStatus = attrs.field(converter=_step_status, validator=_status)
    cancelled_at: int | None = attrs.field(default=None, validator=_time)
    completed_at: int | None = attrs.field(default=None, validator=_time)
    expires_at: int | None = attrs.field(default=None, validator=_time)
    failed_at: int | None = attrs.field(default=None, validator=_time)
    last_error: LastError | None = attrs.field(default=None, validator=_of(LastError, null=True))
    step_details: FrozenDict[str, Any] = attrs.field(default=EMPTY, converter=_read_only, validator=_of(FrozenDict))
    usage: Usage | None = attrs.field(default=None, validator=_of(Usage, null=True))
    expired_at: int | None = attrs.field(default=None, validator=_time, metadata={"optional": True})
    """Only in the specification; no recorded object has it."""
    metadata: FrozenDict[str, str] | None = attrs.field(
        default=None, converter=_read_only, validator=_metadata, metadata={"optional": True}
    )
    """Only in the specification; no recorded object has it."""
    wire: Wire = _wire

    __attrs_post_init__ = keep_rules


@attrs.frozen(slots=True, weakref_slot=False, kw_only=True)
class Message:
    """A message that a run writes.

    :raises BadRecord: where a field is of the wrong kind or the fields do not fit the status.
    """

    __lifecycle__: ClassVar[Lifecycle] = ASSISTANTS_MESSAGE

    id: str = attrs.field(validator=_name)
    object: str = attrs.field(default="thread.message", validator=_name)
    created_at: int = attrs.field(validator=_created)
    assistant_id: str | None = attrs.field(default=None, validator=_of(str, null=True))
    thread_id: str = attrs.field(validator=_name)
    run_id: str | None = attrs.field(default=None, validator=_of(str, null=True))
    status: MessageStatus = attrs.field(converter=_message_status, validator=_status)
    incomplete_details: IncompleteDetails | None = attrs.field(
        default=None, validator=_of(IncompleteDetails, null=True)
    )
    incomplete_at: int | None = attrs.field(default=None, validator=_time)
    completed_at: int | None = attrs.field(default=None, validator=_time)
    role: str = attrs.field(default="assistant", validator=_name)
    content: tuple[FrozenDict[str, Any], ...] = attrs.field(
        default=(), converter=_read_only, validator=_each(FrozenDict)
    )
    attachments: tuple[FrozenDict[str, Any], ...] | None = attrs.field(
        default=None, converter=_read_only, validator=_each(FrozenDict, null=True), metadata={"optional": True}
    )
    """v2; v1 has ``file_ids`` in its place."""
    file_ids: tuple[str, ...] | None = attrs.field(
        default=None, converter=_tuple, validator=_each(str, null=True), metadata={"optional": True}
    )
    metadata: FrozenDict[str, str] | None = attrs.field(default=EMPTY, converter=_read_only, validator=_metadata)
    wire: Wire = _wire

    __attrs_post_init__ = keep_rules
