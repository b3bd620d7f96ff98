"""Run a user's own hedge or strategy so that no error of theirs ends the program."""

from __future__ import annotations

from typing import Any, NamedTuple

import backtrader as bt

from alvh_bt.config import Study
from alvh_bt.engine.own_hedge import watched_hedge
from alvh_bt.engine.recorder import BookRecorder
from alvh_bt.engine.results import RunResult
from alvh_bt.engine.setup import equip
from alvh_bt.engine.strategy import CondorStrategy
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import HedgeError, MarginError
from alvh_bt.hedges import Hedge
from alvh_bt.market import Market
from alvh_bt.pricing.model import PriceModel


class Ran(NamedTuple):
    """What a run left: its name, its record up to the end or to an error (None without a day), the error."""

    name: str
    run: RunResult | None
    error: str | None


class HedgedCondors(CondorStrategy):
    """Condors under a hedge of the class `kind`."""

    params = (("kind", None),)

    def make_hedge(self, study: Study) -> Hedge:
        """Return the hedge of the given class, under watch."""
        return watched_hedge(self.p.kind, study)


def subject_name(kind: type[Any]) -> str:
    """Return what results are called: the hedge's name, or the strategy's class."""
    return str(kind.name) if issubclass(kind, Hedge) else kind.__name__


def run_guarded(market: Market, study: Study, kind: type[Any], prices: PriceModel, calendar: Calendar) -> Ran:
    """Return the run of a hedge or strategy; an error of the user's code ends it, and is told.

    Parameters
    ----------
    market, study
        History, settings and window.
    kind
        A subclass of `Hedge` or of `CondorStrategy`.
    prices, calendar
        Of the market.
    """
    name = subject_name(kind)
    cerebro = bt.Cerebro(stdstats=False)
    equip(cerebro, market, study, prices, calendar)
    if issubclass(kind, Hedge):
        cerebro.addstrategy(HedgedCondors, kind=kind)
    else:
        cerebro.addstrategy(kind)
    cerebro.addanalyzer(BookRecorder, _name="recorder")
    error = stopped = None
    try:
        cerebro.run()
    except MarginError as trouble:
        stopped = str(trouble)
    except KeyboardInterrupt:
        raise
    except BaseException as trouble:  # a user's code may raise anything, also SystemExit
        error = words_of(trouble)
    started = getattr(cerebro, "runningstrats", [])
    recorder = started[0].analyzers.recorder if started else None
    if recorder is None or not recorder.days:
        return Ran(name, None, error or stopped or "it ran no day")
    run = RunResult(name, recorder.daily(), recorder.trade_list(), recorder.journal(), stopped)
    return Ran(name, run, error)


def words_of(trouble: BaseException) -> str:
    """Return an exception in one line.

    >>> words_of(ValueError("no such"))
    'ValueError: no such'
    """
    if isinstance(trouble, HedgeError):
        return str(trouble)
    return " ".join(f"{type(trouble).__name__}: {trouble}".split())
