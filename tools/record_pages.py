"""What docs/record.md says of each record's fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import attrs

import runstate
from runstate import (
    Lifecycle,
    Message,
    Presence,
    Run,
    RunStep,
    encode,
)
from tools.sources import field_docs, first_line, table

# -- the record --------------------------------------------------------------------------------------------------------


def presence_words(lifecycle: Lifecycle, field: str) -> str:
    """In which statuses the lifecycle has the field null; empty where it does not say."""
    by_status = {status: fields[field] for status, fields in lifecycle.presence.items() if field in fields}
    if not by_status:
        return ""

    def where(presence: Presence) -> str:
        """The statuses in words, as short as they get; empty where there are none."""
        statuses = [status for status, found in by_status.items() if found is presence]
        if set(statuses) == set(lifecycle.live):
            return "while live"
        if set(statuses) == set(lifecycle.terminal):
            return "once ended"
        others = [status for status in by_status if status not in statuses]
        if statuses and others and len(others) < len(statuses):
            return f"but in {', '.join(others)}"
        return f"in {', '.join(statuses)}" if statuses else ""

    null, filled, free = where(Presence.NULL), where(Presence.SET), where(Presence.FREE)
    if not null:
        return f"set {filled}, else free" if filled and free else "free" if free else "never"
    return f"null {null}" + (", else free" if free else "")


def _versions(kind: type[Any]) -> Mapping[str, tuple[str, str]]:
    """Field -> whether v1 and v2 write it, found out by writing two objects of each: a plain and a full one."""
    plain: dict[str, Any] = {"id": "x", "assistant_id": "a", "thread_id": "t", "status": "queued", "created_at": 1}
    plain |= {"expires_at": 601} if kind is Run else {"status": "in_progress"}
    empty: dict[str, Any] = {"reasoning_effort": "low", "parallel_tool_calls": True}
    empty |= {"tool_resources": runstate.FrozenDict({}), "file_ids": ("f",), "attachments": ()}
    full = plain | {key: value for key, value in empty.items() if key in attrs.fields_dict(kind)}
    found: dict[str, tuple[str, str]] = {}
    for field in attrs.fields(kind):
        cells: list[str] = []
        for version in ("v1", "v2"):
            always = field.name in encode(kind(**plain), version=version)
            ever = field.name in encode(kind(**full), version=version)
            cells.append("yes" if always else "where set" if ever else "–")
        found[field.name] = (cells[0], cells[1])
    return found


def type_words(hint: object) -> str:
    """A type as it is read: text, mapping and so on stay as Python names them, wrappers go."""
    words = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    words = re.sub(r"\b(?:\w+\.)+(?=\w)", "", words)  # as it stands in the source, resolved or not
    words = re.sub(r"FrozenDict\[([^]]*)\]", r"mapping[\1]", words)
    return words.replace("tuple[mapping[str, Any], ...]", "tuple of mappings").replace("mapping[str, Any]", "mapping")


def fields(kind: type[Any], *, versions: bool = False) -> str:
    """The fields of a record class."""
    docs = field_docs(kind)
    lifecycle: Lifecycle | None = getattr(kind, "__lifecycle__", None)
    wire = _versions(kind) if versions else {}

    def rows() -> Iterator[tuple[str, ...]]:
        for field in attrs.fields(kind):
            if field.name == "wire":
                continue
            words = type_words(field.type)
            null = presence_words(lifecycle, field.name) if lifecycle else ""
            null = null or ("free" if words.endswith("| None") else "never")
            yield (f"`{field.name}`", f"`{words}`", *wire.get(field.name, ()), null, first_line(docs.get(field.name)))

    return table(("field", "type", *(("v1", "v2") if versions else ()), "null", "remarks"), rows())


def run_fields() -> str:
    return fields(Run, versions=True)


def step_fields() -> str:
    return fields(RunStep)


def message_fields() -> str:
    return fields(Message, versions=True)


PARTS = (
    runstate.RequiredAction,
    runstate.SubmitToolOutputs,
    runstate.ToolCall,
    runstate.FunctionCall,
    runstate.ToolOutput,
    runstate.LastError,
    runstate.Usage,
    runstate.IncompleteDetails,
    runstate.Tool,
    runstate.FunctionDefinition,
    runstate.TruncationStrategy,
    runstate.ToolChoice,
    runstate.ResponseFormat,
)


def parts() -> str:
    return "\n\n".join(f"### {part.__name__}\n\n{first_line(part.__doc__)}\n\n{fields(part)}" for part in PARTS)
