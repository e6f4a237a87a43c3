"""A task of the Model Context Protocol of 2025-11-25: the only specification of agents with a normative table."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Quirk, Row, To, Verb

__all__ = ["MCP_TASK", "McpTaskEvent", "McpTaskStatus"]


class McpTaskStatus(StrEnum):
    """The statuses of a task."""

    WORKING = "working"
    INPUT_REQUIRED = "input_required"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class McpTaskEvent(StrEnum):
    """The verbs that ask for a transition of a task."""

    CREATE = "create"
    REQUIRE_INPUT = "require_input"
    RESUME = "resume"
    COMPLETE = "complete"
    FAIL = "fail"
    CANCEL = "cancel"


S, E = McpTaskStatus, McpTaskEvent
D, N = Basis.DOCUMENTED, Basis.ENFORCED

_MUST = "MCP 2025-11-25 tasks.mdx, task status lifecycle, MUST; the stores of mcp 1.30.0 and @modelcontextprotocol/sdk 1.32.2"
_NOTICE = "notifications/tasks/status"

MCP_TASK = Lifecycle(
    name="mcp.tasks.2025-11-25",
    version="2025-11-25",
    doc="A request that is answered later; a result with isError set makes it failed.",
    id_field="taskId",
    initial={S.WORKING},
    terminal={S.COMPLETED, S.FAILED, S.CANCELLED},
    stops={S.INPUT_REQUIRED},
    rows=(
        Row(None, To(E.CREATE, S.WORKING, D, N, why=f"{_MUST}: a task begins as working")),
        Row(
            S.WORKING,
            To(E.REQUIRE_INPUT, S.INPUT_REQUIRED, D, N, why=_MUST),
            To(E.COMPLETE, S.COMPLETED, D, N, why=_MUST),
            To(E.FAIL, S.FAILED, D, N, why=_MUST),
            To(E.CANCEL, S.CANCELLED, D, N, why=_MUST),
        ),
        Row(
            S.INPUT_REQUIRED,
            To(E.RESUME, S.WORKING, D, N, why=_MUST),
            To(E.COMPLETE, S.COMPLETED, D, N, why=_MUST),
            To(E.FAIL, S.FAILED, D, N, why=_MUST),
            To(E.CANCEL, S.CANCELLED, D, N, why=_MUST),
        ),
        Row(S.COMPLETED),
        Row(S.FAILED),
        Row(S.CANCELLED),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["createdAt", "lastUpdatedAt"])),
        # the notification is optional: a receiver must poll
        Verb(E.REQUIRE_INPUT, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.RESUME, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.COMPLETE, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.FAIL, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(
            E.CANCEL,
            wire=_NOTICE,
            does=Effects(stamps=["lastUpdatedAt"]),
            doc="It must be cancelled before the answer goes out; a cancel of an ended task is error -32602.",
        ),
    ),
    fields={"createdAt": FieldKind.STAMP, "lastUpdatedAt": FieldKind.STAMP},
    constant=("taskId", "createdAt"),
    quirks=tuple(
        Quirk(
            name=f"rewritten_{status}",
            transition=(status, status),
            why="the Python store of mcp 1.30.0 accepts the same end again, the TypeScript store refuses it",
        )
        for status in (S.COMPLETED, S.FAILED, S.CANCELLED)
    ),
    layout=Layout(
        inside={"result.task": None, "result": None, "params": None, "task": None}, event="method", times="iso8601"
    ),
)
"""The lifecycle ``mcp.tasks.2025-11-25``."""
