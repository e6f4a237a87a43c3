"""Filling frozen objects fast: functions made of source text, and classes of one memory layout.

Setting an attribute of a frozen class goes through ``object.__setattr__``, 0.1 µs each.  An object of a *twin*, a class of
the same layout whose attributes can be set, is filled at a quarter of that, and then its class is switched; nobody has
seen it before.  Used by `runstate.compiled` and `runstate.compiled_codec` alone.
"""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["function", "twin_of"]


def function(source: str, name: str, names: dict[str, Any]) -> Any:
    """The function that the source defines, with the names that it uses."""
    exec(compile(source, f"<{__name__}: {name}>", "exec"), names)  # noqa: S102 - made of the names of fields alone
    return names[name]


def twin_of(kind: type[Any]) -> type[Any] | None:
    """A class of the same memory layout whose attributes can be set; None where there cannot be one."""
    slots = tuple(field.name for field in attrs.fields(kind))
    body: dict[str, Any] = {} if kind.__dictoffset__ else {"__slots__": slots}
    twin: type[Any] = type(f"_{kind.__name__}", (), body)
    try:
        setattr(object.__new__(twin), "__class__", kind)  # noqa: B010 - as a statement it tells mypy that nothing follows
    except TypeError:  # it has a base or a slot of its own
        return None
    return twin
