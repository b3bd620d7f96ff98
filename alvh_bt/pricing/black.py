"""Black's model of an option on a forward: price, greeks, and the strike of a delta, compiled.

Symbols: `s` = sigma sqrt(tau), `d1` = ln(forward / strike) / s + s / 2, `d2` = d1 - s, N and n the standard
normal distribution and density, D = e^(-rate tau). A call is worth D (forward N(d1) - strike N(d2)).

Source: F. Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3, 167-179.

Every function here takes `forward` and `strike` in points (positive), `tau` in years, `sigma` as a
fraction a year (0.20), `rate` as a continuous fraction a year, and `right` +1 for a call, -1 for a put.
All keep one rule: NaN where an input is NaN, forward or strike is not a positive finite number, tau or
sigma is negative or infinite, or right is neither. Where tau or sigma is 0 the option is worth its
discounted intrinsic value, delta is the payoff's slope, discounted, and gamma, vega and theta are 0 by
convention.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from alvh_bt.pricing.batch import price_delta_vega, price_delta_vega_batch
from alvh_bt.pricing.conventions import DAYS_A_YEAR, VOL_POINT, priceable
from alvh_bt.pricing.implied import implied_vol
from alvh_bt.pricing.normal import inverse_normal_cdf, normal_cdf, normal_pdf

__all__ = [
    "BlackGreeks",
    "black_delta",
    "black_gamma",
    "black_greeks",
    "black_price",
    "implied_vol",
    "price_delta_vega",
    "price_delta_vega_batch",
    "strike_from_delta",
    "theta_per_day",
    "vanna_volga",
    "vega_per_vol_point",
]


class BlackGreeks(NamedTuple):
    """A price and its sensitivities, one contract, before the multiplier.

    `price` points; `delta` to the forward, discounted, signed; `gamma` delta a point; `vega` points a vol
    point; `theta` points a calendar day.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


@njit(cache=True)
def _payoff_delta(forward: float, strike: float, right: int) -> float:
    """Return the slope of the payoff: 0, a half at the money, or 1; negative for a put."""
    if forward == strike:
        return 0.5 * right
    return float(right) if right * (forward - strike) > 0.0 else 0.0


@njit(cache=True)
def black_greeks(
    forward: float, strike: float, tau: float, sigma: float, rate: float, right: int
) -> BlackGreeks:
    """Return price, delta, gamma, vega and theta of one option in one pass.

    Arguments and the NaN rule as in the module's docstring; units as in `BlackGreeks`.

    Notes
    -----
    theta is -(dV/dtau)/365 with the forward held: (rate V - D forward n(d1) sigma / (2 sqrt(tau))) / 365.
    Source: E. G. Haug (2007), "The Complete Guide to Option Pricing Formulas", 2nd ed., chapter 2, with
    cost of carry 0.

    Examples
    --------
    >>> greeks = black_greeks(19.0, 19.0, 0.75, 0.28, 0.10, 1)
    >>> round(greeks.price, 4), round(greeks.delta, 4)
    (1.7011, 0.5086)
    """
    if not priceable(forward, strike, tau, sigma, right):
        return BlackGreeks(math.nan, math.nan, math.nan, math.nan, math.nan)
    discount = math.exp(-rate * tau)
    intrinsic = max(right * (forward - strike), 0.0)
    root_tau = math.sqrt(tau)
    s = sigma * root_tau
    if not s > 0.0:
        # A NaN rate must still show in every greek.
        nothing = 0.0 * discount
        delta = discount * _payoff_delta(forward, strike, right)
        return BlackGreeks(discount * intrinsic, delta, nothing, nothing, nothing)
    d1 = math.log(forward / strike) / s + 0.5 * s
    below_d1 = normal_cdf(right * d1)
    undiscounted = right * (forward * below_d1 - strike * normal_cdf(right * (d1 - s)))
    price = discount * max(undiscounted, intrinsic)
    density = discount * normal_pdf(d1)
    decay = 0.5 * forward * density * sigma / root_tau
    return BlackGreeks(
        price,
        discount * right * below_d1,
        density / (forward * s),
        forward * density * root_tau * VOL_POINT,
        (rate * price - decay) / DAYS_A_YEAR,
    )


@njit(cache=True)
def black_price(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    """Return the discounted price in points, never below the discounted intrinsic value.

    Arguments and the NaN rule as in the module's docstring. Source: Black (1976).

    >>> round(black_price(20.0, 20.0, 4 / 12, 0.25, 0.09, -1), 2)
    1.12
    """
    if not priceable(forward, strike, tau, sigma, right):
        return math.nan
    discount = math.exp(-rate * tau)
    intrinsic = max(right * (forward - strike), 0.0)
    s = sigma * math.sqrt(tau)
    if not s > 0.0:
        return discount * intrinsic
    d1 = math.log(forward / strike) / s + 0.5 * s
    undiscounted = right * (forward * normal_cdf(right * d1) - strike * normal_cdf(right * (d1 - s)))
    return discount * max(undiscounted, intrinsic)


@njit(cache=True)
def black_delta(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    """Return dV/dforward, discounted: 0 to 1 for a call, -1 to 0 for a put.

    Arguments and the NaN rule as in the module's docstring. At tau or sigma 0 it is the payoff's slope, a
    half exactly at the money.

    >>> round(black_delta(100.0, 100.0, 0.0, 0.2, 0.05, -1), 2)
    -0.5
    """
    if not priceable(forward, strike, tau, sigma, right):
        return math.nan
    discount = math.exp(-rate * tau)
    s = sigma * math.sqrt(tau)
    if not s > 0.0:
        return discount * _payoff_delta(forward, strike, right)
    d1 = math.log(forward / strike) / s + 0.5 * s
    return discount * right * normal_cdf(right * d1)


@njit(cache=True)
def black_gamma(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    """Return d2V/dforward2, delta a point, not negative; the same for a call and a put.

    Arguments and the NaN rule as in the module's docstring.

    >>> round(black_gamma(100.0, 100.0, 1.0, 0.2, 0.0, 1), 6)
    0.019848
    """
    return black_greeks(forward, strike, tau, sigma, rate, right).gamma


@njit(cache=True)
def vega_per_vol_point(
    forward: float, strike: float, tau: float, sigma: float, rate: float, right: int
) -> float:
    """Return dV/dsigma times 0.01: points a vol point, not negative; the same for a call and a put.

    Arguments and the NaN rule as in the module's docstring.

    >>> round(vega_per_vol_point(100.0, 100.0, 1.0, 0.2, 0.0, 1), 6)
    0.396953
    """
    return black_greeks(forward, strike, tau, sigma, rate, right).vega


@njit(cache=True)
def theta_per_day(forward: float, strike: float, tau: float, sigma: float, rate: float, right: int) -> float:
    """Return -(dV/dtau)/365: points a calendar day with the forward held, usually negative.

    Arguments and the NaN rule as in the module's docstring. Discounting included, so that deep in the
    money at a positive rate it is positive.

    >>> round(theta_per_day(100.0, 100.0, 1.0, 0.2, 0.0, 1), 6)
    -0.010875
    """
    return black_greeks(forward, strike, tau, sigma, rate, right).theta


@njit(cache=True)
def vanna_volga(
    forward: float, strike: float, tau: float, sigma: float, rate: float, right: int
) -> tuple[float, float]:
    """Return vanna (delta to the forward a vol point) and volga (points a vol point squared).

    Arguments and the NaN rule as in the module's docstring; the same for a call and a put, both 0 where tau
    or sigma is. Volga is the second derivative: a move of the volatility by x points adds volga x^2 / 2.

    Notes
    -----
    vanna = d2V/dforward dsigma = -D n(d1) d2 / sigma; volga = d2V/dsigma2 = D forward n(d1) sqrt(tau)
    d1 d2 / sigma. Source: E. G. Haug (2007), "The Complete Guide to Option Pricing Formulas", 2nd ed.,
    chapter 2, DdeltaDvol and DvegaDvol, with cost of carry 0.

    Examples
    --------
    >>> vanna, volga = vanna_volga(100.0, 120.0, 0.25, 0.2, 0.0, 1)
    >>> round(vanna, 6), round(volga, 6)
    (0.007757, 0.006877)
    """
    if not priceable(forward, strike, tau, sigma, right):
        return math.nan, math.nan
    discount = math.exp(-rate * tau)
    root_tau = math.sqrt(tau)
    s = sigma * root_tau
    if not s > 0.0:
        return 0.0 * discount, 0.0 * discount
    d1 = math.log(forward / strike) / s + 0.5 * s
    d2 = d1 - s
    density = discount * normal_pdf(d1) / sigma
    return -density * d2 * VOL_POINT, forward * density * root_tau * d1 * d2 * VOL_POINT * VOL_POINT


@njit(cache=True)
def strike_from_delta(
    delta: float, forward: float, tau: float, sigma: float, rate: float, right: int
) -> float:
    """Return the strike, in points, at which `black_delta` is `delta` under one flat volatility.

    `delta` is discounted and signed: between 0 and D for a call, between -D and 0 for a put, both ends
    excluded. NaN outside that range, where tau or sigma is 0 (no strike has it), and by the rule of
    the module's docstring. Source: the formula of d1 solved for the strike.

    >>> round(strike_from_delta(-0.16, 4000.0, 45 / 365, 0.2, 0.0, -1), 1)
    3739.4
    """
    # The forward stands in for the strike that is sought: it only needs to be a valid one.
    if not priceable(forward, forward, tau, sigma, right):
        return math.nan
    s = sigma * math.sqrt(tau)
    probability = right * delta / math.exp(-rate * tau)
    if not (0.0 < probability < 1.0 and s > 0.0):
        return math.nan
    return forward * math.exp(0.5 * s * s - right * inverse_normal_cdf(probability) * s)
