"""Questions about a lifecycle as values: computation tree logic over what is true at a moment of a run.

A moment of a run is the event that was just taken, the status it led to, and which fields are set.  Atoms speak of a
moment, the operators of the ways on from it::

    EX f     after some next move f          AX f     after every next move f
    EF f     some way reaches f              AF f     every way reaches f
    EG f     some way keeps f for ever       AG f     every way keeps f for ever
    E[f U g] some way reaches g, f up to it  A[f U g] every way reaches g, f up to it

After Clarke, Emerson and Sistla, "Automatic verification of finite-state concurrent systems using temporal logic
specifications" (1986).  `parse` reads the text that ``str`` of a formula writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import attrs

from runstate.errors import BadQuestion

__all__ = [
    "FALSE",
    "LIVE",
    "STOP",
    "TERMINAL",
    "TRUE",
    "Atom",
    "Both",
    "Formula",
    "Not",
    "On",
    "Until",
    "af",
    "ag",
    "au",
    "ax",
    "both",
    "can",
    "ef",
    "eg",
    "either",
    "eu",
    "event",
    "ex",
    "has",
    "implies",
    "not_",
    "parse",
    "status",
]

Plain = Literal["true", "false", "terminal", "live", "stop"]
Naming = Literal["status", "event", "can", "set"]
Ahead = Literal["EX", "AX", "EF", "AF", "EG", "AG"]

PLAIN: tuple[Plain, ...] = ("true", "false", "terminal", "live", "stop")
NAMING: tuple[Naming, ...] = ("status", "event", "can", "set")
AHEAD: tuple[Ahead, ...] = ("EX", "AX", "EF", "AF", "EG", "AG")

_WORD = re.compile(r"[\w.-]+")


@attrs.frozen
class Atom:
    """What is true of a moment by itself."""

    kind: Plain | Naming
    """``status``: it is one of the names; ``event``: one of them was just taken; ``can``: one of them is possible now;
    ``set``: all the named fields are set."""
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, [self.kind, ", ".join(map(_quoted, self.names))]))


@attrs.frozen
class Not:
    """What is not true."""

    inner: Formula

    def __str__(self) -> str:
        return f"not {_inside(self.inner)}"


@attrs.frozen
class Both:
    """Two parts joined."""

    word: Literal["and", "or", "->"]
    left: Formula
    right: Formula

    def __str__(self) -> str:
        return f"{_inside(self.left)} {self.word} {_inside(self.right)}"


@attrs.frozen
class On:
    """What holds on ways on from here."""

    word: Ahead
    inner: Formula

    def __str__(self) -> str:
        return f"{self.word} {_inside(self.inner)}"


@attrs.frozen
class Until:
    """One thing up to another, which does come."""

    word: Literal["E", "A"]
    left: Formula
    right: Formula

    def __str__(self) -> str:
        return f"{self.word}[{self.left} U {self.right}]"


Formula: TypeAlias = Atom | Not | Both | On | Until
"""A question, or a part of one."""


def _quoted(name: str) -> str:
    known = _WORD.fullmatch(name) and name not in _RESERVED
    return str(name) if known else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _inside(part: Formula) -> str:
    return f"({part})" if isinstance(part, Both) else str(part)


TRUE = Atom("true")
FALSE = Atom("false")
TERMINAL = Atom("terminal")
"""The run has ended."""
LIVE = Atom("live")
"""It has not."""
STOP = Atom("stop")
"""Somebody else must act."""


def status(*names: str) -> Atom:
    """The status is one of these."""
    return Atom("status", names)


def event(*names: str) -> Atom:
    """One of these events was just taken."""
    return Atom("event", names)


def can(*names: str) -> Atom:
    """One of these events is possible now; a deadline that stands may have come, a guard by name may hold."""
    return Atom("can", names)


def has(*names: str) -> Atom:
    """All these fields are set."""
    return Atom("set", names)


def not_(inner: Formula) -> Not:
    """It is not so."""
    return Not(inner)


def both(left: Formula, right: Formula) -> Both:
    """The one and the other."""
    return Both("and", left, right)


def either(left: Formula, right: Formula) -> Both:
    """The one or the other, or both."""
    return Both("or", left, right)


def implies(left: Formula, right: Formula) -> Both:
    """Where the one holds, the other does."""
    return Both("->", left, right)


def ex(inner: Formula) -> On:
    """After some next move."""
    return On("EX", inner)


def ax(inner: Formula) -> On:
    """After every next move; true where there is none."""
    return On("AX", inner)


def ef(inner: Formula) -> On:
    """Now or later on some way."""
    return On("EF", inner)


def af(inner: Formula) -> On:
    """Now or later on every way."""
    return On("AF", inner)


def eg(inner: Formula) -> On:
    """Now and always on some way."""
    return On("EG", inner)


def ag(inner: Formula) -> On:
    """Now and always on every way."""
    return On("AG", inner)


def eu(left: Formula, right: Formula) -> Until:
    """On some way the one, up to the other, which comes."""
    return Until("E", left, right)


def au(left: Formula, right: Formula) -> Until:
    """On every way the one, up to the other, which comes."""
    return Until("A", left, right)


def atoms(formula: Formula) -> Iterator[Atom]:
    """Every atom in it, from left to right."""
    match formula:
        case Atom():
            yield formula
        case Not(inner) | On(_, inner):
            yield from atoms(inner)
        case Both(_, left, right) | Until(_, left, right):
            yield from atoms(left)
            yield from atoms(right)


def fields_in(formula: Formula) -> frozenset[str]:
    """The fields that the formula asks for."""
    return frozenset(name for atom in atoms(formula) if atom.kind == "set" for name in atom.names)


# -- reading ----------------------------------------------------------------------------------------------------------

_RESERVED = frozenset({*PLAIN, *NAMING, *AHEAD, "and", "or", "not", "E", "A", "U"})
_TOKEN = re.compile(r'\s*(?:(?P<name>"(?:[^"\\]|\\.)*")|(?P<mark>->|[()\[\],])|(?P<word>[\w.-]+?(?=->)|[\w.-]+))')


def parse(text: str) -> Formula:
    """The formula that a text writes.

    ``not`` and the operators bind closest, then ``and``, then ``or``, then ``->``, which groups to the right.  A name
    that is a word of the language, or has other characters than letters, digits, ``_``, ``-`` and ``.``, stands in
    double quotes.

    :raises BadQuestion: where the text is no formula; it says where.
    """
    try:
        return _Reader(text).whole()
    except RecursionError:
        raise BadQuestion(question=text[:200], reason="the formula is too deep") from None


class _Reader:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._split(text))
        self.position = 0

    def _split(self, text: str) -> Iterator[tuple[int, str]]:
        end = len(text.rstrip())
        position = 0
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                blank = len(text[position:]) - len(text[position:].lstrip())
                raise self._wrong(position + blank, text[position + blank], "this is no part of a formula", ())
            yield match.start(match.lastgroup or 0), match[match.lastgroup or 0]
            position = match.end()

    def _wrong(self, position: int, seen: str, reason: str, allowed: Iterable[str]) -> BadQuestion:
        return BadQuestion(question=self.text, position=position, seen=seen, reason=reason, allowed=tuple(allowed))

    def _expected(self, *allowed: str) -> BadQuestion:
        position, seen = self.tokens[self.position] if self.position < len(self.tokens) else (len(self.text), "")
        return self._wrong(position, seen, "something else belongs here" if seen else "the formula breaks off", allowed)

    @property
    def next(self) -> str | None:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else None

    def take(self, *wanted: str) -> str:
        seen = self.next
        if seen is None or seen not in wanted:
            raise self._expected(*wanted)
        self.position += 1
        return seen

    def whole(self) -> Formula:
        found = self.implication()
        if self.next is not None:
            raise self._expected("and", "or", "->")
        return found

    def implication(self) -> Formula:
        left = self.disjunction()
        if self.next != "->":
            return left
        self.take("->")
        return implies(left, self.implication())

    def disjunction(self) -> Formula:
        left = self.conjunction()
        while self.next == "or":
            self.take("or")
            left = either(left, self.conjunction())
        return left

    def conjunction(self) -> Formula:
        left = self.unary()
        while self.next == "and":
            self.take("and")
            left = both(left, self.unary())
        return left

    def unary(self) -> Formula:
        seen = self.next
        for ahead in AHEAD:
            if seen == ahead:
                self.take(ahead)
                return On(ahead, self.unary())
        if seen == "not":
            self.take("not")
            return not_(self.unary())
        if seen in ("E", "A"):
            self.take(seen)
            return self.until(seen)
        if seen == "(":
            self.take("(")
            found = self.implication()
            self.take(")")
            return found
        return self.atom()

    def until(self, word: str) -> Formula:
        self.take("[")
        left = self.implication()
        self.take("U")
        right = self.implication()
        self.take("]")
        return eu(left, right) if word == "E" else au(left, right)

    def atom(self) -> Formula:
        for plain in PLAIN:
            if self.next == plain:
                self.take(plain)
                return Atom(plain)
        for naming in NAMING:
            if self.next == naming:
                self.take(naming)
                return Atom(naming, tuple(self.names()))
        raise self._expected(*PLAIN, *NAMING, *AHEAD, "E[", "A[", "not", "(")

    def names(self) -> Iterator[str]:
        yield self.name()
        while self.next == ",":
            self.take(",")
            yield self.name()

    def name(self) -> str:
        seen = self.next
        if seen is None or seen in _RESERVED or not (seen[0] == '"' or _WORD.fullmatch(seen)):
            raise self._expected("a name")
        self.position += 1
        return re.sub(r"\\(.)", r"\1", seen[1:-1]) if seen[0] == '"' else seen
