"""The same commands on several stores: each must answer the same, and leave the same rows and journals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeAlias

import attrs
from hypothesis import strategies as st

from runstate.errors import RunstateError
from runstate.record import IncompleteDetails, LastError, Run
from runstate.runs import Backoff, Claim, Runs
from runstate.stores import Entry, Store
from runstate.testing.clock import FakeClock
from runstate.testing.stores import CALLS, OUTPUTS, assert_sound, payload_for

__all__ = ["COMMAND", "ONE_OF_EACH", "Command", "Player", "play_on"]

Command: TypeAlias = tuple[Any, ...]

NAMED = 3
"""Runs that are created by name; retries get the numbers after."""

RUN = st.integers(0, NAMED + 1)
KEY = st.sampled_from([None, None, "k1", "k2"])
EVENT = st.sampled_from(
    ["start", "require_action", "submit_tool_outputs", "complete", "end_incomplete", "fail", "cancel", "confirm_cancel",
     "expire", "create", "unknown"]
)  # fmt: skip
METHOD = st.sampled_from(
    ["start", "require_action", "submit_tool_outputs", "complete", "end_incomplete", "fail", "confirm_cancel", "expire"]
)
COMMAND: st.SearchStrategy[Command] = st.one_of(
    st.tuples(
        st.just("create"), st.integers(0, NAMED - 1), st.sampled_from([None, "k"]), st.sampled_from([None, 20, 700]),
        st.sampled_from([None, 50]),
    ),
    st.tuples(st.just("fire"), RUN, EVENT, KEY, st.booleans()),
    st.tuples(st.just("method"), RUN, METHOD, st.booleans()),
    st.tuples(st.just("at_revision"), RUN, EVENT, st.integers(1, 4)),
    st.tuples(st.just("claim"), st.sampled_from(["w1", "w2"]), st.sampled_from([None, "q"])),
    st.tuples(st.just("heartbeat"), RUN),
    st.tuples(st.just("release"), RUN, st.booleans()),
    st.tuples(st.just("cancel"), RUN, st.sampled_from([None, True, False]), KEY),
    st.tuples(st.just("retry"), RUN, KEY),
    st.tuples(st.just("metadata"), RUN, st.sampled_from([{}, {"a": "b"}, {"a": "b" * 600}])),
    st.tuples(st.just("read"), RUN, st.integers(0, 4)),
    st.tuples(st.just("list"), st.sampled_from(["newest", "oldest"]), st.integers(1, 3), st.integers(0, 3)),
    st.tuples(st.just("listen"), st.sampled_from(["s1", "s2"]), st.integers(1, 5)),
    st.tuples(st.just("wire"), RUN),
    st.tuples(st.just("wait"), RUN, st.sampled_from(["stop", "terminal"])),
    st.tuples(st.just("sweep"), st.sampled_from([1, 1000])),
    st.tuples(st.just("prune"), st.sampled_from([None, 1]), st.booleans()),
    st.tuples(st.just("turn")),
    st.tuples(st.just("advance"), st.sampled_from([-700, -1, 1, 15, 40, 601])),
)  # fmt: skip

ONE_OF_EACH: Sequence[Command] = (
    ("create", 0, "k", None, None), ("create", 1, None, 20, 50), ("claim", "w1", None), ("heartbeat", 0),
    ("fire", 0, "require_action", "k1", True), ("method", 0, "submit_tool_outputs", False), ("claim", "w2", None),
    ("release", 0, False), ("method", 0, "complete", False), ("read", 0, 2), ("list", "oldest", 1, 1),
    ("listen", "s1", 3), ("wire", 0), ("wait", 0, "terminal"), ("metadata", 0, {"a": "b"}), ("retry", 0, "k2"),
    ("at_revision", NAMED, "start", 1), ("method", NAMED, "require_action", False), ("cancel", NAMED, None, None),
    ("turn",), ("create", 0, None, None, None), ("method", 0, "start", False), ("method", 0, "fail", False),
    ("create", 1, None, None, None), ("method", 1, "end_incomplete", False), ("method", 1, "confirm_cancel", False),
    ("method", 1, "expire", False), ("advance", 601), ("sweep", 1), ("prune", None, False),
)  # fmt: skip


class Watched:
    """A driver that notes which of its methods were called."""

    def __init__(self, runs: Runs[Run], called: Counter[str]) -> None:
        self._runs, self._called = runs, called

    def __getattr__(self, name: str) -> Any:
        self._called[name] += 1
        return getattr(self._runs, name)


class Player:
    """Plays commands on one store, as two tenants."""

    def __init__(self, store: Store, tenant: str) -> None:
        self.clock = FakeClock()
        numbers = count(NAMED)
        runs: Runs[Run] = Runs(
            store,
            self.clock,
            tenant=tenant,
            max_attempts=2,
            one_per_thread=True,
            backoff=Backoff(base=10.0),
            new_id=lambda: str(next(numbers)),
        )
        self.called: Counter[str] = Counter()
        watched: Any = Watched(runs, self.called)
        self.drivers: list[Any] = [watched, Watched(watched.for_tenant(tenant + " other"), self.called)]
        self.runs: Any = watched
        self.claims: dict[str, Claim[Run]] = {}
        """Of both tenants: one may come with what was given to the other."""

    def play(self, name: str, *arguments: Any) -> object:
        """The answer; of an error, what it is and who was first."""
        try:
            return getattr(self, name)(*arguments)
        except RunstateError as error:
            winner: Any = getattr(error, "winner", None)
            return type(error).__name__, winner and (winner.seq, winner.event, winner.target)

    # -- commands ------------------------------------------------------------------------------------------------------

    def create(self, n: int, key: str | None, wait: int | None, ttl: int | None) -> object:
        not_before = None if wait is None else self.clock.seconds + wait
        queue = "q" if n else "default"
        return self.runs.create(
            id=f"run_{n}",
            thread_id=f"thread_{n}",
            assistant_id="a",
            key=key,
            not_before=not_before,
            ttl=ttl,
            queue=queue,
        )

    def fire(self, n: int, event: str, key: str | None, claimed: bool) -> object:
        claim = self.claims.get(f"run_{n}") if claimed else None
        return self.runs.fire(f"run_{n}", event, key=key, claim=claim, **payload_for(event))

    def method(self, n: int, event: str, claimed: bool) -> object:
        positional: dict[str, tuple[object, ...]] = {
            "require_action": (CALLS,),
            "submit_tool_outputs": (OUTPUTS,),
            "fail": (LastError(code="server_error", message="broken"),),
        }
        named: dict[str, Any] = {}
        if event == "end_incomplete":
            named["incomplete_details"] = IncompleteDetails(reason="max_prompt_tokens")
        claim = self.claims.get(f"run_{n}") if claimed else None
        return getattr(self.runs, event)(f"run_{n}", *positional.get(event, ()), claim=claim, **named)

    def at_revision(self, n: int, event: str, rev: int) -> object:
        return self.runs.fire(f"run_{n}", event, rev=rev, **payload_for(event))

    def claim(self, worker: str, queue: str | None) -> object:
        claim = self.runs.claim(worker, lease=30, queue=queue)
        if claim is not None:
            self.claims[claim.run_id] = claim
        return claim

    def heartbeat(self, n: int) -> object:
        claim = self.claims.get(f"run_{n}")
        if claim is None:
            return None
        with self.runs.leg(claim):
            self.claims[claim.run_id] = again = self.runs.heartbeat(claim)
        return again

    def release(self, n: int, counts: bool) -> object:
        claim = self.claims.get(f"run_{n}")
        return None if claim is None else self.runs.release(claim, counts=counts, delay=5)

    def cancel(self, n: int, confirm: bool | None, key: str | None) -> object:
        return self.runs.cancel(f"run_{n}", confirm=confirm, key=key)

    def retry(self, n: int, key: str | None) -> object:
        return self.runs.retry(f"run_{n}", key=key)

    def metadata(self, n: int, metadata: dict[str, str]) -> object:
        return self.runs.update_metadata(f"run_{n}", metadata)

    def read(self, n: int, seq: int) -> object:
        run_id = f"run_{n}"
        row = attrs.evolve(self.runs.row(run_id), tenant="")
        journal = named(self.runs.history(run_id))
        named_in = self.runs.retry_of(run_id), self.runs.trace_of(run_id)
        return self.runs.get(run_id), row, named_in, journal, self.runs.at(run_id, seq)

    def list(self, order: str, limit: int, which: int) -> object:
        filters: dict[str, Any] = ({}, {"status": "queued"}, {"thread": "thread_1"}, {"queue": "q", "assistant": "a"})[
            which
        ]
        pages: list[object] = [self.runs.depth()]
        after: str | None = None
        while True:
            page = self.runs.list(order=order, limit=limit, after=after, **filters)
            pages.append(tuple(run.id for run in page.runs))
            if (after := page.after) is None:
                return pages

    def listen(self, subscriber: str, limit: int) -> object:
        entries = self.runs.events(subscriber=subscriber, limit=limit)
        if entries:
            self.runs.acknowledge(subscriber, entries[-1].cursor)
        return named(entries)

    def wire(self, n: int) -> object:
        told = b"".join(self.runs.wire_events(run_id=f"run_{n}"))
        return re.sub(rb"(?m)^id: .*$", b"id:", told)  # a cursor is the store's own

    def wait(self, n: int, until: str) -> object:
        return self.runs.wait(f"run_{n}", until=until, timeout=0)

    def sweep(self, limit: int) -> object:
        return self.runs.sweep(limit=limit)

    def prune(self, limit: int | None, dry_run: bool) -> object:
        return self.runs.prune(older_than=300, limit=limit, dry_run=dry_run, batch=2)

    def turn(self) -> object:
        """Go on as the other tenant."""
        self.runs = next(driver for driver in self.drivers if driver is not self.runs)
        return None

    def advance(self, seconds: float) -> object:
        self.clock.advance(seconds)
        return None

    # -- what is left --------------------------------------------------------------------------------------------------

    def state(self) -> object:
        """Everything, of both tenants."""
        return [self._state(driver) for driver in self.drivers]

    def _state(self, runs: Any) -> object:
        found = runs.list(limit=50, order="oldest").runs
        for run in found:
            assert_sound(runs, run.id)
        rows = sorted((run.id, str(attrs.evolve(runs.row(run.id), tenant=""))) for run in found)
        return rows, {run.id: named(runs.history(run.id)) for run in found}, named(runs.events(limit=1000))


def named(entries: Sequence[Entry]) -> tuple[object, ...]:
    return tuple((e.run_id, e.seq, e.event, e.target, e.at, e.actor, e.key, e.fingerprint, e.payload) for e in entries)


def play_on(stores: Sequence[Store], tenant: str, commands: Sequence[Command]) -> Sequence[Player]:
    """Play on each store; raise where one differs from the first."""
    players = [Player(store, tenant) for store in stores]

    def same(ask: Callable[[Player], object], what: object) -> None:
        first, *others = [ask(player) for player in players]
        for other in others:
            assert other == first, what

    for command in commands:
        same(lambda player: player.play(*command), command)  # noqa: B023 - asked at once
    same(lambda player: player.state(), "what is left")
    return players
