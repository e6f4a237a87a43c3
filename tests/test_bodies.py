from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.edge import dumps
from runstate.errors import DecodeError
from runstate.frozen import FrozenDict
from runstate.record import FunctionCall, LastError, RequiredAction, ToolCall, ToolOutput, Usage
from runstate.runs import bodies
from tests import strategies

records: st.SearchStrategy[Any] = st.one_of(
    strategies.required_actions, strategies.errors, strategies.usages, strategies.tools, strategies.calls
)
outputs = st.lists(st.builds(ToolOutput, strategies.names, strategies.texts), max_size=3).map(tuple)
payloads = st.dictionaries(
    strategies.names,
    records | outputs | st.lists(records, max_size=2) | strategies.values | strategies.mappings,
    max_size=3,
)


def plainly(value: object) -> str:
    return dumps(bodies.plain(value), bodies.LIMITS).decode()


@given(payloads)
def test_the_fast_way_writes_what_the_plain_way_writes(payload: dict[str, Any]) -> None:
    assert bodies.text(payload) == plainly(payload)
    assert bodies.payload_of(FrozenDict(payload)) == plainly(payload)


@pytest.mark.parametrize(
    "payload",
    [
        {"usage": Usage(1, 2)},
        {"last_error": LastError("server_error", '\N{EM DASH} "quoted" \\ \x7f \u2028 \b')},
        {"required_action": RequiredAction.calls(ToolCall("c", FunctionCall("f", "{}", None)))},
        {"tool_outputs": (ToolOutput("c", "4"), ToolOutput("d", ""))},
        {bodies.TTL: 600.5, "usage": Usage(0, 0)},
        {"number": 1e22, "whole": 2**63 - 1, "least": -(2**63), "flag": True, "nothing": None},
    ],
    ids=lambda payload: next(iter(payload)),
)
def test_payloads_of_every_kind_are_written_the_same(payload: dict[str, Any]) -> None:
    assert bodies.text(payload) == plainly(payload)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "wrong",
    [
        "a\0b",
        "\ud800",
        2**63,
        float("nan"),
        datetime(2025, 1, 1, tzinfo=UTC),
        b"bytes",
        nested(63),
        nested(64),
        "x" * (17 << 20),
        {1: "a number"},
        {"a\0": 1},
        Usage(2**70, 0),
        [LastError("code", "half of a pair: \udc00")],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_plain_way_refuses_is_refused_in_the_same_words(wrong: object) -> None:
    for payload in ({"value": wrong}, {"value": [Usage(0, 0), {"deeper": wrong}]}):
        said: list[object] = []
        for way in (bodies.text, plainly):
            with pytest.raises(DecodeError) as refused:
                way(payload)
            said.append((refused.value.problem, refused.value.path, str(refused.value)))
        assert said[0] == said[1]


def test_what_is_large_but_within_the_limits_is_written() -> None:
    payload = {"value": "x" * (2 << 20)}
    assert bodies.text(payload) == plainly(payload)
