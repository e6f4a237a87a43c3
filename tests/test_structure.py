"""The rules of the project about its own source, each a function over sources that is proven able to fail."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "runstate"

# Groups of modules that the table below allows together.
TABLE = "errors frozen checks vocabulary lifecycle nesting lifecycles rules"
DRIVE = "record machine change twins compiled engine"
READ = "edge lines sse foreign observations"
MODEL = "modelling.walks modelling.renames modelling.versions modelling.migration modelling"

# Who may import whom inside runstate.  A row names only rows above it, so there can be no cycle; the modules of one
# package may import one another.  A module belongs to the longest name that it starts with (stores.sqlite to stores).
MAY_IMPORT: dict[str, str] = {
    # values and the table
    "errors": "",
    "frozen": "errors",
    "checks": "errors frozen",
    "vocabulary": "errors frozen",
    "lifecycle": "errors frozen vocabulary",
    "nesting": "errors frozen vocabulary lifecycle",
    "lifecycles": "errors frozen vocabulary lifecycle nesting",
    "rules": "errors frozen checks vocabulary lifecycle nesting lifecycles",
    "validators": "errors frozen checks lifecycle",
    "edge": "errors frozen",
    # drive
    "record": f"{TABLE} validators",
    "machine": f"{TABLE} record",
    "change": "errors frozen lifecycle",
    "twins": "",
    "compiled": f"{TABLE} validators record machine change twins",
    "compiled_codec": f"{TABLE} edge record twins validators",
    "engine": f"{TABLE} record machine change compiled twins",
    # read and judge: a second reading of the table, which never sees a record or the machine; observe may hand a record
    # it is given to codec, in a function (see test_the_judge_loads_neither_record_nor_machine)
    "lines": "errors frozen edge",
    "sse": "errors frozen",
    "foreign": "errors frozen edge",  # other people's logs: values in, values out, nothing known of any table
    "codec": f"{TABLE} record edge sse twins compiled_codec",
    "observations": f"{TABLE} edge lines sse foreign codec",
    "conformance": f"{TABLE} {READ}",
    # reason
    # what versions say of one another is known from the table alone, so that those who keep runs can act on it
    "modelling.walks": TABLE,
    "modelling.renames": TABLE,
    "modelling.versions": f"{TABLE} modelling.renames",
    "modelling.migration": f"{TABLE} modelling.walks modelling.versions",
    "modelling": f"{TABLE} {DRIVE} {READ} codec conformance modelling.walks modelling.versions modelling.migration",
    # keep: a store sees records, never what makes them legal
    "stores": f"{TABLE} record edge codec",
    "logs": "errors stores",
    "export": f"{TABLE} {READ} change stores",
    "runs": f"{TABLE} {DRIVE} edge sse codec modelling.migration stores logs",  # sse: the journal as a stream of events
    "worker": f"{TABLE} record stores logs runs",
    "telemetry": f"{TABLE} record stores logs runs",
    # test, and what users see
    "testing": f"{TABLE} {DRIVE} {READ} codec conformance {MODEL}",
    "testing.stores": f"{TABLE} {DRIVE} {READ} codec conformance {MODEL} testing stores runs worker",
    "_where": "",
    "__init__": f"{TABLE} {DRIVE} {READ} codec conformance {MODEL} stores runs worker _where",
    "cli": f"{TABLE} {DRIVE} {READ} codec conformance {MODEL} stores export runs worker testing __init__",
    "cli_*": f"{TABLE} {DRIVE} {READ} codec conformance {MODEL} stores export runs worker testing __init__",
    # nobody imports the command line but its own parts, and `python -m runstate`
    "__main__": "cli",
}

# Who alone may import a module from outside: patterns of module names, none at all for an empty row.
OWNERS: dict[str, str] = {
    "transitions": "machine",
    "orjson": "edge lines",
    "duckdb": "conformance.bulk* modelling.columns",
    "sqlglot": "conformance.sql",
    "numba": "conformance.bulk_compiled",
    "numpy": "conformance.bulk_pass conformance.bulk_stream",
    "sqlite3": "stores.sqlite",
    "psycopg": "stores.postgres",
    "psycopg_pool": "stores.postgres",
    "opentelemetry": "telemetry.*",
    "hypothesis": "testing testing.*",
    "pytest": "testing testing.*",
    "rich": "cli cli.* cli_*",
    "click": "cli cli.* cli_*",
    "tomli_w": "modelling.toml",
    "xml.parsers": "foreign.xes",
    # clocks, ids and randomness are arguments; those who may take them from the machine hand them down
    "time": "runs runs.* stores.* testing.* worker telemetry.* cli cli.* cli_*",
    # stores.sqlite: waiting for the lock is fair only if the pauses are random
    "random": "runs runs.* stores.sqlite modelling.* testing.* cli cli.* cli_*",
    "secrets": "runs runs.* stores.* cli cli.* cli_*",
    "uuid": "runs runs.* stores.* cli cli.* cli_*",
    # runstate opens no sockets itself; the worker's loop hands blocking calls to threads, which needs no socket
    "asyncio": "worker",
    "http": "",
    "socket": "",
    "ssl": "",
    "urllib.request": "",
}

# Typed here and not taken from the table, so that an edit of the table cannot weaken the rule.
STATUSES = frozenset({
    "queued", "in_progress", "requires_action", "cancelling",
    "cancelled", "failed", "completed", "incomplete", "expired",
})  # fmt: skip

Sources = dict[str, str]
"""Source text by dotted name below ``runstate``; a package is named as its folder, the root ``__init__``."""


def sources_below(package: Path) -> Sources:
    found: Sources = {}
    for file in sorted(package.rglob("*.py")):
        parts = file.relative_to(package).with_suffix("").parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        found[".".join(parts)] = file.read_text(encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def sources() -> Sources:
    return sources_below(PACKAGE)


# --- imports ----------------------------------------------------------------------------------------------------------


def row_of(module: str) -> str | None:
    """The row of the table that a module belongs to."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in MAY_IMPORT:
            return prefix
    return next((row for row in MAY_IMPORT if "*" in row and fnmatchcase(parts[0], row)), None)


def nodes_of(tree: ast.AST, *, inside_functions: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if inside_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            yield from nodes_of(node, inside_functions=inside_functions)


def imports_of(
    module: str, source: str, modules: Iterable[str], *, inside_functions: bool = True
) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything a module imports, wherever in it.

    Imports under ``TYPE_CHECKING`` count: an annotation is knowledge of the other module too, and a type that a lower
    layer needs belongs in that layer.  So do constant names given to ``import_module``.
    """
    known = set(modules)
    is_package = any(other.startswith(module + ".") for other in known)
    package = ["runstate"] if module == "__init__" else ["runstate", *module.split(".")]
    if module != "__init__" and not is_package:
        package = package[:-1]

    def resolved(base: str, name: str) -> str:
        # `from runstate import record` may name a module or a value of the package
        inner = f"{base}.{name}".removeprefix("runstate.")
        return f"{base}.{name}" if inner in known or (base == "runstate" and row_of(inner)) else base

    for node in nodes_of(ast.parse(source), inside_functions=inside_functions):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            for alias in node.names:
                inside = base == "runstate" or base.startswith("runstate.")
                yield node.lineno, resolved(base, alias.name) if inside else f"{base}.{alias.name}"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute | ast.Name)
            and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id)
            in {"import_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            name = str(node.args[0].value)
            yield (
                node.lineno,
                "runstate" + ("." + module.rpartition(".")[0] if "." in module else "") + name
                if (name.startswith("."))
                else name,
            )


def import_faults(sources: Sources) -> list[str]:
    """Modules that the table does not place, and imports that it or the owners do not allow."""
    faults: list[str] = []
    for module, source in sources.items():
        row = row_of(module)
        if row is None:
            faults.append(f"{module}: no row of MAY_IMPORT places it")
            continue
        for line, name in imports_of(module, source, sources):
            if name == "runstate" or name.startswith("runstate."):
                target = row_of(name.removeprefix("runstate").lstrip(".") or "__init__")
                if target != row and target not in MAY_IMPORT[row].split():
                    faults.append(f"{module}:{line}: {row} may not import {name}")
                continue
            faults += [
                f"{module}:{line}: only {owners or 'nobody'} may import {owned}"
                for owned, owners in OWNERS.items()
                if (name == owned or name.startswith(owned + "."))
                and not any(fnmatchcase(module, pattern) for pattern in owners.split())
            ]
    return faults


def test_imports_go_one_way(sources: Sources) -> None:
    assert import_faults(sources) == []


def test_the_table_of_imports_has_no_cycle() -> None:
    above: set[str] = set()
    for row, allowed in MAY_IMPORT.items():
        assert set(allowed.split()) <= above, f"{row} names rows that do not stand above it"
        above.add(row)


def loaded_by(row: str, sources: Sources) -> set[str]:
    """Rows that importing the modules of one row loads, over any number of hops; imports inside functions do not."""
    reached: set[str] = set()
    waiting = {row}
    while waiting:
        reached |= waiting
        waiting = {
            row_of(name.removeprefix("runstate.")) or name
            for module, source in sources.items()
            if row_of(module) in waiting
            for _, name in imports_of(module, source, sources, inside_functions=False)
            if name.startswith("runstate.")
        } - reached
    return reached


DRIVING = {"record", "machine", "compiled", "engine", "codec", "stores", "runs"}


def test_the_judge_loads_neither_record_nor_machine(sources: Sources) -> None:
    assert loaded_by("conformance", sources) & DRIVING == set()
    assert loaded_by("observations", sources) & DRIVING == set()


def test_a_judge_that_loads_the_record_over_two_hops_is_caught() -> None:
    chain = {
        "conformance.monitor": "from runstate.observations import read",
        "observations": "from runstate.codec import encode",
        "codec": "import runstate.record",
        "record": "",
    }
    assert loaded_by("conformance", chain) & DRIVING == {"codec", "record"}
    late = chain | {"observations": "def plain(seen):\n    from runstate.codec import encode"}
    assert loaded_by("conformance", late) & DRIVING == set()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("errors", "import runstate.engine"),
        ("lifecycle", "from runstate.rules import check"),
        ("rules", "from runstate import record"),
        ("rules", "from . import record"),
        ("record", "from .machine import Rulebook"),
        ("record", "def late():\n    from runstate.engine import apply"),
        ("record", "if TYPE_CHECKING:\n    from runstate.engine import Applied"),
        ("record", "import importlib\nimportlib.import_module('runstate.engine')"),
        ("record", "from importlib import import_module\nimport_module('.engine', 'runstate')"),
        ("machine", "from runstate import apply"),
        ("codec", "from runstate.engine import apply"),
        ("observations", "from runstate.record import Run"),
        ("conformance.monitor", "from runstate.codec import decode_run"),
        ("conformance", "from runstate.engine import apply"),
        ("conformance.monitor", "from ..record import Run"),
        ("conformance.monitor", "from runstate import stores"),
        ("stores.sqlite", "from runstate import machine"),
        ("stores.sqlite", "from ..engine import apply"),
        ("modelling.simulate", "from runstate.stores.memory import MemoryStore"),
        ("testing.strategies", "from runstate.stores.memory import MemoryStore"),
        ("runs", "from runstate.cli import main"),
        ("__init__", "from runstate.cli import main"),
        ("engine", "import transitions"),
        ("engine", "from transitions.core import Machine"),
        ("record", "import hypothesis.strategies"),
        ("stores.sqlite", "import psycopg"),
        ("stores.postgres", "import sqlite3"),
        ("codec", "import orjson"),
        ("conformance.report", "from rich.table import Table"),
        ("runs", "import click"),
        ("modelling.definition", "import tomli_w"),
        ("conformance.report", "import duckdb"),
        ("runs", "from opentelemetry import trace"),
        ("engine", "from time import time"),
        ("engine", "import uuid"),
        ("stores.postgres", "import socket"),
        ("cli", "from urllib import request"),
        ("helpers", ""),
        ("record_v2", ""),
    ],
)
def test_a_wrong_import_or_an_unplaced_module_is_caught(module: str, source: str) -> None:
    neighbours = dict.fromkeys(["record", "machine", "engine", "stores", "conformance"], "")
    faults = import_faults(neighbours | {module: source})
    assert len(faults) == 1
    assert faults[0].startswith(module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("machine", "import transitions\nfrom transitions import core"),
        ("record", "from runstate import rules\nfrom .errors import BadRecord\nimport attrs, json"),
        ("conformance", "from . import monitor\nfrom .monitor import Monitor"),
        ("conformance.monitor", "from runstate.conformance import codes\nfrom ..lifecycles import assistants_run"),
        ("conformance.bulk_sql", "import duckdb"),
        ("stores.postgres", "import psycopg.rows\nfrom runstate.stores import sql"),
        ("testing.stores", "from runstate.runs import Runs\nimport hypothesis"),
        ("cli", "def check():\n    import rich.table\n    from runstate import Monitor"),
        ("cli_tables", "from runstate.conformance import Monitor\nimport rich"),
        ("cli.check", "from . import progress\nimport click"),
        ("__main__", "from runstate.cli import main"),
        ("modelling.infer", "from urllib.parse import quote\nimport random"),
    ],
)
def test_a_right_import_is_not(module: str, source: str) -> None:
    neighbours = {"conformance": "", "conformance.monitor": "", "conformance.codes": "", "rules": ""}
    assert import_faults(neighbours | {module: source}) == []


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    # without the variables by which coverage measures child processes: it would open its own database in there
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


HOSTILE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ImportError(f"{name} is not part of the core")

def audit(event, arguments):
    if event.startswith(("socket.", "sqlite3.", "subprocess.", "urllib.")):
        raise RuntimeError(f"importing runstate does {event}")

REFUSED = {"orjson", "duckdb", "psycopg", "psycopg_pool", "opentelemetry", "hypothesis", "pytest", "rich", "click", "sqlglot", "tomli_w"}
sys.meta_path.insert(0, Refuse())
sys.addaudithook(audit)
"""


def test_importing_runstate_needs_the_core_only_and_opens_nothing() -> None:
    done = run_python(HOSTILE + "import runstate")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("offence", ["import rich", "import socket; socket.socket()"])
def test_the_hostile_interpreter_is_hostile(offence: str) -> None:
    assert run_python(HOSTILE + offence).returncode == 1


# --- the public face --------------------------------------------------------------------------------------------------


def export_faults(source: str) -> list[str]:
    """What an ``__init__`` has besides a docstring, explicit imports and a sorted ``__all__`` of exactly those.

    The imports may be for type checkers alone, where functions of the module find the names when they are asked for.
    """
    faults: list[str] = []
    imported: list[str] = []
    exported: list[str] | None = None
    body = ast.parse(source).body
    for node in [*body]:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=imports, orelse=[]):
                body += imports
            case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id="TYPE_CHECKING")), body=rest, orelse=[]):
                names_of = [getattr(inner, "name", None) for inner in rest]
                if names_of != ["__getattr__", "__dir__"]:
                    faults.append(f"line {node.lineno}: something other than what finds the names")
            case _:
                pass
    for position, node in enumerate(body):
        match node:
            case ast.Expr(value=ast.Constant(value=str())) if position == 0:
                pass
            case ast.ImportFrom(module="__future__"):
                pass
            case ast.ImportFrom(module="typing", names=[ast.alias(name="TYPE_CHECKING")]) | ast.If():
                pass
            case ast.ImportFrom(names=names):
                inside = node.level == 1 or (node.module or "").partition(".")[0] == "runstate"
                if not inside:
                    faults.append(f"line {node.lineno}: imports from {node.module}")
                imported += [alias.asname or alias.name for alias in names]
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() as value):
                exported = ast.literal_eval(value)
            case _:
                faults.append(f"line {node.lineno}: something other than a re-export")
    if exported is None:
        return [*faults, "no __all__ as one list"]
    if exported != sorted(exported):
        faults.append("__all__ is not sorted")
    if sorted(imported) != sorted(exported):
        faults.append(f"imported and exported differ: {sorted(set(imported) ^ set(exported)) or 'a name twice'}")
    return faults


def test_the_package_only_re_exports(sources: Sources) -> None:
    assert export_faults(sources["__init__"]) == []


def test_all_names_every_public_name() -> None:
    package = importlib.import_module("runstate")
    assert [name for name in package.__all__ if getattr(package, name, None) is None] == []
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'aply'"):
        _ = package.aply


def test_a_name_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys, runstate\n"
        "before = {name for name in sys.modules if name.startswith('runstate.')}\n"
        "assert before == set(), before\n"
        "assert runstate.Run.__module__ == 'runstate.record'\n"
        "assert 'runstate.stores' not in sys.modules\n"
        "assert runstate.engine.apply is runstate.apply\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    "source",
    [
        "from .record import Run",  # no __all__
        "from .record import Run, RunStep\n__all__ = ['RunStep', 'Run']",  # unsorted
        "from .record import Run\n__all__ = ['Run', 'RunStep']",  # exports what is not there
        "from .record import Run, RunStep\n__all__ = ['Run']",  # hides one
        "from .record import Run\nfrom .other import Run\n__all__ = ['Run']",  # the second wins in silence
        "from .record import *\n__all__ = []",
        "from json import loads\n__all__ = ['loads']",
        "from .record import Run\nRun.x = 1\n__all__ = ['Run']",
        "def __getattr__(name): ...\n__all__ = []",
        "if TYPE_CHECKING:\n    from .record import Run\n__all__ = []",
        "if TYPE_CHECKING:\n    Run = 1\n__all__ = ['Run']",
        "if not TYPE_CHECKING:\n    import os\n__all__ = []",
        "__all__ = sorted(['Run'])",
    ],
)
def test_anything_but_sorted_re_exports_is_caught(source: str) -> None:
    assert export_faults(source) != []


def test_sorted_re_exports_are_not() -> None:
    source = "'''What for.'''\nfrom __future__ import annotations\nfrom .a import B as B\n"
    assert export_faults(source + "from runstate.c import A\n__all__ = ['A', 'B']") == []


# --- literals ---------------------------------------------------------------------------------------------------------


def repeated_keys(source: str) -> list[str]:
    """Keys that stand twice in one dict literal, where Python silently keeps the last."""
    faults: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            seen: set[str] = set()
            for key in filter(None, node.keys):  # None stands for **other
                text = ast.unparse(key)
                if text in seen:
                    faults.append(f"line {key.lineno}: {text} again")
                seen.add(text)
    return faults


def test_no_dict_literal_repeats_a_key(sources: Sources) -> None:
    assert {module: faults for module, source in sources.items() if (faults := repeated_keys(source))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "{'queued': 1, 'queued': 2}",
        "{Event.START: 1, Event.CANCEL: 2, Event.START: 1}",
        "{S.A: {E.A: 1, E.A: 2}}",
        "{('a', 'b'): 1, ('a', 'b'): 2}",
        "{**other, 1: 1, 1: 1}",
    ],
)
def test_a_repeated_key_is_caught(source: str) -> None:
    assert len(repeated_keys(source)) == 1


def test_one_key_in_two_literals_is_no_repetition() -> None:
    assert repeated_keys("{'a': {'x': 1}, 'b': {'x': 1}, **c, **d}") == []


def status_comparisons(source: str) -> list[str]:
    """Comparisons with, membership tests in, and matches of the name of a status, as text or as an enumeration member.

    Such a line knows something about a status that only the literals in ``runstate/lifecycles`` should know.
    """

    def names_status(node: ast.AST) -> bool:
        match node:
            case ast.Constant(value=str() as value):
                return value in STATUSES
            case ast.Attribute(attr=name):
                return name.isupper() and name.lower() in STATUSES
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return any(map(names_status, parts))
            case ast.Dict(keys=keys):
                return any(names_status(key) for key in keys if key is not None)
            case ast.Call(func=ast.Name(id="set" | "frozenset" | "tuple" | "list"), args=arguments):
                return any(map(names_status, arguments))
            case _:
                return False

    faults: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare() if any(map(names_status, [node.left, *node.comparators])):
                faults.append(f"line {node.lineno}: {ast.unparse(node)}")
            case ast.MatchValue(value=value) if names_status(value):
                faults.append(f"line {node.lineno}: case {ast.unparse(value)}")
            case _:
                pass
    return faults


def test_only_the_literals_know_the_names_of_statuses(sources: Sources) -> None:
    # testing.stores holds tests, if ones that are shipped: they say what they expect
    faults = {
        module: found
        for module, source in sources.items()
        if module.partition(".")[0] != "lifecycles"
        and module != "testing.stores"
        and (found := status_comparisons(source))
    }
    assert faults == {}


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_each_status_name_is_caught(status: str) -> None:
    assert len(status_comparisons(f"run.status == {status!r}")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "'queued' != run.status",
        "x = 1 if run.status in ('failed', 'other') else 2",
        "run.status not in ['other', 'failed']",
        "run.status in {'failed'}",
        "run.status in frozenset({'failed'})",
        "run.status in {'failed': 1}",
        "run.status is Status.QUEUED",
        "run.status == lifecycles.assistants_run.Status.IN_PROGRESS",
        "match run.status:\n    case 'expired': pass",
        "match run.status:\n    case 'other' | 'expired': pass",
        "match run:\n    case Run(status=Status.EXPIRED): pass",
        "match run:\n    case {'status': 'expired'}: pass",
    ],
)
def test_a_comparison_with_a_status_is_caught(source: str) -> None:
    assert len(status_comparisons(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "verdict == 'complete'",
        "run.status in lifecycle.terminal",
        "run.status == run.lifecycle.initial",
        "Event.CANCEL in may(run)",
        "advice = {'queued': 'wait'}['queued']",
    ],
)
def test_other_lines_are_not(source: str) -> None:
    assert status_comparisons(source) == []


# --- the whole checkout -----------------------------------------------------------------------------------------------


def files_of(root: Path) -> list[Path]:
    """Files that are or would be committed; where there is no git, all but what is hidden or derived."""
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
        return [file for name in listed if name and (file := root / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        left_out = re.compile(r"\.(?!ci$|github$)|build$|dist$|__pycache__$|.*\.egg-info$")
        found: list[Path] = []
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not left_out.match(name)]
            found += [Path(folder, name) for name in names if not name.startswith(".") or name.startswith(".git")]
        return found


def own_paths(root: Path, home: Path) -> list[str]:
    """Folders of this machine that no file may name: the checkout, the folder around it, the home folder.

    Folders that every machine has say nothing about this one, so a checkout in the temporary folder forbids no ``/tmp``.
    """
    common = {Path("/"), Path("/tmp"), Path("/var/tmp"), Path("/home"), Path("/Users"), Path(tempfile.gettempdir())}
    return sorted({str(path) for path in (root, root.parent, home) if path not in common})


def machine_paths(text: str, own: Iterable[str]) -> list[str]:
    """Absolute paths in a text that exist on one machine only: its own folders, and anybody's home folder."""
    homes = r"/(?:home|Users)/[A-Za-z][\w.-]*|[A-Z]:\\Users\\\w+"
    wanted = "|".join([*map(re.escape, own), homes])
    # not inside a longer path, a URL or a word, and not the beginning of a longer name
    return re.findall(rf"(?<![\w.:/*~-])(?:file://)?(?:{wanted})(?![\w-])", text)


def test_no_file_names_a_path_of_this_machine() -> None:
    own = own_paths(ROOT, Path.home())
    faults: dict[str, list[str]] = {}
    for file in files_of(ROOT):
        if found := machine_paths(file.read_bytes().decode(errors="replace"), own):
            faults[str(file.relative_to(ROOT))] = found
    assert faults == {}


@pytest.mark.parametrize(
    "text",
    ["see {}/x.py", "open('{}')", "file://{}/notes.md", "a\n{}/runstate/record.py:3", "PATH={}/bin", "{}."],
)
@pytest.mark.parametrize("path", own_paths(ROOT, Path.home()))
def test_a_path_of_this_machine_is_caught(text: str, path: str) -> None:
    assert len(machine_paths(text.format(path), own_paths(ROOT, Path.home()))) == 1


@pytest.mark.parametrize("path", ["/" + "home/ann/x", "/" + "Users/ann", "C:\\" + "Users\\ann"])
def test_anybodys_home_is_caught(path: str) -> None:
    assert len(machine_paths(f"in {path}", [])) == 1


@pytest.mark.parametrize(
    "text",
    ["https://example.org/srv/x", "../srv/recordings", "/srv-2", "/srvs/x", "/usr/srv", "GET /homepage", "$HOME/srv"],
)
def test_other_paths_are_not(text: str) -> None:
    assert machine_paths(text, ["/srv"]) == []


def test_a_checkout_in_a_common_folder_does_not_forbid_that_folder() -> None:
    assert own_paths(Path("/tmp/checkout"), Path("/")) == ["/tmp/checkout"]


def test_the_files_are_found_with_and_without_git(tmp_path: Path) -> None:
    for name in ("a.py", ".gitignore", ".coverage", ".ci/run", "build/x", ".venv/y", "docs/z.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert Path(__file__) in files_of(ROOT)
    found = {str(file.relative_to(tmp_path)) for file in files_of(tmp_path)}
    assert found == {"a.py", ".gitignore", ".ci/run", "docs/z.md"}
