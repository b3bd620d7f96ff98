"""The comparison over resampled histories: how far the difference depends on the order of the days.

One history is one sample of what its days could have made. Each path puts the days of the window in another
order (`alvh_bt.market.simulation`), and runs every hedge of the study through it. All paths are made of the
same real days: they tell what their order did, and nothing of what never happened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis.metrics import Metrics, cagr, deepest_drawdown, run_metrics, years_between
from alvh_bt.config import Study
from alvh_bt.contracts import calendar_date
from alvh_bt.engine.parallel import run_side_by_side
from alvh_bt.engine.run import run_variant
from alvh_bt.engine.today import Calendar
from alvh_bt.errors import ConfigError, DataError, MarginError
from alvh_bt.hedges import variant_names
from alvh_bt.market import Market
from alvh_bt.market.simulation import simulate
from alvh_bt.pricing.model import ModelPrices

Floats = NDArray[np.float64]

#: What a path's market was like: growth of the S&P 500 a year, its deepest fall (<= 0), vol points.
HISTORY_COLUMNS: Final = ("spx_cagr", "spx_drawdown", "vix_mean", "vix_max")
#: Columns of `PathResult.rows`.
ROW_COLUMNS: Final = ("path", "variant", "stopped", *Metrics._fields)


@dataclass(frozen=True)
class PathResult:
    """Every hedge of a study over resampled histories.

    Parameters
    ----------
    rows
        One row a path and variant, columns `ROW_COLUMNS`: `path` from 1; `stopped` is the error that ended
        the run, or None; then the metrics, NaN for a run that did not reach the end of the window.
    histories
        One row a path: `path` and `HISTORY_COLUMNS`.
    real
        `HISTORY_COLUMNS` of the real history.
    start, end, sessions
        The window.
    seed, block, neighbours
        Of the resampling: see `alvh_bt.market.simulation.simulate`.

    Raises
    ------
    DataError
        When a frame lacks a column.
    """

    rows: pd.DataFrame
    histories: pd.DataFrame
    real: Mapping[str, float]
    start: dt.date
    end: dt.date
    sessions: int
    seed: int
    block: int
    neighbours: int

    def __post_init__(self) -> None:
        for name, frame, needed in (
            ("rows", self.rows, ROW_COLUMNS),
            ("histories", self.histories, ("path", *HISTORY_COLUMNS)),
        ):
            missing = [column for column in needed if column not in frame.columns]
            if missing:
                raise DataError(f"{name} of the paths lacks {', '.join(missing)}; add the column")

    @property
    def paths(self) -> int:
        """Number of resampled histories."""
        return len(self.histories)

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the hedges, in their order."""
        return tuple(self.rows["variant"].unique())

    def metric(self, variant: str, metric: str) -> Floats:
        """Return one metric of a variant by path, shape (paths,); NaN where the run stopped."""
        return self.rows.loc[self.rows["variant"] == variant, metric].to_numpy(np.float64)

    def differences(self, a: str, b: str, metric: str) -> Floats:
        """Return the metric of `a` less that of `b` by path, shape (paths,); NaN where either stopped."""
        return self.metric(a, metric) - self.metric(b, metric)


def run_paths(market: Market, study: Study, paths: int, tick: Callable[[], Any] | None = None) -> PathResult:
    """Return every hedge's metrics over resampled histories of the study's window.

    Paths run side by side, one process a core, the hedges of a path one after the other. A run whose margin
    could not be met, or that lacked a price, is a row with `stopped`. Prices are the model's, also
    where the study has real chains: a resampled day has no quotes.

    Parameters
    ----------
    market, study
        The real history, and settings; `study.seed` and a path's number seed the path, so that more paths
        leave the first ones as they are. `study.comparison` has block and neighbours.
    paths
        How many, >= 1. Each takes as long as a comparison over the window on one core.
    tick
        Called after each session of each run, for a progress bar.

    Raises
    ------
    ConfigError
        When `paths` is below 1, or a hedge is unknown.
    DataError
        When the window is too short to be resampled.
    AccountingError
        When the books do not balance.
    """
    check_paths(market, study, paths)
    variant_names(study.hedges)
    first, last = market.window(study.start, study.end)
    block, neighbours = study.comparison.path_block, study.comparison.path_neighbours

    def job(number: str, told: Callable[[], Any]) -> tuple[list[dict[str, Any]], dict[str, float]]:
        seed = np.random.SeedSequence(study.seed, spawn_key=(int(number),))
        resampled = simulate(market, first, last, seed, block, neighbours)
        return _run_hedges(resampled, study, told), history_figures(resampled, first, last)

    numbers = [str(number + 1) for number in range(paths)]
    found = run_side_by_side(job, numbers, tick or (lambda: None))
    rows = [{"path": k + 1, **row} for k, (runs, _) in enumerate(found) for row in runs]
    histories = [{"path": k + 1, **history} for k, (_, history) in enumerate(found)]
    return PathResult(
        # As objects, so that no error is None and not a number.
        rows=pd.DataFrame(rows, columns=list(ROW_COLUMNS)).assign(
            stopped=pd.Series([row["stopped"] for row in rows], dtype=object)
        ),
        histories=pd.DataFrame(histories, columns=["path", *HISTORY_COLUMNS]),
        real=history_figures(market, first, last),
        start=calendar_date(market.days[first]),
        end=calendar_date(market.days[last]),
        sessions=last + 1 - first,
        seed=study.seed,
        block=block,
        neighbours=neighbours,
    )


def check_paths(market: Market, study: Study, paths: int) -> None:
    """Raise unless the study's window can be resampled; for before a long run.

    Raises
    ------
    ConfigError, DataError
        As `run_paths`.
    """
    if paths < 1:
        raise ConfigError(f"paths = {paths} must be at least 1; raise it")
    first, last = market.window(study.start, study.end)
    simulate(market, first, last, study.seed, study.comparison.path_block, study.comparison.path_neighbours)


def _run_hedges(market: Market, study: Study, tick: Callable[[], Any]) -> list[dict[str, Any]]:
    """Return one row a hedge: its name, why it stopped, its metrics. The frames of the runs are let go."""
    prices, calendar = ModelPrices(market), Calendar(market, study.signals)
    rows = []
    for hedge, name in zip(study.hedges, variant_names(study.hedges), strict=True):
        # A run that stopped is not measured: its figures would be of a shorter window than the others'.
        row: dict[str, Any] = {"variant": name, **dict.fromkeys(Metrics._fields, np.nan)}
        try:
            run = run_variant(market, study, hedge, prices, calendar, tick)
            stopped = run.stopped
            if stopped is None:
                row |= run_metrics(run, study.book.starting_cash)._asdict()
        except (DataError, MarginError) as error:
            stopped = str(error)
        rows.append({**row, "stopped": stopped})
    return rows


def history_figures(market: Market, first: int, last: int) -> dict[str, float]:
    """Return what rows `first`..`last` of a market were like, by `HISTORY_COLUMNS`."""
    dates = pd.Series(pd.DatetimeIndex(market.sessions[first : last + 1]))
    index = np.array(market.columns["spx_close"][first : last + 1])
    vix = market.columns["vix_close"][first : last + 1]
    values = (
        cagr(float(index[-1]), float(index[0]), years_between(dates)),
        deepest_drawdown(index, dates, float(index[0]))[0],
        float(np.nanmean(vix)),
        float(np.nanmax(vix)),
    )
    return dict(zip(HISTORY_COLUMNS, values, strict=True))
