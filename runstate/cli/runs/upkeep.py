"""``runstate runs cancel``, ``sweep`` and ``prune``: they write, through `runstate.runs.Runs`, as any program would."""

from __future__ import annotations

import getpass
import re
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from runstate.cli.runs.place import (
    OK,
    REFUSED,
    WRONG,
    complain,
    form_option,
    on_a_store,
    opened,
    record_option,
)
from runstate.errors import BadRecord, CallerError, DecodeError, NotFound, StoreBusy, StoreUnavailable

if TYPE_CHECKING:
    from runstate.runs import Runs, Swept

__all__ = ["cancel", "prune", "sweep"]

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def span(text: str) -> float:
    """Seconds, from a number with or without a unit."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw]?)", text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is no span of time, as 90, 90s, 15m, 12h, 30d and 2w are")
    return float(match[1]) * _UNITS[match[2]]


@contextmanager
def _progress(doing: str) -> Generator[Callable[[int], None], None, None]:
    """What to call with the number of runs done since; on a terminal it shows the sum, in a pipe nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    shown = (TextColumn(f"{doing}: {{task.completed}} runs"), TimeElapsedColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda count: progress.advance(task, count)


# -- cancel ------------------------------------------------------------------------------------------------------------


@click.command(short_help="Ask runs to stop, and say what became of it.")
@click.argument("run_ids", metavar="RUN…", nargs=-1, required=True)
@on_a_store
@record_option
@click.option("--actor", metavar="NAME", help="Who asks, for the journal; the login name unless told otherwise.")
@click.option(
    "--timeout", metavar="SPAN", type=span, help="How long a worker has to confirm; 60s unless told otherwise."
)
@click.option("--now", is_flag=True, help="End the runs at once, also those that a worker holds.")
@form_option()
def cancel(
    run_ids: tuple[str, ...],
    url: str | None,
    tenant: str,
    lifecycle: str | None,
    record: str | None,
    actor: str | None,
    timeout: float | None,
    now: bool,
    form: str,
) -> None:
    """Ask runs to stop, and say what became of it.

    "accepted" with the status that followed, or "already" where a run was stopping or had ended: nothing was done. A run
    that nobody holds ends at once. The worker that holds one is told at its next heartbeat, and confirms.

    Exit status: 0 every run was asked or had no need, 1 the table refused one, 2 one is not there.

    \b
    runstate runs cancel RUN --store sqlite:///runs.db
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text

    with opened(url, tenant, lifecycle, record) as place:
        runs = place.runs("cancel", actor=actor or _login())
        worst = OK
        for run_id in run_ids:
            status, answer = _cancelled(runs, run_id, timeout=timeout, confirm=True if now else None)
            worst = max(worst, status)
            if form == "json":
                click.echo(jsonl.line(answer))
            elif status == OK:
                click.echo(f"{text.printable(run_id)}  {answer['outcome']}  {text.printable(answer['status'])}")
            else:
                complain(answer["message"])
    raise SystemExit(worst)


def _cancelled(
    runs: Runs[Any], run_id: str, *, timeout: float | None, confirm: bool | None
) -> tuple[int, dict[str, Any]]:
    """Exit status and answer for one run; one that cannot be cancelled does not keep the others from it."""
    try:
        done = runs.cancel(run_id, timeout=timeout, confirm=confirm)
    except CallerError as error:
        return REFUSED, {"run": run_id, "outcome": "refused", "status": error.status, "message": str(error)}
    except NotFound as error:
        return WRONG, {"run": run_id, "outcome": "not_found", "status": None, "message": str(error)}
    except (BadRecord, DecodeError) as error:
        return WRONG, {"run": run_id, "outcome": "unreadable", "status": None, "message": f"run {run_id!r}: {error}"}
    return OK, {"run": run_id, "outcome": done.outcome, "status": str(done.status), "message": None}


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may have no such user
        return None


# -- sweep -------------------------------------------------------------------------------------------------------------


@click.command(short_help="End what is expired, free what lost its worker.")
@on_a_store
@record_option
@click.option("--every", metavar="SPAN", type=span, help="Sweep again and again, so long apart, until Ctrl-C.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="So many runs at most a sweep.",
)
@form_option()
def sweep(
    url: str | None,
    tenant: str,
    lifecycle: str | None,
    record: str | None,
    every: float | None,
    limit: int,
    form: str,
) -> None:
    """End runs that are expired, free or fail those that lost their worker, end cancellations that nobody confirms.

    Safe to run anywhere, any number at once, and to be killed. With --every a store that is busy or away is tried again
    at the next turn.

    Exit status: 0 done, 1 a run could not be treated (the others were), 2 the store is not there.

    \b
    runstate runs sweep --store sqlite:///runs.db
    runstate runs sweep --store postgresql://user@host/database --every 30
    """  # noqa: D301 - click wants the character itself
    with opened(url, tenant, lifecycle, record) as place:
        if every is None:
            with _progress("sweeping") as advance:
                swept = place.runs("sweep", listener=lambda *_: advance(1)).sweep(limit=limit)
            _print_swept(swept, form)
            raise SystemExit(REFUSED if swept.faults else OK)
        runs = place.runs("sweep")
        try:
            while True:
                try:
                    swept = runs.sweep(limit=limit)
                except (StoreBusy, StoreUnavailable) as error:
                    complain(error)
                else:
                    if swept or swept.faults:
                        _print_swept(swept, form)
                _pause(every)
        except KeyboardInterrupt:
            return


def _pause(seconds: float) -> None:
    time.sleep(seconds)


def _print_swept(swept: Swept, form: str) -> None:
    from runstate.cli.runs import jsonl, text

    done = {name: ids for name, ids in attrs.asdict(swept, recurse=False).items() if name != "faults"}
    if form == "json":
        click.echo(jsonl.line({**done, "faults": dict(swept.faults)}))
        return
    for name, ids in done.items():
        for run_id in ids:
            click.echo(f"{name}  {text.printable(run_id)}")
    for run_id, fault in swept.faults.items():
        complain(f"run {run_id!r} could not be treated: {fault}")
    counts = ", ".join(f"{len(ids)} {name}" for name, ids in done.items())
    click.echo(f"swept {text.runs_of(len(swept))}: {counts}")


# -- prune -------------------------------------------------------------------------------------------------------------


@click.command(short_help="Remove runs that ended long ago.")
@on_a_store
@record_option
@click.option(
    "--older-than", metavar="SPAN", type=span, required=True, help="Ended so long ago: 90s, 15m, 12h, 30d, 2w."
)
@click.option("--dry-run", is_flag=True, help="Only say which runs would be removed.")
@click.option(
    "--batch", metavar="N", type=click.IntRange(1), default=500, show_default=True, help="So many runs a transaction."
)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="So many runs at most.")
@form_option()
def prune(
    url: str | None,
    tenant: str,
    lifecycle: str | None,
    record: str | None,
    older_than: float,
    dry_run: bool,
    batch: int,
    limit: int | None,
    form: str,
) -> None:
    """Remove runs that ended long ago, with their journals and idempotency keys. What has not ended stays.

    \b
    runstate runs prune --store sqlite:///runs.db --older-than 30d --dry-run
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text

    with opened(url, tenant, lifecycle, record) as place:
        runs = place.runs("prune")
        if dry_run:
            gone = list(runs.prune(older_than=older_than, limit=limit, dry_run=True).run_ids)
        else:
            gone = _pruned(runs, older_than, batch, limit)
        if form == "json":
            click.echo(jsonl.line({"pruned": gone, "dry_run": dry_run}))
            return
        for run_id in gone if dry_run else ():
            click.echo(text.printable(run_id))
        click.echo(f"{'would remove' if dry_run else 'removed'} {text.runs_of(len(gone))}")


def _pruned(runs: Runs[Any], older_than: float, batch: int, limit: int | None) -> list[str]:
    """Batch by batch, so that what is done can be shown."""
    gone: list[str] = []
    with _progress("removing") as advance:
        while limit is None or len(gone) < limit:
            size = batch if limit is None else min(batch, limit - len(gone))
            found = runs.prune(older_than=older_than, limit=size, batch=size).run_ids
            gone += found
            advance(len(found))
            if len(found) < size:
                break
    return gone
