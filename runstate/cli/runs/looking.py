"""``runstate runs list``, ``show``, ``history``, ``follow`` and ``info``: they read rows and journal, and write nothing."""

from __future__ import annotations

import click

from runstate.cli.runs.place import (
    Place,
    chosen,
    complain,
    form_option,
    on_a_store,
    opened,
    opened_store,
    record_option,
)
from runstate.errors import StoreBusy, StoreUnavailable

__all__ = ["follow", "history", "info", "list_runs", "show"]


@click.command("list", short_help="List runs.")
@on_a_store
@click.option("--status", metavar="STATUS", multiple=True, help="Only runs in this status; may be given several times.")
@click.option("--queue", metavar="NAME", help="Only runs of this queue.")
@click.option("--thread", metavar="ID", help="Only runs of this thread.")
@click.option("--assistant", metavar="ID", help="Only runs of this assistant.")
@click.option("--worker", metavar="NAME", help="Only runs that this worker has claimed.")
@click.option("--oldest", is_flag=True, help="The oldest first, not the newest.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=20, show_default=True, help="So many at most.")
@click.option("--after", metavar="PLACE", help="Go on where a list has ended; it says how.")
@form_option()
def list_runs(
    url: str | None,
    tenant: str,
    lifecycle: str | None,
    status: tuple[str, ...],
    queue: str | None,
    thread: str | None,
    assistant: str | None,
    worker: str | None,
    oldest: bool,
    limit: int,
    after: str | None,
    form: str,
) -> None:
    """List runs, the newest first.

    With --format json the last line holds the place for --after, or null where there is nothing more.

    \b
    runstate runs list --store sqlite:///runs.db --status queued --status in_progress
    runstate runs list --store sqlite:///runs.db --thread thread_1 --limit 5
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text

    with opened(url, tenant, lifecycle) as place:
        _check_statuses(place, status)
        page = place.rows.list(
            status=status or None,
            queue=queue,
            thread=thread,
            assistant=assistant,
            worker=worker,
            order="oldest" if oldest else "newest",
            limit=limit,
            after=after,
        )
        if form == "json":
            for row in page.runs:
                click.echo(jsonl.line(jsonl.row_dict(row)))
            click.echo(jsonl.line({"page": {"runs": len(page.runs), "after": page.after}}))
            return
        for line in text.list_lines(page.runs, place.rows.now()):
            click.echo(line)
        if page.after is not None:
            complain(f"there are more: --after {page.after}")


def _check_statuses(place: Place, wanted: tuple[str, ...]) -> None:
    for status in wanted:
        if status not in place.known.statuses:
            known = ", ".join(sorted(place.known.statuses))
            raise click.UsageError(f"{place.known.name} has no status {status!r}; it has {known}")


@click.command(short_help="Show a run: where it stands and how it came there.")
@click.argument("run", metavar="RUN")
@on_a_store
@form_option()
def show(run: str, url: str | None, tenant: str, lifecycle: str | None, form: str) -> None:
    """Show a run: claim, who asked for its cancellation, the time in each status, the record.

    \b
    runstate runs show RUN --store sqlite:///runs.db
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text

    with opened(url, tenant, lifecycle) as place:
        row, entries, now = place.rows.snapshot(run)
        if form == "json":
            timeline = [
                {**jsonl.entry_dict(stay.entry), "lasted": stay.lasted, "going_on": stay.going_on}
                for stay in text.stays(entries, now)
            ]
            click.echo(jsonl.line({**jsonl.row_dict(row), "timeline": timeline}))
            return
        for line in text.show_lines(row, entries, now):
            click.echo(line)


@click.command(short_help="Print the journal of a run, or the run as it was.")
@click.argument("run", metavar="RUN")
@on_a_store
@record_option
@click.option("--at", metavar="SEQ", type=int, help="Print the record as it was after this change.")
@form_option("sse")
def history(
    run: str, url: str | None, tenant: str, lifecycle: str | None, record: str | None, at: int | None, form: str
) -> None:
    """Print the journal of a run: each change with its time, its actor and what the event was given.

    --at and --format sse need the record class: runstate's own, or --record.

    \b
    runstate runs history RUN --store sqlite:///runs.db
    runstate runs history RUN --store sqlite:///runs.db --at 2
    runstate runs history RUN --store sqlite:///runs.db --format sse | runstate check -
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text

    if at is not None and form == "sse":
        raise click.UsageError("--at prints a record, --format sse prints events: choose one")
    with opened(url, tenant, lifecycle, record) as place:
        entries = place.rows.history(run)
        if at is not None:
            from runstate.runs.bodies import plain

            past = plain(place.past("--at").at(run, at))
            lines = [jsonl.line(past)] if form == "json" else text.record_lines(past)
        elif form == "sse":
            for event in place.past("--format sse").wire_events(run_id=run, limit=len(entries)):
                click.echo(event, nl=False)
            return
        elif form == "json":
            lines = (jsonl.line(jsonl.entry_dict(entry)) for entry in entries)
        else:
            lines = text.history_lines(entries)
        for line in lines:
            click.echo(line)


@click.command(short_help="Print changes as they are committed.")
@click.argument("run", metavar="[RUN]", required=False)
@on_a_store
@click.option(
    "--after",
    metavar="CURSOR",
    help="Begin beyond this cursor, which --format json prints with each change; 0-0 is the beginning of the store.",
)
@form_option()
def follow(run: str | None, url: str | None, tenant: str, lifecycle: str | None, after: str | None, form: str) -> None:
    """Print changes as they are committed, until Ctrl-C.

    With RUN: its changes from its creation on, until it has ended.

    \b
    runstate runs follow --store sqlite:///runs.db
    runstate runs follow RUN --store sqlite:///runs.db
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text

    with opened(url, tenant, lifecycle) as place:
        try:
            for entry in place.rows.follow(run, after=after):
                click.echo(jsonl.line(jsonl.entry_dict(entry)) if form == "json" else text.entry_line(entry))
                after = entry.cursor
        except KeyboardInterrupt:
            return
        except (StoreBusy, StoreUnavailable) as error:
            error.advice = f"{error.advice} Go on with --after {after}.".lstrip() if after else error.advice
            raise


@click.command(short_help="Say what a store runs on and what is in it.")
@on_a_store
@form_option()
def info(url: str | None, tenant: str, lifecycle: str | None, form: str) -> None:
    """Say what a store runs on, which lifecycles it knows, and how many runs of a tenant are in each status.

    Of one lifecycle only with --lifecycle.

    \b
    runstate runs info --store sqlite:///runs.db
    """  # noqa: D301 - click wants the character itself
    from runstate.cli.runs import jsonl, text
    from runstate.runs import Rows, known_lifecycles

    with opened_store(url) as (store, shown):
        known = known_lifecycles(store)
        names = list(known) if lifecycle is None else [chosen(lifecycle, known)]
        facts = store.info()
        counts = {name: Rows(store, name, tenant=tenant).counts() for name in names}
        if form == "json":
            lifecycles = {name: {"versions": known[name].versions, "runs": counts[name]} for name in names}
            click.echo(jsonl.line({"store": shown, **facts, "tenant": tenant, "lifecycles": lifecycles}))
            return
        for line in text.info_lines({"store": shown, **facts, "tenant": tenant or "(no name)"}, known, counts):
            click.echo(line)
