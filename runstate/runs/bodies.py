"""Records become text and text becomes records; the journal's fold.

Assistant records go through `runstate.codec`, so what was decoded from the wire is kept as it came.  Any other attrs
record goes through a `cattrs` converter by its annotations.  Metadata is kept apart from the body: writing it is no
change of the lifecycle, and takes no part in the race for one.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
from cattrs import Converter

from runstate import codec, engine
from runstate.edge import DEFAULT, Limits, check_value, dumps, dumps_plainly, loads
from runstate.errors import BadRecord, CallerError, DecodeError, SchemaMismatch
from runstate.frozen import FrozenDict, freeze, thaw
from runstate.lifecycle import Lifecycle
from runstate.stores.base import Entry

__all__ = [
    "LIMITS",
    "MIGRATE",
    "arguments_of",
    "body_of",
    "fingerprint",
    "fold",
    "payload_of",
    "read_as",
    "record_of",
    "text",
]

R = TypeVar("R")

LIMITS: Final = Limits(max_bytes=16 << 20)
"""Of one stored text.  What comes from outside has passed narrower limits."""

MICROSECONDS: Final = 1_000_000

Earlier = Mapping[str, type[Any]]
"""Record classes of earlier versions of a lifecycle, by version."""
_NONE: Final[Earlier] = FrozenDict()


@lru_cache(maxsize=64)
def _is_wire(kind: Any) -> bool:
    return attrs.has(kind) and any(field.name == "wire" for field in attrs.fields(kind))


def _is_frozen_dict(kind: Any) -> bool:
    return kind is FrozenDict or get_origin(kind) is FrozenDict


@lru_cache(maxsize=1)
def _converter() -> Converter:
    converter = Converter()
    converter.register_structure_hook_func(_is_frozen_dict, lambda value, _: freeze(value))
    converter.register_unstructure_hook_func(_is_frozen_dict, thaw)
    converter.register_unstructure_hook_func(_is_wire, codec.encode)
    converter.register_structure_hook_func(_is_wire, codec.decode)
    return converter


def plain(value: Any) -> Any:
    """A value in exactly the types of JSON, as far as it is made of records, mappings, sequences and scalars."""
    kind: Any = type(value)
    if attrs.has(kind):
        return plain(codec.encode(value) if _is_wire(kind) else _converter().unstructure(value))
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    return value


def text(value: object) -> str:
    """JSON of a value.

    :raises DecodeError: for what JSON cannot say or a database cannot store.
    """
    found = _text(value)
    small = found is not None and len(found) <= DEFAULT.max_bytes
    if found is not None and small and found.count("[") + found.count("{") <= DEFAULT.max_depth:
        return found
    return dumps(plain(value), LIMITS).decode()


_NO_MEMBER: Final = ""


def _text(value: object) -> str | None:
    """JSON of a value that consists of records, texts and whole numbers; None where the rules must be asked one by one.

    The records are written by the codec's own fast way.  Making plain values of a payload and looking at each of them
    took a sixth of a change on SQLite.
    """
    kind: Any = type(value)
    if value is None:
        return "null"
    if kind is str or kind is int:
        data = dumps_plainly(value)
        return None if data is None else data.decode()
    if kind is tuple or kind is list:
        items = [_text(item) for item in cast("Sequence[object]", value)]
        return None if None in items else f"[{','.join(cast('list[str]', items))}]"
    if kind is dict or kind is FrozenDict:
        members = cast("Mapping[object, object]", value).items()
        parts = [(_text(name) if type(name) is str else None, _text(item)) for name, item in members]
        if any(name is None or item is None for name, item in parts):
            return None
        return "{" + ",".join(f"{name}:{item}" for name, item in parts) + "}"
    if not _is_wire(kind):
        return None
    try:
        return codec.encode_apart(cast(Any, value), _NO_MEMBER, LIMITS)[0].decode()
    except DecodeError:  # its path would begin here, and not at the top
        return None


def body_of(record: Any) -> tuple[str, str | None]:
    """The record's body and its metadata."""
    kind: Any = type(record)
    if _is_wire(kind):
        body, apart = codec.encode_apart(record, "metadata", LIMITS)
        return body.decode(), None if apart is None else apart.decode()
    document: dict[str, Any] = plain(record)
    metadata = dumps(document.pop("metadata"), LIMITS).decode() if "metadata" in document else None
    return dumps(document, LIMITS).decode(), metadata


def record_of(kind: type[R], body: str | Mapping[str, Any], metadata: str | None) -> R:
    """The inverse of `body_of`.

    :raises BadRecord: where the text does not fit the class (any more).
    :raises DecodeError: the same, of an assistant record.
    """
    document: dict[str, Any] = thaw(body) if isinstance(body, Mapping) else loads(body, LIMITS)  # type: ignore[assignment]
    if metadata is not None:
        document["metadata"] = loads(metadata, LIMITS)
    wanted: Any = kind
    if _is_wire(wanted):
        decoded: R = codec.decode_value(document, wanted)
        return decoded
    try:
        return _converter().structure(document, kind)
    except (DecodeError, BadRecord):
        raise
    except Exception as error:
        raise BadRecord(
            record=kind.__name__,
            field="",
            rule="RS206",
            value=document,
            reason=f"what is stored does not fit the class: {error}",
        ) from error


@lru_cache(maxsize=64)
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _structured(hint: Any, value: Any) -> Any:
    """A value of JSON as the annotation of its field wants it: records inside it are built, all else is read-only."""
    choices = get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)
    for choice in choices:
        if isinstance(value, Mapping) and isinstance(choice, type) and attrs.has(choice):
            return record_of(choice, value, None)
        if isinstance(value, list) and get_origin(choice) is tuple:
            return tuple(_structured(get_args(choice)[0], item) for item in value)
        if isinstance(value, str) and isinstance(choice, type) and issubclass(choice, str):
            return choice(value)  # an enumeration, or str itself
    return freeze(value)


def payload_of(payload: Mapping[str, Any]) -> str:
    """The arguments of an event as JSON."""
    return text(payload)


def arguments_of(kind: type, lifecycle: Lifecycle, entry: Entry) -> dict[str, Any]:
    """The arguments of a journalled event, as the engine takes them."""
    edge = lifecycle.transition(entry.source, entry.event)
    fields = {} if edge is None else {**edge.does.takes, **edge.does.may_take}
    given: dict[str, Any] = loads(entry.payload, LIMITS)  # type: ignore[assignment]
    hints = _hints(kind)
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = fields.get(name)
        found[name] = freeze(value) if field is None else _structured(hints.get(field, Any), value)
    return found


def fold(kind: type[R], entries: Iterable[Entry], start: R | None = None, *, earlier: Earlier = _NONE) -> R:
    """The record that the entries lead to, from the first one on or from `start`: what the journal says it is.

    Each entry is replayed by the table of the version that it was written under, where `earlier` has a class for that,
    else by the present one.  Where the version changes, the next class reads what the one before has written, as it
    reads the run's row.  A migration wrote the whole record down, so what was before the last one is not looked at.  The
    record is of the class of the last entry; metadata is that of the last entry.

    :param earlier: classes of earlier versions of the lifecycle, by version.
    :raises ValueError: where there is nothing to fold.
    :raises SchemaMismatch: where an entry of a version that no class was given for is not what the present table allows.
    :raises CallerError: where an entry is not what its own table allows: the journal was tampered with.
    """
    record = start
    last: Entry | None = None
    known = tuple(entries)
    moved = max((index for index, entry in enumerate(known) if entry.event == MIGRATE), default=0)
    for entry in known[moved:]:
        last = entry
        # the record that a migration wrote is of the version that it led to
        reader: type[R] = earlier.get(
            entry.version.rpartition("->")[2] if entry.event == MIGRATE else entry.version, kind
        )
        if entry.source is None or entry.event == MIGRATE:
            record = record_of(reader, entry.arguments["record"], entry.metadata)
            continue
        if record is None:
            raise ValueError("the first entry is missing")
        record = _replayed(read_as(reader, record), entry)
    if record is None:
        raise ValueError("there are no entries")
    return record if last is None else with_metadata(record, last.metadata)


def read_as(kind: type[R], record: Any) -> R:
    """What a class makes of the text that a record of another one is stored as.

    :raises BadRecord: where it does not fit; of an assistant record DecodeError.
    """
    return record if type(record) is kind else record_of(kind, *body_of(record))


def _replayed(record: R, entry: Entry) -> R:
    lifecycle: Lifecycle = record.__lifecycle__  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    arguments = arguments_of(type(record), lifecycle, entry)
    ttl = arguments.pop(TTL, None)
    try:
        return engine.apply(record, entry.event, at=entry.at / MICROSECONDS, ttl=ttl, **arguments).run
    except (CallerError, BadRecord) as error:
        if entry.version == lifecycle.version:
            raise
        raise SchemaMismatch(
            reason=f"change {entry.seq} is not what the present version of {lifecycle.name!r} allows",
            run_id=entry.run_id,
            seen=entry.version,
            known=lifecycle.version,
            advice="Give the record class of that version to Runs(earlier=[...]).",
        ) from error


MIGRATE: Final = "\N{SECTION SIGN}migrate"
"""Event of the journal entry that a migration writes; no lifecycle's own."""

TTL: Final = "\N{SECTION SIGN}ttl"
"""Name under which the journal keeps the time to live that an event was given; no argument can have it."""


def with_metadata(record: R, metadata: str | None) -> R:
    """The record with the metadata that stands in a text."""
    if metadata is None:
        return record
    wanted = freeze(loads(metadata, LIMITS))
    if getattr(record, "metadata", None) == wanted:
        return record
    return attrs.evolve(record, metadata=wanted)  # type: ignore[misc]


def fingerprint(*request: object) -> str:
    """What tells one request from another: SHA-256 over its canonical JSON, 32 hexadecimal digits."""
    value = check_value(plain(request), LIMITS)
    return hashlib.sha256(dumps(_sorted(value), LIMITS)).hexdigest()[:32]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
