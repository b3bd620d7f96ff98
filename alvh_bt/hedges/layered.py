"""The adaptive layered hedge, its three market-triggered layers.

Layer one is deployed with the condor; layer two when a short strike is approached or implied
volatility expands; layer three after a confirmed close beyond the put break-even with a spike in
flow. Each leaves by its own rule and is rolled forward along the curve before it decays away.
"""

from __future__ import annotations

import math
from typing import ClassVar

from alvh_bt.book.records import (
    Action,
    Book,
    Decision,
    Layer,
    Reason,
    Status,
    closing_order,
    extend,
    make_note,
    nothing,
)
from alvh_bt.book.view import BookView, CondorView, Today, tradable, view_condor
from alvh_bt.compiled import rule
from alvh_bt.config import LayeredParams, Study
from alvh_bt.contracts import Contract, is_future, make_contract
from alvh_bt.hedges.instruments import (
    buy,
    buy_futures,
    call_expiry,
    call_of_delta,
    call_size,
    fewest_dte,
    front_month,
    hedge_package,
    held,
)
from alvh_bt.hedges.lifecycle import close_orphans, condor_is_on
from alvh_bt.hedges.policy import Hedge
from alvh_bt.hedges.sizing import CALLS_PER_VX, target_vx
from alvh_bt.signals import FLOW_SPIKE
from alvh_bt.signals.break_even import closes_below
from alvh_bt.signals.iv_expansion import iv_expansion
from alvh_bt.signals.short_strike_delta import short_strike_delta

NO_REASON = -1


@rule
def second_trigger(condor: CondorView, vix_level: float, params: LayeredParams) -> int:
    """Return why layer two is deployed (`Reason`), or -1; a short strike's delta outranks VIX."""
    if short_strike_delta(condor) >= params.trigger_delta:
        return Reason.SHORT_DELTA
    if iv_expansion(vix_level, condor.entry_vix) >= params.trigger_iv_expansion:
        return Reason.IV_EXPANSION
    return NO_REASON


@rule
def second_is_relaxed(condor: CondorView, vix_level: float, params: LayeredParams) -> bool:
    """Return whether both triggers of layer two are back below their lower thresholds."""
    calm_delta = short_strike_delta(condor) <= params.relax_delta
    return calm_delta and iv_expansion(vix_level, condor.entry_vix) <= params.relax_iv_expansion


@rule
def third_trigger(condor: CondorView, today: Today, params: LayeredParams) -> int:
    """Return `BREAK_EVEN_AND_FLOW`, `UNAVAILABLE` (below, but flow unknown: neutral), or -1."""
    if closes_below(today.closes, condor.break_even) < params.confirm_closes:
        return NO_REASON
    flow = today.signals[FLOW_SPIKE]
    if math.isnan(flow):
        return Reason.UNAVAILABLE
    return Reason.BREAK_EVEN_AND_FLOW if flow >= params.flow_percentile else NO_REASON


@rule
def third_is_relaxed(condor: CondorView, today: Today, params: LayeredParams) -> bool:
    """Return whether the index is back above the break-even with the flow calm or unknown."""
    if closes_below(today.closes, condor.break_even) > 0:
        return False
    return not today.signals[FLOW_SPIKE] > params.calm_percentile


@rule
def deploy(today: Today, book: BookView, condor: CondorView, params: LayeredParams, sizes: int) -> Decision:
    """Return the layers that this close adds for one condor."""
    vx = target_vx(condor, today.prices.spot, params)
    if condor.status == Status.PLANNED:
        return buy_futures(
            vx * params.first_share,
            params.front_weight,
            fewest_dte(params),
            Layer.ONE,
            condor.id,
            Reason.CONDOR_OPENED,
            sizes,
            today,
        )
    decision = nothing()
    if condor.second_entries < params.max_entries and not held(book, condor.id, Layer.TWO):
        reason = second_trigger(condor, today.prices.vix_level, params)
        calls = vx * params.second_share * CALLS_PER_VX
        add_calls(decision, today, condor, Layer.TWO, calls, params.second_delta, reason, params, sizes)
    if condor.third_entries < params.max_entries and not held(book, condor.id, Layer.THREE):
        reason = third_trigger(condor, today, params)
        calls = vx * params.third_share * CALLS_PER_VX
        add_calls(decision, today, condor, Layer.THREE, calls, params.third_delta, reason, params, sizes)
    return decision


@rule
def add_calls(
    decision: Decision,
    today: Today,
    condor: CondorView,
    layer: int,
    calls: float,
    delta: float,
    reason: int,
    params: LayeredParams,
    sizes: int,
) -> None:
    """Append the purchase of a call layer, or the note that says why there is none."""
    size = call_size(calls, sizes)
    if reason == NO_REASON or size == 0.0:
        return
    if reason == Reason.UNAVAILABLE:
        decision.notes.append(make_note(Book.HEDGE, layer, condor.id, reason))
        return
    contract = call_of_delta(today, call_expiry(today, params.call_dte_low, params.call_dte_high), delta)
    if math.isnan(contract.strike):
        decision.notes.append(make_note(Book.HEDGE, layer, condor.id, Reason.NOT_LISTED))
        return
    package = hedge_package(condor.id, layer, 0)
    decision.orders.append(buy(contract, size, layer, condor.id, Action.OPEN, reason, package, today))


@rule
def leave_reason(today: Today, condor: CondorView, layer: int, gain: float, params: LayeredParams) -> int:
    """Return why a call layer is sold (`Reason`), or -1; `gain` is its mark over its cost."""
    if params.monetise_multiple > 0.0 and gain >= params.monetise_multiple:
        return Reason.MONETISED
    if layer == Layer.TWO and second_is_relaxed(condor, today.prices.vix_level, params):
        return Reason.RELAXED
    if layer == Layer.THREE and third_is_relaxed(condor, today, params):
        return Reason.RELAXED
    return NO_REASON


@rule
def next_contract(today: Today, book: BookView, row: int, params: LayeredParams) -> Contract:
    """Return the contract that the lot in `row` is rolled into; the same one where it need not be.

    A future close to settlement goes to the first of the next months that its layer does not hold; a
    call goes to the tenor and delta at which its layer is bought.
    """
    lot = book.lots[row]
    same = make_contract(lot["root"], lot["right"], lot["strike"], lot["expiry"])
    dte = lot["expiry"] - today.fill_day
    if is_future(lot["root"]):
        if dte > params.future_roll_dte:
            return same
        front = front_month(today, 0, params.future_roll_dte + 1)
        second = front_month(today, 1, params.future_roll_dte + 1)
        expiry = second if holds_future(book, lot["group"], front) else front
        return same if expiry < 0 else make_contract(lot["root"], lot["right"], 0.0, expiry)
    if dte > params.call_roll_dte:
        return same
    delta = params.second_delta if lot["layer"] == Layer.TWO else params.third_delta
    rolled_to = call_of_delta(today, call_expiry(today, params.call_dte_low, params.call_dte_high), delta)
    return same if math.isnan(rolled_to.strike) else rolled_to


@rule
def holds_future(book: BookView, group: int, expiry: int) -> bool:
    """Return whether layer one of a condor holds the future of this expiry."""
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        ours = lot["book"] == Book.HEDGE and lot["group"] == group and is_future(lot["root"])
        if ours and lot["expiry"] == expiry:
            return True
    return False


@rule
def manage_lot(
    decision: Decision, today: Today, book: BookView, row: int, condor: CondorView, params: LayeredParams
) -> None:
    """Append the sale or the roll of one hedge lot, if this close asks for one."""
    lot = book.lots[row]
    mid = book.marks[row]["mid"]
    if not tradable(lot["root"], lot["expiry"], today):
        return
    part = 1 + row % 6
    package = hedge_package(condor.id, lot["layer"], part)
    if not is_future(lot["root"]):
        reason = leave_reason(today, condor, lot["layer"], mid / lot["entry_price"], params)
        if reason != NO_REASON:
            decision.orders.append(closing_order(lot, mid, reason, Action.CLOSE, package))
            return
    contract = next_contract(today, book, row, params)
    if contract.expiry == lot["expiry"]:
        return
    reason = Reason.ROLL_FORWARD
    decision.orders.append(closing_order(lot, mid, reason, Action.ROLL, package))
    decision.orders.append(
        buy(contract, lot["contracts"], lot["layer"], condor.id, Action.ROLL, reason, package, today)
    )


@rule
def decide_layered(today: Today, book: BookView, params: LayeredParams, sizes: int) -> Decision:
    """Return the layered hedge's decision: orphans closed, lots managed, layers added.

    Parameters
    ----------
    today, book
        What is known at the close.
    params
        Sizes, triggers, exits and rolls.
    sizes
        `Sizes` code.
    """
    decision = nothing()
    close_orphans(today, book, decision)
    for row in range(book.condors.shape[0]):
        if not condor_is_on(today, book, book.condors[row]["id"]):
            continue
        condor = view_condor(book, row)
        for i in range(book.lots.shape[0]):
            lot = book.lots[i]
            if lot["book"] == Book.HEDGE and lot["group"] == condor.id:
                manage_lot(decision, today, book, i, condor, params)
        extend(decision, deploy(today, book, condor, params, sizes))
    return decision


class Layered(Hedge):
    """Three layers that come and go with the condor's danger."""

    name: ClassVar[str] = "layered"

    def __init__(self, study: Study) -> None:
        super().__init__(study)
        self.settings = (study.layered, int(study.book.contracts))

    def decide(self, today: Today, book: BookView) -> Decision:
        """Return the decision of `decide_layered`."""
        return decide_layered(today, book, *self.settings)
