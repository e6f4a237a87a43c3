"""Put runs into a store: python examples/enqueue.py sqlite:///runs.db 100."""

from __future__ import annotations

import sys

from runstate import Run, Runs, open_store

if __name__ == "__main__":
    url, count = sys.argv[1], int(sys.argv[2])
    runs: Runs[Run] = Runs(open_store(url))
    for number in range(count):
        runs.create(thread_id=f"thread_{number}", assistant_id="assistant_1", key=f"batch-1/{number}")
    print(f"{count} runs are queued")
