"""What an end means: the outcome of every terminal status of the catalogue.

A table of transitions tells that a status is an end, not whether it went well.  Whoever compares two lifecycles needs
both.  Sources: the descriptions of the statuses in the definitions of each entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from runstate.frozen import FrozenDict

__all__ = ["COARSER", "OUTCOMES", "Outcome", "outcome_of"]


class Outcome(StrEnum):
    """How something ended."""

    SUCCESS = "success"
    """It did what it was asked for."""
    PARTIAL = "partial"
    """It ended with a part of it."""
    FAILURE = "failure"
    """It went wrong."""
    EXPIRED = "expired"
    """Its time was up."""
    REJECTED = "rejected"
    """Nobody took it on."""
    SKIPPED = "skipped"
    """It was not needed, or could not begin."""
    CANCELLED = "cancelled"
    """Somebody stopped it."""
    CONTINUED = "continued"
    """Another run goes on in its place."""
    UNTOLD = "untold"
    """The status does not say; something beside it may."""


O = Outcome  # noqa: E741 - stands in every line of the table below

OUTCOMES: Mapping[str, Mapping[str, Outcome]] = FrozenDict({
    name: FrozenDict(ends)
    for name, ends in {
        "openai.assistants.run": {
            "completed": O.SUCCESS, "incomplete": O.PARTIAL, "failed": O.FAILURE, "expired": O.EXPIRED,
            "cancelled": O.CANCELLED,
        },
        "openai.assistants.run_step": {
            "completed": O.SUCCESS, "failed": O.FAILURE, "expired": O.EXPIRED, "cancelled": O.CANCELLED,
        },
        "openai.assistants.message": {"completed": O.SUCCESS, "incomplete": O.PARTIAL},
        "azure.foundry.classic.run": {
            "completed": O.SUCCESS, "failed": O.FAILURE, "expired": O.EXPIRED, "cancelled": O.CANCELLED,
        },
        "openai.responses.response": {
            "completed": O.SUCCESS, "incomplete": O.PARTIAL, "failed": O.FAILURE, "cancelled": O.CANCELLED,
        },
        "openresponses.item": {"completed": O.SUCCESS, "incomplete": O.PARTIAL, "failed": O.FAILURE},
        "openai.batch": {
            "completed": O.SUCCESS, "failed": O.FAILURE, "expired": O.EXPIRED, "cancelled": O.CANCELLED,
        },
        "a2a.task": {
            "TASK_STATE_COMPLETED": O.SUCCESS, "TASK_STATE_FAILED": O.FAILURE, "TASK_STATE_CANCELED": O.CANCELLED,
            "TASK_STATE_REJECTED": O.REJECTED,
        },
        "a2a.task.v0.3": {
            "completed": O.SUCCESS, "failed": O.FAILURE, "canceled": O.CANCELLED, "rejected": O.REJECTED,
        },
        "mcp.tasks.2025-11-25": {"completed": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        "mcp.tasks.ext": {"completed": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        # closed: success, interrupt or cancelled, told by outcome.type of the event
        "agui.run": {"closed": O.UNTOLD, "failed": O.FAILURE},
        # interrupted: the status of a run that was cancelled; waiting for a human is success, and seen on the thread
        "langgraph.run": {
            "success": O.SUCCESS, "error": O.FAILURE, "timeout": O.EXPIRED, "interrupted": O.CANCELLED,
        },
        "temporal.workflow": {
            "COMPLETED": O.SUCCESS, "FAILED": O.FAILURE, "TIMED_OUT": O.EXPIRED, "CANCELED": O.CANCELLED,
            "TERMINATED": O.CANCELLED, "CONTINUED_AS_NEW": O.CONTINUED,
        },
        "prefect.flow_run": {
            "COMPLETED": O.SUCCESS, "FAILED": O.FAILURE, "CRASHED": O.FAILURE, "CANCELLED": O.CANCELLED,
        },
        "anthropic.message_batch": {"ended": O.UNTOLD},
        "anthropic.managed_agents.session": {"terminated": O.UNTOLD},
        "aws.sfn.execution": {
            "SUCCEEDED": O.SUCCESS, "FAILED": O.FAILURE, "TIMED_OUT": O.EXPIRED, "ABORTED": O.CANCELLED,
        },
        "openlineage.run": {"COMPLETE": O.SUCCESS, "FAIL": O.FAILURE, "ABORT": O.CANCELLED},
        "airflow.dagrun": {"success": O.SUCCESS, "failed": O.FAILURE},
        "openai.fine_tuning.job": {"succeeded": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        "openai.vector_store.file_batch": {"completed": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        "openai.vector_store.file": {"completed": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        "openai.upload": {"completed": O.SUCCESS, "expired": O.EXPIRED, "cancelled": O.CANCELLED},
        "openai.agents.session": {"failed": O.FAILURE},
        "openai.agents.turn": {"completed": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        "openai.agents.subagent": {},
        "acp.run": {"completed": O.SUCCESS, "failed": O.FAILURE, "cancelled": O.CANCELLED},
        "agui.entity": {"closed": O.UNTOLD},
        "agent_protocol.run": {
            "success": O.SUCCESS, "error": O.FAILURE, "timeout": O.EXPIRED, "interrupted": O.CANCELLED,
        },
        "langchain.protocol.agent": {"completed": O.SUCCESS, "failed": O.FAILURE},
        "langgraph.thread": {},
        "anthropic.message_stream": {"stopped": O.UNTOLD},
        "anthropic.managed_agents.workflow_run": {"ended": O.UNTOLD},
        "dagster.run": {
            "SUCCESS": O.SUCCESS, "FAILURE": O.FAILURE, "CANCELED": O.CANCELLED, "MANAGED": O.UNTOLD,
        },
        "airflow.task_instance": {
            "success": O.SUCCESS, "failed": O.FAILURE, "skipped": O.SKIPPED, "upstream_failed": O.SKIPPED,
            "removed": O.SKIPPED,
        },
        "k8s.pod": {"Succeeded": O.SUCCESS, "Failed": O.FAILURE},
        "k8s.job": {"Complete": O.SUCCESS, "Failed": O.FAILURE},
        "github.workflow_run": {"completed": O.UNTOLD},
        "github.check_run": {"completed": O.UNTOLD},
        "cdevents.pipelinerun": {"finished": O.UNTOLD},
        "celery.task": {"SUCCESS": O.SUCCESS, "FAILURE": O.FAILURE, "REVOKED": O.CANCELLED},
        "aws.batch.job": {"SUCCEEDED": O.SUCCESS, "FAILED": O.FAILURE},
        "aws.bedrock.flow_execution": {
            "Succeeded": O.SUCCESS, "Failed": O.FAILURE, "TimedOut": O.EXPIRED, "Aborted": O.CANCELLED,
        },
        "aws.bedrock.model_invocation_job": {
            "Completed": O.SUCCESS, "PartiallyCompleted": O.PARTIAL, "Failed": O.FAILURE, "Expired": O.EXPIRED,
            "Stopped": O.CANCELLED,
        },
        "vertex.job": {
            "JOB_STATE_SUCCEEDED": O.SUCCESS, "JOB_STATE_PARTIALLY_SUCCEEDED": O.PARTIAL, "JOB_STATE_FAILED": O.FAILURE,
            "JOB_STATE_EXPIRED": O.EXPIRED, "JOB_STATE_CANCELLED": O.CANCELLED,
        },
        "argo.workflow": {"Succeeded": O.SUCCESS, "Failed": O.FAILURE, "Error": O.FAILURE},
        "argo.node": {
            "Succeeded": O.SUCCESS, "Failed": O.FAILURE, "Error": O.FAILURE, "Skipped": O.SKIPPED, "Omitted": O.SKIPPED,
        },
        "dbt.node": {
            "success": O.SUCCESS, "pass": O.SUCCESS, "warn": O.SUCCESS, "reused": O.SUCCESS, "no-op": O.SKIPPED,
            "partial success": O.PARTIAL, "error": O.FAILURE, "fail": O.FAILURE, "runtime error": O.FAILURE,
            "skipped": O.SKIPPED,
        },
        "mlflow.run": {"FINISHED": O.SUCCESS, "FAILED": O.FAILURE, "KILLED": O.CANCELLED},
        "agentclientprotocol.tool_call": {"completed": O.SUCCESS, "failed": O.FAILURE},
        "dbos.workflow": {"SUCCESS": O.SUCCESS, "ERROR": O.FAILURE},
        "msft.agent_framework.workflow": {"FAILED": O.FAILURE, "CANCELLED": O.CANCELLED},
        "agno.run": {
            "COMPLETED": O.SUCCESS, "ERROR": O.FAILURE, "CANCELLED": O.CANCELLED, "REGENERATED": O.CONTINUED,
        },
    }.items()
})  # fmt: skip
"""Lifecycle -> terminal status -> its outcome."""

COARSER: Mapping[Outcome, frozenset[Outcome]] = FrozenDict({
    O.SUCCESS: frozenset({O.UNTOLD}),
    O.PARTIAL: frozenset({O.SUCCESS, O.FAILURE, O.UNTOLD}),
    O.FAILURE: frozenset({O.UNTOLD}),
    O.EXPIRED: frozenset({O.FAILURE, O.UNTOLD}),
    O.REJECTED: frozenset({O.FAILURE, O.UNTOLD}),
    O.SKIPPED: frozenset({O.UNTOLD}),
    O.CANCELLED: frozenset({O.FAILURE, O.UNTOLD}),
    O.CONTINUED: frozenset({O.UNTOLD}),
    O.UNTOLD: frozenset(),
})  # fmt: skip
"""Outcome -> those that say less and nothing else; a lifecycle that lacks the first may be given one of them."""


def outcome_of(lifecycle: str, status: str) -> Outcome | None:
    """The outcome of a terminal status; None for any other, and for lifecycles that are not of the catalogue.

    :param lifecycle: its name.
    """
    return OUTCOMES.get(lifecycle, {}).get(status)
