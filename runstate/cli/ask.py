"""``runstate ask``."""

from __future__ import annotations

import click

from runstate.cli.tables import known_lifecycle
from runstate.errors import BadQuestion

__all__ = ["ask"]


@click.command(short_help="Answer a question about a lifecycle, with a path that shows why.")
@click.argument("lifecycle", metavar="LIFECYCLE")
@click.argument("question", metavar="QUESTION")
@click.option(
    "--fairness",
    type=click.Choice(["none", "weak", "strong"]),
    help="Which endless paths count: all, those that put off neither work nor deadlines, or those on which what is "
    "possible again and again happens. A question by name has its own; any other counts all.",
)
@click.option("--event", "asks", default="cancel", show_default=True, help="The event that asks a run to stop.")
@click.option("--strict", is_flag=True, help="Leave out the transitions that are only inferred.")
def ask(lifecycle: str, question: str, fairness: str | None, asks: str, *, strict: bool) -> None:
    """Answer a question about a lifecycle, exactly, with a path that shows why.

    LIFECYCLE is a name of the catalogue, a definition in TOML or JSON, or MODULE:NAME. QUESTION is a formula or one of
    these: always_reachable_terminal, ends, ends_by_chance, terminal_is_final, cancel_always_possible,
    cancel_never_lost, resume_possible. Exits 0 where it holds, 1 where it does not, 2 where it cannot be read.

    \b
    runstate ask openai.assistants.run cancel_never_lost
    runstate ask openai.assistants.run "AG (stop -> EF status completed)"
    """  # noqa: D301 - click wants the character itself
    from runstate.modelling.questions import Fairness
    from runstate.modelling.questions import ask as answer

    known = known_lifecycle(lifecycle)
    try:
        reply = answer(known, question, fairness=Fairness(fairness) if fairness else None, strict=strict, asks=asks)
    except BadQuestion as wrong:
        raise click.UsageError(str(wrong)) from wrong
    click.echo(f"{'holds' if reply.holds else 'does not hold'}: {reply.formula} (fairness: {reply.fairness})")
    if reply.path is not None:
        click.echo(f"{'witness' if reply.holds else 'counter-example'}: {reply.path}")
    if reply.statuses is not None:
        click.echo(f"{reply.listing}: {', '.join(reply.statuses) or 'none'}")
    raise SystemExit(0 if reply.holds else 1)
