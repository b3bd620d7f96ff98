"""Stationary block bootstrap of daily rows: what a run's metrics would be on resampled histories.

Blocks of random length keep runs of bad days together, which single days drawn one by one would
break up. All runs of a comparison are resampled on the *same* days, so that a difference between two
of them is paired.

Source: Politis and Romano (1994), "The Stationary Bootstrap"; block length by Politis and White
(2004) with the correction of Patton, Politis and White (2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.analysis.decay import hedge_decay
from alvh_bt.analysis.metrics import SESSIONS_A_YEAR, cagr, cvar_95

Floats = NDArray[np.float64]

COMPARED: Final = ("cagr", "max_drawdown", "cvar_95", "sharpe", "hedge_decay")


class DailyRows(NamedTuple):
    """What the compared metrics need of one run, shape (n,), without NaN and with every NAV > 0."""

    returns: Floats
    nav: Floats  # USD
    bleed: Floats  # USD a day, positive when the hedge loses


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


def draw_days(sessions: int, block: int, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
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


class _Walk(NamedTuple):
    end: float  # value of 1 USD at the end
    fall: float  # deepest drawdown, <= 0
    mean: float  # of daily returns
    variance: float  # of daily returns, ddof 1
    bleed: float  # USD in all
    nav: float  # USD on average


@njit(cache=True)
def _walk(rows: DailyRows, days: NDArray[np.int64]) -> _Walk:
    """Return the sums along one resampled history; an eighth of the time of whole-array steps."""
    end = peak = 1.0
    fall = total = squares = bleed = nav = 0.0
    for day in days:
        daily = rows.returns[day]
        end *= 1.0 + daily
        peak = max(peak, end)
        fall = min(fall, end / peak - 1.0)
        total += daily
        squares += daily * daily
        bleed += rows.bleed[day]
        nav += rows.nav[day]
    count = len(days)
    variance = max((squares - total * total / count) / (count - 1), 0.0)
    return _Walk(end, fall, total / count, variance, bleed, nav / count)


def resampled(rows: DailyRows, days: NDArray[np.int64], years: float) -> Floats:
    """Return the metrics of `COMPARED` on one resampled history, shape (len(COMPARED),).

    Parameters
    ----------
    rows
        One run's days.
    days
        Row numbers, shape (n,), n >= 2.
    years
        Length of the window, > 0. NaN Sharpe where the history has no spread.
    """
    walk = _walk(rows, days)
    spread = math.sqrt(walk.variance)
    return np.array(
        [
            cagr(walk.end, 1.0, years),
            walk.fall,
            cvar_95(rows.returns.take(days)),
            walk.mean / spread * SESSIONS_A_YEAR**0.5 if spread > 0 else math.nan,
            hedge_decay(walk.bleed, walk.nav, years),
        ]
    )
