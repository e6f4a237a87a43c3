"""``runstate simulate``: many runs of a lifecycle on a virtual clock, as a log or summed up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from runstate.cli.tables import known_lifecycle
from runstate.errors import BadSimulation

if TYPE_CHECKING:
    from runstate.lifecycle import Lifecycle
    from runstate.modelling.distributions import Distribution
    from runstate.modelling.rates import Rates
    from runstate.modelling.simulate import Simulation

__all__ = ["simulate"]

T = TypeVar("T")

PROGRESS_FROM: Final = 2000
"""Runs from which on the simulation shows its progress on a terminal."""


@click.command(short_help="Make up the log of many runs, or sum them up.")
@click.argument("lifecycle", metavar="LIFECYCLE")
@click.option("--runs", type=click.IntRange(min=0), default=10, show_default=True, help="How many runs arrive.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same runs.")
@click.option(
    "--rate",
    "rates",
    metavar="EVENT=RATE",
    multiple=True,
    help="How often a second the event comes while it can; 0 is never. Or a distribution of the seconds it takes: "
    "fixed:3, uniform:1:4, lognormal:30:0.8 (median, sigma), exp:0.5. STATUS:EVENT=… names one transition.",
)
@click.option(
    "--stay",
    "stays",
    metavar="STATUS=DISTRIBUTION",
    multiple=True,
    help="Instead of rates: how long runs stay in the status, whatever comes next.",
)
@click.option("--from-log", metavar="FILE", help="Take the rates from a log; --rate then changes some.")
@click.option(
    "--arrivals", metavar="RATE", default="1", show_default=True, help="Runs a second, or a distribution of the gaps."
)
@click.option("--workers", metavar="N", type=click.IntRange(min=1), help="How many runs are worked on at a time.")
@click.option(
    "--working",
    metavar="STATUS",
    multiple=True,
    help="A status that takes a worker; else those that follow an initial one.",
)
@click.option("--ttl", metavar="SECONDS", type=float, help="Time to live; else as the lifecycle says.")
@click.option("--strict", is_flag=True, help="Take no transition that is only inferred.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["sse", "jsonl", "rows", "csv", "parquet", "xes", "ocel"]),
    default="sse",
    show_default=True,
    help="A stream of events; polled objects as JSON lines; or run, status, event and time as JSON lines, CSV, "
    "Parquet, XES or OCEL 2.0.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the log to FILE.")
@click.option("--summary", is_flag=True, help="Print times, outcomes and throughput; the log only goes to -o FILE.")
@click.option(
    "--what-if",
    "changed",
    metavar="EVENT=RATE",
    multiple=True,
    help="Print what this change would do to the same runs; workers=N changes the workers.",
)
def simulate(
    lifecycle: str,
    runs: int,
    seed: int,
    rates: tuple[str, ...],
    stays: tuple[str, ...],
    from_log: str | None,
    arrivals: str,
    workers: int | None,
    working: tuple[str, ...],
    ttl: float | None,
    strict: bool,
    form: str,
    output: str | None,
    summary: bool,
    changed: tuple[str, ...],
) -> None:
    """Simulate runs of a lifecycle on a virtual clock.

    LIFECYCLE is a name of the catalogue, a definition in TOML or JSON, or MODULE:NAME.

    Whatever is not said is made up from the table: each certain transition out of a status is equally likely, and
    a run stays ten seconds in a status on average. Every log is legal: the same seed gives the same bytes.

    \b
    runstate simulate openai.assistants.run --runs 3
    runstate simulate openai.assistants.run --runs 1000 --format jsonl -o p.jsonl
    runstate simulate openai.assistants.run --runs 10000 --arrivals 0.9 \\
        --workers 1 --rate complete=1 --rate fail=0.01 --summary
    runstate simulate openai.assistants.run --runs 10000 --from-log recorded.sse \\
        --what-if fail=0
    """  # noqa: D301 - click wants the character itself
    from runstate.modelling.distributions import parse_distribution
    from runstate.modelling.simulate import simulate as simulated

    table = known_lifecycle(lifecycle)
    if form == "parquet" and output is None and not (summary or changed):
        raise click.UsageError("--format parquet needs -o FILE")
    try:
        known: Rates | dict[str, Distribution | None] = dict(_pairs(rates, parse_distribution))
        if from_log is not None:
            known = _rates_of(table, from_log).having(dict(_pairs(rates, parse_distribution)))
        simulation = simulated(
            table,
            runs,
            seed,
            rates=known or None,
            durations=dict(_pairs(stays, _duration)) or None,
            arrivals=_duration(arrivals),
            concurrency=workers,
            working=working or None,
            ttl=ttl,
            strict=strict,
        )
        with _progress(simulation, "simulating") as shown:
            if output is not None or not (summary or changed):
                _write(shown, form, output)
        if summary:
            with _progress(simulation, "summing up") as shown:
                lines = [*shown.summary().lines()]
            click.echo("\n".join(lines))
        if changed:
            _what_if(simulation, changed)
    except BadSimulation as error:
        raise click.UsageError(str(error)) from None


def _what_if(simulation: Simulation, changed: tuple[str, ...]) -> None:
    from runstate.modelling.distributions import parse_distribution

    pairs = dict(_pairs(changed, str))
    number = pairs.pop("workers", None)
    more: dict[str, int] = {}
    if number is not None:
        if not number.isdecimal():
            raise click.UsageError(f"--what-if workers={number}: not a whole number")
        more["concurrency"] = int(number)
    rates = dict(_pairs((f"{name}={text}" for name, text in pairs.items()), parse_distribution))
    click.echo("\n".join(simulation.what_if(rates, **more).lines()))


def _pairs(texts: Iterable[str], parse: Callable[[str], T]) -> Iterator[tuple[str, T]]:
    """The name and the value of each ``NAME=VALUE``."""
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise click.UsageError(f"{text!r} should be NAME=VALUE")
        yield name, parse(value)


def _duration(text: str) -> Distribution:
    """A distribution; that something never comes is none."""
    from runstate.modelling.distributions import parse_distribution

    found = parse_distribution(text)
    if found is None:
        raise BadSimulation(parameter="distribution", reason="a duration has an end", seen=text, allowed="not 0")
    return found


def _rates_of(lifecycle: Lifecycle, path: str) -> Rates:
    from runstate.conformance.check import chunks_of
    from runstate.modelling.rates import Rates
    from runstate.observations import read

    try:
        with Path(path).open("rb") as file:
            return Rates.from_log(lifecycle, read(chunks_of(file), file=path))
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None


def _write(simulation: Simulation, form: str, output: str | None) -> None:
    from runstate.modelling.simulated import texts

    try:
        if form == "parquet" and output is not None:
            from runstate.modelling.columns import write_parquet

            write_parquet(simulation, output)
        elif output is not None:
            with Path(output).open("wb") as file:
                file.writelines(texts(simulation, form))
        else:
            for piece in texts(simulation, form):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    except ImportError:
        raise click.UsageError("Parquet needs one more package: pip install 'runstate[bulk]'") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror or error}") from None


@contextmanager
def _progress(simulation: Simulation, doing: str) -> Generator[Simulation]:
    """The simulation; on a terminal, a long one with a bar that counts the runs that are over."""
    if simulation.runs < PROGRESS_FROM or not sys.stderr.isatty():
        yield simulation
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=simulation.runs)
        yield simulation.having(on_change=lambda moved: progress.advance(task, 1) if moved.last else None)
