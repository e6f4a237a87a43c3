"""Lifecycles from elsewhere: a Mermaid state diagram, or the JSON of an XState machine.

Both know less than a lifecycle (no basis, no stamps) and some things that it does not have (states inside states).  What
does not fit is refused with its line or path; what must be settled on the way (an event that leads to two statuses is
two events here) is settled and noted, never in silence.  The result is plain values: lint them, add to them, build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs

from runstate.errors import DecodeError
from runstate.frozen import EMPTY
from runstate.lifecycle import GuardFunction, Lifecycle
from runstate.lifecycles.plain import build

__all__ = ["Imported", "from_mermaid", "from_xstate", "word_of"]

Json = dict[str, Any]
BasisWord = Literal["documented", "observed", "enforced", "implemented", "inferred"]


@attrs.frozen(kw_only=True)
class Imported:
    """A definition made of something else."""

    values: Json
    """In the form of definitions: write it with `runstate.modelling.definition.to_json`, look with `lint`."""
    notes: tuple[str, ...] = ()
    """What was settled, one sentence each."""

    def lifecycle(self, guards: Mapping[str, GuardFunction] = EMPTY) -> Lifecycle:
        """The lifecycle.

        :raises BadLifecycle: where what was imported contradicts itself.
        """
        return build(self.values, guards)


@attrs.frozen
class _Arrow:
    """One arrow: what leads where, and on what conditions."""

    source: str | None
    target: str
    event: str
    basis: str
    guards: tuple[str, ...] = ()


def _refused(path: str, reason: str, seen: object = None, advice: str = "") -> DecodeError:
    return DecodeError(path=path, problem="shape", reason=reason, seen=seen, advice=advice)


def _definition(
    name: str, statuses: list[str], arrows: list[_Arrow], ends: list[str] | None, notes: list[str]
) -> Imported:
    """Arrows as a definition, every event with one target.

    :param ends: statuses that are called ends; None: those that nothing leaves.
    """
    targets: dict[str, list[str]] = {}
    for arrow in arrows:
        if arrow.target not in targets.setdefault(arrow.event, []):
            targets[arrow.event].append(arrow.target)
    renamed: dict[tuple[str, str], str] = {}
    for event, leads in targets.items():
        for target in leads[1:]:
            renamed[event, target] = f"{event}_to_{word_of(target)}"
            notes.append(
                f"{event!r} led to {leads[0]!r} and to {target!r}; the second is {renamed[event, target]!r} now."
            )
    leaving = {arrow.source for arrow in arrows}
    terminal = [status for status in statuses if (status not in leaving if ends is None else status in ends)]
    for status in statuses:
        if status not in leaving and status not in terminal:
            terminal.append(status)
            notes.append(f"Nothing leaves {status!r}, so it is an end.")
    rows: dict[str | None, Json] = {None: {}, **{status: {} for status in statuses}}
    events: Json = {}
    for arrow in arrows:
        event = renamed.get((arrow.event, arrow.target), arrow.event)
        item: Json = {"to": arrow.target, "basis": [arrow.basis]}
        if arrow.guards:
            item["guards"] = [{"named": guard} for guard in arrow.guards]
        if arrow.source in terminal:
            item["reopens"] = True
        if event in rows[arrow.source]:
            notes.append(f"{event!r} leaves {arrow.source!r} twice; the second arrow was left out.")
            continue
        rows[arrow.source][event] = item
        events.setdefault(event, {})
    create = rows.pop(None)
    values: Json = {
        "name": name,
        "initial": [status for status in statuses if status in {item["to"] for item in create.values()}],
        "terminal": [status for status in statuses if status in terminal],
        "create": create,
        "statuses": rows,
        "events": events,
    }
    return Imported(values=values, notes=tuple(notes))


def word_of(text: str) -> str:
    """A text as a name for an event: small letters, digits and underscores."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"\W+", "_", apart).strip("_").lower() or "event"


# -- Mermaid -----------------------------------------------------------------------------------------------------------

_ARROW = re.compile(
    r"(?P<source>\[\*\]|[^\s:\-]+(?:-[^\s:\->]+)*)\s*-->\s*(?P<target>\[\*\]|[^\s:]+)\s*(?::\s*(?P<label>.*))?"
)
_ALIAS = re.compile(r'state\s+"(?P<name>[^"]*)"\s+as\s+(?P<id>\S+)')
_DESCRIBED = re.compile(r"(?P<id>[^\s:]+)\s*:\s*(?P<name>.+)")
_STYLED = re.compile(r"(?<=\S):::[\w\-]+")
"""A style on a state, as in ``Ready:::green``."""
_UML = re.compile(r"(?P<event>[^\[/]*)(?:\[(?P<guard>[^\]]*)\]\s*)?(?:/\s*(?P<action>.*))?")
"""A label of UML: event [guard] / action."""
_PASSED = re.compile(r"(direction|classDef|class|style|accTitle|accDescr|title|hide|scale)\b|%%|---$")
_NOTE = re.compile(r"note\s+(left|right)\s+of\b")


def from_mermaid(text: str, *, name: str = "imported", basis: BasisWord = "documented") -> Imported:
    """The definition that a ``stateDiagram-v2`` draws.

    ``[*] --> A`` is creation, ``A --> [*]`` makes A an end.  The label of an arrow is its event, without one it is called
    after its target; a ``?`` at the end of a label marks a transition that is only inferred, as our own export writes it.

    :param basis: what all other transitions rest on.
    :raises DecodeError: for what is no such diagram, and for states within states, choices, forks and concurrency.
    """
    names: dict[str, str] = {}
    statuses: dict[str, None] = {}
    arrows: list[tuple[str, str, str]] = []
    ends: list[str] = []
    notes: list[str] = []
    for number, styled in _lines(text):
        path = f"line {number}"
        line = _STYLED.sub("", styled).strip()
        if match := _ALIAS.fullmatch(line):
            names[match["id"]] = match["name"]
            statuses[match["id"]] = None
        elif match := _ARROW.fullmatch(line):
            source, target, label = match["source"], match["target"], (match["label"] or "").strip()
            statuses |= dict.fromkeys(one for one in (source, target) if one != "[*]")
            if target != "[*]":
                arrows.append((source, target, _bare(label, notes)))
            elif source == "[*]":
                raise _refused(path, "an arrow leads from nothing to nothing", line)
            else:
                ends.append(source)
        elif re.fullmatch(r"state\s+\S+\s*\{|state\s+\"[^\"]*\"\s+as\s+\S+\s*\{", line) or line.endswith("{"):
            raise _refused(path, "a lifecycle has no states within states", line, "Draw the inner ones on their own.")
        elif "<<" in line:
            raise _refused(path, "a lifecycle has no choice, fork or join", line, "Draw an arrow for each outcome.")
        elif line == "--":
            raise _refused(path, "a lifecycle has no states at the same time", line, "Make two lifecycles of it.")
        elif (match := re.fullmatch(r"state\s+(\S+)", line)) or re.fullmatch(r"[^\s:]+", line):
            statuses[match[1] if match else line] = None
        elif match := _DESCRIBED.fullmatch(line):
            statuses[match["id"]] = None
            notes.append(f"{match['id']!r} is described as {match['name'].strip()!r}, which was left out.")
        else:
            raise _refused(path, "the line is none of a state diagram", line)
    if not any(source == "[*]" for source, _, _ in arrows):
        raise _refused("$", "nothing is created", None, "Draw an arrow from [*] to the first status.")

    def status(one: str) -> str | None:
        return None if one == "[*]" else names.get(one, one)

    drawn = [
        _Arrow(
            status(source),
            names.get(target, target),
            _event(label, "create" if source == "[*]" else f"to_{word_of(names.get(target, target))}"),
            "inferred" if label.endswith("?") else basis,
        )
        for source, target, label in arrows
    ]
    kept = [one for one in statuses if any(one in arrow[:2] for arrow in arrows) or one in ends]
    notes += [f"No arrow touches {one!r}; it was left out." for one in statuses if one not in kept]
    return _definition(name, [names.get(one, one) for one in kept], drawn, [names.get(one, one) for one in ends], notes)


def _event(label: str, otherwise: str) -> str:
    """The event that a label names: all of it in one word, without the mark of an inferred transition."""
    plain = label.removesuffix("?").strip()
    return otherwise if not plain else plain if re.fullmatch(r"[\w.\-]+", plain) else word_of(plain)


def _bare(label: str, notes: list[str]) -> str:
    """The label without what UML writes behind the event: its condition and its action, which are noted."""
    found = _UML.fullmatch(label.removesuffix("?").strip())
    if found is None or (found["guard"] is None and found["action"] is None) or not found["event"].strip():
        return label
    event = found["event"].strip()
    left = [(what, found[what].strip()) for what in ("guard", "action") if found[what]]
    notes += [f"the {what} {text!r} of {event!r} was left out." for what, text in left]
    return event + ("?" if label.endswith("?") else "")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers; the first must say that it is a state diagram."""
    lines = [(number, line.strip().rstrip(";").strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith(("%%", "```"))]
    if lines and lines[0][1] == "---":  # a heading with a title
        closing = next((index for index, (_, line) in enumerate(lines[1:], 1) if line == "---"), 0)
        lines = lines[closing + 1 :]
    if not lines or lines[0][1] not in {"stateDiagram-v2", "stateDiagram"}:
        seen = lines[0][1] if lines else None
        raise _refused("line 1", "the text is no Mermaid state diagram", seen, "It begins with stateDiagram-v2.")
    noting = False
    for number, line in lines[1:]:
        if noting:
            noting = line != "end note"
        elif _NOTE.match(line):
            noting = ":" not in line
        elif not _PASSED.match(line):
            yield number, line


# -- XState ------------------------------------------------------------------------------------------------------------


def from_xstate(
    text: str | bytes | Mapping[str, Any], *, name: str | None = None, basis: BasisWord = "documented"
) -> Imported:
    """The definition that the JSON of an XState machine (version 4 or 5) describes.

    States become statuses, ``type: final`` ends, ``initial`` the one that creation leads to, guards (``guard``, ``cond``)
    named guards, and the outcomes of invoked actors events.  Actions, entry, exit, the actors and context are no part of a lifecycle and are noted.

    :param name: of the lifecycle; the machine's id where None.
    :raises DecodeError: for what is no machine, and for nested, parallel and history states, delays and ``always``.
    """
    machine = text if isinstance(text, Mapping) else _loaded(text)
    states = machine.get("states")
    if not isinstance(states, Mapping) or not states:
        raise _refused("$.states", "a machine has states", states)
    first = machine.get("initial")
    if not isinstance(first, str) or first not in states:
        raise _refused("$.initial", "the initial state is none of the states", first)
    if machine.get("type") == "parallel":
        raise _refused("$.type", "a lifecycle has no states at the same time", "parallel")
    notes: list[str] = []
    arrows = [_Arrow(None, first, "create", basis)]
    for state, node in states.items():
        path = f"$.states.{state}"
        if not isinstance(node, Mapping):
            raise _refused(path, "a state is an object", node)
        _plain_state(node, path)
        left = [key for key in ("entry", "exit", "activities", "onEntry", "onExit") if node.get(key)]
        notes += [f"{key} of {state!r} was left out: a lifecycle does nothing by itself." for key in left]
        for event, target in (machine.get("on") or {}).items():
            if node.get("type") != "final" and event not in (node.get("on") or {}):
                arrows += _arrows(state, event, target, states, "$.on", basis, notes)
        for event, target in _invoked(state, node, notes).items():
            arrows += _arrows(state, event, target, states, f"{path}.invoke", basis, notes)
        for event, target in (node.get("on") or {}).items():
            arrows += _arrows(state, event, target, states, f"{path}.on", basis, notes)
    finals = [state for state, node in states.items() if node.get("type") == "final"]
    known = name or str(machine.get("id") or machine.get("key") or "imported")
    return _definition(known, list(map(str, states)), arrows, finals, notes)


def _loaded(text: str | bytes) -> Mapping[str, Any]:
    try:
        machine = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise _refused("$", f"the text is not JSON ({wrong})") from None
    if not isinstance(machine, dict):
        raise _refused("$", "a machine is an object", machine)
    return machine


def _plain_state(node: Mapping[str, Any], path: str) -> None:
    if node.get("states"):
        raise _refused(f"{path}.states", "a lifecycle has no states within states", None, "Flatten the machine first.")
    if node.get("type") in {"parallel", "history", "compound"}:
        raise _refused(f"{path}.type", "a lifecycle has no such states", node["type"])
    for key, reason in (
        ("after", "a delay is no event"),
        ("always", "a transition without an event cannot be asked for"),
        ("onDone", "the end of something inside is no event"),
    ):
        if node.get(key):
            raise _refused(f"{path}.{key}", reason, node[key], "Name an event that is sent when it is time.")
    if node.get("type") == "final" and node.get("on"):
        raise _refused(f"{path}.on", "nothing leaves a final state", list(node["on"]))


def _invoked(state: str, node: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """What the outcomes of invoked actors lead to, as events of their own."""
    found: dict[str, Any] = {}
    invoked = node.get("invoke") or []
    for one in invoked if isinstance(invoked, list) else [invoked]:
        actor = one if isinstance(one, Mapping) else {"src": one}
        said = str(actor.get("id") or actor.get("src") or state)
        for key, suffix in (("onDone", "done"), ("onError", "failed")):
            if actor.get(key):
                found[f"{word_of(said)}_{suffix}"] = actor[key]
        events = ", ".join(repr(event) for event in found)
        notes.append(f"invoke of {state!r} was left out: a lifecycle does nothing by itself." + (
            f" Send {events} when it is over." if events else ""
        ))  # fmt: skip
    return found


def _arrows(
    state: str, event: str, given: object, states: Mapping[str, Any], path: str, basis: str, notes: list[str]
) -> Iterator[_Arrow]:
    """The arrows of one event: of a text, an object, or a list of either that is tried in its order."""
    if event in {"", "*"}:
        raise _refused(f"{path}.{event}", "a transition without an event of its own cannot be asked for", event)
    choices = given if isinstance(given, list) else [given]
    for choice in choices:
        item: Mapping[str, Any] = choice if isinstance(choice, Mapping) else {"target": choice}
        target = item.get("target")
        if isinstance(target, list) and len(target) == 1:
            target = target[0]
        if target is None:
            notes.append(f"{event!r} of {state!r} leads nowhere and was left out.")
            continue
        inner = str(target).removeprefix("#").removeprefix(".").rpartition(".")[2]
        if not isinstance(target, str) or inner not in states:
            raise _refused(f"{path}.{event}", "the target is none of the states", target)
        guard = item.get("guard", item.get("cond"))
        named = guard.get("type") if isinstance(guard, Mapping) else guard
        if guard is not None and not isinstance(named, str):
            raise _refused(f"{path}.{event}.guard", "a guard is named by a text", guard)
        if item.get("actions"):
            notes.append(f"actions of {event!r} in {state!r} were left out: a lifecycle does nothing by itself.")
        yield _Arrow(state, inner, event, basis, (named,) if isinstance(named, str) else ())
