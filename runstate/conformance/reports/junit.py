"""JUnit XML, which every CI system shows: a suite a log, a test case a run, a failure an illegal run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree import ElementTree as ET  # only to write

from runstate.conformance.check import Judged
from runstate.conformance.findings import Finding, Severity
from runstate.conformance.reports.text import finding_lines, path_line
from runstate.conformance.watch import Watched

__all__ = ["lines"]

_FORBIDDEN: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f]")
"""What XML 1.0 cannot hold, not even escaped; a carriage return, which readers turn into a line feed; and the controls
that it discourages."""


def lines(judged: Iterable[Judged]) -> Iterator[str]:
    """The report, line by line, without line ends."""
    judged = tuple(judged)
    suites = [_suite(one, [o.file for o in judged if o.monitor is one.monitor]) for one in _logs(judged)]
    root = ET.Element("testsuites", name="runstate")
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield from ET.tostring(root, encoding="unicode").split("\n")


def _logs(judged: tuple[Judged, ...]) -> Iterator[Judged]:
    yield from {id(one.monitor): one for one in judged}.values()


def _suite(one: Judged, files: list[str]) -> ET.Element:
    name = " + ".join(files)
    suite = ET.Element("testsuite", name=_text(name))
    cases = [_case(run) for run in one.runs]
    if one.loose:
        cases.append(_loose(name, one.loose))
    if one.problem is not None:
        cases.append(_unread(name, one.problem))
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _case(run: Watched) -> ET.Element:
    """A run: it fails where it is illegal, and is skipped where nothing can be said of it."""
    case = ET.Element("testcase", classname=_text(run.lifecycle.name), name=_text(run.id), file=_text(run.file))
    _judged(case, run.findings)
    if not run.errors and run.status is None:
        ET.SubElement(case, "skipped", message="verdict unknown: no known status was seen")
    _told(case, "system-out", [f"{run.verdict.value}: {path_line(run)}", *_words(run.findings, errors=False)])
    return case


def _loose(name: str, findings: Iterable[Finding]) -> ET.Element:
    case = ET.Element("testcase", classname="runstate", name="findings that belong to no run", file=_text(name))
    findings = tuple(findings)
    _judged(case, findings)
    _told(case, "system-out", _words(findings, errors=False))
    return case


def _unread(name: str, problem: str) -> ET.Element:
    case = ET.Element("testcase", classname="runstate", name="can be judged", file=_text(name))
    ET.SubElement(case, "error", message=_text(problem), type="unreadable").text = _text(problem)
    return case


def _judged(case: ET.Element, findings: Iterable[Finding]) -> None:
    """A failure with all findings, where one of them is an error."""
    findings = tuple(findings)
    first = next((finding for finding in findings if finding.severity is Severity.ERROR), None)
    if first is None:
        return
    failure = ET.SubElement(case, "failure", type=first.code, message=_text(f"{first.code}: {first.message}"))
    failure.text = _text("\n".join(_words(findings, errors=True)))


def _words(findings: Iterable[Finding], *, errors: bool) -> list[str]:
    """The findings as the text report has them: all, or those that are no errors."""
    wanted = [finding for finding in findings if errors or finding.severity is not Severity.ERROR]
    return [
        f"{finding.file}, {line.strip()}" if number == 0 else line.rstrip()
        for finding in wanted
        for number, line in enumerate(finding_lines(finding))
    ]


def _told(case: ET.Element, tag: str, words: Iterable[str]) -> None:
    text = "\n".join(words)
    if text:
        ET.SubElement(case, tag).text = _text(text)


def _text(text: str) -> str:
    """With every character that XML cannot hold written as its number."""
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
