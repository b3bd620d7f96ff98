"""VXTH by its published rule, with the model's prices: the S&P 500 with dividends and VIX calls."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.hedge_params import VxthParams
from alvh_bt.hedges.vxth import call_share
from alvh_bt.market.market import Market
from alvh_bt.pricing.day import forward_price, quote_contract
from alvh_bt.pricing.model import PriceModel
from alvh_bt.pricing.strikes import strike_by_delta
from alvh_bt.validation.return_statistics import month_ends

#: The index's own rule: 30 delta, and the published table of shares.
PUBLISHED: Final = VxthParams()


def replicate_vxth(market: Market, model: PriceModel, table: pd.DataFrame) -> pd.DataFrame:
    """Return monthly returns of the rule with the model's prices and of the index, by month-end.

    Rolls happen on the index's own days, at the close; the calls are those of 30 delta on the model's smile,
    settle at the session's VIX settlement value and are marked by the model every day.

    Parameters
    ----------
    market, model
        The history and the prices.
    table
        `benchmarks.read_vxth` with `row`, the market's row of each day: its rolls, S&P 500 closes,
        dividends and index levels are used.

    Returns
    -------
    pd.DataFrame
        `program` and `index`, fractions; whole months alone.
    """
    months = pd.DataFrame({"program": [], "index": []}, index=pd.DatetimeIndex([], name="date"), dtype=float)
    if len(table) < 2:
        return months
    rows, expiries = table["row"].tolist(), table["expiry"].tolist()
    total_return = ((table["spx"] + table["divd"]) / table["spx"].shift()).fillna(1.0).tolist()
    stock, calls, strike = 1.0, 0.0, 0.0
    value = np.empty(len(table))
    for n, i in enumerate(rows):
        prices = model.at_close(i)
        stock *= total_return[n]
        if n == 0 or expiries[n] != expiries[n - 1]:
            worth = stock
            if calls:
                worth += calls * max(0.0, _settled(market, model, expiries[n - 1], i) - strike)
            weight = call_share(forward_price(Root.VIX, expiries[n], prices), PUBLISHED)
            strike = strike_by_delta(Root.VIX, Right.CALL, expiries[n], PUBLISHED.call_delta, prices)
            price = quote_contract(Contract(Root.VIX, Right.CALL, strike, expiries[n]), prices).mid
            calls = weight * worth / price if weight else 0.0
            stock = worth * (1.0 - weight)
        mark = (
            quote_contract(Contract(Root.VIX, Right.CALL, strike, expiries[n]), prices).mid if calls else 0.0
        )
        value[n] = stock + calls * mark
    index = pd.DatetimeIndex(table["day"].to_numpy().astype("datetime64[D]"), name="date")
    levels = pd.DataFrame({"program": value, "index": table["vxth"].to_numpy()}, index=index)
    return _whole_months(market, levels)


def _settled(market: Market, model: PriceModel, expiry: int, i: int) -> float:
    """Return the VIX settlement value of `expiry`; where its session is missing, that of session `i`."""
    at = int(np.searchsorted(market.days, expiry))
    return model.settlement(at if at <= i and market.days[at] == expiry else i).vix


def _whole_months(market: Market, levels: pd.DataFrame) -> pd.DataFrame:
    """Return the returns between month-ends, of months whose last session is among the levels."""
    ends = market.days[month_ends(market).to_numpy()]
    last = levels.groupby(pd.DatetimeIndex(levels.index).to_period("M")).tail(1)
    complete = np.isin(last.index.to_numpy().astype("datetime64[D]").astype(np.int64), ends)
    monthly = last[complete]
    months = pd.DatetimeIndex(monthly.index).to_period("M")
    neighbours = np.diff(months.year * 12 + months.month, prepend=-1) == 1
    returns = monthly.pct_change()[neighbours]
    returns.index = returns.index + pd.offsets.MonthEnd(0)
    return returns
