"""One HTML file to look at: what was found, the lifecycle as it was used, every run as a bar in time.

The file needs nothing else: no network, no other file.  What it says of logs and lifecycles is written here; the runs
stand in it as JSON and are drawn by ``assets/report.js`` a page at a time, so that ten thousand stay usable.  Whatever
comes from a log is hostile: here it is escaped, there it is only ever set as text, and a policy in the file lets no
script run but the one whose hash it names.
"""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from math import isfinite
from typing import Any, Final

import attrs

from runstate.conformance.check import Judged, Summary, summarise
from runstate.conformance.findings import CODES, Finding, Severity
from runstate.conformance.reports.usage import Pair, Usage, pairs, usage
from runstate.conformance.watch import Seen, Verdict, Watched
from runstate.lifecycle import Lifecycle

__all__ = ["Draw", "lines"]

Draw = Callable[[Lifecycle, Mapping[Pair, int]], str]
"""(lifecycle, how often each transition was taken) -> an SVG; `runstate.modelling.svg.svg` is one."""

VERDICTS: Final = (Verdict.ILLEGAL, Verdict.UNKNOWN, Verdict.OPEN, Verdict.COMPLETE)
ICONS: Final = {Verdict.ILLEGAL: "✗", Verdict.UNKNOWN: "?", Verdict.OPEN: "▷", Verdict.COMPLETE: "✓"}
SAID: Final = {
    Verdict.ILLEGAL: "illegal: an error was found",
    Verdict.UNKNOWN: "unknown: no known status",
    Verdict.OPEN: "open: legal so far",
    Verdict.COMPLETE: "complete: ended legally",
}
SIGNS: Final = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTE: "i"}
_WEIGHT: Final = {severity: number for number, severity in enumerate(Severity)}


def lines(judged: Iterable[Judged], draw: Draw | None = None) -> Iterator[str]:
    """The report, line by line, without line ends; the same logs give the same bytes.

    :param draw: draws each lifecycle; without it the report has no diagram, and lists the transitions all the same.
    """
    judged = tuple(judged)
    monitors = {id(one.monitor): one for one in judged}.values()
    runs = [run for one in monitors for run in one.runs]
    loose = [finding for one in monitors for finding in one.loose]
    script = _asset("report.js")
    yield from _head(script)
    yield from _summary(judged, summarise(judged))
    yield "<main>"
    yield from _codes([*(finding for run in runs for finding in run.findings), *loose])
    for used in usage(runs):
        yield from _lifecycle(used, list(_names(runs)).index(used.lifecycle.name), draw)
    yield _RUNS
    yield from _logs(judged)
    yield "</main>"
    yield _FOOTER
    yield '<script type="application/json" id="data">'
    yield from _data(runs, loose)
    yield "</script>"
    yield f"<script>{script}</script>"
    yield "</body></html>"


@cache
def _asset(name: str) -> str:
    return (resources.files("runstate.conformance.reports") / "assets" / name).read_text(encoding="utf-8")


# -- the page ---------------------------------------------------------------------------------------------------------


def _head(script: str) -> Iterator[str]:
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
    yield f"<title>Run report · runstate</title><style>{_asset('report.css')}</style></head>"
    yield '<body><a class="skip" href="#runs">Skip to the runs</a>'


def _summary(judged: tuple[Judged, ...], summary: Summary) -> Iterator[str]:
    counts = {
        Verdict.ILLEGAL: summary.illegal,
        Verdict.UNKNOWN: summary.unknown,
        Verdict.OPEN: summary.open,
        Verdict.COMPLETE: summary.complete,
    }
    names = list(dict.fromkeys(run.lifecycle.name for one in judged for run in one.runs))
    facts = [_many(summary.files, "file"), _many(summary.observations, "observation"), _many(summary.runs, "run")]
    found = [_many(summary.errors, "error"), _many(summary.warnings, "warning"), _many(summary.notes, "note")]
    yield '<header><div><div class="lead"><h1>Run report</h1>'
    yield f'<span class="soft">{" · ".join(facts)}{" · judged by " + _text(", ".join(names)) if names else ""}</span></div>'
    yield '<div class="tiles" role="group" aria-label="Show runs by verdict">'
    for verdict in VERDICTS:
        word, _, meaning = SAID[verdict].partition(": ")
        yield (
            f'<button type="button" class="tile {verdict.value}" data-verdict="{verdict.value}" aria-pressed="false"'
            f'{"" if counts[verdict] else " disabled"}><span class="icon" aria-hidden="true">{ICONS[verdict]}</span>'
            f'<b>{counts[verdict]:,}</b><span><strong>{word}</strong><br><span class="small">{meaning}</span></span>'
            "</button>"
        )
    yield "</div>"
    if summary.runs:
        shares = ", ".join(f"{counts[verdict] / summary.runs:.0%} {verdict.value}" for verdict in VERDICTS)
        yield f'<div class="share" role="img" aria-label="{shares}">'
        yield "".join(
            f'<i class="{verdict.value}" style="flex:{counts[verdict]} 0 0" title="{counts[verdict]:,} {verdict.value}">'
            "</i>"
            for verdict in VERDICTS
            if counts[verdict]
        )
        yield "</div>"
    yield f'<p class="soft">Found: {", ".join(found)}. Only errors make a run illegal.</p></div></header>'


def _codes(findings: list[Finding]) -> Iterator[str]:
    """What was found, by code; each a filter."""
    if not findings:
        return
    worst: dict[str, Severity] = {}
    for finding in findings:
        worst[finding.code] = min(worst.get(finding.code, finding.severity), finding.severity, key=_WEIGHT.__getitem__)
    counts = Counter(finding.code for finding in findings)
    most = max(counts.values())
    yield '<section class="card"><h2 id="codes">Findings by code</h2>'
    yield '<p class="soft small">Press one to see only the runs that have it.</p><ul class="codes" aria-labelledby="codes">'
    for code in sorted(counts, key=lambda code: (_WEIGHT[worst[code]], -counts[code], code)):
        severity = worst[code]
        title = CODES[code].title if code in CODES else ""
        yield (
            f'<li><button type="button" class="{severity.value}" data-code="{_text(code)}" aria-pressed="false">'
            f'<span class="sev">{SIGNS[severity]} {severity.value}</span><strong>{_text(code)}</strong>'
            f'<span class="num">×{counts[code]:,}</span><span class="what">{_text(title)}</span>'
            f'<span class="bar" style="--share:{counts[code] / most:.4f}"></span></button></li>'
        )
    yield "</ul></section>"


_LEGEND: Final = """<ul class="legend small soft">
<li><svg width="44" height="12" aria-hidden="true"><path d="M2 6H42" stroke="currentColor" stroke-width="4"/></svg>\
taken, thicker the more often</li>
<li><svg width="44" height="12" aria-hidden="true"><path d="M2 6H42" stroke="currentColor"/></svg>never taken: thin, ×0</li>
<li><svg width="44" height="12" aria-hidden="true"><path d="M2 6H42" stroke="currentColor" stroke-width="1.5" \
stroke-dasharray="5 4"/></svg>only inferred: dashed</li>
<li><svg width="44" height="16" aria-hidden="true"><g fill="none" stroke="currentColor"><rect x="3" y="1" width="38" \
height="14" rx="7"/><rect x="6" y="4" width="32" height="8" rx="4"/></g></svg>terminal: double border</li></ul>"""


def _lifecycle(used: Usage, number: int, draw: Draw | None) -> Iterator[str]:
    """The diagram with the use that the log makes of it, and the same as lists."""
    lifecycle = used.lifecycle
    every = pairs(lifecycle)
    name = _text(lifecycle.name)
    yield f'<section class="card"><h2 id="lifecycle{number}">Lifecycle: {name}</h2>'
    yield (
        f'<p class="soft small">{_many(len(every) - len(used.never), "transition")} of {len(every)} taken by '
        f"{_many(used.runs, 'run')}. Creation counts where it was announced.</p>"
    )
    if draw is not None:
        picture = draw(lifecycle, used.taken)
        width = re.search(r'width="([\d.]+)"', picture)
        natural = f"{width[1]}px" if width is not None else "100%"
        yield (
            f'<div class="picture" style="--natural:{natural}" tabindex="0" role="region" '
            f'aria-label="State diagram of {name}; it scrolls sideways">{picture}</div>'
        )
        yield _LEGEND
    yield '<div class="lists">'
    taken = [pair for pair in every if used.taken[pair]]
    groups = [
        ("Taken", "used", [(pair, used.taken[pair]) for pair in taken]),
        ("Never taken", "unused", [(pair, 0) for pair in used.never]),
        ("✗ Refused steps", "error", sorted(used.faulty.items(), key=lambda item: (-item[1], str(item[0])))),
        ("! Known departures", "warning", sorted(used.known.items(), key=lambda item: (-item[1], str(item[0])))),
        ("Steps over statuses not seen", "", sorted(used.skipped.items(), key=lambda item: (-item[1], str(item[0])))),
    ]
    for title, kind, steps in groups:
        if not steps:
            continue
        yield f"<details{' open' if kind in {'used', 'error'} else ''}><summary><strong>{title}</strong> ({len(steps)})</summary>"
        yield f'<ul class="{kind} small">'
        yield from (_step(lifecycle, number, pair, count) for pair, count in steps)
        yield "</ul></details>"
    yield "</div></section>"


def _step(lifecycle: Lifecycle, number: int, pair: Pair, count: int) -> str:
    source, target = pair
    edges = [edge for edge in lifecycle.transitions if (edge.source, edge.target) == pair]
    words = f"{'(new)' if source is None else _text(source)} → {_text(target)}"
    if edges:
        inferred = ", only inferred" if all(edge.inferred_only for edge in edges) else ""
        words += f' <span class="soft">{_text(", ".join(edge.event for edge in edges))}{inferred}</span>'
    elif (between := lifecycle.path(source, target)) is not None and len(between) > 1:
        words += f' <span class="soft">at least over {_text(", ".join(edge.target for edge in between[:-1]))}</span>'
    if not count:
        return f'<li><span class="step">{words}</span></li>'
    places = [-1 if status is None else lifecycle.statuses.index(status) for status in pair]
    return (
        f'<li><button type="button" class="step" data-edge="{number} {places[0]} {places[1]}" aria-pressed="false">{words} '
        f"<strong>×{count:,}</strong></button></li>"
    )


_RUNS: Final = """<section aria-labelledby="runs"><h2 id="runs" tabindex="-1">Runs</h2>
<noscript><p class="card">The runs are drawn by a script in this file, which your browser does not run. \
<code>runstate check --format text</code> prints them as text.</p></noscript>
<div class="tools"><label class="grow">Search ids, files, statuses, messages, codes
<input id="search" type="search" autocomplete="off" spellcheck="false"></label>
<label class="half">Order<select id="sort"><option value="faults">faults first</option><option value="log">as in the log</option>\
<option value="longest">longest first</option></select></label>
<label class="half">Time scale<select id="scale"><option value="own">each run its own</option><option value="all">one for all runs\
</option></select></label>
<button id="clear" class="plain" type="button" hidden>Clear filters</button>
<p><span id="count" role="status">…</span></p></div>
<ul id="key" class="key" aria-label="Statuses and their patterns"></ul>
<nav class="pager" aria-label="Pages" hidden><button type="button" class="plain back">← Back</button>\
<span class="at"></span><button type="button" class="plain on">On →</button></nav>
<p id="nothing" class="card" hidden>No run matches. Clear a filter, or search for something else.</p>
<ol id="list" aria-label="Runs"></ol>
<nav class="pager" aria-label="Pages, once more" hidden><button type="button" class="plain back">← Back</button>\
<span class="at"></span><button type="button" class="plain on">On →</button></nav>
<details class="card keys"><summary>How to read a bar, and the keys</summary>
<p>A bar runs from the first known time to the last. Each status is as long as it lasted; very short ones are widened so \
that they can be seen. ≈ with a dashed border: a time is not known. A double red border with ✗: the step into this status \
is illegal. Marks above a bar: ✗ error, ! warning, i note.</p>
<p>In the list: ↑ and ↓ from run to run, Home and End, → opens and ← closes, Enter does either, Page Up and Page Down turn \
the page.</p></details></section>"""

_FOOTER: Final = """<footer>Written by runstate. This file loads nothing from anywhere. \
<code>runstate explain CODE</code> says more of a code.</footer>"""


def _logs(judged: tuple[Judged, ...]) -> Iterator[str]:
    yield f'<section class="card"><details{" open" if any(one.problem for one in judged) else ""}>'
    yield f"<summary><strong>Logs</strong> ({len(judged)})</summary>"
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Logs as a table"><table><thead><tr>'
    yield '<th scope="col">file</th><th scope="col" class="num">bytes</th><th scope="col">judged</th></tr></thead><tbody>'
    for one in judged:
        what = _many(one.monitor.observations, "observation") + ", " + _many(len(one.runs), "run")
        if one.problem is not None:
            what = f'<span class="sev error">✗ not judged:</span> {_text(one.problem)}'
        yield f'<tr><td><bdi class="mono">{_text(one.file)}</bdi></td><td class="num">{one.size:,}</td><td>{what}</td></tr>'
    yield "</tbody></table></div></details></section>"


# -- the runs as data -------------------------------------------------------------------------------------------------


def _names(runs: Iterable[Watched]) -> dict[str, Lifecycle]:
    return {run.lifecycle.name: run.lifecycle for run in runs}


@attrs.frozen
class _Pool:
    """Texts that stand once and are named by their number: messages and advice repeat."""

    texts: dict[str, int] = attrs.field(factory=dict)

    def __call__(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))


def _data(runs: list[Watched], loose: list[Finding]) -> Iterator[str]:
    """One JSON object; a run a line.  ``assets/report.js`` names the places."""
    files, texts = _Pool(), _Pool()
    lifecycles = _names(runs)
    number = {name: index for index, name in enumerate(lifecycles)}
    yield f'{{"total":{len(runs)},"runs":['
    rows = [_run(run, number[run.lifecycle.name], files, texts) for run in runs]
    by_file: dict[str, list[Finding]] = {}
    for finding in loose:
        by_file.setdefault(finding.file, []).append(finding)
    for file, findings in by_file.items():
        told = [_finding(finding, (), files, texts) for finding in findings]
        rows.append(["", files(file), 0, len(VERDICTS), 0, [], told, [], 0])
    yield ",\n".join(map(_json, rows))
    yield "],"
    codes = dict.fromkeys(finding.code for finding in (*loose, *(f for run in runs for f in run.findings)))
    yield f'"codes":{_json({c: [CODES[c].title, CODES[c].why] for c in sorted(codes) if c in CODES})},'
    kinds = [
        {
            "name": lifecycle.name,
            "statuses": list(lifecycle.statuses),
            "terminal": [n for n, status in enumerate(lifecycle.statuses) if status in lifecycle.terminal],
        }
        for lifecycle in lifecycles.values()
    ]
    yield f'"lifecycles":{_json(kinds)},"files":{_json(list(files.texts))},"texts":{_json(list(texts.texts))}}}'


def _run(run: Watched, lifecycle: int, files: _Pool, texts: _Pool) -> list[Any]:
    """id, file, lifecycle, verdict, first known time, path, findings, what may come next, seen from its creation on."""
    place = {status: number for number, status in enumerate(run.lifecycle.statuses)}
    known = [seen.since for seen in run.path if seen.since is not None and isfinite(seen.since)]
    base = known[0] if known else 0
    path = [
        [place[seen.status], _since(seen, base), seen.line, seen.times, int(seen.faulty)]
        for seen in run.path
        if seen.status in place
    ]
    findings = [_finding(finding, run.path, files, texts) for finding in run.findings]
    following = [place[status] for status in run.next] if run.verdict is Verdict.OPEN else []
    return [
        run.id,
        files(run.file),
        lifecycle,
        VERDICTS.index(run.verdict),
        base,
        path,
        findings,
        following,
        int(run.whole),
    ]


def _since(seen: Seen, base: float) -> float | None:
    if seen.since is None or not isfinite(seen.since):
        return None
    return round(seen.since - base, 6)


def _finding(finding: Finding, path: Iterable[Seen], files: _Pool, texts: _Pool) -> list[Any]:
    """code, severity, message, line, leg, advice, file, path, event, what was allowed; texts by their number."""
    return [
        finding.code,
        _WEIGHT[finding.severity],
        texts(finding.message),
        finding.line,
        _leg(finding, path),
        texts(finding.advice) if finding.severity is not Severity.NOTE else texts(""),
        files(finding.file),
        finding.path,
        texts(finding.wire_event or ""),
        [texts(value) for value in finding.allowed],
    ]


def _leg(finding: Finding, path: Iterable[Seen]) -> int | None:
    """The leg of the run's path in which it was found: the last that began at its line or before."""
    legs = [number for number, seen in enumerate(path) if _begun(seen, finding)]
    return legs[-1] if legs else None


def _begun(seen: Seen, finding: Finding) -> bool:
    if finding.line is None or seen.line is None:
        return seen.status == finding.status
    return seen.line <= finding.line


def _json(value: Any) -> str:
    """ASCII, and no ``<``: nothing in it can end the element that it stands in, or turn the text around it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


# -- words ------------------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Escaped for elements and attributes; characters that cannot be seen, or that turn the text, as their numbers."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return escape("".join(f"\\u{ord(char):04x}" if unicodedata.category(char) in hidden else char for char in text))


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
