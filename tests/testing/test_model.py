"""The machine against a service written by hand: it passes if it is right, and each seeded bug is caught."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from runstate.testing.model import LifecycleMachine
from tests.oracle import CELLS, TERMINAL
from tests.testing.judging import JOB

pytestmark = pytest.mark.no_cover  # the same lines many times over: nothing new at three times the price

quick = settings(
    max_examples=300,
    stateful_step_count=10,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

unshrunk = settings(quick, phases=[Phase.generate])


class Refused(Exception):
    """What the service says no with."""


class Service:
    """A run service as people write them, its table typed from the documentation."""

    def __init__(self, clock: Callable[[], float], bug: str) -> None:
        self.clock = clock
        self.bug = bug
        now = int(clock())
        stamps = dict.fromkeys(("started_at", "completed_at", "failed_at", "cancelled_at"))
        values = dict.fromkeys(("required_action", "last_error", "incomplete_details", "usage"))
        self.run: dict[str, Any] = {"status": "queued", "created_at": now, "expires_at": now + 600, **stamps, **values}

    def send(self, event: str, payload: Mapping[str, Any]) -> None:
        run, now = self.run, int(self.clock())
        target = self.target(event)
        self.guard(event, payload, now)
        if self.bug == "lost cancel" and event == "cancel" and run["status"] == "requires_action":
            return
        if event == "start" and not (self.bug == "not stamped again" and run["started_at"]):
            run["started_at"] = now
        for name, of in (("completed_at", ("complete", "end_incomplete")), ("failed_at", ("fail",))):
            if event in of:
                run[name] = now
        if event == "confirm_cancel" and self.bug != "no stamp":
            run["cancelled_at"] = now
        run |= {name: value for name, value in payload.items() if name in run}
        if target != "requires_action" and not (self.bug == "action left over" and event == "cancel"):
            run["required_action"] = None
        if target in TERMINAL and self.bug != "deadline left over":
            run["expires_at"] = None
        if self.bug == "usage too early" and event == "require_action":
            run["usage"] = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        run["status"] = target

    def target(self, event: str) -> str:
        status = self.run["status"]
        if self.bug == "restart after end" and event == "start" and status == "failed":
            return "in_progress"
        if self.bug == "cancels twice" and event == "cancel" and status == "cancelling":
            return "cancelling"
        if self.bug == "no fail from queued" and (status, event) == ("queued", "fail"):
            raise Refused
        target = CELLS[status, event]
        if target is None:
            raise Refused
        return target

    def guard(self, event: str, payload: Mapping[str, Any], now: int) -> None:
        if event == "expire" and now < self.run["expires_at"] and self.bug != "expires early":
            raise Refused
        if event in {"complete", "end_incomplete"} and not self.run["started_at"] and self.bug != "never started":
            raise Refused
        if event == "submit_tool_outputs" and self.bug != "takes any outputs":
            calls = self.run["required_action"]["submit_tool_outputs"]["tool_calls"]
            if [output["tool_call_id"] for output in payload["tool_outputs"]] != [call["id"] for call in calls]:
                raise Refused
        if self.bug == "crashes" and event == "end_incomplete":
            raise ZeroDivisionError


class Machine(LifecycleMachine):
    refusals = (Refused,)
    bug: ClassVar[str] = ""

    def create(self) -> None:
        self.service = Service(lambda: self.at, self.bug)

    def send(self, event: str, **payload: Any) -> None:
        self.service.send(event, payload)

    def read(self) -> Mapping[str, Any]:
        return self.service.run


def machine(seeded: str, **more: Any) -> type[Machine]:
    return type("Seeded", (Machine,), {"bug": seeded, **more})


def test_a_right_service_passes() -> None:
    run_state_machine_as_test(machine(""), settings=quick)


def test_a_right_service_passes_without_its_clock() -> None:
    run_state_machine_as_test(machine("", timed=False), settings=quick)


BUGS = {
    "restart after end": "start was accepted, and is illegal",
    "lost cancel": "status is 'requires_action'; it must be 'cancelling'",
    "not stamped again": "started_at is",
    "usage too early": "usage is .*; it must be None",
    "no stamp": "cancelled_at is None; it must be",
    "action left over": "required_action is .*; it must be None",
    "deadline left over": "expires_at is .*; it must be None",
    "cancels twice": "cancel was accepted, and is illegal",
    "no fail from queued": "fail is legal, and was refused",
    "expires early": "expire was accepted, and is illegal",
    "never started": "was accepted, and is illegal.*Guard 'started_at is set'",
    "takes any outputs": "submit_tool_outputs was accepted, and is illegal",
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_is_caught(bug: str) -> None:
    with pytest.raises(AssertionError, match=BUGS[bug]):
        run_state_machine_as_test(machine(bug), settings=unshrunk)


@pytest.mark.parametrize("bug", ["restart after end", "lost cancel", "usage too early", "no stamp"])
def test_most_are_caught_without_the_clock_too(bug: str) -> None:
    with pytest.raises(AssertionError, match=BUGS[bug].replace("it must be$", "")):
        run_state_machine_as_test(machine(bug, timed=False), settings=unshrunk)


def test_any_other_error_of_the_service_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError):
        run_state_machine_as_test(machine("crashes"), settings=unshrunk)


def test_the_message_says_how_to_get_there_and_what_was_allowed() -> None:
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(machine("no fail from queued"), settings=settings(quick, stateful_step_count=2))
    text = str(caught.value)
    assert text.startswith("after create → fail (queued): fail is legal, and was refused: Refused()")
    assert text.endswith("Allowed from queued: start, fail, cancel, expire.")


def test_strict_wants_inferred_transitions_refused() -> None:
    with pytest.raises(AssertionError, match="is only inferred, and strict refuses those"):
        run_state_machine_as_test(machine("", strict=True), settings=unshrunk)


def test_a_field_that_is_not_shown_is_not_compared() -> None:
    run_state_machine_as_test(machine("usage too early", hidden=("usage",)), settings=unshrunk)


def test_another_time_to_live() -> None:
    with pytest.raises(AssertionError, match="expires_at"):
        run_state_machine_as_test(machine("", ttl=300), settings=unshrunk)


def test_what_must_be_given_is_asked_for() -> None:
    class Empty(LifecycleMachine):
        pass

    with pytest.raises(NotImplementedError):
        run_state_machine_as_test(Empty, settings=unshrunk)


class Jobs(LifecycleMachine):
    """Any lifecycle: the service is its engine."""

    lifecycle = JOB

    def create(self) -> None:
        self.asked: list[str] = []

    def send(self, event: str, **payload: Any) -> None:
        self.asked.append(event)
        if self._expected(event, payload)[1] is not None:
            raise Refused
        self.shown = self._expected(event, payload)[0]

    def read(self) -> Mapping[str, Any]:
        from runstate.testing.histories import encoded

        return encoded(self.record if not self.asked else getattr(self, "shown", self.record))


def test_any_lifecycle_can_be_driven() -> None:
    run_state_machine_as_test(Jobs, settings=unshrunk)
