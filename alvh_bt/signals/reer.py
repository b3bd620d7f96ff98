"""Is money fleeing into the dollar: the change of its real effective exchange rate."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, fresh, known_then, months_ago, positive


class Reer(Signal):
    """The real effective exchange rate known today over the one known some months ago, less 1.

    Both are what stood published on those days, so that each enters with its publication lag.
    """

    name: ClassVar[str] = "reer"
    unit: ClassVar[str] = "fraction"
    inputs: ClassVar[tuple[str, ...]] = ("reer",)

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the change over `reer_months`, shape (n,)."""
        level = positive(fresh(market, "reer"))
        return level / known_then(level, months_ago(market.sessions, params.reer_months)) - 1.0
