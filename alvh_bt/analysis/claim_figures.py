"""Figures of one book's days, real or resampled, that measures of claims are made of."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alvh_bt.analysis.claim_days import BookDays, Flags, Floats
from alvh_bt.analysis.decay import hedge_decay
from alvh_bt.analysis.metrics import SESSIONS_A_YEAR, cagr

Rows = NDArray[np.int64]

#: Sessions of a month, where spreads from month to month are meant.
MONTH: Final = 21


def deepest_fall(returns: Floats) -> float:
    """Return the deepest fall from a peak of a path of returns, a share >= 0; NaN after a ruin."""
    if np.isnan(returns).any():
        return math.nan
    path = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    return float(np.max(1.0 - path / np.maximum.accumulate(path)))


def growth(returns: Floats) -> float:
    """Return the compound growth a year of daily returns; NaN after a ruin."""
    if np.isnan(returns).any() or not len(returns):
        return math.nan
    return cagr(float(np.prod(1.0 + returns)), 1.0, len(returns) / SESSIONS_A_YEAR)


def cut(without: float, with_: float) -> float:
    """Return by how much `with_` is less than `without`, a share of that; NaN where that is not above 0."""
    return 1.0 - with_ / without if without > 0 else math.nan


def bleed_a_year(book: BookDays, rows: Rows) -> float:
    """Return the hedge's bleed a year on some days, a share of their average NAV; NaN for no day."""
    days = len(rows)
    if not days:
        return math.nan
    return hedge_decay(float(book.bleed[rows].sum()), float(book.nav[rows].mean()), days / SESSIONS_A_YEAR)


def pnl_a_year(book: BookDays, rows: Rows) -> float:
    """Return what the hedge realised a year, a share of average NAV (negative: it lost)."""
    if not len(rows):
        return math.nan
    total = float(book.hedge_pnl[rows].sum())
    return hedge_decay(total, float(book.nav[rows].mean()), len(rows) / SESSIONS_A_YEAR)


def spikes(spike: Flags, sessions: int) -> list[tuple[int, int]]:
    """Return the first and last row of each spike of VIX: `sessions` before its first day and after its last.

    Spikes that would touch are one.

    >>> spikes(np.array([0, 0, 0, 1, 0, 0, 0, 0, 1, 0], dtype=bool), 1)
    [(2, 4), (7, 9)]
    """
    found: list[tuple[int, int]] = []
    for row in np.flatnonzero(spike).tolist():
        first, last = max(0, row - sessions), min(len(spike) - 1, row + sessions)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def monthly_spread(book: BookDays, rows: Rows) -> float:
    """Return the spread (ddof 1) of the bleed from one 21 sessions to the next, a year's share of NAV."""
    months = len(rows) // MONTH
    if months < 2:
        return math.nan
    sums = book.bleed[rows[: months * MONTH]].reshape(months, MONTH).sum(axis=1)
    return float(np.std(sums, ddof=1) * SESSIONS_A_YEAR / MONTH / book.nav[rows].mean())


def calmar(returns: Floats) -> float:
    """Return growth a year over the deepest fall; NaN where nothing fell."""
    fall = deepest_fall(returns)
    return growth(returns) / fall if fall > 0 else math.nan
