"""Strikes that the exchange lists, and the listed strike nearest a delta.

The grid is a simple rule that stays inside what published chains show: a fine step in a zone around
the forward, a coarse one outside, the zone's ends on the coarse grid so that the two nest.

- SPX: in the chains of 2011-01-03 and 2022-07-12 every third Friday to 66 days out has each 5-point
  strike between 0.88 and 1.05 of the index (10 points in places at 74 days and below 0.85); from about
  100 days the step is 25 points.
- SPXW: 5 points within about 5% of the index, 25 and more outside, on both dates.
- VIX options: the strikes that Cboe's tail hedge index held from 2006 to 2012 are whole points to 30
  (and 17.5, 22.5, 27.5), multiples of 2.5 to 47.5, and of 5 above.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit

from alvh_bt.contracts import Root, is_future, on_vix
from alvh_bt.pricing.black import black_delta
from alvh_bt.pricing.day import DayPrices, forward_price, side, sigma_at, underlying_scale, years_to_expiry

#: Fine zones as shares of the forward: third Fridays and weeklies.
SPX_ZONE: Final = (0.85, 1.10)
SPXW_ZONE: Final = (0.95, 1.05)
FINE_STEP: Final = 5.0
COARSE_STEP: Final = 25.0

#: Further out than this there is no fine zone.
FINE_YEARS: Final = 100.0 / 365.0

#: VIX options: whole points below the first, 2.5 below the second, 5 above.
VIX_POINT_BELOW: Final = 30.0
VIX_WIDE_BELOW: Final = 50.0

#: A halving of the bracket 60 times is finer than a float's own step.
_HALVINGS: Final = 60


@njit(cache=True)
def _spx_step(root: int, strike: float, forward: float, tau: float) -> float:
    if tau > FINE_YEARS:
        return COARSE_STEP
    low, high = SPX_ZONE if root == Root.SPX else SPXW_ZONE
    low = math.ceil(forward * low / COARSE_STEP) * COARSE_STEP
    high = math.floor(forward * high / COARSE_STEP) * COARSE_STEP
    return FINE_STEP if low <= strike < high else COARSE_STEP


@njit(cache=True)
def _vix_step(strike: float) -> float:
    if strike < VIX_POINT_BELOW:
        return 1.0
    return 2.5 if strike < VIX_WIDE_BELOW else 5.0


@njit(cache=True)
def strike_step(root: int, strike: float, forward: float, tau: float) -> float:
    """Return the gap (points) between the listed strikes that enclose `strike` from below."""
    if on_vix(root):
        return _vix_step(strike)
    if root == Root.XSP:
        return 1.0
    return _spx_step(root, strike, forward, tau)


@njit(cache=True)
def _strike_below(root: int, strike: float, forward: float, tau: float) -> float:
    step = strike_step(root, strike, forward, tau)
    return math.floor(strike / step) * step


@njit(cache=True)
def listed_strike(root: int, strike: float, expiry: int, prices: DayPrices) -> float:
    """Return the listed strike (points) nearest `strike`; ties go down, NaN for a future."""
    if is_future(root):
        return math.nan
    forward = forward_price(root, expiry, prices)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    below = _strike_below(root, strike, forward, tau)
    above = below + strike_step(root, strike, forward, tau)
    return below if below > 0.0 and strike - below <= above - strike else above


@njit(cache=True)
def _abs_delta(root: int, right: int, strike: float, forward: float, tau: float, prices: DayPrices) -> float:
    sigma = sigma_at(root, math.log(strike / forward), tau, prices)
    carry = forward / (underlying_scale(root) * prices.spot) if not on_vix(root) else 1.0
    return abs(black_delta(forward, strike, tau, sigma, prices.rate, side(right))) * carry


@njit(cache=True)
def strike_by_delta(root: int, right: int, expiry: int, abs_delta: float, prices: DayPrices) -> float:
    """Return the listed strike (points) whose |delta| on the smile is nearest `abs_delta`.

    NaN where there is none: a future, an expiry that has passed, or `abs_delta` outside (0, 1).

    Parameters
    ----------
    root, expiry
        A `contracts.Root` that is an option, and the epoch day of settlement.
    right
        `Right.CALL` or `Right.PUT`.
    abs_delta
        Unsigned, as `Quote.delta` counts it: 0.16 asks for the 16-delta put or call.
    prices
        The moment at which the delta is measured.
    """
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    if is_future(root) or right == 0 or tau <= 0.0 or not 0.0 < abs_delta < 1.0:
        return math.nan
    forward = forward_price(root, expiry, prices)
    at_money = sigma_at(root, 0.0, tau, prices) * math.sqrt(tau)
    # |delta| falls away from the money along the smile, so halving the bracket finds the one crossing;
    # 40 deviations of the money (at most e^5 times it) hold every delta a rule would ask for.
    reach = min(5.0, 40.0 * at_money + 0.05)
    low, high = -reach, reach
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        delta = _abs_delta(root, right, forward * math.exp(middle), forward, tau, prices)
        if (delta > abs_delta) == (right > 0):
            low = middle
        else:
            high = middle
        if high - low < 1e-7:
            break
    exact = forward * math.exp(0.5 * (low + high))
    below = _strike_below(root, exact, forward, tau)
    above = below + strike_step(root, exact, forward, tau)
    if below <= 0.0:
        return above
    under = _abs_delta(root, right, below, forward, tau, prices)
    over = _abs_delta(root, right, above, forward, tau, prices)
    return below if np.abs(under - abs_delta) <= np.abs(over - abs_delta) else above
