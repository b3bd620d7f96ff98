"""What the settings of hedges and signals must agree on; single bounds stand with each setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from alvh_bt.comparison_params import Crisis
from alvh_bt.hedge_params import ClimateParams, LadderParams, LayeredParams, SizingParams, VxthParams
from alvh_bt.signal_params import QuorumParams, SignalParams


class Check(NamedTuple):
    """Whether settings contradict each other, and what is said then."""

    wrong: bool
    message: str


def crisis_checks(crises: Sequence[Crisis]) -> Iterator[Check]:
    """Return the checks of the user's own crises."""
    for crisis in crises:
        yield Check(crisis.start > crisis.end, f"crisis {crisis.name!r} starts after it ends")
    names = [crisis.name for crisis in crises]
    yield Check(len(set(names)) < len(names), "two crises share a name")


def layered_checks(layered: LayeredParams) -> Iterator[Check]:
    """Return the checks of the adaptive layers: what deploys stands beyond what relaxes."""
    total = layered.first_share + layered.second_share + layered.third_share
    # 1e-9: shares that add up to 1 may miss it by rounding.
    yield Check(total > 1.0 + 1e-9, "layered.first_share, second_share and third_share add up to more than 1")
    yield Check(
        not layered.first_low <= layered.first_share <= layered.first_high,
        "layered.first_share must lie between first_low and first_high",
    )
    yield Check(layered.vx_low > layered.vx_high, "layered.vx_low must not exceed layered.vx_high")
    yield Check(
        layered.differential_low >= layered.differential_high,
        "layered.differential_low must be below layered.differential_high",
    )
    yield Check(
        layered.call_dte_low > layered.call_dte_high,
        "layered.call_dte_low must not exceed layered.call_dte_high",
    )
    yield Check(
        layered.relax_delta >= layered.trigger_delta,
        "layered.relax_delta must be below layered.trigger_delta",
    )
    yield Check(
        layered.relax_iv_expansion >= layered.trigger_iv_expansion,
        "layered.relax_iv_expansion must be below layered.trigger_iv_expansion",
    )
    yield Check(
        layered.calm_percentile >= layered.flow_percentile,
        "layered.calm_percentile must be below layered.flow_percentile",
    )
    yield Check(
        layered.third_vix_rsi >= layered.calm_vix_rsi,
        "layered.third_vix_rsi must be below layered.calm_vix_rsi",
    )
    yield from _roll_and_sale_checks(layered)


def _roll_and_sale_checks(layered: LayeredParams) -> Iterator[Check]:
    yield Check(
        layered.shift_dte <= layered.future_roll_dte,
        "layered.shift_dte must be above layered.future_roll_dte",
    )
    yield Check(
        layered.shift_dte < layered.call_roll_dte,
        "layered.shift_dte must not be below layered.call_roll_dte",
    )
    yield Check(
        0.0 < layered.monetise_multiple <= 1.0,
        "layered.monetise_multiple must be above 1, or 0 for no sale",
    )
    yield Check(
        0.0 < layered.monetise_future <= 1.0,
        "layered.monetise_future must be above 1, or 0 for no sale",
    )


def scaling_checks(sizing: SizingParams, climate: ClimateParams) -> Iterator[Check]:
    """Return the checks of what scales the layers."""
    yield Check(
        sizing.band_high > 0.0 and sizing.band_low >= sizing.band_high,
        "sizing.band_low must be below sizing.band_high",
    )
    yield Check(
        climate.pe_low >= climate.pe_high or climate.wacc_low >= climate.wacc_high,
        "climate.pe_low and wacc_low must be below pe_high and wacc_high",
    )


def signal_checks(signals: SignalParams, quorum: QuorumParams) -> Iterator[Check]:
    """Return the checks of the signals and of who votes."""
    asked = zip(quorum[::2], quorum[1::2], strict=True)
    yield Check(
        any(needed > mask.bit_count() for needed, mask in asked),
        "quorum asks for more approvals than it names signals",
    )
    yield Check(signals.macd_fast >= signals.macd_slow, "signals.macd_fast must be below signals.macd_slow")


def ladder_checks(ladder: LadderParams) -> Iterator[Check]:
    """Return the checks of the ladder: its tenors in their order, each rolled before it is bought anew."""
    yield Check(
        not ladder.near_dte < ladder.middle_dte < ladder.far_dte,
        "ladder.near_dte, middle_dte and far_dte must rise in this order",
    )
    for tenor, bought, rolled in (
        ("near", ladder.near_dte, ladder.near_roll_dte),
        ("middle", ladder.middle_dte, ladder.middle_roll_dte),
        ("far", ladder.far_dte, ladder.far_roll_dte),
    ):
        yield Check(rolled >= bought, f"ladder.{tenor}_roll_dte must be below ladder.{tenor}_dte")
    yield Check(
        ladder.near_weight == ladder.middle_weight == ladder.far_weight == 0.0,
        "ladder.near_weight, middle_weight and far_weight are all 0: give one of them a weight",
    )


def vxth_checks(vxth: VxthParams) -> Iterator[Check]:
    """Return the check of the levels between which calls are bought."""
    yield Check(not vxth.low < vxth.high < vxth.top, "vxth.low, high and top must rise in this order")
