"""`Rows`: what a store holds, read without the record class that its host has for it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import attrs

from runstate.errors import NotFound, StoreError
from runstate.runs.bodies import MIGRATE
from runstate.runs.values import Page, check_number, check_text, is_text
from runstate.stores.base import Entry, Find, Row, Store, Tx
from runstate.stores.transaction import parse_cursor

__all__ = ["Known", "Rows", "known_lifecycles", "row_in"]

BATCH: Final = 100
_LONGEST_LOOK: Final = 0.5
"""Seconds between two looks of `Rows.follow` at most."""


@attrs.frozen(kw_only=True)
class Known:
    """A lifecycle as a store knows it: as data, whether or not this program has its definition."""

    name: str
    versions: tuple[str, ...]
    statuses: frozenset[str]
    """Of all versions."""


def row_in(tx: Tx, tenant: str, lifecycle: str, run_id: str, *, lock: bool = False) -> Row:
    """The row of a run of this tenant and lifecycle.

    :raises NotFound: where there is none.
    """
    row = tx.get(tenant, run_id, lock=lock) if is_text(run_id) else None
    if row is None or row.lifecycle != lifecycle:
        raise NotFound(reason=f"there is no such run of {lifecycle!r} here", run_id=run_id)
    return row


def known_lifecycles(store: Store) -> Mapping[str, Known]:
    """The lifecycles that were made known to a store, by name."""
    with store.transaction(write=False) as tx:
        # what a migration may write is of no version of a lifecycle
        edges = [edge for edge in tx.edges() if edge.event != MIGRATE]
    return {
        name: Known(
            name=name,
            versions=tuple(sorted({edge.version for edge in edges if edge.lifecycle == name})),
            statuses=frozenset(edge.target for edge in edges if edge.lifecycle == name),
        )
        for name in sorted({edge.lifecycle for edge in edges})
    }


@attrs.frozen
class Rows:
    """The runs of one lifecycle, of one tenant, as they are stored.  It reads and never writes."""

    store: Store
    lifecycle: str
    """By name; the store need not know it."""
    tenant: str = attrs.field(default="", kw_only=True)

    def get(self, run_id: str) -> Row:
        """The run.

        :raises NotFound: where there is no such run of this tenant and lifecycle.
        """
        with self.store.transaction(write=False) as tx:
            return self._row(tx, run_id)

    def _row(self, tx: Tx, run_id: str) -> Row:
        return row_in(tx, self.tenant, self.lifecycle, run_id)

    def snapshot(self, run_id: str) -> tuple[Row, tuple[Entry, ...], int]:
        """The run, its whole journal, and the store's clock in microseconds: all as of one moment.

        :raises NotFound: where there is no such run of this tenant and lifecycle.
        """
        with self.store.transaction(write=False) as tx:
            return self._row(tx, run_id), tuple(tx.history(self.tenant, run_id)), tx.now()

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
    ) -> Page[Row]:
        """Some runs, by creation; those created while one turns the pages are neither lost nor seen twice.

        :param after: `Page.after` of the page before.
        :raises StoreError: where `after` is none of those.
        """
        check_number(limit=limit)
        check_text(thread=thread, assistant=assistant, queue=queue, retry_of=retry_of, worker=worker)
        find = Find(
            tenant=self.tenant,
            lifecycle=self.lifecycle,
            statuses=None if status is None else (str(status),) if isinstance(status, str) else tuple(map(str, status)),
            thread=thread,
            assistant=assistant,
            queue=queue,
            retry_of=retry_of,
            owner=worker,
            order=order,
            limit=limit + 1,
            after=None if after is None else _place(after),
        )
        with self.store.transaction(write=False) as tx:
            rows = tx.find(find)
        shown = tuple(rows[:limit])
        return Page(runs=shown, after=_token(shown[-1]) if len(rows) > limit and shown else None)

    def counts(self) -> Mapping[str, int]:
        """How many runs are in each status, of those that any is in."""
        with self.store.transaction(write=False) as tx:
            return tx.counts(self.tenant, self.lifecycle)

    def now(self) -> int:
        """The store's clock, microseconds since the epoch."""
        with self.store.transaction(write=False) as tx:
            return tx.now()

    def history(self, run_id: str, *, after: int = 0) -> tuple[Entry, ...]:
        """The run's journal beyond change `after`.

        :raises NotFound: where there is no such run of this tenant and lifecycle.
        """
        with self.store.transaction(write=False) as tx:
            self._row(tx, run_id)
            return tuple(tx.history(self.tenant, run_id, after=after))

    def events(self, *, after: str = "", limit: int = BATCH) -> tuple[Entry, ...]:
        """Committed changes of all runs beyond a cursor.  Each entry brings its cursor.

        The changes of one run come in order; nothing that is committed later ever comes before what was read.

        :raises StoreError: where `after` is no cursor.
        """
        check_number(least=1, limit=limit)
        found: list[Entry] = []
        with self.store.transaction(write=False) as tx:
            while True:
                entries = tx.events(self.tenant, after=after, limit=limit)
                found += [entry for entry in entries if entry.lifecycle == self.lifecycle]
                if len(entries) < limit or len(found) >= limit:
                    return tuple(found[:limit])
                after = entries[-1].cursor

    def follow(self, run_id: str | None = None, *, after: str | None = None) -> Iterator[Entry]:
        """Changes as they are committed, for ever; of one run until it has ended.

        :param run_id: only this run, from its creation on.
        :param after: only what is beyond this cursor; without it and without `run_id`, what is committed from now on.
        :raises NotFound: where there is no such run of this tenant and lifecycle (any more).
        :raises StoreError: where `after` is no cursor.
        """
        beyond = parse_cursor(after or "")
        if run_id is None:
            yield from self._follow_all(self._latest() if after is None else after)
            return
        seq = 0
        while True:
            entries = self.history(run_id, after=seq)
            for entry in entries:
                seq = entry.seq
                if parse_cursor(entry.cursor) > beyond:
                    yield entry
                if entry.ends:
                    return
            if not entries:
                self.store.pause(_LONGEST_LOOK)

    def _follow_all(self, cursor: str) -> Iterator[Entry]:
        while True:
            with self.store.transaction(write=False) as tx:
                entries = tx.events(self.tenant, after=cursor, limit=BATCH)
            for entry in entries:
                cursor = entry.cursor  # also beyond what is not shown: it is not read again
                if entry.lifecycle == self.lifecycle:
                    yield entry
            if not entries:
                self.store.pause(_LONGEST_LOOK)

    def _latest(self) -> str:
        with self.store.transaction(write=False) as tx:
            return tx.latest(self.tenant)


def _token(row: Row) -> str:
    return base64.urlsafe_b64encode(f"{row.created}:{row.id}".encode()).decode()


def _place(token: str) -> tuple[int, str]:
    try:
        created, _, run_id = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        return int(created), run_id
    except (ValueError, binascii.Error) as error:
        raise StoreError(reason=f"{token[:40]!r} is no place in a list", advice="Pass Page.after on.") from error
