"""What pages are made of: tables, and the docstrings that the code has."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


# -- Markdown ----------------------------------------------------------------------------------------------------------


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    head = tuple(head)
    return "\n".join([line(head), f"|{'---|' * len(head)}", *map(line, rows)])


def fence(language: str, body: str) -> str:
    return f"```{language}\n{body.strip(chr(10))}\n```"


def markdown(doc: str | None) -> str:
    """A docstring as Markdown: literals in single backquotes, ``:param x:`` and its like as a list."""
    said = re.sub(r"(?<=\S)  +", " ", inspect.cleandoc(doc or "").replace("``", "`"))
    said = re.sub(r"^:param (\w+):", r"- `\1`:", said, flags=re.MULTILINE)
    said = re.sub(r"^:raises (\w+):", r"- raises `\1`", said, flags=re.MULTILINE)
    said = re.sub(r"^:returns?:", "- returns", said, flags=re.MULTILINE)
    return "\n\n".join(re.sub(r"\n {2,}", "\n  ", part) for part in said.split("\n\n"))


def first_line(doc: str | None) -> str:
    """The first paragraph of a docstring as one line of Markdown."""
    return " ".join(markdown(doc).split("\n\n")[0].split())


# -- the source: what only it knows, the docstrings of constants and fields --------------------------------------------


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(importlib.import_module(module)))


def assigned_docs(body: list[ast.stmt]) -> dict[str, str]:
    """Name -> the string that follows its assignment; empty where none does."""
    docs: dict[str, str] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                match after:
                    case ast.Expr(value=ast.Constant(value=str() as said)):
                        docs[name] = said
                    case _:
                        docs[name] = ""
            case _:
                pass
    return docs


def field_docs(kind: type) -> dict[str, str]:
    """Field, class variable or member -> its docstring, those of base classes included."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not base.__module__.startswith("runstate"):
            continue
        for node in tree_of(base.__module__).body:
            if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                docs |= assigned_docs(node.body)
    return docs


@cache
def exported() -> Mapping[str, str]:
    """Public name -> where it is defined, as in ``runstate.engine.apply``."""
    nodes = (node for node in ast.walk(tree_of("runstate")) if isinstance(node, ast.ImportFrom))
    public = (
        node for node in nodes if (node.module or "").startswith("runstate.") and node.module != "runstate._where"
    )
    return {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in public for alias in node.names}


def homes() -> Mapping[str, str]:
    """Public name -> the module that it comes from."""
    return {name: path.rpartition(".")[0] for name, path in exported().items()}


def problem_words(problems: Mapping[str, str]) -> str:
    return table(("problem", "what is the case"), ((f"`{word}`", said) for word, said in problems.items()))
