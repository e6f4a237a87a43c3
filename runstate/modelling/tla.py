"""A lifecycle as a TLA+ module, for the model checker TLC and whoever reads TLA+.

The same model as `runstate.modelling.promela` prints: the set of fields that are set, the set of deadlines that have
come, and who moves.  Each transition is one ``Take`` in the words of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runstate.lifecycle import Lifecycle, Presence
from runstate.modelling.bits import ASKED, Move, Party, due_fields, kept_fields, moves, presences
from runstate.modelling.traces import Seen, Trace

__all__ = ["tla"]

_TAKE = r"""
Take(e, s, t, needs, waits, clears, stamps, once, sets, may) ==
    LET now == stamps \cup (once \ set)
    IN  /\ status = s
        /\ needs \subseteq set
        /\ waits \subseteq due
        /\ event' = e
        /\ status' = t
        /\ \E given \in SUBSET may : set' = (set \ clears) \cup now \cup sets \cup given
        /\ due' = due \ (clears \cup stamps \cup once \cup sets \cup may)
        /\ late' = {p \in Order : /\ p[1] \in set' /\ p[2] \in set' /\ p[2] \notin now
                                  /\ p[1] \in now \/ p \in late}
"""

_PARTIES = (
    (Party.WORK, "Work", "whoever works on the run: never put off for ever"),
    (Party.ASK, "Ask", "somebody outside who may ask, or leave it"),
    (Party.TIME, "Expire", "whoever acts on deadlines: never put off for ever"),
)


def tla(lifecycle: Lifecycle, *, asked: Iterable[str] = ASKED, trace: Trace | None = None) -> str:
    """The module as text.

    :param asked: events that somebody outside may ask for.
    :param trace: what was seen of one run.  Then the behaviours are those that show it, and the invariant ``NotYet`` is
        *violated* exactly if the lifecycle can do what was seen.
    :raises BadQuestion: where the trace names an event, status or field that the lifecycle does not have.
    """
    if trace is not None:
        trace.check(lifecycle)
    return "\n".join([*_lines(lifecycle, tuple(asked), trace), ""])


def module_name(lifecycle: Lifecycle) -> str:
    """The name of the module, which its file must have: letters, digits and underscores."""
    text = "".join(char if char.isascii() and char.isalnum() else "_" for char in lifecycle.name)
    return text if any(char.isalpha() for char in text) else f"Lifecycle_{text}"


def _lines(lifecycle: Lifecycle, asked: tuple[str, ...], trace: Trace | None) -> Iterator[str]:
    name = module_name(lifecycle)
    yield f"---- MODULE {name} ----"
    yield rf"\* {_one_line(lifecycle.name)}, version {_one_line(lifecycle.version)}: written by runstate."
    yield r"\* A guard by name may hold whenever it is asked.  A run that has ended deadlocks: check without deadlocks."
    yield "EXTENDS Naturals, Sequences"
    yield ""
    yield "VARIABLES"
    yield r"    status,   \* None before creation"
    yield r"    event,    \* the last move"
    yield r"    set,      \* the fields that are set"
    yield r"    due,      \* the deadlines among them that have come"
    yield r"    late      \* stamps out of order: the first was written after the second"
    yield "vars == <<status, event, set, due, late>>"
    yield ""
    yield f"None == {_text(_nothing(lifecycle))}"
    yield f"Statuses == {_set(lifecycle.statuses)}"
    yield f"Terminal == {_set(s for s in lifecycle.statuses if s in lifecycle.terminal)}"
    yield f"Events == {_set(lifecycle.events)}"
    yield f"Fields == {_set(kept_fields(lifecycle))}"
    yield f"Waited == {_set(due_fields(lifecycle))}"
    pairs = (f"<<{_text(one)}, {_text(other)}>>" for one, other in lifecycle.order)
    yield f"Order == {{{', '.join(pairs)}}}"
    yield r"\* e leads from s to t, where all in needs are set and all in waits have come; the payload sets some of may"
    yield from _TAKE.splitlines()[1:]
    yield from _steps(lifecycle, asked)
    yield from _rules(lifecycle, asked)
    if trace is not None:
        yield from _trace(trace)
    yield "===="


def _steps(lifecycle: Lifecycle, asked: tuple[str, ...]) -> Iterator[str]:
    every = moves(lifecycle, asked=asked)
    yield ""
    yield r"Init == status = None /\ event = None /\ set = {} /\ due = {} /\ late = {}"
    yield from _disjunction("Create", "", [move for move in every if move.source is None])
    for party, name, why in _PARTIES:
        yield from _disjunction(name, why, [m for m in every if m.party is party and m.source is not None])
    yield ""
    yield r"Tick(d) ==   \* a deadline comes"
    yield r"    /\ d \in set \ due"
    yield r"    /\ due' = due \cup {d}"
    yield r"    /\ UNCHANGED <<status, event, set, late>>"
    yield ""
    yield r"Step == Create \/ Work \/ Ask \/ Expire"
    yield r"Next == Step \/ \E d \in Waited : Tick(d)"
    yield r"Fair == WF_vars(Create) /\ WF_vars(Work) /\ WF_vars(Expire) /\ \A d \in Waited : WF_vars(Tick(d))"
    yield r"Spec == Init /\ [][Next]_vars /\ Fair"


def _disjunction(name: str, why: str, own: list[Move]) -> Iterator[str]:
    yield ""
    yield rf"{name} ==   \* {why}" if why else f"{name} =="
    yield from (rf"    \/ {_take(move)}" for move in own)
    if not own:
        yield "    FALSE"


def _take(move: Move) -> str:
    source = "None" if move.source is None else _text(move.source)
    now = (*move.stamps, *move.deadlines)
    sets = (move.needs, move.due, move.clears, now, move.once, move.takes, move.may_take)
    return f"Take({', '.join([_text(move.event), source, _text(move.target), *map(_set, sets)])})"


def _rules(lifecycle: Lifecycle, asked: tuple[str, ...]) -> Iterator[str]:
    for name, presence in (("MustBeSet", Presence.SET), ("MustBeNull", Presence.NULL)):
        yield ""
        yield f"{name}(s) =="
        mark = "CASE"
        for status in lifecycle.statuses:
            yield f"    {mark:4} s = {_text(status)} -> {_set(presences(lifecycle, status, presence))}"
            mark = "  []"
        yield "      [] OTHER -> {}"
    yield ""
    yield r"TypeOK == /\ status \in Statuses \cup {None}"
    yield r"          /\ event \in Events \cup {None}"
    yield r"          /\ set \subseteq Fields /\ due \subseteq Waited \cap set /\ late \subseteq Order"
    yield r"RecordRules == MustBeSet(status) \subseteq set /\ MustBeNull(status) \cap set = {}"
    yield "InOrder == late = {}"
    yield ""
    yield r"Ends == <>(status \in Terminal)"
    yield r"Final == [](status \in Terminal => [](status \in Terminal))"
    for event in asked:
        if event in lifecycle.events:
            yield rf"Heard_{_identifier(event)} == (event = {_text(event)}) ~> (status \in Terminal)"


def _trace(trace: Trace) -> Iterator[str]:
    yield ""
    yield "Trace == <<"
    yield ",\n".join(f"    {_seen(seen)}" for seen in trace.seen)
    yield ">>"
    yield r"VARIABLE seen   \* how much of the trace has been seen"
    yield "Match(one) =="
    yield r"    /\ one.event \in {None, event'}"
    yield "    /\\ status' = one.status"
    yield "    /\\ one.looked => set' = one.set"
    yield r"TraceInit == Init /\ seen = 0"
    yield "TraceNext =="
    yield r"    \/ /\ seen < Len(Trace)"
    yield r"       /\ Step"
    yield "       /\\ Match(Trace[seen + 1])"
    yield "       /\\ seen' = seen + 1"
    if trace.misses:
        yield r"    \/ Step /\ UNCHANGED seen   \* nobody saw it"
    yield r"    \/ (\E d \in Waited : Tick(d)) /\ UNCHANGED seen"
    yield r"TraceSpec == TraceInit /\ [][TraceNext]_<<vars, seen>>"
    yield r"NotYet == seen < Len(Trace)   \* violated if and only if the lifecycle can do what was seen"


def _seen(seen: Seen) -> str:
    event = "None" if seen.event is None else _text(seen.event)
    looked = "FALSE" if seen.fields is None else "TRUE"
    fields = _set(sorted(seen.fields or ()))
    return f"[event |-> {event}, status |-> {_text(seen.status)}, looked |-> {looked}, set |-> {fields}]"


def _nothing(lifecycle: Lifecycle) -> str:
    """A text that is no status and no event."""
    text = "none"
    while text in (*lifecycle.statuses, *lifecycle.events):
        text = f"({text})"
    return text


def _text(name: str) -> str:
    escaped = str(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _set(names: Iterable[str]) -> str:
    return f"{{{', '.join(map(_text, names))}}}"


def _identifier(name: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name)


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
