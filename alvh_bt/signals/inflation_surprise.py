"""Did prices rise by more than was expected."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats


class InflationSurprise(Signal):
    """Published less expected inflation on the session of a release; 0 on sessions without one."""

    name: ClassVar[str] = "inflation_surprise"
    unit: ClassVar[str] = "percentage points"
    inputs: ClassVar[tuple[str, ...]] = ("inflation_surprise",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the surprise, positive where prices rose by more than expected, shape (n,)."""
        return market.columns["inflation_surprise"]
