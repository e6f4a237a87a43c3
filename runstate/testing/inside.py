"""What happens inside a simulated run of an assistant: its steps and messages, as `runstate.nesting` values bind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from runstate.codec import encode
from runstate.engine import apply, create
from runstate.frozen import freeze
from runstate.lifecycle import Lifecycle, Transition
from runstate.lifecycles.assistants_parts import MESSAGE_IN_RUN, STEP_IN_RUN
from runstate.nesting import Nesting
from runstate.record import IncompleteDetails, LastError, Message, RunStep, Usage
from runstate.testing.choosing import Chooser, Item

__all__ = ["RunParts"]

R = TypeVar("R", RunStep, Message)
WORDS = ("High", " water", " at", " Kiel", " is", " at", " 14:20.")
COUNTS = ("prompt_tokens", "completion_tokens")


class RunParts:
    """The steps and messages of one run while its history comes about."""

    def __init__(self, chooser: Chooser, number: int) -> None:
        self.chooser = chooser
        self.number = number
        self.made = 0
        self.step: RunStep | None = None
        """The open one."""
        self.message: Message | None = None
        """The open one, within the open step."""
        self.text = ""
        self.sums: dict[str, int] = {}
        """Of the usages of the steps that have ended."""
        self.unknown = False
        """Whether one has ended without saying its usage."""

    def opening(self, run: Any) -> tuple[Item, ...]:
        """The thread, where one call creates it with the run."""
        if self.chooser.randint(0, 3) < 3:
            return ()
        thread = {"id": run.thread_id, "object": "thread", "created_at": run.created_at, "metadata": {}}
        return ({"event": "thread.created", "data": thread},)

    def work(self, run: Any, tick: Callable[[], float]) -> list[Item]:
        """What is done while the run is in this status; the last step may stay open."""
        told: list[Item] = []
        if run.status not in STEP_IN_RUN.inside:
            return told
        for _ in range(self.chooser.randint(0, 2)):
            if self.step is None:
                told += self._open(run, self.chooser.choice(("message_creation", "tool_calls")), tick())
            told += self._deltas()
            if self.message is not None and self.chooser.randint(0, 3):
                told += self._end_message(MESSAGE_IN_RUN.child.statuses[1:2], tick())
            if self.message is not None or not self.chooser.randint(0, 3):
                break
            told += self._end_step(_completed(STEP_IN_RUN), tick())
        return told

    def before(self, run: Any, edge: Transition, given: dict[str, Any], at: float) -> list[Item]:
        """What is told just before the run moves; what the event is given is fitted to it."""
        told: list[Item] = []
        holds = STEP_IN_RUN.holds
        if edge.target in holds:
            told += self._end(_completed(MESSAGE_IN_RUN), _completed(STEP_IN_RUN), at)
            told += self._open(run, holds[edge.target], at)
            told += self._call_deltas(encode(given["required_action"])["submit_tool_outputs"]["tool_calls"])
        elif edge.target in run.__lifecycle__.terminal:
            message_ends = _ends(MESSAGE_IN_RUN, run.status, edge.target)
            told += self._end(message_ends, _ends(STEP_IN_RUN, run.status, edge.target), at)
            if self.sums and not self.unknown and "usage" in given:
                given["usage"] = Usage(self.sums["prompt_tokens"], self.sums["completion_tokens"])
        elif run.status in holds and edge.target not in STEP_IN_RUN.inside:
            told += self._end_step(_completed(STEP_IN_RUN), at)
        return told

    # -- one kind of event each ---------------------------------------------------------------------------------------

    def _open(self, run: Any, kind: str, at: float) -> list[Item]:
        self.made += 1
        own = f"{self.number}_{self.made}"
        about: Mapping[str, Any] = {"tool_calls": ()}
        if kind == MESSAGE_IN_RUN.within:
            about = {kind: {"message_id": f"msg_{own}"}}
        names = {"run_id": run.id, "thread_id": run.thread_id, "assistant_id": run.assistant_id}
        details = freeze({"type": kind, **about})
        self.step = create(
            RunStep, at=at, id=f"step_{own}", type=kind, step_details=details, expires_at=run.expires_at, **names
        ).run
        told = _announced(STEP_IN_RUN, self.step, at_creation=True)
        if kind == MESSAGE_IN_RUN.within:
            self.text = ""
            self.message = create(Message, at=at, id=f"msg_{own}", **names).run
            told += _announced(MESSAGE_IN_RUN, self.message, at_creation=True)
        return told

    def _deltas(self) -> list[Item]:
        told: list[Item] = []
        if self.message is not None:
            for word in WORDS[: self.chooser.randint(0, 3)]:
                self.text += word
                content = [{"index": 0, "type": "text", "text": {"value": word}}]
                told.append(_delta(MESSAGE_IN_RUN, self.message.id, {"content": content}))
        elif self.step is not None:
            call = {"index": 0, "type": "code_interpreter", "code_interpreter": {"input": "14 + 6"}}
            piece = {"step_details": {"type": self.step.type, self.step.type: [call]}}
            told += [_delta(STEP_IN_RUN, self.step.id, piece) for _ in range(self.chooser.randint(0, 2))]
        return told

    def _call_deltas(self, calls: list[Item]) -> list[Item]:
        if self.step is None:
            return []
        self.step = attrs.evolve(self.step, step_details=freeze({"type": self.step.type, self.step.type: calls}))
        pieces = ({"type": self.step.type, self.step.type: [{"index": i, **call}]} for i, call in enumerate(calls))
        return [_delta(STEP_IN_RUN, self.step.id, {"step_details": piece}) for piece in pieces]

    def _end(self, message_ends: tuple[str, ...], step_ends: tuple[str, ...], at: float) -> list[Item]:
        return self._end_message(message_ends, at) + self._end_step(step_ends, at)

    def _end_message(self, ends: tuple[str, ...], at: float) -> list[Item]:
        message, self.message = self.message, None
        if message is None:
            return []
        content = freeze([{"type": "text", "text": {"value": self.text, "annotations": []}}])
        return self._ended(MESSAGE_IN_RUN, attrs.evolve(message, content=content), ends, at)

    def _end_step(self, ends: tuple[str, ...], at: float) -> list[Item]:
        step, self.step = self.step, None
        if step is None:
            return []
        told = self._ended(STEP_IN_RUN, step, ends, at)
        usage = told[0]["data"]["usage"]
        if usage is None:
            self.unknown = True
        else:
            self.sums = {name: self.sums.get(name, 0) + usage[name] for name in COUNTS}
        return told

    def _ended(self, nesting: Nesting, part: Any, ends: tuple[str, ...], at: float) -> list[Item]:
        end = self.chooser.choice(ends)
        edge = next(edge for edge in nesting.child.legal(part.status) if edge.target == end)
        given: dict[str, Any] = {}
        for name in (*edge.does.takes, *edge.does.may_take):
            if name == "last_error":
                given[name] = LastError("server_error", "It did not go well.")
            elif name == "incomplete_details":
                given[name] = IncompleteDetails("max_tokens")
            elif name == STEP_IN_RUN.adds_up and self.chooser.randint(0, 7):
                given[name] = Usage(self.chooser.randint(0, 500), self.chooser.randint(0, 100))
        return _announced(nesting, apply(part, edge.event, at=at, **given).run)


def _completed(nesting: Nesting) -> tuple[str, ...]:
    """The end that leaves the run free to end in any way: the one that is allowed with all its ends."""
    ends = [status for status in nesting.child.statuses if status in nesting.child.terminal]
    return tuple(end for end in ends if all(end in allowed for allowed in nesting.ends.values()))


def _ends(nesting: Nesting, status: str, target: str) -> tuple[str, ...]:
    """How a part may end while the run is in one status and about to end in another."""
    child: Lifecycle = nesting.child
    here = child.terminal if status in nesting.inside else nesting.ends_inside.get(status, frozenset())
    there = nesting.ends.get(target, child.terminal)
    return tuple(end for end in child.statuses if end in child.terminal and end in here and end in there)


def _announced(nesting: Nesting, part: Any, *, at_creation: bool = False) -> list[Item]:
    lifecycle = nesting.child
    edge = next(e for e in lifecycle.transitions if e.target == part.status and (e.source is None) is at_creation)
    value = encode(part)
    return [{"event": name, "data": value} for name in edge.wire]


def _delta(nesting: Nesting, part_id: str, piece: Mapping[str, Any]) -> Item:
    kind = f"{nesting.child.objects[0]}.delta"
    return {"event": nesting.delta, "data": {"id": part_id, "object": kind, "delta": dict(piece)}}
