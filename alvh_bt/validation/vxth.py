"""Cboe's tail hedge index (VXTH): the VIX calls that it held, against the model's strikes and prices.

The index holds the S&P 500 with dividends and, from one VIX settlement to the next, one-month VIX calls
of 30 delta: 1% of the portfolio where the VIX future that settles with them is above 15 and to 30, half
of that above 30 and to 50, nothing else. The old call settles at the open of the roll day and the new one
is chosen then: its strike is compared at the model's open, and at its close besides.

Source: Cboe, "Cboe VIX Tail Hedge Index (VXTH)", index description.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.contracts import Contract, Right, Root
from alvh_bt.hedges.vxth import call_share
from alvh_bt.market.market import Market
from alvh_bt.pricing.day import forward_price, quote_contract
from alvh_bt.pricing.model import PriceModel
from alvh_bt.pricing.strikes import strike_by_delta, strike_step
from alvh_bt.validation.return_statistics import annual_return, correlation, share, tracking_error
from alvh_bt.validation.vxth_index import PUBLISHED, replicate_vxth

Floats = NDArray[np.float64]

#: Below this mid (points) half a spread of 0.05 is a tenth of the price and more.
CLEAR_MID: Final = 0.5

#: A mid of at most this (points) is a quote without a bid: the tick is 0.05.
NO_BID_MID: Final = 0.05

_ROLL_COLUMNS: Final = (
    *("day", "expiry", "strike", "model_strike", "close_strike", "step", "future", "weight", "held"),
)
_BUCKETS: Final = {
    "days_left": (1, 7, 14, 21, 28, 46),
    "log_moneyness": (-2.0, -0.1, 0.1, 0.2, 0.3, 0.5, 2.0),
}


@dataclass(frozen=True)
class VxthReplication:
    """The model beside the index.

    Attributes
    ----------
    rolls
        One row a roll: `day`, `expiry`, `strike` (held), `model_strike` (at the open) and `close_strike`,
        `step` (points between listed strikes there), `future` (points), `weight` (by rule, of the portfolio),
        `held` (what the index bought, as a share of it).
    days
        One row a day with a mid of the call and a day or more to its expiry: `day`, `expiry`, `strike`,
        `future`, `days_left`, `log_moneyness`, `mid`, `bid`, `ask` (NaN where absent), `has_bid`, `model`
        (points), `error` (model / mid - 1). The figures are those of days with a bid.
    months
        Monthly returns `program` and `index`, by month-end.
    notes
        What a reader must know.
    """

    rolls: pd.DataFrame
    days: pd.DataFrame
    months: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    def statistics(self) -> dict[str, Any]:
        """Return `rolls`, `same_strike`, `days`, `median_abs_rel_error` and more; NaN where unknown."""
        gap = (self.rolls["model_strike"] - self.rolls["strike"]).abs()
        days = self.quoted_days
        size, clear, quoted = days["error"].abs(), days["mid"] >= CLEAR_MID, days["ask"].notna()
        inside = (days["model"] >= days["bid"]) & (days["model"] <= days["ask"])
        return {
            "rolls": len(self.rolls),
            "same_strike": share(gap < 1e-9),
            "same_strike_at_close": share((self.rolls["close_strike"] - self.rolls["strike"]).abs() < 1e-9),
            "within_one_step": share(gap <= self.rolls["step"] + 1e-9),
            "weight_agrees": share(pd.Series(_bracket(self.rolls["held"]) == _bracket(self.rolls["weight"]))),
            "days": len(days),
            "median_abs_rel_error": float(size.median()),
            "bias_rel": float(days["error"].median()),
            "days_without_bid": len(self.days) - len(days),
            "median_abs_rel_error_all_mids": float(self.days["error"].abs().median()),
            "median_abs_rel_error_from_half_a_point": float(size[clear].median()),
            "days_from_half_a_point": int(clear.sum()),
            "days_quoted": int(quoted.sum()),
            "inside_spread": share(inside[quoted]),
            "by_days_left": self._by("days_left"),
            "by_log_moneyness": self._by("log_moneyness"),
            "by_year": self._by_year(),
            "index_months": len(self.months),
            "index_correlation_monthly": correlation(self.months["program"], self.months["index"]),
            "index_tracking_error_monthly": tracking_error(self.months["program"], self.months["index"]),
            "annual_program": annual_return(self.months["program"], 12.0),
            "annual_index": annual_return(self.months["index"], 12.0),
        }

    @property
    def quoted_days(self) -> pd.DataFrame:
        """The rows of `days` whose mid lies between a real bid and an ask."""
        return self.days[self.days["has_bid"]]

    def _by(self, column: str) -> list[dict[str, Any]]:
        edges = _BUCKETS[column]
        parts = pd.cut(self.quoted_days[column], list(edges), right=False)
        return [
            {"from": low, "to": high, **_errors(self.quoted_days[(parts.cat.codes == k).to_numpy()])}
            for k, (low, high) in enumerate(pairwise(edges))
        ]

    def _by_year(self) -> list[dict[str, Any]]:
        years = pd.DatetimeIndex(self.quoted_days["day"].to_numpy().astype("datetime64[D]")).year
        return [
            {"year": year, **_errors(self.quoted_days[years == year])} for year in sorted(set(years.tolist()))
        ]


def replicate(
    market: Market, model: PriceModel, table: pd.DataFrame, first: int, last: int
) -> VxthReplication:
    """Return the model beside the index over the sessions `first`..`last` of the market, both included.

    Parameters
    ----------
    market, model
        The history, and the prices that are measured.
    table
        `benchmarks.read_vxth`.
    first, last
        Rows of the market.

    Raises
    ------
    DataError
        A price is missing.
    """
    row = np.searchsorted(market.days, table["day"].to_numpy())
    row = np.minimum(row, len(market.days) - 1)
    known = (market.days[row] == table["day"]) & np.isfinite(market.columns["vix_close"][row])
    inside = known & (row >= first) & (row <= last)
    used = table[inside].assign(row=row[inside]).reset_index(drop=True)
    left_out = int(((row >= first) & (row <= last) & ~known).sum())
    notes = [f"left out, no session of the market with VIX: {left_out} days"] if left_out else []
    bare = int(((used["expiry"] > used["day"]) & ~has_bid(used)).sum())
    if bare:
        notes.append(f"left out of the mids, no bid (where bids are not given, a mid to 0.05): {bare} days")
    months = replicate_vxth(market, model, used)
    return VxthReplication(_rolls(model, used), _days(model, used), months, tuple(notes))


def has_bid(table: pd.DataFrame) -> pd.Series:
    """Return which rows of `benchmarks.read_vxth` have a mid between a real bid and an ask.

    Where no bid is given it is taken to be there above a mid of `NO_BID_MID`.
    """
    given = table["call_bid"].notna()
    bid = np.where(given, table["call_bid"] > 0.0, table["call_mid"] > NO_BID_MID)
    return (table["call_mid"] > 0.0) & bid


def _rolls(model: PriceModel, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rolls; the first row of the window is one only where nothing hides the day it began."""
    began = table["expiry"].diff().fillna(0.0).to_numpy() > 0.0
    rows = []
    names = ("row", "day", "expiry", "strike", "number_of_calls", "call_mid", "spx")
    for i, day, expiry, strike, calls, mid, spx in zip(
        *(table.loc[began, name].tolist() for name in names), strict=True
    ):
        prices, opened = model.at_close(i), model.at_open(i) if i else model.at_close(i)
        future = forward_price(Root.VIX, expiry, prices)
        rows.append(
            {
                "day": day,
                "expiry": expiry,
                "strike": strike,
                "model_strike": strike_by_delta(Root.VIX, Right.CALL, expiry, PUBLISHED.call_delta, opened),
                "close_strike": strike_by_delta(Root.VIX, Right.CALL, expiry, PUBLISHED.call_delta, prices),
                "step": strike_step(Root.VIX, strike, future, 0.0, day),
                "future": future,
                "weight": call_share(future, PUBLISHED),
                # The file counts calls of a hundred USD a point for a portfolio of one index unit.
                "held": 100.0 * calls * mid / spx,
            }
        )
    return pd.DataFrame(rows, columns=list(_ROLL_COLUMNS))


def _days(model: PriceModel, table: pd.DataFrame) -> pd.DataFrame:
    usable = table[(table["expiry"] - table["day"] >= 1) & (table["call_mid"] > 0.0)]
    future, price = np.empty(len(usable)), np.empty(len(usable))
    rows, expiries, strikes = (usable[name].tolist() for name in ("row", "expiry", "strike"))
    for n, (i, expiry, strike) in enumerate(zip(rows, expiries, strikes, strict=True)):
        prices = model.at_close(i)
        future[n] = forward_price(Root.VIX, expiry, prices)
        price[n] = quote_contract(Contract(Root.VIX, Right.CALL, strike, expiry), prices).mid
    mid = usable["call_mid"].to_numpy()
    return pd.DataFrame(
        {
            **{name: usable[name].to_numpy() for name in ("day", "expiry", "strike")},
            "future": future,
            "days_left": (usable["expiry"] - usable["day"]).to_numpy(),
            "log_moneyness": np.log(usable["strike"].to_numpy() / future),
            "has_bid": has_bid(usable).to_numpy(),
            **{"mid": mid, "bid": usable["call_bid"].to_numpy(), "ask": usable["call_ask"].to_numpy()},
            **{"model": price, "error": price / mid - 1.0},
        }
    )


def _bracket(weight: pd.Series) -> NDArray[np.int64]:
    """Return 0 for no calls, 1 and 2 for what is nearer to half a percent and to one percent, as a ratio."""
    share = weight.to_numpy(dtype=np.float64)
    return np.where(share <= 0.0, 0, np.where(share < math.sqrt(0.005 * 0.010), 1, 2)).astype(np.int64)


def _errors(days: pd.DataFrame) -> dict[str, Any]:
    return {
        "n": len(days),
        "median_abs_rel_error": float(days["error"].abs().median()),
        "bias_rel": float(days["error"].median()),
    }
