"""What a decision must pass before it is sent: synthetic forwards, and its cost in projected return."""

from __future__ import annotations

import math

from alvh_bt.book.codes import Action, Book, Reason
from alvh_bt.book.records import Decision, Note, Order, Rows, refusal
from alvh_bt.book.view import BookView, Today
from alvh_bt.choices import OnSynthetic
from alvh_bt.config import Study
from alvh_bt.engine.decided import DecidedLots, lots_after, packages_of
from alvh_bt.hedges.projection import book_irr, projection_terms
from alvh_bt.hedges.synthetics import largest_synthetic

#: Contracts by which a synthetic position must grow to count: below, it is rounding.
LEAST_SYNTHETIC = 1e-9


class Guards:
    """Passes, journals or refuses the packages of a decision.

    Parameters
    ----------
    study
        What is allowed (`guard`), and the terms of projections.
    """

    def __init__(self, study: Study) -> None:
        self.params, self.terms = study.guard, projection_terms(study)
        self._decided = DecidedLots()

    def passed(self, decision: Decision, today: Today, book: BookView) -> Decision:
        """Return the decision without what is refused, and with a note for each thing found.

        Parameters
        ----------
        decision
            Of the condor or of the hedge; a package is passed or refused whole.
        today, book
            The close; condors planned by an earlier decision of it are in the book.
        """
        lots = self._decided.at(today.day, book.lots)
        orders: list[Order] = []
        notes = list(decision.notes)
        for package in packages_of(decision.orders):
            after = lots_after(lots, package, today.day)
            refused = self._look(package, lots, after, today, book, notes)
            if not refused:
                orders.extend(package)
                lots = after
        self._decided.keep(today.day, lots)
        return Decision(orders, notes)

    def _look(
        self, package: list[Order], lots: Rows, after: Rows, today: Today, book: BookView, notes: list[Note]
    ) -> bool:
        """Add what is to be noted about a package; return whether it is refused."""
        found = next((order for order in package if _completes(order, lots, after)), None)
        if found is not None:
            refuse = self.params.on_synthetic == OnSynthetic.REFUSE
            reason = Reason.SYNTHETIC_REFUSED if refuse else Reason.SYNTHETIC_FOUND
            notes.append(refusal(found, reason, math.nan, math.nan))
            if refuse:
                return True
        opens = package[0].book == Book.HEDGE and package[0].action == Action.OPEN
        if self.params.max_irr_cost <= 0.0 or not opens:
            return False
        group = package[0].group
        without = book_irr(lots, book.condors, group, today.prices, self.terms)
        with_it = book_irr(after, book.condors, group, today.prices, self.terms)
        if without - with_it > self.params.max_irr_cost:
            notes.extend(refusal(order, Reason.IRR_COST, without, with_it) for order in package)
            return True
        return False


def _completes(order: Order, lots: Rows, after: Rows) -> bool:
    """Return whether an opening order makes a synthetic position larger."""
    if order.lot >= 0:
        return False
    contract = (order.root, order.strike, order.expiry)
    return largest_synthetic(after, *contract) > largest_synthetic(lots, *contract) + LEAST_SYNTHETIC
