"""The main job on real input: judge recorded runs, explain a broken one, drive a run, show the table behind it all.

    python examples/demo.py        (or: make demo)

Every time is given, nothing is read from a clock, so the output is always the same: `examples/demo.txt`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from runstate import (
    ASSISTANTS_RUN,
    CODES,
    FunctionCall,
    IllegalTransition,
    Monitor,
    RequiredAction,
    Run,
    Runs,
    ToolCall,
    ToolOutput,
    Usage,
    encode,
)
from runstate.conformance.check import Judged, judge
from runstate.conformance.reports.text import lines, path_line
from runstate.stores.sqlite import SqliteStore
from runstate.testing.clock import FakeClock

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
    """A run of our own in a SQLite file, from creation to its end, with one event refused on the way; then its journal."""
    clock = FakeClock(BEGIN)
    with TemporaryDirectory() as folder, SqliteStore(f"{folder}/runs.db", clock=clock) as store:
        runs: Runs[Run] = Runs(store)

        def after(seconds: float) -> Runs[Run]:
            clock.advance(seconds)
            return runs

        runs.create(id="run_1", assistant_id="asst_1", thread_id="thread_1")
        after(1).start("run_1")
        call = ToolCall("call_1", FunctionCall("next_high_water", '{"harbour": "Kiel"}'))
        after(2).require_action("run_1", RequiredAction.calls(call))
        try:
            after(1).complete("run_1", usage=Usage(118, 21))
        except IllegalTransition as refusal:
            yield f"refused: {refusal.event} in {refusal.status}: {refusal.reason}"
            yield f"allowed: {', '.join(refusal.allowed)}"
        after(58).submit_tool_outputs("run_1", [ToolOutput("call_1", "14:20")])
        after(1).start("run_1")
        after(3).complete("run_1", usage=Usage(118, 21))
        yield "The journal, and the record after each change:"
        monitor = Monitor()
        for entry in runs.history("run_1"):
            run = runs.at("run_1", entry.seq)
            monitor.feed(encode(run))
            started = "–" if run.started_at is None else f"{run.started_at - BEGIN} s"
            ended = "–" if run.expires_at is None else f"{run.expires_at - BEGIN} s"
            seconds = f"{entry.at / 1e6 - BEGIN:g} s"
            yield f"{entry.seq:>3} {seconds:>6}  {entry.event:<20} → {run.status:<16} started {started:<5} expires {ended}"
    (seen,) = monitor.runs.values()
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
