"""`Runs` whose writing calls are measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Final, TypeVar

import attrs
from opentelemetry import context, metrics, trace
from opentelemetry.trace import Link, Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runstate import logs
from runstate.errors import CallerError, LeaseLost, RunstateError, StoreBusy, StoreUnavailable
from runstate.runs import Cancelled, Claim, Pruned, Runs, Swept
from runstate.stores.base import Entry
from runstate.telemetry.meters import CALL, Attributes, Call, Instruments, error_type
from runstate.telemetry.names import METRICS, OTHER

__all__ = ["InstrumentedRuns", "instrument"]

R = TypeVar("R")

_W3C: Final = TraceContextTextMapPropagator()
"""Not the host's own propagator: that may carry baggage, which does not belong into a journal."""


class InstrumentedRuns(Runs[R]):
    """`Runs` whose writing calls are measured."""

    _tracer: trace.Tracer
    _meters: Instruments
    _timer: Callable[[], float]
    _engine: str

    @classmethod
    def measuring(
        cls, runs: Runs[R], tracer: trace.Tracer, meters: Instruments, timer: Callable[[], float]
    ) -> InstrumentedRuns[R]:
        """The same as `runs`, which is left alone."""
        other = object.__new__(cls)
        other.__dict__.update(runs.__dict__)
        other._steps = attrs.evolve(other._steps, hear=meters.hear)
        other._tracer, other._meters, other._timer = tracer, meters, timer
        other._engine = str(runs.store.info().get("engine", OTHER))
        return other

    @contextmanager
    def _called(
        self,
        operation: str,
        run_id: str | None = None,
        *,
        event: str | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        quiet: bool = False,
        connection: object = None,
    ) -> Generator[Call, None, None]:
        """Measure one call.

        :param quiet: it mostly finds nothing to do, and then shall make no span.
        """
        labels = self._labels(operation, event)
        name, call = f"runstate.{operation}", Call()
        began, began_ns = self._timer(), time.time_ns()
        span = None if quiet else self._tracer.start_span(name, kind=kind)
        token = CALL.set(call)
        failure: BaseException | None = None
        try:
            with (
                nullcontext()
                if span is None
                else trace.use_span(span, record_exception=False, set_status_on_exception=False)
            ):
                yield call
        except BaseException as error:
            failure = error
            raise
        finally:
            CALL.reset(token)
            self._count(labels, self._timer() - began, failure)
            if span is None and (call.notable or failure is not None):
                links = () if call.link is None else (call.link,)
                span = self._tracer.start_span(name, kind=kind, start_time=began_ns, links=links)
            if span is not None:
                self._describe(span, labels, call, failure, run_id, enlisted=connection is not None)
                span.end()

    def _labels(self, operation: str, event: str | None) -> Attributes:
        labels: Attributes = {"runstate.lifecycle": self.lifecycle.name, "runstate.operation": operation}
        if event is not None:
            labels["runstate.event"] = str(event) if event in self.lifecycle.events else OTHER
        return labels

    def _count(self, labels: Attributes, seconds: float, failure: BaseException | None) -> None:
        if failure is not None:
            labels = labels | {"error.type": error_type(failure)}
        self._meters.calls.record(seconds, labels | {"db.system.name": self._engine})
        if isinstance(failure, RunstateError):
            self._meters.refusals.add(1, labels)
        if isinstance(failure, LeaseLost):
            self._meters.lost.add(1, labels)

    def _describe(
        self,
        span: Span,
        labels: Attributes,
        call: Call,
        failure: BaseException | None,
        run_id: str | None,
        *,
        enlisted: bool,
    ) -> None:
        span.set_attributes({**labels, "db.system.name": self._engine, "runstate.tenant": self.tenant, **call.facts})
        if run_id is not None:
            span.set_attribute("runstate.run.id", run_id)
        entries = call.entries()
        if entries and len({entry.run_id for entry in entries}) == 1:
            first, last = entries[0], entries[-1]
            span.set_attributes(
                {
                    "runstate.run.id": last.run_id,
                    "runstate.event": first.event,
                    "runstate.target": last.target,
                    "runstate.seq": last.seq,
                }
            )
            if first.source is not None:
                span.set_attribute("runstate.source", first.source)
        if len(entries) > 1:
            for entry in entries:
                span.add_event("runstate.change", _told(entry))
        outcome = call.outcome or ("replayed" if any(done.replayed for done in call.heard) else "done")
        if enlisted:
            outcome = "enlisted"  # whether the host's transaction is committed nobody here will know
        if failure is not None:
            broken = not isinstance(failure, RunstateError) or isinstance(failure, StoreBusy | StoreUnavailable)
            outcome = "failed" if broken else "refused"
            span.set_attribute("error.type", error_type(failure))
            # no description: the text of an error may quote what the call was given
            span.set_status(StatusCode.ERROR)
            if isinstance(failure, CallerError) and failure.status is not None:
                span.set_attribute("runstate.source", str(failure.status))
        span.set_attribute("runstate.outcome", outcome)

    # -- trace context -------------------------------------------------------------------------------------------------

    def _trace(self) -> Mapping[str, str]:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier

    def _kept_trace(self, run_id: str) -> Mapping[str, str]:
        try:
            return self.trace_of(run_id)
        except RunstateError:  # pruned meanwhile, or busy: no reason not to work
            return {}

    @contextmanager
    def leg(self, claim: Claim[R]) -> Generator[Callable[[BaseException], object], None, None]:
        """A span that continues the trace of the run's creation, and is the current one for what is done inside."""
        parent = _W3C.extract(claim.trace, context.get_current())
        facts: Attributes = {
            "runstate.lifecycle": self.lifecycle.name,
            "runstate.run.id": claim.run_id,
            "runstate.tenant": self.tenant,
            "runstate.worker": claim.worker,
            "runstate.attempt": claim.attempt,
            "db.system.name": self._engine,
        }
        link = _link(claim.trace)
        with self._tracer.start_as_current_span(
            "runstate.leg",
            parent,
            SpanKind.CONSUMER,
            facts,
            () if link is None else (link,),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def failed(error: BaseException) -> None:
                span.set_attribute("error.type", error_type(error))
                span.set_status(StatusCode.ERROR)

            yield failed

    # -- calls that write ----------------------------------------------------------------------------------------------

    def create(self, **request: Any) -> R:
        with self._called("create", kind=SpanKind.PRODUCER, connection=request.get("connection")):
            return super().create(**request)

    def retry(self, run_id: str, **request: Any) -> R:
        with self._called("retry", kind=SpanKind.PRODUCER, connection=request.get("connection")) as call:
            call.facts["runstate.retry_of"] = run_id
            return super().retry(run_id, **request)

    def fire(self, run_id: str, event: str, **request: Any) -> R:
        with self._called("fire", run_id, event=event, connection=request.get("connection")):
            return super().fire(run_id, event, **request)

    def cancel(self, run_id: str, **request: Any) -> Cancelled[R]:
        with self._called("cancel", run_id, connection=request.get("connection")) as call:
            answer = super().cancel(run_id, **request)
            call.outcome = answer.outcome
            return answer

    def update_metadata(self, run_id: str, metadata: Mapping[str, str] | None, *, connection: object = None) -> R:
        with self._called("update_metadata", run_id, connection=connection):
            return super().update_metadata(run_id, metadata, connection=connection)

    def claim(self, worker: str, **request: Any) -> Claim[R] | None:
        with self._called("claim", kind=SpanKind.CONSUMER, quiet=True) as call:
            claim = super().claim(worker, **request)
            what = "idle" if claim is None else "started" if call.entries() else "taken_over"
            self._meters.claims.add(1, {"runstate.lifecycle": self.lifecycle.name, "runstate.outcome": what})
            if claim is None:
                return None
            call.notable, call.outcome = True, what
            call.facts |= {
                "runstate.run.id": claim.run_id,
                "runstate.worker": worker,
                "runstate.attempt": claim.attempt,
            }
            claim = attrs.evolve(claim, trace=self._kept_trace(claim.run_id))
            call.link = _link(claim.trace)
            return claim

    def heartbeat(self, claim: Claim[R], *, lease: float = 30.0) -> Claim[R]:
        with self._called("heartbeat", claim.run_id, quiet=True):
            return attrs.evolve(super().heartbeat(claim, lease=lease), trace=claim.trace)

    def release(self, claim: Claim[R], *, delay: float = 0.0, counts: bool = False) -> None:
        with self._called("release", claim.run_id):
            super().release(claim, delay=delay, counts=counts)

    def sweep(self, *, limit: int = 1000) -> Swept:
        with self._called("sweep", quiet=True) as call:
            swept = super().sweep(limit=limit)
            counts = {what: len(getattr(swept, what)) for what in ("expired", "cancelled", "failed", "freed", "faults")}
            for what, count in counts.items():
                if count:
                    labels = {"runstate.lifecycle": self.lifecycle.name, "runstate.outcome": what}
                    self._meters.swept.add(count, labels)
            call.notable = any(counts.values())
            call.facts |= {f"runstate.swept.{what}": count for what, count in counts.items()}
            return swept

    def prune(self, *, older_than: float, limit: int | None = None, dry_run: bool = False, batch: int = 500) -> Pruned:
        with self._called("prune", quiet=True) as call:
            pruned = super().prune(older_than=older_than, limit=limit, dry_run=dry_run, batch=batch)
            count = len(pruned.run_ids)
            if not dry_run:
                self._meters.pruned.add(count, {"runstate.lifecycle": self.lifecycle.name})
            call.notable = count > 0
            call.facts |= {"runstate.pruned": count, "runstate.dry_run": dry_run}
            return pruned

    def acknowledge(self, subscriber: str, cursor: str) -> None:
        with self._called("acknowledge"):
            super().acknowledge(subscriber, cursor)


def _told(entry: Entry) -> Attributes:
    facts: Attributes = {
        "runstate.run.id": entry.run_id,
        "runstate.event": entry.event,
        "runstate.target": entry.target,
        "runstate.seq": entry.seq,
    }
    return facts if entry.source is None else facts | {"runstate.source": entry.source}


def _link(carrier: Mapping[str, str]) -> Link | None:
    """To the span that a trace context names."""
    named = trace.get_current_span(_W3C.extract(carrier, context.Context())).get_span_context()
    return Link(named) if named.is_valid else None


def instrument(
    runs: Runs[R],
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
    depth: bool = True,
    timer: Callable[[], float] = time.perf_counter,
) -> Runs[R]:
    """The same runs, whose writing calls make spans and metrics; `runs` itself stays as it is.

    :param tracer_provider: the host's global one unless told otherwise.
    :param meter_provider: the host's global one unless told otherwise.
    :param depth: whether to report ``runstate.runs.waiting``, at the price of one query for each collection.  It counts
        the runs of this tenant in the store, whichever process asks; one process that reports it is enough.
    :param timer: seconds, for the duration of calls.
    :raises TypeError: where `runs` is of a subclass, or instrumented already.
    """
    if type(runs) is not Runs:
        raise TypeError(f"instrument wants a plain Runs, this is {type(runs).__name__}")
    tracer = trace.get_tracer("runstate", tracer_provider=tracer_provider)
    meter = metrics.get_meter("runstate", meter_provider=meter_provider)
    if depth:
        unit, text = METRICS["runstate.runs.waiting"]
        meter.create_observable_gauge("runstate.runs.waiting", [partial(_waiting, runs)], unit, text)
    return InstrumentedRuns.measuring(runs, tracer, Instruments(meter), timer)


def _waiting(runs: Runs[Any], _options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
    try:
        counted = runs.depth()
    except RunstateError as error:  # the exporter's thread must go on; the gap shows
        logs.depth_failed(runs.tenant, error)
        return []
    labels = {"runstate.lifecycle": runs.lifecycle.name}
    return [
        metrics.Observation(count, {**labels, "runstate.queue": queue, "runstate.status": status})
        for (queue, status), count in counted.items()
    ]
