"""The report for reading: per run one line with its path and times, then its faults, each with what was allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from runstate.conformance.check import Judged, Summary, summarise
from runstate.conformance.findings import Finding, Severity
from runstate.conformance.mending import edit_words, passes_without, repairs_of
from runstate.conformance.watch import Seen, Verdict, Watched

__all__ = ["finding_lines", "lines", "path_line", "repair_lines", "run_line", "summary_line"]

Style = Callable[[str, str], str]
"""(text, meaning) -> styled text; meanings are verdicts, severities, ``dim`` and ``bold``."""


def _plain(text: str, _meaning: str) -> str:
    return text


def _printable(text: str) -> str:
    """Names from outside can neither break a line nor steer a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def lines(judged: Iterable[Judged], style: Style = _plain) -> Iterator[str]:
    """The report, line by line, without line ends; logs that hold no observation are left out."""
    judged = tuple(one for one in judged if one.problem is None)
    if not judged:
        return
    for one in {id(one.monitor): one for one in judged}.values():
        yield from _of_log(one, [other.file for other in judged if other.monitor is one.monitor], style)
        yield ""
    yield summary_line(summarise(judged), style)


def _of_log(one: Judged, files: list[str], style: Style) -> Iterator[str]:
    monitor = one.monitor
    title = _printable(" + ".join(files))
    lifecycle = monitor.recognised or monitor.lifecycle
    how = "as told" if monitor.lifecycle else "recognised" if monitor.followed else "taken for granted"
    yield f"{style(title, 'bold')}  {style(f'{lifecycle.name} ({how})' if lifecycle else 'no run in it', 'dim')}"
    for run in one.runs:
        yield run_line(run, style, named=lifecycle is not run.lifecycle)
        for finding in run.findings:
            yield from finding_lines(finding, style)
        yield from repair_lines(run, style)
    for finding in one.loose:
        yield from finding_lines(finding, style)
    code = passes_without([*one.loose, *(finding for run in one.runs for finding in run.findings)])
    if code is not None:
        yield f"  without rule {code} this log passes"


def run_line(run: Watched, style: Style = _plain, *, named: bool = False) -> str:
    """Verdict, id and path of a run; with ``named`` its lifecycle too."""
    name = f" [{run.lifecycle.name}]" if named else ""
    return (
        f"  {style(f'{run.verdict.value:<8}', run.verdict.value)} {_printable(run.id)}{name}  {path_line(run, style)}"
    )


def repair_lines(run: Watched, style: Style = _plain) -> Iterator[str]:
    """The smallest changes that would make the path of a run legal, where it is not."""
    repairs, more = repairs_of(run)
    for number, repair in enumerate(repairs):
        words = "; ".join(edit_words(run, edit) for edit in repair.edits)
        lead = f"least repair ({_many(repair.cost, 'edit')}):" if number == 0 else "or:"
        yield f"    {style(lead, 'bold')} {_printable(words)}"
    if more:
        yield f"    {style('or others as small', 'dim')}"


def finding_lines(finding: Finding, style: Style = _plain) -> Iterator[str]:
    """What was found and where, and the smallest change that mends it."""
    where = f"line {finding.line}" if finding.line is not None else finding.path
    yield f"    {where}: {style(f'{finding.severity.value} {finding.code}', finding.severity.value)} {_printable(finding.message)}"
    if finding.advice and finding.severity is not Severity.NOTE:
        yield f"      {style('→ ' + finding.advice, 'dim')}"


def path_line(run: Watched, style: Style = _plain) -> str:
    """``queued → in_progress 2 s → completed 5 s``: each status with the seconds since the stamp before it.

    ``×3`` is a status seen three times in a row, ``✗`` a step that the table does not allow.
    """
    words: list[str] = []
    before: float | None = None
    for seen in run.path:
        words.append(_leg(seen, before, style))
        before = seen.since if seen.since is not None else before
    if run.verdict is Verdict.OPEN and run.next:
        words.append(style(f"({' | '.join(run.next)})", "dim"))
    return " → ".join(words) or style("no known status", "dim")


def _leg(seen: Seen, before: float | None, style: Style) -> str:
    after = ""
    if seen.since is not None and before is not None and seen.since >= before:  # RS3xx tells of times that run back
        after = f" {seen.since - before:g} s"
    times = "" if seen.times == 1 else f" ×{seen.times}"
    return style(f"✗ {seen.status}", "error") + after + times if seen.faulty else f"{seen.status}{after}{times}"


def summary_line(summary: Summary, style: Style = _plain) -> str:
    """One line with all counts."""
    verdicts = ", ".join(
        style(f"{count} {word}", word)
        for word, count in (
            ("complete", summary.complete),
            ("open", summary.open),
            ("illegal", summary.illegal),
            ("unknown", summary.unknown),
        )
        if count
    )
    counts = f"{_many(summary.errors, 'error')}, {_many(summary.warnings, 'warning')}, {_many(summary.notes, 'note')}"
    seen = f"{_many(summary.files, 'file')}, {_many(summary.observations, 'observation')}, {_many(summary.runs, 'run')}"
    return f"{seen}{': ' + verdicts if verdicts else ''}; {counts}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
