"""Write the recordings in `examples/`: statuses, times, null-ness and event order of real runs, the texts our own.

    python -m tools.examples [--check]

Everything real comes from `tests/data/recordings.jsonl` (see `tests/facts.py`); what a message says, what a function is
called and with which arguments is written here. The output is the same on every machine; with --check nothing is
written, and the script fails if a committed file differs. `examples/README.md` says where each file comes from.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from tests.facts import ARGUMENTS, Fact, Json, as_object, as_sse, by_file

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def words(text: str) -> list[str]:
    """The pieces a model would send: each word with the space before it."""
    first, *rest = text.split(" ")
    return [first, *(" " + word for word in rest)]


def stream(facts: Iterable[Fact], reply: str = "") -> str:
    """A recorded stream with our text: a message or call longer than it is cut, its deltas being one word each.

    The recordings have up to 274 deltas in a message, which would make the files long and teach nothing.
    """
    pieces = {
        "thread.message.delta": iter(words(reply)),
        # The first delta of a function call has no arguments yet.
        "thread.run.step.delta": iter(["", ARGUMENTS[:10], ARGUMENTS[10:]]),
    }
    blocks: list[str] = []
    for fact in facts:
        kind = fact.object or ""
        if kind in pieces:
            piece = next(pieces[kind], None)
            if piece is not None:
                blocks.append(as_sse(fact, piece))
        else:
            blocks.append(as_sse(fact, reply if kind == "thread.message" else None))
    return "".join(blocks)


def lines(objects: Iterable[Json]) -> str:
    return "".join(json.dumps(item) + "\n" for item in objects)


def observed(file: str, *numbers: int) -> list[Fact]:
    """The observations at these lines of a recorded file, so that what is taken can be checked against its source."""
    at = {fact.line: fact for fact in by_file()[file]}
    return [at[number] for number in numbers]


def in_turn(*logs: list[Fact]) -> Iterator[Fact]:
    """One observation of each log in turn: what a poller of several runs writes down."""
    for index in range(max(map(len, logs))):
        yield from (log[index] for log in logs if index < len(log))


def polls() -> str:
    plain = observed("openai-dotnet/runs.jsonl", 1, 2, 3, 4, 5)
    # Nine polls found the tool run waiting; three of them are enough.
    tool = observed("openai-dotnet/runs.jsonl", 88, 89, 90, 91, 98, 99, 100, 102)
    cancelled = observed("azure-sdk-assets/runs.jsonl", 3, 4)
    return lines(as_object(fact) for fact in in_turn(plain, tool, cancelled))


def quirk_incomplete() -> str:
    """The second of the two runs in the recorded file, which ends as thread.run.completed with status incomplete."""
    facts = by_file()["ruby-openai/stream_01.sse"]
    second = [index for index, fact in enumerate(facts) if fact.event == "thread.run.created"][1]
    return stream(facts[second:], "The tide turns twice a day, because the")


def quirk_expired() -> str:
    """Recorded is the second line. The first is what the record was before the server swept the finished run."""
    (expired,) = observed("ruby-openai/runs.jsonl", 65)
    return lines([as_object(attrs.evolve(expired, status="completed")), as_object(expired)])


def broken() -> str:
    """A real run (queued, in_progress, completed) with three faults of our making, each on a line of its own."""
    queued, started, completed = (as_object(fact) for fact in observed("openai-dotnet/runs.jsonl", 117, 119, 124))
    premature = {**started, "usage": completed["usage"]}
    backwards = {**started, "started_at": started["started_at"] - 1}
    return lines([queued, started, premature, completed, started, backwards])


def contents() -> dict[str, str]:
    files = by_file()
    return {
        "completed.sse": stream(
            files["openai-dotnet/stream_04.sse"], "High water at Kiel is at 14:20. Low water is at 20:35."
        ),
        "tool_call_first_leg.sse": stream(files["openai4j/stream_05.sse"]),
        "tool_call_resumed_leg.sse": stream(files["openai4j/stream_06.sse"], "High water at Kiel is at 14:20."),
        "polls.jsonl": polls(),
        "quirk_incomplete.sse": quirk_incomplete(),
        "quirk_expired.jsonl": quirk_expired(),
        "broken.jsonl": broken(),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.examples", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a committed file differs")
    options = parser.parse_args(arguments)
    stale = 0
    for name, text in contents().items():
        path = EXAMPLES / name
        if not options.check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"stale: examples/{name} (run python -m tools.examples)", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
