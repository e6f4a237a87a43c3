"""A lifecycle as plain values (what JSON and TOML can say), and back: `build`, `plain`, and the `SCHEMA` of the format.

The format follows the literals: every status a table of what leaves it, an event with all that it does.  `SCHEMA` is
written once; `check` reads it, and ``docs/schema/lifecycle.schema.json`` is it.  Text, files and line numbers are the
business of `runstate.modelling.definition`; the catalogue's own data files need none of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

from runstate.errors import DecodeError
from runstate.frozen import EMPTY
from runstate.lifecycle import (
    Answer,
    Axis,
    Basis,
    Count,
    Effects,
    FieldKind,
    Guard,
    GuardFunction,
    Layout,
    Lifecycle,
    Quirk,
    Removal,
    Row,
    To,
    Verb,
)

__all__ = ["SCHEMA", "SCHEMA_ID", "build", "check", "faults", "plain"]

SCHEMA_ID: Final = "urn:runstate:schema:lifecycle"
"""Name of the format; a document may carry it as ``$schema``."""

Json = dict[str, Any]

_NAME: Json = {"type": "string", "minLength": 1}
_TEXT: Json = {"type": "string"}
_NAMES: Json = {"type": "array", "items": {"$ref": "#/$defs/name"}}
_NAME_OR_NAMES: Json = {"anyOf": [{"$ref": "#/$defs/name"}, {"$ref": "#/$defs/names"}]}


def _object(properties: Json, *required: str, doc: str = "") -> Json:
    closed: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        closed["required"] = list(required)
    return {"description": doc, **closed} if doc else closed


def _map(values: Json, doc: str = "") -> Json:
    table = {"type": "object", "additionalProperties": values}
    return {"description": doc, **table} if doc else table


def _list(items: Json, doc: str = "") -> Json:
    array = {"type": "array", "items": items}
    return {"description": doc, **array} if doc else array


def _ref(name: str, doc: str = "") -> Json:
    return {"description": doc, "$ref": f"#/$defs/{name}"} if doc else {"$ref": f"#/$defs/{name}"}


_PAYLOAD: Json = _map(
    {"anyOf": [{"$ref": "#/$defs/name"}, {"const": False}]},
    "Payload name -> field that it is put in; false: only guards read it.",
)
_EFFECTS: Json = {
    "stamps": _ref("name_or_names", "Fields set to the time of the event, again each time."),
    "stamps_once": _ref("name_or_names", "Fields set to the time of the event where they are null."),
    "clears": _ref("name_or_names", "Fields set to null."),
    "deadlines": _map(
        {"type": "number", "exclusiveMinimum": 0}, "Field -> seconds from the event on; the event may be given others."
    ),
    "takes": _PAYLOAD | {"description": "Payload name -> field that it is put in (false: none); must be given."},
    "may_take": _PAYLOAD | {"description": "The same for payload that may be left out."},
}
_PAIR: Json = {"type": "array", "items": {"$ref": "#/$defs/name"}, "minItems": 2, "maxItems": 2}

SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": SCHEMA_ID,
    "title": "A lifecycle of runstate",
    **_object(
        {
            "$schema": _TEXT,
            "name": _ref("name", "Dotted, as in openai.assistants.run."),
            "version": _TEXT,
            "doc": _TEXT,
            "basis": _ref("basis", "What a transition rests on that does not say so itself."),
            "initial": _ref("names", "Statuses that creation leads to; must equal the targets under create."),
            "terminal": _ref("names", "Statuses that nothing leaves, or only what reopens them."),
            "stops": _ref("names", "Live statuses in which somebody else must act."),
            "fields": _map({"enum": [kind.value for kind in FieldKind]}, "Field of the record -> what it is."),
            "constant": _ref("names", "Fields that no event changes."),
            "create": _ref("row", "Event -> initial status."),
            "statuses": _map({"$ref": "#/$defs/row"}, "Status -> what leaves it; an end has none."),
            "events": _map({"$ref": "#/$defs/event"}, "Event -> what it does; left out, no event does anything."),
            "objects": _ref("names", "Values of object, type or kind by which such an object is recognised."),
            "id_field": _ref("name"),
            "status_field": _ref("name"),
            "profiles": _map({"$ref": "#/$defs/name"}, "Version of the wire format -> the field that tells it."),
            "quirks": _list({"$ref": "#/$defs/quirk"}, "Known departures of real data; never drivable."),
            "spellings": _map({"$ref": "#/$defs/name_or_names"}, "Status -> other spellings of it on the wire."),
            "passing": _ref("names", "Wire names of events that move nothing; a * at the end stands for any rest."),
            "axes": _list({"$ref": "#/$defs/axis"}, "Dimensions beside the status."),
            "answers": _list({"$ref": "#/$defs/answer"}, "Requests that are answered by another transition."),
            "removals": _list({"$ref": "#/$defs/removal"}, "Events that delete the record."),
            "counts": _list({"$ref": "#/$defs/count"}, "How often events occur over a whole run."),
            "precedence": _ref("names", "Statuses, strongest first, where news may be late."),
            "layout": _ref("layout"),
        },
        "name",
        "initial",
        "terminal",
        "create",
        "statuses",
    ),
    "$defs": {
        "name": _NAME,
        "names": _NAMES,
        "name_or_names": _NAME_OR_NAMES,
        "basis": {"type": "array", "items": {"enum": [basis.value for basis in Basis]}, "minItems": 1},
        "row": _map({"anyOf": [{"$ref": "#/$defs/name"}, {"$ref": "#/$defs/transition"}]}, "Event -> status."),
        "transition": _object(
            {
                "to": _ref("name", "The status that it leads to."),
                "basis": _ref("basis"),
                "why": _TEXT | {"description": "Where it is stated or seen."},
                "guards": _ref("guards", "On top of those of the event."),
                "does": _object(_EFFECTS, doc="In place of what the event does."),
                "silent": {"type": "boolean", "description": "No event announces it."},
                "reopens": {"type": "boolean", "description": "It leaves a terminal status on purpose."},
            },
            "to",
        ),
        "event": _object(
            {
                "doc": _TEXT,
                "wire": _ref("name_or_names", "Names that announce it, one after the other."),
                "spelled": _ref("name_or_names", "Other spellings of the first of those names."),
                "guards": _ref("guards"),
                **_EFFECTS,
            }
        ),
        "guards": _list(
            {
                "anyOf": [
                    _object({"set": {"$ref": "#/$defs/name"}}, "set", doc="The field is not null."),
                    _object({"reached": {"$ref": "#/$defs/name"}}, "reached", doc="The deadline is over."),
                    _object({"named": {"$ref": "#/$defs/name"}}, "named", doc="A function that the host gives."),
                ]
            }
        ),
        "quirk": _object(
            {
                "name": {"$ref": "#/$defs/name"},
                "why": _TEXT,
                "profile": {"$ref": "#/$defs/name"},
                "transition": _PAIR | {"description": "[source, target] seen though it is not in the table."},
                "field": _PAIR | {"description": "[status, field] seen set though it must be null."},
                "announcement": _PAIR | {"description": "[wire name, status] seen though the event leads elsewhere."},
            },
            "name",
            "why",
        ),
        "axis": _object(
            {
                "field": {"$ref": "#/$defs/name"},
                "values": {"$ref": "#/$defs/names"},
                "within": _map({"$ref": "#/$defs/names"}, "Status -> the values that go with it."),
                "why": _TEXT,
            },
            "field",
            "values",
        ),
        "answer": _object(
            {
                "source": {"$ref": "#/$defs/name"},
                "asked": {"$ref": "#/$defs/name"},
                "answered": {"$ref": "#/$defs/name"},
                "why": _TEXT,
            },
            "source",
            "asked",
            "answered",
        ),
        "removal": _object(
            {
                "event": {"$ref": "#/$defs/name"},
                "sources": {"$ref": "#/$defs/names"},
                "basis": {"$ref": "#/$defs/basis"},
                "why": _TEXT,
            },
            "event",
            "sources",
            "basis",
        ),
        "count": _object(
            {
                "events": {"$ref": "#/$defs/names"},
                "least": {"type": "integer", "minimum": 0},
                "most": {"type": "integer", "minimum": 0},
                "why": _TEXT,
            },
            "events",
        ),
        "layout": _object(
            {
                "inside": _map(
                    {"anyOf": [{"$ref": "#/$defs/name"}, {"const": False}]},
                    "Place that the object may be wrapped in -> the event that this announces (false: none).",
                ),
                "id": {"$ref": "#/$defs/name_or_names"},
                "status": {"$ref": "#/$defs/name_or_names"},
                "event": {"$ref": "#/$defs/name_or_names"},
                "at": {"$ref": "#/$defs/name_or_names"},
                "fields": _map({"$ref": "#/$defs/name"}, "Field -> its place, where that is not its name."),
                "times": {"enum": ["seconds", "milliseconds", "iso8601"]},
            },
            doc="Where the objects of a log hold what the judge asks for; a place is names joined by dots.",
        ),
    },
}
"""The format of a definition, as a JSON Schema of which `check` knows every word that stands in it."""

Path = tuple[str | int, ...]

# -- is it of the form -------------------------------------------------------------------------------------------------


def check(value: object) -> None:
    """Refuse what is not of the form.

    :raises DecodeError: with the path of the first fault.
    """
    for path, problem, reason, allowed in faults(value):
        raise refusal(path, problem, reason, _at(value, path), allowed)


def refusal(path: Path, problem: str, reason: str, seen: object = None, allowed: str = "") -> DecodeError:
    """The error for a fault at a path."""
    shown = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return DecodeError(path=shown, problem=problem, reason=reason, seen=seen, allowed=allowed)


def _at(value: Any, path: Path) -> object:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def faults(value: object, schema: Mapping[str, Any] = SCHEMA, path: Path = ()) -> Iterator[tuple[Path, str, str, str]]:
    """Every (path, problem word, reason, what is allowed) where a value is not of the form, in the order of the schema."""
    if "$ref" in schema:
        yield from faults(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    elif "anyOf" in schema:
        yield from _one_of(value, schema["anyOf"], path)
    elif "enum" in schema or "const" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        if not any(value is one or (isinstance(one, str) and value == one) for one in allowed):
            yield path, "shape", "the value is none of the words that may stand here", ", ".join(map(str, allowed))
    elif not isinstance(value, _TYPES[schema["type"]]) or (
        isinstance(value, bool) and schema["type"] in {"integer", "number"}
    ):
        yield path, "shape", "the value is of another kind", str(schema["type"])
    else:
        yield from _inside(value, schema, path)


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def _inside(value: Any, schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str, str, str]]:
    if schema["type"] == "object":
        known = schema.get("properties", {})
        others = schema.get("additionalProperties", False)
        for name in schema.get("required", ()):
            if name not in value:
                yield path, "missing", f"the member {name!r} is missing", name
        for name, item in value.items():
            if name in known:
                yield from faults(item, known[name], (*path, name))
            elif isinstance(others, Mapping):
                yield from faults(item, others, (*path, name))
            else:
                yield (*path, name), "shape", f"there is no member {name!r} here", ", ".join(known)
    elif schema["type"] == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
        if not least <= len(value) <= most:
            yield path, "shape", f"the array has {len(value)} items", f"at least {least}, at most {most}"
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], (*path, index))
    elif schema["type"] == "string" and len(value) < schema.get("minLength", 0):
        yield path, "shape", "the text is empty", "a name"
    elif schema["type"] in {"number", "integer"}:
        if not isfinite(value):
            yield path, "shape", "the number is not finite", "a finite number"
        if "exclusiveMinimum" in schema and not value > schema["exclusiveMinimum"]:
            yield path, "shape", "the number is too small", f"more than {schema['exclusiveMinimum']}"
        if "minimum" in schema and not value >= schema["minimum"]:
            yield path, "shape", "the number is too small", f"{schema['minimum']} or more"


def _one_of(value: object, choices: list[Json], path: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Nothing where one choice fits; else the faults of the choice that came furthest, which was meant."""
    found = [list(faults(value, choice, path)) for choice in choices]
    if all(found):
        # a fault further inside, or a missing member of an object, shows that the kind of value was right
        meant = max(found, key=lambda one: (len(one[0][0]) > len(path) or one[0][1] == "missing", -len(one)))
        names = [name for choice in choices for name in choice.get("required", ())]
        if len(names) == len(choices) and isinstance(value, dict) and not set(names) & set(value):
            yield path, "missing", f"one of the members {', '.join(names)} is missing", ", ".join(names)
        elif len(meant[0][0]) > len(path) or meant[0][1] == "missing":
            yield from meant
        else:
            yield path, "shape", "the value is of another kind", " or ".join(dict.fromkeys(one[0][3] for one in found))


# -- plain values to a lifecycle ---------------------------------------------------------------------------------------


def build(values: Mapping[str, Any], guards: Mapping[str, GuardFunction] = EMPTY) -> Lifecycle:
    """The lifecycle that plain values describe.

    :param guards: functions of the ``named`` guards, which no file can hold.
    :raises DecodeError: where a value is not of the form.
    :raises BadLifecycle: where the definition contradicts itself.
    """
    check(values)
    basis = values.get("basis", ())
    rows = [
        Row(source, *(_transition(event, item, basis) for event, item in row.items()))
        for source, row in ((None, values["create"]), *values["statuses"].items())
    ]
    used = dict.fromkeys(to.event for row in rows for to in row.transitions)
    events: Mapping[str, Json] = values.get("events", {event: {} for event in used})
    named = {name: values[name] for name in _AS_THEY_ARE if name in values}
    return Lifecycle(
        rows=rows,
        verbs=[_verb(event, item) for event, item in events.items()],
        fields={name: FieldKind(kind) for name, kind in values.get("fields", {}).items()},
        quirks=[Quirk(**_tuples(item)) for item in values.get("quirks", ())],
        axes=[Axis(**item) for item in values.get("axes", ())],
        answers=[Answer(**item) for item in values.get("answers", ())],
        removals=[
            Removal(
                event=item["event"],
                sources=item["sources"],
                basis=map(Basis, item["basis"]),
                why=item.get("why", ""),
            )
            for item in values.get("removals", ())
        ],
        counts=[_counted(index, item) for index, item in enumerate(values.get("counts", ()))],
        layout=_layout(values.get("layout", {})),
        guard_functions=guards,
        **named,
    )


_AS_THEY_ARE = (
    "name", "version", "doc", "initial", "terminal", "stops", "constant", "profiles", "objects", "id_field",
    "status_field", "spellings", "passing", "precedence",
)  # fmt: skip


def _transition(event: str, item: str | Json, basis: Any) -> To:
    given: Json = {"to": item} if isinstance(item, str) else item
    return To(
        event,
        given["to"],
        *map(Basis, given.get("basis", basis)),
        why=given.get("why", ""),
        guards=map(_guard, given.get("guards", ())),
        does=_effects(given["does"]) if "does" in given else None,
        silent=given.get("silent", False),
        reopens=given.get("reopens", False),
    )


def _verb(event: str, item: Json) -> Verb:
    return Verb(
        event,
        wire=item.get("wire", ()),
        spelled=item.get("spelled", ()),
        does=_effects(item),
        guards=map(_guard, item.get("guards", ())),
        doc=item.get("doc", ""),
    )


def _guard(item: Mapping[str, str]) -> Guard:
    ((kind, argument),) = item.items()
    return Guard("set" if kind == "set" else "reached" if kind == "reached" else "named", argument)


def _effects(item: Json) -> Effects:
    return Effects(
        stamps=item.get("stamps", ()),
        stamps_once=item.get("stamps_once", ()),
        clears=item.get("clears", ()),
        deadlines=item.get("deadlines", {}),
        takes=_or_none(item.get("takes", {})),
        may_take=_or_none(item.get("may_take", {})),
    )


def _or_none(values: Mapping[str, str | bool]) -> dict[str, str | None]:
    return {name: item if isinstance(item, str) else None for name, item in values.items()}


def _tuples(item: Json) -> Json:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in item.items()}


def _counted(index: int, item: Json) -> Count:
    try:
        return Count(**item)
    except ValueError as wrong:
        raise refusal(("counts", index), "shape", str(wrong), item) from None


def _layout(item: Json) -> Layout:
    rest = {name: value for name, value in item.items() if name != "inside"}
    return Layout(inside=_or_none(item.get("inside", {})), **rest)


# -- a lifecycle to plain values ---------------------------------------------------------------------------------------


def plain(lifecycle: Lifecycle) -> Json:
    """The lifecycle as plain values, in the order of its literal; what is left out has its default.

    Two lifecycles that say the same give equal values; functions of guards are not part of them.
    """
    rows = {row.source: {str(to.event): _plain_to(to) for to in row.transitions} for row in lifecycle.rows}
    values: Json = {
        "name": lifecycle.name,
        "version": lifecycle.version,
        "doc": lifecycle.doc,
        "initial": [str(status) for status in lifecycle.statuses if status in lifecycle.initial],
        "terminal": [str(status) for status in lifecycle.statuses if status in lifecycle.terminal],
        "stops": [str(status) for status in lifecycle.statuses if status in lifecycle.stops],
        "objects": _strings(lifecycle.objects),
        "id_field": "" if lifecycle.id_field == "id" else lifecycle.id_field,
        "status_field": "" if lifecycle.status_field == "status" else lifecycle.status_field,
        "fields": {name: kind.value for name, kind in lifecycle.fields.items()},
        "constant": _strings(lifecycle.constant),
        "create": rows[None],
        "statuses": {str(status): rows[status] for status in lifecycle.statuses},
        "events": {str(verb.event): _plain_verb(verb) for verb in lifecycle.verbs},
        "profiles": dict(lifecycle.profiles),
        "quirks": [_plain_item(quirk, "name", "why", "profile", "transition", "field", "announcement")
                   for quirk in lifecycle.quirks],
        "spellings": {str(status): list(others) for status, others in lifecycle.spellings.items()},
        "passing": _strings(lifecycle.passing),
        "axes": [_plain_item(axis, "field", "values", "within", "why") for axis in lifecycle.axes],
        "answers": [_plain_item(answer, "source", "asked", "answered", "why") for answer in lifecycle.answers],
        "removals": [
            _plain_item(removal, "event", "sources", "why") | {"basis": _plain_basis(removal.basis)}
            for removal in lifecycle.removals
        ],
        "counts": [_plain_item(count, "events", "least", "most", "why") for count in lifecycle.counts],
        "precedence": _strings(lifecycle.precedence),
        "layout": _plain_layout(lifecycle.layout),
    }  # fmt: skip
    always = {"name", "version", "initial", "terminal", "create", "statuses", "events"}
    return {name: value for name, value in values.items() if value or name in always}


def _strings(values: tuple[str, ...]) -> list[str]:
    return [str(value) for value in values]


def _plain_basis(basis: frozenset[Basis]) -> list[str]:
    return [one.value for one in Basis if one in basis]


def _plain_to(to: To) -> Json:
    values: Json = {
        "to": str(to.target),
        "basis": _plain_basis(to.basis),
        "why": to.why,
        "guards": [{guard.kind: guard.argument} for guard in to.guards],
        "silent": to.silent,
        "reopens": to.reopens,
    }
    kept = {name: value for name, value in values.items() if value}
    return kept if to.does is None else {**kept, "does": _plain_effects(to.does)}


def _plain_verb(verb: Verb) -> Json:
    values: Json = {
        "doc": verb.doc,
        "wire": _strings(verb.wire),
        "spelled": _strings(verb.spelled),
        "guards": [{guard.kind: guard.argument} for guard in verb.guards],
    }
    return {name: value for name, value in values.items() if value} | _plain_effects(verb.does)


def _plain_effects(does: Effects) -> Json:
    values: Json = {
        "stamps": _strings(does.stamps),
        "stamps_once": _strings(does.stamps_once),
        "deadlines": dict(does.deadlines),
        "takes": {name: field or False for name, field in does.takes.items()},
        "may_take": {name: field or False for name, field in does.may_take.items()},
        "clears": _strings(does.clears),
    }
    return {name: value for name, value in values.items() if value}


def _plain_item(item: object, *names: str) -> Json:
    """The attributes of a value that are set, tuples as lists."""
    values = {name: getattr(item, name) for name in names}
    return {name: _listed(value) for name, value in values.items() if value not in (None, "", {}, 0)}


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _listed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _plain_layout(layout: Layout) -> Json:
    values: Json = {
        "inside": {place: event or False for place, event in layout.inside.items()},
        "id": list(layout.id),
        "status": list(layout.status),
        "event": list(layout.event),
        "at": list(layout.at),
        "fields": dict(layout.fields),
        "times": "" if layout.times == "seconds" else layout.times,
    }
    return {name: value for name, value in values.items() if value}
