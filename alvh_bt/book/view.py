"""What rules may see: `Today`, the book, and one condor at a glance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from alvh_bt.book.records import Book, Layer, Rows
from alvh_bt.calendars import Expiries
from alvh_bt.compiled import inlined_rule
from alvh_bt.contracts import settles_at_open
from alvh_bt.pricing.day import DayPrices, underlying_scale


class Today(NamedTuple):
    """What is known at a close, and the calendar; nothing from later days.

    `fill_day` is the epoch day on which orders decided now are filled, `closes` and `vix_closes` the last
    closes of SPX and VIX (latest last), `signals` today's market-wide signal values in the order of `SIGNALS`
    (NaN: unavailable).
    """

    day: int
    since_start: int
    fill_day: int
    fill_at_open: bool
    week_start: bool
    after_monthly_expiry: bool
    prices: DayPrices
    spx: Expiries
    vix: Expiries
    vx: Expiries
    closes: np.ndarray
    vix_closes: np.ndarray
    signals: np.ndarray


class BookView(NamedTuple):
    """The book at the close: lots with their marks, condors, the next condor's id, and NAV in USD."""

    lots: Rows
    marks: Rows
    condors: Rows
    next_group: int
    nav: float


class CondorView(NamedTuple):
    """One condor: terms, strikes (index points), marks; a planned one has no strikes yet.

    `credit_points` has the cost of rolls in it, `entry_credit_points` has not.
    `cost_to_close` is in points a unit at mid, `short_put_delta` and `short_call_delta` are
    absolute, `break_even` is the lower break-even at expiry in SPX points. `irr` and `entry_irr` are the
    projected return a year now and at the first close after the entry, NaN where unknown.
    """

    row: int
    id: int
    status: int
    root: int
    expiry: int
    contracts: float
    credit_points: float
    entry_credit_points: float
    entry_vix: float
    entry_dte: int
    put_rolls: int
    call_rolls: int
    second_entries: int
    third_entries: int
    short_put: float
    short_call: float
    short_put_delta: float
    short_call_delta: float
    cost_to_close: float
    break_even: float
    irr: float
    entry_irr: float


@inlined_rule
def tradable(root: int, expiry: int, today: Today) -> bool:
    """Return whether a contract can still be traded when today's orders are filled."""
    if expiry > today.fill_day:
        return True
    return expiry == today.fill_day and today.fill_at_open and not settles_at_open(root)


@njit(cache=True)
def view_condor(book: BookView, row: int) -> CondorView:
    """Return row `row` of the condors with what its lots and marks say."""
    condor = book.condors[row]
    short_put = short_call = put_delta = call_delta = cost = 0.0
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if lot["book"] != Book.CONDOR or lot["group"] != condor["id"]:
            continue
        mark = book.marks[i]
        cost -= lot["contracts"] / condor["contracts"] * mark["mid"]
        if lot["layer"] == Layer.SHORT_PUT:
            short_put = lot["strike"]
            put_delta = abs(mark["delta"])
        elif lot["layer"] == Layer.SHORT_CALL:
            short_call = lot["strike"]
            call_delta = abs(mark["delta"])
    return CondorView(
        row,
        condor["id"],
        condor["status"],
        condor["root"],
        condor["expiry"],
        condor["contracts"],
        condor["credit_points"],
        condor["entry_credit_points"],
        condor["entry_vix"],
        condor["entry_dte"],
        condor["put_rolls"],
        condor["call_rolls"],
        condor["second_entries"],
        condor["third_entries"],
        short_put,
        short_call,
        put_delta,
        call_delta,
        cost,
        (short_put - condor["credit_points"]) / underlying_scale(condor["root"]),
        condor["irr"],
        condor["entry_irr"],
    )
