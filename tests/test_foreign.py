"""Logs of other kinds: what is written is read back, what is read is judged, and nothing that comes raises."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from runstate import (
    CATALOGUE,
    Limits,
    MemoryStore,
    Observation,
    Places,
    Run,
    Runs,
    Told,
    Unwritable,
    Usage,
    create,
    read,
    telemetry,
)
from runstate.conformance.check import Judged, judge
from runstate.conformance.findings import Finding
from runstate.conformance.monitor import Monitor
from runstate.errors import IllegalTransition
from runstate.export import of_changes, of_journal, of_log, timed
from runstate.foreign.ocel import to_ocel
from runstate.foreign.packed import unpacked
from runstate.foreign.xes import to_xes
from runstate.lifecycle import Lifecycle
from runstate.modelling.infer import infer
from runstate.modelling.objects import to_jsonl
from runstate.modelling.rates import Rates
from runstate.modelling.simulate import simulate
from runstate.modelling.simulated import steps, stream
from runstate.observations import recognise
from tests.strategies import told

RUN = CATALOGUE["openai.assistants.run"]


def xes(these: list[Told]) -> bytes:
    return b"".join(to_xes(these))


WRITERS: dict[str, Callable[[list[Told]], bytes]] = {"xes": xes, "ocel": to_ocel}


def everything(data: bytes, **options: Any) -> list[Told]:
    seen = list(read(data, **options))
    assert [str(one.fault) for one in seen if one.fault is not None] == []
    return [one.told for one in seen if one.told is not None]


def by_run(these: list[Told]) -> dict[str | None, list[Told]]:
    return {run: [one for one in these if one.run == run] for run in dict.fromkeys(one.run for one in these)}


def judged(data: bytes, lifecycle: Lifecycle | None = None, places: Places | None = None, **options: Any) -> Judged:
    return judge((data,), Monitor(lifecycle, **options), places=places)


def findings(one: Judged) -> list[Finding]:
    return [*one.loose, *(finding for run in one.runs for finding in run.findings)]


def faults(data: bytes, **options: Any) -> list[tuple[str, int | None, str]]:
    return [(one.fault.problem, one.line, one.path) for one in read(data, **options) if one.fault is not None]


def said(one: Told) -> tuple[str | None, str | None, str | None]:
    return one.run, one.event, one.status


# -- both ways ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", WRITERS)
@given(st.lists(told, max_size=8))
def test_what_is_written_is_read_back(form: str, these: list[Told]) -> None:
    data = WRITERS[form](these)
    assert recognise(data) == form
    assert by_run(everything(data)) == by_run(these)


def test_ocel_keeps_the_order_of_all_steps() -> None:
    these = [Told(run="a", status="x", at=9.0), Told(run="b", status="y", at=5.0), Told(run="a", status="z", at=1.0)]
    assert everything(to_ocel(these)) == these


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_simulated_runs_of_any_lifecycle_are_judged_clean(form: str, name: str) -> None:
    lifecycle = CATALOGUE[name]
    these = list(steps(simulate(lifecycle, 6, 3)))
    one = judged(WRITERS[form](these))
    assert one.monitor.recognised is lifecycle
    assert one.monitor.followed
    assert {finding.code for finding in findings(one)} <= {"RS104"}
    assert {run.id for run in one.runs} == {step.run for step in these}
    ends = {step.run: step.status in lifecycle.terminal for step in these}
    assert {run.id: run.verdict == "complete" for run in one.runs} == ends


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("name", ["openai.assistants.run", "a2a.task", "openai.batch", "k8s.job"])
def test_a_broken_history_is_judged_as_the_original_stream(form: str, name: str) -> None:
    """The same findings on transitions, one for one; those on fields are lost with the objects."""
    lifecycle, chooser = CATALOGUE[name], random.Random(7)
    items = list(stream(simulate(lifecycle, 30, 5)))
    for _ in range(10):
        del items[chooser.randrange(len(items))]
        items.insert(chooser.randrange(len(items)), items[chooser.randrange(len(items))])
    log = to_jsonl(items)
    original = judged(log, lifecycle)
    these = [attrs.evolve(one, at=float(number)) for number, one in enumerate(of_log(read(log), lifecycle))]
    other = judged(WRITERS[form](these))

    def of_transitions(one: Judged) -> dict[str, list[tuple[str, str]]]:
        return {run.id: [(f.code, f.message) for f in run.findings if f.code.startswith("RS1")] for run in one.runs}

    assert of_transitions(other) == of_transitions(original)
    assert any(of_transitions(original).values())


def test_xes_is_what_another_reader_sees() -> None:
    """Read by the tree builder of the standard library, by the names of the standard."""
    these = list(steps(simulate(RUN, 5, 1)))
    root = ET.fromstring(xes(these))
    space = "{http://www.xes-standard.org/}"
    prefixes = {one.attrib["prefix"] for one in root.iter(f"{space}extension")}
    seen = []
    for trace in root.iter(f"{space}trace"):
        (run,) = (one.attrib["value"] for one in trace if one.attrib.get("key") == "concept:name")
        for event in trace.iter(f"{space}event"):
            keys = {one.attrib["key"]: (one.tag.removeprefix(space), one.attrib["value"]) for one in event}
            assert {key.partition(":")[0] for key in keys if ":" in key} <= prefixes
            assert keys["time:timestamp"][0] == "date"
            seen.append((run, keys["concept:name"][1]))
    assert sorted(seen) == sorted((str(one.run), str(one.event)) for one in these)


def test_ocel_is_what_its_schema_says() -> None:
    """Types are declared with the attributes that are used, ids are unique, relationships lead somewhere."""
    these = [*steps(simulate(RUN, 5, 1)), Told(run="x", status="s", at=1.0)]
    log = json.loads(to_ocel(these))
    assert list(log) == ["objectTypes", "eventTypes", "objects", "events"]
    for things, types in (("objects", "objectTypes"), ("events", "eventTypes")):
        declared = {kind["name"]: {one["name"] for one in kind["attributes"]} for kind in log[types]}
        assert len({one["id"] for one in log[things]}) == len(log[things])
        for one in log[things]:
            assert {item["name"] for item in one["attributes"]} <= declared[one["type"]]
    known = {one["id"] for one in log["objects"]}
    assert [[one["objectId"] for one in event["relationships"]] for event in log["events"]] == [[s.run] for s in these]
    assert known == {step.run for step in these}
    changes = [item["value"] for one in log["objects"] if one["id"] == "run_1" for item in one["attributes"]]
    assert changes == [step.status for step in these if step.run == "run_1"]


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    "step",
    [
        Told(run=None, status="s", at=1.0),
        Told(run="", status="s", at=1.0),
        Told(run="a\0", status="s", at=1.0),
        Told(run="a", status="\ud800", at=1.0),
    ],
)
def test_what_a_format_cannot_hold_is_refused(form: str, step: Told) -> None:
    with pytest.raises(Unwritable):
        WRITERS[form]([step])


def test_what_only_one_format_cannot_hold() -> None:
    with pytest.raises(Unwritable, match="has no time"):
        to_ocel([Told(run="a", status="s")])
    with pytest.raises(Unwritable, match="two runs have one id"):
        to_ocel([Told(run="a", status="s", at=1.0), Told(run="a", status="s", at=1.0, lifecycle="openai.batch")])
    with pytest.raises(Unwritable, match="cannot express"):
        xes([Told(run="a\x01", status="s")])
    assert everything(xes([Told(run="a", status="s")])) == [Told(run="a", status="s")]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Told(run="a"),
        lambda: Told(run="a", status="s", at=float("nan")),
        lambda: Told(run="a", status="s", at=1e12),
        lambda: Told(run=5, status="s"),  # type: ignore[arg-type]
    ],
)
def test_what_says_nothing_does_not_exist(wrong: Callable[[], Told]) -> None:
    with pytest.raises((ValueError, TypeError)):
        wrong()


def test_a_journal_and_changes_are_written() -> None:
    runs: Runs[Run] = Runs(MemoryStore())
    run = runs.create(thread_id="t", assistant_id="a")
    claim = runs.claim("w")
    assert claim is not None
    runs.complete(run.id, usage=Usage(prompt_tokens=1, completion_tokens=1), claim=claim)
    journal = runs.history(run.id)
    these = list(of_journal(journal))
    assert [said(one) for one in these] == [
        (run.id, "create", "queued"),
        (run.id, "start", "in_progress"),
        (run.id, "complete", "completed"),
    ]
    assert [one.at for one in these] == [entry.at / 1e6 for entry in journal]
    assert everything(xes(these)) == these


def test_a_step_without_a_time_gets_that_of_the_step_before() -> None:
    these = [Told(run=run, status="s", at=at) for run, at in (("a", None), ("a", 5.0), ("b", None), ("a", None))]
    assert [one.at for one in timed(these)] == [None, 5.0, None, 5.0]


def test_changes_are_written_under_the_id_that_is_said() -> None:
    applied = create(Run, at=5, id="r", thread_id="t", assistant_id="a")
    assert [(said(one), one.at) for one in of_changes("r", [applied.change])] == [(("r", "create", "queued"), 5.0)]


# -- XES ---------------------------------------------------------------------------------------------------------------

XES = b"""<?xml version='1.0' encoding='UTF-8'?>
<log xes.version="1.0">
  <global scope="event"><string key="concept:name" value="__INVALID__"/></global>
  <string key="concept:name" value="the log"/>
  <trace>
    <string key="concept:name" value="case 1"/>
    <string key="owner" value="someone"/>
    <event>
      <string key="concept:name" value="create"><string key="concept:name" value="nested"/></string>
      <date key="time:timestamp" value="2026-01-31T12:00:00.500+01:00"/>
      <string key="lifecycle:transition" value="complete"/>
      <string key="state" value="queued"/>
    </event>
    <event>
      <string key="concept:name" value="start"/>
      <date key="time:timestamp" value="2026-01-31T11:00:02"/>
      <string key="lifecycle:transition" value="complete"/>
      <int key="order" value="7"/>
    </event>
  </trace>
  <trace>
    <string key="concept:name" value="case 2"/>
    <event><string key="concept:name" value="complete"/></event>
  </trace>
</log>
"""


def test_traces_are_runs_and_events_are_told_by_their_names() -> None:
    seen = list(read(XES, file="f.xes"))
    assert [(one.told and said(one.told), one.line, one.file) for one in seen] == [
        (("case 1", "create", None), 8, "f.xes"),
        (("case 1", "start", None), 14, "f.xes"),
        (("case 2", "complete", None), 23, "f.xes"),
    ]
    assert [one.told and one.told.at for one in seen] == [1769857200.5, 1769857202.0, None]


def test_the_names_of_events_are_judged() -> None:
    one = judged(XES, RUN)
    assert [(run.id, run.status, run.verdict) for run in one.runs] == [
        ("case 1", "in_progress", "open"),
        ("case 2", "completed", "complete"),
    ]
    assert findings(one) == []
    twice = XES.replace(b'value="start"', b'value="create"')
    assert [(f.code, f.run, f.line) for f in findings(judged(twice, RUN))] == [("RS108", "case 1", 14)]
    strange = XES.replace(b'value="start"', b'value="stroll"')
    assert [(f.code, f.run, f.line) for f in findings(judged(strange, RUN))] == [("RS502", None, 14)]
    skipped = XES.replace(b'value="start"', b'value="complete"')
    assert [(f.code, f.run, f.line) for f in findings(judged(skipped, RUN))] == [("RS101", "case 1", 14)]
    assert [f.code for f in findings(judged(skipped, RUN, mode="poll"))] == []


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (Places(status="state"), [("case 1", None, "queued")]),
        (Places(event="lifecycle:transition"), [("case 1", "complete", None)] * 2),
        (
            Places(event="concept:name+lifecycle:transition"),
            [("case 1", "create+complete", None), ("case 1", "start+complete", None)],
        ),
        (Places(run="owner", event="order"), [("someone", "7", None)]),
        (Places(run="case:concept:name", event="order"), [("case 1", "7", None)]),
        (Places(run="case:nothing", event="order"), [(None, "7", None)]),
        (Places(run="order", event="order"), [("7", "7", None)]),
        (Places(status="state", event="concept:name"), [("case 1", "create", "queued"), ("case 1", "start", None), ("case 2", "complete", None)]),
    ],
)  # fmt: skip
def test_another_attribute_may_tell_it(places: Places, expected: list[object]) -> None:
    assert [said(one) for one in everything(XES, places=places)] == expected


def test_the_first_of_two_attributes_counts_and_no_other_element_is_an_event() -> None:
    twice = XES.replace(b'<int key="order" value="7"/>', b'<string key="concept:name" value="complete"/>')
    assert [one.event for one in everything(twice)] == ["create", "start", "complete"]
    nested = XES.replace(
        b'<int key="order" value="7"/>', b'<list key="l"><event><string key="concept:name" value="x"/></event></list>'
    )
    assert [one.event for one in everything(nested)] == ["create", "start", "complete"]


def test_a_time_without_a_zone_is_in_utc_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert everything(XES)[1].at == 1769857202.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_entries_are_put_in_the_order_of_time_where_that_is_said() -> None:
    late = XES.replace(b"T11:00:02", b"T10:00:02")
    assert [one.event for one in everything(late, places=Places(by_time=True))] == ["complete", "start", "create"]
    assert [one.event for one in everything(late)] == ["create", "start", "complete"]


def test_a_step_of_no_run_is_found() -> None:
    loose = b'<log><event><string key="concept:name" value="create"/></event></log>'
    assert [(f.code, f.line) for f in findings(judged(loose))] == [("RS602", 1)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (XES.replace(b"2026-01-31T11:00:02", b"yesterday"), [("time", 14, "time:timestamp")]),
        (XES.replace(b"2026-01-31T11:00:02", b"0000-00-00"), [("time", 14, "time:timestamp")]),
        (XES.replace(b'key="concept:name" value="start"', b'key="name" value="start"'), [("missing", 14, "$")]),
        (XES[:700], [("xml", 16, "$")]),
        (XES.replace(b"</event>\n  </trace>", b"</trace>", 1), [("xml", 19, "$")]),
        (b"<html><body/></html>", [("root", 1, "$")]),
        (b"<?xml version='1.0'?>\n<!DOCTYPE log [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><log>&b;</log>", [("doctype", 2, "$")]),
        (b"<!DOCTYPE log SYSTEM 'file:///etc/passwd'><log/>", [("doctype", 1, "$")]),
        (b"<?xml version='1.0' encoding='martian'?><log/>", [("xml", 1, "$")]),
        (b"<log>" + b"<list>" * 100, [("depth", 1, "$")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_xes(data: bytes, expected: list[tuple[str, int, str]]) -> None:
    found = faults(data)
    assert [(problem, line) for problem, line, _ in found] == [(problem, line) for problem, line, _ in expected]
    assert {f.code for f in findings(judged(data, RUN))} & {"RS501", "RS503"}


def test_a_log_that_breaks_off_is_judged_as_far_as_it_goes() -> None:
    one = judged(XES[:700], RUN)
    assert [f.code for f in findings(one)] == ["RS503"]
    assert [(run.id, run.status) for run in one.runs] == [("case 1", "queued")]
    assert len(everything(XES.replace(b"</log>", b"</log>"))) == 3


def test_an_event_or_an_element_beyond_the_limits_is_refused() -> None:
    limits = Limits(max_bytes=2000)
    many = b'<string key="k" value="vvvvvvvvv"/>' * 300
    large = XES.replace(b'<int key="order" value="7"/>', many)
    assert faults(large, limits=limits) == [("size", 14, "$")]
    assert [one.told.event for one in read(large, limits=limits) if one.told] == ["create", "complete"]

    def endless() -> Iterator[bytes]:
        yield b"<log><trace><string key='"
        for _ in range(100):
            yield b"x" * 1000
        raise AssertionError("it should have stopped by now")

    (one,) = read(endless(), form="xes", limits=limits)
    assert one.fault is not None
    assert one.fault.problem == "size"


# -- OCEL --------------------------------------------------------------------------------------------------------------

OCEL: dict[str, Any] = {
    "objectTypes": [{"name": "job", "attributes": []}, {"name": "person", "attributes": []}],
    "eventTypes": [{"name": "create", "attributes": []}],
    "events": [
        {"id": "e2", "type": "start", "time": "2026-01-01T00:00:05Z", "attributes": [], "relationships": [{"objectId": "j1", "qualifier": ""}, {"objectId": "p1", "qualifier": "by"}]},
        {"id": "e1", "type": "create", "time": "2026-01-01T00:00:00Z", "attributes": [{"name": "no", "value": 5}], "relationships": [{"objectId": "j1", "qualifier": ""}, {"objectId": "j2", "qualifier": ""}]},
    ],
    "objects": [
        {"id": "j1", "type": "job", "attributes": [{"name": "state", "time": "1970-01-01T00:00:00Z", "value": "queued"}, {"name": "state", "time": "2026-01-01T00:00:05Z", "value": "in_progress"}]},
        {"id": "j2", "type": "job", "attributes": [{"name": "state", "time": "1970-01-01T00:00:00Z", "value": "queued"}]},
        {"id": "p1", "type": "person", "attributes": [{"name": "state", "time": "1970-01-01T00:00:00Z", "value": "awake"}]},
    ],
}  # fmt: skip


def ocel(**changed: Any) -> bytes:
    return json.dumps({**OCEL, **changed}).encode()


@pytest.mark.parametrize("indent", [None, 2])
def test_events_are_told_of_every_run_they_are_related_to(indent: int | None) -> None:
    data = json.dumps(OCEL, indent=indent).encode()
    seen = list(read(data, places=Places(object_type="job")))
    assert [(one.told and said(one.told), one.path) for one in seen] == [
        (("j1", "create", None), "$.events[1]"),
        (("j2", "create", None), "$.events[1]"),
        (("j1", "start", None), "$.events[0]"),
    ]
    one = judged(data, RUN, Places(object_type="job"))
    assert findings(one) == []
    assert [(run.id, run.status) for run in one.runs] == [("j1", "in_progress"), ("j2", "queued")]


def test_the_changes_of_an_attribute_are_polls() -> None:
    places = Places(status="state", object_type="job")
    assert [(said(one), one.at) for one in everything(ocel(), places=places)] == [
        (("j1", None, "queued"), None),
        (("j2", None, "queued"), None),
        (("j1", None, "in_progress"), 1767225605.0),
    ]
    assert findings(judged(ocel(), RUN, places)) == []


def test_an_attribute_of_events_may_name_the_run() -> None:
    assert [said(one) for one in everything(ocel(), places=Places(run="no", event="type", object_type="job"))] == [
        ("5", "create", None),
        (None, "start", None),
    ]


E_ = OCEL["events"]


@pytest.mark.parametrize(
    ("data", "places", "expected"),
    [
        (ocel(), None, [("ambiguous", "$")]),
        (ocel(), Places(object_type="dog"), [("reference", "$")]),
        (ocel(objects={}), None, [("root", "$")]),
        (ocel(events=[*E_, 5, [], None]), Places(object_type="job"), [("type", "$.events[2]"), ("type", "$.events[3]"), ("type", "$.events[4]")]),
        (ocel(events=[{**E_[0], "time": 5}]), Places(object_type="job"), [("time", "$.events[0]")]),
        (ocel(events=[{**E_[0], "type": None}]), Places(object_type="job"), [("missing", "$.events[0]")]),
        (ocel(events=[{**E_[0], "relationships": [{"objectId": "ghost"}, {"objectId": []}, 7]}]), Places(object_type="job"), [("reference", "$.events[0]")] * 3),
        (ocel(objects=[{"id": "j1", "type": "job", "attributes": [{"name": "state", "value": {}}]}]), Places(status="state"), [("type", "$.objects[0].attributes[0]")]),
        (ocel()[:400], None, [("truncated", "$")]),
        (ocel() + b"{}", None, [("trailing", "$")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_ocel(data: bytes, places: Places | None, expected: list[tuple[str, str]]) -> None:
    assert [(problem, path) for problem, _, path in faults(data, places=places)] == expected


# -- spans -------------------------------------------------------------------------------------------------------------


def value_of(value: Any) -> dict[str, Any]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def attributes_of(values: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": value_of(value)} for key, value in (values or {}).items()]


def otlp(spans: list[dict[str, Any]], **resource: str) -> bytes:
    held = {"resource": {"attributes": attributes_of(resource)}, "scopeSpans": [{"scope": {}, "spans": spans}]}
    return json.dumps({"resourceSpans": [held]}).encode() + b"\n"


def exported(spans: tuple[ReadableSpan, ...]) -> bytes:
    """Spans of the SDK as the file exporter of a collector writes them, a line each."""
    return b"".join(
        otlp(
            [
                {
                    "name": span.name,
                    "endTimeUnixNano": str(span.end_time),
                    "attributes": attributes_of(span.attributes),
                    "events": [
                        {"timeUnixNano": str(e.timestamp), "name": e.name, "attributes": attributes_of(e.attributes)}
                        for e in span.events
                    ],
                    "status": {} if span.status.is_ok or span.status.is_unset else {"code": 2},
                }
            ]
        )
        for span in spans
    )


def test_spans_of_durable_runs_are_judged() -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    plain: Runs[Run] = Runs(MemoryStore())
    runs = telemetry.instrument(plain, tracer_provider=provider)
    run = runs.create(thread_id="t", assistant_id="a")
    with pytest.raises(IllegalTransition):
        runs.fire(run.id, "complete", usage=Usage(prompt_tokens=1, completion_tokens=1))
    claim = runs.claim("w")
    runs.heartbeat(claim) if claim else None
    runs.complete(run.id, usage=Usage(prompt_tokens=1, completion_tokens=1), claim=claim)
    log = exported(spans.get_finished_spans())
    assert recognise(log) == "otlp"
    one = judged(log)
    assert [(r.id, r.lifecycle, r.verdict) for r in one.runs] == [(run.id, RUN, "complete")]
    assert findings(one) == []
    assert [told.event for told in everything(log)] == ["create", "start", "complete"]
    lines = log.splitlines(keepends=True)
    cut = b"".join(line for line in lines if b"runstate.claim" not in line)
    assert [f.code for f in findings(judged(cut))] == ["RS101"]
    damaged = log.replace(lines[0], b'{"resourceSpans": [\n', 1)
    assert [f.code for f in findings(judged(damaged))] == ["RS501"]


SPAN = {
    "name": "job started",
    "startTimeUnixNano": 1_700_000_000_000_000_999,
    "endTimeUnixNano": "1700000001500000000",
    "attributes": attributes_of({"job": "j1", "state": "in_progress", "attempt": 2}),
}


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (None, []),
        (Places(run="job", status="state"), [("j1", None, "in_progress", 1_700_000_001.5)]),
        (Places(run="job", event="name"), [("j1", "job started", None, 1_700_000_001.5)]),
        (Places(run="service", status="state"), [("shop", None, "in_progress", 1_700_000_001.5)]),
        (Places(run="attempt", status="state", time="startTimeUnixNano"), [("2", None, "in_progress", 1_700_000_000.0)]),
        (Places(run="nobody", status="state"), []),
    ],
)  # fmt: skip
def test_attributes_of_other_spans(places: Places | None, expected: list[object]) -> None:
    seen = everything(otlp([SPAN], service="shop"), places=places)
    assert [(*said(one), one.at) for one in seen] == expected


def test_events_of_spans_come_before_the_span() -> None:
    events = [
        {"timeUnixNano": "5000000000", "name": "begun", "attributes": attributes_of({"state": "queued"})},
        {"timeUnixNano": "6000000000", "name": "noise"},
    ]
    log = otlp([{**SPAN, "events": events}])
    assert [(*said(one), one.at) for one in everything(log, places=Places(run="job", status="state"))] == [
        ("j1", None, "queued", 5.0)
    ]
    named = everything(log, places=Places(run="job", event="event:name"))
    assert [said(one) for one in named] == [("j1", "begun", None), ("j1", "noise", None)]


@pytest.mark.parametrize("code", [2, "STATUS_CODE_ERROR"])
def test_a_span_that_failed_changed_nothing(code: object) -> None:
    assert everything(otlp([{**SPAN, "status": {"code": code}}]), places=Places(run="job", status="state")) == []


def test_spans_are_read_as_they_come() -> None:
    def growing() -> Iterator[bytes]:
        yield otlp([SPAN])
        raise AssertionError("nobody should wait for more")

    seen = next(read(growing(), live=True, places=Places(run="job", status="state")))
    assert seen.told is not None


def test_one_document_of_spans() -> None:
    data = json.dumps(json.loads(otlp([SPAN, SPAN])), indent=1).encode()
    seen = list(read(data, places=Places(run="job", status="state")))
    place = "$.resourceSpans[0].scopeSpans[0].spans"
    assert [(one.told is not None, one.line, one.path) for one in seen] == [
        (True, None, f"{place}[0]"),
        (True, None, f"{place}[1]"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"resourceSpans": [5]}', [("type", 2, "$.resourceSpans[0]")]),
        (b'{"resourceSpans": [{"scopeSpans": {}}]}', [("type", 2, "$.resourceSpans[0]")]),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [[]]}]}]}', [("type", 2, "$.resourceSpans[0].scopeSpans[0].spans[0]")]),
        (otlp([{**SPAN, "endTimeUnixNano": "soon"}]).strip(), [("time", 2, "$.resourceSpans[0].scopeSpans[0].spans[0]")]),
        (otlp([{**SPAN, "events": 5}]).strip(), [("type", 2, "$.resourceSpans[0].scopeSpans[0].spans[0]")]),
        (b"junk", [("malformed", 2, "$")]),
        (b"[]", [("type", 2, "$")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_spans(line: bytes, expected: list[object]) -> None:
    good = otlp([SPAN])
    places = Places(run="job", status="state")
    assert faults(good + line + b"\n" + good, places=places) == expected
    assert len([1 for one in read(good + line + b"\n" + good, places=places) if one.told]) >= 2


# -- packed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [XES, otlp([SPAN]) * 3, b'{"id": "r", "status": "queued"}\n' * 5])
def test_a_packed_log_is_the_log(data: bytes) -> None:
    plain = [(one.told, one.value, one.line) for one in read(data)]
    half = len(data) // 2
    for packed in (gzip.compress(data), gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0\0"):
        assert [(one.told, one.value, one.line) for one in read(packed)] == plain
        assert [
            (one.told, one.value, one.line) for one in read([packed[i : i + 7] for i in range(0, len(packed), 7)])
        ] == plain


def test_a_packed_log_that_is_damaged_or_breaks_off() -> None:
    packed = gzip.compress(b"".join(b'{"id": "r%d", "status": "queued"}\n' % number for number in range(3000)))
    broken = list(read(packed[:-20]))
    assert (len(broken) > 2000, broken[-1].fault and broken[-1].fault.problem) == (True, "gzip")
    damaged = packed[:4000] + b"\xff" * 50 + packed[4050:]
    assert "gzip" in [one.fault.problem for one in read(damaged) if one.fault]


def test_a_small_file_that_unpacks_to_very_much_is_read_in_pieces() -> None:
    packed = gzip.compress(bytes(1 << 24))
    sizes = [len(piece) for piece in unpacked([packed])]
    assert len(packed) < 20_000
    assert sum(sizes) == 1 << 24
    assert max(sizes) <= 1 << 18


# -- whatever comes ----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from([b"<log>", b"<trace>", b"</trace>", b"<event>", b"</event>", b'<string key="concept:name" value="create"/>', b"<", b"&a;", b"</log>", b"<!DOCTYPE", b'{"resourceSpans": [', b'{"events": [', b'"objects": []', b"]", b"}", b"\n", b",", b"\x1f\x8b\x08\x00"])  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=5), max_size=14), st.sampled_from([None, "xes", "ocel", "otlp"]))
def test_no_bytes_raise(pieces: list[bytes], form: Any) -> None:
    for data in (pieces, b"".join(pieces)):
        for one in read(data, form=form):
            assert isinstance(one, Observation)
        judge(data if isinstance(data, list) else (data,), Monitor())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "queued", "job", "2026-01-01", "runstate.lifecycle"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "type", "time", "attributes", "relationships", "objectId", "name", "value", "scopeSpans", "spans", "resource", "events", "status", "key", "code", "stringValue"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON_VALUES, JSON_VALUES, st.sampled_from([None, Places(status="status"), Places(event="name+type", object_type="job", by_time=True), Places(run="id", event="name", time="time")]))  # fmt: skip
def test_no_shape_raises(one: Any, two: Any, places: Places | None) -> None:
    for document in ({"events": one, "objects": two}, {"events": [one], "objects": [two]}):
        assert all(
            isinstance(seen, Observation) for seen in read(json.dumps(document).encode(), form="ocel", places=places)
        )
    for spans in (one, [one], [{"scopeSpans": [{"spans": [one, two]}]}]):
        data = json.dumps({"resourceSpans": spans}).encode()
        assert all(isinstance(seen, Observation) for seen in read(data, form="otlp", places=places))


# -- what else they are good for ---------------------------------------------------------------------------------------


def test_a_lifecycle_is_drafted_from_events_alone() -> None:
    draft = infer(read(XES), name="cases")
    assert [str(edge) for edge in draft.lifecycle.transitions] == [
        "(none) --create--> create",
        "(none) --create_complete--> complete",
        "create --to_start--> start",
    ]
    assert findings(judged(XES, draft.lifecycle)) == []


def test_rates_are_taken_from_such_a_log() -> None:
    known = simulate(RUN, 300, 2, rates={"start": 2.0})
    told_ = Rates.from_log(RUN, read(xes(list(steps(known)))))
    rows = Rates.from_log(RUN, read(to_jsonl([])))
    assert told_.clocks != rows.clocks
    mean = told_.clocks["queued", "start"].mean
    assert 0.3 < mean < 0.8


@pytest.mark.parametrize("window", [0, 3])
def test_what_is_assumed_of_a_log_holds_here_too(window: int) -> None:
    from runstate.conformance.watch import Assume

    these = [Told(run="a", event=e, at=1.0) for e in ("create", "start", "start", "complete")]
    assert [f.code for f in findings(judged(xes(these)))] == ["RS105"]
    assert findings(judged(xes(these), assume=Assume(duplicates=True))) == []
    late = [these[1], these[0], these[3]]
    assert bool(findings(judged(xes(late), assume=Assume(window=window)))) == (window == 0)


def test_a_lifecycle_that_is_none_is_found() -> None:
    data = xes([Told(run="a", status="queued", lifecycle="no.such")])
    assert [(f.code, f.line) for f in findings(judged(data))] == [("RS502", 11)]
    assert findings(judged(data, RUN)) == []
