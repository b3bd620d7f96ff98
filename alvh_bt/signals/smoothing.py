"""Exponential averages, and the two indicators that are made of them."""

from __future__ import annotations

import numpy as np

from alvh_bt.signals.trailing import Floats


def smoothed(values: Floats, period: int, weight: float) -> Floats:
    """Return the exponential average of a series without gaps, seeded with a plain mean.

    Parameters
    ----------
    values
        Shape (n,), all known.
    period
        How many first values the seed is the mean of.
    weight
        Of each new value, 0 to 1.

    Returns
    -------
    ndarray
        Shape (n,); NaN before the seed.

    Examples
    --------
    >>> smoothed(np.array([1.0, 3.0, 6.0]), 2, 0.5)
    array([nan,  2.,  4.])
    """
    result = np.full(len(values), np.nan)
    if len(values) < period:
        return result
    last = result[period - 1] = float(np.mean(values[:period]))
    for i in range(period, len(values)):
        last = result[i] = last * (1.0 - weight) + float(values[i]) * weight
    return result


def wilder_rsi(closes: Floats, period: int) -> Floats:
    """Return Wilder's relative strength index, 0 to 100.

    Parameters
    ----------
    closes
        Shape (n,); NaN is unknown. An unknown close is skipped: the index is unknown that day, and the
        next move is taken from the last known close.
    period
        Sessions; the averages of rises and falls weigh each new one by 1/period.

    Returns
    -------
    ndarray
        Shape (n,); NaN before `period` moves are known. 100 when there was no fall, 50 when the closes
        have never moved.

    Notes
    -----
    Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), section VI. Written as
    100 x rise / (rise + fall), the same as 100 - 100 / (1 + rise / fall), so that no fall divides by 0.
    """
    result = np.full(len(closes), np.nan)
    known = ~np.isnan(closes)
    moves = np.diff(closes[known])
    rise = smoothed(np.maximum(moves, 0.0), period, 1.0 / period)
    fall = smoothed(np.maximum(-moves, 0.0), period, 1.0 / period)
    either = rise + fall
    index = np.where(either == 0.0, 50.0, 100.0 * rise / np.where(either == 0.0, 1.0, either))
    result[np.flatnonzero(known)[1:]] = index
    return result


def macd_histogram(values: Floats, fast: int, slow: int, signal: int) -> Floats:
    """Return the MACD line less its signal line, in the unit of `values`.

    Parameters
    ----------
    values
        Shape (n,); NaN is unknown and skipped, as in `wilder_rsi`.
    fast, slow, signal
        Periods of the three averages, sessions; each weighs a new value by 2 / (1 + period).

    Returns
    -------
    ndarray
        Shape (n,); NaN before all three averages are known.

    Notes
    -----
    Source: G. Appel, The Moving Average Convergence-Divergence Trading Method (1979).
    """
    result = np.full(len(values), np.nan)
    rows = np.flatnonzero(~np.isnan(values))
    known = values[rows]
    line = smoothed(known, fast, 2.0 / (1.0 + fast)) - smoothed(known, slow, 2.0 / (1.0 + slow))
    rows = rows[~np.isnan(line)]
    line = line[~np.isnan(line)]
    result[rows] = line - smoothed(line, signal, 2.0 / (1.0 + signal))
    return result
