"""Which store, which lifecycle, which record class: what the commands of ``runstate runs`` have in common."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

from runstate.cli.config import project_settings
from runstate.cli.tables import named_object
from runstate.errors import CallerError, DecodeError, RunstateError
from runstate.lifecycle import Lifecycle

if TYPE_CHECKING:
    from runstate.runs import Known, Listener, Rows, Runs
    from runstate.stores import Store

__all__ = [
    "OK",
    "REFUSED",
    "WRONG",
    "Place",
    "chosen",
    "complain",
    "form_option",
    "on_a_store",
    "opened",
    "opened_store",
    "record_option",
    "without_password",
]

OK: Final = 0
REFUSED: Final = 1
"""Exit status where the table refused."""
WRONG: Final = 2
"""Exit status of wrong usage, and where a store or a run is not there."""
VARIABLE: Final = "RUNSTATE_STORE"

F = TypeVar("F", bound=Callable[..., Any])


# -- options -----------------------------------------------------------------------------------------------------------


def on_a_store(command: F) -> F:
    """The options by which every command finds its runs."""
    options = (
        click.option(
            "--store",
            "url",
            metavar="URL",
            envvar=VARIABLE,
            help=f"sqlite:///runs.db or postgresql://user@host/database; else from {VARIABLE}, else store in "
            "[tool.runstate] of the nearest pyproject.toml.",
        ),
        click.option(
            "--tenant", metavar="NAME", default="", help="Whose runs; those of no name unless told otherwise."
        ),
        click.option(
            "--lifecycle",
            metavar="NAME",
            help="Which runs, where a store holds several kinds; the only kind, else the assistant run.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def record_option(command: F) -> F:
    """The option that names a host's record class."""
    return click.option(
        "--record",
        metavar="MODULE:CLASS",
        help="The record class of the runs, where it is not one of runstate's own; imported from the working folder too.",
    )(command)


def form_option(*more: str) -> Callable[[F], F]:
    """How to print: text, JSON lines, and what a command has besides."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help="How to print: for reading, as JSON lines" + (", or as server-sent events." if more else "."),
    )


# -- the store ---------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Place:
    """An open store, and whose runs of which lifecycle a command is about."""

    store: Store
    tenant: str
    known: Known
    kind: type[Any] | None
    """The record class, where there is one to be had."""

    @property
    def rows(self) -> Rows:
        """The runs as they are stored."""
        from runstate.runs import Rows

        return Rows(self.store, self.known.name, tenant=self.tenant)

    def runs(self, why: str, *, actor: str | None = None, listener: Listener[Any] | None = None) -> Runs[Any]:
        """The runs as records, which can be moved.

        :param why: the command that needs the record class, for the message where there is none.
        """
        from runstate.runs import Runs

        if self.kind is None:
            raise click.UsageError(
                f"{why} needs the record class of {self.known.name!r}: give --record MODULE:CLASS, as in the program "
                "that keeps the runs"
            )
        listeners = () if listener is None else (listener,)
        return Runs(self.store, record=self.kind, tenant=self.tenant, actor=actor, listeners=listeners)

    def past(self, why: str) -> Runs[Any]:
        """The runs as records that are only read: a definition that the store does not know yet is not made known to it."""
        if self.kind is not None and self.kind.__lifecycle__.version not in self.known.versions:
            raise click.UsageError(
                f"{why} needs the definition by which the runs were kept: the store knows {self.known.name!r} in version "
                f"{', '.join(self.known.versions)}, the record class is of version {self.kind.__lifecycle__.version}"
            )
        return self.runs(why)


@contextmanager
def opened_store(url: str | None) -> Generator[tuple[Store, str], None, None]:
    """The store and its URL without password.  What runstate refuses within ends the command: one line, and a status."""
    from runstate.stores import open_store

    log = logging.getLogger("runstate")
    if not log.handlers:
        log.addHandler(logging.NullHandler())  # what it would warn of is printed as an answer
    with _refusals():
        url = url or _url_of_project()
        with _warnings_as_lines():
            store = open_store(url, create=False)
        try:
            yield store, without_password(url)
        finally:
            store.close()


@contextmanager
def opened(
    url: str | None, tenant: str, lifecycle: str | None, record: str | None = None
) -> Generator[Place, None, None]:
    """The place that the options name; see `opened_store`."""
    from runstate.runs import known_lifecycles

    kind = None if record is None else _record_class(record)
    if kind is not None:
        lifecycle = _agreed(lifecycle, kind, record or "")
    with opened_store(url) as (store, _):
        known = known_lifecycles(store)
        name = chosen(lifecycle, known)
        yield Place(store=store, tenant=tenant, known=known[name], kind=kind or _own_classes().get(name))


def complain(message: object) -> None:
    """One line on standard error."""
    print(f"runstate: {_one_line(message)}", file=sys.stderr)


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    hidden = re.sub(r"(?<=://)([^/@:]*):[^/]*@", r"\1@", url)
    return re.sub(r"(?i)(\bpassword=)[^&\s]*", r"\1…", hidden)


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


@contextmanager
def _refusals() -> Generator[None, None, None]:
    """A refusal of the table is status 1; what is not there, not to be reached or not to be read is status 2."""
    try:
        yield
    except CallerError as error:
        complain(error)
        raise SystemExit(REFUSED) from None
    except RunstateError as error:
        complain(error)
        raise SystemExit(WRONG) from None


@contextmanager
def _warnings_as_lines() -> Generator[None, None, None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        yield
    for warning in caught:
        complain(f"warning: {warning.message}")


def _url_of_project() -> str:
    try:
        found = project_settings().store
    except DecodeError as error:
        raise click.UsageError(str(error)) from None
    if found is None:
        raise click.UsageError(
            f"which store? Give --store sqlite:///runs.db or --store postgresql://user@host/database, set {VARIABLE}, or "
            "store in [tool.runstate]"
        )
    return found


# -- the lifecycle and its record class --------------------------------------------------------------------------------


def chosen(wanted: str | None, known: Mapping[str, Known]) -> str:
    """The lifecycle that is meant; wrong usage where the store does not know it, or knows several without that of runs."""
    from runstate.lifecycles import ASSISTANTS_RUN

    names = list(known)
    if wanted is not None:
        if wanted not in known:
            raise click.UsageError(f"the store knows no lifecycle {wanted!r}; it knows {', '.join(names) or 'none'}")
        return wanted
    if len(names) == 1:
        return names[0]
    if ASSISTANTS_RUN.name not in known:
        there = f"the store knows {', '.join(names)}" if names else "the store knows none yet"
        raise click.UsageError(f"which lifecycle? {there}; choose with --lifecycle")
    complain(f"the store knows {', '.join(names)}; taken is {ASSISTANTS_RUN.name}, --lifecycle chooses another")
    return ASSISTANTS_RUN.name


def _own_classes() -> dict[str, type[Any]]:
    """Lifecycle -> the record class that runstate has for it."""
    from runstate.record import Message, Run, RunStep

    return {kind.__lifecycle__.name: kind for kind in (Run, RunStep, Message)}


def _record_class(named: str) -> type[Any]:
    module, _, name = named.partition(":")
    if not module or not name:
        raise click.UsageError(f"--record {named!r} is not MODULE:CLASS")
    kind = named_object(named, f"--record {named!r}")
    lifecycle = None
    with suppress(AttributeError):
        lifecycle = kind.__lifecycle__
    if not isinstance(kind, type) or not attrs.has(kind) or not isinstance(lifecycle, Lifecycle):
        raise click.UsageError(f"--record {named!r} is no attrs class with a __lifecycle__")
    return kind


def _agreed(wanted: str | None, kind: Any, named: str) -> str:
    name: str = kind.__lifecycle__.name
    if wanted not in {None, name}:
        raise click.UsageError(f"--record {named!r} is of {name!r}, and --lifecycle says {wanted!r}")
    return name
