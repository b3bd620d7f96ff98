"""A row of `trades.parquet`, and the money columns of a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from alvh_bt.book.records import Order
from alvh_bt.pricing.quotes import Source


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
    source: int = Source.MODEL


@dataclass
class DayFlows:
    """What a session adds up to, USD; P&L is after costs. `marks` counts options by their mark's `Source`."""

    condor_pnl: float = 0.0
    hedge_pnl: float = 0.0
    costs: float = 0.0
    hedge_costs: float = 0.0
    interest: float = 0.0
    hedge_carry: float = 0.0
    condor_theta: float = 0.0
    marks: tuple[int, int, int] = (0, 0, 0)
