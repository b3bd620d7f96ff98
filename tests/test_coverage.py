"""A 90% interval covers the truth about nine times in ten: books whose true difference is known.

Two books share a path with fat tails, volatility in clusters and days that follow each other; the first
adds a hedge that costs something, pays when the path falls, and follows itself from day to day as well.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from numba import njit
from synthetic_runs import CASH, small_run

from alvh_bt.analysis.bootstrap import (
    COMPARED,
    DailyRows,
    block_length,
    draw_days,
    interval_of,
    resampled,
)
from alvh_bt.analysis.comparison import compare_runs, persistent_series
from alvh_bt.analysis.results import ComparisonResult

SESSIONS = 1000
WORLDS = 500
DRAWS = 200

MEAN, HEDGE_MEAN = 0.0004, -0.0001  # a day
SPREAD = 0.006  # of the path's news, a day
HEDGE_SPREAD = 0.003  # of the hedge's own news
PAYS = 0.3  # of the path's news, with the other sign
DEGREES = 5  # of Student's t
BLEED, BLEED_SPREAD = 0.0001, 0.0003  # of NAV a day


class World(NamedTuple):
    """How days follow each other: AR(1) of path and hedge, and GARCH(1,1) of the path's news."""

    path: float
    hedge: float
    shock: float
    memory: float


CLUSTERED = World(path=0.05, hedge=0.2, shock=0.08, memory=0.88)


@njit
def _follow(world, path_news, hedge_news):
    """Returns of both books, (2, n), from standard news; the first 200 days only warm the state up."""
    found = np.empty((2, len(path_news) - 200))
    variance = SPREAD**2
    path = hedge = 0.0
    for t in range(len(path_news)):
        news = math.sqrt(variance) * path_news[t]
        variance = (
            SPREAD**2 * (1 - world.shock - world.memory) + world.shock * news**2 + world.memory * variance
        )
        path = world.path * path + news
        hedge = world.hedge * hedge - PAYS * news + HEDGE_SPREAD * hedge_news[t]
        if t >= 200:
            found[1, t - 200] = MEAN + path
            found[0, t - 200] = MEAN + path + HEDGE_MEAN + hedge
    return found


def simulated(world: World, draw: np.random.Generator, sessions: int) -> np.ndarray:
    news = draw.standard_t(DEGREES, (2, sessions + 200)) / math.sqrt(DEGREES / (DEGREES - 2))
    return _follow(world, *news)


def moments(world: World) -> tuple[tuple[float, float], tuple[float, float]]:
    """Mean and variance of a daily return of either book, worked out from the equations.

    Of x' = p x + u and y' = q y - k u + e: var x = s2 / (1 - p2), var y = (k2 s2 + v2) / (1 - q2), and
    cov(x, y) = -k s2 / (1 - p q); GARCH moves the variance about but leaves its mean.
    """
    p, q, s2 = world.path, world.hedge, SPREAD**2
    path = s2 / (1 - p * p)
    hedge = (PAYS**2 * s2 + HEDGE_SPREAD**2) / (1 - q * q)
    both = path + hedge - 2 * PAYS * s2 / (1 - p * q)
    return (MEAN + HEDGE_MEAN, both), (MEAN, path)


def calendar_years(sessions: int) -> float:
    dates = pd.bdate_range("2020-01-02", periods=sessions)
    return (dates[-1] - dates[0]).days / 365


@cache
def truth(world: World) -> dict[str, float]:
    """The first book's true figure less the second's.

    Sharpe from the moments, decay from the mean bleed. Growth from them as well: of E log(1 + r) only what
    lies beyond r - r2/2, a few millionths a day, is averaged over two million simulated days. CVaR is
    the mean beyond the quantile of those days, which their number settles to about 1% of its interval.
    """
    long, years = simulated(world, np.random.default_rng(12345), 2_000_000), calendar_years(SESSIONS)
    cagr, sharpe, cvar = [], [], []
    for (mean, variance), returns in zip(moments(world), long, strict=True):
        beyond = float(np.mean(np.log1p(returns) - returns + returns**2 / 2))
        cagr.append(math.exp((mean - (variance + mean**2) / 2 + beyond) * SESSIONS / years) - 1)
        sharpe.append(mean / math.sqrt(variance) * math.sqrt(252))
        cvar.append(float(np.mean(np.partition(returns, 100_000)[:100_000])))
    found = {
        name: pair[0] - pair[1] for name, pair in (("cagr", cagr), ("sharpe", sharpe), ("cvar_95", cvar))
    }
    return {**found, "hedge_decay": BLEED * SESSIONS / years}


@cache
def covered(world: World) -> dict[str, float]:
    """The share of simulated worlds in which the interval holds the truth, by metric.

    The steps are those of `compare_runs`, without the frames around them, which take most of its time here.
    """
    hits, years = dict.fromkeys(truth(world), 0), calendar_years(SESSIONS)
    for seed in range(WORLDS):
        draw = np.random.default_rng(seed)
        returns = simulated(world, draw, SESSIONS)
        navs = CASH * np.cumprod(1 + returns, axis=1)
        bleed = np.zeros_like(navs)
        bleed[0] = (BLEED + BLEED_SPREAD * draw.standard_t(DEGREES, SESSIONS)) * navs[0]
        rows = DailyRows(returns, navs, bleed)
        block = block_length(persistent_series([(returns[0], returns[1])]))
        real = resampled(rows, [np.arange(SESSIONS)], years)[:, :, 0]
        drawn = resampled(rows, draw_days(SESSIONS, block, DRAWS, seed), years)
        for k, name in enumerate(COMPARED):
            if name in hits:
                low, high, _ = interval_of(drawn[k, 0] - drawn[k, 1], real[k, 0] - real[k, 1])
                hits[name] += low <= truth(world)[name] <= high
    return {name: count / WORLDS for name, count in hits.items()}


def test_the_steps_are_those_of_a_comparison() -> None:
    dates = pd.bdate_range("2020-01-02", periods=SESSIONS)
    states = pd.DataFrame(dict.fromkeys(("spx", "vix", "vix_slope", "vvix"), 1.0), dates)
    returns = simulated(CLUSTERED, np.random.default_rng(0), SESSIONS)
    navs = CASH * np.cumprod(1 + returns, axis=1)
    runs = tuple(small_run(nav, dates, name) for nav, name in zip(navs, "ab", strict=True))
    result = ComparisonResult(runs, {}, {}, (), states, "id", dates[0].date(), dates[-1].date(), CASH)
    rows = DailyRows(returns, navs, np.zeros_like(navs))
    days = draw_days(SESSIONS, block_length(persistent_series([(returns[0], returns[1])])), DRAWS, 7)
    drawn = resampled(rows, days, calendar_years(SESSIONS))
    for row, one, other in zip(compare_runs(result, DRAWS, 7), drawn[:, 0], drawn[:, 1], strict=True):
        wanted = interval_of(one - other, row.difference)
        assert (row.ci_low, row.ci_high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))


def test_the_simulated_moments_are_those_worked_out() -> None:
    # Two million days know a mean to 0.006 / sqrt(2e6) x 1.2 = 0.000005, and a variance with these tails
    # to a few percent.
    long = simulated(CLUSTERED, np.random.default_rng(1), 2_000_000)
    for (mean, variance), returns in zip(moments(CLUSTERED), long, strict=True):
        assert returns.mean() == pytest.approx(mean, abs=2e-5)
        assert returns.var() == pytest.approx(variance, rel=0.05)


# A true 90% would be counted as 0.90 +- 0.013 of 500 worlds (binomial, one standard error).


@pytest.mark.long
@pytest.mark.parametrize("metric", ["cagr", "sharpe", "hedge_decay"])
def test_intervals_cover_the_truth(metric) -> None:
    assert 0.85 <= covered(CLUSTERED)[metric] <= 0.95


def test_the_tail_s_interval_is_too_narrow_where_volatility_clusters() -> None:
    # What the docstring of `compare_runs` warns of; were it mended, the warning should go.
    assert "73-81%" in (compare_runs.__doc__ or "")
    assert 0.65 <= covered(CLUSTERED)["cvar_95"] < 0.85
