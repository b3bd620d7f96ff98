"""The price of a contract at one moment, and the moment after time has passed or markets have jumped.

The volatility of a contract is read from the smile of its own underlying: the S&P 500 forward of
its expiry, or the VIX future that settles with it (never spot VIX). Where the moment has real quotes,
volatilities are shifted to agree with them, and forwards are those of put-call parity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from alvh_bt.contracts import Contract, Root, is_future, is_share, on_vix
from alvh_bt.pricing.black import black_greeks, black_price
from alvh_bt.pricing.clock import years_to_expiry
from alvh_bt.pricing.moment import DayPrices, forward_price, side, sigma_at, underlying_scale
from alvh_bt.pricing.notes import moved_note, note_delta, note_leverage, rolled_note
from alvh_bt.pricing.quotes import find_quote
from alvh_bt.pricing.shifts import contract_sigma, price_source
from alvh_bt.pricing.spx_surface import VOL_FLOOR, SpxSurface, moved_surface
from alvh_bt.pricing.vix_curve import VxCurve, moved_curve

__all__ = [
    "DayPrices",
    "Quote",
    "contract_mid",
    "contract_sigma",
    "forward_price",
    "later_prices",
    "moved_prices",
    "points_moved",
    "price_source",
    "prices_moved_to",
    "quote_contract",
    "rolled",
    "shocked",
    "shocked_vix",
    "side",
    "sigma_at",
    "underlying_scale",
    "years_to_expiry",
]


class Quote(NamedTuple):
    """The mid price of a contract and its sensitivities, per unit before the multiplier.

    `mid` is in price points, >= 0. `delta` and `gamma` are to the contract's own index (SPX; XSP's is a
    tenth of it) or, for VIX options, to the matching future; a future's delta is 1, a share's is USD a point
    of the 30-day VX price. `vega` is points a vol point, `theta` points a calendar day (0 for a future or a
    share), `sigma` the volatility (NaN for those). The mid of a share is USD, NaN where it is not listed.
    """

    mid: float
    delta: float
    gamma: float
    vega: float
    theta: float
    sigma: float


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
    if is_share(root):
        price = prices.vxx if root == Root.VXX else prices.uvxy
        delta = note_delta(price, note_leverage(root, prices.day), prices.curve)
        return Quote(price, delta, 0.0, 0.0, 0.0, math.nan)
    forward = forward_price(root, expiry, prices)
    if is_future(root):
        return Quote(forward, 1.0, 0.0, 0.0, 0.0, math.nan)
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    if prices.quotes.shape[0] > 0 and tau > 0.0:
        return _near_quotes(contract, forward, tau, prices)
    sigma = sigma_at(root, math.log(contract.strike / forward), tau, prices)
    greeks = black_greeks(forward, contract.strike, tau, sigma, prices.rate, side(contract.right))
    carry = 1.0 if on_vix(root) else math.exp((prices.rate - prices.dividend_yield) * tau)
    return Quote(
        greeks.price, greeks.delta * carry, greeks.gamma * carry * carry, greeks.vega, greeks.theta, sigma
    )


@njit(cache=True)
def contract_mid(contract: Contract, prices: DayPrices) -> float:
    """Return the mid of one contract, points: `quote_contract` without its sensitivities."""
    root, expiry = contract.root, contract.expiry
    if is_share(root):
        return prices.vxx if root == Root.VXX else prices.uvxy
    forward = forward_price(root, expiry, prices)
    if is_future(root):
        return forward
    tau = years_to_expiry(root, expiry, prices.day, prices.moment)
    if prices.quotes.shape[0] > 0 and tau > 0.0:
        return _near_quotes(contract, forward, tau, prices).mid
    sigma = sigma_at(root, math.log(contract.strike / forward), tau, prices)
    return black_price(forward, contract.strike, tau, sigma, prices.rate, side(contract.right))


@njit(cache=True)
def _near_quotes(contract: Contract, forward: float, tau: float, prices: DayPrices) -> Quote:
    """Return what `quote_contract` does for an option, at a moment with quotes."""
    root, right, expiry = contract.root, side(contract.right), contract.expiry
    sigma = contract_sigma(root, right, contract.strike, expiry, forward, tau, prices)
    greeks = black_greeks(forward, contract.strike, tau, sigma, prices.rate, right)
    row = find_quote(prices.quotes, root, right, contract.strike, expiry)
    price = greeks.price + (prices.quotes[row]["basis"] if row >= 0 else 0.0)
    carry = 1.0 if on_vix(root) else forward / (underlying_scale(root) * prices.spot)
    return Quote(
        0.0 if price < 0.0 else price,
        greeks.delta * carry,
        greeks.gamma * carry * carry,
        greeks.vega,
        greeks.theta,
        sigma,
    )


@njit(cache=True)
def rolled(prices: DayPrices, days: int) -> DayPrices:
    """Return the prices after `days` calendar days in which nothing happens.

    Spot, VIX and the vols of each tenor stay; so does the VIX curve *by tenor*, so that each future
    rolls down (or up) the curve towards spot VIX, and a note loses (or earns) that roll each day. Quotes
    keep their distance from the model.
    """
    vxx = rolled_note(prices.vxx, note_leverage(Root.VXX, prices.day), prices.curve, days)
    uvxy = rolled_note(prices.uvxy, note_leverage(Root.UVXY, prices.day), prices.curve, days)
    return later_prices(prices, days, vxx, uvxy)


@njit(cache=True)
def later_prices(prices: DayPrices, days: int, vxx: float, uvxy: float) -> DayPrices:
    """Return the prices `days` calendar days later, all levels held, with these prices of the notes (USD)."""
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
        prices.quotes,
        vxx,
        uvxy,
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
        move by these points damped with tenor; the vols of VIX options stay; notes follow their futures.
    """
    return moved_prices(
        prices, spot_return, vix_points, moved_surface(prices.spx, points_moved(prices, vix_points))
    )


@njit(cache=True)
def shocked_vix(prices: DayPrices, spot_return: float, vix_points: float) -> DayPrices:
    """Return what `shocked` does for VIX contracts and notes alone: the surface of the S&P 500 stays.

    Its smile takes twenty times as long to move as all the rest, and no hedge of VIX contracts reads it.
    """
    return moved_prices(prices, spot_return, vix_points, prices.spx)


@njit(cache=True)
def points_moved(prices: DayPrices, vix_points: float) -> float:
    """Return by how many points VIX moves when it is to move by `vix_points`: it stops at 5."""
    return max(VOL_FLOOR, prices.vix_level + vix_points) - prices.vix_level


@njit(cache=True)
def moved_prices(prices: DayPrices, spot_return: float, vix_points: float, spx: SpxSurface) -> DayPrices:
    """Return the prices after an instant move, as `shocked`, with the surface that the S&P 500 then has."""
    curve = moved_curve(prices.curve, points_moved(prices, vix_points))
    vxx = moved_note(prices.vxx, note_leverage(Root.VXX, prices.day), prices.curve, curve)
    uvxy = moved_note(prices.uvxy, note_leverage(Root.UVXY, prices.day), prices.curve, curve)
    return prices_moved_to(prices, spot_return, vix_points, spx, curve, vxx, uvxy)


@njit(cache=True)
def prices_moved_to(
    prices: DayPrices,
    spot_return: float,
    vix_points: float,
    spx: SpxSurface,
    curve: VxCurve,
    vxx: float,
    uvxy: float,
) -> DayPrices:
    """Return the prices after an instant move of index and VIX, with surface, curve and notes as given."""
    return DayPrices(
        prices.day,
        prices.moment,
        prices.spot * (1.0 + spot_return),
        prices.rate,
        prices.dividend_yield,
        max(VOL_FLOOR, prices.vix_level + vix_points),
        spx,
        curve,
        prices.vix,
        prices.quotes,
        vxx,
        uvxy,
    )
