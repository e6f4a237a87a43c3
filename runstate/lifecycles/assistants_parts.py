"""Steps and messages inside a run: what the recorded streams have in common.

Counted in 33 recorded streams that end with ``done``; J1 … J12 are the joint rules of ``docs/streams.md``.
"""

from __future__ import annotations

from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE, MessageStatus
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP, StepStatus
from runstate.nesting import Nesting

__all__ = ["ASSISTANTS_PARTS", "MESSAGE_IN_RUN", "STEP_IN_RUN"]

STEP_IN_RUN = Nesting(
    parent=ASSISTANTS_RUN,
    child=ASSISTANTS_RUN_STEP,
    word="step",
    parent_field="run_id",
    delta="thread.run.step.delta",
    # steps begin and grow while the run is worked on, also while a cancel is under way
    inside={Status.IN_PROGRESS, Status.CANCELLING},
    # J7, J11: the step of the tool calls ends when the outputs are submitted, before the run is queued again; a step
    # that is given up with its run may be told just before the run's own end
    ends_inside={
        Status.REQUIRES_ACTION: {
            StepStatus.COMPLETED,
            StepStatus.FAILED,
            StepStatus.CANCELLED,
            StepStatus.EXPIRED,
        },
        Status.QUEUED: {StepStatus.COMPLETED, StepStatus.CANCELLED, StepStatus.EXPIRED, StepStatus.FAILED},
    },
    # q12: statuses mean the same; a step is considered expired if the parent run is expired
    ends={
        Status.COMPLETED: {StepStatus.COMPLETED},
        Status.INCOMPLETE: {StepStatus.COMPLETED},
        Status.FAILED: {StepStatus.COMPLETED, StepStatus.FAILED},
        Status.CANCELLED: {StepStatus.COMPLETED, StepStatus.CANCELLED, StepStatus.FAILED},
        Status.EXPIRED: {StepStatus.COMPLETED, StepStatus.EXPIRED},
    },
    gates={Status.COMPLETED, Status.INCOMPLETE},  # J8: 28 of 28
    soft_gates={Status.CANCELLED, Status.FAILED, Status.EXPIRED},  # no such stream is recorded
    holds={Status.REQUIRES_ACTION: "tool_calls"},  # J9: 4 of 4
    at_most_open=1,  # J2: 50 of 50
    about=("step_details", "message_creation", "message_id"),  # J4
    adds_up="usage",  # 33 of 33 runs with both recorded
)
"""A step in its run."""

MESSAGE_IN_RUN = Nesting(
    parent=ASSISTANTS_RUN,
    child=ASSISTANTS_MESSAGE,
    word="message",
    parent_field="run_id",
    delta="thread.message.delta",
    inside={Status.IN_PROGRESS, Status.CANCELLING},
    ends={
        Status.COMPLETED: {MessageStatus.COMPLETED, MessageStatus.INCOMPLETE},
        Status.INCOMPLETE: {MessageStatus.COMPLETED, MessageStatus.INCOMPLETE},
    },
    gates={Status.COMPLETED, Status.INCOMPLETE},  # J8
    soft_gates={Status.CANCELLED, Status.FAILED, Status.EXPIRED},
    within="message_creation",  # J4, J6: 30 of 30
)
"""A message in its run."""

ASSISTANTS_PARTS = (STEP_IN_RUN, MESSAGE_IN_RUN)
"""What a run contains, the outer kind first."""
