"""A worker: takes runs from a store until none is left.

python examples/worker.py sqlite:///runs.db
python examples/worker.py postgresql://user@host/database
"""

from __future__ import annotations

import sys

from runstate import Run, Runs, Usage, open_store
from runstate.worker import Job, work


def answer(job: Job[Run]) -> Usage:
    """The work itself: ``job.run`` is the run; a long job looks at ``job.cancelling`` now and then."""
    return Usage(prompt_tokens=len(job.run.thread_id), completion_tokens=3)


if __name__ == "__main__":
    done = work(Runs(open_store(sys.argv[1])), answer, until_idle=True)
    print(f"{done} runs")
