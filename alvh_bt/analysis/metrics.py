"""The metrics of one run: P&L, return, risk, hedge decay, costs.

The first day's return is against starting cash. Years are calendar days from the first to the last
session over 365; a year has 252 sessions where volatility is annualised. The risk-free rate is 0 in
Sharpe and Sortino. What is undefined is NaN: nothing is clipped and nothing stands for "no value".

Total return, volatility, Sharpe, Sortino, drawdown and CVaR are what empyrical makes of the same daily
returns, to 1e-9; each docstring says where and why it differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.analysis import decay
from alvh_bt.analysis.layers import monetised_usd
from alvh_bt.engine.results import RunResult

Floats = NDArray[np.float64]

SESSIONS_A_YEAR: Final = 252
FILLS: Final = ("open", "close", "roll")


class Metrics(NamedTuple):
    """The figures of one variant; USD where so named, fractions elsewhere, NaN where undefined."""

    pnl_usd: float  # last NAV less starting cash
    total_return: float
    cagr: float
    ann_vol: float
    sharpe: float
    sortino: float
    max_drawdown: float  # <= 0
    max_drawdown_days: int  # calendar days from the peak to its recovery, or to the end
    cvar_95: float  # mean daily return of the worst 5% of days
    condor_pnl_usd: float
    hedge_pnl_usd: float
    costs_usd: float
    hedge_decay: float  # a year, positive: it bleeds
    decay_to_theta: float
    hedge_efficiency: float
    trades: int  # fills to open, close or roll; settlements are not counted
    margin_peak_usd: float
    monetised_usd: float  # realised by sales of a part of a layer on a spike; within hedge_pnl_usd
    hedge_pnl_worst_usd: float  # the hedge's on the condor's worst 5% of days


def daily_returns(nav: Floats, starting_cash: float) -> Floats:
    """Return each day's return on the NAV before it, the first on starting cash.

    NaN once the NAV before is not positive: a return on nothing has no meaning.

    >>> daily_returns(np.array([110.0, 99.0]), 100.0)
    array([ 0.1, -0.1])
    """
    before = np.concatenate(([starting_cash], nav[:-1]))
    returns = np.full(len(nav), np.nan)
    np.divide(nav - before, before, out=returns, where=before > 0)
    return returns


def returns_frame(runs: Sequence[RunResult], starting_cash: float) -> pd.DataFrame:
    """Return the daily returns of several runs, in the form that empyrical, pyfolio and quantstats read.

    Simple returns, indexed by date (no time zone), one column a variant in the order of the runs; NaN after
    the last day of a run that stopped. `starting_cash` in USD, > 0.
    """
    columns = {
        run.variant: pd.Series(
            daily_returns(run.daily["nav"].to_numpy(np.float64), starting_cash),
            index=pd.DatetimeIndex(run.daily["date"], name="date"),
        )
        for run in runs
    }
    return pd.DataFrame(columns)


def years_between(dates: pd.Series) -> float:
    """Return the calendar days from the first to the last date, over 365."""
    days = (dates.iloc[-1] - dates.iloc[0]).days
    return float(days) / 365.0


def cagr(end: float, start: float, years: float) -> float:
    """Return the compound annual growth rate; NaN at a ruined end or in a window of one day.

    `empyrical.cagr` takes 252 sessions to be a year, whatever the calendar says. Here years are calendar
    days over 365, so that interest, theta and growth count time alike: (1 + cagr)^years is
    (1 + empyrical's)^(sessions / 252).
    """
    return float((end / start) ** (1.0 / years)) - 1.0 if end > 0 and years > 0 else float("nan")


def ann_vol(returns: Floats) -> float:
    """Return the annualised standard deviation (ddof 1) of daily returns; NaN below two days.

    As `empyrical.annual_volatility`.
    """
    return float(np.std(returns, ddof=1)) * SESSIONS_A_YEAR**0.5 if len(returns) > 1 else float("nan")


def sharpe(returns: Floats) -> float:
    """Return mean over standard deviation (ddof 1) of daily returns, annualised; NaN without spread.

    As `empyrical.sharpe_ratio`, but for a series without spread, of which that says infinity or NaN.

    Source: Sharpe (1994), "The Sharpe Ratio", eq. 6; annualised as empyrical does.
    """
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    return float(returns.mean()) / deviation * SESSIONS_A_YEAR**0.5 if deviation > 0 else float("nan")


def sortino(returns: Floats) -> float:
    """Return mean over downside deviation from 0 of daily returns, annualised; NaN without a loss.

    The downside deviation averages squared losses over *all* days. As `empyrical.sortino_ratio`, but for a
    series without a loss, of which that says infinity: no figure, however good, is larger than all others.

    Source: Sortino and Price (1994); annualised as empyrical does.
    """
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    return float(returns.mean()) / downside * SESSIONS_A_YEAR**0.5 if downside > 0 else float("nan")


def cvar_95(returns: Floats) -> float:
    """Return the mean of the worst 5% of daily returns (see `decay.tail_size`), usually negative.

    NaN where any return is. As `empyrical.conditional_value_at_risk`.
    """
    if np.isnan(returns).any():
        return float("nan")
    size = decay.tail_size(len(returns))
    return float(np.partition(returns, size - 1)[:size].mean())


def deepest_drawdown(nav: Floats, dates: pd.Series, starting_cash: float) -> tuple[float, int]:
    """Return the deepest drawdown (fraction <= 0) and its length in calendar days.

    The depth is that of `empyrical.max_drawdown`, which has no length.

    The running peak includes starting cash, which counts as reached on the first session. The length
    runs from the last day at the peak to the first day back at it, or to the last day if there is none.

    Examples
    --------
    >>> days = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-07"]))
    >>> deepest_drawdown(np.array([100.0, 120.0, 90.0, 121.0]), days, 100.0)
    (-0.25, 5)
    """
    peaks = np.maximum(np.maximum.accumulate(nav), starting_cash)
    falls = nav / peaks - 1.0
    trough = int(np.argmin(falls))
    if falls[trough] >= 0:
        return 0.0, 0
    peak = peaks[trough]
    at_peak = np.flatnonzero(nav[:trough] >= peak)
    back = np.flatnonzero(nav[trough:] >= peak)
    first = int(at_peak[-1]) if len(at_peak) else 0
    last = trough + int(back[0]) if len(back) else len(nav) - 1
    return float(falls[trough]), int((dates.iloc[last] - dates.iloc[first]).days)


def run_metrics(run: RunResult, starting_cash: float) -> Metrics:
    """Return the metrics of `run`; `starting_cash` in USD, > 0."""
    daily = run.daily
    column = {name: daily[name].to_numpy(np.float64) for name in daily.columns if name != "date"}
    fills = int(run.trades["action"].isin(FILLS).sum())
    return daily_metrics(column, daily["date"], fills, monetised_usd(run.trades), starting_cash)


def daily_metrics(
    column: Mapping[str, Floats], dates: pd.Series, fills: int, monetised: float, starting_cash: float
) -> Metrics:
    """Return the metrics of a run from its daily figures.

    Parameters
    ----------
    column
        (n,) each of `engine.results.DAILY_COLUMNS`, USD.
    dates
        (n,) sessions, ascending.
    fills
        How many fills opened, closed or rolled.
    monetised
        USD that sales of a part of a layer realised.
    starting_cash
        USD, > 0.
    """
    nav, years = column["nav"], years_between(dates)
    returns = daily_returns(nav, starting_cash)
    end = float(nav[-1])
    fall, fall_days = deepest_drawdown(nav, dates, starting_cash)
    bleed = decay.bleed_usd(column["hedge_carry"], column["hedge_costs"])
    worst = decay.pnl_on_worst_days(column["hedge_pnl"], column["condor_pnl"])
    return Metrics(
        pnl_usd=end - starting_cash,
        total_return=end / starting_cash - 1.0,
        cagr=cagr(end, starting_cash, years),
        ann_vol=ann_vol(returns),
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        max_drawdown=fall,
        max_drawdown_days=fall_days,
        cvar_95=cvar_95(returns),
        condor_pnl_usd=float(column["condor_pnl"].sum()),
        hedge_pnl_usd=float(column["hedge_pnl"].sum()),
        costs_usd=float(column["costs"].sum()),
        hedge_decay=decay.hedge_decay(bleed, float(nav.mean()), years),
        decay_to_theta=decay.decay_to_theta(bleed, column["condor_theta"]),
        hedge_efficiency=decay.worst_days_efficiency(bleed, worst),
        trades=fills,
        margin_peak_usd=float(column["margin"].max()),
        monetised_usd=monetised,
        hedge_pnl_worst_usd=worst,
    )
