from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runstate import Assume, BadLifecycle, Observation, create
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.testing.asserts import IllegalHistory, assert_legal
from tests.testing.judging import JOB

QUEUED: dict[str, Any] = {"id": "run_1", "status": "queued", "created_at": 100, "expires_at": 700}
STARTED = QUEUED | {"status": "in_progress", "started_at": 101}
COMPLETED = {"id": "run_1", "status": "completed", "created_at": 100, "started_at": 101, "completed_at": 105}
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Model:
    """As an SDK has them."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def model_dump(self, **_: object) -> Any:
        return self.value


@pytest.mark.parametrize(
    "events",
    [
        [QUEUED, STARTED, COMPLETED],
        ({"event": "thread.run.completed", "data": one} for one in [COMPLETED]),
        [Model(QUEUED), Model(COMPLETED)],
        Model(QUEUED),
        QUEUED,
        [Observation(value=QUEUED), Observation(value=COMPLETED)],
        b'{"id": "run_1", "status": "queued", "created_at": 1, "expires_at": 2}\n',
        [b'{"id": "run_1", "status": "queued", "created_at": 1, "expires_at": 2}\n', Model(create(
            id="run_2", assistant_id="a", thread_id="t", at=5).run)],
        EXAMPLES / "completed.sse",
        str(EXAMPLES / "polls.jsonl"),
    ],
    ids=["mappings", "events", "sdk", "one object", "one mapping", "observations", "bytes", "mixed", "path", "name"],
)  # fmt: skip
def test_a_legal_log_passes_whatever_it_is(events: object) -> None:
    assert assert_legal(events)


def test_the_report_says_what_and_where_and_what_was_allowed() -> None:
    with pytest.raises(IllegalHistory) as caught:
        assert_legal([QUEUED, STARTED, COMPLETED, STARTED])
    text = str(caught.value)
    assert "run_1  queued → in_progress 1 s → completed 4 s → ✗ in_progress" in text
    assert "$[3]: error RS102 completed → in_progress" in text
    assert "allowed after completed: nothing" in text
    assert "→ Drop what comes after the end" in text
    assert [finding.code for finding in caught.value.findings] == ["RS102"]
    assert isinstance(caught.value, AssertionError)


@pytest.mark.parametrize("events", [[], b"", [{"tea": 1}], {"event": "ping", "data": {}}])
def test_nothing_observed_is_no_pass(events: object) -> None:
    with pytest.raises(IllegalHistory):
        assert_legal(events)


def test_what_cannot_be_read_is_illegal() -> None:
    with pytest.raises(IllegalHistory, match="RS501"):
        assert_legal([QUEUED, b'{"id": '])
    with pytest.raises(IllegalHistory, match="RS501"):
        assert_legal(b"{")


def test_complete_asks_for_an_end() -> None:
    assert assert_legal([QUEUED, COMPLETED], complete=True)
    with pytest.raises(IllegalHistory, match="run run_1 has not ended: it is queued") as caught:
        assert_legal([QUEUED], complete=True)
    assert caught.value.findings == ()


def test_the_monitors_parameters_are_passed_on() -> None:
    inferred = [QUEUED, {"id": "run_1", "status": "expired", "created_at": 100}]
    assert_legal(inferred)
    with pytest.raises(IllegalHistory, match="RS104"):
        assert_legal(inferred, mode="stream", strict=True)
    assert_legal(inferred, mode="stream", strict=True, ignore=("RS104",))
    with pytest.raises(IllegalHistory, match="RS101"):
        assert_legal([QUEUED, COMPLETED], mode="stream")
    assert_legal([QUEUED, COMPLETED], mode="stream", assume=Assume(lost=True))


def test_a_lifecycle_is_given_or_named() -> None:
    assert_legal([QUEUED], lifecycle=ASSISTANTS_RUN)
    assert_legal([QUEUED], lifecycle="openai.assistants.run")
    with pytest.raises(IllegalHistory, match="RS106"):
        assert_legal([QUEUED], lifecycle=JOB)
    with pytest.raises(BadLifecycle, match="no such lifecycle"):
        assert_legal([QUEUED], lifecycle="openai.assistant.run")


def test_a_file_that_is_not_there_is_an_error_of_the_test() -> None:
    with pytest.raises(FileNotFoundError):
        assert_legal("no_such_file.jsonl")
