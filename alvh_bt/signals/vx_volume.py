"""Is the VIX futures market thin: its volume."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats


class VxVolume(Signal):
    """Contracts traded in the two nearest VIX futures."""

    name: ClassVar[str] = "vx_volume"
    unit: ClassVar[str] = "contracts a session"
    inputs: ClassVar[tuple[str, ...]] = ("vx_volume",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the volume, shape (n,)."""
        return market.columns["vx_volume"]
