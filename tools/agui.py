"""The judge of AG-UI beside the reference verifier: ``python -m tools.agui compare|freeze``.

``compare --seed N --count N`` makes fresh streams, lets both judge them, and fails on any difference; ``freeze`` writes
the verdicts of the reference that ships as test data.  Both need node and npm: the package ``@ag-ui/client`` is
installed below ``build/``, which git ignores.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from runstate.conformance.agui import AguiJudge, Stage
from runstate.conformance.findings import Severity
from tests.agui_generator import streams

__all__ = ["FROZEN", "STAGES", "NoReference", "compare", "install", "judged", "reference", "rule_of", "same", "thawed"]

ROOT: Final = Path(__file__).resolve().parents[1]
FROZEN: Final = ROOT / "tests" / "data" / "agui_verdicts.jsonl.gz"
SEED: Final = 20260801
COUNT: Final = 24_000
PACKAGES: Final = ("@ag-ui/client@1.0.0", "rxjs@7.8.2")
STAGES: Final[tuple[Stage, ...]] = ("verify", "stream", "client")
BATCH: Final = 10_000

Verdict = tuple[int, str | None]
"""(index of the first refused event, rule); (-1, None) for an accepted stream."""


UNPRINTABLE: Final = "(any)"
"""Not even the message of the refusal could be put together (an id such as ``{"toString": 1}``): any rule may be meant."""


class NoReference(Exception):
    """The reference verifier cannot be had here."""


_SAYINGS: Final = tuple(
    (re.compile(pattern, re.DOTALL), rule)
    for pattern, rule in (
        (r"Cannot convert object to primitive value", UNPRINTABLE),
        (r"Cannot read properties of null", "not_an_event"),
        (r"\[\n? *\{", "malformed"),
        (r".*already errored with", "run_failed"),
        (r".*run has already finished with", "run_finished"),
        (r"First event must be", "run_not_started"),
        (r".*while a run is still active", "run_active"),
        (r"Cannot send '[^']*' with 'subagentRunId: null'", "subagent_run_id_null"),
        (r"Cannot send '[^']*' with 'outcome\.interruptIds: null'", "interrupt_ids_null"),
        (r"Cannot send '[^']*' with '\w+: null'", "subagent_field_null"),
        (r"Cannot send '[^']*' with outcome type", "subagent_outcome_unknown"),
        (r"Cannot send '[^']*' with a non-string entry", "interrupt_id_no_string"),
        (r"Cannot send 'RUN_FINISHED' with an interrupt", "interrupt_owner_null"),
        (r"Cannot send a message ", "message_owner_null"),
        (r".*(is not iterable|is not a function)", "messages_unreadable"),
        (r".*A text message with ID .* already in progress", "text_message_already_open"),
        (r".*A tool call with ID .* already in progress", "tool_call_already_open"),
        (r".*A reasoning span with ID .* already in progress", "reasoning_span_already_open"),
        (r".*A reasoning message with ID .* already in progress", "reasoning_message_already_open"),
        (r"Step .* is already active", "step_already_open"),
        (r".*subagent '[^']*' is already active", "subagent_already_open"),
        (r".*No active text message found", "text_message_not_open"),
        (r".*No active tool call found", "tool_call_not_open"),
        (r".*No active reasoning span found", "reasoning_span_not_open"),
        (r".*No active reasoning message found", "reasoning_message_not_open"),
        (r".*was not started$", "step_not_open"),
        (r".*no active subagent found", "subagent_not_open"),
        (r".*A step must be finished by whoever started it", "step_of_another"),
        (r".*does not match its parent message", "tool_call_parent_owner"),
        (r".*tool call '[^']*' is owned by", "tool_call_inherited_owner"),
        (r"Cannot send 'REASONING_ENCRYPTED_VALUE'.* does not match", "encrypted_value_owner"),
        (r"Cannot send 'ACTIVITY_DELTA'.* does not match", "activity_owner"),
        (r"Cannot send 'REASONING_(START|END)'.* does not match", "reasoning_span_owner"),
        (r"Cannot send 'REASONING_MESSAGE_\w+'.* does not match", "reasoning_message_owner"),
        (r"Cannot send 'TEXT_MESSAGE_\w+'.* does not match", "text_message_owner"),
        (r"Cannot send 'TOOL_CALL_\w+'.* does not match", "tool_call_owner"),
        (r".*without a 'subagentRunId'", "subagent_id_missing"),
        (r".*without a 'name'", "subagent_name_missing"),
        (r".*without a 'message'", "subagent_message_missing"),
        (r".*already finished in this run", "subagent_reused"),
        (r".*parentSubagentRunId '.*' has not been started", "subagent_parent_unknown"),
        (r".*while steps are still active", "step_left_open"),
        (r".*while text messages are still active", "text_message_left_open"),
        (r".*while reasoning messages are still active", "reasoning_message_left_open"),
        (r".*while reasoning spans are still active", "reasoning_span_left_open"),
        (r".*while tool calls are still active", "tool_call_left_open"),
        (r".*while subagents are still active", "subagent_left_open"),
        (r"First \w+ must have a toolCallName", "chunk_name_missing"),
        (r"First \w+ must have a", "chunk_id_missing"),
        (r"Ambiguous ", "chunk_ambiguous"),
        (r"Cannot continue .*: chunk subagentRunId .* open stream's subagent", "chunk_owner"),
        (r"Cannot continue .*: chunk ", "chunk_field"),
    )
)
"""How the reference words a refusal -> our name of the rule."""


def rule_of(message: str) -> str:
    """Our name of the rule that a message of the reference speaks of.

    :raises ValueError: for a message that no pattern knows.
    """
    for pattern, rule in _SAYINGS:
        if pattern.match(message):
            return rule
    raise ValueError(f"no rule is known for {message!r}")


def install(folder: Path | None = None) -> Path:
    """A folder with the reference packages; installed with npm unless they are there.

    :raises NoReference: without node or npm, or where npm cannot install.
    """
    folder = folder or ROOT / "build" / "agui"
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        raise NoReference(f"{' and '.join(missing)} not found on PATH")
    if not (folder / "node_modules" / "@ag-ui" / "client" / "package.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        command = [shutil.which("npm") or "npm", "install", "--no-audit", "--no-fund", *PACKAGES]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoReference(f"npm could not install {' '.join(PACKAGES)}: {done.stderr[-500:]}")
    return folder


def reference(lines: Iterable[str], folder: Path) -> Iterator[dict[str, Verdict]]:
    """What the reference says of streams, each a line of JSON."""
    command = [shutil.which("node") or "node", str(ROOT / "tools" / "agui_oracle.mjs"), str(folder)]
    text = "\n".join(lines)
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    for line in done.stdout.splitlines():
        said = json.loads(line)
        yield {stage: (at, None if at < 0 else rule_of(message)) for stage, (at, message) in said.items()}


def judged(events: Sequence[Any], stage: Stage) -> Verdict:
    """What our judge says of a stream, up to its first refusal."""
    judge = AguiJudge(stage=stage)
    for event in events:
        for fault in judge.feed(event):
            # an outcome that is an array is refused by the schema of the fixtures, not by the verifier
            if fault.severity is Severity.ERROR and fault.rule != "outcome_no_object":
                return fault.index, fault.rule
    return -1, None


def same(ours: Verdict, reference: Verdict) -> bool:
    """Whether both refuse the same event for the same rule, or accept all."""
    return ours == reference or (ours[0] == reference[0] and reference[1] == UNPRINTABLE)


def compare(seed: int, count: int, folder: Path) -> tuple[dict[str, Counter[str | None]], list[str]]:
    """Both over fresh streams: how often each rule was the first refusal in each stage, and every difference."""
    counts: dict[str, Counter[str | None]] = {stage: Counter() for stage in STAGES}
    differences: list[str] = []
    made = (json.dumps(events) for events in streams(seed, count))
    while batch := list(islice(made, BATCH)):
        verdicts = list(reference(batch, folder))
        if len(verdicts) != len(batch):
            raise RuntimeError(f"{len(batch)} streams went to the reference, {len(verdicts)} verdicts came back")
        for line, verdict in zip(batch, verdicts, strict=True):
            for stage in STAGES:
                ours = judged(json.loads(line), stage)
                counts[stage][ours[1]] += 1
                if not same(ours, verdict[stage]):
                    differences.append(f"{stage}: ours {ours}, reference {verdict[stage]}: {line}")
    return counts, differences


def freeze(folder: Path, file: Path = FROZEN) -> None:
    """Write the verdicts of the reference: a line that says what they are of, then one a stream."""
    made = [json.dumps(events, separators=(",", ":")) for events in streams(SEED, COUNT)]
    about = {"seed": SEED, "count": COUNT, "packages": PACKAGES, "stages": STAGES}
    lines = [json.dumps(about)]
    for line, verdict in zip(made, reference(made, folder), strict=True):
        said = [verdict[stage] for stage in STAGES]
        lines.append(f"[{line},{json.dumps(said, separators=(',', ':'))}]")
    with file.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write("\n".join(lines).encode() + b"\n")


def thawed(file: Path = FROZEN) -> tuple[dict[str, Any], Iterator[tuple[list[Any], dict[str, Verdict]]]]:
    """What the frozen verdicts are of, and (events, stage -> verdict) for each stream."""
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    about: dict[str, Any] = json.loads(lines[0])

    def each() -> Iterator[tuple[list[Any], dict[str, Verdict]]]:
        for line in lines[1:]:
            events, said = json.loads(line)
            yield events, {stage: (at, rule) for stage, (at, rule) in zip(about["stages"], said, strict=True)}

    return about, each()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["compare", "freeze"])
    parser.add_argument("--seed", type=int, default=None, help="a new one unless given")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--packages", type=Path, default=None, help="a folder with node_modules")
    asked = parser.parse_args(arguments)
    folder = install(asked.packages)
    if asked.command == "freeze":
        freeze(folder)
        print(f"{FROZEN.relative_to(ROOT)}: {FROZEN.stat().st_size} bytes")
        return 0
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    counts, differences = compare(seed, asked.count, folder)
    for rule in sorted({rule for count in counts.values() for rule in count}, key=str):
        print(f"{rule or '(accepted)':32}", *(f"{stage} {counts[stage][rule]:>8}" for stage in STAGES))
    for difference in differences[:10]:
        print(difference[:2000])
    print(f"seed {seed}: {asked.count} streams, {len(STAGES)} stages each, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
