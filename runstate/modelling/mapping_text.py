"""A mapping and what was found out about it, as text for reading and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runstate.lifecycle import Basis
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mapping_check import Image, Loss, MappingReport

__all__ = ["basis_words", "lines", "loss_words", "plain", "reading", "summary"]


def reading(mapping: LifecycleMapping, status: str) -> str:
    """How a status reads, in words."""
    return ", else ".join(map(str, mapping.statuses[status].readings)) or "(not told)"


def basis_words(basis: Iterable[Basis]) -> str:
    """What an entry rests on, in the order of `runstate.lifecycle.Basis`."""
    known = set(basis)
    return ", ".join(one.value for one in Basis if one in known)


def loss_words(loss: Loss) -> str:
    """One loss of a round trip, in words."""
    if loss.there is None:
        return f"{loss.status} is not told there"
    return f"{loss.status} is {loss.there} there, " + (
        "which is not told here" if loss.back is None else f"and comes back as {loss.back}"
    )


def summary(report: MappingReport) -> str:
    """Whether the mapping is right, in one sentence."""
    source = report.mapping.source.name
    if report.errors:
        count = len(report.errors)
        return f"Wrong: {count} fault{'' if count == 1 else 's'}; nothing is translated by it."
    if report.translates_all:
        return f"Right: every legal history of {source} becomes a legal one."
    return f"Right, but not for all: some histories of {source} cannot be translated, see the warnings."


def lines(report: MappingReport, losses: Sequence[Loss] | None) -> Iterator[str]:
    """The report for reading, line by line.

    :param losses: of the way there and back; None where there is no way back.
    """
    mapping = report.mapping
    yield mapping.name
    if mapping.doc:
        yield mapping.doc
    yield ""
    wide = max(len(status) for status in mapping.statuses)
    width = max(len(reading(mapping, status)) for status in mapping.statuses)
    for status in mapping.source.statuses:
        entry = mapping.statuses[status]
        said = f"{reading(mapping, status):{width}}  {entry.why} ({basis_words(entry.basis)})"
        yield f"  {status!s:{wide}}  {said}"
    yield ""
    yield summary(report)
    for problem in report.problems:
        yield f"  {problem}"
    if losses is not None:
        yield "There and back:" if losses else "There and back nothing is lost."
        yield from (f"  {loss_words(loss)}" for loss in losses)


def plain(report: MappingReport, losses: Sequence[Loss] | None) -> dict[str, Any]:
    """The report as plain values, ready for JSON."""
    mapping = report.mapping
    return {
        "source": mapping.source.name,
        "target": mapping.target.name,
        "doc": mapping.doc,
        "reopens": mapping.reopens,
        "total": report.total,
        "translates_all": report.translates_all,
        "statuses": [
            {
                "status": str(status),
                "readings": [str(one) for one in mapping.statuses[status].readings],
                "basis": basis_words(mapping.statuses[status].basis).split(", "),
                "why": mapping.statuses[status].why,
            }
            for status in mapping.source.statuses
        ],
        "problems": [
            {
                "code": one.code,
                "severity": one.severity.value,
                "message": one.message,
                "statuses": list(one.statuses),
                "history": list(one.history),
            }
            for one in report.problems
        ],
        "transitions": [_image(image) for image in report.images],
        "round_trip": None
        if losses is None
        else [{"status": str(one.status), "there": _text(one.there), "back": _text(one.back)} for one in losses],
    }


def _text(status: str | None) -> str | None:
    return None if status is None else str(status)


def _image(image: Image) -> dict[str, Any]:
    edge = image.transition
    return {
        "source": _text(edge.source),
        "event": str(edge.event),
        "target": str(edge.target),
        "kind": image.kind,
        "held": _text(image.held),
        "taken": None
        if image.taken is None
        else [{"event": str(one.event), "target": str(one.target)} for one in image.taken],
    }
