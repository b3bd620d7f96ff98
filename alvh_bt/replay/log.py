"""What a compiled run takes down: figures a day, trades, decisions, and the book that rules saw."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alvh_bt.book.held import Flow, Held, Trade
from alvh_bt.book.ledger import BookSums
from alvh_bt.book.records import CONDOR, LOT, MARK, Action, Decision, Note, Order, Rows, nothing
from alvh_bt.compiled import rule
from alvh_bt.replay.steps import Unfilled

#: Columns of `Log.daily`, those of `engine.results.DAILY_COLUMNS`.
COLUMNS = 13


class Sent(NamedTuple):
    """An order as it was sent in a session; `part` 0 is the condor's decision, 1 the hedge's."""

    session: int
    part: int
    order: Order


class Noted(NamedTuple):
    """A note of a decision."""

    session: int
    part: int
    note: Note


class Seen(NamedTuple):
    """The book at each decision, the rows of all sessions one after another.

    Session i of the run (0 the first) has the lots and marks `lot_end[i - 1]` to `lot_end[i]` and the condors
    `condor_end[i - 1]` to `condor_end[i]`, as they stand once the condor's decision is known. `figures` is
    (n, 6): next group, NAV, cash, the condors' worst payoffs (USD >= 0) then and at the end of the session,
    and its fills.
    """

    lots: Rows
    marks: Rows
    condors: Rows
    lot_end: NDArray[np.int64]
    condor_end: NDArray[np.int64]
    figures: NDArray[np.float64]


class Ending(NamedTuple):
    """How a run ended: `trouble` (0: none) came up in session `done` of the run, which is not in its figures.

    `about` is a row of `lots`, those held then; `amount` USD.
    """

    done: int
    trouble: int
    about: int
    amount: float
    lots: Rows


class Log(NamedTuple):
    """A run: `daily` (sessions, 13), trades and decisions in order, what was seen, and how it ended."""

    daily: NDArray[np.float64]
    trades: list[Trade]
    sent: list[Sent]
    noted: list[Noted]
    unfilled: list[Unfilled]
    seen: Seen
    end: Ending


_NO_ORDER = Order(0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0.0, 0.0, 0, 0)
_NO_NOTE = Note(0, 0, 0, 0, math.nan, math.nan, math.nan, math.nan)


@rule
def no_sent() -> list[Sent]:
    """Return an empty list of what was sent."""
    return [Sent(0, 0, _NO_ORDER) for _ in range(0)]


@rule
def no_noted() -> list[Noted]:
    """Return an empty list of notes."""
    return [Noted(0, 0, _NO_NOTE) for _ in range(0)]


@rule
def nothing_seen(n: int) -> Seen:
    """Return an empty record of what is seen in `n` sessions."""
    return Seen(
        np.empty(256, dtype=LOT),
        np.empty(256, dtype=MARK),
        np.empty(64, dtype=CONDOR),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros((n, 6)),
    )


@rule
def with_seen(seen: Seen, k: int, held: Held, marks: Rows, worst: float) -> Seen:
    """Return the record with the book at the decision of session `k`; `worst` as in its `figures`."""
    lots, condors = (seen.lot_end[k - 1], seen.condor_end[k - 1]) if k > 0 else (0, 0)
    seen.lot_end[k] = lots + held.lots.shape[0]
    seen.condor_end[k] = condors + held.condors.shape[0]
    row = seen.figures[k]
    row[0], row[1], row[2] = held.next_group, held.nav, held.cash
    row[3] = row[4] = worst
    return Seen(
        grown(seen.lots, lots, held.lots),
        grown(seen.marks, lots, marks),
        grown(seen.condors, condors, held.condors),
        seen.lot_end,
        seen.condor_end,
        seen.figures,
    )


@rule
def keep_trades(every: list[Trade], trades: list[Trade]) -> None:
    """Add a session's trades to all of them."""
    for trade in trades:
        every.append(trade)


@rule
def fills_among(trades: list[Trade]) -> int:
    """Return how many of the trades opened, closed or rolled."""
    count = 0
    for trade in trades:
        count += trade.order.action != Action.SETTLE
    return count


@rule
def all_orders(condor: Decision, hedge: Decision) -> list[Order]:
    """Return the orders of both decisions."""
    orders = nothing().orders
    for order in condor.orders:
        orders.append(order)
    for order in hedge.orders:
        orders.append(order)
    return orders


@rule
def grown(rows: Any, used: int, more: Any) -> Any:
    """Return `rows` with `more` put after the first `used`, twice as long where they do not fit."""
    need = used + more.shape[0]
    if need > rows.shape[0]:
        longer = np.empty(2 * need, dtype=rows.dtype)
        longer[:used] = rows[:used]
        rows = longer
    rows[used:need] = more
    return rows


@rule
def take_down(row: Any, held: Held, flows: Any, sums: BookSums, margin: float, drawdown: float) -> None:
    """Write a session's figures into its row of `Log.daily`."""
    row[0], row[1] = held.nav, held.cash
    row[2], row[3] = flows[Flow.CONDOR_PNL], flows[Flow.HEDGE_PNL]
    row[4], row[5] = flows[Flow.COSTS], flows[Flow.INTEREST]
    row[6], row[7] = flows[Flow.HEDGE_CARRY], flows[Flow.CONDOR_THETA]
    row[8], row[9], row[10] = sums.delta, sums.vega, margin
    row[11], row[12] = drawdown, flows[Flow.HEDGE_COSTS]


@rule
def keep_decision(sent: Any, noted: Any, decision: Decision, i: int, part: int) -> None:
    """Add a decision to the lists of what was sent and noted in session `i`."""
    for order in decision.orders:
        sent.append(Sent(i, part, order))
    for note in decision.notes:
        noted.append(Noted(i, part, note))
