"""The long tests, in parts: ``python -m tools.long [PART...]`` runs the named ones, or all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import attrs

from tools.bulk_parts import BULK_PARTS
from tools.disaster_parts import DISASTER_PARTS
from tools.interleave_parts import INTERLEAVE_PARTS
from tools.judge_parts import JUDGE_PARTS
from tools.payload_parts import PAYLOAD_PARTS
from tools.speed_parts import SPEED_PARTS
from tools.store_parts import STORE_PARTS

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "pythons"
OLDEST = (3, 11)

PROBE = """
import json, sys, sysconfig
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
}))
"""


@attrs.frozen(order=True)
class Interpreter:
    """A CPython of this machine."""

    version: tuple[int, ...]
    free_threaded: bool
    executable: str = attrs.field(eq=False)  # two paths to one version are one interpreter

    @property
    def name(self) -> str:
        """Such as ``3.13.0`` or, without the global lock, ``3.13.0t``."""
        return ".".join(map(str, self.version)) + ("t" if self.free_threaded else "")


def candidates(path: str, pyenv_root: Path | None) -> Iterator[Path]:
    """Every file that may be an interpreter: ``python3`` and ``python3.N`` on PATH, and what pyenv has installed."""
    wanted = re.compile(r"python3(\.\d+)?t?")
    for folder in map(Path, filter(None, path.split(os.pathsep))):
        if folder.is_dir():
            yield from sorted(file for file in folder.iterdir() if wanted.fullmatch(file.name))
    if pyenv_root is not None:
        yield from sorted((pyenv_root / "versions").glob("*/bin/python3"))


def probe(executable: Path) -> Interpreter | None:
    """What a file says it is; None if it does not run, is no CPython, or is too old."""
    try:
        answer = subprocess.run([executable, "-c", PROBE], capture_output=True, text=True, timeout=60, check=True)
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # a shim without its version, a broken link
    version = tuple(facts["version"])
    if facts["implementation"] != "cpython" or version < OLDEST:
        return None
    return Interpreter(version, facts["free_threaded"], facts["executable"])


def interpreters(files: Iterable[Path], probe: Callable[[Path], Interpreter | None] = probe) -> list[Interpreter]:
    """The distinct interpreters among some files, oldest first; the first path to each version wins."""
    found: dict[Interpreter, None] = {}
    for file in files:
        if (interpreter := probe(file)) is not None:
            found.setdefault(interpreter)
    return sorted(found)


def pyenv_root() -> Path | None:
    """Where pyenv keeps its versions, if there is a pyenv."""
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return None
    answer = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def suite_under(interpreter: Interpreter) -> str | None:
    """Run the tests in a fresh environment of one interpreter; None if they pass, else the step that failed."""
    environment = BUILD / interpreter.name
    python = environment / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    steps: list[tuple[str, Sequence[str | Path]]] = [
        ("making an environment", [interpreter.executable, "-m", "venv", "--clear", environment]),
        ("installing", [*pip, "--editable", ".[dev-test,all]"]),
        ("tests", [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]),
    ]
    for step, command in steps:
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            return step
    return None


def part_pythons() -> bool:
    """The test suite under every CPython from 3.11 on that runs on this machine, each in its own environment."""
    found = interpreters(candidates(os.environ.get("PATH", ""), pyenv_root()))
    verdicts: list[tuple[str, str | None]] = []
    for interpreter in found:
        print(f"-- CPython {interpreter.name}: {interpreter.executable}", flush=True)
        verdicts.append((interpreter.name, suite_under(interpreter)))
    print("-- verdicts")
    for name, fault in verdicts:
        print(f"CPython {name}: {'passed' if fault is None else f'FAILED at {fault}'}")
    return bool(found) and all(fault is None for _, fault in verdicts)


def part_suite() -> bool:
    """The whole suite, tests marked long included, with many Hypothesis examples."""
    environment = {**os.environ, "RUNSTATE_PROFILE": "long"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "long or not long"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def part_spin() -> bool:
    """SPIN on every lifecycle: the record rules, termination, seeded faults, traces.  Needs spin and a C compiler."""
    lacking = [name for name in ("spin", "cc") if shutil.which(name) is None]
    if lacking:
        print(f"not installed: {', '.join(lacking)} (Debian: apt install spin gcc)", file=sys.stderr)
        return False
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "long", "tests/long/test_spin_long.py"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


SDKS: tuple[str, ...] = ("a2a-sdk", "mcp<2", "openai")
"""Packages of others that the catalogue is compared with; no part of the tools of development."""


def part_sdks() -> bool:
    """The catalogue against the packages of others, in an environment of its own."""
    environment = BUILD / "sdks"
    python = environment / "bin" / "python"
    steps: list[Sequence[str | Path]] = [
        [sys.executable, "-m", "venv", "--clear", environment],
        [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-e", ".[dev-test,all]", *SDKS],
        [
            python,
            "-m",
            "pytest",
            "-q",
            "-n",
            "0",
            "-rs",
            "-m",
            "long",
            "-p",
            "no:cacheprovider",
            "tests/modelling/test_sdks.py",
        ],
    ]
    return all(subprocess.run(step, cwd=ROOT, check=False).returncode == 0 for step in steps)


def part_engines() -> bool:
    """The judge's rules as SQL, in DuckDB, ClickHouse and Spark, against the bulk judge.  Needs the extra engines, and Java."""
    there = {"chdb": find_spec("chdb"), "pyspark": find_spec("pyspark"), "java": shutil.which("java")}
    if lacking := [name for name, found in there.items() if not found]:
        print(
            f"not installed: {', '.join(lacking)} (pip install '.[engines]', Debian: a Java runtime)", file=sys.stderr
        )
        return False
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "long", "tests/long/test_sql_long.py"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


PARTS: dict[str, Callable[[], bool]] = {
    "pythons": part_pythons,
    "suite": part_suite,
    "spin": part_spin,
    "sdks": part_sdks,
    "engines": part_engines,
    **BULK_PARTS,
    **STORE_PARTS,
    **DISASTER_PARTS,
    **INTERLEAVE_PARTS,
    **PAYLOAD_PARTS,
    **SPEED_PARTS,
    **JUDGE_PARTS,
}
"""Name of each part and the function that runs it and says whether it passed."""


def main(names: Sequence[str], *, parts: dict[str, Callable[[], bool]] = PARTS) -> int:
    """Run parts by name, all of them without one: 1 if any failed, 2 if a name is unknown."""
    if unknown := [name for name in names if name not in parts]:
        print(f"no part {', '.join(unknown)}; there are: {', '.join(parts)}", file=sys.stderr)
        return 2
    results: dict[str, bool] = {}
    for name in names or parts:
        print(f"== {name}: {parts[name].__doc__}", flush=True)
        results[name] = parts[name]()  # a failure does not keep the other parts from running
    for name, passed in results.items():
        print(f"== {name}: {'passed' if passed else 'FAILED'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
