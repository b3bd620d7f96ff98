"""Exchange-traded notes on VIX futures: how a share answers to the curve.

VXX and UVXY follow the S&P 500 VIX Short-Term Futures index, a position in the first two VIX futures that
is rolled a little each day so that its weighted maturity stays one month. Here that position is the two
futures around 30 days, weighted to 30 days; a share moves by its relative move times the leverage.

The closes of a note are not all there: the first VXX was replaced by a second one, priced on a scale of its
own, and its file has a hole. Whoever holds a share goes on holding it, so `continued_note` fills what is
missing by the same move of the futures, and puts a series that resumes on the scale of the one before.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alvh_bt.contracts import Root
from alvh_bt.pricing.vix_curve import VxCurve, price_at_tenor

Floats = NDArray[np.float64]

#: Calendar days to settlement of the position that a note follows.
NOTE_TENOR: Final = 30.0

#: Daily leverage of UVXY before 2018-02-28 and from that day on. ProShares announced on 2018-02-26 that it
#: would go from 2x to 1.5x, at the close of business on 2018-02-27.
LEVERAGE_BEFORE: Final = 2.0
LEVERAGE_SINCE: Final = 1.5
LEVERAGE_CUT: Final = 17590

#: Sessions between two closes beyond which their ratio is not taken for the note's move: the file may have
#: passed to another series, or to another scale, in between.
LONGEST_HOLE: Final = 20


@njit(cache=True)
def note_leverage(root: int, day: int) -> float:
    """Return by how much a share of `root` moves, in percent, for 1% of its position on epoch day `day`."""
    if root == Root.VXX:
        return 1.0
    return LEVERAGE_BEFORE if day < LEVERAGE_CUT else LEVERAGE_SINCE


@njit(cache=True)
def _nodes_around(curve: VxCurve) -> tuple[int, int]:
    """Return the last node at or before 30 days and the first after it; the same one twice at an end."""
    low = high = -1
    for j in range(curve.nodes):
        if 0.0 < curve.tenor[j] <= NOTE_TENOR:
            low = j
        elif curve.tenor[j] > NOTE_TENOR and high < 0:
            high = j
    return (high if low < 0 else low), (low if high < 0 else high)


@njit(cache=True)
def _weight_of_near(curve: VxCurve, low: int, high: int) -> float:
    """Return the share of the nearer future in a position of 30 days."""
    if low == high:
        return 1.0
    return (curve.tenor[high] - NOTE_TENOR) / (curve.tenor[high] - curve.tenor[low])


@njit(cache=True)
def thirty_day_price(curve: VxCurve, held: VxCurve) -> float:
    """Return the weighted price, points, on `curve` of the 30-day position by the tenors of `held`.

    `curve` has the same nodes as `held`. Without a node it is the price of the curve at 30 days.
    """
    low, high = _nodes_around(held)
    if low < 0:
        return price_at_tenor(curve, NOTE_TENOR)
    weight = _weight_of_near(held, low, high)
    return weight * curve.price[low] + (1.0 - weight) * curve.price[high]


@njit(cache=True)
def roll_yield(curve: VxCurve) -> float:
    """Return the relative change of the 30-day position in a calendar day with the curve held by tenor.

    Each of its futures moves down (or up) the curve by a day; the position is then rolled back to 30 days.
    """
    low, high = _nodes_around(curve)
    if low < 0:
        return price_at_tenor(curve, NOTE_TENOR - 1.0) / price_at_tenor(curve, NOTE_TENOR) - 1.0
    weight = _weight_of_near(curve, low, high)
    later = weight * price_at_tenor(curve, curve.tenor[low] - 1.0)
    later += (1.0 - weight) * price_at_tenor(curve, curve.tenor[high] - 1.0)
    return later / thirty_day_price(curve, curve) - 1.0


@njit(cache=True)
def note_delta(price: float, leverage: float, curve: VxCurve) -> float:
    """Return the USD a share moves for a point of the 30-day VX price."""
    return price * leverage / thirty_day_price(curve, curve)


@njit(cache=True)
def rolled_note(price: float, leverage: float, curve: VxCurve, days: int) -> float:
    """Return the price of a share, USD, after `days` calendar days of roll alone, compounded daily."""
    return price * max(0.0, 1.0 + leverage * roll_yield(curve)) ** float(days)


@njit(cache=True)
def moved_note(price: float, leverage: float, before: VxCurve, after: VxCurve) -> float:
    """Return the price of a share, USD, after its futures moved; never below nothing, NaN stays NaN."""
    move = thirty_day_price(after, before) / thirty_day_price(before, before) - 1.0
    return price * max(0.0, 1.0 + leverage * move)


def opening_notes(
    day: NDArray[np.int64], vxx: Floats, uvxy: Floats, tenor: Floats, closed: Floats, opened: Floats
) -> tuple[Floats, Floats]:
    """Return what a share of VXX and of UVXY is worth at each open, USD, (n,) each.

    The last close, moved by the leverage times the relative move, from that close to the open, of the
    30-day position held at that close; NaN up to the day of a note's first close. Of the close itself
    nothing is used.

    Parameters
    ----------
    day
        (n,) epoch days.
    vxx, uvxy
        (n,) closes, USD a share, as `continued_note` completes them.
    tenor, closed
        (n, 9) nodes of the VX curve at each close, days and points.
    opened
        (n, 9) points of the nodes of the close before, at each open.
    """
    low, high, weight = _positions(tenor)
    rows = np.arange(len(day))
    before = weight * closed[rows, low] + (1.0 - weight) * closed[rows, high]
    after = weight[:-1] * opened[rows[1:], low[:-1]] + (1.0 - weight[:-1]) * opened[rows[1:], high[:-1]]
    move = np.full(len(day), np.nan)
    np.divide(after, before[:-1], out=move[1:], where=before[:-1] > 0.0)
    leverage = np.where(day < LEVERAGE_CUT, LEVERAGE_BEFORE, LEVERAGE_SINCE)
    return _opened(vxx, np.ones(len(day)), move), _opened(uvxy, leverage, move)


def _opened(close: Floats, leverage: Floats, move: Floats) -> Floats:
    price = np.full(len(close), np.nan)
    price[1:] = close[:-1] * np.maximum(0.0, 1.0 + leverage[1:] * (move[1:] - 1.0))
    return np.where(np.isfinite(close), price, np.nan)


def _positions(tenor: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return the two nodes of each row's 30-day position, (n,) columns of `tenor`, and the nearer's share."""
    near, far = (tenor > 0.0) & (tenor <= NOTE_TENOR), tenor > NOTE_TENOR
    low = np.where(near.any(axis=1), near.shape[1] - 1 - near[:, ::-1].argmax(axis=1), far.argmax(axis=1))
    high = np.where(far.any(axis=1), far.argmax(axis=1), low)
    rows = np.arange(len(tenor))
    span = tenor[rows, high] - tenor[rows, low]
    weight = np.ones(len(tenor))
    np.divide(tenor[rows, high] - NOTE_TENOR, span, out=weight, where=span > 0.0)
    return low, high, weight


def position_moves(day: NDArray[np.int64], vix: Floats, tenor: Floats, closed: Floats) -> Floats:
    """Return the relative move, from the close before to each close, of the 30-day position held, (n,).

    The same futures at both closes. One that is no longer quoted is on the curve of the later close, one
    that has settled at its VIX. Zero where a close has no curve.

    Parameters
    ----------
    day
        (n,) epoch days.
    vix
        (n,) VIX at each close, points.
    tenor, closed
        (n, 9) nodes of the VX curve at each close, days (0 where there is none) and points.
    """
    low, high, weight = _positions(tenor)
    moves = np.zeros(len(day))
    for i in range(1, len(day)):
        held = [low[i - 1], high[i - 1]]
        known = tenor[i] > 0.0
        shares = np.array([weight[i - 1], 1.0 - weight[i - 1]])
        before = float(shares @ closed[i - 1][held])
        if before > 0.0 and known.any() and np.isfinite(vix[i]):
            curve = np.append(0.0, tenor[i][known]), np.append(vix[i], closed[i][known])
            left = tenor[i - 1][held] - (day[i] - day[i - 1])
            moves[i] = float(shares @ np.interp(left, *curve)) / before - 1.0
    return moves


def continued_note(root: int, day: NDArray[np.int64], observed: Floats, moves: Floats) -> Floats:
    """Return what a share is worth at each close, USD, (n,): NaN before its first close, then always known.

    An observed close at most 20 sessions after the last one moves the price by their ratio. A day without a
    close moves it by the leverage times the move of the position. So does the close that ends a longer hole:
    from it on the file counts again, on the scale of the price reached. Up to the first such hole the
    observed closes are as in the file. Row i is made from rows <= i.

    Parameters
    ----------
    root
        `Root.VXX` or `Root.UVXY`.
    day
        (n,) epoch days.
    observed
        (n,) closes of the file, USD a share; NaN where there is none.
    moves
        (n,) of `position_moves`.
    """
    price = np.full(len(day), np.nan)
    scale, last = 1.0, -1
    for i in range(len(day)):
        seen = np.isfinite(observed[i])
        if last < 0 and not seen:
            continue
        if not seen or 0 <= last < i - LONGEST_HOLE:
            price[i] = price[i - 1] * max(0.0, 1.0 + note_leverage(root, day[i]) * moves[i])
            scale = price[i] / observed[i] if seen else scale
        else:
            price[i] = scale * observed[i]
        last = i if seen else last
    return price
