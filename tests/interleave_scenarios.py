"""What two actors do at the same time in `tests.interleave`: every pair of actions that can meet on one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from runstate.record import LastError, Run
from runstate.runs import Claim, Pruned, Runs
from runstate.stores import Entry
from runstate.testing.clock import FakeClock
from runstate.testing.stores import CALLS, OUTPUTS
from tests.interleave import Call, Memory, Scenario

__all__ = ["SCENARIOS"]

RUN: Final = "run_1"
LEASE: Final = 30.0

# -- how it begins -----------------------------------------------------------------------------------------------------


def _new(runs: Runs[Run], run_id: str = RUN, **options: Any) -> Run:
    return runs.create(id=run_id, thread_id="t", assistant_id="a", **options)


def nothing(_runs: Runs[Run], _clock: FakeClock) -> Memory:
    return {}


def queued(runs: Runs[Run], _clock: FakeClock) -> Memory:
    _new(runs)
    return {}


def two_queued(runs: Runs[Run], _clock: FakeClock) -> Memory:
    _new(runs)
    _new(runs, "run_2")
    return {}


def due(runs: Runs[Run], clock: FakeClock) -> Memory:
    _new(runs, ttl=10)
    clock.advance(60)
    return {}


def held(runs: Runs[Run], _clock: FakeClock, **options: Any) -> Memory:
    _new(runs, **options)
    return {"claim": runs.claim("w", lease=LEASE)}


def lapsed(runs: Runs[Run], clock: FakeClock) -> Memory:
    memory = held(runs, clock)
    clock.advance(LEASE + 30)
    return memory


def held_and_due(runs: Runs[Run], clock: FakeClock) -> Memory:
    memory = held(runs, clock, ttl=10)
    clock.advance(20)
    return memory


def worn_out(runs: Runs[Run], clock: FakeClock) -> Memory:
    """As many attempts as there may be, and the last lease over."""
    memory = lapsed(runs, clock)
    for _ in range(2):
        memory = {"claim": runs.claim("w", lease=LEASE)}
        clock.advance(LEASE + 30)
    return memory


def stopping(runs: Runs[Run], clock: FakeClock) -> Memory:
    memory = held(runs, clock)
    runs.cancel(RUN)
    return memory


def stopping_and_lapsed(runs: Runs[Run], clock: FakeClock) -> Memory:
    memory = stopping(runs, clock)
    clock.advance(LEASE + 30)
    return memory


def waiting(runs: Runs[Run], clock: FakeClock) -> Memory:
    memory = held(runs, clock)
    runs.require_action(RUN, CALLS)
    return memory


def ended(runs: Runs[Run], clock: FakeClock) -> Memory:
    _new(runs, key="k")
    runs.cancel(RUN)
    clock.advance(1000)
    return {}


# -- what is done ------------------------------------------------------------------------------------------------------


def fire(event: str, *, key: str | None = None, **payload: Any) -> Call:
    return lambda runs, _: runs.fire(RUN, event, key=key, **payload)


def by_claim(event: str, **payload: Any) -> Call:
    return lambda runs, memory: runs.fire(RUN, event, claim=memory["claim"], **payload)


def claim(worker: str) -> Call:
    def act(runs: Runs[Run], memory: Memory) -> object:
        memory["claim"] = runs.claim(worker, lease=LEASE)
        return memory["claim"]

    return act


def complete_what_was_claimed(runs: Runs[Run], memory: Memory) -> object:
    claimed: Claim[Run] | None = memory["claim"]
    return None if claimed is None else runs.complete(claimed.run_id, claim=claimed)


def heartbeat(runs: Runs[Run], memory: Memory) -> object:
    return runs.heartbeat(memory["claim"], lease=LEASE)


def release(runs: Runs[Run], memory: Memory) -> object:
    runs.release(memory["claim"])
    return "released"


def cancel(runs: Runs[Run], _: Memory) -> object:
    return runs.cancel(RUN)


def sweep(runs: Runs[Run], _: Memory) -> object:
    return runs.sweep()


def prune(runs: Runs[Run], _: Memory) -> object:
    return runs.prune(older_than=100)


def create(*, key: str | None = None, run_id: str | None = None, instructions: str = "") -> Call:
    return lambda runs, _: runs.create(id=run_id, thread_id="t", assistant_id="a", key=key, instructions=instructions)


def retry(key: str | None = None) -> Call:
    return lambda runs, _: runs.retry(RUN, key=key)


def metadata(value: str) -> Call:
    return lambda runs, _: runs.update_metadata(RUN, {"k": value})


def read(runs: Runs[Run], _: Memory) -> object:
    return runs.get(RUN)


def journal(runs: Runs[Run], _: Memory) -> object:
    return _named(runs.history(RUN))


def listen(runs: Runs[Run], memory: Memory) -> object:
    """Read the outbox on from where it was left."""
    found = runs.events(after=memory.get("cursor"))
    if found:
        memory["cursor"] = found[-1].cursor
    return _named(found)


def _named(entries: Sequence[Entry]) -> tuple[object, ...]:
    return tuple((entry.run_id, entry.seq) for entry in entries)


complete: Final = by_claim("complete")
fail: Final = by_claim("fail", last_error=LastError(code="server_error", message="broken"))
confirm: Final = by_claim("confirm_cancel")
submit: Final = fire("submit_tool_outputs", tool_outputs=OUTPUTS)


def no_claim(_: Runs[Run], memory: Memory) -> object:
    """A claim passes by what somebody else has locked at that moment, and may come back with nothing."""
    memory["claim"] = None
    return None


def no_prune(_runs: Runs[Run], _: Memory) -> object:
    """So does a prune; what it leaves is for the next one."""
    return Pruned(run_ids=(), dry_run=False)


def _told_late(answers: Sequence[object]) -> bool:
    """The outbox may be silent about what is committed while a transaction is open; it never tells out of order."""
    told = [name for answer in answers if isinstance(answer, tuple) for name in answer if name != (RUN, 1)]
    return told == sorted(told) and len(told) == len(set(told))


def _scenario(
    name: str,
    prepare: Callable[[Runs[Run], FakeClock], Memory],
    first: Call | tuple[Call, ...],
    second: Call | tuple[Call, ...],
    *,
    missed: Mapping[tuple[int, int], Call] | None = None,
    allows: Callable[[Sequence[object]], bool] | None = None,
    **options: Any,
) -> Scenario:
    return Scenario(
        name=name,
        prepare=prepare,
        first=first if isinstance(first, tuple) else (first,),
        second=second if isinstance(second, tuple) else (second,),
        options=options,
        misses=missed or {},
        allows=allows,
    )


_ALL: Final = (
    # two events
    _scenario("start x cancel", queued, fire("start"), cancel),
    _scenario("complete x fail", held, complete, fail),
    _scenario("complete x complete, same key", held, fire("complete", key="k"), fire("complete", key="k")),
    _scenario("complete x start, same key", held, fire("complete", key="k"), fire("start", key="k")),
    _scenario("complete x cancel", held, complete, cancel),
    _scenario("cancel x cancel", held, cancel, cancel),
    _scenario("confirm x complete", stopping, confirm, complete),
    _scenario("confirm x cancel", stopping, confirm, cancel),
    _scenario("submit x cancel", waiting, submit, cancel),
    _scenario("submit x submit", waiting, submit, submit),
    _scenario("metadata x complete", held, metadata("m"), complete),
    _scenario("metadata x metadata", queued, metadata("m"), metadata("n")),
    _scenario("read, journal x complete", held, (read, journal), complete),
    # claims
    _scenario("claim x claim", queued, claim("w1"), claim("w2")),
    _scenario("claim x claim, two runs", two_queued, claim("w1"), claim("w2")),
    _scenario("claim x claim, lapsed", lapsed, claim("w1"), claim("w2")),
    _scenario("claim x cancel", queued, claim("w1"), cancel, missed={(0, 0): no_claim}),
    _scenario("claim x metadata", queued, claim("w1"), metadata("m"), missed={(0, 0): no_claim}),
    _scenario("claim x complete, lapsed", lapsed, claim("w1"), complete, missed={(0, 0): no_claim}),
    _scenario("claim x heartbeat, lapsed", lapsed, claim("w1"), heartbeat, missed={(0, 0): no_claim}),
    _scenario("claim x heartbeat", held, claim("w1"), heartbeat, missed={(0, 0): no_claim}),
    _scenario("claim x release", held, claim("w1"), release, missed={(0, 0): no_claim}),
    _scenario("claim x submit", waiting, claim("w1"), submit, missed={(0, 0): no_claim}),
    _scenario("release x cancel", held, release, cancel),
    _scenario("heartbeat x cancel", held, heartbeat, cancel),
    _scenario("heartbeat x complete", held, heartbeat, complete),
    # upkeep
    _scenario("sweep x sweep, lapsed", lapsed, sweep, sweep),
    _scenario("sweep x sweep, due", due, sweep, sweep),
    _scenario("sweep x complete, due", held_and_due, sweep, complete),
    _scenario("sweep x complete, lapsed", lapsed, sweep, complete),
    _scenario("sweep x complete without a claim, lapsed", lapsed, sweep, fire("complete")),
    _scenario("sweep x heartbeat, lapsed", lapsed, sweep, heartbeat),
    _scenario("sweep x heartbeat, due", held_and_due, sweep, heartbeat),
    _scenario("sweep x claim, lapsed", lapsed, sweep, claim("w1"), missed={(1, 0): no_claim}),
    _scenario("sweep x claim, worn out", worn_out, sweep, claim("w1"), missed={(1, 0): no_claim}),
    _scenario("sweep x cancel, lapsed", lapsed, sweep, cancel),
    _scenario("sweep x cancel, due", due, sweep, cancel),
    _scenario("sweep x confirm", stopping_and_lapsed, sweep, confirm),
    _scenario("sweep x sweep, stopping", stopping_and_lapsed, sweep, sweep),
    # creation, and its end
    _scenario("create x create, same key", nothing, create(key="k"), create(key="k")),
    _scenario("create x create, other request", nothing, create(key="k"), create(key="k", instructions="i")),
    _scenario("create x create, same id", nothing, create(run_id=RUN), create(run_id=RUN)),
    _scenario("create x create, one a thread", nothing, create(), create(), one_per_thread=True),
    _scenario("create x cancel, one a thread", queued, create(), cancel, one_per_thread=True),
    _scenario("retry x retry, same key", ended, retry("r"), retry("r")),
    _scenario("prune x retry", ended, prune, retry(), missed={(0, 0): no_prune}),
    _scenario("prune x cancel", ended, prune, cancel, missed={(0, 0): no_prune}),
    _scenario("prune x metadata", ended, prune, metadata("m"), missed={(0, 0): no_prune}),
    _scenario("prune x prune", ended, prune, prune, missed={(0, 0): no_prune, (1, 0): no_prune}),
    _scenario("prune x create, same key", ended, prune, create(key="k"), missed={(0, 0): no_prune}),
    _scenario("prune x read, journal", ended, prune, (read, journal), missed={(0, 0): no_prune}),
    # the outbox, and several calls in a row
    _scenario("listen, listen x complete", held, (listen, listen), complete, allows=_told_late),
    _scenario(
        "claim, complete x cancel", queued, (claim("w1"), complete_what_was_claimed), cancel, missed={(0, 0): no_claim}
    ),
    _scenario(
        "claim, complete x claim",
        queued,
        (claim("w1"), complete_what_was_claimed),
        claim("w2"),
        missed={(0, 0): no_claim},
    ),
    _scenario(
        "claim, complete x sweep, lapsed",
        lapsed,
        (claim("w1"), complete_what_was_claimed),
        sweep,
        missed={(0, 0): no_claim},
    ),
)

SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in _ALL}
