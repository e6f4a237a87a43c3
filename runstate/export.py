"""Histories of ours as `Told` steps, which `runstate.foreign` writes as XES or OCEL: journals, changes, logs that were read.

Simulations have theirs in `runstate.modelling.simulated.steps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from runstate.change import Change
from runstate.foreign.told import Told
from runstate.lifecycle import Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.unwrap import unwrap
from runstate.observations import Observation
from runstate.stores.base import Entry

__all__ = ["of_changes", "of_journal", "of_log", "timed"]


def of_journal(entries: Iterable[Entry]) -> Iterator[Told]:
    """The entries of a store, of one run (`Runs.history`) or of many."""
    for entry in entries:
        yield Told(
            run=entry.run_id,
            status=entry.target,
            event=entry.event,
            at=entry.at / 1_000_000,
            lifecycle=entry.lifecycle,
        )


def of_changes(run_id: str, changes: Iterable[Change]) -> Iterator[Told]:
    """What `apply` and `create` have made of one record."""
    for change in changes:
        yield Told(
            run=run_id,
            status=str(change.target),
            event=str(change.event),
            at=change.at,
            lifecycle=change.lifecycle,
        )


def timed(steps: Iterable[Told]) -> Iterator[Told]:
    """The same, where a step that has no time gets that of the step before it in its run: it was not earlier."""
    latest: dict[tuple[str | None, str | None], float] = {}
    for step in steps:
        key = (step.lifecycle, step.run)
        if step.at is not None:
            latest[key] = step.at
        yield attrs.evolve(step, at=latest.get(key))


def of_log(observations: Iterable[Observation], lifecycle: Lifecycle | None = None) -> Iterator[Told]:
    """What a log says of runs, reduced to run, status, event and time.

    What could not be read and what is no run of this lifecycle is left out; `runstate check` names it.  The time is that
    of the observation, else the latest stamp of a transition into its status.

    :param lifecycle: None: as the first object says that is of one, else the first of the catalogue.
    """
    for seen in observations:
        if seen.told is not None:
            told = seen.told
            yield attrs.evolve(told, lifecycle=lifecycle.name) if lifecycle is not None else told
            continue
        if seen.value is None:
            continue
        kind = next((word for key in ("object", "type", "kind") if isinstance(word := seen.value.get(key), str)), None)
        named = CATALOGUE.of_object(kind)
        if lifecycle is None:
            lifecycle = named or next(iter(CATALOGUE.values()))
        if named is None or named is lifecycle:
            yield from _of_object(lifecycle, seen, seen.value)


def _of_object(lifecycle: Lifecycle, seen: Observation, value: Mapping[str, Any]) -> Iterator[Told]:
    known = unwrap(lifecycle, value, event=seen.event, run_id=seen.file)
    if known is None or not known.moves:
        return
    run, status = known.fields.get(lifecycle.id_field), known.fields.get(lifecycle.status_field)
    if isinstance(run, str) and isinstance(status, str):
        at = known.at if known.at is not None else _stamped(lifecycle, status, known.fields)
        yield Told(run=run, status=str(status), event=known.event, at=at, lifecycle=lifecycle.name)


def _stamped(lifecycle: Lifecycle, status: str, fields: Mapping[str, Any]) -> float | None:
    names = {name for edge in lifecycle.transitions if edge.target == status for name in edge.does.stamps}
    values = [fields.get(name) for name in names]
    return max((at for at in values if isinstance(at, int | float) and not isinstance(at, bool)), default=None)
