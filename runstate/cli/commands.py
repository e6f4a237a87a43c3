"""The tree of commands.  Each command imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import click

from runstate.cli.ask import ask
from runstate.cli.check import check
from runstate.cli.runs import runs
from runstate.cli.show import explain, show

__all__ = ["runstate"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="runstate", message="runstate %(version)s")
def runstate() -> None:
    """Judge, show and explain the lifecycles of runs.

    One table of legal transitions drives a run, judges anyone's record of a run, and can be looked at.

    \b
    runstate check stream.sse polls.jsonl     judge recorded runs
    runstate show openai.assistants.run       print the table
    runstate explain RS203                    say what a finding means
    runstate runs list --store URL            look at the runs of a store
    runstate ask openai.batch ends            answer a question about a table
    """  # noqa: D301 - click wants the character itself


for command in (check, show, explain, runs, ask):
    runstate.add_command(command)
