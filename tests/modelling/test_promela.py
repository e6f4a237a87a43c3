"""The Promela text: a small reader takes its relation out again, and it is the table.  SPIN itself runs in the long tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given

from runstate.errors import BadQuestion
from runstate.lifecycle import Lifecycle, Presence, Transition
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.modelling.promela import promela
from runstate.modelling.traces import Seen, Trace, trace_of_changes, trace_of_snapshots
from tests.test_lifecycle import lifecycles
from tests.test_show import ODD

EVERY = [*CATALOGUE.values(), ODD]


class Written(NamedTuple):
    """One transition as the text has it, with the names of the lifecycle."""

    process: str
    source: str | None
    event: str
    target: str
    needs: frozenset[str]
    waits: frozenset[str]
    sets: frozenset[str]
    may: frozenset[str]
    clears: frozenset[str]


class Reader:
    """The transitions, rules and table of one Promela text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, str | None] = {"S__none": None}
        self.names.update((made, name) for made, name in re.findall(r"^    , (\w+) +/\* (.*) \*/$", text, re.MULTILINE))
        self.fields = dict(re.findall(r"^bit (has_\w+);   /\* (.*) is set \*/$", text, re.MULTILINE))
        self.due = dict(re.findall(r"^bit (due_\w+);   /\* the time in (.*) has come \*/$", text, re.MULTILINE))

    def processes(self) -> Iterator[tuple[str, str]]:
        yield from re.findall(r"^(?:proctype )?(\w+)(?:\(\))? \{.*\n((?:.+\n)*?)\}$", self.text, re.MULTILINE)

    def transitions(self) -> Iterator[Written]:
        for process, body in self.processes():
            for guard, steps in re.findall(r"^    :: atomic \{ (.*?) -> (.*) \}$", body, re.MULTILINE):
                yield self.transition(process, guard.split(" && "), steps)

    def transition(self, process: str, guard: list[str], steps: str) -> Written:
        may = re.findall(r"if :: (\w+) = 1 :: skip fi; ", steps)
        rest = re.sub(r"if :: \w+ = 1 :: skip fi; ", "", steps).split("; ")
        given = dict(step.split(" = ", 1) for step in rest if " = " in step)
        (source,) = (part.removeprefix("status == ") for part in guard if part.startswith("status"))
        assert given["source"] == source  # what is kept for the assertions is where it came from
        assert rest[-2:] == ["keep_table()", "keep_rules()"]
        event, target = self.names[given["event"]], self.names[given["status"]]
        assert event is not None
        assert target is not None
        anew = {made for made in (*given, *may) if made in self.fields}
        assert {self.due[made] for made in given if made in self.due} == {
            self.fields[made] for made in anew if self.fields[made] in self.due.values()
        }
        return Written(
            process,
            self.names[source],
            event,
            target,
            frozenset(self.fields[part] for part in guard if part in self.fields),
            frozenset(self.due[part] for part in guard if part in self.due),
            frozenset(self.fields[made] for made, value in given.items() if made in self.fields and value == "1"),
            frozenset(self.fields[made] for made in may),
            frozenset(self.fields[made] for made, value in given.items() if made in self.fields and value == "0"),
        )

    def inline(self, name: str) -> str:
        (body,) = re.findall(rf"^inline {name}\(\) \{{\n((?:.+\n)*?)\}}$", self.text, re.MULTILINE)
        return str(body)


def expected(edge: Transition, *, asked: str = "cancel") -> Written:
    does = edge.does
    waits = frozenset(guard.argument for guard in edge.guards if guard.kind == "reached")
    stands = frozenset(guard.argument for guard in edge.guards if guard.kind == "set")
    process = "init" if edge.source is None else "expire" if waits else "ask" if edge.event == asked else "work"
    return Written(
        process,
        edge.source,
        edge.event,
        edge.target,
        waits | stands,
        waits,
        frozenset(f for f in (*does.stamps, *does.stamps_once, *does.deadlines, *does.takes.values()) if f),
        frozenset(f for f in does.may_take.values() if f),
        frozenset(does.clears),
    )


def check(lifecycle: Lifecycle) -> None:
    reader = Reader(promela(lifecycle))
    written = list(reader.transitions())
    assert len(written) == len(lifecycle.transitions)
    assert set(written) == {expected(edge) for edge in lifecycle.transitions}


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_relation_is_the_table(lifecycle: Lifecycle) -> None:
    check(lifecycle)


@given(lifecycles(guarded=True, timed=True))
def test_the_relation_of_any_lifecycle_is_its_table(lifecycle: Lifecycle) -> None:
    check(lifecycle)


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_assertions_are_the_record_rules_and_the_table(lifecycle: Lifecycle) -> None:
    reader = Reader(promela(lifecycle))
    rules: dict[str | None, dict[str, Presence]] = {status: {} for status in lifecycle.statuses}
    for made, bits in re.findall(r"assert\(status != (\w+) \|\| \((.*)\)\);", reader.inline("keep_rules")):
        for bit in bits.split(" && "):
            presence = Presence.NULL if bit.startswith("!") else Presence.SET
            rules[reader.names[made]][reader.fields[bit.removeprefix("!")]] = presence
    demanded = {
        status: {field: presence for field, presence in own.items() if presence is not Presence.FREE}
        for status, own in lifecycle.presence.items()
    }
    assert rules == demanded
    late = re.findall(r"^bit late_\w+;   /\* (.*) was written after (.*) \*/$", reader.text, re.MULTILINE)
    assert tuple(late) == lifecycle.order
    assert len(re.findall(r"assert\(!late_\w+\);", reader.inline("keep_rules"))) == len(late)
    edges = set()
    line = r"assert\(event != (\w+) \|\| \(status == (\w+) && \((.*)\)\)\);"
    for event, target, sources in re.findall(line, reader.inline("keep_table")):
        for source in re.findall(r"source == (\w+)", sources):
            edges.add((reader.names[source], reader.names[event], reader.names[target]))
    assert edges == {(edge.source, edge.event, edge.target) for edge in lifecycle.transitions}


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_properties_speak_of_the_ends_and_every_process_runs(lifecycle: Lifecycle) -> None:
    reader = Reader(promela(lifecycle))
    (ended,) = re.findall(r"^#define ended \((.*)\)$", reader.text, re.MULTILINE)
    assert {reader.names[made] for made in re.findall(r"status == (\w+)", ended)} == lifecycle.terminal
    assert ("ltl cancel_heard" in reader.text) is ("cancel" in lifecycle.events)
    processes = set(re.findall(r"^proctype (\w+)", reader.text, re.MULTILINE))
    assert set(re.findall(r"run (\w+)\(\)", reader.text)) == processes
    assert {f"time_of_{made}" for made in reader.due} == {name for name in processes if name.startswith("time_of")}


def test_stamps_out_of_order_are_seen_where_the_first_is_written_again() -> None:
    reader = Reader(promela(ASSISTANTS_RUN))
    steps = {
        (written.source, written.event): line
        for written, line in zip(
            reader.transitions(), re.findall(r"^    :: atomic \{.*$", reader.text, re.MULTILINE), strict=True
        )
    }
    assert "late_started_at_completed_at = has_completed_at;" in steps["queued", "start"]
    assert "late_started_at_completed_at = 0;" in steps["in_progress", "complete"]
    assert "late_started_at" not in steps["in_progress", "require_action"]


def test_the_rules_may_be_those_of_another_version() -> None:
    text = promela(CATALOGUE["mcp.tasks.ext"], rules=ASSISTANTS_RUN)
    reader = Reader(text)
    assert {"queued", "input_required"} <= set(reader.names.values())
    assert "assert(event != E_start ||" in reader.inline("keep_table")
    alien = [event for event in CATALOGUE["mcp.tasks.ext"].events if event not in ASSISTANTS_RUN.events]
    assert len(re.findall(r"assert\(event != \w+\);", reader.inline("keep_table"))) == len(alien) > 0


# --- traces -----------------------------------------------------------------------------------------------------------

SEEN = (Seen("create", "queued"), Seen("start", "in_progress", frozenset({"created_at", "started_at", "expires_at"})))


@pytest.mark.parametrize("misses", [False, True])
def test_a_trace_is_looked_at_after_every_move(misses: bool) -> None:
    text = promela(ASSISTANTS_RUN, trace=Trace(SEEN, misses=misses))
    lines = re.findall(r"^    :: atomic \{ status == .*$", text, re.MULTILINE)
    assert len(lines) == len(ASSISTANTS_RUN.transitions)
    assert all(line.endswith("keep_rules(); look() }") and "&& !off ->" in line for line in lines)
    body = Reader(text).inline("look")
    assert "    :: seen == 0 && event == E_create && status == S_queued -> seen = 1\n" in body
    second = next(line for line in body.splitlines() if ":: seen == 1" in line)
    assert "has_started_at" in second
    assert "!has_started_at" not in second
    assert "!has_usage" in second
    assert (":: skip" in body, ":: else -> off = 1" in body) == (misses, not misses)
    assert "assert(seen < 2)" in body
    assert "ltl " not in text


def test_a_trace_of_polls_counts_what_repeats_once() -> None:
    polls: list[dict[str, Any]] = [
        {"status": "queued", "created_at": 1},
        {"status": "queued", "created_at": 1},
        {"status": "in_progress"},
    ]
    trace = trace_of_snapshots(ASSISTANTS_RUN, polls)
    assert trace == Trace(
        (Seen(None, "queued", frozenset({"created_at"})), Seen(None, "in_progress", frozenset())), True
    )
    with pytest.raises(BadQuestion, match="no such status"):
        trace_of_snapshots(ASSISTANTS_RUN, [{"status": "paused"}])


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ((), "nothing was seen"),
        ((Seen("begin", "queued"),), "no event 'begin', seen as number 1"),
        ((SEEN[0], Seen(None, "paused")), "no status 'paused', seen as number 2"),
        ((Seen("create", "queued", frozenset({"colour"})),), "no field 'colour'"),
    ],
)
def test_a_trace_that_names_what_is_not_there_is_refused(seen: tuple[Seen, ...], reason: str) -> None:
    with pytest.raises(BadQuestion, match=reason):
        promela(ASSISTANTS_RUN, trace=Trace(seen))


def test_a_trace_of_changes_has_their_events() -> None:
    from runstate.engine import create

    change = create(id="r", assistant_id="a", thread_id="t", at=1).change
    assert trace_of_changes([change]) == Trace((Seen("create", "queued"),))
