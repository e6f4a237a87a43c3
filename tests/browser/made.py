"""Logs for the report: many runs made from the recorded ones, some of them broken, and one with hostile names."""

from __future__ import annotations

import json
import random
from typing import Any

from runstate.conformance.check import Judged, check_bytes
from runstate.conformance.monitor import Monitor
from runstate.observations import Observation
from tests import facts

STAMPS = ("created_at", "started_at", "expires_at", "completed_at", "cancelled_at", "failed_at")
HOSTILE = (
    "</script><script>window.broken=1</script>",
    "\"'><img src=x onerror=window.broken=1>",
    "\u202erun_drow\u2066",
    "nul\x00bell\x07\x1b[31m",
    "half \ud800 pair",
    "<!--",
    "&lt;b&gt;%0A::error::",
    "run " + "very long " * 400,
)


def many_runs(count: int, *, seed: int = 7) -> bytes:
    """JSON lines of polls of so many runs; about one in twelve breaks a rule."""
    rng = random.Random(seed)
    recorded = [
        [facts.as_object(fact) for fact in seen]
        for seen in facts.by_run().values()
        if len(seen) > 1 and all(fact.kind == "stream" or fact.object for fact in seen)
    ]
    lines: list[str] = []
    for number in range(count):
        polls = [dict(poll) for poll in rng.choice(recorded)]
        shift = number * 37 % 900_000
        factor = rng.choice((1, 1, 1, 3, 10))
        start = next(poll["created_at"] for poll in polls)
        for poll in polls:
            poll["id"] = f"run_{number:05d}"
            for stamp in STAMPS:
                if isinstance(poll.get(stamp), int) and stamp != "expires_at":
                    poll[stamp] = start + shift + (poll[stamp] - start) * factor
                elif isinstance(poll.get(stamp), int):
                    poll[stamp] += shift
        if rng.random() < 1 / 12:
            _break(polls, rng)
        lines += (json.dumps(poll) for poll in polls)
    return ("\n".join(lines) + "\n").encode()


def _break(polls: list[dict[str, Any]], rng: random.Random) -> None:
    last = polls[-1]
    match rng.randrange(4):
        case 0:
            polls.append({**last, "status": "queued", "completed_at": None, "failed_at": None, "cancelled_at": None})
        case 1:
            polls[0]["usage"] = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        case 2:
            last["status"] = "done"
        case _:
            last["started_at"] = last["created_at"] - 5


def hostile() -> Judged:
    """Runs whose ids, statuses, events and log mean harm; fed as values, since readers refuse half of them."""
    base = {"object": "thread.run", "created_at": 1_700_000_000, "expires_at": 1_700_000_600}
    file = HOSTILE[0]
    monitor = Monitor()
    for line, name in enumerate(HOSTILE, 1):
        for value in ({**base, "id": name, "status": "queued"}, {**base, "id": name, "status": name}):
            monitor.feed(Observation(value=value, event=None, file=file, line=line))
    for finding in check_bytes(b"</script><script>window.broken=1</script>", file=file).loose:
        monitor.loose.append(finding)
    return Judged(file=file, monitor=monitor, size=1)
