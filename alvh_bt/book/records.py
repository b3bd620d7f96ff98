"""Records that rules read and write: lots, condors, orders, notes and their codes.

Lots and condors, over which compiled rules loop, are structured arrays; orders and notes, which are
few, are `NamedTuple`s.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.compiled import rule
from alvh_bt.contracts import Contract, make_contract

Rows = NDArray[Any]  # a structured array of LOT, CONDOR or MARK rows


class _Book(NamedTuple):
    """Whose position it is."""

    CONDOR: int = 0
    HEDGE: int = 1


Book: Final = _Book()


class _Layer(NamedTuple):
    """A leg of the condor, or a layer of the hedge."""

    LONG_PUT: int = 0
    SHORT_PUT: int = 1
    SHORT_CALL: int = 2
    LONG_CALL: int = 3
    STATIC: int = 4
    ONE: int = 5
    TWO: int = 6
    THREE: int = 7


Layer: Final = _Layer()


class _Action(NamedTuple):
    """What a trade does; a roll is a close and an open that share a package."""

    OPEN: int = 0
    CLOSE: int = 1
    ROLL: int = 2
    SETTLE: int = 3


Action: Final = _Action()


class _Status(NamedTuple):
    """Where a condor stands when hedges are asked."""

    PLANNED: int = 0  # its entry is ordered, not yet filled
    OPEN: int = 1
    CLOSING: int = 2  # its exit is ordered, not yet filled


Status: Final = _Status()


class _Reason(NamedTuple):
    """Why a decision was taken; the text is in `REASON_TEXT`."""

    ENTRY: int = 0
    TAKE_PROFIT: int = 1
    STOP_LOSS: int = 2
    TIME_EXIT: int = 3
    ROLL_PUT: int = 4
    ROLL_CALL: int = 5
    NO_EXPIRY: int = 6
    NO_STRIKES: int = 7
    NO_CREDIT: int = 8
    SETTLEMENT: int = 9
    PROXY_SETTLEMENT: int = 10
    MARGIN_CUT: int = 11
    CONDOR_OPENED: int = 12
    CONDOR_CLOSED: int = 13
    SHORT_DELTA: int = 14
    IV_EXPANSION: int = 15
    BREAK_EVEN_AND_FLOW: int = 16
    RELAXED: int = 17
    MONETISED: int = 18
    ROLL_FORWARD: int = 19
    NOT_LISTED: int = 20
    UNAVAILABLE: int = 21
    NO_PRICE: int = 22
    MANUAL: int = 23
    TOO_SMALL: int = 24


Reason: Final = _Reason()


REASON_TEXT: Final = (
    "entry by schedule",
    "take profit",
    "stop loss",
    "time exit",
    "roll of the tested put spread",
    "roll of the tested call spread",
    "no entry: no listed expiry near the target",
    "no entry: no listed strikes fit",
    "no entry: no credit left after costs",
    "settlement",
    "settlement at a proxy of the official value",
    "cut to meet margin",
    "condor opened",
    "condor closed",
    "short strike delta at the trigger",
    "implied volatility expanded since entry",
    "close beyond the put break-even with a spike in flow",
    "trigger relaxed",
    "layer monetised",
    "rolled forward along the curve",
    "hedge contract not listed on this day",
    "flow signal unavailable: neutral",
    "no price for every leg: package not filled",
    "ordered by the strategy",
    "the size rounds to no whole contract",
)

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
    """A decision not to trade, worth a line in the journal."""

    book: int
    layer: int
    group: int
    reason: int


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
    return Note(int(book), int(layer), int(group), int(reason))


_NO_ORDER: Final = Order(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, 0, 0)
_NO_NOTE: Final = Note(0, 0, 0, 0)


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
    contract = lot_contract(lot)
    return make_order(
        lot["book"],
        lot["layer"],
        action,
        lot["group"],
        lot["id"],
        contract,
        -lot["contracts"],
        mid,
        reason,
        package,
    )


def empty_rows(kind: np.dtype[Any], n: int = 0) -> Rows:
    """Return `n` zeroed rows of `LOT`, `CONDOR` or `MARK`."""
    return np.zeros(n, dtype=kind)
