"""``runstate infer``: a draft of a lifecycle from recorded logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from runstate.foreign.told import Places
    from runstate.modelling.infer import Inferred
    from runstate.observations import Observation

__all__ = ["infer"]


@click.command(short_help="Draft a lifecycle from recorded logs.")
@click.argument("paths", metavar="LOG…", nargs=-1, required=True)
@click.option("--name", metavar="NAME", default="inferred", show_default=True, help="Name of the lifecycle.")
@click.option(
    "--id",
    "id_field",
    metavar="FIELD",
    default="id",
    show_default=True,
    help="Where an object, or an entry of another kind of log, holds the id of the run.",
)
@click.option(
    "--status", "status_field", metavar="FIELD", default="status", show_default=True, help="Where it holds the status."
)
@click.option(
    "--event", metavar="NAME", help="XES, OCEL, spans: the attribute, or several with +, that names the event."
)
@click.option("--object-type", metavar="NAME", help="OCEL: the type of those objects that are runs.")
@click.option(
    "--object", "kind", metavar="KIND", help="Look only at objects that say they are of this kind; see below."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["toml", "json"]),
    default="toml",
    show_default=True,
    help="How to write the draft; what is open stands in comments of TOML, and on standard error with JSON.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the draft to FILE.")
def infer(
    paths: tuple[str, ...],
    name: str,
    id_field: str,
    status_field: str,
    event: str | None,
    object_type: str | None,
    kind: str | None,
    form: str,
    output: str | None,
) -> None:
    """Draft a lifecycle from the runs in recorded logs, XES, OCEL 2.0 and spans too; "-" reads standard input.

    The draft says what was seen and how often, and what is open before it is a closed table: lint it, complete it, judge
    by it. A log of several kinds of objects (told by object, type or kind) needs --object.

    Exit status: 0 a draft was written, 2 wrong usage, a log that cannot be read, or none that shows a status.

    \b
    runstate infer --object thread.run examples/completed.sse -o draft.toml
    """  # noqa: D301 - click wants the character itself
    from runstate.foreign.told import Places
    from runstate.modelling.infer import infer as drafted

    said = click.get_current_context().get_parameter_source
    places = Places(
        run=id_field if said("id_field") is click.core.ParameterSource.COMMANDLINE else None,
        status=status_field if said("status_field") is click.core.ParameterSource.COMMANDLINE else None,
        event=event,
        object_type=object_type,
    )
    seen = [one for path in paths for one in _read(path, places) if _shows(one, status_field)]
    kinds = list(dict.fromkeys(_kind(one) for one in seen if one.told is None))
    if kind is not None:
        seen = [one for one in seen if one.told is None and _kind(one) == kind]
    elif len(kinds) > 1:
        known = ", ".join(str(one) for one in kinds if one is not None)
        raise click.UsageError(f"these are objects of several kinds; say which with --object: {known}")
    try:
        draft = drafted(seen, name=name, id_field=id_field, status_field=status_field)
    except ValueError:
        of = "" if kind is None else f" of the kind {kind}; there are: {', '.join(map(str, kinds)) or 'none'}"
        raise click.UsageError(f"no object with {id_field!r} and {status_field!r}{of}") from None
    text = _toml(draft) if form == "toml" else _json(draft)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            Path(output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.UsageError(f"cannot write {output}: {error.strerror or error}") from None
    if form == "json" or output is not None:
        for sentence in draft.missing:
            print(f"runstate: open: {sentence}", file=sys.stderr)


def _read(path: str, places: Places) -> Iterator[Observation]:
    from runstate.conformance.check import chunks_of
    from runstate.observations import read

    if path == "-":
        yield from read(chunks_of(sys.stdin.buffer), places=places)
        return
    try:
        with Path(path).open("rb") as file:
            yield from read(chunks_of(file), file=path, places=places)
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None


def _shows(one: Observation, field: str) -> bool:
    """Whether it says something of a run's status."""
    return one.told is not None or (one.value is not None and isinstance(one.value.get(field), str))


def _kind(one: Observation) -> str | None:
    kinds = (one.value or {}).get
    return next((kind for name in ("object", "type", "kind") if isinstance(kind := kinds(name), str)), None)


def _toml(draft: Inferred) -> str:
    from runstate.modelling.toml import to_toml

    head = [f"# Drafted from {draft.histories} runs. What is open before this is a closed table:", "#"]
    return "\n".join([*head, *(f"# - {sentence}" for sentence in draft.missing), "", to_toml(draft.values)])


def _json(draft: Inferred) -> str:
    from runstate.modelling.definition import to_json

    return to_json(draft.lifecycle) + "\n"
