"""What it costs to trade exchange-traded notes: spread, the price impact of a pool, and sandwiching.

The electronic market is pictured as a pool of a constant product: x shares and y USD with x y = k, each side
worth L (`etp_depth_usd`), so that the mid is y / x and y = L. Who puts in N USD takes out
x - k / (y + N) = x N / (L + N) shares, and pays mid (1 + N / L) a share on the average; who puts in shares
worth N at the mid takes out y - k / (x + N / mid) = L N / (L + N) USD, and gets mid / (1 + N / L) a share.
Here N is an order's value at the mid. For a purchase the USD put in are a little more, by a share of N / L.
The pool is full again for the next order.

Others see an order coming, trade before it and back after it: that takes `etp_sandwich` of the impact
when VIX is `calm_vix`, and in proportion to VIX. It grows with the order's size, as the impact does, and with
volatility.
"""

from __future__ import annotations

import math

from alvh_bt.compiled import rule
from alvh_bt.config import CostParams
from alvh_bt.contracts import contract_multiplier


@rule
def price_impact(value_usd: float, bought: bool, depth_usd: float) -> float:
    """Return by what share of the mid the average price of an order is worse, >= 0.

    Parameters
    ----------
    value_usd
        The order's value at the mid, USD >= 0.
    bought
        Whether it buys.
    depth_usd
        The value of each side of the pool, USD.
    """
    filled = value_usd / depth_usd
    return filled if bought else filled / (1.0 + filled)


@rule
def share_cost(root: int, mid: float, contracts: float, vix_level: float, costs: CostParams) -> float:
    """Return what trading shares costs against the mid, USD a share.

    Parameters
    ----------
    root, mid
        The note and its mid, USD a share.
    contracts
        Signed number of shares; 0.0 gives the half-spread alone.
    vix_level
        VIX in vol points.
    costs
        `etp_half_spread`, `etp_depth_usd`, `etp_sandwich` and `calm_vix`.
    """
    value = abs(contracts) * contract_multiplier(root) * mid
    impact = price_impact(value, contracts > 0.0, costs.etp_depth_usd)
    sandwich = costs.etp_sandwich * impact * vix_level / costs.calm_vix
    return mid * (costs.etp_half_spread + impact + sandwich)


@rule
def share_fill(root: int, mid: float, contracts: float, vix_level: float, costs: CostParams) -> float:
    """Return the average price at which an order of shares is filled, USD a share; NaN for a NaN mid.

    There are no ticks to round to: adjusted prices are not those on the screen of the day.
    """
    if math.isnan(mid):
        return math.nan
    cost = share_cost(root, mid, contracts, vix_level, costs)
    return mid + cost if contracts > 0.0 else max(0.0, mid - cost)
