"""The run of AG-UI and what streams within it: messages, tool calls, reasoning, steps, subagents.

AG-UI puts no status on the wire: the name of an event says which transition it announces.  Basis: the specification
1.1 documents every edge, and the reference client (``@ag-ui/client`` 1.0.0, ``verifyEvents``) enforces it.  Conditions
that look beyond one entity (who owns it, what else is open) stand as guards by name; `runstate.conformance.agui`
judges them, and nothing drives these lifecycles.
"""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Verb, named

__all__ = [
    "AGUI_ENTITIES",
    "AGUI_REASONING_MESSAGE",
    "AGUI_REASONING_SPAN",
    "AGUI_RUN",
    "AGUI_STEP",
    "AGUI_SUBAGENT",
    "AGUI_TEXT_MESSAGE",
    "AGUI_TOOL_CALL",
    "AguiEntityEvent",
    "AguiEntityStatus",
    "AguiRunEvent",
    "AguiRunStatus",
]


class AguiRunStatus(StrEnum):
    """The statuses of a run; before its first event it has none."""

    ACTIVE = "active"
    CLOSED = "closed"
    FAILED = "failed"


class AguiRunEvent(StrEnum):
    """The verbs that ask for a transition of a run."""

    START = "start"
    EMIT = "emit"
    FINISH = "finish"
    FAIL = "fail"


class AguiEntityStatus(StrEnum):
    """The statuses of what streams within a run; before it is opened it has none."""

    OPEN = "open"
    CLOSED = "closed"


class AguiEntityEvent(StrEnum):
    """The verbs that ask for a transition of an entity."""

    OPEN = "open"
    APPEND = "append"
    CLOSE = "close"
    FAIL = "fail"


R, V = AguiRunStatus, AguiRunEvent
S, E = AguiEntityStatus, AguiEntityEvent
D, N = Basis.DOCUMENTED, Basis.ENFORCED

AGUI_RUN = Lifecycle(
    name="agui.run",
    version="1.1",
    doc="The run of an agent as AG-UI streams it; one stream may carry several, one after the other.",
    objects=("RUN_STARTED", "RUN_FINISHED", "RUN_ERROR"),
    id_field="runId",
    initial={R.ACTIVE, R.FAILED},
    terminal={R.CLOSED, R.FAILED},
    rows=(
        Row(
            None,
            To(V.START, R.ACTIVE, D, N, why="fixture first-event-not-run-started-fatal"),
            To(V.FAIL, R.FAILED, D, N, why="fixture run-error-first-run-continues: the agent was not reached"),
        ),
        Row(
            R.ACTIVE,
            To(V.EMIT, R.ACTIVE, D, N, why="whatever streams within the run"),
            To(
                V.FINISH,
                R.CLOSED,
                D,
                N,
                why="fixture open-message-at-run-finished-fatal: all that was opened is closed",
            ),
            To(V.FAIL, R.FAILED, D, N, why="at any time; it ends what is open"),
        ),
        Row(
            R.CLOSED,
            To(V.START, R.ACTIVE, D, N, reopens=True, why="fixture two-sequential-runs-accumulate: the next run"),
            To(V.FAIL, R.FAILED, D, N, reopens=True, why="fixture late-run-error-after-finished-run-continues"),
        ),
        Row(
            R.FAILED,
            To(V.START, R.ACTIVE, D, N, reopens=True, why="fixture run-error-then-new-run-continues: the next run"),
        ),
    ),
    verbs=(
        Verb(V.START, wire="RUN_STARTED", doc="A run begins; what was known of the one before is forgotten."),
        Verb(V.EMIT, doc="Any event that has no verb of its own here."),
        Verb(
            V.FINISH,
            wire="RUN_FINISHED",
            does=Effects(may_take={"outcome": "outcome"}),
            guards=(named("everything_is_closed"),),
            doc="The run ended without failing; ``outcome.type`` is success (also when absent), interrupt or cancelled.",
        ),
        Verb(V.FAIL, wire="RUN_ERROR", doc="The run failed, even after it was finished."),
    ),
    fields={"outcome": FieldKind.VALUE},
    constant=("runId", "threadId"),
)
"""The lifecycle ``agui.run``."""


def _reopened(
    name: str, doc: str, id_field: str, opens: str, appends: str | None, closes: str, *guarded_by: str
) -> Lifecycle:
    """An entity that may be opened again under its id once it is closed: all but subagents.

    :param guarded_by: names of the guards that only its opening has.
    """
    guards = () if name == "agui.step" else (named("same_owner"),)  # the owner of a step is part of its key
    append = [To(E.APPEND, S.OPEN, D, N)] if appends else []
    return Lifecycle(
        name=name,
        version="1.1",
        doc=doc,
        id_field=id_field,
        initial={S.OPEN},
        terminal={S.CLOSED},
        rows=(
            Row(None, To(E.OPEN, S.OPEN, D, N)),
            Row(S.OPEN, *append, To(E.CLOSE, S.CLOSED, D, N)),
            Row(S.CLOSED, To(E.OPEN, S.OPEN, D, N, reopens=True, why="fixture reopen-closed-message-appends")),
        ),
        verbs=(
            Verb(E.OPEN, wire=opens, guards=(*map(named, guarded_by), *guards)),
            *([Verb(E.APPEND, wire=appends, guards=guards)] if appends else ()),
            Verb(E.CLOSE, wire=closes, guards=guards),
        ),
        constant=("subagentRunId",),
    )


AGUI_TEXT_MESSAGE = _reopened(
    "agui.text_message",
    "A text message, from its first fragment to its last.",
    "messageId",
    "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT",
    "TEXT_MESSAGE_END",
)
"""The lifecycle ``agui.text_message``."""

AGUI_TOOL_CALL = _reopened(
    "agui.tool_call",
    "A tool call while its arguments stream; its result is an event of its own and needs no open call.",
    "toolCallId",
    "TOOL_CALL_START",
    "TOOL_CALL_ARGS",
    "TOOL_CALL_END",
    "owner_of_parent_message",
)
"""The lifecycle ``agui.tool_call``."""

AGUI_REASONING_SPAN = _reopened(
    "agui.reasoning_span",
    "A span of reasoning, around any number of reasoning messages; one id may name a span and a message.",
    "messageId",
    "REASONING_START",
    None,
    "REASONING_END",
)
"""The lifecycle ``agui.reasoning_span``."""

AGUI_REASONING_MESSAGE = _reopened(
    "agui.reasoning_message",
    "A reasoning message, from its first fragment to its last.",
    "messageId",
    "REASONING_MESSAGE_START",
    "REASONING_MESSAGE_CONTENT",
    "REASONING_MESSAGE_END",
)
"""The lifecycle ``agui.reasoning_message``."""

AGUI_STEP = _reopened(
    "agui.step",
    "A named step; the name is unique only within its owner, so the key is (subagentRunId, stepName).",
    "stepName",
    "STEP_STARTED",
    None,
    "STEP_FINISHED",
)
"""The lifecycle ``agui.step``."""

AGUI_SUBAGENT = Lifecycle(
    name="agui.subagent",
    version="1.1",
    doc="One invocation of a subagent; its id is never used again in the run.",
    id_field="subagentRunId",
    initial={S.OPEN},
    terminal={S.CLOSED},
    rows=(
        Row(None, To(E.OPEN, S.OPEN, D, N)),
        Row(
            S.OPEN,
            To(E.CLOSE, S.CLOSED, D, N, why="fixture subagent-finished-unstarted-fatal"),
            To(E.FAIL, S.CLOSED, D, N, why="the run goes on: the parent may handle it"),
        ),
        Row(S.CLOSED),
    ),
    verbs=(
        Verb(
            E.OPEN,
            wire="SUBAGENT_STARTED",
            does=Effects(takes={"name": "name"}),
            guards=(named("parent_was_started"),),
        ),
        Verb(E.CLOSE, wire="SUBAGENT_FINISHED", does=Effects(may_take={"outcome": "outcome"})),
        Verb(E.FAIL, wire="SUBAGENT_ERROR", does=Effects(takes={"message": "message"})),
    ),
    fields={"name": FieldKind.VALUE, "outcome": FieldKind.VALUE, "message": FieldKind.VALUE},
    constant=("subagentRunId", "parentSubagentRunId"),
)
"""The lifecycle ``agui.subagent``."""

AGUI_ENTITIES: tuple[Lifecycle, ...] = (
    AGUI_STEP,
    AGUI_TEXT_MESSAGE,
    AGUI_REASONING_MESSAGE,
    AGUI_REASONING_SPAN,
    AGUI_TOOL_CALL,
    AGUI_SUBAGENT,
)
"""What streams within a run, in the order in which the end of a run asks whether it is closed."""
