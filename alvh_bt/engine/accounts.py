"""The accounts of one run: cash, NAV, lots and condors, moved through each session's steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alvh_bt.book.condors import without_flat
from alvh_bt.book.held import Held, Step, Trade, Trouble, no_flows
from alvh_bt.book.ledger import BookSums, count_sources
from alvh_bt.book.records import CONDOR, LOT, MARK, Order, Rows, Status, empty_rows
from alvh_bt.book.steps import TOLERANCE_SHARE, TOLERANCE_USD, begin_day, fill_package, mark_book, settle_due
from alvh_bt.book.view import BookView
from alvh_bt.config import Study
from alvh_bt.costs.margin import condor_margin, hedge_margin, required_money
from alvh_bt.engine.troubles import refuse, unbalanced
from alvh_bt.errors import AccountingError
from alvh_bt.hedges.projection import projection_terms, with_projections
from alvh_bt.pricing.day import DayPrices
from alvh_bt.pricing.model import Settlement

#: An epoch day beyond every expiry.
NEVER = 10**9


class Accounts:
    """Books of one run; each method is one step of the day, in the order of the methods.

    The steps themselves are the rules of `alvh_bt.book.steps`; here what goes wrong gets its words.

    Parameters
    ----------
    study
        Starting cash, costs and interest.
    """

    def __init__(self, study: Study) -> None:
        self.costs = study.costs
        self.terms = projection_terms(study)
        self.interest_share = study.book.interest_share
        cash = study.book.starting_cash
        self.held = Held(empty_rows(LOT), empty_rows(CONDOR), cash, cash, 1, 1)
        self.marks = empty_rows(MARK)
        self.sums = BookSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        self.flows = no_flows()
        self.sources = (0, 0, 0)
        self.trades: list[Trade] = []
        self.prices: DayPrices | None = None
        self.first_expiry = NEVER

    @property
    def lots(self) -> Rows:
        """The lots held, rows of `LOT`."""
        return self.held.lots

    @lots.setter
    def lots(self, rows: Rows) -> None:
        self.held = self.held._replace(lots=rows)

    @property
    def condors(self) -> Rows:
        """The condors planned, open and closing, rows of `CONDOR`."""
        return self.held.condors

    @condors.setter
    def condors(self, rows: Rows) -> None:
        self.held = self.held._replace(condors=rows)

    @property
    def cash(self) -> float:
        """Cash, USD."""
        return self.held.cash

    @property
    def nav(self) -> float:
        """Net asset value, USD."""
        return self.held.nav

    def view(self) -> BookView:
        """Return the book as rules see it; they must not write to it."""
        return BookView(self.lots, self.marks, self.condors, self.held.next_group, self.nav)

    def begin(self, day: int) -> None:
        """Start a session: interest on the cash held since the last close, carry and theta of its lots."""
        self.flows, self.trades = no_flows(), []
        if self.prices is not None:
            theta = self.sums.condor_theta
            self.held = begin_day(self.held, self.flows, self.prices, theta, day, self.interest_share)

    def settle(self, day: int, values: Settlement, at_open: bool) -> None:
        """Settle the lots that expire today at the open, or at the close.

        Raises
        ------
        DataError
            When the settlement value, or the day's session itself, is missing; names contract and day.
        AccountingError
            When a condor loses more than its widest wing less its credit.
        """
        if day >= self.first_expiry:
            step = settle_due(self.held, self.flows, self.trades, day, values, self.costs, at_open)
            self._take(step, day)

    def fill(self, package: Sequence[Order], prices: DayPrices) -> bool:
        """Fill all orders of a package at `prices`, or none; return whether it was filled.

        Raises
        ------
        AccountingError
            When an order reduces what is not held.
        """
        step, filled = fill_package(self.held, self.flows, self.trades, package, prices, self.costs)
        if step.trouble == Trouble.NO_LOT:
            wrong = next(order for order in package if order.lot == step.about)
            raise AccountingError(
                f"an order of {wrong.contracts:g} contracts reduces lot {wrong.lot}, "
                f"which holds {step.amount:g}; let the hedge sell at most what its lots hold"
            )
        self._take(step, prices.day)
        return filled

    def close_fills(self) -> None:
        """Bring the condor records in line with the lots once all fills of a moment are done."""
        if self.trades or np.any(self.condors["status"] != Status.OPEN):
            self.condors = without_flat(self.condors, self.lots)

    def mark(self, prices: DayPrices) -> None:
        """Mark every lot and check that the books agree.

        Raises
        ------
        DataError
            When a lot cannot be priced; names it and the day.
        AccountingError
            When NAV differs from cash plus marked value.
        """
        self.sources = self._sources(prices)
        step, self.marks, self.sums = mark_book(self.held, self.flows, prices)
        self._take(step, prices.day)
        self.condors = with_projections(self.lots, self.condors, prices, self.terms)
        self.prices = prices
        gap = self.nav - (self.cash + self.sums.value)
        if not abs(gap) <= max(TOLERANCE_USD, TOLERANCE_SHARE * abs(self.nav)):
            raise unbalanced(gap, prices.day)

    def margin(self) -> float:
        """Return the margin in use, USD: condors at their worst less credit, and futures' deposits."""
        return condor_margin(self.lots, self.condors) + hedge_margin(self.lots, self.marks, self.costs)

    def required(self) -> float:
        """Return the money that must be at hand, USD: the worst condor payoffs and futures' deposits."""
        needed: float = required_money(self.lots, self.marks, self.condors, self.costs)
        return needed

    def available(self) -> float:
        """Return the money at hand, USD: cash and the open P&L of futures; option values do not count."""
        return self.cash + self.sums.futures_pnl

    def _sources(self, prices: DayPrices) -> tuple[int, int, int]:
        if len(prices.quotes):
            model, shifted, quoted = count_sources(self.lots, prices)
            return model, shifted, quoted
        return int(np.count_nonzero(self.lots["right"])), 0, 0

    def _take(self, step: Step, day: int) -> None:
        """Take the book over from a step, or say what is wrong with it."""
        if step.trouble != Trouble.NONE:
            refuse(step.trouble, step.held.lots, step.about, step.amount, day)
        self.held = step.held
        self.first_expiry = int(self.lots["expiry"].min()) if len(self.lots) else NEVER
