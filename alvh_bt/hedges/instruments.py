"""What a hedge buys: VX futures over the front months, and VIX calls by tenor and delta."""

from __future__ import annotations

import math

import numpy as np

from alvh_bt.book.records import Action, Book, Decision, Order, Reason, make_note, make_order, nothing
from alvh_bt.book.view import BookView, Today
from alvh_bt.choices import SignalCode
from alvh_bt.compiled import rule
from alvh_bt.config import LayeredParams, Sizes
from alvh_bt.contracts import Contract, Right, Root, make_contract
from alvh_bt.pricing.day import contract_mid
from alvh_bt.pricing.strikes import strike_by_delta

#: Mini VIX futures trade from 2020-08-10 (epoch day); before, whole sizes are in VX.
VXM_FROM = 18484
VX_PER_VXM = 10.0

#: Package ids of held lots begin here, beyond those of every condor.
LOT_PACKAGES = 1 << 40

#: Calendar days beyond its roll that a future must have left to be bought: nobody buys what is to be
#: sold, or settles, within the week.
FRESH_DAYS = 7


@rule
def fewest_dte(layered: LayeredParams) -> int:
    """Return the calendar days that a future must have left to be bought, by any hedge."""
    return layered.future_roll_dte + FRESH_DAYS


@rule
def hedge_package(group: int, layer: int, part: int) -> int:
    """Return the package id of a hedge order: its condor, its layer and a part number below 16."""
    return group * 256 + layer * 16 + part


@rule
def lot_package(lot_id: int) -> int:
    """Return the package id of orders on a held lot: each lot is sold or rolled by itself."""
    return LOT_PACKAGES + lot_id


@rule
def front_month(today: Today, month: int, min_dte: int) -> int:
    """Return the expiry (epoch day) of the `month`-th listed VX contract, 0 the first, or -1.

    Contracts with fewer than `min_dte` calendar days left at the fill do not count.
    """
    seen = 0
    first = np.searchsorted(today.vx.day, today.fill_day + max(1, min_dte))
    for i in range(first, today.vx.day.shape[0]):
        if today.vx.listed_from[i] > today.day:
            continue
        if seen == month:
            return int(today.vx.day[i])
        seen += 1
    return -1


@rule
def future_size(vx: float, day: int, sizes: int) -> tuple[int, float]:
    """Return the root and the contracts that stand for `vx` VX futures under the size rule."""
    if sizes == Sizes.FRACTIONAL:
        return Root.VX, vx
    if day >= VXM_FROM:
        return Root.VXM, float(round(vx * VX_PER_VXM))
    return Root.VX, float(round(vx))


@rule
def buy(
    contract: Contract,
    contracts: float,
    layer: int,
    group: int,
    action: int,
    reason: int,
    package: int,
    today: Today,
) -> Order:
    """Return the order that buys `contracts` of a contract for a hedge layer."""
    mid = contract_mid(contract, today.prices)
    return make_order(Book.HEDGE, layer, action, group, -1, contract, contracts, mid, reason, package)


@rule
def buy_futures(
    vx: float,
    front_weight: float,
    min_dte: int,
    layer: int,
    group: int,
    reason: int,
    sizes: int,
    today: Today,
) -> Decision:
    """Return orders for `vx` VX spread over the two front months; a note where there are none.

    Contracts with fewer than `min_dte` days left at the fill are passed over.
    """
    decision = nothing()
    missing = Reason.NOT_LISTED
    for month, weight in ((0, front_weight), (1, 1.0 - front_weight)):
        expiry = front_month(today, month, min_dte)
        if expiry < 0:
            continue
        root, contracts = future_size(vx * weight, today.fill_day, sizes)
        if contracts == 0.0:
            missing = Reason.TOO_SMALL
            continue
        contract = make_contract(root, Right.FUTURE, 0.0, expiry)
        package = hedge_package(group, layer, 0)
        decision.orders.append(buy(contract, contracts, layer, group, Action.OPEN, reason, package, today))
    if len(decision.orders) == 0:
        decision.notes.append(make_note(Book.HEDGE, layer, group, missing))
    return decision


@rule
def call_expiry(today: Today, low: int, high: int) -> int:
    """Return the expiry of the listed VIX option whose DTE at the fill is nearest `low`..`high`, or -1.

    Monthly expiries are 28 or 35 days apart, so that some days have none inside a narrow band; the
    nearest to it, at least a week away, is taken then.
    """
    best, best_gap = -1, 10_000
    first = np.searchsorted(today.vix.day, today.fill_day + 7)
    for i in range(first, today.vix.day.shape[0]):
        if today.vix.listed_from[i] > today.day:
            continue
        dte = today.vix.day[i] - today.fill_day
        gap = max(0, low - dte, dte - high)
        if gap < best_gap:
            best, best_gap = int(today.vix.day[i]), gap
        if dte > high:
            break
    return best


@rule
def call_of_delta(today: Today, expiry: int, delta: float) -> Contract:
    """Return the listed VIX call of an expiry nearest a delta; its strike is NaN where there is none."""
    if expiry < 0:
        return make_contract(Root.VIX, Right.CALL, math.nan, 0)
    strike = strike_by_delta(Root.VIX, Right.CALL, expiry, delta, today.prices)
    return make_contract(Root.VIX, Right.CALL, strike, expiry)


@rule
def rung_call(today: Today, rung: int, params: LayeredParams) -> Contract:
    """Return the VIX call of a rung of layer two's ladder, 0 the first; its strike is NaN if none is listed.

    Rungs stand evenly from `call_dte_low` to `call_dte_high`, each at the listed expiry nearest its own
    place if that lies in the band, else all at the one nearest the band; each further rung has a lower
    delta, so that there is a ladder of strikes where only one expiry is listed.
    """
    low, high = params.call_dte_low, params.call_dte_high
    expiry = -1
    if params.rungs > 1:
        place = low + (high - low) * rung // (params.rungs - 1)
        expiry = call_expiry(today, place, place)
    if not low <= expiry - today.fill_day <= high:
        expiry = call_expiry(today, low, high)
    return call_of_delta(today, expiry, max(0.01, params.second_delta - rung * params.rung_delta_step))


@rule
def rung_weight(today: Today, rung: int, params: LayeredParams) -> float:
    """Return a rung's share of layer two, 0 to 1; the shares of all rungs add up to 1.

    Even, but tilted between the first and the last by the interest-rate differential: towards the last
    (the longest calls) where it is low, for a flat or inverted curve announces long trouble, not a scare.
    """
    share = 1.0 / params.rungs
    differential = today.signals[SignalCode.RATE_DIFFERENTIAL]
    if params.rungs == 1 or math.isnan(differential):
        return share
    room = params.differential_high - params.differential_low
    place = min(1.0, max(0.0, (differential - params.differential_low) / room))
    tilt = params.differential_tilt * (1.0 - 2.0 * place) * 2.0 * share
    if rung == params.rungs - 1:
        return share + tilt
    return share - tilt if rung == 0 else share


@rule
def call_size(calls: float, sizes: int) -> float:
    """Return contracts of VIX calls under the size rule."""
    return calls if sizes == Sizes.FRACTIONAL else float(round(calls))


@rule
def held(book: BookView, group: int, layer: int) -> bool:
    """Return whether the hedge holds a lot of this layer for this condor."""
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if lot["book"] == Book.HEDGE and lot["group"] == group and lot["layer"] == layer:
            return True
    return False
