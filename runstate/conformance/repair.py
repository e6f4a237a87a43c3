"""Why a history is illegal, and the smallest changes that make it legal; only statuses count here.

The legal histories of a `Reading` are the words of an automaton whose state is the status seen last, so a least repair
is a shortest path through position x status: keeping a status is free, deleting, substituting and inserting one cost 1
each.  Guards and payload are out of scope.  ``docs/repair.md`` has the proofs, the order and the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import TypedDict, Unpack

import attrs

from runstate.conformance.findings import Finding, Severity
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle, Transition

__all__ = [
    "Edit",
    "EditKind",
    "Explanation",
    "Reading",
    "Repair",
    "counterfactual",
    "explain",
    "is_legal",
    "least_repairs",
    "reorder",
]


class Reading(TypedDict, total=False):
    """What is assumed of a history; every one is False unless told otherwise.  The empty history is always legal."""

    sampled: bool
    """The statuses were polled: each must be reachable from the one before, or repeat it.  Else each step must be a
    transition, before which transitions that are ``silent`` may have been taken unseen."""
    fresh: bool
    """The history begins with the creation: its first status must be initial.  Else it may begin anywhere."""
    ended: bool
    """The history is over: its last status must be terminal."""
    strict: bool
    """Transitions that are only inferred do not exist."""
    quirks: bool
    """The known departures of real data (`runstate.lifecycle.Quirk.transition`) are legal steps too, those of
    every profile."""


class EditKind(StrEnum):
    """What an edit does; in the order in which edits of one place are listed."""

    DELETE = "delete"
    SUBSTITUTE = "substitute"
    INSERT = "insert"


@attrs.frozen
class Edit:
    """One change of a history."""

    kind: EditKind
    index: int
    """In the *original* history.  An insertion goes before it; the length of the history is its end."""
    seen: str | None
    """The status that is deleted or substituted."""
    status: str | None
    """The status that is inserted or substituted for it."""
    event: str | None
    """The event that leads to ``status``, where only one can."""

    def __str__(self) -> str:
        event = "" if self.event is None else f" ({self.event})"
        if self.kind is EditKind.DELETE:
            return f"delete {self.seen} at index {self.index}"
        if self.kind is EditKind.SUBSTITUTE:
            return f"substitute {self.status}{event} for {self.seen} at index {self.index}"
        return f"insert {self.status}{event} before index {self.index}"


@attrs.frozen
class Repair:
    """Edits that make a history legal, from its beginning to its end, and the history that results."""

    edits: tuple[Edit, ...]
    history: tuple[str, ...]

    @property
    def cost(self) -> int:
        """The number of edits."""
        return len(self.edits)

    def __str__(self) -> str:
        return "; ".join(map(str, self.edits)) or "nothing to change"


@attrs.frozen
class Explanation:
    """The first fault of a history, and its least repairs."""

    first: int | None
    """Index of the first faulty status; the length of the history where only its end is missing; None: it is legal."""
    seen: str | None
    """What stands there; None at the end."""
    before: str | None
    """The status before it; None at the beginning."""
    allowed: tuple[str, ...]
    """The statuses that could legally stand there, in the order of the table; empty where nothing is faulty."""
    repairs: tuple[Repair, ...]
    """As `least_repairs` lists them: of a legal history the one that changes nothing."""
    more: bool
    """Whether there are further repairs of the same cost, beyond the limit."""


def is_legal(lifecycle: Lifecycle, history: Sequence[str], **reading: Unpack[Reading]) -> bool:
    """Whether the lifecycle allows this sequence of statuses."""
    language = _language(lifecycle, **reading)
    return language.fault(language.numbers(history)) is None


def explain(
    lifecycle: Lifecycle, history: Sequence[str], *, limit: int = 10, **reading: Unpack[Reading]
) -> Explanation:
    """The first fault, what was allowed there, and what the smallest changes are.

    :param limit: how many repairs to list at most.
    """
    language = _language(lifecycle, **reading)
    words = language.numbers(history)
    repairs, more = least_repairs(lifecycle, history, limit=limit, **reading)
    first = language.fault(words)
    if first is None:
        return Explanation(None, None, None, (), repairs, more)
    seen = _plain(history[first]) if first < len(history) else None
    before = _plain(history[first - 1]) if first else None
    allowed = language.follow[words[first - 1] if first else language.start]
    return Explanation(first, seen, before, tuple(language.statuses[word] for word in allowed), repairs, more)


def least_repairs(
    lifecycle: Lifecycle, history: Sequence[str], *, limit: int = 10, **reading: Unpack[Reading]
) -> tuple[tuple[Repair, ...], bool]:
    """The cheapest repairs, and whether there are more of the same cost than ``limit``.

    There is one for each history that can result, by the first of the scripts that lead to it.  Scripts are compared
    edit by edit: the one with the smaller index comes first, then deletions before substitutions before insertions,
    then the order of the table.  So a smaller limit gives a beginning of what a greater one gives.

    :raises ValueError: for a negative limit.
    """
    if limit < 0:
        raise ValueError(f"limit is {limit}; allowed: 0 or more")
    language = _language(lifecycle, **reading)
    plain = tuple(map(_plain, history))
    words = language.numbers(plain)
    found: list[Repair] = []
    for script, written, rest in _cheapest(language, words, _remaining(language, words)):
        if len(found) == limit:
            return tuple(found), True
        edits = tuple(_edit(language, plain, *step) for step in script)
        found.append(Repair(edits, (*(language.statuses[word] for word in written), *plain[rest:])))
    return tuple(found), False


def counterfactual(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The codes of which ignoring one alone leaves no error: "without rule RS203 this log passes".

    Empty where there is no error, or errors of several codes; then no single rule decides.
    """
    codes = {finding.code for finding in findings if finding.severity is Severity.ERROR}
    return tuple(codes) if len(codes) == 1 else ()


def reorder(
    lifecycle: Lifecycle, history: Sequence[str], window: int, **reading: Unpack[Reading]
) -> tuple[int, ...] | None:
    """The least re-ordering that makes the history legal: the index of the status for each place; None: there is none.

    Least is the fewest pairs out of their order, and of several the lexicographically first.  Each status moves by at
    most ``window`` places.  The search keeps, for each place, at most one way for each set of statuses placed so far and
    last one: with ``m`` different statuses in the history at most ``m * min(comb(2 * window, window), (window + 1) ** m)``.

    :raises ValueError: for a negative window.
    """
    if window < 0:
        raise ValueError(f"window is {window}; allowed: 0 or more")
    language = _language(lifecycle, **reading)
    words = language.numbers(history)
    if UNKNOWN in words:
        return None  # wherever it stands, it is a fault
    if language.fault(words) is None:
        return tuple(range(len(words)))
    front: list[_Placed] = [(0, 0, language.start, 0)]
    layers: list[list[tuple[int, int]]] = []
    for place in range(len(words)):
        found: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        for rank, (first, mask, last, cost) in enumerate(front):
            for index, more in _candidates(language, words, window, place, (first, mask, last)):
                state = _place(first, mask, index, words[index])
                best = found.get(state)
                if best is None or cost + more < best[0]:
                    found[state] = cost + more, rank, index
        # by the way that leads there, so that of two ways of one cost the first that is found is the first in order
        ordered = sorted(found.items(), key=lambda item: item[1][1:])
        layers.append([(rank, index) for _, (_, rank, index) in ordered])
        front = [(*state, cost) for state, (cost, _, _) in ordered]
    ends = [(cost, rank) for rank, (_, _, last, cost) in enumerate(front) if language.accepts[last]]
    if not ends:
        return None
    _, rank = min(ends)
    order: list[int] = []
    for layer in reversed(layers):
        rank, index = layer[rank]
        order.append(index)
    return tuple(reversed(order))


# -- the language of legal histories -----------------------------------------------------------------------------------

UNKNOWN = -1
"""The number of a word that is no status of the lifecycle."""


@attrs.frozen(eq=False)
class _Language:
    """The automaton of the legal histories: its states are the statuses, by number, and the beginning, which is last."""

    statuses: tuple[str, ...]
    number: Mapping[str, int]
    follow: tuple[tuple[int, ...], ...]
    """What may be seen next, for each state, ascending: that is in the order of the table."""
    accepts: tuple[bool, ...]
    """Whether a history may end here."""
    ahead: tuple[tuple[tuple[int, int], ...], ...]
    """(state, number of insertions that lead there) for each state, itself with 0 first."""
    unseen: tuple[frozenset[str | None], ...]
    """Where the run may stand just before the next status is seen, for each state."""
    edges: tuple[Transition, ...]

    @property
    def start(self) -> int:
        return len(self.statuses)

    def numbers(self, history: Iterable[str]) -> list[int]:
        number = self.number
        return [number.get(status, UNKNOWN) for status in history]

    def fault(self, words: Sequence[int]) -> int | None:
        """The first place that is faulty: of a word, or the end."""
        state = self.start
        for index, word in enumerate(words):
            if word not in self.follow[state]:
                return index
            state = word
        return None if self.accepts[state] else len(words)

    def event(self, before: int, status: str) -> str | None:
        """The event that leads to the status from the one seen before, where only one can; a direct one is preferred."""
        into = [edge for edge in self.edges if edge.target == status]
        direct = [edge for edge in into if before < self.start and edge.source == self.statuses[before]]
        events = {edge.event for edge in direct[:1] or into if edge.source in self.unseen[before]}
        return _plain(events.pop()) if len(events) == 1 else None


@lru_cache(maxsize=256)
def _language(
    lifecycle: Lifecycle,
    *,
    sampled: bool = False,
    fresh: bool = False,
    ended: bool = False,
    strict: bool = False,
    quirks: bool = False,
) -> _Language:
    statuses = tuple(map(_plain, lifecycle.statuses))
    number = FrozenDict({status: index for index, status in enumerate(statuses)})
    edges = tuple(edge for edge in lifecycle.transitions if not (strict and edge.inferred_only))

    def unseen(status: str) -> frozenset[str | None]:
        found: list[str | None] = [status]
        for source in found:
            steps = (edge for edge in edges if edge.source == source and (sampled or edge.silent))
            found += dict.fromkeys(edge.target for edge in steps if edge.target not in found)
        return frozenset(found)

    begin: tuple[str | None, ...] = (None,) if fresh else (None, *statuses)
    before = (*map(unseen, statuses), frozenset(begin))
    follow = [{number[edge.target] for edge in edges if edge.source in sources} for sources in before]
    if sampled:
        for index in range(len(statuses)):
            follow[index].add(index)
    if not fresh:
        follow[-1] = set(range(len(statuses)))
    for source, target in (quirk.transition for quirk in lifecycle.quirks if quirks and quirk.transition is not None):
        follow[number[source]].add(number[target])
    rows = tuple(tuple(sorted(row)) for row in follow)
    return _Language(
        statuses=statuses,
        number=number,
        follow=rows,
        accepts=(*(not ended or status in lifecycle.terminal for status in statuses), True),
        ahead=tuple(tuple(_distances(rows, state).items()) for state in range(len(rows))),
        unseen=before,
        edges=edges,
    )


def _distances(follow: Sequence[Sequence[int]], state: int) -> dict[int, int]:
    """How many steps lead from a state to each that can be reached, itself in none; nearest first."""
    found = {state: 0}
    queue = [state]
    for here in queue:
        for target in follow[here]:
            if target not in found:
                found[target] = found[here] + 1
                queue.append(target)
    return found


def _plain(word: str) -> str:
    """The bare string of a word that may be a member of an enumeration."""
    return str.__str__(word)


# -- least repairs -----------------------------------------------------------------------------------------------------

_Column = tuple[int, ...]
"""For one place of the history and each state: the least cost of the rest."""


def _remaining(language: _Language, words: Sequence[int]) -> list[_Column]:
    """The columns of all places, the end included.

    Costs above a ceiling are not told apart.  So there are few different columns where few edits are needed, and each
    follows from the one behind it and one word: it is worked out once.  The ceiling is raised until it is high enough.
    """
    ceiling = 4
    while True:
        ceiling = min(ceiling, len(words))
        columns = _below(language, words, ceiling)
        if columns is not None:
            return columns
        ceiling *= 16


def _below(language: _Language, words: Sequence[int], ceiling: int) -> list[_Column] | None:
    """The columns with all costs above the ceiling as one; None where the least cost of the whole is above it.

    To delete everything is a repair, so that a ceiling as high as the history is long is always high enough.
    """
    column = _inserting(language, [0 if accepted else ceiling + 1 for accepted in language.accepts], ceiling)
    columns = [column]
    known: dict[tuple[_Column, int], _Column] = {}
    for word in reversed(words):
        key = column, word
        before = known.get(key)
        if before is None:
            before = known[key] = _before(language, column, word, ceiling)
            if min(before) > ceiling:
                return None  # every path leads through this place
        column = before
        columns.append(column)
    columns.reverse()
    return columns if column[language.start] <= ceiling else None


def _before(language: _Language, behind: _Column, word: int, ceiling: int) -> _Column:
    """The column before a word, from the one behind it: the word is deleted, kept or substituted, after insertions."""
    costs = [
        min([behind[state] + 1, *(behind[target] + (target != word) for target in row)])
        for state, row in enumerate(language.follow)
    ]
    return _inserting(language, costs, ceiling)


def _inserting(language: _Language, costs: Sequence[int], ceiling: int) -> _Column:
    return tuple(min(ceiling + 1, *(costs[state] + inserted for state, inserted in ahead)) for ahead in language.ahead)


_Step = tuple[EditKind, int, int, int]
"""Kind, index, word (`UNKNOWN` where one is deleted), state before it."""


@attrs.frozen(eq=False)
class _Script:
    """The steps so far, the last one first: scripts share their beginnings."""

    step: _Step
    before: _Script | None

    def steps(self) -> list[_Step]:
        found: list[_Step] = []
        at: _Script | None = self
        while at is not None:
            found.append(at.step)
            at = at.before
        return found[::-1]


def _cheapest(
    language: _Language, words: Sequence[int], columns: Sequence[_Column]
) -> Iterator[tuple[list[_Step], list[int], int]]:
    """Each cheapest result once, as (script, words written, index from which on the history is kept).

    Depth first along the shortest paths, in the order of the scripts.  Two scripts that have written the same words and
    read as far go on alike, so only the first of them does; the written words are nodes of a tree, so that this is
    seen by their numbers.  A result is known again in the same way, once the end it shares with the history is cut off.
    """
    tree: list[tuple[int, int]] = [(0, language.start)]
    children: dict[tuple[int, int], int] = {}

    def write(node: int, word: int) -> int:
        child = children.setdefault((node, word), len(tree))
        if child == len(tree):
            tree.append((node, word))
        return child

    def shared(node: int, index: int) -> tuple[int, int]:
        while node and index and tree[node][1] == words[index - 1]:
            node, index = tree[node][0], index - 1
        return node, index

    seen: set[tuple[int, int]] = set()
    results: set[tuple[int, int]] = set()
    stack: list[tuple[int, int, _Script | None]] = [(0, 0, None)]
    while stack:
        node, index, script = stack.pop()
        if (node, index) in seen:
            continue
        seen.add((node, index))
        state = tree[node][1]
        left = columns[index][state]
        if not left:
            if (result := shared(node, index)) not in results:
                results.add(result)
                yield script.steps() if script else [], _written(tree, node), index
            continue
        row = language.follow[state]
        # the last one pushed is the first one followed: keep, insert, substitute, delete, each against the table's order
        if index < len(words) and words[index] in row and columns[index + 1][words[index]] == left:
            stack.append((write(node, words[index]), index + 1, script))
        for word in reversed(row):
            if columns[index][word] == left - 1:
                step = EditKind.INSERT, index, word, state
                stack.append((write(node, word), index, _Script(step, script)))
        if index == len(words):
            continue
        for word in reversed(row):
            if columns[index + 1][word] == left - 1:  # never the same word: to keep it would have been cheaper
                step = EditKind.SUBSTITUTE, index, word, state
                stack.append((write(node, word), index + 1, _Script(step, script)))
        if columns[index + 1][state] == left - 1:
            stack.append((node, index + 1, _Script((EditKind.DELETE, index, UNKNOWN, state), script)))


def _written(tree: Sequence[tuple[int, int]], node: int) -> list[int]:
    found: list[int] = []
    while node:
        node, word = tree[node]
        found.append(word)
    return found[::-1]


def _edit(language: _Language, history: Sequence[str], kind: EditKind, index: int, word: int, before: int) -> Edit:
    seen = None if kind is EditKind.INSERT else history[index]
    if kind is EditKind.DELETE:
        return Edit(kind, index, seen, None, None)
    status = language.statuses[word]
    return Edit(kind, index, seen, status, language.event(before, status))


# -- re-ordering -------------------------------------------------------------------------------------------------------

_Placed = tuple[int, int, int, int]
"""First index not placed, which ones from there on are (bits), the state, the pairs out of order so far."""


def _candidates(
    language: _Language, words: Sequence[int], window: int, place: int, state: tuple[int, int, int]
) -> Iterator[tuple[int, int]]:
    """What may be placed next, and how many statuses it overtakes.

    Of equal statuses always the first: to exchange two of them never helps.
    """
    first, mask, last = state
    end = min(place + window + 1, len(words)) if place < first + window else first + 1
    overtaken = 0
    tried: set[int] = set()
    for index in range(first, end):
        if mask >> index - first & 1:
            continue
        word = words[index]
        if word not in tried and word in language.follow[last]:
            yield index, overtaken
        tried.add(word)
        overtaken += 1


def _place(first: int, mask: int, index: int, word: int) -> tuple[int, int, int]:
    """The state after one is placed."""
    mask |= 1 << index - first
    while mask & 1:
        mask >>= 1
        first += 1
    return first, mask, word
