"""Options that say where logs of other kinds hold what is asked for, and reading such logs by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from runstate.foreign.told import Places

__all__ = ["PLACES", "places_of", "with_places"]

F = TypeVar("F", bound=Callable[..., Any])

PLACES = (
    click.option(
        "--run-id",
        metavar="NAME",
        help="Tables: the column of run ids. XES, OCEL, spans: the attribute that names the run.",
    ),
    click.option("--status", metavar="NAME", help="The same for the status."),
    click.option(
        "--event", metavar="NAME", help="XES, OCEL, spans: the attribute, or several with +, that names the event."
    ),
    click.option("--time", metavar="NAME", help="The same for the time."),
    click.option("--object-type", metavar="NAME", help="OCEL: the type of those objects that are runs."),
    click.option(
        "--order",
        type=click.Choice(["row", "time"]),
        help="Of these: take rows and entries as they stand, or by their times, then by file and row. Tables with --time "
        "come by time unless told otherwise, all others as they stand.",
    ),
)
"""The options, in the order of the help."""


def with_places(command: F) -> F:
    """The command with these options."""
    for option in reversed(PLACES):
        command = option(command)
    return command


def places_of(given: dict[str, Any]) -> Places:
    """What was given, as a value; the options are taken out of the arguments of the command."""
    from runstate.foreign.told import Places

    return Places(
        run=given.pop("run_id"),
        status=given.pop("status"),
        event=given.pop("event"),
        time=given.pop("time"),
        object_type=given.pop("object_type"),
        by_time=given.pop("order") == "time",
    )
