"""The base of every strategy: read what is known, call the rules, send the orders."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from alvh_bt.book.condors import with_decisions
from alvh_bt.book.margin_cut import affordable, cutting_orders
from alvh_bt.book.records import Decision, order_contract
from alvh_bt.book.view import BookView, Today
from alvh_bt.condor.manage import decide_condor
from alvh_bt.config import Fill, OnMargin, Study
from alvh_bt.contracts import Contract
from alvh_bt.engine.broker import OptionsBroker
from alvh_bt.engine.feeds import ListedContract
from alvh_bt.engine.guards import Guards, check_codes
from alvh_bt.hedges.policy import Hedge


class CondorStrategy(bt.Strategy):
    """Iron condors under a hedge; a subclass names the hedge in `make_hedge`, or overrides `next`.

    It runs in any Cerebro that `alvh_bt.engine.setup.equip` has given the broker and the feeds.
    """

    broker: OptionsBroker

    def __init__(self) -> None:
        self.study: Study = self.broker.study
        self.rules = (self.study.condor, self.study.book, self.study.costs)
        self.journal = self.broker.journal
        self.guards = Guards(self.study)
        self._announced: set[str] = set()
        self.hedge: Hedge = self.make_hedge(self.study)

    def make_hedge(self, study: Study) -> Hedge:
        """Return the hedge that this strategy pairs with the condors."""
        raise TypeError(f"{type(self).__name__} names no hedge: override make_hedge")

    def next(self) -> None:
        """Read what is known at the close, ask the rules, send their orders."""
        today = self.broker.today()
        if not self.meet_margin(today):
            self.send(self.decide_condor(today), today)
            self.send(self.hedge.decide(today, self.book()), today)

    def _next_analyzers(self, minperstatus: int, once: bool = False) -> None:
        """Fill what this close decided, under `same_close`, before the analyzers take their turn."""
        if self.study.book.fill == Fill.SAME_CLOSE:
            self.fill_now()
        super()._next_analyzers(minperstatus, once=once)

    def book(self) -> BookView:
        """Return the book at the close: lots, marks, condors."""
        return self.broker.accounts.view()

    def decide_condor(self, today: Today) -> Decision:
        """Return the leg manager's decision on this close."""
        decision: Decision = decide_condor(today, self.book(), *self.rules)
        return decision

    def send(self, decision: Decision, today: Today) -> None:
        """Journal a decision and send its orders to the broker.

        Raises
        ------
        ConfigError
            When an order or a note has a code that means nothing.
        """
        check_codes(decision)
        accounts = self.broker.accounts
        if self.study.book.on_margin == OnMargin.CUT:
            pending = [order.rule for order in self.broker.pending]
            rate, sizes = self.study.costs.vx_margin_rate, self.study.book.contracts
            money = accounts.available() - accounts.required()
            decision = affordable(decision, pending, money, rate, sizes)
        decision = self.guards.passed(decision, today, self.book())
        if not decision.orders and not decision.notes:
            return
        accounts.condors = with_decisions(accounts.condors, decision.orders, today)
        self.journal.record(decision, today, self.book())
        for order in decision.orders:
            data = self.broker.instrument(order_contract(order), order.lot, self.data0)
            self.announce(data)
            trade = self.buy if order.contracts > 0 else self.sell
            trade(data=data, size=abs(order.contracts), rule_order=order)

    def contract(self, contract: Contract) -> ListedContract:
        """Return a data object that `self.buy(data=..., size=...)` takes, for orders of your own."""
        data = self.broker.instrument(contract, -1, self.data0)
        self.announce(data)
        return data

    def meet_margin(self, today: Today) -> bool:
        """Cut the book if the margin is not met; return whether it did, and the day is done."""
        if self.broker.shortfall <= 0.0:
            return False
        accounts, sizes = self.broker.accounts, self.study.book.contracts
        lots, marks, required = accounts.lots, accounts.marks, accounts.required()
        self.send(cutting_orders(lots, marks, required, self.broker.shortfall, today, sizes), today)
        return True

    def fill_now(self) -> None:
        """Fill the orders of this close at once, and let the analyzers know before their turn."""
        self.broker.fill_now()
        while (notice := self.broker.get_notification()) is not None:
            self._addnotification(notice)
        super()._notify()

    def _notify(self, qorders: Any = (), qtrades: Any = ()) -> None:
        """Pass on notices and NAV; under `same_close` only once the day's fills are in."""
        if self.study.book.fill != Fill.SAME_CLOSE:
            super()._notify(list(qorders), list(qtrades))

    def announce(self, data: ListedContract) -> None:
        """Tell the analyzers that list transactions by name of a contract that they have not met."""
        if data._name in self._announced:
            return
        self._announced.add(data._name)
        for analyzer in _with_children(self.analyzers):
            names = getattr(analyzer, "_idnames", None)
            if names is not None:
                names.append((len(names), data._name))


def _with_children(analyzers: Any) -> list[Any]:
    """Return analyzers and those that they hold inside, as PyFolio does."""
    found = list(analyzers)
    for analyzer in found:
        found.extend(getattr(analyzer, "_children", ()))
    return found
