"""`plan_migration`: which status every stored run gets in a new version of its lifecycle, checked before anything moves.

A plan is refused where some run that the old version can have made would be stranded: its status is gone, an end would
come alive or a live run be ended, nothing terminal can be reached any more, or its fields break the new version's rules.
The refusal names a shortest history that leads to such a run.  Guessed renames are never used; the refusal names them.

`runstate.runs.migration.migrate` carries a plan out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from runstate.errors import BadMigration
from runstate.frozen import EMPTY, FrozenDict
from runstate.lifecycle import FieldKind, Lifecycle, Presence
from runstate.modelling.versions import compare
from runstate.modelling.walks import Walks

__all__ = ["PROBLEMS", "Edit", "MigrationPlan", "obstacles", "plan_migration"]

PROBLEMS: Mapping[str, str] = FrozenDict(
    {
        "other_lifecycle": "the two are not versions of one lifecycle: their names differ",
        "same_version": "both have the same version, so no store could tell their runs apart",
        "unknown_name": "a name is none of the version that it should be of",
        "merged": "two names become one where each must stay itself",
        "no_target": "a status is gone, and nothing says what becomes of its runs",
        "ended": "a live run would be ended by the migration; only an event may end it",
        "revived": "a run that has ended would be live again",
        "ends_again": "a run that has ended for good could go on in the new version and end twice, which stores refuse",
        "trap": "nothing terminal can be reached any more from where a live run would be",
        "record_rule": "the fields of some run would break a rule of the new version",
        "other_record": "the record class is not of the new version",
    }
)
"""The closed set of problems that `runstate.errors.BadMigration` names."""

Edit = Callable[[Mapping[str, Any]], Any]
"""The stored record as decoded JSON, before the migration -> the value that a field gets, as JSON can hold it."""


def _names(values: Mapping[str, str]) -> FrozenDict[str, str]:
    return FrozenDict({str(old): str(new) for old, new in values.items()})


def _edits(values: Mapping[str, Edit]) -> FrozenDict[str, Edit]:
    return FrozenDict(values)


@attrs.frozen(kw_only=True)
class MigrationPlan:
    """What becomes of stored runs.  It does not come into being where a run could be stranded.

    :raises BadMigration: where one could.
    """

    old: Lifecycle
    new: Lifecycle
    statuses: Mapping[str, str] = attrs.field(converter=_names)
    """Every status of the old version -> the one that its runs get."""
    edits: Mapping[str, Edit] = attrs.field(default=EMPTY, converter=_edits, repr=False)
    """Field -> how its value is made; each run's record is checked when it is moved."""

    def __attrs_post_init__(self) -> None:
        """Refuse what would strand a run."""
        for wrong in obstacles(self.old, self.new, self.statuses, self.edits):
            raise wrong

    @property
    def version(self) -> str:
        """What the journal has as version of the change itself."""
        return f"{self.old.version}->{self.new.version}"

    def lines(self) -> Iterator[str]:
        """The plan for reading."""
        yield f"{self.old.name}: version {self.old.version} → {self.new.version}"
        yield from (f"  {old} → {new}" for old, new in self.statuses.items() if old != new)
        yield f"  {sum(old == new for old, new in self.statuses.items())} statuses stay as they are"
        if self.edits:
            yield f"  fields made anew: {', '.join(self.edits)}"


def plan_migration(
    old: Lifecycle, new: Lifecycle, renames: Mapping[str, str] = EMPTY, *, edits: Mapping[str, Edit] = EMPTY
) -> MigrationPlan:
    """The plan that keeps every status that both versions have, and moves the others as it is told.

    :param renames: old status -> new status; two may become one.
    :param edits: field -> how its new value is made from the stored record, where the new version wants another one.
    :raises BadMigration: where a stored run could be stranded.
    """
    kept = {status: status for status in old.statuses if status in new.statuses}
    return MigrationPlan(old=old, new=new, statuses={**kept, **renames}, edits=edits)


def obstacles(
    old: Lifecycle, new: Lifecycle, statuses: Mapping[str, str], edits: Mapping[str, Edit] = EMPTY
) -> Iterator[BadMigration]:
    """Everything for which a plan would be refused.

    :param statuses: every status of the old version that has a target -> that target.
    """
    if old.name != new.name:
        yield _wrong(old, "other_lifecycle", f"the new one is {new.name!r}")
        return
    if old.version == new.version:
        yield _wrong(old, "same_version", f"both are version {old.version!r}", advice="Give the new one another.")
        return
    for before, after in statuses.items():
        for one, known in ((before, old.statuses), (after, new.statuses)):
            if one not in known:
                yield _wrong(old, "unknown_name", "there is no such status", one, allowed=tuple(map(str, known)))
                return
    for field in edits:
        if field not in new.fields:
            yield _wrong(old, "unknown_name", "there is no such field", field, allowed=tuple(new.fields))
            return
    for status in old.statuses:
        if status not in statuses:
            yield _no_target(old, new, status)
        else:
            yield from _stranded(old, new, status, statuses[status], edits)


def _wrong(
    old: Lifecycle,
    problem: str,
    reason: str,
    status: str | None = None,
    *,
    advice: str = "",
    allowed: tuple[str, ...] = (),
) -> BadMigration:
    """The refusal, with a history that leads to the status where it is one of the old version."""
    path = old.path(None, status) if status in old.statuses and status is not None else None
    return BadMigration(
        lifecycle=old.name,
        problem=problem,
        reason=reason,
        advice=advice,
        status=None if status is None else str(status),
        events=tuple(str(edge.event) for edge in path or ()),
        allowed=allowed,
    )


def _no_target(old: Lifecycle, new: Lifecycle, status: str) -> BadMigration:
    guesses = [one.new for one in compare(old, new).renames if (one.what, one.old) == ("status", status)]
    advice = f"It may have become {guesses[0]!r}; if so, say so in renames." if guesses else "Say it in renames."
    reason = "the new version has no such status, and nothing says what becomes of its runs"
    return _wrong(old, "no_target", reason, status, advice=advice, allowed=tuple(map(str, new.statuses)))


def _stranded(
    old: Lifecycle, new: Lifecycle, status: str, target: str, edits: Mapping[str, Edit]
) -> Iterator[BadMigration]:
    over, over_then = status in old.terminal, target in new.terminal
    if over is not over_then:
        problem = "revived" if over else "ended"
        yield _wrong(old, problem, f"{PROBLEMS[problem]}: {target!r} is {'live' if over else 'an end'}", status)
        return
    if not old.legal(status) and new.legal(target):
        ways = ", ".join(str(edge.event) for edge in new.legal(target))
        yield _wrong(old, "ends_again", f"{PROBLEMS['ends_again']}: {target!r} can be left by {ways}", status)
    could_end = bool(old.reachable(status) & old.terminal)
    if not over and could_end and not _ends(old, new, status, target, edits):
        yield _wrong(old, "trap", f"no end can be reached from {target!r} in the new version", status)
    yield from _broken(old, new, status, target, edits)


def _ends(old: Lifecycle, new: Lifecycle, status: str, target: str, edits: Mapping[str, Edit]) -> bool:
    """Whether every run of the status can reach an end, whichever of its fields are set."""
    surely = [field for field in new.fields if _before(old, status, field) is Presence.SET]
    made = [field for field in edits if new.presence[target].get(field) is Presence.SET]
    walks = Walks(new)
    return any(place.status in new.terminal for place in walks.found(walks.place(target, (*surely, *made))))


def _before(old: Lifecycle, status: str, field: str) -> Presence:
    """What a stored run has in a field: null where the old version does not know it, anything where nothing writes it."""
    if field not in old.fields:
        return Presence.NULL
    return old.presence[status].get(field, Presence.FREE)


def _broken(
    old: Lifecycle, new: Lifecycle, status: str, target: str, edits: Mapping[str, Edit]
) -> Iterator[BadMigration]:
    for field, needed in new.presence[target].items():
        before = _before(old, status, field)
        if field in edits or needed is Presence.FREE or before is needed:
            continue
        was = {Presence.SET: "is set", Presence.NULL: "is null", Presence.FREE: "may be set or null"}[before]
        reason = f"{field!r} must be {needed.value} in {target!r}, and {was} in such a run"
        yield _wrong(old, "record_rule", reason, status, advice=f"Say in edits what {field!r} becomes.")
    for field, kind in new.fields.items():
        if field in edits or kind is FieldKind.VALUE or old.fields.get(field, kind) is kind:
            continue
        if _before(old, status, field) is not Presence.NULL:
            reason = f"{field!r} was a {old.fields[field].value} and is a {kind.value} now"
            yield _wrong(old, "record_rule", reason, status, advice=f"Say in edits what {field!r} becomes.")
    for first, second in new.order:
        both = Presence.NULL not in (_before(old, status, first), _before(old, status, second))
        if both and (first, second) not in old.order and first not in edits and second not in edits:
            reason = f"{first!r} must not be after {second!r}, and the old version did not see to that"
            yield _wrong(old, "record_rule", reason, status)
