"""Records that rules read and write: lots, condors, orders and notes; their codes are in `codes`.

Lots and condors, over which compiled rules loop, are structured arrays; orders and notes, which are
few, are `NamedTuple`s.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.book.codes import REASON_TEXT, Action, Book, Layer, Reason, Status
from alvh_bt.compiled import rule
from alvh_bt.contracts import Contract, make_contract

__all__ = [
    "CONDOR",
    "LOT",
    "MARK",
    "REASON_TEXT",
    "Action",
    "Book",
    "Decision",
    "Layer",
    "Note",
    "Order",
    "Reason",
    "Rows",
    "Status",
    "closing_order",
    "empty_rows",
    "extend",
    "lot_contract",
    "make_note",
    "make_order",
    "nothing",
    "order_contract",
    "reducing_order",
    "refusal",
]

Rows = NDArray[Any]  # a structured array of LOT, CONDOR or MARK rows


LOT: Final = np.dtype(
    [
        ("id", "i8"),
        ("book", "i8"),
        ("layer", "i8"),
        ("group", "i8"),  # id of the condor that the lot belongs to or protects
        ("root", "i8"),
        ("right", "i8"),
        ("strike", "f8"),
        ("expiry", "i8"),
        ("contracts", "f8"),
        ("entry_price", "f8"),
        ("last_mark", "f8"),  # the price, points, up to which its P&L is booked
        ("entry_day", "i8"),
        ("sales", "i8"),  # how often a part of it was sold to monetise it
        ("entry_forward", "f8"),  # its future's (or forward's) price at the purchase, points
    ]
)

CONDOR: Final = np.dtype(
    [
        ("id", "i8"),
        ("status", "i8"),
        ("root", "i8"),
        ("expiry", "i8"),
        ("opened_day", "i8"),
        ("entry_dte", "i8"),
        ("contracts", "f8"),
        ("credit_points", "f8"),  # net credit a unit, rolls included
        ("entry_credit_points", "f8"),  # net credit a unit of the four legs that opened it
        ("entry_vix", "f8"),
        ("put_rolls", "i8"),
        ("call_rolls", "i8"),
        ("second_entries", "i8"),
        ("third_entries", "i8"),
        ("irr", "f8"),  # projected return a year at the last close (NaN: unknown)
        ("entry_irr", "f8"),  # the same at the first close after its entry
    ]
)

MARK: Final = np.dtype(
    [("mid", "f8"), ("delta", "f8"), ("vega", "f8"), ("theta", "f8")]
)  # points a contract, as `alvh_bt.pricing.day.Quote`


class Order(NamedTuple):
    """A decision to trade one contract; orders of one `package` fill together or not at all.

    `contracts` is signed (+ buys), `lot` the id of the lot that is reduced, or -1 to open one,
    `group` the id of the condor concerned, `price` the mid in points at the decision.
    """

    book: int
    layer: int
    action: int
    group: int
    lot: int
    root: int
    right: int
    strike: float
    expiry: int
    contracts: float
    price: float
    reason: int
    package: int


class Note(NamedTuple):
    """A decision not to trade, worth a line in the journal.

    For a refused order `irr_without` and `irr_with` are the projected returns that decided, `contracts` and
    `price` what was refused; NaN elsewhere.
    """

    book: int
    layer: int
    group: int
    reason: int
    irr_without: float = math.nan
    irr_with: float = math.nan
    contracts: float = math.nan
    price: float = math.nan


class Decision(NamedTuple):
    """What a rule returns: orders to send, and notes for the journal."""

    orders: list[Order]
    notes: list[Note]


@rule
def make_order(
    book: int,
    layer: int,
    action: int,
    group: int,
    lot: int,
    contract: Contract,
    contracts: float,
    price: float,
    reason: int,
    package: int,
) -> Order:
    """Return an order with plain integers and floats, whatever codes it was given.

    Compiled lists hold one type only; numbers out of an array are of another.
    """
    return Order(
        int(book),
        int(layer),
        int(action),
        int(group),
        int(lot),
        int(contract.root),
        int(contract.right),
        float(contract.strike),
        int(contract.expiry),
        float(contracts),
        float(price),
        int(reason),
        int(package),
    )


@rule
def make_note(book: int, layer: int, group: int, reason: int) -> Note:
    """Return a note with plain integers, as `make_order` does for orders."""
    return Note(int(book), int(layer), int(group), int(reason), math.nan, math.nan, math.nan, math.nan)


@rule
def refusal(order: Order, reason: int, irr_without: float, irr_with: float) -> Note:
    """Return the note of an order that is not sent."""
    return Note(
        int(order.book),
        int(order.layer),
        int(order.group),
        int(reason),
        float(irr_without),
        float(irr_with),
        order.contracts,
        order.price,
    )


_NO_ORDER: Final = Order(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, 0, 0)
_NO_NOTE: Final = Note(0, 0, 0, 0, math.nan, math.nan, math.nan, math.nan)


@rule
def nothing() -> Decision:
    """Return a decision to do nothing, with lists that compiled rules can append to."""
    return Decision([_NO_ORDER for _ in range(0)], [_NO_NOTE for _ in range(0)])


@rule
def extend(decision: Decision, more: Decision) -> None:
    """Append the orders and notes of `more` to a decision."""
    for order in more.orders:
        decision.orders.append(order)
    for note in more.notes:
        decision.notes.append(note)


@rule
def lot_contract(lot: Any) -> Contract:
    """Return the contract of a row of `LOT`."""
    return make_contract(lot["root"], lot["right"], lot["strike"], lot["expiry"])


@rule
def order_contract(order: Order) -> Contract:
    """Return the contract that an order trades."""
    return Contract(order.root, order.right, order.strike, order.expiry)


@rule
def closing_order(lot: Any, mid: float, reason: int, action: int, package: int) -> Order:
    """Return the order that closes the whole of a row of `LOT`; `mid` in points."""
    return reducing_order(lot, -lot["contracts"], mid, reason, action, package)


@rule
def reducing_order(lot: Any, contracts: float, mid: float, reason: int, action: int, package: int) -> Order:
    """Return the order that trades `contracts` (signed against the lot) to reduce a row of `LOT`."""
    contract = lot_contract(lot)
    book, layer, group = lot["book"], lot["layer"], lot["group"]
    return make_order(book, layer, action, group, lot["id"], contract, contracts, mid, reason, package)


def empty_rows(kind: np.dtype[Any], n: int = 0) -> Rows:
    """Return `n` zeroed rows of `LOT`, `CONDOR` or `MARK`."""
    return np.zeros(n, dtype=kind)
