"""What a decision must pass before it is sent: synthetic forwards, and its cost in projected return."""

from __future__ import annotations

import math
from typing import NamedTuple

from alvh_bt.book.codes import Action, Book, Reason
from alvh_bt.book.decided import lots_after, package_end
from alvh_bt.book.records import Decision, Note, Order, Rows, nothing, refusal
from alvh_bt.book.view import BookView, Today
from alvh_bt.choices import OnSynthetic
from alvh_bt.compiled import rule
from alvh_bt.config import GuardParams
from alvh_bt.hedges.projection import ProjectionTerms, book_irr
from alvh_bt.hedges.synthetics import largest_synthetic

#: Contracts by which a synthetic position must grow to count: below, it is rounding.
LEAST_SYNTHETIC = 1e-9


class Passed(NamedTuple):
    """What of a decision is sent, and the lots as they would be then."""

    decision: Decision
    lots: Rows


@rule
def passed(
    decision: Decision, lots: Rows, today: Today, book: BookView, params: GuardParams, terms: ProjectionTerms
) -> Passed:
    """Return the decision without what is refused, and with a note for each thing found.

    Parameters
    ----------
    decision
        Of the condor or of the hedge. Entries are passed or refused whole; of a hedge's roll the sale is
        passed even where the purchase is refused, and a condor's roll is noted and passed, so that
        nothing is held into its expiry for the guard's sake.
    lots
        Those held, with what was already decided on that close.
    today, book
        The close; condors planned by an earlier decision of it are in the book.
    params, terms
        What is allowed, and the terms of projections.
    """
    sent = nothing()
    for note in decision.notes:
        sent.notes.append(note)
    start = 0
    while start < len(decision.orders):
        end = package_end(decision.orders, start)
        package = [decision.orders[k] for k in range(start, end)]
        kept = _passed_package(package, lots, today, book, sent.notes, params, terms)
        for order in kept:
            sent.orders.append(order)
        lots = lots_after(lots, kept, today.day)
        start = end
    return Passed(sent, lots)


@rule
def _passed_package(
    package: list[Order],
    lots: Rows,
    today: Today,
    book: BookView,
    notes: list[Note],
    params: GuardParams,
    terms: ProjectionTerms,
) -> list[Order]:
    """Return the orders of a package that are sent, and add what is to be noted."""
    after = lots_after(lots, package, today.day)
    for order in package:
        if not completes_synthetic(order, lots, after):
            continue
        rolls_condor = package[0].book == Book.CONDOR and package[0].action == Action.ROLL
        refuse = params.on_synthetic == OnSynthetic.REFUSE and not rolls_condor
        reason = Reason.SYNTHETIC_REFUSED if refuse else Reason.SYNTHETIC_FOUND
        notes.append(refusal(order, reason, math.nan, math.nan))
        if refuse:
            return [sale for sale in package if sale.lot >= 0]
        break
    if too_dear(package, lots, after, today, book, notes, params, terms):
        return nothing().orders
    return package


@rule
def too_dear(
    package: list[Order],
    lots: Rows,
    after: Rows,
    today: Today,
    book: BookView,
    notes: list[Note],
    params: GuardParams,
    terms: ProjectionTerms,
) -> bool:
    """Return whether a new layer costs more projected return than allowed, and note it; rolls may."""
    first = package[0]
    if params.max_irr_cost <= 0.0 or first.book != Book.HEDGE or first.action != Action.OPEN:
        return False
    without = book_irr(lots, book.condors, first.group, today.prices, terms)
    with_it = book_irr(after, book.condors, first.group, today.prices, terms)
    if not without - with_it > params.max_irr_cost:
        return False
    for order in package:
        notes.append(refusal(order, Reason.IRR_COST, without, with_it))
    return True


@rule
def completes_synthetic(order: Order, lots: Rows, after: Rows) -> bool:
    """Return whether an opening order makes a synthetic position larger."""
    if order.lot >= 0:
        return False
    held = largest_synthetic(lots, order.root, order.strike, order.expiry)
    return largest_synthetic(after, order.root, order.strike, order.expiry) > held + LEAST_SYNTHETIC
