"""What rolls a bucket of a ladder: its days to expiry, its time value, the calendar, or a spike of VIX."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from alvh_bt.book.records import Book, Layer, Reason
from alvh_bt.book.view import BookView, Today
from alvh_bt.compiled import rule
from alvh_bt.hedge_params import LadderParams
from alvh_bt.hedges.standing import in_bucket
from alvh_bt.pricing.day import forward_price

NO_REASON = -1

#: Days to expiry of a bucket that holds nothing.
EMPTY = 10_000

#: Closes that the mean before a spike is taken over.
CLOSES_BEFORE = 9


class _RollRule(NamedTuple):
    """What rolls a bucket, besides its last days."""

    SET_DTE: int = 0
    CALENDAR: int = 1
    SPIKE: int = 2


RollRule: Final = _RollRule()


@rule
def roll_dte(layer: int, roll_rule: int, params: LadderParams) -> int:
    """Return the days to expiry at or below which a bucket is rolled."""
    if roll_rule != RollRule.SET_DTE:
        return params.last_dte
    if layer == Layer.NEAR:
        return max(params.near_roll_dte, params.last_dte)
    if layer == Layer.MIDDLE:
        return max(params.middle_roll_dte, params.last_dte)
    return max(params.far_roll_dte, params.last_dte)


@rule
def nearest_dte(today: Today, book: BookView, layer: int) -> int:
    """Return the days from the fill to the first expiry of a bucket; `EMPTY` where it holds nothing."""
    nearest = EMPTY
    for i in range(book.lots.shape[0]):
        if in_bucket(book.lots[i], layer, today):
            nearest = min(nearest, int(book.lots[i]["expiry"]) - today.fill_day)
    return nearest


@rule
def time_value_left(lot: Any, mid: float, today: Today) -> float:
    """Return a call's time value over that of its purchase, both against the matching future.

    NaN where it was bought without any, or the future's price then is unknown.
    """
    future = forward_price(lot["root"], lot["expiry"], today.prices)
    bought = lot["entry_price"] - max(0.0, lot["entry_forward"] - lot["strike"])
    if not bought > 0.0:
        return math.nan
    return (mid - max(0.0, future - lot["strike"])) / bought


@rule
def time_value_is_gone(today: Today, book: BookView, params: LadderParams) -> bool:
    """Return whether a near call has lost `time_value_gone` of its time value, and was not just bought."""
    if params.time_value_gone == 0.0:
        return False
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        age = today.fill_day - lot["entry_day"]
        if not in_bucket(lot, Layer.NEAR, today) or age <= params.time_value_rest:
            continue
        if time_value_left(lot, book.marks[i]["mid"], today) <= 1.0 - params.time_value_gone:
            return True
    return False


@rule
def vix_spikes(today: Today, rise: float) -> bool:
    """Return whether VIX closed `rise` or more above the mean of the nine closes before; unknown is no."""
    known = today.vix_closes.shape[0]
    if known <= CLOSES_BEFORE:
        return False
    mean = today.vix_closes[known - 1 - CLOSES_BEFORE : known - 1].mean()
    return bool(today.vix_closes[known - 1] >= (1.0 + rise) * mean)


@rule
def oldest_entry(today: Today, book: BookView) -> int:
    """Return the day on which the oldest lot of the ladder was bought; the fill's where there is none."""
    oldest = today.fill_day
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if lot["book"] == Book.HEDGE and Layer.NEAR <= lot["layer"] <= Layer.FAR:
            oldest = min(oldest, int(lot["entry_day"]))
    return oldest


@rule
def newest_entry(today: Today, book: BookView, layer: int) -> int:
    """Return the day of a bucket's last purchase; 0 where it holds nothing."""
    newest = 0
    for i in range(book.lots.shape[0]):
        if in_bucket(book.lots[i], layer, today):
            newest = max(newest, int(book.lots[i]["entry_day"]))
    return newest


@rule
def roll_reason(today: Today, book: BookView, layer: int, roll_rule: int, params: LadderParams) -> int:
    """Return why a bucket that is held is rolled (`Reason`), or -1."""
    nearest = nearest_dte(today, book, layer)
    if nearest == EMPTY:
        return NO_REASON
    if nearest <= roll_dte(layer, roll_rule, params):
        return Reason.SET_DTE
    if roll_rule == RollRule.CALENDAR:
        due = today.fill_day - oldest_entry(today, book) >= params.calendar_days
        return Reason.CALENDAR_ROLL if due else NO_REASON
    if roll_rule == RollRule.SPIKE:
        rested = today.fill_day - newest_entry(today, book, layer) > params.spike_rest
        return Reason.SPIKE_ROLL if rested and vix_spikes(today, params.spike_rise) else NO_REASON
    if layer == Layer.NEAR and time_value_is_gone(today, book, params):
        return Reason.TIME_VALUE_GONE
    return NO_REASON
