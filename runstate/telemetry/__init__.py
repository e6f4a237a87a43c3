"""OpenTelemetry for durable runs, in one line: ``runs = telemetry.instrument(Runs(store))``.

What comes back is used as the `Runs` it was made from.  Spans and metrics go to the providers that the host has set up;
where it has set up none nothing is recorded.  Needs the extra ``otel``, which is the API and no SDK.

A creation keeps the W3C trace context of its span in the journal, so the leg of a worker on another machine continues the
trace of whoever created the run.  Metrics carry no ids, and no error is recorded beyond its class.
"""

from __future__ import annotations

from runstate.telemetry.names import ATTRIBUTES, METRICS, OTHER, SPANS
from runstate.telemetry.runs import instrument

__all__ = ["ATTRIBUTES", "METRICS", "OTHER", "SPANS", "instrument"]
