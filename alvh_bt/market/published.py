"""Settlement values: numbers that are published on a few sessions of a month, by rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from alvh_bt.calendars import spx_monthly_expiry, vx_expiry

#: Columns that have a value on one day of a month, with the rule that gives it.
PUBLISHED_ON: Final[Mapping[str, Callable[[int, int], dt.date]]] = {
    "spx_set": spx_monthly_expiry,
    "vro": vx_expiry,
}


def days_due(name: str, first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days from `first` to `last`, both included, on which a settlement value is published.

    Examples
    --------
    >>> days_due("spx_set", dt.date(2019, 3, 16), dt.date(2019, 4, 18))
    [datetime.date(2019, 4, 18)]
    """
    months = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1).tolist()
    days = (PUBLISHED_ON[name](month.year, month.month) for month in months)
    return [day for day in days if first <= day <= last]
