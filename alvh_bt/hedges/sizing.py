"""How large the layers are, what a shock would earn, and the static size of equal protection."""

from __future__ import annotations

import math

from alvh_bt.book.view import CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.config import LayeredParams, ShockParams
from alvh_bt.contracts import Contract, Right, Root, contract_multiplier, make_contract
from alvh_bt.hedges.instruments import call_expiry, call_of_delta, fewest_dte, front_month
from alvh_bt.pricing.day import DayPrices, quote_contract, shocked, underlying_scale

#: VIX calls with the same VIX notional as one VX future: 1,000 / 100 USD a point.
CALLS_PER_VX = 10.0


@rule
def condor_notional(condor: CondorView, spot: float) -> float:
    """Return contracts x multiplier x index level of a condor, USD."""
    return condor.contracts * contract_multiplier(condor.root) * spot * underlying_scale(condor.root)


@rule
def target_vx(condor: CondorView, spot: float, params: LayeredParams) -> float:
    """Return the targeted VIX notional of a condor with all layers on, in VX futures."""
    return params.target_vx_per_100k * condor_notional(condor, spot) / 100_000.0


@rule
def shock_gain(contract: Contract, prices: DayPrices, after: DayPrices) -> float:
    """Return what one contract gains, USD, when prices jump from `prices` to `after`."""
    gain = quote_contract(contract, after).mid - quote_contract(contract, prices).mid
    return gain * contract_multiplier(contract.root)


@rule
def futures_gain(today: Today, after: DayPrices, front_weight: float, min_dte: int) -> float:
    """Return the shock gain, USD, of one VX spread over the two front months; 0.0 if none is listed."""
    gain = 0.0
    for month, weight in ((0, front_weight), (1, 1.0 - front_weight)):
        expiry = front_month(today, month, min_dte)
        if expiry >= 0:
            contract = make_contract(Root.VX, Right.FUTURE, 0.0, expiry)
            gain += weight * shock_gain(contract, today.prices, after)
    return gain


@rule
def call_gain(today: Today, after: DayPrices, expiry: int, delta: float) -> float:
    """Return the shock gain, USD, of one VIX call of a delta; 0.0 if none is listed."""
    contract = call_of_delta(today, expiry, delta)
    return 0.0 if math.isnan(contract.strike) else shock_gain(contract, today.prices, after)


@rule
def full_gain(today: Today, condor: CondorView, params: LayeredParams, shock: ShockParams) -> float:
    """Return what the layered hedge with all its layers on would gain in the shock, USD.

    Each layer is priced as if it were bought today: the futures of layer one, the calls of layers
    two and three, at their settings' tenors and deltas.
    """
    after = shocked(today.prices, shock.spx_return, shock.vix_points)
    vx = target_vx(condor, today.prices.spot, params)
    expiry = call_expiry(today, params.call_dte_low, params.call_dte_high)
    one = futures_gain(today, after, params.front_weight, fewest_dte(params))
    two = call_gain(today, after, expiry, params.second_delta)
    three = call_gain(today, after, expiry, params.third_delta)
    calls = params.second_share * two + params.third_share * three
    return vx * (params.first_share * one + CALLS_PER_VX * calls)
