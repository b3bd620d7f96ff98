"""When a condor is left, and when a tested side of it is rolled."""

from __future__ import annotations

from alvh_bt.book.records import Action, Book, Decision, Layer, Reason, Status, closing_order, extend, nothing
from alvh_bt.book.view import BookView, CondorView, Today, tradable, view_condor
from alvh_bt.compiled import rule
from alvh_bt.condor.entry import enter_condor, open_side
from alvh_bt.config import BookParams, CondorParams, CostParams
from alvh_bt.contracts import Right

NO_REASON = -1


@rule
def exit_reason(condor: CondorView, day: int, params: CondorParams) -> int:
    """Return why the whole condor is left on this close (`Reason`), or -1.

    A loss outranks a profit, and both outrank the calendar. The profit of a unit is the net credit
    less the cost to close at mid, points, with what rolls cost in it; targets are shares of the credit at
    entry, which a roll does not move. The time exit is for condors that began beyond it.
    """
    profit = condor.credit_points - condor.cost_to_close
    if params.stop_loss > 0.0 and -profit >= params.stop_loss * condor.entry_credit_points:
        return Reason.STOP_LOSS
    if params.take_profit > 0.0 and profit >= params.take_profit * condor.entry_credit_points:
        return Reason.TAKE_PROFIT
    if condor.entry_dte > params.exit_dte >= condor.expiry - day:
        return Reason.TIME_EXIT
    return NO_REASON


@rule
def tested_side(condor: CondorView, params: CondorParams) -> int:
    """Return the side (`Right`) whose short strike is to be rolled, or 0."""
    if params.roll_delta <= 0.0:
        return 0
    put = condor.short_put_delta if condor.put_rolls < params.max_rolls else 0.0
    call = condor.short_call_delta if condor.call_rolls < params.max_rolls else 0.0
    if max(put, call) < params.roll_delta:
        return 0
    return Right.PUT if put >= call else Right.CALL


@rule
def close_legs(
    book: BookView, condor: CondorView, first: int, last: int, reason: int, action: int, package: int
) -> Decision:
    """Return the orders that close the condor's legs with layer codes `first`..`last`."""
    decision = nothing()
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        ours = lot["book"] == Book.CONDOR and lot["group"] == condor.id
        if ours and first <= lot["layer"] <= last:
            decision.orders.append(closing_order(lot, book.marks[i]["mid"], reason, action, package))
    return decision


@rule
def manage_condor(today: Today, book: BookView, row: int, params: CondorParams) -> Decision:
    """Return the orders that leave or roll the condor in row `row`, if any.

    A condor that settles before an order could be filled is left to settle.
    """
    condor = view_condor(book, row)
    if not tradable(condor.root, condor.expiry, today):
        return nothing()
    reason = exit_reason(condor, today.day, params)
    if reason != NO_REASON:
        return close_legs(
            book, condor, Layer.LONG_PUT, Layer.LONG_CALL, reason, Action.CLOSE, condor.id * 4 + 1
        )
    side = tested_side(condor, params)
    if side == 0:
        return nothing()
    put = side == Right.PUT
    reason = Reason.ROLL_PUT if put else Reason.ROLL_CALL
    package = condor.id * 4 + (2 if put else 3)
    opened = open_side(
        today, condor.root, side, condor.expiry, condor.contracts, condor.id, params, reason, package
    )
    if len(opened.orders) < 2:
        return nothing()
    first, last = (Layer.LONG_PUT, Layer.SHORT_PUT) if put else (Layer.SHORT_CALL, Layer.LONG_CALL)
    decision = close_legs(book, condor, first, last, reason, Action.ROLL, package)
    extend(decision, opened)
    return decision


@rule
def decide_condor(
    today: Today, book: BookView, params: CondorParams, money: BookParams, costs: CostParams
) -> Decision:
    """Return all that the leg manager decides on this close: exits and rolls first, then an entry.

    Parameters
    ----------
    today, book
        What is known at the close.
    params, money, costs
        Settings of the leg manager, the book and the costs.
    """
    decision = nothing()
    for row in range(book.condors.shape[0]):
        if book.condors[row]["status"] == Status.OPEN:
            extend(decision, manage_condor(today, book, row, params))
    extend(decision, enter_condor(today, book, params, money, costs))
    return decision
