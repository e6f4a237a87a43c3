"""A task of the extension ``io.modelcontextprotocol/tasks``, which replaced that of the core (SEP-2663).

The statuses are those of 2025-11-25, their meaning is not: a tool result with ``isError`` ends as completed, cancelling
is cooperative and may be asked of an ended task, and a task need not begin as working.
"""

from __future__ import annotations

from runstate.lifecycle import Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb
from runstate.lifecycles.mcp_tasks import McpTaskEvent, McpTaskStatus

__all__ = ["MCP_TASK_EXT"]

S, E = McpTaskStatus, McpTaskEvent
D, O = Basis.DOCUMENTED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

_SPEC = "modelcontextprotocol/ext-tasks@e434597 specification/draft/tasks.md, state diagram"
_NOTICE = "notifications/tasks"

MCP_TASK_EXT = Lifecycle(
    name="mcp.tasks.ext",
    version="2026-07-28",
    doc="A request that is answered later; failed is for errors of the protocol alone.",
    id_field="taskId",
    initial={S.WORKING},
    terminal={S.COMPLETED, S.FAILED, S.CANCELLED},
    stops={S.INPUT_REQUIRED},
    rows=(
        Row(
            None, To(E.CREATE, S.WORKING, D, O, why=f'{_SPEC}: "typically (though not necessarily)"; its message flow')
        ),
        Row(
            S.WORKING,
            To(E.REQUIRE_INPUT, S.INPUT_REQUIRED, D, O, why=f"{_SPEC}; its message flow"),
            To(E.COMPLETE, S.COMPLETED, D, O, why=f"{_SPEC}; its message flow"),
            To(E.FAIL, S.FAILED, D, why=_SPEC),
            To(E.CANCEL, S.CANCELLED, D, why=_SPEC),
        ),
        Row(
            S.INPUT_REQUIRED,
            To(E.RESUME, S.WORKING, D, O, why=f"{_SPEC}: tasks/update with inputResponses; its message flow"),
            To(E.COMPLETE, S.COMPLETED, D, why=_SPEC),
            To(E.FAIL, S.FAILED, D, why=_SPEC),
            To(E.CANCEL, S.CANCELLED, D, why=_SPEC),
        ),
        Row(S.COMPLETED),
        Row(S.FAILED),
        Row(S.CANCELLED),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["createdAt", "lastUpdatedAt"])),
        Verb(E.REQUIRE_INPUT, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.RESUME, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.COMPLETE, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.FAIL, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"])),
        Verb(E.CANCEL, wire=_NOTICE, does=Effects(stamps=["lastUpdatedAt"]), doc="Cooperative; asking twice is fine."),
    ),
    fields={"createdAt": FieldKind.STAMP, "lastUpdatedAt": FieldKind.STAMP},
    constant=("taskId", "createdAt"),
    layout=Layout(inside={"result": None, "response": None, "params": None}, event="method", times="iso8601"),
)
"""The lifecycle ``mcp.tasks.ext``."""
