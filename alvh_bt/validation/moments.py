"""The prices at the moment of a chain's quotes, where that is not the close.

A chain says the day of its quotes and the index then, not the hour. Where that index is not the day's
close, the quotes are of an earlier moment, and the model is taken there: SPX to the chain's index, VIX
along the line through the day's (index low, VIX high) and (index high, VIX low). Half of the session
is taken to be left: the mean of what is possible.

How far the index must be from the close for that is told as in `pricing.quote_rows`, so that what a study
takes for quotes of the close is measured as such. An underlying stamped at 16:15 may be off by more than a
tenth of a percent; to move the model by hours for a quarter of one would be the greater error.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from alvh_bt.contracts import calendar_date
from alvh_bt.market.market import Market
from alvh_bt.pricing.clock import OPEN_MOMENT
from alvh_bt.pricing.day import DayPrices, shocked
from alvh_bt.pricing.quote_rows import SPX_APART

#: An index this far outside the day's range (a share of it) is not one of that day at all.
OUTSIDE_RANGE: Final = 0.01

#: Roots whose underlying is the S&P 500, and its points for one of theirs.
_INDEX_ROOTS: Final = {"SPX": 1.0, "SPXW": 1.0, "XSP": 10.0}

MIDDAY_MOMENT: Final = 0.5 * OPEN_MOMENT


class QuoteMoment(NamedTuple):
    """The prices at the moment of a day's quotes, days from the close, and what was assumed (or nothing)."""

    prices: DayPrices
    moment: float
    note: str


def quoted_index(quotes: pd.DataFrame) -> float:
    """Return the S&P 500 (points) that a day's quotes say they were taken at; NaN where they do not."""
    scale = quotes["root"].map(_INDEX_ROOTS)
    levels = (quotes["underlying"] * scale).to_numpy(dtype=np.float64)
    levels = levels[np.isfinite(levels)]
    return float(np.median(levels)) if len(levels) else math.nan


def vix_at(market: Market, i: int, index: float) -> float:
    """Return VIX (vol points) when the S&P 500 stood at `index` on session `i`, read off the day's ranges.

    NaN where the day's range of either is unknown or the index did not move.
    """
    low, high, vix_low, vix_high = (
        float(market.columns[name][i]) for name in ("spx_low", "spx_high", "vix_low", "vix_high")
    )
    if not (high > low and vix_high >= vix_low):
        return math.nan
    part = min(1.0, max(0.0, (index - low) / (high - low)))
    return vix_high + part * (vix_low - vix_high)


def prices_of_quotes(market: Market, i: int, close: DayPrices, quotes: pd.DataFrame) -> QuoteMoment | None:
    """Return the prices at the moment of a day's quotes; None where they are not of that day.

    Parameters
    ----------
    market, i
        The history and the quotes' session.
    close
        Prices at the close of that session.
    quotes
        The day's quotes, as `ChainFile.day` gives them.
    """
    index = quoted_index(quotes)
    if math.isnan(index) or abs(index / close.spot - 1.0) <= SPX_APART:
        return QuoteMoment(close, 0.0, "")
    low, high = (_or_close(market.columns[name][i], close.spot) for name in ("spx_low", "spx_high"))
    if not low * (1.0 - OUTSIDE_RANGE) <= index <= high * (1.0 + OUTSIDE_RANGE):
        return None
    level = vix_at(market, i, index)
    read = "the day's ranges" if math.isfinite(level) else "its close: the day's ranges are unknown"
    level = level if math.isfinite(level) else close.vix_level
    moved = shocked(close, index / close.spot - 1.0, level - close.vix_level)
    note = (
        f"quotes of {calendar_date(close.day)} were taken with the S&P 500 at {index:,.2f} (close "
        f"{close.spot:,.2f}): the model is moved there, VIX to {level:.2f} (close {close.vix_level:.2f}) by "
        f"{read}, half of the session taken to be left"
    )
    return QuoteMoment(moved, MIDDAY_MOMENT, note)


def _or_close(value: float, close: float) -> float:
    return float(value) if math.isfinite(value) else close
