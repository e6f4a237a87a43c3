"""The table of the assistant's run against the oracle, which was typed by hand, and every mutant of it.

`faults` names every way in which a lifecycle differs from the oracle.  It finds none in the table, and some in every
lifecycle that differs from the table in one cell, stamp, clearing, payload, guard, basis or quirk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar

import attrs
import pytest

from runstate.engine import apply, create
from runstate.errors import BadLifecycle, BadPayload, GuardFailed, RunstateError
from runstate.frozen import FrozenDict
from runstate.lifecycle import Basis, Effects, FieldKind, Guard, Lifecycle, Row, To, Transition, Verb
from runstate.lifecycles import ASSISTANTS_MESSAGE, ASSISTANTS_RUN, ASSISTANTS_RUN_STEP
from runstate.machine import rulebook
from runstate.record import FunctionCall, IncompleteDetails, LastError, RequiredAction, ToolCall, ToolOutput, Usage
from tests import oracle

# The record rules, typed by hand: which fields a record of each status has set, null, or either ("free").
COLUMNS = "created_at started_at expires_at required_action failed_at last_error cancelled_at completed_at usage incomplete_details"
RULES = {
    #                   created start expires action failed error cancel compl usage details
    "queued":          "set     free  set     null   null   null  null   null  null  null",
    "in_progress":     "set     set   set     null   null   null  null   null  null  null",
    "requires_action": "set     set   set     set    null   null  null   null  null  null",
    "cancelling":      "set     free  set     null   null   null  null   null  null  null",
    "cancelled":       "set     free  null    null   null   null  set    null  free  null",
    "failed":          "set     free  null    null   set    set   null   null  free  null",
    "completed":       "set     set   null    null   null   null  null   set   free  null",
    "incomplete":      "set     set   null    null   null   null  null   set   free  free",
    "expired":         "set     free  null    null   null   null  null   null  free  null",
}  # fmt: skip
PRESENCE: dict[str, dict[str, str]] = {
    status: dict(zip(COLUMNS.split(), words.split(), strict=True)) for status, words in RULES.items()
}

CALLS = RequiredAction.calls(ToolCall("call_1", FunctionCall("add")), ToolCall("call_2", FunctionCall("sub")))
GIVEN: dict[str, Any] = {
    "usage": Usage(1, 2),
    "last_error": LastError("server_error", "Sorry."),
    "required_action": CALLS,
    "incomplete_details": IncompleteDetails("max_prompt_tokens"),
}
OUTPUTS = (ToolOutput("call_1", "3"), ToolOutput("call_2", "4"))
OTHERS = {
    "require_action": {},
    "submit_tool_outputs": {"tool_outputs": OUTPUTS},
}
# What the oracle expects with an event, but does not ask a record for: see the test of its name.
OPTIONAL = {"incomplete_details"}
CREATED, STARTED, NOW, EXPIRES = 1000, 1001, 1600, 1600


@attrs.frozen(kw_only=True)
class Plain:
    """A record that checks nothing itself: each test puts the lifecycle in question into a subclass of it."""

    id: str = "run_1"
    thread_id: str = "thread_1"
    assistant_id: str = "asst_1"
    status: str
    created_at: int | None = None
    started_at: int | None = None
    expires_at: int | None = None
    completed_at: int | None = None
    cancelled_at: int | None = None
    failed_at: int | None = None
    required_action: RequiredAction | None = None
    last_error: LastError | None = None
    usage: Usage | None = None
    incomplete_details: IncompleteDetails | None = None


def plain(lifecycle: Lifecycle) -> type[Plain]:
    @attrs.frozen(kw_only=True)
    class Made(Plain):
        __lifecycle__: ClassVar[Lifecycle] = lifecycle

    return Made


def in_status(cls: type[Plain], status: str, *, started: bool) -> Plain:
    """A live record as the record rules want it."""
    return cls(
        status=status,
        created_at=CREATED,
        started_at=STARTED if started else None,
        expires_at=EXPIRES,
        required_action=CALLS if status == "requires_action" else None,
    )


# --- the comparison with the oracle -----------------------------------------------------------------------------------


def faults(lifecycle: Lifecycle) -> list[str]:
    """Every difference from the oracle."""
    return [
        *shape_faults(lifecycle),
        *cell_faults(lifecycle),
        *basis_faults(lifecycle),
        *guard_faults(lifecycle),
        *presence_faults(lifecycle),
        *effect_faults(lifecycle),
    ]


def shape_faults(lifecycle: Lifecycle) -> Iterator[str]:
    pairs: dict[str, tuple[object, object]] = {
        "statuses": (oracle.STATUSES, lifecycle.statuses),
        "events": (("create", *oracle.EVENTS), lifecycle.events),
        "initial": ({oracle.INITIAL}, lifecycle.initial),
        "terminal": (oracle.TERMINAL, lifecycle.terminal),
        "creation": ([("create", oracle.INITIAL)], [(edge.event, edge.target) for edge in lifecycle.legal(None)]),
        "quirks": (
            oracle.QUIRKS,
            {(*quirk.transition, quirk.profile) for quirk in lifecycle.quirks if quirk.transition is not None},
        ),
    }
    yield from (f"{what}: {expected} != {actual}" for what, (expected, actual) in pairs.items() if expected != actual)


def cell_faults(lifecycle: Lifecycle) -> Iterator[str]:
    book = rulebook(lifecycle)
    for (source, event), expected in oracle.CELLS.items():
        edge = lifecycle.transition(source, event)
        actual = None if edge is None else edge.target
        if not expected == actual == book.fire(source, event):
            yield f"{source} --{event}--> {actual} and not {expected}"


def basis_of(pair: tuple[str, str]) -> set[str]:
    if pair in oracle.INFERRED:
        return {"inferred"}
    return {"documented"} if pair in oracle.DOCUMENTED_ONLY else {"documented", "observed"}


def basis_faults(lifecycle: Lifecycle) -> Iterator[str]:
    for edge in lifecycle.transitions:
        expected = basis_of((str(edge.source), edge.event))
        if expected != edge.basis:
            yield f"{edge} rests on {', '.join(sorted(edge.basis))} and not on {', '.join(sorted(expected))}"


WORDS: dict[str, tuple[Guard, ...]] = {
    "it is expires_at or later": (Guard("reached", "expires_at"),),
    "started_at is set": (Guard("set", "started_at"),),
    "the outputs cover every open tool call, each once": (Guard("named", "outputs_cover_every_tool_call"),),
    "there is one tool call at least": (),  # a RequiredAction without one cannot be built
}


def guard_faults(lifecycle: Lifecycle) -> Iterator[str]:
    for edge in lifecycle.transitions:
        says = oracle.GUARDS.get((str(edge.source), edge.event))
        expected = () if says is None else WORDS[says]
        if expected != edge.guards:
            yield f"{edge} is guarded by {edge.guards} and not by {expected}"
    if set(lifecycle.guard_functions) != {"outputs_cover_every_tool_call"}:
        yield f"functions for {sorted(lifecycle.guard_functions)}"


def presence_faults(lifecycle: Lifecycle) -> Iterator[str]:
    for status, expected in PRESENCE.items():
        actual = lifecycle.presence[status]
        for field, word in expected.items():
            if word != actual.get(field):
                yield f"{field} is {actual.get(field)} in {status} and not {word}"


def payload_of(event: str, *, full: bool) -> dict[str, Any]:
    """What the oracle says comes with the event; ``full`` with all that may come."""
    after = oracle.AFTER[event]
    fields = [*after.given, *(after.may if full else ())]
    return {**{field: GIVEN[field] for field in fields if field in GIVEN}, **OTHERS.get(event, {})}


def effect_faults(lifecycle: Lifecycle) -> Iterator[str]:
    cls = plain(lifecycle)
    for (source, event), target in oracle.CELLS.items():
        if target is None:
            continue
        for started in (True, False) if PRESENCE[source]["started_at"] == "free" else (True,):
            before = in_status(cls, source, started=started)
            for full in (True, False):
                payload = payload_of(event, full=full)
                blocked = oracle.GUARDS.get((source, event)) == "started_at is set" and not started
                try:
                    after, change = apply(before, event, at=NOW, **payload)
                except GuardFailed:
                    if not blocked:
                        yield f"{source} --{event} is blocked"
                except RunstateError as error:
                    yield f"{source} --{event}: {error}"
                else:
                    if blocked:
                        yield f"{source} --{event} is not blocked"
                    yield from (f"{change.source} --{event}: {f}" for f in after_faults(event, before, after, payload))
        yield from need_faults(in_status(cls, source, started=True), event)
    yield from creation_faults(cls)


def need_faults(before: Plain, event: str) -> Iterator[str]:
    """What comes with an event cannot be left out."""
    payload = payload_of(event, full=False)
    for key in payload.keys() - OPTIONAL:
        try:
            apply(before, event, at=NOW, **{name: item for name, item in payload.items() if name != key})
        except BadPayload:
            continue
        except (RunstateError, LookupError) as error:
            yield f"{event} without {key}: {error!r}"
        else:
            yield f"{event} goes without {key}"


def after_faults(event: str, before: Plain | None, after: Plain, payload: dict[str, Any]) -> Iterator[str]:
    """The fields that are not what the oracle says they are after the event."""
    said = oracle.AFTER[event]
    expected: dict[str, Any] = dict.fromkeys(said.null)
    expected |= dict.fromkeys(said.now, NOW)
    expected |= {field: payload[field] for field in said.given if field in payload}
    expected |= {field: payload.get(field) for field in said.may}
    expected |= {field: getattr(before, field) for field in (*said.kept, *(oracle.IDENTITY if before else ()))}
    actual = {field: getattr(after, field) for field in expected}
    yield from (f"{f} = {actual[f]} and not {expected[f]}" for f in expected if expected[f] != actual[f])


def creation_faults(cls: type[Plain]) -> Iterator[str]:
    try:
        made = create(cls, at=NOW).run
    except RunstateError as error:
        yield f"create: {error}"
        return
    if made.expires_at != NOW + 600:
        yield f"create: expires_at is {made.expires_at}"
    yield from (f"create: {fault}" for fault in after_faults("create", None, made, {}))


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "difference", [shape_faults, cell_faults, basis_faults, guard_faults, presence_faults, effect_faults]
)
def test_the_table_does_not_differ_from_the_oracle(difference: Any) -> None:
    assert list(difference(ASSISTANTS_RUN)) == []


def test_the_oracle_has_all_81_cells() -> None:
    assert {(s, e) for s in oracle.STATUSES for e in oracle.EVENTS} == set(oracle.CELLS)
    assert (len(oracle.CELLS), sum(target is not None for target in oracle.CELLS.values())) == (81, 19)
    assert {pair for pair, target in oracle.CELLS.items() if target} == (
        oracle.INFERRED | oracle.DOCUMENTED_ONLY | oracle.DOCUMENTED_AND_OBSERVED
    )


@pytest.mark.parametrize("pair", oracle.CELLS, ids="-".join)
def test_each_cell_is_what_the_oracle_says(pair: tuple[str, str]) -> None:
    edge = ASSISTANTS_RUN.transition(*pair)
    assert oracle.CELLS[pair] == (None if edge is None else edge.target)


def test_exactly_the_inferred_transitions_are_those_of_the_oracle() -> None:
    inferred = {(edge.source, edge.event) for edge in ASSISTANTS_RUN.transitions if edge.inferred_only}
    assert inferred == oracle.INFERRED
    assert len(inferred) == 9


def test_the_oracle_and_the_record_rules_agree() -> None:
    assert {
        status: {field for field, word in row.items() if word == "set"} for status, row in PRESENCE.items()
    } == oracle.MUST
    unsaid = {"expired": {"completed_at", "incomplete_details"}}  # v1 has completed_at there: a quirk
    assert {
        status: {field for field, word in row.items() if word == "null"} - unsaid.get(status, {"incomplete_details"})
        for status, row in PRESENCE.items()
    } == oracle.MUST_NOT


def test_the_record_rules_speak_of_the_fields_of_the_table() -> None:
    assert set(COLUMNS.split()) == set(ASSISTANTS_RUN.fields) == oracle.FIELDS


def test_only_the_details_of_an_incomplete_run_may_be_left_out_though_the_oracle_expects_them() -> None:
    """A content filter may give none; the oracle's own `MUST` does not ask a record for them."""
    run = in_status(plain(ASSISTANTS_RUN), "in_progress", started=True)
    assert apply(run, "end_incomplete", at=NOW).run.incomplete_details is None
    assert {"incomplete_details"} - oracle.MUST["incomplete"] == OPTIONAL


def test_marks_of_the_table_beside_its_transitions() -> None:
    assert ASSISTANTS_RUN.name == "openai.assistants.run"
    assert ASSISTANTS_RUN.stops == {"requires_action"}
    assert ASSISTANTS_RUN.objects == ("thread.run",)
    assert ASSISTANTS_RUN.profiles == {"v1": "file_ids"}
    assert {field for field in ASSISTANTS_RUN.constant if field != "object"} == oracle.IDENTITY
    assert {name for name, kind in ASSISTANTS_RUN.fields.items() if kind is FieldKind.STAMP} == {
        name for name in oracle.FIELDS if name.endswith("_at") and name != "expires_at"
    }
    assert ASSISTANTS_RUN.fields["expires_at"] is FieldKind.DEADLINE


def test_quirks_are_known_and_none_is_drivable() -> None:
    assert {quirk.name: (quirk.profile, quirk.transition or quirk.field or quirk.announcement) for quirk in QUIRKS} == {
        "swept_after_completion": ("v1", ("completed", "expired")),
        "expired_with_completed_at": ("v1", ("expired", "completed_at")),
        "cut_short_but_completed": ("v1", ("completed", "incomplete_details")),
        "completed_event_for_incomplete": (None, ("thread.run.completed", "incomplete")),
    }
    assert ASSISTANTS_RUN.legal("completed") == ()


QUIRKS = ASSISTANTS_RUN.quirks


def test_wire_names_are_those_of_the_streams() -> None:
    assert {verb.event: verb.wire for verb in ASSISTANTS_RUN.verbs} == {
        "create": ("thread.run.created", "thread.run.queued"),
        "start": ("thread.run.in_progress",),
        "require_action": ("thread.run.requires_action",),
        "submit_tool_outputs": ("thread.run.queued",),
        "complete": ("thread.run.completed",),
        "end_incomplete": ("thread.run.incomplete",),
        "fail": ("thread.run.failed",),
        "cancel": ("thread.run.cancelling",),
        "confirm_cancel": ("thread.run.cancelled",),
        "expire": ("thread.run.expired",),
    }


def test_times_are_ordered_as_the_record_rules_say() -> None:
    ends = ("completed_at", "cancelled_at", "failed_at")
    assert {
        ("created_at", "started_at"),
        ("created_at", "expires_at"),
        *(("created_at", end) for end in ends),
        *(("started_at", end) for end in ends),
    } == set(ASSISTANTS_RUN.order)


def table(lifecycle: Lifecycle) -> set[tuple[str | None, str, str]]:
    return {(edge.source, edge.event, edge.target) for edge in lifecycle.transitions}


def test_the_step_and_the_message_have_the_transitions_of_the_reference() -> None:
    assert table(ASSISTANTS_RUN_STEP) == {
        (None, "create", "in_progress"),
        ("in_progress", "complete", "completed"),
        ("in_progress", "fail", "failed"),
        ("in_progress", "cancel", "cancelled"),
        ("in_progress", "expire", "expired"),
    }
    assert table(ASSISTANTS_MESSAGE) == {
        (None, "create", "in_progress"),
        ("in_progress", "complete", "completed"),
        ("in_progress", "end_incomplete", "incomplete"),
    }


def words(lifecycle: Lifecycle) -> dict[str, str]:
    """Status -> the presence of its fields in the order of the fields."""
    return {status: " ".join(lifecycle.presence[status].values()) for status in lifecycle.statuses}


def test_the_step_and_the_message_have_the_fields_of_the_reference() -> None:
    assert list(ASSISTANTS_RUN_STEP.presence["failed"]) == (
        ["created_at", "completed_at", "failed_at", "cancelled_at", "last_error", "usage"]
    )
    assert words(ASSISTANTS_RUN_STEP) == {
        "in_progress": "set null null null null null",
        "cancelled": "set null null set null free",
        "failed": "set null set null set free",
        "completed": "set set null null null free",
        "expired": "set null null null null free",
    }
    assert list(ASSISTANTS_MESSAGE.presence["completed"]) == (
        ["created_at", "completed_at", "incomplete_at", "incomplete_details"]
    )
    assert words(ASSISTANTS_MESSAGE) == {
        "in_progress": "set null null null",
        "completed": "set set null null",
        "incomplete": "set null set set",
    }


# --- mutants of the cells ---------------------------------------------------------------------------------------------


def literal(edge: Transition) -> To:
    """The entry of a row that an edge of the table was written as."""
    verb = ASSISTANTS_RUN.verb(edge.event)
    assert verb is not None
    own = edge.guards[len(verb.guards) :]
    return To(edge.event, edge.target, *edge.basis, guards=own, reopens=edge.reopens)


def with_cell(source: str, event: str, target: str | None) -> Lifecycle:
    """The table with one cell changed; a new exit of an ended run is declared, so that it is not refused at once."""
    rows: list[Row] = []
    for status in (None, *ASSISTANTS_RUN.statuses):
        entries = [literal(edge) for edge in ASSISTANTS_RUN.legal(status) if (status, edge.event) != (source, event)]
        if status == source and target is not None:
            entries.append(To(event, target, Basis.INFERRED, reopens=source in oracle.TERMINAL))
        rows.append(Row(status, *entries))
    return attrs.evolve(ASSISTANTS_RUN, rows=rows)


def test_every_mutant_of_a_cell_is_killed() -> None:
    """Each of the 81 cells changed to each of the 9 other values: absent, or another status."""
    killed: Counter[str] = Counter()
    survivors: list[tuple[str, str, str | None]] = []
    for (source, event), right in oracle.CELLS.items():
        for wrong in {None, *oracle.STATUSES} - {right}:
            try:
                mutant = with_cell(source, event, wrong)
            except BadLifecycle:
                killed["BadLifecycle"] += 1
                continue
            if any(cell_faults(mutant)):
                killed["oracle"] += 1
            else:
                survivors.append((source, event, wrong))
    assert survivors == []
    assert killed.total() == 729
    # consistent in themselves: 61 of the 62 refused cells with the target that the event has elsewhere (completed to
    # expired is a quirk already), 15 of the 19 legal ones left out (each of the other four is the one use of its event),
    # submit_tool_outputs to 8 others (the targets of the other three events used once would be unreachable)
    assert killed == {"oracle": 61 + 15 + 8, "BadLifecycle": 729 - 84}


def test_a_mutant_that_changes_nothing_survives() -> None:
    assert faults(with_cell("queued", "start", "in_progress")) == [
        "queued --start--> in_progress rests on inferred and not on documented, observed"
    ]
    same = attrs.evolve(ASSISTANTS_RUN, rows=[Row(s, *map(literal, ASSISTANTS_RUN.legal(s))) for s in (None, *RULES)])
    assert faults(same) == []


# --- mutants of everything else ---------------------------------------------------------------------------------------

Parts = dict[str, Any]


def each_left_out(whole: Any) -> Iterator[tuple[object, Any]]:
    """Each element of a tuple, mapping or set, with the rest; in an order that every process agrees on."""
    for element in sorted(whole) if isinstance(whole, frozenset) else whole:
        if isinstance(whole, tuple):
            yield element, tuple(item for item in whole if item is not element)
        elif isinstance(whole, frozenset):
            yield element, whole - {element}
        else:
            yield element, FrozenDict({key: item for key, item in whole.items() if key != element})


def verbs_left_out() -> Iterator[tuple[str, Parts]]:
    """Each stamp, deadline, clearing, payload and guard of a verb dropped."""
    for index, verb in enumerate(ASSISTANTS_RUN.verbs):

        def replaced(changed: Verb, at: int = index) -> Parts:
            verbs = list(ASSISTANTS_RUN.verbs)
            verbs[at] = changed
            return {"verbs": verbs}

        for part in attrs.fields_dict(Effects):
            for gone, rest in each_left_out(getattr(verb.does, part)):
                does = attrs.evolve(verb.does, **{part: rest})
                yield f"{verb.event}.{part} without {gone}", replaced(attrs.evolve(verb, does=does))
        for gone, rest in each_left_out(verb.guards):
            yield f"{verb.event} without guard {gone}", replaced(attrs.evolve(verb, guards=rest))


def rows_left_out() -> Iterator[tuple[str, Parts]]:
    """Each basis and each guard of an entry dropped, and each basis that it does not have added."""
    for edge in ASSISTANTS_RUN.transitions:
        bases = [(f"without {gone}", rest) for gone, rest in each_left_out(edge.basis)]
        bases += [(f"with {more}", edge.basis | {more}) for more in Basis if more not in edge.basis]
        for what, basis in bases:
            yield f"{edge} {what}", {"rows": rows_with(edge, attrs.evolve(edge, basis=basis))}
        for gone, rest in each_left_out(edge.guards):
            if gone not in getattr(ASSISTANTS_RUN.verb(edge.event), "guards", ()):
                yield f"{edge} without guard {gone}", {"rows": rows_with(edge, attrs.evolve(edge, guards=rest))}


def rows_with(old: Transition, new: Transition) -> Iterable[Row]:
    for status in (None, *ASSISTANTS_RUN.statuses):
        yield Row(status, *(literal(new if edge is old else edge) for edge in ASSISTANTS_RUN.legal(status)))


def rest_left_out() -> Iterator[tuple[str, Parts]]:
    for part in ("initial", "terminal", "fields", "guard_functions"):
        for gone, rest in each_left_out(getattr(ASSISTANTS_RUN, part)):
            yield f"{part} without {gone}", {part: rest}
    (sweep,) = (quirk for quirk in ASSISTANTS_RUN.quirks if quirk.transition is not None)
    yield "without the quirk", {"quirks": [quirk for quirk in ASSISTANTS_RUN.quirks if quirk is not sweep]}
    yield "the quirk in all profiles", {"quirks": [attrs.evolve(sweep, profile=None)]}


def verbs_moved() -> Iterator[tuple[str, Parts]]:
    """Each stamp only where null, each payload that must be given one that may be, and the other way round."""
    turned = {"stamps": "stamps_once", "takes": "may_take", "may_take": "takes"}
    for index, verb in enumerate(ASSISTANTS_RUN.verbs):
        for part, other in turned.items():
            whole = getattr(verb.does, part)
            for moved, rest in each_left_out(whole):
                more = (moved,) if isinstance(whole, tuple) else {**getattr(verb.does, other), moved: whole[moved]}
                does = attrs.evolve(verb.does, **{part: rest, other: more})
                verbs = [attrs.evolve(v, does=does) if i == index else v for i, v in enumerate(ASSISTANTS_RUN.verbs)]
                yield f"{verb.event}.{moved} in {other}", {"verbs": verbs}


MUTANTS = [*verbs_left_out(), *rows_left_out(), *rest_left_out(), *verbs_moved()]
# A stamp that is set once in the life of a run may as well be set only where it is null: nobody can tell the two apart.
EQUIVALENT = {
    f"{event}.{field} in stamps_once"
    for event, field in [
        ("create", "created_at"),
        ("complete", "completed_at"),
        ("end_incomplete", "completed_at"),
        ("fail", "failed_at"),
        ("confirm_cancel", "cancelled_at"),
    ]
}


def test_mutants_of_the_rest_are_many_and_each_has_its_own_name() -> None:
    names = [name for name, _ in MUTANTS]
    assert len(names) == len(set(names))
    assert {"start.stamps without started_at", "fail.clears without required_action"} <= set(names)
    assert set(names) >= EQUIVALENT
    assert len(names) > 120


@pytest.mark.parametrize(("name", "parts"), MUTANTS, ids=[name for name, _ in MUTANTS])
def test_every_mutant_of_the_rest_is_killed(name: str, parts: Parts) -> None:
    try:
        found = faults(attrs.evolve(ASSISTANTS_RUN, **parts))
    except BadLifecycle as refused:
        found = [str(refused)]
    assert (found == []) is (name in EQUIVALENT)


# --- outputs for calls ------------------------------------------------------------------------------------------------

NAMES = [*"abx", None]
ANSWERS: dict[str, Any] = {
    "a record": lambda name: SimpleNamespace(tool_call_id=name),
    "an object": lambda name: {"tool_call_id": name},
    "read-only": lambda name: MappingProxyType({"tool_call_id": name}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_outputs_cover_the_calls_as_counting_says(answer: Any) -> None:
    """All calls of up to three among three names, doubled ones too, answered by up to three in all ways."""
    covers = ASSISTANTS_RUN.guard_functions["outputs_cover_every_tool_call"]
    for open_calls in (calls for many in range(4) for calls in product("ab", repeat=many)):
        asked = SimpleNamespace(tool_calls=[SimpleNamespace(id=call) for call in open_calls])
        run: Any = SimpleNamespace(required_action=SimpleNamespace(submit_tool_outputs=asked))
        for given in (names for many in range(4) for names in product(NAMES, repeat=many)):
            missing = tuple(call for call in open_calls if call not in given)
            unknown = tuple(dict.fromkeys(name for name in given if name not in open_calls))
            repeated = tuple(name for name in dict.fromkeys(given) if given.count(name) > 1)
            expected = {"missing": missing, "unknown": unknown, "repeated": repeated}
            seen = covers(run, {"tool_outputs": tuple(map(answer, given))}, 0)
            assert seen == (expected if any(expected.values()) else None), (open_calls, given)
