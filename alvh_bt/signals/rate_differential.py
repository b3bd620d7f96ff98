"""Does carry still pay: the interest-rate differential."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.choices import Differential
from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats, fresh


class RateDifferential(Signal):
    """By setting the ten-year rate less the bill rate (`slope`), or the bill rate less a foreign one."""

    name: ClassVar[str] = "rate_differential"
    unit: ClassVar[str] = "fraction a year"
    inputs: ClassVar[tuple[str, ...]] = ("rate", "long_rate", "foreign_rate")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the differential, shape (n,): negative is an inverted curve, or a bill rate below abroad."""
        rate = fresh(market, "rate")
        if params.differential == Differential.FOREIGN:
            return rate - fresh(market, "foreign_rate")
        return fresh(market, "long_rate") - rate
