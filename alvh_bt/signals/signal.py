"""The shape of every signal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alvh_bt.book.view import CondorView, Today
from alvh_bt.config import SignalParams
from alvh_bt.market import Market


class Signal:
    """One number a day, or a day and condor; NaN says `unavailable` and is neutral.

    A signal of the market alone fills `series` and inherits `read`; one of a condor leaves `series` NaN
    and computes in `read`. Both see only what is known at the close.
    """

    name: ClassVar[str]
    unit: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]  # market columns that it needs, or can make do with

    def series(self, market: Market, params: SignalParams) -> NDArray[np.float64]:
        """Return the signal for every session, shape (n,); row i depends on rows up to i only."""
        return np.full(len(market.sessions), np.nan)

    def read(self, value: float, condor: CondorView, today: Today) -> float:
        """Return the signal for one condor on one close; `value` is today's entry of `series`."""
        return value
