"""Records: what they hold, what they refuse, and that nothing changes them."""

from __future__ import annotations

import copy
import itertools
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from runstate import record as module
from runstate.errors import BadRecord
from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycles.assistants_message import MessageStatus
from runstate.lifecycles.assistants_run import Status
from runstate.lifecycles.assistants_step import StepStatus
from runstate.record import (
    NO_WIRE,
    FunctionCall,
    FunctionDefinition,
    IncompleteDetails,
    LastError,
    Message,
    RequiredAction,
    ResponseFormat,
    Run,
    RunStep,
    SubmitToolOutputs,
    Tool,
    ToolCall,
    ToolChoice,
    ToolOutput,
    TruncationStrategy,
    Usage,
    Wire,
    keep_rules,
)
from tests.test_assistants_run import COLUMNS, PRESENCE

Fields = dict[str, Any]

ACTION = RequiredAction.calls(ToolCall("call_1", FunctionCall("add", '{"a": 1}')))
SCHEMA = FrozenDict({"type": "object", "required": ("a",)})
# Every class with all of its fields set; what the record rules forbid together is left out of it here.
FULL: dict[type, Fields] = {
    LastError: {"code": "server_error", "message": "Sorry."},
    FunctionCall: {"name": "add", "arguments": "{}", "output": "3"},
    ToolCall: {"id": "call_1", "function": FunctionCall("add"), "type": "function"},
    SubmitToolOutputs: {"tool_calls": (ToolCall("call_1", FunctionCall("add")),)},
    RequiredAction: {"submit_tool_outputs": ACTION.submit_tool_outputs, "type": "submit_tool_outputs"},
    ToolOutput: {"tool_call_id": "call_1", "output": "3"},
    Usage: {
        "prompt_tokens": 2,
        "completion_tokens": 3,
        "total_tokens": 5,
        "prompt_token_details": FrozenDict({"cached_tokens": 1}),
        "completion_tokens_details": FrozenDict({"reasoning_tokens": 1}),
    },
    IncompleteDetails: {"reason": "max_prompt_tokens"},
    TruncationStrategy: {"type": "last_messages", "last_messages": 3},
    FunctionDefinition: {"name": "add", "description": "Adds.", "parameters": SCHEMA, "strict": True},
    Tool: {
        "type": "function",
        "function": FunctionDefinition("add"),
        "file_search": FrozenDict({"max_num_results": 3}),
    },
    ToolChoice: {"type": "function", "function": FrozenDict({"name": "add"})},
    ResponseFormat: {"type": "json_schema", "json_schema": SCHEMA},
    Run: {
        "id": "run_1",
        "object": "thread.run",
        "created_at": 10,
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "status": Status.REQUIRES_ACTION,
        "started_at": 11,
        "expires_at": 610,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "required_action": ACTION,
        "last_error": None,
        "model": "gpt-4o",
        "instructions": "Add.",
        "tools": (Tool("code_interpreter"), Tool("retrieval")),
        "file_ids": ("file_1",),
        "tool_resources": EMPTY,
        "metadata": FrozenDict({"key": "value"}),
        "temperature": 0.5,
        "top_p": 1,
        "reasoning_effort": "low",
        "max_completion_tokens": 256,
        "max_prompt_tokens": 256,
        "truncation_strategy": TruncationStrategy(),
        "incomplete_details": None,
        "usage": None,
        "response_format": "auto",
        "tool_choice": ToolChoice("file_search"),
        "parallel_tool_calls": True,
    },
    RunStep: {
        "id": "step_1",
        "object": "thread.run.step",
        "created_at": 10,
        "run_id": "run_1",
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "type": "tool_calls",
        "status": StepStatus.FAILED,
        "cancelled_at": None,
        "completed_at": None,
        "expires_at": 610,
        "failed_at": 12,
        "last_error": LastError("server_error"),
        "step_details": FrozenDict({"type": "tool_calls", "tool_calls": ()}),
        "usage": Usage(0, 0),
        "expired_at": 12,
        "metadata": EMPTY,
    },
    Message: {
        "id": "msg_1",
        "object": "thread.message",
        "created_at": 10,
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "run_id": "run_1",
        "status": MessageStatus.INCOMPLETE,
        "incomplete_details": IncompleteDetails("max_tokens"),
        "incomplete_at": 12,
        "completed_at": None,
        "role": "assistant",
        "content": (FrozenDict({"type": "text"}),),
        "attachments": (FrozenDict({"file_id": "file_1"}),),
        "file_ids": ("file_1",),
        "metadata": FrozenDict({"key": "value"}),
    },
}
CLASSES = list(FULL)
NAMES = [cls.__name__ for cls in CLASSES]


def full(cls: type, changes: Fields) -> Fields:
    """All fields of a class, some of them changed."""
    return FULL.get(cls, {}) | changes


def run(status: str = "queued", **changes: Any) -> Run:
    """A run in any status, as the record rules want it, with some fields changed."""
    return Run(**right(status, changes))


def right(status: str, changes: Fields) -> Fields:
    fields: Fields = {"id": "run_1", "assistant_id": "asst_1", "thread_id": "thread_1", "status": status}
    fields |= {field: VALUES[field] for field, word in PRESENCE[status].items() if word == "set"}
    return fields | changes


VALUES: Fields = {
    "created_at": 10,
    "started_at": 11,
    "expires_at": 610,
    "required_action": ACTION,
    "failed_at": 12,
    "last_error": LastError("server_error"),
    "cancelled_at": 12,
    "completed_at": 12,
    "usage": Usage(1, 2),
    "incomplete_details": IncompleteDetails(),
}


# --- fields -----------------------------------------------------------------------------------------------------------


def test_every_class_of_the_module_is_in_the_table_of_this_test() -> None:
    assert {name for name in module.__all__ if isinstance(getattr(module, name), type)} == {*NAMES, "Wire"}


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_a_record_has_the_fields_of_the_table_and_holds_what_it_is_given(cls: type) -> None:
    assert [field.name for field in attrs.fields(cls)] == [*FULL[cls], "wire"]
    made = cls(**FULL[cls])
    assert FULL[cls] == {name: getattr(made, name) for name in FULL[cls]}


def test_a_run_has_every_field_of_the_clients_it_replaces() -> None:
    node = (
        "id object assistant_id thread_id status created_at started_at cancelled_at failed_at completed_at expires_at"
    )
    node += " file_ids tools instructions model metadata last_error required_action"
    v2 = "usage temperature top_p incomplete_details max_prompt_tokens max_completion_tokens truncation_strategy"
    v2 += " tool_choice response_format parallel_tool_calls tool_resources reasoning_effort"
    assert {field.name for field in attrs.fields(Run)} == {*node.split(), *v2.split(), "wire"}


def test_a_status_is_a_member_of_its_enumeration_however_it_was_written() -> None:
    assert [type(run("queued").status), type(run(Status.QUEUED).status)] == [Status, Status]
    assert type(RunStep(**full(RunStep, {"status": "failed"})).status) is StepStatus
    assert type(Message(**full(Message, {"status": "incomplete"})).status) is MessageStatus


def test_the_total_of_a_usage_is_the_sum_unless_told_otherwise() -> None:
    assert Usage(2, 3).total_tokens == 5
    assert Usage(2, 3, 6).total_tokens == 6


# One value of the wrong kind a field; more below, where a kind has more ways to be wrong.
WRONG = object()


@pytest.mark.parametrize(
    ("cls", "field"), [pytest.param(cls, field, id=f"{cls.__name__}.{field}") for cls in CLASSES for field in FULL[cls]]
)
def test_a_value_of_the_wrong_type_is_refused_and_the_field_named(cls: type, field: str) -> None:
    with pytest.raises(BadRecord) as caught:
        cls(**full(cls, {field: WRONG}))
    found = caught.value
    assert (found.record, found.field, found.value) == (cls.__name__, field, WRONG)
    assert found.rule in {"RS106", "RS206", "RS209"}
    assert found.allowed
    assert found.reason


NULLABLE: dict[type, str] = {
    FunctionCall: "output",
    ToolCall: "function",
    Usage: "prompt_token_details completion_tokens_details",
    IncompleteDetails: "reason",
    TruncationStrategy: "last_messages",
    FunctionDefinition: "description parameters strict",
    Tool: "function file_search",
    ToolChoice: "function",
    ResponseFormat: "json_schema",
    Run: (
        "started_at expires_at cancelled_at failed_at completed_at required_action last_error instructions file_ids "
        "tool_resources metadata temperature top_p reasoning_effort max_completion_tokens max_prompt_tokens "
        "truncation_strategy incomplete_details usage response_format tool_choice parallel_tool_calls"
    ),
    RunStep: "cancelled_at completed_at expires_at failed_at last_error usage expired_at metadata",
    Message: "assistant_id run_id incomplete_details incomplete_at completed_at attachments file_ids metadata",
}


@pytest.mark.parametrize(
    ("cls", "field"), [pytest.param(cls, field, id=f"{cls.__name__}.{field}") for cls in CLASSES for field in FULL[cls]]
)
def test_null_is_taken_where_the_api_has_it_and_nowhere_else(cls: type, field: str) -> None:
    """Whether it fits the status is another rule."""
    found = refusal(cls, full(cls, {field: None}))
    taken = found is None or found.rule == "RS201"
    assert taken is (field in NULLABLE.get(cls, "").split())
    assert found is None or found.field == field


def refusal(cls: type, fields: Fields) -> BadRecord | None:
    """What is wrong with the fields, None where a record can be built of them."""
    try:
        cls(**fields)
    except BadRecord as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("cls", "field"),
    [
        *((Run, field) for field in ("created_at", "started_at", "expires_at", "completed_at", "failed_at")),
        *((Run, field) for field in ("cancelled_at", "temperature", "top_p", "max_prompt_tokens")),
        (Run, "max_completion_tokens"),
        *((RunStep, field) for field in ("created_at", "expires_at", "expired_at", "failed_at")),
        *((Message, field) for field in ("created_at", "incomplete_at", "completed_at")),
        *((Usage, field) for field in ("prompt_tokens", "completion_tokens", "total_tokens")),
        (TruncationStrategy, "last_messages"),
    ],
)
def test_true_is_no_number(cls: type, field: str) -> None:
    with pytest.raises(BadRecord) as caught:
        cls(**full(cls, {field: True}))
    assert (caught.value.field, caught.value.rule) == (field, "RS206")


@pytest.mark.parametrize("field", ["created_at", "started_at", "expires_at"])
@pytest.mark.parametrize("value", [-1, 1.5, 10.0, "10", float("nan")])
def test_a_time_is_whole_seconds_from_the_epoch_on(field: str, value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        run("in_progress", **{field: value})
    assert (caught.value.field, caught.value.rule) == (field, "RS206")


def test_a_time_may_be_the_epoch_itself() -> None:
    assert run("in_progress", created_at=0, started_at=0).started_at == 0


@pytest.mark.parametrize("value", [-1, 1.5, "1", None])
def test_a_count_is_a_whole_number_from_0_on(value: object) -> None:
    wrong: Any = value
    with pytest.raises(BadRecord) as caught:
        Usage(wrong, 0)
    assert (caught.value.field, caught.value.rule) == ("prompt_tokens", "RS206")
    assert Usage(0, 0).total_tokens == 0


@pytest.mark.parametrize("field", ["id", "object", "assistant_id", "thread_id"])
def test_a_name_is_not_empty(field: str) -> None:
    with pytest.raises(BadRecord) as caught:
        run(**{field: ""})
    assert caught.value.field == field


@pytest.mark.parametrize("value", ["running", "", "QUEUED", None, 1, []])
def test_an_unknown_status_is_refused_and_the_known_ones_listed(value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        Run(**full(Run, {"status": value}))
    assert (caught.value.field, caught.value.rule, caught.value.value) == ("status", "RS106", value)
    assert caught.value.allowed.split(", ") == list(PRESENCE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tools", [Tool("code_interpreter"), "retrieval"]),
        ("tools", "retrieval"),
        ("file_ids", ["file_1", 2]),
        ("file_ids", "file_1"),
        ("parallel_tool_calls", 1),
        ("response_format", 1),
        ("required_action", {"type": "submit_tool_outputs"}),
    ],
)
def test_a_collection_holds_one_kind_and_a_part_is_a_record(field: str, value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        Run(**full(Run, {field: value}))
    assert caught.value.field == field


@pytest.mark.parametrize("value", [[1], ["text"], (None,), "text", {"type": "text"}])
@pytest.mark.parametrize("field", ["content", "attachments"])
def test_parts_of_a_message_are_mappings(field: str, value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        Message(**full(Message, {field: value}))
    assert caught.value.field == field


@pytest.mark.parametrize("calls", [[], [ToolCall("a", None), ToolCall("a", None)]])
def test_an_action_without_calls_or_with_two_of_one_id_is_refused(calls: list[ToolCall]) -> None:
    with pytest.raises(BadRecord) as caught:
        RequiredAction.calls(*calls)
    assert (caught.value.field, caught.value.rule) == ("tool_calls", "RS208")
    assert ("same id" in caught.value.reason) is bool(calls)


# --- limits of metadata -----------------------------------------------------------------------------------------------

AT_LIMIT = [
    {},
    {f"k{number}": "" for number in range(16)},
    {"k" * 64: "v"},
    {"k": "v" * 512},
    {"": ""},
]
BEYOND = [
    {f"k{number}": "" for number in range(17)},
    {"k" * 65: "v"},
    {"k": "v" * 513},
    {"k": 1},
    {1: "v"},
    {"k": None},
    {"k": {}},
    {"k": ["v"]},
    [],
    "k=v",
]


@pytest.mark.parametrize("value", AT_LIMIT, ids=range(len(AT_LIMIT)))
@pytest.mark.parametrize("cls", [Run, RunStep, Message])
def test_metadata_at_each_limit_is_taken(cls: type, value: object) -> None:
    assert cls(**full(cls, {"metadata": value})).metadata == value


@pytest.mark.parametrize("value", BEYOND, ids=range(len(BEYOND)))
@pytest.mark.parametrize("cls", [Run, RunStep, Message])
def test_metadata_beyond_each_limit_is_refused(cls: type, value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        cls(**full(cls, {"metadata": value}))
    assert (caught.value.field, caught.value.rule) == ("metadata", "RS209")


# --- the record rules -------------------------------------------------------------------------------------------------

PAIRS = [(status, field) for status in PRESENCE for field in COLUMNS.split()]


@pytest.mark.parametrize(("status", "field"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_a_field_is_set_or_null_as_the_table_typed_by_hand_says(status: str, field: str) -> None:
    """All 9 statuses x 10 fields, set and null."""
    codes = {"set": {"RS202", "RS203", "RS204"}, "null": {"RS201", "RS206"}}
    expected = PRESENCE[status][field]
    for word, value in (("set", VALUES[field]), ("null", None)):
        found = refusal(Run, right(status, {field: value}))
        assert (found is None) is (expected in {"free", word})
        if found is not None:
            assert (found.record, found.field, found.value) == ("Run", field, value)
            assert found.rule in codes[word]


@pytest.mark.parametrize("status", PRESENCE)
def test_of_all_combinations_of_set_and_null_exactly_the_right_ones_can_be_built(status: str) -> None:
    """2 to the 9 of them; created_at is always given."""
    fields = COLUMNS.split()[1:]
    wrong: list[Fields] = []
    for chosen in itertools.product((True, False), repeat=len(fields)):
        values = {field: VALUES[field] if on else None for field, on in zip(fields, chosen, strict=True)}
        fits = all(
            PRESENCE[status][field] in {"free", "set" if value is not None else "null"}
            for field, value in values.items()
        )
        if fits is not builds(status, values):
            wrong.append(values)
    assert wrong == []


def builds(status: str, fields: Fields) -> bool:
    return refusal(Run, right(status, fields)) is None


ORDER = [
    ("in_progress", "started_at", "created_at"),
    ("queued", "expires_at", "created_at"),
    ("completed", "completed_at", "created_at"),
    ("completed", "completed_at", "started_at"),
    ("failed", "failed_at", "started_at"),
    ("cancelled", "cancelled_at", "started_at"),
]


@pytest.mark.parametrize(("status", "later", "earlier"), ORDER)
def test_times_are_in_order_and_may_be_equal(status: str, later: str, earlier: str) -> None:
    times = dict.fromkeys(("created_at", "started_at", earlier, later), 20)
    assert getattr(run(status, **times), later) == 20
    with pytest.raises(BadRecord) as caught:
        run(status, **{**times, later: 19})
    assert (caught.value.field, caught.value.rule, caught.value.value) == (later, "RS301", 19)


def test_the_first_broken_rule_is_named_with_field_rule_value_and_status() -> None:
    with pytest.raises(BadRecord) as caught:
        run("completed", usage=None, failed_at=12, expires_at=610)
    found = caught.value
    assert (found.record, found.field, found.rule, found.value, found.status) == (
        "Run",
        "failed_at",
        "RS202",
        12,
        "completed",
    )
    assert str(found) == (
        "Run.failed_at = 12 in status 'completed': failed_at must be null in status completed (RS202). Allowed: null."
    )


def test_quirks_of_v1_can_be_built_in_v1_only() -> None:
    swept = run("expired", completed_at=12, file_ids=[])
    cut = run("completed", incomplete_details=IncompleteDetails(), file_ids=["file_1"])
    assert (swept.completed_at, cut.incomplete_details) == (12, IncompleteDetails())
    assert not builds("expired", {"completed_at": 12})
    assert not builds("completed", {"incomplete_details": IncompleteDetails()})


@pytest.mark.parametrize(
    ("cls", "changes", "field", "rule"),
    [
        (RunStep, {"failed_at": None}, "failed_at", "RS201"),
        (RunStep, {"status": "in_progress"}, "failed_at", "RS203"),
        (RunStep, {"completed_at": 12}, "completed_at", "RS202"),
        (RunStep, {"failed_at": 9}, "failed_at", "RS301"),
        (Message, {"incomplete_at": None}, "incomplete_at", "RS201"),
        (Message, {"status": "in_progress"}, "incomplete_at", "RS203"),
        (Message, {"completed_at": 12}, "completed_at", "RS202"),
        (Message, {"incomplete_at": 9}, "incomplete_at", "RS301"),
    ],
)
def test_steps_and_messages_keep_their_rules(cls: type, changes: Fields, field: str, rule: str) -> None:
    with pytest.raises(BadRecord) as caught:
        cls(**full(cls, {**changes}))
    assert (caught.value.field, caught.value.rule) == (field, rule)


def test_a_step_keeps_its_deadline_at_the_end_or_not() -> None:
    assert [RunStep(**full(RunStep, {"expires_at": at})).expires_at for at in (610, None)] == [610, None]


def test_evolving_into_a_wrong_record_is_refused_too() -> None:
    with pytest.raises(BadRecord) as caught:
        attrs.evolve(run("queued"), status="completed")
    assert caught.value.rule == "RS201"


def test_keep_rules_says_nothing_of_a_right_record() -> None:
    assert keep_rules(run("completed")) is None  # type: ignore[func-returns-value]


# --- values that cannot change ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [*CLASSES, Wire], ids=[*NAMES, "Wire"])
def test_a_record_is_frozen_and_has_no_room_for_more(cls: type) -> None:
    made: Any = cls(**FULL.get(cls, {}))
    for name in [field.name for field in attrs.fields(cls)]:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, name, None)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(made, name)
    with pytest.raises(AttributeError):
        made.extra = 1
    assert not hasattr(made, "__dict__")
    with pytest.raises(TypeError, match="weak reference"):
        weakref.ref(made)


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda made: pickle.loads(pickle.dumps(made)),
    "evolve": attrs.evolve,
    "rebuilt": lambda made: type(made)(**{f.name: getattr(made, f.name) for f in attrs.fields(type(made))}),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("cls", [*CLASSES, Wire], ids=[*NAMES, "Wire"])
def test_a_copy_is_equal_and_has_the_same_hash(cls: type, copied: Callable[[Any], Any]) -> None:
    made = cls(**FULL.get(cls, {}))
    other = copied(made)
    assert type(other) is cls
    assert (made, hash(made), repr(made)) == (other, hash(other), repr(other))


@pytest.mark.parametrize(
    ("cls", "field", "other"),
    [
        *((Run, field, item) for field, item in {"id": "run_2", "created_at": 9, "status": "queued"}.items()),
        (Run, "metadata", {}),
        (Run, "tools", []),
        (Usage, "total_tokens", 6),
        (LastError, "message", "Other."),
        (Wire, "spelling", "camel"),
    ],
)
def test_records_that_differ_in_a_field_are_not_equal(cls: type, field: str, other: object) -> None:
    more: Fields = {"required_action": None} if field == "status" else {}
    assert cls(**FULL.get(cls, {})) != cls(**{**FULL.get(cls, {}), field: other, **more})


WIRE = Wire(keys=frozenset({"id"}), extra=FrozenDict({"new": 1}), spelling="camel")


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_the_wire_takes_no_part_in_equality_hash_or_repr(cls: type) -> None:
    plain, decoded = cls(**FULL[cls]), cls(**FULL[cls], wire=WIRE)
    assert (plain.wire, decoded.wire) == (NO_WIRE, WIRE)
    assert (plain, hash(plain), repr(plain)) == (decoded, hash(decoded), repr(decoded))


@pytest.mark.parametrize("cls", CLASSES, ids=NAMES)
def test_the_wire_stays_with_every_copy(cls: type) -> None:
    decoded = cls(**FULL[cls], wire=WIRE)
    assert {name: copied(decoded).wire for name, copied in COPIES.items()} == dict.fromkeys(COPIES, WIRE)


def test_lists_become_tuples_and_dicts_become_read_only() -> None:
    made = run(tools=[Tool("retrieval")], file_ids=["file_1"], metadata={"k": "v"}, tool_resources={"a": [{"b": [1]}]})
    assert (made.tools, made.file_ids) == ((Tool("retrieval"),), ("file_1",))
    assert (type(made.metadata), made.metadata) == (FrozenDict, {"k": "v"})
    assert made.tool_resources == {"a": ({"b": (1,)},)}


def test_tuples_of_dicts_become_read_only_too() -> None:
    made = Message(**full(Message, {"content": ({"type": "text"},), "attachments": ({"tools": [{}]},)}))
    assert (made.content, made.attachments) == (({"type": "text"},), ({"tools": ({},)},))
    assert [type(part) for part in (*made.content, *(made.attachments or ()))] == [FrozenDict, FrozenDict]
    assert isinstance(hash(made), int)


def test_a_record_shares_nothing_with_what_it_was_made_of() -> None:
    metadata, tools = {"k": "v"}, [Tool("retrieval")]
    made = run(metadata=metadata, tools=tools)
    metadata["k"] = "other"
    tools.clear()
    assert (made.metadata, made.tools) == ({"k": "v"}, (Tool("retrieval"),))


def test_default_collections_are_empty_and_read_only() -> None:
    assert (run().metadata, type(run().metadata), run().tools) == ({}, FrozenDict, ())
