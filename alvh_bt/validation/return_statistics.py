"""How near one series of returns is to another, and the months that both are told in."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from alvh_bt.contracts import calendar_date
from alvh_bt.market.market import Market
from alvh_bt.sessions import exchange_sessions


def correlation(first: pd.Series, second: pd.Series) -> float:
    """Return the correlation of two series of one index; NaN below three values or where one does not move.

    >>> round(correlation(pd.Series([0.1, -0.1, 0.2]), pd.Series([0.2, -0.2, 0.4])), 12)
    1.0
    """
    if len(first) < 3 or first.std() == 0.0 or second.std() == 0.0:
        return math.nan
    return float(np.corrcoef(first.to_numpy(), second.to_numpy())[0, 1])


def tracking_error(first: pd.Series, second: pd.Series) -> float:
    """Return the standard deviation of the difference of two series (n - 1); NaN below two values."""
    return float((first - second).std()) if len(first) > 1 else math.nan


def annual_return(returns: pd.Series, periods: float) -> float:
    """Return the geometric return a year, a fraction; NaN for no returns.

    Parameters
    ----------
    returns
        Simple returns, fractions.
    periods
        How many of them make a year: 12 for months, 252 for sessions.
    """
    return float(np.expm1(np.log1p(returns).mean() * periods)) if len(returns) else math.nan


def share(true: pd.Series) -> float:
    """Return the share of True; NaN for no values."""
    return float(true.mean()) if len(true) else math.nan


def month_ends(market: Market) -> pd.Series:
    """Return the row of each month's last session, by month; without the last month where it goes on.

    A history that is cut inside a month says nothing of that month's end: the exchange's calendar tells
    whether a session was still to come.
    """
    sessions = pd.DatetimeIndex(market.sessions.astype("datetime64[ns]"))
    rows = pd.Series(np.arange(len(sessions)), index=sessions.to_period("M")).groupby(level=0).last()
    until = rows.index[-1].end_time.date()
    to_come = exchange_sessions(calendar_date(market.days[-1]), until)
    return rows.iloc[:-1] if len(to_come) > 1 else rows
