"""The plugin is tested in runs of pytest of its own."""

from __future__ import annotations

pytest_plugins = ["pytester"]
