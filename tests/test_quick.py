"""The quick way of judging statuses against the plain one: the same findings, counts, runs and ends, whatever comes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate import observations
from runstate.conformance import quick
from runstate.conformance.check import Judged, Summary, judge, summarise
from runstate.conformance.findings import Finding
from runstate.conformance.known import Known
from runstate.conformance.monitor import Mode, Monitor
from runstate.conformance.small import small_rows
from runstate.conformance.spelling import camel
from runstate.conformance.watch import Assume, Watched
from runstate.edge import dumps, loads
from runstate.lifecycle import Layout, Lifecycle
from runstate.lifecycles import ASSISTANTS_RUN, CATALOGUE
from runstate.lines import objects_of
from runstate.observations import Block, read, read_blocks
from tests.strategies import Fed, fed_statuses, small_lines
from tools.judge_parts import differences, histories, part_quick_judge

MODES = get_args(Mode)


def in_full(monitor: Monitor, rows: list[Any], file: str, line: int | None) -> list[Finding]:
    """The plain way: an observation for each row."""
    lines = [None if line is None else line + number for number in range(len(rows))]
    return [
        finding
        for (run_id, status), at in zip(rows, lines, strict=True)
        for finding in monitor._status_in_full(run_id, status, file, at)
    ]


def play(monitor: Monitor, fed: Fed, *, plainly: bool) -> list[Finding]:
    match fed:
        case ("rows", rows, file, line):
            return in_full(monitor, rows, file, line) if plainly else monitor.feed_statuses(rows, file=file, line=line)
        case ("row", (run_id, status), file, line):
            if plainly:
                return in_full(monitor, [(run_id, status)], file, line)
            return monitor.feed_status(run_id, status, file=file, line=line)
        case ("strict", strict):
            monitor.strict = strict
            return []
        case ("close",):
            return monitor.close()
        case ("object", value):
            return monitor.feed(value)
        case _:
            raise AssertionError(fed)


def told(monitor: Monitor, released: list[Watched]) -> Any:
    """All that can be asked of a monitor."""
    clean = [(key, run.verdict, run.next) for key, run in monitor.runs.items()]
    return {
        "runs": dict(monitor.runs.items()),
        "order": list(monitor.runs),
        "verdicts": clean,
        "loose": (monitor.loose, monitor.unkept),
        "observations": monitor.observations,
        "recognised": (monitor.recognised, monitor.followed),
        "leg": [run.id for run in monitor._at_work()],
        "ended": list(monitor._ended.items()),
        "released": released,
        "summary": summed(monitor),
    }


def summed(monitor: Monitor) -> Summary:
    return summarise([Judged(file="-", monitor=monitor, size=1)])


def same(fed: list[Fed], lifecycle: Lifecycle, *, release: bool = False, **settings: Any) -> Monitor:
    """Feed two monitors, and compare what they say after each step and at the end; the quick one."""
    released: tuple[list[Watched], list[Watched]] = ([], [])
    found: tuple[list[Finding], list[Finding]] = ([], [])
    monitors = tuple(Monitor(lifecycle, on_finding=found[i].append, remember=2, **settings) for i in (0, 1))
    if release:
        for monitor, gone in zip(monitors, released, strict=True):
            monitor.release = gone.append
    for one in fed:
        assert play(monitors[0], one, plainly=False) == play(monitors[1], one, plainly=True)
    assert told(monitors[0], released[0]) == told(monitors[1], released[1])
    assert monitors[0].close() == monitors[1].close()
    assert told(monitors[0], released[0]) == told(monitors[1], released[1])
    assert found[0] == found[1]
    return monitors[0]


# -- equal -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", CATALOGUE)
def test_all_pairs_of_statuses_of_every_lifecycle(name: str, mode: Mode) -> None:
    """Each pair in a run of its own, all runs interleaved, with lines and without; then each once more."""
    lifecycle = CATALOGUE[name]
    pairs = list(product((*lifecycle.statuses, "no status"), repeat=2))
    rows = [(f"{before} {after}", (before, after)[turn]) for turn in (0, 1, 1) for before, after in pairs]
    same([("rows", rows, "-", None)], lifecycle, mode=mode)
    same([("rows", rows, "log", 7)], lifecycle, mode=mode, strict=True)


@given(st.data(), st.sampled_from(list(CATALOGUE)), st.sampled_from(MODES), st.booleans(), st.booleans())
def test_whatever_comes(data: st.DataObject, name: str, mode: Mode, strict: bool, release: bool) -> None:
    lifecycle = CATALOGUE[name]
    fed = data.draw(fed_statuses(lifecycle))
    assume = data.draw(st.sampled_from([Assume(), Assume(lost=True), Assume(skew=1), Assume(window=2), Assume(duplicates=True)]))  # fmt: skip
    same(fed, lifecycle, mode=mode, strict=strict, release=release, assume=assume)


@given(st.data(), st.sampled_from([("RS1",), ("RS106", "RS6"), ()]))
def test_what_is_not_reported_is_not_kept(data: st.DataObject, ignore: tuple[str, ...]) -> None:
    fed = data.draw(fed_statuses(ASSISTANTS_RUN))
    same(fed, ASSISTANTS_RUN, ignore=ignore)
    same(fed, ASSISTANTS_RUN, select=ignore, known=lambda finding: finding.code == "RS102")


@given(st.data())
def test_few_shared_paths(data: st.DataObject) -> None:
    """Where paths are too many to share, runs are packed each for itself."""
    fed = data.draw(fed_statuses(ASSISTANTS_RUN))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "MOST_NODES", 2)
        same(fed, ASSISTANTS_RUN)


# -- what it is about ----------------------------------------------------------------------------------------------------

LIFE = ["queued", "in_progress", "requires_action", "queued", "in_progress", "completed"]


def interleaved(runs: int, life: list[str] = LIFE) -> Iterator[tuple[str, str]]:
    return ((f"run_{number}", status) for status in life for number in range(runs))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("line", [None, 1])
def test_legal_runs_are_kept_packed_and_the_judge_is_asked_once_a_step(mode: Mode, line: int | None) -> None:
    monitor = Monitor(ASSISTANTS_RUN, mode=mode)
    asked: list[object] = []
    ask = monitor._ask_status

    def counted(before: Watched | None, status: object, file: str) -> Watched | None:
        asked.append(status)
        return ask(before, status, file)

    assert monitor.feed_statuses(()) == []
    assert monitor._quick is not None
    monitor._quick.statuses.ask = counted
    assert monitor.feed_statuses(interleaved(500), line=line) == []
    assert not any(isinstance(state, Watched) for state in monitor.runs.states.values())
    assert len(asked) == len(set(zip([None, *LIFE], LIFE, strict=False)))
    assert (monitor.observations, len(monitor.runs)) == (3000, 500)
    summary = summed(monitor)
    assert (summary.complete, summary.open, summary.runs) == (500, 0, 500)


def test_a_fault_is_asked_about_once_and_judged_each_time() -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    found = monitor.feed_statuses(interleaved(50, ["completed", "queued"]), line=1)
    assert [(finding.code, finding.line, finding.run) for finding in found] == [
        ("RS102", 51 + number, f"run_{number}") for number in range(50)
    ]
    assert monitor._quick is not None
    assert sum(map(len, monitor._quick.statuses.refused)) == 1


def test_words_that_are_no_status_are_not_kept() -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    found = monitor.feed_statuses((f"run_{number}", f"status {number}") for number in range(100))
    assert {finding.code for finding in found} == {"RS106"}
    assert monitor._quick is not None
    assert not any(monitor._quick.statuses.refused)


def test_a_long_path_is_kept_as_an_object() -> None:
    """It would be copied with each leg."""
    monitor = Monitor(ASSISTANTS_RUN)
    life = ["queued", "in_progress", "requires_action"] * 30
    monitor.feed_statuses((("run_1", status) for status in life), line=1)
    assert isinstance(monitor.runs.states["run_1"], Watched)
    assert [leg.line for leg in monitor.runs["openai.assistants.run", "run_1"].path] == list(range(1, 91))


def test_lines_that_are_too_large_to_pack_are_kept_all_the_same() -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    monitor.feed_statuses([("run_1", "queued"), ("run_1", "in_progress")], line=1 << 50)
    assert [leg.line for leg in monitor.runs["openai.assistants.run", "run_1"].path] == [1 << 50, (1 << 50) + 1]


def test_another_lifecycle_in_between_unpacks_all_runs_in_their_order() -> None:
    monitor = Monitor()
    monitor.feed_statuses(interleaved(3), line=1)
    monitor.feed({"object": "vector_store.file", "id": "file_1", "status": "completed", "created_at": 1})
    monitor.feed_statuses([("run_9", "queued")], line=30)
    run, file = "openai.assistants.run", "openai.vector_store.file"
    assert list(monitor.runs) == [(run, "run_0"), (run, "run_1"), (run, "run_2"), (file, "file_1"), (run, "run_9")]
    assert [leg.line for leg in monitor.runs[run, "run_1"].path] == [2, 5, 8, 11, 14, 17]


def test_another_lifecycle_may_come_while_rows_are_judged() -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    other = {"object": "vector_store.file", "id": "file_1", "status": "completed", "created_at": 1}

    def more(_finding: Finding) -> None:
        monitor.lifecycle, monitor.on_finding = None, None
        monitor.feed(other)
        monitor.lifecycle = ASSISTANTS_RUN

    monitor.on_finding = more
    rows = [("run_1", "completed"), ("run_2", "queued"), ("run_1", "queued"), ("run_2", "failed"), ("run_1", "failed")]
    found = monitor.feed_statuses(rows, line=1)
    assert [(one.line, one.run, one.code) for one in found] == [(3, "run_1", "RS102")]
    assert [(run_id, run.status) for (_, run_id), run in monitor.runs.items()] == [
        ("run_1", "failed"),
        ("run_2", "failed"),
        ("file_1", "completed"),
    ]
    assert monitor.observations == 6


def test_rows_that_break_off_are_counted() -> None:
    def rows() -> Iterator[tuple[str, str]]:
        yield from interleaved(5)
        raise OSError("gone")

    for line in (None, 1):
        monitor = Monitor(ASSISTANTS_RUN)
        with pytest.raises(OSError, match="gone"):
            monitor.feed_statuses(rows(), line=line)
        assert (monitor.observations, len(monitor.runs)) == (30, 5)


def test_an_open_run_takes_little_memory() -> None:
    """At most 200 bytes beyond its id (measured in full by the benchmark ``judging``)."""
    ids = [f"run_{number}" for number in range(5_000)]
    for line in (None, 1):
        monitor = Monitor(ASSISTANTS_RUN)
        monitor.feed_statuses((("warm", status) for status in LIFE), line=line)
        tracemalloc.start()
        try:
            monitor.feed_statuses(((run_id, status) for status in LIFE[:-1] for run_id in ids), line=line)
            size, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert size / len(ids) < 200


def test_findings_that_belong_to_no_run_are_bounded_where_runs_are_given_up() -> None:
    told_of: list[Finding] = []
    rows = [("", "queued")] * 300
    monitor = Monitor(ASSISTANTS_RUN, on_finding=told_of.append, release=lambda run: None, remember=7)
    monitor.feed_statuses(rows, line=1)
    assert [finding.line for finding in monitor.loose] == list(range(1, 8))
    assert (len(told_of), sum(monitor.unkept.values()), summed(monitor).errors) == (300, 293, 300)
    monitor = Monitor(ASSISTANTS_RUN, remember=7)
    monitor.feed_statuses(rows)
    assert (len(monitor.loose), monitor.unkept) == (300, {})


@pytest.mark.parametrize("line", [None, 1])
def test_a_run_that_was_given_up_and_comes_again_is_noticed(line: int | None) -> None:
    fed: list[Fed] = [
        ("rows", [("run_1", "queued"), ("run_2", "queued"), ("run_1", "completed")], "-", line),
        ("rows", [("run_3", "queued"), ("run_1", "queued"), ("run_2", "failed")], "-", line),
    ]
    same(fed, ASSISTANTS_RUN, release=True)
    found: list[Finding] = []
    monitor = Monitor(ASSISTANTS_RUN, release=lambda run: None, on_finding=found.append)
    for _, rows, _, _ in fed:
        monitor.feed_statuses(rows, line=line)
    assert [(one.run, one.code) for one in found] == [("run_1", "RS102")]


@pytest.mark.parametrize("line", [None, 1])
def test_repeats_are_counted_and_stay_packed(line: int | None) -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    monitor.feed_statuses([("run_1", status) for status in LIFE for _ in range(3)], line=line)
    assert not isinstance(monitor.runs.states["run_1"], Watched)
    path = [(leg.status, leg.times, leg.line) for leg in monitor.runs["openai.assistants.run", "run_1"].path]
    lines = range(1, 18, 3) if line else [None] * 6
    assert path == [(status, 3, at) for status, at in zip(LIFE, lines, strict=True)]


@pytest.mark.parametrize("line", [None, 1])
def test_each_leg_of_a_stream_begins_anew(line: int | None) -> None:
    """Of the runs in it those that are at work when it breaks off are told of, whether handed over before or not."""
    one = [("run_1", "queued"), ("run_2", "in_progress"), ("run_2", "requires_action"), ("run_3", "requires_action")]
    other = [("run_2", "queued"), ("run_1", "in_progress")]
    fed: list[Fed] = [("rows", one, "-", line), ("close",), ("rows", other, "-", line), ("close",), ("close",)]
    same(fed, ASSISTANTS_RUN, mode="stream")
    monitor = Monitor(ASSISTANTS_RUN, mode="stream")
    found = [finding for step in fed for finding in play(monitor, step, plainly=False)]
    assert [(finding.code, finding.run) for finding in found] == [
        ("RS413", "run_1"),
        ("RS413", "run_2"),
        ("RS413", "run_1"),
    ]


@pytest.mark.parametrize("line", [None, 1])
def test_other_settings_begin_with_other_steps(line: int | None) -> None:
    one = [("run_1", "queued"), ("run_2", "in_progress"), ("run_3", "completed")]
    fed: list[Fed] = [("rows", one, "-", line), ("strict", True), ("rows", [("run_4", "failed")], "-", line)]
    monitor = same(fed, ASSISTANTS_RUN)
    assert [run.status for run in monitor.runs.values()] == ["queued", "in_progress", "completed", "failed"]


def test_what_cannot_be_packed_is_kept_as_an_object() -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    monitor.feed_statuses(())
    assert monitor._quick is not None
    ask = monitor._quick.statuses.ask

    def with_times(before: Watched | None, status: object, file: str) -> Watched | None:
        after = ask(before, status, file)
        if after is not None:
            after.times["created_at"] = 5
        return after

    monitor._quick.statuses.ask = with_times
    monitor.feed_statuses(interleaved(2))
    assert all(isinstance(state, Watched) for state in monitor.runs.states.values())


def test_small_objects_have_nothing_that_a_rule_looks_at() -> None:
    small = {"id": "a", "status": "queued"}
    assert small_rows(ASSISTANTS_RUN, [small, {"note": 1, **small}, {**small, "kinds": []}]) == [("a", "queued")] * 3
    names = [*ASSISTANTS_RUN.fields, *ASSISTANTS_RUN.constant, *ASSISTANTS_RUN.profiles.values(), "usage", "metadata"]
    for name in {*names, *map(camel, names), "object", "type", "kind", "event"} - set(small):
        assert small_rows(ASSISTANTS_RUN, [{**small, name: 1}]) is None, name
        assert small_rows(ASSISTANTS_RUN, [{**small, "other": 1}, {**small, name: 1}]) is None, name
    for lacking in ({"id": "a"}, {"status": "a"}, {"id": "a", "other": "b"}):
        assert small_rows(ASSISTANTS_RUN, [lacking]) is None
        assert small_rows(ASSISTANTS_RUN, [small, lacking]) is None


# -- runs as a mapping -------------------------------------------------------------------------------------------------


def test_the_runs_are_a_mapping() -> None:
    monitor = Monitor(ASSISTANTS_RUN)
    name = ASSISTANTS_RUN.name
    monitor.feed_statuses(interleaved(3))
    runs = monitor.runs
    assert list(runs) == [(name, "run_0"), (name, "run_1"), (name, "run_2")]
    assert (name, "run_1") in runs
    assert (name, "run_9") not in runs
    assert ("other", "run_1") not in runs
    assert runs.get((name, "run_9")) is None
    assert runs.get(("other", "run_1")) is None
    assert len(runs.values()) == len(runs.items()) == 3
    assert repr(runs) == "<3 runs>"
    assert runs[name, "run_1"] is runs[name, "run_1"]  # unpacked for good
    assert runs == {key: runs[key] for key in list(runs)}
    assert monitor.run("run_2") is runs[name, "run_2"]
    assert monitor.run("run_9") is None
    del runs[name, "run_0"]
    for key in ((name, "run_0"), ("other", "run_1")):
        with pytest.raises(KeyError):
            del runs[key]
    runs["other", "run_1"] = Watched("run_1", ASSISTANTS_RUN, "-")
    assert list(runs) == [(name, "run_1"), (name, "run_2"), ("other", "run_1")]
    assert ("other", "run_1") in runs
    assert runs.named("run_1") is runs[name, "run_1"]
    del runs["other", "run_1"]
    assert len(runs) == 2
    assert Known() == {}


# -- lines of small objects ----------------------------------------------------------------------------------------------

FLAT = [name for name, lifecycle in CATALOGUE.items() if lifecycle.layout == Layout()]


def judged(data: bytes, sizes: int, lifecycle: Lifecycle | None, **settings: Any) -> tuple[Any, Judged]:
    """All that is found in a log that comes in chunks of a size."""
    found: list[Finding] = []
    monitor = Monitor(lifecycle, on_finding=found.append, **settings)
    chunks = [data[at : at + sizes] for at in range(0, len(data), sizes)]
    result = judge(chunks, monitor, file="log", close=False)
    before = told(monitor, [])
    monitor.close()
    return (found, before, told(monitor, []), result.size, result.observations), result


@given(st.data(), st.sampled_from(FLAT), st.sampled_from(MODES), st.sampled_from([1, 7, 100, 10_000]))
def test_blocks_of_lines_are_judged_as_line_after_line(data: st.DataObject, name: str, mode: Mode, sizes: int) -> None:
    lifecycle = CATALOGUE[name] if data.draw(st.booleans()) else None
    text = data.draw(small_lines(CATALOGUE[name]))
    quickly, _ = judged(text, sizes, lifecycle, mode=mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observations, "objects_of", lambda _: None)
        plainly, _ = judged(text, sizes, lifecycle, mode=mode)
    assert quickly == plainly


@given(st.data(), st.sampled_from(FLAT))
def test_what_is_parsed_at_once_is_what_each_line_says(data: st.DataObject, name: str) -> None:
    text = data.draw(small_lines(CATALOGUE[name]))
    objects = objects_of(text)
    if objects is not None:
        assert repr(objects) == repr([loads(line) for line in text.split(b"\n")[:-1]])


def test_small_objects_are_parsed_at_once() -> None:
    celery = CATALOGUE["celery.task"]
    rows = [(run, status) for status in ("PENDING", "STARTED", "SUCCESS") for run in ("a", "b")]
    text = b"".join(dumps({"time": 1.5, celery.id_field: r, celery.status_field: s}) + b"\n" for r, s in rows)
    (block,) = read_blocks(text)
    assert isinstance(block, Block)
    assert (len(block.values), block.line) == (6, 1)
    assert [one.line for one in read(text)] == [1, 2, 3, 4, 5, 6]
    _, result = judged(text, 1000, celery)
    assert not any(isinstance(state, Watched) for state in result.monitor.runs.states.values())
    assert [(run.verdict, [leg.line for leg in run.path]) for run in result.runs] == [
        ("complete", [1, 3, 5]),
        ("complete", [2, 4, 6]),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        b'{"a":1}',  # no line end
        b'{"a":1\n,"b":2}\n',
        b'{"a":1\n"b":2}\n{"a":1},{"b":2}\n',
        b'{"a":1}\n\n',
        b'{"a":1,"a":1}\n',
        b'{"a":[1]}\n',
        b'{"a":{}}\n',
        b'{"a":9007199254740993}\n',
        b'{"a":1.0e1}\n',
        b'{"a":"\\u0000"}\n',
        b'{"a":"\xff"}\n',
        b'{"a":NaN}\n',
        b"[]\n",
    ],
)
def test_what_is_not_plain_to_see_is_left_alone(lines: bytes) -> None:
    assert objects_of(lines) is None


def test_a_head_that_is_long_is_not_read_in_full() -> None:
    """Which format it is says the beginning of a log; to search all of it took longer than to parse it."""
    assert [one.value for one in read(b'{"id": "a"}\n' + b" " * (1 << 17) + b'\n{"resourceSpans": []}\n')][1:] == [
        {"resourceSpans": []}
    ]


# -- the long comparison -----------------------------------------------------------------------------------------------


def test_the_long_comparison_compares(capsys: pytest.CaptureFixture[str]) -> None:
    assert part_quick_judge(goal=40, batch=20)
    assert capsys.readouterr().out.endswith("0 differences\n")
    rows = histories(ASSISTANTS_RUN, 20, 1)
    assert list(differences(ASSISTANTS_RUN, rows, "auto", 1)) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Monitor, "feed_statuses", lambda *_, **__: [])
        assert list(differences(ASSISTANTS_RUN, rows, "auto", 1)) != []
