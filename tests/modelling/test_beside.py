"""What stands beside the table: axes, answers, removals, counts, precedence, spellings, events that pass."""

from __future__ import annotations

from typing import Any

import pytest

from runstate.errors import BadLifecycle
from runstate.lifecycle import Answer, Axis, Basis, Count, FieldKind, Lifecycle, Removal, Row, To, Verb

D = Basis.DOCUMENTED


def door(**more: Any) -> Lifecycle:
    parts: dict[str, Any] = {
        "name": "door",
        "initial": {"open"},
        "terminal": {"gone"},
        "rows": (
            Row(None, To("build", "open", D)),
            Row("open", To("close", "shut", D), To("burn", "gone", D)),
            Row("shut", To("unlock", "open", D), To("burn", "gone", D)),
            Row("gone"),
        ),
        "verbs": (Verb("build"), Verb("close", wire="door.shut", spelled="DOOR_SHUT"), Verb("unlock"), Verb("burn")),
        "fields": {"colour": FieldKind.VALUE},
    }
    return Lifecycle(**{**parts, **more})


@pytest.mark.parametrize(
    ("problem", "seen", "more"),
    [
        ("unknown_status", "ajar", {"spellings": {"ajar": "half-open"}}),
        ("repeated_key", "open", {"spellings": {"shut": "open"}}),
        ("repeated_key", "zu", {"spellings": {"shut": "zu", "gone": "zu"}}),
        ("unknown_status", "ajar", {"precedence": ("gone", "ajar")}),
        ("repeated_key", "gone", {"precedence": ("gone", "shut", "gone")}),
        ("unknown_status", "ajar", {"axes": [Axis(field="colour", values="red", within={"ajar": "red"})]}),
        ("unknown_field", "smell", {"axes": [Axis(field="smell", values="sweet")]}),
        ("unknown_status", "ajar", {"answers": [Answer(source="ajar", asked="burn", answered="close")]}),
        ("unknown_event", "slam", {"answers": [Answer(source="shut", asked="slam", answered="burn")]}),
        ("unknown_event", "slam", {"answers": [Answer(source="shut", asked="close", answered="slam")]}),
        ("two_targets", "burn", {"answers": [Answer(source="shut", asked="burn", answered="unlock")]}),
        ("unknown_event", "unlock", {"answers": [Answer(source="open", asked="build", answered="unlock")]}),
        ("unknown_status", "ajar", {"removals": [Removal(event="steal", sources="ajar", basis=(D,))]}),
        ("repeated_key", "burn", {"removals": [Removal(event="burn", sources="shut", basis=(D,))]}),
        ("no_basis", "steal", {"removals": [Removal(event="steal", sources="shut", basis=())]}),
        ("unknown_event", "slam", {"counts": [Count(events="slam", most=1)]}),
    ],
)
def test_what_names_nothing_is_refused(problem: str, seen: object, more: dict[str, Any]) -> None:
    with pytest.raises(BadLifecycle) as caught:
        door(**more)
    assert (caught.value.problem, caught.value.seen) == (problem, seen)


def test_values_that_make_no_sense_by_themselves_do_not_come_into_being() -> None:
    with pytest.raises(ValueError, match="allows \\['blue'\\]"):
        Axis(field="colour", values="red", within={"open": "blue"})
    with pytest.raises(ValueError, match="at least 2 and at most 1"):
        Count(events="burn", least=2, most=1)
    with pytest.raises(ValueError, match="least"):
        Count(events="burn", least=-1)


def test_all_of_it_is_empty_unless_it_is_said() -> None:
    plain = door()
    beside = (plain.spellings, plain.passing, plain.axes, plain.answers, plain.removals, plain.counts, plain.precedence)
    assert not any(beside)
    assert plain.layout.times == "seconds"


def test_an_axis_says_which_values_go_with_a_status() -> None:
    axis = Axis(field="colour", values=("red", "blue"), within={"shut": ("red",), "gone": ()})
    assert [axis.allows("shut", value) for value in ("red", "blue", None, "green")] == [True, False, True, False]
    assert [axis.allows("open", value) for value in ("red", "blue", "green")] == [True, True, False]
    assert not axis.allows("gone", "red")


def test_a_request_is_answered_by_its_own_transition_first() -> None:
    answering = door(answers=[Answer(source="shut", asked="close", answered="unlock", why="it springs open")])
    assert str(answering.answered("shut", "close")) == "shut --unlock--> open"
    assert str(answering.answered("open", "close")) == "open --close--> shut"
    assert answering.answered("gone", "close") is None
    assert answering.answered(None, "close") is None
    assert answering.transition("shut", "close") is None  # the table is what it was


def test_late_news_do_not_weaken_and_what_has_no_rank_always_wins() -> None:
    ranked = door(precedence=("gone", "open"))
    assert ranked.merged("gone", "open") == "gone"
    assert ranked.merged("open", "gone") == "gone"
    assert ranked.merged("open", "open") == "open"
    assert ranked.merged("gone", "shut") == "shut"
    assert ranked.merged("shut", "open") == "open"
    assert door().merged("gone", "open") == "open"


def test_statuses_are_read_in_all_their_spellings() -> None:
    spelled = door(spellings={"shut": ("SHUT", "2"), "gone": "null"})
    values = ("shut", "SHUT", 2, "2", None, "gone", "ajar", 3, True, 2.0, ["shut"])
    found = [spelled.status_of(value) for value in values]
    assert found == ["shut", "shut", "shut", "shut", "gone", "gone", None, None, None, None, None]
    assert door().status_of(None) is None


def test_events_are_read_in_all_their_spellings_and_those_that_pass_are_known() -> None:
    lifecycle = door(passing=("door.creaks", "hinge.*"))
    assert lifecycle.wire_name("DOOR_SHUT") == "door.shut"
    assert lifecycle.wire_name("door.shut") == "door.shut"
    assert lifecycle.wire_name("else") == "else"
    names = ("door.creaks", "hinge.turned", "hinge.", "hinges", "door.creaks.twice")
    assert [lifecycle.passes(name) for name in names] == [True, True, True, False, False]
