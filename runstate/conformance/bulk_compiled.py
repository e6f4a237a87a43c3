"""How the bulk judge compiles: once, kept beside the source, or where numba keeps such things where that is not writable.

The only importer of numba, which is slow to import: loaded by those parts alone that are worth it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """The function as machine code, made for the types of its arguments when it is first called with them."""
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # there is nowhere to keep it
        return cast(F, numba.njit(nogil=True)(function))
