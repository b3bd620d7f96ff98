"""How much VIX protection a condor gets, layer by layer, and what a contract gains in a shock."""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit

from alvh_bt.book.codes import Book, Layer
from alvh_bt.book.records import Order, lot_contract, order_contract
from alvh_bt.book.view import BookView, CondorView, Today
from alvh_bt.choices import Profile, SignalCode
from alvh_bt.compiled import rule
from alvh_bt.config import (
    ClimateParams,
    LayeredParams,
    QuorumParams,
    ShockParams,
    SizingParams,
    VoteParams,
)
from alvh_bt.contracts import Contract, Right, Root, contract_multiplier, make_contract
from alvh_bt.hedges.instruments import call_of_delta, fewest_dte, front_month, rung_call
from alvh_bt.pricing.day import DayPrices, contract_mid, shocked_vix, underlying_scale

#: VIX calls with the same VIX notional as one VX future: 1,000 / 100 USD a point.
CALLS_PER_VX = 10.0


class LayeredRules(NamedTuple):
    """Every setting that the layered hedge decides by; `sizes` is a `Sizes` code."""

    layered: LayeredParams
    sizing: SizingParams
    climate: ClimateParams
    quorum: QuorumParams
    votes: VoteParams
    shock: ShockParams
    sizes: int


@rule
def condor_notional(condor: CondorView, spot: float) -> float:
    """Return contracts x multiplier x index level of a condor, USD."""
    return condor.contracts * contract_multiplier(condor.root) * spot * underlying_scale(condor.root)


@rule
def target_vx(condor: CondorView, spot: float, params: LayeredParams) -> float:
    """Return the targeted VIX notional of a condor with all layers on, in VX futures."""
    return params.target_vx_per_100k * condor_notional(condor, spot) / 100_000.0


@rule
def equity_beta(today: Today, sizing: SizingParams) -> float:
    """Return the CAPM beta of the equity exposure; 1.0 where it is unknown or not asked for.

    An exposure that falls when the index rises needs no protection against its fall: never below 0.0.
    """
    beta = today.signals[SignalCode.CAPM_BETA]
    return 1.0 if math.isnan(beta) or not sizing.by_beta else max(0.0, beta)


@rule
def liquidity_scale(today: Today, sizing: SizingParams) -> float:
    """Return the factor for the quick ratio of REITs and technology: above 1.0 where it is low."""
    ratio = today.signals[SignalCode.QUICK_RATIO]
    if math.isnan(ratio) or ratio <= 0.0:
        return 1.0
    most = sizing.quick_range
    return min(1.0 + most, max(1.0 - most, sizing.quick_level / ratio))


@rule
def profile_scale(layer: int, sizing: SizingParams) -> float:
    """Return the factor of a layer: 1.0 for a steward; a promoter has more in layer one, less in three."""
    if sizing.profile == Profile.STEWARD or layer == Layer.TWO:
        return 1.0
    return 1.0 + sizing.front_loading if layer == Layer.ONE else 1.0 - sizing.front_loading


@rule
def noise_scale(today: Today, rules: LayeredRules) -> float:
    """Return the factor of layer two: `noise_share` where macro stress says passing noise, else 1.0."""
    stress = today.signals[SignalCode.MACRO_STRESS]
    return rules.sizing.noise_share if stress < rules.votes.macro_stress else 1.0


@rule
def _between(value: float, low: float, high: float) -> float:
    """Return -1.0 at or below `low`, +1.0 at or above `high`, straight in between."""
    return min(1.0, max(-1.0, 2.0 * (value - low) / (high - low) - 1.0))


@rule
def climate_score(today: Today, climate: ClimateParams) -> float:
    """Return the valuation climate, -1.0 (cheap) to +1.0 (dear): the mean of P/E and WACC where known.

    0.0 where neither is known, or the climate is switched off.
    """
    if not climate.on:
        return 0.0
    score, known = 0.0, 0
    pe, wacc = today.signals[SignalCode.PE], today.signals[SignalCode.WACC]
    if not math.isnan(pe):
        score += _between(pe, climate.pe_low, climate.pe_high)
        known += 1
    if not math.isnan(wacc):
        score += _between(wacc, climate.wacc_low, climate.wacc_high)
        known += 1
    return score / known if known > 0 else 0.0


@rule
def first_share(today: Today, rules: LayeredRules) -> float:
    """Return layer one's share of the target: moved by the climate between `first_low` and `first_high`."""
    params, score = rules.layered, climate_score(today, rules.climate)
    room = params.first_high - params.first_share if score > 0.0 else params.first_share - params.first_low
    return params.first_share + score * room


@rule
def first_vx(today: Today, condor: CondorView, rules: LayeredRules) -> float:
    """Return layer one's size, VX: its share of the target within `vx_low`..`vx_high` a 100,000 USD.

    Beta and liquidity scale the target itself, bounds included; a promoter's front-loading goes
    beyond the bounds, on purpose.
    """
    params = rules.layered
    hundreds = condor_notional(condor, today.prices.spot) / 100_000.0
    per_100k = params.target_vx_per_100k * first_share(today, rules)
    per_100k = min(params.vx_high, max(params.vx_low, per_100k))
    scale = equity_beta(today, rules.sizing) * liquidity_scale(today, rules.sizing)
    return hundreds * per_100k * scale * profile_scale(Layer.ONE, rules.sizing)


@rule
def layer_calls(today: Today, condor: CondorView, layer: int, rules: LayeredRules) -> float:
    """Return the VIX calls of layer two or three before the band on net exposure, all rungs together."""
    params = rules.layered
    share = params.second_share if layer == Layer.TWO else params.third_share
    noise = noise_scale(today, rules) if layer == Layer.TWO else 1.0
    scale = equity_beta(today, rules.sizing) * liquidity_scale(today, rules.sizing)
    vx = target_vx(condor, today.prices.spot, params) * share * scale
    return vx * noise * profile_scale(layer, rules.sizing) * CALLS_PER_VX


@njit(cache=True)
def net_exposure(book: BookView, group: int, prices: DayPrices, points_per_percent: float) -> float:
    """Return what a condor's hedge offsets of the index beyond the condor's own exposure, USD.

    The hedge counts as the index position that loses in a rise of 1% what the hedge gains in a fall
    of 1%, VIX answering with `points_per_percent`; the condor with its delta, whichever its sign: a tested
    call side needs as much room as a tested put side.
    """
    after = shocked_vix(prices, -0.01, points_per_percent)
    hedge = condor = 0.0
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if lot["group"] != group:
            continue
        size = lot["contracts"] * contract_multiplier(lot["root"])
        if lot["book"] == Book.HEDGE:
            change = contract_mid(lot_contract(lot), after) - book.marks[i]["mid"]
            hedge += size * change / 0.01
        else:
            scale = underlying_scale(lot["root"])
            condor += size * book.marks[i]["delta"] * scale * prices.spot
    return hedge - abs(condor)


@rule
def decided_exposure(orders: list[Order], group: int, today: Today, points_per_percent: float) -> float:
    """Return what the orders decided so far on this close add to a condor's hedge exposure, USD."""
    added = 0.0
    for order in orders:
        if order.book == Book.HEDGE and order.group == group:
            after = shocked_vix(today.prices, -0.01, points_per_percent)
            added += order.contracts * shock_gain(order_contract(order), today.prices, after) / 0.01
    return added


@rule
def banded_size(
    size: float,
    unit: float,
    today: Today,
    book: BookView,
    condor: CondorView,
    orders: list[Order],
    rules: LayeredRules,
) -> float:
    """Return the size of a layer with which net exposure stays within the band, where it can.

    Parameters
    ----------
    size
        Contracts wanted, >= 0.
    unit
        Exposure that one contract adds, USD (see `net_exposure`).
    today, book, condor, rules
        The close, and the condor that the layer protects.
    orders
        What was decided before on this close: sales make room, purchases take it.

    Returns
    -------
    float
        Cut so that net exposure does not pass `band_high` of portfolio beta (0.0 where it is there
        already); raised to reach `band_low`, at most `band_stretch` times.
    """
    sizing = rules.sizing
    base = equity_beta(today, sizing) * condor_notional(condor, today.prices.spot)
    if sizing.band_high <= 0.0 or unit <= 0.0 or base <= 0.0 or size <= 0.0:
        return size
    points = rules.shock.vix_points_per_percent
    before = net_exposure(book, condor.id, today.prices, points)
    before = (before + decided_exposure(orders, condor.id, today, points)) / base
    after = before + size * unit / base
    if after > sizing.band_high:
        return max(0.0, (sizing.band_high - before) * base / unit)
    if after < sizing.band_low:
        return min(size * sizing.band_stretch, (sizing.band_low - before) * base / unit)
    return size


@rule
def shock_gain(contract: Contract, prices: DayPrices, after: DayPrices) -> float:
    """Return what one contract gains, USD, when prices jump from `prices` to `after`."""
    gain = contract_mid(contract, after) - contract_mid(contract, prices)
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
def call_gain(today: Today, after: DayPrices, contract: Contract) -> float:
    """Return the shock gain, USD, of one VIX call; 0.0 if it is not listed (its strike is NaN)."""
    return 0.0 if math.isnan(contract.strike) else shock_gain(contract, today.prices, after)


@rule
def ladder_gain(today: Today, after: DayPrices, params: LayeredParams) -> float:
    """Return the shock gain, USD, of one VIX call spread evenly over the rungs of layer two."""
    gain = 0.0
    for rung in range(params.rungs):
        gain += call_gain(today, after, rung_call(today, rung, params)) / params.rungs
    return gain


@rule
def full_gain(today: Today, condor: CondorView, params: LayeredParams, shock: ShockParams) -> float:
    """Return what the layered hedge with all its layers on would gain in the shock, USD.

    Each layer is priced as if it were bought today at its nominal share: the futures of layer one, the
    calls of layers two and three, at their settings' tenors and deltas.
    """
    after = shocked_vix(today.prices, shock.spx_return, shock.vix_points)
    vx = target_vx(condor, today.prices.spot, params)
    one = futures_gain(today, after, params.front_weight, fewest_dte(params))
    two = ladder_gain(today, after, params)
    third = call_of_delta(today, rung_call(today, 0, params).expiry, params.third_delta)
    calls = params.second_share * two + params.third_share * call_gain(today, after, third)
    return vx * (params.first_share * one + CALLS_PER_VX * calls)
