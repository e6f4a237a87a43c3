"""The edge: bytes or text from outside become a JSON value, or a `DecodeError` that names the fault.

The rules are checked in this order, and the first broken one is reported:

1. **size**: no more than `Limits.max_bytes` bytes.
2. **encoding**: UTF-8 without a byte order mark (RFC 8259 §8.1); UTF-16, UTF-32, CESU-8, Latin-1 are refused by name.
3. **depth**: counted in one linear pass *before* any recursive parser sees the text (RFC 8259 §9 allows a limit).
4. **syntax**: RFC 8259 §2 to §7.  NaN and Infinity, which Python's `json` would accept, are refused (§6).
5. **range and text**, in the order of the text: integers within `Limits`, finite floats, and in keys and strings no NUL
   (PostgreSQL cannot store it) and no lone surrogate (UTF-8 cannot express it; RFC 8259 §8.2).
6. **names**: no member name twice in one object (RFC 8259 §4 calls the behaviour of such objects unpredictable).

`orjson` (extra ``fast``) parses where it can be imported, the standard library otherwise; values, refusals and their
messages are the same.  Whatever comes, the answer is a value or a `DecodeError`; the time is linear in the size of the
input, and a thread with a stack of 128 KiB suffices.

Numbers stay what they were written as: ``1`` is an int, ``1.0`` and ``1e0`` are floats, ``-0.0`` keeps its sign, ``-0``
is the integer 0.  A float too small to be told from zero becomes zero.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import accumulate
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import attrs

from runstate.errors import DecodeError

_orjson_loads: Callable[[bytes], object] | None
_orjson_dumps: Callable[..., bytes] | None
_Fragment: Callable[[bytes], object] | None
_small_integers = 0
"""Option of orjson: refuse to write integers of more than 53 bits."""
try:
    from orjson import OPT_STRICT_INTEGER
    from orjson import Fragment as _Fragment
    from orjson import dumps as _orjson_dumps
    from orjson import loads as _orjson_loads
except ImportError:  # the extra is not installed
    _orjson_loads = _orjson_dumps = _Fragment = None
else:
    _small_integers = OPT_STRICT_INTEGER

__all__ = [
    "JSON",
    "PROBLEMS",
    "Limits",
    "check_value",
    "dumps",
    "dumps_plainly",
    "loads",
    "loads_but_depth",
    "path_to",
    "spelled_out",
]

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"
"""What JSON can say, as Python values of exactly these types."""

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "type": "A Python value is of a type that JSON does not have.",
        "key": "A member name of a Python mapping is not a string.",
        "size": "The input is larger than the limit in bytes.",
        "empty": "The input has no bytes at all.",
        "blank": "The input is white space alone.",
        "bom": "The input starts with a byte order mark.",
        "utf16": "The input is UTF-16, not UTF-8.",
        "utf32": "The input is UTF-32, not UTF-8.",
        "utf8": "A byte sequence is not UTF-8.",
        "depth": "Objects and arrays are nested deeper than the limit.",
        "truncated": "The input ends before its value does.",
        "malformed": "The text is not JSON.",
        "trailing": "Something other than white space follows the value.",
        "not_finite": "A number is NaN, infinite or beyond the range of a 64-bit float.",
        "integer_range": "An integer is outside the limits.",
        "nul": "A string contains U+0000, which databases refuse.",
        "surrogate": "A string contains half of a surrogate pair, which UTF-8 cannot express.",
        "duplicate_key": "A member name occurs twice in one object.",
        "line_break": "A line break stands where a server-sent event cannot carry one.",
    }
)
"""Every problem word of `runstate.edge` and `runstate.sse`, with what it means."""

_DEEPEST = 256
"""Of `Limits.max_depth`.  Both parsers recurse in C and were seen to overflow a 128 KiB stack between 800 and 1000."""
_WIDEST = 2**255
"""Of integer limits, either way.  An integer literal within them has at most 78 characters."""
_WIDEST_LITERAL = 78


def _ordered(limits: Limits, _field: attrs.Attribute[int], value: int) -> None:
    if limits.min_int > value:
        raise ValueError(f"max_int = {value} is less than min_int = {limits.min_int}")


def _within(low: int, high: int | None = None) -> Any:
    checks = [attrs.validators.instance_of(int), attrs.validators.ge(low)]
    return checks if high is None else [*checks, attrs.validators.le(high)]


@attrs.frozen
class Limits:
    """What the edge lets in.  Raises TypeError or ValueError if the limits themselves make no sense."""

    max_bytes: int = attrs.field(default=1 << 20, validator=_within(1))
    """Size of the whole input in bytes of UTF-8."""
    max_depth: int = attrs.field(default=64, validator=_within(0, _DEEPEST))
    """Objects and arrays inside one another; 0 allows scalars only, ``[[]]`` is 2 deep.  At most 256."""
    min_int: int = attrs.field(default=-(2**63), validator=_within(-_WIDEST, _WIDEST))
    """Least integer.  The default fits a signed 64-bit column."""
    max_int: int = attrs.field(default=2**63 - 1, validator=[*_within(-_WIDEST, _WIDEST), _ordered])
    """Greatest integer."""

    @property
    def wide(self) -> bool:
        """Whether they let in all that the default limits let in."""
        low, high = self.min_int <= DEFAULT.min_int, self.max_int >= DEFAULT.max_int
        return low and high and self.max_bytes >= DEFAULT.max_bytes and self.max_depth >= DEFAULT.max_depth


DEFAULT = Limits()

_END: Any = object()
"""Stands where no value is: the end of a container, and of what can be told at once."""


def loads(data: bytes | bytearray | memoryview | str, limits: Limits = DEFAULT, *, path: str = "$") -> JSON:
    """The JSON value that `data` spells.

    `path` is where the document stands in something larger; paths in errors begin with it.
    Raises `DecodeError` and nothing else.
    """
    if limits is DEFAULT or limits.wide:
        value = _loads_plainly(data, limits.max_bytes)
        if value is not _END:
            return cast(JSON, value)
    return _loads(data, limits, path, _parse_orjson)


def check_value(value: object, limits: Limits = DEFAULT, *, path: str = "$") -> JSON:
    """The same rules for a value that is decoded already, such as the dump of an SDK object; returns that very value.

    Only exact JSON types pass: a tuple, a datetime or a string enum is not what a parser would have given.  The size is
    judged by a lower bound of its encoded length, so that a small value which contains itself many times over cannot
    take forever.  Raises `DecodeError`.
    """
    _walk(value, limits, path)
    return cast(JSON, value)


def dumps(value: JSON, limits: Limits = DEFAULT) -> bytes:
    """Compact UTF-8, non-ASCII characters as themselves, members in the order of the mapping.

    What it returns `loads` reads back to an equal value under the same limits; what would not be read back (not JSON,
    too deep, too large) raises `DecodeError`.  The bytes do not depend on whether orjson is installed.
    """
    _walk(value, limits, "$")
    try:
        data = _ENCODER.encode(value).encode()
    except RecursionError:
        raise _no_stack("$") from None
    if len(data) > limits.max_bytes:
        raise _too_large(len(data), limits, "$")
    return data


def path_to(path: str, *steps: str | int) -> str:
    """`path` followed by member names and indices: ``path_to("$", "tools", 3, "a b")`` is ``$.tools[3]['a b']``.

    Names that are not ASCII identifiers are quoted as in the normalized paths of RFC 9535 §2.7; very long ones are cut.
    """
    return path + "".join(map(_step, steps))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if step.isascii() and step.isidentifier() and len(step) <= 80:
        return f".{step}"
    shown = step if len(step) <= 80 else step[:79] + "…"
    escaped = (c if c.isprintable() and c not in "'\\" else _escape(c) for c in shown)
    return f"['{''.join(escaped)}']"


def _escape(char: str) -> str:
    return f"\\{char}" if char in "'\\" else f"\\u{ord(char):04x}"


# -- where all is plainly well -----------------------------------------------------------------------------------------

_SPACES = b" \t\n\r"


def _loads_plainly(data: object, max_bytes: int = DEFAULT.max_bytes) -> object:
    """The value of a text that keeps every rule plainly, else `_END`: the rules are then asked one by one."""
    value = loads_but_depth(data, max_bytes)
    if type(value) is not dict and type(value) is not list:
        return value  # the depth of a scalar is none
    brackets = ("[", "{") if isinstance(data, str) else (b"[", b"{")
    opened = sum(cast(Any, data).count(bracket) for bracket in brackets)
    return _END if opened > DEFAULT.max_depth and _deeper_than(value, DEFAULT.max_depth) else value


def loads_but_depth(data: object, max_bytes: int = DEFAULT.max_bytes) -> object:
    """The value of a text that keeps every rule but perhaps the one on depth, which is the caller's to ask; else what is
    no value of JSON.

    What a parser dropped or bent cannot be in what is written again.  So if the text equals its value written anew, up to
    white space, then no name stood twice in an object, no integer became a float, no number was too small or large, and
    the text is UTF-8 and complete.  Writing anew takes a third of the time of parsing; asking in Python ten times it.
    """
    if _orjson_loads is None or _orjson_dumps is None:
        return _END
    try:
        if type(data) is str and len(data) <= max_bytes:
            data = data.encode()
        if type(data) is not bytes or len(data) > max_bytes or data.rfind(_NUL) >= 0:
            return _END
        value = _orjson_loads(data)
        again = _orjson_dumps(value, None, _small_integers)  # 2**63 would be read as it is, and is out of range
    except (ValueError, TypeError):
        return _END
    if again != data and again.translate(None, _SPACES) != data.translate(None, _SPACES):
        return _END
    return value


_NUL = b"\\u0000"
"""To be looked for from the end: that takes half as long as from the start."""


def _deeper_than(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            item
            for container in level
            for item in (container.values() if type(container) is dict else cast("list[object]", container))
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


def dumps_plainly(value: object) -> bytes | None:
    """The same as `dumps`, or None where that is not plain to see; for documents whose every value was looked at.

    :param value: of JSON's types, or read-only twins of them; not too deep; no float whose exponent would be written.
    """
    if _orjson_dumps is None:
        return None
    try:
        data = _orjson_dumps(value, None, _small_integers)
    except (ValueError, TypeError):
        return None
    return None if len(data) > DEFAULT.max_bytes or data.rfind(_NUL) >= 0 else data


def spelled_out(value: object, max_bytes: int) -> object | None:
    """What `dumps_plainly` takes in the place of the value and writes at once; None where that is not to be had.

    :param value: as in `dumps_plainly`.
    :param max_bytes: None too where it would be longer.
    """
    data = dumps_plainly(value)
    return None if data is None or _Fragment is None or len(data) > max_bytes else _Fragment(data)


# -- from bytes to value -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Huge:
    """An integer literal too long to be worth converting; stands in a parsed value until the walk finds it."""

    literal: str


class _Twice(dict[str, Any]):
    """An object in which a member name occurred twice."""

    name: str


_Parse: TypeAlias = Callable[[str, bytes, bytes], object]
"""From (text, the same as UTF-8, its skeleton) to a value.  Raises json.JSONDecodeError or RecursionError.

The value may hold `_Huge`, `_Twice`, NaN, infinities and lone surrogates: `_walk` refuses them.
"""


def _loads(data: object, limits: Limits, path: str, parse: _Parse) -> JSON:
    text, utf8 = _decode(data, limits, path)
    skeleton = _skeleton(utf8)
    _check_depth(skeleton, limits, path)
    try:
        value = parse(text, utf8, skeleton)
        names = _walk(value, limits, path)
        # Neither engine reports duplicates.  Every member has one colon after its name, and the skeleton has no other
        # colons (RFC 8259 §4), so a parser that kept as many names as there are colons has dropped no duplicate, and
        # one that kept fewer has; only then is the slow way taken, to find out where.
        if names != skeleton.count(b":"):
            _walk(_TELLING.decode(text), limits, path)
    except json.JSONDecodeError:
        raise _diagnose(text, path) from None
    except RecursionError:
        raise _no_stack(path) from None
    return cast(JSON, value)


def _decode(data: object, limits: Limits, path: str) -> tuple[str, bytes]:
    """The input as text and as UTF-8, after the rules on size and encoding."""
    if isinstance(data, str):
        if len(data) > limits.max_bytes:  # before encoding it: every character takes at least one byte
            raise _too_large(len(data), limits, path)
        # lone surrogates pass here, so that the walk can say where they are
        text, utf8 = data, data.encode("utf-8", "surrogatepass")
    elif isinstance(data, bytes | bytearray | memoryview):
        view = memoryview(cast(bytes, data))
        if view.nbytes > limits.max_bytes:  # before copying it
            raise _too_large(view.nbytes, limits, path)
        text, utf8 = "", view.tobytes()
    else:
        raise DecodeError(
            path=path,
            problem="type",
            reason=f"a value of type {type(data).__name__} is neither bytes nor text",
            allowed="bytes, bytearray, memoryview or str",
            advice="A value that is decoded already goes to check_value.",
        )
    if len(utf8) > limits.max_bytes:
        raise _too_large(len(utf8), limits, path)
    if not utf8:
        raise DecodeError(path=path, problem="empty", reason="there are no bytes", allowed="one JSON value")
    if not utf8.strip(b" \t\n\r"):
        raise DecodeError(path=path, problem="blank", reason="there is only white space", allowed="one JSON value")
    if isinstance(data, str):
        if text.startswith("\ufeff"):
            raise _encoding("bom", "the text starts with a byte order mark", text[:1], path)
        return text, utf8
    return _decode_bytes(utf8, path), utf8


def _decode_bytes(data: bytes, path: str) -> str:
    # A JSON text starts with an ASCII character and holds no raw NUL, so that zeros among its first four bytes give the
    # wider encodings away even without a mark.
    zeros = tuple(not byte for byte in data[:4])
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")) or zeros in (
        (True, True, True, False),
        (False, True, True, True),
    ):
        raise _encoding("utf32", "the bytes are UTF-32", data[:8], path)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or zeros[:2] in ((True, False), (False, True)):
        raise _encoding("utf16", "the bytes are UTF-16", data[:8], path)
    if data.startswith(b"\xef\xbb\xbf"):
        raise _encoding("bom", "the bytes start with a byte order mark", data[:3], path)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        at, cut = error.start, error.reason == "unexpected end of data"
    seen = data[at : at + 4]
    if cut:  # no JSON text ends in a byte above 0x7f, so something is missing
        raise _truncated(f"the bytes end inside a character, at offset {at}", path)
    if re.match(rb"\xed[\xa0-\xbf][\x80-\xbf]", seen):
        what = "half a surrogate pair (CESU-8)"
    else:
        what = "not UTF-8 (Latin-1 or Windows-1252?)"
    raise _encoding("utf8", f"byte 0x{seen[0]:02x} at offset {at} is {what}", seen, path)


def _skeleton(utf8: bytes) -> bytes:
    """The text without its strings: brackets, commas, colons, numbers and literals.

    Correct up to the first syntax error, and no parser reads beyond that.  Runs at the speed of C loops: once escaped
    backslashes and then escaped quotes are gone, every quote that is left starts or ends a string.
    """
    if b"\\" in utf8:
        utf8 = utf8.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(utf8.split(b'"')[::2])


_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEP = tuple(1 if byte in b"[{" else -1 for byte in range(256))


def _check_depth(skeleton: bytes, limits: Limits, path: str) -> None:
    if skeleton.count(b"[") + skeleton.count(b"{") <= limits.max_depth:
        return
    brackets = skeleton.translate(None, _NO_BRACKET)
    depth = max(accumulate(map(_STEP.__getitem__, brackets)))
    if depth > limits.max_depth:
        raise _too_deep(f"objects and arrays are nested {depth} deep", limits, path)


_LONG_NUMBER = re.compile(rb"[0-9]{19}")


def _parse_stdlib(text: str, _utf8: bytes, skeleton: bytes) -> object:
    # int() takes quadratic time and refuses more than 4300 digits; a hook is slow, so only where a long number is about
    return (_WARY if _LONG_NUMBER.search(skeleton) else _PLAIN).decode(text)


def _parse_orjson(text: str, utf8: bytes, skeleton: bytes) -> object:
    # orjson turns integers beyond 64 bits into floats without a word; those have 19 digits or more.  What it refuses the
    # standard library judges, so that a refusal is the same whether it is installed or not.
    if _orjson_loads is not None and not _LONG_NUMBER.search(skeleton):
        with suppress(json.JSONDecodeError):  # orjson raises a subclass
            return _orjson_loads(utf8)
    return _parse_stdlib(text, utf8, skeleton)


def _bounded_int(literal: str) -> int | _Huge:
    if len(literal) <= _WIDEST_LITERAL:
        return int(literal)
    return _Huge(f"{literal[:12]}… ({len(literal)} characters)")


def _telling_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    twice = _Twice(members)
    once: set[str] = set()
    for name, _ in pairs:
        if name in once:
            twice.name = name
            break
        once.add(name)
    return twice


_PLAIN = json.JSONDecoder()  # takes NaN and Infinity; the walk refuses them, with their path
_WARY = json.JSONDecoder(parse_int=_bounded_int)
_TELLING = json.JSONDecoder(parse_int=_bounded_int, object_pairs_hook=_telling_pairs)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


# -- the rules on values -----------------------------------------------------------------------------------------------


def _walk(value: Any, limits: Limits, base: str) -> int:
    """Check a value in the order of its text, without recursion; return how many member names it has."""
    trail: list[str | int] = []
    open_: list[Iterator[tuple[Any, Any]]] = []
    names = 0
    room = limits.max_bytes  # less a lower bound of the encoded length; a parsed text cannot run out of it
    low, high = limits.min_int, limits.max_int
    while True:
        kind: type[object] = type(value)
        room -= 1
        if kind is str:
            room -= len(value)
            if "\0" in value or not value.isascii():
                _check_text(value, base, trail)
        elif kind is int:
            if not low <= value <= high:
                raise _integer(value, limits, path_to(base, *trail))
        elif kind is dict or kind is list:
            if len(open_) >= limits.max_depth:
                raise _too_deep("objects and arrays are nested deeper than that", limits, path_to(base, *trail))
            if kind is dict:
                names += len(value)
                room -= _check_names(value, base, trail)
            open_.append(iter(value.items()) if kind is dict else iter(enumerate(value)))
            trail.append(0)  # a place for the name or index
        elif kind is float:
            if not math.isfinite(value):
                raise _not_finite(value, path_to(base, *trail))
        elif value is not None and kind is not bool:
            raise _stranger(value, limits, path_to(base, *trail))
        if room < 0:
            raise _too_large(None, limits, path_to(base, *trail))
        while open_:
            key, value = next(open_[-1], (_END, None))
            if key is _END:
                open_.pop()
                trail.pop()
                continue
            trail[-1] = key
            break
        else:
            return names


def _check_names(members: dict[Any, Any], base: str, trail: list[str | int]) -> int:
    """Check the names of one object; return their total length."""
    total = 0
    for name in members:
        if type(name) is not str:
            raise DecodeError(
                path=path_to(base, *trail),
                problem="key",
                reason=f"a member name is of type {type(name).__name__}",
                seen=name,
                allowed="strings as member names",
            )
        if "\0" in name or not name.isascii():
            _check_text(name, base, [*trail, name])
        total += len(name)
    return total


def _check_text(text: str, base: str, trail: list[str | int]) -> None:
    at = text.find("\0")
    if at >= 0:
        problem, what = "nul", "U+0000"
    else:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            at = error.start
        else:
            return
        problem, what = "surrogate", f"U+{ord(text[at]):04X}, half a surrogate pair,"
    raise DecodeError(
        path=path_to(base, *trail),
        problem=problem,
        reason=f"{what} stands at character {at} of the string",
        seen=text[max(0, at - 20) : at + 20],
        allowed="characters that UTF-8 and a database can store",
    )


# -- where the syntax fails --------------------------------------------------------------------------------------------

# Possessive wherever it matters: nothing is read twice.
_SPACE = re.compile(r"[ \t\n\r]*+")
_STRING_START = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
_STRING = re.compile(_STRING_START + '"')
_CUT_STRING = re.compile(_STRING_START + r"(?P<cut>(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z)?")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+|true|false|null")
_CUT_SCALAR = re.compile(
    r"(?:-?(?:(?:0|[1-9][0-9]*+)(?:(?:\.[0-9]++)?+[eE][-+]?|\.))?+|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)\Z"
)
_CONSTANT = re.compile(r"NaN|-?Infinity")


def _diagnose(text: str, base: str) -> DecodeError:
    """Why and where `text` is not JSON: found without recursion, and the same whichever parser refused it."""
    at = 0
    trail: list[str | int] = []  # of every open object the latest name, of every open array the index
    want = "a value"

    def where() -> str:  # an object's names and both kinds of commas belong to the container
        return path_to(base, *(trail if want.startswith(("a value", "':'")) else trail[:-1]))

    while True:
        at += len(_SPACE.match(text, at)[0])  # type: ignore[index]  # it matches the empty string at least
        value, name = want.startswith("a value"), want.startswith("a member name")
        if at == len(text):
            return _truncated(f"the text ends where {want} should follow", where())
        char = text[at]
        if want == "nothing":
            return _syntax("trailing", f"the value ends before character {at}, and more follows", text, at, where())
        if char == '"' and (value or name):
            if not (string := _STRING.match(text, at)):
                start = cast("re.Match[str]", _CUT_STRING.match(text, at))  # the quote at least
                if start["cut"] is not None:
                    return _truncated("the text ends inside a string", where())
                reason = f"a control character or an unknown escape stands in a string, at character {start.end()}"
                return _syntax("malformed", reason, text, start.end(), where())
            at = string.end()
            if name:
                trail[-1] = _PLAIN.decode(string[0])
            want = "':'" if name else _after(trail)
            continue
        if value and char not in "[]{}":
            if scalar := _CUT_SCALAR.match(text, at):
                return _truncated("the text ends inside a number or literal", where())
            if constant := _CONSTANT.match(text, at):
                return _not_finite(constant[0], where())
            if not (scalar := _SCALAR.match(text, at)):
                return _syntax("malformed", f"{want} should stand at character {at}", text, at, where())
            at = scalar.end()
            want = _after(trail)
            continue
        at += 1
        if char in "]}" and want.endswith(f"{char}'"):
            trail.pop()
            want = _after(trail)
        elif value and char == "{":
            trail.append("")
            want = "a member name or '}'"
        elif value and char == "[":
            trail.append(0)
            want = "a value or ']'"
        elif char == ":" and want == "':'":
            want = "a value"
        elif char == "," and want.startswith("','"):
            if isinstance(index := trail[-1], int):
                trail[-1] = index + 1
            want = "a value" if isinstance(index, int) else "a member name"
        else:
            return _syntax("malformed", f"{want} should stand at character {at - 1}", text, at - 1, where())


def _after(trail: list[str | int]) -> str:
    return "nothing" if not trail else "',' or ']'" if isinstance(trail[-1], int) else "',' or '}'"


# -- refusals ----------------------------------------------------------------------------------------------------------


def _truncated(reason: str, path: str) -> DecodeError:
    return DecodeError(path=path, problem="truncated", reason=reason, allowed="the whole document")


def _syntax(problem: str, reason: str, text: str, at: int, path: str) -> DecodeError:
    advice = "JSON lines are read line by line." if problem == "trailing" else ""
    return DecodeError(
        path=path, problem=problem, reason=reason, seen=text[at : at + 20], allowed="JSON (RFC 8259)", advice=advice
    )


def _encoding(problem: str, reason: str, seen: object, path: str) -> DecodeError:
    return DecodeError(path=path, problem=problem, reason=reason, seen=seen, allowed="UTF-8 without a byte order mark")


def _too_large(size: int | None, limits: Limits, path: str) -> DecodeError:
    return DecodeError(
        path=path,
        problem="size",
        reason="the input is too large" if size is None else f"the input has {size} bytes or more",
        allowed=f"at most {limits.max_bytes} bytes",
        advice="Raise Limits.max_bytes if such sizes are expected.",
    )


def _too_deep(reason: str, limits: Limits, path: str) -> DecodeError:
    return DecodeError(
        path=path, problem="depth", reason=reason, allowed=f"objects and arrays at most {limits.max_depth} deep"
    )


def _no_stack(path: str) -> DecodeError:
    return DecodeError(
        path=path,
        problem="depth",
        reason="the caller has left too little of the interpreter's recursion limit",
        advice="Decode further up the stack, or lower Limits.max_depth.",
    )


def _not_finite(seen: object, path: str) -> DecodeError:
    return DecodeError(
        path=path, problem="not_finite", reason="the number is not finite", seen=seen, allowed="numbers below 1.8e308"
    )


def _integer(seen: object, limits: Limits, path: str) -> DecodeError:
    return DecodeError(
        path=path,
        problem="integer_range",
        reason="the integer is out of range",
        seen=seen,
        allowed=f"integers from {limits.min_int} to {limits.max_int}",
    )


def _stranger(value: object, limits: Limits, path: str) -> DecodeError:
    """For a value that is not of a JSON type."""
    if isinstance(value, _Huge):
        return _integer(value.literal, limits, path)
    if isinstance(value, _Twice):
        return DecodeError(
            path=path_to(path, value.name),
            problem="duplicate_key",
            reason="the member name occurs twice in its object",
            seen=value.name[:80],
            allowed="each name once",
        )
    return DecodeError(
        path=path,
        problem="type",
        reason=f"a value of type {type(value).__name__} is not JSON",
        seen=value,
        allowed="exactly dict, list, str, int, float, bool or None",
        advice='Dump models in their JSON mode, as in model_dump(mode="json").',
    )
