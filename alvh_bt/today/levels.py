"""At which level of the index a short strike's delta reaches a threshold."""

from __future__ import annotations

import math
from typing import Final

from scipy.optimize import brentq

from alvh_bt.contracts import Contract, Right
from alvh_bt.pricing.day import DayPrices, quote_contract, shocked

#: The furthest move of the index that is looked at; beyond it a level says nothing.
FURTHEST: Final = 0.25


def level_at_delta(contract: Contract, delta: float, prices: DayPrices, points_per_percent: float) -> float:
    """Return the level of the S&P 500 at which a short option's absolute delta is `delta`.

    Parameters
    ----------
    contract
        A put is looked for below the spot, a call above it.
    delta
        The threshold, 0 to 1.
    prices
        The close; no time passes until the move.
    points_per_percent
        By how many points VIX rises when the index falls by 1% (`shock.vix_points_per_percent`).

    Returns
    -------
    float
        Index points; NaN where the delta is there already, or not within a move of 25%.
    """
    way = -1.0 if contract.right == Right.PUT else 1.0

    def gap(move: float) -> float:
        after = shocked(prices, move, -100.0 * move * points_per_percent)
        return abs(float(quote_contract(contract, after).delta)) - delta

    furthest = way * FURTHEST
    if not (gap(0.0) < 0.0 <= gap(furthest)):
        return math.nan
    move: float = brentq(gap, 0.0, furthest, xtol=1e-6)
    return prices.spot * (1.0 + move)
