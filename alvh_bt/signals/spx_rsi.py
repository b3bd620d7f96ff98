"""Is the index oversold: Wilder's RSI of SPX."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.smoothing import wilder_rsi
from alvh_bt.signals.trailing import Floats


class SpxRsi(Signal):
    """Wilder's relative strength index of the SPX closes."""

    name: ClassVar[str] = "spx_rsi"
    unit: ClassVar[str] = "0 to 100"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the index over `rsi_period`, shape (n,); NaN on a session without a close."""
        return wilder_rsi(market.columns["spx_close"], params.rsi_period)
