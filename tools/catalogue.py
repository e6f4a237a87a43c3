"""Write the data files of the catalogue from a survey of lifecycles: ``python -m tools.catalogue SURVEY.json``.

The survey is a JSON object of lifecycles, each with ``states``, ``initial``, ``terminal`` and ``moves`` (from, to, event,
certainty, source); it is no part of the project, its facts are.  What has a literal of its own is left out.  Every event
is named here by what it means, and what the survey leaves open (how a lifecycle begins, which names are announced in a
log and which are requests) is settled here, in tables that can be read.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from runstate.lifecycles.catalogue import LITERALS
from runstate.lifecycles.plain import build, plain
from runstate.modelling.definition import to_json

Json = dict[str, Any]
DATA = Path(__file__).resolve().parents[1] / "runstate" / "lifecycles" / "data"

ABSENT = ("(none)", "(absent)")
"""How the survey writes that there is no status yet."""

BASIS = {
    "documented": "documented",
    "enforced in code": "enforced",
    "implemented in code": "implemented",
    "inferred": "inferred",
}

VERBS = {
    # ends
    "completed": "complete", "complete": "complete", "succeeded": "succeed", "success": "succeed",
    "finished": "finish", "ended": "end", "stopped": "stop", "failed": "fail", "failure": "fail", "error": "fail",
    "fail": "fail_test", "pass": "pass_test", "warn": "warn", "skipped": "skip", "omitted": "omit", "removed": "remove",
    "reused": "reuse", "no-op": "do_nothing", "partial success": "succeed_partially", "runtime error": "break",
    "partially_succeeded": "succeed_partially", "partiallycompleted": "complete_partially", "expired": "expire",
    "timeout": "time_out", "timedout": "time_out", "timed_out": "time_out", "aborted": "abort", "killed": "kill",
    "revoked": "revoke", "regenerated": "regenerate", "upstream_failed": "fail_upstream",
    "max_recovery_attempts_exceeded": "give_up", "closed": "close",
    "cancelled": "confirm_cancel", "canceled": "confirm_cancel",
    # live
    "running": "start", "in_progress": "start", "in-progress": "start", "inprogress": "start", "started": "start",
    "executing": "execute", "compiling": "compile", "validating": "validate", "starting": "launch",
    "queued": "enqueue", "enqueued": "enqueue", "scheduled": "schedule", "pending": "await_start",
    "runnable": "make_runnable", "requested": "request", "waiting": "wait", "received": "receive", "retry": "retry",
    "rejected": "reject", "suspended": "suspend", "paused": "pause", "updating": "update", "unknown": "lose",
    "idle": "rest", "requires_action": "require_action", "awaiting": "await_input", "budget_reached": "reach_budget",
    "cancelling": "cancel", "canceling": "cancel", "stopping": "cancel", "interrupted": "interrupt",
    "up_for_retry": "await_retry", "up_for_reschedule": "await_reschedule", "deferred": "defer",
    "awaiting_input": "await_input", "restarting": "restart", "active": "activate", "open": "open",
    "successcriteriamet": "meet_success", "failuretarget": "doom", "none": "clear", "stateless": "clear",
    "in_progress_pending_requests": "request_while_running", "idle_with_pending_requests": "rest_with_requests",
    "block_open": "open_block", "delta_sent": "send_delta",
}  # fmt: skip
"""Status that an event leads to -> the event."""

EVENTS: dict[tuple[str, str], tuple[str, str | None]] = {
    ("openai.agents.subagent", "agent.session.subagent.active"): ("resume", "agent.session.subagent.active"),
    ("anthropic.managed_agents.workflow_run", "workflow_run.status_ended (result completed/error/stopped)"): (
        "end",
        "workflow_run.status_ended",
    ),
    ("anthropic.message_stream", "content_block_delta"): ("add_delta", "content_block_delta"),
    ("anthropic.message_stream", "content_block_stop"): ("close_block", "content_block_stop"),
    ("agui.entity", "*_START / STEP_STARTED / SUBAGENT_STARTED"): ("open", None),
    ("agui.entity", "*_CONTENT / *_ARGS"): ("append", None),
    ("agui.entity", "*_END / STEP_FINISHED / SUBAGENT_FINISHED / SUBAGENT_ERROR"): ("close", None),
    ("agui.entity", "*_START (not subagents)"): ("open", None),
    ("langchain.protocol.agent", "lifecycle"): ("", "lifecycle"),
    ("dagster.run", "RUN_RESUMED"): ("resume", "RUN_RESUMED"),
    ("airflow.task_instance", "PATCH /task-instances/ID/run"): ("", None),
    ("airflow.task_instance", "PATCH /state"): ("", None),
    ("github.workflow_run", "workflow_run.completed (conclusion set)"): ("complete", "workflow_run.completed"),
    ("github.workflow_run", "re-run, run_attempt+1"): ("rerun", None),
    ("github.check_run", "check_run.rerequested"): ("rerequest", "check_run.rerequested"),
    ("cdevents.pipelinerun", "dev.cdevents.pipelinerun.finished.0.3.0 (outcome success/failure/cancel/error)"): (
        "finish",
        "dev.cdevents.pipelinerun.finished.0.3.0",
    ),
    ("aws.batch.job", "CancelJob"): ("cancel", None),
    ("aws.batch.job", "TerminateJob"): ("terminate", None),
    ("mlflow.run", "end_run"): ("", None),
    ("mlflow.run", "start_run(run_id)"): ("resume", None),
    ("dbos.workflow", "resume_workflow"): ("resume", None),
    ("agentclientprotocol.tool_call", "session/update tool_call_update"): ("start", "tool_call_update"),
    ("msft.agent_framework.workflow", "status"): ("", "status"),
    ("agno.run", "RunContinued"): ("continue", "RunContinued"),
}
"""(lifecycle, event of the survey) -> (our verb, wire name); "" is the verb of the target, None no announcement."""

Stamps = dict[str, dict[str, list[str] | str]]
STAMPS: dict[str, Stamps] = {
    # lifecycle -> field -> {"set" / "once" / "clear" / "deadline": targets or "create"}
    "openai.fine_tuning.job": {
        "created_at": {"set": ["create"]},
        "finished_at": {"set": ["succeeded", "failed", "cancelled"]},
    },
    "openai.vector_store.file_batch": {"created_at": {"set": ["create"]}},
    "openai.vector_store.file": {"created_at": {"set": ["create"]}},
    "openai.upload": {"created_at": {"set": ["create"]}},
    "openai.agents.session": {"created_at": {"set": ["create"]}, "last_active_at": {"set": ["create", "*"]}},
    "openai.agents.turn": {
        "created_at": {"set": ["create"]},
        "started_at": {"once": ["in_progress"]},
        "completed_at": {"set": ["completed", "failed", "cancelled"]},
    },
    "openai.agents.subagent": {
        "opened_at": {"set": ["create"]},
        "closed_at": {"set": ["closed"], "clear": ["active"]},
    },
    "acp.run": {"created_at": {"set": ["create"]}, "finished_at": {"set": ["cancelled", "completed", "failed"]}},
    "dagster.run": {
        "create_timestamp": {"set": ["create"]},
        "start_time": {"once": ["STARTED"]},
        "end_time": {"set": ["SUCCESS", "FAILURE", "CANCELED"]},
    },
    "airflow.task_instance": {
        "scheduled_dttm": {"set": ["scheduled"]},
        "queued_dttm": {"set": ["queued"]},
        "start_date": {"once": ["running"]},
        "end_date": {"set": ["success", "failed", "skipped", "removed"]},
    },
    "github.workflow_run": {"created_at": {"set": ["create"]}, "updated_at": {"set": ["create", "*"]}},
    "github.check_run": {"completed_at": {"set": ["completed"], "clear": ["queued"]}},
    "mlflow.run": {"start_time": {"set": ["create"]}, "end_time": {"set": ["FINISHED", "FAILED", "KILLED"]}},
    "aws.batch.job": {
        "createdAt": {"set": ["create"]},
        "startedAt": {"set": ["RUNNING"]},
        "stoppedAt": {"set": ["SUCCEEDED", "FAILED"]},
    },
    "aws.bedrock.flow_execution": {
        "startedAt": {"set": ["create"]},
        "endedAt": {"set": ["Succeeded", "Failed", "TimedOut", "Aborted"]},
    },
    "vertex.job": {
        "create_time": {"set": ["create"]},
        "start_time": {"once": ["JOB_STATE_RUNNING"]},
        "end_time": {
            "set": [
                "JOB_STATE_SUCCEEDED",
                "JOB_STATE_PARTIALLY_SUCCEEDED",
                "JOB_STATE_FAILED",
                "JOB_STATE_CANCELLED",
                "JOB_STATE_EXPIRED",
            ]
        },
        "update_time": {"set": ["create", "*"]},
    },
    "argo.workflow": {
        "startedAt": {"once": ["Running", "Succeeded", "Failed", "Error"]},
        "finishedAt": {"set": ["Succeeded", "Failed", "Error"]},
    },
    "dbos.workflow": {
        "created_at": {"set": ["create"]},
        "started_at_epoch_ms": {"clear": ["CANCELLED"]},
        "completed_at": {"set": ["SUCCESS", "ERROR", "CANCELLED"], "clear": ["ENQUEUED"]},
    },
}
"""What the survey says of time stamps, where it says for which transition."""

MORE: dict[str, Json] = {
    "openai.fine_tuning.job": {"objects": ["fine_tuning.job"]},
    "openai.vector_store.file": {"objects": ["vector_store.file"]},
    "openai.vector_store.file_batch": {"objects": ["vector_store.files_batch", "vector_store.file_batch"]},
    "openai.upload": {"objects": ["upload"]},
    "openai.agents.session": {"objects": ["agent.session"], "stops": ["requires_action", "budget_reached", "idle"]},
    "openai.agents.turn": {"objects": ["agent.session.turn"], "stops": ["waiting"]},
    "acp.run": {"id_field": "run_id", "stops": ["awaiting"], "layout": {"times": "iso8601"}},
    "agent_protocol.run": {"id_field": "run_id"},
    "airflow.task_instance": {
        "status_field": "state",
        "spellings": {"none": ["null"]},
        "stops": ["awaiting_input"],
        "layout": {"times": "iso8601"},
    },
    "anthropic.message_stream": {
        "passing": ["ping", "error"],
        "layout": {"event": ["type"]},  # only the first event has the id of the message
    },
    "anthropic.managed_agents.workflow_run": {"layout": {"event": ["type"], "times": "iso8601"}},
    "aws.batch.job": {"id_field": "jobId", "layout": {"times": "milliseconds"}},
    "aws.bedrock.flow_execution": {"id_field": "executionArn", "layout": {"times": "iso8601"}},
    "aws.bedrock.model_invocation_job": {"id_field": "jobArn"},
    "celery.task": {
        "id_field": "uuid",
        "status_field": "state",
        # RETRY has no rank: it always wins, and everything wins over it
        "precedence": ["SUCCESS", "FAILURE", "REVOKED", "STARTED", "RECEIVED", "REJECTED", "PENDING"],
    },
    "dagster.run": {"id_field": "run_id", "stops": ["SUSPENDED"]},
    "dbos.workflow": {"id_field": "workflow_id"},
    "github.workflow_run": {
        "fields": {"conclusion": "value"},
        "axes": [
            {
                "field": "conclusion",
                "values": [
                    "success", "failure", "neutral", "cancelled", "timed_out", "action_required", "stale", "skipped",
                    "startup_failure",
                ],
                "within": {"requested": [], "queued": [], "pending": [], "waiting": [], "in_progress": []},
                "why": "octokit/webhooks@3a58428: not null in completed alone",
            }
        ],
        "layout": {"inside": {"workflow_run": False}, "times": "iso8601"},
    },
    "github.check_run": {"layout": {"inside": {"check_run": False}, "times": "iso8601"}},
    "k8s.pod": {
        "id_field": "uid",
        "layout": {"id": ["metadata.uid", "metadata.name"], "status": ["status.phase"], "times": "iso8601"},
    },
    "argo.workflow": {
        "id_field": "uid",
        "layout": {"id": ["metadata.uid", "metadata.name"], "status": ["status.phase"], "times": "iso8601"},
    },
    "argo.node": {"status_field": "phase", "layout": {"times": "iso8601"}},
    "mlflow.run": {
        "id_field": "run_id",
        "spellings": {"RUNNING": ["1"], "SCHEDULED": ["2"], "FINISHED": ["3"], "FAILED": ["4"], "KILLED": ["5"]},
        "layout": {"inside": {"info": False}, "times": "milliseconds"},
    },
    "vertex.job": {"id_field": "name", "status_field": "state", "layout": {"times": "iso8601"}},
    "cdevents.pipelinerun": {"layout": {"id": ["subject.id"], "event": ["context.type"], "at": ["context.timestamp"], "times": "iso8601"}},
    "agno.run": {"id_field": "run_id", "stops": ["PAUSED"], "layout": {"event": ["event"]}},
    "langchain.protocol.agent": {"stops": ["interrupted"]},
    "agentclientprotocol.tool_call": {"id_field": "toolCallId"},
    "msft.agent_framework.workflow": {"status_field": "state", "stops": ["IDLE_WITH_PENDING_REQUESTS"]},
}  # fmt: skip
"""What stands beside the table, of what the survey says in words."""

SILENT = {("openai.agents.turn", "waiting"), ("acp.run", "cancelling")}
"""(lifecycle, status) that no event announces."""

PAYLOAD: dict[str, dict[str, Json]] = {
    "github.workflow_run": {
        "complete": {"takes": {"conclusion": "conclusion"}},
        "rerun": {"clears": ["conclusion"]},
    },
    "dbos.workflow": {
        "await_start": {"stamps": ["started_at_epoch_ms"]},
        "resume": {"clears": ["started_at_epoch_ms", "completed_at"]},
    },
}
"""Effects of single events, on top of `STAMPS`."""

DOCS = {
    "openai.fine_tuning.job": "A job that tunes a model.",
    "openai.vector_store.file_batch": "Files that are put into a vector store together.",
    "openai.vector_store.file": "A file that is put into a vector store.",
    "openai.upload": "A file that is sent in parts.",
    "openai.agents.session": "A conversation with a hosted agent.",
    "openai.agents.turn": "One turn of an agent in a session; no event announces that it waits.",
    "openai.agents.subagent": "A helper that an agent opens, closes and opens again.",
    "acp.run": "A run of BeeAI's Agent Communication Protocol.",
    "agui.entity": "What streams within an AG-UI run: message, tool call, reasoning, step, subagent.",
    "agent_protocol.run": "A run of LangChain's Agent Protocol, which knows no running.",
    "langchain.protocol.agent": "An agent as the LangChain protocol tells it.",
    "anthropic.message_stream": "A message while it streams; the statuses are those of the stream.",
    "anthropic.managed_agents.workflow_run": "A workflow of Anthropic's managed agents.",
    "dagster.run": "A run of a Dagster job.",
    "airflow.task_instance": "One task of an Airflow DAG run.",
    "k8s.pod": "The phase of a Kubernetes pod.",
    "k8s.job": "A Kubernetes job; its statuses are conditions.",
    "github.workflow_run": "A run of a GitHub workflow.",
    "github.check_run": "A check of a commit on GitHub.",
    "cdevents.pipelinerun": "A run of a pipeline, as CDEvents tells it.",
    "celery.task": "A task of Celery, as its events tell it.",
    "aws.batch.job": "A job of AWS Batch.",
    "aws.bedrock.flow_execution": "An execution of a flow on Amazon Bedrock.",
    "aws.bedrock.model_invocation_job": "A batch of invocations on Amazon Bedrock.",
    "vertex.job": "A job of Vertex AI.",
    "argo.workflow": "The phase of an Argo workflow.",
    "argo.node": "A node of an Argo workflow.",
    "dbt.node": "A node of a dbt run.",
    "mlflow.run": "A run that MLflow tracks.",
    "agentclientprotocol.tool_call": "A tool call of Zed's Agent Client Protocol.",
    "dbos.workflow": "A durable workflow of DBOS.",
    "msft.agent_framework.workflow": "A workflow of Microsoft's Agent Framework.",
    "agno.run": "A run of an Agno agent.",
}
"""What each of them is, in a sentence."""

ADJUSTED: dict[str, str] = {
    "dagster.run": "MANAGED has no known exit, so it stands as an end; the survey does not call it terminal.",
    "openai.agents.subagent": "the survey calls neither status terminal, and each leads to the other: so it stands.",
    "agui.entity": "subagents cannot be opened again; `agui.subagent` has the table for them alone.",
}
"""What had to be settled for a definition to be consistent, or is coarser than what it stands for."""

ENDS = {"dagster.run": ["MANAGED"]}
"""Statuses that are terminal here though the survey does not say so."""


def definitions(survey: dict[str, Json]) -> Iterator[Json]:
    """A definition for every lifecycle of the survey that has no literal, in its order."""
    for name, facts in survey.items():
        if name not in LITERALS:
            yield plain(build(definition(name, facts)))


def definition(name: str, facts: Json) -> Json:
    """The facts of one lifecycle in the form of definitions."""
    absent = [state for state in facts["states"] if state in ABSENT]
    states = [state for state in facts["states"] if state not in ABSENT]
    rows: dict[str, Json] = {state: {} for state in states}
    events: Json = {}
    terminal = [*facts["terminal"], *ENDS.get(name, [])]
    create = _creation(name, facts, events) if not absent else {}
    for move in facts["moves"]:
        verb, wire = _event(name, move, states)
        row = create if move["from"] in absent else rows[move["from"]]
        item: Json = {"to": move["to"], "basis": _basis(move["certainty"]), "why": _reason(move)}
        if (name, move["to"]) in SILENT:
            item["silent"] = True
        if move["from"] in terminal:
            item["reopens"] = True
        row[verb] = item
        event = events.setdefault(verb, {})
        if wire and not event.get("wire"):
            event["wire"] = [wire]
    fields = _stamped(name, events, create, rows)
    more = dict(MORE.get(name, {}))
    initial = [item["to"] for item in create.values()]
    return {
        "name": name,
        "version": _version(facts),
        "doc": _doc(name, facts),
        "initial": [state for state in states if state in initial],
        "terminal": terminal,
        "create": create,
        "statuses": rows,
        "events": events,
        **more,
        "fields": {**fields, **more.get("fields", {})},
    }


def _creation(name: str, facts: Json, events: Json) -> Json:
    """The survey lists initial states and no move into them; the basis is the best of what leaves each."""
    order = list(BASIS.values())
    create: Json = {}
    for number, state in enumerate(facts["initial"]):
        leaving = [move for move in facts["moves"] if move["from"] == state]
        found = sorted({one for move in leaving for one in _basis(move["certainty"])}, key=order.index)
        verb = "create" if not number else f"create_{state.lower()}"
        events[verb] = {}
        why = f"initial by {leaving[0]['source']}" if leaving else "initial; nothing is known to leave it"
        create[verb] = {"to": state, "basis": found[:1] or ["inferred"], "why": why}
    wires = {"openai.agents.turn": "agent.session.turn.created"}
    if name in wires:
        events["create"]["wire"] = [wires[name]]
    return create


def _event(name: str, move: Json, states: Sequence[str]) -> tuple[str, str | None]:
    told = move["event"]
    target = move["to"].removeprefix("JOB_STATE_").lower()
    verb = VERBS[target]
    if verb == "confirm_cancel" and not {"cancelling", "canceling", "stopping"} & {
        state.removeprefix("JOB_STATE_").lower() for state in states
    }:
        verb = "cancel"
    if name == "airflow.task_instance" and verb == "clear":
        verb = "clear"
    if name == "argo.workflow" and move["to"] == "Error":
        verb = "err"
    if name == "argo.node" and move["to"] == "Error":
        verb = "err"
    if told is None:
        return verb, None
    named, wire = EVENTS.get((name, told), ("", told))
    return named or verb, wire


def _basis(certainty: str) -> list[str]:
    return [BASIS[one] for one in certainty.split("; ")]


def _reason(move: Json) -> str:
    told = move["event"]
    request = told if told in {"CancelJob", "TerminateJob", "resume_workflow", "end_run", "start_run(run_id)"} else None
    source = str(move["source"])
    if isinstance(told, str) and told.startswith("PATCH"):
        request = told
    return f"{source}; asked for by {request}" if request and request not in source else source


def _stamped(name: str, events: Json, create: Json, rows: dict[str, Json]) -> dict[str, str]:
    """Put the stamps of `STAMPS` and the effects of `PAYLOAD` on the events; the fields that there are."""
    targets = {verb: item["to"] for row in (create, *rows.values()) for verb, item in row.items()}
    fields: dict[str, str] = {}
    for field, when in STAMPS.get(name, {}).items():
        fields[field] = "stamp"
        for how, word in (("set", "stamps"), ("once", "stamps_once"), ("clear", "clears")):
            for verb, target in targets.items():
                wanted = when.get(how, ())
                creates = verb in create and verb not in {v for row in rows.values() for v in row}
                if (creates and "create" in wanted) or (not creates and (target in wanted or "*" in wanted)):
                    events[verb].setdefault(word, []).append(field)
    for verb, effects in PAYLOAD.get(name, {}).items():
        for word, value in effects.items():
            old = events[verb].setdefault(word, type(value)())
            events[verb][word] = {**old, **value} if isinstance(value, dict) else list(dict.fromkeys([*old, *value]))
    return fields


def _version(facts: Json) -> str:
    """The version of the source that was read first: a release, or a commit."""
    found = (re.search(r"\d+\.\d+(\.\d+)?|(?<=@)[0-9a-f]{7}", str(move["source"])) for move in facts["moves"])
    return next((match[0] for match in found if match), "1")


def _doc(name: str, facts: Json) -> str:
    """What the survey says in words, as far as no other part of the definition does."""
    parts = [facts.get("note"), *([f"Enforced: {facts['enforcement']}"] if "enforcement" in facts else [])]
    parts += [f"Adjusted: {ADJUSTED[name]}"] if name in ADJUSTED else []
    return " ".join([DOCS[name], *(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)])


def main(argv: Sequence[str]) -> int:
    """Write the files; 2 without a survey."""
    if len(argv) != 1:
        print("usage: python -m tools.catalogue SURVEY.json", file=sys.stderr)
        return 2
    DATA.mkdir(exist_ok=True)
    for values in definitions(json.loads(Path(argv[0]).read_text(encoding="utf-8"))):
        (DATA / f"{values['name']}.json").write_text(to_json(values), encoding="utf-8")
        print(values["name"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
