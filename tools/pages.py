"""What the derived parts of the documentation say: each function renders one block or file from the code."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import re
import runpy
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import attrs
import click

import runstate
from runstate import (
    ASSISTANTS_RUN,
    CODES,
    Lifecycle,
    Message,
    Presence,
    Run,
    RunstateError,
    RunStep,
    encode,
    errors,
    logs,
    telemetry,
)
from runstate.cli.commands import runstate as command_group
from runstate.codec import PROBLEMS as CODEC_PROBLEMS
from runstate.conformance.reports import text
from runstate.edge import PROBLEMS as EDGE_PROBLEMS
from runstate.foreign.told import PROBLEMS as FOREIGN_PROBLEMS
from runstate.lifecycle import PROBLEMS as LIFECYCLE_PROBLEMS
from runstate.lifecycle import Basis, Transition
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.catalogue import LITERALS
from runstate.modelling import show
from runstate.modelling.bits import ASKED
from runstate.modelling.definition import schema_json
from runstate.modelling.lint import WORDS as LINT_WORDS
from runstate.modelling.mapping import PROBLEMS as MAPPING_PROBLEMS
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mapping_check import check_mapping, round_trip
from runstate.modelling.mapping_text import basis_words, loss_words, reading, summary
from runstate.modelling.mappings import MAPPINGS
from runstate.modelling.migration import PROBLEMS as MIGRATION_PROBLEMS
from runstate.modelling.questions import QUESTIONS, ask
from runstate.modelling.translate import PROBLEMS as TRANSLATE_PROBLEMS
from runstate.modelling.versions import AUDIENCES
from runstate.modelling.versions import KINDS as VERSION_KINDS
from tools import performance
from tools.provocations import PROVOCATIONS

ROOT = Path(__file__).resolve().parents[1]
SHORT_LIST = 14
"""Names of lifecycles that are written out in a cell of a table."""


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


# -- lifecycles --------------------------------------------------------------------------------------------------------


def diagram(lifecycle: Lifecycle) -> str:
    return fence("mermaid", show.mermaid(lifecycle))


def announced(lifecycle: Lifecycle) -> str:
    """Under which names a stream announces each event."""
    return table(
        ("event", "what it says", "announced as"),
        ((f"`{verb.event}`", verb.doc, ", then ".join(f"`{wire}`" for wire in verb.wire)) for verb in lifecycle.verbs),
    )


def quirks(lifecycle: Lifecycle) -> str:
    def what(quirk: runstate.Quirk) -> str:
        if quirk.transition:
            return "{} → {}".format(*quirk.transition)
        if quirk.field:
            return "`{1}` set in {0}".format(*quirk.field)
        return "`{}` with status {}".format(*(quirk.announcement or ()))

    rows = ((f"`{quirk.name}`", what(quirk), quirk.profile or "all", quirk.why) for quirk in lifecycle.quirks)
    return table(("name", "seen", "version", "what is known"), rows)


def stamp_order(lifecycle: Lifecycle) -> str:
    return "\n".join(f"- `{first}` ≤ `{second}`" for first, second in lifecycle.order)


# -- findings ----------------------------------------------------------------------------------------------------------


def findings() -> str:
    """Each code with its meaning, and the smallest log that provokes it with what the judge says of it."""

    def section(code: runstate.Code) -> Iterator[str]:
        yield f"### {code.code}: {code.title}"
        yield f"**{code.severity.value.capitalize()}.** {code.why} *To mend it:* {code.mend}"
        provocation = PROVOCATIONS[code.code]
        report = list(text.lines([provocation.judge()]))
        if not any(code.code in line for line in report):  # nothing else was in the log, so the report is empty
            raise ValueError(f"the example of {code.code} is not reported")
        yield fence("text", provocation.log)
        yield fence("text", textwrap.dedent("\n".join(report[1:-2])))

    return "\n\n".join(part for code in CODES.values() for part in section(code))


# -- the record --------------------------------------------------------------------------------------------------------


def presence_words(lifecycle: Lifecycle, field: str) -> str:
    """In which statuses the lifecycle has the field null; empty where it does not say."""
    by_status = {status: fields[field] for status, fields in lifecycle.presence.items() if field in fields}
    if not by_status:
        return ""

    def where(presence: Presence) -> str:
        """The statuses in words, as short as they get; empty where there are none."""
        statuses = [status for status, found in by_status.items() if found is presence]
        if set(statuses) == set(lifecycle.live):
            return "while live"
        if set(statuses) == set(lifecycle.terminal):
            return "once ended"
        others = [status for status in by_status if status not in statuses]
        if statuses and others and len(others) < len(statuses):
            return f"but in {', '.join(others)}"
        return f"in {', '.join(statuses)}" if statuses else ""

    null, filled, free = where(Presence.NULL), where(Presence.SET), where(Presence.FREE)
    if not null:
        return f"set {filled}, else free" if filled and free else "free" if free else "never"
    return f"null {null}" + (", else free" if free else "")


def _versions(kind: type[Any]) -> Mapping[str, tuple[str, str]]:
    """Field -> whether v1 and v2 write it, found out by writing two objects of each: a plain and a full one."""
    plain: dict[str, Any] = {"id": "x", "assistant_id": "a", "thread_id": "t", "status": "queued", "created_at": 1}
    plain |= {"expires_at": 601} if kind is Run else {"status": "in_progress"}
    empty: dict[str, Any] = {"reasoning_effort": "low", "parallel_tool_calls": True}
    empty |= {"tool_resources": runstate.FrozenDict({}), "file_ids": ("f",), "attachments": ()}
    full = plain | {key: value for key, value in empty.items() if key in attrs.fields_dict(kind)}
    found: dict[str, tuple[str, str]] = {}
    for field in attrs.fields(kind):
        cells: list[str] = []
        for version in ("v1", "v2"):
            always = field.name in encode(kind(**plain), version=version)
            ever = field.name in encode(kind(**full), version=version)
            cells.append("yes" if always else "where set" if ever else "–")
        found[field.name] = (cells[0], cells[1])
    return found


def type_words(hint: object) -> str:
    """A type as it is read: text, mapping and so on stay as Python names them, wrappers go."""
    words = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    words = re.sub(r"\b(?:\w+\.)+(?=\w)", "", words)  # as it stands in the source, resolved or not
    words = re.sub(r"FrozenDict\[([^]]*)\]", r"mapping[\1]", words)
    return words.replace("tuple[mapping[str, Any], ...]", "tuple of mappings").replace("mapping[str, Any]", "mapping")


def fields(kind: type[Any], *, versions: bool = False) -> str:
    """The fields of a record class."""
    docs = field_docs(kind)
    lifecycle: Lifecycle | None = getattr(kind, "__lifecycle__", None)
    wire = _versions(kind) if versions else {}

    def rows() -> Iterator[tuple[str, ...]]:
        for field in attrs.fields(kind):
            if field.name == "wire":
                continue
            words = type_words(field.type)
            null = presence_words(lifecycle, field.name) if lifecycle else ""
            null = null or ("free" if words.endswith("| None") else "never")
            yield (f"`{field.name}`", f"`{words}`", *wire.get(field.name, ()), null, first_line(docs.get(field.name)))

    return table(("field", "type", *(("v1", "v2") if versions else ()), "null", "remarks"), rows())


def run_fields() -> str:
    return fields(Run, versions=True)


def step_fields() -> str:
    return fields(RunStep)


def message_fields() -> str:
    return fields(Message, versions=True)


PARTS = (
    runstate.RequiredAction,
    runstate.SubmitToolOutputs,
    runstate.ToolCall,
    runstate.FunctionCall,
    runstate.ToolOutput,
    runstate.LastError,
    runstate.Usage,
    runstate.IncompleteDetails,
    runstate.Tool,
    runstate.FunctionDefinition,
    runstate.TruncationStrategy,
    runstate.ToolChoice,
    runstate.ResponseFormat,
)


def parts() -> str:
    return "\n\n".join(f"### {part.__name__}\n\n{first_line(part.__doc__)}\n\n{fields(part)}" for part in PARTS)


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


def _words(problems: Mapping[str, str]) -> str:
    return table(("problem", "what is the case"), ((f"`{word}`", said) for word, said in problems.items()))


def lifecycle_problems() -> str:
    return _words(LIFECYCLE_PROBLEMS)


def edge_problems() -> str:
    return _words(EDGE_PROBLEMS)


def foreign_problems() -> str:
    return _words(FOREIGN_PROBLEMS)


def codec_problems() -> str:
    return _words(CODEC_PROBLEMS)


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


# -- the catalogue -----------------------------------------------------------------------------------------------------


def catalogue_overview() -> str:
    """Every lifecycle that ships, a line each."""

    def row(lifecycle: Lifecycle) -> tuple[str, ...]:
        edges = [edge for edge in lifecycle.transitions if edge.source is not None]
        counts = [(basis.value, sum(basis in edge.basis for edge in edges)) for basis in Basis]
        return (
            f"[`{lifecycle.name}`](#{re.sub(r'[^a-z0-9_-]', '', lifecycle.name.lower())})",
            str(len(lifecycle.statuses)),
            str(len(edges)),
            ", ".join(f"{count} {basis}" for basis, count in counts if count),
            "literal" if lifecycle.name in LITERALS else "data",
        )

    return table(("lifecycle", "statuses", "transitions", "they rest on", "as"), map(row, CATALOGUE.values()))


def catalogue_entries() -> str:
    """Every lifecycle with its statuses, transitions and what stands beside them."""
    return "\n\n".join(part for lifecycle in CATALOGUE.values() for part in _entry(lifecycle))


def _entry(lifecycle: Lifecycle) -> Iterator[str]:
    yield f"### {lifecycle.name}"
    yield f"{markdown(lifecycle.doc)} Version: {lifecycle.version}."
    ends = [f"`{status}`" for status in lifecycle.statuses if status in lifecycle.terminal]
    yield f"Ends: {', '.join(ends) or 'none, it is never over'}."
    if lifecycle is ASSISTANTS_RUN:
        yield "Its table has a page of its own: [the lifecycle](lifecycle.md)."
        return
    rows = (
        (
            f"`{edge.source}`" if edge.source else "–",
            f"`{edge.event}`" + (" (silent)" if edge.silent else "") + (" (reopens)" if edge.reopens else ""),
            f"`{edge.target}`",
            ", ".join(basis.value for basis in Basis if basis in edge.basis),
            edge.why,
        )
        for edge in lifecycle.transitions
    )
    yield table(("from", "event", "to", "basis", "why"), rows)
    if beside := list(_beside(lifecycle)):
        yield "\n".join(f"- {line}" for line in beside)


def _beside(lifecycle: Lifecycle) -> Iterator[str]:
    """What a table of transitions does not hold, a line each."""
    for verb in lifecycle.verbs:
        wires = ", then ".join(f"`{name}`" for name in verb.wire)
        effects = show.effects_words(
            Transition(event=verb.event, source=None, target="", basis=frozenset(), does=verb.does)
        )
        if wires or effects:
            yield (
                f"`{verb.event}`" + (f" is announced as {wires}" if wires else "") + (f": {effects}" if effects else "")
            )
    for status, others in lifecycle.spellings.items():
        yield f"`{status}` is also spelled {', '.join(f'`{other}`' for other in others)}"
    for axis in lifecycle.axes:
        yield f"beside the status stands `{axis.field}`: {', '.join(f'`{value}`' for value in axis.values)} ({axis.why})"
    for answer in lifecycle.answers:
        yield f"`{answer.asked}` in `{answer.source}` is answered by `{answer.answered}` ({answer.why})"
    for removal in lifecycle.removals:
        yield f"`{removal.event}` deletes it in {', '.join(f'`{one}`' for one in removal.sources)} ({removal.why})"
    for count in lifecycle.counts:
        most = "any number" if count.most is None else str(count.most)
        yield f"over a whole run {' and '.join(f'`{one}`' for one in count.events)}: {count.least} to {most} ({count.why})"
    if lifecycle.precedence:
        yield f"late news are merged, strongest first: {', '.join(f'`{one}`' for one in lifecycle.precedence)}"
    for quirk in lifecycle.quirks:
        yield f"known departure `{quirk.name}`: {quirk.why}"


def lint_words() -> str:
    """Every code of lint."""
    rows = ((f"`{code}`", severity.value, said) for code, (severity, said) in LINT_WORDS.items())
    return table(("code", "severity", "what it says"), rows)


# -- telemetry ---------------------------------------------------------------------------------------------------------


def telemetry_spans() -> str:
    """Every span, and what it lasts for."""
    return table(("span", "lasts for"), ((f"`{name}`", said) for name, said in telemetry.SPANS.items()))


def telemetry_metrics() -> str:
    """Every metric."""
    rows = ((f"`{name}`", f"`{unit}`", said) for name, (unit, said) in telemetry.METRICS.items())
    return table(("metric", "unit", "what it measures"), rows)


def telemetry_attributes() -> str:
    """Every attribute of spans and metrics."""
    return table(("attribute", "what it says"), ((f"`{name}`", said) for name, said in telemetry.ATTRIBUTES.items()))


def log_fields() -> str:
    """Every attribute that a log record may have."""
    return table(("attribute", "what it says"), ((f"`{name}`", said) for name, said in logs.FIELDS.items()))


# -- mappings ----------------------------------------------------------------------------------------------------------


def mapping_problems() -> str:
    """Every code of a mapping."""
    rows = ((f"`{code}`", severity.value, said) for code, (severity, said) in MAPPING_PROBLEMS.items())
    return table(("code", "severity", "what it says"), rows)


def translate_problems() -> str:
    return _words(TRANSLATE_PROBLEMS)


def mappings_overview() -> str:
    """Every mapping with the number of its losses."""

    def row(mapping: LifecycleMapping) -> Iterator[str]:
        report = check_mapping(mapping)
        yield f"[`{mapping.source.name}` → `{mapping.target.name}`](#{_anchor(mapping)})"
        yield str(len(report.of("untold")))
        yield str(len({status for one in report.of("merged") for status in one.statuses}))
        for kind in ("path", "vanishes"):
            yield str(len({image.transition for image in report.images if image.kind == kind}))
        yield ", ".join(f"`{code}`" for code in ("untold_end", "reopening") if report.of(code))
        back = MAPPINGS.get((mapping.target.name, mapping.source.name))
        yield "no way back" if back is None else str(len(round_trip(mapping, back)))

    head = ("mapping", "untold", "merged", "paths", "vanish", "refused", "lost")
    return table(head, (tuple(row(mapping)) for mapping in MAPPINGS.values()))


def _anchor(mapping: LifecycleMapping) -> str:
    return re.sub(r"[^\w -]", "", f"{mapping.source.name} to {mapping.target.name}".lower()).replace(" ", "-")


def mapping_entries() -> str:
    """Every mapping: how each status reads and why, and all that is lost."""
    return "\n\n".join(part for mapping in MAPPINGS.values() for part in _mapping(mapping))


def _mapping(mapping: LifecycleMapping) -> Iterator[str]:
    report = check_mapping(mapping)
    yield f"### {mapping.source.name} to {mapping.target.name}"
    yield " ".join(filter(None, (mapping.doc, summary(report))))
    rows = (
        (
            f"`{status}`",
            reading(mapping, status),
            mapping.statuses[status].why,
            basis_words(mapping.statuses[status].basis),
        )
        for status in mapping.source.statuses
    )
    yield table(("status", "reads as", "why", "basis"), rows)
    losses = [f"- `{one.code}`: {one.message}" for one in report.problems]
    back = MAPPINGS.get((mapping.target.name, mapping.source.name))
    home = [] if back is None else [loss_words(loss) for loss in round_trip(mapping, back)]
    losses += [f"- there and back: {words}" for words in home]
    if losses:
        yield "\n".join(losses)


def version_kinds() -> str:
    """Every kind of difference, and for whom it breaks something."""
    rows = (
        (f"`{kind}`", said, *("breaks" if audience in breaks else "" for audience in AUDIENCES))
        for kind, (said, breaks) in VERSION_KINDS.items()
    )
    return table(("kind", "what it says", *AUDIENCES), rows)


def migration_problems() -> str:
    return _words(MIGRATION_PROBLEMS)


# -- the demo ----------------------------------------------------------------------------------------------------------


def demo() -> str:
    """What ``make demo`` prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        runpy.run_path(str(ROOT / "examples" / "demo.py"), run_name="__main__")
    return printed.getvalue()


def named_questions() -> str:
    """Every question that has a name, and for which entries of the catalogue the answer is no."""
    rows: list[tuple[str, ...]] = []
    for name, question in QUESTIONS.items():
        asked = [lc for lc in CATALOGUE.values() if not question.takes_event or ASKED[0] in lc.events]
        no = [f"`{lc.name}`" for lc in asked if not ask(lc, name).holds]
        found = f"{len(no)} of {len(asked)}" + (f": {', '.join(no)}" if 0 < len(no) <= SHORT_LIST else "")
        rows.append((f"`{name}`", question.says, question.fairness.value, question.listing or "–", found))
    return table(("name", "what it asks", "fairness", "lists", "no, in the catalogue"), rows)


def reliability_counts() -> str:
    """What the long tests have counted so far, by part."""
    from tools.long import PARTS
    from tools.store_parts import RESULTS, load

    rows: list[tuple[str, ...]] = []
    for name, entry in sorted(load(RESULTS).items()):
        part = max((part for part in PARTS if name.startswith(part)), key=len)
        counts = entry["counts"]
        done = ", ".join(f"{count:,} {unit}" for unit, count in counts.items() if not unit.startswith("FAULT"))
        faults = sum(count for unit, count in counts.items() if unit.startswith("FAULT"))
        seeds = len(entry["seeds"])
        seeds_words = (
            "not kept" if not seeds else f"{entry['seeds'][0]}" + (f" and {seeds - 1} more" if seeds > 1 else "")
        )
        rows.append(
            (
                name,
                done,
                str(faults),
                f"{entry['seconds']:,.0f}",
                seeds_words,
                entry["commit"][:10],
                f"`make test-long PART={part}`",
            )
        )
    return table(("what", "counts", "faults", "seconds", "seeds", "commit", "command"), rows)


def performance_ratios() -> str:
    """Every ratio that is kept, beside its target."""
    return table(("benchmark", "what to what", "ratio", "quartiles", "target", ""), performance.ratio_rows())


def performance_times() -> str:
    """The times behind them."""
    return table(("benchmark", "contestant", "least", "median"), performance.time_rows())


def where_exported() -> str:
    """The module behind each name that ``runstate/__init__.py`` exports, read off its imports for type checkers."""
    found = {name: path.removeprefix("runstate.") for name, path in exported().items()}
    names = "".join(f'    "{name}": "{found[name]}",\n' for name in sorted(found))
    return (
        '"""Where each exported name is defined.  Generated from the imports of ``runstate/__init__.py``."""\n\n'
        f'WHERE = {{\n{names}}}\n\nMODULES = frozenset(path.partition(".")[0] for path in WHERE.values())\n'
    )


BLOCKS: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("docs/lifecycle.md", "run-diagram", lambda: diagram(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-transitions", lambda: show.transitions_table(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-events", lambda: announced(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-fields", lambda: show.fields_table(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-order", lambda: stamp_order(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-quirks", lambda: quirks(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "step-diagram", lambda: diagram(runstate.ASSISTANTS_RUN_STEP)),
    ("docs/lifecycle.md", "step-transitions", lambda: show.transitions_table(runstate.ASSISTANTS_RUN_STEP)),
    ("docs/lifecycle.md", "step-fields", lambda: show.fields_table(runstate.ASSISTANTS_RUN_STEP)),
    ("docs/lifecycle.md", "message-diagram", lambda: diagram(runstate.ASSISTANTS_MESSAGE)),
    ("docs/lifecycle.md", "message-transitions", lambda: show.transitions_table(runstate.ASSISTANTS_MESSAGE)),
    ("docs/lifecycle.md", "message-fields", lambda: show.fields_table(runstate.ASSISTANTS_MESSAGE)),
    ("docs/findings.md", "findings", findings),
    ("docs/record.md", "run", run_fields),
    ("docs/record.md", "step", step_fields),
    ("docs/record.md", "message", message_fields),
    ("docs/record.md", "parts", parts),
    ("docs/cli.md", "commands", command_line),
    ("docs/errors.md", "tree", error_tree),
    ("docs/errors.md", "classes", error_classes),
    ("docs/errors.md", "lifecycle-problems", lifecycle_problems),
    ("docs/errors.md", "edge-problems", edge_problems),
    ("docs/errors.md", "foreign-problems", foreign_problems),
    ("docs/errors.md", "codec-problems", codec_problems),
    ("docs/api.md", "names", public_names),
    ("docs/catalogue.md", "overview", catalogue_overview),
    ("docs/catalogue.md", "entries", catalogue_entries),
    ("docs/modelling.md", "lint", lint_words),
    ("docs/telemetry.md", "spans", telemetry_spans),
    ("docs/telemetry.md", "metrics", telemetry_metrics),
    ("docs/telemetry.md", "attributes", telemetry_attributes),
    ("docs/telemetry.md", "fields", log_fields),
    ("docs/formal.md", "questions", named_questions),
    ("docs/mappings.md", "translate-problems", translate_problems),
    ("docs/mappings.md", "mapping-problems", mapping_problems),
    ("docs/mappings.md", "mappings", mappings_overview),
    ("docs/mappings.md", "mapping-entries", mapping_entries),
    ("docs/reliability.md", "counts", reliability_counts),
    ("docs/performance.md", "machine", performance.machine),
    ("docs/performance.md", "ratios", performance_ratios),
    ("docs/performance.md", "times", performance_times),
    ("docs/versions.md", "kinds", version_kinds),
    ("docs/versions.md", "migration-problems", migration_problems),
)
"""Page, name of the block, what it says."""

FILES: tuple[tuple[str, Callable[[], str]], ...] = (
    ("docs/schema/lifecycle.schema.json", schema_json),
    ("runstate/_where.py", where_exported),
)
"""Whole files, and what they say."""
