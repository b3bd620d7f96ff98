"""What becomes of a layer that is held: sold in part, sold, or rolled forward along the curve."""

from __future__ import annotations

import math
from typing import Any

from alvh_bt.book.codes import Action, Book, Layer, Reason, Status
from alvh_bt.book.records import Decision, closing_order, reducing_order
from alvh_bt.book.view import BookView, CondorView, Today, tradable
from alvh_bt.compiled import inlined_rule, rule
from alvh_bt.config import LayeredParams, Sizes
from alvh_bt.contracts import Contract, is_future, is_share, make_contract
from alvh_bt.hedges.deployment import layer_call
from alvh_bt.hedges.instruments import buy, front_month, lot_package
from alvh_bt.hedges.notes import leave_note
from alvh_bt.hedges.sizing import LayeredRules
from alvh_bt.hedges.triggers import NO_REASON, second_is_relaxed, third_is_relaxed


@inlined_rule
def manage_lots(
    decision: Decision, today: Today, book: BookView, condor: CondorView, rules: LayeredRules
) -> None:
    """Append the sales and rolls of one condor's hedge lots that this close asks for.

    Leaving outranks monetising, and monetising outranks rolling: what is sold in part today is rolled on
    a later close.
    """
    for row in range(book.lots.shape[0]):
        lot = book.lots[row]
        if lot["book"] != Book.HEDGE or lot["group"] != condor.id:
            continue
        if not tradable(lot["root"], lot["expiry"], today):
            continue
        mid = book.marks[row]["mid"]
        package = lot_package(lot["id"])
        held_days = today.day - lot["entry_day"]
        if is_relaxed(today, condor, lot["layer"], held_days, rules.layered):
            decision.orders.append(closing_order(lot, mid, Reason.RELAXED, Action.CLOSE, package))
            continue
        sold = monetised_size(lot, mid, rules)
        if sold != 0.0:
            reason = Reason.MONETISED
            decision.orders.append(reducing_order(lot, -sold, mid, reason, Action.CLOSE, package))
            continue
        if is_share(lot["root"]):
            leave_note(decision, today, book, row, condor, rules.layered, rules.sizes)
        else:
            roll_lot(decision, today, book, row, condor, rules)


@inlined_rule
def is_relaxed(today: Today, condor: CondorView, layer: int, held_days: int, params: LayeredParams) -> bool:
    """Return whether the danger that deployed layer two or three is over; layer one stays with its condor.

    `held_days` are the calendar days since the lot was bought.
    """
    if layer == Layer.TWO:
        return second_is_relaxed(condor, today.prices.vix_level, params)
    return layer == Layer.THREE and third_is_relaxed(condor, today, held_days, params)


@inlined_rule
def monetised_size(lot: Any, mid: float, rules: LayeredRules) -> float:
    """Return the contracts (the lot's sign) that a spike turns into credit on this close, 0.0 for none.

    The n-th sale of a lot comes when its mark is the n-th power of a multiple of what it was bought
    at, and sells a share of what is left. Sold futures (short volatility) are not monetised.
    """
    params = rules.layered
    linear = is_future(lot["root"]) or is_share(lot["root"])
    multiple = params.monetise_future if linear else params.monetise_multiple
    if (
        multiple <= 0.0
        or lot["contracts"] <= 0.0
        or mid < lot["entry_price"] * multiple ** (lot["sales"] + 1)
    ):
        return 0.0
    size = lot["contracts"] * params.monetise_share
    whole = rules.sizes == Sizes.WHOLE and not is_share(lot["root"])
    return float(math.ceil(size)) if whole else size


@inlined_rule
def roll_lot(
    decision: Decision, today: Today, book: BookView, row: int, condor: CondorView, rules: LayeredRules
) -> None:
    """Append the roll of the lot in `row` into its next contract, if it is due."""
    lot = book.lots[row]
    reason = roll_reason(lot, today, condor, rules.layered)
    if reason == NO_REASON:
        return
    contract = next_contract(today, book, row, reason, rules)
    if contract.expiry <= lot["expiry"]:
        return
    package = lot_package(lot["id"])
    mid = book.marks[row]["mid"]
    decision.orders.append(closing_order(lot, mid, reason, Action.ROLL, package))
    decision.orders.append(
        buy(contract, lot["contracts"], lot["layer"], condor.id, Action.ROLL, reason, package, today)
    )


@inlined_rule
def roll_reason(lot: Any, today: Today, condor: CondorView, params: LayeredParams) -> int:
    """Return why a lot is rolled on this close (`Reason`), or -1.

    Before it would decay away or settle, by its days to expiry at the fill; and earlier, below `shift_dte`,
    in time with a roll of the condor's own short strikes.
    """
    dte = lot["expiry"] - today.fill_day
    if dte <= (params.future_roll_dte if is_future(lot["root"]) else params.call_roll_dte):
        return Reason.ROLL_FORWARD
    if condor.status == Status.ROLLING and dte <= params.shift_dte:
        return Reason.TIME_SHIFT
    return NO_REASON


@rule
def next_contract(today: Today, book: BookView, row: int, reason: int, rules: LayeredRules) -> Contract:
    """Return the contract that the lot in `row` is rolled into; its own where no later one is listed.

    A future goes to the first of the next months that its layer does not hold; a call goes to the tenor and
    delta of its rung.
    """
    lot, params = book.lots[row], rules.layered
    same = make_contract(lot["root"], lot["right"], lot["strike"], lot["expiry"])
    if is_future(lot["root"]):
        least = params.shift_dte if reason == Reason.TIME_SHIFT else params.future_roll_dte
        front, second = front_month(today, 0, least + 1), front_month(today, 1, least + 1)
        expiry = second if holds_future(book, lot["group"], front) else front
        return same if expiry < 0 else make_contract(lot["root"], lot["right"], 0.0, expiry)
    rolled_to = layer_call(today, lot["layer"], rung_of(book, row, params), rules)
    return same if math.isnan(rolled_to.strike) else rolled_to


@rule
def rung_of(book: BookView, row: int, params: LayeredParams) -> int:
    """Return the rung of the call in `row`: how many calls of its layer have a lower strike."""
    lot, lower = book.lots[row], 0
    for i in range(book.lots.shape[0]):
        other = book.lots[i]
        ours = other["book"] == Book.HEDGE and other["group"] == lot["group"]
        if ours and other["layer"] == lot["layer"] and other["strike"] < lot["strike"]:
            lower += 1
    return min(lower, params.rungs - 1)


@rule
def holds_future(book: BookView, group: int, expiry: int) -> bool:
    """Return whether layer one of a condor holds the future of this expiry."""
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        ours = lot["book"] == Book.HEDGE and lot["group"] == group and is_future(lot["root"])
        if ours and lot["expiry"] == expiry:
            return True
    return False
