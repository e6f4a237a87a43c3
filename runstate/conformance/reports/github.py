"""Annotations of GitHub Actions: workflow commands that the runner shows beside the lines of the logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runstate.conformance.check import Judged, summarise
from runstate.conformance.findings import CODES, Finding, Severity
from runstate.conformance.reports.text import summary_line
from runstate.frozen import FrozenDict

__all__ = ["lines"]

_COMMANDS: Mapping[Severity, str] = FrozenDict(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
)


def lines(judged: Iterable[Judged]) -> Iterator[str]:
    """One command a finding, errors first: GitHub shows ten of a kind a step.  Then the counts, which it prints."""
    judged = tuple(judged)
    found: list[Finding] = []
    for one in {id(one.monitor): one for one in judged}.values():
        found += [finding for run in one.runs for finding in run.findings]
        found += one.loose
    for severity in Severity:
        yield from (_command(finding) for finding in found if finding.severity is severity)
    for one in judged:
        if one.problem is not None:
            yield f"::error title=nothing to judge::{_data(f'{one.file}: {one.problem}')}"
    yield _data(summary_line(summarise(judged)))


def _command(finding: Finding) -> str:
    known = CODES.get(finding.code)
    properties: dict[str, str] = {}
    if finding.file != "-":
        properties["file"] = finding.file
        if finding.line is not None:
            properties["line"] = str(finding.line)
    properties["title"] = f"{finding.code} {known.title}" if known is not None else finding.code
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    run = f"{finding.run}: " if finding.run is not None else ""
    advice = f"\n→ {finding.advice}" if finding.advice and finding.severity is not Severity.NOTE else ""
    return f"::{_COMMANDS[finding.severity]} {told}::{_data(f'{run}{finding.message}{advice}')}"


def _data(text: str) -> str:
    """As the runner reads it back; no other character can end a line or begin a command."""
    return _plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Without control characters, which could steer the terminal that shows the log, and without half surrogates."""
    return "".join(
        char if char in "\r\n\t" or (char >= " " and not "\x7f" <= char <= "\x9f") else f"\\x{ord(char):02x}"
        for char in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )
