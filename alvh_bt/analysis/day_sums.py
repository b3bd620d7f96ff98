"""Sums over the rows of a day that share book and layer, and their frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_bt.book.codes import Book, Layer
from alvh_bt.contracts import code_name
from alvh_bt.market import Market

Floats = NDArray[np.float64]


def sum_by(keys: NDArray[np.int64], values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the distinct rows of `keys`, sorted, and the sums of the rows of `values` that share each.

    Parameters
    ----------
    keys
        (n, k) integers.
    values
        (n, m); a NaN makes the sums of its own group NaN.

    Examples
    --------
    >>> groups, sums = sum_by(np.array([[2, 1], [1, 9], [2, 1]]), np.array([[1.0], [5.0], [2.0]]))
    >>> groups.tolist(), sums.tolist()
    ([[1, 9], [2, 1]], [[5.0], [3.0]])
    """
    if not len(keys):
        return keys, values
    order = np.lexsort(keys.T[::-1])
    ordered = keys[order]
    starts = np.concatenate([[0], np.flatnonzero((ordered[1:] != ordered[:-1]).any(axis=1)) + 1])
    return ordered[starts], np.add.reduceat(values[order], starts, axis=0)


def named_frame(
    groups: NDArray[np.int64], market: Market, names: Sequence[str], values: Floats
) -> pd.DataFrame:
    """Return a frame with `date`, `book`, `layer` and the columns `names` of `values`.

    Parameters
    ----------
    groups
        (n, 3): session of the market, `Book` and `Layer`.
    market
        The history, for the dates.
    names, values
        m names, and (n, m) numbers.
    """
    books = np.array([code_name(Book, code) for code in Book])
    layers = np.array([code_name(Layer, code) for code in Layer])
    frame = pd.DataFrame(values, columns=list(names))
    frame.insert(0, "date", session_dates(market)[groups[:, 0]])
    frame.insert(1, "book", books[groups[:, 1]].astype(object))
    frame.insert(2, "layer", layers[groups[:, 2]].astype(object))
    return frame


def session_dates(market: Market) -> NDArray[np.datetime64]:
    """Return the dates of all sessions, (n,), in the unit of `RunResult.daily`."""
    return market.days.astype("datetime64[D]").astype("datetime64[ns]")
