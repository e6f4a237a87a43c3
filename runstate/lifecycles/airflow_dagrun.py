"""A run of an Airflow DAG: the documented matrix of what each step does to its times.

Clearing leaves an end.  From an end to an end changes no time at all.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["AIRFLOW_DAGRUN", "DagRunEvent", "DagRunStatus"]


class DagRunStatus(StrEnum):
    """The statuses of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunEvent(StrEnum):
    """The verbs that ask for a transition of a run."""

    CREATE = "create"
    QUEUE = "queue"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"


S, E = DagRunStatus, DagRunEvent
D = Basis.DOCUMENTED

_MATRIX = "apache-airflow-core 3.3.2, docstring of DagRun.set_state"
_CLEAR = f"{_MATRIX}; clearing the run"
_RESTART = Effects(stamps=["start_date"], clears=["end_date"])

AIRFLOW_DAGRUN = Lifecycle(
    name="airflow.dagrun",
    version="3.3.2",
    doc="One run of a DAG.",
    id_field="dag_run_id",
    status_field="state",
    initial={S.QUEUED},
    terminal={S.SUCCESS, S.FAILED},
    rows=(
        Row(None, To(E.CREATE, S.QUEUED, D, why=_MATRIX)),
        Row(
            S.QUEUED,
            To(E.START, S.RUNNING, D, why=_MATRIX),
            To(E.SUCCEED, S.SUCCESS, D, why=_MATRIX),
            To(E.FAIL, S.FAILED, D, why=_MATRIX),
        ),
        Row(
            S.RUNNING,
            To(E.QUEUE, S.QUEUED, D, why=_MATRIX),
            To(E.SUCCEED, S.SUCCESS, D, why=_MATRIX),
            To(E.FAIL, S.FAILED, D, why=_MATRIX),
        ),
        Row(
            S.SUCCESS,
            To(E.QUEUE, S.QUEUED, D, reopens=True, why=_CLEAR),
            To(E.START, S.RUNNING, D, reopens=True, does=_RESTART, why=_CLEAR),
        ),
        Row(
            S.FAILED,
            To(E.QUEUE, S.QUEUED, D, reopens=True, why=_CLEAR),
            To(E.START, S.RUNNING, D, reopens=True, does=_RESTART, why=_CLEAR),
        ),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["queued_at"])),
        Verb(E.QUEUE, does=Effects(stamps=["queued_at"], clears=["start_date", "end_date"])),
        Verb(E.START, does=Effects(stamps_once=["start_date"], clears=["end_date"])),
        Verb(E.SUCCEED, does=Effects(stamps=["end_date"])),
        Verb(E.FAIL, does=Effects(stamps=["end_date"])),
    ),
    fields={"queued_at": FieldKind.STAMP, "start_date": FieldKind.STAMP, "end_date": FieldKind.STAMP},
    constant=("dag_id", "dag_run_id", "logical_date"),
    layout=Layout(times="iso8601"),
)
"""The lifecycle ``airflow.dagrun``."""
