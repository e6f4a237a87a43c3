"""``runstate export``: the judge's rules for those who judge elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs
import click

from runstate.cli.config import project_settings
from runstate.cli.tables import known_lifecycle
from runstate.errors import BadTable, DecodeError

__all__ = ["export"]


@click.command(short_help="Write the judge's rules as SQL for an engine that holds the log.")
@click.argument("lifecycle", metavar="LIFECYCLE")
@click.option("--to", "form", type=click.Choice(["sql"]), required=True, help="What to write the rules as.")
@click.option(
    "--dialect",
    metavar="NAME",
    required=True,
    help="Whose SQL: bigquery, clickhouse, databricks, duckdb, postgres, snowflake, spark, sqlite or trino.",
)
@click.option("--table", metavar="T", required=True, help="The table, as the engine's SQL names it after FROM.")
@click.option("--run-id", metavar="COL", required=True, help="Which column holds the id of the run, as it is named.")
@click.option("--status", metavar="COL", required=True, help="Which column holds the status.")
@click.option("--time", metavar="COL", required=True, help="Which column holds the time; runs are put in its order.")
@click.option(
    "--tie", metavar="COL", help="Which column tells rows of one run and one time apart, as a sequence number."
)
@click.option(
    "--query",
    "wanted",
    type=click.Choice(["suspects", "rows", "last"]),
    default="suspects",
    show_default=True,
    help="suspects: the runs of which there is anything to say, and why; rows: theirs, for the judge; last: the last row "
    "of each run, to put before the log of the next day.",
)
@click.option(
    "--mode",
    type=click.Choice(["auto", "stream", "poll"]),
    help="stream demands each transition; poll, and auto with rows, accepts what is reachable and repeats.",
)
@click.option("--strict", is_flag=True, default=None, help="A transition that is only inferred is an error.")
@click.option("--assume", metavar="WORDS", help="What is assumed of the log: lost (rows may be missing), duplicates.")
@click.option("-o", "--output", metavar="FILE", help="Write the query to FILE.")
def export(
    lifecycle: str,
    form: str,  # noqa: ARG001 - there is one so far
    dialect: str,
    table: str,
    run_id: str,
    status: str,
    time: str,
    tie: str | None,
    wanted: str,
    mode: str | None,
    strict: bool | None,
    assume: str | None,
    output: str | None,
) -> None:
    """Write the rules by which check judges tables as SQL, for an engine that holds more than one machine does.

    LIFECYCLE is a name of the catalogue, a definition in TOML or JSON, or MODULE:NAME. Defaults of --mode, --strict and
    --assume stand in [tool.runstate] of the nearest pyproject.toml.

    Exit status: 0 the query was written, 2 wrong usage.

    \b
    runstate export openai.batch --to sql --dialect spark --table lake.events \\
        --run-id run --status status --time at
    """  # noqa: D301 - click wants the character itself
    from runstate.conformance.monitor import Monitor
    from runstate.conformance.settings import parse_assume

    try:
        from runstate.conformance.sql import Log, queries
    except ImportError:
        raise click.UsageError("writing SQL needs one more package: pip install 'runstate[sql]'") from None
    try:
        settings = project_settings()
        given: dict[str, Any] = {
            "mode": mode,
            "strict": strict,
            "assume": None if assume is None else parse_assume(assume, "--assume"),
        }
        settings = attrs.evolve(settings, **{key: value for key, value in given.items() if value is not None})
        judge = Monitor(known_lifecycle(lifecycle), mode=settings.mode, strict=settings.strict, assume=settings.assume)
        log = Log(table=table, run_id=run_id, status=status, time=time, tie=tie)
        text = getattr(queries(log, dialect=dialect, monitor=judge), wanted) + "\n"
    except (BadTable, DecodeError) as error:
        raise click.UsageError(str(error)) from None
    if output is None:
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror or error}") from None
