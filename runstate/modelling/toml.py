"""`to_toml`: a definition as TOML.  Python reads TOML and does not write it; tomli-w, of the extra ``cli``, does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runstate.lifecycle import Lifecycle
from runstate.lifecycles.plain import plain

__all__ = ["to_toml"]


def to_toml(definition: Lifecycle | Mapping[str, Any]) -> str:
    """A lifecycle, or the plain values of one, as the text of a file that `runstate.modelling.definition.load` reads.

    What all transitions rest on stands once, at the top.

    :raises ImportError: without tomli-w.
    """
    import tomli_w

    values: dict[str, Any] = dict(plain(definition) if isinstance(definition, Lifecycle) else definition)
    rows = [values["create"], *values["statuses"].values()]
    edges = [edge for row in rows for edge in row.values()]
    bases = {tuple(edge.get("basis", ())) for edge in edges if not isinstance(edge, str)}
    if "basis" not in values and len(bases) == 1 and not any(isinstance(edge, str) for edge in edges):
        values = {"basis": [*next(iter(bases))], **values}
        values["create"] = _without_basis(values["create"])
        values["statuses"] = {status: _without_basis(row) for status, row in values["statuses"].items()}
    scalars = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    return tomli_w.dumps({**scalars, **{key: value for key, value in values.items() if key not in scalars}})


def _without_basis(row: Mapping[str, Any]) -> dict[str, Any]:
    plainer = {event: {key: item for key, item in edge.items() if key != "basis"} for event, edge in row.items()}
    return {event: edge["to"] if list(edge) == ["to"] else edge for event, edge in plainer.items()}
