"""Signals: what the layers listen to, one a file, all the same shape."""

from __future__ import annotations

from typing import Final

from alvh_bt.signals.break_even import BreakEven
from alvh_bt.signals.flow_spike import FlowSpike
from alvh_bt.signals.iv_expansion import IvExpansion
from alvh_bt.signals.short_strike_delta import ShortStrikeDelta
from alvh_bt.signals.signal import Signal

#: Every signal by name; the order is the order of `Today.signals`.
SIGNALS: Final[dict[str, type[Signal]]] = {
    kind.name: kind for kind in (FlowSpike, ShortStrikeDelta, IvExpansion, BreakEven)
}

#: Where `flow_spike` stands in `Today.signals`, for compiled rules.
FLOW_SPIKE: Final = tuple(SIGNALS).index(FlowSpike.name)

__all__ = ["FLOW_SPIKE", "SIGNALS", "BreakEven", "FlowSpike", "IvExpansion", "ShortStrikeDelta", "Signal"]
