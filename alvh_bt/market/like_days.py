"""Which real sessions a resampled history is made of: blocks of days in a row, joined at like days.

Source: Politis and Romano (1994), "The Stationary Bootstrap", for blocks of random length on a ring, the
first day as likely as any; Carlstein, Do, Hall, Hesterberg and Kuensch (1998), "Matched-block bootstrap for
dependent data", Bernoulli 4(3), for blocks that are joined where the series stood alike.
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
    history stood before: `row - 1` within a block, another one at a joint. The first has the session before
    the window to its left.
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
    `neighbours` sessions most like the one just left, by Euclidean distance of `day_states`. The window is a
    ring: its last session is followed by its first, a joint about once in a history that VIX may jump at.
    The first row is any session of the window, each as likely: a run holds nothing then, so that the jump
    from the real past to it costs nothing.

    So every session of the window is as likely as any other on every date, and a history has each of them
    once on the mean. See `days_that_follow`.

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
    follow = days_that_follow(market, first, last, neighbours)
    onward = _onward(sessions)
    draw = np.random.default_rng(seed)
    joints = float((follow != onward[:, None]).mean())
    tries = draw.random(sessions) * block * joints < 1.0
    picks = (draw.random(sessions) * neighbours).astype(np.int64)
    places = np.empty(sessions, np.int64)
    places[0] = draw.integers(sessions)
    for t in range(1, sessions):
        at = places[t - 1]
        places[t] = follow[at, picks[t]] if tries[t] else onward[at]
    return SourceDays(places + first, np.append(-1, places[:-1]) + first)


def days_that_follow(market: Market, first: int, last: int, neighbours: int) -> Rows:
    """Return which sessions may follow each one where a joint is tried, shape (n, neighbours), from 0.

    Session 0 is row `first`. One of a session's columns is drawn: it has the session after one of those most
    like it, or the session that follows it anyway where these two are not among each other's most like. With
    joints that are not mutual, days with many neighbours would be visited more often than the rest, and
    panics, which resemble nothing, less often than they happened. With mutual ones every session stands
    here `neighbours` times, so that visits that are spread evenly stay so (the chain of transitions is doubly
    stochastic).

    Parameters
    ----------
    market
        The history.
    first, last
        Rows of the window, both included, VIX known on each.
    neighbours
        Like sessions, >= 1.

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
    like = _like_days(day_states(market, first, last), neighbours)
    onward = _onward(sessions)
    return np.where(_mutual(like), onward[like], onward[:, None])


def _onward(sessions: int) -> Rows:
    """Return the session after each one in real order, the first after the last."""
    return np.roll(np.arange(sessions), -1)


def _like_days(states: Floats, neighbours: int) -> Rows:
    """Return for each row those nearest to it, itself not among them, shape (n, neighbours)."""
    _, found = cKDTree(states).query(states, k=neighbours + 1)
    like = np.asarray(found)
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
