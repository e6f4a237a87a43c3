"""``runstate show`` and ``runstate explain``."""

from __future__ import annotations

import click

from runstate.cli.tables import known_lifecycle

__all__ = ["explain", "show"]


@click.command(short_help="Print a lifecycle as a table, diagram, JSON or formal model.")
@click.argument("lifecycle", metavar="LIFECYCLE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "mermaid", "dot", "svg", "json", "toml", "tla", "promela"]),
    default="table",
    show_default=True,
    help="What to print: for reading, as a diagram, all that is known of it as JSON, the definition as a file to start a "
    "lifecycle of your own from, or a formal model.",
)
def show(lifecycle: str, form: str) -> None:
    """Print a lifecycle: what leads where, on what basis, and what it does to the record.

    LIFECYCLE is a name of the catalogue, a definition in TOML or JSON, or MODULE:NAME.

    \b
    runstate show openai.assistants.run
    runstate show openai.assistants.run --format mermaid
    runstate show order.toml --format svg > order.svg
    """  # noqa: D301 - click wants the character itself
    from runstate.modelling.show import FORMATS

    click.echo(FORMATS[form](known_lifecycle(lifecycle)))


@click.command(short_help="Say what a finding means and how to mend it.")
@click.argument("code", metavar="CODE")
def explain(code: str) -> None:
    """Say what a finding code means, what it rests on, and the smallest change that makes it legal.

    \b
    runstate explain RS203
    """  # noqa: D301 - click wants the character itself
    from runstate.conformance.findings import CODES

    known = CODES.get(code.upper())
    if known is None:
        near = [name for name in CODES if name.startswith(code.upper()[:3])] or list(CODES)
        raise click.UsageError(f"there is no code {code!r}; known: {', '.join(near)}")
    click.echo(f"{known.code} ({known.severity.value}): {known.title}\n\n{known.why}\n\nTo mend it: {known.mend}")
