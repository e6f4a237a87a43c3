"""What the assistant run may do, typed by hand from the documentation: the judge of the table, not derived from it.

Do not generate, import or compute any of this from the library, and do not "fix" a cell here because a test fails:
first find the sentence. q1..q15 are the documented sentences; their gist, with where OpenAI says it:

- q1  created, or the required action done: queued; "almost immediately" then in_progress (deep dive)
- q2  in_progress uses the model and tools to perform steps (deep dive)
- q3  function calls wanted: requires_action; outputs not given before `expires_at`: expired (deep dive)
- q4  too long in execution, past `expires_at`: expired (deep dive)
- q5  an in_progress run can be cancelled; once that succeeds: cancelled; attempted, not guaranteed (deep dive)
- q6  "Cancels a run that is `in_progress`." (API reference)
- q7  outputs are taken in requires_action only, all of them in a single request (API reference)
- q8  failed: `last_error` says why, `failed_at` when (deep dive)
- q9  a token maximum was reached: incomplete, `incomplete_details` says which (deep dive)
- q10 over the number of tokens specified: "the run will end with status `incomplete`" (API reference)
- q11 `required_action` is null if no action is required (API reference)
- q12 step statuses mean what run statuses mean (deep dive, API reference)
- q13 the thread is locked while its run is in_progress (deep dive)
- q14 a stream ends when the run does (API reference)
- q15 `usage` is null if the run is not in a terminal state (API reference)
"""

from __future__ import annotations

from typing import Final, NamedTuple

STATUSES: Final = (
    "queued",
    "in_progress",
    "requires_action",
    "cancelling",
    "cancelled",
    "failed",
    "completed",
    "incomplete",
    "expired",
)
EVENTS: Final = (
    "start",
    "require_action",
    "submit_tool_outputs",
    "complete",
    "end_incomplete",
    "fail",
    "cancel",
    "confirm_cancel",
    "expire",
)
INITIAL: Final = "queued"  # q1
TERMINAL: Final = frozenset({"cancelled", "failed", "completed", "incomplete", "expired"})

# One block a status, one line an event; None: refused. 19 of the 81 are legal.
CELLS: Final[dict[tuple[str, str], str | None]] = {
    # -- queued: waits to be started (q1)
    ("queued", "start"): "in_progress",  # q1; seen 65 times
    ("queued", "require_action"): None,  # q2, q3: only a run that uses the model asks for functions
    ("queued", "submit_tool_outputs"): None,  # q7; refusal known from issue reports
    ("queued", "complete"): None,  # q2: no step was performed
    ("queued", "end_incomplete"): None,  # q9: no token was used
    ("queued", "fail"): "failed",  # inferred: q8 binds failing to no status
    ("queued", "cancel"): "cancelling",  # inferred: q5, q6 name in_progress; all 8 cancels right after create succeeded
    ("queued", "confirm_cancel"): None,  # q5: there is no attempt to confirm
    ("queued", "expire"): "expired",  # inferred: q4 does not exclude a stuck queue
    # -- in_progress: performs steps (q2)
    ("in_progress", "start"): None,  # q1 leads from queued only; never seen twice without requires_action between
    ("in_progress", "require_action"): "requires_action",  # q3; seen 7 times
    ("in_progress", "submit_tool_outputs"): None,  # q7; recorded refusal
    ("in_progress", "complete"): "completed",  # q2; seen 46 times
    ("in_progress", "end_incomplete"): "incomplete",  # q9, q10; seen once
    ("in_progress", "fail"): "failed",  # q8; 3 ended so
    ("in_progress", "cancel"): "cancelling",  # q5, q6; 8 cancelling runs, all started
    ("in_progress", "confirm_cancel"): None,  # q5: the attempt comes first
    ("in_progress", "expire"): "expired",  # q4
    # -- requires_action: waits for tool outputs (q3); it stops polls and streams but is no end
    ("requires_action", "start"): None,  # q1: by way of queued
    ("requires_action", "require_action"): None,  # q3 leads from in_progress
    ("requires_action", "submit_tool_outputs"): "queued",  # q1, q7; seen 11 times; the submit's answer says queued
    ("requires_action", "complete"): None,  # q3: the outputs come "before the run proceeds"
    ("requires_action", "end_incomplete"): None,  # q3, the same
    ("requires_action", "fail"): "failed",  # inferred: q8 binds failing to no status
    ("requires_action", "cancel"): "cancelling",  # inferred: q5, q6 name in_progress; no refusal is known
    ("requires_action", "confirm_cancel"): None,  # q5: the attempt comes first
    ("requires_action", "expire"): "expired",  # q3, q4; a refusal known from issue reports speaks of such a run
    # -- cancelling: an attempt, not a guarantee (q5), so the run can still end in any other way
    ("cancelling", "start"): None,  # q1 leads from queued
    ("cancelling", "require_action"): None,  # q3, q5: nothing new is asked for
    ("cancelling", "submit_tool_outputs"): None,  # q7
    ("cancelling", "complete"): "completed",  # inferred: q5 "not guaranteed"
    ("cancelling", "end_incomplete"): "incomplete",  # inferred: q5
    ("cancelling", "fail"): "failed",  # inferred: q5
    ("cancelling", "cancel"): None,  # refusal known from client code: "Cannot cancel run with status 'cancelling'."
    ("cancelling", "confirm_cancel"): "cancelled",  # q5; seen once
    ("cancelling", "expire"): "expired",  # inferred: q4, q5
    # -- cancelled: terminal (q5, q15)
    ("cancelled", "start"): None,
    ("cancelled", "require_action"): None,
    ("cancelled", "submit_tool_outputs"): None,  # q7
    ("cancelled", "complete"): None,
    ("cancelled", "end_incomplete"): None,
    ("cancelled", "fail"): None,
    ("cancelled", "cancel"): None,  # refusal known from client code
    ("cancelled", "confirm_cancel"): None,  # it ends once
    ("cancelled", "expire"): None,
    # -- failed: terminal (q8, q15)
    ("failed", "start"): None,
    ("failed", "require_action"): None,
    ("failed", "submit_tool_outputs"): None,  # q7
    ("failed", "complete"): None,
    ("failed", "end_incomplete"): None,
    ("failed", "fail"): None,  # it ends once
    ("failed", "cancel"): None,
    ("failed", "confirm_cancel"): None,
    ("failed", "expire"): None,
    # -- completed: terminal (q14, q15)
    ("completed", "start"): None,
    ("completed", "require_action"): None,
    ("completed", "submit_tool_outputs"): None,  # q7; recorded refusal
    ("completed", "complete"): None,  # it ends once
    ("completed", "end_incomplete"): None,
    ("completed", "fail"): None,
    ("completed", "cancel"): None,  # recorded refusal: "Cannot cancel run with status 'completed'."
    ("completed", "confirm_cancel"): None,
    ("completed", "expire"): None,  # a v1 server once swept a finished run so: a quirk to report, never to drive
    # -- incomplete: terminal (q9, q10, q15)
    ("incomplete", "start"): None,
    ("incomplete", "require_action"): None,
    ("incomplete", "submit_tool_outputs"): None,  # q7
    ("incomplete", "complete"): None,
    ("incomplete", "end_incomplete"): None,  # it ends once
    ("incomplete", "fail"): None,
    ("incomplete", "cancel"): None,
    ("incomplete", "confirm_cancel"): None,
    ("incomplete", "expire"): None,
    # -- expired: terminal (q3, q4, q15)
    ("expired", "start"): None,
    ("expired", "require_action"): None,
    ("expired", "submit_tool_outputs"): None,  # q3, q7; refusal known from issue reports: outputs came too late
    ("expired", "complete"): None,
    ("expired", "end_incomplete"): None,
    ("expired", "fail"): None,
    ("expired", "cancel"): None,
    ("expired", "confirm_cancel"): None,
    ("expired", "expire"): None,  # it ends once
}

# Legal, but no sentence says so and no recording shows it: 9 of the 19. `strict` refuses them.
INFERRED: Final = frozenset(
    {
        ("queued", "fail"),
        ("queued", "cancel"),
        ("queued", "expire"),
        ("requires_action", "fail"),
        ("requires_action", "cancel"),
        ("cancelling", "complete"),
        ("cancelling", "end_incomplete"),
        ("cancelling", "fail"),
        ("cancelling", "expire"),
    }
)

# Legal and documented, yet in no recording: the three recorded expired runs were swept after they had completed.
DOCUMENTED_ONLY: Final = frozenset({("in_progress", "expire"), ("requires_action", "expire")})

# Legal, documented and observed: the rest.
DOCUMENTED_AND_OBSERVED: Final = frozenset(
    {
        ("queued", "start"),
        ("in_progress", "require_action"),
        ("in_progress", "complete"),
        ("in_progress", "end_incomplete"),
        ("in_progress", "fail"),
        ("in_progress", "cancel"),
        ("requires_action", "submit_tool_outputs"),
        ("cancelling", "confirm_cancel"),
    }
)

# A guard refuses although the cell is legal. In plain words; cells not listed have none.
GUARDS: Final[dict[tuple[str, str], str]] = {
    ("in_progress", "require_action"): "there is one tool call at least",  # q3
    ("requires_action", "submit_tool_outputs"): "the outputs cover every open tool call, each once",  # q7
    ("cancelling", "complete"): "started_at is set",  # q2: what never started performed nothing
    ("cancelling", "end_incomplete"): "started_at is set",  # q9
    ("queued", "expire"): "it is expires_at or later",  # q4
    ("in_progress", "expire"): "it is expires_at or later",  # q4
    ("requires_action", "expire"): "it is expires_at or later",  # q3, q4
    ("cancelling", "expire"): "it is expires_at or later",  # q4
}

# What was seen once in old data and is never driven: (status seen, status seen next, wire version).
QUIRKS: Final = frozenset({("completed", "expired", "v1")})


class After(NamedTuple):
    """The record after an event. Every field of FIELDS is in exactly one of these.

    now: the time of the event; given: what came with the event, must be set; may: what came with the event, or null;
    null: null, whatever it was; kept: as it was before, null included.
    """

    now: frozenset[str]
    given: frozenset[str]
    may: frozenset[str]
    null: frozenset[str]
    kept: frozenset[str]


def _after(now: str = "", given: str = "", may: str = "", null: str = "", kept: str = "") -> After:
    """Only splits the words: nothing is worked out."""
    return After(*(frozenset(words.split()) for words in (now, given, may, null, kept)))


FIELDS: Final = frozenset(
    {
        "created_at",
        "started_at",
        "expires_at",
        "completed_at",
        "cancelled_at",
        "failed_at",
        "required_action",
        "last_error",
        "usage",
        "incomplete_details",
    }
)
# Never changed by any event but create.
IDENTITY: Final = frozenset({"id", "created_at", "thread_id", "assistant_id"})

AFTER: Final[dict[str, After]] = {
    # q1; expires_at = created_at + time to live (600 s unless told otherwise)
    "create": _after(
        now="created_at",
        given="expires_at",
        null="started_at completed_at cancelled_at failed_at required_action last_error usage incomplete_details",
    ),
    # q1; stamped again on every resume (9 of 9 resumed runs), while expires_at does not move
    "start": _after(
        now="started_at",
        null="completed_at cancelled_at failed_at required_action last_error usage incomplete_details",
        kept="created_at expires_at",
    ),
    # q3; usage waits for the end (q15, 28 of 28)
    "require_action": _after(
        given="required_action",
        null="completed_at cancelled_at failed_at last_error usage incomplete_details",
        kept="created_at started_at expires_at",
    ),
    # q7, q11; the old started_at stays until the run is started again (15 of 15 queued objects)
    "submit_tool_outputs": _after(
        null="completed_at cancelled_at failed_at required_action last_error usage incomplete_details",
        kept="created_at started_at expires_at",
    ),
    # q15; 74 completed runs; old v1 objects have no usage
    "complete": _after(
        now="completed_at",
        may="usage",
        null="expires_at cancelled_at failed_at required_action last_error incomplete_details",
        kept="created_at started_at",
    ),
    # q9; the one recorded run has completed_at set, no sentence says so
    "end_incomplete": _after(
        now="completed_at",
        given="incomplete_details",
        may="usage",
        null="expires_at cancelled_at failed_at required_action last_error",
        kept="created_at started_at",
    ),
    # q8, q11, q15; started_at stays null if the run failed in its first queue
    "fail": _after(
        now="failed_at",
        given="last_error",
        may="usage",
        null="expires_at completed_at cancelled_at required_action incomplete_details",
        kept="created_at started_at",
    ),
    # q5, q11; the end is not reached yet: expires_at set, cancelled_at null, usage null (8 of 8)
    "cancel": _after(
        null="completed_at cancelled_at failed_at required_action last_error usage incomplete_details",
        kept="created_at started_at expires_at",
    ),
    # q5; the one recorded run has a usage of zeros
    "confirm_cancel": _after(
        now="cancelled_at",
        may="usage",
        null="expires_at completed_at failed_at required_action last_error incomplete_details",
        kept="created_at started_at",
    ),
    # q3, q4; a run has no expired_at, so nothing is stamped
    "expire": _after(
        may="usage",
        null="expires_at completed_at cancelled_at failed_at required_action last_error incomplete_details",
        kept="created_at started_at",
    ),
}

# Which fields a record of this status must have set, and which it must not; those in neither may be either.
# Reference: R1 expires_at, R3 required_action, R4 completed_at, R5 cancelled_at, R6 failed_at, R7 last_error,
# R8 usage, R9 started_at. A terminal usage may be null (v1). v1 also has completed_at in expired.
MUST: Final[dict[str, frozenset[str]]] = {
    "queued": frozenset({"created_at", "expires_at"}),
    "in_progress": frozenset({"created_at", "expires_at", "started_at"}),
    "requires_action": frozenset({"created_at", "expires_at", "started_at", "required_action"}),
    "cancelling": frozenset({"created_at", "expires_at"}),
    "cancelled": frozenset({"created_at", "cancelled_at"}),
    "failed": frozenset({"created_at", "failed_at", "last_error"}),
    "completed": frozenset({"created_at", "started_at", "completed_at"}),
    "incomplete": frozenset({"created_at", "started_at", "completed_at"}),
    "expired": frozenset({"created_at"}),
}
MUST_NOT: Final[dict[str, frozenset[str]]] = {
    "queued": frozenset({"completed_at", "cancelled_at", "failed_at", "last_error", "required_action", "usage"}),
    "in_progress": frozenset({"completed_at", "cancelled_at", "failed_at", "last_error", "required_action", "usage"}),
    "requires_action": frozenset({"completed_at", "cancelled_at", "failed_at", "last_error", "usage"}),
    "cancelling": frozenset({"completed_at", "cancelled_at", "failed_at", "last_error", "required_action", "usage"}),
    "cancelled": frozenset({"expires_at", "completed_at", "failed_at", "last_error", "required_action"}),
    "failed": frozenset({"expires_at", "completed_at", "cancelled_at", "required_action"}),
    "completed": frozenset({"expires_at", "cancelled_at", "failed_at", "last_error", "required_action"}),
    "incomplete": frozenset({"expires_at", "cancelled_at", "failed_at", "last_error", "required_action"}),
    "expired": frozenset({"expires_at", "cancelled_at", "failed_at", "last_error", "required_action"}),
}
