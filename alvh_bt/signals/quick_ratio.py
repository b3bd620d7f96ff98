"""Can property and technology firms pay their bills: the quick ratio."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats


class QuickRatio(Signal):
    """The median quick ratio of REIT and technology constituents: liquid assets over current liabilities.

    Below 1 the median firm cannot meet what falls due without selling stock or borrowing.
    """

    name: ClassVar[str] = "quick_ratio"
    unit: ClassVar[str] = "ratio"
    inputs: ClassVar[tuple[str, ...]] = ("quick_ratio",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the median of what had been reported by each session, shape (n,)."""
        return market.columns["quick_ratio"]
