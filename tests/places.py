"""Folders for tests that write much: in memory where the machine has such a place, so that no disk decides the time.

SIGKILL does not take what the kernel has, so these tests mean the same there; what is about the disk itself does not use
this.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")


def fast_folder(request: pytest.FixtureRequest) -> Path:
    """A new folder, removed when the test is over."""
    folder = Path(tempfile.mkdtemp(prefix="runstate", dir=_MEMORY if _MEMORY.is_dir() else None))
    request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder
