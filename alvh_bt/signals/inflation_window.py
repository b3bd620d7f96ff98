"""How near is a release of consumer or producer prices."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats


class InflationWindow(Signal):
    """Calendar days to the nearest a release of consumer or producer prices, whether ahead or past.

    Dates ahead are no look-ahead, since the calendar is published long before. Where one side is unknown,
    before the first date of the file or after its last, the nearest cannot be told: unavailable.
    """

    name: ClassVar[str] = "inflation_window"
    unit: ClassVar[str] = "calendar days"
    inputs: ClassVar[tuple[str, ...]] = ("days_to_inflation", "days_since_inflation")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the fewer of the days to the next and since the last, shape (n,); 0 on the day."""
        return np.minimum(market.columns["days_to_inflation"], market.columns["days_since_inflation"])
