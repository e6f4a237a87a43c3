"""What the library tells through `logging`: one record for each change that was committed, and what went wrong.

The loggers are ``runstate`` (changes, sweeps, listeners) and ``runstate.worker`` (the loops).  Each record carries its
facts as attributes, named in `FIELDS`, for a formatter that writes them as JSON.  No record holds a payload, the text of
a run, or an idempotency key.  What your own function or listener raised is logged with its traceback, as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from runstate.errors import RunstateError, StoreError
from runstate.stores.base import Entry, Row

__all__ = [
    "FIELDS",
    "changed",
    "depth_failed",
    "lease_lapsed",
    "listener_failed",
    "pruned",
    "sweep_failed",
    "taken_over",
    "worker",
]

FIELDS: Final[Mapping[str, str]] = {
    "run_id": "Which run.",
    "tenant": "Whose run; empty unless tenants are used.",
    "lifecycle": "Name of its lifecycle.",
    "event": "The event of a change.",
    "source": "Status before the change; None at creation.",
    "target": "Status after it.",
    "seq": "Number of the change in the run's journal.",
    "actor": "Who asked for the change, where that was said.",
    "worker": "Name of the worker.",
    "attempt": "Which attempt of the worker, from 1.",
    "error_type": "Class of the error.",
    "count": "How many runs.",
}
"""Attributes that a record may have; each has those that it can say something of."""

_LOG: Final = logging.getLogger("runstate")
_WORKER: Final = logging.getLogger("runstate.worker")
# a library leaves it to its host whether and where anything is written
_LOG.addHandler(logging.NullHandler())


def _facts(entry: Entry) -> dict[str, object]:
    names = ("run_id", "tenant", "lifecycle", "event", "source", "target", "seq", "actor")
    return {name: getattr(entry, name) for name in names}


def _said(error: BaseException) -> str:
    """What a log may say of an error: a store speaks of places and numbers, others may quote what they were given."""
    return f"{type(error).__name__}: {error}" if isinstance(error, StoreError) else type(error).__name__


def changed(entry: Entry) -> None:
    """INFO: a change was committed."""
    if not _LOG.isEnabledFor(
        logging.INFO
    ):  # the facts take longer to gather than to leave out, and this is each change
        return
    text = "%s %s: %s -> %s"
    _LOG.info(text, entry.run_id, entry.event, entry.source, entry.target, extra=_facts(entry))


def listener_failed(entry: Entry, error: BaseException) -> None:
    """ERROR: a listener raised; the change stays committed and the other listeners are called."""
    extra = {**_facts(entry), "error_type": type(error).__name__}
    _LOG.error("a listener failed on %s of run %s", entry.event, entry.run_id, exc_info=error, extra=extra)


def taken_over(row: Row) -> None:
    """INFO: a worker took a run that another one, or an earlier attempt, has begun."""
    facts = {"run_id": row.id, "tenant": row.tenant, "lifecycle": row.lifecycle}
    extra = {**facts, "worker": row.owner, "attempt": row.attempt}
    _LOG.info("%s taken over by %s, attempt %s", row.id, row.owner, row.attempt, extra=extra)


def lease_lapsed(tenant: str, run_id: str) -> None:
    """WARNING: a sweep freed a run whose worker did not come back."""
    _LOG.warning("%s: its lease has ended, it can be claimed again", run_id, extra={"run_id": run_id, "tenant": tenant})


def sweep_failed(tenant: str, run_id: str, error: RunstateError) -> None:
    """WARNING: a sweep could not treat a run; it treated the others."""
    extra = {"run_id": run_id, "tenant": tenant, "error_type": type(error).__name__}
    _LOG.warning("sweep: run %s: %s", run_id, _said(error), extra=extra)


def depth_failed(tenant: str, error: RunstateError) -> None:
    """WARNING: waiting runs could not be counted for a metric."""
    extra = {"tenant": tenant, "error_type": type(error).__name__}
    _LOG.warning("waiting runs could not be counted: %s", _said(error), extra=extra)


def pruned(tenant: str, count: int) -> None:
    """INFO: runs were removed."""
    _LOG.info("%s runs removed", count, extra={"tenant": tenant, "count": count})


def worker(what: str, error: BaseException | None = None, **facts: object) -> None:
    """WARNING: something went wrong in a worker's loop; the traceback of an error that is not runstate's own."""
    if error is not None:
        facts["error_type"] = type(error).__name__
    foreign = error if error is not None and not isinstance(error, RunstateError) else None
    text = what if error is None else f"{what}: {_said(error)}"
    if "run_id" in facts:
        _WORKER.warning("run %s: %s", facts["run_id"], text, exc_info=foreign, extra=facts)
    else:
        _WORKER.warning("%s", text, exc_info=foreign, extra=facts)
