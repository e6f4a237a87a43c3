"""``check``: judge whole logs, one monitor a path (or one for all of them), and sum up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import attrs

from runstate.conformance.findings import Finding, Severity
from runstate.conformance.monitor import Monitor
from runstate.conformance.watch import Verdict, Watched
from runstate.edge import Limits
from runstate.foreign.told import Places
from runstate.observations import read_blocks

__all__ = ["Clean", "Judged", "Summary", "check_bytes", "judge", "summarise"]

CHUNK = 1 << 18
"""Bytes read at a time."""


@attrs.frozen(kw_only=True)
class Clean:
    """Runs in which nothing was found, and which were therefore counted and not kept."""

    observations: int = 0
    complete: int = 0
    open: int = 0


@attrs.frozen(kw_only=True)
class Judged:
    """What was found in one log."""

    file: str
    monitor: Monitor
    size: int
    """Bytes read."""
    observations: int | None = None
    """How many were read of it; None: all that the monitor has seen."""
    clean: Clean = Clean()
    """What was judged beside the monitor: only a table has such runs."""

    @property
    def runs(self) -> tuple[Watched, ...]:
        """The runs in the order of their first observation."""
        return tuple(self.monitor.runs.values())

    @property
    def loose(self) -> tuple[Finding, ...]:
        """The findings that belong to no run."""
        return tuple(self.monitor.loose)

    @property
    def problem(self) -> str | None:
        """Why nothing could be judged, as one line; None where something was."""
        if self.monitor.observations if self.observations is None else self.observations:
            return None
        if not self.size:
            return "the file is empty: no bytes, no observations"
        first = next((finding for finding in self.loose if finding.file == self.file), None)
        why = f"; first fault, line {first.line}: {first.message}" if first is not None else ""
        return f"no observation can be read from it{why}"


@attrs.frozen(kw_only=True)
class Summary:
    """Counts over all logs."""

    files: int
    observations: int
    runs: int
    complete: int
    open: int
    illegal: int
    unknown: int
    errors: int
    warnings: int
    notes: int

    def plus(self, other: Summary) -> Summary:
        """The counts of both; the files are those of this one."""
        sums = {field.name: getattr(self, field.name) + getattr(other, field.name) for field in attrs.fields(Summary)}
        return Summary(**{**sums, "files": self.files})


def judge(
    chunks: Iterable[bytes],
    monitor: Monitor,
    *,
    file: str = "-",
    limits: Limits | None = None,
    close: bool = True,
    live: bool = False,
    places: Places | None = None,
) -> Judged:
    """Feed a log to a monitor.

    :param close: the log is over after it.
    :param live: it is still growing, and what comes is judged at once.
    :param places: where a log of another kind holds what is asked for.
    """
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            yield chunk

    before = monitor.observations
    for seen in read_blocks(counted(), file=file, limits=limits, live=live, places=places):
        monitor.feed(seen)
    if close:
        monitor.close()
    return Judged(file=file, monitor=monitor, size=size, observations=monitor.observations - before)


def check_bytes(data: bytes, *, file: str = "-", monitor: Monitor | None = None) -> Judged:
    """Judge a log that is in memory."""
    return judge((data,), monitor or Monitor(), file=file)


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of an open file, piece by piece."""
    while chunk := stream.read(CHUNK):
        yield chunk


def summarise(judged: Iterable[Judged]) -> Summary:
    """Count verdicts and findings; a monitor that several logs share counts once."""
    judged = tuple(judged)
    clean = [one.clean for one in judged]
    monitors = list({id(one.monitor): one.monitor for one in judged}.values())
    runs = [run for monitor in monitors for run in monitor.runs.unpacked()]
    packed = [monitor.runs.clean() for monitor in monitors]
    findings = [f for monitor in monitors for f in monitor.loose] + [f for run in runs for f in run.findings]
    verdicts = [run.verdict for run in runs]
    weights = [finding.severity for finding in findings]
    unkept = sum((monitor.unkept for monitor in monitors), Counter[Severity]())
    return Summary(
        files=len(judged),
        observations=sum(monitor.observations for monitor in monitors) + sum(one.observations for one in clean),
        runs=sum(len(monitor.runs) for monitor in monitors) + sum(one.complete + one.open for one in clean),
        complete=verdicts.count(Verdict.COMPLETE)
        + sum(one[Verdict.COMPLETE] for one in packed)
        + sum(one.complete for one in clean),
        open=verdicts.count(Verdict.OPEN) + sum(one[Verdict.OPEN] for one in packed) + sum(one.open for one in clean),
        illegal=verdicts.count(Verdict.ILLEGAL),
        unknown=verdicts.count(Verdict.UNKNOWN),
        errors=weights.count(Severity.ERROR) + unkept[Severity.ERROR],
        warnings=weights.count(Severity.WARNING) + unkept[Severity.WARNING],
        notes=weights.count(Severity.NOTE) + unkept[Severity.NOTE],
    )
