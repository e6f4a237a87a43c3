"""How much of a lifecycle's table a suite of tests holds fast: the share of mutants that it notices.

A suite that passes on a lifecycle and on another one that differs in a cell says nothing about that cell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import attrs

from runstate.lifecycle import Lifecycle
from runstate.modelling.mutants import Mutant, mutants
from runstate.modelling.objects import ASSISTANTS_PAYLOADS, Payload, record_class
from runstate.record import Run
from runstate.testing.systems import Driven

__all__ = ["FailingSuite", "Score", "Suite", "mutation_score", "payloads_of", "score_of"]

Suite = Callable[[Callable[[], Driven]], object]
"""Makes runs of the system as it needs them, and raises or answers something true where it finds a failure."""


class FailingSuite(AssertionError):
    """The suite fails on the lifecycle itself, so it can tell nothing about mutants."""

    def __init__(self, failure: object) -> None:
        super().__init__(f"the suite fails on the lifecycle as it is: {failure}")
        self.failure = failure
        """What it raised or answered."""


@attrs.frozen(kw_only=True)
class Score:
    """What became of every mutant."""

    lifecycle: str
    killed: tuple[Mutant, ...] = attrs.field(repr=False)
    """The suite fails on them."""
    survived: tuple[Mutant, ...] = ()
    """The suite passes on them as on the lifecycle: nothing in it speaks of this cell."""
    equivalent: tuple[Mutant, ...] = attrs.field(default=(), repr=False)
    """No run can take what was changed, so they do not count."""
    refused: tuple[Mutant, ...] = attrs.field(default=(), repr=False)
    """They contradict themselves and do not come into being, so they do not count."""

    @property
    def percent(self) -> float:
        """How many of a hundred mutants that count were killed; 100 where none counts."""
        every = len(self.killed) + len(self.survived)
        return 100 * len(self.killed) / every if every else 100.0

    def lines(self) -> Iterator[str]:
        """The report for reading, survivors by name."""
        every = len(self.killed) + len(self.survived)
        yield f"{self.lifecycle}: the suite kills {self.percent:.0f} % of the table's mutants, {len(self.killed)} of {every}"
        yield from (f"  survived: {mutant}" for mutant in self.survived)
        problems = Counter(mutant.problem or "" for mutant in self.refused)
        why = ", ".join(f"{count} {problem}" for problem, count in sorted(problems.items()))
        refused = f"{len(self.refused)} do not come into being" + (f" ({why})" if why else "")
        yield f"  not counted: {len(self.equivalent)} equivalent; {refused}"


def mutation_score(lifecycle: Lifecycle, suite: Suite, *, payloads: Mapping[str, Payload] | None = None) -> Score:
    """Run a suite on every mutant of a lifecycle's table.

    :param suite: called with a function that makes a new run; see `runstate.testing.systems.Driven`.
    :param payloads: how the values that events take are made, by name, where they must fit something.
    :raises FailingSuite: where the suite fails on the lifecycle itself.
    """
    made = payloads_of(lifecycle) if payloads is None else payloads
    failure = _failure(suite, lifecycle, made)
    if failure is not None:
        raise FailingSuite(failure)
    every = tuple(mutants(lifecycle))
    tried = [(one, one.lifecycle) for one in every if not one.equivalent]
    killed = {one for one, mutated in tried if mutated is not None and _failure(suite, mutated, made) is not None}
    return score_of(lifecycle, every, killed)


def score_of(lifecycle: Lifecycle, every: tuple[Mutant, ...], killed: set[Mutant]) -> Score:
    """The score where it is known which mutants were killed."""
    counted = [one for one in every if one.lifecycle is not None and not one.equivalent]
    return Score(
        lifecycle=lifecycle.name,
        killed=tuple(one for one in counted if one in killed),
        survived=tuple(one for one in counted if one not in killed),
        equivalent=tuple(one for one in every if one.equivalent),
        refused=tuple(one for one in every if one.lifecycle is None),
    )


def payloads_of(lifecycle: Lifecycle) -> Mapping[str, Payload]:
    """How the payload of a lifecycle's mutants is made: as that of the lifecycle itself."""
    return ASSISTANTS_PAYLOADS if record_class(lifecycle) is Run else {}


def _failure(suite: Suite, lifecycle: Lifecycle, payloads: Mapping[str, Payload]) -> object:
    """What the suite raises or answers against a lifecycle; None where it passes."""
    try:
        return suite(lambda: Driven(lifecycle, payloads=payloads)) or None
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as failure:  # noqa: BLE001 - whatever a suite raises is its failure; pytest.fail raises no Exception
        return failure
