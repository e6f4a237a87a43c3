"""The command line.  Its framework is in an extra; without it the command says how to get it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Final

__all__ = ["main"]

MISSING_EXTRA: Final = "runstate: the command line needs a few more packages: pip install 'runstate[cli]'"


def main() -> None:
    """Entry point of the ``runstate`` command."""
    if any(find_spec(name) is None for name in ("click", "rich", "tomli_w")):
        print(MISSING_EXTRA, file=sys.stderr)
        raise SystemExit(2)
    from runstate.cli.commands import runstate

    runstate(prog_name="runstate")
