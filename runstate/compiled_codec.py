"""Decoding and encoding, compiled: for each shape that objects of a class have, one straight-line function.

`runstate.codec` says what a document means.  A compiled reader makes the same record of a document that is plainly in
order, and raises `Doubt` otherwise; then the plain way decides, and finds the words for a refusal.  A shape is the
names of an object in their order: which of them are known, missing or foreign is asked once per shape, not per object.
Which checks a field has comes from the record's own annotations and validators, which rules a status has from
`runstate.rules`.  ``tests/test_compiled_codec.py`` holds both ways against each other.

What it buys: see ``python -m benchmarks codec``; a profile of the plain way showed thirty validators and a generated
constructor for every object, and a walk over every value on the way out.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from runstate import validators
from runstate.checks import MAX_METADATA_KEY, MAX_METADATA_PAIRS, MAX_METADATA_VALUE
from runstate.edge import spelled_out
from runstate.errors import BadRecord
from runstate.frozen import EMPTY, LEAVES, FrozenDict, freeze_json
from runstate.lifecycle import Lifecycle, Presence
from runstate.record import Wire, keep_rules
from runstate.rules import rules_of
from runstate.twins import function, twin_of

__all__ = ["Doubt", "reader_of", "writer_of"]

_MOST_SHAPES: Final = 64
"""Of one class: whoever sends a new order of names each time gets the plain way, not a compiler."""


class Doubt(Exception):
    """The input is not plainly in order."""


Respelling = Callable[[Any, str], "Callable[[Any], Any] | None"]
"""(class, field) -> what checks the names of the schema inside a value that is kept as a mapping, if there are any.

That function takes the value, gives it back, and raises `Doubt` where a name is spelled otherwise than in snake_case.
"""


_Reader = Callable[[dict[str, Any]], Any]


class _Readers(list[_Reader]):
    """The readers of one class, by how many names an object has; each is made when such an object is first met.

    An object with as many names, all of which are found in it, has the same names: the reader asks for them one by one,
    and hands one that lacks a name to `other`.  Generated functions look their parts' readers up by themselves,
    ``readers[len(item)](item)``: a third less time for each of a dozen objects in a document than a key of all its names.
    """

    def __init__(self, kind: Any, respell: Respelling) -> None:
        super().__init__([self.meet] * len(attrs.fields(kind)))  # all but one are names, and there may be none at all
        self.kind, self.respell = kind, respell
        self.shapes: dict[frozenset[str], _Reader] = {}

    def meet(self, document: dict[str, Any]) -> Any:
        """Read the first object of its size."""
        made = self.shaped(frozenset(document))
        if made is not _never:
            self[len(document)] = made
        return made(document)

    def other(self, document: dict[str, Any]) -> Any:
        """Read an object that has other names than the first of its size."""
        return self.shaped(frozenset(document))(document)

    def shaped(self, shape: frozenset[str]) -> _Reader:
        made = self.shapes.get(shape)
        if made is None:
            if len(self.shapes) >= _MOST_SHAPES:
                return _never
            made = self.shapes[shape] = _compiled_reader(self.kind, shape, self.respell, self.other)
        return made

    def __call__(self, document: dict[str, Any]) -> Any:
        if len(document) >= len(self):
            raise Doubt
        return self[len(document)](document)


@lru_cache(maxsize=64)
def reader_of(kind: Any, respell: Respelling) -> Callable[[dict[str, Any]], Any]:
    """The reader of a record class or part, for objects spelled in snake_case.

    :param kind: `Run`, `RunStep`, `Message`, or any of their parts.
    :param respell: what knows the names inside values that are kept as mappings.
    :return: takes an object of plain JSON within the edge's limits, but for the one on depth, which it keeps itself;
        raises `Doubt`, and RecursionError for values that nest deeply.
    """
    return _Readers(kind, respell)


def _never(_: object) -> Any:
    raise Doubt


_DEEPEST: Final = 30
"""How deep values kept as mappings may nest, and how deep parts; both, in a page of records, are within the edge's 64."""


def _levels(kind: Any, inside: tuple[Any, ...] = ()) -> int:
    """How deep objects and arrays nest in a document of the class, not counting values kept as mappings."""
    if kind in inside:
        return _DEEPEST + 1  # a part of itself: no end
    deepest = 0
    for hint in get_type_hints(kind).values():
        for choice in _choices(hint):
            inner = get_args(choice)[0] if get_origin(choice) is tuple else None
            if _is_part(inner or choice):
                deepest = max(deepest, _levels(inner or choice, (*inside, kind)) + (inner is not None))
    return deepest + 1


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and attrs.has(kind)


def _compiled_reader(kind: Any, shape: frozenset[str], respell: Respelling, other: _Reader) -> _Reader:
    fields = {field.name: field for field in attrs.fields(kind) if field.name != "wire"}
    twin = twin_of(kind)
    absent = {name: _default(field) for name, field in fields.items() if name not in shape}
    if twin is None or not shape <= fields.keys() or not shape or any(v is Doubt for v in absent.values()):
        return _never
    if _levels(kind) > _DEEPEST:
        return _never
    hints = get_type_hints(kind)
    names: dict[str, Any] = {"Doubt": Doubt, "twin": twin, "kind": kind, "freeze": freeze_json}
    names |= {"FrozenDict": FrozenDict, "DEEPEST": _DEEPEST}
    names |= {"wire": Wire(keys=shape, extra=EMPTY, spelling="snake"), "other": other}
    present = [name for name in fields if name in shape]
    lines = [
        "try:",
        *(f" v_{name} = document[{name!r}]" for name in present),
        "except KeyError: return other(document)",
    ]
    for name in present:
        lines += _checked(kind, fields[name], hints[name], respell, names)
    lifecycle = getattr(kind, "__lifecycle__", None)
    if isinstance(lifecycle, Lifecycle):
        lines += _on_rules(lifecycle, shape, names)
    lines.append("new = twin()")
    for name in fields:
        if name in shape:
            lines.append(f"new.{name} = v_{name}")
        else:
            names[f"d_{name}"] = absent[name]
            lines.append(f"new.{name} = d_{name}")
    lines += ["new.wire = wire", "new.__class__ = kind"]
    after = getattr(kind, "__attrs_post_init__", None)
    if after is not None and after is not keep_rules:
        names["refused"] = BadRecord
        lines += ["try: new.__attrs_post_init__()", "except refused: raise Doubt from None"]
    lines.append("return new")
    made: _Reader = function("def read(document):\n" + "".join(f" {line}\n" for line in lines), "read", names)
    return made


def _default(field: attrs.Attribute[Any]) -> Any:
    """The value of a field whose key is absent; `Doubt` where it must be there or depends on the others."""
    if field.default is attrs.NOTHING:
        return None if field.metadata.get("optional") else Doubt
    return Doubt if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]


_NUMBERS: Final = "type({v}) is int and {v} >= 0"
_CONDITIONS: Final[Mapping[Any, str]] = {
    validators.is_name: "type({v}) is str and {v}",
    validators.is_count: _NUMBERS,
    validators.is_created: _NUMBERS,
    validators.is_time: "{v} is None or " + _NUMBERS,
}
"""Validator -> what a value that passes it plainly is."""

_SCALARS: Final[Mapping[Any, str]] = {
    types.NoneType: "{v} is None",
    str: "type({v}) is str",
    int: "type({v}) is int",
    bool: "type({v}) is bool",
    float: "type({v}) is float or type({v}) is int",
}


def _checked(
    kind: Any, field: attrs.Attribute[Any], hint: Any, respell: Respelling, names: dict[str, Any]
) -> Iterator[str]:
    """Leave in ``v_…`` what the field holds, or doubt."""
    v, choices = f"v_{field.name}", _choices(hint)
    condition = _CONDITIONS.get(field.validator)
    if field.validator is validators.is_status:
        names[f"s_{field.name}"] = {str(status): status for status in choices[0]}
        yield f"{v} = s_{field.name}.get({v}) if type({v}) is str else None"
        yield f"if {v} is None: raise Doubt"
        return
    if field.validator is validators.is_metadata:
        yield f"if {v} is not None:"
        yield f" if type({v}) is not dict or len({v}) > {MAX_METADATA_PAIRS}: raise Doubt"
        yield f" for key, item in {v}.items():"
        yield f"  if type(item) is not str or len(item) > {MAX_METADATA_VALUE} or len(key) > {MAX_METADATA_KEY}: raise Doubt"
        yield f" {v} = FrozenDict({v})"
        return
    if condition is not None:
        yield f"if not ({condition.format(v=v)}): raise Doubt"
        return
    plain = [_SCALARS[choice] for choice in choices if choice in _SCALARS]
    yield f"if {' or '.join(plain).format(v=v)}: pass" if plain else "if False: pass"
    for number, choice in enumerate(choices):
        yield from _container(kind, field.name, choice, respell, names, f"{field.name}_{number}")
    yield "else: raise Doubt"


def _container(
    kind: Any, name: str, choice: Any, respell: Respelling, names: dict[str, Any], unique: str
) -> Iterator[str]:
    """A branch for an object or array that may stand there."""
    v, origin = f"v_{name}", get_origin(choice)
    inner = get_args(choice)[0] if origin is tuple else None
    if _is_part(choice) or _is_part(inner):
        names[f"read_{unique}"] = reader_of(inner or choice, respell)
        one, most = f"read_{unique}", len(attrs.fields(inner or choice))
        if inner is None:
            yield f"elif type({v}) is dict and len({v}) < {most}: {v} = {one}[len({v})]({v})"
        else:
            yield from _each(v, f"{one}[len(item)](item)", f" or len(item) >= {most}")
        return
    checked = respell(kind, name)
    names[f"respelled_{unique}"] = checked
    value = v if checked is None else f"respelled_{unique}({v})"
    if origin is FrozenDict:
        yield f"elif type({v}) is dict: {v} = freeze({value}, DEEPEST)"
    elif inner is str:
        yield f"elif type({v}) is list:"
        yield f" for item in {v}:"
        yield "  if type(item) is not str: raise Doubt"
        yield f" {v} = tuple({v})"
    elif inner is not None:
        yield from _each(v, "freeze(item, DEEPEST)", source=value)


def _each(v: str, made: str, doubtful: str = "", *, source: str = "") -> Iterator[str]:
    """An array of objects becomes a tuple; by a loop, since a comprehension costs a function, 200 ns."""
    yield f"elif type({v}) is list:"
    yield " items = []"
    yield f" for item in {source or v}:"
    yield f"  if type(item) is not dict{doubtful}: raise Doubt"
    yield f"  items.append({made})"
    yield f" {v} = tuple(items)"


def _on_rules(lifecycle: Lifecycle, shape: frozenset[str], names: dict[str, Any]) -> Iterator[str]:
    """One number says which fields are set; of each status are kept the bits that matter and how they must be."""
    known = [name for name in lifecycle.fields if name in shape]
    wanted: dict[str, tuple[int, int]] = {}
    for status in lifecycle.statuses:
        matter = must = 0
        for rule in rules_of(lifecycle, status):
            if rule.field in known:
                matter |= 1 << known.index(rule.field)
                must |= (rule.presence is Presence.SET) << known.index(rule.field)
            elif rule.presence is Presence.SET:
                matter, must = 0, 1  # absent and yet needed: never equal
                break
        wanted[status] = (matter, must)
    names["wanted"] = wanted
    bits = " | ".join(f"(v_{name} is not None) << {number}" for number, name in enumerate(known))
    yield f"matter, must = wanted[v_{lifecycle.status_field}]"
    yield f"if ({bits or '0'}) & matter != must: raise Doubt"
    for later in dict.fromkeys(pair[1] for pair in lifecycle.order if pair[1] in shape):
        yield f"if v_{later} is not None:"
        for earlier in (a for a, b in lifecycle.order if b == later and a in shape):
            yield f" if v_{earlier} is not None and v_{earlier} > v_{later}: raise Doubt"
        yield " pass"


# -- writing -----------------------------------------------------------------------------------------------------------

_LEAST, _MOST = 1e-4, 1e15
"""Magnitudes of floats between which no encoder writes an exponent."""


def _sound(value: Any, room: int) -> None:
    """Doubt about a value kept as it came that JSON cannot say, that encoders write in different ways, or that is deep.

    Names that are no strings ``orjson`` refuses by itself.
    """
    if not room:
        raise Doubt
    for item in value.values() if type(value) is FrozenDict else value:
        kind = type(item)
        if kind is str:
            continue
        if kind is FrozenDict or kind is tuple:
            _sound(item, room - 1)
        elif kind is float:
            if item != 0 and not _LEAST <= abs(item) < _MOST:
                raise Doubt
        elif kind not in LEAVES:
            raise Doubt


class _Writers(dict["frozenset[str] | None", Callable[[Any], dict[str, Any]]]):
    """The writer of each shape of one class, as in `_Readers`; here a shape is the set of names that were on the wire."""

    def __init__(self, kind: Any, respell: Respelling) -> None:
        super().__init__()
        self.kind, self.respell = kind, respell

    def __missing__(self, keys: frozenset[str] | None) -> Callable[[Any], dict[str, Any]]:
        if len(self) >= _MOST_SHAPES:
            return _never
        self[keys] = made = _compiled_writer(self.kind, keys, self.respell)
        return made

    def __call__(self, record: Any) -> dict[str, Any]:
        return self[record.wire.keys](record)


@lru_cache(maxsize=64)
def writer_of(kind: Any, respell: Respelling) -> Callable[[Any], dict[str, Any]]:
    """The writer of a record class or part: to what ``orjson`` writes as the plain way would; raises `Doubt`.

    :param respell: as in `reader_of`.
    :return: takes a record; the document holds the record's own read-only containers and enumerations, and is within
        the edge's limit on depth.
    """
    return _Writers(kind, respell)


def _compiled_writer(kind: Any, keys: frozenset[str] | None, respell: Respelling) -> Callable[[Any], dict[str, Any]]:
    if _levels(kind) > _DEEPEST:
        return _never
    hints = get_type_hints(kind)
    names: dict[str, Any] = {"Doubt": Doubt, "sound": _sound, "abs": abs, "DEEPEST": _DEEPEST, "FrozenDict": FrozenDict}
    lines = ["wire = record.wire", 'if wire.extra or wire.spelling != "snake": raise Doubt']
    usual: list[str] = []
    members: list[str] = []
    unusual: list[str] = []
    for field in attrs.fields(kind):
        if field.name == "wire":
            continue
        v, member = f"v_{field.name}", f"document[{field.name!r}] = v_{field.name}"
        lines.append(f"{v} = record.{field.name}")
        condition = None
        if keys is None and field.metadata.get("optional"):
            condition = f"{v} is not None"
        elif keys is not None and field.name not in keys:
            names[f"d_{field.name}"] = default = _default(field)
            if default is Doubt:  # the field of an object that did not have it: by hand
                return _never
            condition = f"{v} is not d_{field.name} and {v} != d_{field.name}"
        checks = _written(kind, field, hints[field.name], respell, names)
        if condition is None:
            lines += checks
            usual.append(field.name)
            members.append(member)
        else:
            lines += [f"if {condition}:", *(f" {line}" for line in checks)]
            unusual.append(f"({condition})")
            members += [f"if {condition}:", f" {member}"]
    if unusual:
        # what is written in the place of a part or tuple is no default either, so the conditions can be asked again
        lines += [
            f"if {' or '.join(unusual)}:",
            " document = {}",
            *(f" {line}" for line in members),
            " return document",
        ]
    if len(usual) < _MANY:
        lines.append(f"return {{{', '.join(f'{name!r}: v_{name}' for name in usual)}}}")
    else:
        names["template"] = dict.fromkeys(usual)
        lines.append("document = template.copy()")
        for name in usual:
            null = "" if attrs.fields_dict(kind)[name].validator in _NEVER_NULL else f"if v_{name} is not None: "
            lines.append(f"{null}document[{name!r}] = v_{name}")
        lines.append("return document")
    made: Callable[[Any], dict[str, Any]] = function(
        "def write(record):\n" + "".join(f" {line}\n" for line in lines), "write", names
    )
    return made


_MANY: Final = 15
"""Names from which on a copy of a dict that has them all is quicker than a display, which the interpreter builds in pieces."""

_NEVER_NULL: Final = (validators.is_name, validators.is_count, validators.is_created, validators.is_status)


def _written(
    kind: Any, field: attrs.Attribute[Any], hint: Any, respell: Respelling, names: dict[str, Any]
) -> Iterator[str]:
    """Leave in ``v_…`` what is to be written, or doubt; the record's validators vouch for the types of most."""
    v, choices = f"v_{field.name}", _choices(hint)
    if field.validator is validators.is_status:
        return
    first = "if"
    for number, choice in enumerate(choices):
        origin = get_origin(choice)
        inner = get_args(choice)[0] if origin is tuple else None
        if choice is float:
            yield f"{first} type({v}) is float:"
            yield f" if {v} != 0 and not {_LEAST} <= abs({v}) < {_MOST}: raise Doubt"
            yield f"elif type({v}) is int: pass"
        elif choice in _SCALARS:
            yield f"{first} {_SCALARS[choice].format(v=v)}: pass"
        elif _is_part(choice) or _is_part(inner):
            names[f"write_{field.name}_{number}"] = writer_of(inner or choice, respell)
            names[f"part_{field.name}_{number}"] = inner or choice
            one, part = f"write_{field.name}_{number}", f"part_{field.name}_{number}"
            if inner is None:
                yield f"{first} type({v}) is {part}: {v} = {one}[{v}.wire.keys]({v})"
            else:
                yield f"{first} type({v}) is tuple:"
                each = [
                    "items = []",
                    f"for item in {v}:",
                    f" if type(item) is not {part}: raise Doubt",
                    f" items.append({one}[item.wire.keys](item))",
                ]
                if _stays(kind, field.name):
                    names |= {"shared": _SHARED, "share": _share}
                    yield f" known = shared.get(id({v}))"
                    yield " if known is None:"
                    yield from (f"  {line}" for line in each)
                    yield f"  {v} = share({v}, items)"
                    yield f" else: {v} = known[1]"
                else:
                    yield from (f" {line}" for line in each)
                    yield f" {v} = items"
        elif origin in (FrozenDict, tuple):
            names[f"respelled_{field.name}"] = checked = respell(kind, field.name)
            yield f"{first} type({v}) is {'FrozenDict' if origin is FrozenDict else 'tuple'}:"
            yield f" sound({v}, DEEPEST)"
            if checked is not None:
                yield f" respelled_{field.name}({v})"
        first = "elif"
    yield "else: raise Doubt"


# -- what is written again and again -----------------------------------------------------------------------------------


def _stays(kind: Any, name: str) -> bool:
    """Whether a field is the same object in all records of a run: no event writes it."""
    lifecycle = getattr(kind, "__lifecycle__", None)
    return isinstance(lifecycle, Lifecycle) and name not in lifecycle.fields


_MOST_SHARED: Final = 128
_LONGEST_SHARED: Final = 1 << 14
"""Bytes of JSON.  All that is kept is at most 2 MiB of text, and the parts that it spells."""

_SHARED: Final[dict[int, tuple[tuple[Any, ...], Any]]] = {}
"""Tuples of parts by identity, each with its text: the tools of a run are half of it, and written anew with each step.

Nothing in them can change, which the walk of the first writing has made sure of, and no other object can have the
identity of one that is kept here.  It takes 5 us off the 13 us that a run of 2 KB takes to write.
"""


def _share(parts: tuple[Any, ...], items: list[Any]) -> Any:
    text = spelled_out(items, _LONGEST_SHARED) if parts else None
    if text is None:
        return items
    if len(_SHARED) >= _MOST_SHARED:
        _SHARED.clear()
    _SHARED[id(parts)] = parts, text
    return text
