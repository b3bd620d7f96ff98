"""Building `Today`: what is known at each close, and the calendar."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from alvh_bt.book.view import Today
from alvh_bt.calendars import Expiries, exchange_sessions, spx_expiries, vix_option_expiries, vx_expiries
from alvh_bt.config import Fill, SignalParams
from alvh_bt.contracts import Root, calendar_date
from alvh_bt.market import Market
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.quotes import QuoteRows
from alvh_bt.signals import SIGNALS

#: Closes that rules may look back on.
CLOSES = 10


class Calendar:
    """The calendar and the market-wide signals of a market, computed once and shared by runs.

    Parameters
    ----------
    market
        The aligned history; signals of a session see rows up to it only.
    signals
        Periods and constants of the signals; the defaults if None.
    """

    def __init__(self, market: Market, signals: SignalParams | None = None) -> None:
        days = market.days
        first, last = calendar_date(days[0]), calendar_date(days[-1])
        self.days = days
        self.closes, self.vix_closes = market.columns["spx_close"], market.columns["vix_close"]
        # The day after the last close is the day of its fills: what is listed then must be known.
        beyond = last + dt.timedelta(days=14)
        self.spx = spx_expiries(first, beyond)
        self.vix = vix_option_expiries(first, beyond)
        self.vx = vx_expiries(first, beyond)
        self.signals = np.column_stack(
            [kind().series(market, signals or SignalParams()) for kind in SIGNALS.values()]
        )
        self.signals.setflags(write=False)
        exchange = exchange_sessions(first, beyond).astype(np.int64)
        self.next_day = exchange[np.searchsorted(exchange, days, side="right")]
        before = np.concatenate(([days[0] - 7], days[:-1]))
        self.week_start = week_starts(days, before)
        self.after_monthly = after_monthly_expiry(days, before, self.spx)

    def today(self, i: int, first: int, prices: DayPrices, fill: int) -> Today:
        """Return what is known at the close of session `i` of a run that began at session `first`."""
        return Today(
            int(self.days[i]),
            i - first,
            int(self.days[i] if fill == Fill.SAME_CLOSE else self.next_day[i]),
            fill == Fill.NEXT_OPEN,
            bool(self.week_start[i]),
            bool(self.after_monthly[i]),
            prices,
            with_quotes(self.spx, prices.quotes),
            with_quotes(self.vix, prices.quotes),
            self.vx,
            _own_copy(self.closes[max(0, i + 1 - CLOSES) : i + 1]),
            _own_copy(self.vix_closes[max(0, i + 1 - CLOSES) : i + 1]),
            _own_copy(self.signals[i]),
        )


def week_starts(days: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which sessions are the first of their week; `before` are the sessions before each, (n,) both.

    >>> week_starts(np.array([18687, 18688]), np.array([18684, 18687])).tolist()  # a Monday and a Tuesday
    [True, False]
    """
    # Epoch day 4 was a Monday: weeks are counted from it.
    return (days - 4) // 7 > (before - 4) // 7


def after_monthly_expiry(
    days: NDArray[np.int64], before: NDArray[np.int64], spx: Expiries
) -> NDArray[np.bool_]:
    """Return which sessions are the first after a monthly expiry; `before` as in `week_starts`."""
    monthly = np.sort(spx.day[spx.root == Root.SPX])
    expired = np.searchsorted(monthly, days, side="left")
    return expired > np.searchsorted(monthly, before, side="left")


def _own_copy(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a read-only copy: through `base` a view would lead to the closes of later days."""
    values = values.copy()
    values.setflags(write=False)
    return values


def with_quotes(expiries: Expiries, quotes: QuoteRows) -> Expiries:
    """Return those of the expiries that have quotes; all of them where none has.

    So that a condor or a call is not put into an expiry that the chains lack while they have its neighbour.
    """
    if not len(quotes):
        return expiries
    of_quotes = np.unique(quotes["expiry"] * len(Root) + quotes["root"])
    quoted = np.isin(expiries.day * len(Root) + expiries.root, of_quotes)
    if not quoted.any():
        return expiries
    return Expiries(expiries.day[quoted], expiries.root[quoted], expiries.listed_from[quoted])
