"""``runstate lint``: what is wrong or doubtful with definitions of lifecycles."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from runstate.modelling.lint import Problem

__all__ = ["lint"]


@click.command(short_help="Look for problems in definitions of lifecycles.")
@click.argument("paths", metavar="FILE…", nargs=-1, required=True)
@click.option("--select", metavar="CODES", multiple=True, help="Report only these codes, as in trap,mixed_case.")
@click.option("--ignore", metavar="CODES", multiple=True, help="Do not report these codes.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For reading, or a JSON object for each problem.",
)
def lint(paths: tuple[str, ...], select: tuple[str, ...], ignore: tuple[str, ...], form: str) -> None:
    """Look for problems in definitions of lifecycles, TOML or JSON; "-" reads standard input.

    Exit status: 0 no error found (there may be warnings and notes), 1 an error found, 2 wrong usage, or a file that
    cannot be read (the others are looked at all the same).

    \b
    runstate lint order.toml
    runstate lint --ignore mixed_case - < order.json
    """  # noqa: D301 - click wants the character itself
    wanted, unwanted = _codes("--select", select), _codes("--ignore", ignore)
    found: list[Problem] = []
    unreadable = False
    for path in paths:
        try:
            found += _problems(path)
        except OSError as error:
            print(f"runstate: {path}: {error.strerror or error}", file=sys.stderr)
            unreadable = True
    found = [one for one in found if (not wanted or one.code in wanted) and one.code not in unwanted]
    for one in found:
        click.echo(json.dumps(_plain(one), ensure_ascii=False) if form == "json" else str(one))
    if form == "text":
        click.echo(_counted(found, len(paths)))
    errors = any(one.severity.value == "error" for one in found)
    raise SystemExit(2 if unreadable else 1 if errors else 0)


def _problems(path: str) -> tuple[Problem, ...]:
    from runstate.errors import DecodeError
    from runstate.modelling.definition import read
    from runstate.modelling.lint import lint as problems_of

    if path != "-":
        return problems_of(Path(path))
    data = sys.stdin.buffer.read()
    try:
        return problems_of(read(data))
    except DecodeError:
        return problems_of(data)


def _codes(option: str, given: tuple[str, ...]) -> set[str]:
    from runstate.modelling.lint import WORDS

    codes = {code for one in given for code in one.replace(" ", "").split(",") if code}
    unknown = sorted(codes - set(WORDS))
    if unknown:
        raise click.UsageError(f"{option}: there is no code {unknown[0]!r}; known: {', '.join(WORDS)}")
    return codes


def _plain(one: Problem) -> dict[str, Any]:
    return {
        "file": one.file,
        "line": one.line,
        "code": one.code,
        "severity": one.severity.value,
        "message": one.message,
        "advice": one.advice,
        "path": list(one.path),
    }


def _counted(found: list[Problem], files: int) -> str:
    from runstate.conformance.findings import Severity

    counts = {severity: sum(one.severity is severity for one in found) for severity in Severity}
    said = [f"{count} {severity.value}{'' if count == 1 else 's'}" for severity, count in counts.items()]
    return f"{files} file{'' if files == 1 else 's'}: {', '.join(said)}"
