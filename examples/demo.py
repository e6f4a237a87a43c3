"""The main job on real input: judge recorded runs, explain a broken one, drive a run, show the table behind it all.

    python examples/demo.py        (or: make demo)

Every time is given, nothing is read from a clock, so the output is always the same: `examples/demo.txt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runstate import (
    ASSISTANTS_RUN,
    CODES,
    Applied,
    Event,
    FunctionCall,
    IllegalTransition,
    Monitor,
    RequiredAction,
    Run,
    ToolCall,
    ToolOutput,
    Usage,
    apply,
    create,
    encode,
)
from runstate.conformance.check import Judged, judge
from runstate.conformance.reports.text import lines, path_line

HERE = Path(__file__).resolve().parent
BEGIN = 1_761_862_020
"""When the run of part 3 is created: seconds since the epoch."""


def judged(*names: str) -> list[Judged]:
    """The files of `examples/` as one log, as ``runstate check --as-one-log`` judges them."""
    monitor = Monitor()
    return [judge([(HERE / name).read_bytes()], monitor, file=f"examples/{name}") for name in names]


def recorded() -> Iterator[str]:
    """Streams and polls of real runs; one of them in two streams, with 577 s of waiting in between."""
    yield from lines(
        [
            *judged("completed.sse"),
            *judged("tool_call_first_leg.sse", "tool_call_resumed_leg.sse"),
            *judged("polls.jsonl"),
            *judged("quirk_incomplete.sse"),
        ]
    )


def broken() -> Iterator[str]:
    """A real run with three faults put in, and what their codes mean."""
    logs = judged("broken.jsonl")
    yield from lines(logs)
    yield ""
    for code in dict.fromkeys(finding.code for run in logs[0].runs for finding in run.findings):
        yield f"{code}, {CODES[code].title}: {CODES[code].why}"


def driven() -> Iterator[str]:
    """A run of our own, from creation to its end, with one event refused on the way."""
    monitor = Monitor()

    def shown(applied: Applied[Run]) -> str:
        """One line of what would be the run's journal; the judge sees the record as a client would."""
        run, change = applied
        monitor.feed(encode(run))
        seconds, event = f"{change.at - BEGIN:g} s", str(change.event)
        started = "–" if run.started_at is None else f"{run.started_at - BEGIN} s"
        ended = "–" if run.expires_at is None else f"{run.expires_at - BEGIN} s"
        return f"{seconds:>6}  {event:<20} → {run.status:<16} started {started:<5} expires {ended}"

    applied = create(id="run_1", assistant_id="asst_1", thread_id="thread_1", at=BEGIN)
    yield shown(applied)
    applied = apply(applied.run, Event.START, at=BEGIN + 1)
    yield shown(applied)
    call = ToolCall("call_1", FunctionCall("next_high_water", '{"harbour": "Kiel"}'))
    applied = apply(applied.run, Event.REQUIRE_ACTION, at=BEGIN + 3, required_action=RequiredAction.calls(call))
    yield shown(applied)
    try:
        apply(applied.run, Event.COMPLETE, at=BEGIN + 4)
    except IllegalTransition as refusal:
        yield f"{'4 s':>6}  {refusal.event:<20} ✗ refused in {refusal.status}: {refusal.reason}"
        yield f"{'':>28} allowed: {', '.join(refusal.allowed)}"
    applied = apply(applied.run, Event.SUBMIT_TOOL_OUTPUTS, at=BEGIN + 62, tool_outputs=[ToolOutput("call_1", "14:20")])
    yield shown(applied)
    applied = apply(applied.run, Event.START, at=BEGIN + 63)
    yield shown(applied)
    applied = apply(applied.run, Event.COMPLETE, at=BEGIN + 66, usage=Usage(118, 21))
    yield shown(applied)
    (seen,) = monitor.runs.values()
    yield ""
    yield f"The judge on these records: {seen.verdict}, {path_line(seen)}"


def table() -> Iterator[str]:
    """What may follow each status; ``?`` where no source states or shows the transition."""
    for status in ASSISTANTS_RUN.live:
        edges = ASSISTANTS_RUN.legal(status)
        words = ", ".join(f"{edge.target}{' ?' if edge.inferred_only else ''}" for edge in edges)
        yield f"  {status:<16} → {words}"
    yield f"Ends: {', '.join(s for s in ASSISTANTS_RUN.statuses if s in ASSISTANTS_RUN.terminal)}."
    yield "As a diagram: runstate show openai.assistants.run --format mermaid"


PARTS = {
    "1. Recorded runs, judged": recorded,
    "2. A broken one, explained": broken,
    "3. A run, driven": driven,
    "4. The table behind it": table,
}


def main() -> None:
    """Print the four parts."""
    for number, (title, part) in enumerate(PARTS.items()):
        print("\n" * bool(number) + title)
        print("-" * len(title))
        for line in part():
            print(line)


if __name__ == "__main__":
    main()
