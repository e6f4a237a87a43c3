"""`translate`: a history of one lifecycle as a legal history of another.

What a transition becomes is what `runstate.modelling.mapping_check.check_mapping` found for it: one transition, several,
or none.  Nothing is guessed about payloads: a translated change says which event happened and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from runstate.engine import Change
from runstate.errors import Untranslatable
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.unwrap import unwrap
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mapping_check import moved, sound
from runstate.modelling.places import begin, short_of
from runstate.observe import Observation

__all__ = ["PROBLEMS", "Seen", "Translated", "sightings", "translate"]

PROBLEMS: Mapping[str, str] = FrozenDict({
    "unknown_status": "the source lifecycle has no such status",
    "illegal": "the source lifecycle has no such transition, or no way from the status before",
    "late_start": "the history does not begin where the source lifecycle begins",
    "untold_end": "the target lifecycle has no counterpart for an end",
    "reopened": "an end is left again, and the mapping carries no second life over",
    "several_runs": "the observations are of more than one run",
})  # fmt: skip
"""Word of an `runstate.errors.Untranslatable` -> what is the case."""


@attrs.frozen
class Seen:
    """A status that was seen, or come to by a transition."""

    status: str
    at: float | None = None
    """Seconds since the epoch; None where it is not known."""
    event: str | None = None
    """The transition's event, where one is known to have happened; else statuses between may have been missed."""


@attrs.frozen(kw_only=True)
class Translated:
    """A history in the target lifecycle."""

    mapping: LifecycleMapping
    changes: tuple[Change, ...]
    """One for each transition of the target, creation first; times never decrease."""
    origins: tuple[int, ...]
    """For each change the step of the given history that it comes from, from 0; several may come from one."""
    dropped: tuple[int, ...]
    """The steps that left the target where it was."""

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses, one after the other."""
        return tuple(change.target for change in self.changes)


def sightings(observations: Iterable[Observation], lifecycle: Lifecycle) -> Iterator[Seen]:
    """The statuses that observations of one run show, in their order; what shows none is passed over.

    :raises Untranslatable: where they are of more than one run.
    """
    only: object = None
    for index, one in enumerate(observations):
        found = None if one.value is None else unwrap(lifecycle, one.value, event=one.event, run_id="")
        if found is None or not found.moves:
            continue
        run = found.fields[lifecycle.id_field]
        if only not in (None, run):
            reason = "these observations are of more than one run"
            raise Untranslatable(
                mapping=lifecycle.name, problem="several_runs", reason=reason, index=index, seen=run, allowed=(str(only),)
            )
        only = run
        yield Seen(found.fields[lifecycle.status_field], found.at)


def translate(
    history: Iterable[Change | Seen | Observation | tuple[str, float] | str], mapping: LifecycleMapping
) -> Translated:
    """A legal history of the source as a legal history of the target.

    :param history: changes, from creation on, each of which must be a transition of the source; or what was seen of one
        run: observations, statuses, or pairs of a status and a time, where each must be reachable from the one before
        and one that repeats counts once.  Several transitions that stand for one have its time.  Where no time is known,
        it is that of the step before, 0 at the beginning.
    :param mapping: refused if it is not sound.
    :raises BadMapping: where the mapping has a fault, with a history that shows it.
    :raises Untranslatable: where the history is none of the source, or the target cannot express it.
    """
    sound(mapping)
    steps = list(_steps(history, mapping.source))
    place = begin(mapping.target)
    changes: list[Change] = []
    origins: list[int] = []
    dropped: list[int] = []
    before: str | None = None
    now = 0.0
    for index, step in enumerate(steps):
        now = now if step.at is None else max(now, step.at)
        if step.event is None and step.status == before:
            dropped.append(index)
            continue
        _legal(mapping, index, before, step)
        found = moved(mapping, place, step.status, repeated=step.status == before)
        if found is None:
            # a walk over statuses that were missed leads where each of its transitions would have led; a sound mapping
            # has a way for those, so this is a target that one of them had to bring into another place first
            raise _refused(mapping, "illegal", f"no way in the target from {place.status or 'creation'}", index, step)
        taken, place = found
        if not taken:
            dropped.append(index)
        for edge in taken:
            changes.append(
                Change(
                    lifecycle=mapping.target.name,
                    event=edge.event,
                    source=edge.source,
                    target=edge.target,
                    at=now,
                    basis=edge.basis,
                )
            )
            origins.append(index)
        before = step.status
    short = short_of(mapping.target, place) if place.status in mapping.target.terminal else None
    if short is not None:
        reason = f"the translation would have fewer than {short.least} of {', '.join(map(str, short.events))}"
        raise _refused(mapping, "illegal", reason, len(steps) - 1, steps[-1])
    return Translated(mapping=mapping, changes=tuple(changes), origins=tuple(origins), dropped=tuple(dropped))


def _steps(
    history: Iterable[Change | Seen | Observation | tuple[str, float] | str], lifecycle: Lifecycle
) -> Iterator[Seen]:
    seen = list(history)
    observed = [one for one in seen if isinstance(one, Observation)]
    if observed:
        yield from sightings(observed, lifecycle)
        return
    for one in seen:
        if isinstance(one, Change):
            yield Seen(one.target, one.at, one.event)
        elif isinstance(one, Seen):
            yield one
        elif isinstance(one, str):
            yield Seen(one)
        elif not isinstance(one, Observation):
            yield Seen(*one)


def _refused(
    mapping: LifecycleMapping, problem: str, reason: str, index: int, step: Seen, allowed: Iterable[str] = ()
) -> Untranslatable:
    return Untranslatable(
        mapping=mapping.name,
        problem=problem,
        reason=reason,
        index=index,
        seen=str(step.status) if step.event is None else f"--{step.event}--> {step.status}",
        allowed=tuple(map(str, allowed)),
    )


def _legal(mapping: LifecycleMapping, index: int, before: str | None, step: Seen) -> None:
    """Refuse a step that the source does not have, or that the mapping does not carry over."""
    source = mapping.source
    status = step.status
    if status not in source.statuses:
        raise _refused(mapping, "unknown_status", f"{source.name} has no such status", index, step, source.statuses)
    edges = source.legal(before)
    where = "at the beginning" if before is None else f"after {before}"
    if step.event is not None:
        edge = source.transition(before, step.event)
        if edge is None or edge.target != status:
            problem = "late_start" if before is None else "illegal"
            raise _refused(mapping, problem, f"there is no such transition {where}", index, step, map(str, edges))
        reopened = edge.reopens
    else:
        if before is not None and status not in source.reachable(before):
            allowed = [one for one in source.statuses if one in source.reachable(before)]
            raise _refused(mapping, "illegal", f"it cannot be reached {where}", index, step, allowed)
        reopened = before in source.terminal
    if reopened and not mapping.reopens:
        raise _refused(mapping, "reopened", f"{before} is an end that is left again; the mapping has no such", index, step)
    if status in source.terminal and not mapping.statuses[status].readings:
        raise _refused(mapping, "untold_end", f"{mapping.target.name} has no counterpart for it", index, step)
