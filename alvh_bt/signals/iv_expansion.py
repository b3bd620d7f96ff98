"""How far implied volatility has risen since the condor was entered."""

from __future__ import annotations

from typing import ClassVar

from alvh_bt.book.view import CondorView, Today
from alvh_bt.compiled import rule
from alvh_bt.signals.signal import Signal


@rule
def iv_expansion(vix_level: float, entry_vix: float) -> float:
    """Return VIX over its level at entry, less one: 0.15 is an expansion of 15%."""
    return vix_level / entry_vix - 1.0


class IvExpansion(Signal):
    """VIX now over VIX at the condor's entry, less one."""

    name: ClassVar[str] = "iv_expansion"
    unit: ClassVar[str] = "fraction"
    inputs: ClassVar[tuple[str, ...]] = ("vix_close",)

    def read(self, value: float, condor: CondorView, today: Today) -> float:
        """Return the expansion at this close."""
        return iv_expansion(today.prices.vix_level, condor.entry_vix)
