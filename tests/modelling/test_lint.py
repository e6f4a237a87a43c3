"""`lint`: what it finds, on which line, and that it finds nothing else."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from runstate.conformance.findings import Severity
from runstate.errors import BadLifecycle, DecodeError
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.lifecycles.plain import build, plain
from runstate.modelling.definition import load, to_json
from runstate.modelling.lint import WORDS, lint
from tests.modelling.test_definition import DOOR, changed
from tests.test_lifecycle import lifecycles


def found(text: str) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in lint(text.encode())]


def test_nothing_is_wrong_with_a_clean_definition() -> None:
    assert lint(DOOR.encode()) == ()
    assert lint(ASSISTANTS_RUN) == ()


PROBLEMS: tuple[tuple[str, list[tuple[str, int]]], ...] = (
    (changed('name = "door"', 'name = "door'), [("syntax", 1)]),
    (changed('burn = "gone"', 'burn = "gone"\nburn = "gone"'), [("syntax", 17)]),
    (changed('build = "open"', "build = 7") + "colour = 1\n", [("form", 12), ("form", 37)]),
    (changed('close = "shut"', 'close = "ajar"'), [("unknown_status", 15), ("unreachable_status", 18)]),
    (changed('terminal = ["gone"]', 'terminal = ["gone", "lost"]'), [("unknown_status", 3)]),
    (changed("[statuses.gone]", "[statuses.gone]\n[statuses.lost]"), [("unreachable_status", 23), ("terminal_mismatch", 23)]),
    (changed("[statuses.gone]", '[statuses.gone]\nunlock = "open"'), [("undeclared_exit", 23)]),
    (changed('terminal = ["gone"]', "terminal = []"), [("terminal_mismatch", 22), ("missing_terminal", 3)]),
    (changed('initial = ["open"]', 'initial = ["shut"]'), [("initial_mismatch", 2), ("initial_mismatch", 12)]),
    (changed('build = "open"', ""), [
        ("unreachable_status", 14), ("initial_mismatch", 2), ("initial_mismatch", 11),
        ("unreachable_status", 18), ("unreachable_status", 22), ("unused_event", 24),
    ]),
    (changed('unlock = "open"', 'unlock = "gone"'), []),
    (changed('unlock = "open"', 'close = "open"'), [("two_targets", 19), ("unused_event", 29)]),
    (changed("[events.close]\n", ""), [("unknown_event", 15)]),
    (changed("[events.close]\n", "[events.close]\n[events.slam]\n"), [("unused_event", 29)]),
    (changed('stamps = "built_at"', 'stamps = "build_at"'), [("unknown_field", 25), ("never_set", 7)]),
    (changed("{ named = ", "{ reached = "), [("unknown_field", 31)]),
    (changed('clears = ["falls_at"]', 'clears = ["falls_at", "falls_at"]'), [("repeated_key", 35)]),
    (changed('basis = ["documented"]', ""), [("no_basis", line) for line in (12, 15, 16, 19)]),
    (changed('doc = "The end."', "stamps_once = ['falls_at']"), [("repeated_key", 35)]),
    # what is allowed and hardly meant
    (changed('key = "value"', 'key = "value"\nnote = "value"'), [("never_set", 10)]),
    (changed('burn = "gone"', 'lock = "kept"') + '[events.lock]\n[statuses.kept]\nlock = "kept"\n', [("trap", 38)]),
    (changed('unlock = "open"', 'unlock = { to = "open", basis = ["inferred"] }'), [("inferred_exit", 18)]),
    (changed('"door.burnt"', '"door.moved"') + '[events.close]\nwire = "x"\n', [("syntax", 37)]),
    (
        changed("[events.close]\n", '[events.close]\nwire = "door.burnt"\n'),
        [("ambiguous_announcement", 34)],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PROBLEMS)
def test_a_problem_is_found_on_its_line(text: str, expected: list[tuple[str, int]]) -> None:
    assert sorted(found(text), key=str) == sorted(expected, key=str)


def table(*statuses: str, **more: Any) -> dict[str, Any]:
    """A chain of statuses, the last an end."""
    steps = {status: {f"to_{number}": after} for number, (status, after) in enumerate(pairwise(statuses))}
    return {
        "name": "chain",
        "initial": [statuses[0]],
        "terminal": [statuses[-1]],
        "basis": ["documented"],
        "create": {"create": statuses[0]},
        "statuses": {**steps, statuses[-1]: {}},
        **more,
    }


@pytest.mark.parametrize(
    ("statuses", "codes"),
    [
        (("in_progress", "input_required", "done"), []),
        (("working", "input-required", "done"), []),
        (("open", "shut"), []),
        (("OPEN", "SHUT_DOWN"), []),
        (("JobOpen", "Shut"), []),
        (("inProgress", "done"), []),
        (("in progress", "all done", "done"), []),
        (("IN_PROGRESS", "Done"), ["mixed_case"]),
        (("IN_PROGRESS", "DONE", "lost"), ["mixed_case"]),
        (("in_progress", "input_required", "to-do"), ["mixed_case"]),
        (("in_progress", "in-progress", "all_done"), ["mixed_case", "colliding_names"]),
        (("Running", "running"), ["mixed_case", "colliding_names"]),
        (("cancelled", "canceled"), ["colliding_names", "mixed_spelling"]),
        (("cancelling", "canceled"), ["mixed_spelling"]),
        (("cancelling", "cancelled"), []),
        (("cancelling", "cancellation_done"), []),
        (("label_made", "labelled", "labeling"), ["mixed_spelling"]),
    ],
)
def test_names_are_compared(statuses: tuple[str, ...], codes: list[str]) -> None:
    assert [problem.code for problem in lint(table(*statuses))] == codes


def test_spellings_are_compared_with_fields_and_events() -> None:
    values = table("cancelling", "done", fields={"canceled_at": "stamp"})
    values["events"] = {"create": {}, "to_0": {"stamps": ["canceled_at"]}}
    (problem,) = lint(values)
    assert problem.code == "mixed_spelling"
    assert "'cancelling'" in problem.message
    assert "'canceled'" in problem.message


def test_what_only_the_lifecycle_sees_is_a_contradiction() -> None:
    values = table("open", "done", fields={"opened_at": "stamp"})
    values["events"] = {"create": {"stamps": "opened_at"}, "to_0": {"guards": [{"reached": "opened_at"}]}}
    (problem,) = lint(values)
    assert (problem.code, problem.severity) == ("contradiction", Severity.ERROR)
    assert "wrong_kind" in problem.message


def test_a_number_that_is_not_finite_is_not_of_the_form() -> None:
    for number in ("inf", "-inf", "nan"):
        first, *_ = lint(changed("falls_at = 60", f"falls_at = {number}").encode())
        assert (first.code, "not finite" in first.message) == ("form", True)


def test_a_guard_without_a_known_word_is_told_all_of_them() -> None:
    values = table("open", "done")
    values["events"] = {"create": {}, "to_0": {"guards": [{"reach": "opened_at"}]}}
    (problem,) = lint(values)
    assert "one of the members set, reached, named is missing" in problem.message


def test_a_problem_says_where_what_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text(changed('close = "shut"', 'close = "shet"'))
    first, second = lint(file)
    assert str(first) == (
        f"{file}, line 15: error unknown_status: close leads to 'shet', which has no table. Did you mean 'shut'?"
    )
    assert (second.path, second.line, second.file) == (("statuses", "shut"), 18, str(file))
    file.write_text("name = ")
    (broken,) = lint(str(file))
    assert (broken.code, broken.line, broken.file) == ("syntax", 1, str(file))


def test_plain_values_have_no_lines() -> None:
    (problem,) = lint(table("open", "shut", stops=["ajar"]))
    assert (problem.code, problem.line, problem.path) == ("unknown_status", None, ("stops", 0))
    assert str(problem).startswith("error unknown_status: ")


def test_every_word_can_be_provoked() -> None:
    provoked = {code for text, _ in PROBLEMS for code, _ in found(text)}
    named = {"mixed_case", "mixed_spelling", "colliding_names", "contradiction"}
    assert provoked | named == set(WORDS)


@given(lifecycles())
def test_a_lifecycle_that_exists_has_no_errors(lifecycle: Lifecycle) -> None:
    assert [problem for problem in lint(lifecycle) if problem.severity is Severity.ERROR] == []


def test_what_lint_finds_no_error_in_comes_into_being_and_nothing_else() -> None:
    """Every entry with one value taken out: lint and the lifecycle agree, in both directions."""
    for name in ("k8s.pod", "acp.run", "celery.task", "openai.upload", "prefect.flow_run"):
        for values in mutants(plain(CATALOGUE[name])):
            errors = [problem for problem in lint(values) if problem.severity is Severity.ERROR]
            assert bool(errors) == (refusal(values) is not None)


def refusal(values: dict[str, Any]) -> BadLifecycle | DecodeError | None:
    """What the lifecycle says to the values."""
    try:
        build(values)
    except (BadLifecycle, DecodeError) as wrong:
        return wrong
    return None


def mutants(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The values with one member of the first two levels left out, or one transition."""
    found: list[dict[str, Any]] = []
    for key, item in values.items():
        found.append({name: value for name, value in values.items() if name != key})
        if isinstance(item, dict):
            found += [{**values, key: {n: v for n, v in item.items() if n != inner}} for inner in item]
        elif isinstance(item, list):
            found += [{**values, key: item[:index] + item[index + 1 :]} for index in range(len(item))]
    for status, row in values["statuses"].items():
        found += [
            {**values, "statuses": {**values["statuses"], status: {n: v for n, v in row.items() if n != event}}}
            for event in row
        ]
    return found


def test_line_numbers_of_a_finished_lifecycle_are_those_of_its_text() -> None:
    lifecycle = CATALOGUE["acp.run"]
    lines = to_json(lifecycle).splitlines()
    for problem in lint(lifecycle):
        assert problem.line is not None
        assert str(problem.path[-1]) in lines[problem.line - 1]
    assert load(to_json(lifecycle).encode()).name == "acp.run"
