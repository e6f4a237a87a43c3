"""Run the benchmarks named on the command line, or all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import bulk, codec, imports, simulate, transition

BENCHMARKS: dict[str, Callable[[], None]] = {
    "transition": transition.run,
    "codec": codec.run,
    "imports": imports.run,
    "bulk": bulk.run,
    "simulate": simulate.run,
}
"""Name of each benchmark and the function that runs it and prints its numbers."""


def main(names: Sequence[str]) -> int:
    """Run benchmarks by name; 2 if a name is unknown."""
    if unknown := [name for name in names if name not in BENCHMARKS]:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS) or 'none yet'}", file=sys.stderr)
        return 2
    if not BENCHMARKS:
        print("there are no benchmarks yet")
    for name in names or BENCHMARKS:
        print(f"== {name}")
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
