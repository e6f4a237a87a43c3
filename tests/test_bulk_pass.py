"""The compiled pass against the plainest reading of what it must find, and where the bulk judge takes which way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.conformance import bulk, bulk_stream, bulk_tables
from runstate.conformance.bulk import Columns, check_table
from runstate.conformance.bulk_pass import FULLEST, ODD, Full, Table
from runstate.conformance.bulk_rules import Rules
from runstate.conformance.bulk_times import read_times
from runstate.conformance.monitor import Monitor
from runstate.errors import BadTable
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN
from tests.strategies import PassRow, pass_batches
from tests.test_bulk import BY_ROW, BY_TIME, assert_judged_alike, many, write

RULES = Rules.of(ASSISTANTS_RUN, Monitor(mode="stream"))
PAIRS, DOUBTFUL, ENDED = (np.array(what) for what in (RULES.pairs, RULES.doubtful, RULES.ended))
EVERY_BIT = (1 << 64) - 1


def texts(words: Sequence[str], before: int = 0) -> tuple[Any, Any]:
    """Texts as Arrow has them: where each begins, from ``before`` on, and the bytes of all."""
    raw = [word.encode() for word in words]
    ends = np.cumsum([before, *map(len, raw)]).astype(np.int32)
    return np.frombuffer(b"?" * before + b"".join(raw), np.uint8), ends


def fed(batches: Iterable[Sequence[PassRow]], mask: int = EVERY_BIT, room: int = 1 << 30) -> Table:
    table = Table(PAIRS, room, mask)
    for rows in batches:
        codes = np.array([code for _, code, _ in rows], np.uint8)
        times = np.array([time for _, _, time in rows], np.int64)
        data, ends = texts([run for run, _, _ in rows], before=3)
        table.feed(data, ends, codes, times)
    return table


def plainly(rows: Iterable[PassRow], *, last: bool) -> tuple[int, int, set[str], int]:
    """Ended runs, open ones, suspects, and how many have late rows."""
    runs: dict[str, list[tuple[int, int]]] = {}
    latest = ("", -(1 << 63))
    for run, code, time in rows:
        if code == ODD:
            continue
        runs.setdefault(run, []).append((code, time))
        if run and time >= latest[1]:
            latest = (run, time)
    late = {run for run, seen in runs.items() if any(b[1] < a[1] for a, b in itertools.pairwise(seen))}
    suspects = {
        run
        for run, seen in runs.items()
        if not run
        or (last and run == latest[0])
        or run in late
        or DOUBTFUL[seen[-1][0]]
        or any(code == 0 for code, _ in seen)
        or any(PAIRS[a[0], b[0]] for a, b in itertools.pairwise(seen))
    }
    ended = sum(bool(ENDED[seen[-1][0]]) for run, seen in runs.items() if run not in suspects)
    return ended, len(runs) - len(suspects) - ended, suspects, len(late)


# -- what it finds -----------------------------------------------------------------------------------------------------


@given(pass_batches(RULES.count - 1), st.sampled_from([EVERY_BIT, 0, 1, 0xFF << 40, 0xF]), st.booleans())
def test_it_finds_what_a_plain_reading_does_however_many_hashes_are_equal(
    batches: list[list[PassRow]], mask: int, last: bool
) -> None:
    table = fed(batches, mask)
    total = table.total(DOUBTFUL, ENDED, last=last)
    expected = plainly((row for rows in batches for row in rows), last=last)
    assert (total.complete, total.open, set(total.suspects), table.late) == expected
    assert len(set(total.suspects)) == len(total.suspects)
    assert table.counts.sum() == sum(map(len, batches))


def test_two_runs_of_one_hash_are_two_runs() -> None:
    queued, working, done = (RULES.number(word) for word in ("queued", "in_progress", "completed"))
    nothing = np.zeros_like(DOUBTFUL)
    legal = [("a", working, 0), ("b", queued, 1), ("a", done, 2), ("b", working, 3), ("b", done, 4)]
    assert fed([legal], mask=0).total(nothing, ENDED, last=False).complete == 2
    hidden = [("a", queued, 0), ("b", working, 1), ("a", done, 2)]  # one run that did this would be a legal one
    assert fed([hidden], mask=0).total(nothing, ENDED, last=False).suspects == ("a",)


@pytest.mark.parametrize("mask", [EVERY_BIT, 0xFFFF])
def test_many_runs_make_the_table_grow(mask: int) -> None:
    chooser = random.Random(3)
    rows = [(f"run_{chooser.randrange(8_000)}", chooser.randrange(RULES.count), time) for time in range(30_000)]
    batches = [rows[begin : begin + 1_000] for begin in range(0, len(rows), 1_000)]
    table = fed(batches, mask)
    total = table.total(DOUBTFUL, ENDED, last=True)
    expected = plainly(rows, last=True)
    assert (total.complete, total.open, set(total.suspects), table.late) == expected
    assert table.runs > (1 << 12) * FULLEST


def test_what_it_has_no_room_for_is_refused() -> None:
    for rows, mask, room in (
        ([("x" * (1 << 16), 1, 0)], EVERY_BIT, 1 << 30),
        ([(f"run_{number}", 1, 0) for number in range(5_000)], 0, 1 << 30),  # all of them in one place
        ([(f"run_{number}", 1, 0) for number in range(50_000)], EVERY_BIT, 1 << 20),
    ):
        with pytest.raises(Full):
            fed([rows], mask, room)
    longest = fed([[("x" * ((1 << 16) - 1), 0, 0)]])
    assert longest.total(DOUBTFUL, ENDED, last=False).suspects == ("x" * ((1 << 16) - 1),)


# -- times in texts ----------------------------------------------------------------------------------------------------


def written(chooser: random.Random) -> str:
    """A time, or something that is nearly one."""

    def one(usual: Sequence[str], rare: Sequence[str]) -> str:
        return chooser.choice(usual if chooser.random() < 0.9 else rare)

    days = [f"{day:02}" for day in range(1, 29)]
    date = f"{one(['1900', '1970', '2024', '2100'], ['1899', '0001'])}-{one(days[:12], ['00', '13'])}-{one(days, ['00', '29', '30', '31', '32'])}"
    clock = f"{one(days[:23], ['24'])}:{one(days, ['59', '60'])}:{one(days, ['59', '60'])}"
    fraction = one(["", ".5", ".123", ".123456"], [".", ".1234567", ",5"])
    zone = one(["", "Z", "+00:00", "+02:00", "-09:30"], ["z", " UTC", "+14:59", "+15:00", "+0200", "-02", "+1:00"])
    text = f"{date}{one('T ', 't_')}{clock}{fraction}{zone}"
    if chooser.random() < 0.3:
        seconds = one(["0", "1767225600", "-1767225600"], ["999999999999", "1000000000000", "1e9", "+5", "", " 5"])
        text = seconds + fraction
    if chooser.random() < 0.1:
        place = chooser.randrange(len(text) + 1)
        text = text[:place] + chooser.choice("0:-. Zé") + text[place + chooser.randrange(2) :]
    return text


def test_times_in_texts_are_read_as_duckdb_reads_them_or_not_at_all() -> None:
    chooser = random.Random(5)
    words = sorted({written(chooser) for _ in range(6_000)})
    times, codes = np.empty(len(words), np.int64), np.zeros(len(words), np.uint8)
    data, ends = texts(words)
    read_times(data, ends, times, codes, ODD)
    found = bulk_tables._instant("VARCHAR", "word")
    assert found is not None
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        answers = connection.execute(
            f"SELECT {found[1]} FROM (SELECT unnest(?::VARCHAR[]) AS word)", [words]
        ).fetchall()
    read = [(word, int(time)) for word, time, code in zip(words, times, codes, strict=True) if code != ODD]
    expected = [(word, answer) for (word, (answer,), code) in zip(words, answers, codes, strict=True) if code != ODD]
    assert read == expected
    assert len(read) > 1_000
    usual = {
        "2026-01-01T00:00:00Z",
        "2026-01-01 00:00:00.123456",
        "2024-02-29T23:59:59.5-09:30",
        "1767225600.123",
        "-5",
    }
    data, ends = texts(sorted(usual))
    codes = np.zeros(len(usual), np.uint8)
    read_times(data, ends, np.empty(len(usual), np.int64), codes, ODD)
    assert not codes.any()


# -- which way is taken ------------------------------------------------------------------------------------------------


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which ways were taken, filled in; the pass is tried for tables of any size."""
    taken: list[str] = []
    quick, plain, some = bulk_stream._all, bulk._Work._group, bulk._Work._pick

    def tried(*arguments: Any) -> Any:
        taken.append("pass")
        return quick(*arguments)

    def grouped(work: Any) -> Any:
        taken.append("sql")
        return plain(work)

    def picked(work: Any, runs: Any) -> None:
        taken.append("suspects")
        some(work, runs)

    monkeypatch.setattr(bulk, "LEAST_ROWS", 0)
    monkeypatch.setattr(bulk._Work, "_pick", picked)
    monkeypatch.setattr(bulk_stream, "_all", tried)
    monkeypatch.setattr(bulk._Work, "_group", grouped)
    return taken


LEGAL = [("a", "queued", 1), ("a", "in_progress", 2), ("a", "completed", 3)]


def test_legal_runs_need_the_pass_alone(ways: list[str], tmp_path: Path) -> None:
    for form in ("parquet", "csv", "jsonl"):
        assert_judged_alike([(write(tmp_path / form, LEGAL, form), LEGAL)], Monitor)
        assert_judged_alike([(write(tmp_path / form, LEGAL, form), LEGAL)], lambda: Monitor(mode="stream"), BY_ROW)
    assert ways == ["pass"] * 6


def test_small_tables_are_not_worth_compiling_for(
    ways: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "rows", LEGAL, "parquet")
    monkeypatch.setattr(bulk, "LEAST_ROWS", 4)
    check_table(file, columns=BY_TIME)
    check_table(file, file, columns=BY_TIME)
    assert ways == ["sql", "pass", "suspects", "sql"]


def test_without_the_compiler_sql_does_all(ways: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "find_spec", lambda _name: None)
    assert_judged_alike([(write(tmp_path / "rows", LEGAL, "jsonl"), LEGAL)], Monitor)
    assert ways == ["sql"]


def test_what_does_not_fit_into_memory_is_passed_over_in_parts(
    ways: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, rows = many(tmp_path, 400, 8)
    feed = Table.feed

    def short_of_memory(self: Table, *arguments: Any) -> None:
        feed(self, *arguments)
        if self.runs > 150:
            raise Full

    monkeypatch.setattr(Table, "feed", short_of_memory)
    assert_judged_alike([(file, rows)], lambda: Monitor(mode="stream"))
    assert ways == ["pass", "pass", "pass", "suspects", "sql"]
    monkeypatch.setattr(bulk_stream, "MOST_PARTS", 2)
    assert_judged_alike([(file, rows)], Monitor)
    assert ways[5:] == ["pass", "pass", "sql"]


def test_what_broke_off_is_told_at_the_last_row_whoever_it_belongs_to(ways: list[str], tmp_path: Path) -> None:
    rows = [("b", "queued", 0), ("b", "in_progress", 3), *LEGAL]  # the last two at one time
    assert_judged_alike([(write(tmp_path / "rows", rows, "parquet"), rows)], lambda: Monitor(mode="stream"))
    assert ways == ["pass", "suspects", "sql"]


def test_rows_out_of_order_are_left_to_sql(ways: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_stream, "FEW", 5)
    rows = [
        (f"run_{number}", status, time) for status, time in (("completed", 2), ("queued", 1)) for number in range(9)
    ]
    file = write(tmp_path / "rows", rows, "parquet")
    assert_judged_alike([(file, rows)], Monitor)
    assert ways == ["pass", "sql"]
    monkeypatch.setattr(bulk_stream, "FEW", 9)
    assert_judged_alike([(file, rows)], Monitor)
    assert ways[2:] == ["pass", "suspects", "sql"]


def test_times_that_only_duckdb_can_read_are_left_to_it(ways: list[str], tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("run,status,time\na,completed,2026-01-02 00:00:00 UTC\na,queued,2026-01-01T00:00:00Z\n")
    (judged,) = check_table(file, columns=BY_TIME)
    assert ((judged.clean.complete, dict(judged.monitor.runs)), ways) == ((1, {}), ["pass", "sql"])


def test_rows_come_in_the_order_of_the_file_whatever_reads_it(ways: list[str], tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    with duckdb.connect() as connection:
        path = "['queued', 'in_progress', 'completed'][step + 1]"
        source = "range(30) hundred(hundred), range(3) steps(step), range(4000) runs(run)"
        query = f"SELECT hundred * 4000 + run AS run, {path} AS status FROM {source} ORDER BY hundred, step, runs.run"
        connection.execute(f"COPY ({query}) TO '{file}' (ROW_GROUP_SIZE 2048)")
        connection.execute(f"COPY (FROM '{file}') TO '{tmp_path / 'rows.jsonl'}'")
    for table in (file, tmp_path / "rows.jsonl"):
        (judged,) = check_table(table, columns=BY_ROW, monitor=Monitor(mode="stream"))
        assert judged.clean.complete == 120_000
    assert ways == ["pass", "pass"]


def test_a_column_of_statuses_that_no_line_has_is_noticed_where_none_means_one(ways: list[str], tmp_path: Path) -> None:
    lifecycle = next(one for one in CATALOGUE.values() if one.status_of(None) is not None)
    file = tmp_path / "rows.jsonl"
    file.write_text('{"run": "a"}\n')
    with pytest.raises(BadTable):
        check_table(file, columns=Columns(run_id="run", status="status"), monitor=Monitor(lifecycle))
    assert ways == ["pass"]
