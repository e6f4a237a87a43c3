"""What the tests of simulated histories and their edits share: lifecycles of every shape, recorded logs, the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import attrs

from runstate.conformance.findings import Finding, Severity
from runstate.conformance.monitor import Monitor
from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Quirk, Row, To, Verb, is_set, named, reached
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.agui import AGUI_RUN, AGUI_SUBAGENT, AGUI_TOOL_CALL
from runstate.lifecycles.assistants_message import ASSISTANTS_MESSAGE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.lifecycles.assistants_step import ASSISTANTS_RUN_STEP
from runstate.observations import Observation, read
from runstate.testing.edits import Edit
from runstate.testing.histories import DONE, flat
from runstate.testing.reading import event_and_data
from tests.facts import Fact, as_object, by_file

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key


def _approved(_record: Any, payload: Mapping[str, Any], _at: float) -> object:
    return None if payload["by"] else "nobody"


JOB = Lifecycle(
    name="example.job",
    doc="Everything that a lifecycle may have: silent transitions, several beginnings, loops, reopening, late stamps.",
    objects=("job",),
    initial={"draft", "waiting"},
    terminal={"done", "failed", "late"},
    stops={"held"},
    rows=(
        Row(None, To("make", "draft", D), To("enqueue", "waiting", D)),
        Row("draft", To("enqueue", "waiting", D), To("drop", "failed", I)),
        Row("waiting", To("pick", "picked", D, silent=True), To("drop", "failed", D)),
        Row("picked", To("begin", "working", D, silent=True), To("drop", "failed", D)),
        Row(
            "working",
            To("beat", "working", D),
            To("hold", "held", D),
            To("finish", "done", D, guards=(is_set("begun_at"),)),
            To("guess", "done", I),
            To("drop", "failed", D),
            To("overrun", "late", D),
        ),
        Row("held", To("release", "working", D), To("drop", "failed", I)),
        Row("done"),
        Row("failed", To("retry", "waiting", D, reopens=True)),
        Row("late"),
    ),
    verbs=(
        Verb("make", wire="job.new", does=Effects(stamps="made_at", deadlines={"due_at": 90})),
        # the same name announces creation in the queue, a draft that is queued, and another try
        Verb("enqueue", wire="job.queued", does=Effects(stamps_once="made_at", deadlines={"due_at": 90})),
        Verb(
            "retry",
            wire="job.queued",
            does=Effects(deadlines={"due_at": 90}, clears=["ended_at", "reason", "begun_at"]),
        ),
        Verb("pick", does=Effects(stamps="picked_at")),
        Verb("begin", does=Effects(stamps="begun_at")),
        Verb("beat", wire="job.beat", does=Effects(stamps="beaten_at", may_take={"progress": "progress"})),
        Verb("hold", wire="job.held", does=Effects(takes={"reason": "reason"})),
        Verb(
            "release",
            wire="job.released",
            does=Effects(takes={"by": None}, stamps="begun_at", clears="reason"),
            guards=[named("approved")],
        ),
        Verb(
            "finish", wire="job.done", does=Effects(stamps="ended_at", may_take={"result": "result"}, clears="due_at")
        ),
        Verb("guess", wire="job.done", does=Effects(stamps="ended_at", clears="due_at")),
        Verb(
            "drop", wire="job.failed", does=Effects(stamps="ended_at", may_take={"reason": "reason"}, clears="due_at")
        ),
        Verb("overrun", wire="job.late", does=Effects(stamps="ended_at", clears="due_at"), guards=[reached("due_at")]),
    ),
    fields={
        "made_at": FieldKind.STAMP,
        "picked_at": FieldKind.STAMP,
        "begun_at": FieldKind.STAMP,
        "beaten_at": FieldKind.STAMP,
        "ended_at": FieldKind.STAMP,
        "due_at": FieldKind.DEADLINE,
        "progress": FieldKind.VALUE,
        "reason": FieldKind.VALUE,
        "result": FieldKind.VALUE,
    },
    constant=("id", "object", "owner"),
    quirks=(
        Quirk(name="undone", transition=("done", "working"), why="seen in one log"),
        Quirk(name="done_for_failed", announcement=("job.done", "failed"), why="seen in one log"),
        Quirk(name="late_result", field=("late", "result"), why="seen in one log"),
    ),
    guard_functions={"approved": _approved},
)

SWITCH = Lifecycle(
    name="example.switch",
    doc="Neither ends, nor fields, nor names of events.",
    initial={"off"},
    terminal=(),
    rows=(Row(None, To("make", "off", D)), Row("off", To("on", "on", D)), Row("on", To("off", "off", D))),
    verbs=(Verb("make"), Verb("on"), Verb("off")),
)

# AG-UI puts no status on the wire and has a judge of its own; under other names its tables are tables like any other
REOPENED, CALL, CHILD = (
    attrs.evolve(lifecycle, name=f"example.{word}", objects=())
    for lifecycle, word in ((AGUI_RUN, "reopened"), (AGUI_TOOL_CALL, "call"), (AGUI_SUBAGENT, "child"))
)

LIFECYCLES = (
    ASSISTANTS_RUN,
    ASSISTANTS_RUN_STEP,
    ASSISTANTS_MESSAGE,
    REOPENED,
    CALL,
    CHILD,
    JOB,
    SWITCH,
)
# AG-UI's run is left out: see above
CATALOGUED = tuple(flat(lifecycle) for lifecycle in CATALOGUE.values() if lifecycle is not AGUI_RUN)
BY_NAME: Mapping[str, Lifecycle] = FrozenDict({lifecycle.name: lifecycle for lifecycle in LIFECYCLES})


def fed(events: Sequence[Any], lifecycle: Lifecycle | None, **more: Any) -> Iterator[list[Finding]]:
    """The findings at each item of a log, and last those at its end."""
    monitor = Monitor(lifecycle, **more)
    for item in events:
        if isinstance(item, bytes):
            yield [finding for seen in read(item, form="jsonl") for finding in monitor.feed(seen)]
        else:
            yield monitor.feed(item)
    yield monitor.close()


def observed(events: Sequence[Any]) -> list[Any]:
    """The items as observations, where they can be read: the same to the judge, and faster by what reading costs."""
    made: list[Any] = []
    for item in events:
        event, data = event_and_data(item)
        made.append(Observation(event=event, value=data) if isinstance(data, Mapping) else item)
    return made


def found(edit: Edit, lifecycle: Lifecycle | None, **more: Any) -> list[Finding]:
    """The findings where an edit must be noticed."""
    return next(findings for index, findings in enumerate(fed(edit.events, lifecycle, **more)) if index == edit.index)


def noticed(edit: Edit, lifecycle: Lifecycle | None, **more: Any) -> bool:
    """Whether an edit is found with one of its codes, where it is."""
    return any(finding.code in edit.codes for finding in found(edit, lifecycle, **more))


def errors(events: Sequence[Any], lifecycle: Lifecycle | None, **more: Any) -> list[str]:
    """What the judge says against a log."""
    return [
        f"{index}: {finding.code} {finding.message}"
        for index, findings in enumerate(fed(events, lifecycle, **more))
        for finding in findings
        if finding.severity is Severity.ERROR
    ]


def spread(found: Sequence[Edit], most: int) -> list[Edit]:
    """A few of many, from the first to the last."""
    if len(found) <= most:
        return list(found)
    return [found[index * (len(found) - 1) // (most - 1)] for index in range(most)]


@cache
def recorded() -> Mapping[str, tuple[Any, ...]]:
    """Every recorded log, as items; of many deltas in a row only two are kept."""
    return {file: tuple(_items(facts)) for file, facts in by_file().items()}


def _items(facts: Sequence[Fact]) -> Iterator[Any]:
    in_a_row = 0
    for fact in facts:
        delta = (fact.object or "").endswith(".delta")
        in_a_row = in_a_row + 1 if delta else 0
        if in_a_row > 2:
            continue
        if fact.event == "done":
            yield DONE
        elif fact.kind == "poll":
            yield as_object(fact)
        else:
            yield {"event": fact.event, "data": as_object(fact)}
