"""Exchange-traded notes in the place of VX futures, where those are thin."""

from __future__ import annotations

import math

from alvh_bt.book.codes import Action, Book, Layer, Reason
from alvh_bt.book.records import Decision, closing_order, extend, make_note, nothing
from alvh_bt.book.view import BookView, CondorView, Today
from alvh_bt.choices import Proxy, SignalCode
from alvh_bt.compiled import rule
from alvh_bt.config import LayeredParams
from alvh_bt.contracts import NO_EXPIRY, Contract, Right, Root, contract_multiplier, make_contract
from alvh_bt.hedges.instruments import buy, buy_futures, fewest_dte, hedge_package, lot_package
from alvh_bt.pricing.day import quote_contract


@rule
def thin_vx(today: Today, params: LayeredParams) -> bool:
    """Return whether the two front months of VX traded too little today; False where nobody knows."""
    return params.proxy != Proxy.NONE and today.signals[SignalCode.VX_VOLUME] < params.thin_volume


@rule
def proxy_contract(params: LayeredParams) -> Contract:
    """Return the share that stands in for VX."""
    root = Root.UVXY if params.proxy == Proxy.UVXY else Root.VXX
    return make_contract(root, Right.FUTURE, 0.0, NO_EXPIRY)


@rule
def buy_volatility(vx: float, today: Today, group: int, params: LayeredParams, sizes: int) -> Decision:
    """Return the purchase of `vx` VX futures for layer one, or of shares as sensitive where VX is thin.

    Where VX is thin and no share is listed, futures are bought all the same and a note says so. Only what
    is bought (`vx` > 0) has shares in its place. Shares are never rounded: their prices are adjusted for
    splits to come, so that one share of the file was thousands of shares of the day.
    """
    decision = nothing()
    if vx > 0.0 and thin_vx(today, params):
        contract = proxy_contract(params)
        quote = quote_contract(contract, today.prices)
        if not math.isnan(quote.mid):
            # USD a VX point: of a future its multiplier, of a share its delta.
            shares = vx * contract_multiplier(Root.VX) / quote.delta
            package, reason = hedge_package(group, Layer.ONE, 0), Reason.THIN_VX
            order = buy(contract, shares, Layer.ONE, group, Action.OPEN, reason, package, today)
            decision.orders.append(order)
            return decision
        decision.notes.append(make_note(Book.HEDGE, Layer.ONE, group, Reason.NO_PROXY))
    least, reason = fewest_dte(params), Reason.CONDOR_OPENED
    extend(decision, buy_futures(vx, params.front_weight, least, Layer.ONE, group, reason, sizes, today))
    return decision


@rule
def leave_note(
    decision: Decision,
    today: Today,
    book: BookView,
    row: int,
    condor: CondorView,
    params: LayeredParams,
    sizes: int,
) -> None:
    """Append the exchange of the shares in `row` for VX futures, once VX is liquid again."""
    lot = book.lots[row]
    if thin_vx(today, params):
        return
    quote = quote_contract(proxy_contract(params), today.prices)
    vx = lot["contracts"] * quote.delta / contract_multiplier(Root.VX)
    unknown = math.isnan(today.signals[SignalCode.VX_VOLUME])
    least, reason = fewest_dte(params), Reason.VOLUME_UNKNOWN if unknown else Reason.VX_LIQUID
    swap = buy_futures(vx, params.front_weight, least, Layer.ONE, condor.id, reason, sizes, today)
    if len(swap.orders) == 0:
        return
    package, mid = lot_package(lot["id"]), book.marks[row]["mid"]
    decision.orders.append(closing_order(lot, mid, reason, Action.ROLL, package))
    for order in swap.orders:
        contract = make_contract(order.root, order.right, order.strike, order.expiry)
        decision.orders.append(
            buy(contract, order.contracts, Layer.ONE, condor.id, Action.ROLL, reason, package, today)
        )
