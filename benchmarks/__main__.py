"""Run the benchmarks named on the command line, or all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    bulk,
    codec,
    history,
    imports,
    judging,
    retention,
    scale,
    simulate,
    store,
    store_reads,
    table,
    transition,
)

BENCHMARKS: dict[str, Callable[[], None]] = {
    "transition": transition.run,
    "history": history.run,
    "codec": codec.run,
    "imports": imports.run,
    "judging": judging.run,
    "bulk": bulk.run,
    "simulate": simulate.run,
    "store": store.run,
    "store_reads": store_reads.run,
}
"""Name of each benchmark and the function that runs it and prints its numbers."""


LONG: dict[str, Callable[[], None]] = {
    "store_reads_long": store_reads.run_long,
    "retention": retention.run,
    "scale": scale.run,
    "bulk-long": bulk.run_long,
}
"""The same for those that take minutes each."""


def main(names: Sequence[str]) -> int:
    """Run benchmarks by name, all short ones, or all long ones (``--long``), and print every ratio; 2 if a name is unknown.

    ``--keep`` measures nothing: it makes the last results those that the documentation quotes.
    """
    every = BENCHMARKS | LONG
    if names == ["--keep"]:
        table.keep()
        return 0
    wanted = list(LONG) if names == ["--long"] else names or list(BENCHMARKS)
    if unknown := [name for name in wanted if name not in every]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(every)}", file=sys.stderr)
        return 2
    for name in wanted:
        print(f"== {name}", flush=True)
        every[name]()
    print(f"\n{table.printed()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
