"""The catalogue against what was recorded of other systems, and against another project's matrix of answers.

Raw recordings are no part of the project: RUNSTATE_RECORDINGS names their folder, RUNSTATE_ORACLES that of the matrix.
Each file is read through `runstate.lifecycles.unwrap` alone, so what the judge finds, it finds in the objects as they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from runstate.conformance.findings import Severity
from runstate.conformance.monitor import Monitor
from runstate.conformance.watch import Verdict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.unwrap import Unwrapped, unwrap
from runstate.testing.histories import flat

Json = dict[str, Any]


def lines_of(path: Path) -> Iterator[Json]:
    for line in path.read_text(encoding="utf-8").splitlines():
        value: Json = json.loads(line)
        if "_header" not in value and "_client" not in value:
            yield value


@attrs.frozen
class Heard:
    """What was in a file: how many observations moved a run, went with one, or said nothing, and what was found."""

    moving: int
    passing: int
    silent: int
    verdicts: dict[str, int]
    errors: list[str]
    other: list[str]


EVENTS_ALONE = {"temporal.workflow", "aws.sfn.execution"}


def hear(lifecycle: Lifecycle, values: Iterator[Json], *, run_id: str | None = None, mode: Any = "auto") -> Heard:
    """Judge objects as they are recorded: the name of an event may stand outside (``event``, ``data``) or in them."""
    # a log of events alone shows no object whose fields could be judged
    monitor = Monitor(flat(lifecycle), mode=mode, ignore=("RS2",) if lifecycle.name in EVENTS_ALONE else ())
    moving = passing = silent = 0
    for value in values:
        outside = isinstance(value.get("event"), str) and isinstance(value.get("data"), dict)
        polled = isinstance(value.get("request"), str) and isinstance(value.get("data"), dict)
        inside = value["data"] if outside or polled else value
        found = unwrap(lifecycle, inside, event=value["event"] if outside else None, run_id=run_id)
        if found is None:
            silent += 1
        elif not found.moves:
            passing += 1
        else:
            moving += 1
            monitor.feed(as_observation(found))
    findings = [finding for run in monitor.runs.values() for finding in run.findings] + monitor.loose
    verdicts = Counter(run.verdict.value for run in monitor.runs.values())
    errors = [f"{finding.code} {finding.message}" for finding in findings if finding.severity is Severity.ERROR]
    other = [finding.code for finding in findings if finding.severity is not Severity.ERROR]
    return Heard(moving, passing, silent, dict(verdicts), errors, other)


def as_observation(found: Unwrapped) -> Json:
    """As the monitor takes it; ``object`` would be asked for what the lifecycle is, which is known here."""
    fields = {key: value for key, value in found.fields.items() if key not in {"object", "type", "kind"}}
    return fields if found.event is None else {"event": found.event, "data": fields}


# Typed by hand: file -> lifecycle, (moving, passing, silent), verdicts, errors, other findings.
FILES: dict[str, tuple[str, tuple[int, int, int], dict[str, int], list[str], list[str]]] = {
    "a2a_sdk__cancel_while_input_required": ("a2a.task", (4, 0, 0), {"complete": 1}, [], []),
    "a2a_sdk__complete": ("a2a.task", (3, 2, 0), {"complete": 1}, [], []),
    # the executor raised: the SDK tells its caller, and the task never ends
    "a2a_sdk__executor_raises": ("a2a.task", (2, 0, 1), {"open": 1}, [], []),
    "a2a_sdk__input_required_then_complete": ("a2a.task", (5, 2, 0), {"complete": 1}, [], []),
    "a2a_sdk__rejected": ("a2a.task", (3, 0, 0), {"complete": 1}, [], []),
    "a2a_v1__spec_sse_examples": ("a2a.task", (2, 1, 0), {"complete": 1}, [], []),
    "mcp_ext_tasks__spec_flow": ("mcp.tasks.ext", (6, 0, 7), {"complete": 1}, [], []),
    "openai_responses_poll__test_background_mode_vcr": (
        "openai.responses.response",
        (3, 0, 0),
        {"complete": 1},
        [],
        [],
    ),
    "openai_responses_stream__test_background_mode_streaming_vcr_1": (
        "openai.responses.response",
        (4, 13, 0),
        {"complete": 1},
        [],
        [],
    ),
    "openai_responses_stream__test_openai_responses_stream_1": (
        "openai.responses.response",
        (3, 8, 0),
        {"complete": 1},
        [],
        [],
    ),
    "openlineage__successful_run_ol_events": ("openlineage.run", (72, 0, 0), {"complete": 36}, [], []),
    "temporal_history__test_replayer_complete_history": ("temporal.workflow", (2, 9, 0), {"complete": 1}, [], []),
    "temporal_history__tools-workflow-history": ("temporal.workflow", (2, 21, 0), {"complete": 1}, [], []),
    "anthropic_messages_stream__sdk_basic_response": ("anthropic.message_stream", (8, 1, 0), {"complete": 1}, [], []),
}


@pytest.mark.parametrize("name", FILES)
def test_a_recorded_file_is_legal_but_for_what_is_known(name: str, recordings: Path) -> None:
    lifecycle, counts, verdicts, errors, other = FILES[name]
    run_id = "r" if lifecycle in {"temporal.workflow", "anthropic.message_stream"} else None
    heard = hear(CATALOGUE[lifecycle], lines_of(recordings / "protocols" / f"{name}.jsonl"), run_id=run_id)
    assert (heard.moving, heard.passing, heard.silent) == counts
    assert (heard.verdicts, heard.errors, heard.other) == (verdicts, errors, other)


@pytest.mark.parametrize(
    "name",
    [
        "openai_responses_stream__test_background_mode_streaming_vcr_1",
        "openai_responses_stream__test_openai_responses_stream_1",
    ],
)
def test_the_items_of_a_recorded_stream_are_legal(name: str, recordings: Path) -> None:
    heard = hear(CATALOGUE["openresponses.item"], lines_of(recordings / "protocols" / f"{name}.jsonl"))
    assert (heard.moving, heard.verdicts, heard.errors) == (2, {"complete": 1}, [])


def test_the_recorded_executions_of_step_functions_are_legal(recordings: Path) -> None:
    lifecycle = CATALOGUE["aws.sfn.execution"]
    ends: Counter[str | None] = Counter()
    for history in lines_of(recordings / "protocols" / "aws_stepfunctions_histories.jsonl"):
        monitor = Monitor(flat(lifecycle), ignore=("RS2",))
        for event in history["events"]:
            found = unwrap(lifecycle, event, run_id=history["test"])
            assert found is not None, event
            assert not (found.moves and found.whole)
            if found.moves:
                monitor.feed(as_observation(found))
        run = monitor.run(history["test"])
        assert run is not None
        assert [finding for finding in run.findings if finding.severity is Severity.ERROR] == []
        ends[run.status if run.verdict is Verdict.COMPLETE else None] += 1
    # two histories are cut off; the snapshots hold no redrive and no time-out
    assert ends == {"SUCCEEDED": 7, "FAILED": 7, None: 2, "ABORTED": 1}


def test_the_examples_of_the_mcp_specification_are_no_sequence(recordings: Path) -> None:
    """They show four of five statuses of one id, in an order that is refused: cancelled after completed."""
    lifecycle = CATALOGUE["mcp.tasks.2025-11-25"]
    file = recordings / "protocols" / "mcp_2025_11_25_tasks__spec_examples.jsonl"
    heard = hear(lifecycle, lines_of(file), mode="poll")
    assert heard.moving == 5
    (wrong, older) = heard.errors
    assert wrong.startswith("RS102 completed → cancelled")
    assert older.startswith("RS302 lastUpdatedAt went from")
    for value in lines_of(file):  # each by itself is in order
        found = unwrap(lifecycle, value)
        assert found is not None
        assert [f for f in Monitor(flat(lifecycle)).feed(as_observation(found)) if f.severity is Severity.ERROR] == []


@pytest.mark.parametrize("name", [name for name, known in FILES.items() if set(known[2]) == {"complete"}])
def test_a_recorded_file_that_begins_again_after_its_end_is_not(name: str, recordings: Path) -> None:
    """The judge is awake: an end that is followed by the beginning does not pass in silence."""
    lifecycle = CATALOGUE[FILES[name][0]]
    values = list(lines_of(recordings / "protocols" / f"{name}.jsonl"))
    heard = hear(lifecycle, iter([*values, *values]), run_id="r")
    # a finished task of A2A that works again is a departure that is known
    assert heard.errors or heard.other == ["RS107"]


# --- Prefect's server -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matrix(oracles: Path) -> dict[tuple[str | None, str], tuple[str, str]]:
    """(status, proposed) -> (answer, status afterwards)."""
    cells: dict[str, Json] = json.loads((oracles / "prefect_flow_matrix.json").read_text(encoding="utf-8"))
    found: dict[tuple[str | None, str], tuple[str, str]] = {}
    for pair, cell in cells.items():
        source, _, proposed = pair.partition(">")
        found[None if source == "None" else source, proposed] = (cell["answer"], cell["state"])
    return found


def test_every_answer_of_prefect_s_server_is_that_of_the_table(
    matrix: dict[tuple[str | None, str], tuple[str, str]],
) -> None:
    """90 of 90 cells: what is accepted is an edge, what is rewritten is an answer, what is refused is neither."""
    flow_run = CATALOGUE["prefect.flow_run"]
    event_of = {flow_run.target(event): event for event in flow_run.events if event != "create"}
    disagreements = []
    for (source, proposed), (answer, after) in matrix.items():
        edge = flow_run.transition(source, event_of[proposed])
        taken = flow_run.answered(source, event_of[proposed])
        mine = ("ACCEPT", proposed) if edge is not None else ("REFUSED", source)
        if edge is None and taken is not None:
            mine = ("REJECT", taken.target)
        theirs = (answer, after) if answer == "ACCEPT" or after not in {source, "PENDING"} else ("REFUSED", source)
        if mine != theirs:
            disagreements.append((source, proposed, mine, (answer, after)))
    assert disagreements == []
    assert len(matrix) == 90
    assert Counter(answer for answer, _ in matrix.values()) == {"ACCEPT": 56, "ABORT": 20, "REJECT": 14}


def test_prefect_s_one_rewritten_answer_is_the_only_one(
    matrix: dict[tuple[str | None, str], tuple[str, str]],
) -> None:
    rewritten = {
        pair: after for pair, (answer, after) in matrix.items() if answer != "ACCEPT" and pair[0] and after != pair[0]
    }
    assert rewritten == {("SCHEDULED", "CANCELLING"): "CANCELLED"}
    (answer,) = CATALOGUE["prefect.flow_run"].answers
    assert (answer.source, answer.asked, answer.answered) == ("SCHEDULED", "cancel", "confirm_cancel")


def test_the_table_has_no_transition_that_the_server_was_not_asked_for(
    matrix: dict[tuple[str | None, str], tuple[str, str]],
) -> None:
    accepted = {pair for pair, (answer, _) in matrix.items() if answer == "ACCEPT"}
    mine = {(edge.source, edge.target) for edge in CATALOGUE["prefect.flow_run"].transitions}
    # a run that is made without a proposal is PENDING: its state after the answers ABORT and REJECT to no state
    assert mine - accepted == {(None, "PENDING")}
    assert accepted - mine == set()
