from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate import codec, edge, sse
from runstate.codec import Spelling, decode, decode_list, encode, encode_bytes
from runstate.edge import Limits
from runstate.errors import BadRecord, DecodeError
from runstate.frozen import FrozenDict, freeze
from runstate.lifecycles.assistants_message import MessageStatus
from runstate.lifecycles.assistants_run import Status
from runstate.lifecycles.assistants_step import StepStatus
from runstate.record import (
    FunctionCall,
    LastError,
    Message,
    RequiredAction,
    ResponseFormat,
    Run,
    RunStep,
    Tool,
    ToolCall,
    Usage,
    Wire,
)
from tests import facts
from tests.strategies import objects, runs, texts, values

KINDS: dict[Any, Any] = {"thread.run": Run, "thread.run.step": RunStep, "thread.message": Message}
SPELLINGS: tuple[Spelling, ...] = ("snake", "camel")

MINIMAL: dict[str, Any] = {
    "id": "run_1",
    "created_at": 1,
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "status": "queued",
    "expires_at": 601,
}

# One run in which every member of every part is there.  No real run has them all: this one waits for tool outputs.
FULL: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1,
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "status": "requires_action",
    "started_at": 2,
    "expires_at": 601,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "required_action": {
        "type": "submit_tool_outputs",
        "submit_tool_outputs": {
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "next_high_water", "arguments": '{"at_harbour":"Kiel"}', "output": None},
                }
            ]
        },
    },
    "last_error": None,
    "model": "gpt-4o",
    "instructions": "Answer in one sentence.",
    "tools": [
        {"type": "code_interpreter"},
        {
            "type": "file_search",
            "file_search": {"max_num_results": 3, "ranking_options": {"ranker": "auto", "score_threshold": 0.0}},
        },
        {
            "type": "function",
            "function": {
                "name": "next_high_water",
                "description": "High water at a harbour",
                "parameters": {"type": "object", "properties": {"created_at": {"type": "string"}}},
                "strict": False,
            },
        },
    ],
    "file_ids": ["file_1"],
    "tool_resources": {"code_interpreter": {"file_ids": []}},
    "metadata": {"created_at": "never", "createdAt": "nowhere"},
    "temperature": 1.0,
    "top_p": 1,
    "reasoning_effort": None,
    "max_completion_tokens": 256,
    "max_prompt_tokens": None,
    "truncation_strategy": {"type": "last_messages", "last_messages": 4},
    "incomplete_details": None,
    "usage": None,
    "response_format": {"type": "json_schema", "json_schema": {"max_items": 1}},
    "tool_choice": {"type": "function", "function": {"name": "next_high_water"}},
    "parallel_tool_calls": True,
}

FULL_CAMEL: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "createdAt": 1,
    "assistantId": "asst_1",
    "threadId": "thread_1",
    "status": "requires_action",
    "startedAt": 2,
    "expiresAt": 601,
    "cancelledAt": None,
    "failedAt": None,
    "completedAt": None,
    "requiredAction": {
        "type": "submit_tool_outputs",
        "submitToolOutputs": {
            "toolCalls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "next_high_water", "arguments": '{"at_harbour":"Kiel"}', "output": None},
                }
            ]
        },
    },
    "lastError": None,
    "model": "gpt-4o",
    "instructions": "Answer in one sentence.",
    "tools": [
        {"type": "code_interpreter"},
        {
            "type": "file_search",
            "fileSearch": {"maxNumResults": 3, "rankingOptions": {"ranker": "auto", "scoreThreshold": 0.0}},
        },
        {
            "type": "function",
            "function": {
                "name": "next_high_water",
                "description": "High water at a harbour",
                "parameters": {"type": "object", "properties": {"created_at": {"type": "string"}}},
                "strict": False,
            },
        },
    ],
    "fileIds": ["file_1"],
    "toolResources": {"code_interpreter": {"file_ids": []}},
    "metadata": {"created_at": "never", "createdAt": "nowhere"},
    "temperature": 1.0,
    "topP": 1,
    "reasoningEffort": None,
    "maxCompletionTokens": 256,
    "maxPromptTokens": None,
    "truncationStrategy": {"type": "last_messages", "lastMessages": 4},
    "incompleteDetails": None,
    "usage": None,
    "responseFormat": {"type": "json_schema", "jsonSchema": {"max_items": 1}},
    "toolChoice": {"type": "function", "function": {"name": "next_high_water"}},
    "parallelToolCalls": True,
}

# A run that failed, for the parts that a waiting one cannot have.
FAILED: dict[str, Any] = {
    **MINIMAL,
    "status": "failed",
    "expires_at": None,
    "failed_at": 9,
    "last_error": {"code": "server_error", "message": "Sorry."},
    "usage": {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "prompt_token_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
}

INCOMPLETE: dict[str, Any] = {
    **MINIMAL,
    "status": "incomplete",
    "started_at": 2,
    "expires_at": None,
    "completed_at": 9,
    "incomplete_details": {"reason": "max_prompt_tokens"},
}

STEP: dict[str, Any] = {
    "id": "step_1",
    "object": "thread.run.step",
    "created_at": 1,
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "run_id": "run_1",
    "type": "tool_calls",
    "status": "in_progress",
    "step_details": {"type": "tool_calls", "tool_calls": [{"id": "c", "file_search": {"results": [{"file_id": "f"}]}}]},
}

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1,
    "thread_id": "thread_1",
    "status": "completed",
    "completed_at": 2,
    "content": [
        {"type": "text", "text": {"value": "Hi", "annotations": [{"start_index": 0, "file_id": "no name here"}]}}
    ],
    "attachments": [{"file_id": "file_1", "tools": []}],
}


def queued(**fields: Any) -> Run:
    """A run that was not decoded."""
    return Run(**{**MINIMAL, **fields})


def same(one: Any, other: Any) -> bool:
    """Equal as JSON values: 1, 1.0 and True are three, 0.0 and -0.0 two; the order of members does not count."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


def wires(record: Any) -> list[Wire]:
    """The wire of a record and of all parts, in the order of the fields."""
    if isinstance(record, tuple):
        return [wire for item in record for wire in wires(item)]
    if not attrs.has(type(record)) or isinstance(record, Wire):
        return []
    parts = (getattr(record, field.name) for field in attrs.fields(type(record)))
    return [record.wire, *(wire for part in parts for wire in wires(part))]


def without(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def put(document: dict[str, Any], path: Steps, value: Any) -> dict[str, Any]:
    """A copy in which the value stands at the path."""
    changed = copy.deepcopy(document)
    at: Any = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return changed


def refusal(document: Any, kind: type[Any] = Run, **options: Any) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(document, kind, **options)
    error = caught.value
    assert error.problem in WORDS
    return error


def outcome(data: Any, kind: Any = Run) -> Any:
    """The record, or the refusal; anything else that is raised comes through."""
    try:
        return decode(data, kind)
    except DecodeError as error:
        return error


WORDS = codec.PROBLEMS.keys() | edge.PROBLEMS.keys()

# -- real objects ------------------------------------------------------------------------------------------------------


def assert_round_trips(document: dict[str, Any]) -> None:
    kind = KINDS[document["object"]]
    record = decode(document, kind)
    assert same(encode(record), document)
    assert same(json.loads(encode_bytes(record)), document)
    camel = encode(record, spelling="camel")
    again = decode(camel, kind)
    assert again == record
    assert again.wire.spelling == "camel"
    assert same(encode(again), camel)
    assert same(encode(again, spelling="snake"), document)


def test_rebuilt_recordings_round_trip() -> None:
    seen = Counter[str]()
    for fact in facts.observations():
        if fact.object is not None and fact.object in KINDS:
            assert_round_trips(facts.as_object(fact))
            seen[fact.object] += 1
    assert seen == {"thread.run": 302, "thread.run.step": 57, "thread.message": 36}


def recorded(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("assistants/*/*")):
        if path.suffix == ".sse":
            texts = [(event.line, event.data) for event in sse.parse(path.read_bytes())]
        else:
            texts = list(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
        for line, text in texts:
            if text.startswith("{"):
                yield f"{path.parent.name}/{path.name}:{line}", json.loads(text)


# Two outputs of Node's console.log, stored as if they were JSON: `[Object]` and `[Array]` stand where values were.
PRINTOUTS = {
    "index-excerpts/runs.jsonl:5": "$.tools[0].function",
    "index-excerpts/runs.jsonl:6": "$.required_action.submit_tool_outputs.tool_calls[0]",
}


def test_real_recordings_round_trip(recordings: Path) -> None:
    seen = Counter[str]()
    for place, document in recorded(recordings):
        kind = document.get("object", "")
        if kind not in KINDS:
            continue
        if place in PRINTOUTS:
            assert refusal(document, KINDS[kind]).path == PRINTOUTS[place]
            continue
        assert_round_trips(document)
        seen[kind] += 1
    assert seen == {"thread.run": 300, "thread.run.step": 57, "thread.message": 36}


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_a_run_that_was_not_decoded_is_a_complete_v2_object() -> None:
    run = queued()
    assert list(encode(run)) == [
        "id", "object", "created_at", "assistant_id", "thread_id", "status", "started_at", "expires_at",
        "cancelled_at", "failed_at", "completed_at", "required_action", "last_error", "model", "instructions", "tools",
        "metadata", "temperature", "top_p", "max_completion_tokens", "max_prompt_tokens", "truncation_strategy",
        "incomplete_details", "usage", "response_format", "tool_choice",
    ]  # fmt: skip
    assert encode(run)["status"] == "queued"
    assert (encode(run)["tools"], encode(run)["metadata"]) == ([], {})


def test_optional_members_are_written_once_they_are_set() -> None:
    run = queued(tool_resources=freeze({}), parallel_tool_calls=False)
    document = encode(run)
    assert document["tool_resources"] == {}
    assert document["parallel_tool_calls"] is False
    assert "reasoning_effort" not in document


@pytest.mark.parametrize(
    "document",
    [
        MINIMAL,
        MINIMAL | {"usage": None},
        MINIMAL | {"file_ids": None},
        MINIMAL | {"reasoning_effort": None},
        MINIMAL | {"metadata": None},
        MINIMAL | {"tools": []},
        MINIMAL | {"wire": "a member of this name", "\x01": [], "": {"": None}},
        FULL,
        FAILED,
        INCOMPLETE,
        put(FAILED, ("usage",), {"prompt_tokens": 1, "completion_tokens": 1}),
        put(FAILED, ("usage", "total_tokens"), 99),
        put(INCOMPLETE, ("incomplete_details",), {}),
        put(FULL, ("required_action", "submit_tool_outputs", "tool_calls", 0), {"id": "c", "type": "x", "x": [1]}),
        put(FULL, ("tool_choice",), "required"),
        put(FULL, ("response_format",), "auto"),
        put(FULL, ("truncation_strategy",), {"type": "auto"}),
    ],
)
def test_absent_null_and_unknown_members_are_kept_apart(document: dict[str, Any]) -> None:
    assert same(encode(decode(document)), document)
    assert decode(encode_bytes(decode(document))) == decode(document)


def test_wire_says_what_was_there() -> None:
    run = decode({**MINIMAL, "usage": None, "shard": [1, {"a": 2}]})
    assert run.wire.keys == frozenset({*MINIMAL, "usage"})
    assert run.wire.extra == {"shard": (1, {"a": 2})}
    assert decode(FULL_CAMEL).wire.keys == FULL.keys()  # by the names of the record's fields


@pytest.mark.parametrize(
    ("kind", "document"), [(Run, FULL), (Run, FAILED), (Run, INCOMPLETE), (RunStep, STEP), (Message, MESSAGE)]
)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_unknown_members_are_kept_at_every_level(kind: Any, document: dict[str, Any], spelling: Spelling) -> None:
    """One is put into every object in turn, with names of the schema below it."""
    whole = encode(decode(document, kind), spelling=spelling)
    places = [path for path, value in paths(whole) if isinstance(value, dict)]
    assert ("tools", 2, "function") in places or document is not FULL
    for place in [(), *places]:
        if place and place[0] == "metadata":
            continue
        changed = put(whole, (*place, "new_fieldName"), {"created_at": 1, "createdAt": [None, 2.0]})
        record = decode(changed, kind)
        assert same(encode(record), changed)
        other: Spelling = "snake" if spelling == "camel" else "camel"
        assert same(encode(decode(encode(record, spelling=other), kind), spelling=spelling), changed)


def test_what_changed_since_is_written_and_what_was_absent_stays_absent() -> None:
    run = attrs.evolve(decode(MINIMAL), status=Status.IN_PROGRESS, started_at=5)
    assert encode(run) == {**MINIMAL, "status": "in_progress", "started_at": 5}
    waiting = attrs.evolve(
        run, status=Status.REQUIRES_ACTION, required_action=RequiredAction.calls(ToolCall("c", FunctionCall("f")))
    )
    assert encode(waiting)["required_action"]["submit_tool_outputs"]["tool_calls"] == [
        {"id": "c", "function": {"name": "f", "arguments": ""}, "type": "function"}
    ]
    assert "required_action" not in encode(attrs.evolve(waiting, status=Status.QUEUED, required_action=None))


def test_records_share_nothing_with_the_document_and_documents_nothing_with_records() -> None:
    document: dict[str, Any] = copy.deepcopy(FULL) | {"shard": [[1]]}
    run = decode(document)
    for list_or_dict in (document["metadata"], document["tools"][2]["function"]["parameters"], document["tools"]):
        list_or_dict.clear()
    document["shard"][0].append(2)
    first = encode(run)
    first["metadata"].clear()
    first["shard"][0].clear()
    assert encode(run) == FULL | {"shard": [[1]]}


def test_only_json_types_are_written() -> None:
    class Code(str, Enum):  # noqa: UP042 - its str() is not its value
        OVERLOADED = "overloaded"

    class Count(int):
        def __repr__(self) -> str:
            return "many"

    error = encode(LastError(Code.OVERLOADED))
    assert same(error, {"code": "overloaded", "message": ""})
    assert same(encode(Usage(Count(1), Count(2)))["prompt_tokens"], 1)
    assert same(
        encode(Tool("x", file_search=freeze({"a": (Code.OVERLOADED, 1.5)})))["file_search"], {"a": ["overloaded", 1.5]}
    )


def test_what_json_cannot_say_is_not_written() -> None:
    run = queued(temperature=float("nan"))
    with pytest.raises(DecodeError) as caught:
        encode_bytes(run)
    assert (caught.value.path, caught.value.problem) == ("$.temperature", "not_finite")


# -- spelling ----------------------------------------------------------------------------------------------------------


def test_the_names_of_the_schema_are_respelled_and_nothing_else() -> None:
    assert decode(FULL_CAMEL) == decode(FULL)
    assert same(encode(decode(FULL), spelling="camel"), FULL_CAMEL)
    assert same(encode(decode(FULL_CAMEL), spelling="snake"), FULL)
    assert same(encode(decode(FULL_CAMEL)), FULL_CAMEL)


def test_names_inside_steps_and_messages_are_respelled_along_the_schema() -> None:
    step = encode(decode(STEP, RunStep), spelling="camel")
    assert step["stepDetails"] == {
        "type": "tool_calls",
        "toolCalls": [{"id": "c", "fileSearch": {"results": [{"fileId": "f"}]}}],
    }
    message = encode(decode(MESSAGE, Message), spelling="camel")
    assert message["attachments"] == [{"fileId": "file_1", "tools": []}]
    # file_id is no name of an annotation itself, so that it is not ours
    assert message["content"][0]["text"]["annotations"] == [{"startIndex": 0, "file_id": "no name here"}]
    usage = encode(decode(FAILED), spelling="camel")["usage"]
    assert usage["promptTokenDetails"] == {"cachedTokens": 0}
    assert decode(step, RunStep) == decode(STEP, RunStep)
    assert decode(message, Message) == decode(MESSAGE, Message)


@pytest.mark.parametrize(
    ("kind", "field", "snake", "camel"),
    [
        (
            RunStep,
            "step_details",
            {"type": "message_creation", "message_creation": {"message_id": "m"}},
            {"type": "message_creation", "messageCreation": {"messageId": "m"}},
        ),
        (
            RunStep,
            "step_details",
            {
                "tool_calls": [
                    {"code_interpreter": {"input": "", "outputs": [{"type": "image", "image": {"file_id": "f"}}]}},
                    {
                        "file_search": {
                            "ranking_options": {"ranker": "auto", "score_threshold": 0.5, "hybrid_search": None},
                            "results": [{"file_id": "f", "file_name": "n", "score": 1}],
                        }
                    },
                    {"function": {"name": "f", "arguments": '{"file_id":1}', "output": None}},
                ]
            },
            {
                "toolCalls": [
                    {"codeInterpreter": {"input": "", "outputs": [{"type": "image", "image": {"fileId": "f"}}]}},
                    {
                        "fileSearch": {
                            "rankingOptions": {"ranker": "auto", "scoreThreshold": 0.5, "hybridSearch": None},
                            "results": [{"fileId": "f", "fileName": "n", "score": 1}],
                        }
                    },
                    {"function": {"name": "f", "arguments": '{"file_id":1}', "output": None}},
                ]
            },
        ),
        (
            Message,
            "content",
            [
                {
                    "text": {
                        "value": "v",
                        "annotations": [
                            {"start_index": 0, "end_index": 1, "file_citation": {"file_id": "f"}},
                            {"file_path": {"file_id": "f"}},
                        ],
                    }
                },
                {"image_file": {"file_id": "f"}},
                {"image_url": {"url": "u"}},
            ],
            [
                {
                    "text": {
                        "value": "v",
                        "annotations": [
                            {"startIndex": 0, "endIndex": 1, "fileCitation": {"fileId": "f"}},
                            {"filePath": {"fileId": "f"}},
                        ],
                    }
                },
                {"imageFile": {"fileId": "f"}},
                {"imageUrl": {"url": "u"}},
            ],
        ),
        (Message, "attachments", [{"file_id": "f"}], [{"fileId": "f"}]),
        (
            Run,
            "usage",
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "prompt_token_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
            {
                "promptTokens": 1,
                "completionTokens": 1,
                "promptTokenDetails": {"cachedTokens": 0},
                "completionTokensDetails": {"reasoningTokens": 0},
            },
        ),
    ],
)
def test_every_name_inside_is_known(kind: Any, field: str, snake: Any, camel: Any) -> None:
    document = {Run: FAILED, RunStep: STEP, Message: MESSAGE}[kind] | {field: snake}
    written = encode(decode(document, kind), spelling="camel")
    assert same(written[_camel(field)], camel)
    assert same(encode(decode(written, kind), spelling="snake"), document)


@pytest.mark.parametrize(
    ("document", "path", "allowed"),
    [
        (FULL | {"createdAt": 1}, "$.createdAt", "created_at"),
        (without(FULL, "created_at") | {"createdAt": 1}, "$.createdAt", "created_at"),
        (FULL_CAMEL | {"created_at": 1}, "$.createdAt", "created_at"),
        (put(FULL_CAMEL, ("requiredAction",), FULL["required_action"]), "$.requiredAction.submit_tool_outputs", "submitToolOutputs"),
        (put(FULL, ("truncation_strategy", "lastMessages"), 1), "$.truncation_strategy.lastMessages", "last_messages"),
        (put(FULL, ("tools", 1, "file_search", "maxNumResults"), 1), "$.tools[1].file_search.maxNumResults", "max_num_results"),
        (put(FULL_CAMEL, ("tools", 1, "fileSearch", "rankingOptions", "score_threshold"), 1), "$.tools[1].fileSearch.rankingOptions.score_threshold", "scoreThreshold"),
    ],
)  # fmt: skip
def test_a_document_has_one_spelling(document: dict[str, Any], path: str, allowed: str) -> None:
    error = refusal(document)
    assert (error.path, error.problem, error.allowed) == (path, "spelling", allowed)


def test_the_spelling_can_be_demanded() -> None:
    assert decode(FULL_CAMEL, spelling="camel") == decode(FULL, spelling="snake")
    assert refusal(FULL_CAMEL, spelling="snake").path == "$.createdAt"
    assert refusal(FULL, spelling="camel").path == "$.created_at"


def test_a_document_without_names_to_spell_counts_as_snake_case() -> None:
    error = decode({"code": "server_error", "message": "Sorry."}, LastError)
    assert error.wire.spelling == "snake"
    assert same(encode(error, spelling="camel"), encode(error))


def test_names_kept_as_they_came_cannot_become_names_of_the_schema() -> None:
    """No document gives such a record; one built by hand is refused where it is written, and not misread later."""
    for extra in ({"created_at": 2}, {"createdAt": 2}, {"id": 1}):
        with pytest.raises(DecodeError, match="spelling"):
            encode(attrs.evolve(decode(MINIMAL), wire=Wire(extra=freeze(extra))))
    with pytest.raises(DecodeError) as caught:
        encode(Tool("file_search", file_search=freeze({"maxNumResults": 2})))
    assert caught.value.path == "$.file_search.maxNumResults"


# -- versions ----------------------------------------------------------------------------------------------------------


def test_versions_are_written_as_they_came() -> None:
    assert "file_ids" in encode(decode(FULL))
    assert "file_ids" not in encode(decode(MINIMAL))


def test_v1_of_a_v2_run() -> None:
    run = queued(tool_resources=freeze({}), tools=[Tool("file_search")])
    document = encode(run, version="v1")
    assert document["file_ids"] == []
    assert document["tools"] == [{"type": "file_search"}]  # never renamed
    assert not document.keys() & {"tool_resources", "reasoning_effort", "parallel_tool_calls"}
    assert encode(decode(document), version="v2") == without(encode(run), "tool_resources")


def test_v2_of_an_early_v1_run_is_complete() -> None:
    run = decode(MINIMAL | {"file_ids": ["f"], "tools": [{"type": "retrieval"}], "shard": 1, "reasoning_effort": None})
    document = encode(run, version="v2", spelling="camel")
    assert "fileIds" not in document
    assert document["tools"] == [{"type": "retrieval"}]
    assert document["shard"] == 1
    assert document["reasoningEffort"] is None
    assert document["requiredAction"] is None
    assert document["metadata"] == {}
    plain = queued()
    assert document.keys() == {*encode(plain, spelling="camel"), "shard", "reasoningEffort"}


def test_versions_of_a_message() -> None:
    v1 = encode(decode(MESSAGE, Message), version="v1")
    assert "attachments" not in v1
    assert v1["file_ids"] == []
    v2 = encode(decode(v1, Message), version="v2")
    assert "file_ids" not in v2
    assert v2["attachments"] == []
    step = decode(STEP, RunStep)
    assert encode(step, version="v1") == encode(step, version="v2") == encode(attrs.evolve(step, wire=Wire()))


# -- refusals ----------------------------------------------------------------------------------------------------------


Steps: TypeAlias = "tuple[str | int, ...]"


def paths(value: Any, so_far: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every member and item, with its path; not those inside values that have no schema."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*so_far, key), item
            if key not in OPAQUE:
                yield from paths(item, (*so_far, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield (*so_far, at), item
            yield from paths(item, (*so_far, at))


OPAQUE = {
    "metadata", "parameters", "tool_resources", "json_schema", "toolResources", "jsonSchema", "step_details", "stepDetails",
    "content", "attachments", "file_search", "fileSearch", "prompt_token_details", "promptTokenDetails",
    "completion_tokens_details", "completionTokensDetails",
}  # fmt: skip


def corruptions(document: dict[str, Any], kind: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with each of its members turned into a value of a wrong type, and where the fault then is."""
    for spelling in SPELLINGS:
        whole = encode(decode(document, kind), spelling=spelling)
        for path, _ in paths(whole):
            *parents, last = path
            if parents and parents[-1] == "function" and parents[0] in {"tool_choice", "toolChoice"}:
                continue  # a mapping to the record
            wrong: Any = "yes" if last in {"strict", "parallel_tool_calls", "parallelToolCalls"} else True
            place = parents if parents in (["file_ids"], ["fileIds"]) else path
            yield edge.path_to("$", *place), put(whole, path, wrong)


CORRUPTIONS = [
    pytest.param(kind, bad, place, id=f"{name}-{place}-{n}")
    for name, document, kind in (
        ("full", FULL, Run),
        ("failed", FAILED, Run),
        ("incomplete", INCOMPLETE, Run),
        ("step", STEP, RunStep),
        ("message", MESSAGE, Message),
    )
    for n, (place, bad) in enumerate(corruptions(document, kind))
]


@pytest.mark.parametrize(("kind", "document", "place"), CORRUPTIONS)
def test_one_value_of_the_wrong_type_is_named(kind: Any, document: dict[str, Any], place: str) -> None:
    for data in (document, json.dumps(document)):
        error = refusal(data, kind)
        assert error.path == place
        if error.problem == "record":
            assert isinstance(error.__cause__, BadRecord)
            assert error.reason.startswith(error.__cause__.rule)


def test_every_field_of_run_is_corrupted_in_that_test() -> None:
    tried = {param.values[2] for param in CORRUPTIONS if "full" in str(param.id)}
    for field in attrs.fields(Run):
        if field.name != "wire":
            assert f"$.{field.name}" in tried


MISSING: list[tuple[Any, dict[str, Any], list[str]]] = [
    (
        Run,
        FULL,
        [
            "$.id", "$.created_at", "$.assistant_id", "$.thread_id", "$.status",
            "$.required_action.submit_tool_outputs",
            "$.required_action.submit_tool_outputs.tool_calls",
            "$.required_action.submit_tool_outputs.tool_calls[0].id",
            "$.required_action.submit_tool_outputs.tool_calls[0].function.name",
            "$.tools[0].type", "$.tools[1].type", "$.tools[2].type", "$.tools[2].function.name",
            "$.response_format.type", "$.tool_choice.type",
        ],
    ),
    (
        Run,
        FAILED,
        [
            "$.id", "$.created_at", "$.assistant_id", "$.thread_id", "$.status",
            "$.last_error.code", "$.usage.prompt_tokens", "$.usage.completion_tokens",
        ],
    ),
    (RunStep, STEP, ["$.id", "$.created_at", "$.run_id", "$.assistant_id", "$.thread_id", "$.type", "$.status"]),
    (Message, MESSAGE, ["$.id", "$.created_at", "$.thread_id", "$.status"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "document", "expected"), MISSING)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_member_that_must_be_there_is_named(
    kind: Any, document: dict[str, Any], expected: list[str], spelling: Spelling
) -> None:
    """Without one of them the document is refused at that path; without any other it is as good as before."""
    missing: set[str] = set()
    whole = encode(decode(document, kind), spelling=spelling)
    for path, _ in paths(whole):
        if isinstance(path[-1], int):
            continue
        cut = copy.deepcopy(whole)
        at: Any = cut
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]
        got = outcome(cut, kind)
        if isinstance(got, DecodeError):
            assert got.path == edge.path_to("$", *path)
            # the other refusals: null where a rule of the status wants a value
            assert got.problem == "missing" or (got.problem == "record" and got.reason.startswith("RS201"))
            missing |= {got.path} if got.problem == "missing" else set()
        else:
            assert same(encode(got), cut)
    assert missing == {_camel(path) if spelling == "camel" else path for path in expected}


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"status": "confirmed"}, "$.status", "RS106"),
        ({"status": "in_progress"}, "$.started_at", "RS201"),
        ({"expires_at": None}, "$.expires_at", "RS201"),
        ({"completed_at": 5}, "$.completed_at", "RS203"),
        ({"started_at": 0}, "$.started_at", "RS301"),
        ({"created_at": -1}, "$.created_at", "RS206"),
        ({"metadata": {"k": 1}}, "$.metadata", "RS209"),
        ({"id": ""}, "$.id", "RS206"),
        ({"usage": {"prompt_tokens": -1, "completion_tokens": 0}}, "$.usage.prompt_tokens", "RS206"),
        (
            {"status": "requires_action", "required_action": {"submit_tool_outputs": {"tool_calls": []}}},
            "$.required_action.submit_tool_outputs.tool_calls",
            "RS208",
        ),
    ],
)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_broken_rule_keeps_its_code_and_its_cause(
    change: dict[str, Any], path: str, rule: str, spelling: Spelling
) -> None:
    document = MINIMAL | change
    if spelling == "camel":
        document, path = _camelised(document), _camel(path)
    error = refusal(document)
    assert (error.path, error.problem) == (path, "record")
    assert error.reason.startswith(f"{rule}: ")
    assert isinstance(error.__cause__, BadRecord)
    assert error.__cause__.rule == rule


def _camel(text: str) -> str:
    words = text.split("_")
    return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])


def _camelised(value: Any) -> Any:
    """Every name, whether or not the schema has it: a second way to the same, for documents without free mappings."""
    if isinstance(value, dict):
        return {_camel(key): _camelised(item) for key, item in value.items()}
    return [_camelised(item) for item in value] if isinstance(value, list) else value


def test_refusals_speak_of_json_and_not_of_classes() -> None:
    assert refusal(MINIMAL | {"usage": 1}).allowed == "an object or null"
    assert refusal(MINIMAL | {"tools": None}).allowed == "an array"
    assert refusal(MINIMAL | {"tool_choice": 1}).allowed == "a string or an object or null"
    assert refusal(MINIMAL | {"tool_resources": []}).allowed == "an object or null"
    assert refusal(MINIMAL | {"file_ids": "f"}).allowed == "an array or null"


TEXT = json.dumps(MINIMAL)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"  ", "blank"),
        (TEXT[:-1].encode(), "truncated"),
        (TEXT.encode() + b"x", "trailing"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "bom"),
        (TEXT.encode("utf-16"), "utf16"),
        (TEXT.encode("utf-16-le"), "utf16"),
        (TEXT.replace("601", "NaN"), "not_finite"),
        (TEXT.replace("601", "Infinity"), "not_finite"),
        (TEXT.replace("601", "1e999"), "not_finite"),
        (TEXT.replace("601", "9" * 5_000), "integer_range"),
        (TEXT.replace("601", str(2**63)), "integer_range"),
        (TEXT[:-1] + ', "id": "run_2"}', "duplicate_key"),
        (TEXT.replace("run_1", "\\ud800"), "surrogate"),
        (TEXT.replace("run_1", "\\u0000"), "nul"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "depth"),
        ("[" * 100_000, "depth"),
        (b"null", "shape"),
        (b"[]", "shape"),
        (b'"queued"', "shape"),
        (b"{}", "missing"),
        (MINIMAL | {"extra": (1, 2)}, "type"),
        (MINIMAL | {"extra": float("nan")}, "not_finite"),
        (MINIMAL | {1: 2}, "key"),
        (None, "type"),
        (7, "type"),
        (object(), "type"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
def test_junk(data: Any, problem: str) -> None:
    assert refusal(data).problem == problem


def test_limits_are_arguments() -> None:
    deep = MINIMAL | {"extra": [[[1]]]}
    assert decode(deep, limits=Limits(max_depth=4)).wire.extra == {"extra": (((1,),),)}
    assert refusal(deep, limits=Limits(max_depth=3)).path == "$.extra[0][0]"
    assert refusal(TEXT, limits=Limits(max_bytes=20)).problem == "size"
    assert refusal(TEXT, limits=Limits(max_int=600)).path == "$.expires_at"
    huge = decode(TEXT.replace("601", str(2**64)), limits=Limits(max_int=2**64))
    assert huge.expires_at == 2**64
    with pytest.raises(DecodeError):
        encode_bytes(huge)
    assert b"18446744073709551616" in encode_bytes(huge, limits=Limits(max_int=2**64))


def test_a_caller_deep_in_the_stack_gets_the_same_error() -> None:
    document = json.dumps(put(FULL, ("tool_resources",), json.loads('{"a":' * 60 + "1" + "}" * 60)))

    def descend() -> int:
        """Decode at every depth until nothing fits, and count the refusals on the way back."""
        try:
            refused = descend()
        except RecursionError:
            refused = 0
        got = outcome(document)
        assert isinstance(got, Run) or got.problem == "depth"
        return refused + (not isinstance(got, Run))

    try:
        refused = descend()
    except RecursionError:  # not even the call itself fitted
        refused = 1
    assert refused > 0


def test_wrong_arguments_are_the_callers_fault() -> None:
    for kind in (dict, int, Wire, Status):
        with pytest.raises(TypeError):
            decode(MINIMAL, kind)  # type: ignore[type-var]
    with pytest.raises(TypeError):
        encode({})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="spelling"):
        decode(MINIMAL, spelling="kebab")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="version"):
        encode(decode(MINIMAL), version="v3")  # type: ignore[arg-type]


# -- lists -------------------------------------------------------------------------------------------------------------


def test_pages_and_arrays() -> None:
    page = {"object": "list", "data": [MINIMAL, FULL_CAMEL], "has_more": False}
    both = (decode(MINIMAL), decode(FULL_CAMEL))
    forms: list[Any] = [page, json.dumps(page), {"data": page["data"]}, page["data"], json.dumps(page["data"]).encode()]
    for data in forms:
        got = decode_list(data)
        assert got == both
        assert [run.wire.spelling for run in got] == ["snake", "camel"]
    assert decode_list([], Message) == ()


@pytest.mark.parametrize(
    ("data", "path", "problem"),
    [
        ({"data": [MINIMAL, FAILED | {"usage": 0}]}, "$.data[1].usage", "record"),
        ([MINIMAL, put(FAILED, ("usage", "total_tokens"), None)], "$[1].usage.total_tokens", "record"),
        ([MINIMAL, 1], "$[1]", "shape"),
        ({"data": {}}, "$.data", "shape"),
        ({"object": "list"}, "$.data", "missing"),
        ({"object": "thread.run", "data": []}, "$.object", "shape"),
        ("3", "$", "shape"),
        ("[", "$", "truncated"),
        ([{"a": float("inf")}], "$[0].a", "not_finite"),
    ],
)
def test_refused_lists(data: Any, path: str, problem: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_list(data)
    assert caught.value.path.startswith(path)
    assert caught.value.problem == problem


# -- any record, any value ---------------------------------------------------------------------------------------------


@given(runs(), st.sampled_from(SPELLINGS))
def test_decode_inverts_encode(run: Run, spelling: Spelling) -> None:
    document = encode(run, spelling=spelling)
    again = decode(document)
    assert again == run
    assert again.wire.spelling == spelling
    assert same(encode(again), document)
    assert decode(encode_bytes(run, spelling=spelling)) == run
    third = decode(encode_bytes(again))
    assert third == run
    assert wires(third) == wires(again)


@given(runs(), st.data())
def test_encode_inverts_decode_of_documents_with_gaps_and_unknown_members(run: Run, data: st.DataObject) -> None:
    whole = encode(run)
    defaults = {"object", "model", "instructions", "tools", "metadata", "usage", "temperature", "required_action"}
    gaps = data.draw(st.sets(st.sampled_from(sorted(defaults))))
    gaps -= {"required_action"} if run.required_action else set()
    known = {field.name for field in attrs.fields(Run)} - {"wire"}
    unknown = {key: value for key, value in data.draw(objects).items() if key not in known | set(map(_camel, known))}
    document = without(whole, *gaps) | unknown
    first = decode(document)
    assert same(encode(first), document)
    camel = encode(first, spelling="camel")
    assert not camel.keys() & {key for key in known if "_" in key}
    second = decode(camel)
    assert second == first
    assert [attrs.evolve(wire, spelling="snake") for wire in wires(second)] == wires(first)
    assert same(encode(second, spelling="snake"), document)


@given(values | objects, st.sampled_from([Run, RunStep, Message, Usage, Tool, RequiredAction, ResponseFormat]))
def test_any_json_value_gives_a_record_or_a_refusal(value: Any, kind: Any) -> None:
    for data in (value, json.dumps(value)):
        got = outcome(data, kind)
        if isinstance(got, DecodeError):
            assert got.problem in WORDS
            assert str(got).startswith("$")
        else:
            assert same(encode(got), value)


@given(runs(), values, st.data())
def test_any_value_anywhere_in_a_run_gives_a_record_or_a_refusal_there(
    run: Run, value: Any, data: st.DataObject
) -> None:
    """A refusal names the changed member or one below it, or is a rule that ties it to another field."""
    whole = encode(run, spelling=data.draw(st.sampled_from(SPELLINGS)))
    path = data.draw(st.sampled_from([path for path, _ in paths(whole)]))
    document = put(whole, path, value)
    got = outcome(document)
    if isinstance(got, DecodeError):
        tied = got.problem == "record" and not got.reason.startswith(("RS206", "RS209"))
        place = edge.path_to("$", *(path[:-1] if path[0] in {"file_ids", "fileIds"} else path))
        assert got.path.startswith(place) or tied
    else:
        assert same(encode(got), document)


@given(st.binary() | texts | texts.map(lambda text: TEXT.replace("run_1", text)))
def test_any_bytes_give_a_record_or_a_refusal(data: bytes | str) -> None:
    got = outcome(data)
    assert isinstance(got, Run) or got.problem in WORDS


def test_statuses_come_back_as_members() -> None:
    assert decode(MINIMAL).status is Status.QUEUED
    assert decode(STEP, RunStep).status is StepStatus.IN_PROGRESS
    assert decode(MESSAGE, Message).status is MessageStatus.COMPLETED
    assert isinstance(decode(FULL).metadata, FrozenDict)
