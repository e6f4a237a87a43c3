"""A run of the LangGraph server.

The server writes any status; its guards are in what it picks up and what it cancels, so edges are implemented and none
is enforced.  A pause for a human is a run that ended in ``success`` and a thread that is ``interrupted``; a run that is
``interrupted`` was cancelled.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Removal, Row, To, Verb

__all__ = ["LANGGRAPH_RUN", "LanggraphRunEvent", "LanggraphRunStatus"]


class LanggraphRunStatus(StrEnum):
    """The statuses of a run."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"


class LanggraphRunEvent(StrEnum):
    """The verbs that ask for a transition of a run."""

    CREATE = "create"
    START = "start"
    RETRY = "retry"
    SUCCEED = "succeed"
    FAIL = "fail"
    TIME_OUT = "time_out"
    CANCEL = "cancel"


S, E = LanggraphRunStatus, LanggraphRunEvent
M = Basis.IMPLEMENTED

_CODE = "langgraph-api 0.16.7 worker.py; langgraph-runtime-inmem 0.36.7 ops.py"
_TOUCH = Effects(stamps=["updated_at"])

LANGGRAPH_RUN = Lifecycle(
    name="langgraph.run",
    version="0.16.7",
    doc="One execution of a graph on a thread.",
    id_field="run_id",
    initial={S.PENDING},
    terminal={S.SUCCESS, S.ERROR, S.TIMEOUT, S.INTERRUPTED},
    rows=(
        Row(None, To(E.CREATE, S.PENDING, M, why=f"{_CODE} Runs.put")),
        Row(
            S.PENDING,
            To(E.START, S.RUNNING, M, why=f"{_CODE} Runs.next: one running run of a thread at a time"),
            To(E.CANCEL, S.INTERRUPTED, M, why=f"{_CODE} Runs.cancel"),
        ),
        Row(
            S.RUNNING,
            To(E.SUCCEED, S.SUCCESS, M, why=_CODE),
            To(E.FAIL, S.ERROR, M, why=_CODE),
            To(E.TIME_OUT, S.TIMEOUT, M, why=_CODE),
            To(E.CANCEL, S.INTERRUPTED, M, why=f"{_CODE} UserInterrupt"),
            To(E.RETRY, S.PENDING, M, why=f"{_CODE}: a retriable exception"),
        ),
        Row(S.SUCCESS),
        Row(S.ERROR),
        Row(S.TIMEOUT),
        Row(S.INTERRUPTED),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["created_at", "updated_at"])),
        Verb(E.START, does=_TOUCH),
        Verb(E.RETRY, does=_TOUCH),
        Verb(E.SUCCEED, does=_TOUCH),
        Verb(E.FAIL, does=_TOUCH),
        Verb(E.TIME_OUT, does=_TOUCH),
        Verb(E.CANCEL, does=Effects(stamps=["updated_at"], may_take={"cancel_reason": "cancel_reason"})),
    ),
    fields={"created_at": FieldKind.STAMP, "updated_at": FieldKind.STAMP, "cancel_reason": FieldKind.VALUE},
    constant=("run_id", "thread_id", "assistant_id", "created_at"),
    removals=(
        Removal(
            event="rollback",
            sources=(S.PENDING, S.RUNNING),
            basis=(M,),
            why=f"{_CODE}: the action rollback of a cancel deletes the run",
        ),
    ),
    layout=Layout(times="iso8601"),
)
"""The lifecycle ``langgraph.run``."""
