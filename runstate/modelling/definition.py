"""Your own lifecycle as a file: TOML or JSON in, JSON out, and every refusal points at the line.

`load` reads a file or bytes, `to_json` writes, `read` gives the plain values with the line that each stands on (which
`runstate.modelling.lint` works on), `attach` puts a lifecycle on a record of yours.  What may stand in a file says
``docs/schema/lifecycle.schema.json``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast

import attrs

from runstate.errors import BadLifecycle, BadRecord, DecodeError
from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycle import GuardFunction, Lifecycle
from runstate.lifecycles.plain import SCHEMA, build, faults, plain

__all__ = ["Document", "attach", "equal", "line_of", "load", "read", "schema_json", "to_json"]

Form = Literal["json", "toml"]
Steps = tuple[str | int, ...]
Json = dict[str, Any]
C = TypeVar("C", bound=type)

_LARGEST: Final = 4 << 20
"""Bytes of a definition; the largest of the catalogue has 20 thousand."""
_DEEPEST: Final = 32
"""Objects and arrays inside one another; the format needs 7."""


@attrs.frozen
class Document:
    """A definition as plain values, with the line on which each of them stands."""

    values: Mapping[str, Any]
    lines: Mapping[Steps, int] = attrs.field(default=EMPTY, repr=False)
    """Path -> line, from 1; of a member the line of its name."""
    file: str = "-"

    def line(self, path: Steps) -> int | None:
        """The line of a path, or of the nearest thing around it that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


# -- text to values ----------------------------------------------------------------------------------------------------


def read(source: Path | str | bytes, *, form: Form | None = None, file: str | None = None) -> Document:
    """The plain values of a definition, with their lines; whether they make sense is not asked.

    :param source: the path of a file, or its bytes.
    :param form: told by the name of the file, else by the first character, where None.
    :param file: name for messages.
    :raises DecodeError: where the text is not TOML or JSON, or a key stands twice; the reason begins with the line.
    :raises OSError: where a file cannot be read.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    name = file or ("-" if isinstance(source, bytes) else str(source))
    if len(data) > _LARGEST:
        raise _refused(name, None, (), "size", f"a definition has at most {_LARGEST} bytes", len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data[: wrong.start].count(b"\n") + 1
        raise _refused(name, line, (), "utf8", "a byte sequence is not UTF-8", data[wrong.start : wrong.end]) from None
    if form is None:
        form = "toml" if name.endswith(".toml") else "json" if name.endswith(".json") else None
    if form is None:
        form = "json" if text.lstrip().startswith("{") else "toml"
    values, lines = _read_toml(text, name) if form == "toml" else _read_json(text, name)
    return Document(values, lines, name)


def _refused(
    file: str, line: int | None, path: Steps, problem: str, reason: str, seen: object = None, allowed: str = ""
) -> DecodeError:
    shown = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return DecodeError(path=shown, problem=problem, reason=line_of(file, line) + reason, seen=seen, allowed=allowed)


def line_of(file: str, line: int | None) -> str:
    """How a message begins that points at a line."""
    where = "" if file == "-" else f"{file}, "
    return f"{where}line {line}: " if line is not None else f"{file}: " if where else ""


def _read_json(text: str, file: str) -> tuple[Json, Mapping[Steps, int]]:
    try:
        return _Json(text, file).document()
    except json.JSONDecodeError as wrong:
        reason = f"the text is not JSON ({wrong.msg}, column {wrong.colno})"
        raise _refused(file, wrong.lineno, (), "malformed", reason) from None


_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")


class _Json:
    """A reader of JSON that remembers lines, and refuses a key that stands twice."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines: dict[Steps, int] = {}
        self._at = 0
        self._line = 1
        self._counted = 0

    def document(self) -> tuple[Json, Mapping[Steps, int]]:
        """The one object of the text."""
        value = self._value(())
        self._space()
        if self._at < len(self.text):
            raise json.JSONDecodeError("more text after the value", self.text, self._at)
        if not isinstance(value, dict):
            raise _refused(self.file, 1, (), "shape", "a definition is an object", value, "object")
        return cast(Json, value), self.lines

    def _space(self) -> str:
        found = _SPACE.match(self.text, self._at)
        self._at = found.end() if found else self._at
        self._line += self.text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self.text[self._at : self._at + 1]

    def _value(self, path: Steps) -> object:
        first = self._space()
        self.lines.setdefault(path, self._line)
        if len(path) > _DEEPEST:
            raise _refused(self.file, self._line, path, "depth", f"values are nested more than {_DEEPEST} deep")
        if first == "{":
            return self._members(path)
        if first == "[":
            return self._items(path)
        if first == '"':
            return self._string()
        scalar = _SCALAR.match(self.text, self._at)
        if scalar is None:
            raise json.JSONDecodeError("a value is expected", self.text, self._at)
        self._at = scalar.end()
        return json.loads(scalar[0])

    def _string(self) -> str:
        value, self._at = json.decoder.scanstring(self.text, self._at + 1, True)  # type: ignore[attr-defined]
        return str(value)

    def _next(self, end: str) -> bool:
        """Whether another item follows: over a comma, or not, over the closing bracket."""
        mark = self._space()
        if mark not in {",", end}:
            raise json.JSONDecodeError(f"',' or '{end}' is expected", self.text, self._at)
        self._at += 1
        return mark == ","

    def _members(self, path: Steps) -> Json:
        members: Json = {}
        self._at += 1
        if self._space() == "}":
            self._at += 1
            return members
        more = True
        while more:
            if self._space() != '"':
                raise json.JSONDecodeError("a name in double quotes is expected", self.text, self._at)
            line = self._line
            name = self._string()
            if name in members:
                first = self.lines[(*path, name)]
                reason = f"the key {name!r} stands twice, first in line {first}"
                raise _refused(self.file, line, (*path, name), "duplicate_key", reason)
            if self._space() != ":":
                raise json.JSONDecodeError("':' is expected", self.text, self._at)
            self._at += 1
            self.lines[(*path, name)] = line
            members[name] = self._value((*path, name))
            more = self._next("}")
        return members

    def _items(self, path: Steps) -> list[object]:
        items: list[object] = []
        self._at += 1
        if self._space() == "]":
            self._at += 1
            return items
        more = True
        while more:
            items.append(self._value((*path, len(items))))
            more = self._next("]")
        return items


def _read_toml(text: str, file: str) -> tuple[Json, Mapping[Steps, int]]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        place = re.search(r"line (\d+)", str(wrong))
        line = int(place[1]) if place else text.count("\n") + 1
        twice = "overwrite" in str(wrong) or "twice" in str(wrong)
        problem, reason = (
            ("duplicate_key", "a key or table stands twice") if twice else ("malformed", "the text is not TOML")
        )
        raise _refused(file, line, (), problem, f"{reason} ({str(wrong).partition(' (at')[0]})") from None
    except RecursionError:
        raise _refused(file, None, (), "depth", f"values are nested more than {_DEEPEST} deep") from None
    return values, FrozenDict(_Toml(text).scan())


_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_WORD = re.compile(r"[^\s,\]}#]+")


class _Toml:
    """Lines of the keys of a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[Steps, int] = {(): 1}
        self._at = 0
        self._counts: dict[Steps, int] = {}

    def scan(self) -> dict[Steps, int]:
        """Path -> line, in the order of the text."""
        table: Steps = ()
        while self._skip() < len(self.text):
            if self.text.startswith("[[", self._at):
                self._at += 2
                name = self._key(())
                index = self._counts.get(name, -1) + 1
                self._counts[name] = index
                table = (*name, index)
                self._put(name, self._at)
                self._put(table, self._at)
                self._at = self.text.index("]]", self._at) + 2
            elif self.text[self._at] == "[":
                self._at += 1
                start = self._at
                table = self._key(())
                self._put(table, start)
                self._at = self.text.index("]", self._at) + 1
            else:
                self._pair(table)
        return self.lines

    def _skip(self) -> int:
        found = _BLANK.match(self.text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _put(self, path: Steps, at: int) -> None:
        line = self.text.count("\n", 0, at) + 1
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _key(self, path: Steps) -> Steps:
        """A key with its dots; the last table of an array is meant where one is named."""
        while True:
            found = _KEY.match(self.text, self._at)
            if found is None:
                return path
            self._at = found.end()
            basic, literal, bare = found.groups()
            path = (
                *path,
                str(json.loads(f'"{basic}"')) if basic is not None else literal if literal is not None else bare,
            )
            if path in self._counts and self.text[self._at : self._at + 1] == ".":
                path = (*path, self._counts[path])
            if self.text[self._at : self._at + 1] != ".":
                return path
            self._at += 1

    def _pair(self, table: Steps) -> None:
        start = self._at
        path = self._key(table)
        self._put(path, start)
        self._at = self.text.index("=", self._at) + 1
        self._value(path)

    def _value(self, path: Steps) -> None:
        self._skip()
        mark = self.text[self._at : self._at + 1]
        if mark == "[":
            self._at += 1
            index = 0
            while self.text[self._skip()] != "]":
                self._put((*path, index), self._at)
                self._value((*path, index))
                index += 1
                self._skip()
                self._at += self.text[self._at] == ","
            self._at += 1
        elif mark == "{":
            self._at += 1
            while self.text[self._skip()] != "}":
                self._pair(path)
                self._skip()
                self._at += self.text[self._at] == ","
            self._at += 1
        else:
            found = _STRING.match(self.text, self._at) or _WORD.match(self.text, self._at)
            self._at = found.end() if found else self._at + 1
            while mark not in "\"'" and (more := re.compile(r"[ ]\d{2}:[\d:.Z+-]+").match(self.text, self._at)):
                self._at = more.end()  # a date and a time with a blank between them


# -- values to a lifecycle, and back -----------------------------------------------------------------------------------


def load(
    source: Path | str | bytes | Document,
    *,
    guards: Mapping[str, GuardFunction] = EMPTY,
    form: Form | None = None,
) -> Lifecycle:
    """The lifecycle that a file or its bytes define.

    :param guards: functions of the ``named`` guards, which no file can hold.
    :raises DecodeError: where it is not TOML or JSON, or not of the form.
    :raises BadLifecycle: where it contradicts itself.  Both reasons begin with the line.
    """
    document = source if isinstance(source, Document) else read(source, form=form)
    for path, problem, reason, allowed in faults(document.values):
        raise _refused(document.file, document.line(path), path, problem, reason, allowed=allowed)
    try:
        return build(document.values, guards)
    except BadLifecycle as wrong:
        path = _place(document, wrong)
        reason = line_of(document.file, document.line(path)) + wrong.reason
        raise _with_reason(wrong, reason) from None


def _with_reason(wrong: BadLifecycle, reason: str) -> BadLifecycle:
    """The same refusal with another reason."""
    return BadLifecycle(
        lifecycle=wrong.lifecycle,
        problem=wrong.problem,
        reason=reason,
        seen=wrong.seen,
        allowed=wrong.allowed,
        advice=wrong.advice,
    )


def _place(document: Document, wrong: BadLifecycle) -> Steps:
    """Where in the file the contradiction lies: lint finds exact places; else where what was seen is written."""
    from runstate.modelling.lint import contradictions

    found = list(contradictions(document))
    exact = [path for code, path, _, _ in found if code == wrong.problem]
    if exact:
        return exact[0]
    named = [str(item) for item in (wrong.seen if isinstance(wrong.seen, list | tuple) else (wrong.seen,))]
    return next((path for path in mentions(document.values) if str(path[-1]) in named), ())


def mentions(value: object, path: Steps = ()) -> Iterator[Steps]:
    """The path of every member; of a string its path with the string at the end."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield (*path, str(name))
            yield from mentions(item, (*path, str(name)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from mentions(item, (*path, index))
    elif isinstance(value, str):
        yield (*path, value)


def equal(one: Lifecycle, other: Lifecycle) -> bool:
    """Whether two lifecycles say the same, guards by name; ``==`` asks whether they are the same object."""
    return plain(one) == plain(other)


def to_json(definition: Lifecycle | Mapping[str, Any]) -> str:
    """The definition as JSON text: one transition, event or list a line, as far as it fits."""
    values = plain(definition) if isinstance(definition, Lifecycle) else dict(definition)
    return f"{_written(values, 0)}\n"


def schema_json() -> str:
    """The JSON Schema of the format as text."""
    return json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


_WIDTH = 120


def _written(value: object, depth: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    deep = depth > 0 and len(flat) + 2 * depth <= _WIDTH and not _has_tables(value)
    if not isinstance(value, dict | list) or not value or deep:
        return flat
    # a transition or an event stays on a line of its own, however long its reason
    if isinstance(value, dict) and "to" in value:
        return flat
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        inside = [
            f"{pad}{json.dumps(str(name), ensure_ascii=False)}: {_written(one, depth + 1)}"
            for name, one in value.items()
        ]
        return "{\n" + ",\n".join(inside) + f"\n{end}}}"
    return "[\n" + ",\n".join(f"{pad}{_written(one, depth + 1)}" for one in value) + f"\n{end}]"


def _has_tables(value: object) -> bool:
    """Whether a table holds tables that each want a line of their own."""
    return isinstance(value, dict) and any(isinstance(one, dict) and len(one) > 1 for one in value.values())


# -- a record of yours -------------------------------------------------------------------------------------------------


def attach(lifecycle: Lifecycle) -> Callable[[C], C]:
    """A decorator that puts the lifecycle on an attrs class, after a look whether the class has what it needs.

    It sets ``__lifecycle__``, which is all that `runstate.apply` asks for, so that a class may as well write it itself.

    :raises BadRecord: where the class has no field for the status, or for one that transitions write.
    """

    def put(cls: C) -> C:
        names = {field.name for field in attrs.fields(cls)} if attrs.has(cls) else set[str]()
        written = {field for edge in lifecycle.transitions for field in edge.does.fields()}
        for field in (lifecycle.status_field, *(name for name in lifecycle.fields if name in written)):
            if field not in names:
                raise BadRecord(
                    record=cls.__name__,
                    field=field,
                    rule="RS206",
                    value=None,
                    reason=f"{lifecycle.name} writes the field, and the class has none"
                    if names
                    else "it is no attrs class",
                    allowed=", ".join([lifecycle.status_field, *lifecycle.fields]),
                    advice=f"Give the class a field {field}, None where it is not set.",
                )
        cls.__lifecycle__ = lifecycle  # type: ignore[attr-defined]
        return cls

    return put
