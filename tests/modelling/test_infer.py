"""`infer`: what histories say, and what they leave open."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.conformance.repair import is_legal
from runstate.lifecycle import Basis, Lifecycle, Presence
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.modelling.definition import load, to_json
from runstate.modelling.infer import infer
from runstate.observations import read
from tests.facts import as_bytes, by_file

HISTORIES = [["new", "paid", "sent"], ["new", "paid", "paid", "sent"], ["new", "lost"], ["new", "paid"]]


def test_transitions_are_counted_and_what_is_only_ever_last_is_an_end() -> None:
    inferred = infer(HISTORIES, name="orders")
    lifecycle = inferred.lifecycle
    assert lifecycle.initial == {"new"}
    assert lifecycle.terminal == {"sent", "lost"}
    assert inferred.counts == {
        (None, "new"): 4,
        ("new", "paid"): 3,
        ("paid", "sent"): 2,
        ("new", "lost"): 1,
    }
    assert (inferred.histories, inferred.ended) == (4, {"sent": 2, "lost": 1, "paid": 1})
    assert [str(edge) for edge in lifecycle.transitions] == [
        "(none) --create--> new",
        "new --to_paid--> paid",
        "new --to_lost--> lost",
        "paid --to_sent--> sent",
    ]
    assert {edge.basis for edge in lifecycle.transitions} == {frozenset({Basis.OBSERVED})}
    assert [edge.why for edge in lifecycle.transitions] == ["seen 4 times", "seen 3 times", "seen once", "seen twice"]


def test_what_is_missing_is_listed() -> None:
    assert infer(HISTORIES).missing == (
        "'sent' was seen last twice and never left: is it an end, or was the log cut off?",
        "'lost' was seen last once and never left: is it an end, or was the log cut off?",
        "'paid' was left, and was also the last of 1 history: cut off, or an end that is reopened?",
        "paid → sent was seen only twice.",
        "new → lost was seen only once.",
        "No event was named: every verb is called after its target.",
        "No object was seen: nothing is known of stamps and other fields.",
    )
    circle = infer([["a", "b", "a"], ["b", "a"]])
    assert "No status was only ever seen last: which are the ends?" in circle.missing
    assert "No history leads from 'a' to an end: what ends it?" in circle.missing
    assert (
        "Histories begin with 'a', 'b': are all of these beginnings, or do some start in the middle?" in circle.missing
    )
    assert circle.lifecycle.terminal == set()


def test_named_events_are_announcements_and_repeats_count() -> None:
    inferred = infer([[("order.made", "new"), ("order.touched", "new"), (None, "new"), ("order.sent", "sent")]])
    assert inferred.counts == {(None, "new"): 1, ("new", "new"): 1, ("new", "sent"): 1}
    verbs = {verb.event: verb.wire for verb in inferred.lifecycle.verbs}
    assert verbs == {"create": ("order.made",), "to_new": ("order.touched",), "to_sent": ("order.sent",)}


@pytest.mark.parametrize("histories", [[], [[]], [[], []]])
def test_nothing_says_nothing(histories: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="no history"):
        infer(histories)


def test_observations_are_sorted_into_runs_and_tell_which_fields_are_set_when() -> None:
    objects = [
        {"id": "a", "status": "new", "made_at": 1, "sent_at": None, "note": "x"},
        {"id": "b", "status": "new", "made_at": 1, "sent_at": None, "note": None},
        {"id": "a", "status": "sent", "made_at": 1, "sent_at": 2, "note": "x"},
        {"status": "sent"},
        {"id": "c", "status": 7},
    ]
    inferred = infer(read("\n".join(map(json.dumps, objects)).encode()))
    assert inferred.counts == {(None, "new"): 2, ("new", "sent"): 1}
    assert inferred.presence["new"] == {"made_at": Presence.SET, "sent_at": Presence.NULL, "note": Presence.FREE}
    assert inferred.presence["sent"]["sent_at"] is Presence.SET
    assert {field: kind.value for field, kind in inferred.lifecycle.fields.items()} == {
        "made_at": "stamp",
        "sent_at": "stamp",
        "note": "value",
    }
    assert inferred.missing[-1] == "Which event sets or clears each field is not drafted: see presence."


def test_the_draft_can_be_written_and_read_again() -> None:
    inferred = infer(HISTORIES, name="orders", id_field="key", status_field="state")
    again = load(to_json(inferred.values).encode())
    assert (again.name, again.id_field, again.status_field) == ("orders", "key", "state")


def test_what_the_recorded_runs_draft_is_within_the_table() -> None:
    """Every step that recordings show is one that the run's own table has, over what polls may have skipped."""
    for facts in by_file().values():
        polls = [fact for fact in facts if fact.kind == "poll"]
        if not polls:
            continue
        inferred = infer(read(as_bytes(polls), file="recorded"))
        for source, target in inferred.counts:
            quirk = any(quirk.transition == (source, target) for quirk in ASSISTANTS_RUN.quirks)
            assert source is None or quirk or target in ASSISTANTS_RUN.reachable(source)


def walk(lifecycle: Lifecycle, choose: random.Random, longest: int) -> list[str]:
    """One history of a lifecycle, to an end or until it is long enough."""
    path: list[str] = []
    status: str | None = None
    while len(path) < longest and (edges := lifecycle.legal(status)):
        status = str(choose.choice(edges).target)
        path.append(status)
    return path


@pytest.mark.parametrize("name", ["openai.assistants.run", "acp.run", "dagster.run", "openai.batch"])
def test_enough_histories_give_the_table_back(name: str) -> None:
    from runstate.lifecycles import CATALOGUE

    lifecycle = CATALOGUE[name]
    choose = random.Random(1)
    inferred = infer([walk(lifecycle, choose, 200) for _ in range(3000)])
    drafted = {(edge.source, edge.target) for edge in inferred.lifecycle.transitions}
    assert drafted == {(edge.source, str(edge.target)) for edge in lifecycle.transitions}
    assert inferred.lifecycle.terminal == lifecycle.terminal


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=6), min_size=1, max_size=6))
def test_every_history_is_legal_by_what_was_drafted_from_it(histories: list[list[str]]) -> None:
    lifecycle = infer(histories).lifecycle
    for history in histories:
        once = [status for index, status in enumerate(history) if not index or status != history[index - 1]]
        assert is_legal(lifecycle, once, fresh=True)
    assert sum(infer(histories).ended.values()) == len(histories)
