"""``runstate convert``: logs as process mining reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runstate.cli.places import places_of, with_places
from runstate.cli.tables import known_lifecycle
from runstate.errors import Unwritable

if TYPE_CHECKING:
    from runstate.foreign.told import Places, Told
    from runstate.lifecycle import Lifecycle

__all__ = ["convert"]


@click.command(short_help="Write logs as XES or OCEL 2.0, for process mining.")
@click.argument("paths", metavar="LOG…", nargs=-1, required=True)
@click.option(
    "--lifecycle", metavar="NAME", help="Take the objects of this lifecycle; else of the first that is recognised."
)
@with_places
@click.option(
    "--format", "form", type=click.Choice(["xes", "ocel"]), default="xes", show_default=True, help="What to write."
)
@click.option("-o", "--output", metavar="FILE", help="Write the log to FILE.")
def convert(paths: tuple[str, ...], lifecycle: str | None, form: str, output: str | None, **elsewhere: Any) -> None:
    """Write the runs of recorded logs as XES or OCEL 2.0, for tools of process mining; "-" reads standard input.

    Reads all that check reads. Of each run its id and of each observation status, event and time are kept; what cannot be
    read is left out. OCEL wants a time of every event: one that the log does not tell is that of the event before it.

    Exit status: 0 the log was written, 2 wrong usage, a log that cannot be read or shows no run, or one that the format
    cannot hold.

    \b
    runstate convert examples/completed.sse -o completed.xes
    """  # noqa: D301 - click wants the character itself
    from runstate.export import timed
    from runstate.foreign.ocel import to_ocel
    from runstate.foreign.xes import to_xes

    table = known_lifecycle(lifecycle) if lifecycle else None
    places = places_of(elsewhere)
    steps = [step for path in paths for step in _steps(path, places, table)]
    if not steps:
        raise click.UsageError("the logs show no run")
    try:
        text = to_ocel(timed(steps)) if form == "ocel" else b"".join(to_xes(steps))
    except Unwritable as error:
        raise click.UsageError(str(error)) from None
    if output is None:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
        return
    try:
        Path(output).write_bytes(text)
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror or error}") from None


def _steps(path: str, places: Places, lifecycle: Lifecycle | None) -> Iterator[Told]:
    from runstate.conformance.check import chunks_of
    from runstate.export import of_log
    from runstate.observations import read

    if path == "-":
        yield from of_log(read(chunks_of(sys.stdin.buffer), places=places), lifecycle)
        return
    try:
        with Path(path).open("rb") as file:
            yield from of_log(read(chunks_of(file), file=path, places=places), lifecycle)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None
