"""A run as OpenLineage tells it: the type of the event is all the status there is.

The specification contradicts itself: after COMPLETE, ABORT or FAIL ``run-cycle.md`` allows no other event, while
``OpenLineage.json`` lets OTHER add metadata to a run that is complete.  The table follows the first, a quirk knows the
second.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Count, Effects, FieldKind, Layout, Lifecycle, Quirk, Row, To, Verb

__all__ = ["OPENLINEAGE_RUN", "LineageEvent", "LineageStatus"]


class LineageStatus(StrEnum):
    """The types of events."""

    START = "START"
    RUNNING = "RUNNING"
    OTHER = "OTHER"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"


class LineageEvent(StrEnum):
    """The verbs, one for each type."""

    START = "start"
    REPORT = "report"
    REMARK = "remark"
    COMPLETE = "complete"
    ABORT = "abort"
    FAIL = "fail"


S, E = LineageStatus, LineageEvent
D, O = Basis.DOCUMENTED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

_CYCLE = "OpenLineage@8f02abf website/docs/spec/run-cycle.md"
_BEFORE = f"{_CYCLE}: OTHER also before START"
_ENDS = (E.COMPLETE, E.ABORT, E.FAIL)

OPENLINEAGE_RUN = Lifecycle(
    name="openlineage.run",
    version="2-0-2",
    doc="One run of a job.",
    id_field="runId",
    status_field="eventType",
    initial={S.START, S.OTHER},
    terminal={S.COMPLETE, S.ABORT, S.FAIL},
    rows=(
        Row(
            None,
            To(E.START, S.START, D, O, why=f"{_CYCLE}; 36 recorded runs"),
            To(E.REMARK, S.OTHER, D, why=_BEFORE),
        ),
        Row(
            S.START,
            To(E.REPORT, S.RUNNING, D, why=_CYCLE),
            To(E.REMARK, S.OTHER, D, why=_CYCLE),
            To(E.COMPLETE, S.COMPLETE, D, O, why=f"{_CYCLE}; 36 recorded runs"),
            To(E.ABORT, S.ABORT, D, why=_CYCLE),
            To(E.FAIL, S.FAIL, D, why=_CYCLE),
        ),
        Row(
            S.RUNNING,
            To(E.REPORT, S.RUNNING, D, why=_CYCLE),
            To(E.REMARK, S.OTHER, D, why=_CYCLE),
            To(E.COMPLETE, S.COMPLETE, D, why=_CYCLE),
            To(E.ABORT, S.ABORT, D, why=_CYCLE),
            To(E.FAIL, S.FAIL, D, why=_CYCLE),
        ),
        Row(
            S.OTHER,
            To(E.START, S.START, D, why=_BEFORE),
            To(E.REMARK, S.OTHER, D, why=_CYCLE),
            To(E.REPORT, S.RUNNING, D, why=_CYCLE),
            To(E.COMPLETE, S.COMPLETE, D, why=_CYCLE),
            To(E.ABORT, S.ABORT, D, why=_CYCLE),
            To(E.FAIL, S.FAIL, D, why=_CYCLE),
        ),
        Row(S.COMPLETE),
        Row(S.ABORT),
        Row(S.FAIL),
    ),
    verbs=(
        Verb(E.START, wire="START", does=Effects(stamps=["eventTime"])),
        Verb(E.REPORT, wire="RUNNING", does=Effects(stamps=["eventTime"])),
        Verb(E.REMARK, wire="OTHER", does=Effects(stamps=["eventTime"])),
        Verb(E.COMPLETE, wire="COMPLETE", does=Effects(stamps=["eventTime"])),
        Verb(E.ABORT, wire="ABORT", does=Effects(stamps=["eventTime"])),
        Verb(E.FAIL, wire="FAIL", does=Effects(stamps=["eventTime"])),
    ),
    fields={"eventTime": FieldKind.STAMP},
    quirks=tuple(
        Quirk(
            name=f"remark_after_{end.lower()}",
            transition=(end, S.OTHER),
            why='OpenLineage.json: OTHER may "send additional metadata after the run is complete"; run-cycle.md forbids it',
        )
        for end in (S.COMPLETE, S.ABORT, S.FAIL)
    ),
    counts=(
        Count(events=E.START, least=1, most=1, why="OpenLineage.json: exactly one START a run"),
        Count(events=_ENDS, least=1, most=1, why="OpenLineage.json: exactly one end; streaming jobs may have none"),
    ),
    layout=Layout(id=("run.runId", "runId"), event="eventType", at="eventTime", times="iso8601"),
)
"""The lifecycle ``openlineage.run``."""
