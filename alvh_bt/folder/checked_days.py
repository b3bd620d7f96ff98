"""Checks of dates: sessions without a value, values that stand still, ends that lag, prints on holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.folder.contents import SPECS, Contents, Series
from alvh_bt.folder.finding import Finding, found
from alvh_bt.market.mend import VIX_HELD_AT_MOST
from alvh_bt.market.published import PUBLISHED_ON, days_due
from alvh_bt.sessions import scheduled_and_held

#: Sessions missing in a row, and share of the span missing, from which a gap is a warning.
GAP_IN_A_ROW: Final = 5
GAP_SHARE: Final = 0.01
#: The same value on so many sessions in a row is stale. Closes have two decimals: three in a row happen by
#: chance where a day's move is a few tenths (VIX, VIX3M), and hardly ever where it is points.
STALE_RUN: Final = {"spx": 3, "vvix": 3, "skew": 3, "rates": 31, "foreign_rates": 31, "hy_oas": 6}
STALE_RUN_ELSE: Final = 4
#: Sessions by which a file may end before the S&P 500 history before that is a warning.
END_LATE: Final = 5
#: Calendar days by which a column may begin after its file, or end before it.
COLUMN_SHORT: Final = 62
#: Files that end for good: the first VXX note matured.
_ENDED: Final = frozenset({"etp_vxx_series_a"})

Days = NDArray[np.int64]


def check_days(contents: Contents) -> Iterator[Finding]:
    """Yield what is wrong with the dates of each file; nothing for a file without a fault."""
    for name in contents.tables:
        yield from _columns(name, contents)
        if SPECS[name].schedule or name == "fundamentals":
            continue
        series = contents.series(name)
        if not len(series.day):
            yield Finding("gap", name, "warning", (), None, "no value in any row")
            continue
        if name == "settlements":
            yield from _settlement_days(contents)
            continue
        if SPECS[name].carried:
            yield from _sparse(name, series)
        else:
            yield from _gaps(name, series, contents)
            yield from _holidays(name, contents)
        yield from _stale(name, series)
        yield from _end(name, contents)


def sessions_between(first: int, last: int) -> Days:
    """Return the epoch days of the sessions from `first` to `last`, both included."""
    held = scheduled_and_held()[1]
    return held[(held >= first) & (held <= last)]


def _gaps(name: str, series: Series, contents: Contents) -> Iterator[Finding]:
    """Yield the sessions inside a file's span without a value."""
    held = sessions_between(int(series.day[0]), int(series.day[-1]))
    present = np.isin(held, series.day)
    missing = held[~present]
    if not len(missing):
        return
    ends = np.concatenate([[-1], np.flatnonzero(present), [len(held)]])
    longest = np.diff(ends) - 1
    at = int(longest.argmax())
    rows = np.isin(missing, contents.tables[name].day)
    # More than three in a row and VIX cannot be held over them.
    in_a_row = VIX_HELD_AT_MOST if name == "vix" else GAP_IN_A_ROW
    serious = longest[at] > in_a_row or len(missing) > GAP_SHARE * len(held)
    blank = f", {int(rows.sum())} of them blank cells" if rows.any() else ""
    where = f", after {calendar_date(held[ends[at]])}" if at else ""
    what = f"of {len(held):,} sessions without a value{blank}; longest {longest[at]} in a row{where}"
    badness = np.repeat(longest, longest).astype(float)
    yield from found("gap", name, "warning" if serious else "note", missing, what, badness)


def _settlement_days(contents: Contents) -> Iterator[Finding]:
    """Yield the settlement days without a value: inside a column's span, and after its end."""
    for column in PUBLISHED_ON:
        known, index = contents.series("settlements", column).day, contents.series("spx").day
        if not len(known):
            continue
        first, last = calendar_date(int(known[0])), calendar_date(int(known[-1]))
        due = [epoch_day(day) for day in days_due(column, first, last)]
        lacking = [day for day in due if day not in known]
        what = f"of {len(due):,} settlement days without a {column}"
        yield from found("gap", "settlements", "warning", lacking, what)
        end = calendar_date(int(index[-1])) if len(index) else last
        if after := days_due(column, last + dt.timedelta(days=1), end):
            what = f"{column} ends before spx; settlement days after it, estimated: {len(after):,}"
            yield Finding("end", "settlements", "warning", (int(known[-1]),), int(known[-1]), what)


def _sparse(name: str, series: Series) -> Iterator[Finding]:
    """Yield the days of a slow series after which its value grows too old."""
    step = np.diff(series.day)
    allowed = SPECS[name].stale_after
    at = np.flatnonzero(step > allowed)
    what = f"more than {allowed} days to the next value; longest {step.max() if len(step) else 0} days"
    yield from found("gap", name, "warning", series.day[at], what, step[at].astype(float))
    # A daily rate that was monthly once: steps of the early years are weeks.
    if allowed <= 45 and len(step) and np.median(step) <= 5:
        rare = np.flatnonzero((step > 10) & (step <= allowed))
        what = f"less than weekly (up to {step[rare].max() if len(rare) else 0} days between values)"
        yield from found("gap", name, "note", series.day[rare], what, step[rare].astype(float))


def _columns(name: str, contents: Contents) -> Iterator[Finding]:
    """Yield columns that begin later or end earlier than their file by two months or more."""
    table = contents.tables[name]
    for column in table.values:
        known = contents.series(name, column).day
        if not len(known):
            yield Finding("column", name, "note", (), None, f"{column} is blank in every row")
        elif known[0] - table.day[0] > COLUMN_SHORT or table.day[-1] - known[-1] > COLUMN_SHORT:
            span = f"{calendar_date(known[0])} to {calendar_date(known[-1])}"
            yield Finding("column", name, "note", (int(known[0]),), None, f"{column} is known from {span}")


def _holidays(name: str, contents: Contents) -> Iterator[Finding]:
    """Yield prints on days on which the exchange was closed; the market drops them."""
    day = np.unique(contents.tables[name].day)
    closed = day[~np.isin(day, scheduled_and_held()[1])]
    yield from found("holiday", name, "note", closed, "rows on days without a session (left out of runs)")


def _stale(name: str, series: Series) -> Iterator[Finding]:
    """Yield the last day of each run of equal values that is too long to be chance."""
    if SPECS[name].expiry or (SPECS[name].carried and SPECS[name].stale_after > 45):
        return
    limit = STALE_RUN.get(name, STALE_RUN_ELSE)
    starts = np.flatnonzero(np.append(True, np.diff(series.value) != 0.0))
    ends = np.append(starts[1:], len(series.value)) - 1
    length = ends - starts + 1
    long = length >= limit
    what = f"the same value {limit} rows or more in a row; longest {length.max()}"
    yield from found("stale", name, "warning", series.day[ends[long]], what, length[long].astype(float))


def _end(name: str, contents: Contents) -> Iterator[Finding]:
    """Yield a file that ends before the S&P 500 history does."""
    index, mine = contents.series("spx"), contents.series(name)
    if name == "spx" or not len(index.day):
        return
    last = int(mine.day[-1])
    late = len(sessions_between(last + 1, int(index.day[-1])))
    spec = SPECS[name]
    # A month's row is dated on its first day.
    allowed = spec.stale_after + 31 * (spec.lag.months + 1) + spec.lag.days if spec.carried else 0
    if late == 0 or int(index.day[-1]) - last <= allowed:
        return
    severity = "note" if name in _ENDED or late <= END_LATE else "warning"
    said = "the note matured" if name in _ENDED else "runs go on without it from there"
    if spec.required:
        said = f"it is carried forward for {VIX_HELD_AT_MOST} sessions, and runs end there"
    what = f"ends {late:,} sessions before spx ({said})"
    yield Finding("end", name, severity, (last,), last, what)
