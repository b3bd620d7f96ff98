"""What a run that may not stop does instead: cut positions, and enter only what can be carried."""

from __future__ import annotations

import math
from collections.abc import Iterable

from alvh_bt.book.records import Action, Book, Decision, Order, Reason, closing_order, make_note
from alvh_bt.book.view import Today, tradable
from alvh_bt.config import Sizes
from alvh_bt.contracts import contract_multiplier, is_future, is_share
from alvh_bt.engine.accounts import Accounts

#: The cut goes a little beyond the shortfall, since the next open may be worse than this close.
CUSHION = 1.05


def cutting_orders(accounts: Accounts, shortfall: float, today: Today, sizes: int) -> Decision:
    """Return orders that reduce every lot by the share that meets the margin.

    Parameters
    ----------
    accounts
        The books at the close.
    shortfall
        USD missing.
    today
        The calendar: a lot that settles before the fill is left to settle.
    sizes
        `Sizes` code; whole contracts are cut by whole contracts, rounded up.

    Returns
    -------
    Decision
        Each condor's legs in one package; the whole of every lot where the share exceeds one.
    """
    share = min(1.0, CUSHION * shortfall / max(accounts.required(), 1e-9))
    orders = []
    for lot, mark in zip(accounts.lots, accounts.marks, strict=True):
        if not tradable(lot["root"], lot["expiry"], today):
            continue
        package = int(lot["group"]) * 4 if lot["book"] == Book.CONDOR else int(lot["id"])
        order = closing_order(lot, mark["mid"], Reason.MARGIN_CUT, Action.CLOSE, package)
        size = abs(order.contracts) * share
        if sizes == Sizes.WHOLE and not is_share(order.root):
            size = min(abs(order.contracts), math.ceil(size - 1e-9))
        orders.append(order._replace(contracts=math.copysign(size, order.contracts)))
    return Decision(orders, [])


def affordable(
    decision: Decision, pending: list[Order], accounts: Accounts, margin_rate: float, sizes: int
) -> Decision:
    """Return the decision with its openings scaled to the money at hand, and a note where it was.

    Parameters
    ----------
    decision
        Orders of the condor or of the hedge.
    pending
        Orders already sent on this close, whose money is spoken for.
    accounts
        The books at the close.
    margin_rate
        Deposit for futures, share of their value.
    sizes
        `Sizes` code; whole contracts are rounded down, a package with a leg of none is dropped.
    """
    opens = [order for order in decision.orders if order.action == Action.OPEN]
    rolls = [order for order in decision.orders if order.action == Action.ROLL]
    promised = [order for order in pending if order.action == Action.OPEN]
    free = accounts.available() - accounts.required() - opening_need(promised, margin_rate)
    free = max(0.0, free - _debit(order for order in pending if order.action == Action.ROLL))
    need = opening_need(opens, margin_rate)
    if need + _debit(rolls) <= free:
        return decision
    kept = [order for order in decision.orders if order.action == Action.CLOSE]
    if _debit(rolls) <= free:
        kept += rolls
        free -= _debit(rolls)
    scaled = [_scaled(order, min(1.0, free / need / CUSHION), sizes) for order in opens]
    dropped = {order.package for order in scaled if order.contracts == 0.0}
    kept += [order for order in scaled if order.package not in dropped]
    first = (opens or rolls)[0]
    note = make_note(first.book, first.layer, first.group, Reason.MARGIN_CUT)
    return Decision(kept, [*decision.notes, note])


def _debit(orders: Iterable[Order]) -> float:
    """Return what orders on options cost at mid, USD; 0.0 where they bring money."""
    paid = sum(
        order.contracts * contract_multiplier(order.root) * order.price
        for order in orders
        if not is_future(order.root)
    )
    return max(0.0, paid)


def _scaled(order: Order, share: float, sizes: int) -> Order:
    size = order.contracts * share
    whole = sizes == Sizes.WHOLE and not is_share(order.root)
    return order._replace(contracts=float(math.trunc(size)) if whole else size)


def opening_need(orders: list[Order], margin_rate: float) -> float:
    """Return the money that opening orders tie up, USD: wings, premiums and deposits."""
    need = 0.0
    wings: dict[tuple[int, int], float] = {}
    for order in orders:
        size = order.contracts * contract_multiplier(order.root)
        if order.book == Book.CONDOR:
            side = (order.group, order.right)
            wings[side] = wings.get(side, 0.0) + size * order.strike
        elif is_future(order.root):
            need += abs(size) * order.price * margin_rate
        else:
            need += max(0.0, size) * order.price
    groups = {group for group, _ in wings}
    return need + sum(max(abs(w) for (g, _), w in wings.items() if g == group) for group in groups)
