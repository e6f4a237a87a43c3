"""Diagrams and machines from elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from runstate.errors import DecodeError
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.modelling.importers import Imported, from_mermaid, from_xstate
from runstate.modelling.lint import lint
from runstate.modelling.show import mermaid
from tests.test_lifecycle import lifecycles

Edges = set[tuple[str | None, str, str, bool]]


def edges(lifecycle: Lifecycle) -> Edges:
    return {(e.source, str(e.event), e.target, e.inferred_only) for e in lifecycle.transitions}


def drawn(imported: Imported) -> list[str]:
    return [str(edge) for edge in imported.lifecycle().transitions]


# --- Mermaid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=CATALOGUE)
def test_our_own_diagrams_come_back(lifecycle: Lifecycle) -> None:
    imported = from_mermaid(mermaid(lifecycle), name=lifecycle.name)
    again = imported.lifecycle()
    assert edges(again) == edges(lifecycle)
    assert (set(again.statuses), again.initial, again.terminal) == (
        set(lifecycle.statuses),
        lifecycle.initial,
        lifecycle.terminal,
    )
    assert imported.notes == ()


@given(lifecycles())
def test_any_diagram_of_ours_comes_back(lifecycle: Lifecycle) -> None:
    again = from_mermaid(mermaid(lifecycle)).lifecycle()
    assert edges(again) == edges(lifecycle)
    assert again.terminal == lifecycle.terminal


FOREIGN = """
%% a diagram as people draw them
stateDiagram-v2
    direction LR
    title Orders
    classDef bad fill:#f00
    [*] --> New
    New --> Paid : customer pays
    New --> Cancelled : cancel
    Paid --> Shipped : ship
    Paid --> Refunded : cancel
    Shipped --> [*]
    Cancelled --> [*]
    note right of Paid : money is here
    note left of New
        anything --> goes
    end note
    state "Paid back" as Refunded
    Refunded --> [*];
    Paid : The money came
    class Cancelled bad
    Lost
"""


def test_a_foreign_diagram_is_read_and_what_was_settled_is_noted() -> None:
    imported = from_mermaid(FOREIGN, name="orders")
    assert drawn(imported) == [
        "(none) --create--> New",
        "New --customer_pays--> Paid",
        "New --cancel--> Cancelled",
        "Paid --ship--> Shipped",
        "Paid --cancel_to_paid_back--> Paid back",
    ]
    assert imported.lifecycle().terminal == {"Shipped", "Cancelled", "Paid back"}
    assert [note.split(";")[0] for note in imported.notes] == [
        "'Paid' is described as 'The money came', which was left out.",
        "No arrow touches 'Lost'",
        "'cancel' led to 'Cancelled' and to 'Paid back'",
    ]
    assert [problem.code for problem in lint(imported.values)] == ["mixed_case"]


def test_ends_that_are_left_are_reopened_and_those_without_a_way_out_are_ends() -> None:
    imported = from_mermaid("stateDiagram-v2\n[*] --> A\nA --> B\nB --> [*]\nB --> A\nA --> C\n")
    lifecycle = imported.lifecycle()
    assert lifecycle.terminal == {"B", "C"}
    assert [edge.event for edge in lifecycle.transitions if edge.reopens] == ["to_a"]
    assert imported.notes == ("Nothing leaves 'C', so it is an end.",)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("graph TD\nA --> B", 1, "no Mermaid state diagram"),
        ("", 1, "no Mermaid state diagram"),
        ("stateDiagram-v2\n[*] --> A\nstate B {\n[*] --> C\n}", 3, "states within states"),
        ("stateDiagram-v2\n[*] --> A\nstate c <<choice>>", 3, "no choice"),
        ("stateDiagram-v2\n[*] --> A\n--\n[*] --> B", 3, "at the same time"),
        ("stateDiagram-v2\n[*] --> [*]", 2, "from nothing to nothing"),
        ("stateDiagram-v2\n[*] --> A\nA ==> B", 3, "none of a state diagram"),
        ("stateDiagram-v2\nA --> B", None, "nothing is created"),
    ],
)
def test_what_is_no_lifecycle_is_refused_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        from_mermaid(text)
    assert words in caught.value.reason
    assert caught.value.path == ("$" if line is None else f"line {line}")


# --- XState -----------------------------------------------------------------------------------------------------------

MACHINE: dict[str, Any] = {
    "id": "order",
    "initial": "new",
    "context": {"amount": 0},
    "on": {"ABANDON": {"target": ".lost"}},
    "states": {
        "new": {"on": {"PAY": "paid", "CANCEL": {"target": "#order.cancelled", "actions": ["tell"]}, "PEEK": {}}},
        "paid": {
            "entry": "thank",
            "on": {
                "SHIP": [
                    {"target": "shipped", "guard": {"type": "inStock"}},
                    {"target": "new", "cond": "soldOut"},
                ]
            },
        },
        "shipped": {"type": "final"},
        "cancelled": {"type": "final"},
        "lost": {"type": "final"},
    },
}


def test_a_machine_is_read_and_what_was_settled_is_noted() -> None:
    imported = from_xstate(json.dumps(MACHINE))
    lifecycle = imported.lifecycle()
    assert lifecycle.name == "order"
    assert drawn(imported) == [
        "(none) --create--> new",
        "new --ABANDON--> lost",
        "new --PAY--> paid",
        "new --CANCEL--> cancelled",
        "paid --ABANDON--> lost",
        "paid --SHIP--> shipped",
        "paid --SHIP_to_new--> new",
    ]
    assert [guard.name for edge in lifecycle.transitions for guard in edge.guards] == ["inStock", "soldOut"]
    assert imported.notes == (
        "actions of 'CANCEL' in 'new' were left out: a lifecycle does nothing by itself.",
        "'PEEK' of 'new' leads nowhere and was left out.",
        "entry of 'paid' was left out: a lifecycle does nothing by itself.",
        "'SHIP' led to 'shipped' and to 'new'; the second is 'SHIP_to_new' now.",
    )
    assert from_xstate(MACHINE, name="other").lifecycle().name == "other"


def broken(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """The machine with one thing put elsewhere."""
    copy: dict[str, Any] = json.loads(json.dumps(MACHINE))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("machine", "path", "words"),
    [
        (broken(("states", "new", "states"), {"a": {}}), "$.states.new.states", "states within states"),
        (broken(("states", "new", "type"), "parallel"), "$.states.new.type", "no such states"),
        (broken(("states", "new", "type"), "history"), "$.states.new.type", "no such states"),
        (broken(("type",), "parallel"), "$.type", "at the same time"),
        (broken(("states", "new", "after"), {"1000": "lost"}), "$.states.new.after", "a delay is no event"),
        (broken(("states", "new", "always"), "lost"), "$.states.new.always", "without an event"),
        (broken(("states", "new", "onDone"), "lost"), "$.states.new.onDone", "end of something inside"),
        (broken(("states", "new", "on"), {"": "lost"}), "$.states.new.on.", "without an event"),
        (broken(("states", "new", "on"), {"*": "lost"}), "$.states.new.on.*", "without an event"),
        (broken(("states", "new", "on"), {"GO": "away"}), "$.states.new.on.GO", "none of the states"),
        (
            broken(("states", "new", "on"), {"GO": {"target": "lost", "guard": 7}}),
            "$.states.new.on.GO.guard",
            "a guard",
        ),
        (broken(("states", "shipped", "on"), {"GO": "new"}), "$.states.shipped.on", "nothing leaves a final state"),
        (broken(("states", "new"), 7), "$.states.new", "a state is an object"),
        (broken(("initial",), "nowhere"), "$.initial", "none of the states"),
        (broken(("states",), {}), "$.states", "a machine has states"),
    ],
)
def test_what_a_lifecycle_cannot_say_is_refused_with_its_path(machine: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(DecodeError) as caught:
        from_xstate(machine)
    assert caught.value.path == path
    assert words in caught.value.reason


@pytest.mark.parametrize("text", ["", "[]", "{", "7", b"\xff"])
def test_what_is_no_machine_is_refused(text: str | bytes) -> None:
    with pytest.raises(DecodeError):
        from_xstate(text)


def test_styles_on_states_are_passed_over_and_uml_labels_lose_what_is_no_event_with_a_note() -> None:
    imported = from_mermaid(
        "stateDiagram-v2\n[*] --> A:::green\nA:::green --> B:::bad-one: done [x > 1] / beep()\nA --> B: odd / not [so]\n"
        "B:::bad-one\nA --> C: later [n = 3] ?\nB --> [*]\nC --> [*]",
    )
    assert [str(edge) for edge in imported.lifecycle().transitions] == [
        "(none) --create--> A", "A --done--> B", "A --odd--> B", "A --later--> C",
    ]  # fmt: skip
    assert imported.lifecycle().transitions[-1].inferred_only
    assert imported.notes == (
        "the guard 'x > 1' of 'done' was left out.",
        "the action 'beep()' of 'done' was left out.",
        "the action 'not [so]' of 'odd' was left out.",
        "the guard 'n = 3' of 'later' was left out.",
    )


def test_the_outcomes_of_invoked_actors_are_events() -> None:
    machine = {
        "initial": "a",
        "states": {
            "a": {"invoke": {"src": "fetchUser", "onDone": "b", "onError": {"target": "c"}}},
            "b": {"invoke": ["timer"], "on": {"GO": "c"}},
            "c": {"type": "final"},
        },
    }
    imported = from_xstate(machine)
    assert [str(edge) for edge in imported.lifecycle().transitions] == [
        "(none) --create--> a", "a --fetch_user_done--> b", "a --fetch_user_failed--> c", "b --GO--> c",
    ]  # fmt: skip
    sent, alone = imported.notes
    assert sent.endswith("does nothing by itself. Send 'fetch_user_done', 'fetch_user_failed' when it is over.")
    assert alone == "invoke of 'b' was left out: a lifecycle does nothing by itself."
