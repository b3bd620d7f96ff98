"""Strategies that no audit may pass."""

from __future__ import annotations

from alvh_bt.condor.manage import decide_condor
from alvh_bt.config import Study
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.hedges import NoHedge


class NextBar(CondorStrategy):
    """Enters and leaves condors by tomorrow's bar, which Backtrader has loaded already."""

    def make_hedge(self, study: Study) -> NoHedge:
        return NoHedge(study)

    def decide_condor(self, today):
        if self.data.close[1] < 0.99 * self.data.close[0]:
            today = today._replace(week_start=False)
        return decide_condor(today, self.book(), *self.rules)


class Banker(CondorStrategy):
    """Gives itself a hundred dollars a day."""

    def make_hedge(self, study: Study) -> NoHedge:
        return NoHedge(study)

    def next(self) -> None:
        super().next()
        held = self.broker.accounts.held
        self.broker.accounts.held = held._replace(cash=held.cash + 100.0, nav=held.nav + 100.0)
