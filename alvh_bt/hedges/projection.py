"""The projected internal rate of return of a book, with and without an order."""

from __future__ import annotations

import math

from numba import njit

from alvh_bt.book.records import Book, Rows, lot_contract
from alvh_bt.contracts import contract_multiplier, is_future
from alvh_bt.costs.margin import worst_payoff
from alvh_bt.pricing.day import DayPrices, quote_contract, rolled, shocked

#: Five scenarios of the index, in deviations over the horizon, with discretised normal weights.
DEVIATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
WEIGHTS = (0.0545, 0.2442, 0.4026, 0.2442, 0.0545)


@njit(cache=True)
def projected_pnl(lots: Rows, prices: DayPrices, days: int, vix_points_per_percent: float) -> float:
    """Return the expected P&L of lots, USD, over `days` calendar days.

    Parameters
    ----------
    lots
        Rows of `LOT`.
    prices
        Prices at the decision.
    days
        Horizon, calendar days; the curve rolls down and options decay over it.
    vix_points_per_percent
        Rise of VIX, points, for an index fall of 1%.

    Notes
    -----
    Five scenarios move the index by -2 to +2 deviations at VIX's own volatility, with VIX answering;
    weights are the normal density's, scaled to one.
    """
    later = rolled(prices, days)
    deviation = prices.vix_level / 100.0 * math.sqrt(days / 365.0)
    total = 0.0
    for k in range(len(DEVIATIONS)):
        move = math.exp(DEVIATIONS[k] * deviation) - 1.0
        after = shocked(later, move, -100.0 * move * vix_points_per_percent)
        for i in range(lots.shape[0]):
            contract = lot_contract(lots[i])
            change = quote_contract(contract, after).mid - quote_contract(contract, prices).mid
            size = lots[i]["contracts"] * contract_multiplier(contract.root)
            total += WEIGHTS[k] * size * change
    return total


@njit(cache=True)
def money_tied_up(lots: Rows, group: int, prices: DayPrices, vx_margin_rate: float) -> float:
    """Return what a condor and its hedge tie up, USD: worst payoff, hedge premiums, futures' deposits."""
    capital = -worst_payoff(lots, group)
    for i in range(lots.shape[0]):
        lot = lots[i]
        if lot["book"] == Book.HEDGE and lot["group"] == group:
            value = lot["contracts"] * contract_multiplier(lot["root"])
            value *= quote_contract(lot_contract(lot), prices).mid
            capital += abs(value) * (vx_margin_rate if is_future(lot["root"]) else 1.0)
    return capital


@njit(cache=True)
def annual_return(pnl: float, capital: float, days: int) -> float:
    """Return the rate a year that `pnl` on `capital` over `days` amounts to; NaN without capital.

    A loss of the capital or more is -1.0.
    """
    if capital <= 0.0 or days <= 0:
        return math.nan
    growth = 1.0 + pnl / capital
    return growth ** (365.0 / days) - 1.0 if growth > 0.0 else -1.0
