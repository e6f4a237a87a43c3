"""What a finding code is, and the codes of the assistant's lifecycles.

RS1xx transitions, RS2xx record rules, RS3xx time, RS4xx steps and messages within the run, RS5xx input, RS6xx identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import attrs

from runstate.frozen import FrozenDict

__all__ = ["ASSISTANTS_CODES", "Code", "Severity", "codes"]


class Severity(StrEnum):
    """How much a finding weighs: only an error makes a run illegal and the exit status 1."""

    ERROR = "error"
    """A rule is broken: the run is illegal, the exit status 1."""
    WARNING = "warning"
    """A known departure, or something that is mostly a fault."""
    NOTE = "note"
    """Worth knowing, nothing to mend."""


@attrs.frozen
class Code:
    """One kind of finding."""

    code: str
    """As in ``RS203``."""
    severity: Severity
    """Unless something else decides, as ``--strict`` does for RS104."""
    title: str
    """What is the case, in a few words."""
    why: str
    """What the rule is and what it rests on."""
    mend: str
    """The smallest change that makes it legal."""


def codes(*known: Code) -> Mapping[str, Code]:
    """Codes by their name."""
    return FrozenDict({code.code: code for code in known})


E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE

ASSISTANTS_CODES: Mapping[str, Code] = codes(
    Code(
        "RS101",
        E,
        "illegal transition",
        "A stream announces every transition, and the table has no transition between these two statuses.",
        "Add the statuses that lie between, or drop the observation.",
    ),
    Code(
        "RS102",
        E,
        "an ended run moved",
        "A terminal status is final: nothing leads out of it, in a stream or between two polls.",
        "Drop what comes after the end, or give the new work a run of its own.",
    ),
    Code(
        "RS103",
        E,
        "unreachable status",
        "Polls may miss statuses, but no path of the table leads from the one polled before to this one.",
        "Drop the observation, or check that the polls are in the order in which they were made.",
    ),
    Code(
        "RS104",
        N,
        "a transition that is only inferred",
        "No source states or shows this transition. It is accepted by default and an error with --strict.",
        "Check that the service really makes it; nothing needs to change if it does.",
    ),
    Code(
        "RS105",
        E,
        "repeated in a stream",
        "A stream announces each transition once. Only creation is announced twice, as created and as the first status.",
        "Drop the repeated event; if the log holds polls, judge it with --mode poll.",
    ),
    Code(
        "RS106",
        E,
        "unknown status",
        "The status is none of the lifecycle's. Statuses are never guessed from similar spellings.",
        "Write one of the lifecycle's statuses, or choose another lifecycle with --lifecycle.",
    ),
    Code(
        "RS107",
        W,
        "a known transition outside the table",
        "Real servers have been seen to make this move, though no table allows it. It is never drivable.",
        "Nothing to mend in a recording; a server should not do it.",
    ),
    Code(
        "RS108",
        E,
        "created wrongly",
        "The event that announces creation comes first, once, and with an initial status.",
        "Announce creation once, at the beginning, with an initial status.",
    ),
    Code(
        "RS109",
        E,
        "event and status disagree",
        "The event's name announces another status than the object in its data has. The status in the data counts.",
        "Send the event of the status, or the status of the event.",
    ),
    Code(
        "RS110",
        W,
        "a known disagreement of event and status",
        "Real servers have been seen to send this event with this status. The status in the data counts.",
        "Nothing to mend in a recording; a server should send the event of the status.",
    ),
    Code(
        "RS201",
        E,
        "a field is missing",
        "Every path of the table to this status sets the field, and nothing clears it.",
        "Set the field.",
    ),
    Code(
        "RS202",
        E,
        "a field is set out of place",
        "No path of the table to this status leaves the field set.",
        "Set the field to null, or send the status in which it belongs.",
    ),
    Code(
        "RS203",
        E,
        "a field is set too early",
        "Only the transition that ends the run sets this field; it is null in every live status.",
        "Set the field to null until the run has ended.",
    ),
    Code(
        "RS204",
        E,
        "a field is left over",
        "Every transition that ends the run clears this field; it is null in every terminal status.",
        "Set the field to null.",
    ),
    Code(
        "RS205",
        W,
        "a known departure from a record rule",
        "Real objects of this version have been seen with the field set, though the table leaves it null.",
        "Nothing to mend in a recording; a server should leave the field null.",
    ),
    Code(
        "RS206",
        E,
        "a value of the wrong kind",
        "The field holds a value that it cannot hold: a time is a whole number of seconds since the epoch, and so on.",
        "Write a value of the right kind.",
    ),
    Code(
        "RS207",
        W,
        "token counts do not add up",
        "total_tokens is prompt_tokens plus completion_tokens in 67 of 67 recorded usages.",
        "Correct the sum.",
    ),
    Code(
        "RS208",
        E,
        "nothing to act on",
        "A required action names one tool call at least, each with an id of its own (36 of 36 recorded).",
        "Name the open tool calls, or leave requires_action.",
    ),
    Code(
        "RS209",
        E,
        "metadata out of bounds",
        "Metadata is up to 16 pairs of strings, keys up to 64 and values up to 512 characters.",
        "Shorten it, or keep the rest elsewhere.",
    ),
    Code(
        "RS301",
        E,
        "times out of order",
        "One stamp must not be before the other: the transition that sets it can only come later.",
        "Correct the earlier or the later of the two.",
    ),
    Code(
        "RS302",
        E,
        "a time moved back",
        "A stamp may be set again by a later transition, but never to an earlier time.",
        "Keep the later value, or put the observations in the order in which they were made.",
    ),
    Code(
        "RS303",
        E,
        "a time changed by itself",
        "The field changed between two observations, and no transition that can lie between them writes it.",
        "Keep the old value.",
    ),
    Code(
        "RS304",
        E,
        "a time vanished",
        "The field was set and is null now, and no transition that can lie between them clears it.",
        "Keep the old value.",
    ),
    Code(
        "RS305",
        W,
        "past the deadline",
        "The run went on after its time to live. That is legal until it is expired, but mostly a sign of a wrong clock "
        "or a wrong unit.",
        "Check the stamp; expire the run at its deadline.",
    ),
    Code(
        "RS401",
        E,
        "a part before its creation or after its end",
        "A step or message is created before anything else is told of it, and nothing is added after its end (J3, J5).",
        "Send the event that creates it first.",
    ),
    Code(
        "RS402",
        E,
        "a part left open",
        "When its run ends, every step and message of it has ended (J8; for failed, cancelled and expired runs no stream "
        "is recorded, so there it is a warning).",
        "End the step or message before the run.",
    ),
    Code(
        "RS403",
        E,
        "a part ended otherwise than its run allows",
        "Statuses of steps mean the same as those of runs (q12): a completed run has completed steps, and so on.",
        "End the step as the run ends, or the run as its steps did.",
    ),
    Code(
        "RS404",
        E,
        "two steps at once",
        "At most one step of a run is open (J2).",
        "End the first step before the second is created.",
    ),
    Code(
        "RS405",
        E,
        "a message outside its step",
        "A message is created within an open message_creation step that names it (J4).",
        "Create the step first, with the id of the message.",
    ),
    Code(
        "RS406",
        E,
        "a step ends before its message",
        "The message ends before the step that creates it (J6).",
        "End the message first.",
    ),
    Code(
        "RS407",
        E,
        "nothing open to wait for",
        "When the run requires action, the step with the tool calls is open (J9).",
        "Create the step of the tool calls, and leave it open until the outputs are submitted.",
    ),
    Code(
        "RS408",
        E,
        "a thread created late",
        "thread.created comes only at the beginning of a stream that creates thread and run (J10).",
        "Send it first, or not at all.",
    ),
    Code(
        "RS409",
        E,
        "a part breaks its own lifecycle",
        "A step or message made a transition that its own table does not have, or its event and status disagree (J12).",
        "See the table of the part: runstate show openai.assistants.run_step, or openai.assistants.message.",
    ),
    Code(
        "RS410",
        E,
        "a part breaks a record rule",
        "A field of a step or message does not fit its status, or its times do not fit each other.",
        "Set the field as the message says.",
    ),
    Code(
        "RS411",
        E,
        "a part moves at the wrong time",
        "Steps and messages are worked on while the run is; the step of tool calls ends when the outputs are submitted.",
        "Send it while the run is in progress.",
    ),
    Code(
        "RS412",
        E,
        "over too early",
        "A stream says that it is over when the run has ended or requires action, not before (q14, J1).",
        "Send the end of the run before the end of the stream.",
    ),
    Code(
        "RS413",
        W,
        "broken off",
        "The log ends while the run is being worked on, without saying that the stream is over.",
        "Record the whole stream, or poll the run to learn how it ended.",
    ),
    Code(
        "RS414",
        W,
        "the sum of the parts differs",
        "The usage of a run is the sum of the usages of its steps, over all legs (33 of 33).",
        "Correct the usage of the run or of the step.",
    ),
    Code(
        "RS501",
        E,
        "unreadable",
        "The line or event is not the JSON that it should be. The others are judged without it.",
        "Repair the bytes at the place named.",
    ),
    Code(
        "RS502",
        E,
        "not an observation",
        "The value has no status, no event and no kind that the lifecycle knows.",
        "Take it out of the log, or choose the lifecycle with --lifecycle.",
    ),
    Code(
        "RS503",
        W,
        "broken off",
        "The log ends in the middle of an event, which cannot be read. All before it is judged.",
        "Record the whole stream.",
    ),
    Code(
        "RS504",
        N,
        "unknown event",
        "The name is none of the lifecycle's. The specification asks to expect new ones; its object is judged all the same.",
        "Nothing, if the service has added an event.",
    ),
    Code(
        "RS505",
        N,
        "an error was sent",
        "The stream carries an error event. It says nothing about the status of the run.",
        "Poll the run to learn its status.",
    ),
    Code(
        "RS601",
        E,
        "identity changed",
        "No event of a run changes its id, its creation, or what it belongs to.",
        "Keep the first value, or give the other run an id of its own.",
    ),
    Code(
        "RS602",
        E,
        "no identity",
        "An observation names the run that it is of by a non-empty string.",
        "Add the id.",
    ),
    Code(
        "RS603",
        E,
        "belongs elsewhere",
        "A step or message names the thread and the assistant of its run.",
        "Name the run's own.",
    ),
)
"""The codes of runs in general, and of the steps and messages of an assistant's."""
