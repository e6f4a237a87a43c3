"""The documentation is true and complete: its code runs, its generated parts are fresh, and everything is in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.util import find_spec
from inspect import signature
from pathlib import Path

import attrs
import click
import pytest

import runstate
from runstate import CATALOGUE, CODES, RunstateError, telemetry
from runstate.cli.commands import runstate as command_group
from runstate.codec import PROBLEMS as CODEC_PROBLEMS
from runstate.conformance.check import summarise
from runstate.conformance.findings import Finding
from runstate.conformance.reports.jsonlines import finding_dict
from runstate.conformance.settings import KEYS, Settings, settings_of
from runstate.edge import PROBLEMS as EDGE_PROBLEMS
from runstate.foreign.told import PROBLEMS as FOREIGN_PROBLEMS
from runstate.lifecycle import PROBLEMS as LIFECYCLE_PROBLEMS
from tools.doc_blocks import ROOT, commands, fences, run_page
from tools.provocations import PROVOCATIONS, findings_of
from tools.sources import homes

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def undocumented(names: Iterable[str], text: str) -> list[str]:
    """Names that stand neither in code quotes of their own nor alone in a heading."""
    shown = {word for quoted in re.findall(r"`([^`\n]+)`", text) for word in (quoted, *quoted.split())}
    shown |= {title.partition(":")[0] for title in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)}
    return [name for name in map(str, names) if name not in shown]


# --- code blocks ------------------------------------------------------------------------------------------------------


@pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs_and_prints_what_is_written(page: Path) -> None:
    run_page(page)


@pytest.mark.parametrize(
    "block",
    [
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nassert False\n```\n",
        "```console\n$ echo a\nb\n```\n",
        "```console\n$ echo a\na\n\nb\n```\n",
        "```console\n$ false\n$ echo $?\n0\n```\n",
        "```console\n$ echo a >&2\n```\n",
        "```console\n$ cat <<'E'\n> a\n> E\nb\n```\n",
    ],
)
def test_a_block_that_prints_something_else_is_caught(tmp_path: Path, block: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(block)
    with pytest.raises(AssertionError):
        run_page(page)


def test_the_same_blocks_with_the_right_output_pass(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\n>>> x = 1 + 1\n>>> x\n2\n```\n```python\n>>> x\n2\n```\n"
        "```console\n$ false\n$ echo $?\n1\n$ cat <<'E'\n> a\n>\n> b\n> E\na\n\nb\n```\n"
    )
    assert run_page(page) == 4  # three prompts with an output to compare, one console block


def test_a_console_block_begins_with_a_command() -> None:
    with pytest.raises(ValueError, match="a console block starts with"):
        list(commands("no prompt"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_escapes_the_tests(page: Path) -> None:
    """A block is run (python, console), generated and so compared, or of commands that are known to exist (sh)."""
    for fence in fences(page.read_text(encoding="utf-8")):
        if not fence.generated and fence.language != "{toctree}":
            assert fence.language in {"python", "console", "sh", "toml"}, f"{page.name}:{fence.line}"


def test_settings_on_a_page_are_ones_that_the_judge_takes() -> None:
    blocks = [f for page in PAGES for f in fences(page.read_text(encoding="utf-8")) if f.language == "toml"]
    tables = [table for block in blocks if (table := tomllib.loads(block.body).get("tool", {}).get("runstate"))]
    assert [settings_of(table) != Settings() for table in tables] == [True] * len(tables)
    assert {key for table in tables for key in table} <= set(KEYS)


def test_commands_that_are_not_run_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", text_of("Makefile"), flags=re.MULTILINE)
    extras = tomllib.loads(text_of("pyproject.toml"))["project"]["optional-dependencies"]
    known = [*(f"make {target}" for target in targets), *(f"pip install '.[{extra}]'" for extra in extras)]
    for page in PAGES:
        for fence in fences(page.read_text(encoding="utf-8")):
            for line in fence.body.splitlines() if fence.language == "sh" else ():
                command = line.partition("#")[0].strip()
                module = re.match(r"python -m (tools\.\w+)", command) or re.match(
                    r"python -m (benchmarks) (--keep|\w+)$", command
                )
                script = re.match(r"python (examples/\w+\.py)", command)
                exists = (module is not None and find_spec(module[1]) is not None) or (
                    script is not None and (ROOT / script[1]).is_file()
                )
                assert exists or command in [*known, "pip install ."], f"{page.name}: {line}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demo_prints_what_is_committed(tmp_path: Path) -> None:
    """As a process, elsewhere, with the interpreter alone: what `make demo` runs."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / "demo.py"],
        cwd=tmp_path,
        env={"PYTHONUTF8": "1"},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert done.stdout.decode() == text_of("examples/demo.txt")


def test_the_demo_fits_on_a_screen_or_two() -> None:
    assert len(text_of("examples/demo.txt").splitlines()) <= 62


# --- completeness -----------------------------------------------------------------------------------------------------


def test_every_public_name_is_documented() -> None:
    assert undocumented(runstate.__all__, text_of("docs/api.md")) == []
    assert set(runstate.__all__) == set(homes())


@pytest.mark.parametrize("name", runstate.__all__)
def test_every_public_name_has_a_docstring_of_its_own(name: str) -> None:
    """Its section holds more than its heading and signature."""
    section = re.split(rf"^### {name}$", text_of("docs/api.md"), flags=re.MULTILINE)[1]
    words = re.sub(r"```text\n.*?\n```", "", re.split(r"^##", section, flags=re.MULTILINE)[0], flags=re.DOTALL)
    assert len(words.split()) >= 3


def test_every_name_of_telemetry_is_documented() -> None:
    names = [f"telemetry.{name}" for name in telemetry.__all__]
    assert undocumented([*names, *signature(telemetry.instrument).parameters], text_of("docs/telemetry.md")) == []


def walk(command: click.Command, path: str = "runstate") -> Iterable[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(inner, f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), list(walk(command_group)), ids=str)
def test_every_command_and_option_is_documented(path: str, command: click.Command) -> None:
    assert undocumented([path], text_of("docs/cli.md")) == []
    section = re.split(rf"^### {path}$", text_of("docs/cli.md"), flags=re.MULTILINE)[1].partition("\n### ")[0]
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert undocumented((name for option in options for name in option.opts), section) == []
    assert command.help
    # the formats of show speak for themselves
    assert [option.name for option in options if not option.help and path != "runstate show"] == []


def test_every_key_of_the_json_report_is_documented() -> None:
    finding = finding_dict(Finding(code="RS101", severity=CODES["RS101"].severity, message=""))
    record = ("run", "file", "lifecycle", "verdict", "findings")
    assert undocumented([*record, *finding, *attrs.asdict(summarise([]))], text_of("docs/cli.md")) == []


def test_every_code_is_documented() -> None:
    assert undocumented(CODES, text_of("docs/findings.md")) == []
    families = re.findall(r"^\| RS(\d)xx \|", text_of("docs/findings.md"), flags=re.MULTILINE)
    assert {code[2] for code in CODES} <= set(families)


def test_every_error_class_is_documented() -> None:
    def tree(kind: type[RunstateError]) -> Iterable[type[RunstateError]]:
        yield kind
        for inner in kind.__subclasses__():
            yield from tree(inner)

    for kind in tree(RunstateError):
        assert undocumented([kind.__name__], text_of("docs/errors.md")) == []
        assert undocumented((field.name for field in attrs.fields(kind)), text_of("docs/errors.md")) == []


def test_every_problem_word_is_documented() -> None:
    words = [*LIFECYCLE_PROBLEMS, *EDGE_PROBLEMS, *FOREIGN_PROBLEMS, *CODEC_PROBLEMS]
    assert undocumented(words, text_of("docs/errors.md")) == []


def test_every_cited_sentence_is_explained() -> None:
    """The reasons in the tables and in the findings cite q1 to q15 and J1 to J12; each stands in a table of its own."""
    reasons = [edge.why for lifecycle in CATALOGUE.values() for edge in lifecycle.transitions]
    cited = set(re.findall(r"\b[qJ]\d+\b", " ".join([*reasons, *(code.why for code in CODES.values())])))
    told = re.findall(
        r"^\| ([qJ]\d+) \|", text_of("docs/lifecycle.md") + text_of("docs/streams.md"), flags=re.MULTILINE
    )
    assert cited <= set(told)
    assert sorted(told, key=lambda name: (name[0] == "J", int(name[1:]))) == told
    assert len(told) == 15 + 12


@pytest.mark.parametrize(
    "lifecycle", [lc for name, lc in CATALOGUE.items() if name.startswith("openai.assistants")], ids=str
)
def test_every_status_event_guard_and_quirk_is_documented(lifecycle: runstate.Lifecycle) -> None:
    text = text_of("docs/lifecycle.md")
    cells = {cell.strip() for line in text.splitlines() if line.startswith("|") for cell in line.split("|")}
    assert {*map(str, lifecycle.statuses), *map(str, lifecycle.events)} <= cells
    assert undocumented((guard.name for edge in lifecycle.transitions for guard in edge.guards), text) == []
    assert undocumented((quirk.name for quirk in lifecycle.quirks), text) == []


def test_what_is_missing_would_be_found() -> None:
    text = "# runstate check\n\n## RS101: illegal transition\n\nWith `--mode poll`, `Run` and `a b`, not Monitor.\n"
    assert undocumented(["runstate check", "RS101", "--mode", "Run", "a b", "b"], text) == []
    assert undocumented(["Monitor", "RS10", "runstate", "--mod", "transition"], text) != []
    assert undocumented(["Monitor", "RS10"], text) == ["Monitor", "RS10"]


# --- findings ---------------------------------------------------------------------------------------------------------


def test_every_code_has_a_log_that_provokes_it() -> None:
    assert list(PROVOCATIONS) == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_log_of_a_code_provokes_it_and_nothing_else(code: str) -> None:
    (finding,) = findings_of(PROVOCATIONS[code].judge())
    assert (finding.code, finding.severity) == (code, CODES[code].severity)
    assert f"{finding.severity.value} {code} {finding.message}" in text_of("docs/findings.md")
    assert PROVOCATIONS[code].log.rstrip("\n") in text_of("docs/findings.md")


@pytest.mark.parametrize("code", CODES)
def test_explain_says_what_the_catalogue_says(code: str) -> None:
    known = CODES[code]
    for part in (known.title, known.why, known.mend):
        assert part in text_of("docs/findings.md")
