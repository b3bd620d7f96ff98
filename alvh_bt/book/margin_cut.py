"""What a run that may not stop does instead: cut positions, and enter only what can be carried."""

from __future__ import annotations

import math

from alvh_bt.book.records import (
    Action,
    Book,
    Decision,
    Order,
    Reason,
    Rows,
    closing_order,
    make_note,
    make_order,
    nothing,
    order_contract,
)
from alvh_bt.book.view import Today, tradable
from alvh_bt.compiled import rule
from alvh_bt.config import Sizes
from alvh_bt.contracts import contract_multiplier, is_future, is_share

#: The cut goes a little beyond the shortfall, since the next open may be worse than this close.
CUSHION = 1.05


@rule
def resized(order: Order, contracts: float) -> Order:
    """Return the order with other contracts (signed)."""
    return make_order(
        order.book,
        order.layer,
        order.action,
        order.group,
        order.lot,
        order_contract(order),
        contracts,
        order.price,
        order.reason,
        order.package,
    )


@rule
def cutting_orders(
    lots: Rows, marks: Rows, required: float, shortfall: float, today: Today, sizes: int
) -> Decision:
    """Return orders that reduce every lot by the share that meets the margin.

    Parameters
    ----------
    lots, marks
        The book at the close.
    required, shortfall
        USD that must be at hand, and USD of it that are missing.
    today
        The calendar: a lot that settles before the fill is left to settle.
    sizes
        `Sizes` code; whole contracts are cut by whole contracts, rounded up.

    Returns
    -------
    Decision
        Each condor's legs in one package; the whole of every lot where the share exceeds one.
    """
    share = min(1.0, CUSHION * shortfall / max(required, 1e-9))
    decision = nothing()
    for i in range(lots.shape[0]):
        lot = lots[i]
        if not tradable(lot["root"], lot["expiry"], today):
            continue
        package = lot["group"] * 4 if lot["book"] == Book.CONDOR else lot["id"]
        order = closing_order(lot, marks[i]["mid"], Reason.MARGIN_CUT, Action.CLOSE, package)
        size = abs(order.contracts) * share
        if sizes == Sizes.WHOLE and not is_share(order.root):
            size = min(abs(order.contracts), float(math.ceil(size - 1e-9)))
        decision.orders.append(resized(order, math.copysign(size, order.contracts)))
    return decision


@rule
def affordable(
    decision: Decision, pending: list[Order], money: float, margin_rate: float, sizes: int
) -> Decision:
    """Return the decision with its openings scaled to the money at hand, and a note where it was.

    Parameters
    ----------
    decision
        Orders of the condor or of the hedge.
    pending
        Orders already sent on this close, whose money is spoken for.
    money
        USD at hand beyond what the book requires.
    margin_rate
        Deposit for futures, share of their value.
    sizes
        `Sizes` code; whole contracts are rounded down, a package with a leg of none is dropped.
    """
    rolls = debit(decision.orders)
    free = max(0.0, money - opening_need(pending, margin_rate) - debit(pending))
    need = opening_need(decision.orders, margin_rate)
    if need + rolls <= free:
        return decision
    kept = nothing()
    keeps_rolls = rolls <= free
    share = min(1.0, (free - rolls if keeps_rolls else free) / need / CUSHION) if need > 0.0 else 1.0
    _keep(kept.orders, decision.orders, Action.CLOSE)
    if keeps_rolls:
        _keep(kept.orders, decision.orders, Action.ROLL)
    for order in decision.orders:
        if order.action == Action.OPEN and not _loses_a_leg(order, decision.orders, share, sizes):
            kept.orders.append(resized(order, _scaled(order, share, sizes)))
    for note in decision.notes:
        kept.notes.append(note)
    first = _first_at_stake(decision.orders)
    kept.notes.append(make_note(first.book, first.layer, first.group, Reason.MARGIN_CUT))
    return kept


@rule
def _keep(kept: list[Order], orders: list[Order], action: int) -> None:
    for order in orders:
        if order.action == action:
            kept.append(order)


@rule
def _first_at_stake(orders: list[Order]) -> Order:
    """Return the first opening order, or where there is none the first roll."""
    for order in orders:
        if order.action == Action.OPEN:
            return order
    first = orders[0]
    for order in orders:
        if order.action == Action.ROLL:
            first = order
            break
    return first


@rule
def _loses_a_leg(order: Order, orders: list[Order], share: float, sizes: int) -> bool:
    """Return whether an opening order's package has a leg of which nothing is left."""
    for other in orders:
        ours = other.action == Action.OPEN and other.package == order.package
        if ours and _scaled(other, share, sizes) == 0.0:
            return True
    return False


@rule
def debit(orders: list[Order]) -> float:
    """Return what the rolls among orders cost in options at mid, USD; 0.0 where they bring money."""
    paid = 0.0
    for order in orders:
        if order.action == Action.ROLL and not is_future(order.root):
            paid += order.contracts * contract_multiplier(order.root) * order.price
    return max(0.0, paid)


@rule
def _scaled(order: Order, share: float, sizes: int) -> float:
    size = order.contracts * share
    whole = sizes == Sizes.WHOLE and not is_share(order.root)
    return float(math.trunc(size)) if whole else size


@rule
def opening_need(orders: list[Order], margin_rate: float) -> float:
    """Return the money that the openings among orders tie up, USD: wings, premiums and deposits."""
    need = 0.0
    for k in range(len(orders)):
        order = orders[k]
        if order.action != Action.OPEN:
            continue
        size = order.contracts * contract_multiplier(order.root)
        if order.book == Book.CONDOR:
            if _is_first_of_group(orders, k):
                need += _widest_wing(orders, order.group)
        elif is_future(order.root):
            need += abs(size) * order.price * margin_rate
        else:
            need += max(0.0, size) * order.price
    return need


@rule
def _is_first_of_group(orders: list[Order], k: int) -> bool:
    for j in range(k):
        ours = orders[j].action == Action.OPEN and orders[j].book == Book.CONDOR
        if ours and orders[j].group == orders[k].group:
            return False
    return True


@rule
def _widest_wing(orders: list[Order], group: int) -> float:
    """Return the USD between short strike and wing of a condor's wider side."""
    puts = calls = 0.0
    for order in orders:
        if order.action != Action.OPEN or order.book != Book.CONDOR or order.group != group:
            continue
        width = order.contracts * contract_multiplier(order.root) * order.strike
        if order.right < 0:
            puts += width
        else:
            calls += width
    return max(abs(puts), abs(calls))
