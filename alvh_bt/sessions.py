"""When the New York Stock Exchange is, was, or was meant to be open."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar
from numpy.typing import NDArray

from alvh_bt.contracts import epoch_day
from alvh_bt.errors import DataError

Days = NDArray[np.int64]

#: The span of the calendar: Saturday trading ended in 1952; far enough ahead for any listed expiry.
FIRST_DAY: Final = dt.date(1960, 1, 1)
LAST_DAY: Final = dt.date(2060, 12, 31)
#: When a session has closed, in the exchange's own time; an early close is waited for all the same.
CLOSE_AT: Final = dt.time(16, 0)
_EXCHANGE: Final = ZoneInfo("America/New_York")


@lru_cache(maxsize=1)
def scheduled_and_held() -> tuple[Days, Days]:
    """Return the epoch days of the sessions that were scheduled, and of those that were held.

    The second lacks the closures that no calendar of the year announced: storms, days of mourning.
    """
    # The rules of the class are enough: an instance would also build the hours of every session,
    # which takes longer than all of this package's calendars and which nothing here needs.
    rules = XNYSExchangeCalendar.__new__(XNYSExchangeCalendar)
    holidays = rules.regular_holidays.holidays(pd.Timestamp(FIRST_DAY), pd.Timestamp(LAST_DAY))
    days = np.arange(np.datetime64(FIRST_DAY), np.datetime64(LAST_DAY) + 1)
    open_days = days[np.is_busday(days, holidays=holidays.to_numpy().astype("datetime64[D]"))]
    closures = pd.DatetimeIndex(rules.adhoc_holidays).to_numpy().astype("datetime64[D]")
    scheduled = open_days.astype(np.int64)
    held = open_days[~np.isin(open_days, closures)].astype(np.int64)
    for shared in (scheduled, held):
        shared.setflags(write=False)
    return scheduled, held


def exchange_sessions(start: dt.date, end: dt.date) -> NDArray[np.datetime64]:
    """Return the sessions of the New York Stock Exchange from `start` to `end`, both included.

    Parameters
    ----------
    start, end
        Calendar dates; need not be sessions.

    Returns
    -------
    datetime64[D] array of shape (n,), ascending; empty when `end` is before `start`.

    Raises
    ------
    DataError
        A date outside 1960..2060, where the calendar is unknown.

    Examples
    --------
    >>> exchange_sessions(dt.date(2012, 10, 26), dt.date(2012, 10, 31))
    array(['2012-10-26', '2012-10-31'], dtype='datetime64[D]')
    """
    for day in (start, end):
        check_span(day)
    held = scheduled_and_held()[1]
    first, last = np.searchsorted(held, [epoch_day(start), epoch_day(end) + 1])
    return held[first:last].astype("datetime64[D]")


def sessions_behind(last: dt.date, now: dt.datetime) -> int:
    """Return how many sessions of the exchange have closed since `last`.

    Parameters
    ----------
    last
        A calendar date; need not be a session.
    now
        A moment with its time zone.

    Examples
    --------
    >>> friday = dt.datetime(2024, 5, 31, 22, 0, tzinfo=dt.timezone.utc)
    >>> sessions_behind(dt.date(2024, 5, 29), friday), sessions_behind(dt.date(2024, 5, 31), friday)
    (2, 0)
    """
    there = now.astimezone(_EXCHANGE)
    until = there.date() if there.time() >= CLOSE_AT else there.date() - dt.timedelta(days=1)
    return len(exchange_sessions(last + dt.timedelta(days=1), until))


def check_span(day: dt.date) -> None:
    """Raise DataError for a day that the calendar does not cover."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise DataError(
            f"{day}: the exchange calendar covers {FIRST_DAY} to {LAST_DAY}: use dates inside that span"
        )


def on_or_before(sessions: Days, days: Days) -> Days:
    """Return for each epoch day the last of `sessions` (ascending) that is not after it."""
    return sessions[np.searchsorted(sessions, days, side="right") - 1]


def session_held_for(day: int) -> int:
    """Return the session on which what the rules put on epoch day `day` happened: it or the one before."""
    scheduled, held = scheduled_and_held()
    return int(on_or_before(held, on_or_before(scheduled, np.array([day])))[0])
