"""Illegal edits of histories: each with the findings that it must provoke, and where.

An edit takes a legal log (simulated or recorded, a stream or polls) and breaks one rule.  Which edits of a log are
illegal is worked out from the lifecycle: what would still be legal is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from runstate.errors import BadLifecycle
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.agui import AGUI_RUN
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.observations import Observation
from runstate.testing.choosing import Chooser
from runstate.testing.edits_parts import ILLEGAL_PARTS, NOTED_PARTS
from runstate.testing.edits_single import ILLEGAL, NOTED, Draft, Kind
from runstate.testing.histories import DONE
from runstate.testing.reading import Log, read_log

__all__ = ["EDITS", "REMARKS", "Edit", "edits", "items_of", "some_edit"]

EDITS: Mapping[str, Kind] = FrozenDict({**ILLEGAL, **ILLEGAL_PARTS})
"""Every kind of illegal edit, by name."""

REMARKS: Mapping[str, Kind] = FrozenDict({**NOTED, **NOTED_PARTS})
"""Edits that leave a log legal, and of which the judge has something to say: warnings and notes."""


@attrs.frozen
class Edit:
    """A log with one thing wrong in it."""

    name: str
    """The kind, a key of `EDITS` or `REMARKS`."""
    codes: tuple[str, ...]
    """The judge must report one of these codes …"""
    index: int
    """… at this item of ``events``; the length of it stands for the end of the log."""
    events: tuple[Any, ...] = attrs.field(converter=tuple, repr=False)
    """The edited log; bytes stand for a line that is no JSON."""


def edits(
    events: Sequence[Any], lifecycle: Lifecycle = ASSISTANTS_RUN, kinds: Iterable[str] = tuple(EDITS)
) -> Iterator[Edit]:
    """Every edit of a legal log.

    :param events: ``{"event", "data"}`` and bare objects, as `runstate.testing.histories.History` and `items_of` give.
    :param kinds: names of those wanted, keys of `EDITS` or `REMARKS`.
    :raises BadLifecycle: for AG-UI, whose logs hold no statuses.
    """
    log = _read(events, lifecycle)
    for name in kinds:
        for draft in _kind(name)(log):
            yield _made(name, draft)


def some_edit(
    events: Sequence[Any],
    chooser: Chooser,
    lifecycle: Lifecycle = ASSISTANTS_RUN,
    kinds: Iterable[str] = tuple(EDITS),
) -> Edit | None:
    """One edit of a legal log, each kind being as likely as another; None where none can be made."""
    log = _read(events, lifecycle)
    left = list(kinds)
    while left:
        name = chooser.choice(left)
        if drafts := list(_kind(name)(log)):
            return _made(name, chooser.choice(drafts))
        left.remove(name)
    return None


def items_of(seen: Iterable[Observation]) -> list[Any]:
    """Observations as the items that edits work on; those that could not be read are left out."""
    items: list[Any] = []
    for one in seen:
        if one.end:
            items.append(DONE)
        elif one.value is not None:
            items.append(dict(one.value) if one.event is None else {"event": one.event, "data": dict(one.value)})
    return items


def _read(events: Sequence[Any], lifecycle: Lifecycle) -> Log:
    if lifecycle is AGUI_RUN:
        raise BadLifecycle(
            lifecycle=lifecycle.name,
            problem="unknown_status",
            reason="its logs put no status on the wire, so that there is none to edit",
        )
    return read_log(events, lifecycle)


def _kind(name: str) -> Kind:
    return EDITS[name] if name in EDITS else REMARKS[name]


def _made(name: str, draft: Draft) -> Edit:
    return Edit(name, draft.codes, draft.index, draft.make())
