"""Make a store with a few runs whose times are given: python examples/some_runs.py sqlite:///runs.db."""

from __future__ import annotations

import sys

from runstate import LastError, Run, Runs, Usage, open_store

if __name__ == "__main__":
    now = 1_735_689_600  # the first second of 2025
    runs: Runs[Run] = Runs(open_store(sys.argv[1]), lambda: now * 1_000_000)

    runs.create(id="run_1", thread_id="thread_1", assistant_id="asst_1", actor="shop")
    now += 2
    claim = runs.claim("worker-1")
    now += 14
    runs.complete("run_1", usage=Usage(118, 21), claim=claim, actor="worker-1")

    runs.create(id="run_2", thread_id="thread_2", assistant_id="asst_1", queue="slow")
    now += 1
    claim = runs.claim("worker-2", lease=10)
    now += 5
    runs.cancel("run_2", actor="ann")  # the worker that holds it has not confirmed

    runs.create(id="run_3", thread_id="thread_1", assistant_id="asst_2")
    runs.start("run_3")
    runs.fail("run_3", LastError(code="server_error", message="out of memory"))

    now += 60
    runs.create(id="run_4", thread_id="thread_3", assistant_id="asst_1", ttl=10**9)  # decades
    print("4 runs are made")
