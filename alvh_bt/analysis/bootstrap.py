"""Stationary block bootstrap of daily rows: what runs' metrics would be on resampled histories.

Blocks of random length keep runs of bad days together, which single days drawn one by one would
break up. All runs of a comparison are resampled on the *same* days, so that a difference between two
of them is paired.

Source: Politis and Romano (1994), "The Stationary Bootstrap"; block length by Politis and White
(2004) with the correction of Patton, Politis and White (2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.analysis.decay import tail_size
from alvh_bt.analysis.metrics import SESSIONS_A_YEAR

Floats = NDArray[np.float64]
Days = NDArray[np.int64]

COMPARED: Final = ("cagr", "max_drawdown", "cvar_95", "sharpe", "hedge_decay")

#: Tails of a 90% interval.
_TAILS: Final = (0.05, 0.95)
# What one walk along a resampled history adds up, by column of `_walk`.
_END, _FALL, _MEAN, _VARIANCE, _TAIL, _BLEED, _NAV = range(7)


class DailyRows(NamedTuple):
    """What the compared metrics need of some runs, each of shape (runs, n), no NaN, every NAV > 0."""

    returns: Floats
    nav: Floats  # USD
    bleed: Floats  # USD a day, positive when the hedge loses


class Interval(NamedTuple):
    """A 90% interval, and whether it had to be stretched to hold what was measured."""

    low: float
    high: float
    stretched: bool


def load_bootstrap() -> None:
    """Import what the bootstrap needs, which takes most of a second, at a time that suits the caller."""
    import arch.bootstrap  # noqa: F401


def block_length(differences: Sequence[Floats]) -> int:
    """Return the mean block length in sessions that suits the most persistent of `differences`.

    Parameters
    ----------
    differences
        Daily return differences of pairs of runs, each of shape (n,). Constant ones are passed over.

    Returns
    -------
    int
        Sessions, rounded up, >= 1, at most a third of n.
    """
    from arch.bootstrap import optimal_block_length  # 0.8 s: only where a comparison is asked for

    lengths = [
        float(optimal_block_length(difference)["stationary"].iloc[0])
        for difference in differences
        if np.ptp(difference) > 0
    ]
    longest = max((length for length in lengths if math.isfinite(length)), default=1.0)
    return min(max(math.ceil(longest), 1), len(differences[0]) // 3)


def draw_days(sessions: int, block: int, draws: int, seed: int) -> Iterator[Days]:
    """Yield the row numbers of one resampled history after the other, each of shape (sessions,).

    Parameters
    ----------
    sessions, draws
        Rows of the history, and number of resampled histories.
    block
        Mean block length, sessions, >= 1.
    seed
        Of the generator: the same seed draws the same days.
    """
    from arch.bootstrap import StationaryBootstrap

    sampler = StationaryBootstrap(block, np.arange(sessions), seed=np.random.default_rng(seed))
    for (days,), _ in sampler.bootstrap(draws):
        yield np.asarray(days)


@njit(cache=True)
def _walk(rows: DailyRows, ranks: Days, days: Days, tail: int, drawn: Days, sums: Floats) -> None:
    """Fill `sums`, a row a run, with what adds up along one resampled history.

    `ranks` holds each run's days from its worst return up, shape (runs, n). How often a day was drawn is
    counted once for all runs in `drawn`, and the worst returns are then read off in their order: the
    tail costs no sorting of each resampled history, which took three quarters of the time.
    """
    count = len(days)
    drawn[:] = 0
    for day in days:
        drawn[day] += 1
    for run in range(rows.returns.shape[0]):
        returns, nav, bleed, ranked = rows.returns[run], rows.nav[run], rows.bleed[run], ranks[run]
        end = peak = 1.0
        fall = total = squares = bled = navs = 0.0
        for day in days:
            daily = returns[day]
            end *= 1.0 + daily
            peak = max(peak, end)
            fall = min(fall, end / peak - 1.0)
            total += daily
            squares += daily * daily
            bled += bleed[day]
            navs += nav[day]
        worst, wanted, rank = 0.0, tail, 0
        while wanted > 0:
            taken = min(drawn[ranked[rank]], wanted)
            worst += taken * returns[ranked[rank]]
            wanted -= taken
            rank += 1
        sums[run, 0] = end
        sums[run, 1] = fall
        sums[run, 2] = total / count
        sums[run, 3] = max((squares - total * total / count) / (count - 1), 0.0)
        sums[run, 4] = worst / tail
        sums[run, 5] = bled
        sums[run, 6] = navs / count


def resampled(rows: DailyRows, histories: Iterable[Days], years: float) -> Floats:
    """Return the metrics of `COMPARED` on resampled histories, shape (len(COMPARED), runs, histories).

    Parameters
    ----------
    rows
        The runs' days, n >= 2.
    histories
        Row numbers of each history, shape (n,); one serves all runs.
    years
        Length of the window, > 0. NaN Sharpe where a history has no spread.

    Examples
    --------
    Half of the money is lost, and lost again; then a tenth is won:

    >>> rows = DailyRows(np.array([[0.1, -0.5, 0.0]]), np.full((1, 3), 100.0), np.full((1, 3), 2.0))
    >>> found = resampled(rows, [np.array([1, 1, 0])], years=1.0)[:, 0, 0]
    >>> dict(zip(COMPARED, found.round(3).tolist()))
    {'cagr': -0.725, 'max_drawdown': -0.75, 'cvar_95': -0.5, 'sharpe': -13.748, 'hedge_decay': 0.06}
    """
    runs, sessions = rows.returns.shape
    ranks, counts = np.argsort(rows.returns, axis=1, kind="stable"), np.zeros(sessions, dtype=np.int64)
    walks = []
    for days in histories:
        sums = np.empty((runs, 7))
        _walk(rows, ranks, days, tail_size(len(days)), counts, sums)
        walks.append(sums)
    walked = np.array(walks).T  # (7, runs, histories)
    spread = np.sqrt(walked[_VARIANCE])
    sharpe = np.full(spread.shape, np.nan)
    np.divide(walked[_MEAN] * SESSIONS_A_YEAR**0.5, spread, out=sharpe, where=spread > 0)
    growth = walked[_END] ** (1.0 / years) - 1.0
    decay = walked[_BLEED] / years / walked[_NAV]
    return np.array([growth, walked[_FALL], walked[_TAIL], sharpe, decay])


def interval_of(drawn: Floats, measured: float) -> Interval:
    """Return the 90% percentile interval of drawn values, stretched to hold the measured one.

    The measured value did happen, and yet may lie beyond all drawn ones: a drawdown depends on the order
    of days over years, which blocks break up. NaN where nothing was drawn or measured.

    Source: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.

    Examples
    --------
    >>> interval_of(np.arange(21.0), 8.0)
    Interval(low=1.0, high=19.0, stretched=False)
    >>> interval_of(np.arange(21.0), -2.0)
    Interval(low=-2.0, high=19.0, stretched=True)
    """
    if not len(drawn) or math.isnan(measured) or bool(np.isnan(drawn).any()):
        return Interval(math.nan, math.nan, False)
    low, high = (float(bound) for bound in np.quantile(drawn, _TAILS))
    return Interval(min(low, measured), max(high, measured), not low <= measured <= high)
