"""`Nesting`: how the objects inside a run are bound to it, as one frozen value beside the lifecycles of both.

The general notions behind it: a gate over children (nothing may be open when the parent ends), ends that the parent's
end allows, statuses of the parent in which a child may move, and a child that must be open when the parent stops.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from runstate.errors import BadLifecycle
from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycle import Lifecycle

__all__ = ["Nesting"]


def _sets(values: Mapping[str, frozenset[str] | set[str]]) -> FrozenDict[str, frozenset[str]]:
    return FrozenDict({str(key): frozenset(item) for key, item in values.items()})


def _words(values: Mapping[str, str]) -> FrozenDict[str, str]:
    return FrozenDict(values)


def _set(values: frozenset[str] | set[str]) -> frozenset[str]:
    return frozenset(values)


@attrs.frozen(kw_only=True, eq=False)
class Nesting:
    """One kind of child inside one kind of parent.

    :raises BadLifecycle: where it names a status that the parent or child does not have.
    """

    parent: Lifecycle
    child: Lifecycle
    word: str
    """What the child is called in messages, as in ``step``."""
    parent_field: str
    """The child's field with the id of its parent."""
    inside: frozenset[str] = attrs.field(converter=_set)
    """Statuses of the parent in which a child may be created and changed."""
    ends_inside: Mapping[str, frozenset[str]] = attrs.field(default=EMPTY, converter=_sets)
    """Other statuses of the parent in which a child may still end -> the ends allowed there."""
    ends: Mapping[str, frozenset[str]] = attrs.field(default=EMPTY, converter=_sets)
    """End of the parent -> ends that its children may have had; an end that is not listed allows all."""
    gates: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    """Statuses of the parent with which no child may be open: an error."""
    soft_gates: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    """The same where no recording shows it: a warning."""
    holds: Mapping[str, str] = attrs.field(default=EMPTY, converter=_words)
    """Status of the parent -> ``type`` of a child that must be open with it."""
    at_most_open: int | None = None
    """How many children of this kind may be open at once; None for any number."""
    delta: str | None = None
    """Wire name of the event that adds a piece to an open child."""
    within: str | None = None
    """``type`` of the sibling kind that must be open around it, as in ``message_creation``."""
    about: tuple[str, ...] = ()
    """Path in the child to the id of the sibling that it is about."""
    adds_up: str | None = None
    """A field of counts of the parent that is the sum of its children's."""

    def __attrs_post_init__(self) -> None:
        """Refuse statuses that do not exist."""
        parents = {*self.inside, *self.ends_inside, *self.ends, *self.gates, *self.soft_gates, *self.holds}
        children = {end for ends in (*self.ends_inside.values(), *self.ends.values()) for end in ends}
        for named, lifecycle in ((parents, self.parent), (children, self.child)):
            for status in sorted(named - set(lifecycle.statuses)):
                raise BadLifecycle(
                    lifecycle=lifecycle.name,
                    problem="unknown_status",
                    reason=f"a nesting names the status {status!r}, which has no row",
                    seen=status,
                    allowed=lifecycle.statuses,
                )
