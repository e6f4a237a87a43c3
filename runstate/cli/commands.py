"""The commands: parse, call, print.  Each imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import click

from runstate.lifecycle import Lifecycle

if TYPE_CHECKING:
    from runstate.conformance.check import Judged
    from runstate.conformance.monitor import Mode, Monitor

__all__ = ["runstate"]

PROGRESS_FROM: Final = 16 << 20
"""Bytes from which on reading a file shows its progress on a terminal."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="runstate", message="runstate %(version)s")
def runstate() -> None:
    r"""Judge, show and explain the lifecycles of runs.

    One table of legal transitions drives a run, judges anyone's record of a run, and can be looked at.

    \b
    runstate check stream.sse polls.jsonl     judge recorded runs
    runstate show openai.assistants.run       print the table
    runstate explain RS203                    say what a finding means
    """


@runstate.command(short_help="Judge recorded streams, poll logs and objects.")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option(
    "--lifecycle", metavar="NAME", help="Judge by this lifecycle; else it is recognised, else the assistant run."
)
@click.option(
    "--mode",
    type=click.Choice(["auto", "stream", "poll"]),
    default="auto",
    show_default=True,
    help="stream demands each transition, poll accepts what is reachable and repeats, auto decides by each observation.",
)
@click.option("--strict", is_flag=True, help="A transition that is only inferred is an error.")
@click.option(
    "--select", metavar="CODES", multiple=True, help="Report only these codes or beginnings, as in RS2,RS301."
)
@click.option("--ignore", metavar="CODES", multiple=True, help="Do not report these codes or beginnings.")
@click.option("--as-one-log", is_flag=True, help="Judge all paths as one log, in the order given.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the report to FILE.")
def check(
    paths: tuple[str, ...],
    lifecycle: str | None,
    mode: str,
    strict: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    as_one_log: bool,
    form: str,
    output: str | None,
) -> None:
    r"""Judge recorded streams, poll logs and objects; "-" reads standard input.

    Reads server-sent events, JSON lines, JSON documents and pages, and lines of {"event", "data"}.

    Exit status: 0 no error found, 1 an error found, 2 wrong usage, or a path that cannot be read or holds no
    observation (the others are still judged).

    \b
    runstate check examples/completed.sse
    runstate check --as-one-log first_leg.sse resumed_leg.sse
    curl -sN … | runstate check -
    """
    from runstate.conformance.monitor import Monitor

    def monitor() -> Monitor:
        return Monitor(
            _lifecycle(lifecycle) if lifecycle else None,
            mode=cast("Mode", mode),
            strict=strict,
            select=_codes(select),
            ignore=_codes(ignore),
        )

    judged, unreadable = _judge_paths(paths, monitor, as_one_log=as_one_log)
    _write(_report(judged, form, color=output is None), output)
    raise SystemExit(_exit_status(judged, unreadable))


@runstate.command(short_help="Print a lifecycle as a table, diagram or JSON.")
@click.argument("lifecycle", metavar="LIFECYCLE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "mermaid", "dot", "json"]),
    default="table",
    show_default=True,
)
def show(lifecycle: str, form: str) -> None:
    """Print a lifecycle: what leads where, on what basis, and what it does to the record."""
    from runstate.modelling.show import FORMATS

    click.echo(FORMATS[form](_lifecycle(lifecycle)))


@runstate.command(short_help="Say what a finding means and how to mend it.")
@click.argument("code", metavar="CODE")
def explain(code: str) -> None:
    """Say what a finding code means, what it rests on, and the smallest change that makes it legal."""
    from runstate.conformance.findings import CODES

    known = CODES.get(code.upper())
    if known is None:
        near = [name for name in CODES if name.startswith(code.upper()[:3])] or list(CODES)
        raise click.UsageError(f"there is no code {code!r}; known: {', '.join(near)}")
    click.echo(f"{known.code} ({known.severity.value}): {known.title}\n\n{known.why}\n\nTo mend it: {known.mend}")


def _lifecycle(name: str) -> Lifecycle:
    from runstate.lifecycles import CATALOGUE

    if name not in CATALOGUE:
        raise click.UsageError(f"there is no lifecycle {name!r}; known: {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


def _codes(given: Iterable[str]) -> tuple[str, ...]:
    """``RS2,RS301`` and repeated options alike, as a tuple; a beginning that no code has is wrong usage."""
    from runstate.conformance.findings import CODES

    codes = tuple(code.strip().upper() for many in given for code in many.split(",") if code.strip())
    for code in codes:
        if not any(known.startswith(code) for known in CODES):
            raise click.UsageError(f"no finding code begins with {code!r}; known: {', '.join(CODES)}")
    return codes


def _judge_paths(
    paths: tuple[str, ...], monitor: Callable[[], Monitor], *, as_one_log: bool
) -> tuple[list[Judged], bool]:
    """Judge every path that can be read; say on standard error why one cannot."""
    from runstate.conformance.check import judge

    judged: list[Judged] = []
    unreadable = False
    shared: Monitor | None = monitor() if as_one_log else None
    for path in paths:
        one = shared if shared is not None else monitor()
        seen = one.observations
        try:
            result = judge(_chunks(path), one, file=path, close=shared is None or path == paths[-1])
        except OSError as error:
            print(f"runstate: {path}: {error.strerror or error}", file=sys.stderr)
            unreadable = True
            continue
        if result.problem is not None or one.observations == seen:
            print(f"runstate: {path}: {result.problem or 'no observation can be read from it'}", file=sys.stderr)
            unreadable = True
        judged.append(result)
    return judged, unreadable


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


def _report(judged: list[Judged], form: str, *, color: bool) -> Iterator[str]:
    if form == "json":
        from runstate.conformance.reports import jsonlines

        return jsonlines.lines(judged)
    from runstate.conformance.reports import text

    def style(words: str, meaning: str) -> str:
        return click.style(words, fg=_COLORS.get(meaning), bold=meaning in {"bold", "illegal"}) if color else words

    return text.lines(judged, style)


def _write(lines: Iterable[str], output: str | None) -> None:
    """Print the lines; a terminal gets colours, a pipe or file none."""
    if output is None:
        for line in lines:
            click.echo(line)
        return
    try:
        with Path(output).open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror or error}") from None


def _exit_status(judged: list[Judged], unreadable: bool) -> int:
    from runstate.conformance.check import summarise

    if unreadable or not judged:
        return 2
    return 1 if summarise(judged).errors else 0
