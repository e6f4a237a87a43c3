"""`Monitor`: feed observations one by one, get findings as they arise, ask for the verdict at any time.

An independent reading of the table: it works on decoded mappings, never builds a record, and reports *all* broken
rules.  After a fault it goes on from what was seen, so that one fault does not hide the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

from runstate.conformance.findings import Finding, Severity, selected
from runstate.conformance.known import Known
from runstate.conformance.late import Late
from runstate.conformance.meaning import meaning
from runstate.conformance.parts import Parts
from runstate.conformance.quick import Quick
from runstate.conformance.single import judge_single
from runstate.conformance.small import KINDS, small_rows
from runstate.conformance.spelling import snake_keys
from runstate.conformance.watch import Assume, Verdict, Watched, finding_at, shown
from runstate.foreign.told import Told
from runstate.lifecycle import Layout, Lifecycle
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_parts import ASSISTANTS_PARTS
from runstate.lifecycles.unwrap import unwrap
from runstate.observations import Block, Observation, observe

if TYPE_CHECKING:
    from runstate.conformance.agui.session import AguiSession

__all__ = ["Mode", "Monitor"]

Mode = Literal["auto", "stream", "poll"]
Found = tuple[Watched | None, Finding]
T = TypeVar("T")


@attrs.define(eq=False)
class Monitor:
    """Judges a log or stream while it comes in; runs may be interleaved.

    :param lifecycle: of every object; None: as the object's own ``object``, ``type`` or ``kind`` says, else
        ``openai.assistants.run``.
    :param mode: ``stream`` demands every transition, ``poll`` accepts what is reachable and repeats, ``auto`` takes
        events by name as a stream and bare objects as polls.
    :param strict: a transition that is only inferred is an error.
    :param assume: what is assumed of the way the log came about.
    :param select: codes or beginnings of codes to report; empty: all.
    :param ignore: codes or beginnings of codes not to report.
    :param known: asked of each finding; those that it answers True for are not reported.
    :param on_finding: called with each finding as it arises.
    :param release: called with each run as soon as it has ended, which is then given up: memory is bounded by the
        runs that are open, and the last ``remember`` ended ones, kept so that a restart is noticed.
    :param remember: how many ended runs are kept where ``release`` is given, and how many findings that belong to no run;
        ``on_finding`` is told of all.
    """

    lifecycle: Lifecycle | None = None
    mode: Mode = attrs.field(default="auto", kw_only=True)
    strict: bool = attrs.field(default=False, kw_only=True)
    assume: Assume = attrs.field(factory=Assume, kw_only=True)
    select: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    ignore: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    known: Callable[[Finding], bool] | None = attrs.field(default=None, kw_only=True)
    on_finding: Callable[[Finding], object] | None = attrs.field(default=None, kw_only=True)
    release: Callable[[Watched], object] | None = attrs.field(default=None, kw_only=True)
    remember: int = attrs.field(default=1000, kw_only=True)
    runs: Known = attrs.field(init=False, factory=Known)
    """(lifecycle, run id) -> what is known of it, in the order of their first observation."""
    loose: list[Finding] = attrs.field(init=False, factory=list)
    """Findings that belong to no run; where ``release`` is given, the first ``remember`` of them."""
    unkept: Counter[Severity] = attrs.field(init=False, factory=Counter)
    """How many more findings belong to no run, by severity."""
    observations: int = attrs.field(init=False, default=0)
    """How many could be read."""
    recognised: Lifecycle | None = attrs.field(init=False, default=None)
    """The lifecycle of the first run that was seen."""
    followed: bool = attrs.field(init=False, default=False)
    """Whether it was recognised by what the object says of itself."""
    _parts: Parts = attrs.field(init=False)
    _agui: AguiSession | None = attrs.field(init=False, default=None)
    _late: Late = attrs.field(init=False)
    _leg: dict[str, Watched | None] = attrs.field(init=False, factory=dict)
    """Runs that the stream spoke of since it last began; None for one that is packed."""
    _errored: bool = attrs.field(init=False, default=False)
    _last: Observation | None = attrs.field(init=False, default=None)
    _copies: dict[tuple[str, str], Observation] = attrs.field(init=False, factory=dict)
    _ended: dict[tuple[str, str], Watched] = attrs.field(init=False, factory=dict)
    _moved: dict[tuple[str, str], Watched] = attrs.field(init=False, factory=dict)
    """Runs that may be given up: looking at all that are open after each event took time by their number."""
    _released_to: Callable[[Watched], object] | None = attrs.field(init=False, default=None)
    _quick: Quick | None = attrs.field(init=False, default=None)
    _judged_as: tuple[object, ...] = attrs.field(init=False, default=())
    """The settings under which runs were packed."""

    def __attrs_post_init__(self) -> None:
        """The parts that the lifecycle may have."""
        parent = self.lifecycle or _default()
        nestings = tuple(nesting for nesting in ASSISTANTS_PARTS if nesting.parent is parent)
        # the parts of a run can only be judged in their order, so not where events may be late
        self._parts = Parts(() if self.assume.window else nestings, strict=self.strict, assume=self.assume)
        self._late = Late(self.assume.window)

    # -- what users call ----------------------------------------------------------------------------------------------

    def feed(self, seen: object) -> list[Finding]:
        """Judge one observation: an `Observation`, a mapping, ``{"event", "data"}``, or an object of an SDK; or a `Block`.

        :returns: the findings that it gives rise to, in the order in which they were found.
        """
        if isinstance(seen, Block):
            return self._block(seen)
        found: list[Finding] = []
        for one in (seen,) if isinstance(seen, Observation) else observe(seen):
            found += self._report(self._judge(one))
        return found

    def feed_status(self, run_id: object, status: object, *, file: str = "-", line: int | None = None) -> list[Finding]:
        """Judge a status alone, as a row of a table holds it: no event, no object and no fields around it.

        A status may be spelled as the lifecycle's wire does.  Rules on fields say nothing.  Without a ``lifecycle`` it
        is taken for one of the first in the catalogue, since nothing tells which it is.

        :returns: the findings that it gives rise to.
        """
        if self.observations < _FEW:
            return self._status_in_full(run_id, status, file, line)
        return self.feed_statuses(((run_id, status),), file=file, line=line)

    def feed_statuses(
        self, rows: Iterable[tuple[object, object]], *, file: str = "-", line: int | None = None
    ) -> list[Finding]:
        """Judge many statuses, as `feed_status` does one after the other: the same findings, at many times the speed.

        :param rows: run id and status of each.
        :param line: number of the first row, those after it count on; None where there are no lines.
        :returns: the findings that they give rise to.
        """
        found: list[Finding] = []
        in_full = 0

        def plainly(run_id: object, status: object, line: int) -> None:
            nonlocal in_full
            in_full += 1
            found.extend(self._status_in_full(run_id, status, file, line or None))

        lifecycle = self.lifecycle or _default()
        rows = iter(rows)
        quick = self._quickly(lifecycle)
        if quick is not None:
            try:
                quick.take(rows, plainly, self._ended, file=file, line=line)
            finally:
                if quick.seen:
                    last = None if line is None else line + quick.seen - 1
                    self._last = Observation(value=self._row(*quick.last), file=file, line=last)
                    self._counted(quick.seen - in_full, lifecycle)
            line = None if line is None else line + quick.seen
        for number, (run_id, status) in enumerate(rows, line or 0):
            plainly(run_id, status, 0 if line is None else number)
        return found

    def close(self) -> list[Finding]:
        """The log is over: what that means for the runs that are still open.  Feeding more begins a new leg."""
        return self._report(self._broken_off())

    def watch(self, stream: Iterable[T]) -> Iterator[T]:
        """Pass a live stream through unchanged, and judge it on the way; it is closed at its end."""
        for one in stream:
            self.feed(one)
            yield one
        self.close()

    async def awatch(self, stream: AsyncIterable[T]) -> AsyncIterator[T]:
        """The same for an asynchronous stream."""
        async for one in stream:
            self.feed(one)
            yield one
        self.close()

    def run(self, run_id: str) -> Watched | None:
        """What is known of a run, by its id; None where it was not seen or has been given up."""
        run = self.runs.named(run_id)
        return run or next((run for (_, known), run in self._ended.items() if known == run_id), None)

    def verdict(self, run_id: str) -> Verdict:
        """The verdict on a run as far as it was seen."""
        run = self.run(run_id)
        return Verdict.UNKNOWN if run is None else run.verdict

    # -- one observation ----------------------------------------------------------------------------------------------

    def _report(self, drafts: Iterator[Found]) -> list[Finding]:
        found: list[Finding] = []
        for watched, draft in drafts:
            if not selected(draft.code, self.select, self.ignore):
                continue
            finding = draft if watched is None else attrs.evolve(draft, run=watched.id)
            if self.known is not None and self.known(finding):
                continue
            found.append(finding)
            if watched is None:
                if self.release is not None and len(self.loose) >= self.remember:
                    self.unkept[finding.severity] += 1
                else:
                    self.loose.append(finding)
            else:
                watched.findings.append(finding)
                watched.errors += finding.severity is Severity.ERROR
            if self.on_finding is not None:
                self.on_finding(finding)
        if self.release is not None:
            self._let_go(self.release)
        return found

    def _judge(self, seen: Observation) -> Iterator[Found]:
        self._last = seen
        if seen.told is not None:
            self.observations += 1
            yield from self._told(seen, seen.told)
            return
        if self._agui is None and self._speaks_agui(seen):
            from runstate.conformance.agui.session import AguiSession  # only logs that speak it pay for its judge

            self._agui = AguiSession()
            self.recognised, self.followed = CATALOGUE[_AGUI], self.lifecycle is None
        if seen.fault is not None:
            # servers do end without the last blank line; only an event that is not whole was cut off
            yield None, finding_at("RS501" if seen.complete else "RS503", seen, str(seen.fault))
            return
        if seen.end:
            self.observations += 1
            yield from self._over(seen)
            return
        if self._agui is not None:
            self.observations += 1
            yield from self._agui_seen(self._agui, seen)
            return
        value = {} if seen.value is None else seen.value
        if self.lifecycle is not None and not _is_flat(self.lifecycle):
            yield from self._laid_out(seen, self.lifecycle, value)
            return
        lifecycle = self._lifecycle_of(seen, value)
        if lifecycle is None:
            yield from self._other(seen, value)
        elif not _is_flat(lifecycle):
            yield from self._laid_out(seen, lifecycle, value)
        else:
            self.observations += 1
            self._recognise(lifecycle, value)
            yield from self._run_seen(seen, lifecycle, value)

    def _told(self, seen: Observation, told: Told) -> Iterator[Found]:
        """What a log of another kind says of a run: its status is judged, of its fields nothing is known."""
        lifecycle = self.lifecycle or (_default() if told.lifecycle is None else CATALOGUE.get(told.lifecycle))
        if lifecycle is None:
            message = f"{shown(told.lifecycle)} is no lifecycle of the catalogue; say which one to judge by"
            yield None, finding_at("RS502", seen, message, allowed=tuple(CATALOGUE))
            return
        known = meaning(lifecycle, told)
        if known is None:
            if told.event is None or not lifecycle.passes(lifecycle.wire_name(told.event)):
                events = tuple(map(str, lifecycle.events))
                message = f"{shown(told.event)} is no event of {lifecycle.name}; allowed: {', '.join(events)}"
                yield None, finding_at("RS502", seen, message, allowed=events)
            return
        if self.recognised is None:
            self.recognised, self.followed = lifecycle, self.lifecycle is None and told.lifecycle is not None
        fields = {lifecycle.id_field: told.run, lifecycle.status_field: known.status}
        yield from self._run_seen(attrs.evolve(seen, event=known.wire), lifecycle, fields, whole=False)

    def _laid_out(self, seen: Observation, lifecycle: Lifecycle, value: Mapping[str, Any]) -> Iterator[Found]:
        """An object that holds its id, status, event or times elsewhere than an assistant's does.

        A log whose objects name no run is the history of one run; it goes by the name of the file.
        """
        told = unwrap(lifecycle, value, event=seen.event, run_id=seen.file)
        if told is None:
            message = f"an object with the keys {', '.join(map(repr, list(value)[:6])) or 'none'} says nothing of a run"
            yield None, finding_at("RS502", seen, message, field=lifecycle.status_field, allowed=lifecycle.statuses)
            return
        self.observations += 1
        self._recognise(lifecycle, value)
        if told.moves:
            one = attrs.evolve(seen, event=told.event, value=told.fields)
            yield from self._run_seen(one, lifecycle, told.fields, whole=told.whole)

    def _speaks_agui(self, seen: Observation) -> bool:
        """Whether the log is one of AG-UI events: it was said, or nothing else was seen before its first one."""
        if self.lifecycle is not None:
            return self.lifecycle.name == _AGUI
        kind = None if self.recognised is not None or seen.value is None else seen.value.get("type")
        if seen.value is None or not isinstance(kind, str) or not kind.isupper():
            return False
        from runstate.conformance.agui.session import speaks_agui

        return speaks_agui(seen.value)

    def _agui_seen(self, session: AguiSession, seen: Observation) -> Iterator[Found]:
        for run, finding in session.take(seen):
            if run is not None:
                self.runs[_AGUI, run.id] = self._moved[_AGUI, run.id] = run
            yield run, finding
        if session.run is not None:
            self._moved[_AGUI, session.run.id] = self.runs.setdefault((_AGUI, session.run.id), session.run)

    def _run_seen(
        self, seen: Observation, lifecycle: Lifecycle, value: Mapping[str, Any], *, whole: bool = True
    ) -> Iterator[Found]:
        fields = snake_keys(value, (*lifecycle.fields, *lifecycle.constant, *lifecycle.profiles.values()))
        run_id = fields.get(lifecycle.id_field)
        if not isinstance(run_id, str) or not run_id:
            message = f"{lifecycle.id_field} is {shown(run_id)}; allowed: a non-empty string"
            yield None, finding_at("RS602", seen, message, field=lifecycle.id_field, allowed=("a non-empty string",))
            return
        run = self._run_of(lifecycle, run_id, seen)
        stream = self._streams(seen)
        if self.assume.duplicates and stream and self._is_copy(run, seen):
            return
        if not (stream and self.assume.window):
            yield from self._run_in_order(seen, run, fields, stream=stream, whole=whole)
            return
        if seen.told is None:
            self._leg[run.id] = run
        for earlier, known in self._late.push((lifecycle.name, run.id), run, (seen, fields)):
            yield from self._run_in_order(earlier, run, known, stream=True)

    # -- blocks of small objects --------------------------------------------------------------------------------------

    def _block(self, block: Block) -> list[Finding]:
        """The same as feeding each of its observations, as quickly as may be."""
        found: list[Finding] = []
        in_full = 0

        def plainly(_run_id: object, _status: object, line: int) -> None:
            nonlocal in_full
            in_full += 1
            for one in block.observation(line - block.line):
                found.extend(self._report(self._judge(one)))

        lifecycle, taken = self.lifecycle, 0
        if lifecycle is not None and self._agui is None and _is_flat(lifecycle) and lifecycle.name != _AGUI:
            rows = small_rows(lifecycle, block.values)
            quick = None if rows is None else self._quickly(lifecycle)
            if rows is not None and quick is not None:
                try:
                    quick.take_objects(rows, plainly, self._ended, file=block.file, line=block.line)
                finally:
                    taken = quick.seen
                    if taken:
                        self._last = next(block.observation(taken - 1))
                        self._counted(taken - in_full, lifecycle)
        for index in range(taken, len(block.values)):
            plainly(None, None, block.line + index)
        return found

    def _counted(self, more: int, lifecycle: Lifecycle) -> None:
        if more:
            self.observations += more
            self._recognise(lifecycle, {})

    # -- statuses alone -----------------------------------------------------------------------------------------------

    def _row(self, run_id: object, status: object) -> dict[str, Any]:
        """An object with nothing but an id and a status."""
        lifecycle = self.lifecycle or _default()
        known = lifecycle.status_of(status)
        return {lifecycle.id_field: run_id, lifecycle.status_field: status if known is None else known}

    def _status_in_full(self, run_id: object, status: object, file: str, line: int | None) -> list[Finding]:
        value = self._row(run_id, status)
        lifecycle = self.lifecycle or _default()
        return self._report(self._status_seen(Observation(value=value, file=file, line=line), lifecycle, value))

    def _quickly(self, lifecycle: Lifecycle) -> Quick | None:
        """What knows the steps that the judge has nothing to say of; None where each observation must be seen."""
        if self.assume.duplicates or self.assume.window or self.runs.mixed:
            return None
        settings = (lifecycle, self.mode, self.strict, self.assume, self.release is None)
        if settings != self._judged_as:
            self.runs.unpack()
            self._judged_as, self._quick = settings, None
        if self._quick is None and (not self.runs or self.runs.name == lifecycle.name):
            self._quick = Quick(self.runs, lifecycle, self._ask_status, self._ask_object, leg=self._leg)
        return self._quick if self.runs.name == lifecycle.name else None

    def _ask_status(self, before: Watched | None, status: object, file: str) -> Watched | None:
        # a monitor that has seen few statuses judges each by itself
        return self._ask(before, lambda asked, run_id: asked.feed_status(run_id, status, file=file, line=1))

    def _ask_object(self, before: Watched | None, status: object, file: str) -> Watched | None:
        lifecycle = self.lifecycle or _default()

        def feed(asked: Monitor, run_id: str) -> list[Finding]:
            value = {lifecycle.id_field: run_id, lifecycle.status_field: status}
            return asked.feed(Observation(value=value, file=file, line=1))

        return self._ask(before, feed)

    def _ask(self, before: Watched | None, feed: Callable[[Monitor, str], list[Finding]]) -> Watched | None:
        """What would be known of a run afterwards; None where there would be anything to say or to do besides."""
        lifecycle = self.lifecycle or _default()
        asked = Monitor(lifecycle, mode=self.mode, strict=self.strict, assume=self.assume)
        if before is not None:
            asked.runs[lifecycle.name, before.id] = before
        run_id = "run" if before is None else before.id
        if feed(asked, run_id):
            return None
        after = asked.runs[lifecycle.name, run_id]
        return None if after.ended and self.release is not None else after

    def _status_seen(self, seen: Observation, lifecycle: Lifecycle, value: Mapping[str, Any]) -> Iterator[Found]:
        self._last = seen
        self.observations += 1
        self._recognise(lifecycle, value)
        yield from self._run_seen(seen, lifecycle, value, whole=False)

    def _run_in_order(
        self, seen: Observation, run: Watched, fields: Mapping[str, Any], *, stream: bool, whole: bool = True
    ) -> Iterator[Found]:
        if self.release is not None:
            self._moved[run.lifecycle.name, run.id] = run
        whole = whole and seen.told is None
        found = judge_single(seen, run, fields, stream=stream, strict=self.strict, assume=self.assume, whole=whole)
        for finding in found:
            yield run, finding
        # what is told is history, no stream that somebody holds open: it has no parts and cannot break off
        if stream and seen.told is None:
            self._leg[run.id] = run
            for finding in self._parts.run_moved(seen, run, fields):
                yield run, finding

    def _catch_up(self) -> Iterator[Found]:
        """Judge what was held back: nothing that comes later can be earlier."""
        for key in list(self._late.held):
            run = self.runs[key]
            for earlier, known in self._late.flush(key, run):
                yield from self._run_in_order(earlier, run, known, stream=True)

    def _run_of(self, lifecycle: Lifecycle, run_id: str, seen: Observation) -> Watched:
        key = (lifecycle.name, run_id)
        run = self.runs.get(key)
        if run is None:
            run = self._ended.pop(key) if key in self._ended else Watched(run_id, lifecycle, seen.file)
            self.runs[key] = run
        return run

    def _streams(self, seen: Observation) -> bool:
        named = seen.event is not None or (seen.told is not None and seen.told.event is not None)
        return self.mode == "stream" or (self.mode == "auto" and named)

    def _is_copy(self, run: Watched, seen: Observation) -> bool:
        """Whether the event is the one before once more, byte for byte of its data."""
        key = (run.lifecycle.name, run.id)
        before = self._copies.get(key)
        self._copies[key] = seen
        return before is not None and (before.event, before.value, before.told) == (seen.event, seen.value, seen.told)

    def _recognise(self, lifecycle: Lifecycle, value: Mapping[str, Any]) -> None:
        if self.recognised is None:
            self.recognised = lifecycle
            self.followed = self.lifecycle is None and _kind(value) in lifecycle.objects

    def _lifecycle_of(self, seen: Observation, value: Mapping[str, Any]) -> Lifecycle | None:
        """The lifecycle that judges the object by itself; None where none does."""
        kind = _kind(value)
        if self.lifecycle is not None:
            mine = kind in self.lifecycle.objects or kind is None or not self.lifecycle.objects
            return self.lifecycle if mine and self.lifecycle.status_field in value else None
        found = CATALOGUE.of_object(kind)
        if found is not None:
            # within a stream only the run is judged by itself; its parts are judged within it
            part = self._streams(seen) and any(nesting.child is found for nesting in ASSISTANTS_PARTS)
            return None if part else found
        default = _default()
        return default if kind is None and default.status_field in value else None

    # -- what is no run -----------------------------------------------------------------------------------------------

    def _other(self, seen: Observation, value: Mapping[str, Any]) -> Iterator[Found]:
        """An object that is no run: a part of one, or fine where its event or kind is known to go with one."""
        kind = _kind(value)
        parent = self.lifecycle or _default()
        nesting = self._parts.nesting_of(kind)
        if nesting is not None and self._streams(seen):
            self.observations += 1
            yield from self._part_seen(seen, parent, value)
        elif self._parts.is_delta(seen.event):
            self.observations += 1
            yield from self._parts.delta(seen, self._leg_runs())
        elif seen.event == "error":
            self.observations += 1
            self._errored = True
            yield None, finding_at("RS505", seen, f"the stream carries an error: {shown(value.get('error', value))}")
        elif seen.event is not None:
            self.observations += 1
            yield from self._other_event(seen, parent, kind)
        elif kind in parent.objects or CATALOGUE.of_object(kind) is not None:
            self.observations += 1
            message = f"an object of kind {kind!r} has no {parent.status_field}"
            yield None, finding_at("RS502", seen, message, field=parent.status_field, allowed=parent.statuses)
        else:
            what = f"an object with the keys {', '.join(map(repr, list(value)[:6])) or 'none'}"
            message = f"{what} is no observation of {parent.name}: it has no {parent.status_field}"
            yield None, finding_at("RS502", seen, message, field=parent.status_field, allowed=parent.statuses)

    def _part_seen(self, seen: Observation, parent: Lifecycle, value: Mapping[str, Any]) -> Iterator[Found]:
        nesting = self._parts.nesting_of(_kind(value))
        if nesting is None:
            return
        child = nesting.child
        about = nesting.about[:1]
        fields = snake_keys(value, (*child.fields, *child.constant, nesting.parent_field, *about))
        part_id, run_id = fields.get(child.id_field), fields.get(nesting.parent_field)
        if run_id is None and nesting.parent_field not in child.constant:
            return  # a message that no run wrote
        if not (isinstance(part_id, str) and part_id and isinstance(run_id, str) and run_id):
            message = f"{child.id_field} is {shown(part_id)}, {nesting.parent_field} is {shown(run_id)}"
            yield None, finding_at("RS602", seen, message, allowed=("a non-empty string",))
            return
        run = self._run_of(parent, run_id, seen)
        self._leg[run.id] = run
        for finding in self._parts.take(seen, nesting, run, fields):
            yield run, finding

    def _other_event(self, seen: Observation, parent: Lifecycle, kind: str | None) -> Iterator[Found]:
        """An event with an object of another kind: the thread, or something new, which clients should expect."""
        spoken = (parent, *(nesting.child for nesting in self._parts.nestings))
        known = {name for lifecycle in spoken for verb in lifecycle.verbs for name in verb.wire}
        if seen.event in known or kind in parent.objects:
            message = f"{seen.event} carries an object of kind {shown(kind)} without a {parent.status_field}"
            yield None, finding_at("RS502", seen, message, field=parent.status_field, allowed=parent.statuses)
        elif seen.event in _BEFORE_THE_RUN and parent is _default():
            for run in self._leg_runs():
                message = f"{seen.event} comes after the first event of the run"
                yield run, finding_at("RS408", seen, message)
        else:
            yield None, finding_at("RS504", seen, f"{seen.event!r} is no event of {parent.name}")

    # -- ends ---------------------------------------------------------------------------------------------------------

    def _over(self, seen: Observation) -> Iterator[Found]:
        """The stream says that it is over: every run that it spoke of has ended, or others must act now."""
        yield from self._catch_up()
        for run in () if self._errored else self._at_work():
            allowed = tuple(s for s in run.lifecycle.statuses if s in run.lifecycle.stops | run.lifecycle.terminal)
            message = f"the stream is over while the run is {run.status}; allowed: {', '.join(allowed)}"
            yield run, finding_at("RS412", seen, message, status=run.status, allowed=allowed)
        self._begin()

    def _broken_off(self) -> Iterator[Found]:
        """The log is over without a word: a warning, unless an error event has explained it."""
        if self._agui is not None and self._last is not None:
            yield from self._agui.close(self._last)
            self._agui = None
        yield from self._catch_up()
        last = self._last
        for run in () if self._errored else self._at_work():
            if last is None:
                break  # nothing was fed, so nothing broke off
            message = f"the log ends while the run is {run.status}, and the stream does not say that it is over"
            yield run, finding_at("RS413", last, message, status=run.status, allowed=run.next)
        self._begin()

    def _at_work(self) -> list[Watched]:
        """The runs of this leg that have neither ended nor been handed over."""
        return [
            run or self.runs[self.runs.name or "", run_id]
            for run_id, run in self._leg.items()
            if self._works(run_id, run)
        ]

    def _works(self, run_id: str, run: Watched | None) -> bool:
        lifecycle = run.lifecycle if run is not None else self.lifecycle or _default()
        status = run.status if run is not None else self.runs.status(run_id)
        return status is not None and status not in lifecycle.terminal and status not in lifecycle.stops

    def _leg_runs(self) -> list[Watched]:
        """All runs of this leg."""
        return [run or self.runs[self.runs.name or "", run_id] for run_id, run in self._leg.items()]

    def _begin(self) -> None:
        for run_id, run in self._leg.items():
            if run is None and self._quick is not None:
                self._quick.begin(run_id)
        self._leg.clear()
        self._errored = False

    def _let_go(self, release: Callable[[Watched], object]) -> None:
        """Give up the runs that have ended, but for the last few, which only notice that they move again."""
        if self._released_to is not release:
            self._moved, self._released_to = dict(self.runs.items()), release
        self._moved = {key: run for key, run in self._moved.items() if run.ended and key in self.runs}
        ready = {key for key, run in self._moved.items() if run.id not in self._leg}
        for key in ready if len(ready) < 2 else [key for key in self.runs if key in ready]:
            run = self.runs.pop(key)
            del self._moved[key]
            self._parts.forget(run)
            self._copies.pop(key, None)
            release(run)
            self._ended[key] = Watched(
                run.id, run.lifecycle, run.file, status=run.status, wire=run.wire, streamed=run.streamed
            )
        while len(self._ended) > self.remember:
            del self._ended[next(iter(self._ended))]


_AGUI = "agui.run"
_FEW = 64
"""Of fewer statuses each is judged by itself: to ask for the steps first would take longer."""
_FLAT = Layout()
"""How an assistant's objects are laid out: everything at the top, times in seconds."""
_BEFORE_THE_RUN = frozenset({"thread.created"})
"""Events of an assistant's stream that can only come before the run's own."""


def _default() -> Lifecycle:
    """The lifecycle that judges what does not say what it is: the first of the catalogue."""
    return next(iter(CATALOGUE.values()))


@lru_cache(maxsize=256)
def _is_flat(lifecycle: Lifecycle) -> bool:
    """Whether its objects are laid out as an assistant's; to compare layouts took 4 us an observation."""
    return lifecycle.layout == _FLAT


def _kind(value: Mapping[str, Any]) -> str | None:
    """What an object says it is, by the first of the three usual keys."""
    return next((value[key] for key in KINDS if isinstance(value.get(key), str)), None)
