from __future__ import annotations

import random
import re
from collections.abc import Iterable
from functools import cache
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import pytest

from runstate.lifecycle import Basis, Lifecycle, Row, To, Verb
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.agui import AGUI_ENTITIES, AGUI_RUN
from runstate.modelling.layout import Box, Layout, Link, Rect, place
from runstate.modelling.svg import graph, svg, text_width

NS = {"s": "http://www.w3.org/2000/svg"}
D, I = Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741 - the letters of the tables' own key


def synthetic(seed: int) -> Lifecycle:
    """Some lifecycle: live statuses in a row, ends, and lines between them at random, backwards and to themselves too."""
    rng = random.Random(seed)
    live = [f"live_{number}" + "_and_longer" * rng.randrange(2) for number in range(rng.randint(1, 9))]
    ends = [f"end_{number}" for number in range(rng.randint(1, 4))]
    rows: dict[str, dict[str, To]] = {status: {} for status in live + ends}
    wanted = list(pairwise(live)) + [(rng.choice(live), end) for end in ends] + [(live[-1], ends[0])]
    wanted += [(rng.choice(live + ends[:1]), rng.choice(live + ends)) for _ in range(rng.randrange(16))]
    for source, target in wanted:
        event = rng.choice(["to_", "to_", "also_to_"]) + target
        rows[source].setdefault(event, To(event, target, rng.choice([D, D, I]), reopens=source in ends))
    events = dict.fromkeys(event for row in rows.values() for event in row)
    return Lifecycle(
        name=f"synthetic.{seed}",
        initial={live[0]},
        terminal=set(ends),
        rows=[Row(None, To("create", live[0], D)), *(Row(status, *row.values()) for status, row in rows.items())],
        verbs=[Verb("create"), *map(Verb, events)],
    )


def hostile() -> Lifecycle:
    """Names that would end an element, turn the text, or cannot stand in XML."""
    names = ['</text><script>alert("1")</script>', "a&b\u202e\x00\ud800", "日本語の状態", "x" * 90]
    return Lifecycle(
        name="hostile <&\x07>",
        initial={names[0]},
        terminal={names[3]},
        rows=[
            Row(None, To("create]]>", names[0], D)),
            *(Row(a, To(f"<{n}>&\x01", b, I)) for n, (a, b) in enumerate(pairwise(names))),
            Row(names[3]),
        ],
        verbs=[Verb("create]]>"), *(Verb(f"<{n}>&\x01") for n in range(3))],
    )


LIFECYCLES = {
    lifecycle.name: lifecycle
    for lifecycle in (
        *CATALOGUE.values(),
        AGUI_RUN,
        *AGUI_ENTITIES,
        *map(synthetic, range(24)),
        hostile(),
    )
}
EVERY = pytest.mark.parametrize("name", LIFECYCLES)


@cache
def drawn(name: str) -> Layout:
    return graph(LIFECYCLES[name])


def meeting(rects: Iterable[tuple[str, Rect]]) -> list[tuple[str, str]]:
    return [(a, b) for (a, one), (b, two) in combinations(rects, 2) if one.meets(two)]


def faults(layout: Layout) -> list[str]:
    """Everything that meets what it should not, or leaves the picture."""
    labels = [(f"label {r.source} → {r.target}", r.label) for r in layout.routes]
    found = [f"{a} meets {b}" for a, b in meeting([*layout.boxes.items(), *labels])]
    frame = Rect(-0.1, -0.1, layout.width + 0.2, layout.height + 0.2)
    for name, rect in [*layout.boxes.items(), *labels]:
        corners = ((rect.x, rect.y), (rect.right, rect.bottom))
        found += [f"{name} leaves the picture" for corner in corners if not frame.holds(corner)]
    for route in layout.routes:
        points = [line.at(step / 12) for line in route.lines for step in range(13)]
        what = f"{route.source} → {route.target}"
        found += [f"{what} leaves the picture" for point in points if not frame.holds(point)][:1]
        found += [
            f"{what} crosses {key}" for key, box in layout.boxes.items() if any(box.holds(p, 0.2) for p in points)
        ]
        found += [f"{what} crosses {key}" for key, label in labels if any(label.holds(p, 0.2) for p in points)]
    return found


@EVERY
def test_nothing_meets_what_it_should_not(name: str) -> None:
    assert faults(drawn(name)) == []


@EVERY
def test_every_pair_is_drawn_once_and_joins_its_boxes(name: str) -> None:
    lifecycle, layout = LIFECYCLES[name], drawn(name)
    wanted = list(dict.fromkeys((edge.source or "", edge.target) for edge in lifecycle.transitions))
    assert [(route.source, route.target) for route in layout.routes] == wanted
    for route in layout.routes:
        for (x, y), key in ((route.lines[0].start, route.source), (route.tip, route.target)):
            box = layout.boxes[key]
            assert box.x - 0.2 <= x <= box.right + 0.2, (route, box)
            assert box.y - 0.2 <= y <= box.bottom + 0.2, (route, box)
        for one, two in pairwise(route.lines):
            assert one.end == two.start


@EVERY
def test_it_reads_from_left_to_right(name: str) -> None:
    lifecycle, layout = LIFECYCLES[name], drawn(name)
    right = max(layout.boxes[status].x for status in lifecycle.statuses)
    assert layout.boxes[""].x == min(box.x for box in layout.boxes.values())
    assert all(layout.boxes[status].right > right for status in lifecycle.terminal)


@EVERY
def test_the_picture_is_sound_and_says_everything(name: str) -> None:
    lifecycle = LIFECYCLES[name]
    picture = svg(lifecycle)
    assert picture == svg(lifecycle)
    root = ET.fromstring(picture)
    assert root.find("s:title", NS) is not None
    assert root.find("s:desc", NS) is not None
    assert root.get("role") == "img"
    pairs = {(edge.source, edge.target) for edge in lifecycle.transitions}
    assert len(root.findall(".//s:g[s:path]", NS)) == len(pairs)
    assert len(root.findall(".//s:rect[@class='inner']", NS)) == len(lifecycle.terminal)
    words = [text.text for text in root.findall(".//s:g/s:text", NS)]
    assert len(words) == len(lifecycle.statuses) + len(lifecycle.transitions)
    dashed = [g for g in root.findall(".//s:g", NS) if "inferred" in g.get("class", "").split()]
    by_pair = {pair: [e for e in lifecycle.transitions if (e.source, e.target) == pair] for pair in pairs}
    assert len(dashed) == sum(all(e.inferred_only for e in edges) for edges in by_pair.values())


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_nothing_meets_in_many_more(seed: int) -> None:
    assert faults(graph(synthetic(seed))) == []


def test_names_cannot_break_out_of_the_picture() -> None:
    picture = svg(hostile())
    assert "<script" not in picture
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800-\udfff]", picture)
    assert picture.encode()


def test_parallel_transitions_share_a_line() -> None:
    rows = [Row(None, To("make", "a", D)), Row("a", To("win", "z", D), To("lose", "z", I)), Row("z")]
    verbs = [Verb("make"), Verb("win"), Verb("lose")]
    lifecycle = Lifecycle(name="two ways", initial={"a"}, terminal={"z"}, rows=rows, verbs=verbs)
    root = ET.fromstring(svg(lifecycle))
    edge = next(
        g for g in root.findall(".//s:g", NS) if len(g.findall("s:text", NS)) == 2 and g.find("s:path", NS) is not None
    )
    assert [text.text for text in edge.findall("s:text", NS)] == ["win", "lose"]
    assert edge.get("class") == "edge"  # one of the two is documented


def test_use_shows_as_width_and_number() -> None:
    lifecycle = CATALOGUE["openai.assistants.run"]
    root = ET.fromstring(
        svg(lifecycle, {("queued", "in_progress"): 1000, ("in_progress", "completed"): 1, ("x", "y"): 5})
    )
    edges = {str(g.findtext("s:title", namespaces=NS)): g for g in root.findall(".//s:g[s:title]", NS)}
    often = edges["queued → in_progress: start, taken 1000 times"]
    once = edges["in_progress → completed: complete, taken 1 times"]
    never = edges["queued → expired: expire (only inferred), never taken"]
    assert [often.get("class"), never.get("class")] == ["edge used", "edge inferred unused"]
    widths = [float(str(g.find("s:path", NS).get("style")).partition(":")[2]) for g in (often, once)]  # type: ignore[union-attr]
    assert widths[0] == 5.0 > widths[1] > 1.5
    assert [str(g.findtext("s:text", namespaces=NS)) for g in (often, once, never)] == [
        "start ×1000",
        "complete ×1",
        "expire ×0",
    ]


def test_faults_of_a_picture_are_found() -> None:
    box = Rect(0, 0, 10, 10)
    assert meeting([("a", box), ("b", Rect(9, 9, 5, 5)), ("c", Rect(10, 0, 5, 5))]) == [("a", "b")]
    bad = Layout(10, 10, {"a": box, "b": Rect(8, 0, 10, 10)}, ())
    assert faults(bad) == ["a meets b", "b leaves the picture"]


def test_boxes_alone_and_nothing_at_all() -> None:
    assert place([], []).routes == ()
    layout = place([Box("a", 10, 10), Box("b", 10, 10)], [Link("a", "a", (20, 10))])
    assert faults(layout) == []


def test_wide_characters_are_wide() -> None:
    assert text_width("日本", 10) > text_width("mm", 10) > text_width("ii", 10)
