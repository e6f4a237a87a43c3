"""The judge, one observation after the other: every pair of statuses, every field, every stamp, and what is no run.

What is legal comes from `tests.oracle`, typed by hand; reachability is worked out here by brute force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.conformance.findings import CODES, Finding, Severity
from runstate.conformance.monitor import Monitor
from runstate.edge import dumps
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.observations import Observation, read
from tests.oracle import CELLS, INFERRED, INITIAL, MUST, MUST_NOT, STATUSES, TERMINAL

Json = dict[str, Any]
Mode = Literal["stream", "poll"]

CREATED = "thread.run.created"
# The event that announces a status, typed by hand.
WIRE = {
    "queued": "thread.run.queued",
    "in_progress": "thread.run.in_progress",
    "requires_action": "thread.run.requires_action",
    "cancelling": "thread.run.cancelling",
    "cancelled": "thread.run.cancelled",
    "failed": "thread.run.failed",
    "completed": "thread.run.completed",
    "incomplete": "thread.run.incomplete",
    "expired": "thread.run.expired",
}
LIVE = [status for status in STATUSES if status not in TERMINAL]
TRANSITIONS = {"RS101", "RS102", "RS103", "RS104", "RS105", "RS106", "RS107", "RS108"}

CALL = {"id": "call_1", "type": "function", "function": {"name": "next_high_water", "arguments": "{}"}}
ACTION = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}}
USAGE = {"prompt_tokens": 20, "completion_tokens": 11, "total_tokens": 31}
VALUES: Json = {
    "created_at": 1000,
    "started_at": 1002,
    "expires_at": 1600,
    "completed_at": 1010,
    "cancelled_at": 1010,
    "failed_at": 1010,
    "required_action": ACTION,
    "last_error": {"code": "server_error", "message": "Something went wrong."},
    "usage": USAGE,
    "incomplete_details": {"reason": "max_prompt_tokens"},
}
"""A value for each field, where it is set."""


def run(status: str, **fields: Any) -> Json:
    """A legal object, the same times in all of them, so that only the status moves from one to the next."""
    nulls = dict.fromkeys(name for name in VALUES if name not in MUST.get(status, ()))
    value = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "assistant_id": "asst_1", "status": status}
    return {**value, **VALUES, **nulls, "started_at": 1002, "metadata": {}, **fields}


def v1(status: str, **fields: Any) -> Json:
    return run(status, file_ids=[], **fields)


def event(name: str, value: object) -> Json:
    return {"event": name, "data": value}


def stream(*statuses: str) -> list[Json]:
    return [event(WIRE[status], run(status)) for status in statuses]


def findings(seen: Iterable[object], **options: Any) -> list[Finding]:
    """What a monitor finds, each observation on a line of its own."""
    monitor = Monitor(**options)
    text = b"".join(dumps(one) + b"\n" for one in seen)  # type: ignore[arg-type]
    return [finding for one in read(text, form="jsonl") for finding in monitor.feed(one)]


def codes(seen: Iterable[object], **options: Any) -> list[tuple[int | None, str]]:
    return [(finding.line, finding.code) for finding in findings(seen, **options)]


# -- every pair of statuses --------------------------------------------------------------------------------------------

NEXT = {s: {target for (source, _), target in CELLS.items() if source == s and target} for s in STATUSES}
INFERRED_PAIRS = {(status, CELLS[status, event]) for status, event in INFERRED}


def paths(source: str, *, inferred: bool) -> set[str]:
    """Every status that some path of the oracle leads to: all paths, as long as there are statuses."""
    found: set[str] = set()
    ends = {source}
    for _ in STATUSES:
        ends = {t for s in ends for t in NEXT[s] if inferred or (s, t) not in INFERRED_PAIRS}
        found |= ends
    return found


def expected(before: str, after: str, mode: Mode) -> str | None:
    if before == after:
        return "RS105" if mode == "stream" else None
    if before in TERMINAL:
        return "RS102"
    if mode == "stream":
        if after not in NEXT[before]:
            return "RS101"
        return "RS104" if (before, after) in INFERRED_PAIRS else None
    if after not in paths(before, inferred=True):
        return "RS103"
    return None if after in paths(before, inferred=False) else "RS104"


@pytest.mark.parametrize("mode", ["stream", "poll"])
@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
@pytest.mark.parametrize("named", [True, False], ids=["events", "objects"])
def test_all_pairs_of_statuses(before: str, after: str, mode: Mode, *, named: bool) -> None:
    seen = stream(before, after) if named else [run(before), run(after)]
    code = expected(before, after, mode)
    found = findings(seen, mode=mode)
    assert [finding.code for finding in found] == ([] if code is None else [code])
    for finding in found:
        assert (finding.line, finding.run, finding.status) == (2, "run_1", after)
        assert finding.severity is (Severity.NOTE if code == "RS104" else Severity.ERROR)
        if code != "RS104":
            assert set(finding.allowed) == NEXT[before]
            assert all(f"{status} (" in finding.message for status in NEXT[before])


def test_the_pairs_are_what_the_documentation_says() -> None:
    count = {code: sum(expected(b, a, "stream") == code for b, a in product(STATUSES, STATUSES)) for code in CODES}
    # 19 transitions, 9 of them inferred; 9 repeats; 5 ends with 8 others each; the rest has no transition
    assert {code: n for code, n in count.items() if n} == {"RS101": 13, "RS102": 40, "RS104": 9, "RS105": 9}
    polls = {(b, a) for b, a in product(LIVE, STATUSES) if expected(b, a, "poll") == "RS103"}
    # only a cancelling run cannot come back; all else leads everywhere sooner or later
    assert polls == {("cancelling", s) for s in ("queued", "in_progress", "requires_action")}


@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
def test_auto_takes_events_as_a_stream_and_objects_as_polls(before: str, after: str) -> None:
    assert codes(stream(before, after)) == codes(stream(before, after), mode="stream")
    assert codes([run(before), run(after)]) == codes([run(before), run(after)], mode="poll")


@pytest.mark.parametrize("status", STATUSES)
def test_a_log_may_begin_in_mid_life(status: str) -> None:
    monitor = Monitor()
    assert monitor.feed(event(WIRE[status], run(status))) == []
    assert monitor.feed(run(status, id="run_2")) == []
    verdict = "complete" if status in TERMINAL else "open"
    assert [one.verdict for one in monitor.runs.values()] == [verdict, verdict]


def test_what_may_come_next() -> None:
    for status in STATUSES:
        monitor = Monitor()
        monitor.feed(run(status))
        assert set(monitor.runs["openai.assistants.run", "run_1"].next) == NEXT[status]


# -- creation, repeats -------------------------------------------------------------------------------------------------


def created(status: str = "queued", **fields: Any) -> Json:
    return event(CREATED, run(status, started_at=None, **fields))


def queued() -> Json:
    return event(WIRE["queued"], run("queued", started_at=None))


def test_creation_is_announced_twice_and_no_more() -> None:
    assert codes([created(), queued(), *stream("in_progress", "completed")]) == []
    assert codes([created(), *stream("in_progress", "completed")]) == []
    assert codes([created(), queued(), queued()]) == [(3, "RS105")]
    assert codes([created(), created()]) == [(2, "RS108")]
    assert codes([queued(), created()]) == [(2, "RS108")]
    assert codes([queued(), *stream("in_progress"), created()])[0] == (3, "RS108")


@pytest.mark.parametrize("status", [status for status in STATUSES if status != INITIAL])
def test_what_is_created_is_queued(status: str) -> None:
    found = findings([event(CREATED, run(status))])
    assert found[0].code == "RS108"
    assert found[0].allowed == ("queued",)
    assert found[0].status == status


@pytest.mark.parametrize("status", STATUSES)
def test_polls_repeat(status: str) -> None:
    monitor = Monitor()
    for _ in range(5):
        assert monitor.feed(run(status)) == []
    assert [leg.times for leg in monitor.runs["openai.assistants.run", "run_1"].path] == [5]


@pytest.mark.parametrize("status", ["queued", "in_progress", "completed"])
def test_an_event_may_announce_what_a_poll_has_seen_before(status: str) -> None:
    """The answer to a call shows the status that the stream announces next."""
    assert codes([run(status), *stream(status)]) == []
    assert codes([*stream(status), run(status), run(status)]) == []
    assert codes([run(status), *stream(status, status)]) == [(3, "RS105")]


# -- what was seen of real servers -------------------------------------------------------------------------------------


def test_a_finished_v1_run_may_be_seen_swept() -> None:
    found = findings([v1("completed"), v1("expired", completed_at=1010)])
    assert [(f.line, f.code, f.severity) for f in found] == [(2, "RS107", "warning"), (2, "RS205", "warning")]
    found = findings([event(WIRE["completed"], v1("completed")), event(WIRE["expired"], v1("expired"))])
    assert [(f.line, f.code, f.severity) for f in found] == [(2, "RS107", "warning")]


def test_no_other_version_may() -> None:
    found = findings([run("completed"), run("expired", completed_at=1010)])
    assert [(f.line, f.code, f.severity) for f in found] == [(2, "RS102", "error"), (2, "RS202", "error")]


@pytest.mark.parametrize("after", [status for status in STATUSES if status not in ("expired", "completed")])
def test_no_other_move_of_a_finished_v1_run_is_known(after: str) -> None:
    assert "RS102" in [code for _, code in codes([v1("completed"), v1(after)])]


def test_the_event_completed_may_carry_incomplete() -> None:
    found = findings([*stream("in_progress"), event(WIRE["completed"], run("incomplete"))])
    assert [(f.line, f.code, f.severity, f.wire_event) for f in found] == [
        (2, "RS110", "warning", "thread.run.completed")
    ]


def test_a_v1_run_may_be_completed_with_incomplete_details() -> None:
    details = VALUES["incomplete_details"]
    found = findings([v1("completed", incomplete_details=details)])
    assert [(f.code, f.severity, f.field) for f in found] == [("RS205", "warning", "incomplete_details")]
    found = findings([run("completed", incomplete_details=details)])
    assert [(f.code, f.severity, f.field) for f in found] == [("RS202", "error", "incomplete_details")]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (n, s)
        for n, s in product(WIRE.values(), STATUSES)
        if WIRE[s] != n and (n, s) != (WIRE["completed"], "incomplete")
    ],
)
def test_every_other_disagreement_of_event_and_status_is_an_error(name: str, status: str) -> None:
    (found,) = findings([event(name, run(status))])
    assert (found.code, found.severity, found.status, found.wire_event) == ("RS109", "error", status, name)
    assert [WIRE[allowed] for allowed in found.allowed] == [name]


def test_the_status_counts_and_not_the_name() -> None:
    lied = event(WIRE["completed"], run("in_progress"))
    assert codes([*stream("queued"), lied, *stream("completed")]) == [(2, "RS109")]


# -- fields and statuses -----------------------------------------------------------------------------------------------

# What a field is when it stands where it must not, by hand: too early, left over, out of place.
WRONGLY_SET = {
    **{
        (status, field): "RS203"
        for status in LIVE
        for field in ("completed_at", "cancelled_at", "failed_at", "last_error", "usage", "incomplete_details")
    },
    **{(status, "required_action"): "RS202" for status in LIVE if status != "requires_action"},
    **{(status, field): "RS204" for status in TERMINAL for field in ("expires_at", "required_action")},
    **{
        (status, field): "RS202"
        for status, fields in {
            "cancelled": ("completed_at", "failed_at", "last_error", "incomplete_details"),
            "failed": ("completed_at", "cancelled_at", "incomplete_details"),
            "completed": ("cancelled_at", "failed_at", "last_error", "incomplete_details"),
            "incomplete": ("cancelled_at", "failed_at", "last_error"),
            "expired": ("completed_at", "cancelled_at", "failed_at", "last_error", "incomplete_details"),
        }.items()
        for field in fields
    },
}


def test_the_fields_that_must_not_be_set_are_those_of_the_oracle() -> None:
    named = {(s, f) for s, f in WRONGLY_SET if f != "incomplete_details" and (s, f) != ("expired", "completed_at")}
    assert named == {(status, field) for status, fields in MUST_NOT.items() for field in fields}


@pytest.mark.parametrize(("status", "field"), sorted(WRONGLY_SET))
def test_a_field_where_it_must_be_null(status: str, field: str) -> None:
    (found,) = findings([run(status, **{field: VALUES[field]})])
    assert (found.code, found.severity) == (WRONGLY_SET[status, field], Severity.ERROR)
    assert (found.line, found.status, found.field, found.allowed) == (1, status, field, ("null",))


@pytest.mark.parametrize(("status", "field"), sorted((s, f) for s in STATUSES for f in MUST[s]))
@pytest.mark.parametrize("absent", [True, False])
def test_a_field_that_must_be_set(status: str, field: str, *, absent: bool) -> None:
    value = run(status, **{field: None})
    if absent:
        del value[field]
    (found,) = findings([value])
    assert (found.code, found.severity, found.status, found.field) == ("RS201", Severity.ERROR, status, field)


@pytest.mark.parametrize("status", STATUSES)
def test_null_and_absent_are_the_same_where_a_field_may_be_null(status: str) -> None:
    value = run(status)
    assert codes([{key: item for key, item in value.items() if item is not None}]) == []
    assert codes([value]) == []


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_usage_may_be_set_or_null_once_the_run_has_ended(status: str) -> None:
    assert codes([run(status, usage=USAGE)]) == codes([run(status, usage=None)]) == []


@pytest.mark.parametrize("status", ["queued", "cancelling", "cancelled", "failed", "expired"])
def test_a_run_that_never_started(status: str) -> None:
    assert codes([run(status, started_at=None)]) == []


@pytest.mark.parametrize("status", ["Queued", "canceled", "done", "", None, 5, ["queued"], {}])
def test_an_unknown_status_is_named_and_never_guessed(status: object) -> None:
    monitor = Monitor()
    (found,) = monitor.feed({**run("queued"), "status": status})
    assert (found.code, found.run, found.field) == ("RS106", "run_1", "status")
    assert found.allowed == STATUSES
    assert monitor.runs["openai.assistants.run", "run_1"].verdict == "unknown"


def test_an_unknown_status_among_known_ones() -> None:
    seen = [*stream("queued", "in_progress"), event("thread.run.paused", run("paused")), *stream("completed")]
    monitor = Monitor()
    assert [finding.code for one in seen for finding in monitor.feed(one)].count("RS106") == 1
    assert monitor.runs["openai.assistants.run", "run_1"].verdict == "illegal"


@pytest.mark.parametrize("value", ["1002", 1002.5, True, -1, [], {}])
@pytest.mark.parametrize("field", ["created_at", "started_at", "expires_at"])
def test_a_time_of_the_wrong_kind(field: str, value: object) -> None:
    found = findings([run("in_progress", **{field: value})])
    assert [(f.code, f.field) for f in found if f.code == "RS206"] == [("RS206", field)]
    assert {f.code for f in found} <= {"RS206", "RS301"}


def test_counts_that_do_not_add_up() -> None:
    (found,) = findings([run("completed", usage={**USAGE, "total_tokens": 30})])
    assert (found.code, found.severity, found.field) == ("RS207", Severity.WARNING, "usage")


@pytest.mark.parametrize("calls", [[], [CALL, CALL]])
def test_an_action_that_names_no_call_or_one_twice(calls: list[Json]) -> None:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    (found,) = findings([run("requires_action", required_action=action)])
    assert (found.code, found.field) == ("RS208", "required_action")


@pytest.mark.parametrize(
    ("metadata", "legal"),
    [
        ({}, True),
        (None, True),
        ({"k" * 64: "v" * 512}, True),
        ({str(n): "" for n in range(16)}, True),
        ({"k" * 65: "v"}, False),
        ({"k": "v" * 513}, False),
        ({str(n): "" for n in range(17)}, False),
        ({"k": True}, False),
        ([], False),
    ],
)
def test_metadata(metadata: object, *, legal: bool) -> None:
    assert codes([run("queued", metadata=metadata)]) == ([] if legal else [(1, "RS209")])


def test_all_broken_rules_are_told_at_once() -> None:
    value = run("in_progress", started_at=None, usage=USAGE, completed_at=900, expires_at=None)
    assert sorted(f"{f.code} {f.field}" for f in findings([value])) == [
        "RS201 expires_at",
        "RS201 started_at",
        "RS203 completed_at",
        "RS203 usage",
        "RS301 completed_at",
    ]


# -- times -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("in_progress", {"started_at": 999}),
        ("completed", {"completed_at": 1001}),
        ("completed", {"completed_at": 999, "started_at": 1000}),
        ("incomplete", {"completed_at": 1001}),
        ("failed", {"failed_at": 1001}),
        ("cancelled", {"cancelled_at": 1001}),
        ("queued", {"expires_at": 999}),
    ],
)
def test_times_out_of_order(status: str, fields: Json) -> None:
    found = findings([run(status, **fields)])
    assert {f.code for f in found} == {"RS301"}
    assert {f.field for f in found} <= set(fields)


@pytest.mark.parametrize("status", STATUSES)
def test_equal_times_are_in_order(status: str) -> None:
    value = run(status)
    stamps = {key: 1000 for key in VALUES if key.endswith("_at") and value[key] is not None}
    assert codes([{**value, **stamps}]) == []


def test_a_stamp_never_decreases() -> None:
    seen = [run("in_progress"), run("in_progress", started_at=1001)]
    for mode in ("poll", "stream"):
        found = [f for f in findings(seen, mode=mode) if f.code not in TRANSITIONS]
        assert [(f.line, f.code, f.field, f.allowed) for f in found] == [(2, "RS302", "started_at", (">= 1002",))]
    # not by a resume either
    resumed = [*stream("requires_action", "queued"), event(WIRE["in_progress"], run("in_progress", started_at=1001))]
    assert codes(resumed) == [(3, "RS302")]


def test_a_resume_stamps_anew_and_nothing_else_does() -> None:
    later = {"started_at": 1080}
    assert codes([*stream("requires_action", "queued"), event(WIRE["in_progress"], run("in_progress", **later))]) == []
    # a poll may have missed the resume
    assert codes([run("in_progress"), run("in_progress", **later)]) == []
    assert codes([run("requires_action"), run("completed", started_at=1005)]) == []
    # no way leads from cancelling or from an end through a start
    assert codes([run("cancelling"), run("cancelling", **later)]) == [(2, "RS303")]
    assert codes([run("completed"), run("completed", started_at=1003)]) == [(2, "RS303")]
    assert codes([*stream("requires_action"), event(WIRE["queued"], run("queued", **later))]) == [(2, "RS303")]


@pytest.mark.parametrize("at", [1599, 1601, 2200])
def test_the_deadline_never_moves(at: int) -> None:
    found = findings([*stream("queued"), event(WIRE["in_progress"], run("in_progress", expires_at=at))])
    assert [(f.line, f.code, f.field) for f in found] == [(2, "RS303", "expires_at")]
    assert codes([run("in_progress"), run("in_progress", expires_at=at)]) == [(2, "RS303")]


def test_a_stamp_does_not_vanish() -> None:
    found = findings([*stream("requires_action"), event(WIRE["queued"], run("queued", started_at=None))])
    assert [(f.line, f.code, f.field, f.allowed) for f in found] == [(2, "RS304", "started_at", ("1002",))]
    assert codes([run("in_progress"), run("failed", started_at=None)]) == [(2, "RS304")]


def test_a_stamp_does_not_come_from_nowhere() -> None:
    before = event(WIRE["queued"], run("queued", started_at=None))
    found = findings([before, event(WIRE["cancelling"], run("cancelling"))])
    assert [f.code for f in found] == ["RS104", "RS303"]
    # polls may have missed the start, and then nothing is inferred
    assert codes([run("queued", started_at=None), run("cancelling")]) == []


def test_an_absent_key_says_nothing_about_a_time() -> None:
    silent = {key: value for key, value in run("queued").items() if key != "started_at"}
    assert codes([run("requires_action"), silent, run("in_progress")]) == []
    assert codes([silent, run("queued", started_at=1005)]) == []
    silent["status"] = "cancelling"
    assert codes([run("cancelling", started_at=None), silent, run("cancelling")]) == [(3, "RS303")]
    assert codes([run("cancelling"), silent, run("cancelling")]) == []
    assert codes([run("cancelling"), silent, run("cancelling", started_at=1001)]) == [(3, "RS302")]


def test_past_the_deadline() -> None:
    late = run("in_progress", started_at=1601)
    found = findings([run("queued", started_at=None), late, late])
    assert [(f.line, f.code, f.severity, f.field) for f in found] == [(2, "RS305", Severity.WARNING, "started_at")]
    assert codes([run("in_progress"), run("completed", completed_at=1600)]) == []
    assert codes([run("in_progress"), run("completed", completed_at=1601)]) == [(2, "RS305")]
    assert codes([run("completed", completed_at=1601)]) == []  # no deadline was seen


# -- identity ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["thread_id", "assistant_id", "created_at"])
@pytest.mark.parametrize("value", [999, "thread_2", None])
def test_what_no_event_changes(field: str, value: object) -> None:
    seen = [run("queued"), run("in_progress", **{field: value}), run("completed")]
    found = [f for f in findings(seen) if f.code == "RS601"]
    assert [(f.line, f.field, f.allowed) for f in found] == [(2, field, (str(seen[0][field]),))]


def test_an_absent_identity_says_nothing() -> None:
    bare = {key: value for key, value in run("in_progress").items() if key not in ("thread_id", "assistant_id")}
    assert codes([run("queued"), bare, run("completed")]) == []


@pytest.mark.parametrize("value", [None, "", 5, ["run_1"], "absent"])
def test_an_observation_names_its_run(value: object) -> None:
    one = run("queued", id=value)
    if value == "absent":
        del one["id"]
    monitor = Monitor()
    (found,) = monitor.feed(one)
    assert (found.code, found.run, found.field) == ("RS602", None, "id")
    assert monitor.runs == {}
    assert monitor.loose == [found]


# -- spelling ----------------------------------------------------------------------------------------------------------


def camel(value: Any) -> Any:
    """Every schema key in camelCase; the keys of metadata are not of the schema."""

    def name(key: str) -> str:
        head, *rest = key.split("_")
        return head + "".join(word.title() for word in rest)

    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name(key): item if key == "metadata" else camel(item) for key, item in value.items()}


BROKEN = [
    *[run(status, **{field: VALUES[field]}) for status, field in sorted(WRONGLY_SET)],
    *[run(status, **{field: None}) for status in STATUSES for field in sorted(MUST[status])],
    run("in_progress", started_at=999),
    run("in_progress", started_at="1002"),
    run("completed", usage={**USAGE, "total_tokens": 30}),
    run("requires_action", required_action={"type": "x", "submit_tool_outputs": {"tool_calls": []}}),
    run("queued", metadata={"not_a_schema_key": "v" * 513}),
    v1("expired", completed_at=1010),
]


@pytest.mark.parametrize("value", BROKEN)
def test_camel_case_is_judged_like_snake_case(value: Json) -> None:
    def told(one: Json) -> list[tuple[str, str | None, str, int | None]]:
        return [(f.code, f.field, f.status or "", f.line) for f in findings([one])]

    assert told(camel(value)) == told(value) != []


@pytest.mark.parametrize(("before", "after"), list(product(STATUSES, STATUSES)))
def test_camel_case_moves_like_snake_case(before: str, after: str) -> None:
    first, second = run(before), run(after, started_at=1001, created_at=998, threadId="thread_2")
    del second["thread_id"]
    snake = {**second, "thread_id": "thread_2"}
    del snake["threadId"]
    assert codes([camel(first), camel(second)]) == codes([first, snake])


def test_legal_objects_in_camel_case() -> None:
    for status in STATUSES:
        assert codes([camel(run(status))]) == []


# -- what is no run ----------------------------------------------------------------------------------------------------


def test_an_error_event_is_a_note_and_says_nothing_about_the_run() -> None:
    error = event("error", {"error": {"message": "The server had an error.", "type": "server_error"}})
    monitor = Monitor()
    for one in stream("queued", "in_progress"):
        assert monitor.feed(one) == []
    (found,) = monitor.feed(error)
    assert (found.code, found.severity, found.run) == ("RS505", Severity.NOTE, None)
    assert "The server had an error." in found.message
    assert monitor.runs["openai.assistants.run", "run_1"].verdict == "open"


def test_an_unknown_event_is_a_note_and_its_object_is_judged() -> None:
    (found,) = findings([event("thread.run.paused", run("in_progress"))])
    assert (found.code, found.severity, found.wire_event) == ("RS504", Severity.NOTE, "thread.run.paused")
    found_codes = codes([*stream("completed"), event("thread.run.revived", run("in_progress"))])
    assert {(2, "RS504"), (2, "RS102")} <= set(found_codes)


@pytest.mark.parametrize("name", [CREATED, *WIRE.values()])
@pytest.mark.parametrize("value", [{}, {"id": "run_1"}, {"id": "run_1", "object": "thread.run.v3"}, None])
def test_an_event_of_a_run_has_a_run_in_its_data(name: str, value: object) -> None:
    (found,) = findings([event(name, value)])
    assert (found.code, found.severity, found.line, found.wire_event) == ("RS502", Severity.ERROR, 1, name)


def test_an_object_of_a_run_without_status() -> None:
    value = run("queued")
    del value["status"]
    assert [code for _, code in codes([value])] == ["RS106"]


@pytest.mark.parametrize("value", [{}, {"a": 1}, {"object": "chat.completion", "id": "x"}, {"object": "thread"}])
def test_an_object_that_is_no_observation(value: Json) -> None:
    monitor = Monitor()
    assert [finding.code for finding in monitor.feed(value)] == ["RS502"]
    assert monitor.runs == {}


@pytest.mark.parametrize("value", [5, "x", None, [5], {"event": "x", "data": "{"}, {"event": "x", "data": [1]}])
def test_what_cannot_be_read_is_a_finding_and_no_exception(value: object) -> None:
    monitor = Monitor()
    assert [finding.code for finding in monitor.feed(value)] == ["RS501"]
    assert monitor.observations == 0


def test_an_event_that_is_broken_off() -> None:
    text = b"event: thread.run.queued\ndata: " + dumps(run("queued"))
    monitor = Monitor()
    assert [f.code for one in read(text[:-5]) for f in monitor.feed(one)] == ["RS503"]
    # the whole event came, and only the blank line is missing: servers do that
    assert [f.code for one in read(text) for f in monitor.feed(one)] == []


def test_an_object_that_says_nothing_of_itself_is_a_run() -> None:
    bare = {key: value for key, value in run("in_progress", started_at=None).items() if key != "object"}
    (found,) = findings([bare])
    assert (found.code, found.run) == ("RS201", "run_1")


def test_a_step_and_a_message_alone_are_judged_by_their_own_lifecycle() -> None:
    step = {
        "id": "step_1",
        "object": "thread.run.step",
        "created_at": 1000,
        "status": "completed",
        "completed_at": None,
    }
    message = {
        "id": "msg_1",
        "object": "thread.message",
        "created_at": 1000,
        "status": "in_progress",
        "completed_at": 5,
    }
    monitor = Monitor()
    assert [finding.code for finding in monitor.feed(step)] == ["RS201"]
    assert {finding.code for finding in monitor.feed(message)} == {"RS203", "RS301"}
    assert [name for name, _ in monitor.runs] == ["openai.assistants.run_step", "openai.assistants.message"]


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), sorted((b, str(a)) for b, a in INFERRED_PAIRS))
def test_strict_makes_a_transition_that_is_only_inferred_an_error(before: str, after: str) -> None:
    monitor = Monitor(strict=True, mode="stream")
    found = [finding for one in stream(before, after) for finding in monitor.feed(one)]
    assert [(f.code, f.severity) for f in found] == [("RS104", Severity.ERROR)]
    assert monitor.runs["openai.assistants.run", "run_1"].verdict == "illegal"


@pytest.mark.parametrize(
    ("select", "ignore", "told"),
    [
        ((), (), ["RS102", "RS203", "RS302"]),
        (("RS2",), (), ["RS203"]),
        (("RS2", "RS302"), (), ["RS203", "RS302"]),
        ((), ("RS2",), ["RS102", "RS302"]),
        ((), ("RS",), []),
        (("RS2",), ("RS203",), []),
        (("RS203",), ("RS2",), ["RS203"]),
        (("RS2",), ("RS2",), []),
        (("RS5",), (), []),
    ],
)
def test_select_and_ignore(select: tuple[str, ...], ignore: tuple[str, ...], told: list[str]) -> None:
    seen = [run("completed"), run("in_progress", started_at=1001, usage=USAGE)]
    monitor = Monitor(select=select, ignore=ignore)
    found = sorted(finding.code for one in seen for finding in monitor.feed(one))
    assert found == told
    watched = monitor.runs["openai.assistants.run", "run_1"]
    assert sorted(finding.code for finding in watched.findings) == told
    assert watched.verdict == ("illegal" if told else "open")


def test_a_lifecycle_that_is_told_judges_what_says_nothing_of_itself() -> None:
    bare = {key: value for key, value in run("in_progress", started_at=None).items() if key != "object"}
    assert codes([bare], lifecycle=ASSISTANTS_RUN) == [(1, "RS201")]


# -- many runs at once -------------------------------------------------------------------------------------------------

HISTORIES = [
    ("queued", "in_progress", "completed"),
    ("queued", "in_progress", "requires_action", "queued", "in_progress", "completed"),
    ("queued", "cancelling", "cancelled"),
    ("in_progress", "failed"),
    ("queued", "completed"),  # RS101 in a stream
    ("completed", "in_progress", "in_progress"),  # RS102
    ("queued", "queued", "expired"),  # RS105 in a stream, RS104
]


def history(index: int, statuses: Iterable[str], *, streamed: bool) -> list[Json]:
    objects = [run(status, id=f"run_{index}", thread_id=f"thread_{index}") for status in statuses]
    return [event(WIRE[one["status"]], one) for one in objects] if streamed else objects


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[list[Json]], list[Json]]:
    chosen = draw(st.lists(st.sampled_from(HISTORIES), min_size=1, max_size=5))
    each = [history(index, statuses, streamed=draw(st.booleans())) for index, statuses in enumerate(chosen)]
    order = draw(st.permutations([index for index, one in enumerate(each) for _ in one]))
    left = [iter(one) for one in each]
    return each, [next(left[index]) for index in order]


@given(interleavings())
def test_runs_do_not_disturb_one_another(both: tuple[list[list[Json]], list[Json]]) -> None:
    each, mixed = both

    def told(monitor: Monitor) -> dict[str, tuple[str, list[tuple[str, str]]]]:
        runs = monitor.runs.values()
        return {one.id: (one.verdict, [(f.code, f.message) for f in one.findings]) for one in runs}

    alone: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for one in each:
        monitor = Monitor()
        for seen in one:
            monitor.feed(seen)
        alone |= told(monitor)
    together = Monitor()
    for seen in mixed:
        together.feed(seen)
    assert told(together) == alone


def test_the_same_id_in_two_lifecycles_is_two_things() -> None:
    step = {"id": "run_1", "object": "thread.run.step", "created_at": 1000, "status": "in_progress"}
    monitor = Monitor()
    assert monitor.feed(step) == []
    assert monitor.feed(run("queued")) == []
    assert len(monitor.runs) == 2


# -- anything at all ---------------------------------------------------------------------------------------------------

scalars: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**15, "", "queued", "completed", "run_1", "thread.run", [], {}]
)


def _mixed() -> Iterator[st.SearchStrategy[Any]]:
    keys = st.sampled_from([*run("queued"), "file_ids", "event", "data", "type", "createdAt", "run_id", "step_details"])
    inner = st.dictionaries(keys, scalars, max_size=6)
    yield inner
    yield inner.map(lambda changes: {**run("in_progress"), **changes})
    yield st.tuples(st.sampled_from([CREATED, *WIRE.values(), "error", "x", "thread.run.step.delta"]), inner).map(
        lambda pair: event(*pair)
    )
    yield inner.map(lambda changes: event("thread.run.step.created", {**run("in_progress"), **changes}))


@given(st.lists(st.one_of(*_mixed(), scalars), max_size=8), st.sampled_from(["auto", "stream", "poll"]))
def test_nothing_makes_it_raise(seen: list[object], mode: Any) -> None:
    monitor = Monitor(mode=mode)
    found = [finding for one in seen for finding in monitor.feed(one)]
    found += monitor.close()
    for finding in found:
        assert finding.code in CODES
        assert finding.message
        assert "\n" not in finding.message
    counted = [*monitor.loose, *(finding for one in monitor.runs.values() for finding in one.findings)]
    assert len(counted) == len(found)
    for one in monitor.runs.values():
        errors = sum(finding.severity is Severity.ERROR for finding in one.findings)
        wanted = "unknown" if one.status is None else "illegal" if errors else None
        assert wanted is None or one.verdict == wanted


def test_an_observation_without_value_counts() -> None:
    monitor = Monitor()
    (found,) = monitor.feed(Observation(event="ping"))
    assert (found.code, found.severity) == ("RS504", Severity.NOTE)
    assert monitor.feed(Observation(event="done", end=True)) == []
    assert monitor.observations == 2
