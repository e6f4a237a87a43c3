"""One transition that yields a new frozen `Run`: this library, its peers, and the limit.

Every contestant walks the cycle queued, in_progress, requires_action, queued, and gives three new records, each with the
fields that the event writes.  The peers make them by ``attrs.evolve`` in their callbacks.
"""

# mypy: disable-error-code="untyped-decorator,no-untyped-call"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from automat import MethodicalMachine
from statemachine import State, StateMachine
from transitions import Machine

from benchmarks.side_by_side import Target, measured, report
from runstate import FunctionCall, IllegalTransition, RequiredAction, Run, ToolCall, ToolOutput, apply, create

ACTION = RequiredAction.calls(ToolCall("call_1", FunctionCall("next_high_water", "{}")))
OUTPUTS = (ToolOutput("call_1", "14:20"),)
NOW = 1_700_000_005


def new_run() -> Run:
    """A run as most are: a model, instructions, metadata."""
    return create(
        at=1_700_000_000,
        id="run_abc123",
        thread_id="thread_abc123",
        assistant_id="asst_abc123",
        model="gpt-4o",
        instructions="You answer questions about the tides, briefly.",
        metadata={"user": "u_1"},
    ).run


def _started(run: Run) -> Run:
    return attrs.evolve(run, status="in_progress", started_at=NOW)


def _waiting(run: Run) -> Run:
    return attrs.evolve(run, status="requires_action", required_action=ACTION)


def _resumed(run: Run) -> Run:
    return attrs.evolve(run, status="queued", required_action=None)


def _driving(driven: Any) -> Callable[[], object]:
    def cycle() -> object:
        driven.start()
        driven.require_action()
        driven.submit_tool_outputs()
        return driven.run

    return cycle


def ours() -> Callable[[], object]:
    """`runstate.apply`."""
    first = new_run()

    def cycle() -> object:
        run = apply(first, "start", at=NOW).run
        run = apply(run, "require_action", at=NOW, required_action=ACTION).run
        return apply(run, "submit_tool_outputs", at=NOW, tool_outputs=OUTPUTS).run

    return cycle


def with_transitions() -> Callable[[], object]:
    """The library ``transitions``, callbacks by function."""
    steps = {"start": _started, "require_action": _waiting, "submit_tool_outputs": _resumed}

    class Model:
        run = new_run()

    def move(event: Any) -> None:
        event.model.run = steps[event.event.name](event.model.run)

    model = Model()
    Machine(
        model,
        states=["queued", "in_progress", "requires_action"],
        transitions=[
            {"trigger": "start", "source": "queued", "dest": "in_progress", "after": move},
            {"trigger": "require_action", "source": "in_progress", "dest": "requires_action", "after": move},
            {"trigger": "submit_tool_outputs", "source": "requires_action", "dest": "queued", "after": move},
        ],
        initial="queued",
        auto_transitions=False,
        send_event=True,
    )
    return _driving(model)


def with_automat() -> Callable[[], object]:
    """Automat's methodical machine."""

    class Driven:
        machine: Any = MethodicalMachine()

        def __init__(self) -> None:
            self.run = new_run()

        @machine.state(initial=True)
        def queued(self) -> None: ...
        @machine.state()
        def in_progress(self) -> None: ...
        @machine.state()
        def requires_action(self) -> None: ...
        @machine.input()
        def start(self) -> None: ...
        @machine.input()
        def require_action(self) -> None: ...
        @machine.input()
        def submit_tool_outputs(self) -> None: ...
        @machine.output()
        def started(self) -> None:
            self.run = _started(self.run)

        @machine.output()
        def waiting(self) -> None:
            self.run = _waiting(self.run)

        @machine.output()
        def resumed(self) -> None:
            self.run = _resumed(self.run)

        queued.upon(start, enter=in_progress, outputs=[started])
        in_progress.upon(require_action, enter=requires_action, outputs=[waiting])
        requires_action.upon(submit_tool_outputs, enter=queued, outputs=[resumed])

    return _driving(Driven())


def with_statemachine() -> Callable[[], object]:
    """python-statemachine."""

    class Driven(StateMachine):
        queued = State(initial=True)
        in_progress = State()
        requires_action = State()
        start = queued.to(in_progress)
        require_action = in_progress.to(requires_action)
        submit_tool_outputs = requires_action.to(queued)

        def __init__(self) -> None:
            self.run = new_run()
            super().__init__()

        def on_start(self) -> None:
            self.run = _started(self.run)

        def on_require_action(self) -> None:
            self.run = _waiting(self.run)

        def on_submit_tool_outputs(self) -> None:
            self.run = _resumed(self.run)

    return _driving(Driven())


def by_hand() -> Callable[[], object]:
    """A dict of legal pairs and ``attrs.evolve``."""
    table = {
        ("queued", "start"): _started,
        ("in_progress", "require_action"): _waiting,
        ("requires_action", "submit_tool_outputs"): _resumed,
    }
    first = new_run()

    def cycle() -> object:
        run = first
        for event in ("start", "require_action", "submit_tool_outputs"):
            run = table[run.status, event](run)
        return run

    return cycle


def limit() -> Callable[[], object]:
    """Looking up the pair and storing an attribute, three times: nothing can be less."""
    table = {
        ("queued", "start"): "in_progress",
        ("in_progress", "require_action"): "requires_action",
        ("requires_action", "submit_tool_outputs"): "queued",
    }

    class Holder:
        __slots__ = ("status",)

        def __init__(self) -> None:
            self.status = "queued"

    held = Holder()

    def cycle() -> object:
        held.status = table[held.status, "start"]
        held.status = table[held.status, "require_action"]
        held.status = table[held.status, "submit_tool_outputs"]
        return held

    return cycle


def refused() -> Callable[[], object]:
    """Three refusals, as errors with what was allowed."""
    run = new_run()

    def cycle() -> object:
        for event in ("complete", "require_action", "confirm_cancel"):
            try:
                apply(run, event, at=NOW)
            except IllegalTransition:
                continue
        return run

    return cycle


def run() -> None:
    """Three transitions a call."""
    contestants = {
        "runstate": ours(),
        "transitions": with_transitions(),
        "automat": with_automat(),
        "python-statemachine": with_statemachine(),
        "dict and attrs.evolve": by_hand(),
        "limit: look-up and store": limit(),
        "runstate, refused": refused(),
    }
    report(
        "transition",
        measured(contestants),
        [
            Target("runstate", "transitions", ">=", 10),
            Target("runstate", "automat", ">=", 5),
            Target("runstate", "python-statemachine", ">=", 50),
            Target("runstate", "limit: look-up and store", "<=", 25),
            Target("runstate, refused", "runstate", "<=", 3),
        ],
    )
