"""A lifecycle as an SVG state diagram, drawn without help from other programs.

The picture has a ground of its own, light or dark as the reader prefers, so that it can be read on any page.  What a
line means is told by its form and in words, never by colour alone: a dashed line is a transition that is only inferred,
a double border an end, and every line says what it is in its ``<title>``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from itertools import groupby
from math import log
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import attrs

from runstate.lifecycle import Basis, Lifecycle, Transition
from runstate.modelling.layout import Box, Layout, Line, Link, Rect, Route, place

__all__ = ["Used", "graph", "svg", "text_width"]

Used = Mapping[tuple[str | None, str], int]
"""(source, target) -> how often it was taken; the source of a creation is None."""

START: Final = ""
"""Key of the dot that stands for the absence of a status; no status has an empty name."""
MARGIN: Final = 20.0
NAME: Final = 14.0
"""Font size of a status."""
WORD: Final = 12.0
"""Font size of an event."""
LINE: Final = 15.0
"""From one line of a label to the next."""

# Widths in thousandths of the font size, as in the usual sans-serif fonts; all others count as the widest letters do.
_NARROW: Final = {
    **dict.fromkeys("ijl.,:;'|!", 270),
    **dict.fromkeys(" ftrI()[]-/×", 380),
    **dict.fromkeys("abcdeghknopqsuvxyz0123456789_", 570),
    **dict.fromkeys("mwMW@", 860),
}

_STYLE: Final = """
.rsd{font-family:system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.rsd .ground{fill:#fff}
.rsd .node rect{fill:#f6f8fa;stroke:#57606a;stroke-width:1.5}
.rsd .node text{fill:#1f2328;font-weight:600;text-anchor:middle}
.rsd .node .inner{fill:none;stroke-width:1}
.rsd .start{fill:#1f2328}
.rsd .edge path{fill:none;stroke:#57606a;stroke-width:1.5;stroke-linecap:round}
.rsd .edge .head{fill:#57606a;stroke:none}
.rsd .edge text{fill:#424a53}
.rsd .inferred .line{stroke-dasharray:5 4;stroke-linecap:butt}
.rsd .used path{stroke:#0a58ca}
.rsd .used .head{fill:#0a58ca;stroke:none}
.rsd .used text{fill:#0a4aa8;font-weight:600}
.rsd .unused path{stroke:#8c959f;stroke-width:1}
.rsd .unused .head{fill:#8c959f;stroke:none}
.rsd .unused text{fill:#656d76}
@media (prefers-color-scheme:dark){
.rsd .ground{fill:#161b22}
.rsd .node rect{fill:#21262d;stroke:#9ea7b3}
.rsd .node .inner{fill:none}
.rsd .node text{fill:#f0f6fc}
.rsd .start{fill:#f0f6fc}
.rsd .edge path{stroke:#9ea7b3}
.rsd .edge .head{fill:#9ea7b3}
.rsd .edge text{fill:#c9d1d9}
.rsd .used path{stroke:#6cb0ff}
.rsd .used .head{fill:#6cb0ff}
.rsd .used text{fill:#a5d0ff}
.rsd .unused path{stroke:#6e7681}
.rsd .unused .head{fill:#6e7681}
.rsd .unused text{fill:#9ea7b3}
}
""".strip()


@attrs.frozen
class _Edge:
    """All transitions between two statuses as one line."""

    source: str | None
    target: str
    transitions: tuple[Transition, ...]
    count: int | None
    """How often it was taken; None where that is not the question."""

    @property
    def inferred(self) -> bool:
        return all(edge.inferred_only for edge in self.transitions)

    @property
    def words(self) -> tuple[str, ...]:
        """The lines of its label: an event each, and behind the last one how often."""
        events = [_plain(edge.event) for edge in self.transitions]
        if self.count is not None:
            events[-1] += f" ×{self.count}"
        return tuple(events)

    @property
    def weight(self) -> float:
        """What is documented and seen wants to be straight more than what is guessed."""
        return 1.0 + 2.0 * max(len(edge.basis - {Basis.INFERRED}) for edge in self.transitions)


def svg(lifecycle: Lifecycle, used: Used | None = None) -> str:
    """The diagram as an SVG document of its own.

    :param used: how often each transition was taken: the lines become thicker with it, those never taken are thin and
        marked ``×0``.  Pairs that the lifecycle does not have are left out.
    """
    edges = _edges(lifecycle, used)
    layout = _placed(lifecycle, edges)
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    most = max((edge.count or 0 for edge in edges), default=0)
    name = escape(_plain(lifecycle.name))
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rsd" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label={quoteattr(_plain(lifecycle.name) + ": state diagram")}>'
    )
    parts = [
        root,
        f"<title>{name}: state diagram</title>",
        f"<desc>{escape(' '.join(_sentences(lifecycle, edges)))}</desc>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{width:g}" height="{height:g}" rx="8"/>',
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
        *(_edge(edge, route, most) for edge, route in zip(edges, layout.routes, strict=True)),
        *_nodes(lifecycle, layout),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts)


def graph(lifecycle: Lifecycle, used: Used | None = None) -> Layout:
    """Where everything stands in the diagram, without its margin."""
    return _placed(lifecycle, _edges(lifecycle, used))


def text_width(text: str, size: float) -> float:
    """About how wide a text is; rather too much than too little."""
    thousandths = sum(1000 if unicodedata.east_asian_width(char) in "WF" else _NARROW.get(char, 720) for char in text)
    return round(thousandths * size / 1000 * 1.04, 1)


def _edges(lifecycle: Lifecycle, used: Used | None) -> list[_Edge]:
    pairs: dict[tuple[str | None, str], list[Transition]] = {}
    for edge in lifecycle.transitions:
        pairs.setdefault((edge.source, edge.target), []).append(edge)
    return [
        _Edge(source, target, tuple(edges), None if used is None else used.get((source, target), 0))
        for (source, target), edges in pairs.items()
    ]


def _placed(lifecycle: Lifecycle, edges: list[_Edge]) -> Layout:
    boxes = [Box(START, 14.0, 14.0, 0)]
    widths = {status: round(text_width(_plain(status), NAME) * 1.06 + 26) for status in lifecycle.statuses}  # bold
    widest = max((widths[status] for status in lifecycle.terminal), default=0)
    for status in lifecycle.statuses:
        ends = status in lifecycle.terminal
        boxes.append(Box(status, widest if ends else widths[status], 34.0, -1 if ends else None))
    heavy = 1.14 if any(edge.count for edge in edges) else 1.02  # labels of what was taken are bold
    links = [
        Link(
            edge.source or START,
            edge.target,
            label=(round(max(text_width(word, WORD) for word in edge.words) * heavy + 6, 1), LINE * len(edge.words)),
            weight=edge.weight,
            back=any(transition.reopens for transition in edge.transitions),
        )
        for edge in edges
    ]
    return place(boxes, links)


# -- drawing ----------------------------------------------------------------------------------------------------------


def _edge(edge: _Edge, route: Route, most: int) -> str:
    stroke = _thickness(edge.count, most)
    kinds = ["edge"]
    if edge.inferred:
        kinds.append("inferred")
    if edge.count is not None:
        kinds.append("used" if edge.count else "unused")
    width = f' style="stroke-width:{stroke:g}"' if edge.count else ""
    label = route.label
    anchor = label.x + (0 if route.heading == (1, 0) else label.width if route.heading == (-1, 0) else label.width / 2)
    align = {(1, 0): "start", (-1, 0): "end"}.get(route.heading, "middle")
    inset = {"start": 3, "end": -3}.get(align, 0)
    texts = "".join(
        f'<text x="{anchor + inset:g}" y="{label.y + LINE * step + WORD:g}" font-size="{WORD:g}" '
        f'text-anchor="{align}">{escape(word)}</text>'
        for step, word in enumerate(edge.words)
    )
    return (
        f'<g class="{" ".join(kinds)}"><title>{escape(_sentence(edge))}</title>'
        f'<path class="line" d="{_path(route, stroke)}"{width}/>{_head(route, stroke)}{texts}</g>'
    )


def _thickness(count: int | None, most: int) -> float:
    """From 1.5 to 5, by the logarithm: ten times as often is a step, not ten times as thick."""
    return round(1.5 + 3.5 * log(1 + count) / log(1 + most), 1) if count and most else 1.5


def _path(route: Route, stroke: float) -> str:
    first = route.lines[0].start
    parts = [f"M{first[0]:g} {first[1]:g}"]
    tip = route.tip
    for line in route.lines:
        x, y = line.end
        if line.end == tip and line is route.lines[-1]:
            x, y = x - route.heading[0] * _length(stroke), y - route.heading[1] * _length(stroke)
        parts.append(_piece(line, x, y))
    return "".join(parts)


def _piece(line: Line, x: float, y: float) -> str:
    if line.controls is None:
        return f"L{x:g} {y:g}"
    (ax, ay), (bx, by) = line.controls
    return f"C{ax:g} {ay:g} {bx:g} {by:g} {x:g} {y:g}"


def _length(stroke: float) -> float:
    return 6 + stroke


def _head(route: Route, stroke: float) -> str:
    """The arrowhead: drawn, since a marker would not take the colour of its line everywhere."""
    (x, y), (dx, dy) = route.tip, route.heading
    length, half = _length(stroke) + 1, 2.5 + stroke / 2
    back = (x - dx * length, y - dy * length)
    one = (back[0] - dy * half, back[1] - dx * half)
    two = (back[0] + dy * half, back[1] + dx * half)
    return f'<path class="head" d="M{x:g} {y:g}L{one[0]:g} {one[1]:g}L{two[0]:g} {two[1]:g}Z"/>'


def _nodes(lifecycle: Lifecycle, layout: Layout) -> Iterator[str]:
    start = layout.boxes[START]  # a dot; a bar where many lines begin at it
    yield f'<g class="start"><title>before creation</title>{_rect(start, start.width / 2)}</g>'
    for status in lifecycle.statuses:
        rect = layout.boxes[status]
        name = escape(_plain(status))
        radius = min(17.0, rect.height / 2)
        inner = ""
        if status in lifecycle.terminal:
            inner = (
                f'<rect class="inner" x="{rect.x + 3:g}" y="{rect.y + 3:g}" width="{rect.width - 6:g}" '
                f'height="{rect.height - 6:g}" rx="{radius - 3:g}"/>'
            )
        yield (
            f'<g class="node"><title>{name}: {_kind(lifecycle, status)}</title>{_rect(rect, radius)}{inner}'
            f'<text x="{rect.x + rect.width / 2:g}" y="{rect.y + rect.height / 2 + NAME * 0.35:g}" '
            f'font-size="{NAME:g}">{name}</text></g>'
        )


def _rect(rect: Rect, radius: float) -> str:
    return f'<rect x="{rect.x:g}" y="{rect.y:g}" width="{rect.width:g}" height="{rect.height:g}" rx="{radius:g}"/>'


# -- words ------------------------------------------------------------------------------------------------------------


def _kind(lifecycle: Lifecycle, status: str) -> str:
    words = ["initial"] if status in lifecycle.initial else []
    words += ["terminal"] if status in lifecycle.terminal else ["live"]
    words += ["somebody else must act"] if status in lifecycle.stops else []
    return ", ".join(words)


def _sentence(edge: _Edge) -> str:
    events = ", ".join(_plain(transition.event) for transition in edge.transitions)
    source = "(new)" if edge.source is None else _plain(edge.source)
    inferred = " (only inferred)" if edge.inferred else ""
    count = "" if edge.count is None else ", never taken" if not edge.count else f", taken {edge.count} times"
    return f"{source} → {_plain(edge.target)}: {events}{inferred}{count}"


def _sentences(lifecycle: Lifecycle, edges: list[_Edge]) -> Iterator[str]:
    ends = [_plain(status) for status in lifecycle.statuses if status in lifecycle.terminal]
    yield f"Terminal: {', '.join(ends) or 'none'}."
    for source, group in groupby(edges, key=lambda edge: edge.source):
        targets = ", ".join(_plain(edge.target) for edge in group)
        yield f"From {'the beginning' if source is None else _plain(source)}: {targets}."


def _plain(text: str) -> str:
    """A name without what XML forbids, or what would turn the text around it: each such character becomes a dot."""
    return "".join("·" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Co"} else char for char in text)
