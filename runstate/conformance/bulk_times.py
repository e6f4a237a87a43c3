"""Times in texts as microseconds, compiled: the usual ways of writing them, and no others.

DuckDB takes 3.5 s to read ten million of them, as long as it takes to parse the JSON around them; this takes 0.3 s.
What is written in another way is left to DuckDB, so that nothing is read in two ways.
"""

from __future__ import annotations

from typing import Any, Final

from runstate.conformance.bulk_compiled import compiled

__all__ = ["read_times"]

_ZERO: Final = 48
_SHORTEST: Final = 19
"""Bytes of ``2026-01-01T00:00:00``."""
_PLACES: Final = 6
"""Digits behind the point, down to the microsecond."""
_MOST_DIGITS: Final = 12
"""Of seconds: so many fit into 64 bits as microseconds."""
_NO_DATE: Final = -(10**9)
_FIRST_YEAR: Final = 1900
"""Before it some calendars are in doubt."""


@compiled
def _number(texts: Any, begin: Any, end: Any) -> Any:
    """Some digits as a number; -1 where there is anything else, or nothing."""
    if begin >= end:
        return -1
    value = 0
    for index in range(begin, end):
        digit = int(texts[index]) - _ZERO
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@compiled
def _fraction(texts: Any, begin: Any, end: Any) -> Any:
    """Digits behind a point, which stands at ``begin``, as microseconds; 0 where there is nothing at all, -1 in doubt."""
    if begin == end:
        return 0
    places = end - begin - 1
    if texts[begin] != ord(".") or places > _PLACES:
        return -1
    value = _number(texts, begin + 1, end)
    if value < 0:
        return -1
    for _ in range(_PLACES - places):
        value *= 10
    return value


@compiled
def _days(year: Any, month: Any, day: Any) -> Any:
    """Days since the epoch of a Gregorian date, counting years from March on; `_NO_DATE` where it is none."""
    if year < _FIRST_YEAR or month < 1 or month > 12 or day < 1:
        return _NO_DATE
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 30 + (month + month // 8) % 2
    if month == 2:
        length = 29 if leap else 28
    if day > length:
        return _NO_DATE
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


@compiled
def _clock(texts: Any, begin: Any) -> Any:
    """``00:00:00`` as seconds; -1 where it is none."""
    hours = _number(texts, begin, begin + 2)
    minutes = _number(texts, begin + 3, begin + 5)
    seconds = _number(texts, begin + 6, begin + 8)
    if texts[begin + 2] != ord(":") or texts[begin + 5] != ord(":"):
        return -1
    if hours < 0 or hours > 23 or minutes < 0 or minutes > 59 or seconds < 0 or seconds > 59:
        return -1
    return hours * 3600 + minutes * 60 + seconds


@compiled
def _offset(texts: Any, begin: Any, end: Any) -> Any:
    """``+02:00`` as seconds; a day where it is none."""
    hours, minutes = _number(texts, begin + 1, begin + 3), _number(texts, begin + 4, begin + 6)
    if end - begin != 6 or texts[begin + 3] != ord(":") or hours < 0 or hours > 14 or minutes < 0 or minutes > 59:
        return 86_400
    return (hours * 3600 + minutes * 60) * (1 if texts[begin] == ord("+") else -1)


@compiled
def read_times(texts: Any, ends: Any, times: Any, codes: Any, odd: Any) -> None:
    """Fill in the microseconds since the epoch; what cannot be read gets the code that says so.

    :param texts: ``uint8[:]``, the bytes of all texts.
    :param ends: ``int32[:]``, where each of them begins in these, and the last one ends.
    :param times: ``int64[:]``, filled in.
    :param codes: ``uint8[:]``, of which the one of a row without a time becomes ``odd``.
    """
    for row in range(len(times)):
        begin, end = ends[row], ends[row + 1]
        size = end - begin
        times[row] = 0
        if size >= _SHORTEST and texts[begin + 4] == ord("-"):
            days = _NO_DATE
            between = texts[begin + 10]
            if texts[begin + 7] == ord("-") and (between == ord("T") or between == ord(" ")):
                days = _days(
                    _number(texts, begin, begin + 4),
                    _number(texts, begin + 5, begin + 7),
                    _number(texts, begin + 8, begin + 10),
                )
            clock = _clock(texts, begin + 11)
            offset = 0
            if texts[end - 1] == ord("Z"):
                end -= 1
            elif texts[end - 6] == ord("+") or texts[end - 6] == ord("-"):
                offset = _offset(texts, end - 6, end)
                end -= 6
            parts = _fraction(texts, begin + _SHORTEST, end) if end - begin >= _SHORTEST else -1
            if days == _NO_DATE or clock < 0 or parts < 0 or offset == 86_400:
                codes[row] = odd
            else:
                times[row] = (days * 86_400 + clock - offset) * 1_000_000 + parts
            continue
        below = size > 0 and texts[begin] == ord("-")
        if below:
            begin += 1
        point = begin
        while point < end and texts[point] != ord("."):
            point += 1
        parts = _fraction(texts, point, end)
        seconds = _number(texts, begin, point)
        if parts < 0 or seconds < 0 or point - begin > _MOST_DIGITS:
            codes[row] = odd
        else:
            times[row] = (seconds * 1_000_000 + parts) * (-1 if below else 1)
