"""The compiled steps give what the plain way gives, or leave the answer to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstate import engine
from runstate.change import Applied
from runstate.compiled import steps_of
from runstate.errors import BadRecord, RunstateError
from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Transition, Verb
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.record import IncompleteDetails, LastError, Run, RunStep, Usage, keep_rules
from tests import strategies
from tests.test_engine import CALLS, payload_of, run

# -- any class, any argument -------------------------------------------------------------------------------------------


def _record(name: str, own: dict[str, Any] | None = None, **options: Any) -> type[Any]:
    fields: dict[str, Any] = {"status": attrs.field()}
    fields |= {field: attrs.field(default=None) for field in ASSISTANTS_RUN.fields}
    fields["label"] = attrs.field(default="as it was")
    fields |= own or {}
    chosen: dict[str, Any] = {"frozen": True, "slots": True} | options
    body = chosen.pop("body", {})
    return attrs.make_class(
        name,
        fields,
        class_body={"__lifecycle__": ASSISTANTS_RUN, "__module__": __name__, **body},
        kw_only=True,
        **chosen,
    )


def _not_after_the_deadline(record: Any, _: Any, value: Any) -> None:
    """Looks at two fields at once: a value that passed before need not pass again."""
    if value is not None and record.expires_at is not None and value > record.expires_at:
        raise ValueError("started too late")


def _usage_is_small(_: Any, __: Any, value: Any) -> None:
    if value is not None and value.total_tokens > 50:
        raise ValueError("too dear")


def _thrifty(record: Any) -> None:
    if record.label == "mean" and record.usage is not None:
        raise ValueError("too dear")


def _doubled(value: Any) -> Any:
    return value if value is None else attrs.evolve(value, completion_tokens=value.prompt_tokens, total_tokens=0)


CLASSES = {
    "slots": _record("Slots"),
    "no weak references": _record("Lean", weakref_slot=False),
    "a dict": _record("Loose", slots=False),
    "rules kept": _record("Kept", body={"__attrs_post_init__": keep_rules}),
    "an afterthought": _record("After", body={"__attrs_post_init__": _thrifty}),
    "a validator of two fields": _record("Two", {"started_at": attrs.field(default=None, validator=_not_after_the_deadline)}),
    "a validator of its own": _record("Own", {"usage": attrs.field(default=None, validator=_usage_is_small)}),
    "a converter": _record("Converts", {"usage": attrs.field(default=None, converter=_doubled)}),
    "a field that is no argument": _record("Fixed", {"made": attrs.field(init=False, default=1)}),
    "a field whose name a step uses": _record("New", {n: attrs.field(default=n) for n in ("new", "now", "record", "payload")}),
}  # fmt: skip


TIMES = {"created_at": 1000, "started_at": 1001, "expires_at": 1600, "failed_at": 1002, "cancelled_at": 1002}
STANDING: dict[str, Any] = TIMES | {"completed_at": 1002, "required_action": CALLS, "last_error": LastError("x")}
OTHERS: dict[str, Any] = STANDING | {"usage": Usage(1, 2), "incomplete_details": IncompleteDetails("max_tokens")}


def built(kind: type[Any], **values: Any) -> Iterator[Any]:
    """The record, where the class lets it be."""
    with contextlib.suppress(BadRecord, ValueError):
        yield kind(**values)


def records(kind: type[Any], status: str) -> Iterator[Any]:
    """Records as the rules have them, and with one field otherwise, which only a class that keeps no rules lets be."""
    base = run(status)
    values = {name: getattr(base, name) for name in ("status", *ASSISTANTS_RUN.fields)}
    values |= {name: getattr(base, name) for name in ("id", "assistant_id", "thread_id") if kind is Run}
    yield from built(kind, **values)
    if kind is not Run:
        yield from built(kind, **values, label="mean")
    for name in ASSISTANTS_RUN.fields:
        for other in (None, OTHERS[name], 1650) if name.endswith("_at") else (None, OTHERS[name]):
            if other != values[name]:
                yield from built(kind, **(values | {name: other}))


def arguments(record: Any, edge: Transition) -> Iterator[dict[str, Any]]:
    """What is in order, and then one thing after the other that is not, or only just."""
    full = payload_of(edge.event)
    usual: dict[str, Any] = {"at": 1700, "ttl": None, "strict": False, "payload": full}
    yield usual
    yield usual | {"strict": True}
    near = {time + by for time in (*TIMES.values(), 1650) for by in (-1, 0, 0.5, 1)}
    for at in (*sorted(near), 1700.5, 0, -1, -0.5, True, None, float("nan"), float("inf"), "soon", 2**53 + 1, 10**400):
        yield usual | {"at": at}
    for ttl in (1, 2.5, 0, -1, True, float("inf"), "long"):
        yield usual | {"ttl": ttl}
    for name in full:
        yield usual | {"payload": {key: value for key, value in full.items() if key != name}}
        for other in (None, "a word", Usage(60, 2), {"a": [1]}):
            yield usual | {"payload": full | {name: other}}
    for name in ("usage", "last_error", "no_such_argument"):
        if name not in full:
            yield usual | {"payload": full | {name: OTHERS.get(name, 1)}}


def compiled_step(record: Any, event: str, at: Any, ttl: Any, payload: dict[str, Any], *, strict: bool) -> Any:
    kind: Any = type(record)
    try:
        return steps_of(kind)(record, event, at, ttl, strict, payload)
    except AttributeError as error:  # of a guard's function, given a record that breaks the rules
        return error


def plainly(record: Any, event: str, at: Any, ttl: Any, payload: dict[str, Any], *, strict: bool) -> Any:
    try:
        return engine._apply(record, event, at, ttl, payload, strict=strict)
    except (RunstateError, ValueError, TypeError, AttributeError, OverflowError) as refused:
        return refused


@pytest.mark.parametrize("status", ASSISTANTS_RUN.live)
@pytest.mark.parametrize("name", ["run", *sorted(CLASSES)])
def test_a_compiled_step_is_the_plain_one_or_none_at_all(name: str, status: str) -> None:
    kind = Run if name == "run" else CLASSES[name]
    agreed = 0
    for record in records(kind, status):
        for edge in ASSISTANTS_RUN.legal(status):
            for asked in arguments(record, edge):
                at, ttl, payload, strict = (asked[key] for key in ("at", "ttl", "payload", "strict"))
                plain = plainly(record, edge.event, at, ttl, payload, strict=strict)
                compiled = compiled_step(record, edge.event, at, ttl, payload, strict=strict)
                if isinstance(compiled, AttributeError):
                    assert repr(plain) == repr(compiled)
                elif compiled is not None:
                    same(compiled, plain, asked)
                    agreed += 1
    assert (agreed == 0) == (name == "a field that is no argument")


def same(compiled: Applied[Any], plain: Any, asked: object) -> None:
    assert isinstance(plain, Applied), f"{plain!r}, but the compiled step gave {compiled} for {asked}"
    for ours, theirs in ((compiled.run, plain.run), (compiled.change, plain.change)):
        assert type(ours) is type(theirs)
        for field in attrs.fields(type(ours)):
            a, b = getattr(ours, field.name), getattr(theirs, field.name)
            assert a == b, (field.name, asked)
            assert type(a) is type(b), (field.name, asked)


@settings(max_examples=30)
@given(strategies.runs(), st.data())
def test_a_compiled_step_leaves_all_else_as_it_was(record: Run, data: st.DataObject) -> None:
    legal = [edge for edge in ASSISTANTS_RUN.legal(record.status) if edge.event != "submit_tool_outputs"]
    if not legal:
        return
    edge = data.draw(st.sampled_from(legal))
    stamps = [t for name in ASSISTANTS_RUN.fields if isinstance(t := getattr(record, name), int)]
    at, payload = max(stamps) + data.draw(st.integers(-1, 2)), payload_of(edge.event)
    compiled = steps_of(Run)(record, edge.event, at, None, False, payload)
    if compiled is not None:
        same(compiled, plainly(record, edge.event, at, None, payload, strict=False), edge)
        assert compiled.run.wire is record.wire


# -- it does take part -------------------------------------------------------------------------------------------------

LEGAL = [edge for edge in ASSISTANTS_RUN.transitions if edge.source is not None]


@pytest.mark.parametrize("edge", LEGAL, ids=str)
@pytest.mark.parametrize("full", [True, False])
def test_every_legal_step_of_a_run_in_order_is_compiled(edge: Any, full: bool) -> None:
    record = run(edge.source, **({"started_at": 1001} if any(g.kind == "set" for g in edge.guards) else {}))
    done = steps_of(Run)(record, edge.event, 1700, None, False, payload_of(edge.event, full=full))
    assert done is not None
    assert done.run.status == edge.target
    strictly = steps_of(Run)(record, edge.event, 1700, None, True, payload_of(edge.event, full=full))
    assert (strictly is None) == edge.inferred_only


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_classes_of_all_kinds_are_compiled_but_one(name: str) -> None:
    record = CLASSES[name](status="queued", created_at=1, expires_at=601)
    done = compiled_step(record, "start", 5, None, {}, strict=False)
    assert (done is None) == (name == "a field that is no argument")
    applied = engine.apply(record, "start", at=5)
    assert (applied.run.status, applied.run.started_at, applied.run.label) == ("in_progress", 5, "as it was")


@pytest.mark.parametrize("ttl", [None, 1, 90])
def test_a_deadline_that_an_event_sets_is_the_plain_one(ttl: int | None) -> None:
    lifecycle = Lifecycle(
        name="test.waiting",
        fields={"until": FieldKind.DEADLINE},
        verbs=(
            Verb("create"),
            Verb("wait", does=Effects(deadlines={"until": 10.5})),
            Verb("end", does=Effects(clears=("until",))),
        ),
        rows=(
            Row(None, To("create", "new", Basis.DOCUMENTED)),
            Row("new", To("wait", "waiting", Basis.DOCUMENTED)),
            Row("waiting", To("end", "done", Basis.DOCUMENTED)),
            Row("done"),
        ),
        initial=("new",),
        terminal=("done",),
        doc="A wait that ends.",
    )
    waiting: Any = attrs.make_class(
        "Waiting", {"status": attrs.field(), "until": attrs.field(default=None)}, frozen=True, slots=True,
        class_body={"__lifecycle__": lifecycle},
    )  # fmt: skip
    record = waiting("new")
    done = compiled_step(record, "wait", 5.7, ttl, {}, strict=False)
    same(done, plainly(record, "wait", 5.7, ttl, {}, strict=False), ttl)
    assert done.run.until == 5 + (11 if ttl is None else ttl)


def test_what_is_no_record_is_left_to_the_plain_way() -> None:
    class Odd:
        __lifecycle__ = ASSISTANTS_RUN
        status = "queued"

    assert steps_of(Odd)(Odd(), "start", 5, None, False, {}) is None
    assert steps_of(int)(3, "start", 5, None, False, {}) is None


def test_a_compiled_record_is_as_good_as_one_built() -> None:
    done = steps_of(Run)(run("queued"), "start", 1003, None, False, {})
    assert done is not None
    assert attrs.evolve(done.run) == done.run
    assert hash(done.change) == hash(attrs.evolve(done.change))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        done.run.status = "queued"
    step = steps_of(RunStep)
    begun = engine.create(
        RunStep, at=1, id="s", run_id="r", assistant_id="a", thread_id="t", type="message_creation"
    ).run
    ended = step(begun, "complete", 2, None, False, {"usage": Usage(1, 1)})
    assert ended is not None
    assert (ended.run.completed_at, type(ended.run)) == (2, RunStep)


def test_a_payload_that_holds_mappings_is_read_only_in_the_change() -> None:
    outputs = [{"tool_call_id": "call_1", "output": "3"}, {"tool_call_id": "call_2"}]
    done = steps_of(Run)(run("requires_action"), "submit_tool_outputs", 1003, None, False, {"tool_outputs": outputs})
    assert done is not None
    outputs[0]["output"] = "4"
    assert done.change.payload["tool_outputs"][0]["output"] == "3"


def test_steps_of_classes_made_without_end_are_not_kept() -> None:
    kept = dict(steps_of)
    try:
        for number in range(300):
            kind = type(f"Class{number}", (), {})
            assert steps_of(kind)(kind(), "start", 5, None, False, {}) is None
        assert len(steps_of) <= 256
    finally:
        steps_of.update(kept)


def test_an_argument_of_a_class_derived_from_the_expected_one_is_asked_about() -> None:
    class Dear(Usage):
        pass

    done = steps_of(Run)(run("in_progress"), "complete", 1700, None, False, {"usage": Dear(1, 2)})
    assert done is not None
    assert type(done.run.usage) is Dear
    assert steps_of(Run)(run("in_progress"), "complete", 1700, None, False, {"usage": {"prompt_tokens": 1}}) is None
