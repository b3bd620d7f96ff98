"""What a run that may not stop does instead: cut positions, and enter only what can be carried."""

from __future__ import annotations

from alvh_bt.book.records import Action, Book, Decision, Note, Order, Reason, closing_order
from alvh_bt.contracts import contract_multiplier, is_future
from alvh_bt.engine.accounts import Accounts

#: The cut goes a little beyond the shortfall, since the next open may be worse than this close.
CUSHION = 1.05


def cutting_orders(accounts: Accounts, shortfall: float) -> Decision:
    """Return orders that reduce every lot by the share that meets the margin.

    Parameters
    ----------
    accounts
        The books at the close.
    shortfall
        USD missing.

    Returns
    -------
    Decision
        Each condor's legs in one package; the whole of every lot where the share exceeds one.
    """
    share = min(1.0, CUSHION * shortfall / max(accounts.required(), 1e-9))
    orders = []
    for lot, mark in zip(accounts.lots, accounts.marks, strict=True):
        package = int(lot["group"]) * 4 if lot["book"] == Book.CONDOR else int(lot["id"])
        order = closing_order(lot, mark["mid"], Reason.MARGIN_CUT, Action.CLOSE, package)
        orders.append(order._replace(contracts=order.contracts * share))
    return Decision(orders, [])


def affordable(decision: Decision, accounts: Accounts, margin_rate: float) -> Decision:
    """Return the decision with its openings scaled to the money at hand, and a note where it was.

    Parameters
    ----------
    decision
        Orders of the condor or of the hedge.
    accounts
        The books at the close.
    margin_rate
        Deposit for futures, share of their value.
    """
    opens = [order for order in decision.orders if order.action == Action.OPEN]
    if not opens:
        return decision
    need = opening_need(opens, margin_rate)
    free = accounts.available() - accounts.required()
    if need <= max(free, 0.0):
        return decision
    share = max(0.0, free) / need / CUSHION
    kept = [order for order in decision.orders if order.action != Action.OPEN]
    if share > 0.0:
        kept += [order._replace(contracts=order.contracts * share) for order in opens]
    first = opens[0]
    note = Note(first.book, first.layer, first.group, int(Reason.MARGIN_CUT))
    return Decision(kept, [*decision.notes, note])


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
