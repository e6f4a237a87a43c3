"""The rulebook: the machine answers what the literal says, on every pair, whoever asks and however many ask at once."""

from __future__ import annotations

import ast
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from transitions import Machine

from runstate import machine as module
from runstate.errors import BadLifecycle
from runstate.lifecycle import Basis, Lifecycle, Row, To, Verb
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.machine import ABSENT, Rulebook, rulebook
from tests import oracle
from tests.test_lifecycle import lifecycles

Pairs = dict[tuple[str | None, str], str | None]


def pairs(lifecycle: Lifecycle) -> list[tuple[str | None, str]]:
    return [(source, event) for source in (None, *lifecycle.statuses) for event in lifecycle.events]


def literal(lifecycle: Lifecycle) -> Pairs:
    """The target of every pair as the rows say, None where they say nothing."""
    written = {(row.source, to.event): to.target for row in lifecycle.rows for to in row.transitions}
    return {pair: written.get(pair) for pair in pairs(lifecycle)}


def fired(book: Rulebook) -> Pairs:
    return {pair: book.fire(*pair) for pair in pairs(book.lifecycle)}


def looked_up(book: Rulebook) -> Pairs:
    return {pair: book.table.get(pair) for pair in pairs(book.lifecycle)}


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=CATALOGUE)
def test_table_and_machine_answer_what_the_literal_says_on_every_pair(lifecycle: Lifecycle) -> None:
    book = rulebook(lifecycle)
    assert literal(lifecycle) == looked_up(book) == fired(book)


@given(lifecycles(guarded=True))
def test_table_and_machine_answer_what_any_literal_says_on_every_pair(lifecycle: Lifecycle) -> None:
    book = rulebook(lifecycle)
    assert literal(lifecycle) == looked_up(book) == fired(book)


def test_the_machine_answers_what_the_oracle_says() -> None:
    book = rulebook(ASSISTANTS_RUN)
    assert {pair: book.fire(*pair) for pair in oracle.CELLS} == oracle.CELLS


def test_the_table_holds_legal_pairs_only() -> None:
    assert set(rulebook(ASSISTANTS_RUN).table) == {
        (None, "create"),
        *(pair for pair, target in oracle.CELLS.items() if target is not None),
    }


def test_guards_are_not_the_machines_business() -> None:
    assert rulebook(ASSISTANTS_RUN).fire("cancelling", "complete") == "completed"


@pytest.mark.parametrize(
    ("source", "event"),
    [
        ("asleep", "start"),
        ("queued", "jump"),
        (None, "jump"),
        ("asleep", "jump"),
        ("", "create"),
        (ABSENT, "create"),
        ("queued", ""),
        ("QUEUED", "start"),
        ("queued", "to_completed"),
        ("queued", "trigger"),
    ],
)
def test_an_unknown_status_or_event_gives_none(source: str | None, event: str) -> None:
    assert rulebook(ASSISTANTS_RUN).fire(source, event) is None
    assert (source, event) not in rulebook(ASSISTANTS_RUN).table


def test_the_table_cannot_be_changed() -> None:
    table: Any = rulebook(ASSISTANTS_RUN).table
    with pytest.raises(TypeError):
        table["completed", "start"] = "queued"


def test_a_lifecycle_has_one_rulebook() -> None:
    assert rulebook(ASSISTANTS_RUN) is rulebook(ASSISTANTS_RUN)


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=CATALOGUE)
def test_the_machine_has_no_models_no_callbacks_and_no_transitions_of_its_own(lifecycle: Lifecycle) -> None:
    machine = rulebook(lifecycle).machine
    assert machine.models == []
    assert set(machine.events) == set(lifecycle.events)
    assert sum(len(edges) for event in machine.events.values() for edges in event.transitions.values()) == len(
        lifecycle.transitions
    )
    callbacks = ("before_state_change", "after_state_change", "prepare_event", "finalize_event", "on_exception")
    assert [name for name in callbacks if getattr(machine, name) != []] == []
    assert (machine.has_queue, machine.ignore_invalid_triggers) == (False, None)
    assert {type(state) for state in machine.states} == {str}


def test_firing_leaves_nothing_behind() -> None:
    book = rulebook(ASSISTANTS_RUN)
    before = {name: repr(value) for name, value in vars(book.machine).items()}
    assert fired(book) == fired(book)
    assert before == {name: repr(value) for name, value in vars(book.machine).items()}
    assert book.machine.models == []


def test_names_that_transitions_reads_as_wildcards_are_refused_not_misread() -> None:
    """``*`` is every source and ``=`` is the source itself in that library."""
    for star in ("*", "="):
        lifecycle = Lifecycle(
            name="wild",
            initial={"a"},
            terminal={"b"},
            rows=(
                Row(None, To("make", "a", Basis.DOCUMENTED)),
                Row("a", To("go", star, Basis.DOCUMENTED)),
                Row(star, To("end", "b", Basis.DOCUMENTED)),
                Row("b"),
            ),
            verbs=(Verb("make"), Verb("go"), Verb("end")),
        )
        with pytest.raises(BadLifecycle, match="answers otherwise than the definition") as caught:
            rulebook(lifecycle)
        assert caught.value.seen


def test_names_of_the_librarys_own_attributes_are_names_like_any_other() -> None:
    lifecycle = Lifecycle(
        name="names",
        initial={"state"},
        terminal={"trigger"},
        rows=(
            Row(None, To("is_state", "state", Basis.DOCUMENTED)),
            Row("state", To("may_trigger", "trigger", Basis.DOCUMENTED), To("to", "state", Basis.DOCUMENTED)),
            Row("trigger"),
        ),
        verbs=(Verb("is_state"), Verb("may_trigger"), Verb("to")),
    )
    assert literal(lifecycle) == fired(rulebook(lifecycle))


def test_eight_threads_get_right_answers_from_one_machine() -> None:
    book = rulebook(ASSISTANTS_RUN)
    expected = list(literal(ASSISTANTS_RUN).items())

    def wrong(thread: int) -> list[object]:
        """Every pair again and again, each thread from another one on."""
        mine = [*expected[thread * 11 :], *expected[: thread * 11]] * 10
        return [(pair, answer) for pair, target in mine if (answer := book.fire(*pair)) != target]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(wrong, range(8))) == [[]] * 8


def test_the_machine_is_built_as_the_traps_of_the_library_demand() -> None:
    """No automatic transitions, no models, no queue: written down in the one call, and seen to be."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Machine"
    ]
    (call,) = calls
    written = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    assert (written["auto_transitions"], written["model"], written["initial"]) == ("False", "None", "None")
    assert type(rulebook(ASSISTANTS_RUN).machine) is Machine
