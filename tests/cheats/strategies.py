"""Strategies that cheat: Backtrader gives them more than a hedge sees."""

from __future__ import annotations

from alvh_bt.engine.strategy import CondorStrategy
from cheats.hedges import Honest


class HonestStrategy(CondorStrategy):
    """Condors under an honest hedge."""

    def make_hedge(self, study):
        return Honest(study)


class NextClose(HonestStrategy):
    """Opens condors where tomorrow's close is higher: the feed has loaded it already."""

    def decide_condor(self, today):
        decision = super().decide_condor(today)
        ahead = self.data.close[1] if len(self.data) < self.data.buflen() else 0.0
        if ahead < self.data.close[0]:
            decision.orders.clear()
        return decision


class ThroughBroker(HonestStrategy):
    """Asks the broker's calendar for the next close."""

    def decide_condor(self, today):
        decision, calendar = super().decide_condor(today), self.broker.calendar
        after = calendar.closes[calendar.days > today.day]
        if not len(after) or after[0] < today.closes[-1]:
            decision.orders.clear()
        return decision


class Giver(HonestStrategy):
    """Puts money into the account."""

    def next(self):
        super().next()
        accounts = self.broker.accounts
        accounts.held = accounts.held._replace(cash=accounts.held.cash + 5.0, nav=accounts.held.nav + 5.0)


class Shaver(HonestStrategy):
    """Takes contracts that it is short of off the books."""

    def next(self):
        super().next()
        lots = self.broker.accounts.lots
        if len(lots):
            lots["contracts"][lots["contracts"] < 0.0] *= 0.999
