"""Questions as text: what is written is read again, and what cannot be read is refused with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstate.errors import BadQuestion
from runstate.lifecycles import ASSISTANTS_RUN
from runstate.modelling import formulas as f
from runstate.modelling.formulas import Atom, Formula, parse
from tests import strategies


@given(strategies.formulas(ASSISTANTS_RUN, ("usage",)))
def test_what_is_written_is_read_again(formula: Formula) -> None:
    assert parse(str(formula)) == formula


@given(st.lists(strategies.names, min_size=1, max_size=3))
def test_any_name_can_be_written(names: list[str]) -> None:
    formula = f.status(*names)
    assert parse(str(formula)) == formula


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("terminal", f.TERMINAL),
        ("AG EF terminal", f.ag(f.ef(f.TERMINAL))),
        ("  AG(EF(terminal))  ", f.ag(f.ef(f.TERMINAL))),
        ("not live and stop", f.both(f.not_(f.LIVE), f.STOP)),
        ("live and stop or true", f.either(f.both(f.LIVE, f.STOP), f.TRUE)),
        ("live or stop and true", f.either(f.LIVE, f.both(f.STOP, f.TRUE))),
        ("live -> stop -> false", f.implies(f.LIVE, f.implies(f.STOP, f.FALSE))),
        ("EX AX EG AF live", f.ex(f.ax(f.eg(f.af(f.LIVE))))),
        ("E[live U stop and live]", f.eu(f.LIVE, f.both(f.STOP, f.LIVE))),
        ("A[event go, come U can stop-it]", f.au(f.event("go", "come"), f.can("stop-it"))),
        ('status "partial success", in-progress', f.status("partial success", "in-progress")),
        ("status a->live", f.implies(f.status("a"), f.LIVE)),
        ('event "terminal"', f.event("terminal")),
        (r'set "a\"b\\"', f.has('a"b\\')),
        ("EF live and stop", f.both(f.ef(f.LIVE), f.STOP)),
    ],
)
def test_how_a_text_is_read(text: str, formula: Formula) -> None:
    assert parse(text) == formula


@pytest.mark.parametrize(
    ("text", "position", "seen", "allowed"),
    [
        ("", 0, "", "terminal"),
        ("AG", 2, "", "not"),
        ("terminal terminal", 9, "terminal", "and"),
        ("AG (terminal", 12, "", ")"),
        ("E[live stop]", 7, "stop", "U"),
        ("E live", 2, "live", "["),
        ("status", 6, "", "a name"),
        ("status live", 7, "live", "a name"),
        ("status a,", 9, "", "a name"),
        ("Terminal", 0, "Terminal", "terminal"),
        ("live & stop", 5, "&", None),
        ('status "open', 7, '"', None),
        ("event ,", 6, ",", "a name"),
    ],
)
def test_what_is_no_formula_is_refused(text: str, position: int, seen: str, allowed: str | None) -> None:
    with pytest.raises(BadQuestion) as caught:
        parse(text)
    assert (caught.value.question, caught.value.position, caught.value.seen) == (text, position, seen)
    assert allowed is None or allowed in caught.value.allowed
    assert f"at character {position + 1}:" in str(caught.value)


@given(st.text(st.sampled_from('AEUGFX[]()->,"\\ andortsueliv'), max_size=30))
def test_whatever_the_text_is_the_only_error_is_a_bad_question(text: str) -> None:
    try:
        formula = parse(text)
    except BadQuestion:
        return
    assert parse(str(formula)) == formula


def test_a_formula_that_is_too_deep_is_refused() -> None:
    with pytest.raises(BadQuestion, match="too deep"):
        parse("not " * 100_000 + "live")


def test_an_atom_without_names_writes_none() -> None:
    assert str(Atom("true")) == "true"
