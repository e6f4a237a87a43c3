"""A flow run of Prefect, as its server answered each of 90 proposals (3.8.8, no deployment, no persisted result).

A status is proposed, and the server accepts, refuses or answers with another one.  No end is final: a rerun leaves it.
Proposals that are accepted and change nothing of the status are edges too.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Answer, Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["PREFECT_FLOW_RUN", "FlowRunEvent", "FlowRunStatus"]


class FlowRunStatus(StrEnum):
    """The statuses of a flow run (``state.type``; ``state.name`` beside it is free text)."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"


class FlowRunEvent(StrEnum):
    """The verbs that ask for a transition: each proposes one status."""

    CREATE = "create"
    SCHEDULE = "schedule"
    PREPARE = "prepare"
    START = "start"
    PAUSE = "pause"
    CANCEL = "cancel"
    COMPLETE = "complete"
    FAIL = "fail"
    CONFIRM_CANCEL = "confirm_cancel"
    CRASH = "crash"


S, E = FlowRunStatus, FlowRunEvent
N = Basis.ENFORCED

_SERVER = "prefect 3.8.8 server, measured: the proposal is accepted"
_ENDS = (S.COMPLETED, S.FAILED, S.CANCELLED, S.CRASHED)
_TARGETS = {
    E.SCHEDULE: S.SCHEDULED,
    E.PREPARE: S.PENDING,
    E.START: S.RUNNING,
    E.PAUSE: S.PAUSED,
    E.CANCEL: S.CANCELLING,
    E.COMPLETE: S.COMPLETED,
    E.FAIL: S.FAILED,
    E.CONFIRM_CANCEL: S.CANCELLED,
    E.CRASH: S.CRASHED,
}


def _accepted(source: FlowRunStatus | None, *events: FlowRunEvent) -> Row:
    """A row of proposals that the server accepts."""
    return Row(source, *(To(event, _TARGETS[event], N, why=_SERVER, reopens=source in _ENDS) for event in events))


PREFECT_FLOW_RUN = Lifecycle(
    name="prefect.flow_run",
    version="3.8.8",
    doc="One execution of a flow.",
    initial={S.PENDING, S.SCHEDULED, S.RUNNING, S.COMPLETED, S.FAILED, S.CANCELLED, S.CRASHED, S.CANCELLING},
    terminal=_ENDS,
    stops={S.PAUSED},
    rows=(
        Row(
            None,
            To(E.CREATE, S.PENDING, N, why="prefect 3.8.8 server, measured: a new run without a state is PENDING"),
            *(
                To(event, target, N, why="prefect 3.8.8 server, measured: the first proposal to a run without a state")
                for event, target in _TARGETS.items()
                if event not in {E.PREPARE, E.PAUSE}
            ),
        ),
        _accepted(S.SCHEDULED, E.SCHEDULE, E.PREPARE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL, E.CRASH),
        _accepted(S.PENDING, E.SCHEDULE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL, E.CRASH, E.CANCEL),
        _accepted(S.RUNNING, E.SCHEDULE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL, E.CRASH, E.PAUSE, E.CANCEL),
        _accepted(S.PAUSED, E.SCHEDULE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL, E.CRASH, E.CANCEL),
        _accepted(S.CANCELLING, E.CONFIRM_CANCEL),
        _accepted(S.COMPLETED, E.PREPARE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL),
        _accepted(S.FAILED, E.PREPARE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL),
        _accepted(S.CANCELLED, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL),
        _accepted(S.CRASHED, E.PREPARE, E.START, E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["timestamp"]), doc="A run without a proposal waits to be prepared."),
        Verb(
            E.SCHEDULE,
            does=Effects(
                stamps=["timestamp"],
                stamps_once=["expected_start_time"],
                may_take={"start_at": "next_scheduled_start_time"},
            ),
        ),
        Verb(
            E.PREPARE,
            does=Effects(
                stamps=["timestamp"],
                stamps_once=["expected_start_time"],
                clears=["end_time", "next_scheduled_start_time"],
            ),
        ),
        Verb(
            E.START,
            does=Effects(
                stamps=["timestamp"],
                stamps_once=["expected_start_time", "start_time"],
                clears=["end_time", "next_scheduled_start_time"],
            ),
            doc="Also the rerun of a run that has ended.",
        ),
        Verb(E.PAUSE, does=Effects(stamps=["timestamp"])),
        Verb(
            E.CANCEL,
            does=Effects(
                stamps=["timestamp"], stamps_once=["expected_start_time"], clears=["next_scheduled_start_time"]
            ),
        ),
        *(
            Verb(
                event,
                does=Effects(
                    stamps=["timestamp", "end_time"],
                    stamps_once=["expected_start_time"],
                    clears=["next_scheduled_start_time"],
                ),
            )
            for event in (E.COMPLETE, E.FAIL, E.CONFIRM_CANCEL, E.CRASH)
        ),
    ),
    fields={
        "timestamp": FieldKind.STAMP,
        "expected_start_time": FieldKind.STAMP,
        "start_time": FieldKind.STAMP,
        "end_time": FieldKind.STAMP,
        "next_scheduled_start_time": FieldKind.DEADLINE,
    },
    answers=(
        Answer(
            source=S.SCHEDULED,
            asked=E.CANCEL,
            answered=E.CONFIRM_CANCEL,
            why="prefect 3.8.8 server, measured: REJECT with CANCELLED, there is no infrastructure to terminate",
        ),
    ),
    layout=Layout(
        status=("state.type", "state_type", "type"),
        at=("state.timestamp", "timestamp"),
        fields={"timestamp": "state.timestamp"},
        times="iso8601",
    ),
)
"""The lifecycle ``prefect.flow_run``."""
