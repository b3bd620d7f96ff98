"""The accounts of one run: cash, NAV, lots and condors, moved through each session's steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from alvh_bt.book.condors import with_fill, with_layer_entry, without_flat
from alvh_bt.book.ledger import (
    BookSums,
    carry_of,
    closing_cash,
    count_sources,
    mark_lots,
    opening_cash,
    sum_book,
    with_lot,
    without,
)
from alvh_bt.book.records import (
    CONDOR,
    LOT,
    MARK,
    Action,
    Book,
    Order,
    Reason,
    Status,
    closing_order,
    empty_rows,
    lot_contract,
    order_contract,
)
from alvh_bt.book.settlement import settlement_price, settles_on_proxy
from alvh_bt.book.view import BookView
from alvh_bt.config import Study
from alvh_bt.contracts import (
    calendar_date,
    contract_multiplier,
    contract_name,
    settles_at_open,
)
from alvh_bt.costs.fees import settlement_fee, trade_fee
from alvh_bt.costs.margin import condor_margin, hedge_margin, required_money
from alvh_bt.costs.spreads import market_fill
from alvh_bt.engine.trades import DayFlows, Trade
from alvh_bt.errors import AccountingError, DataError
from alvh_bt.hedges.projection import condor_irr, projection_terms
from alvh_bt.pricing.day import DayPrices, Quote, forward_price, price_source, quote_contract
from alvh_bt.pricing.model import Settlement

#: Dollars, and share of NAV, by which the books may disagree: rounding of a few million sums of doubles,
#: each good to sixteen digits.
TOLERANCE_USD = 1e-6
TOLERANCE_SHARE = 1e-11

#: An epoch day beyond every expiry.
NEVER = 10**9


class Accounts:
    """Books of one run; each method is one step of the day, in the order of the methods.

    Parameters
    ----------
    study
        Starting cash, costs and interest.
    """

    def __init__(self, study: Study) -> None:
        self.costs = study.costs
        self.terms = projection_terms(study)
        self.interest_share = study.book.interest_share
        self.cash = self.nav = study.book.starting_cash
        self.lots, self.marks, self.condors = empty_rows(LOT), empty_rows(MARK), empty_rows(CONDOR)
        self.sums = BookSums(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        self.next_lot = self.next_group = 1
        self.flows = DayFlows()
        self.trades: list[Trade] = []
        self.prices: DayPrices | None = None
        self.first_expiry = NEVER

    def view(self) -> BookView:
        """Return the book as rules see it; they must not write to it."""
        return BookView(self.lots, self.marks, self.condors, self.next_group, self.nav)

    def begin(self, day: int) -> None:
        """Start a session: interest on the cash held since the last close, carry and theta of its lots."""
        self.flows, self.trades = DayFlows(), []
        if self.prices is None:
            return
        days = day - self.prices.day
        self.flows.interest = self.cash * self.prices.rate * self.interest_share * days / 365.0
        self.flows.condor_theta = self.sums.condor_theta * days
        self.flows.hedge_carry = carry_of(self.lots, self.prices, days)
        self.cash += self.flows.interest
        self.nav += self.flows.interest

    def settle(self, day: int, values: Settlement, at_open: bool) -> None:
        """Settle the lots that expire today at the open, or at the close.

        Raises
        ------
        DataError
            When the settlement value, or the day's session itself, is missing; names contract and day.
        AccountingError
            When a condor loses more than its widest wing less its credit.
        """
        if day < self.first_expiry:
            return
        if self.first_expiry < day:
            missed = contract_name(lot_contract(self.lots[int(np.argmin(self.lots["expiry"]))]))
            raise DataError(
                f"the data has no session on {calendar_date(self.first_expiry)}, on which {missed} settles; "
                "add its row to spx.csv and vix.csv"
            )
        due = [lot for lot in self.lots if lot["expiry"] == day and settles_at_open(lot["root"]) == at_open]
        for group in {int(lot["group"]) for lot in due if lot["book"] == Book.CONDOR}:
            self._check_condor_loss(group, values)
        for lot in due:
            price = settlement_price(lot_contract(lot), values)
            if np.isnan(price):
                name = contract_name(lot_contract(lot))
                raise DataError(
                    f"no settlement value for {name} on {calendar_date(day)}; add it to settlements.csv"
                )
            proxy = settles_on_proxy(lot["root"], values)
            reason = Reason.PROXY_SETTLEMENT if proxy else Reason.SETTLEMENT
            order = closing_order(lot, price, reason, Action.SETTLE, 0)
            self._book(order, price, price, settlement_fee(lot["contracts"], self.costs), day, 0.0)
        if not at_open and np.any(self.lots["expiry"] <= day):
            late = contract_name(lot_contract(self.lots[np.argmin(self.lots["expiry"])]))
            raise AccountingError(f"{late} is still held after its settlement on {calendar_date(day)}")

    def fill(self, package: Sequence[Order], prices: DayPrices) -> bool:
        """Fill all orders of a package at `prices`, or none; return whether it was filled."""
        quotes = [quote_contract(order_contract(order), prices) for order in package]
        if any(not np.isfinite(quote.mid) for quote in quotes):
            return False
        for order, quote in zip(package, quotes, strict=True):
            self._fill_one(order, quote, prices)
        self.condors = with_layer_entry(self.condors, package)
        return True

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
        self.marks = mark_lots(self.lots, prices)
        self.flows.marks = self._sources(prices)
        self.sums = sum_book(self.lots, self.marks)
        if not math.isfinite(self.sums.value):
            lost = contract_name(lot_contract(self.lots[int(np.argmin(np.isfinite(self.marks["mid"])))]))
            raise DataError(f"no price for {lost} on {calendar_date(prices.day)}; give data that covers it")
        self.lots = self.lots.copy()
        self.lots["last_mark"] = self.marks["mid"]
        self._project(prices)
        self.flows.condor_pnl += self.sums.condor_pnl
        self.flows.hedge_pnl += self.sums.hedge_pnl
        self.nav += self.sums.condor_pnl + self.sums.hedge_pnl
        self.prices = prices
        gap = self.nav - (self.cash + self.sums.value)
        if not abs(gap) <= max(TOLERANCE_USD, TOLERANCE_SHARE * abs(self.nav)):
            day = calendar_date(prices.day)
            raise AccountingError(f"on {day} NAV and cash plus marks differ by {gap:.8f} USD; report this")

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

    def _project(self, prices: DayPrices) -> None:
        """Bring the condors' projected returns up to this close."""
        if not len(self.condors):
            return
        self.condors = self.condors.copy()
        for row, condor in enumerate(self.condors):
            condor["irr"] = condor_irr(self.lots, self.condors, row, prices, self.terms)
            if math.isnan(condor["entry_irr"]):
                condor["entry_irr"] = condor["irr"]

    def _sources(self, prices: DayPrices) -> tuple[int, int, int]:
        if len(prices.quotes):
            model, shifted, quoted = count_sources(self.lots, prices)
            return model, shifted, quoted
        return int(np.count_nonzero(self.lots["right"])), 0, 0

    def _fill_one(self, order: Order, quote: Quote, prices: DayPrices) -> None:
        contract = order_contract(order)
        price = market_fill(contract, quote.mid, order.contracts, quote.delta, prices, self.costs)
        fees = trade_fee(order.root, order.contracts, self.costs)
        self._book(order, price, quote.mid, fees, prices.day, quote.delta)
        if order.lot < 0:
            self.lots["entry_forward"][-1] = forward_price(order.root, order.expiry, prices)
        if len(prices.quotes):
            self.trades[-1] = self.trades[-1]._replace(source=price_source(contract, prices))

    def _book(self, order: Order, price: float, mid: float, fees: float, day: int, delta: float) -> None:
        size = order.contracts * contract_multiplier(order.root)
        spread = size * (price - mid)
        booked = realised = 0.0
        lot_id = order.lot
        if order.lot < 0:
            lot_id, self.next_lot = self.next_lot, self.next_lot + 1
            self.cash += opening_cash(order.root, order.contracts, price)
            self.lots = with_lot(self.lots, order, lot_id, price, day)
            self.next_group = max(self.next_group, order.group + 1)
        else:
            row = self._row(order)
            lot = self.lots[row]
            booked = -size * (price - lot["last_mark"])
            realised = -size * (price - lot["entry_price"])
            self.cash += closing_cash(order.root, -order.contracts, price, lot["entry_price"])
            self.lots = without(self.lots, row, -order.contracts, order.reason == Reason.MONETISED)
        self.first_expiry = int(self.lots["expiry"].min()) if len(self.lots) else NEVER
        self.cash -= fees
        self.nav += booked - fees
        self._flow(order.book, booked - fees, fees + spread)
        if order.action != Action.SETTLE:
            self.condors = with_fill(self.condors, order, price)
        self.trades.append(
            Trade(day, order, lot_id, order.lot < 0, order.contracts, price, fees, spread, delta, realised)
        )

    def _row(self, order: Order) -> int:
        ids = self.lots["id"].tolist()
        held = self.lots["contracts"][ids.index(order.lot)] if order.lot in ids else 0.0
        if held * order.contracts >= 0.0 or abs(order.contracts) > abs(held):
            raise AccountingError(
                f"an order of {order.contracts:g} contracts reduces lot {order.lot}, which holds {held:g}"
            )
        return ids.index(order.lot)

    def _flow(self, book: int, pnl: float, costs: float) -> None:
        self.flows.costs += costs
        if book == Book.CONDOR:
            self.flows.condor_pnl += pnl
        else:
            self.flows.hedge_pnl += pnl
            self.flows.hedge_costs += costs

    def _check_condor_loss(self, group: int, values: Settlement) -> None:
        legs = self.lots[(self.lots["book"] == Book.CONDOR) & (self.lots["group"] == group)]
        payoff = sum(
            lot["contracts"] * contract_multiplier(lot["root"]) * settlement_price(lot_contract(lot), values)
            for lot in legs
        )
        widest = max(
            float(np.ptp(legs["strike"][legs["right"] == right])) for right in np.unique(legs["right"])
        )
        bound = widest * float(np.max(np.abs(legs["contracts"]))) * contract_multiplier(legs["root"][0])
        if payoff < -bound - max(TOLERANCE_USD, TOLERANCE_SHARE * bound):
            day = calendar_date(legs["expiry"][0])
            raise AccountingError(
                f"condor {group} pays {payoff:.2f} USD at settlement on {day}: more than its widest wing, "
                f"{bound:.2f}; report this"
            )
