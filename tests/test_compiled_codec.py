"""The compiled reader and writer give what the plain ways give, or leave the answer to them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstate import codec, compiled_codec, edge
from runstate.codec import encode
from runstate.compiled_codec import Doubt, reader_of, writer_of
from runstate.errors import DecodeError
from runstate.frozen import FrozenDict
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.record import FunctionDefinition, LastError, Message, Run, RunStep, Tool, Usage
from tests.strategies import runs, values
from tests.test_codec import FAILED, FULL, INCOMPLETE, MESSAGE, MINIMAL, STEP, paths, put, without
from tests.test_engine import run

DOCUMENTS = [(FULL, Run), (FAILED, Run), (INCOMPLETE, Run), (MINIMAL, Run), (STEP, RunStep), (MESSAGE, Message)]
ODD: list[Any] = [
    None, True, 0, -1, 1.5, "", "a word", [], {}, ["a"], [1], [{}], {"a": 1}, {"a": [{"b": None}]}, 10**18, "completed",
    "queued", {"cachedTokens": 1}, [{"type": "function"}], {"type": "auto"}, {str(n): "x" for n in range(17)}, {"k": 1},
]  # fmt: skip


def variants(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document; with any one member otherwise, absent, or beside one that nobody knows; and of two at once."""
    yield document
    for path, _ in paths(document):
        for value in ODD:
            yield put(document, path, value)
    for name in document:
        yield without(document, name)
    for name, other in itertools.pairwise(document):
        yield without(document, name, other)
    yield document | {"unknown": 1}
    yield document | {"createdAt": 1}
    yield dict(reversed(document.items()))
    for status, stamp in itertools.product(ASSISTANTS_RUN.statuses, ("failed_at", "completed_at", "started_at")):
        if "thread.run" in str(document.get("object")):
            yield document | {"status": str(status), stamp: document["created_at"] - 1}
            yield document | {"status": str(status), "expires_at": None, stamp: document["created_at"] + 1}


def plainly(document: dict[str, Any], kind: Any) -> Any:
    try:
        return codec._converter("snake").structure(document, kind)
    except DecodeError as refused:
        return refused


def same(ours: Any, theirs: Any) -> None:
    """Equal, of the same types, down to what takes no part in equality."""
    assert type(ours) is type(theirs)
    if attrs.has(type(ours)):
        for field in attrs.fields(type(ours)):
            same(getattr(ours, field.name), getattr(theirs, field.name))
    elif isinstance(ours, FrozenDict):
        assert list(ours) == list(theirs)
        for key in ours:
            same(ours[key], theirs[key])
    elif isinstance(ours, tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)
    else:
        assert ours == theirs


def fresh(kind: Any) -> Any:
    """A reader that has met no shape yet."""
    reader_of.cache_clear()
    return reader_of(kind, codec._snake_inside)


@pytest.mark.parametrize(("document", "kind"), DOCUMENTS)
def test_a_compiled_reader_reads_the_plain_record_or_nothing(document: dict[str, Any], kind: Any) -> None:
    read, compiled = fresh(kind), 0
    for number, variant in enumerate(variants(document)):
        if number % 50 == 49:
            read = fresh(kind)  # else the shapes would run out
        try:
            record = read(variant)
        except Doubt:
            continue
        plain = plainly(variant, kind)
        assert not isinstance(plain, DecodeError), (variant, plain)
        same(record, plain)
        compiled += 1
        written(record)
    assert compiled > 5


def written(record: Any) -> bytes | None:
    """What the compiled writer writes, if it does: the plain way's bytes."""
    try:
        kind: Any = type(record)
        data = edge.dumps_plainly(writer_of(kind, codec._snake_inside)(record))
    except Doubt:
        return None
    if data is not None:
        assert data == edge.dumps(encode(record))
    return data


@settings(max_examples=60)
@given(runs(), values, st.data())
def test_any_run_is_read_and_written_the_same_in_both_ways(made: Run, value: Any, data: st.DataObject) -> None:
    written(made)
    document = encode(made)
    for variant in (document, put(document, data.draw(st.sampled_from([p for p, _ in paths(document)])), value)):
        try:
            record = fresh(Run)(variant)
        except Doubt:
            continue
        same(record, plainly(variant, Run))
        written(record)


@pytest.mark.parametrize("status", ASSISTANTS_RUN.statuses)
def test_every_run_in_order_is_compiled_both_ways(status: str) -> None:
    made = run(status, tools=(Tool("function", FunctionDefinition("add")),), usage=None)
    read = fresh(Run)(encode(made))
    assert read == made
    assert written(read) == written(made) is not None


def test_a_new_order_of_names_each_time_does_not_keep_the_compiler_busy() -> None:
    names = list(codec.encode(Usage(1, 2)))
    read, refused = fresh(Usage), 0
    for extra in range(100):
        try:
            read({f"n{extra}": 1, **dict.fromkeys(names, 1)})
        except Doubt:
            refused += 1
    assert refused == 100
    with pytest.raises(Doubt):
        read({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})


BY_HAND = [
    {"temperature": 1e20}, {"temperature": 1e-7}, {"temperature": float("nan")}, {"top_p": float("inf")},
    {"temperature": 0.0}, {"temperature": -0.5}, {"tool_resources": FrozenDict({"a": float("nan")})},
    {"tool_resources": FrozenDict({"a": (1e300, "x")})}, {"tool_resources": FrozenDict({"a": [1, 2]})},
    {"tool_resources": FrozenDict({1: "a"})}, {"tool_resources": FrozenDict({"a": 2**60})},
    {"instructions": "nul \0"}, {"instructions": "\ud800"}, {"instructions": "\\u0000"}, {"model": "\N{SNOWMAN}"},
    {"instructions": "x" * (1 << 20)}, {"max_prompt_tokens": 2**63}, {"max_prompt_tokens": 2**60},
    {"tool_resources": FrozenDict({"a": FrozenDict({"b": ()})})},
]  # fmt: skip


@pytest.mark.parametrize("fields", BY_HAND, ids=lambda f: str(f)[:40])
def test_a_record_built_by_hand_is_written_the_same_or_refused_the_same(fields: dict[str, Any]) -> None:
    made = attrs.evolve(codec.decode(MINIMAL), **fields)
    try:
        plain: Any = edge.dumps(encode(made))
    except DecodeError as refused:
        plain = refused.problem
    try:
        ours: Any = codec.encode_bytes(made)
    except DecodeError as refused:
        ours = refused.problem
    assert ours == plain


def test_values_of_a_kind_that_validators_let_pass_are_left_to_the_plain_way() -> None:
    class Word(str):
        __slots__ = ()

    error = LastError(Word("code"), Word("message"))
    assert codec.encode_bytes(error) == b'{"code":"code","message":"message"}'


PLAIN_TEXTS = [
    b'{"a":1}', b'{"a": 1, "b": [1, 2]}', b'{\n "a": {"b": null}\n}', b'{"a":"\\n"}', b"[1.5,-2,true,false,null]", b'" "',
]  # fmt: skip
DOUBTFUL_TEXTS = [
    b'{"a":1,"a":1}', b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'{"a":9223372036854775808}', b'{"a":-9223372036854775809}',
    b"1e400", b"1E5", b"-0", b'"\\u0000"', b'"\\ud800"', b"", b" ", b"NaN", b"[" * 65 + b"]" * 65, b"\xff", b'{"a":1}x',
    b'{"a" :1,"a ":2,"a":3}', b'{"a":123456789012345678901234567890}', b"9007199254740993", b'{"a\\\\":1,"b":1,"b":2}',
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN_TEXTS)
def test_plain_texts_are_told_at_once(text: bytes) -> None:
    pytest.importorskip("orjson")
    assert edge._loads_plainly(text) == json.loads(text)


@pytest.mark.parametrize("text", DOUBTFUL_TEXTS)
def test_doubtful_texts_are_asked_rule_by_rule(text: bytes) -> None:
    assert edge._loads_plainly(text) is edge._END


@settings(max_examples=200)
@given(values, st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]), st.booleans())
def test_any_value_is_the_same_in_both_ways(value: Any, indent: Any, separators: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()
    at_once = edge._loads_plainly(text)
    plain = edge._loads(text, edge.DEFAULT, "$", edge._parse_stdlib)
    assert at_once is edge._END or json.dumps(at_once) == json.dumps(plain)
    assert json.dumps(edge.loads(text)) == json.dumps(plain)


@pytest.mark.parametrize("depth", [63, 64, 65, 66])
@pytest.mark.parametrize("wide", [False, True])
def test_the_depth_is_counted_in_both_ways_alike(depth: int, wide: bool) -> None:
    text = b"[" * depth + b"]" * depth
    text = b"[" + b"{}," * 70 + text[1:] if wide else text
    assert (edge._loads_plainly(text) is edge._END) == (depth > 64)


# -- names, depth and lists --------------------------------------------------------------------------------------------


def test_objects_with_as_many_names_but_others_are_read_each_as_what_it_is() -> None:
    read = fresh(FunctionDefinition)
    first, second = {"name": "a", "strict": True}, {"name": "a", "description": "b"}
    for document in (first, second, first, dict(reversed(second.items()))):
        same(read(document), plainly(document, FunctionDefinition))
    for strange in ({"name": "a", "colour": "b"}, {"description": "b", "strict": True}, {}):
        with pytest.raises(Doubt):
            read(strange)


def test_an_object_with_more_names_than_there_are_is_left_to_the_plain_way() -> None:
    names = {f"n{number}": 1 for number in range(50)}
    document = put(FULL, ("usage",), None) | {"tool_choice": {"type": "function"} | names}
    assert codec.decode(document).tool_choice.wire.extra == names  # type: ignore[union-attr]  # it is no word
    with pytest.raises(Doubt):
        fresh(Run)(document)
    with pytest.raises(Doubt):
        fresh(Run)(FULL | names)


@pytest.mark.parametrize("depth", [*range(26, 34), 60, 61, 62, 63, 64, 65])
def test_how_deep_a_document_nests_is_no_matter_of_the_way(depth: int) -> None:
    text = json.dumps(MINIMAL | {"tool_resources": {}}).encode()
    deep = text.replace(
        b'"tool_resources": {}', b'"tool_resources": ' + b'{"a":' * (depth - 1) + b"1" + b"}" * (depth - 1)
    )
    for data in (deep, b"[" + deep + b"]", b'{"object":"list","data":[' + deep + b"]}"):
        read = codec.decode if data is deep else codec.decode_list
        inside = depth + (0 if data is deep else 1 if data[:1] == b"[" else 2)
        if inside > 64:
            with pytest.raises(DecodeError, match="nested"):
                read(data)
            continue
        made: Any = read(data)
        if data is deep:
            assert codec.encode_bytes(made) == edge.dumps(encode(made))


def test_a_part_of_itself_is_left_to_the_plain_way() -> None:
    assert compiled_codec._levels(Run) < compiled_codec._DEEPEST

    @attrs.frozen
    class Knot:
        inner: Any = None
        wire: Any = None

    Knot.__annotations__["inner"] = Knot
    assert compiled_codec._levels(Knot) > compiled_codec._DEEPEST


@pytest.mark.parametrize("page", [lambda items: items, lambda items: {"object": "list", "data": items}])
@pytest.mark.parametrize("odd", [None, {}, [], "a word", {"id": 1}, {"id": "x", "createdAt": 1}, FULL | {"new": 1}])
def test_a_list_is_read_as_its_items_are(page: Any, odd: Any) -> None:
    items = [FULL, MINIMAL, FAILED]
    assert codec.decode_list(json.dumps(page(items))) == tuple(map(codec.decode, items))
    try:
        expected: Any = (*map(codec.decode, items), codec.decode(odd))
    except (DecodeError, TypeError):
        with pytest.raises(DecodeError, match=r"\[3\]"):
            codec.decode_list(json.dumps(page([*items, odd])))
    else:
        assert codec.decode_list(json.dumps(page([*items, odd]))) == expected


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("metadata", [lambda o: {"k" * (64 + o): "v"}, lambda o: {"k": "v" * (512 + o)},
                                      lambda o: {str(n): "v" for n in range(16 + o)}])  # fmt: skip
def test_the_limits_of_metadata_are_the_same_in_both_ways(metadata: Any, over: int) -> None:
    document = FULL | {"metadata": metadata(over)}
    plain = plainly(document, Run)
    assert isinstance(plain, DecodeError) == bool(over)
    if over:
        with pytest.raises(Doubt):
            fresh(Run)(document)
    else:
        same(fresh(Run)(document), plain)


# -- what is kept ------------------------------------------------------------------------------------------------------


def _shared(*tools: Tool) -> bytes:
    made = attrs.evolve(codec.decode(MINIMAL), tools=tools)
    data = codec.encode_bytes(made)
    assert data == codec.encode_bytes(made) == edge.dumps(encode(made))
    return data


def test_the_text_of_tools_is_kept_for_the_same_object_alone() -> None:
    pytest.importorskip("orjson")
    compiled_codec._SHARED.clear()
    one = _shared(Tool("function", FunctionDefinition("a")))
    assert len(compiled_codec._SHARED) == 1
    assert _shared(Tool("function", FunctionDefinition("b"))) == one.replace(b'"a"', b'"b"')
    assert len(compiled_codec._SHARED) == 2


def test_no_more_is_kept_than_is_said_and_nothing_that_may_change() -> None:
    pytest.importorskip("orjson")
    compiled_codec._SHARED.clear()
    long = "x" * compiled_codec._LONGEST_SHARED
    _shared(Tool("function", FunctionDefinition(long)))
    _shared()
    words: list[str] = []
    loose = Tool("function", FunctionDefinition("a", parameters=FrozenDict()))
    object.__setattr__(loose.function, "parameters", FrozenDict({"enum": words}))  # its constructor would freeze them
    before = _shared(loose)
    words.append("new")
    assert _shared(loose) == before.replace(b"[]}", b'["new"]}')
    assert compiled_codec._SHARED == {}
    for number in range(300):
        _shared(Tool(f"t{number}"))
    assert 0 < len(compiled_codec._SHARED) <= compiled_codec._MOST_SHARED


def test_tools_that_are_kept_take_no_rule_away() -> None:
    nul = attrs.evolve(codec.decode(MINIMAL), tools=(Tool("nul \0"),))
    for _ in range(2):
        with pytest.raises(DecodeError):
            codec.encode_bytes(nul)
    wide = attrs.evolve(codec.decode(MINIMAL), instructions="x" * (1 << 20), tools=(Tool("a"),))
    for _ in range(2):
        with pytest.raises(DecodeError):
            codec.encode_bytes(wide)
