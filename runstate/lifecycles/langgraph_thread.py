"""A thread of the LangGraph server: it never ends, and is interrupted while a human is waited for."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["LANGGRAPH_THREAD", "LanggraphThreadEvent", "LanggraphThreadStatus"]


class LanggraphThreadStatus(StrEnum):
    """The statuses of a thread."""

    IDLE = "idle"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class LanggraphThreadEvent(StrEnum):
    """The verbs that ask for a transition of a thread."""

    CREATE = "create"
    RUN = "run"
    REST = "rest"
    INTERRUPT = "interrupt"
    FAIL = "fail"


S, E = LanggraphThreadStatus, LanggraphThreadEvent
M = Basis.IMPLEMENTED

_CODE = "langgraph-api 0.16.7 worker.py; langgraph-runtime-inmem 0.36.7 ops.py"
_TOUCH = Effects(stamps=["updated_at"])

LANGGRAPH_THREAD = Lifecycle(
    name="langgraph.thread",
    version="0.16.7",
    doc="What the runs of a conversation share.",
    id_field="thread_id",
    initial={S.IDLE},
    terminal=(),
    stops={S.INTERRUPTED},
    rows=(
        Row(None, To(E.CREATE, S.IDLE, M, why=_CODE)),
        Row(S.IDLE, To(E.RUN, S.BUSY, M, why=f"{_CODE} Runs.put")),
        Row(
            S.BUSY,
            To(E.REST, S.IDLE, M, why=_CODE),
            To(E.INTERRUPT, S.INTERRUPTED, M, why=f"{_CODE}: the checkpoint has a next node"),
            To(E.FAIL, S.ERROR, M, why=_CODE),
        ),
        Row(S.INTERRUPTED, To(E.RUN, S.BUSY, M, why=f"{_CODE} Runs.put")),
        Row(S.ERROR, To(E.RUN, S.BUSY, M, why=f"{_CODE} Runs.put")),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["created_at", "updated_at"])),
        Verb(E.RUN, does=_TOUCH),
        Verb(E.REST, does=_TOUCH),
        Verb(E.INTERRUPT, does=_TOUCH),
        Verb(E.FAIL, does=_TOUCH),
    ),
    fields={"created_at": FieldKind.STAMP, "updated_at": FieldKind.STAMP},
    constant=("thread_id", "created_at"),
    layout=Layout(times="iso8601"),
)
"""The lifecycle ``langgraph.thread``."""
