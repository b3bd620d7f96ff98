"""A Backtrader broker for listed options and futures, filled and marked by the accounts.

The stock broker values a futures margin on long legs, ignores multipliers in cash and keeps every
closed position for ever; this one delegates money to `Accounts`, and keeps for Backtrader what its
orders, trades, analyzers and observers ask for.
"""

from __future__ import annotations

from collections import deque
from itertools import count, groupby
from typing import Any

import backtrader as bt
from backtrader.position import Position

from alvh_bt.book.held import Trade
from alvh_bt.book.records import Action, Book, Layer, Order, Reason
from alvh_bt.book.view import Today, tradable
from alvh_bt.config import Fill, OnMargin, Study
from alvh_bt.contracts import Contract, calendar_date, contract_multiplier, is_future, on_vix
from alvh_bt.engine.accounts import Accounts
from alvh_bt.engine.feeds import ListedContract
from alvh_bt.engine.journal import Journal
from alvh_bt.engine.orders import ContractBuy, ContractSell
from alvh_bt.engine.today import Calendar
from alvh_bt.engine.troubles import short_of_margin
from alvh_bt.errors import AccountingError, ConfigError
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.pricing.day import DayPrices, quote_contract
from alvh_bt.pricing.model import PriceModel


class OptionsBroker(bt.BrokerBase):
    """Fills orders on contracts, settles them, marks the book and answers Backtrader.

    Parameters
    ----------
    study
        Money, fills, costs and margin rule.
    calendar
        Calendar and signals of the market.
    prices
        The price model, or quotes.
    first
        Row of the market at which the run begins.
    """

    def __init__(self, study: Study, calendar: Calendar, prices: PriceModel, first: int) -> None:
        super().__init__()
        self.study, self.calendar, self.model, self.first = study, calendar, prices, first
        self.accounts = Accounts(study)
        self.startingcash = study.book.starting_cash
        self.positions: dict[ListedContract, Position] = {}
        self.instruments: dict[int, ListedContract] = {}
        self.pending: list[Any] = []
        self.notices: deque[Any] = deque()
        self.session = first - 1
        self.close = prices.at_close(first)
        self.shortfall = 0.0
        self.journal = Journal(study)
        self._own_packages = count(1)
        self._comminfo = bt.CommInfoBase(commission=0.0, stocklike=True, percabs=True)

    def next(self) -> None:
        """Settle, fill, mark and check: steps 1 to 3 of the day, before any strategy sees it.

        Raises
        ------
        MarginError
            When the margin is not met and the study says to stop.
        """
        self.session += 1
        fill, accounts = self.study.book.fill, self.accounts
        values = self.model.settlement(self.session)
        close = self.close = self.model.at_close(self.session)
        accounts.begin(close.day)
        self._settle(close.day, values, at_open=True)
        if fill == Fill.NEXT_OPEN and self.pending:
            self._fill_pending(self.model.at_open(self.session))
        self._settle(close.day, values, at_open=False)
        if fill == Fill.NEXT_CLOSE and self.pending:
            self._fill_pending(close)
        accounts.close_fills()
        accounts.mark(close)
        self._check_margin()

    def today(self) -> Today:
        """Return what is known at this close."""
        return self.calendar.today(self.session, self.first, self.prices(), self.study.book.fill)

    def prices(self) -> DayPrices:
        """Return the prices of this close."""
        return self.close

    def fill_now(self) -> None:
        """Fill what is pending at this close and mark again (fill timing `same_close`)."""
        if self.pending:
            self._fill_pending(self.prices())
        self.accounts.close_fills()
        self.accounts.mark(self.prices())
        self._check_margin()

    def instrument(self, contract: Contract, lot: int, clock: Any) -> ListedContract:
        """Return the light data object of a held lot, or a new one for a contract to be opened."""
        if lot in self.instruments:
            return self.instruments[lot]
        return ListedContract(contract, clock, self._mid)

    def getcash(self) -> float:
        """Return the cash, USD."""
        return self.accounts.cash

    def getvalue(self, datas: Any = None) -> float:
        """Return NAV, USD; or the marked value of some contracts, or of a feed's contracts.

        VIX contracts count under the `vix` feed where the Cerebro has one, all others under `spx`, so
        that the values of the feeds and cash add up to NAV.
        """
        if datas is None:
            return self.accounts.nav
        return sum(self._value_of(data) for data in datas)

    get_value, get_cash = getvalue, getcash

    def getposition(self, data: Any) -> Position:
        """Return the position in a contract: contracts, and USD a contract."""
        return self.positions.get(data) or Position()

    def getcommissioninfo(self, data: Any) -> Any:
        """Return the scheme that Backtrader's trades compute with: fees come with each fill."""
        return self._comminfo

    def buy(self, owner: Any, data: Any, size: float, **kwargs: Any) -> Any:
        """Accept an order to buy contracts; `rule_order` carries the rule's own record."""
        return self._accept(ContractBuy, owner, data, size, kwargs)

    def sell(self, owner: Any, data: Any, size: float, **kwargs: Any) -> Any:
        """Accept an order to sell contracts; `rule_order` carries the rule's own record."""
        return self._accept(ContractSell, owner, data, size, kwargs)

    def cancel(self, order: Any) -> None:
        """Cancel a pending order."""
        self.pending = [other for other in self.pending if other.ref != order.ref]
        order.cancel()
        self.notify(order)

    def notify(self, order: Any) -> None:
        """Queue a notice of the order's state."""
        self.notices.append(order.clone())

    def get_notification(self) -> Any:
        """Return the next notice, or None."""
        return self.notices.popleft() if self.notices else None

    def _accept(self, kind: Any, owner: Any, data: Any, size: float, extra: dict[str, Any]) -> Any:
        rule_order = extra.pop("rule_order", None)
        if rule_order is None:
            self._check_own(data, size if kind is ContractBuy else -size, extra)
            rule_order = self._own_order(data, size if kind is ContractBuy else -size)
        elif rule_order.expiry <= self.close.day:
            raise AccountingError(
                f"an order on {data._name}, which had settled by {calendar_date(self.close.day)}; "
                "let the hedge choose a later expiry"
            )
        order = self._order(kind, owner, data, size, rule_order)
        self.pending.append(order)
        self.notify(order)
        return order

    def _order(self, kind: Any, owner: Any, data: Any, size: float, rule: Order) -> Any:
        """Return a submitted and accepted order that carries out a decision."""
        order = kind(owner=owner, data=data, size=size)
        order.addcomminfo(self._comminfo)
        order.carry_out(rule)
        order.submit(self)
        order.accept(self)
        return order

    def _check_own(self, data: Any, contracts: float, extra: dict[str, Any]) -> None:
        """Refuse what an order of the strategy's own cannot be; ConfigError in one line."""
        if not isinstance(data, ListedContract):
            raise ConfigError("an order needs a contract: pass data=self.contract(Contract(...))")
        if extra.get("exectype") not in (None, bt.Order.Market):
            raise ConfigError(f"order on {data._name}: only market orders are filled; drop exectype")
        if not tradable(data.contract.root, data.contract.expiry, self.today()):
            raise ConfigError(f"order on {data._name}: it settles before the fill; choose a later expiry")
        held = self.getposition(data).size
        if not held and contracts < 0.0 and not is_future(data.contract.root):
            raise ConfigError(
                f"order on {data._name}: no margin rule for short options or shares; sell only what is held"
            )
        if held and (held * contracts > 0.0 or abs(contracts) > abs(held)):
            raise ConfigError(
                f"order of {contracts:g} on {data._name}, of which {held:g} are held: close at most those, "
                "and open more through another self.contract(...)"
            )

    def _own_order(self, data: ListedContract, contracts: float) -> Order:
        """Return the record of an order that a strategy sent by itself."""
        contract, opens = data.contract, data.lot < 0
        action = Action.OPEN if opens else Action.CLOSE
        return Order(
            Book.HEDGE, Layer.STATIC, action, NO_CONDOR, data.lot, *contract, contracts, self._mid(contract),
            Reason.MANUAL, -next(self._own_packages),
        )  # fmt: skip

    def _fill_pending(self, prices: DayPrices) -> None:
        orders, self.pending = self.pending, []
        orders.sort(key=lambda order: (order.rule.book, order.rule.package))
        for _, grouped in groupby(orders, key=lambda order: (order.rule.book, order.rule.package)):
            package = list(grouped)
            start = len(self.accounts.trades)
            if self.accounts.fill([order.rule for order in package], prices):
                for order, trade in zip(package, self.accounts.trades[start:], strict=True):
                    self._executed(order, trade)
            else:
                self.journal.not_filled(package[0].rule, prices.day)
                for order in package:
                    order.reject(self)
                    self.notify(order)

    def _settle(self, day: int, values: Any, at_open: bool) -> None:
        start = len(self.accounts.trades)
        self.accounts.settle(day, values, at_open)
        for trade in self.accounts.trades[start:]:
            data = self.instruments[trade.lot]
            kind: Any = ContractBuy if trade.contracts > 0 else ContractSell
            owner = self.cerebro.runningstrats[0]
            self._executed(self._order(kind, owner, data, abs(trade.contracts), trade.order), trade)

    def _executed(self, order: Any, trade: Trade) -> None:
        data: ListedContract = order.data
        price = trade.price * data.multiplier
        position = self.positions.setdefault(data, Position())
        before = position.price
        size, average, opened, closed = position.update(trade.contracts, price)
        fee = trade.fees_usd
        order.execute(
            data.datetime[0], trade.contracts, price,
            closed, -closed * before, fee if closed else 0.0,
            opened, opened * price, fee if opened else 0.0,
            0.0, trade.pnl_usd, size, average,
        )  # fmt: skip
        order.completed()
        self.notify(order)
        if trade.opened:
            data.lot = trade.lot
            self.instruments[trade.lot] = data
        if not size:
            del self.positions[data]
            del self.instruments[trade.lot]

    def _check_margin(self) -> None:
        self.shortfall = max(0.0, self.accounts.required() - self.accounts.available())
        nothing_to_cut = not len(self.accounts.lots)
        if self.shortfall > 0.0 and (self.study.book.on_margin == OnMargin.STOP or nothing_to_cut):
            raise short_of_margin(self.shortfall, self.prices().day)

    def _mid(self, contract: Contract) -> float:
        return float(quote_contract(contract, self.prices()).mid)

    def _value_of(self, data: Any) -> float:
        accounts = self.accounts
        with_vix = any(feed._name == "vix" for feed in self.cerebro.datas)
        total = 0.0
        for lot, mark in zip(accounts.lots, accounts.marks, strict=True):
            feed = "vix" if with_vix and on_vix(lot["root"]) else "spx"
            if data is self.instruments.get(int(lot["id"])) or getattr(data, "_name", None) == feed:
                paid = lot["entry_price"] if is_future(lot["root"]) else 0.0
                total += lot["contracts"] * contract_multiplier(lot["root"]) * (mark["mid"] - paid)
        return float(total)
