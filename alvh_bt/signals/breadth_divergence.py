"""Does the index hold up while most issues fall."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.advance_decline import AdvanceDecline
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, earlier


class BreadthDivergence(Signal):
    """The slope of the advance-decline line over sessions in which the index did not fall, else 0.

    Where the index fell there is nothing to diverge from: breadth and price agree, or breadth is better.
    """

    name: ClassVar[str] = "breadth_divergence"
    unit: ClassVar[str] = "share of issues a session"
    inputs: ClassVar[tuple[str, ...]] = (*AdvanceDecline.inputs, "spx_close")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return `advance_decline`, or 0 where the index fell over the same sessions, shape (n,)."""
        breadth = AdvanceDecline().series(market, params)
        close = market.columns["spx_close"]
        # Net advances of n sessions go with the move from the close before the first of them.
        before = earlier(close, params.breadth_sessions)
        known = ~np.isnan(breadth) & ~np.isnan(close) & ~np.isnan(before)
        return np.where(known, np.where(close < before, 0.0, breadth), np.nan)
