"""`SqlTx`: one transaction over a database that speaks SQL, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from runstate.errors import SchemaMismatch, StoreError
from runstate.stores import sql
from runstate.stores.base import Clock, Edge, Entry, Find, Row, stored_otherwise

__all__ = ["Answer", "SqlTx", "add_edges", "check_current", "driver_connection", "migrate", "parse_cursor"]


class Answer(NamedTuple):
    """What a statement answered."""

    rows: Sequence[Sequence[Any]]
    changed: int
    """How many rows it changed."""


Run = Callable[[str, Mapping[str, Any]], Answer]
"""Executes one statement and turns the driver's errors into those of `runstate.errors`."""


C = TypeVar("C")


def driver_connection(connection: object, kind: type[C]) -> C:
    """The driver's connection inside what a host hands over: itself, or what SQLAlchemy's connection or session is over.

    :raises TypeError: where there is none of this kind inside.
    """
    inner: Any = connection
    if not isinstance(inner, kind) and callable(getattr(inner, "connection", None)):
        inner = inner.connection()  # a session
    under_way = getattr(inner, "in_transaction", None)  # of SQLAlchemy a method, of sqlite3 a flag
    if not isinstance(inner, kind) and callable(under_way) and not under_way():
        inner.begin()  # pyright: ignore[reportAttributeAccessIssue]  # else its commit() would not know that there is something to commit
    for name in ("connection", "driver_connection"):
        if isinstance(inner, kind):
            break
        inner = getattr(inner, name, None)
    if isinstance(inner, kind):
        return inner
    wanted = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    raise TypeError(f"connection is {type(connection).__name__}, neither {wanted} nor SQLAlchemy's over one")


def parse_cursor(cursor: str) -> tuple[int, int]:
    """The two numbers of a cursor; the empty one is before everything.

    :raises StoreError: where it is none.
    """
    if not cursor:
        return -1, -1
    xact, _, pos = cursor.partition("-")
    numbers = xact.isdecimal() and pos.isdecimal() and cursor.isascii() and len(cursor) <= 40
    if not numbers or max(int(xact), int(pos)) >= 2**63:  # it may come from a client, as Last-Event-ID
        reason = f"{cursor[:40]!r} is no cursor"
        raise StoreError(reason=reason, advice="Pass on one that came with an entry, or an empty one.")
    return int(xact), int(pos)


class SqlTx:
    """See `runstate.stores.base.Tx`."""

    def __init__(self, dialect: sql.Dialect, run: Run, clock: Clock | None = None) -> None:
        """`clock`: None where it is the database's."""
        self._dialect: sql.Dialect = dialect
        self._ask = run
        self._clock = clock
        self._read: int | None = None
        """The database's clock, where the last statement has brought it along and nobody has asked for it yet."""

    def _run(self, text: str, values: Mapping[str, Any]) -> Answer:
        self._read = None
        return self._ask(text, values)

    def now(self) -> int:
        if self._clock is not None:
            return self._clock()
        read, self._read = self._read, None
        return int(self._run(sql.CLOCK, {}).rows[0][0]) if read is None else read

    def get(self, tenant: str, run_id: str, *, lock: bool = False) -> Row | None:
        values = {"tenant": tenant, "id": run_id}
        text = sql.ROW + sql.LOCK[self._dialect] if lock else sql.ROW
        if not lock or self._clock is not None:
            rows = self._run(text, values).rows
            return sql.row_of(rows[0]) if rows else None
        rows = self._run(sql.with_clock(text, sql.CLOCK), values).rows
        if not rows:
            return None
        *found, self._read = rows[0]
        return sql.row_of(found)

    def find(self, find: Find) -> Sequence[Row]:
        return [sql.row_of(values) for values in self._run(*sql.find(find, self._dialect)).rows]

    def add(self, row: Row, entry: Entry) -> None:
        values = sql.entry_values(entry)
        self._run(sql.ADD_ROW, sql.row_values(row))
        self._run(sql.ADD_ENTRY, values)
        if entry.key is not None:
            self._run(sql.ADD_KEY, {name: values[name] for name in ("tenant", "idem_key", "idem_fp", "run_id")})

    def move(self, before: Row, after: Row, entry: Entry | None = None, *, held_at: int | None = None) -> bool:
        values = sql.row_values(after)
        values |= {"was_rev": before.rev, "was_edits": before.edits, "was_fence": before.fence}
        text = sql.MOVE
        if held_at is not None:
            text = sql.MOVE_HELD
            values["held_at"] = held_at
        if entry is not None and self._dialect == "postgres":
            values |= {f"j_{name}": value for name, value in sql.entry_values(entry).items()}
            return self._run(sql.with_entry(text), values).changed == 1
        if self._run(text, values).changed != 1:
            return False
        if entry is not None:
            self._run(sql.ADD_ENTRY, sql.entry_values(entry))
        return True

    def depth(self, tenant: str, lifecycle: str) -> Mapping[tuple[str, str], int]:
        rows = self._run(sql.DEPTH, {"tenant": tenant, "lifecycle": lifecycle}).rows
        return {(queue, status): count for queue, status, count in rows}

    def entry(self, tenant: str, run_id: str, *, seq: int | None = None, key: str | None = None) -> Entry | None:
        text, values = (sql.ENTRY_BY_SEQ, {"seq": seq}) if key is None else (sql.ENTRY_BY_KEY, {"key": key})
        rows = self._run(text, {"tenant": tenant, "run_id": run_id, **values}).rows
        return sql.entry_of(rows[0]) if rows else None

    def history(self, tenant: str, run_id: str, *, after: int = 0, limit: int | None = None) -> Sequence[Entry]:
        values = {
            "tenant": tenant,
            "run_id": run_id,
            "after": after,
            "limit": sql.EVERYTHING if limit is None else limit,
        }
        return [sql.entry_of(row) for row in self._run(sql.HISTORY, values).rows]

    def events(self, tenant: str, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        xact, pos = parse_cursor(after)
        values = {"tenant": tenant, "xact": xact, "pos": pos, "limit": limit}
        return [sql.entry_of(row) for row in self._run(sql.EVENTS[self._dialect], values).rows]

    def latest(self, tenant: str) -> str:
        rows = self._run(sql.LATEST[self._dialect], {"tenant": tenant}).rows
        return f"{rows[0][0]}-{rows[0][1]}" if rows else ""

    def counts(self, tenant: str, lifecycle: str) -> Mapping[str, int]:
        rows = self._run(sql.COUNTS, {"tenant": tenant, "lifecycle": lifecycle}).rows
        return {str(status): int(count) for status, count in rows}

    def edges(self) -> Sequence[Edge]:
        return [Edge(*row) for row in self._run(sql.ALL_EDGES, {}).rows]

    def creation(self, tenant: str, key: str) -> tuple[str, str] | None:
        rows = self._run(sql.CREATION, {"tenant": tenant, "key": key}).rows
        return (rows[0][0], rows[0][1]) if rows else None

    def cursor(self, tenant: str, subscriber: str) -> str:
        rows = self._run(sql.CURSOR, {"tenant": tenant, "subscriber": subscriber}).rows
        return str(rows[0][0]) if rows else ""

    def set_cursor(self, tenant: str, subscriber: str, cursor: str) -> None:
        parse_cursor(cursor)
        self._run(sql.SET_CURSOR, {"tenant": tenant, "subscriber": subscriber, "position": cursor})

    def remove(self, tenant: str, run_ids: Iterable[str]) -> None:
        if self._dialect == "postgres":
            gone = list(run_ids)
            for text in sql.PRUNE_MANY if gone else ():
                self._run(text, {"tenant": tenant, "run_ids": gone})
            return
        for run_id in run_ids:
            for text in sql.PRUNE:
                self._run(text, {"tenant": tenant, "run_id": run_id})


def schema_version(run: Run, dialect: sql.Dialect) -> int:
    """The schema version that stands in the database; 0 for none."""
    if not run(sql.SCHEMA_EXISTS[dialect], {}).rows:
        return 0
    return int(run(sql.SCHEMA_VERSION, {}).rows[0][0] or 0)


def is_current(run: Run, dialect: sql.Dialect) -> bool:
    """Whether the database has the newest schema that this version knows, complete.

    :raises SchemaMismatch: where it has a newer one, or the newest with parts missing.
    """
    newest = len(sql.SCRIPTS[dialect])
    found = schema_version(run, dialect)
    if found > newest:
        raise SchemaMismatch(
            reason="the database was made by a newer version of runstate",
            seen=found,
            known=newest,
            advice="Upgrade runstate; nothing was changed.",
        )
    if found < newest:
        return False
    missing = sql.needed(dialect) - {str(row[0]) for row in run(sql.OBJECTS[dialect], {}).rows}
    if missing:
        raise SchemaMismatch(
            reason="tables, indexes or triggers are missing, and with them what they guarantee",
            seen=sorted(missing),
            known=newest,
            advice="Restore them from runstate.stores.sql.SCRIPTS.",
        )
    return True


def check_current(run: Run, dialect: sql.Dialect) -> None:
    """Refuse a database without the newest schema, and leave it as it is.

    :raises SchemaMismatch: where it has none, another one, or one with parts missing.
    """
    if is_current(run, dialect):
        return
    found = schema_version(run, dialect)
    raise SchemaMismatch(
        reason="the schema is that of an older version of runstate" if found else "no runs are kept in this database",
        seen=found,
        known=len(sql.SCRIPTS[dialect]),
        advice="The first program that opens it to write brings the schema; nothing was changed.",
    )


def migrate(run: Run, dialect: sql.Dialect) -> None:
    """Run the scripts that the database has not seen.  The caller holds the lock and the transaction."""
    if is_current(run, dialect):
        return
    for version in range(schema_version(run, dialect) + 1, len(sql.SCRIPTS[dialect]) + 1):
        for text in sql.SCRIPTS[dialect][version - 1]:
            run(text, {})
        run(sql.SCHEMA_REACHED, {"version": version})


def knows(run: Run, edges: Sequence[Edge]) -> bool:
    """Whether the table of legality has these changes, which are all of one version.

    :raises SchemaMismatch: where it has the version with other changes.
    """
    if not edges:
        return True
    rows = run(sql.EDGES, {"lifecycle": edges[0].lifecycle, "version": edges[0].version}).rows
    seen, known = {Edge(*row) for row in rows}, set(edges)
    if rows and seen != known:
        raise stored_otherwise(seen, known)
    return bool(rows)


def add_edges(run: Run, edges: Sequence[Edge]) -> None:
    """Fill the table of legality."""
    if not knows(run, edges):
        for edge in edges:
            run(sql.ADD_EDGE, edge._asdict())
