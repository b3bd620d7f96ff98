"""Signals: what the layers listen to, one a file, all the same shape."""

from __future__ import annotations

from typing import Final

from alvh_bt.choices import SignalCode
from alvh_bt.signals.advance_decline import AdvanceDecline
from alvh_bt.signals.breadth_divergence import BreadthDivergence
from alvh_bt.signals.break_even import BreakEven
from alvh_bt.signals.cap_rotation import CapRotation
from alvh_bt.signals.capm_beta import CapmBeta
from alvh_bt.signals.condor_irr import CondorIrr
from alvh_bt.signals.credit_spread import CreditSpread
from alvh_bt.signals.flow_spike import FlowSpike
from alvh_bt.signals.fomc_window import FomcWindow
from alvh_bt.signals.inflation_surprise import InflationSurprise
from alvh_bt.signals.inflation_window import InflationWindow
from alvh_bt.signals.iv_expansion import IvExpansion
from alvh_bt.signals.macro_stress import MacroStress
from alvh_bt.signals.pe import Pe
from alvh_bt.signals.quick_ratio import QuickRatio
from alvh_bt.signals.rate_differential import RateDifferential
from alvh_bt.signals.reer import Reer
from alvh_bt.signals.short_strike_delta import ShortStrikeDelta
from alvh_bt.signals.signal import Signal
from alvh_bt.signals.spx_rsi import SpxRsi
from alvh_bt.signals.vix_rsi import VixRsi
from alvh_bt.signals.vvix_macd import VvixMacd
from alvh_bt.signals.vx_volume import VxVolume
from alvh_bt.signals.wacc import Wacc

#: Every signal, in the order of `SignalCode`: that of `Today.signals`, of `VoteParams` and of masks.
_KINDS: Final[tuple[type[Signal], ...]] = (
    FlowSpike,
    ShortStrikeDelta,
    IvExpansion,
    BreakEven,
    CondorIrr,
    AdvanceDecline,
    BreadthDivergence,
    SpxRsi,
    VixRsi,
    VvixMacd,
    Reer,
    RateDifferential,
    FomcWindow,
    InflationWindow,
    InflationSurprise,
    CreditSpread,
    Pe,
    Wacc,
    MacroStress,
    QuickRatio,
    CapmBeta,
    CapRotation,
    VxVolume,
)

#: Every signal by name, in that order.
SIGNALS: Final[dict[str, type[Signal]]] = {kind.name: kind for kind in _KINDS}

#: Where `flow_spike` stands in `Today.signals`, for compiled rules.
FLOW_SPIKE: Final = SignalCode.FLOW_SPIKE

__all__ = [
    "FLOW_SPIKE",
    "SIGNALS",
    "AdvanceDecline",
    "BreadthDivergence",
    "BreakEven",
    "CapRotation",
    "CapmBeta",
    "CondorIrr",
    "CreditSpread",
    "FlowSpike",
    "FomcWindow",
    "InflationSurprise",
    "InflationWindow",
    "IvExpansion",
    "MacroStress",
    "Pe",
    "QuickRatio",
    "RateDifferential",
    "Reer",
    "ShortStrikeDelta",
    "Signal",
    "SpxRsi",
    "VixRsi",
    "VvixMacd",
    "VxVolume",
    "Wacc",
]
