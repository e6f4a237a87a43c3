"""The judge against the engine: what was driven is accepted, and every illegal edit of it is caught where it stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runstate.codec import encode
from runstate.conformance.check import check_bytes, judge, summarise
from runstate.conformance.findings import Finding, Severity
from runstate.conformance.monitor import Monitor
from runstate.edge import Limits
from runstate.engine import apply, create
from runstate.errors import IllegalTransition
from runstate.record import IncompleteDetails, LastError, RequiredAction, Run, ToolCall, Usage
from tests.oracle import CELLS, EVENTS, INFERRED, MUST, MUST_NOT, STATUSES, TERMINAL
from tests.test_monitor import CREATED, INFERRED_PAIRS, NEXT, VALUES, WIRE, WRONGLY_SET, event, paths, run

Json = dict[str, Any]


class Driven:
    """A history that the engine made: the record after each event, and which event it was."""

    def __init__(self, events: Sequence[str], runs: Sequence[Run]) -> None:
        self.events = tuple(events)
        self.runs = tuple(runs)

    def __repr__(self) -> str:
        seen = zip(self.events, self.runs, strict=True)
        return f"<{', '.join(f'{name}: {run.status} started {run.started_at}' for name, run in seen)}>"

    @property
    def statuses(self) -> list[str]:
        return [str(run.status) for run in self.runs]

    def stream(self) -> list[Json]:
        """As a server sends it: creation is announced twice."""
        first, *others = (plain(run) for run in self.runs)
        later = [event(WIRE[one["status"]], one) for one in others]
        return [event(CREATED, first), event(WIRE["queued"], first), *later]

    def polls(self) -> list[Json]:
        return [plain(run) for run in self.runs]


def plain(run: Run) -> Json:
    value: Json = json.loads(json.dumps(encode(run)))
    return value


def payload(name: str, run: Run) -> Json:
    match name:
        case "require_action":
            return {"required_action": RequiredAction.calls(ToolCall(id="call_1"), ToolCall(id="call_2"))}
        case "submit_tool_outputs":
            assert run.required_action is not None
            calls = run.required_action.submit_tool_outputs.tool_calls
            return {"tool_outputs": [{"tool_call_id": call.id, "output": "14:20"} for call in calls]}
        case "fail":
            return {"last_error": LastError("server_error", "Something went wrong."), "usage": Usage(0, 0)}
        case "end_incomplete":
            return {"incomplete_details": IncompleteDetails("max_prompt_tokens")}
        case "complete":
            return {"usage": Usage(20, 11)}
        case _:
            return {}


@st.composite
def histories(draw: st.DrawFn, *, late: bool = True) -> Driven:
    """Any legal sequence of events with increasing times; `late` ones may go on after the deadline."""
    at: float = 1_700_000_000
    now = create(at=at, id="run_1", thread_id="thread_1", assistant_id="asst_1", model="gpt-4o").run
    events, runs = ["create"], [now]
    gaps = [0, 0.5, 1, 3, 40, *([1000] if late else [])]
    for pick, gap in draw(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(gaps)), max_size=10)):
        legal = [name for name in EVENTS if CELLS[now.status, name] is not None]
        if now.started_at is None and now.status == "cancelling":
            legal = [name for name in legal if name not in ("complete", "end_incomplete")]
        if not late:
            legal = [name for name in legal if name != "expire"]
        if not legal:
            break
        name = legal[pick % len(legal)]
        at += gap
        if name == "expire":
            assert now.expires_at is not None
            at = max(at, now.expires_at)
        now = apply(now, name, at=at, **payload(name, now)).run
        events.append(name)
        runs.append(now)
    return Driven(events, runs)


def judged(seen: Sequence[Json], **options: Any) -> tuple[list[Finding], str]:
    """The findings, each with its line, and the verdict."""
    data = "".join(json.dumps(one) + "\n" for one in seen).encode()
    # what a stream that simply stops deserves is not the matter here
    monitor = Monitor(ignore=("RS413",), **options)
    result = check_bytes(data, monitor=monitor)
    found = [finding for one in result.runs for finding in one.findings] + list(result.loose)
    return found, result.runs[0].verdict


def told(found: list[Finding]) -> list[tuple[int | None, str]]:
    return sorted((finding.line or 0, finding.code) for finding in found)


def late_stamps(seen: Sequence[Json]) -> list[tuple[int, str]]:
    """Where a stamp is new and after the deadline that was told before: (line, RS305)."""
    lines: list[tuple[int, str]] = []
    deadline, before = None, dict.fromkeys(VALUES)
    for line, value in enumerate(seen, 1):
        stamps = ("started_at", "completed_at", "failed_at", "cancelled_at")
        new = [value[name] for name in stamps if value[name] is not None and value[name] != before[name]]
        lines += [(line, "RS305") for stamp in new if deadline is not None and stamp > deadline]
        deadline = value["expires_at"] or deadline
        before = value
    return lines


# -- what the engine drives, the judge accepts -------------------------------------------------------------------------


@given(histories())
def test_a_driven_history_is_accepted_as_a_stream(driven: Driven) -> None:
    stream = driven.stream()
    found, verdict = judged(stream)
    inferred = [
        (index + 2, "RS104")
        for index, (before, name) in enumerate(zip(driven.statuses, driven.events[1:], strict=False), 1)
        if (before, name) in INFERRED
    ]
    assert told(found) == sorted(inferred + late_stamps([one["data"] for one in stream]))
    assert verdict == ("complete" if driven.statuses[-1] in TERMINAL else "open")


@given(histories(), st.data())
def test_a_driven_history_is_accepted_however_it_is_polled(driven: Driven, data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(driven.runs), max_size=len(driven.runs)))
    polls = [one for one, count in zip(driven.polls(), times, strict=True) for _ in range(count)]
    assume(polls)
    found, verdict = judged(polls)
    inferred = [
        (line, "RS104")
        for line, (before, after) in enumerate(pairwise(one["status"] for one in polls), 2)
        if before != after and after not in paths(before, inferred=False)
    ]
    assert told(found) == sorted(inferred + late_stamps(polls))
    assert verdict == ("complete" if polls[-1]["status"] in TERMINAL else "open")


@given(histories(late=False), st.data())
def test_a_resumed_stream_is_accepted(driven: Driven, data: st.DataObject) -> None:
    """A log may begin anywhere, and polls and events of one run may stand in one log."""
    stream = driven.stream()
    start = data.draw(st.integers(0, len(stream) - 1))
    found, _ = judged(stream[start:])
    assert {finding.severity for finding in found} <= {Severity.NOTE}
    mixed = [one for seen in stream for one in ([seen] if data.draw(st.booleans()) else [seen, seen["data"]])]
    found, _ = judged(mixed)
    assert {finding.severity for finding in found} <= {Severity.NOTE}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", EVENTS)
def test_the_judge_agrees_with_the_engine_on_every_cell(status: str, name: str) -> None:
    before = driven_to(status)
    target = next(target for (_, e), target in CELLS.items() if e == name and target is not None)
    at = max(before.expires_at or 0, 1_700_000_100)
    try:
        accepted = str(apply(before, name, at=at, **payload_or_none(name, before)).run.status) == target
    except IllegalTransition:
        accepted = False
    assert accepted is (CELLS[status, name] is not None)
    found, _ = judged([event(WIRE[status], run(status)), event(WIRE[target], run(target))])
    refused = {finding.code for finding in found} & {"RS101", "RS102", "RS105"}
    assert bool(refused) is not accepted


def payload_or_none(name: str, run: Run) -> Json:
    return {} if name == "submit_tool_outputs" and run.required_action is None else payload(name, run)


def driven_to(status: str) -> Run:
    """A run in this status that has started, driven there by the engine."""
    ways = {
        "queued": (),
        "in_progress": ("start",),
        "requires_action": ("start", "require_action"),
        "cancelling": ("start", "cancel"),
        "cancelled": ("start", "cancel", "confirm_cancel"),
        "failed": ("start", "fail"),
        "completed": ("start", "complete"),
        "incomplete": ("start", "end_incomplete"),
        "expired": ("start", "expire"),
    }
    now = create(at=1_700_000_000, id="run_1", thread_id="thread_1", assistant_id="asst_1", model="gpt-4o").run
    for name in ways[status]:
        at = now.expires_at if name == "expire" else 1_700_000_001
        assert at is not None
        now = apply(now, name, at=at, **payload(name, now)).run
    assert now.status == status
    return now


# -- every illegal edit is caught, where it stands ---------------------------------------------------------------------


def transition_code(before: str, after: str) -> str | None:
    """What the oracle says of two statuses next to each other in a stream."""
    if before == after:
        return "RS105"
    if after in NEXT[before]:
        return None
    return "RS102" if before in TERMINAL else "RS101"


def transition_codes(seen: Sequence[Json]) -> list[tuple[int, str]]:
    """(line, code) of every fault in the order of events, by the oracle alone."""
    faults: list[tuple[int, str]] = []
    name: str | None = None
    before: str | None = None
    for line, one in enumerate(seen, 1):
        status = one["data"]["status"]
        second = name == CREATED and one["event"] == WIRE["queued"]
        code: str | None = None
        if one["event"] == CREATED:
            code = None if before is None else "RS108"
        elif before is not None and not (second and before == status):
            code = transition_code(before, status)
        if code is not None:
            faults.append((line, code))
        name, before = one["event"], status
    return faults


def of_transitions(found: list[Finding]) -> list[tuple[int | None, str]]:
    return [place for place in told(found) if place[1] in ("RS101", "RS102", "RS103", "RS105", "RS106", "RS108")]


@given(histories(late=False), st.data())
def test_two_events_swapped(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    at = data.draw(st.integers(0, len(seen) - 2))
    seen[at], seen[at + 1] = seen[at + 1], seen[at]
    found, verdict = judged(seen)
    assert of_transitions(found) == transition_codes(seen) != []
    assert verdict == "illegal"
    assert all((finding.line or 0) >= at + 1 for finding in found if finding.severity is Severity.ERROR)


@given(histories(late=False), st.data())
def test_an_event_dropped(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    assume(len(seen) > 3)
    at = data.draw(st.integers(2, len(seen) - 2))  # the first may be missing, the last may be yet to come
    left = seen[:at] + seen[at + 1 :]
    found, verdict = judged(left)
    faults = transition_codes(left)
    assert of_transitions(found) == faults
    if not faults:
        # the statuses fit without it, but the time that it stamped gives it away
        before, after = left[at - 1]["data"]["started_at"], left[at]["data"]["started_at"]
        moved = before != after and left[at]["data"]["status"] != "in_progress"
        faults = [(at + 1, "RS303")] if moved else []
        assert [place for place in told(found) if place[1] != "RS104"] == faults
    assert verdict == ("illegal" if faults else "complete" if left[-1]["data"]["status"] in TERMINAL else "open")


@given(histories(late=False), st.data())
def test_an_event_repeated(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    at = data.draw(st.integers(0, len(seen) - 1))
    seen.insert(at, seen[at])
    found, verdict = judged(seen)
    errors = [(finding.line, finding.code) for finding in found if finding.severity is Severity.ERROR]
    assert errors == [(at + 2, "RS108" if seen[at]["event"] == CREATED else "RS105")]
    assert verdict == "illegal"


@given(histories(late=False), st.data())
def test_a_status_changed(driven: Driven, data: st.DataObject) -> None:
    """Event and status alike, so that only the transition gives it away, and the fields that do not fit."""
    seen = driven.stream()
    assume(len(seen) > 2)
    at = data.draw(st.integers(2, len(seen) - 1))
    before = seen[at - 1]["data"]["status"]
    status = data.draw(st.sampled_from([s for s in STATUSES if transition_code(before, s) is not None]))
    seen[at] = event(WIRE[status], {**seen[at]["data"], "status": status})
    found, verdict = judged(seen)
    assert (at + 1, transition_code(before, status)) in told(found)
    assert of_transitions(found) == transition_codes(seen)
    (named,) = [f for f in found if f.line == at + 1 and f.code in ("RS101", "RS102", "RS105")]
    assert (named.status, named.wire_event, set(named.allowed)) == (status, WIRE[status], NEXT[before])
    assert verdict == "illegal"


@given(histories(late=False), st.data())
def test_a_status_that_disagrees_with_its_event(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    at = data.draw(st.integers(0, len(seen) - 1))
    was = seen[at]["data"]["status"]
    status = data.draw(st.sampled_from([s for s in STATUSES if s != was and (was, s) != ("completed", "incomplete")]))
    seen[at] = event(seen[at]["event"], {**seen[at]["data"], "status": status})
    found, verdict = judged(seen)
    assert (at + 1, "RS108" if at == 0 else "RS109") in told(found)
    assert verdict == "illegal"


@given(histories(late=False), st.data())
def test_a_field_set_or_nulled_against_the_rules(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    at = data.draw(st.integers(0, len(seen) - 1))
    status = seen[at]["data"]["status"]
    must, must_not = sorted(MUST[status]), sorted(MUST_NOT[status])
    field = data.draw(st.sampled_from([*must, *must_not]))
    value = None if field in must else {**VALUES, **dict.fromkeys(STAMPS, 1_700_000_500)}[field]
    seen[at]["data"] = {**seen[at]["data"], field: value}
    found, verdict = judged(seen)
    code = "RS201" if field in must else WRONGLY_SET.get((status, field), "RS202")
    assert (code, at + 1, field) in [(f.code, f.line, f.field) for f in found]
    assert {f.field for f in found if f.severity is Severity.ERROR} <= {field, *STAMPS}
    assert verdict == "illegal"


STAMPS = ("started_at", "completed_at", "failed_at", "cancelled_at", "expires_at", "created_at")


@given(histories(late=False), st.data())
def test_a_time_moved(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    places = [(at, name) for at, one in enumerate(seen) for name in STAMPS if one["data"][name] is not None and at >= 2]
    assume(places)
    at, name = data.draw(st.sampled_from(places))
    back = data.draw(st.sampled_from([1, 2, 700, 10_000]))
    old = seen[at]["data"][name]
    before, created = seen[at - 1]["data"][name], seen[at]["data"]["created_at"]
    seen[at]["data"] = {**seen[at]["data"], name: old - back}
    found, verdict = judged(seen)
    codes = {finding.code for finding in found if finding.line == at + 1 and finding.field == name}
    if name == "created_at":
        assert "RS601" in codes
    elif name == "expires_at":
        assert "RS303" in codes
        assert ("RS301" in codes) is (old - back < created)
    else:
        started = 0 if name == "started_at" else seen[at]["data"]["started_at"] or 0
        assert ("RS301" in codes) is (old - back < max(created, started))
        assert ("RS302" in codes) is (before is not None and old - back < before)
        if not codes:  # it is back by less than it had gone on, which nobody can tell
            assume(False)
    assert verdict == "illegal"


@given(histories(late=False), st.data())
def test_an_identity_changed(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    at = data.draw(st.integers(1, len(seen) - 1))
    name = data.draw(st.sampled_from(["thread_id", "assistant_id", "created_at"]))
    seen[at]["data"] = {**seen[at]["data"], name: 1 if name == "created_at" else "other"}
    found, verdict = judged(seen)
    errors = [(f.code, f.line, f.field) for f in found if f.severity is Severity.ERROR]
    assert errors == [("RS601", at + 1, name)]
    assert verdict == "illegal"


@given(histories(late=False), st.data())
def test_another_id_is_another_run(driven: Driven, data: st.DataObject) -> None:
    seen = driven.stream()
    at = data.draw(st.integers(1, len(seen) - 1))
    seen[at]["data"] = {**seen[at]["data"], "id": "run_2"}
    monitor = Monitor()
    for one in seen:
        monitor.feed(one)
    assert [one.id for one in monitor.runs.values()] == ["run_1", "run_2"]


@given(histories(late=False), st.data())
def test_an_illegal_poll_is_caught(driven: Driven, data: st.DataObject) -> None:
    polls = driven.polls()
    at = data.draw(st.integers(0, len(polls) - 1))
    before = polls[at]["status"]
    unreachable = [s for s in STATUSES if s != before and s not in paths(before, inferred=True)]
    assume(unreachable)
    status = data.draw(st.sampled_from(unreachable))
    found, verdict = judged([*polls[: at + 1], {**polls[at], "status": status}])
    assert (at + 2, "RS102" if before in TERMINAL else "RS103") in told(found)
    assert verdict == "illegal"


def test_what_is_inferred_is_an_error_only_if_strict() -> None:
    for before, after in sorted((a, str(b)) for a, b in INFERRED_PAIRS):
        seen = [event(WIRE[before], run(before)), event(WIRE[after], run(after))]
        assert judged(seen)[1] in ("open", "complete")
        assert judged(seen, strict=True)[1] == "illegal"


# -- whole logs --------------------------------------------------------------------------------------------------------

POLLS = "".join(json.dumps(run(status)) + "\n" for status in ("queued", "in_progress", "completed")).encode()


def test_a_log_in_memory() -> None:
    result = check_bytes(POLLS, file="f")
    (one,) = result.runs
    assert (one.id, one.file, one.verdict, result.size, result.problem) == ("run_1", "f", "complete", len(POLLS), None)
    assert result.loose == ()


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_a_log_in_pieces(size: int) -> None:
    chunks = (POLLS[at : at + size] for at in range(0, len(POLLS), size))
    result = judge(chunks, Monitor(), file="f")
    assert result.size == len(POLLS)
    assert summarise([result]) == summarise([check_bytes(POLLS)])


def test_why_nothing_could_be_judged() -> None:
    assert "empty" in (check_bytes(b"").problem or "")
    junk = check_bytes(b"\x00\x01junk\nmore junk\n").problem or ""
    assert "no observation" in junk
    assert "line 1" in junk
    assert "\n" not in junk
    assert check_bytes(b"junk\n" + POLLS).problem is None


def test_limits_are_passed_on() -> None:
    result = judge([POLLS], Monitor(), limits=Limits(max_bytes=100))
    assert [finding.code for finding in result.loose] == ["RS501"] * 3


def test_the_sum_counts_a_monitor_that_logs_share_once() -> None:
    shared = Monitor()
    first, rest = POLLS.split(b"\n", 1)
    logs = [
        judge([first], shared, file="a", close=False),
        judge([rest], shared, file="b"),
        check_bytes(b"junk\n" + POLLS),
    ]
    assert attrs.asdict(summarise(logs)) == {
        "files": 3,
        "observations": 6,
        "runs": 2,
        "complete": 2,
        "open": 0,
        "illegal": 0,
        "unknown": 0,
        "errors": 1,
        "warnings": 0,
        "notes": 0,
    }


def test_verdicts_are_counted() -> None:
    logs = [
        [run("queued", id="open")],
        [run("completed", id="complete")],
        [run("completed", id="illegal"), run("queued", id="illegal")],
        [{**run("queued", id="unknown"), "status": "paused"}],
    ]
    data = "".join(json.dumps(one) + "\n" for log in logs for one in log).encode()
    total = summarise([check_bytes(data)])
    assert (total.runs, total.complete, total.open, total.illegal, total.unknown) == (4, 1, 1, 1, 1)
    assert (total.observations, total.errors) == (5, 2)


def test_a_file_that_is_empty_says_so_also_behind_others() -> None:
    shared = Monitor()
    judge([POLLS], shared, file="a", close=False)
    assert "empty" in (judge([b""], shared, file="b", close=False).problem or "")
    assert "junk" in (judge([b"junk\n"], shared, file="c").problem or "")
