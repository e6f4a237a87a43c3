"""Extract the facts of recorded runs: statuses, times, which fields are null. Nothing else leaves the recordings.

    python -m tools.facts [RECORDINGS] [--check]

RECORDINGS is the folder that holds `assistants/`; without it the environment variable RUNSTATE_RECORDINGS names it. The
script writes `tests/data/recordings.jsonl` (one line per observation, grouped by source file, in recorded order) and
`tests/data/layouts.json` (the key orders met). With --check it writes nothing and fails if the committed files differ.

Ids are renamed in order of first appearance, so that the same run, thread, step or message has one name across all
files. Texts, names, arguments and real ids stay behind. The format is described in `tests/facts.py`, which reads it.

The module imports nothing of runstate on purpose: what the facts say must not depend on the code they test.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "tests" / "data" / "recordings.jsonl"
LAYOUTS = ROOT / "tests" / "data" / "layouts.json"

STAMPS = ("created_at", "started_at", "expires_at", "completed_at", "cancelled_at", "failed_at")
STATES = ("required_action", "last_error", "usage", "incomplete_details", "file_ids", "instructions")
WHOLE = ("thread.run", "thread.run.step", "thread.message")

Json = dict[str, Any]


class Names:
    """Stable renaming: the n-th distinct id of a prefix becomes `prefix_000n`."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def of(self, identifier: str | None) -> str | None:
        if identifier is None:
            return None
        if identifier not in self._names:
            prefix = identifier.partition("_")[0]
            self._count[prefix] = self._count.get(prefix, 0) + 1
            self._names[identifier] = f"{prefix}_{self._count[prefix]:04d}"
        return self._names[identifier]


def numbers_only(value: Any) -> Any:
    """The value itself if it is built of integers alone: a guard against text slipping into the facts."""
    if isinstance(value, dict):
        return {key: numbers_only(item) for key, item in cast("Json", value).items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"not a number: {value!r}")


def state(data: Json, key: str) -> str:
    return "absent" if key not in data else "null" if data[key] is None else "set"


def version(data: Json) -> str | None:
    """v1 objects carry file_ids; v2 dropped it from runs and renamed it to attachments in messages."""
    if data["object"] == "thread.run.step":
        return None
    return "v1" if "file_ids" in data else "v2"


def facts_of(event: str | None, data: Json | None, names: Names, layouts: list[list[str]]) -> Json:
    fact: Json = {"event": event, "object": None if data is None else data.get("object")}
    if data is None or fact["object"] is None:
        return fact
    kind: str = fact["object"]
    own = names.of(data["id"])
    if kind.endswith(".delta"):
        fact["step" if kind == "thread.run.step.delta" else "message"] = own
        return fact
    if kind == "thread":
        return {**fact, "thread": own, "created_at": data["created_at"]}
    if kind not in WHOLE:
        raise ValueError(f"unknown object {kind!r}")

    fact["run"] = own if kind == "thread.run" else names.of(data["run_id"])
    fact["thread"] = names.of(data["thread_id"])
    fact["assistant"] = names.of(data["assistant_id"])
    if kind == "thread.run.step":
        fact["step"] = own
        fact["type"] = data["type"]
        details = data["step_details"]
        if data["type"] == "message_creation":
            fact["message"] = names.of(details["message_creation"]["message_id"])
        else:
            fact["call_types"] = [call["type"] for call in details["tool_calls"]]
    elif kind == "thread.message":
        fact["message"] = own
        fact["incomplete_at"] = data.get("incomplete_at", "absent")
    fact["status"] = data["status"]
    fact["version"] = version(data)
    fact |= {stamp: data.get(stamp, "absent") for stamp in STAMPS}
    fact |= {key: state(data, key) for key in STATES}
    if fact["usage"] == "set":
        fact["usage_numbers"] = numbers_only(data["usage"])
    if fact["required_action"] == "set":
        fact["tool_calls"] = len(data["required_action"]["submit_tool_outputs"]["tool_calls"])
    if fact["last_error"] == "set":
        fact["error_code"] = data["last_error"]["code"]
    if fact["incomplete_details"] == "set":
        fact["incomplete_reason"] = data["incomplete_details"]["reason"]
    keys = list(data)
    if keys not in layouts:
        layouts.append(keys)
    fact["layout"] = layouts.index(keys)
    return fact


def polled(path: Path) -> Iterator[tuple[int, None, Json]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield number, None, json.loads(line)


def streamed(path: Path) -> Iterator[tuple[int, str, Json | None]]:
    """The recorded streams are regular (one event line, one data line, a blank); anything else stops the script."""
    event, number = "", 0
    for here, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("event: "):
            event, number = line.removeprefix("event: "), here
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
            yield number, event, None if data == "[DONE]" else json.loads(data)
        elif line:
            raise ValueError(f"{path.name}:{here}: not a line of a recorded stream")


def extract(recordings: Path) -> tuple[str, str]:
    """The contents of the two data files."""
    folder = recordings / "assistants"
    if not folder.is_dir():
        raise SystemExit(f"tools.facts: no folder {folder}")
    names, layouts, lines = Names(), list[list[str]](), list[str]()
    paths = [*folder.glob("*/*.jsonl"), *folder.glob("*/*.sse")]
    for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix()):
        kind = "poll" if path.suffix == ".jsonl" else "stream"
        for number, event, data in polled(path) if kind == "poll" else streamed(path):
            where = {"file": path.relative_to(folder).as_posix(), "line": number, "kind": kind}
            lines.append(json.dumps({**where, **facts_of(event, data, names, layouts)}))
    shown = ",\n".join("  " + json.dumps(keys) for keys in layouts)
    return "\n".join(lines) + "\n", f"[\n{shown}\n]\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.facts", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recordings", nargs="?", default=os.environ.get("RUNSTATE_RECORDINGS"))
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed files differ")
    options = parser.parse_args(arguments)
    if not options.recordings:
        parser.error("name the folder of recordings, or set RUNSTATE_RECORDINGS")
    stale = 0
    for path, text in zip((FACTS, LAYOUTS), extract(Path(options.recordings)), strict=True):
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"stale: {path.relative_to(ROOT)} (run python -m tools.facts)", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
