"""Where runs are kept: in memory, in a SQLite file, in PostgreSQL; `open_store` takes a URL."""

from __future__ import annotations

from runstate.stores.base import Clock, Entry, Find, Row, Store, Tx
from runstate.stores.memory import MemoryStore

__all__ = ["Clock", "Entry", "Find", "MemoryStore", "Row", "Store", "Tx", "open_store"]


def open_store(url: str) -> Store:
    """The store of a URL: ``memory:``, ``sqlite:///runs.db`` (relative), ``sqlite:////var/runs.db``, ``postgresql://…``.

    What has no scheme is the path of a SQLite file.

    :raises ValueError: for another scheme.
    :raises ImportError: for PostgreSQL without the extra ``postgres``.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or len(scheme) == 1:  # a letter is a drive of Windows
        scheme, rest = "sqlite", "///" + url
    if scheme == "memory":
        return MemoryStore()
    if scheme == "sqlite" and rest.startswith("///") and len(rest) > len("///"):
        from runstate.stores.sqlite import SqliteStore

        return SqliteStore(rest.removeprefix("///"))
    if scheme in ("postgresql", "postgres"):
        from runstate.stores.postgres import PostgresStore

        return PostgresStore(url)
    raise ValueError(f"{url!r} is none of memory:, sqlite:///path and postgresql://…")
