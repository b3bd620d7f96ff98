"""The triggers of the layered hedge: what adds each layer, and what takes it off again."""

from __future__ import annotations

import math
from collections.abc import Iterator

from alvh_bt.book.records import Book, Layer, Reason, Status
from alvh_bt.book.view import CondorView, view_condor
from alvh_bt.choices import SignalCode, ThirdReading
from alvh_bt.config import Study
from alvh_bt.contracts import Right
from alvh_bt.engine.closes import Close
from alvh_bt.hedges.instruments import held
from alvh_bt.hedges.lifecycle import condor_is_on
from alvh_bt.hedges.notes import thin_vx
from alvh_bt.hedges.sizing import LayeredRules
from alvh_bt.hedges.triggers import (
    quorum_allows,
    second_is_relaxed,
    second_trigger,
    signals_trigger,
    third_is_relaxed,
    third_trigger,
)
from alvh_bt.signals.break_even import break_even_closes
from alvh_bt.signals.condor_irr import irr_change
from alvh_bt.signals.iv_expansion import iv_expansion
from alvh_bt.signals.short_strike_delta import short_strike_delta
from alvh_bt.today.condor_triggers import delta_level
from alvh_bt.today.lot_triggers import lot_triggers
from alvh_bt.today.triggers import ARMED, FIRES, MET, OFF, UNAVAILABLE, Asked, Trigger, with_signals

_LAYERS = {Layer.ONE: "one", Layer.TWO: "two", Layer.THREE: "three"}
_FAR = math.inf


def layered_triggers(close: Close, study: Study, asked: Asked, rules: LayeredRules) -> Iterator[Trigger]:
    """Yield the triggers of every layer of every condor that is on, or planned, after this close."""
    if close.cut:
        return
    book = close.after
    for row in range(len(book.condors)):
        condor = view_condor(book, row)
        if not condor_is_on(close.today, book, condor.id):
            continue
        if condor.status == Status.PLANNED:
            yield _first(close, condor, rules, asked)
            continue
        for layer, used in ((Layer.TWO, condor.second_entries), (Layer.THREE, condor.third_entries)):
            added = _second if layer == Layer.TWO else _third
            if held(book, condor.id, layer):
                leaves = _second_leaves if layer == Layer.TWO else _third_leaves
                yield from leaves(close, condor, rules, asked)
            elif used >= rules.layered.max_entries:
                told = f"{used} of {rules.layered.max_entries} entries used"
                for trigger in added(close, study, condor, rules, asked):
                    yield trigger._replace(state=OFF, told=told)
            else:
                yield from added(close, study, condor, rules, asked)
    yield from lot_triggers(close, rules, asked)


def _trigger(
    layer: int, condor: int, name: str, reason: int, value: float, threshold: float, unit: str
) -> Trigger:
    return Trigger(
        Book.HEDGE,
        condor,
        _LAYERS[layer],
        -1,
        name,
        reason,
        float(value),
        float(threshold),
        True,
        unit,
        ARMED,
    )


def _first(close: Close, condor: CondorView, rules: LayeredRules, asked: Asked) -> Trigger:
    """Return what adds layer one: the condor itself."""
    bought = rules.layered.short_first or not thin_vx(close.today, rules.layered)
    reason = Reason.CONDOR_OPENED if bought else Reason.THIN_VX
    if (Book.HEDGE, condor.id, "one", -1, Reason.CONDOR_OPENED) in asked.orders:
        reason = Reason.CONDOR_OPENED  # thin, and no share is listed
    trigger = _trigger(Layer.ONE, condor.id, "condor planned", reason, 1.0, 1.0, "")
    return asked.state(trigger, True, "the size rounds to nothing, or the band on net exposure is full")


def _blocked(layer: int, condor: CondorView, close: Close, rules: LayeredRules) -> str:
    """Return what to tell of a layer whose trigger is met and that is not added."""
    if not quorum_allows(layer, condor, close.today, rules):
        return "quorum of signals not met"
    return "another trigger decides first, or its size is zero"


def _second(
    close: Close, study: Study, condor: CondorView, rules: LayeredRules, asked: Asked
) -> Iterator[Trigger]:
    """Yield what adds layer two; the rule is asked about each alone."""
    params, vix = rules.layered, close.today.prices.vix_level
    quiet = params._replace(trigger_delta=_FAR, trigger_iv_expansion=_FAR, irr_drop=0.0)
    why = _blocked(Layer.TWO, condor, close, rules)
    for name, reason, value, threshold, unit, alone in (
        ("short strike delta", Reason.SHORT_DELTA, short_strike_delta(condor), params.trigger_delta, "delta",
         quiet._replace(trigger_delta=params.trigger_delta)),
        ("IV expansion", Reason.IV_EXPANSION, iv_expansion(vix, condor.entry_vix),
         params.trigger_iv_expansion, "share",
         quiet._replace(trigger_iv_expansion=params.trigger_iv_expansion)),
        ("IRR fall", Reason.IRR_FELL, -irr_change(condor), params.irr_drop, "a year",
         quiet._replace(irr_drop=params.irr_drop)),
    ):  # fmt: skip
        trigger = _trigger(Layer.TWO, condor.id, name, reason, value, threshold, unit)
        if reason == Reason.IRR_FELL and threshold <= 0.0:
            yield trigger._replace(state=OFF, told="switched off")
        elif math.isnan(value):
            yield trigger._replace(state=UNAVAILABLE)
        else:
            found = asked.state(trigger, second_trigger(condor, vix, alone) == reason, why)
            yield _with_level(found, close, study, condor)


def _with_level(trigger: Trigger, close: Close, study: Study, condor: CondorView) -> Trigger:
    """Return the trigger with the level of the index, or of VIX, at which it is met, in words."""
    if trigger.state != ARMED:
        return trigger
    if trigger.reason == Reason.IV_EXPANSION:
        level = condor.entry_vix * (1.0 + trigger.threshold)
        return trigger._replace(told=f"VIX {level:.2f}")
    if trigger.reason != Reason.SHORT_DELTA:
        return trigger
    levels = [
        delta_level(close.after, condor, side, trigger.threshold, close.today, study)
        for side in (Right.PUT, Right.CALL)
    ]
    return trigger._replace(told=" or ".join(level for level in levels if level))


def _second_leaves(close: Close, condor: CondorView, rules: LayeredRules, asked: Asked) -> Iterator[Trigger]:
    """Yield the conditions that must all be met for layer two to leave."""
    params, vix = rules.layered, close.today.prices.vix_level
    easy = params._replace(relax_delta=_FAR, relax_iv_expansion=_FAR, irr_drop=0.0)
    rows = [
        ("leaves: short delta", short_strike_delta(condor), params.relax_delta, "delta",
         easy._replace(relax_delta=params.relax_delta)),
        ("leaves: IV expansion", iv_expansion(vix, condor.entry_vix), params.relax_iv_expansion, "share",
         easy._replace(relax_iv_expansion=params.relax_iv_expansion)),
    ]  # fmt: skip
    if params.irr_drop > 0.0:
        half = easy._replace(irr_drop=params.irr_drop)
        rows.append(("leaves: IRR fall", -irr_change(condor), 0.5 * params.irr_drop, "a year", half))
    whole = second_is_relaxed(condor, vix, params)
    for name, value, threshold, unit, alone in rows:
        trigger = _trigger(Layer.TWO, condor.id, name, Reason.RELAXED, value, threshold, unit)
        met = second_is_relaxed(condor, vix, alone)
        yield _of_several(trigger._replace(above=False), met, whole, close, asked)


def _of_several(trigger: Trigger, met: bool, whole: bool, close: Close, asked: Asked) -> Trigger:
    """Return one of the conditions for a layer to leave; all its lots leave together."""
    if not met:
        return trigger._replace(state=ARMED)
    if not whole:
        return trigger._replace(state=MET, told="waits for the others")
    for lot in close.after.lots:
        key = (Book.HEDGE, trigger.condor, trigger.layer, int(lot["id"]), trigger.reason)
        if key in asked.orders:
            return trigger._replace(state=FIRES)
    return trigger._replace(state=MET, told="its lots settle before an order could be filled")


def _third(
    close: Close, study: Study, condor: CondorView, rules: LayeredRules, asked: Asked
) -> Iterator[Trigger]:
    """Yield what adds layer three, by the reading that the study has chosen."""
    del study
    if rules.layered.third_reading == ThirdReading.SIGNALS:
        yield from _third_by_signals(close, condor, rules, asked)
        return
    params, today, votes = rules.layered, close.today, rules.votes
    reason = Reason.BREAK_EVEN_AND_FLOW
    blocked = _blocked(Layer.THREE, condor, close, rules)
    whole = third_trigger(condor, today, params, votes)
    loud = with_signals(today, {SignalCode.FLOW_SPIKE: _FAR})
    below = third_trigger(condor, loud, params, votes) == reason
    closes = _trigger(
        Layer.THREE, condor.id, "closes below break-even", reason, break_even_closes(condor, today),
        params.confirm_closes, "closes",
    )  # fmt: skip
    spot = today.prices.spot
    told = f"SPX below {condor.break_even:,.0f} ({condor.break_even / spot - 1.0:+.1%})"
    found = asked.state(closes, below, blocked if whole == reason else "waits for the flow")
    yield found if below else found._replace(told=told)
    flow = today.signals[SignalCode.FLOW_SPIKE]
    spike = _trigger(Layer.THREE, condor.id, "flow spike", reason, flow, params.flow_percentile, "rank")
    if math.isnan(flow):
        yield spike._replace(state=UNAVAILABLE, told="neutral: layer three cannot be added")
        return
    met = third_trigger(condor, today, params._replace(confirm_closes=0), votes) == reason
    yield asked.state(spike, met, blocked if whole == reason else "waits for the closes")


def _third_by_signals(
    close: Close, condor: CondorView, rules: LayeredRules, asked: Asked
) -> Iterator[Trigger]:
    """Yield what adds layer three under its other reading: a surprise, or four signals aligned."""
    params, votes, today = rules.layered, rules.votes, close.today
    blocked = _blocked(Layer.THREE, condor, close, rules)
    codes = SignalCode
    surprise, aligned = Reason.INFLATION_SURPRISE, Reason.SIGNALS_ALIGNED
    agree = {codes.INFLATION_SURPRISE: -_FAR, codes.VIX_RSI: -_FAR, codes.BREADTH_DIVERGENCE: -1.0}
    agree |= {codes.VVIX_MACD: -1.0, codes.FOMC_WINDOW: 0.0}
    # Without the surprise, which outranks them, the four are asked as they stand.
    decided = signals_trigger(today, params, votes)
    for name, code, reason, threshold, unit in (
        ("inflation surprise", codes.INFLATION_SURPRISE, surprise, votes.inflation_surprise, "pct points"),
        ("VIX RSI", codes.VIX_RSI, aligned, params.third_vix_rsi, "RSI"),
        ("breadth divergence", codes.BREADTH_DIVERGENCE, aligned, 0.0, "below"),
        ("VVIX MACD", codes.VVIX_MACD, aligned, 0.0, "below"),
        ("days to FOMC", codes.FOMC_WINDOW, aligned, votes.fomc_window, "days"),
    ):
        value = float(today.signals[code])
        trigger = _trigger(Layer.THREE, condor.id, name, reason, value, threshold, unit)
        trigger = trigger._replace(above=reason == surprise)
        if math.isnan(value):
            yield trigger._replace(state=UNAVAILABLE, told="neutral")
            continue
        alone = with_signals(today, {**agree, code: value})
        met = signals_trigger(alone, params, votes) == reason
        yield asked.state(trigger, met, blocked if decided == reason else "waits for the others")


def _third_leaves(close: Close, condor: CondorView, rules: LayeredRules, asked: Asked) -> Iterator[Trigger]:
    """Yield the conditions that must all be met for layer three to leave."""
    params, today = rules.layered, close.today
    bought = max(
        int(lot["entry_day"]) for lot in close.after.lots
        if lot["book"] == Book.HEDGE and lot["group"] == condor.id and lot["layer"] == Layer.THREE
    )  # fmt: skip
    days = today.day - bought
    whole = third_is_relaxed(condor, today, days, params)
    if params.third_reading == ThirdReading.SIGNALS:
        calm, rsi = with_signals(today, {SignalCode.VIX_RSI: _FAR}), today.signals[SignalCode.VIX_RSI]
        rows = [
            ("leaves: days held", days, params.third_days, "days", True,
             third_is_relaxed(condor, calm, days, params)),
            ("leaves: VIX RSI", rsi, params.calm_vix_rsi, "RSI", True,
             third_is_relaxed(condor, today, params.third_days, params)),
        ]  # fmt: skip
    else:
        quiet, flow = (
            with_signals(today, {SignalCode.FLOW_SPIKE: -_FAR}),
            today.signals[SignalCode.FLOW_SPIKE],
        )
        safe = condor._replace(break_even=-_FAR)
        rows = [
            ("leaves: closes below break-even", break_even_closes(condor, today), 0.0, "closes", False,
             third_is_relaxed(condor, quiet, days, params)),
            ("leaves: flow", flow, params.calm_percentile, "rank", False,
             third_is_relaxed(safe, today, days, params)),
        ]  # fmt: skip
    for name, value, threshold, unit, above, met in rows:
        trigger = _trigger(Layer.THREE, condor.id, name, Reason.RELAXED, value, threshold, unit)
        yield _of_several(trigger._replace(above=above), met, whole, close, asked)
