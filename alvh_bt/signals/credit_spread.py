"""Is credit getting dearer: the high-yield spread against its own mean."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, earlier, fresh, trailing_mean


class CreditSpread(Signal):
    """The credit spread less its mean over the sessions before today: 0.005 is half a point wider."""

    name: ClassVar[str] = "credit_spread"
    unit: ClassVar[str] = "fraction a year"
    inputs: ClassVar[tuple[str, ...]] = ("credit_spread",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the difference, shape (n,); half of the `spread_sessions` must be known."""
        spread = fresh(market, "credit_spread")
        size = params.spread_sessions
        return spread - trailing_mean(earlier(spread, 1), size, (size + 1) // 2)
