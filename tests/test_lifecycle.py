"""The lifecycle value: which definitions it refuses, and what it derives from those it accepts.

Answers on small lifecycles are worked out by hand; answers on random ones are compared with brute force.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.engine import create
from runstate.errors import BadLifecycle
from runstate.lifecycle import (
    PROBLEMS,
    Basis,
    Effects,
    FieldKind,
    Guard,
    Lifecycle,
    Presence,
    Quirk,
    Row,
    To,
    Transition,
    Verb,
    is_set,
    named,
    reached,
)
from runstate.lifecycles import CATALOGUE

D, O, I = Basis.DOCUMENTED, Basis.OBSERVED, Basis.INFERRED  # noqa: E741 - the letters of the literals
SET, NULL, FREE = Presence.SET, Presence.NULL, Presence.FREE
STAMP, DEADLINE, VALUE = FieldKind.STAMP, FieldKind.DEADLINE, FieldKind.VALUE

# --- random lifecycles ------------------------------------------------------------------------------------------------

FIELDS = {"made_at": STAMP, "moved_at": STAMP, "ends_at": DEADLINE, "note": VALUE}
EFFECTS: dict[FieldKind, tuple[str, ...]] = {
    STAMP: ("", "stamps", "stamps_once", "clears"),
    DEADLINE: ("", "", "deadlines", "clears"),
    VALUE: ("", "takes", "may_take", "clears"),
}


@st.composite
def effects(draw: st.DrawFn) -> Effects:
    """Any effects in which no field is named twice."""
    parts: dict[str, dict[str, Any]] = {}
    for field, kind in FIELDS.items():
        part = draw(st.sampled_from(EFFECTS[kind]))
        parts.setdefault(part, {})[field] = {"deadlines": draw(st.integers(1, 9))}.get(part, field)
    parts.pop("", None)
    return Effects(**parts)


@st.composite
def lifecycles(draw: st.DrawFn, *, guarded: bool = False, timed: bool = False) -> Lifecycle:
    """Any consistent lifecycle of up to 5 statuses and 6 events, built without a rejected attempt."""
    statuses = [f"s{number}" for number in range(draw(st.integers(1, 5)))]
    targets = {f"e{number}": draw(st.sampled_from(statuses)) for number in range(draw(st.integers(1, 6)))}
    uses: dict[str | None, list[str]] = {
        source: sorted(draw(st.sets(st.sampled_from(sorted(targets)), max_size=3))) for source in (None, *statuses)
    }
    uses[None] = uses[None] or ["e0"]
    reachable = {targets[event] for event in uses[None]}
    while more := {targets[event] for source in reachable for event in uses[source]} - reachable:
        reachable |= more
    reopened = draw(st.sets(st.sampled_from(sorted(reachable)), max_size=2))
    kept = [status for status in statuses if status in reachable]
    wanted = [*(is_set(field) for field in FIELDS if guarded), *([reached("ends_at")] if timed else [])]
    conditions = st.lists(st.sampled_from(wanted), max_size=1) if wanted else st.just([])

    def transitions(source: str | None) -> Iterable[To]:
        for event in uses[source]:
            yield To(
                event,
                targets[event],
                *draw(st.sets(st.sampled_from(Basis), min_size=1, max_size=2)),
                guards=() if source is None else draw(conditions),
                does=draw(st.one_of(st.none(), st.none(), effects())),
                silent=draw(st.booleans()),
                reopens=source in reopened,
            )

    used = {event for source in (None, *kept) for event in uses[source]}
    return Lifecycle(
        name="random",
        initial={targets[event] for event in uses[None]},
        terminal={status for status in kept if status in reopened or not uses[status]},
        rows=[Row(source, *transitions(source)) for source in (None, *kept)],
        verbs=[Verb(event, does=draw(effects())) for event in targets if event in used],
        fields=FIELDS,
    )


# --- definitions that contradict themselves ---------------------------------------------------------------------------


def door(**changes: Any) -> Lifecycle:
    """A small consistent lifecycle, some parts exchanged."""
    parts: dict[str, Any] = {
        "name": "door",
        "initial": {"open"},
        "terminal": {"gone"},
        "rows": ROWS,
        "verbs": VERBS,
        "fields": {"built_at": STAMP},
    }
    return Lifecycle(**{**parts, **changes})


BUILD, OPEN, SHUT, GONE = ROWS = (
    Row(None, To("build", "open", D)),
    Row("open", To("close", "shut", D), To("burn", "gone", D)),
    Row("shut", To("unlock", "open", D), To("burn", "gone", I)),
    Row("gone"),
)
VERBS = (Verb("build", does=Effects(stamps="built_at")), Verb("close"), Verb("unlock"), Verb("burn"))
MOVING = Effects(stamps="built_at")


def doing(does: Effects, **changes: Any) -> dict[str, Any]:
    return {"verbs": (Verb("build", does=does), *VERBS[1:]), **changes}


CONTRADICTIONS: tuple[tuple[str, object, dict[str, Any]], ...] = (
    ("unknown_status", "ajar", {"rows": (BUILD, Row("open", To("close", "ajar", D)), SHUT, GONE)}),
    ("unknown_status", "ajar", {"initial": {"open", "ajar"}}),
    ("unknown_status", "ajar", {"terminal": {"gone", "ajar"}}),
    ("unknown_status", "ajar", {"stops": {"ajar"}}),
    ("unknown_status", "ajar", {"quirks": [Quirk(name="q", why="", transition=("gone", "ajar"))]}),
    ("unknown_status", "ajar", {"quirks": [Quirk(name="q", why="", transition=("ajar", "gone"))]}),
    ("unknown_status", "ajar", {"quirks": [Quirk(name="q", why="", field=("ajar", "built_at"))]}),
    ("unknown_status", "ajar", {"quirks": [Quirk(name="q", why="", announcement=("door.open", "ajar"))]}),
    ("unreachable_status", "ajar", {"rows": (*ROWS, Row("ajar", To("unlock", "open", D)))}),
    (
        "unreachable_status",
        "ajar",
        {"rows": (*ROWS, Row("ajar", To("creak", "ajar", D), To("burn", "gone", D))), "verbs": (*VERBS, Verb("creak"))},
    ),
    ("undeclared_exit", "gone --unlock--> open", {"rows": (BUILD, OPEN, SHUT, Row("gone", To("unlock", "open", D)))}),
    ("undeclared_exit", "open --close--> shut", {"terminal": {"gone", "open"}}),
    ("terminal_mismatch", ["gone"], {"terminal": ()}),
    (
        "terminal_mismatch",
        ["gone"],
        {"rows": (BUILD, OPEN, SHUT, Row("gone", To("unlock", "open", D, reopens=True))), "terminal": ()},
    ),
    ("initial_mismatch", ["shut"], {"initial": {"open", "shut"}}),
    ("initial_mismatch", ["open"], {"initial": ()}),
    ("initial_mismatch", ["open"], {"rows": (OPEN, SHUT, GONE)}),
    ("two_targets", ("shut", "gone"), {"rows": (BUILD, OPEN, Row("shut", To("close", "gone", D)), GONE)}),
    ("two_targets", "close", {"rows": (BUILD, Row("open", To("close", "shut", D), To("close", "gone", D)), SHUT)}),
    ("two_targets", "close", {"rows": (BUILD, Row("open", To("close", "shut", D), To("close", "shut", O)), SHUT)}),
    ("repeated_key", "shut", {"rows": (*ROWS, SHUT)}),
    ("repeated_key", None, {"rows": (BUILD, *ROWS)}),
    ("repeated_key", "burn", {"verbs": (*VERBS, Verb("burn"))}),
    ("repeated_key", "built_at", doing(Effects(stamps="built_at", clears="built_at"))),
    ("repeated_key", "built_at", doing(Effects(stamps="built_at", may_take={"when": "built_at"}))),
    ("repeated_key", "built_at", doing(Effects(takes={"when": "built_at"}, may_take={"then": "built_at"}))),
    ("unknown_event", "slam", {"rows": (BUILD, Row("open", To("slam", "shut", D)), SHUT, GONE)}),
    ("unused_event", "slam", {"verbs": (*VERBS, Verb("slam"))}),
    ("unknown_field", "hung_at", doing(Effects(stamps="hung_at"))),
    ("unknown_field", "hung_at", doing(Effects(stamps_once="hung_at"))),
    ("unknown_field", "hung_at", doing(Effects(clears="hung_at"))),
    ("unknown_field", "hung_at", doing(Effects(deadlines={"hung_at": 1}))),
    ("unknown_field", "hung_at", doing(Effects(takes={"when": "hung_at"}))),
    ("unknown_field", "hung_at", doing(Effects(may_take={"when": "hung_at"}))),
    (
        "unknown_field",
        "hung_at",
        {"rows": (BUILD, OPEN, Row("shut", To("unlock", "open", D, does=Effects(stamps="hung_at"))), GONE)},
    ),
    ("unknown_field", "hung_at", {"verbs": (Verb("build", guards=[is_set("hung_at")]), *VERBS[1:])}),
    (
        "unknown_field",
        "hung_at",
        {"rows": (BUILD, OPEN, Row("shut", To("unlock", "open", D, guards=[reached("hung_at")])), GONE)},
    ),
    ("unknown_field", "hung_at", {"quirks": [Quirk(name="q", why="", field=("open", "hung_at"))]}),
    ("no_basis", "open --close--> shut", {"rows": (BUILD, Row("open", To("close", "shut")), SHUT, GONE)}),
    ("bad_name", "", {"name": ""}),
    ("bad_name", "", {"rows": (BUILD, OPEN, SHUT, GONE, Row(""))}),
    ("bad_name", "", {"verbs": (*VERBS, Verb(""))}),
    ("bad_name", "", {"fields": {"built_at": STAMP, "": VALUE}}),
    ("bad_name", 7, {"name": 7}),
    ("bad_name", 7, {"rows": (*ROWS, Row(7))}),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ("bad_deadline", 0, doing(Effects(deadlines={"built_at": 0}))),
    ("bad_deadline", -1, doing(Effects(deadlines={"built_at": -1}))),
    ("bad_deadline", float("inf"), doing(Effects(deadlines={"built_at": float("inf")}))),
    ("bad_deadline", "600", doing(Effects(deadlines={"built_at": "600"}))),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    ("unknown_field", "status", doing(Effects(stamps="status"))),
    ("wrong_kind", "due_at", doing(Effects(stamps="due_at"), fields={"due_at": DEADLINE})),
    ("wrong_kind", "built_at", doing(Effects(deadlines={"built_at": 1}))),
    ("wrong_kind", "built_at", {"verbs": (*VERBS[:1], Verb("close", guards=[reached("built_at")]), *VERBS[2:])}),
    (
        "written_constant",
        "built_at",
        {"verbs": (VERBS[0], Verb("close", does=MOVING), *VERBS[2:]), "constant": "built_at"},
    ),
    ("reserved_name", "at", doing(Effects(takes={"at": "built_at"}))),
    ("reserved_name", "strict", doing(Effects(may_take={"strict": None}))),
    ("terminal_stop", "gone", {"stops": {"gone"}}),
    (
        "needless_reopen",
        "open --close--> shut",
        {"rows": (BUILD, Row("open", To("close", "shut", D, reopens=True), To("burn", "gone", D)), SHUT, GONE)},
    ),
    ("bad_quirk", [], {"quirks": [Quirk(name="q", why="")]}),
    ("bad_quirk", [("open", "shut")], {"quirks": [Quirk(name="q", why="", transition=("open", "shut"))]}),
    (
        "bad_quirk",
        [("gone", "open"), ("gone", "built_at")],
        {"quirks": [Quirk(name="q", why="", transition=("gone", "open"), field=("gone", "built_at"))]},
    ),
)


@pytest.mark.parametrize(
    ("problem", "seen", "changes"),
    CONTRADICTIONS,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CONTRADICTIONS)],
)
def test_a_contradiction_is_refused_by_its_word_and_shows_the_part_at_fault(
    problem: str, seen: object, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadLifecycle) as caught:
        door(**changes)
    assert (problem, seen) == (caught.value.problem, caught.value.seen)


def test_a_deadline_that_is_no_number_of_seconds_is_refused() -> None:
    with pytest.raises(BadLifecycle) as caught:
        door(**doing(Effects(deadlines={"built_at": float("nan")})))
    assert caught.value.problem == "bad_deadline"


def test_a_guard_without_a_function_is_refused_where_it_would_be_asked() -> None:
    @attrs.frozen(kw_only=True)
    class Door:
        __lifecycle__: ClassVar[Lifecycle] = door(
            verbs=(Verb("build", does=MOVING, guards=[named("permit")]), *VERBS[1:])
        )
        status: str
        built_at: int | None = None

    with pytest.raises(BadLifecycle) as caught:
        create(Door, at=0)
    assert (caught.value.problem, caught.value.seen) == ("unknown_guard", "permit")


def test_every_problem_word_has_a_definition_that_provokes_it() -> None:
    assert set(PROBLEMS) == {problem for problem, _, _ in CONTRADICTIONS} | {"unknown_guard"}


def test_the_definition_that_the_contradictions_start_from_is_accepted() -> None:
    assert door().statuses == ("open", "shut", "gone")


def test_a_refusal_says_what_could_have_stood_there() -> None:
    with pytest.raises(BadLifecycle) as caught:
        door(stops={"ajar"})
    assert caught.value.allowed == ("open", "shut", "gone")
    assert "'ajar'" in str(caught.value)


# --- what it answers --------------------------------------------------------------------------------------------------


def edges(transitions: Iterable[Transition] | None) -> list[str] | None:
    return None if transitions is None else [str(edge) for edge in transitions]


def test_statuses_events_and_transitions_come_in_the_order_they_were_written() -> None:
    assert door().statuses == ("open", "shut", "gone")
    assert door().live == ("open", "shut")
    assert door().events == ("build", "close", "unlock", "burn")
    assert edges(door().transitions) == [
        "(none) --build--> open",
        "open --close--> shut",
        "open --burn--> gone",
        "shut --unlock--> open",
        "shut --burn--> gone",
    ]


def test_legal_transitions_of_a_status_leave_it_and_strict_leaves_out_the_inferred() -> None:
    assert edges(door().legal("shut")) == ["shut --unlock--> open", "shut --burn--> gone"]
    assert edges(door().legal("shut", strict=True)) == ["shut --unlock--> open"]
    assert door().legal("gone") == ()


def test_an_edge_that_rests_on_more_than_inference_is_not_only_inferred() -> None:
    rows = (BUILD, OPEN, Row("shut", To("unlock", "open", D), To("burn", "gone", I, O)), GONE)
    assert edges(door(rows=rows).legal("shut", strict=True)) == ["shut --unlock--> open", "shut --burn--> gone"]


@pytest.mark.parametrize("status", ["ajar", ""])
def test_an_unknown_status_has_no_legal_transitions_to_ask_for(status: str) -> None:
    with pytest.raises(KeyError):
        door().legal(status)


def test_a_transition_is_found_by_source_and_event() -> None:
    found = door().transition("shut", "burn")
    assert found is not None
    assert (found.target, found.basis, found.inferred_only) == ("gone", frozenset({I}), True)
    assert door().transition("shut", "close") is None
    assert door().transition(None, "close") is None
    assert door().transition("ajar", "burn") is None


def test_reachable_statuses_include_the_status_itself_only_on_a_cycle() -> None:
    assert door().reachable(None) == {"open", "shut", "gone"}
    assert door().reachable("open") == {"open", "shut", "gone"}
    assert door().reachable("gone") == set()


def test_strict_reachability_does_without_the_inferred() -> None:
    rows = (BUILD, Row("open", To("close", "shut", D)), SHUT, GONE)
    assert door(rows=rows).reachable("open") == {"open", "shut", "gone"}
    assert door(rows=rows).reachable("open", strict=True) == {"open", "shut"}


def test_a_shortest_path_has_at_least_one_transition() -> None:
    assert edges(door().path("open", "open")) == ["open --close--> shut", "shut --unlock--> open"]
    assert edges(door().path(None, "gone")) == ["(none) --build--> open", "open --burn--> gone"]
    assert door().path("gone", "gone") is None
    assert door().path("gone", "open") is None
    assert door().path("open", "ajar") is None


def test_a_strict_path_goes_round_the_inferred() -> None:
    assert edges(door().path("shut", "gone")) == ["shut --burn--> gone"]
    assert edges(door().path("shut", "gone", strict=True)) == ["shut --unlock--> open", "open --burn--> gone"]


def test_of_two_shortest_paths_the_first_in_the_order_of_the_rows_is_taken() -> None:
    rows = (
        Row(None, To("make", "a", D)),
        Row("a", To("left", "b", D), To("right", "c", D)),
        Row("b", To("end", "d", D)),
        Row("c", To("end", "d", D)),
        Row("d"),
    )
    two_ways = Lifecycle(
        name="two ways", initial={"a"}, terminal={"d"}, rows=rows, verbs=map(Verb, ("make", "left", "right", "end"))
    )
    assert edges(two_ways.path("a", "d")) == ["a --left--> b", "b --end--> d"]


def test_verbs_targets_and_announcements_are_found_by_name() -> None:
    verbs = (Verb("build", wire=("door.built", "door.open")), *VERBS[1:2], Verb("unlock", wire="door.open"), VERBS[3])
    announced = door(verbs=verbs)
    assert announced.announced("door.open") == ("build", "unlock")
    assert announced.announced("door.shut") == ()
    assert announced.target("burn") == "gone"
    assert announced.target("slam") is None
    assert announced.verb("unlock") == verbs[2]
    assert announced.verb("slam") is None
    assert announced.transitions[0].wire == ("door.built", "door.open")


def test_a_profile_is_told_by_a_field_that_is_set() -> None:
    versions = door(profiles={"v1": "hinges", "v2": "wheels"})
    assert versions.profile({"hinges": (), "wheels": None}) == "v1"
    assert versions.profile({"hinges": None, "wheels": 4}) == "v2"
    assert versions.profile({}) is None


def test_a_guard_is_named_after_its_condition() -> None:
    assert [guard.name for guard in (is_set("a"), reached("b"), named("c"))] == ["a is set", "now >= b", "c"]


def test_guards_of_the_verb_come_before_those_of_the_row() -> None:
    rows = (BUILD, OPEN, Row("shut", To("unlock", "open", D, guards=[named("key")]), To("burn", "gone", D)), GONE)
    verbs = (VERBS[0], VERBS[1], Verb("unlock", guards=[is_set("built_at")]), VERBS[3])
    unlock = door(rows=rows, verbs=verbs).transition("shut", "unlock")
    assert unlock is not None
    assert unlock.guards == (is_set("built_at"), named("key"))


def test_effects_of_the_row_take_the_place_of_those_of_the_verb() -> None:
    rows = (BUILD, OPEN, Row("shut", To("unlock", "open", D, does=MOVING), To("burn", "gone", D)), GONE)
    moved = door(rows=rows)
    assert [edge.does for edge in moved.transitions] == [MOVING, Effects(), Effects(), MOVING, Effects()]


def test_silent_transitions_say_so_and_count_like_any_other() -> None:
    rows = (BUILD, OPEN, Row("shut", To("unlock", "open", D, silent=True), To("burn", "gone", I)), GONE)
    silent = door(rows=rows)
    assert [edge.event for edge in silent.transitions if edge.silent] == ["unlock"]
    assert edges(silent.path("shut", "open")) == ["shut --unlock--> open"]
    assert silent.reachable("shut") == {"open", "shut", "gone"}


def test_a_lifecycle_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        door().terminal = frozenset()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    presence: Any = door().presence
    with pytest.raises(TypeError):
        presence["open"]["built_at"] = NULL


def test_a_lifecycle_and_its_transitions_say_what_they_are() -> None:
    assert repr(door()) == "<Lifecycle door v1: 3 statuses, 4 events>"
    assert str(door().transitions[0]) == "(none) --build--> open"


# --- presence and order, worked out by hand ---------------------------------------------------------------------------


def test_presence_with_reopening_clearing_and_stamps_once() -> None:
    assert job().presence == {
        # first submitted, or back from work, or reopened: note and first_begun_at depend on the way here
        "waiting": {"submitted_at": SET, "begun_at": NULL, "first_begun_at": FREE, "done_at": NULL}
        | {"due_at": SET, "note": FREE},
        "working": {"submitted_at": SET, "begun_at": SET, "first_begun_at": SET, "done_at": NULL}
        | {"due_at": SET, "note": FREE},
        "done": {"submitted_at": SET, "begun_at": SET, "first_begun_at": SET, "done_at": SET}
        | {"due_at": NULL, "note": FREE},
    }


def test_order_with_reopening_clearing_and_stamps_once() -> None:
    assert sorted(job().order) == [
        ("begun_at", "done_at"),
        ("first_begun_at", "begun_at"),  # begun again after a pause; the first time stands
        ("first_begun_at", "done_at"),
        ("submitted_at", "begun_at"),
        ("submitted_at", "done_at"),
        ("submitted_at", "due_at"),
        ("submitted_at", "first_begun_at"),
    ]


def test_a_reopened_status_stays_terminal_and_everything_is_reachable_from_it() -> None:
    assert job().terminal == {"done"}
    assert job().live == ("waiting", "working")
    assert job().reachable("done") == {"waiting", "working", "done"}
    assert [edge.event for edge in job().transitions if edge.reopens] == ["redo"]


def job() -> Lifecycle:
    return Lifecycle(
        name="job",
        initial={"waiting"},
        terminal={"done"},
        rows=(
            Row(None, To("submit", "waiting", D)),
            Row("waiting", To("begin", "working", D)),
            Row("working", To("pause", "waiting", D), To("finish", "done", D)),
            Row("done", To("redo", "waiting", D, reopens=True)),
        ),
        verbs=(
            Verb("submit", does=Effects(stamps="submitted_at", deadlines={"due_at": 60})),
            Verb("begin", does=Effects(stamps="begun_at", stamps_once="first_begun_at")),
            Verb("pause", does=Effects(clears="begun_at")),
            Verb("finish", does=Effects(stamps="done_at", clears="due_at", may_take={"note": "note"})),
            Verb("redo", does=Effects(clears=["begun_at", "done_at"], deadlines={"due_at": 60})),
        ),
        fields={
            "submitted_at": STAMP,
            "begun_at": STAMP,
            "first_begun_at": STAMP,
            "done_at": STAMP,
            "due_at": DEADLINE,
            "note": VALUE,
            "colour": VALUE,
        },
    )


def test_a_field_that_no_transition_writes_has_no_presence() -> None:
    assert {"colour"} == set(job().fields) - set(job().presence["waiting"])


def test_presence_with_several_initial_statuses() -> None:
    parcel = Lifecycle(
        name="parcel",
        initial={"sent", "held"},
        terminal={"lost"},
        rows=(
            Row(None, To("send", "sent", D), To("hold", "held", D)),
            Row("held", To("release", "sent", D)),
            Row("sent", To("lose", "lost", D)),
            Row("lost"),
        ),
        verbs=(
            Verb("send", does=Effects(stamps="sent_at", takes={"to": "address"})),
            Verb("hold", does=Effects(takes={"because": "reason"})),
            Verb("release", does=Effects(stamps="sent_at", clears="reason")),
            Verb("lose", does=Effects(stamps="lost_at")),
        ),
        fields={"sent_at": STAMP, "lost_at": STAMP, "address": VALUE, "reason": VALUE},
    )
    assert parcel.presence == {
        "held": {"sent_at": NULL, "lost_at": NULL, "address": NULL, "reason": SET},
        "sent": {"sent_at": SET, "lost_at": NULL, "address": FREE, "reason": NULL},
        "lost": {"sent_at": SET, "lost_at": SET, "address": FREE, "reason": NULL},
    }
    assert parcel.order == (("sent_at", "lost_at"),)


def test_payload_that_may_be_left_out_leaves_a_field_set_that_was_set() -> None:
    verbs = (
        Verb("build", does=Effects(takes={"colour": "colour"})),
        Verb("close", does=Effects(may_take={"colour": "colour"})),
        *VERBS[2:],
    )
    assert door(verbs=verbs, fields={"colour": VALUE}).presence == {
        "open": {"colour": SET},
        "shut": {"colour": SET},
        "gone": {"colour": SET},
    }


def filled(*, go: Iterable[Guard]) -> Lifecycle:
    """A form that may be filled in before it goes, with conditions on going."""
    return Lifecycle(
        name="form",
        initial={"draft"},
        terminal={"gone"},
        rows=(
            Row(None, To("begin", "draft", D)),
            Row("draft", To("fill", "draft", D), To("go", "gone", D, guards=go)),
            Row("gone"),
        ),
        verbs=(
            Verb("begin"),
            Verb("fill", does=Effects(may_take={"text": "text"}, deadlines={"due_at": 9})),
            Verb("go"),
        ),
        fields={"text": VALUE, "due_at": DEADLINE},
    )


@pytest.mark.parametrize(
    ("go", "text", "due_at"),
    [
        ((), FREE, FREE),
        ((is_set("text"),), SET, FREE),
        ((is_set("due_at"),), FREE, SET),
        ((is_set("text"), is_set("due_at")), SET, SET),
        ((reached("due_at"),), FREE, SET),  # a deadline that is null is never reached
        ((named("text is polite"),), FREE, FREE),  # nobody knows what a function looks at
    ],
)
def test_a_guard_that_a_field_is_set_makes_it_set_afterwards(
    go: tuple[Guard, ...], text: Presence, due_at: Presence
) -> None:
    form = filled(go=go)
    assert form.presence == {"draft": {"text": FREE, "due_at": FREE}, "gone": {"text": text, "due_at": due_at}}


def test_a_stamp_that_is_set_again_later_is_not_ordered_before_the_deadline_of_creation() -> None:
    rows = (BUILD, OPEN, Row("shut", To("unlock", "open", D, does=MOVING), To("burn", "gone", D)), GONE)
    once = Effects(stamps="built_at", deadlines={"due_at": 5})
    fields = {"built_at": STAMP, "due_at": DEADLINE}
    assert door(**doing(once, fields=fields)).order == (("built_at", "due_at"),)
    assert door(**doing(once, fields=fields, rows=rows)).order == ()


def test_two_creations_give_one_order() -> None:
    two = (Row(None, To("build", "open", D), To("import", "open", D)), OPEN, SHUT, GONE)
    both = Effects(stamps="built_at", deadlines={"due_at": 5})
    lifecycle = door(
        rows=two,
        verbs=(Verb("build", does=both), Verb("import", does=both), *VERBS[1:]),
        fields={"built_at": STAMP, "due_at": DEADLINE},
    )
    assert lifecycle.order == (("built_at", "due_at"),)


# --- against brute force ----------------------------------------------------------------------------------------------


def brute_path(lifecycle: Lifecycle, source: str | None, target: str, *, strict: bool) -> list[str] | None:
    """The first of all event sequences, shorter ones first, that leads from one status to the other."""
    edges_ = [edge for edge in lifecycle.transitions if not (strict and edge.inferred_only)]
    for length in range(1, len(lifecycle.statuses) + 2):
        for path in walks(edges_, source, length):
            if path[-1].target == target:
                return edges(path)
    return None


def walks(edges_: list[Transition], source: str | None, length: int) -> Iterable[tuple[Transition, ...]]:
    for edge in edges_:
        if edge.source == source:
            if length == 1:
                yield (edge,)
            else:
                yield from ((edge, *rest) for rest in walks(edges_, edge.target, length - 1))


@given(lifecycle=lifecycles(), data=st.data())
def test_shortest_paths_are_those_that_brute_force_finds(lifecycle: Lifecycle, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from((None, *lifecycle.statuses)))
    target = data.draw(st.sampled_from(lifecycle.statuses))
    strict = data.draw(st.booleans())
    expected = brute_path(lifecycle, source, target, strict=strict)
    assert expected == edges(lifecycle.path(source, target, strict=strict))
    assert (expected is not None) is (target in lifecycle.reachable(source, strict=strict))


def set_after(edge: Transition, before: frozenset[str]) -> Iterable[frozenset[str]]:
    """Which fields may be set after a transition, given those that were: one answer for each choice of payload."""
    if any(guard.kind == "set" and guard.argument not in before for guard in edge.guards):
        return
    does = edge.does
    given_ = [field for field in does.may_take.values() if field is not None]
    after = {*before, *does.stamps, *does.stamps_once, *does.deadlines, *filter(None, does.takes.values())}
    for choice in itertools.product((False, True), repeat=len(given_)):
        more = {field for field, chosen in zip(given_, choice, strict=True) if chosen}
        yield frozenset((after | more) - set(does.clears))


def brute_presence(lifecycle: Lifecycle) -> dict[str, set[frozenset[str]]]:
    """Status -> which sets of fields are set there, over all event paths until none leads to anything new."""
    seen: set[tuple[str | None, frozenset[str]]] = {(None, frozenset())}
    ahead = list(seen)
    while ahead:
        status, before = ahead.pop()
        steps = [
            (e.target, after) for e in lifecycle.transitions if e.source == status for after in set_after(e, before)
        ]
        ahead.extend(step for step in steps if step not in seen)
        seen.update(steps)
    return {status: {fields for where, fields in seen if where == status} for status in lifecycle.statuses}


def word(field: str, combinations: set[frozenset[str]]) -> Presence:
    answers = {field in fields for fields in combinations}
    return FREE if len(answers) > 1 else SET if answers == {True} else NULL


@given(lifecycles())
def test_presence_is_what_all_event_paths_show(lifecycle: Lifecycle) -> None:
    brute = brute_presence(lifecycle)
    expected = {
        status: {field: word(field, brute[status]) for field in fields} for status, fields in lifecycle.presence.items()
    }
    assert expected == lifecycle.presence


@given(lifecycles(guarded=True))
def test_no_event_path_past_guards_leads_out_of_the_presence(lifecycle: Lifecycle) -> None:
    """With guards the derivation may be wider than the truth (two fields can be set together), never narrower."""
    allowed = {SET: {True}, NULL: {False}, FREE: {True, False}}
    outside = [
        (status, field)
        for status, combinations in brute_presence(lifecycle).items()
        for field, presence in lifecycle.presence[status].items()
        for fields in combinations
        if (field in fields) not in allowed[presence]
    ]
    assert outside == []


@given(lifecycles(guarded=True))
def test_presence_speaks_of_every_field_that_is_written_and_no_other(lifecycle: Lifecycle) -> None:
    written = {field for edge in lifecycle.transitions for field in edge.does.fields()}
    assert dict.fromkeys(lifecycle.statuses, written) == {
        status: set(fields) for status, fields in lifecycle.presence.items()
    }


Stamped = tuple[tuple[str, int], ...]


def timed_walks(lifecycle: Lifecycle, length: int) -> Iterable[dict[str, int]]:
    """Times of the fields that stand, on all event paths up to a length, a second between two events."""
    ahead: list[tuple[str | None, Stamped]] = [(None, ())]
    for now in range(length):
        following: set[tuple[str | None, Stamped]] = set()
        for status, before in ahead:
            for edge in lifecycle.legal(status):
                times = dict(before)
                for field in edge.does.stamps:
                    times[field] = now
                for field in edge.does.stamps_once:
                    times.setdefault(field, now)
                for field in edge.does.deadlines:
                    times[field] = now  # the shortest time to live there is, almost
                for field in edge.does.clears:
                    times.pop(field, None)
                following.add((edge.target, tuple(sorted(times.items()))))
        ahead = sorted(following, key=str)
        yield from (dict(times) for _, times in ahead)


@given(lifecycles())
def test_no_event_path_breaks_the_order_of_stamps(lifecycle: Lifecycle) -> None:
    wrong = [
        (earlier, later, times)
        for times in timed_walks(lifecycle, 5)
        for earlier, later in lifecycle.order
        if times.get(earlier, 0) > times.get(later, times.get(earlier, 0))
    ]
    assert wrong == []


# --- the catalogue ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=CATALOGUE)
def test_every_lifecycle_of_the_catalogue_says_what_each_transition_rests_on(lifecycle: Lifecycle) -> None:
    assert [str(edge) for edge in lifecycle.transitions if not edge.why] == []


def test_the_catalogue_finds_a_lifecycle_by_its_name() -> None:
    assert [lifecycle.name for lifecycle in CATALOGUE.values()] == list(CATALOGUE)
    assert list(CATALOGUE)[:3] == ["openai.assistants.run", "openai.assistants.run_step", "openai.assistants.message"]
