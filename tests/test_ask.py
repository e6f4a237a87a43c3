"""``runstate ask``: what it prints, and how it exits."""

from __future__ import annotations

import pytest

from runstate.lifecycles import CATALOGUE
from runstate.modelling.questions import QUESTIONS, ask
from tests.test_cli import invoke

RUN = "openai.assistants.run"


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_by_name(question: str) -> None:
    result = invoke("ask", RUN, question)
    reply = ask(CATALOGUE[RUN], question)
    assert (result.exit_code, result.stderr) == (0 if reply.holds else 1, "")
    verdict, *rest = result.stdout.splitlines()
    assert verdict == f"{'holds' if reply.holds else 'does not hold'}: {reply.formula} (fairness: {reply.fairness})"
    assert any(line.startswith("counter-example: (none) --create--> queued") for line in rest) is not reply.holds
    assert any(line.startswith(reply.listing + ": ") for line in rest) is bool(reply.listing)


def test_a_formula_shows_a_witness() -> None:
    result = invoke("ask", RUN, "EF status completed")
    assert result.exit_code == 0
    assert result.stdout == (
        "holds: EF status completed (fairness: none)\n"
        "witness: (none) --create--> queued --start--> in_progress --complete--> completed\n"
    )


def test_an_empty_list_is_said_to_be_empty() -> None:
    assert "no end is reachable from: none\n" in invoke("ask", RUN, "always_reachable_terminal").stdout


def test_fairness_strictness_and_the_event_are_taken() -> None:
    assert invoke("ask", RUN, "AF terminal").exit_code == 1
    assert invoke("ask", RUN, "AF terminal", "--fairness", "weak").exit_code == 0
    assert invoke("ask", RUN, "ends", "--fairness", "none").exit_code == 1
    question = "AG (event cancel -> AX event confirm_cancel)"
    assert [invoke("ask", RUN, question, *more).exit_code for more in ([], ["--strict"])] == [1, 0]
    assert invoke("ask", "mlflow.run", "cancel_never_lost", "--event", "kill").stdout.endswith("KILLED\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("openai.assistants.jog", "ends"), "near it: openai.assistants.run"),
        (
            (RUN, "always_reachable"),
            "there is no question of this name. Seen: 'always_reachable'. Allowed: always_reach",
        ),
        ((RUN, "AG always"), "something else belongs here"),
        ((RUN, "AG ("), "breaks off"),
        ((RUN, "EF status done"), "has no status 'done'"),
        ((RUN, "cancel_never_lost", "--event", "kill"), "has no event 'kill'"),
        ((RUN, "ends", "--fairness", "some"), "some"),
        ((RUN,), "Missing argument"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    result = invoke("ask", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in " ".join(result.stderr.split())


def test_the_help_names_every_question() -> None:
    said = invoke("ask", "--help").stdout
    assert [name for name in QUESTIONS if name not in said] == []


@pytest.mark.parametrize("formula", ["true", " terminal ", "live", "not false"])
def test_a_formula_of_one_word_is_no_name(formula: str) -> None:
    assert "no question" not in invoke("ask", RUN, formula).output
