"""Steps, compiled: one straight-line function for each legal (status, event) of a record class.

`runstate.engine.apply` says what a step is.  A compiled step does the same to an input that is plainly in order, and
answers None on any doubt; then the plain way decides, and finds the words for a refusal.  What is legal comes from the
machine's table, what is done from the transition's effects, what must hold from `runstate.rules`: nothing is written
here.  ``tests/test_compiled.py`` holds both ways against each other.

What it buys, on the `Run` of 31 fields: a step in 2 µs, where ``attrs.evolve`` with every validator and rule alone
takes 22 µs (``python -m benchmarks transition``).  The reasons: only what changes is validated again, since a frozen
record holds values that passed already; and the new record is filled by way of a twin (`runstate.twins`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from runstate.change import Applied, Change
from runstate.frozen import EMPTY, LEAVES, FrozenDict, freeze_arguments
from runstate.lifecycle import FieldKind, Lifecycle, Presence, Transition
from runstate.machine import rulebook
from runstate.record import keep_rules
from runstate.rules import rules_of
from runstate.twins import function, twin_of
from runstate.validators import sure_types

__all__ = ["steps_of"]

Step = Callable[[Any, str, Any, Any, bool, Mapping[str, Any]], "Applied[Any] | None"]
"""(record, event, at, ttl, strict, payload) -> what `apply` would answer, or None where the plain way must decide."""

_LATEST: Final = 2**53
"""Seconds since the epoch up to which a float tells whole seconds apart."""

_ABSENT: Final = object()

_MOST_CLASSES: Final = 256


def _never(*_: object) -> None:
    """For a class that cannot be compiled: always the plain way."""


class _Steps(dict[Any, Step]):
    """Steps by record class; a look-up here takes 30 ns, and the call of a function that remembers 100."""

    def __missing__(self, kind: Any) -> Step:
        if len(self) >= _MOST_CLASSES:  # classes made without end must not stay for ever
            self.clear()
        self[kind] = made = _steps(kind)
        return made

    def __call__(self, kind: Any) -> Step:
        return self[kind]

    cache_clear = dict.clear


steps_of: Final = _Steps()
"""The compiled steps of a record class, a frozen attrs class with a ``__lifecycle__``; made when first asked for.

They always answer None where the class does unusual things.
"""


def _steps(kind: Any) -> Step:
    lifecycle = getattr(kind, "__lifecycle__", None)
    if not isinstance(lifecycle, Lifecycle) or not attrs.has(kind):
        return _never
    fields = attrs.fields_dict(kind)
    plain = all(field.init and isinstance(field.converter, Callable | None) for field in fields.values())  # type: ignore[arg-type]
    if not plain or hasattr(kind, "__attrs_pre_init__") or lifecycle.status_field not in fields:
        return _never
    every: dict[str, dict[str, Any]] = {}
    strict: dict[str, dict[str, Any]] = {}
    for source, event in rulebook(lifecycle).table:
        edge = lifecycle.transition(source, event)
        if source is None or edge is None or not set(edge.does.fields()) <= fields.keys():
            continue
        step = _compiled(kind, lifecycle, edge)
        every.setdefault(source, {})[event] = step
        if not edge.inferred_only:
            strict.setdefault(source, {})[event] = step
    source_text = (
        "def fire(record, event, at, ttl, only_stated, payload):\n"
        f" try: step = (strict if only_stated else every)[record.{lifecycle.status_field}][event]\n"
        " except (AttributeError, KeyError, TypeError): return None\n"  # not legal, or not even a word
        " return step(record, at, ttl, payload)\n"
    )
    fire: Step = function(source_text, "fire", {"every": every, "strict": strict})
    return fire


def _compiled(kind: type[Any], lifecycle: Lifecycle, edge: Transition) -> Any:
    names: dict[str, Any] = {
        "ABSENT": _ABSENT,
        "EMPTY": EMPTY,
        "freeze_arguments": freeze_arguments,
        "FrozenDict": FrozenDict,
        "LATEST": _LATEST,
    }
    names |= {"Applied": Applied, "as_tuple": tuple.__new__}
    before = _known_before(kind, lifecycle, edge)
    lines = [
        *_on_times(lifecycle, edge, before),
        *_on_payload(kind, edge, names),
        *_on_guards(lifecycle, edge, names),
        *_new_values(edge),
        *_on_rules(kind, lifecycle, edge, before),
        *_filled(kind, lifecycle, edge, before, names),
        *_checked_by_the_class(kind, names),
        *_change(lifecycle, edge, names),
        "return as_tuple(Applied, (new, change))",
    ]
    body = "".join(f" {line}\n" for line in lines)
    return function(f"def step(record, at, ttl, payload):\n{body}", "step", names)


def _known_before(kind: type[Any], lifecycle: Lifecycle, edge: Transition) -> dict[str, Presence]:
    """Of each field of the lifecycle that the class has: whether it is set in the source status, as far as is known.

    Only a class that keeps the rules by itself vouches for them; where a departure is tolerated nothing is known.
    """
    own, vouched = attrs.fields_dict(kind), _vouched(kind)
    odd = {quirk.field for quirk in lifecycle.quirks}
    return {
        name: presence if vouched and (edge.source, name) not in odd else Presence.FREE
        for name, presence in lifecycle.presence[str(edge.source)].items()
        if name in own
    }


def _vouched(kind: type[Any]) -> bool:
    """Whether every record of the class keeps the rules, known departures aside."""
    return getattr(kind, "__attrs_post_init__", None) is keep_rules


def _on_times(lifecycle: Lifecycle, edge: Transition, before: Mapping[str, Presence]) -> Iterator[str]:
    """Doubt about a time that is none, and about one before a stamp: the plain way clamps it and says so."""
    yield "if type(at) is not int and type(at) is not float or not 0 <= at <= LATEST: return None"
    if edge.does.deadlines:
        yield "if ttl is not None and (type(ttl) is not int or not 0 < ttl <= LATEST): return None"
    else:
        yield "if ttl is not None: return None"
    for name, presence in before.items():
        if presence is Presence.NULL:
            continue
        yield f"old_{name} = record.{name}"
        if lifecycle.fields[name] is FieldKind.STAMP:
            unless_null = "" if presence is Presence.SET else f"old_{name} is not None and "
            yield f"if {unless_null}old_{name} > at: return None"


def _on_payload(kind: type[Any], edge: Transition, names: dict[str, Any]) -> Iterator[str]:
    """Arguments as the event takes them, converted and validated as their field wants them."""
    does = edge.does
    if not does.takes and not does.may_take:
        yield "if payload: return None"
        return
    if not does.may_take:
        yield f"if len(payload) != {len(does.takes)}: return None"
    else:
        yield "given = len(payload)"
    for number, (name, target) in enumerate((*does.takes.items(), *does.may_take.items())):
        key, value = f"key{number}", f"value{number}"
        names[key] = name
        needed = name in does.takes
        yield f"{value} = payload.get({key}{'' if needed else ', ABSENT'})"
        yield f"if {value} is None: return None" if needed else f"if {value} is not ABSENT:"
        step = "" if needed else " "
        if does.may_take:
            yield f"{step}given -= 1"
        checks = [] if target is None else _on_argument(attrs.fields_dict(kind)[target], value, number, names)
        yield from (step + line for line in checks)
    if does.may_take:
        yield "if given: return None"


def _on_argument(field: attrs.Attribute[Any], value: str, number: int, names: dict[str, Any]) -> list[str]:
    """Convert and validate one argument as its field wants it."""
    indent, lines = " ", ["try:"]
    if field.converter is not None:
        names[f"convert{number}"] = field.converter
        lines.append(f" {value} = convert{number}({value})")
    if field.validator is not None:
        names[f"validate{number}"], names[f"field{number}"] = field.validator, field
        names[f"sure{number}"] = sure = sure_types(field.validator)
        if sure:  # what is exactly of such a type need not be asked about: 20 ns for 150
            lines.append(f" if type({value}) not in sure{number}:")
            indent = "  "
        lines.append(f"{indent}validate{number}(record, field{number}, {value})")
    return [] if len(lines) == 1 else [*lines, "except Exception: return None"]


def _on_guards(lifecycle: Lifecycle, edge: Transition, names: dict[str, Any]) -> Iterator[str]:
    for number, guard in enumerate(edge.guards):
        if guard.kind == "named":
            function = lifecycle.guard_functions.get(guard.argument)
            if function is None:
                yield "return None"
                continue
            names[f"guard{number}"] = function
            yield f"if guard{number}(record, payload, at) is not None: return None"
        elif guard.kind == "set":
            yield f"if record.{guard.argument} is None: return None"
        else:
            yield f"if record.{guard.argument} is None or at < record.{guard.argument}: return None"


def _new_values(edge: Transition) -> Iterator[str]:
    does = edge.does
    if does.stamps or does.stamps_once or does.deadlines:
        yield "now = at if type(at) is int else int(at)"
    for name, default in does.deadlines.items():
        yield f"deadline_{name} = now + ({-int(-default // 1)} if ttl is None else ttl)"


def _value_after(edge: Transition, name: str, before: Mapping[str, Presence]) -> str:
    """What a field holds afterwards, as an expression over what was read of the record."""
    does = edge.does
    old = f"record.{name}" if name not in before else "None" if before[name] is Presence.NULL else f"old_{name}"
    if name in does.clears:
        return "None"
    if name in does.stamps:
        return "now"
    if name in does.stamps_once:
        return "now" if old == "None" else f"(now if {old} is None else {old})"
    if name in does.deadlines:
        return f"deadline_{name}"
    for number, (argument, target) in enumerate((*does.takes.items(), *does.may_take.items())):
        if target == name:
            needed = argument in does.takes
            return f"value{number}" if needed else f"({old} if value{number} is ABSENT else value{number})"
    return old


def _filled(
    kind: type[Any], lifecycle: Lifecycle, edge: Transition, before: Mapping[str, Presence], names: dict[str, Any]
) -> Iterator[str]:
    twin = twin_of(kind)
    names |= {"make": object.__new__, "kind": kind, "twin": twin, "put": object.__setattr__}
    status: Any = attrs.fields_dict(kind)[lifecycle.status_field]
    names["status"] = edge.target if status.converter is None else status.converter(edge.target)
    yield "new = make(kind)" if twin is None else "new = twin()"
    for field in attrs.fields(kind):
        value = "status" if field.name == status.name else _value_after(edge, field.name, before)
        yield f"new.{field.name} = {value}" if twin is not None else f"put(new, {field.name!r}, {value})"
    if twin is not None:
        yield "new.__class__ = kind"


def _on_rules(kind: type[Any], lifecycle: Lifecycle, edge: Transition, before: Mapping[str, Presence]) -> Iterator[str]:
    """Doubt where a rule is not plainly kept; what the record and the effects vouch for needs no look."""
    own, does = attrs.fields_dict(kind), edge.does
    after = {name: does.presence(name, presence) for name, presence in before.items()}
    for rule in rules_of(lifecycle, edge.target):
        if rule.field not in own:
            if rule.presence is Presence.SET:
                yield "return None"
        elif after[rule.field] is not rule.presence:
            wrong = "is" if rule.presence is Presence.SET else "is not"
            yield f"if {_value_after(edge, rule.field, before)} {wrong} None: return None"
            after[rule.field] = rule.presence
    for earlier, later in lifecycle.order:
        if earlier not in own or later not in own or Presence.NULL in (after[earlier], after[later]):
            continue
        if later in does.stamps and lifecycle.fields[earlier] is FieldKind.STAMP:
            continue  # no stamp of the record is after the time of the event
        if _vouched(kind) and not {earlier, later} & set(does.fields()):
            continue  # both stand as they stood
        pair = [_value_after(edge, name, before) for name in (earlier, later)]
        nulls = [
            f"{value} is not None and "
            for value, name in zip(pair, (earlier, later), strict=True)
            if after[name] is not Presence.SET
        ]
        yield f"if {''.join(nulls)}{pair[0]} > {pair[1]}: return None"


def _checked_by_the_class(kind: type[Any], names: dict[str, Any]) -> Iterator[str]:
    """What the class itself would check of a new record beyond its rules: here nothing can be known to hold."""
    checks: list[str] = []
    for number, field in enumerate(attrs.fields(kind)):
        if field.validator is not None and not _alone(field.validator):
            names[f"check{number}"], names[f"checked{number}"] = field.validator, field
            checks.append(f" check{number}(new, checked{number}, new.{field.name})")
    after = getattr(kind, "__attrs_post_init__", None)
    if after is not None and after is not keep_rules:
        checks.append(" new.__attrs_post_init__()")
    if checks:
        yield from ("try:", *checks, "except Exception: return None")


def _alone(validator: Any) -> bool:
    """Whether a validator is known to look at the value alone, so that a value that passed will pass again."""
    module = type(validator).__module__ if not hasattr(validator, "__module__") else validator.__module__
    return module in ("attr.validators", "runstate.validators")


def _change(lifecycle: Lifecycle, edge: Transition, names: dict[str, Any]) -> Iterator[str]:
    names |= {"Change": Change, "change_twin": twin_of(Change), "basis": edge.basis}
    names |= {"lifecycle": lifecycle.name, "event": edge.event, "source": edge.source, "target": edge.target}
    yield "change = change_twin()"
    for name in ("lifecycle", "event", "source", "target", "basis", "at"):
        yield f"change.{name} = {name}"
    yield "change.clamped_from = None"
    yield f"change.payload = {_frozen_payload(edge, names)}"
    yield "change.__class__ = Change"


def _frozen_payload(edge: Transition, names: Mapping[str, Any]) -> str:
    """An expression: arguments that are exactly leaves and parts of records stay as they are, the rest is asked about."""
    arguments = (*edge.does.takes, *edge.does.may_take)
    if not arguments:
        return "EMPTY"
    known: list[str] = []
    for number, name in enumerate(arguments):
        sure = names.get(f"sure{number}", ())
        if f"convert{number}" in names or not sure or not all(kind in LEAVES or attrs.has(kind) for kind in sure):
            return "freeze_arguments(payload)"
        absent = "" if name in edge.does.takes else f"value{number} is ABSENT or "
        known.append(f"({absent}type(value{number}) in sure{number})")
    return f"FrozenDict(payload) if {' and '.join(known)} else freeze_arguments(payload)"
