"""What a book holds between the steps of a day, and what a step takes down."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from alvh_bt.book.records import Order, Rows
from alvh_bt.compiled import rule


class _Flow(NamedTuple):
    """Where each of a day's sums stands in its array, USD; P&L is after costs."""

    CONDOR_PNL: int = 0
    HEDGE_PNL: int = 1
    COSTS: int = 2
    HEDGE_COSTS: int = 3
    INTEREST: int = 4
    HEDGE_CARRY: int = 5
    CONDOR_THETA: int = 6


class _Trouble(NamedTuple):
    """What can be wrong with a step."""

    NONE: int = 0
    MISSED: int = 1  # a lot expired on a day without a session
    NO_VALUE: int = 2  # no settlement value
    WING: int = 3  # a condor loses more than its widest wing
    LATE: int = 4  # held after its settlement
    NO_MARK: int = 5
    NO_LOT: int = 6  # an order reduces what is not held


Flow: Final = _Flow()
Trouble: Final = _Trouble()


class Trade(NamedTuple):
    """A fill or a settlement: the order it came from, and what was paid.

    `price` is in points, `contracts` signed, `fees_usd` >= 0, `spread_usd` the USD paid against the
    mid, `opened` whether it made a new lot `lot`, `source` what its mid stood on (a `Source`; of no meaning
    for futures, shares and settlements).
    """

    day: int
    order: Order
    lot: int
    opened: bool
    contracts: float
    price: float
    fees_usd: float
    spread_usd: float
    delta: float
    pnl_usd: float
    source: int


_NO_TRADE: Final = Trade(
    0, Order(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, 0, 0), 0, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0
)


class Held(NamedTuple):
    """What a book holds: lots, condors, money (USD), and the next ids."""

    lots: Rows
    condors: Rows
    cash: float
    nav: float
    next_lot: int
    next_group: int


class Step(NamedTuple):
    """A book after a step; where `trouble` is not NONE, `about` is the lot or condor, `amount` the USD."""

    held: Held
    trouble: int
    about: int
    amount: float


@rule
def no_flows() -> Any:
    """Return a day's sums before anything has happened."""
    return np.zeros(len(Flow))


@rule
def no_trades() -> list[Trade]:
    """Return an empty list that takes trades, in compiled rules too."""
    return [_NO_TRADE for _ in range(0)]
