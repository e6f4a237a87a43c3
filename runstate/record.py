"""`Run`, `RunStep`, `Message` and their parts: frozen, slotted, and impossible to build wrong.

Field names, types and nullability follow the published API in both wire versions (v1 with ``file_ids`` and retrieval,
v2) and what real servers sent.  Every time is whole seconds since the epoch.  Which fields are set in which status is
not written here: it comes from the lifecycle of the record, through `runstate.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

import attrs

from runstate.frozen import EMPTY, FrozenDict, freeze
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE, MessageStatus
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP, StepStatus
from runstate.rules import broken_rules
from runstate.validators import (
    bad,
    is_a,
    is_count,
    is_created,
    is_metadata,
    is_name,
    is_status,
    is_time,
    is_tuple_of,
)

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


def keep_rules(record: Any) -> None:
    """Check a record against the rules of its ``__lifecycle__``; call it from ``__attrs_post_init__``.

    :raises BadRecord: for the first broken rule.  Known quirks pass in objects of their profile.
    """
    lifecycle: Lifecycle = record.__lifecycle__
    status: str = getattr(record, lifecycle.status_field)
    fields = {name: getattr(record, name, None) for name in (*lifecycle.fields, *lifecycle.profiles.values())}
    for broken in broken_rules(lifecycle, status, fields):
        if broken.quirk is None:
            raise bad(record, broken.field, broken.value, broken.says, broken.allowed, broken.code)


_wire: Any = attrs.field(default=NO_WIRE, eq=False, repr=False, kw_only=True)


@attrs.frozen(slots=True, weakref_slot=False)
class LastError:
    """Why a run or step failed.  Codes are open: servers send more than the documented ones."""

    code: str = attrs.field(validator=is_name)
    message: str = attrs.field(default="", validator=is_a(str))
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class FunctionCall:
    """The function that a tool call names."""

    name: str = attrs.field(validator=is_name)
    arguments: str = attrs.field(default="", validator=is_a(str))
    """JSON text, as the model wrote it: kept, never parsed."""
    output: str | None = attrs.field(default=None, validator=is_a(str, null=True), metadata={"optional": True})
    """In steps only: the output that was submitted."""
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class ToolCall:
    """A call that the model asks for."""

    id: str = attrs.field(validator=is_name)
    function: FunctionCall | None = attrs.field(
        default=None, validator=is_a(FunctionCall, null=True), metadata={"optional": True}
    )
    type: str = attrs.field(default="function", validator=is_name)
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class SubmitToolOutputs:
    """The open tool calls, one at least."""

    tool_calls: tuple[ToolCall, ...] = attrs.field(converter=_tuple, validator=is_tuple_of(ToolCall))
    wire: Wire = _wire

    def __attrs_post_init__(self) -> None:
        """Refuse an action that requires nothing, and calls that no output could tell apart."""
        ids = {}
        for call in self.tool_calls:  # a comprehension costs a function: 0.3 us of the 1 us that a part takes to read
            ids[call.id] = call
        if not ids or len(ids) < len(self.tool_calls):
            reason = "two tool calls have the same id" if ids else "no tool call is open, so nothing is required"
            raise bad(self, "tool_calls", self.tool_calls, reason, "one tool call or more, ids distinct", "RS208")


@attrs.frozen(slots=True, weakref_slot=False)
class RequiredAction:
    """What must be done before the run goes on."""

    submit_tool_outputs: SubmitToolOutputs = attrs.field(validator=is_a(SubmitToolOutputs))
    type: str = attrs.field(default="submit_tool_outputs", validator=is_name)
    wire: Wire = _wire

    @classmethod
    def calls(cls, *calls: ToolCall) -> RequiredAction:
        """The action that asks for the outputs of these calls."""
        return cls(SubmitToolOutputs(calls))


@attrs.frozen(slots=True, weakref_slot=False)
class ToolOutput:
    """The answer to one tool call."""

    tool_call_id: str = attrs.field(validator=is_name)
    output: str = attrs.field(default="", validator=is_a(str))
    wire: Wire = _wire


def _total(usage: Any) -> int:
    """The sum of the two counts; 0 where one is none, so that its own validator says so."""
    counts = (usage.prompt_tokens, usage.completion_tokens)
    return sum(counts) if all(isinstance(count, int) for count in counts) else 0


@attrs.frozen(slots=True, weakref_slot=False)
class Usage:
    """Tokens used.  Null on a live run; zeros are allowed on an ended one."""

    prompt_tokens: int = attrs.field(validator=is_count)
    completion_tokens: int = attrs.field(validator=is_count)
    total_tokens: int = attrs.field(
        default=attrs.Factory(_total, takes_self=True),
        validator=is_count,
    )
    prompt_token_details: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    """As real servers spell it (singular), from 2025 on."""
    completion_tokens_details: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class IncompleteDetails:
    """Why a run ended early; real servers' reasons cannot be relied on."""

    reason: str | None = attrs.field(default=None, validator=is_a(str, null=True), metadata={"optional": True})
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class TruncationStrategy:
    """How the thread is cut to fit the model."""

    type: str = attrs.field(default="auto", validator=is_name)
    last_messages: int | None = attrs.field(default=None, validator=is_a(int, null=True))
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class FunctionDefinition:
    """A function that the model may call."""

    name: str = attrs.field(validator=is_name)
    description: str | None = attrs.field(default=None, validator=is_a(str, null=True), metadata={"optional": True})
    parameters: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    """JSON Schema; its keys are never respelled."""
    strict: bool | None = attrs.field(default=None, validator=is_a(bool, null=True), metadata={"optional": True})
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class Tool:
    """A tool of the run: ``code_interpreter``, ``retrieval`` (v1), ``file_search`` (v2), ``function``, or another."""

    type: str = attrs.field(validator=is_name)
    function: FunctionDefinition | None = attrs.field(
        default=None, validator=is_a(FunctionDefinition, null=True), metadata={"optional": True}
    )
    file_search: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class ToolChoice:
    """A tool that the model must use."""

    type: str = attrs.field(validator=is_name)
    function: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    """``{"name": …}`` where the type is ``function``."""
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False)
class ResponseFormat:
    """The form that the answer must have."""

    type: str = attrs.field(validator=is_name)
    json_schema: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire


@attrs.frozen(slots=True, weakref_slot=False, kw_only=True)
class Run:
    """The run of an assistant, in one moment of its life.

    :raises BadRecord: where a field is of the wrong kind or the fields do not fit the status.
    """

    __lifecycle__: ClassVar[Lifecycle] = ASSISTANTS_RUN

    id: str = attrs.field(validator=is_name)
    object: str = attrs.field(default="thread.run", validator=is_name)
    created_at: int = attrs.field(validator=is_created)
    assistant_id: str = attrs.field(validator=is_name)
    thread_id: str = attrs.field(validator=is_name)
    status: Status = attrs.field(converter=_run_status, validator=is_status)
    started_at: int | None = attrs.field(default=None, validator=is_time)
    """When the present leg began: a resume stamps it again."""
    expires_at: int | None = attrs.field(default=None, validator=is_time)
    cancelled_at: int | None = attrs.field(default=None, validator=is_time)
    failed_at: int | None = attrs.field(default=None, validator=is_time)
    completed_at: int | None = attrs.field(default=None, validator=is_time)
    required_action: RequiredAction | None = attrs.field(default=None, validator=is_a(RequiredAction, null=True))
    last_error: LastError | None = attrs.field(default=None, validator=is_a(LastError, null=True))
    model: str = attrs.field(default="", validator=is_a(str))
    instructions: str | None = attrs.field(default=None, validator=is_a(str, null=True))
    """Documented as not nullable; null in 129 of 577 recorded objects."""
    tools: tuple[Tool, ...] = attrs.field(default=(), converter=_tuple, validator=is_tuple_of(Tool))
    file_ids: tuple[str, ...] | None = attrs.field(
        default=None, converter=_tuple, validator=is_tuple_of(str, null=True), metadata={"optional": True}
    )
    """v1 only; its presence tells v1 from v2."""
    tool_resources: FrozenDict[str, Any] | None = attrs.field(
        default=None, converter=_read_only, validator=is_a(FrozenDict, null=True), metadata={"optional": True}
    )
    """Undocumented; in every recorded v2 object."""
    metadata: FrozenDict[str, str] | None = attrs.field(default=EMPTY, converter=_read_only, validator=is_metadata)
    temperature: float | None = attrs.field(default=None, validator=is_a(int, float, null=True))
    top_p: float | None = attrs.field(default=None, validator=is_a(int, float, null=True))
    reasoning_effort: str | None = attrs.field(
        default=None, validator=is_a(str, null=True), metadata={"optional": True}
    )
    """Undocumented; from 2025-03."""
    max_completion_tokens: int | None = attrs.field(default=None, validator=is_a(int, null=True))
    max_prompt_tokens: int | None = attrs.field(default=None, validator=is_a(int, null=True))
    truncation_strategy: TruncationStrategy | None = attrs.field(
        default=None, validator=is_a(TruncationStrategy, null=True)
    )
    incomplete_details: IncompleteDetails | None = attrs.field(
        default=None, validator=is_a(IncompleteDetails, null=True)
    )
    usage: Usage | None = attrs.field(default=None, validator=is_a(Usage, null=True))
    response_format: str | ResponseFormat | None = attrs.field(
        default=None, validator=is_a(str, ResponseFormat, null=True)
    )
    tool_choice: str | ToolChoice | None = attrs.field(default=None, validator=is_a(str, ToolChoice, null=True))
    parallel_tool_calls: bool | None = attrs.field(
        default=None, validator=is_a(bool, null=True), metadata={"optional": True}
    )
    wire: Wire = _wire

    __attrs_post_init__ = keep_rules


@attrs.frozen(slots=True, weakref_slot=False, kw_only=True)
class RunStep:
    """A step of a run.

    :raises BadRecord: where a field is of the wrong kind or the fields do not fit the status.
    """

    __lifecycle__: ClassVar[Lifecycle] = ASSISTANTS_RUN_STEP

    id: str = attrs.field(validator=is_name)
    object: str = attrs.field(default="thread.run.step", validator=is_name)
    created_at: int = attrs.field(validator=is_created)
    run_id: str = attrs.field(validator=is_name)
    assistant_id: str = attrs.field(validator=is_name)
    thread_id: str = attrs.field(validator=is_name)
    type: str = attrs.field(validator=is_name)
    status: StepStatus = attrs.field(converter=_step_status, validator=is_status)
    cancelled_at: int | None = attrs.field(default=None, validator=is_time)
    completed_at: int | None = attrs.field(default=None, validator=is_time)
    expires_at: int | None = attrs.field(default=None, validator=is_time)
    failed_at: int | None = attrs.field(default=None, validator=is_time)
    last_error: LastError | None = attrs.field(default=None, validator=is_a(LastError, null=True))
    step_details: FrozenDict[str, Any] = attrs.field(default=EMPTY, converter=_read_only, validator=is_a(FrozenDict))
    usage: Usage | None = attrs.field(default=None, validator=is_a(Usage, null=True))
    expired_at: int | None = attrs.field(default=None, validator=is_time, metadata={"optional": True})
    """Only in the specification; no recorded object has it."""
    metadata: FrozenDict[str, str] | None = attrs.field(
        default=None, converter=_read_only, validator=is_metadata, metadata={"optional": True}
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

    id: str = attrs.field(validator=is_name)
    object: str = attrs.field(default="thread.message", validator=is_name)
    created_at: int = attrs.field(validator=is_created)
    assistant_id: str | None = attrs.field(default=None, validator=is_a(str, null=True))
    thread_id: str = attrs.field(validator=is_name)
    run_id: str | None = attrs.field(default=None, validator=is_a(str, null=True))
    status: MessageStatus = attrs.field(converter=_message_status, validator=is_status)
    incomplete_details: IncompleteDetails | None = attrs.field(
        default=None, validator=is_a(IncompleteDetails, null=True)
    )
    incomplete_at: int | None = attrs.field(default=None, validator=is_time)
    completed_at: int | None = attrs.field(default=None, validator=is_time)
    role: str = attrs.field(default="assistant", validator=is_name)
    content: tuple[FrozenDict[str, Any], ...] = attrs.field(
        default=(), converter=_read_only, validator=is_tuple_of(FrozenDict)
    )
    attachments: tuple[FrozenDict[str, Any], ...] | None = attrs.field(
        default=None, converter=_read_only, validator=is_tuple_of(FrozenDict, null=True), metadata={"optional": True}
    )
    """v2; v1 has ``file_ids`` in its place."""
    file_ids: tuple[str, ...] | None = attrs.field(
        default=None, converter=_tuple, validator=is_tuple_of(str, null=True), metadata={"optional": True}
    )
    metadata: FrozenDict[str, str] | None = attrs.field(default=EMPTY, converter=_read_only, validator=is_metadata)
    wire: Wire = _wire

    __attrs_post_init__ = keep_rules
