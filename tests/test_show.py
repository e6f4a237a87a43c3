"""A lifecycle as a table, a diagram and JSON: each says what the definition says, every transition exactly once."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Quirk, Row, To, Verb, is_set, reached
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.modelling.show import FORMATS, as_dict, fields_table, transitions_table
from tests.oracle import CELLS, INFERRED, INITIAL, MUST, MUST_NOT, STATUSES, TERMINAL

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

# Everything that a definition can hold, with names that diagrams and tables must quote.
ODD = Lifecycle(
    name="odd|one",
    version="7",
    doc="Two ways in, a way back, a silent step, and names that need quoting.",
    objects=("odd",),
    initial={"input-required", "input required"},
    terminal={"done"},
    stops={"input required"},
    rows=(
        Row(None, To("ask", "input-required", D, why="a|b"), To("beg", "input required", I)),
        Row("input-required", To("go", "end", D, silent=True, guards=[is_set("at")])),
        Row("input required", To("go", "end", I, does=Effects(stamps_once=["at"]))),
        Row("end", To("stop", "done", D, guards=[reached("until")])),
        Row("done", To("again", "input-required", D, reopens=True)),
    ),
    verbs=(
        Verb("ask", wire="x.asked", does=Effects(stamps=["at"], deadlines={"until": 90})),
        Verb("beg", does=Effects(stamps=["at"])),
        Verb("go", does=Effects(takes={"why": "why", "proof": None})),
        Verb("stop", does=Effects(may_take={"why": "why"}, clears=["until"])),
        Verb("again"),
    ),
    fields={"at": FieldKind.STAMP, "until": FieldKind.DEADLINE, "why": FieldKind.VALUE},
    constant=("id",),
    profiles={"old": "mark"},
    quirks=(Quirk(name="late", why="seen once", profile="old", transition=("done", "end")),),
)

Edge = tuple[str | None, str, str]
EVERY = [*CATALOGUE.values(), ODD]


def edges(lifecycle: Lifecycle) -> Counter[Edge]:
    return Counter((edge.source, edge.event, edge.target) for edge in lifecycle.transitions)


def cells(table: str) -> list[list[str]]:
    """The cells of a Markdown table, its head first."""
    head, rule, *rows = table.splitlines()
    assert re.fullmatch(r"\|(-+\|)+", rule)
    assert {len(line) for line in (head, rule, *rows)} == {len(head)}
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in (head, *rows)]


def test_the_oracle_of_the_assistants_run_is_what_is_shown() -> None:
    legal: Counter[Edge] = Counter({(None, "create", INITIAL): 1})
    legal.update((status, name, target) for (status, name), target in CELLS.items() if target is not None)
    assert edges(ASSISTANTS_RUN) == legal


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_table_has_every_transition_once(lifecycle: Lifecycle) -> None:
    (*head,), *rows = cells(transitions_table(lifecycle))
    assert head[:3] == ["event", "source", "target"]
    shown = Counter((None if row[1] == "(new)" else row[1], row[0], row[2]) for row in rows)
    assert shown == edges(lifecycle)
    assert transitions_table(lifecycle) in FORMATS["table"](lifecycle)
    for row in rows:
        edge = lifecycle.transition(None if row[1] == "(new)" else row[1], row[0])
        assert edge is not None
        assert set(row[3].split(", ")) == {basis.value for basis in edge.basis}
        assert [guard.name for guard in edge.guards] == [word for word in row[4].split("; ") if word]
        assert row[6] == edge.why
        for field in edge.does.fields():
            assert field in row[5]


def test_the_table_says_what_happens_to_the_record() -> None:
    rows = {(row[1], row[0]): row[5] for row in cells(transitions_table(ODD))[1:]}
    assert rows["(new)", "ask"] == "at = now, until = now + 90 s"
    assert rows["input-required", "go"] == "why given, proof given"
    assert rows["input required", "go"] == "at = now if null"
    assert rows["end", "stop"] == "why may be given, until = null"
    assert rows["done", "again"] == ""


def test_the_fields_table_is_what_the_oracle_says() -> None:
    (_, *statuses), *rows = cells(fields_table(ASSISTANTS_RUN))
    assert statuses == list(STATUSES)
    words = {(field, status): word for field, *own in rows for status, word in zip(statuses, own, strict=True)}
    for status in STATUSES:
        for field in MUST[status]:
            assert words[field, status] == "set"
        for field in MUST_NOT[status]:
            assert words[field, status] == "–"
    assert Counter(words.values()).keys() == {"set", "–", "may be set"}


def test_the_table_names_ends_and_quirks() -> None:
    text = FORMATS["table"](ASSISTANTS_RUN)
    assert "initial: queued; terminal: cancelled, failed, completed, incomplete, expired" in text
    for quirk in ASSISTANTS_RUN.quirks:
        assert f"- {quirk.name}: {quirk.why}" in text
    assert "Known departures" not in FORMATS["table"](CATALOGUE["openai.assistants.message"])


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_mermaid_diagram_has_every_transition_once(lifecycle: Lifecycle) -> None:
    head, *lines = FORMATS["mermaid"](lifecycle).splitlines()
    assert head == "stateDiagram-v2"
    alias: dict[str, str] = {}
    shown: Counter[Edge] = Counter()
    ends: list[str] = []
    for line in lines:
        if named := re.fullmatch(r'    state "([^"]+)" as (\w+)', line):
            alias[named[2]] = named[1]
        elif end := re.fullmatch(r"    (\w+) --> \[\*\]", line):
            ends.append(alias.get(end[1], end[1]))
        else:
            edge = re.fullmatch(r"    (\[\*\]|\w+) --> (\w+): (\w+)( \?)?", line)
            assert edge, line
            source = None if edge[1] == "[*]" else alias.get(edge[1], edge[1])
            shown[source, edge[3], alias.get(edge[2], edge[2])] += 1
            known = lifecycle.transition(source, edge[3])
            assert known is not None
            assert bool(edge[4]) is known.inferred_only
    assert shown == edges(lifecycle)
    assert sorted(ends) == sorted(lifecycle.terminal)


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_dot_diagram_has_every_transition_once(lifecycle: Lifecycle) -> None:
    text = FORMATS["dot"](lifecycle)
    assert text.count("{") == text.count("}") == 1
    nodes = dict(re.findall(r'^    "([^"]+)" \[shape=box, style=rounded, peripheries=(\d)\];$', text, re.MULTILINE))
    assert nodes == {status: "2" if status in lifecycle.terminal else "1" for status in lifecycle.statuses}
    found = re.findall(r'^    "([^"]*)" -> "([^"]+)" \[label="([^"]+)"(, style=dashed)?\];$', text, re.MULTILINE)
    assert Counter((source or None, name, target) for source, target, name, _ in found) == edges(lifecycle)
    dashed = {(source or None, name) for source, _, name, style in found if style}
    assert dashed == {(edge.source, edge.event) for edge in lifecycle.transitions if edge.inferred_only}


def test_the_inferred_transitions_are_those_of_the_oracle() -> None:
    found = re.findall(r'"(\w*)" -> "\w+" \[label="(\w+)", style=dashed\];', FORMATS["dot"](ASSISTANTS_RUN))
    assert set(found) == INFERRED
    assert len(re.findall(r" \?$", FORMATS["mermaid"](ASSISTANTS_RUN), re.MULTILINE)) == len(INFERRED) == 9


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_json_is_the_definition(lifecycle: Lifecycle) -> None:
    value: dict[str, Any] = json.loads(FORMATS["json"](lifecycle))
    assert value == json.loads(json.dumps(as_dict(lifecycle)))
    assert (value["name"], value["version"], value["doc"]) == (lifecycle.name, lifecycle.version, lifecycle.doc)
    assert value["statuses"] == list(lifecycle.statuses)
    for key in ("initial", "terminal", "stops"):
        assert set(value[key]) == set(getattr(lifecycle, key))
    assert value["fields"] == {name: kind.value for name, kind in lifecycle.fields.items()}
    assert value["constant"] == list(lifecycle.constant)
    assert value["profiles"] == dict(lifecycle.profiles)
    assert value["order"] == [list(pair) for pair in lifecycle.order]
    assert value["presence"] == {s: {f: str(p) for f, p in own.items()} for s, own in lifecycle.presence.items()}
    assert [quirk["name"] for quirk in value["quirks"]] == [quirk.name for quirk in lifecycle.quirks]
    assert len(value["transitions"]) == len(lifecycle.transitions)
    for shown, edge in zip(value["transitions"], lifecycle.transitions, strict=True):
        assert (shown["source"], shown["event"], shown["target"]) == (edge.source, edge.event, edge.target)
        assert (shown["why"], shown["silent"], shown["reopens"]) == (edge.why, edge.silent, edge.reopens)
        assert set(shown["basis"]) == set(edge.basis)
        assert shown["wire"] == list(edge.wire)
        assert shown["guards"] == [guard.name for guard in edge.guards]
        for key in ("stamps", "stamps_once", "clears"):
            assert shown[key] == list(getattr(edge.does, key))
        for key in ("deadlines", "takes", "may_take"):
            assert shown[key] == dict(getattr(edge.does, key))


def test_the_json_of_the_assistants_run_by_hand() -> None:
    value = json.loads(FORMATS["json"](ASSISTANTS_RUN))
    assert (value["initial"], set(value["terminal"])) == ([INITIAL], set(TERMINAL))
    (start,) = [edge for edge in value["transitions"] if edge["event"] == "start"]
    assert (start["source"], start["target"], start["stamps"]) == ("queued", "in_progress", ["started_at"])
    (create,) = [edge for edge in value["transitions"] if edge["source"] is None]
    assert create["deadlines"] == {"expires_at": 600}
    assert create["wire"] == ["thread.run.created", "thread.run.queued"]
    assert [q["transition"] for q in value["quirks"] if q["transition"]] == [["completed", "expired"]]


def test_two_statuses_never_become_one_node() -> None:
    text = FORMATS["mermaid"](ODD)
    nodes = re.findall(r'state "[^"]+" as (\w+)', text)
    assert len(set(nodes)) == len(nodes) == 2
