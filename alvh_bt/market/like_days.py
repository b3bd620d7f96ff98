"""Which real sessions a resampled history is made of: blocks of days in a row, joined at like days.

Source: Politis and Romano (1994), "The Stationary Bootstrap", for blocks of random length; Carlstein, Do,
Hall, Hesterberg and Kuensch (1998), "Matched-block bootstrap for dependent data", Bernoulli 4(3), for
blocks that are joined where the series stood alike.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from alvh_bt.errors import DataError
from alvh_bt.market.market import Market
from alvh_bt.pricing.clock import OPEN_MOMENT

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Days to settlement of the two VIX futures whose ratio is the slope of the curve.
SLOPE_TENORS: Final = (30.0, 60.0)


class SourceDays(NamedTuple):
    """Where each session of a resampled history comes from, shape (n,).

    `row` is the real session whose moves and levels it takes, `left` the real session at which the
    history stood before: `row - 1` within a block, another one at a joint.
    """

    row: Rows
    left: Rows

    @property
    def joint(self) -> NDArray[np.bool_]:
        """Whether the session begins a block that does not go on from the session before."""
        return self.row != self.left + 1


def futures_by_tenor(market: Market, row: int, tenor: Floats) -> Floats:
    """Return VIX futures (points) of one session at some days to settlement; NaN without settlements.

    Linear in time between the settlements seen, from spot VIX at zero days, flat beyond the last.

    Parameters
    ----------
    market
        The history.
    row
        Its session.
    tenor
        Days from the close to settlement at an open, >= 0, any shape.
    """
    expiry, settle = market.vx_expiry[row], market.vx_settle[row]
    live = (expiry > market.days[row]) & np.isfinite(settle)
    if not live.any():
        return np.full(np.shape(tenor), np.nan)
    seen = expiry[live] - market.days[row] + OPEN_MOMENT
    nodes = np.append(0.0, seen), np.append(market.columns["vix_close"][row], settle[live])
    return np.asarray(np.interp(tenor, *nodes))


def day_states(market: Market, first: int, last: int) -> Floats:
    """Return what tells like days, rows `first`..`last`, shape (n, 3), each column of mean 0 and spread 1.

    ln VIX, ln slope of the VIX curve, ln VVIX. The slope is the future 60 days out over that 30 days out, or
    VIX3M over VIX if that is known on more of the sessions. Where slope or VVIX is unknown, it is what is
    usual for that VIX (least squares over the rows), so that such days are told apart by VIX alone. NaN rows
    lack a VIX.
    """
    columns, rows = market.columns, slice(first, last + 1)
    level = np.log(columns["vix_close"][rows])
    near_far = np.full((len(level), 2), np.nan)
    for k in np.flatnonzero(np.isfinite(market.vx_settle[rows]).any(axis=1)):
        near_far[k] = futures_by_tenor(market, first + int(k), np.array(SLOPE_TENORS))
    of_futures = np.log(near_far[:, 1] / near_far[:, 0])
    of_index = np.log(columns["vix3m"][rows]) - level
    known = [np.isfinite(slope).sum() for slope in (of_futures, of_index)]
    slope = of_futures if known[0] >= known[1] else of_index
    parts = (level, _completed(slope, level), _completed(np.log(columns["vvix"][rows]), level))
    return np.column_stack([_standardised(part) for part in parts])


def draw_source_days(
    market: Market, first: int, last: int, seed: int | np.random.SeedSequence, block: int, neighbours: int
) -> SourceDays:
    """Return the real sessions behind rows `first`..`last` of a resampled history.

    A block goes on with the next real session, until a joint: the history then goes on from one of the
    `neighbours` sessions most like the one just left, by Euclidean distance of `day_states`. Only days that
    are among each other's most like are joined: else those with many neighbours would be visited more often
    than the rest, and panics, which resemble nothing, less often than they happened. So every session of
    the window is as likely as the next in the long run. Two joints are forced, and need not be mutual: the
    first block follows a day like the one before `first`, and the end of the window ends a block.

    Parameters
    ----------
    market
        The history.
    first, last
        Rows of the window, both included; `first` >= 1, VIX known from `first` to `last`.
    seed
        Of the generator: the same seed draws the same days.
    block
        Mean length of a block over the window, sessions, >= 1. Blocks are longer where few days are alike.
    neighbours
        Like sessions among which a block may start, >= 1.

    Raises
    ------
    DataError
        When the window has fewer sessions than `neighbours` + 2.
    """
    sessions = last + 1 - first
    if sessions < neighbours + 2:
        raise DataError(
            f"a window of {sessions} sessions cannot be resampled with {neighbours} like days; "
            f"widen it to {neighbours + 2}, or lower comparison.path_neighbours"
        )
    # Place 0 is the session before the window, which the first block follows; place k is row first - 1 + k.
    like = _like_days(day_states(market, first - 1, last), neighbours)
    mutual = _mutual(like)
    draw = np.random.default_rng(seed)
    tries = draw.random(sessions) * block * mutual.mean() < 1.0
    picks = (draw.random(sessions) * neighbours).astype(np.int64)
    places, left = np.empty(sessions, np.int64), np.empty(sessions, np.int64)
    at = 0
    for t in range(sessions):
        left[t] = at
        if t == 0 or at == sessions or (tries[t] and mutual[at, picks[t]]):
            at = like[at, picks[t]]
        at += 1
        places[t] = at
    return SourceDays(places + first - 1, left + first - 1)


def _like_days(states: Floats, neighbours: int) -> Rows:
    """Return for each row those nearest to it, shape (n, neighbours): neither itself nor the last one."""
    known = np.flatnonzero(np.isfinite(states).all(axis=1))
    # A row without a VIX can only be the one before the window: the middle of the window stands for it.
    asked = np.where(np.isfinite(states), states, 0.0)
    known = known[known < len(states) - 1]
    _, found = cKDTree(states[known]).query(asked, k=neighbours + 1)
    like = known[found]
    # Itself goes where it was found, which among ties it may not be; else the farthest goes.
    keep = like != np.arange(len(states))[:, None]
    keep[keep.all(axis=1), -1] = False
    return np.asarray(like[keep].reshape(len(states), neighbours))


def _mutual(like: Rows) -> NDArray[np.bool_]:
    """Return which of the like days have the row they are like among their own, shape (n, neighbours)."""
    here, count = np.arange(len(like))[:, None], len(like)
    return np.isin(like * count + here, here * count + like)


def _completed(values: Floats, level: Floats) -> Floats:
    """Return the values, unknown ones as usual for their level; 0 where there are none at all."""
    known = np.isfinite(values) & np.isfinite(level)
    if known.sum() < 2 or np.ptp(level[known]) == 0.0:
        return np.where(np.isfinite(level), 0.0, np.nan)
    line = np.polynomial.Polynomial.fit(level[known], values[known], 1)
    return np.where(known, values, np.asarray(line(level)))


def _standardised(values: Floats) -> Floats:
    spread = float(np.nanstd(values))
    return np.asarray((values - np.nanmean(values)) / (spread if spread > 0.0 else 1.0))
