"""Where runs are kept: in memory, in a SQLite file, in PostgreSQL; `open_store` takes a URL."""

from __future__ import annotations

from typing import Final

from runstate.errors import StoreError, StoreUnavailable
from runstate.stores.base import Clock, Edge, Entry, Find, Row, Store, Tx
from runstate.stores.memory import MemoryStore

__all__ = ["Clock", "Edge", "Entry", "Find", "MemoryStore", "Row", "Store", "Tx", "open_store"]

_FORMS: Final = "Allowed are memory:, sqlite:///runs.db, sqlite:////var/runs.db and postgresql://user@host/database"


def open_store(url: str, *, create: bool = True) -> Store:
    """The store of a URL: ``memory:``, ``sqlite:///runs.db`` (relative), ``sqlite:////var/runs.db``, ``postgresql://…``.

    What has no scheme is the path of a SQLite file.

    :param create: False: open what is there and make nothing, neither file nor schema.
    :raises StoreError: for a URL that is none of these; its password is not repeated.
    :raises StoreUnavailable: where the database cannot be opened, or needs an extra that is not installed.
    :raises SchemaMismatch: where it has another schema than this version of runstate, or, without `create`, none.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or len(scheme) == 1:  # a letter is a drive of Windows
        scheme, rest = "sqlite", "///" + url
    if scheme == "memory":
        if not create:
            raise StoreError(
                reason="a store in memory is of one process, and empty when it is opened", advice=f"{_FORMS}."
            )
        return MemoryStore()
    if scheme == "sqlite":
        path = rest.removeprefix("///")
        if path == rest or path in {"", ":memory:"}:
            raise StoreError(reason=f"{url!r} names no file of SQLite", advice=f"{_FORMS}.")
        from runstate.stores.sqlite import SqliteStore

        return SqliteStore(path, create=create)
    if scheme in {"postgresql", "postgres"}:
        try:
            from runstate.stores.postgres import PostgresStore
        except ImportError as error:
            raise StoreUnavailable(
                reason=f"PostgreSQL needs another package ({error})", advice="pip install 'runstate[postgres]'"
            ) from error
        return PostgresStore(url, create=create)
    raise StoreError(reason=f"there is no kind of store {scheme!r}", advice=f"{_FORMS}.")
