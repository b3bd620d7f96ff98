"""Run one variant, or every variant of a study, over a market."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import backtrader as bt

from alvh_bt.book.records import Decision
from alvh_bt.book.view import Today
from alvh_bt.config import Study
from alvh_bt.engine.closes import Close, close_of
from alvh_bt.engine.own_hedge import watched_hedge
from alvh_bt.engine.parallel import run_side_by_side
from alvh_bt.engine.recorder import BookRecorder
from alvh_bt.engine.results import QuoteUse, RunResult
from alvh_bt.engine.setup import equip
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import MarginError
from alvh_bt.hedges import Hedge, find_hedge, variant_name, variant_names
from alvh_bt.market import Market
from alvh_bt.pricing.model import ModelPrices, PriceModel
from alvh_bt.pricing.quoted import QuotedPrices, QuoteSource


class NamedHedge(CondorStrategy):
    """Condors under the hedge of a registered name."""

    params = (("hedge", "none"), ("tick", None), ("watch", None))

    def __init__(self) -> None:
        super().__init__()
        self._asked: list[Decision] = []

    def make_hedge(self, study: Study) -> Hedge:
        """Return the hedge of that name; a user's own under watch."""
        return watched_hedge(find_hedge(self.p.hedge), study)

    def next(self) -> None:
        """Take the day's decisions, show them to who watches, and report the session done."""
        before, self._asked = self.book(), []
        super().next()
        if self.p.watch is not None:
            self.p.watch(close_of(self, before, self._asked))
        if self.p.tick is not None:
            self.p.tick()

    def send(self, decision: Decision, today: Today) -> None:
        """Keep what the rules asked for, and send what passes the guards."""
        self._asked.append(decision)
        super().send(decision, today)


def run_variant(
    market: Market,
    study: Study,
    hedge: str,
    prices: PriceModel,
    calendar: Calendar,
    tick: Callable[[], Any] | None = None,
    watch: Callable[[Close], Any] | None = None,
) -> RunResult:
    """Return the daily record, trades and journal of the condor book under one hedge.

    Parameters
    ----------
    market, study
        History and settings.
    hedge
        Name in `HEDGES`, or a user's own as `where:ClassName`.
    prices, calendar
        Shared between variants: they depend on the market alone.
    tick
        Called after each session, for a progress bar.
    watch
        Called after the decisions of each close, with what they stood on and what they were.

    Returns
    -------
    RunResult
        `stopped` holds the message where a margin could not be met; the record then ends the day before.

    Raises
    ------
    ConfigError
        When the hedge is unknown.
    MarginError
        When the margin cannot be met on the very first day.
    DataError
        When a price or a settlement value is missing.
    AccountingError
        When the books do not balance.
    """
    name = variant_name(hedge)
    cerebro = bt.Cerebro(stdstats=False)
    equip(cerebro, market, study, prices, calendar)
    cerebro.addstrategy(NamedHedge, hedge=hedge, tick=tick, watch=watch)
    cerebro.addanalyzer(BookRecorder, _name="recorder")
    stopped = None
    try:
        cerebro.run()
    except MarginError as error:
        stopped = str(error)
        if not cerebro.runningstrats[0].analyzers.recorder.days:
            raise
    recorder = cerebro.runningstrats[0].analyzers.recorder
    used = None
    if isinstance(prices, QuotedPrices):
        used = QuoteUse(tuple(recorder.fills), tuple(recorder.marks), dict(prices.read))
    return RunResult(name, recorder.daily(), recorder.trade_list(), recorder.journal(), stopped, used)


class Variants(NamedTuple):
    """Runs in the order of their hedges, what was found of each, and the prices and calendar they shared."""

    runs: list[RunResult]
    found: list[Any]
    prices: PriceModel
    calendar: Calendar


def run_variants(
    market: Market,
    study: Study,
    tick: Callable[[], Any] | None = None,
    meanwhile: Callable[[], Any] | None = None,
    store: QuoteSource | None = None,
    after: Callable[[RunResult, PriceModel], Any] | None = None,
) -> Variants:
    """Return one result a hedge of the study, in its order, with the prices and the calendar they shared.

    Parameters
    ----------
    market, study
        History and settings.
    tick
        Called after each session of each variant.
    meanwhile
        Called once while the variants run in other processes; not called where they do not.
    store
        Real chains, for prices from quotes where there are any.
    after
        Called with each run and its prices in the run's own process; what it returns is `found`, else None.
    """
    variant_names(study.hedges)
    prices: PriceModel = ModelPrices(market) if store is None else QuotedPrices(market, store)
    calendar = Calendar(market, study.signals)

    def job(name: str, told: Callable[[], Any]) -> tuple[RunResult, Any]:
        run = run_variant(market, study, name, prices, calendar, told)
        return run, None if after is None else after(run, prices)

    pairs = run_side_by_side(job, study.hedges, tick or (lambda: None), meanwhile)
    runs, found = [run for run, _ in pairs], [more for _, more in pairs]
    if isinstance(prices, QuotedPrices):
        for run in runs:
            # A worker's reading stays in its process.
            prices.learn(run.quotes.read if run.quotes else {})
    return Variants(runs, found, prices, calendar)
