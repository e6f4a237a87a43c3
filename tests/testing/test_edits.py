"""Every illegal edit is found, with its code and where it is; and if a rule of the judge were missing, this would tell."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from runstate.conformance import parts, single
from runstate.conformance.findings import CODES, Severity
from runstate.conformance.monitor import Monitor
from runstate.conformance.parts import Parts
from runstate.errors import BadLifecycle
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.agui import AGUI_RUN
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.testing.asserts import IllegalHistory, assert_legal
from runstate.testing.edits import EDITS, REMARKS, Edit, edits, items_of, some_edit
from runstate.testing.histories import history, to_jsonl, to_sse
from tests.testing.judging import BY_NAME, CATALOGUED, LIFECYCLES, errors, noticed, recorded, spread

KINDS = (*EDITS, *REMARKS)


@cache
def simulated() -> tuple[tuple[Lifecycle, list[Any]], ...]:
    """Streams and polls of every lifecycle; of the run with much inside it more than of the others."""
    logs: list[tuple[Lifecycle, list[Any]]] = []
    for lifecycle in LIFECYCLES:
        for seed in range(16 if lifecycle is ASSISTANTS_RUN else 6):
            one = history(lifecycle, random.Random(seed), number=seed + 1, parts=True, complete=seed % 4 > 0)
            logs += [(lifecycle, one.stream()), (lifecycle, one.polls())]
    return tuple(logs)


@cache
def of_kind(kind: str) -> tuple[tuple[Lifecycle, Edit], ...]:
    """Edits of one kind of simulated logs, and of some recorded ones: old servers' quirks are only in those."""
    logs = [*simulated(), *((ASSISTANTS_RUN, list(log)) for log in recorded().values() if len(log) < 150)]
    made = [(lifecycle, list(edits(log, lifecycle, [kind]))) for lifecycle, log in logs]
    return tuple((lifecycle, edit) for lifecycle, some in made for edit in spread(some, 3))


def missed(found: Iterable[tuple[Lifecycle, Edit]]) -> list[str]:
    return [f"{lifecycle.name}: {edit}" for lifecycle, edit in found if not noticed(edit, lifecycle)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_edit_of_this_kind_is_noticed(kind: str) -> None:
    made = of_kind(kind)
    assert len(made) > 2
    assert missed(made) == []


@pytest.mark.parametrize("file", sorted(recorded()))
def test_recorded_logs_are_legal_and_every_edit_of_them_is_noticed(file: str) -> None:
    log = recorded()[file]
    assert errors(log, None) == []
    made = [edit for kind in KINDS for edit in spread(list(edits(log, kinds=[kind])), 3)]
    assert len(made) > 5
    assert missed((ASSISTANTS_RUN, edit) for edit in made) == []


def test_the_edits_of_the_recorded_logs_are_counted() -> None:
    """Typed here: an edit that is no longer offered is missed by nothing else."""
    count = Counter(edit.name for log in recorded().values() for edit in edits(log, kinds=KINDS))
    assert min(count[kind] for kind in KINDS if kind != "known announcement") >= 3
    assert sum(count.values()) > 15_000


@pytest.mark.parametrize("name", BY_NAME)
def test_edits_of_any_lifecycle_are_noticed(name: str) -> None:
    lifecycle = BY_NAME[name]
    kinds: set[str] = set()
    for seed in range(40):
        chooser = random.Random(seed)
        one = history(lifecycle, chooser, number=seed + 1, parts=True)
        for log in (one.stream(), one.polls()):
            edit = some_edit(log, chooser, lifecycle)
            assert edit is not None
            assert noticed(edit, lifecycle), edit
            kinds.add(edit.name)
    assert len(kinds) > 10 or not lifecycle.fields


@pytest.mark.parametrize("lifecycle", CATALOGUED, ids=lambda lifecycle: lifecycle.name)
def test_histories_of_the_catalogue_are_legal_and_edits_of_them_are_noticed(lifecycle: Lifecycle) -> None:
    for seed in range(10):
        chooser = random.Random(seed)
        one = history(lifecycle, chooser, number=seed + 1, complete=seed % 2 > 0)
        for log in (one.stream(), one.polls()):
            assert errors(log, lifecycle) == []
            edit = some_edit(log, chooser, lifecycle) if log else None  # all of it may be silent
            assert edit is None or noticed(edit, lifecycle), edit


@pytest.mark.parametrize("kind", EDITS)
def test_illegal_edits_are_of_errors_but_for_the_sums(kind: str) -> None:
    weights = {CODES[code].severity for _, edit in of_kind(kind) for code in edit.codes}
    assert weights == {Severity.WARNING if kind in {"wrong sum", "wrong usage"} else Severity.ERROR}


@pytest.mark.parametrize("kind", REMARKS)
def test_remarks_are_of_no_errors(kind: str) -> None:
    assert all(CODES[code].severity is not Severity.ERROR for _, edit in of_kind(kind) for code in edit.codes)
    for lifecycle, edit in of_kind(kind):
        assert errors(edit.events, lifecycle) == [], edit


def test_an_edited_log_as_bytes_is_illegal_too() -> None:
    for kind in EDITS:
        if kind in {"wrong sum", "wrong usage", "part left open"}:
            continue  # warnings, some of them
        lifecycle, edit = of_kind(kind)[0]
        with pytest.raises(IllegalHistory):
            assert_legal(to_jsonl(edit.events), lifecycle=lifecycle)
        with pytest.raises(IllegalHistory):
            assert_legal(to_sse(edit.events), lifecycle=lifecycle)


def test_what_is_legal_is_not_offered() -> None:
    stream = history(ASSISTANTS_RUN, random.Random(3), complete=True).stream()
    for edit in edits(stream, kinds=["skip transition"]):
        assert errors(edit.events, None), edit
    # without its first name, creation is still announced
    assert all(edit.events[0] == stream[0] for edit in edits(stream, kinds=["skip transition"]))


def test_logs_without_statuses_are_refused() -> None:
    with pytest.raises(BadLifecycle, match="no status on the wire"):
        list(edits([{"type": "RUN_STARTED", "runId": "1", "threadId": "1"}], AGUI_RUN))
    with pytest.raises(BadLifecycle, match="no status on the wire"):
        some_edit([], random.Random(0), AGUI_RUN)


def test_a_log_without_runs_cannot_be_edited() -> None:
    assert some_edit([], random.Random(0)) is None
    assert list(edits([{"event": "done", "data": "[DONE]"}])) == []
    assert items_of([]) == []


# --- if a rule were missing -------------------------------------------------------------------------------------------

# from RS120, RS420 and RS620 on they are of AG-UI, which has sequences of its own
WATCHED = sorted(c for c in CODES if c[:3] in {"RS1", "RS2", "RS3", "RS4", "RS6"} and int(c[3:]) < 20)


@cache
def by_code() -> dict[str, list[tuple[Lifecycle, Edit]]]:
    found: dict[str, list[tuple[Lifecycle, Edit]]] = {}
    for kind in KINDS:
        of_this: Counter[str] = Counter()
        for lifecycle, edit in of_kind(kind):
            code = edit.codes[0]
            of_this[code] += 1
            if of_this[code] <= 8:
                found.setdefault(code, []).append((lifecycle, edit))
    return found


@pytest.mark.parametrize("code", WATCHED)
def test_a_judge_without_this_rule_is_caught(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = by_code()[code]
    assert missed(made) == []

    def without(method: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        return lambda *given: (pair for pair in method(*given) if pair[1].code != code)

    monkeypatch.setattr(Monitor, "_judge", without(Monitor._judge))
    monkeypatch.setattr(Monitor, "_broken_off", without(Monitor._broken_off))
    assert missed(made) != []


RULES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "identity": (single, ("RS601",)),
    "kinds": (single, ("RS206", "RS207", "RS208", "RS209")),
    "transition": (single, ("RS101", "RS102", "RS103", "RS104", "RS105", "RS107", "RS108", "RS409")),
    "announcement": (single, ("RS109", "RS110")),
    "presence": (single, ("RS201", "RS202", "RS203", "RS204", "RS205", "RS301", "RS410")),
    "movement": (single, ("RS302", "RS303", "RS304", "RS305")),
    "_belongs": (parts, ("RS603",)),
    "_arrival": (Parts, ("RS401", "RS404", "RS405")),
    "_place": (Parts, ("RS411",)),
    "_departure": (Parts, ("RS406",)),
    "_held": (Parts, ("RS407",)),
    "_gate": (Parts, ("RS402",)),
    "_sum": (Parts, ("RS414",)),
    "delta": (Parts, ("RS401",)),
    "_over": (Monitor, ("RS412",)),
    "_broken_off": (Monitor, ("RS413",)),
}
"""Functions of the judge, and what is missed without them."""


@pytest.mark.parametrize("rule", RULES)
def test_a_judge_without_this_function_is_caught(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, codes = RULES[rule]
    monkeypatch.setattr(owner, rule, lambda *_given, **_more: iter(()))
    for code in codes:
        assert missed(by_code()[code]) != [], code
