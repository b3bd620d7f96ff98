"""Half-spreads, ticks and the price a fill gets."""

from __future__ import annotations

import math

from alvh_bt.compiled import rule
from alvh_bt.config import CostParams
from alvh_bt.contracts import Root, is_future, on_vix

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
        Contract root.
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
        Signed size: a buy pays up, a sale receives less; only the sign matters.
    costs
        The constants; `spread_share` is the share of the half-spread that is paid.

    Returns
    -------
    float
        Never better than the mid; a buy costs at least one tick, a sale of a worthless option
        brings 0.0. (Quoted spreads are whole ticks already, so that rounding against us once more
        would charge them twice.)
    """
    if math.isnan(mid):
        return math.nan
    half = costs.spread_share * half_spread(root, mid, delta, vix_level, day, costs)
    if contracts > 0.0:
        price = mid + half
        tick = tick_size(root, price)
        price = round(price / tick) * tick
        return max(tick, price if price >= mid - ROUNDING else price + tick)
    price = mid - half
    tick = tick_size(root, price)
    price = round(price / tick) * tick
    return max(0.0, price if price <= mid + ROUNDING else price - tick)
