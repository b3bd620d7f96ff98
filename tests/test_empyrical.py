"""Metrics agree with empyrical where it means the same, and the exported returns read in its like."""

from __future__ import annotations

import math

import empyrical
import numpy as np
import pandas as pd
import pytest
import quantstats
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_runs import CASH, small_run

from alvh_bt.analysis.metrics import daily_returns, run_metrics, years_between

#: Both read the same NAV; what is left is rounding of a few hundred products.
EXACT = {"rel": 1e-9, "abs": 1e-12}


def series_of(run) -> pd.Series:
    """The returns as a user exports them: daily, by date."""
    nav = run.daily["nav"].to_numpy(np.float64)
    return pd.Series(daily_returns(nav, CASH), pd.DatetimeIndex(run.daily["date"]), name=run.variant)


def run_of(returns):
    return small_run(CASH * np.cumprod(1 + np.asarray(returns)))


def seeded(kind: str, sessions: int = 700) -> np.ndarray:
    draw = np.random.default_rng(20)
    if kind == "fat tails":
        return 0.0003 + 0.006 * draw.standard_t(3, sessions).clip(-20, 20)
    if kind == "crash on the first day":
        return np.concatenate(([-0.30], 0.004 * draw.standard_normal(sessions - 1)))
    if kind == "falls all the way":
        return -0.001 - 0.002 * draw.random(sessions)
    return 0.01 * draw.standard_normal(2)


KINDS = ("fat tails", "crash on the first day", "falls all the way", "two days")


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_agree(kind) -> None:
    compare_all(run_of(seeded(kind)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(-0.5, 0.5).map(lambda r: round(r, 4)), min_size=2, max_size=80))
def test_metrics_agree_on_any_returns(returns) -> None:
    # Returns that hardly differ leave a spread of rounding errors alone, over which no ratio means anything.
    if np.ptp(returns) > 1e-3 or not any(returns):
        compare_all(run_of(returns))


def compare_all(run) -> None:
    returns, metrics = series_of(run), run_metrics(run, CASH)
    assert metrics.total_return == pytest.approx(empyrical.cum_returns_final(returns), **EXACT)
    assert metrics.ann_vol == pytest.approx(empyrical.annual_volatility(returns), **EXACT)
    assert metrics.max_drawdown == pytest.approx(empyrical.max_drawdown(returns), **EXACT)
    assert metrics.cvar_95 == pytest.approx(empyrical.conditional_value_at_risk(returns), **EXACT)
    # Where there is no spread, or no loss, empyrical says inf or NaN; here it is always NaN.
    for ours, theirs in (
        (metrics.sharpe, empyrical.sharpe_ratio(returns)),
        (metrics.sortino, empyrical.sortino_ratio(returns)),
    ):
        if math.isnan(ours):
            assert not math.isfinite(theirs)
        else:
            assert ours == pytest.approx(theirs, **EXACT)
    # Growth over 252 sessions there, over calendar days here: the same total over another count of years.
    # A few bad days make a year's loss of all but everything, whose last digits are gone.
    years, theirs = years_between(run.daily["date"]), empyrical.cagr(returns)
    if min(metrics.cagr, theirs) > -0.99:
        assert (1 + metrics.cagr) ** years == pytest.approx((1 + theirs) ** (len(returns) / 252), **EXACT)


def test_the_undefined_is_nan_here_and_not_always_there() -> None:
    rising = run_of([0.01, 0.02, 0.01])
    assert math.isnan(run_metrics(rising, CASH).sortino)
    assert empyrical.sortino_ratio(series_of(rising)) == math.inf
    still = run_of([0.0, 0.0, 0.0])
    assert math.isnan(run_metrics(still, CASH).sharpe)
    assert not math.isfinite(empyrical.sharpe_ratio(series_of(still)))


def test_growth_differs_by_the_count_of_years() -> None:
    # 253 sessions from 2020-01-02 to 2020-12-21: 354 calendar days, 0.97 years; for empyrical 1.004.
    run = run_of(np.full(253, 0.0005))
    total = 1.0005**253
    assert run_metrics(run, CASH).cagr == pytest.approx(total ** (365 / 354) - 1)
    assert empyrical.cagr(series_of(run)) == pytest.approx(total ** (252 / 253) - 1)


def test_quantstats_reads_the_same_series() -> None:
    run = run_of(seeded("fat tails"))
    returns, metrics = series_of(run), run_metrics(run, CASH)
    assert quantstats.stats.sharpe(returns) == pytest.approx(metrics.sharpe, **EXACT)
    assert quantstats.stats.sortino(returns) == pytest.approx(metrics.sortino, **EXACT)
    assert quantstats.stats.volatility(returns) == pytest.approx(metrics.ann_vol, **EXACT)
    assert quantstats.stats.max_drawdown(returns) == pytest.approx(metrics.max_drawdown, **EXACT)
    assert quantstats.stats.comp(returns) == pytest.approx(metrics.total_return, **EXACT)
