"""``runstate diff``."""

from __future__ import annotations

import json
from typing import cast

import click

from runstate.cli.tables import known_lifecycle

__all__ = ["diff"]


@click.command(short_help="Say what differs between two versions of a lifecycle.")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--rename", "statuses", metavar="OLD=NEW", multiple=True, help="A status that was renamed; others are guessed."
)
@click.option(
    "--rename-event", "events", metavar="OLD=NEW", multiple=True, help="An event that was renamed; others are guessed."
)
@click.option(
    "--for",
    "audiences",
    type=click.Choice(["drivers", "judges", "readers", "stored"]),
    multiple=True,
    help="Only what breaks something for them; all differences where it is not given.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What to print."
)
def diff(
    old: str, new: str, statuses: tuple[str, ...], events: tuple[str, ...], audiences: tuple[str, ...], form: str
) -> None:
    """Say what differs between two versions of a lifecycle, and for whom that breaks something.

    OLD and NEW are names of the catalogue, definitions in TOML or JSON, or MODULE:NAME. Exits 1 if something breaks.

    \b
    runstate diff mcp.tasks.2025-11-25 mcp.tasks.ext
    runstate diff order-1.toml order-2.toml --rename held=waiting --for stored
    """  # noqa: D301 - click wants the character itself
    from runstate.errors import BadMigration
    from runstate.modelling.versions import Audience, compare

    try:
        found = compare(known_lifecycle(old), known_lifecycle(new), statuses=_pairs(statuses), events=_pairs(events))
    except BadMigration as refused:
        raise click.UsageError(str(refused)) from None
    shown = found.limited(cast("tuple[Audience, ...]", audiences)) if audiences else found
    if form == "json":
        click.echo(json.dumps(shown.as_dict()))
    else:
        for line in shown.lines():
            click.echo(line)
    if shown.breaking():
        raise SystemExit(1)


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        old, equals, new = value.partition("=")
        if not (old and equals and new):
            raise click.UsageError(f"a rename is OLD=NEW, not {value!r}")
        pairs[old] = new
    return pairs
