"""The lots as the decisions of a close would leave them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from alvh_bt.book.records import LOT, Order, Rows, empty_rows


class DecidedLots:
    """Follows the decisions of a close: the hedge decides after the condor, on top of its orders."""

    def __init__(self) -> None:
        self._day, self._lots = -1, empty_rows(LOT)

    def at(self, day: int, lots: Rows) -> Rows:
        """Return the lots on epoch day `day`: those held, with what was already decided on that close."""
        return self._lots if self._day == day else lots

    def keep(self, day: int, lots: Rows) -> None:
        """Take `lots` as what the decisions so far on epoch day `day` lead to."""
        self._day, self._lots = day, lots


def packages_of(orders: Sequence[Order]) -> Iterator[list[Order]]:
    """Yield the orders package by package, in their order."""
    for _, grouped in groupby(orders, key=lambda order: (order.book, order.package)):
        yield list(grouped)
