"""Is trading flow spiking: volume, range and gap against their own last year."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, earlier

WINDOW = 252  # sessions before today
FEWEST = 126  # known values in the window below which the rank is unavailable


class FlowSpike(Signal):
    """The lower of the rank of SPX volume and that of its move, 0 to 1; the move is a range or a gap.

    Both must be unusual for the signal to be high: heavy volume in a quiet range (an index
    rebalancing) is not a spike in fast flow, nor is a wide range on thin holiday volume. Of range and
    gap one is enough: a market that jumps at the open may hardly move after it. An open that repeats the
    close before is a stale print, as most were before 2016: the gap is then unknown, and left out.
    """

    name: ClassVar[str] = "flow_spike"
    unit: ClassVar[str] = "share of the last 252 sessions below today"
    inputs: ClassVar[tuple[str, ...]] = ("spx_volume", "spx_high", "spx_low", "spx_close", "spx_open")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the rank for every session, shape (n,); NaN before half a year of history."""
        columns = market.columns
        before = earlier(columns["spx_close"], 1)
        high, low = np.maximum(columns["spx_high"], before), np.minimum(columns["spx_low"], before)
        move = trailing_rank((high - low) / before)
        gap = trailing_rank(opening_gap(columns["spx_open"], before))
        move = np.where(np.isnan(gap), move, np.maximum(move, gap))
        return np.minimum(trailing_rank(columns["spx_volume"]), move)


def opening_gap(opens: Floats, before: Floats) -> Floats:
    """Return the absolute move from the close before to the open, a fraction; NaN for a stale open."""
    return np.where(opens == before, np.nan, np.abs(opens / before - 1.0))


def trailing_rank(values: Floats) -> Floats:
    """Return the share of the `WINDOW` values before each one that lie below it.

    Parameters
    ----------
    values
        Shape (n,); NaN is unknown and does not count.

    Returns
    -------
    ndarray
        Shape (n,), 0 to 1; NaN where the value or more than half of its window is unknown.
    """
    padded = np.concatenate((np.full(WINDOW, np.nan), values))
    windows = sliding_window_view(padded, WINDOW)[: len(values)]
    known = np.sum(~np.isnan(windows), axis=1)
    below = np.sum(windows < values[:, None], axis=1)
    usable = (known >= FEWEST) & ~np.isnan(values)
    return np.where(usable, below / np.maximum(known, 1), np.nan)
