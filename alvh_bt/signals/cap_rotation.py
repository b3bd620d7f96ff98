"""Is money moving from many shares into a few large ones."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, earlier, positive


class CapRotation(Signal):
    """The return of an equal-weight index less that of SPX: below 0 the large shares carry the index."""

    name: ClassVar[str] = "cap_rotation"
    unit: ClassVar[str] = "fraction"
    inputs: ClassVar[tuple[str, ...]] = ("equal_weight", "spx_close")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the difference of returns over `rotation_sessions`, shape (n,)."""
        equal, index = positive(market.columns["equal_weight"]), positive(market.columns["spx_close"])
        back = params.rotation_sessions
        return equal / earlier(equal, back) - index / earlier(index, back)
