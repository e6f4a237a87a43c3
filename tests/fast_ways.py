"""Simulated histories, each step and each document taken both ways: compiled, and plain.

Steps and documents are drawn legal for the most part and then disturbed: wrong events, arguments, times; names that are
missing, foreign, in another order or spelling; values of other kinds.  What the two ways answer must be the same, down
to types and to what takes no part in equality, unless the compiled one leaves the answer to the plain one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

import attrs

from runstate import codec, edge, engine
from runstate.change import Applied
from runstate.compiled import steps_of
from runstate.errors import DecodeError, RunstateError
from runstate.frozen import FrozenDict, freeze
from runstate.record import (
    FunctionCall,
    FunctionDefinition,
    IncompleteDetails,
    LastError,
    Message,
    RequiredAction,
    ResponseFormat,
    Run,
    RunStep,
    Tool,
    ToolCall,
    ToolOutput,
    TruncationStrategy,
    Usage,
)

WORDS: Final = ("", "a word", "Tür", "\N{SNOWMAN}", '"quoted"\n', "\\u0000", "nul \0", "x" * 40)
LEAVES: Final[tuple[Any, ...]] = (None, True, False, 0, 1, -1, 1.0, 0.5, 1e20, 1e-7, 2**53, 2**60, *WORDS)


def value(random: Random, depth: int = 3) -> Any:
    """Any value of JSON."""
    kind = random.random()
    if depth == 0 or kind < 0.6:
        return random.choice(LEAVES)
    if kind < 0.8:
        return [value(random, depth - 1) for _ in range(random.randrange(3))]
    names = ("type", "a", "createdAt", "file_id", "fileId", *WORDS)
    return {random.choice(names): value(random, depth - 1) for _ in range(random.randrange(3))}


def mapping(random: Random) -> dict[str, Any]:
    return {random.choice(("a", "b", "type", "Ä")): value(random) for _ in range(random.randrange(4))}


def tools(random: Random) -> tuple[Tool, ...]:
    some: list[Tool] = []
    for _ in range(random.randrange(4)):
        definition = FunctionDefinition(
            "add", random.choice((None, "adds")), freeze(mapping(random)), random.choice((None, True))
        )
        some.append(Tool("function", definition) if random.random() < 0.6 else Tool("code_interpreter"))
    return tuple(some)


def calls(random: Random) -> RequiredAction:
    numbers = random.sample(range(5), random.randint(1, 3))
    return RequiredAction.calls(*(ToolCall(f"call_{n}", FunctionCall("add", random.choice(WORDS))) for n in numbers))


def usage(random: Random) -> Usage:
    details = freeze({"cached_tokens": random.randrange(9)}) if random.random() < 0.3 else None
    return Usage(random.randrange(99), random.randrange(99), prompt_token_details=details)


def begun(random: Random) -> Any:
    """A new record of one of three kinds."""
    kind: Any = random.choices((Run, RunStep, Message), (8, 1, 1))[0]
    fields: dict[str, Any] = {"id": "r", "thread_id": "t"}
    if kind is Run:
        fields |= {"assistant_id": "a", "tools": tools(random), "model": random.choice(WORDS)}
        fields |= {"temperature": random.choice((None, 1, 1.0, 0.7, 1e20)), "tool_resources": mapping(random)}
        fields |= {"response_format": random.choice((None, "auto", ResponseFormat("text")))}
        fields |= {"truncation_strategy": random.choice((None, TruncationStrategy(), TruncationStrategy("x", 3)))}
        fields |= {"file_ids": random.choice((None, None, ["f"])), "metadata": random.choice(({}, {"k": "v"}, None))}
    elif kind is RunStep:
        fields |= {"run_id": "r", "assistant_id": "a", "type": "tool_calls", "step_details": mapping(random)}
    else:
        fields |= {"content": [mapping(random)], "attachments": random.choice((None, [mapping(random)]))}
    return engine.create(kind, at=1000 + random.random(), **fields).run


def payload(random: Random, record: Any, event: str) -> dict[str, Any]:
    """What the event takes, and now and then something else."""
    makers: dict[str, Callable[[], Any]] = {
        "required_action": lambda: calls(random),
        "tool_outputs": lambda: outputs(random, record),
        "usage": lambda: usage(random),
        "last_error": lambda: LastError(random.choice(("server_error", "rate_limit_exceeded")), random.choice(WORDS)),
        "incomplete_details": lambda: random.choice((IncompleteDetails("max_tokens"), None)),
    }
    verb = next((verb for verb in record.__lifecycle__.verbs if verb.event == event), None)
    taken = [] if verb is None else [*verb.does.takes, *(n for n in verb.does.may_take if random.random() < 0.6)]
    made = {name: makers.get(name, lambda: value(random))() for name in taken}
    if random.random() < 0.1:
        made[random.choice((*makers, "colour"))] = random.choice((None, "a word", {"a": [1]}, usage(random)))
    return made


def outputs(random: Random, record: Any) -> Any:
    """The outputs of the open calls, as records or mappings, in any order; now and then one too many, twice, or lost."""
    action = getattr(record, "required_action", None)
    names = [call.id for call in action.submit_tool_outputs.tool_calls] if action else ["call_1"]
    random.shuffle(names)
    if random.random() < 0.2:
        names = random.choices([*names, "call_9"], k=random.randint(1, 4))
    some: list[Any] = [
        ToolOutput(name, "14:20") if random.random() < 0.7 else {"tool_call_id": name, "output": [1]} for name in names
    ]
    return random.choice((tuple, list))(some) if random.random() < 0.97 else "none"


def disturbed(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """The document with one thing otherwise, anywhere in it."""
    place: Any = document
    while random.random() < 0.5:
        inner = [
            item for item in (place.values() if isinstance(place, dict) else place) if isinstance(item, dict | list)
        ]
        if not inner:
            break
        place = random.choice(inner)
    if isinstance(place, list):
        place.insert(random.randint(0, len(place)), value(random))
    elif place and random.random() < 0.8:
        name = random.choice(list(place))
        match random.randrange(4):
            case 0:
                place[name] = value(random)
            case 1:
                del place[name]
            case 2:
                place[name] = place.pop(name)
            case _:
                place[codec._camel(name)] = place.pop(name)
    else:
        place[random.choice(("unknown", "createdAt", "usage", "wire"))] = value(random)
    return document


def alike(ours: Any, theirs: Any) -> bool:
    """Equal, of the same types, down to what takes no part in equality."""
    if type(ours) is not type(theirs):
        return False
    if attrs.has(type(ours)):
        return all(alike(getattr(ours, field.name), getattr(theirs, field.name)) for field in attrs.fields(type(ours)))
    if isinstance(ours, FrozenDict):
        return list(ours) == list(theirs) and all(alike(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, tuple):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    return bool(ours == theirs)


def _told(act: Callable[[], Any]) -> Any:
    """What an act gives, or what it refuses with, as words."""
    try:
        return act()
    except RunstateError as refused:
        return f"{type(refused).__name__}: {refused}"


def history(random: Random, counts: Counter[str]) -> list[str]:
    """Walk through one history; what the two ways did not agree on."""
    faults: list[str] = []
    record, now = begun(random), 1001.0
    counts["histories"] += 1
    while record.status not in record.__lifecycle__.terminal and random.random() < 0.95:
        legal = [edge.event for edge in record.__lifecycle__.legal(record.status)]
        event = random.choice(legal if random.random() < 0.9 else record.__lifecycle__.events)
        now += random.choice((0, 0.5, 1, 3, 700, -2))
        at = random.choice((now, now, int(now), True)) if random.random() < 0.2 else now
        ttl, strict = random.choice((None,) * 20 + (5, 0)), random.random() < 0.1
        given = payload(random, record, event)
        plain = _told(lambda: engine._apply(record, event, at, ttl, given, strict=strict))  # noqa: B023
        compiled = steps_of(type(record))(record, event, at, ttl, strict, given)
        counts["steps"] += 1
        counts["steps compiled"] += compiled is not None
        if compiled is not None and not alike(compiled, plain):
            faults.append(f"{event} of {record!r} at {at} with {given}: {compiled} for {plain}")
        counts["steps refused"] += not isinstance(plain, Applied)
        record = plain.run if isinstance(plain, Applied) else record
    faults += written(record, counts)
    document = _told(lambda: json.loads(edge.dumps(codec.encode(record))))
    if isinstance(document, dict):
        faults += read(document, type(record), random, counts)
        faults += read(disturbed(random, document), type(record), random, counts)
    return faults


def written(record: Any, counts: Counter[str]) -> list[str]:
    plain = _told(lambda: edge.dumps(codec.encode(record)))
    counts["documents written"] += 1
    ours = [_told(lambda: codec.encode_bytes(record)) for _ in "12"]  # the second with what the first one kept
    return [f"{record!r} is written as {data!r} for {plain!r}" for data in ours if data != plain]


def read(document: dict[str, Any], kind: Any, random: Random, counts: Counter[str]) -> list[str]:
    text = json.dumps(document, ensure_ascii=random.random() < 0.1, indent=random.choice((None, None, 1))).encode()
    ours = _told(lambda: codec.decode(text, kind))
    plain = _told(lambda: _plainly(text, kind))
    counts["documents read"] += 1
    counts["documents refused"] += isinstance(plain, str)
    if alike(ours, plain):
        return [] if isinstance(ours, str) else written(ours, counts)
    return [f"{text!r} is read as {ours!r} for {plain!r}"]


def _plainly(text: bytes, kind: Any) -> Any:
    document: Any = edge._loads(text, edge.DEFAULT, "$", edge._parse_stdlib)
    try:
        return codec._converter(codec._spelling_of(document, kind)).structure(document, kind)
    except DecodeError as error:
        codec._below(error, "$")
        raise
