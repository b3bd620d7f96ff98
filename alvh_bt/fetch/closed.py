"""Which session is over: nothing later is written, for its last numbers are still to come."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from alvh_bt.sessions import exchange_sessions

_EASTERN: Final = ZoneInfo("America/New_York")
#: By then closes and settlements of the day are published, US Eastern.
_PUBLISHED: Final = dt.time(17, 0)
#: Sessions at the end of a file that are fetched again and compared.
CHECKED_AGAIN: Final = 10


def last_closed(now: dt.datetime) -> dt.date:
    """Return the last session whose close has been published.

    Parameters
    ----------
    now
        The moment, with its time zone.

    Examples
    --------
    >>> last_closed(dt.datetime(2024, 7, 5, 20, 59, tzinfo=dt.timezone.utc))
    datetime.date(2024, 7, 3)
    >>> last_closed(dt.datetime(2024, 7, 5, 21, 0, tzinfo=dt.timezone.utc))
    datetime.date(2024, 7, 5)
    """
    there = now.astimezone(_EASTERN)
    day = there.date() if there.time() >= _PUBLISHED else there.date() - dt.timedelta(days=1)
    return _date(exchange_sessions(day - dt.timedelta(days=14), day)[-1])


def day_there(now: dt.datetime) -> dt.date:
    """Return the date in New York at a moment."""
    return now.astimezone(_EASTERN).date()


def checked_from(last: dt.date) -> dt.date:
    """Return the first day that is fetched again of a file that ends on `last`: ten sessions before.

    Examples
    --------
    >>> checked_from(dt.date(2024, 7, 5))
    datetime.date(2024, 6, 20)
    """
    sessions = exchange_sessions(last - dt.timedelta(days=30), last)
    return _date(sessions[-min(len(sessions), CHECKED_AGAIN + 1)])


def _date(day: object) -> dt.date:
    return dt.date.fromisoformat(str(day))
