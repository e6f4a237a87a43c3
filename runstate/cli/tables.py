"""The lifecycle that an argument means: one of the catalogue, a definition in a file, or one in a Python module."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from runstate.errors import RunstateError
from runstate.lifecycle import Lifecycle

__all__ = ["known_lifecycle", "named_object"]


def known_lifecycle(name: str) -> Lifecycle:
    """The lifecycle of this name, of this file (TOML or JSON), or of ``MODULE:NAME``; wrong usage where there is none."""
    from runstate.lifecycles import CATALOGUE

    if name in CATALOGUE:
        return CATALOGUE[name]
    if Path(name).is_file():
        return _of_file(name)
    module, colon, _ = name.partition(":")
    if colon and module.replace(".", "").isidentifier():
        found = named_object(name, name)
        found = getattr(found, "__lifecycle__", found)
        if not isinstance(found, Lifecycle):
            raise click.UsageError(f"{name!r} is no lifecycle, and no record that has one")
        return found
    if name.endswith((".toml", ".json")):
        raise click.UsageError(f"there is no file {name!r}")
    near = [one for one in CATALOGUE if name in one] or get_close_matches(name, CATALOGUE, n=5, cutoff=0.5)
    words = "near it: " + ", ".join(near[:5]) if near else f"known: {', '.join(CATALOGUE)}"
    raise click.UsageError(
        f"{name!r} is neither a lifecycle of the catalogue nor a file that defines one, nor MODULE:NAME; {words}"
    )


def _of_file(path: str) -> Lifecycle:
    from runstate.errors import BadLifecycle, DecodeError
    from runstate.modelling.definition import load

    try:
        return load(Path(path))
    except (BadLifecycle, DecodeError) as refused:
        raise click.UsageError(f"{refused} (runstate lint {path} lists all of it)") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None


def named_object(named: str, said: str) -> Any:
    """What ``MODULE:NAME`` stands for, None where the module has no such name; imported from the working folder too.

    :param said: how it is named where it is refused.
    """
    module, _, name = named.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # a console script sees only what is installed
    try:
        found: Any = import_module(module)
    except (ImportError, RunstateError) as error:
        raise click.UsageError(f"{said}: {' '.join(str(error).split())}") from None
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
