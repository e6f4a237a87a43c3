"""The pure step: whatever is asked in whatever order, a right record comes out or nothing happens."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.compiled import steps_of
from runstate.engine import Applied, apply, create, due, may
from runstate.errors import (
    AlreadyTerminal,
    BadPayload,
    BadRecord,
    CallerError,
    GuardFailed,
    IllegalTransition,
    RunstateError,
    UnknownEvent,
)
from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Transition, Verb, is_set, named, reached
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.lifecycles.assistants_run import Event
from runstate.machine import rulebook
from runstate.record import (
    FunctionCall,
    IncompleteDetails,
    LastError,
    Message,
    RequiredAction,
    Run,
    RunStep,
    ToolCall,
    ToolOutput,
    Usage,
    keep_rules,
)
from tests import oracle
from tests.test_assistants_run import PRESENCE
from tests.test_lifecycle import FIELDS, lifecycles

Payload = dict[str, Any]

CALLS = RequiredAction.calls(ToolCall("call_1", FunctionCall("add")), ToolCall("call_2", FunctionCall("sub")))
ONE, TWO = ToolOutput("call_1", "3"), ToolOutput("call_2", "4")
NAMES: Payload = {"id": "run_1", "assistant_id": "asst_1", "thread_id": "thread_1"}
STAMPS = ("created_at", "started_at", "completed_at", "failed_at", "cancelled_at")
EVENTS = ("create", *oracle.EVENTS)

# A right payload for each event, without and with what may be left out.
NEEDED: dict[str, Payload] = {
    "require_action": {"required_action": CALLS},
    "submit_tool_outputs": {"tool_outputs": [ONE, TWO]},
    "fail": {"last_error": LastError("server_error")},
}
ENDS: dict[str, Payload] = {
    event: {"usage": Usage(1, 2)} for event in ("complete", "end_incomplete", "fail", "confirm_cancel", "expire")
}
ENDS["end_incomplete"]["incomplete_details"] = IncompleteDetails()


def names(**changes: Any) -> Payload:
    return NAMES | changes


def payload_of(event: str, *, full: bool = True) -> Payload:
    return {**NEEDED.get(event, {}), **(ENDS.get(event, {}) if full else {})}


def run(status: str = "queued", **changes: Any) -> Run:
    """Created at 1000, started at 1001 where the status has it so, expiring at 1600, ended at 1002."""
    values: Payload = {"created_at": 1000, "started_at": 1001, "expires_at": 1600, "required_action": CALLS}
    values |= {"failed_at": 1002, "cancelled_at": 1002, "completed_at": 1002, "last_error": LastError("x")}
    fields = {field: values[field] for field, word in PRESENCE[status].items() if word == "set"}
    return Run(status=status, **(NAMES | fields | changes))


def attempt(record: Any, event: str, **arguments: Any) -> Applied[Any] | RunstateError:
    """What came of it; any other exception fails the test."""
    try:
        return apply(record, event, **arguments)
    except RunstateError as refused:
        return refused


# --- any sequence of events -------------------------------------------------------------------------------------------

WRONG: tuple[Payload, ...] = (
    {},
    {"colour": "red"},
    {"usage": "many"},
    {"usage": None},
    {"usage": {"prompt_tokens": 1}},
    {"last_error": "server_error"},
    {"last_error": None},
    {"incomplete_details": 7},
    {"required_action": None},
    {"required_action": {"type": "submit_tool_outputs"}},
    {"tool_outputs": []},
    {"tool_outputs": [ONE]},
    {"tool_outputs": [ONE, ONE, TWO]},
    {"tool_outputs": 7},
    {"tool_outputs": [{"tool_call_id": ["call_1"]}, {"tool_call_id": {}}]},
    {"tool_outputs": {"call_1": "3"}},
)
moments = st.one_of(
    st.integers(-20, 700),
    st.floats(-20, 700),
    st.sampled_from([0, -5_000, 5_000, math.nan, math.inf, -math.inf, 10**400]),
)


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, float, Payload, bool]:
    event = draw(st.sampled_from((*EVENTS, *EVENTS, "jump", "")))
    right = st.booleans().map(lambda full: payload_of(event, full=full))
    payload = draw(st.one_of(right, right, right, st.sampled_from(WRONG)))
    return event, draw(moments), payload, draw(st.integers(0, 5)) == 0


def problems(before: Run, after: Run) -> Iterator[str]:
    """What no transition of a run may ever do, typed here once more and not taken from the table."""
    row = PRESENCE[after.status]
    for field, word in row.items():
        if word != "free" and (getattr(after, field) is None) is not (word == "null"):
            yield f"{field} is not {word} in {after.status}"
    for field in STAMPS:
        old, new = getattr(before, field), getattr(after, field)
        if old is not None and (new is None or new < old):
            yield f"{field} went from {old} to {new}"
    for field in oracle.IDENTITY:
        if getattr(before, field) != getattr(after, field):
            yield f"{field} changed"
    if after.status not in oracle.TERMINAL and after.usage is not None:
        yield "usage on a live run"
    if before.status in oracle.TERMINAL:
        yield f"{before.status} is no end"
    if oracle.CELLS.get((before.status, event_between(before, after))) != after.status:
        yield f"{before.status} -> {after.status} is in no cell"


def event_between(before: Run, after: Run) -> str:
    found = [e for (s, e), target in oracle.CELLS.items() if (s, target) == (before.status, after.status)]
    return found[0] if found else ""


@given(st.lists(steps(), max_size=12))
def test_any_sequence_of_events_gives_right_records_or_leaves_everything_as_it_was(
    sequence: list[tuple[str, float, Payload, bool]],
) -> None:
    now: float = 1000
    current = create(at=now, **NAMES).run
    for event, moment, payload, strict in sequence:
        at = now + moment
        before = copy.deepcopy(current)
        outcome = attempt(current, event, at=at, strict=strict, **payload)
        assert (current, repr(current)) == (before, repr(before))
        if isinstance(outcome, RunstateError):
            assert isinstance(outcome, UnknownEvent | IllegalTransition | BadPayload | GuardFailed | BadRecord)
        else:
            assert list(problems(before, outcome.run)) == []
            latest = max(value for value in (getattr(before, field) for field in STAMPS) if value is not None)
            assert (outcome.change.source, outcome.change.target) == (before.status, outcome.run.status)
            assert (outcome.change.at, outcome.change.clamped_from) == (max(at, latest), at if at < latest else None)
            current = outcome.run
            now = at if abs(at) < 10**6 else now


@given(st.lists(st.sampled_from(oracle.EVENTS), max_size=12), st.integers(0, 3))
def test_events_with_right_payloads_go_exactly_the_way_of_the_oracle(events: list[str], pace: int) -> None:
    current, started = create(at=1000, **NAMES).run, False
    for number, event in enumerate(events):
        at = 2000 + number * pace
        expected = oracle.CELLS[current.status, event]
        if oracle.GUARDS.get((current.status, event)) == "started_at is set" and not started:
            expected = None
        outcome = attempt(current, event, at=at, **payload_of(event))
        if isinstance(outcome, RunstateError):
            assert expected is None
        else:
            assert outcome.run.status == expected
            started = started or event == "start"
            current = outcome.run


def test_the_checks_of_a_transition_can_fail() -> None:
    assert list(problems(run("in_progress"), run("queued"))) == [
        "started_at went from 1001 to None",
        "in_progress -> queued is in no cell",
    ]
    assert list(problems(run("completed"), run("completed", id="run_2", completed_at=1001))) == [
        "completed_at went from 1002 to 1001",
        "id changed",
        "completed is no end",
        "completed -> completed is in no cell",
    ]


# --- refusals ---------------------------------------------------------------------------------------------------------

ENDED = sorted(oracle.TERMINAL)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("event", [*EVENTS, "jump"])
@pytest.mark.parametrize("status", ENDED)
def test_an_ended_run_accepts_nothing(status: str, event: str, strict: bool) -> None:
    before = run(status)
    refused = attempt(before, event, at=2000, strict=strict, **payload_of(event))
    assert isinstance(refused, UnknownEvent if event == "jump" else AlreadyTerminal)
    assert (refused.status, refused.event, refused.allowed) == (status, event, ())
    assert before == run(status)


@pytest.mark.parametrize("status", ENDED)
def test_an_ended_run_may_do_nothing_and_nothing_is_due(status: str) -> None:
    assert (may(run(status)), may(run(status), at=9999), due(run(status), 9999)) == ((), (), ())


def allowed(status: str, *, strict: bool = False) -> tuple[str, ...]:
    legal = [event for event in oracle.EVENTS if oracle.CELLS[status, event]]
    return tuple(event for event in legal if not (strict and (status, event) in oracle.INFERRED))


REFUSED = [pair for pair, target in oracle.CELLS.items() if target is None and pair[0] not in oracle.TERMINAL]


@pytest.mark.parametrize(("status", "event"), [*REFUSED, *((status, "create") for status in PRESENCE)])
def test_an_illegal_event_is_refused_with_status_event_allowed_and_reason(status: str, event: str) -> None:
    with pytest.raises(IllegalTransition) as caught:
        apply(run(status), event, at=2000, **payload_of(event))
    found = caught.value
    assert (found.lifecycle, found.status, found.event) == ("openai.assistants.run", status, event)
    assert sorted(found.allowed) == sorted(allowed(status))
    assert found.reason
    assert found.advice


def test_the_allowed_events_come_in_the_order_of_the_table() -> None:
    with pytest.raises(IllegalTransition) as caught:
        apply(run("in_progress"), "start", at=2000)
    assert caught.value.allowed == ("require_action", "complete", "end_incomplete", "fail", "cancel", "expire")
    assert caught.value.advice == "It is legal from queued."
    assert str(caught.value).startswith("openai.assistants.run: 'start' in status 'in_progress': the table has no such")


@pytest.mark.parametrize("event", ["jump", "", "START", "thread.run.completed", "to_completed"])
@pytest.mark.parametrize("status", PRESENCE)
def test_an_unknown_event_is_refused_with_the_known_ones(status: str, event: str) -> None:
    with pytest.raises(UnknownEvent) as caught:
        apply(run(status), event, at=2000)
    found = caught.value
    assert (found.status, found.event, found.known) == (status, event, EVENTS)
    assert sorted(found.allowed) == sorted(allowed(status))


@pytest.mark.parametrize("pair", [pair for pair, target in oracle.CELLS.items() if target], ids="-".join)
def test_strict_refuses_exactly_the_inferred_transitions(pair: tuple[str, str]) -> None:
    status, event = pair
    before = run(status, started_at=1001)
    loose = attempt(before, event, at=1600, **payload_of(event))
    strict = attempt(before, event, at=1600, strict=True, **payload_of(event))
    assert isinstance(loose, Applied)
    assert loose.change.inferred is (pair in oracle.INFERRED)
    if pair in oracle.INFERRED:
        assert type(strict) is IllegalTransition
        assert sorted(strict.allowed) == sorted(allowed(status, strict=True))
        assert "inferred" in strict.reason
    else:
        assert loose == strict


@pytest.mark.parametrize(
    ("event", "payload", "key", "seen"),
    [
        ("complete", {"colour": "red"}, "colour", "red"),
        ("complete", {"last_error": LastError("x")}, "last_error", LastError("x")),
        ("complete", {"completed_at": 5}, "completed_at", 5),
        ("cancel", {"usage": Usage(1, 2)}, "usage", Usage(1, 2)),
        ("fail", {}, "last_error", None),
        ("fail", {"last_error": None}, "last_error", None),
        ("require_action", {}, "required_action", None),
        ("complete", {"ttl": 5}, "ttl", 5),
    ],
)
def test_a_wrong_argument_is_refused_by_name(event: str, payload: Payload, key: str, seen: object) -> None:
    before = run("in_progress")
    with pytest.raises(BadPayload) as caught:
        apply(before, event, at=1100, **payload)
    found = caught.value
    assert (found.key, found.seen, found.status, found.event) == (key, seen, "in_progress", event)
    assert sorted(found.allowed) == sorted(allowed("in_progress"))
    assert before == run("in_progress")


def test_the_refusal_of_an_argument_says_what_the_event_takes() -> None:
    with pytest.raises(BadPayload) as caught:
        apply(run("in_progress"), "fail", at=1100, colour="red")
    assert (caught.value.takes, caught.value.key) == (("last_error", "usage"), "colour")
    assert "'fail' takes last_error, usage." in str(caught.value)


@pytest.mark.parametrize("at", [-1, -0.5, math.nan, math.inf, -math.inf, True, False, "1100", None, [1100]])
def test_a_time_that_is_none_is_refused(at: Any) -> None:
    with pytest.raises(BadPayload) as caught:
        apply(run("in_progress"), "complete", at=at)
    with pytest.raises(BadPayload) as made:
        create(at=at, **NAMES)
    assert (caught.value.key, made.value.key) == ("at", "at")


def test_times_far_away_are_times() -> None:
    assert apply(run("in_progress"), "complete", at=10**400).run.completed_at == 10**400
    assert create(at=0, **NAMES).run.created_at == 0


@pytest.mark.parametrize(
    ("event", "payload", "field"),
    [
        ("complete", {"usage": "many"}, "usage"),
        ("complete", {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}, "usage"),
        ("fail", {"last_error": "server_error"}, "last_error"),
        ("require_action", {"required_action": {"type": "submit_tool_outputs"}}, "required_action"),
        ("end_incomplete", {"incomplete_details": "max_tokens"}, "incomplete_details"),
    ],
)
def test_a_payload_of_the_wrong_kind_makes_no_record(event: str, payload: Payload, field: str) -> None:
    before = run("in_progress")
    with pytest.raises(BadRecord) as caught:
        apply(before, event, at=1100, **payload)
    assert (caught.value.field, caught.value.value) == (field, payload[field])
    assert before == run("in_progress")


# --- guards -----------------------------------------------------------------------------------------------------------

BY_MAPPING = [{"tool_call_id": "call_1", "output": "3"}, {"tool_call_id": "call_2", "output": "4"}]


@pytest.mark.parametrize("outputs", [[ONE, TWO], (ONE, TWO), [TWO, ONE], BY_MAPPING, [ONE, BY_MAPPING[1]]])
def test_outputs_for_every_open_call_are_taken_in_any_order_and_form(outputs: Any) -> None:
    after = apply(run("requires_action"), "submit_tool_outputs", at=1100, tool_outputs=outputs).run
    assert (after.status, after.required_action, after.started_at) == ("queued", None, 1001)


@pytest.mark.parametrize(
    ("outputs", "seen"),
    [
        ([], {"missing": ("call_1", "call_2"), "unknown": (), "repeated": ()}),
        ([TWO], {"missing": ("call_1",), "unknown": (), "repeated": ()}),
        ([ONE, ToolOutput("call_3")], {"missing": ("call_2",), "unknown": ("call_3",), "repeated": ()}),
        ([ONE, TWO, ToolOutput("call_3")], {"missing": (), "unknown": ("call_3",), "repeated": ()}),
        ([ONE, TWO, ONE], {"missing": (), "unknown": (), "repeated": ("call_1",)}),
        ([ONE, ONE], {"missing": ("call_2",), "unknown": (), "repeated": ("call_1",)}),
        ([ONE, TWO, {"output": "5"}], {"missing": (), "unknown": (None,), "repeated": ()}),
        ([ONE, TWO, 7], {"missing": (), "unknown": (None,), "repeated": ()}),
        ([ONE, {"tool_call_id": ["call_2"]}], {"missing": ("call_2",), "unknown": (None,), "repeated": ()}),
        ("call_1", "call_1"),
        ("", ""),
        (0, 0),
        ({"call_1": "3", "call_2": "4"}, {"call_1": "3", "call_2": "4"}),
    ],
)
def test_outputs_that_do_not_cover_the_open_calls_once_each_are_refused(outputs: Any, seen: object) -> None:
    before = run("requires_action")
    with pytest.raises(GuardFailed) as caught:
        apply(before, "submit_tool_outputs", at=1100, tool_outputs=outputs)
    found = caught.value
    assert (found.guard, found.seen) == ("outputs_cover_every_tool_call", seen)
    assert (found.status, found.event) == ("requires_action", "submit_tool_outputs")
    assert sorted(found.allowed) == sorted(allowed("requires_action"))
    assert before == run("requires_action")


def test_outputs_cannot_be_left_out() -> None:
    with pytest.raises(BadPayload) as caught:
        apply(run("requires_action"), "submit_tool_outputs", at=1100)
    assert caught.value.key == "tool_outputs"


@pytest.mark.parametrize("event", ["complete", "end_incomplete"])
def test_a_cancelled_run_that_never_started_did_nothing_that_could_complete(event: str) -> None:
    with pytest.raises(GuardFailed) as caught:
        apply(run("cancelling"), event, at=1100)
    assert (caught.value.guard, caught.value.seen) == ("started_at is set", {"now": 1100, "started_at": None})
    after = apply(run("cancelling", started_at=1001), event, at=1100).run
    assert (after.status, after.started_at, after.completed_at) == (oracle.CELLS["cancelling", event], 1001, 1100)


@pytest.mark.parametrize("status", ["queued", "in_progress", "requires_action", "cancelling"])
@pytest.mark.parametrize(
    ("at", "passes"), [(1100, False), (1599, False), (1599.999, False), (1600, True), (1600.5, True), (9999, True)]
)
def test_a_run_expires_at_its_deadline_and_not_before(status: str, at: float, passes: bool) -> None:
    outcome = attempt(run(status), "expire", at=at)
    assert (("expire",) if passes else ()) == due(run(status), at)
    assert ("expire" in may(run(status), at=at)) is passes
    if passes:
        assert isinstance(outcome, Applied)
        assert (outcome.run.status, outcome.run.expires_at, outcome.run.completed_at) == ("expired", None, None)
    else:
        assert isinstance(outcome, GuardFailed)
        assert (outcome.guard, outcome.seen) == ("now >= expires_at", {"now": at, "expires_at": 1600})


def test_until_a_run_is_expired_every_other_event_stays_legal_however_late() -> None:
    assert apply(run("in_progress"), "complete", at=10**6).run.completed_at == 10**6
    assert apply(run("queued"), "start", at=10**6).run.started_at == 10**6


# --- may and due agree with apply -------------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("at", [0, 999, 1000.5, 1001, 1599.9, 1600, 2000])
@pytest.mark.parametrize("status", PRESENCE)
def test_an_event_may_happen_exactly_where_a_right_payload_makes_it_happen(
    status: str, at: float, strict: bool
) -> None:
    free = PRESENCE[status]["started_at"] == "free"
    late = {"started_at": 1700} if status in {"in_progress", "requires_action"} else {}
    for record in (run(status), *([run(status, started_at=1001)] if free else []), run(status, **late)):
        happened = {
            event
            for event in (*EVENTS, "jump")
            if isinstance(attempt(record, event, at=at, strict=strict, **payload_of(event)), Applied)
        }
        assert set(may(record, at=at, strict=strict)) == happened
        assert set(due(record, at, strict=strict)) == happened & {"expire"}


def test_without_a_time_deadlines_are_not_weighed() -> None:
    assert may(run("queued")) == ("start", "fail", "cancel", "expire")
    assert may(run("queued"), at=1100) == ("start", "fail", "cancel")
    assert may(run("queued"), strict=True) == ("start",)
    assert may(run("cancelling")) == ("confirm_cancel", "fail", "expire")
    assert due(run("queued"), 1600, strict=True) == ()


def test_payload_is_never_weighed() -> None:
    assert may(run("requires_action")) == ("submit_tool_outputs", "fail", "cancel", "expire")


def test_a_clock_behind_the_stamps_counts_as_the_latest_stamp_for_deadlines_too() -> None:
    late = run("in_progress", started_at=1700)
    assert due(late, 1500) == ("expire",)
    assert "expire" in may(late, at=1500)
    assert apply(late, "expire", at=1500).run.status == "expired"


@pytest.mark.parametrize("pair", oracle.CELLS, ids="-".join)
def test_apply_agrees_with_the_machine_on_every_pair(pair: tuple[str, str]) -> None:
    status, event = pair
    record = run(status, **({"started_at": 1001} if status not in oracle.TERMINAL else {}))
    outcome = attempt(record, event, at=1600, **payload_of(event))
    assert (outcome.run.status if isinstance(outcome, Applied) else None) == rulebook(ASSISTANTS_RUN).fire(*pair)


def test_apply_asks_the_machine_and_not_the_literal(monkeypatch: pytest.MonkeyPatch) -> None:
    book = rulebook(ASSISTANTS_RUN)
    table = {pair: target for pair, target in book.table.items() if pair != ("queued", "start")}
    for module in ("engine", "compiled"):
        monkeypatch.setattr(f"runstate.{module}.rulebook", lambda _: attrs.evolve(book, table=table))
    steps_of.cache_clear()
    assert apply(run("queued"), "cancel", at=1100).run.status == "cancelling"
    with pytest.raises(IllegalTransition):
        apply(run("queued"), "start", at=1100)
    steps_of.cache_clear()


# --- times ------------------------------------------------------------------------------------------------------------


def test_stamps_are_floored_to_whole_seconds() -> None:
    made = create(at=1000.9, **NAMES)
    assert (made.run.created_at, made.run.expires_at, made.change.at) == (1000, 1600, 1000.9)
    started = apply(made.run, "start", at=1001.999)
    assert (started.run.started_at, started.change.at) == (1001, 1001.999)
    assert type(started.run.started_at) is int


def test_a_clock_that_steps_back_is_clamped_and_the_change_says_so() -> None:
    applied = apply(run("in_progress"), "complete", at=900)
    assert applied.run.completed_at == 1001
    assert (applied.change.at, applied.change.clamped_from) == (1001, 900)


@pytest.mark.parametrize("at", [1001, 1001.5, 1002])
def test_a_clock_that_does_not_step_back_is_not_clamped(at: float) -> None:
    change = apply(run("in_progress"), "complete", at=at).change
    assert (change.at, change.clamped_from) == (at, None)


def test_a_step_back_within_the_second_of_the_stamp_is_none() -> None:
    made = create(at=1000.9, **NAMES).run
    started = apply(made, "start", at=1000.1)
    assert (started.run.started_at, started.change.at, started.change.clamped_from) == (1000, 1000.1, None)


def test_a_deadline_is_no_stamp_that_time_is_clamped_to() -> None:
    assert apply(run("queued"), "start", at=1100).change.clamped_from is None


def test_a_resume_stamps_the_start_again_and_leaves_the_deadline() -> None:
    waiting = run("requires_action")
    again = apply(apply(waiting, "submit_tool_outputs", at=1100, tool_outputs=[ONE, TWO]).run, "start", at=1101).run
    assert (waiting.started_at, again.started_at) == (1001, 1101)
    assert waiting.expires_at == again.expires_at == 1600


# --- what a change says -----------------------------------------------------------------------------------------------


def test_a_change_tells_everything_that_happened() -> None:
    change = apply(run("in_progress"), Event.FAIL, at=1100, last_error=LastError("x"), usage=Usage(1, 2)).change
    assert (change.lifecycle, change.event, change.source, change.target) == (
        "openai.assistants.run",
        "fail",
        "in_progress",
        "failed",
    )
    assert (change.at, change.clamped_from, change.inferred) == (1100, None, False)
    assert change.basis == {Basis.DOCUMENTED, Basis.OBSERVED}
    assert change.payload == {"last_error": LastError("x"), "usage": Usage(1, 2)}


def test_the_payload_of_a_change_shares_nothing_with_the_callers() -> None:
    outputs = [dict(BY_MAPPING[0]), dict(BY_MAPPING[1])]
    change = apply(run("requires_action"), "submit_tool_outputs", at=1100, tool_outputs=outputs).change
    outputs.clear()
    assert change.payload == {"tool_outputs": tuple(BY_MAPPING)}
    assert isinstance(change.payload, FrozenDict)


def test_payload_that_may_be_left_out_is_null_then() -> None:
    assert apply(run("in_progress"), "complete", at=1100).run.usage is None
    assert apply(run("in_progress"), "complete", at=1100, usage=None).run.usage is None
    assert apply(run("in_progress"), "complete", at=1100, usage=Usage(0, 0)).run.usage == Usage(0, 0)


def test_everything_else_of_the_record_is_kept() -> None:
    more: Payload = {"model": "gpt-4o", "metadata": {"k": "v"}, "temperature": 0.5, "file_ids": ["file_1"]}
    before = run("in_progress", **more)
    after = apply(before, "complete", at=1100).run
    changed = {f.name for f in attrs.fields(Run) if getattr(before, f.name) != getattr(after, f.name)}
    assert changed == {"status", "completed_at", "expires_at"}


# --- creation ---------------------------------------------------------------------------------------------------------


def test_a_run_is_created_queued_with_the_usual_time_to_live() -> None:
    made = create(at=1000, model="gpt-4o", metadata={"k": "v"}, **NAMES)
    assert made.run == run("queued", model="gpt-4o", metadata={"k": "v"})
    assert (made.change.event, made.change.source, made.change.target) == ("create", None, "queued")
    assert (made.change.at, made.change.clamped_from, made.change.payload) == (1000, None, {})
    assert made.change.basis == {Basis.DOCUMENTED, Basis.OBSERVED}


@pytest.mark.parametrize(
    ("at", "ttl", "expires_at"),
    [(1000, None, 1600), (1000, 1, 1001), (1000, 0.5, 1001), (1000.9, 10, 1010), (1000, 86_400, 87_400), (0, 2.1, 3)],
)
def test_a_run_expires_after_its_time_to_live(at: float, ttl: float | None, expires_at: int) -> None:
    assert create(at=at, ttl=ttl, **NAMES).run.expires_at == expires_at


@pytest.mark.parametrize("ttl", [0, -1, -0.5, math.nan, math.inf, "600", True, False])
def test_a_time_to_live_that_is_none_is_refused(ttl: Any) -> None:
    with pytest.raises(BadPayload) as caught:
        create(at=1000, ttl=ttl, **NAMES)
    assert (caught.value.key, caught.value.status, caught.value.takes) == ("ttl", None, ("at", "ttl"))


def test_a_record_without_a_deadline_takes_no_time_to_live() -> None:
    with pytest.raises(BadPayload) as caught:
        create(Message, at=1000, ttl=5, id="msg_1", thread_id="thread_1")
    assert (caught.value.key, caught.value.takes) == ("ttl", ("at",))


@pytest.mark.parametrize("field", [*sorted(oracle.FIELDS), "status"])
def test_what_the_lifecycle_writes_cannot_be_given(field: str) -> None:
    with pytest.raises(BadPayload) as caught:
        create(at=1000, **names(**{field: 1000}))
    assert (caught.value.key, caught.value.seen) == (field, 1000)
    assert "the lifecycle writes this field" in caught.value.reason


@pytest.mark.parametrize("field", NAMES)
def test_what_the_record_needs_cannot_be_left_out(field: str) -> None:
    with pytest.raises(BadPayload) as caught:
        create(at=1000, **{name: item for name, item in NAMES.items() if name != field})
    assert (caught.value.key, caught.value.seen) == (field, None)
    assert {"id", "assistant_id", "thread_id", "model"} <= set(caught.value.takes)
    assert not {"status", "created_at", "usage"} & set(caught.value.takes)


def test_what_the_record_does_not_have_cannot_be_given() -> None:
    with pytest.raises(BadPayload) as caught:
        create(at=1000, colour="red", **NAMES)
    assert (caught.value.key, caught.value.seen) == ("colour", "red")


def test_a_field_of_the_wrong_kind_makes_no_record() -> None:
    with pytest.raises(BadRecord) as caught:
        create(at=1000, **names(id=7))
    assert caught.value.field == "id"


def test_steps_and_messages_are_created_and_moved_alike() -> None:
    message = create(Message, at=1000, id="msg_1", thread_id="thread_1").run
    cut = apply(message, "end_incomplete", at=1005, incomplete_details=IncompleteDetails("max_tokens")).run
    assert (message.status, cut.status, cut.incomplete_at, cut.completed_at) == (
        "in_progress",
        "incomplete",
        1005,
        None,
    )
    of_step = names(id="step_1", run_id="run_1", type="tool_calls")
    step = create(RunStep, at=1000, expires_at=1600, **of_step).run
    done = apply(step, "complete", at=1005, usage=Usage(1, 2)).run
    assert (done.status, done.completed_at, done.usage, done.expires_at) == ("completed", 1005, Usage(1, 2), 1600)
    with pytest.raises(AlreadyTerminal):
        apply(done, "fail", at=1006, last_error=LastError("x"))


# --- another record with another lifecycle ----------------------------------------------------------------------------

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the literals


def _owner_is_known(ticket: Any, payload: Mapping[str, Any], _at: float) -> object:
    """None for an owner who is somebody else than before."""
    before = None if ticket is None else ticket.owner
    return None if payload["by"] not in {"nobody", before} else payload["by"]


TICKET = Lifecycle(
    name="help.ticket",
    initial={"new", "taken"},
    terminal={"solved", "dropped"},
    rows=(
        Row(None, To("open", "new", D), To("import", "taken", D), To("guess", "new", I)),
        Row("new", To("assign", "taken", D)),
        Row(
            "taken",
            To("assign", "taken", D),
            To("solve", "solved", D),
            To("lapse", "dropped", D),
        ),
        Row("solved", To("reopen", "taken", D, reopens=True)),
        Row("dropped"),
    ),
    verbs=(
        Verb("open", does=Effects(stamps="opened_at", takes={"subject": "subject"})),
        Verb(
            "import",
            does=Effects(
                stamps="opened_at", takes={"by": "owner"}, may_take={"subject": "subject"}, deadlines={"due_at": 100}
            ),
            guards=[named("owner is known")],
        ),
        Verb("guess"),
        Verb(
            "assign",
            does=Effects(stamps_once="assigned_at", takes={"by": "owner"}, deadlines={"due_at": 100}),
            guards=[named("owner is known")],
        ),
        Verb(
            "solve",
            does=Effects(stamps="solved_at", clears="due_at", may_take={"note": "note"}),
            guards=[is_set("assigned_at")],
        ),
        Verb("lapse", does=Effects(clears="due_at"), guards=[reached("due_at")]),
        Verb("reopen", does=Effects(clears="solved_at", deadlines={"due_at": 50})),
    ),
    fields={
        "opened_at": FieldKind.STAMP,
        "assigned_at": FieldKind.STAMP,
        "solved_at": FieldKind.STAMP,
        "due_at": FieldKind.DEADLINE,
        "subject": FieldKind.VALUE,
        "owner": FieldKind.VALUE,
        "note": FieldKind.VALUE,
    },
    id_field="key",
    status_field="state",
    guard_functions={"owner is known": _owner_is_known},
)


@attrs.frozen(kw_only=True)
class Ticket:
    """A record of somebody else: it names its status otherwise, and checks nothing itself."""

    __lifecycle__: ClassVar[Lifecycle] = TICKET

    key: str
    state: str
    urgent: bool = False
    opened_at: int | None = None
    assigned_at: int | None = None
    solved_at: int | None = None
    due_at: int | None  # no default: creation writes null
    subject: str | None = None
    owner: str | None = None
    note: str | None = None


def test_another_record_goes_through_its_own_life() -> None:
    opened = create(Ticket, at=10, event="open", key="T-1", urgent=True, subject="Help").run
    assert opened == Ticket(key="T-1", state="new", urgent=True, opened_at=10, due_at=None, subject="Help")
    taken = apply(opened, "assign", at=20, by="Ann").run
    assert (taken.state, taken.owner, taken.assigned_at, taken.due_at) == ("taken", "Ann", 20, 120)
    again = apply(taken, "assign", at=30, by="Bob").run
    assert (again.owner, again.assigned_at, again.due_at) == ("Bob", 20, 130)
    solved = apply(again, "solve", at=40, note="Done.").run
    assert (solved.state, solved.solved_at, solved.due_at, solved.note) == ("solved", 40, None, "Done.")
    reopened = apply(solved, "reopen", at=50).run
    assert (reopened.state, reopened.solved_at, reopened.due_at, reopened.note) == ("taken", None, 100, "Done.")
    dropped = apply(reopened, "lapse", at=100).run
    assert (dropped.state, dropped.urgent, dropped.key) == ("dropped", True, "T-1")
    keep_rules(dropped)


def test_of_several_creations_one_must_be_named() -> None:
    with pytest.raises(UnknownEvent) as caught:
        create(Ticket, at=10, key="T-1")
    assert (caught.value.status, caught.value.allowed, caught.value.known) == (
        None,
        ("open", "import", "guess"),
        ("open", "import", "guess"),
    )


def test_creations_differ_in_what_they_take_and_do() -> None:
    imported = create(Ticket, at=10, event="import", key="T-1", by="Ann").run
    assert (imported.state, imported.owner, imported.subject, imported.due_at) == ("taken", "Ann", None, 110)
    with pytest.raises(BadPayload) as caught:
        create(Ticket, at=10, event="open", key="T-1", by="Ann", subject="Help")
    assert caught.value.key == "by"
    with pytest.raises(BadPayload) as missing:
        create(Ticket, at=10, event="open", key="T-1")
    assert (missing.value.key, missing.value.takes) == ("subject", ("subject",))
    with pytest.raises(BadPayload) as written:
        create(Ticket, at=10, event="import", key="T-1", by="Ann", owner="Bob")
    assert written.value.key == "owner"


def test_a_creation_is_guarded_and_refused_like_any_other_event() -> None:
    with pytest.raises(GuardFailed) as guarded:
        create(Ticket, at=10, event="import", key="T-1", by="nobody")
    assert (guarded.value.guard, guarded.value.seen, guarded.value.status) == ("owner is known", "nobody", None)
    with pytest.raises(IllegalTransition) as later:
        create(Ticket, at=10, event="solve", key="T-1")
    assert (later.value.status, later.value.allowed) == (None, ("open", "import", "guess"))
    with pytest.raises(UnknownEvent):
        create(Ticket, at=10, event="jump", key="T-1")
    with pytest.raises(IllegalTransition) as inferred:
        create(Ticket, at=10, event="guess", key="T-1", strict=True)
    assert inferred.value.allowed == ("open", "import")


def test_a_named_guard_sees_the_record_the_payload_and_the_time() -> None:
    taken = create(Ticket, at=10, event="import", key="T-1", by="Ann").run
    with pytest.raises(GuardFailed) as caught:
        apply(taken, "assign", at=20, by="Ann")
    assert caught.value.seen == "Ann"
    assert may(taken, at=20) == ("assign",)


def test_a_reopened_record_may_be_moved_from_its_end_and_by_nothing_else() -> None:
    solved = Ticket(key="T-1", state="solved", opened_at=1, assigned_at=2, solved_at=3, due_at=None, owner="Ann")
    assert may(solved) == ("reopen",)
    with pytest.raises(AlreadyTerminal) as caught:
        apply(solved, "solve", at=20)
    assert caught.value.allowed == ("reopen",)


def test_time_to_live_goes_to_the_deadline_of_the_event() -> None:
    taken = create(Ticket, at=10, event="import", ttl=7, key="T-1", by="Ann").run
    assert taken.due_at == 17
    assert apply(taken, "assign", at=20, ttl=3, by="Bob").run.due_at == 23
    assert apply(taken, "assign", at=20, by="Bob").run.due_at == 120


def test_a_record_that_checks_nothing_is_checked_all_the_same() -> None:
    opened = create(Ticket, at=10, event="open", key="T-1", subject="Help").run
    wrong = attrs.evolve(opened, solved_at=10)
    with pytest.raises(BadRecord) as caught:
        apply(wrong, "assign", at=20, by="Ann")
    assert (caught.value.record, caught.value.field, caught.value.rule) == ("Ticket", "solved_at", "RS203")


@pytest.mark.parametrize("state", ["asleep", "", None, 7, ["new"]])
def test_a_record_whose_status_is_none_of_its_lifecycle_is_refused(state: Any) -> None:
    lost = Ticket(key="T-1", state=state, due_at=None)
    asked: tuple[Callable[[], object], ...] = (
        lambda: apply(lost, "solve", at=20),
        lambda: may(lost),
        lambda: due(lost, 20),
    )
    for ask in asked:
        with pytest.raises(BadRecord) as caught:
            ask()
        found = caught.value
        assert (found.record, found.field, found.rule, found.value) == ("Ticket", "state", "RS106", state)
        assert found.allowed == "new, taken, solved, dropped"


@pytest.mark.parametrize("record", [object(), 7, None, FrozenDict({"status": "queued"})])
def test_what_has_no_lifecycle_is_no_record(record: Any) -> None:
    for ask in (lambda: apply(record, "start", at=1), lambda: may(record), lambda: due(record, 1)):
        with pytest.raises(BadRecord) as caught:
            ask()
        assert caught.value.field == "__lifecycle__"
    with pytest.raises(BadRecord):
        create(type(record), at=1)


# --- any record with any lifecycle ------------------------------------------------------------------------------------


def thing(lifecycle: Lifecycle) -> type[Any]:
    """A record class of just the fields that the lifecycle knows."""
    fields = {"status": attrs.field(), **{name: attrs.field(default=None) for name in FIELDS}}
    made: type[Any] = attrs.make_class(
        "Thing", fields, class_body={"__lifecycle__": lifecycle}, frozen=True, kw_only=True, slots=True
    )
    return made


def words(edge: Transition, *, full: bool) -> Payload:
    return dict.fromkeys((*edge.does.takes, *(edge.does.may_take if full else ())), "text")


def events_of(edges: Iterable[Transition]) -> list[str]:
    return [edge.event for edge in edges]


@given(lifecycle=lifecycles(guarded=True), data=st.data())
def test_any_record_goes_where_its_lifecycle_says_and_keeps_its_rules(
    lifecycle: Lifecycle, data: st.DataObject
) -> None:
    """A right payload is refused for a guard or because the table has no such transition, and for nothing else."""
    full, book = data.draw(st.booleans()), rulebook(lifecycle)
    begin = data.draw(st.sampled_from(lifecycle.legal(None)))
    current = create(thing(lifecycle), at=100, event=begin.event, **words(begin, full=full)).run
    assert current.status == begin.target
    for _ in range(data.draw(st.integers(0, 8))):
        event = data.draw(st.sampled_from((*lifecycle.events, *events_of(lifecycle.legal(current.status)))))
        at = data.draw(st.integers(90, 120))
        edge = lifecycle.transition(current.status, event)
        outcome = attempt(current, event, at=at, **({} if edge is None else words(edge, full=full)))
        fails = edge is not None and any(getattr(current, guard.argument) is None for guard in edge.guards)
        assert (event in may(current, at=at)) is isinstance(outcome, Applied)
        if isinstance(outcome, Applied):
            assert not fails
            assert outcome.run.status == book.fire(current.status, event) == book.table[current.status, event]
            keep_rules(outcome.run)
            stamps = {name: getattr(current, name) for name in ("made_at", "moved_at")}
            assert [n for n, old in stamps.items() if (getattr(outcome.run, n) or old or 0) < (old or 0)] == []
            current = outcome.run
        else:
            assert isinstance(outcome, CallerError)
            assert type(outcome) in ({GuardFailed} if fails else {IllegalTransition, AlreadyTerminal})
            assert (book.fire(current.status, event) is None) is not fails
            assert outcome.allowed == tuple(events_of(lifecycle.legal(current.status)))
