"""AG-UI within the `Monitor`: events that carry their own type, runs that follow one another, findings in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from runstate.conformance.agui.judge import AguiJudge
from runstate.conformance.agui.rules import Fault
from runstate.conformance.agui.shapes import EVENT_TYPES
from runstate.conformance.findings import Finding, Severity
from runstate.conformance.watch import Seen, Watched, finding_at
from runstate.lifecycles.agui import AGUI_RUN
from runstate.observations import Observation

__all__ = ["AguiSession", "speaks_agui"]

_TYPES = frozenset(EVENT_TYPES)
_MILLISECONDS = 1000


def speaks_agui(value: Mapping[str, Any]) -> bool:
    """Whether an object is an event of AG-UI by its type."""
    kind = value.get("type")
    return isinstance(kind, str) and kind in _TYPES


@attrs.define(eq=False)
class AguiSession:
    """One stream of AG-UI events, and the runs that it carries."""

    judge: AguiJudge = attrs.field(factory=AguiJudge)
    run: Watched | None = attrs.field(init=False, default=None)
    """The run that is open or ended last."""
    begun: int = attrs.field(init=False, default=0)
    names: dict[str, int] = attrs.field(init=False, factory=dict)
    """Run id -> how often a run of this id was begun."""

    def take(self, seen: Observation) -> Iterator[tuple[Watched | None, Finding]]:
        """Judge one event.

        :returns: findings with the run that they belong to, None before the first; ``run`` has gone on to the event.
        """
        faults = self.judge.feed(seen.value)
        if self.judge.runs > self.begun:
            self.begun = self.judge.runs
            self.run = Watched(self._name(), AGUI_RUN, seen.file, whole=True)
        if self.run is not None:
            self._go_on(self.run, seen, faulty=any(f.severity is Severity.ERROR for f in faults))
        yield from ((self.run, _finding(seen, fault)) for fault in faults)

    def close(self, last: Observation) -> Iterator[tuple[Watched | None, Finding]]:
        """The stream is over."""
        yield from ((self.run, _finding(last, fault)) for fault in self.judge.close())

    def _name(self) -> str:
        """The id of the run; a run that is begun once more under its old id gets a number."""
        name = self.judge.run_id or "(no runId)"
        times = self.names[name] = self.names.get(name, 0) + 1
        return name if times == 1 else f"{name} #{times}"

    def _go_on(self, run: Watched, seen: Observation, *, faulty: bool) -> None:
        status = self.judge.status
        if status is None:
            return
        stamp = seen.value.get("timestamp") if seen.value is not None else None
        since = stamp / _MILLISECONDS if isinstance(stamp, int | float) and not isinstance(stamp, bool) else None
        if run.path and run.path[-1].status == status:
            run.path[-1].times += 1
            run.path[-1].faulty |= faulty
        else:
            run.path.append(Seen(str(status), since, seen.line, faulty=faulty))
        run.status, run.streamed = str(status), True


def _finding(seen: Observation, fault: Fault) -> Finding:
    return finding_at(
        fault.code,
        seen,
        fault.message,
        severity=fault.severity,
        wire_event=fault.event_type,
        field=fault.field,
        allowed=fault.allowed,
    )
