"""A lifecycle as a table, a diagram, JSON or a formal model: all derived from the definition alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis, Lifecycle, Presence, Transition

__all__ = ["FORMATS", "as_dict", "dot", "fields_table", "mermaid", "transitions_table"]

_ABSENT = "(new)"


def effects_words(edge: Transition) -> str:
    """What the transition does to the record, as words."""
    does = edge.does
    parts = [f"{field} = now" for field in does.stamps]
    parts += [f"{field} = now if null" for field in does.stamps_once]
    parts += [f"{field} = now + {seconds:g} s" for field, seconds in does.deadlines.items()]
    parts += [f"{field or name} given" for name, field in does.takes.items()]
    parts += [f"{field or name} may be given" for name, field in does.may_take.items()]
    parts += [f"{field} = null" for field in does.clears]
    return ", ".join(parts)


def _basis_words(edge: Transition) -> str:
    return ", ".join(basis.value for basis in Basis if basis in edge.basis)


def _rows(lifecycle: Lifecycle) -> Iterator[tuple[str, ...]]:
    yield "event", "source", "target", "basis", "guards", "on the record", "why"
    for event in lifecycle.events:
        for edge in (edge for edge in lifecycle.transitions if edge.event == event):
            yield (
                str(edge.event),
                str(edge.source or _ABSENT),
                str(edge.target),
                _basis_words(edge),
                "; ".join(guard.name for guard in edge.guards),
                effects_words(edge),
                edge.why,
            )


def transitions_table(lifecycle: Lifecycle) -> str:
    """Every transition as a Markdown table, grouped by event."""
    return _markdown(_rows(lifecycle))


def fields_table(lifecycle: Lifecycle) -> str:
    """Which field is set, null or free in which status, as a Markdown table; derived by following every path."""

    def cells() -> Iterator[tuple[str, ...]]:
        yield ("field", *map(str, lifecycle.statuses))
        written = list(next(iter(lifecycle.presence.values())))
        for field in written:
            yield (field, *(_presence_word(lifecycle.presence[status][field]) for status in lifecycle.statuses))

    return _markdown(cells())


def _presence_word(presence: Presence) -> str:
    return {Presence.SET: "set", Presence.NULL: "–", Presence.FREE: "may be set"}[presence]


def _markdown(rows: Iterator[tuple[str, ...]]) -> str:
    head, *body = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    widths = [max(len(row[i]) for row in (head, *body)) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"

    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return "\n".join([line(head), rule, *map(line, body)])


def table(lifecycle: Lifecycle) -> str:
    """The whole definition for reading: what it is, its transitions, its field rules, its quirks."""
    ends = [status for status in lifecycle.statuses if status in lifecycle.terminal]
    parts = [
        f"{lifecycle.name} (version {lifecycle.version}){f': {lifecycle.doc}' if lifecycle.doc else ''}",
        f"initial: {', '.join(sorted(lifecycle.initial))}; terminal: {', '.join(ends) or 'none'}",
        transitions_table(lifecycle),
        fields_table(lifecycle),
    ]
    if lifecycle.quirks:
        parts.append("\n".join(["Known departures of real data:", *(f"- {q.name}: {q.why}" for q in lifecycle.quirks)]))
    return "\n\n".join(parts)


def mermaid(lifecycle: Lifecycle) -> str:
    """A Mermaid state diagram; transitions that are only inferred are marked with ``?``."""
    nodes = _nodes(lifecycle)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{status}" as {node}' for status, node in nodes.items() if node != status]
    for edge in lifecycle.transitions:
        source = "[*]" if edge.source is None else nodes[edge.source]
        mark = " ?" if edge.inferred_only else ""
        lines.append(f"    {source} --> {nodes[edge.target]}: {edge.event}{mark}")
    lines += [f"    {nodes[status]} --> [*]" for status in lifecycle.statuses if status in lifecycle.terminal]
    return "\n".join(lines)


def _nodes(lifecycle: Lifecycle) -> Mapping[str, str]:
    """Each status as an identifier of its own: Mermaid wants letters, digits and underscores."""
    nodes: dict[str, str] = {}
    for status in lifecycle.statuses:
        node = "".join(char if char.isalnum() or char == "_" else "_" for char in status)
        while node in nodes.values():
            node += "_"
        nodes[status] = node
    return nodes


def dot(lifecycle: Lifecycle) -> str:
    """A Graphviz digraph; terminal statuses have a double border, inferred transitions are dashed."""
    lines = [f'digraph "{lifecycle.name}" {{', "    rankdir=LR;", '    "" [shape=point];']
    for status in lifecycle.statuses:
        borders = 2 if status in lifecycle.terminal else 1
        lines.append(f'    "{status}" [shape=box, style=rounded, peripheries={borders}];')
    for edge in lifecycle.transitions:
        style = ", style=dashed" if edge.inferred_only else ""
        lines.append(f'    "{edge.source or ""}" -> "{edge.target}" [label="{edge.event}"{style}];')
    return "\n".join([*lines, "}"])


def as_dict(lifecycle: Lifecycle) -> Mapping[str, Any]:
    """The definition as JSON values, in the order in which it is written."""
    return {
        "name": lifecycle.name,
        "version": lifecycle.version,
        "doc": lifecycle.doc,
        "statuses": list(lifecycle.statuses),
        "initial": sorted(lifecycle.initial),
        "terminal": sorted(lifecycle.terminal),
        "stops": sorted(lifecycle.stops),
        "fields": {name: kind.value for name, kind in lifecycle.fields.items()},
        "constant": list(lifecycle.constant),
        "profiles": dict(lifecycle.profiles),
        "transitions": [_edge_dict(edge) for edge in lifecycle.transitions],
        "presence": {
            status: {field: presence.value for field, presence in fields.items()}
            for status, fields in lifecycle.presence.items()
        },
        "order": [list(pair) for pair in lifecycle.order],
        "quirks": [
            {
                "name": quirk.name,
                "profile": quirk.profile,
                "transition": list(quirk.transition) if quirk.transition else None,
                "field": list(quirk.field) if quirk.field else None,
                "announcement": list(quirk.announcement) if quirk.announcement else None,
                "why": quirk.why,
            }
            for quirk in lifecycle.quirks
        ],
    }


def _edge_dict(edge: Transition) -> Mapping[str, Any]:
    return {
        "event": edge.event,
        "source": edge.source,
        "target": edge.target,
        "basis": [basis.value for basis in Basis if basis in edge.basis],
        "why": edge.why,
        "wire": list(edge.wire),
        "guards": [guard.name for guard in edge.guards],
        "stamps": list(edge.does.stamps),
        "stamps_once": list(edge.does.stamps_once),
        "deadlines": dict(edge.does.deadlines),
        "takes": dict(edge.does.takes),
        "may_take": dict(edge.does.may_take),
        "clears": list(edge.does.clears),
        "silent": edge.silent,
        "reopens": edge.reopens,
    }


def as_json(lifecycle: Lifecycle) -> str:
    """`as_dict` as indented JSON text."""
    return json.dumps(as_dict(lifecycle), indent=2, ensure_ascii=False)


def as_toml(lifecycle: Lifecycle) -> str:
    """The definition as a file that the other commands take; see `runstate.modelling.toml`."""
    from runstate.modelling.toml import to_toml  # its writer comes with the command line

    return to_toml(lifecycle).rstrip()


def as_svg(lifecycle: Lifecycle) -> str:
    """A drawing for a page or a README; see `runstate.modelling.svg`."""
    from runstate.modelling.svg import svg  # the layout is long, and only this format needs it

    return svg(lifecycle)


def as_promela(lifecycle: Lifecycle) -> str:
    """A model for SPIN; see `runstate.modelling.promela`."""
    from runstate.modelling.promela import promela  # the exports derive more than a table or a diagram needs

    return promela(lifecycle).rstrip()


def as_tla(lifecycle: Lifecycle) -> str:
    """A TLA+ module; see `runstate.modelling.tla`."""
    from runstate.modelling.tla import tla

    return tla(lifecycle).rstrip()


FORMATS: Mapping[str, Callable[[Lifecycle], str]] = FrozenDict(
    {
        "table": table,
        "mermaid": mermaid,
        "dot": dot,
        "svg": as_svg,
        "json": as_json,
        "toml": as_toml,
        "tla": as_tla,
        "promela": as_promela,
    }
)
"""What ``runstate show`` can print."""
