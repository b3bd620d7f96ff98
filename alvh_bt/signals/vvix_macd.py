"""Is the volatility of volatility turning up: the MACD of VVIX."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.smoothing import macd_histogram
from alvh_bt.signals.trailing import Floats


class VvixMacd(Signal):
    """The MACD line of VVIX less its signal line: above 0 the rise is gaining speed."""

    name: ClassVar[str] = "vvix_macd"
    unit: ClassVar[str] = "vol points"
    inputs: ClassVar[tuple[str, ...]] = ("vvix",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the difference, shape (n,); NaN on a session without a VVIX close."""
        return macd_histogram(market.columns["vvix"], params.macd_fast, params.macd_slow, params.macd_signal)
