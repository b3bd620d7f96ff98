"""Looking back over a column: windows that end today, changes, dates some months ago."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alvh_bt.market import Market, Provenance

#: Sessions a year, for windows that are given in years.
YEAR = 252

Floats = NDArray[np.float64]


def fresh(market: Market, name: str) -> Floats:
    """Return a column without the values that were held after the next one was due, NaN in their place.

    A monthly series that has ended would else look calm for ever. For columns that are carried from
    publication to publication: it is those whose repaired values are old ones.
    """
    stale = market.provenance[name] == Provenance.REPAIRED
    return np.where(stale, np.nan, market.columns[name])


def positive(values: Floats) -> Floats:
    """Return the values above zero, the others NaN: for what is divided by."""
    return np.where(values > 0.0, values, np.nan)


def earlier(values: Floats, sessions: int) -> Floats:
    """Return the value `sessions` rows before each one, shape (n,); NaN before there is one.

    >>> earlier(np.array([1.0, 2.0, 3.0]), 2)
    array([nan, nan,  1.])
    """
    return np.concatenate((np.full(sessions, np.nan), values))[: len(values)]


def windows(values: Floats, size: int) -> Floats:
    """Return the last `size` values up to and with each one, shape (n, size), latest last.

    Rows that reach before the history begin with NaN.
    """
    padded = np.concatenate((np.full(size - 1, np.nan), values))
    # One block of memory, so that a row is summed in the same order however many rows there are.
    return np.ascontiguousarray(sliding_window_view(padded, size)[: len(values)])


def trailing_mean(values: Floats, size: int, fewest: int) -> Floats:
    """Return the mean of the known ones of the last `size` values, today's included.

    Parameters
    ----------
    values
        Shape (n,); NaN is unknown and left out.
    size
        Sessions in the window.
    fewest
        Known values below which the mean is NaN; at least one is needed in any case.

    Returns
    -------
    ndarray
        Shape (n,), in the unit of `values`.

    Examples
    --------
    >>> trailing_mean(np.array([1.0, 3.0, np.nan]), 2, 1)
    array([1., 2., 3.])
    """
    seen = windows(values, size)
    known = np.sum(~np.isnan(seen), axis=1)
    total = np.sum(np.nan_to_num(seen), axis=1)
    return np.where(known >= max(1, fewest), total / np.maximum(known, 1), np.nan)


def months_ago(sessions: NDArray[np.datetime64], months: int) -> NDArray[np.int64]:
    """Return the row of the last session on or before the same date `months` earlier; -1 if none.

    A date that the earlier month lacks is its last day: three months before May 31 is the last of February.
    """
    days = sessions.astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    then = month - np.timedelta64(months, "M")
    last = (then + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    target = np.minimum(then.astype("datetime64[D]") + (days - month.astype("datetime64[D]")), last)
    return np.searchsorted(days, target, side="right") - 1


def known_then(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Return the value that stood in each of `rows`; NaN where the row is -1."""
    return np.where(rows >= 0, values[rows], np.nan)
