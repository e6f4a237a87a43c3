"""Versions of one lifecycle, and the records of their runs: what the tests of versions and migrations share."""

from __future__ import annotations

from typing import ClassVar

import attrs

from runstate.lifecycle import Basis, Effects, FieldKind, Lifecycle, Row, To, Verb, is_set

D = Basis.DOCUMENTED

PRINT_1 = Lifecycle(
    name="example.print",
    version="1",
    initial={"queued"},
    terminal={"printed", "canceled"},
    rows=(
        Row(None, To("submit", "queued", D)),
        Row("queued", To("start", "printing", D), To("cancel", "canceled", D)),
        Row("printing", To("pause", "held", D), To("finish", "printed", D), To("cancel", "canceled", D)),
        Row("held", To("start", "printing", D), To("cancel", "canceled", D)),
        Row("printed"),
        Row("canceled"),
    ),
    verbs=(
        Verb("submit", does=Effects(stamps="made_at")),
        Verb("start", wire="print.started", does=Effects(stamps="begun_at")),
        Verb("pause", does=Effects(takes={"reason": "reason"})),
        Verb("finish", does=Effects(stamps="over_at", clears="reason")),
        Verb("cancel", does=Effects(stamps="over_at", clears="reason")),
    ),
    fields={
        "made_at": FieldKind.STAMP,
        "begun_at": FieldKind.STAMP,
        "over_at": FieldKind.STAMP,
        "reason": FieldKind.VALUE,
    },
)

PRINT_2 = Lifecycle(
    name="example.print",
    version="2",
    initial={"queued"},
    terminal={"printed", "cancelled", "jammed"},
    rows=(
        Row(None, To("submit", "queued", D)),
        Row("queued", To("start", "running", D), To("cancel", "cancelled", D)),
        Row("running", To("finish", "printed", D), To("cancel", "cancelled", D), To("jam", "jammed", D)),
        Row("printed"),
        Row("cancelled"),
        Row("jammed"),
    ),
    verbs=(
        Verb("submit", does=Effects(stamps="made_at")),
        Verb("start", wire="print.running", does=Effects(stamps="begun_at")),
        Verb("finish", does=Effects(stamps="over_at", clears="reason"), guards=[is_set("begun_at")]),
        Verb("cancel", does=Effects(stamps="over_at", clears="reason")),
        Verb("jam", does=Effects(stamps="over_at", takes={"reason": "reason"})),
    ),
    fields=dict(PRINT_1.fields),
)
"""Held runs go on running, `canceled` has two l, and a printer can jam."""

RENAMES = {"printing": "running", "held": "running", "canceled": "cancelled"}
EDITS = {"reason": lambda _record: None}
"""A held run has a reason, which a running one must not have."""


@attrs.frozen(kw_only=True)
class Print1:
    """A run of the old version."""

    __lifecycle__: ClassVar[Lifecycle] = PRINT_1

    id: str
    status: str
    pages: int = 1
    made_at: int | None = None
    begun_at: int | None = None
    over_at: int | None = None
    reason: str | None = None
    metadata: dict[str, str] | None = None


@attrs.frozen(kw_only=True)
class Print2(Print1):
    """A run of the new version."""

    __lifecycle__: ClassVar[Lifecycle] = PRINT_2

    copies: int = 1
