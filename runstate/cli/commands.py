"""The tree of commands.  Each command imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import click

from runstate.cli.ask import ask
from runstate.cli.check import check
from runstate.cli.convert import convert
from runstate.cli.diff import diff
from runstate.cli.export import export
from runstate.cli.infer import infer
from runstate.cli.lint import lint
from runstate.cli.map import map_lifecycles
from runstate.cli.runs import runs
from runstate.cli.show import explain, show
from runstate.cli.simulate import simulate

__all__ = ["runstate"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="runstate", message="runstate %(version)s")
def runstate() -> None:
    """Judge, show, explain, define and compare the lifecycles of runs.

    One table of legal transitions drives a run, judges anyone's record of a run, and can be looked at.

    \b
    runstate check stream.sse polls.jsonl     judge recorded runs
    runstate show openai.assistants.run       print the table
    runstate explain RS203                    say what a finding means
    runstate runs list --store URL            look at the runs of a store
    runstate lint order.toml                  look for problems in a definition
    runstate infer log.jsonl                  draft a definition from a log
    runstate map acp.run a2a.task             read one lifecycle in another
    runstate ask openai.batch ends            answer a question about a table
    runstate simulate openai.batch --runs 9   make up runs of a lifecycle
    runstate convert log.jsonl -o log.xes     write a log for process mining
    runstate export openai.batch --to sql …   write the judge's rules as SQL
    """  # noqa: D301 - click wants the character itself


for command in (check, show, explain, diff, runs, lint, infer, map_lifecycles, ask, simulate, convert, export):
    runstate.add_command(command)
