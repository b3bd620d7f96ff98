"""What deploys each layer, and what relaxes it again."""

from __future__ import annotations

import math

from alvh_bt.book.codes import Layer, Reason
from alvh_bt.book.view import CondorView, Today
from alvh_bt.choices import SignalCode, ThirdReading
from alvh_bt.compiled import rule
from alvh_bt.config import LayeredParams, VoteParams
from alvh_bt.hedges.sizing import LayeredRules
from alvh_bt.signals.break_even import closes_below
from alvh_bt.signals.iv_expansion import iv_expansion
from alvh_bt.signals.quorum import quorum, quorum_met
from alvh_bt.signals.short_strike_delta import short_strike_delta

NO_REASON = -1


@rule
def second_trigger(condor: CondorView, vix_level: float, params: LayeredParams) -> int:
    """Return why layer two is deployed (`Reason`), or -1.

    A short strike's delta outranks the expansion of implied volatility, and both outrank the fall of the
    condor's projected return since its entry, which counts where both returns are known.
    """
    if short_strike_delta(condor) >= params.trigger_delta:
        return Reason.SHORT_DELTA
    if iv_expansion(vix_level, condor.entry_vix) >= params.trigger_iv_expansion:
        return Reason.IV_EXPANSION
    if params.irr_drop > 0.0 and condor.entry_irr - condor.irr >= params.irr_drop:
        return Reason.IRR_FELL
    return NO_REASON


@rule
def second_is_relaxed(condor: CondorView, vix_level: float, params: LayeredParams) -> bool:
    """Return whether all triggers of layer two are back below their lower thresholds."""
    calm_delta = short_strike_delta(condor) <= params.relax_delta
    calm_vix = iv_expansion(vix_level, condor.entry_vix) <= params.relax_iv_expansion
    falling = params.irr_drop > 0.0 and condor.entry_irr - condor.irr > 0.5 * params.irr_drop
    return calm_delta and calm_vix and not falling


@rule
def third_trigger(condor: CondorView, today: Today, params: LayeredParams, votes: VoteParams) -> int:
    """Return why layer three is deployed (`Reason`), `UNAVAILABLE` (an input is missing: neutral), or -1.

    By default a confirmed close beyond the put break-even with a spike in flow; under the other
    reading, aligned signals or a surprise of inflation.
    """
    if params.third_reading == ThirdReading.SIGNALS:
        return signals_trigger(today, params, votes)
    if closes_below(today.closes, condor.break_even) < params.confirm_closes:
        return NO_REASON
    flow = today.signals[SignalCode.FLOW_SPIKE]
    if math.isnan(flow):
        return Reason.UNAVAILABLE
    return Reason.BREAK_EVEN_AND_FLOW if flow >= params.flow_percentile else NO_REASON


@rule
def signals_trigger(today: Today, params: LayeredParams, votes: VoteParams) -> int:
    """Return why layer three is deployed under its other reading, or -1.

    A surprise of inflation by itself; or a low RSI of VIX with breadth diverging below the index
    and the MACD of VVIX below its signal line, near an FOMC meeting.
    """
    surprise = today.signals[SignalCode.INFLATION_SURPRISE]
    if surprise >= votes.inflation_surprise:
        return Reason.INFLATION_SURPRISE
    rsi, macd = today.signals[SignalCode.VIX_RSI], today.signals[SignalCode.VVIX_MACD]
    breadth, meeting = today.signals[SignalCode.BREADTH_DIVERGENCE], today.signals[SignalCode.FOMC_WINDOW]
    if math.isnan(rsi + macd + breadth + meeting):
        return Reason.UNAVAILABLE if rsi <= params.third_vix_rsi else NO_REASON
    aligned = rsi <= params.third_vix_rsi and breadth < 0.0 and macd < 0.0 and meeting <= votes.fomc_window
    return Reason.SIGNALS_ALIGNED if aligned else NO_REASON


@rule
def third_is_relaxed(condor: CondorView, today: Today, held_days: int, params: LayeredParams) -> bool:
    """Return whether what deployed layer three is over.

    By default the index is back above the break-even with the flow calm or unknown; under the other
    reading it was held for `third_days` and the RSI of VIX is at `calm_vix_rsi`, which it may well be on
    the day of a surprise.
    """
    if params.third_reading == ThirdReading.SIGNALS:
        return held_days >= params.third_days and today.signals[SignalCode.VIX_RSI] >= params.calm_vix_rsi
    if closes_below(today.closes, condor.break_even) > 0:
        return False
    return not today.signals[SignalCode.FLOW_SPIKE] > params.calm_percentile


@rule
def quorum_allows(layer: int, condor: CondorView, today: Today, rules: LayeredRules) -> bool:
    """Return whether enough of a layer's signals approve; unavailable ones abstain and never block."""
    needed, mask = rules.quorum.third, rules.quorum.third_of
    if layer == Layer.ONE:
        needed, mask = rules.quorum.first, rules.quorum.first_of
    elif layer == Layer.TWO:
        needed, mask = rules.quorum.second, rules.quorum.second_of
    if needed == 0:
        return True
    return quorum_met(quorum(mask, condor, today, rules.votes), needed)
