"""A run object of about 2 KB, with tools and two open tool calls: bytes to record and back, beside what is at the limit.

Nothing of a document is kept when it is read.  When a record is written, the text of its tools is kept, for a few dozen
of them: a run has the same tools in all its steps, and whoever serves it writes it again and again.  So both are
measured, a record written before and, beside documents that are as cold, records whose tools were not.  The SDK reads
without the edge's rules, such as the one on names that stand there twice, and without those of the lifecycle.
"""

from __future__ import annotations

import itertools
import json
from typing import Any, Final

import msgspec
import orjson
from openai._models import construct_type
from openai.types.beta.threads import Run as SdkRun

from benchmarks.side_by_side import Target, measured, report
from runstate import Limits, decode, decode_list, encode_bytes

_OTHERS: Final = 500
"""Records written in turn, far more than whose tools are kept."""


def _tool(name: str) -> dict[str, Any]:
    text = {"type": "string", "description": "A harbour, such as Kiel"}
    parameters = {"type": "object", "properties": {"place": text, "after": {"type": "string"}}, "required": ["place"]}
    described = {"name": name, "description": "Find the next one at a place, in local time.", "parameters": parameters}
    return {"type": "function", "function": described | {"strict": True}}


def _call(number: int) -> dict[str, Any]:
    arguments = json.dumps({"place": "Kiel", "after": "2026-03-01T10:00"})
    return {
        "id": f"call_{number}abcdefgh",
        "type": "function",
        "function": {"name": "next_high_water", "arguments": arguments},
    }


DOCUMENT: dict[str, Any] = {
    "id": "run_abc123abc123abc123abc123", "object": "thread.run", "created_at": 1_700_000_000,
    "assistant_id": "asst_abc123abc123abc123", "thread_id": "thread_abc123abc123abc", "status": "requires_action",
    "started_at": 1_700_000_001, "expires_at": 1_700_000_600, "cancelled_at": None, "failed_at": None, "completed_at": None,
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [_call(1), _call(2)]}},
    "last_error": None, "model": "gpt-4o", "instructions": "You answer questions about the tides, briefly. " * 4,
    "tools": [_tool("next_high_water"), _tool("next_low_water"), {"type": "code_interpreter"}], "tool_resources": {},
    "metadata": {"user": "u_1", "purpose": "demo"}, "temperature": 1.0, "top_p": 1.0, "max_completion_tokens": None,
    "max_prompt_tokens": None, "truncation_strategy": {"type": "auto", "last_messages": None},
    "incomplete_details": None, "usage": None, "response_format": "auto", "tool_choice": "auto",
    "parallel_tool_calls": True,
}  # fmt: skip


def run() -> None:
    """Both directions, and a list of 10,000."""
    data = orjson.dumps(DOCUMENT)
    spaced = json.dumps(DOCUMENT).encode()
    record = decode(data)
    assert decode(spaced) == record
    assert orjson.loads(encode_bytes(record)) == DOCUMENT
    texts = [orjson.dumps(DOCUMENT | {"id": f"run_{number}"}) for number in range(_OTHERS)]
    others, plain = itertools.cycle([*map(decode, texts)]), itertools.cycle([*map(orjson.loads, texts)])
    print(f"  the object has {len(data)} bytes")
    contestants = {
        "decode": lambda: decode(data),
        "decode, with spaces": lambda: decode(spaced),
        "orjson.loads": lambda: orjson.loads(data),
        "json.loads": lambda: json.loads(data),
        "msgspec.json.decode": lambda: msgspec.json.decode(data),
        "the SDK's construct_type": lambda: construct_type(type_=SdkRun, value=orjson.loads(data)),
        "the SDK's validation": lambda: SdkRun.model_validate_json(data),
        "encode_bytes": lambda: encode_bytes(record),
        "encode_bytes, tools not written before": lambda: encode_bytes(next(others)),
        "orjson.dumps": lambda: orjson.dumps(DOCUMENT),
        "orjson.dumps of other documents": lambda: orjson.dumps(next(plain)),
        "json.dumps": lambda: json.dumps(DOCUMENT),
    }
    report(
        "codec",
        measured(contestants),
        [
            Target("decode", "orjson.loads", "<=", 6),
            Target("encode_bytes", "orjson.dumps", "<=", 5),
            Target("encode_bytes, tools not written before", "orjson.dumps of other documents", "<=", 5),
            Target("decode", "the SDK's construct_type", ">=", 3),
            Target("decode", "the SDK's validation", "<=", 1),
        ],
    )
    page = orjson.dumps([DOCUMENT | {"id": f"run_{number}"} for number in range(10_000)])
    wide = Limits(max_bytes=1 << 28)
    ours, limit = "decode_list of 10,000", "orjson.loads of them"
    many = {ours: lambda: decode_list(page, limits=wide), limit: lambda: orjson.loads(page)}
    report("codec, a list", measured(many, rounds=7), [Target(ours, limit, "<=", 6)])
