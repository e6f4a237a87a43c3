from __future__ import annotations

import copy
import json
import os
import re
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from runstate.conformance.agui import CODES, EVENT_TYPES, RULES, AguiJudge, Fault, Stage
from runstate.conformance.agui.rules import Rule
from runstate.conformance.agui.shapes import clean
from runstate.conformance.agui.values import ABSENT, identity, printable
from runstate.conformance.findings import CODES as SHARED_CODES
from runstate.conformance.findings import Severity
from runstate.frozen import freeze
from runstate.lifecycle import Basis, Lifecycle
from runstate.lifecycles.agui import AGUI_ENTITIES, AGUI_RUN, AGUI_SUBAGENT, AguiRunStatus
from tests.agui_generator import TYPES, stream, streams
from tools import agui as tool

Event = dict[str, Any]

START: Event = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISH: Event = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}
ERROR: Event = {"type": "RUN_ERROR", "message": "no"}


def event(kind: str, **fields: Any) -> Event:
    return {"type": kind, **fields}


def text(kind: str, name: str = "m", **fields: Any) -> Event:
    return event(f"TEXT_MESSAGE_{kind}", messageId=name, **fields)


def agent(kind: str, name: str = "s", **fields: Any) -> Event:
    return event(f"SUBAGENT_{kind}", subagentRunId=name, **fields)


def call(kind: str, name: str = "c", **fields: Any) -> Event:
    more = {"toolCallName": "f"} if kind == "START" else {}
    return event(f"TOOL_CALL_{kind}", toolCallId=name, **more, **fields)


STARTED = event("SUBAGENT_STARTED", subagentRunId="s", name="n")


def judge_of(*events: object, stage: Stage = "stream", draft: bool = False) -> tuple[AguiJudge, list[Fault]]:
    judge = AguiJudge(stage=stage, draft=draft)
    return judge, [fault for one in events for fault in judge.feed(one)]


def errors(*events: object, stage: Stage = "stream", draft: bool = False) -> list[tuple[int, str]]:
    _, faults = judge_of(*events, stage=stage, draft=draft)
    return [(fault.index, fault.rule) for fault in faults if fault.severity is Severity.ERROR]


# --- the lifecycles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lifecycle", [AGUI_RUN, *AGUI_ENTITIES], ids=lambda lifecycle: lifecycle.name)
def test_every_edge_is_documented_and_enforced(lifecycle: Lifecycle) -> None:
    assert all(edge.basis == {Basis.DOCUMENTED, Basis.ENFORCED} for edge in lifecycle.transitions)


def test_a_run_has_no_status_before_its_first_event_and_no_last_one() -> None:
    assert {edge.wire for edge in AGUI_RUN.legal(None)} == {("RUN_STARTED",), ("RUN_ERROR",)}
    assert all(AGUI_RUN.legal(status) for status in AGUI_RUN.terminal)


def test_all_but_subagents_can_be_opened_again() -> None:
    again = {lifecycle.name: bool(lifecycle.legal(next(iter(lifecycle.terminal)))) for lifecycle in AGUI_ENTITIES}
    assert [name for name, can in again.items() if not can] == [AGUI_SUBAGENT.name]


def test_each_event_type_belongs_to_one_lifecycle() -> None:
    wires = [wire for lifecycle in (AGUI_RUN, *AGUI_ENTITIES) for verb in lifecycle.verbs for wire in verb.wire]
    assert len(wires) == len(set(wires))
    assert set(wires) < set(EVENT_TYPES)
    assert set(EVENT_TYPES) == set(TYPES)


# --- the reference's verdicts -----------------------------------------------------------------------------------------


def refused_at(judge: AguiJudge) -> int | None:
    return None if judge.refusal is None else judge.refusal.index


def test_the_given_verdicts(oracles: Path) -> None:
    rows = [json.loads(line) for line in (oracles / "agui_verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        judge, _ = judge_of(*row["stream"])
        judge.close()
        assert refused_at(judge) == (None if row["accepted"] else row["events_before_error"]), row["name"]
    assert len(rows) == 699


def test_the_conformance_fixtures(recordings: Path) -> None:
    file = recordings / "protocols" / "agui_conformance_fixtures.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    wrong: dict[bool, list[str]] = {False: [], True: []}
    for row in rows:
        for draft, names in wrong.items():
            judge, _ = judge_of(*row["stream"], draft=draft)
            judge.close()
            if (judge.refusal is None) != (row["expect"]["outcome"] == "completed"):
                names.append(row["name"])
    assert Counter(row["spec"] for row in rows) == {"1.1": 18, "draft": 4}
    assert wrong == {False: [row["name"] for row in rows if row["spec"] == "draft"], True: []}


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@pytest.mark.parametrize("stage", tool.STAGES)
def test_the_frozen_verdicts(stage: Stage) -> None:
    about, rows = tool.thawed()
    counts: Counter[str | None] = Counter()
    different: list[object] = []
    for events, verdicts in rows:
        ours = tool.judged(events, stage)
        counts[ours[1]] += 1
        if not tool.same(ours, verdicts[stage]):
            different.append((events, ours, verdicts[stage]))
    assert different == []
    assert counts.total() == about["count"] >= 20_000


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
def test_the_frozen_verdicts_refuse_each_rule_often() -> None:
    counts: Counter[str | None] = Counter()
    for _, verdicts in tool.thawed()[1]:
        counts[verdicts["stream"][1]] += 1
        counts["malformed"] += verdicts["client"][1] == "malformed"
    errors_of_1_0 = {rule.name for rule in RULES.values() if rule.severity is Severity.ERROR} | {"malformed"}
    rare = {rule: counts[rule] for rule in errors_of_1_0 - {"outcome_no_object"} if counts[rule] < 50}
    assert rare == {}
    assert counts[None] >= 5_000


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
def test_the_frozen_streams_are_those_of_the_generator() -> None:
    about, rows = tool.thawed()
    for number, (events, _) in zip(range(500), rows, strict=False):
        assert events == stream(about["seed"], number)


@pytest.mark.long
def test_fresh_streams_beside_the_reference() -> None:
    try:
        folder = tool.install(Path(os.environ["RUNSTATE_AGUI"]) if "RUNSTATE_AGUI" in os.environ else None)
    except tool.NoReference as missing:
        if os.environ.get("CI") and "not found on PATH" not in str(missing):
            pytest.fail(f"CI has node and must not skip what needs it: {missing}", pytrace=False)
        pytest.skip(f"the reference verifier is not here: {missing}")
    seed = int(os.environ.get("RUNSTATE_AGUI_SEED", secrets.randbits(32)))
    count = int(os.environ.get("RUNSTATE_AGUI_COUNT", "60000"))
    counts, differences = tool.compare(seed, count, folder)
    assert differences == [], f"seed {seed}"
    assert all(each.total() == count for each in counts.values())


def test_a_stream_is_the_same_each_time_and_another_with_another_seed() -> None:
    assert list(streams(1, 30)) == list(streams(1, 30)) != list(streams(2, 30))
    assert stream(1, 29) == list(streams(1, 30))[29]


def test_every_message_of_the_reference_has_a_rule_or_is_an_error() -> None:
    assert tool.rule_of("First event must be 'RUN_STARTED'") == "run_not_started"
    with pytest.raises(ValueError, match="no rule is known"):
        tool.rule_of("something new")


def test_without_node_the_reference_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(tool.NoReference, match="node and npm not found on PATH"):
        tool.install()


# --- rule by rule -----------------------------------------------------------------------------------------------------

OWNED = text("START", subagentRunId="s")
CASES: dict[str, tuple[object, ...]] = {
    "not_an_event": (START, None),
    "run_failed": (START, ERROR, FINISH),
    "run_finished": (START, FINISH, text("START")),
    "run_not_started": (text("START"),),
    "run_active": (START, START),
    "subagent_run_id_null": (START, event("CUSTOM", name="n", value=1, subagentRunId=None)),
    "subagent_field_null": (START, {**STARTED, "description": None}),
    "subagent_outcome_unknown": (START, STARTED, agent("FINISHED", outcome={"type": "failed"})),
    "interrupt_ids_null": (START, STARTED, agent("FINISHED", outcome={"type": "suspended", "interruptIds": None})),
    "interrupt_id_no_string": (START, STARTED, agent("FINISHED", outcome={"type": "suspended", "interruptIds": [1]})),
    "interrupt_owner_null": (
        START,
        {**FINISH, "outcome": {"type": "interrupt", "interrupts": [{"id": "i", "reason": "x", "subagentRunId": None}]}},
    ),
    "step_already_open": (START, *[event("STEP_STARTED", stepName="x")] * 2),
    "step_not_open": (START, event("STEP_FINISHED", stepName="x")),
    "step_of_another": (
        START,
        event("STEP_STARTED", stepName="x"),
        event("STEP_FINISHED", stepName="x", subagentRunId="s"),
    ),
    "text_message_already_open": (START, text("START"), text("START")),
    "text_message_not_open": (START, text("CONTENT", delta="x")),
    "text_message_owner": (START, OWNED, text("CONTENT", delta="x", subagentRunId="other")),
    "reasoning_message_already_open": (START, *[event("REASONING_MESSAGE_START", messageId="x", role="reasoning")] * 2),
    "reasoning_message_not_open": (START, event("REASONING_MESSAGE_END", messageId="x")),
    "reasoning_message_owner": (
        START,
        event("REASONING_START", messageId="x", subagentRunId="s"),
        event("REASONING_MESSAGE_START", messageId="x", role="reasoning", subagentRunId="other"),
    ),
    "reasoning_span_already_open": (START, *[event("REASONING_START", messageId="x")] * 2),
    "reasoning_span_not_open": (START, event("REASONING_END", messageId="x")),
    "reasoning_span_owner": (
        START,
        event("REASONING_START", messageId="x"),
        event("REASONING_END", messageId="x", subagentRunId="s"),
    ),
    "tool_call_already_open": (START, call("START"), call("START")),
    "tool_call_not_open": (START, call("ARGS", delta="{}")),
    "tool_call_owner": (START, call("START"), call("END", subagentRunId="s")),
    "tool_call_parent_owner": (START, OWNED, call("START", parentMessageId="m", subagentRunId="other")),
    "tool_call_inherited_owner": (START, OWNED, call("START"), call("END"), call("START", parentMessageId="m")),
    "activity_owner": (
        START,
        event("ACTIVITY_SNAPSHOT", messageId="a", activityType="P", content={}),
        event("ACTIVITY_DELTA", messageId="a", activityType="P", patch=[], subagentRunId="s"),
    ),
    "encrypted_value_owner": (
        START,
        OWNED,
        event("REASONING_ENCRYPTED_VALUE", subtype="message", entityId="m", encryptedValue="x", subagentRunId="other"),
    ),
    "subagent_already_open": (START, STARTED, STARTED),
    "subagent_not_open": (START, agent("FINISHED")),
    "subagent_reused": (START, STARTED, agent("FINISHED"), STARTED),
    "subagent_parent_unknown": (START, {**STARTED, "parentSubagentRunId": "other"}),
    "subagent_id_missing": (START, event("SUBAGENT_STARTED", name="n")),
    "subagent_name_missing": (START, agent("STARTED")),
    "subagent_message_missing": (START, STARTED, agent("ERROR")),
    "message_owner_null": (START, event("MESSAGES_SNAPSHOT", messages=[{"id": "m", "subagentRunId": None}])),
    "messages_unreadable": (START, event("MESSAGES_SNAPSHOT", messages=[{"id": "m", "toolCalls": 1}])),
    "step_left_open": (START, event("STEP_STARTED", stepName="x"), FINISH),
    "text_message_left_open": (START, text("START"), FINISH),
    "reasoning_message_left_open": (
        START,
        event("REASONING_MESSAGE_START", messageId="x", role="reasoning"),
        FINISH,
    ),
    "reasoning_span_left_open": (START, event("REASONING_START", messageId="x"), FINISH),
    "tool_call_left_open": (START, call("START"), FINISH),
    "subagent_left_open": (START, STARTED, FINISH),
    "chunk_id_missing": (START, event("TEXT_MESSAGE_CHUNK", delta="x")),
    "chunk_name_missing": (START, event("TOOL_CALL_CHUNK", toolCallId="c", delta="x")),
    "chunk_ambiguous": (
        START,
        event("TEXT_MESSAGE_CHUNK", messageId="a", subagentRunId="s1"),
        event("TEXT_MESSAGE_CHUNK", messageId="b", subagentRunId="s2"),
        event("TEXT_MESSAGE_CHUNK", delta="x"),
    ),
    "chunk_owner": (
        START,
        event("TEXT_MESSAGE_CHUNK", messageId="a", delta="x"),
        event("TEXT_MESSAGE_CHUNK", messageId="a", subagentRunId="s"),
    ),
    "chunk_field": (
        START,
        event("TEXT_MESSAGE_CHUNK", messageId="a", delta="x"),
        event("TEXT_MESSAGE_CHUNK", messageId="a", delta="x", role="user"),
    ),
    "outcome_no_object": (START, {**FINISH, "outcome": [{"type": "success"}]}),
}
"""The smallest stream that breaks each rule, at its last event."""

SOFT: dict[str, tuple[object, ...]] = {
    "malformed": (START, text("START", role="wizard")),
    "unknown_event": (START, event("LATER_EVENT")),
    "interrupt_repeated": (
        START,
        {**FINISH, "outcome": {"type": "interrupt", "interrupts": [{"id": "i", "reason": "x"}] * 2}},
    ),
    "run_id_differs": (START, {**FINISH, "runId": "other"}),
    "thread_differs": (START, {**FINISH, "threadId": "other"}),
    "thread_changed": (START, FINISH, {**START, "threadId": "other"}),
    "resume_incomplete": (
        START,
        {**FINISH, "outcome": {"type": "interrupt", "interrupts": [{"id": "i", "reason": "x"}]}},
        {**START, "input": {"threadId": "t", "runId": "r", "messages": []}},
    ),
}
"""The same for the rules that are no errors by default."""


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_is_the_first_that_its_stream_breaks(rule: str) -> None:
    events = CASES[rule]
    judge, faults = judge_of(*events)
    judge.close()
    first = next(fault for fault in faults if fault.severity is Severity.ERROR)
    assert (first.index, first.rule) == (len(events) - 1, rule)
    assert judge.refusal == first
    assert first.code == RULES[rule].code
    assert "; allowed: " in first.message
    assert errors(*events[:-1]) == []


@pytest.mark.parametrize("rule", SOFT)
def test_what_the_verifier_accepts_is_no_error(rule: str) -> None:
    judge, faults = judge_of(*SOFT[rule])
    assert judge.refusal is None
    assert [fault.rule for fault in faults] == [rule]
    assert errors(*SOFT[rule], draft=True) == ([(len(SOFT[rule]) - 1, rule)] if RULES[rule].draft else [])


def test_every_rule_has_a_case() -> None:
    assert {*CASES, *SOFT, "run_left_open"} == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_has_a_code_of_its_weight(rule: Rule) -> None:
    code = {**SHARED_CODES, **CODES}[rule.code]
    lightest = Severity.ERROR if rule.name == "outcome_no_object" else rule.severity
    assert code.severity is rule.severity or (code.code, lightest) == ("RS434", Severity.ERROR)


def test_no_code_is_used_that_means_something_else() -> None:
    assert {rule.code for rule in RULES.values()} >= set(CODES)
    assert all(CODES[code] == SHARED_CODES[code] for code in CODES if code in SHARED_CODES)


# --- what is legal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "events",
    [
        (),
        (ERROR,),
        (START, ERROR, START, FINISH),
        (START, FINISH, ERROR),
        (START, FINISH, START, FINISH),
        (START, text("START"), text("END"), text("START"), text("END"), FINISH),
        (START, text("START"), ERROR, START, text("START"), text("END"), FINISH),  # a new run knows nothing of it
        (START, OWNED, text("CONTENT", delta="x"), text("END", subagentRunId="s"), FINISH),
        (START, event("STEP_STARTED", stepName="x"), event("STEP_STARTED", stepName="x", subagentRunId="")),
        (START, event("TOOL_CALL_RESULT", messageId="m", toolCallId="c", content="x"), FINISH),
        (START, STARTED, agent("ERROR", message="m"), FINISH),
        (START, STARTED, agent("FINISHED"), {**STARTED, "subagentRunId": "t", "parentSubagentRunId": "s"}),
        (
            START,
            event("REASONING_START", messageId="x"),
            event("REASONING_MESSAGE_START", messageId="x", role="reasoning"),
        ),
        (START, event("TEXT_MESSAGE_CHUNK", messageId="a", delta="x"), event("TEXT_MESSAGE_CHUNK", delta="y"), FINISH),
        (START, event("TEXT_MESSAGE_CHUNK", messageId="a"), event("TEXT_MESSAGE_CHUNK", messageId="b"), FINISH),
        (START, event("ACTIVITY_DELTA", messageId="a", activityType="P", patch=[], subagentRunId="s"), FINISH),
        (START, {**FINISH, "outcome": {"type": "cancelled"}}),
    ],
)
def test_legal_streams_have_no_finding(events: tuple[Event, ...]) -> None:
    assert judge_of(*events)[1] == []


def test_a_snapshot_hands_messages_over_and_the_input_of_a_run_does_not() -> None:
    owned = {"id": "m", "role": "assistant", "content": "x", "subagentRunId": "s"}
    taken = {**owned, "subagentRunId": "other"}
    given = {**START, "input": {"threadId": "t", "runId": "r", "messages": [owned, taken]}}
    reply = text("START", subagentRunId="other")
    assert errors(given, reply) == [(1, "text_message_owner")]
    assert errors(given, event("MESSAGES_SNAPSHOT", messages=[taken]), reply) == []


def test_verify_alone_looks_at_no_chunk() -> None:
    assert errors(START, event("TEXT_MESSAGE_CHUNK"), stage="verify") == []
    assert errors(START, event("TEXT_MESSAGE_CHUNK")) == [(1, "chunk_id_missing")]


def test_the_client_refuses_what_the_schema_refuses_and_leaves_out_what_it_does_not_know() -> None:
    assert errors(START, text("START", role="wizard"), stage="client")[0] == (1, "malformed")
    assert errors(event("LATER_EVENT"), START, stage="client") == []
    assert errors(event("LATER_EVENT"), START)[0] == (0, "run_not_started")
    outcome = {"type": "later", "interrupts": 1}
    assert errors(START, {**FINISH, "outcome": outcome}, stage="client") == []
    assert errors({"type": {"toString": 1}}, stage="client") == [(0, "malformed")]


def test_anything_may_be_fed() -> None:
    odds: list[object] = [1, "x", [], True, {"type": []}, {"type": None}, {}]
    for odd in odds:
        assert errors(START, odd, FINISH) == []
        assert errors(odd, START)[0] == (0, "run_not_started")


def test_feeding_changes_no_event() -> None:
    for events in streams(3, 80):
        before = copy.deepcopy(events)
        for stage in tool.STAGES:
            judge_of(*events, stage=stage)
        assert events == before


def test_read_only_events_are_judged_alike() -> None:
    for events in streams(4, 80):
        assert errors(*events) == errors(*map(freeze, events))


# --- after a fault ----------------------------------------------------------------------------------------------------


def test_all_that_is_left_open_is_reported() -> None:
    found = errors(START, text("START"), call("START"), STARTED, FINISH)
    assert found == [(4, "text_message_left_open"), (4, "tool_call_left_open"), (4, "subagent_left_open")]


def test_one_fault_does_not_bring_its_like_with_it() -> None:
    assert errors(START, *[text("CONTENT", delta="x")] * 3, text("END"), FINISH) == [(1, "text_message_not_open")]
    open_step, wrong_end = CASES["step_of_another"][1:]
    assert errors(START, open_step, wrong_end, FINISH) == [(2, "step_of_another")]
    assert errors(text("START"), text("END"), FINISH) == [(0, "run_not_started")]


def test_a_run_within_a_run_is_taken_for_the_next() -> None:
    judge, faults = judge_of(START, text("START"), {**START, "runId": "r2"}, {**FINISH, "runId": "r2"})
    assert [(fault.index, fault.rule) for fault in faults] == [(2, "run_active")]
    assert (judge.run_id, judge.runs, judge.status) == ("r2", 2, AguiRunStatus.CLOSED)


def test_each_event_after_the_end_is_a_fault_of_its_own() -> None:
    assert errors(START, FINISH, text("START"), text("END"), START, FINISH) == [
        (2, "run_finished"),
        (3, "run_finished"),
    ]


# --- what is known ----------------------------------------------------------------------------------------------------


def test_what_is_known_of_a_run() -> None:
    judge, _ = judge_of()
    assert (judge.status, judge.run_id, judge.open) == (None, None, ())
    assert judge.allowed == ("RUN_STARTED", "RUN_ERROR")
    for one in (START, text("START", "m1"), event("STEP_STARTED", stepName="x", subagentRunId="s")):
        judge.feed(one)
    assert (judge.status, judge.run_id, judge.thread_id) == (AguiRunStatus.ACTIVE, "r", "t")
    assert judge.open == (("agui.step", "x of 's'"), ("agui.text_message", "m1"))
    assert {"TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_START", "CUSTOM", "STEP_FINISHED"} < set(judge.allowed)
    assert not {"RUN_FINISHED", "RUN_STARTED", "TOOL_CALL_END", "STEP_CONTENT"} & set(judge.allowed)
    failed, _ = judge_of(START, text("START"), ERROR)
    assert (failed.status, failed.open, failed.allowed) == (AguiRunStatus.FAILED, (), ("RUN_STARTED",))


def test_the_outcome_of_a_run() -> None:
    for outcome, ended in (
        (None, "success"),
        ({"type": "interrupt"}, "interrupt"),
        ({"type": "cancelled"}, "cancelled"),
    ):
        finish = FINISH if outcome is None else {**FINISH, "outcome": outcome}
        assert judge_of(START, finish)[0].outcome == ended


def test_a_truncated_stream_is_a_warning_and_an_error_of_the_draft() -> None:
    for draft, severity in ((False, Severity.WARNING), (True, Severity.ERROR)):
        for events in ((), (START,), (START, text("START"))):
            judge, faults = judge_of(*events, draft=draft)
            closed = judge.close()
            assert faults == []
            assert [(fault.rule, fault.severity, fault.index) for fault in closed] == [
                ("run_left_open", severity, len(events))
            ]
    assert judge_of(START, FINISH)[0].close() == ()


def test_the_next_run_on_the_interrupts_answers_them() -> None:
    interrupts = [{"id": "i", "reason": "x"}, {"id": "k", "reason": "x"}]
    finish = {**FINISH, "outcome": {"type": "interrupt", "interrupts": interrupts}}
    given = {"threadId": "t", "runId": "r", "messages": [], "resume": [{"interruptId": "i", "status": "resolved"}]}
    _, faults = judge_of(START, finish, {**START, "input": given})
    assert [(fault.rule, fault.allowed) for fault in faults] == [("resume_incomplete", ("k",))]
    assert judge_of(START, finish, START)[1] == []  # nothing is said of what it resumes


# --- values -----------------------------------------------------------------------------------------------------------


def test_ids_are_told_apart_as_the_reference_does() -> None:
    different: list[object] = [ABSENT, None, "", "1", 1, True, False, 0, "None", [], [], {}, {}, float("inf")]
    assert len({identity(value) for value in different}) == len(different)
    assert identity(1) == identity(1.0)
    assert identity(10**400) == identity(float("inf"))
    assert identity(-(10**400)) == identity(float("-inf"))
    one: list[object] = []
    assert identity(one) == identity(one)
    assert repr(ABSENT) == "(absent)"


def test_what_can_be_printed() -> None:
    assert [printable(value) for value in ({}, [1, None], [{"toString": 1}], {"a": {"toString": 1}})] == [
        True,
        True,
        False,
        True,
    ]


def test_where_a_value_is_malformed() -> None:
    interrupt = {"id": 1, "reason": "x"}
    outcome = {"type": "interrupt", "interrupts": [interrupt]}
    _, faults = clean("RUN_FINISHED", {**FINISH, "outcome": outcome, "usage": [{"inputTokens": -1}], "extra": 1})
    assert {(fault.path, fault.allowed) for fault in faults} == {
        ("outcome.interrupts[0].id", "a string"),
        ("usage[0].inputTokens", "a whole number from 0"),
    }
    cleaned, faults = clean("RUN_FINISHED", {**FINISH, "extra": 1, "outcome": {"type": "later"}})
    assert (cleaned, faults) == (FINISH, ())
    assert clean("LATER_EVENT", {"x": 1}) == ({"x": 1}, ())


# --- the documentation ------------------------------------------------------------------------------------------------


def test_the_documentation_has_every_rule_with_its_code() -> None:
    rows = [
        line for line in (tool.ROOT / "docs" / "agui.md").read_text(encoding="utf-8").splitlines() if "| RS" in line
    ]
    written = {rule: row.split("|")[2].strip() for row in rows for rule in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert written == {rule.name: rule.code for rule in RULES.values()}
