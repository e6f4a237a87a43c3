"""Run SPIN on a model: is an assertion or a property broken in any reachable state?"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

NEEDED = ("spin", "cc")


def missing() -> list[str]:
    """The programs that are needed and not there."""
    return [name for name in NEEDED if shutil.which(name) is None]


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


class Spin:
    """The verifiers of one model, compiled."""

    def __init__(self, text: str, folder: Path) -> None:
        self.folder = folder
        (folder / "model.pml").write_text(text, encoding="utf-8")
        told = _run(folder, "spin", "-a", "model.pml")
        assert "rror" not in told, told
        self.claims = "ltl " in text

    def safe(self) -> bool:
        """Whether no assertion fails and no process hangs, in every reachable state."""
        _run(self.folder, "cc", "-O0", "-w", "-DNOCLAIM", "-DSAFETY", "-o", "safe", "pan.c")
        return self._verdict("./safe")

    def holds(self, *names: str) -> dict[str, bool]:
        """Whether each property holds on every path that is weakly fair to every process."""
        _run(self.folder, "cc", "-O0", "-w", "-o", "live", "pan.c")
        return {name: self._verdict("./live", "-a", "-f", "-N", name) for name in names}

    def _verdict(self, *command: str) -> bool:
        told = _run(self.folder, *command)
        assert "max search depth too small" not in told, told
        found = re.search(r"errors: (\d+)", told)
        assert found, told
        return found[1] == "0"
