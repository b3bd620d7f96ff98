"""The lots as they would be if the orders of a close were filled at their mids, and packages of orders."""

from __future__ import annotations

from alvh_bt.book.ledger import lot_row, with_lot, without
from alvh_bt.book.records import Order, Rows
from alvh_bt.compiled import rule


@rule
def package_end(orders: list[Order], start: int) -> int:
    """Return the place after the last order of the package that begins at `start`."""
    end = start + 1
    while end < len(orders) and same_package(orders[end], orders[start]):
        end += 1
    return end


@rule
def same_package(one: Order, other: Order) -> bool:
    """Return whether two orders are filled together or not at all."""
    return one.book == other.book and one.package == other.package


@rule
def lots_after(lots: Rows, orders: list[Order], day: int) -> Rows:
    """Return the lots as they would be if `orders` were filled at their mids on epoch day `day`."""
    for order in orders:
        if order.lot < 0:
            lots = with_lot(lots, order, -1, order.price, day)
        else:
            lots = without(lots, lot_row(lots, order.lot), -order.contracts, False)
    return lots
