"""What other systems run, told as an assistant's run.

No source states these mappings; they are read from what each side says its statuses mean, and so inferred.  An
assistant's run cannot go back from in_progress to queued but through tool calls, so where a system does (a retry, a
reschedule), waiting is not told, and the run is seen from its start on.  It has no second life either: what reopens an
end is left out.
"""

from __future__ import annotations

from runstate.lifecycle import Basis
from runstate.lifecycles.a2a_task import A2A_TASK, TaskStatus
from runstate.lifecycles.airflow_dagrun import AIRFLOW_DAGRUN, DagRunStatus
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.lifecycles.aws_step_functions import AWS_STEP_FUNCTIONS, ExecutionStatus
from runstate.lifecycles.azure_classic_run import AZURE_CLASSIC_RUN, AzureStatus
from runstate.lifecycles.langgraph_run import LANGGRAPH_RUN, LanggraphRunStatus
from runstate.lifecycles.mcp_tasks import MCP_TASK, McpTaskStatus
from runstate.lifecycles.mcp_tasks_ext import MCP_TASK_EXT
from runstate.lifecycles.openai_responses import OPENAI_RESPONSE, ResponseStatus
from runstate.lifecycles.openlineage_run import OPENLINEAGE_RUN, LineageStatus
from runstate.lifecycles.prefect_flow_run import PREFECT_FLOW_RUN, FlowRunStatus
from runstate.lifecycles.temporal_workflow import TEMPORAL_WORKFLOW, WorkflowStatus
from runstate.modelling.mapping import As, LifecycleMapping

__all__ = ["TO_ASSISTANTS"]

T = Status
D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_AGAIN = "it may wait again after it ran, which a run cannot"

A2A = LifecycleMapping(
    source=A2A_TASK,
    target=ASSISTANTS_RUN,
    statuses={
        TaskStatus.SUBMITTED: As(T.QUEUED, I, why="received, not begun"),
        TaskStatus.WORKING: As(T.IN_PROGRESS, I, why="it is being worked on"),
        TaskStatus.INPUT_REQUIRED: As(T.REQUIRES_ACTION, I, why="it waits for the client"),
        TaskStatus.AUTH_REQUIRED: As(T.REQUIRES_ACTION, I, why="it waits for an authorization"),
        TaskStatus.COMPLETED: As(T.COMPLETED, I, why="it did what it was asked for"),
        TaskStatus.FAILED: As(T.FAILED, I, why="it went wrong"),
        TaskStatus.CANCELED: As(T.CANCELLED, I, why="the client stopped it"),
        TaskStatus.REJECTED: As(T.FAILED, I, why="the agent did not take it on; a run knows no such end"),
    },
)

_MCP: dict[str, As] = {
    McpTaskStatus.WORKING: As(T.IN_PROGRESS, I, why="it is being worked on"),
    McpTaskStatus.INPUT_REQUIRED: As(T.REQUIRES_ACTION, I, why="it waits for the requestor"),
    McpTaskStatus.COMPLETED: As(T.COMPLETED, I, why="it did what it was asked for"),
    McpTaskStatus.FAILED: As(T.FAILED, I, why="it went wrong"),
    McpTaskStatus.CANCELLED: As(T.CANCELLED, I, why="the requestor stopped it"),
}

MCP = LifecycleMapping(source=MCP_TASK, target=ASSISTANTS_RUN, statuses=_MCP)

MCP_EXT = LifecycleMapping(source=MCP_TASK_EXT, target=ASSISTANTS_RUN, statuses=_MCP)

LANGGRAPH = LifecycleMapping(
    source=LANGGRAPH_RUN,
    target=ASSISTANTS_RUN,
    statuses={
        LanggraphRunStatus.PENDING: As(None, I, why=f"{_AGAIN}: a retry leads back to pending"),
        LanggraphRunStatus.RUNNING: As(T.IN_PROGRESS, I, why="a worker has it"),
        LanggraphRunStatus.SUCCESS: As(T.COMPLETED, I, why="it did what it was asked for, or its thread waits"),
        LanggraphRunStatus.ERROR: As(T.FAILED, I, why="it went wrong"),
        LanggraphRunStatus.TIMEOUT: As(T.EXPIRED, I, why="its time was up"),
        LanggraphRunStatus.INTERRUPTED: As(T.CANCELLED, I, why="the status of a run that was cancelled"),
    },
)

RESPONSES = LifecycleMapping(
    source=OPENAI_RESPONSE,
    target=ASSISTANTS_RUN,
    statuses={
        ResponseStatus.QUEUED: As(T.QUEUED, I, why="it waits"),
        ResponseStatus.IN_PROGRESS: As(T.IN_PROGRESS, I, why="the model is at work"),
        ResponseStatus.COMPLETED: As(T.COMPLETED, I, why="the answer is whole"),
        ResponseStatus.FAILED: As(T.FAILED, I, why="it went wrong"),
        ResponseStatus.CANCELLED: As(T.CANCELLED, I, why="the caller stopped it"),
        ResponseStatus.INCOMPLETE: As(T.INCOMPLETE, I, why="the answer broke off, for the same reasons"),
    },
)

TEMPORAL = LifecycleMapping(
    source=TEMPORAL_WORKFLOW,
    target=ASSISTANTS_RUN,
    statuses={
        WorkflowStatus.RUNNING: As(T.IN_PROGRESS, I, why="it runs"),
        WorkflowStatus.PAUSED: As(None, I, why="an operator stopped it for a while; a run cannot be"),
        WorkflowStatus.COMPLETED: As(T.COMPLETED, I, why="it did what it was asked for"),
        WorkflowStatus.FAILED: As(T.FAILED, I, why="it went wrong"),
        WorkflowStatus.CANCELED: As(T.CANCELLED, I, why="it agreed to being stopped"),
        WorkflowStatus.TERMINATED: As(T.CANCELLED, I, why="somebody stopped it by force"),
        WorkflowStatus.CONTINUED_AS_NEW: As(None, I, why="another execution goes on; a run has no successor"),
        WorkflowStatus.TIMED_OUT: As(T.EXPIRED, I, why="its time was up"),
    },
)

PREFECT = LifecycleMapping(
    source=PREFECT_FLOW_RUN,
    target=ASSISTANTS_RUN,
    reopens=False,
    statuses={
        FlowRunStatus.SCHEDULED: As(None, I, why=f"{_AGAIN}: a retry is scheduled"),
        FlowRunStatus.PENDING: As(None, I, why=f"{_AGAIN}: a retry is scheduled, then pending"),
        FlowRunStatus.RUNNING: As(T.IN_PROGRESS, I, why="it runs"),
        FlowRunStatus.PAUSED: As(T.REQUIRES_ACTION, I, why="it waits for somebody to resume it"),
        FlowRunStatus.CANCELLING: As(T.CANCELLING, I, why="it is being stopped"),
        FlowRunStatus.COMPLETED: As(T.COMPLETED, I, why="it did what it was asked for"),
        FlowRunStatus.FAILED: As(T.FAILED, I, why="it went wrong"),
        FlowRunStatus.CANCELLED: As(T.CANCELLED, I, why="somebody stopped it"),
        FlowRunStatus.CRASHED: As(T.FAILED, I, why="what it ran on went away"),
    },
)

STEP_FUNCTIONS = LifecycleMapping(
    source=AWS_STEP_FUNCTIONS,
    target=ASSISTANTS_RUN,
    reopens=False,
    statuses={
        ExecutionStatus.RUNNING: As(T.IN_PROGRESS, I, why="it runs"),
        ExecutionStatus.PENDING_REDRIVE: As(None, I, why="it comes after an end; a run has no second life"),
        ExecutionStatus.SUCCEEDED: As(T.COMPLETED, I, why="it did what it was asked for"),
        ExecutionStatus.FAILED: As(T.FAILED, I, why="it went wrong"),
        ExecutionStatus.TIMED_OUT: As(T.EXPIRED, I, why="its time was up"),
        ExecutionStatus.ABORTED: As(T.CANCELLED, I, why="somebody stopped it"),
    },
)

AIRFLOW = LifecycleMapping(
    source=AIRFLOW_DAGRUN,
    target=ASSISTANTS_RUN,
    reopens=False,
    statuses={
        DagRunStatus.QUEUED: As(None, I, why=f"{_AGAIN}: clearing leads from running to queued"),
        DagRunStatus.RUNNING: As(T.IN_PROGRESS, I, why="it runs"),
        DagRunStatus.SUCCESS: As(T.COMPLETED, I, why="it did what it was asked for"),
        DagRunStatus.FAILED: As(T.FAILED, I, why="it went wrong, or somebody stopped it"),
    },
)

OPENLINEAGE = LifecycleMapping(
    source=OPENLINEAGE_RUN,
    target=ASSISTANTS_RUN,
    statuses={
        LineageStatus.START: As(T.IN_PROGRESS, I, why="work begins"),
        LineageStatus.RUNNING: As(T.IN_PROGRESS, I, why="it runs"),
        LineageStatus.OTHER: As(None, I, why="more metadata, before or after the start"),
        LineageStatus.COMPLETE: As(T.COMPLETED, I, why="it did what it was asked for"),
        LineageStatus.ABORT: As(T.CANCELLED, I, why="it was stopped abnormally"),
        LineageStatus.FAIL: As(T.FAILED, I, why="it went wrong"),
    },
)

AZURE = LifecycleMapping(
    source=AZURE_CLASSIC_RUN,
    target=ASSISTANTS_RUN,
    statuses={
        AzureStatus.QUEUED: As(T.QUEUED, D, why="the same status, azure-ai-agents 1.1.0 RunStatus"),
        AzureStatus.IN_PROGRESS: As(T.IN_PROGRESS, D, why="the same status"),
        AzureStatus.REQUIRES_ACTION: As(T.REQUIRES_ACTION, D, why="the same status"),
        AzureStatus.CANCELLING: As(T.CANCELLING, D, why="the same status"),
        AzureStatus.CANCELLED: As(T.CANCELLED, D, why="the same status"),
        AzureStatus.FAILED: As(T.FAILED, D, why="the same status"),
        AzureStatus.COMPLETED: As(T.COMPLETED, D, why="the same status"),
        AzureStatus.EXPIRED: As(T.EXPIRED, D, why="the same status"),
    },
)

TO_ASSISTANTS = (
    A2A, MCP, MCP_EXT, LANGGRAPH, RESPONSES, TEMPORAL, PREFECT, STEP_FUNCTIONS, AIRFLOW, OPENLINEAGE, AZURE,
)  # fmt: skip
"""Every mapping whose target is the assistant's run."""
