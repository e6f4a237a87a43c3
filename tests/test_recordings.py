"""Every recorded run is judged: legal but for what is known; corrupted in any way, the fault is named.

From the facts that are part of the project always, and from the raw files where RUNSTATE_RECORDINGS names their folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from runstate.cli.commands import runstate
from tests.facts import Fact, as_object, by_file
from tests.facts import as_bytes as log_of
from tests.oracle import MUST, MUST_NOT, STATUSES, TERMINAL
from tests.test_monitor import NEXT, VALUES, WIRE, WRONGLY_SET, paths, run

Json = dict[str, Any]
Place = tuple[int | None, str, str]

# Typed by hand: all that is to be found in 22 recorded files.
KNOWN: dict[str, list[Place]] = {
    "index-excerpts/runs.jsonl": [(1, "RS205", "warning")],
    "openai4j/stream_02.sse": [(4, "RS505", "note")],
    "ruby-openai/runs.jsonl": [(65, "RS205", "warning")],
    "ruby-openai/stream_01.sse": [(73, "RS205", "warning"), (151, "RS110", "warning")],
}
# (complete, open) runs of each file; none is illegal.
VERDICTS = {
    "Azure-OpenAI-demos.retkowsky/runs.jsonl": (2, 0),
    "azure-assistants-api.gbaeke/runs.jsonl": (1, 1),
    "azure-sdk-assets/runs.jsonl": (0, 3),
    "index-excerpts/runs.jsonl": (5, 2),
    "openai-api-kr.teddylee777/runs.jsonl": (1, 1),
    "openai-cookbook.cytrix228/runs.jsonl": (1, 1),
    "openai-cookbook.dr2633/runs.jsonl": (1, 5),
    "openai-dotnet/runs.jsonl": (10, 2),
    "openai-dotnet/stream_01.sse": (1, 0),
    "openai-dotnet/stream_02.sse": (1, 0),
    "openai-dotnet/stream_03.sse": (1, 0),
    "openai-dotnet/stream_04.sse": (1, 0),
    "openai-dotnet/stream_05.sse": (1, 0),
    "openai-dotnet/stream_06.sse": (1, 0),
    "openai4j/stream_01.sse": (1, 0),
    "openai4j/stream_02.sse": (0, 1),
    "openai4j/stream_03.sse": (1, 0),
    "openai4j/stream_04.sse": (1, 0),
    "openai4j/stream_05.sse": (0, 1),
    "openai4j/stream_06.sse": (1, 0),
    "ruby-openai/runs.jsonl": (5, 47),
    "ruby-openai/stream_01.sse": (2, 0),
}


@attrs.frozen
class Report:
    """What ``runstate check --format json`` said."""

    exit_code: int
    findings: list[Json]
    summary: Json
    stderr: str

    @property
    def places(self) -> list[Place]:
        return sorted(((f["line"], f["code"], f["severity"]) for f in self.findings), key=str)

    def errors(self) -> list[Json]:
        return [finding for finding in self.findings if finding["severity"] == "error"]


def check(data: bytes, *options: str) -> Report:
    """Judge a log from standard input."""
    arguments = ["check", "--no-config", "--format", "json", *options, "-"]
    result = CliRunner().invoke(runstate, arguments, input=data, catch_exceptions=False)
    *records, last = [json.loads(line) for line in result.stdout.splitlines()]
    findings = [finding for record in records for finding in record["findings"]]
    return Report(result.exit_code, findings, last["summary"], result.stderr)


def judge_file(name: str, data: bytes) -> None:
    report = check(data)
    assert report.exit_code == 0
    assert report.places == sorted(KNOWN.get(name, []), key=str)
    complete, still_open = VERDICTS[name]
    assert report.summary["complete"] == complete
    assert report.summary["open"] == still_open
    assert (report.summary["illegal"], report.summary["unknown"]) == (0, 0)
    assert report.stderr == ""


@pytest.mark.parametrize("name", sorted(by_file()))
def test_a_recorded_log_is_legal_but_for_what_is_known(name: str) -> None:
    judge_file(name, log_of(by_file()[name]))


def test_the_raw_recordings_are_legal_but_for_what_is_known(recordings: Path) -> None:
    folder = recordings / "assistants"
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    assert set(found) == set(VERDICTS)
    for name, path in found.items():
        judge_file(name, path.read_bytes())


def test_both_legs_of_one_run_are_one_log() -> None:
    legs = [*by_file()["openai4j/stream_05.sse"], *by_file()["openai4j/stream_06.sse"]]
    report = check(log_of(legs))
    assert (report.exit_code, report.places) == (0, [])
    assert (report.summary["runs"], report.summary["complete"]) == (1, 1)


def test_the_second_leg_before_the_first_is_illegal() -> None:
    legs = [*by_file()["openai4j/stream_06.sse"], *by_file()["openai4j/stream_05.sse"]]
    report = check(log_of(legs))
    assert report.exit_code == 1
    assert "RS108" in {finding["code"] for finding in report.errors()}


def test_polls_may_be_thinned_out_anyhow() -> None:
    facts = by_file()["openai-dotnet/runs.jsonl"]
    for step in (2, 3, 5, 7):
        for start in range(step):
            assert check(log_of(facts[start::step])).errors() == []


# -- corruptions -------------------------------------------------------------------------------------------------------


@attrs.frozen
class Log:
    """The run objects that one file holds of one run, each on a line of its own; events where they were streamed."""

    name: str
    lines: tuple[Json, ...]

    def objects(self) -> list[Json]:
        return [one["data"] if "event" in one else one for one in self.lines]

    def statuses(self) -> list[str]:
        return [str(one["status"]) for one in self.objects()]

    def streamed(self) -> bool:
        return "event" in self.lines[0]

    def at(self, index: int, **changes: Any) -> list[Json]:
        """The lines with the object of one of them changed."""
        lines = list(self.lines)
        one = lines[index]
        lines[index] = {**one, "data": {**one["data"], **changes}} if "event" in one else {**one, **changes}
        return lines


def logs() -> Iterator[Log]:
    for name, facts in by_file().items():
        runs: dict[str, list[Fact]] = {}
        for fact in facts:
            if fact.object == "thread.run":
                runs.setdefault(fact.run, []).append(fact)
        for run_id, own in runs.items():
            lines = [{"event": f.event, "data": as_object(f)} if f.event else as_object(f) for f in own]
            yield Log(f"{name} {run_id}", tuple(lines))


LOGS = tuple(logs())
Corrupted = tuple[list[Json], str, int]
"""The lines, the code that must be told, and its line from 1."""
Kind = Callable[[Log, int], Iterator[Corrupted]]
KINDS: dict[str, Kind] = {}


def kind(function: Kind) -> Kind:
    KINDS[function.__name__] = function
    return function


@kind
def nulled(log: Log, index: int) -> Iterator[Corrupted]:
    for field in sorted(MUST[log.statuses()[index]]):
        yield log.at(index, **{field: None}), "RS201", index + 1


@kind
def removed(log: Log, index: int) -> Iterator[Corrupted]:
    for field in sorted(MUST[log.statuses()[index]]):
        lines = log.at(index)  # the changed object is a copy
        del lines[index].get("data", lines[index])[field]
        yield lines, "RS201", index + 1


@kind
def set_out_of_place(log: Log, index: int) -> Iterator[Corrupted]:
    status = log.statuses()[index]
    for field in sorted(MUST_NOT[status]):
        value = log.objects()[0]["created_at"] + 500 if field.endswith("_at") else VALUES[field]
        yield log.at(index, **{field: value}), WRONGLY_SET[status, field], index + 1


@kind
def unknown_status(log: Log, index: int) -> Iterator[Corrupted]:
    for word in ("paused", "COMPLETED", "", None):
        yield log.at(index, status=word), "RS106", index + 1


@kind
def other_status(log: Log, index: int) -> Iterator[Corrupted]:
    """One that does not follow; the record rules may be broken too."""
    if index == 0:
        return
    before = log.statuses()[index - 1]
    for status in STATUSES:
        if status == before:
            continue
        if before in TERMINAL:
            code = "RS102"
        elif log.streamed():
            code = "RS101" if status not in NEXT[before] else ""
        else:
            code = "RS103" if status not in paths(before, inferred=True) else ""
        if code and not (before == "completed" and status == "expired" and "file_ids" in log.objects()[index]):
            yield log.at(index, status=status), code, index + 1


@kind
def status_without_its_fields(log: Log, index: int) -> Iterator[Corrupted]:
    """Another status over the fields of this one: some field always gives it away."""
    value = log.objects()[index]
    for status in STATUSES:
        missing = [field for field in MUST[status] if value.get(field) is None]
        if status != log.statuses()[index] and missing:
            yield log.at(index, status=status), "RS201", index + 1


@kind
def other_owner(log: Log, index: int) -> Iterator[Corrupted]:
    if index > 0:
        for field in ("thread_id", "assistant_id"):
            yield log.at(index, **{field: "other"}), "RS601", index + 1
            yield log.at(index, **{field: None}), "RS601", index + 1
        yield log.at(index, created_at=log.objects()[index]["created_at"] - 1), "RS601", index + 1


@kind
def no_id(log: Log, index: int) -> Iterator[Corrupted]:
    for value in ("", None, 5):
        yield log.at(index, id=value), "RS602", index + 1


@kind
def no_time(log: Log, index: int) -> Iterator[Corrupted]:
    for field in ("created_at", "started_at", "expires_at"):
        value = log.objects()[index].get(field)
        if value is not None:
            for wrong in (str(value), value + 0.5, True, -value, [value]):
                yield log.at(index, **{field: wrong}), "RS206", index + 1


@kind
def milliseconds(log: Log, index: int) -> Iterator[Corrupted]:
    value = log.objects()[index]
    yield log.at(index, created_at=value["created_at"] * 1000), "RS301", index + 1


@kind
def out_of_order(log: Log, index: int) -> Iterator[Corrupted]:
    value = log.objects()[index]
    for field in ("started_at", "completed_at", "failed_at", "cancelled_at", "expires_at"):
        if value.get(field) is not None:
            yield log.at(index, **{field: value["created_at"] - 1}), "RS301", index + 1
    for field in ("completed_at", "failed_at", "cancelled_at"):
        if value.get(field) is not None and value["started_at"] is not None:
            yield log.at(index, **{field: value["started_at"] - 1}), "RS301", index + 1


@kind
def moved_back(log: Log, index: int) -> Iterator[Corrupted]:
    before = log.objects()[index - 1].get("started_at") if index > 0 else None
    if before is not None and log.objects()[index].get("started_at") is not None:
        yield log.at(index, started_at=before - 1), "RS302", index + 1


@kind
def deadline_moved(log: Log, index: int) -> Iterator[Corrupted]:
    if index > 0 and log.objects()[index].get("expires_at") is not None:
        for by in (-1, 1, 600):
            yield log.at(index, expires_at=log.objects()[index]["expires_at"] + by), "RS303", index + 1


@kind
def start_vanished(log: Log, index: int) -> Iterator[Corrupted]:
    before = log.objects()[index - 1].get("started_at") if index > 0 else None
    if before is not None and log.statuses()[index] in ("queued", "failed", "cancelling", "cancelled", "expired"):
        yield log.at(index, started_at=None), "RS304", index + 1


@kind
def no_calls(log: Log, index: int) -> Iterator[Corrupted]:
    action = log.objects()[index].get("required_action")
    if action is not None:
        calls = action["submit_tool_outputs"]["tool_calls"]
        for wrong in ([], [*calls, *calls]):
            changed = {**action, "submit_tool_outputs": {"tool_calls": wrong}}
            yield log.at(index, required_action=changed), "RS208", index + 1


@kind
def wild_metadata(log: Log, index: int) -> Iterator[Corrupted]:
    many: Json = {str(number): "" for number in range(17)}
    wild: list[object] = [{"k": 1}, {"k": None}, {"k" * 65: ""}, {"k": "v" * 513}, many, []]
    for wrong in wild:
        yield log.at(index, metadata=wrong), "RS209", index + 1


@kind
def other_event(log: Log, index: int) -> Iterator[Corrupted]:
    if log.streamed():
        for status, name in WIRE.items():
            if status != log.statuses()[index] and (name, log.statuses()[index]) != (WIRE["completed"], "incomplete"):
                lines = log.at(index)
                lines[index]["event"] = name
                yield lines, "RS109", index + 1


@kind
def repeated(log: Log, index: int) -> Iterator[Corrupted]:
    if log.streamed():
        lines = log.at(index)
        code = "RS108" if lines[index]["event"] == "thread.run.created" else "RS105"
        yield [*lines[: index + 1], *lines[index:]], code, index + 2


@kind
def swapped(log: Log, index: int) -> Iterator[Corrupted]:
    """Two polls of a run that has ended, or two events: always illegal in what was recorded."""
    statuses = log.statuses()
    if index > 0 and statuses[index - 1] != statuses[index] and (log.streamed() or statuses[index] in TERMINAL):
        lines = log.at(index)
        lines[index - 1], lines[index] = lines[index], lines[index - 1]
        code = "RS102" if statuses[index] in TERMINAL else "RS101"
        yield lines, code, index + 1


@kind
def back_from_cancelling(log: Log, index: int) -> Iterator[Corrupted]:
    """A poll after the last one, where that was cancelling: nothing leads back to work."""
    if log.statuses()[-1] == "cancelling" and log.statuses()[index] != "cancelling":
        yield [*log.lines, log.lines[index]], "RS103", len(log.lines) + 1


@kind
def beyond_the_end(log: Log, index: int) -> Iterator[Corrupted]:
    """A live object after the last one, where that was an end."""
    if log.statuses()[-1] in TERMINAL and log.statuses()[index] not in TERMINAL:
        yield [*log.at(index), log.at(index)[index]], "RS108" if creates(log, index) else "RS102", len(log.lines) + 1


def creates(log: Log, index: int) -> bool:
    return log.lines[index].get("event") == "thread.run.created"


@kind
def cut_short(log: Log, index: int) -> Iterator[Corrupted]:
    lines: list[Any] = list(log.at(index))
    lines[index] = json.dumps(lines[index])[:-3]
    yield lines, "RS501", index + 1


def written(lines: list[Any]) -> bytes:
    return "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines).encode()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_is_corrupted_is_named(name: str) -> None:
    """Every kind on every log, at one place of it; which place and which way turns with the number of the log."""
    tried = 0
    for number, log in enumerate(LOGS):
        places = [one for index in range(len(log.lines)) for one in KINDS[name](log, index)]
        if not places:
            continue
        lines, code, line = places[(number * 7) % len(places)]
        report = check(written(lines))
        errors = [(finding["line"], finding["code"]) for finding in report.errors()]
        only_unreadable = report.summary["observations"] == 0
        assert report.exit_code == (2 if only_unreadable else 1), (log.name, lines[line - 1])
        assert (line, code) in errors, (log.name, line, errors)
        tried += 1
    assert tried >= MINIMUM.get(name, 1)


# How many logs there are at least that a kind applies to, so that none is empty by mistake.
MINIMUM = {
    **dict.fromkeys(("nulled", "removed", "set_out_of_place", "unknown_status", "no_id", "wild_metadata"), 101),
    **dict.fromkeys(("milliseconds", "no_time", "out_of_order", "status_without_its_fields", "cut_short"), 90),
    **dict.fromkeys(("other_owner", "deadline_moved"), 30),
    **dict.fromkeys(("repeated", "other_event", "swapped", "other_status"), 14),
    "no_calls": 9,
}


def test_the_kinds_cover_all_codes_of_single_objects() -> None:
    codes = {
        code for log in LOGS for each in KINDS.values() for i in range(len(log.lines)) for _, code, _ in each(log, i)
    }
    errors = {"RS101", "RS102", "RS103", "RS105", "RS106", "RS108", "RS109"}
    errors |= {"RS201", "RS202", "RS203", "RS204", "RS206", "RS208", "RS209", "RS301", "RS302", "RS303", "RS304"}
    assert codes == errors | {"RS501", "RS601", "RS602"}


@pytest.mark.parametrize("name", [name for name in sorted(by_file()) if name.endswith(".sse")])
def test_a_whole_stream_with_one_event_of_its_run_changed(name: str) -> None:
    """Steps, messages and deltas around it."""
    facts = by_file()[name]
    for index, fact in enumerate(facts):
        if fact.object != "thread.run":
            continue
        blocks = log_of(facts).decode().split("\n\n")
        value = {**as_object(fact), "status": "paused"}
        blocks[index] = f"event: {fact.event}\ndata: {json.dumps(value)}"
        report = check("\n\n".join(blocks).encode())
        assert report.exit_code == 1
        assert (fact.line, "RS106") in [(finding["line"], finding["code"]) for finding in report.errors()]


# -- the specification's own broken examples ---------------------------------------------------------------------------


def spec_example(recordings: Path, number: int) -> Report:
    path = recordings / "protocols" / f"openai_assistants_spec_example_{number}.jsonl"
    header, rest = path.read_bytes().split(b"\n", 1)
    assert b"_header" in header
    return check(rest)


def test_the_first_broken_example_of_the_specification(recordings: Path) -> None:
    report = spec_example(recordings, 1)
    assert report.exit_code == 1
    assert [
        (f["line"], f["code"], f["field"]) for f in sorted(report.findings, key=lambda f: (f["line"], f["code"]))
    ] == [
        (4, "RS201", "started_at"),
        (9, "RS501", None),  # an elision behind the object
        (14, "RS305", "started_at"),  # 33 days after the deadline
        (14, "RS305", "completed_at"),
        (14, "RS414", "usage"),
        (14, "RS601", "created_at"),
    ]


def test_the_second_broken_example_of_the_specification(recordings: Path) -> None:
    report = spec_example(recordings, 2)
    assert report.exit_code == 1
    # a brace too many after each run object, and an elision
    assert report.places == [(line, "RS501", "error") for line in (12, 2, 3, 4, 9)]
    assert "'}'" in report.findings[0]["message"]


def test_the_second_broken_example_with_its_json_mended(recordings: Path) -> None:
    path = recordings / "protocols" / "openai_assistants_spec_example_2.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    mended = []
    for one in lines:
        if isinstance(one["data"], str) and one["data"] != "[DONE]":
            text = one["data"].removesuffix(" ...")
            one["data"] = json.loads(text if "delta" in one["event"] else text.removesuffix("}"))
        mended.append(one)
    report = check(written(mended))
    # what is left: usage is set while action is required
    assert [(f["line"], f["code"], f["field"]) for f in report.errors()] == [(12, "RS203", "usage")]


# The others of the kind, from the same document (its lines behind the name), as objects of our own.
SPEC_OBJECTS: dict[str, tuple[list[Json], list[tuple[int, str, str]]]] = {
    "queued, completed and without deadline (20500)": (
        [run("queued", started_at=None, completed_at=1010, expires_at=None)],
        [(1, "RS203", "completed_at"), (1, "RS201", "expires_at")],
    ),
    "in_progress and not started (19308)": (
        [run("in_progress", started_at=None)],
        [(1, "RS201", "started_at")],
    ),
    "requires_action with usage (19510)": (
        [run("requires_action", usage=VALUES["usage"])],
        [(1, "RS203", "usage")],
    ),
    "created anew in a later event (19340)": (
        [run("in_progress"), run("completed", created_at=1001)],
        [(2, "RS601", "created_at")],
    ),
}


@pytest.mark.parametrize("name", sorted(SPEC_OBJECTS))
def test_broken_objects_of_the_specification(name: str) -> None:
    lines, expected = SPEC_OBJECTS[name]
    report = check(written(lines))
    assert report.exit_code == 1
    found = [(f["line"], f["code"], f["field"]) for f in report.findings]
    assert sorted(found) == sorted(expected)


def test_started_days_after_creation_is_past_the_deadline() -> None:
    """Line 62059: eleven days. One object alone does not tell a deadline that has been cleared; two do."""
    late = 1000 + 11 * 86_400
    report = check(written([run("queued", started_at=None), run("completed", started_at=late, completed_at=late + 1)]))
    assert report.exit_code == 0
    assert report.places == [(2, "RS305", "warning")] * 2


def test_a_missing_required_action_key_is_a_null() -> None:
    """Line 20321 and those after it; early v1 servers did the same."""
    value = run("in_progress")
    del value["required_action"]
    assert check(written([value])).places == []
