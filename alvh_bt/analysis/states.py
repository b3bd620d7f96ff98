"""What the market was like at each close: the states by which results are told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from alvh_bt.analysis.results import STATES
from alvh_bt.market import Market
from alvh_bt.pricing.model import PriceModel
from alvh_bt.pricing.vix_curve import price_at_tenor

#: Days ahead at which the slope of the VIX curve is read.
_NEAR, _FAR = 30.0, 60.0


def market_states(market: Market, prices: PriceModel, first: int, last: int) -> pd.DataFrame:
    """Return the states of sessions `first`..`last`, indexed by date, columns `STATES`.

    Parameters
    ----------
    market
        The history.
    prices
        The model (not real quotes, which say nothing of it and are slow to read), for the VIX curve.
    first, last
        Sessions of the market. NaN where VIX, or VVIX, is unknown.
    """
    columns = market.columns
    rows = slice(first, last + 1)
    known = np.isfinite(columns["vix_close"][rows])
    slope = np.array(
        [_slope(prices, first + i) if known[i] else np.nan for i in range(last + 1 - first)], dtype=np.float64
    )
    values = (columns["spx_close"][rows], columns["vix_close"][rows], slope, columns["vvix"][rows])
    return pd.DataFrame(
        dict(zip(STATES, values, strict=True)),
        index=pd.DatetimeIndex(market.sessions[rows], name="date"),
    )


def _slope(prices: PriceModel, i: int) -> float:
    curve = prices.at_close(i).curve
    slope: float = price_at_tenor(curve, _FAR) / price_at_tenor(curve, _NEAR) - 1.0
    return slope
