"""Definitions as files: what is read, what is refused, and on which line."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.engine import apply, create, may
from runstate.errors import BadLifecycle, BadRecord, DecodeError
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.plain import SCHEMA, build, faults, plain
from runstate.modelling.definition import attach, equal, load, read, schema_json, to_json
from tests.test_lifecycle import CONTRADICTIONS, door, lifecycles

DOOR = """\
name = "door"
initial = ["open"]
terminal = ["gone"]
basis = ["documented"]

[fields]
built_at = "stamp"
falls_at = "deadline"
key = "value"

[create]
build = "open"

[statuses.open]
close = "shut"
burn = "gone"

[statuses.shut]
unlock = "open"
burn = { to = "gone", basis = ["inferred"], why = "nobody saw it" }

[statuses.gone]

[events.build]
stamps = "built_at"
deadlines = { falls_at = 60 }

[events.close]
[events.unlock]
takes = { key = "key", how = false }
guards = [{ named = "key_fits" }]

[events.burn]
wire = ["door.burnt"]
clears = ["falls_at"]
doc = "The end."
"""


def test_a_toml_file_is_a_lifecycle(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text(DOOR)
    lifecycle = load(file, guards={"key_fits": lambda _record, payload, _at: None if payload["key"] else "no key"})
    assert [str(edge) for edge in lifecycle.transitions] == [
        "(none) --build--> open",
        "open --close--> shut",
        "open --burn--> gone",
        "shut --unlock--> open",
        "shut --burn--> gone",
    ]
    assert equal(lifecycle, load(str(file)))
    assert equal(lifecycle, load(DOOR.encode()))
    assert equal(lifecycle, load(json.dumps(tomllib.loads(DOOR)).encode()))
    assert not equal(lifecycle, CATALOGUE["k8s.pod"])


def test_a_lifecycle_of_a_file_drives_a_record() -> None:
    lifecycle = load(DOOR.encode(), guards={"key_fits": lambda _r, payload, _at: None if payload["key"] else "no key"})

    @attach(lifecycle)
    @attrs.frozen(kw_only=True)
    class Door:
        __lifecycle__: ClassVar[Lifecycle]
        status: str
        built_at: int | None = None
        falls_at: int | None = None
        key: str | None = None

    made = create(Door, at=10).run
    shut = apply(made, "close", at=11).run
    again = apply(shut, "unlock", at=12, key="k", how="gently").run
    assert (made.built_at, made.falls_at, again.key, may(again)) == (10, 70, "k", ("close", "burn"))
    assert apply(again, "burn", at=13).run.falls_at is None


def test_a_record_without_the_fields_is_refused() -> None:
    @attrs.frozen
    class Hole:
        status: str
        built_at: int | None = None

    class Nothing:
        pass

    for cls, field in ((Hole, "falls_at"), (Nothing, "status")):
        with pytest.raises(BadRecord) as caught:
            attach(load(DOOR.encode()))(cls)
        assert caught.value.field == field
        assert not hasattr(cls, "__lifecycle__")


# --- faults and their lines -------------------------------------------------------------------------------------------


def changed(old: str, new: str) -> str:
    assert DOOR.count(old) >= 1
    return DOOR.replace(old, new, 1)


FAULTS: tuple[tuple[str, int, str, str], ...] = (
    # text, line, problem, path
    (changed('build = "open"', "build = 7"), 12, "shape", "$.create.build"),
    (changed('"stamp"', '"stomp"'), 7, "shape", "$.fields.built_at"),
    (changed("wire = ", "wires = "), 34, "shape", "$.events.burn.wires"),
    (changed("falls_at = 60", "falls_at = 0"), 26, "shape", "$.events.build.deadlines.falls_at"),
    (changed('["inferred"]', '["guessed"]'), 20, "shape", "$.statuses.shut.burn.basis[0]"),
    (changed('{ named = "key_fits" }', "{}"), 31, "missing", "$.events.unlock.guards[0]"),
    (changed('name = "door"\n', ""), 1, "missing", "$"),
    (changed('name = "door"', 'name = ""'), 1, "shape", "$.name"),
    (changed('burn = "gone"', 'burn = "gone"\nburn = "gone"'), 17, "duplicate_key", "$"),
    (changed('"documented"]', '"documented"'), 6, "malformed", "$"),
    (changed('"nobody saw it"', "maybe"), 20, "malformed", "$"),
)


@pytest.mark.parametrize(("text", "line", "problem", "path"), FAULTS)
def test_a_fault_is_refused_with_its_line(text: str, line: int, problem: str, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        load(text.encode())
    assert (caught.value.problem, caught.value.path) == (problem, path)
    assert caught.value.reason.startswith(f"line {line}: "), caught.value.reason


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('{\n"name": "a",\n"name": "b"\n}', 3, "duplicate_key"),
        ('{\n"name": "a"\n"b": 1}', 3, "malformed"),
        ('{"name": nope}', 1, "malformed"),
        ('{"name": "a"}\n\n!', 3, "malformed"),
        ('{\n"name": [1,\n]}', 3, "malformed"),
        ('{"name": "a\nb"}', 1, "malformed"),
        ('{"a":' + "[" * 60 + "]" * 60 + "}", 1, "depth"),
        ("{name: 1}", 1, "malformed"),
        ('{"a" 1}', 1, "malformed"),
    ],
)
def test_broken_json_is_refused_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(DecodeError) as caught:
        load(text.encode(), form="json")
    assert caught.value.problem == problem
    assert caught.value.reason.startswith(f"line {line}: ")


@pytest.mark.parametrize(
    ("data", "problem"), [(b"[1]", "shape"), (b'name = "\xff"', "utf8"), (b"#" * (5 << 20), "size")]
)
def test_what_is_no_definition_at_all_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError) as caught:
        load(data, form="json" if data[:1] == b"[" else None)
    assert caught.value.problem == problem


def test_a_message_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text(changed('close = "shut"', 'close = "ajar"'))
    with pytest.raises(BadLifecycle) as caught:
        load(file)
    assert caught.value.problem == "unknown_status"
    assert caught.value.reason.startswith(f"{file}, line 15: ")


@pytest.mark.parametrize(
    ("problem", "changes"),
    [(problem, changes) for problem, _, changes in CONTRADICTIONS if problem not in {"bad_name", "bad_deadline"}],
)
def test_every_contradiction_of_a_lifecycle_is_refused_on_a_line_that_has_to_do_with_it(
    problem: str, changes: dict[str, Any]
) -> None:
    values = broken(changes)
    text = to_json(values)
    wrong = refusal(text)
    if wrong is None:
        # a table cannot say a key twice, so these contradictions cannot be written down
        assert problem in {"repeated_key", "two_targets", "initial_mismatch"}
        return
    line = re.match(r"line (\d+): ", wrong.reason)
    assert line, wrong.reason
    assert 0 < int(line[1]) <= text.count("\n")
    assert isinstance(wrong, DecodeError) or wrong.problem == problem or problem in {"repeated_key", "two_targets"}


def refusal(text: str) -> BadLifecycle | DecodeError | None:
    """What loading the text is answered with."""
    try:
        load(text.encode())
    except (BadLifecycle, DecodeError) as wrong:
        return wrong
    return None


def broken(changes: dict[str, Any]) -> dict[str, Any]:
    """The door of the lifecycle's own tests with its contradiction, as plain values."""
    whole: dict[str, Any] = plain(door())
    parts = {"name": "door", "initial": {"open"}, "terminal": {"gone"}, **changes}

    class Loose:
        """A lifecycle that was never checked."""

    loose: Any = Loose()
    for name, value in {
        "version": "1", "doc": "", "stops": (), "constant": (), "profiles": {}, "objects": (), "id_field": "id",
        "status_field": "status", "quirks": (), "spellings": {}, "passing": (), "axes": (), "answers": (),
        "removals": (), "counts": (), "precedence": (), "layout": door().layout, "rows": door().rows,
        "verbs": door().verbs, "fields": door().fields,
    }.items():  # fmt: skip
        setattr(loose, name, parts.get(name, value))
    for name in ("name", "initial", "terminal"):
        setattr(loose, name, parts[name])
    if isinstance(loose.constant, str):
        loose.constant = (loose.constant,)
    rows = [row for row in loose.rows if row.source is not None]
    loose.statuses = tuple(dict.fromkeys(row.source for row in rows))
    loose.rows = tuple(loose.rows)
    if not any(row.source is None for row in loose.rows):
        loose.rows = (type(door().rows[0])(None), *loose.rows)
    loose.quirks, loose.verbs = tuple(loose.quirks), tuple(loose.verbs)
    values = plain(loose)
    values["initial"] = sorted(map(str, loose.initial))
    values["terminal"] = sorted(map(str, loose.terminal))
    values["stops"] = sorted(map(str, loose.stops))
    return values if values != whole else whole


# --- lines of any text ------------------------------------------------------------------------------------------------


@given(lifecycles())
def test_any_lifecycle_comes_back_equal(lifecycle: Lifecycle) -> None:
    again = load(to_json(lifecycle).encode())
    assert equal(again, lifecycle)
    assert [str(edge) for edge in again.transitions] == [str(edge) for edge in lifecycle.transitions]
    assert (again.presence, again.order) == (lifecycle.presence, lifecycle.order)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), PLAIN, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_standard_library_reads_it_and_every_key_is_on_its_line(
    value: dict[str, Any], indent: int | str | None
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    document = read(text.encode(), form="json")
    assert document.values == value
    lines = text.split("\n")
    for path, line in document.lines.items():
        if path and isinstance(path[-1], str):
            assert json.dumps(path[-1], ensure_ascii=False) in lines[line - 1]


TOML = '''\
# a comment with [brackets] and "quotes"
top = 1
"quoted key" = { inner = [1, 2, { deep = "x" }], 'literal.key' = 'it"s' }
dotted.name = """
many [lines]
of = text
"""
list = [
  "a", # one
  'b]',
  [ "c" ],
]
when = 1979-05-27 07:32:00Z

[table."with dots".sub]
one = "]"
two = """one line "" here"""

[[many]]
first = 1
[many.inside]
x = 1
[[many]]
second = 2
three = \'\'\'a
b\'\'\'
last = true
'''


def test_keys_of_toml_are_on_their_lines() -> None:
    document = read(TOML.encode(), form="toml")
    assert document.values == tomllib.loads(TOML)
    assert dict(document.lines) == {
        (): 1,
        ("top",): 2,
        ("quoted key",): 3,
        ("quoted key", "inner"): 3,
        ("quoted key", "inner", 0): 3,
        ("quoted key", "inner", 1): 3,
        ("quoted key", "inner", 2): 3,
        ("quoted key", "inner", 2, "deep"): 3,
        ("quoted key", "literal.key"): 3,
        ("dotted",): 4,
        ("dotted", "name"): 4,
        ("list",): 8,
        ("list", 0): 9,
        ("list", 1): 10,
        ("list", 2): 11,
        ("list", 2, 0): 11,
        ("when",): 13,
        ("table",): 15,
        ("table", "with dots"): 15,
        ("table", "with dots", "sub"): 15,
        ("table", "with dots", "sub", "one"): 16,
        ("table", "with dots", "sub", "two"): 17,
        ("many",): 19,
        ("many", 0): 19,
        ("many", 0, "first"): 20,
        ("many", 0, "inside"): 21,
        ("many", 0, "inside", "x"): 22,
        ("many", 1): 23,
        ("many", 1, "second"): 24,
        ("many", 1, "three"): 25,
        ("many", 1, "last"): 27,
    }
    assert document.line(("many", 1, "second", "further")) == 24
    assert document.line(("unknown",)) == 1


# --- the schema -------------------------------------------------------------------------------------------------------


def test_the_schema_is_closed_and_refers_to_what_it_has() -> None:
    """Every word that stands in it is one that `faults` knows."""
    known = {
        "$schema", "$id", "$defs", "$ref", "title", "description", "type", "properties", "required", "items", "enum",
        "const", "anyOf", "additionalProperties", "minItems", "maxItems", "minLength", "minimum", "exclusiveMinimum",
    }  # fmt: skip

    def walk(schema: Any, *, names: bool = False) -> None:
        if isinstance(schema, dict):
            for key, item in schema.items():
                assert names or key in known, key
                if key == "$ref" and not names:
                    assert item.rpartition("/")[2] in SCHEMA["$defs"]
                walk(item, names=not names and key in {"properties", "$defs"})
        elif isinstance(schema, list):
            for item in schema:
                walk(item)

    walk(SCHEMA)
    assert json.loads(schema_json()) == SCHEMA


def test_every_entry_of_the_catalogue_and_every_random_one_is_of_the_form() -> None:
    for lifecycle in CATALOGUE.values():
        assert list(faults(plain(lifecycle))) == []


@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"]]), PLAIN, max_size=8))
def test_whatever_a_definition_holds_it_is_built_or_refused(values: dict[str, Any]) -> None:
    try:
        build(values)
    except (DecodeError, BadLifecycle):
        return
