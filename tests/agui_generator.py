"""Streams of AG-UI for the tests, from a seed: legal ones rich in entities, near misses of them, and random ones.

The generator knows nothing of the judge.  It uses `random.Random.random` alone, whose sequence Python promises never to
change, so a seed gives the same streams everywhere.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import attrs

__all__ = ["stream", "streams"]

Event = dict[str, Any]
T = TypeVar("T")

IDS: Final = ("a", "b", "c", "d", "", "m1", "t1")
"""Few, and the same for every kind of entity, so that they meet."""
AGENTS: Final = ("s1", "s2", "s3", "")
STEPS: Final = ("plan", "act", "a")
ODD: Final[tuple[Any, ...]] = (None, 0, 1, 1.5, True, False, "", "1", [], ["a"], {}, {"id": "a"}, -1, {"toString": 1})
ROLES: Final = ("developer", "system", "assistant", "user")

TRIADS: Final = {
    "text": ("TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "messageId"),
    "tool": ("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "toolCallId"),
    "reasoning": (
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_END",
        "messageId",
    ),
    "span": ("REASONING_START", None, "REASONING_END", "messageId"),
    "step": ("STEP_STARTED", None, "STEP_FINISHED", "stepName"),
}

# fmt: off
TYPES: Final = (
    "RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "STEP_STARTED", "STEP_FINISHED", "TEXT_MESSAGE_START",
    "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "TEXT_MESSAGE_CHUNK", "TOOL_CALL_START", "TOOL_CALL_ARGS",
    "TOOL_CALL_END", "TOOL_CALL_CHUNK", "TOOL_CALL_RESULT", "STATE_SNAPSHOT", "STATE_DELTA", "MESSAGES_SNAPSHOT",
    "ACTIVITY_SNAPSHOT", "ACTIVITY_DELTA", "RAW", "CUSTOM", "REASONING_START", "REASONING_MESSAGE_START",
    "REASONING_MESSAGE_CONTENT", "REASONING_MESSAGE_END", "REASONING_MESSAGE_CHUNK", "REASONING_END",
    "REASONING_ENCRYPTED_VALUE", "SUBAGENT_STARTED", "SUBAGENT_FINISHED", "SUBAGENT_ERROR",
)
# fmt: on


class Dice:
    """Choices from `random.Random.random` alone."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(str(seed)).random

    def below(self, count: int) -> int:
        return int(self._random() * count)

    def one(self, of: Sequence[T]) -> T:
        return of[self.below(len(of))]

    def chance(self, share: float) -> bool:
        return self._random() < share

    def weighted(self, of: Sequence[tuple[int, T]]) -> T:
        at = self.below(sum(weight for weight, _ in of))
        for weight, value in of:
            at -= weight
            if at < 0:
                return value
        return of[-1][1]


@attrs.define
class Producer:
    """Sends what is legal, by a small model of its own."""

    dice: Dice
    sent: list[Event] = attrs.field(factory=list)
    open: list[tuple[str, str, str | None]] = attrs.field(factory=list)
    """(kind, id, owner)"""
    owners: dict[tuple[str, str], str | None] = attrs.field(factory=dict)
    live: list[str] = attrs.field(factory=list)
    started: list[str] = attrs.field(factory=list)
    lanes: dict[str | None, tuple[str, str, Event]] = attrs.field(factory=dict)
    threads: str = "t"
    number: int = 0

    def send(self, kind: str, owner: str | None = None, **fields: Any) -> None:
        event: Event = {"type": kind, **{k: v for k, v in fields.items() if v is not None}}
        if owner is not None:
            event["subagentRunId"] = owner
        if self.dice.chance(0.02):
            event["timestamp"] = self.dice.below(10**6)
        if self.dice.chance(0.01):
            event["metadata"] = {"k": None}
        if self.dice.chance(0.01):
            event[self.dice.one(("rawEvent", "extra", "name2"))] = self.dice.one((1, "x", {"y": 1}))
        self.sent.append(event)

    # -- runs -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.number += 1
        self.open, self.owners, self.live, self.started, self.lanes = [], {}, [], [], {}
        fields: Event = {"threadId": self.threads, "runId": f"r{self.number}"}
        if self.dice.chance(0.2):
            fields["input"] = {**fields, "messages": self.history(anew=False), "tools": [], "context": []}
            if self.dice.chance(0.3):
                fields["input"]["resume"] = [{"interruptId": "i1", "status": "resolved"}]
        if self.dice.chance(0.1):
            fields["protocolVersion"] = "1.1"
        self.send("RUN_STARTED", **fields)

    def finish(self) -> None:
        self.lanes.clear()
        while self.open:
            self.close(self.dice.below(len(self.open)))
        for agent in list(self.live):
            self.end_agent(agent)
        outcome: Any = self.dice.weighted(
            (
                (10, None),
                (3, {"type": "success"}),
                (2, {"type": "cancelled"}),
                (3, {"type": "interrupt", "interrupts": [self.interrupt(), self.interrupt()]}),
                (1, {"type": "later"}),
            )
        )
        ids = {"threadId": self.threads, "runId": f"r{self.number}"}
        self.send("RUN_FINISHED", outcome=copy.deepcopy(outcome), **ids)

    def interrupt(self) -> Event:
        made: Event = {"id": self.dice.one(("i1", "i2")), "reason": "approval"}
        if self.dice.chance(0.4):
            made["subagentRunId"] = self.dice.one(AGENTS)
        return made

    # -- entities -------------------------------------------------------------------------------------------------

    def agent(self) -> str | None:
        return self.dice.one(AGENTS) if self.dice.chance(0.35) else None

    def begin(self) -> None:
        kind = self.dice.one(tuple(TRIADS))
        opens, _, _, field = TRIADS[kind]
        name = self.dice.one(STEPS if kind == "step" else IDS)
        owner = self.agent()
        if kind == "step":
            if any(one[0] == "step" and one[1:] == (name, owner) for one in self.open):
                return
            self.close_lane(owner)
            self.open.append((kind, name, owner))
            self.send(opens, owner, stepName=name)
            return
        if any(one[:2] == (kind, name) for one in self.open) or any(
            lane[:2] == (kind, name) for lane in self.lanes.values()
        ):
            return
        more: Event = {}
        bucket = "reasoning" if kind == "span" else kind
        if kind == "tool":
            more["toolCallName"] = "search"
            if self.dice.chance(0.4):
                parent = self.dice.one(IDS)
                more["parentMessageId"] = parent
                if ("text", parent) in self.owners:
                    held = self.owners["text", parent]
                    if (bucket, name) in self.owners and self.owners[bucket, name] != held:
                        del more["parentMessageId"]
                    elif held is not None:
                        owner = held if self.dice.chance(0.5) else None
                        self.owners.setdefault((bucket, name), held)
                    else:
                        owner = None
        if kind == "text" and self.dice.chance(0.7):
            more["role"] = self.dice.one(ROLES)
        if kind == "reasoning":
            more["role"] = "reasoning"
        known = self.owners.get((bucket, name), owner) if (bucket, name) in self.owners else owner
        tag = owner if (bucket, name) not in self.owners else (known if self.dice.chance(0.6) else None)
        self.owners.setdefault((bucket, name), tag)
        self.close_lane(tag)
        self.open.append((kind, name, self.owners[bucket, name]))
        self.send(opens, tag, **{field: name}, **more)

    def tag(self, kind: str, owner: str | None) -> str | None:
        return owner if kind == "step" or self.dice.chance(0.5) else None

    def go_on(self) -> None:
        going = [one for one in self.open if TRIADS[one[0]][1]]
        if not going:
            return
        kind, name, owner = self.dice.one(going)
        tag = self.tag(kind, owner)
        self.close_lane(tag)
        self.send(TRIADS[kind][1] or "", tag, **{TRIADS[kind][3]: name, "delta": self.dice.one(("x", "", "yz"))})

    def close(self, at: int) -> None:
        kind, name, owner = self.open.pop(at)
        tag = self.tag(kind, owner)
        self.close_lane(tag)
        self.send(TRIADS[kind][2] or "", tag, **{TRIADS[kind][3]: name})

    # -- subagents ------------------------------------------------------------------------------------------------

    def begin_agent(self) -> None:
        fresh = [one for one in AGENTS if one not in self.started]
        if not fresh:
            return
        agent = self.dice.one(fresh)
        more: Event = {}
        if self.started and self.dice.chance(0.4):
            more["parentSubagentRunId"] = self.dice.one(self.started)
        if self.dice.chance(0.2):
            more["description"] = "looks things up"
        if self.dice.chance(0.2):
            more[self.dice.one(("parentToolCallId", "parentMessageId"))] = self.dice.one(IDS)
        self.live.append(agent)
        self.started.append(agent)
        self.send("SUBAGENT_STARTED", agent, name="researcher", **more)

    def end_agent(self, agent: str) -> None:
        self.live.remove(agent)
        self.lanes.pop(agent, None)
        if self.dice.chance(0.25):
            self.send("SUBAGENT_ERROR", agent, message="no", code=self.dice.one((None, "E1")))
            return
        outcome = self.dice.one(
            (
                None,
                None,
                {"type": "success"},
                {"type": "suspended"},
                {"type": "suspended", "interruptIds": ["i1", "i2"]},
            )
        )
        self.send("SUBAGENT_FINISHED", agent, outcome=copy.deepcopy(outcome))

    # -- chunks ---------------------------------------------------------------------------------------------------

    def close_lane(self, owner: str | None) -> None:
        self.lanes.pop(owner, None)

    def chunk(self) -> None:
        lane = self.agent()
        held = self.lanes.get(lane)
        if held is not None and self.dice.chance(0.7):
            kind, name, first = held
            event: Event = {"delta": "x"} if self.dice.chance(0.8) else {}
            field = "toolCallId" if kind == "tool" else "messageId"
            if self.dice.chance(0.4):
                event[field] = name
            for repeated in ("role", "name", "toolCallName", "parentMessageId"):
                if repeated in first and self.dice.chance(0.4):
                    event[repeated] = first[repeated]
            self.send(self.chunk_type(kind), lane, **event)
            return
        kind = self.dice.one(("text", "tool", "reasoning"))
        name = f"k{len(self.sent)}" if self.dice.chance(0.5) else self.dice.one(IDS)
        if any(one[:2] == (kind, name) for one in self.open) or any(
            one[:2] == (kind, name) for one in self.lanes.values()
        ):
            return
        if self.owners.get((kind, name), lane) != lane:
            return
        event = {"toolCallId" if kind == "tool" else "messageId": name}
        if kind == "tool":
            event["toolCallName"] = "search"
        elif kind == "text" and self.dice.chance(0.5):
            event["role"] = self.dice.one(ROLES)
            if self.dice.chance(0.5):
                event["name"] = "n"
        if self.dice.chance(0.6):
            event["delta"] = "x"
        self.lanes.pop(lane, None)
        self.lanes[lane] = (kind, name, dict(event))
        self.owners.setdefault((kind, name), lane)
        self.send(self.chunk_type(kind), lane, **event)

    @staticmethod
    def chunk_type(kind: str) -> str:
        return {"text": "TEXT_MESSAGE_CHUNK", "tool": "TOOL_CALL_CHUNK", "reasoning": "REASONING_MESSAGE_CHUNK"}[kind]

    # -- the rest -------------------------------------------------------------------------------------------------

    def history(self, *, anew: bool) -> list[Event]:
        made: list[Event] = []
        for _ in range(self.dice.below(4)):
            role = self.dice.one(("assistant", "assistant", "user", "reasoning", "activity", "tool", "system"))
            message: Event = {"id": self.dice.one(IDS), "role": role, "content": "x"}
            if role == "activity":
                message.update(activityType="PLAN", content={})
            if role == "tool":
                message["toolCallId"] = self.dice.one(IDS)
            owner = self.agent()
            if owner is not None:
                message["subagentRunId"] = owner
            bucket = role if role in ("reasoning", "activity") else "text"
            calls = [self.dice.one(IDS) for _ in range(self.dice.below(3))] if role == "assistant" else []
            if calls:
                call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
                message["toolCalls"] = [{"id": one, **copy.deepcopy(call)} for one in calls]
            for key in ((bucket, message["id"]), *(("tool", one) for one in calls)):
                if anew or key not in self.owners:
                    self.owners[key] = owner
            made.append(message)
        if anew:
            self.open = [
                (kind, name, self.owners.get(("reasoning" if kind == "span" else kind, name), owner))
                if kind != "step"
                else (kind, name, owner)
                for kind, name, owner in self.open
            ]
        return made

    def other(self) -> None:
        owner = self.agent()
        kind = self.dice.one(
            (
                "TOOL_CALL_RESULT",
                "STATE_SNAPSHOT",
                "STATE_DELTA",
                "MESSAGES_SNAPSHOT",
                "ACTIVITY_SNAPSHOT",
                "ACTIVITY_DELTA",
                "RAW",
                "CUSTOM",
                "REASONING_ENCRYPTED_VALUE",
                "LATER_EVENT",
            )
        )
        name = self.dice.one(IDS)
        if kind in ("TOOL_CALL_RESULT", "STATE_SNAPSHOT", "STATE_DELTA", "CUSTOM"):
            self.close_lane(owner)
        if kind == "TOOL_CALL_RESULT":
            if any(one[:2] == ("text", name) for one in self.open):
                return
            self.owners["text", name] = owner
            self.send(kind, owner, messageId=name, toolCallId=self.dice.one(IDS), content="x")
        elif kind == "STATE_SNAPSHOT":
            self.send(kind, owner, snapshot={"n": 1})
        elif kind == "STATE_DELTA":
            self.send(kind, owner, delta=[{"op": "add", "path": "/n", "value": 1}])
        elif kind == "MESSAGES_SNAPSHOT":
            self.lanes.clear()
            self.send(kind, messages=self.history(anew=True))
        elif kind == "ACTIVITY_SNAPSHOT":
            replace = self.dice.one((None, None, True, False))
            if ("activity", name) not in self.owners or replace is not False:
                self.owners["activity", name] = owner
            self.send(kind, owner, messageId=name, activityType="PLAN", content={}, replace=replace)
        elif kind == "ACTIVITY_DELTA":
            tag = self.owners.get(("activity", name)) if self.dice.chance(0.5) else None
            self.send(kind, tag, messageId=name, activityType="PLAN", patch=[])
        elif kind == "RAW":
            self.send(kind, owner, event={"x": 1})
        elif kind == "CUSTOM":
            self.send(kind, owner, name="c", value=1)
        elif kind == "REASONING_ENCRYPTED_VALUE":
            subtype = self.dice.one(("tool-call", "message"))
            buckets = ("tool",) if subtype == "tool-call" else ("text", "reasoning")
            held = next((self.owners[b, name] for b in buckets if (b, name) in self.owners), None)
            tag = held if self.dice.chance(0.5) else None
            self.send(kind, tag, subtype=subtype, entityId=name, encryptedValue="x")
        else:
            self.send(kind, owner, name="later")

    def play(self, steps: int) -> None:
        actions: tuple[tuple[int, Callable[[], None]], ...] = (
            (6, self.begin),
            (7, self.go_on),
            (5, lambda: self.close(self.dice.below(len(self.open))) if self.open else None),
            (2, self.begin_agent),
            (1, lambda: self.end_agent(self.dice.one(self.live)) if self.live else None),
            (4, self.chunk),
            (3, self.other),
        )
        for _ in range(steps):
            self.dice.weighted(actions)()


def legal(dice: Dice) -> list[Event]:
    """One to three runs of a producer that means well; chunks may still contradict what streams beside them."""
    producer = Producer(dice)
    if dice.chance(0.05):
        producer.send("RUN_ERROR", message="the agent was not reached")
    for _ in range(dice.weighted(((6, 1), (2, 2), (1, 3)))):
        producer.start()
        producer.play(2 + dice.below(14))
        end = dice.weighted(((7, "finish"), (1, "error"), (1, "both")))
        if end != "error":
            producer.finish()
        if end != "finish":
            producer.send("RUN_ERROR", message="no")
    return producer.sent


# --- near misses ------------------------------------------------------------------------------------------------------


def _holder(dice: Dice, events: list[Event], *names: str) -> Event | None:
    found = [event for event in events if any(name in event for name in names)]
    return dice.one(found) if found else None


def drop(dice: Dice, events: list[Event]) -> None:
    del events[dice.below(len(events))]


def double(dice: Dice, events: list[Event]) -> None:
    at = dice.below(len(events))
    events.insert(at + dice.below(3), copy.deepcopy(events[at]))


def swap(dice: Dice, events: list[Event]) -> None:
    first, second = dice.below(len(events)), dice.below(len(events))
    events[first], events[second] = events[second], events[first]


def move(dice: Dice, events: list[Event]) -> None:
    events.insert(dice.below(len(events)), events.pop(dice.below(len(events))))


def rename(dice: Dice, events: list[Event]) -> None:
    names = ("messageId", "toolCallId", "stepName", "entityId", "parentMessageId")
    event = _holder(dice, events, *names)
    if event is not None:
        name = dice.one([name for name in names if name in event])
        event[name] = dice.one((*IDS, *STEPS)) if dice.chance(0.9) else dice.one(ODD)


def give_away(dice: Dice, events: list[Event]) -> None:
    event = dice.one(events)
    owner = dice.weighted(((6, dice.one(AGENTS)), (2, "drop"), (1, None), (1, dice.one(ODD))))
    if owner == "drop":
        event.pop("subagentRunId", None)
    else:
        event["subagentRunId"] = owner


def spoil(dice: Dice, events: list[Event]) -> None:
    event = dice.one(events)
    event[dice.one(tuple(event))] = copy.deepcopy(dice.one(ODD))


def forget(dice: Dice, events: list[Event]) -> None:
    event = dice.one(events)
    del event[dice.one(tuple(event))]


def insert(dice: Dice, events: list[Event]) -> None:
    events.insert(dice.below(len(events) + 1), anything(dice))


def retype(dice: Dice, events: list[Event]) -> None:
    dice.one(events)["type"] = dice.one(TYPES)


def restart(dice: Dice, events: list[Event]) -> None:
    kind = dice.one(("RUN_STARTED", "RUN_FINISHED", "RUN_ERROR"))
    event: Event = {"type": kind, "threadId": "t", "runId": "r1", "message": "x"}
    events.insert(dice.below(len(events) + 1), event)


def odd_agent(dice: Dice, events: list[Event]) -> None:
    """An event of a subagent with one field wrong."""
    kind = dice.one(("SUBAGENT_STARTED", "SUBAGENT_FINISHED", "SUBAGENT_ERROR"))
    event: Event = {"type": kind, "subagentRunId": dice.one(("s1", "s2", "s9")), "name": "n", "message": "m"}
    fault = dice.below(11)
    if fault < 2:
        event[dice.one(("description", "parentSubagentRunId", "parentToolCallId", "parentMessageId", "code"))] = None
    elif fault < 4:
        event["outcome"] = copy.deepcopy(dice.one((*ODD, {"type": "failed"}, {"type": {}}, {"type": None})))
    elif fault == 4:
        event["outcome"] = {"type": dice.one(("success", "suspended")), "interruptIds": None}
    elif fault == 5:
        ids = copy.deepcopy(dice.one(([1], ["i", None], ["i", {}], "i", 1, [])))
        event["outcome"] = {"type": "suspended", "interruptIds": ids}
    elif fault == 6:
        event.pop(dice.one(("subagentRunId", "name", "message") if dice.chance(0.5) else ("message",)))
    elif fault == 7:
        event[dice.one(("name", "message"))] = copy.deepcopy(dice.one(ODD[1:]))
    elif fault >= 9:
        event["parentSubagentRunId"] = dice.one((*AGENTS, "s9", "", 1))
    events.insert(1 + dice.below(len(events)), event)


def odd_messages(dice: Dice, events: list[Event]) -> None:
    """A history with something wrong, in a snapshot or the input of a run."""
    message: Any = {"id": dice.one(IDS), "role": dice.one(("assistant", "reasoning", "activity", "user", "later"))}
    fault = dice.below(7)
    if fault == 0:
        message["subagentRunId"] = None
    elif fault == 1:
        message["toolCalls"] = copy.deepcopy(dice.one((1, 0, {}, True, False, "ab", "", None, [None, 1, "a"])))
    elif fault == 2:
        message["id"] = copy.deepcopy(dice.one(ODD))
        message["subagentRunId"] = None
    elif fault == 3:
        message["subagentRunId"] = copy.deepcopy(dice.one((*AGENTS, *ODD)))
        message["toolCalls"] = [{"id": dice.one((*IDS, 1, None))}, {}, None]
    elif fault == 4:
        message = copy.deepcopy(dice.one(ODD))
    else:
        message["subagentRunId"] = dice.one(AGENTS)
        message["toolCalls"] = [{"id": dice.one(IDS)}]
    messages: Any = [message] if dice.chance(0.9) else copy.deepcopy(dice.one(ODD))
    if dice.chance(0.5):
        events.insert(1 + dice.below(len(events)), {"type": "MESSAGES_SNAPSHOT", "messages": messages})
        return
    started = [event for event in events if event.get("type") == "RUN_STARTED"]
    if started:
        given: Any = {"threadId": "t", "runId": "r", "messages": messages}
        dice.one(started)["input"] = given if dice.chance(0.9) else copy.deepcopy(dice.one(ODD))


def odd_outcome(dice: Dice, events: list[Event]) -> None:
    """The outcome of a run with something wrong."""
    finished = [event for event in events if event.get("type") == "RUN_FINISHED"]
    if not finished:
        return
    interrupt: Any = {"id": copy.deepcopy(dice.one(("i1", "i2", {"a": 1}))), "reason": "x", "subagentRunId": None}
    if dice.chance(0.3):
        interrupt = copy.deepcopy(dice.one((None, 1, "i", {}, {"subagentRunId": 1}, {"id": "i", "reason": "r"})))
    outcome: Any = {"type": "interrupt", "interrupts": [{"id": "i0", "reason": "x"}, interrupt]}
    if dice.chance(0.3):
        outcome = copy.deepcopy(
            dice.one(
                ({"type": "interrupt"}, {"type": "success", "interrupts": [interrupt]}, {}, {"type": None}, None, "")
            )
        )
    dice.one(finished)["outcome"] = outcome


def calls_of_others(dice: Dice, events: list[Event]) -> None:
    """A tool call opened again, or in a message of another owner."""
    first, second, call = dice.one(IDS), dice.one(IDS), dice.one(IDS)
    made: list[Event] = []
    for name, owner in ((first, dice.one(AGENTS)), (second, dice.one((*AGENTS, None)))):
        tag = {} if owner is None else {"subagentRunId": owner}
        made.append({"type": "TEXT_MESSAGE_START", "messageId": name, **tag})
        made.append({"type": "TEXT_MESSAGE_END", "messageId": name})
    for name in (first, second):
        tag = {"subagentRunId": dice.one(AGENTS)} if dice.chance(0.3) else {}
        parent = {} if dice.chance(0.1) else {"parentMessageId": name}
        made.append({"type": "TOOL_CALL_START", "toolCallId": call, "toolCallName": "f", **parent, **tag})
        made.append({"type": "TOOL_CALL_END", "toolCallId": call})
    at = 1 + dice.below(len(events))
    events[at:at] = made


def owned_by_others(dice: Dice, events: list[Event]) -> None:
    """Something of one owner, and an event of another about it."""
    name, owner, other = dice.one(IDS), dice.one((*AGENTS, None)), dice.one((*AGENTS, None))
    tag = {} if owner is None else {"subagentRunId": owner}
    wrong = {} if other is None else {"subagentRunId": other}
    kind = dice.one((*TRIADS, "activity", "encrypted", "encrypted", "result"))
    made: list[Event]
    if kind == "activity":
        snapshot: Event = {"type": "ACTIVITY_SNAPSHOT", "messageId": name, "activityType": "P", "content": {}}
        made = [{**snapshot, **tag}]
        if dice.chance(0.5):
            made.append({**snapshot, "replace": dice.one((True, False, None, 0)), "subagentRunId": dice.one(AGENTS)})
        made.append({"type": "ACTIVITY_DELTA", "messageId": name, "activityType": "P", "patch": [], **wrong})
    elif kind == "result":
        result: Event = {"type": "TOOL_CALL_RESULT", "messageId": name, "toolCallId": "t", "content": "x"}
        made = [{**result, **tag}, {"type": "TEXT_MESSAGE_START", "messageId": name, **wrong}]
    else:
        triad = dice.one(("text", "tool", "reasoning", "span")) if kind == "encrypted" else kind
        opens, goes_on, closes, field = TRIADS[triad]
        more = {"toolCallName": "f"} if triad == "tool" else {"role": "reasoning"} if triad == "reasoning" else {}
        made = [{"type": opens, field: name, **more, **tag}]
        if kind == "encrypted":
            made.append({"type": closes, field: name})
            value: Event = {"type": "REASONING_ENCRYPTED_VALUE", "entityId": name, "encryptedValue": "x"}
            made.append({**value, "subtype": dice.one(("tool-call", "message", "later", 1)), **wrong})
        else:
            last = dice.one([one for one in (goes_on, closes, "again") if one])
            if last == "again":
                made.append({"type": closes, field: name, **tag})
                last = opens
            made.append({"type": last, field: name, **({"delta": "x"} if last == goes_on else more), **wrong})
    at = 1 + dice.below(len(events))
    events[at:at] = made


def again(dice: Dice, events: list[Event]) -> None:
    """Something opened twice: while it is open, or (which only a subagent must not be) after it was closed."""
    kind = dice.one((*TRIADS, "agent", "agent"))
    opens, closes, field = ("SUBAGENT_STARTED", dice.one(("SUBAGENT_FINISHED", "SUBAGENT_ERROR")), "subagentRunId")
    if kind != "agent":
        opens, _, closes, field = TRIADS[kind]
    event: Event = {"type": opens, field: dice.one(("x", "y", *IDS[:2])), "name": "n"}
    if kind != "agent" and dice.chance(0.3):
        event["subagentRunId"] = dice.one(AGENTS)
    made = [event, copy.deepcopy(event)]
    if dice.chance(0.5):
        made.insert(1, {**event, "type": closes, "message": "m"})
    at = 1 + dice.below(len(events))
    events[at:at] = made


def lanes(dice: Dice, events: list[Event]) -> None:
    """Several owners with a chunked stream of one kind, and a chunk that does not say whose it is."""
    kind, field = dice.one((("TEXT_MESSAGE_CHUNK", "messageId"), ("TOOL_CALL_CHUNK", "toolCallId")))
    if dice.chance(0.3):
        kind = "REASONING_MESSAGE_CHUNK"
        field = "messageId"
    made: list[Event] = []
    for owner in AGENTS[: 1 + dice.below(3)]:
        more = {"toolCallName": "f"} if field == "toolCallId" else {}
        made.append({"type": kind, field: f"l{owner}", "subagentRunId": owner, "delta": "x", **more})
    if dice.chance(0.3):
        made.insert(dice.below(len(made) + 1), anything(dice))
    last: Event = {"type": kind, "delta": "y"}
    if dice.chance(0.3):
        last.update({field: made[0].get(field, "l"), "subagentRunId": dice.one(AGENTS)})
    made.append(last)
    at = 1 + dice.below(len(events))
    events[at:at] = made


def odd_chunks(dice: Dice, events: list[Event]) -> None:
    """A few chunks that may contradict one another."""
    made: list[Event] = []
    kinds = ("TEXT_MESSAGE_CHUNK", "TOOL_CALL_CHUNK", "REASONING_MESSAGE_CHUNK")
    kind = dice.one(kinds)
    for _ in range(2 + dice.below(4)):
        if dice.chance(0.15):
            kind = dice.one(kinds)
        field = "toolCallId" if kind == "TOOL_CALL_CHUNK" else "messageId"
        event: Event = {"type": kind}
        if dice.chance(0.55):
            event[field] = dice.one(IDS[:3]) if dice.chance(0.95) else copy.deepcopy(dice.one(ODD))
            if kind == "TOOL_CALL_CHUNK" and dice.chance(0.9):
                event["toolCallName"] = dice.one(("f", "f", "f", "g"))
        if dice.chance(0.5):
            event["subagentRunId"] = dice.one(AGENTS[:2]) if dice.chance(0.9) else copy.deepcopy(dice.one(ODD))
        for name, values in (
            ("role", ("assistant", "user", None)),
            ("name", ("n", "o", None)),
            ("toolCallName", ("f", None)),
            ("parentMessageId", ("a", "b", None)),
            ("metadata", ({"k": 1}, None)),
            ("rawEvent", (1, None)),
            ("extra", (1,)),
        ):
            if dice.chance(0.12):
                event[name] = copy.deepcopy(dice.one(values))
        if dice.chance(0.6):
            event["delta"] = dice.one(("x", "", None)) if dice.chance(0.1) else "x"
        made.append(event)
        if dice.chance(0.1):
            made.append(anything(dice))
    at = 1 + dice.below(len(events))
    events[at:at] = made


def deep(dice: Dice, events: list[Event]) -> None:
    """Something within an event replaced, left out or added, at any depth."""
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    nested = [event for event in events if any(isinstance(value, dict | list) for value in event.values())]
    walk(dice.one(nested or events))
    for _ in range(1 + dice.below(2)):
        within, key = dice.one(places)
        fault = dice.below(6)
        if fault == 0 and isinstance(within, dict):
            within.pop(key, None)
        elif fault == 1 and isinstance(within, dict):
            within[dice.one(("extra", "toString", "__proto__", "subagentRunId", "value", "from"))] = dice.one(ODD[:8])
        elif fault == 2 and isinstance(within, list):
            within.insert(0, copy.deepcopy(dice.one(ODD)))
        elif isinstance(within, dict) or key < len(within):
            values = (*ODD, "later", "/a~2", "a/b", 1.0, 1e300, 2**53, -(2**53), "text", "add", "success", "user")
            within[key] = copy.deepcopy(dice.one(values))


def rich_part(dice: Dice) -> Event:
    """One part of a message's content."""
    kind = dice.one(("text", "text", "image", "audio", "video", "document", "later"))
    if kind == "text":
        return {"type": kind, "text": "x"}
    source = dice.one(
        (
            {"type": "data", "value": "eA==", "mimeType": "image/png"},
            {"type": "url", "value": "https://example.org/x"},
            {"type": "file", "value": "f1", "provider": "p"},
            {"type": "later", "value": 1},
        )
    )
    return {"type": kind, "source": copy.deepcopy(source), "metadata": {"k": 1}}


def rich_patch(dice: Dice) -> list[Event]:
    """A JSON patch."""
    found: list[Event] = []
    for _ in range(dice.below(4)):
        kind = dice.one(("add", "remove", "replace", "move", "copy", "test", "later"))
        change: Event = {"op": kind, "path": dice.one(("", "/a", "/a/b~1c", "/~0"))}
        if kind in ("add", "replace", "test"):
            change["value"] = copy.deepcopy(dice.one(ODD))
        if kind in ("move", "copy"):
            change["from"] = "/a"
        found.append(change)
    return found


def rich(dice: Dice, events: list[Event]) -> None:
    """Legal events with all the fields that the schema gives them, and often something wrong deep within."""
    started = next((event for event in events if event.get("type") == "RUN_STARTED"), None)
    content = [rich_part(dice) for _ in range(dice.below(4))]
    usage = [{"provider": "p", "model": "m", "inputTokens": 1, "outputTokens": 2.0, "totalTokens": 3}]
    messages: list[Event] = [
        {"id": dice.one(IDS), "role": "user", "content": content, "name": "n"},
        {"id": "k2", "role": "tool", "content": content, "toolCallId": "a", "error": "e", "encryptedValue": "v"},
        {"id": "k3", "role": "assistant", "toolCalls": [{"id": "a", "type": "function", "function": {}}]},
        {"id": "k4", "role": "activity", "activityType": "P", "content": {}, "metadata": {}},
        {"id": "k5", "role": dice.one(("system", "developer", "reasoning", "later")), "content": "x"},
    ]
    messages[2]["toolCalls"][0]["function"] = {"name": "f", "arguments": "{}"}
    messages = [copy.deepcopy(one) for one in messages if dice.chance(0.5)]
    made: Event = copy.deepcopy(
        dice.one(
            (
                {"type": "TOOL_CALL_RESULT", "messageId": "k", "toolCallId": "a", "content": content, "role": "tool"},
                {"type": "STATE_DELTA", "delta": rich_patch(dice)},
                {"type": "ACTIVITY_DELTA", "messageId": "k", "activityType": "P", "patch": rich_patch(dice)},
                {"type": "ACTIVITY_SNAPSHOT", "messageId": "k", "activityType": "P", "content": {"a": [1]}},
                {"type": "STATE_SNAPSHOT", "snapshot": dice.one(ODD)},
                {"type": "MESSAGES_SNAPSHOT", "messages": messages},
                {"type": "CUSTOM", "name": "c", "value": dice.one(ODD), "timestamp": 12.0, "rawEvent": {"x": None}},
                {"type": "RAW", "event": dice.one(ODD), "source": "s"},
                {"type": "RUN_ERROR", "message": "m", "code": "c", "usage": usage},
                {"type": "REASONING_ENCRYPTED_VALUE", "subtype": "message", "entityId": "k", "encryptedValue": "v"},
            )
        )
    )
    at = 1 + dice.below(len(events))
    if started is not None and dice.chance(0.3):
        started["input"] = {
            "threadId": "t",
            "runId": "r",
            "protocolVersion": "1.1",
            "state": copy.deepcopy(dice.one(ODD)),
            "messages": messages,
            "tools": [{"name": "f", "description": "d", "parameters": {"type": "object"}}],
            "context": [{"description": "d", "value": "v"}],
            "forwardedProps": {},
            "resume": [{"interruptId": "i1", "status": dice.one(("resolved", "cancelled")), "payload": 1}],
        }
        if dice.chance(0.6):
            deep(dice, [started])
        return
    if dice.chance(0.25):
        outcome = dice.one(
            (
                {"type": "success", "pendingToolCallIds": ["a"]},
                {
                    "type": "interrupt",
                    "interrupts": [{"id": "i1", "reason": "r", "responseSchema": {}, "expiresAt": "x"}],
                },
                {"type": "interrupt", "interrupts": []},
                {"type": "cancelled"},
            )
        )
        for event in events:
            if event.get("type") == "RUN_FINISHED":
                event.update(outcome=copy.deepcopy(outcome), usage=copy.deepcopy(usage), result={"x": 1})
                made = event
    if made not in events:
        events.insert(at, made)
    if dice.chance(0.6):
        deep(dice, [made])


NEAR_MISSES: Final[tuple[tuple[int, Callable[[Dice, list[Event]], None]], ...]] = (
    (5, drop),
    (4, double),
    (3, swap),
    (3, move),
    (5, rename),
    (5, give_away),
    (3, spoil),
    (2, forget),
    (3, insert),
    (1, retype),
    (2, restart),
    (10, odd_agent),
    (5, odd_messages),
    (3, odd_outcome),
    (4, calls_of_others),
    (6, owned_by_others),
    (7, odd_chunks),
    (6, again),
    (3, lanes),
    (2, deep),
    (7, rich),
)


# --- random streams ---------------------------------------------------------------------------------------------------


def anything(dice: Dice) -> Event:
    """An event of any type with some of the fields that any event has."""
    kind: Any = dice.one(TYPES) if dice.chance(0.97) else copy.deepcopy(dice.one((*ODD, "LATER_EVENT")))
    event: Event = {"type": kind}
    for name, share, values in (
        ("messageId", 0.8, IDS[:4]),
        ("toolCallId", 0.8, IDS[:4]),
        ("entityId", 0.8, IDS[:4]),
        ("stepName", 0.8, STEPS),
        ("subagentRunId", 0.6 if str(kind).startswith("SUBAGENT") else 0.25, AGENTS),
        ("parentMessageId", 0.2, IDS[:4]),
        ("parentSubagentRunId", 0.1, AGENTS),
        ("subtype", 0.8, ("tool-call", "message")),
        ("name", 0.8 if str(kind).startswith(("SUB", "CUS")) else 0.05, ("n", "o")),
        ("message", 0.9, ("m",)),
        ("toolCallName", 0.8, ("f", "g")),
        ("delta", 0.7, ("x", "")),
        ("role", 0.2, ("assistant", "reasoning", "user")),
        ("replace", 0.2, (True, False)),
        ("threadId", 0.9, ("t", "u")),
        ("runId", 0.9, ("r1", "r2")),
    ):
        if name in FIELDS.get(str(kind), ()) and dice.chance(share):
            event[name] = dice.one(values) if dice.chance(0.97) else copy.deepcopy(dice.one(ODD))
    if kind == "MESSAGES_SNAPSHOT":
        event["messages"] = [{"id": dice.one(IDS), "role": "assistant", "content": "x"}]
    return event


_TAG = ("subagentRunId",)
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "RUN_STARTED": ("threadId", "runId", "subagentRunId"),
    "RUN_FINISHED": ("threadId", "runId"),
    "RUN_ERROR": ("message",),
    "STEP_STARTED": ("stepName", *_TAG),
    "STEP_FINISHED": ("stepName", *_TAG),
    **{
        kind: ("messageId", "delta", "role", "name", *_TAG)
        for kind in TYPES
        if kind.startswith(("TEXT_", "REASONING_")) and kind != "REASONING_ENCRYPTED_VALUE"
    },
    **{
        kind: ("toolCallId", "toolCallName", "parentMessageId", "delta", *_TAG)
        for kind in TYPES
        if "TOOL_CALL_" in kind
    },
    "TOOL_CALL_RESULT": ("messageId", "toolCallId", *_TAG),
    "ACTIVITY_SNAPSHOT": ("messageId", "replace", *_TAG),
    "ACTIVITY_DELTA": ("messageId", *_TAG),
    "REASONING_ENCRYPTED_VALUE": ("entityId", "subtype", *_TAG),
    "SUBAGENT_STARTED": ("subagentRunId", "name", "parentSubagentRunId"),
    "SUBAGENT_FINISHED": ("subagentRunId",),
    "SUBAGENT_ERROR": ("subagentRunId", "message"),
    "RAW": _TAG,
    "CUSTOM": ("name", *_TAG),
    "STATE_SNAPSHOT": _TAG,
    "STATE_DELTA": _TAG,
}


def unstructured(dice: Dice) -> list[Any]:
    """Events of all types in any order; mostly within a run, so that the later ones are looked at too."""
    found: list[Any] = [anything(dice) for _ in range(1 + dice.below(12))]
    if dice.chance(0.9):
        found.insert(0, {"type": "RUN_STARTED", "threadId": "t", "runId": "r1"})
    if dice.chance(0.1):
        found.insert(dice.below(len(found) + 1), None if dice.chance(0.7) else copy.deepcopy(dice.one(ODD)))
    return found


def stream(seed: int, number: int) -> list[Any]:
    """The stream of this number."""
    dice = Dice(f"{seed}:{number}")
    if dice.chance(0.15):
        return unstructured(dice)
    events = legal(dice)
    if dice.chance(0.2):
        return events
    for _ in range(dice.weighted(((6, 1), (2, 2), (1, 3)))):
        dice.weighted(NEAR_MISSES)(dice, events)
        if not events:
            break
    return copy.deepcopy(list(events))


def streams(seed: int, count: int) -> Iterator[list[Any]]:
    """The first ``count`` streams of a seed."""
    for number in range(count):
        yield stream(seed, number)
