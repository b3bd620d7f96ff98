"""On which close the schedule next allows a condor."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from alvh_bt.book.view import Today
from alvh_bt.calendars import exchange_sessions, spx_expiries
from alvh_bt.condor.entry import entry_is_due
from alvh_bt.config import CondorParams
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.today import after_monthly_expiry, week_starts

#: Calendar days that are looked at: more than 252 sessions, the longest distance between two entries.
AHEAD: Final = 400


def next_entry(today: Today, params: CondorParams) -> int:
    """Return the epoch day of the first close after `today` on which the schedule allows an entry, or -1."""
    first = calendar_date(today.day) + dt.timedelta(days=1)
    last = first + dt.timedelta(days=AHEAD)
    days = exchange_sessions(first, last).astype(np.int64)
    before = np.concatenate(([today.day], days[:-1]))
    weeks = week_starts(days, before)
    months = after_monthly_expiry(days, before, spx_expiries(calendar_date(today.day - 40), last))
    for k, day in enumerate(days):
        later = today._replace(
            day=int(day),
            since_start=today.since_start + k + 1,
            week_start=bool(weeks[k]),
            after_monthly_expiry=bool(months[k]),
        )
        if entry_is_due(later, params):
            return int(day)
    return -1
