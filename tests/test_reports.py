from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from runstate.conformance.check import Judged, check_bytes, summarise
from runstate.conformance.findings import CODES
from runstate.conformance.monitor import Monitor
from runstate.conformance.reports import github, html, junit, sarif
from runstate.conformance.reports.usage import pairs, usage
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.modelling.svg import svg
from tests.browser.made import HOSTILE, hostile, many_runs

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NAMES = sorted(file.name for file in EXAMPLES.iterdir() if file.suffix in {".sse", ".jsonl"})
Report = Callable[[Iterable[Judged]], Iterator[str]]
REPORTS: dict[str, Report] = {"sarif": sarif.lines, "junit": junit.lines, "github": github.lines, "html": html.lines}
EVERY = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def example(*names: str) -> list[Judged]:
    return [check_bytes((EXAMPLES / name).read_bytes(), file=f"examples/{name}") for name in names or NAMES]


def told(report: Report, judged: Iterable[Judged]) -> str:
    return "\n".join(report(judged))


def one_log(*names: str) -> list[Judged]:
    monitor = Monitor()
    return [check_bytes((EXAMPLES / name).read_bytes(), file=name, monitor=monitor) for name in names]


# -- all of them -------------------------------------------------------------------------------------------------------


@EVERY
def test_the_same_logs_give_the_same_report(report: Report) -> None:
    assert told(report, example()) == told(report, example())


@EVERY
def test_hostile_names_leave_no_control_character_and_can_be_written(report: Report) -> None:
    text = told(report, [hostile()])
    assert text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


@EVERY
def test_nothing_at_all_is_a_report_too(report: Report) -> None:
    assert told(report, [])
    assert told(report, [check_bytes(b"", file="empty")])


@EVERY
def test_a_monitor_that_logs_share_is_told_once(report: Report) -> None:
    text = told(report, one_log("tool_call_first_leg.sse", "tool_call_resumed_leg.sse", "broken.jsonl"))
    alone = told(report, example("broken.jsonl"))
    message = "a stamp never decreases"
    assert text.count(message) == alone.count(message) >= 1


# -- SARIF -------------------------------------------------------------------------------------------------------------


def sarif_of(judged: Iterable[Judged]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(told(sarif.lines, judged))
    return value


def sarif_faults(log: dict[str, Any]) -> list[str]:
    """What the schema of SARIF 2.1.0 asks of the properties that are used here, typed from the standard.

    Objects of the schema allow no other properties (property bags aside), so unknown ones are faults.
    """
    allowed: dict[str, tuple[str, str]] = {
        # object: required, optional
        "log": ("version runs", "$schema"),
        "run": ("tool", "invocations columnKind results"),
        "tool": ("driver", ""),
        "driver": ("name", "version rules"),
        "rule": ("id", "name shortDescription fullDescription help defaultConfiguration"),
        "message": ("text", ""),
        "configuration": ("", "level"),
        "invocation": ("executionSuccessful", "toolExecutionNotifications"),
        "notification": ("message", "level"),
        "result": ("message", "ruleId ruleIndex level locations partialFingerprints properties"),
        "location": ("", "physicalLocation logicalLocations"),
        "physicalLocation": ("artifactLocation", "region"),
        "artifactLocation": ("", "uri"),
        "region": ("startLine", ""),
        "logicalLocation": ("", "name fullyQualifiedName kind"),
    }
    faults: list[str] = []

    def look(kind: str, value: dict[str, Any]) -> dict[str, Any]:
        required, optional = (set(words.split()) for words in allowed[kind])
        faults.extend(f"{kind} lacks {key}" for key in sorted(required - value.keys()))
        faults.extend(f"{kind} has {key}" for key in sorted(value.keys() - required - optional))
        faults.extend(f"{kind}.level" for level in [value.get("level", "none")] if level not in LEVELS)
        return value

    look("log", log)
    faults += ["version"] if log["version"] != "2.1.0" else []
    for run in log["runs"]:
        look("run", run)
        rules = look("driver", look("tool", run["tool"])["driver"])["rules"]
        ids = [look("rule", rule)["id"] for rule in rules]
        faults += ["rules are not unique"] if len(ids) != len(set(ids)) else []
        for rule in rules:
            for key in ("shortDescription", "fullDescription", "help"):
                look("message", rule[key])
            look("configuration", rule["defaultConfiguration"])
        faults += ["columnKind"] if run["columnKind"] not in {"utf16CodeUnits", "unicodeCodePoints"} else []
        for invocation in run["invocations"]:
            for note in look("invocation", invocation)["toolExecutionNotifications"]:
                look("message", look("notification", note)["message"])
        for result in run["results"]:
            look("message", look("result", result)["message"])
            faults += ["ruleIndex"] if ids[result["ruleIndex"]] != result["ruleId"] else []
            faults += [key for key, mark in result["partialFingerprints"].items() if not isinstance(mark, str)]
            for location in result.get("locations", ()):
                look("location", location)
                for logical in location.get("logicalLocations", ()):
                    look("logicalLocation", logical)
                if (physical := location.get("physicalLocation")) is not None:
                    uri = look("artifactLocation", look("physicalLocation", physical)["artifactLocation"])["uri"]
                    faults += [f"uri {uri}"] if not re.fullmatch(r"[\w.~!$&'()*+,;=:@/%-]+", uri, re.ASCII) else []
                    if "region" in physical:
                        faults += ["startLine"] if look("region", physical["region"])["startLine"] < 1 else []
    return faults


LEVELS = {"none", "note", "warning", "error"}


def test_sarif_is_what_the_standard_asks_for() -> None:
    assert sarif_faults(sarif_of(example())) == []
    assert sarif_faults(sarif_of([hostile(), *example("broken.jsonl"), check_bytes(b"?", file="a b:%.jsonl")])) == []


def test_a_faulty_sarif_log_is_found_out() -> None:
    log = sarif_of(example("broken.jsonl"))
    result = log["runs"][0]["results"][0]
    result["level"] = "fatal"
    result["severity"] = "error"
    del result["message"]["text"]
    result["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert sarif_faults(log) == ["result has severity", "result.level", "message lacks text", "startLine"]


def test_sarif_has_every_code_as_a_rule_and_every_finding_as_a_result() -> None:
    judged = example()
    run = sarif_of(judged)["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CODES)
    levels = [result["level"] for result in run["results"]]
    summary = summarise(judged)
    assert [levels.count("error"), levels.count("warning"), levels.count("note")] == [
        summary.errors,
        summary.warnings,
        summary.notes,
    ]
    first = sarif_of(example("broken.jsonl"))["runs"][0]["results"][0]
    assert first["ruleId"] == "RS203"
    assert first["message"]["text"].endswith("allowed: null. Set usage to null.")
    place = first["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "examples/broken.jsonl"},
        "region": {"startLine": 3},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "openai.assistants.run/run_0033"


def test_sarif_fingerprints_survive_lines_above_and_tell_repeats_apart() -> None:
    data = (EXAMPLES / "broken.jsonl").read_bytes()
    polls = (EXAMPLES / "polls.jsonl").read_bytes()

    def marks(log: bytes) -> list[str]:
        results = sarif_of([check_bytes(log, file="x")])["runs"][0]["results"]
        return [result["partialFingerprints"][sarif.FINGERPRINT] for result in results]

    assert marks(data) == marks(polls + data)
    twice = marks(data + data)
    assert len(twice) == len(set(twice)) > len(marks(data))


def test_sarif_of_standard_input_names_no_file() -> None:
    results = sarif_of([check_bytes(b'{"object": "thread.run", "status": "queued"}')])["runs"][0]["results"]
    assert results
    assert all("locations" not in result for result in results)


def test_sarif_says_what_could_not_be_judged() -> None:
    invocation = sarif_of([check_bytes(b"", file="empty.sse")])["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"].startswith("empty.sse: the file is empty")


# -- JUnit -------------------------------------------------------------------------------------------------------------


def test_junit_has_a_case_a_run_and_a_failure_an_illegal_run() -> None:
    judged = example()
    root = ET.fromstring(told(junit.lines, judged))
    summary = summarise(judged)
    cases = root.findall("./testsuite/testcase")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == (str(summary.runs), "1", "0")
    assert len(cases) == summary.runs
    assert [suite.get("name") for suite in root.findall("testsuite")] == [f"examples/{name}" for name in NAMES]
    (failure,) = root.iter("failure")
    assert failure.get("type") == "RS203"
    assert [line for line in str(failure.text).splitlines() if line.startswith("examples/broken.jsonl, line")] != []
    assert all(code in str(failure.text) for code in ("RS203", "RS102", "RS302"))
    told_beside = {case.get("name"): case.findtext("system-out") for case in cases}
    assert "warning RS110" in str(told_beside["run_0100"])
    assert "queued → in_progress" in str(told_beside["run_0033"])


def test_junit_tells_of_what_belongs_to_no_run_and_of_what_cannot_be_read() -> None:
    root = ET.fromstring(told(junit.lines, [check_bytes(b"no JSON\n", file="a.jsonl"), check_bytes(b"", file="b.sse")]))
    cases = {(case.get("file"), case.get("name")): [part.tag for part in case] for case in root.iter("testcase")}
    assert cases == {
        ("a.jsonl", "findings that belong to no run"): ["failure"],
        ("a.jsonl", "can be judged"): ["error"],
        ("b.sse", "can be judged"): ["error"],
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "2")


def test_junit_writes_what_xml_cannot_hold_as_numbers() -> None:
    root = ET.fromstring(told(junit.lines, [hostile()]))
    names = [case.get("name") for case in root.iter("testcase")]
    assert "nul\\u0000bell\\u0007\\u001b[31m" in names
    assert "half \\ud800 pair" in names
    assert HOSTILE[0] in names
    assert root.find(".//script") is None


# -- GitHub ------------------------------------------------------------------------------------------------------------


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it."""
    found = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert found is not None, line
    properties = dict(part.split("=", 1) for part in found[2].split(","))
    for sign, number in ((",", "%2C"), (":", "%3A"), ("\n", "%0A"), ("\r", "%0D"), ("%", "%25")):
        properties = {key: value.replace(number, sign) for key, value in properties.items()}
    message = found[3].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    return found[1], properties, message


def test_github_has_a_command_a_finding_errors_first() -> None:
    *commands, counts = github.lines(example())
    read = [parsed(line) for line in commands]
    assert [kind for kind, _, _ in read] == ["error"] * 3 + ["warning"] * 3
    assert read[0][1] == {"file": "examples/broken.jsonl", "line": "3", "title": "RS203 a field is set too early"}
    assert read[0][2].startswith("run_0033: usage must be null until the run has ended")
    assert read[0][2].endswith("\n→ Set usage to null.")
    assert counts.startswith("7 files, 93 observations, 9 runs")


def test_github_names_survive_the_way_through_the_runner() -> None:
    file = "a,b:c%0A\r\n::error::x.jsonl"
    commands = list(github.lines([check_bytes(b"?\n", file=file)]))
    assert all("\n" not in line and "\r" not in line for line in commands)
    kind, properties, message = parsed(commands[0])
    assert (kind, properties["file"], properties["line"]) == ("error", file, "1")
    assert message.startswith("$: a value should stand")
    unread = next(line for line in commands if "title=nothing to judge" in line)
    assert parsed(unread)[2].startswith(file)


def test_github_leaves_out_the_file_of_standard_input() -> None:
    command = next(github.lines([check_bytes(b'{"object": "thread.run", "status": "queued"}')]))
    assert "file=" not in command
    assert "line=" not in command


# -- HTML --------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page, those left open, and what stands in its scripts."""

    VOID = frozenset({"meta", "input", "br", "img", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes what is not open")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data

    @property
    def data(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.scripts[0])
        return value


def page_of(judged: Iterable[Judged]) -> Page:
    return Page("\n".join(html.lines(judged, svg)))


@pytest.mark.parametrize(
    "judged", [example(), [hostile()], [], [check_bytes(b"", file="-")]], ids=["examples", "hostile", "none", "empty"]
)
def test_the_page_is_well_formed_and_its_names_are_its_own(judged: list[Judged]) -> None:
    page = page_of(judged)
    assert page.faults == []
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in page.elements if tag in {"img", "iframe", "link", "object", "base"}] == []
    assert len(page.scripts) == 2


def test_the_page_asks_for_nothing_and_runs_no_script_but_its_own() -> None:
    text = "\n".join(html.lines(example(), svg))
    page = Page(text)
    policy = next(
        attrs["content"] for _, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    digest = b64encode(sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in str(policy)
    assert "default-src 'none'" in str(policy)
    namespace = 'xmlns="http://www.w3.org/2000/svg"'
    assert re.findall(r"https?://|url\(|@import|src=|fetch\(|XMLHttp", text.replace(namespace, "")) == []
    assert [name for _, attrs in page.elements for name in attrs if name.startswith("on")] == []


def test_the_data_of_the_page_is_what_was_judged() -> None:
    judged = example()
    data = page_of(judged).data
    runs = [run for one in judged for run in one.runs]
    assert data["total"] == len(data["runs"]) == len(runs)
    for row, run in zip(data["runs"], runs, strict=True):
        statuses = data["lifecycles"][row[2]]["statuses"]
        assert (row[0], data["files"][row[1]]) == (run.id, run.file)
        assert [statuses[leg[0]] for leg in row[5]] == [seen.status for seen in run.path]
        assert [data["texts"][finding[2]] for finding in row[6]] == [finding.message for finding in run.findings]
        for leg, seen in zip(row[5], run.path, strict=True):
            assert (None if leg[1] is None else leg[1] + row[4]) == seen.since
    broken = next(row for row in data["runs"] if row[0] == "run_0033")
    assert [finding[4] for finding in broken[6]] == [1, 3, 3]  # the legs in which the three faults stand


def test_hostile_names_stay_data() -> None:
    text = "\n".join(html.lines([hostile()], svg))
    page = Page(text)
    assert {row[0] for row in page.data["runs"]} >= set(HOSTILE)
    assert "window.broken" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).replace(
        "&lt;/script&gt;&lt;script&gt;window.broken=1", ""
    )
    assert "\u202e" not in text


def test_a_run_without_a_place_in_the_log_is_told_too() -> None:
    page = page_of([check_bytes(b"?\n", file="x.jsonl")])
    assert page.data["total"] == 0
    (row,) = page.data["runs"]
    assert row[3] == 4
    assert [finding[0] for finding in row[6]] == ["RS501"]


def test_the_page_does_without_a_diagram() -> None:
    text = "\n".join(html.lines(example()))
    assert "State diagram of" not in text
    assert "Never taken" in text


def test_ten_runs_more_cost_little() -> None:
    small, large = (len(told(html.lines, [check_bytes(many_runs(count))])) for count in (100, 300))
    assert (large - small) / 200 < 400


# -- use of the table --------------------------------------------------------------------------------------------------


def test_usage_counts_each_step_once_and_in_one_place() -> None:
    (used,) = usage(run for one in example() for run in one.runs)
    assert used.taken["queued", "in_progress"] == 8
    assert used.taken[None, "queued"] == 3  # three streams announce it; polls do not
    assert dict(used.known) == {("completed", "expired"): 1}
    assert dict(used.faulty) == {("completed", "in_progress"): 1}
    assert set(used.never) | set(used.taken) == set(pairs(ASSISTANTS_RUN))
    steps = sum(max(len(run.path) - 1, 0) for one in example() for run in one.runs)
    counted = sum((used.taken + used.skipped + used.known + used.faulty).values())
    assert counted == steps + used.taken[None, "queued"]


def test_usage_keeps_steps_over_statuses_that_were_not_seen_apart() -> None:
    base = {"object": "thread.run", "id": "run_1", "created_at": 1, "expires_at": 601}
    done = {**base, "status": "completed", "started_at": 2, "completed_at": 3, "expires_at": None}
    judged = check_bytes("\n".join(map(json.dumps, ({**base, "status": "queued"}, done))).encode())
    (used,) = usage(judged.runs)
    assert dict(used.skipped) == {("queued", "completed"): 1}
    assert dict(used.taken) == {}
    assert "at least over in_progress" in "\n".join(html.lines([judged]))


# -- contrast ----------------------------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_colours_of_the_page_have_contrast_enough(scheme: int) -> None:
    """WCAG 2.2, level AA: 4.5 to 1 for text (1.4.3), 3 to 1 for the borders of controls (1.4.11)."""
    style = (Path(html.__file__).parent / "assets" / "report.css").read_text(encoding="utf-8")
    colors = dict(re.findall(r"--(\w[\w-]*):(#[0-9a-f]{6})", style.split(":root{")[1 + scheme]))
    words = ["ink", "soft", "accent", "illegal", "unknown", "open", "complete", "none", "error", "warning", "note"]
    low = [(word, g) for word in words for g in ("card", "ground") if contrast(colors[word], colors[g]) < 4.5]
    assert low == []
    assert min(contrast(colors["edge"], colors[ground]) for ground in ("card", "ground")) >= 3
