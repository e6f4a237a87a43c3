"""Writes ``tests/data/runs_v<n>_postgres.sql`` and, for SQLite, ``runs_v<n>.sql``: a database with runs in every status, as
the present schema stores them; and ``runs_v<n>_folds.json``, what each of the runs of both was after each change.

``python -m tools.schema_fixture`` is run once for each new schema version, before it is released; a file that exists is
never made anew, for it stands for databases that exist too.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from runstate.record import Run
from runstate.runs import Runs
from runstate.stores import sql
from runstate.stores.postgres import PostgresStore
from runstate.stores.sqlite import SqliteStore
from runstate.testing.clock import FakeClock
from runstate.testing.stores import payload_for
from tests import crash, upgrades
from tests.postgres import shared_server

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"


def tell(runs: Runs[Run], clock: FakeClock) -> None:
    """A run in each status that there is, on the shortest way, one over all of a leg, a claim, a key, a cursor."""
    for status in runs.lifecycle.statuses:
        runs.create(id=f"run_{status}", thread_id="thread", assistant_id="assistant", metadata={"k": "v"}, key=status)
        for edge in (runs.lifecycle.path(None, status) or ())[1:]:
            clock.advance(600 if edge.event == "expire" else 1)
            runs.fire(f"run_{status}", edge.event, key=str(edge.event), actor="ann", **payload_for(edge.event))
    runs.create(
        id="run_long", thread_id="thread", assistant_id="assistant", instructions="Be brief \N{EM DASH} please."
    )
    for event in ("start", "require_action", "submit_tool_outputs", "start", "complete"):
        clock.advance(1)
        runs.fire("run_long", event, **payload_for(event))
    runs.claim("worker", lease=3600)
    runs.acknowledge("subscriber", runs.events()[-1].cursor)


def main() -> int:
    """Write the files: 1 where they exist."""
    version = len(sql.SCRIPTS["postgres"])
    file = DATA / f"runs_v{version}_postgres.sql"
    if file.exists():
        print(f"{file.name} is there and stays", file=sys.stderr)
        return 1
    server = shared_server()
    url = server.new_database()
    clock = FakeClock()
    with PostgresStore(url) as store:
        tell(Runs(store, clock), clock)
    dump = server.folder / "dump.sql"
    server.run("pg_dump", "--inserts", "--no-owner", "--no-privileges", "-f", str(dump), url)
    text = dump.read_text(encoding="utf-8")
    # without the commands of psql, comments, and what older servers do not know
    lines = [line for line in text.split("\n") if not re.match(r"\\|--|SET transaction_timeout", line)]
    file.write_text(re.sub(r"\n{2,}", "\n", "\n".join(lines)).lstrip("\n"), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        clock = FakeClock()
        with SqliteStore(f"{folder}/told.db") as told:
            tell(Runs(told, clock), clock)
        with closing(sqlite3.connect(f"{folder}/told.db")) as conn:
            dumped = "\n".join(conn.iterdump()) + "\n"
        file.with_name(f"runs_v{version}.sql").write_text(dumped, encoding="utf-8")
        places = {"sqlite": f"delete:{folder}/runs.db", "postgres": server.new_database()}
        found: dict[str, object] = {}
        for name, place in places.items():
            upgrades.restore(place, version=version)
            with closing(crash.opened(place)) as restored:
                found[name] = upgrades.folds(restored)
    folds = file.with_name(file.name.replace("_postgres.sql", "_folds.json"))
    folds.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
