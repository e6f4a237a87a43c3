"""A record of your own with a lifecycle of your own, kept in a store: the lifecycle is in print.toml.

python examples/print_job.py sqlite:///jobs.db
"""

from __future__ import annotations

import sys
from pathlib import Path

import attrs

from runstate import Runs, open_store
from runstate.modelling.definition import attach, load
from runstate.worker import Job, work

PRINT = load(Path(__file__).with_name("print.toml"))


@attach(PRINT)
@attrs.frozen(kw_only=True)
class PrintJob:
    """What is kept of a print job."""

    id: str
    status: str
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    expires_at: int | None = None
    pages: int | None = None
    jam: str | None = None
    document: str = ""


def put_on_paper(job: Job[PrintJob]) -> None:
    """The work itself; it ends the run, as completing takes the number of pages."""
    job.fire("complete", pages=3)


if __name__ == "__main__":
    jobs = Runs(open_store(sys.argv[1]), record=PrintJob)
    made = [jobs.create(document=name) for name in ("thin.pdf", "map.pdf")]
    jobs.cancel(made[1].id)
    print(f"{work(jobs, put_on_paper, until_idle=True)} printed")
    for job in made:
        print(jobs.get(job.id).status, [entry.event for entry in jobs.history(job.id)])
