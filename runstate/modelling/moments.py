"""The moments of a run as a finite graph, and which formulas are true at which of them.

A path is maximal: it goes on for ever, or ends where nothing is possible.  `Fairness` says which of the endless ones
count.  Sets of moments are found by the fixpoints of Clarke, Emerson and Sistla; "for ever" by the strongly connected
parts that a fair path can stay in.  From every moment some fair path goes on, whichever fairness is asked for, so only
the operators that speak of "for ever" depend on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import StrEnum

import attrs

from runstate.lifecycle import Lifecycle
from runstate.modelling.bits import ASKED, Move, Party, due_fields, moves
from runstate.modelling.formulas import TRUE, Atom, Both, Formula, Not, On, Until

__all__ = ["Checker", "Fairness", "Graph", "Moment", "Path", "graph_of"]


class Fairness(StrEnum):
    """Which endless paths count; those that do not are no ways on."""

    NONE = "none"
    """All of them: nobody is obliged to anything."""
    WEAK = "weak"
    """Work and deadlines are not put off for ever.  An endless path counts only if, again and again, nothing is to be
    worked or some work is done; and, again and again, no deadline stands, one is acted on, or one is set anew.  Requests
    (``cancel``) need not come: a path may stay for ever where nothing else is possible."""
    STRONG = "strong"
    """What is possible again and again happens again and again, each transition for itself.  It is also what happens
    with probability one where every possible transition has some chance."""


@attrs.frozen
class Moment:
    """Right after a move."""

    event: str
    status: str
    fields: frozenset[str]
    """Which of the fields that matter to the question are set."""


@attrs.frozen
class Path:
    """Moments from creation on."""

    moments: tuple[Moment, ...]
    loop: int | None = None
    """Index of the moment that comes after the last one, for ever; None where the path is not endless."""
    rests: bool = False
    """Nothing has to happen after the last moment, or nothing can."""

    def __str__(self) -> str:
        text = "(none)" + "".join(f" --{moment.event}--> {moment.status}" for moment in self.moments)
        if self.loop is not None:
            first = self.moments[self.loop]
            return f"{text}, and for ever so, from {first.event} --> {first.status} on"
        return f"{text}, and rests there" if self.rests else text


@attrs.frozen(eq=False)
class Graph:
    """All moments that a run can come to, by number."""

    moments: tuple[Moment, ...]
    starts: tuple[int, ...]
    """Right after creation."""
    ways: tuple[tuple[tuple[Move, int], ...], ...]
    """Moment -> the moves that are possible there, and where they lead."""
    due: tuple[str, ...]
    """Fields whose time some move waits for."""


def graph_of(
    lifecycle: Lifecycle, fields: Iterable[str] = (), *, strict: bool = False, asked: Iterable[str] = ASKED
) -> Graph:
    """Every moment that is reachable, breadth first.

    :param fields: fields to keep track of, beside those that guards ask for.
    """
    every = moves(lifecycle, strict=strict, asked=asked)
    kept = frozenset(fields).union(*(move.needs for move in every))
    leaving: dict[str | None, list[Move]] = {}
    for move in every:
        leaving.setdefault(move.source, []).append(move)
    numbers: dict[Moment, int] = {}
    ways: list[tuple[tuple[Move, int], ...]] = []

    def onward(status: str | None, before: frozenset[str]) -> Iterator[tuple[Move, int]]:
        for move in leaving.get(status, ()):
            if before.issuperset(move.needs):
                for after in dict.fromkeys(kept & fields for fields in move.after(before)):
                    moment = Moment(move.event, move.target, after)
                    yield move, numbers.setdefault(moment, len(numbers))

    starts = tuple(number for _, number in onward(None, frozenset()))
    while len(ways) < len(numbers):
        moment = list(numbers)[len(ways)]
        ways.append(tuple(onward(moment.status, moment.fields)))
    return Graph(tuple(numbers), starts, tuple(ways), due_fields(lifecycle))


class Checker:
    """Which formulas are true at which moments of one graph, and paths that show it."""

    def __init__(self, graph: Graph, lifecycle: Lifecycle, fairness: Fairness) -> None:
        self.graph = graph
        self.lifecycle = lifecycle
        self.fairness = fairness
        self._next = [tuple(dict.fromkeys(target for _, target in ways)) for ways in graph.ways]
        self._known: dict[Formula, frozenset[int]] = {}

    # -- truth ---------------------------------------------------------------------------------------------------------

    def true_at(self, formula: Formula) -> frozenset[int]:
        """The moments at which the formula is true."""
        found = self._known.get(formula)
        if found is None:
            found = self._known[formula] = frozenset(self._find(reduced(formula)))
        return found

    def _find(self, formula: Formula) -> Iterable[int]:
        every = range(len(self.graph.moments))
        match formula:
            case Atom():
                return (number for number in every if self._plainly(formula, number))
            case Not(inner):
                return frozenset(every) - self.true_at(inner)
            case Both(_, left, right):
                return self.true_at(left) & self.true_at(right)
            case On("EX", inner):
                wanted = self.true_at(inner)
                return (number for number in every if not wanted.isdisjoint(self._next[number]))
            case On(_, inner):
                within = self.true_at(inner)
                return self._until(within, self._anchors(within))
            case Until(_, left, right):
                return self._until(self.true_at(left), self.true_at(right))

    def _plainly(self, atom: Atom, number: int) -> bool:
        moment, names = self.graph.moments[number], atom.names
        tests: dict[str, Callable[[], bool]] = {
            "true": lambda: True,
            "false": lambda: False,
            "terminal": lambda: moment.status in self.lifecycle.terminal,
            "live": lambda: moment.status not in self.lifecycle.terminal,
            "stop": lambda: moment.status in self.lifecycle.stops,
            "status": lambda: moment.status in names,
            "event": lambda: moment.event in names,
            "can": lambda: any(move.event in names for move, _ in self.graph.ways[number]),
            "set": lambda: moment.fields.issuperset(names),
        }
        return tests[atom.kind]()

    def _until(self, left: frozenset[int], right: Iterable[int]) -> frozenset[int]:
        found = set(right)
        while more := {n for n in left - found if not found.isdisjoint(self._next[n])}:
            found |= more
        return frozenset(found)

    # -- for ever ------------------------------------------------------------------------------------------------------

    def _anchors(self, within: frozenset[int]) -> frozenset[int]:
        """Where a fair path can be for ever without leaving: it may rest there, or go round."""
        resting = {number for number in within if self._may_rest(number)}
        return frozenset(resting.union(*(part for part in self._parts(within) if self._fair(part))))

    def _may_rest(self, number: int) -> bool:
        ways = self.graph.ways[number]
        return not ways or (self.fairness is Fairness.WEAK and all(move.party is Party.ASK for move, _ in ways))

    def _parts(self, within: frozenset[int]) -> list[frozenset[int]]:
        """The strongly connected parts with a cycle, of the graph without the other moments."""
        reach = {number: self._reach(number, within) for number in within}
        parts = (frozenset(n for n in reach[m] if m in reach[n]) for m in sorted(within) if m in reach[m])
        return list(dict.fromkeys(parts))

    def _reach(self, start: int, within: frozenset[int]) -> set[int]:
        seen: set[int] = set()
        stack = [start]
        while stack:
            for number in self._next[stack.pop()]:
                if number in within and number not in seen:
                    seen.add(number)
                    stack.append(number)
        return seen

    def _fair(self, part: frozenset[int]) -> bool:
        return all(self._duties(part))

    def _duties(self, part: frozenset[int]) -> list[list[tuple[int, int | None]]]:
        """For each demand of the fairness, what in the part meets it: a moment, or a move between two of them."""
        if self.fairness is Fairness.NONE:
            return []
        if self.fairness is Fairness.STRONG:
            closed = all(part.issuperset(self._next[number]) for number in part)
            return [[(number, None)] if closed else [] for number in sorted(part)]
        return [list(self._meets(part, party)) for party in (Party.WORK, Party.TIME)]

    def _meets(self, part: frozenset[int], party: Party) -> Iterator[tuple[int, int | None]]:
        for number in sorted(part):
            if all(move.party is not party for move, _ in self.graph.ways[number]):
                yield number, None
            for move, target in self.graph.ways[number]:
                anew = party is Party.TIME and not {*move.sets, *move.may_take}.isdisjoint(self.graph.due)
                if target in part and (move.party is party or anew):
                    yield number, target

    # -- evidence ------------------------------------------------------------------------------------------------------

    def evidence(self, formula: Formula, start: int, *, truth: bool) -> Path:
        """A path from a moment that shows why the formula is true or false there.

        Where one path cannot show it (every path must be looked at), it is the moment alone.  Of two parts that are
        both needed, the first that moves is shown.
        """
        numbers, loop, rests = self._show(reduced(formula), start, truth=truth)
        return Path(tuple(self.graph.moments[number] for number in numbers), loop, rests)

    def _show(self, formula: Formula, at: int, *, truth: bool) -> tuple[list[int], int | None, bool]:
        match formula:
            case Not(inner):
                return self._show(reduced(inner), at, truth=not truth)
            case Both(_, left, right):
                parts = [part for part in (left, right) if (at in self.true_at(part)) is truth]
                shown = [self._show(reduced(part), at, truth=truth) for part in parts]
                return next((one for one in shown if len(one[0]) > 1 or one[2]), shown[0])
            case On("EX", inner) if truth:
                target = next(number for number in self._next[at] if number in self.true_at(inner))
                return _joined([at, target], self._show(reduced(inner), target, truth=True))
            case Until(_, left, right) if truth:
                way = self._way(at, self.true_at(right), self.true_at(left))
                return _joined(way, self._show(reduced(right), way[-1], truth=True))
            case On("EG", inner) if truth:
                return self._for_ever(at, self.true_at(inner))
            case _:
                return [at], None, False

    def _way(self, start: int, goals: Collection[int], within: Collection[int]) -> list[int]:
        """A shortest path to a goal, over the moments within; the caller knows that there is one."""
        before: dict[int, int] = {}
        queue = deque([start])
        while queue:
            number = queue.popleft()
            if number in goals:
                way = [number]
                while way[0] != start:
                    way.insert(0, before[way[0]])
                return way
            for target in self._next[number] if number in within else ():
                if target not in before and target != start:
                    before[target] = number
                    queue.append(target)
        raise AssertionError("no way, though the formula is true")  # pragma: no cover

    def _for_ever(self, at: int, within: frozenset[int]) -> tuple[list[int], int | None, bool]:
        way = self._way(at, self._anchors(within), within)
        if self._may_rest(way[-1]):
            return way, None, True
        first = len(way) - 1
        part = next(part for part in self._parts(within) if way[-1] in part and self._fair(part))
        for duty in self._duties(part):
            number, target = duty[0]
            way += self._way(way[-1], {number}, part)[1:]
            way += [target] if target is not None else []
        # back to where the round began, over one move at least
        after = next(number for number in self._next[way[-1]] if number in part)
        back = [] if len(way) - 1 > first and way[-1] == way[first] else self._way(after, {way[first]}, part)
        way += back
        return way[:-1], first, False


def _joined(way: Sequence[int], rest: tuple[list[int], int | None, bool]) -> tuple[list[int], int | None, bool]:
    numbers, loop, rests = rest
    return [*way, *numbers[1:]], None if loop is None else loop + len(way) - 1, rests


def reduced(formula: Formula) -> Formula:
    """The same with ``not``, ``and``, EX, EG and E[U] alone at its top."""
    match formula:
        case Both("or", left, right):
            return Not(Both("and", Not(left), Not(right)))
        case Both("->", left, right):
            return Not(Both("and", left, Not(right)))
        case On("AX", inner):
            return Not(On("EX", Not(inner)))
        case On("EF", inner):
            return Until("E", TRUE, inner)
        case On("AF", inner):
            return Not(On("EG", Not(inner)))
        case On("AG", inner):
            return Not(Until("E", TRUE, Not(inner)))
        case Until("A", left, right):
            never = Both("and", Not(left), Not(right))
            return Both("and", Not(Until("E", Not(right), never)), Not(On("EG", Not(right))))
        case _:
            return formula
