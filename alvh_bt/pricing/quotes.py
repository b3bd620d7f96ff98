"""The real quotes of one close: a row a contract, and how to find what they say of a contract.

A quote is kept as its distance from the model: `shift`, what is added to the model's volatility at that
strike, and `basis`, the points that are then still missing from the mid (rounding, except where a mid
implies no volatility). So a quoted contract is worth its mid at the moment of the quotes, and follows the
model from there when time passes or markets move: nothing jumps. A contract without a quote takes the
shift of its neighbours.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.contracts import Root, on_vix

QuoteRows = NDArray[Any]  # a structured array of QUOTE rows

#: Sorted by root, expiry, right, strike; no contract twice.
QUOTE: Final = np.dtype(
    [
        ("root", "i8"),
        ("expiry", "i8"),
        ("right", "i8"),
        ("strike", "f8"),  # points of the root's own index
        ("bid", "f8"),
        ("ask", "f8"),
        ("sigma", "f8"),  # implied at the mid; NaN where there is none
        ("shift", "f8"),  # added to the model's volatility at this strike; never NaN
        ("basis", "f8"),  # points, added to Black's price
        ("carry", "f8"),  # ln(forward / index) a year; of no meaning for VIX
        ("after", "i8"),  # the first row of the next expiry or right
        ("fresh", "i8"),  # 1 at the close of the quote, 0 at any later moment
    ]
)

#: Strikes nearer than this, in points, are the same.
SAME_STRIKE: Final = 1e-6


class _Source(NamedTuple):
    """What a price stands on."""

    MODEL: int = 0
    SHIFTED: int = 1  # the model, moved to agree with quotes
    QUOTE: int = 2


Source: Final = _Source()


def frozen(rows: QuoteRows) -> QuoteRows:
    """Return the rows, read-only: compiled code takes one kind of array only, and nobody writes to prices."""
    rows.setflags(write=False)
    return rows


def aged(rows: QuoteRows, day: int, carry: float) -> QuoteRows:
    """Return the rows as they serve at a later moment: as distances from the model, no longer as quotes.

    Forwards do not keep their distance: what parity finds beyond rate and dividends is mostly the quarter
    of an hour between the index's close and the quotes.

    Parameters
    ----------
    rows
        Of an earlier close.
    day
        Epoch day of the later moment; expiries before it are left out.
    carry
        Rate less dividend yield then, decimals a year.
    """
    alive = rows["expiry"] >= day
    later = rows[alive].copy()
    later["after"] = np.concatenate([[0], np.cumsum(alive)])[later["after"]]
    later["carry"], later["fresh"] = carry, 0
    return frozen(later)


#: No quote at all.
NO_QUOTES: Final = frozen(np.zeros(0, dtype=QUOTE))


@njit(cache=True)
def _before(quotes: QuoteRows, i: int, root: int, expiry: int, right: int, strike: float) -> bool:
    """Return whether row `i` stands before a contract in the order of the rows."""
    row = quotes[i]
    if row["root"] != root:
        return row["root"] < root
    if row["expiry"] != expiry:
        return row["expiry"] < expiry
    if row["right"] != right:
        return row["right"] < right
    return row["strike"] < strike


@njit(cache=True)
def first_row(quotes: QuoteRows, root: int, expiry: int, right: int, strike: float) -> int:
    """Return the first row that does not stand before a contract; the number of rows if there is none."""
    low, high = 0, quotes.shape[0]
    while low < high:
        middle = (low + high) // 2
        if _before(quotes, middle, root, expiry, right, strike):
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def find_quote(quotes: QuoteRows, root: int, right: int, strike: float, expiry: int) -> int:
    """Return the row of a contract, or -1 where it has no quote."""
    i = first_row(quotes, root, expiry, right, strike - SAME_STRIKE)
    if i == quotes.shape[0]:
        return -1
    row = quotes[i]
    same = row["root"] == root and row["expiry"] == expiry and row["right"] == right
    return i if same and abs(row["strike"] - strike) <= SAME_STRIKE else -1


@njit(cache=True)
def find_side(quotes: QuoteRows, root: int, expiry: int, right: int) -> tuple[int, int]:
    """Return the first row of an expiry's calls or puts, and the row after its last; equal if none."""
    i = first_row(quotes, root, expiry, right, 0.0)
    if i < quotes.shape[0]:
        row = quotes[i]
        if row["root"] == root and row["expiry"] == expiry and row["right"] == right:
            return i, int(row["after"])
    return i, i


@njit(cache=True)
def find_smile(quotes: QuoteRows, root: int, expiry: int, right: int) -> tuple[int, int]:
    """Return `find_side` of `right`, or where it has no quote, of the other right."""
    start, stop = find_side(quotes, root, expiry, right)
    return (start, stop) if stop > start else find_side(quotes, root, expiry, -right)


@njit(cache=True)
def _family(root: int) -> int:
    """Return a code that roots on the same index share."""
    return Root.VIX if on_vix(root) else Root.SPX


@njit(cache=True)
def expiries_around(quotes: QuoteRows, root: int, expiry: int) -> tuple[int, int]:
    """Return a row of the nearest quoted expiry up to `expiry`, and one of the nearest from it on; -1: none.

    Roots on the same index are one family. Where `expiry` itself is quoted both are the same row, of the
    root itself if it can be.
    """
    i = first_row(quotes, root, expiry, -1, 0.0)
    if i < quotes.shape[0] and quotes[i]["root"] == root and quotes[i]["expiry"] == expiry:
        return i, i
    low = high = -1
    i = 0
    while i < quotes.shape[0]:
        row = quotes[i]
        if _family(row["root"]) == _family(root):
            if row["expiry"] <= expiry and (low < 0 or row["expiry"] > quotes[low]["expiry"]):
                low = i
            if row["expiry"] >= expiry and (high < 0 or row["expiry"] < quotes[high]["expiry"]):
                high = i
        i = int(row["after"])
    return low, high


@njit(cache=True)
def smile_shift(quotes: QuoteRows, start: int, stop: int, strike: float) -> float:
    """Return the shift at a strike from the rows of one side: linear in ln(strike), flat beyond the last.

    Parameters
    ----------
    quotes
        The rows of the close.
    start, stop
        As `find_smile` gives them, `stop` > `start`.
    strike
        Points of the index of those rows.
    """
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        if quotes[middle]["strike"] < strike:
            low = middle + 1
        else:
            high = middle
    if low == start:
        return quotes[start]["shift"]
    if low == stop:
        return quotes[stop - 1]["shift"]
    under, over = quotes[low - 1], quotes[low]
    weight = math.log(strike / under["strike"]) / math.log(over["strike"] / under["strike"])
    return under["shift"] + weight * (over["shift"] - under["shift"])


@njit(cache=True)
def nearest_quoted(quotes: QuoteRows, start: int, stop: int, strike: float) -> float:
    """Return the quoted strike (points) nearest `strike` on one side; ties go down, NaN outside its ends."""
    if stop <= start or not quotes[start]["strike"] <= strike <= quotes[stop - 1]["strike"]:
        return math.nan
    best = quotes[start]["strike"]
    for i in range(start + 1, stop):
        if abs(quotes[i]["strike"] - strike) < abs(best - strike):
            best = quotes[i]["strike"]
    return best
