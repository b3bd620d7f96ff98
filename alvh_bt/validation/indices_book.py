"""The books of one index: collateral and options, moved from roll to roll through the program's ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from alvh_bt.book.ledger import closing_cash, mark_lots, opening_cash, sum_book, with_lot
from alvh_bt.book.records import LOT, Order, empty_rows, lot_contract, order_contract
from alvh_bt.book.settlement import settlement_price
from alvh_bt.calendars import spx_expiries
from alvh_bt.choices import Fill
from alvh_bt.contracts import Root, calendar_date, contract_multiplier
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import DataError
from alvh_bt.market.market import Market
from alvh_bt.pricing.day import DayPrices, quote_contract
from alvh_bt.pricing.model import PriceModel, Settlement
from alvh_bt.pricing.opening import OpeningValues, opening_values
from alvh_bt.validation.indices_days import DayHours
from alvh_bt.validation.indices_rules import BID_SHARE, Rule, chosen_options, collateral, hours_of

#: What an index is worth at its first roll, USD. Only its returns are compared.
FIRST_VALUE: Final = 100.0


class IndexBook:
    """The collateral and the options of one index.

    The collateral is kept as cash: bills, which earn the bill rate, or the S&P 500 itself, which earns
    its total return. Premiums are added to it and settlements are paid out of it.
    """

    def __init__(self) -> None:
        self.cash = FIRST_VALUE
        self.lots = empty_rows(LOT)

    def grow(self, factor: float) -> None:
        """Let the collateral earn: 1.001 is a tenth of a percent."""
        self.cash *= factor

    def check_expiries(self, day: int) -> None:
        """Refuse to carry an option beyond its expiry.

        Raises
        ------
        DataError
            The data has no session on the expiry of an option held.
        """
        if len(self.lots) and self.lots["expiry"][0] < day:
            raise DataError(
                f"the data has no session on {calendar_date(self.lots['expiry'][0])}, "
                "when SPX monthlies settle; add its row to spx.csv and vix.csv"
            )

    def settle(self, values: Settlement) -> None:
        """Settle every option held, at the value of its own kind."""
        for lot in self.lots:
            price = settlement_price(lot_contract(lot), values)
            self.cash += closing_cash(lot["root"], lot["contracts"], price, lot["entry_price"])
        self.lots = empty_rows(LOT)

    def sell(self, rule: Rule, orders: Iterable[Order], prices: DayPrices, at_bid: bool) -> None:
        """Open as many units of `orders` as the collateral covers, at mid or, where told, at the bid."""
        orders = list(orders)
        mids = [quote_contract(order_contract(order), prices).mid for order in orders]
        paid = [mid - BID_SHARE * prices.spot if at_bid else mid for mid in mids]
        credit = -sum(order.contracts * price for order, price in zip(orders, paid, strict=True))
        units = self.cash / (collateral(rule, orders, prices) - credit)
        for k, (order, price) in enumerate(zip(orders, paid, strict=True)):
            size = order.contracts * units / contract_multiplier(order.root)
            self.cash += opening_cash(order.root, size, price)
            self.lots = with_lot(self.lots, order._replace(contracts=size), k, price, prices.day)

    def value(self, prices: DayPrices) -> float:
        """Return the index's value, USD, with every option at mid."""
        return self.cash + float(sum_book(self.lots, mark_lots(self.lots, prices)).value)


def roll_rows(market: Market) -> list[int]:
    """Return the rows of the sessions on which the indices roll: those on which SPX monthlies expire."""
    first, last = calendar_date(market.days[0]), calendar_date(market.days[-1])
    expiries = spx_expiries(first, last)
    return np.flatnonzero(np.isin(market.days, expiries.day[expiries.root == Root.SPX])).tolist()


class Replay:
    """What the four indices share: the market, its prices through the day and its calendar.

    Parameters
    ----------
    market
        The history.
    prices
        What prices it.
    """

    def __init__(self, market: Market, prices: PriceModel) -> None:
        self.days = market.days.tolist()
        self.spot: list[float] = market.columns["spx_close"].tolist()
        self.prices, self.hours = prices, DayHours(market, prices)
        self.opening: OpeningValues = opening_values(market)
        self.calendar = Calendar(market)
        expiries = self.calendar.spx
        self.monthlies = np.sort(expiries.day[expiries.root == Root.SPX])
        self.rolls = frozenset(roll_rows(market))

    def run(self, rule: Rule, first: int, marks: Iterable[int]) -> dict[int, float]:
        """Return the index's value, USD, at the close of each session of `marks`.

        Parameters
        ----------
        rule
            The index.
        first
            Row of its first roll.
        marks
            Ascending rows from `first` on; nothing happens after the last.

        Raises
        ------
        DataError
            VIX is unknown on a day on which something is priced, or a roll's session is missing.
        """
        book, values = IndexBook(), {}
        wanted = set(marks)
        for i in range(first, max(wanted) + 1):
            book.check_expiries(self.days[i])
            if i in self.rolls:
                self._roll(book, rule, i, i == first)
            else:
                book.grow(self._growth(rule, i, self.spot[i]))
            if i in wanted:
                values[i] = book.value(self.prices.at_close(i))
        return values

    def _growth(self, rule: Rule, i: int, spot: float) -> float:
        """Return what the collateral earns from the last close until session `i` has the index at `spot`."""
        before = self.prices.at_close(i - 1)
        years = (self.days[i] - self.days[i - 1]) / 365.0
        if not rule.holds_index:
            return 1.0 + before.rate * years
        return spot / self.spot[i - 1] * (1.0 + before.dividend_yield * years)

    def _roll(self, book: IndexBook, rule: Rule, i: int, first: bool) -> None:
        """Settle what expires in session `i`, sell the next month, and carry the collateral to the close."""
        day = self.days[i]
        times = hours_of(rule, day)
        sold = self.hours.at(i, times.sold)
        if not first:
            values = self.prices.settlement(i)
            at = values.spx_am if book.lots["root"][0] == Root.SPX else values.spx_pm
            book.grow(self._growth(rule, i, at))
            book.settle(values)
            if rule.holds_index:
                book.grow(sold.spot / at)
        chosen = self.hours.at(i, times.chosen)
        expiry = int(self.monthlies[np.searchsorted(self.monthlies, day, side="right")])
        today = self.calendar.today(i, i, chosen, Fill.SAME_CLOSE)._replace(after_monthly_expiry=True)
        book.sell(rule, chosen_options(rule, expiry, today), sold, times.at_bid)
        if rule.holds_index:
            book.grow(self.spot[i] / sold.spot)
