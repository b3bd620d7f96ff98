"""The leg manager's triggers: entry, take profit, stop loss, time exit, rolls."""

from __future__ import annotations

import math
from collections.abc import Iterator

from alvh_bt.book.records import Book, Reason, Status, lot_contract
from alvh_bt.book.view import BookView, CondorView, Today, tradable, view_condor
from alvh_bt.condor.entry import entry_is_due
from alvh_bt.condor.manage import exit_reason
from alvh_bt.condor.rolls import may_roll, tested_side
from alvh_bt.config import CondorParams, Study
from alvh_bt.contracts import Right, calendar_date
from alvh_bt.engine.closes import Close
from alvh_bt.today.levels import level_at_delta
from alvh_bt.today.schedule import next_entry
from alvh_bt.today.triggers import ARMED, OFF, Asked, Trigger

#: Days to expiry that no condor reaches: the time exit is switched off.
_NEVER = -1


def condor_triggers(close: Close, study: Study, asked: Asked) -> Iterator[Trigger]:
    """Yield the triggers of each condor that is open, and those of the next entry."""
    if close.cut:
        return
    for row in range(len(close.before.condors)):
        if close.before.condors[row]["status"] == Status.OPEN:
            yield from _of_condor(close, row, study, asked)
    yield from _of_entry(close, study.condor, asked)


def _trigger(condor: int, name: str, reason: int, value: float, threshold: float, unit: str) -> Trigger:
    above = reason != Reason.TIME_EXIT
    return Trigger(
        Book.CONDOR, condor, "condor", -1, name, reason, float(value), float(threshold), above, unit, ARMED
    )


def _of_condor(close: Close, row: int, study: Study, asked: Asked) -> Iterator[Trigger]:
    """Yield what would make the leg manager leave or roll one condor.

    Each rule is asked about each condition alone, the others switched off.
    """
    today, params, condor = close.today, study.condor, view_condor(close.before, row)
    fill = tradable(condor.root, condor.expiry, today)
    why = "another rule decides first" if fill else "it settles before an order could be filled"
    quiet = params._replace(take_profit=0.0, stop_loss=0.0, exit_dte=_NEVER)
    profit = (condor.credit_points - condor.cost_to_close) / condor.entry_credit_points
    for name, reason, value, threshold, unit, alone in (
        ("stop loss", Reason.STOP_LOSS, -profit, params.stop_loss, "x entry credit",
         quiet._replace(stop_loss=params.stop_loss)),
        ("take profit", Reason.TAKE_PROFIT, profit, params.take_profit, "x entry credit",
         quiet._replace(take_profit=params.take_profit)),
        ("time exit", Reason.TIME_EXIT, float(condor.expiry - today.day), float(params.exit_dte), "days",
         quiet._replace(exit_dte=params.exit_dte)),
    ):  # fmt: skip
        trigger = _trigger(condor.id, name, reason, value, threshold, unit)
        if reason == Reason.TIME_EXIT and condor.entry_dte <= params.exit_dte:
            yield trigger._replace(state=OFF, told="the condor was opened within it")
        elif reason != Reason.TIME_EXIT and threshold <= 0.0:
            yield trigger._replace(state=OFF, told="switched off")
        else:
            yield asked.state(trigger, exit_reason(condor, today.day, alone) == reason, why)
    for side in (Right.PUT, Right.CALL):
        yield _of_side(close, condor, side, study, asked)


def _of_side(close: Close, condor: CondorView, side: int, study: Study, asked: Asked) -> Trigger:
    """Return what would roll one side of a condor."""
    today, params, put = close.today, study.condor, side == Right.PUT
    delta = condor.short_put_delta if put else condor.short_call_delta
    name, reason = ("roll put", Reason.ROLL_PUT) if put else ("roll call", Reason.ROLL_CALL)
    trigger = _trigger(condor.id, name, reason, delta, params.roll_delta, "delta")
    rolls = condor.put_rolls if put else condor.call_rolls
    if params.roll_delta <= 0.0:
        return trigger._replace(state=OFF, told="switched off")
    if rolls >= params.max_rolls:
        return trigger._replace(state=OFF, told=f"{rolls} of {params.max_rolls} rolls used")
    alone = condor._replace(short_call_delta=0.0) if put else condor._replace(short_put_delta=0.0)
    met = tested_side(alone, params) == side
    allowed = may_roll(today.prices.vix_level, params)
    why = "another rule decides first, or no listed strikes fit"
    if not tradable(condor.root, condor.expiry, today):
        why = "it settles before an order could be filled"
    elif not allowed:
        why = "VIX, or the range that it expects, is below what a roll asks"
    found = asked.state(trigger, met, why)
    if not met:
        found = found._replace(told=delta_level(close.before, condor, side, params.roll_delta, today, study))
    return found


def delta_level(
    book: BookView, condor: CondorView, side: int, delta: float, today: Today, study: Study
) -> str:
    """Return in words the level of the index at which a short strike's delta is `delta`; empty if unknown."""
    strike = condor.short_put if side == Right.PUT else condor.short_call
    for lot in book.lots:
        ours = lot["book"] == Book.CONDOR and lot["group"] == condor.id
        if ours and lot["right"] == side and lot["strike"] == strike:
            points = study.shock.vix_points_per_percent
            level = level_at_delta(lot_contract(lot), delta, today.prices, points)
            if not math.isnan(level):
                return f"SPX {level:,.0f} ({level / today.prices.spot - 1.0:+.1%})"
    return ""


def _of_entry(close: Close, params: CondorParams, asked: Asked) -> Iterator[Trigger]:
    """Yield the conditions of a new condor: the schedule, room for it, and VIX."""
    today, book = close.today, close.before
    group, reason = book.next_group, Reason.ENTRY
    due, room = entry_is_due(today, params), len(book.condors) < params.max_open
    calm = not 0.0 < params.max_entry_vix < today.prices.vix_level
    waits = [] if due else ["the schedule"]
    waits += [] if room else ["a condor to close"]
    waits += [] if calm else ["a lower VIX"]
    why = f"waits for {' and '.join(waits)}"
    following = next_entry(today, params)
    told = f"next {calendar_date(following)}" if following > 0 else ""
    days = 0.0 if due else float(following - today.day) if following > 0 else math.nan
    schedule = _trigger(group, "entry: schedule", reason, days, 0.0, "days")._replace(above=False)
    found = asked.state(schedule, due, why)
    yield found._replace(told="; ".join(part for part in (found.told, told) if part))
    held, most = float(len(book.condors)), float(params.max_open - 1)
    yield asked.state(
        _trigger(group, "entry: open condors", reason, held, most, "condors")._replace(above=False), room, why
    )
    vix = _trigger(group, "entry: VIX", reason, today.prices.vix_level, params.max_entry_vix, "vol points")
    vix = vix._replace(above=False)
    if params.max_entry_vix <= 0.0:
        yield vix._replace(state=OFF, threshold=math.nan, told="no limit is set")
    else:
        yield asked.state(vix, calm, why)
