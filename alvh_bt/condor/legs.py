"""The orders that open a side of a condor, and those that close legs of it."""

from __future__ import annotations

import math

from alvh_bt.book.records import Action, Book, Decision, Reason, closing_order, make_order, nothing
from alvh_bt.book.view import BookView, CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.condor.strikes import choose_spread, rolled_spread, side_layers
from alvh_bt.config import CondorParams
from alvh_bt.contracts import make_contract
from alvh_bt.pricing.day import quote_contract


@rule
def open_side(
    today: Today,
    root: int,
    right: int,
    expiry: int,
    contracts: float,
    group: int,
    params: CondorParams,
    reason: int,
    package: int,
) -> Decision:
    """Return the two orders that open one side (short strike and wing), or none where no strike fits."""
    decision = nothing()
    if reason == Reason.ENTRY:
        action = Action.OPEN
        spread = choose_spread(root, right, expiry, today.prices, params)
    else:
        action = Action.ROLL
        spread = rolled_spread(root, right, expiry, today.prices, params)
    if math.isnan(spread.short):
        return decision
    short_layer, wing_layer = side_layers(right)
    for layer, strike, sign in ((short_layer, spread.short, -1.0), (wing_layer, spread.wing, 1.0)):
        contract = make_contract(root, right, strike, expiry)
        mid = quote_contract(contract, today.prices).mid
        decision.orders.append(
            make_order(
                Book.CONDOR, layer, action, group, -1, contract, sign * contracts, mid, reason, package
            )
        )
    return decision


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
