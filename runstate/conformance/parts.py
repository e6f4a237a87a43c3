"""RS4xx: the objects inside a run, in a stream: steps, messages, their deltas, and how the run may end around them.

The rules come from `Nesting` values; nothing here knows a status or an event by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from runstate.conformance.findings import CODES, Finding, Severity
from runstate.conformance.single import judge_single
from runstate.conformance.transitions import creates
from runstate.conformance.watch import Assume, Watched, finding_at, shown
from runstate.nesting import Nesting
from runstate.observations import Observation

__all__ = ["Part", "Parts"]


@attrs.define
class Part:
    """One step or message."""

    nesting: Nesting
    own: Watched
    run: Watched
    type: str | None = None
    names: str | None = None
    """The id of the object that it is about, where it names one: the message of a message_creation step."""
    inside: Part | None = None
    """The sibling that it stands in."""

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"{self.nesting.word} {self.own.id}"


@attrs.define
class Counts:
    """Sums over the children of one run, while all of them are known."""

    sums: dict[str, int] = attrs.field(factory=dict)
    seen: int = 0
    missing: bool = False


@attrs.define(eq=False)
class Parts:
    """The parts of all open runs of a stream; those of an ended run are given up with it."""

    nestings: tuple[Nesting, ...]
    strict: bool
    assume: Assume
    known: dict[str, Part] = attrs.field(init=False, factory=dict)
    """Part by id."""
    of_run: dict[str, list[Part]] = attrs.field(init=False, factory=dict)
    counts: dict[str, Counts] = attrs.field(init=False, factory=dict)

    def nesting_of(self, kind: str | None) -> Nesting | None:
        """The nesting of an object of this kind."""
        return next((n for n in self.nestings if kind in n.child.objects), None)

    def is_delta(self, event: str | None) -> bool:
        """Whether the event adds a piece to a part."""
        return event is not None and any(nesting.delta == event for nesting in self.nestings)

    def open_in(self, run: Watched, nesting: Nesting | None = None) -> list[Part]:
        """The open parts of a run, of one kind or of all."""
        parts = self.of_run.get(run.id, ())
        return [p for p in parts if not p.own.ended and (nesting is None or p.nesting is nesting)]

    # -- events -------------------------------------------------------------------------------------------------------

    def take(self, seen: Observation, nesting: Nesting, run: Watched, fields: Mapping[str, Any]) -> Iterator[Finding]:
        """An event with the whole object of a step or message."""
        part_id = str(fields.get(nesting.child.id_field))
        part = self.known.get(part_id)
        if part is None:
            part = Part(nesting, Watched(part_id, nesting.child, seen.file), run)
            yield from self._arrival(seen, part)
            self.known[part_id] = part
            self.of_run.setdefault(run.id, []).append(part)
        part.type = _text(fields.get("type")) or part.type
        part.names = _about(nesting, fields) or part.names
        was_open = not part.own.ended
        status = fields.get(nesting.child.status_field)
        yield from self._place(seen, part, status)
        yield from _belongs(seen, part, fields)
        for finding in judge_single(seen, part.own, fields, stream=True, strict=self.strict, assume=self.assume):
            yield _within(finding, part)
        if was_open and part.own.ended:
            yield from self._departure(seen, part, fields)

    def delta(self, seen: Observation, runs: Sequence[Watched]) -> Iterator[tuple[Watched | None, Finding]]:
        """An event with a piece of a part, which names nothing but its id."""
        part_id = seen.value.get("id") if seen.value is not None else None
        part = self.known.get(part_id) if isinstance(part_id, str) else None
        if part is not None:
            if part.own.ended:
                message = f"{seen.event} adds to {part.title}, which had ended as {part.own.status}"
                yield part.run, finding_at("RS401", seen, message, advice="Send deltas before the end.")
            return
        if all(run.whole for run in runs) and runs:
            run = runs[0] if len(runs) == 1 else None
            yield run, finding_at("RS401", seen, f"{seen.event} adds to {shown(part_id)}, which was not created before")

    def run_moved(self, seen: Observation, run: Watched, fields: Mapping[str, Any]) -> Iterator[Finding]:
        """The run itself was seen: what must hold of its parts now."""
        status = run.status
        if status is None or run.id not in self.of_run:
            return
        for nesting in self.nestings:
            yield from self._held(seen, run, nesting, status)
            yield from self._gate(seen, run, nesting, status)
            allowed = nesting.ends.get(status)
            for part in self.of_run[run.id]:
                if (
                    part.nesting is nesting
                    and allowed is not None
                    and part.own.ended
                    and part.own.status not in allowed
                ):
                    words = tuple(s for s in nesting.child.statuses if s in allowed)
                    message = f"the run is {status}, and its {part.title} ended as {part.own.status}"
                    yield finding_at(
                        "RS403", seen, f"{message}; allowed: {', '.join(words)}", status=status, allowed=words
                    )
            yield from self._sum(seen, run, nesting, fields)
        if run.ended:
            self.forget(run)

    def forget(self, run: Watched) -> None:
        """Give up the parts of a run."""
        for part in self.of_run.pop(run.id, ()):
            self.known.pop(part.own.id, None)
        self.counts.pop(run.id, None)

    # -- one rule each ------------------------------------------------------------------------------------------------

    def _arrival(self, seen: Observation, part: Part) -> Iterator[Finding]:
        """The first event of a part: created, in its place, and not while another of its kind is open."""
        nesting, run = part.nesting, part.run
        if not creates(nesting.child, seen.event):
            if run.whole:
                yield finding_at("RS401", seen, f"{seen.event} comes before {part.title} was created")
            return
        others = self.open_in(run, nesting)
        if nesting.at_most_open is not None and len(others) >= nesting.at_most_open:
            message = f"{part.title} is created while {', '.join(p.title for p in others)} is open"
            yield finding_at("RS404", seen, message)
        if nesting.within is not None:
            around = [p for p in self.open_in(run) if p.type == nesting.within]
            part.inside = around[-1] if around else None
            if part.inside is None and (run.whole or run.id in self.of_run):
                yield finding_at("RS405", seen, f"{part.title} is created with no {nesting.within} step open")
            elif part.inside is not None and part.inside.names not in (None, part.own.id):
                message = f"{part.title} is created within {part.inside.title}, which is about {part.inside.names}"
                yield finding_at("RS405", seen, message, allowed=(str(part.inside.names),))

    def _place(self, seen: Observation, part: Part, status: object) -> Iterator[Finding]:
        """Whether a part may move while the run is as it is."""
        nesting, run = part.nesting, part.run
        if run.status is None or run.status in nesting.inside:
            return
        allowed = nesting.ends_inside.get(run.status, frozenset[str]())
        if status in allowed:
            return
        words = tuple(s for s in run.lifecycle.statuses if s in nesting.inside)
        message = f"{seen.event} of {part.title} comes while the run is {run.status}; allowed: {', '.join(words)}"
        yield finding_at("RS411", seen, message, status=_text(status), allowed=words)

    def _departure(self, seen: Observation, part: Part, fields: Mapping[str, Any]) -> Iterator[Finding]:
        for inner in self.open_in(part.run):
            if inner.inside is part:
                yield finding_at("RS406", seen, f"{part.title} ends while {inner.title} in it is open")
        name = part.nesting.adds_up
        if name is not None:
            counts = self.counts.setdefault(part.run.id, Counts())
            counts.seen += 1
            usage = fields.get(name)
            if isinstance(usage, Mapping):
                for key, count in usage.items():
                    if isinstance(count, int) and not isinstance(count, bool):
                        counts.sums[key] = counts.sums.get(key, 0) + count
            else:
                counts.missing = True

    def _held(self, seen: Observation, run: Watched, nesting: Nesting, status: str) -> Iterator[Finding]:
        kind = nesting.holds.get(status)
        if kind is not None and not any(part.type == kind for part in self.open_in(run, nesting)):
            message = f"the run is {status}, and no {kind} {nesting.word} of it is open"
            yield finding_at("RS407", seen, message, status=status, allowed=(kind,))

    def _gate(self, seen: Observation, run: Watched, nesting: Nesting, status: str) -> Iterator[Finding]:
        if status not in nesting.gates | nesting.soft_gates:
            return
        for part in self.open_in(run, nesting):
            message = f"the run is {status}, and its {part.title} is still {part.own.status}"
            severity = Severity.ERROR if status in nesting.gates else Severity.WARNING
            yield finding_at("RS402", seen, message, status=status, severity=severity)

    def _sum(self, seen: Observation, run: Watched, nesting: Nesting, fields: Mapping[str, Any]) -> Iterator[Finding]:
        """The run's counts against the sum over its parts, where every part was seen from the run's creation on."""
        name = nesting.adds_up
        counts = self.counts.get(run.id)
        total = fields.get(name) if name is not None else None
        if not (run.ended and run.whole and counts and not counts.missing and isinstance(total, Mapping)):
            return
        open_parts = self.open_in(run, nesting)
        wrong = [
            f"{key} is {total[key]}, its parts' sum is {count}"
            for key, count in counts.sums.items()
            if isinstance(total.get(key), int) and total[key] != count
        ]
        if wrong and not open_parts:
            yield finding_at("RS414", seen, f"{name} of the run: {'; '.join(wrong)}", status=run.status, field=name)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _about(nesting: Nesting, fields: Mapping[str, Any]) -> str | None:
    """The id of the sibling that a part is about."""
    value: object = fields if nesting.about else None
    for key in nesting.about:
        value = value.get(key) if isinstance(value, Mapping) else None
    return _text(value)


def _belongs(seen: Observation, part: Part, fields: Mapping[str, Any]) -> Iterator[Finding]:
    """A part names the same thread and assistant as its run."""
    for name in part.nesting.parent.constant:
        if name in ("object", part.nesting.parent.id_field) or name not in part.nesting.child.constant:
            continue
        theirs, ours = fields.get(name), part.run.constant.get(name)
        if name != "created_at" and theirs is not None and ours is not None and theirs != ours:
            message = f"{name} of {part.title} is {shown(theirs)}; its run's is {shown(ours)}"
            yield finding_at("RS603", seen, message, field=name, allowed=(str(ours),))


def _within(finding: Finding, part: Part) -> Finding:
    """A finding on a part's own lifecycle, as one of its run: RS409 for what it does, RS410 for what it holds."""
    if finding.severity is not Severity.ERROR or not finding.code.startswith(("RS1", "RS2", "RS3")):
        return attrs.evolve(finding, message=f"{part.title}: {finding.message}")
    code = "RS409" if finding.code.startswith("RS1") else "RS410"
    advice = finding.advice or CODES[code].mend
    return attrs.evolve(finding, code=code, message=f"{part.title}: {finding.message}", advice=advice)
