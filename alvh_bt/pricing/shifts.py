"""How the real quotes of a moment move the model: the volatility of every contract, quoted or not."""

from __future__ import annotations

import math
from typing import Final

from numba import njit

from alvh_bt.contracts import Contract
from alvh_bt.pricing.clock import years_to_expiry
from alvh_bt.pricing.moment import (
    DayPrices,
    forward_price,
    side,
    sigma_at,
    underlying_scale,
    weight_of_later,
    years_of,
)
from alvh_bt.pricing.quotes import Source, expiries_around, find_quote, find_smile, smile_shift

#: No shift brings a volatility below this.
SIGMA_FLOOR: Final = 0.01


@njit(cache=True)
def _shift_on(row: int, root: int, strike: float, expiry: int, deviations: float, prices: DayPrices) -> float:
    """Return the shift that the quoted expiry of `row` has for a strike, or as many deviations out."""
    quotes = prices.quotes
    other, quoted = quotes[row]["root"], quotes[row]["expiry"]
    forward = forward_price(other, quoted, prices)
    if quoted == expiry:
        level = strike * underlying_scale(other) / underlying_scale(root)
    else:
        tau = years_of(row, prices)
        level = forward * math.exp(deviations * sigma_at(other, 0.0, tau, prices) * math.sqrt(tau))
    # Quotes out of the money say more of the volatility than those in the money.
    start, stop = find_smile(quotes, other, quoted, -1 if level < forward else 1)
    return smile_shift(quotes, start, stop, level)


@njit(cache=True)
def quoted_shift(root: int, strike: float, expiry: int, prices: DayPrices) -> float:
    """Return what the moment's quotes add to the model's volatility at a strike (points) of an expiry.

    At a quoted expiry it comes from the neighbouring strikes, out of the money where there are any. At
    another it is interpolated in time between the two quoted expiries of the same index around it, each
    taken as many deviations from the money; beyond the last, that one's. 0.0 without quotes.
    """
    low, high = expiries_around(prices.quotes, root, expiry)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    if (low < 0 and high < 0) or tau <= 0.0:
        return 0.0
    unit = sigma_at(root, 0.0, tau, prices) * math.sqrt(tau)
    deviations = math.log(strike / forward_price(root, expiry, prices)) / unit
    if low < 0 or high < 0 or low == high:
        return _shift_on(max(low, high), root, strike, expiry, deviations, prices)
    weight = weight_of_later(low, high, tau, prices)
    under = _shift_on(low, root, strike, expiry, deviations, prices)
    return under + weight * (_shift_on(high, root, strike, expiry, deviations, prices) - under)


@njit(cache=True)
def contract_sigma(
    root: int, right: int, strike: float, expiry: int, forward: float, tau: float, prices: DayPrices
) -> float:
    """Return the volatility of an option: the model's, moved by the moment's quotes where there are any."""
    sigma = sigma_at(root, math.log(strike / forward), tau, prices)
    if prices.quotes.shape[0] == 0:
        return sigma
    row = find_quote(prices.quotes, root, right, strike, expiry)
    shift = prices.quotes[row]["shift"] if row >= 0 else quoted_shift(root, strike, expiry, prices)
    sigma += shift
    return SIGMA_FLOOR if sigma < SIGMA_FLOOR else sigma


@njit(cache=True)
def price_source(contract: Contract, prices: DayPrices) -> int:
    """Return what an option's price stands on, a `Source`: its own quote only at the close of that quote."""
    low, high = expiries_around(prices.quotes, contract.root, contract.expiry)
    if low < 0 and high < 0:
        return Source.MODEL
    row = find_quote(prices.quotes, contract.root, side(contract.right), contract.strike, contract.expiry)
    return Source.QUOTE if row >= 0 and prices.quotes[row]["fresh"] else Source.SHIFTED
