"""Backtrader orders on listed contracts.

Backtrader's own constructor looks up sessions, expiries of orders and the contract's close, and its
`clone` copies attribute by attribute; a run makes thousands of orders, and these two took a quarter of
its time. What is left out here has no meaning for a market order on a contract.
"""

from __future__ import annotations

from typing import Any

import backtrader as bt
from backtrader.order import OrderData
from backtrader.utils import AutoOrderedDict

from alvh_bt.book.records import Order
from alvh_bt.contracts import contract_multiplier


class _ContractOrder:
    """What both sides share; `rule` is the record of the decision that it carries out."""

    rule: Order

    def __init__(self) -> None:
        given: Any = self.p  # type: ignore[attr-defined]
        self.ref = next(bt.Order.refbasis)
        self.owner, self.data = given.owner, given.data
        self.exectype, self.tradeid = bt.Order.Market, given.tradeid
        self.size = given.size if self.ordtype == bt.Order.Buy else -given.size  # type: ignore[attr-defined]
        self.status = bt.Order.Created
        self.broker = self.comminfo = None
        self.info = AutoOrderedDict()
        self.triggered, self._active = False, True
        self.position, self.dteos, self._limitoffset = 0, 0.0, 0.0
        self.plimit = None
        self.executed = OrderData(remsize=self.size)

    def carry_out(self, rule: Order) -> None:
        """Take the decision's record; its mid is the price at creation, USD a contract."""
        price = rule.price * contract_multiplier(rule.root)
        self.rule = rule
        self.created = OrderData(dt=self.data.datetime[0], size=self.size, price=price, pclose=price)

    def clone(self) -> Any:
        """Return a copy of the order as it stands, for a notice."""
        self.executed.markpending()
        executed = object.__new__(OrderData)
        executed.__dict__.update(self.executed.__dict__)
        order = object.__new__(type(self))
        order.__dict__.update(self.__dict__, executed=executed)
        return order


class ContractBuy(_ContractOrder, bt.BuyOrder):
    """An order to buy contracts at the market."""


class ContractSell(_ContractOrder, bt.SellOrder):
    """An order to sell contracts at the market."""
