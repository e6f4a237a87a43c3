"""The facts file is right: the record rules counted over it give the counts that were taken from the raw recordings.

The numbers are typed here, not computed; a changed facts file that still satisfies every rule is caught all the same.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.facts import Fact, as_bytes, as_object, by_file, by_run, layouts, observations, runs
from tools import examples
from tools import facts as tool

LIVE = {"queued", "in_progress", "requires_action", "cancelling"}


def stamp(fact: Fact, key: str) -> int:
    value = fact.stamp(key)
    assert isinstance(value, int)
    return value


def test_how_many_of_what() -> None:
    assert Counter(fact.status for fact in runs()) == {
        "in_progress": 114,
        "queued": 111,
        "completed": 35,
        "requires_action": 29,
        "cancelling": 7,
        "failed": 3,
        "expired": 2,
        "incomplete": 1,
    }
    assert Counter(fact.kind for fact in runs()) == {"poll": 244, "stream": 58}
    assert Counter(fact.version for fact in runs()) == {"v1": 78, "v2": 224}
    assert len(runs()) == 302
    assert len(by_run()) == 100
    assert len(by_file()) == 22
    assert Counter(fact.object for fact in observations() if fact.object != "thread.run") == {
        "thread": 2,
        "thread.run.step": 57,
        "thread.run.step.delta": 50,
        "thread.message": 36,
        "thread.message.delta": 568,
        None: 17,
    }
    assert Counter(fact.event for fact in observations() if fact.object is None) == {"done": 16, "error": 1}


# Which statuses carry the field; elsewhere it must not be set. R4 counts v1's swept runs (expired, with completed_at).
IFF: dict[str, tuple[str, set[str]]] = {
    "R1": ("expires_at", LIVE),
    "R3": ("required_action", {"requires_action"}),
    "R4": ("completed_at", {"completed", "incomplete", "expired"}),
    "R5": ("cancelled_at", {"cancelled"}),
    "R6": ("failed_at", {"failed"}),
    "R7": ("last_error", {"failed"}),
}


@pytest.mark.parametrize("rule", IFF)
def test_field_is_set_iff_status(rule: str) -> None:
    field, statuses = IFF[rule]
    assert sum(fact.has(field) == (fact.status in statuses) for fact in runs()) == 302


def test_r2_time_to_live_is_600_seconds_and_never_moves() -> None:
    live = [fact for fact in runs() if fact.status in LIVE]
    assert sum(stamp(fact, "expires_at") - stamp(fact, "created_at") == 600 for fact in live) == len(live) == 261
    for seen in by_run().values():
        assert len({fact.expires_at for fact in seen} - {None}) <= 1


def test_r8_usage_is_set_iff_terminal_where_the_key_exists() -> None:
    having = [fact for fact in runs() if fact.usage != "absent"]
    assert sum(fact.has("usage") == (fact.status not in LIVE) for fact in having) == len(having) == 258


def test_r9_started_at_is_set_but_in_the_first_queue() -> None:
    started = [fact for fact in runs() if fact.status != "queued"]
    assert sum(fact.has("started_at") for fact in started) == len(started) == 191
    queued = [fact for fact in runs() if fact.status == "queued"]
    assert (sum(fact.has("started_at") for fact in queued), len(queued)) == (11, 111)


def test_r10_stamps_are_ordered() -> None:
    for fact in runs():
        for earlier, later in [
            ("created_at", "started_at"),
            ("started_at", "completed_at"),
            ("started_at", "cancelled_at"),
            ("started_at", "failed_at"),
        ]:
            if fact.has(later):
                assert stamp(fact, earlier) <= stamp(fact, later), fact


def test_r11_total_tokens_is_the_sum() -> None:
    usages = [fact.usage_numbers for fact in runs() if fact.usage_numbers]
    sums = sum(usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"] for usage in usages)
    assert sums == len(usages) == 30


def test_r14_identity_never_changes() -> None:
    for seen in by_run().values():
        assert len({(fact.created_at, fact.thread, fact.assistant) for fact in seen}) == 1


@pytest.mark.parametrize("file", by_file())
def test_rebuilt_objects_say_what_the_facts_say(file: str) -> None:
    """Extracting the facts of a rebuilt object gives the facts again: same keys, same order, null where it was null."""
    for fact in by_file()[file]:
        if not fact.status:
            continue
        rebuilt = as_object(fact)
        assert list(rebuilt) == list(layouts()[fact.layout])
        # Ids and the layout's number are counted per extraction; everything else must come back.
        own = {"layout": fact.layout, "file": file, "line": fact.line, "kind": fact.kind}
        own |= {key: getattr(fact, key) for key in ("run", "thread", "assistant", "step", "message")}
        again: dict[str, Any] = {**tool.facts_of(fact.event, rebuilt, tool.Names(), []), **own}
        assert Fact(**again) == fact
    log = as_bytes(by_file()[file]).decode()
    assert log.count("\n" if file.endswith(".jsonl") else "\n\n") == len(by_file()[file])


def test_no_recorded_id_or_text_is_left() -> None:
    """Ids are counters, and every string in the facts belongs to a small vocabulary of the wire."""
    texts: set[str] = set()
    for fact in observations():
        for key, value in attrs.asdict(fact).items():
            if key in {"run", "thread", "assistant", "step", "message"}:
                assert re.fullmatch(r"(?:(?:run|thread|asst|step|msg)_\d{4})?", value)
            elif key != "file" and isinstance(value, str | tuple | dict):
                texts |= {text for text in ([value] if isinstance(value, str) else value) if text}
    assert max(map(len, texts)) <= len("thread.run.step.in_progress")
    assert all(text.replace("_", "").replace(".", "").isalnum() for text in texts)


def test_facts_are_those_of_the_raw_recordings(recordings: Path) -> None:
    assert tool.main([str(recordings), "--check"]) == 0


def test_check_notices_a_changed_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(tool.LAYOUTS.read_text(encoding="utf-8")) == [list(keys) for keys in layouts()]
    facts = tool.FACTS.read_text(encoding="utf-8")
    changed = facts.replace('"queued"', '"in_progress"', 1)
    monkeypatch.setattr(tool, "extract", lambda _: (changed, tool.LAYOUTS.read_text(encoding="utf-8")))
    assert tool.main(["elsewhere", "--check"]) == 1
    monkeypatch.setattr(tool, "extract", lambda _: (facts, tool.LAYOUTS.read_text(encoding="utf-8")))
    assert tool.main(["elsewhere", "--check"]) == 0


def test_examples_are_those_of_the_facts() -> None:
    assert examples.main(["--check"]) == 0
    shipped = {path.name for path in examples.EXAMPLES.iterdir() if path.suffix in {".sse", ".jsonl"}}
    assert set(examples.contents()) <= shipped


def test_example_messages_say_what_their_deltas_add_up_to() -> None:
    for name, text in examples.contents().items():
        data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
        added = said = ""
        for item in map(json.loads, data):
            if item["object"] == "thread.message.delta":
                added += item["delta"]["content"][0]["text"]["value"]
            elif item["object"] == "thread.message" and item["content"]:
                said += item["content"][0]["text"]["value"]
        assert added == said, name
