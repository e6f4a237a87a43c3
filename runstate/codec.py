"""Bytes or decoded JSON become a record, and a record becomes JSON again: `decode`, `decode_list`, `encode`, `encode_bytes`.

A document passes three gates: `runstate.edge` (is it JSON, within the limits), this module (are objects and arrays where
the record has parts, is every name there that must be, spelled in one way) and the constructor of each record (types,
and the rules of its lifecycle).  Whatever comes, the answer is a record or a `DecodeError` with the path of the fault,
spelled as in the document: ``$.usage.total_tokens``.

**Faithful.**  Which names an object had, and those that the record does not know, are kept in its ``wire``, at every
level, so that ``encode(decode(x)) == x``: absent stays absent, null stays null, ``1`` stays an int and ``1.0`` a float.
Only the order of members is the record's own, unknown names last.

**Spelling.**  The names of the schema are spelled in snake_case (openai-node and the wire itself) or camelCase
(sttp-openai); the second is derived from the first mechanically, ``top_p`` being ``topP``.  A document has one spelling
throughout: a name of its schema in the other spelling is refused, whether or not it stands there twice.  Names inside
``metadata``, ``parameters``, ``json_schema``, ``tool_resources``, ``arguments`` and unknown members are nobody's schema
and never touched; values are never respelled (a type stays ``submit_tool_outputs``).

**Versions.**  v1 objects have ``file_ids``, v2 objects do not.  An object is written as the version that it is, unless
told otherwise; see `encode`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override

from runstate.compiled_codec import Doubt, reader_of, writer_of
from runstate.edge import DEFAULT, JSON, Limits, check_value, dumps, dumps_plainly, loads, loads_but_depth, path_to
from runstate.errors import BadRecord, DecodeError
from runstate.frozen import EMPTY, FrozenDict, freeze
from runstate.record import Message, Run, RunStep, Tool, Usage, Wire

__all__ = [
    "PROBLEMS",
    "Spelling",
    "Version",
    "decode",
    "decode_list",
    "decode_value",
    "encode",
    "encode_apart",
    "encode_bytes",
]

Spelling: TypeAlias = Literal["snake", "camel"]
Version: TypeAlias = Literal["v1", "v2"]
Data: TypeAlias = "bytes | bytearray | memoryview | str | Mapping[str, Any]"
R = TypeVar("R", bound=attrs.AttrsInstance)

PROBLEMS: Mapping[str, str] = types.MappingProxyType(
    {
        "shape": "A value is not the object or array that must stand there.",
        "missing": "An object lacks a member that it must have.",
        "spelling": "A name of the schema is spelled otherwise than the document's other names, or in both ways.",
        "record": "A value is of the wrong type or breaks a rule of the record; the reason starts with the rule's code.",
    }
)
"""Every problem word of this module, with what it means; those of `runstate.edge.PROBLEMS` come on top."""


# -- reading -----------------------------------------------------------------------------------------------------------


@overload
def decode(data: Data, *, limits: Limits = ..., spelling: Spelling | Literal["auto"] = ...) -> Run: ...
@overload
def decode(data: Data, kind: type[R], *, limits: Limits = ..., spelling: Spelling | Literal["auto"] = ...) -> R: ...
def decode(
    data: Data,
    kind: type[object] = Run,
    *,
    limits: Limits = DEFAULT,
    spelling: Spelling | Literal["auto"] = "auto",
) -> Any:
    """The record that a document describes.

    :param data: JSON as bytes or text, or a decoded object (of plain dicts and lists, as `json.loads` gives them).
    :param kind: `Run`, `RunStep`, `Message`, or any of their parts.
    :param limits: size, depth and integers that are let in.
    :param spelling: of the schema's names.  ``auto`` takes camelCase where the outermost object has names that only
        camelCase has and none that only snake_case has.
    :raises DecodeError: for whatever is wrong with the document, and nothing else.  Where a record refused it, the
        `BadRecord` is the error's ``__cause__``.
    """
    read = _read_plainly(kind, limits, spelling)
    if read is not None:
        value = loads_but_depth(data, limits.max_bytes)
        if type(value) is dict:
            try:
                return read(value)
            except (Doubt, RecursionError):
                pass  # then from the beginning, with all the rules of the edge
    return _document(_value(data, limits), kind, spelling, "$")


@overload
def decode_list(
    data: Data | list[Any], *, limits: Limits = ..., spelling: Spelling | Literal["auto"] = ...
) -> tuple[Run, ...]: ...
@overload
def decode_list(
    data: Data | list[Any], kind: type[R], *, limits: Limits = ..., spelling: Spelling | Literal["auto"] = ...
) -> tuple[R, ...]: ...
def decode_list(
    data: Data | list[Any],
    kind: type[object] = Run,
    *,
    limits: Limits = DEFAULT,
    spelling: Spelling | Literal["auto"] = "auto",
) -> tuple[Any, ...]:
    """The records of a page, ``{"object": "list", "data": […]}``, or of an array; see `decode`.

    Each item is a document of its own: with ``auto`` its spelling does not depend on its neighbours.

    :raises DecodeError: for whatever is wrong, with a path such as ``$.data[3].usage``.
    """
    read = _read_plainly(kind, limits, spelling)
    many = None if read is None else _many_plainly(loads_but_depth(data, limits.max_bytes), read)
    if many is not None:
        return many
    value = check_value(data, limits) if isinstance(data, list) else _value(data, limits)
    path = "$"
    if isinstance(value, dict):
        if value.get("object", "list") != "list":
            raise _shape(value["object"], "$.object", '"list"')
        if "data" not in value:
            raise _missing("$", "data")
        value, path = value["data"], "$.data"
    if not isinstance(value, list):
        raise _shape(value, path, "an array of objects")
    return tuple(_document(item, kind, spelling, path_to(path, at)) for at, item in enumerate(value))


def _read_plainly(kind: Any, limits: Limits, spelling: str) -> Callable[[dict[str, Any]], Any] | None:
    """The compiled reader, where it may be asked: a document in which all names are known in snake_case is in snake_case."""
    wide = limits is DEFAULT or limits.wide
    return reader_of(kind, _snake_inside) if wide and spelling != "camel" and _is_part(kind) else None


def _many_plainly(value: object, read: Callable[[dict[str, Any]], Any]) -> tuple[Any, ...] | None:
    """The records of a page in which all is plainly in order, else None."""
    if type(value) is dict and value.get("object") == "list":
        value = value.get("data")
    if type(value) is not list:
        return None
    records: list[Any] = []
    for item in value:
        if type(item) is not dict:
            return None
        try:
            records.append(read(item))
        except (Doubt, RecursionError):
            return None
    return tuple(records)


def decode_value(value: JSON, kind: Any = Run) -> Any:
    """The record that a value describes which `runstate.edge` has let in already; otherwise as `decode`.

    :raises DecodeError: as in `decode`.
    """
    return _document(value, kind, "auto", "$")


def _value(data: Any, limits: Limits) -> JSON:
    if isinstance(data, Mapping):
        return check_value(data if type(data) is dict else dict(data), limits)
    return loads(data, limits)


def _document(value: JSON, kind: Any, spelling: Spelling | Literal["auto"], path: str) -> Any:
    if not _is_part(kind):
        raise TypeError(f"{kind!r} is not Run, RunStep, Message or one of their parts")
    if not isinstance(value, dict):
        raise _shape(value, path, f"an object ({kind.__name__})")
    if spelling in ("auto", "snake"):  # a document in which every name is known in snake_case is not in camelCase
        try:
            return reader_of(kind, _snake_inside)(value)
        except (Doubt, RecursionError):
            pass
    converter = _converter(_spelling_of(value, kind) if spelling == "auto" else spelling)
    try:
        return converter.structure(value, kind)
    except DecodeError as error:
        _below(error, path)
        raise
    except RecursionError:
        raise DecodeError(
            path=path,
            problem="depth",
            reason="the caller has left too little of the interpreter's recursion limit",
            advice="Decode further up the stack, or lower Limits.max_depth.",
        ) from None


def _spelling_of(value: dict[str, JSON], kind: Any) -> Spelling:
    """Every kind that has names to spell has one in its outermost object, so that one decides."""
    camel, snake = _foreign(kind, "snake"), _foreign(kind, "camel")
    return "camel" if not value.keys().isdisjoint(camel) and value.keys().isdisjoint(snake) else "snake"


# -- writing -----------------------------------------------------------------------------------------------------------


def encode(
    record: attrs.AttrsInstance, *, spelling: Spelling | None = None, version: Version | None = None
) -> dict[str, Any]:
    """The JSON object of a record: a new one each time, of plain dicts and lists.

    A record that was decoded is written with the members that it had, and those that differ from their default by now.
    Any other is written as a complete v2 object, members that only some servers know left out where they are null.

    :param record: `Run`, `RunStep`, `Message`, or any of their parts.
    :param spelling: of the schema's names; None for the one that the record came in.
    :param version: None leaves the version as it is.  ``v1`` and ``v2`` write all members of a run or message of that
        version and drop those that it does not have, with their values: ``file_ids`` in v2; in v1 ``tool_resources``,
        ``reasoning_effort`` and ``parallel_tool_calls`` of a run, ``attachments`` of a message.  Tools are written as
        they are: ``retrieval`` and ``file_search`` are different tools, and neither becomes the other.
    :raises DecodeError: where the result could not be read back, because names that the record keeps as they came
        (unknown ones, and those inside mappings) are names of the schema in one of its spellings.
    """
    kind: Any = type(record)
    if not _is_part(kind):
        raise TypeError(f"{kind.__name__} is not Run, RunStep, Message or one of their parts")
    if version not in (None, *get_args(Version)):
        raise ValueError(f"version = {version!r} is not one of {', '.join(get_args(Version))}")
    spelled: Spelling = spelling or record.wire.spelling  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    document: dict[str, Any] = _converter(spelled).unstructure(record)
    return document if version is None else _in_version(record, document, spelled, version)


def encode_bytes(
    record: attrs.AttrsInstance,
    *,
    spelling: Spelling | None = None,
    version: Version | None = None,
    limits: Limits = DEFAULT,
) -> bytes:
    """The same as compact JSON in UTF-8.

    :raises DecodeError: as in `encode`, and for a record that was built with what JSON cannot say, such as NaN, or what
        `decode` would not let in under the same limits.
    """
    kind: Any = type(record)
    if spelling in (None, "snake") and version is None and limits is DEFAULT and _is_part(kind):
        try:
            data = dumps_plainly(writer_of(kind, _snake_inside)(record))
        except (Doubt, RecursionError):
            data = None
        if data is not None:
            return data
    return dumps(encode(record, spelling=spelling, version=version), limits)


def encode_apart(record: attrs.AttrsInstance, member: str, limits: Limits = DEFAULT) -> tuple[bytes, bytes | None]:
    """The same as compact JSON without one member, and that member's own JSON, None where it is not written.

    :raises DecodeError: as in `encode_bytes`.
    """
    kind: Any = type(record)
    if limits.wide:
        with suppress(Doubt, RecursionError):
            document = writer_of(kind, _snake_inside)(record)
            apart = dumps_plainly(document.pop(member)) if member in document else b""
            data = dumps_plainly(document)
            if data is not None and apart is not None:
                return data, apart or None
    document = encode(record)
    part = dumps(document.pop(member), limits) if member in document else None
    return dumps(document, limits), part


_VERSIONS: Final[Mapping[tuple[type[Any], str], tuple[frozenset[str], frozenset[str]]]] = {
    # what a version does not have, and what it has beyond the members that every object has
    (Run, "v1"): (
        frozenset({"tool_resources", "reasoning_effort", "parallel_tool_calls"}),
        frozenset({"file_ids"}),
    ),
    (Run, "v2"): (frozenset({"file_ids"}), frozenset()),
    (Message, "v1"): (frozenset({"attachments"}), frozenset({"file_ids"})),
    (Message, "v2"): (frozenset({"file_ids"}), frozenset({"attachments"})),
}


def _in_version(record: Any, document: dict[str, Any], spelling: Spelling, version: Version) -> dict[str, Any]:
    kind: Any = type(record)
    lacks, adds = _VERSIONS.get((kind, version), (frozenset(), frozenset()))
    complete: dict[str, Any] = {}
    for member in _members(kind, spelling):
        had = member.key in document
        value = document.pop(member.key, None)
        if member.name in lacks:
            continue
        if member.name in adds:
            complete[member.key] = [] if value is None else value
        elif had or not member.optional:
            # one that it had not is at its default, which is no part
            complete[member.key] = value if had else _plain(getattr(record, member.name))
    return complete | document


# -- names -------------------------------------------------------------------------------------------------------------


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _spelled(name: str, spelling: Spelling) -> str:
    return _camel(name) if spelling == "camel" else name


_Tree: TypeAlias = "Mapping[str, _Tree]"
"""Names of the schema inside a value that the record keeps as a mapping; arrays on the way do not count."""

_RANKING: Final[_Tree] = {"score_threshold": {}, "hybrid_search": {}}
_TOOL_CALLS: Final[_Tree] = {
    "code_interpreter": {"outputs": {"image": {"file_id": {}}}},
    "file_search": {"ranking_options": _RANKING, "results": {"file_id": {}, "file_name": {}}},
}
_TREES: Final[Mapping[tuple[type[Any], str], _Tree]] = {
    (Tool, "file_search"): {"max_num_results": {}, "ranking_options": _RANKING},
    (Usage, "prompt_token_details"): {"cached_tokens": {}},
    (Usage, "completion_tokens_details"): {"reasoning_tokens": {}},
    (RunStep, "step_details"): {"message_creation": {"message_id": {}}, "tool_calls": _TOOL_CALLS},
    (Message, "content"): {
        "text": {
            "annotations": {
                "start_index": {},
                "end_index": {},
                "file_citation": {"file_id": {}},
                "file_path": {"file_id": {}},
            }
        },
        "image_file": {"file_id": {}},
        "image_url": {},
    },
    (Message, "attachments"): {"file_id": {}},
}


@attrs.frozen
class _Names:
    """A tree for one direction: the names as they stand, what they become, and those that must not stand there."""

    becomes: Mapping[str, tuple[str, _Names]]
    foreign: Mapping[str, str]


def _names(tree: _Tree, source: Spelling, target: Spelling) -> _Names:
    return _Names(
        {
            _spelled(name, source): (_spelled(name, target), _names(inner, source, target))
            for name, inner in tree.items()
        },
        _other_spellings(tree, source),
    )


def _other_spellings(names: Any, spelling: Spelling) -> dict[str, str]:
    """The names as the other spelling has them, each with its form in this one; none that both spell alike."""
    other: Spelling = "snake" if spelling == "camel" else "camel"
    pairs = ((_spelled(name, other), _spelled(name, spelling)) for name in names)
    return {theirs: ours for theirs, ours in pairs if theirs != ours}


def _respelled(value: Any, names: _Names, path: str) -> Any:
    if isinstance(value, list | tuple):
        return [_respelled(item, names, path_to(path, at)) for at, item in enumerate(value)]
    if not isinstance(value, Mapping) or not (names.becomes or names.foreign):
        return value
    out: dict[Any, Any] = {}
    for key, item in value.items():
        if key in names.foreign:
            raise _misspelled(path, key, names.foreign[key], twice=names.foreign[key] in value)
        name, inner = names.becomes.get(key, (key, None))
        out[name] = item if inner is None else _respelled(item, inner, path_to(path, key))
    return out


@lru_cache(maxsize=64)
def _snake_inside(kind: Any, field: str) -> Callable[[Any], Any] | None:
    """For the compiled way: the value, if the names of the schema inside it are all spelled in snake_case."""
    tree = _TREES.get((kind, field))
    if tree is None:
        return None
    names = _names(tree, "snake", "snake")

    def inside(value: Any) -> Any:
        try:
            return _respelled(value, names, "$")
        except DecodeError:
            raise Doubt from None

    return inside


# -- members: what a record class is made of ---------------------------------------------------------------------------


@attrs.frozen
class _Member:
    """One field of a record, as a document of one spelling has it."""

    name: str
    key: str
    part: type[Any] | None
    """The record class inside its type."""
    many: bool
    """An array of parts."""
    reads: _Names | None
    writes: _Names | None
    optional: bool
    """Written only where it was on the wire or is not null."""
    default: Any
    """Of the field, `attrs.NOTHING` if it must be there."""
    words: str
    """What JSON may stand there, where the record would answer with the name of a Python class; else empty."""

    def absent(self, record: Any) -> Any:
        """The value that the field has where its key is absent."""
        default = self.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            return default.factory(record) if default.takes_self else default.factory()
        return default


@lru_cache(maxsize=64)
def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and attrs.has(kind) and any(field.name == "wire" for field in attrs.fields(kind))


@lru_cache(maxsize=64)
def _members(kind: Any, spelling: Spelling) -> tuple[_Member, ...]:
    hints = get_type_hints(kind)
    return tuple(
        _member(kind, field, hints[field.name], spelling) for field in attrs.fields(kind) if field.name != "wire"
    )


def _member(kind: Any, field: attrs.Attribute[Any], hint: Any, spelling: Spelling) -> _Member:
    choices = get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)
    arrays = [choice for choice in choices if get_origin(choice) is tuple]
    part = next(filter(_is_part, (*choices, *(get_args(array)[0] for array in arrays))), None)
    optional = bool(field.metadata.get("optional"))
    tree = _TREES.get((kind, field.name))
    mapping = any(get_origin(choice) is FrozenDict for choice in choices)
    return _Member(
        name=field.name,
        key=_spelled(field.name, spelling),
        part=part,
        many=part is not None and bool(arrays),
        reads=None if tree is None else _names(tree, spelling, "snake"),
        writes=None if tree is None else _names(tree, "snake", spelling),
        optional=optional,
        default=None if optional and field.default is attrs.NOTHING else field.default,
        words=" or ".join(map(_word, choices)) if part or arrays or mapping else "",
    )


def _word(choice: Any) -> str:
    if choice is str:
        return "a string"
    if choice is type(None):
        return "null"
    return "an array" if get_origin(choice) is tuple else "an object"


@lru_cache(maxsize=64)
def _foreign(kind: Any, spelling: Spelling) -> Mapping[str, str]:
    return _other_spellings([member.name for member in _members(kind, spelling)], spelling)


# -- the converter -----------------------------------------------------------------------------------------------------

_WIRE: Final = "\0wire"
"""Key under which a record's `Wire` is handed to the generated function: the edge lets no such name in."""


@lru_cache(maxsize=2)
def _converter(spelling: Spelling) -> Converter:
    """The converter for one spelling; its hooks are generated when a class is first met."""
    if spelling not in get_args(Spelling):
        raise ValueError(f"spelling = {spelling!r} is not one of {', '.join(get_args(Spelling))}")
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook_factory(_is_part, lambda kind: _reader(converter, kind, spelling))
    converter.register_unstructure_hook_factory(_is_part, lambda kind: _writer(converter, kind, spelling))
    return converter


def _reader(converter: Converter, kind: Any, spelling: Spelling) -> Callable[[Any, Any], Any]:
    members = _members(kind, spelling)
    name_of = {member.key: member.name for member in members}
    by_name = {member.name: member for member in members}
    foreign = _foreign(kind, spelling)
    required = frozenset(member.key for member in members if member.default is attrs.NOTHING)
    # for the generated function a field without a default must be there
    nothing = {
        m.key: None for m in members if m.default is None and attrs.fields_dict(kind)[m.name].default is attrs.NOTHING
    }
    overrides = {m.name: override(rename=m.key, struct_hook=_reads(converter, m)) for m in members}
    overrides["wire"] = override(rename=_WIRE, struct_hook=_as_it_is)
    build = make_dict_structure_fn(kind, converter, _cattrs_detailed_validation=False, **cast(Any, overrides))

    def structure(value: dict[str, Any], _: Any) -> Any:
        extra: FrozenDict[str, Any] = EMPTY
        if not value.keys() <= name_of.keys():
            for key in value:
                if key in foreign:
                    raise _misspelled("$", key, foreign[key], twice=foreign[key] in value)
            extra = freeze({key: item for key, item in value.items() if key not in name_of})
        if not required <= value.keys():
            raise _missing("$", next(key for key in name_of if key in required and key not in value))
        wire = Wire(keys=frozenset([name_of[key] for key in value if key in name_of]), extra=extra, spelling=spelling)
        try:
            return build({**nothing, **value, _WIRE: wire}, kind)
        except BadRecord as bad:
            raise _refused(bad, by_name[bad.field], value) from bad

    return structure


def _as_it_is(value: Any, _: Any) -> Any:
    """Scalars and free mappings: the record's own validators judge them, in one place for all ways to build a record."""
    return value


def _reads(converter: Converter, member: _Member) -> Callable[[Any, Any], Any]:
    part, names, step = member.part, member.reads, path_to("$", member.key)
    if names is not None:
        return lambda value, _: _respelled(value, names, step)
    if part is None:
        return _as_it_is
    structure = converter.get_structure_hook(part)

    def one(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            return value  # null, or a word: the record knows whether that may be
        try:
            return structure(value, part)
        except DecodeError as error:
            _below(error, step)
            raise

    def many(value: Any, _: Any) -> Any:
        if type(value) is not list:
            return value
        parts: list[Any] = []
        for item in value:
            if type(item) is not dict:
                raise _shape(item, path_to(step, len(parts)), "an object")
            try:
                parts.append(structure(item, part))
            except DecodeError as error:
                _below(error, path_to(step, len(parts)))
                raise
        return tuple(parts)

    return many if member.many else one


def _writer(converter: Converter, kind: Any, spelling: Spelling) -> Callable[[Any], dict[str, Any]]:
    members = [(member, _writes(converter, member)) for member in _members(kind, spelling)]
    taken = {name for member, _ in members for name in (member.key, member.name, _camel(member.name))}

    def unstructure(record: Any) -> dict[str, Any]:
        keys: frozenset[str] | None = record.wire.keys
        document: dict[str, Any] = {}
        for member, write in members:
            value = getattr(record, member.name)
            if keys is None:
                left_out = member.optional and value is None
            else:
                left_out = member.name not in keys and value == member.absent(record)
            if not left_out:
                document[member.key] = write(value)
        for key, value in record.wire.extra.items():
            if key in taken:
                raise _misspelled("$", key, key, twice=key in document)
            document[key] = _plain(value)
        return document

    return unstructure


def _writes(converter: Converter, member: _Member) -> Callable[[Any], Any]:
    part, names, step = member.part, member.writes, path_to("$", member.key)
    if names is not None:
        return lambda value: _plain(_respelled(value, names, step))
    if part is None:
        return _plain
    unstructure = converter.get_unstructure_hook(part)
    if member.many:
        return lambda value: [unstructure(item) for item in value]
    return lambda value: unstructure(value) if isinstance(value, part) else _plain(value)


_JSON_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def _plain(value: Any) -> Any:
    """The value in exactly the types of JSON: no enumerations, tuples or read-only mappings."""
    if type(value) in _JSON_SCALARS:
        return value
    if isinstance(value, Mapping):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # the base's own method: an enumeration with a str() of its own is still written as its value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, float) else value  # anything else `dumps` refuses


# -- refusals ----------------------------------------------------------------------------------------------------------


def _below(error: DecodeError, path: str) -> None:
    """Continue the error's path upwards: a part does not know where it stands."""
    error.path = path + error.path.removeprefix("$")


def _shape(seen: object, path: str, allowed: str) -> DecodeError:
    return DecodeError(
        path=path, problem="shape", reason="the value is not what must stand there", seen=seen, allowed=allowed
    )


def _missing(path: str, key: str) -> DecodeError:
    return DecodeError(path=path_to(path, key), problem="missing", reason=f"the object has no member {key!r}")


def _misspelled(path: str, key: str, ours: str, *, twice: bool) -> DecodeError:
    reason = "the member stands there in two spellings" if twice else "the name is spelled unlike those around it"
    return DecodeError(path=path_to(path, key), problem="spelling", reason=reason, seen=key, allowed=ours)


def _refused(bad: BadRecord, member: _Member, value: dict[str, Any]) -> DecodeError:
    wrong_type = bad.rule == "RS206" and member.words
    return DecodeError(
        path=path_to("$", member.key),
        problem="record",
        reason=f"{bad.rule}: {bad.reason}",
        seen=value.get(member.key),
        allowed=member.words if wrong_type else bad.allowed,
        advice=bad.advice,
    )
