"""The task of the Agent2Agent protocol, as version 0.3 spells it: the same table in small letters with hyphens."""

from __future__ import annotations

from runstate.lifecycle import Effects, FieldKind, Layout, Lifecycle, Row, To, Verb
from runstate.lifecycles.a2a_task import A2A_TASK

__all__ = ["A2A_TASK_V0_3"]


def _spelled(status: str) -> str:
    """``TASK_STATE_INPUT_REQUIRED`` as ``input-required``."""
    return status.removeprefix("TASK_STATE_").lower().replace("_", "-")


A2A_TASK_V0_3 = Lifecycle(
    name="a2a.task.v0.3",
    version="0.3",
    doc="A task that one agent gives another, in the spelling of version 0.3.",
    initial={_spelled(status) for status in A2A_TASK.initial},
    terminal={_spelled(status) for status in A2A_TASK.terminal},
    stops={_spelled(status) for status in A2A_TASK.stops},
    rows=(
        Row(
            source and _spelled(source),
            *(To(e.event, _spelled(e.target), *sorted(e.basis), why=e.why) for e in A2A_TASK.legal(source)),
        )
        for source in (None, *A2A_TASK.statuses)
    ),
    verbs=(
        Verb(event, wire="status-update", does=Effects(may_take={"timestamp": "timestamp"}))
        for event in A2A_TASK.events
    ),
    fields={"timestamp": FieldKind.STAMP},
    constant=("id", "contextId"),
    passing=("artifact-update", "message"),
    layout=Layout(
        inside={"result": None},
        id=("taskId", "id"),
        status="status.state",
        event="kind",  # of an update; a task says kind=task, which announces nothing
        at="status.timestamp",
        fields={"timestamp": "status.timestamp"},
        times="iso8601",
    ),
)
"""The lifecycle ``a2a.task.v0.3``.  Its ninth status, ``unknown``, says that there is nothing to be said."""
