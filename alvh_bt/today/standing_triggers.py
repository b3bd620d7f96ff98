"""The triggers of the other hedges: static ones, ladders, the tail hedge index, rolled futures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from alvh_bt.book.records import Book, Layer, Reason, Status
from alvh_bt.contracts import Root, calendar_date
from alvh_bt.engine.closes import Close
from alvh_bt.hedge_params import LadderParams, LongVxParams, VxthParams
from alvh_bt.hedges.instruments import FRESH_DAYS, front_month
from alvh_bt.hedges.ladder_rolls import (
    CLOSES_BEFORE,
    EMPTY,
    RollRule,
    nearest_dte,
    newest_entry,
    oldest_entry,
    roll_dte,
    roll_reason,
    time_value_left,
    vix_spikes,
)
from alvh_bt.hedges.long_vx import front_is_due
from alvh_bt.hedges.standing import bucket_size, condor_is_planned, in_bucket
from alvh_bt.hedges.vxth import call_share, is_roll_day, next_monthly
from alvh_bt.pricing.day import forward_price
from alvh_bt.today.triggers import ARMED, FIRES, MET, OFF, UNAVAILABLE, Asked, Trigger, layer_name

#: Why a bucket that is due by another rule does not roll by it.
DTE_FIRST: Final = "its days to expiry decide first"


def static_triggers(close: Close, asked: Asked) -> Iterator[Trigger]:
    """Yield the one trigger of a static hedge: a condor that is planned."""
    for condor in close.after.condors:
        if condor["status"] == Status.PLANNED:
            trigger = _trigger(Layer.STATIC, "condor planned", Reason.CONDOR_OPENED, 1.0, 1.0, "")
            trigger = trigger._replace(condor=int(condor["id"]))
            yield asked.state(trigger, True, "the size rounds to nothing")


def _trigger(layer: int, name: str, reason: int, value: float, threshold: float, unit: str) -> Trigger:
    numbers = (float(value), float(threshold))
    return Trigger(
        Book.HEDGE, 0, layer_name(Book.HEDGE, layer), -1, name, reason, *numbers, True, unit, ARMED
    )


def _of_bucket(trigger: Trigger, met: bool, close: Close, asked: Asked, why: str) -> Trigger:
    """Return a trigger that sells, or rolls, whatever lots a standing layer has."""
    if not met:
        return trigger
    for lot in close.after.lots:
        if (Book.HEDGE, 0, trigger.layer, int(lot["id"]), trigger.reason) in asked.orders:
            return trigger._replace(state=FIRES)
    return asked.state(trigger, True, why)


def ladder_triggers(close: Close, roll_rule: int, params: LadderParams, asked: Asked) -> Iterator[Trigger]:
    """Yield what builds each bucket of a ladder, and what rolls it."""
    today, book = close.today, close.after
    for layer in (Layer.NEAR, Layer.MIDDLE, Layer.FAR):
        dte = nearest_dte(today, book, layer)
        if dte == EMPTY:
            planned = condor_is_planned(book)
            built = _trigger(layer, "condor planned", Reason.LADDER_BUILT, float(planned), 1.0, "")
            found = asked.state(built, planned, "its weight is zero, or there is nothing to size it on")
            yield found if planned else found._replace(told="waits for a condor")
            continue
        reason = roll_reason(today, book, layer, roll_rule, params)
        least = roll_dte(layer, roll_rule, params)
        why = "a roll would change nothing"
        days = _trigger(layer, "roll", Reason.SET_DTE, dte, least, "days")._replace(above=False)
        yield _of_bucket(days, reason == Reason.SET_DTE, close, asked, why)
        if roll_rule == RollRule.CALENDAR:
            age = today.fill_day - oldest_entry(today, book)
            due = _trigger(layer, "calendar roll", Reason.CALENDAR_ROLL, age, params.calendar_days, "days")
            if age >= params.calendar_days and reason == Reason.SET_DTE:
                yield due._replace(state=MET, told=DTE_FIRST)
            else:
                yield _of_bucket(due, reason == Reason.CALENDAR_ROLL, close, asked, why)
        elif roll_rule == RollRule.SPIKE:
            yield _spike(close, layer, reason, params, asked)
        elif layer == Layer.NEAR and params.time_value_gone > 0.0:
            yield _time_value(close, reason, params, asked)


def _spike(close: Close, layer: int, reason: int, params: LadderParams, asked: Asked) -> Trigger:
    """Return the spike of VIX that rolls a bucket."""
    today = close.today
    mean = (
        today.vix_closes[-1 - CLOSES_BEFORE : -1].mean()
        if len(today.vix_closes) > CLOSES_BEFORE
        else math.nan
    )
    rise = float(today.vix_closes[-1] / mean - 1.0)
    trigger = _trigger(layer, "spike of VIX", Reason.SPIKE_ROLL, rise, params.spike_rise, "share")
    if math.isnan(rise):
        return trigger._replace(state=UNAVAILABLE, told=f"needs {CLOSES_BEFORE + 1} closes of VIX")
    if reason == Reason.SPIKE_ROLL:
        return _of_bucket(trigger, True, close, asked, "a roll would change nothing")
    if vix_spikes(today, params.spike_rise):
        age = today.fill_day - newest_entry(today, close.after, layer)
        return trigger._replace(
            state=MET, told=f"bought {age} days before the fill: it rests, or is due already"
        )
    return trigger._replace(
        told=f"VIX {mean * (1.0 + params.spike_rise):.2f} (now {today.vix_closes[-1]:.2f})"
    )


def _time_value(close: Close, reason: int, params: LadderParams, asked: Asked) -> Trigger:
    """Return the loss of time value that rolls the near calls: that of the call that has lost most."""
    today, book = close.today, close.after
    left = [
        time_value_left(book.lots[i], book.marks[i]["mid"], today)
        for i in range(len(book.lots))
        if in_bucket(book.lots[i], Layer.NEAR, today)
        and today.fill_day - book.lots[i]["entry_day"] > params.time_value_rest
    ]
    known = [value for value in left if not math.isnan(value)]
    floor = 1.0 - params.time_value_gone
    value = min(known, default=math.nan)
    trigger = _trigger(Layer.NEAR, "time value left", Reason.TIME_VALUE_GONE, value, floor, "share")
    trigger = trigger._replace(above=False)
    if not left:
        return trigger._replace(state=OFF, told=f"rests {params.time_value_rest} days after its purchase")
    if reason == Reason.TIME_VALUE_GONE:
        return _of_bucket(trigger, True, close, asked, "a roll would change nothing")
    if value <= floor:
        return trigger._replace(state=MET, told=DTE_FIRST)
    return trigger


def vxth_triggers(close: Close, params: VxthParams, asked: Asked) -> Iterator[Trigger]:
    """Yield the tail hedge's roll day, and the level of the future that decides how much is bought."""
    today, reason = close.today, Reason.TAIL_CALLS
    later = today.vx.day[np.searchsorted(today.vx.day, today.fill_day) :]
    days = float(later[0] - today.fill_day) if len(later) else math.nan
    day = _trigger(Layer.TAIL, "roll day", reason, days, 0.0, "days to the fill's")._replace(above=False)
    held = bucket_size(today, close.after, Layer.TAIL) > 0.0
    why = "the month's calls are held" if held else "no calls at this level of the future, or too few"
    found = asked.state(day, is_roll_day(today), why)
    if found.state == ARMED and len(later):
        found = found._replace(told=f"next settlement {calendar_date(later[0])}")
    yield found
    expiry = next_monthly(today)
    if expiry > 0:
        level = float(forward_price(Root.VIX, expiry, today.prices))
        share = call_share(level, params)
        bound = params.low if level <= params.top else params.top
        band = _trigger(Layer.TAIL, "future", reason, level, bound, "vol points")
        band = band._replace(above=level <= params.top)
        told = f"{share:.1%} of NAV at this level; none to {params.low:g} or above {params.top:g}"
        waits = told if not is_roll_day(today) else f"{told}; {why}"
        yield asked.state(band, share > 0.0, waits)._replace(told=told)


def long_vx_triggers(close: Close, params: LongVxParams, asked: Asked) -> Iterator[Trigger]:
    """Yield the roll of the front future, or its first purchase."""
    today, book = close.today, close.after
    expiry = front_month(today, 0, params.roll_dte + FRESH_DAYS)
    if bucket_size(today, book, Layer.FRONT) <= 0.0:
        first = _trigger(Layer.FRONT, "nothing held", Reason.FRONT_FUTURE, 1.0, 1.0, "")
        yield asked.state(first, True, "no future is listed, or the size rounds to nothing")
        return
    nearest = min(int(lot["expiry"]) for lot in book.lots if in_bucket(lot, Layer.FRONT, today))
    roll = _trigger(
        Layer.FRONT, "roll", Reason.ROLL_FORWARD, nearest - today.fill_day, params.roll_dte, "days"
    )
    met = front_is_due(today, book, expiry, params.roll_dte)
    yield _of_bucket(roll._replace(above=False), met, close, asked, "no later future is listed")
