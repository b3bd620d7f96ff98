"""The volatility that a Black price implies, by safeguarded Newton on a normalised price.

Symbols, after Jaeckel (2006), "By Implication": `x` = -|ln(forward / strike)|, `s` = sigma sqrt(tau),
`b` = out-of-the-money undiscounted price / sqrt(forward strike). Then
b(s) = e^(x/2) N(x/s + s/2) - e^(-x/2) N(x/s - s/2) rises from 0 to e^(x/2), with its inflection at
s = sqrt(2 |x|).
"""

from __future__ import annotations

import math
from typing import Final

from numba import njit

from alvh_bt.pricing.conventions import priceable
from alvh_bt.pricing.normal import inverse_normal_cdf, normal_cdf, normal_pdf

_MAX_STEPS: Final = 100
#: Beyond the inflection plus this, b differs from its limit by less than a double can hold.
_WIDEST: Final = 40.0
_CONVERGED: Final = 2e-15


@njit(cache=True)
def _normalised_price(x: float, s: float) -> float:
    """Return b(s), never negative."""
    d1 = x / s + 0.5 * s
    price = math.exp(0.5 * x) * normal_cdf(d1) - math.exp(-0.5 * x) * normal_cdf(d1 - s)
    return max(price, 0.0)


@njit(cache=True)
def _first_guess(x: float, b: float, knee: float, knee_price: float) -> float:
    """Return a starting s on the root's side of the inflection `knee`.

    Below it ln b is nearly linear in 1/s^2; above it the price falls short of its limit by
    nearly 2 cosh(x/2) N(-s/2), which is exact at the money (Jaeckel 2006).
    """
    if b < knee_price:
        return 1.0 / math.sqrt(1.0 / (knee * knee) + 2.0 * math.log(knee_price / b) / (x * x))
    shortfall = (math.exp(0.5 * x) - b) / (2.0 * math.cosh(0.5 * x))
    return max(knee, -2.0 * inverse_normal_cdf(shortfall))


@njit(cache=True)
def _newton_step(x: float, b: float, s: float, price: float, below_knee: bool) -> float:
    """Return the next s from one Newton step on the branch's almost linear objective."""
    d1 = x / s + 0.5 * s
    slope = math.exp(0.5 * x) * normal_pdf(d1)
    if not (slope > 0.0 and price > 0.0):
        return math.nan
    if below_knee:
        inverse_square = 1.0 / (s * s) + 2.0 * math.log(price / b) * price / (slope * s * s * s)
        return 1.0 / math.sqrt(inverse_square) if inverse_square > 0.0 else math.nan
    limit = math.exp(0.5 * x)
    if b < 0.5 * limit:
        return s + (b - price) / slope
    shortfall = limit * normal_cdf(-d1) + math.exp(-0.5 * x) * normal_cdf(d1 - s)
    return s + math.log(shortfall / (limit - b)) * shortfall / slope


@njit(cache=True)
def _total_volatility(x: float, b: float) -> float:
    """Return the s at which the normalised price is `b`, 0 < b < e^(x/2)."""
    knee = math.sqrt(-2.0 * x)
    knee_price = _normalised_price(x, knee) if knee > 0.0 else 0.0
    below_knee = b < knee_price
    low, high = (0.0, knee) if below_knee else (knee, knee + _WIDEST)
    s = _first_guess(x, b, knee, knee_price)
    for _ in range(_MAX_STEPS):
        if not low < s < high:
            s = 0.5 * (low + high)
        price = _normalised_price(x, s)
        if price < b:
            low = s
        else:
            high = s
        following = _newton_step(x, b, s, price, below_knee)
        if abs(following - s) <= _CONVERGED * s or high - low <= _CONVERGED * s:
            return s
        s = following
    return s


@njit(cache=True)
def implied_vol(price: float, forward: float, strike: float, tau: float, rate: float, right: int) -> float:
    """Return the volatility (a fraction a year) at which Black's price is `price`.

    Parameters
    ----------
    price : float
        Discounted option price, points.
    forward, strike : float
        Index points, positive.
    tau : float
        Years to expiry, not negative.
    rate : float
        Continuous rate a year, as a fraction.
    right : int
        +1 call, -1 put.

    Returns
    -------
    float
        0.0 at exactly the discounted intrinsic value. NaN for NaN, and outside the no-arbitrage
        bounds: below intrinsic, or at or above the discounted forward (call) or strike (put).
        Deep in the money it is only as good as the price's rounding over its time value.

    Notes
    -----
    Source: P. Jaeckel (2006), "By Implication", Wilmott, November, for the normalisation and the
    guess above the inflection; here with a bracket, which each step must stay inside.

    Examples
    --------
    >>> round(implied_vol(1.7011, 19.0, 19.0, 0.75, 0.10, 1), 4)
    0.28
    """
    if not priceable(forward, strike, tau, 0.0, right):
        return math.nan
    discount = math.exp(-rate * tau)
    intrinsic = discount * max(right * (forward - strike), 0.0)
    limit = discount * (forward if right > 0 else strike)
    if not intrinsic <= price < limit:
        return math.nan
    b = (price - intrinsic) / (discount * math.sqrt(forward) * math.sqrt(strike))
    x = -abs(math.log(forward / strike))
    if b <= 0.0:
        return 0.0
    if tau == 0.0 or b >= math.exp(0.5 * x):
        return math.nan
    return _total_volatility(x, b) / math.sqrt(tau)
