"""All that prices need at one moment, and the price of a contract from it.

The volatility of a contract is read from the smile of its own underlying: the S&P 500 forward of
its expiry, or the VIX future that settles with it (never spot VIX).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from alvh_bt.contracts import Contract, Root, is_future, on_vix
from alvh_bt.pricing.black import black_greeks
from alvh_bt.pricing.clock import years_to_expiry
from alvh_bt.pricing.spx_surface import VOL_FLOOR, SpxSurface, moved_surface, spx_sigma
from alvh_bt.pricing.vix_curve import VxCurve, moved_curve, vx_price
from alvh_bt.pricing.vix_surface import VixSurface, vix_sigma

__all__ = [
    "DayPrices",
    "Quote",
    "forward_price",
    "quote_contract",
    "rolled",
    "shocked",
    "side",
    "sigma_at",
    "underlying_scale",
    "years_to_expiry",
]


class DayPrices(NamedTuple):
    """The state of all markets at one moment.

    `day` is an epoch day and `moment` days from its close (0.0 at the close, -6.5/24 at the open);
    `spot` the S&P 500 in points; `rate` and `dividend_yield` decimals a year, continuous;
    `vix_level` spot VIX in vol points.
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


class Quote(NamedTuple):
    """The mid price of a contract and its sensitivities, per unit before the multiplier.

    `mid` is in price points, >= 0. `delta` and `gamma` are to the contract's own index (SPX; XSP's is a
    tenth of it) or, for VIX options, to the matching future; a future's delta is 1. `vega` is points a vol
    point, `theta` points a calendar day (0 for a future), `sigma` the volatility (NaN for a future).
    """

    mid: float
    delta: float
    gamma: float
    vega: float
    theta: float
    sigma: float


@njit(cache=True)
def underlying_scale(root: int) -> float:
    """Return the points of a root's own index for one point of SPX (or of VIX): 0.1 for XSP, else 1."""
    return 0.1 if root == Root.XSP else 1.0


@njit(cache=True)
def forward_price(root: int, expiry: int, prices: DayPrices) -> float:
    """Return the forward (points) of a root at `expiry`: the index's, or the matching VIX future."""
    if on_vix(root):
        return vx_price(prices.curve, expiry, prices.day, prices.moment)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    return underlying_scale(root) * prices.spot * math.exp((prices.rate - prices.dividend_yield) * tau)


@njit(cache=True)
def sigma_at(root: int, log_moneyness: float, tau: float, prices: DayPrices) -> float:
    """Return the implied volatility (0.20 is 20%) of a root at ln(strike / forward), `tau` years out."""
    if on_vix(root):
        return vix_sigma(prices.vix, log_moneyness, tau)
    return spx_sigma(prices.spx, log_moneyness, tau)


@njit(cache=True)
def side(right: int) -> int:
    """Return +1 for a call, -1 for a put, 0 otherwise, as a plain integer.

    A `Right` is one for Python but a type of its own for compiled code, which cannot turn it into a number.
    """
    if right > 0:
        return 1
    return -1 if right < 0 else 0


@njit(cache=True)
def quote_contract(contract: Contract, prices: DayPrices) -> Quote:
    """Return the mid and the sensitivities of one contract; at its settlement, its intrinsic value.

    Theta lets a day pass with the forward and the smile's volatility held; delta holds the
    volatility of the strike.

    Examples
    --------
    >>> from alvh_bt.pricing.flat import flat_prices
    >>> prices = flat_prices(spot=4000.0, vix=20.0, day=19_000)
    >>> quote = quote_contract(Contract(1, -1, 3600.0, 19_030), prices)
    >>> 0.0 < quote.mid < 40.0 and -0.3 < quote.delta < 0.0
    True
    """
    root, expiry = contract.root, contract.expiry
    forward = forward_price(root, expiry, prices)
    if is_future(root):
        return Quote(forward, 1.0, 0.0, 0.0, 0.0, math.nan)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    sigma = sigma_at(root, math.log(contract.strike / forward), tau, prices)
    greeks = black_greeks(forward, contract.strike, tau, sigma, prices.rate, side(contract.right))
    carry = 1.0 if on_vix(root) else math.exp((prices.rate - prices.dividend_yield) * tau)
    return Quote(
        greeks.price, greeks.delta * carry, greeks.gamma * carry * carry, greeks.vega, greeks.theta, sigma
    )


@njit(cache=True)
def rolled(prices: DayPrices, days: int) -> DayPrices:
    """Return the prices after `days` calendar days in which nothing happens.

    Spot, VIX and the vols of each tenor stay; so does the VIX curve *by tenor*, so that each future
    rolls down (or up) the curve towards spot VIX.
    """
    return DayPrices(
        prices.day + days,
        prices.moment,
        prices.spot,
        prices.rate,
        prices.dividend_yield,
        prices.vix_level,
        prices.spx,
        prices.curve,
        prices.vix,
    )


@njit(cache=True)
def shocked(prices: DayPrices, spot_return: float, vix_points: float) -> DayPrices:
    """Return the prices after an instant move of the index and of VIX.

    Parameters
    ----------
    prices
        Before the move.
    spot_return
        -0.10 is a fall of 10%.
    vix_points
        Change of spot VIX in vol points; VIX stops at 5. Futures and the other tenors of the SPX surface
        move by these points damped with tenor; the vols of VIX options stay.
    """
    level = max(VOL_FLOOR, prices.vix_level + vix_points)
    points = level - prices.vix_level
    return DayPrices(
        prices.day,
        prices.moment,
        prices.spot * (1.0 + spot_return),
        prices.rate,
        prices.dividend_yield,
        level,
        moved_surface(prices.spx, points),
        moved_curve(prices.curve, points),
        prices.vix,
    )
