"""The codes of AG-UI: its runs, and what streams within them."""

from __future__ import annotations

from collections.abc import Mapping

from runstate.conformance.codes import Code, Severity, codes

__all__ = ["AGUI_CODES"]

ERR, WARN, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

AGUI_CODES: Mapping[str, Code] = codes(
    Code(
        "RS121",
        ERR,
        "no run was started",
        "A stream begins with RUN_STARTED, or with RUN_ERROR where the agent could not be reached.",
        "Send RUN_STARTED first.",
    ),
    Code(
        "RS122",
        ERR,
        "a run within a run",
        "A stream carries one run at a time: the next one starts when the one before has finished or failed.",
        "Send RUN_FINISHED or RUN_ERROR first.",
    ),
    Code(
        "RS123",
        ERR,
        "an event after the run finished",
        "After RUN_FINISHED only RUN_STARTED (the next run) or RUN_ERROR (a late failure) may come.",
        "Send the event before RUN_FINISHED, or start another run.",
    ),
    Code(
        "RS124",
        ERR,
        "an event after the run failed",
        "After RUN_ERROR only RUN_STARTED (the next run) may come.",
        "Send the event before RUN_ERROR, or start another run.",
    ),
    Code(
        "RS125",
        WARN,
        "the stream ends within a run",
        "A stream that ends before RUN_FINISHED or RUN_ERROR was cut off; the draft of the specification makes it fatal.",
        "Record the whole stream, or send RUN_FINISHED or RUN_ERROR.",
    ),
    Code(
        "RS420",
        ERR,
        "opened twice",
        "What is open cannot be opened again under the same id before it is closed.",
        "Close it first, or give the new one an id of its own.",
    ),
    Code(
        "RS421",
        ERR,
        "not open",
        "Content, arguments and ends belong to something that was opened in this run and is still open.",
        "Open it first, or correct the id.",
    ),
    Code(
        "RS422",
        ERR,
        "another owner",
        "Whoever opened a message, call or activity owns it for the whole run: a later event that carries a "
        "subagentRunId must carry the owner's. An event without one always agrees.",
        "Leave subagentRunId out, or send the owner's.",
    ),
    Code(
        "RS423",
        ERR,
        "null where a field must be absent",
        "The fields that say which subagent something belongs to are optional, never null.",
        "Leave the field out.",
    ),
    Code(
        "RS424",
        ERR,
        "a subagent's id used again",
        "An id names one invocation of a subagent; it cannot be started again in the same run.",
        "Give the new invocation an id of its own.",
    ),
    Code(
        "RS425",
        ERR,
        "unknown parent of a subagent",
        "The parent of a subagent was started before it, in the same run.",
        "Start the parent first, or leave parentSubagentRunId out.",
    ),
    Code(
        "RS426",
        ERR,
        "left open at the end of the run",
        "A run finishes only when every step, message, reasoning span, tool call and subagent is closed.",
        "Close it before RUN_FINISHED; or end the run with RUN_ERROR, which closes all.",
    ),
    Code(
        "RS427",
        ERR,
        "a subagent without identity",
        "SUBAGENT_STARTED needs subagentRunId and name, SUBAGENT_FINISHED subagentRunId, SUBAGENT_ERROR subagentRunId "
        "and message, each a string.",
        "Add the field.",
    ),
    Code(
        "RS428",
        ERR,
        "an outcome that does not exist",
        "The outcome of a subagent is an object of type success or suspended; interruptIds are strings.",
        "Send one of the two, or leave the outcome out.",
    ),
    Code(
        "RS429",
        ERR,
        "a tool call in another's message",
        "A tool call belongs to the message that parentMessageId names, so both have the same owner.",
        "Name a message of the same owner, or leave one of the two fields out.",
    ),
    Code(
        "RS430",
        ERR,
        "a step finished by another",
        "A step is named within its owner: whoever started it finishes it.",
        "Send STEP_FINISHED with the subagentRunId (or without one) that STEP_STARTED had.",
    ),
    Code(
        "RS431",
        ERR,
        "a chunk that nothing explains",
        "A chunk without an id continues the open stream of its owner; the first chunk needs the id, and of a tool call "
        "the name.",
        "Add the id (and the name), or the subagentRunId of the stream that it continues.",
    ),
    Code(
        "RS432",
        ERR,
        "a chunk that contradicts its beginning",
        "A chunk may repeat what the first chunk said of its stream, but only with the same value.",
        "Leave the field out, or repeat the value.",
    ),
    Code(
        "RS433",
        ERR,
        "an unreadable list of messages",
        "The tool calls of a message are an array.",
        "Send an array, or leave the field out.",
    ),
    Code(
        "RS434",
        WARN,
        "a field that the schema refuses",
        "The value is not of the kind that the schema of the event gives the field. The verifier itself reads few fields; "
        "the client refuses the others before it.",
        "Write a value of the right kind.",
    ),
    Code(
        "RS435",
        WARN,
        "an interrupt's id used twice",
        "The interrupts of a run have ids of their own; the draft of the specification makes a repeated one fatal.",
        "Give each interrupt its own id.",
    ),
    Code(
        "RS436",
        WARN,
        "an interrupt that was not answered",
        "The run after an interrupted one answers every interrupt in its input's resume.",
        "Add an entry for each open interrupt.",
    ),
    Code(
        "RS621",
        WARN,
        "the end names another run",
        "RUN_FINISHED carries the runId and threadId of its RUN_STARTED; the draft of the specification makes it fatal.",
        "Send the ids that the run was started with.",
    ),
    Code(
        "RS622",
        WARN,
        "another thread on one stream",
        "All runs of a stream belong to one thread; the draft of the specification makes another one fatal.",
        "Send the thread's id, or open another stream.",
    ),
)
"""Codes that only AG-UI needs, beside those of every lifecycle."""
