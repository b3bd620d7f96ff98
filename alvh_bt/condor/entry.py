"""When a condor is opened, in which expiry and at which size."""

from __future__ import annotations

from alvh_bt.book.records import Book, Decision, Reason, make_note, nothing, order_contract
from alvh_bt.book.view import BookView, Today
from alvh_bt.calendars import listed_expiry_nearest
from alvh_bt.compiled import rule
from alvh_bt.condor.legs import open_side
from alvh_bt.config import BookParams, CondorParams, CostParams, Schedule, Sizes
from alvh_bt.contracts import Right, Root, contract_multiplier
from alvh_bt.costs.spreads import half_cost
from alvh_bt.pricing.day import underlying_scale


@rule
def entry_is_due(today: Today, params: CondorParams) -> bool:
    """Return whether the schedule allows an entry on this day's close."""
    if params.schedule == Schedule.WEEKLY:
        return today.week_start
    if params.schedule == Schedule.MONTHLY:
        return today.after_monthly_expiry
    return today.since_start % params.every_sessions == 0


@rule
def condor_contracts(spot: float, root: int, condor: CondorParams, book: BookParams) -> float:
    """Return contracts of a new condor: the notional shared by `max_open`, over multiplier x level."""
    level = spot * underlying_scale(root)
    contracts = book.notional_usd / condor.max_open / (contract_multiplier(root) * level)
    return max(1.0, round(contracts)) if book.contracts == Sizes.WHOLE else contracts


@rule
def enter_condor(
    today: Today, book: BookView, params: CondorParams, money: BookParams, costs: CostParams
) -> Decision:
    """Return the four-leg entry that is due on this close, or the note that says why there is none.

    Parameters
    ----------
    today, book
        What is known at the close.
    params, money, costs
        Settings of the leg manager, the book and the costs.

    Returns
    -------
    Decision
        Four orders in one package, or none; empty where no entry is due or `max_open` are open.
    """
    decision = nothing()
    if not entry_is_due(today, params) or book.condors.shape[0] >= params.max_open:
        return decision
    if 0.0 < params.max_entry_vix < today.prices.vix_level:
        decision.notes.append(make_note(Book.CONDOR, 0, book.next_group, Reason.VIX_TOO_HIGH))
        return decision
    row = listed_expiry_nearest(today.spx, today.fill_day, params.target_dte, 1)
    dte = today.spx.day[row] - today.fill_day if row >= 0 else 0
    if row < 0 or abs(dte - params.target_dte) > max(2.0, params.dte_tolerance * params.target_dte):
        decision.notes.append(make_note(Book.CONDOR, 0, book.next_group, Reason.NO_EXPIRY))
        return decision
    root = Root.XSP if money.contracts == Sizes.WHOLE else today.spx.root[row]
    contracts = condor_contracts(today.prices.spot, root, params, money)
    package = book.next_group * 4
    net = 0.0
    for right in (Right.PUT, Right.CALL):
        legs = open_side(
            today, root, right, today.spx.day[row], contracts, book.next_group, params, Reason.ENTRY, package
        )
        for order in legs.orders:
            net -= order.contracts / contracts * order.price + half_cost(
                order_contract(order), order.price, costs.thin_delta, today.prices, costs
            )
            decision.orders.append(order)
    if len(decision.orders) < 4 or net <= 0.0:
        reason = Reason.NO_STRIKES if len(decision.orders) < 4 else Reason.NO_CREDIT
        decision.orders.clear()
        decision.notes.append(make_note(Book.CONDOR, 0, book.next_group, reason))
    return decision
