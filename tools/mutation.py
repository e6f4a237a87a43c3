"""Mutants: small faults put into the modules that decide what is written, each of which the fast tests must find.

``make test-long PART=mutation`` works on a copy of the project in ``build/mutation``, with mutmut (``pip install mutmut``;
it is no dependency, since nothing else needs it).  A seeded sample of each module's mutants is run, against the tests that
need no server; score and survivors stand in ``build/mutation.json``.  More mutants: ``python -m tools.mutation 500``.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / "build" / "mutation"
RESULTS: Final = ROOT / "build" / "mutation.json"
MODULES: Final = ("machine", "engine", "stores/sql", "runs/claims", "runs/steps")
TESTS: Final = (
    "test_machine", "test_engine", "test_stores_memory", "test_stores_sqlite", "test_claims", "test_claim_model",
    "test_worker",
)  # fmt: skip
SAMPLE: Final = 60
"""Mutants of each module; all where it has fewer."""
SEED: Final = 20243
NOT_FOUND: Final = frozenset({0, 5, 33})
"""Exit codes by mutmut: the tests passed, or there are none for it."""
NOT_RUN: Final = frozenset({None, 2, 34})


def settings() -> str:
    """What mutmut is told."""
    only = ", ".join(f'"runstate/{module}.py"' for module in MODULES)
    tests = ", ".join(f'"tests/{test}.py"' for test in TESTS)
    return f"""
[tool.mutmut]
source_paths = ["runstate"]
only_mutate = [{only}]
also_copy = ["tools", "pytest_runstate.py"]
pytest_add_cli_args = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = [{tests}]
"""


def prepare() -> None:
    """A fresh copy of what is needed."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    for name in ("runstate", "tests", "tools"):
        shutil.copytree(ROOT / name, PLACE / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pytest_runstate.py", PLACE)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (PLACE / "pyproject.toml").write_text(text + settings(), encoding="utf-8")


def run_mutants(names: Sequence[str]) -> bool:
    """Whether mutmut came to its end."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    return subprocess.run(command, cwd=PLACE, check=False).returncode == 0


def exit_codes(module: str) -> dict[str, int | None]:
    """Mutant -> the exit code of its tests, None where it was not run."""
    file = PLACE / "mutants" / "runstate" / f"{module}.py.meta"
    codes: dict[str, int | None] = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def sample(names: Sequence[str], size: int, seed: int) -> list[str]:
    """Some of them, the same for the same seed."""
    return random.Random(seed).sample(sorted(names), min(size, len(names)))  # noqa: S311 - a sample, no secret


def summary(codes: Mapping[str, Mapping[str, int | None]]) -> dict[str, Any]:
    """Score and survivors of each module; a mutant that hangs or crashes its tests is found as well."""
    result: dict[str, Any] = {}
    for module, all_of_it in codes.items():
        ran = {name: code for name, code in all_of_it.items() if code not in NOT_RUN}
        survivors = sorted(name for name, code in ran.items() if code in NOT_FOUND)
        score = round(100 * (len(ran) - len(survivors)) / len(ran), 1) if ran else None
        result[module] = {"mutants": len(all_of_it), "run": len(ran), "score": score, "survivors": survivors}
    return result


def part(size: int = SAMPLE) -> bool:
    """A sample of mutants of the modules that decide what is written; lists the survivors."""
    began = time.monotonic()
    prepare()
    if not run_mutants(["runstate.machine.*_1"]):  # which also makes all the others
        print("mutmut is missing, or the tests fail without any mutant: pip install mutmut")
        return False
    wanted = [name for module in MODULES for name in sample(list(exit_codes(module)), size, SEED)]
    done = run_mutants(wanted)
    found = summary({module: exit_codes(module) for module in MODULES})
    told = {"seed": SEED, "seconds": round(time.monotonic() - began), "modules": found}
    RESULTS.write_text(json.dumps(told, indent=1), encoding="utf-8")
    for module, numbers in found.items():
        print(f"{module}: {numbers['score']} % of {numbers['run']} of {numbers['mutants']} mutants found")
    return done


if __name__ == "__main__":
    sys.exit(not part(int(sys.argv[1]) if sys.argv[1:] else SAMPLE))
