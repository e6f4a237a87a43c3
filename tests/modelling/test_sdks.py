"""The catalogue against the packages of others: what they accept, refuse and know the names of.

Long, and only where the packages are installed, which are no part of the project: ``make test-long PART=sdks`` installs them.
"""

from __future__ import annotations

import asyncio
import inspect
from itertools import product
from typing import Any, get_args

import pytest

from runstate.lifecycles import CATALOGUE

pytestmark = pytest.mark.long


def module(name: str) -> Any:
    """A module of another package, without types."""
    return pytest.importorskip(name)


def test_the_task_updater_of_a2a_accepts_what_the_table_allows_and_three_things_more() -> None:
    """The SDK is right about its own rule (any step from a live status); the table has what texts or sense support.

    More than the table: a step back to submitted, which no text allows ("it cannot restart" is about ends alone), and
    repeats of submitted, input-required and auth-required, which change nothing; of working it is progress.
    """
    updater = module("a2a.server.tasks.task_updater")
    states = module("a2a.types.a2a_pb2").TaskState
    task = CATALOGUE["a2a.task"]

    class Queue:
        async def enqueue_event(self, event: object) -> None:
            pass

    async def accepts(source: str, target: str) -> bool:
        one = updater.TaskUpdater(Queue(), "t", "c")
        await one.update_status(states.Value(source))
        try:
            await one.update_status(states.Value(target))
        except RuntimeError:
            return False
        return True

    async def all_of_it() -> dict[tuple[str, str], bool]:
        return {(one, two): await accepts(one, two) for one, two in product(task.statuses, task.statuses)}

    theirs = asyncio.run(all_of_it())
    mine = {(edge.source, edge.target) for edge in task.transitions}
    accepted = {pair for pair, answer in theirs.items() if answer}
    live = {status for status in task.statuses if status not in task.terminal}
    assert {pair for pair in mine if pair[0] is not None} <= accepted
    assert accepted - mine == {
        *((status, "TASK_STATE_SUBMITTED") for status in live),
        ("TASK_STATE_INPUT_REQUIRED", "TASK_STATE_INPUT_REQUIRED"),
        ("TASK_STATE_AUTH_REQUIRED", "TASK_STATE_AUTH_REQUIRED"),
    }


def test_a2a_knows_the_same_statuses() -> None:
    names = set(module("a2a.types.a2a_pb2").TaskState.keys())
    assert names - set(CATALOGUE["a2a.task"].statuses) == {"TASK_STATE_UNSPECIFIED"}
    assert set(CATALOGUE["a2a.task"].statuses) <= names


def test_the_task_store_of_mcp_accepts_what_the_table_allows_and_what_a_quirk_knows() -> None:
    """The specification is right: an end MUST NOT lead to another status.  The store also takes the same status again."""
    store = module("mcp.shared.experimental.tasks.in_memory_task_store")
    metadata = module("mcp.types").TaskMetadata
    task = CATALOGUE["mcp.tasks.2025-11-25"]

    async def accepts(source: str, target: str) -> bool:
        tasks = store.InMemoryTaskStore()
        made = await tasks.create_task(metadata(ttl=60_000), task_id="t")
        assert made.status in task.initial
        if source != made.status:
            await tasks.update_task("t", status=source)
        try:
            after = await tasks.update_task("t", status=target)
        except ValueError:
            return False
        return bool(after.status == target)

    async def all_of_it() -> set[tuple[str, str]]:
        statuses = list(map(str, task.statuses))
        return {(one, two) for one, two in product(statuses, statuses) if await accepts(one, two)}

    accepted = asyncio.run(all_of_it())
    mine = {(edge.source, edge.target) for edge in task.transitions if edge.source is not None}
    assert mine <= accepted
    assert accepted - mine == {(status, status) for status in task.statuses}
    assert {quirk.transition for quirk in task.quirks} == {(end, end) for end in task.terminal}


def test_openai_knows_the_same_statuses() -> None:
    types = module("openai.types")
    known = {
        "openai.responses.response": module("openai.types.responses").ResponseStatus,
        "openai.batch": types.Batch.model_fields["status"].annotation,
        "openai.fine_tuning.job": module("openai.types.fine_tuning").FineTuningJob.model_fields["status"].annotation,
        "openai.upload": types.Upload.model_fields["status"].annotation,
        "openai.vector_store.file": module("openai.types.vector_stores")
        .VectorStoreFile.model_fields["status"]
        .annotation,
        "openai.assistants.run": module("openai.types.beta.threads").RunStatus,
    }
    for name, annotation in known.items():
        assert set(get_args(annotation)) == set(CATALOGUE[name].statuses), name


def test_openai_s_batch_has_the_same_stamps() -> None:
    fields = module("openai.types").Batch.model_fields
    stamps = {name for name in fields if name.endswith("_at")}
    assert stamps == {name for name in CATALOGUE["openai.batch"].fields if name.endswith("_at")}


def test_every_event_of_openai_s_stream_of_a_response_is_known() -> None:
    """Each type of event is announced by a verb, or passes."""
    response = CATALOGUE["openai.responses.response"]
    types = module("openai.types.responses")
    union = get_args(get_args(types.ResponseStreamEvent)[0])
    names = {get_args(event.model_fields["type"].annotation)[0] for event in union}
    moving = {name for name in names if response.announced(name)}
    assert {name for name in names - moving if not response.passes(name)} == set()
    assert moving == {wire for verb in response.verbs for wire in verb.wire}


def test_what_openai_s_reducer_does_not_check_the_table_does() -> None:
    """The reducer takes an event after the end of a response; the table refuses it, and so does the guide."""
    reducer = module("openai.lib.streaming.responses._responses")
    source = inspect.getsource(reducer.ResponseStreamState)
    assert "response.created" in source
    response = CATALOGUE["openai.responses.response"]
    assert all(not response.legal(end) for end in response.terminal)
