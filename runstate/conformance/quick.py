"""Statuses by the million: what the judge would make of the next status of a run is asked once, and then looked up.

Nothing is decided here.  The judge itself is asked about each situation and status that come up: where it finds nothing,
and what it then knows of the run can be packed, the answer is kept as a step from number to number.  Everything else (a
fault, a note, a status or id that is none) is left to the judge, run by run.

This is the one place in the judge that is written for speed alone.  A status takes the judge about 30 us.  A step
that is known takes 0.4 us where a run's path is shared with others (`Node`) and 0.8 us where its lines are kept; with
100,000 runs open twice as much, as nearly every look-up of a run misses the caches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final

from runstate.conformance.known import Key, Known, Node
from runstate.conformance.packed import LEG, MASK, MOST_LINES, ONCE, PLACE, ROOM, Kept, Packing
from runstate.conformance.watch import Watched
from runstate.lifecycle import Lifecycle

__all__ = ["Quick"]

MOST_NODES: Final = 1 << 13
"""So many paths are shared; runs on others are packed each for itself."""

Ask = Callable[[Watched | None, object, str], Watched | None]
"""What the judge knows of a run after a status in a file; None where it has something to say of it."""
Plainly = Callable[[Any, Any, int], object]
"""Judges run id, status and line (0: none) in full."""


class Table:
    """The steps of one kind of rows, as far as they were asked for."""

    def __init__(self, ask: Ask, known: Callable[[object], bool]) -> None:
        """Ask of the judge.

        :param known: whether a status is one of those that can be asked about, of which there are few.
        """
        self.ask = ask
        self.known = known
        self.steps: list[dict[Any, int]] = []
        """By number of a situation: status -> what to add to the packed run; below zero where a new leg begins."""
        self.entries: list[dict[Any, int]] = []
        """The same for steps by which the stream first speaks of a run."""
        self.refused: list[set[Any]] = []

    def reach(self, count: int) -> None:
        """Have room for so many situations."""
        while len(self.steps) < count:
            self.steps.append({})
            self.entries.append({})
            self.refused.append(set())


class Quick:
    """Steps of packed runs, under one lifecycle and one way to judge."""

    def __init__(
        self, known: Known, lifecycle: Lifecycle, statuses: Ask, objects: Ask, *, leg: MutableMapping[str, Any]
    ) -> None:
        """Take over the runs of the lifecycle.

        :param statuses: asked about statuses alone.
        :param objects: asked about objects of an id and a status, and nothing else that a rule would look at.
        :param leg: told of the runs that the stream speaks of for the first time since it began.
        """
        self.known = known
        known.packing = self.packing = Packing(lifecycle)
        known.name = lifecycle.name
        self.statuses = Table(statuses, lambda status: lifecycle.status_of(status) is not None)
        self.objects = Table(objects, lifecycle.statuses.__contains__)
        self.leg = leg
        self.roots: dict[str, Node] = {}
        self.nodes: dict[int, Node] = {}
        self.seen = 0
        """Rows of the last call."""
        self.last: tuple[Any, Any] = (None, None)
        """The last of them."""

    def take(
        self,
        rows: Iterable[tuple[Any, Any]],
        plainly: Plainly,
        gone: Mapping[Key, object],
        *,
        file: str,
        line: int | None,
    ) -> None:
        """Judge rows until there are no more, or runs of another lifecycle have come in between.

        :param plainly: called with each row that is not one of the known steps.
        :param gone: keys of runs that have ended and been given up, of which something is known nevertheless.
        """
        self.seen = 0
        number = self._number(Kept(file, None))
        if number is None or (line is not None and not 0 < line < MOST_LINES):
            return
        root = self.roots.get(file)
        if root is None:
            root = self.roots[file] = Node(number)
        if line is None:
            self._without_lines(rows, plainly, gone, root)
        else:
            self._with_lines(rows, plainly, gone, root, line, self.statuses)

    def take_objects(
        self, rows: Iterable[tuple[Any, Any]], plainly: Plainly, gone: Mapping[Key, object], *, file: str, line: int
    ) -> None:
        """The same for objects of which id and status are given, and of which nothing else would be looked at."""
        self.seen = 0
        number = self._number(Kept(file, None))
        if number is not None and 0 < line < MOST_LINES:
            self._with_lines(rows, plainly, gone, Node(number), line, self.objects)

    def _without_lines(
        self, rows: Iterable[tuple[Any, Any]], plainly: Plainly, gone: Mapping[Key, object], root: Node
    ) -> None:
        known, name, states = self.known, self.packing.lifecycle.name, self.known.states
        get, seen = states.get, 0
        run_id = status = None
        try:
            for run_id, status in rows:
                seen += 1
                try:
                    state: Any = get(run_id)
                    if state is None:
                        following = root[status]
                        if type(run_id) is not str or not run_id or (gone and (name, run_id) in gone):
                            raise KeyError(run_id)  # noqa: TRY301 - as if the step were not known
                    else:
                        # KeyError: a new step; TypeError: no Node, or a status that is a list
                        following = state[status]
                except (KeyError, TypeError):
                    if not self._step(run_id, status, 0, root, gone, self.statuses):
                        plainly(run_id, status, 0)
                        if known.mixed:
                            break
                    continue
                states[run_id] = following
        finally:
            self.seen, self.last = seen, (run_id, status)

    def _with_lines(
        self,
        rows: Iterable[tuple[Any, Any]],
        plainly: Plainly,
        gone: Mapping[Key, object],
        root: Node,
        line: int,
        table: Table,
    ) -> None:
        known, name, states, steps = self.known, self.packing.lifecycle.name, self.known.states, table.steps
        get, start, first, one = states.get, root.packed, line << PLACE, 1 << PLACE
        place = first - one
        run_id = status = None
        try:
            for run_id, status in rows:
                place += one
                try:
                    state: Any = get(run_id)
                    if state is None:
                        step = steps[start][status]
                        if type(run_id) is not str or not run_id or (gone and (name, run_id) in gone):
                            raise KeyError(run_id)  # noqa: TRY301 - as if the step were not known
                        states[run_id] = place - step
                        continue
                    step = steps[state & MASK][status]  # TypeError: no number, but a Node or Watched
                    if step < 0 and state > ROOM:
                        raise KeyError(run_id)  # noqa: TRY301 - the same
                except (KeyError, TypeError):
                    if not self._step(run_id, status, place >> PLACE, root, gone, table):
                        plainly(run_id, status, place >> PLACE)
                        if known.mixed:
                            break
                    continue
                states[run_id] = state + step if step > 0 else (state << LEG) + place - step
        finally:
            self.seen, self.last = (place - first >> PLACE) + 1, (run_id, status)

    def _step(self, run_id: Any, status: Any, line: int, root: Node, gone: Mapping[Key, object], table: Table) -> bool:
        """One row, the slower way: False where the judge must see it."""
        states = self.known.states
        try:
            before = states.get(run_id)
            hash(status)
        except TypeError:
            return False
        if isinstance(before, Watched):
            return False
        new = before is None
        if new and (type(run_id) is not str or not run_id or (self.packing.lifecycle.name, run_id) in gone):
            return False
        node = root if before is None else before if isinstance(before, Node) else None
        state: int = before if isinstance(before, int) else node.packed if node is not None else 0
        step = self._known_step(state & MASK, status, table)
        if step is None or (step < 0 and state > ROOM):
            return False
        after = state + step if step > 0 else (0 if new else state << LEG) + (line << PLACE) - step
        following = self._node(after) if node is not None and not line else None
        states[run_id] = after if following is None else following
        if self.packing.kept[after & MASK].held and not self.packing.kept[state & MASK].held:
            self.leg.setdefault(run_id, None)  # each time: so this step is none that is merely looked up
        elif node is not None and following is not None:
            node[status] = following
        return True

    def _node(self, state: int) -> Node | None:
        node = self.nodes.get(state)
        if node is None and len(self.nodes) < MOST_NODES and state <= ROOM:
            node = self.nodes[state] = Node(state)
        return node

    def _number(self, kept: Kept) -> int | None:
        number = self.packing.number(kept)
        self._reach()
        return number

    def _reach(self) -> None:
        for table in (self.statuses, self.objects):
            table.reach(len(self.packing.kept))

    def _known_step(self, number: int, status: Any, table: Table) -> int | None:
        """What to add for a status in a situation, asked once; None where the judge must see it."""
        step = table.steps[number].get(status) or table.entries[number].get(status)
        if step is not None or status in table.refused[number]:
            return step
        if not (status is None or type(status) is str) or not table.known(status):
            return None  # nothing to keep of words that anybody may make up
        step = self._asked(number, status, table.ask)
        if step is None:
            table.refused[number].add(status)
            return None
        kept = self.packing.kept
        entered = kept[(number + step if step > 0 else -step) & MASK].held and not kept[number].held
        (table.entries if entered else table.steps)[number][status] = step
        return step

    def _asked(self, number: int, status: Any, ask: Ask) -> int | None:
        """Let the judge go on from the situation, and see whether what it then knows can be packed."""
        packing = self.packing
        kept = packing.kept[number]
        state = number if kept.status is None else ONCE + (1 << PLACE) + number
        after = ask(None if kept.status is None else packing.watched("run", state), status, kept.file)
        if after is None or after.status is None:
            return None
        following = self._number(Kept(kept.file, after.status, after.streamed, kept.held or after.streamed))
        if following is None:
            return None
        if kept.status is not None and len(after.path) == 1:
            step, packed = ONCE + following - number, state + ONCE + following - number
        else:
            step, line = -(ONCE + following), after.path[-1].line or 0
            packed = ((state << LEG) if kept.status is not None else 0) + (line << PLACE) - step
        return step if packing.watched("run", packed) == after else None

    def begin(self, run_id: str) -> None:
        """The stream has ended, and begins anew: of this run it has not spoken yet."""
        state = self.known.states.get(run_id)
        if state is None or isinstance(state, Watched):
            return
        state = state.packed if isinstance(state, Node) else state
        after = self.packing.let_go(state)
        self._reach()
        self.known.states[run_id] = self.packing.watched(run_id, state) if after is None else after
