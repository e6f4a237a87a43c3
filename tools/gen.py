"""Derived files: what is written from the code, and whether it is fresh.

``python -m tools.gen`` writes every target; ``python -m tools.gen --check`` writes nothing, names the stale ones and
fails.  A target is a whole file, or one block of a file that people write, between two marker lines::

    <!-- gen:transitions -->
    <!-- /gen:transitions -->
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import attrs

from tools import examples, pages

ROOT = Path(__file__).resolve().parents[1]
REFRESH = "make gen"


@attrs.frozen
class Target:
    """A derived file, or a derived block of a file."""

    path: str
    """Where it stands, relative to the root of the project."""
    render: Callable[[], str]
    """Makes its text.  It must depend on nothing but the code: no clock, no environment, no unordered set."""
    block: str | None = None
    """Name of the block between markers; None is the whole file."""


def _example(name: str) -> str:
    return examples.contents()[name]


TARGETS: tuple[Target, ...] = (
    *(Target(f"examples/{name}", partial(_example, name)) for name in examples.contents()),
    Target("examples/demo.txt", pages.demo),
    *(Target(path, render) for path, render in pages.FILES),
    *(Target(path, render, block=block) for path, block, render in pages.BLOCKS),
)
"""Every derived file of the project."""


class TargetError(Exception):
    """A target that cannot be placed."""


def replace_block(text: str, name: str, body: str, *, where: str) -> str:
    """The text with the body of one marked block replaced; each marker must stand there exactly once."""
    start, end = f"<!-- gen:{name} -->", f"<!-- /gen:{name} -->"
    if (text.count(start), text.count(end)) != (1, 1) or text.index(start) > text.index(end):
        raise TargetError(f"{where}: wants one {start} line, and one {end} line after it")
    before, rest = text.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n{body.strip(chr(10))}\n{end}{after}"


def render_all(targets: Iterable[Target], root: Path) -> dict[str, str]:
    """The text that each file should have, by path.  Several blocks of one file are put in one after another."""
    texts: dict[str, str] = {}
    for target in targets:
        if target.block is None:
            if target.path in texts:
                raise TargetError(f"{target.path}: a whole file cannot be a target twice")
            text = target.render()
            texts[target.path] = text if text.endswith("\n") else text + "\n"
            continue
        if target.path not in texts:
            file = root / target.path
            if not file.is_file():
                raise TargetError(f"{target.path}: missing, it should hold the block {target.block}")
            texts[target.path] = file.read_bytes().decode()
        texts[target.path] = replace_block(texts[target.path], target.block, target.render(), where=target.path)
    return texts


def stale(texts: dict[str, str], root: Path) -> list[str]:
    """Paths whose file is missing or differs, in order.  Bytes are compared, so line ends count."""

    def differs(path: str, text: str) -> bool:
        file = root / path
        return not file.is_file() or file.read_bytes() != text.encode()

    return sorted(path for path, text in texts.items() if differs(path, text))


def main(argv: Sequence[str], *, targets: Iterable[Target] = TARGETS, root: Path = ROOT) -> int:
    """Write the stale files, or with ``--check`` only name them: 1 if there are any, 2 if a target cannot be placed."""
    parser = argparse.ArgumentParser(prog="python -m tools.gen", description="Write the derived files.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file is stale")
    check: bool = parser.parse_args(argv).check
    try:
        texts = render_all(targets, root)
    except TargetError as error:
        print(error, file=sys.stderr)
        return 2
    behind = stale(texts, root)
    if check:
        for path in behind:
            print(f"{path}: stale", file=sys.stderr)
        if behind:
            print(f"refresh with: {REFRESH}", file=sys.stderr)
        return 1 if behind else 0
    for path in behind:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(texts[path].encode())
        print(f"{path}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
