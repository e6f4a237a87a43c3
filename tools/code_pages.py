"""Pages about the code: the command line, errors, public names."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from types import ModuleType
from typing import Any

import attrs
import click

import runstate
from runstate import (
    RunstateError,
    errors,
)
from runstate.cli.commands import runstate as command_group
from runstate.codec import PROBLEMS as CODEC_PROBLEMS
from runstate.edge import PROBLEMS as EDGE_PROBLEMS
from runstate.foreign.told import PROBLEMS as FOREIGN_PROBLEMS
from runstate.lifecycle import PROBLEMS as LIFECYCLE_PROBLEMS
from tools.record_pages import type_words
from tools.sources import (
    assigned_docs,
    exported,
    fence,
    field_docs,
    first_line,
    homes,
    markdown,
    problem_words,
    table,
    tree_of,
)

# -- the command line --------------------------------------------------------------------------------------------------


def _help(command: click.Command) -> Iterator[str]:
    """The help text; click's mark for a paragraph that is not to be wrapped becomes a code block."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        mark, _, rest = paragraph.partition("\n")
        yield fence("text", rest) if mark in ("\b", r"\b") else " ".join(paragraph.split())


def _option(option: click.Option) -> tuple[str, str, str]:
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    words = option.help or ""
    if isinstance(option.type, click.Choice):
        value = " " + "|".join(map(str, option.type.choices))
    default = f"`{option.default}`" if option.show_default else ""
    return " ".join(f"`{name}{value}`" for name in option.opts), default, words


def _command(path: str, command: click.Command) -> Iterator[str]:
    yield f"### {path}"
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    subcommand = ["COMMAND"] if isinstance(command, click.Group) else []
    usage = " ".join([path, "[OPTIONS]", *(argument.metavar or "" for argument in arguments), *subcommand])
    yield fence("text", usage)
    yield from _help(command)
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    help_names = command_group.context_settings["help_option_names"]
    rows = [_option(option) for option in options]
    rows.append((" ".join(f"`{name}`" for name in help_names), "", "Show the help and exit."))
    yield table(("option", "default", "what it does"), rows)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _command(f"{path} {name}", inner)


def command_line() -> str:
    return "\n\n".join(_command("runstate", command_group))


# -- errors ------------------------------------------------------------------------------------------------------------


def error_tree() -> str:
    """The tree as it is drawn in the module's docstring."""
    _, _, drawing = inspect.cleandoc(errors.__doc__ or "").partition("::\n\n")
    return fence("text", textwrap.dedent(drawing))


def error_classes() -> str:
    """Every error with who erred and what it carries."""

    def tree(kind: type[RunstateError]) -> Iterator[type[RunstateError]]:
        yield kind
        for inner in kind.__subclasses__():
            yield from tree(inner)

    def section(kind: type[RunstateError]) -> str:
        docs, base = field_docs(kind), kind.__bases__[0]
        parts = [f"### {kind.__name__}", first_line(kind.__doc__)]
        if kind is not RunstateError:
            parts[-1] += f" Who erred: the {kind.who}."
        own = [f for f in attrs.fields(kind) if not attrs.has(base) or f.name not in attrs.fields_dict(base)]
        rows = [(f"`{field.name}`", f"`{type_words(field.type)}`", first_line(docs[field.name])) for field in own]
        if base is not Exception:
            parts.append(f"It carries what `{base.__name__}` carries{', and:' if rows else '.'}")
        if rows:
            parts.append(table(("field", "type", "what it holds"), rows))
        return "\n\n".join(parts)

    return "\n\n".join(map(section, tree(RunstateError)))


def lifecycle_problems() -> str:
    return problem_words(LIFECYCLE_PROBLEMS)


def edge_problems() -> str:
    return problem_words(EDGE_PROBLEMS)


def foreign_problems() -> str:
    return problem_words(FOREIGN_PROBLEMS)


def codec_problems() -> str:
    return problem_words(CODEC_PROBLEMS)


# -- every public name -------------------------------------------------------------------------------------------------

AREAS: Mapping[str, str] = {
    "runstate.engine": "Drive",
    "runstate.record": "Records and their parts",
    "runstate.codec": "Bytes and records",
    "runstate.edge": "Bytes and records",
    "runstate.conformance": "Judge",
    "runstate.observations": "Judge",
    "runstate.lifecycle": "Model",
    "runstate.nesting": "Model",
    "runstate.modelling": "Model",
    "runstate.lifecycles": "The catalogue",
    "runstate.runs": "Keep",
    "runstate.stores": "Keep",
    "runstate.frozen": "Values",
    "runstate.errors": "Errors",
}
"""Module or package -> heading of the page of public names, in the order of the page."""


def area(name: str) -> str:
    """The heading under which a public name stands."""
    home = homes()[name]
    return next((heading for place, heading in AREAS.items() if f"{home}.".startswith(f"{place}.")), "Further names")


def _signature(function: Callable[..., Any]) -> str:
    """The call without annotations, which the text and the editor tell."""
    signature = inspect.signature(function)
    bare = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            default=parameter.default if _plain(parameter.default) else ...,
        )
        for parameter in signature.parameters.values()
    ]
    shown = signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)
    return f"{function.__name__}{str(shown).replace('Ellipsis', '…')}"


def _plain(default: object) -> bool:
    return default is inspect.Parameter.empty or default is None or isinstance(default, bool | int | str)


def _members(kind: type) -> Iterator[tuple[str, str, str]]:
    """Fields, properties and methods of a class: how it is written, its type, what it is."""
    docs = field_docs(kind)
    for name in getattr(kind, "_fields", ()):  # a named tuple
        yield name, "", first_line(docs.get(name))
    for field in attrs.fields(kind) if attrs.has(kind) else ():
        if not field.name.startswith("_"):
            yield field.name, type_words(field.type), first_line(docs.get(field.name))
    for name, value in vars(kind).items():
        function = value.__func__ if isinstance(value, classmethod) else value
        if name.startswith("_"):
            continue
        if isinstance(function, property):
            hint = getattr(function.fget, "__annotations__", {}).get("return", "")
            yield name, type_words(hint), first_line(function.__doc__)
        elif inspect.isfunction(function) and function.__name__ == name:
            call = _signature(function).replace("(self, ", "(").replace("(self)", "()")
            yield call, "", first_line(function.__doc__)


def _public(name: str) -> Iterator[str]:
    value = getattr(runstate, name)
    yield f"### {name}"
    if inspect.isfunction(value):
        yield fence("text", _signature(value))
        yield markdown(value.__doc__)
    elif isinstance(value, type) and issubclass(value, RunstateError):
        yield f"{first_line(value.__doc__)} See [errors](errors.md)."
    elif isinstance(value, type) and issubclass(value, Enum):
        yield first_line(value.__doc__)
        docs = field_docs(value)
        if any(docs.values()):
            rows = ((f"`{member.name}`", f"`{member.value}`", first_line(docs[member.name])) for member in value)
            yield table(("member", "value", "what it means"), rows)
        else:
            yield f"Members: {', '.join(f'`{member.name}`' for member in value)}; values are their names in small letters."
    elif isinstance(value, type):
        yield markdown(value.__doc__)
        members = [(f"`{member}`", f"`{kind}`" if kind else "", said) for member, kind, said in _members(value)]
        if homes()[name] == "runstate.record" and value is not runstate.Wire:
            yield "Its fields are listed in [the record](record.md)."
        elif members:
            yield table(("name", "type", "what it is"), members)
    else:
        yield first_line(constant_doc(name))


def constant_doc(name: str) -> str:
    """The docstring of a public constant, wherever its module got it from."""
    module: ModuleType = importlib.import_module(homes()[name])
    here = assigned_docs(tree_of(module.__name__).body).get(name)
    if here is not None:
        return here
    imports = (node for node in tree_of(module.__name__).body if isinstance(node, ast.ImportFrom))
    source = next(node.module for node in imports for alias in node.names if alias.name == name)
    return assigned_docs(tree_of(str(source)).body).get(name, "")


def public_names() -> str:
    """Every name of ``runstate.__all__``, by what it is for."""
    by_area: dict[str, list[str]] = {heading: [] for heading in AREAS.values()}
    for name in runstate.__all__:
        by_area.setdefault(area(name), []).extend(_public(name))
    return "\n\n".join(part for heading, parts in by_area.items() if parts for part in (f"## {heading}", *parts))


def where_exported() -> str:
    """The module behind each name that ``runstate/__init__.py`` exports, read off its imports for type checkers."""
    found = {name: path.removeprefix("runstate.") for name, path in exported().items()}
    names = "".join(f'    "{name}": "{found[name]}",\n' for name in sorted(found))
    return (
        '"""Where each exported name is defined.  Generated from the imports of ``runstate/__init__.py``."""\n\n'
        f'WHERE = {{\n{names}}}\n\nMODULES = frozenset(path.partition(".")[0] for path in WHERE.values())\n'
    )
