"""``runstate check``: judge recorded logs, or follow one that grows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import attrs
import click

from runstate.cli.columns import columns_of, judge_tables
from runstate.cli.config import project_settings
from runstate.cli.places import places_of, with_places
from runstate.cli.tables import known_lifecycle
from runstate.errors import DecodeError

if TYPE_CHECKING:
    from runstate.conformance.baseline import Baseline
    from runstate.conformance.check import Judged, Summary
    from runstate.conformance.findings import Finding
    from runstate.conformance.monitor import Mode, Monitor
    from runstate.conformance.watch import Watched
    from runstate.foreign.told import Places

__all__ = ["check"]

PROGRESS_FROM: Final = 16 << 20
"""Bytes from which on reading a file shows its progress on a terminal."""
CHUNK: Final = 1 << 16
"""Bytes read at most at a time from what is followed."""
PAUSE: Final = 0.2
"""Seconds between two looks at a file that is followed."""


@click.command(short_help="Judge recorded streams, poll logs and objects.")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option(
    "--lifecycle",
    metavar="NAME",
    help="Judge by this lifecycle, by its name, file or MODULE:NAME; else it is recognised, else the assistant run.",
)
@click.option(
    "--mode",
    type=click.Choice(["auto", "stream", "poll"]),
    help="stream demands each transition, poll accepts what is reachable and repeats, auto (the default) takes events "
    "by name as a stream and bare objects as polls.",
)
@click.option("--strict", is_flag=True, default=None, help="A transition that is only inferred is an error.")
@click.option(
    "--assume",
    metavar="WORDS",
    help="What is assumed of the log: lost (events may be missing), duplicates, window=N (events up to N places late), "
    "skew=S (clocks S seconds apart); several between commas.",
)
@click.option(
    "--select", metavar="CODES", multiple=True, help="Report only these codes or beginnings, as in RS2,RS301."
)
@click.option("--ignore", metavar="CODES", multiple=True, help="Do not report these codes or beginnings.")
@with_places
@click.option("--as-one-log", is_flag=True, help="Judge all paths as one log, in the order given.")
@click.option(
    "--memory", metavar="SIZE", help="Of tables: what may be taken of memory, as in 1GB; the rest is on disk."
)
@click.option("--follow", is_flag=True, help="Go on reading one growing file or standard input; end with Ctrl-C.")
@click.option("--baseline", metavar="FILE", help="Report only findings that are not in FILE.")
@click.option("--write-baseline", metavar="FILE", help="Write the findings to FILE, as known from now on.")
@click.option(
    "--config", metavar="FILE", help="Read [tool.runstate] of FILE; else of the nearest pyproject.toml upwards."
)
@click.option("--no-config", is_flag=True, help="Read no pyproject.toml.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "junit", "github", "html"]),
    default="text",
    show_default=True,
    help="How to report: for reading, as JSON lines, for code review tools, for test dashboards, as annotations of a "
    "GitHub workflow, or as one page for a browser.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the report to FILE.")
def check(
    paths: tuple[str, ...],
    lifecycle: str | None,
    mode: str | None,
    strict: bool | None,
    assume: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    as_one_log: bool,
    memory: str | None,
    follow: bool,
    baseline: str | None,
    write_baseline: str | None,
    config: str | None,
    no_config: bool,
    form: str,
    output: str | None,
    **elsewhere: Any,
) -> None:
    """Judge recorded streams, poll logs and objects; "-" reads standard input.

    Reads server-sent events, JSON lines, JSON documents and pages, lines of {"event", "data"}, and logs of other kinds:
    XES, OCEL 2.0 (JSON) and OTLP spans (JSON). Any of them may be packed by gzip.

    Exit status: 0 no error found, 1 an error found, 2 wrong usage, or a path that cannot be read or holds no
    observation (the others are still judged).

    \b
    runstate check examples/completed.sse
    runstate check --as-one-log first_leg.sse resumed_leg.sse
    runstate check day.parquet --run-id run --status status --time at
    curl -sN … | runstate check --follow -
    """  # noqa: D301 - click wants the character itself
    from runstate.conformance.monitor import Monitor
    from runstate.conformance.settings import parse_assume, parse_codes

    try:
        settings = project_settings(config, no_config=no_config)
        given: dict[str, Any] = {
            "lifecycle": lifecycle,
            "mode": cast("Mode | None", mode),
            "strict": strict,
            "assume": None if assume is None else parse_assume(assume, "--assume"),
            "select": parse_codes(",".join(select), "--select") or None,
            "ignore": parse_codes(",".join(ignore), "--ignore") or None,
            "baseline": baseline,
        }
        settings = attrs.evolve(settings, **{key: value for key, value in given.items() if value is not None})
        known = _baseline(settings.baseline)
    except DecodeError as error:
        raise click.UsageError(str(error)) from None
    table = known_lifecycle(settings.lifecycle) if settings.lifecycle else None
    columns = columns_of(paths, elsewhere, memory=memory, follow=follow)
    places = places_of(elsewhere)

    def monitor(path: str) -> Monitor:
        return Monitor(
            table,
            mode=settings.mode,
            strict=settings.strict,
            assume=settings.assume,
            select=settings.select,
            ignore=settings.ignored_in(path),
            known=None if known is None else known.knows,
        )

    if follow:
        one, *more = paths
        if more or output or write_baseline or as_one_log or memory or form not in {"text", "json"}:
            raise click.UsageError(
                "--follow takes one path and --format text or json, and none of -o, --write-baseline, --as-one-log, "
                "--memory"
            )
        raise SystemExit(_follow(one, monitor(one), form, places))
    if columns is not None:
        judged, unreadable = judge_tables(list(paths), monitor, columns, memory=memory, as_one_log=as_one_log)
    else:
        judged, unreadable = _judge_paths(list(paths), monitor, places, as_one_log=as_one_log)
    if write_baseline is not None:
        _write_baseline(judged, write_baseline)
    _write(_report(judged, form, known, color=output is None), output)
    raise SystemExit(0 if write_baseline is not None and not unreadable else _exit_status(judged, unreadable))


# -- baselines --------------------------------------------------------------------------------------------------------


def _baseline(path: str | None) -> Baseline | None:
    from runstate.conformance.baseline import Baseline

    if path is None:
        return None
    try:
        return Baseline.read(Path(path).read_bytes())
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None


def _write_baseline(judged: list[Judged], path: str) -> None:
    from runstate.conformance.baseline import Baseline

    monitors = {id(one.monitor): one for one in judged}.values()
    loose = [finding for one in monitors for finding in one.loose]
    findings = loose + [finding for one in monitors for run in one.runs for finding in run.findings]
    _save(path, Baseline.of(findings).dump())
    print(f"runstate: {len(findings)} findings are known in {path} from now on", file=sys.stderr)


# -- reading ----------------------------------------------------------------------------------------------------------


def _judge_paths(
    paths: list[str], monitor: Callable[[str], Monitor], places: Places, *, as_one_log: bool
) -> tuple[list[Judged], bool]:
    """Judge every path that can be read; say on standard error why one cannot."""
    from runstate.conformance.check import judge

    judged: list[Judged] = []
    unreadable = False
    shared = monitor(paths[0]) if as_one_log else None
    for path in paths:
        one = shared if shared is not None else monitor(path)
        try:
            result = judge(_chunks(path), one, file=path, close=shared is None, places=places)
        except OSError as error:
            print(f"runstate: {path}: {error.strerror or error}", file=sys.stderr)
            unreadable = True
            continue
        if result.problem is not None:
            print(f"runstate: {path}: {result.problem}{_advice(path)}", file=sys.stderr)
            unreadable = True
        judged.append(result)
    if shared is not None:
        shared.close()
    return judged, unreadable


def _advice(path: str) -> str:
    """What to do about a table that was not called one."""
    return "; a table needs --run-id COL and --status COL" if path.endswith((".parquet", ".csv")) else ""


def _chunks(path: str) -> Iterator[bytes]:
    from runstate.conformance.check import chunks_of

    if path == "-":
        yield from chunks_of(sys.stdin.buffer)
        return
    with Path(path).open("rb") as file:
        yield from chunks_of(_shown_progress(file, path))


def _shown_progress(file: BinaryIO, path: str) -> BinaryIO:
    """The file, with a progress bar on a terminal while much is read."""
    size = Path(path).stat().st_size
    if size < PROGRESS_FROM or not sys.stderr.isatty():
        return file
    from rich.progress import wrap_file

    return wrap_file(file, size, description=path).__enter__()


def _growing(path: str) -> Iterator[bytes]:
    """The bytes of a file as they come, until the process is told to stop; standard input until it ends."""
    if path == "-":
        while chunk := os.read(sys.stdin.fileno(), CHUNK):  # what there is, without waiting for more
            yield chunk
        return
    with Path(path).open("rb") as file:
        while True:
            chunk = file.read1()
            if chunk:
                yield chunk
            elif Path(path).stat().st_size < file.tell():
                file.seek(0)  # cut short by whoever writes it: read it from its beginning
            else:
                time.sleep(PAUSE)


# -- following --------------------------------------------------------------------------------------------------------


def _follow(path: str, monitor: Monitor, form: str, places: Places) -> int:
    """Print findings as they arise and runs as they end; the exit status is that of everything seen."""
    from runstate.conformance.check import Judged, judge, summarise
    from runstate.conformance.reports import jsonlines, text

    ended_runs: list[Summary] = []  # one sum, not one a run: what is followed may go on for ever

    def ended(run: Watched) -> None:
        line = jsonlines.run_line(run) if form == "json" else text.run_line(run, _style)
        _echo(line)
        alone = type(monitor)()
        alone.runs[run.lifecycle.name, run.id] = run
        counts = summarise([Judged(file=path, monitor=alone, size=0)])
        ended_runs[:] = [ended_runs[0].plus(counts) if ended_runs else counts]

    def found(finding: Finding) -> None:
        if form == "text":
            for line in text.finding_lines(finding, _style):
                _echo(line)

    monitor.release, monitor.on_finding = ended, found
    judged = Judged(file=path, monitor=monitor, size=1)
    try:
        judged = judge(_growing(path), monitor, file=path, live=True, places=places)
    except KeyboardInterrupt:
        monitor.close()
    except OSError as error:
        print(f"runstate: {path}: {error.strerror or error}", file=sys.stderr)
        return 2
    for run in list(monitor.runs.values()):
        _echo(jsonlines.run_line(run) if form == "json" else text.run_line(run, _style))
    total = summarise([judged])
    for counts in ended_runs:
        total = total.plus(counts)
    _echo(jsonlines.summary_line(total) if form == "json" else text.summary_line(total, _style))
    if judged.problem is not None:
        print(f"runstate: {path}: {judged.problem}", file=sys.stderr)
        return 2
    return 1 if total.errors else 0


# -- reporting --------------------------------------------------------------------------------------------------------

_MODULES = {"json": "jsonlines", "sarif": "sarif", "junit": "junit", "github": "github"}
"""Format -> the module of `runstate.conformance.reports` that writes it."""
_COLORS = {
    "complete": "green",
    "open": "cyan",
    "illegal": "red",
    "unknown": "yellow",
    "error": "red",
    "warning": "yellow",
    "note": "blue",
    "dim": "bright_black",
}


def _style(words: str, meaning: str) -> str:
    return click.style(words, fg=_COLORS.get(meaning), bold=meaning in {"bold", "illegal"})


def _report(judged: list[Judged], form: str, known: Baseline | None, *, color: bool) -> Iterator[str]:
    if form == "html":
        from runstate.conformance.reports import html
        from runstate.modelling.svg import svg

        yield from html.lines(judged, svg)
        return
    if form != "text":
        yield from import_module(f"runstate.conformance.reports.{_MODULES[form]}").lines(judged)
        return
    from runstate.conformance.reports import text

    yield from text.lines(judged, _style) if color else text.lines(judged)
    if known is not None and known.passed:
        yield f"{known.passed} known findings are not shown (baseline)"


def _write(lines: Iterable[str], output: str | None) -> None:
    """Print the lines; a terminal gets colours, a pipe or file none."""
    if output is not None:
        _save(output, _encoded("".join(f"{line}\n" for line in lines)))
        return
    for line in lines:
        _echo(line)


def _echo(line: str) -> None:
    click.echo(_encoded(line).decode())


def _encoded(text: str) -> bytes:
    """As UTF-8; half a surrogate pair, as in a file name that is no text, is written as JSON escapes it."""
    return text.encode(errors="backslashreplace")


def _save(path: str, data: bytes) -> None:
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror or error}") from None


def _exit_status(judged: list[Judged], unreadable: bool) -> int:
    from runstate.conformance.check import summarise

    if unreadable or not judged:
        return 2
    return 1 if summarise(judged).errors else 0
