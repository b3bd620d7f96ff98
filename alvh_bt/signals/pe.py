"""How dear are shares: Shiller's price over ten years' earnings."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, fresh, positive


class Pe(Signal):
    """Today's SPX over the mean real earnings of the ten years last published."""

    name: ClassVar[str] = "pe"
    unit: ClassVar[str] = "ratio"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close", "ten_year_earnings")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the ratio, shape (n,)."""
        return market.columns["spx_close"] / positive(fresh(market, "ten_year_earnings"))
