"""Backtrader's own parameter sweep over the same study, for comparison."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import backtrader as bt

from alvh_bt.config import Study, make_study
from alvh_bt.engine.recorder import BookRecorder
from alvh_bt.engine.setup import equip
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.engine.today import Calendar
from alvh_bt.hedges import Hedge, Layered
from alvh_bt.market import Market
from alvh_bt.pricing.model import ModelPrices


class Triggered(CondorStrategy):
    """The layered hedge with a trigger of its own, as `optstrategy` sets it."""

    params = (("trigger_delta", 0.25),)

    def make_hedge(self, study: Study) -> Hedge:
        """Return the hedge; its run starts with books of its own, since Cerebro keeps one broker for all."""
        changed = study.layered._replace(trigger_delta=self.p.trigger_delta)
        return Layered(dataclasses.replace(study, layered=changed))


def optstrategy_rate(market: Market, window: dict[str, str], runs: int) -> float:
    """Return the runs a second of `cerebro.optstrategy` on one core, layered hedges over the window."""
    study = make_study(**window)
    prices, calendar = ModelPrices(market), Calendar(market, study.signals)
    for warm, wanted in ((True, 1), (False, runs)):
        cerebro = bt.Cerebro(stdstats=False, optreturn=True, maxcpus=1)
        broker: Any = equip(cerebro, market, _first_months(study) if warm else study, prices, calendar)
        first = broker.first
        # Cerebro calls start once a run, and keeps the broker.
        broker.start = lambda broker=broker, first=first: broker.__init__(
            broker.study, calendar, prices, first
        )
        triggers = [0.20 + 0.15 * k / wanted for k in range(wanted)]
        cerebro.optstrategy(Triggered, trigger_delta=triggers)
        cerebro.addanalyzer(BookRecorder, _name="recorder")
        began = time.perf_counter()
        found = cerebro.run()
        seconds = time.perf_counter() - began
        if len(found) != wanted or not found[-1][0].analyzers.recorder.days:
            raise SystemExit("optstrategy did not run")
    return runs / seconds


def _first_months(study: Study) -> Study:
    return make_study(start=str(study.start), end=f"{study.start.year}-06-30" if study.start else None)
