"""JSON lines: one record a run, one for findings that belong to no run, and last a summary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from runstate.conformance.check import Judged, Summary, summarise
from runstate.conformance.findings import Finding
from runstate.conformance.mending import edit_words, repairs_of
from runstate.conformance.repair import Edit
from runstate.conformance.watch import Watched

__all__ = ["finding_dict", "lines", "run_line", "summary_line"]


def lines(judged: Iterable[Judged]) -> Iterator[str]:
    """The report, line by line, without line ends.

    A run is ``{"run", "file", "lifecycle", "verdict", "findings", "next", "repairs"}``: ``next`` are the statuses that may
    come next, ``repairs`` the least changes of an illegal path, each a list of edits.  A record with ``"run": null`` holds the findings
    of its file that belong to no run; its verdict is null and it is not counted as a run.
    """
    judged = tuple(judged)
    for one in {id(one.monitor): one for one in judged}.values():
        for run in one.runs:
            yield run_line(run)
        by_file: dict[str, list[Finding]] = {}
        for finding in one.loose:
            by_file.setdefault(finding.file, []).append(finding)
        for file, findings in by_file.items():
            lifecycle = one.monitor.recognised or one.monitor.lifecycle
            yield _line(
                {
                    "run": None,
                    "file": file,
                    "lifecycle": lifecycle.name if lifecycle is not None else None,
                    "verdict": None,
                    "findings": [finding_dict(finding) for finding in findings],
                }
            )
    yield summary_line(summarise(judged))


def run_line(run: Watched) -> str:
    """The record of one run."""
    return _line(
        {
            "run": run.id,
            "file": run.file,
            "lifecycle": run.lifecycle.name,
            "verdict": run.verdict.value,
            "findings": [finding_dict(finding) for finding in run.findings],
            "next": list(run.next),
            "repairs": [[_edit_dict(run, edit) for edit in repair.edits] for repair in repairs_of(run)[0]],
        }
    )


def _edit_dict(run: Watched, edit: Edit) -> Mapping[str, Any]:
    line = run.path[edit.index].line if edit.index < len(run.path) else None
    return {
        "kind": edit.kind.value,
        "line": line,
        "seen": edit.seen,
        "status": edit.status,
        "event": edit.event,
        "words": edit_words(run, edit),
    }


def summary_line(summary: Summary) -> str:
    """The last line."""
    return _line({"summary": attrs.asdict(summary)})


def finding_dict(finding: Finding) -> Mapping[str, Any]:
    """One finding as a JSON object; the keys of the published format first, ours after them."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
        "status": finding.status,
        "event": finding.event,
        "wire_event": finding.wire_event,
        "allowed": list(finding.allowed),
        "path": finding.path,
        "field": finding.field,
        "advice": finding.advice,
    }


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
