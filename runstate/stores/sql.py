"""All SQL of the stores, for SQLite and PostgreSQL: one text where they agree, which is nearly everywhere.

Parameters are written ``:name``; `runstate.stores.postgres` respells them.  Statements are fixed texts or put together
from fixed texts; no value ever becomes part of one.

**The database refuses what the table refuses**, whoever writes.  A journal row references a row of ``runstate_legality``
(lifecycle, version, event, source, target, ends), which is filled from the literals.  It starts where the row before it
ended (``prev``, ``source`` reference that row's ``seq``, ``target``), so numbers have no gaps.  A run ends once (a
unique index over the rows that end).  A run's row must show the status and number of a journal row that exists, and the
journal takes no update, and no delete but that of a prune.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Literal

import attrs

from runstate.stores.base import Entry, Find, Row

__all__ = [
    "ADD_EDGE",
    "ADD_ENTRY",
    "ADD_KEY",
    "ADD_ROW",
    "ALL_EDGES",
    "COUNTS",
    "CREATION",
    "CURSOR",
    "DEPTH",
    "EDGES",
    "ENTRY_BY_KEY",
    "ENTRY_BY_SEQ",
    "EVENTS",
    "HISTORY",
    "LATEST",
    "LOCK",
    "MOVE",
    "MOVE_HELD",
    "OBJECTS",
    "PRUNE",
    "PRUNE_MANY",
    "RESTORED",
    "ROW",
    "SCHEMA_VERSION",
    "SCRIPTS",
    "SET_CURSOR",
    "Dialect",
    "entry_of",
    "entry_values",
    "find",
    "respelled",
    "row_of",
    "row_values",
    "with_clock",
    "with_entry",
]

Dialect = Literal["sqlite", "postgres"]

# -- the schema --------------------------------------------------------------------------------------------------------

_WORDS: Final[Mapping[Dialect, Mapping[str, str]]] = {
    "sqlite": {
        "INT": "INTEGER",
        "POSITION": "pos INTEGER PRIMARY KEY AUTOINCREMENT",
        "XACT": "0",
        "ROW_SHOWS_ENTRY": """,
            FOREIGN KEY (tenant, id, rev, status, lifecycle)
                REFERENCES runstate_journal (tenant, run_id, seq, target, lifecycle) DEFERRABLE INITIALLY DEFERRED""",
    },
    "postgres": {
        "INT": "BIGINT",
        "POSITION": "pos BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        # the transaction that wrote the row: readers of the outbox wait for all that began before it
        "XACT": "(pg_current_xact_id()::text::bigint)",
        "ROW_SHOWS_ENTRY": "",  # added once the journal exists
    },
}

_TABLES_1: Final = (
    """CREATE TABLE runstate_legality (
            lifecycle TEXT NOT NULL, version TEXT NOT NULL, event TEXT NOT NULL,
            source TEXT NOT NULL, target TEXT NOT NULL CHECK (target <> ''),
            ends {INT} NOT NULL CHECK (ends IN (0, 1)),
            PRIMARY KEY (lifecycle, version, event, source, target, ends))""",
    """CREATE TABLE runstate_runs (
            tenant TEXT NOT NULL, id TEXT NOT NULL CHECK (id <> ''),
            lifecycle TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL CHECK (status <> ''),
            rev {INT} NOT NULL CHECK (rev >= 1), edits {INT} NOT NULL CHECK (edits >= 0),
            created {INT} NOT NULL CHECK (created >= 0), at {INT} NOT NULL CHECK (at >= created),
            queue TEXT NOT NULL, assistant TEXT, thread TEXT, slot TEXT,
            fence {INT} NOT NULL CHECK (fence >= 0), owner TEXT, lease_until {INT},
            attempt {INT} NOT NULL CHECK (attempt >= 0), max_attempts {INT} CHECK (max_attempts >= 1),
            ready_at {INT}, due_at {INT}, cancel_at {INT}, cancel_by TEXT, wake_at {INT},
            retry_of TEXT, retry_no {INT} NOT NULL CHECK (retry_no >= 0),
            body TEXT NOT NULL, metadata TEXT,
            PRIMARY KEY (tenant, id),
            CHECK ((owner IS NULL) = (lease_until IS NULL)),
            CHECK (owner IS NULL OR fence >= 1){ROW_SHOWS_ENTRY})""",
    """CREATE TABLE runstate_journal (
            xact {INT} NOT NULL DEFAULT {XACT},
            {POSITION},
            tenant TEXT NOT NULL, run_id TEXT NOT NULL, seq {INT} NOT NULL CHECK (seq >= 1), prev {INT},
            lifecycle TEXT NOT NULL, version TEXT NOT NULL, event TEXT NOT NULL,
            source TEXT NOT NULL, target TEXT NOT NULL, ends {INT} NOT NULL,
            at {INT} NOT NULL CHECK (at >= 0), actor TEXT, idem_key TEXT, idem_fp TEXT,
            payload TEXT NOT NULL, metadata TEXT,
            UNIQUE (tenant, run_id, seq, target, lifecycle),
            CHECK ((seq = 1) = (prev IS NULL)),
            CHECK (prev IS NULL OR prev = seq - 1),
            CHECK ((seq = 1) = (source = '')),
            CHECK ((idem_key IS NULL) = (idem_fp IS NULL)),
            FOREIGN KEY (lifecycle, version, event, source, target, ends)
                REFERENCES runstate_legality (lifecycle, version, event, source, target, ends),
            FOREIGN KEY (tenant, run_id, prev, source, lifecycle)
                REFERENCES runstate_journal (tenant, run_id, seq, target, lifecycle) DEFERRABLE INITIALLY IMMEDIATE,
            FOREIGN KEY (tenant, run_id) REFERENCES runstate_runs (tenant, id) DEFERRABLE INITIALLY DEFERRED)""",
    """CREATE TABLE runstate_keys (
            tenant TEXT NOT NULL, idem_key TEXT NOT NULL, idem_fp TEXT NOT NULL, run_id TEXT NOT NULL,
            PRIMARY KEY (tenant, idem_key),
            FOREIGN KEY (tenant, run_id) REFERENCES runstate_runs (tenant, id) DEFERRABLE INITIALLY DEFERRED)""",
    """CREATE TABLE runstate_cursors (
            tenant TEXT NOT NULL, subscriber TEXT NOT NULL, position TEXT NOT NULL, PRIMARY KEY (tenant, subscriber))""",
    "CREATE TABLE runstate_pruning (tenant TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (tenant, run_id))",
    "CREATE UNIQUE INDEX runstate_journal_seq ON runstate_journal (tenant, run_id, seq)",
    "CREATE UNIQUE INDEX runstate_journal_ends_once ON runstate_journal (tenant, run_id) WHERE ends = 1",
    """CREATE UNIQUE INDEX runstate_journal_idem ON runstate_journal (tenant, run_id, idem_key)
            WHERE idem_key IS NOT NULL""",
    "CREATE INDEX runstate_journal_outbox ON runstate_journal (tenant, xact, pos)",
    "CREATE UNIQUE INDEX runstate_runs_slot ON runstate_runs (tenant, lifecycle, slot) WHERE slot IS NOT NULL",
    "CREATE INDEX runstate_runs_created ON runstate_runs (tenant, lifecycle, created, id)",
    "CREATE INDEX runstate_runs_ready ON runstate_runs (tenant, lifecycle, ready_at) WHERE ready_at IS NOT NULL",
    "CREATE INDEX runstate_runs_wake ON runstate_runs (tenant, lifecycle, wake_at) WHERE wake_at IS NOT NULL",
    "CREATE INDEX runstate_runs_thread ON runstate_runs (tenant, thread) WHERE thread IS NOT NULL",
    "CREATE INDEX runstate_keys_run ON runstate_keys (tenant, run_id)",
)

_GUARDS_1: Final[Mapping[Dialect, tuple[str, ...]]] = {
    "sqlite": (
        """CREATE TRIGGER runstate_journal_no_update BEFORE UPDATE ON runstate_journal
            BEGIN SELECT RAISE(ABORT, 'runstate: the journal is append-only'); END""",
        """CREATE TRIGGER runstate_journal_no_delete BEFORE DELETE ON runstate_journal
            WHEN NOT EXISTS (SELECT 1 FROM runstate_pruning p WHERE p.tenant = OLD.tenant AND p.run_id = OLD.run_id)
            BEGIN SELECT RAISE(ABORT, 'runstate: the journal is append-only'); END""",
        """CREATE TRIGGER runstate_runs_no_return BEFORE UPDATE ON runstate_runs
            WHEN NEW.rev < OLD.rev OR NEW.fence < OLD.fence
            BEGIN SELECT RAISE(ABORT, 'runstate: a run does not go back'); END""",
        # INSERT OR REPLACE would delete the old row without asking the trigger above
        """CREATE TRIGGER runstate_journal_no_replace BEFORE INSERT ON runstate_journal
            WHEN EXISTS (SELECT 1 FROM runstate_journal j
                WHERE j.tenant = NEW.tenant AND j.run_id = NEW.run_id AND j.seq = NEW.seq)
            BEGIN SELECT RAISE(ABORT, 'runstate: the number is taken'); END""",
    ),
    "postgres": (
        """ALTER TABLE runstate_runs ADD CONSTRAINT runstate_runs_shows_entry
            FOREIGN KEY (tenant, id, rev, status, lifecycle)
            REFERENCES runstate_journal (tenant, run_id, seq, target, lifecycle) DEFERRABLE INITIALLY DEFERRED""",
        """CREATE FUNCTION runstate_journal_kept() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM runstate_pruning p
                        WHERE p.tenant = OLD.tenant AND p.run_id = OLD.run_id) THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION 'runstate: the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
        """CREATE FUNCTION runstate_runs_forward() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'runstate: a run does not go back' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
        """CREATE TRIGGER runstate_runs_no_return BEFORE UPDATE ON runstate_runs FOR EACH ROW
            WHEN (NEW.rev < OLD.rev OR NEW.fence < OLD.fence) EXECUTE FUNCTION runstate_runs_forward()""",
        """CREATE TRIGGER runstate_journal_no_update BEFORE UPDATE ON runstate_journal
            FOR EACH ROW EXECUTE FUNCTION runstate_journal_kept()""",
        """CREATE TRIGGER runstate_journal_no_delete BEFORE DELETE ON runstate_journal
            FOR EACH ROW EXECUTE FUNCTION runstate_journal_kept()""",
        """CREATE TRIGGER runstate_journal_no_truncate BEFORE TRUNCATE ON runstate_journal
            FOR EACH STATEMENT EXECUTE FUNCTION runstate_journal_kept()""",
    ),
}

# Only what can be meant by it may use an index.  A PostgreSQL that has no statistics yet takes any index that begins with a
# column of the condition for as good as the unique one, and keeps that plan: each foreign key was checked by reading the
# whole outbox of the tenant (of 3,700 entries 13.7 million in 7,400 checks).  So lifecycle stands before tenant, and the
# outbox has a condition that is always true and that nothing but a reader of the outbox states.
_OUTBOX_2: Final[Mapping[Dialect, tuple[str, ...]]] = {
    "sqlite": (),
    "postgres": (
        "DROP INDEX runstate_journal_outbox",
        "CREATE INDEX runstate_journal_outbox ON runstate_journal (tenant, xact, pos) WHERE pos > 0",
    ),
}
_INDEXES_2: Final = (
    "DROP INDEX runstate_runs_created",
    "CREATE INDEX runstate_runs_created ON runstate_runs (lifecycle, tenant, created, id)",
    # to the end of what is ordered by: of 60,000 runs with one ready_at a claim sorted all, 600 ms
    "DROP INDEX runstate_runs_ready",
    """CREATE INDEX runstate_runs_ready ON runstate_runs (lifecycle, tenant, ready_at, created, id)
            WHERE ready_at IS NOT NULL""",
    "DROP INDEX runstate_runs_wake",
    "CREATE INDEX runstate_runs_wake ON runstate_runs (lifecycle, tenant, wake_at, id) WHERE wake_at IS NOT NULL",
    "DROP INDEX runstate_runs_thread",
    """CREATE INDEX runstate_runs_thread ON runstate_runs (lifecycle, tenant, thread, created, id)
            WHERE thread IS NOT NULL""",
    # for a prune, which read every run to find those that ended first; written once a run, when it ends
    """CREATE INDEX runstate_runs_settled ON runstate_runs (lifecycle, tenant, at, id)
            WHERE ready_at IS NULL AND wake_at IS NULL""",
)


def _script(dialect: Dialect, *parts: Sequence[str]) -> tuple[str, ...]:
    texts = [re.sub(r"\n\s+", "\n    ", text) for part in parts for text in part]
    for word, text in _WORDS[dialect].items():
        texts = [old.replace("{" + word + "}", text) for old in texts]
    return tuple(texts)


SCRIPTS: Final[Mapping[Dialect, tuple[tuple[str, ...], ...]]] = {
    dialect: (
        (
            "CREATE TABLE IF NOT EXISTS runstate_schema (version INTEGER PRIMARY KEY)",
            *_script(dialect, _TABLES_1, _GUARDS_1[dialect]),
        ),
        _script(dialect, _OUTBOX_2[dialect], _INDEXES_2),
    )
    for dialect in ("sqlite", "postgres")
}
"""Script n - 1 leads from schema version n - 1 to n; a script, once released, is never edited."""

SCHEMA_VERSION: Final = "SELECT max(version) FROM runstate_schema"
SCHEMA_EXISTS: Final[Mapping[Dialect, str]] = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'runstate_schema'",
    # not to_regclass, which may answer from a cache that is as old as the transaction, and so older than the lock
    "postgres": "SELECT 1 FROM pg_tables WHERE tablename = 'runstate_schema' AND schemaname = ANY (current_schemas(false))",
}
SCHEMA_REACHED: Final = "INSERT INTO runstate_schema (version) VALUES (:version)"
SCHEMA_LOCK: Final = "SELECT pg_advisory_xact_lock(7304915283906661)"
"""PostgreSQL: one opener at a time; an arbitrary number, the same for ever.  On SQLite BEGIN IMMEDIATE does it."""

OBJECTS: Final[Mapping[Dialect, str]] = {
    "sqlite": "SELECT name FROM sqlite_master WHERE name LIKE 'runstate%'",
    "postgres": """SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('runstate_schema'))
        UNION SELECT t.tgname FROM pg_trigger t
            WHERE t.tgrelid IN (to_regclass('runstate_journal'), to_regclass('runstate_runs')) AND t.tgenabled <> 'D'
        UNION SELECT k.conname FROM pg_constraint k WHERE k.conrelid = to_regclass('runstate_runs')""",
}
"""Names of what stands in the database, to compare with `needed`: an index that is missing guarantees nothing."""

_CREATED: Final = re.compile(
    r"CREATE (?:UNIQUE )?(?:TABLE|INDEX|TRIGGER) (?:IF NOT EXISTS )?(\w+)|ADD CONSTRAINT (\w+)", re.IGNORECASE
)


def needed(dialect: Dialect) -> frozenset[str]:
    """Names of the tables, indexes, triggers and constraints that the scripts make."""
    texts = (text for script in SCRIPTS[dialect] for text in script)
    return frozenset(name for text in texts for match in _CREATED.finditer(text) for name in match.groups() if name)


# -- rows --------------------------------------------------------------------------------------------------------------

_ROW_COLUMNS: Final = tuple(field.name for field in attrs.fields(Row))
_ROW_LIST: Final = ", ".join(_ROW_COLUMNS)
_CONSTANT: Final = ("tenant", "id", "lifecycle", "created", "thread", "retry_of", "retry_no")
"""Written once.  SQLite writes each index anew whose column an update names: without ``thread`` it takes 3/4 of the time."""

CLOCK: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
"""PostgreSQL's clock, read when the statement runs: ``now()`` is the time at which the transaction began."""
ROW: Final = f"SELECT {_ROW_LIST} FROM runstate_runs WHERE tenant = :tenant AND id = :id"  # noqa: S608
LOCK: Final[Mapping[Dialect, str]] = {
    "sqlite": "",  # BEGIN IMMEDIATE holds the one lock there is
    "postgres": " FOR UPDATE",
}
SKIP_LOCKED: Final[Mapping[Dialect, str]] = {"sqlite": "", "postgres": " FOR UPDATE SKIP LOCKED"}

ADD_ROW: Final = f"INSERT INTO runstate_runs ({_ROW_LIST}) VALUES ({', '.join(':' + name for name in _ROW_COLUMNS)})"  # noqa: S608
MOVE: Final = (
    "UPDATE runstate_runs SET "  # noqa: S608
    + ", ".join(f"{name} = :{name}" for name in _ROW_COLUMNS if name not in _CONSTANT)
    + " WHERE tenant = :tenant AND id = :id AND rev = :was_rev AND edits = :was_edits AND fence = :was_fence"
)
"""Every write to a run that exists: one row, or somebody was first."""
MOVE_HELD: Final = MOVE + " AND lease_until > :held_at"
"""The same for whoever writes by a claim."""


_row_parts: Final = attrgetter(*_ROW_COLUMNS)


def row_values(row: Row) -> dict[str, Any]:
    """Parameters of `ADD_ROW` and `MOVE`."""
    return dict(zip(_ROW_COLUMNS, _row_parts(row), strict=True))


def row_of(values: Sequence[Any]) -> Row:
    """The row that a SELECT answered."""
    return Row(**dict(zip(_ROW_COLUMNS, values, strict=True)))


_CONDITIONS: Final = {
    "version": "version = :version",
    "queue": "queue = :queue",
    "assistant": "assistant = :assistant",
    "thread": "thread = :thread",
    "slot": "slot = :slot",
    "retry_of": "retry_of = :retry_of",
    "owner": "owner = :owner",
    "ready_by": "ready_at <= :ready_by",
    "wake_by": "wake_at <= :wake_by",
    "due_after": "(due_at IS NULL OR due_at > :due_after)",
    "changed_by": "at <= :changed_by",
    "settled": "ready_at IS NULL AND wake_at IS NULL",
    "attempts_left": "(max_attempts IS NULL OR attempt < max_attempts)",
}
_FLAGS: Final = frozenset({"settled", "attempts_left"})
_ORDERS: Final = {
    "newest": ("(created, id) < (:after_created, :after_id)", "created DESC, id DESC"),
    "oldest": ("(created, id) > (:after_created, :after_id)", "created, id"),
    "ready": ("", "ready_at, created, id"),
    "wake": ("", "wake_at, id"),
    "changed": ("", "at, id"),
}


def find(find: Find, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    """The statement for the conditions, and its parameters."""
    given = tuple(name for name in _CONDITIONS if getattr(find, name) not in (None, False))
    statuses = -1 if find.statuses is None else len(find.statuses)
    text = _find(dialect, given, statuses, find.order, find.locked, find.after is not None)
    values = {name: getattr(find, name) for name in given if name not in _FLAGS}
    values |= {"tenant": find.tenant, "lifecycle": find.lifecycle, "limit": find.limit}
    values |= {f"status_{n}": status for n, status in enumerate(find.statuses or ())}
    if find.after is not None:
        values["after_created"], values["after_id"] = find.after
    return text, values


@lru_cache(maxsize=512)
def _find(dialect: Dialect, given: tuple[str, ...], statuses: int, order: str, locked: bool, keyset: bool) -> str:
    wheres = ["tenant = :tenant", "lifecycle = :lifecycle", *(_CONDITIONS[name] for name in given)]
    if statuses == 0:
        wheres.append("1 = 0")
    elif statuses > 0:
        wheres.append(f"status IN ({', '.join(f':status_{n}' for n in range(statuses))})")
    beyond, by = _ORDERS[order]
    if keyset:
        wheres.append(beyond)
    tail = SKIP_LOCKED[dialect] if locked else ""
    return f"SELECT {_ROW_LIST} FROM runstate_runs WHERE {' AND '.join(wheres)} ORDER BY {by} LIMIT :limit{tail}"  # noqa: S608


_WAITING: Final = "SELECT id, queue, status FROM runstate_runs WHERE tenant = :tenant AND lifecycle = :lifecycle"
DEPTH: Final = (
    f"SELECT queue, status, count(*) FROM ({_WAITING} AND ready_at IS NOT NULL "  # noqa: S608
    # and not OR: so each half is answered by its own index, which holds no run that has ended
    f"UNION {_WAITING} AND wake_at IS NOT NULL) AS waiting GROUP BY queue, status"
)


# -- the journal -------------------------------------------------------------------------------------------------------

_ENTRY_COLUMNS: Final = (
    "tenant", "run_id", "seq", "lifecycle", "version", "event", "source", "target", "ends", "at", "actor",
    "idem_key", "idem_fp", "payload", "metadata",
)  # fmt: skip
_ENTRY_LIST: Final = ", ".join(_ENTRY_COLUMNS)

ADD_ENTRY: Final = (
    f"INSERT INTO runstate_journal ({_ENTRY_LIST}, prev) "  # noqa: S608
    f"VALUES ({', '.join(':' + name for name in _ENTRY_COLUMNS)}, :prev)"
)
_ENTRIES: Final = f"SELECT {_ENTRY_LIST}, xact, pos FROM runstate_journal WHERE tenant = :tenant"  # noqa: S608
ENTRY_BY_SEQ: Final = _ENTRIES + " AND run_id = :run_id AND seq = :seq"
ENTRY_BY_KEY: Final = _ENTRIES + " AND run_id = :run_id AND idem_key = :key"
HISTORY: Final = _ENTRIES + " AND run_id = :run_id AND seq > :after ORDER BY seq LIMIT :limit"
_OUTBOX: Final[Mapping[Dialect, str]] = {
    "sqlite": "",
    "postgres": " AND pos > 0",  # always true: what the index of the outbox wants to hear
}
_BEYOND: Final[Mapping[Dialect, str]] = {
    # of a pair SQLite looks for the first number alone, which is 0 in every row: each page of the feed began by reading all
    # that came before it, 25 ms at the end of 100,000 entries
    "sqlite": " AND xact = 0 AND pos > :pos AND :xact <= 0",
    "postgres": " AND (xact, pos) > (:xact, :pos)",
}
_IN_ORDER: Final = " ORDER BY xact, pos LIMIT :limit"
_SETTLED: Final[Mapping[Dialect, str]] = {
    # one writer at a time: positions are committed in order
    "sqlite": "",
    # positions are not committed in order, so a reader could pass one by that appears later; rows of transactions
    # that began before every transaction that is still open cannot be joined by earlier ones
    "postgres": " AND xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
}
EVENTS: Final[Mapping[Dialect, str]] = {
    dialect: _ENTRIES + _OUTBOX[dialect] + _BEYOND[dialect] + settled + _IN_ORDER
    for dialect, settled in _SETTLED.items()
}
LATEST: Final[Mapping[Dialect, str]] = {
    dialect: f"SELECT xact, pos FROM runstate_journal WHERE tenant = :tenant{_OUTBOX[dialect]}{settled} ORDER BY xact DESC, pos DESC LIMIT 1"  # noqa: S608
    for dialect, settled in _SETTLED.items()
}
EVERYTHING: Final = 2**62
"""As LIMIT."""


_entry_parts: Final = attrgetter(
    *({"idem_key": "key", "idem_fp": "fingerprint"}.get(name, name) for name in _ENTRY_COLUMNS)
)


def entry_values(entry: Entry) -> dict[str, Any]:
    """Parameters of `ADD_ENTRY`."""
    values: dict[str, Any] = dict(zip(_ENTRY_COLUMNS, _entry_parts(entry), strict=True))
    values["source"] = entry.source or ""
    values["ends"] = int(entry.ends)
    values["prev"] = entry.seq - 1 or None
    return values


@lru_cache(maxsize=64)
def with_clock(read: str, clock: str) -> str:
    """PostgreSQL: `read` with the clock behind each row, read after the row was locked; one round trip in place of two.

    A SELECT that locks computes what it answers first and waits then: so the clock is asked around it.
    """
    return f"SELECT seen.*, {clock.removeprefix('SELECT ')} FROM ({read}) AS seen"  # noqa: S608


@lru_cache(maxsize=64)
def with_entry(move: str) -> str:
    """PostgreSQL: `move`, and the entry where it has moved; one statement in place of two, of a change's five.

    The parameters are those of `move` and, with ``j_`` before their names, those of `ADD_ENTRY`.
    """
    names = (*_ENTRY_COLUMNS, "prev")
    # a parameter that is selected has no type of its own
    values = ", ".join(f":j_{name}::{'bigint' if name in _NUMBERS else 'text'}" for name in names)
    return (
        f"WITH moved AS ({move} RETURNING 1) "  # noqa: S608
        f"INSERT INTO runstate_journal ({', '.join(names)}) SELECT {values} FROM moved"
    )


_NUMBERS: Final = frozenset({"seq", "ends", "at", "prev"})


def entry_of(values: Sequence[Any]) -> Entry:
    """The entry that a SELECT answered."""
    *columns, xact, pos = values
    fields: dict[str, Any] = dict(zip(_ENTRY_COLUMNS, columns, strict=True))
    fields["key"], fields["fingerprint"] = fields.pop("idem_key"), fields.pop("idem_fp")
    fields["source"] = fields["source"] or None
    fields["ends"] = bool(fields["ends"])
    return Entry(**fields, cursor=f"{xact}-{pos}")


# -- the rest ----------------------------------------------------------------------------------------------------------

ADD_KEY: Final = (
    "INSERT INTO runstate_keys (tenant, idem_key, idem_fp, run_id) VALUES (:tenant, :idem_key, :idem_fp, :run_id)"
)
CREATION: Final = "SELECT run_id, idem_fp FROM runstate_keys WHERE tenant = :tenant AND idem_key = :key"
CURSOR: Final = "SELECT position FROM runstate_cursors WHERE tenant = :tenant AND subscriber = :subscriber"
SET_CURSOR: Final = (
    "INSERT INTO runstate_cursors (tenant, subscriber, position) VALUES (:tenant, :subscriber, :position) "
    "ON CONFLICT (tenant, subscriber) DO UPDATE SET position = excluded.position"
)
EDGES: Final = (
    "SELECT lifecycle, version, event, source, target, ends FROM runstate_legality "
    "WHERE lifecycle = :lifecycle AND version = :version"
)
ALL_EDGES: Final = "SELECT lifecycle, version, event, source, target, ends FROM runstate_legality"
COUNTS: Final = (
    "SELECT status, count(*) FROM runstate_runs WHERE tenant = :tenant AND lifecycle = :lifecycle GROUP BY status"
)
ADD_EDGE: Final = (
    "INSERT INTO runstate_legality (lifecycle, version, event, source, target, ends) "
    "VALUES (:lifecycle, :version, :event, :source, :target, :ends) ON CONFLICT DO NOTHING"
)
_PRUNE: Final = (
    "INSERT INTO runstate_pruning (tenant, run_id) SELECT :tenant, {RUNS}",
    "DELETE FROM runstate_keys WHERE tenant = :tenant AND run_id IN (SELECT {RUNS})",
    "DELETE FROM runstate_runs WHERE tenant = :tenant AND id IN (SELECT {RUNS})",
    "DELETE FROM runstate_journal WHERE tenant = :tenant AND run_id IN (SELECT {RUNS})",
    "DELETE FROM runstate_pruning WHERE tenant = :tenant AND run_id IN (SELECT {RUNS})",
)
PRUNE: Final = tuple(text.replace("{RUNS}", ":run_id") for text in _PRUNE)
"""Of one run."""
PRUNE_MANY: Final = tuple(text.replace("{RUNS}", "unnest(:run_ids::text[])") for text in _PRUNE)
"""PostgreSQL: of a list of runs; one by one they took five round trips each."""
RESTORED: Final = (
    "ALTER TABLE runstate_journal DISABLE TRIGGER runstate_journal_no_update",
    "UPDATE runstate_journal SET xact = 0",
    "ALTER TABLE runstate_journal ENABLE TRIGGER runstate_journal_no_update",
    "DELETE FROM runstate_cursors",
)
"""PostgreSQL, once after a dump was restored into another cluster and before anybody writes, in one transaction.

The dump brings transaction numbers of the old cluster along; where those of the new one are lower, the outbox would hold
back what is there and pass by what comes.
"""


@lru_cache(maxsize=1024)
def respelled(text: str) -> bytes:
    """The statement with its parameters as psycopg writes them, and as it sends them."""
    return re.sub(r"(?<!:):([a-z]\w*)", r"%(\1)s", text).encode()
