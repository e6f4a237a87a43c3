"""`CATALOGUE`: every lifecycle that ships, by name, read when it is asked for.

What is used most is a literal in a module of its own; the rest is data in ``data/``.  Importing this module reads
neither, and looking one up reads that one alone.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping

from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle

__all__ = ["CATALOGUE", "DATA", "LITERALS", "OBJECTS", "Catalogue"]

LITERALS: Mapping[str, tuple[str, str]] = FrozenDict({
    "openai.assistants.run": ("assistants_run", "ASSISTANTS_RUN"),
    "openai.assistants.run_step": ("assistants_step", "ASSISTANTS_RUN_STEP"),
    "openai.assistants.message": ("assistants_message", "ASSISTANTS_MESSAGE"),
    "azure.foundry.classic.run": ("azure_classic_run", "AZURE_CLASSIC_RUN"),
    "openai.responses.response": ("openai_responses", "OPENAI_RESPONSE"),
    "openresponses.item": ("openresponses_item", "OPENRESPONSES_ITEM"),
    "openai.batch": ("openai_batch", "OPENAI_BATCH"),
    "a2a.task": ("a2a_task", "A2A_TASK"),
    "a2a.task.v0.3": ("a2a_task_v0_3", "A2A_TASK_V0_3"),
    "mcp.tasks.2025-11-25": ("mcp_tasks", "MCP_TASK"),
    "mcp.tasks.ext": ("mcp_tasks_ext", "MCP_TASK_EXT"),
    "agui.run": ("agui", "AGUI_RUN"),
    "langgraph.run": ("langgraph_run", "LANGGRAPH_RUN"),
    "langgraph.thread": ("langgraph_thread", "LANGGRAPH_THREAD"),
    "temporal.workflow": ("temporal_workflow", "TEMPORAL_WORKFLOW"),
    "prefect.flow_run": ("prefect_flow_run", "PREFECT_FLOW_RUN"),
    "anthropic.message_batch": ("anthropic_message_batch", "ANTHROPIC_MESSAGE_BATCH"),
    "anthropic.managed_agents.session": ("anthropic_session", "ANTHROPIC_SESSION"),
    "aws.sfn.execution": ("aws_step_functions", "AWS_STEP_FUNCTIONS"),
    "openlineage.run": ("openlineage_run", "OPENLINEAGE_RUN"),
    "airflow.dagrun": ("airflow_dagrun", "AIRFLOW_DAGRUN"),
})  # fmt: skip
"""Lifecycle -> the module that holds its literal, and its name there."""

DATA: tuple[str, ...] = (
    "openai.fine_tuning.job",
    "openai.vector_store.file_batch",
    "openai.vector_store.file",
    "openai.upload",
    "openai.agents.session",
    "openai.agents.turn",
    "openai.agents.subagent",
    "acp.run",
    "agui.entity",
    "agent_protocol.run",
    "langchain.protocol.agent",
    "anthropic.message_stream",
    "anthropic.managed_agents.workflow_run",
    "dagster.run",
    "airflow.task_instance",
    "k8s.pod",
    "k8s.job",
    "github.workflow_run",
    "github.check_run",
    "cdevents.pipelinerun",
    "celery.task",
    "aws.batch.job",
    "aws.bedrock.flow_execution",
    "aws.bedrock.model_invocation_job",
    "vertex.job",
    "argo.workflow",
    "argo.node",
    "dbt.node",
    "mlflow.run",
    "agentclientprotocol.tool_call",
    "dbos.workflow",
    "msft.agent_framework.workflow",
    "agno.run",
)
"""Lifecycles that are data: ``data/NAME.json``."""

OBJECTS: Mapping[str, str] = FrozenDict({
    "thread.run": "openai.assistants.run",
    "thread.run.step": "openai.assistants.run_step",
    "thread.message": "openai.assistants.message",
    "response": "openai.responses.response",
    "batch": "openai.batch",
    "RUN_STARTED": "agui.run",
    "RUN_FINISHED": "agui.run",
    "RUN_ERROR": "agui.run",
    "message_batch": "anthropic.message_batch",
    "fine_tuning.job": "openai.fine_tuning.job",
    "vector_store.files_batch": "openai.vector_store.file_batch",
    "vector_store.file_batch": "openai.vector_store.file_batch",
    "vector_store.file": "openai.vector_store.file",
    "upload": "openai.upload",
    "agent.session": "openai.agents.session",
    "agent.session.turn": "openai.agents.turn",
})  # fmt: skip
"""What an object says it is -> its lifecycle: the ``objects`` of all, so that none must be read to know."""


class Catalogue(Mapping[str, Lifecycle]):
    """Lifecycle by name, the assistant's run first; each is read at the first look at it, and is the same ever after."""

    def __init__(self) -> None:
        self._read: dict[str, Lifecycle] = {}

    def __getitem__(self, name: str) -> Lifecycle:
        known = self._read.get(name)
        return self._read.setdefault(name, _read(name)) if known is None else known

    def __iter__(self) -> Iterator[str]:
        yield from LITERALS
        yield from DATA

    def __len__(self) -> int:
        return len(LITERALS) + len(DATA)

    def __contains__(self, name: object) -> bool:
        return name in LITERALS or name in DATA

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self)} lifecycles>"

    def of_object(self, kind: str | None) -> Lifecycle | None:
        """The lifecycle of objects that say they are of this kind, without reading any other."""
        name = None if kind is None else OBJECTS.get(kind)
        return None if name is None else self[name]


def _read(name: str) -> Lifecycle:
    if name in LITERALS:
        module, constant = LITERALS[name]
        found: Lifecycle = getattr(importlib.import_module(f"runstate.lifecycles.{module}"), constant)
        return found
    if name not in DATA:
        raise KeyError(name)
    from importlib import resources

    from runstate.lifecycles.plain import build

    file = resources.files("runstate.lifecycles") / "data" / f"{name}.json"
    return build(json.loads(file.read_text(encoding="utf-8")))


CATALOGUE = Catalogue()
"""Every lifecycle that ships, by name: a mapping that reads each at the first look."""
