"""How the record of a condor follows its orders and fills."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from alvh_bt.book.records import CONDOR, Action, Book, Layer, Order, Reason, Rows, Status
from alvh_bt.book.view import Today


def with_decisions(condors: Rows, orders: Iterable[Order], today: Today) -> Rows:
    """Return the condors with planned and closing ones marked, as the condor's orders say.

    A planned condor takes VIX and DTE from the decision; its credit is filled in with its legs.
    """
    rows = condors.copy()
    for order in orders:
        if order.book != Book.CONDOR:
            continue
        if order.action == Action.CLOSE:
            rows["status"][rows["id"] == order.group] = Status.CLOSING
        elif order.action == Action.ROLL:
            rows["status"][rows["id"] == order.group] = Status.ROLLING
        elif order.action == Action.OPEN and order.group not in rows["id"]:
            planned = np.zeros(1, dtype=CONDOR)
            planned["id"], planned["status"] = order.group, Status.PLANNED
            planned["root"], planned["expiry"] = order.root, order.expiry
            planned["opened_day"], planned["entry_dte"] = today.fill_day, order.expiry - today.fill_day
            planned["contracts"], planned["entry_vix"] = abs(order.contracts), today.prices.vix_level
            planned["irr"] = planned["entry_irr"] = math.nan
            rows = np.concatenate((rows, planned))
    return rows


def with_fill(condors: Rows, order: Order, price: float) -> Rows:
    """Return the condors after one fill of theirs; those of hedges change nothing here."""
    rows = condors.copy()
    ids = rows["id"].tolist()
    if order.group not in ids:
        return rows
    condor = rows[ids.index(order.group)]
    opens = order.lot < 0
    if order.book == Book.HEDGE:
        return rows
    if order.action == Action.OPEN:
        condor["status"] = Status.OPEN
    points = -order.contracts / condor["contracts"] * price
    if order.action == Action.OPEN:
        condor["entry_credit_points"] += points
    if order.action in (Action.OPEN, Action.ROLL):
        condor["credit_points"] += points
    if order.action == Action.ROLL and opens:
        # A roll to a later expiry opens both sides; the tested one counts.
        condor["put_rolls"] += order.layer == Layer.SHORT_PUT and order.reason == Reason.ROLL_PUT
        condor["call_rolls"] += order.layer == Layer.SHORT_CALL and order.reason == Reason.ROLL_CALL
        condor["root"], condor["expiry"] = order.root, order.expiry
    return rows


def with_layer_entry(condors: Rows, package: Sequence[Order]) -> Rows:
    """Return the condors with the filled purchase of a layer counted: once, however many rungs it has."""
    first = package[0]
    if first.book != Book.HEDGE or first.action != Action.OPEN:
        return condors
    rows = condors.copy()
    ours = rows["id"] == first.group
    rows["second_entries"][ours] += first.layer == Layer.TWO
    rows["third_entries"][ours] += first.layer == Layer.THREE
    return rows


def without_flat(condors: Rows, lots: Rows) -> Rows:
    """Return the condors that hold lots, open, at the size of their lots; the rest are gone.

    A condor whose entry was not filled, and one that was closed or settled, goes; one whose exit was
    not filled is open again.
    """
    sizes = {
        int(group): abs(contracts)
        for book, group, contracts in zip(
            lots["book"].tolist(), lots["group"].tolist(), lots["contracts"].tolist(), strict=True
        )
        if book == Book.CONDOR
    }
    rows = condors[[int(group) in sizes for group in condors["id"]]]
    for condor in rows:
        condor["status"] = Status.OPEN
        condor["contracts"] = sizes[int(condor["id"])]
    return rows
