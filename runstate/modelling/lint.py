"""`lint`: all that is wrong or doubtful with a definition, each with its line and what to do about it.

A `runstate.lifecycle.Lifecycle` refuses to exist at the first contradiction.  Whoever is writing one wants them all, and
wants to know what is allowed but hardly meant: a status that nothing leads out of, a stamp that is never set, two
spellings of one word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from runstate.conformance.findings import Severity
from runstate.errors import BadLifecycle, DecodeError
from runstate.frozen import FrozenDict
from runstate.lifecycle import Lifecycle
from runstate.lifecycles.plain import build, faults
from runstate.modelling.definition import Document, Steps, line_of, load, mentions, read, to_json

__all__ = ["WORDS", "Problem", "contradictions", "lint"]

WORDS: Mapping[str, tuple[Severity, str]] = FrozenDict({
    "syntax": (Severity.ERROR, "the text is not TOML or JSON, or a key stands twice"),
    "form": (Severity.ERROR, "a member is missing, unknown or of the wrong kind"),
    "unknown_status": (Severity.ERROR, "something names a status that has no table of its own"),
    "unreachable_status": (Severity.ERROR, "no path leads to a status from creation"),
    "undeclared_exit": (Severity.ERROR, "a transition leaves a terminal status and does not say that it reopens it"),
    "terminal_mismatch": (Severity.ERROR, "the statuses that nothing leaves are not those that are called terminal"),
    "initial_mismatch": (Severity.ERROR, "the statuses that creation leads to are not those that are called initial"),
    "two_targets": (Severity.ERROR, "one event leads to different statuses"),
    "unknown_event": (Severity.ERROR, "a transition uses an event that is not among the events"),
    "unused_event": (Severity.ERROR, "no transition uses an event"),
    "unknown_field": (Severity.ERROR, "something names a field that is not declared"),
    "repeated_key": (Severity.ERROR, "something is named twice where once is meant"),
    "no_basis": (Severity.ERROR, "a transition does not say what it rests on"),
    "contradiction": (Severity.ERROR, "the definition contradicts itself in another way"),
    "trap": (Severity.WARNING, "no path leads from a live status to an end"),
    "missing_terminal": (Severity.NOTE, "nothing is terminal: such a thing never ends"),
    "never_set": (Severity.WARNING, "no event writes a stamp, deadline or value that is declared"),
    "mixed_case": (Severity.WARNING, "the names of statuses are written in different manners"),
    "mixed_spelling": (Severity.WARNING, "one word is spelled in two ways, as cancelled and canceled"),
    "colliding_names": (Severity.WARNING, "two statuses differ in case, hyphens or spelling alone"),
    "ambiguous_announcement": (Severity.NOTE, "one wire name announces transitions to different statuses"),
    "inferred_exit": (Severity.WARNING, "every way out of a live status is only inferred; strict readings find none"),
})  # fmt: skip
"""Code word -> severity, and what it means."""


@attrs.frozen(kw_only=True)
class Problem:
    """One thing that is wrong or doubtful."""

    code: str
    """One of `WORDS`."""
    severity: Severity
    message: str
    advice: str
    file: str = "-"
    line: int | None = None
    """From 1; None where the definition did not come as text."""
    path: Steps = ()

    def __str__(self) -> str:
        return f"{line_of(self.file, self.line)}{self.severity.value} {self.code}: {self.message}. {self.advice}"


Draft = tuple[str, Steps, str, str]
"""Code word, path, message, advice."""


def lint(definition: Path | str | bytes | Document | Lifecycle | Mapping[str, Any]) -> tuple[Problem, ...]:
    """Every problem of a definition, errors first, each kind in the order of the lines.

    :param definition: the path of a file, its bytes, what `runstate.modelling.definition.read` made of it, plain values,
        or a finished lifecycle, which can only be doubtful.
    :raises OSError: where a file cannot be read.
    """
    try:
        document = _document(definition)
    except DecodeError as wrong:
        line = re.search(r"line (\d+): ", wrong.reason)
        reason = wrong.reason.partition(": ")[2] if line else wrong.reason
        file = str(definition) if isinstance(definition, Path | str) else "-"
        place = int(line[1]) if line else None
        advice = "Mend the text; nothing else was looked at."
        return (Problem(code="syntax", severity=Severity.ERROR, message=reason, advice=advice, file=file, line=place),)
    drafts = [
        ("form", path, f"{reason}, allowed: {allowed}" if allowed else reason, "See docs/schema/lifecycle.schema.json.")
        for path, _, reason, allowed in faults(document.values)
    ]
    if not drafts:
        drafts = [*contradictions(document)]
        drafts = [*(drafts or _refusal(document)), *_doubts(document)]
    found = [
        Problem(
            code=code,
            severity=WORDS[code][0],
            message=message,
            advice=advice,
            file=document.file,
            line=document.line(path),
            path=path,
        )
        for code, path, message, advice in drafts
    ]
    order = list(Severity)
    return tuple(sorted(found, key=lambda one: (order.index(one.severity), one.line or 0)))


def _document(definition: Path | str | bytes | Document | Lifecycle | Mapping[str, Any]) -> Document:
    if isinstance(definition, Document):
        return definition
    if isinstance(definition, Lifecycle):
        return read(to_json(definition).encode(), form="json")
    if isinstance(definition, Mapping):
        return Document(definition)
    return read(definition)


def _refusal(document: Document) -> Iterator[Draft]:
    """What only the lifecycle itself sees."""
    try:
        build(document.values)
    except BadLifecycle as wrong:
        try:
            load(document)
        except BadLifecycle as placed:
            line = re.search(r"line (\d+): ", placed.reason)
            path = next((p for p, at in document.lines.items() if line and at == int(line[1])), ())
            yield "contradiction", path, f"{wrong.reason} ({wrong.problem})", wrong.advice or "Make the two agree."
    except DecodeError as wrong:
        yield "form", (), wrong.reason, "See docs/schema/lifecycle.schema.json."


# -- contradictions ----------------------------------------------------------------------------------------------------

Edge = tuple[str | None, str, str, Mapping[str, Any], Steps]
"""Source, event, target, the rest, path."""


def _edges(values: Mapping[str, Any]) -> Iterator[Edge]:
    rows: list[tuple[str | None, Mapping[str, Any], Steps]] = [(None, values["create"], ("create",))]
    rows += [(status, row, ("statuses", status)) for status, row in values["statuses"].items()]
    for source, row, path in rows:
        for event, item in row.items():
            rest: Mapping[str, Any] = {} if isinstance(item, str) else item
            yield source, event, item if isinstance(item, str) else item["to"], rest, (*path, event)


def contradictions(document: Document) -> Iterator[Draft]:
    """Everything that a lifecycle would refuse, of a definition that is of the form."""
    values = document.values
    statuses = list(values["statuses"])
    edges = list(_edges(values))
    yield from _unknown_statuses(values, edges, statuses)
    yield from _ends_and_beginnings(values, edges, statuses)
    yield from _events(values, edges)
    yield from _fields(values, edges)


def _near(name: str, known: Iterable[str]) -> str:
    """What may have been meant."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."


def _unknown_statuses(values: Mapping[str, Any], edges: list[Edge], statuses: list[str]) -> Iterator[Draft]:
    for _, event, target, _, path in edges:
        if target not in statuses:
            yield "unknown_status", path, f"{event} leads to {target!r}, which has no table", _near(target, statuses)
    named: list[tuple[Steps, str]] = []
    for key in ("initial", "terminal", "stops", "precedence"):
        named += [((key, index), name) for index, name in enumerate(values.get(key, ()))]
    named += [(("spellings", name), name) for name in values.get("spellings", ())]
    for index, axis in enumerate(values.get("axes", ())):
        named += [(("axes", index, "within", name), name) for name in axis.get("within", ())]
    for index, answer in enumerate(values.get("answers", ())):
        named.append((("answers", index, "source"), answer["source"]))
    for index, removal in enumerate(values.get("removals", ())):
        named += [(("removals", index, "sources", at), name) for at, name in enumerate(removal["sources"])]
    for index, quirk in enumerate(values.get("quirks", ())):
        for key, places in (("transition", (0, 1)), ("field", (0,)), ("announcement", (1,))):
            named += [(("quirks", index, key, at), quirk[key][at]) for at in places if key in quirk]
    for path, name in named:
        if name not in statuses:
            yield (
                "unknown_status",
                path,
                f"{path[0]} names the status {name!r}, which has no table",
                _near(name, statuses),
            )


def _walk(edges: list[Edge], start: Iterable[str | None]) -> set[str | None]:
    seen = set(start)
    waiting = list(seen)
    while waiting:
        status = waiting.pop()
        for source, _, target, _, _ in edges:
            if source == status and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def _ends_and_beginnings(values: Mapping[str, Any], edges: list[Edge], statuses: list[str]) -> Iterator[Draft]:
    terminal, initial = values["terminal"], values["initial"]
    reached = _walk(edges, [None])
    for status in statuses:
        leaving = [edge for edge in edges if edge[0] == status]
        if status not in reached:
            advice = "Add a transition to it, or drop its table."
            yield "unreachable_status", ("statuses", status), f"no path leads to {status!r} from creation", advice
        for _, event, target, rest, path in leaving if status in terminal else ():
            if not rest.get("reopens"):
                message = f"{event} leads from the terminal {status!r} to {target!r}"
                yield "undeclared_exit", path, message, "Write reopens = true, or take the status out of terminal."
        if status not in terminal and all(rest.get("reopens") for *_, rest, _ in leaving):
            message = (
                f"nothing leaves {status!r}, and it is not terminal" if not leaving else f"{status!r} is only reopened"
            )
            yield "terminal_mismatch", ("statuses", status), message, f"Add {status!r} to terminal, or a way out."
    starts = [target for source, _, target, _, _ in edges if source is None]
    for index, status in enumerate(initial):
        if status in statuses and status not in starts:
            message = f"no creation leads to {status!r}, which is called initial"
            yield "initial_mismatch", ("initial", index), message, "Add it under create, or take it out of initial."
    for source, event, target, _, path in edges:
        if source is None and target in statuses and target not in initial:
            yield (
                "initial_mismatch",
                path,
                f"{event} creates {target!r}, which is not initial",
                f"Add {target!r} to initial.",
            )
    if not starts:
        yield "initial_mismatch", ("create",), "nothing creates anything", "Write create = { create = STATUS }."


def _events(values: Mapping[str, Any], edges: list[Edge]) -> Iterator[Draft]:
    targets: dict[str, str] = {}
    for _, event, target, rest, path in edges:
        first = targets.setdefault(event, target)
        if first != target:
            message = f"{event} leads to {target!r}, and elsewhere to {first!r}"
            yield "two_targets", path, message, "Name two events: an event has one target."
        if not rest.get("basis") and not values.get("basis"):
            advice = 'Write basis = ["documented"] on it, or once at the top.'
            yield "no_basis", path, f"{event} does not say what it rests on", advice
    declared = values.get("events")
    if declared is None:
        return
    for event in dict.fromkeys(event for _, event, _, _, _ in edges if event not in declared):
        path = next(path for _, name, _, _, path in edges if name == event)
        yield "unknown_event", path, f"{event!r} is not among the events", _near(event, declared)
    for event in declared:
        if event not in targets:
            yield "unused_event", ("events", event), f"no transition uses {event!r}", "Use it, or drop it."
    for index, answer in enumerate(values.get("answers", ())):
        for key in ("asked", "answered"):
            if answer[key] not in declared:
                yield (
                    "unknown_event",
                    ("answers", index, key),
                    f"no event {answer[key]!r}",
                    _near(answer[key], declared),
                )


_WRITERS = ("stamps", "stamps_once", "clears")


def _written(does: Mapping[str, Any]) -> Iterator[tuple[Steps, str]]:
    """Every field that effects name, with where."""
    for key in _WRITERS:
        names = does.get(key, ())
        yield from (((key, index), name) for index, name in enumerate([names] if isinstance(names, str) else names))
    yield from ((("deadlines", name), name) for name in does.get("deadlines", ()))
    for key in ("takes", "may_take"):
        yield from (((key, name), field) for name, field in does.get(key, {}).items() if field is not False)


def _effects(values: Mapping[str, Any], edges: list[Edge]) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    yield from ((("events", event), does) for event, does in values.get("events", {}).items())
    yield from (((*path, "does"), rest["does"]) for *_, rest, path in edges if "does" in rest)


def _fields(values: Mapping[str, Any], edges: list[Edge]) -> Iterator[Draft]:
    known = [*values.get("fields", {}), values.get("status_field", "status")]
    named: list[tuple[Steps, str]] = []
    for base, does in _effects(values, edges):
        written = [((*base, *path), name) for path, name in _written(does)]
        named += written
        for name, times in Counter(name for _, name in written).items():
            if times > 1:
                path = [path for path, one in written if one == name][1]
                yield "repeated_key", path, f"{base[-1]} writes {name!r} in two ways", "Keep one of them."
    guarded = [((*base, "guards"), does) for base, does in _effects(values, edges)]
    guarded += [((*path, "guards"), rest) for *_, rest, path in edges]
    for base, holder in guarded:
        named += [
            ((*base, index, kind), name)
            for index, guard in enumerate(holder.get("guards", ()))
            for kind, name in guard.items()
            if kind != "named"
        ]
    named += [(("axes", index, "field"), axis["field"]) for index, axis in enumerate(values.get("axes", ()))]
    named += [
        (("quirks", index, "field", 1), quirk["field"][1])
        for index, quirk in enumerate(values.get("quirks", ()))
        if "field" in quirk
    ]
    for path, name in named:
        if name not in known:
            yield "unknown_field", path, f"{name!r} is not among the fields", _near(name, known)


# -- doubts ------------------------------------------------------------------------------------------------------------


def _doubts(document: Document) -> Iterator[Draft]:
    """What is allowed and hardly meant."""
    values = document.values
    edges = list(_edges(values))
    yield from _traps(values, edges)
    yield from _never_set(values, edges)
    yield from _names(values)
    yield from _announcements(values, edges)


def _traps(values: Mapping[str, Any], edges: list[Edge]) -> Iterator[Draft]:
    terminal = values["terminal"]
    if not terminal:
        advice = "Fine for what is never over, as a conversation; else say which statuses are ends."
        yield "missing_terminal", ("terminal",), "no status is terminal", advice
    for status in values["statuses"]:
        leaving = [edge for edge in edges if edge[0] == status]
        if status in terminal or not leaving:
            continue
        if terminal and not _walk(edges, [status]) & set(terminal):
            yield (
                "trap",
                ("statuses", status),
                f"no end can be reached from {status!r}",
                "Add a way out, as cancel or fail.",
            )
        bases = [set(rest.get("basis") or values.get("basis", ())) for *_, rest, _ in leaving]
        if all(basis == {"inferred"} for basis in bases):
            message = f"every way out of {status!r} is only inferred"
            yield (
                "inferred_exit",
                ("statuses", status),
                message,
                "Find a source for one, or expect strict to refuse all.",
            )


def _never_set(values: Mapping[str, Any], edges: list[Edge]) -> Iterator[Draft]:
    written = {name for _, does in _effects(values, edges) for path, name in _written(does) if path[0] != "clears"}
    spoken = {axis["field"] for axis in values.get("axes", ())} | set(values.get("constant", ()))
    for field, kind in values.get("fields", {}).items():
        if field not in written | spoken:
            yield "never_set", ("fields", field), f"no event sets the {kind} {field!r}", "Set it, or drop it."


_MANNERS = {
    "snake_case": re.compile(r"[a-z0-9]+(_[a-z0-9]+)*"),
    "SCREAMING_CASE": re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*"),
    "PascalCase": re.compile(r"([A-Z][a-z0-9]+)+"),
    "kebab-case": re.compile(r"[a-z0-9]+(-[a-z0-9]+)+"),
    "words": re.compile(r"[a-z0-9]+( [a-z0-9]+)+"),
    "camelCase": re.compile(r"[a-z0-9]+([A-Z][a-z0-9]*)+"),
}


def _manner(name: str) -> str:
    return next((manner for manner, shape in _MANNERS.items() if shape.fullmatch(name)), "no known manner")


def _folded(name: str) -> str:
    """A name without what spelling may vary: case, what joins words, doubled l before an ending."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"[^a-z0-9]", "", plain.lower())
    return re.sub(r"ll(?=ed|ing|ation|er)", "l", plain)


def _names(values: Mapping[str, Any]) -> Iterator[Draft]:
    statuses: list[str] = list(values["statuses"])
    # one word in small letters is of every manner but those of capitals
    small = [name for name in statuses if name.isalnum() and name.islower()]
    manners = {name: _manner(name) for name in statuses if name not in small}
    most = Counter(manners.values()).most_common(1)[0][0] if manners else "snake_case"
    capital = most in {"SCREAMING_CASE", "PascalCase"}
    for name in statuses:
        if manners.get(name, "snake_case" if capital else most) != most:
            message = f"{name!r} is {manners.get(name, 'in small letters')}, most others are {most}"
            yield "mixed_case", ("statuses", name), message, "Write all in one manner, unless the wire does not."
    for index, name in enumerate(statuses):
        for other in statuses[:index]:
            if _folded(name) == _folded(other):
                message = f"{name!r} and {other!r} are one word in two spellings"
                yield "colliding_names", ("statuses", name), message, "Keep one, and list the other under spellings."
    yield from _two_spellings(values)


def _two_spellings(values: Mapping[str, Any]) -> Iterator[Draft]:
    """``cancelled`` here and ``canceled`` there, in statuses, events, fields and wire names."""
    first: dict[str, tuple[str, str]] = {}
    for path in mentions({key: values.get(key, {}) for key in ("statuses", "events", "fields", "constant")}):
        if "why" in path or "doc" in path:
            continue
        for word in re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(path[-1])).lower()):
            found = re.fullmatch(r"(cance|signa|labe|mode|trave)(l+)(ed|ing|ation)", word)
            if found is None:
                continue
            doubled, seen = first.setdefault(found[1], (found[2], word))
            if found[2] != doubled and found[3] != "ation":
                message = f"{word!r} here, {seen!r} elsewhere"
                where = path if path[:1] != ("constant",) else path[:1]
                yield "mixed_spelling", where, message, "Spell the word in one way throughout."
                return


def _announcements(values: Mapping[str, Any], edges: list[Edge]) -> Iterator[Draft]:
    events = values.get("events", {})
    told: dict[tuple[str | None, str], tuple[str, str]] = {}
    said: set[str] = set()
    for source, event, target, _, _ in edges:
        wires = events.get(event, {}).get("wire", ())
        for wire in [wires] if isinstance(wires, str) else wires:
            _, other = told.setdefault((source, wire), (event, target))
            if other != target and wire not in said:
                said.add(wire)
                message = (
                    f"{wire!r} may announce {other!r} or {target!r} {'in ' + repr(source) if source else 'at creation'}"
                )
                advice = "Fine where the data says the status; else no reader can tell them apart."
                yield "ambiguous_announcement", ("events", event), message, advice
