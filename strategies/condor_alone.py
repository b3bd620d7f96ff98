"""Iron condors without a hedge, the book that every hedge is measured against.

Copy this file to start a strategy of your own: name another hedge, or override `next`, which on each
close sends what `self.decide_condor(today)` and then `self.hedge.decide(today, self.book())` return.
To run it:

    import backtrader as bt
    from alvh_bt.engine.setup import equip
    from alvh_bt.market import load_market
    from alvh_bt.strategies.condor_alone import CondorAlone

    cerebro = bt.Cerebro()
    equip(cerebro, load_market())
    cerebro.addstrategy(CondorAlone)
    cerebro.run()
"""

from __future__ import annotations

from alvh_bt.config import Study
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.hedges import NoHedge


class CondorAlone(CondorStrategy):
    """Iron condors without a hedge, the book that every hedge is measured against."""

    def make_hedge(self, study: Study) -> NoHedge:
        """Return the hedge that goes with the condors."""
        return NoHedge(study)
