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
            Of the condor or of the hedge. Entries are passed or refused whole; of a hedge's roll the sale is
            passed even where the purchase is refused, and a condor's roll is noted and passed, so that
            nothing is held into its expiry for the guard's sake.
        today, book
            The close; condors planned by an earlier decision of it are in the book.
        """
        lots = self._decided.at(today.day, book.lots)
        orders: list[Order] = []
        notes = list(decision.notes)
        for package in packages_of(decision.orders):
            kept = self._passed(package, lots, today, book, notes)
            orders.extend(kept)
            lots = lots_after(lots, kept, today.day)
        self._decided.keep(today.day, lots)
        return Decision(orders, notes)

    def _passed(
        self, package: list[Order], lots: Rows, today: Today, book: BookView, notes: list[Note]
    ) -> list[Order]:
        """Return the orders of a package that are sent, and add what is to be noted."""
        after = lots_after(lots, package, today.day)
        found = next((order for order in package if _completes(order, lots, after)), None)
        if found is not None:
            refuse = self.params.on_synthetic == OnSynthetic.REFUSE and not _rolls_condor(package)
            reason = Reason.SYNTHETIC_REFUSED if refuse else Reason.SYNTHETIC_FOUND
            notes.append(refusal(found, reason, math.nan, math.nan))
            if refuse:
                return [order for order in package if order.lot >= 0]
        return [] if self._too_dear(package, lots, after, today, book, notes) else package

    def _too_dear(
        self, package: list[Order], lots: Rows, after: Rows, today: Today, book: BookView, notes: list[Note]
    ) -> bool:
        """Return whether a new layer costs more projected return than allowed, and note it; rolls may."""
        first = package[0]
        if self.params.max_irr_cost <= 0.0 or first.book != Book.HEDGE or first.action != Action.OPEN:
            return False
        without = book_irr(lots, book.condors, first.group, today.prices, self.terms)
        with_it = book_irr(after, book.condors, first.group, today.prices, self.terms)
        if not without - with_it > self.params.max_irr_cost:
            return False
        notes.extend(refusal(order, Reason.IRR_COST, without, with_it) for order in package)
        return True


def _rolls_condor(package: list[Order]) -> bool:
    return package[0].book == Book.CONDOR and package[0].action == Action.ROLL


def _completes(order: Order, lots: Rows, after: Rows) -> bool:
    """Return whether an opening order makes a synthetic position larger."""
    if order.lot >= 0:
        return False
    contract = (order.root, order.strike, order.expiry)
    return largest_synthetic(after, *contract) > largest_synthetic(lots, *contract) + LEAST_SYNTHETIC
