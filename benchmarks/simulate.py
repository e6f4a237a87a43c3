"""How fast runs are simulated: changes alone, as rows, and as objects in a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import process_time

from runstate.lifecycles import CATALOGUE
from runstate.modelling.simulate import Simulation, simulate
from runstate.modelling.simulated import texts

__all__ = ["run"]

WAYS: dict[str, tuple[int, Callable[[Simulation], Iterable[object]]]] = {
    "changes": (20_000, Simulation.changes),
    "rows": (20_000, lambda simulation: texts(simulation, "rows")),
    "sse": (2_000, lambda simulation: texts(simulation, "sse")),
}
"""Name -> how many runs, and what is made of them."""


def run() -> None:
    """Print changes and objects a second of processor time."""
    for name in ("openai.assistants.run", "a2a.task"):
        for way, (runs, make) in WAYS.items():
            simulation = simulate(CATALOGUE[name], runs, 1)
            begun = process_time()
            count = sum(1 for _ in make(simulation))
            print(f"{name:24}{way:8}{count / (process_time() - begun):12,.0f} a second")
