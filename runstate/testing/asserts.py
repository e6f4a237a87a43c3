"""`assert_legal`: fail a test with the judge's report where a log breaks a rule.  Needs neither hypothesis nor pytest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from runstate.conformance.check import Judged
from runstate.conformance.findings import Finding, Severity
from runstate.conformance.monitor import Mode, Monitor
from runstate.conformance.reports.text import lines
from runstate.conformance.watch import Assume, Watched
from runstate.errors import BadLifecycle
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.observations import Observation, observe, read

__all__ = ["IllegalHistory", "assert_legal", "errors_of", "lifecycle_named", "report_of"]


class IllegalHistory(AssertionError):
    """A log breaks a rule.  Its text is the judge's report: path, fault, what was allowed, the least change."""

    def __init__(self, report: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(report)
        self.report = report
        self.findings = findings
        """The errors, as data; none where only an end, or any observation at all, is missing."""


def assert_legal(
    events: object,
    *,
    lifecycle: Lifecycle | str | None = None,
    mode: Mode = "auto",
    strict: bool = False,
    assume: Assume = Assume(),  # noqa: B008 - a frozen value
    complete: bool = False,
    ignore: tuple[str, ...] = (),
) -> tuple[Watched, ...]:
    """Pass if a log is legal: warnings and notes are none of its business.

    :param events: a path or the bytes of a log, one object, or any number of objects, each a mapping (a polled object or
        ``{"event", "data"}``), an object of an SDK, an `Observation`, or the bytes of a log.
    :param lifecycle: a lifecycle, or its name in the catalogue; recognised where None.
    :param complete: every run must have ended.
    :param ignore: codes or beginnings of codes that do not count.
    :returns: what was seen of each run, as `runstate.testing.coverage` takes it.
    :raises IllegalHistory: where an error is found, a run has not ended that should have, or nothing was observed.

    The other parameters are those of `runstate.Monitor`.
    """
    known = lifecycle_named(lifecycle) if isinstance(lifecycle, str) else lifecycle
    monitor = Monitor(known, mode=mode, strict=strict, assume=assume, ignore=ignore)
    for seen in _observations(events):
        monitor.feed(seen)
    monitor.close()
    runs = tuple(monitor.runs.values())
    errors = errors_of(monitor)
    problems = [] if runs or errors else ["nothing was observed: no run is in it"]
    if complete:
        problems += [f"run {run.id} has not ended: it is {run.status or 'unknown'}" for run in runs if not run.ended]
    if errors or problems:
        raise IllegalHistory("\n".join([*problems, report_of(monitor)]).rstrip(), errors)
    return runs


def lifecycle_named(name: str) -> Lifecycle:
    """The lifecycle of the catalogue with this name.

    :raises BadLifecycle: where there is none.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    raise BadLifecycle(
        lifecycle=name, problem="bad_name", reason="the catalogue has no such lifecycle", allowed=tuple(CATALOGUE)
    )


def errors_of(monitor: Monitor) -> tuple[Finding, ...]:
    """The errors that a monitor has found, those that belong to no run last."""
    found = [finding for run in monitor.runs.values() for finding in run.findings] + monitor.loose
    return tuple(finding for finding in found if finding.severity is Severity.ERROR)


def report_of(monitor: Monitor) -> str:
    """The report for reading on everything that a monitor has seen."""
    # a log of which nothing could be read has findings, too
    judged = Judged(file="events", monitor=monitor, size=0)
    if monitor.observations:
        return "\n".join(lines([judged]))
    return "\n".join(f"{finding.path}: {finding.code} {finding.message}" for finding in monitor.loose)


def _observations(events: object) -> Iterator[Observation]:
    if isinstance(events, str | os.PathLike):
        path = Path(events)
        yield from read(path.read_bytes(), file=str(path))
    elif isinstance(events, bytes | bytearray | memoryview):
        yield from read(bytes(events))
    elif isinstance(events, Iterable) and not isinstance(events, Mapping) and not hasattr(events, "model_dump"):
        for index, one in enumerate(events):
            yield from _placed(one, f"$[{index}]")
    else:
        yield from _placed(events, "$")


def _placed(one: object, place: str) -> Iterator[Observation]:
    """What one of several values shows, with its place among them."""
    if isinstance(one, Observation):
        yield one
        return
    for seen in read(one) if isinstance(one, bytes) else observe(one):
        path = f"{place} {seen.path}" if seen.line else place + seen.path.removeprefix("$")
        yield attrs.evolve(seen, path=path)
