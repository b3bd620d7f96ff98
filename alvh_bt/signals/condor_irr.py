"""Is the condor's own projected return deteriorating."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.book.view import CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.signals.signal import Signal


@rule
def irr_change(condor: CondorView) -> float:
    """Return the projected return a year less that at the first close after entry; NaN if one is unknown."""
    return condor.irr - condor.entry_irr


class CondorIrr(Signal):
    """The change of the condor's projected return since entry: -0.20 is 20 points a year less."""

    name: ClassVar[str] = "condor_irr"
    unit: ClassVar[str] = "fraction a year"
    inputs: ClassVar[tuple[str, ...]] = ("spx_close", "vix_close")

    def read(self, value: float, condor: CondorView, today: Today) -> float:
        """Return the change at this close."""
        return irr_change(condor)
