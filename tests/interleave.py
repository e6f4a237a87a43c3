"""Every order in which the statements of two actors can reach a database.

Each actor is a thread that stops before each of its statements.  A scheduler lets one of them go on at a time, so that
a schedule is a list of choices, can be played again, and the tree of all schedules can be walked.

**Who is blocked is observed, not guessed.**  SQLite answers "busy": the actor is left out until somebody's transaction
has ended.  PostgreSQL is asked by ``pg_blocking_pids`` whether the statement waits for a lock.

**What is no scheduling point.**  A statement that neither sees nor is seen by the other actor: BEGIN without a lock or
a snapshot, and what a reading transaction reads after its snapshot was taken.  With `Depth.SHORT` also what stands
between BEGIN IMMEDIATE and COMMIT on SQLite, where nobody else can write and nobody can see it.

**What is demanded.**  What the actors were answered and what is stored in the end is what *some* order of their calls,
one after the other, gives; a call that was answered before another one began stands before it in that order.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias

import attrs
import psycopg

from runstate.errors import RunstateError
from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import Find, Store
from runstate.stores import sqlite as sqlite_module
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.clock import FakeClock
from runstate.testing.stores import assert_sound

__all__ = ["Actor", "Bench", "Depth", "Explored", "Fault", "Scenario", "explore"]

PATIENCE: Final = 60.0
"""Seconds after which an actor that neither comes back nor waits for a lock is a fault of the test."""
LOOK: Final = 0.002
"""Seconds between two looks at the locks of PostgreSQL."""
SKEW: Final = -5.0
"""Seconds by which the second actor's clock differs: stamps must not decrease for that."""


class Depth(Enum):
    """Which statements are scheduling points."""

    SHORT = "short"
    FULL = "full"


class Fault(AssertionError):
    """A schedule that breaks a promise."""


class Abandoned(BaseException):
    """Ends the thread of an actor whose schedule was given up."""


# -- actors ------------------------------------------------------------------------------------------------------------

Memory: TypeAlias = dict[str, Any]
"""What set-up and the calls of one actor leave for later calls: claims, cursors."""
Call: TypeAlias = Callable[[Runs[Run], Memory], object]


@attrs.frozen(kw_only=True)
class Scenario:
    """What two actors do at the same time."""

    name: str
    prepare: Callable[[Runs[Run], FakeClock], Memory]
    first: tuple[Call, ...]
    second: tuple[Call, ...]
    options: Mapping[str, Any] = attrs.field(factory=dict)
    """Of `Runs`."""
    misses: Mapping[tuple[int, int], Call] = attrs.field(factory=dict)
    """(actor, number of its call) -> what the call answers where PostgreSQL passes by what somebody has locked."""
    allows: Callable[[Sequence[object]], bool] | None = None
    """Answers (those of the first actor, then those of the second) that are right although no order gives them."""

    @property
    def acts(self) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
        return self.first, self.second


@attrs.define(eq=False)
class Span:
    """From which step to which a call lasted."""

    begin: int = 0
    end: int = 0


@attrs.define(eq=False)
class Actor:
    """One thread, and where it stands."""

    number: int
    text: str = ""
    """The statement that it wants to execute, or executes."""
    pid: int | None = None
    """The server's process that serves it."""
    settled: threading.Event = attrs.field(factory=threading.Event)
    """It has come to its next statement, or to its end."""
    go: threading.Event = attrs.field(factory=threading.Event)
    done: bool = False
    waits: bool = False
    """PostgreSQL: its statement waits for a lock."""
    busy: bool = False
    """SQLite: its statement was refused, and will be until somebody's transaction has ended."""
    abandoned: bool = False
    reading: int = 0
    """Statements of its reading transaction so far, BEGIN counted; 0 in none."""
    answers: list[object] = attrs.field(factory=list)
    spans: list[Span] = attrs.field(factory=list)
    wrong: BaseException | None = None

    def stop_before(self, text: str, pid: int | None) -> None:
        self.text, self.pid = text, pid
        self.settled.set()
        self.go.wait()
        self.go.clear()
        if self.abandoned:
            raise Abandoned


_ACTORS: Final[dict[int, Actor]] = {}
"""Thread -> actor; other threads (set-up, the pool's own) are not stopped."""


def word_of(text: str) -> str:
    return text.split(None, 1)[0].rstrip(";").upper()


def _is_point(actor: Actor, text: str, depth: Depth, *, sqlite: bool) -> bool:
    """Whether the other actor can tell what stands before this statement from what stands behind it."""
    word = word_of(text)
    if word == "PRAGMA":
        return False
    if word == "BEGIN":
        reads = text == "BEGIN" if sqlite else "READ ONLY" in text
        actor.reading = int(reads)
        return sqlite and not reads
    if word in ("COMMIT", "ROLLBACK"):
        was, actor.reading = actor.reading, 0
        return sqlite or not was
    if actor.reading:
        actor.reading += 1
        return actor.reading == 2
    return not sqlite or depth is Depth.FULL


# -- stores whose statements stop --------------------------------------------------------------------------------------


class _Cursor:
    """A cursor of sqlite3 that stops before it executes."""

    def __init__(self, cursor: sqlite3.Cursor, bench: Bench) -> None:
        self.__dict__.update(_cursor=cursor, _bench=bench)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_cursor"], name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.__dict__["_cursor"], name, value)

    def execute(self, text: str, *values: Any) -> Any:
        return self._bench.through(text, lambda: self._cursor.execute(text, *values))


class _Connection:
    """A connection of sqlite3 that stops before it executes."""

    def __init__(self, conn: sqlite3.Connection, bench: Bench) -> None:
        self._conn, self._bench = conn, bench

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def execute(self, text: str, *values: Any) -> Any:
        return self._bench.through(text, lambda: self._conn.execute(text, *values))

    def cursor(self) -> Any:
        return _Cursor(self._conn.cursor(), self._bench)


class _SteppedSqlite(SqliteStore):
    def __init__(self, path: str, bench: Bench, **options: Any) -> None:
        self._bench = bench
        super().__init__(path, **options)

    def _connect(self) -> Any:
        return _Connection(super()._connect(), self._bench)


class _SteppedPostgres(PostgresStore):
    def __init__(self, url: str, bench: Bench) -> None:
        class Stepped(psycopg.Cursor[Any]):
            def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
                text = query.decode() if isinstance(query, bytes) else str(query)
                pid = self.connection.info.backend_pid
                return bench.through(text, lambda: super(Stepped, self).execute(query, *arguments, **options), pid)

        self._stepped = Stepped
        super().__init__(url, max_connections=2)

    def _new_pool(self) -> Any:
        pool = super()._new_pool()
        assert isinstance(pool.kwargs, dict)
        pool.kwargs["cursor_factory"] = self._stepped  # no connection is open yet: min_size is 0
        return pool


class Bench:
    """Two handles on one database, whose statements stop; a plain one besides, to prepare and to look."""

    def __init__(self, target: str, depth: Depth = Depth.FULL) -> None:
        self.depth = depth
        self.sqlite = not target.startswith("postgresql:")
        self._admin: psycopg.Connection[Any] | None = None
        self.stores: list[Store]
        if self.sqlite:
            mode, _, path = target.partition(":")
            options: Any = {"journal_mode": mode}
            self.plain: Store = SqliteStore(path, **options)
            self.stores = [_SteppedSqlite(path, self, **options) for _ in range(2)]
        else:
            self.plain = PostgresStore(target, max_connections=2)
            self.stores = [_SteppedPostgres(target, self) for _ in range(2)]
            self._admin = psycopg.connect(target, autocommit=True)
        self.schedules = 0
        self._drivers: dict[str, tuple[Runs[Run], Runs[Run], Runs[Run]]] = {}
        self._clocks = FakeClock(), FakeClock()

    def close(self) -> None:
        for store in (*self.stores, self.plain):
            store.close()
        if self._admin is not None:
            self._admin.close()

    def through(self, text: str, act: Callable[[], Any], pid: int | None = None) -> Any:
        """Execute a statement, when it is its turn."""
        actor = _ACTORS.get(threading.get_ident())
        if actor is None:
            return act()
        if actor.abandoned:
            raise Abandoned
        if _is_point(actor, text, self.depth, sqlite=self.sqlite):
            actor.stop_before(text, pid)
        try:
            return act()
        except sqlite3.OperationalError as error:
            actor.busy = sqlite_module._is_busy(error)
            actor.reading = min(actor.reading, 1)  # it will ask for its snapshot again
            raise

    def waits(self, actor: Actor) -> bool:
        """Whether the actor's statement waits for a lock that another one has."""
        if self._admin is None or actor.pid is None:
            return False
        row = self._admin.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (actor.pid,)).fetchone()
        return row is not None and bool(row[0])

    # -- playing -------------------------------------------------------------------------------------------------------

    def _staged(self, scenario: Scenario) -> tuple[tuple[Runs[Run], Runs[Run]], Runs[Run], Memory]:
        """A fresh stage: a tenant of its own."""
        if scenario.name not in self._drivers:
            first, second = self._clocks
            made = [
                Runs(store, clock, actor=actor, new_id=lambda actor=actor: f"of_{actor}", **scenario.options)  # type: ignore[misc]
                for store, clock, actor in (
                    (self.stores[0], first, "a"),
                    (self.stores[1], second, "b"),
                    (self.plain, first, "p"),
                )
            ]
            self._drivers[scenario.name] = made[0], made[1], made[2]
        self.schedules += 1
        one, two, plain = (
            runs.for_tenant(f"{scenario.name} {self.schedules}") for runs in self._drivers[scenario.name]
        )
        first, second = self._clocks
        first.microseconds = FakeClock().microseconds
        memory = scenario.prepare(plain, first)
        first.advance(-2 * SKEW)  # what was made is ready by both clocks
        second.microseconds = first.microseconds
        second.advance(SKEW)
        return (one, two), plain, memory

    def legal(self, scenario: Scenario) -> list[tuple[Sequence[int], Told]]:
        """What the orders of the calls give: each with the actors in that order."""
        orders = list(_merges(len(scenario.first), len(scenario.second)))
        legal: list[tuple[Sequence[int], Told]] = [(order, self.in_order(scenario, order)) for order in orders]
        if not self.sqlite:
            legal += [
                (order, self.in_order(scenario, order, {place: call}))
                for order in orders
                for place, call in scenario.misses.items()
            ]
        return legal

    def in_order(
        self, scenario: Scenario, order: Sequence[int], instead: Mapping[tuple[int, int], Call] | None = None
    ) -> Told:
        """Call after call; `order` names the actor of each, `instead` what is done in place of a call."""
        both, plain, memory = self._staged(scenario)
        memories = dict(memory), dict(memory)
        answers: tuple[list[object], list[object]] = ([], [])
        for number in order:
            turn = len(answers[number])
            call = (instead or {}).get((number, turn), scenario.acts[number][turn])
            answers[number].append(_answered(call, both[number], memories[number]))
        for run in plain.list(limit=20).runs:
            assert_sound(plain, run.id)
        return (*answers[0], *answers[1]), _stored(plain)

    def at_once(self, scenario: Scenario, choose: Callable[[Sequence[Actor]], Actor]) -> Schedule:
        """Both at the same time, statement by statement as `choose` says."""
        both, plain, memory = self._staged(scenario)
        actors = Actor(0), Actor(1)

        def live(actor: Actor) -> None:
            _ACTORS[threading.get_ident()] = actor
            own = dict(memory)
            try:
                for call in scenario.acts[actor.number]:
                    actor.spans.append(Span())
                    actor.answers.append(_answered(call, both[actor.number], own))
            except Abandoned:
                pass
            except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
                actor.wrong = error
            finally:
                del _ACTORS[threading.get_ident()]
                actor.done = True
                actor.settled.set()

        threads = [threading.Thread(target=live, args=(actor,), daemon=True) for actor in actors]
        for thread, actor in zip(threads, actors, strict=True):
            thread.start()
            self._settle(actor)
        trace: list[str] = []
        try:
            while not all(actor.done for actor in actors):
                self._step(actors, choose, trace)
        finally:
            for actor in actors:
                actor.abandoned = True
                actor.go.set()
            for thread in threads:
                thread.join(PATIENCE)
        for actor in actors:
            if actor.wrong is not None:
                raise Fault("\n".join([f"{scenario.name}: {actor.wrong!r}", *trace])) from actor.wrong
        told = (*actors[0].answers, *actors[1].answers), _stored(plain)
        return Schedule(told, tuple(trace), (tuple(actors[0].spans), tuple(actors[1].spans)), plain)

    def _step(self, actors: Sequence[Actor], choose: Callable[[Sequence[Actor]], Actor], trace: list[str]) -> None:
        ready = [actor for actor in actors if not (actor.done or actor.waits or actor.busy)]
        if not ready:
            raise Fault("\n".join(["nobody can go on", *trace]))
        actor = choose(ready)
        text, span = actor.text, actor.spans[-1]
        span.begin = span.begin or len(trace) + 1
        span.end = len(trace) + 1
        trace.append(f"{'ab'[actor.number]}: {text[:72]}")
        actor.settled.clear()
        actor.go.set()
        self._settle(actor)
        if actor.waits:
            trace[-1] += "  [waits]"
        elif actor.busy:
            trace[-1] += "  [busy]"
        elif word_of(text) in ("COMMIT", "ROLLBACK") or actor.done:
            for other in actors:
                if other is not actor:
                    other.busy = False
                    if other.waits:
                        self._settle(other)

    def _settle(self, actor: Actor) -> None:
        """Until it stops, ends, or is seen to wait for a lock."""
        actor.waits = False
        end = time.monotonic() + PATIENCE
        while not actor.settled.wait(LOOK if self._admin is not None else PATIENCE):
            if self.waits(actor):
                actor.waits = True
                return
            if time.monotonic() > end:
                raise Fault(f"neither done nor waiting: {actor.text}")


class Refused(NamedTuple):
    """An answer that is an error."""

    error: str
    winner: tuple[int, str, str] | None


Told: TypeAlias = tuple[tuple[object, ...], object]
"""What was answered, and what is stored."""


@attrs.frozen
class Schedule:
    """What came of one schedule."""

    told: Told
    trace: tuple[str, ...]
    spans: tuple[tuple[Span, ...], tuple[Span, ...]]
    runs: Runs[Run]


def _answered(call: Call, runs: Runs[Run], memory: Memory) -> object:
    try:
        return call(runs, memory)
    except RunstateError as error:
        winner: Any = getattr(error, "winner", None)
        return Refused(type(error).__name__, winner and (winner.seq, winner.event, winner.actor))


def _stored(runs: Runs[Run]) -> object:
    """Everything of the tenant, without its name."""
    with runs.store.transaction(write=False) as tx:
        rows = tx.find(Find(tenant=runs.tenant, lifecycle=runs.lifecycle.name, order="oldest"))
        journals = [tx.history(runs.tenant, row.id) for row in rows]
    return [
        (attrs.evolve(row, tenant=""), tuple(attrs.evolve(entry, tenant="") for entry in journal))
        for row, journal in zip(rows, journals, strict=True)
    ]


# -- all schedules -----------------------------------------------------------------------------------------------------


@attrs.define
class Explored:
    """What a walk has seen."""

    schedules: int = 0
    outcomes: int = 0
    """Different ones."""
    waited: int = 0
    """Schedules in which somebody had to wait."""


def explore(
    bench: Bench, scenario: Scenario, *, switches: int | None = None, start: Sequence[int] = (), most: int | None = None
) -> Iterator[tuple[Explored, list[int]]]:
    """Walk all schedules, depth first; each is checked.  Yields the counts and the place from which to go on.

    :param switches: only schedules in which an actor that could go on is interrupted at most so often.
    :param start: the choices of the schedule to begin with.
    :param most: at most so many schedules.
    :raises Fault: with the schedule that breaks a promise.
    """
    legal = bench.legal(scenario)
    if any(all(isinstance(answer, Refused) for answer in answers) for _, (answers, _) in legal):
        raise Fault(f"{scenario.name}: all calls are refused, which holds whatever the store does")
    explored = Explored()
    outcomes: list[Told] = []
    prefix: list[int] | None = list(start)
    while prefix is not None and (most is None or explored.schedules < most):
        chooser = _Chooser(prefix, switches)
        schedule = bench.at_once(scenario, chooser)
        _check(scenario, schedule, legal)
        explored.schedules += 1
        explored.waited += any(line.endswith("]") for line in schedule.trace)
        if schedule.told not in outcomes:
            outcomes.append(schedule.told)
            explored.outcomes += 1
        prefix = chooser.after()
        yield explored, prefix or []


def _merges(first: int, second: int) -> Iterator[tuple[int, ...]]:
    """All orders of the calls of two actors: each keeps its own."""
    if not first or not second:
        yield (0,) * first + (1,) * second
        return
    for rest in _merges(first - 1, second):
        yield (0, *rest)
    for rest in _merges(first, second - 1):
        yield (1, *rest)


class _Chooser:
    """Follows a list of choices, then takes the first one that is left; remembers where there was another."""

    def __init__(self, prefix: Sequence[int], switches: int | None) -> None:
        self._prefix = list(prefix)
        self._switches = switches
        self._last: int | None = None
        self.choices: list[tuple[int, int]] = []
        """(taken, how many there were)"""

    def __call__(self, ready: Sequence[Actor]) -> Actor:
        options = sorted(ready, key=lambda actor: (actor.number != self._last, actor.number))  # going on comes first
        could_go_on = options[0].number == self._last
        if could_go_on and self._switches == 0:
            options = options[:1]
        place = len(self.choices)
        taken = self._prefix[place] if place < len(self._prefix) else 0
        if taken and could_go_on and self._switches is not None:
            self._switches -= 1
        self.choices.append((taken, len(options)))
        self._last = options[taken].number
        return options[taken]

    def after(self) -> list[int] | None:
        """The choices of the next schedule; None after the last."""
        choices = list(self.choices)
        while choices:
            taken, options = choices.pop()
            if taken + 1 < options:
                return [*(before for before, _ in choices), taken + 1]
        return None


def _check(scenario: Scenario, schedule: Schedule, legal: Sequence[tuple[Sequence[int], Told]]) -> None:
    if any(schedule.told == told and _keeps(order, schedule.spans) for order, told in legal):
        return  # what is stored was found to be sound there
    answers, stored = schedule.told
    allowed = scenario.allows is not None and scenario.allows(answers)
    if not (allowed and any(stored == known for _, (_, known) in legal)):
        lines = [f"{scenario.name}: no order of the calls explains", *map(str, answers), str(stored)]
        lines += ["in the schedule", *schedule.trace, "in order they give"]
        lines += [f"{order}: {told}" for order, told in legal]
        raise Fault("\n".join(lines))


def _keeps(order: Sequence[int], spans: tuple[Sequence[Span], Sequence[Span]]) -> bool:
    """Whether an order puts no call before one that had been answered when it began.  What asked nothing may stand anywhere."""
    counts = [0, 0]
    sequence: list[Span] = []
    for number in order:
        sequence.append(spans[number][counts[number]])
        counts[number] += 1
    asked = [span for span in sequence if span.begin]
    return all(later.end >= earlier.begin for at, earlier in enumerate(asked) for later in asked[at + 1 :])
