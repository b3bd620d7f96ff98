"""What hedges of the book as a whole share: they belong to no condor and stay on between condors."""

from __future__ import annotations

from typing import Any

from alvh_bt.book.records import (
    Action,
    Book,
    Decision,
    Order,
    Status,
    closing_order,
    make_note,
    reducing_order,
)
from alvh_bt.book.view import BookView, Today, tradable
from alvh_bt.compiled import rule
from alvh_bt.contracts import Contract
from alvh_bt.hedges.instruments import buy, hedge_package
from alvh_bt.hedges.lifecycle import NO_CONDOR
from alvh_bt.pricing.day import underlying_scale

#: Parts of a package: a bucket is bought or rolled as one.
BUILD = 0
ROLL = 1


@rule
def condor_is_planned(book: BookView) -> bool:
    """Return whether a condor's entry was ordered on this close."""
    return bool((book.condors["status"] == Status.PLANNED).any())


@rule
def spx_contracts(book: BookView) -> float:
    """Return the condors held or planned, in contracts of SPX size; those that are closing do not count."""
    total = 0.0
    for row in range(book.condors.shape[0]):
        condor = book.condors[row]
        if condor["status"] != Status.CLOSING:
            total += condor["contracts"] * underlying_scale(condor["root"])
    return total


@rule
def in_bucket(lot: Any, layer: int, today: Today) -> bool:
    """Return whether a row of `LOT` is of this standing layer and can still be traded at the fill."""
    ours = lot["book"] == Book.HEDGE and lot["group"] == NO_CONDOR and lot["layer"] == layer
    return ours and tradable(lot["root"], lot["expiry"], today)


@rule
def bucket_size(today: Today, book: BookView, layer: int) -> float:
    """Return the contracts held in a standing layer, 0.0 where there are none."""
    total = 0.0
    for i in range(book.lots.shape[0]):
        if in_bucket(book.lots[i], layer, today):
            total += book.lots[i]["contracts"]
    return total


@rule
def buy_standing(
    today: Today, contract: Contract, contracts: float, layer: int, action: int, reason: int, package: int
) -> Order:
    """Return the order that buys contracts for a layer of the whole book."""
    return buy(contract, contracts, layer, NO_CONDOR, action, reason, package, today)


@rule
def sell_bucket(
    decision: Decision, today: Today, book: BookView, layer: int, reason: int, action: int
) -> None:
    """Append the sale of every lot of a standing layer, in the layer's package of rolls."""
    package = hedge_package(NO_CONDOR, layer, ROLL)
    for i in range(book.lots.shape[0]):
        if in_bucket(book.lots[i], layer, today):
            decision.orders.append(closing_order(book.lots[i], book.marks[i]["mid"], reason, action, package))


@rule
def trim_bucket(
    decision: Decision,
    today: Today,
    book: BookView,
    layer: int,
    contracts: float,
    reason: int,
    package: int,
) -> None:
    """Append sales of `contracts` of a standing layer, or of all it has, the nearest to expiry first."""
    left, done = contracts, -1
    while left > 1e-12:
        row = _next_to_expire(today, book, layer, done)
        if row < 0:
            return
        lot = book.lots[row]
        sold = min(left, lot["contracts"])
        mid = book.marks[row]["mid"]
        decision.orders.append(reducing_order(lot, -sold, mid, reason, Action.ROLL, package))
        left, done = left - sold, row


@rule
def _next_to_expire(today: Today, book: BookView, layer: int, done: int) -> int:
    """Return the row of the lot of a layer that follows row `done` (-1: the first) by expiry, or -1."""
    best = -1
    for i in range(book.lots.shape[0]):
        lot = book.lots[i]
        if not in_bucket(lot, layer, today):
            continue
        expiry = lot["expiry"]
        if done >= 0 and (expiry, i) <= (book.lots[done]["expiry"], done):
            continue
        if best < 0 or expiry < book.lots[best]["expiry"]:
            best = i
    return best


@rule
def note_standing(decision: Decision, layer: int, reason: int) -> None:
    """Append a note on a layer of the whole book."""
    decision.notes.append(make_note(Book.HEDGE, layer, NO_CONDOR, reason))
