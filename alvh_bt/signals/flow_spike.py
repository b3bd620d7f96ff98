"""Is trading flow spiking: volume and range against their own last year."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alvh_bt.book.view import CondorView, Today
from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal

WINDOW = 252  # sessions before today
FEWEST = 126  # known values in the window below which the rank is unavailable


class FlowSpike(Signal):
    """The lower of two percentile ranks, 0 to 1: of today's SPX volume and of today's true range.

    Both must be unusual for the signal to be high: heavy volume in a quiet range (an index
    rebalancing) is not a spike in fast flow, nor is a wide range on thin holiday volume.
    """

    name: ClassVar[str] = "flow_spike"
    unit: ClassVar[str] = "share of the last 252 sessions below today"
    inputs: ClassVar[tuple[str, ...]] = ("spx_volume", "spx_high", "spx_low", "spx_close")

    def series(self, market: Market, params: SignalParams) -> NDArray[np.float64]:
        """Return the rank for every session, shape (n,); NaN before half a year of history."""
        close = market.columns["spx_close"]
        before = np.concatenate(([np.nan], close[:-1]))
        high = np.maximum(market.columns["spx_high"], before)
        low = np.minimum(market.columns["spx_low"], before)
        return np.minimum(trailing_rank(market.columns["spx_volume"]), trailing_rank((high - low) / before))

    def read(self, value: float, condor: CondorView, today: Today) -> float:
        """Return today's rank; the condor does not enter."""
        return value


def trailing_rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
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
