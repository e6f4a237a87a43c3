"""What OpenTelemetry is told of durable runs, seen through the SDK's exporters in memory."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from runstate import telemetry
from runstate.errors import IllegalTransition, LeaseLost, NotFound, RunstateError, StoreUnavailable
from runstate.record import LastError, Run, Usage
from runstate.runs import Roles, Runs
from runstate.stores import MemoryStore, Store
from runstate.stores.sqlite import SqliteStore
from runstate.telemetry.runs import InstrumentedRuns
from runstate.testing.clock import FakeClock
from runstate.testing.stores import CALLS, OUTPUTS, Carrier, Parcel, new, payload_for
from runstate.worker import Job, work, work_async

LABELS = {
    "runstate.lifecycle", "runstate.event", "runstate.source", "runstate.target", "runstate.operation",
    "runstate.outcome", "runstate.queue", "runstate.status", "error.type", "db.system.name",
}  # fmt: skip
"""All that a metric may be labelled with: none grows with the number of runs, tenants, workers or callers."""

READS = {
    "at", "depth", "events", "for_tenant", "get", "history", "list", "retry_of", "roles", "row", "tenant", "trace_of",
    "wait", "wire_events",
}  # fmt: skip


class Host:
    """A process with an SDK: one store, exporters in memory, a timer whose every call takes a quarter of a second."""

    def __init__(self, store: Store | None = None) -> None:
        self.clock = FakeClock()
        self.store = store or MemoryStore(clock=self.clock)
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.tracers.get_tracer("host")
        self.ticks = 0.0

    def timer(self) -> float:
        self.ticks += 0.25
        return self.ticks

    def runs(self, record: Any = Run, **settings: Any) -> Runs[Any]:
        plain: Runs[Any] = Runs(self.store, self.clock, record=record, **settings)
        return telemetry.instrument(plain, tracer_provider=self.tracers, meter_provider=self.meters, timer=self.timer)

    def spans(self, name: str = "") -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if name in ("", span.name)]

    def span(self, name: str) -> ReadableSpan:
        (span,) = self.spans(name)
        return span

    def metrics(self) -> dict[str, dict[frozenset[tuple[str, object]], Any]]:
        """Name -> labels -> value, of a histogram (how many, sum)."""
        data = self.reader.get_metrics_data()
        found: dict[str, dict[frozenset[tuple[str, object]], Any]] = {}
        for metric in (m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics) if data else ():
            points = found.setdefault(metric.name, {})
            for point in metric.data.data_points:
                labels = frozenset((point.attributes or {}).items())
                if isinstance(point, HistogramDataPoint):
                    points[labels] = point.count, point.sum
                elif isinstance(point, NumberDataPoint):
                    points[labels] = point.value
        return found

    def measured(self, name: str, **labels: object) -> Any:
        """The one value under labels that hold these, given with their last words."""
        wanted = set(labels.items())
        points = self.metrics().get(name, {})
        (value,) = (v for k, v in points.items() if wanted <= {(n.rpartition(".")[2], x) for n, x in k})
        return value


@pytest.fixture
def host() -> Host:
    return Host()


def facts(span: ReadableSpan) -> dict[str, Any]:
    """Attributes without the constant ones."""
    constant = {"runstate.lifecycle", "db.system.name", "runstate.tenant"}
    return {k.removeprefix("runstate."): v for k, v in (span.attributes or {}).items() if k not in constant}


# --- spans ------------------------------------------------------------------------------------------------------------


def test_a_change_makes_a_span_that_says_what_changed(host: Host) -> None:
    runs = host.runs(tenant="ann")
    run_id = new(runs)
    runs.start(run_id)
    created, started = host.spans()
    assert (created.name, created.kind) == ("runstate.create", SpanKind.PRODUCER)
    assert facts(created) == {
        "operation": "create", "outcome": "done", "run.id": run_id, "event": "create", "target": "queued", "seq": 1,
    }  # fmt: skip
    assert (started.name, started.kind, started.status.status_code) == (
        "runstate.fire",
        SpanKind.INTERNAL,
        StatusCode.UNSET,
    )
    assert facts(started) == {
        "operation": "fire", "outcome": "done", "run.id": run_id, "event": "start", "source": "queued",
        "target": "in_progress", "seq": 2,
    }  # fmt: skip
    attributes = started.attributes or {}
    assert attributes["runstate.lifecycle"] == "openai.assistants.run"
    assert (attributes["db.system.name"], attributes["runstate.tenant"]) == ("memory", "ann")


def test_two_changes_of_one_call_are_events_of_its_span(host: Host) -> None:
    runs = host.runs()
    run_id = new(runs)
    runs.cancel(run_id)
    span = host.span("runstate.cancel")
    assert facts(span).items() >= {
        ("source", "queued"), ("event", "cancel"), ("target", "cancelled"), ("seq", 3), ("outcome", "accepted"),
    }  # fmt: skip
    told = [(e.name, (e.attributes or {})["runstate.event"], (e.attributes or {})["runstate.seq"]) for e in span.events]
    assert told == [("runstate.change", "cancel", 2), ("runstate.change", "confirm_cancel", 3)]
    runs.cancel(run_id)
    assert facts(host.spans("runstate.cancel")[1])["outcome"] == "already"


def test_a_refusal_is_an_error_with_its_class_and_the_status_seen(host: Host) -> None:
    runs = host.runs()
    run_id = new(runs)
    with pytest.raises(IllegalTransition):
        runs.complete(run_id)
    span = host.span("runstate.fire")
    assert span.status.status_code is StatusCode.ERROR
    assert facts(span) == {
        "operation": "fire", "event": "complete", "run.id": run_id, "outcome": "refused", "source": "queued",
        "error.type": "IllegalTransition",
    }  # fmt: skip
    with pytest.raises(NotFound):
        runs.start("nobody")
    assert facts(host.spans("runstate.fire")[1])["error.type"] == "NotFound"


def test_what_breaks_is_no_refusal(host: Host) -> None:
    runs = host.runs()
    run_id = new(runs)

    class Gone(Exception):
        pass

    def broken(**_: object) -> Any:
        raise StoreUnavailable(reason="gone") if host.ticks < 1 else Gone

    host.store.transaction = broken  # type: ignore[method-assign]
    for error in (StoreUnavailable, Gone):
        with pytest.raises(error):
            runs.start(run_id)
    seen = [(facts(s)["outcome"], facts(s)["error.type"]) for s in host.spans("runstate.fire")]
    foreign = f"{__name__}.test_what_breaks_is_no_refusal.<locals>.Gone"
    assert seen == [("failed", "StoreUnavailable"), ("failed", foreign)]
    assert list(host.metrics()["runstate.refusals"].values()) == [1]


def test_a_repeated_request_is_told_as_one_and_counted_once(host: Host) -> None:
    runs = host.runs()
    for _ in range(2):
        runs.create(thread_id="t", assistant_id="a", id="run_1", key="k")
    for _ in range(2):
        runs.start("run_1", key="s")
    assert [facts(span)["outcome"] for span in host.spans()] == ["done", "replayed", "done", "replayed"]
    assert sum(host.metrics()["runstate.changes"].values()) == 2


def test_what_finds_nothing_to_do_makes_no_span(host: Host) -> None:
    runs = host.runs()
    assert runs.claim("w") is None
    runs.sweep()
    runs.prune(older_than=0)
    new(runs)
    claim = runs.claim("w")
    assert claim is not None
    runs.heartbeat(claim)
    assert [span.name for span in host.spans()] == ["runstate.create", "runstate.claim"]
    counted = {dict(k)["runstate.operation"]: v for k, v in host.metrics()["runstate.call.duration"].items()}
    assert counted["sweep"] == counted["prune"] == counted["heartbeat"] == (1, 0.25)
    assert counted["claim"] == (2, 0.5)


def test_a_heartbeat_that_is_refused_makes_one(host: Host) -> None:
    runs = host.runs()
    new(runs)
    claim = runs.claim("w", lease=5)
    assert claim is not None
    host.clock.advance(6)
    with pytest.raises(LeaseLost):
        runs.heartbeat(claim)
    assert facts(host.span("runstate.heartbeat"))["error.type"] == "LeaseLost"
    assert host.measured("runstate.leases.lost", operation="heartbeat") == 1


def test_a_sweep_says_what_it_did(host: Host) -> None:
    runs = host.runs(max_attempts=1)
    held = new(runs)
    host.clock.advance(1)
    old = runs.create(thread_id="t", assistant_id="a", ttl=1000).id
    assert runs.claim("w", lease=1) is not None
    host.clock.advance(700)
    runs.sweep()
    span = host.span("runstate.sweep")
    assert facts(span) == {
        "operation": "sweep", "outcome": "done", "event": "expire", "source": "in_progress", "target": "expired",
        "run.id": held, "seq": 3, "swept.expired": 1, "swept.cancelled": 0, "swept.failed": 0, "swept.freed": 0,
        "swept.faults": 0,
    }  # fmt: skip
    assert (span.start_time or 0) <= (span.end_time or 0)
    assert runs.claim("w", lease=1) is not None
    host.clock.advance(2)
    runs.sweep()
    assert host.measured("runstate.swept", outcome="expired") == 1
    assert host.measured("runstate.swept", outcome="failed") == 1
    assert runs.get(old).status == "failed"
    host.clock.advance(10)
    runs.prune(older_than=0, dry_run=True)
    runs.prune(older_than=0)
    assert [facts(span)["dry_run"] for span in host.spans("runstate.prune")] == [True, False]
    assert host.measured("runstate.pruned") == 2


def test_in_the_hosts_transaction_nothing_is_called_a_change(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "runs.db") as store:
        host = Host(store)
        runs = host.runs()
        connection = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        runs.create(thread_id="t", assistant_id="a", connection=connection)
        connection.execute("ROLLBACK")
        connection.close()
        assert facts(host.span("runstate.create")) == {"operation": "create", "outcome": "enlisted"}
        assert (host.span("runstate.create").attributes or {})["db.system.name"] == "sqlite"
        assert "runstate.changes" not in host.metrics()


def test_every_public_method_is_measured_or_only_reads() -> None:
    public = {name for name in vars(Runs) if not name.startswith("_")}
    own = {name for name in vars(InstrumentedRuns) if not name.startswith("_")} - {"measuring"}
    events = {name for name in public if re.search(r"\bself\.fire\(", inspect.getsource(_function(name)))}
    assert own <= public
    assert public - own - events == READS
    assert {f"runstate.{name}" for name in own} == set(telemetry.SPANS)


def _function(name: str) -> Callable[..., Any]:
    found: Any = vars(Runs)[name]
    return found.fget if isinstance(found, property) else found  # type: ignore[return-value]


# --- one trace from the creation to the worker ------------------------------------------------------------------------


def test_a_worker_elsewhere_continues_the_trace_of_the_creation(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "runs.db") as here, SqliteStore(tmp_path / "runs.db") as there:
        front, back = Host(here), Host(there)
        with front.tracer.start_as_current_span("request") as request:
            run_id = new(front.runs())
        created = front.span("runstate.create").get_span_context()
        assert created is not None
        assert created.trace_id == request.get_span_context().trace_id

        def answer(_job: Job[Run]) -> Usage:
            with back.tracer.start_as_current_span("model call"):
                return Usage(1, 1)

        worker = back.runs()
        assert work(worker, answer, worker="w", until_idle=True, sweep_every=1e9) == 1
    leg, call, settled = back.span("runstate.leg"), back.span("model call"), back.span("runstate.fire")
    assert leg.parent is not None
    assert (leg.parent.span_id, leg.parent.trace_id) == (created.span_id, created.trace_id)
    assert [link.context.span_id for link in leg.links] == [created.span_id]
    assert leg.kind is SpanKind.CONSUMER
    assert facts(leg) == {"run.id": run_id, "worker": "w", "attempt": 1}
    for inner in (call, settled):
        assert inner.parent is not None
        assert inner.parent.span_id == leg.get_span_context().span_id  # type: ignore[union-attr]
    assert facts(settled)["target"] == "completed"
    claimed = back.span("runstate.claim")
    assert [link.context.span_id for link in claimed.links] == [created.span_id]
    assert facts(claimed)["outcome"] == "started"


def test_the_trace_is_kept_in_the_journal_beside_the_record(host: Host) -> None:
    runs = host.runs()
    run_id = new(runs)
    context = host.span("runstate.create").get_span_context()
    assert context is not None
    assert runs.trace_of(run_id) == {
        "traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    }
    assert runs.at(run_id, 1) == runs.get(run_id)
    assert runs.row(run_id).body.find("traceparent") == -1
    assert b"traceparent" not in b"".join(runs.wire_events())
    plain: Runs[Run] = Runs(host.store, host.clock)
    assert plain.trace_of(new(plain)) == {}
    with pytest.raises(NotFound):
        plain.trace_of("nobody")


def test_a_retry_keeps_the_trace_of_whoever_retries(host: Host) -> None:
    runs = host.runs()
    run_id = new(runs)
    runs.cancel(run_id)
    again = runs.retry(run_id).id
    assert facts(host.span("runstate.retry")).items() >= {("retry_of", run_id), ("run.id", again)}
    assert runs.trace_of(again) != runs.trace_of(run_id)


def test_a_leg_of_a_run_that_no_one_traced_is_in_the_trace_of_the_worker(host: Host) -> None:
    plain: Runs[Run] = Runs(host.store, host.clock)
    new(plain)
    runs = host.runs()
    with host.tracer.start_as_current_span("process") as process:
        claim = runs.claim("w")
        assert claim is not None
        with runs.leg(claim):
            pass
    leg = host.span("runstate.leg")
    assert leg.parent is not None
    assert leg.parent.span_id == process.get_span_context().span_id
    assert leg.links == ()


def test_a_leg_goes_on_where_its_trace_cannot_be_read(host: Host) -> None:
    runs = host.runs()
    new(runs)

    def gone(_run_id: str) -> Mapping[str, str]:
        raise StoreUnavailable(reason="gone")

    runs.trace_of = gone  # type: ignore[assignment,method-assign]
    claim = runs.claim("w")
    assert claim is not None
    assert claim.trace == {}


def test_a_leg_that_raises_is_an_error_and_says_no_more_than_the_class(host: Host) -> None:
    runs = host.runs()
    new(runs)

    def fails(_job: Job[Run]) -> None:
        raise ZeroDivisionError("secret")

    assert work(runs, fails, until_idle=True, sweep_every=1e9) == 1
    leg = host.span("runstate.leg")
    assert (leg.status.status_code, leg.status.description) == (StatusCode.ERROR, None)
    assert facts(leg)["error.type"] == "ZeroDivisionError"
    released = host.span("runstate.release")
    assert released.parent is not None
    assert released.parent.span_id == leg.get_span_context().span_id  # type: ignore[union-attr]


@pytest.mark.parametrize("fails", [False, True])
def test_asyncio_legs_nest_the_same(host: Host, fails: bool) -> None:
    runs = host.runs()
    ids = {new(runs) for _ in range(3)}

    async def answer(_job: Job[Run]) -> None:
        with host.tracer.start_as_current_span("model call"):
            await asyncio.sleep(0)
        if fails:
            raise ZeroDivisionError

    asyncio.run(work_async(runs, answer, until_idle=True, concurrency=2, sweep_every=1e9))
    legs = {span.get_span_context().span_id: span for span in host.spans("runstate.leg")}  # type: ignore[union-attr]
    assert {facts(leg)["run.id"] for leg in legs.values()} == ids
    assert {leg.status.status_code for leg in legs.values()} == {StatusCode.ERROR if fails else StatusCode.UNSET}
    settled = host.spans("runstate.release" if fails else "runstate.fire")
    for inner in (*host.spans("model call"), *settled):
        assert inner.parent is not None
        assert inner.parent.span_id in legs
    for inner in settled:
        assert inner.parent is not None
        assert facts(inner)["run.id"] == facts(legs[inner.parent.span_id])["run.id"]


# --- metrics ----------------------------------------------------------------------------------------------------------

EVENTS = [
    None,
    "start",
    "require_action",
    "submit_tool_outputs",
    "complete",
    "end_incomplete",
    "fail",
    "confirm_cancel",
]
STEPS = st.tuples(st.sampled_from([*EVENTS, "cancel", "sweep", "claim", "nonsense"]), st.integers(0, 2))


@settings(max_examples=max(25, settings().max_examples // 4))  # each of them sets up an SDK
@given(st.lists(st.tuples(STEPS, st.integers(0, 400)), max_size=12))
def test_the_counters_agree_with_the_journal_whatever_is_called(
    steps: list[tuple[tuple[str | None, int], int]],
) -> None:
    host = Host()
    runs = host.runs()
    ids = [new(runs)]
    refused, calls = 0, 1
    for (event, which), seconds in steps:
        host.clock.advance(seconds)
        run_id = ids[which % len(ids)]
        calls += 1
        try:
            match event:
                case None:
                    ids.append(new(runs))
                case "sweep":
                    runs.sweep()
                case "claim":
                    runs.claim("w", lease=60)
                case "cancel":
                    runs.cancel(run_id)
                case _:
                    runs.fire(run_id, event, **payload_for(event))
        except RunstateError:
            refused += 1
    journal = [runs.history(run_id) for run_id in ids]
    changes: Counter[tuple[str, str | None, str]] = Counter()
    in_status: Counter[tuple[str | None, str]] = Counter()
    for entries in journal:
        changes.update((e.event, e.source, e.target) for e in entries)
        for before, after in pairwise(entries):
            in_status[after.source, after.event] += after.at - before.at
    seen = host.metrics()
    told = {
        (labels["runstate.event"], labels.get("runstate.source"), labels["runstate.target"]): value
        for labels, value in ((dict(k), v) for k, v in seen["runstate.changes"].items())
    }
    assert told == changes
    spent = {
        (dict(k)["runstate.source"], dict(k)["runstate.event"]): round(v[1] * 1_000_000)
        for k, v in seen.get("runstate.status.duration", {}).items()
    }
    assert spent == in_status
    assert sum(seen.get("runstate.refusals", {}).values()) == refused
    assert sum(v[0] for v in seen["runstate.call.duration"].values()) == calls
    spans = [e for span in host.spans() for e in span.events] + [
        s for s in host.spans() if "runstate.seq" in facts_of(s)
    ]
    assert len(spans) >= sum(changes.values())


def facts_of(span: ReadableSpan) -> Mapping[str, Any]:
    return span.attributes or {}


def everything(host: Host) -> None:
    """Calls that make every span and every metric there is."""
    runs = host.runs(max_attempts=1, tenant="tenant-of-one")
    run_id = new(runs, metadata={"note": "SECRET"}, instructions="SECRET")
    runs.update_metadata(run_id, {"note": "SECRET"})
    claim = runs.claim("worker-of-one")
    assert claim is not None
    with runs.leg(claim) as failed:
        failed(ValueError("SECRET"))
        runs.release(claim)
    for wrong in ("SECRET", "submit_tool_outputs"):
        with suppress(RunstateError):
            runs.fire(run_id, wrong, tool_outputs=("SECRET",))
    with suppress(RunstateError):
        runs.heartbeat(claim)
    runs.require_action(run_id, CALLS)
    runs.submit_tool_outputs(run_id, OUTPUTS)
    assert runs.claim("worker-of-one", lease=1) is not None
    host.clock.advance(2)
    runs.sweep()
    runs.retry(run_id)
    runs.cancel(new(runs))
    runs.fail(runs.create(thread_id="t", assistant_id="a", key="SECRET").id, LastError("c", "SECRET"), key="SECRET 2")
    runs.acknowledge("mailer", runs.events()[-1].cursor)
    host.clock.advance(1)
    runs.prune(older_than=0, limit=1)


def test_every_span_and_metric_that_is_documented_exists_and_no_other(host: Host) -> None:
    everything(host)
    assert {span.name for span in host.spans()} == set(telemetry.SPANS)
    assert set(host.metrics()) == set(telemetry.METRICS)


def test_every_attribute_that_is_documented_exists_and_no_other(host: Host) -> None:
    everything(host)
    named = {name for points in host.metrics().values() for labels in points for name, _ in labels}
    for span in host.spans():
        named |= set(span.attributes or {}).union(*(event.attributes or {} for event in span.events))
    assert named == set(telemetry.ATTRIBUTES)


def test_no_metric_is_labelled_with_what_grows(host: Host) -> None:
    everything(host)
    labels = [label for points in host.metrics().values() for point in points for label in point]
    assert {name for name, _ in labels} == LABELS
    grown = re.compile(r"run_|SECRET|of-one|mailer")
    assert [value for _, value in labels if grown.search(str(value))] == []
    assert ("runstate.event", telemetry.OTHER) in labels


def test_no_span_holds_what_a_run_was_given(host: Host) -> None:
    everything(host)
    assert "SECRET" not in "".join(span.to_json() for span in host.spans())


def test_units_and_descriptions_are_those_of_the_table(host: Host) -> None:
    everything(host)
    data = host.reader.get_metrics_data()
    assert data is not None
    told = {m.name: (m.unit, m.description) for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics}
    assert told == dict(telemetry.METRICS)


def test_durations_of_milliseconds_fall_into_different_buckets(host: Host) -> None:
    runs = host.runs()
    new(runs)
    data = host.reader.get_metrics_data()
    assert data is not None
    bounds = {
        m.name: m.data.data_points[0].explicit_bounds  # type: ignore[union-attr]
        for r in data.resource_metrics
        for s in r.scope_metrics
        for m in s.metrics
        if m.name == "runstate.call.duration"
    }
    assert bounds["runstate.call.duration"][:3] == (0.0005, 0.001, 0.0025)


def test_claims_are_counted_by_what_came_of_them(host: Host) -> None:
    runs = host.runs()
    new(runs)
    assert runs.claim("a", lease=5) is not None
    assert runs.claim("b") is None
    host.clock.advance(6)
    assert runs.claim("b") is not None
    for outcome in ("started", "idle", "taken_over"):
        assert host.measured("runstate.claims", outcome=outcome) == 1


def test_waiting_runs_are_counted_by_queue_and_status(host: Host) -> None:
    runs = host.runs()
    for queue in ("fast", "fast", "slow"):
        new(runs, queue=queue)
    runs.claim("w", queue="slow")
    runs.cancel(new(runs))
    assert host.measured("runstate.runs.waiting", queue="fast", status="queued") == 2
    assert host.measured("runstate.runs.waiting", queue="slow", status="in_progress") == 1
    assert len(host.metrics()["runstate.runs.waiting"]) == 2


def test_a_store_that_cannot_be_asked_is_a_gap_in_the_gauge(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    runs = host.runs()
    new(runs)

    def gone(**_: object) -> Any:
        raise StoreUnavailable(reason="gone")

    host.store.transaction = gone  # type: ignore[method-assign]
    seen = host.metrics()
    assert "runstate.runs.waiting" not in seen
    assert "runstate.changes" in seen
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == ["WARNING"]


def test_the_gauge_can_be_left_to_one_process(host: Host) -> None:
    plain: Runs[Run] = Runs(host.store)
    runs = telemetry.instrument(plain, meter_provider=host.meters, depth=False)
    new(runs)
    assert "runstate.runs.waiting" not in host.metrics()
    assert host.spans() == []  # the global provider records nothing


# --- the wrapper ------------------------------------------------------------------------------------------------------


def test_the_runs_that_were_given_stay_as_they_are(host: Host) -> None:
    plain: Runs[Run] = Runs(host.store)
    measured = telemetry.instrument(plain, tracer_provider=host.tracers, meter_provider=host.meters)
    plain.start(new(plain))
    assert host.spans() == []
    measured.for_tenant("ann").create(thread_id="t", assistant_id="a")
    assert facts_of(host.span("runstate.create"))["runstate.tenant"] == "ann"
    assert isinstance(measured, Runs)
    for wrong in (measured, measured.for_tenant("ann")):
        with pytest.raises(TypeError):
            telemetry.instrument(wrong)


def test_a_host_without_providers_notices_nothing() -> None:
    plain: Runs[Run] = Runs(MemoryStore())
    runs = telemetry.instrument(plain)
    run_id = new(runs)
    assert work(runs, lambda _job: Usage(1, 1), until_idle=True) == 1
    assert runs.get(run_id).status == "completed"
    assert runs.trace_of(run_id) == {}


def test_any_record_with_a_lifecycle_of_its_own(host: Host) -> None:
    runs = host.runs(Parcel, roles=Roles(start="send"))
    parcel = runs.create(id="p", contents=("book",))
    runs.fire(parcel.id, "send", carrier=Carrier(name="post"))
    host.clock.advance(7200)
    runs.sweep()
    assert host.measured("runstate.changes", lifecycle="example.parcel", event="lose", source="under_way") == 1
    assert host.measured("runstate.status.duration", source="under_way") == (1, 7200)


def test_listeners_of_the_host_are_called_as_before(host: Host) -> None:
    told: list[tuple[str, str]] = []
    runs = host.runs(listeners=[lambda entry, run: told.append((entry.event, str(run.status)))])
    runs.cancel(new(runs))
    assert told == [("create", "queued"), ("cancel", "cancelling"), ("confirm_cancel", "cancelled")]


def test_a_call_made_by_a_listener_has_a_span_of_its_own(host: Host) -> None:
    def follow(entry: Any, run: Any) -> None:
        if entry.event == "create":
            runs.start(run.id)

    runs = host.runs(listeners=[follow])
    new(runs)
    started, created = host.spans()
    assert (facts(created)["target"], facts(started)["target"]) == ("queued", "in_progress")
    assert started.parent is not None
    assert runs.row(facts(created)["run.id"]).rev == 2


def test_what_a_listener_does_in_the_middle_of_a_sweep_is_not_taken_for_the_sweeps(host: Host) -> None:
    def follow(entry: Any, run: Any) -> None:
        if entry.ends:
            runs.update_metadata(run.id, {})

    runs = host.runs(listeners=[follow])
    ids = {new(runs), new(runs)}
    host.clock.advance(700)
    assert len(runs.sweep()) == 2
    told = [event.attributes or {} for event in host.span("runstate.sweep").events]
    assert {str(attributes["runstate.run.id"]) for attributes in told} == ids
