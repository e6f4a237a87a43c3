"""``runstate map``: how one lifecycle reads in another, and what is lost on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from runstate.cli.tables import known_lifecycle

if TYPE_CHECKING:
    from runstate.modelling.mapping import LifecycleMapping

__all__ = ["map_lifecycles"]


@click.command("map", short_help="Say how one lifecycle reads in another, and what is lost.")
@click.argument("source", metavar="[SOURCE", required=False)
@click.argument("target", metavar="TARGET]", required=False)
@click.option("--back", is_flag=True, help="Report the mapping from TARGET to SOURCE too.")
@click.option("--draft", is_flag=True, help="Guess a mapping where none is declared; it may be wrong.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For reading, or one JSON object a line.",
)
def map_lifecycles(source: str | None, target: str | None, back: bool, draft: bool, form: str) -> None:
    """Say how each status of one lifecycle reads in another, and what is lost; without names list what is declared.

    The mapping is checked against both tables: whether every legal history of the one becomes a legal history of the
    other, which transitions become several or vanish, which statuses are one from then on, what comes back.

    SOURCE and TARGET are names of the catalogue; with --draft definitions in TOML or JSON too, or MODULE:NAME.

    Exit status: 0 the mapping is right, 1 it has a fault, 2 wrong usage, or no such mapping is declared.

    \b
    runstate map
    runstate map openai.assistants.run a2a.task
    runstate map temporal.workflow prefect.flow_run --draft
    """  # noqa: D301 - click wants the character itself
    from runstate.modelling.mapping_check import check_mapping, round_trip
    from runstate.modelling.mapping_text import lines, plain
    from runstate.modelling.mappings import MAPPINGS

    if source is None or target is None:
        if source is not None:
            raise click.UsageError(f"map {source} to what? declared: {', '.join(_targets(source)) or 'nothing'}")
        for one in MAPPINGS.values():
            click.echo(one.name)
        return
    there, home = _mapping(source, target, draft=draft), MAPPINGS.get((target, source))
    if home is None and (draft or back):
        home = _mapping(target, source, draft=draft)
    pairs = [(there, home), *([(home, there)] if back and home is not None else [])]
    faults = False
    for number, (one, other) in enumerate(pairs):
        report = check_mapping(one)
        losses = None if other is None else round_trip(one, other)
        faults = faults or bool(report.errors)
        if form == "json":
            click.echo(json.dumps(plain(report, losses), ensure_ascii=False))
            continue
        for line in [*([""] if number else []), *lines(report, losses)]:
            click.echo(line)
    raise SystemExit(1 if faults else 0)


def _targets(source: str) -> list[str]:
    from runstate.modelling.mappings import MAPPINGS

    return [target for known, target in MAPPINGS if known == source]


def _mapping(source: str, target: str, *, draft: bool) -> LifecycleMapping:
    """The declared mapping, else a draft; wrong usage where neither is to be had."""
    from runstate.modelling.mapping_draft import draft_mapping
    from runstate.modelling.mappings import MAPPINGS

    one, other = known_lifecycle(source), known_lifecycle(target)
    declared = MAPPINGS.get((source, target))
    if declared is not None:
        return declared
    if draft:
        return draft_mapping(one, other)
    known = ", ".join(_targets(source)) or "nothing"
    raise click.UsageError(
        f"no mapping from {source} to {target} is declared; from {source}: {known}. --draft guesses one."
    )
