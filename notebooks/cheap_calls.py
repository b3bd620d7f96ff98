"""A hedge to copy: two VIX calls with each condor while VIX is cheap."""

from alvh_bt.book.records import Action, Book, Layer, Reason, Status, closing_order, nothing
from alvh_bt.hedges import Hedge
from alvh_bt.hedges.instruments import buy, call_expiry, call_of_delta, hedge_package
from alvh_bt.hedges.lifecycle import close_orphans, condor_is_on


class CheapCalls(Hedge):
    """Two VIX calls a condor while VIX is below 15, sold at a double."""

    name = "cheap-calls"

    def decide(self, today, book):
        decision = nothing()
        close_orphans(today, book, decision)
        for lot, mark in zip(book.lots, book.marks, strict=True):
            ours = lot["book"] == Book.HEDGE and condor_is_on(today, book, lot["group"])
            if ours and lot["expiry"] > today.fill_day and mark["mid"] >= 2.0 * lot["entry_price"]:
                package = hedge_package(lot["group"], Layer.STATIC, 1)
                decision.orders.append(
                    closing_order(lot, mark["mid"], Reason.MONETISED, Action.CLOSE, package)
                )
        for condor in book.condors[book.condors["status"] == Status.PLANNED]:
            call = call_of_delta(today, call_expiry(today, 30, 45), 0.30)
            if today.prices.vix_level < 15.0 and call.strike > 0.0:
                group, why = condor["id"], Reason.CONDOR_OPENED
                package = hedge_package(group, Layer.STATIC, 0)
                decision.orders.append(buy(call, 2.0, Layer.STATIC, group, Action.OPEN, why, package, today))
        return decision
