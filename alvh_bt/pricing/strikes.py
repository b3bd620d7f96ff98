"""Strikes that the exchange lists, and the listed strike nearest a delta.

The grid is a simple rule that stays inside what published chains show: a fine step in a zone around
the forward, a coarse one outside, the zone's ends on the coarse grid so that the two nest.

- SPX: in the chains of 2011-01-03 and 2022-07-12 every third Friday to 66 days out has each 5-point
  strike between 0.88 and 1.05 of the index (10 points in places at 74 days and below 0.85); from about
  100 days the step is 25 points.
- SPXW: 5 points within about 5% of the index, 25 and more outside, on both dates.
- VIX options: the strikes that Cboe's tail hedge index held are multiples of 2.5 between 20 and 30 until
  2009 (8 of 8) and whole points from January 2010 on (and 22.5, 27.5), whole points below, multiples of 2.5
  to 47.5, and of 5 above.

Where an expiry has real quotes, its quoted strikes are the listed ones, as far as they reach.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit

from alvh_bt.contracts import Root, is_future, is_share, on_vix
from alvh_bt.pricing.black import black_delta
from alvh_bt.pricing.day import (
    DayPrices,
    contract_sigma,
    forward_price,
    side,
    sigma_at,
    underlying_scale,
    years_to_expiry,
)
from alvh_bt.pricing.normal import inverse_normal_cdf
from alvh_bt.pricing.quotes import find_side, find_smile, nearest_quoted

#: Fine zones as shares of the forward: third Fridays and weeklies.
SPX_ZONE: Final = (0.85, 1.10)
SPXW_ZONE: Final = (0.95, 1.05)
FINE_STEP: Final = 5.0
COARSE_STEP: Final = 25.0

#: Further out than this there is no fine zone.
FINE_YEARS: Final = 100.0 / 365.0

#: VIX options: whole points below the first (before 2010-01-01, an epoch day, below the early one), 2.5 below
#: the last, 5 above.
VIX_POINT_BELOW: Final = 30.0
VIX_POINT_BELOW_EARLY: Final = 20.0
VIX_POINTS_SINCE: Final = 14610
VIX_WIDE_BELOW: Final = 50.0

#: Secants to the strike of a delta until one moves ln(strike) by less; beyond the first few, the bracket is
#: halved in their place: where quotes shift the smile, |delta| need not fall smoothly.
_NEAR_ENOUGH: Final = 1e-6
_SECANTS: Final = 12
_HALVINGS: Final = 40


@njit(cache=True)
def _spx_step(root: int, strike: float, forward: float, tau: float) -> float:
    if tau > FINE_YEARS:
        return COARSE_STEP
    low, high = SPX_ZONE if root == Root.SPX else SPXW_ZONE
    low = math.floor(forward * low / COARSE_STEP) * COARSE_STEP
    high = math.ceil(forward * high / COARSE_STEP) * COARSE_STEP
    return FINE_STEP if low <= strike < high else COARSE_STEP


@njit(cache=True)
def _vix_step(strike: float, day: int) -> float:
    if strike < (VIX_POINT_BELOW if day >= VIX_POINTS_SINCE else VIX_POINT_BELOW_EARLY):
        return 1.0
    return 2.5 if strike < VIX_WIDE_BELOW else 5.0


@njit(cache=True)
def strike_step(root: int, strike: float, forward: float, tau: float, day: int) -> float:
    """Return the gap (points), on epoch day `day`, of the listed strikes that enclose `strike` from below."""
    if on_vix(root):
        return _vix_step(strike, day)
    if root == Root.XSP:
        return 1.0
    return _spx_step(root, strike, forward, tau)


@njit(cache=True)
def _strike_below(root: int, strike: float, forward: float, tau: float, day: int) -> float:
    step = strike_step(root, strike, forward, tau, day)
    return math.floor(strike / step) * step


@njit(cache=True)
def listed_strike(root: int, strike: float, expiry: int, prices: DayPrices) -> float:
    """Return the listed strike (points) nearest `strike`; ties go down, NaN for a future or a share.

    Among the quoted strikes of the side out of the money, where `strike` lies inside their ends.
    """
    if is_future(root) or is_share(root):
        return math.nan
    forward = forward_price(root, expiry, prices)
    if prices.quotes.shape[0] > 0:
        start, stop = find_smile(prices.quotes, root, expiry, -1 if strike < forward else 1)
        quoted = nearest_quoted(prices.quotes, start, stop, strike)
        if not math.isnan(quoted):
            return quoted
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    below = _strike_below(root, strike, forward, tau, prices.day)
    above = below + strike_step(root, strike, forward, tau, prices.day)
    return below if below > 0.0 and strike - below <= above - strike else above


@njit(cache=True)
def _sigma(
    root: int, right: int, strike: float, expiry: int, forward: float, tau: float, prices: DayPrices
) -> float:
    if prices.quotes.shape[0] == 0:
        return sigma_at(root, math.log(strike / forward), tau, prices)
    return contract_sigma(root, side(right), strike, expiry, forward, tau, prices)


@njit(cache=True)
def _carry(root: int, forward: float, prices: DayPrices) -> float:
    """Return the move of the forward for a point of the index that deltas are counted in."""
    return 1.0 if on_vix(root) else forward / (underlying_scale(root) * prices.spot)


@njit(cache=True)
def _abs_delta(
    root: int, right: int, strike: float, expiry: int, forward: float, tau: float, prices: DayPrices
) -> float:
    sigma = _sigma(root, right, strike, expiry, forward, tau, prices)
    delta = abs(black_delta(forward, strike, tau, sigma, prices.rate, side(right)))
    return delta * _carry(root, forward, prices)


@njit(cache=True)
def _unlisted_strike(
    root: int, right: int, expiry: int, abs_delta: float, forward: float, tau: float, prices: DayPrices
) -> float:
    """Return the strike, on no grid, whose |delta| is `abs_delta`; the farthest looked at where none is.

    d1 = ln(forward / strike) / s + s / 2 falls as the strike rises, along the smile, and a delta is one d1.
    """
    whole = math.exp(-prices.rate * tau) * _carry(root, forward, prices)
    wanted = side(right) * inverse_normal_cdf(min(abs_delta / whole, 1.0 - 1e-12))
    root_tau = math.sqrt(tau)
    s = sigma_at(root, 0.0, tau, prices) * root_tau
    # 40 deviations of the money (at most e^5 times it) hold every delta a rule would ask for.
    reach = min(5.0, 40.0 * s + 0.05)
    low, high = -reach, reach
    k_before, gap_before = 0.0, 0.5 * s - wanted
    k = min(max(s * gap_before, 0.99 * low), 0.99 * high)
    for i in range(_SECANTS + _HALVINGS):
        s = _sigma(root, right, forward * math.exp(k), expiry, forward, tau, prices) * root_tau
        gap = 0.5 * s - k / s - wanted
        if gap > 0.0:
            low = k
        else:
            high = k
        change = gap - gap_before
        secant = k - gap * (k - k_before) / change if change != 0.0 else math.nan
        k_before, gap_before = k, gap
        k = secant if i < _SECANTS and low < secant < high else 0.5 * (low + high)
        if abs(k - k_before) < _NEAR_ENOUGH:
            break
    return forward * math.exp(k)


@njit(cache=True)
def _quoted_strike_by_delta(
    root: int, right: int, expiry: int, abs_delta: float, forward: float, tau: float, prices: DayPrices
) -> float:
    """Return the quoted strike whose |delta| is nearest; NaN where the quoted deltas do not reach so far.

    All of them are looked at: real quotes need not fall in delta from strike to strike.
    """
    start, stop = find_side(prices.quotes, root, expiry, side(right))
    best, nearest, lowest, highest = math.nan, math.inf, math.inf, 0.0
    for i in range(start, stop):
        strike = prices.quotes[i]["strike"]
        delta = _abs_delta(root, right, strike, expiry, forward, tau, prices)
        lowest, highest = min(lowest, delta), max(highest, delta)
        if abs(delta - abs_delta) < nearest:
            best, nearest = strike, abs(delta - abs_delta)
    return best if lowest <= abs_delta <= highest else math.nan


@njit(cache=True)
def strike_by_delta(root: int, right: int, expiry: int, abs_delta: float, prices: DayPrices) -> float:
    """Return the listed strike (points) whose |delta| on the smile is nearest `abs_delta`.

    Among the quoted strikes of an expiry with quotes, if their deltas reach as far; else on the grid. NaN
    where there is none: a future, an expiry that has passed, or `abs_delta` outside (0, 1).

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
    if prices.quotes.shape[0] > 0:
        quoted = _quoted_strike_by_delta(root, right, expiry, abs_delta, forward, tau, prices)
        if not math.isnan(quoted):
            return quoted
    exact = _unlisted_strike(root, right, expiry, abs_delta, forward, tau, prices)
    below = _strike_below(root, exact, forward, tau, prices.day)
    above = below + strike_step(root, exact, forward, tau, prices.day)
    if below <= 0.0:
        return above
    under = _abs_delta(root, right, below, expiry, forward, tau, prices)
    over = _abs_delta(root, right, above, expiry, forward, tau, prices)
    return below if np.abs(under - abs_delta) <= np.abs(over - abs_delta) else above
