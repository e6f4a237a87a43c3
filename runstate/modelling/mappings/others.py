"""Mappings between two systems of which neither is the assistant's run: versions of one protocol, successors, bridges."""

from __future__ import annotations

from runstate.lifecycle import Basis
from runstate.lifecycles.a2a_task import A2A_TASK
from runstate.lifecycles.a2a_task_v0_3 import A2A_TASK_V0_3
from runstate.lifecycles.airflow_dagrun import AIRFLOW_DAGRUN, DagRunStatus
from runstate.lifecycles.anthropic_message_batch import ANTHROPIC_MESSAGE_BATCH, MessageBatchStatus
from runstate.lifecycles.catalogue import CATALOGUE
from runstate.lifecycles.mcp_tasks import MCP_TASK
from runstate.lifecycles.mcp_tasks_ext import MCP_TASK_EXT
from runstate.lifecycles.openai_batch import OPENAI_BATCH, BatchStatus
from runstate.lifecycles.openlineage_run import OPENLINEAGE_RUN, LineageStatus
from runstate.modelling.mapping import As, LifecycleMapping

__all__ = ["OTHERS"]

D, M, I = Basis.DOCUMENTED, Basis.IMPLEMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_SPELLED = "A2A 1.0 spells the status of 0.3 with the prefix TASK_STATE_"

A2A_DOWN = LifecycleMapping(
    source=A2A_TASK,
    target=A2A_TASK_V0_3,
    doc="Version 1 as version 0.3 spells it.",
    statuses={
        old: As(new, D, why=_SPELLED) for old, new in zip(A2A_TASK.statuses, A2A_TASK_V0_3.statuses, strict=True)
    },
)

A2A_UP = LifecycleMapping(
    source=A2A_TASK_V0_3,
    target=A2A_TASK,
    doc="Version 0.3 as version 1 spells it.",
    statuses={
        old: As(new, D, why=_SPELLED) for old, new in zip(A2A_TASK_V0_3.statuses, A2A_TASK.statuses, strict=True)
    },
)

_SAME = "the same word; a tool result with isError is failed in 2025-11-25 and completed in the extension"

MCP_UP = LifecycleMapping(
    source=MCP_TASK,
    target=MCP_TASK_EXT,
    doc="The same five statuses. Which end a tool error has changed, and no status says which rule was followed.",
    statuses={status: As(status, D, why=_SAME) for status in MCP_TASK.statuses},
)

MCP_DOWN = LifecycleMapping(
    source=MCP_TASK_EXT,
    target=MCP_TASK,
    doc="The same five statuses. Which end a tool error has changed, and no status says which rule was followed.",
    statuses={status: As(status, D, why=_SAME) for status in MCP_TASK_EXT.statuses},
)

ACP = LifecycleMapping(
    source=CATALOGUE["acp.run"],
    target=A2A_TASK,
    doc="A run of the Agent Communication Protocol as a task of A2A, which it was merged into.",
    statuses={
        "created": As("TASK_STATE_SUBMITTED", I, why="received, not begun"),
        "in-progress": As("TASK_STATE_WORKING", I, why="it is being worked on"),
        "awaiting": As("TASK_STATE_INPUT_REQUIRED", I, why="it waits for the client"),
        "cancelling": As(None, I, why="a run that is cancelling may still complete; there is no status for that"),
        "cancelled": As("TASK_STATE_CANCELED", I, why="the client stopped it"),
        "completed": As("TASK_STATE_COMPLETED", I, why="it did what it was asked for"),
        "failed": As("TASK_STATE_FAILED", I, why="it went wrong"),
    },
)

BATCH = LifecycleMapping(
    source=OPENAI_BATCH,
    target=ANTHROPIC_MESSAGE_BATCH,
    doc="A batch of OpenAI as one of Anthropic, which ends in one way whatever became of its requests.",
    statuses={
        BatchStatus.VALIDATING: As(MessageBatchStatus.IN_PROGRESS, I, why="a batch is in progress from its creation"),
        BatchStatus.IN_PROGRESS: As(MessageBatchStatus.IN_PROGRESS, I, why="requests are worked on"),
        BatchStatus.FINALIZING: As(MessageBatchStatus.IN_PROGRESS, I, why="results are written before it ends"),
        BatchStatus.CANCELLING: As(MessageBatchStatus.CANCELING, I, why="it is being stopped"),
        BatchStatus.COMPLETED: As(MessageBatchStatus.ENDED, I, why="it has ended; request_counts say how"),
        BatchStatus.FAILED: As(MessageBatchStatus.ENDED, I, why="it has ended; request_counts say how"),
        BatchStatus.EXPIRED: As(MessageBatchStatus.ENDED, I, why="it has ended; request_counts say how"),
        BatchStatus.CANCELLED: As(MessageBatchStatus.ENDED, I, why="it has ended; request_counts say how"),
    },
)

_ADAPTER = "apache-airflow-providers-openlineage, OpenLineageAdapter"

LINEAGE = LifecycleMapping(
    source=AIRFLOW_DAGRUN,
    target=OPENLINEAGE_RUN,
    doc="A DAG run as Airflow's own provider tells it.",
    reopens=False,
    statuses={
        DagRunStatus.QUEUED: As(None, M, why=f"{_ADAPTER} says nothing before dag_started"),
        DagRunStatus.RUNNING: As(LineageStatus.START, M, why=f"{_ADAPTER}.dag_started"),
        DagRunStatus.SUCCESS: As(LineageStatus.COMPLETE, M, why=f"{_ADAPTER}.dag_success"),
        DagRunStatus.FAILED: As(LineageStatus.FAIL, M, why=f"{_ADAPTER}.dag_failed"),
    },
)

OTHERS = (A2A_UP, A2A_DOWN, MCP_UP, MCP_DOWN, ACP, BATCH, LINEAGE)
"""Every mapping that neither begins nor ends at the assistant's run."""
