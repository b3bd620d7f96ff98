"""The ladder's three tenors: which calls stand for each today, and how many of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from alvh_bt.book.records import Layer
from alvh_bt.book.view import BookView, Today
from alvh_bt.choices import Weigh
from alvh_bt.compiled import rule
from alvh_bt.contracts import Contract, Root, contract_multiplier
from alvh_bt.hedge_params import LadderParams
from alvh_bt.hedges.instruments import call_of_delta, call_size
from alvh_bt.hedges.standing import spx_contracts
from alvh_bt.pricing.day import quote_contract

#: Calendar days that a call must have left where nothing further out is listed.
FEWEST_DTE = 7


class Rung(NamedTuple):
    """What a tenor holds after a purchase today.

    `contract` has a NaN strike where nothing is listed; `mid` is in points (NaN then), `contracts` the
    target (NaN: unknown, hold what is held), `asked` the same before rounding; `shared` says that a nearer
    tenor has the same expiry.
    """

    layer: int
    contract: Contract
    mid: float
    contracts: float
    asked: float
    shared: bool


class Tenor(NamedTuple):
    """A tenor's days to expiry, its weight, and the fewest days at which its calls are still bought."""

    layer: int
    dte: int
    weight: float
    fresh_dte: int


@rule
def tenor_expiry(today: Today, dte: int, fresh_dte: int) -> int:
    """Return the listed VIX option expiry nearest `dte` days from the fill, or -1.

    One with fewer than `fresh_dte` days left would have to be rolled within the week and is passed over;
    where nothing is further out the furthest listed is taken, a week away at the least.
    """
    best, best_gap, furthest = -1, 0, -1
    first = np.searchsorted(today.vix.day, today.fill_day + FEWEST_DTE)
    for i in range(first, today.vix.day.shape[0]):
        if today.vix.listed_from[i] > today.day:
            continue
        furthest = int(today.vix.day[i])
        days = furthest - today.fill_day
        gap = abs(days - dte)
        if days >= fresh_dte and (best < 0 or gap < best_gap):
            best, best_gap = furthest, gap
    return best if best >= 0 else furthest


@rule
def make_rung(today: Today, tenor: Tenor, delta: float, taken_to: int) -> Rung:
    """Return a tenor's call today, not yet sized; `taken_to` is the furthest expiry of nearer tenors."""
    expiry = tenor_expiry(today, tenor.dte, tenor.fresh_dte)
    contract = call_of_delta(today, expiry, delta)
    mid = math.nan if math.isnan(contract.strike) else quote_contract(contract, today.prices).mid
    return Rung(tenor.layer, contract, mid, math.nan, math.nan, expiry <= taken_to)


@rule
def units_of(rung: Rung, weight: float, weigh: int) -> float:
    """Return the contracts of a tenor in one unit of the ladder; 0.0 where it has no price."""
    if not rung.mid > 0.0:
        return 0.0
    return weight if weigh == Weigh.CONTRACTS else weight / rung.mid


@rule
def unit_count(
    book: BookView, units: float, premium: float, params: LadderParams, notional_usd: float
) -> float:
    """Return how many units the ladder stands at; NaN where there is nothing to size it on.

    Parameters
    ----------
    book
        Its condors, where the size is calls a condor.
    units, premium
        Contracts, and points, of one unit over all tenors.
    params
        `calls_per_condor`, `budget_share`.
    notional_usd
        The condor book's.
    """
    if not premium > 0.0:
        return math.nan
    if params.calls_per_condor > 0.0:
        condors = spx_contracts(book)
        return params.calls_per_condor * condors / units if condors > 0.0 else math.nan
    return params.budget_share * notional_usd / (premium * contract_multiplier(Root.VIX))


@rule
def plan_ladder(
    today: Today,
    book: BookView,
    tenors: tuple[Tenor, Tenor, Tenor],
    params: LadderParams,
    notional_usd: float,
    sizes: int,
) -> tuple[Rung, Rung, Rung]:
    """Return the three rungs as they would be bought today, whether they are due or not.

    The targets of all three come from today's prices, so that a rung that is bought alone fits the standing
    ladder's premium, or its number of calls.
    """
    near = make_rung(today, tenors[0], params.call_delta, -2)
    middle = make_rung(today, tenors[1], params.call_delta, near.contract.expiry)
    taken_to = max(near.contract.expiry, middle.contract.expiry)
    far = make_rung(today, tenors[2], params.call_delta, taken_to)
    units = np.zeros(3)
    premium = 0.0
    for k, rung in enumerate((near, middle, far)):
        units[k] = units_of(rung, tenors[k].weight, params.weigh)
        premium += units[k] * rung.mid if units[k] > 0.0 else 0.0
    count = unit_count(book, units.sum(), premium, params, notional_usd)
    return (
        _sized(near, units[0] * count, sizes),
        _sized(middle, units[1] * count, sizes),
        _sized(far, units[2] * count, sizes),
    )


@rule
def _sized(rung: Rung, contracts: float, sizes: int) -> Rung:
    size = contracts if math.isnan(contracts) else call_size(contracts, sizes)
    return Rung(rung.layer, rung.contract, rung.mid, size, contracts, rung.shared)


@rule
def tenors_of(
    params: LadderParams, near_fresh: int, middle_fresh: int, far_fresh: int
) -> tuple[Tenor, Tenor, Tenor]:
    """Return the three tenors of the settings, with the fewest days at which each is bought."""
    return (
        Tenor(Layer.NEAR, params.near_dte, params.near_weight, near_fresh),
        Tenor(Layer.MIDDLE, params.middle_dte, params.middle_weight, middle_fresh),
        Tenor(Layer.FAR, params.far_dte, params.far_weight, far_fresh),
    )
