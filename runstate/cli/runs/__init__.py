"""``runstate runs``: look at the runs of a store, and keep it in order."""

from __future__ import annotations

import click

from runstate.cli.runs.looking import follow, history, info, list_runs, show
from runstate.cli.runs.upkeep import cancel, prune, sweep

__all__ = ["runs"]


@click.group(short_help="Look at the runs of a store, and keep it in order.")
def runs() -> None:
    """Look at the runs of a store, and keep it in order.

    A store that is not there is an error: nothing is ever made. No command sees or changes the runs of another tenant.

    Exit status: 0 done, 1 the lifecycle's table refused, 2 wrong usage, or a store or run that is not there.

    \b
    runstate runs list --store sqlite:///runs.db --status in_progress
    runstate runs show RUN --store sqlite:///runs.db
    runstate runs sweep --store postgresql://user@host/database --every 30
    """  # noqa: D301 - click wants the character itself


for command in (list_runs, show, history, follow, info, cancel, sweep, prune):
    runs.add_command(command)
