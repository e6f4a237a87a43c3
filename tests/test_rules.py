"""The record rules as predicates: each finding code, every broken rule at once, and the quirks that are tolerated."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.checks import metadata_fault, stamp_fault, token_sum_fault, tool_calls_fault
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Presence, Row, To, Verb
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.rules import Broken, broken_rules, rules_of
from tests.test_assistants_run import COLUMNS, PRESENCE

Fields = dict[str, Any]

RIGHT: dict[str, Fields] = {
    "queued": {"created_at": 10, "expires_at": 610},
    "in_progress": {"created_at": 10, "expires_at": 610, "started_at": 11},
    "requires_action": {"created_at": 10, "expires_at": 610, "started_at": 11, "required_action": {}},
    "cancelling": {"created_at": 10, "expires_at": 610},
    "cancelled": {"created_at": 10, "cancelled_at": 12},
    "failed": {"created_at": 10, "failed_at": 12, "last_error": {}},
    "completed": {"created_at": 10, "started_at": 11, "completed_at": 12},
    "incomplete": {"created_at": 10, "started_at": 11, "completed_at": 12},
    "expired": {"created_at": 10},
}


def broken(status: str, fields: Fields) -> list[tuple[str, str]]:
    return [(found.code, found.field) for found in broken_rules(ASSISTANTS_RUN, status, fields)]


@pytest.mark.parametrize("status", RIGHT)
def test_a_right_record_breaks_no_rule(status: str) -> None:
    assert broken(status, RIGHT[status]) == []


# One line a code and way to break it: status, what is changed, the finding.
CODES: tuple[tuple[str, Fields, tuple[str, str]], ...] = (
    ("queued", {"created_at": None}, ("RS201", "created_at")),
    ("in_progress", {"started_at": None}, ("RS201", "started_at")),
    ("requires_action", {"required_action": None}, ("RS201", "required_action")),
    ("failed", {"last_error": None}, ("RS201", "last_error")),
    ("cancelling", {"expires_at": None}, ("RS201", "expires_at")),
    ("in_progress", {"required_action": {}}, ("RS202", "required_action")),
    ("cancelled", {"completed_at": 12}, ("RS202", "completed_at")),
    ("completed", {"failed_at": 12}, ("RS202", "failed_at")),
    ("expired", {"completed_at": 12}, ("RS202", "completed_at")),
    ("completed", {"incomplete_details": {}}, ("RS202", "incomplete_details")),
    ("queued", {"usage": {}}, ("RS203", "usage")),
    ("requires_action", {"failed_at": 12}, ("RS203", "failed_at")),
    ("cancelling", {"cancelled_at": 12}, ("RS203", "cancelled_at")),
    ("in_progress", {"incomplete_details": {}}, ("RS203", "incomplete_details")),
    ("completed", {"expires_at": 610}, ("RS204", "expires_at")),
    ("failed", {"required_action": {}}, ("RS204", "required_action")),
    ("in_progress", {"started_at": 9}, ("RS301", "started_at")),
    ("queued", {"expires_at": 9}, ("RS301", "expires_at")),
    ("cancelled", {"cancelled_at": 9}, ("RS301", "cancelled_at")),
    ("cancelling", {"started_at": 9}, ("RS301", "started_at")),
)


@pytest.mark.parametrize(("status", "changes", "finding"), CODES)
def test_a_broken_rule_has_its_code_and_its_field(status: str, changes: Fields, finding: tuple[str, str]) -> None:
    assert [finding] == broken(status, {**RIGHT[status], **changes})


def test_all_codes_of_this_module_are_tried() -> None:
    assert {finding[0] for _, _, finding in CODES} == {"RS201", "RS202", "RS203", "RS204", "RS301"}


def test_every_field_in_every_status_has_the_rule_of_the_table_typed_by_hand() -> None:
    rules = {
        status: {rule.field: str(rule.presence) for rule in rules_of(ASSISTANTS_RUN, status)} for status in PRESENCE
    }
    assert rules == {
        status: {field: word for field, word in row.items() if word != "free"} for status, row in PRESENCE.items()
    }


# Where a field must be null, the code tells why: too early (203), left over (204), or simply out of place (202).
NULL_CODES = {
    "queued":          "required_action=202 failed_at=203 last_error=203 cancelled_at=203 completed_at=203 usage=203 incomplete_details=203",
    "requires_action": "failed_at=203 last_error=203 cancelled_at=203 completed_at=203 usage=203 incomplete_details=203",
    "cancelled":       "expires_at=204 required_action=204 failed_at=202 last_error=202 completed_at=202 incomplete_details=202",
    "failed":          "expires_at=204 required_action=204 cancelled_at=202 completed_at=202 incomplete_details=202",
    "completed":       "expires_at=204 required_action=204 failed_at=202 last_error=202 cancelled_at=202 incomplete_details=202",
    "incomplete":      "expires_at=204 required_action=204 failed_at=202 last_error=202 cancelled_at=202",
    "expired":         "expires_at=204 required_action=204 failed_at=202 last_error=202 cancelled_at=202 completed_at=202 incomplete_details=202",
}  # fmt: skip
NULL_CODES["in_progress"] = NULL_CODES["cancelling"] = NULL_CODES["queued"]


@pytest.mark.parametrize("status", PRESENCE)
def test_a_field_that_must_be_null_has_the_code_that_tells_why(status: str) -> None:
    codes = {f"{r.field}={r.code[2:]}" for r in rules_of(ASSISTANTS_RUN, status) if r.presence is Presence.NULL}
    assert codes == set(NULL_CODES[status].split())


def test_all_broken_rules_are_reported_presence_first() -> None:
    fields = {"created_at": 10, "failed_at": 9, "usage": {}, "required_action": {}, "last_error": {}, "started_at": 8}
    assert broken("queued", fields) == [
        ("RS203", "failed_at"),
        ("RS201", "expires_at"),
        ("RS202", "required_action"),
        ("RS203", "last_error"),
        ("RS203", "usage"),
        ("RS301", "started_at"),
        ("RS301", "failed_at"),
    ]


@given(
    st.sampled_from(sorted(PRESENCE)),
    st.fixed_dictionaries({}, optional={field: st.none() | st.integers(0, 3) for field in COLUMNS.split()}),
)
def test_whatever_the_fields_all_broken_rules_are_reported_each_once(status: str, fields: Fields) -> None:
    wrong = {
        field
        for field, word in PRESENCE[status].items()
        if {"set": fields.get(field) is None, "null": fields.get(field) is not None}.get(word, False)
    }
    ends = ("completed_at", "failed_at", "cancelled_at")
    order = [("created_at", "started_at"), ("created_at", "expires_at")]
    order += [(first, end) for first in ("created_at", "started_at") for end in ends]
    times = {name: value for name, value in fields.items() if value is not None}
    late = [second for first, second in order if {first, second} <= set(times) and times[first] > times[second]]
    found = broken(status, fields)
    assert wrong == {field for code, field in found if code != "RS301"}
    assert sorted(late) == sorted(field for code, field in found if code == "RS301")
    assert len(found) == len(wrong) + len(late)


def test_a_finding_says_what_was_seen_and_what_was_allowed() -> None:
    fields = {"created_at": 10, "started_at": 9, "usage": 7}
    assert list(broken_rules(ASSISTANTS_RUN, "in_progress", fields)) == [
        Broken("RS201", "expires_at", None, "expires_at must be set in status in_progress", "a deadline"),
        Broken("RS203", "usage", 7, "usage must be null until the run has ended", "null"),
        Broken("RS301", "started_at", 9, "started_at must not be before created_at (10)", ">= 10", by=1),
    ]
    (late,) = broken_rules(ASSISTANTS_RUN, "completed", {**RIGHT["completed"], "completed_at": None})
    assert (late.says, late.allowed) == ("completed_at must be set in status completed", "a time")
    (bare,) = broken_rules(ASSISTANTS_RUN, "failed", {**RIGHT["failed"], "last_error": None})
    assert bare.allowed == "a value"
    (over,) = broken_rules(ASSISTANTS_RUN, "failed", {**RIGHT["failed"], "expires_at": 610})
    assert over.says == "expires_at must be null once the run has ended"


def test_equal_times_are_in_order() -> None:
    assert broken("completed", {"created_at": 10, "started_at": 10, "completed_at": 10}) == []


@pytest.mark.parametrize("value", ["9", True, [9], {}])
def test_only_numbers_are_compared_as_times(value: object) -> None:
    assert broken("in_progress", {**RIGHT["in_progress"], "started_at": value}) == []


def test_times_are_compared_with_their_fractions() -> None:
    assert broken("in_progress", {**RIGHT["in_progress"], "created_at": 11.5}) == [("RS301", "started_at")]


def test_a_missing_field_counts_as_null() -> None:
    assert broken("queued", {}) == [("RS201", "created_at"), ("RS201", "expires_at")]


def test_false_zero_and_empty_count_as_set() -> None:
    values: tuple[object, ...] = (False, 0, "", (), {})
    for value in values:
        assert broken("queued", {**RIGHT["queued"], "usage": value}) == [("RS203", "usage")]


QUIRKS = [
    ("expired", {"completed_at": 12}, "expired_with_completed_at"),
    ("completed", {"incomplete_details": {}}, "cut_short_but_completed"),
]


@pytest.mark.parametrize(("status", "changes", "name"), QUIRKS)
def test_a_quirk_is_known_in_objects_of_its_profile_only(status: str, changes: Fields, name: str) -> None:
    fields = {**RIGHT[status], **changes}
    (in_v1,) = broken_rules(ASSISTANTS_RUN, status, {**fields, "file_ids": []})
    (in_v2,) = broken_rules(ASSISTANTS_RUN, status, fields)
    assert in_v1.quirk is not None
    assert (in_v1.quirk.name, in_v2.quirk) == (name, None)
    assert in_v1.code == in_v2.code == "RS202"


def test_a_quirk_tolerates_its_own_field_and_status_and_nothing_else() -> None:
    known = [
        (status, found.field)
        for status, row in PRESENCE.items()
        for field, word in row.items()
        if word == "null"
        for found in broken_rules(ASSISTANTS_RUN, status, {**RIGHT[status], field: 12, "file_ids": []})
        if found.quirk is not None
    ]
    assert known == [("completed", "incomplete_details"), ("expired", "completed_at")]


def test_an_unknown_status_has_no_rules() -> None:
    with pytest.raises(KeyError):
        rules_of(ASSISTANTS_RUN, "asleep")
    with pytest.raises(KeyError):
        list(broken_rules(ASSISTANTS_RUN, "asleep", {}))


def test_without_an_end_nothing_is_too_early_or_left_over() -> None:
    lamp = Lifecycle(
        name="lamp",
        initial={"off"},
        terminal=(),
        rows=(
            Row(None, To("make", "off", Basis.DOCUMENTED)),
            Row("off", To("press", "on", Basis.DOCUMENTED)),
            Row("on", To("release", "off", Basis.DOCUMENTED)),
        ),
        verbs=(
            Verb("make"),
            Verb("press", does=Effects(stamps="lit_at")),
            Verb("release", does=Effects(clears=["lit_at", "worn_at"])),
        ),
        fields={"lit_at": FieldKind.STAMP, "worn_at": FieldKind.STAMP},
    )
    assert [(rule.code, rule.says) for rule in rules_of(lamp, "off")] == [
        ("RS202", "lit_at must be null in status off"),
        ("RS202", "worn_at must be null in status off"),
    ]


# --- checks on single values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1, 1_700_000_000, 10**20])
def test_a_whole_number_of_seconds_from_the_epoch_on_is_a_time(value: object) -> None:
    assert stamp_fault(value) is None


@pytest.mark.parametrize("value", [-1, 1.5, "1", True, None, float("nan")])
def test_anything_else_is_not(value: object) -> None:
    assert "a time is" in str(stamp_fault(value))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {f"k{number}": "v" for number in range(16)},
        {"k" * 64: "v"},
        {"k": "v" * 512},
        {"": ""},
        {"é" * 64: "é" * 512},
    ],
)
def test_metadata_up_to_the_limits_is_well_formed(value: object) -> None:
    assert metadata_fault(value) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "a mapping"),
        ({f"k{number}": "v" for number in range(17)}, "17 pairs"),
        ({"k" * 65: "v"}, "64 characters"),
        ({1: "v"}, "64 characters"),
        ({"k": "v" * 513}, "513 characters"),
        ({"k": 1}, "a number, not a string"),
        ({"k": None}, "null, not a string"),
        ({"k": True}, "true or false, not a string"),
    ],
)
def test_metadata_beyond_a_limit_says_which(value: object, words: str) -> None:
    assert words in str(metadata_fault(value))


@pytest.mark.parametrize(
    ("usage", "fault"),
    [
        ({"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}, None),
        ({"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 6}, "2 + 3 is 5, not 6"),
        ({"prompt_tokens": 2, "completion_tokens": 3}, None),
        ({"prompt_tokens": 2, "completion_tokens": True, "total_tokens": 9}, None),
        (None, None),
        ([2, 3, 6], None),
    ],
)
def test_token_counts_add_up(usage: object, fault: str | None) -> None:
    assert fault == token_sum_fault(usage)


def action(*ids: object) -> Fields:
    return {"submit_tool_outputs": {"tool_calls": [{"id": call} for call in ids]}}


@pytest.mark.parametrize(
    ("required_action", "fault"),
    [
        (action("a"), None),
        (action("a", "b"), None),
        (action(), "no tool call is open, so nothing is required"),
        (action("a", "b", "a"), "two tool calls have the same id"),
        ({"type": "another"}, None),
        (None, None),
        ({"submit_tool_outputs": []}, None),
    ],
)
def test_a_required_action_names_tool_calls_that_can_be_told_apart(required_action: object, fault: str | None) -> None:
    assert fault == tool_calls_fault(required_action)
