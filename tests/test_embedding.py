"""The page on embedding as a new user follows it: two worker processes drain a queue, on SQLite and on PostgreSQL."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runstate import Run, Runs, open_store
from tests.postgres import shared_server

ROOT = Path(__file__).resolve().parents[1]
COUNT = 30


def script(name: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> int:
    out, _ = process.communicate()
    assert process.returncode == 0
    return int(re.findall(r"\d+", out)[0])


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/runs.db"
    return shared_server().new_database()


def test_two_workers_drain_a_queue(url: str) -> None:
    assert said(script("enqueue.py", url, str(COUNT))) == COUNT
    workers = [script("worker.py", url) for _ in range(2)]
    assert sum(map(said, workers)) == COUNT
    runs: Runs[Run] = Runs(open_store(url))
    assert [str(run.status) for run in runs.list(limit=COUNT + 1).runs] == ["completed"] * COUNT


def test_a_server_for_a_trial_says_where_it_is_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "tests.postgres"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        store = open_store(url)
        assert store.info()["engine"] == "postgresql"
        store.close()
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    assert not Path(url.partition("host=")[2]).exists()
