"""Differences in words: amounts, intervals, periods."""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

#: Days at either end of a year on which nothing may trade.
_HOLIDAYS: Final = 5


class Gap(NamedTuple):
    """The focus's figure less the rival's, in percent or points; bounds None without an interval."""

    value: float | None
    low: float | None
    high: float | None
    method: str

    @property
    def clear(self) -> bool:
        """Whether the interval has no zero in it."""
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high

    def turned(self) -> Gap:
        """Return the rival's figure less the focus's."""
        low, high = (None if bound is None else -bound for bound in (self.high, self.low))
        return Gap(None if self.value is None else -self.value, low, high, self.method)


def depth_words(fall: Gap) -> tuple[str, str]:
    """Return the clause on the worst drawdown, and what it settles; drawdowns are negative."""
    value = fall.value or 0.0
    if value == 0.0:
        return f"as deep{interval_words(fall.turned(), '')}", "protection undecided"
    told = fall if value > 0.0 else fall.turned()
    clause = f"{amount(told)} points {'shallower' if value > 0.0 else 'deeper'}{interval_words(told, '')}"
    word = "better protected" if value > 0.0 else "worse protected"
    return clause, word if fall.clear else "protection undecided"


def _figures(gap: Gap) -> list[str]:
    """Return value and bounds to one decimal, or to as many more as tell each of them from zero."""
    known = [figure for figure in (gap.value, gap.low, gap.high) if figure is not None]
    for decimals in (1, 2, 3):
        if all(round(figure, decimals) or not figure for figure in known):
            break
    return [f"{round(figure, decimals) + 0.0:.{decimals}f}" for figure in known]


def amount(gap: Gap) -> str:
    """Return the value to one decimal, or to as many more as tell it from zero."""
    return _figures(gap)[0]


def interval_words(gap: Gap, level: str) -> str:
    """Return the interval in brackets after `level`, empty where there is none."""
    if gap.low is None or gap.high is None:
        return ""
    _, low, high = _figures(gap)
    return f" ({level}{low} to {high})"


def period_words(start: dt.date, end: dt.date) -> str:
    """Return a window with its preposition: whole years, months from a year on, else dates.

    >>> period_words(dt.date(2007, 1, 3), dt.date(2024, 12, 31))
    'On 2007-2024'
    >>> period_words(dt.date(2006, 3, 1), dt.date(2024, 12, 31))
    'From March 2006 to December 2024'
    >>> period_words(dt.date(2015, 7, 1), dt.date(2015, 10, 30))
    'From 2015-07-01 to 2015-10-30'
    """
    if start <= dt.date(start.year, 1, _HOLIDAYS) and end >= dt.date(end.year, 12, 31 - _HOLIDAYS):
        return f"On {start.year}" if start.year == end.year else f"On {start.year}-{end.year}"
    if (end - start).days >= 365:
        return f"From {start:%B %Y} to {end:%B %Y}"
    return f"From {start} to {end}"
