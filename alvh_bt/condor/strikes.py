"""Which four strikes a new condor, or a rolled side of one, gets."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from alvh_bt.compiled import rule
from alvh_bt.config import CondorParams
from alvh_bt.contracts import Right, make_contract
from alvh_bt.pricing.day import DayPrices, forward_price, quote_contract, underlying_scale
from alvh_bt.pricing.strikes import FINE_STEP, listed_strike, strike_by_delta

#: No short strike is looked for further from the forward than this share of it.
REACH: Final = 0.6

#: Fine steps that a rolled strike may be moved out, until its delta is within its limit.
STEPS_OUT: Final = 20


class Spread(NamedTuple):
    """A vertical spread: the short strike and its wing, index points of the root; NaN if none fits."""

    short: float
    wing: float


@rule
def expected_daily_range(vix_level: float, range_share: float) -> float:
    """Return the range that VIX expects of a day, as a share of spot: `range_share` x VIX / 16 percent.

    A year has some 256 sessions, and 16 is the root of that: VIX / 16 percent is one day's deviation.

    >>> expected_daily_range(20.0, 0.8)
    0.01
    """
    return range_share * vix_level / 1600.0


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
        Strikes by credit, by expected range, by distance or by delta, the first of them that is set;
        wings by width in points of the root's index, or by delta.

    Returns
    -------
    Spread
        The wing is always further from the money than the short strike; NaN where the grid has none.
    """
    if params.target_credit > 0.0:
        short = strike_by_credit(root, right, expiry, prices, params)
    elif params.short_range > 0.0 or params.short_distance > 0.0:
        away = params.short_distance
        if params.short_range > 0.0:
            away = params.short_range * expected_daily_range(prices.vix_level, params.range_share)
        aim = prices.spot * underlying_scale(root) * (1.0 + right * away)
        short = listed_strike(root, aim, expiry, prices)
    else:
        short = strike_by_delta(root, right, expiry, params.short_delta, prices)
    return with_wing(root, right, short, expiry, prices, params)


@rule
def rolled_spread(root: int, right: int, expiry: int, prices: DayPrices, params: CondorParams) -> Spread:
    """Return the listed short strike and wing that a side is rolled to; NaN where none fits.

    As at an entry; with `roll_short_delta` the short strike is the nearest listed one whose |delta| is
    at most that. Arguments as for `choose_spread`.
    """
    if params.roll_short_delta <= 0.0:
        return choose_spread(root, right, expiry, prices, params)
    nearest = strike_by_delta(root, right, expiry, params.roll_short_delta, prices)
    short = math.nan
    for k in range(STEPS_OUT):
        if math.isnan(nearest):
            break
        strike = listed_strike(root, nearest + right * k * FINE_STEP * underlying_scale(root), expiry, prices)
        quote = quote_contract(make_contract(root, right, strike, expiry), prices)
        if abs(quote.delta) <= params.roll_short_delta:
            short = strike
            break
    return with_wing(root, right, short, expiry, prices, params)


@rule
def with_wing(
    root: int, right: int, short: float, expiry: int, prices: DayPrices, params: CondorParams
) -> Spread:
    """Return the spread of a short strike (points; NaN for none) with its wing."""
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
def spread_credit(
    root: int, right: int, short: float, expiry: int, prices: DayPrices, params: CondorParams
) -> float:
    """Return the credit at mid, points a unit, of a short strike with its wing; 0 where no wing fits."""
    spread = with_wing(root, right, short, expiry, prices, params)
    if math.isnan(spread.short):
        return 0.0
    sold = quote_contract(make_contract(root, right, spread.short, expiry), prices).mid
    bought = quote_contract(make_contract(root, right, spread.wing, expiry), prices).mid
    return sold - bought


@rule
def strike_by_credit(root: int, right: int, expiry: int, prices: DayPrices, params: CondorParams) -> float:
    """Return the listed short strike whose side earns nearest half of `target_credit`; on a tie the nearer.

    The credit falls as the short strike moves out, so that the grid is halved. NaN where even a short
    strike at the money earns less.
    """
    wanted = 0.5 * params.target_credit
    step = right * FINE_STEP * underlying_scale(root)
    forward = forward_price(root, expiry, prices)
    near, far = 0, int(REACH * forward / abs(step))
    short = listed_strike(root, forward, expiry, prices)
    earned = spread_credit(root, right, short, expiry, prices, params)
    if not earned >= wanted:
        return math.nan
    beyond, less = math.nan, 0.0
    while far - near > 1:
        middle = (near + far) // 2
        strike = listed_strike(root, forward + middle * step, expiry, prices)
        credit = spread_credit(root, right, strike, expiry, prices, params)
        if credit >= wanted:
            near, short, earned = middle, strike, credit
        else:
            far, beyond, less = middle, strike, credit
    return beyond if less > 0.0 and wanted - less < earned - wanted else short


@rule
def side_layers(right: int) -> tuple[int, int]:
    """Return the layer codes of a side: its short leg and its wing."""
    return (1, 0) if right == Right.PUT else (2, 3)
