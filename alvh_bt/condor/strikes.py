"""Which four strikes a new condor, or a rolled side of one, gets."""

from __future__ import annotations

import math
from typing import NamedTuple

from alvh_bt.compiled import rule
from alvh_bt.config import CondorParams
from alvh_bt.contracts import Right
from alvh_bt.pricing.day import DayPrices, underlying_scale
from alvh_bt.pricing.strikes import listed_strike, strike_by_delta


class Spread(NamedTuple):
    """A vertical spread: the short strike and its wing, index points of the root; NaN if none fits."""

    short: float
    wing: float


@rule
def choose_spread(root: int, right: int, expiry: int, prices: DayPrices, params: CondorParams) -> Spread:
    """Return the listed short strike and wing of one side.

    Parameters
    ----------
    root, right, expiry
        Contract codes of the side; `right` is -1 for the put side, +1 for the call side.
    prices
        Prices at the decision.
    params
        Strikes by delta or by distance, wings by delta or by width in points of the root's index.

    Returns
    -------
    Spread
        The wing is always further from the money than the short strike; NaN where the grid has none.
    """
    if params.short_distance > 0.0:
        aim = prices.spot * underlying_scale(root) * (1.0 + right * params.short_distance)
        short = listed_strike(root, aim, expiry, prices)
    else:
        short = strike_by_delta(root, right, expiry, params.short_delta, prices)
    if math.isnan(short):
        return Spread(math.nan, math.nan)
    if params.wing_width > 0.0:
        wing = listed_strike(root, short + right * params.wing_width, expiry, prices)
    else:
        wing = strike_by_delta(root, right, expiry, params.wing_delta, prices)
    if math.isnan(wing) or (wing - short) * right <= 0.0 or wing <= 0.0:
        return Spread(math.nan, math.nan)
    return Spread(short, wing)


@rule
def side_layers(right: int) -> tuple[int, int]:
    """Return the layer codes of a side: its short leg and its wing."""
    return (1, 0) if right == Right.PUT else (2, 3)
