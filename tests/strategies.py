"""Hypothesis strategies for JSON values and for legal records, built status by status from the lifecycle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from runstate.foreign.told import Told
from runstate.frozen import freeze
from runstate.lifecycle import FieldKind, Lifecycle, Presence
from runstate.lifecycles.assistants_run import ASSISTANTS_RUN, Status
from runstate.modelling.formulas import AHEAD, PLAIN, Atom, Both, Formula, Not, On, Until
from runstate.record import (
    FunctionCall,
    FunctionDefinition,
    IncompleteDetails,
    LastError,
    RequiredAction,
    ResponseFormat,
    Run,
    Tool,
    ToolCall,
    ToolChoice,
    TruncationStrategy,
    Usage,
)

# Everything that the edge lets in: no NUL, no surrogates, 64-bit integers, finite floats.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
integers = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(0, 2**40)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | integers | floats | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)
mappings = objects.map(freeze)

calls = st.builds(ToolCall, id=names, function=st.none() | st.builds(FunctionCall, names, texts, st.none() | texts))
required_actions = st.lists(calls, min_size=1, max_size=3, unique_by=lambda call: call.id).map(
    lambda some: RequiredAction.calls(*some)
)
errors = st.builds(LastError, names, texts)
usages = st.builds(
    Usage,
    counts,
    counts,
    prompt_token_details=st.none() | st.fixed_dictionaries({"cached_tokens": counts}).map(freeze),
    completion_tokens_details=st.none() | mappings,
)
definitions = st.builds(FunctionDefinition, names, st.none() | texts, st.none() | mappings, st.none() | st.booleans())
tools = st.one_of(
    st.sampled_from([Tool("code_interpreter"), Tool("retrieval"), Tool("file_search")]),
    st.builds(Tool, st.just("function"), definitions),
    st.builds(
        Tool,
        st.just("file_search"),
        file_search=st.fixed_dictionaries(
            {"max_num_results": counts, "ranking_options": st.fixed_dictionaries({"score_threshold": floats})}
        ).map(freeze),
    ),
)
metadata = st.dictionaries(texts, texts, max_size=3).map(freeze)

FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "required_action": required_actions,
    "last_error": errors,
    "incomplete_details": st.builds(IncompleteDetails, st.none() | texts),
    "usage": usages,
}
"""What the value fields of the lifecycle hold where they are set."""


@st.composite
def runs(draw: st.DrawFn, statuses: st.SearchStrategy[Status] = st.sampled_from(Status)) -> Run:  # noqa: B008
    """Any legal run: which fields are set is the table's word for the status, times grow in its order."""
    status = draw(statuses)
    fields: dict[str, Any] = {}
    for name, presence in ASSISTANTS_RUN.presence[status].items():
        if presence is Presence.NULL or (presence is Presence.FREE and draw(st.booleans())):
            fields[name] = None
        elif ASSISTANTS_RUN.fields[name] is FieldKind.VALUE:
            fields[name] = draw(FIELDS[name])
        else:
            before = [fields.get(earlier) for earlier, later in ASSISTANTS_RUN.order if later == name]
            latest = max((time for time in before if time is not None), default=None)
            fields[name] = draw(counts) if latest is None else latest + draw(st.integers(0, 600))
    return Run(
        **fields,
        id=draw(names),
        assistant_id=draw(names),
        thread_id=draw(names),
        status=status,
        model=draw(texts),
        instructions=draw(st.none() | texts),
        tools=tuple(draw(st.lists(tools, max_size=3))),
        file_ids=draw(st.none() | st.lists(names, max_size=2).map(tuple)),
        tool_resources=draw(st.none() | mappings),
        metadata=draw(st.none() | metadata),
        temperature=draw(st.none() | floats | st.integers(0, 2)),
        top_p=draw(st.none() | floats),
        reasoning_effort=draw(st.none() | texts),
        max_completion_tokens=draw(st.none() | counts),
        max_prompt_tokens=draw(st.none() | counts),
        truncation_strategy=draw(st.none() | st.builds(TruncationStrategy, names, st.none() | counts)),
        response_format=draw(st.none() | texts | st.builds(ResponseFormat, names, st.none() | mappings)),
        tool_choice=draw(
            st.none() | texts | st.builds(ToolChoice, names, st.none() | st.just(freeze({"name": "next_high_water"})))
        ),
        parallel_tool_calls=draw(st.none() | st.booleans()),
    )


def formulas(lifecycle: Lifecycle, fields: tuple[str, ...] = ()) -> st.SearchStrategy[Formula]:
    """Any question about a lifecycle, of a few operators."""
    named: list[st.SearchStrategy[Atom]] = [st.sampled_from(PLAIN).map(Atom)]
    for kind, known in (("status", lifecycle.statuses), ("event", lifecycle.events), ("can", lifecycle.events)):
        some = st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True).map(tuple)
        named.append(st.builds(Atom, st.just(kind), some))
    if fields:
        named.append(st.builds(Atom, st.just("set"), st.sampled_from(fields).map(lambda field: (field,))))
    return st.recursive(
        st.one_of(named),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(Both, st.sampled_from(["and", "or", "->"]), inner, inner),
            st.builds(On, st.sampled_from(AHEAD), inner),
            st.builds(Until, st.sampled_from(["E", "A"]), inner, inner),
        ),
        max_leaves=4,
    )


xml_names = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
    ),
    min_size=1,
    max_size=8,
)
"""What every format of logs can hold as a name."""
moments = st.integers(-(2**50), 2**52).map(lambda microseconds: microseconds / 1e6)
told = st.builds(
    Told,
    run=st.sampled_from(["a", "b"]) | xml_names,
    status=xml_names,
    event=st.none() | xml_names,
    at=moments,
    lifecycle=st.none(),
) | st.builds(Told, run=xml_names, event=xml_names, at=moments, lifecycle=st.none())
"""Steps of a log of another kind."""
# -- tables ------------------------------------------------------------------------------------------------------------

TableRow = tuple[str | None, str | None, int | None]
"""Run id, status and time, as a table may hold them."""


PassRow = tuple[str, int, int]
"""Run id, number of a status (0: none; 255: the row has no time), time."""


def pass_batches(statuses: int) -> st.SearchStrategy[list[list[PassRow]]]:
    """Batches of rows as the compiled pass takes them: ids of all lengths that differ in little, times mostly rising."""
    ids = st.text("aä\0", max_size=18) | st.sampled_from(["", *("run_" + "0" * size for size in range(40))])
    chosen = st.lists(ids, min_size=1, max_size=6, unique=True)
    rows = chosen.flatmap(
        lambda some: st.lists(
            st.tuples(st.sampled_from(some), st.integers(0, statuses) | st.just(255), st.integers(-3, 3)), max_size=40
        )
    )

    def rising(many: list[PassRow]) -> list[PassRow]:
        return [(run, status, index // 2 + step) for index, (run, status, step) in enumerate(many)]

    return st.lists(rows.map(rising), min_size=1, max_size=3)


def table_rows(statuses: tuple[str, ...]) -> st.SearchStrategy[list[TableRow]]:
    """Rows of a table: few runs and few times, so that rows are interleaved, out of order and at the same time."""
    runs = st.sampled_from(["run_1", "run_2", 'it\'s "3"', "ŕ", "run_1 ", "", None])
    words = st.sampled_from([*statuses, *statuses, "no status", "", None])
    times = st.none() | st.integers(0, 4) | st.integers(0, 2**40)
    return st.lists(st.tuples(runs, words, times), max_size=30)


# -- statuses, fed to a monitor ----------------------------------------------------------------------------------------

Fed = tuple[Any, ...]
"""What is done with a monitor: rows in one call, a row by itself, the end of a log, an object, another setting."""


@st.composite
def fed_statuses(draw: st.DrawFn, lifecycle: Lifecycle) -> list[Fed]:
    """Statuses of few runs, most of them known, in few calls; and all that may come in between."""
    runs = st.sampled_from([*(f"run_{number}" for number in range(6)), "ŕ", "", None, 1, True, ("a", "b"), ["run_1"]])
    spelled = [word for words in lifecycle.spellings.values() for word in words]
    known = st.sampled_from([*lifecycle.statuses, *spelled])
    words = known | known | known | st.sampled_from(["no status", "", None, 1, 2, True, ["queued"]])
    files, lines = st.sampled_from(["-", "log"]), st.none() | st.integers(1, 2**40)
    rows = st.tuples(runs, words)
    value = st.fixed_dictionaries({lifecycle.id_field: runs, lifecycle.status_field: words})
    others: st.SearchStrategy[Fed] = st.one_of(
        st.just(("close",)),
        st.tuples(st.just("strict"), st.booleans()),
        st.tuples(st.just("object"), value),
        st.tuples(
            st.just("object"),
            st.sampled_from(
                [
                    {"event": "done", "data": "[DONE]"},
                    {"event": "thread.created", "data": {"id": "thread_1", "object": "thread"}},
                    {"event": "error", "data": {"error": {"code": "x"}}},
                    {"object": "vector_store.file", "id": "run_1", "status": "completed"},
                ]
            ),
        ),
    )
    many = st.tuples(st.just("rows"), st.lists(rows, max_size=30), files, lines)
    single = st.tuples(st.just("row"), rows, files, lines)
    return draw(st.lists(many | many | single | others, max_size=8))


@st.composite
def small_lines(draw: st.DrawFn, lifecycle: Lifecycle) -> bytes:
    """JSON lines of small objects, many of them plain, and some that are anything but one small object."""
    name, status = lifecycle.id_field, lifecycle.status_field
    runs, words = st.sampled_from(["a", "b", "ŕ", ""]), st.sampled_from([*lifecycle.statuses, "no status"])
    plain = st.fixed_dictionaries({name: runs, status: words})
    timed = st.fixed_dictionaries({name: runs, status: words, "time": st.floats(0, 2e9) | st.integers(-1, 2**70)})
    more = st.fixed_dictionaries({name: runs, status: words, **dict.fromkeys(draw(_some_keys(lifecycle)), scalars)})
    objects = st.one_of(plain, plain, timed, more, st.fixed_dictionaries({status: words}))
    styles = st.sampled_from([(",", ":"), (", ", ": ")])
    written = st.builds(lambda one, style: json.dumps(one, separators=style, ensure_ascii=False), objects, styles)
    odd = st.sampled_from(_ODD_LINES).map(lambda line: line.replace("ID", name).replace("STATUS", status))
    lines = draw(st.lists(st.one_of(written, written, written, written, odd), max_size=12))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return (end.join(lines) + draw(st.sampled_from([end, ""]))).encode("utf-8", "surrogatepass")


def _some_keys(lifecycle: Lifecycle) -> st.SearchStrategy[list[str]]:
    known = [
        *lifecycle.fields,
        *lifecycle.constant,
        "object",
        "type",
        "event",
        "data",
        "usage",
        "metadata",
        "startedAt",
    ]
    return st.lists(st.sampled_from(known), max_size=2, unique=True)


_ODD_LINES = (
    "",
    " ",
    "null",
    "7",
    "{}",
    '{"ID":"a"',
    '"STATUS":"b"}',
    '{"ID":"a","STATUS":"x"},{"ID":"b","STATUS":"y"}',
    '{"ID":"a","STATUS":"x"} {"ID":"b","STATUS":"y"}',
    '[{"ID":"a","STATUS":"x"}]',
    '{"ID":"a","STATUS":"x","ID":"b"}',
    '{"ID":"a","STATUS":{"x":{}}}',
    '{"ID":"a","STATUS":"}"}',
    '{"ID":"a","STATUS":"{"}',
    '{"ID":"a\\u0000","STATUS":"x"}',
    '{"ID":"\\ud800","STATUS":"x"}',
    '{"ID":"\\u0061","STATUS":"x"}',
    '{"ID":"\ud800","STATUS":"x"}',
    '{"ID":"a","STATUS":NaN}',
    '{"ID":"a","STATUS":"x","n":1e400}',
    '{"ID":"a","STATUS":"x","n":123456789012345678901234567890}',
    '{"ID":"a","STATUS":"x","n":1.50}',
    '{"object":"list","data":7}',
    '{"event":"done","data":"[DONE]"}',
    "\ufeff{}",
)
"""ID and STATUS stand for the lifecycle's names."""
