"""Runs of a study in compiled code: a whole one with its tables, or a hedge's daily figures alone."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from alvh_bt.choices import OnMargin, OnSynthetic
from alvh_bt.config import Study
from alvh_bt.engine.parallel import run_side_by_side
from alvh_bt.engine.results import DAILY_COLUMNS, RunResult
from alvh_bt.engine.today import Calendar
from alvh_bt.engine.troubles import refuse, short_of_margin, unbalanced
from alvh_bt.errors import AlvhError, ConfigError
from alvh_bt.hedges import make_hedge, variant_name
from alvh_bt.market import Market
from alvh_bt.pricing.model import ModelPrices, PriceModel
from alvh_bt.replay.book_loop import replay_book
from alvh_bt.replay.days import Days, make_days
from alvh_bt.replay.hedge_loop import CondorPath, empty_path, make_path, monetised, replay_hedge
from alvh_bt.replay.log import Ending, Log
from alvh_bt.replay.policies import NoRules, compiled_rules
from alvh_bt.replay.steps import MARGIN, UNBALANCED, settings_of
from alvh_bt.replay.tables import daily_frame, journal_frame, trades_frame

#: Days ahead for which the projections' scenarios are kept; condors leave earlier than they expire.
HORIZONS = 64


class Window(NamedTuple):
    """The days of a market, the sessions of a run in it (both included), and what projections have found.

    `known` is (n, `HORIZONS`, 5, 4), 0.0 where nothing is known; it is good for one answer of VIX to the
    index (`shock.vix_points_per_percent`). Forked processes share what any of them finds.
    """

    days: Days
    first: int
    last: int
    known: NDArray[np.float64]


class DailyRun(NamedTuple):
    """A run's daily figures, (n, 13) in the order of `DAILY_COLUMNS`, and what trades add to its metrics.

    `stopped` says why it ended early, else None.
    """

    daily: NDArray[np.float64]
    fills: int
    monetised_usd: float
    stopped: str | None


class Condors(NamedTuple):
    """The condors' own run, on which any hedge can be laid; `error` is what stopped them.

    `fills` counts those up to and including each session of the run.
    """

    path: CondorPath
    fills: NDArray[np.int64]
    error: AlvhError | None


def nothing_known(days: Days) -> NDArray[np.float64]:
    """Return an empty store of what projections find on the days of a market."""
    shape = (len(days.calendar), HORIZONS, 5, 4)
    # Shared between forked processes, and no memory until it is written to.
    return np.frombuffer(mmap.mmap(-1, 8 * math.prod(shape)), np.float64).reshape(shape)


def make_window(market: Market, study: Study, calendar: Calendar | None = None) -> Window:
    """Return what the runs of a study over a market share.

    Raises
    ------
    DataError
        When the window holds no usable session.
    """
    first, last = market.window(study.start, study.end)
    days = make_days(market, calendar or Calendar(market, study.signals))
    return Window(days, first, last, nothing_known(days))


def replay_variant(
    market: Market,
    study: Study,
    hedge: str,
    prices: PriceModel | None = None,
    calendar: Calendar | None = None,
    window: Window | None = None,
) -> RunResult:
    """Return what `engine.run.run_variant` does, from the compiled loop.

    Parameters
    ----------
    market, study, hedge
        History, settings, and the name of a registered hedge.
    prices, calendar, window
        To share between runs over the same market; made if None. Prices are the model's: real chains are the
        Backtrader engine's.

    Raises
    ------
    ConfigError
        When the hedge is unknown, or a user's own.
    MarginError, DataError, AccountingError
        As `run_variant`.
    """
    calendar = calendar or Calendar(market, study.signals)
    window = window or make_window(market, study, calendar)
    settings = settings_of(study, window.known)
    log = replay_book(window.days, window.first, window.last, settings, _rules(study, hedge), True)
    stopped = told_ending(log.end, window)
    if isinstance(stopped, AlvhError) and not log.end.done:
        raise stopped
    days = window.days.calendar[window.first :, 0]
    journal = journal_frame(log, study, window.first, prices or ModelPrices(market), calendar)
    return RunResult(
        variant_name(hedge),
        daily_frame(log, days),
        trades_frame(log),
        journal,
        None if stopped is None else str(stopped),
    )


def is_compiled(study: Study, hedge: str) -> bool:
    """Return whether a hedge has compiled rules; a user's own has none."""
    return _compilable(study, hedge) is not None


def _compilable(study: Study, hedge: str) -> Any:
    return compiled_rules(make_hedge(hedge, study))


def _rules(study: Study, hedge: str) -> Any:
    rules = _compilable(study, hedge)
    if rules is None:
        raise ConfigError(f"hedge {hedge!r} is not compiled: run it with the Backtrader engine")
    return rules


def told_ending(end: Ending, window: Window) -> AlvhError | None:
    """Return why a run stopped for want of margin, None where it did not.

    Raises
    ------
    DataError, AccountingError
        When it ended for another reason.
    """
    if end.trouble == 0:
        return None
    day = int(window.days.calendar[window.first + end.done, 0])
    if end.trouble == MARGIN:
        return short_of_margin(end.amount, day)
    if end.trouble == UNBALANCED:
        raise unbalanced(end.amount, day)
    return refuse(end.trouble, end.lots, end.about, end.amount, day)


def compile_side_by_side(window: Window, study: Study, hedges: Sequence[str]) -> None:
    """Compile what daily runs of hedges need, one process a core, where that was not done before.

    What is compiled is kept on disk, where this and all later processes find it.
    """
    rules = {type(found).__name__: found for hedge in hedges if (found := _compilable(study, hedge))}
    marker = Path(str(numba.config.CACHE_DIR)) / f"sweeps-{'-'.join(sorted(rules))}"  # type: ignore[attr-defined]
    if not rules or marker.exists() or numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return
    settings = settings_of(study, window.known)

    def job(name: str, tick: Any) -> None:
        if name in rules:
            replay_hedge(window.days, window.first, empty_path(), settings, rules[name])
        else:
            replay_condors(window._replace(last=window.first), study)

    run_side_by_side(job, [*rules, "condors"], lambda: None)
    marker.touch()


def binds(study: Study) -> bool:
    """Return whether a hedge may change its condors' path under a study: by cuts, or by what it refuses."""
    guard = study.guard
    refuses = guard.max_irr_cost > 0.0 or guard.on_synthetic == OnSynthetic.REFUSE
    return study.book.on_margin == OnMargin.CUT or refuses


def replay_condors(window: Window, study: Study) -> Condors:
    """Return the condors of a study, run for themselves without regard to margin."""
    settings = settings_of(study, window.known)
    rules = NoRules(int(study.book.contracts))
    log = replay_book(window.days, window.first, window.last, settings, rules, False)
    error = None
    try:
        told_ending(log.end, window)
    except AlvhError as found:
        error = found
    fills = np.cumsum(log.seen.figures[: log.end.done, 5]).astype(np.int64)
    return Condors(make_path(log, study.book.starting_cash), fills, error)


def replay_daily(window: Window, study: Study, hedge: str, condors: Callable[[], Condors]) -> DailyRun:
    """Return the daily figures of a hedge over its condors.

    Parameters
    ----------
    window, study, hedge
        What is run.
    condors
        Returns `replay_condors` of the same settings; asked only where the hedge cannot change them.

    Raises
    ------
    ConfigError, MarginError, DataError, AccountingError
        As `replay_variant`.
    """
    rules, settings = _rules(study, hedge), settings_of(study, window.known)
    if binds(study):
        log = replay_book(window.days, window.first, window.last, settings, rules, True)
        daily, end, (fills, realised) = log.daily, log.end, _told_trades(log, study)
    else:
        alone = condors()
        run = replay_hedge(window.days, window.first, alone.path, settings, rules)
        daily, end, realised = run.daily, run.end, run.monetised_usd
        fills = run.fills + int(alone.fills[end.done - 1] if end.done else 0)
        if alone.error is not None and end.trouble == 0:
            raise alone.error
    stopped = told_ending(end, window)
    if stopped is not None and end.done == 0:
        raise stopped
    return DailyRun(daily, fills, realised, None if stopped is None else str(stopped))


def _told_trades(log: Log, study: Study) -> tuple[int, float]:
    """Return the fills of a run, and what its monetising sales realised."""
    fills, realised = monetised(log.trades, study.costs)
    return int(fills), float(realised)


def columns_of(daily: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns of daily figures by name."""
    return dict(zip(DAILY_COLUMNS, daily.T, strict=True))
