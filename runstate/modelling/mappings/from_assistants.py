"""The assistant's run as other systems would tell it.

No source states these mappings; they are read from what each side says its statuses mean, and so inferred.  Four things
recur.  ``cancelling`` is held wherever the other side has no such status, or one that leads to cancelled alone: a run
that is cancelling may still complete.  ``queued`` comes twice, first and after tool outputs, and many systems know only
the first.  ``incomplete`` is a failure where nothing says that a part is there: success would promise a whole answer.
``expired`` is a failure where nothing says that time was up.
"""

from __future__ import annotations

from runstate.lifecycle import Basis
from runstate.lifecycles.a2a_task import A2A_TASK, TaskStatus
from runstate.lifecycles.agui import AGUI_RUN, AguiRunStatus
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

__all__ = ["FROM_ASSISTANTS"]

S = Status
D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key

_HELD = "a run that is cancelling may still complete; there is no status for that"
_PART = "it ended before it was whole, and nothing here says so"
_LATE = "its time was up, and nothing here says so"

A2A = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=A2A_TASK,
    doc="A run offered as a task of an A2A server.",
    statuses={
        S.QUEUED: As(
            TaskStatus.SUBMITTED, I, why="received, not begun; a task is submitted once", otherwise=TaskStatus.WORKING
        ),
        S.IN_PROGRESS: As(TaskStatus.WORKING, I, why="it is being worked on"),
        S.REQUIRES_ACTION: As(
            TaskStatus.INPUT_REQUIRED, I, why="it waits for the client; the tool calls are the input"
        ),
        S.CANCELLING: As(None, I, why=_HELD),
        S.CANCELLED: As(TaskStatus.CANCELED, I, why="the client stopped it"),
        S.FAILED: As(TaskStatus.FAILED, I, why="it went wrong"),
        S.COMPLETED: As(TaskStatus.COMPLETED, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(TaskStatus.FAILED, I, why=_PART),
        S.EXPIRED: As(TaskStatus.FAILED, I, why=_LATE),
    },
)

_MCP: dict[str, As] = {
    S.QUEUED: As(McpTaskStatus.WORKING, I, why="a task begins as working"),
    S.IN_PROGRESS: As(McpTaskStatus.WORKING, I, why="it is being worked on"),
    S.REQUIRES_ACTION: As(
        McpTaskStatus.INPUT_REQUIRED, I, why="it waits for the requestor; the tool calls are the input"
    ),
    S.CANCELLING: As(None, I, why=_HELD),
    S.CANCELLED: As(McpTaskStatus.CANCELLED, I, why="the requestor stopped it"),
    S.FAILED: As(McpTaskStatus.FAILED, I, why="it went wrong"),
    S.COMPLETED: As(McpTaskStatus.COMPLETED, I, why="it did what it was asked for"),
    S.INCOMPLETE: As(McpTaskStatus.FAILED, I, why=_PART),
    S.EXPIRED: As(McpTaskStatus.FAILED, I, why=_LATE),
}

MCP = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=MCP_TASK,
    doc="A run behind a task of MCP 2025-11-25. There a cancel must answer cancelled at once; a run that still completes "
    "after it has no task that says so.",
    statuses=_MCP,
)

MCP_EXT = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=MCP_TASK_EXT,
    doc="A run behind a task of the MCP extension, where cancelling is cooperative, as it is for a run.",
    statuses=_MCP,
)

LANGGRAPH = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=LANGGRAPH_RUN,
    doc="A run as one of the LangGraph server. There a pause for a human is not on the run: the thread is interrupted.",
    statuses={
        S.QUEUED: As(LanggraphRunStatus.PENDING, I, why="it waits for a worker; after tool outputs it does so again"),
        S.IN_PROGRESS: As(LanggraphRunStatus.RUNNING, I, why="a worker has it"),
        S.REQUIRES_ACTION: As(None, I, why="waiting for others is a status of the thread, not of the run"),
        S.CANCELLING: As(None, I, why=_HELD),
        S.CANCELLED: As(LanggraphRunStatus.INTERRUPTED, I, why="the status of a run that was cancelled"),
        S.FAILED: As(LanggraphRunStatus.ERROR, I, why="it went wrong"),
        S.COMPLETED: As(LanggraphRunStatus.SUCCESS, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(LanggraphRunStatus.ERROR, I, why=_PART),
        S.EXPIRED: As(LanggraphRunStatus.TIMEOUT, I, why="its time was up"),
    },
)

RESPONSES = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=OPENAI_RESPONSE,
    doc="A run as a background response. There a tool call ends the response, and its outputs begin another one; as one "
    "response the wait does not show.",
    statuses={
        S.QUEUED: As(
            ResponseStatus.QUEUED, I, why="it waits; a response is queued once", otherwise=ResponseStatus.IN_PROGRESS
        ),
        S.IN_PROGRESS: As(ResponseStatus.IN_PROGRESS, I, why="the model is at work"),
        S.REQUIRES_ACTION: As(None, I, why="a response does not wait for tool outputs; another one takes them"),
        S.CANCELLING: As(None, I, why=_HELD),
        S.CANCELLED: As(ResponseStatus.CANCELLED, I, why="the caller stopped it"),
        S.FAILED: As(ResponseStatus.FAILED, I, why="it went wrong"),
        S.COMPLETED: As(ResponseStatus.COMPLETED, I, why="the answer is whole"),
        S.INCOMPLETE: As(ResponseStatus.INCOMPLETE, I, why="the answer broke off, for the same reasons"),
        S.EXPIRED: As(ResponseStatus.FAILED, I, why=_LATE),
    },
)

TEMPORAL = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=TEMPORAL_WORKFLOW,
    doc="A run as a workflow execution. Waiting for a worker, for tool outputs or for its end, an execution is running.",
    statuses={
        S.QUEUED: As(
            WorkflowStatus.RUNNING, I, why="an execution runs from its start, before a worker has its first task"
        ),
        S.IN_PROGRESS: As(WorkflowStatus.RUNNING, I, why="it runs"),
        S.REQUIRES_ACTION: As(WorkflowStatus.RUNNING, I, why="it waits for a signal; paused is an operator's doing"),
        S.CANCELLING: As(WorkflowStatus.RUNNING, I, why="a cancel that was asked for is an event, not a status"),
        S.CANCELLED: As(WorkflowStatus.CANCELED, I, why="it agreed to being stopped"),
        S.FAILED: As(WorkflowStatus.FAILED, I, why="it went wrong"),
        S.COMPLETED: As(WorkflowStatus.COMPLETED, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(WorkflowStatus.FAILED, I, why=_PART),
        S.EXPIRED: As(WorkflowStatus.TIMED_OUT, I, why="its time was up"),
    },
)

PREFECT = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=PREFECT_FLOW_RUN,
    doc="A run as a flow run. What is cancelling there can only become cancelled.",
    statuses={
        S.QUEUED: As(FlowRunStatus.SCHEDULED, I, why="it waits for a worker; a resumed flow run is scheduled again"),
        S.IN_PROGRESS: As(FlowRunStatus.RUNNING, I, why="it runs"),
        S.REQUIRES_ACTION: As(FlowRunStatus.PAUSED, I, why="it waits for somebody to resume it"),
        S.CANCELLING: As(None, I, why="a run that is cancelling may still complete, a flow run may not"),
        S.CANCELLED: As(FlowRunStatus.CANCELLED, I, why="somebody stopped it"),
        S.FAILED: As(FlowRunStatus.FAILED, I, why="it went wrong"),
        S.COMPLETED: As(FlowRunStatus.COMPLETED, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(FlowRunStatus.FAILED, I, why=_PART),
        S.EXPIRED: As(FlowRunStatus.FAILED, I, why=_LATE),
    },
)

AGUI = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=AGUI_RUN,
    doc="A run as one of AG-UI. There a tool call that the client answers closes the run, and another run resumes it; as "
    "one run the wait does not show. How a closed run ended is in the outcome of RUN_FINISHED.",
    statuses={
        S.QUEUED: As(AguiRunStatus.ACTIVE, I, why="a run is active from RUN_STARTED on"),
        S.IN_PROGRESS: As(AguiRunStatus.ACTIVE, I, why="it is at work"),
        S.REQUIRES_ACTION: As(AguiRunStatus.ACTIVE, I, why="an interrupt would close the run, which goes on"),
        S.CANCELLING: As(AguiRunStatus.ACTIVE, I, why="nothing announces it"),
        S.CANCELLED: As(AguiRunStatus.CLOSED, I, why="RUN_FINISHED with the outcome cancelled"),
        S.FAILED: As(AguiRunStatus.FAILED, I, why="RUN_ERROR"),
        S.COMPLETED: As(AguiRunStatus.CLOSED, I, why="RUN_FINISHED with the outcome success"),
        S.INCOMPLETE: As(AguiRunStatus.FAILED, I, why=f"RUN_ERROR: {_PART}"),
        S.EXPIRED: As(AguiRunStatus.FAILED, I, why=f"RUN_ERROR: {_LATE}"),
    },
)

STEP_FUNCTIONS = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=AWS_STEP_FUNCTIONS,
    doc="A run as an execution of a state machine. Waiting is a state inside of it.",
    statuses={
        S.QUEUED: As(ExecutionStatus.RUNNING, I, why="an execution runs from StartExecution on"),
        S.IN_PROGRESS: As(ExecutionStatus.RUNNING, I, why="it runs"),
        S.REQUIRES_ACTION: As(ExecutionStatus.RUNNING, I, why="it waits for a task token"),
        S.CANCELLING: As(ExecutionStatus.RUNNING, I, why="StopExecution ends it at once; until then it runs"),
        S.CANCELLED: As(ExecutionStatus.ABORTED, I, why="somebody stopped it"),
        S.FAILED: As(ExecutionStatus.FAILED, I, why="it went wrong"),
        S.COMPLETED: As(ExecutionStatus.SUCCEEDED, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(ExecutionStatus.FAILED, I, why=_PART),
        S.EXPIRED: As(ExecutionStatus.TIMED_OUT, I, why="its time was up"),
    },
)

AIRFLOW = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=AIRFLOW_DAGRUN,
    doc="A run as a DAG run. There is no status for a stop: it is a failure.",
    statuses={
        S.QUEUED: As(DagRunStatus.QUEUED, I, why="it waits for the scheduler; after tool outputs it does so again"),
        S.IN_PROGRESS: As(DagRunStatus.RUNNING, I, why="it runs"),
        S.REQUIRES_ACTION: As(DagRunStatus.RUNNING, I, why="waiting for somebody is a status of a task"),
        S.CANCELLING: As(None, I, why=_HELD),
        S.CANCELLED: As(DagRunStatus.FAILED, I, why="whoever stops a DAG run marks it as failed"),
        S.FAILED: As(DagRunStatus.FAILED, I, why="it went wrong"),
        S.COMPLETED: As(DagRunStatus.SUCCESS, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(DagRunStatus.FAILED, I, why=_PART),
        S.EXPIRED: As(DagRunStatus.FAILED, I, why="its time was up: dagrun_timeout fails it"),
    },
)

OPENLINEAGE = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=OPENLINEAGE_RUN,
    doc="A run as lineage events: one START, one end.",
    statuses={
        S.QUEUED: As(None, I, why="START says that work begins, and may be said once; a queued run has not begun"),
        S.IN_PROGRESS: As(LineageStatus.START, I, why="work begins", otherwise=LineageStatus.RUNNING),
        S.REQUIRES_ACTION: As(None, I, why="waiting is no event"),
        S.CANCELLING: As(None, I, why=_HELD),
        S.CANCELLED: As(LineageStatus.ABORT, I, why="it was stopped abnormally"),
        S.FAILED: As(LineageStatus.FAIL, I, why="it went wrong"),
        S.COMPLETED: As(LineageStatus.COMPLETE, I, why="it did what it was asked for"),
        S.INCOMPLETE: As(LineageStatus.FAIL, I, why=_PART),
        S.EXPIRED: As(LineageStatus.FAIL, I, why=_LATE),
    },
)

AZURE = LifecycleMapping(
    source=ASSISTANTS_RUN,
    target=AZURE_CLASSIC_RUN,
    doc="A run as Azure's classic agents tell it: the same words, fewer transitions, no incomplete.",
    statuses={
        S.QUEUED: As(AzureStatus.QUEUED, D, why="the same status, azure-ai-agents 1.1.0 RunStatus"),
        S.IN_PROGRESS: As(AzureStatus.IN_PROGRESS, D, why="the same status"),
        S.REQUIRES_ACTION: As(AzureStatus.REQUIRES_ACTION, D, why="the same status"),
        S.CANCELLING: As(None, I, why="the same word; no source says that such a run may still complete"),
        S.CANCELLED: As(AzureStatus.CANCELLED, D, why="the same status"),
        S.FAILED: As(AzureStatus.FAILED, D, why="the same status"),
        S.COMPLETED: As(AzureStatus.COMPLETED, D, why="the same status"),
        S.INCOMPLETE: As(AzureStatus.FAILED, I, why="RunStatus has no incomplete, though the stream has the event"),
        S.EXPIRED: As(AzureStatus.EXPIRED, D, why="the same status"),
    },
)

FROM_ASSISTANTS = (
    A2A, MCP, MCP_EXT, LANGGRAPH, RESPONSES, TEMPORAL, PREFECT, AGUI, STEP_FUNCTIONS, AIRFLOW, OPENLINEAGE, AZURE,
)  # fmt: skip
"""Every mapping whose source is the assistant's run."""
