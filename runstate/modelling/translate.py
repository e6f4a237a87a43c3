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
from runstate.lifecycle import Lifecycle, Transition
from runstate.lifecycles.unwrap import unwrap
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mapping_check import moved, sound
from runstate.modelling.places import Place, begin, moves, passed
from runstate.observations import Observation

__all__ = ["PROBLEMS", "Seen", "Translated", "sightings", "translate"]

PROBLEMS: Mapping[str, str] = FrozenDict({
    "unknown_status": "the source lifecycle has no such status",
    "illegal": "the source lifecycle has no such transition, or nothing leads to the status from the one before",
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
                mapping=lifecycle.name,
                problem="several_runs",
                reason=reason,
                index=index,
                seen=run,
                allowed=(str(only),),
            )
        only = run
        yield Seen(found.fields[lifecycle.status_field], found.at)


def translate(
    history: Iterable[Change | Seen | Observation | tuple[str, float] | str], mapping: LifecycleMapping
) -> Translated:
    """A legal history of the source as a legal history of the target.

    :param history: changes, from creation on, each of which must be a transition of the source; or what was seen of one
        run: observations, statuses, or pairs of a status and a time.  Of those each must be reachable from the one
        before, one that repeats counts once, and what was missed between two is taken to have gone the best way (see
        `runstate.modelling.places.way`).  Several transitions that stand for one have its time.  Where no time is known,
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
    source = begin(mapping.source)
    now = 0.0
    for index, step in enumerate(steps):
        now = now if step.at is None else max(now, step.at)
        held = len(changes)
        edges, source = _edges(mapping, index, source, step)
        for edge in edges:
            found = moved(mapping, place, edge.target, repeated=edge.target == edge.source)
            if found is None:  # a sound mapping has a way for every transition that a guard does not forbid
                raise _refused(mapping, "illegal", f"no way from {place.status or 'creation'}", index, step)
            taken, place = found
            changes += [_change(mapping, one, now) for one in taken]
        origins += [index] * (len(changes) - held)
        if len(changes) == held:
            dropped.append(index)
    return Translated(mapping=mapping, changes=tuple(changes), origins=tuple(origins), dropped=tuple(dropped))


def _change(mapping: LifecycleMapping, edge: Transition, at: float) -> Change:
    return Change(
        lifecycle=mapping.target.name,
        event=edge.event,
        source=edge.source,
        target=edge.target,
        at=at,
        basis=edge.basis,
    )


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


def _edges(mapping: LifecycleMapping, index: int, place: Place, step: Seen) -> tuple[tuple[Transition, ...], Place]:
    """The transitions of the source that led to a step, its own or the best path over what was missed; where it stands."""
    source = mapping.source
    if step.status not in source.statuses:
        reason = f"{source.name} has no such status"
        raise _refused(mapping, "unknown_status", reason, index, step, source.statuses)
    if step.event is None and step.status == place.status:
        return (), place
    if step.event is None:
        found = passed(source, place, step.status)
        allowed = [str(status) for status in source.statuses if status in source.reachable(place.status)]
    else:
        opened = list(moves(source, place, hopeful=True))
        taken = (move for move in opened if (move[0].event, move[0].target) == (step.event, step.status))
        found = next((((edge,), after) for edge, after in taken), None)
        allowed = [str(edge) for edge, _ in opened]
    if found is None:
        where = "at the beginning" if place.status is None else f"after {place.status}"
        raise _refused(mapping, "illegal", f"nothing leads there {where}", index, step, allowed)
    for edge in found[0]:
        if edge.reopens and not mapping.reopens:
            reason = f"{edge.source} is an end that is left again, which the mapping does not carry over"
            raise _refused(mapping, "reopened", reason, index, step)
        if edge.target in source.terminal and not mapping.statuses[edge.target].readings:
            reason = f"{mapping.target.name} has no counterpart for {edge.target}"
            raise _refused(mapping, "untold_end", reason, index, step)
    return found
