"""A layered layout from left to right: where the boxes of a diagram stand, and how its lines and labels run.

Boxes stand in columns.  Between two columns of boxes is one of labels, and a line that passes a column has a place of
its own in it, as a box and a label have.  Lines bend only in the gaps between columns, where nothing else stands: so no
line crosses a box or a label, and no label meets another, whatever the graph.  What is left to judgement is the order
within a column (few crossings) and the height at which each thing stands (straight lines).

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

import attrs

from runstate.frozen import FrozenDict

__all__ = ["Box", "Layout", "Line", "Link", "Point", "Rect", "Route", "place"]

Point = tuple[float, float]

PASS_HEIGHT = 9.0
"""What a line needs that passes a column."""
PORT = 10.0
"""Between two lines at one side of a box: arrowheads must not touch."""
GAP = 18.0
"""Between two columns, at least; more where lines are steep."""
STEEPEST = 64.0
"""Between two columns, at most."""
SWEEPS = 24
SETTLE = 80
STRAIGHTEN = 6
"""Rounds of ordering, of settling the heights, and of straightening: more change nothing that can be seen."""


@attrs.frozen
class Box:
    """What stands in a column."""

    key: str
    width: float
    height: float
    """At least; it grows with the lines that end at one side of it."""
    layer: int | None = None
    """None: as far left as what leads to it allows; 0: alone in the first column; -1: in the last column."""


@attrs.frozen
class Link:
    """A line to draw; one a pair of source and target."""

    source: str
    target: str
    label: tuple[float, float] = (0.0, 0.0)
    """Width and height of its label, which stands above the line."""
    weight: float = 1.0
    """How much it wants to be straight."""
    back: bool = False
    """It must not decide what stands left of what: it leads out of an end."""


@attrs.frozen
class Rect:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def meets(self, other: Rect) -> bool:
        """Whether the two have a point inside in common."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def holds(self, point: Point, margin: float = 0.0) -> bool:
        """Whether the point is inside, at least ``margin`` from the edge."""
        x, y = point
        return self.x + margin < x < self.right - margin and self.y + margin < y < self.bottom - margin


@attrs.frozen
class Line:
    """A piece of a route: straight, or a cubic curve."""

    start: Point
    end: Point
    controls: tuple[Point, Point] | None = None

    def at(self, t: float) -> Point:
        """The point at ``t`` between 0 and 1."""
        one, two = self.controls or (self.start, self.end)
        s = 1 - t
        a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
        x = a * self.start[0] + b * one[0] + c * two[0] + d * self.end[0]
        y = a * self.start[1] + b * one[1] + c * two[1] + d * self.end[1]
        return x, y


@attrs.frozen
class Route:
    """How one link runs, from its source to its target."""

    source: str
    target: str
    lines: tuple[Line, ...]
    label: Rect
    heading: tuple[int, int]
    """The direction in which it arrives: (1, 0) to the right, (-1, 0) to the left, (0, 1) downwards."""

    @property
    def tip(self) -> Point:
        """Where it arrives."""
        return self.lines[-1].end


@attrs.frozen
class Layout:
    """Where everything stands; the upper left corner is (0, 0)."""

    width: float
    height: float
    boxes: Mapping[str, Rect]
    routes: tuple[Route, ...]
    """In the order of the links."""


@attrs.define(eq=False)
class _Item:
    """What has a place in a column: a box, a label above its line, or a line that passes by."""

    height: float
    width: float = 0.0
    box: Box | None = None
    loop: Link | None = None
    """A line from the box to itself, which runs above it."""
    line: float = 0.0
    """Where its line runs, from its top; for a box, the middle of the box."""
    margin: float = 3.0
    """Room that it wants above and below."""
    top: float = 0.0
    column: int = 0
    place: int = 0
    """Its position in its column."""
    left: list[_Segment] = attrs.field(factory=list)
    right: list[_Segment] = attrs.field(factory=list)


@attrs.define(eq=False)
class _Segment:
    """A piece of a link between two neighbouring columns."""

    a: _Item
    b: _Item
    link: int
    weight: float
    a_port: float = 0.0
    """Where it leaves ``a``, from the top of ``a``."""
    b_port: float = 0.0


_Side = Callable[[_Item], tuple[float, float]]
"""Left and right of an item's column."""


def place(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Where the boxes stand and how the links run; the same input has the same result."""
    layers = _layers(boxes, links)
    loops = {link.source: link for link in links if link.source == link.target}
    items = {box.key: _box_item(box, loops.get(box.key)) for box in boxes}
    columns: list[list[_Item]] = [[] for _ in range(2 * max(layers.values(), default=0) + 1)]
    for key, item in items.items():
        columns[2 * layers[key]].append(item)
    chains = [_chain(index, link, items, layers, columns) for index, link in enumerate(links)]
    for item in items.values():
        _grow(item)
    _order(columns)
    _ports(columns)
    _settle(columns)
    for _ in range(STRAIGHTEN):
        for chain in sorted(chains, key=len, reverse=True):
            _straighten(chain[1:-1], columns)
    _start_at_zero(columns)
    return _drawn(links, items, columns, chains)


# -- columns ----------------------------------------------------------------------------------------------------------


def _layers(boxes: Sequence[Box], links: Sequence[Link]) -> dict[str, int]:
    """Key -> column: one right of the rightmost box that leads to it, lines that close a cycle left out."""
    forward = _forward(boxes, links)
    # what only ends lead to has nothing on its left, and yet the beginning stands left of it
    begins = any(box.layer == 0 for box in boxes)
    layers = {box.key: int(begins and box.layer != 0) for box in boxes}
    for _ in boxes:  # the longest path has fewer links than there are boxes
        for source, target in forward:
            layers[target] = max(layers[target], layers[source] + 1)
    last = max(layers.values(), default=0)
    return {box.key: last if box.layer == -1 else layers[box.key] for box in boxes}


def _forward(boxes: Sequence[Box], links: Sequence[Link]) -> list[tuple[str, str]]:
    """The links that decide what stands left of what, turned where they close a cycle; found depth first."""
    ends = {box.key for box in boxes if box.layer == -1}
    out: dict[str, list[str]] = {box.key: [] for box in boxes}
    turned: list[tuple[str, str]] = []
    for link in links:
        if link.source == link.target:
            continue
        if link.back or link.source in ends:
            if link.target not in ends:
                turned.append((link.target, link.source))
        else:
            out[link.source].append(link.target)
    done: set[str] = set()
    open_: list[str] = []
    kept: list[tuple[str, str]] = []

    def visit(key: str) -> None:
        open_.append(key)
        for target in out[key]:
            if target in open_:
                turned.append((target, key))
                continue
            kept.append((key, target))
            if target not in done:
                visit(target)
        open_.pop()
        done.add(key)

    for box in boxes:
        if box.key not in done:
            visit(box.key)
    return _acyclic([*kept, *turned])


def _acyclic(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs, without each that would close a cycle with those before it."""
    kept: dict[str, list[str]] = {}
    result: list[tuple[str, str]] = []
    for source, target in pairs:
        seen, stack = {target}, [target]
        while stack:
            for after in kept.get(stack.pop(), ()):
                if after not in seen:
                    seen.add(after)
                    stack.append(after)
        if source not in seen:
            kept.setdefault(source, []).append(target)
            result.append((source, target))
    return result


def _box_item(box: Box, loop: Link | None) -> _Item:
    above = 0.0 if loop is None else LOOP + loop.label[1]
    width = box.width if loop is None else max(box.width, loop.label[0])
    return _Item(above + box.height, width + 2 * STUB, box, loop, line=above + box.height / 2, margin=9.0)


STUB = 10.0
"""How far a line runs straight before a box, so that its arrowhead lies on it."""
LOOP = 18.0
"""How high a line from a box to itself rises above it."""


def _grow(item: _Item) -> None:
    """Make the box high enough for the lines at either side of it."""
    assert item.box is not None  # noqa: S101 - it is asked of boxes only
    more = PORT * max(len(item.left), len(item.right)) + 8 - item.box.height
    if more > 0 and max(len(item.left), len(item.right)) > 1:
        item.box = attrs.evolve(item.box, height=item.box.height + more)
        item.height += more
        item.line += more / 2


def _chain(
    index: int, link: Link, items: Mapping[str, _Item], layers: Mapping[str, int], columns: list[list[_Item]]
) -> list[_Item]:
    """Put a place for the line into every column that it passes; from left to right, the boxes at both ends included."""
    if link.source == link.target:
        return [items[link.source]]
    turned = layers[link.source] >= layers[link.target]
    low, high = (link.target, link.source) if turned else (link.source, link.target)
    first, last = 2 * layers[low] + 1, 2 * layers[high] - 1
    if first > last:  # two boxes of one column: the line leaves it to the right and comes back
        return _detour(index, link, items, first, columns)
    spoken = last if turned else first  # the label stands where the line begins: what may happen is read at the source
    chain = [items[low]]
    for column in range(first, last + 1):
        width, height = link.label if column == spoken else (0.0, 0.0)
        item = _Item(height + PASS_HEIGHT, width, line=height + PASS_HEIGHT / 2, margin=2.0)
        columns[column].append(item)
        chain.append(item)
    chain.append(items[high])
    for a, b in pairwise(chain):
        _join(a, b, index, link.weight * (1 if a.box or b.box else 4))
    return chain


def _detour(index: int, link: Link, items: Mapping[str, _Item], column: int, columns: list[list[_Item]]) -> list[_Item]:
    while len(columns) <= column:
        columns.append([])
    width, height = link.label
    item = _Item(height + 2 * PASS_HEIGHT, width, line=height + PASS_HEIGHT / 2, margin=2.0)
    columns[column].append(item)
    source, target = items[link.source], items[link.target]
    _join(source, item, index, link.weight)
    _join(target, item, index, link.weight)
    return [source, item, target]


def _join(a: _Item, b: _Item, link: int, weight: float) -> None:
    segment = _Segment(a, b, link, weight)
    a.right.append(segment)
    b.left.append(segment)


# -- order ------------------------------------------------------------------------------------------------------------


def _order(columns: list[list[_Item]]) -> None:
    """Order every column so that few lines cross: sweeps by the mean place of the neighbours, the best one counts."""
    for index, column in enumerate(columns):
        for item in column:
            item.column = index
    _number(columns)
    best = [list(column) for column in columns]
    fewest = _crossings(columns)
    for sweep in range(SWEEPS):
        rightwards = sweep % 2 == 0
        for column in columns if rightwards else reversed(columns):
            column.sort(key=partial(_mean_place, leftwards=rightwards))
            _number([column])
        while _exchange(columns):
            pass
        now = _crossings(columns)
        if now < fewest:
            fewest, best = now, [list(column) for column in columns]
    columns[:] = best
    _number(columns)


def _number(columns: Iterable[list[_Item]]) -> None:
    for column in columns:
        for place_, item in enumerate(column):
            item.place = place_


def _mean_place(item: _Item, *, leftwards: bool) -> float:
    places = [s.a.place for s in item.left] if leftwards else [s.b.place for s in item.right]
    return sum(places) / len(places) if places else item.place


def _exchange(columns: list[list[_Item]]) -> bool:
    """Exchange neighbours where fewer lines cross then; whether anything was exchanged."""
    changed = False
    for column in columns:
        for index in range(len(column) - 1):
            a, b = column[index], column[index + 1]
            if _between(b, a) < _between(a, b):
                column[index], column[index + 1] = b, a
                a.place, b.place = b.place, a.place
                changed = True
    return changed


def _between(upper: _Item, lower: _Item) -> int:
    """Crossings of the lines of two items, the first standing above the second."""
    left = sum(p.a.place > q.a.place for p in upper.left for q in lower.left)
    return left + sum(p.b.place > q.b.place for p in upper.right for q in lower.right)


def _crossings(columns: list[list[_Item]]) -> int:
    return sum(
        sum(p.b.place > q.b.place for p in upper.right for q in lower.right)
        for column in columns
        for place_, upper in enumerate(column)
        for lower in column[place_ + 1 :]
    )


# -- heights ----------------------------------------------------------------------------------------------------------


def _ports(columns: list[list[_Item]]) -> None:
    """Where each line meets its box: side by side in the order of where they come from, so that they do not cross."""
    for column in columns:
        for item in column:
            item.left.sort(key=lambda segment: (segment.a.place, segment.link))
            item.right.sort(key=lambda segment: (segment.b.place, segment.link))
            if item.box is None and len(item.left) == 2:  # a detour: there and back
                for step, segment in enumerate(item.left):
                    segment.b_port = item.line + step * PASS_HEIGHT
                continue
            for segments, side in ((item.left, "b_port"), (item.right, "a_port")):
                first = item.line - PORT * (len(segments) - 1) / 2
                for step, segment in enumerate(segments):
                    setattr(segment, side, first + step * PORT)


def _settle(columns: list[list[_Item]]) -> None:
    """Let every item go to the mean height of its neighbours, as near as the others in its column let it."""
    for column in columns:
        top = -sum(item.height + item.margin for item in column) / 2
        for item in column:
            item.top = top
            top += item.height + 2 * item.margin
    for turn in range(SETTLE):
        for column in columns if turn % 2 == 0 else reversed(columns):
            _fit(column)


def _fit(column: list[_Item]) -> None:
    """The heights nearest to those wanted that keep order and distances: pooled adjacent violators."""
    offset = 0.0
    blocks: list[list[float]] = []  # weight, weighted sum of wanted tops, number of items
    offsets: list[float] = []
    for index, item in enumerate(column):
        if index:
            before = column[index - 1]
            offset += before.height + max(before.margin, item.margin)
        offsets.append(offset)
        weight, want = _wanted(item)
        blocks.append([weight, weight * (want - offset), 1])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][0] >= blocks[-1][1] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [x + y for x, y in zip(blocks[-1], last, strict=True)]
    tops = [total / weight for weight, total, count in blocks for _ in range(int(count))]
    for item, top, above in zip(column, tops, offsets, strict=True):
        item.top = top + above


def _wanted(item: _Item) -> tuple[float, float]:
    weight = total = 0.0
    for segment in item.left:
        weight += segment.weight
        total += segment.weight * (segment.a.top + segment.a_port - segment.b_port)
    for segment in item.right:
        weight += segment.weight
        total += segment.weight * (segment.b.top + segment.b_port - segment.a_port)
    return (weight, total / weight) if weight else (0.01, item.top)


def _straighten(chain: Sequence[_Item], columns: list[list[_Item]]) -> None:
    """Level the line as far as its neighbours in each column let it: as few bends as one pass can find."""
    start = 0
    while start < len(chain):
        low, high = _room(chain[start], columns)
        end = start + 1
        while end < len(chain):
            lower, higher = _room(chain[end], columns)
            if max(low, lower) > min(high, higher):
                break
            low, high = max(low, lower), min(high, higher)
            end += 1
        level = sum(item.top + item.line for item in chain[start:end]) / (end - start)
        for item in chain[start:end]:
            item.top = min(max(level, low), high) - item.line
        start = end


def _room(item: _Item, columns: list[list[_Item]]) -> tuple[float, float]:
    """How high and how low its line can run."""
    column = columns[item.column]
    low, high = float("-inf"), float("inf")
    if item.place:
        above = column[item.place - 1]
        low = above.top + above.height + max(above.margin, item.margin) + item.line
    if item.place + 1 < len(column):
        below = column[item.place + 1]
        high = below.top - max(below.margin, item.margin) - item.height + item.line
    return min(low, item.top + item.line), max(high, item.top + item.line)


def _start_at_zero(columns: list[list[_Item]]) -> None:
    highest = min((item.top for column in columns for item in column), default=0.0)
    for column in columns:
        for item in column:
            item.top = round(item.top - highest, 1)


# -- lines ------------------------------------------------------------------------------------------------------------


def _drawn(
    links: Sequence[Link],
    items: Mapping[str, _Item],
    columns: list[list[_Item]],
    chains: list[list[_Item]],
) -> Layout:
    sides = list(_sides(columns))

    def side(item: _Item) -> tuple[float, float]:
        return sides[item.column]

    rects: dict[str, Rect] = {}
    for key, item in items.items():
        box = item.box
        assert box is not None  # noqa: S101 - these are the boxes
        left, right = side(item)
        top = item.top + item.height - box.height
        rects[key] = Rect(round((left + right - box.width) / 2, 1), round(top, 1), box.width, box.height)
    routes: list[Route] = []
    for index, (link, chain) in enumerate(zip(links, chains, strict=True)):
        if link.source == link.target:
            routes.append(_looped(link, items[link.source], rects[link.source]))
        else:
            routes.append(_route(index, link, chain, side, rects))
    edges = [rect.right for rect in (*rects.values(), *(route.label for route in routes))]
    edges += [line.at(step / 8)[0] for route in routes for line in route.lines for step in range(9)]
    bottom = max((item.top + item.height for column in columns for item in column), default=0.0)
    return Layout(max(edges, default=0.0), bottom, FrozenDict(rects), tuple(routes))


def _sides(columns: list[list[_Item]]) -> Iterator[tuple[float, float]]:
    """Left and right of each column; the gap before it is wider where lines are steep."""
    x = 0.0
    for index, column in enumerate(columns):
        if index:
            rises = [abs(s.a.top + s.a_port - s.b.top - s.b_port) for item in column for s in item.left]
            x += min(max([GAP, *(rise * 0.25 for rise in rises)]), STEEPEST)
        width = max((item.width for item in column), default=0.0)
        yield round(x, 1), round(x + width, 1)
        x += width


def _route(index: int, link: Link, chain: list[_Item], side: _Side, rects: Mapping[str, Rect]) -> Route:
    """The pieces from left to right, turned round where the link runs from right to left."""
    detour = len(chain) == 3 and len(chain[1].left) == 2 and not chain[1].right
    if detour:
        return _there_and_back(link, chain, side, rects)
    turned = chain[0].box is None or chain[0].box.key != link.source
    points: list[Point] = []
    label = Rect(0, 0, 0, 0)
    for item in chain:
        left, right = side(item)
        if item.box is not None:
            rect = rects[item.box.key]
            if item is chain[0]:
                y = item.top + next(s.a_port for s in item.right if s.link == index)
                points += [(rect.right, y), (right, y)]
            else:
                y = item.top + next(s.b_port for s in item.left if s.link == index)
                points += [(left, y), (rect.x, y)]
            continue
        y = item.top + item.line
        points += [(left, y), (right, y)]
        if item.width:
            width, height = link.label
            x = right - width if turned else left
            label = Rect(round(x, 1), round(item.top, 1), width, height)
    lines = [
        _straight(a, b) if step % 2 == 0 else _curve(a, b) for step, (a, b) in enumerate(pairwise(points)) if a != b
    ]
    if turned:
        lines = [_reversed(line) for line in reversed(lines)]
    return Route(link.source, link.target, tuple(lines), label, (-1, 0) if turned else (1, 0))


def _there_and_back(link: Link, chain: list[_Item], side: _Side, rects: Mapping[str, Rect]) -> Route:
    """From a box to another of its column: out at the right, round a bend, and back in at the right."""
    source, bend, target = chain
    left, right = side(bend)
    out = next(s for s in bend.left if s.a is source)
    back = next(s for s in bend.left if s.a is target)
    edge = side(source)[1]
    start, end = source.top + out.a_port, target.top + back.a_port
    go, come = bend.top + out.b_port, bend.top + back.b_port
    assert source.box is not None  # noqa: S101 - both ends of a chain are boxes
    assert target.box is not None  # noqa: S101
    round_ = ((right + PASS_HEIGHT, go), (right + PASS_HEIGHT, come))
    lines = (
        _straight((rects[source.box.key].right, start), (edge, start)),
        _curve((edge, start), (left, go)),
        _straight((left, go), (right, go)),
        Line((right, go), (right, come), round_),
        _straight((right, come), (left, come)),
        _curve((left, come), (edge, end)),
        _straight((edge, end), (rects[target.box.key].right, end)),
    )
    width, height = link.label
    label = Rect(round(left, 1), round(bend.top, 1), width, height)
    return Route(link.source, link.target, tuple(line for line in lines if line.start != line.end), label, (-1, 0))


def _looped(link: Link, item: _Item, rect: Rect) -> Route:
    """From a box to itself, above it."""
    middle, top = rect.x + rect.width / 2, rect.y
    reach = min(14.0, rect.width / 4)
    start, end = (middle - reach, top), (middle + reach, top)
    width, height = link.label
    label = Rect(round(middle - width / 2, 1), round(item.top, 1), width, height)
    rise = LOOP * 4 / 3 - 3  # a cubic reaches three quarters of the way to its controls
    line = Line(start, end, ((start[0], top - rise), (end[0], top - rise)))
    return Route(link.source, link.target, (line,), label, (0, 1))


def _straight(a: Point, b: Point) -> Line:
    return Line(_rounded(a), _rounded(b))


def _curve(a: Point, b: Point) -> Line:
    """Leaves and arrives level, and stays between the two heights."""
    if abs(a[1] - b[1]) < 0.05:
        return _straight(a, b)
    middle = (a[0] + b[0]) / 2
    return Line(_rounded(a), _rounded(b), (_rounded((middle, a[1])), _rounded((middle, b[1]))))


def _reversed(line: Line) -> Line:
    controls = None if line.controls is None else (line.controls[1], line.controls[0])
    return Line(line.end, line.start, controls)


def _rounded(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)
