"""Server-sent events: the same whatever the chunks, and no bytes make the parser raise or lose a later event."""

import re
import time
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstate.errors import DecodeError
from runstate.sse import Parser, ServerSentEvent, encode, parse

LIMIT = 50
"""Of `max_event_bytes` in these tests, where it says nothing else."""

Facts = tuple[str | None, str, str | None, int | None, int, bool, str | None]


def facts(event: ServerSentEvent) -> Facts:
    problem = None if event.fault is None else event.fault.problem
    return event.event, event.data, event.id, event.retry, event.line, event.complete, problem


def read(chunks: Iterable[bytes], limit: int = LIMIT) -> list[ServerSentEvent]:
    parser = Parser(max_event_bytes=limit)
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.close()


def ok(data: str, event: str | None = None, line: int = 1, **more: object) -> Facts:
    known = {"id": None, "retry": None, "complete": True, "fault": None} | more
    return (event, data, known["id"], known["retry"], line, known["complete"], known["fault"])  # type: ignore[return-value]


CORPUS: dict[bytes, list[Facts]] = {
    b"": [],
    b"\n\n\r\n\r": [],
    b"event: a\ndata: {}\n\ndata:[DONE]\n\n": [ok("{}", "a"), ok("[DONE]", line=4)],
    b"data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n": [ok("1"), ok("2", line=3), ok("3", line=5)],
    b"data: 1\r\n\rdata: 2\n\r\ndata: 3\r\n\n": [ok("1"), ok("2", line=3), ok("3", line=5)],
    b"data: 1\n\r\n\rdata: 2": [ok("1"), ok("2", line=4, complete=False)],
    b"data: a\ndata:  b\ndata:c\ndata\ndata:\n\n": [ok("a\n b\nc\n\n")],
    b"data\n\ndata:\n\ndata: \n\ndata:  \n\n": [ok(""), ok("", line=3), ok("", line=5), ok(" ", line=7)],
    b": hi\n\n:\n:x\ndata: 1\n: data: 2\n\n:": [ok("1", line=5)],
    b"event: a\n\nid: 7\n\ndata: 1\n\n": [ok("1", line=5)],
    b"event: a\nevent: b\nevent\ndata:1\nid:1\nid\n\n": [ok("1", id="")],
    b"event: a\nevent: b\ndata:1\nid:1\nid: 2\n\n": [ok("1", "b", id="2")],
    b"id: 7\nid: a\0b\nretry: 10\nretry: -1\ndata: 1\n\n": [ok("1", id="7", retry=10)],
    b"retry: 1x\ndata: 1\n\nretry:\ndata:2\n\n": [ok("1"), ok("2", line=4)],
    b"retry: 1234567890123456789\ndata\n\n": [ok("")],
    "retry: ٣\ndata\n\n".encode(): [ok("")],
    b"Data: 1\n data: 2\ndata : 3\nfoo: 4\nfoo\ndata: 5\n\n": [ok("5")],
    b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\ndata: 3\n\n": [ok("1"), ok("3", line=3)],
    b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\n": [],
    b"\xef\xbb\xbf: hi\n\xef\xbb": [],
    b"\xef\xbb": [],
    "data: aé€😀\n\ndata:\ufeff1\n\n".encode(): [ok("aé€😀"), ok("\ufeff1", line=3)],
    "data: a\u0085b\u2028c\vd\fe\x1cf\u2029\n\n".encode(): [ok("a\u0085b\u2028c\vd\fe\x1cf\u2029")],
    b"data: 1\0\n\n": [ok("1\0")],
    b"data: 1\n\nevent: a": [ok("1")],
    b"data: 1\n\nevent: a\ndata: {": [ok("1"), ok("{", "a", 3, complete=False)],
    b"data: 1\n\ndata: 2\r": [ok("1"), ok("2", line=3, complete=False)],
    # faults
    b"data: \xe9\ndata: 1\n\ndata: 2\n\n": [ok("\ufffd\n1", fault="utf8"), ok("2", line=4)],
    b"event: \xff\n\nid: \xc3\ndata: 2\n\n": [
        ok("", "\ufffd", fault="utf8"),
        ok("2", line=3, id="\ufffd", fault="utf8"),
    ],
    b"data: \xed\xa0\x80\n\n": [ok("\ufffd\ufffd\ufffd", fault="utf8")],
    b"data: \xe2\x82\n\x82\xac\n\n": [ok("\ufffd", fault="utf8")],
    b"data: \xe2\x82": [ok("\ufffd", complete=False, fault="utf8")],
    b": \xff\n\xff: \xff\ndata: 1\n\n": [ok("1", line=2)],
    b"data: " + b"x" * 43 + b"\n\ndata: 1\n\n": [ok("x" * 43), ok("1", line=3)],
    b"data: " + b"x" * 44 + b"\n\ndata: 1\n\n": [ok("", fault="size"), ok("1", line=3)],
    b"event: a\ndata: 1\ndata: 4567890123456789012345\ndata: 1\nid: 1\n\ndata:1\n\n": [
        ok("", "a", fault="size"),
        ok("1", line=7),
    ],
    b":" + b"x" * 60 + b"\ndata: 1\n:" + b"x" * 60 + b"\n\n": [ok("1", line=2)],
    b"x" * 60: [ok("", complete=False, fault="size")],
}


@pytest.mark.parametrize("stream", CORPUS, ids=lambda stream: repr(stream)[2:50])
def test_every_way_to_cut_a_stream_in_three_gives_the_same_events(stream: bytes) -> None:
    assert [facts(event) for event in read([stream])] == CORPUS[stream]
    whole = read([stream])
    assert list(parse(stream, max_event_bytes=LIMIT)) == whole
    assert read(stream[i : i + 1] for i in range(len(stream))) == whole
    for second in range(len(stream) + 1):
        for first in range(second + 1):
            assert read([stream[:first], stream[first:second], stream[second:]]) == whole


def by_the_standard(stream: bytes) -> list[tuple[str | None, str, str | None, int | None]]:
    """§9.2.6 read literally on the whole text; an unfinished event counts as if a blank line followed."""
    text = stream.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    events: list[tuple[str | None, str, str | None, int | None]] = []
    event, data = "", ""
    last_id: str | None = None
    retry: int | None = None
    for line in [*re.split("\r\n|\r|\n", text), ""]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append((event or None, data[:-1], last_id, retry))
            event, data, last_id, retry = "", "", None, None
        elif field == "event":
            event = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
        elif field == "retry" and re.fullmatch("[0-9]{1,18}", value):
            retry = int(value)
    return events


pieces = st.sampled_from(
    [b"data", b"event", b"id", b"retry", b":", b": ", b"data: 1", b"data:", b"\n", b"\r", b"\r\n", b"\n\n", b" ", b"7"]
) | st.sampled_from([b"\0", b"\xef\xbb\xbf", "é😀\u2028\u0085".encode(), b"\xc3", b"\xff", b":x", b"foo: 1", b"{}"])
streams = st.lists(pieces, max_size=24).map(b"".join) | st.binary(max_size=60)


@settings(deadline=None, max_examples=200)
@given(streams, st.data())
def test_any_stream_reads_as_the_standard_says_however_it_is_cut(stream: bytes, data: st.DataObject) -> None:
    whole = read([stream], limit=1000)
    plain = [(e.event, e.data, e.id, e.retry) for e in whole if e.data or e.fault is None]
    assert [p for p in plain if p in by_the_standard(stream)] == by_the_standard(stream)
    for event in whole:
        assert (event.fault is not None and event.fault.problem == "utf8") or facts(event)[:4] in by_the_standard(
            stream
        )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    limit = data.draw(st.integers(1, 40))
    chunks = [stream[a:b] for a, b in pairwise([0, *cuts, len(stream)])]
    assert read(chunks, limit) == read([stream], limit)
    for event in read(chunks, limit):
        assert len(event.data) < limit


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")
names = st.text(characters, max_size=6)
multiline = st.lists(st.text(characters, max_size=6) | st.sampled_from(["", " ", ":", "\u2028"]), max_size=4).map(
    "\n".join
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | names.filter(bool),
            multiline,
            st.none() | names.filter(lambda name: "\0" not in name),
            st.none() | st.integers(0, 10**18 - 1),
        ),
        max_size=3,
    )
)
def test_what_is_encoded_is_parsed_back(events: list[tuple[str | None, str, str | None, int | None]]) -> None:
    blocks = [encode(*event) for event in events]
    assert [facts(event)[:4] for event in parse(blocks)] == events
    assert [facts(event)[5:] for event in parse(b"".join(blocks))] == [(True, None)] * len(events)
    for event, block in zip(events, blocks, strict=True):
        assert list(parse(block)) == [ServerSentEvent(*event)]


@pytest.mark.parametrize(
    ("arguments", "problem", "path"),
    [
        (("a\nb", ""), "line_break", "$.event"),
        (("a\r", ""), "line_break", "$.event"),
        (("", ""), "empty", "$.event"),
        ((None, "a\rb"), "line_break", "$.data"),
        ((None, "a\ud800"), "surrogate", "$.data"),
        ((None, "", "1\n"), "line_break", "$.id"),
        ((None, "", "1\0"), "nul", "$.id"),
        ((None, "", None, -1), "integer_range", "$.retry"),
        ((None, "", None, 10**18), "integer_range", "$.retry"),
        ((None, "", None, True), "integer_range", "$.retry"),
    ],
)
def test_what_a_stream_cannot_carry_is_not_encoded(arguments: tuple[str, str], problem: str, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        encode(*arguments)
    assert (caught.value.problem, caught.value.path) == (problem, path)


def test_faults_name_the_line_in_the_stream() -> None:
    first, second = parse(b": hi\ndata: 1\ndata: caf\xe9\n\ndata: " + b"x" * 99 + b"\n\n", max_event_bytes=50)
    assert "byte 0xe9 in line 3 of the stream is not UTF-8" in str(first.fault)
    assert "the event that starts in line 5 of the stream is too large" in str(second.fault)
    assert "at most 50 bytes" in str(second.fault)


def test_an_event_is_given_as_soon_as_its_blank_line_starts() -> None:
    parser = Parser()
    assert parser.feed(b"data: 1\r\n") == []
    assert [event.data for event in parser.feed(b"\r")] == ["1"]
    assert parser.feed(b"\n") == []
    assert parser.close() == []


def test_a_closed_parser_is_as_new() -> None:
    parser = Parser()
    stream = b"\xef\xbb\xbfdata: 1\n\nevent: a\ndata: 2\r"
    first = parser.feed(stream) + parser.close()
    assert parser.close() == []
    assert parser.feed(b"\n" + stream) + parser.close() != first  # the BOM is not at the start
    assert parser.feed(stream) + parser.close() == first


@pytest.mark.parametrize("wrong", ["data: 1\n\n", ["data: 1\n\n"], [b"", 7]])
def test_text_and_other_things_are_refused(wrong: list[bytes]) -> None:
    with pytest.raises(DecodeError) as caught:
        list(parse(wrong))
    assert caught.value.problem == "type"


def test_every_kind_of_bytes_is_taken() -> None:
    stream = b"data: 1\n\n"
    assert list(parse(bytearray(stream))) == list(parse(memoryview(stream))) == list(parse(stream))
    with pytest.raises(ValueError, match="max_event_bytes"):
        Parser(max_event_bytes=0)


@pytest.mark.parametrize("endless", [b"x", b"data: x", b"data\n", b"data: y\n", b": comment", b"id: 1\n", b"foo\n"])
def test_memory_and_time_are_bounded(endless: bytes) -> None:
    parser = Parser(max_event_bytes=1000)
    chunk = endless * (4096 // len(endless))
    tracemalloc.start()
    start = time.process_time()
    for _ in range(30):
        assert parser.feed(chunk) == []
    assert tracemalloc.get_traced_memory()[0] < 100_000
    tracemalloc.stop()
    assert time.process_time() - start < 5
    assert [event.data for event in parser.feed(b"\n\n\ndata: 1\n\n")][-1] == "1"


def test_a_line_in_tiny_chunks_takes_linear_time() -> None:
    parser = Parser()
    start = time.process_time()
    for chunk in [b"data: ", *[b"x"] * 200_000]:
        parser.feed(chunk)
    assert time.process_time() - start < 5
    assert len(parser.close()[0].data) == 200_000
