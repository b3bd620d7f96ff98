"""How close the market is to a short strike, as its delta."""

from __future__ import annotations

import math
from typing import ClassVar

from alvh_bt.book.view import CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.signals.signal import Signal


@rule
def short_strike_delta(condor: CondorView) -> float:
    """Return the larger absolute delta of the two short strikes, 0 to 1; NaN if one is unknown."""
    if math.isnan(condor.short_put_delta) or math.isnan(condor.short_call_delta):
        return math.nan
    return max(condor.short_put_delta, condor.short_call_delta)


class ShortStrikeDelta(Signal):
    """The larger absolute delta of the condor's two short strikes."""

    name: ClassVar[str] = "short_strike_delta"
    unit: ClassVar[str] = "absolute delta"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close", "vix_close")

    def read(self, value: float, condor: CondorView, today: Today) -> float:
        """Return the delta at this close."""
        return short_strike_delta(condor)
