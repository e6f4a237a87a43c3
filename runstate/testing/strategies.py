"""Hypothesis strategies for any lifecycle: legal histories, logs of them, illegal edits, and records.

Every choice is drawn through hypothesis, so that what it finds shrinks: to fewer transitions, the nearest end, the
first of the values that could stand somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from hypothesis import assume
from hypothesis import strategies as st

from runstate.lifecycle import Lifecycle
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.testing.choosing import Item
from runstate.testing.edits import EDITS, Edit, some_edit
from runstate.testing.histories import History, Payload, history

__all__ = ["DrawingChooser", "histories", "illegal_edits", "polls", "records", "streams"]

T = TypeVar("T")


class DrawingChooser:
    """A chooser whose choices hypothesis makes."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def randint(self, a: int, b: int, /) -> int:
        """A whole number from a to b, both included."""
        return self._draw(st.integers(a, b))

    def choice(self, seq: Sequence[T], /) -> T:
        """One of a sequence that is not empty; it shrinks to the first."""
        return seq[self._draw(st.integers(0, len(seq) - 1))] if len(seq) > 1 else seq[0]


@st.composite
def histories(
    draw: st.DrawFn,
    lifecycle: Lifecycle = ASSISTANTS_RUN,
    *,
    complete: bool = False,
    strict: bool = False,
    most: int = 12,
    parts: bool | None = None,
    payloads: Mapping[str, Payload] | None = None,
) -> History:
    """Legal histories.

    :param parts: of an assistant's run: with steps and messages inside it; either where None.

    The other parameters are those of `runstate.testing.histories.history`.
    """
    inside = draw(st.booleans()) if parts is None and lifecycle is ASSISTANTS_RUN else bool(parts)
    return history(
        lifecycle,
        DrawingChooser(draw),
        complete=complete,
        strict=strict,
        most=most,
        parts=inside,
        payloads=payloads,
    )


def streams(lifecycle: Lifecycle = ASSISTANTS_RUN, **more: Any) -> st.SearchStrategy[list[Item]]:
    """Streams of legal histories: ``{"event", "data"}``, one after the other.  Parameters as of `histories`."""
    return histories(lifecycle, **more).map(lambda one: one.stream())


@st.composite
def polls(draw: st.DrawFn, /, lifecycle: Lifecycle = ASSISTANTS_RUN, **more: Any) -> list[Item]:
    """What polls of a legal history show: each status once, several times or not at all, at least one of them."""
    more.setdefault("parts", False)  # polls do not show them
    one = draw(histories(lifecycle, **more))
    times = draw(st.lists(st.integers(0, 3), min_size=len(one.steps), max_size=len(one.steps)))
    return one.polls(times) or one.polls()


@st.composite
def illegal_edits(
    draw: st.DrawFn,
    lifecycle: Lifecycle = ASSISTANTS_RUN,
    *,
    events: st.SearchStrategy[list[Item]] | None = None,
    kinds: Iterable[str] = tuple(EDITS),
) -> Edit:
    """Legal logs with one thing wrong in them.

    :param events: the logs to edit; streams and polls of legal histories where None.
    :param kinds: names of edits, keys of `runstate.testing.edits.EDITS`.
    """
    log = draw(st.one_of(streams(lifecycle), polls(lifecycle)) if events is None else events)
    found = some_edit(log, DrawingChooser(draw), lifecycle, kinds)
    assume(found is not None)
    if found is None:  # pragma: no cover - `assume` has given the example up
        raise AssertionError
    return found


@st.composite
def records(
    draw: st.DrawFn, /, lifecycle: Lifecycle = ASSISTANTS_RUN, *, statuses: Iterable[str] = (), **more: Any
) -> Any:
    """Records in any status that a legal history leads to.

    :param statuses: only in one of these.
    """
    more.setdefault("parts", False)
    chooser = DrawingChooser(draw)
    status = chooser.choice(tuple(statuses) or lifecycle.statuses)
    one = draw(histories(lifecycle, **more))
    found = [step.record for step in one.steps if step.target == status]
    return chooser.choice(found) if found else history(lifecycle, chooser, toward=status).steps[-1].record
