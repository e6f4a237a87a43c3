"""What an argument LIFECYCLE may be: a name of the catalogue, a file, or something in a Python module."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.print_job import PrintJob
from runstate import CATALOGUE, Runs, open_store
from runstate.modelling.definition import equal, load
from tests.test_cli import EXAMPLES, invoke

PRINT = str(EXAMPLES / "print.toml")
MODULE = f"""
from pathlib import Path
from runstate.modelling.definition import load
PRINT = load(Path({PRINT!r}))
class Job:
    __lifecycle__ = PRINT
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "print_tables.py").write_text(MODULE)
    (tmp_path / "wrong_tables.py").write_text(MODULE.replace("PRINT = load", "PRINT = load(b'name = 1') or load"))
    (tmp_path / "bad.toml").write_text(Path(PRINT).read_text().replace('start = "printing"', 'start = "printin"'))
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("named", [PRINT, "print_tables:PRINT", "print_tables:Job"])
@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("show", "NAMED"), "acme.print (version 1)\n"),
        (("show", "NAMED", "--format", "promela"), "acme.print, version 1"),
        (("ask", "NAMED", "always_reachable_terminal"), "holds: AG EF terminal"),
        (("simulate", "NAMED", "--runs", "5", "--summary"), "acme.print: 5 runs"),
        (("map", "NAMED", "openai.assistants.run", "--draft"), "acme.print -> openai.assistants.run"),
        (("diff", "NAMED", PRINT), "0 differences"),
    ],
)
def test_a_lifecycle_of_ones_own_is_taken_by_every_command(named: str, command: tuple[str, ...], said: str) -> None:
    result = invoke(*(named if word == "NAMED" else word for word in command))
    assert said in result.stdout, result.output


@pytest.mark.parametrize("form", ["sse", "jsonl"])
def test_what_is_made_up_of_ones_own_is_judged_by_it(form: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert invoke("simulate", PRINT, "--runs", "50", "--format", form, "-o", str(log)).exit_code == 0
    judged = invoke("check", "--lifecycle", PRINT, str(log))
    assert (judged.exit_code, "50 runs: 50 complete; 0 errors, 0 warnings, 0 notes" in judged.stdout) == (0, True)


@pytest.mark.parametrize("name", ["openai.batch", "a2a.task", PRINT])
def test_toml_is_a_file_to_start_from(name: str) -> None:
    shown = invoke("show", name, "--format", "toml")
    assert equal(load(shown.stdout.encode()), CATALOGUE.get(name) or load(Path(name)))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("openai.assistant", "near it: openai.assistants.run, openai.assistants.run_step"),
        ("a2a.tsk", "near it: a2a.task"),
        ("zzz", "known: openai.assistants.run, "),
        ("none.toml", "there is no file 'none.toml'"),
        ("bad.toml", "bad.toml, line 20: "),
        ("no_such_module:X", "No module named"),
        ("print_tables:NONE", "is no lifecycle, and no record that has one"),
        ("print_tables:Path", "is no lifecycle, and no record that has one"),
        ("wrong_tables:PRINT", "line 1: "),
    ],
)
def test_what_is_none_is_wrong_usage_and_says_what_there_is(named: str, said: str) -> None:
    result = invoke("show", named)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_the_stream_of_a_store_is_judged_without_a_note_where_events_have_no_wire_names(tmp_path: Path) -> None:
    jobs = Runs(open_store("memory:"), record=PrintJob)
    job = jobs.create(document="a.pdf")
    jobs.fire(job.id, "start")
    jobs.fire(job.id, "complete", pages=3)
    log = tmp_path / "log.sse"
    log.write_bytes(b"".join(jobs.wire_events()))
    judged = invoke("check", "--lifecycle", PRINT, str(log))
    assert "1 run: 1 complete; 0 errors, 0 warnings, 0 notes" in judged.stdout
    log.write_bytes(log.read_bytes().replace(b"event: start", b"event: jam"))
    assert (
        "RS109 jam carries status printing; allowed: jammed" in invoke("check", "--lifecycle", PRINT, str(log)).stdout
    )


@pytest.mark.parametrize(
    ("written", "instead", "name"),
    [
        ('stamps = "created_at"', 'stamps = "created_at"\nmay_take = { queue = "jam" }', "queue"),
        ('takes = { jam = "jam" }', 'takes = { key = "jam" }', "key"),
        ('takes = { jam = "jam" }', "takes = { claim = false }", "claim"),
        ('takes = { jam = "jam" }', "may_take = { rev = false }", "rev"),
    ],
)
def test_a_payload_that_could_never_be_given_is_refused_by_runs(written: str, instead: str, name: str) -> None:
    table = load(Path(PRINT).read_text().replace(written, instead).encode())
    record = type("Other", (PrintJob,), {"__lifecycle__": table})
    with pytest.raises(ValueError, match=f"takes a payload {name!r}, which is an argument of Runs"):
        Runs(open_store("memory:"), record=record)
