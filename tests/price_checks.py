"""What can be said of a smile from its volatilities alone: densities, calendars, deltas and strips of prices.

Nothing here knows how a surface is made. `sigma` is `spx_sigma` or `vix_sigma`, prices are Black's on a
forward of 1, written once more, and `z` is ln(strike / forward) in standard deviations at the money.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Below this a price is a float's noise on its way to nothing.
TINY_PRICE = 1e-200


@njit
def deviation(sigma: Any, surface: Any, k: float, tau: float) -> float:
    return float(sigma(surface, k, tau) * math.sqrt(tau))


@njit
def black_d1(k: float, s: float) -> float:
    return -k / s + 0.5 * s


@njit
def price(k: float, s: float, sign: int) -> float:
    """The undiscounted price of an option on a forward of 1, of total deviation `s`."""
    d1 = -k / s + 0.5 * s
    below_d1 = 0.5 * math.erfc(-sign * d1 / math.sqrt(2.0))
    below_d2 = 0.5 * math.erfc(-sign * (d1 - s) / math.sqrt(2.0))
    return sign * (below_d1 - math.exp(k) * below_d2)


@njit
def _least_of_side(sigma: Any, surface: Any, tau: float, k: Floats, sign: int) -> float:
    least, below, middle = math.inf, math.nan, math.nan
    for j in range(len(k)):
        above = price(k[j], deviation(sigma, surface, k[j], tau), sign)
        if j >= 2 and middle > TINY_PRICE:
            share = (math.exp(k[j]) - math.exp(k[j - 1])) / (math.exp(k[j]) - math.exp(k[j - 2]))
            least = min(least, (share * below + (1.0 - share) * above - middle) / middle)
        below, middle = middle, above
    return least


@njit
def least_butterfly(sigma: Any, surface: Any, tau: float, z: Floats) -> float:
    """The cheapest butterfly over three neighbouring strikes, as a share of its middle option.

    All three are puts or all are calls, the middle one out of the money, where prices are small and so exact.
    """
    k = z * deviation(sigma, surface, 0.0, tau)
    calls = int((k <= 0.0).sum())
    puts_least = _least_of_side(sigma, surface, tau, k[: calls + 1], -1)
    return min(puts_least, _least_of_side(sigma, surface, tau, k[max(0, calls - 1) :], 1))


@njit
def least_calendar(sigma: Any, surface: Any, taus: Floats, k: Floats) -> float:
    """The least growth of total variance from one of `taus` to the next at a strike, over the variance."""
    least = math.inf
    for j in range(len(k)):
        before = 0.0
        for tau in taus:
            w = sigma(surface, k[j], tau) ** 2 * tau
            least = min(least, (w - before) / w)
            before = w
    return least


@njit
def least_delta_fall(sigma: Any, surface: Any, tau: float, z: Floats, smallest: float) -> float:
    """The least fall of the call's delta from strike to strike, while both sides have `smallest` and more.

    In units of d1, of which delta is the normal distribution: negative where delta rises.
    """
    scale = deviation(sigma, surface, 0.0, tau)
    least, before = math.inf, math.nan
    for j in range(len(z)):
        k = z[j] * scale
        d1 = black_d1(k, deviation(sigma, surface, k, tau))
        delta = 0.5 * math.erfc(-d1 / math.sqrt(2.0))
        if not math.isnan(before) and smallest <= delta <= 1.0 - smallest:
            least = min(least, before - d1)
        before = d1
    return least


@njit
def strip_level(sigma: Any, surface: Any, tau: float) -> float:
    """The level, in vol points, of the strip of all options out of the money: 2 sum Q(K) dK / K^2.

    The formula of VIX with strikes 1.5% of a deviation apart near the money, and no tail cut.
    """
    scale = deviation(sigma, surface, 0.0, tau)
    step, total = 0.015, 0.0
    for sign in (-1, 1):
        for j in range(600):
            u = (j + 0.5) * step
            k = sign * scale * math.sinh(u)
            if abs(k) > 300.0:
                break
            own = price(k, deviation(sigma, surface, k, tau), sign)
            total += own * math.exp(-k) * scale * math.cosh(u) * step
            if own < TINY_PRICE:
                break
    return 100.0 * math.sqrt(2.0 * total / tau)
