"""Bytes and objects become observations: every kind of input, where each observation stands, and faults as values."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.edge import Limits
from runstate.frozen import FrozenDict
from runstate.observations import Format, Observation, observe, read, recognise

RUN = {"id": "run_1", "object": "thread.run", "status": "queued"}
NEXT = {"id": "run_1", "object": "thread.run", "status": "in_progress"}
TEXT = json.dumps(RUN)
NEXT_TEXT = json.dumps(NEXT)
SSE = f"event: thread.run.created\ndata: {TEXT}\n\nevent: thread.run.in_progress\ndata: {NEXT_TEXT}\n\n".encode()
DONE = b"event: done\ndata: [DONE]\n\n"


def all_of(data: bytes, **more: Any) -> list[Observation]:
    return list(read(data, **more))


def seen(observations: list[Observation]) -> list[tuple[str | None, object, int | None, str]]:
    """(event, value, line, path) of each; none may have a fault."""
    assert [one.fault for one in observations] == [None] * len(observations)
    return [(one.event, one.value, one.line, one.path) for one in observations]


def problem(observation: Observation) -> str:
    assert observation.fault is not None
    assert observation.value is None
    return observation.fault.problem


# -- server-sent events ------------------------------------------------------------------------------------------------


def test_events_of_a_stream() -> None:
    *events, end = all_of(SSE + DONE, file="a.sse")
    assert seen(events) == [("thread.run.created", RUN, 1, "$"), ("thread.run.in_progress", NEXT, 4, "$")]
    assert [one.file for one in events] == ["a.sse", "a.sse"]
    assert end == Observation(event="done", end=True, file="a.sse", line=7)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_a_stream_may_be_cut_anywhere(size: int, ends: bytes) -> None:
    data = (SSE + DONE).replace(b"\n", ends)
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    assert list(read(chunks)) == all_of(SSE + DONE)


def test_comments_and_data_in_several_lines() -> None:
    lines = [
        ": ping",
        "event: thread.run.created",
        *(f"data: {line}" for line in json.dumps(RUN, indent=1).split("\n")),
    ]
    data = ("\n".join(lines) + "\n\n").encode()
    assert seen(all_of(data)) == [("thread.run.created", RUN, 2, "$")]


def test_an_event_without_a_name_is_a_snapshot_or_names_itself_in_its_data() -> None:
    pair = json.dumps({"event": "thread.run.created", "data": RUN})
    observations = all_of(f"data: {TEXT}\n\ndata: {pair}\n\ndata: [DONE]\n\n".encode())
    assert seen(observations[:2]) == [(None, RUN, 1, "$"), ("thread.run.created", RUN, 3, "$")]
    assert observations[2].end
    assert observations[2].event is None


def test_the_last_event_may_lack_its_blank_line_and_says_so() -> None:
    whole, last = all_of(SSE.removesuffix(b"\n\n"))
    assert whole.complete
    assert (last.event, last.value, last.line, last.complete) == ("thread.run.in_progress", NEXT, 4, False)


def test_a_broken_event_costs_none_of_the_others() -> None:
    data = SSE.replace(b'"object": "thread.run", ', b'"object" ', 1)
    bad, good = all_of(data)
    assert (problem(bad), bad.event, bad.line) == ("malformed", "thread.run.created", 1)
    assert seen([good]) == [("thread.run.in_progress", NEXT, 4, "$")]


@pytest.mark.parametrize("data", ["[]", "1", '"run_1"', "null", "true"])
def test_the_data_of_an_event_is_an_object(data: str) -> None:
    (bad,) = all_of(f"event: thread.run.created\ndata: {data}\n\n".encode())
    assert (problem(bad), bad.event) == ("type", "thread.run.created")


def test_bytes_that_are_not_utf8_are_named_with_their_line() -> None:
    bad, good = all_of(b"event: x\ndata: \xff\n\n" + SSE.split(b"\n\n")[1] + b"\n\n")
    assert (problem(bad), bad.line, good.value) == ("utf8", 1, NEXT)


# -- JSON lines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_json_lines(ends: str) -> None:
    data = f"{TEXT}{ends}{ends}  {NEXT_TEXT}  {ends}".encode()
    assert seen(all_of(data)) == [(None, RUN, 1, "$"), (None, NEXT, 3, "$")]


@pytest.mark.parametrize("size", [1, 5, 50])
def test_lines_may_be_cut_anywhere(size: int) -> None:
    data = f"{TEXT}\n{NEXT_TEXT}".encode()
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    assert list(read(chunks)) == all_of(data)


def test_events_as_lines_with_their_data_as_object_or_as_text() -> None:
    pairs = [
        {"event": "thread.run.created", "data": RUN},
        {"event": "thread.run.in_progress", "data": NEXT_TEXT},
        {"event": "ping", "data": None},
        {"event": "done", "data": "[DONE]"},
    ]
    *events, ping, end = all_of("\n".join(map(json.dumps, pairs)).encode())
    assert seen(events) == [("thread.run.created", RUN, 1, "$"), ("thread.run.in_progress", NEXT, 2, "$")]
    assert (ping.event, ping.value, ping.fault, ping.end) == ("ping", None, None, False)
    assert (end.event, end.end, end.line) == ("done", True, 4)


def test_an_object_with_an_event_of_its_own_is_no_pair() -> None:
    one = {**RUN, "event": "x", "data": 1}
    assert seen(all_of(json.dumps(one).encode())) == [(None, one, 1, "$")]


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        ('{"id": "run_1", "sta', "truncated"),
        ('{"id": "run_1"}}', "trailing"),
        ("{'id': 'run_1'}", "malformed"),
        ('{"id": NaN}', "not_finite"),
        ('{"id": 1, "id": 2}', "duplicate_key"),
        ('{"id": "\\ud800"}', "surrogate"),
        ('{"id": "\\u0000"}', "nul"),
        ('{"at": 99999999999999999999}', "integer_range"),
        ("[" * 100 + "]" * 100, "depth"),
        ("5", "type"),
        ("# comment", "malformed"),
    ],
)
def test_a_bad_line_among_good_ones(bad: str, name: str) -> None:
    first, fault, last = all_of(f"{TEXT}\n{bad}\n{NEXT_TEXT}\n".encode(), file="f")
    assert seen([first, last]) == [(None, RUN, 1, "$"), (None, NEXT, 3, "$")]
    assert (problem(fault), fault.file, fault.line) == (name, "f", 2)


@pytest.mark.parametrize(
    "bad",
    ["{'id': 1}", '{"id": "run_1",', '{"tools": [', "[INFO] polling", "[", "{", "# comment", "2024-01-01 polling"],
)
def test_a_bad_first_line_costs_none_of_the_others(bad: str) -> None:
    fault, *others = all_of(f"{bad}\n{TEXT}\n{NEXT_TEXT}\n".encode())
    assert (problem(fault), fault.line) in {("malformed", 1), ("truncated", 1), ("trailing", 1)}
    assert seen(others) == [(None, RUN, 2, "$"), (None, NEXT, 3, "$")]


def test_a_line_that_is_a_list_says_where_each_object_stands() -> None:
    data = f"{TEXT}\n[{TEXT}, {NEXT_TEXT}]\n".encode()
    assert seen(all_of(data)) == [(None, RUN, 1, "$"), (None, RUN, 2, "$[0]"), (None, NEXT, 2, "$[1]")]


# -- one document ------------------------------------------------------------------------------------------------------


def test_an_array() -> None:
    data = f"[{TEXT}, 5, {NEXT_TEXT}]".encode()
    first, bad, last = all_of(data)
    assert seen([first, last]) == [(None, RUN, None, "$[0]"), (None, NEXT, None, "$[2]")]
    assert (problem(bad), bad.path) == ("type", "$[1]")


@pytest.mark.parametrize("indent", [None, 0, 1, 2, "\t"])
def test_a_page_as_the_api_returns_it(indent: int | str | None) -> None:
    page = {"object": "list", "data": [RUN, NEXT], "first_id": "run_1", "last_id": "run_1", "has_more": False}
    observations = all_of(json.dumps(page, indent=indent).encode())
    assert [(one.event, one.value, one.path) for one in observations] == [
        (None, RUN, "$.data[0]"),
        (None, NEXT, "$.data[1]"),
    ]


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("before", ["", "\n", "  \r\n"])
def test_a_bare_object_however_it_is_printed(indent: int | str | None, before: str) -> None:
    (one,) = all_of((before + json.dumps(RUN, indent=indent) + "\n").encode())
    assert (one.event, one.value, one.path) == (None, RUN, "$")


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_pairs_in_an_array_say_where_they_stand(indent: int | None) -> None:
    pairs: list[dict[str, Any]] = [
        {"event": "thread.run.created", "data": RUN},
        {"event": "thread.run.in_progress", "data": NEXT_TEXT},
        {"event": "thread.run.completed", "data": "{"},
        {"event": "thread.run.completed", "data": 5},
        {"event": "done", "data": "[DONE]"},
    ]
    first, second, cut, five, end = all_of(json.dumps(pairs, indent=indent).encode())
    assert [one.path for one in (first, second, end)] == ["$[0]", "$[1]", "$[4]"]
    assert [one.event for one in (first, second, cut, five)] == [pair["event"] for pair in pairs[:4]]
    assert (problem(cut), cut.path) == ("truncated", "$[2]")
    assert (problem(five), five.path) == ("type", "$[3]")


@pytest.mark.parametrize(
    "lines",
    [
        ["[", TEXT, "]"],
        [f"[{TEXT},", NEXT_TEXT, "]"],
        [f"[{TEXT}", f",{NEXT_TEXT}]"],
        ['{"object": "list", "data": [', TEXT, "]}"],
        [f'{{"object": "list", "data": [{TEXT},', NEXT_TEXT, "]}"],
        ['{"object": "list", "data":', f"[{TEXT}]", "}"],
    ],
)
def test_documents_that_look_like_lines(lines: list[str]) -> None:
    observations = all_of("\n".join(lines).encode())
    assert [one.fault for one in observations] == [None] * len(observations)
    assert [one.value for one in observations] in ([RUN], [RUN, NEXT])
    assert all(one.line is None for one in observations)


def test_a_document_that_cannot_be_read_is_one_fault() -> None:
    (fault,) = all_of(json.dumps([RUN, NEXT], indent=1).encode()[:-20])
    assert (problem(fault), fault.line) == ("truncated", 1)


def test_a_document_may_be_larger_than_one_observation() -> None:
    limits = Limits(max_bytes=200)
    assert len(all_of(json.dumps([RUN] * 20).encode(), limits=limits)) == 20
    assert problem(all_of(json.dumps({**RUN, "pad": "x" * 200}).encode(), limits=limits)[0]) == "size"


def test_a_document_nests_no_deeper_than_its_observations_may() -> None:
    limits = Limits(max_depth=2)
    assert seen(all_of(b'{"object": "list", "data": [\n{"a": {}}]}', limits=limits)) == [
        (None, {"a": {}}, None, "$.data[0]")
    ]
    assert problem(all_of(b'{"object": "list", "data": [\n{"a": {"a": {}}}]}', limits=limits)[0]) == "depth"


# -- nothing, too much, junk -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf", b": only a comment\n\n", b"event: x\n\n"])
def test_nothing(data: bytes) -> None:
    assert [one for one in all_of(data) if one.fault is None] == []


def test_no_chunks() -> None:
    assert list(read(())) == []
    assert list(read((b"", b""))) == []


def lines_of(size: int, piece: bytes) -> Iterator[bytes]:
    yield TEXT.encode() + b"\n"
    for _ in range(size // len(piece)):
        yield piece
    yield b"\n" + NEXT_TEXT.encode() + b"\n"


@pytest.mark.parametrize("form", ["jsonl", "sse"])
def test_an_over_long_line_is_refused_in_bounded_memory(form: Format) -> None:
    limits = Limits(max_bytes=1 << 16)
    first = b"data: " if form == "sse" else b""
    chunks = (first + chunk if chunk.lstrip().startswith(b"{") else chunk for chunk in lines_of(16 << 20, b"y" * 4096))
    list(read(TEXT.encode()))  # what is imported and cached at first use does not count
    tracemalloc.start()
    observations = list(read(chunks, form=form, limits=limits))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20
    if form == "jsonl":
        first_seen, fault, last = observations
        assert (problem(fault), fault.line) == ("size", 2)
        assert (first_seen.value, last.value, last.line) == (RUN, NEXT, 3)


def test_an_over_long_event_is_refused_and_the_next_one_read() -> None:
    data = b"event: x\ndata: " + b"y" * 5000 + b"\n\n" + SSE
    fault, *others = all_of(data, limits=Limits(max_bytes=1000))
    assert (problem(fault), fault.line) == ("size", 1)
    assert [one.value for one in others] == [RUN, NEXT]
    assert [one.line for one in others] == [4, 7]


def test_a_size_limit_is_on_the_line_without_its_end() -> None:
    limits = Limits(max_bytes=len(TEXT))
    assert [one.value for one in all_of(f"{TEXT}\n{TEXT}\n{TEXT}".encode(), limits=limits)] == [RUN] * 3
    faults = all_of(f"{TEXT} \n{TEXT}\n".encode(), limits=limits)
    assert problem(faults[0]) == "size"
    assert faults[1].value == RUN


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"data: " + b"[" * 100_000 + b"\n\n"])
def test_deep_nesting_is_a_fault(data: bytes) -> None:
    (fault,) = all_of(data)
    assert problem(fault) == "depth"


@pytest.mark.parametrize("data", [TEXT.encode("utf-16"), TEXT.encode("utf-32"), b"\xef\xbb\xbf" + TEXT.encode()])
def test_other_encodings_are_named(data: bytes) -> None:
    assert problem(all_of(data)[0]) in {"utf16", "utf32", "bom"}


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"[1]", "json"),
        (b"  [\n", "json"),
        (b"{\n  1", "json"),
        (b'{"a": 1,\n"b": 2}', "json"),
        (b'{"a": 1}', "jsonl"),
        (b'{"a": 1}\n', "jsonl"),
        (b'{"a": 1}\n{"a": 2}', "jsonl"),
        (b'\xef\xbb\xbf{"a": 1}\n{"a": 2}', "jsonl"),
        (b'{"a": 1\n{"a": 2}', "jsonl"),
        (b"event: x\ndata: {}\n\n", "sse"),
        (b"data:{}\r\r", "sse"),
        (b": ping\n\n", "sse"),
        (b"id: 3\nretry: 5\n", "sse"),
        (b"\xef\xbb\xbfdata: {}\n\n", "sse"),
        (b"junk\nmore\n", "jsonl"),
        (b"", "jsonl"),
        (b"my data: here", "jsonl"),
    ],
)
def test_the_format_is_recognised(head: bytes, form: Format) -> None:
    assert recognise(head) == form


def test_a_format_that_is_told_is_not_guessed() -> None:
    assert all_of(TEXT.encode(), form="json")[0].line is None
    assert all_of(TEXT.encode(), form="sse") == []
    faults = all_of(SSE, form="jsonl")
    assert {problem(one) for one in faults} == {"malformed"}


def test_what_is_recognised_does_not_depend_on_the_first_chunk() -> None:
    text = json.dumps(RUN, indent=2).encode()
    assert [one.value for one in read(bytes([byte]) for byte in text)] == [RUN]


EVENT_LIKE = st.sampled_from(
    [b"event: ", b"data: ", b"\n", b"\n\n", b"[DONE]", TEXT.encode(), b"{", b"}", b"[", b"]", b",", b'"', b"\r", b": "]
)


@given(
    st.lists(st.one_of(st.binary(max_size=20), EVENT_LIKE), max_size=20),
    st.sampled_from([None, "sse", "jsonl", "json"]),
)
def test_whatever_bytes_come_there_are_observations(pieces: list[bytes], form: Format | None) -> None:
    cut = list(read(pieces, form=form))
    for one in cut:
        assert isinstance(one, Observation)
        assert (one.fault is None) or (one.value is None)
        assert one.line is None or one.line >= 1
    whole = list(read(b"".join(pieces), form=form))
    assert [(one.event, one.value, one.end, one.line, one.path, str(one.fault)) for one in cut] == [
        (one.event, one.value, one.end, one.line, one.path, str(one.fault)) for one in whole
    ]


# -- objects -----------------------------------------------------------------------------------------------------------


class Model:
    """What an SDK hands out: attributes, and `model_dump` in the way of pydantic."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def model_dump(self, *, mode: str = "python", by_alias: bool = False) -> dict[str, Any]:
        def plain(value: Any) -> Any:
            return value.model_dump(mode=mode, by_alias=by_alias) if isinstance(value, Model) else value

        assert mode == "json"
        return {key: plain(value) for key, value in self.values.items()}


class Generous(Model):
    """A model that gives out what JSON does not have."""

    def model_dump(self, *, mode: str = "python", by_alias: bool = False) -> dict[str, Any]:
        return {"id": object()}


def test_objects_of_an_sdk() -> None:
    run = Model(**RUN)
    assert seen(observe(run, file="f", line=3)) == [(None, RUN, 3, "$")]
    assert seen(observe(Model(event="thread.run.created", data=run))) == [("thread.run.created", RUN, None, "$")]
    page = Model(object="list", data=[RUN, NEXT])
    assert seen(observe(page)) == [(None, RUN, None, "$.data[0]"), (None, NEXT, None, "$.data[1]")]


def test_objects_of_an_sdk_inside_plain_values() -> None:
    assert seen(observe([Model(**RUN), Model(**NEXT)])) == [(None, RUN, None, "$[0]"), (None, NEXT, None, "$[1]")]
    pair = {"event": "thread.run.created", "data": Model(**RUN)}
    assert seen(observe(pair)) == [("thread.run.created", RUN, None, "$")]


def test_plain_values() -> None:
    assert seen(observe(RUN)) == [(None, RUN, None, "$")]
    assert seen(observe([RUN, [NEXT]])) == [(None, RUN, None, "$[0]"), (None, NEXT, None, "$[1][0]")]
    assert seen(observe({"event": "thread.run.created", "data": TEXT})) == [("thread.run.created", RUN, None, "$")]
    (end,) = observe({"event": "done", "data": "[DONE]"})
    assert end.end


@pytest.mark.parametrize(
    "value", [FrozenDict(RUN), MappingProxyType(RUN), FrozenDict({**RUN, "tools": ()}), (RUN,), [FrozenDict(RUN)]]
)
def test_read_only_mappings_and_tuples(value: object) -> None:
    (one,) = observe(value)
    assert one.fault is None
    assert one.value is not None
    assert {**one.value, "tools": 0} == {**RUN, "tools": 0}


@pytest.mark.parametrize("value", [None, 5, "run_1", b"{}", object(), {1: 2}, {"a": {2}}, [5], Generous()])
def test_what_is_no_observation_is_a_fault(value: object) -> None:
    (one,) = observe(value, file="f", line=7)
    assert problem(one) in {"type", "key"}
    assert (one.file, one.line) == ("f", 7)


def test_a_value_that_contains_itself_is_a_fault() -> None:
    value: dict[str, Any] = {}
    value["a"] = value
    (one,) = observe(value)
    assert problem(one) == "depth"


def test_the_models_of_the_real_sdk() -> None:
    why = "the openai package is not installed: its models are tested with it"
    threads = pytest.importorskip("openai.types.beta.threads", reason=why)
    events = pytest.importorskip("openai.types.beta.assistant_stream_event", reason=why)
    pages = pytest.importorskip("openai.pagination", reason=why)
    run = {
        **RUN,
        "created_at": 1000,
        "expires_at": 1600,
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "instructions": "",
        "model": "m",
        "parallel_tool_calls": True,
        "tools": [],
    }
    (one,) = observe(threads.Run.model_validate(run))
    assert one.value is not None
    assert {key: value for key, value in one.value.items() if value is not None} == run
    event = {"event": "thread.run.created", "data": run}
    (one,) = observe(events.ThreadRunCreated.model_validate(event))
    assert (one.event, one.value and one.value["status"]) == ("thread.run.created", "queued")
    page = pages.SyncCursorPage[threads.Run].model_validate({"object": "list", "data": [run, run]})
    assert [(one.path, one.value and one.value["id"]) for one in observe(page)] == [
        ("$.data[0]", "run_1"),
        ("$.data[1]", "run_1"),
    ]


@pytest.mark.parametrize(
    "chunks", [[SSE[:90], SSE[90:200], SSE[200:], DONE], [TEXT.encode() + b"\n", NEXT_TEXT.encode() + b"\n"]]
)
def test_a_log_that_grows_is_read_as_it_comes(chunks: list[bytes]) -> None:
    given: list[bytes] = []

    def growing() -> Iterator[bytes]:
        for chunk in chunks:
            given.append(chunk)
            yield chunk
        raise AssertionError("nobody should wait for more")

    observations = read(growing(), live=True)
    for value in (RUN, NEXT):
        assert next(observations).value == value
    assert b"".join(given) in (SSE, b"".join(chunks))
