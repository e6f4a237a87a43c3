"""Findings and their codes.  Codes are stable: a code that was published never changes its meaning.

RS1xx transitions, RS2xx record rules, RS3xx time, RS4xx steps and messages within the run, RS5xx input, RS6xx identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from runstate.conformance.codes import ASSISTANTS_CODES, Code, Severity
from runstate.conformance.codes_agui import AGUI_CODES
from runstate.frozen import FrozenDict

__all__ = ["CODES", "Code", "Finding", "Severity", "selected"]


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that the judge reports, as data; ``message`` says the same in words."""

    code: str
    """Which rule, as in ``RS203``; `CODES` describes it."""
    severity: Severity
    message: str
    """What was seen and what was allowed, in words."""
    run: str | None = None
    """Id of the run, or None where the finding belongs to no run."""
    file: str = "-"
    """Name of the log; ``-`` is standard input."""
    line: int | None = None
    """1-based; None where the source has no lines."""
    path: str = "$"
    """Where in a document of many observations."""
    status: str | None = None
    """The status that was seen."""
    event: str | None = None
    """The event of the lifecycle that leads there, where one does."""
    wire_event: str | None = None
    """The name under which the stream announced it."""
    field: str | None = None
    """The field at fault, where one is."""
    allowed: tuple[str, ...] = ()
    """What could have stood there: statuses for RS1xx, values for the others."""
    advice: str = ""
    """The smallest change that would make it legal."""


CODES: Mapping[str, Code] = FrozenDict(dict(sorted({**ASSISTANTS_CODES, **AGUI_CODES}.items())))
"""Every finding by its code, in their order."""


def selected(code: str, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> bool:
    """Whether a code is reported: the longest prefix that names it decides; without ``select`` all are.

    :param select: codes or beginnings of codes, as in ``RS2`` or ``RS203``.
    :param ignore: the same; where both name it equally long, ``ignore`` wins.
    """
    select = tuple(select)
    wanted = max((len(prefix) for prefix in select if code.startswith(prefix)), default=-1 if select else 0)
    unwanted = max((len(prefix) for prefix in ignore if code.startswith(prefix)), default=-1)
    return wanted > unwanted
