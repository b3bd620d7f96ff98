"""How near is a decision of the FOMC."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from alvh_bt.config import SignalParams
from alvh_bt.market import Market
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.trailing import Floats


class FomcWindow(Signal):
    """Calendar days to the nearest a decision of the FOMC, whether ahead or past.

    Dates ahead are no look-ahead, since the calendar is published long before. Where one side is unknown,
    before the first date of the file or after its last, the nearest cannot be told: unavailable.
    """

    name: ClassVar[str] = "fomc_window"
    unit: ClassVar[str] = "calendar days"
    inputs: ClassVar[tuple[str, ...]] = ("days_to_fomc", "days_since_fomc")

    def series(self, market: Market, params: SignalParams) -> Floats:
        """Return the fewer of the days to the next and since the last, shape (n,); 0 on the day."""
        return np.minimum(market.columns["days_to_fomc"], market.columns["days_since_fomc"])
