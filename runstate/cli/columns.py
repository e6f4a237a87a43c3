"""Tables on the command line: the bulk judge for ``runstate check``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runstate.errors import BadTable

if TYPE_CHECKING:
    from runstate.conformance.bulk import Columns, Progress
    from runstate.conformance.check import Judged
    from runstate.conformance.monitor import Monitor

__all__ = ["columns_of", "judge_tables"]

_TABLES = frozenset({".parquet", ".csv"})


def columns_of(
    paths: Sequence[str], given: Mapping[str, Any], *, memory: str | None, follow: bool = False
) -> Columns | None:
    """The columns that hold what, where the paths are tables; None where they are logs of another kind.

    Tables are what is named ``.parquet`` or ``.csv``, Parquet files, and lines of JSON or of values between commas that begin
    with the columns asked for.
    """
    run_id, status = given["run_id"], given["status"]
    told = run_id is not None or status is not None or memory is not None
    if not told or not (memory is not None or all(_is_table(Path(path), run_id, status) for path in paths)):
        return None
    lines = follow and not any(Path(path).suffix in _TABLES for path in paths)
    if lines or (follow and memory is not None):
        return None  # a log that grows has lines of JSON, and nothing else is asked of one
    if follow or "-" in paths:
        raise click.UsageError("a table is judged as a whole: it cannot be followed, nor read from standard input")
    if run_id is None or status is None:
        raise click.UsageError("tables need both --run-id COL and --status COL")
    try:
        from runstate.conformance.bulk import Columns
    except ImportError:
        raise click.UsageError("tables need one more package: pip install 'runstate[bulk]'") from None
    try:
        return Columns(run_id=run_id, status=status, time=given["time"], order=given["order"])
    except BadTable as error:
        raise click.UsageError(str(error)) from None


def _is_table(path: Path, run_id: str | None, status: str | None) -> bool:
    if path.suffix in _TABLES:
        return True
    try:
        with path.open("rb") as file:
            line = file.readline(1 << 16)
    except OSError:
        return False
    if line.startswith(b"PAR1"):
        return True
    try:
        names: Any = json.loads(line) if line.startswith(b"{") else re.split(r"[,;\t|]", line.decode().strip())
    except ValueError:
        return False
    return run_id in names and status in names


def judge_tables(
    paths: list[str],
    monitor: Callable[[str], Monitor],
    columns: Columns,
    *,
    memory: str | None,
    as_one_log: bool,
) -> tuple[list[Judged], bool]:
    """Judge every table that can be read; say on standard error why one cannot.

    :returns: what was found, and whether there was one that could not be judged.
    """
    from runstate.conformance.bulk import check_table

    judged: list[Judged] = []
    unreadable = False
    for log in [paths] if as_one_log else [[path] for path in paths]:
        try:
            with _progress(" + ".join(log)) as shown:
                judged += check_table(*log, columns=columns, monitor=monitor(log[0]), memory=memory, progress=shown)
        except BadTable as error:
            if error.problem == "settings":
                raise click.UsageError(str(error)) from None
            print(f"runstate: {error}", file=sys.stderr)
            unreadable = True
    for one in judged:
        if one.problem is not None:
            print(f"runstate: {one.file}: {one.problem}", file=sys.stderr)
            unreadable = True
    return judged, unreadable


@contextmanager
def _progress(title: str) -> Generator[Progress | None]:
    """On a terminal a bar that says what is being done; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    parts = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def shown(what: str, done: int, of: int) -> None:
            # one step of one says nothing of how far it is: the bar moves to and fro
            bar.update(task, description=f"{title}: {what}", completed=done, total=of if of > 1 else None)

        yield shown
