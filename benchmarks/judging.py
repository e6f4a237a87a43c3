"""Judging: the monitor and ``check`` beside the plain parsing of the same lines, a replay by others, and what is the least.

All figures are seconds an event.  The rows are statuses of simulated runs, interleaved at random while a fixed number of
runs is open.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any, Final

import orjson
from transitions import Machine

from benchmarks.side_by_side import Target, measured, report
from runstate.conformance.check import chunks_of, judge, summarise
from runstate.conformance.monitor import Monitor
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.modelling.objects import to_jsonl, to_sse
from runstate.modelling.simulate import simulate
from runstate.modelling.simulated import polls, stream

__all__ = ["run"]

Rows = list[tuple[str, str]]

EVENTS: Final = 10**6
OPEN: Final = 10**5
ROUNDS: Final = 5
TASK: Final = CATALOGUE["celery.task"]
"""A lifecycle that asks for no field: its lines hold an id, a status and a time."""
PM4PY_SECONDS: Final = 20.0
"""How long the token replay may take; it is given more runs until it takes a quarter of that."""


def interleaved(lifecycle: Any, events: int, open_at_once: int, seed: int = 1) -> Rows:
    """Statuses of so many events or a few more, with the ids as a parser gives them: each time another object."""
    chooser = random.Random(seed)  # noqa: S311 - the same made-up data each time
    paths: dict[str, list[str]] = {}
    for row in simulate(lifecycle, 2000, seed).rows():
        paths.setdefault(row.run, []).append(row.status)
    lives = list(paths.values())
    rows: Rows = []
    begun: list[tuple[str, Iterator[str]]] = []
    while len(rows) < events:
        while len(begun) < open_at_once:
            begun.append((f"run_{chooser.getrandbits(96):024x}", iter(chooser.choice(lives))))
        index = chooser.randrange(len(begun))
        run_id, life = begun[index]
        status = next(life, None)
        if status is None:
            begun[index] = begun[-1]
            begun.pop()
        else:
            rows.append((bytes(run_id, "ascii").decode(), status))
    return rows


def _fed(rows: Rows, line: int | None = None) -> Callable[[], object]:
    def act() -> None:
        monitor = Monitor(ASSISTANTS_RUN)
        assert not monitor.feed_statuses(rows, line=line)
        assert monitor.observations == len(rows)

    return act


def _looked_up(rows: Rows) -> Callable[[], object]:
    """The least that anything can do which knows a run by its id: to look it up and to keep something of it."""

    def act() -> None:
        kept: dict[str, int] = {}
        get = kept.get
        for run_id, _status in rows:
            kept[run_id] = get(run_id, 0)

    return act


def _checked(data: bytes, lifecycle: Any = None) -> Callable[[], object]:
    """What ``runstate check`` does of a file, up to its summary."""

    def act() -> None:
        summary = summarise([judge(chunks_of(io.BytesIO(data)), Monitor(lifecycle))])
        assert not summary.errors
        assert summary.complete

    return act


def _parsed(data: bytes) -> Callable[[], object]:
    def act() -> None:
        for line in io.BytesIO(data):
            orjson.loads(line)

    return act


def _objects_fed(values: Sequence[Any]) -> Callable[[], object]:
    def act() -> None:
        monitor = Monitor(ASSISTANTS_RUN)
        for value in values:
            assert not monitor.feed(value)

    return act


def _replayed(rows: Rows) -> Callable[[], object]:
    """One machine of the library ``transitions``, one model a run, one trigger an event."""
    edges = [
        {"trigger": f"to_{edge.target}", "source": str(edge.source or "none"), "dest": str(edge.target)}
        for edge in ASSISTANTS_RUN.transitions
    ]

    class Model:
        trigger: Any

    def act() -> None:
        states = ["none", *map(str, ASSISTANTS_RUN.statuses)]
        machine = Machine(None, states=states, transitions=edges, initial="none", auto_transitions=False)
        models: dict[str, Model] = {}
        for run_id, status in rows:
            model = models.get(run_id)
            if model is None:
                model = models[run_id] = Model()
                machine.add_model(model)
            assert model.trigger(f"to_{status}")

    return act


def _large(runs: int) -> list[dict[str, Any]]:
    """Objects of about 2 KB, after each change of a run."""
    tool = {
        "type": "function",
        "function": {
            "name": "next_high_water",
            "description": "The next time of high water at a place, in its local time.",
            "parameters": {"type": "object", "properties": {"place": {"type": "string", "maxLength": 80}}},
        },
    }
    words = "You answer questions about the tides, briefly, and say how sure you are. " * 9
    values = polls(simulate(ASSISTANTS_RUN, runs, 1, arrivals=10.0))
    return [{**value, "instructions": words, "tools": [tool] * 3} for value in values]


def run() -> None:
    """Rates of the monitor and of ``check``, and the memory that they take."""
    rows, few = interleaved(ASSISTANTS_RUN, EVENTS, OPEN), interleaved(ASSISTANTS_RUN, EVENTS // 5, 1000)
    small = b"".join(
        orjson.dumps({"uuid": run_id, "state": status, "time": 1_760_000_000 + number / 7}) + b"\n"
        for number, (run_id, status) in enumerate(interleaved(TASK, EVENTS // 5, 1000))
    )
    values = _large(1000)
    lines = to_jsonl(values)
    events = to_sse(stream(simulate(ASSISTANTS_RUN, 1000, 1, arrivals=10.0)))
    replayed = few[:20_000]
    contestants: dict[str, tuple[int, Callable[[], object]]] = {
        "Monitor, statuses, 100,000 runs open": (len(rows), _fed(rows)),
        "Monitor, statuses, 1,000 runs open": (len(few), _fed(few)),
        "Monitor, statuses with lines": (len(few), _fed(few, 1)),
        "a dict, 100,000 keys": (len(rows), _looked_up(rows)),
        "a dict, 1,000 keys": (len(few), _looked_up(few)),
        "Monitor, objects of 2 KB": (len(values), _objects_fed(values)),
        "check, small lines": (small.count(b"\n"), _checked(small, TASK)),
        "orjson, small lines": (small.count(b"\n"), _parsed(small)),
        "check, lines of 2 KB": (len(values), _checked(lines)),
        "orjson, lines of 2 KB": (len(values), _parsed(lines)),
        "check, events of a stream": (events.count(b"\n\n"), _checked(events)),
        "transitions, replay": (len(replayed), _replayed(replayed)),
    }
    found = {
        name: [seconds / contestants[name][0] for seconds in all_seconds]
        for name, all_seconds in measured(
            {name: act for name, (_, act) in contestants.items()}, rounds=ROUNDS, trial=False
        ).items()
    }
    targets = [
        Target("Monitor, statuses, 100,000 runs open", "1.5 M events a second", "<=", 1),
        Target("Monitor, statuses, 1,000 runs open", "1.5 M events a second", "<=", 1),
        Target("check, small lines", "orjson, small lines", "<=", 3),
    ]
    fixed = {"1.5 M events a second": 1 / 1.5e6}
    if (seconds := token_replay(few)) is not None:
        fixed["pm4py, token replay"] = seconds
        print(f"  pm4py, token replay: {1 / seconds:,.0f} events a second")
        targets.append(Target("Monitor, statuses, 1,000 runs open", "pm4py, token replay", ">=", 1))
    report("judging", found, targets, fixed=fixed)
    for name, seconds_each in found.items():
        print(f"  {name:44} {1 / sorted(seconds_each)[len(seconds_each) // 2]:14,.0f} events a second")
    _memory(small)


def token_replay(rows: Rows) -> float | None:
    """Seconds an event of pm4py's token replay on as many runs as it can do in time; None where it is not installed."""
    if find_spec("pm4py") is None:
        return None
    # by their names: an extra of its own brings them, and nothing else needs them
    pd, replay = import_module("pandas"), import_module("pm4py.algo.conformance.tokenreplay.algorithm")
    frames = import_module("pm4py.objects.log.util.dataframe_utils")
    nets, arcs = (import_module(f"pm4py.objects.petri_net.{name}") for name in ("obj", "utils.petri_utils"))
    net, places = nets.PetriNet("run"), {}
    for status in (None, *ASSISTANTS_RUN.statuses):
        places[status] = nets.PetriNet.Place(str(status))
        net.places.add(places[status])
    end = nets.PetriNet.Place("end")
    net.places.add(end)
    ways = [(edge.source, edge.target, str(edge.target)) for edge in ASSISTANTS_RUN.transitions]
    for number, (source, target, label) in enumerate([*ways, *((one, None, None) for one in ASSISTANTS_RUN.terminal)]):
        moved = nets.PetriNet.Transition(f"t{number}", label)
        net.transitions.add(moved)
        arcs.add_arc_from_to(places[source], moved, net)
        arcs.add_arc_from_to(moved, end if label is None else places[target], net)
    count, took = 500, 0.0
    while took < PM4PY_SECONDS / 4 and count <= len(rows):
        frame = pd.DataFrame(rows[:count], columns=["case:concept:name", "concept:name"])
        frame["time:timestamp"] = pd.to_datetime(range(count), unit="s", utc=True)
        frame = frames.convert_timestamp_columns_in_df(frame)
        began = process_time()
        replay.apply(frame, net, nets.Marking({places[None]: 1}), nets.Marking({end: 1}), {"show_progress_bar": False})
        took = process_time() - began
        count *= 4
    return took / (count // 4)


# -- memory ------------------------------------------------------------------------------------------------------------

_PEAK: Final = """
import resource, sys
from runstate.conformance.check import chunks_of, judge, summarise
from runstate.conformance.monitor import Monitor
from runstate.lifecycles import CATALOGUE
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[1], "rb") as file:
    summarise([judge(chunks_of(file), Monitor(CATALOGUE[sys.argv[2]]))])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _memory(small: bytes) -> None:
    life = ("queued", "in_progress", "requires_action", "queued", "in_progress")
    ids = [f"run_{number:024x}" for number in range(OPEN)]
    fixed = {"200 bytes": 200.0}
    targets: list[Target] = []
    for name, line in (("bytes of an open run", None), ("bytes of an open run, with lines", 1)):
        monitor = Monitor(ASSISTANTS_RUN)
        tracemalloc.start()
        monitor.feed_statuses(((run_id, status) for status in life for run_id in ids), line=line)
        fixed[name] = tracemalloc.get_traced_memory()[0] / len(ids)
        tracemalloc.stop()
        assert len(monitor.runs) == len(ids)
        print(f"  {name:44} {fixed[name]:12.0f} bytes beyond its id, {len(life)} statuses")
        targets.append(Target(name, "200 bytes", "<=", 1))
    report("judging, memory", {}, targets, fixed=fixed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.jsonl"
        file.write_bytes(small)
        answer = subprocess.run(  # noqa: S603 - this interpreter, this package
            [sys.executable, "-c", _PEAK, str(file), TASK.name], capture_output=True, text=True, check=True
        )
    runs = len({line.split(b'"')[3] for line in small.splitlines()})
    print(f"  check, small lines: {int(answer.stdout) / 1024:.0f} MiB more at most, for {runs} runs")
