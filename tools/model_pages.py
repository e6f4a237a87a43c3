"""Pages about lifecycles: their tables, the catalogue, mappings, questions, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import runstate
from runstate import (
    ASSISTANTS_RUN,
    Lifecycle,
)
from runstate.lifecycle import Basis, Transition
from runstate.lifecycles import CATALOGUE
from runstate.lifecycles.catalogue import LITERALS
from runstate.modelling import show
from runstate.modelling.bits import ASKED
from runstate.modelling.lint import WORDS as LINT_WORDS
from runstate.modelling.mapping import PROBLEMS as MAPPING_PROBLEMS
from runstate.modelling.mapping import LifecycleMapping
from runstate.modelling.mapping_check import check_mapping, round_trip
from runstate.modelling.mapping_text import basis_words, loss_words, reading, summary
from runstate.modelling.mappings import MAPPINGS
from runstate.modelling.migration import PROBLEMS as MIGRATION_PROBLEMS
from runstate.modelling.questions import QUESTIONS, ask
from runstate.modelling.translate import PROBLEMS as TRANSLATE_PROBLEMS
from runstate.modelling.versions import AUDIENCES
from runstate.modelling.versions import KINDS as VERSION_KINDS
from tools.sources import fence, markdown, problem_words, table

SHORT_LIST = 14
"""Names of lifecycles that are written out in a cell of a table."""


# -- lifecycles --------------------------------------------------------------------------------------------------------


def diagram(lifecycle: Lifecycle) -> str:
    return fence("mermaid", show.mermaid(lifecycle))


def announced(lifecycle: Lifecycle) -> str:
    """Under which names a stream announces each event."""
    return table(
        ("event", "what it says", "announced as"),
        ((f"`{verb.event}`", verb.doc, ", then ".join(f"`{wire}`" for wire in verb.wire)) for verb in lifecycle.verbs),
    )


def quirks(lifecycle: Lifecycle) -> str:
    def what(quirk: runstate.Quirk) -> str:
        if quirk.transition:
            return "{} → {}".format(*quirk.transition)
        if quirk.field:
            return "`{1}` set in {0}".format(*quirk.field)
        return "`{}` with status {}".format(*(quirk.announcement or ()))

    rows = ((f"`{quirk.name}`", what(quirk), quirk.profile or "all", quirk.why) for quirk in lifecycle.quirks)
    return table(("name", "seen", "version", "what is known"), rows)


def stamp_order(lifecycle: Lifecycle) -> str:
    return "\n".join(f"- `{first}` ≤ `{second}`" for first, second in lifecycle.order)


# -- the catalogue -----------------------------------------------------------------------------------------------------


def catalogue_overview() -> str:
    """Every lifecycle that ships, a line each."""

    def row(lifecycle: Lifecycle) -> tuple[str, ...]:
        edges = [edge for edge in lifecycle.transitions if edge.source is not None]
        counts = [(basis.value, sum(basis in edge.basis for edge in edges)) for basis in Basis]
        return (
            f"[`{lifecycle.name}`](#{re.sub(r'[^a-z0-9_-]', '', lifecycle.name.lower())})",
            str(len(lifecycle.statuses)),
            str(len(edges)),
            ", ".join(f"{count} {basis}" for basis, count in counts if count),
            "literal" if lifecycle.name in LITERALS else "data",
        )

    return table(("lifecycle", "statuses", "transitions", "they rest on", "as"), map(row, CATALOGUE.values()))


def catalogue_entries() -> str:
    """Every lifecycle with its statuses, transitions and what stands beside them."""
    return "\n\n".join(part for lifecycle in CATALOGUE.values() for part in _entry(lifecycle))


def _entry(lifecycle: Lifecycle) -> Iterator[str]:
    yield f"### {lifecycle.name}"
    yield f"{markdown(lifecycle.doc)} Version: {lifecycle.version}."
    ends = [f"`{status}`" for status in lifecycle.statuses if status in lifecycle.terminal]
    yield f"Ends: {', '.join(ends) or 'none, it is never over'}."
    if lifecycle is ASSISTANTS_RUN:
        yield "Its table has a page of its own: [the lifecycle](lifecycle.md)."
        return
    rows = (
        (
            f"`{edge.source}`" if edge.source else "–",
            f"`{edge.event}`" + (" (silent)" if edge.silent else "") + (" (reopens)" if edge.reopens else ""),
            f"`{edge.target}`",
            ", ".join(basis.value for basis in Basis if basis in edge.basis),
            edge.why,
        )
        for edge in lifecycle.transitions
    )
    yield table(("from", "event", "to", "basis", "why"), rows)
    if beside := list(_beside(lifecycle)):
        yield "\n".join(f"- {line}" for line in beside)


def _beside(lifecycle: Lifecycle) -> Iterator[str]:
    """What a table of transitions does not hold, a line each."""
    for verb in lifecycle.verbs:
        wires = ", then ".join(f"`{name}`" for name in verb.wire)
        effects = show.effects_words(
            Transition(event=verb.event, source=None, target="", basis=frozenset(), does=verb.does)
        )
        if wires or effects:
            yield (
                f"`{verb.event}`" + (f" is announced as {wires}" if wires else "") + (f": {effects}" if effects else "")
            )
    for status, others in lifecycle.spellings.items():
        yield f"`{status}` is also spelled {', '.join(f'`{other}`' for other in others)}"
    for axis in lifecycle.axes:
        yield f"beside the status stands `{axis.field}`: {', '.join(f'`{value}`' for value in axis.values)} ({axis.why})"
    for answer in lifecycle.answers:
        yield f"`{answer.asked}` in `{answer.source}` is answered by `{answer.answered}` ({answer.why})"
    for removal in lifecycle.removals:
        yield f"`{removal.event}` deletes it in {', '.join(f'`{one}`' for one in removal.sources)} ({removal.why})"
    for count in lifecycle.counts:
        most = "any number" if count.most is None else str(count.most)
        yield f"over a whole run {' and '.join(f'`{one}`' for one in count.events)}: {count.least} to {most} ({count.why})"
    if lifecycle.precedence:
        yield f"late news are merged, strongest first: {', '.join(f'`{one}`' for one in lifecycle.precedence)}"
    for quirk in lifecycle.quirks:
        yield f"known departure `{quirk.name}`: {quirk.why}"


def lint_words() -> str:
    """Every code of lint."""
    rows = ((f"`{code}`", severity.value, said) for code, (severity, said) in LINT_WORDS.items())
    return table(("code", "severity", "what it says"), rows)


# -- mappings ----------------------------------------------------------------------------------------------------------


def mapping_problems() -> str:
    """Every code of a mapping."""
    rows = ((f"`{code}`", severity.value, said) for code, (severity, said) in MAPPING_PROBLEMS.items())
    return table(("code", "severity", "what it says"), rows)


def translate_problems() -> str:
    return problem_words(TRANSLATE_PROBLEMS)


def mappings_overview() -> str:
    """Every mapping with the number of its losses."""

    def row(mapping: LifecycleMapping) -> Iterator[str]:
        report = check_mapping(mapping)
        yield f"[`{mapping.source.name}` → `{mapping.target.name}`](#{_anchor(mapping)})"
        yield str(len(report.of("untold")))
        yield str(len({status for one in report.of("merged") for status in one.statuses}))
        for kind in ("path", "vanishes"):
            yield str(len({image.transition for image in report.images if image.kind == kind}))
        yield ", ".join(f"`{code}`" for code in ("untold_end", "reopening") if report.of(code))
        back = MAPPINGS.get((mapping.target.name, mapping.source.name))
        yield "no way back" if back is None else str(len(round_trip(mapping, back)))

    head = ("mapping", "untold", "merged", "paths", "vanish", "refused", "lost")
    return table(head, (tuple(row(mapping)) for mapping in MAPPINGS.values()))


def _anchor(mapping: LifecycleMapping) -> str:
    return re.sub(r"[^\w -]", "", f"{mapping.source.name} to {mapping.target.name}".lower()).replace(" ", "-")


def mapping_entries() -> str:
    """Every mapping: how each status reads and why, and all that is lost."""
    return "\n\n".join(part for mapping in MAPPINGS.values() for part in _mapping(mapping))


def _mapping(mapping: LifecycleMapping) -> Iterator[str]:
    report = check_mapping(mapping)
    yield f"### {mapping.source.name} to {mapping.target.name}"
    yield " ".join(filter(None, (mapping.doc, summary(report))))
    rows = (
        (
            f"`{status}`",
            reading(mapping, status),
            mapping.statuses[status].why,
            basis_words(mapping.statuses[status].basis),
        )
        for status in mapping.source.statuses
    )
    yield table(("status", "reads as", "why", "basis"), rows)
    losses = [f"- `{one.code}`: {one.message}" for one in report.problems]
    back = MAPPINGS.get((mapping.target.name, mapping.source.name))
    home = [] if back is None else [loss_words(loss) for loss in round_trip(mapping, back)]
    losses += [f"- there and back: {words}" for words in home]
    if losses:
        yield "\n".join(losses)


def version_kinds() -> str:
    """Every kind of difference, and for whom it breaks something."""
    rows = (
        (f"`{kind}`", said, *("breaks" if audience in breaks else "" for audience in AUDIENCES))
        for kind, (said, breaks) in VERSION_KINDS.items()
    )
    return table(("kind", "what it says", *AUDIENCES), rows)


def migration_problems() -> str:
    return problem_words(MIGRATION_PROBLEMS)


def named_questions() -> str:
    """Every question that has a name, and for which entries of the catalogue the answer is no."""
    rows: list[tuple[str, ...]] = []
    for name, question in QUESTIONS.items():
        asked = [lc for lc in CATALOGUE.values() if not question.takes_event or ASKED[0] in lc.events]
        no = [f"`{lc.name}`" for lc in asked if not ask(lc, name).holds]
        found = f"{len(no)} of {len(asked)}" + (f": {', '.join(no)}" if 0 < len(no) <= SHORT_LIST else "")
        rows.append((f"`{name}`", question.says, question.fairness.value, question.listing or "–", found))
    return table(("name", "what it asks", "fairness", "lists", "no, in the catalogue"), rows)
