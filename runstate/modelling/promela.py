"""A lifecycle as a Promela model, for the model checker SPIN.

The model is the lifecycle as `runstate.modelling.bits` has it: one bit a field, one a deadline that has come.  Three
processes move it: one works, one may ask it to stop or never do so, one acts on deadlines; a clock lets each deadline
come.  After every move the record rules and the table itself are asserted.  How to check it stands in its first lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runstate.lifecycle import Lifecycle, Presence
from runstate.modelling.bits import ASKED, Move, Party, due_fields, kept_fields, moves, presences
from runstate.modelling.traces import Seen, Trace

__all__ = ["promela"]

_PROCESSES: Mapping[Party, tuple[str, str]] = {
    Party.WORK: ("work", "whoever works on the run: never put off for ever"),
    Party.ASK: ("ask", "somebody outside who may ask, or leave it"),
    Party.TIME: ("expire", "whoever acts on deadlines: never put off for ever"),
}


def promela(
    lifecycle: Lifecycle,
    *,
    rules: Lifecycle | None = None,
    asked: Iterable[str] = ASKED,
    trace: Trace | None = None,
) -> str:
    """The model as text.

    :param rules: the lifecycle whose table and record rules are asserted; the same one unless told otherwise.  With
        another version of it, SPIN finds what the one does that the other forbids.
    :param asked: events that somebody outside may ask for.
    :param trace: what was seen of one run.  Then the model ends in an assertion that *fails* exactly if the lifecycle
        can do what was seen: SPIN's error is the run that does it.
    :raises BadQuestion: where the trace names an event, status or field that the lifecycle does not have.
    """
    return "\n".join([*_Model(lifecycle, rules or lifecycle, tuple(asked), trace).lines(), ""])


def identifiers(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Each name as an identifier of its own: letters, digits and underscores behind a prefix."""
    found: dict[str, str] = {}
    for name in names:
        made = prefix + "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in name)
        while made in found.values():
            made += "_"
        found[str(name)] = made
    return found


class _Model:
    """The parts of one text, which share their identifiers."""

    def __init__(self, lifecycle: Lifecycle, rules: Lifecycle, asked: tuple[str, ...], trace: Trace | None) -> None:
        self.lifecycle, self.rules, self.asked, self.trace = lifecycle, rules, asked, trace
        if trace is not None:
            trace.check(lifecycle)
        self.moves = moves(lifecycle, asked=asked)
        both = (lifecycle, rules)
        self.statuses = identifiers("S_", dict.fromkeys(s for one in both for s in one.statuses))
        self.events = identifiers("E_", dict.fromkeys(e for one in both for e in one.events))
        self.fields = tuple(dict.fromkeys(field for one in both for field in kept_fields(one)))
        self.has = identifiers("has_", self.fields)
        self.due = identifiers("due_", due_fields(lifecycle))
        self.late = identifiers("late_", (f"{one}_{other}" for one, other in rules.order))
        self.pairs = dict(zip(rules.order, self.late.values(), strict=True))
        self.ends = [status for status in rules.statuses if status in rules.terminal]

    def lines(self) -> Iterator[str]:
        yield from self.head()
        yield from self.variables()
        yield from self.checks()
        for party, (name, why) in _PROCESSES.items():
            yield from self.process(party, name, why)
        for field, due in self.due.items():
            yield from ("", f"proctype time_of_{due}() {{   /* lets the deadline come */", "end:")
            yield f"    do :: atomic {{ {self.has[field]} && !{due} -> {due} = 1 }} od"
            yield "}"
        yield from self.init()
        if self.trace is None:
            yield from self.properties()

    def head(self) -> Iterator[str]:
        yield f"/* {_comment(self.lifecycle.name)}, version {_comment(self.lifecycle.version)}: written by runstate."
        if self.trace is not None:
            yield "   A trace of one run: the assertion `the trace can happen` FAILS if the lifecycle can do it."
        yield "   spin -a model.pml"
        yield "   cc -DNOCLAIM -o safe pan.c && ./safe                record rules and table, in every reachable state"
        if self.trace is None:
            yield "   cc -o live pan.c && ./live -a -f -N ends            every run ends, no process being put off for ever"
        yield "   A guard by name may hold whenever it is asked. */"

    def variables(self) -> Iterator[str]:
        width = max(len(name) for name in (*self.statuses.values(), *self.events.values())) + 1
        for kind, names in (("status", self.statuses), ("event", self.events)):
            yield ""
            yield f"mtype:{kind} = {{"
            letter = kind[0].upper()
            yield f"    {f'{letter}__none':{width}}   /* before creation */"
            for name, made in names.items():
                yield f"    , {made:{width}} /* {_comment(name)} */"
            yield "};"
        yield ""
        yield "mtype:status status = S__none;"
        yield "mtype:status source = S__none;   /* where the last move came from */"
        yield "mtype:event event = E__none;     /* the last move */"
        yield from (f"bit {made};   /* {_comment(field)} is set */" for field, made in self.has.items())
        yield from (f"bit {made};   /* the time in {_comment(field)} has come */" for field, made in self.due.items())
        yield from (
            f"bit {made};   /* {_comment(one)} was written after {_comment(other)} */"
            for (one, other), made in self.pairs.items()
        )
        if self.trace is not None:
            yield "int seen;   /* how much of the trace has been seen */"
            yield "bit off;    /* something else happened */"

    def checks(self) -> Iterator[str]:
        yield ""
        yield "inline keep_table() {"
        for event in self.rules.events:
            edges = [edge for edge in self.rules.transitions if edge.event == event]
            sources = " || ".join(f"source == {self.status(edge.source)}" for edge in edges)
            target = self.statuses[edges[0].target]
            yield f"    assert(event != {self.events[event]} || (status == {target} && ({sources})));"
        unknown = [made for event, made in self.events.items() if event not in self.rules.events]
        yield from (f"    assert(event != {made});" for made in unknown)
        yield "    skip"
        yield "}"
        yield ""
        yield "inline keep_rules() {"
        for status in self.rules.statuses:
            bits = [self.has[field] for field in presences(self.rules, status, Presence.SET)]
            bits += [f"!{self.has[field]}" for field in presences(self.rules, status, Presence.NULL)]
            if bits:
                yield f"    assert(status != {self.statuses[status]} || ({' && '.join(bits)}));"
        yield from (f"    assert(!{made});" for made in self.pairs.values())
        yield "    skip"
        yield "}"
        if self.trace is not None:
            yield from self.look(self.trace)

    def look(self, trace: Trace) -> Iterator[str]:
        """The move just made is the next one of the trace, or, where moves may be missed, one that nobody saw."""
        yield ""
        yield "inline look() {"
        yield "    if"
        for number, seen in enumerate(trace.seen):
            yield f"    :: seen == {number} && {' && '.join(self.matches(seen))} -> seen = {number + 1}"
        yield (
            "    :: skip   /* nobody saw it */"
            if trace.misses
            else "    :: else -> off = 1   /* the run is another one */"
        )
        yield "    fi;"
        yield f"    assert(seen < {len(trace.seen)})   /* the trace can happen */"
        yield "}"

    def matches(self, seen: Seen) -> Iterator[str]:
        if seen.event is not None:
            yield f"event == {self.events[seen.event]}"
        yield f"status == {self.statuses[seen.status]}"
        if seen.fields is not None:
            yield from (made if field in seen.fields else f"!{made}" for field, made in self.has.items())

    def status(self, source: str | None) -> str:
        return "S__none" if source is None else self.statuses[source]

    def process(self, party: Party, name: str, why: str) -> Iterator[str]:
        own = [move for move in self.moves if move.party is party and move.source is not None]
        if not own:
            return
        yield ""
        yield f"proctype {name}() {{   /* {why} */"
        yield "end:"
        yield "    do"
        yield from (f"    :: {self.move(move)}" for move in own)
        if party is Party.ASK:
            yield "    :: break"
        yield "    od"
        yield "}"

    def move(self, move: Move) -> str:
        """``atomic { guard -> late; clears; sets; may; source; event; status; checks }``, as text."""
        guard = [f"status == {self.status(move.source)}", *(self.has[field] for field in move.needs)]
        guard += [self.due[field] for field in move.due]
        guard += ["!off"] if self.trace is not None else []
        steps = [*self.lateness(move)]
        steps += [f"{self.has[field]} = 0" for field in move.clears]
        steps += [f"{self.has[field]} = 1" for field in move.sets]
        steps += [f"if :: {self.has[field]} = 1 :: skip fi" for field in move.may_take]
        anew = (*move.sets, *move.may_take, *move.clears)
        steps += [f"{self.due[field]} = 0" for field in anew if field in self.due]
        steps += [f"source = {self.status(move.source)}", f"event = {self.events[move.event]}"]
        steps += [f"status = {self.statuses[move.target]}", "keep_table()", "keep_rules()"]
        steps += ["look()"] if self.trace is not None else []
        return f"atomic {{ {' && '.join(guard)} -> {'; '.join(steps)} }}"

    def lateness(self, move: Move) -> Iterator[str]:
        """Of two stamps in order: whether the first was written while the second stood from before."""
        now = (*move.stamps, *move.deadlines)
        for (one, other), late in self.pairs.items():
            if other in (*now, *move.clears) or one in move.clears:
                yield f"{late} = 0"
            elif one in now:
                yield f"{late} = {self.has[other]}"
            elif one in move.once:
                yield f"{late} = {self.has[other]} && ({late} || !{self.has[one]})"

    def init(self) -> Iterator[str]:
        yield ""
        yield "init {"
        yield "    if"
        yield from (f"    :: {self.move(move)}" for move in self.moves if move.source is None)
        yield "    fi;"
        names = [_PROCESSES[party][0] for party in Party if any(m.party is party and m.source for m in self.moves)]
        started = [f"run {name}()" for name in (*names, *(f"time_of_{due}" for due in self.due.values()))]
        yield f"    atomic {{ {'; '.join(started) or 'skip'} }}"
        yield "}"

    def properties(self) -> Iterator[str]:
        ended = " || ".join(f"status == {self.statuses[status]}" for status in self.ends) or "false"
        yield ""
        yield f"#define ended ({ended})"
        yield "ltl ends { <> ended }"
        yield "ltl final { [] (ended -> [] ended) }"
        for event in self.asked:
            if event in self.lifecycle.events:
                made = self.events[event]
                yield f"ltl {made.removeprefix('E_')}_heard {{ [] (event == {made} -> <> ended) }}"


def _comment(text: str) -> str:
    return str(text).replace("*/", "* /")
