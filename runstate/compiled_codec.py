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
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from runstate import validators
from runstate.checks import metadata_fault
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


@lru_cache(maxsize=64)
def reader_of(kind: Any, respell: Respelling) -> Callable[[dict[str, Any]], Any]:
    """The reader of a record class or part, for objects spelled in snake_case.

    :param kind: `Run`, `RunStep`, `Message`, or any of their parts.
    :param respell: what knows the names inside values that are kept as mappings.
    :return: takes an object of plain JSON within the edge's limits; raises `Doubt`.
    """
    shapes: dict[tuple[str, ...], Callable[[dict[str, Any]], Any]] = {}

    def read(document: dict[str, Any]) -> Any:
        shape = tuple(document)
        make = shapes.get(shape)
        if make is None:
            if len(shapes) >= _MOST_SHAPES:
                raise Doubt
            make = shapes[shape] = _compiled_reader(kind, shape, respell)
        return make(document)

    return read


def _never(_: object) -> Any:
    raise Doubt


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and attrs.has(kind)


def _compiled_reader(kind: Any, shape: Sequence[str], respell: Respelling) -> Callable[[dict[str, Any]], Any]:
    fields = {field.name: field for field in attrs.fields(kind) if field.name != "wire"}
    twin = twin_of(kind)
    absent = {name: _default(field) for name, field in fields.items() if name not in shape}
    if twin is None or not set(shape) <= fields.keys() or not shape or any(v is Doubt for v in absent.values()):
        return _never
    hints = get_type_hints(kind)
    names: dict[str, Any] = {"Doubt": Doubt, "make": object.__new__, "twin": twin, "kind": kind, "freeze": freeze_json}
    names |= {"FrozenDict": FrozenDict, "fault": metadata_fault}
    names["wire"] = Wire(keys=frozenset(shape), extra=EMPTY, spelling="snake")
    lines = [f"{', '.join(f'v_{name}' for name in shape)}, = document.values()"]
    for name in shape:
        lines += _checked(kind, fields[name], hints[name], respell, names)
    lifecycle = getattr(kind, "__lifecycle__", None)
    if isinstance(lifecycle, Lifecycle):
        lines += _on_rules(lifecycle, frozenset(shape), names)
    lines.append("new = make(twin)")
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
    made: Callable[[dict[str, Any]], Any] = function(
        "def read(document):\n" + "".join(f" {line}\n" for line in lines), "read", names
    )
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
    validators.is_metadata: "{v} is None or type({v}) is dict and fault({v}) is None",
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
    if condition is not None:
        yield f"if not ({condition.format(v=v)}): raise Doubt"
        if field.validator is validators.is_metadata:
            yield f"if {v}.__class__ is dict: {v} = FrozenDict({v})"
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
        one = f"read_{unique}"
        if inner is None:
            yield f"elif type({v}) is dict: {v} = {one}({v})"
        else:
            yield f"elif type({v}) is list:"
            yield f" for item in {v}:"
            yield "  if type(item) is not dict: raise Doubt"
            yield f" {v} = tuple([{one}(item) for item in {v}])"
        return
    checked = respell(kind, name)
    names[f"respelled_{unique}"] = checked
    value = v if checked is None else f"respelled_{unique}({v})"
    if origin is FrozenDict:
        yield f"elif type({v}) is dict: {v} = freeze({value})"
    elif inner is str:
        yield f"elif type({v}) is list:"
        yield f" for item in {v}:"
        yield "  if type(item) is not str: raise Doubt"
        yield f" {v} = tuple({v})"
    elif inner is not None:
        yield f"elif type({v}) is list:"
        yield f" for item in {v}:"
        yield "  if type(item) is not dict: raise Doubt"
        yield f" {v} = tuple([freeze(item) for item in {value}])"


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


def _sound(value: Any) -> None:
    """Doubt about a value kept as it came that JSON cannot say, or that encoders write in different ways."""
    kind = type(value)
    if kind is FrozenDict:
        for name, item in value.items():
            if type(name) is not str:
                raise Doubt
            if type(item) not in _SURE:
                _sound(item)
    elif kind is tuple:
        for item in value:
            if type(item) not in _SURE:
                _sound(item)
    elif kind is float:
        if value != 0 and not _LEAST <= abs(value) < _MOST:
            raise Doubt
    elif kind not in LEAVES:
        raise Doubt


_SURE: Final = LEAVES - {float}


@lru_cache(maxsize=64)
def writer_of(kind: Any, respell: Respelling) -> Callable[[Any], dict[str, Any]]:
    """The writer of a record class or part: to what ``orjson`` writes as the plain way would; raises `Doubt`.

    :param respell: as in `reader_of`.
    :return: takes a record; the document holds the record's own read-only containers and enumerations.
    """
    shapes: dict[frozenset[str] | None, Callable[[Any], dict[str, Any]]] = {}

    def write(record: Any) -> dict[str, Any]:
        wire = record.wire
        if wire.extra or wire.spelling != "snake":
            raise Doubt
        make = shapes.get(wire.keys)
        if make is None:
            if len(shapes) >= _MOST_SHAPES:
                raise Doubt
            make = shapes[wire.keys] = _compiled_writer(kind, wire.keys, respell)
        return make(record)

    return write


def _compiled_writer(kind: Any, keys: frozenset[str] | None, respell: Respelling) -> Callable[[Any], dict[str, Any]]:
    hints = get_type_hints(kind)
    names: dict[str, Any] = {"Doubt": Doubt, "sound": _sound, "abs": abs}
    lines = ["document = {}"]
    for field in attrs.fields(kind):
        if field.name == "wire":
            continue
        v = f"v_{field.name}"
        lines.append(f"{v} = record.{field.name}")
        indent = ""
        if keys is None and field.metadata.get("optional"):
            lines.append(f"if {v} is not None:")
            indent = " "
        elif keys is not None and field.name not in keys:
            names[f"d_{field.name}"] = default = _default(field)
            if default is Doubt:  # the field of an object that did not have it: by hand
                lines.append("raise Doubt")
                continue
            lines.append(f"if {v} is not d_{field.name} and {v} != d_{field.name}:")
            indent = " "
        lines += [indent + line for line in _written(kind, field, hints[field.name], respell, names)]
        lines.append(f"{indent}document[{field.name!r}] = {v}")
    lines.append("return document")
    made: Callable[[Any], dict[str, Any]] = function(
        "def write(record):\n" + "".join(f" {line}\n" for line in lines), "write", names
    )
    return made


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
            one = f"write_{field.name}_{number}"
            if inner is None:
                names[f"part_{field.name}_{number}"] = choice
                yield f"{first} type({v}) is part_{field.name}_{number}: {v} = {one}({v})"
            else:
                yield f"{first} type({v}) is tuple: {v} = [{one}(item) for item in {v}]"
        elif origin in (FrozenDict, tuple):
            names[f"respelled_{field.name}"] = checked = respell(kind, field.name)
            yield f"{first} {v} is not None:"
            yield f" sound({v})"
            if checked is not None:
                yield f" respelled_{field.name}({v})"
        first = "elif"
    yield "else: raise Doubt"
