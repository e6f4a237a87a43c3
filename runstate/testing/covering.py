"""Covers of a lifecycle as pytest parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest

from runstate.lifecycle import Lifecycle
from runstate.modelling.covers import Path, Refusal, pair_cover, refusals, simple_paths, transition_cover

__all__ = ["parametrize_cover"]


def parametrize_cover(
    lifecycle: Lifecycle,
    kind: Literal["transitions", "pairs", "simple", "refusals"] = "transitions",
    *,
    argument: str | None = None,
    strict: bool = False,
) -> pytest.MarkDecorator:
    """``@pytest.mark.parametrize`` over a cover, each case with an id that says what it does.

    :param kind: ``transitions`` and ``pairs`` give the paths of those covers, ``simple`` all simple paths to an end,
        ``refusals`` a `Refusal` for each illegal (status, event).
    :param argument: name of the test's argument; ``path``, or ``refusal`` of refusals, where None.
    :param strict: without transitions that are only inferred.
    """
    if kind == "refusals":
        found = refusals(lifecycle, strict=strict)
        return pytest.mark.parametrize(argument or "refusal", found, ids=[_refusal_id(one) for one in found])
    paths: Sequence[Path]
    if kind == "simple":
        paths = tuple(simple_paths(lifecycle, strict=strict))
    else:
        cover = transition_cover if kind == "transitions" else pair_cover
        paths = cover(lifecycle, strict=strict).paths
    width = len(str(len(paths)))
    ids = [_path_id(number, width, path) for number, path in enumerate(paths, 1)]
    return pytest.mark.parametrize(argument or "path", paths, ids=ids)


def _path_id(number: int, width: int, path: Path) -> str:
    """Short however long the path is: its number, its length, its last step."""
    return f"{number:0{width}}-{len(path.steps)}-steps-{path.events[-1]}-to-{path.statuses[-1]}"


def _refusal_id(refusal: Refusal) -> str:
    return f"{refusal.status}-{refusal.event}"
