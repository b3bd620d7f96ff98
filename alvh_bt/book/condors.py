"""How the record of a condor follows its orders and fills."""

from __future__ import annotations

import math

import numpy as np

from alvh_bt.book.records import CONDOR, Action, Book, Layer, Order, Reason, Rows, Status
from alvh_bt.book.view import Today
from alvh_bt.compiled import rule


@rule
def condor_row(condors: Rows, group: int) -> int:
    """Return the row of the condor of that id, or -1."""
    for row in range(condors.shape[0]):
        if condors[row]["id"] == group:
            return row
    return -1


@rule
def with_decisions(condors: Rows, orders: list[Order], today: Today) -> Rows:
    """Return the condors with planned and closing ones marked, as the condor's orders say.

    A planned condor takes VIX and DTE from the decision; its credit is filled in with its legs.
    """
    rows = condors.copy()
    for order in orders:
        if order.book != Book.CONDOR:
            continue
        row = condor_row(rows, order.group)
        if row >= 0 and order.action == Action.CLOSE:
            rows[row]["status"] = Status.CLOSING
        elif row >= 0 and order.action == Action.ROLL:
            rows[row]["status"] = Status.ROLLING
        elif row < 0 and order.action == Action.OPEN:
            rows = with_planned(rows, order, today)
    return rows


@rule
def with_planned(condors: Rows, order: Order, today: Today) -> Rows:
    """Return the condors with the one that `order` is the first leg of."""
    n = condors.shape[0]
    rows = np.zeros(n + 1, dtype=CONDOR)
    rows[:n] = condors
    planned = rows[n]
    planned["id"], planned["status"] = order.group, Status.PLANNED
    planned["root"], planned["expiry"] = order.root, order.expiry
    planned["opened_day"], planned["entry_dte"] = today.fill_day, order.expiry - today.fill_day
    planned["contracts"], planned["entry_vix"] = abs(order.contracts), today.prices.vix_level
    planned["irr"] = planned["entry_irr"] = math.nan
    return rows


@rule
def with_fill(condors: Rows, order: Order, price: float) -> Rows:
    """Return the condors after one fill of theirs; those of hedges change nothing here."""
    row = condor_row(condors, order.group)
    if row < 0 or order.book == Book.HEDGE:
        return condors
    rows = condors.copy()
    condor = rows[row]
    points = -order.contracts / condor["contracts"] * price
    if order.action == Action.OPEN:
        condor["status"] = Status.OPEN
        condor["entry_credit_points"] += points
    if order.action == Action.OPEN or order.action == Action.ROLL:
        condor["credit_points"] += points
    if order.action == Action.ROLL and order.lot < 0:
        # A roll to a later expiry opens both sides; the tested one counts.
        if order.layer == Layer.SHORT_PUT and order.reason == Reason.ROLL_PUT:
            condor["put_rolls"] += 1
        if order.layer == Layer.SHORT_CALL and order.reason == Reason.ROLL_CALL:
            condor["call_rolls"] += 1
        condor["root"], condor["expiry"] = order.root, order.expiry
    return rows


@rule
def with_layer_entry(condors: Rows, first: Order) -> Rows:
    """Return the condors with the filled purchase of a layer counted: once, however many rungs it has.

    `first` is the first order of the package that was filled.
    """
    row = condor_row(condors, first.group)
    if row < 0 or first.book != Book.HEDGE or first.action != Action.OPEN:
        return condors
    rows = condors.copy()
    if first.layer == Layer.TWO:
        rows[row]["second_entries"] += 1
    if first.layer == Layer.THREE:
        rows[row]["third_entries"] += 1
    return rows


@rule
def without_flat(condors: Rows, lots: Rows) -> Rows:
    """Return the condors that hold lots, open, at the size of their lots; the rest are gone.

    A condor whose entry was not filled, and one that was closed or settled, goes; one whose exit was
    not filled is open again.
    """
    rows = np.empty(condors.shape[0], dtype=CONDOR)
    kept = 0
    for i in range(condors.shape[0]):
        size = condor_size(lots, condors[i]["id"])
        if size > 0.0:
            rows[kept] = condors[i]
            rows[kept]["status"], rows[kept]["contracts"] = Status.OPEN, size
            kept += 1
    return rows[:kept].copy()


@rule
def condor_size(lots: Rows, group: int) -> float:
    """Return how many contracts a leg of a condor has: those of its last lot, 0.0 without one."""
    size = 0.0
    for i in range(lots.shape[0]):
        if lots[i]["book"] == Book.CONDOR and lots[i]["group"] == group:
            size = abs(lots[i]["contracts"])
    return size
