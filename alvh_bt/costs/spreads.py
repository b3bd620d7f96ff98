"""Half-spreads, ticks and the price a fill gets: at real bids and asks where there are any."""

from __future__ import annotations

import math

from alvh_bt.compiled import rule
from alvh_bt.config import CostParams
from alvh_bt.contracts import Contract, Root, is_future, is_share, on_vix
from alvh_bt.costs.slippage import share_cost, share_fill
from alvh_bt.pricing.day import DayPrices, side
from alvh_bt.pricing.quotes import find_quote

#: Points by which a product of ticks may miss the price it stands for.
ROUNDING = 1e-9

#: When the two fits of SPX spreads were quoted, epoch days: 2011-01-05 and 2022-07-12.
QUOTED_2011 = 14979
QUOTED_2022 = 19185


@rule
def half_spread(root: int, mid: float, delta: float, vix_level: float, day: int, costs: CostParams) -> float:
    """Return half of the quoted spread, points.

    Parameters
    ----------
    root
        Contract root; not a share, whose cost is in `slippage`.
    mid
        Model or quoted mid, points; the spread grows with it.
    delta
        Signed delta; below `thin_delta` in size the spread widens.
    vix_level
        VIX in vol points; above `calm_vix` the spread widens with its power.
    day
        Epoch day: SPX spreads of the pit are several times those of today. Between the two dated fits
        the logarithm is interpolated, outside it stays.
    costs
        The fitted constants.
    """
    stress = max(1.0, vix_level / costs.calm_vix) ** costs.vix_power
    if is_future(root):
        return costs.future_half_spread * stress
    if on_vix(root):
        half = costs.vix_base + costs.vix_slope * mid
    else:
        points = mid * 10.0 if root == Root.XSP else mid
        early = costs.spx_base_2011 + costs.spx_slope_2011 * points
        late = costs.spx_base_2022 + costs.spx_slope_2022 * points
        share = min(1.0, max(0.0, (day - QUOTED_2011) / (QUOTED_2022 - QUOTED_2011)))
        half = early ** (1.0 - share) * late**share
        half = half / 10.0 if root == Root.XSP else half
    thin = max(0.0, 1.0 - abs(delta) / costs.thin_delta)
    return max(costs.spread_floor, half) * stress * (1.0 + costs.thin_delta_factor * thin)


@rule
def tick_size(root: int, price: float) -> float:
    """Return the smallest price step, points (Cboe contract specifications).

    SPX and VIX options 0.05 below 3.00 and 0.10 above; XSP 0.01; VX 0.05; VXM 0.01.
    """
    if root == Root.XSP or root == Root.VXM:
        return 0.01
    if root == Root.VX:
        return 0.05
    return 0.05 if price < 3.0 else 0.10


@rule
def fill_price(
    root: int, mid: float, contracts: float, delta: float, vix_level: float, day: int, costs: CostParams
) -> float:
    """Return the price at which an order is filled, points: mid and half-spread, on the nearest tick.

    Parameters
    ----------
    root, mid, delta, vix_level, day
        As in `half_spread`; NaN `mid` gives NaN.
    contracts
        Signed size: a buy pays up, a sale receives less; only the sign matters, except for shares.
    costs
        The constants; `spread_share` is the share of the half-spread that is paid.

    Returns
    -------
    float
        Never better than the mid; a buy costs at least one tick, a sale of a worthless option
        brings 0.0. (Quoted spreads are whole ticks already, so that rounding against us once more
        would charge them twice.)
    """
    if is_share(root):
        return share_fill(root, mid, contracts, vix_level, costs)
    return on_tick(
        root, mid, contracts, costs.spread_share * half_spread(root, mid, delta, vix_level, day, costs)
    )


@rule
def on_tick(root: int, mid: float, contracts: float, half: float) -> float:
    """Return `mid` plus `half` for a buy, less it for a sale, on the nearest tick not better than mid."""
    if math.isnan(mid):
        return math.nan
    if contracts > 0.0:
        price = mid + half
        tick = tick_size(root, price)
        price = round(price / tick) * tick
        return max(tick, price if price >= mid - ROUNDING else price + tick)
    price = mid - half
    tick = tick_size(root, price)
    price = round(price / tick) * tick
    return max(0.0, price if price <= mid + ROUNDING else price - tick)


@rule
def quoted_row(contract: Contract, prices: DayPrices) -> int:
    """Return the row of `prices.quotes` of a contract, or -1 where it has no quote."""
    if contract.right == 0 or prices.quotes.shape[0] == 0:
        return -1
    return find_quote(prices.quotes, contract.root, side(contract.right), contract.strike, contract.expiry)


@rule
def half_cost(
    contract: Contract,
    mid: float,
    delta: float,
    prices: DayPrices,
    costs: CostParams,
    contracts: float = 0.0,
) -> float:
    """Return what a fill is expected to pay against the mid, points: a share of the half-spread.

    Of the last real spread of that very contract where there is one, else of the modelled spread. For
    shares it is `slippage.share_cost`.

    Parameters
    ----------
    contract, mid, delta
        What is traded, its mid in points and its signed delta.
    prices
        The moment of the decision or of the fill.
    costs
        `quoted_spread_share` of a real spread is paid, `spread_share` of a modelled one.
    contracts
        Signed size; of shares alone the cost grows with it.
    """
    if is_share(contract.root):
        return share_cost(contract.root, mid, contracts, prices.vix_level, costs)
    row = quoted_row(contract, prices)
    if row >= 0:
        quote = prices.quotes[row]
        return costs.quoted_spread_share * 0.5 * (quote["ask"] - quote["bid"])
    return costs.spread_share * half_spread(contract.root, mid, delta, prices.vix_level, prices.day, costs)


@rule
def market_fill(
    contract: Contract, mid: float, contracts: float, delta: float, prices: DayPrices, costs: CostParams
) -> float:
    """Return the price at which an order is filled, points.

    At a close with a real quote of the contract: its ask for a buy, its bid for a sale, or as much of the way
    there from the mid as `quoted_spread_share` says; off the ticks where that share is off. At another moment
    half of its last spread is laid around the mid of that moment. Without a quote it is `fill_price`.

    Parameters
    ----------
    contract, mid, delta
        What is traded, its mid in points and its signed delta; a NaN mid gives NaN.
    contracts
        Signed size; only the sign matters, except for shares, whose price gets worse with their number.
    prices
        The moment of the fill.
    costs
        The constants.
    """
    row = quoted_row(contract, prices)
    if row >= 0 and prices.quotes[row]["fresh"]:
        quote = prices.quotes[row]
        price = quote["ask"] if contracts > 0.0 else quote["bid"]
        # From the price itself, so that a share of 1 is the ask to the last digit.
        return max(0.0, price - (1.0 - costs.quoted_spread_share) * (price - mid))
    if row >= 0:
        return on_tick(contract.root, mid, contracts, half_cost(contract, mid, delta, prices, costs))
    return fill_price(contract.root, mid, contracts, delta, prices.vix_level, prices.day, costs)
