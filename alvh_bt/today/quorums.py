"""How the signals that a layer asks vote, and how far the net exposure is from its band."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from alvh_bt.book.records import Layer
from alvh_bt.book.view import view_condor
from alvh_bt.choices import SignalCode
from alvh_bt.contracts import code_name
from alvh_bt.engine.closes import Close
from alvh_bt.hedges.lifecycle import condor_is_on
from alvh_bt.hedges.sizing import LayeredRules, condor_notional, equity_beta, net_exposure
from alvh_bt.hedges.triggers import quorum_allows
from alvh_bt.signal_params import APPROVES_ABOVE
from alvh_bt.signals import SIGNALS
from alvh_bt.signals.quorum import approves, quorum, signal_value

_VOTES = {1: "approves", 0: "no", -1: "unavailable"}


def quorum_rows(close: Close, rules: LayeredRules) -> Iterator[dict[str, Any]]:
    """Yield for each condor and layer that asks signals the count, and each signal's value and vote."""
    today, asks, kinds = close.today, rules.quorum, list(SIGNALS.values())
    layers = (
        (Layer.ONE, asks.first, asks.first_of),
        (Layer.TWO, asks.second, asks.second_of),
        (Layer.THREE, asks.third, asks.third_of),
    )
    for row in range(len(close.after.condors)):
        condor = view_condor(close.after, row)
        if not condor_is_on(today, close.after, condor.id):
            continue
        for layer, needed, mask in layers:
            if needed == 0:
                continue
            tally = quorum(mask, condor, today, rules.votes)
            signals = []
            for code in (code for code in SignalCode if mask >> code & 1):
                value = float(signal_value(code, condor, today))
                signals.append({
                    "signal": code_name(SignalCode, code),
                    "value": value,
                    "threshold": float(rules.votes[code]),
                    "above": APPROVES_ABOVE[code],
                    "unit": kinds[code].unit,
                    "vote": _VOTES[approves(code, value, rules.votes)],
                })  # fmt: skip
            yield {
                "condor": condor.id,
                "layer": code_name(Layer, layer),
                **tally._asdict(),
                "needed": needed,
                "allows": bool(quorum_allows(layer, condor, today, rules)),
                "signals": signals,
            }


def exposure_rows(close: Close, rules: LayeredRules) -> Iterator[dict[str, Any]]:
    """Yield each condor's net exposure as a share of its beta-weighted notional, and the band around it."""
    for row in range(len(close.after.condors)):
        condor = view_condor(close.after, row)
        prices = close.today.prices
        base = equity_beta(close.today, rules.sizing) * condor_notional(condor, prices.spot)
        if rules.sizing.band_high <= 0.0 or not base > 0.0 or not condor.short_put > 0.0:
            continue
        points = rules.shock.vix_points_per_percent
        exposure = float(net_exposure(close.after, condor.id, prices, points)) / base
        yield {
            "condor": condor.id,
            "net_exposure": exposure if math.isfinite(exposure) else math.nan,
            "band_low": rules.sizing.band_low,
            "band_high": rules.sizing.band_high,
        }
