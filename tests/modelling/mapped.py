"""What the tests of mappings share: small lifecycles, random mappings, and records driven along a translation."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from runstate.engine import apply, create
from runstate.lifecycle import Basis, Count, Lifecycle, Row, To, Verb
from runstate.lifecycles.agui import AGUI_RUN
from runstate.modelling.mapping import As, LifecycleMapping
from runstate.modelling.translate import Translated
from runstate.testing.choosing import Chooser
from runstate.testing.histories import EPOCH, History, Step, encoded, flat, names_for, payload_for, record_class
from tests.testing.judging import errors

D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the sources' own key


def table(name: str, rows: dict[str | None, str], **more: Any) -> Lifecycle:
    """A lifecycle whose events are called after their targets; ``?`` marks what is inferred, ``!`` what reopens."""

    def edge(target: str) -> To:
        plain = target.strip("?!")
        return To(f"to_{plain}", plain, I if "?" in target else D, reopens="!" in target)

    edges = {source: [edge(target) for target in targets.split()] for source, targets in rows.items()}
    ends = {str(source) for source, found in edges.items() if all(one.reopens for one in found)}
    used = dict.fromkeys(one.event for found in edges.values() for one in found)
    return Lifecycle(
        name=name,
        initial={one.target for one in edges[None]},
        terminal=ends,
        rows=[Row(source, *found) for source, found in edges.items()],
        verbs=[Verb(event) for event in used],
        **more,
    )


def mapped(source: Lifecycle, target: Lifecycle, statuses: dict[str, str | None], **more: Any) -> LifecycleMapping:
    """A mapping; ``a|b`` is a with b otherwise."""
    entries: dict[str, As] = {}
    for status, reading in statuses.items():
        first, _, second = (reading or "").partition("|")
        entries[status] = As(first or None, I, why="a test", otherwise=second or None)
    return LifecycleMapping(source=source, target=target, statuses=entries, **more)


#: a job with a break, its plain cousin, and one that tells each job once
JOB = table(
    "test.job", {None: "new", "new": "busy", "busy": "rest done lost", "rest": "new lost?", "done": "", "lost": ""}
)
PLAIN = table("test.plain", {None: "open", "open": "shut gone", "shut": "", "gone": ""})
ONCE = table(
    "test.once",
    {None: "made", "made": "made going over", "going": "made over", "over": ""},
    counts=[Count(events="to_made", least=1, most=2)],
)


@st.composite
def tables(draw: st.DrawFn, name: str) -> Lifecycle:
    """Any lifecycle of up to 4 statuses, without guards; a number for each row, so that it is quick to draw."""
    statuses = [f"{name}{number}" for number in range(draw(st.integers(1, 4)))]
    masks = st.integers(0, 2 ** len(statuses) - 1)
    leads = {source: _chosen(statuses, draw(masks)) for source in (None, *statuses)}
    leads[None] = leads[None] or statuses[:1]
    reopened, inferred = _chosen(statuses, draw(masks)), _chosen(statuses, draw(masks))
    reached: set[str | None] = {None}
    while more := {target for source in reached for target in leads[source]} - reached:
        reached |= more
    return table(
        name,
        {
            source: " ".join(t + "!" * (source in reopened) + "?" * (t in inferred) for t in leads[source])
            for source in (None, *statuses)
            if source in reached
        },
    )


def _chosen(statuses: list[str], mask: int) -> list[str]:
    return [status for index, status in enumerate(statuses) if mask >> index & 1]


@st.composite
def random_mappings(draw: st.DrawFn) -> LifecycleMapping:
    """Any two lifecycles and any map of statuses; more than half are wrong."""
    source, target = draw(tables("a")), draw(tables("b"))
    statuses: dict[str, str | None] = {}
    for status in source.statuses:
        same = [one for one in target.statuses if (one in target.terminal) == (status in source.terminal)]
        readings = st.sampled_from(
            [*same, *same, None, *target.statuses, *(f"{one}|{other}" for one in same for other in same)]
        )
        statuses[status] = draw(readings)
    return mapped(source, target, statuses, reopens=draw(st.booleans()))


def driven(translated: Translated, chooser: Chooser) -> History:
    """The history of a record of the target that is driven along a translation; what asks for time gets it."""
    lifecycle = translated.mapping.target
    kind = record_class(lifecycle)
    now = float(EPOCH)
    record: Any = kind  # what payloads are made for at creation: it has the lifecycle, and nothing else is looked at
    steps: list[Step] = []
    for change in translated.changes:
        edge = kind.__lifecycle__.transition(change.source, change.event)
        waits = [getattr(record, guard.argument) for guard in edge.guards if guard.kind == "reached"]
        now = max([now, change.at, *waits])
        given = payload_for(edge, record, chooser, now)
        if change.source is None:
            record = create(kind, at=now, event=change.event, **names_for(lifecycle, edge, 1), **given).run
        else:
            record = apply(record, change.event, at=now, **given).run
        steps.append(
            Step(
                event=str(edge.event),
                source=edge.source,
                target=str(edge.target),
                at=now,
                wire=edge.wire,
                silent=edge.silent,
                record=record,
                value=encoded(record),
            )
        )
    return History(lifecycle=lifecycle, steps=tuple(steps))


def judged(translated: Translated, chooser: Chooser) -> list[str]:
    """What the judge of the target says against a record that is driven along a translation: all rules, all fields."""
    target = translated.mapping.target
    if target is AGUI_RUN:
        names = [wire for change in translated.changes for wire in _wires(translated, change.event)]
        return errors([{"type": name, "threadId": "t", "runId": "r", "message": "no"} for name in names], target)
    return errors(driven(translated, chooser).stream(), flat(target))


def _wires(translated: Translated, event: str) -> tuple[str, ...]:
    verb = translated.mapping.target.verb(event)
    return () if verb is None else verb.wire
