"""What every condor-bound hedge does when its condor is gone."""

from __future__ import annotations

from alvh_bt.book.records import Action, Book, Decision, Reason, Status, closing_order
from alvh_bt.book.view import BookView, Today, tradable
from alvh_bt.compiled import inlined_rule, rule
from alvh_bt.hedges.instruments import hedge_package

#: The group of lots that belong to no condor: those a strategy bought by itself.
NO_CONDOR = 0


@inlined_rule
def condor_is_on(today: Today, book: BookView, group: int) -> bool:
    """Return whether the condor `group` will still be there when today's orders are filled.

    One whose exit is ordered will not, nor one that settles before the fill.
    """
    for row in range(book.condors.shape[0]):
        condor = book.condors[row]
        if condor["id"] == group:
            return condor["status"] != Status.CLOSING and tradable(condor["root"], condor["expiry"], today)
    return False


@rule
def close_orphans(today: Today, book: BookView, decision: Decision) -> None:
    """Append orders that close every hedge lot whose condor is closing or gone.

    Lots that settle before they could be sold are left to settle.
    """
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if lot["book"] != Book.HEDGE or lot["group"] == NO_CONDOR or condor_is_on(today, book, lot["group"]):
            continue
        if tradable(lot["root"], lot["expiry"], today):
            package = hedge_package(lot["group"], lot["layer"], 7)
            mid = book.marks[i]["mid"]
            decision.orders.append(closing_order(lot, mid, Reason.CONDOR_CLOSED, Action.CLOSE, package))
