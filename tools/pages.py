"""What the derived parts of the documentation say: each function renders one block or file from the code."""

from __future__ import annotations

import io
import runpy
import textwrap
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

import runstate
from runstate import (
    ASSISTANTS_RUN,
    CODES,
    logs,
    telemetry,
)
from runstate.conformance.reports import text
from runstate.modelling import show
from runstate.modelling.definition import schema_json
from tools import performance, scale
from tools.code_pages import (
    codec_problems,
    command_line,
    edge_problems,
    error_classes,
    error_tree,
    foreign_problems,
    lifecycle_problems,
    public_names,
    where_exported,
)
from tools.model_pages import (
    announced,
    catalogue_entries,
    catalogue_overview,
    diagram,
    lint_words,
    mapping_entries,
    mapping_problems,
    mappings_overview,
    migration_problems,
    named_questions,
    quirks,
    stamp_order,
    translate_problems,
    version_kinds,
)
from tools.provocations import PROVOCATIONS
from tools.record_pages import message_fields, parts, run_fields, step_fields
from tools.sources import ROOT, fence, table

# -- findings ----------------------------------------------------------------------------------------------------------


def findings() -> str:
    """Each code with its meaning, and the smallest log that provokes it with what the judge says of it."""

    def section(code: runstate.Code) -> Iterator[str]:
        yield f"### {code.code}: {code.title}"
        yield f"**{code.severity.value.capitalize()}.** {code.why} *To mend it:* {code.mend}"
        provocation = PROVOCATIONS[code.code]
        report = list(text.lines([provocation.judge()]))
        if not any(code.code in line for line in report):  # nothing else was in the log, so the report is empty
            raise ValueError(f"the example of {code.code} is not reported")
        yield fence("text", provocation.log)
        yield fence("text", textwrap.dedent("\n".join(report[1:-2])))

    return "\n\n".join(part for code in CODES.values() for part in section(code))


# -- telemetry ---------------------------------------------------------------------------------------------------------


def telemetry_spans() -> str:
    """Every span, and what it lasts for."""
    return table(("span", "lasts for"), ((f"`{name}`", said) for name, said in telemetry.SPANS.items()))


def telemetry_metrics() -> str:
    """Every metric."""
    rows = ((f"`{name}`", f"`{unit}`", said) for name, (unit, said) in telemetry.METRICS.items())
    return table(("metric", "unit", "what it measures"), rows)


def telemetry_attributes() -> str:
    """Every attribute of spans and metrics."""
    return table(("attribute", "what it says"), ((f"`{name}`", said) for name, said in telemetry.ATTRIBUTES.items()))


def log_fields() -> str:
    """Every attribute that a log record may have."""
    return table(("attribute", "what it says"), ((f"`{name}`", said) for name, said in logs.FIELDS.items()))


# -- the demo ----------------------------------------------------------------------------------------------------------


def demo() -> str:
    """What ``make demo`` prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        runpy.run_path(str(ROOT / "examples" / "demo.py"), run_name="__main__")
    return printed.getvalue()


def reliability_counts() -> str:
    """What the long tests have counted so far, by part."""
    from tools.long import PARTS
    from tools.store_parts import RESULTS, load

    rows: list[tuple[str, ...]] = []
    for name, entry in sorted(load(RESULTS).items()):
        part = max((part for part in PARTS if name.startswith(part)), key=len)
        counts = entry["counts"]
        done = ", ".join(f"{count:,} {unit}" for unit, count in counts.items() if not unit.startswith("FAULT"))
        faults = sum(count for unit, count in counts.items() if unit.startswith("FAULT"))
        seeds = len(entry["seeds"])
        seeds_words = (
            "not kept" if not seeds else f"{entry['seeds'][0]}" + (f" and {seeds - 1} more" if seeds > 1 else "")
        )
        rows.append(
            (
                name,
                done,
                str(faults),
                f"{entry['seconds']:,.0f}",
                seeds_words,
                entry["commit"][:10],
                f"`make test-long PART={part}`",
            )
        )
    return table(("what", "counts", "faults", "seconds", "seeds", "commit", "command"), rows)


def performance_ratios() -> str:
    """Every ratio that is kept, beside its target."""
    return table(("benchmark", "what to what", "ratio", "quartiles", "target", ""), performance.ratio_rows())


def performance_times() -> str:
    """The times behind them."""
    return table(("benchmark", "contestant", "least", "median"), performance.time_rows())


BLOCKS: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("docs/lifecycle.md", "run-diagram", lambda: diagram(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-transitions", lambda: show.transitions_table(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-events", lambda: announced(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-fields", lambda: show.fields_table(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-order", lambda: stamp_order(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "run-quirks", lambda: quirks(ASSISTANTS_RUN)),
    ("docs/lifecycle.md", "step-diagram", lambda: diagram(runstate.ASSISTANTS_RUN_STEP)),
    ("docs/lifecycle.md", "step-transitions", lambda: show.transitions_table(runstate.ASSISTANTS_RUN_STEP)),
    ("docs/lifecycle.md", "step-fields", lambda: show.fields_table(runstate.ASSISTANTS_RUN_STEP)),
    ("docs/lifecycle.md", "message-diagram", lambda: diagram(runstate.ASSISTANTS_MESSAGE)),
    ("docs/lifecycle.md", "message-transitions", lambda: show.transitions_table(runstate.ASSISTANTS_MESSAGE)),
    ("docs/lifecycle.md", "message-fields", lambda: show.fields_table(runstate.ASSISTANTS_MESSAGE)),
    ("docs/findings.md", "findings", findings),
    ("docs/record.md", "run", run_fields),
    ("docs/record.md", "step", step_fields),
    ("docs/record.md", "message", message_fields),
    ("docs/record.md", "parts", parts),
    ("docs/cli.md", "commands", command_line),
    ("docs/errors.md", "tree", error_tree),
    ("docs/errors.md", "classes", error_classes),
    ("docs/errors.md", "lifecycle-problems", lifecycle_problems),
    ("docs/errors.md", "edge-problems", edge_problems),
    ("docs/errors.md", "foreign-problems", foreign_problems),
    ("docs/errors.md", "codec-problems", codec_problems),
    ("docs/api.md", "names", public_names),
    ("docs/catalogue.md", "overview", catalogue_overview),
    ("docs/catalogue.md", "entries", catalogue_entries),
    ("docs/modelling.md", "lint", lint_words),
    ("docs/telemetry.md", "spans", telemetry_spans),
    ("docs/telemetry.md", "metrics", telemetry_metrics),
    ("docs/telemetry.md", "attributes", telemetry_attributes),
    ("docs/telemetry.md", "fields", log_fields),
    ("docs/formal.md", "questions", named_questions),
    ("docs/mappings.md", "translate-problems", translate_problems),
    ("docs/mappings.md", "mapping-problems", mapping_problems),
    ("docs/mappings.md", "mappings", mappings_overview),
    ("docs/mappings.md", "mapping-entries", mapping_entries),
    ("docs/reliability.md", "counts", reliability_counts),
    ("docs/performance.md", "machine", performance.machine),
    ("docs/performance.md", "ratios", performance_ratios),
    ("docs/performance.md", "times", performance_times),
    ("docs/scale.md", "scale-measured", scale.measured),
    ("docs/scale.md", "scale-day", scale.day),
    ("docs/versions.md", "kinds", version_kinds),
    ("docs/versions.md", "migration-problems", migration_problems),
)
"""Page, name of the block, what it says."""


FILES: tuple[tuple[str, Callable[[], str]], ...] = (
    ("docs/schema/lifecycle.schema.json", schema_json),
    ("runstate/_where.py", where_exported),
)
"""Whole files, and what they say."""
