"""Where the commands find their defaults: ``[tool.runstate]`` of the nearest pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from runstate.conformance.settings import Settings

__all__ = ["project_settings"]


def project_settings(config: str | None = None, *, no_config: bool = False) -> Settings:
    """What the configuration says; nothing, where there is none.

    :param config: a file other than the nearest pyproject.toml upwards.
    :raises DecodeError: where it says what cannot be meant.
    """
    from runstate.conformance.settings import Settings, settings_of

    path = None if no_config else Path(config) if config is not None else _nearest_pyproject()
    if path is None:
        return Settings()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path}: {error}") from None
    tool = content.get("tool", {})
    return settings_of(tool.get("runstate", {}) if isinstance(tool, dict) else {})


def _nearest_pyproject() -> Path | None:
    here = Path.cwd()
    return next((file for folder in (here, *here.parents) if (file := folder / "pyproject.toml").is_file()), None)
