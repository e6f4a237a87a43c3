"""`Runs`: the imperative shell.  A store, a clock, and every event of the table as a method."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Generic, Literal, TypeVar, Unpack

import attrs

from runstate import engine, sse
from runstate.errors import Conflict, StoreError, WaitTimeout
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.record import IncompleteDetails, LastError, RequiredAction, Run, ToolCall, ToolOutput, Usage
from runstate.runs import bodies, claims
from runstate.runs.rows import Rows
from runstate.runs.steps import Ask, Beaten, Done, Steps, micros, mismatch, winner_of
from runstate.runs.values import (
    Backoff,
    Cancelled,
    Claim,
    How,
    Listener,
    Page,
    Plan,
    Pruned,
    Roles,
    Swept,
    check_number,
    check_text,
)
from runstate.stores.base import Clock, Entry, Find, Row, Store, Tx
from runstate.stores.transaction import parse_cursor

__all__ = ["Runs"]

R = TypeVar("R")

_DELIVERY_BATCH: Final = 100
_LONGEST_LOOK: Final = 0.5
"""Seconds between two looks of `Runs.wait` at most."""


_OF_CREATE: Final = frozenset({"ttl", "queue", "not_before", "event", "key", "actor", "connection"})
_OF_FIRE: Final = frozenset({"run_id", "event", "ttl", "key", "actor", "claim", "rev", "connection"})


def _payloads_can_be_given(lifecycle: Lifecycle) -> None:
    for edge in lifecycle.transitions:
        taken = _OF_CREATE if edge.source is None else _OF_FIRE
        for name in (*edge.does.takes, *edge.does.may_take):
            if name in taken:
                raise ValueError(
                    f"{lifecycle.name}: {edge.event!r} takes a payload {name!r}, which is an argument of Runs."
                    f"{'create' if edge.source is None else 'fire'}; call the payload otherwise, the field may keep its name"
                )


def _new_id() -> str:
    return secrets.token_hex(12)


class Runs(Generic[R]):
    """Durable runs of one lifecycle, of one tenant.

    Every change is one row of the run's journal, written in the same transaction as the run's row.  Of any number of
    callers who would take a run out of the same status exactly one succeeds; the others get an error that names it.

    :param store: where they are kept.
    :param clock: microseconds since the epoch; the store's own clock unless told otherwise.  For tests.
    :param record: any frozen attrs class with a ``__lifecycle__``; `runstate.Run` unless told otherwise.
    :param tenant: whose runs; no method sees those of another.
    :param actor: who writes, unless a call says otherwise; kept in the journal.
    :param strict: refuse transitions that no source states or shows.
    :param max_attempts: claims of one leg of work before a sweep fails the run; None for any number, as it is anyway
        where the lifecycle knows no failure of a run in work.
    :param cancel_timeout: seconds that the holder of a run has to confirm a cancellation.
    :param one_per_thread: refuse a second run of a thread while one is live.
    :param roles: which events the driver fires by itself; those named as the assistant run's unless told otherwise.
    :param listeners: called with (entry, record) after each change was committed.
    :param backoff: how long `retry` waits.
    :param new_id: makes the ids of runs that are created without one.
    :param earlier: record classes of earlier versions of the same lifecycle, for the changes that were written under
        them; changes of a version that is not given are replayed by the present table.
    :raises SchemaMismatch: where the store knows this version of the lifecycle, or an earlier one, with other
        transitions.
    :raises ValueError: where a class of `earlier` has another lifecycle, or a version that is taken; where an event takes
        a payload that has the name of an argument of `create` or `fire` and so could never be given.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock | None = None,
        *,
        record: type[R] = Run,  # type: ignore[assignment]  # a default for a type variable needs Python 3.13
        tenant: str = "",
        actor: str | None = None,
        strict: bool = False,
        max_attempts: int | None = 3,
        cancel_timeout: float = 60.0,
        one_per_thread: bool = False,
        roles: Roles | None = None,
        listeners: Iterable[Listener[R]] = (),
        backoff: Backoff | None = None,
        new_id: Callable[[], str] = _new_id,
        earlier: Iterable[Any] = (),
    ) -> None:
        check_text(tenant=tenant, actor=actor)
        check_number(least=1, max_attempts=max_attempts)
        check_number(cancel_timeout=cancel_timeout)
        lifecycle: Lifecycle = record.__lifecycle__  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        roles = Roles.of(lifecycle) if roles is None else roles
        _payloads_can_be_given(lifecycle)
        earlier = tuple(earlier)
        self.versions: Mapping[str, Lifecycle] = _versions(lifecycle, earlier)
        """The present lifecycle and those of `earlier`, by version."""
        for each in self.versions.values():
            store.register(each)
        self.store = store
        self.lifecycle = lifecycle
        self._steps: Steps[R] = Steps(
            store=store,
            kind=record,
            lifecycle=lifecycle,
            tenant=tenant,
            plan=Plan(lifecycle, roles),
            roles=roles,
            clock=clock,
            actor=actor,
            strict=strict,
            earlier=FrozenDict({old.__lifecycle__.version: old for old in earlier}),
            listeners=tuple(listeners),
        )
        self._max_attempts = max_attempts
        self._cancel_timeout = cancel_timeout
        self._one_per_thread = one_per_thread
        self._backoff = backoff or Backoff()
        self._new_id = new_id

    @property
    def roles(self) -> Roles:
        """Which events the driver fires by itself."""
        return self._steps.roles

    def _rows(self) -> Rows:
        return Rows(self.store, self.lifecycle.name, tenant=self._steps.tenant)

    @property
    def tenant(self) -> str:
        """Whose runs these are."""
        return self._steps.tenant

    def for_tenant(self, tenant: str) -> Runs[R]:
        """The same for another tenant."""
        check_text(tenant=tenant)
        other: Runs[R] = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._steps = attrs.evolve(self._steps, tenant=tenant)
        return other

    # -- creation ------------------------------------------------------------------------------------------------------

    def create(
        self,
        *,
        ttl: float | None = None,
        queue: str = "default",
        not_before: float | None = None,
        event: str | None = None,
        key: str | None = None,
        actor: str | None = None,
        connection: object = None,
        **fields: Any,
    ) -> R:
        """A new run; change 1 of its journal.

        :param ttl: seconds to live, from the time at which it may be claimed first; the lifecycle's default where None.
        :param queue: which workers it is for.
        :param not_before: seconds since the epoch before which no claim takes it.
        :param event: which creation, where the lifecycle knows several.
        :param key: idempotency key, of the tenant.
        :param fields: of the record, as in `runstate.create`; an id is made where none is given.
        :raises BadPayload: as in `runstate.create`; so are UnknownEvent and BadRecord.
        :raises Conflict: where the id is taken, or (``one_per_thread``) the thread has a live run.
        :raises IdempotencyMismatch: where the key was used for another request.
        """
        check_number(not_before=not_before)
        start = None if not_before is None else micros(not_before)
        request = ("create", self.lifecycle.name, event, ttl, queue, start, fields)
        return self._created(
            fields, request, ttl=ttl, queue=queue, start=start, event=event, key=key, actor=actor, connection=connection
        )

    def retry(
        self,
        run_id: str,
        *,
        ttl: float | None = None,
        key: str | None = None,
        actor: str | None = None,
        connection: object = None,
    ) -> R:
        """A new run with the fields of one that has ended, which it names (see `retry_of`); the old one stays as it is.

        It may be claimed after a pause that doubles with each retry of a retry, up to a cap (``backoff``).

        :raises Conflict: where the old run has not ended; so is whatever `create` raises.
        """
        with self.store.transaction(write=False, connection=connection) as tx:
            row = self._steps.row(tx, run_id)
            if row.status not in self.lifecycle.terminal:
                raise Conflict(
                    reason=f"only a run that has ended can be retried; this one is {row.status!r}",
                    run_id=run_id,
                    winner=winner_of(tx.entry(row.tenant, run_id, seq=row.rev)),
                    seen=row.rev,
                )
            fields = self._fields_for_retry(self._steps.record(row))
        request = ("retry", run_id, ttl)
        return self._created(
            fields, request, ttl=ttl, queue=row.queue, key=key, actor=actor, connection=connection, retried=row
        )

    def retry_of(self, run_id: str) -> str | None:
        """The run that this one retries, or None.

        :raises NotFound: where there is no such run.
        """
        with self.store.transaction(write=False) as tx:
            return self._steps.row(tx, run_id).retry_of

    def _fields_for_retry(self, record: R) -> dict[str, Any]:
        edge = self.lifecycle.legal(None)[0]
        written = {*edge.does.fields(), self.lifecycle.status_field, *self.lifecycle.presence[edge.target]}
        left_out = {*written, self.lifecycle.id_field, "wire"}
        fields = attrs.fields(type(record))  # type: ignore[arg-type]
        return {f.alias: getattr(record, f.name) for f in fields if f.init and f.name not in left_out}

    def _created(
        self,
        fields: Mapping[str, Any],
        request: Sequence[object],
        *,
        ttl: float | None,
        queue: str,
        start: int | None = None,
        event: str | None = None,
        key: str | None,
        actor: str | None,
        connection: object,
        retried: Row | None = None,
    ) -> R:
        steps = self._steps
        check_text(queue=queue, key=key, actor=actor)
        mark = None if key is None else bodies.fingerprint(*request)

        def once() -> Done[R]:
            with self.store.transaction(connection=connection) as tx:
                if key is not None and mark is not None:
                    before = self._created_before(tx, key, mark)
                    if before is not None:
                        return before
                at = steps.time(tx)
                begin = start
                if retried is not None:
                    begin = at + micros(self._backoff.delay(retried.retry_no))
                record, entry = self._first(fields, ttl, at, begin, event, actor)
                entry = attrs.evolve(entry, key=key, fingerprint=mark)
                row = self._new_row(record, entry, queue=queue, begin=begin, retried=retried)
                self._check_free(tx, row)
                try:
                    tx.add(row, entry)
                except Conflict as conflict:
                    conflict.run_id = row.id
                    raise Beaten(conflict) from conflict  # look again: now it can be named
                return Done(record, row, (entry,))

        done = steps.repeated(once)
        steps.tell(done, {"connection": connection})
        return done.record

    def _created_before(self, tx: Tx, key: str, mark: str) -> Done[R] | None:
        seen = tx.creation(self._steps.tenant, key)
        if seen is None:
            return None
        run_id, seen_mark = seen
        if seen_mark != mark:
            raise mismatch(run_id, key, mark, seen_mark)
        return Done(self._steps.folded(tx, run_id, 1), self._steps.row(tx, run_id), replayed=True)

    def _first(
        self,
        fields: Mapping[str, Any],
        ttl: float | None,
        at: int,
        begin: int | None,
        event: str | None,
        actor: str | None,
    ) -> tuple[R, Entry]:
        """The record, and the entry of its creation."""
        steps, id_field = self._steps, self.lifecycle.id_field
        if begin is not None and begin > at and steps.plan.has_deadline():
            # the time to live is for being worked on: it begins when a claim may take the run
            defaults = [seconds for edge in self.lifecycle.legal(None) for seconds in edge.does.deadlines.values()]
            ttl = (ttl if ttl is not None else min(defaults)) + (begin - at) / bodies.MICROSECONDS
        values = dict(fields) if fields.get(id_field) is not None else {**fields, id_field: self._made_id()}
        record, change = engine.create(
            steps.kind, at=at / bodies.MICROSECONDS, ttl=ttl, event=event, strict=steps.strict, **values
        )
        body, metadata = bodies.body_of(record)
        trace = self._trace()
        kept = f',"trace":{bodies.text(trace)}' if trace else ""
        return record, Entry(
            tenant=steps.tenant,
            run_id=getattr(record, id_field),
            seq=1,
            lifecycle=self.lifecycle.name,
            version=self.lifecycle.version,
            event=str(change.event),
            source=None,
            target=str(change.target),
            ends=not self.lifecycle.legal(change.target),
            at=at,
            actor=actor or steps.actor,
            payload=f'{{"record":{body}{kept}}}',
            metadata=metadata,
        )

    def _trace(self) -> Mapping[str, str]:
        """W3C trace context to keep with a creation: none, unless `runstate.telemetry` says one."""
        return {}

    def _made_id(self) -> str:
        return f"run_{self._new_id()}" if issubclass(self._steps.kind, Run) else self._new_id()

    def _new_row(self, record: R, entry: Entry, *, queue: str, begin: int | None, retried: Row | None) -> Row:
        body, metadata = bodies.body_of(record)
        thread = getattr(record, "thread_id", None)
        row = Row(
            tenant=entry.tenant,
            id=entry.run_id,
            lifecycle=entry.lifecycle,
            version=entry.version,
            status=entry.target,
            rev=1,
            created=entry.at,
            at=entry.at,
            queue=queue,
            assistant=getattr(record, "assistant_id", None),
            thread=thread,
            slot=thread if self._one_per_thread else None,
            max_attempts=self._max_attempts if self._steps.plan.can_fail else None,
            ready_at=begin,
            retry_of=None if retried is None else retried.id,
            retry_no=0 if retried is None else retried.retry_no + 1,
            body=body,
            metadata=metadata,
        )
        return self._steps.placed(row, record, came_from=None)

    def _check_free(self, tx: Tx, row: Row) -> None:
        """Refuse what the database would refuse, by name."""
        there = tx.get(row.tenant, row.id)
        if there is not None:
            raise Conflict(
                reason="the id is taken",
                advice="Give each run an id of its own, or none.",
                run_id=row.id,
                winner=winner_of(tx.entry(row.tenant, row.id, seq=1)),
            )
        if row.slot is None:
            return
        holders = tx.find(Find(tenant=row.tenant, lifecycle=row.lifecycle, slot=row.slot, limit=1))
        if holders:
            raise Conflict(
                reason=f"thread {row.slot!r} has a live run already",
                advice="Wait for it to end, or cancel it.",
                run_id=holders[0].id,
                winner=winner_of(tx.entry(row.tenant, holders[0].id, seq=1)),
                seen=holders[0].rev,
            )

    # -- events --------------------------------------------------------------------------------------------------------

    def fire(
        self,
        run_id: str,
        event: str,
        *,
        ttl: float | None = None,
        key: str | None = None,
        actor: str | None = None,
        claim: Claim[Any] | None = None,
        rev: int | None = None,
        connection: object = None,
        **payload: Any,
    ) -> R:
        """Move a run by any event of its lifecycle; the run as it is after it.

        The keywords beyond `ttl` and `payload` are those of `How`.

        :raises NotFound: where there is no such run of this tenant.
        :raises IllegalTransition: where the table does not allow it now, `AlreadyTerminal` where the run has ended; the
            error's ``winner`` is the change that was first.
        :raises Conflict: where `rev` was given and the run is at another; names the winner.
        :raises LeaseLost: where `claim` was given and is over.
        :raises IdempotencyMismatch: where `key` was used for another request.
        :raises UnknownEvent: as `runstate.apply` does; so are BadPayload, GuardFailed and BadRecord.
        """
        how = How(key=key, actor=actor, claim=claim, rev=rev, connection=connection)
        ask = Ask(event, payload, ttl)
        mark: Callable[[], str] = lambda: bodies.fingerprint(str(event), ttl, payload)  # noqa: E731
        return self._steps.change(run_id, lambda _row, _record, _at: (ask,), how, mark).record

    def start(self, run_id: str, **how: Unpack[How]) -> R:
        """Work on the run begins, or goes on; see `fire`.  Workers `claim` instead."""
        return self.fire(run_id, "start", **how)

    def require_action(
        self, run_id: str, required_action: RequiredAction | Sequence[ToolCall], **how: Unpack[How]
    ) -> R:
        """The run waits for the outputs of tool calls; see `fire`."""
        if not isinstance(required_action, RequiredAction):
            required_action = RequiredAction.calls(*required_action)
        return self.fire(run_id, "require_action", required_action=required_action, **how)

    def submit_tool_outputs(
        self, run_id: str, tool_outputs: Iterable[ToolOutput | Mapping[str, Any]], **how: Unpack[How]
    ) -> R:
        """Answer all open tool calls at once; the run is queued again.  See `fire`.

        :raises GuardFailed: where the outputs do not cover every open call, each once.
        """
        return self.fire(run_id, "submit_tool_outputs", tool_outputs=tuple(tool_outputs), **how)

    def complete(self, run_id: str, *, usage: Usage | None = None, **how: Unpack[How]) -> R:
        """The run ended well; see `fire`."""
        return self.fire(run_id, "complete", **_given(usage=usage), **how)

    def end_incomplete(
        self,
        run_id: str,
        *,
        incomplete_details: IncompleteDetails | None = None,
        usage: Usage | None = None,
        **how: Unpack[How],
    ) -> R:
        """The run ended early; see `fire`."""
        given = _given(incomplete_details=incomplete_details, usage=usage)
        return self.fire(run_id, "end_incomplete", **given, **how)

    def fail(self, run_id: str, last_error: LastError, *, usage: Usage | None = None, **how: Unpack[How]) -> R:
        """The run ended with an error; see `fire`."""
        return self.fire(run_id, "fail", last_error=last_error, **_given(usage=usage), **how)

    def confirm_cancel(self, run_id: str, *, usage: Usage | None = None, **how: Unpack[How]) -> R:
        """The run has stopped as it was asked to; see `fire`."""
        return self.fire(run_id, "confirm_cancel", **_given(usage=usage), **how)

    def expire(self, run_id: str, *, usage: Usage | None = None, **how: Unpack[How]) -> R:
        """The run's time is over; see `fire`.  A `sweep` does this by itself.

        :raises GuardFailed: where it is not.
        """
        return self.fire(run_id, "expire", **_given(usage=usage), **how)

    def cancel(
        self,
        run_id: str,
        *,
        confirm: bool | None = None,
        timeout: float | None = None,
        **how: Unpack[How],
    ) -> Cancelled[R]:
        """Ask a run to stop, and say what became of that: ``accepted``, or ``already`` stopping or ended.

        A run that nobody holds is cancelled at once.  The holder of a claimed run hears of it at its next heartbeat and
        confirms; when its lease or the `timeout` ends, a `sweep` confirms in its place.

        :param confirm: True, False: end it at once or not, whoever holds it; None: at once where nobody does.
        :param timeout: seconds that the holder has; ``cancel_timeout`` where None.
        :raises IllegalTransition: where this lifecycle knows no cancellation from the run's status.
        """
        steps, roles, plan = self._steps, self._steps.roles, self._steps.plan
        cancel = roles.cancel
        if cancel is None:
            cancel = "cancel"  # the engine names the events that there are
        check_number(timeout=timeout)
        patience = micros(self._cancel_timeout if timeout is None else timeout)

        def asks(row: Row, _record: R, at: int) -> Sequence[Ask]:
            nothing_left = row.status in self.lifecycle.terminal or row.status in plan.stopping
            if nothing_left and self.lifecycle.transition(row.status, cancel) is None:
                return ()
            unheld = row.lease_until is None or row.lease_until <= at
            events = [Ask(cancel, {})]
            if (unheld if confirm is None else confirm) and roles.confirm_cancel is not None and plan.stopping:
                events.append(Ask(roles.confirm_cancel, {}))
            return events

        actor = how.get("actor") or steps.actor

        def noted(row: Row) -> Row:
            if row.cancel_by is not None or row.status not in plan.stopping:
                return row
            return steps.woken(attrs.evolve(row, cancel_by=actor, cancel_at=row.at + patience))

        mark: Callable[[], str] = lambda: bodies.fingerprint("cancel", confirm, timeout)  # noqa: E731
        done = self._steps.change(run_id, asks, how, mark, noted)
        outcome: Literal["accepted", "already"] = "already" if not done.entries else "accepted"
        return Cancelled(outcome=outcome, status=str(_status(self.lifecycle, done.record)), run=done.record)

    def update_metadata(self, run_id: str, metadata: Mapping[str, str] | None, *, connection: object = None) -> R:
        """Replace the metadata, in whatever status; no change of the run, so no journal entry of its own.

        :raises NotFound: where there is no such run of this tenant.
        :raises BadRecord: where it breaks the limits of metadata.
        """

        def once() -> R:
            with self.store.transaction(connection=connection) as tx:
                row = self._steps.row(tx, run_id, lock=True)
                record: R = attrs.evolve(self._steps.record(row), metadata=metadata)  # type: ignore[misc]
                _, text = bodies.body_of(record)
                self._steps.put(tx, row, attrs.evolve(row, metadata=text), None)
                return record

        return self._steps.repeated(once)

    # -- reading -------------------------------------------------------------------------------------------------------

    def get(self, run_id: str, *, connection: object = None) -> R:
        """The run.

        :raises NotFound: where there is no such run of this tenant.
        """
        with self.store.transaction(write=False, connection=connection) as tx:
            return self._steps.record(self._steps.row(tx, run_id))

    def row(self, run_id: str) -> Row:
        """The run as it is stored: revision, claim, attempts, who asked to cancel, which run it retries.

        :raises NotFound: where there is no such run of this tenant.
        """
        with self.store.transaction(write=False) as tx:
            return self._steps.row(tx, run_id)

    def list(
        self,
        *,
        status: str | Iterable[str] | None = None,
        thread: str | None = None,
        assistant: str | None = None,
        queue: str | None = None,
        retry_of: str | None = None,
        worker: str | None = None,
        order: Literal["newest", "oldest"] = "newest",
        limit: int = 20,
        after: str | None = None,
    ) -> Page[R]:
        """Some runs, by creation; those created while one turns the pages are neither lost nor seen twice.

        :param after: `Page.after` of the page before.
        :raises StoreError: where `after` is none of those.
        """
        page = self._rows().list(
            status=status,
            thread=thread,
            assistant=assistant,
            queue=queue,
            retry_of=retry_of,
            worker=worker,
            order=order,
            limit=limit,
            after=after,
        )
        return Page(runs=tuple(map(self._steps.record, page.runs)), after=page.after)

    def history(self, run_id: str) -> tuple[Entry, ...]:
        """The run's journal, from its creation on.

        :raises NotFound: where there is no such run of this tenant.
        """
        with self.store.transaction(write=False) as tx:
            self._steps.row(tx, run_id)
            return tuple(tx.history(self._steps.tenant, run_id))

    def at(self, run_id: str, seq: int) -> R:
        """The run as it was after change `seq`: the fold of its journal up to there.

        :raises SchemaMismatch: where a change of an earlier version of the lifecycle cannot be replayed; see `earlier`.
        :raises BadRecord: where the present class cannot read what an earlier one had; of an assistant's, DecodeError.
        :raises NotFound: where there is no such run of this tenant.
        :raises StoreError: where there is no such change.
        """
        with self.store.transaction(write=False) as tx:
            row = self._steps.row(tx, run_id)
            if not 1 <= seq <= row.rev:
                raise StoreError(reason=f"there is no change {seq}; the run has 1 to {row.rev}", run_id=run_id)
            return self._steps.folded(tx, run_id, seq)

    def trace_of(self, run_id: str) -> Mapping[str, str]:
        """The W3C trace context in which the run was created; empty where `runstate.telemetry` was not there to say it.

        It is kept in the journal, beside the record and not in it.

        :raises NotFound: where there is no such run of this tenant.
        """
        with self.store.transaction(write=False) as tx:
            self._steps.row(tx, run_id)
            entry = tx.entry(self._steps.tenant, run_id, seq=1)
        kept = {} if entry is None else entry.arguments.get("trace", {})
        return FrozenDict({str(name): str(value) for name, value in kept.items()})

    def depth(self) -> Mapping[tuple[str, str], int]:
        """How many runs claims and sweeps have before them, by queue and status.

        One that waits for somebody else and has no deadline is not counted.  Two small indexes answer it, however many
        runs have ended.
        """
        with self.store.transaction(write=False) as tx:
            return FrozenDict(tx.depth(self._steps.tenant, self.lifecycle.name))

    # -- the outbox ----------------------------------------------------------------------------------------------------

    def events(
        self, *, after: str | None = None, subscriber: str | None = None, limit: int = _DELIVERY_BATCH
    ) -> tuple[Entry, ...]:
        """Committed changes of all runs of this tenant and lifecycle beyond a cursor.  Each entry brings its cursor.

        The changes of one run come in order; nothing that is committed later ever comes before what was read.

        :param after: a cursor; the beginning where it and `subscriber` are None.
        :param subscriber: read on from where this subscriber of this lifecycle left its cursor by `acknowledge`.
        """
        if after is None and subscriber is not None:
            with self.store.transaction(write=False) as tx:
                after = tx.cursor(self._steps.tenant, self._subscriber(subscriber))
        return self._rows().events(after=after or "", limit=limit)

    def acknowledge(self, subscriber: str, cursor: str) -> None:
        """Leave a cursor for `events`: everything up to it was dealt with."""
        with self.store.transaction() as tx:
            tx.set_cursor(self._steps.tenant, self._subscriber(subscriber), cursor)

    def _subscriber(self, name: str) -> str:
        """What a store knows a subscriber by: drivers of several lifecycles share the tenant's outbox, not their cursors."""
        check_text(subscriber=name)
        return f"{self.lifecycle.name}:{name}"

    def wire_events(
        self, *, after: str | None = None, run_id: str | None = None, limit: int = _DELIVERY_BATCH
    ) -> Iterator[bytes]:
        """Changes as server-sent events, ready to be sent on: name, the run as it was, and the cursor as ``id``.

        A client that comes back with a ``Last-Event-ID`` gets what it has missed by passing it as `after`.  Where one
        change is announced by two events, only the second has an id: whoever saw just the first gets both again.

        :param run_id: only the changes of this run.
        """
        check_number(least=1, limit=limit)
        seen: dict[str, tuple[int, Any]] = {}
        if run_id is None:
            entries: Sequence[Entry] = self.events(after=after, limit=limit)
        else:
            beyond = parse_cursor(after or "")
            entries = [entry for entry in self.history(run_id) if parse_cursor(entry.cursor) > beyond][:limit]
        for entry in entries:
            if entry.event == bodies.MIGRATE:  # nothing has happened to the run: no stream ever told of it
                continue
            record = self._record_at(entry, seen)
            edge = self.versions.get(entry.version, self.lifecycle).transition(entry.source, entry.event)
            names = (edge.wire if edge is not None else ()) or (entry.event,)
            body = bodies.text(record)
            for name in names:
                yield sse.encode(name, body, id=entry.cursor if name is names[-1] else None)

    def _record_at(self, entry: Entry, seen: dict[str, tuple[int, Any]]) -> Any:
        """The fold up to an entry, going on from one before it where that is known."""
        seq, record = seen.get(entry.run_id, (0, None))
        with self.store.transaction(write=False) as tx:
            entries = tx.history(entry.tenant, entry.run_id, after=seq, limit=entry.seq - seq)
        if not entries and record is not None:
            return record
        folded = self._steps.fold(entries, record)
        seen[entry.run_id] = entry.seq, folded
        return folded

    def wait(self, run_id: str, until: Literal["stop", "terminal"] = "terminal", timeout: float | None = None) -> R:
        """The run, once it has ended or (``stop``) somebody else must act, such as submit tool outputs.

        :param timeout: seconds; None waits for ever.
        :raises WaitTimeout: where it did not get there in time.
        :raises NotFound: where there is no such run of this tenant.
        """
        if until not in {"stop", "terminal"}:
            raise ValueError(f"until is {until!r}, wanted is 'stop' or 'terminal'")
        check_number(timeout=timeout)
        goal = self.lifecycle.terminal | (self.lifecycle.stops if until == "stop" else frozenset())
        began = time.monotonic()
        look = 0.005
        while True:
            run = self.get(run_id)
            status = _status(self.lifecycle, run)
            waited = time.monotonic() - began
            if status in goal:
                return run
            if timeout is not None and waited >= timeout:
                raise WaitTimeout(
                    reason=f"it is {str(status)!r} after {waited:.3g} seconds",
                    run_id=run_id,
                    status=str(status),
                    seconds=waited,
                )
            self.store.pause(look if timeout is None else min(look, timeout - waited))
            look = min(look * 1.5, _LONGEST_LOOK)

    # -- workers -------------------------------------------------------------------------------------------------------

    def claim(
        self, worker: str, *, lease: float = 30.0, queue: str | None = None, assistant: str | None = None
    ) -> Claim[R] | None:
        """Take the run that has waited longest: one that is ready, which is started, or one whose worker is gone.

        A live lease does not stop the run's time to live.

        :param worker: who takes it; also the actor of what is started.
        :param lease: seconds until the claim ends unless prolonged by `heartbeat`.
        :param queue: only of this queue.
        :param assistant: only of this assistant.
        :return: None where there is nothing to do.
        """
        return claims.claim(self._steps, worker, lease=lease, queue=queue, assistant=assistant)

    def heartbeat(self, claim: Claim[R], *, lease: float = 30.0) -> Claim[R]:
        """Prolong a claim; the answer is the claim to go on with, and says whether the run is being cancelled.

        :raises LeaseLost: where the claim is over: stop working.
        """
        return claims.heartbeat(self._steps, claim, lease=lease)

    def release(self, claim: Claim[R], *, delay: float = 0.0, counts: bool = False) -> None:
        """Give a run back: another claim may take it, after `delay` seconds.

        :param counts: whether this was an attempt that failed.
        :raises LeaseLost: where the claim is over.
        """
        claims.release(self._steps, claim, delay=delay, counts=counts)

    def leg(self, claim: Claim[R]) -> AbstractContextManager[Callable[[BaseException], object]]:
        """What lasts as long as the work by one claim: nothing here, a span where `runstate.telemetry` is at work.

        The loops of `runstate.worker` enter it; so should a loop of your own.  It yields a function to call with what
        the work raised, if it did.
        """
        del claim
        return nullcontext(lambda _error: None)

    def sweep(self, *, limit: int = 1000) -> Swept:
        """End what is expired, free or fail what lost its lease, end a cancellation that nobody confirms.

        Safe anywhere, any number at once, and to be killed in the middle: each run is treated in a transaction of its
        own, by what stands there then.
        """
        return claims.sweep(self._steps, limit=limit)

    def prune(self, *, older_than: float, limit: int | None = None, dry_run: bool = False, batch: int = 500) -> Pruned:
        """Remove runs that ended so many seconds ago, with their journals and idempotency keys.

        :param batch: runs that one transaction removes.
        """
        return claims.prune(self._steps, older_than=older_than, limit=limit, dry_run=dry_run, batch=batch)


def _versions(lifecycle: Lifecycle, earlier: Iterable[Any]) -> Mapping[str, Lifecycle]:
    versions = {lifecycle.version: lifecycle}
    for kind in earlier:
        old: Lifecycle = kind.__lifecycle__
        if old.name != lifecycle.name or old.version in versions:
            taken = ", ".join(versions)
            raise ValueError(
                f"{kind.__name__} has {old.name!r} {old.version!r}; wanted is {lifecycle.name!r} in versions other than {taken}"
            )
        versions[old.version] = old
    return FrozenDict(versions)


def _given(**payload: object) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if value is not None}


def _status(lifecycle: Lifecycle, record: object) -> str:
    status: str = getattr(record, lifecycle.status_field)
    return status
