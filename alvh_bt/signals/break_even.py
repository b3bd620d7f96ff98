"""Has the index closed beyond the put side's break-even, and stayed there."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from alvh_bt.book.view import CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.signals.signal import Signal


@rule
def closes_below(closes: np.ndarray, level: float) -> int:
    """Return how many of the last closes in a row lie below `level`; `closes` has the latest last."""
    count = 0
    for i in range(closes.shape[0] - 1, -1, -1):
        if not closes[i] < level:
            break
        count += 1
    return count


@rule
def break_even_closes(condor: CondorView, today: Today) -> float:
    """Return the closes in a row below a condor's break-even; NaN if that or today's close is unknown."""
    if math.isnan(condor.break_even) or math.isnan(today.closes[-1]):
        return math.nan
    return float(closes_below(today.closes, condor.break_even))


class BreakEven(Signal):
    """Closes in a row below the short put strike less the net credit (the lower break-even at expiry)."""

    name: ClassVar[str] = "break_even"
    unit: ClassVar[str] = "closes in a row"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close",)

    def read(self, value: float, condor: CondorView, today: Today) -> float:
        """Return the count at this close, up to the closes that `Today` carries."""
        return break_even_closes(condor, today)
