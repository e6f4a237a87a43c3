"""What differs between versions is found, named, and laid at the right door."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from runstate import ASSISTANTS_RUN, ASSISTANTS_RUN_STEP, CATALOGUE, BadMigration, Lifecycle
from runstate.lifecycles.plain import build, plain
from runstate.modelling.mutants import mutants
from runstate.modelling.versions import AUDIENCES, KINDS, Comparison, Difference, compare
from tests.versions import PRINT_1, PRINT_2

Values = dict[str, Any]
Change = Callable[[Values], None]
EVERY = pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=str)


def changed(lifecycle: Lifecycle, change: Change) -> Lifecycle:
    values: Values = plain(lifecycle)
    change(values)
    return build(values)


def replaced(values: Any, old: str, new: str) -> Any:
    """Plain values with one name replaced wherever it stands alone."""
    if isinstance(values, dict):
        return {new if key == old else key: replaced(item, old, new) for key, item in values.items()}
    if isinstance(values, list):
        return [replaced(item, old, new) for item in values]
    return new if values == old else values


def with_status(lifecycle: Lifecycle, old: str, new: str) -> Lifecycle:
    """The lifecycle with a status renamed; what could be an event of the same name stays."""
    values: Values = plain(lifecycle)
    for part in ("initial", "terminal", "stops", "precedence", "spellings", "axes", "quirks", "answers", "removals"):
        if part in values:
            values[part] = replaced(values[part], old, new)
    rows = {"create": values["create"], **values["statuses"]}
    for row in rows.values():
        for to in row.values():
            if to["to"] == old:
                to["to"] = new
    values["statuses"] = {new if status == old else status: row for status, row in values["statuses"].items()}
    return build(values | {"version": "next"})


def with_event(lifecycle: Lifecycle, old: str, new: str) -> Lifecycle:
    values: Values = plain(lifecycle)
    for part in ("counts", "answers"):
        if part in values:
            values[part] = replaced(values[part], old, new)
    for part in ("events", "create"):
        values[part] = {new if event == old else event: item for event, item in values[part].items()}
    values["statuses"] = {
        status: {new if event == old else event: to for event, to in row.items()}
        for status, row in values["statuses"].items()
    }
    return build(values | {"version": "next"})


def kinds(comparison: Comparison) -> list[str]:
    return [one.kind for one in comparison.differences]


@EVERY
def test_a_lifecycle_does_not_differ_from_itself(lifecycle: Lifecycle) -> None:
    found = compare(lifecycle, attrs.evolve(lifecycle))
    assert (found.renames, found.differences) == ((), ())
    assert compare(lifecycle, build(plain(lifecycle))).differences == ()


@EVERY
def test_a_renamed_status_is_guessed_and_nothing_else_differs(lifecycle: Lifecycle) -> None:
    for status in map(str, lifecycle.statuses):
        found = compare(lifecycle, with_status(lifecycle, status, "another name"))
        assert [(one.old, one.new, one.guessed) for one in found.renames] == [(status, "another name", True)]
        assert set(kinds(found)) <= {"status_renamed", "spelling_removed", "spelling_added"}


@EVERY
def test_a_renamed_event_is_guessed_and_nothing_else_differs(lifecycle: Lifecycle) -> None:
    for event in map(str, lifecycle.events):
        found = compare(lifecycle, with_event(lifecycle, event, "another name"))
        assert [(one.what, one.old, one.guessed) for one in found.renames] == [("event", event, True)]
        assert kinds(found) == ["event_renamed"]


def test_a_protocol_that_respelled_all_its_statuses_is_recognised() -> None:
    found = compare(CATALOGUE["a2a.task.v0.3"], CATALOGUE["a2a.task"])
    assert {(one.old, one.new) for one in found.renames} == {
        (status, f"TASK_STATE_{status.replace('-', '_').upper()}") for status in CATALOGUE["a2a.task.v0.3"].statuses
    }
    assert found.of("became_legal", "became_illegal", "retargeted") == ()


def _no_expiry(values: Values) -> None:
    del values["statuses"]["expired"], values["events"]["expire"], values["statuses"]["in_progress"]["expire"]
    values["terminal"].remove("expired")


def test_two_candidates_are_no_guess() -> None:
    """Two ends that nothing tells apart: who became whom cannot be known."""
    twins = with_status(with_status(ASSISTANTS_RUN_STEP, "failed", "f"), "expired", "e")
    nameless = with_event(with_event(twins, "fail", "x"), "expire", "y")
    one_left = changed(with_event(with_status(ASSISTANTS_RUN_STEP, "failed", "f"), "fail", "x"), _no_expiry)
    assert compare(ASSISTANTS_RUN_STEP, one_left).renames == ()
    told = compare(ASSISTANTS_RUN_STEP, nameless, statuses={"failed": "f", "expired": "e"})
    assert {(one.old, one.new, one.guessed) for one in told.renames} == {
        ("failed", "f", False), ("expired", "e", False), ("fail", "x", True), ("expire", "y", True),
    }  # fmt: skip


def test_what_was_said_is_no_guess_and_wins_over_one() -> None:
    found = compare(PRINT_1, PRINT_2, statuses={"held": "running", "canceled": "cancelled"})
    assert {(one.old, one.new, one.guessed) for one in found.renames} == {
        ("held", "running", False), ("canceled", "cancelled", False),
    }  # fmt: skip
    assert [one.where for one in found.of("status_removed")] == ["printing"]


def test_names_that_do_not_exist_are_refused() -> None:
    for given in ({"statuses": {"nothing": "running"}}, {"statuses": {"held": "nothing"}}, {"events": {"start": "x"}}):
        with pytest.raises(BadMigration) as refused:
            compare(PRINT_1, PRINT_2, **given)
        assert refused.value.problem == "unknown_name"
    with pytest.raises(BadMigration) as refused:
        compare(PRINT_1, PRINT_2, statuses={"held": "running", "printing": "running"})
    assert refused.value.problem == "merged"


@pytest.mark.parametrize("lifecycle", [ASSISTANTS_RUN, CATALOGUE["openai.batch"]], ids=str)
def test_each_changed_cell_is_reported_as_what_it_is(lifecycle: Lifecycle) -> None:
    tried = 0
    for mutant in mutants(lifecycle):
        if mutant.lifecycle is None or mutant.source is None:
            continue
        found = compare(lifecycle, mutant.lifecycle).of("became_legal", "became_illegal", "retargeted")
        edge = f"{mutant.source} --{mutant.event}--> {mutant.now or mutant.was}"
        (one,) = found
        if mutant.kind == "retargeted":
            assert (one.kind, one.old, one.new) == ("retargeted", mutant.was, mutant.now)
        else:
            assert (one.kind, one.where) == ("became_legal" if mutant.was is None else "became_illegal", edge)
        tried += 1
    assert tried > 30


# --- every kind -------------------------------------------------------------------------------------------------------


def _set(path: str, value: Any) -> Change:
    """Sets a member by its path, or takes it out."""

    def change(values: Values) -> None:
        *outer, last = path.split("/")
        for name in outer:
            values = values.setdefault(name, {})
        if value is None:
            values.pop(last)
        else:
            values[last] = value

    return change


def _jam(values: Values) -> None:
    values["statuses"]["printing"]["jam"] = {"to": "jammed", "basis": ["documented"]}
    values["statuses"]["jammed"] = {}
    values["events"]["jam"] = {}
    values["terminal"].append("jammed")


def _no_pause(values: Values) -> None:
    del values["statuses"]["printing"]["pause"], values["statuses"]["held"], values["events"]["pause"]


def _held_is_an_end(values: Values) -> None:
    values["statuses"]["held"] = {}
    values["terminal"].append("held")


ONE_WAY: list[tuple[str, Change, set[str]]] = [
    ("a status more", _jam, {"status_added", "event_added", "became_legal"}),
    ("a status less", _no_pause, {"status_removed", "event_removed", "became_illegal", "rule_narrowed"}),
    ("an end more", _held_is_an_end, {"became_terminal", "became_illegal", "rule_narrowed"}),
    ("a stop", _set("stops", ["held"]), {"stop_added"}),
    ("inferred", _set("statuses/queued/start/basis", ["inferred"]), {"less_certain"}),
    ("a guard", _set("events/finish/guards", [{"set": "begun_at"}]), {"guard_added"}),
    ("more payload", _set("events/cancel/takes", {"by": False}), {"payload_needed"}),
    ("payload offered", _set("events/cancel/may_take", {"by": False}), {"payload_offered"}),
    ("payload dropped", _set("events/pause/takes", None), {"payload_dropped", "effects_changed"}),
    ("a stamp less", _set("events/start/stamps", None), {"effects_changed"}),
    ("another wire name", _set("events/start/wire", ["print.begun"]), {"wire_dropped", "wire_added"}),
    ("a field more", _set("fields/colour", "value"), {"field_added"}),
    ("a spelling", _set("spellings", {"canceled": ["cancelled"]}), {"spelling_added"}),
]


@pytest.mark.parametrize(("name", "change", "expected"), ONE_WAY, ids=[name for name, _, _ in ONE_WAY])
def test_a_change_is_told_by_its_kind(name: str, change: Change, expected: set[str]) -> None:
    found = compare(PRINT_1, attrs.evolve(changed(PRINT_1, change), version="2"))
    assert expected <= set(kinds(found))
    for one in found.differences:
        assert one.breaks == KINDS[one.kind][1]


def test_every_kind_can_be_provoked() -> None:
    seen: set[str] = set()
    pairs = [(PRINT_1, PRINT_2), (CATALOGUE["a2a.task.v0.3"], CATALOGUE["a2a.task"])]
    pairs += [(ASSISTANTS_RUN, CATALOGUE["azure.foundry.classic.run"]), (ASSISTANTS_RUN, CATALOGUE["langgraph.run"])]
    pairs += [(PRINT_1, attrs.evolve(changed(PRINT_1, _jam), version="1"))]
    pairs += [(PRINT_1, changed(PRINT_1, change)) for _, change, _ in ONE_WAY]
    pairs.append((changed(PRINT_1, _set("fields/x", "value")), changed(PRINT_1, _set("fields/x", "stamp"))))
    pairs.append((PRINT_1, with_status(PRINT_1, "held", "waiting")))
    pairs.append((PRINT_1, with_event(PRINT_1, "pause", "hold")))
    for old, new in pairs:
        seen |= set(kinds(compare(old, new))) | set(kinds(compare(new, old)))
    assert set(KINDS) - seen - {"retargeted", "rule_changed"} == set()


def test_rules_say_which_way_they_changed() -> None:
    stamped = changed(PRINT_1, _set("events/submit/stamps", ["made_at", "begun_at"]))
    rules = {(one.kind, one.where, one.old, one.new) for one in compare(PRINT_1, stamped).differences}
    assert ("rule_changed", "begun_at in queued", "null", "set") in rules
    assert ("rule_narrowed", "begun_at in canceled", "free", "set") in rules
    back = {(one.kind, one.where, one.old, one.new) for one in compare(stamped, PRINT_1).differences}
    assert ("rule_widened", "begun_at in canceled", "set", "free") in back
    fresh = changed(PRINT_1, _set("fields/seen_at", "stamp"))
    fresh = changed(fresh, _set("events/submit/stamps", ["made_at", "seen_at"]))
    added = compare(PRINT_1, fresh)
    assert {one.where for one in added.of("rule_narrowed")} == {f"seen_at in {status}" for status in PRINT_1.statuses}
    late = changed(
        changed(PRINT_1, _set("fields/seen_at", "stamp")), _set("events/finish/stamps", ["over_at", "seen_at"])
    )
    # where it is null it is as it was: absent
    assert [one.where for one in compare(PRINT_1, late).of("rule_narrowed")] == ["seen_at in printed"]


def test_an_old_name_that_is_still_read_breaks_no_judge() -> None:
    renamed = with_status(PRINT_1, "canceled", "cancelled")
    (plainly,) = compare(PRINT_1, renamed).of("status_renamed")
    assert "judges" in plainly.breaks
    (kindly,) = compare(PRINT_1, attrs.evolve(renamed, spellings={"cancelled": ["canceled"]})).of("status_renamed")
    assert set(kindly.breaks) == {"drivers", "readers", "stored"}


def test_the_comparison_can_be_read_and_sent() -> None:
    found = compare(PRINT_1, PRINT_2)
    lines = list(found.lines())
    assert lines[0] == f"example.print 1 → example.print 2: {len(found.differences)} differences"
    assert lines[1] == "  renamed status: printing → running (guessed), canceled → cancelled (guessed)"
    assert "  running --jam--> jammed: became legal; breaks readers" in lines
    assert [line.split()[1] for line in lines[-4:]] == list(AUDIENCES)
    sent = json.loads(json.dumps(found.as_dict()))
    assert len(sent["differences"]) == len(found.differences)
    assert sent["breaking"]["drivers"] == len(found.breaking("drivers")) > 0
    assert all(isinstance(one, Difference) for one in found.breaking())
    assert {one for one in found.differences if not one.breaks} == set(found.differences) - set(found.breaking())
