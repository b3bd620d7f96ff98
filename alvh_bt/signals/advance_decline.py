"""Do most issues rise or fall: the advance-decline line, or the best proxy there is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import YEAR, Floats, earlier, positive, trailing_mean

MOST_MISSING = 2  # sessions of a window


def breadth_sources(market: Market) -> tuple[Floats, Floats, Floats]:
    """Return each source's daily net advances as a share of issues, -1 to 1, the best source first.

    First the advances and declines themselves. Then the share of advancers, which leaves out the unchanged
    issues. Last the new highs less new lows, a count that has no fixed scale: it is measured by its own
    mean size over the year before, of which half must be known.
    """
    columns = market.columns
    advances, declines = columns["advances"], columns["declines"]
    counted = (advances - declines) / positive(advances + declines)
    shared = 2.0 * columns["percent_advancers"] - 1.0
    highs = columns["net_new_highs"]
    usual = trailing_mean(earlier(np.abs(highs), 1), YEAR, YEAR // 2)
    return counted, shared, np.clip(highs / positive(usual), -1.0, 1.0)


class AdvanceDecline(Signal):
    """The mean of daily net advances as a share of issues: the slope of the advance-decline line.

    A mean is taken from one source alone, since the sources differ in scale: the best one that is known on
    all but two sessions of the window.
    """

    name: ClassVar[str] = "advance_decline"
    unit: ClassVar[str] = "share of issues a session"
    inputs: ClassVar[tuple[str, ...]] = ("advances", "declines", "percent_advancers", "net_new_highs")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the mean over `breadth_sessions`, -1 to 1, shape (n,)."""
        size = params.breadth_sessions
        best = np.full(len(market.sessions), np.nan)
        for source in breadth_sources(market):
            best = np.where(np.isnan(best), trailing_mean(source, size, size - MOST_MISSING), best)
        return best
