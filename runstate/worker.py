"""A worker's loop, for threads (`work`) and for asyncio (`work_async`): claim, heartbeat, do, settle, sweep.

Give it a function; it is called with a `Job` for one run after the other::

    def answer(job: Job[Run]) -> Usage:
        ...                                  # job.run is the run; look at job.cancelling now and then
        return Usage(prompt_tokens=9, completion_tokens=3)

    work(Runs(SqliteStore("runs.db")), answer)

What becomes of the run: the function may end it (``job.fire("fail", last_error=…)``) or stop it (``require_action``).
Where it returns without having done so the run is completed, or, if somebody asked for it to stop, cancelled.  Where it
raises, the run is given back for another attempt until none is left.  Execution is at least once, the recorded outcome
is one.

A store that is busy or gone is asked again for as long as a lease lasts; then its error ends the loop.

SIGTERM ends the loop and gives the run back, which does not count as an attempt.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from contextvars import copy_context
from types import FrameType
from typing import Any, Final, Generic, TypeVar

from runstate import logs
from runstate.errors import CallerError, LeaseLost, RunstateError, StoreBusy, StoreUnavailable
from runstate.record import Usage
from runstate.runs import Backoff, Claim, Runs

__all__ = ["Job", "Stopped", "work", "work_async"]

R = TypeVar("R")
T = TypeVar("T")

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
_RETRY: Final = Backoff(base=1.0, cap=300.0)


class Stopped(BaseException):
    """Raised inside the function when the process was told to end; the run is given back."""


class Job(Generic[R]):
    """A run to work on, with the claim on it.  Whatever is written through it carries the claim's fencing token."""

    def __init__(self, runs: Runs[R], claim: Claim[R], lease: float) -> None:
        self.runs = runs
        self.claim = claim
        self.run = claim.run
        """The run as it was when claimed, then as the last event left it."""
        self.lost: LeaseLost | None = None
        """Set when the claim is over: stop working, nothing that is written any more will be kept."""
        self.settled = False
        """Whether an event has taken the run out of this worker's hands."""
        self._lease = lease
        self._lock = threading.Lock()
        self._unsure = False
        """Whether a store has failed to say if what it was asked to write is written."""

    @property
    def cancelling(self) -> bool:
        """Whether somebody has asked for the run to stop, as of the last heartbeat."""
        return self.claim.cancelling

    def fire(self, event: str, **payload: Any) -> R:
        """Any event of the run's lifecycle, written by this claim.

        :raises LeaseLost: where the claim is over; otherwise as `runstate.runs.Runs.fire`.
        """
        with self._lock:
            self.run = self.runs.fire(self.claim.run_id, event, claim=self.claim, **payload)
            self.settled = True
        return self.run

    def heartbeat(self) -> None:
        """Prolong the lease; the loop does it by itself.

        :raises LeaseLost: where the claim is over.
        """
        with self._lock:
            if not self.settled:
                self.claim = self.runs.heartbeat(self.claim, lease=self._lease)

    def beat(self) -> bool:
        """A heartbeat of the loop: False where there is nothing more to hold."""
        try:
            self.heartbeat()
        except LeaseLost as lost:
            if not self.settled:
                self.lost = lost
            return False
        except RunstateError as error:  # busy or gone: the lease may outlast it
            self._warn("the heartbeat failed", error)
        return not self.settled

    def settle(self, result: object) -> None:
        """The function has returned: end the run if that is still to be done.

        :raises StoreBusy: where the store could not get to it as long as the lease lasts; so is StoreUnavailable.
        """
        _patiently(lambda: self._settle(result), self._lease, self._warn)

    def _settle(self, result: object) -> None:
        roles = self.runs.roles
        try:
            self.heartbeat()  # learn of a cancellation, and that the claim is live
            if self.settled:
                return
            event = roles.confirm_cancel if self.cancelling else roles.complete
            if event is None:
                self.runs.release(self.claim, counts=True)
                self._warn("the function returned and has not ended it")
                return
            self.fire(event, **({"usage": result} if isinstance(result, Usage) else {}))
        except LeaseLost as lost:
            self.lost = lost
            unsure = "the store did not say whether what was done is kept: see the run's history"
            self._warn(unsure if self._unsure else "what was done is not kept", lost)
        except StoreUnavailable as error:
            self._unsure = self._unsure or error.outcome != "none"
            raise
        except CallerError as error:  # the result does not fit: as if the function had raised
            self.give_back(error)

    def give_back(self, error: BaseException | None) -> None:
        """The function has raised, or (None) the process is told to end."""
        if self.settled:
            return
        if error is not None:
            self._warn("the attempt failed", error)
        delay = 0.0 if error is None else _RETRY.delay(self.claim.attempt - 1)
        try:
            self.runs.release(self.claim, delay=delay, counts=error is not None)
        except LeaseLost:
            pass
        except RunstateError as refused:  # busy or gone: the lease ends by itself
            self._warn("it could not be given back", refused)

    def _warn(self, what: str, error: BaseException | None = None) -> None:
        claim = self.claim
        logs.worker(
            what, error, tenant=self.runs.tenant, run_id=claim.run_id, worker=claim.worker, attempt=claim.attempt
        )


def _patiently(
    ask: Callable[[], T],
    seconds: float,
    warn: Callable[[str, BaseException], object],
    stopped: Callable[[], bool] = lambda: False,
) -> T:
    """What a store answers, asked again for so many seconds where it is busy or gone."""
    end = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        try:
            return ask()
        except (StoreBusy, StoreUnavailable) as error:
            if stopped() or time.monotonic() + pause > end:
                raise
            warn("the store is asked again", error)
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _worker_name() -> str:
    return f"{os.uname().nodename if hasattr(os, 'uname') else 'host'}:{os.getpid()}:{threading.get_ident()}"


class _Sweeper:
    """Sweeps now and then; failing to is no reason for a worker to end."""

    def __init__(self, runs: Runs[Any], every: float) -> None:
        self._runs = runs
        self._every = every
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        try:
            self._runs.sweep()
        except RunstateError as error:
            logs.worker("the sweep failed", error, tenant=self._runs.tenant)


def work(
    runs: Runs[R],
    function: Callable[[Job[R]], object],
    *,
    worker: str | None = None,
    queue: str | None = None,
    assistant: str | None = None,
    lease: float = 30.0,
    poll: float = 1.0,
    sweep_every: float = 15.0,
    until_idle: bool = False,
    stop: threading.Event | None = None,
    signals: Sequence[signal.Signals] = (signal.SIGTERM,),
) -> int:
    """Work on runs, one after the other; the number of runs worked on.

    :param function: called with each `Job`.  It is told to stop by `Stopped`, raised where it stands, if a signal comes
        while the loop runs in the main thread.
    :param worker: its name in claims and journal; made of host, process and thread where None.
    :param queue: only runs of this queue.
    :param assistant: only runs of this assistant.
    :param lease: seconds of a claim; a heartbeat every third of it prolongs it.
    :param poll: seconds to wait at most where there is nothing to do.
    :param sweep_every: seconds between sweeps.
    :param until_idle: end where there is nothing to do.
    :param stop: end when it is set, after the run at hand.
    :param signals: that end the loop; only where it runs in the main thread.
    """
    name = worker or _worker_name()
    stop = stop or threading.Event()
    sweep = _Sweeper(runs, sweep_every)
    done = 0

    def claimed() -> Claim[R] | None:
        return _patiently(
            lambda: runs.claim(name, lease=lease, queue=queue, assistant=assistant), lease, warn, stop.is_set
        )

    def warn(what: str, error: BaseException) -> None:
        logs.worker(what, error, tenant=runs.tenant, worker=name)

    with _stopped_by(signals, stop) as inside:
        while not stop.is_set():
            sweep()
            claim = claimed()
            if claim is None:
                if until_idle:
                    break
                runs.store.pause(poll)
                continue
            _do(Job(runs, claim, lease), function, lease, inside, stop)
            done += 1
    return done


def _do(
    job: Job[R], function: Callable[[Job[R]], object], lease: float, inside: threading.Event, stop: threading.Event
) -> None:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(lease / 3) and job.beat():
            pass

    with job.runs.leg(job.claim) as failed:
        name = f"runstate-heartbeat-{job.claim.run_id}"
        # in the context of the leg: a heartbeat belongs to it
        thread = threading.Thread(target=copy_context().run, args=(beat,), daemon=True, name=name)
        thread.start()
        failure: BaseException | None = None
        result: object = None
        finished = False
        try:
            inside.set()
            if not stop.is_set():  # the signal may have come just before
                result = function(job)
                finished = True
        except Stopped:
            failure = None
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes back
            failure = error
            failed(error)
        finally:
            inside.clear()
            over.set()
            thread.join()
        if finished:
            job.settle(result)
        else:
            job.give_back(failure)


@contextmanager
def _stopped_by(signals: Sequence[signal.Signals], stop: threading.Event) -> Generator[threading.Event, None, None]:
    """While it lasts the signals set `stop`, and raise `Stopped` where the yielded event is set."""
    inside = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        if inside.is_set():
            inside.clear()
            raise Stopped

    if threading.current_thread() is not threading.main_thread():
        yield inside
        return
    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield inside
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def work_async(
    runs: Runs[R],
    function: Callable[[Job[R]], Awaitable[object]],
    *,
    worker: str | None = None,
    queue: str | None = None,
    assistant: str | None = None,
    lease: float = 30.0,
    poll: float = 1.0,
    sweep_every: float = 15.0,
    until_idle: bool = False,
    concurrency: int = 1,
    stop: asyncio.Event | None = None,
    signals: Sequence[signal.Signals] = (signal.SIGTERM,),
) -> int:
    """The same for a coroutine function, `concurrency` runs at a time.

    The store stays what it is: its calls are handed to threads, and so should those that the function makes,
    ``await asyncio.to_thread(job.fire, "complete")``.  When the loop is to end, or is cancelled, the function is cancelled
    where it stands and its run given back.  Parameters as of `work`.
    """
    name = worker or _worker_name()
    stop = stop or asyncio.Event()
    sweep = _Sweeper(runs, sweep_every)
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    for number in signals:
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread, or not this platform
            loop.add_signal_handler(number, stop.set)
            handled.append(number)

    def claimed(worker: str) -> Claim[R] | None:
        def warn(what: str, error: BaseException) -> None:
            logs.worker(what, error, tenant=runs.tenant, worker=worker)

        return _patiently(
            lambda: runs.claim(worker, lease=lease, queue=queue, assistant=assistant), lease, warn, stop.is_set
        )

    async def one(slot: int) -> int:
        done = 0
        while not stop.is_set():
            if slot == 0:
                await asyncio.to_thread(sweep)
            claim = await asyncio.to_thread(claimed, f"{name}:{slot}")
            if claim is None:
                if until_idle:
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), poll)
                continue
            with runs.leg(claim) as failed:
                await _do_async(Job(runs, claim, lease), function, lease, stop, failed)
            done += 1
        return done

    slots = [asyncio.ensure_future(one(slot)) for slot in range(concurrency)]
    try:
        return sum(await asyncio.gather(*slots))
    except Exception:
        for slot in slots:  # what one slot cannot go on from ends them all; nothing works on unseen
            slot.cancel()
        raise
    finally:
        await asyncio.gather(*slots, return_exceptions=True)
        for number in handled:
            loop.remove_signal_handler(number)


async def _do_async(
    job: Job[R],
    function: Callable[[Job[R]], Awaitable[object]],
    lease: float,
    stop: asyncio.Event,
    failed: Callable[[BaseException], object],
) -> None:
    async def beat() -> None:
        while True:
            await asyncio.sleep(lease / 3)
            if not await asyncio.to_thread(job.beat):
                return

    doing = asyncio.ensure_future(function(job))
    beating = asyncio.ensure_future(beat())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while not doing.done():
            await asyncio.wait({doing, beating, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done() or job.lost is not None:
                doing.cancel()
                await asyncio.wait({doing})
            elif beating.done():  # nothing more to hold: the function has settled the run itself
                await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        beating.cancel()
        stopping.cancel()
        if not doing.done():  # the loop itself is being cancelled
            doing.cancel()
            await asyncio.wait({doing})
        await _settle(job, doing, failed)


async def _settle(job: Job[R], doing: asyncio.Future[object], failed: Callable[[BaseException], object]) -> None:
    if doing.cancelled():
        await asyncio.to_thread(job.give_back, None)
        return
    error = doing.exception()
    if error is None:
        await asyncio.to_thread(job.settle, doing.result())
    else:
        failed(error)
        await asyncio.to_thread(job.give_back, error)
