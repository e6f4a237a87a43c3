"""How long a fresh interpreter takes to import the package, beside what it depends on."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.side_by_side import Target, measured, report


def run() -> None:
    """Whole processes, so that nothing is loaded yet."""

    def process(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own

    contestants = {
        "import runstate": lambda: process("-c", "import runstate"),
        "import apply, create and Run": lambda: process("-c", "from runstate import Run, apply, create"),
        "import attrs, cattrs, transitions": lambda: process("-c", "import attrs, cattrs, transitions"),
        "an empty program": lambda: process("-c", "pass"),
        "runstate --help": lambda: process("-m", "runstate.cli", "--help"),
    }
    dependencies = "import attrs, cattrs, transitions"
    found = measured(contestants, rounds=15, seconds=0, clock=time.perf_counter)
    report(
        "imports",
        found,
        [
            Target("import runstate", dependencies, "<=", 1.5),
            Target("import apply, create and Run", dependencies, "<=", 1.5),
        ],
    )
    print(f"  runstate --help: {min(found['runstate --help']):.2f} s at least; the target is 0.3 s")
