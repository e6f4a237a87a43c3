"""SARIF 2.1.0, the format that code-review tools open: one run of one tool, every code a rule, every finding a result."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from typing import Any, Final
from urllib.parse import quote

from runstate.conformance.baseline import fingerprint
from runstate.conformance.check import Judged
from runstate.conformance.findings import CODES, Code, Finding, Severity
from runstate.conformance.watch import Watched

__all__ = ["FINGERPRINT", "SCHEMA", "lines"]

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "runstateFinding/v1"
"""Under this name stands what stays the same when lines are added before a finding."""
NUMBER: Final = {code: number for number, code in enumerate(CODES)}


def lines(judged: Iterable[Judged]) -> Iterator[str]:
    """The report, line by line, without line ends: a head, one result a line, and the end."""
    judged = tuple(judged)
    logs = tuple({id(one.monitor): one for one in judged}.values())
    head = {"tool": {"driver": _driver()}, "invocations": [_invocation(judged)], "columnKind": "unicodeCodePoints"}
    yield f'{{"$schema": {_json(SCHEMA)}, "version": "2.1.0", "runs": [{_json(head)[:-1]}, "results": ['
    times: Counter[str] = Counter()
    waiting: str | None = None  # all lines but the last end with a comma
    for one in logs:
        pairs: list[tuple[Watched | None, Finding]] = [(run, f) for run in one.runs for f in run.findings]
        pairs += [(None, finding) for finding in one.loose]
        for run, finding in pairs:
            if waiting is not None:
                yield f"{waiting},"
            waiting = _json(_result(run, finding, times))
    if waiting is not None:
        yield waiting
    yield "]}]}"


def _driver() -> Mapping[str, Any]:
    driver: dict[str, Any] = {"name": "runstate"}
    with suppress(metadata.PackageNotFoundError):  # it may run from its sources
        driver["version"] = metadata.version("runstate")
    return {**driver, "rules": [_rule(code) for code in CODES.values()]}


def _rule(code: Code) -> Mapping[str, Any]:
    return {
        "id": code.code,
        "name": "".join(word.capitalize() for word in code.title.split() if word != "a"),
        "shortDescription": {"text": _sentence(code.title)},
        "fullDescription": {"text": code.why},
        "help": {"text": f"{code.why}\n\nTo mend it: {code.mend}"},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _sentence(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}."


def _invocation(judged: tuple[Judged, ...]) -> Mapping[str, Any]:
    """Whether every log could be judged, and why one could not."""
    problems = [(one.file, one.problem) for one in judged if one.problem is not None]
    return {
        "executionSuccessful": not problems,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": f"{file}: {problem}"}} for file, problem in problems
        ],
    }


def _result(run: Watched | None, finding: Finding, times: Counter[str]) -> Mapping[str, Any]:
    advice = finding.advice if finding.severity is not Severity.NOTE else ""
    location: dict[str, Any] = {}
    uri = _uri(finding.file)
    if uri is not None:
        region = {} if finding.line is None else {"region": {"startLine": finding.line}}
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}, **region}
    if run is not None:
        name = f"{run.lifecycle.name}/{run.id}"
        location["logicalLocations"] = [{"name": run.id, "fullyQualifiedName": name, "kind": "object"}]
    known = fingerprint(finding)
    times[known] += 1  # the same fault a second time is another result
    seen = {
        "run": finding.run,
        "verdict": None if run is None else run.verdict.value,
        "status": finding.status,
        "event": finding.event,
        "wire_event": finding.wire_event,
        "field": finding.field,
        "path": finding.path,
        "allowed": list(finding.allowed),
    }
    return {
        "ruleId": finding.code,
        **({"ruleIndex": NUMBER[finding.code]} if finding.code in NUMBER else {}),
        "level": finding.severity.value,
        "message": {"text": f"{finding.message.removesuffix(chr(46))}. {advice}" if advice else finding.message},
        **({"locations": [location]} if location else {}),
        "partialFingerprints": {FINGERPRINT: sha256(f"{known}#{times[known]}".encode(errors="replace")).hexdigest()},
        "properties": {key: value for key, value in seen.items() if value},
    }


def _uri(file: str) -> str | None:
    """A path as a URI reference; None for standard input, which has none."""
    if file == "-":
        return None
    path = quote(file.replace("\\", "/"), errors="replace")
    return f"file://{path}" if path.startswith("/") else path


def _json(value: Any) -> str:
    """One line of ASCII: ids come from outside, and half a surrogate pair could not be written otherwise."""
    return json.dumps(value, separators=(", ", ": "))
