"""A twin is filled in the place of a frozen object; afterwards nothing tells it from one that was built."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from runstate.compiled import steps_of
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.record import LastError, Run
from runstate.twins import twin_of


@attrs.frozen(slots=False)
class Loose:
    a: int
    b: int = 2


@attrs.frozen
class Watched:
    """With a slot for weak references, and a base that has a slot of its own."""

    a: int


@attrs.frozen
class Derived(Watched):
    b: int = 2


@pytest.mark.parametrize("kind", [LastError, Loose, Watched, Derived])
def test_a_filled_twin_is_an_object_of_the_class(kind: type[Any]) -> None:
    twin = twin_of(kind)
    assert twin is not None
    made = twin()
    for field in attrs.fields(kind):
        setattr(made, field.name, "x")
    made.__class__ = kind
    assert type(made) is kind
    assert made == kind(**dict.fromkeys((f.name for f in attrs.fields(kind) if f.init), "x"))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.a = 2


def test_a_twin_adds_nothing_to_the_layout() -> None:
    twin: Any = twin_of(Run)
    assert (twin.__basicsize__, twin.__dictoffset__, twin.__weakrefoffset__) == (
        Run.__basicsize__,
        Run.__dictoffset__,
        Run.__weakrefoffset__,
    )
    assert not hasattr(twin(), "__dict__")


def test_a_class_that_hears_of_its_subclasses_has_no_twin_and_is_compiled_all_the_same() -> None:
    heard: list[type] = []

    class Base:
        __slots__ = ()

        def __init_subclass__(cls) -> None:
            heard.append(cls)

    fields = {"status": attrs.field()} | {name: attrs.field(default=None) for name in ASSISTANTS_RUN.fields}
    body = {"__lifecycle__": ASSISTANTS_RUN, "__module__": __name__}
    kind = attrs.make_class("Own", fields, bases=(Base,), class_body=body, frozen=True, slots=True, kw_only=True)
    known = len(heard)
    assert twin_of(kind) is None
    done = steps_of(kind)(kind(status="queued", created_at=1, expires_at=601), "start", 5, None, False, {})
    assert done is not None
    assert (type(done.run), done.run.status, done.run.started_at) == (kind, "in_progress", 5)
    assert len(heard) == known


def test_a_class_of_another_metaclass_has_no_twin() -> None:
    class Meta(type):
        pass

    class Own(metaclass=Meta):
        __slots__ = ("a",)

    assert twin_of(Own) is None
