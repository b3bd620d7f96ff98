"""The state of all markets at one moment, and what is read straight from it: forwards and volatilities."""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from alvh_bt.contracts import Root, on_vix
from alvh_bt.pricing.clock import years_to_expiry
from alvh_bt.pricing.quotes import QuoteRows, expiries_around
from alvh_bt.pricing.spx_surface import SpxSurface, spx_sigma
from alvh_bt.pricing.vix_curve import VxCurve, vx_price
from alvh_bt.pricing.vix_surface import VixSurface, vix_sigma


class DayPrices(NamedTuple):
    """The state of all markets at one moment.

    `day` is an epoch day and `moment` days from its close (0.0 at the close, -6.5/24 at the open);
    `spot` the S&P 500 in points; `rate` and `dividend_yield` decimals a year, continuous;
    `vix_level` spot VIX in vol points. `quotes` are the rows of the last close with real quotes that is
    known (`NO_QUOTES`: none). `vxx` and `uvxy` are USD a share of the exchange-traded notes, split-adjusted
    (NaN: not listed that day).
    """

    day: int
    moment: float
    spot: float
    rate: float
    dividend_yield: float
    vix_level: float
    spx: SpxSurface
    curve: VxCurve
    vix: VixSurface
    quotes: QuoteRows
    vxx: float
    uvxy: float


@njit(cache=True)
def side(right: int) -> int:
    """Return +1 for a call, -1 for a put, 0 otherwise, as a plain integer.

    A `Right` is one for Python but a type of its own for compiled code, which cannot turn it into a number.
    """
    if right > 0:
        return 1
    return -1 if right < 0 else 0


@njit(cache=True)
def underlying_scale(root: int) -> float:
    """Return the points of a root's own index for one point of SPX (or of VIX): 0.1 for XSP, else 1."""
    return 0.1 if root == Root.XSP else 1.0


# Two functions below are inlined: handing the prices on counts a reference to the rows of quotes, which would
# take as long as a price itself.


@njit(cache=True, forceinline=True)
def forward_price(root: int, expiry: int, prices: DayPrices) -> float:
    """Return the forward (points) of a root at `expiry`: the index's, or the matching VIX future."""
    if on_vix(root):
        return vx_price(prices.curve, expiry, prices.day, prices.moment)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    carry = (prices.rate - prices.dividend_yield) * tau
    if prices.quotes.shape[0] > 0:
        carry = log_carry(root, expiry, tau, prices)
    return underlying_scale(root) * prices.spot * math.exp(carry)


@njit(cache=True, forceinline=True)
def sigma_at(root: int, log_moneyness: float, tau: float, prices: DayPrices) -> float:
    """Return the implied volatility (0.20 is 20%) of a root at ln(strike / forward), `tau` years out."""
    if on_vix(root):
        return vix_sigma(prices.vix, log_moneyness, tau)
    return spx_sigma(prices.spx, log_moneyness, tau)


@njit(cache=True)
def log_carry(root: int, expiry: int, tau: float, prices: DayPrices) -> float:
    """Return ln(forward / index) of an S&P 500 root over `tau` years to `expiry`.

    With quotes it is that of put-call parity; between quoted expiries its distance from rate less
    dividend yield is interpolated in time, beyond them it stays.
    """
    model = (prices.rate - prices.dividend_yield) * tau
    if prices.quotes.shape[0] == 0:
        return model
    low, high = expiries_around(prices.quotes, root, expiry)
    if low < 0 or high < 0:
        return model if low == high else model + _parity_gap(max(low, high), prices)
    weight = weight_of_later(low, high, tau, prices)
    return model + (1.0 - weight) * _parity_gap(low, prices) + weight * _parity_gap(high, prices)


@njit(cache=True)
def years_of(row: int, prices: DayPrices) -> float:
    """Return the years to the expiry of a row of `prices.quotes`."""
    quoted = prices.quotes[row]
    return years_to_expiry(quoted["root"], quoted["expiry"], prices.day, prices.moment)


@njit(cache=True)
def _parity_gap(row: int, prices: DayPrices) -> float:
    return (prices.quotes[row]["carry"] - (prices.rate - prices.dividend_yield)) * years_of(row, prices)


@njit(cache=True)
def weight_of_later(low: int, high: int, tau: float, prices: DayPrices) -> float:
    """Return how far `tau` lies on the way from one quoted expiry to another, 0 to 1."""
    if low == high:
        return 0.0
    first, last = years_of(low, prices), years_of(high, prices)
    return min(1.0, max(0.0, (tau - first) / (last - first))) if last > first else 0.0
