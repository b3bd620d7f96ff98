"""How much of the market is in the equity exposure: its beta."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, earlier, positive, windows


def slope(x: Floats, y: Floats, size: int) -> Floats:
    """Return the least-squares slope of y on x over the last `size` rows, today's included.

    Parameters
    ----------
    x, y
        Shape (n,); a row in which either is NaN is left out.
    size
        Rows in the window; half of them, and two at least, must be known.

    Returns
    -------
    ndarray
        Shape (n,); NaN where too little is known or x does not vary.
    """
    known = windows(np.where(np.isnan(x) | np.isnan(y), np.nan, 1.0), size) == 1.0
    count = np.sum(known, axis=1)
    across, up = np.where(known, windows(x, size), 0.0), np.where(known, windows(y, size), 0.0)
    many = np.maximum(count, 1)[:, None]
    across = np.where(known, across - np.sum(across, axis=1, keepdims=True) / many, 0.0)
    up = np.where(known, up - np.sum(up, axis=1, keepdims=True) / many, 0.0)
    enough = count >= max(2, (size + 1) // 2)
    return np.where(enough, np.sum(across * up, axis=1) / positive(np.sum(across**2, axis=1)), np.nan)


class CapmBeta(Signal):
    """The slope of the equity book's daily log returns on those of SPX.

    As long as no equity book has been seen, the exposure is the index itself, whose beta is 1.
    """

    name: ClassVar[str] = "capm_beta"
    unit: ClassVar[str] = "beta"
    inputs: ClassVar[tuple[str, ...]] = ("equity", "spx_close")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the slope over `beta_sessions`, shape (n,)."""
        equity, index = positive(market.columns["equity"]), positive(market.columns["spx_close"])
        seen = np.logical_or.accumulate(~np.isnan(equity))
        if not seen.any():
            return np.ones(len(market.sessions))
        of_index = np.log(index / earlier(index, 1))
        of_equity = np.log(equity / earlier(equity, 1))
        return np.where(seen, slope(of_index, of_equity, params.beta_sessions), 1.0)
