"""When a condor is left, and all that the leg manager decides on a close."""

from __future__ import annotations

from alvh_bt.book.records import Action, Decision, Layer, Reason, Status, extend, nothing
from alvh_bt.book.view import BookView, CondorView, Today, tradable, view_condor
from alvh_bt.compiled import rule
from alvh_bt.condor.entry import enter_condor
from alvh_bt.condor.legs import close_legs
from alvh_bt.condor.rolls import may_roll, roll_condor, tested_side
from alvh_bt.config import BookParams, CondorParams, CostParams

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
    if side == 0 or not may_roll(today.prices.vix_level, params):
        return nothing()
    return roll_condor(today, book, condor, side, params)


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
