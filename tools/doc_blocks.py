"""Runs the code blocks of a Markdown page: ``python`` blocks in one namespace, ``console`` blocks as commands.

A ``python`` block with prompts is a doctest, one without is run.  In a ``console`` block every ``$ command`` runs in the
root of the project with the installed commands on the path, and what it prints (both streams) must be what follows it,
to the letter; lines that start with ``> `` go on with the command, and ``$ echo $?`` shows the exit status of the command before.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

import attrs
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

__all__ = ["ROOT", "Fence", "evaluate_console", "fences", "run_page"]

ROOT = Path(__file__).resolve().parents[1]


@attrs.frozen
class Fence:
    """A code block as it stands in a page."""

    line: int
    language: str
    body: str
    generated: bool
    """Whether it stands between the markers of `tools.gen`."""


def fences(text: str) -> Iterator[Fence]:
    """Every fenced code block of a page, in order."""
    opened: tuple[int, str] | None = None
    body: list[str] = []
    generated = False
    for number, line in enumerate(text.splitlines(), 1):
        if opened is None:
            if re.fullmatch(r"<!-- /?gen:\S+ -->", line):
                generated = not line.startswith("<!-- /")
            elif match := re.match(r"```(\S*)", line):
                opened, body = (number, match[1]), []
        elif line.startswith("```"):
            yield Fence(*opened, "\n".join(body), generated)
            opened = None
        else:
            body.append(line)


def commands(source: str) -> Iterator[tuple[str, str]]:
    """Each ``$ command`` with the output that is written under it."""
    command: str | None = None
    output: list[str] = []
    for line in source.rstrip("\n").split("\n"):
        if line.startswith("$ "):
            if command is not None:
                yield command, "\n".join(output)
            command, output = line.removeprefix("$ "), []
        elif command is not None and not output and (line == ">" or line.startswith("> ")):
            command += "\n" + line[2:]
        elif command is None:
            raise ValueError(f"a console block starts with '$ ', not with {line!r}")
        else:
            output.append(line)
    if command is not None:
        yield command, "\n".join(output)


def evaluate_console(example: Example) -> str | None:
    """None where every command prints what is written under it, else the first difference."""
    status = 0
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    # no coverage: what the pages show is tested elsewhere
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}
    for command, expected in commands(str(example.parsed)):
        done = subprocess.run(
            ["/bin/sh", "-c", f"(exit {status}); {command}"],
            cwd=ROOT,
            env={**inherited, "PATH": path, "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        status = done.returncode
        printed = done.stdout.decode().rstrip("\n")
        if printed != expected:
            pairs = zip_longest(expected.split("\n"), printed.split("\n"))
            wanted, got = next(pair for pair in pairs if pair[0] != pair[1])
            return f"$ {command}\nwritten: {wanted!r}\nprinted: {got!r}\n\nall of it:\n{printed}"
    return None


def run_page(path: Path) -> int:
    """Run every ``python`` and ``console`` block of a page in order; how many there were.

    :raises AssertionError: (Sybil's) for the first block whose output is not what is written.
    """
    parsers: list[Callable[[Document], Iterable[Region]]] = [
        PythonCodeBlockParser(),
        CodeBlockParser(language="console", evaluator=evaluate_console),
    ]
    document: Document = Sybil(parsers=parsers, path=str(path.parent)).parse(path)
    count = 0
    for example in document.examples():
        example.evaluate()
        count += 1
    return count
