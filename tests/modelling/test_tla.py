"""The TLA+ module, parsed with a TLA+ grammar: its relation is the table.  TLC does not run here.

What the grammar reads is turned into Python values, the operator ``Take`` is checked to be the text it is known as, and
a small reading of it makes steps: so a trace module can be asked which traces it lets through.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import pytest
import tree_sitter
import tree_sitter_tlaplus
from hypothesis import given

from runstate.lifecycle import Basis, Lifecycle, Presence, Row, To, Transition
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.modelling.bits import kept_fields
from runstate.modelling.tla import tla
from runstate.modelling.traces import Seen, Trace, trace_of_changes, trace_of_snapshots
from runstate.testing.histories import history
from tests.modelling.test_promela import EVERY, SEEN
from tests.modelling.test_questions import table
from tests.test_lifecycle import lifecycles

Node: TypeAlias = tree_sitter.Node

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the grammar hands over its address in the old way
    PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_tlaplus.language()))  # pyright: ignore[reportDeprecated]


class Module:
    """One parsed module."""

    def __init__(self, text: str) -> None:
        root = PARSER.parse(text.encode()).root_node
        assert not root.has_error, text
        (self.module,) = (node for node in root.children if node.type == "module")
        self.name = words(self.module.named_children[1])
        self.operators = {
            words(node.child_by_field_name("name")): node
            for node in self.module.children
            if node.type == "operator_definition"
        }

    def body(self, name: str) -> Node:
        return [node for node in self.operators[name].named_children if node.type != "comment"][-1]

    def text(self, name: str) -> str:
        return words(self.operators[name]).strip()

    def value(self, node: Node) -> Any:
        match node.type:
            case "string":
                return words(node)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
            case "identifier_ref":
                return self.value(self.body("None")) and None
            case "finite_set_literal":
                return frozenset(self.value(inner) for inner in node.named_children)
            case "tuple_literal":
                return tuple(self.value(inner) for inner in node.named_children if "angle" not in inner.type)
            case "boolean":
                return words(node) == "TRUE"
            case "record_literal":
                parts = [inner for inner in node.named_children if inner.type != "all_map_to"]
                return {words(key): self.value(item) for key, item in zip(parts[::2], parts[1::2], strict=True)}
            case _:
                raise AssertionError(node.type)

    def takes(self, name: str) -> Iterator[list[Any]]:
        """The arguments of every Take that the operator is a disjunction of."""
        body = self.body(name)
        if body.type == "boolean":
            assert words(body) == "FALSE"
            return
        assert body.type == "disj_list"
        for item in body.named_children:
            call = item.named_children[-1]
            assert words(call.named_children[0]) == "Take"
            yield [self.value(argument) for argument in call.named_children[1:]]

    def cases(self, name: str) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for arm in self.body(name).named_children:
            if arm.type == "case_arm":
                compared, given = (n for n in arm.named_children if n.type != "case_arrow")
                found[self.value(compared.named_children[-1])] = self.value(given)
        return found


def words(node: Node | None) -> str:
    assert node is not None
    assert node.text is not None
    return node.text.decode()


class Step(NamedTuple):
    """One Take, with the names of its parameters."""

    party: str
    event: str
    source: str | None
    target: str
    needs: frozenset[str]
    waits: frozenset[str]
    clears: frozenset[str]
    stamps: frozenset[str]
    once: frozenset[str]
    sets: frozenset[str]
    may: frozenset[str]


PARTIES = ("Create", "Work", "Ask", "Expire")


def steps_of(module: Module) -> list[Step]:
    return [Step(party, *arguments) for party in PARTIES for arguments in module.takes(party)]


def expected(edge: Transition) -> Step:
    does = edge.does
    waits = frozenset(guard.argument for guard in edge.guards if guard.kind == "reached")
    stands = frozenset(guard.argument for guard in edge.guards if guard.kind == "set")
    party = "Create" if edge.source is None else "Expire" if waits else "Ask" if edge.event == "cancel" else "Work"
    return Step(
        party,
        edge.event,
        edge.source,
        edge.target,
        waits | stands,
        waits,
        frozenset(does.clears),
        frozenset((*does.stamps, *does.deadlines)),
        frozenset(does.stamps_once),
        frozenset(field for field in does.takes.values() if field),
        frozenset(field for field in does.may_take.values() if field),
    )


def check(lifecycle: Lifecycle) -> None:
    module = Module(tla(lifecycle))
    steps = steps_of(module)
    assert len(steps) == len(lifecycle.transitions)
    assert set(steps) == {expected(edge) for edge in lifecycle.transitions}
    for name, presence in (("MustBeSet", Presence.SET), ("MustBeNull", Presence.NULL)):
        assert module.cases(name) == {
            status: frozenset(field for field, demanded in own.items() if demanded is presence)
            for status, own in lifecycle.presence.items()
        }
    values = {name: module.value(module.body(name)) for name in ("Statuses", "Terminal", "Events", "Order")}
    assert values == {
        "Statuses": frozenset(lifecycle.statuses),
        "Terminal": lifecycle.terminal,
        "Events": frozenset(lifecycle.events),
        "Order": frozenset(lifecycle.order),
    }


@pytest.mark.parametrize("lifecycle", EVERY, ids=lambda one: one.name)
def test_the_relation_and_the_rules_are_those_of_the_lifecycle(lifecycle: Lifecycle) -> None:
    check(lifecycle)


@given(lifecycles(guarded=True, timed=True))
def test_those_of_any_lifecycle_are(lifecycle: Lifecycle) -> None:
    check(lifecycle)


TAKE = r"""
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


def test_what_is_the_same_in_every_module() -> None:
    """Typed here: the operators that give Take its meaning, what the next step is, and what is claimed."""
    module = Module(tla(ASSISTANTS_RUN))
    assert module.name == "openai_assistants_run"
    assert module.text("Take") == TAKE.strip()
    assert module.text("Init") == r"Init == status = None /\ event = None /\ set = {} /\ due = {} /\ late = {}"
    assert module.text("Step") == r"Step == Create \/ Work \/ Ask \/ Expire"
    assert module.text("Next") == r"Next == Step \/ \E d \in Waited : Tick(d)"
    assert module.text("Spec") == r"Spec == Init /\ [][Next]_vars /\ Fair"
    fair = r"Fair == WF_vars(Create) /\ WF_vars(Work) /\ WF_vars(Expire) /\ \A d \in Waited : WF_vars(Tick(d))"
    assert module.text("Fair") == fair
    rules = r"RecordRules == MustBeSet(status) \subseteq set /\ MustBeNull(status) \cap set = {}"
    assert module.text("RecordRules") == rules
    assert module.text("Ends") == r"Ends == <>(status \in Terminal)"
    assert module.text("Heard_cancel") == r'Heard_cancel == (event = "cancel") ~> (status \in Terminal)'
    assert module.value(module.body("Waited")) == {"expires_at"}


def test_nothing_is_called_as_a_status_is() -> None:
    odd = table(Row(None, To("none", "a", Basis.DOCUMENTED)), Row("a"), terminal=("a",))
    assert Module(tla(odd)).text("None") == 'None == "(none)"'


# --- traces -----------------------------------------------------------------------------------------------------------

World: TypeAlias = tuple[str | None, frozenset[str]]


def after(step: Step, world: World) -> Iterator[World]:
    """What Take says, deadlines taken to have come."""
    status, fields = world
    if status == step.source and step.needs <= fields:
        now = step.stamps | (step.once - fields)
        for size in range(len(step.may) + 1):
            for given in combinations(sorted(step.may), size):
                yield step.target, (fields - step.clears) | now | step.sets | frozenset(given)


def can_happen(text: str) -> bool:
    """Whether the trace of the module can be seen to its end: whether ``NotYet`` is violated."""
    module = Module(text)
    steps, misses = steps_of(module), "UNCHANGED seen   \\*" in module.text("TraceNext")
    trace = [module.value(part) for part in module.body("Trace").named_children if "angle" not in part.type]
    worlds: set[tuple[World, int]] = {((None, frozenset()), 0)}
    queue = list(worlds)
    while queue:
        world, seen = queue.pop()
        if seen == len(trace):
            return True
        one = trace[seen]
        for step in steps:
            for target in after(step, world):
                fits = one["event"] in (None, step.event) and one["status"] == target[0]
                found = {(target, seen + 1)} if fits and (not one["looked"] or one["set"] == target[1]) else set()
                found |= {(target, seen)} if misses else set()
                queue += found - worlds
                worlds |= found
    return False


@pytest.mark.parametrize(
    ("seen", "misses", "possible"),
    [
        (SEEN, False, True),
        (SEEN[1:], False, False),
        (SEEN[1:], True, True),
        ((SEEN[0], Seen("complete", "completed")), False, False),
        ((SEEN[0], Seen(None, "completed")), True, True),
        ((SEEN[0], Seen("cancel", "cancelling"), Seen("complete", "completed")), False, False),  # it never started
        ((*SEEN, Seen("cancel", "cancelling"), Seen("complete", "completed")), False, True),
        ((SEEN[0], Seen("start", "in_progress", frozenset({"created_at", "started_at"}))), False, False),
        ((SEEN[0], Seen(None, "completed"), Seen(None, "queued")), True, False),
    ],
)
def test_which_traces_the_module_lets_through(seen: tuple[Seen, ...], misses: bool, possible: bool) -> None:
    assert can_happen(tla(ASSISTANTS_RUN, trace=Trace(seen, misses=misses))) is possible


@pytest.mark.parametrize("lifecycle", CATALOGUE.values(), ids=lambda one: one.name)
def test_what_the_engine_does_can_happen_and_a_cut_does_not(lifecycle: Lifecycle) -> None:
    """Histories driven by the engine, as changes with the fields that were set, and as polls with gaps."""
    fields = kept_fields(lifecycle)
    for seed in range(2):
        steps = history(lifecycle, random.Random(seed), most=6).steps
        seen = tuple(
            Seen(step.event, step.target, frozenset(f for f in fields if getattr(step.record, f, None) is not None))
            for step in steps
        )
        assert can_happen(tla(lifecycle, trace=Trace(seen)))
        assert can_happen(tla(lifecycle, trace=trace_of_changes(steps)))
        polls = [
            {lifecycle.status_field: step.target, **{f: getattr(step.record, f, None) for f in fields}}
            for step in steps[::2]
        ]
        assert can_happen(tla(lifecycle, trace=trace_of_snapshots(lifecycle, polls)))
        if len(seen) > 1 and lifecycle.transition(None, steps[1].event) is None:
            assert not can_happen(tla(lifecycle, trace=Trace(seen[1:])))  # its creation is missing
