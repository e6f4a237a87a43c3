"""The edge: whatever comes in, a value or a DecodeError that says where and why; the same from both parsers."""

import inspect
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstate import edge, sse
from runstate.edge import PROBLEMS, Limits, check_value, dumps, loads, path_to
from runstate.errors import DecodeError

ENGINES = {"stdlib": edge._parse_stdlib, "orjson": edge._parse_orjson}

FAULTS: list[tuple[Any, str, str]] = [
    # size, encoding
    (b" " * ((1 << 20) + 1), "size", "$"),
    ("é" * (1 << 19) + "..", "size", "$"),
    (b"", "empty", "$"),
    ("", "empty", "$"),
    (b" \r\n\t", "blank", "$"),
    ("\n", "blank", "$"),
    (b"\xef\xbb\xbf{}", "bom", "$"),
    ("\ufeff{}", "bom", "$"),
    ('{"é":1}'.encode("utf-16"), "utf16", "$"),
    ('{"é":1}'.encode("utf-16-le"), "utf16", "$"),
    ('{"é":1}'.encode("utf-16-be"), "utf16", "$"),
    ("1".encode("utf-16-le"), "utf16", "$"),
    ('{"é":1}'.encode("utf-32"), "utf32", "$"),
    ("1".encode("utf-32-le"), "utf32", "$"),
    ("1".encode("utf-32-be"), "utf32", "$"),
    ('"café"'.encode("latin-1"), "utf8", "$"),
    (b'"\xed\xa0\x80"', "utf8", "$"),
    (b'"\xed\xa0\xbd\xed\xb8\x80"', "utf8", "$"),
    (b'"\xc0\x80"', "utf8", "$"),
    (b'"caf\xc3', "truncated", "$"),
    # depth, before anything is parsed
    (b"[" * 100_000, "depth", "$"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "depth", "$"),
    (b"[" * 65 + b"]" * 65, "depth", "$"),
    (b'["\\"",' * 65 + b"1" + b"]" * 65, "depth", "$"),
    (b'["\\\\",' * 65 + b"1" + b"]" * 65, "depth", "$"),
    # syntax
    (b"[1, 2", "truncated", "$"),
    (b"[1, 2,", "truncated", "$[2]"),
    (b"[", "truncated", "$[0]"),
    (b"{", "truncated", "$"),
    (b'{"a"', "truncated", "$.a"),
    (b'{"a":', "truncated", "$.a"),
    (b'{"a":1', "truncated", "$"),
    (b'{"a":1,', "truncated", "$"),
    (b'{"a":{"b":[tru', "truncated", "$.a.b[0]"),
    (b'["a', "truncated", "$[0]"),
    (b'"\\', "truncated", "$"),
    (b'"\\u12', "truncated", "$"),
    (b"-", "truncated", "$"),
    (b"1.", "truncated", "$"),
    (b"1.5e+", "truncated", "$"),
    (b"nul", "truncated", "$"),
    (b"{} {}", "trailing", "$"),
    (b"1 2", "trailing", "$"),
    (b"[]]", "trailing", "$"),
    (b"nulls", "trailing", "$"),
    (b"1\0", "utf16", "$"),
    ("1\0", "trailing", "$"),
    (b"{}\xc2\xa0", "trailing", "$"),
    (b"[1,]", "malformed", "$[1]"),
    (b"[,1]", "malformed", "$[0]"),
    (b"[1 2]", "malformed", "$"),
    (b"[}", "malformed", "$[0]"),
    (b'{"a":1]', "malformed", "$"),
    (b'{"a":1,}', "malformed", "$"),
    (b'{"a" 1}', "malformed", "$.a"),
    (b"{'a': 1}", "malformed", "$"),
    (b"{a: 1}", "malformed", "$"),
    (b"+1", "malformed", "$"),
    (b"[.5]", "malformed", "$[0]"),
    (b"[1.e5]", "malformed", "$"),
    (b"[0x10]", "malformed", "$"),
    ("[١]".encode(), "malformed", "$[0]"),  # a digit, but not an ASCII one
    (b"[True]", "malformed", "$[0]"),
    (b'"a\nb"', "malformed", "$"),
    (b'"\\x41"', "malformed", "$"),
    (b'["\\u12g4"]', "malformed", "$[0]"),
    (b"data: {}", "malformed", "$"),
    (b"<html>", "malformed", "$"),
    (b"\0\0\0\0", "malformed", "$"),
    ("\u2028[]", "malformed", "$"),
    # numbers
    (b"[NaN]", "not_finite", "$[0]"),
    (b'{"a b": -Infinity}', "not_finite", "$['a b']"),
    (b"Infinity", "not_finite", "$"),
    (b'{"x": [1, 1e400]}', "not_finite", "$.x[1]"),
    (b"-1e400", "not_finite", "$"),
    (b'{"usage": {"total_tokens": 1234567890123456789012345678901}}', "integer_range", "$.usage.total_tokens"),
    (b"[9223372036854775807, 9223372036854775808]", "integer_range", "$[1]"),
    (b"[-9223372036854775808, -9223372036854775809]", "integer_range", "$[1]"),
    (b"18446744073709551616", "integer_range", "$"),
    (b'{"a": ' + b"9" * 5000 + b"}", "integer_range", "$.a"),
    (b'{"a": -' + b"9" * 300_000 + b"}", "integer_range", "$.a"),
    # text
    (b'{"tools": [0, 1, 2, {"name": "a\\u0000b"}]}', "nul", "$.tools[3].name"),
    (b'{"a\\u0000": 1}', "nul", "$['a\\u0000']"),
    (b'{"a": "\\ud800"}', "surrogate", "$.a"),
    (b'{"a": "\\ude00\\ud83d"}', "surrogate", "$.a"),
    (b'{"\\udfff": 1}', "surrogate", "$['\\udfff']"),
    ('{"a": "\ud800"}', "surrogate", "$.a"),
    ('["\ud83d\ude00"]', "surrogate", "$[0]"),
    # names
    (b'{"a": 1, "a": 1}', "duplicate_key", "$.a"),
    (b'[{"x:y": {"b": ":", "c": 1, "\\u0062": 2}}]', "duplicate_key", "$[0]['x:y'].b"),
    (b'{"a": "\\u0000", "a": 1}', "duplicate_key", "$.a"),
    (b'{"a": [{"a": 1}], "b": {"a": 1}, "b": 2}', "duplicate_key", "$.b"),
    (7, "type", "$"),
    (None, "type", "$"),
    ({}, "type", "$"),
]

VALUES: list[tuple[Any, Any]] = [
    (b"null", None),
    (b" [ ] ", []),
    (b"-0", 0),
    (b"-0.0", -0.0),
    (b"1.0", 1.0),
    (b"1E5", 100000.0),
    (b"1e-400", 0.0),
    (b"9223372036854775807", 2**63 - 1),
    (b"-9223372036854775808", -(2**63)),
    (b"1234567890123456789", 1234567890123456789),
    (b"0.12345678901234567890123", 0.12345678901234567890123),
    (b"12345678901234567890.0", 12345678901234567890.0),
    (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
    (b'["' + b"[" * 100 + b'"]', ["[" * 100]),
    (b'["' + b'\\"[' * 100 + b'"]', ['"[' * 100]),
    (b'{"a:b": ":", "c": "\\\\", "d": "\\":"}', {"a:b": ":", "c": "\\", "d": '":'}),
    (b'[{"a": 1}, {"a": 1}]', [{"a": 1}, {"a": 1}]),
    (b'{"a": {"a": {}}, "A": 1, "": 2}', {"a": {"a": {}}, "A": 1, "": 2}),
    (b'"\\ud83d\\ude00 \xf0\x9f\x98\x80 \\/ \x7f"', "😀 😀 / \x7f"),
    ('"\u2028\u0085\ufeff"', "\u2028\u0085\ufeff"),
    (bytearray(b"[true]"), [True]),
    (memoryview(b"]x3x[")[::-2], [3]),
]


def outcome(data: Any, engine: str, limits: Limits = edge.DEFAULT) -> tuple[str, ...]:
    """A value with its types (1, 1.0, True and -0.0 differ), or a refusal with its path, word and message."""
    try:
        return "value", repr(edge._loads(data, limits, "$", ENGINES[engine]))
    except DecodeError as error:
        return "refused", error.problem, error.path, str(error)


def same_outcome(data: Any, limits: Limits = edge.DEFAULT) -> tuple[str, ...]:
    first, second = (outcome(data, engine, limits) for engine in ENGINES)
    assert first == second
    return first


@pytest.mark.parametrize(("data", "problem", "path"), FAULTS, ids=lambda x: repr(x)[:40])
def test_faults_are_named_with_their_place(data: Any, problem: str, path: str) -> None:
    assert same_outcome(data)[:3] == ("refused", problem, path)
    with pytest.raises(DecodeError) as caught:
        loads(data)
    assert (caught.value.problem, caught.value.path) == (problem, path)
    assert caught.value.allowed
    assert len(str(caught.value)) < 600
    str(caught.value).encode()  # can be printed, whatever it quotes


@pytest.mark.parametrize(("data", "value"), VALUES, ids=[str(index) for index in range(len(VALUES))])
def test_values(data: Any, value: Any) -> None:
    assert same_outcome(data) == ("value", repr(value))
    assert repr(loads(data)) == repr(value)
    if isinstance(data, bytes):
        assert repr(loads(data.decode())) == repr(value)


def test_without_orjson_all_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "_orjson_loads", None)
    for data, problem, path in FAULTS:
        assert outcome(data, "orjson")[1:3] == (problem, path)
    for data, value in VALUES:
        assert outcome(data, "orjson") == ("value", repr(value))


def test_every_problem_word_is_reached_and_described() -> None:
    reached = {problem for _, problem, _ in FAULTS} | {problem for _, problem, _ in FOREIGN}
    with pytest.raises(DecodeError) as caught:
        sse.encode("a\nb", "")
    assert reached | {caught.value.problem} == set(PROBLEMS)
    assert all(sentence.endswith(".") for sentence in PROBLEMS.values())


def test_empty_blank_and_truncated_have_messages_of_their_own() -> None:
    assert len({outcome(data, "stdlib")[-1] for data in (b"", b" ", b"[", b'"', b"[1")}) == 5


def test_the_path_starts_where_the_caller_says() -> None:
    for call in (loads(b"[1]", path="$.x"), check_value([1], path="$.x")):
        assert call == [1]
    with pytest.raises(DecodeError) as caught:
        loads(b'{"a": NaN}', path="$.data[2]")
    assert caught.value.path == "$.data[2].a"
    assert str(caught.value).startswith("$.data[2].a: ")


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((), "$"),
        (("usage", "total_tokens"), "$.usage.total_tokens"),
        (("tools", 3, "name"), "$.tools[3].name"),
        (("a b", "it's", "a\\b"), r"$['a b']['it\'s']['a\\b']"),
        (("é", "\n", "", "1"), "$['é']['\\u000a']['']['1']"),
    ],
)
def test_paths(steps: tuple[str | int, ...], path: str) -> None:
    assert path_to("$", *steps) == path


def test_a_very_long_name_does_not_make_the_path_unreadable() -> None:
    assert len(path_to("$", "x" * 10_000)) < 100


# -- limits ------------------------------------------------------------------------------------------------------------


def test_limits_are_arguments() -> None:
    tight = Limits(max_bytes=10, max_depth=1, min_int=0, max_int=5)
    assert same_outcome(b"[0,5]", tight) == ("value", "[0, 5]")
    for data, problem in (
        (b"[1,2,3,4,5]", "size"),
        (b"[[]]", "depth"),
        (b"[6]", "integer_range"),
        (b"-1", "integer_range"),
    ):
        assert same_outcome(data, tight)[1] == problem
    assert same_outcome(b"7", Limits(max_depth=0, max_int=7)) == ("value", "7")
    wide = Limits(max_int=2**100)
    assert same_outcome(b"%d" % 2**100, wide) == ("value", str(2**100))
    assert same_outcome(b"%d" % (2**100 + 1), wide)[1] == "integer_range"


@pytest.mark.parametrize(
    "wrong",
    [{"max_bytes": 0}, {"max_depth": -1}, {"max_depth": 257}, {"min_int": 1, "max_int": 0}, {"max_int": 2**256}],
)
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="max_"):
        Limits(**wrong)
    with pytest.raises(TypeError):
        Limits(max_bytes="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# -- values that are decoded already -----------------------------------------------------------------------------------

_cycle: list[Any] = []
_cycle.append(_cycle)
_doubling: list[Any] = []
for _ in range(60):
    _doubling = [_doubling, _doubling]

FOREIGN: list[tuple[Any, str, str]] = [
    ({"a": {1: 2}}, "key", "$.a"),
    ({"a": (1,)}, "type", "$.a"),
    ({"a": [b""]}, "type", "$.a[0]"),
    ({"a": {1, 2}}, "type", "$.a"),
    (object(), "type", "$"),
    ([math.nan], "not_finite", "$[0]"),
    ([0, -math.inf], "not_finite", "$[1]"),
    ({"a": 2**63}, "integer_range", "$.a"),
    ({"a": 10**6000}, "integer_range", "$.a"),
    ("\ud800", "surrogate", "$"),
    ({"a": {"b": "\0"}}, "nul", "$.a.b"),
    ({"\0": 1}, "nul", "$['\\u0000']"),
    (_cycle, "depth", "$" + "[0]" * 64),
    (_doubling, "size", "$"),
    (["x" * 10_000], "size", "$[0]"),
]


@pytest.mark.parametrize(("value", "problem", "path"), FOREIGN, ids=[str(index) for index in range(len(FOREIGN))])
def test_decoded_values_and_values_to_write_obey_the_same_rules(value: Any, problem: str, path: str) -> None:
    for call in (check_value, dumps):
        with pytest.raises(DecodeError) as caught:
            call(value, Limits(max_bytes=10_000))
        assert caught.value.problem == problem
        assert caught.value.path.startswith(path)
        str(caught.value).encode()


def test_check_value_returns_the_very_value() -> None:
    value: dict[str, Any] = {"a": [1, 2.5, None, True, "é", {}]}
    assert check_value(value) is value


def test_dumps_is_compact_utf8_and_obeys_the_size() -> None:
    assert dumps({"é": [1, -0.0, True, None, "😀\n"]}) == '{"é":[1,-0.0,true,null,"😀\\n"]}'.encode()
    assert dumps("é", Limits(max_bytes=4)) == b'"\xc3\xa9"'
    with pytest.raises(DecodeError) as caught:
        dumps("é", Limits(max_bytes=3))
    assert caught.value.problem == "size"


# -- for every input ---------------------------------------------------------------------------------------------------

chars = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(chars, max_size=8) | st.sampled_from([":", '"', "\\", '\\"', "{", "]]", "a:b", "\\u0000"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
tokens = (
    st.sampled_from('[]{},:"\\-+.eEé \n\x01\0\u2028\ufeff\ud800')
    | st.sampled_from(['"a"', '"b"', '"a":1', "0", "1", "12", "1.5", "-0", "1e400", "9" * 19, "-" + "9" * 20])
    | st.sampled_from(["true", "null", "tru", "NaN", "-Infinity", "\\u0000", '"\\ud800"', '"\\ud83d\\ude00"'])
    | st.sampled_from(['"\\', "\\n", "\\x", '{"a":{"a":2},"a":', '["x","x:y"]'])
)
near_json = st.lists(tokens, max_size=10).map("".join)


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """JSON, with a few of its bytes removed, replaced or doubled."""
    data = bytearray(dumps(draw(values)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(
            st.binary(max_size=2) | st.sampled_from([b'"', b"\\", b"{", b"9" * 20])
        )
    return bytes(data)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=40) | edited() | near_json | near_json.map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_input_gives_the_same_value_or_refusal_from_both_engines(data: bytes | str) -> None:
    kind, *rest = same_outcome(data)
    if kind == "refused":
        assert rest[0] in PROBLEMS
        assert rest[1].startswith("$")
        rest[2].encode()
    if kind == "value" or rest[0] in {"malformed", "trailing", "truncated", "empty", "blank", "bom"}:
        # the standard library as a second opinion on the syntax
        try:
            opinion = repr(json.loads(data if isinstance(data, str) else data.decode()))
        except ValueError:
            opinion = ""
        assert opinion == (rest[0] if kind == "value" else "")


@settings(deadline=None)
@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    data = dumps(value)
    assert same_outcome(data) == ("value", repr(value))
    assert dumps(loads(data)) == data
    assert repr(loads(json.dumps(value, indent=1))) == repr(value)


@settings(deadline=None, max_examples=50)
@given(st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3) | texts)
def test_every_proper_prefix_is_empty_or_truncated(value: Any) -> None:
    data = dumps(value)
    for end in range(len(data)):
        assert same_outcome(data[:end])[1] == ("truncated" if end else "empty")


@settings(deadline=None)
@given(st.dictionaries(texts, values, min_size=1, max_size=4), st.data())
def test_a_repeated_name_never_passes(members: dict[str, Any], draw: st.DataObject) -> None:
    again = draw.draw(st.sampled_from(list(members)))
    position = draw.draw(st.integers(0, len(members)))
    pairs = [f"{json.dumps(name)}: {dumps(value).decode()}" for name, value in members.items()]
    pairs.insert(position, f"{json.dumps(again, ensure_ascii=False)}: 0")
    for text in ("{%s}", '[1, {"x": {%s}}]'):
        assert same_outcome(text % ", ".join(pairs))[1] == "duplicate_key"


@settings(deadline=None)
@given(
    st.integers(0, 70),
    st.lists(st.sampled_from(["[", '{"a":', '["[[\\"[[",', '[[],"\\\\",']), min_size=70, max_size=70),
)
def test_the_depth_is_that_of_the_value(depth: int, parts: list[str]) -> None:
    opening = "".join(parts[:depth])
    deepest = depth + 1 if depth and parts[depth - 1] == '[[],"\\\\",' else depth
    closing = "".join("}" if part[0] == "{" else "]" for part in reversed(parts[:depth]))
    text = f"{opening}1{closing}"

    def deep(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max(map(deep, inner), default=0)

    actual = deep(json.loads(text))
    assert actual in {depth, deepest}
    limits = Limits(max_depth=actual)
    assert same_outcome(text, limits)[0] == "value"
    if actual:
        assert same_outcome(text, Limits(max_depth=actual - 1))[1] == "depth"


# -- cost --------------------------------------------------------------------------------------------------------------

N = 1 << 17
HOSTILE = {
    "brackets": b"[" * N,
    "unbalanced": b"][" * (N // 2),
    "quotes": b'"' * N,
    "escaped quotes, no end": b'"' + b'\\"' * (N // 2 - 1),
    "backslashes": b"\\" * N,
    "string of escapes": b'"' + b"\\u00e9" * (N // 6 - 1),
    "one number": b"9" * N,
    "one float": b"0." + b"9" * (N - 2),
    "fraction without end": b"[" + b"1e" * (N // 2 - 1),
    "numbers, then junk": b"[" + b"1234567890123456789," * (N // 20 - 1) + b"x]",
    "strings, then junk": b"[" + b'"\\u00e9",' * (N // 9 - 1) + b"x]",
    "objects, then NaN": b"[" + b'{"a":1},' * (N // 8 - 1) + b"NaN]",
    "names": b"{" + b'"a":1,' * (N // 6 - 2) + b'"b":1}',
    "spaces": b"[" + b" " * (N - 2) + b"x",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_time_is_linear(kind: str) -> None:
    start = time.process_time()
    same_outcome(HOSTILE[kind])
    assert time.process_time() - start < 5  # quadratic work on so many bytes takes minutes


def test_a_small_stack_suffices() -> None:
    script = """
import sys, threading
from runstate import edge
from runstate.errors import DecodeError
sys.setrecursionlimit(10**6)
said = []
def work():
    limits = edge.Limits(max_depth=256)
    for parse in (edge._parse_stdlib, edge._parse_orjson):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
            deep = 256 if len(opening) != 6 else 128
            value = edge._loads(opening * deep + b"1" + closing * deep, limits, "$", parse)
            edge.loads(edge.dumps(value, limits), limits)
            for n, end in ((deep + 1, closing), (10**5, closing), (10**5, b"")):
                try:
                    edge._loads(opening * n + b"1" + end * n, limits, "$", parse)
                except DecodeError as error:
                    said.append(error.problem)
threading.stack_size(128 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(*said)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["depth"] * 18


def test_a_caller_near_the_recursion_limit_gets_a_decode_error() -> None:
    data = b"[" * 64 + b"]" * 64
    value = loads(data)
    calls: list[Callable[[], object]] = [
        partial(edge._loads, data, edge.DEFAULT, "$", edge._parse_stdlib),
        partial(edge._loads, data, edge.DEFAULT, "$", edge._parse_orjson),
        partial(dumps, value),
    ]
    seen: list[str] = []

    def down(frames: int) -> None:
        if frames:
            down(frames - 1)
            return
        for call in calls:
            try:
                call()
                seen.append("value")
            except DecodeError as error:
                seen.append(error.problem)

    depth = len(inspect.stack(0))
    for left in (30, 50, 60, 90):
        down(sys.getrecursionlimit() - depth - left)
    # orjson keeps no count of Python's frames, nor does the standard library from Python 3.12 on
    if sys.version_info < (3, 12):
        assert seen[0] == seen[2] == "depth"
    assert seen[-3:] == ["value"] * 3
    assert set(seen) <= {"depth", "value"}
