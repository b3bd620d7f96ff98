"""What becomes of each lot that the layered hedge holds: sold in part, rolled, exchanged, or sold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from alvh_bt.book.records import Book, Layer, Reason, Status
from alvh_bt.book.view import CondorView, tradable, view_condor
from alvh_bt.choices import SignalCode
from alvh_bt.contracts import is_future, is_share
from alvh_bt.engine.closes import Close
from alvh_bt.hedges.lifecycle import condor_is_on
from alvh_bt.hedges.notes import thin_vx
from alvh_bt.hedges.rolls import monetised_size, roll_reason
from alvh_bt.hedges.sizing import LayeredRules
from alvh_bt.today.triggers import ARMED, OFF, Asked, Trigger, layer_name


def orphan_triggers(close: Close, asked: Asked) -> Iterator[Trigger]:
    """Yield the lots that go because their condor does: closing, gone, or settled before the next fill."""
    if close.cut:
        return
    for lot in close.after.lots:
        ours = lot["book"] == Book.HEDGE and lot["group"] > 0
        if ours and not condor_is_on(close.today, close.after, lot["group"]):
            trigger = lot_trigger(lot, "condor closed", Reason.CONDOR_CLOSED, 1.0, 1.0, "")
            yield asked.state(trigger, True, "it settles before an order could be filled")


def lot_trigger(lot: Any, name: str, reason: int, value: float, threshold: float, unit: str) -> Trigger:
    """Return a trigger of one lot, met at or above its threshold, its state yet to be asked."""
    layer, group = layer_name(Book.HEDGE, int(lot["layer"])), int(lot["group"])
    numbers = (float(value), float(threshold))
    return Trigger(Book.HEDGE, group, layer, int(lot["id"]), name, reason, *numbers, True, unit, ARMED)


def lot_triggers(close: Close, rules: LayeredRules, asked: Asked) -> Iterator[Trigger]:
    """Yield what would sell a part of each lot, roll it, or exchange it for futures."""
    book = close.after
    for row in range(len(book.condors)):
        condor = view_condor(book, row)
        if not condor_is_on(close.today, book, condor.id):
            continue
        for i in range(len(book.lots)):
            lot = book.lots[i]
            ours = lot["book"] == Book.HEDGE and lot["group"] == condor.id
            known = Layer.ONE <= lot["layer"] <= Layer.THREE
            if ours and known and tradable(lot["root"], lot["expiry"], close.today):
                mid = float(book.marks[i]["mid"])
                yield _monetise(lot, mid, rules, asked)
                if is_share(lot["root"]):
                    yield _exchange(lot, close, rules, asked)
                else:
                    yield from _rolls(lot, close, condor, rules, asked)


def _monetise(lot: Any, mid: float, rules: LayeredRules, asked: Asked) -> Trigger:
    """Return what would turn a part of a lot into credit."""
    params = rules.layered
    linear = is_future(lot["root"]) or is_share(lot["root"])
    multiple = params.monetise_future if linear else params.monetise_multiple
    threshold = multiple ** float(lot["sales"] + 1)
    trigger = lot_trigger(lot, "monetise", Reason.MONETISED, mid / lot["entry_price"], threshold, "x cost")
    if multiple <= 0.0 or lot["contracts"] <= 0.0:
        return trigger._replace(state=OFF, told="switched off" if multiple <= 0.0 else "sold futures are not")
    found = asked.state(trigger, monetised_size(lot, mid, rules) != 0.0, "its layer leaves on this close")
    if found.state == ARMED:
        at = lot["entry_price"] * threshold
        return found._replace(told=f"sells {params.monetise_share:.0%} at {at:.2f}")
    return found


def _rolls(
    lot: Any, close: Close, condor: CondorView, rules: LayeredRules, asked: Asked
) -> Iterator[Trigger]:
    """Yield what would roll a future or a call forward."""
    params, dte = rules.layered, float(lot["expiry"] - close.today.fill_day)
    least = params.future_roll_dte if is_future(lot["root"]) else params.call_roll_dte
    trigger = lot_trigger(lot, "roll", Reason.ROLL_FORWARD, dte, least, "days")._replace(above=False)
    reason = roll_reason(lot, close.today, condor, params)
    why = "sold on this close, or no later contract is listed"
    yield asked.state(trigger, reason == Reason.ROLL_FORWARD, why)
    if condor.status == Status.ROLLING:
        shift = lot_trigger(
            lot, "shift with the condor's roll", Reason.TIME_SHIFT, dte, params.shift_dte, "days"
        )
        met = reason in (Reason.TIME_SHIFT, Reason.ROLL_FORWARD) and dte <= params.shift_dte
        told = "rolled by its days to expiry" if reason == Reason.ROLL_FORWARD else why
        yield asked.state(shift._replace(above=False), met, told)


def _exchange(lot: Any, close: Close, rules: LayeredRules, asked: Asked) -> Trigger:
    """Return what would exchange shares for futures: VX that is liquid, or of which nobody knows."""
    volume = float(close.today.signals[SignalCode.VX_VOLUME])
    unknown = math.isnan(volume)
    reason = Reason.VOLUME_UNKNOWN if unknown else Reason.VX_LIQUID
    trigger = lot_trigger(lot, "VX liquid again", reason, volume, rules.layered.thin_volume, "contracts")
    return asked.state(trigger, not thin_vx(close.today, rules.layered), "sold on this close, or too small")
