"""The bulk judge against the judge itself, fed row by row: the same findings, verdicts, counts and repairs."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import tempfile
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import attrs
import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstate.conformance import bulk
from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.bulk_rules import Rules
from runstate.conformance.check import Clean, Judged, summarise
from runstate.conformance.monitor import Mode, Monitor
from runstate.conformance.watch import Assume
from runstate.errors import BadTable, DecodeError
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from runstate.modelling.columns import write_parquet
from runstate.modelling.simulate import simulate
from runstate.modelling.simulated import rows as simulated_rows
from runstate.observations import Observation
from tests.strategies import TableRow, table_rows

BY_TIME = Columns(run_id="run", status="status", time="time")
BY_ROW = Columns(run_id="run", status="status")
Form = Literal["parquet", "jsonl", "csv"]


def write(path: Path, rows: Sequence[TableRow], form: Form) -> Path:
    """Rows as a file; times are whole numbers."""
    lines = path.with_suffix(".jsonl")
    objects = (dict(zip(("run", "status", "time"), row, strict=True)) for row in rows)
    lines.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    if form == "jsonl":
        return lines
    target = path.with_suffix(f".{form}")
    with duckdb.connect() as connection:
        kinds = "columns = {run: 'VARCHAR', status: 'VARCHAR', time: 'BIGINT'}"
        source = f"SELECT * FROM read_json('{lines}', format = 'newline_delimited', {kinds})" if rows else _EMPTY
        connection.execute(f"COPY ({source}) TO '{target}'")
    return target


_EMPTY = "SELECT NULL::VARCHAR AS run, NULL::VARCHAR AS status, NULL::BIGINT AS time WHERE false"


def row_by_row(tables: Sequence[tuple[str, Sequence[TableRow]]], monitor: Monitor, *, by_time: bool) -> Monitor:
    """What the bulk judge must agree with: every row through the judge, in Python, in its order."""
    timed: list[tuple[int, int, int, str | None, str | None]] = []
    for log, (file, rows) in enumerate(tables):
        for row, (run, status, time) in enumerate(rows):
            if by_time and time is None:
                fault = DecodeError(
                    path="$.time",
                    problem="type",
                    reason="the row has no time that can be read, so nobody knows where it belongs",
                    allowed="a timestamp, or seconds since the epoch",
                )
                monitor.feed(Observation(fault=fault, file=file, line=row + 1))
            else:
                timed.append((time if by_time and time is not None else 0, log, row, run, status))
    for _, log, row, run, status in sorted(timed, key=lambda one: one[:3]):
        monitor.feed_status(run, status, file=tables[log][0], line=row + 1)
    monitor.close()
    return monitor


def said(monitor: Monitor) -> list[object]:
    """Every run of which something is said, with all that is known of it; and what belongs to no run."""
    return [*(run for run in monitor.runs.values() if run.findings), *monitor.loose]


def assert_the_same(judged: Iterable[Judged], expected: Monitor) -> None:
    judged = tuple(judged)
    alone = [Judged(file="", monitor=expected, size=0) for _ in judged]
    assert said(judged[0].monitor) == said(expected)
    assert summarise(judged) == summarise(alone)
    assert sum(one.observations or 0 for one in judged) == expected.observations


def assert_judged_alike(
    tables: Sequence[tuple[object, Sequence[TableRow]]], make: Any, columns: Columns = BY_TIME, **more: Any
) -> None:
    """The tables as given, and the rows in them."""
    judged = check_table(*(table for table, _ in tables), columns=columns, monitor=make(), **more)
    named = [(one.file, rows) for one, (_, rows) in zip(judged, tables, strict=True)]
    assert_the_same(judged, row_by_row(named, make(), by_time=columns.instants is not None))


# -- the same findings -------------------------------------------------------------------------------------------------


@settings(max_examples=settings().max_examples // 8)  # each of them sets up a database
@given(
    st.lists(table_rows(ASSISTANTS_RUN.statuses), min_size=1, max_size=3),
    st.sampled_from(["auto", "stream", "poll"]),
    st.booleans(),
    st.sampled_from([Assume(), Assume(lost=True), Assume(duplicates=True)]),
    st.sampled_from([BY_TIME, BY_ROW]),
    st.sampled_from(["parquet", "jsonl"]),
    st.sampled_from([0, bulk.LEAST_ROWS]),
)
def test_any_rows_are_judged_as_by_the_judge_itself(
    logs: list[list[TableRow]], mode: Mode, strict: bool, assume: Assume, columns: Columns, form: Form, least: int
) -> None:
    def make() -> Monitor:
        return Monitor(mode=mode, strict=strict, assume=assume)

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "LEAST_ROWS", least)  # the compiled pass, or SQL alone
        files = [write(Path(folder, f"log_{number}"), rows, form) for number, rows in enumerate(logs)]
        assert_judged_alike(list(zip(files, logs, strict=True)), make, columns)


def made_up(name: str, seed: int, runs: int = 8) -> list[TableRow]:
    """Simulated runs of a lifecycle, every pair of its statuses, and random edits; out of order, with equal times."""
    lifecycle = CATALOGUE[name]
    chooser = random.Random(f"{name}/{seed}")
    rows: list[TableRow] = [
        (row.run, row.status, int(row.time * 100)) for row in simulated_rows(simulate(lifecycle, runs, seed))
    ]
    for before in lifecycle.statuses:
        rows += [(f"{before}/{after}", word, 7) for after in lifecycle.statuses for word in (before, after)]
    rows += [(f"spelled {word}", word, 5) for others in lifecycle.spellings.values() for word in others]
    for _ in range(runs):
        run, status, time = chooser.choice(rows)
        word = chooser.choice([*lifecycle.statuses, "no status", None, status])
        rows.insert(chooser.randrange(len(rows)), (run, word, chooser.choice([time, 9, None])))
    return rows


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_lifecycle_is_judged_as_by_the_judge_itself(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    even = [*CATALOGUE].index(name) % 2 == 0
    modes: tuple[Mode, Mode] = ("poll", "stream")
    monkeypatch.setattr(bulk, "LEAST_ROWS", 0 if even else bulk.LEAST_ROWS)
    rows = made_up(name, 1)
    file = write(tmp_path / "rows", rows, "jsonl")
    assert_judged_alike([(file, rows)], lambda: Monitor(CATALOGUE[name], mode=modes[len(name) % 2]))


def test_sql_and_the_compiled_pass_have_the_same_rules_for_every_lifecycle_and_mode() -> None:
    modes: tuple[Mode, Mode] = ("poll", "stream")
    with duckdb.connect() as connection:
        for lifecycle, mode in itertools.product(CATALOGUE.values(), modes):
            rules = Rules.of(lifecycle, Monitor(lifecycle, mode=mode))
            paths = [[after] for after in range(rules.count)]
            paths += [[before, after] for before in range(rules.count) for after in range(rules.count)]
            asked = f"SELECT {rules.suspect('path')}, {rules.complete('path')} FROM (SELECT unnest(?::USMALLINT[][]) AS path)"
            assert connection.execute(asked, [paths]).fetchall() == [
                (
                    rules.doubtful[path[-1]] or any(rules.pairs[a][b] for a, b in itertools.pairwise(path)),
                    rules.ended[path[-1]],
                )
                for path in paths
            ]


def test_what_sql_takes_for_faulty_is_what_the_judge_does() -> None:
    for mode in ("poll", "stream"):
        monitor = Monitor(mode=mode)
        faulty = Rules.of(ASSISTANTS_RUN, monitor).faulty
        steps = {(edge.source, edge.target) for edge in ASSISTANTS_RUN.transitions if not edge.inferred_only}
        if mode == "stream":
            assert {(a, b) for a in ASSISTANTS_RUN.statuses for b in ASSISTANTS_RUN.statuses} - faulty == {
                step for step in steps if step[0] is not None
            }
        else:
            assert not faulty & {(status, status) for status in ASSISTANTS_RUN.statuses}


def test_runs_without_findings_are_counted_and_not_kept(tmp_path: Path) -> None:
    write_parquet(simulate(ASSISTANTS_RUN, 300, 4), tmp_path / "runs.parquet")
    (judged,) = check_table(tmp_path / "runs.parquet", columns=BY_TIME)
    assert judged.monitor.runs == {}
    assert (judged.clean.complete, judged.clean.open, judged.problem) == (300, 0, None)
    assert summarise([judged]).runs == 300
    assert judged.monitor.recognised is ASSISTANTS_RUN


def test_what_is_not_reported_is_left_out_as_the_judge_leaves_it_out(tmp_path: Path) -> None:
    rows = made_up("openai.assistants.run", 3)
    file = write(tmp_path / "rows", rows, "parquet")
    assert_judged_alike([(file, rows)], lambda: Monitor(select=("RS1",), ignore=("RS102", "RS106")))


# -- order -------------------------------------------------------------------------------------------------------------

LEGAL = [("run_1", "queued", 1), ("run_1", "in_progress", 2), ("run_1", "completed", 3)]


def codes(judged: Iterable[Judged]) -> list[str]:
    return [finding.code for one in judged for run in one.runs for finding in run.findings]


def test_rows_come_by_time_or_as_they_stand(tmp_path: Path) -> None:
    file = write(tmp_path / "rows", LEGAL[::-1], "parquet")
    assert codes(check_table(file, columns=BY_TIME)) == []
    as_they_stand = Columns(run_id="run", status="status", time="time", order="row")
    assert codes(check_table(file, columns=as_they_stand)) == ["RS102"]


def test_rows_at_one_time_come_by_file_and_row(tmp_path: Path) -> None:
    rows: list[TableRow] = [(run, status, 1) for run, status, _ in LEGAL]
    first, second = write(tmp_path / "1", rows[:2], "parquet"), write(tmp_path / "2", rows[2:], "parquet")
    assert codes(check_table(first, second, columns=BY_TIME)) == []
    assert codes(check_table(second, first, columns=BY_TIME)) == ["RS102", "RS102"]


def test_times_far_apart_are_put_in_order_too(tmp_path: Path) -> None:
    rows: list[TableRow] = [("run_1", "queued", -(2**63)), ("run_1", "completed", 2**63 - 1), *LEGAL[:2]]
    assert_judged_alike([(write(tmp_path / "rows", rows, "parquet"), rows)], Monitor)


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("VARCHAR", ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00.000001+02:00", "2026-01-01 00:00:01"]),
        ("VARCHAR", ["1767225600", "1767225600.000001", "2026-01-01T00:00:01Z"]),
        ("TIMESTAMP", ["2026-01-01 00:00:00", "2026-01-01 00:00:00.000001", "2026-01-02"]),
        ("TIMESTAMP_NS", ["2026-01-01 00:00:00", "2026-01-01 00:00:00.000000001", "2026-01-02"]),
        ("TIMESTAMP WITH TIME ZONE", ["2026-01-01 00:00:00+01", "2026-01-01 00:00:00+00", "2026-01-02 00:00:00+03"]),
        ("TIMESTAMP_MS", ["2026-01-01 00:00:00", "2026-01-01 00:00:00.001", "2026-01-02"]),
        ("DATE", ["2026-01-01", "2026-01-02", "2026-02-01"]),
        ("DOUBLE", ["1.25", "1.250001", "2"]),
        ("DECIMAL(18, 3)", ["1.25", "1.251", "2"]),
        ("UBIGINT", ["1", "2", "18446744073709551615"]),
        ("INTEGER", ["-5", "2", "3"]),
    ],
)
def test_times_are_read_whatever_their_type(kind: str, times: list[str], tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows (run VARCHAR, status VARCHAR, time {kind})")
        for (run, status, _), time in reversed(list(zip(LEGAL, times, strict=True))):
            connection.execute("INSERT INTO rows VALUES (?, ?, ?)", [run, status, time])
        connection.execute(f"COPY rows TO '{file}'")
    (judged,) = check_table(file, columns=BY_TIME)
    assert (codes([judged]), judged.loose, judged.clean.complete) == ([], (), 1)


# -- kinds of tables ---------------------------------------------------------------------------------------------------

ROWS: list[TableRow] = [*LEGAL, ("run_2", "queued", 2), ("run_2", "completed", 5), ("run_2", "queued", 6)]


def frame_of(kind: str) -> object:
    values = {name: [row[index] for row in ROWS] for index, name in enumerate(("run", "status", "time"))}
    module, make = {
        "pandas": ("pandas", "DataFrame"),
        "polars": ("polars", "DataFrame"),
        "arrow": ("pyarrow", "table"),
    }[kind]
    return getattr(import_module(module), make)(values)  # two of them have no types of their own


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_frames_are_judged_as_files_are(kind: str) -> None:
    assert_judged_alike([(frame_of(kind), ROWS)], Monitor)


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv"])
def test_files_are_known_by_what_is_in_them(form: Form, tmp_path: Path) -> None:
    file = write(tmp_path / "rows", ROWS, form).rename(tmp_path / "log [1]*.data")
    assert_judged_alike([(file, ROWS)], Monitor)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_compressed_texts_are_read(form: Form, tmp_path: Path) -> None:
    file = write(tmp_path / "rows", ROWS, form)
    packed = tmp_path / "rows.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert_judged_alike([(packed, ROWS)], Monitor)


def test_columns_may_have_any_name_and_type(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    with duckdb.connect() as connection:
        query = 'SELECT run::BIGINT AS "the ""run""", \'queued\'::ENUM(\'queued\') AS pos FROM range(3) t(run)'
        connection.execute(f"COPY ({query}) TO '{file}'")
    (judged,) = check_table(file, columns=Columns(run_id='the "run"', status="pos"))
    assert (judged.clean.open, dict(judged.monitor.runs)) == (3, {})


# -- what cannot be read -----------------------------------------------------------------------------------------------


def test_bad_lines_are_findings_and_the_others_are_judged(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [json.dumps(dict(zip(("run", "status", "time"), row, strict=True))) for row in LEGAL]
    file.write_text("\n".join([lines[0], '{"run": ', "", lines[1], "[1]", "{}", lines[2], ""]))
    (judged,) = check_table(file, columns=BY_ROW)
    assert [(found.code, found.line) for found in judged.loose] == [("RS501", 2), ("RS501", 4), ("RS602", 5)]
    assert (judged.clean.complete, judged.observations) == (1, 4)


def test_bad_rows_of_comma_separated_values_are_findings_too(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("run,status,time\na,queued,1\na,in_progress,2,3,4,5\na,in_progress,2\nb,queued,\n")
    (judged,) = check_table(file, columns=BY_TIME)
    assert [(found.code, found.line) for found in judged.loose] == [("RS501", 3), ("RS501", 3)]
    assert (judged.clean.open, judged.observations) == (1, 2)


def test_empty_tables_have_a_problem_and_no_fault(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    (judged,) = check_table(empty, columns=BY_TIME)
    assert judged.problem == "the file is empty: no bytes, no observations"
    for form in ("parquet", "csv"):
        (judged,) = check_table(write(tmp_path / "none", [], form), columns=BY_TIME)
        assert judged.problem == "no observation can be read from it"


@pytest.mark.parametrize("form", ["parquet", "jsonl", "csv"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(form: Form, tmp_path: Path) -> None:
    file = write(tmp_path / "rows", ROWS, form)
    for columns in (attrs.evolve(BY_TIME, run_id="id"), attrs.evolve(BY_TIME, time="at")):
        with pytest.raises(BadTable) as caught:
            check_table(file, columns=columns)
        assert (caught.value.problem, caught.value.allowed) == ("column", ("run", "status", "time"))
        assert caught.value.table == str(file)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    for table in (broken, tmp_path / "none.csv", tmp_path, 7):
        with pytest.raises(BadTable) as caught:
            check_table(table, columns=BY_TIME)
        assert caught.value.problem == "unreadable"


def test_a_column_without_times_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'a' AS run, 'queued' AS status, true AS time) TO '{file}'")
    with pytest.raises(BadTable) as caught:
        check_table(file, columns=BY_TIME)
    assert (caught.value.problem, caught.value.seen) == ("time", "BOOLEAN")


def test_times_that_count_different_things_are_not_compared(tmp_path: Path) -> None:
    numbers = write(tmp_path / "numbers", ROWS, "parquet")
    texts = write(tmp_path / "texts", ROWS, "jsonl")
    with pytest.raises(BadTable) as caught:
        check_table(numbers, texts, columns=BY_TIME)
    assert (caught.value.problem, caught.value.seen) == ("time", ["integers", "microseconds"])


@pytest.mark.parametrize("more", [{"order": "time"}, {"order": "size"}])
def test_an_order_that_nothing_gives_is_refused(more: Any) -> None:
    with pytest.raises(BadTable) as caught:
        Columns(run_id="run", status="status", **more)
    assert caught.value.problem == "settings"


@pytest.mark.parametrize("more", [{"memory": "much"}, {"monitor": Monitor(assume=Assume(window=2))}])
def test_settings_that_make_no_sense_are_refused(more: Any, tmp_path: Path) -> None:
    with pytest.raises(BadTable) as caught:
        check_table(write(tmp_path / "rows", ROWS, "csv"), columns=BY_TIME, **more)
    assert caught.value.problem == "settings"


# -- size --------------------------------------------------------------------------------------------------------------


def many(folder: Path, runs: int, seed: int) -> tuple[Path, list[TableRow]]:
    """Interleaved simulated runs, some of which have a wrong status somewhere."""
    chooser = random.Random(seed)
    rows: list[TableRow] = [
        (
            row.run,
            row.status if chooser.random() > 0.001 else chooser.choice([*ASSISTANTS_RUN.statuses, "no status"]),
            int(row.time),
        )
        for row in simulated_rows(simulate(ASSISTANTS_RUN, runs, seed))
    ]
    return write(folder / "many", rows, "parquet"), rows


def test_what_does_not_fit_into_memory_is_judged_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, rows = many(tmp_path, 300, 5)
    whole = bulk._Work._group_part
    asked: list[int] = []

    def short_of_memory(self: Any, part: int, parts: int, always: str) -> Clean:
        asked.append(parts)
        if parts < 4:
            raise duckdb.OutOfMemoryException("too much")
        return whole(self, part, parts, always)

    monkeypatch.setattr(bulk._Work, "_group_part", short_of_memory)
    assert_judged_alike([(file, rows)], lambda: Monitor(mode="stream"), memory="100MB")
    assert asked == [1, 2, 4, 4, 4, 4]
    monkeypatch.setattr(bulk, "MOST_PARTS", 2)
    with pytest.raises(BadTable) as caught:
        check_table(file, columns=BY_TIME)
    assert caught.value.problem == "memory"


@pytest.mark.long
@pytest.mark.parametrize("least", [0, 10**9], ids=["compiled", "sql"])
def test_a_million_rows_are_judged_as_by_the_judge_itself(
    least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "LEAST_ROWS", least)
    file, rows = many(tmp_path, 260_000, 6)
    assert len(rows) > 1_000_000
    assert_judged_alike([(file, rows)], lambda: Monitor(mode="poll"))
    assert_judged_alike([(file, rows)], lambda: Monitor(mode="stream"), memory="100MB")
