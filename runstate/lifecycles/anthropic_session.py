"""A session of Anthropic's managed agents: what has done its work is idle, not over."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Axis, Basis, Effects, FieldKind, Layout, Lifecycle, Row, To, Verb

__all__ = ["ANTHROPIC_SESSION", "SessionEvent", "SessionStatus"]


class SessionStatus(StrEnum):
    """The statuses of a session."""

    IDLE = "idle"
    RUNNING = "running"
    RESCHEDULING = "rescheduling"
    TERMINATED = "terminated"


class SessionEvent(StrEnum):
    """The verbs that ask for a transition of a session."""

    CREATE = "create"
    RUN = "run"
    REST = "rest"
    RESCHEDULE = "reschedule"
    TERMINATE = "terminate"


S, E = SessionStatus, SessionEvent
D = Basis.DOCUMENTED

_DOCS = "Claude documentation, managed agents"
_END = f'{_DOCS}: an unrecoverable error, or archived; "A session that finishes its work goes idle, not terminated"'
_STOPS = ("end_turn", "requires_action", "retries_exhausted", "budget_reached", "refusal")
_TOUCH = Effects(stamps=["updated_at"], clears=["stop_reason"])

ANTHROPIC_SESSION = Lifecycle(
    name="anthropic.managed_agents.session",
    version="managed-agents-2026-04-01",
    doc="A conversation with an agent that runs at Anthropic (beta).",
    initial={S.IDLE, S.RUNNING},
    terminal={S.TERMINATED},
    stops={S.IDLE},
    rows=(
        Row(
            None,
            To(E.CREATE, S.IDLE, D, why="anthropic 2.12.0"),
            To(
                E.RUN,
                S.RUNNING,
                D,
                does=Effects(stamps=["created_at", "updated_at"]),
                why="anthropic 2.12.0: created with work to do",
            ),
        ),
        Row(
            S.IDLE,
            To(E.RUN, S.RUNNING, D, why=f"anthropic 2.12.0; {_DOCS}, session operations"),
            To(E.TERMINATE, S.TERMINATED, D, why=_END),
        ),
        Row(
            S.RUNNING,
            To(E.REST, S.IDLE, D, why="anthropic 2.12.0"),
            To(E.RESCHEDULE, S.RESCHEDULING, D, why="anthropic 2.12.0"),
            To(E.TERMINATE, S.TERMINATED, D, why=_END),
        ),
        Row(
            S.RESCHEDULING,
            To(E.RUN, S.RUNNING, D, why=f'{_DOCS}: "retrying automatically"'),
            To(E.REST, S.IDLE, D, why=f'{_DOCS}: retries exhausted, "session returns to idle"'),
            To(E.TERMINATE, S.TERMINATED, D, why=_END),
        ),
        Row(S.TERMINATED),
    ),
    verbs=(
        Verb(E.CREATE, does=Effects(stamps=["created_at", "updated_at"])),
        Verb(
            E.RUN,
            wire="session.status_running",
            does=_TOUCH,
        ),
        Verb(
            E.REST,
            wire="session.status_idle",
            does=Effects(stamps=["updated_at"], may_take={"stop_reason": "stop_reason"}),
        ),
        Verb(E.RESCHEDULE, wire="session.status_rescheduled", does=_TOUCH),
        Verb(E.TERMINATE, wire="session.status_terminated", does=_TOUCH),
    ),
    fields={
        "created_at": FieldKind.STAMP,
        "updated_at": FieldKind.STAMP,
        "archived_at": FieldKind.STAMP,
        "stop_reason": FieldKind.VALUE,
    },
    axes=(
        Axis(
            field="stop_reason",
            values=_STOPS,
            within={S.IDLE: _STOPS, S.RUNNING: (), S.RESCHEDULING: (), S.TERMINATED: ()},
            why="anthropic 2.12.0: carried by session.status_idle",
        ),
    ),
    constant=("id", "created_at"),
    passing=("user.*", "agent.*", "span.*", "session.error", "session.updated", "session.thread_*"),
    layout=Layout(
        id=("session_id", "id"),
        event="type",
        at="processed_at",
        fields={"stop_reason": "stop_reason.type"},
        times="iso8601",
    ),
)
"""The lifecycle ``anthropic.managed_agents.session``."""
