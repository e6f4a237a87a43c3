"""SPIN on the model of every lifecycle: the record rules hold, and its verdicts are those of `runstate.modelling.questions`.

Needs the programs ``spin`` and ``cc`` (Debian: ``apt install spin gcc``), and fails without them.

    python -m tools.long spin
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from runstate.lifecycle import Lifecycle, Row, To
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.modelling.bits import kept_fields
from runstate.modelling.promela import promela
from runstate.modelling.questions import Fairness, ask
from runstate.modelling.traces import Seen, Trace, trace_of_changes, trace_of_snapshots
from runstate.testing.histories import history
from tests.spin import Spin, missing

pytestmark = pytest.mark.long

PROPERTIES = {
    "ends": "AF terminal",
    "final": "AG (terminal -> AG terminal)",
    "cancel_heard": "AG (event cancel -> AF terminal)",
}
"""Name in the model -> the same as a question."""


@pytest.fixture(autouse=True)
def _needs_spin() -> None:
    if lacking := missing():
        pytest.fail(f"{', '.join(lacking)}: not installed (Debian: apt install spin gcc)", pytrace=False)


def safe(text: str, folder: Path) -> bool:
    return Spin(text, folder).safe()


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=lambda one: one.name)
def test_rules_hold_and_verdicts_agree(lifecycle: Lifecycle, tmp_path: Path) -> None:
    spin = Spin(promela(lifecycle), tmp_path)
    assert spin.safe()
    asked = {name: text for name, text in PROPERTIES.items() if "cancel" not in text or "cancel" in lifecycle.events}
    answers = {name: ask(lifecycle, text, fairness=Fairness.WEAK).holds for name, text in asked.items()}
    assert spin.holds(*asked) == answers


def test_the_assistants_run_ends_and_hears_a_cancel(tmp_path: Path) -> None:
    spin = Spin(promela(ASSISTANTS_RUN), tmp_path)
    assert spin.holds(*PROPERTIES) == {"ends": True, "final": True, "cancel_heard": True}


# --- what is wrong is found -------------------------------------------------------------------------------------------

WRONG_TEXT = {
    "a stamp is not set": ("has_started_at = 1; ", ""),
    "a deadline is not cleared": ("has_expires_at = 0; ", ""),
    "the wrong field is cleared": ("has_required_action = 0; source = S_requires_action; event = E_submit", "has_started_at = 0; source = S_requires_action; event = E_submit"),
    "another target": ("event = E_start; status = S_in_progress", "event = E_start; status = S_requires_action"),
    "another source": ("{ status == S_in_progress -> has_required_action = 1", "{ status == S_queued -> has_required_action = 1"),
    "a guard is missing": ("status == S_cancelling && has_started_at ->", "status == S_cancelling ->"),
    "an end is left": ("    :: atomic { status == S_queued -> has_required_action = 0", "    :: atomic { status == S_failed -> has_required_action = 0"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG_TEXT)
def test_a_wrong_model_is_caught(fault: str, tmp_path: Path) -> None:
    old, new = WRONG_TEXT[fault]
    text = promela(ASSISTANTS_RUN)
    assert old in text
    assert not safe(text.replace(old, new), tmp_path)


def changed(event: str, **does: Any) -> Lifecycle:
    """The assistant run with one event that does something else to the record."""
    verbs = [
        attrs.evolve(verb, does=attrs.evolve(verb.does, **does)) if verb.event == event else verb
        for verb in ASSISTANTS_RUN.verbs
    ]
    return evolved(verbs=verbs)


def evolved(**changes: Any) -> Lifecycle:
    own: dict[str, Any] = {f.name: getattr(ASSISTANTS_RUN, f.name) for f in attrs.fields(Lifecycle) if f.init}
    parts: dict[str, Any] = {**own, "quirks": (), "constant": (), **changes}
    return Lifecycle(**parts)


WRONG_LIFECYCLE = {
    "start stamps nothing": lambda: changed("start", stamps=()),
    "cancel clears the deadline": lambda: changed("cancel", clears=("required_action", "expires_at")),
    "complete stamps the wrong field": lambda: changed("complete", stamps=("failed_at",)),
    "submit stamps the creation again": lambda: changed("submit_tool_outputs", stamps=("created_at",)),
    "a transition too many": lambda: evolved(rows=[with_one_more(row) for row in ASSISTANTS_RUN.rows]),
}


def with_one_more(row: Row) -> Row:
    more = [To("complete", "completed", *row.transitions[0].basis)] if row.source == "queued" else []
    return Row(row.source, *row.transitions, *more)


@pytest.mark.parametrize("fault", WRONG_LIFECYCLE)
def test_a_wrong_lifecycle_breaks_the_rules_of_the_right_one(fault: str, tmp_path: Path) -> None:
    assert not safe(promela(WRONG_LIFECYCLE[fault](), rules=ASSISTANTS_RUN), tmp_path)


def test_without_deadlines_not_every_run_ends(tmp_path: Path) -> None:
    text = re.sub(r"due_expires_at = 1", "skip", promela(ASSISTANTS_RUN))
    assert Spin(text, tmp_path).holds("ends") == {"ends": False}


# --- traces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["openai.assistants.run", "prefect.flow_run", "acp.run"])
def test_what_the_engine_did_can_happen(name: str, tmp_path: Path) -> None:
    lifecycle = CATALOGUE[name]
    fields = kept_fields(lifecycle)
    steps = history(lifecycle, random.Random(7), most=6, complete=True).steps
    having = [frozenset(f for f in fields if getattr(step.record, f, None) is not None) for step in steps]
    seen = tuple(Seen(step.event, step.target, held) for step, held in zip(steps, having, strict=True))
    polls = [
        {lifecycle.status_field: s.target, **dict.fromkeys(h, 1)} for s, h in zip(steps[::2], having[::2], strict=True)
    ]
    traces = {"seen": Trace(seen), "changes": trace_of_changes(steps), "polls": trace_of_snapshots(lifecycle, polls)}
    for what, trace in traces.items():
        (tmp_path / what).mkdir()
        assert not safe(promela(lifecycle, trace=trace), tmp_path / what)  # the assertion fails: it can happen


QUEUED, STARTED = Seen("create", "queued"), Seen("start", "in_progress")
IMPOSSIBLE = {
    "no creation": Trace((STARTED,)),
    "a step is missing": Trace((QUEUED, Seen("complete", "completed"))),
    "completed without a start": Trace((QUEUED, Seen("cancel", "cancelling"), Seen("complete", "completed"))),
    "a stamp is missing": Trace((QUEUED, Seen("start", "in_progress", frozenset({"created_at", "expires_at"})))),
    "back from an end": Trace((Seen(None, "completed"), Seen(None, "queued")), misses=True),
    "usage in a live status": Trace((Seen(None, "in_progress", frozenset({"usage"})),), misses=True),
}


@pytest.mark.parametrize("fault", IMPOSSIBLE)
def test_what_cannot_happen_is_not_found(fault: str, tmp_path: Path) -> None:
    assert safe(promela(ASSISTANTS_RUN, trace=IMPOSSIBLE[fault]), tmp_path)
