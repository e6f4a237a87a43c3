"""An output item of a response, by the rules of the Open Responses specification."""

from __future__ import annotations

from enum import StrEnum

from runstate.lifecycle import Basis, Layout, Lifecycle, Row, To, Verb

__all__ = ["OPENRESPONSES_ITEM", "ItemEvent", "ItemStatus"]


class ItemStatus(StrEnum):
    """The statuses of an output item."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


class ItemEvent(StrEnum):
    """The verbs that ask for a transition of an item."""

    ADD = "add"
    COMPLETE = "complete"
    END_INCOMPLETE = "end_incomplete"
    FAIL = "fail"


S, E = ItemStatus, ItemEvent
D, O = Basis.DOCUMENTED, Basis.OBSERVED  # noqa: E741 - the letters of the sources' own key

_SPEC = "Open Responses specification, as quoted in the documentation of vtcode-core"

OPENRESPONSES_ITEM = Lifecycle(
    name="openresponses.item",
    version="2026",
    doc="A message, call or piece of reasoning in a response; an incomplete one is the last, and so is its response.",
    initial={S.IN_PROGRESS},
    terminal={S.COMPLETED, S.INCOMPLETE, S.FAILED},
    rows=(
        Row(None, To(E.ADD, S.IN_PROGRESS, D, O, why=f"{_SPEC}; two recorded streams")),
        Row(
            S.IN_PROGRESS,
            To(E.COMPLETE, S.COMPLETED, D, O, why=f"{_SPEC}; two recorded streams"),
            To(E.END_INCOMPLETE, S.INCOMPLETE, D, why=f"{_SPEC}: it must be the last item"),
            To(E.FAIL, S.FAILED, D, why=_SPEC),
        ),
        Row(S.COMPLETED),
        Row(S.INCOMPLETE),
        Row(S.FAILED),
    ),
    verbs=(
        Verb(E.ADD, wire="response.output_item.added"),
        Verb(E.COMPLETE, wire="response.output_item.done"),
        Verb(E.END_INCOMPLETE, wire="response.output_item.done"),
        Verb(E.FAIL, wire="response.output_item.done"),
    ),
    constant=("id", "type"),
    layout=Layout(inside={"item": None}, event="type"),
)
"""The lifecycle ``openresponses.item``."""
