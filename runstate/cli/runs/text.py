"""Stored runs as text for reading.  Pure: rows and entries in, lines out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import attrs

from runstate.cli.runs.jsonl import record_dict
from runstate.runs.rows import Known
from runstate.stores.base import Entry, Row

__all__ = [
    "Stay",
    "columns",
    "duration",
    "entry_line",
    "history_lines",
    "info_lines",
    "list_lines",
    "moment",
    "printable",
    "record_lines",
    "runs_of",
    "show_lines",
    "stays",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BAR: Final = 24
"""Characters of the bar of a run's whole time."""
_UNITS: Final = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"))


def moment(microseconds: int) -> str:
    """A time as ISO 8601 in UTC, to the millisecond."""
    try:
        return f"{(_EPOCH + microseconds * _MICROSECOND):%Y-%m-%d %H:%M:%S}.{microseconds // 1000 % 1000:03}Z"
    except OverflowError:  # a deadline may lie beyond the year 9999
        return f"{microseconds / 1_000_000:.0f} s after 1970"


def duration(microseconds: int) -> str:
    """A span of time in its two greatest units: ``3 min 20 s``, ``1.25 s``, ``40 ms``."""
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.3g} ms"
    if microseconds < 60_000_000:
        return f"{microseconds / 1_000_000:.3g} s"
    for (unit, name), (lower, below) in pairwise(_UNITS):
        if microseconds >= unit:
            rest = microseconds % unit // lower
            return f"{microseconds // unit} {name}" + (f" {rest} {below}" if rest else "")
    raise AssertionError  # pragma: no cover - a minute is the least that gets here


def printable(text: str) -> str:
    """Text of others, whose control characters do nothing to a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def columns(table: Sequence[Sequence[str]]) -> Iterator[str]:
    """Cells under one another."""
    if not table:
        return
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


# -- list --------------------------------------------------------------------------------------------------------------

_HEADINGS: Final = ("RUN", "STATUS", "CREATED", "CHANGED", "QUEUE", "THREAD", "ASSISTANT", "WORKER")


def list_lines(rows: Iterable[Row], now: int) -> Iterator[str]:
    """A table of runs."""
    table: list[Sequence[str]] = [_HEADINGS]
    for row in rows:
        words = (row.queue, row.thread or "-", row.assistant or "-", _worker(row, now))
        table.append(
            (*map(printable, (row.id, row.status)), moment(row.created), moment(row.at), *map(printable, words))
        )
    yield from columns(table)


def _worker(row: Row, now: int) -> str:
    if row.owner is None or row.lease_until is None:
        return "-"
    return row.owner if row.lease_until > now else f"{row.owner} (gone)"


# -- show --------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Stay:
    """How long a run was in a status, and by which change it came there."""

    entry: Entry
    lasted: int | None
    """Microseconds; None where it has ended there."""
    going_on: bool = False


def stays(entries: Sequence[Entry], now: int) -> list[Stay]:
    """Each change with the time until the next one, or until now."""
    found = [Stay(one, after.at - one.at) for one, after in pairwise(entries)]
    if entries:
        last = entries[-1]
        found.append(Stay(last, None if last.ends else max(now - last.at, 0), going_on=not last.ends))
    return found


def show_lines(row: Row, entries: Sequence[Entry], now: int) -> Iterator[str]:
    """All that is stored of a run: where it stands, how it came there, and the record."""
    yield f"{printable(row.id)}  {printable(row.status)}"
    facts = [(name, printable(value)) for name, value in _facts(row, now)]
    yield from (f"  {line}" for line in columns(facts))
    yield ""
    yield from (f"  {line}" for line in _timeline(stays(entries, now)))
    yield ""
    yield from record_lines(record_dict(row))


def record_lines(record: object) -> Iterator[str]:
    """A record as JSON for reading."""
    yield from map(printable, json.dumps(record, ensure_ascii=False, indent=2).split("\n"))


def _facts(row: Row, now: int) -> Iterator[tuple[str, str]]:
    yield "lifecycle", f"{row.lifecycle} (version {row.version})"
    yield "created", moment(row.created)
    yield "revision", str(row.rev)
    yield "queue", row.queue
    if row.thread is not None:
        yield "thread", row.thread
    if row.assistant is not None:
        yield "assistant", row.assistant
    if row.attempt:
        yield "attempt", f"{row.attempt}" + ("" if row.max_attempts is None else f" of {row.max_attempts}")
    if row.owner is not None and row.lease_until is not None:
        left = row.lease_until - now
        lease = f"lease ends in {duration(left)}" if left > 0 else f"lease ended {duration(-left)} ago"
        yield "worker", f"{row.owner}, {lease}, fence {row.fence}"
    if row.due_at is not None:
        yield "deadline", moment(row.due_at)
    if row.cancel_by is not None or row.cancel_at is not None:
        limit = "" if row.cancel_at is None else f", ends by {moment(row.cancel_at)} at the latest"
        yield "cancel", f"asked for by {row.cancel_by or 'nobody named'}{limit}"
    if row.retry_of is not None:
        yield "retry", f"number {row.retry_no}, of {row.retry_of}"


def _timeline(found: Sequence[Stay]) -> Iterator[str]:
    whole = sum(stay.lasted or 0 for stay in found)
    table: list[tuple[str, ...]] = []
    passed = 0
    for stay in found:
        lasted = stay.lasted or 0
        first, last = _cell(passed, whole), _cell(passed + lasted, whole)
        passed += lasted
        # what took any time at all is seen
        bar = "" if stay.lasted is None else " " * min(first, _BAR - 1) + "█" * max(last - first, 1)
        span = "" if stay.lasted is None else duration(lasted) + (" so far" if stay.going_on else "")
        entry = stay.entry
        words = (entry.event, entry.target, span, bar.ljust(_BAR), _by(entry))
        table.append((str(entry.seq), moment(entry.at), *map(printable, words)))
    yield from columns(table)


def _cell(passed: int, whole: int) -> int:
    return passed * _BAR // whole if whole else 0


def _by(entry: Entry) -> str:
    return "" if entry.actor is None else f"by {entry.actor}"


# -- info --------------------------------------------------------------------------------------------------------------


def info_lines(
    facts: Mapping[str, object], known: Mapping[str, Known], counts: Mapping[str, Mapping[str, int]]
) -> Iterator[str]:
    """What a store runs on, and how many runs are in which status."""
    yield from columns([(name, printable(str(value))) for name, value in facts.items()])
    for name, found in counts.items():
        yield ""
        yield printable(f"{name} (version {', '.join(known[name].versions)}): {runs_of(sum(found.values()))}")
        ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
        yield from (f"  {line}" for line in columns([(printable(status), str(count)) for status, count in ordered]))


def runs_of(count: int) -> str:
    """A number of runs in words."""
    return "1 run" if count == 1 else f"{count} runs"


# -- history, follow ---------------------------------------------------------------------------------------------------


def entry_line(entry: Entry, *, named: bool = True) -> str:
    """A change in one line: when, of which run, what, by whom."""
    path = entry.target if entry.source is None else f"{entry.source} → {entry.target}"
    words = [f"{entry.seq}", moment(entry.at), entry.run_id if named else "", f"{entry.event}:", path, _by(entry)]
    return "  ".join(printable(word) for word in words if word)


def history_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """The journal of one run, with what each event was given."""
    for entry in entries:
        yield entry_line(entry, named=False)
        if entry.source is None:
            continue  # the arguments of the first are the record itself
        if entry.payload != "{}":
            yield f"   {printable(entry.payload)}"
