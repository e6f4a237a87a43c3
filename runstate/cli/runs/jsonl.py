"""Stored runs as JSON lines, named as in `runstate.stores.Row` and `runstate.stores.Entry`.

Times are whole microseconds since the epoch.  The texts that a store keeps come as the values that they say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from runstate.stores.base import Entry, Row

__all__ = ["entry_dict", "line", "record_dict", "row_dict"]


def line(value: object) -> str:
    """One line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def record_dict(row: Row) -> dict[str, Any]:
    """The record of a run as it is stored."""
    return {**json.loads(row.body), **_metadata(row.metadata)}


def row_dict(row: Row) -> dict[str, Any]:
    """A run with all that stands beside its record."""
    rest = attrs.asdict(row, filter=attrs.filters.exclude("body", "metadata"))
    return {"run": rest.pop("id"), **rest, "record": record_dict(row)}


def entry_dict(entry: Entry) -> dict[str, Any]:
    """A change; at creation its arguments are the record."""
    rest = attrs.asdict(entry, filter=attrs.filters.exclude("run_id", "payload", "metadata", "fingerprint", "cursor"))
    arguments: Mapping[str, Any] = json.loads(entry.payload)
    return {"run": entry.run_id, **rest, "arguments": arguments, **_metadata(entry.metadata), "cursor": entry.cursor}


def _metadata(text: str | None) -> dict[str, Any]:
    return {} if text is None else {"metadata": json.loads(text)}
