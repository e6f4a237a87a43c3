"""The long test of how the journal writes payloads: the fast way beside the plain one, on simulated histories."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from runstate.edge import dumps
from runstate.errors import BadRecord, DecodeError
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.simulate import simulate
from runstate.record import FunctionCall, IncompleteDetails, LastError, RequiredAction, ToolCall, ToolOutput, Usage
from runstate.runs import bodies

GOAL: Final = 10**6
BATCH: Final = 10**4
LETTERS: Final = [
    "a",
    "B",
    "7",
    " ",
    '"',
    "\\",
    "/",
    "\b",
    "\n",
    "\x7f",
    "é",
    "\u2028",
    "\U0001f30a",
    "{",
    "[",
    "\0",
    "\ud800",
]
WEIGHTS: Final = [20] * 15 + [1, 1]
"""The last two are texts that no store takes: both ways must refuse them."""


def _text(chance: random.Random) -> str:
    return "".join(chance.choices(LETTERS, WEIGHTS, k=chance.randrange(6)))


def _call(number: int, chance: random.Random) -> ToolCall:
    return ToolCall(f"call_{number}", FunctionCall("f" + _text(chance), _text(chance), None))


_MADE: Final[Mapping[str, Callable[[random.Random], Mapping[str, Any]]]] = {
    "require_action": lambda chance: {
        "required_action": RequiredAction.calls(*(_call(n, chance) for n in range(chance.randint(1, 3))))
    },
    "submit_tool_outputs": lambda chance: {
        "tool_outputs": tuple(ToolOutput(f"call_{n}", _text(chance)) for n in range(chance.randint(1, 3)))
    },
    "fail": lambda chance: {"last_error": LastError("e" + _text(chance), _text(chance))},
    "complete": lambda chance: {"usage": Usage(chance.randrange(2 ** chance.randrange(70)), chance.randrange(9))},
    "end_incomplete": lambda chance: {"incomplete_details": IncompleteDetails(_text(chance))},
}


def _told(way: Callable[[Mapping[str, Any]], str], payload: Mapping[str, Any]) -> str:
    try:
        return way(payload)
    except DecodeError as error:
        return f"refused: {error}"


def _plainly(payload: Mapping[str, Any]) -> str:
    return dumps(bodies.plain(payload), bodies.LIMITS).decode()


def _payload(event: str, chance: random.Random) -> Mapping[str, Any]:
    made = _MADE.get(event)
    try:
        return {} if made is None else made(chance)
    except BadRecord:  # some texts and numbers no record takes: then the journal never sees them
        return {}


def _payloads() -> bool:
    """The payloads of 1,000,000 simulated histories, written the fast way and the plain way."""
    began = time.monotonic()
    seen = differ = refused = 0
    for seed in range(GOAL // BATCH):
        chance = random.Random(seed)  # noqa: S311 - made-up data, the same for each seed
        for change in simulate(ASSISTANTS_RUN, BATCH, seed).changes():
            payload = _payload(change.edge.event, chance)
            fast, plain = _told(bodies.text, payload), _told(_plainly, payload)
            seen += bool(payload)
            refused += plain.startswith("refused")
            differ += fast != plain
    print(f"{GOAL} histories: {seen} payloads, {refused} refused, {differ} differ; {time.monotonic() - began:.0f} s")
    return not differ


PAYLOAD_PARTS: Final[Mapping[str, Callable[[], bool]]] = {"payloads": _payloads}
"""For `tools.long`, which runs them by name."""
