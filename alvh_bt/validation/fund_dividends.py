"""The forward of SPY, which pays its dividends in four lumps a year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alvh_bt.calendars import spx_monthly_expiry
from alvh_bt.contracts import calendar_date, epoch_day
from alvh_bt.pricing.day import DayPrices

Floats = NDArray[np.float64]


def lumped_forward(spot: Floats, expiry: NDArray[np.int64], tau: Floats, prices: DayPrices) -> Floats:
    """Return SPY's forward (points) at each expiry: spot less the quarterly dividends until then, grown.

    SPY goes ex on the third Friday of March, June, September and December; each lump is taken as a quarter
    of the yearly yield. NaN where `spot` is.

    Parameters
    ----------
    spot
        SPY in USD, shape (n,).
    expiry
        Epoch days of the options, shape (n,); one that expires on an ex-dividend day is without it.
    tau
        Years to expiry, shape (n,).
    prices
        Of the day: rate and dividend yield.
    """
    today = calendar_date(prices.day)
    ends = [(today.year + (today.month - 1 + k) // 12, (today.month - 1 + k) % 12 + 1) for k in range(8)]
    ex_days = np.array(
        [epoch_day(spx_monthly_expiry(*month)) for month in ends if month[1] % 3 == 0], dtype=np.int64
    )
    lumps = ((ex_days > prices.day) & (ex_days <= expiry[:, None])).sum(axis=1)
    return np.asarray((spot * (1.0 - 0.25 * prices.dividend_yield * lumps)) * np.exp(prices.rate * tau))
